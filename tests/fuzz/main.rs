//! The bodies of the fuzz targets on inputs made from the examples, and on every input that once broke something.
//!
//! `cargo fuzz run --fuzz-dir tests/fuzz NAME` runs the same bodies for as long as one likes.

#![expect(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a test may fail"
)]

mod bodies;

use std::fs;
use std::path::Path;

use proptest::prelude::*;
use proptest::sample::Index;

/// A fuzz target's body.
type Body = fn(&[u8]);

/// What is put into texts: what the readers and the policies look for.
const WORDS: [&str; 32] = [
    "\"Statement\"",
    "\"Effect\":\"Allow\"",
    "\"Action\":",
    "\"NotAction\":",
    "\"s3:Get*\"",
    "s3:*",
    "*",
    "?",
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\"",
    "'",
    "\\",
    "\\u0041",
    "\\ud83d",
    "\n",
    "\r\n",
    "\t",
    "  ",
    "- ",
    "#",
    "&a ",
    "*a",
    "<<: ",
    "!Sub ",
    "|\n",
    ">-\n",
    "\u{feff}",
];

/// What is done to a text: where, how long, what comes there.
#[derive(Debug, Clone)]
struct Change {
    at: Index,
    length: Index,
    kind: u8,
    word: Index,
    other: Index,
}

fn change() -> impl Strategy<Value = Change> {
    let parts = (any::<Index>(), any::<Index>(), any::<u8>(), any::<Index>(), any::<Index>());
    parts.prop_map(|(at, length, kind, word, other)| Change { at, length, kind, word, other })
}

/// The examples and fixtures, each with the byte that says what it is.
fn seeds() -> Vec<Vec<u8>> {
    let list = fs::read_to_string(root().join("tests/fuzz/seeds.txt")).unwrap();
    let read = |line: &str| {
        let (selector, path) = line.split_once(' ').unwrap();
        let text = fs::read(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
        [selector.as_bytes(), &text].concat()
    };
    list.lines().map(read).collect()
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A text with changes made to it.
fn changed(seed: &[u8], changes: &[Change], seeds: &[Vec<u8>]) -> Vec<u8> {
    let mut text = seed.to_vec();
    for change in changes {
        let at = change.at.index(text.len() + 1).max(1).min(text.len());
        let end = (at + change.length.index(40)).min(text.len());
        let part = text[at..end].to_vec();
        match change.kind % 6 {
            0 => drop(text.drain(at..end)),
            1 => drop(text.splice(at..at, part)),
            2 => drop(text.splice(at..end, change.word.get(&WORDS).bytes())),
            3 => drop(text.splice(at..at, change.word.get(&WORDS).bytes())),
            4 => {
                let other = change.other.get(seeds);
                let from = change.at.index(other.len());
                let part = &other[from..(from + change.length.index(200)).min(other.len())];
                drop(text.splice(at..at, part.iter().copied()));
            }
            _ => text[0] = change.other.get(seeds)[0],
        }
    }
    text
}

#[test]
fn what_is_made_of_the_examples_keeps_the_laws() {
    let seeds = seeds();
    for body in [bodies::parse_any, bodies::fix_any] {
        seeds.iter().for_each(|seed| body(seed));
    }
    let strategy = (any::<Index>(), prop::collection::vec(change(), 1..6));
    let config = ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() };
    proptest!(config, |((seed, changes) in strategy)| {
        let input = changed(seed.get(&seeds).as_slice(), &changes, &seeds);
        bodies::parse_any(&input);
        bodies::fix_any(&input);
    });
}

#[test]
fn what_is_made_of_bytes_keeps_the_laws() {
    let config = ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() };
    proptest!(config, |(bytes in prop::collection::vec(any::<u8>(), 0..600), text in "[ab*?é\n]{0,24}")| {
        bodies::wildcard_vs_regex(text.as_bytes());
        bodies::wildcard_vs_regex(&bytes);
        bodies::refine_laws(&bytes);
        bodies::parse_any(&bytes);
    });
}

#[test]
fn what_once_broke_something_does_not_any_more() {
    let bodies: [(&str, Body); 4] = [
        ("parse_any", bodies::parse_any),
        ("fix_any", bodies::fix_any),
        ("wildcard_vs_regex", bodies::wildcard_vs_regex),
        ("refine_laws", bodies::refine_laws),
    ];
    let folder = root().join("tests/fuzz/crashes");
    let mut run = 0;
    for (name, body) in bodies {
        let Ok(entries) = fs::read_dir(folder.join(name)) else { continue };
        for entry in entries {
            body(&fs::read(entry.unwrap().path()).unwrap());
            run += 1;
        }
    }
    let kept: usize = fs::read_dir(&folder).unwrap().map(|f| fs::read_dir(f.unwrap().path()).unwrap().count()).sum();
    assert_eq!(run, kept, "each folder is named after a target");
}
