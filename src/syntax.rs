//! What a file says, whatever its notation: a tree of [`Node`]s with the span of each.
//!
//! One room per notation below this one; no other room knows a parser's types. Does not know IAM.

pub mod detect;
pub mod hcl;
pub mod json;
pub mod yaml;

use std::borrow::Cow;
use std::collections::HashSet;

use crate::source::{Problem, Span};

/// How many values a text may hold: what reading takes must be bounded, and no policy comes near.
const MAX_VALUES: usize = 350_000;

/// A value and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Node<'s> {
    /// All of it: with its quotes or brackets.
    pub span: Span,
    /// What it is.
    pub value: Value<'s>,
}

/// A way of writing values down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Notation {
    /// JSON, also inside a string of another notation.
    Json,
    /// YAML.
    Yaml,
    /// HCL, the language of Terraform and OpenTofu.
    Hcl,
}

/// What a node is.
#[derive(Debug, Clone, PartialEq)]
pub enum Value<'s> {
    /// A string, decoded.
    Text(Cow<'s, str>),
    /// A string with holes that only deployment fills.
    Template(Vec<Piece<'s>>),
    /// A number, a truth value or a null: nothing that a policy's actions could be.
    Scalar,
    /// A list.
    List(Vec<Node<'s>>),
    /// Keys and values in their order; a key may stand twice.
    Table(Vec<Entry<'s>>),
    /// A function and its arguments: `!Sub x` in YAML, `jsonencode(x)` in HCL.
    Call(Cow<'s, str>, Vec<Node<'s>>),
    /// A name that stands for a value written elsewhere, such as `aws_iam_role.app.name`; an index that is no key is `*`.
    Reference(Cow<'s, str>),
    /// One of these; only deployment knows which.
    Choice(Vec<Node<'s>>),
    /// The items of these, one after the other.
    Concat(Vec<Node<'s>>),
    /// An expression that only deployment can evaluate.
    Opaque,
}

/// A part of a string with holes.
#[derive(Debug, Clone, PartialEq)]
pub enum Piece<'s> {
    /// Text, decoded.
    Literal(Cow<'s, str>),
    /// What deployment puts in, as written, without its brackets: `AWS::StackName`, `var.stage`.
    Hole(Cow<'s, str>),
}

/// A key and its value.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry<'s> {
    /// The key, decoded.
    pub key: Cow<'s, str>,
    /// The key's span, with its quotes.
    pub key_span: Span,
    /// The value.
    pub value: Node<'s>,
}

impl<'s> Node<'s> {
    /// The decoded string, if it is one.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The items, if it is a list.
    #[must_use]
    pub fn list(&self) -> Option<&[Node<'s>]> {
        match &self.value {
            Value::List(items) => Some(items),
            _ => None,
        }
    }

    /// The entries, if it is a table.
    #[must_use]
    pub fn table(&self) -> Option<&[Entry<'s>]> {
        match &self.value {
            Value::Table(entries) => Some(entries),
            _ => None,
        }
    }

    /// The value of the first entry with this very key, if it is a table that has one.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Node<'s>> {
        self.table()?.iter().find(|entry| entry.key == key).map(|entry| &entry.value)
    }

    /// The second entry of the first key that stands twice, if it is a table with one.
    #[must_use]
    pub fn repeated_key(&self) -> Option<&Entry<'s>> {
        let mut earlier = HashSet::new();
        self.table()?.iter().find(|entry| !earlier.insert(&entry.key))
    }
}

/// What is said of a text with too many values.
fn too_many(limit: usize) -> Problem {
    Problem { message: format!("more than {limit} values"), span: Span::default() }
}
