//! The findings export's formats → [`Evidence`]: what each identity is granted and never used.
//!
//! Knows the Access Analyzer API's shapes and how people save them. Does not know the repository.

mod candidate;
pub mod canonical;
mod element;
pub mod inventory;
mod key;
mod last_accessed;
mod merge;
mod moment;
mod names;
mod ocsf;
mod reading;
pub mod recommendation;
mod stream;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;

use crate::policy::arn::IdentityArn;
use inventory::Inventory;
pub use merge::EvidenceBuilder;
use names::Names;
pub use names::Naming;
use recommendation::Recommendation;

/// The commands that export findings with their action names; `$ANALYZER` is the ARN of an unused access analyzer.
pub const EXPORT_COMMANDS: &str = r#"aws accessanalyzer list-findings-v2 --analyzer-arn "$ANALYZER" --filter '{"status":{"eq":["ACTIVE"]}}' --query 'findings[].[id]' --output text | xargs -I{} aws accessanalyzer get-finding-v2 --analyzer-arn "$ANALYZER" --output json --id {} | jq -s '{findings: .}' > findings.json"#;

/// Everything that the exports say, one entry per identity.
#[derive(Debug, Clone, Default)]
pub struct Evidence {
    /// By ARN, each ARN once.
    pub identities: Vec<IdentityEvidence>,
    /// Findings that name no identity: the bare form of the published example.
    pub anonymous: Option<UnusedPermissions>,
    /// The export files that were read, in the order named.
    pub exports: Vec<Export>,
    /// What AWS recommends to write instead, in the order read.
    pub recommendations: Vec<Recommendation>,
    /// What account authorization details say of who is there.
    pub inventory: Inventory,
    /// Those of the identities.
    names: Names,
    /// Whether the inventory covers the accounts of all identities.
    has_all_details: bool,
}

/// One export file that was read.
#[derive(Debug, Clone)]
pub struct Export {
    /// As the user would write it; `-` is standard input.
    pub path: String,
    /// How many findings of any kind and status it held.
    pub findings: usize,
    /// The newest `analyzedAt` in it: the age of the export.
    pub analyzed_at: Option<Timestamp>,
    /// What could not be used and why, one line each.
    pub warnings: Vec<String>,
}

/// What is known of one identity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdentityEvidence {
    /// The role or user.
    pub arn: IdentityArn,
    /// Its unused permissions, or why nothing is known of them.
    pub permissions: Permissions,
    /// The role as a whole is unused, by an ACTIVE `UnusedIAMRole` finding.
    pub unused_role: Option<UnusedIdentity>,
    /// The access keys and the password that ACTIVE findings report as unused, in order.
    pub unused_credentials: Vec<UnusedCredential>,
    /// Indexes into [`Evidence::exports`], ascending: where it was read.
    pub exports: Vec<u32>,
}

/// An ACTIVE finding about the identity as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnusedIdentity {
    /// The finding's id.
    pub finding: String,
    /// When it was made.
    pub analyzed_at: Option<Timestamp>,
    /// The day of its last use, if it ever was used in the tracked history.
    pub last_accessed: Option<Date>,
    /// Whether that is too recent for the user to take it for unused.
    pub is_recent: bool,
}

/// An access key or a password that an ACTIVE finding reports as unused. A password orders before keys.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct UnusedCredential {
    /// The id of the access key; `None` for the password.
    pub access_key: Option<String>,
    /// The day of its last use, if it ever was used in the tracked history.
    pub last_accessed: Option<Date>,
    /// The finding's id.
    pub finding: String,
}

/// Whether an identity's findings can be used to refine its policies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Permissions {
    /// There is a usable ACTIVE `UnusedPermission` finding.
    Usable(UnusedPermissions),
    /// There is none, and why.
    Unusable(Unusable),
}

/// Why no finding of an identity can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Unusable {
    /// Only findings of other kinds.
    None,
    /// The newest finding is ARCHIVED: accepted risk.
    Archived,
    /// The newest finding is RESOLVED: history.
    Resolved,
    /// The newest ACTIVE finding carries an `error`.
    Failed,
}

/// What one identity is granted and did not use: the newest ACTIVE finding.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UnusedPermissions {
    /// The ids of the findings it was read from; more than one when analyzers tie, none in the bare form.
    pub findings: Vec<String>,
    /// When the findings were made.
    pub analyzed_at: Option<Timestamp>,
    /// The services with something unused, by prefix, each once.
    pub services: Vec<UnusedService>,
    /// The finding's list goes on in a page that the export lacks.
    pub truncated: bool,
}

/// What is unused of one service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnusedService {
    /// `serviceNamespace`, in lower case.
    pub prefix: Arc<str>,
    /// The service's own last access, where it is unused as a whole and the finding says it.
    pub last_accessed: Option<Date>,
    /// Which actions.
    pub actions: UnusedActions,
}

/// Which actions of a service are unused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UnusedActions {
    /// The whole service: every name of it, catalogued or not.
    Whole,
    /// These, by lower-case name, each once.
    Only(Vec<UnusedAction>),
}

/// One action that a finding reports as unused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnusedAction {
    /// The bare name as the finding spells it.
    pub name: Arc<str>,
    /// The day of its last use before the tracking window, if any.
    pub last_accessed: Option<Date>,
}

/// Which identities' findings are kept; the others are passed over.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    arns: Vec<IdentityArn>,
    names: Vec<String>,
}

/// How an export is read.
#[derive(Debug, Clone, Copy, Default)]
pub struct ReadOptions<'a> {
    /// Whom an export is about that names no identity.
    pub about: Option<&'a IdentityArn>,
    /// What was last used on this day or later is not taken for unused.
    pub unused_since: Option<Date>,
    /// For how many days, up to the report, something must not have been used to be taken for unused, where a report
    /// has only dates; 90 if nothing is said.
    pub unused_for: Option<i32>,
}

impl Selection {
    /// These identities, by ARN, or by name in any account; all of them if none is given.
    #[must_use]
    pub fn of(identities: &[String]) -> Self {
        let mut selection = Self::default();
        for identity in identities {
            match IdentityArn::parse(identity) {
                Some(arn) => selection.arns.push(arn),
                None => selection.names.push(identity.clone()),
            }
        }
        selection
    }

    /// Whether it keeps every identity.
    #[must_use]
    pub fn is_all(&self) -> bool {
        self.arns.is_empty() && self.names.is_empty()
    }

    /// Whether it keeps this identity.
    #[must_use]
    pub fn keeps(&self, arn: &IdentityArn) -> bool {
        self.is_all() || self.arns.contains(arn) || self.names.iter().any(|name| name.eq_ignore_ascii_case(arn.name()))
    }
}

impl Evidence {
    /// What is known of one identity.
    #[must_use]
    pub fn identity(&self, arn: &IdentityArn) -> Option<&IdentityEvidence> {
        let index = self.identities.binary_search_by(|identity| identity.arn.cmp(arn)).ok()?;
        self.identities.get(index)
    }

    /// The identities of this name, in any account and any case, by ARN.
    pub fn named<'e>(&'e self, name: &str) -> impl Iterator<Item = &'e IdentityEvidence> + use<'e> {
        self.names.exactly(name).iter().filter_map(|&index| self.identities.get(index as usize))
    }

    /// The identities that may be meant, by ARN; `None` if nobody can tell, since too little is known of the name.
    #[must_use]
    pub fn meant(&self, naming: Naming<'_>) -> Option<Vec<&IdentityEvidence>> {
        let indexes = self.names.meant(naming)?;
        Some(indexes.iter().filter_map(|&index| self.identities.get(index as usize)).collect())
    }

    /// Whether the details of every account that findings speak of are at hand.
    #[must_use]
    pub fn has_all_details(&self) -> bool {
        self.has_all_details
    }
}
