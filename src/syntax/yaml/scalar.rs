//! Scalars of YAML: which are text, where they stand, and how a text is written as one.

use granit_parser::ScalarStyle;

use crate::source::Span;

/// How a scalar is quoted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quoting {
    /// Not at all.
    Plain,
    /// In `'`.
    Single,
    /// In `"`.
    Double,
}

/// How the scalar that `text` begins with is quoted; `None` for one that has a tag, an anchor or lines of its own.
#[must_use]
pub fn quoting(text: &str) -> Option<Quoting> {
    match text.bytes().next()? {
        b'"' => Some(Quoting::Double),
        b'\'' => Some(Quoting::Single),
        b'!' | b'&' | b'*' | b'|' | b'>' => None,
        _ => Some(Quoting::Plain),
    }
}

/// Writes `text` as a scalar; one that would not be the same text without quotes gets them.
#[must_use]
pub fn quote(text: &str, quoting: Quoting) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.*?:".contains(&byte);
    let begins_well = text.bytes().next().is_some_and(|byte| byte.is_ascii_alphabetic());
    match quoting {
        Quoting::Plain if begins_well && text.bytes().all(is_plain) && !text.ends_with(':') => text.to_owned(),
        Quoting::Plain | Quoting::Double => crate::syntax::json::quote(text),
        Quoting::Single => format!("'{}'", text.replace('\'', "''")),
    }
}

/// Whether a plain scalar is a null, a truth value, a number or a date: what YAML 1.1 and 1.2 together take for such.
pub(super) fn is_no_text(text: &str, span: Span) -> bool {
    if span.start == span.end {
        return true;
    }
    let Some(first) = text.bytes().next() else { return false };
    match first {
        b'0'..=b'9' | b'+' | b'-' | b'.' => is_number(text) || is_date(text),
        b'~' => text.len() == 1,
        _ if text.len() > 5 => false,
        _ => ["null", "true", "false", "yes", "no", "on", "off"].iter().any(|word| text.eq_ignore_ascii_case(word)),
    }
}

fn is_number(text: &str) -> bool {
    let digits = text.trim_start_matches(['+', '-']);
    let special = [".inf", ".nan"].iter().any(|word| digits.eq_ignore_ascii_case(word));
    let prefixed = ["0x", "0o", "0b"].iter().any(|prefix| digits.starts_with(prefix));
    let is_digit = |byte: u8| byte.is_ascii_digit() || b"._:+-eE".contains(&byte);
    special || prefixed || (digits.bytes().any(|byte| byte.is_ascii_digit()) && digits.bytes().all(is_digit))
}

/// `2012-10-17`, with or without a time.
fn is_date(text: &str) -> bool {
    let mut parts = text.splitn(3, '-');
    let is_digits = |part: Option<&str>, length: std::ops::RangeInclusive<usize>| {
        part.is_some_and(|part| length.contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit()))
    };
    let day = |part: &str| part.bytes().next().is_some_and(|byte| byte.is_ascii_digit());
    is_digits(parts.next(), 4..=4) && is_digits(parts.next(), 1..=2) && parts.next().is_some_and(day)
}

/// The span of a scalar with its quotes or, of one with lines of its own, its header.
///
/// The parser's span of a block scalar begins at its first character and ends where the next token begins, and the
/// span of an empty value lies wherever that begins. `after` is where the token before it ends.
pub(super) fn span(text: &str, span: Span, style: ScalarStyle, after: u32) -> Span {
    if span.start == span.end && style == ScalarStyle::Plain {
        return Span { start: after, end: after };
    }
    if !matches!(style, ScalarStyle::Literal | ScalarStyle::Folded) {
        return span;
    }
    let before = Span { start: after, end: span.start }.of(text);
    let header = header(before).map_or(span.start, |at| after + at);
    let length = span.of(text).trim_end().len();
    let end = if length == 0 { header + 1 } else { Span::new(0, span.start as usize + length).end };
    Span { start: header, end }
}

/// Where the `|` or `>` of a header is, comments passed over.
fn header(before: &str) -> Option<u32> {
    let mut is_comment = false;
    let mut previous = b' ';
    for (at, byte) in before.bytes().enumerate() {
        match byte {
            b'\n' => is_comment = false,
            b'#' if previous.is_ascii_whitespace() => is_comment = true,
            b'|' | b'>' if !is_comment => return u32::try_from(at).ok(),
            _ => {}
        }
        previous = byte;
    }
    None
}
