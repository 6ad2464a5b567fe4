//! Any bytes, read as what they may be: places stay inside the text, and what was read can be read again.

use iamtrim::catalog::Catalog;
use iamtrim::config::Config;
use iamtrim::finding::{EvidenceBuilder, ReadOptions, Selection, canonical};
use iamtrim::hold;
use iamtrim::policy::arn::IdentityArn;
use iamtrim::source::{Layer, LayerId, SourceFile, Span, layer_text, span_in_file};
use iamtrim::syntax::{Node, Value, hcl, json, yaml};
use iamtrim::template::{self, Document, FileReading, terraform};
use serde_json::Value as Json;

use super::file_name;

/// The first byte chooses the reader: `f` findings, `c` configuration, `k` catalogue, else a file of the repository.
pub(crate) fn parse_any(data: &[u8]) {
    let Some((&selector, bytes)) = data.split_first() else { return };
    match (selector, std::str::from_utf8(bytes)) {
        (b'f', _) => findings(bytes),
        (_, Err(_)) => {}
        (b'c', Ok(text)) => drop(Config::parse(".iamtrim.yaml", text)),
        (b'k', Ok(text)) => catalogue(text),
        (selector, Ok(text)) => file(file_name(selector), text),
    }
}

/// The canonical form of what was read says the same when it is read.
fn findings(bytes: &[u8]) {
    let about = IdentityArn::parse("arn:aws:iam::123456789012:role/app");
    for options in [ReadOptions::default(), ReadOptions { about: about.as_ref(), ..ReadOptions::default() }] {
        let Ok(written) = rendered(bytes, &options) else { continue };
        match rendered(written.as_bytes(), &ReadOptions::default()) {
            Ok(again) => assert_eq!(written, again, "the canonical form is not read as it was written"),
            Err(error) => panic!("the canonical form cannot be read: {error}\n{written}"),
        }
    }
}

fn rendered(bytes: &[u8], options: &ReadOptions<'_>) -> Result<String, iamtrim::error::Error> {
    let mut builder = EvidenceBuilder::new(Selection::default());
    builder.read("findings.json", bytes, options)?;
    Ok(canonical::render(&builder.finish(), None))
}

fn catalogue(text: &str) {
    let embedded = Catalog::embedded();
    let read = |text: &str| Catalog::from_text("catalog.txt", text, &embedded).map_err(|error| error.to_string());
    if let Ok(catalog) = read(text) {
        let again = read(catalog.as_text()).expect("a catalogue that was read can be read");
        assert_eq!(catalog.as_text(), again.as_text());
    }
}

fn file(name: &str, text: &str) {
    if let Ok(Some(root)) = json::parse(text) {
        tree(&root, text, Some(root.span));
    }
    if let Ok(expected) = serde_json::from_str::<Json>(text) {
        let own = json::parse(text).map(|root| root.as_ref().map(plain));
        assert_eq!(own, Ok(Some(without_scalars(expected))), "{text}");
    }
    for root in &yaml::parse(text).documents {
        tree(root, text, None);
    }
    if let Ok(body) = hcl::parse(text) {
        tree(&terraform::tree(&body), text, None);
    }
    reading(text, &template::read_file(name, text));
    if let Some(notation) = template::notation(name, text) {
        let comments = hold::allow_comments(text, notation);
        comments.iter().for_each(|comment| inside(comment.span, text));
    }
}

fn inside(span: Span, text: &str) {
    assert!(span.start <= span.end && text.get(span.range()).is_some(), "{span:?} of {} bytes", text.len());
}

/// All nodes stand inside of the text, and inside of what they are part of where there are no aliases.
fn tree(node: &Node<'_>, text: &str, outer: Option<Span>) {
    inside(node.span, text);
    assert!(outer.is_none_or(|outer| outer.contains(node.span)), "{:?} is not in {outer:?}", node.span);
    let outer = outer.map(|_| node.span);
    match &node.value {
        Value::List(items) | Value::Call(_, items) | Value::Choice(items) | Value::Concat(items) => {
            items.iter().for_each(|item| tree(item, text, outer));
        }
        Value::Table(entries) => entries.iter().for_each(|entry| {
            inside(entry.key_span, text);
            tree(&entry.value, text, outer);
        }),
        _ => {}
    }
}

/// A tree as a value; the last of several entries with one key counts, as with the other reader.
fn plain(node: &Node<'_>) -> Json {
    match &node.value {
        Value::Text(text) => Json::from(text.as_ref()),
        Value::List(items) => items.iter().map(plain).collect(),
        Value::Table(entries) => entries.iter().map(|entry| (entry.key.to_string(), plain(&entry.value))).collect(),
        _ => Json::Null,
    }
}

fn without_scalars(value: Json) -> Json {
    match value {
        Json::Array(items) => items.into_iter().map(without_scalars).collect(),
        Json::Object(entries) => entries.into_iter().map(|(key, value)| (key, without_scalars(value))).collect(),
        Json::String(text) => Json::String(text),
        _ => Json::Null,
    }
}

fn reading(text: &str, reading: &FileReading) {
    let file = SourceFile::new("any", text);
    for (index, layer) in reading.layers.iter().enumerate() {
        anchors(layer);
        let whole = span_in_file(&reading.layers, LayerId::inner(index), Span::new(0, layer.text.len()));
        inside(whole, text);
    }
    for span in reading.skipped.iter().map(|s| s.span).chain(reading.problems.iter().map(|p| p.span)) {
        inside(span, text);
        let position = file.position(span.start);
        assert!(position.line >= 1 && position.column >= 1 && file.line_start(position.line) <= span.start as usize);
    }
    reading.documents.iter().for_each(|document| places(document, text, &reading.layers));
}

fn anchors(layer: &Layer) {
    assert_eq!(layer.anchors.first().map(|anchor| anchor.0), Some(0), "{layer:?}");
    let ascending = layer.anchors.windows(2).all(|pair| pair[0].0 < pair[1].0 && pair[0].1 < pair[1].1);
    assert!(ascending, "{layer:?}");
}

fn places(document: &Document, text: &str, layers: &[Layer]) {
    let own = layer_text(text, layers, document.layer);
    let check = |span: Span| {
        inside(span, own);
        inside(span_in_file(layers, document.layer, span), text);
    };
    check(document.policy.span);
    document.policy.lists.iter().for_each(|span| check(*span));
    for statement in &document.policy.statements {
        check(statement.span);
        check(statement.actions.value);
        statement.actions.entries.iter().for_each(|entry| check(entry.span));
    }
}
