//! A diagnostic in plain lines, most important first: what is wrong, what to write instead, and what that rests on.
//!
//! Every line is inert; what else its format obeys, the format's own file escapes.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use crate::diagnostic::{Diagnostic, Fix, Report};
use crate::refine::safety::Applicability;
use crate::report::inert;

/// How many entries of a replacement a line lists before it counts the rest.
const ENTRIES: usize = 12;

/// The fixes of a report by their ids.
pub(super) struct Fixes<'a>(BTreeMap<&'a str, &'a Fix>);

impl<'a> Fixes<'a> {
    pub(super) fn new(report: &'a Report) -> Self {
        Self(report.fixes.iter().map(|fix| (fix.id.as_str(), fix)).collect())
    }

    /// The fix that a diagnostic is part of.
    pub(super) fn of(&self, diagnostic: &Diagnostic) -> Option<&'a Fix> {
        diagnostic.fix.as_deref().and_then(|id| self.0.get(id)).copied()
    }
}

/// What is not kept on purpose, the gravest first, and of those what grants the most that is unused.
pub(super) fn most_important_first(report: &Report) -> Vec<&Diagnostic> {
    let mut all: Vec<&Diagnostic> = report.diagnostics.iter().filter(|d| d.suppressed.is_none()).collect();
    all.sort_by_key(|diagnostic| Reverse((diagnostic.level, diagnostic.unused.len())));
    all
}

/// A diagnostic's message on one line.
pub(super) fn message(diagnostic: &Diagnostic) -> String {
    inert::line(&diagnostic.message).into_owned()
}

/// All that there is to say of a diagnostic, its message first.
pub(super) fn lines(diagnostic: &Diagnostic, fixes: &Fixes<'_>) -> Vec<String> {
    let mut lines = vec![diagnostic.message.clone()];
    lines.extend(advice(diagnostic));
    lines.extend(fixes.of(diagnostic).and_then(applicability));
    lines.extend(diagnostic.help.iter().map(|help| format!("help: {help}")));
    lines.extend(diagnostic.notes.iter().map(|note| format!("note: {note}")));
    lines.iter().map(|line| inert::line(line).into_owned()).collect()
}

/// What to write instead of the entry.
pub(super) fn advice(diagnostic: &Diagnostic) -> Option<String> {
    let entries = diagnostic.replacement.as_deref()?;
    let quoted: Vec<String> = entries.iter().take(ENTRIES).map(|entry| format!("`{entry}`")).collect();
    let rest = match entries.len().saturating_sub(ENTRIES) {
        0 => String::new(),
        rest => format!(" and {rest} more"),
    };
    Some(if entries.is_empty() { "remove it".to_owned() } else { format!("replace it by {}{rest}", quoted.join(", ")) })
}

/// How freely a fix may be applied, if not freely.
fn applicability(fix: &Fix) -> Option<String> {
    let why = fix.withheld.as_deref().unwrap_or_default();
    match fix.applicability {
        Applicability::Safe => None,
        Applicability::Unsafe => Some(format!("not safe by itself: {why}")),
        Applicability::DisplayOnly => Some(format!("to be done by hand: {why}")),
    }
}
