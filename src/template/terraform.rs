//! The files of a Terraform or OpenTofu module → the policies written in each, whatever they are used for.
//!
//! A file by itself says where policies are written; [`link`](super::link) says what they are used for and whose they
//! are. Content decides: blocks of `aws_iam_policy_document`, `jsonencode`, JSON in strings, and lists of statements
//! that are handed to modules.

pub(super) mod json;
#[cfg(test)]
mod tests;

use std::collections::HashMap;

use super::intrinsic::{At, Values};
use super::reader::{Reader, Standing};
use super::{DocumentKind, Step};
use crate::policy::{self, Reading};
use crate::source::Span;
use crate::syntax::hcl::{Block, Body};
use crate::syntax::json::looks_like_json;
use crate::syntax::{Entry, Node, Notation, Value, hcl};

/// The block that describes a policy.
pub(super) const POLICY_DOCUMENT: &str = "data.aws_iam_policy_document.";

/// Reads the policies that a file has.
pub(super) fn read(reader: &mut Reader<'_>, body: &Body) {
    let file = reader.file;
    // No policy is written without this word; the rest need not be looked at.
    let root = tree_of(body, &|span| memchr::memmem::find(span.of(file).as_bytes(), b"tatement").is_some());
    for (entry, at) in (At { node: &root, path: Vec::new() }).entries() {
        let address = entry.key.as_ref();
        let kind = kind_of(address);
        if address.starts_with(POLICY_DOCUMENT) {
            take_document(reader, &at);
            continue;
        }
        let takes_statements = ["module.", "local.", "var."].iter().any(|kind| address.starts_with(kind));
        let at = if address.starts_with("var.") { at.get("default") } else { Some(at) };
        at.iter().for_each(|at| Search { reader, kind, takes_statements }.visit(at));
    }
}

/// What a file says as one value: its blocks by their addresses, with every statement in the policy language's words.
#[must_use]
pub fn tree(body: &Body) -> Node<'static> {
    tree_of(body, &|_| true)
}

/// The same, without what stands in resources and the like where it is not wanted.
fn tree_of(body: &Body, is_wanted: &dyn Fn(Span) -> bool) -> Node<'static> {
    let mut entries: Vec<Entry<'static>> = Vec::new();
    let mut seen: HashMap<String, usize> = HashMap::new();
    let mut add = |address: String, key_span: Span, value: Node<'static>| {
        let same = seen.entry(address.clone()).or_default();
        *same += 1;
        let key = if *same == 1 { address } else { format!("{address}#{same}") };
        entries.push(Entry { key: key.into(), key_span, value });
    };
    for entry in &body.attributes {
        add(entry.key.to_string(), entry.key_span, entry.value.clone());
    }
    for block in &body.blocks {
        match block.name.as_str() {
            "locals" => {
                for entry in &block.body.attributes {
                    add(format!("local.{}", entry.key), entry.key_span, parts_within(&entry.value));
                }
            }
            "module" | "variable" => add(address(block), block.span, value_of(block)),
            _ if is_wanted(block.span) => add(address(block), block.span, value_of(block)),
            _ => add(address(block), block.span, Node { span: block.span, value: Value::Table(Vec::new()) }),
        }
    }
    Node { span: Span::default(), value: Value::Table(entries) }
}

/// How a block is referred to.
pub(super) fn address(block: &Block) -> String {
    let word = match block.name.as_str() {
        "resource" => None,
        "variable" => Some("var"),
        other => Some(other),
    };
    word.into_iter().chain(block.labels.iter().map(String::as_str)).collect::<Vec<_>>().join(".")
}

fn value_of(block: &Block) -> Node<'static> {
    let is_document =
        block.name == "data" && block.labels.first().is_some_and(|kind| kind == "aws_iam_policy_document");
    match block.name.as_str() {
        "module" | "variable" => {
            let inputs = block.body.attributes.iter();
            let inputs = inputs.map(|entry| Entry { value: parts_within(&entry.value), ..entry.clone() });
            Node { span: block.span, value: Value::Table(inputs.collect()) }
        }
        _ if is_document => document(block),
        _ => table(block.span, &block.body),
    }
}

/// A body as a table: each kind of nested block is a list. Depth is bounded by the parser's limit on nesting.
fn table(span: Span, body: &Body) -> Node<'static> {
    let mut entries = body.attributes.clone();
    let mut lists: HashMap<String, usize> = HashMap::new();
    for block in &body.blocks {
        let value = table(block.span, &block.body);
        let at = *lists.entry(address(block)).or_insert(entries.len());
        match entries.get_mut(at) {
            Some(Entry { value: Node { value: Value::List(items), .. }, .. }) => items.push(value),
            _ => {
                let value = Node { span: block.span, value: Value::List(vec![value]) };
                entries.push(Entry { key: address(block).into(), key_span: Span::default(), value });
            }
        }
    }
    Node { span, value: Value::Table(entries) }
}

/// A block of `aws_iam_policy_document`, as the policy that it describes.
fn document(block: &Block) -> Node<'static> {
    let statements: Vec<Node<'static>> = block.body.blocks.iter().filter_map(statement_block).collect();
    let mut entries = block.body.attributes.clone();
    let of_blocks = (!statements.is_empty()).then_some(Node { span: block.span, value: Value::List(statements) });
    if let Some(value) = of_blocks.or_else(|| statements_of_json(&block.body)) {
        entries.push(Entry { key: "Statement".into(), key_span: block.span, value });
    }
    Node { span: block.span, value: Value::Table(entries) }
}

/// The statements of a document that is written in JSON: a table, or a list of tables.
fn statements_of_json(body: &Body) -> Option<Node<'static>> {
    let said =
        |node: &Node<'static>| statement(node, node.span).unwrap_or(Node { span: node.span, value: Value::Opaque });
    let stated = body.get("statement").map(|node| match &node.value {
        Value::List(items) => Node { span: node.span, value: Value::List(items.iter().map(said).collect()) },
        _ => said(node),
    });
    let repeated = body.get("dynamic").and_then(|dynamic| dynamic.get("statement"));
    let repeated = repeated.map(|node| Node { span: node.span, value: Value::Opaque });
    match (stated, repeated) {
        (Some(stated), Some(repeated)) => {
            Some(Node { span: stated.span, value: Value::Concat(vec![stated, repeated]) })
        }
        (stated, repeated) => stated.or(repeated),
    }
}

fn statement_block(block: &Block) -> Option<Node<'static>> {
    let is_dynamic = block.name == "dynamic" && block.labels.first().is_some_and(|label| label == "statement");
    if is_dynamic {
        let content = block.body.blocks_named("content").next();
        let content = content.filter(|content| !is_all_given(content));
        let read = content.and_then(|content| statement(&table(content.span, &content.body), Span::default()));
        let value = read.map_or(Value::Opaque, |statement| Value::Choice(vec![repeated(statement, block)]));
        return Some(Node { span: block.span, value });
    }
    if block.name != "statement" {
        return None;
    }
    let read = statement(&table(block.span, &block.body), block.span);
    Some(read.unwrap_or(Node { span: block.span, value: Value::Opaque }))
}

/// A statement with what says how often it is there: the block goes as a whole.
fn repeated(statement: Node<'static>, block: &Block) -> Node<'static> {
    let Value::Table(mut entries) = statement.value else { return statement };
    entries.extend(block.body.attributes.iter().cloned());
    Node { span: block.span, value: Value::Table(entries) }
}

/// Whether whom a repeated statement is for, and for which actions, is all said by what it is repeated for.
fn is_all_given(content: &Block) -> bool {
    let is_for_given = |label: &String| matches!(label.as_str(), "principals" | "not_principals");
    let mut blocks = content.body.blocks_named("dynamic").filter_map(|block| block.labels.first());
    let actions = ["actions", "not_actions"].iter().filter_map(|key| content.body.get(key));
    blocks.any(is_for_given)
        && content.body.blocks_named("principals").next().is_none()
        && actions.into_iter().all(|actions| has_no_text(actions))
}

/// Whether nothing in a value is literal. Depth is bounded by the parser's limit on nesting.
fn has_no_text(node: &Node<'_>) -> bool {
    match &node.value {
        Value::Text(_) | Value::Template(_) => false,
        Value::List(items) | Value::Concat(items) | Value::Choice(items) | Value::Call(_, items) => {
            items.iter().all(has_no_text)
        }
        Value::Table(entries) => entries.iter().all(|entry| has_no_text(&entry.value)),
        Value::Scalar | Value::Reference(_) | Value::Opaque => true,
    }
}

/// Whether a key of a statement is one that says what it is about, in either language.
pub(super) fn is_word(key: &str) -> bool {
    WORDS.iter().any(|(ours, theirs)| *ours == key || *theirs == key)
}

/// The policy language's words for those of Terraform.
const WORDS: [(&str, &str); 14] = [
    ("sid", "Sid"),
    ("effect", "Effect"),
    ("actions", "Action"),
    ("not_actions", "NotAction"),
    ("resources", "Resource"),
    ("not_resources", "NotResource"),
    ("principals", "Principal"),
    ("not_principals", "NotPrincipal"),
    ("dynamic.principals", "Principal"),
    ("dynamic.not_principals", "NotPrincipal"),
    ("principal", "Principal"),
    ("action", "Action"),
    ("resource", "Resource"),
    ("condition", "Condition"),
];

/// A table of a statement in the policy language's words; `None` if it has no actions.
fn statement(table: &Node<'static>, place: Span) -> Option<Node<'static>> {
    let mut entries: Vec<Entry<'static>> = Vec::new();
    for entry in table.table()? {
        let word = WORDS.iter().find(|(ours, _)| *ours == entry.key).map_or(&*entry.key, |(_, word)| word);
        // Blocks of both kinds, written and repeated, are of one word; the second keeps its own.
        let is_there = entries.iter().any(|other| other.key == word);
        let key = if is_there { entry.key.clone() } else { word.to_owned().into() };
        entries.push(Entry { key, ..entry.clone() });
    }
    let has = |key: &str| entries.iter().any(|entry| entry.key == key);
    if !has("Action") && !has("NotAction") {
        return None;
    }
    if !has("Effect") {
        let value = Node { span: place, value: Value::Text("Allow".into()) };
        entries.push(Entry { key: "Effect".into(), key_span: place, value });
    }
    Some(Node { span: table.span, value: Value::Table(entries) })
}

/// The value with the parts of policies in it as policies: lists of actions, and of statements.
fn parts_within(node: &Node<'static>) -> Node<'static> {
    if !is_actions(node) {
        return statements_within(node);
    }
    let entry = |key: &'static str, value| Entry { key: key.into(), key_span: node.span, value };
    let text = |text: &'static str| Node { span: node.span, value: Value::Text(text.into()) };
    let table = |entries| Node { span: node.span, value: Value::Table(entries) };
    let statement =
        [entry("Effect", text("Allow")), entry("Action", node.clone()), entry("Resource", text("*"))].to_vec();
    table(vec![entry("Statement", table(statement))])
}

/// Whether a value is a list of which all that is literal looks like actions, and something is.
fn is_actions(node: &Node<'_>) -> bool {
    fn literals<'n>(node: &'n Node<'_>, found: &mut Vec<Option<&'n str>>) {
        match &node.value {
            Value::List(items) | Value::Concat(items) | Value::Choice(items) => {
                items.iter().for_each(|item| literals(item, found));
            }
            Value::Text(text) => found.push(Some(text)),
            Value::Table(_) | Value::Scalar => found.push(None),
            Value::Template(_) | Value::Call(..) | Value::Reference(_) | Value::Opaque => {}
        }
    }
    let mut found = Vec::new();
    if matches!(node.value, Value::List(_) | Value::Concat(_) | Value::Choice(_)) {
        literals(node, &mut found);
    }
    !found.is_empty() && found.iter().all(|text| text.is_some_and(looks_like_action))
}

fn looks_like_action(text: &str) -> bool {
    text.split_once(':').is_some_and(|(service, name)| {
        let is_word = |text: &str, also: &[u8]| {
            !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || also.contains(&byte))
        };
        is_word(service, b"-") && is_word(name, b"*?-_")
    })
}

/// The value with lists and maps of statements in it turned into lists of statements in the policy language's words.
///
/// Depth is bounded by the parser's limit on nesting.
fn statements_within(node: &Node<'static>) -> Node<'static> {
    let value = match &node.value {
        Value::Table(entries) if is_statement(node) => {
            statement(node, node.span).map_or_else(|| Value::Table(entries.clone()), |statement| statement.value)
        }
        Value::Table(entries) if !entries.is_empty() && entries.iter().all(|entry| is_statement(&entry.value)) => {
            let items = entries.iter().map(|entry| {
                let item = statements_within(&entry.value);
                Node { span: Span { start: entry.key_span.start, end: item.span.end }, ..item }
            });
            Value::List(items.collect())
        }
        Value::Table(entries) => {
            let entry = |entry: &Entry<'static>| Entry { value: statements_within(&entry.value), ..entry.clone() };
            Value::Table(entries.iter().map(entry).collect())
        }
        Value::List(items) => Value::List(items.iter().map(statements_within).collect()),
        Value::Concat(items) => Value::Concat(items.iter().map(statements_within).collect()),
        Value::Choice(items) => Value::Choice(items.iter().map(statements_within).collect()),
        other => other.clone(),
    };
    Node { span: node.span, value }
}

/// Whether a table is a statement in Terraform's words: it has actions, and what they are about.
fn is_statement(node: &Node<'_>) -> bool {
    let has = |keys: &[&str]| keys.iter().any(|key| node.get(key).is_some());
    has(&["actions", "not_actions"]) && has(&["resources", "not_resources", "effect", "sid", "principals"])
}

fn kind_of(address: &str) -> DocumentKind {
    match address.split('.').next().unwrap_or_default() {
        "aws_iam_policy" | "awscc_iam_managed_policy" => DocumentKind::Managed,
        "local" | "var" | "data" | "output" => DocumentKind::Standalone,
        _ => DocumentKind::Inline,
    }
}

fn take_document(reader: &mut Reader<'_>, at: &At<'_, '_>) {
    if at.node.get("Statement").is_none() {
        return;
    }
    let standing = Standing::new(DocumentKind::Standalone, Vec::new());
    if !reader.take(policy::read(at.node), at.node.span, &at.path, &standing) {
        reader.problem("not statements that IAM accepts", at.node.span);
    }
}

/// The search through one block.
struct Search<'r, 'f> {
    reader: &'r mut Reader<'f>,
    kind: DocumentKind,
    /// Whether lists of statements count too.
    takes_statements: bool,
}

impl Search<'_, '_> {
    /// Depth is bounded by the parser's limit on nesting.
    fn visit(&mut self, at: &At<'_, '_>) {
        let standing = Standing::new(self.kind, Vec::new());
        match &at.node.value {
            Value::Text(_) | Value::Template(_) => self.visit_text(at, &standing),
            Value::Table(_) if at.node.get("Statement").is_some() => {
                let read = policy::read(at.node);
                if !self.reader.take(read, at.node.span, &at.path, &standing) {
                    self.visit_entries(at);
                }
            }
            Value::Table(_) => self.visit_entries(at),
            Value::List(_) | Value::Concat(_) if self.takes_statements && is_statements(at.node) => {
                let read = policy::read_statements(at.node);
                if read != Reading::NotPolicy {
                    self.reader.take(read, at.node.span, &at.path, &standing);
                }
            }
            Value::Call(name, arguments) => match (name.as_ref(), arguments.as_slice()) {
                ("jsonencode", [only]) => self.visit(&At { node: only, path: at.path.clone() }),
                _ => self.visit_items(at, arguments, 0),
            },
            Value::List(items) | Value::Concat(items) => self.visit_items(at, items, 0),
            Value::Choice(branches) => self.visit_items(at, branches, 1),
            Value::Scalar | Value::Reference(_) | Value::Opaque => {}
        }
    }

    fn visit_entries(&mut self, at: &At<'_, '_>) {
        at.entries().iter().for_each(|(_, at)| self.visit(at));
    }

    fn visit_items(&mut self, at: &At<'_, '_>, items: &[Node<'_>], first: usize) {
        for (index, item) in items.iter().enumerate() {
            self.visit(&At { node: item, path: [at.path.as_slice(), &[Step::Item(first + index)]].concat() });
        }
    }

    /// A string may hold a policy as text. One that does not parse is some other text, and none of ours.
    fn visit_text(&mut self, at: &At<'_, '_>, standing: &Standing) {
        let raw = at.node.span.of(self.reader.file);
        if !raw.contains("Statement") || !raw.contains('{') {
            return;
        }
        let mut path = at.path.clone();
        path.push(Step::Inner);
        let is_decided = hcl::has_directive(raw).then_some("directives of its template decide what there is of it");
        let standing = &Standing { read_only: standing.read_only.or(is_decided), ..standing.clone() };
        let looks_like_json = at.node.text().is_none_or(looks_like_json);
        let is_json = self.reader.notation == Notation::Json;
        let opened = self.reader.open(at.node, |reader, root| {
            let values = Values::default();
            let values = if is_json { values.with_holes_everywhere() } else { values };
            let root = values.lower(root);
            if !reader.take(policy::read(&root), root.span, &path, standing) && root.get("Statement").is_some() {
                reader.problem("not a policy that IAM accepts", root.span);
            }
        });
        if opened.is_err() && looks_like_json && raw.contains("Effect") {
            self.reader.skip(at.node.span, policy::SkipReason::Opaque);
        }
    }
}

/// Whether all that is literal of a list is statements, and something is.
fn is_statements(node: &Node<'_>) -> bool {
    let is_statement = |node: &Node<'_>| match &node.value {
        Value::Table(_) => {
            Some(node.get("Effect").is_some() && (node.get("Action").or(node.get("NotAction"))).is_some())
        }
        Value::List(items) if items.is_empty() => None,
        Value::List(_) | Value::Concat(_) => Some(is_statements(node)),
        Value::Choice(branches) => branches.iter().map(|branch| is_statements_or_one(branch)).reduce(|a, b| a && b),
        Value::Text(_) | Value::Scalar => Some(false),
        _ => None,
    };
    let (Value::List(items) | Value::Concat(items)) = &node.value else { return false };
    let mut told = items.iter().filter_map(is_statement).peekable();
    items.iter().any(|item| matches!(item.value, Value::Table(_) | Value::List(_) | Value::Choice(_)))
        && told.peek().is_some()
        && told.all(|is| is)
}

fn is_statements_or_one(node: &Node<'_>) -> bool {
    match &node.value {
        Value::List(items) if items.is_empty() => true,
        Value::List(_) | Value::Concat(_) => is_statements(node),
        _ => node.get("Effect").is_some() && (node.get("Action").or(node.get("NotAction"))).is_some(),
    }
}
