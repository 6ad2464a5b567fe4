//! Names of identities → which identities, by the whole name or by what a repository knows of it: how it begins and
//! ends, what it holds, or what AWS makes it from.
//!
//! No question takes time that grows with the number of names that are not meant.

use std::collections::HashMap;
use std::sync::OnceLock;

use crate::policy::arn::IdentityArn;
use crate::policy::wildcard::Wildcard;

/// Of more names than this that could be meant nobody can tell which is.
const MAX_CANDIDATES: usize = 4096;

/// How many letters and digits CloudFormation appends at least to make a name unique.
const RANDOM: usize = 8;

/// What is known of the name of an identity.
#[derive(Debug, Clone, Copy)]
pub enum Naming<'n> {
    /// All of it, but for its case.
    Whole(&'n str),
    /// That this matches it.
    Like(&'n Wildcard),
    /// That AWS makes it from one that `head` matches, the sign, and at least so many letters and digits.
    MadeFrom {
        /// What it is made from.
        head: &'n Wildcard,
        /// What stands between.
        sign: char,
        /// The least length of the rest.
        random: usize,
    },
}

/// The names of a list of identities, each by its index in there.
#[derive(Debug, Clone, Default)]
pub(super) struct Names {
    /// In lower case, by index.
    all: Vec<String>,
    whole: HashMap<String, Vec<u32>>,
    /// In order of the names.
    forward: OnceLock<Vec<u32>>,
    /// In order of the names read from their ends.
    backward: OnceLock<Vec<u32>>,
    /// By any three bytes that a name holds.
    grams: OnceLock<HashMap<[u8; 3], Vec<u32>>>,
    /// Those of the form `<stack>-<logical id>-<random>`, by the logical id.
    generated: OnceLock<HashMap<String, Vec<u32>>>,
}

impl Names {
    pub(super) fn new<'a>(identities: impl Iterator<Item = &'a IdentityArn>) -> Self {
        let all: Vec<String> = identities.map(|arn| arn.name().to_ascii_lowercase()).collect();
        let mut whole: HashMap<String, Vec<u32>> = HashMap::new();
        for (index, name) in numbered(&all) {
            whole.entry(name.to_owned()).or_default().push(index);
        }
        Self { all, whole, ..Self::default() }
    }

    /// Those of exactly this name, in any case.
    pub(super) fn exactly(&self, name: &str) -> &[u32] {
        self.whole.get(&name.to_ascii_lowercase()).map_or(&[], Vec::as_slice)
    }

    /// Those who are meant, ascending; `None` if what is known says too little to tell.
    pub(super) fn meant(&self, naming: Naming<'_>) -> Option<Vec<u32>> {
        match naming {
            Naming::Whole(name) => Some(self.exactly(name).to_vec()),
            Naming::Like(pattern) => self.like(pattern),
            Naming::MadeFrom { head, sign, random } => self.made_from(head, sign, random),
        }
    }

    fn like(&self, pattern: &Wildcard) -> Option<Vec<u32>> {
        if pattern.is_literal() {
            return Some(self.exactly(pattern.as_str()).to_vec());
        }
        self.chosen(self.candidates(pattern)?, |name| pattern.matches(name))
    }

    fn made_from(&self, head: &Wildcard, sign: char, least: usize) -> Option<Vec<u32>> {
        let is_made = |name: &str| parts(name, sign, least).is_some_and(|name| head.matches(name));
        let literal_end = head.as_lower().strip_prefix("*-").filter(|end| !end.contains(['*', '?', '-']));
        match literal_end {
            Some(logical_id) if sign == '-' => {
                let made = self.generated.get_or_init(|| self.by_logical_id()).get(logical_id);
                self.chosen(made.map_or(&[], Vec::as_slice), is_made)
            }
            _ => self.chosen(self.candidates(&Wildcard::new(format!("{}{sign}*", head.as_str())))?, is_made),
        }
    }

    fn chosen(&self, candidates: &[u32], is_meant: impl Fn(&str) -> bool) -> Option<Vec<u32>> {
        if candidates.len() > MAX_CANDIDATES {
            return None;
        }
        let mut chosen: Vec<u32> =
            candidates.iter().copied().filter(|index| self.name(*index).is_some_and(&is_meant)).collect();
        chosen.sort_unstable();
        Some(chosen)
    }

    /// The shortest list that holds all names which a pattern matches, by one of its literal parts.
    fn candidates(&self, pattern: &Wildcard) -> Option<&[u32]> {
        let text = pattern.as_lower();
        let (start, end) = (pattern.literal_prefix(), text.rsplit(['*', '?']).next().unwrap_or_default());
        let starting = (!start.is_empty()).then(|| self.starting(start));
        let ending = (!end.is_empty()).then(|| self.ending(end));
        // What begins or ends a name says enough as a rule, and costs less to look up.
        if starting.or(ending).is_some_and(|found| found.len() <= MAX_CANDIDATES / 64) {
            return starting.or(ending);
        }
        let grams = self.grams.get_or_init(|| self.by_grams());
        let parts = text.split(['*', '?']).flat_map(|part| part.as_bytes().windows(3));
        let held =
            parts.filter_map(|gram| Some(grams.get(&<[u8; 3]>::try_from(gram).ok()?).map_or(&[][..], Vec::as_slice)));
        held.chain(starting).chain(ending).min_by_key(|found| found.len())
    }

    fn starting(&self, start: &str) -> &[u32] {
        let in_order = self.forward.get_or_init(|| {
            let mut indexes: Vec<u32> = numbered(&self.all).map(|(index, _)| index).collect();
            indexes.sort_unstable_by_key(|index| self.name(*index));
            indexes
        });
        range(in_order, |index| {
            let name = self.name(index).unwrap_or_default().as_bytes();
            name.get(..start.len()).unwrap_or(name).cmp(start.as_bytes())
        })
    }

    fn ending(&self, end: &str) -> &[u32] {
        let in_order = self.backward.get_or_init(|| {
            let mut indexes: Vec<u32> = numbered(&self.all).map(|(index, _)| index).collect();
            let name = |index: u32| self.name(index).unwrap_or_default().bytes().rev();
            indexes.sort_unstable_by(|a, b| name(*a).cmp(name(*b)));
            indexes
        });
        range(in_order, |index| {
            let name = self.name(index).unwrap_or_default().bytes().rev();
            name.take(end.len()).cmp(end.bytes().rev())
        })
    }

    fn by_grams(&self) -> HashMap<[u8; 3], Vec<u32>> {
        let mut by_gram: HashMap<[u8; 3], Vec<u32>> = HashMap::new();
        for (index, name) in numbered(&self.all) {
            for gram in name.as_bytes().windows(3).filter_map(|gram| <[u8; 3]>::try_from(gram).ok()) {
                let holding = by_gram.entry(gram).or_default();
                if holding.last() != Some(&index) {
                    holding.push(index);
                }
            }
        }
        by_gram
    }

    fn by_logical_id(&self) -> HashMap<String, Vec<u32>> {
        let mut by_id: HashMap<String, Vec<u32>> = HashMap::new();
        for (index, name) in numbered(&self.all) {
            if let Some((_, logical_id)) = parts(name, '-', RANDOM).and_then(|head| head.rsplit_once('-')) {
                by_id.entry(logical_id.to_owned()).or_default().push(index);
            }
        }
        by_id
    }

    fn name(&self, index: u32) -> Option<&str> {
        self.all.get(index as usize).map(String::as_str)
    }
}

fn numbered(names: &[String]) -> impl Iterator<Item = (u32, &str)> {
    names.iter().enumerate().filter_map(|(index, name)| Some((u32::try_from(index).ok()?, name.as_str())))
}

/// What a name is made from, if it ends with a sign and so many letters and digits.
fn parts(name: &str, sign: char, least: usize) -> Option<&str> {
    let (head, random) = name.rsplit_once(sign)?;
    (random.len() >= least && random.bytes().all(|byte| byte.is_ascii_alphanumeric())).then_some(head)
}

/// The part of an ordered list that compares equal.
fn range(in_order: &[u32], compare: impl Fn(u32) -> std::cmp::Ordering) -> &[u32] {
    let from = in_order.partition_point(|index| compare(*index).is_lt());
    let to = in_order.partition_point(|index| compare(*index).is_le());
    in_order.get(from..to).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn names(names: &[String]) -> (Names, Vec<IdentityArn>) {
        let arns =
            names.iter().filter_map(|name| IdentityArn::parse(&format!("arn:aws:iam::123456789012:role/{name}")));
        let arns: Vec<IdentityArn> = arns.collect();
        (Names::new(arns.iter()), arns)
    }

    fn indexes(arns: &[IdentityArn], is_meant: impl Fn(&str) -> bool) -> Vec<u32> {
        let meant = arns.iter().enumerate().filter(|(_, arn)| is_meant(arn.name()));
        meant.map(|(index, _)| u32::try_from(index).unwrap()).collect()
    }

    proptest! {
        #[test]
        fn what_is_found_is_what_a_search_of_all_names_finds(
            written in prop::collection::vec("[ab]{1,3}(-[abA]{1,3}){0,3}(-[AB0]{8,9})?", 0..40),
            pattern in "[ab*?-]{0,3}[ab-]{3}[ab*?-]{0,4}",
        ) {
            let (names, arns) = names(&written);
            let pattern = Wildcard::new(pattern);
            prop_assert_eq!(names.like(&pattern), Some(indexes(&arns, |name| pattern.matches(name))));
            let is_made = |head: &Wildcard, name: &str| {
                let Some((before, random)) = name.rsplit_once('-') else { return false };
                random.len() >= 8 && random.bytes().all(|b| b.is_ascii_alphanumeric()) && head.matches(before)
            };
            for head in [pattern, Wildcard::new("*-ab"), Wildcard::new("a-b"), Wildcard::new("*-a*b")] {
                let expected = indexes(&arns, |name| is_made(&head, name));
                if let Some(found) = names.made_from(&head, '-', 8) {
                    prop_assert_eq!(found, expected, "{}", head.as_str());
                }
            }
        }
    }

    #[test]
    fn what_says_too_little_is_not_searched_for() {
        let many: Vec<String> = (0..5000).map(|number| format!("role-{number}")).collect();
        let (names, _) = names(&many);
        for (pattern, found) in
            [("*-4711", Some(1)), ("role-4*7", Some(111)), ("role*", None), ("*ol*", None), ("*x*", None)]
        {
            assert_eq!(names.like(&Wildcard::new(pattern)).map(|found| found.len()), found, "{pattern}");
        }
    }
}
