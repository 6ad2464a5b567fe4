//! Folders to run the program in, and what comes of it.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use std::{fs, thread};

use serde_json::Value;

/// What nobody uses: one action that `POLICY` grants by name, and one of a wildcard.
pub(crate) const FINDINGS: &str = r#"[{
  "id": "1e952245-bcf3-48ad-a708-afa460df794b",
  "resource": "arn:aws:iam::123456789012:role/app",
  "resourceType": "AWS::IAM::Role",
  "status": "ACTIVE",
  "findingType": "UnusedPermission",
  "analyzedAt": "2026-10-12T04:31:07Z",
  "findingDetails": [
    { "unusedPermissionDetails": { "serviceNamespace": "sqs", "actions": [{ "action": "PurgeQueue" }] } },
    { "unusedPermissionDetails": { "serviceNamespace": "dynamodb", "actions": [{ "action": "DeleteTable" }] } }
  ]
}]
"#;

/// Whose all policies are, so that every fix is safe.
pub(crate) const CONFIG: &str = r#"findings: [findings/export.json]
max-age: never
bindings:
  - { policy: "**", identities: ["arn:aws:iam::123456789012:role/app"] }
"#;

pub(crate) const POLICY: &str = r#"{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Effect": "Allow",
      "Action": ["sqs:SendMessage", "sqs:PurgeQueue", "dynamodb:*Table"],
      "Resource": "*"
    }
  ]
}
"#;

/// [`POLICY`] without what nobody uses.
pub(crate) fn fixed() -> String {
    let kept = r#""dynamodb:Create*Table", "dynamodb:Describe*Table", "dynamodb:ImportTable", "dynamodb:Update*Table""#;
    POLICY.replace(r#""sqs:PurgeQueue", "dynamodb:*Table""#, kept)
}

/// A folder that is gone when the test is over.
pub(crate) struct Folder {
    folder: tempfile::TempDir,
    home: tempfile::TempDir,
}

pub(crate) struct Outcome {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Folder {
    /// With a configuration and findings, but no policy.
    pub(crate) fn new() -> Self {
        let folder = Self { folder: tempfile::tempdir().unwrap(), home: tempfile::tempdir().unwrap() };
        folder.write(".iamtrim.yaml", CONFIG);
        folder.write("findings/export.json", FINDINGS);
        folder
    }

    pub(crate) fn path(&self, path: impl AsRef<Path>) -> PathBuf {
        self.folder.path().join(path)
    }

    pub(crate) fn write(&self, path: impl AsRef<Path>, bytes: impl AsRef<[u8]>) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    pub(crate) fn read(&self, path: impl AsRef<Path>) -> String {
        fs::read_to_string(self.path(path)).unwrap()
    }

    pub(crate) fn names(&self, path: &str) -> Vec<String> {
        let entries = fs::read_dir(self.path(path)).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    /// A command that nothing of the machine's own settings reaches.
    pub(crate) fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        let removed = ["PRE_COMMIT", "XDG_CONFIG_HOME", "CLICOLOR_FORCE", "GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"];
        for name in removed {
            command.env_remove(name);
        }
        command.current_dir(self.folder.path()).env("HOME", self.home.path()).env("NO_COLOR", "1");
        command.env("GIT_CONFIG_NOSYSTEM", "1");
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Outcome {
        self.run_in("", arguments)
    }

    pub(crate) fn run_in(&self, folder: &str, arguments: &[&str]) -> Outcome {
        let mut command = self.command(program());
        outcome(command.current_dir(self.path(folder)).args(arguments), "")
    }

    /// `lint` in a folder; the report as JSON, and the exit code.
    pub(crate) fn lint_in(&self, folder: &str, arguments: &[&str]) -> (Value, i32) {
        let all: Vec<&str> = ["lint", "--format", "json"].iter().chain(arguments).copied().collect();
        let outcome = self.run_in(folder, &all);
        let report = serde_json::from_str(&outcome.stdout);
        (report.unwrap_or_else(|error| panic!("{error}: {}{}", outcome.stdout, outcome.stderr)), outcome.code)
    }

    pub(crate) fn lint(&self, arguments: &[&str]) -> (Value, i32) {
        self.lint_in("", arguments)
    }

    pub(crate) fn git(&self, folder: &str, arguments: &[&str]) {
        let mut git = self.command("git");
        git.current_dir(self.path(folder)).args(["-c", "protocol.file.allow=always", "-c", "user.name=test"]);
        git.args(["-c", "user.email=test@example.com", "-c", "init.defaultBranch=main"]);
        let outcome = outcome(git.args(arguments), "");
        assert_eq!(outcome.code, 0, "git {arguments:?}: {}", outcome.stderr);
    }
}

pub(crate) fn program() -> &'static str {
    env!("CARGO_BIN_EXE_iamtrim")
}

/// Runs a command to its end. One that hangs is ended after a time that none comes near.
pub(crate) fn outcome(command: &mut Command, stdin: &str) -> Outcome {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // Whoever does not read its input has closed it.
    let _ = child.stdin.take().unwrap().write_all(stdin.as_bytes());
    let id = child.id();
    let (mut stdout, mut stderr) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
    let readers = [thread::spawn(move || text_of(&mut stdout)), thread::spawn(move || text_of(&mut stderr))];
    let started = Instant::now();
    let status = loop {
        match child.try_wait().unwrap() {
            Some(status) => break status,
            None if started.elapsed() > Duration::from_secs(120) => {
                child.kill().unwrap();
                panic!("process {id} hangs");
            }
            None => thread::sleep(Duration::from_millis(2)),
        }
    };
    let [stdout, stderr] = readers.map(|reader| reader.join().unwrap());
    Outcome { code: status.code().unwrap_or(-1), stdout, stderr }
}

fn text_of(stream: &mut impl std::io::Read) -> String {
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).unwrap();
    String::from_utf8(bytes).unwrap()
}

/// `path:line:column rule` of each diagnostic above a note.
pub(crate) fn warnings(report: &Value) -> Vec<String> {
    diagnostics(report, |level| level != "note")
}

/// `path: message` of each file that could not be read.
pub(crate) fn unread(report: &Value) -> Vec<String> {
    let all = report["diagnostics"].as_array().unwrap().iter();
    let unread = all.filter(|diagnostic| diagnostic["rule"] == "unreadable-file");
    unread.map(|d| format!("{}: {}", d["path"].as_str().unwrap(), d["message"].as_str().unwrap())).collect()
}

pub(crate) fn diagnostics(report: &Value, wanted: impl Fn(&str) -> bool) -> Vec<String> {
    let all = report["diagnostics"].as_array().unwrap().iter();
    let wanted = all.filter(|diagnostic| wanted(diagnostic["level"].as_str().unwrap()));
    let line = |d: &Value| {
        let (path, rule) = (d["path"].as_str().unwrap(), d["rule"].as_str().unwrap());
        format!("{path}:{}:{} {rule}", d["start"]["line"], d["start"]["column"])
    };
    wanted.map(line).collect()
}

/// `path applicability: reason` of each fix.
pub(crate) fn fixes(report: &Value) -> Vec<String> {
    let all = report["fixes"].as_array().unwrap().iter();
    let line = |fix: &Value| {
        let [path, applicability] = ["path", "applicability"].map(|key| fix[key].as_str().unwrap());
        let reason = fix["withheld"].as_str().map(|reason| format!(": {reason}")).unwrap_or_default();
        format!("{path} {applicability}{reason}")
    };
    all.map(line).collect()
}
