//! A plan or a state of Terraform → the names that its roles, users and groups really have, and its policies as copies.
//!
//! Reads what `terraform show -json` prints of either, and the state file itself.

use std::collections::BTreeMap;

use super::intrinsic::{At, Values};
use super::link::identity_kind;
use super::reader::{Reader, Standing};
use super::{Attachment, DocumentKind, IdentityName, Link, Step};
use crate::policy::SkipReason;
use crate::policy::arn::IdentityKind;
use crate::syntax::{Node, Value};

/// The names by the addresses of resources, without indexes: `module.app.aws_iam_role.this`. `None` where one of the
/// instances has a name that is not known yet.
pub type RealNames = BTreeMap<String, Option<Vec<String>>>;

/// The resources whose policy belongs to one identity, with the attribute that names it.
const INLINE: [(&str, &str, IdentityKind); 3] = [
    ("aws_iam_role_policy", "role", IdentityKind::Role),
    ("aws_iam_user_policy", "user", IdentityKind::User),
    ("aws_iam_group_policy", "group", IdentityKind::Group),
];

/// The resources that attach a managed policy, with the attributes that name whom to.
const ATTACHING: [(&str, &[(&str, IdentityKind)]); 4] = [
    ("aws_iam_role_policy_attachment", &[("role", IdentityKind::Role)]),
    ("aws_iam_user_policy_attachment", &[("user", IdentityKind::User)]),
    ("aws_iam_group_policy_attachment", &[("group", IdentityKind::Group)]),
    (
        "aws_iam_policy_attachment",
        &[("roles", IdentityKind::Role), ("users", IdentityKind::User), ("groups", IdentityKind::Group)],
    ),
];

/// A resource, or an instance of one.
struct Resource<'n, 's> {
    kind: &'n str,
    /// Without indexes.
    address: String,
    values: At<'n, 's>,
}

/// The names that a plan or a state knows.
pub(super) fn names(root: &At<'_, '_>) -> RealNames {
    let mut names = RealNames::new();
    for resource in resources(root) {
        let Some((_, key)) = identity_kind(resource.kind) else { continue };
        let known = names.entry(resource.address).or_insert_with(|| Some(Vec::new()));
        match (text(resource.values.node, key), known.as_mut()) {
            (Some(name), Some(all)) => all.push(name.to_owned()),
            _ => *known = None,
        }
    }
    names
}

/// The policies of a plan or a state, which are never written.
pub(super) fn read(reader: &mut Reader<'_>, root: &At<'_, '_>) {
    let resources = resources(root);
    for resource in &resources {
        let values = &resource.values;
        let named = |key, kind| attachments(values.node, &[(key, kind)]);
        if let Some((_, key, kind)) = INLINE.iter().find(|(inline, ..)| *inline == resource.kind) {
            take(reader, values, DocumentKind::Inline, named(key, *kind));
        } else if resource.kind == "aws_iam_policy" {
            read_managed(reader, values, &resources);
        } else if resource.kind == "aws_iam_role" {
            for policy in values.get("inline_policy").iter().flat_map(|list| items(list)) {
                take(reader, &policy, DocumentKind::Inline, named("name", IdentityKind::Role));
            }
        }
    }
}

/// A policy whose ARN is not known yet is attached nobody knows where.
fn read_managed(reader: &mut Reader<'_>, values: &At<'_, '_>, resources: &[Resource<'_, '_>]) {
    let arn = text(values.node, "arn");
    let is_it = |resource: &Resource<'_, '_>, key| arn.is_some() && text(resource.values.node, key) == arn;
    if resources.iter().any(|resource| is_it(resource, "permissions_boundary")) {
        return reader.skip(values.node.span, SkipReason::Boundary);
    }
    let attached = resources.iter().filter(|resource| is_it(resource, "policy_arn")).flat_map(|resource| {
        let attaching = ATTACHING.iter().find(|(kind, _)| *kind == resource.kind);
        attaching.map_or_else(Vec::new, |(_, keys)| attachments(resource.values.node, keys))
    });
    take(reader, values, DocumentKind::Managed, attached.collect());
}

/// The identities that attributes name, a string or a list of them each.
fn attachments(values: &Node<'_>, keys: &[(&str, IdentityKind)]) -> Vec<Attachment> {
    let of_key = |(key, kind): &(&str, IdentityKind)| {
        let kind = *kind;
        let one = |node: &Node<'_>| {
            let name = node.text().map_or(IdentityName::Unknown, |name| IdentityName::Exact(name.to_owned()));
            Attachment { kind, name, link: Link::Name }
        };
        match values.get(key).map(|node| (node, node.list())) {
            Some((_, Some(items))) => items.iter().map(one).collect(),
            Some((node, None)) => vec![one(node)],
            None => vec![Attachment { kind, name: IdentityName::Unknown, link: Link::Name }],
        }
    };
    keys.iter().flat_map(of_key).collect()
}

fn take(reader: &mut Reader<'_>, at: &At<'_, '_>, kind: DocumentKind, owners: Vec<Attachment>) {
    let Some(policy) = at.get("policy").filter(|policy| policy.node.text().is_some()) else { return };
    let standing = Standing {
        read_only: Some("a plan or a state is a copy of what the modules say"),
        ..Standing::new(kind, owners)
    };
    reader.take_property(&policy, &Values::default(), &standing);
}

/// The resources that are managed, of a plan or a state in the form that is shown, else of a state as it is kept.
fn resources<'n, 's>(root: &At<'n, 's>) -> Vec<Resource<'n, 's>> {
    let mut found = Vec::new();
    let values = root.get("planned_values").or_else(|| root.get("values"));
    if let Some(module) = values.and_then(|values| values.get("root_module")) {
        of_module(&module, &mut found);
    }
    for resource in root.get("resources").iter().flat_map(|list| items(list)) {
        of_state(&resource, &mut found);
    }
    found
}

/// Depth is bounded by the parser's limit on nesting.
fn of_module<'n, 's>(module: &At<'n, 's>, found: &mut Vec<Resource<'n, 's>>) {
    for resource in module.get("resources").iter().flat_map(|list| items(list)) {
        let said = |key| text(resource.node, key);
        if let (Some("managed"), Some(kind), Some(address), Some(values)) =
            (said("mode"), said("type"), said("address"), resource.get("values"))
        {
            found.push(Resource { kind, address: without_indexes(address), values });
        }
    }
    for child in module.get("child_modules").iter().flat_map(|list| items(list)) {
        of_module(&child, found);
    }
}

/// A resource of a state file, which has an instance per index.
fn of_state<'n, 's>(resource: &At<'n, 's>, found: &mut Vec<Resource<'n, 's>>) {
    let said = |key| text(resource.node, key);
    let (Some("managed"), Some(kind), Some(name)) = (said("mode"), said("type"), said("name")) else { return };
    let module = said("module").map_or_else(String::new, |module| format!("{module}."));
    for instance in resource.get("instances").iter().flat_map(|list| items(list)) {
        if let Some(values) = instance.get("attributes") {
            found.push(Resource { kind, address: without_indexes(&format!("{module}{kind}.{name}")), values });
        }
    }
}

/// The tables of a list.
fn items<'n, 's>(list: &At<'n, 's>) -> Vec<At<'n, 's>> {
    let items = list.node.list().unwrap_or_default().iter().enumerate();
    items.map(|(index, item)| list.to(item, Step::Item(index))).collect()
}

fn text<'n>(node: &'n Node<'_>, key: &str) -> Option<&'n str> {
    match &node.get(key)?.value {
        Value::Text(text) => Some(text),
        _ => None,
    }
}

/// `module.app["a"].aws_iam_role.this[0]` without what is in brackets.
fn without_indexes(address: &str) -> String {
    let (mut plain, mut is_inside, mut is_quoted) = (String::new(), false, false);
    for c in address.chars() {
        match c {
            '"' if is_inside => is_quoted = !is_quoted,
            '[' if !is_quoted => is_inside = true,
            ']' if !is_quoted => is_inside = false,
            _ if is_inside => {}
            c => plain.push(c),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::super::read_file;
    use super::*;
    use crate::syntax::json;

    #[test]
    fn names_are_read_from_plans_and_states() {
        let show = r#"{"format_version":"1.2","terraform_version":"1.9.0","planned_values":{"root_module":{
            "resources":[
                {"address":"aws_iam_role.a[\"x.y\"]","mode":"managed","type":"aws_iam_role","values":{"name":"a1"}},
                {"address":"aws_iam_role.a[\"z]\"]","mode":"managed","type":"aws_iam_role","values":{"name":"a2"}},
                {"address":"aws_iam_role.b","mode":"managed","type":"aws_iam_role","values":{}},
                {"address":"data.aws_iam_role.c","mode":"data","type":"aws_iam_role","values":{"name":"c"}}],
            "child_modules":[{"address":"module.m[0]","resources":[
                {"address":"module.m[0].aws_iam_user.u","mode":"managed","type":"aws_iam_user","values":{"name":"u"}}]}]}}}"#;
        let state = r#"{"version":4,"serial":1,"lineage":"x","resources":[
            {"module":"module.m[0]","mode":"managed","type":"aws_iam_user","name":"u","instances":[{"attributes":{"name":"u"}}]},
            {"mode":"managed","type":"aws_iam_role","name":"b","instances":[{"attributes":{"name":null}}]},
            {"mode":"managed","type":"aws_iam_role","name":"a","instances":[
                {"index_key":"x","attributes":{"name":"a1"}},{"index_key":"y","attributes":{"name":"a2"}}]}]}"#;
        for text in [show, state] {
            let root = json::parse(text).unwrap().unwrap();
            let found = names(&At { node: &root, path: Vec::new() });
            let expected = [
                ("aws_iam_role.a".to_owned(), Some(vec!["a1".to_owned(), "a2".to_owned()])),
                ("aws_iam_role.b".to_owned(), None),
                ("module.m.aws_iam_user.u".to_owned(), Some(vec!["u".to_owned()])),
            ];
            assert_eq!(found, RealNames::from(expected));
        }
    }

    #[test]
    fn the_policies_of_a_plan_are_copies_with_their_owners() {
        let policy = r#"{\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"s3:*\",\"Resource\":\"*\"}]}"#;
        let resource = |kind: &str, values: &str| {
            format!(r#"{{"address":"{kind}.x","mode":"managed","type":"{kind}","values":{{{values}}}}}"#)
        };
        let with_policy = |rest: &str| format!(r#""policy":"{policy}",{rest}"#);
        let resources = [
            resource("aws_iam_role_policy", &with_policy(r#""role":"app""#)),
            resource("aws_iam_role_policy", &with_policy(r#""name":"p""#)),
            resource("aws_iam_policy", &with_policy(r#""arn":"arn:aws:iam::123456789012:policy/a""#)),
            resource("aws_iam_policy", &with_policy(r#""arn":"arn:aws:iam::123456789012:policy/b""#)),
            resource("aws_iam_role", r#""name":"x","permissions_boundary":"arn:aws:iam::123456789012:policy/b""#),
            resource(
                "aws_iam_user_policy_attachment",
                r#""user":"ann","policy_arn":"arn:aws:iam::123456789012:policy/a""#,
            ),
            resource("aws_iam_role", &format!(r#""name":"y","inline_policy":[{{"name":"z","policy":"{policy}"}}]"#)),
            resource("aws_s3_bucket_policy", &with_policy(r#""bucket":"b""#)),
        ];
        let text = format!(
            r#"{{"format_version":"1.2","terraform_version":"1.9.0","planned_values":{{"root_module":{{"resources":[{}]}}}}}}"#,
            resources.join(",")
        );
        let reading = read_file("plan.json", &text);
        let shown: Vec<String> = reading
            .copies
            .iter()
            .map(|document| {
                assert!(document.read_only.is_some());
                format!("{} {:?}", document.kind.word(), document.attachments.first().map(|owner| &owner.name))
            })
            .collect();
        let expected = [
            r#"inline Some(Exact("app"))"#,
            "inline Some(Unknown)",
            r#"managed Some(Exact("ann"))"#,
            r#"inline Some(Exact("y"))"#,
        ];
        assert_eq!(shown, expected);
        assert!(reading.documents.is_empty());
    }
}
