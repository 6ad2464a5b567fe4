//! Where policies sit in a file, and what the file itself says of whose they are.
//!
//! Does not know findings or edits.

pub mod standalone;

use crate::policy::arn::IdentityKind;
use crate::policy::wildcard::Wildcard;
use crate::policy::{Policy, SkipReason};
use crate::source::{Layer, LayerId, Problem, Span};
use crate::syntax::Notation;

/// What was read out of one file.
#[derive(Debug, Default)]
pub struct FileReading {
    /// The texts written inside the file's own.
    pub layers: Vec<Layer>,
    /// The identity policies, in order of their places.
    pub documents: Vec<Document>,
    /// The policies that are not refined, in order of their places.
    pub skipped: Vec<Skipped>,
    /// What could not be read.
    pub problems: Vec<Problem>,
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
    /// Why it is never written, if so.
    pub read_only: Option<&'static str>,
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

/// What the repository says of an identity's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IdentityName {
    /// This, without a path.
    Exact(String),
    /// Literal parts with holes, each written as `*`: `*-app` for `!Sub "${AWS::StackName}-app"`.
    Pattern(Wildcard),
    /// CloudFormation makes it up: `<stack>-<logical id>-<random>`.
    Generated(String),
    /// A permission set of Identity Center, whose roles are named `AWSReservedSSO_<this>_<hex>`.
    PermissionSet(String),
    /// It says nothing of the name.
    Unknown,
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
    #[must_use]
    pub fn address(&self) -> String {
        let steps = self.path.iter().filter_map(|step| match step {
            Step::Key(key) => Some(key.clone()),
            Step::Item(index) => Some(index.to_string()),
            Step::Inner => None,
        });
        steps.collect::<Vec<_>>().join("/")
    }
}

/// Reads a file of any notation that this version knows; a file of another one is none of ours.
#[must_use]
pub fn read_file(path: &str, text: &str) -> FileReading {
    standalone::read(path, text)
}
