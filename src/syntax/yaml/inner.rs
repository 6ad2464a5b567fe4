//! Text inside a YAML scalar, as a layer of its own: which byte of the file each byte of it is.

use crate::source::{Layer, LayerId, Span, Writing};
use crate::syntax::json;

/// The scalar at `span` of `text`, which says `decoded`, as a layer; `None` where it cannot be told what stands where.
///
/// One that YAML folds is mapped as well, but no edit of it can be written.
#[must_use]
pub fn inner_text(text: &str, parent: LayerId, span: Span, decoded: &str) -> Option<Layer> {
    let raw = span.of(text);
    let is_one_line = !raw.contains('\n');
    match raw.bytes().next()? {
        b'|' => literal(raw, parent, span),
        b'"' if is_one_line => json::inner_text(text, parent, span),
        b'\'' if is_one_line => single_quoted(raw, parent, span),
        b'!' | b'&' | b'*' => None,
        _ => folded(raw, parent, span, decoded),
    }
}

/// The lines below a `|`, each without the indentation of the first.
fn literal(raw: &str, parent: LayerId, span: Span) -> Option<Layer> {
    let (header, body) = raw.split_once('\n')?;
    let keeps_indentation = header.split('#').next()?.bytes().any(|byte| byte.is_ascii_digit());
    let first = body.lines().find(|line| !line.trim().is_empty())?;
    let indent = first.len() - first.trim_start_matches(' ').len();
    if keeps_indentation || indent == 0 {
        return None;
    }
    let mut layer = Layer {
        parent,
        text: String::with_capacity(body.len()),
        writing: Writing::Literal { indent, has_carriage_returns: header.ends_with('\r') },
        anchors: Vec::new(),
    };
    let mut start = span.start as usize + header.len() + 1;
    for line in body.split_inclusive('\n') {
        let content = line.trim_end_matches(['\n', '\r']);
        let inside = content.get(indent..).unwrap_or_default();
        let removed = content.len() - inside.len();
        if !content.get(..removed)?.bytes().all(|byte| byte == b' ') {
            return None;
        }
        anchor(&mut layer, start + removed);
        layer.text.push_str(inside);
        if line.ends_with('\n') {
            if line.ends_with("\r\n") {
                anchor(&mut layer, start + content.len() + 1);
            }
            layer.text.push('\n');
        }
        start += line.len();
    }
    Some(layer)
}

fn single_quoted(raw: &str, parent: LayerId, span: Span) -> Option<Layer> {
    let mut layer = Layer { parent, text: String::new(), writing: Writing::SingleQuoted, anchors: Vec::new() };
    let mut start = span.start as usize + 1;
    anchor(&mut layer, start);
    let inside = raw.get(1..raw.len().checked_sub(1)?)?;
    for part in inside.split_inclusive("''") {
        let plain = part.strip_suffix("''");
        layer.text.push_str(plain.unwrap_or(part));
        start += part.len();
        if plain.is_some() {
            layer.text.push('\'');
            anchor(&mut layer, start);
        }
    }
    Some(layer)
}

/// Walks along both texts: a fold is white space of any kind and length, and a backslash stands before what it escapes.
fn folded(raw: &str, parent: LayerId, span: Span, decoded: &str) -> Option<Layer> {
    let header = if raw.starts_with('>') { raw.find('\n')? + 1 } else { usize::from(raw.starts_with(['"', '\''])) };
    let mut layer = Layer { parent, text: String::new(), writing: Writing::Folded, anchors: Vec::new() };
    let mut rest = raw.get(header..)?;
    let base = span.end as usize;
    anchor(&mut layer, base - rest.len());
    for character in decoded.trim_end().chars() {
        let unfolded = rest.trim_start_matches([' ', '\t', '\r', '\n']);
        if !rest.starts_with(character) && !character.is_whitespace() {
            rest = unfolded;
            anchor(&mut layer, base - rest.len());
        }
        let escaped = rest.strip_prefix('\\').and_then(|after| after.strip_prefix(character));
        let (after, is_plain) = match rest.strip_prefix(character) {
            Some(after) => (after, true),
            None if character.is_whitespace() => (unfolded, false),
            None => (escaped?, false),
        };
        rest = after;
        layer.text.push(character);
        if !is_plain {
            anchor(&mut layer, base - rest.len());
        }
    }
    Some(layer)
}

/// Notes that what is decoded next stands at `there`.
fn anchor(layer: &mut Layer, there: usize) {
    let point = Span::new(layer.text.len(), there);
    if layer.anchors.last().is_some_and(|last| last.0 == point.start) {
        layer.anchors.pop();
    }
    layer.anchors.push((point.start, point.end));
}
