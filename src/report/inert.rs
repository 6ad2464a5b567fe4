//! Text from files → text that a terminal shows and a workflow log does not obey.
//!
//! Control and invisible characters become visible ones. What a log would run as a command (`::` at the start of a
//! line, `##[` anywhere) is broken by a plain space: runners compare as a language does, so a zero-width break would be
//! passed over. Does not know whose text it is.

use std::borrow::Cow;
use std::iter::Peekable;

/// What stands for a character that has no picture of its own.
const REPLACEMENT: char = '\u{fffd}';

/// What may pass besides visible characters.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// Nothing: one line.
    Line,
    /// Line ends and tabs.
    Block,
    /// The same, and colours.
    Styled,
}

/// Makes a text inert that has to stay on one line: line ends are shown, not made.
#[must_use]
pub fn line(text: &str) -> Cow<'_, str> {
    inert(text, Shape::Line)
}

/// Makes a text of several lines inert; tabs stay, and line ends become `\n`.
#[must_use]
pub fn block(text: &str) -> Cow<'_, str> {
    inert(text, Shape::Block)
}

/// The same for a text of our own making: its colours (`ESC [ … m`) stay. What came from files must be inert already.
#[must_use]
pub fn styled(text: &str) -> Cow<'_, str> {
    inert(text, Shape::Styled)
}

fn inert(text: &str, shape: Shape) -> Cow<'_, str> {
    let obeyed = |line: &str| line.trim_start().starts_with("::") || line.contains("##");
    if text.chars().all(|c| c == '\n' && shape != Shape::Line || shown(c) == Some(c)) && !text.lines().any(obeyed) {
        return Cow::Borrowed(text);
    }
    let visible = visible(text, shape);
    let mut out = String::with_capacity(visible.len() + 8);
    for line in visible.split_inclusive('\n') {
        push_disarmed(&mut out, line);
    }
    Cow::Owned(out)
}

fn visible(text: &str, shape: Shape) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\n' | '\t' if shape != Shape::Line => out.push(c),
            '\r' if shape != Shape::Line && chars.peek() == Some(&'\n') => {}
            '\u{1b}' if shape == Shape::Styled => push_color(&mut out, &mut chars),
            c => out.push(shown(c).unwrap_or(REPLACEMENT)),
        }
    }
    out
}

/// Takes over a colour sequence, of which the escape was read; anything else shows its escape.
fn push_color(out: &mut String, chars: &mut Peekable<impl Iterator<Item = char> + Clone>) {
    let parameters: String =
        chars.clone().skip(1).take_while(|c| c.is_ascii_digit() || *c == ';' || *c == ':').collect();
    let is_color = chars.peek() == Some(&'[') && chars.clone().nth(1 + parameters.len()) == Some('m');
    if !is_color {
        out.push('␛');
        return;
    }
    out.push('\u{1b}');
    out.extend(chars.take(parameters.len() + 2));
}

/// Breaks what a workflow runner would obey.
fn push_disarmed(out: &mut String, line: &str) {
    let start = line.len() - line.trim_start().len();
    let (space, mut rest) = line.split_at_checked(start).unwrap_or(("", line));
    out.push_str(space);
    if let Some(after) = rest.strip_prefix("::") {
        out.push_str(": :");
        rest = after;
    }
    while let Some((before, after)) = rest.split_once("##") {
        out.push_str(before);
        if is_bracketed(after) {
            out.push_str("## ");
            rest = after;
        } else {
            // One at a time: `###[` holds a command from its second mark on.
            out.push('#');
            rest = rest.get(before.len() + 1..).unwrap_or_default();
        }
    }
    out.push_str(rest);
}

/// Whether a command's name and bracket follow: `##[error]`, and `##vso[…]` of another runner.
fn is_bracketed(after: &str) -> bool {
    after.trim_start_matches(|c: char| c.is_ascii_alphabetic()).starts_with('[')
}

/// The character as it may be shown; `None` if it has no picture.
fn shown(c: char) -> Option<char> {
    match c {
        '\u{0}'..='\u{1f}' => char::from_u32(0x2400 + u32::from(c)),
        '\u{7f}' => Some('␡'),
        _ if c.is_control() || is_invisible(c) => None,
        _ => Some(c),
    }
}

/// Characters that take no room, turn the direction of writing, or end a line
/// ([Default_Ignorable_Code_Point](https://www.unicode.org/reports/tr44/#Default_Ignorable_Code_Point) and kin).
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
        | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_line_stays_one_visible_line() {
        let cases = [
            ("s3:GetObject", "s3:GetObject"),
            ("Größe 数量 🎉", "Größe 数量 🎉"),
            ("\u{1b}[31mred\u{7}", "␛[31mred␇"),
            ("one\r\ntwo\tthree", "one␍␊two␉three"),
            ("\u{9b}31m", "\u{fffd}31m"),
            ("a\u{202e}b\u{200b}c\u{2028}d\u{7f}", "a\u{fffd}b\u{fffd}c\u{fffd}d␡"),
            ("::error::x", ": :error::x"),
            ("  ::warning::", "  : :warning::"),
            (":::a", ": ::a"),
            ("a ::b", "a ::b"),
            ("\u{200b}::error::", "\u{fffd}::error::"),
            ("see ##[error]", "see ## [error]"),
            ("###[group] ##vso[task] ##", "### [group] ## vso[task] ##"),
            ("#\u{200b}#[error]", "#\u{fffd}#[error]"),
        ];
        for (text, expected) in cases {
            assert_eq!(line(text), expected, "{text:?}");
        }
    }

    #[test]
    fn a_block_keeps_its_lines_and_disarms_each() {
        assert_eq!(block("a\r\n\t::b\nc\rd"), "a\n\t: :b\nc␍d");
        assert!(matches!(block("a\nb\n"), Cow::Borrowed(_)));
    }

    #[test]
    fn only_colours_pass_as_styled() {
        assert_eq!(styled("\u{1b}[1;38;5;208mx\u{1b}[0m"), "\u{1b}[1;38;5;208mx\u{1b}[0m");
        assert_eq!(styled("\u{1b}[2Jx\u{1b}]8;;y\u{1b}"), "␛[2Jx␛]8;;y␛");
    }

    fn hostile() -> impl Strategy<Value = String> {
        let pieces = prop::sample::select(vec![
            "::", ":", "##[", "#", "[", "error", "\u{1b}[", "\u{85}", "\u{a0}", " ", "\n", "\r", "\t", "\u{202e}",
            "\u{200b}", "\u{fe0f}", "m", "0", "vso", "é", "\0",
        ]);
        let known = prop::collection::vec(pieces, 0..12).prop_map(|pieces| pieces.concat());
        prop_oneof![known, any::<String>()]
    }

    fn is_inert(text: &str) -> bool {
        let quiet = |c: char| !matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200b}'..='\u{200f}');
        text.chars().all(|c| quiet(c) && (!c.is_control() || c == '\n' || c == '\t'))
            && !text.contains("##[")
            && !text.lines().any(|line| line.trim_start().starts_with("::"))
    }

    proptest! {
        #[test]
        fn what_comes_out_is_inert_and_stays_as_it_is(text in hostile()) {
            let (one, many) = (line(&text).into_owned(), block(&text).into_owned());
            prop_assert!(is_inert(&one) && !one.contains(['\n', '\t']), "{one:?}");
            prop_assert!(is_inert(&many), "{many:?}");
            prop_assert_eq!(line(&one), &*one);
            prop_assert_eq!(block(&many), &*many);
        }
    }
}
