//! Edits → whole lines: which lines of the file go, and the lines that come in their place.

use crate::edit::Edit;
use crate::report::region;
use crate::source::SourceFile;

/// Lines of a file and what they become.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Lines {
    /// The first line that goes, from 1.
    pub(super) first: usize,
    /// The last line that goes.
    pub(super) last: usize,
    /// The lines that come, each with its end; empty where nothing does.
    pub(super) text: String,
}

impl Lines {
    /// The fewest lines that hold all edits; `None` where whole lines cannot say them.
    ///
    /// Lines that end with a carriage return cannot: what a suggestion puts in their place would end without one.
    pub(super) fn of(edits: &[Edit], file: &SourceFile) -> Option<Self> {
        let edit = region::merged(edits, &file.text)?;
        let (first, last) = (file.line_of(edit.span.start), file.line_of(edit.span.end));
        let (start, end) = (file.line_start(first), file.line_start(last + 1));
        let before = file.text.get(start..end)?;
        let head = file.text.get(start..edit.span.start as usize)?;
        let tail = file.text.get(edit.span.end as usize..end)?;
        let after = format!("{head}{}{tail}", edit.replacement);
        if before.contains('\r') || after.contains('\r') || head.starts_with('\u{feff}') {
            return None;
        }
        Some(narrowed(first, &ended(before), &ended(&after)))
    }
}

/// A fence that no line of a text ends.
pub(super) fn fence(text: &str) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    "`".repeat(longest.max(2) + 1)
}

fn ended(text: &str) -> String {
    if text.is_empty() || text.ends_with('\n') { text.to_owned() } else { format!("{text}\n") }
}

/// Without the lines at both ends that stay, but for one where nothing else would go.
fn narrowed(first: usize, before: &str, after: &str) -> Lines {
    let old: Vec<&str> = before.split_inclusive('\n').collect();
    let new: Vec<&str> = after.split_inclusive('\n').collect();
    let same = |pair: &(&&str, &&str)| pair.0 == pair.1;
    let most = old.len().min(new.len()).min(old.len().saturating_sub(1));
    let head = old.iter().zip(&new).take_while(same).count().min(most);
    let most = (old.len() - head - 1).min(new.len() - head);
    let tail = old.iter().rev().zip(new.iter().rev()).take_while(same).count().min(most);
    let text = new.get(head..new.len() - tail).unwrap_or_default().concat();
    Lines { first: first + head, last: first + old.len() - tail - 1, text }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Span;

    const FILE: &str = "{\n  \"a\",\n  \"b\",\n  \"c\"\n}";

    fn lines(text: &str, edits: &[(&str, &str)]) -> Option<Lines> {
        let edit = |(old, new): &(&str, &str)| {
            let start = text.find(old).unwrap();
            Edit { span: Span::new(start, start + old.len()), replacement: (*new).to_owned() }
        };
        Lines::of(&edits.iter().map(edit).collect::<Vec<_>>(), &SourceFile::new("a", text))
    }

    #[test]
    fn the_fewest_whole_lines_say_an_edit() {
        let lines_of = |first, last, text: &str| Some(Lines { first, last, text: text.to_owned() });
        assert_eq!(lines(FILE, &[("\"b\"", "\"B\"")]), lines_of(3, 3, "  \"B\",\n"));
        assert_eq!(lines(FILE, &[("\"b\",\n  ", "")]), lines_of(3, 3, ""), "a line goes");
        assert_eq!(lines(FILE, &[(",\n  \"c\"", "")]), lines_of(3, 4, "  \"b\"\n"), "the comma before it goes too");
        assert_eq!(
            lines(FILE, &[("\"a\"", "\"A\""), ("\"c\"", "\"C\"")]),
            lines_of(2, 4, "  \"A\",\n  \"b\",\n  \"C\"\n")
        );
        assert_eq!(lines(FILE, &[("\"c\"", "\"c\",\n  \"d\"")]), lines_of(4, 4, "  \"c\",\n  \"d\"\n"));
        assert_eq!(lines(FILE, &[("}", "}}")]), lines_of(5, 5, "}}\n"), "the last line has no end");
        assert_eq!(
            lines("a\nb\n", &[("b", "a\nb")]),
            lines_of(2, 2, "a\nb\n"),
            "a line comes, and one stays to hold it"
        );
        assert_eq!(lines("a\r\nb\r\n", &[("a", "c")]), None);
    }

    #[test]
    fn a_fence_is_longer_than_any_in_it() {
        let cases = [("", "```"), ("a ` b", "```"), ("```\n", "````"), ("~~~ ``````", "```````")];
        for (text, expected) in cases {
            assert_eq!(fence(text), expected, "{text:?}");
        }
    }
}
