//! What IAM means, from regular expressions and finite automata; shares no code with the program.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use regex::Regex;

/// Everything that the embedded catalogue holds: by service, each action and whether only other services check it.
pub(crate) struct Catalogue {
    pub(crate) services: Vec<(String, Vec<(String, bool)>)>,
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
        Self { services }
    }

    pub(crate) fn actions(&self, service: &str) -> &[(String, bool)] {
        let found = self.services.iter().find(|(name, _)| name == service);
        found.map_or(&[], |(_, actions)| actions.as_slice())
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
        Self { regex: Regex::new(&format!("(?is)^{body}$")).unwrap(), text: text.to_owned() }
    }

    pub(crate) fn matches(&self, action: &str) -> bool {
        self.regex.is_match(action)
    }

    pub(crate) fn is_literal(&self) -> bool {
        !self.text.contains(['*', '?'])
    }
}

/// Whether every string that `inner` matches is matched by `outer`: a search through pairs of sets of positions, with
/// every letter of the two patterns and one that occurs in neither.
pub(crate) fn covers(outer: &str, inner: &str) -> bool {
    let (outer, inner) = (lower(outer), lower(inner));
    let mut letters: BTreeSet<char> = outer.iter().chain(&inner).copied().filter(|c| !matches!(c, '*' | '?')).collect();
    letters.insert('\u{1}');
    let start = (closure(&inner, BTreeSet::from([0])), closure(&outer, BTreeSet::from([0])));
    let (mut seen, mut todo) = (BTreeSet::from([start.clone()]), VecDeque::from([start]));
    while let Some((at_inner, at_outer)) = todo.pop_front() {
        if at_inner.contains(&inner.len()) && !at_outer.contains(&outer.len()) {
            return false;
        }
        for letter in &letters {
            let next = (step(&inner, &at_inner, *letter), step(&outer, &at_outer, *letter));
            if !next.0.is_empty() && seen.insert(next.clone()) {
                todo.push_back(next);
            }
        }
    }
    true
}

fn lower(text: &str) -> Vec<char> {
    text.to_ascii_lowercase().chars().collect()
}

fn closure(pattern: &[char], mut at: BTreeSet<usize>) -> BTreeSet<usize> {
    for index in 0..pattern.len() {
        if at.contains(&index) && pattern[index] == '*' {
            at.insert(index + 1);
        }
    }
    at
}

fn step(pattern: &[char], at: &BTreeSet<usize>, letter: char) -> BTreeSet<usize> {
    let mut next = BTreeSet::new();
    for &index in at {
        match pattern.get(index) {
            Some('*') => drop(next.insert(index)),
            Some('?') => drop(next.insert(index + 1)),
            Some(c) if *c == letter => drop(next.insert(index + 1)),
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
}

impl<'a> Claims<'a> {
    pub(crate) fn new(owners: &'a [Owner], catalogue: &'a Catalogue) -> Self {
        let allowed = owners.iter().map(|owner| owner.allowed.iter().map(|text| Pattern::new(text)).collect());
        Self { owners, catalogue, allowed: allowed.collect() }
    }

    /// Whether all owners left the action unused.
    pub(crate) fn unused(&self, service: &str, name: &str) -> bool {
        let lower = name.to_ascii_lowercase();
        let leaves_no_trace = (service, lower.as_str()) == ("iam", "passrole")
            || self.catalogue.actions(service).iter().any(|(n, elsewhere)| *elsewhere && n.eq_ignore_ascii_case(name));
        let of_owner = |(owner, allowed): (&Owner, &Vec<Pattern>)| {
            let reported = match owner.services.get(service) {
                None => false,
                Some(Unused::Whole) => !leaves_no_trace,
                Some(Unused::Names(names)) => names.iter().any(|known| known.eq_ignore_ascii_case(name)),
            };
            reported && !allowed.iter().any(|pattern| pattern.matches(&format!("{service}:{name}")))
        };
        !self.owners.is_empty() && self.owners.iter().zip(&self.allowed).all(of_owner)
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
