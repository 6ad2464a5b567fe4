//! Standard input and output: what is read from one, and what becomes of a reader that goes away.

use std::process::Stdio;

use crate::support::{CONFIG, FINDINGS, Folder, POLICY, fixed, outcome, program, warnings};

#[test]
fn standard_input_serves_every_configuration_of_a_run() {
    let folder = Folder::new();
    for name in ["a", "b"] {
        folder.write(format!("{name}/.iamtrim.yaml"), CONFIG.replace("findings/export.json", "nowhere.json"));
        folder.write(format!("{name}/policy.json"), POLICY);
    }
    folder.write("b/.iamtrim.yaml", format!("unused-for: 1d\n{CONFIG}"));
    let arguments = ["lint", "--findings", "-", "--format", "json"];
    let outcome = outcome(folder.command(program()).args(arguments), FINDINGS);
    let report = serde_json::from_str(&outcome.stdout).unwrap();
    assert_eq!((outcome.code, warnings(&report).len()), (1, 4), "{}", outcome.stderr);
}

#[test]
fn standard_input_can_be_named_once() {
    let folder = Folder::new();
    folder.write("policy.json", POLICY);
    for arguments in [&["lint", "--findings", "-", "--findings", "-"][..], &["refine", "--findings", "-"]] {
        let outcome = folder.run(arguments);
        assert_eq!((outcome.code, outcome.stdout.as_str()), (2, ""), "{arguments:?}");
        assert!(outcome.stderr.starts_with("error: `-` is given more than once\nhelp: "), "{}", outcome.stderr);
    }
}

#[test]
fn a_policy_goes_in_and_comes_out() {
    let folder = Folder::new();
    folder.write("policy.json", POLICY);
    let piped = outcome(folder.command(program()).args(["refine", "--findings", "findings"]), POLICY);
    assert_eq!((piped.code, piped.stdout, piped.stderr), (0, fixed(), String::new()));
    let named = folder.run(&["refine", "policy.json"]);
    assert_eq!((named.code, named.stdout, named.stderr), (0, fixed(), String::new()));
    let evidence_piped =
        outcome(folder.command(program()).args(["refine", "policy.json", "--findings", "-"]), FINDINGS);
    assert_eq!((evidence_piped.code, evidence_piped.stdout), (0, fixed()));
    assert_eq!(folder.read("policy.json"), POLICY);
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let folder = Folder::new();
    folder.write("policy.json", POLICY);
    for arguments in [&["lint"][..], &["lint", "--format", "json"], &["lint", "--diff"], &["policies"], &["rule"]] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = folder.command(program());
        let status = command.args(arguments).stdin(Stdio::null()).stdout(writer).status().unwrap();
        assert_eq!(status.code(), Some(0), "{arguments:?}");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_is_a_failure() {
    let folder = Folder::new();
    folder.write("policy.json", POLICY);
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let mut command = folder.command(program());
    assert_eq!(command.arg("lint").stdout(full).stderr(Stdio::null()).status().unwrap().code(), Some(2));
}

#[test]
fn a_report_goes_to_the_file_that_is_named() {
    let folder = Folder::new();
    folder.write("policy.json", POLICY);
    let printed = folder.run(&["lint", "--format", "json"]);
    let written = folder.run(&["lint", "--format", "json", "--output", "report.json"]);
    assert_eq!((written.code, written.stdout.as_str(), folder.read("report.json")), (1, "", printed.stdout));
    let diff = folder.run(&["lint", "--diff", "--output", "fix.diff"]);
    assert_eq!((diff.code, diff.stdout.as_str()), (1, ""));
    assert!(folder.read("fix.diff").starts_with("--- a/policy.json\n+++ b/policy.json\n"));
    let nowhere = folder.run(&["lint", "--output", "nowhere/report.txt"]);
    assert_eq!((nowhere.code, nowhere.stdout.as_str()), (2, ""));
    assert!(nowhere.stderr.starts_with("error: nowhere/report.txt: cannot write: "), "{}", nowhere.stderr);
}

#[test]
#[cfg(target_os = "linux")]
fn a_report_for_a_stream_stands_between_what_else_is_written_there() {
    let folder = Folder::new();
    folder.write("policy.json", POLICY);
    let logged = |command: &str, into: &str| {
        let script = format!("(echo before; {command}; echo after) {into} log");
        let status = std::process::Command::new("sh")
            .args(["-c", &script, env!("CARGO_BIN_EXE_iamtrim")])
            .current_dir(folder.path("."))
            .stderr(Stdio::null())
            .status();
        assert!(status.unwrap().success());
        let log = std::fs::read_to_string(folder.path("log")).unwrap();
        std::fs::remove_file(folder.path("log")).unwrap();
        log
    };
    let expected = logged("\"$0\" lint", ">");
    assert!(expected.starts_with("before\nwarning[unused-action]") && expected.ends_with("after\n"), "{expected}");
    for into in [">", ">>"] {
        assert_eq!(logged("\"$0\" lint --output /dev/stdout", into), expected, "{into}");
    }
}
