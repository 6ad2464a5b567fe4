//! The functions of CloudFormation, in their long and short forms → values, as far as what they say is literal.
//!
//! What only deployment knows becomes a hole, a choice or an opaque value; nothing is guessed.
//! Knows the functions. Does not know resource types or policies.

use std::borrow::Cow;

use super::Step;
use crate::syntax::{Entry, Node, Piece, Value};

/// A value that stands for nothing: the key or item that has it is as good as not there.
const NO_VALUE: &str = "AWS::NoValue";

/// A function call, however it is written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Call<'n, 's> {
    /// Its name without `Fn::`: `Ref`, `Sub`, `GetAtt`.
    pub(super) name: &'n str,
    /// What it is called with.
    pub(super) argument: &'n Node<'s>,
    /// The key of the long form, which is a step of the way to the argument.
    key: Option<&'n str>,
}

/// A value and the way to it from the root of its file.
#[derive(Debug, Clone)]
pub(super) struct At<'n, 's> {
    /// The value.
    pub(super) node: &'n Node<'s>,
    /// The way.
    pub(super) path: Vec<Step>,
}

/// What a template says that its functions ask for.
#[derive(Debug, Default)]
pub(super) struct Values<'n, 's> {
    /// Parameters that can have one value only.
    parameters: Vec<(&'n str, &'n Node<'s>)>,
    mappings: Option<&'n Node<'s>>,
    /// Whether `${…}` is a hole in every string, not just in those of `Sub`.
    has_holes_everywhere: bool,
}

/// The function call that a node is, if it is one.
pub(super) fn call<'n, 's>(node: &'n Node<'s>) -> Option<Call<'n, 's>> {
    match &node.value {
        Value::Call(name, arguments) => Some(Call { name, argument: arguments.first()?, key: None }),
        Value::Table(entries) => {
            let [entry] = entries.as_slice() else { return None };
            let name = entry.key.strip_prefix("Fn::").or((entry.key == "Ref").then_some("Ref"))?;
            Some(Call { name, argument: &entry.value, key: Some(&entry.key) })
        }
        _ => None,
    }
}

/// The logical id that a `Ref`, a `GetAtt` or a `Sub` of nothing else refers to.
pub(super) fn referred<'n>(node: &'n Node<'_>) -> Option<&'n str> {
    let Call { name, argument, .. } = call(node)?;
    match name {
        "Ref" => argument.text(),
        "GetAtt" => {
            let text = argument.text().or_else(|| argument.list()?.first()?.text())?;
            text.split('.').next()
        }
        "Sub" => {
            let hole = argument.text()?.strip_prefix("${")?.strip_suffix('}')?;
            let is_name = !hole.starts_with('!') && !hole.contains('{');
            is_name.then(|| hole.trim().split('.').next()).flatten()
        }
        _ => None,
    }
}

/// The names in the `${…}` of a text of `Sub`.
pub(super) fn holes(text: &str) -> impl Iterator<Item = &str> {
    pieces(text).into_iter().filter_map(|piece| match piece {
        Part::Hole(name) => Some(name),
        Part::Literal(_) => None,
    })
}

/// Whether a value stands for nothing.
pub(super) fn is_no_value(node: &Node<'_>) -> bool {
    call(node).is_some_and(|call| call.name == "Ref" && call.argument.text() == Some(NO_VALUE))
}

impl<'n, 's> At<'n, 's> {
    /// The value of a key.
    pub(super) fn get(&self, key: &str) -> Option<Self> {
        self.node.get(key).map(|node| self.to(node, Step::Key(key.to_owned())))
    }

    /// A value one step further.
    pub(super) fn to(&self, node: &'n Node<'s>, step: Step) -> Self {
        let mut path = self.path.clone();
        path.push(step);
        Self { node, path }
    }

    /// What a call is called with.
    pub(super) fn argument(&self, call: &Call<'n, 's>) -> Self {
        let mut path = self.path.clone();
        path.extend(call.key.map(|key| Step::Key(key.to_owned())));
        Self { node: call.argument, path }
    }

    /// The values of a table with their keys; none if it is no table.
    pub(super) fn entries(&self) -> Vec<(&'n Entry<'s>, Self)> {
        let entries = self.node.table().unwrap_or_default();
        entries.iter().map(|entry| (entry, self.to(&entry.value, Step::Key(entry.key.to_string())))).collect()
    }

    /// What this may be: both branches of an `If`, without those that are nothing.
    pub(super) fn branches(&self) -> Vec<Self> {
        match call(self.node) {
            Some(call) if call.name == "If" => {
                let argument = self.argument(&call);
                let branches = call.argument.list().unwrap_or_default().iter().enumerate().skip(1);
                branches.flat_map(|(index, branch)| argument.to(branch, Step::Item(index)).branches()).collect()
            }
            _ if is_no_value(self.node) => Vec::new(),
            _ => vec![self.clone()],
        }
    }

    /// The items of a list, or the value itself if it is none, in all branches.
    pub(super) fn items(&self) -> Vec<Self> {
        let of_branch = |branch: Self| match branch.node.list() {
            Some(items) => {
                let items = items.iter().enumerate().map(|(index, item)| branch.to(item, Step::Item(index)));
                items.flat_map(|item| item.branches()).collect()
            }
            None => vec![branch],
        };
        self.branches().into_iter().flat_map(of_branch).collect()
    }
}

impl<'n, 's> Values<'n, 's> {
    /// The values of a template.
    pub(super) fn of(template: &'n Node<'s>) -> Self {
        let parameters = template.get("Parameters").and_then(Node::table).unwrap_or_default();
        let certain = parameters.iter().filter_map(|entry| Some((&*entry.key, only_value(&entry.value)?)));
        Self { parameters: certain.collect(), mappings: template.get("Mappings"), has_holes_everywhere: false }
    }

    /// The values of a text in which every `${…}` is a hole.
    pub(super) fn with_holes_everywhere(self) -> Self {
        Self { has_holes_everywhere: true, ..self }
    }

    /// The node with its functions evaluated, each as far as it is literal; spans stay those of what is written.
    ///
    /// Depth is bounded by the parser's limit on nesting.
    pub(super) fn lower(&self, node: &Node<'s>) -> Node<'s> {
        if let Some(call) = call(node) {
            return Node { span: node.span, value: self.evaluate(&call) };
        }
        let value = match &node.value {
            Value::Text(text) if self.has_holes_everywhere && text.contains("${") => {
                Value::Template(self.substituted(text, None))
            }
            Value::List(items) => Value::List(items.iter().map(|item| self.lower(item)).collect()),
            Value::Table(entries) if entries.iter().any(|entry| is_function(&entry.key)) => Value::Opaque,
            Value::Table(entries) => {
                let entries = entries.iter().filter(|entry| !is_no_value(&entry.value));
                let lowered = entries.map(|entry| Entry { value: self.lower(&entry.value), ..entry.clone() });
                Value::Table(lowered.collect())
            }
            other => other.clone(),
        };
        Node { span: node.span, value }
    }

    fn evaluate(&self, call: &Call<'_, 's>) -> Value<'s> {
        let arguments = call.argument.list().unwrap_or_default();
        let value = match (call.name, arguments) {
            ("Ref", _) => call.argument.text().map(|name| self.reference(name)),
            ("Sub", []) => call.argument.text().map(|text| whole(self.substituted(text, None))),
            ("Sub", [text, variables]) => text.text().map(|text| whole(self.substituted(text, Some(variables)))),
            ("Join", [delimiter, list]) => self.joined(delimiter, list),
            ("If", [_, branches @ ..]) => {
                let branches = branches.iter().filter(|branch| !is_no_value(branch));
                Some(Value::Choice(branches.map(|branch| self.lower(branch)).collect()))
            }
            ("Select", [index, list]) => self.selected(index, list),
            ("Split", [delimiter, text]) => self.split(delimiter, text),
            ("FindInMap", [map, first, second]) => self.found(map, first, second),
            _ => None,
        };
        value.unwrap_or(Value::Opaque)
    }

    fn reference(&self, name: &str) -> Value<'s> {
        match self.parameters.iter().find(|(parameter, _)| *parameter == name) {
            Some((_, node)) => node.value.clone(),
            None => Value::Template(vec![Piece::Hole(Cow::Owned(name.to_owned()))]),
        }
    }

    /// The pieces of a text of `Sub`, with the variables filled in that are literal.
    fn substituted(&self, text: &str, variables: Option<&Node<'s>>) -> Vec<Piece<'s>> {
        let fill = |name: &str| -> Vec<Piece<'s>> {
            let value = match variables.and_then(|all| all.get(name)) {
                Some(node) => self.lower(node).value,
                None => self.reference(name),
            };
            match value {
                Value::Text(text) => vec![Piece::Literal(text)],
                Value::Template(pieces) => pieces,
                _ => vec![Piece::Hole(Cow::Owned(name.to_owned()))],
            }
        };
        let of_part = |part: Part<'_>| match part {
            Part::Literal(text) => vec![Piece::Literal(Cow::Owned(text))],
            Part::Hole(name) => fill(name),
        };
        pieces(text).into_iter().flat_map(of_part).collect()
    }

    fn joined(&self, delimiter: &Node<'s>, list: &Node<'s>) -> Option<Value<'s>> {
        let delimiter = delimiter.text()?;
        let mut pieces = Vec::new();
        for (index, item) in self.lower(list).list()?.iter().enumerate() {
            if index > 0 {
                pieces.push(Piece::Literal(Cow::Owned(delimiter.to_owned())));
            }
            match &item.value {
                Value::Text(text) => pieces.push(Piece::Literal(text.clone())),
                Value::Template(more) => pieces.extend(more.iter().cloned()),
                _ => pieces.push(Piece::Hole(Cow::Borrowed(""))),
            }
        }
        Some(whole(pieces))
    }

    fn selected(&self, index: &Node<'s>, list: &Node<'s>) -> Option<Value<'s>> {
        let index: usize = index.text()?.parse().ok()?;
        Some(self.lower(list).list()?.get(index)?.value.clone())
    }

    fn split(&self, delimiter: &Node<'s>, text: &Node<'s>) -> Option<Value<'s>> {
        let delimiter = delimiter.text().filter(|delimiter| !delimiter.is_empty())?;
        let whole = self.lower(text);
        let parts = whole.text()?.split(delimiter);
        let item = |part: &str| Node { span: text.span, value: Value::Text(Cow::Owned(part.to_owned())) };
        Some(Value::List(parts.map(item).collect()))
    }

    fn found(&self, map: &Node<'s>, first: &Node<'s>, second: &Node<'s>) -> Option<Value<'s>> {
        let key = |node: &Node<'s>| self.lower(node).text().map(str::to_owned);
        let found = self.mappings?.get(&key(map)?)?.get(&key(first)?)?.get(&key(second)?)?;
        Some(found.value.clone())
    }
}

/// The default of a parameter that allows nothing else, unless that is the name of where the value is.
fn only_value<'n, 's>(parameter: &'n Node<'s>) -> Option<&'n Node<'s>> {
    if parameter.get("Type").and_then(Node::text).is_some_and(|kind| kind.starts_with("AWS::SSM::")) {
        return None;
    }
    let default = parameter.get("Default")?;
    let [only] = parameter.get("AllowedValues")?.list()? else { return None };
    (default.text()? == only.text()?).then_some(default)
}

fn is_function(key: &str) -> bool {
    key.starts_with("Fn::")
}

/// The pieces of a string as a value: text, if none is a hole.
fn whole(pieces: Vec<Piece<'_>>) -> Value<'_> {
    let literal = |piece: &Piece<'_>| match piece {
        Piece::Literal(text) => Some(text.to_string()),
        Piece::Hole(_) => None,
    };
    match pieces.iter().map(literal).collect::<Option<String>>() {
        Some(text) => Value::Text(Cow::Owned(text)),
        None => Value::Template(pieces),
    }
}

/// A part of a text of `Sub`.
enum Part<'t> {
    Literal(String),
    Hole(&'t str),
}

/// Takes a text of `Sub` apart: `${Name}` is a hole, `${!Name}` says `${Name}`.
fn pieces(text: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let mut literal = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        let Some((name, end)) = after.split_once('}') else { break };
        literal.push_str(before);
        match name.strip_prefix('!') {
            Some(name) => literal.push_str(&format!("${{{name}}}")),
            None => {
                parts.push(Part::Literal(std::mem::take(&mut literal)));
                parts.push(Part::Hole(name.trim()));
            }
        }
        rest = end;
    }
    literal.push_str(rest);
    parts.push(Part::Literal(literal));
    parts.retain(|part| !matches!(part, Part::Literal(text) if text.is_empty()));
    parts
}
