//! Whose the policies of a template are: the names that its roles, users and groups will have, and what refers to what.

use std::collections::BTreeMap;

use super::cloudformation;
use super::intrinsic::{self, At, Values};
use super::policy_arn::policy_arns;
use super::{Attachment, IdentityName, Link};
use crate::policy::arn::{IdentityArn, IdentityKind};
use crate::policy::wildcard::Wildcard;
use crate::source::Span;
use crate::syntax::{Entry, Node, Piece, Value};

/// A resource of a template.
#[derive(Debug)]
pub(super) struct Resource<'t, 's> {
    pub(super) logical_id: &'t str,
    /// Where that stands.
    pub(super) key_span: Span,
    /// Its type.
    pub(super) kind: &'t str,
    pub(super) at: At<'t, 's>,
    pub(super) properties: Option<At<'t, 's>>,
    /// The construct of the CDK that makes it.
    pub(super) construct: Option<&'t str>,
}

/// How a managed policy is used.
#[derive(Debug, Clone, Copy)]
pub(super) enum Use<'i, 't, 's> {
    /// As a policy of this role, user, group or function.
    AttachedTo(&'i Resource<'t, 's>),
    /// As a bound of what other policies can grant.
    Boundary,
    /// In some other way, so that others may have it too.
    Elsewhere,
}

/// A use, the resource by index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum UseAt {
    Attached(usize),
    Boundary,
    Elsewhere,
}

/// All resources of a template, and how its managed policies are used.
#[derive(Debug)]
pub(super) struct Identities<'t, 's> {
    resources: Vec<Resource<'t, 's>>,
    /// By the logical id of the managed policy.
    uses: BTreeMap<&'t str, Vec<UseAt>>,
    /// How managed policies are used that are spoken of by ARN or name: the names.
    by_name: Vec<(String, UseAt)>,
    /// Whether some of its resources are repeated by `Fn::ForEach`.
    pub(super) has_loops: bool,
}

impl<'t, 's> Identities<'t, 's> {
    /// `speaks_of_policies` is whether the text has the ARN or the name of any managed policy elsewhere.
    pub(super) fn of(root: &At<'t, 's>, speaks_of_policies: bool) -> Self {
        let resources: Vec<Resource<'t, 's>> =
            cloudformation::resources(root).into_iter().filter_map(|(entry, at)| Resource::new(entry, at)).collect();
        let keys = root.node.get("Resources").and_then(Node::table).unwrap_or_default();
        let has_loops = keys.iter().any(|entry| entry.key.starts_with("Fn::ForEach"));
        let mut search = Search::of(&resources);
        if speaks_of_policies || !search.uses.is_empty() {
            for (index, resource) in resources.iter().enumerate() {
                search.visit(resource.at.node, resource.is_identity().then_some(index), UseAt::Elsewhere);
            }
            for section in ["Outputs", "Globals", "Parameters", "Mappings"].iter().filter_map(|key| root.node.get(key))
            {
                search.visit(section, None, UseAt::Elsewhere);
            }
        }
        Self { resources, uses: search.uses, by_name: search.by_name, has_loops }
    }

    pub(super) fn resources(&self) -> impl Iterator<Item = &Resource<'t, 's>> {
        self.resources.iter()
    }

    /// How a managed policy is used, each way once.
    pub(super) fn uses(&self, policy: &Resource<'t, 's>) -> Vec<Use<'_, 't, 's>> {
        let mut uses = self.uses.get(policy.logical_id).cloned().unwrap_or_default();
        uses.sort_unstable();
        uses.dedup();
        uses.into_iter().map(|at| self.resolve(at)).collect()
    }

    /// The managed policies that are spoken of by ARN or name: each name as far as it is written, and how it is used.
    pub(super) fn uses_by_name(&self) -> impl Iterator<Item = (Wildcard, Use<'_, 't, 's>)> {
        self.by_name.iter().map(|(name, at)| (Wildcard::new(name.as_str()), self.resolve(*at)))
    }

    fn resolve(&self, at: UseAt) -> Use<'_, 't, 's> {
        match at {
            UseAt::Attached(index) => self.resources.get(index).map_or(Use::Elsewhere, Use::AttachedTo),
            UseAt::Boundary => Use::Boundary,
            UseAt::Elsewhere => Use::Elsewhere,
        }
    }

    /// The identity that a resource is, or that SAM makes for it.
    pub(super) fn of_resource(
        &self,
        resource: &Resource<'t, 's>,
        link: Link,
        values: &Values<'_, 's>,
    ) -> Vec<Attachment> {
        let Some((kind, name_key)) = resource.identity() else {
            let name = IdentityName::Generated(pattern_of(&format!("{}Role", resource.logical_id)));
            return vec![Attachment { kind: IdentityKind::Role, name, link }];
        };
        let generated = IdentityName::Generated(pattern_of(resource.logical_id));
        let written = resource.properties.as_ref().and_then(|properties| properties.node.get(name_key));
        let name = match written {
            None => generated,
            Some(written) if intrinsic::call(written).is_some_and(|call| call.name == "If") => IdentityName::Unknown,
            Some(written) => name_of(written, values),
        };
        vec![Attachment { kind, name, link }]
    }

    /// The identities that an item of `Roles`, `Users` or `Groups` stands for.
    pub(super) fn named(&self, node: &Node<'s>, kind: IdentityKind, values: &Values<'_, 's>) -> Vec<Attachment> {
        if let Some(resource) = intrinsic::referred(node).and_then(|id| self.referred(id, kind)) {
            return self.of_resource(resource, Link::Reference, values);
        }
        vec![Attachment { kind, name: name_of(node, values), link: Link::Name }]
    }

    /// The resource of this kind with a logical id; that of a role of SAM is made from its function's.
    fn referred(&self, logical_id: &str, kind: IdentityKind) -> Option<&Resource<'t, 's>> {
        let is_meant = |resource: &&Resource<'t, 's>| match resource.identity() {
            Some((own, _)) => own == kind && resource.logical_id == logical_id,
            None => resource.is_identity() && logical_id.strip_suffix("Role") == Some(resource.logical_id),
        };
        self.resources.iter().find(is_meant)
    }
}

impl<'t, 's> Resource<'t, 's> {
    fn new(entry: &'t Entry<'s>, at: At<'t, 's>) -> Option<Self> {
        let kind = at.node.get("Type")?.text()?;
        let construct = at.node.get("Metadata").and_then(|metadata| metadata.get("aws:cdk:path")?.text());
        let properties = at.get("Properties");
        Some(Self { logical_id: &entry.key, key_span: entry.key_span, kind, properties, construct, at })
    }

    /// What identity it is, and the key of its name.
    fn identity(&self) -> Option<(IdentityKind, &'static str)> {
        match self.kind {
            "AWS::IAM::Role" => Some((IdentityKind::Role, "RoleName")),
            "AWS::IAM::User" => Some((IdentityKind::User, "UserName")),
            "AWS::IAM::Group" => Some((IdentityKind::Group, "GroupName")),
            _ => None,
        }
    }

    /// Whether it is an identity, or SAM makes one for it.
    pub(super) fn is_identity(&self) -> bool {
        self.identity().is_some()
            || (matches!(self.kind, "AWS::Serverless::Function" | "AWS::Serverless::StateMachine")
                && self.properties.as_ref().is_some_and(|properties| properties.get("Role").is_none()))
    }
}

/// A name in a loop, with what the loop puts in as `*`.
fn pattern_of(logical_id: &str) -> String {
    let mut pattern = String::new();
    let mut rest = logical_id;
    while let Some((before, after)) = rest.split_once("${").or_else(|| rest.split_once("&{")) {
        pattern.push_str(before);
        pattern.push('*');
        rest = after.split_once('}').map_or("", |(_, rest)| rest);
    }
    pattern + rest
}

/// What a value says of a name.
pub(super) fn name_of<'s>(node: &Node<'s>, values: &Values<'_, 's>) -> IdentityName {
    match values.lower(node).value {
        Value::Text(name) => written_out(&name),
        Value::Template(pieces) => pattern(&pieces),
        _ => IdentityName::Unknown,
    }
}

/// A name that is written out, or the ARN that has it.
pub(super) fn written_out(text: &str) -> IdentityName {
    let name = || IdentityName::Exact(text.rsplit('/').next().unwrap_or_default().to_owned());
    IdentityArn::parse(text).map_or_else(name, IdentityName::Arn)
}

/// A name with holes; one of holes only says nothing.
pub(super) fn pattern(pieces: &[Piece<'_>]) -> IdentityName {
    let is_literal = |piece: &Piece<'_>| matches!(piece, Piece::Literal(text) if text.len() > 1);
    if !pieces.iter().any(is_literal) {
        return IdentityName::Unknown;
    }
    let text = pieces.iter().map(|piece| match piece {
        Piece::Literal(text) => text.as_ref(),
        Piece::Hole(_) => "*",
    });
    IdentityName::Pattern(Wildcard::new(text.collect::<String>()))
}

/// What the keys begin with below which a permission set speaks of managed policies by their names.
pub(super) const BY_NAME: &str = "CustomerManagedPolicyReference";

/// The search for what uses the managed policies.
struct Search<'t> {
    /// By the logical id of each managed policy.
    uses: BTreeMap<&'t str, Vec<UseAt>>,
    /// Their logical ids, by the names that they will have, as written with `*` for the holes.
    ids: BTreeMap<String, Vec<&'t str>>,
    by_name: Vec<(String, UseAt)>,
}

impl<'t> Search<'t> {
    fn of(resources: &[Resource<'t, '_>]) -> Self {
        let mut search = Self { uses: BTreeMap::new(), ids: BTreeMap::new(), by_name: Vec::new() };
        for resource in resources.iter().filter(|resource| resource.kind == "AWS::IAM::ManagedPolicy") {
            search.uses.insert(resource.logical_id, Vec::new());
            let named = resource.properties.as_ref().and_then(|properties| properties.node.get("ManagedPolicyName"));
            let text = named.and_then(|name| match intrinsic::call(name) {
                Some(call) if call.name == "Sub" => call.argument.text(),
                Some(_) => None,
                None => name.text(),
            });
            if let Some(name) = text.map(pattern_of).filter(|name| name != "*") {
                search.ids.entry(name).or_default().push(resource.logical_id);
            }
        }
        search
    }

    /// Depth is bounded by the parser's limit on nesting.
    fn visit(&mut self, node: &Node<'_>, owner: Option<usize>, using: UseAt) {
        if let Some(id) = intrinsic::referred(node) {
            self.note(id, using);
        } else if let Some(call) = intrinsic::call(node)
            && let Some(text) = call.argument.text()
        {
            for hole in intrinsic::holes(text) {
                self.note(hole.split('.').next().unwrap_or_default(), using);
            }
        }
        match &node.value {
            Value::Text(text) => policy_arns(text).for_each(|arn| self.note_name(arn.name, using)),
            Value::Table(entries) => {
                for entry in entries {
                    if entry.key.starts_with(BY_NAME) {
                        named(&entry.value).into_iter().for_each(|name| self.note_name(pattern_of(name), using));
                    }
                    if let Some(using) = inside(&entry.key, owner, using) {
                        self.visit(&entry.value, owner, using);
                    }
                }
            }
            Value::List(items) | Value::Call(_, items) => items.iter().for_each(|item| self.visit(item, owner, using)),
            _ => {}
        }
    }

    fn note_name(&mut self, name: String, using: UseAt) {
        for id in self.ids.get(&name).map_or(&[][..], Vec::as_slice) {
            self.uses.entry(id).or_default().push(using);
        }
        self.by_name.push((name, using));
    }

    fn note(&mut self, logical_id: &str, using: UseAt) {
        if let Some(uses) = self.uses.get_mut(logical_id) {
            uses.push(using);
        }
    }
}

/// The names in what a permission set refers to: one policy, or a list of them.
fn named<'n>(node: &'n Node<'_>) -> Vec<&'n str> {
    let items = node.list().unwrap_or(std::slice::from_ref(node));
    let names = items.iter().filter_map(|item| item.get("Name"));
    names.filter_map(|name| intrinsic::call(name).map_or(name, |call| call.argument).text()).collect()
}

/// What a mention below a key is; `None` where a policy is only spoken of, not used.
fn inside(key: &str, owner: Option<usize>, using: UseAt) -> Option<UseAt> {
    match key {
        "PolicyDocument" | "AssumeRolePolicyDocument" | "Statement" | "DependsOn" => None,
        "PermissionsBoundary" => Some(UseAt::Boundary),
        "ManagedPolicyArns" | "Policies" => Some(owner.map_or(using, UseAt::Attached)),
        _ => Some(using),
    }
}
