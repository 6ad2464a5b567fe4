//! One value of an export → a finding, the bare form, or what else it is.
//!
//! Keys are read in any casing, with or without `_` and `-`; what is not needed is passed over.

use std::borrow::Cow;
use std::fmt;

use serde::de::{self, Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::moment::Moment;

/// What a value holds.
#[derive(Debug, Default)]
pub(super) struct Element<'a> {
    pub(super) id: Option<Cow<'a, str>>,
    pub(super) resource: Option<Cow<'a, str>>,
    pub(super) status: Option<Cow<'a, str>>,
    pub(super) finding_type: Option<Cow<'a, str>>,
    pub(super) analyzed_at: Moment,
    pub(super) has_error: bool,
    pub(super) has_more: bool,
    pub(super) details: Option<Vec<Detail<'a>>>,
    pub(super) bare: Option<Permission<'a>>,
    /// The keys that it has, some of which tell other documents apart.
    pub(super) seen: Seen,
    bare_fields: Permission<'a>,
}

/// One element of a finding's details.
#[derive(Debug)]
pub(super) enum Detail<'a> {
    Permission(Permission<'a>),
    Role { last_accessed: Moment },
    Other,
}

/// What is unused of one service.
#[derive(Debug, Default)]
pub(super) struct Permission<'a> {
    pub(super) service: Option<Cow<'a, str>>,
    pub(super) last_accessed: Moment,
    pub(super) actions: Vec<Action<'a>>,
}

/// One unused action.
#[derive(Debug)]
pub(super) struct Action<'a> {
    pub(super) name: Cow<'a, str>,
    pub(super) last_accessed: Moment,
}

/// The keys that mean something here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Key {
    Action,
    Actions,
    AnalyzedAt,
    ClassUid,
    DetailType,
    Error,
    FindingDetails,
    FindingType,
    Findings,
    Id,
    LastAccessed,
    NextToken,
    ProductFields,
    RecommendedSteps,
    Resource,
    ServiceNamespace,
    ServicesLastAccessed,
    Status,
    UnusedIamRoleDetails,
    UnusedPermissionDetails,
    Value,
    Other,
}

/// The longest key that means something, normalised.
const LONGEST_KEY: usize = 23;

impl Key {
    fn of(text: &str) -> Self {
        let mut normal = [0; LONGEST_KEY];
        let mut length = 0;
        for byte in text.bytes().filter(|byte| !matches!(byte, b'_' | b'-')) {
            match normal.get_mut(length) {
                Some(place) => *place = byte.to_ascii_lowercase(),
                None => return Self::Other,
            }
            length += 1;
        }
        match normal.get(..length).unwrap_or_default() {
            b"action" => Self::Action,
            b"actions" => Self::Actions,
            b"analyzedat" => Self::AnalyzedAt,
            b"classuid" => Self::ClassUid,
            b"detailtype" => Self::DetailType,
            b"error" => Self::Error,
            b"findingdetails" => Self::FindingDetails,
            b"findingtype" => Self::FindingType,
            b"findings" => Self::Findings,
            b"id" => Self::Id,
            b"lastaccessed" => Self::LastAccessed,
            b"nexttoken" => Self::NextToken,
            b"productfields" => Self::ProductFields,
            b"recommendedsteps" | b"recommendationsteps" => Self::RecommendedSteps,
            b"resource" => Self::Resource,
            b"servicenamespace" => Self::ServiceNamespace,
            b"serviceslastaccessed" => Self::ServicesLastAccessed,
            b"status" => Self::Status,
            b"unusediamroledetails" => Self::UnusedIamRoleDetails,
            b"unusedpermissiondetails" => Self::UnusedPermissionDetails,
            b"value" => Self::Value,
            _ => Self::Other,
        }
    }

    /// The key of a quoted string, which is taken as it stands; one with escapes means nothing here.
    pub(super) fn of_quoted(quoted: &[u8]) -> Self {
        let inside = quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default();
        std::str::from_utf8(inside).map_or(Self::Other, Self::of)
    }
}

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct KeyVisitor;
        impl Visitor<'_> for KeyVisitor {
            type Value = Key;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a key")
            }
            fn visit_str<E>(self, text: &str) -> Result<Key, E> {
                Ok(Key::of(text))
            }
        }
        deserializer.deserialize_identifier(KeyVisitor)
    }
}

/// A string that is borrowed where it has no escapes; a null is none.
#[derive(Debug, Default)]
struct Word<'a>(Option<Cow<'a, str>>);

impl<'de> Deserialize<'de> for Word<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct WordVisitor;
        impl<'de> Visitor<'de> for WordVisitor {
            type Value = Word<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Word<'de>, E> {
                Ok(Word(Some(Cow::Borrowed(text))))
            }
            fn visit_str<E>(self, text: &str) -> Result<Word<'de>, E> {
                Ok(Word(Some(Cow::Owned(text.to_owned()))))
            }
            fn visit_unit<E>(self) -> Result<Word<'de>, E> {
                Ok(Word(None))
            }
        }
        deserializer.deserialize_any(WordVisitor)
    }
}

/// A value of any kind, of which only matters whether it is null.
struct Given(bool);

impl<'de> Deserialize<'de> for Given {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(Option::<IgnoredAny>::deserialize(deserializer)?.is_some()))
    }
}

/// A list whose absence may be written as a null.
struct Items<T>(Option<Vec<T>>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Items<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ItemsVisitor<T>(std::marker::PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for ItemsVisitor<T> {
            type Value = Items<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an array")
            }
            fn visit_unit<E>(self) -> Result<Items<T>, E> {
                Ok(Items(None))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Items<T>, A::Error> {
                let mut items = Vec::new();
                while let Some(item) = seq.next_element()? {
                    items.push(item);
                }
                Ok(Items(Some(items)))
            }
        }
        deserializer.deserialize_any(ItemsVisitor(std::marker::PhantomData))
    }
}

/// The meaningful keys of an object, one bit each.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Seen(u32);

impl Seen {
    pub(super) fn has(self, key: Key) -> bool {
        self.0 & (1 << key as u32) != 0
    }

    /// Notes a key; one that stands twice is refused, since which of the two counts is a guess.
    fn once<E: de::Error>(&mut self, key: Key) -> Result<(), E> {
        if key != Key::Other && self.has(key) {
            return Err(E::custom("a key stands twice"));
        }
        self.0 |= 1 << key as u32;
        Ok(())
    }
}

impl<'de> Deserialize<'de> for Element<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ElementVisitor;
        impl<'de> Visitor<'de> for ElementVisitor {
            type Value = Element<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Element<'de>, A::Error> {
                let mut element = Element::default();
                while let Some(key) = map.next_key::<Key>()? {
                    element.seen.once(key)?;
                    element.take(key, &mut map)?;
                }
                if element.bare_fields.service.is_some() {
                    element.bare = Some(std::mem::take(&mut element.bare_fields));
                }
                Ok(element)
            }
        }
        deserializer.deserialize_map(ElementVisitor)
    }
}

impl<'de> Element<'de> {
    fn take<A: MapAccess<'de>>(&mut self, key: Key, map: &mut A) -> Result<(), A::Error> {
        match key {
            Key::Id => self.id = map.next_value::<Word<'de>>()?.0,
            Key::Resource => self.resource = map.next_value::<Word<'de>>()?.0,
            Key::Status => self.status = map.next_value::<Word<'de>>()?.0,
            Key::FindingType => self.finding_type = map.next_value::<Word<'de>>()?.0,
            Key::AnalyzedAt => self.analyzed_at = map.next_value()?,
            Key::Error => self.has_error = map.next_value::<Given>()?.0,
            Key::NextToken => self.has_more = map.next_value::<Given>()?.0,
            Key::FindingDetails => self.details = map.next_value::<Items<Detail<'de>>>()?.0,
            Key::ServiceNamespace | Key::LastAccessed | Key::Actions => self.bare_fields.take(key, map)?,
            _ => {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }
}

impl<'de> Deserialize<'de> for Detail<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct DetailVisitor;
        impl<'de> Visitor<'de> for DetailVisitor {
            type Value = Detail<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of finding details")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Detail<'de>, A::Error> {
                let mut detail = Detail::Other;
                while let Some(key) = map.next_key::<Key>()? {
                    match key {
                        Key::UnusedPermissionDetails | Key::Value => {
                            if let Some(permission) = map.next_value::<Option<Permission<'de>>>()? {
                                detail = Detail::Permission(permission);
                            }
                        }
                        Key::UnusedIamRoleDetails => {
                            if let Some(role) = map.next_value::<Option<Permission<'de>>>()? {
                                detail = Detail::Role { last_accessed: role.last_accessed };
                            }
                        }
                        _ => {
                            map.next_value::<IgnoredAny>()?;
                        }
                    }
                }
                Ok(detail)
            }
        }
        deserializer.deserialize_map(DetailVisitor)
    }
}

impl<'de> Deserialize<'de> for Permission<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct PermissionVisitor;
        impl<'de> Visitor<'de> for PermissionVisitor {
            type Value = Permission<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of unused permissions")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Permission<'de>, A::Error> {
                let (mut permission, mut seen) = (Permission::default(), Seen::default());
                while let Some(key) = map.next_key::<Key>()? {
                    seen.once(key)?;
                    permission.take(key, &mut map)?;
                }
                Ok(permission)
            }
        }
        deserializer.deserialize_map(PermissionVisitor)
    }
}

impl<'de> Permission<'de> {
    fn take<A: MapAccess<'de>>(&mut self, key: Key, map: &mut A) -> Result<(), A::Error> {
        match key {
            Key::ServiceNamespace => self.service = map.next_value::<Word<'de>>()?.0,
            Key::LastAccessed => self.last_accessed = map.next_value()?,
            Key::Actions => self.actions = map.next_value::<Items<Action<'de>>>()?.0.unwrap_or_default(),
            _ => {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }
}

impl<'de> Deserialize<'de> for Action<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ActionVisitor;
        impl<'de> Visitor<'de> for ActionVisitor {
            type Value = Action<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an action: a string, or an object with `action`")
            }
            fn visit_borrowed_str<E>(self, name: &'de str) -> Result<Action<'de>, E> {
                Ok(Action { name: Cow::Borrowed(name), last_accessed: Moment::Absent })
            }
            fn visit_str<E>(self, name: &str) -> Result<Action<'de>, E> {
                Ok(Action { name: Cow::Owned(name.to_owned()), last_accessed: Moment::Absent })
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Action<'de>, A::Error> {
                let (mut name, mut last_accessed, mut seen) = (None, Moment::Absent, Seen::default());
                while let Some(key) = map.next_key::<Key>()? {
                    seen.once(key)?;
                    match key {
                        Key::Action => name = map.next_value::<Word<'de>>()?.0,
                        Key::LastAccessed => last_accessed = map.next_value()?,
                        _ => {
                            map.next_value::<IgnoredAny>()?;
                        }
                    }
                }
                let name = name.ok_or_else(|| de::Error::missing_field("action"))?;
                Ok(Action { name, last_accessed })
            }
        }
        deserializer.deserialize_any(ActionVisitor)
    }
}
