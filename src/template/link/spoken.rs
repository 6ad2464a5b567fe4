//! The managed policies that templates speak of by ARN or name, by their names.

use std::collections::BTreeMap;

use super::super::{PolicyMention, UsedAs};

/// What is said in which file.
#[derive(Debug, Default)]
pub(super) struct Spoken {
    /// By the name, in lower case.
    exactly: BTreeMap<String, Vec<(usize, UsedAs)>>,
    /// Where deployment puts in a part of the name.
    like: Vec<(usize, PolicyMention)>,
}

impl Spoken {
    pub(super) fn is_empty(&self) -> bool {
        self.exactly.is_empty() && self.like.is_empty()
    }

    pub(super) fn add(&mut self, file: usize, mention: PolicyMention) {
        if mention.name.is_literal() {
            let name = mention.name.as_str().to_ascii_lowercase();
            self.exactly.entry(name).or_default().push((file, mention.used_as));
        } else {
            self.like.push((file, mention));
        }
    }

    /// What is said of the policy of this name, and in which file.
    pub(super) fn about(&self, name: &str) -> impl Iterator<Item = (usize, &UsedAs)> {
        let exactly = self.exactly.get(&name.to_ascii_lowercase()).map_or(&[][..], Vec::as_slice);
        let like = self.like.iter().filter(move |(_, mention)| mention.name.matches(name));
        exactly.iter().map(|(file, used_as)| (*file, used_as)).chain(like.map(|(file, said)| (*file, &said.used_as)))
    }
}
