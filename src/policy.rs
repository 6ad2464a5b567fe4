//! What IAM understands, as values: a [`Policy`] of [`Statement`]s, each with its action entries and their places.
//!
//! Knows the IAM policy language and reads it out of a [`Node`] tree of any notation.
//! Does not know files, notations or findings.

pub mod action;
pub mod arn;
pub mod wildcard;

use crate::source::{Problem, Span};
use crate::syntax::{Entry, Node, Value};
use action::ActionPattern;

/// An identity policy: statements without a principal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// The whole document.
    pub span: Span,
    /// The value of `Statement`: the list with its brackets, or the one statement.
    pub list: Span,
    /// In their order.
    pub statements: Vec<Statement>,
}

/// A statement of an identity policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// The whole statement.
    pub span: Span,
    /// Its `Sid`, where it is a string.
    pub sid: Option<String>,
    /// Allow or Deny.
    pub effect: Effect,
    /// Its `Action` or `NotAction`.
    pub actions: ActionElement,
}

/// What a statement does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Grants.
    Allow,
    /// Denies; never edited, since that would widen what is allowed.
    Deny,
}

/// The `Action` or `NotAction` of a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActionElement {
    /// Which of the two.
    pub kind: ElementKind,
    /// Its value: the list with its brackets, or the one string.
    pub value: Span,
    /// Whether the value is a list rather than one string.
    pub is_list: bool,
    /// In their order.
    pub entries: Vec<ActionEntry>,
}

/// `Action` or `NotAction`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ElementKind {
    /// The entries are what the statement is about.
    Action,
    /// The entries are what the statement is *not* about.
    NotAction,
}

/// One entry of an action list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActionEntry {
    /// The entry, with its quotes.
    pub span: Span,
    /// The pattern; `None` for an opaque entry, which only deployment knows.
    pub pattern: Option<ActionPattern>,
}

/// What a node turned out to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reading {
    /// An identity policy.
    Identity(Policy),
    /// A policy, but none that findings speak of.
    Other(SkipReason),
    /// A policy that IAM would refuse or that cannot be read one way only.
    Broken(Problem),
    /// No IAM policy at all.
    NotPolicy,
}

/// Why a policy is not refined.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SkipReason {
    /// Who may assume a role: principals, and only `sts:` actions.
    TrustPolicy,
    /// Who may use a resource: principals.
    ResourcePolicy,
    /// No `Resource` in any statement: not an identity policy in force.
    NoResource,
    /// An infrastructure template that this version does not read.
    Template,
    /// A Terraform plan or state, whose policies are copies.
    PlanOrState,
}

impl SkipReason {
    /// The word in `policies` and its JSON.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::TrustPolicy => "trust-policy",
            Self::ResourcePolicy => "resource-policy",
            Self::NoResource => "no-resource",
            Self::Template => "template",
            Self::PlanOrState => "plan-or-state",
        }
    }
}

impl Effect {
    /// As the policy language spells it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Allow => "Allow",
            Self::Deny => "Deny",
        }
    }
}

impl ElementKind {
    /// As the policy language spells it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Action => "Action",
            Self::NotAction => "NotAction",
        }
    }
}

/// Reads a table that may be a policy document.
///
/// It is one if it has a `Statement` all of whose items have an `Effect` and an action element: a firewall's
/// `Statement` or a workflow's `Action` has not.
#[must_use]
pub fn read(node: &Node<'_>) -> Reading {
    let Some(list) = node.get("Statement") else { return Reading::NotPolicy };
    let items = match &list.value {
        Value::List(items) => items.as_slice(),
        Value::Table(_) => std::slice::from_ref(list),
        Value::Text(_) | Value::Scalar => return Reading::NotPolicy,
    };
    if !items.iter().all(is_statement) {
        return Reading::NotPolicy;
    }
    if let Some(problem) = std::iter::once(node).chain(items).find_map(repeated_key) {
        return Reading::Broken(problem);
    }
    if let Some(reason) = other_kind(items) {
        return Reading::Other(reason);
    }
    match items.iter().map(statement).collect() {
        Ok(statements) => Reading::Identity(Policy { span: node.span, list: list.span, statements }),
        Err(problem) => Reading::Broken(problem),
    }
}

fn is_statement(node: &Node<'_>) -> bool {
    let effect = node.get("Effect").and_then(Node::text).and_then(effect);
    let is_actions = |node: &Node<'_>| matches!(node.value, Value::Text(_) | Value::List(_));
    effect.is_some()
        && [ElementKind::Action, ElementKind::NotAction].iter().any(|k| node.get(k.word()).is_some_and(is_actions))
}

fn effect(word: &str) -> Option<Effect> {
    [Effect::Allow, Effect::Deny].into_iter().find(|effect| effect.word() == word)
}

fn repeated_key(table: &Node<'_>) -> Option<Problem> {
    let Entry { key, key_span, .. } = table.repeated_key()?;
    Some(Problem { message: format!("the key `{key}` stands twice"), span: *key_span })
}

fn other_kind(items: &[Node<'_>]) -> Option<SkipReason> {
    let has = |keys: [&str; 2]| items.iter().any(|item| keys.iter().any(|key| item.get(key).is_some()));
    if has(["Principal", "NotPrincipal"]) {
        let only_sts = items.iter().all(|item| item.get("Action").is_some_and(speaks_of_sts_only));
        return Some(if only_sts { SkipReason::TrustPolicy } else { SkipReason::ResourcePolicy });
    }
    (!items.is_empty() && !has(["Resource", "NotResource"])).then_some(SkipReason::NoResource)
}

fn speaks_of_sts_only(actions: &Node<'_>) -> bool {
    let of_sts =
        |node: &Node<'_>| node.text().is_some_and(|text| text.get(..4).is_some_and(|p| p.eq_ignore_ascii_case("sts:")));
    actions.list().map_or_else(|| of_sts(actions), |items| items.iter().all(of_sts))
}

fn statement(node: &Node<'_>) -> Result<Statement, Problem> {
    let problem = |message: &str| Problem { message: message.to_owned(), span: node.span };
    let effect = node.get("Effect").and_then(Node::text).and_then(effect).ok_or_else(|| problem("no `Effect`"))?;
    let actions = match (node.get("Action"), node.get("NotAction")) {
        (Some(actions), None) => element(ElementKind::Action, actions),
        (None, Some(actions)) => element(ElementKind::NotAction, actions),
        _ => return Err(problem("a statement has either `Action` or `NotAction`")),
    };
    let sid = node.get("Sid").and_then(Node::text).map(str::to_owned);
    Ok(Statement { span: node.span, sid, effect, actions })
}

fn element(kind: ElementKind, value: &Node<'_>) -> ActionElement {
    let items = value.list().unwrap_or_else(|| std::slice::from_ref(value));
    let entry = |node: &Node<'_>| ActionEntry { span: node.span, pattern: node.text().map(ActionPattern::new) };
    ActionElement {
        kind,
        value: value.span,
        is_list: value.list().is_some(),
        entries: items.iter().map(entry).collect(),
    }
}
