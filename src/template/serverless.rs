//! Configurations of the Serverless Framework → the statements of its roles, and the resources written beside them.
//!
//! `${…}` is the framework's own, and a hole wherever it stands.

use super::intrinsic::{At, Values};
use super::reader::{Reader, Standing};
use super::{Attachment, DocumentKind, Format, IdentityName, Link, cloudformation, identity};
use crate::policy::arn::IdentityKind;
use crate::policy::{self, SkipReason};
use crate::syntax::{Node, Piece, Value};

/// Whether a value is a configuration: a service, and AWS as its provider.
pub(super) fn is_configuration(root: &Node<'_>) -> bool {
    let provider = root.get("provider");
    let name = provider.and_then(|provider| provider.text().or_else(|| provider.get("name")?.text()));
    root.get("service").is_some() && name == Some("aws")
}

/// Reads the statements of the provider and of each function, and the resources.
pub(super) fn read(reader: &mut Reader<'_>, root: &At<'_, '_>) {
    reader.format = Format::Serverless;
    let values = Values::default().with_holes_everywhere();
    let service = root.node.get("service").map(|service| service.get("name").unwrap_or(service));
    let functions = root.get("functions").map(|all| all.entries()).unwrap_or_default();
    let name_of_function = |name: &str, function: &At<'_, '_>| match function.get("iamRoleStatementsName") {
        Some(name) => identity::name_of(name.node, &values),
        None => generated(service, &format!("-*-{name}-*lambdaRole"), &values),
    };
    if let Some(provider) = root.get("provider") {
        let role = provider.get("iam").and_then(|iam| iam.get("role"));
        let name = match role.as_ref().and_then(|role| role.get("name")) {
            Some(name) => identity::name_of(name.node, &values),
            None => generated(service, "-*-*-lambdaRole", &values),
        };
        let inheriting = functions.iter().filter(|(_, function)| function.get("iamRoleStatementsInherit").is_some());
        let names = inheriting.map(|(entry, function)| name_of_function(&entry.key, function));
        let names: Vec<IdentityName> = std::iter::once(name).chain(names).collect();
        let new = role.and_then(|role| role.get("statements"));
        for statements in new.into_iter().chain(provider.get("iamRoleStatements")) {
            take(reader, &statements, &values, &names);
        }
    }
    for (entry, function) in &functions {
        if let Some(statements) = function.get("iamRoleStatements") {
            take(reader, &statements, &values, &[name_of_function(&entry.key, function)]);
        }
    }
    for resources in root.get("resources").iter().flat_map(At::items) {
        if resources.get("Resources").is_some() {
            cloudformation::read(reader, &resources, false);
        }
    }
}

/// The name that the framework makes up: the service, then what is known of the rest.
fn generated<'s>(service: Option<&Node<'s>>, rest: &str, values: &Values<'_, 's>) -> IdentityName {
    let Some(service) = service else { return IdentityName::Unknown };
    let mut pieces = match values.lower(service).value {
        Value::Text(name) => vec![Piece::Literal(name)],
        Value::Template(pieces) => pieces,
        _ => return IdentityName::Unknown,
    };
    pieces.extend(rest.split('*').enumerate().flat_map(|(index, part)| {
        let hole = (index > 0).then_some(Piece::Hole("".into()));
        hole.into_iter().chain([Piece::Literal(part.to_owned().into())])
    }));
    identity::pattern(&pieces)
}

fn take(reader: &mut Reader<'_>, at: &At<'_, '_>, values: &Values<'_, '_>, names: &[IdentityName]) {
    let attachment =
        |name: &IdentityName| Attachment { kind: IdentityKind::Role, name: name.clone(), link: Link::Name };
    let standing = Standing::new(DocumentKind::Inline, names.iter().map(attachment).collect());
    let lowered = values.lower(at.node);
    if !matches!(lowered.value, Value::List(_) | Value::Table(_)) {
        return reader.skip(at.node.span, SkipReason::Opaque);
    }
    if !reader.take(policy::read_statements(&lowered), at.node.span, &at.path, &standing) {
        reader.problem("not statements that IAM accepts", at.node.span);
    }
}
