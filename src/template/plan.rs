//! A plan or a state of Terraform → the names that its roles, users and groups really have.
//!
//! Reads what `terraform show -json` prints of either, and the state file itself. Policies in them are copies.

use std::collections::BTreeMap;

use super::link::identity_kind;
use crate::syntax::{Node, Value};

/// The names by the addresses of resources, without indexes: `module.app.aws_iam_role.this`. `None` where one of the
/// instances has a name that is not known yet.
pub type RealNames = BTreeMap<String, Option<Vec<String>>>;

/// What a plan or a state says.
pub(super) fn names(root: &Node<'_>) -> RealNames {
    let mut names = RealNames::new();
    let planned =
        root.get("planned_values").or_else(|| root.get("values")).and_then(|values| values.get("root_module"));
    if let Some(module) = planned {
        of_module(module, &mut names);
    }
    for resource in root.get("resources").and_then(Node::list).unwrap_or_default() {
        of_state(resource, &mut names);
    }
    names
}

/// Depth is bounded by the parser's limit on nesting.
fn of_module(module: &Node<'_>, names: &mut RealNames) {
    for resource in module.get("resources").and_then(Node::list).unwrap_or_default() {
        if let Some(address) = text(resource, "address").filter(|_| text(resource, "mode") == Some("managed")) {
            note(address, text(resource, "type"), resource.get("values"), names);
        }
    }
    for child in module.get("child_modules").and_then(Node::list).unwrap_or_default() {
        of_module(child, names);
    }
}

/// A resource of a state file, which has an instance per index.
fn of_state(resource: &Node<'_>, names: &mut RealNames) {
    let (Some("managed"), Some(kind), Some(name)) =
        (text(resource, "mode"), text(resource, "type"), text(resource, "name"))
    else {
        return;
    };
    let module = text(resource, "module").map_or_else(String::new, |module| format!("{module}."));
    for instance in resource.get("instances").and_then(Node::list).unwrap_or_default() {
        note(&format!("{module}{kind}.{name}"), Some(kind), instance.get("attributes"), names);
    }
}

fn note(address: &str, kind: Option<&str>, values: Option<&Node<'_>>, names: &mut RealNames) {
    let Some((_, key)) = kind.and_then(identity_kind) else { return };
    let known = names.entry(without_indexes(address)).or_insert_with(|| Some(Vec::new()));
    match (values.and_then(|values| text(values, key)), known.as_mut()) {
        (Some(name), Some(all)) => all.push(name.to_owned()),
        _ => *known = None,
    }
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
            let found = names(&json::parse(text).unwrap().unwrap());
            let expected = [
                ("aws_iam_role.a".to_owned(), Some(vec!["a1".to_owned(), "a2".to_owned()])),
                ("aws_iam_role.b".to_owned(), None),
                ("module.m.aws_iam_user.u".to_owned(), Some(vec!["u".to_owned()])),
            ];
            assert_eq!(found, RealNames::from(expected));
        }
    }
}
