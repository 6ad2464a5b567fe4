//! Text from files → Markdown in which nothing of it is markup: no link, no mention, no HTML, no end of a table's cell.

use std::fmt::Write as _;

use crate::report::inert;

/// How much of a name is shown, in characters.
const NAME: usize = 160;

/// How much of a sentence is shown, in characters.
const SENTENCE: usize = 600;

/// A name as code.
pub(super) fn code(name: &str) -> String {
    let name = shortened(&inert::line(name), NAME);
    if !name.is_empty() && name.chars().all(is_plain_code) && !name.starts_with(' ') && !name.ends_with(' ') {
        return format!("`{name}`");
    }
    format!("<code>{}</code>", entities(&name))
}

/// A sentence of ours: what stands in backticks is code, and nothing else is markup.
pub(super) fn sentence(text: &str) -> String {
    let text = shortened(&inert::line(text), SENTENCE);
    let parts: Vec<&str> = text.split('`').collect();
    // An even number of backticks cannot be told from names that hold some; then none of them is markup.
    let is_marked = parts.len() % 2 == 1;
    let mut out = String::with_capacity(text.len() + 16);
    for (index, part) in parts.iter().enumerate() {
        match index % 2 {
            1 if is_marked => out.push_str(&code(part)),
            _ => out.push_str(&prose(part)),
        }
        if !is_marked && index + 1 < parts.len() {
            out.push_str("&#96;");
        }
    }
    out
}

/// Several names as code, the first few of them.
pub(super) fn codes<'a>(names: impl ExactSizeIterator<Item = &'a String>, shown: usize) -> String {
    let rest = names.len().saturating_sub(shown);
    let mut list: Vec<String> = names.take(shown).map(|name| code(name)).collect();
    if rest > 0 {
        list.push(format!("and {rest} more"));
    }
    list.join(", ")
}

/// The text of a label in a Mermaid drawing, inside of its quotes.
pub(super) fn label(text: &str) -> String {
    let mut out = String::new();
    for c in shortened(&inert::line(text), NAME).chars() {
        if c.is_alphanumeric() || c == ' ' {
            out.push(c);
        } else {
            // Writing to a string cannot fail.
            let _ = write!(out, "#{};", u32::from(c));
        }
    }
    out
}

/// Characters that mean nothing inside of a code span, not even in a table.
fn is_plain_code(c: char) -> bool {
    c.is_alphanumeric()
        || matches!(c, ' ' | ':' | '*' | '?' | '/' | '.' | '-' | '_' | ',' | '+' | '=' | '@' | '$' | '#' | '%')
}

/// Everything that Markdown or HTML could read is written as a reference, which both show and neither obeys.
fn entities(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_ascii_punctuation() {
            let _ = write!(out, "&#{};", u32::from(c));
        } else {
            out.push(c);
        }
    }
    out
}

fn prose(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let ends_a_word = chars.peek().is_none_or(|next| *next == ' ');
        match c {
            // In code, so that they address nobody and refer to nothing.
            '@' | '#' => out.push_str(&format!("<code>&#{};</code>", u32::from(c))),
            ',' | ';' | '-' | '\'' | '/' | '%' | '(' | ')' => out.push(c),
            '.' | ':' if ends_a_word => out.push(c),
            c if c.is_ascii_punctuation() => out.push_str(&entities(c.encode_utf8(&mut [0; 4]))),
            c => out.push(c),
        }
    }
    out
}

fn shortened(text: &str, length: usize) -> String {
    match text.char_indices().nth(length) {
        Some((at, _)) => format!("{}\u{2026}", text.get(..at).unwrap_or_default()),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_code_and_nothing_else() {
        let cases = [
            ("s3:Get*", "`s3:Get*`"),
            ("policies/app.json", "`policies/app.json`"),
            ("a|b", "<code>a&#124;b</code>"),
            ("a`b", "<code>a&#96;b</code>"),
            ("</code><script>", "<code>&#60;&#47;code&#62;&#60;script&#62;</code>"),
            ("![x](http://e.com)", "<code>&#33;&#91;x&#93;&#40;http&#58;&#47;&#47;e&#46;com&#41;</code>"),
            ("\\", "<code>&#92;</code>"),
            (" a", "<code> a</code>"),
            ("", "<code></code>"),
        ];
        for (name, expected) in cases {
            assert_eq!(code(name), expected, "{name:?}");
        }
        assert_eq!(code(&"x".repeat(500)), format!("<code>{}\u{2026}</code>", "x".repeat(NAME)));
    }

    #[test]
    fn a_sentence_keeps_its_code_and_loses_its_markup() {
        let cases = [
            ("`s3:Get*` is granted to role `app`", "`s3:Get*` is granted to role `app`"),
            ("role (known by name): finding f of 2026-10-12", "role (known by name): finding f of 2026-10-12"),
            ("`a|b` is [x](y)", "<code>a&#124;b</code> is &#91;x&#93;(y)"),
            ("`a`b` is", "&#96;a&#96;b&#96; is"),
            ("@team #1 www.x.y", "<code>&#64;</code>team <code>&#35;</code>1 www&#46;x&#46;y"),
            ("<b>&amp;*_~", "&#60;b&#62;&#38;amp;&#42;&#95;&#126;"),
        ];
        for (text, expected) in cases {
            assert_eq!(sentence(text), expected, "{text:?}");
        }
    }

    #[test]
    fn a_label_of_a_drawing_holds_letters_and_references() {
        assert_eq!(label("s3:Get*\"]; click"), "s3#58;Get#42;#34;#93;#59; click");
    }
}
