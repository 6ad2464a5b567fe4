//! The keys that mean something in an export, in any casing, with or without `_` and `-`.

use std::fmt;

use serde::de::{self, Deserialize, Deserializer, Visitor};

/// The keys that mean something here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Key {
    AccessKeyId,
    Action,
    Actions,
    AnalyzedAt,
    ClassUid,
    DetailType,
    Error,
    FindingDetails,
    FindingId,
    FindingType,
    Findings,
    GroupDetailList,
    Iamtrim,
    Id,
    LastAccessed,
    NextToken,
    NumberOfUnusedActions,
    ProductFields,
    RecommendedSteps,
    Resource,
    RoleDetailList,
    ServiceNamespace,
    ServicesLastAccessed,
    Status,
    UnusedIamRoleDetails,
    UnusedIamUserAccessKeyDetails,
    UnusedIamUserPasswordDetails,
    UnusedPermissionDetails,
    UpdatedAt,
    UserDetailList,
    Value,
    Other,
}

/// The longest key that means something, normalised.
const LONGEST_KEY: usize = 29;

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
            b"accesskeyid" => Self::AccessKeyId,
            b"action" => Self::Action,
            b"actions" => Self::Actions,
            b"analyzedat" => Self::AnalyzedAt,
            b"classuid" => Self::ClassUid,
            b"detailtype" => Self::DetailType,
            b"error" => Self::Error,
            b"findingdetails" => Self::FindingDetails,
            b"findingid" => Self::FindingId,
            b"findingtype" => Self::FindingType,
            b"findings" => Self::Findings,
            b"groupdetaillist" => Self::GroupDetailList,
            b"iamtrim" => Self::Iamtrim,
            b"id" => Self::Id,
            b"lastaccessed" => Self::LastAccessed,
            b"nexttoken" => Self::NextToken,
            b"numberofunusedactions" => Self::NumberOfUnusedActions,
            b"productfields" => Self::ProductFields,
            b"recommendedsteps" | b"recommendationsteps" => Self::RecommendedSteps,
            b"resource" => Self::Resource,
            b"roledetaillist" => Self::RoleDetailList,
            b"servicenamespace" => Self::ServiceNamespace,
            b"serviceslastaccessed" => Self::ServicesLastAccessed,
            b"status" => Self::Status,
            b"unusediamroledetails" => Self::UnusedIamRoleDetails,
            b"unusediamuseraccesskeydetails" => Self::UnusedIamUserAccessKeyDetails,
            b"unusediamuserpassworddetails" => Self::UnusedIamUserPasswordDetails,
            b"unusedpermissiondetails" => Self::UnusedPermissionDetails,
            b"updatedat" => Self::UpdatedAt,
            b"userdetaillist" => Self::UserDetailList,
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

/// The meaningful keys of an object, one bit each.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Seen(u64);

impl Seen {
    pub(super) fn has(self, key: Key) -> bool {
        self.0 & (1 << key as u64) != 0
    }

    /// Notes a key; one that stands twice is refused, since which of the two counts is a guess.
    pub(super) fn once<E: de::Error>(&mut self, key: Key) -> Result<(), E> {
        if key != Key::Other && self.has(key) {
            return Err(E::custom("a key stands twice"));
        }
        self.0 |= 1 << key as u64;
        Ok(())
    }
}
