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
