//! Edits of YAML lists and scalars, in the layout and the quotes that they are written in.
//!
//! An item of a block goes with its lines, its own comment included; comments between items stay.

use super::{ItemChange, json};
use crate::edit::{Conflict, Edit};
use crate::source::Span;
use crate::syntax::yaml::{Quoting, quote, quoting};

/// The edits of a list with the items at `spans`.
///
/// # Errors
/// If items stand where they cannot be edited, or if nothing would be left of a block.
pub(super) fn list_edits(
    text: &str,
    list: Span,
    spans: &[Span],
    changes: &[ItemChange],
) -> Result<Vec<Edit>, Conflict> {
    let replaced = spans.iter().zip(changes).filter(|(_, change)| matches!(change, ItemChange::Replace(_)));
    if replaced.into_iter().any(|(span, _)| quoting(span.of(text)).is_none()) {
        return Err(Conflict);
    }
    if !is_flow(text, list, spans) {
        return block_edits(text, spans, changes);
    }
    let quoted = |span: Span, texts: &[String]| {
        let quoting = quoting(span.of(text)).unwrap_or(Quoting::Double);
        texts.iter().map(|text| quote(text, quoting)).collect()
    };
    let edits = json::flow_edits(text, list, spans, changes, quoted);
    let takes_comment = |edit: &Edit| edit.replacement.is_empty() && has_comment(edit.span, text, spans);
    if edits.iter().any(takes_comment) { Err(Conflict) } else { Ok(edits) }
}

/// Whether a list is in brackets, its tag and anchor aside.
fn is_flow(text: &str, list: Span, spans: &[Span]) -> bool {
    let before = spans.first().map_or("", |first| Span { start: list.start, end: first.start }.of(text));
    before.trim_start_matches(|c: char| c != '[' && c != '\n').starts_with('[')
}

/// Whether there is a comment between the items that lie in `span`.
fn has_comment(span: Span, text: &str, items: &[Span]) -> bool {
    let mut start = span.start;
    let inside = items.iter().filter(|item| span.contains(**item));
    let mut gaps: Vec<Span> = Vec::new();
    for item in inside {
        gaps.push(Span { start, end: item.start });
        start = item.end;
    }
    gaps.push(Span { start, end: span.end });
    gaps.iter().any(|gap| gap.of(text).contains('#'))
}

/// The lines of an item of a block.
struct Lines {
    /// Where the first of them begins.
    start: usize,
    /// Where the last of them ends, before its line break.
    end: usize,
    /// Where the next line begins, or the text ends.
    next: usize,
}

fn block_edits(text: &str, spans: &[Span], changes: &[ItemChange]) -> Result<Vec<Edit>, Conflict> {
    if changes.iter().all(|change| *change == ItemChange::Remove) {
        return Err(Conflict);
    }
    let mut edits = Vec::new();
    for (span, change) in spans.iter().zip(changes) {
        match change {
            ItemChange::Keep | ItemChange::Apart => {}
            ItemChange::Remove => {
                let Lines { start, next, .. } = lines(text, *span)?;
                edits.push(Edit::deletion(Span::new(start, next)));
            }
            ItemChange::Replace(texts) => edits.extend(replaced(text, *span, texts)?),
        }
    }
    Ok(without_last_break(text, edits))
}

/// Deletions that touch are one; and a text that ends without a line break goes on doing so when its last lines go.
fn without_last_break(text: &str, edits: Vec<Edit>) -> Vec<Edit> {
    let mut joined: Vec<Edit> = Vec::with_capacity(edits.len());
    for edit in edits {
        match joined.last_mut() {
            Some(last) if is_deletion(last) && is_deletion(&edit) && last.span.end == edit.span.start => {
                last.span.end = edit.span.end;
            }
            _ => joined.push(edit),
        }
    }
    if let Some(last) = joined.last_mut().filter(|last| is_deletion(last) && last.span.end as usize == text.len())
        && !text.ends_with('\n')
    {
        let before = text.get(..last.span.start as usize).unwrap_or_default();
        let kept = before.strip_suffix('\n').map_or(before, |before| before.strip_suffix('\r').unwrap_or(before));
        last.span.start = Span::new(kept.len(), kept.len()).start;
    }
    joined
}

fn is_deletion(edit: &Edit) -> bool {
    edit.replacement.is_empty()
}

/// An item and, below it, what else takes its place; its comment stays beside the first.
fn replaced(text: &str, span: Span, texts: &[String]) -> Result<Vec<Edit>, Conflict> {
    let quoting = quoting(span.of(text)).ok_or(Conflict)?;
    let mut quoted = texts.iter().map(|text| quote(text, quoting));
    let mut edits = vec![Edit { span, replacement: quoted.next().ok_or(Conflict)? }];
    let rest: Vec<String> = quoted.collect();
    if !rest.is_empty() {
        let lines = lines(text, span)?;
        let lead = Span::new(lines.start, span.start as usize).of(text);
        if lead.contains(['\n', '#']) {
            return Err(Conflict);
        }
        let lead = format!("{}{lead}", line_end(text));
        let added = rest.iter().flat_map(|text| [lead.as_str(), text.as_str()]).collect();
        edits.push(Edit { span: Span::new(lines.end, lines.end), replacement: added });
    }
    Ok(edits)
}

/// The lines that an item has to itself, from that of its dash on.
fn lines(text: &str, span: Span) -> Result<Lines, Conflict> {
    let before = text.get(..span.start as usize).ok_or(Conflict)?;
    let dash = before.trim_end().strip_suffix('-').ok_or(Conflict)?;
    let start = dash.rfind('\n').map_or(0, |at| at + 1);
    let indentation = dash.get(start..).ok_or(Conflict)?;
    let after = text.get(span.end as usize..).ok_or(Conflict)?;
    let line = after.split_inclusive('\n').next().unwrap_or_default();
    let rest = line.trim_start_matches([' ', '\t']);
    let is_own = rest.trim().is_empty() || (rest.starts_with('#') && rest.len() < line.len());
    if !indentation.bytes().all(|byte| byte == b' ') || !is_own {
        return Err(Conflict);
    }
    let next = span.end as usize + line.len();
    Ok(Lines { start, end: span.end as usize + line.trim_end_matches(['\n', '\r']).len(), next })
}

/// What the one scalar of a key becomes: a scalar again, or a list as the file writes its lists.
///
/// # Errors
/// If it stands where it cannot be edited.
pub(super) fn string_or_list(
    text: &str,
    statement: Span,
    value: Span,
    texts: &[String],
) -> Result<Vec<Edit>, Conflict> {
    let quoting = quoting(value.of(text)).ok_or(Conflict)?;
    let quoted: Vec<String> = texts.iter().map(|text| quote(text, quoting)).collect();
    let whole = |replacement: String| Ok(vec![Edit { span: value, replacement }]);
    if let [only] = quoted.as_slice() {
        return whole(only.clone());
    }
    match key_before(text, value).filter(|_| !statement.of(text).starts_with('{')) {
        Some(key) => block_below(text, statement, value, &key, &quoted),
        None => whole(format!("[{}]", quoted.join(", "))),
    }
}

/// The key that a value on the same line belongs to.
struct Key {
    /// How far it is from the start of its line, in bytes.
    column: usize,
    /// Where its colon ends.
    colon: usize,
}

/// The key of a block table before a value; none before a value in brackets, or an item of a list.
fn key_before(text: &str, value: Span) -> Option<Key> {
    let before = text.get(..value.start as usize)?;
    let line = before.get(before.rfind('\n').map_or(0, |at| at + 1)..)?;
    let column = line.len() - line.trim_start_matches([' ', '-']).len();
    let key = line.get(column..)?.trim_end();
    let name = key.strip_suffix(':')?;
    let is_name = !name.is_empty() && !name.contains([',', '{', '[', ':', ' ', '#']);
    is_name.then_some(Key { column, colon: before.trim_end().len() })
}

/// The value goes, and the lines of a list come below it; a comment beside it stays.
fn block_below(text: &str, statement: Span, value: Span, key: &Key, quoted: &[String]) -> Result<Vec<Edit>, Conflict> {
    let after = text.get(value.end as usize..).ok_or(Conflict)?;
    let line = after.split(['\r', '\n']).next().unwrap_or_default();
    let rest = line.trim_start_matches([' ', '\t']);
    let is_own = rest.is_empty() || (rest.starts_with('#') && rest.len() < line.len());
    if !is_own {
        return Err(Conflict);
    }
    let indent = key.column + list_indent(text, statement);
    let lead = format!("{}{}- ", line_end(text), " ".repeat(indent));
    let added: String = quoted.iter().flat_map(|text| [lead.as_str(), text.as_str()]).collect();
    let end = value.end as usize + line.len();
    let gone = Edit::deletion(Span::new(key.colon, value.end as usize));
    Ok(vec![gone, Edit { span: Span::new(end, end), replacement: added }])
}

/// How far the file indents a list below its key: as in the statement, else as anywhere in the file.
fn list_indent(text: &str, statement: Span) -> usize {
    let of = |text: &str| {
        let mut key: Option<usize> = None;
        text.lines().find_map(|line| {
            let content = line.trim_start_matches(' ');
            let indent = line.len() - content.len();
            let found = key.filter(|_| content.starts_with("- ")).and_then(|key| indent.checked_sub(key));
            let inner = content.trim_start_matches(['-', ' ']);
            key = inner.trim_end().ends_with(':').then(|| line.len() - inner.len());
            found
        })
    };
    let line = text.get(..statement.start as usize).and_then(|before| before.rfind('\n')).map_or(0, |at| at + 1);
    of(Span::new(line, statement.end as usize).of(text)).or_else(|| of(text)).unwrap_or(2)
}

fn line_end(text: &str) -> &'static str {
    if text.contains("\r\n") { "\r\n" } else { "\n" }
}

#[cfg(test)]
mod tests;
