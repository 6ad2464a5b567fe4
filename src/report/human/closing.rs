//! The last line: how many problems, in how many files, how many of them `--fix` mends; or that all is well.

use std::collections::{BTreeMap, BTreeSet};

use crate::diagnostic::{Diagnostic, Report};
use crate::refine::safety::Applicability;
use crate::report::style::{Ink, Style, Verbosity, count};
use crate::rule::Level;

/// What a run comes to.
pub(super) fn line(report: &Report, style: &Style) -> String {
    let (notes, problems): (Vec<&Diagnostic>, Vec<&Diagnostic>) =
        report.diagnostics.iter().partition(|diagnostic| super::weight(diagnostic) == Level::Note);
    let mut line = match report.summary.fixed {
        0 => String::new(),
        fixed => format!("{}, ", style.paint(Ink::Green, &format!("fixed {}", count(fixed, "problem")))),
    };
    if problems.is_empty() {
        line.push_str(&clean(report, style));
    } else {
        line.push_str(&remaining(report, &problems, style));
    }
    let (kept, notes): (Vec<&Diagnostic>, Vec<&Diagnostic>) = notes.iter().partition(|note| note.suppressed.is_some());
    if !kept.is_empty() {
        line.push_str(&format!(", {} kept on purpose", kept.len()));
    }
    if !notes.is_empty() {
        let hint = if style.verbosity == Verbosity::Verbose {
            ""
        } else if notes.len() == 1 {
            " (-v shows it)"
        } else {
            " (-v shows them)"
        };
        line.push_str(&format!(", {}{hint}", count(notes.len(), "note")));
    }
    line
}

fn remaining(report: &Report, problems: &[&Diagnostic], style: &Style) -> String {
    let files: BTreeSet<&str> = problems.iter().map(|problem| problem.place.path.as_str()).collect();
    let remain = match (report.summary.fixed, problems.len()) {
        (0, _) => "",
        (_, 1) => " remains",
        _ => " remain",
    };
    let problem = style.paint(Ink::Yellow, &format!("{}{remain}", count(problems.len(), "problem")));
    format!("{problem} in {}{}", count(files.len(), "file"), fixable(report, problems))
}

fn fixable(report: &Report, problems: &[&Diagnostic]) -> String {
    let fixes: BTreeMap<&str, Applicability> =
        report.fixes.iter().map(|fix| (fix.id.as_str(), fix.applicability)).collect();
    let with = |applicability: Applicability| {
        let is_such =
            |problem: &&&Diagnostic| problem.fix.as_deref().and_then(|id| fixes.get(id)) == Some(&applicability);
        problems.iter().filter(is_such).count()
    };
    match (with(Applicability::Safe), with(Applicability::Unsafe)) {
        (0, 0) => String::new(),
        (safe, 0) => format!(" ({safe} fixable with --fix)"),
        (0, risky) => format!(" ({risky} fixable with --fix=all)"),
        (safe, risky) => format!(" ({safe} fixable with --fix, {risky} more with --fix=all)"),
    }
}

/// Nothing is wrong: what that rests on.
fn clean(report: &Report, style: &Style) -> String {
    let summary = &report.summary;
    let well = |text: &str| style.paint(Ink::Green, text);
    let read = format!("{} read", count(summary.files, "file"));
    if summary.policies == 0 {
        return format!("{}, {read}", well("no identity policy found"));
    }
    let policies = format!("{} ({})", count(summary.policies, "policy"), count(summary.statements, "statement"));
    if summary.identities == 0 {
        let none =
            if summary.is_selected { "no finding speaks of whom you asked for" } else { "the findings are empty" };
        return format!("{}: nothing is reported unused; {policies}, {read}", well(none));
    }
    let date = summary.findings_date.map(|date| format!(", findings of {date}")).unwrap_or_default();
    let judged = report.policies.iter().filter(|policy| policy.identities.iter().any(|i| i.finding.is_some())).count();
    let unknown = match summary.policies - judged.min(summary.policies) {
        0 => String::new(),
        unknown => format!(", {unknown} of them of identities that no finding speaks of"),
    };
    format!("{} in {policies}{unknown}; {read}{date}", well("no problems"))
}
