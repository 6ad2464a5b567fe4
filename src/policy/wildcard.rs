//! How `*` and `?` match: the only matcher of the program.
//!
//! `*` is any run of characters, also none; `?` is exactly one; case is ignored for ASCII letters, as IAM does.
//! Languages, not lists: [`Wildcard::covers`] holds for every string, also for actions not yet invented.

/// A pattern over action names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Wildcard {
    text: String,
    lower: String,
    /// How many bytes stand before the first `*` or `?`.
    literal: usize,
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

impl Wildcard {
    /// The pattern as written.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        let text = text.into();
        let lower = text.to_ascii_lowercase();
        let literal = lower.bytes().position(is_wild).unwrap_or(lower.len());
        let shape = match lower.get(literal..) {
            Some("") => Shape::Literal,
            Some("*") => Shape::Prefix,
            _ => Shape::General,
        };
        Self { text, lower, literal, shape }
    }

    /// The pattern as written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The pattern in lower case.
    #[must_use]
    pub fn as_lower(&self) -> &str {
        &self.lower
    }

    /// What stands before the first `*` or `?`, in lower case: all that it matches starts so.
    #[must_use]
    pub fn literal_prefix(&self) -> &str {
        self.lower.get(..self.literal).unwrap_or_default()
    }

    /// Whether it matches one string only.
    #[must_use]
    pub fn is_literal(&self) -> bool {
        self.shape == Shape::Literal
    }

    /// Whether `text` belongs to the pattern's language.
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        match self.shape {
            Shape::Literal => self.lower.eq_ignore_ascii_case(text),
            Shape::Prefix => starts_with(text, self.literal_prefix()),
            Shape::General => matches_general(self.lower.as_bytes(), text.as_bytes()),
        }
    }

    /// Whether every string that `other` matches is matched by this pattern too.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        match (self.shape, other.shape) {
            (_, Shape::Literal) => self.matches(&other.text),
            (Shape::Literal, _) => false,
            (Shape::Prefix, _) => other.literal_prefix().starts_with(self.literal_prefix()),
            (Shape::General, _) => covers_general(&self.lower, &other.lower),
        }
    }

    /// Whether some string is matched by both patterns.
    #[must_use]
    pub fn overlaps(&self, other: &Self) -> bool {
        match (self.shape, other.shape) {
            (Shape::Literal, _) => other.matches(&self.text),
            (_, Shape::Literal) => self.matches(&other.text),
            _ => overlap_general(&self.lower, &other.lower),
        }
    }

    /// What is left of the pattern once it has read `prefix`: the suffixes that continue it, each widest one once.
    ///
    /// `*Endpoint*` leaves `*` after `CreateVpcEndpoint`; `PassR*` leaves `R*` after `Pass`; nothing is left where no
    /// string that starts with `prefix` matches. Runs of `*` and `?` are written `?…?*`.
    #[must_use]
    pub fn residuals_after(&self, prefix: &str) -> Vec<Wildcard> {
        if self.shape == Shape::Prefix && starts_with(prefix, self.literal_prefix()) {
            return vec![Self::new("*")];
        }
        let pattern = normalise(&self.text);
        let mut places = Places::new(&pattern);
        places.read_all(prefix);
        // What begins with the last `*` that was reached covers all that begins before it.
        let last_star = places.iter().rfind(|&at| pattern.as_bytes().get(at) == Some(&b'*')).unwrap_or(0);
        let open = places.iter().filter(|&at| at >= last_star);
        widest(open.filter_map(|at| pattern.get(at..)).map(Self::new).collect())
    }
}

/// Two patterns whose lengths multiply to more than this are taken to overlap.
const MAX_PAIRS: usize = 1 << 20;

/// Row by row: which rest of `b` goes with the rest of `a` that begins with each character.
fn overlap_general(a: &str, b: &str) -> bool {
    if a.len().saturating_mul(b.len()) > MAX_PAIRS {
        return true;
    }
    let b: Vec<char> = b.chars().collect();
    // What is left of `b` with nothing of `a`: nothing but stars.
    let mut below: Vec<bool> = (0..=b.len()).map(|at| b.iter().skip(at).all(|c| *c == '*')).collect();
    for from_a in a.chars().rev() {
        let mut row = vec![from_a == '*' && below.last() == Some(&true)];
        for (from_b, next) in b.iter().zip(below.windows(2)).rev() {
            let (here, after) = (next.first() == Some(&true), next.last() == Some(&true));
            let right = row.last() == Some(&true);
            row.push(match (from_a, *from_b) {
                // A star is nothing, or takes what the other begins with.
                ('*', _) | (_, '*') => here || right,
                (x, y) => after && (x == y || x == '?' || y == '?'),
            });
        }
        row.reverse();
        below = row;
    }
    below.first() == Some(&true)
}

fn starts_with(text: &str, lower: &str) -> bool {
    text.as_bytes().get(..lower.len()).is_some_and(|head| head.eq_ignore_ascii_case(lower.as_bytes()))
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

/// Inclusion of languages: `outer` reads `inner` itself, whose `?` is a character that no pattern names, and whose `*`
/// is a run that only a `*` can pass.
///
/// That is sound, since what passed a run passes whatever stands for it. It is exact, since a run may stand for
/// arbitrarily many such characters: what lies between two `*` of `outer` must then be found between two runs.
fn covers_general(outer: &str, inner: &str) -> bool {
    let outer = opened(outer);
    let mut places = Places::new(&outer);
    places.read_all(inner);
    places.has(outer.len())
}

/// Writes each run of `*` and `?` that has a `*` with one around every `?`, so that it takes other runs in any order.
fn opened(pattern: &str) -> String {
    let normal = normalise(pattern);
    let mut out = String::with_capacity(2 * normal.len());
    let mut waiting = 0;
    for c in normal.chars() {
        match c {
            '?' => waiting += 1,
            '*' => out.extend(std::iter::once("*").chain(std::iter::repeat_n("?*", std::mem::take(&mut waiting)))),
            c => {
                out.extend(std::iter::repeat_n('?', std::mem::take(&mut waiting)));
                out.push(c);
            }
        }
    }
    out.extend(std::iter::repeat_n('?', waiting));
    out
}

/// The places in a pattern at which reading can stand: bit `i` means that `pattern[i..]` is still to be read.
/// Closed under passing over `*`.
#[derive(Debug)]
struct Places<'p> {
    pattern: &'p [u8],
    bits: Vec<u64>,
    next: Vec<u64>,
}

/// One thing read from a pattern; a string is a pattern without wildcards.
#[derive(Debug, Clone, Copy)]
enum Read {
    /// A byte of a character, and whether it is its last one.
    Byte(u8, bool),
    /// A character that occurs in no pattern: the hardest one to match.
    Fresh,
    /// Any number of those.
    Run,
}

impl<'p> Places<'p> {
    fn new(pattern: &'p str) -> Self {
        let words = pattern.len() / 64 + 1;
        let mut places = Self { pattern: pattern.as_bytes(), bits: vec![0; words], next: vec![0; words] };
        places.insert(0);
        places.turn();
        places
    }

    fn read_all(&mut self, text: &str) {
        let mut bytes = text.bytes().peekable();
        while let Some(byte) = bytes.next() {
            self.read(match byte {
                b'*' => Read::Run,
                b'?' => Read::Fresh,
                byte => Read::Byte(byte, bytes.peek().is_none_or(|&next| !is_continuation(next))),
            });
        }
    }

    fn read(&mut self, read: Read) {
        for word in 0..self.bits.len() {
            let mut bits = self.bits.get(word).copied().unwrap_or_default();
            while bits != 0 {
                let at = word * 64 + bits.trailing_zeros() as usize;
                bits &= bits - 1;
                match (self.pattern.get(at), read) {
                    (Some(b'*'), _) => self.insert(at),
                    (Some(b'?'), Read::Fresh | Read::Byte(_, true)) => self.insert(at + 1),
                    // Within a character `?` has read a part of it and waits for its last byte.
                    (Some(b'?'), Read::Byte(_, false)) => self.insert(at),
                    (Some(wanted), Read::Byte(byte, _)) if wanted.eq_ignore_ascii_case(&byte) => self.insert(at + 1),
                    _ => {}
                }
            }
        }
        self.turn();
    }

    fn insert(&mut self, at: usize) {
        let mut at = at;
        loop {
            if let Some(word) = self.next.get_mut(at / 64) {
                *word |= 1 << (at % 64);
            }
            if self.pattern.get(at) != Some(&b'*') {
                return;
            }
            at += 1;
        }
    }

    fn turn(&mut self) {
        std::mem::swap(&mut self.bits, &mut self.next);
        self.next.fill(0);
    }

    fn has(&self, at: usize) -> bool {
        self.bits.get(at / 64).is_some_and(|word| word & (1 << (at % 64)) != 0)
    }

    fn iter(&self) -> impl DoubleEndedIterator<Item = usize> + '_ {
        (0..=self.pattern.len()).filter(|&at| self.has(at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_overlap_where_some_string_matches_both() {
        let all = |letters: &[char], longest: usize| {
            let longer = |texts: &Vec<String>| -> Vec<String> {
                texts.iter().flat_map(|text| letters.iter().map(move |letter| format!("{text}{letter}"))).collect()
            };
            let by_length = std::iter::successors(Some(vec![String::new()]), |texts| Some(longer(texts)));
            by_length.take(longest + 1).flatten().collect::<Vec<_>>()
        };
        // Two of these patterns that have a string in common have one of four letters.
        let texts = all(&['a', 'b'], 4);
        let patterns: Vec<Wildcard> = all(&['a', 'b', '*', '?'], 3).into_iter().map(Wildcard::new).collect();
        for a in &patterns {
            for b in &patterns {
                let expected = texts.iter().any(|text| a.matches(text) && b.matches(text));
                assert_eq!(a.overlaps(b), expected, "{} and {}", a.as_str(), b.as_str());
            }
        }
        let endless = Wildcard::new("*a".repeat(5_000));
        assert!(endless.overlaps(&Wildcard::new("*b".repeat(5_000))), "nobody knows");
    }

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
    fn all_that_a_pattern_matches_begins_with_its_literal_part() {
        let cases = [("GetObject", true, "getobject"), ("Get*", false, "get"), ("?et*", false, ""), ("", true, "")];
        for (pattern, is_literal, prefix) in cases {
            let read = Wildcard::new(pattern);
            assert_eq!((read.is_literal(), read.literal_prefix()), (is_literal, prefix), "{pattern}");
            assert_eq!((read.as_str(), read.as_lower()), (pattern, pattern.to_lowercase().as_str()));
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
        let cases: [(&str, &str, &[&str]); 11] = [
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
            ("?b*c", "éb", &["*c"]),
        ];
        for (pattern, prefix, expected) in cases {
            let residuals = Wildcard::new(pattern).residuals_after(prefix);
            let texts: Vec<&str> = residuals.iter().map(Wildcard::as_str).collect();
            assert_eq!(texts, expected, "{pattern} after {prefix}");
        }
    }
}
