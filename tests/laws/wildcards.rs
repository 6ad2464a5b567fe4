//! How `*` and `?` match and cover, against regular expressions and automata, on strings that nearly match.

use iamtrim::policy::wildcard::Wildcard;
use proptest::prelude::*;

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
    #![proptest_config(ProptestConfig { cases: 4_000, failure_persistence: None, ..ProptestConfig::default() })]

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
    fn covering_is_that_of_automata(outer in pattern(), inner in pattern()) {
        prop_assert_eq!(Wildcard::new(outer.as_str()).covers(&Wildcard::new(inner.as_str())), covers(&outer, &inner));
    }
}

#[test]
fn many_stars_take_no_more_than_a_moment() {
    let pattern = Wildcard::new("*a".repeat(60));
    assert!(!pattern.matches(&"a".repeat(59)) && pattern.matches(&"a".repeat(4_000)));
    assert!(Wildcard::new("*a?*".repeat(40)).covers(&Wildcard::new("*a*?".repeat(40))));
    assert!(!Wildcard::new(format!("{}b", "a*".repeat(2_000))).matches(&"a".repeat(20_000)));
}
