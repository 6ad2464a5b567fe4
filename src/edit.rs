//! Edits of a text: ranges and strings, sorted and disjoint.
//!
//! Knows nothing else: not why, not in which notation.

use crate::source::Span;

/// One replacement; an insertion has an empty span, a deletion an empty text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Edit {
    /// What is replaced.
    pub span: Span,
    /// By what.
    pub replacement: String,
}

impl Edit {
    /// Replaces `span` by nothing.
    #[must_use]
    pub fn deletion(span: Span) -> Self {
        Self { span, replacement: String::new() }
    }
}

/// Edits of one text; the same edit made twice is one. Invariant: sorted by start, disjoint, none empty.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Edits(Vec<Edit>);

/// Two edits overlap, or one lies outside the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("edits overlap or lie outside the text")]
pub struct Conflict;

impl Edits {
    /// Puts edits in order.
    ///
    /// # Errors
    /// If two overlap.
    pub fn new(mut edits: Vec<Edit>) -> Result<Self, Conflict> {
        edits.retain(|edit| edit.span.start < edit.span.end || !edit.replacement.is_empty());
        edits.sort();
        edits.dedup();
        let pairs = edits.iter().zip(edits.iter().skip(1));
        let disjoint = pairs.into_iter().all(|(a, b)| a.span.end <= b.span.start && a.span != b.span);
        disjoint.then_some(Self(edits)).ok_or(Conflict)
    }

    /// The edits, in order.
    #[must_use]
    pub fn as_slice(&self) -> &[Edit] {
        &self.0
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The text with all edits made.
    ///
    /// # Errors
    /// If one lies outside the text or inside a character.
    pub fn apply(&self, text: &str) -> Result<String, Conflict> {
        let mut out = String::with_capacity(text.len());
        let mut done = 0;
        for Edit { span, replacement } in &self.0 {
            out.push_str(text.get(done..span.start as usize).ok_or(Conflict)?);
            out.push_str(replacement);
            done = span.end as usize;
        }
        out.push_str(text.get(done..).ok_or(Conflict)?);
        Ok(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edit(start: usize, end: usize, replacement: &str) -> Edit {
        Edit { span: Span::new(start, end), replacement: replacement.into() }
    }

    #[test]
    fn edits_are_made_in_order_and_leave_the_rest() {
        let edits = Edits::new(vec![edit(4, 5, "E"), edit(0, 1, ""), edit(2, 2, "x")]).unwrap();
        assert_eq!(edits.apply("abcde").unwrap(), "bxcdE");
        assert_eq!(edits.as_slice(), [edit(0, 1, ""), edit(2, 2, "x"), edit(4, 5, "E")]);
        let nothing = Edits::new(vec![edit(1, 1, "")]).unwrap();
        assert_eq!((nothing.is_empty(), edits.is_empty()), (true, false));
    }

    #[test]
    fn what_overlaps_or_lies_outside_is_refused() {
        assert_eq!(Edits::new(vec![edit(0, 2, "a"), edit(1, 3, "b")]), Err(Conflict));
        assert_eq!(Edits::new(vec![edit(1, 1, "a"), edit(1, 1, "b")]), Err(Conflict));
        assert_eq!(Edits::new(vec![edit(0, 9, "a")]).unwrap().apply("abc"), Err(Conflict));
        assert_eq!(Edits::new(vec![edit(1, 2, "a")]).unwrap().apply("é"), Err(Conflict));
    }
}
