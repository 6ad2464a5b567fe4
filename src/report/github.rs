//! Annotations of a GitHub workflow: one command per line, escaped as the
//! [runner](https://docs.github.com/en/actions/reference/workflow-commands-for-github-actions) reads it.
//!
//! A step shows ten annotations of each level; where there are more, the tenth counts the rest.

use crate::diagnostic::{Diagnostic, Report};
use crate::report::plain::{self, Fixes};
use crate::report::style::count;
use crate::report::{inert, region};
use crate::rule::Level;
use crate::source::Sources;

/// How many annotations of one level a step shows.
const SHOWN: usize = 10;

/// The longest message that a runner keeps, in characters.
const MESSAGE: usize = 4_096;

/// Renders what `lint` found.
#[must_use]
pub fn render(report: &Report, sources: &Sources) -> String {
    let (all, fixes) = (plain::most_important_first(report), Fixes::new(report));
    let mut out = String::new();
    for of_level in all.chunk_by(|a, b| a.level == b.level) {
        let shown = if of_level.len() > SHOWN { SHOWN - 1 } else { of_level.len() };
        let (shown, rest) = of_level.split_at_checked(shown).unwrap_or((of_level, &[]));
        shown.iter().for_each(|diagnostic| out.push_str(&annotation(diagnostic, &fixes, sources)));
        out.push_str(&counted(rest, sources));
    }
    out
}

fn annotation(diagnostic: &Diagnostic, fixes: &Fixes<'_>, sources: &Sources) -> String {
    let mut properties = format!("file={}", property(&diagnostic.place.path));
    if let Some(region) = region::first_line(&diagnostic.place, sources) {
        let (start, end) = (region.start, region.end);
        properties.push_str(&format!(",line={},endLine={}", start.line, end.line));
        properties.push_str(&format!(",col={},endColumn={}", start.column, end.column));
    }
    command(diagnostic.level, &properties, diagnostic.rule.id(), &plain::lines(diagnostic, fixes).join("\n"))
}

/// What a step has no room to show, as one annotation.
fn counted(rest: &[&Diagnostic], sources: &Sources) -> String {
    let Some(first) = rest.first() else { return String::new() };
    let mut message =
        format!("{} not shown here, since a step shows {SHOWN} of a kind", count(rest.len(), word(first)));
    for diagnostic in rest {
        let (place, line) = (&diagnostic.place, region::line(&diagnostic.place, sources));
        let text = format!("\n{}:{line}: {}", inert::line(&place.path), plain::message(diagnostic));
        message.push_str(&text);
    }
    command(first.level, "", "and more", &message)
}

fn command(level: Level, properties: &str, title: &str, message: &str) -> String {
    let comma = if properties.is_empty() { "" } else { "," };
    format!("::{} {properties}{comma}title={}::{}\n", name(level), property(title), data(&shortened(message)))
}

fn name(level: Level) -> &'static str {
    match level {
        Level::Error => "error",
        Level::Warning => "warning",
        Level::Note => "notice",
    }
}

fn word(diagnostic: &Diagnostic) -> &'static str {
    match diagnostic.level {
        Level::Error => "more error",
        Level::Warning => "more warning",
        Level::Note => "more note",
    }
}

/// A message as long as a runner keeps it.
fn shortened(message: &str) -> String {
    match message.char_indices().nth(MESSAGE - 1) {
        Some((at, _)) if message.chars().count() > MESSAGE => {
            format!("{}\u{2026}", message.get(..at).unwrap_or_default())
        }
        _ => message.to_owned(),
    }
}

/// The percent sign goes first, or it would escape what comes after it.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(&inert::line(text)).replace(':', "%3A").replace(',', "%2C")
}
