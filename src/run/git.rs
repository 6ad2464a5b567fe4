//! What git says: the program itself, asked in the folder of a repository.

use std::path::Path;
use std::process::{Command, Stdio};

/// What git prints; `None` if it fails or is not there.
pub(super) fn output(root: &Path, arguments: &[&str], paths: &[&Path]) -> Option<Vec<u8>> {
    let output = Command::new("git")
        .args([
            "--literal-pathspecs",
            "--no-optional-locks",
            "-c",
            "core.fsmonitor=false",
            "-c",
            "core.quotePath=false",
        ])
        .arg("-C")
        .arg(root)
        .args(arguments)
        .arg("--")
        .args(paths)
        // In a hook they name the repository of the commit, which need not be this one.
        .env_remove("GIT_DIR")
        .env_remove("GIT_WORK_TREE")
        .env("LC_ALL", "C")
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .ok()?;
    output.status.success().then_some(output.stdout)
}
