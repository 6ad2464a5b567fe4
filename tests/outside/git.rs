//! Real repositories: what git ignores, where a repository begins and ends, and which configuration governs what.

use crate::support::{CONFIG, Folder, POLICY, fixed, fixes, warnings};

fn repository() -> Folder {
    let folder = Folder::new();
    folder.git(".", &["init", "--quiet"]);
    folder
}

const BOTH: [&str; 2] = ["policy.json:6:37 unused-action", "policy.json:6:55 partly-used-wildcard"];

fn both(path: &str) -> Vec<String> {
    BOTH.map(|line| line.replace("policy.json", path)).to_vec()
}

#[test]
fn what_git_ignores_is_passed_over_and_never_written() {
    let folder = repository();
    folder.write(".gitignore", "build/\n");
    folder.write(".git/info/exclude", "local.json\n");
    folder.write("module/.terraform/policy.json", POLICY);
    folder.write("build/policy.json", POLICY);
    folder.write("local.json", POLICY);
    folder.write("policy.json", POLICY);
    let (report, _) = folder.lint(&[]);
    assert_eq!(warnings(&report), both("policy.json"));
    for path in ["build/policy.json", "local.json", "module/.terraform/policy.json"] {
        let (report, code) = folder.lint(&["--fix=all", path]);
        assert_eq!((code, warnings(&report)), (1, both(path)));
        assert_eq!(fixes(&report), [format!("{path} display-only: git ignores it")]);
        assert_eq!(folder.read(path), POLICY);
    }
    let (report, _) = folder.lint(&["--no-ignore"]);
    assert_eq!(warnings(&report), ["build/policy.json", "local.json", "policy.json"].map(both).concat());
    folder.lint(&["--no-ignore", "--fix=all"]);
    let texts = ["build/policy.json", "local.json", "policy.json"].map(|path| folder.read(path));
    assert_eq!(texts, [POLICY, POLICY, &fixed()]);
}

#[test]
fn what_is_found_does_not_depend_on_where_the_user_is_or_what_is_named() {
    let folder = repository();
    folder.write("a/deep/policy.json", POLICY);
    folder.write("b/policy.json", POLICY);
    let (all, _) = folder.lint(&[]);
    assert_eq!(warnings(&all), [both("a/deep/policy.json"), both("b/policy.json")].concat());
    let of_a: Vec<_> =
        all["diagnostics"].as_array().unwrap().iter().filter(|d| d["path"] == "a/deep/policy.json").collect();
    for (folder_of_user, named) in
        [("", "a"), ("a", "."), ("b", "../a"), ("a/deep", "policy.json"), ("findings", "../a")]
    {
        let (some, code) = folder.lint_in(folder_of_user, &[named]);
        assert_eq!(code, 1);
        assert_eq!(some["diagnostics"].as_array().unwrap().iter().collect::<Vec<_>>(), of_a, "{named}");
    }
}

#[test]
fn the_nearest_configuration_governs_up_to_the_root_of_the_repository() {
    let folder = Folder::new();
    folder.write("repository/policy.json", POLICY);
    folder.write("repository/nested/policy.json", POLICY);
    folder.git("repository", &["init", "--quiet"]);
    let outcome = folder.run_in("repository", &["lint"]);
    assert_eq!((outcome.code, outcome.stdout.as_str()), (2, ""), "what lies above the root does not count");
    assert!(outcome.stderr.starts_with("error: there are no findings to match policies with\nhelp: "));
    folder.write("repository/nested/.iamtrim.yaml", CONFIG);
    folder.write("repository/nested/findings/export.json", crate::support::FINDINGS);
    let (report, code) = folder.lint_in("repository", &[]);
    assert_eq!((code, warnings(&report)), (1, both("nested/policy.json")));
    let (report, code) = folder.lint_in("repository", &["--config", "nested/.iamtrim.yaml"]);
    assert_eq!((code, warnings(&report)), (1, [both("nested/policy.json"), both("policy.json")].concat()));
}

#[test]
fn a_broken_configuration_is_told_with_its_place_wherever_it_lies() {
    let folder = repository();
    folder.write("policy.json", POLICY);
    folder.write("nested/.iamtrim.yaml", "max-age: 90d\nfinding: [a]\n");
    let outcome = folder.run(&["lint", "policy.json"]);
    assert_eq!((outcome.code, outcome.stdout.as_str()), (2, ""));
    assert_eq!(
        outcome.stderr,
        "error: nested/.iamtrim.yaml:2:1: unknown key `finding`\nhelp: did you mean `findings`?\n"
    );
}

#[test]
fn a_repository_in_a_repository_stands_under_its_own_rules() {
    let folder = repository();
    folder.write(".gitignore", "*.json\n");
    folder.write("inner/policy.json", POLICY);
    folder.git("inner", &["init", "--quiet"]);
    let (report, _) = folder.lint(&[]);
    assert_eq!(warnings(&report), both("inner/policy.json"));
}

#[test]
fn a_submodule_and_a_work_tree_are_repositories_of_their_own() {
    let folder = repository();
    let origin = repository();
    origin.write("policy.json", POLICY);
    origin.git(".", &["add", "--all"]);
    origin.git(".", &["commit", "--quiet", "--message", "Add a policy"]);
    let url = origin.path("").display().to_string();
    folder.git(".", &["submodule", "--quiet", "add", &url, "module"]);
    folder.git(".", &["add", "--all"]);
    folder.git(".", &["commit", "--quiet", "--message", "Add a submodule"]);
    folder.git("module", &["worktree", "add", "--quiet", "--detach", "../beside"]);
    assert_eq!(warnings(&folder.lint_in("module", &[]).0), both("policy.json"));
    assert_eq!(warnings(&folder.lint_in("beside", &[]).0), both("policy.json"));
    assert_eq!(warnings(&folder.lint(&["module"]).0), both("policy.json"));
    folder.write(".git/modules/module/info/exclude", "policy.json\n");
    for inside in ["module", "beside"] {
        let (report, _) = folder.lint_in(inside, &["--fix", "policy.json"]);
        assert_eq!(fixes(&report), ["policy.json display-only: git ignores it"], "{inside}");
    }
    folder.write(".git/modules/module/info/exclude", "");
    assert_eq!(folder.lint_in("beside", &["--fix"]).1, 0);
    assert_eq!((folder.read("beside/policy.json"), folder.read("module/policy.json")), (fixed(), POLICY.to_owned()));
}

#[test]
fn what_configurations_share_is_said_once_and_those_not_concerned_are_left_alone() {
    let folder = repository();
    let idle = crate::support::FINDINGS.replace("role/app", "role/idle");
    folder.write("idle.json", idle);
    for name in ["a", "b"] {
        folder.write(format!("{name}/.iamtrim.yaml"), CONFIG.replace("max-age: never", "max-age: 1d"));
        folder.write(format!("{name}/findings/export.json"), crate::support::FINDINGS);
        folder.write(format!("{name}/policy.json"), POLICY);
    }
    let rules = |(report, _): (serde_json::Value, i32), rule: &str| {
        let all = crate::support::diagnostics(&report, |_| true).into_iter();
        all.filter(|line| line.ends_with(rule)).collect::<Vec<_>>()
    };
    let shared = ["--now", "2026-10-15", "--findings", "a/findings", "--findings", "idle.json"];
    let (exports, stale) = (["a/findings/export.json:1:1 ", "idle.json:1:1 "], "stale-findings");
    assert_eq!(rules(folder.lint(&shared), stale), exports.map(|export| format!("{export}{stale}")));
    assert_eq!(rules(folder.lint(&shared), "unmatched-finding"), ["idle.json:1:1 unmatched-finding"]);
    folder.write("b/.iamtrim.yaml", "findings: [nowhere]\n");
    assert_eq!(rules(folder.lint(&["--now", "2026-10-15", "a"]), stale), ["a/findings/export.json:1:1 stale-findings"]);
    assert_eq!(folder.run(&["lint", "b"]).code, 2);
}
