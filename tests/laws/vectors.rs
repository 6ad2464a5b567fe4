//! The golden vectors: 340 wildcards of real policies, and the published example.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::method::Becomes;
use super::oracle::{Owner, Unused};
use super::program::{of_september, refine};

fn texts(value: &Value) -> Vec<String> {
    value.as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned()).collect()
}

#[test]
fn all_340_vectors_are_met_exactly() {
    let mut met = 0;
    for line in include_str!("../data/vectors.jsonl").lines() {
        let vector: Value = serde_json::from_str(line).unwrap();
        let entry = vector["entry"].as_str().unwrap().to_owned();
        let names: BTreeSet<String> = texts(&vector["unused"]).into_iter().collect();
        let services = BTreeMap::from([(vector["service"].as_str().unwrap().to_owned(), Unused::Names(names))]);
        let becomes = refine(&[entry], &[Owner { services, allowed: Vec::new() }], of_september()).remove(0);
        let expected = match vector["kind"].as_str().unwrap() {
            "untouched" => Becomes::Kept,
            "removed" => Becomes::Removed,
            _ => Becomes::Replaced(texts(&vector["lines"])),
        };
        assert_eq!(becomes, expected, "{line}");
        met += 1;
    }
    assert_eq!(met, 340);
}

#[test]
fn the_published_example_comes_out_as_published() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/published");
    let output = Command::new(env!("CARGO_BIN_EXE_iamtrim"))
        .args(["refine", "policy.json", "--findings", "unused.json", "--catalog", "catalog.txt"])
        .current_dir(&folder)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let refined = String::from_utf8(output.stdout).unwrap();
    let expected: Value = serde_json::from_str(include_str!("../data/published/expected.json")).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&refined).unwrap(), expected);
    // Outside of the two lists not a byte changes.
    let before = include_str!("../data/published/policy.json");
    let removed = before.lines().filter(|line| !refined.lines().any(|other| other == *line));
    assert!(removed.into_iter().all(|line| line.trim().starts_with('"') && !line.contains(" :")));
    let pieces = |text: &str| {
        let lines =
            text.lines().filter(|line| !(line.trim().starts_with("\"lambda:") || line.trim().starts_with("\"s3:")));
        lines.collect::<Vec<_>>().join("\n")
    };
    assert_eq!(pieces(&refined), pieces(before));
}
