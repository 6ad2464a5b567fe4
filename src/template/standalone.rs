//! Policy documents in JSON files of any name: at the root, under any key, or as text in a string.
//!
//! Content decides, never the file's name. Documents that AWS printed are read but never written.

use super::attached;
use super::intrinsic::{At, Values};
use super::reader::{Reader, Standing};
use super::{Attachment, DocumentKind, IdentityName, Link, PRINTED_BY_AWS, Step};
use crate::policy::arn::IdentityKind;
use crate::policy::{self, SkipReason};
use crate::syntax::{Node, Value, json};

/// How many texts may stand inside one another.
const MAX_INNER_TEXTS: usize = 4;

/// Reads the policies of a file, or of one of its documents; `read_only` is why none of them is written, if so.
pub(super) fn read(reader: &mut Reader<'_>, root: &At<'_, '_>, read_only: Option<&'static str>) {
    let speaks_by_name = attached::may_speak_by_name(root.node.span.of(reader.file));
    Search { reader, path: root.path.clone(), read_only, speaks_by_name }.visit(root.node, None);
}

/// Files whose policies are not where they are written.
pub(super) fn whole_file_reason(root: &Node<'_>) -> Option<SkipReason> {
    let is_plan = root.get("format_version").is_some() && root.get("terraform_version").is_some();
    let is_state = root.get("lineage").is_some() && root.get("serial").is_some();
    if is_plan || is_state {
        return Some(SkipReason::PlanOrState);
    }
    let version = root.get("version").and_then(Node::text);
    let is_tree = root.get("tree").is_some() && version.is_some_and(|version| version.starts_with("tree-"));
    is_tree.then_some(SkipReason::CdkFile)
}

/// The search through one text of a file.
struct Search<'r, 'f> {
    reader: &'r mut Reader<'f>,
    path: Vec<Step>,
    read_only: Option<&'static str>,
    /// Whether managed policies may be named in it.
    speaks_by_name: bool,
}

impl Search<'_, '_> {
    /// Depth is bounded by the parser's limit on nesting.
    fn visit(&mut self, node: &Node<'_>, parent: Option<&Node<'_>>) {
        match &node.value {
            Value::Text(text) => self.visit_text(text, node, parent),
            Value::List(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.step(Step::Item(index), |search| search.visit(item, None));
                }
            }
            Value::Call(_, arguments) => arguments.iter().for_each(|argument| self.visit(argument, parent)),
            Value::Table(entries) => {
                if self.takes(node, parent) {
                    return;
                }
                for entry in entries.iter().filter(|entry| !is_not_ours(&entry.key)) {
                    let is_attached = self.speaks_by_name && attached::is_key(&entry.key);
                    if is_attached {
                        self.reader.mention(attached::names(&entry.key, &entry.value));
                    }
                    // What is below is read already.
                    self.speaks_by_name &= !is_attached;
                    self.step(Step::Key(entry.key.to_string()), |search| search.visit(&entry.value, Some(node)));
                    self.speaks_by_name |= is_attached;
                }
            }
            _ => {}
        }
    }

    fn step(&mut self, step: Step, visit: impl FnOnce(&mut Self)) {
        self.path.push(step);
        visit(self);
        self.path.pop();
    }

    /// Takes a table that is a policy of any kind; nothing inside one is another.
    fn takes(&mut self, node: &Node<'_>, parent: Option<&Node<'_>>) -> bool {
        if node.get("Statement").is_none() {
            return false;
        }
        let attachments: Vec<Attachment> = parent.and_then(owner).into_iter().collect();
        let kind = if attachments.is_empty() { DocumentKind::Standalone } else { DocumentKind::Inline };
        let printed = printed_by_aws(&self.path, parent);
        let standing = Standing {
            read_only: self.read_only.or(printed.then_some(PRINTED_BY_AWS)),
            ..Standing::new(kind, attachments)
        };
        self.reader.take(policy::read(&Values::default().lower(node)), node.span, &self.path, &standing)
    }

    /// A string may hold a policy as text. One that does not parse is some other text, and none of ours.
    fn visit_text(&mut self, text: &str, node: &Node<'_>, parent: Option<&Node<'_>>) {
        if self.speaks_by_name {
            self.reader.mention(attached::names_in_task(text));
        }
        let depth = self.path.iter().filter(|step| **step == Step::Inner).count();
        if !text.contains("Statement") || !json::looks_like_json(text) || depth >= MAX_INNER_TEXTS {
            return;
        }
        let mut path = self.path.clone();
        path.push(Step::Inner);
        let (read_only, speaks_by_name) = (self.read_only, self.speaks_by_name);
        let search = |reader: &mut Reader<'_>, root: &Node<'_>| {
            Search { reader, path, read_only, speaks_by_name }.visit(root, parent);
        };
        let _ = self.reader.open(node, search);
    }
}

/// Keys whose value is a policy of another kind, or one that AWS recommends.
fn is_not_ours(key: &str) -> bool {
    ["AssumeRolePolicyDocument", "recommendedPolicy", "RecommendedPolicy", "SessionPolicy", "PermissionsBoundary"]
        .contains(&key)
}

/// Keys of `get-account-authorization-details` and `get-generated-policy` below which all policies are printed ones.
const PRINTED: [&str; 5] =
    ["RolePolicyList", "UserPolicyList", "GroupPolicyList", "PolicyVersionList", "generatedPolicies"];

/// `get-policy-version` and `get-role-policy` print decoded documents; the input of `put-role-policy` is a string.
fn printed_by_aws(path: &[Step], parent: Option<&Node<'_>>) -> bool {
    let has = |key: &str| parent.is_some_and(|table| table.get(key).is_some());
    let is_below = |above: &str| path.iter().any(|step| matches!(step, Step::Key(key) if key == above));
    if PRINTED.iter().any(|key| is_below(key)) {
        return true;
    }
    let last = path.iter().rev().find(|step| **step != Step::Inner);
    let is_last = |name: &str| matches!(last, Some(Step::Key(key)) if key == name);
    if is_last("Document") && (is_below("PolicyVersion") || has("VersionId")) {
        return true;
    }
    let is_decoded = path.last() != Some(&Step::Inner);
    is_decoded && is_last("PolicyDocument") && has("PolicyName") && parent.and_then(owner).is_some()
}

/// The identity that stands beside a policy: `RoleName`, `UserName` or `GroupName`.
fn owner(table: &Node<'_>) -> Option<Attachment> {
    let kinds =
        [("RoleName", IdentityKind::Role), ("UserName", IdentityKind::User), ("GroupName", IdentityKind::Group)];
    kinds.into_iter().find_map(|(key, kind)| {
        let name = IdentityName::Exact(table.get(key)?.text()?.to_owned());
        Some(Attachment { kind, name, link: Link::Name })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Span;
    use crate::template::{Document, FileReading, read_file};

    fn read(path: &str, text: &str) -> FileReading {
        read_file(&format!("{path}.json"), text)
    }

    const POLICY: &str = r#"{"Statement":{"Effect":"Allow","Action":"s3:Get*","Resource":"*"}}"#;

    fn addresses(text: &str) -> Vec<String> {
        read("policy", text).documents.iter().map(Document::address).collect()
    }

    #[test]
    fn a_policy_is_found_wherever_it_stands() {
        let escaped = json::quote(POLICY);
        let cases = [
            (POLICY.to_owned(), vec![""]),
            (format!("[{POLICY},{POLICY}]"), vec!["0", "1"]),
            (format!(r#"{{"PolicyVersion":{{"Document":{POLICY}}}}}"#), vec!["PolicyVersion/Document"]),
            (format!(r#"{{"PolicyDocument":{escaped}}}"#), vec!["PolicyDocument"]),
            (format!(r#"{{"a":{{"b":{}}}}}"#, json::quote(&format!(r#"{{"c":{escaped}}}"#))), vec!["a/b/c"]),
            (format!(r#"{{"AssumeRolePolicyDocument":{POLICY}}}"#), vec![]),
            (format!(r#"{{"recommendedPolicy":{escaped}}}"#), vec![]),
        ];
        for (text, expected) in cases {
            assert_eq!(addresses(&text), expected, "{text}");
        }
    }

    #[test]
    fn what_only_looks_like_an_identity_policy_is_not_refined() {
        let cases: [(&str, Option<SkipReason>); 8] = [
            (
                r#"{"Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"Service":"ec2.amazonaws.com"}}]}"#,
                Some(SkipReason::TrustPolicy),
            ),
            (
                r#"{"Statement":[{"Effect":"Allow","Action":"s3:*","Principal":"*","Resource":"*"}]}"#,
                Some(SkipReason::ResourcePolicy),
            ),
            (r#"{"Statement":[{"Effect":"Allow","Action":"s3:*"}]}"#, Some(SkipReason::NoResource)),
            (r#"{"Statement":{"ByteMatchStatement":{}},"Action":{"Block":{}}}"#, None),
            (r#"{"Statement":[{"Effect":"allow","Action":"s3:*","Resource":"*"}]}"#, None),
            (r#"{"Statement":[{"Effect":"Allow","Action":{"a":1},"Resource":"*"}]}"#, None),
            (r#"{"version":"tree-0.1","tree":{}}"#, Some(SkipReason::CdkFile)),
            (r#"{"format_version":"1.2","terraform_version":"1.9.0"}"#, Some(SkipReason::PlanOrState)),
        ];
        for (text, expected) in cases {
            let reading = read("policy.json", text);
            assert!(reading.documents.is_empty() && reading.problems.is_empty(), "{text}");
            assert_eq!(reading.skipped.first().map(|skipped| skipped.reason), expected, "{text}");
        }
    }

    #[test]
    fn a_document_says_whose_it_is_and_whether_aws_printed_it() {
        let escaped = json::quote(POLICY);
        let printed = read("x", &format!(r#"{{"RoleName":"app","PolicyName":"p","PolicyDocument":{POLICY}}}"#));
        let input = read("x", &format!(r#"{{"RoleName":"app","PolicyName":"p","PolicyDocument":{escaped}}}"#));
        let name = IdentityName::Exact("app".into());
        let owner = vec![Attachment { kind: IdentityKind::Role, name, link: Link::Name }];
        assert_eq!((&printed.documents[0].attachments, printed.documents[0].read_only.is_some()), (&owner, true));
        assert_eq!((&input.documents[0].attachments, input.documents[0].read_only.is_some()), (&owner, false));
    }

    #[test]
    fn what_aws_prints_is_read_only_whatever_command_printed_it() {
        let escaped = json::quote(POLICY);
        let printed = [
            format!(r#"{{"PolicyVersion":{{"Document":{POLICY},"VersionId":"v1"}}}}"#),
            format!(r#"{{"PolicyVersion":{{"Document":{escaped}}}}}"#),
            format!(r#"{{"Document":{POLICY},"VersionId":"v1","IsDefaultVersion":true}}"#),
            format!(r#"{{"Versions":[{{"VersionId":"v1","Document":{POLICY}}}]}}"#),
            format!(r#"{{"Policies":[{{"PolicyVersionList":[{{"Document":{POLICY}}}]}}]}}"#),
            format!(r#"{{"RoleDetailList":[{{"RolePolicyList":[{{"PolicyName":"p","PolicyDocument":{POLICY}}}]}}]}}"#),
            format!(r#"[{{"UserPolicyList":[{{"PolicyName":"p","PolicyDocument":{POLICY}}}]}}]"#),
            format!(r#"{{"GroupDetailList":[{{"GroupPolicyList":[{{"PolicyDocument":{POLICY}}}]}}]}}"#),
            format!(r#"{{"generatedPolicyResult":{{"generatedPolicies":[{{"policy":{escaped}}}]}}}}"#),
        ];
        for text in printed {
            let documents = read("x", &text).documents;
            assert_eq!((documents.len(), documents[0].read_only.is_some()), (1, true), "{text}");
        }
        for text in
            [format!(r#"{{"PolicyName":"p","PolicyDocument":{escaped}}}"#), format!(r#"{{"Document":{POLICY}}}"#)]
        {
            assert_eq!(read("x", &text).documents[0].read_only, None, "{text}");
        }
    }

    #[test]
    fn a_policy_that_the_cdk_writes_is_read_only() {
        for (path, is_read_only) in
            [("cdk.out/asset/policy", true), ("policies/cdk.out/p", true), ("cdk.output/p", false)]
        {
            assert_eq!(read(path, POLICY).documents[0].read_only.is_some(), is_read_only, "{path}");
        }
    }

    #[test]
    fn a_repeated_key_in_a_policy_is_a_problem() {
        let reading =
            read("x", r#"{"Statement":{"Effect":"Allow","Action":"s3:Get*","Action":"s3:Put*","Resource":"*"}}"#);
        assert_eq!(reading.problems[0].span, Span::new(50, 58));
    }
}
