//! The second reader: whole files as plain values, read by parsers that share no code with ours.
//!
//! Finds its own way through the functions of templates. Does not know spans or edits.

use serde::Deserialize as _;
use serde_yaml::Value;

use super::{Intended, hcl};
use crate::refine::EntryChange;
use crate::rewrite::StatementChange;
use crate::syntax::{self, Notation};
use crate::template::{Step, terraform};

/// The values that a file holds; `None` if the second reader does not accept it.
pub(super) fn read(text: &str, notation: Notation) -> Option<Vec<Value>> {
    let text = text.trim_start_matches('\u{feff}');
    match notation {
        Notation::Json => Some(vec![serde_json::from_str(text).ok()?]),
        Notation::Yaml => {
            let documents = serde_yaml::Deserializer::from_str(text).map(|document| {
                let mut value = Value::deserialize(document).ok()?;
                value.apply_merge().ok()?;
                Some(value)
            });
            documents.collect()
        }
        Notation::Hcl => Some(vec![hcl::value(&terraform::tree(&syntax::hcl::parse(text).ok()?), text)]),
    }
}

/// Changes a document among the values as intended; `None` if the second reader does not find it.
pub(super) fn change(values: &mut [Value], Intended { document, changes }: &Intended<'_>) -> Option<()> {
    let policy = untagged(open(values, &document.path)?);
    // A list of actions is all that there is of its statement.
    if let (Value::Sequence(items), [StatementChange::Edit(entries)]) = (&*policy, *changes)
        && items.iter().all(Value::is_string)
    {
        let mut entries = entries.iter();
        return change_items(policy, Items::Entries, &mut |_| entry_outcome(entries.next()?));
    }
    let statements = match policy {
        Value::Mapping(policy) if policy.contains_key("Statement") => policy.get_mut("Statement")?,
        Value::Mapping(policy) if policy.contains_key("statement") => policy.get_mut("statement")?,
        list => list,
    };
    let mut changes = changes.iter();
    change_items(statements, Items::Statements, &mut |statement| match changes.next()? {
        StatementChange::Keep | StatementChange::Apart => Some(Outcome::Stays),
        StatementChange::Remove => Some(Outcome::Becomes(Vec::new())),
        StatementChange::Edit(entries) => {
            let mut entries = entries.iter();
            let statement = untagged(statement);
            let key = if statement.get("Action").is_some() { "Action" } else { "actions" };
            change_items(statement.get_mut(key)?, Items::Entries, &mut |_| entry_outcome(entries.next()?))?;
            entries.next().is_none().then_some(Outcome::Stays)
        }
    })?;
    changes.next().is_none().then_some(())
}

fn entry_outcome(change: &EntryChange) -> Option<Outcome> {
    Some(match change {
        EntryChange::Keep | EntryChange::KeepForGap | EntryChange::KeepFixed => Outcome::Stays,
        EntryChange::Remove { .. } => Outcome::Becomes(Vec::new()),
        EntryChange::Replace(patterns) => {
            Outcome::Becomes(patterns.iter().map(|pattern| Value::from(pattern.as_str())).collect())
        }
    })
}

/// The value at the end of a way; texts on it are replaced by the values they hold, so that they compare as values.
pub(super) fn open<'v>(values: &'v mut [Value], path: &[Step]) -> Option<&'v mut Value> {
    let (first, path) = match path {
        [Step::Document(index), rest @ ..] => (*index, rest),
        all => (0, all),
    };
    let mut value = values.get_mut(first)?;
    for step in path {
        value = untagged(value);
        value = match step {
            Step::Key(key) if value.get(key.as_str()).is_none() => block(value, key)?,
            Step::Key(key) => value.get_mut(key.as_str())?,
            Step::Item(index) => value.get_mut(*index)?,
            Step::Inner => {
                if let Some(text) = value.as_str() {
                    *value = serde_json::from_str(text).ok()?;
                }
                value
            }
            Step::Document(_) => return None,
        };
    }
    Some(value)
}

/// The block of a Terraform file in JSON that an address stands for.
fn block<'v>(root: &'v mut Value, address: &str) -> Option<&'v mut Value> {
    let (word, labels) = match address.split_once('.')? {
        ("local", name) => ("locals", name),
        ("var", name) => ("variable", name),
        (word @ ("data" | "module" | "output"), labels) => (word, labels),
        _ => ("resource", address),
    };
    std::iter::once(word).chain(labels.split('.')).try_fold(root, |value, key| within(value, key))
}

/// The value of a key of a table, or of the one table of a list that has it.
fn within<'v>(value: &'v mut Value, key: &str) -> Option<&'v mut Value> {
    match value {
        Value::Sequence(tables) => tables.iter_mut().find(|table| table.get(key).is_some())?.get_mut(key),
        table => table.get_mut(key),
    }
}

fn untagged(mut value: &mut Value) -> &mut Value {
    while let Value::Tagged(tagged) = value {
        value = &mut tagged.value;
    }
    value
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Items {
    Statements,
    Entries,
}

/// What becomes of an item.
enum Outcome {
    Stays,
    Becomes(Vec<Value>),
}

type ChangeItem<'c> = dyn FnMut(&mut Value) -> Option<Outcome> + 'c;

/// Changes the items of a value: one item, a list of them, or what a condition chooses from.
fn change_items(value: &mut Value, kind: Items, change: &mut ChangeItem<'_>) -> Option<()> {
    let outcome = change_value(value, kind, change)?;
    settle(value, outcome)
}

fn settle(value: &mut Value, outcome: Outcome) -> Option<()> {
    match outcome {
        Outcome::Stays => {}
        Outcome::Becomes(mut values) if values.len() == 1 => *value = values.pop()?,
        Outcome::Becomes(values) if values.is_empty() => return None,
        Outcome::Becomes(values) => *value = Value::Sequence(values),
    }
    Some(())
}

fn change_value(value: &mut Value, kind: Items, change: &mut ChangeItem<'_>) -> Option<Outcome> {
    if let Some(branches) = branches(value) {
        let is_repeated = branches.len() == 2;
        for branch in branches.iter_mut().skip(1).filter(|branch| !is_no_value(branch)) {
            match change_value(branch, kind, change)? {
                Outcome::Becomes(values) if is_repeated && values.is_empty() => return Some(Outcome::Becomes(values)),
                outcome => settle(branch, outcome)?,
            }
        }
        return Some(Outcome::Stays);
    }
    match value {
        Value::Sequence(items) => {
            let mut changed = Vec::with_capacity(items.len());
            for mut item in std::mem::take(items) {
                match change_value(&mut item, kind, change)? {
                    Outcome::Stays => changed.push(item),
                    Outcome::Becomes(values) => changed.extend(values),
                }
            }
            *items = changed;
            Some(Outcome::Stays)
        }
        Value::Mapping(_) if kind == Items::Statements && !is_call(value) => change(value),
        _ if kind == Items::Entries => change(value),
        _ => Some(Outcome::Stays),
    }
}

fn only_key(value: &Value) -> Option<&str> {
    let mapping = value.as_mapping().filter(|mapping| mapping.len() == 1)?;
    mapping.keys().next()?.as_str()
}

fn is_call(value: &Value) -> bool {
    only_key(value).is_some_and(|key| key == "Ref" || key.starts_with("Fn::"))
}

/// The arguments of an `If`.
fn branches(value: &mut Value) -> Option<&mut Vec<Value>> {
    if only_key(value) == Some("Fn::If") {
        return value.get_mut("Fn::If")?.as_sequence_mut();
    }
    match value {
        Value::Tagged(tagged) if tagged.tag == "If" => tagged.value.as_sequence_mut(),
        _ => None,
    }
}

fn is_no_value(value: &Value) -> bool {
    let referred = match value {
        Value::Tagged(tagged) if tagged.tag == "Ref" => Some(&tagged.value),
        _ => value.get("Ref").filter(|_| is_call(value)),
    };
    referred.and_then(Value::as_str) == Some("AWS::NoValue")
}
