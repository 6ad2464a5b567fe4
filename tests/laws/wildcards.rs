//! How `*` and `?` match and cover, against regular expressions and automata, on strings that nearly match.

use iamtrim::policy::wildcard::Wildcard;
use proptest::prelude::*;
use proptest::sample::Index;

use super::oracle::{Pattern, covers};

/// Patterns over few letters, so that they meet often.
fn pattern() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(vec!["a", "b", "A", "B", "*", "*", "?"]), 0..9).prop_map(|p| p.concat())
}

/// A string made from a pattern: each `*` and `?` stands for something, and one letter may be wrong.
fn nearly(pattern: &str, fill: &[u8], wrong: Option<usize>) -> String {
    let mut fill = fill.iter().cycle();
    let mut out = String::new();
    for c in pattern.chars() {
        let next = *fill.next().unwrap_or(&0);
        match c {
            '*' => out.push_str(["", "a", "ab", "bab"][usize::from(next % 4)]),
            '?' => out.push(if next & 1 == 0 { 'a' } else { 'b' }),
            c if next & 1 == 0 => out.extend(c.to_uppercase()),
            c => out.push(c),
        }
    }
    if let Some(at) = wrong.filter(|_| !out.is_empty()) {
        let at = at % out.len();
        out.replace_range(at..=at, "c");
    }
    out
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 20_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn matching_is_that_of_a_regular_expression(
        pattern in pattern(),
        fill in prop::collection::vec(any::<u8>(), 1..9),
        wrong in prop::option::of(any::<usize>()),
        other in "[abAB]{0,6}",
    ) {
        let (own, oracle) = (Wildcard::new(pattern.as_str()), Pattern::new(&pattern));
        for text in [nearly(&pattern, &fill, wrong), nearly(&pattern, &fill, None), other] {
            // The oracle reads a lone `*` as everything, which it is.
            prop_assert_eq!(own.matches(&text), oracle.matches(&text), "{} ~ {}", pattern, text);
        }
    }

    #[test]
    fn covering_is_that_of_automata(
        outer in pattern(),
        other in pattern(),
        parts in prop::collection::vec(any::<Index>(), 1..9),
        wrong in prop::option::of(any::<Index>()),
    ) {
        for inner in [part_of(&outer, &parts, None), part_of(&outer, &parts, wrong), other] {
            let found = Wildcard::new(outer.as_str()).covers(&Wildcard::new(inner.as_str()));
            prop_assert_eq!(found, covers(&outer, &inner), "{} covers {}", outer, inner);
        }
    }
}

/// A pattern made from another, each `*` and `?` of it narrowed, and one letter perhaps wrong.
fn part_of(outer: &str, parts: &[Index], wrong: Option<Index>) -> String {
    let mut parts = parts.iter().cycle();
    let mut out = String::new();
    for c in outer.chars() {
        let part = parts.next().unwrap();
        match c {
            '*' => out += *part.get(&["*", "*", "", "?", "a*", "*b", "?*", "*ab*", "a?b*", "*a?"]),
            '?' => out += *part.get(&["?", "?", "a", "b"]),
            c => out.push(c),
        }
    }
    if let Some(at) = wrong.filter(|_| !out.is_empty()).map(|wrong| wrong.index(out.len())) {
        out.replace_range(at..=at, "b");
    }
    out
}

#[test]
fn covering_is_that_of_automata_for_all_short_patterns() {
    let mut patterns = vec![String::new()];
    let mut from = 0;
    for _ in 0..5 {
        let longer = |pattern: &String| ["a", "b", "*", "?"].map(|c| format!("{pattern}{c}"));
        let next: Vec<String> = patterns[from..].iter().flat_map(longer).collect();
        from = patterns.len();
        patterns.extend(next);
    }
    let read: Vec<Wildcard> = patterns.iter().map(Wildcard::new).collect();
    for (outer_text, outer) in patterns.iter().zip(&read) {
        for (inner_text, inner) in patterns.iter().zip(&read) {
            assert_eq!(outer.covers(inner), covers(outer_text, inner_text), "`{outer_text}` covers `{inner_text}`");
        }
    }
}

/// What a search that backtracks, recurses or builds sets of sets would not finish.
#[test]
fn entangled_patterns_take_no_more_than_a_moment() {
    let pattern = Wildcard::new("*a".repeat(60));
    assert!(!pattern.matches(&"a".repeat(59)) && pattern.matches(&"a".repeat(4_000)));
    assert!(!Wildcard::new(format!("{}b", "a*".repeat(2_000))).matches(&"a".repeat(20_000)));
    assert!(Wildcard::new("*a?*".repeat(400)).covers(&Wildcard::new("*a*?".repeat(400))));
    assert!(Wildcard::new(format!("*a{}b*", "?".repeat(200))).covers(&Wildcard::new(format!(
        "{}a{}b*",
        "*ab?".repeat(400),
        "?".repeat(200)
    ))));
    assert!(!Wildcard::new(format!("*a{}b", "?".repeat(30))).covers(&Wildcard::new("*a".repeat(2_000))));
    let stars = Wildcard::new("*a".repeat(5_000));
    assert_eq!(stars.residuals_after(&"a".repeat(4_999)), [Wildcard::new("*a")]);
    assert_eq!(Wildcard::new("?*".repeat(5_000)).residuals_after("aa").len(), 1);
}
