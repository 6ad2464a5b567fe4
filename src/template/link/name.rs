//! What the files of modules say of an identity's name, constants followed as far as they are literal.

use std::borrow::Cow;
use std::sync::atomic::Ordering;

use super::super::{Attachment, DeclaredIdentity, IdentityName, Link, Membership, identity};
use super::known::{Known, Prefix};
use super::module::{Modules, Placed};
use crate::policy::arn::IdentityKind;
use crate::syntax::hcl::reference_of;
use crate::syntax::{Node, Piece, Value};

/// How far references are followed, how many names one may come to, and how many values are looked at for that.
const MAX_DEPTH: usize = 24;
const MAX_NAMES: usize = 64;
const MAX_LOOKS: usize = 10_000;

/// A name: `None` is what only deployment knows.
type Name = Vec<Option<String>>;

/// Where an expression stands: its module, and the block that `each` is of.
#[derive(Clone, Copy)]
pub(super) struct Scope<'a> {
    pub(super) module: usize,
    pub(super) block: Option<Placed<'a>>,
}

impl<'a> Scope<'a> {
    pub(super) fn of(placed: Placed<'a>) -> Self {
        Self { module: placed.module, block: Some(placed) }
    }
}

fn no_name(kind: IdentityKind) -> Attachment {
    Attachment { kind, name: IdentityName::Unknown, link: Link::Reference }
}

fn unknown() -> Vec<Name> {
    vec![vec![None]]
}

/// The resources that are identities, with their kinds and the attributes of their names.
const IDENTITIES: [(&str, IdentityKind, &str); 6] = [
    ("aws_iam_role", IdentityKind::Role, "name"),
    ("aws_iam_user", IdentityKind::User, "name"),
    ("aws_iam_group", IdentityKind::Group, "name"),
    ("awscc_iam_role", IdentityKind::Role, "role_name"),
    ("awscc_iam_user", IdentityKind::User, "user_name"),
    ("awscc_iam_group", IdentityKind::Group, "group_name"),
];

/// What identity a type of resource is.
pub(in crate::template) fn identity_kind(kind: &str) -> Option<(IdentityKind, &'static str)> {
    IDENTITIES.iter().find(|(ours, ..)| *ours == kind).map(|(_, kind, key)| (*kind, *key))
}

impl<'a> Modules<'a> {
    /// The identities that a value names or refers to.
    pub(super) fn identities(&self, node: &Node<'static>, kind: IdentityKind, scope: Scope<'a>) -> Vec<Attachment> {
        let mut found: Vec<Attachment> = Vec::new();
        for attachment in self.named(node, kind, scope, 0) {
            if !found.contains(&attachment) {
                found.push(attachment);
            }
        }
        if found.is_empty() || found.len() > MAX_NAMES { vec![no_name(kind)] } else { found }
    }

    /// Notes a look at one more value, the first of a name if it is not deep.
    fn looks_too_far(&self, depth: usize) -> bool {
        if depth == 0 {
            self.looks.store(0, Ordering::Relaxed);
        }
        depth > MAX_DEPTH || self.looks.fetch_add(1, Ordering::Relaxed) >= MAX_LOOKS
    }

    fn named(&self, node: &Node<'static>, kind: IdentityKind, scope: Scope<'a>, depth: usize) -> Vec<Attachment> {
        let all = |nodes: &mut dyn Iterator<Item = &Node<'static>>| -> Vec<Attachment> {
            nodes.flat_map(|node| self.named(node, kind, scope, depth + 1)).collect()
        };
        let as_written = || {
            let of_name = |name: Name| Attachment { kind, name: identity_name(&name), link: Link::Name };
            self.names(node, scope, depth).into_iter().map(of_name).collect()
        };
        match &node.value {
            _ if self.looks_too_far(depth) => vec![no_name(kind)],
            Value::Scalar => Vec::new(),
            Value::Text(text) if text.is_empty() => Vec::new(),
            Value::Reference(name) => self.referred(name, kind, scope, depth),
            Value::List(items) | Value::Concat(items) | Value::Choice(items) => all(&mut items.iter()),
            Value::Table(entries) => all(&mut entries.iter().map(|entry| &entry.value)),
            Value::Call(name, arguments) if picks(name) => all(&mut arguments.iter()),
            Value::Template(pieces) => match pieces.as_slice() {
                [Piece::Hole(hole)] => match reference_of(hole) {
                    Some(name) => self.referred(name, kind, scope, depth),
                    None => vec![no_name(kind)],
                },
                _ => as_written(),
            },
            Value::Text(_) | Value::Call(..) => as_written(),
            Value::Opaque => vec![no_name(kind)],
        }
    }

    fn referred(&self, name: &str, kind: IdentityKind, scope: Scope<'a>, depth: usize) -> Vec<Attachment> {
        let unknown = || vec![no_name(kind)];
        let parts: Vec<&str> = name.split('.').collect();
        match parts.as_slice() {
            ["data", data, label, way @ ..] => {
                let placed = self.block(scope.module, &format!("data.{data}.{label}"));
                let named = placed.filter(|_| identity_kind(data).is_some());
                let named = named.filter(|placed| is_named_by(way, *placed, is_naming_attribute));
                let Some((placed, node)) = named.and_then(|placed| Some((placed, placed.block.body.get("name")?)))
                else {
                    return unknown();
                };
                let names = self.names(node, Scope::of(placed), depth + 1);
                names
                    .into_iter()
                    .map(|name| Attachment { kind, name: identity_name(&name), link: Link::Name })
                    .collect()
            }
            [resource, label, way @ ..] if identity_kind(resource).is_some() => {
                match self.block(scope.module, &format!("{resource}.{label}")) {
                    Some(placed) if is_named_by(way, placed, is_naming_attribute) => {
                        self.identity_of(placed, Link::Reference)
                    }
                    _ => unknown(),
                }
            }
            ["module", label, way @ ..] if self.foreign(scope.module, label).is_some() => {
                let call = self.foreign(scope.module, label);
                let call = call.filter(|call| is_named_by(way, *call, is_naming_output));
                call.map_or_else(unknown, |call| self.identity_of_known(call, kind))
            }
            _ => {
                let Some(values) = self.follow(name, scope) else { return unknown() };
                values.into_iter().flat_map(|(node, scope)| self.named(node, kind, scope, depth + 1)).collect()
            }
        }
    }

    /// The call of a module that is not in the repository.
    fn foreign(&self, module: usize, label: &str) -> Option<Placed<'a>> {
        let call = self.block(module, &format!("module.{label}"))?;
        self.called(call).is_none().then_some(call)
    }

    /// The identity that a resource is.
    pub(super) fn identity_of(&self, placed: Placed<'a>, link: Link) -> Vec<Attachment> {
        let resource = placed.block.labels.first().map(String::as_str).unwrap_or_default();
        let Some((kind, key)) = identity_kind(resource) else { return Vec::new() };
        let body = &placed.block.body;
        let of_name = |name: Name| Attachment { kind, name: identity_name(&name), link };
        let label = placed.block.labels.get(1).map(String::as_str).unwrap_or_default();
        if let Some(names) = self.real.get(&(placed.module, format!("{resource}.{label}"))) {
            return names.iter().map(|name| of_name(vec![Some(name.clone())])).collect();
        }
        let names = match (body.get(key), body.get("name_prefix")) {
            (Some(name), _) if name.value != Value::Scalar => self.names(name, Scope::of(placed), 0),
            (_, Some(prefix)) => with_end(self.names(prefix, Scope::of(placed), 0)),
            _ => unknown(),
        };
        names.into_iter().map(of_name).collect()
    }

    /// The identities that the modules declare, each with its file.
    pub(super) fn declared(&self) -> Vec<(usize, DeclaredIdentity)> {
        let all = self.blocks().filter(|placed| placed.block.name == "resource").flat_map(|placed| {
            let declared = move |identity| (placed.file, DeclaredIdentity { span: placed.block.name_span, identity });
            let set = self.permission_set_of(placed, Link::Name);
            self.identity_of(placed, Link::Name).into_iter().chain(set).map(declared)
        });
        all.collect()
    }

    /// The users that the modules put into groups, each with its file.
    pub(super) fn memberships(&self) -> Vec<(usize, Vec<Membership>)> {
        let all = self.blocks().map(|placed| (placed.file, self.memberships_of(placed)));
        all.filter(|(_, memberships)| !memberships.is_empty()).collect()
    }

    fn memberships_of(&self, placed: Placed<'a>) -> Vec<Membership> {
        let body = &placed.block.body;
        let named = |key: &str, kind| match body.get(key) {
            Some(node) => self.identities(node, kind, Scope::of(placed)),
            None => vec![no_name(kind)],
        };
        let (group, user) = (IdentityKind::Group, IdentityKind::User);
        match placed.block.labels.first().map(String::as_str) {
            Some("aws_iam_group_membership") => Membership::of_all(&named("group", group), &named("users", user)),
            Some("aws_iam_user_group_membership") => Membership::of_all(&named("groups", group), &named("user", user)),
            Some("awscc_iam_user") if body.get("groups").is_some() => {
                Membership::of_all(&named("groups", group), &self.identity_of(placed, Link::Name))
            }
            _ if placed.block.name == "module" => {
                let inputs = ["users", "group_users"].into_iter().filter(|input| body.get(input).is_some());
                let users: Vec<Attachment> = inputs.flat_map(|input| named(input, user)).collect();
                let source = body.get("source").and_then(Node::text).unwrap_or_default();
                let is_group = super::known::known(source).is_some_and(|known| known.kind == group);
                if is_group { Membership::of_all(&self.identity_of_known(placed, group), &users) } else { Vec::new() }
            }
            _ => Vec::new(),
        }
    }

    /// The roles that Identity Center makes of a permission set; none of any other resource.
    pub(super) fn permission_set_of(&self, placed: Placed<'a>, link: Link) -> Vec<Attachment> {
        let is_set = placed.block.labels.first().is_some_and(|kind| kind == "aws_ssoadmin_permission_set");
        let Some(node) = placed.block.body.get("name").filter(|_| is_set) else { return Vec::new() };
        let of_name = |name: Name| {
            let name = match identity_name(&name) {
                IdentityName::Exact(name) => IdentityName::PermissionSet(name),
                _ => IdentityName::Unknown,
            };
            Attachment { kind: IdentityKind::Role, name, link }
        };
        self.names(node, Scope::of(placed), 0).into_iter().map(of_name).collect()
    }

    /// The identity that a module makes which is not in the repository.
    pub(super) fn identity_of_known(&self, call: Placed<'a>, kind: IdentityKind) -> Vec<Attachment> {
        let source = call.block.body.get("source").and_then(Node::text).unwrap_or_default();
        let known = super::known::known(source).filter(|known| known.kind == kind);
        let names = known.map_or_else(unknown, |known| self.names_of_known(call, known));
        names.into_iter().map(|name| Attachment { kind, name: identity_name(&name), link: Link::Reference }).collect()
    }

    fn names_of_known(&self, call: Placed<'a>, known: &Known) -> Vec<Name> {
        let body = &call.block.body;
        let given = known.names.iter().find_map(|name| {
            let node = body.get(name.input).filter(|node| node.value != Value::Scalar)?;
            Some((name, self.names(node, Scope::of(call), 0)))
        });
        let Some((name, names)) = given else { return unknown() };
        match name.prefix {
            Prefix::Never => names,
            Prefix::Always => with_end(names),
            Prefix::Unless(flag) => match body.get(flag) {
                Some(node) if node.span.of(call.text) == "false" => names,
                // What stands at the end may be nothing.
                _ => with_end(names),
            },
        }
    }

    /// The values that a reference stands for, each with where it stands; `None` if that is not known.
    fn follow(&self, name: &str, scope: Scope<'a>) -> Option<Vec<(&'a Node<'static>, Scope<'a>)>> {
        let parts: Vec<&str> = name.split('.').collect();
        match parts.as_slice() {
            ["local", local, rest @ ..] => {
                let node = self.local(scope.module, local)?;
                let scope = Scope { module: scope.module, block: None };
                Some(within(node, rest)?.into_iter().map(|node| (node, scope)).collect())
            }
            ["var", variable, rest @ ..] => {
                let mut found = Vec::new();
                for (module, block, node) in self.variable(scope.module, variable)? {
                    found.extend(within(node, rest)?.into_iter().map(|node| (node, Scope { module, block })));
                }
                Some(found)
            }
            ["module", label, rest @ ..] => {
                let callee = self.called(self.block(scope.module, &format!("module.{label}"))?)?;
                let rest = rest.strip_prefix(&["*"]).unwrap_or(rest);
                let (output, rest) = rest.split_first()?;
                let placed = self.block(callee, &format!("output.{output}"))?;
                let node = placed.block.body.get("value")?;
                let scope = Scope { module: callee, block: None };
                Some(within(node, rest)?.into_iter().map(|node| (node, scope)).collect())
            }
            ["each", "value", rest @ ..] => {
                let block = scope.block?;
                let (node, _) = self.for_each(block)?;
                let items = match &node.value {
                    Value::Table(entries) => entries.iter().map(|entry| &entry.value).collect(),
                    Value::List(items) => items.iter().collect::<Vec<_>>(),
                    _ => return None,
                };
                let outer = Scope { module: block.module, block: None };
                let found: Option<Vec<Vec<_>>> = items.into_iter().map(|item| within(item, rest)).collect();
                Some(found?.into_iter().flatten().map(|node| (node, outer)).collect())
            }
            _ => None,
        }
    }

    /// What a block is repeated for, constants followed.
    fn for_each(&self, block: Placed<'a>) -> Option<(&'a Node<'static>, Scope<'a>)> {
        let mut node = block.block.body.get("for_each")?;
        let mut scope = Scope { module: block.module, block: None };
        for _ in 0..MAX_DEPTH {
            let Value::Reference(name) = &node.value else { break };
            let mut values = self.follow(name, scope)?;
            (node, scope) = values.pop().filter(|_| values.is_empty())?;
        }
        Some((node, scope))
    }

    /// The names that a value can come to.
    pub(super) fn names(&self, node: &Node<'static>, scope: Scope<'a>, depth: usize) -> Vec<Name> {
        if self.looks_too_far(depth) {
            return unknown();
        }
        let names = match &node.value {
            Value::Text(text) => vec![vec![Some(text.to_string())]],
            Value::Template(pieces) => {
                let parts = pieces.iter().map(|piece| match piece {
                    Piece::Literal(text) => vec![vec![Some(text.to_string())]],
                    Piece::Hole(hole) => match reference_of(hole) {
                        Some(name) => self.names_referred(name, scope, depth),
                        None => unknown(),
                    },
                });
                joined(parts.collect())
            }
            Value::Reference(name) => self.names_referred(name, scope, depth),
            Value::Choice(branches) => {
                branches.iter().flat_map(|branch| self.names(branch, scope, depth + 1)).collect()
            }
            Value::Call(name, arguments) => self.names_called(name, arguments, scope, depth),
            _ => unknown(),
        };
        if names.len() > MAX_NAMES { unknown() } else { names }
    }

    fn names_called(&self, name: &str, arguments: &[Node<'static>], scope: Scope<'a>, depth: usize) -> Vec<Name> {
        match (name, arguments) {
            ("format", [format, arguments @ ..]) => {
                let Some(format) = format.text() else { return unknown() };
                let mut arguments = arguments.iter();
                let mut parts: Vec<Vec<Name>> = Vec::new();
                for (index, part) in format.split("%s").enumerate() {
                    if index > 0 {
                        parts.push(arguments.next().map_or_else(unknown, |a| self.names(a, scope, depth + 1)));
                    }
                    parts.push(if part.contains('%') { unknown() } else { vec![vec![Some(part.to_owned())]] });
                }
                joined(parts)
            }
            ("join", [separator, Node { value: Value::List(items), .. }]) => {
                let Some(separator) = separator.text() else { return unknown() };
                let mut parts: Vec<Vec<Name>> = Vec::new();
                for (index, item) in items.iter().enumerate() {
                    if index > 0 {
                        parts.push(vec![vec![Some(separator.to_owned())]]);
                    }
                    parts.push(self.names(item, scope, depth + 1));
                }
                joined(parts)
            }
            ("lower", [only]) => {
                let lower = |name: Name| name.into_iter().map(|part| part.map(|text| text.to_lowercase())).collect();
                self.names(only, scope, depth + 1).into_iter().map(lower).collect()
            }
            _ => unknown(),
        }
    }

    fn names_referred(&self, name: &str, scope: Scope<'a>, depth: usize) -> Vec<Name> {
        if let Some(resource) = name.strip_suffix(".name").or(name.strip_suffix(".id")) {
            let parts: Vec<&str> = resource.split('.').collect();
            if let [kind, label, ..] = parts.as_slice()
                && identity_kind(kind).is_some()
                && let Some(placed) = self.block(scope.module, &format!("{kind}.{label}"))
                && is_named_by(&name.split('.').skip(2).collect::<Vec<_>>(), placed, is_naming_attribute)
                && let Some(node) = placed.block.body.get("name")
            {
                return self.names(node, Scope::of(placed), depth + 1);
            }
        }
        if name == "each.key" {
            return scope.block.and_then(|block| self.keys(block)).unwrap_or_else(unknown);
        }
        let Some(values) = self.follow(name, scope) else { return unknown() };
        values.into_iter().flat_map(|(node, scope)| self.names(node, scope, depth + 1)).collect()
    }

    fn keys(&self, block: Placed<'a>) -> Option<Vec<Name>> {
        let (node, scope) = self.for_each(block)?;
        match &node.value {
            Value::Table(entries) => Some(entries.iter().map(|entry| vec![Some(entry.key.to_string())]).collect()),
            Value::List(items) => Some(items.iter().flat_map(|item| self.names(item, scope, 1)).collect()),
            _ => None,
        }
    }
}

/// Whether a way into a block ends at an attribute of it, or of each that it is repeated as, that names an identity.
fn is_named_by(way: &[&str], placed: Placed<'_>, is_naming: fn(&str) -> bool) -> bool {
    let is_repeated = ["for_each", "count"].iter().any(|key| placed.block.body.get(key).is_some());
    match way.strip_suffix(&["*"]).unwrap_or(way) {
        [attribute] | ["*", attribute] => is_naming(attribute),
        [_, attribute] => is_repeated && is_naming(attribute),
        _ => false,
    }
}

fn is_naming_attribute(name: &str) -> bool {
    ["name", "id", "arn", "role_name", "user_name", "group_name"].contains(&name)
}

/// Whether an output of a module that is not in the repository names what it makes, as far as can be told.
fn is_naming_output(name: &str) -> bool {
    let stem = name.strip_suffix("_name").or(name.strip_suffix("_arn"));
    // Some make roles for other things beside the one that their inputs name.
    let is_other = |stem: &str| stem.contains("exec") || stem.contains("node");
    let is_identity = |stem: &str| ["role", "user", "group"].iter().any(|kind| stem.ends_with(kind)) && !is_other(stem);
    matches!(name, "name" | "arn") || stem.is_some_and(is_identity)
}

/// Functions that give one of their arguments, or all.
fn picks(function: &str) -> bool {
    [
        "try",
        "coalesce",
        "one",
        "element",
        "join",
        "nonsensitive",
        "sensitive",
        "coalescelist",
        "values",
        "merge",
        "lookup",
    ]
    .contains(&function)
}

/// What stands at the end of a way into a value; all that it may be where an index is not literal.
fn within<'n>(node: &'n Node<'static>, way: &[&str]) -> Option<Vec<&'n Node<'static>>> {
    let Some((step, rest)) = way.split_first() else { return Some(vec![node]) };
    let nodes: Vec<&Node<'static>> = match (&node.value, *step) {
        (Value::Table(entries), "*") => entries.iter().map(|entry| &entry.value).collect(),
        (Value::List(items), "*") => items.iter().collect(),
        (Value::Table(_), key) => vec![node.get(key)?],
        _ => return None,
    };
    let found: Option<Vec<Vec<_>>> = nodes.into_iter().map(|node| within(node, rest)).collect();
    Some(found?.into_iter().flatten().collect())
}

/// All ways of putting one name of each part after another.
fn joined(parts: Vec<Vec<Name>>) -> Vec<Name> {
    let mut names: Vec<Name> = vec![Vec::new()];
    for part in parts {
        if names.len() * part.len() > MAX_NAMES {
            return unknown();
        }
        names = names.iter().flat_map(|name| part.iter().map(move |end| [name.as_slice(), end].concat())).collect();
    }
    names
}

fn with_end(names: Vec<Name>) -> Vec<Name> {
    names.into_iter().map(|name| name.into_iter().chain([None]).collect()).collect()
}

/// An ARN's last part is the name.
pub(super) fn identity_name(name: &Name) -> IdentityName {
    let literal: Option<String> = name.iter().cloned().collect();
    match literal.as_deref() {
        // Without a name it gets one when it is made.
        Some(text) if text.is_empty() || text.ends_with('/') => return IdentityName::Unknown,
        Some(text) => return identity::written_out(text),
        None => {}
    }
    let piece = |part: &Option<String>| match part {
        Some(text) => Piece::Literal(Cow::Owned(text.clone())),
        None => Piece::Hole(Cow::Borrowed("")),
    };
    identity::pattern(&name.iter().map(piece).collect::<Vec<_>>())
}
