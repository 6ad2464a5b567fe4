//! YAML → [`Node`]s with byte-exact spans: block and flow, anchors, merge keys, tags, several documents.
//!
//! An alias is a copy of what it stands for, with the spans of the original: one place with several readers.
//! A local tag is a call: `!Sub x` is `Call("Sub", [x])`. Does not know IAM.

mod inner;
mod scalar;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use granit_parser::{Event, Parser, ScalarStyle, StructureStyle, Tag};

use super::{Entry, MAX_VALUES, Node, Value, too_many};
use crate::source::{Problem, Span};
pub use inner::inner_text;
pub use scalar::{Quoting, quote, quoting};

/// How many values a file's anchors may be copied into, all together.
const MAX_COPIES: usize = 1_000_000;

/// How deep values may be nested, aliases followed.
const MAX_DEPTH: usize = 256;

/// The documents of a YAML stream, up to the first problem.
#[derive(Debug, Default)]
pub struct Stream<'s> {
    /// One node per document that has content.
    pub documents: Vec<Node<'s>>,
    /// What makes the rest no YAML.
    pub problem: Option<Problem>,
}

/// Reads a YAML stream.
#[must_use]
pub fn parse(text: &str) -> Stream<'_> {
    let options = granit_parser::options! {
        simple_key_max_lookahead: 1 << 16,
        emit_anchor_events: true,
        flow_nesting_limit: MAX_DEPTH,
        block_nesting_limit: MAX_DEPTH,
    };
    let mut builder = Builder { text, ..Builder::default() };
    let mut parser = Parser::new_from_str_with_options(text, options);
    let mut next = parser.next_event();
    while let Some(event) = next {
        let taken = match event {
            Ok((event, span)) => {
                let anchor = anchor_of(&event).then(|| parser.next_event()).flatten();
                let anchor_span = anchor.and_then(Result::ok).and_then(|(_, span)| span_of(&span));
                builder.take(event, &span, anchor_span)
            }
            Err(error) => Err(not_yaml(&error, text)),
        };
        if let Err(problem) = taken {
            builder.stream.problem = Some(problem);
            break;
        }
        next = parser.next_event();
    }
    builder.stream
}

fn anchor_of(event: &Event<'_>) -> bool {
    !matches!(event, Event::Anchor(..)) && event.anchor_id().is_some()
}

fn span_of(span: &granit_parser::Span) -> Option<Span> {
    span.byte_range().map(|range| Span::new(range.start, range.end))
}

fn not_yaml(error: &granit_parser::ScanError, text: &str) -> Problem {
    let at = error.marker().byte_offset().unwrap_or_default().min(text.len());
    let is_bare_star = text.get(at..).is_some_and(|rest| rest.starts_with("* ") || rest.lines().next() == Some("*"));
    let message = match is_bare_star {
        true => "`*` stands without quotes, where it begins an alias".to_owned(),
        false => error.info().replace(['\n', '\r'], " "),
    };
    Problem { message: format!("not YAML: {message}"), span: Span::new(at, at) }
}

/// A list or a table that is not complete yet.
#[derive(Debug)]
struct Open<'s> {
    /// Where it begins, with its tag and anchor.
    start: u32,
    /// Where its brackets or its first item begin.
    inner_start: u32,
    /// Where its last value ends so far.
    end: u32,
    is_block: bool,
    tag: Option<Cow<'s, Tag>>,
    anchor: usize,
    kind: Kind<'s>,
}

#[derive(Debug)]
enum Kind<'s> {
    List(Vec<Node<'s>>),
    Table { entries: Vec<Entry<'s>>, key: Option<Key<'s>>, merged: Vec<Node<'s>> },
}

#[derive(Debug)]
struct Key<'s> {
    text: Cow<'s, str>,
    span: Span,
    is_merge: bool,
}

/// What an anchor stands for.
#[derive(Debug)]
struct Anchored<'s> {
    node: Node<'s>,
    size: usize,
    height: usize,
}

#[derive(Debug, Default)]
struct Builder<'s> {
    text: &'s str,
    stream: Stream<'s>,
    open: Vec<Open<'s>>,
    anchors: HashMap<usize, Anchored<'s>>,
    copies: usize,
    values: usize,
    /// Where the last token with a place of its own ended.
    cursor: u32,
}

impl<'s> Builder<'s> {
    fn take(&mut self, event: Event<'s>, place: &granit_parser::Span, anchor: Option<Span>) -> Result<(), Problem> {
        let span = span_of(place).unwrap_or_default();
        let tag_span = place.tag_span().as_ref().and_then(span_of);
        let properties = [tag_span, anchor];
        let outer = |inner: u32| properties.iter().flatten().map(|p| p.start).chain([inner]).min().unwrap_or(inner);
        match event {
            Event::Scalar(text, style, id, tag) => {
                let after = properties.iter().flatten().map(|p| p.end).max().unwrap_or(0).max(self.cursor);
                let inner = scalar::span(self.text, span, style, after);
                let whole = Span { start: outer(inner.start), end: inner.end };
                self.cursor = whole.end;
                self.scalar(text, style, tag, id, (inner, whole))
            }
            Event::SequenceStart(style, id, tag) => {
                self.begin(Kind::List(Vec::new()), style, (id, tag), span, outer(span.start))
            }
            Event::MappingStart(style, id, tag) => {
                let kind = Kind::Table { entries: Vec::new(), key: None, merged: Vec::new() };
                self.begin(kind, style, (id, tag), span, outer(span.start))
            }
            Event::SequenceEnd | Event::MappingEnd => self.finish(span),
            Event::Alias(id) => self.alias(id, span),
            Event::DocumentEnd => {
                self.anchors.clear();
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn scalar(
        &mut self,
        text: Cow<'s, str>,
        style: ScalarStyle,
        tag: Option<Cow<'s, Tag>>,
        anchor: usize,
        (inner, whole): (Span, Span),
    ) -> Result<(), Problem> {
        if let Some(slot) = self.key_slot() {
            let is_merge = tag.is_none() && style == ScalarStyle::Plain && text == "<<";
            *slot = Some(Key { text: text.clone(), span: whole, is_merge });
            if anchor != 0 {
                self.define(anchor, &Node { span: whole, value: Value::Text(text) });
            }
            return Ok(());
        }
        let is_plain = style == ScalarStyle::Plain && tag.is_none();
        let value = if is_plain && scalar::is_no_text(&text, inner) { Value::Scalar } else { Value::Text(text) };
        let value = tagged(tag, Node { span: inner, value });
        self.complete(Node { span: whole, value }, anchor)
    }

    fn begin(
        &mut self,
        kind: Kind<'s>,
        style: StructureStyle,
        (anchor, tag): (usize, Option<Cow<'s, Tag>>),
        span: Span,
        start: u32,
    ) -> Result<(), Problem> {
        self.cursor = self.cursor.max(span.end);
        if self.open.len() >= MAX_DEPTH {
            return Err(too_deep(span));
        }
        let is_block = style == StructureStyle::Block;
        self.open.push(Open { start, inner_start: span.start, end: span.end, is_block, tag, anchor, kind });
        Ok(())
    }

    /// A block collection ends with its last value: the parser says where the next token begins.
    fn finish(&mut self, span: Span) -> Result<(), Problem> {
        let Some(open) = self.open.pop() else { return Ok(()) };
        if !open.is_block {
            self.cursor = span.end;
        }
        let end = if open.is_block { open.end } else { span.end };
        let value = match open.kind {
            Kind::List(items) => Value::List(items),
            Kind::Table { entries, merged, .. } => Value::Table(self.merge(entries, merged, span)?),
        };
        let value = tagged(open.tag, Node { span: Span { start: open.inner_start, end }, value });
        self.complete(Node { span: Span { start: open.start, end }, value }, open.anchor)
    }

    /// The entries of a table and, after them, those that `<<` adds: what is written counts, then the first merged.
    fn merge(
        &mut self,
        mut entries: Vec<Entry<'s>>,
        merged: Vec<Node<'s>>,
        place: Span,
    ) -> Result<Vec<Entry<'s>>, Problem> {
        let tables = merged.into_iter().flat_map(|node| match node.value {
            Value::List(nodes) => nodes,
            value => vec![Node { value, ..node }],
        });
        let mut known: HashSet<Cow<'s, str>> = HashSet::new();
        for table in tables {
            if known.is_empty() {
                known.extend(entries.iter().map(|entry| entry.key.clone()));
            }
            let Value::Table(added) = table.value else {
                return Err(Problem { message: "not YAML: `<<` merges tables only".to_owned(), span: place });
            };
            for entry in added {
                if known.insert(entry.key.clone()) {
                    entries.push(entry);
                }
            }
        }
        Ok(entries)
    }

    fn alias(&mut self, id: usize, span: Span) -> Result<(), Problem> {
        self.cursor = span.end;
        let problem = |message: &str| Problem { message: message.to_owned(), span };
        let anchored = self.anchors.get(&id).ok_or_else(|| problem("an alias that stands for too much"))?;
        self.copies += anchored.size;
        if self.copies > MAX_COPIES {
            return Err(problem("an alias that stands for too much"));
        }
        if self.open.len() + anchored.height > MAX_DEPTH {
            return Err(too_deep(span));
        }
        let node = anchored.node.clone();
        match self.key_slot() {
            Some(slot) => {
                let text = node.text().map(|text| Cow::Owned(text.to_owned())).unwrap_or_default();
                *slot = Some(Key { text, span, is_merge: false });
            }
            None => self.put(node, span.end),
        }
        Ok(())
    }

    fn complete(&mut self, node: Node<'s>, anchor: usize) -> Result<(), Problem> {
        self.values += 1;
        if self.values > MAX_VALUES {
            return Err(too_many(MAX_VALUES));
        }
        if anchor != 0 {
            self.define(anchor, &node);
        }
        let span = node.span;
        match self.key_slot() {
            Some(slot) => *slot = Some(Key { text: Cow::Borrowed(""), span, is_merge: false }),
            None => self.put(node, span.end),
        }
        Ok(())
    }

    fn define(&mut self, anchor: usize, node: &Node<'s>) {
        let (size, height) = measure(node);
        self.copies += size;
        if self.copies <= MAX_COPIES {
            self.anchors.insert(anchor, Anchored { node: node.clone(), size, height });
        }
    }

    /// Where the next value goes if it is a key.
    fn key_slot(&mut self) -> Option<&mut Option<Key<'s>>> {
        match &mut self.open.last_mut()?.kind {
            Kind::Table { key, .. } if key.is_none() => Some(key),
            _ => None,
        }
    }

    /// Puts a value where it belongs; `end` is where it ends here, which for an alias is not where the value ends.
    fn put(&mut self, node: Node<'s>, end: u32) {
        let Some(open) = self.open.last_mut() else {
            self.stream.documents.push(node);
            return;
        };
        open.end = open.end.max(end);
        match &mut open.kind {
            Kind::List(items) => items.push(node),
            Kind::Table { entries, key, merged } => match key.take() {
                Some(Key { is_merge: true, .. }) => merged.push(node),
                Some(Key { text, span, .. }) => {
                    open.end = open.end.max(span.end);
                    entries.push(Entry { key: text, key_span: span, value: node });
                }
                None => {}
            },
        }
    }
}

fn too_deep(span: Span) -> Problem {
    Problem { message: format!("nested deeper than {MAX_DEPTH} levels"), span }
}

/// What a tag makes of a value: a core tag says its type, a local one is a call.
fn tagged<'s>(tag: Option<Cow<'s, Tag>>, node: Node<'s>) -> Value<'s> {
    let Some(tag) = tag else { return node.value };
    match tag.core_suffix() {
        Some("str" | "map" | "seq") => node.value,
        Some(_) => Value::Scalar,
        None if tag.handle() == "!" && !tag.suffix().is_empty() => {
            Value::Call(Cow::Owned(tag.suffix().to_owned()), vec![node])
        }
        None if tag.suffix().is_empty() || tag.suffix() == "!" => node.value,
        None => Value::Opaque,
    }
}

/// How many values a node holds, and how deep they are nested.
fn measure(node: &Node<'_>) -> (usize, usize) {
    let of_all = |nodes: &mut dyn Iterator<Item = &Node<'_>>| {
        let (size, height) = nodes.map(measure).fold((0, 0), |(a, b), (size, height)| (a + size, b.max(height)));
        (size + 1, height + 1)
    };
    match &node.value {
        Value::List(items) | Value::Call(_, items) => of_all(&mut items.iter()),
        Value::Table(entries) => of_all(&mut entries.iter().map(|entry| &entry.value)),
        _ => (1, 1),
    }
}
