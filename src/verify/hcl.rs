//! HCL as plain values, with all that is not literal as it is written.

use serde_yaml::Value;
use serde_yaml::value::{Tag, TaggedValue};

use crate::source::Span;
use crate::syntax::{Node, Value as Written, hcl};

/// What a value of `text` says. Depth is bounded by the parser's limit on nesting.
pub(super) fn value(node: &Node<'_>, text: &str) -> Value {
    let raw = || node.span.of(text).to_owned();
    match &node.value {
        Written::Text(said) => Value::from(said.as_ref()),
        Written::Template(_) if raw().contains("Statement") => {
            hcl::filled_text(text, node.span).map_or_else(|| tagged("template", raw().into()), Value::from)
        }
        Written::Template(_) => tagged("template", raw().into()),
        Written::List(items) | Written::Concat(items) => items.iter().map(|item| value(item, text)).collect(),
        Written::Table(entries) => {
            let entry = |entry: &crate::syntax::Entry<'_>| (entry.key.as_ref().into(), value(&entry.value, text));
            Value::Mapping(entries.iter().map(entry).collect())
        }
        Written::Call(name, arguments) => match (name.as_ref(), arguments.as_slice()) {
            ("jsonencode", [only]) => tagged(name, value(only, text)),
            (_, all) => tagged(name, all.iter().map(|argument| value(argument, text)).collect()),
        },
        Written::Choice(branches) => {
            let condition = around(node.span, branches, text);
            let branches = branches.iter().map(|branch| value(branch, text));
            tagged("If", std::iter::once(condition.into()).chain(branches).collect())
        }
        Written::Scalar | Written::Reference(_) | Written::Opaque => tagged("raw", raw().into()),
    }
}

/// What is written between the branches, the condition that is, and before and after them.
fn around(whole: Span, branches: &[Node<'_>], text: &str) -> String {
    let mut start = whole.start;
    let mut around = String::new();
    for branch in branches {
        around.push_str(Span { start, end: branch.span.start }.of(text));
        start = branch.span.end;
    }
    around + Span { start, end: whole.end }.of(text)
}

fn tagged(tag: &str, value: Value) -> Value {
    Value::Tagged(Box::new(TaggedValue { tag: Tag::new(tag), value }))
}
