//! Files made to take time, memory or the stack: each is told in a line, and the good policy beside it is reported.

use std::fmt::Write as _;

use crate::hostile::lint_bounded;
use crate::support::{Folder, POLICY, fixed, outcome, program, unread, warnings};

const GOOD: [&str; 2] = ["good.json:6:37 unused-action", "good.json:6:55 partly-used-wildcard"];

const WORDS: &str = "# Statement Action Effect\n";

/// `path: message` of the files that could not be read, each beside the good policy.
fn refused(files: &[(&str, String)]) -> Vec<String> {
    let folder = Folder::new();
    folder.write("good.json", POLICY);
    for (name, text) in files {
        folder.write(name, text);
    }
    let report = lint_bounded(&folder);
    assert_eq!(warnings(&report), GOOD);
    unread(&report)
}

#[test]
fn nesting_of_any_kind_is_followed_only_so_far() {
    let deep = |open: &str, inner: &str, close: &str| {
        format!("{WORDS}a: {}{inner}{}\n", open.repeat(100_000), close.repeat(100_000))
    };
    let yaml = [
        ("block.yaml", format!("{WORDS}{}a\n", "- ".repeat(100_000))),
        ("explicit.yaml", format!("{WORDS}{}a\n", "? ".repeat(100_000))),
        ("flow.yaml", deep("[", "", "]")),
        ("tables.yaml", deep("{a: ", "1", "}")),
        (
            "aliases.yaml",
            (1..3_000).fold(format!("{WORDS}a0: &a0 [x]\n"), |mut text, n| {
                let _ = writeln!(text, "a{n}: &a{n} [*a{}]", n - 1);
                text
            }),
        ),
    ];
    let told = refused(&yaml);
    assert_eq!(told.len(), yaml.len(), "{told:?}");
    assert!(
        told.iter().all(|told| told.contains("nested deeper than") || told.contains("recursion limit")),
        "{told:?}"
    );

    let expression = |open: &str, inner: &str, close: &str| deep(open, inner, close).replace("a: ", "a = ");
    let terraform = [
        ("list.tf", expression("[", "", "]")),
        ("object.tf", expression("{a=", "1", "}")),
        ("brackets.tf", expression("(", "1", ")")),
        ("calls.tf", expression("f(", "1", ")")),
        ("indexes.tf", expression("a[", "0", "]")),
        ("holes.tf", expression("\"${", "1", "}\"")),
        ("not.tf", expression("!", "true", "")),
        ("choices.tf", expression("a ? b : ", "1", "")),
        ("sums.tf", expression("1 + ", "1", "")),
        ("loops.tf", expression("[for x in ", "y", " : x]")),
        ("directives.tf", expression("", &format!("\"{}\"", "%{if a}".repeat(100_000)), "")),
        ("blocks.tf", format!("{WORDS}{}{}", "a {\n".repeat(100_000), "}\n".repeat(100_000))),
    ];
    let told = refused(&terraform);
    assert_eq!(told.len(), terraform.len(), "{told:?}");
    assert!(told.iter().all(|told| told.contains("not HCL: ") || told.contains("values")), "{told:?}");
}

#[test]
fn aliases_that_multiply_are_not_followed() {
    let mut bomb = format!("{WORDS}a: &a [x,x,x,x,x,x,x,x,x]\n");
    for (before, name) in ('a'..'k').zip('b'..='k') {
        let _ = writeln!(bomb, "{name}: &{name} [{}]", vec![format!("*{before}"); 9].join(","));
    }
    assert_eq!(refused(&[("bomb.yaml", bomb.clone())]), ["bomb.yaml: an alias that stands for too much"]);
    let folder = Folder::new();
    folder.write(".iamtrim.yaml", format!("{bomb}findings: *k\n"));
    let outcome = folder.run(&["lint"]);
    assert_eq!((outcome.code, outcome.stdout.as_str()), (2, ""));
}

#[test]
fn more_than_any_policy_holds_is_not_read() {
    let keys = |count: usize, sign: &str| (0..count).map(|n| format!("\"k{n}\"{sign}1")).collect::<Vec<_>>();
    let statement = r#"{"Effect":"Allow","Action":"sqs:PurgeQueue","Resource":"*"}"#;
    let policy = |statements: &str| format!("{{\"Statement\":[{statements}]}}");
    let told = refused(&[
        (
            "actions.json",
            policy(
                &statement
                    .replace(":\"sqs:PurgeQueue\"", &format!(":[{}]", vec!["\"sqs:PurgeQueue\""; 25_001].join(","))),
            ),
        ),
        ("attributes.tf", format!("{WORDS}{}\n", keys(150_001, "=").join("\n").replace('"', ""))),
        ("blocks.tf", format!("{WORDS}{}", "a {}\n".repeat(150_001))),
        ("keys.json", format!("{{\"Statement Action Effect\":{{{}}}}}", keys(350_001, ":").join(","))),
        ("keys.yaml", format!("{WORDS}{}\n", keys(350_001, ": ").join("\n"))),
        ("statements.json", policy(&vec![statement; 1_001].join(","))),
    ]);
    assert_eq!(
        told,
        [
            "actions.json: more than 25000 actions, which IAM accepts in no policy",
            "attributes.tf: more than 150000 values",
            "blocks.tf: more than 150000 values",
            "keys.json: more than 350000 values",
            "keys.yaml: more than 350000 values",
            "statements.json: more than 1000 statements, which IAM accepts in no policy",
        ]
    );
}

#[test]
fn every_service_at_once_is_refined() {
    let (folder, catalog) = (Folder::new(), iamtrim::catalog::Catalog::embedded());
    let everything: Vec<String> = catalog.services().map(|service| format!("{}:*", service.prefix())).collect();
    let statement = serde_json::json!({ "Effect": "Allow", "Action": everything, "Resource": "*" });
    folder.write("policy.json", serde_json::json!({ "Statement": [statement] }).to_string());
    let unused = catalog.services().map(|service| {
        let names = service.actions().step_by(2).map(|action| action.name);
        serde_json::json!({ "serviceNamespace": service.prefix(), "actions": names.collect::<Vec<_>>() })
    });
    folder.write("unused.json", serde_json::Value::from_iter(unused).to_string());
    let outcome = folder.run(&["refine", "policy.json", "--findings", "unused.json"]);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    let refined: serde_json::Value = serde_json::from_str(&outcome.stdout).unwrap();
    let kept = catalog.services().map(|service| service.actions().skip(1).step_by(2).count()).sum::<usize>();
    let entries = refined["Statement"][0]["Action"].as_array().unwrap().len();
    assert!((everything.len()..=kept).contains(&entries), "{entries} of {kept}");
}

// What grows with the square of the input would not end here, in a build without optimizations.
#[test]
fn what_is_large_takes_time_by_its_size_only() {
    let folder = Folder::new();
    let policy = r#"{"Statement":[{"Effect":"Allow","Action":["sqs:SendMessage","sqs:PurgeQueue"],"Resource":"*"}]}"#;
    let keys = (0..200_000).map(|n| format!("k{n}: 1, ")).collect::<String>();
    folder.write("line.json", format!("[{}]", vec![policy; 10_000].join(",")));
    folder.write("lines.json", format!("{policy}{}", "\n".repeat(10_000_000)));
    folder.write(
        "lines.yaml",
        format!("Statement:\n- Effect: Allow\n  Resource: '*'\n  Action: sqs:PurgeQueue\n{}", "#\n".repeat(5_000_000)),
    );
    folder.write("merged.yaml", format!("{WORDS}a: &a {{{keys}}}\nb: {{<<: *a, {}}}\n", keys.replace('k', "l")));
    let report = lint_bounded(&folder);
    assert_eq!(report["summary"]["policies"], 10_002);
    let last = warnings(&report).into_iter().rfind(|line| line.starts_with("line.json"));
    let column = 2 + 9_999 * (policy.len() + 1) + policy.find("\"sqs:PurgeQueue").unwrap();
    assert_eq!(last, Some(format!("line.json:1:{column} unused-action")));
    let human = folder.run(&["lint", "line.json"]);
    assert_eq!(human.code, 1);
}

#[cfg(unix)]
mod on_unix {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    /// A policy that takes several blocks of a disk.
    fn large() -> (String, String) {
        let filler = "\n".repeat(20_000);
        (format!("{POLICY}{filler}"), format!("{}{filler}", fixed()))
    }

    #[test]
    fn devices_are_not_read() {
        let folder = Folder::new();
        folder.write("good.json", POLICY);
        symlink("/dev/zero", folder.path("zero.json")).unwrap();
        assert_eq!(warnings(&lint_bounded(&folder)), GOOD);
        for device in ["/dev/zero", "zero.json"] {
            let (report, code) = folder.lint(&["--config", ".iamtrim.yaml", device]);
            assert_eq!((code, unread(&report).len()), (0, 1), "{device}: {report}");
            for option in ["--findings", "--config", "--catalog", "--baseline"] {
                let outcome = folder.run(&["lint", option, device]);
                assert_eq!((outcome.code, outcome.stdout.as_str()), (2, ""), "{option} {device}");
            }
        }
    }

    /// The limit on the size of files fails the write at that byte, as a full disk does, for root too.
    #[test]
    fn a_write_that_fails_anywhere_leaves_the_file_as_it_was() {
        let (before, after) = large();
        let blocks = after.len() / 512 + 1;
        for limit in [0, 1, 2, blocks / 2, blocks - 1, blocks, blocks + 1] {
            let folder = Folder::new();
            folder.write("policies/policy.json", &before);
            let script = format!("trap '' XFSZ; ulimit -f {limit}; exec \"$0\" lint --fix --format json");
            let outcome = outcome(folder.command("bash").args(["-c", &script, program()]), "");
            let found = folder.read("policies/policy.json");
            assert!(found == before || found == after, "limit {limit}: {} bytes", found.len());
            assert_eq!(outcome.code, i32::from(found == before), "limit {limit}: {}", outcome.stdout);
            assert_eq!(folder.names("policies"), ["policy.json"], "limit {limit}");
        }
    }

    /// Runs a script where it may mount file systems; `None` where this machine does not let it.
    #[cfg(target_os = "linux")]
    fn with_mounts(folder: &Folder, script: &str) -> Option<crate::support::Outcome> {
        let run = |script: &str| {
            let mut command = folder.command("unshare");
            outcome(command.args(["--user", "--map-root-user", "--mount", "sh", "-ec", script, program()]), "")
        };
        let has_unshare = std::process::Command::new("unshare").arg("--version").output().is_ok();
        let may_mount = has_unshare && run("mount -t tmpfs -o size=64k none policies").code == 0;
        if !may_mount {
            println!("skipped: this machine lets nobody mount a file system");
        }
        may_mount.then(|| run(script))
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_full_disk_and_one_that_is_read_only_keep_their_files() {
        let (before, after) = large();
        let folder = Folder::new();
        fs::create_dir(folder.path("policies")).unwrap();
        folder.write("large.json", &before);
        folder.write("expected.json", &after);
        let lint = "iamtrim=$0; lint() { $iamtrim lint --fix --config .iamtrim.yaml policies 2>&1; }";
        let full = format!(
            "{lint}; mount -t tmpfs -o size=24k none policies; cp large.json policies
             lint && exit 9; cmp large.json policies/large.json; ls -A policies"
        );
        let Some(outcome) = with_mounts(&folder, &full) else { return };
        assert!(
            outcome.stdout.contains("cannot write a temporary file beside it: no space left on the disk\n"),
            "{}",
            outcome.stdout
        );
        assert!(
            outcome.stdout.ends_with("\nlarge.json\n") && outcome.code == 0,
            "{}{}",
            outcome.stdout,
            outcome.stderr
        );
        let read_only = format!(
            "{lint}; mount -t tmpfs -o size=200k none policies; cp large.json policies; mount -o remount,ro policies
             lint && exit 9; cmp large.json policies/large.json; mount -o remount,rw policies
             lint || exit 8; cmp expected.json policies/large.json; ls -A policies"
        );
        let outcome = with_mounts(&folder, &read_only).unwrap();
        assert!(outcome.stdout.contains("beside it: the file system is read-only\n"), "{}", outcome.stdout);
        assert!(
            outcome.stdout.ends_with("\nlarge.json\n") && outcome.code == 0,
            "{}{}",
            outcome.stdout,
            outcome.stderr
        );
    }
}
