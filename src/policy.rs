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

/// How many statements a policy may have. IAM accepts 10,240 characters, which some two hundred statements fill.
const MAX_STATEMENTS: usize = 1_000;

/// How many actions its statements may have, together: more than all that there are, so that even a refinement of every
/// service at once is read back.
const MAX_ENTRIES: usize = 25_000;

/// An identity policy: statements without a principal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// The whole document.
    pub span: Span,
    /// The lists that its statements stand in, each with its brackets.
    pub lists: Vec<Span>,
    /// In their order.
    pub statements: Vec<Statement>,
    /// How many statements, or lists of them, only deployment knows.
    pub opaque: usize,
}

/// A statement of an identity policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// The whole statement.
    pub span: Span,
    /// Where it stands.
    pub site: Site,
    /// Whether it is there only under a condition of deployment.
    pub is_conditional: bool,
    /// Its `Sid`, where it is a string.
    pub sid: Option<String>,
    /// Allow or Deny.
    pub effect: Effect,
    /// Its `Action` or `NotAction`.
    pub actions: ActionElement,
}

/// Where a statement or an entry stands, which decides how it can be edited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Site {
    /// In one of the lists, by index: it can go, and several can take its place.
    Item(usize),
    /// As the whole value: several can take its place as a list.
    Whole,
    /// Where exactly one value can stand, such as a branch of a conditional in a list: it cannot be edited.
    Fixed,
}

/// What a statement does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Grants.
    Allow,
    /// Denies; never edited, since that would widen what is allowed.
    Deny,
    /// Only deployment knows; never edited.
    Opaque,
}

/// The `Action` or `NotAction` of a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActionElement {
    /// Which of the two.
    pub kind: ElementKind,
    /// Its whole value.
    pub value: Span,
    /// The lists that its entries stand in, each with its brackets.
    pub lists: Vec<Span>,
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
    /// Where it stands.
    pub site: Site,
    /// Whether it is there only under a condition of deployment.
    pub is_conditional: bool,
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
    /// It bounds what other policies of an identity can grant, and grants nothing.
    Boundary,
    /// It narrows a session.
    SessionPolicy,
    /// It bounds what an organization's accounts can do.
    ServiceControlPolicy,
    /// It is about devices.
    IotPolicy,
    /// A ready-made policy of SAM, which names no actions and so cannot be narrowed.
    PolicyTemplate,
    /// It is part of a resource that has no identity policy.
    OtherResource,
    /// It is written where it has no effect.
    NotInForce,
    /// Only deployment knows what it says.
    Opaque,
    /// A Terraform plan or state, whose policies are copies.
    PlanOrState,
    /// A file of the CDK's own that repeats what a template says.
    CdkFile,
}

impl SkipReason {
    /// The word in `policies` and its JSON.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::TrustPolicy => "trust-policy",
            Self::ResourcePolicy => "resource-policy",
            Self::NoResource => "no-resource",
            Self::Boundary => "boundary",
            Self::SessionPolicy => "session-policy",
            Self::ServiceControlPolicy => "service-control-policy",
            Self::IotPolicy => "iot-policy",
            Self::PolicyTemplate => "policy-template",
            Self::OtherResource => "other-resource",
            Self::NotInForce => "not-in-force",
            Self::Opaque => "opaque",
            Self::PlanOrState => "plan-or-state",
            Self::CdkFile => "cdk-file",
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
            Self::Opaque => "opaque",
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
    let Some(value) = node.get("Statement") else { return Reading::NotPolicy };
    let found = Items::of(value, |node| matches!(node.value, Value::Table(_)), false);
    if found.has_foreign || !found.items.iter().all(|item| is_statement(item.node)) {
        return Reading::NotPolicy;
    }
    of_statements(node, found)
}

/// Reads a list of statements that are known to be of an identity policy, or one statement.
#[must_use]
pub fn read_statements(value: &Node<'_>) -> Reading {
    let found = Items::of(value, |node| matches!(node.value, Value::Table(_)), false);
    if found.has_foreign { Reading::NotPolicy } else { of_statements(value, found) }
}

fn of_statements(whole: &Node<'_>, found: Items<'_, '_>) -> Reading {
    let items: Vec<&Node<'_>> = found.items.iter().map(|item| item.node).collect();
    if let Some(problem) = std::iter::once(whole).chain(items.iter().copied()).find_map(repeated_key) {
        return Reading::Broken(problem);
    }
    if let Some(reason) = other_kind(&items) {
        return Reading::Other(reason);
    }
    if items.len() > MAX_STATEMENTS {
        return too_large(whole, MAX_STATEMENTS, "statements");
    }
    match found.items.iter().map(statement).collect::<Result<Vec<Statement>, Problem>>() {
        Ok(statements) if entries(&statements) > MAX_ENTRIES => too_large(whole, MAX_ENTRIES, "actions"),
        Ok(statements) => {
            Reading::Identity(Policy { span: whole.span, lists: found.lists, statements, opaque: found.opaque })
        }
        Err(problem) => Reading::Broken(problem),
    }
}

/// The items of a value, however its lists are put together.
struct Items<'n, 's> {
    items: Vec<Item<'n, 's>>,
    lists: Vec<Span>,
    /// How many only deployment knows.
    opaque: usize,
    /// Something literal is no item.
    has_foreign: bool,
    /// How many choices are around what is looked at.
    choices: usize,
    /// Whether what only deployment knows is an item too.
    takes_opaque: bool,
    is_item: fn(&Node<'_>) -> bool,
}

struct Item<'n, 's> {
    node: &'n Node<'s>,
    site: Site,
    is_conditional: bool,
}

impl<'n, 's> Items<'n, 's> {
    fn of(value: &'n Node<'s>, is_item: fn(&Node<'_>) -> bool, takes_opaque: bool) -> Self {
        let mut found = Self {
            items: Vec::new(),
            lists: Vec::new(),
            opaque: 0,
            has_foreign: false,
            choices: 0,
            takes_opaque,
            is_item,
        };
        found.collect(value, Site::Whole);
        found
    }

    /// Depth is bounded by the parser's limit on nesting.
    fn collect(&mut self, node: &'n Node<'s>, site: Site) {
        match &node.value {
            _ if (self.is_item)(node) => self.push(node, site),
            Value::List(items) => {
                let list = self.lists.len();
                self.lists.push(node.span);
                items.iter().for_each(|item| self.collect(item, Site::Item(list)));
            }
            Value::Concat(lists) => lists.iter().for_each(|list| self.collect(list, Site::Fixed)),
            Value::Choice(branches) => {
                // A block that is repeated is all of its choice, and an item as any other.
                let is_all = matches!(branches.as_slice(), [only] if only.span == node.span);
                let site = if site == Site::Whole || is_all { site } else { Site::Fixed };
                self.choices += 1;
                branches.iter().for_each(|branch| self.collect(branch, site));
                self.choices -= 1;
            }
            Value::Template(_) | Value::Call(..) | Value::Reference(_) | Value::Opaque => {
                self.opaque += 1;
                if self.takes_opaque {
                    self.push(node, site);
                }
            }
            Value::Text(_) | Value::Scalar | Value::Table(_) => self.has_foreign = true,
        }
    }

    fn push(&mut self, node: &'n Node<'s>, site: Site) {
        self.items.push(Item { node, site, is_conditional: self.choices > 0 });
    }
}

fn is_statement(node: &Node<'_>) -> bool {
    let effect = node.get("Effect").is_some_and(|value| effect(value).is_some());
    let is_actions = |node: &Node<'_>| !matches!(node.value, Value::Scalar | Value::Table(_));
    effect && [ElementKind::Action, ElementKind::NotAction].iter().any(|k| node.get(k.word()).is_some_and(is_actions))
}

fn effect(value: &Node<'_>) -> Option<Effect> {
    match &value.value {
        Value::Text(word) => [Effect::Allow, Effect::Deny].into_iter().find(|effect| effect.word() == word),
        Value::Scalar | Value::List(_) | Value::Table(_) => None,
        _ => Some(Effect::Opaque),
    }
}

fn entries(statements: &[Statement]) -> usize {
    statements.iter().map(|statement| statement.actions.entries.len()).sum()
}

fn too_large(whole: &Node<'_>, limit: usize, of: &str) -> Reading {
    let message = format!("more than {limit} {of}, which IAM accepts in no policy");
    Reading::Broken(Problem { message, span: Span { end: whole.span.start, ..whole.span } })
}

fn repeated_key(table: &Node<'_>) -> Option<Problem> {
    let Entry { key, key_span, .. } = table.repeated_key()?;
    Some(Problem { message: format!("the key `{key}` stands twice"), span: *key_span })
}

fn other_kind(items: &[&Node<'_>]) -> Option<SkipReason> {
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

fn statement(item: &Item<'_, '_>) -> Result<Statement, Problem> {
    let Item { node, site, is_conditional } = *item;
    let problem = |message: &str| Problem { message: message.to_owned(), span: node.span };
    let effect = node.get("Effect").and_then(effect).ok_or_else(|| problem("no `Effect`"))?;
    let actions = match (node.get("Action"), node.get("NotAction")) {
        (Some(actions), None) => ActionElement::read(ElementKind::Action, actions),
        (None, Some(actions)) => ActionElement::read(ElementKind::NotAction, actions),
        _ => return Err(problem("a statement has either `Action` or `NotAction`")),
    };
    let sid = node.get("Sid").and_then(Node::text).map(str::to_owned);
    Ok(Statement { span: node.span, site, is_conditional, sid, effect, actions })
}

impl ActionElement {
    /// Reads the value of an `Action` or `NotAction`: a string, a list, or what lists are put together from.
    #[must_use]
    pub fn read(kind: ElementKind, value: &Node<'_>) -> Self {
        let known = |node: &Node<'_>| matches!(node.value, Value::Text(_) | Value::Scalar | Value::Table(_));
        let found = Items::of(value, known, true);
        let entry = |item: &Item<'_, '_>| ActionEntry {
            span: item.node.span,
            site: item.site,
            is_conditional: item.is_conditional,
            pattern: item.node.text().map(ActionPattern::new),
        };
        let entries = found.items.iter().map(entry).collect();
        Self { kind, value: value.span, lists: found.lists, entries }
    }
}
