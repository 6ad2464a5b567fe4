//! What all templates share: a value that should be a policy → a [`Document`], or why it is none.

use super::intrinsic::{self, At, Values};
use super::{Attachment, Document, DocumentKind, FileReading, Format, PolicyMention, Skipped, Step, UsedAs};
use crate::policy::wildcard::Wildcard;
use crate::policy::{self, Reading, SkipReason};
use crate::source::{LayerId, Problem, Span, Writing, layer_text, span_in_file};
use crate::syntax::{Node, Notation, Value, hcl, json, yaml};

/// Reads one file; knows which of its texts it is in.
pub(super) struct Reader<'r> {
    pub(super) file: &'r str,
    pub(super) reading: &'r mut FileReading,
    pub(super) notation: Notation,
    pub(super) format: Format,
    pub(super) layer: LayerId,
}

/// What a file says of a document beside its text.
#[derive(Debug, Clone)]
pub(super) struct Standing {
    pub(super) kind: DocumentKind,
    pub(super) attachments: Vec<Attachment>,
    /// The name of a managed policy.
    pub(super) name: Option<Wildcard>,
    pub(super) read_only: Option<&'static str>,
    pub(super) construct: Option<String>,
}

impl Standing {
    pub(super) fn new(kind: DocumentKind, attachments: Vec<Attachment>) -> Self {
        Self { kind, attachments, name: None, read_only: None, construct: None }
    }
}

/// Why a string holds no text that could be read.
pub(super) enum Unopened {
    /// It is no JSON.
    NotJson(Problem),
    /// Where its characters stand in the file cannot be told.
    Unmapped,
}

impl Reader<'_> {
    pub(super) fn in_file(&self, span: Span) -> Span {
        span_in_file(&self.reading.layers, self.layer, span)
    }

    pub(super) fn skip(&mut self, span: Span, reason: SkipReason) {
        let span = self.in_file(span);
        self.reading.skipped.push(Skipped { span, reason });
    }

    /// Notes managed policies that somebody has, as their names are written.
    pub(super) fn mention(&mut self, names: impl IntoIterator<Item = String>) {
        let mentions =
            names.into_iter().map(|name| PolicyMention { name: Wildcard::new(name), used_as: UsedAs::Other });
        self.reading.mentions.extend(mentions);
    }

    pub(super) fn problem(&mut self, message: impl Into<String>, span: Span) {
        let span = self.in_file(span);
        self.reading.problems.push(Problem { message: message.into(), span });
    }

    /// Takes what was read of a policy; `false` if it is none.
    pub(super) fn take(&mut self, read: Reading, span: Span, path: &[Step], standing: &Standing) -> bool {
        match read {
            Reading::NotPolicy => return false,
            Reading::Identity(policy) => self.reading.documents.push(Document {
                layer: self.layer,
                path: path.to_vec(),
                policy,
                notation: self.notation,
                format: self.format,
                kind: standing.kind,
                attachments: standing.attachments.clone(),
                name: standing.name.clone(),
                read_only: standing.read_only.or_else(|| self.cannot_be_edited()),
                construct: standing.construct.clone(),
            }),
            Reading::Other(reason) => self.skip(span, reason),
            Reading::Broken(Problem { message, span }) => self.problem(message, span),
        }
        true
    }

    fn cannot_be_edited(&self) -> Option<&'static str> {
        let layer = self.layer.index().and_then(|index| self.reading.layers.get(index));
        let is_folded = layer.is_some_and(|layer| layer.writing == Writing::Folded);
        is_folded.then_some("the lines of its text are folded together")
    }

    /// Takes the value of a property that holds an identity policy and nothing else, in all branches.
    pub(super) fn take_property(&mut self, at: &At<'_, '_>, values: &Values<'_, '_>, standing: &Standing) {
        for branch in at.branches() {
            match intrinsic::call(branch.node) {
                Some(call) if call.name == "Sub" => {
                    let argument = branch.argument(&call);
                    let text = match call.argument.list().and_then(<[Node<'_>]>::first) {
                        Some(first) => argument.to(first, Step::Item(0)),
                        None => argument,
                    };
                    self.take_text(&text, &Values::default().with_holes_everywhere(), standing);
                }
                Some(_) => self.skip(branch.node.span, SkipReason::Opaque),
                None if branch.node.text().is_some() => self.take_text(&branch, &Values::default(), standing),
                None => self.take_table(branch.node, &branch.path, values, standing),
            }
        }
    }

    fn take_table(&mut self, node: &Node<'_>, path: &[Step], values: &Values<'_, '_>, standing: &Standing) {
        let lowered = values.lower(node);
        let is_opaque = !matches!(lowered.value, Value::Table(_) | Value::List(_) | Value::Scalar);
        if is_opaque {
            self.skip(node.span, SkipReason::Opaque);
        } else if !self.take(policy::read(&lowered), node.span, path, standing) {
            self.problem("not a policy that IAM accepts", node.span);
        }
    }

    /// A policy as text: JSON inside of a string.
    fn take_text(&mut self, at: &At<'_, '_>, values: &Values<'_, '_>, standing: &Standing) {
        let mut path = at.path.clone();
        path.push(Step::Inner);
        let opened = self.open(at.node, |reader, root| reader.take_table(root, &path, values, standing));
        match opened {
            Ok(()) => {}
            Err(Unopened::NotJson(Problem { message, span })) => self.reading.problems.push(Problem { message, span }),
            Err(Unopened::Unmapped) => self.skip(at.node.span, SkipReason::Opaque),
        }
    }

    /// Reads the JSON that a string holds; its problems are of the file.
    pub(super) fn open(&mut self, string: &Node<'_>, visit: impl FnOnce(&mut Self, &Node<'_>)) -> Result<(), Unopened> {
        let host = layer_text(self.file, &self.reading.layers, self.layer);
        let layer = match self.notation {
            Notation::Yaml => yaml::inner_text(host, self.layer, string.span, string.text().unwrap_or_default()),
            Notation::Json => json::inner_text(host, self.layer, string.span),
            Notation::Hcl => hcl::inner_text(host, self.layer, string.span),
        };
        let layer = layer.ok_or(Unopened::Unmapped)?;
        let text = layer.text.clone();
        self.reading.layers.push(layer);
        let inner = LayerId::inner(self.reading.layers.len() - 1);
        let unopened = match json::parse(&text) {
            Ok(Some(root)) => {
                let root = if self.notation == Notation::Hcl { hcl::with_holes(&root) } else { root };
                let outer = (self.layer, self.notation);
                (self.layer, self.notation) = (inner, Notation::Json);
                visit(self, &root);
                (self.layer, self.notation) = outer;
                return Ok(());
            }
            Ok(None) => Problem { message: "an empty text".to_owned(), span: self.in_file(string.span) },
            Err(Problem { message, span }) => {
                Problem { message, span: span_in_file(&self.reading.layers, inner, span) }
            }
        };
        self.reading.layers.pop();
        Err(Unopened::NotJson(unopened))
    }
}
