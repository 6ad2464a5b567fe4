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
    let functions =
        root.get("functions").iter().flat_map(At::items).flat_map(|part| part.entries()).collect::<Vec<_>>();
    let named = |name: Option<At<'_, '_>>, rest: &str| match name {
        Some(name) => identity::name_of(name.node, &values),
        None => generated(service, rest, &values),
    };
    let name_of_function = |name: &str, function: &At<'_, '_>| {
        named(function.get("iamRoleStatementsName"), &format!("-*-{name}-*lambdaRole"))
    };
    if let Some(provider) = root.get("provider") {
        let role = provider.get("iam").and_then(|iam| iam.get("role"));
        let mut names = vec![named(role.as_ref().and_then(|role| role.get("name")), "-*-*-lambdaRole")];
        let inheriting = Inheriting::of(root.node, reader.file);
        for (entry, function) in functions.iter().filter(|(_, function)| inheriting.is_by_plugin(function.node)) {
            names.push(name_of_function(&entry.key, function));
        }
        if inheriting.is_by_unknown(root.node) {
            names.push(IdentityName::Unknown);
        }
        let new = role.and_then(|role| role.get("statements"));
        for statements in new.into_iter().chain(provider.get("iamRoleStatements")) {
            take(reader, &statements, &values, &names);
        }
    }
    for (entry, function) in &functions {
        if let Some(statements) = function.get("iamRoleStatements") {
            take(reader, &statements, &values, &[name_of_function(&entry.key, function)]);
        }
        // Version 4 has what was a plugin's, under keys of its own.
        if let Some(role) = function.get("iam").and_then(|iam| iam.get("role"))
            && let Some(statements) = role.get("statements")
        {
            // The end goes where the whole is too long.
            let name = named(role.get("name"), &format!("-*-{}-*", entry.key));
            take(reader, &statements, &values, &[name]);
        }
    }
    for resources in root.get("resources").iter().flat_map(At::items) {
        if resources.get("Resources").is_some() {
            cloudformation::read(reader, &resources, false);
        }
    }
}

/// How the roles of functions come to have the provider's statements as well.
struct Inheriting<'f> {
    file: &'f str,
    /// Whether functions with statements of their own have them, too, if they do not say.
    by_default: bool,
    /// Whether functions that are written in other files may.
    elsewhere: bool,
}

impl<'f> Inheriting<'f> {
    fn of(root: &Node<'_>, file: &'f str) -> Self {
        let is_no = |node: &Node<'_>| is_no(node, file);
        // The plugin for roles of functions has forks, each with settings of its own name.
        let by_default = root.get("custom").is_some_and(|custom| match custom.table() {
            Some(entries) => entries.iter().any(|entry| match entry.value.table() {
                Some(_) => entry.value.get("defaultInherit").is_some_and(|node| !is_no(node)),
                None => entry.key.contains("iam"),
            }),
            None => true,
        });
        let is_plugin = |node: &Node<'_>| node.text().is_none_or(|name| name.contains("iam") || name.contains("${"));
        let has_plugin = root.get("plugins").is_some_and(|all| match all.list() {
            Some(plugins) => plugins.iter().any(is_plugin),
            None => !is_no(all),
        });
        // Since version 4 functions can say so without a plugin.
        let version = root.get("frameworkVersion").map(|node| node.text().unwrap_or(node.span.of(file)));
        let is_old = version.is_some_and(is_before_version_4);
        Self { file, by_default, elsewhere: by_default || has_plugin || !is_old }
    }

    /// Whether the role that a plugin makes for a function has them.
    fn is_by_plugin(&self, function: &Node<'_>) -> bool {
        match function.get("iamRoleStatementsInherit") {
            Some(said) => !is_no(said, self.file),
            None => self.by_default && function.get("iamRoleStatements").is_some(),
        }
    }

    /// Whether roles have them that are not named here, or are made by the framework itself.
    fn is_by_unknown(&self, root: &Node<'_>) -> bool {
        let iam = root.get("provider").and_then(|provider| provider.get("iam"));
        let modes = [iam, iam.and_then(|iam| iam.get("role"))].into_iter().flatten().filter_map(|at| at.get("mode"));
        let is_shared = |mode: &Node<'_>| mode.text() == Some("shared");
        let has_own = |function: &Node<'_>| match function.table() {
            Some(_) => function.get("iam").is_some_and(|iam| match iam.table() {
                Some(_) => iam.get("inheritStatements").is_some_and(|said| !is_no(said, self.file)),
                None => !is_no(iam, self.file),
            }),
            None => self.elsewhere && !is_no(function, self.file),
        };
        let is_any = |functions: &Node<'_>| match functions.table() {
            Some(entries) => entries.iter().any(|entry| has_own(&entry.value)),
            None => self.elsewhere && !is_no(functions, self.file),
        };
        let has_any = root.get("functions").is_some_and(|functions| match functions.list() {
            Some(parts) => parts.iter().any(is_any),
            None => is_any(functions),
        });
        has_any || modes.into_iter().any(|mode| !is_shared(mode))
    }
}

/// Whether a value is `false` or nothing; the word as a string is neither.
fn is_no(node: &Node<'_>, file: &str) -> bool {
    let written = node.span.of(file).to_ascii_lowercase();
    node.value == Value::Scalar && matches!(written.as_str(), "false" | "no" | "off" | "null" | "~" | "")
}

/// Whether only versions before 4 satisfy a range, as far as that can be seen at once.
fn is_before_version_4(range: &str) -> bool {
    let is_before = |version: &str| version.trim_start_matches(['^', '~', 'v', '=', ' ']).starts_with(['1', '2', '3']);
    let bound = range.split_once('<').map(|(_, bound)| bound.trim());
    let is_one = !range.contains("||") && !range.contains(" - ");
    is_one
        && match bound {
            Some(bound) => is_before(bound) || matches!(bound, "4" | "4.0" | "4.0.0"),
            None => !range.contains('>') && is_before(range),
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
