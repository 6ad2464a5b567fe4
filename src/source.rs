//! The only owner of file text: files, the texts written inside them, spans and places.
//!
//! A policy may stand as escaped text inside another text (JSON inside a JSON string). Such a text is a [`Layer`] of
//! its file: it is decoded once, and every span in it can be mapped back to the file's own bytes.
//! Knows bytes and lines. Does not know any format.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use jiff::Timestamp;

/// How many bytes of a text are counted at once.
const STRIDE: usize = 512;

/// A half-open range of bytes in one text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Span {
    /// The first byte.
    pub start: u32,
    /// The byte after the last.
    pub end: u32,
}

/// A file of [`Sources`], by its place in the order of paths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(u32);

/// A text of a file: the file's own ([`LayerId::FILE`]) or one written inside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LayerId(u32);

/// Line and column, both from 1; columns count Unicode scalar values, and a byte order mark is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1.
    pub column: usize,
}

/// A text decoded out of another one of the same file.
#[derive(Debug, Clone)]
pub struct Layer {
    /// The text it was decoded from.
    pub parent: LayerId,
    /// The decoded text.
    pub text: String,
    /// How it was written in its parent.
    pub writing: Writing,
    /// `(offset here, offset in the parent)`: from each such point on, offsets run side by side until the next.
    /// Invariant: strictly ascending in both, and the first is at 0.
    pub anchors: Vec<(u32, u32)>,
}

/// How a text is written inside its parent, which is how an edit of it has to be written there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Writing {
    /// As the inside of a JSON string, which on one line is one of YAML's too.
    JsonString,
    /// As the inside of a YAML string in single quotes, on one line.
    SingleQuoted,
    /// As the lines of a YAML block, each indented by so many spaces.
    Literal {
        /// The spaces before each line.
        indent: usize,
        /// Whether lines end with CR and LF.
        has_carriage_returns: bool,
    },
    /// As it is, in the lines of an HCL heredoc.
    Raw,
    /// In lines that are folded together: it cannot be edited.
    Folded,
}

/// A repository file.
#[derive(Debug)]
pub struct SourceFile {
    /// How it is shown: relative to the git root, `/` everywhere, bytes that are not UTF-8 as `%XX`.
    pub path: String,
    /// How globs of its configuration see it: relative to the configuration's folder.
    pub relative: String,
    /// Which of the run's scopes governs it.
    pub scope: usize,
    /// Whether what is found in it is reported and may be written.
    pub reported: bool,
    /// Whether the user named this very file, rather than a folder above it.
    pub named: bool,
    /// Why it is never written, if so.
    pub read_only: Option<&'static str>,
    /// Whether its text could not be read, so that it may say anything.
    pub unread: bool,
    /// When lines of it were last changed, as far as that was asked for; `None` for what is not committed.
    pub changed: BTreeMap<usize, Option<Timestamp>>,
    /// Its whole text, with its byte order mark.
    pub text: String,
    line_starts: OnceLock<Vec<u32>>,
    /// How many characters stand before each multiple of [`STRIDE`], so that a long line is not counted again and again.
    counted: OnceLock<Vec<u32>>,
}

/// What is wrong with a repository file: becomes a diagnostic of its own, and the run goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// What is wrong: lower case, no full stop.
    pub message: String,
    /// Where, in the file's own bytes.
    pub span: Span,
}

/// All files of a run, in order of their paths.
#[derive(Debug, Default)]
pub struct Sources {
    files: Vec<SourceFile>,
}

impl Span {
    /// The span of `range`; offsets beyond 4 GiB saturate, since no such file is read.
    #[must_use]
    pub fn new(start: usize, end: usize) -> Self {
        let narrow = |offset: usize| u32::try_from(offset).unwrap_or(u32::MAX);
        Self { start: narrow(start), end: narrow(end) }
    }

    /// As a range to slice with.
    #[must_use]
    pub fn range(self) -> std::ops::Range<usize> {
        self.start as usize..self.end as usize
    }

    /// Whether `other` lies inside.
    #[must_use]
    pub fn contains(self, other: Self) -> bool {
        self.start <= other.start && other.end <= self.end
    }

    /// The text it covers; empty if it lies outside of `text`.
    #[must_use]
    pub fn of(self, text: &str) -> &str {
        text.get(self.range()).unwrap_or_default()
    }
}

impl LayerId {
    /// The file's own text.
    pub const FILE: Self = Self(0);

    /// The layer at `index` of the file's layers.
    #[must_use]
    pub fn inner(index: usize) -> Self {
        Self(u32::try_from(index + 1).unwrap_or(u32::MAX))
    }

    /// The index into the file's layers; `None` for the file itself.
    #[must_use]
    pub fn index(self) -> Option<usize> {
        self.0.checked_sub(1).map(|index| index as usize)
    }
}

impl Layer {
    /// Where `span` stands in the parent.
    #[must_use]
    pub fn in_parent(&self, span: Span) -> Span {
        Span { start: self.offset_in_parent(span.start), end: self.offset_in_parent(span.end) }
    }

    fn offset_in_parent(&self, offset: u32) -> u32 {
        let after = self.anchors.partition_point(|&(here, _)| here <= offset);
        match after.checked_sub(1).and_then(|index| self.anchors.get(index)) {
            Some(&(here, there)) => there + (offset - here),
            None => offset,
        }
    }
}

/// Where `span` of the text `layer` stands in the file's own bytes.
#[must_use]
pub fn span_in_file(layers: &[Layer], layer: LayerId, span: Span) -> Span {
    let (mut layer, mut span) = (layer, span);
    while let Some(inner) = layer.index().and_then(|index| layers.get(index)) {
        (layer, span) = (inner.parent, inner.in_parent(span));
    }
    span
}

/// The text of `layer`.
#[must_use]
pub fn layer_text<'s>(file: &'s str, layers: &'s [Layer], layer: LayerId) -> &'s str {
    match layer.index() {
        None => file,
        Some(index) => layers.get(index).map_or("", |layer| &layer.text),
    }
}

impl SourceFile {
    /// A file that is reported, may be written, and is governed by the first scope.
    #[must_use]
    pub fn new(path: impl Into<String>, text: impl Into<String>) -> Self {
        let path = path.into();
        Self {
            relative: path.clone(),
            path,
            scope: 0,
            reported: true,
            named: false,
            read_only: None,
            unread: false,
            changed: BTreeMap::new(),
            text: text.into(),
            line_starts: OnceLock::new(),
            counted: OnceLock::new(),
        }
    }

    /// Puts another text in the place of the file's own.
    pub fn replace_text(&mut self, text: String) {
        self.text = text;
        self.changed.clear();
        self.line_starts = OnceLock::new();
        self.counted = OnceLock::new();
    }

    /// The line and column of a byte offset; an offset past the end is at the end.
    #[must_use]
    pub fn position(&self, offset: u32) -> Position {
        let line = self.line_of(offset);
        let start = self.line_start(line);
        let end = (offset as usize).min(self.text.len());
        let before = match end.saturating_sub(start) {
            ..STRIDE => self.characters(start, end),
            _ => self.characters_before(end).saturating_sub(self.characters_before(start)),
        };
        Position { line, column: before + 1 }
    }

    /// How many characters begin before a byte, byte order marks not counted.
    fn characters_before(&self, offset: usize) -> usize {
        let counted = self.counted.get_or_init(|| {
            let starts = (0..self.text.len()).step_by(STRIDE);
            let sums = starts.scan(0, |sum, start| {
                let before = *sum;
                *sum += self.characters(start, start + STRIDE);
                Some(u32::try_from(before).unwrap_or(u32::MAX))
            });
            sums.collect()
        });
        let stride = (offset / STRIDE).min(counted.len().saturating_sub(1));
        counted.get(stride).map_or(0, |&before| before as usize) + self.characters(stride * STRIDE, offset)
    }

    /// How many characters begin from one byte to before another.
    fn characters(&self, start: usize, end: usize) -> usize {
        let bytes = self.text.as_bytes();
        let begun = bytes.get(start..end.min(bytes.len())).unwrap_or_default();
        let is_start = |&(_, &byte): &(usize, &u8)| byte & 0b1100_0000 != 0b1000_0000;
        let is_mark = |at: usize| bytes.get(start + at..).is_some_and(|rest| rest.starts_with("\u{feff}".as_bytes()));
        begun.iter().enumerate().filter(is_start).filter(|(at, byte)| **byte != 0xef || !is_mark(*at)).count()
    }

    /// The line of a byte offset, from 1.
    #[must_use]
    pub fn line_of(&self, offset: u32) -> usize {
        self.line_starts().partition_point(|&start| start <= offset).max(1)
    }

    /// The byte offset at which a line starts, lines from 1; the end of the text for a line past the last.
    #[must_use]
    pub fn line_start(&self, line: usize) -> usize {
        let start = line.checked_sub(1).and_then(|index| self.line_starts().get(index));
        start.map_or(self.text.len(), |&start| start as usize)
    }

    fn line_starts(&self) -> &[u32] {
        self.line_starts.get_or_init(|| {
            let breaks = memchr::memchr_iter(b'\n', self.text.as_bytes());
            std::iter::once(0).chain(breaks.map(|at| u32::try_from(at + 1).unwrap_or(u32::MAX))).collect()
        })
    }
}

impl Sources {
    /// Takes the files and puts them in order of their paths.
    #[must_use]
    pub fn new(mut files: Vec<SourceFile>) -> Self {
        files.sort_by(|a, b| a.path.cmp(&b.path));
        Self { files }
    }

    /// All files, in order of their paths.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (FileId, &SourceFile)> {
        self.files.iter().enumerate().map(|(index, file)| (FileId(u32::try_from(index).unwrap_or(u32::MAX)), file))
    }

    /// The files as a slice, in order of their paths.
    #[must_use]
    pub fn files(&self) -> &[SourceFile] {
        &self.files
    }

    /// Gives the files back, in order of their paths.
    #[must_use]
    pub fn into_files(self) -> Vec<SourceFile> {
        self.files
    }

    /// Notes when lines of a file were last changed.
    pub fn set_changed(&mut self, file: FileId, changed: BTreeMap<usize, Option<Timestamp>>) {
        if let Some(file) = self.files.get_mut(file.0 as usize) {
            file.changed = changed;
        }
    }

    /// One file.
    #[must_use]
    pub fn get(&self, file: FileId) -> Option<&SourceFile> {
        self.files.get(file.0 as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_characters_and_pass_over_a_byte_order_mark() {
        let file = SourceFile::new("a.json", "\u{feff}{é}\r\n  \"x\"\n");
        let cases = [(3, (1, 1)), (4, (1, 2)), (6, (1, 3)), (9, (2, 1)), (11, (2, 3)), (15, (3, 1)), (99, (3, 1))];
        for (offset, (line, column)) in cases {
            assert_eq!(file.position(offset), Position { line, column }, "offset {offset}");
        }
    }

    #[test]
    fn a_span_of_an_inner_text_maps_to_the_bytes_of_the_file() {
        // `"a\u0062c"` holds `abc`; the span of `b` is the six bytes of its escape.
        let layer = Layer {
            parent: LayerId::FILE,
            text: "abc".into(),
            writing: Writing::JsonString,
            anchors: vec![(0, 1), (1, 2), (2, 8)],
        };
        assert_eq!(layer.in_parent(Span::new(1, 2)), Span::new(2, 8));
        assert_eq!(layer.in_parent(Span::new(0, 3)), Span::new(1, 9));
    }
}
