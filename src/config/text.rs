//! Values that are written as one word: how serde reads them, and how they say what is wrong with it.
//!
//! serde carries an error as one string. A [`Fault`] travels in it behind [`MARK`], so that [`super::read`] can take
//! message and help apart again.

use std::fmt;
use std::marker::PhantomData;

use serde::Deserializer;
use serde::de::{self, Visitor};

/// Begins a message of ours, and parts it from its help. Cannot be in a YAML text.
pub(super) const MARK: char = '\u{1f}';

/// What is wrong with a word, and what to write instead.
pub(super) struct Fault {
    message: String,
    help: String,
}

impl Fault {
    pub(super) fn new(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { message: message.into(), help: help.into() }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{MARK}{}{MARK}{}", self.message, self.help)
    }
}

/// A value written as one word.
pub(super) trait FromText: Sized {
    /// What it is, for "expected …".
    const WHAT: &'static str;

    /// Reads it.
    fn from_text(text: &str) -> Result<Self, Fault>;
}

/// Reads a word, and nothing that YAML takes for a number, a truth value or null.
pub(super) fn word<'de, D: Deserializer<'de>, T: FromText>(deserializer: D) -> Result<T, D::Error> {
    // Not `deserialize_str`: that would take `5` and `true` for words. The fault must come out of the visitor, for
    // only then does the reader add the place of the word rather than that of the mapping around it.
    deserializer.deserialize_any(WordVisitor(PhantomData))
}

struct WordVisitor<T>(PhantomData<T>);

impl<T: FromText> Visitor<'_> for WordVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(T::WHAT)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<T, E> {
        T::from_text(text).map_err(E::custom)
    }
}

/// Any text but an empty one.
impl FromText for String {
    const WHAT: &'static str = "text";

    fn from_text(text: &str) -> Result<Self, Fault> {
        if text.trim().is_empty() {
            return Err(Fault::new("this text is empty", "write something here, or leave the entry out"));
        }
        Ok(text.to_owned())
    }
}

/// Gives a [`FromText`] type its `Deserialize`.
macro_rules! deserialize_from_text {
    ($($type:ty),+ $(,)?) => {$(
        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                crate::config::text::word(deserializer)
            }
        }
    )+};
}
pub(super) use deserialize_from_text;
