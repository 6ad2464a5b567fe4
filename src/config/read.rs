//! Text → [`Config`]: the YAML reader held on a short leash, and its errors in words of our own with their place.

use std::collections::HashSet;
use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;

use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, de::value::MapAccessDeserializer};

use super::text::{FromText, MARK};
use super::value::{Days, FindingsPath};
use super::{Config, FindingsEntry, MAX_SIZE};
use crate::error::Error;
use crate::nearest::nearest;
use crate::policy::arn::IdentityArn;

/// How deep brackets may nest: the YAML reader's time grows with the square of it. Brackets in comments and quotes count
/// too, for telling them apart would take a YAML reader.
const MAX_BRACKETS: usize = 256;

/// How many values a configuration may hold once its aliases are followed.
const MAX_VALUES: u32 = 200_000;

/// A mapping in the order written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ordered<K, V>(Vec<(K, V)>);

pub(super) fn parse(path: &str, text: &str) -> Result<Config, Error> {
    if text.len() > MAX_SIZE {
        let error = Error::new(format!("this file is larger than {} MiB", MAX_SIZE / 1024 / 1024));
        return Err(error.at(path, 1, 1).help("a configuration is a few lines; is this an export?"));
    }
    if let Some((offset, message, help)) = unreadable(text) {
        let (line, column) = position(text, offset);
        return Err(Error::new(message).at(path, line, column).help(help));
    }
    let checked: Result<Checked, _> = serde_yaml::from_str(text);
    checked.and_then(|Checked| serde_yaml::from_str(text)).map_err(|error| explain(path, text, &error))
}

/// What the YAML reader would not survive in good time, or would not say the place of: byte offset, message, help.
fn unreadable(text: &str) -> Option<(usize, &'static str, &'static str)> {
    let mut depth = 0_usize;
    for (offset, character) in text.char_indices() {
        match character {
            '[' | '{' => depth += 1,
            ']' | '}' => depth = depth.saturating_sub(1),
            '\t' | '\n' | '\r' => {}
            '\u{feff}' if offset == 0 => {}
            '\u{feff}' | '\u{fffe}' | '\u{ffff}' => {
                return Some((offset, "this character cannot be in a YAML file", "take it out"));
            }
            _ if character.is_control() && character != '\u{85}' => {
                return Some((offset, "control characters cannot be in a YAML file", "take it out"));
            }
            _ => {}
        }
        if depth > MAX_BRACKETS {
            return Some((offset, "brackets are nested too deeply", "no key needs more than three levels"));
        }
    }
    second_document(text).map(|offset| {
        (offset, "a second YAML document begins here", "a configuration is one document: take out this `---`")
    })
}

/// Where a `---` follows after something that is neither blank, comment nor directive.
fn second_document(text: &str) -> Option<usize> {
    let mut begun = false;
    let mut offset = 0;
    for line in text.trim_start_matches('\u{feff}').split_inclusive('\n') {
        let rest = line.trim_end();
        let marker = rest == "---" || rest.starts_with("--- ");
        if marker && begun {
            return Some(offset + text.len() - text.trim_start_matches('\u{feff}').len());
        }
        begun |= !(rest.is_empty() || rest.trim_start().starts_with('#') || rest.starts_with('%'));
        offset += line.len();
    }
    None
}

/// Line and column of a byte offset, both from 1.
fn position(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset).unwrap_or(text);
    let line = before.rsplit('\n').next().unwrap_or_default();
    (before.matches('\n').count() + 1, line.chars().filter(|c| *c != '\u{feff}').count() + 1)
}

/// The reader's error in our words.
fn explain(path: &str, text: &str, error: &serde_yaml::Error) -> Error {
    // Only an error of the last resort has no place, such as running out of values: then it is the file.
    let (line, column) = error.location().map_or((1, 1), |at| (at.line(), at.column()));
    let mark_of_the_first_line = usize::from(line == 1 && text.starts_with('\u{feff}') && column > 1);
    let said = error.to_string();
    let said = said.rsplit_once(" at line ").map_or(said.as_str(), |(before, _)| before);
    let (message, help) = reword(said, tab_at(text, line, column));
    let error = Error::new(message).at(path, line, column - mark_of_the_first_line);
    if help.is_empty() { error } else { error.help(help) }
}

fn tab_at(text: &str, line: usize, column: usize) -> bool {
    let line = text.lines().nth(line.saturating_sub(1)).unwrap_or_default();
    line.chars().take(column).any(|c| c == '\t')
}

/// Message and help, from what the reader or serde said, which may begin with a path of keys.
fn reword(said: &str, tab: bool) -> (String, String) {
    if let Some((_, ours)) = said.split_once(MARK) {
        let (message, help) = ours.split_once(MARK).unwrap_or((ours, ""));
        return (message.to_owned(), help.to_owned());
    }
    if let Some((key, rest)) = quoted_after(said, "unknown field `") {
        return (format!("unknown key `{key}`"), help_for_key(key, rest));
    }
    if let Some((key, _)) = quoted_after(said, "missing field `") {
        return (format!("the key `{key}` is missing here"), String::new());
    }
    for phrase in ["invalid type: ", "invalid value: "] {
        if let Some((found, expected)) = after(said, phrase).and_then(|rest| rest.rsplit_once(", expected ")) {
            return (format!("expected {}, found {}", in_words(expected), in_words(found)), String::new());
        }
    }
    if said.contains("recursion limit exceeded") {
        return ("this is nested too deeply".to_owned(), "no key needs more than three levels".to_owned());
    }
    let help = if tab { "indent with spaces: YAML takes no tabs" } else { "" };
    (format!("not YAML: {said}"), help.to_owned())
}

fn after<'s>(said: &'s str, phrase: &str) -> Option<&'s str> {
    said.split_once(phrase).map(|(_, rest)| rest)
}

fn quoted_after<'s>(said: &'s str, phrase: &str) -> Option<(&'s str, &'s str)> {
    let rest = after(said, phrase)?;
    rest.rsplit_once("`, expected ").or_else(|| rest.strip_suffix('`').map(|word| (word, "")))
}

/// `expected` is serde's list of the keys, each in backticks.
fn help_for_key(key: &str, expected: &str) -> String {
    if key == "<<" {
        return "write the keys out: a configuration has no merge keys".to_owned();
    }
    let keys = || expected.split('`').skip(1).step_by(2);
    match nearest(key, keys()) {
        Some(word) => format!("did you mean `{word}`?"),
        None => format!("the keys here are {}", keys().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", ")),
    }
}

/// What serde calls a value, as someone who writes YAML calls it.
fn in_words(serde: &str) -> String {
    match serde {
        "sequence" | "a sequence" => "a list".to_owned(),
        "map" => "a mapping".to_owned(),
        "unit value" => "nothing".to_owned(),
        "field identifier" => "a key".to_owned(),
        _ => match serde.strip_prefix("string \"").and_then(|text| text.strip_suffix('"')) {
            Some(text) => format!("`{text}`"),
            None => serde.to_owned(),
        },
    }
}

/// A document of which nothing is kept: no key stands twice in a mapping, and it is of a bearable size.
///
/// Duplicate keys are looked for here, not while reading, since serde reports them at the mapping rather than the key.
struct Checked;

impl<'de> Deserialize<'de> for Checked {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut left = MAX_VALUES;
        CheckedValue(&mut left).deserialize(deserializer).map(|()| Self)
    }
}

/// Counts down the values that may still come.
struct CheckedValue<'l>(&'l mut u32);

impl<'de> DeserializeSeed<'de> for CheckedValue<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        *self.0 = self.0.checked_sub(1).ok_or_else(|| {
            de::Error::custom(format!("{MARK}this file holds too many values{MARK}write out what its aliases repeat"))
        })?;
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for CheckedValue<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_i128<E>(self, _: i128) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u128<E>(self, _: u128) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_none<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while list.next_element_seed(CheckedValue(self.0))?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut seen = HashSet::new();
        while map.next_key_seed(NewKey(&mut seen))?.is_some() {
            map.next_value_seed(CheckedValue(self.0))?;
        }
        Ok(())
    }

    fn visit_enum<A: de::EnumAccess<'de>>(self, _: A) -> Result<(), A::Error> {
        Err(de::Error::custom(format!(
            "{MARK}a YAML tag means nothing here{MARK}take out the word that begins with `!`"
        )))
    }
}

/// A key that is not yet among those seen.
struct NewKey<'s>(&'s mut HashSet<String>);

impl<'de> DeserializeSeed<'de> for NewKey<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for NewKey<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: de::Error>(self, key: &str) -> Result<(), E> {
        if self.0.insert(key.to_owned()) {
            return Ok(());
        }
        Err(E::custom(format!("{MARK}the key `{key}` stands here twice{MARK}write one of them")))
    }
}

impl<K, V> Default for Ordered<K, V> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<K, V> Deref for Ordered<K, V> {
    type Target = [(K, V)];

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl<'de, K: FromText + Deserialize<'de>, V: Deserialize<'de>> Deserialize<'de> for Ordered<K, V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(OrderedVisitor(PhantomData))
    }
}

struct OrderedVisitor<K, V>(PhantomData<(K, V)>);

impl<'de, K: FromText + Deserialize<'de>, V: Deserialize<'de>> Visitor<'de> for OrderedVisitor<K, V> {
    type Value = Ordered<K, V>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a mapping whose keys are each {}", K::WHAT)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(Ordered(entries))
    }
}

impl<'de> Deserialize<'de> for FindingsEntry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(FindingsVisitor)
    }
}

/// The long form of a [`FindingsEntry`].
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct FindingsTable {
    path: FindingsPath,
    identity: Option<IdentityArn>,
    unused_for: Option<Days>,
}

struct FindingsVisitor;

impl<'de> Visitor<'de> for FindingsVisitor {
    type Value = FindingsEntry;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(FindingsPath::WHAT)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<FindingsEntry, E> {
        let FindingsPath(path) = FindingsPath::from_text(text).map_err(E::custom)?;
        Ok(FindingsEntry { path, identity: None, unused_for: None })
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<FindingsEntry, A::Error> {
        let table = FindingsTable::deserialize(MapAccessDeserializer::new(map))?;
        Ok(FindingsEntry { path: table.path.0, identity: table.identity, unused_for: table.unused_for })
    }
}
