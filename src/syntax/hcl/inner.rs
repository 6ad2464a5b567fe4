//! Text inside an HCL string or heredoc, as a layer of its own with what deployment puts in masked.
//!
//! A hole becomes as many bytes of [`FILLER`], so that spans stay true; one that stands for a whole JSON value becomes a
//! JSON string of them. A directive becomes blanks where it stands between values, and cannot be masked inside of one.

use std::borrow::Cow;

use crate::source::{Layer, LayerId, Span, Writing};
use crate::syntax::{Entry, Node, Piece, Value};

/// A character that no policy has: it stands for a byte of a hole.
const FILLER: char = '\u{7f}';

/// The string or heredoc at `span` of `text` as a layer; `None` where it cannot be told what stands where.
#[must_use]
pub fn inner_text(text: &str, parent: LayerId, span: Span) -> Option<Layer> {
    let raw = span.of(text);
    if raw.contains(FILLER) {
        return None;
    }
    if raw.starts_with('"') {
        return quoted(raw, parent, span.start);
    }
    let header = raw.find('\n')? + 1;
    let body = raw.get(header..raw.trim_end_matches([' ', '\t']).rfind('\n')? + 1)?;
    let mut layer = Layer {
        parent,
        text: String::with_capacity(body.len()),
        writing: Writing::Raw,
        anchors: vec![(0, span.start + Span::new(header, header).start)],
    };
    let mut rest = body;
    let mut state = Json::default();
    while let Some(at) = rest.find(['$', '%']) {
        let (plain, from) = rest.split_at_checked(at)?;
        state.see(plain);
        layer.text.push_str(plain);
        let taken = if is_escaped(from) {
            layer.text.push_str(from.get(..3)?);
            3
        } else if from.starts_with("%{") && !state.in_string {
            let directive = closing(from)?;
            layer.text.extend(std::iter::repeat_n(' ', directive));
            directive
        } else if let Some(hole) = hole(from)? {
            mask(&mut layer.text, hole, state.in_string);
            hole
        } else {
            layer.text.push_str(from.get(..1)?);
            1
        };
        rest = from.get(taken..)?;
    }
    layer.text.push_str(rest);
    Some(layer)
}

/// Whether directives say what there is of a text as it is written.
#[must_use]
pub fn has_directive(raw: &str) -> bool {
    raw.match_indices("%{").any(|(at, _)| !raw.get(..at).is_some_and(|before| before.ends_with('%')))
}

/// The text inside the string or heredoc at `span` of `text`, with each hole as the JSON string of what is written there.
#[must_use]
pub fn filled_text(text: &str, span: Span) -> Option<String> {
    let layer = inner_text(text, LayerId::FILE, span)?;
    let mut filled = String::with_capacity(layer.text.len());
    let mut rest = layer.text.as_str();
    while let Some(at) = rest.find(FILLER) {
        let (plain, from) = rest.split_at_checked(at)?;
        let length = from.len() - from.trim_start_matches(FILLER).len();
        let start = layer.text.len() - from.len();
        let hole = layer.in_parent(Span::new(start, start + length)).of(text);
        filled.push_str(plain);
        filled.push_str(&crate::syntax::json::escape(hole));
        rest = from.get(length..)?;
    }
    filled.push_str(rest);
    Some(filled)
}

/// The text as HCL writes it between quotes.
#[must_use]
pub fn quote(text: &str) -> String {
    crate::syntax::json::quote(text).replace("${", "$${").replace("%{", "%%{")
}

/// A node of a masked text, with its holes as such.
///
/// Depth is bounded by the parser's limit on nesting.
#[must_use]
pub fn with_holes<'s>(node: &Node<'s>) -> Node<'s> {
    let value = match &node.value {
        Value::Text(text) if text.contains(FILLER) => {
            let is_whole = text.chars().all(|c| c == FILLER);
            if is_whole { Value::Opaque } else { Value::Template(masked_pieces(text)) }
        }
        Value::List(items) => Value::List(items.iter().map(with_holes).collect()),
        Value::Table(entries) => {
            let entry = |entry: &Entry<'s>| Entry { value: with_holes(&entry.value), ..entry.clone() };
            Value::Table(entries.iter().map(entry).collect())
        }
        other => other.clone(),
    };
    Node { span: node.span, value }
}

/// The pieces of a template, which are not unescaped; `None` for one with directives.
#[must_use]
pub fn pieces(text: &str) -> Option<Vec<Piece<'static>>> {
    let mut pieces = Vec::new();
    let (mut rest, mut literal) = (text, String::new());
    while let Some(at) = rest.find(['$', '%']) {
        let (plain, from) = rest.split_at_checked(at)?;
        literal.push_str(plain);
        let taken = if is_escaped(from) {
            literal.push_str(from.get(1..3)?);
            3
        } else if let Some(length) = hole(from)? {
            if !literal.is_empty() {
                pieces.push(Piece::Literal(Cow::Owned(std::mem::take(&mut literal))));
            }
            pieces.push(Piece::Hole(Cow::Owned(from.get(2..length - 1)?.trim().to_owned())));
            length
        } else {
            literal.push_str(from.get(..1)?);
            1
        };
        rest = from.get(taken..)?;
    }
    literal.push_str(rest);
    if !literal.is_empty() {
        pieces.push(Piece::Literal(Cow::Owned(literal)));
    }
    Some(pieces)
}

/// The reference that the text of a hole is, if it is nothing else.
#[must_use]
pub fn reference_of(hole: &str) -> Option<&str> {
    let is_name = |part: &str| {
        !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
    };
    (hole.contains('.') && hole.split('.').all(is_name)).then_some(hole)
}

fn masked_pieces<'s>(text: &str) -> Vec<Piece<'s>> {
    let mut pieces = Vec::new();
    for part in text.split(FILLER) {
        if !part.is_empty() {
            pieces.push(Piece::Literal(Cow::Owned(part.to_owned())));
        }
        if !matches!(pieces.last(), Some(Piece::Hole(_))) {
            pieces.push(Piece::Hole(Cow::Borrowed("")));
        }
    }
    if !text.ends_with(FILLER) {
        pieces.pop();
    }
    pieces
}

/// Whether what comes next in a JSON text is inside of a string.
#[derive(Debug, Default)]
struct Json {
    in_string: bool,
    escaped: bool,
}

impl Json {
    fn see(&mut self, text: &str) {
        for byte in text.bytes() {
            match byte {
                _ if self.escaped => self.escaped = false,
                b'\\' if self.in_string => self.escaped = true,
                b'"' => self.in_string = !self.in_string,
                _ => {}
            }
        }
    }
}

fn is_escaped(text: &str) -> bool {
    text.starts_with("$${") || text.starts_with("%%{")
}

/// The length of the hole that a text begins with, if it does; a directive has none that could be told.
fn hole(text: &str) -> Option<Option<usize>> {
    if text.starts_with("%{") {
        return None;
    }
    if !text.starts_with("${") {
        return Some(None);
    }
    Some(Some(closing(text)?))
}

/// Where the hole that a text begins with ends; strings in it may have holes again.
fn closing(text: &str) -> Option<usize> {
    let mut open: Vec<u8> = Vec::new();
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let in_string = open.last() == Some(&b'"');
        let begins_hole = matches!(byte, b'$' | b'%') && bytes.get(at + 1) == Some(&b'{');
        match byte {
            b'\\' if in_string => at += 1,
            b'"' if in_string => drop(open.pop()),
            b'"' => open.push(b'"'),
            _ if in_string && is_escaped(text.get(at..)?) => at += 2,
            _ if begins_hole => {
                open.push(b'{');
                at += 1;
            }
            b'{' if !in_string => open.push(b'{'),
            b'}' if !in_string => {
                open.pop();
                if open.is_empty() {
                    return Some(at + 1);
                }
            }
            _ => {}
        }
        at += 1;
    }
    None
}

/// Writes a hole of so many bytes; outside of a string it is a string of its own.
fn mask(text: &mut String, length: usize, in_string: bool) {
    if in_string {
        text.extend(std::iter::repeat_n(FILLER, length));
    } else {
        text.push('"');
        text.extend(std::iter::repeat_n(FILLER, length.saturating_sub(2)));
        text.push('"');
    }
}

fn quoted(raw: &str, parent: LayerId, start: u32) -> Option<Layer> {
    let inside = raw.get(1..raw.len().checked_sub(1)?)?;
    let mut layer = Layer { parent, text: String::new(), writing: Writing::JsonString, anchors: vec![(0, start + 1)] };
    let mut state = Json::default();
    let mut rest = inside;
    while let Some(at) = rest.find(['\\', '$', '%']) {
        let (plain, from) = rest.split_at_checked(at)?;
        state.see(plain);
        layer.text.push_str(plain);
        anchor(&mut layer, start, inside.len() - from.len());
        let taken = if is_escaped(from) {
            layer.text.push_str(from.get(1..3)?);
            3
        } else if let Some(hole) = hole(from)? {
            mask(&mut layer.text, hole, state.in_string);
            hole
        } else if from.starts_with('\\') {
            let (character, length) = unescape(from)?;
            state.see(character.encode_utf8(&mut [0; 4]));
            layer.text.push(character);
            length
        } else {
            layer.text.push_str(from.get(..1)?);
            1
        };
        rest = from.get(taken..)?;
        anchor(&mut layer, start, inside.len() - rest.len());
    }
    layer.text.push_str(rest);
    Some(layer)
}

/// Notes that what is decoded next stands `there` bytes into the inside of the string at `start`.
fn anchor(layer: &mut Layer, start: u32, there: usize) {
    let point = Span::new(layer.text.len(), there);
    if layer.anchors.last().is_some_and(|last| last.0 == point.start) {
        layer.anchors.pop();
    }
    layer.anchors.push((point.start, start + 1 + point.end));
}

/// The character of the escape that `text` begins with, and the bytes it takes.
fn unescape(text: &str) -> Option<(char, usize)> {
    let coded = |digits: usize| {
        let code = u32::from_str_radix(text.get(2..2 + digits)?, 16).ok()?;
        Some((char::from_u32(code)?, 2 + digits))
    };
    match text.as_bytes().get(1)? {
        b'n' => Some(('\n', 2)),
        b'r' => Some(('\r', 2)),
        b't' => Some(('\t', 2)),
        b'"' => Some(('"', 2)),
        b'\\' => Some(('\\', 2)),
        b'u' => coded(4),
        b'U' => coded(8),
        _ => None,
    }
}
