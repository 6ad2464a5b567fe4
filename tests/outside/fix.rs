//! What `lint --fix` writes, and what it leaves alone.

use crate::support::{Folder, POLICY, fixed, fixes, outcome, program, unread, warnings};

/// How a file lays out its text.
type Layout = fn(&str) -> String;

#[test]
fn only_what_changes_is_rewritten_whatever_the_layout() {
    let folder = Folder::new();
    let layouts: [(&str, Layout); 4] = [
        ("plain.json", str::to_owned),
        ("crlf.json", |text| text.replace('\n', "\r\n")),
        ("mark.json", |text| format!("\u{feff}{text}")),
        ("tabs.json", |text| text.replace("  ", "\t").trim_end().to_owned()),
    ];
    for (name, layout) in layouts {
        folder.write(name, layout(POLICY));
    }
    let (report, code) = folder.lint(&["--fix"]);
    assert_eq!((code, &report["summary"]["fixed"]), (0, &8.into()));
    for (name, layout) in layouts {
        assert_eq!(folder.read(name), layout(&fixed()), "{name}");
    }
    let (report, code) = folder.lint(&["--fix"]);
    assert_eq!((code, &report["summary"]["fixed"], warnings(&report).len()), (0, &0.into(), 0));
    for (name, layout) in layouts {
        assert_eq!(folder.read(name), layout(&fixed()), "{name}");
    }
    assert_eq!(folder.names("."), [".iamtrim.yaml", "crlf.json", "findings", "mark.json", "plain.json", "tabs.json"]);
}

#[test]
fn a_policy_with_comments_is_reported_but_not_rewritten() {
    let folder = Folder::new();
    let text = POLICY.replace("\"Version\"", "// reviewed\n  \"Version\"");
    folder.write("policy.json", &text);
    let (report, code) = folder.lint(&["--fix=all"]);
    assert_eq!(code, 1);
    assert_eq!(warnings(&report), ["policy.json:7:37 unused-action", "policy.json:7:55 partly-used-wildcard"]);
    let reason = "a second, strict reader does not accept the file, so the edit cannot be checked";
    assert_eq!(fixes(&report), [format!("policy.json display-only: {reason}")]);
    assert_eq!(folder.read("policy.json"), text);
}

#[test]
fn a_policy_that_says_a_key_twice_is_not_guessed_at() {
    let folder = Folder::new();
    let text = POLICY.replace("\"Effect\"", "\"Action\": \"sqs:*\",\n      \"Effect\"");
    folder.write("policy.json", &text);
    let (report, code) = folder.lint(&["--fix=all"]);
    assert_eq!((code, unread(&report)), (0, vec!["policy.json: the key `Action` stands twice".to_owned()]));
    assert_eq!(folder.lint(&["--strict"]).1, 1);
    assert_eq!(folder.read("policy.json"), text);
}

#[test]
fn a_diff_writes_nothing_and_is_what_patch_takes() {
    let folder = Folder::new();
    folder.write("a/policy.json", POLICY);
    let shown = folder.run(&["lint", "--diff"]);
    assert_eq!((shown.code, folder.read("a/policy.json").as_str()), (1, POLICY));
    folder.git(".", &["init", "--quiet"]);
    folder.write("fix.diff", &shown.stdout);
    folder.git(".", &["apply", "fix.diff"]);
    assert_eq!(folder.read("a/policy.json"), fixed());
    let again = folder.run(&["lint", "--diff"]);
    assert_eq!((again.code, again.stdout.as_str()), (0, ""));
}

#[test]
fn only_what_is_named_is_written() {
    let folder = Folder::new();
    folder.write("a/policy.json", POLICY);
    folder.write("b/policy.json", POLICY);
    let (report, code) = folder.lint(&["--fix", "--config", ".iamtrim.yaml", "a"]);
    assert_eq!((code, &report["summary"]["fixed"]), (0, &2.into()));
    assert_eq!((folder.read("a/policy.json"), folder.read("b/policy.json")), (fixed(), POLICY.to_owned()));
}

#[cfg(unix)]
mod on_unix {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    #[test]
    fn the_mode_of_a_file_stays() {
        let folder = Folder::new();
        folder.write("policy.json", POLICY);
        fs::set_permissions(folder.path("policy.json"), fs::Permissions::from_mode(0o640)).unwrap();
        assert_eq!(folder.lint(&["--fix"]).1, 0);
        assert_eq!(folder.read("policy.json"), fixed());
        assert_eq!(fs::metadata(folder.path("policy.json")).unwrap().permissions().mode() & 0o777, 0o640);
    }

    #[test]
    fn a_link_out_of_the_repository_is_not_written_through() {
        let (folder, elsewhere) = (Folder::new(), Folder::new());
        folder.git(".", &["init", "--quiet"]);
        elsewhere.write("policy.json", POLICY);
        symlink(elsewhere.path("policy.json"), folder.path("link.json")).unwrap();
        let (report, code) = folder.lint(&["--fix=all"]);
        assert_eq!((code, warnings(&report).len()), (0, 0), "a link met on the way is passed over");
        let (report, code) = folder.lint(&["--fix=all", "link.json"]);
        assert_eq!((code, warnings(&report).len()), (1, 2));
        assert_eq!(fixes(&report), ["link.json display-only: it lies outside of the repository"]);
        assert_eq!(elsewhere.read("policy.json"), POLICY);
        assert!(folder.path("link.json").is_symlink());
    }

    #[test]
    fn a_link_inside_of_the_repository_leads_to_the_file() {
        let folder = Folder::new();
        folder.git(".", &["init", "--quiet"]);
        folder.write("a/policy.json", POLICY);
        symlink("a/policy.json", folder.path("link.json")).unwrap();
        let (report, code) = folder.lint(&["--fix", "link.json"]);
        assert_eq!((code, &report["summary"]["fixed"]), (0, &2.into()));
        assert_eq!(folder.read("a/policy.json"), fixed());
        assert!(folder.path("link.json").is_symlink());
    }

    #[test]
    fn a_folder_that_takes_no_files_keeps_its_policy() {
        let folder = Folder::new();
        folder.write("locked/policy.json", POLICY);
        let locked = folder.path("locked");
        fs::set_permissions(&locked, fs::Permissions::from_mode(0o555)).unwrap();
        let is_root = fs::write(locked.join("probe"), "").is_ok();
        let (report, code) = folder.lint(&["--fix"]);
        fs::set_permissions(&locked, fs::Permissions::from_mode(0o755)).unwrap();
        if !is_root {
            let why = "locked/policy.json: not fixed: cannot create a temporary file beside it: permission denied";
            assert_eq!((code, unread(&report)), (1, vec![why.to_owned()]));
            assert_eq!(folder.read("locked/policy.json"), POLICY);
            assert_eq!(folder.names("locked"), ["policy.json"]);
        }
    }

    // The limit makes every write of a file fail, for root too; the signal it sends is ignored, as on a full disk.
    #[test]
    fn a_write_that_fails_leaves_all_as_it_was_and_is_an_error() {
        let folder = Folder::new();
        folder.write("policies/policy.json", POLICY);
        let script = "trap '' XFSZ; ulimit -f 0; exec \"$0\" lint --fix --format json";
        let outcome = outcome(folder.command("sh").args(["-c", script, program()]), "");
        let report = serde_json::from_str(&outcome.stdout).unwrap();
        assert_eq!(outcome.code, 1);
        let [why] = &unread(&report)[..] else { panic!("{report}") };
        assert!(why.starts_with("policies/policy.json: not fixed: cannot write a temporary file beside it: "), "{why}");
        assert_eq!(warnings(&report).len(), 3, "{report}");
        assert_eq!(folder.read("policies/policy.json"), POLICY);
        assert_eq!(folder.names("policies"), ["policy.json"]);
    }
}

#[test]
fn what_a_comment_allows_stays_also_beside_a_policy_that_is_a_text() {
    let list = "Statement:\n  - Effect: Allow\n    Resource: \"*\"\n    Action:\n      - sqs:SendMessage\n      - sqs:PurgeQueue";
    let text = "policy: '{\"Statement\":[{\"Effect\":\"Allow\",\"Action\":[\"sqs:SendMessage\",\"sqs:PurgeQueue\"],\"Resource\":\"*\"}]}'";
    for policy in [list, text] {
        let folder = Folder::new();
        folder.write("policy.yaml", format!("{policy}\n"));
        assert_eq!(folder.lint(&[]).1, 1, "{policy}");
        let allowed = format!("{policy} # iamtrim: allow[unused-action] in the runbook\n");
        folder.write("policy.yaml", &allowed);
        let (report, code) = folder.lint(&["--fix=all"]);
        assert_eq!((code, folder.read("policy.yaml")), (0, allowed));
        assert_eq!(report["diagnostics"][0]["suppressed"], "in the runbook");
    }
}
