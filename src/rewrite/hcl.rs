//! Edits of HCL lists, tables and blocks, in the layout that `terraform fmt` leaves.
//!
//! An item with lines to itself goes with them, its own comment included; comments between items stay.

#[cfg(test)]
mod tests;

use super::{ItemChange, json};
use crate::edit::{Conflict, Edit};
use crate::source::Span;
use crate::syntax::hcl::quote;

/// The edits of a list with the items at `spans`: in brackets, the entries of a table, or blocks.
///
/// # Errors
/// If items stand where they cannot be edited.
pub(super) fn list_edits(
    text: &str,
    list: Span,
    spans: &[Span],
    changes: &[ItemChange],
) -> Result<Vec<Edit>, Conflict> {
    let mut replaced = spans.iter().zip(changes).filter(|(_, change)| matches!(change, ItemChange::Replace(_)));
    if replaced.any(|(span, _)| !is_text(span.of(text))) {
        return Err(Conflict);
    }
    // What follows the word that ends a heredoc must be on a line of its own.
    if spans.iter().any(|span| span.of(text).starts_with("<<")) {
        return Err(Conflict);
    }
    let is_bracketed = list.of(text).trim_start_matches('(').starts_with(['[', '{']);
    let lines: Option<Vec<Lines>> = spans.iter().map(|span| Lines::of(text, *span)).collect();
    match lines {
        Some(lines) if is_bracketed => Ok(own_lines_edits(text, list, spans, &lines, changes)),
        Some(lines) => Ok(block_edits(text, &lines, changes)),
        None if is_bracketed => flow_edits(text, list, spans, changes),
        None => Err(Conflict),
    }
}

/// What one string becomes: a string again, or a list, on one line so that what stands around it stays aligned.
pub(super) fn string_or_list(text: &str, value: Span, texts: &[String]) -> Result<Vec<Edit>, Conflict> {
    if !is_text(value.of(text)) {
        return Err(Conflict);
    }
    let quoted: Vec<String> = texts.iter().map(|text| quote(text)).collect();
    let replacement = match quoted.as_slice() {
        [only] => only.clone(),
        all => format!("[{}]", all.join(", ")),
    };
    Ok(vec![Edit { span: value, replacement }])
}

/// Whether an item is a string in quotes without holes.
fn is_text(item: &str) -> bool {
    item.starts_with('"') && !item.contains("${") && !item.contains("%{")
}

/// The lines that an item has to itself.
struct Lines {
    /// Where the first begins.
    start: usize,
    /// Where the line after the last begins, or the text ends.
    next: usize,
    /// The comma after the item, if there is one.
    comma: Option<usize>,
}

impl Lines {
    fn of(text: &str, span: Span) -> Option<Self> {
        let before = text.get(..span.start as usize)?;
        let start = before.rfind('\n').map_or(0, |at| at + 1);
        let indentation = before.get(start..)?;
        let after = text.get(span.end as usize..)?;
        let line = after.split_inclusive('\n').next().unwrap_or_default();
        let rest = line.trim_start_matches([' ', '\t']);
        let comma = rest.starts_with(',').then(|| span.end as usize + line.len() - rest.len());
        let rest = rest.trim_start_matches(',').trim();
        let is_own = rest.is_empty() || rest.starts_with('#') || rest.starts_with("//");
        let is_alone = is_own && indentation.bytes().all(|byte| matches!(byte, b' ' | b'\t'));
        is_alone.then_some(Self { start, next: span.end as usize + line.len(), comma })
    }
}

/// The edits of a list or table whose items all have lines to themselves.
fn own_lines_edits(text: &str, list: Span, spans: &[Span], lines: &[Lines], changes: &[ItemChange]) -> Vec<Edit> {
    let mut edits = Vec::new();
    for ((span, lines), change) in spans.iter().zip(lines).zip(changes) {
        match change {
            ItemChange::Keep | ItemChange::Apart => {}
            ItemChange::Remove => edits.push(Edit::deletion(Span::new(lines.start, lines.next))),
            ItemChange::Replace(texts) => {
                let line_end = if list.of(text).contains("\r\n") { "\r\n" } else { "\n" };
                let indentation = Span::new(lines.start, span.start as usize).of(text);
                let quoted: Vec<String> = texts.iter().map(|text| quote(text)).collect();
                edits.push(Edit { span: *span, replacement: quoted.join(&format!(",{line_end}{indentation}")) });
            }
        }
    }
    let last_had_comma = lines.last().is_some_and(|lines| lines.comma.is_some());
    let loses_last = changes.last() == Some(&ItemChange::Remove);
    if loses_last && !last_had_comma {
        let stays = lines.iter().zip(changes).rfind(|(_, change)| **change != ItemChange::Remove);
        // What goes by another edit takes its comma along; HCL takes one that is left at the end.
        let comma = stays.filter(|(_, change)| **change != ItemChange::Apart).and_then(|(lines, _)| lines.comma);
        edits.extend(comma.map(|at| Edit::deletion(Span::new(at, at + 1))));
    }
    edits
}

/// The edits of blocks, each of which goes with the blank lines before it, or after it where a run of them is the first.
fn block_edits(text: &str, lines: &[Lines], changes: &[ItemChange]) -> Vec<Edit> {
    let mut edits = Vec::new();
    let mut run: Option<(usize, bool)> = None;
    for (lines, change) in lines.iter().zip(changes) {
        if !matches!(change, ItemChange::Remove | ItemChange::Apart) {
            continue;
        }
        let kept = without_blank_lines(text.get(..lines.start).unwrap_or_default());
        let goes_on = run.filter(|(next, _)| kept.len() <= *next).map(|(_, goes_back)| goes_back);
        let goes_back = goes_on.unwrap_or_else(|| kept.len() < lines.start && !kept.trim_end().ends_with('{'));
        run = Some((lines.next, goes_back));
        let span = if goes_back {
            Span::new(kept.len(), lines.next)
        } else {
            let after = text.get(lines.next..).unwrap_or_default().split_inclusive('\n');
            let blank = after.take_while(|line| line.trim().is_empty()).map(str::len).sum::<usize>();
            Span::new(lines.start, lines.next + blank)
        };
        edits.extend((*change == ItemChange::Remove).then(|| Edit::deletion(span)));
    }
    edits
}

fn without_blank_lines(text: &str) -> &str {
    let content = text.trim_end();
    let line_end = text.get(content.len()..).and_then(|rest| rest.find('\n'));
    line_end.and_then(|at| text.get(..content.len() + at + 1)).unwrap_or(text)
}

fn flow_edits(text: &str, list: Span, spans: &[Span], changes: &[ItemChange]) -> Result<Vec<Edit>, Conflict> {
    let edits = json::flow_edits(text, list, spans, changes, |_, texts| texts.iter().map(|text| quote(text)).collect());
    let takes_comment = |edit: &Edit| {
        let mut start = edit.span.start;
        let mut gaps = Vec::new();
        for item in spans.iter().filter(|item| edit.span.contains(**item)) {
            gaps.push(Span { start, end: item.start });
            start = item.end;
        }
        gaps.push(Span { start, end: edit.span.end });
        gaps.iter().any(|gap| !gap.of(text).chars().all(|c| c == ',' || c.is_whitespace()))
    };
    if edits.iter().any(takes_comment) { Err(Conflict) } else { Ok(edits) }
}
