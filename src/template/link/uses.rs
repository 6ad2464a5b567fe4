//! From where a policy is written to what it is used as, by the types of the resources that take it.

use std::collections::BTreeSet;

use super::super::terraform::{POLICY_DOCUMENT, is_word};
use super::super::{Attachment, IdentityName, Link, UsedAs};
use super::Use;
use super::by_name::ByName;
use super::known::known;
use super::module::{Modules, Placed};
use super::name::{Scope, identity_kind, identity_name};
use super::sites::Site;
use crate::policy::SkipReason;
use crate::policy::arn::IdentityKind;
use crate::policy::wildcard::Wildcard;
use crate::source::Span;
use crate::syntax::hcl::Block;
use crate::syntax::{Node, Value};

/// The arguments of a document that take others.
const MERGED: [&str; 4] = ["source_policy_documents", "override_policy_documents", "source_json", "override_json"];

/// The resources that others may read a policy from that is written in them.
const INLINE: [&str; 3] = ["aws_iam_role_policy.", "aws_iam_user_policy.", "aws_iam_group_policy."];

/// What files other than those of modules speak of by ARN or name: in which file, and what it is used as there.
pub(super) type Spoken = ByName<(usize, UsedAs)>;

/// Something whose mentions are uses of a policy.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Target {
    /// A name in a module: `local.x`, `var.x`, `module.m.out`, `data.type.name`, `type.name`.
    Named { module: usize, name: String },
    /// A file, by its path.
    File(String),
}

/// Where a policy is written.
#[derive(Debug, Clone)]
pub(super) enum Place {
    /// As something that is mentioned elsewhere.
    Target { target: Target, what: What },
    /// In an attribute of a block.
    At { module: usize, file: usize, address: String, keys: Vec<String>, what: What },
}

/// What is followed: a document, or a managed policy by its ARN.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum What {
    Document,
    /// Statements that some module makes a document of.
    Statements,
    /// Actions that some statement is about.
    Actions,
    Managed,
}

/// What being somewhere means.
enum Meaning {
    Nothing,
    Attached(Vec<Attachment>),
    /// It goes on as something else.
    Flows(What, Vec<Target>),
    Merged(Target),
    Not(SkipReason),
    /// Whoever has it, has it by a way that is not known.
    Elsewhere,
}

/// All that is needed to follow a policy.
pub(super) struct Uses<'u, 'a> {
    modules: &'u Modules<'a>,
    /// Where the policies of each file stand.
    documents: &'u [Vec<Span>],
    /// What templates speak of by ARN or name, each with its file.
    spoken: &'u Spoken,
    /// The inputs of other modules that the user says are statements.
    stated: &'u dyn Fn(usize, &str) -> Vec<String>,
}

struct Following {
    using: Use,
    seen: BTreeSet<(What, Target)>,
    open: Vec<(What, Target)>,
}

impl<'u, 'a> Uses<'u, 'a> {
    pub(super) fn new(
        modules: &'u Modules<'a>,
        documents: &'u [Vec<Span>],
        spoken: &'u Spoken,
        stated: &'u dyn Fn(usize, &str) -> Vec<String>,
    ) -> Self {
        Self { modules, documents, spoken, stated }
    }

    /// What a policy is used as that is written somewhere.
    pub(super) fn of(&self, place: Place) -> Use {
        let using = Use { is_unused: true, ..Use::default() };
        let mut following = Following { using, seen: BTreeSet::new(), open: Vec::new() };
        let read = match &place {
            Place::Target { target: Target::File(path), .. } => self.modules.sites.may_be_read_elsewhere(path),
            _ => false,
        };
        match place {
            Place::Target { target, .. } if !self.is_in_effect(&target) => {}
            Place::Target { target, what } => {
                following.using.is_merged = self.is_merged(&target);
                following.go(what, target);
            }
            Place::At { module, file, address, keys, what } => {
                let site = Site { keys: keys.into(), ..Site::of(module, file, &address) };
                following.using.is_merged |= what == What::Statements && self.takes_documents(&site);
                following.take(what, self.meaning(what, &site));
                following.read_from(&site);
                self.hold_if_incomplete(&mut following, what, module);
            }
        }
        following = self.finish(following);
        if read && !following.using.is_unused {
            following.take(What::Document, Meaning::Elsewhere);
        }
        following.using
    }

    /// What cannot be read of a module may use whatever the module has.
    fn hold_if_incomplete(&self, following: &mut Following, what: What, module: usize) {
        if self.modules.get(module).is_some_and(|module| module.is_incomplete) {
            following.take(what, Meaning::Elsewhere);
        }
    }

    /// Takes what it means to be at a site; what cannot be read of its module may say something else.
    fn take_at(&self, following: &mut Following, what: What, site: &Site, meaning: Meaning) {
        let is_use = !matches!(meaning, Meaning::Nothing);
        following.take(what, meaning);
        if is_use {
            self.hold_if_incomplete(following, what, site.module);
        }
    }

    /// What a managed policy that the template in a file names is used as wherever else it is spoken of.
    pub(super) fn of_named(&self, name: &Wildcard, file: usize) -> Use {
        let using = Use { is_unused: true, ..Use::default() };
        let mut following = Following { using, seen: BTreeSet::new(), open: Vec::new() };
        for site in self.modules.sites.arns.of(name) {
            self.take_at(&mut following, What::Managed, site, self.meaning(What::Managed, site));
        }
        self.in_templates(&mut following, name, Some(file));
        self.perhaps(&mut following, name, self.modules.sites.arns.nameless());
        self.finish(following).using
    }

    fn finish(&self, mut following: Following) -> Following {
        while let Some((what, target)) = following.open.pop() {
            self.follow(&mut following, what, &target);
        }
        following
    }

    /// What it means that templates speak of a managed policy by ARN or name, but for the one that declares it, which
    /// knows better.
    fn in_templates(&self, following: &mut Following, name: &Wildcard, own: Option<usize>) {
        for (_, used_as) in self.spoken.of(name).filter(|(file, _)| Some(*file) != own) {
            let meaning = match used_as {
                // What a stack makes a name of, only the settings of that template's file say.
                UsedAs::PolicyOf(of) if of.iter().any(|of| matches!(of.name, IdentityName::Generated(_))) => {
                    Meaning::Elsewhere
                }
                UsedAs::PolicyOf(of) => Meaning::Attached(of.clone()),
                UsedAs::Boundary => Meaning::Not(SkipReason::Boundary),
                UsedAs::Other => Meaning::Elsewhere,
            };
            following.take(What::Managed, meaning);
        }
    }

    /// Holds a policy back where something is spoken of that may be it: a part of one name or of both only deployment
    /// knows.
    fn perhaps<'s>(&'s self, following: &mut Following, name: &Wildcard, nameless: impl Iterator<Item = &'s Site>) {
        let mut sites = nameless.chain(self.modules.sites.arns.may_be_of(name));
        let mut in_modules = || sites.any(|site| !matches!(self.meaning(What::Managed, site), Meaning::Nothing));
        if self.spoken.nameless().chain(self.spoken.may_be_of(name)).next().is_some() || in_modules() {
            following.take(What::Managed, Meaning::Elsewhere);
        }
    }

    fn follow(&self, following: &mut Following, what: What, target: &Target) {
        let names = self.names_of_managed(what, target);
        for site in self.sites(target, &names) {
            let taken = match what {
                What::Statements | What::Actions => self.taken(what, site),
                What::Document if site.takes_apart => None,
                What::Document | What::Managed => Some(what),
            };
            let meaning = taken.map_or(Meaning::Not(SkipReason::Opaque), |what| self.meaning(what, site));
            following.using.is_merged |= site.keys.first().is_some_and(|key| is_merged_input(key));
            self.take_at(following, what, site, meaning);
            following.read_from(site);
        }
        for name in &names {
            self.in_templates(following, name, None);
            self.perhaps(following, name, std::iter::empty());
        }
        match target {
            Target::Named { module, .. } => self.hold_if_incomplete(following, what, *module),
            Target::File(path) => {
                let sites = self.modules.sites.of_path(path).map(|site| (site, self.meaning(what, site)));
                // The path may be another file's: that this one is something else is not said.
                let sites = sites.filter(|(_, meaning)| !matches!(meaning, Meaning::Not(_)));
                sites.for_each(|(site, meaning)| self.take_at(following, what, site, meaning));
                let open = self.modules.sites.of_open_path(path).map(|site| self.meaning(what, site));
                let is_use = |meaning: &Meaning| {
                    matches!(meaning, Meaning::Attached(_) | Meaning::Flows(..) | Meaning::Merged(_))
                };
                // Whether it is this file nobody knows, so that it says no name; but it may be.
                if open.into_iter().any(|meaning| is_use(&meaning)) {
                    following.take(what, Meaning::Elsewhere);
                }
            }
        }
    }

    /// Whether the module that statements are given to takes documents too, whose statements they may hide.
    fn takes_documents(&self, site: &Site) -> bool {
        let call = self.modules.block(site.module, &site.address);
        call.is_some_and(|call| call.block.body.attributes.iter().any(|entry| is_merged_input(&entry.key)))
    }

    /// Whether a value is what it is written as: a variable may be given another.
    fn is_in_effect(&self, target: &Target) -> bool {
        let Target::Named { module, name } = target else { return true };
        name.strip_prefix("var.").is_none_or(|name| self.modules.may_be_default(*module, name))
    }

    /// What statements or actions are part of that are mentioned somewhere, if they are taken there as they are.
    fn taken(&self, what: What, site: &Site) -> Option<What> {
        let (kind, name) = site.address.split_once('.').unwrap_or_default();
        let node = match (kind, &*site.keys) {
            ("local", _) => self.modules.local(site.module, name),
            (_, [key]) => self.modules.block(site.module, &site.address).and_then(|placed| placed.block.body.get(key)),
            (_, [..]) if site.address.starts_with(POLICY_DOCUMENT) => return Some(what),
            (_, _) => None,
        }?;
        if reaches(node, site.offset) {
            return Some(what);
        }
        (what == What::Actions && acts(node, site.offset)).then_some(What::Statements)
    }

    /// Whether a document takes statements of others.
    fn is_merged(&self, target: &Target) -> bool {
        let Target::Named { module, name } = target else { return false };
        let placed = self.modules.block(*module, name).filter(|_| name.starts_with(POLICY_DOCUMENT));
        placed.is_some_and(|placed| MERGED.iter().any(|key| placed.block.body.get(key).is_some()))
    }

    /// Where something is mentioned, by one of the names of what it is as well.
    fn sites(&self, target: &Target, names: &[Wildcard]) -> Vec<&Site> {
        let mut sites: Vec<&Site> = self.modules.sites.of_target(target).iter().collect();
        if let Target::Named { module, name } = target
            && let Some((base, _)) = name.strip_prefix("module.").and_then(|rest| rest.split_once('.'))
        {
            let all = Target::Named { module: *module, name: format!("module.{base}.*") };
            sites.extend(self.modules.sites.of_target(&all));
        }
        for name in names {
            sites.extend(self.modules.sites.arns.of(name).chain(self.modules.sites.arns.nameless()));
        }
        sites
    }

    /// The names of a managed policy, as far as they are known.
    fn names_of_managed(&self, what: What, target: &Target) -> Vec<Wildcard> {
        let Target::Named { module, name } = target else { return Vec::new() };
        // Of a module's outputs, the call says how what it makes is called.
        let call = name.strip_prefix("module.").and_then(|rest| rest.split('.').next());
        let address = call.map_or_else(|| name.clone(), |call| format!("module.{call}"));
        let Some(placed) = self.modules.block(*module, &address).filter(|_| what == What::Managed) else {
            return Vec::new();
        };
        let named = |key: &str| -> Option<Vec<Wildcard>> {
            let names = self.modules.names(placed.block.body.get(key)?, Scope::of(placed), 0);
            Some(names.into_iter().map(|name| identity_name(&name).pattern()).collect())
        };
        let begun =
            |names: Vec<Wildcard>| names.iter().map(|name| Wildcard::new(format!("{}*", name.as_str()))).collect();
        let whole = named("name").or_else(|| named("managed_policy_name"));
        whole.or_else(|| named("name_prefix").map(begun)).unwrap_or_default()
    }

    fn meaning(&self, what: What, site: &Site) -> Meaning {
        let named = |name: &str| Target::Named { module: site.module, name: name.to_owned() };
        let key = site.keys.first().map(String::as_str).unwrap_or_default();
        let kind = site.address.split('.').next().unwrap_or_default();
        match (kind, key) {
            ("local", _) if self.is_in_document(what, site) => Meaning::Nothing,
            ("local", _) => Meaning::Flows(what, vec![named(&site.address)]),
            ("output", "value") => self.output(what, site),
            ("provider", "assume_role" | "assume_role_with_web_identity") => Meaning::Not(SkipReason::SessionPolicy),
            ("var", "default") if what == What::Managed && !self.is_in_document(what, site) => Meaning::Elsewhere,
            ("var" | "provider" | "terraform" | "check" | "moved" | "removed" | "import" | "output", _) => {
                Meaning::Nothing
            }
            (_, "depends_on" | "count" | "lifecycle" | "triggers" | "tags" | "provisioner") => Meaning::Nothing,
            ("module", "source" | "version" | "providers") => Meaning::Nothing,
            ("module", input) => self.input(what, site, input),
            _ if site.address.starts_with(POLICY_DOCUMENT) => match (what, key) {
                (What::Actions | What::Statements, key) if MERGED.contains(&key) => Meaning::Not(SkipReason::Opaque),
                (_, key) if MERGED.contains(&key) => Meaning::Merged(named(&site.address)),
                (What::Managed, _) => Meaning::Nothing,
                (_, "statement" | "dynamic.statement") => self.in_statement(what, site),
                (_, "dynamic") => Meaning::Not(SkipReason::Opaque),
                _ => Meaning::Nothing,
            },
            ("data", "template") if site.address.starts_with("data.template_file.") => {
                Meaning::Flows(what, vec![named(&site.address)])
            }
            ("data", "arn" | "name") if what == What::Managed && site.address.starts_with("data.aws_iam_policy.") => {
                Meaning::Flows(what, vec![named(&site.address)])
            }
            (_, "for_each") => self.repeated(what, site),
            _ if what == What::Actions => Meaning::Not(SkipReason::Opaque),
            _ => match self.modules.block(site.module, &site.address) {
                Some(placed) if what == What::Managed => self.managed(placed, site, key),
                Some(placed) => self.document(placed, site, key),
                None => Meaning::Elsewhere,
            },
        }
    }

    /// What it means that a policy, or a part of one, stands in a statement of a document.
    fn in_statement(&self, what: What, site: &Site) -> Meaning {
        let flows = || {
            Meaning::Flows(What::Document, vec![Target::Named { module: site.module, name: site.address.to_string() }])
        };
        let keys: Vec<&str> = site.keys.iter().skip(1).map(String::as_str).collect();
        let takes = |block: &Block| {
            let allows = block.body.get("effect").is_none_or(|effect| effect.text() == Some("Allow"));
            allows && block.body.get("actions").is_some_and(|node| reaches(node, site.offset))
        };
        let blocks =
            self.modules.block(site.module, &site.address).into_iter().flat_map(|placed| &placed.block.body.blocks);
        let at = Span { start: site.offset, end: site.offset };
        let block = blocks.into_iter().find(|block| block.span.contains(at));
        let is_taken = match keys.as_slice() {
            ["for_each"] => block.is_some_and(|block| repeats_as_written(block, site.offset)),
            ["actions"] => block.is_some_and(takes),
            ["content", "actions"] => {
                block.is_some_and(|block| block.body.blocks_named("content").next().is_some_and(takes))
            }
            ["not_actions" | "effect"] | ["content", "not_actions" | "effect"] => false,
            // Elsewhere in a statement, in a condition for one, a list says something else.
            _ if matches!(what, What::Actions | What::Statements) => false,
            _ => return Meaning::Nothing,
        };
        if is_taken { flows() } else { Meaning::Not(SkipReason::Opaque) }
    }

    /// An ARN inside of a policy is spoken of, not used.
    fn is_in_document(&self, what: What, site: &Site) -> bool {
        let at = Span { start: site.offset, end: site.offset };
        what == What::Managed
            && self.documents.get(site.file).is_some_and(|all| all.iter().any(|span| span.contains(at)))
    }

    fn output(&self, what: What, site: &Site) -> Meaning {
        if self.is_in_document(what, site) {
            return Meaning::Nothing;
        }
        match self.callers_of(site.module, &site.address) {
            Some(targets) => Meaning::Flows(what, targets),
            None => Meaning::Elsewhere,
        }
    }

    /// Where an output goes: to whoever calls the module, who may be outside of the repository.
    fn callers_of(&self, module: usize, output: &str) -> Option<Vec<Target>> {
        let callers = &self.modules.get(module)?.callers;
        let name = output.strip_prefix("output.").filter(|_| !self.modules.has_unknown_callers)?;
        let target = |call: &Placed<'_>| {
            let label = call.block.labels.first().map(String::as_str).unwrap_or_default();
            Target::Named { module: call.module, name: format!("module.{label}.{name}") }
        };
        (!callers.is_empty()).then(|| callers.iter().map(target).collect())
    }

    /// Something in `for_each` is wherever `each` is.
    fn repeated(&self, what: What, site: &Site) -> Meaning {
        let Some(placed) = self.modules.block(site.module, &site.address) else { return Meaning::Elsewhere };
        let refers = |node: &Node<'_>| matches!(&node.value, Value::Reference(name) if name.starts_with("each."));
        let taking = placed.block.body.attributes.iter().find(|entry| {
            refers(&entry.value) && ["policy_arn", "policy", "inline_policy", "policy_document"].contains(&&*entry.key)
        });
        match taking {
            Some(entry) if what == What::Managed => self.managed(placed, site, &entry.key),
            Some(entry) => self.document(placed, site, &entry.key),
            None => Meaning::Elsewhere,
        }
    }

    fn input(&self, what: What, site: &Site, input: &str) -> Meaning {
        let Some(call) = self.modules.block(site.module, &site.address) else { return Meaning::Elsewhere };
        if self.is_in_document(what, site) {
            return Meaning::Nothing;
        }
        if let Some(module) = self.modules.called(call) {
            if input == "for_each" {
                return Meaning::Elsewhere;
            }
            return Meaning::Flows(what, vec![Target::Named { module, name: format!("var.{input}") }]);
        }
        let source = call.block.body.get("source").and_then(Node::text).unwrap_or_default();
        if input.contains("permissions_boundary") {
            return Meaning::Not(SkipReason::Boundary);
        }
        if input.contains("trust") || input.contains("assume_role") {
            return Meaning::Not(SkipReason::TrustPolicy);
        }
        if source.contains("iam/aws//modules/iam-policy") && input == "policy" {
            let name = format!("{}.arn", site.address);
            return Meaning::Flows(What::Managed, vec![Target::Named { module: site.module, name }]);
        }
        let known = known(source);
        let is_taken = known.is_some_and(|known| match what {
            What::Managed => known.arns.contains(&input),
            What::Document | What::Statements => known.policies.contains(&input),
            What::Actions => false,
        });
        match known {
            Some(known) if is_taken => Meaning::Attached(self.modules.identity_of_known(call, known.kind)),
            _ if what == What::Actions => Meaning::Not(SkipReason::OtherResource),
            _ if what != What::Managed && (self.stated)(site.file, source).iter().any(|stated| stated == input) => {
                Meaning::Attached(vec![unknown_role()])
            }
            _ if what == What::Statements => Meaning::Not(SkipReason::OtherResource),
            _ => Meaning::Elsewhere,
        }
    }

    /// What it means that a document stands in an attribute of a resource.
    fn document(&self, placed: Placed<'a>, site: &Site, key: &str) -> Meaning {
        let body = &placed.block.body;
        let kind = placed.block.labels.first().map(String::as_str).unwrap_or_default();
        let attached = |key: &str, kind| match body.get(key) {
            Some(node) => Meaning::Attached(self.modules.identities(node, kind, Scope::of(placed))),
            None => Meaning::Elsewhere,
        };
        match (kind, key) {
            ("aws_iam_policy", "policy") | ("awscc_iam_managed_policy", "policy_document") => {
                let name = site.address.to_string();
                Meaning::Flows(What::Managed, vec![Target::Named { module: site.module, name }])
            }
            ("aws_iam_role_policy", "policy") => attached("role", IdentityKind::Role),
            ("aws_iam_user_policy", "policy") => attached("user", IdentityKind::User),
            ("aws_iam_group_policy", "policy") => attached("group", IdentityKind::Group),
            ("awscc_iam_role_policy", "policy_document") => attached("role_name", IdentityKind::Role),
            ("awscc_iam_user_policy", "policy_document") => attached("user_name", IdentityKind::User),
            ("awscc_iam_group_policy", "policy_document") => attached("group_name", IdentityKind::Group),
            ("aws_iam_role", "inline_policy" | "dynamic.inline_policy")
            | ("awscc_iam_role" | "awscc_iam_user" | "awscc_iam_group", "policies") => {
                Meaning::Attached(self.modules.identity_of(placed, Link::Name))
            }
            ("aws_iam_role" | "awscc_iam_role", "assume_role_policy" | "assume_role_policy_document") => {
                Meaning::Not(SkipReason::TrustPolicy)
            }
            ("aws_ssoadmin_permission_set_inline_policy", "inline_policy") => self.permission_set(placed),
            _ => Meaning::Not(other_reason(kind)),
        }
    }

    /// What it means that the ARN of a managed policy stands in an attribute of a resource.
    fn managed(&self, placed: Placed<'a>, site: &Site, key: &str) -> Meaning {
        let body = &placed.block.body;
        let kind = placed.block.labels.first().map(String::as_str).unwrap_or_default();
        let attached = |keys: &[(&str, IdentityKind)]| {
            let given = keys.iter().filter_map(|(key, kind)| Some((body.get(key)?, *kind)));
            let all = given.flat_map(|(node, kind)| self.modules.identities(node, kind, Scope::of(placed)));
            Meaning::Attached(all.collect())
        };
        const ROLE: (&str, IdentityKind) = ("role", IdentityKind::Role);
        match (kind, key) {
            ("aws_iam_role_policy_attachment", "policy_arn") => attached(&[ROLE]),
            ("aws_iam_user_policy_attachment", "policy_arn") => attached(&[("user", IdentityKind::User)]),
            ("aws_iam_group_policy_attachment", "policy_arn") => attached(&[("group", IdentityKind::Group)]),
            ("aws_iam_policy_attachment", "policy_arn") => attached(&[
                ("roles", IdentityKind::Role),
                ("users", IdentityKind::User),
                ("groups", IdentityKind::Group),
            ]),
            ("aws_iam_role_policy_attachments_exclusive", "policy_arns") => {
                attached(&[("role_name", IdentityKind::Role)])
            }
            ("aws_iam_user_policy_attachments_exclusive", "policy_arns") => {
                attached(&[("user_name", IdentityKind::User)])
            }
            ("aws_iam_group_policy_attachments_exclusive", "policy_arns") => {
                attached(&[("group_name", IdentityKind::Group)])
            }
            (_, "permissions_boundary" | "permissions_boundary_arn")
            | ("aws_ssoadmin_permissions_boundary_attachment", _) => Meaning::Not(SkipReason::Boundary),
            (_, "managed_policy_arns") if identity_kind(kind).is_some() => {
                Meaning::Attached(self.modules.identity_of(placed, Link::Reference))
            }
            ("aws_ssoadmin_customer_managed_policy_attachment" | "aws_ssoadmin_managed_policy_attachment", _) => {
                self.permission_set(placed)
            }
            (_, "assume_role_policy") => Meaning::Nothing,
            _ if self.is_in_document(What::Managed, site) => Meaning::Nothing,
            _ => Meaning::Elsewhere,
        }
    }

    fn permission_set(&self, placed: Placed<'a>) -> Meaning {
        let set = placed.block.body.get("permission_set_arn").and_then(|node| match &node.value {
            Value::Reference(name) => {
                let parts: Vec<&str> = name.split('.').take(2).collect();
                self.modules.block(placed.module, &parts.join("."))
            }
            _ => None,
        });
        let known = set.map(|set| self.modules.permission_set_of(set, Link::Reference)).filter(|all| !all.is_empty());
        Meaning::Attached(known.unwrap_or_else(|| vec![unknown_role()]))
    }
}

impl Following {
    /// Follows what is read from the resource that a policy is written in.
    fn read_from(&mut self, site: &Site) {
        if INLINE.iter().any(|kind| site.address.starts_with(kind)) {
            self.go(What::Document, Target::Named { module: site.module, name: site.address.to_string() });
        }
    }

    fn go(&mut self, what: What, target: Target) {
        if self.seen.insert((what, target.clone())) {
            self.open.push((what, target));
        }
    }

    fn take(&mut self, what: What, meaning: Meaning) {
        match meaning {
            Meaning::Nothing => {}
            Meaning::Attached(attachments) => {
                self.using.is_unused = false;
                self.using.is_inline |= what != What::Managed;
                attachments.into_iter().for_each(|attachment| self.attach(attachment));
            }
            Meaning::Flows(what, targets) => {
                if what == What::Managed {
                    self.using.is_unused = false;
                    self.using.is_managed = true;
                }
                targets.into_iter().for_each(|target| self.go(what, target));
            }
            Meaning::Merged(target) => {
                self.using.is_merged = true;
                self.go(What::Document, target);
            }
            Meaning::Not(reason) => {
                self.using.is_unused = false;
                self.using.not = self.using.not.or(Some(reason));
            }
            Meaning::Elsewhere => {
                self.using.is_unused = false;
                self.attach(unknown_role());
            }
        }
    }

    fn attach(&mut self, attachment: Attachment) {
        if !self.using.attachments.contains(&attachment) {
            self.using.attachments.push(attachment);
        }
    }
}

/// Whether a module merges what an input gives with other documents, statement by `Sid`.
fn is_merged_input(input: &str) -> bool {
    ["policy_documents", "policy_jsons", "_documents"].iter().any(|ending| input.ends_with(ending))
}

/// Whether each statement of what stands at an offset, for which a block is repeated, becomes one that says the same.
fn repeats_as_written(block: &Block, offset: u32) -> bool {
    if !block.body.get("for_each").is_some_and(|node| reaches(node, offset)) {
        return false;
    }
    let mut contents = block.body.blocks_named("content");
    let (Some(content), None) = (contents.next(), contents.next()) else { return false };
    let is_own = |key: &str| match content.body.get(key).map(|node| &node.value) {
        None => true,
        Some(Value::Text(text)) => key == "effect" && text == "Allow",
        Some(Value::Reference(name)) => name.ends_with(&format!(".{key}")),
        // A look at a key that need not be there, and what counts if it is not.
        Some(Value::Call(function, arguments)) => match (function.as_ref(), arguments.as_slice()) {
            ("lookup", [_, named, rest @ ..]) => named.text() == Some(key) && is_default(key, rest),
            ("try" | "coalesce", [Node { value: Value::Reference(name), .. }, rest @ ..]) => {
                name.ends_with(&format!(".{key}")) && is_default(key, rest)
            }
            _ => false,
        },
        Some(_) => false,
    };
    content.body.get("actions").is_some() && ["actions", "not_actions", "effect"].iter().all(|key| is_own(key))
}

fn is_default(key: &str, rest: &[Node<'_>]) -> bool {
    let says_nothing = |node: &Node<'_>| match &node.value {
        Value::Text(text) => key == "effect" && text == "Allow",
        Value::List(items) => items.is_empty(),
        Value::Scalar => true,
        _ => false,
    };
    rest.iter().all(says_nothing)
}

/// Functions that give what they are given, or a text of it.
const PASSING: [&str; 7] = ["jsonencode", "merge", "values", "try", "coalesce", "coalescelist", "tomap"];

/// Whether the value at an offset is part of what a value comes to, as it is.
///
/// Depth is bounded by the parser's limit on nesting.
fn reaches(node: &Node<'_>, offset: u32) -> bool {
    let any = |nodes: &[Node<'_>]| nodes.iter().any(|node| reaches(node, offset));
    match &node.value {
        // One that is told by its index is another one when an item goes.
        Value::Reference(name) => !name.ends_with('*') && node.span.contains(Span { start: offset, end: offset }),
        Value::Call(name, arguments) => PASSING.contains(&name.as_ref()) && any(arguments),
        Value::List(items) | Value::Concat(items) | Value::Choice(items) => any(items),
        // What a statement says in a key is not what it is.
        Value::Table(entries) => entries.iter().any(|entry| !is_word(&entry.key) && reaches(&entry.value, offset)),
        Value::Text(_) | Value::Template(_) | Value::Scalar | Value::Opaque => false,
    }
}

/// Whether the value at an offset is the actions of a statement that allows, in what a value comes to.
///
/// Depth is bounded by the parser's limit on nesting.
fn acts(node: &Node<'_>, offset: u32) -> bool {
    let any = |nodes: &[Node<'_>]| nodes.iter().any(|node| acts(node, offset));
    match &node.value {
        Value::Call(name, arguments) => PASSING.contains(&name.as_ref()) && any(arguments),
        Value::List(items) | Value::Concat(items) | Value::Choice(items) => any(items),
        Value::Table(entries) => {
            let effect = node.get("Effect").or(node.get("effect")).map(|effect| effect.text() == Some("Allow"));
            entries.iter().any(|entry| match entry.key.as_ref() {
                "Action" => effect == Some(true) && reaches(&entry.value, offset),
                "actions" => effect.unwrap_or(true) && reaches(&entry.value, offset),
                _ => acts(&entry.value, offset),
            })
        }
        _ => false,
    }
}

fn unknown_role() -> Attachment {
    Attachment { kind: IdentityKind::Role, name: IdentityName::Unknown, link: Link::Reference }
}

/// What a policy of a resource is whose type has no identity policy.
fn other_reason(kind: &str) -> SkipReason {
    match kind {
        "aws_organizations_policy" => SkipReason::ServiceControlPolicy,
        "aws_iot_policy" => SkipReason::IotPolicy,
        "aws_transfer_user" | "aws_transfer_access" | "aws_eks_pod_identity_association" => SkipReason::SessionPolicy,
        _ => SkipReason::OtherResource,
    }
}
