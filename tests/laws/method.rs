//! The published method, word for word and without regard to speed: what each entry of a list becomes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use regex::Regex;

use super::oracle::{Claims, Pattern, covers};

/// What becomes of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Becomes {
    Kept,
    Removed,
    Replaced(Vec<String>),
}

/// What becomes of each entry of an Allow statement with an `Action`.
pub(crate) fn refine(entries: &[String], claims: &Claims<'_>) -> Vec<Becomes> {
    let mut becomes: Vec<Becomes> = entries.iter().map(|entry| alone(entry, claims)).collect();
    drop_covered(entries, &mut becomes);
    becomes
}

/// The service in lower case and the name of an entry that can match something.
fn named(entry: &str) -> Option<(String, &str)> {
    let (service, name) = entry.split_once(':')?;
    let is_prefix = !service.is_empty() && service.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    (is_prefix && !name.is_empty() && !name.contains(char::is_whitespace)).then(|| (service.to_ascii_lowercase(), name))
}

fn alone(entry: &str, claims: &Claims<'_>) -> Becomes {
    let Some((service, name)) = named(entry) else { return Becomes::Kept };
    let pattern = Pattern::new(entry);
    if pattern.is_literal() {
        return if claims.unused(&service, name) { Becomes::Removed } else { Becomes::Kept };
    }
    let known: BTreeMap<String, String> =
        claims.catalogue.actions(&service).iter().map(|(n, _)| (n.to_ascii_lowercase(), n.clone())).collect();
    let mut matched: BTreeMap<String, String> = known
        .iter()
        .filter(|(_, n)| pattern.matches(&format!("{service}:{n}")))
        .map(|(l, n)| (l.clone(), n.clone()))
        .collect();
    for reported in claims.named(&service) {
        let lower = reported.to_ascii_lowercase();
        if pattern.matches(&format!("{service}:{reported}")) {
            matched.entry(lower).or_insert(reported);
        }
    }
    let unused: BTreeSet<String> = matched.keys().filter(|lower| claims.unused(&service, lower)).cloned().collect();
    if unused.is_empty() {
        return Becomes::Kept;
    }
    if unused.len() == matched.len() {
        let is_gap = known.is_empty() || unused.iter().any(|lower| !known.contains_key(lower));
        return if is_gap { Becomes::Kept } else { Becomes::Removed };
    }
    let tokens = matched.iter().map(|(lower, spelled)| (lower.clone(), tokens_of(spelled)));
    let tokens: Vec<(String, Vec<String>)> = tokens.collect();
    let trie = Trie { pattern: name, matched: &matched, tokens: &tokens, unused: &unused, service: &service, claims };
    let mut emitted = Vec::new();
    trie.walk(&[], &mut emitted);
    emitted.sort_by_key(|text| (text.to_ascii_lowercase(), text.clone()));
    let prefix = entry.split_once(':').unwrap().0;
    Becomes::Replaced(emitted.into_iter().map(|name| format!("{prefix}:{name}")).collect())
}

struct Trie<'a> {
    pattern: &'a str,
    /// By lower-case name, as spelled.
    matched: &'a BTreeMap<String, String>,
    /// The words of each, by lower-case name.
    tokens: &'a [(String, Vec<String>)],
    unused: &'a BTreeSet<String>,
    service: &'a str,
    claims: &'a Claims<'a>,
}

impl Trie<'_> {
    /// The names whose first tokens are these, by lower case, in order.
    fn below(&self, tokens: &[String]) -> Vec<&'_ (String, Vec<String>)> {
        let is_below = |of_name: &[String]| {
            of_name.len() >= tokens.len() && of_name.iter().zip(tokens).all(|(a, b)| a.eq_ignore_ascii_case(b))
        };
        self.tokens.iter().filter(|(_, of_name)| is_below(of_name)).collect()
    }

    fn walk(&self, tokens: &[String], emitted: &mut Vec<String>) {
        let below = self.below(tokens);
        let mut next: Vec<String> = Vec::new();
        for (_, of_name) in below {
            if let Some(token) = of_name.get(tokens.len()).map(|token| token.to_ascii_lowercase())
                && !next.contains(&token)
            {
                next.push(token);
            }
        }
        for token in next {
            let mut child = tokens.to_vec();
            child.push(token);
            self.visit(&child, emitted);
        }
    }

    fn visit(&self, tokens: &[String], emitted: &mut Vec<String>) {
        let lower = tokens.concat().to_ascii_lowercase();
        let kept: Vec<&String> = self
            .below(tokens)
            .into_iter()
            .map(|(lower, _)| lower)
            .filter(|lower| !self.unused.contains(*lower))
            .collect();
        let kept_on_purpose = |residual: &String| {
            let part = format!("{}:{lower}{residual}", self.service);
            self.claims.allowed().any(|allowed| covers(allowed, &part))
        };
        let spared = !self.claims.is_whole(self.service) || residuals(self.pattern, &lower).iter().all(kept_on_purpose);
        let is_safe = spared && !self.unused.iter().any(|name| name.starts_with(&lower));
        if !is_safe {
            if let Some(name) = kept.iter().find(|name| ***name == lower) {
                emitted.push(self.matched[*name].clone());
            }
            return self.walk(tokens, emitted);
        }
        let Some(first) = kept.first() else { return };
        let text = &self.matched[*first][..lower.len()];
        for residual in residuals(self.pattern, text) {
            let candidate = Pattern::new(&format!("{text}{residual}"));
            let left: Vec<&&String> = kept.iter().filter(|name| candidate.matches(name)).collect();
            match left.as_slice() {
                [] => {}
                [only] => emitted.push(self.matched[**only].clone()),
                _ => emitted.push(candidate.text),
            }
        }
    }
}

/// The suffixes of a pattern left once it has read a text, with its runs of wildcards in order, the widest only.
fn residuals(pattern: &str, text: &str) -> BTreeSet<String> {
    fn rest(pattern: &[char], text: &[char], found: &mut BTreeSet<String>) {
        if text.is_empty() {
            found.insert(in_order(&pattern.iter().collect::<String>()));
        }
        match (pattern.first(), text.first()) {
            (Some('*'), first) => {
                rest(&pattern[1..], text, found);
                if first.is_some() {
                    rest(pattern, &text[1..], found);
                }
            }
            (Some('?'), Some(_)) => rest(&pattern[1..], &text[1..], found),
            (Some(a), Some(b)) if a.eq_ignore_ascii_case(b) => rest(&pattern[1..], &text[1..], found),
            _ => {}
        }
    }
    let (pattern, text): (Vec<char>, Vec<char>) = (in_order(pattern).chars().collect(), text.chars().collect());
    let mut found = BTreeSet::new();
    rest(&pattern, &text, &mut found);
    let all = found.clone();
    found.retain(|own| {
        !all.iter().any(|other| other != own && covers(other, own) && (!covers(own, other) || other < own))
    });
    found
}

/// Runs of `*` and `?` as `?…?*`.
fn in_order(pattern: &str) -> String {
    let mut out = String::new();
    let mut run = String::new();
    for c in pattern.chars().chain(std::iter::once('\0')) {
        if matches!(c, '*' | '?') {
            run.push(c);
            continue;
        }
        out.extend(run.chars().filter(|c| *c == '?'));
        if run.contains('*') {
            out.push('*');
        }
        run.clear();
        out.push(c);
    }
    out.pop();
    out
}

/// The camel-case words of a name, by the published expression. Its look-ahead `(?![a-z])` is written as a group that
/// ends before the character looked at, and the digits behind it as a second expression.
pub(crate) fn tokens_of(name: &str) -> Vec<String> {
    static WORDS: LazyLock<[Regex; 6]> = LazyLock::new(|| {
        [r"^([A-Z]{2,}s)(?:[^a-z]|$)", r"^([A-Z]+)(?:[^a-z]|$)", r"^([A-Z][a-z]*)", r"^([a-z]+)", r"^([0-9]+)", r"^(.)"]
            .map(|word| Regex::new(word).unwrap())
    });
    static DIGITS: LazyLock<Regex> = LazyLock::new(|| Regex::new("^[0-9]*").unwrap());
    let mut tokens = Vec::new();
    let mut rest = name;
    while !rest.is_empty() {
        let (kind, word) =
            WORDS.iter().enumerate().find_map(|(kind, word)| Some((kind, word.captures(rest)?.get(1)?.end()))).unwrap();
        let digits = if kind < 4 { DIGITS.find(&rest[word..]).unwrap().len() } else { 0 };
        tokens.push(rest[..word + digits].to_owned());
        rest = &rest[word + digits..];
    }
    tokens
}

/// The rule per statement: an emitted pattern goes if an unchanged entry, an earlier emitted one, or a strictly wider
/// later one covers it.
fn drop_covered(entries: &[String], becomes: &mut [Becomes]) {
    let covers_entry =
        |outer: &str, inner: &str| outer == "*" || outer == "*:*" || (named(outer).is_some() && covers(outer, inner));
    let unchanged: Vec<&String> =
        entries.iter().zip(becomes.iter()).filter(|(_, b)| **b == Becomes::Kept).map(|(entry, _)| entry).collect();
    let all: Vec<String> = becomes
        .iter()
        .flat_map(|b| match b {
            Becomes::Replaced(patterns) => patterns.clone(),
            _ => Vec::new(),
        })
        .collect();
    let mut order = 0;
    for entry in becomes.iter_mut() {
        let Becomes::Replaced(patterns) = entry else { continue };
        patterns.retain(|own| {
            let at = order;
            order += 1;
            let by_unchanged = unchanged.iter().any(|other| covers_entry(other, own));
            let by_emitted = all
                .iter()
                .enumerate()
                .any(|(index, other)| index != at && covers(other, own) && (index < at || !covers(own, other)));
            !(by_unchanged || by_emitted)
        });
        if patterns.is_empty() {
            *entry = Becomes::Removed;
        }
    }
}
