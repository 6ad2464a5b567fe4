//! Where a diagnostic stands, in lines and columns, as the formats for programs want it.

use crate::diagnostic::Place;
use crate::edit::Edit;
use crate::source::{Position, SourceFile, Sources, Span};

/// A half-open range of lines and columns, both from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Region {
    pub(super) start: Position,
    pub(super) end: Position,
}

impl Region {
    /// Where a span stands; columns count Unicode scalar values.
    pub(super) fn of(span: Span, file: &SourceFile) -> Self {
        Self { start: file.position(span.start), end: file.position(span.end) }
    }

    /// The same with columns that count bytes of UTF-8; a byte order mark is none.
    pub(super) fn in_bytes(span: Span, file: &SourceFile) -> Self {
        Self { start: byte_position(span.start, file), end: byte_position(span.end, file) }
    }
}

/// A place in its file; `None` for a file that is not one of the sources.
pub(super) fn source<'s>(place: &Place, sources: &'s Sources) -> Option<&'s SourceFile> {
    place.file.and_then(|id| sources.get(id))
}

/// What of a place lies on its first line; `None` for a file that is not one of the sources.
pub(super) fn first_line(place: &Place, sources: &Sources) -> Option<Region> {
    let file = source(place, sources)?;
    let span = place.span;
    let covered = span.of(&file.text);
    let length = covered.find(['\n', '\r']).unwrap_or(covered.len());
    let end = (span.start as usize).saturating_add(length);
    Some(Region::of(Span::new(span.start as usize, end), file))
}

/// The line of a place; 1 for a file as a whole.
pub(super) fn line(place: &Place, sources: &Sources) -> usize {
    source(place, sources).map_or(1, |file| file.line_of(place.span.start))
}

/// Edits of one file as one: from the first to the last of them, what is between them taken over as it is.
pub(super) fn merged(edits: &[Edit], text: &str) -> Option<Edit> {
    let (first, last) = (edits.first()?, edits.last()?);
    let (mut replacement, mut done) = (String::new(), first.span.start);
    for edit in edits {
        replacement.push_str(text.get(done as usize..edit.span.start as usize)?);
        replacement.push_str(&edit.replacement);
        done = edit.span.end;
    }
    Some(Edit { span: Span { start: first.span.start, end: last.span.end }, replacement })
}

fn byte_position(offset: u32, file: &SourceFile) -> Position {
    let Position { line, .. } = file.position(offset);
    let start = file.line_start(line);
    let end = (offset as usize).min(file.text.len());
    let mark = if line == 1 && file.text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    Position { line, column: end.saturating_sub(start).saturating_sub(mark) + 1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters_or_bytes_and_no_byte_order_mark() {
        let file = SourceFile::new("a.json", "\u{feff}{\u{e9}\u{1f389}\"x\"\n\u{e9} y");
        let span = Span::new(10, 13);
        let columns = |region: Region| (region.start.column, region.end.column);
        assert_eq!(span.of(&file.text), "\"x\"");
        assert_eq!(columns(Region::of(span, &file)), (4, 7));
        assert_eq!(columns(Region::in_bytes(span, &file)), (8, 11));
        assert_eq!(Region::in_bytes(Span::new(17, 18), &file).start, Position { line: 2, column: 4 });
    }

    #[test]
    fn edits_become_one_that_does_the_same() {
        let text = "a, b, c, d";
        let edit =
            |start, end, replacement: &str| Edit { span: Span::new(start, end), replacement: replacement.into() };
        let merged = merged(&[edit(0, 1, "A"), edit(3, 6, ""), edit(8, 9, "e")], text);
        assert_eq!(merged, Some(edit(0, 9, "A, c,e")));
    }
}
