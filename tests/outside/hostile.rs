//! Whatever else lies in a repository, the good policy beside it is reported in full.

use serde_json::Value;

use crate::support::{Folder, POLICY, outcome, program, unread, warnings};

const GOOD: [&str; 2] = ["good.json:6:37 unused-action", "good.json:6:55 partly-used-wildcard"];

/// Bytes without pattern, the same each time.
fn noise(length: usize, except_nul: bool) -> Vec<u8> {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut bytes = Vec::with_capacity(length);
    while bytes.len() < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend(state.to_le_bytes().into_iter().filter(|byte| !except_nul || *byte != 0));
    }
    bytes
}

fn about<'r>(report: &'r Value, path: &str) -> Vec<&'r Value> {
    report["diagnostics"].as_array().unwrap().iter().filter(|diagnostic| diagnostic["path"] == path).collect()
}

/// `lint` with bounded memory: what is too much ends the process.
pub(crate) fn lint_bounded(folder: &Folder) -> Value {
    let mut command = if cfg!(target_os = "linux") {
        let mut shell = folder.command("sh");
        shell.args(["-c", "ulimit -v 1000000; exec \"$0\" \"$@\"", program()]);
        shell
    } else {
        folder.command(program())
    };
    // Each thread reserves room of its own, used or not.
    let outcome = outcome(command.env("RAYON_NUM_THREADS", "2").args(["lint", "--format", "json"]), "");
    assert_eq!((outcome.code, outcome.stderr.as_str()), (1, ""), "{}", outcome.stdout);
    serde_json::from_str(&outcome.stdout).unwrap()
}

#[test]
fn the_good_policy_is_reported_whatever_lies_beside_it() {
    let folder = Folder::new();
    folder.write("good.json", POLICY);
    let (alone, _) = folder.lint(&[]);
    assert_eq!(warnings(&alone), GOOD);

    folder.write("noise.json", noise(100_000, false));
    folder.write("noise-and-words.json", [b"Statement Action Effect".to_vec(), noise(100_000, true)].concat());
    folder.write("brackets.json", "[".repeat(200_000));
    folder.write("nested.json", format!("{}{POLICY}{}", "[".repeat(200_000), "]".repeat(200_000)));
    folder.write("latin1.json", [POLICY.as_bytes(), b"caf\xE9"].concat());
    folder.write("cut.json", &POLICY[..POLICY.len() / 2]);
    folder.write("words.txt", "Statement, Action and Effect are words of policies");
    folder.write("large.json", format!("{POLICY}{}", " ".repeat(17 << 20)));
    let sparse = std::fs::File::create(folder.path("sparse.json")).unwrap();
    sparse.set_len(1 << 30).unwrap();
    let report = lint_bounded(&folder);

    assert_eq!(warnings(&report), GOOD);
    assert_eq!(about(&report, "good.json"), about(&alone, "good.json"));
    assert_eq!(
        unread(&report),
        [
            "cut.json: not JSON: expected value after colon in object property",
            "large.json: larger than 16 MiB",
            "latin1.json: not UTF-8 at byte 188, line 11",
            "nested.json: not JSON: maximum nesting depth exceeded",
            "noise-and-words.json: not UTF-8 at byte 23, line 1",
        ]
    );
}

#[test]
fn a_long_line_is_a_line() {
    let folder = Folder::new();
    let one_line: String = POLICY.split_whitespace().collect::<Vec<_>>().concat();
    let filler = format!(r#"{{"name":"{}","list":[1,2,3]}},"#, "value".repeat(200));
    folder.write("long.json", format!("[{}{one_line}]", filler.repeat(10_000_000 / filler.len())));
    let report = lint_bounded(&folder);
    let column = 1 + 10_000_000 / filler.len() * filler.len() + 1;
    let at = |entry: &str| column + one_line.find(entry).unwrap();
    let expected = [
        format!("long.json:1:{} unused-action", at("\"sqs:PurgeQueue")),
        format!("long.json:1:{} partly-used-wildcard", at("\"dynamodb:*Table")),
    ];
    assert_eq!(warnings(&report), expected);
    let human = folder.run(&["lint"]);
    assert_eq!(human.code, 1);
    assert!(human.stdout.len() < 100_000, "a line of 10 MB is not printed: {}", human.stdout.len());
}

#[test]
fn what_is_no_hcl_is_told_and_holds_nothing_else_back() {
    let folder = Folder::new();
    folder.write("good.json", POLICY);
    let (alone, _) = folder.lint(&[]);
    let opened = ["[", "{a=", "(", "f(", "\"${", "a {\n", "!", "a+", "a?a:", "<<E\n${", "%{if a}", "\"%{if a}"];
    for (index, open) in opened.iter().enumerate() {
        folder.write(format!("deep{index}/main.tf"), format!("x = {}", open.repeat(100_000)));
        folder.write(format!("deep{index}/blocks.tf"), open.repeat(100_000));
    }
    let cut = [
        "x = \"Statement",
        "x = <<EOF\n{\"Statement\":",
        "x = <<-EOF\n",
        "x = \"${",
        "x = [",
        "a {",
        "x = \"\\",
        "x = /*",
    ];
    for (index, text) in cut.iter().enumerate() {
        folder.write(format!("cut{index}/main.tf"), *text);
    }
    folder.write("noise/main.tf", noise(100_000, true));
    folder.write("json/main.tf.json", format!("{{\"resource\":{}", "[".repeat(100_000)));
    folder.write("json/keys.tf.json", format!("{}1{}", "{\"resource\":".repeat(400), "}".repeat(400)));
    folder.write("loop/main.tf", LOOP);
    let report = lint_bounded(&folder);
    assert_eq!(warnings(&report), GOOD);
    assert_eq!(about(&report, "good.json"), about(&alone, "good.json"));
    let unread = unread(&report);
    assert!(unread.iter().any(|line| line.starts_with("cut0/main.tf: not HCL")), "{unread:?}");
    assert!(unread.iter().any(|line| line.starts_with("noise/main.tf: not UTF-8")), "{unread:?}");
}

/// A module that calls itself, whose values are one another.
const LOOP: &str = r#"
locals {
  a = local.b
  b = local.a
}
module "m" {
  source = "./"
  a      = module.m.a
}
output "a" {
  value = var.a
}
variable "a" {}
resource "aws_iam_role_policy" "p" {
  role   = local.a
  policy = module.m.a
}
"#;

#[test]
fn a_long_line_of_hcl_is_a_line() {
    let folder = Folder::new();
    let entries = format!("/* {} */ \"s3:GetObject\", ", "long ".repeat(200_000));
    let list = format!("[{entries}\"sqs:PurgeQueue\", \"dynamodb:*Table\"]");
    let statement = format!("statement {{\nactions = {list}\nresources = [\"*\"]\n}}\n");
    folder.write("main.tf", format!("data \"aws_iam_policy_document\" \"d\" {{\n{statement}}}\n"));
    let column = "actions = [".len() + entries.len() + 1;
    let expected = [
        format!("main.tf:3:{column} unused-action"),
        format!("main.tf:3:{} partly-used-wildcard", column + "\"sqs:PurgeQueue\", ".len()),
    ];
    assert_eq!(warnings(&lint_bounded(&folder)), expected);
    let human = folder.run(&["lint"]);
    assert!(human.stdout.len() < 100_000, "a line of 1 MB is not printed: {}", human.stdout.len());
}

#[test]
fn line_ends_and_marks_move_no_place() {
    let folder = Folder::new();
    folder.write("crlf.json", POLICY.replace('\n', "\r\n"));
    folder.write("mark.json", format!("\u{feff}{POLICY}"));
    let places = ["crlf.json", "mark.json"].map(|name| GOOD.map(|line| line.replace("good.json", name))).concat();
    assert_eq!(warnings(&folder.lint(&[]).0), places);
}

#[cfg(unix)]
mod on_unix {
    use std::ffi::OsStr;
    use std::fs;
    use std::os::unix::ffi::OsStrExt as _;
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    #[test]
    fn links_and_pipes_are_passed_over_and_never_waited_for() {
        let folder = Folder::new();
        folder.write("good.json", POLICY);
        fs::create_dir(folder.path("loop")).unwrap();
        symlink("..", folder.path("loop/up")).unwrap();
        symlink("self.json", folder.path("self.json")).unwrap();
        symlink("nowhere.json", folder.path("dangling.json")).unwrap();
        symlink("good.json", folder.path("link.json")).unwrap();
        outcome(folder.command("mkfifo").arg("pipe.json"), "");
        let report = lint_bounded(&folder);
        assert_eq!((warnings(&report), unread(&report)), (GOOD.map(str::to_owned).to_vec(), vec![]));
        let (report, code) = folder.lint(&["pipe.json"]);
        assert_eq!((code, unread(&report)), (0, vec!["pipe.json: not a regular file".to_owned()]));
        let findings = folder.run(&["lint", "--findings", "pipe.json"]);
        assert_eq!(findings.stderr, "error: pipe.json: cannot read the findings: not a regular file\n");
        assert_eq!(findings.code, 2);
    }

    #[test]
    fn what_may_not_be_read_is_told() {
        let folder = Folder::new();
        folder.write("good.json", POLICY);
        folder.write("locked/policy.json", POLICY);
        folder.write("secret.json", POLICY);
        let (locked, secret) = (folder.path("locked"), folder.path("secret.json"));
        for path in [&locked, &secret] {
            fs::set_permissions(path, fs::Permissions::from_mode(0o0)).unwrap();
        }
        let is_root = fs::read_dir(&locked).is_ok();
        let (report, _) = folder.lint(&[]);
        fs::set_permissions(&locked, fs::Permissions::from_mode(0o755)).unwrap();
        if is_root {
            assert_eq!((warnings(&report).len(), unread(&report).len()), (6, 0));
        } else {
            assert_eq!(warnings(&report), GOOD);
            assert_eq!(unread(&report), ["locked: permission denied", "secret.json: permission denied"]);
        }
    }

    #[test]
    fn names_of_any_bytes_are_shown_as_text_that_does_nothing() {
        let folder = Folder::new();
        let names: [(&[u8], &str); 4] = [
            (b"\n::error::x.json", "\n::error::x.json"),
            (b"caf\xE9.json", "caf%E9.json"),
            (b"red\x1b[31m.json", "red\x1b[31m.json"),
            (b"##[error].json", "##[error].json"),
        ];
        for (name, _) in names {
            folder.write(OsStr::from_bytes(name), POLICY);
        }
        let (report, code) = folder.lint(&["--verbose"]);
        let mut expected = names.map(|(_, shown)| GOOD.map(|line| line.replace("good.json", shown))).concat();
        expected.sort();
        let mut found = warnings(&report);
        found.sort();
        assert_eq!((code, found), (1, expected));
        for arguments in
            [&["lint", "--verbose"][..], &["policies"], &["lint", "--format", "json"], &["lint", "nowhere\n::error::"]]
        {
            let outcome = folder.run(arguments);
            let text = format!("{}{}", outcome.stdout, outcome.stderr);
            assert!(!text.contains('\x1b') && !text.contains("##["), "{text}");
            assert!(!text.lines().any(|line| line.trim_start().starts_with("::")), "{text}");
        }
        assert_eq!(folder.lint(&["--fix"]).1, 0);
    }
}
