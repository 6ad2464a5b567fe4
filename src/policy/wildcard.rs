//! How `*` and `?` match: the only matcher of the program.
//!
//! `*` is any run of characters, also none; `?` is exactly one; case is ignored for ASCII letters, as IAM does.
//! Languages, not lists: [`Wildcard::covers`] holds for every string, also for actions not yet invented.

use std::collections::HashSet;

/// A pattern over action names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Wildcard {
    text: String,
    lower: Vec<u8>,
    shape: Shape,
}

/// What a pattern amounts to, decided once so that common patterns match cheaply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Shape {
    Literal,
    /// A literal followed by one `*`.
    Prefix,
    General,
}

/// How many (position, states) pairs [`Wildcard::covers`] may visit before it gives up and says no.
const COVERS_BUDGET: usize = 100_000;

impl Wildcard {
    /// The pattern as written.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        let text = text.into();
        let lower: Vec<u8> = text.bytes().map(|b| b.to_ascii_lowercase()).collect();
        let shape = match lower.iter().position(|&b| is_wild(b)) {
            None => Shape::Literal,
            Some(at) if at + 1 == lower.len() && lower.last() == Some(&b'*') => Shape::Prefix,
            Some(_) => Shape::General,
        };
        Self { text, lower, shape }
    }

    /// The pattern as written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether it matches one string only.
    #[must_use]
    pub fn is_literal(&self) -> bool {
        self.shape == Shape::Literal
    }

    /// Whether `text` belongs to the pattern's language.
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        let text = text.as_bytes();
        match self.shape {
            Shape::Literal => self.lower.eq_ignore_ascii_case(text),
            Shape::Prefix => {
                let prefix = self.lower.split_last().map_or(&[][..], |(_, prefix)| prefix);
                text.get(..prefix.len()).is_some_and(|head| head.eq_ignore_ascii_case(prefix))
            }
            Shape::General => matches_general(&self.lower, text),
        }
    }

    /// Whether every string that `other` matches is matched by this pattern too.
    ///
    /// Exact, unless the patterns are so entangled that the search exceeds its budget: then the answer is no.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        match (self.shape, other.shape) {
            (_, Shape::Literal) => self.matches(&other.text),
            (Shape::Literal, _) => self.lower == other.lower,
            (Shape::Prefix, Shape::Prefix) => {
                let prefix = self.lower.split_last().map_or(&[][..], |(_, prefix)| prefix);
                other.lower.starts_with(prefix)
            }
            _ => covers_general(&self.lower, &other.lower),
        }
    }

    /// What is left of the pattern once it has read `prefix`: the suffixes that continue it, each widest one once.
    ///
    /// `*Endpoint*` leaves `*` after `CreateVpcEndpoint`; `PassR*` leaves `R*` after `Pass`; nothing is left where no
    /// string that starts with `prefix` matches. Runs of `*` and `?` are written `?…?*`.
    #[must_use]
    pub fn residuals_after(&self, prefix: &str) -> Vec<Wildcard> {
        let pattern = normalise(&self.text);
        let mut states = States::start(pattern.as_bytes());
        let mut bytes = prefix.bytes().peekable();
        while let Some(byte) = bytes.next() {
            let ends_character = bytes.peek().is_none_or(|&next| !is_continuation(next));
            states = states.step(pattern.as_bytes(), Read::Byte(byte, ends_character));
        }
        let suffixes = states.positions().filter_map(|at| pattern.get(at..)).map(|rest| Self::new(normalise(rest)));
        widest(suffixes.collect())
    }
}

fn is_wild(byte: u8) -> bool {
    byte == b'*' || byte == b'?'
}

/// Whether a byte of UTF-8 goes on with the character that an earlier one began.
fn is_continuation(byte: u8) -> bool {
    byte & 0b1100_0000 == 0b1000_0000
}

/// Greedy with one place to come back to: the last `*` read. Linear for a single `*`.
fn matches_general(pattern: &[u8], text: &[u8]) -> bool {
    let (mut p, mut t) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    while let Some(&byte) = text.get(t) {
        match pattern.get(p) {
            Some(b'*') => {
                p += 1;
                retry = Some((p, t));
            }
            Some(b'?') if !is_continuation(byte) => {
                p += 1;
                t = next_character(text, t);
            }
            Some(&wanted) if wanted != b'?' && wanted == byte.to_ascii_lowercase() => {
                p += 1;
                t += 1;
            }
            _ => match retry {
                Some((after_star, from)) => {
                    (p, t) = (after_star, from + 1);
                    retry = Some((after_star, from + 1));
                }
                None => return false,
            },
        }
    }
    pattern.get(p..).is_some_and(|rest| rest.iter().all(|&b| b == b'*'))
}

fn next_character(text: &[u8], at: usize) -> usize {
    let rest = text.get(at + 1..).unwrap_or_default();
    at + 1 + rest.iter().take_while(|&&b| is_continuation(b)).count()
}

/// Moves the `?` of each run of `*` and `?` to its front and leaves one `*`.
fn normalise(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len());
    let mut star_pending = false;
    for c in pattern.chars() {
        match c {
            '*' => star_pending = true,
            '?' => out.push('?'),
            _ => {
                if std::mem::take(&mut star_pending) {
                    out.push('*');
                }
                out.push(c);
            }
        }
    }
    if star_pending {
        out.push('*');
    }
    out
}

fn widest(mut patterns: Vec<Wildcard>) -> Vec<Wildcard> {
    patterns.sort();
    patterns.dedup();
    let covered = |candidate: &Wildcard| {
        patterns.iter().any(|other| {
            other != candidate && other.covers(candidate) && (!candidate.covers(other) || other < candidate)
        })
    };
    patterns.iter().filter(|candidate| !covered(candidate)).cloned().collect()
}

/// The set of places in a pattern at which reading can stand: bit `i` means that `pattern[i..]` is still to be read.
/// Closed under passing over `*`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct States(Vec<u64>);

/// One thing read from a string.
#[derive(Debug, Clone, Copy)]
enum Read {
    /// A byte of a character, and whether it is its last one.
    Byte(u8, bool),
    /// A character that occurs in no pattern: the hardest one to match.
    Fresh,
}

impl States {
    fn empty(pattern: &[u8]) -> Self {
        Self(vec![0; pattern.len() / 64 + 1])
    }

    fn start(pattern: &[u8]) -> Self {
        let mut states = Self::empty(pattern);
        states.insert(pattern, 0);
        states
    }

    fn insert(&mut self, pattern: &[u8], at: usize) {
        let mut at = at;
        loop {
            if let Some(word) = self.0.get_mut(at / 64) {
                *word |= 1 << (at % 64);
            }
            if pattern.get(at) != Some(&b'*') {
                return;
            }
            at += 1;
        }
    }

    fn has(&self, at: usize) -> bool {
        self.0.get(at / 64).is_some_and(|word| word & (1 << (at % 64)) != 0)
    }

    fn positions(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.0.len() * 64).filter(|&at| self.has(at))
    }

    fn step(&self, pattern: &[u8], read: Read) -> Self {
        let mut next = Self::empty(pattern);
        for at in self.positions() {
            match (pattern.get(at), read) {
                (Some(b'*'), _) => next.insert(pattern, at),
                (Some(b'?'), Read::Fresh | Read::Byte(_, true)) => next.insert(pattern, at + 1),
                // Within a character `?` has read a part of it and waits for its last byte.
                (Some(b'?'), Read::Byte(_, false)) => next.insert(pattern, at),
                (Some(wanted), Read::Byte(byte, _)) if wanted.eq_ignore_ascii_case(&byte) => {
                    next.insert(pattern, at + 1);
                }
                _ => {}
            }
        }
        next
    }
}

/// Inclusion of languages, by reading `inner` with every place at which `outer` could stand.
///
/// Where `inner` leaves a character open, a character that `outer` does not name is the worst case: whatever matches
/// it matches any other. So only the number of characters that each `*` of `inner` stands for has to be tried, and
/// the states repeat once it exceeds the length of `outer`.
fn covers_general(outer: &[u8], inner: &[u8]) -> bool {
    let mut todo = vec![(0, States::start(outer))];
    let mut seen = HashSet::new();
    while let Some((at, states)) = todo.pop() {
        if !seen.insert((at, states.clone())) {
            continue;
        }
        if seen.len() > COVERS_BUDGET {
            return false;
        }
        match inner.get(at) {
            None if states.has(outer.len()) => {}
            None => return false,
            Some(b'*') => {
                todo.push((at, states.step(outer, Read::Fresh)));
                todo.push((at + 1, states));
            }
            Some(b'?') => todo.push((at + 1, states.step(outer, Read::Fresh))),
            Some(&byte) => {
                let ends_character = inner.get(at + 1).is_none_or(|&next| !is_continuation(next));
                todo.push((at + 1, states.step(outer, Read::Byte(byte, ends_character))));
            }
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_matches_as_iam_does() {
        let cases = [
            ("Get*", "GetObject", true),
            ("get*", "GETOBJECT", true),
            ("Get*", "PutObject", false),
            ("Get*", "Get", true),
            ("*Tagging", "GetObjectTagging", true),
            ("*Tagging", "GetObjectTaggings", false),
            ("?etObject", "GetObject", true),
            ("?etObject", "etObject", false),
            ("*Object*", "GetObjectAcl", true),
            ("G*t?bject", "GetObject", true),
            ("GetObject", "getobject", true),
            ("GetObject", "GetObjectAcl", false),
            ("*", "", true),
            ("", "", true),
            ("", "x", false),
            ("**", "GetObject", true),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "a-c-b", false),
            ("?", "é", true),
            ("??", "é", false),
            ("*?", "日本", true),
            ("Get[O]*", "GetObject", false),
            ("Get[O]*", "Get[O]x", true),
        ];
        for (pattern, text, expected) in cases {
            assert_eq!(Wildcard::new(pattern).matches(text), expected, "{pattern} ~ {text}");
        }
    }

    #[test]
    fn covering_is_inclusion_of_languages() {
        let cases = [
            ("*", "Get*", true),
            ("Get*", "*", false),
            ("Get*", "GetObject*", true),
            ("GetObject*", "Get*", false),
            ("get*", "GETOBJECT*", true),
            ("*Tagging", "Get*Tagging", true),
            ("Get*Tagging", "*Tagging", false),
            ("*a*", "*a", true),
            ("*?", "?*", true),
            ("?*", "*?", true),
            ("?*", "*", false),
            ("*", "*?*", true),
            ("?*x", "*?x", true),
            ("*yx*", "*yx?*", true),
            ("**", "*", true),
            ("a*b*", "ab*", true),
            ("a?b", "a*b", false),
            ("*ab*", "*a*b*", false),
            ("*a*b*", "*ab*", true),
            ("é*", "é?", true),
            ("?", "é", true),
            ("??", "é", false),
        ];
        for (outer, inner, expected) in cases {
            assert_eq!(Wildcard::new(outer).covers(&Wildcard::new(inner)), expected, "{outer} ⊇ {inner}");
        }
    }

    #[test]
    fn residuals_are_what_a_pattern_still_has_to_read() {
        let cases: [(&str, &str, &[&str]); 10] = [
            ("Get*", "Get", &["*"]),
            // The `t` of `Get` may also begin the `Tagging`.
            ("*Tagging", "Get", &["*Tagging", "agging"]),
            ("*Endpoint*", "CreateVpcEndpoint", &["*"]),
            ("?et*", "Get", &["*"]),
            ("PassR*", "Pass", &["R*"]),
            ("Get*", "Put", &[]),
            ("**", "Get", &["*"]),
            ("Get*?*?", "Get", &["??*"]),
            ("G??*", "Get", &["*"]),
            ("?é*", "xé", &["*"]),
        ];
        for (pattern, prefix, expected) in cases {
            let residuals = Wildcard::new(pattern).residuals_after(prefix);
            let texts: Vec<&str> = residuals.iter().map(Wildcard::as_str).collect();
            assert_eq!(texts, expected, "{pattern} after {prefix}");
        }
    }
}
