//! What each format for CI makes of one folder, whole: `tests/formats/expected`, which `BLESS=1` writes anew.

#![expect(
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test makes the files that the program reads, and may fail"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

fn of_tests(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/formats").join(path)
}

/// The folder, where no git knows it.
fn folder() -> tempfile::TempDir {
    let copy = tempfile::tempdir().unwrap();
    fs::create_dir(copy.path().join("findings")).unwrap();
    for name in [".iamtrim.yaml", "app.json", "app-broad.json", "cut.json", "findings/export.json"] {
        fs::copy(of_tests("folder").join(name), copy.path().join(name)).unwrap();
    }
    copy
}

fn lint(folder: &Path, format: &str) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_iamtrim"));
    command.current_dir(folder).args(["lint", "--format", format]).env_remove("PRE_COMMIT");
    let output = command.output().unwrap();
    assert_eq!((output.status.code(), String::from_utf8(output.stderr).unwrap().as_str()), (Some(1), ""));
    String::from_utf8(output.stdout).unwrap()
}

/// The rules' own documentation is compared by its own tests.
fn without_documentation(sarif: &str) -> String {
    let mut value: Value = serde_json::from_str(sarif).unwrap();
    let rules = value["runs"][0]["tool"]["driver"]["rules"].as_array_mut().unwrap();
    for rule in rules {
        let help = rule.as_object_mut().unwrap().remove("help").unwrap();
        assert!(help["text"].as_str().unwrap().contains("## Why it matters"), "{help}");
    }
    format!("{}\n", serde_json::to_string_pretty(&value).unwrap())
}

#[test]
fn each_format_prints_what_is_written_down() {
    let folder = folder();
    let formats = [
        ("github", "github.txt"),
        ("gitlab", "gitlab.json"),
        ("junit", "junit.xml"),
        ("markdown", "summary.md"),
        ("rdjson", "rdjson.json"),
        ("sarif", "report.sarif"),
    ];
    for (format, name) in formats {
        let printed = lint(folder.path(), format);
        let printed = if format == "sarif" { without_documentation(&printed) } else { printed };
        let expected = of_tests("expected").join(name);
        if std::env::var_os("BLESS").is_some() {
            fs::write(&expected, &printed).unwrap();
        }
        assert_eq!(printed, fs::read_to_string(&expected).unwrap(), "{format}");
    }
}

#[test]
fn one_run_prints_what_each_format_prints_alone() {
    let (folder, out) = (folder(), tempfile::tempdir().unwrap());
    let formats = ["github", "gitlab", "human", "json", "junit", "markdown", "rdjson", "sarif"];
    let mut command = Command::new(env!("CARGO_BIN_EXE_iamtrim"));
    command.current_dir(folder.path()).args(["lint", "--fail-on=never"]).env_remove("PRE_COMMIT");
    for format in formats {
        command.arg(format!("--report={format}={}", out.path().join(format).display()));
    }
    let output = command.output().unwrap();
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), &b""[..]));
    assert_eq!(String::from_utf8(output.stdout).unwrap(), lint(folder.path(), "human"));
    for format in formats {
        let reported = fs::read_to_string(out.path().join(format)).unwrap();
        assert_eq!(reported, lint(folder.path(), format), "{format}");
    }
}

#[test]
fn a_report_that_cannot_be_written_is_named() {
    let folder = folder();
    for (report, said) in [
        ("sarif", "write a format, `=`, and a file"),
        ("xml=a", "there is no format `xml`"),
        ("sarif=nowhere/a", "nowhere/a"),
        ("suggestions=a", "--changed-since"),
    ] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_iamtrim"));
        let output = command.current_dir(folder.path()).args(["lint", "--report", report]).output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{stderr}");
        assert!(stderr.contains(said), "{stderr}");
    }
}
