//! The matcher against regular expressions and automata.

use iamtrim::policy::wildcard::Wildcard;
use regex::Regex;

use super::oracle;

/// The longest pattern that the automata are built for: what they take grows with the power of it.
const LONGEST: usize = 14;

/// Three lines: two patterns and a text.
pub(crate) fn wildcard_vs_regex(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let mut lines = text.splitn(3, '\n');
    let mut next = || lines.next().unwrap_or_default();
    let (outer, inner, text) = (next(), next(), next());
    for pattern in [outer, inner] {
        matching(pattern, text);
        residuals(pattern, text);
    }
    covering(outer, inner, text);
}

fn regex(pattern: &str) -> Option<Regex> {
    let of_char = |c: char| match c {
        '*' => ".*".to_owned(),
        '?' => ".".to_owned(),
        c => regex::escape(&c.to_string()),
    };
    let body: String = pattern.to_ascii_lowercase().chars().map(of_char).collect();
    // One that is too large for the expressions is not asked about.
    Regex::new(&format!("^(?s:{body})$")).ok()
}

fn matching(pattern: &str, text: &str) {
    let Some(expected) = regex(pattern) else { return };
    let own = Wildcard::new(pattern);
    let matches = expected.is_match(&text.to_ascii_lowercase());
    assert_eq!(own.matches(text), matches, "{pattern:?} ~ {text:?}");
    assert!(!matches || text.to_ascii_lowercase().starts_with(own.literal_prefix()), "{pattern:?} ~ {text:?}");
    assert_eq!(own.is_literal(), !pattern.contains(['*', '?']));
}

/// What is left after a part of the text matches the rest of it, exactly if the whole matches.
fn residuals(pattern: &str, text: &str) {
    let own = Wildcard::new(pattern);
    for at in text.char_indices().map(|(at, _)| at).take(24) {
        let (head, rest) = text.split_at(at);
        if head.contains(['*', '?']) {
            return;
        }
        let left = own.residuals_after(head);
        let matches = left.iter().any(|residual| residual.matches(rest));
        assert_eq!(matches, own.matches(text), "{pattern:?} after {head:?}: {left:?} ~ {rest:?}");
    }
}

fn covering(outer: &str, inner: &str, text: &str) {
    let [own_outer, own_inner] = [outer, inner].map(Wildcard::new);
    let covers = own_outer.covers(&own_inner);
    assert!(!covers || !own_inner.matches(text) || own_outer.matches(text), "{outer:?} {inner:?} {text:?}");
    assert!(own_outer.covers(&own_outer), "{outer:?} covers itself");
    let is_plain = |pattern: &str| pattern.is_ascii() && pattern.len() <= LONGEST && !pattern.contains(oracle::FRESH);
    if is_plain(outer) && is_plain(inner) {
        assert_eq!(covers, oracle::covers(outer, inner), "{outer:?} covers {inner:?}");
    }
}
