//! Where policies sit in a file, and what the file itself says of whose they are.
//!
//! Does not know findings or edits.

mod account;
mod attached;
mod cloudformation;
mod identity;
mod intrinsic;
pub mod link;
pub mod plan;
mod policy_arn;
mod reader;
mod sam;
mod serverless;
mod standalone;
pub mod terraform;
#[cfg(test)]
mod tests;

use std::collections::HashSet;

use crate::policy::arn::{IdentityArn, IdentityKind};
use crate::policy::wildcard::Wildcard;
use crate::policy::{Policy, SkipReason};
use crate::source::{Layer, LayerId, Problem, Span, span_in_file};
pub use crate::syntax::detect::notation;
use crate::syntax::detect::{calls_modules, may_hand_over};
use crate::syntax::{Node, Notation, hcl, json, yaml};
use intrinsic::At;
use policy_arn::{PolicyArn, policy_arns};
use reader::Reader;

/// What was read out of one file.
#[derive(Debug, Default)]
pub struct FileReading {
    /// The texts written inside the file's own.
    pub layers: Vec<Layer>,
    /// The identity policies, in order of their places.
    pub documents: Vec<Document>,
    /// The policies that are not refined, in order of their places.
    pub skipped: Vec<Skipped>,
    /// The identities that the file declares, in order of their places.
    pub identities: Vec<DeclaredIdentity>,
    /// The users that it puts into groups.
    pub memberships: Vec<Membership>,
    /// What could not be read.
    pub problems: Vec<Problem>,
    /// The names that a plan or a state of Terraform gives to identities.
    pub real_names: plan::RealNames,
    /// The policies of a plan or a state: copies, which count if the file is named.
    pub copies: Vec<Document>,
    /// The managed policies that it speaks of by ARN or name outside of policies, wherever they are declared.
    pub mentions: Vec<PolicyMention>,
    /// Where templates stand that say all of this themselves.
    pub templates: Vec<Span>,
    /// What a file of a Terraform module says, for its module to be put together.
    pub body: Option<hcl::Body>,
    /// Whether something else than the text has changed its documents since: read again, it may say other things.
    pub is_changed: bool,
}

/// An identity policy and where it sits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// The text it stands in; all its spans are of that text.
    pub layer: LayerId,
    /// The way from the root of the file to it.
    pub path: Vec<Step>,
    /// The policy.
    pub policy: Policy,
    /// The notation of that text.
    pub notation: Notation,
    /// What kind of file it is in.
    pub format: Format,
    /// How it is attached, where the file says it.
    pub kind: DocumentKind,
    /// Whose it is, as far as the repository says it.
    pub attachments: Vec<Attachment>,
    /// The name of a managed policy, as far as the file says it, with `*` for what deployment puts in.
    pub name: Option<Wildcard>,
    /// Why it is never written, if so.
    pub read_only: Option<&'static str>,
    /// The construct of the CDK that makes it, such as `App/Role/DefaultPolicy/Resource`.
    pub construct: Option<String>,
}

/// How a policy is attached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DocumentKind {
    /// A policy of one role, user or group.
    Inline,
    /// A policy that can be attached to many.
    Managed,
    /// A document whose file does not say.
    Standalone,
}

/// What kind of file a policy is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Format {
    /// A policy document, alone or inside some other JSON.
    Json,
    /// A CloudFormation template.
    CloudFormation,
    /// A CloudFormation template with the SAM transform.
    Sam,
    /// A configuration of the Serverless Framework.
    Serverless,
    /// A Terraform or OpenTofu module.
    Terraform,
}

/// An identity that a policy is attached to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    /// What it is.
    pub kind: IdentityKind,
    /// Its name, as far as the repository says it.
    pub name: IdentityName,
    /// How the file says that the policy belongs to it.
    pub link: Link,
}

/// A role, user or group that a file declares as a thing of its own, with policies or without.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeclaredIdentity {
    /// What stands for it in the file's own bytes: its logical id, or the labels of its block.
    pub span: Span,
    /// What the file says of its name.
    pub identity: Attachment,
}

/// A user in a group, as far as the file says who and in which.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Membership {
    /// The group.
    pub group: IdentityName,
    /// The user.
    pub user: IdentityName,
}

/// How many users in how many groups one place can put, each pair counted; of more, anybody may be in any group.
const MAX_MEMBERSHIPS: usize = 10_000;

impl Membership {
    /// All of these users in each of these groups.
    fn of_all(groups: &[Attachment], users: &[Attachment]) -> Vec<Self> {
        if groups.len().saturating_mul(users.len()) > MAX_MEMBERSHIPS {
            return vec![Self { group: IdentityName::Unknown, user: IdentityName::Unknown }];
        }
        let pairs = groups.iter().flat_map(|group| users.iter().map(move |user| (group, user)));
        pairs.map(|(group, user)| Self { group: group.name.clone(), user: user.name.clone() }).collect()
    }
}

/// A managed policy that a file speaks of by its ARN or its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyMention {
    /// Its name, with `*` for what deployment puts in.
    pub name: Wildcard,
    /// What it is used as there.
    pub used_as: UsedAs,
}

/// What a managed policy is used as where it is spoken of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UsedAs {
    /// As a policy of these identities.
    PolicyOf(Vec<Attachment>),
    /// As a bound of what other policies can grant.
    Boundary,
    /// In some other way.
    Other,
}

/// What the repository says of an identity's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IdentityName {
    /// This, without a path.
    Exact(String),
    /// That in this ARN, and so its account too.
    Arn(IdentityArn),
    /// Literal parts with holes, each written as `*`: `*-app` for `!Sub "${AWS::StackName}-app"`.
    Pattern(Wildcard),
    /// CloudFormation makes it up: `<stack>-<logical id>-<random>`.
    Generated(String),
    /// A permission set of Identity Center, whose roles are named `AWSReservedSSO_<this>_<hex>`.
    PermissionSet(String),
    /// It says nothing of the name.
    Unknown,
}

impl IdentityName {
    /// What is written of it, with `*` for the rest.
    fn pattern(self) -> Wildcard {
        match self {
            Self::Exact(name) => Wildcard::new(name),
            Self::Pattern(pattern) => pattern,
            Self::Arn(_) | Self::Generated(_) | Self::PermissionSet(_) | Self::Unknown => Wildcard::new("*"),
        }
    }
}

/// How a policy is tied to an identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Link {
    /// By following references inside the repository.
    Reference,
    /// By writing it inside of the identity, or naming that.
    Name,
}

/// One step of the way to a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Into one of several YAML documents, from 0.
    Document(usize),
    /// Into the value of a key.
    Key(String),
    /// Into an item, from 0.
    Item(usize),
    /// Into the text that a string holds.
    Inner,
}

/// A policy that is not refined, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    /// Where it stands, in the file's own bytes.
    pub span: Span,
    /// Why.
    pub reason: SkipReason,
}

impl DocumentKind {
    /// The word in reports.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Inline => "inline",
            Self::Managed => "managed",
            Self::Standalone => "standalone",
        }
    }
}

impl Format {
    /// The word in `policies`.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::CloudFormation => "cloudformation",
            Self::Sam => "sam",
            Self::Serverless => "serverless",
            Self::Terraform => "terraform",
        }
    }
}

impl Document {
    /// The way to it as one string, such as `PolicyVersion/Document`; empty for the file's root.
    ///
    /// In a template that is the resource's logical id and the way on from its properties: `AppRole/Policies/0`.
    #[must_use]
    pub fn address(&self) -> String {
        let mut steps: Vec<String> = self.path.iter().filter_map(Step::word).collect();
        if self.format == Format::Terraform {
            steps.pop_if(|last| last == "policy" || last == "policy_document");
        }
        if let Some(at) = self.resources_at() {
            let logical_id = steps.split_off(at + 1);
            steps.truncate(usize::from(matches!(self.path.first(), Some(Step::Document(_)))));
            let is_left_out = |step: &str| matches!(step, "Properties" | "PolicyDocument") || step.starts_with("Fn::");
            steps.extend(logical_id.into_iter().filter(|step| !is_left_out(step)));
        }
        steps.join("/")
    }

    fn resources_at(&self) -> Option<usize> {
        let is_template = matches!(self.format, Format::CloudFormation | Format::Sam | Format::Serverless);
        let is_resources = |step: &Step| matches!(step, Step::Key(key) if key == "Resources");
        self.path.iter().position(is_resources).filter(|_| is_template)
    }
}

impl Step {
    fn word(&self) -> Option<String> {
        match self {
            Self::Key(key) => Some(key.clone()),
            Self::Item(index) | Self::Document(index) => Some(index.to_string()),
            Self::Inner => None,
        }
    }
}

/// Reads a file of any notation that this version knows; a file of another one is none of ours.
#[must_use]
pub fn read_file(path: &str, text: &str) -> FileReading {
    let mut reading = FileReading::default();
    match notation(path, text) {
        Some(Notation::Json) => match json::parse(text) {
            Ok(Some(root)) if terraform::json::is_of_module(path) => {
                let body = terraform::json::body(&root, path.ends_with(".tfvars.json"));
                read_body(text, body, Notation::Json, &mut reading);
                if path.split('/').any(|part| part == "cdktf.out") {
                    reading.documents.iter_mut().for_each(|document| document.read_only = Some(MADE_BY_CDK));
                }
            }
            Ok(root) => {
                root.iter().for_each(|root| read_root(path, text, root, Vec::new(), Notation::Json, &mut reading));
            }
            Err(problem) => reading.problems.push(problem),
        },
        Some(Notation::Yaml) => read_yaml(path, text, &mut reading),
        Some(Notation::Hcl) => match hcl::parse(text) {
            Ok(body) => read_body(text, body, Notation::Hcl, &mut reading),
            Err(problem) => reading.problems.push(problem),
        },
        None if calls_modules(path) => reading.problems.extend(hcl::parse(text).err()),
        None => {}
    }
    reading.skipped.sort_by_key(|skipped| skipped.span);
    reading.identities.sort_by_key(|declared| declared.span);
    let is_plan = !(reading.copies.is_empty() && reading.real_names.is_empty());
    // What a module's files mention is found when they are put together.
    if !is_plan && (reading.body.is_none() || may_hand_over(path)) {
        let is_whole = reading.problems.is_empty();
        note_mentions(text, &mut reading, is_whole);
    }
    reading
}

/// What a file that cannot be read as a whole speaks of, as far as its text is known.
#[must_use]
pub fn read_unread(text: &str) -> FileReading {
    let mut reading = FileReading::default();
    note_mentions(text, &mut reading, false);
    reading
}

/// Notes the ARNs of managed policies anywhere else in a text: who has a policy there is not known, but somebody may.
fn note_mentions(text: &str, reading: &mut FileReading, is_whole: bool) {
    let documents = reading.documents.iter();
    let documents = documents.map(|of| span_in_file(&reading.layers, of.layer, of.policy.span));
    let passed = reading.skipped.iter().map(|skipped| skipped.span);
    // A template that was read says all of this itself.
    let templates = std::mem::take(&mut reading.templates).into_iter().filter(|_| is_whole);
    let mut policies: Vec<Span> = documents.chain(passed).chain(templates).collect();
    policies.sort_unstable();
    let mut ends = 0;
    let mut policies = policies.into_iter().peekable();
    let mut known: HashSet<String> = reading.mentions.iter().map(|said| said.name.as_lower().to_owned()).collect();
    for PolicyArn { offset, name, .. } in policy_arns(text).filter(|arn| arn.is_whole) {
        while let Some(span) = policies.next_if(|span| span.start as usize <= offset) {
            ends = ends.max(span.end as usize);
        }
        let name = Wildcard::new(name);
        if offset >= ends && known.insert(name.as_lower().to_owned()) {
            reading.mentions.push(PolicyMention { name, used_as: UsedAs::Other });
        }
    }
    // Names are found in values, and not all of these are known.
    if !is_whole && attached::may_fill_groups(text) {
        reading.memberships.push(Membership { group: IdentityName::Unknown, user: IdentityName::Unknown });
    }
    if !is_whole && attached::may_speak_by_name(text) {
        reading.mentions.push(PolicyMention { name: Wildcard::new("*"), used_as: UsedAs::Other });
    }
}

fn read_body(text: &str, body: hcl::Body, notation: Notation, reading: &mut FileReading) {
    let mut reader = Reader { file: text, reading, notation, format: Format::Terraform, layer: LayerId::FILE };
    terraform::read(&mut reader, &body);
    reading.body = Some(body);
}

fn read_yaml(path: &str, text: &str, reading: &mut FileReading) {
    let stream = yaml::parse(text);
    let are_many = stream.documents.len() > 1;
    for (index, root) in stream.documents.iter().enumerate() {
        let way = if are_many { vec![Step::Document(index)] } else { Vec::new() };
        read_root(path, text, root, way, Notation::Yaml, reading);
    }
    reading.problems.extend(stream.problem);
}

/// Why what AWS printed is never written; a copy of what is granted anyway.
pub const PRINTED_BY_AWS: &str = "it is a copy that AWS printed, not the source";

/// Why the CDK's output is never written.
const MADE_BY_CDK: &str = "the CDK makes it; the source is the construct";

/// Reads one value that a file holds, as what it turns out to be.
fn read_root(path: &str, text: &str, root: &Node<'_>, way: Vec<Step>, notation: Notation, reading: &mut FileReading) {
    let mut reader = Reader { file: text, reading, notation, format: Format::Json, layer: LayerId::FILE };
    let at = At { node: root, path: way };
    let is_cdk_output = path.split('/').any(|part| part == "cdk.out");
    if let Some(reason) = standalone::whole_file_reason(root) {
        if reason == SkipReason::PlanOrState {
            reader.format = Format::Terraform;
            plan::read(&mut reader, &at);
            reader.reading.copies = std::mem::take(&mut reader.reading.documents);
            reader.reading.problems.clear();
            reader.reading.skipped.clear();
            reader.reading.real_names = plan::names(&at);
        }
        reader.skip(root.span, reason);
    } else if cloudformation::is_template(root) {
        reader.format = Format::CloudFormation;
        cloudformation::read(&mut reader, &at, is_cdk_output);
        reader.reading.templates.push(root.span);
    } else if serverless::is_configuration(root) {
        serverless::read(&mut reader, &at);
    } else if account::are_details(root) {
        account::read(&mut reader, &at);
    } else {
        standalone::read(&mut reader, &at, is_cdk_output.then_some(MADE_BY_CDK));
    }
}
