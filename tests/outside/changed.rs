//! Real repositories and their history: only what changed is reported, only what is new counts, and a review of a pull
//! request says its fixes as suggestions.

use serde_json::Value;

use crate::support::{Folder, POLICY, fixed, warnings};

/// A repository whose branch `main` holds `old.json`, and whose HEAD is a branch of it.
fn repository() -> Folder {
    let folder = Folder::new();
    folder.git(".", &["init", "--quiet"]);
    folder.write("old.json", POLICY);
    folder.write(".gitignore", "*.log\n");
    commit(&folder, "Begin");
    folder.git(".", &["checkout", "--quiet", "-b", "branch"]);
    folder
}

fn commit(folder: &Folder, message: &str) {
    folder.git(".", &["add", "--all"]);
    folder.git(".", &["commit", "--quiet", "--allow-empty", "--message", message]);
}

/// So that it does not matter how old the lines of a test are.
fn trusting(folder: &Folder) {
    folder.write(".iamtrim.yaml", format!("{}newer-entries: report\n", crate::support::CONFIG));
}

fn paths(folder: &Folder, arguments: &[&str]) -> Vec<String> {
    let (report, _) = folder.lint(arguments);
    let mut paths: Vec<String> = warnings(&report).iter().map(|w| w.split(':').next().unwrap().to_owned()).collect();
    paths.dedup();
    paths
}

#[test]
fn only_what_differs_from_the_merge_base_is_reported_and_written() {
    let folder = Folder::new();
    trusting(&folder);
    folder.git(".", &["init", "--quiet"]);
    folder.write("old.json", POLICY);
    folder.write("edited.json", fixed());
    commit(&folder, "Begin");
    folder.git(".", &["checkout", "--quiet", "-b", "branch"]);
    folder.write("committed.json", POLICY);
    commit(&folder, "Add a policy");
    folder.git(".", &["checkout", "--quiet", "main"]);
    folder.write("of-main.json", POLICY);
    commit(&folder, "Add another on main");
    folder.git(".", &["checkout", "--quiet", "branch"]);
    folder.write("edited.json", POLICY);
    folder.write("new folder/untracked.json", POLICY);
    folder.write("ignored/.gitignore", "*\n");
    folder.write("ignored/policy.json", POLICY);
    let changed = ["committed.json", "edited.json", "new folder/untracked.json"];
    assert_eq!(paths(&folder, &["--changed-since", "main"]), changed);
    assert_eq!(paths(&folder, &["--changed-since", "main", "new folder"]), changed[2..]);
    assert_eq!(paths(&folder, &["--changed-since", "HEAD"]), changed[1..]);
    assert_eq!(paths(&folder, &[]), ["committed.json", "edited.json", "new folder/untracked.json", "old.json"]);
    folder.lint(&["--changed-since", "main", "--fix"]);
    assert_eq!(folder.read("edited.json"), fixed());
    assert_eq!(folder.read("old.json"), POLICY);
}

#[test]
fn everything_is_reported_where_the_findings_or_a_configuration_differ() {
    let since = ["--changed-since", "main"];
    let base = || {
        let folder = Folder::new();
        trusting(&folder);
        folder.git(".", &["init", "--quiet"]);
        folder.write("old.json", POLICY);
        folder.write("findings/other.json", "{\"findings\":[]}\n");
        commit(&folder, "Begin");
        folder.git(".", &["checkout", "--quiet", "-b", "branch"]);
        folder.write(".iamtrim.yaml", folder.read(".iamtrim.yaml").replace("findings/export.json", "findings"));
        commit(&folder, "Read the folder");
        folder.git(".", &["branch", "--force", "main"]);
        assert_eq!(paths(&folder, &since), Vec::<String>::new());
        folder
    };
    let folder = base();
    folder.write("findings/export.json", format!("{}\n", crate::support::FINDINGS));
    assert_eq!(paths(&folder, &since), ["old.json"]);
    let folder = base();
    std::fs::remove_file(folder.path("findings/other.json")).unwrap();
    assert_eq!(paths(&folder, &since), ["old.json"], "an export that is gone");
    let folder = base();
    folder.write("nested/.iamtrim.yaml", "findings: [../findings]\n");
    assert_eq!(paths(&folder, &since), ["old.json"]);
}

#[test]
fn history_that_is_not_there_ends_the_run() {
    let folder = repository();
    let help =
        "help: fetch more history: `git fetch --unshallow origin`, or `fetch-depth: 0` of the checkout in a workflow\n";
    for revision in ["nowhere", "--output=x", "0123456789012345678901234567890123456789"] {
        let outcome = folder.run(&["lint", &format!("--changed-since={revision}")]);
        assert_eq!((outcome.code, outcome.stdout.as_str()), (2, ""));
        assert_eq!(outcome.stderr, format!("error: git knows no commit `{revision}` here\n{help}"));
    }
    folder.git(".", &["checkout", "--quiet", "--orphan", "alone"]);
    commit(&folder, "Begin again");
    let outcome = folder.run(&["lint", "--changed-since", "main"]);
    assert_eq!((outcome.code, outcome.stdout.as_str()), (2, ""));
    assert_eq!(outcome.stderr, format!("error: no commit is known that `main` and HEAD have in common\n{help}"));
    let outside = Folder::new();
    outside.write("policy.json", POLICY);
    assert_eq!(outside.run(&["lint", "--changed-since", "main"]).code, 2);
}

#[test]
fn what_a_baseline_knows_does_not_count() {
    let folder = Folder::new();
    folder.write("policy.json", POLICY);
    let outcome = folder.run(&["lint", "--write-baseline", "known.json"]);
    assert_eq!(
        (outcome.code, outcome.stderr.as_str()),
        (0, "wrote 2 fingerprints to known.json\n"),
        "{}",
        outcome.stdout
    );
    let known = ["--baseline", "known.json"];
    assert_eq!(folder.lint(&known).1, 0);
    assert_eq!(folder.lint(&[]).1, 1);
    folder.write(
        "policy.json",
        format!("\n\n{}", POLICY.replace("\"sqs:SendMessage\"", "\"sqs:SendMessage\", \"sqs:Purge*\"")),
    );
    let (report, code) = folder.lint(&known);
    assert_eq!((code, warnings(&report)), (1, vec!["policy.json:8:37 unused-action".to_owned()]), "lines moved");
    assert_eq!(report["summary"]["fixable"], 1);
    for (text, message) in [
        ("{}", "error: known.json:1:2: not a baseline\nhelp: `--write-baseline` makes one\n"),
        (
            "{\"version\":2,\"known\":{}}",
            "error: known.json: a baseline of version 2, and this program knows version 1\n",
        ),
    ] {
        folder.write("known.json", text);
        let outcome = folder.run(&["lint", "--baseline", "known.json"]);
        assert_eq!((outcome.code, outcome.stderr.as_str()), (2, message));
    }
    assert_eq!(folder.run(&["lint", "--baseline", "nowhere.json"]).code, 2);
}

#[test]
fn a_review_suggests_what_the_pull_request_shows_and_tells_the_rest() {
    let folder = Folder::new();
    trusting(&folder);
    folder.git(".", &["init", "--quiet"]);
    let far = "\n".repeat(30);
    let edited = |effect: &str| format!("{POLICY}{far}").replace("\"Effect\"", &format!("{effect}\"Effect\""));
    folder.write("far.json", format!("{far}{POLICY}"));
    folder.write("near.json", edited(""));
    commit(&folder, "Begin");
    folder.git(".", &["checkout", "--quiet", "-b", "branch"]);
    folder.write("near.json", edited("\"Sid\": \"x\", "));
    folder.write("far.json", format!("\n{far}{POLICY}"));
    folder.write("new `name`.json", POLICY.replace("[\"", "[\n\"").replace(", ", ",\n").replace("\"]", "\"\n]"));
    commit(&folder, "Change");
    let outcome = folder.run(&["lint", "--format", "suggestions", "--changed-since", "main"]);
    assert_eq!((outcome.code, outcome.stderr.as_str()), (1, ""));
    let review: Value = serde_json::from_str(&outcome.stdout).unwrap();
    let comments = review["comments"].as_array().unwrap();
    let place = |c: &Value| format!("{} {}-{} {}", c["path"].as_str().unwrap(), c["start_line"], c["line"], c["side"]);
    let places: Vec<String> = comments.iter().map(place).collect();
    assert_eq!(places, ["near.json null-6 \"RIGHT\"", "new `name`.json 8-9 \"RIGHT\""]);
    let body = comments[0]["body"].as_str().unwrap();
    let suggestion = body.split("```suggestion\n").nth(1).unwrap().split("```").next().unwrap();
    assert_eq!(suggestion, fixed().lines().filter(|line| line.contains("Action")).collect::<String>() + "\n");
    assert!(
        body.contains("**unused-action**: `sqs:PurgeQueue` is granted to role `app`, which does not use it\n"),
        "{body}"
    );
    let marker = regex::Regex::new("<!-- iamtrim [0-9a-f]{16} -->$").unwrap();
    assert!(comments.iter().all(|comment| marker.is_match(comment["body"].as_str().unwrap())), "{body}");
    assert_ne!(marker.find(body), None);
    let text = review["body"].as_str().unwrap();
    let told = "iamtrim found 6 problems in what this pull request changes.\n\nWithout a suggestion at its lines:\n\n- `far.json` line 37: ";
    assert!(text.starts_with(told), "{text}");
    assert_eq!((text.matches("\n- ").count(), review["event"].as_str()), (2, Some("COMMENT")));
    let again = folder.run(&["lint", "--format", "suggestions", "--changed-since", "main"]);
    assert_eq!(again.stdout, outcome.stdout);
    let without = folder.run(&["lint", "--format", "suggestions"]);
    assert_eq!((without.code, without.stdout.as_str()), (2, ""));
}
