//! A page in Markdown, such as the summary of a job: what could go, per identity and per entry, and one drawing.
//!
//! GitHub shows a mebibyte of it, so long lists are cut and counted.

mod drawing;

use std::collections::{BTreeMap, BTreeSet};

use crate::catalog::Catalog;
use crate::diagnostic::{Diagnostic, Fix, Report};
use crate::refine::safety::Applicability;
use crate::report::plain::{self, Fixes};
use crate::report::style::count;
use crate::report::{inert, markup, region};
use crate::rule::Level;
use crate::source::Sources;

/// The most rows of a table.
const ROWS: usize = 200;

/// How many entries of a replacement a row lists.
const ENTRIES: usize = 12;

/// Renders what `lint` found.
#[must_use]
pub fn render(report: &Report, sources: &Sources, catalog: &Catalog) -> String {
    let fixes = Fixes::new(report);
    let all = plain::most_important_first(report);
    let problems: Vec<&Diagnostic> = all.iter().copied().filter(|diagnostic| diagnostic.level > Level::Note).collect();
    let mut out = format!("## {}\n\n{}\n", title(report, &problems), basis(report, catalog));
    push_identities(&mut out, report, &all);
    push_problems(&mut out, &problems, &fixes, sources);
    push_notes(&mut out, report, sources);
    if let Some(drawing) = drawing::largest(&problems, catalog) {
        out.push_str(&drawing);
    }
    inert::block(&out).into_owned()
}

fn title(report: &Report, problems: &[&Diagnostic]) -> String {
    let fixed = match report.summary.fixed {
        0 => String::new(),
        fixed => format!("fixed {}, ", count(fixed, "problem")),
    };
    if problems.is_empty() {
        return format!("iamtrim: {fixed}no problems");
    }
    let files: BTreeSet<&str> = problems.iter().map(|problem| problem.place.path.as_str()).collect();
    format!("iamtrim: {fixed}{} in {}", count(problems.len(), "problem"), count(files.len(), "file"))
}

/// What was looked at.
fn basis(report: &Report, catalog: &Catalog) -> String {
    let summary = &report.summary;
    let policies = format!("{} ({})", count(summary.policies, "policy"), count(summary.statements, "statement"));
    let findings = summary.findings_date.map(|date| format!(", findings of {date}")).unwrap_or_default();
    let catalog = catalog.date().map(|date| format!(", catalogue of {date}")).unwrap_or_default();
    format!("{policies} in {}{findings}{catalog}.", count(summary.files, "file"))
}

/// What there is to say of one identity.
#[derive(Default)]
struct Row<'a> {
    policies: BTreeSet<(&'a str, &'a str)>,
    unused: BTreeSet<&'a str>,
    removed: usize,
    narrowed: usize,
    /// By file and document: the size as it is, and what its fixes add and take away.
    sizes: BTreeMap<(&'a str, usize), Sizes>,
    fixes: BTreeSet<&'a str>,
}

#[derive(Default)]
struct Sizes {
    before: usize,
    more: usize,
    less: usize,
}

fn push_identities(out: &mut String, report: &Report, all: &[&Diagnostic]) {
    let fixes: BTreeMap<&str, &Fix> = report.fixes.iter().map(|fix| (fix.id.as_str(), fix)).collect();
    let mut rows: BTreeMap<&str, Row<'_>> = BTreeMap::new();
    for diagnostic in all.iter().filter(|diagnostic| !diagnostic.unused.is_empty()) {
        for identity in diagnostic.identities.iter().filter(|identity| identity.finding.is_some()) {
            let fix = diagnostic.fix.as_deref().and_then(|id| fixes.get(id)).copied();
            rows.entry(&identity.arn).or_default().add(diagnostic, fix);
        }
    }
    if rows.is_empty() {
        return;
    }
    out.push_str("\n### Identities\n\n");
    out.push_str(
        "| identity | policies | unused actions | entries to remove | wildcards to narrow | size of the policies |\n",
    );
    out.push_str("|---|--:|--:|--:|--:|--:|\n");
    for (identity, row) in rows.iter().take(ROWS) {
        out.push_str(&format!("| {} | {} |\n", markup::code(identity), row.cells()));
    }
    push_rest(out, rows.len(), "identity");
    out.push_str("\nSizes are characters without white space, as IAM counts them; an unsafe fix counts, one for display only does not.\n");
}

impl<'a> Row<'a> {
    fn add(&mut self, diagnostic: &'a Diagnostic, fix: Option<&'a Fix>) {
        let path = diagnostic.place.path.as_str();
        self.policies.extend(diagnostic.policies.iter().map(|policy| (path, policy.address.as_str())));
        self.unused.extend(diagnostic.unused.iter().map(|unused| unused.action.as_str()));
        match diagnostic.replacement.as_deref() {
            None => {}
            Some([]) => self.removed += 1,
            Some(_) => self.narrowed += 1,
        }
        let Some(fix) = fix.filter(|fix| self.fixes.insert(&fix.id)) else { return };
        let sizes = self.sizes.entry((&fix.path, fix.site.0)).or_default();
        let (before, after) = (fix.size.before, fix.size.after);
        sizes.before = before;
        if fix.applicability > Applicability::DisplayOnly {
            // A wildcard may be shorter than what takes its place.
            sizes.more += after.saturating_sub(before);
            sizes.less += before.saturating_sub(after);
        }
    }

    fn cells(&self) -> String {
        let before: usize = self.sizes.values().map(|sizes| sizes.before).sum();
        let after: usize =
            self.sizes.values().map(|sizes| (sizes.before + sizes.more).saturating_sub(sizes.less)).sum();
        let size = if self.sizes.is_empty() { "\u{2013}".to_owned() } else { format!("{before} \u{2192} {after}") };
        let (policies, unused) = (self.policies.len(), self.unused.len());
        format!("{policies} | {unused} | {} | {} | {size}", self.removed, self.narrowed)
    }
}

fn push_problems(out: &mut String, problems: &[&Diagnostic], fixes: &Fixes<'_>, sources: &Sources) {
    if problems.is_empty() {
        return;
    }
    out.push_str("\n### Problems\n\n| where | what | instead |\n|---|---|---|\n");
    for problem in problems.iter().take(ROWS) {
        let what = format!("{} ({})", markup::sentence(&problem.message), problem.rule.id());
        out.push_str(&format!("| {} | {what} | {} |\n", place(problem, sources), instead(problem, fixes)));
    }
    push_rest(out, problems.len(), "problem");
}

fn place(diagnostic: &Diagnostic, sources: &Sources) -> String {
    match region::source(&diagnostic.place, sources) {
        Some(_) => {
            format!("{} line {}", markup::code(&diagnostic.place.path), region::line(&diagnostic.place, sources))
        }
        None => markup::code(&diagnostic.place.path),
    }
}

fn instead(diagnostic: &Diagnostic, fixes: &Fixes<'_>) -> String {
    let how = match fixes.of(diagnostic).map(|fix| (fix.applicability, fix.withheld.as_deref().unwrap_or_default())) {
        None | Some((Applicability::Safe, _)) => String::new(),
        Some((Applicability::Unsafe, why)) => format!(" (unsafe: {})", markup::sentence(why)),
        Some((Applicability::DisplayOnly, why)) => format!(" (by hand: {})", markup::sentence(why)),
    };
    match diagnostic.replacement.as_deref() {
        None => diagnostic.help.as_deref().map(markup::sentence).unwrap_or_default(),
        Some([]) => format!("remove it{how}"),
        Some(entries) => format!("{}{how}", markup::codes(entries.iter(), ENTRIES)),
    }
}

/// What weighs nothing, folded away.
fn push_notes(out: &mut String, report: &Report, sources: &Sources) {
    let notes: Vec<&Diagnostic> =
        report.diagnostics.iter().filter(|d| d.level == Level::Note || d.suppressed.is_some()).collect();
    if notes.is_empty() {
        return;
    }
    out.push_str(&format!("\n<details><summary>{}</summary>\n\n", count(notes.len(), "note")));
    for note in notes.iter().take(ROWS) {
        let kept = note.suppressed.as_deref().map(|reason| format!("; kept on purpose: {}", markup::sentence(reason)));
        let message = markup::sentence(&note.message);
        out.push_str(&format!("- {}: {message}{}\n", place(note, sources), kept.unwrap_or_default()));
    }
    push_rest(out, notes.len(), "note");
    out.push_str("\n</details>\n");
}

fn push_rest(out: &mut String, all: usize, noun: &str) {
    if all > ROWS {
        out.push_str(&format!("\nAnd {} more.\n", count(all - ROWS, noun)));
    }
}
