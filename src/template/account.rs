//! What `aws iam get-account-authorization-details` prints: the policies in force of an account, and whose they are.
//!
//! They are copies that AWS printed, never the source. A document may be URL-encoded.

use std::collections::BTreeMap;

use super::intrinsic::{At, Values};
use super::reader::{Reader, Standing};
use super::{Attachment, DocumentKind, IdentityName, Link, PRINTED_BY_AWS, Step};
use crate::policy::SkipReason;
use crate::policy::arn::{IdentityArn, IdentityKind};
use crate::syntax::{Node, Value};

/// The key of a list of identities, of an identity's name, and of its inline policies.
const LISTS: [(&str, &str, &str, IdentityKind); 3] = [
    ("UserDetailList", "UserName", "UserPolicyList", IdentityKind::User),
    ("GroupDetailList", "GroupName", "GroupPolicyList", IdentityKind::Group),
    ("RoleDetailList", "RoleName", "RolePolicyList", IdentityKind::Role),
];

/// To whom the managed policies are attached, by ARN.
type Attached = BTreeMap<String, Vec<Attachment>>;

/// Whether the file holds such details.
pub(super) fn are_details(root: &Node<'_>) -> bool {
    LISTS.iter().any(|(list, ..)| root.get(list).and_then(Node::list).is_some())
}

/// Reads the inline policies of each identity, then the managed policies.
pub(super) fn read(reader: &mut Reader<'_>, root: &At<'_, '_>) {
    let mut attached = Attached::new();
    for (list, name_key, policies, kind) in LISTS {
        for identity in items(root, list) {
            let text = |key: &str| identity.node.get(key).and_then(Node::text).unwrap_or_default();
            let arn = IdentityArn::parse(text("Arn")).map(IdentityName::Arn);
            let name = arn.unwrap_or_else(|| IdentityName::Exact(text(name_key).to_owned()));
            let owner = Attachment { kind, name, link: Link::Name };
            for managed in items(&identity, "AttachedManagedPolicies") {
                if let Some(arn) = managed.node.get("PolicyArn").and_then(Node::text) {
                    attached.entry(arn.to_owned()).or_default().push(owner.clone());
                }
            }
            for policy in items(&identity, policies) {
                take(reader, &policy, "PolicyDocument", DocumentKind::Inline, vec![owner.clone()]);
            }
        }
    }
    for policy in items(root, "Policies") {
        managed(reader, &policy, &attached);
    }
}

/// The version in force of a managed policy.
fn managed(reader: &mut Reader<'_>, policy: &At<'_, '_>, attached: &Attached) {
    let arn = policy.node.get("Arn").and_then(Node::text).unwrap_or_default();
    let owners = attached.get(arn).cloned().unwrap_or_default();
    let boundaries = policy.node.get("PermissionsBoundaryUsageCount").is_some_and(|count| !is(count, reader, "0"));
    for version in items(policy, "PolicyVersionList") {
        if !version.node.get("IsDefaultVersion").is_some_and(|default| is(default, reader, "true")) {
            continue;
        }
        if boundaries {
            reader.skip(version.node.span, SkipReason::Boundary);
        } else {
            take(reader, &version, "Document", DocumentKind::Managed, owners.clone());
        }
    }
}

/// Whether a value is written as these characters.
fn is(node: &Node<'_>, reader: &Reader<'_>, written: &str) -> bool {
    node.span.of(reader.file) == written
}

fn take(reader: &mut Reader<'_>, at: &At<'_, '_>, key: &str, kind: DocumentKind, owners: Vec<Attachment>) {
    let Some(document) = at.node.get(key) else { return };
    let standing = Standing { read_only: Some(PRINTED_BY_AWS), ..Standing::new(kind, owners) };
    reader.take_property(&at.to(document, Step::Key(key.to_owned())), &Values::default(), &standing);
}

/// The tables of a list under a key.
fn items<'n, 's>(at: &At<'n, 's>, key: &str) -> Vec<At<'n, 's>> {
    let Some(node) = at.node.get(key) else { return Vec::new() };
    let list = at.to(node, Step::Key(key.to_owned()));
    let items = node.list().unwrap_or_default().iter().enumerate();
    items
        .filter(|(_, item)| matches!(item.value, Value::Table(_)))
        .map(|(index, item)| list.to(item, Step::Item(index)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::read_file;
    use super::*;

    #[test]
    fn the_policies_of_an_account_are_read_with_their_owners_and_never_written() {
        let text = include_str!("../../tests/fixtures/findings/get-account-authorization-details.json");
        let reading = read_file("account.json", text);
        let shown: Vec<String> = reading
            .documents
            .iter()
            .map(|document| {
                let name = |owner: &Attachment| match &owner.name {
                    IdentityName::Arn(arn) => arn.to_string(),
                    other => format!("{other:?}"),
                };
                let owners: Vec<_> = document.attachments.iter().map(name).collect();
                let actions = document.policy.statements.first().map_or(0, |statement| statement.actions.entries.len());
                assert!(document.read_only.is_some());
                format!("{} {} {actions} {}", document.kind.word(), document.address(), owners.join(","))
            })
            .collect();
        let expected = [
            "inline GroupDetailList/0/GroupPolicyList/0/PolicyDocument 2 arn:aws:iam::123456789012:group/ops",
            "inline RoleDetailList/0/RolePolicyList/0/PolicyDocument 2 arn:aws:iam::123456789012:role/app",
            "inline RoleDetailList/0/RolePolicyList/1/PolicyDocument 2 arn:aws:iam::123456789012:role/app",
            "managed Policies/0/PolicyVersionList/0/Document 2 arn:aws:iam::123456789012:role/app",
        ];
        assert_eq!(shown, expected);
        assert_eq!(reading.problems, []);
        assert_eq!(reading.skipped.iter().map(|skipped| skipped.reason).collect::<Vec<_>>(), [SkipReason::Boundary]);
    }
}
