//! The examples: what `lint` prints of them, what `--fix` makes of them, and that it has then done all it can.

#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a test makes the files that the program reads, and may fail"
)]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

/// Those that a run of `lint --fix` leaves with nothing to say.
const EXAMPLES: [&str; 4] = ["examples/cloudformation", "examples/json-policies", "examples/sam", "examples/terraform"];

fn iamtrim(folder: &Path, arguments: &[&str]) -> (Option<i32>, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_iamtrim"));
    command.current_dir(folder).args(arguments).env("NO_COLOR", "1").env_remove("PRE_COMMIT");
    let Output { status, stdout, stderr } = command.output().unwrap();
    (status.code(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

/// Every file below a folder, by its path in there, but for what comes of the example.
fn files(folder: &Path) -> BTreeMap<String, String> {
    let mut files = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(current) = folders.pop() {
        for entry in fs::read_dir(current).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(folder).unwrap().to_str().unwrap().replace('\\', "/");
            match name.as_str() {
                "after" | "output.txt" => {}
                _ if path.is_dir() => folders.push(path),
                _ => drop(files.insert(name, fs::read_to_string(&path).unwrap())),
            }
        }
    }
    files
}

fn copy(folder: &Path) -> tempfile::TempDir {
    let copy = tempfile::tempdir().unwrap();
    for (name, text) in files(folder) {
        let path = copy.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    copy
}

#[test]
fn lint_prints_the_output_that_is_committed() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for example in EXAMPLES {
        let (code, stdout, stderr) = iamtrim(root, &["lint", example]);
        assert_eq!((code, stderr.as_str()), (Some(1), ""), "{example}");
        assert_eq!(stdout, fs::read_to_string(root.join(example).join("output.txt")).unwrap(), "{example}");
    }
}

#[test]
fn fix_makes_the_tree_that_is_committed_and_then_nothing_more() {
    for example in EXAMPLES {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(example);
        let after = files(&folder.join("after"));
        let copy = copy(&folder);
        assert_ne!(files(copy.path()), after, "{example}");
        let (code, stdout, stderr) = iamtrim(copy.path(), &["lint", "--fix"]);
        assert_eq!((code, stderr.as_str()), (Some(0), ""), "{example}: {stdout}");
        assert_eq!(files(copy.path()), after, "{example}");
        let (code, stdout, stderr) = iamtrim(copy.path(), &["lint", "--fix", "--format", "json"]);
        assert_eq!((code, stderr.as_str()), (Some(0), ""), "{example}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&stdout).unwrap()["summary"]["fixed"], 0, "{example}");
        assert_eq!(files(copy.path()), after, "{example}");
    }
}

/// What the larger example is run with: its findings grow old on a day of their own.
const MONOREPO: [&str; 4] = ["lint", "-v", "--now", "2026-10-20"];

#[test]
fn the_larger_example_prints_and_becomes_what_is_committed() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = root.join("examples/monorepo");
    let (code, stdout, stderr) = iamtrim(root, &[&MONOREPO[..], &["examples/monorepo"]].concat());
    assert_eq!((code, stderr.as_str()), (Some(1), ""));
    assert_eq!(stdout, fs::read_to_string(folder.join("output.txt")).unwrap());
    let copy = copy(&folder);
    for _ in 0..2 {
        let (code, _, stderr) = iamtrim(copy.path(), &[&MONOREPO[..], &["--fix"]].concat());
        assert_eq!((code, stderr.as_str()), (Some(1), ""));
        assert_eq!(files(copy.path()), files(&folder.join("after")));
    }
}

/// Rules that are about a file or an entry as such, whoever has it.
const OF_NOBODY: [&str; 5] =
    ["unneeded-allow", "stale-findings", "unreadable-file", "unknown-action", "unmatched-finding"];

#[test]
fn each_diagnostic_of_the_examples_says_whose_it_is_and_their_number_is_written_down() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut counts: BTreeMap<(String, String, String), usize> = BTreeMap::new();
    for example in EXAMPLES.into_iter().chain(["examples/monorepo"]) {
        let arguments = [&MONOREPO[..1], &MONOREPO[2..], &["--format", "json", example]].concat();
        let report: serde_json::Value = serde_json::from_str(&iamtrim(root, &arguments).1).unwrap();
        for diagnostic in report["diagnostics"].as_array().unwrap() {
            let rule = diagnostic["rule"].as_str().unwrap();
            let identities = diagnostic["identities"].as_array().unwrap();
            assert_eq!(identities.is_empty(), OF_NOBODY.contains(&rule), "{diagnostic}");
            let mut known: Vec<&str> = identities.iter().map(|owner| owner["known_by"].as_str().unwrap()).collect();
            known.sort_unstable();
            known.dedup();
            let known = if known.is_empty() { "-".to_owned() } else { known.join(", ") };
            *counts.entry((example.to_owned(), rule.to_owned(), known)).or_default() += 1;
        }
    }
    let row = |((example, rule, known), count): (&(String, String, String), &usize)| {
        format!("| {} | {rule} | {known} | {count} |\n", example.trim_start_matches("examples/"))
    };
    let table: String = counts.iter().map(row).collect();
    let text = fs::read_to_string(root.join("examples/README.md")).unwrap();
    assert_eq!(text.split_once("|---|---|---|---|\n").unwrap().1, table);
    let all = |what: &str| table.contains(&format!("| {what} |"));
    assert!(["arn", "binding", "name", "reference", "guess"].into_iter().all(all), "each certainty occurs");
    let rules = iamtrim::rule::RULES.iter().map(|rule| rule.id);
    assert!(rules.clone().all(all), "each rule occurs: {:?}", rules.filter(|rule| !all(rule)).collect::<Vec<_>>());
}
