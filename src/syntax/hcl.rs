//! HCL → bodies of attributes and blocks, their expressions as [`Node`]s with byte-exact spans.
//!
//! Functions that only put lists together are seen through; whatever is not literal is a reference, a call, a template
//! with holes or opaque. The tree is never printed: it is not lossless. Does not know Terraform or IAM.

mod inner;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use hcl_edit::Span as _;
use hcl_edit::expr::{Expression, FuncCall, ObjectKey, Traversal, TraversalOperator};
use hcl_edit::structure::Structure;
use hcl_edit::template::{Element, Template};

use super::{Entry, Node, Piece, Value, too_many};
use crate::source::{Problem, Span};
pub use inner::{filled_text, has_directive, inner_text, pieces, quote, reference_of, with_holes};

const BYTE_ORDER_MARK: &str = "\u{feff}";

/// How many values a file may hold; the parser takes several hundred bytes for each.
const MAX_VALUES: usize = 150_000;

/// What stands in a file or between the braces of a block.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Body {
    /// In their order.
    pub attributes: Vec<Entry<'static>>,
    /// In their order.
    pub blocks: Vec<Block>,
}

/// A block: `resource "aws_iam_policy" "app" { … }`.
#[derive(Debug, Clone, PartialEq)]
pub struct Block {
    /// All of it, with its braces.
    pub span: Span,
    /// The word that it begins with.
    pub name: String,
    /// What stands between that and the brace.
    pub labels: Vec<String>,
    /// The last of them, else the word.
    pub name_span: Span,
    /// What stands between the braces.
    pub body: Body,
}

impl Body {
    /// The value of an attribute.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Node<'static>> {
        self.attributes.iter().find(|entry| entry.key == name).map(|entry| &entry.value)
    }

    /// The blocks that begin with a word.
    pub fn blocks_named<'b>(&'b self, name: &'b str) -> impl Iterator<Item = &'b Block> {
        self.blocks.iter().filter(move |block| block.name == name)
    }
}

/// Reads a file; nesting beyond the parser's limit is a problem.
///
/// # Errors
/// What makes it no HCL, with the place.
pub fn parse(text: &str) -> Result<Body, Problem> {
    let (text, shift) = match text.strip_prefix(BYTE_ORDER_MARK) {
        Some(rest) => (rest, BYTE_ORDER_MARK.len()),
        None => (text, 0),
    };
    let values = memchr::memchr3_iter(b'=', b'{', b'[', text.as_bytes());
    if values.chain(memchr::memchr2_iter(b',', b'(', text.as_bytes())).nth(MAX_VALUES).is_some() {
        return Err(too_many(MAX_VALUES));
    }
    match hcl_edit::parser::parse_body(text) {
        Ok(body) => Ok(Reader { text, shift }.body(body)),
        Err(error) => {
            let at = error.location().offset() + shift;
            let message = error.message().replace(['\n', '\r'], " ");
            Err(Problem { message: format!("not HCL: {message}"), span: Span::new(at, at) })
        }
    }
}

struct Reader<'t> {
    text: &'t str,
    shift: usize,
}

/// Recursion is bounded by the parser's limit on nesting.
impl Reader<'_> {
    fn span(&self, range: Option<std::ops::Range<usize>>) -> Span {
        let range = range.unwrap_or_default();
        Span::new(range.start + self.shift, range.end + self.shift)
    }

    fn written(&self, of: &impl hcl_edit::Span) -> String {
        of.span().and_then(|range| self.text.get(range)).unwrap_or_default().to_owned()
    }

    fn body(&self, body: hcl_edit::structure::Body) -> Body {
        let mut read = Body::default();
        for structure in body {
            match structure {
                Structure::Attribute(attribute) => read.attributes.push(Entry {
                    key: Cow::Owned(attribute.key.to_string()),
                    key_span: self.span(attribute.key.span()),
                    value: self.node(attribute.value),
                }),
                Structure::Block(block) => read.blocks.push(Block {
                    span: self.span(block.span()),
                    name_span: self.span(block.labels.last().map_or_else(|| block.ident.span(), |label| label.span())),
                    name: block.ident.to_string(),
                    labels: block.labels.iter().map(|label| label.as_str().to_owned()).collect(),
                    body: self.body(block.body),
                }),
            }
        }
        read
    }

    fn node(&self, expression: Expression) -> Node<'static> {
        let span = self.span(expression.span());
        let value = match expression {
            Expression::String(text) => Value::Text(Cow::Owned(text.into_value())),
            Expression::Null(_) | Expression::Bool(_) | Expression::Number(_) => Value::Scalar,
            Expression::Array(items) => Value::List(items.into_iter().map(|item| self.node(item)).collect()),
            Expression::Object(object) => {
                let entries: Option<Vec<_>> =
                    object.into_iter().map(|(key, value)| self.entry(&key, value.into_expr())).collect();
                entries.map_or(Value::Opaque, Value::Table)
            }
            Expression::StringTemplate(template) => Value::Template(self.pieces(template.iter())),
            Expression::HeredocTemplate(heredoc) => self.heredoc(&heredoc.template),
            // The brackets are part of the item that they are around.
            Expression::Parenthesis(inner) => self.node(inner.into_inner()).value,
            Expression::Variable(name) => Value::Reference(Cow::Owned(name.to_string())),
            Expression::Conditional(choice) => {
                let branches = [choice.true_expr, choice.false_expr].map(|branch| self.node(branch));
                choice_of(branches)
            }
            Expression::FuncCall(call) => return self.call(*call, span),
            Expression::Traversal(traversal) => reference(*traversal),
            // What is repeated is there any number of times.
            Expression::ForExpr(repeated) if repeated.key_expr.is_none() => {
                Value::Choice(vec![self.node(repeated.value_expr)])
            }
            Expression::ForExpr(_) | Expression::UnaryOp(_) | Expression::BinaryOp(_) => Value::Opaque,
        };
        Node { span, value }
    }

    fn entry(&self, key: &ObjectKey, value: Expression) -> Option<Entry<'static>> {
        let (name, range) = match key {
            ObjectKey::Ident(name) => (name.to_string(), name.span()),
            ObjectKey::Expression(Expression::String(text)) => (text.value().clone(), text.span()),
            ObjectKey::Expression(Expression::Variable(name)) => (name.to_string(), name.span()),
            // A key that only deployment knows stands as it is written.
            ObjectKey::Expression(other) => (self.written(other), other.span()),
        };
        Some(Entry { key: Cow::Owned(name), key_span: self.span(range), value: self.node(value) })
    }

    fn heredoc(&self, template: &Template) -> Value<'static> {
        match template.as_single_element() {
            Some(Element::Literal(text)) => Value::Text(Cow::Owned(text.value().clone())),
            None if template.is_empty() => Value::Text(Cow::Borrowed("")),
            _ => Value::Template(self.pieces(template.iter())),
        }
    }

    fn pieces<'e>(&self, elements: impl Iterator<Item = &'e Element>) -> Vec<Piece<'static>> {
        let piece = |element: &Element| match element {
            Element::Literal(text) => Piece::Literal(Cow::Owned(text.value().clone())),
            Element::Interpolation(hole) => Piece::Hole(Cow::Owned(self.written(&hole.expr))),
            Element::Directive(directive) => Piece::Hole(Cow::Owned(self.written(&**directive))),
        };
        elements.map(piece).collect()
    }

    fn call(&self, call: FuncCall, span: Span) -> Node<'static> {
        let name = call.name.name.to_string();
        let is_provided = call.name.is_namespaced();
        let spreads = call.args.expand_final();
        let mut arguments: Vec<Node<'static>> = call.args.into_iter().map(|argument| self.node(argument)).collect();
        let value = match (name.as_str(), arguments.as_mut_slice()) {
            _ if spreads || is_provided => Value::Opaque,
            ("concat" | "setunion", _) => Value::Concat(arguments),
            // The items are those of the argument, and stand there.
            ("compact" | "toset" | "tolist" | "distinct" | "flatten" | "sort", [_]) => {
                return arguments.pop().unwrap_or(Node { span, value: Value::Opaque });
            }
            (name, _) => Value::Call(Cow::Owned(name.to_owned()), arguments),
        };
        Node { span, value }
    }
}

/// Without the branches that say nothing: a null, or an empty string for `compact` to drop.
fn choice_of(branches: [Node<'static>; 2]) -> Value<'static> {
    let says_nothing = |node: &Node<'_>| node.value == Value::Scalar || node.text() == Some("");
    let branches: Vec<_> = branches.into_iter().filter(|branch| !says_nothing(branch)).collect();
    if branches.is_empty() { Value::Scalar } else { Value::Choice(branches) }
}

/// A way through attributes; a key in brackets counts as one, any other index is `*`.
fn reference(traversal: Traversal) -> Value<'static> {
    let Expression::Variable(base) = traversal.expr else { return Value::Opaque };
    let mut name = base.to_string();
    for operator in traversal.operators {
        name.push('.');
        match operator.into_value() {
            TraversalOperator::GetAttr(attribute) => name.push_str(attribute.as_str()),
            TraversalOperator::Index(Expression::String(key)) => name.push_str(key.value()),
            _ => name.push('*'),
        }
    }
    Value::Reference(Cow::Owned(name))
}
