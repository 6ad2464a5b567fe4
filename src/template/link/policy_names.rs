//! The managed policies that files of modules call by name instead of by ARN, as permission sets do.

use super::super::policy_arn::name_at_end;
use crate::source::Span;
use crate::syntax::{Entry, Node, Value};

/// How the keys begin below which policies are called by name.
const KEY: &str = "customer_managed_polic";

/// Functions that give what they are given, and nothing else.
const PASSING: [&str; 9] =
    ["try", "coalesce", "coalescelist", "merge", "tomap", "tostring", "values", "keys", "jsonencode"];

/// Resources that are managed policies: what refers to one is followed as such.
const POLICIES: [&str; 2] = ["aws_iam_policy.", "awscc_iam_managed_policy."];

/// Whether a text may call policies by name at all.
pub(super) fn may_name_policies(text: &str) -> bool {
    memchr::memmem::find(text.as_bytes(), KEY.as_bytes()).is_some()
}

/// Whether what stands below a key, or in a block of this name, calls policies by name.
pub(super) fn is_key(key: &str) -> bool {
    key.strip_prefix("dynamic.").unwrap_or(key).starts_with(KEY)
}

/// The names that a value calls policies by, with `*` for what is not written there; all of it does if it stands
/// `below` such a key.
pub(super) fn policy_names(text: &str, node: &Node<'_>, below: bool) -> Vec<(Span, String)> {
    let mut look = Look { text, found: Vec::new() };
    look.visit(node, below);
    look.found
}

/// A look through one value of a file.
struct Look<'t> {
    text: &'t str,
    found: Vec<(Span, String)>,
}

impl Look<'_> {
    /// Depth is bounded by the parser's limit on nesting.
    fn visit(&mut self, node: &Node<'_>, below: bool) {
        match &node.value {
            Value::List(items) | Value::Concat(items) | Value::Choice(items) => self.visit_all(items, below),
            Value::Call(function, items) if !below || PASSING.contains(&&**function) => self.visit_all(items, below),
            Value::Table(entries) => self.visit_table(entries, below),
            Value::Scalar => {}
            Value::Reference(name) if !below || POLICIES.iter().any(|kind| name.starts_with(kind)) => {}
            Value::Text(name) if below => {
                let name = name.trim();
                self.found.extend(is_name(name).then(|| (node.span, name.to_owned())));
            }
            Value::Template(_) if below => {
                let written = node.span.of(self.text).strip_prefix('"');
                self.found.push((node.span, written.map_or_else(|| "*".to_owned(), name_at_end)));
            }
            // What is not looked through may have such a key in it.
            _ if below || has_such_a_key(node.span.of(self.text)) => self.found.push((node.span, "*".to_owned())),
            _ => {}
        }
    }

    fn visit_all(&mut self, nodes: &[Node<'_>], below: bool) {
        nodes.iter().for_each(|node| self.visit(node, below));
    }

    fn visit_table(&mut self, entries: &[Entry<'_>], below: bool) {
        let has_name = entries.iter().any(|entry| entry.key == "name");
        for entry in entries {
            // Of a table that has no name the keys may be names.
            if below && !has_name && is_name(&entry.key) {
                self.found.push((entry.key_span, entry.key.to_string()));
            }
            if !(below && entry.key == "path") {
                self.visit(&entry.value, below || is_key(&entry.key));
            }
        }
    }
}

/// Whether a text can be the name of a policy; what ends with a slash is a path.
fn is_name(text: &str) -> bool {
    let can_be = |c: char| c.is_alphanumeric() || "_+=,.@-/".contains(c);
    !text.is_empty() && !text.ends_with('/') && text.chars().all(can_be)
}

/// Whether an expression gives something under such a key, rather than only asks for it.
fn has_such_a_key(text: &str) -> bool {
    memchr::memmem::find_iter(text.as_bytes(), KEY.as_bytes()).any(|at| {
        let (before, rest) = (text.get(..at).unwrap_or_default(), text.get(at..).unwrap_or_default());
        let rest = rest.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || c == '_');
        let rest = rest.trim_start_matches(['"', '\\']).trim_start();
        !before.ends_with('.') && (rest.starts_with(':') || (rest.starts_with('=') && !rest.starts_with("==")))
    })
}
