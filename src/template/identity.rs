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
}

impl<'t, 's> Identities<'t, 's> {
    /// `speaks_of_policies` is whether the text has the ARN or the name of any managed policy elsewhere.
    pub(super) fn of(root: &At<'t, 's>, values: &Values<'t, 's>, speaks_of_policies: bool) -> Self {
        let resources: Vec<Resource<'t, 's>> =
            cloudformation::resources(root).into_iter().filter_map(|(entry, at)| Resource::new(entry, at)).collect();
        let mut search = Search::of(&resources, values);
        if speaks_of_policies || !search.uses.is_empty() {
            for (index, resource) in resources.iter().enumerate() {
                search.passes_documents_over =
                    !resource.kind.starts_with("Custom::") && !resource.kind.starts_with("AWS::CloudFormation::");
                let owner = resource.is_identity().then_some(index);
                search.visit(resource.at.node, owner, UseAt::Elsewhere, Strings::Whole);
            }
            search.passes_documents_over = true;
            let sections = root.node.table().unwrap_or_default().iter().filter(|section| section.key != "Resources");
            sections.for_each(|section| search.visit(&section.value, None, UseAt::Elsewhere, Strings::Whole));
        }
        Self { resources, uses: search.uses, by_name: search.by_name }
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
struct Search<'v, 't, 's> {
    values: &'v Values<'t, 's>,
    /// By the logical id of each managed policy.
    uses: BTreeMap<&'t str, Vec<UseAt>>,
    /// The logical ids that loops make, with `*` for what they put in, by those written.
    in_loops: Vec<(Wildcard, &'t str)>,
    /// Their logical ids, by the names that they will have, as written with `*` for the holes.
    ids: BTreeMap<String, Vec<&'t str>>,
    by_name: Vec<(String, UseAt)>,
    /// Whether what policy documents speak of is not used there.
    passes_documents_over: bool,
    /// How many of these are known in part.
    patterns: usize,
}

/// How many names that are known in part are held against those of a template; of more, any may be meant.
const MAX_PATTERNS: usize = 1024;

/// How many loops references are held against; in more, anything may be used in any way.
const MAX_LOOPS: usize = 64;

/// How strings count that a search comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Strings {
    /// Each by itself.
    Whole,
    /// As pieces of others, whose names nobody knows.
    Pieces,
    /// They are parts of one that was read.
    Read,
}

impl<'v, 't, 's> Search<'v, 't, 's> {
    fn of(resources: &[Resource<'t, 's>], values: &'v Values<'t, 's>) -> Self {
        let (uses, in_loops, ids) = (BTreeMap::new(), Vec::new(), BTreeMap::new());
        let mut search =
            Self { values, uses, in_loops, ids, by_name: Vec::new(), passes_documents_over: true, patterns: 0 };
        for resource in resources.iter().filter(|resource| resource.kind == "AWS::IAM::ManagedPolicy") {
            search.uses.insert(resource.logical_id, Vec::new());
            let pattern = pattern_of(resource.logical_id);
            if pattern != resource.logical_id {
                search.in_loops.push((Wildcard::new(pattern), resource.logical_id));
            }
            let named = resource.properties.as_ref().and_then(|properties| properties.node.get("ManagedPolicyName"));
            let name = named.map(|name| name_of(name, values).pattern());
            if let Some(name) = name.filter(|name| name.as_str() != "*") {
                search.ids.entry(name.as_str().to_owned()).or_default().push(resource.logical_id);
            }
        }
        if search.in_loops.len() > MAX_LOOPS {
            for (_, id) in std::mem::take(&mut search.in_loops) {
                search.uses.entry(id).or_default().push(UseAt::Elsewhere);
            }
        }
        search
    }

    /// Depth is bounded by the parser's limit on nesting.
    fn visit(&mut self, node: &Node<'s>, owner: Option<usize>, using: UseAt, strings: Strings) {
        let mut strings = strings;
        if let Some(id) = intrinsic::referred(node) {
            self.note(id, using);
        } else if let Some(call) = intrinsic::call(node) {
            let first = || call.argument.list().and_then(<[Node<'_>]>::first).and_then(Node::text);
            for hole in call.argument.text().or_else(first).into_iter().flat_map(intrinsic::holes) {
                self.note(hole.split('.').next().unwrap_or_default(), using);
            }
            if matches!(call.name, "Sub" | "Join") && strings != Strings::Read {
                strings = self.read_string(node, using);
            }
        }
        match &node.value {
            Value::Text(text) if strings != Strings::Read => self.note_arns(text, using, strings),
            Value::Table(entries) => {
                for entry in entries {
                    if entry.key.starts_with(BY_NAME) {
                        self.note_names(&entry.value, using);
                    }
                    let is_document = self.passes_documents_over && is_only_spoken_of(&entry.key);
                    if let Some(using) = inside(&entry.key, owner, using).filter(|_| !is_document) {
                        self.visit(&entry.value, owner, using, strings);
                    }
                }
            }
            Value::List(items) | Value::Call(_, items) => {
                items.iter().for_each(|item| self.visit(item, owner, using, strings));
            }
            _ => {}
        }
    }

    /// Reads what a function puts together, and says how its pieces count then.
    fn read_string(&mut self, node: &Node<'s>, using: UseAt) -> Strings {
        let text = match self.values.lower(node).value {
            Value::Text(text) => text.into_owned(),
            Value::Template(pieces) => {
                let shown = |piece: &Piece<'_>| match piece {
                    Piece::Literal(text) => text.to_string(),
                    Piece::Hole(_) => "${}".to_owned(),
                };
                let text: String = pieces.iter().map(shown).collect();
                // A path whose beginning is somewhere else may end in a policy's name.
                let end = text.strip_prefix("${}").and_then(|rest| rest.rsplit_once('/'));
                if let Some((_, name)) = end.filter(|(_, name)| !name.is_empty() && !name.contains("${}")) {
                    self.note_name(name.to_owned(), using);
                }
                text
            }
            _ => return Strings::Pieces,
        };
        self.note_arns(&text, using, Strings::Whole);
        Strings::Read
    }

    fn note_arns(&mut self, text: &str, using: UseAt, strings: Strings) {
        for arn in policy_arns(text) {
            match strings {
                Strings::Pieces => self.note_name("*".to_owned(), using),
                // A path that begins with `policy/` is an ARN's end only if something is put before it.
                _ if !arn.is_whole && arn.name == "*" => {}
                _ => self.note_name(arn.name, using),
            }
        }
    }

    /// Notes the names in what a permission set refers to: one policy, or a list of them.
    fn note_names(&mut self, node: &Node<'s>, using: UseAt) {
        match &node.value {
            Value::List(items) => items.iter().for_each(|item| self.note_names(item, using)),
            Value::Table(_) if node.get("Name").is_some() => {
                let name = node.get("Name").map(|name| name_of(name, self.values).pattern());
                self.note_name(name.map_or_else(|| "*".to_owned(), |name| name.as_str().to_owned()), using);
            }
            _ if intrinsic::call(node).is_some_and(|call| call.name == "If") => {
                let branches = intrinsic::call(node).and_then(|call| call.argument.list()).unwrap_or_default();
                branches.iter().skip(1).for_each(|branch| self.note_names(branch, using));
            }
            _ if intrinsic::is_no_value(node) => {}
            _ => self.note_name("*".to_owned(), using),
        }
    }

    fn note_name(&mut self, mut name: String, using: UseAt) {
        for id in self.ids.get(&name).map_or(&[][..], Vec::as_slice) {
            self.uses.entry(id).or_default().push(using);
        }
        if name.contains('*') && name != "*" {
            self.patterns += 1;
            if self.patterns > MAX_PATTERNS {
                name = "*".to_owned();
            }
            let like = Wildcard::new(name.as_str());
            let is_meant = |known: &str| known != name && like.overlaps(&Wildcard::new(known));
            for (_, ids) in self.ids.iter().filter(|(known, _)| is_meant(known)) {
                ids.iter().for_each(|id| self.uses.entry(id).or_default().push(UseAt::Elsewhere));
            }
        }
        self.by_name.push((name, using));
    }

    fn note(&mut self, logical_id: &str, using: UseAt) {
        if let Some(uses) = self.uses.get_mut(logical_id) {
            uses.push(using);
        } else if !self.in_loops.is_empty() {
            let meant = Wildcard::new(pattern_of(logical_id));
            for (_, id) in self.in_loops.iter().filter(|(made, _)| made.overlaps(&meant)) {
                self.uses.entry(id).or_default().push(using);
            }
        }
    }
}

/// Whether a policy is only spoken of below a key, as what another one is about.
fn is_only_spoken_of(key: &str) -> bool {
    matches!(key, "PolicyDocument" | "AssumeRolePolicyDocument" | "InlinePolicy" | "Statement")
}

/// What a mention below a key is; `None` where a policy is only spoken of, not used.
fn inside(key: &str, owner: Option<usize>, using: UseAt) -> Option<UseAt> {
    match key {
        "DependsOn" => None,
        "PermissionsBoundary" => Some(UseAt::Boundary),
        "ManagedPolicyArns" | "Policies" => Some(owner.map_or(using, UseAt::Attached)),
        _ => Some(using),
    }
}
