//! JSON → [`Node`]s with byte-exact spans, and how a text is written inside a JSON string.
//!
//! Comments and trailing commas are read, since people write them; whatever else is not JSON is a problem.
//! Does not know IAM.

use std::borrow::Cow;

use jsonc_parser::ast;
use jsonc_parser::common::Ranged;
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};

use super::{Entry, MAX_VALUES, Node, Value, too_many};
use crate::source::{Layer, LayerId, Problem, Span, Writing};

const BYTE_ORDER_MARK: &str = "\u{feff}";

/// Whether a text is meant to be JSON, by its first characters; a template engine's `{{` and `{%` are not.
#[must_use]
pub fn looks_like_json(text: &str) -> bool {
    let mut characters = text.trim_start_matches(BYTE_ORDER_MARK).chars().filter(|c| !c.is_ascii_whitespace());
    match characters.next() {
        Some('{') => matches!(characters.next(), Some('"' | '}' | '/')),
        Some('[') => matches!(characters.next(), Some('{' | '"' | ']' | '[' | '/')),
        _ => false,
    }
}

/// Reads one JSON value; `None` for a text that holds none. Nesting beyond 512 levels is a problem; an object takes two.
///
/// # Errors
/// What makes it no JSON, with the place.
pub fn parse(text: &str) -> Result<Option<Node<'_>>, Problem> {
    let shift = if text.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK.len() } else { 0 };
    let body = text.get(shift..).unwrap_or_default();
    if memchr::memchr3_iter(b',', b'[', b'{', body.as_bytes()).nth(MAX_VALUES).is_some() {
        return Err(too_many(MAX_VALUES));
    }
    let options = ParseOptions {
        allow_comments: true,
        allow_trailing_commas: true,
        allow_loose_object_property_names: false,
        allow_missing_commas: false,
        allow_single_quoted_strings: false,
        allow_hexadecimal_numbers: false,
        allow_unary_plus_numbers: false,
        allow_bare_decimal_point_numbers: false,
        allow_extended_string_escapes: false,
        allow_non_finite_numbers: false,
    };
    let parsed = parse_to_ast(body, &CollectOptions::default(), &options).map_err(|error| {
        let range = error.range();
        Problem {
            message: format!("not JSON: {}", lower_first(&error.kind().to_string())),
            span: Span::new(range.start + shift, range.end + shift),
        }
    })?;
    Ok(parsed.value.map(|value| node(value, shift)))
}

fn lower_first(text: &str) -> String {
    let text = text.trim_end_matches('.');
    let mut characters = text.chars();
    characters.next().map_or_else(String::new, |first| first.to_lowercase().chain(characters).collect())
}

/// Recursion is bounded by the parser's own limit on nesting.
fn node(value: ast::Value<'_>, shift: usize) -> Node<'_> {
    let range = value.range();
    let span = Span::new(range.start + shift, range.end + shift);
    let value = match value {
        ast::Value::StringLit(text) => Value::Text(text.value),
        ast::Value::Array(array) => Value::List(array.elements.into_iter().map(|item| node(item, shift)).collect()),
        ast::Value::Object(object) => {
            Value::Table(object.properties.into_iter().map(|property| entry(property, shift)).collect())
        }
        ast::Value::NumberLit(_) | ast::Value::BooleanLit(_) | ast::Value::NullKeyword(_) => Value::Scalar,
    };
    Node { span, value }
}

fn entry(property: ast::ObjectProp<'_>, shift: usize) -> Entry<'_> {
    let range = property.name.range();
    let key = match property.name {
        ast::ObjectPropName::String(text) => text.value,
        ast::ObjectPropName::Word(word) => Cow::Borrowed(word.value),
    };
    Entry { key, key_span: Span::new(range.start + shift, range.end + shift), value: node(property.value, shift) }
}

/// Decodes the JSON string at `span` of `text` into a layer of its own, or `None` if it is not a well-formed one.
#[must_use]
pub fn inner_text(text: &str, parent: LayerId, span: Span) -> Option<Layer> {
    let inside = Span { start: span.start + 1, end: span.end.saturating_sub(1) };
    let raw = text.get(inside.range())?;
    let mut layer = Layer {
        parent,
        text: String::with_capacity(raw.len()),
        writing: Writing::JsonString,
        anchors: vec![(0, inside.start)],
    };
    let mut rest = raw;
    // As IAM's API has documents: URL-encoded, so that no text of JSON can begin like it.
    let is_url_encoded = raw.get(..3).is_some_and(|start| start.eq_ignore_ascii_case("%7b"));
    let mark = if is_url_encoded { b'%' } else { b'\\' };
    let unescape = if is_url_encoded { percent } else { unescape };
    while let Some(at) = memchr::memchr(mark, rest.as_bytes()) {
        let (plain, escape) = rest.split_at_checked(at)?;
        layer.text.push_str(plain);
        let (character, length) = unescape(escape)?;
        anchor(&mut layer, raw, inside.start, escape);
        layer.text.push(character);
        rest = escape.get(length..)?;
        anchor(&mut layer, raw, inside.start, rest);
    }
    layer.text.push_str(rest);
    Some(layer)
}

/// Notes that what is decoded next stands where `rest`, a suffix of `raw`, begins.
fn anchor(layer: &mut Layer, raw: &str, base: u32, rest: &str) {
    let narrow = |offset: usize| u32::try_from(offset).unwrap_or(u32::MAX);
    let point = (narrow(layer.text.len()), base + narrow(raw.len() - rest.len()));
    if layer.anchors.last().is_some_and(|last| last.0 == point.0) {
        layer.anchors.pop();
    }
    layer.anchors.push(point);
}

/// The character whose URL encoding `text` begins with, and the bytes it takes.
fn percent(text: &str) -> Option<(char, usize)> {
    let byte = |index: usize| u8::from_str_radix(text.get(3 * index..3 * index + 3)?.strip_prefix('%')?, 16).ok();
    let bytes: Vec<u8> = (0..4).map_while(byte).collect();
    let (length, character) = (1..=bytes.len())
        .find_map(|length| Some((length, std::str::from_utf8(bytes.get(..length)?).ok()?.chars().next()?)))?;
    Some((character, 3 * length))
}

/// The character of the escape that `text` begins with, and the bytes it takes.
fn unescape(text: &str) -> Option<(char, usize)> {
    let simple = |c: char| Some((c, 2));
    match text.as_bytes().get(1)? {
        b'"' => simple('"'),
        b'\\' => simple('\\'),
        b'/' => simple('/'),
        b'b' => simple('\u{8}'),
        b'f' => simple('\u{c}'),
        b'n' => simple('\n'),
        b'r' => simple('\r'),
        b't' => simple('\t'),
        b'u' => {
            let high = code_unit(text.get(2..6)?)?;
            if !(0xd800..0xdc00).contains(&high) {
                return char::from_u32(high).map(|c| (c, 6));
            }
            let low = text.get(6..12)?.strip_prefix("\\u").and_then(code_unit)?;
            let low = low.checked_sub(0xdc00).filter(|low| *low < 0x400)?;
            char::from_u32(0x1_0000 + ((high - 0xd800) << 10) + low).map(|c| (c, 12))
        }
        _ => None,
    }
}

fn code_unit(digits: &str) -> Option<u32> {
    digits.bytes().all(|b| b.is_ascii_hexdigit()).then(|| u32::from_str_radix(digits, 16).ok())?
}

/// Writes `text` as the inside of a JSON string.
#[must_use]
pub fn escape(text: &str) -> String {
    let quoted = serde_json::Value::from(text).to_string();
    quoted.get(1..quoted.len() - 1).unwrap_or_default().to_owned()
}

/// Writes `text` as a JSON string, with its quotes.
#[must_use]
pub fn quote(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_encoded_text_maps_back_to_its_bytes() {
        let file = r#""%7B%22a%22%3A%20%22%C3%A9x%22%7d""#;
        let layer = inner_text(file, LayerId::FILE, Span::new(0, file.len())).unwrap();
        assert_eq!(layer.text, "{\"a\": \"\u{e9}x\"}");
        let x = layer.text.find('x').unwrap();
        assert_eq!(layer.in_parent(Span::new(x, x + 1)).of(file), "x");
        for broken in ["\"%7B%2\"", "\"%7B%zz\"", "\"%7B%C3x%A9\"", "\"%7B%FF\""] {
            assert!(inner_text(broken, LayerId::FILE, Span::new(0, broken.len())).is_none(), "{broken}");
        }
    }

    #[test]
    fn every_span_covers_what_was_read() {
        let text = "\u{feff}{ \"Action\" : [ \"s3:Get*\", \"s3:\\u0050ut*\" ], \"é\": -1.5e3 /* why */ }";
        let root = parse(text).unwrap().unwrap();
        let items = root.get("Action").unwrap().list().unwrap();
        assert_eq!(items[0].span.of(text), "\"s3:Get*\"");
        assert_eq!((items[1].span.of(text), items[1].text()), ("\"s3:\\u0050ut*\"", Some("s3:Put*")));
        assert_eq!(root.get("é").unwrap().span.of(text), "-1.5e3");
        assert_eq!(root.table().unwrap()[0].key_span.of(text), "\"Action\"");
        assert_eq!(root.span.of(text), text.trim_start_matches('\u{feff}'));
    }

    #[test]
    fn what_is_not_json_is_a_problem_with_its_place() {
        let cases = [
            ("{\"a\": 1 \"b\": 2}", 7),
            ("{'a': 1}", 1),
            ("{a: 1}", 1),
            ("{\"a\": 0x1}", 6),
            ("{\"a\": [1, 2}", 11),
            ("{} {}", 3),
        ];
        for (text, start) in cases {
            let problem = parse(text).unwrap_err();
            assert_eq!(problem.span.start, start, "{text}: {problem:?}");
        }
    }

    #[test]
    fn nesting_without_end_is_a_problem_not_a_crash() {
        for open in ["[", "{\"a\":", "[{\"Action\":"] {
            assert!(parse(&open.repeat(200_000)).is_err());
        }
    }

    #[test]
    fn a_repeated_key_is_seen() {
        let root = parse("{\"Action\": 1, \"Effect\": 2, \"Action\": 3}").unwrap().unwrap();
        assert_eq!(root.repeated_key().map(|entry| entry.key_span.start), Some(27));
    }

    #[test]
    fn text_inside_a_string_maps_back_to_the_bytes_of_its_escapes() {
        let host = r#"{"PolicyDocument": "{\"Action\":\u0022s3:\ud83d\ude00*\"}"}"#;
        let root = parse(host).unwrap().unwrap();
        let span = root.get("PolicyDocument").unwrap().span;
        let layer = inner_text(host, LayerId::FILE, span).unwrap();
        assert_eq!(layer.text, "{\"Action\":\"s3:😀*\"}");
        let inner = parse(&layer.text).unwrap().unwrap();
        let entry = inner.get("Action").unwrap().span;
        assert_eq!(layer.in_parent(entry).of(host), r#"\u0022s3:\ud83d\ude00*\""#);
        assert_eq!(Some(layer.in_parent(inner.span).of(host)), host.get(20..host.len() - 2));
    }

    #[test]
    fn a_template_engines_text_does_not_look_like_json() {
        let cases = [
            ("{\"a\": 1}", true),
            ("\u{feff} [\n {", true),
            ("{{ range }}", false),
            ("{% if %}", false),
            ("[link](x)", false),
            ("", false),
            ("{}", true),
        ];
        for (text, expected) in cases {
            assert_eq!(looks_like_json(text), expected, "{text}");
        }
    }
}
