//! The JSON form of Terraform's language → the same bodies of blocks as those of HCL.
//!
//! What is written in a string is a template; one that is a reference and nothing else is that reference.

use crate::source::Span;
use crate::syntax::hcl::{Block, Body, pieces, reference_of};
use crate::syntax::{Entry, Node, Piece, Value};

/// Whether a file is written so, by its name.
pub(in crate::template) fn is_of_module(path: &str) -> bool {
    [".tf.json", ".tofu.json", ".tfvars.json"].iter().any(|ending| path.ends_with(ending))
}

/// The body of a file of a module; of a file of variables, which has attributes only.
pub(in crate::template) fn body(root: &Node<'_>, are_values: bool) -> Body {
    let mut body = Body::default();
    for entry in root.table().unwrap_or_default() {
        if are_values {
            body.attributes.push(owned_entry(entry));
        } else {
            let at = Labelled { name: &entry.key, labels: Vec::new(), span: entry.key_span };
            at.read(&entry.value, &mut body);
        }
    }
    body
}

/// A block of which the labels are still being read: each is the key of a table.
struct Labelled<'n> {
    name: &'n str,
    labels: Vec<&'n str>,
    /// The last label, else the word.
    span: Span,
}

impl<'n> Labelled<'n> {
    /// Depth is bounded by the parser's limit on nesting.
    fn read(&self, node: &'n Node<'_>, body: &mut Body) {
        let wanted = match self.name {
            "resource" | "data" => 2,
            "module" | "variable" | "output" | "provider" => 1,
            _ => 0,
        };
        match &node.value {
            Value::List(items) => items.iter().for_each(|item| self.read(item, body)),
            Value::Table(entries) if self.labels.len() == wanted => body.blocks.push(Block {
                span: node.span,
                name: self.name.to_owned(),
                labels: self.labels.iter().map(|label| (*label).to_owned()).collect(),
                name_span: self.span,
                body: Body { attributes: entries.iter().map(owned_entry).collect(), blocks: Vec::new() },
            }),
            Value::Table(entries) => {
                for entry in entries.iter().filter(|entry| entry.key != "//") {
                    let labels = self.labels.iter().copied().chain([&*entry.key]).collect();
                    Labelled { name: self.name, labels, span: entry.key_span }.read(&entry.value, body);
                }
            }
            _ => {}
        }
    }
}

fn owned_entry(entry: &Entry<'_>) -> Entry<'static> {
    Entry { key: entry.key.to_string().into(), key_span: entry.key_span, value: owned(&entry.value) }
}

/// Depth is bounded by the parser's limit on nesting.
fn owned(node: &Node<'_>) -> Node<'static> {
    let value = match &node.value {
        Value::Text(text) => match pieces(text) {
            None => Value::Opaque,
            Some(pieces) => match pieces.as_slice() {
                [Piece::Hole(hole)] if reference_of(hole).is_some() => Value::Reference(hole.clone()),
                all if all.iter().any(|piece| matches!(piece, Piece::Hole(_))) => Value::Template(pieces),
                _ => Value::Text(text.to_string().into()),
            },
        },
        Value::List(items) => Value::List(items.iter().map(owned).collect()),
        Value::Table(entries) => Value::Table(entries.iter().map(owned_entry).collect()),
        _ => Value::Scalar,
    };
    Node { span: node.span, value }
}
