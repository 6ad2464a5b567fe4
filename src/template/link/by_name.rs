//! What is said of policies, by the names that they are called there, with `*` for what deployment puts in.

use std::collections::BTreeMap;

use crate::policy::wildcard::Wildcard;

/// How many names are held against another one; of more, any may be meant.
const MAX_NAMES: usize = 4096;

/// Values by names that are known in whole or in part.
#[derive(Debug)]
pub(super) struct ByName<T> {
    /// In lower case.
    exactly: BTreeMap<String, Vec<T>>,
    like: Vec<(Wildcard, T)>,
    /// Where nothing of the name is written.
    nameless: Vec<T>,
}

impl<T> Default for ByName<T> {
    fn default() -> Self {
        Self { exactly: BTreeMap::new(), like: Vec::new(), nameless: Vec::new() }
    }
}

impl<T> ByName<T> {
    pub(super) fn is_empty(&self) -> bool {
        self.exactly.is_empty() && self.like.is_empty() && self.nameless.is_empty()
    }

    pub(super) fn add(&mut self, name: Wildcard, value: T) {
        if name.is_literal() {
            self.exactly.entry(name.as_lower().to_owned()).or_default().push(value);
        } else if name.as_str() == "*" || self.like.len() >= MAX_NAMES {
            self.nameless.push(value);
        } else {
            self.like.push((name, value));
        }
    }

    pub(super) fn extend(&mut self, other: Self) {
        for (name, values) in other.exactly {
            self.exactly.entry(name).or_default().extend(values);
        }
        self.like.extend(other.like);
        self.nameless.extend(other.nameless);
    }

    /// What is said of the policy of this name: under the name itself, or under what could be made it.
    pub(super) fn of(&self, name: &Wildcard) -> impl Iterator<Item = &T> {
        let exactly = self.exactly.get(name.as_lower()).map_or(&[][..], Vec::as_slice);
        let is_meant = move |like: &Wildcard| match name.is_literal() {
            true => like.matches(name.as_str()),
            false => like.as_lower() == name.as_lower(),
        };
        exactly.iter().chain(self.like.iter().filter(move |(like, _)| is_meant(like)).map(|(_, value)| value))
    }

    /// What may be said of it, since of both names deployment knows a part.
    pub(super) fn may_be_of(&self, name: &Wildcard) -> impl Iterator<Item = &T> {
        let known = Some(name).filter(|name| !name.is_literal());
        let are_many = self.exactly.len() > MAX_NAMES;
        let exactly = known.into_iter().flat_map(|_| &self.exactly);
        let exactly = exactly.filter(move |(known, _)| are_many || name.matches(known));
        let is_meant = move |like: &Wildcard| like.as_lower() != name.as_lower() && name.overlaps(like);
        let like = known.into_iter().flat_map(|_| &self.like).filter(move |(like, _)| is_meant(like));
        exactly.flat_map(|(_, values)| values).chain(like.map(|(_, value)| value))
    }

    /// What is said where nothing of a name is written.
    pub(super) fn nameless(&self) -> impl Iterator<Item = &T> {
        self.nameless.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_very_many_names_any_may_be_meant() {
        let mut names = ByName::default();
        (0..MAX_NAMES).for_each(|number| names.add(Wildcard::new(format!("{number}-*")), number));
        assert_eq!(names.nameless().count(), 0);
        names.add(Wildcard::new("one-more-*"), MAX_NAMES);
        assert_eq!(names.nameless().collect::<Vec<_>>(), [&MAX_NAMES]);
        let mut whole = ByName::default();
        (0..=MAX_NAMES).for_each(|number| whole.add(Wildcard::new(format!("app-{number}")), number));
        assert_eq!(whole.may_be_of(&Wildcard::new("other-*")).count(), MAX_NAMES + 1);
    }
}
