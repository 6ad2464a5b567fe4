//! One value of an export → a finding, the bare form, or what else it is.
//!
//! Borrows what it can; what is not needed is passed over.

use std::borrow::Cow;
use std::fmt;

use serde::de::{self, Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::key::{Key, Seen};
use super::moment::Moment;

/// What a value holds.
#[derive(Debug, Default)]
pub(super) struct Element<'a> {
    pub(super) id: Option<Cow<'a, str>>,
    pub(super) resource: Option<Cow<'a, str>>,
    pub(super) status: Option<Cow<'a, str>>,
    pub(super) finding_type: Option<Cow<'a, str>>,
    pub(super) analyzed_at: Moment,
    pub(super) updated_at: Moment,
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
pub(super) struct Detail<'a> {
    pub(super) kind: Option<Kind>,
    pub(super) body: Permission<'a>,
}

/// What findings are about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// `UnusedPermission`
    Permission,
    /// `UnusedIAMRole`
    Role,
    /// `UnusedIAMUserAccessKey`
    AccessKey,
    /// `UnusedIAMUserPassword`
    Password,
    /// `ExternalAccess` and what else there is.
    Other,
}

/// What is unused of one service; details of the other kinds have some of its members.
#[derive(Debug, Default)]
pub(super) struct Permission<'a> {
    pub(super) service: Option<Cow<'a, str>>,
    pub(super) last_accessed: Moment,
    pub(super) actions: Vec<Action<'a>>,
    pub(super) access_key: Option<Cow<'a, str>>,
}

/// One unused action.
#[derive(Debug)]
pub(super) struct Action<'a> {
    pub(super) name: Cow<'a, str>,
    pub(super) last_accessed: Moment,
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

/// A value of any kind, of which only matters whether it is there: no null and no empty string.
struct Given(bool);

impl<'de> Deserialize<'de> for Given {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct GivenVisitor;
        impl<'de> Visitor<'de> for GivenVisitor {
            type Value = Given;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value")
            }
            fn visit_unit<E>(self) -> Result<Given, E> {
                Ok(Given(false))
            }
            fn visit_bool<E>(self, _: bool) -> Result<Given, E> {
                Ok(Given(true))
            }
            fn visit_i64<E>(self, _: i64) -> Result<Given, E> {
                Ok(Given(true))
            }
            fn visit_u64<E>(self, _: u64) -> Result<Given, E> {
                Ok(Given(true))
            }
            fn visit_f64<E>(self, _: f64) -> Result<Given, E> {
                Ok(Given(true))
            }
            fn visit_str<E>(self, text: &str) -> Result<Given, E> {
                Ok(Given(!text.is_empty()))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Given, A::Error> {
                while seq.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Given(true))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Given, A::Error> {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Given(true))
            }
        }
        deserializer.deserialize_any(GivenVisitor)
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
                if element.bare.is_none() && element.bare_fields.service.is_some() {
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
            Key::UpdatedAt => self.updated_at = map.next_value()?,
            Key::Error => self.has_error = map.next_value::<Given>()?.0,
            Key::NextToken => self.has_more = map.next_value::<Given>()?.0,
            Key::UnusedPermissionDetails => self.bare = map.next_value()?,
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
                let (mut detail, mut is_taken) = (Detail { kind: None, body: Permission::default() }, false);
                while let Some(key) = map.next_key::<Key>()? {
                    let kind = match key {
                        Key::UnusedPermissionDetails => Some(Kind::Permission),
                        Key::UnusedIamRoleDetails => Some(Kind::Role),
                        Key::UnusedIamUserAccessKeyDetails => Some(Kind::AccessKey),
                        Key::UnusedIamUserPasswordDetails => Some(Kind::Password),
                        // Go's SDK writes only this; the finding's type says what it is.
                        Key::Value => None,
                        _ => {
                            map.next_value::<IgnoredAny>()?;
                            continue;
                        }
                    };
                    let Some(body) = map.next_value::<Option<Permission<'de>>>()? else { continue };
                    if is_taken {
                        return Err(de::Error::custom("an element of finding details is of one kind only"));
                    }
                    (detail, is_taken) = (Detail { kind, body }, true);
                }
                if !is_taken {
                    detail.kind = Some(Kind::Other);
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
            Key::AccessKeyId => self.access_key = map.next_value::<Word<'de>>()?.0,
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
