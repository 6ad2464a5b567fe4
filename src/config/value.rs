//! The values of a configuration: durations, globs, levels, accounts, identities.

use std::fmt;

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use jiff::civil::Date;
use serde::Deserialize;
use serde::de::{self, Deserializer, Visitor};

use super::MaxEntries;
use super::text::{Fault, FromText, deserialize_from_text, word};
use crate::nearest::nearest;
use crate::policy::arn::IdentityArn;
use crate::rule::RULES;

/// Longer globs are refused: what compiles them goes as deep as their braces do.
const MAX_GLOB: usize = 1000;

/// A number of days, written `90d`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(transparent))]
pub struct Days(#[cfg_attr(test, schemars(with = "String", regex(pattern = r"^[0-9]{1,5}d$")))] pub u32);

/// A greatest age, written `90d` or `never`; 90 days unless set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Age {
    /// So many days.
    Days(Days),
    /// No age is too great.
    Never,
}

/// How a rule reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename_all = "lowercase"))]
pub enum Level {
    /// Not at all.
    Off,
    /// As something to know.
    Note,
    /// As something to look at.
    Warning,
    /// As something that must not stay.
    Error,
}

/// How a diagnostic is reported whose policy was attributed by a guess.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename_all = "lowercase"))]
pub enum Guesses {
    /// As a note, never fixed.
    #[default]
    Note,
    /// At the rule's own level.
    Warning,
}

/// How an entry is reported that is newer than the finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename_all = "lowercase"))]
pub enum NewerEntries {
    /// As a note, never fixed.
    #[default]
    Note,
    /// As any other entry.
    Report,
}

/// The id of a rule that exists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleId(String);

/// The twelve digits of an AWS account.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(transparent))]
pub struct AccountId(#[cfg_attr(test, schemars(regex(pattern = r"^[0-9]{12}$")))] String);

/// A glob over paths with `/`: `*` and `?` stay within one name, `**` does not.
#[derive(Clone)]
pub struct Glob {
    text: String,
    set: GlobSet,
}

/// A glob of files and, optionally, the address of one policy in them: `infra/*.yaml#AppPolicy`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyPattern {
    /// Which files.
    pub glob: Glob,
    /// Which policy in them; all of them if there is none.
    pub address: Option<String>,
}

/// A role or user, by ARN or by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IdentityRef {
    /// By ARN.
    Arn(IdentityArn),
    /// By name, in any account.
    Name(String),
}

deserialize_from_text!(
    Days,
    Age,
    Level,
    Guesses,
    NewerEntries,
    RuleId,
    AccountId,
    Glob,
    FindingsPath,
    PolicyPattern,
    IdentityRef,
    IdentityArn
);

impl Default for Age {
    fn default() -> Self {
        Self::Days(Days(90))
    }
}

impl IdentityRef {
    /// The ARN or the name, as written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Arn(arn) => arn.as_str(),
            Self::Name(name) => name,
        }
    }
}

impl RuleId {
    /// The id as the list of rules spells it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl AccountId {
    /// The twelve digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Glob {
    /// The glob as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// A glob that may also lead out of the configuration's folder, as the path of an export may.
    pub(super) fn anywhere(text: &str) -> Result<Self, Fault> {
        let path = text.strip_prefix("./").unwrap_or(text);
        let path = if path == "/" { path } else { path.strip_suffix('/').unwrap_or(path) };
        if path.is_empty() {
            return Err(Fault::new("this path is empty", "name a file or folder, or write `**` for every file"));
        }
        if path.len() > MAX_GLOB {
            return Err(Fault::new("this glob is too long", format!("a glob has at most {MAX_GLOB} bytes")));
        }
        let wrong = |error: globset::Error| {
            Fault::new(format!("`{text}` is not a glob: {}", error.kind()), "put a special character in `[` and `]`")
        };
        let glob = GlobBuilder::new(path).literal_separator(true).build().map_err(wrong)?;
        // A set, since making a matcher of a single glob panics where its expression grows too large.
        let set = GlobSetBuilder::new().add(glob).build().map_err(wrong)?;
        Ok(Self { text: path.to_owned(), set })
    }

    /// Whether a path, relative to the configuration's folder and with `/`, matches as a whole.
    #[must_use]
    pub fn matches(&self, path: &str) -> bool {
        self.set.is_match(path)
    }

    /// The glob that matches this path and no other; `#` in it, which would begin an address, is any character.
    #[must_use]
    pub fn escaped(path: &str) -> String {
        globset::escape(path).replace('#', "?")
    }

    /// The path this is, if it is one: no character of it is special in a glob.
    #[must_use]
    pub fn literal(&self) -> Option<&str> {
        let special = self.text.contains(['*', '?', '[', ']', '{', '}', '\\']);
        (!special).then_some(self.text.as_str())
    }
}

/// A path that [`Glob::anywhere`] takes.
pub(super) struct FindingsPath(pub(super) Glob);

impl FromText for FindingsPath {
    const WHAT: &'static str = "a path or glob, or a mapping with `path`";

    fn from_text(text: &str) -> Result<Self, Fault> {
        Glob::anywhere(text).map(Self)
    }
}

impl fmt::Debug for Glob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Glob({:?})", self.text)
    }
}

impl PartialEq for Glob {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Glob {}

impl FromText for Days {
    const WHAT: &'static str = "a number of days, such as `90d`";

    fn from_text(text: &str) -> Result<Self, Fault> {
        let digits = text.strip_suffix('d').filter(|d| d.len() <= 5 && d.bytes().all(|b| b.is_ascii_digit()));
        digits.and_then(|digits| digits.parse().ok()).map(Days).ok_or_else(|| {
            Fault::new(format!("`{text}` is not a number of days"), "write the number and a `d`, such as `90d`")
        })
    }
}

impl FromText for Age {
    const WHAT: &'static str = "a number of days, such as `90d`, or `never`";

    fn from_text(text: &str) -> Result<Self, Fault> {
        if text == "never" {
            return Ok(Self::Never);
        }
        Days::from_text(text).map(Self::Days).map_err(|_| {
            Fault::new(
                format!("`{text}` is neither a number of days nor `never`"),
                "write the number and a `d`, such as `90d`, or `never`",
            )
        })
    }
}

/// Finds `text` among a few words, or says which there are.
fn one_of<T: Copy>(text: &str, what: &str, words: &[(&str, T)]) -> Result<T, Fault> {
    if let Some((_, value)) = words.iter().find(|(word, _)| *word == text) {
        return Ok(*value);
    }
    let names = || words.iter().map(|(word, _)| *word);
    let help = match nearest(text, names()) {
        Some(word) => format!("did you mean `{word}`?"),
        None => format!("write {}", names().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" or ")),
    };
    Err(Fault::new(format!("`{text}` is not {what}"), help))
}

impl FromText for Level {
    const WHAT: &'static str = "a level: `error`, `warning`, `note` or `off`";

    fn from_text(text: &str) -> Result<Self, Fault> {
        let words = [("error", Self::Error), ("warning", Self::Warning), ("note", Self::Note), ("off", Self::Off)];
        one_of(text, "a level", &words)
    }
}

impl FromText for Guesses {
    const WHAT: &'static str = "`note` or `warning`";

    fn from_text(text: &str) -> Result<Self, Fault> {
        one_of(text, "a way to report guesses", &[("note", Self::Note), ("warning", Self::Warning)])
    }
}

impl FromText for NewerEntries {
    const WHAT: &'static str = "`note` or `report`";

    fn from_text(text: &str) -> Result<Self, Fault> {
        one_of(text, "a way to report newer entries", &[("note", Self::Note), ("report", Self::Report)])
    }
}

impl FromText for RuleId {
    const WHAT: &'static str = "the id of a rule";

    fn from_text(text: &str) -> Result<Self, Fault> {
        let words: Vec<_> = RULES.iter().map(|rule| (rule.id, rule.id)).collect();
        one_of(text, "a rule", &words).map(|id| Self(id.to_owned()))
    }
}

impl FromText for AccountId {
    const WHAT: &'static str = "an account id in quotes, such as `\"123456789012\"`";

    fn from_text(text: &str) -> Result<Self, Fault> {
        if text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit()) {
            return Ok(Self(text.to_owned()));
        }
        Err(Fault::new(format!("`{text}` is not an account id"), "an account id has twelve digits"))
    }
}

impl FromText for Glob {
    const WHAT: &'static str = "a path or glob";

    fn from_text(text: &str) -> Result<Self, Fault> {
        let glob = Self::anywhere(text)?;
        if glob.text.starts_with('/') || glob.text.split('/').any(|name| name == "..") {
            return Err(Fault::new(
                format!("`{text}` leaves the folder of this configuration"),
                "write a path relative to the folder of this file",
            ));
        }
        Ok(glob)
    }
}

impl FromText for PolicyPattern {
    const WHAT: &'static str = "a glob, optionally with `#` and an address";

    fn from_text(text: &str) -> Result<Self, Fault> {
        let (glob, address) = match text.split_once('#') {
            Some((glob, address)) => (glob, Some(address)),
            None => (text, None),
        };
        if address.is_some_and(str::is_empty) {
            return Err(Fault::new(
                format!("`{text}` has no address after `#`"),
                "name the policy, or leave out the `#`",
            ));
        }
        Ok(Self { glob: Glob::from_text(glob)?, address: address.map(str::to_owned) })
    }
}

impl FromText for IdentityArn {
    const WHAT: &'static str = "the ARN of a role or user";

    fn from_text(text: &str) -> Result<Self, Fault> {
        Self::parse(text).ok_or_else(|| {
            Fault::new(
                format!("`{text}` is not the ARN of a role or user"),
                "write it as `arn:aws:iam::123456789012:role/app`",
            )
        })
    }
}

impl FromText for IdentityRef {
    const WHAT: &'static str = "the ARN or name of a role or user";

    fn from_text(text: &str) -> Result<Self, Fault> {
        if text.starts_with("arn:") {
            return IdentityArn::from_text(text).map(Self::Arn);
        }
        // https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
        let is_name = |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_+=,.@-".contains(&b));
        if text.is_empty() || text.len() > 64 || !is_name(text) {
            return Err(Fault::new(
                format!("`{text}` is not the ARN or name of a role or user"),
                "write it as `arn:aws:iam::123456789012:role/app`, or just `app`",
            ));
        }
        Ok(Self::Name(text.to_owned()))
    }
}

/// An action pattern, kept as text: what its wildcards match is for `policy` to say.
pub(super) fn action<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    struct Action(String);
    impl FromText for Action {
        const WHAT: &'static str = "an action, such as `s3:GetObject`";

        fn from_text(text: &str) -> Result<Self, Fault> {
            let parts = text.split_once(':').is_some_and(|(service, name)| !service.is_empty() && !name.is_empty());
            if text != "*" && !parts {
                return Err(Fault::new(format!("`{text}` is not an action"), "write `s3:GetObject`, `s3:Get*` or `*`"));
            }
            Ok(Self(text.to_owned()))
        }
    }
    word(deserializer).map(|Action(text)| text)
}

impl FromText for Date {
    const WHAT: &'static str = "a day, such as `2027-06-30`";

    fn from_text(text: &str) -> Result<Self, Fault> {
        let wrong = || Fault::new(format!("`{text}` is not a day"), "write year, month and day, as in `2027-06-30`");
        if text.len() != "2027-06-30".len() {
            return Err(wrong());
        }
        text.parse().map_err(|_| wrong())
    }
}

/// A day, such as `2027-06-30`.
pub(super) fn date<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Date>, D::Error> {
    word(deserializer).map(Some)
}

impl<'de> Deserialize<'de> for MaxEntries {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(MaxEntriesVisitor)
    }
}

struct MaxEntriesVisitor;

impl Visitor<'_> for MaxEntriesVisitor {
    type Value = MaxEntries;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a whole number from 1")
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<MaxEntries, E> {
        let number = u32::try_from(number).ok().filter(|number| *number > 0);
        number.map(MaxEntries).ok_or_else(|| E::custom(Fault::new("this number is out of range", "write one from 1")))
    }
}
