//! The word someone most likely meant, and how alike two names are.

/// The one of `words` that is fewest edits away from `wrong`, if it is near enough to be a slip.
#[must_use]
pub fn nearest<'w>(wrong: &str, words: impl IntoIterator<Item = &'w str>) -> Option<&'w str> {
    let wrong: Vec<char> = wrong.chars().take(64).map(fold).collect();
    let near = (wrong.len() / 3).clamp(1, 3);
    words
        .into_iter()
        .map(|word| (distance(&wrong, word), word))
        .filter(|(edits, _)| *edits <= near)
        .min_by_key(|(edits, _)| *edits)
        .map(|(_, word)| word)
}

/// How far apart two names of one thing are: by edits, or by the words that one has beyond the other; `None` if they are
/// names of different things.
#[must_use]
pub fn apart(name: &str, other: &str) -> Option<usize> {
    let [name, other]: [Vec<char>; 2] = [name, other].map(|text| text.chars().take(64).map(fold).collect());
    let (shorter, longer) = if name.len() <= other.len() { (&name, &other) } else { (&other, &name) };
    let more = longer.len() - shorter.len();
    // A name of two letters is part of far too many.
    let is_part = shorter.len() > 2
        && (longer.starts_with(shorter) && longer.get(shorter.len()).is_none_or(|next| !next.is_alphanumeric())
            || longer.ends_with(shorter)
                && more.checked_sub(1).is_none_or(|at| longer.get(at).is_some_and(|before| !before.is_alphanumeric())));
    if is_part {
        return Some(more);
    }
    let near = (shorter.len() / 3).min(3);
    if more > near {
        return None;
    }
    let longer: String = longer.iter().collect();
    Some(distance(shorter, &longer)).filter(|edits| *edits <= near)
}

/// `maxAge` and `max_age` are one edit, or none, from `max-age`.
fn fold(letter: char) -> char {
    if letter == '_' { '-' } else { letter.to_ascii_lowercase() }
}

/// Levenshtein's distance, one row at a time.
fn distance(wrong: &[char], word: &str) -> usize {
    let mut row: Vec<usize> = (0..=wrong.len()).collect();
    for (i, letter) in word.chars().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        for (cell, other) in row.iter_mut().skip(1).zip(wrong) {
            let up = *cell;
            left = (diagonal + usize::from(letter != *other)).min(left + 1).min(up + 1);
            diagonal = up;
            *cell = left;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_pen_finds_the_word_meant() {
        let words = ["findings", "exclude", "max-age", "max-entries", "unused-for", "allow"];
        let cases = [
            ("exlude", Some("exclude")),
            ("excludes", Some("exclude")),
            ("maxAge", Some("max-age")),
            ("max_age", Some("max-age")),
            ("unusedFor", Some("unused-for")),
            ("alow", Some("allow")),
            ("finding", Some("findings")),
            ("severity", None),
            ("", None),
        ];
        for (wrong, expected) in cases {
            assert_eq!(nearest(wrong, words), expected, "{wrong}");
        }
    }

    #[test]
    fn names_of_one_thing_are_near_each_other() {
        let cases = [
            ("deploy", "deploy", Some(0)),
            ("Deploy", "deploi", Some(1)),
            ("app", "app-prod", Some(5)),
            ("prod-app", "app", Some(5)),
            ("app", "apple", None),
            ("app", "snapp", None),
            ("ab", "ab-prod", None),
            ("report", "deploy", None),
            ("", "", Some(0)),
        ];
        for (name, other, expected) in cases {
            assert_eq!(apart(name, other), expected, "{name} {other}");
            assert_eq!(apart(other, name), expected, "{other} {name}");
        }
    }

    #[test]
    fn the_distance_counts_single_letters() {
        for (a, b, edits) in [("", "", 0), ("a", "", 1), ("", "ab", 2), ("kitten", "sitting", 3), ("flaw", "lawn", 2)] {
            assert_eq!(distance(&a.chars().collect::<Vec<_>>(), b), edits, "{a} {b}");
        }
    }
}
