//! What IAM means, from regular expressions and finite automata; shares no code with the program.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use regex::bytes::{Regex, RegexBuilder};

/// Everything that the embedded catalogue holds: by service, each action and whether only other services check it.
pub(crate) struct Catalogue {
    pub(crate) services: Vec<(String, Vec<(String, bool)>)>,
    indexes: HashMap<String, usize>,
    /// In lower case.
    elsewhere: HashSet<String>,
}

impl Catalogue {
    pub(crate) fn embedded() -> Self {
        let mut services: Vec<(String, Vec<(String, bool)>)> = Vec::new();
        for line in include_str!("../../data/catalog.txt").lines() {
            if let Some(service) = line.strip_prefix('@') {
                services.push((service.to_owned(), Vec::new()));
            } else if let (Some((_, actions)), Some(mark)) = (services.last_mut(), line.chars().next())
                && matches!(mark, '+' | ' ' | '~')
            {
                actions.push((line[1..].to_owned(), mark == '~'));
            }
        }
        services.retain(|(_, actions)| !actions.is_empty());
        let indexes = services.iter().enumerate().map(|(index, (name, _))| (name.clone(), index)).collect();
        let all = services.iter().flat_map(|(service, actions)| actions.iter().map(move |action| (service, action)));
        let elsewhere = all.filter(|(_, (_, elsewhere))| *elsewhere);
        let elsewhere = elsewhere.map(|(service, (name, _))| format!("{service}:{}", name.to_ascii_lowercase()));
        let elsewhere = elsewhere.chain(["iam:passrole".to_owned()]).collect();
        Self { services, indexes, elsewhere }
    }

    pub(crate) fn actions(&self, service: &str) -> &[(String, bool)] {
        self.indexes.get(service).map_or(&[], |index| self.services[*index].1.as_slice())
    }
}

/// A pattern `service:Name` as a regular expression over `service:Name`.
pub(crate) struct Pattern {
    regex: Regex,
    pub(crate) text: String,
}

impl Pattern {
    pub(crate) fn new(text: &str) -> Self {
        let of_char = |c: char| match c {
            '*' => ".*".to_owned(),
            '?' => ".".to_owned(),
            c => regex::escape(&c.to_string()),
        };
        let body: String = if text == "*" { ".*".to_owned() } else { text.chars().map(of_char).collect() };
        let mut builder = RegexBuilder::new(&format!("^{body}$"));
        builder.case_insensitive(true).dot_matches_new_line(true).unicode(false);
        Self { regex: builder.build().unwrap(), text: text.to_owned() }
    }

    pub(crate) fn matches(&self, action: &str) -> bool {
        self.regex.is_match(action.as_bytes())
    }

    pub(crate) fn is_literal(&self) -> bool {
        !self.text.contains(['*', '?'])
    }
}

/// The letter that stands for all that occur in no pattern; patterns must not have it.
pub(crate) const FRESH: char = '\u{1}';

/// Whether every string that `inner` matches is matched by `outer`: a search through pairs of sets of positions, with
/// every letter of the two patterns and one that occurs in neither. Positions are bits.
pub(crate) fn covers(outer: &str, inner: &str) -> bool {
    let (outer, inner) = (outer.to_ascii_lowercase().into_bytes(), inner.to_ascii_lowercase().into_bytes());
    assert!(outer.len() < 128 && inner.len() < 128, "too long for bits");
    // A string of `inner` that is hard to match settles most questions.
    let witness = inner.iter().map(|c| if matches!(c, b'*' | b'?') { FRESH as u8 } else { *c });
    let after_witness = witness.fold(closure(&outer, 1), |at, letter| step(&outer, at, letter));
    if after_witness >> outer.len() & 1 == 0 || !inner.iter().any(|c| matches!(c, b'*' | b'?')) {
        return after_witness >> outer.len() & 1 == 1;
    }
    let mut letters: Vec<u8> = outer.iter().chain(&inner).copied().filter(|c| !matches!(c, b'*' | b'?')).collect();
    letters.push(FRESH as u8);
    letters.sort_unstable();
    letters.dedup();
    let start = (closure(&inner, 1), closure(&outer, 1));
    let (mut seen, mut todo) = (HashSet::from([start]), vec![start]);
    while let Some((at_inner, at_outer)) = todo.pop() {
        if at_inner >> inner.len() & 1 == 1 && at_outer >> outer.len() & 1 == 0 {
            return false;
        }
        for letter in &letters {
            let next = (step(&inner, at_inner, *letter), step(&outer, at_outer, *letter));
            if next.0 != 0 && seen.insert(next) {
                todo.push(next);
            }
        }
    }
    true
}

fn closure(pattern: &[u8], mut at: u128) -> u128 {
    for (index, _) in pattern.iter().enumerate().filter(|(_, c)| **c == b'*') {
        at |= (at >> index & 1) << (index + 1);
    }
    at
}

fn step(pattern: &[u8], at: u128, letter: u8) -> u128 {
    let mut next = 0;
    for (index, c) in pattern.iter().enumerate().filter(|(index, _)| at >> index & 1 == 1) {
        match c {
            b'*' => next |= 1 << index,
            b'?' => next |= 1 << (index + 1),
            c if *c == letter => next |= 1 << (index + 1),
            _ => {}
        }
    }
    closure(pattern, next)
}

/// What one owner's finding says of one service.
#[derive(Debug, Clone)]
pub(crate) enum Unused {
    Whole,
    Names(BTreeSet<String>),
}

/// One owner: its unused services by prefix, and the patterns that are kept for it on purpose.
#[derive(Debug, Clone)]
pub(crate) struct Owner {
    pub(crate) services: BTreeMap<String, Unused>,
    pub(crate) allowed: Vec<String>,
}

/// What all owners left unused.
pub(crate) struct Claims<'a> {
    pub(crate) owners: &'a [Owner],
    pub(crate) catalogue: &'a Catalogue,
    allowed: Vec<Vec<Pattern>>,
    /// By owner, `service:name` in lower case.
    reported: Vec<HashSet<String>>,
}

impl<'a> Claims<'a> {
    pub(crate) fn new(owners: &'a [Owner], catalogue: &'a Catalogue) -> Self {
        let allowed = owners.iter().map(|owner| owner.allowed.iter().map(|text| Pattern::new(text)).collect());
        let names = |(service, unused): (&String, &Unused)| match unused {
            Unused::Whole => Vec::new(),
            Unused::Names(names) => names.iter().map(|n| format!("{service}:{}", n.to_ascii_lowercase())).collect(),
        };
        let reported = owners.iter().map(|owner| owner.services.iter().flat_map(names).collect()).collect();
        Self { owners, catalogue, allowed: allowed.collect(), reported }
    }

    /// Whether all owners left the action unused.
    pub(crate) fn unused(&self, service: &str, name: &str) -> bool {
        let action = format!("{service}:{}", name.to_ascii_lowercase());
        let of_owner = |(index, owner): (usize, &Owner)| {
            let reported = match owner.services.get(service) {
                None => false,
                Some(Unused::Whole) => !self.catalogue.elsewhere.contains(&action),
                Some(Unused::Names(_)) => self.reported[index].contains(&action),
            };
            reported && !self.allowed[index].iter().any(|pattern| pattern.matches(&action))
        };
        !self.owners.is_empty() && self.owners.iter().enumerate().all(of_owner)
    }

    /// Whether the whole service is unused for all owners, and with it every name.
    pub(crate) fn is_whole(&self, service: &str) -> bool {
        let whole = |owner: &Owner| matches!(owner.services.get(service), Some(Unused::Whole));
        !self.owners.is_empty() && self.owners.iter().all(whole)
    }

    /// The names that findings report and all owners left unused.
    pub(crate) fn named(&self, service: &str) -> BTreeSet<String> {
        let of_owner = |owner: &Owner| match owner.services.get(service) {
            Some(Unused::Names(names)) => names.iter().cloned().collect::<Vec<_>>(),
            _ => Vec::new(),
        };
        let all = self.owners.iter().flat_map(of_owner);
        all.filter(|name| self.unused(service, name)).collect()
    }

    /// What any owner keeps on purpose.
    pub(crate) fn allowed(&self) -> impl Iterator<Item = &str> {
        self.owners.iter().flat_map(|owner| owner.allowed.iter().map(String::as_str))
    }
}
