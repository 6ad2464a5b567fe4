//! Entries that are newer than the finding are notes and are never fixed, with real git.

#![expect(
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test makes the files that the program reads, and may fail"
)]

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

const ROLE: &str = "arn:aws:iam::123456789012:role/app";
const CONFIG: &str = "findings: [findings.json]\nmax-age: never\naccounts: { \"**\": [\"123456789012\"] }\n\
    bindings: [{ policy: app.json, identities: [\"arn:aws:iam::123456789012:role/app\"] }]\n";

fn policy(actions: &[&str]) -> String {
    let entries: Vec<String> = actions.iter().map(|action| format!("        \"{action}\"")).collect();
    format!(
        "{{\n  \"Statement\": [\n    {{\n      \"Effect\": \"Allow\",\n      \"Action\": [\n{}\n      ],\n      \"Resource\": \"*\"\n    }}\n  ]\n}}\n",
        entries.join(",\n")
    )
}

/// A finding of 2026-01-01 that lists four actions of S3.
fn finding() -> String {
    let actions = ["GetBucketAcl", "GetBucketCORS", "GetBucketLogging", "GetBucketPolicy"];
    let actions: Vec<String> = actions.iter().map(|action| format!("{{\"action\":\"{action}\"}}")).collect();
    format!(
        "{{\"id\":\"f\",\"resource\":\"{ROLE}\",\"resourceType\":\"AWS::IAM::Role\",\"resourceOwnerAccount\":\"123456789012\",\
         \"status\":\"ACTIVE\",\"findingType\":\"UnusedPermission\",\"analyzedAt\":\"2026-01-01T00:00:00Z\",\
         \"findingDetails\":[{{\"unusedPermissionDetails\":{{\"serviceNamespace\":\"s3\",\"actions\":[{}]}}}}]}}",
        actions.join(",")
    )
}

fn git(folder: &Path, date: &str, arguments: &[&str]) {
    let output = Command::new("git")
        .args(["-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "init.defaultBranch=main"])
        .args(["-c", "commit.gpgSign=false", "-c", "protocol.file.allow=always"])
        .arg("-C")
        .arg(folder)
        .args(arguments)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_COMMITTER_DATE", date)
        .env("GIT_AUTHOR_DATE", date)
        .output()
        .unwrap();
    assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}

fn commit(folder: &Path, day: &str, actions: &[&str]) {
    fs::write(folder.join("app.json"), policy(actions)).unwrap();
    let date = format!("{day}T12:00:00Z");
    git(folder, &date, &["add", "-A"]);
    git(folder, &date, &["commit", "-qm", day]);
}

/// A repository whose root commit has one action, with one more from before the finding and one from after it.
fn repository(folder: &Path) {
    git(folder, "2025-11-01T12:00:00Z", &["init", "-q"]);
    fs::write(folder.join(".iamtrim.yaml"), CONFIG).unwrap();
    fs::write(folder.join("findings.json"), finding()).unwrap();
    commit(folder, "2025-11-01", &["s3:GetBucketAcl"]);
    commit(folder, "2025-12-01", &["s3:GetBucketAcl", "s3:GetBucketCORS"]);
    commit(folder, "2026-02-01", &["s3:GetBucketAcl", "s3:GetBucketCORS", "s3:GetBucketLogging"]);
}

/// Exit code, and level by pattern.
fn lint(folder: &Path, arguments: &[&str]) -> (i32, Vec<(String, String)>) {
    let output = Command::new(env!("CARGO_BIN_EXE_iamtrim"))
        .current_dir(folder)
        .args(["lint", "--format", "json", "--now", "2026-03-01"])
        .args(arguments)
        .env_remove("PRE_COMMIT")
        .output()
        .unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let found = report["diagnostics"].as_array().unwrap().iter().map(|d| (text(&d["pattern"]), text(&d["level"])));
    (output.status.code().unwrap(), found.collect())
}

fn levels(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|(pattern, level)| ((*pattern).to_owned(), (*level).to_owned())).collect()
}

#[test]
fn an_entry_committed_after_the_finding_is_a_note() {
    let folder = tempfile::tempdir().unwrap();
    repository(folder.path());
    let expected = [("s3:GetBucketAcl", "warning"), ("s3:GetBucketCORS", "warning"), ("s3:GetBucketLogging", "note")];
    assert_eq!(lint(folder.path(), &[]), (1, levels(&expected)));
}

#[test]
fn an_entry_that_is_not_committed_stops_no_hook_and_is_not_fixed() {
    let folder = tempfile::tempdir().unwrap();
    repository(folder.path());
    let text = policy(&["s3:GetBucketAcl", "s3:GetBucketCORS", "s3:GetBucketLogging", "s3:GetBucketPolicy"]);
    fs::write(folder.path().join("app.json"), text).unwrap();
    lint(folder.path(), &["--fix"]);
    let left = fs::read_to_string(folder.path().join("app.json")).unwrap();
    assert_eq!(left, policy(&["s3:GetBucketLogging", "s3:GetBucketPolicy"]));
    let expected = [("s3:GetBucketLogging", "note"), ("s3:GetBucketPolicy", "note")];
    assert_eq!(lint(folder.path(), &["app.json"]), (0, levels(&expected)));
}

#[test]
fn a_file_that_git_does_not_know_is_new() {
    let folder = tempfile::tempdir().unwrap();
    repository(folder.path());
    fs::rename(folder.path().join("app.json"), folder.path().join("new.json")).unwrap();
    fs::write(folder.path().join(".iamtrim.yaml"), CONFIG.replace("app.json", "new.json")).unwrap();
    let (code, found) = lint(folder.path(), &[]);
    assert_eq!(code, 0);
    assert!(found.len() == 3 && found.iter().all(|(_, level)| level == "note"), "{found:?}");
}

#[test]
fn the_edge_of_a_shallow_clone_counts_as_old() {
    let (origin, clone) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    repository(origin.path());
    let url = format!("file://{}", origin.path().display());
    git(clone.path(), "2026-02-02T12:00:00Z", &["clone", "-q", "--depth", "1", &url, "."]);
    let (code, found) = lint(clone.path(), &[]);
    assert_eq!(code, 1);
    assert!(found.len() == 3 && found.iter().all(|(_, level)| level == "warning"), "{found:?}");
}

#[test]
fn the_same_entry_written_into_another_statement_is_newer_there() {
    let folder = tempfile::tempdir().unwrap();
    repository(folder.path());
    let old = policy(&["s3:GetBucketAcl", "s3:GetBucketCORS"]);
    let with_another = |resource: &str| {
        let statement = old.lines().skip(2).take(8).collect::<Vec<_>>().join("\n").replace("\"*\"", resource);
        old.replace("    }\n  ]", &format!("    }},\n{statement}\n  ]"))
    };
    fs::write(folder.path().join("app.json"), with_another("\"arn:aws:s3:::new\"")).unwrap();
    let expected = [
        ("s3:GetBucketAcl", "warning"),
        ("s3:GetBucketCORS", "warning"),
        ("s3:GetBucketAcl", "note"),
        ("s3:GetBucketCORS", "note"),
    ];
    assert_eq!(lint(folder.path(), &[]), (1, levels(&expected)), "not committed");
    let date = "2026-02-02T12:00:00Z";
    git(folder.path(), date, &["commit", "-qam", "another"]);
    assert_eq!(lint(folder.path(), &[]), (1, levels(&expected)), "committed after the finding");
}

#[test]
fn what_one_of_two_findings_cannot_have_seen_is_newer() {
    let folder = tempfile::tempdir().unwrap();
    repository(folder.path());
    let later = finding().replace("role/app", "role/other").replace("2026-01-01", "2026-02-15");
    fs::write(folder.path().join("findings.json"), format!("[{},{later}]", finding())).unwrap();
    let shared = CONFIG.replace("role/app\"", "role/app\", \"arn:aws:iam::123456789012:role/other\"");
    fs::write(folder.path().join(".iamtrim.yaml"), shared).unwrap();
    let expected = [("s3:GetBucketAcl", "warning"), ("s3:GetBucketCORS", "warning"), ("s3:GetBucketLogging", "note")];
    assert_eq!(lint(folder.path(), &[]), (1, levels(&expected)));
}

#[test]
fn newer_entries_are_reported_where_the_user_wants_it() {
    let folder = tempfile::tempdir().unwrap();
    repository(folder.path());
    fs::write(folder.path().join(".iamtrim.yaml"), format!("{CONFIG}newer-entries: report\n")).unwrap();
    let (code, found) = lint(folder.path(), &[]);
    assert_eq!(code, 1);
    assert!(found.len() == 3 && found.iter().all(|(_, level)| level == "warning"), "{found:?}");
}
