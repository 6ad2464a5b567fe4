//! `iamtrim init`: a configuration, the entry for a hook and a workflow, where there is none of them yet.
//!
//! Asks nothing, and overwrites nothing.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use iamtrim::config;
use iamtrim::error::Error;
use iamtrim::finding::{Evidence, EvidenceBuilder, ReadOptions};
use iamtrim::init::{self, Proposal};
use iamtrim::report::inert;
use iamtrim::report::style::count;
use iamtrim::walk::{Walk, write};

use super::lint::today;
use super::progress::Progress;
use super::workspace::{self, Selection, Workspace};
use super::{evidence, print, settings};
use crate::cli::{CommonArgs, InitArgs};

/// The file of the framework that runs hooks.
const HOOKS: &str = ".pre-commit-config.yaml";

/// The folder of GitHub's workflows.
const WORKFLOWS: &str = ".github/workflows";

/// Our workflow in there.
const WORKFLOW: &str = ".github/workflows/iamtrim.yml";

/// The entry of the hook, as an item of `repos`.
const HOOK_ENTRY: &str = "  - repo: local
    hooks:
      - id: iamtrim
        name: iamtrim
        description: Stops a commit that grants unused IAM permissions
        entry: iamtrim lint
        language: system
        types: [text]
        require_serial: true
";

const WORKFLOW_TEXT: &str = concat!(
    "name: iamtrim

on:
  pull_request:
  push:
    branches: [main, master]

permissions:
  contents: read

jobs:
  iamtrim:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@08c6903cd8c0fde910a37f88322edcfb5dd907a8 # v5.0.0
        with:
          persist-credentials: false
          fetch-depth: 0 # how old a line is, only its history tells
      - run: cargo install --locked iamtrim --version ",
    env!("CARGO_PKG_VERSION"),
    "
      - run: iamtrim lint --format github
"
);

/// How much of a file is looked at to tell whether it is an export.
const HEAD: u64 = 64 * 1024;

/// How many exports are named one by one.
const MAX_EXPORTS: usize = 20;

pub(super) fn run(args: &InitArgs) -> Result<ExitCode, Error> {
    let common = CommonArgs {
        findings: args.findings.clone(),
        identity: Vec::new(),
        catalog: None,
        config: None,
        output: args.output.clone(),
    };
    let selection =
        Selection { paths: &[], no_ignore: false, today: today(), needs_findings: false, changed_since: None };
    let walk = workspace::walked(&selection, &common, &Progress::new(common.output.quiet))?;
    let folder = walk.roots.first().map_or_else(workspace::current_dir, |root| Ok(root.path.clone()))?;
    let repository = Repository { folder, walk, selection, common };
    let said = [repository.configuration()?, repository.hook()?, repository.workflow()?];
    print::stdout(&said.concat())
}

/// The work tree that the user is in, or the current folder where there is no git.
struct Repository<'a> {
    folder: PathBuf,
    walk: Walk,
    selection: Selection<'a>,
    common: CommonArgs,
}

/// Exports: as the configuration is to name them, what they say, and their real paths.
type Found = (Vec<String>, Arc<Evidence>, Vec<PathBuf>);

impl Repository<'_> {
    fn configuration(&self) -> Result<String, Error> {
        if exists(&self.folder.join(config::FILE_NAME)) {
            return Ok(left(config::FILE_NAME));
        }
        let (findings, found, read) = self.exports()?;
        let workspace = Workspace::under((&found, &read), &self.selection, &self.common)?;
        let checked = workspace.check(&workspace.scopes, &workspace.catalog);
        let Proposal { text, accounts, open } = init::configuration(&findings, &checked, &workspace.sources, &found);
        self.write(config::FILE_NAME, &text)?;
        let exports = match findings.as_slice() {
            [] => "no findings yet".to_owned(),
            some => format!("findings in {}", inert::line(&some.join(", "))),
        };
        let (policies, accounts) = (count(checked.report.policies.len(), "policy"), count(accounts, "account"));
        let open = format!("{open} of them open whose they are");
        Ok(format!("wrote {}: {exports}, {accounts}, {policies}, {open}\n", config::FILE_NAME))
    }

    fn hook(&self) -> Result<String, Error> {
        let path = self.folder.join(HOOKS);
        if !exists(&path) {
            self.write(HOOKS, &format!("repos:\n{HOOK_ENTRY}"))?;
            return Ok(format!("wrote {HOOKS}\n"));
        }
        if mentions_us(&path) {
            return Ok(format!("{HOOKS} runs iamtrim already\n"));
        }
        Ok(format!("{}add this to its `repos`:\n{HOOK_ENTRY}", left(HOOKS)))
    }

    fn workflow(&self) -> Result<String, Error> {
        let workflows = fs::read_dir(self.folder.join(WORKFLOWS)).into_iter().flatten().flatten();
        let mut ours: Vec<PathBuf> = workflows.map(|entry| entry.path()).filter(|path| mentions_us(path)).collect();
        ours.sort();
        if let Some(name) = ours.first().and_then(|path| path.file_name()) {
            return Ok(format!("{WORKFLOWS}/{} runs iamtrim already\n", inert::line(&name.to_string_lossy())));
        }
        if exists(&self.folder.join(WORKFLOW)) {
            return Ok(left(WORKFLOW));
        }
        fs::create_dir_all(self.folder.join(WORKFLOWS)).map_err(|error| cannot_write(WORKFLOWS, error))?;
        self.write(WORKFLOW, WORKFLOW_TEXT)?;
        Ok(format!("wrote {WORKFLOW}\n"))
    }

    fn write(&self, name: &str, text: &str) -> Result<(), Error> {
        write::create_new(&self.folder.join(name), text.as_bytes()).map_err(|error| cannot_write(name, error))
    }

    /// The exports that the command line names, else those that lie in the repository.
    fn exports(&self) -> Result<Found, Error> {
        if !self.common.findings.is_empty() {
            let governed = settings::nearest(Path::new("."), &self.common)?;
            let (found, read) = evidence::load(&governed, &self.common, self.selection.today)?;
            return Ok((self.common.findings.iter().filter_map(|path| self.relative(path)).collect(), found, read));
        }
        let mut builder = EvidenceBuilder::default();
        let (mut named, mut read) = (Vec::new(), Vec::new());
        for path in self.walk.files.iter().map(|file| &file.path).filter(|path| looks_like_export(path)) {
            let Some(shown) = self.relative(path) else { continue };
            let file = File::open(path).ok();
            if file.is_some_and(|file| builder.read(&shown, file, &ReadOptions::default()).is_ok()) {
                named.push(shown);
                read.push(path.clone());
            }
        }
        Ok((folders(named), builder.finish().into(), read))
    }

    /// A path as the configuration is to name it; `None` for what lies elsewhere.
    fn relative(&self, path: &Path) -> Option<String> {
        let real = fs::canonicalize(path).ok()?;
        let below = real.strip_prefix(&self.folder).ok()?;
        Some(below.to_str()?.replace(std::path::MAIN_SEPARATOR, "/"))
    }
}

/// The folders of exports in their place, if these are too many to name.
fn folders(mut named: Vec<String>) -> Vec<String> {
    if named.len() > MAX_EXPORTS {
        named = named.iter().filter_map(|path| Some(path.rsplit_once('/')?.0.to_owned())).collect();
        named.dedup();
    }
    named
}

/// Whether a name is taken, if only by a link to nothing.
fn exists(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok()
}

fn left(name: &str) -> String {
    format!("{name} is there already, and is left as it is\n")
}

fn mentions_us(path: &Path) -> bool {
    path.is_file() && fs::read_to_string(path).is_ok_and(|text| text.contains("iamtrim"))
}

fn cannot_write(name: &str, error: std::io::Error) -> Error {
    Error::new("cannot write").in_file(name).because(error)
}

/// Whether the beginning of a file has words that only exports of findings have.
fn looks_like_export(path: &Path) -> bool {
    let extension = path.extension().and_then(OsStr::to_str);
    if !extension.is_some_and(|extension| ["json", "ndjson", "jsonl"].contains(&extension)) {
        return false;
    }
    let mut head = Vec::new();
    let read = File::open(path).and_then(|file| file.take(HEAD).read_to_end(&mut head));
    let head = String::from_utf8_lossy(&head);
    let words =
        ["\"unusedPermissionDetails\"", "\"UnusedPermission\"", "\"UnusedIAMRole\"", "{\"iamtrim\":\"findings\""];
    read.is_ok() && words.iter().any(|word| head.contains(word))
}
