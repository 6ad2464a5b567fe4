//! Whether a value says the same as another one but for what is unused, decided over plain values of other readers.

use serde_json::{Map, Value};

use super::evidence::{is_unused, services};
use super::oracle::{Catalogue, Pattern, covers};

/// What the file says, read by a reader of another make; `None` if that cannot read it.
pub(crate) fn value_of(text: &str) -> Option<Value> {
    let text = text.trim_start_matches('\u{feff}');
    serde_json::from_str(text).ok().or_else(|| {
        let documents = serde_yaml::Deserializer::from_str(text);
        let read = |document| serde::Deserialize::deserialize(document).ok().map(of_yaml);
        documents.map(read).collect::<Option<Vec<Value>>>().map(Value::from)
    })
}

fn of_yaml(value: serde_yaml::Value) -> Value {
    match value {
        serde_yaml::Value::String(text) => text.into(),
        serde_yaml::Value::Sequence(items) => items.into_iter().map(of_yaml).collect(),
        serde_yaml::Value::Mapping(entries) => {
            let key = |key: serde_yaml::Value| key.as_str().map_or_else(|| format!("{key:?}"), str::to_owned);
            entries.into_iter().map(|(k, v)| (key(k), of_yaml(v))).collect()
        }
        serde_yaml::Value::Tagged(tagged) => Map::from_iter([(tagged.tag.to_string(), of_yaml(tagged.value))]).into(),
        scalar => format!("{scalar:?}").into(),
    }
}

/// Why `after` says something else than `before` without what is unused; `None` if it does not.
pub(crate) fn difference(before: &Value, after: &Value, catalogue: &Catalogue) -> Option<String> {
    match (before, after) {
        (Value::Object(old), Value::Object(new)) => of_objects(old, new, catalogue),
        (Value::Array(old), Value::Array(new)) => of_lists(old, new, catalogue),
        (Value::String(old), Value::String(new)) if old != new => of_texts(old, new, catalogue),
        _ => (before != after).then(|| format!("{before} became {after}")),
    }
}

fn of_objects(old: &Map<String, Value>, new: &Map<String, Value>, catalogue: &Catalogue) -> Option<String> {
    if !old.keys().eq(new.keys()) {
        return Some(format!("{old:?} became {new:?}"));
    }
    let is_allow = value(old, "Effect").is_some_and(|effect| effect.as_str() == Some("Allow"));
    old.iter().zip(new.values()).find_map(|((key, old), new)| {
        if is_allow && key.eq_ignore_ascii_case("Action") {
            return of_actions(old, new, catalogue);
        }
        difference(old, new, catalogue)
    })
}

fn value<'v>(object: &'v Map<String, Value>, wanted: &str) -> Option<&'v Value> {
    object.iter().find(|(key, _)| key.eq_ignore_ascii_case(wanted)).map(|(_, value)| value)
}

/// A list may lose Allow statements all of whose actions are unused.
fn of_lists(old: &[Value], new: &[Value], catalogue: &Catalogue) -> Option<String> {
    let mut new = new.iter().peekable();
    for item in old {
        match new.peek().map(|new| difference(item, new, catalogue)) {
            Some(None) => drop(new.next()),
            _ if is_all_unused(item, catalogue) => {}
            Some(why) => return why,
            None => return Some(format!("{item} is gone")),
        }
    }
    new.next().map(|item| format!("{item} is new"))
}

fn is_all_unused(statement: &Value, catalogue: &Catalogue) -> bool {
    let Some(statement) = statement.as_object() else { return false };
    let actions = value(statement, "Action").filter(|_| value(statement, "Effect") == Some(&"Allow".into()));
    actions.is_some_and(|actions| of_actions(actions, &Value::Array(Vec::new()), catalogue).is_none())
}

fn of_texts(old: &str, new: &str, catalogue: &Catalogue) -> Option<String> {
    let read = |text: &str| serde_json::from_str::<Value>(&decoded(text)).ok();
    match read(old).zip(read(new)) {
        Some((old, new)) => difference(&old, &new, catalogue),
        None => Some(format!("{old:?} became {new:?}")),
    }
}

/// A URL-encoded text as it is meant.
fn decoded(text: &str) -> String {
    if !text.get(..3).is_some_and(|start| start.eq_ignore_ascii_case("%7b")) {
        return text.to_owned();
    }
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        let hex = (first == b'%').then(|| tail.get(..2)).flatten();
        let byte = hex.and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
        bytes.push(byte.unwrap_or(first));
        rest = if byte.is_some() { &tail[2..] } else { tail };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn entries(value: &Value) -> Vec<&Value> {
    value.as_array().map_or_else(|| vec![value], |items| items.iter().collect())
}

/// A list of actions may lose what is unused, may lose nothing else, and may gain nothing.
fn of_actions(old: &Value, new: &Value, catalogue: &Catalogue) -> Option<String> {
    if old == new {
        return None;
    }
    let (old, new) = (entries(old), entries(new));
    let patterns = |values: &[&Value]| -> Vec<Pattern> {
        values.iter().filter_map(|value| value.as_str()).map(Pattern::new).collect()
    };
    let (before, after) = (patterns(&old), patterns(&new));
    let opaque = |values: &[&Value]| values.iter().filter(|value| !value.is_string()).count();
    let wider = after.iter().find(|new| !before.iter().any(|old| includes(old, new)));
    if opaque(&old) != opaque(&new) || wider.is_some() {
        return Some(format!("{old:?} became {new:?}, which grants more"));
    }
    if let Some(action) = lost(&before, &after, catalogue) {
        return Some(format!("{action} is lost: {old:?} became {new:?}"));
    }
    let others = before.iter().find(|old| {
        let of_service = services().any(|s| old.text.split(':').next().is_some_and(|own| own.eq_ignore_ascii_case(s)));
        !of_service && !after.iter().any(|new| new.text == old.text)
    });
    others.map(|other| format!("{} is gone", other.text))
}

fn includes(old: &Pattern, new: &Pattern) -> bool {
    let is_short = |pattern: &Pattern| pattern.text.is_ascii() && pattern.text.len() < 128;
    old.text == new.text
        || old.text == "*"
        || (new.is_literal() && old.matches(&new.text))
        || !(is_short(old) && is_short(new))
        || covers(&old.text, &new.text)
}

/// An action that is not unused, and that only the patterns before grant.
fn lost(before: &[Pattern], after: &[Pattern], catalogue: &Catalogue) -> Option<String> {
    let named = before.iter().filter_map(|old| old.text.split_once(':'));
    let named = named.map(|(service, name)| (service.to_ascii_lowercase(), name.to_owned()));
    let named = named.filter(|(_, name)| !name.contains(['*', '?']));
    let known = services().flat_map(|s| catalogue.actions(s).iter().map(move |(name, _)| (s.to_owned(), name.clone())));
    let has = |patterns: &[Pattern], action: &str| patterns.iter().any(|pattern| pattern.matches(action));
    let used = known.chain(named).filter(|(service, name)| !is_unused(service, &name.to_ascii_lowercase()));
    let mut used = used.map(|(service, name)| format!("{service}:{name}"));
    used.find(|action| has(before, action) && !has(after, action))
}

/// The same where no other reader is at hand: the words of the text are the same but for those that are gone, and those
/// that name actions grant all that is not unused, and nothing more.
pub(crate) fn difference_of_words(before: &str, after: &str, catalogue: &Catalogue) -> Option<String> {
    let words = |text: &str| -> (Vec<String>, Vec<Pattern>) {
        let is_part = |c: char| c.is_alphanumeric() || "_-.:*?".contains(c);
        let words = text.split(|c| !is_part(c)).filter(|word| !word.is_empty());
        let (named, others): (Vec<&str>, Vec<&str>) = words.partition(|word| is_action(word));
        (others.into_iter().map(str::to_owned).collect(), named.into_iter().map(Pattern::new).collect())
    };
    let ((old, before), (new, after)) = (words(before), words(after));
    let mut rest = old.iter();
    let added = new.iter().find(|word| !rest.any(|old| old == *word));
    let wider = after.iter().find(|new| !before.iter().any(|old| includes(old, new)));
    let added = added.or(wider.map(|wider| &wider.text)).map(|word| format!("{word} is new"));
    added.or_else(|| lost(&before, &after, catalogue).map(|action| format!("{action} is lost")))
}

fn is_action(word: &str) -> bool {
    word == "*" || word.split_once(':').is_some_and(|(service, name)| !service.is_empty() && !name.contains(':'))
}
