//! What the program has to say, as values: diagnostics, fixes and the policies it found.
//!
//! Every output format is written over these alone.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::civil::Date;

use crate::attribution::Certainty;
use crate::edit::Edits;
use crate::policy::SkipReason;
use crate::refine::safety::Applicability;
use crate::rule::{Level, Rule};
use crate::source::{FileId, Span};

/// What holds for every replacement, so that saying it once in a report is enough.
pub const LATER_ACTIONS: &str = "actions that AWS adds later are granted only if they fall under the new entries";

/// The outcome of a run.
#[derive(Debug, Default)]
pub struct Report {
    /// In order of path, offset, rule.
    pub diagnostics: Vec<Diagnostic>,
    /// In order of path and offset.
    pub fixes: Vec<Fix>,
    /// Every identity policy that was found in the reported files, in order of path and offset.
    pub policies: Vec<PolicyListing>,
    /// What was found and not refined.
    pub skipped: Vec<SkippedListing>,
    /// Counts.
    pub summary: Summary,
}

impl Report {
    /// How many diagnostics are fixed by a fix that may be written.
    #[must_use]
    pub fn fixable(&self) -> usize {
        let fixes = self.fixes.iter().filter(|fix| fix.applicability > Applicability::DisplayOnly);
        let fixes: BTreeSet<&str> = fixes.map(|fix| fix.id.as_str()).collect();
        self.diagnostics.iter().filter(|d| d.fix.as_deref().is_some_and(|fix| fixes.contains(fix))).count()
    }
}

/// Counts over the reported files.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Summary {
    /// Files that were read.
    pub files: usize,
    /// Identity policies.
    pub policies: usize,
    /// Their statements.
    pub statements: usize,
    /// Their action entries.
    pub patterns: usize,
    /// Diagnostics that are fixed by a fix that may be written.
    pub fixable: usize,
    /// Diagnostics whose fix was written.
    pub fixed: usize,
    /// Identities that the findings speak of.
    pub identities: usize,
    /// Whether the user asked for some of them only.
    pub is_selected: bool,
    /// The day of the newest finding.
    pub findings_date: Option<Date>,
}

/// One thing to say about one place.
#[derive(Debug, Clone)]
pub struct Diagnostic {
    /// Its kind.
    pub rule: Rule,
    /// How much it weighs here.
    pub level: Level,
    /// One line, lower case, no full stop, the user's words in backticks.
    pub message: String,
    /// Where.
    pub place: Place,
    /// The policies it is about; none for a whole file.
    pub policies: Vec<PolicyRef>,
    /// Whose they are.
    pub identities: Vec<IdentityRef>,
    /// The entry as written.
    pub pattern: Option<String>,
    /// The unused actions that the entry grants, sorted.
    pub unused: Vec<UnusedRef>,
    /// How many actions of the entry are kept, and why.
    pub kept: Option<Kept>,
    /// What to write instead; empty for a removal, `None` if nothing is offered.
    pub replacement: Option<Vec<String>>,
    /// The id of the fix it is part of.
    pub fix: Option<String>,
    /// What is said right at the entry, in a few words.
    pub label: String,
    /// What else a reader needs to judge it, one line each.
    pub notes: Vec<String>,
    /// What to do, if no edit says it.
    pub help: Option<String>,
    /// Why it is kept on purpose, if a comment beside it says so; then it weighs nothing.
    pub suppressed: Option<String>,
    /// A hash of rule, path, address and pattern; not of lines or finding ids.
    pub fingerprint: u64,
}

/// A place in a file, or a file as a whole.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The path as shown.
    pub path: String,
    /// The file, if it is one of the sources.
    pub file: Option<FileId>,
    /// Where in its bytes.
    pub span: Span,
}

/// A policy that a diagnostic is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyRef {
    /// `inline`, `managed` or `standalone`.
    pub kind: &'static str,
    /// The way to it from the root of its file.
    pub address: String,
    /// The statement's index, from 0.
    pub statement: usize,
    /// The statement's `Sid`.
    pub sid: Option<String>,
    /// The whole statement, in the file's bytes.
    pub span: Span,
}

/// An identity that a policy belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdentityRef {
    /// Its ARN, else its name, as known.
    pub arn: String,
    /// How it is known; the weaker of policy → identity and identity → finding.
    pub known_by: Certainty,
    /// The findings that speak of it, by id, and when they were made.
    pub finding: Option<FindingRef>,
}

/// The findings that a claim rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FindingRef {
    /// Their ids; none where the export gives none.
    pub ids: Vec<String>,
    /// When they were made.
    pub analyzed_at: Option<Timestamp>,
}

/// An unused action.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct UnusedRef {
    /// `service:Name`.
    pub action: String,
    /// When it was last used before the tracking window, if ever.
    pub last_accessed: Option<Date>,
}

/// Why actions of a wildcard are kept.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Kept {
    /// Their use can be seen, and they are not reported unused.
    pub used_or_unknown: usize,
    /// Their use cannot be seen.
    pub untracked: usize,
}

/// The edits of one statement.
#[derive(Debug, Clone)]
pub struct Fix {
    /// `PATH#N`, counted per file from 0.
    pub id: String,
    /// The path as shown.
    pub path: String,
    /// The file.
    pub file: FileId,
    /// How freely it may be applied.
    pub applicability: Applicability,
    /// Why it is not `safe`, if it is not.
    pub withheld: Option<String>,
    /// In the file's bytes; right if this fix alone is applied.
    pub edits: Edits,
    /// The size of its policy.
    pub size: Size,
    /// Index of the policy among the file's documents, and of the statement in it.
    pub site: (usize, usize),
    /// Whether it was written.
    pub written: bool,
}

/// The size of a policy in characters that are not white space, which is how IAM counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// As it is.
    pub before: usize,
    /// With this fix.
    pub after: usize,
    /// The most that IAM accepts.
    pub quota: usize,
}

/// A policy that the walk found.
#[derive(Debug, Clone)]
pub struct PolicyListing {
    /// Where.
    pub place: Place,
    /// `inline`, `managed` or `standalone`.
    pub kind: &'static str,
    /// The notation.
    pub format: &'static str,
    /// The way to it from the root of its file.
    pub address: String,
    /// Whose it is and how that is known.
    pub identities: Vec<IdentityRef>,
    /// Its statements.
    pub statements: Vec<StatementListing>,
}

/// A statement of a listed policy.
#[derive(Debug, Clone)]
pub struct StatementListing {
    /// `Allow` or `Deny`.
    pub effect: &'static str,
    /// `Action` or `NotAction`.
    pub element: &'static str,
    /// The literal entries and their places.
    pub patterns: Vec<(String, Place)>,
    /// How many entries only deployment knows.
    pub opaque: usize,
}

/// Something that is not refined, and why.
#[derive(Debug, Clone)]
pub struct SkippedListing {
    /// Where.
    pub place: Place,
    /// Why.
    pub reason: SkipReason,
}
