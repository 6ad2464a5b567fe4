//! The fix of a statement: a diff of its own edits where they are small, else what goes and what comes, entry by entry.

use std::fmt::Write as _;

use similar::{ChangeTag, TextDiff};

use super::excerpt::Excerpt;
use crate::diagnostic::{Diagnostic, Fix};
use crate::edit::{Edit, Edits};
use crate::refine::safety::Applicability;
use crate::report::inert;
use crate::report::style::{Ink, Style, count, wrap};
use crate::source::{SourceFile, Span};

/// The most lines that a diff may have.
const DIFF_LINES: usize = 32;

/// The most lines that the list of one entry's replacement may have.
const LIST_LINES: usize = 40;

/// A fix and the diagnostics that it mends.
pub(super) struct Proposal<'a> {
    pub(super) fix: &'a Fix,
    pub(super) parts: Vec<&'a Diagnostic>,
}

/// A line that goes or comes.
struct DiffLine {
    ink: Ink,
    number: Option<usize>,
    text: String,
}

impl Proposal<'_> {
    /// Writes it below the last of its diagnostics.
    pub(super) fn write(&self, out: &mut String, file: &SourceFile, style: &Style) {
        let lines = self.diff(file, style).unwrap_or_else(|| self.list(file, style));
        let digits = lines.iter().filter_map(|line| line.number).max().map_or(1, |number| number.to_string().len());
        let mut write = |line: &str| {
            // Writing to a string cannot fail.
            let _ = writeln!(out, "{}", line.trim_end());
        };
        let (name, ink) = self.name();
        write(&format!("{}: {}", style.paint(ink, name), style.paint(Ink::Bold, &self.title())));
        let bar = style.paint(Ink::Blue, &format!("{:digits$} |", ""));
        write(&bar);
        for DiffLine { ink, number, text } in &lines {
            let sign = if *ink == Ink::Red { '-' } else { '+' };
            let number = number.map_or_else(String::new, |number| number.to_string());
            let number = style.paint(Ink::Blue, &format!("{number:>digits$}"));
            write(&format!("{number} {}", style.paint(*ink, &format!("{sign} {text}"))));
        }
        write(&bar);
        if let Some(note) = self.note() {
            let lines = wrap(&note, style.width.saturating_sub(digits + 9));
            let head = format!("{} {}", style.paint(Ink::Blue, "="), style.paint(Ink::Bold, "note"));
            let rest = format!("\n{:1$}", "", digits + 9);
            write(&format!("{:digits$} {head}: {}", "", lines.join(&rest)));
        }
    }

    fn name(&self) -> (&'static str, Ink) {
        match self.fix.applicability {
            Applicability::Safe => ("safe fix", Ink::Cyan),
            Applicability::Unsafe => ("unsafe fix", Ink::Yellow),
            Applicability::DisplayOnly => ("display-only fix", Ink::Yellow),
        }
    }

    fn title(&self) -> String {
        let statement = self.parts.first().and_then(|part| part.policies.first());
        let goes = |statement: Span| self.fix.edits.as_slice().iter().any(|edit| edit.span.contains(statement));
        if statement.is_some_and(|statement| goes(statement.span)) {
            return "remove the statement".to_owned();
        }
        let (removed, replaced): (Vec<&Diagnostic>, Vec<&Diagnostic>) =
            self.parts.iter().partition(|part| part.replacement.as_ref().is_some_and(Vec::is_empty));
        let by = match replaced.iter().filter_map(|part| part.replacement.as_deref()).collect::<Vec<_>>().as_slice() {
            [[only]] => format!("`{}`", inert::line(only)),
            lists => count(lists.iter().map(|list| list.len()).sum(), "entry"),
        };
        let replace = named(&replaced, "wildcard").map(|what| format!("replace {what} by {by}"));
        let remove = named(&removed, "entry").map(|what| format!("remove {what}"));
        replace.into_iter().chain(remove).collect::<Vec<_>>().join(", ")
    }

    /// Why it is not simply written.
    fn note(&self) -> Option<String> {
        let why = inert::line(self.fix.withheld.as_deref()?);
        match self.fix.applicability {
            Applicability::Safe => None,
            Applicability::Unsafe => Some(format!("{why}; `--fix=all` writes it")),
            Applicability::DisplayOnly => Some(format!("never written: {why}")),
        }
    }

    /// The fix's own edits, line by line; `None` if that would be long or wide.
    fn diff(&self, file: &SourceFile, style: &Style) -> Option<Vec<DiffLine>> {
        let edits = self.fix.edits.as_slice();
        let line_of = |offset: u32| file.line_of(offset);
        let (first, last) = (line_of(edits.first()?.span.start), line_of(edits.last()?.span.end));
        let room = style.width.saturating_sub(8);
        if last - first > 4 * DIFF_LINES {
            return None;
        }
        let excerpt = Excerpt::lines(file, first, last);
        // A character has four bytes at most: what is much longer is not looked at.
        let is_wide = |line: &str| line.len() > room && (line.len() > 8 * room || shown(line).chars().count() > room);
        let too_wide = |text: &str| text.lines().any(is_wide);
        if too_wide(excerpt.text) {
            return None;
        }
        let moved = edits.iter().map(|edit| {
            let range = excerpt.whole(edit.span)?;
            Some(Edit { span: Span::new(range.start, range.end), replacement: edit.replacement.clone() })
        });
        let after = Edits::new(moved.collect::<Option<_>>()?).ok()?.apply(excerpt.text).ok()?;
        let lines = diff_lines(excerpt.text, &after, first);
        (lines.len() <= DIFF_LINES && !too_wide(&after)).then_some(lines)
    }

    /// What goes and what comes, entry by entry, as wide as the report may be.
    fn list(&self, file: &SourceFile, style: &Style) -> Vec<DiffLine> {
        let mut lines = Vec::new();
        for part in &self.parts {
            let number = Some(file.line_of(part.place.span.start));
            let old = inert::line(part.pattern.as_deref().unwrap_or_default()).into_owned();
            lines.push(DiffLine { ink: Ink::Red, number, text: old });
            let new = part.replacement.as_deref().unwrap_or_default().join(", ");
            let wrapped = wrap(&inert::line(&new), style.width.saturating_sub(10));
            let come = wrapped.iter().filter(|line| !line.is_empty());
            let come = come.map(|line| DiffLine { ink: Ink::Green, number: None, text: line.clone() });
            lines.extend(come.take(LIST_LINES));
            if wrapped.len() > LIST_LINES {
                lines.push(DiffLine { ink: Ink::Green, number: None, text: "... (--diff shows all)".to_owned() });
            }
        }
        lines
    }
}

fn diff_lines(before: &str, after: &str, first: usize) -> Vec<DiffLine> {
    let diff = TextDiff::from_lines(before, after);
    let line = |change: similar::Change<&str>| {
        let number = |index: Option<usize>| index.map(|index| index + first);
        let text = shown(change.value().trim_end_matches(['\n', '\r']));
        match change.tag() {
            ChangeTag::Equal => None,
            ChangeTag::Delete => Some(DiffLine { ink: Ink::Red, number: number(change.old_index()), text }),
            ChangeTag::Insert => Some(DiffLine { ink: Ink::Green, number: number(change.new_index()), text }),
        }
    };
    diff.iter_all_changes().filter_map(line).collect()
}

/// A line of a file as the excerpts show it.
fn shown(line: &str) -> String {
    inert::line(&line.replace('\t', "    ")).into_owned()
}

/// One diagnostic's entry by name, several by number.
fn named(parts: &[&Diagnostic], noun: &str) -> Option<String> {
    match parts {
        [] => None,
        [only] => Some(format!("`{}`", inert::line(only.pattern.as_deref().unwrap_or_default()))),
        many => Some(count(many.len(), noun)),
    }
}
