//! A few lines of a file, with spans counted from their start: what a diagnostic costs must not grow with the file.

use std::ops::Range;

use crate::diagnostic::Diagnostic;
use crate::source::{SourceFile, Span};

/// How far above an entry, in lines, its statement's `Sid` is still shown.
const SID_WITHIN: usize = 24;

/// How many bytes of a line are looked at on each side of an entry; terminals show fewer.
const AROUND: usize = 400;

/// Part of a file's text.
pub(super) struct Excerpt<'s> {
    /// The part.
    pub(super) text: &'s str,
    /// The line it starts in.
    pub(super) line: usize,
    /// Whether it begins inside a line, so that columns cannot be counted in it.
    pub(super) is_cut: bool,
    start: usize,
}

impl<'s> Excerpt<'s> {
    /// The lines from `first` to `last`, both counted in, with their ends.
    pub(super) fn lines(file: &'s SourceFile, first: usize, last: usize) -> Self {
        let mark = if file.text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
        let start = file.line_start(first).max(mark);
        let text = file.text.get(start..file.line_start(last + 1)).unwrap_or_default();
        Self { text, line: first, is_cut: false, start }
    }

    /// The line of a span, from the line of `above` on if there is one; of a very long line, what is near.
    pub(super) fn around(file: &'s SourceFile, span: Span, above: Option<Span>) -> Self {
        let line = file.line_of(span.start);
        let first = above.map_or(line, |above| file.line_of(above.start));
        let excerpt = Self::lines(file, first, line);
        if excerpt.text.len() <= 4 * AROUND { excerpt } else { Self::lines(file, line, line).cut(span) }
    }

    /// What is near a span, whole characters.
    fn cut(self, span: Span) -> Self {
        let boundary = |mut at: usize| {
            while !self.text.is_char_boundary(at) {
                at -= 1;
            }
            at
        };
        let Range { start, end } = self.relative(span);
        let from = boundary(start.saturating_sub(AROUND).min(self.text.len()));
        let to = boundary((end + AROUND).min(self.text.len()));
        let text = self.text.get(from..to).unwrap_or_default();
        Self { text, line: self.line, is_cut: from > 0, start: self.start + from }
    }

    /// A span counted from the excerpt's start, up to the end of its first line; `None` if it is not in it.
    pub(super) fn local(&self, span: Span) -> Option<Range<usize>> {
        let range = self.relative(span);
        let end = range.end.min(self.text.len());
        let covered = self.text.get(range.start..end)?;
        let length = covered.find(['\n', '\r']).unwrap_or(covered.len());
        Some(range.start..range.start + length)
    }

    /// A span counted from the excerpt's start; `None` if it does not lie in it as a whole.
    pub(super) fn whole(&self, span: Span) -> Option<Range<usize>> {
        let range = self.relative(span);
        (span.start as usize >= self.start && self.text.get(range.clone()).is_some()).then_some(range)
    }

    fn relative(&self, span: Span) -> Range<usize> {
        let from_start = |offset: u32| (offset as usize).saturating_sub(self.start);
        from_start(span.start)..from_start(span.end)
    }
}

/// Where the statement of a diagnostic says its `Sid`, if that is on a line above and near.
pub(super) fn sid(file: &SourceFile, diagnostic: &Diagnostic) -> Option<Span> {
    let policy = diagnostic.policies.first()?;
    let sid = policy.sid.as_deref().filter(|sid| !sid.is_empty())?;
    let line = file.line_of(diagnostic.place.span.start);
    let from = file.line_start(line.saturating_sub(SID_WITHIN).max(1)).max(policy.span.start as usize);
    let above = file.text.get(from..file.line_start(line))?;
    let key = above.find("Sid")?;
    let start = from + key + above.get(key + 3..)?.find(sid)? + 3;
    Some(Span::new(start, start + sid.len()))
}
