//! The body of a request that creates a
//! [review](https://docs.github.com/en/rest/pulls/reviews#create-a-review-for-a-pull-request): a comment with a
//! suggestion for each fix whose lines the pull request shows, and a text that tells the rest.
//!
//! A suggestion replaces whole lines. Each comment ends in a marker, by which whoever posts it knows it again, and so
//! does the text if it tells more than a number.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

use serde_json::{Value, json};

use crate::diagnostic::{Diagnostic, Fix, Report};
use crate::refine::safety::Applicability;
use crate::report::lines::{self, Lines};
use crate::report::plain::{self, Fixes};
use crate::report::style::count;
use crate::report::{inert, json, markup, region};
use crate::rule::Level;
use crate::source::Sources;

/// The most comments of a review.
const COMMENTS: usize = 40;

/// The most problems that the text of a review tells.
const TOLD: usize = 60;

/// The lines of each file, by its path, that the pull request shows.
pub type Shown = BTreeMap<String, Vec<RangeInclusive<usize>>>;

/// Renders what `lint` found in a pull request that shows these lines.
#[must_use]
pub fn render(report: &Report, sources: &Sources, shown: &Shown) -> String {
    let fixes = Fixes::new(report);
    let problems: Vec<&Diagnostic> =
        plain::most_important_first(report).into_iter().filter(|diagnostic| diagnostic.level > Level::Note).collect();
    let (mut comments, mut suggested) = (Vec::new(), BTreeSet::new());
    for fix in report.fixes.iter().filter(|fix| fix.applicability > Applicability::DisplayOnly) {
        let parts: Vec<&Diagnostic> =
            problems.iter().copied().filter(|problem| problem.fix.as_ref() == Some(&fix.id)).collect();
        if let Some(lines) = suggestion(fix, &parts, sources, shown).filter(|_| comments.len() < COMMENTS) {
            suggested.insert(fix.id.as_str());
            comments.push(comment(fix, &parts, &lines, &fixes));
        }
    }
    let is_suggested = |problem: &&&Diagnostic| problem.fix.as_deref().is_some_and(|fix| suggested.contains(fix));
    let rest: Vec<&Diagnostic> = problems.iter().filter(|problem| !is_suggested(problem)).copied().collect();
    let body = body(&problems, &rest, &fixes, sources);
    json::inert(&json!({ "event": "COMMENT", "body": body, "comments": comments }))
}

/// The lines of a fix, if all of them are shown in one piece and a suggestion can say them.
fn suggestion(fix: &Fix, parts: &[&Diagnostic], sources: &Sources, shown: &Shown) -> Option<Lines> {
    let file = sources.get(fix.file).filter(|_| !parts.is_empty())?;
    let lines = Lines::of(fix.edits.as_slice(), file)?;
    let is_shown = |piece: &RangeInclusive<usize>| piece.contains(&lines.first) && piece.contains(&lines.last);
    let is_plain = inert::block(&lines.text) == lines.text;
    (shown.get(&fix.path)?.iter().any(is_shown) && is_plain).then_some(lines)
}

fn comment(fix: &Fix, parts: &[&Diagnostic], lines: &Lines, fixes: &Fixes<'_>) -> Value {
    let mut body = String::new();
    for part in parts {
        body.push_str(&format!("**{}**: {}\n\n", part.rule.id(), markup::sentence(&part.message)));
    }
    if let Some(last) = parts.last() {
        let notes = plain::lines(last, fixes);
        let notes = notes.iter().skip(1).filter(|line| line.starts_with("note: ") || line.starts_with("not safe"));
        notes.for_each(|line| body.push_str(&format!("- {}\n", markup::sentence(line.trim_start_matches("note: ")))));
    }
    let fence = lines::fence(&lines.text);
    body.push_str(&format!("\n{fence}suggestion\n{}{fence}\n\n{}", lines.text, marker(parts, &lines.text)));
    let mut comment = json!({ "path": fix.path, "line": lines.last, "side": "RIGHT", "body": body });
    if lines.first < lines.last {
        json::put(&mut comment, "start_line", json!(lines.first));
        json::put(&mut comment, "start_side", json!("RIGHT"));
    }
    comment
}

/// What tells a comment from all others: what it is about, and what it suggests.
fn marker(about: &[&Diagnostic], text: &str) -> String {
    let about = about.iter().flat_map(|diagnostic| diagnostic.fingerprint.to_be_bytes());
    let mixed = about
        .chain(text.bytes())
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    format!("<!-- iamtrim {mixed:016x} -->")
}

fn body(problems: &[&Diagnostic], rest: &[&Diagnostic], fixes: &Fixes<'_>, sources: &Sources) -> String {
    let mut body = format!("iamtrim found {} in what this pull request changes.\n", count(problems.len(), "problem"));
    if !rest.is_empty() {
        body.push_str("\nWithout a suggestion at its lines:\n\n");
    }
    for problem in rest.iter().take(TOLD) {
        let line = region::line(&problem.place, sources);
        let path = markup::code(&problem.place.path);
        body.push_str(&format!("- {path} line {line}: {}", markup::sentence(&problem.message)));
        let advice = plain::lines(problem, fixes).into_iter().skip(1).find(|line| !line.starts_with("note: "));
        body.push_str(&advice.map(|advice| format!("; {}", markup::sentence(&advice))).unwrap_or_default());
        body.push('\n');
    }
    if rest.len() > TOLD {
        body.push_str(&format!("\nAnd {} more.\n", count(rest.len() - TOLD, "problem")));
    }
    let marker = if rest.is_empty() { "<!-- iamtrim -->".to_owned() } else { marker(rest, "") };
    body.push_str(&format!("\n{marker}\n"));
    body
}
