//! Which reported lines are newer than the findings that speak of them: asked of git, and only of few files.
//!
//! A line counts as new if it is not committed, or if git's blame has a younger commit for it. Lines of a root commit or
//! of a shallow clone's edge are as old as history tells, which is old. Where git cannot tell, a line is old.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use iamtrim::diagnostic::Report;
use iamtrim::rule::{Level, Rule};
use iamtrim::source::FileId;
use jiff::Timestamp;
use rayon::prelude::*;
use similar::{Algorithm, DiffOp, capture_diff_slices};

use super::git;
use super::workspace::Workspace;

/// How many files are named to git at most; of more, it is asked about all.
const MAX_PATHS: usize = 200;

/// When lines were last changed; `None` for what is not committed.
type Changed = BTreeMap<usize, Option<Timestamp>>;

/// A file with reported entries.
struct Suspect<'w> {
    id: FileId,
    path: PathBuf,
    text: &'w str,
    /// The lines of the entries, by number.
    lines: BTreeSet<usize>,
    /// When the oldest finding that speaks of them was made.
    analyzed_at: Option<Timestamp>,
}

/// The reported lines that may be newer than their findings, by file, with when they were last changed.
pub(super) fn changed_lines(report: &Report, workspace: &Workspace) -> Vec<(FileId, Changed)> {
    let mut by_root: BTreeMap<PathBuf, Vec<Suspect<'_>>> = BTreeMap::new();
    for suspect in suspects(report, workspace) {
        let root = workspace.git_root_of(&suspect.path);
        if let Some(root) = root.filter(|_| may_have_changed(&suspect)) {
            by_root.entry(root.to_owned()).or_default().push(suspect);
        }
    }
    by_root.iter().flat_map(|(root, suspects)| in_root(root, suspects).unwrap_or_default()).collect()
}

fn suspects<'w>(report: &Report, workspace: &'w Workspace) -> Vec<Suspect<'w>> {
    let rules = [Rule::UnusedAction, Rule::UnusedService, Rule::PartlyUsedWildcard];
    let mut found: BTreeMap<FileId, Suspect<'_>> = BTreeMap::new();
    let weighing = report.diagnostics.iter().filter(|d| d.level > Level::Note && d.suppressed.is_none());
    for diagnostic in weighing.filter(|diagnostic| rules.contains(&diagnostic.rule)) {
        let Some(id) = diagnostic.place.file else { continue };
        let Some((source, path)) = workspace.sources.get(id).zip(workspace.path_of(&diagnostic.place.path)) else {
            continue;
        };
        let analyzed_at = diagnostic.identities.iter().filter_map(|i| i.finding.as_ref()?.analyzed_at).min();
        let suspect = found.entry(id).or_insert_with(|| Suspect {
            id,
            path: path.to_owned(),
            text: &source.text,
            lines: BTreeSet::new(),
            analyzed_at,
        });
        suspect.lines.insert(source.line_of(diagnostic.place.span.start));
        suspect.analyzed_at = suspect.analyzed_at.min(analyzed_at);
    }
    found.into_values().collect()
}

/// The numbers of the lines that a text has beyond what it was.
///
/// A line is the same one only in its place: an entry that is repeated in another statement grants something else.
fn added_lines(before: &str, now: &str) -> BTreeSet<usize> {
    let [before, now]: [Vec<&str>; 2] = [before, now].map(|text| text.lines().map(bare).collect());
    let added = |operation: DiffOp| match operation {
        DiffOp::Equal { .. } | DiffOp::Delete { .. } => 0..0,
        DiffOp::Insert { new_index, new_len, .. } | DiffOp::Replace { new_index, new_len, .. } => {
            new_index..new_index + new_len
        }
    };
    let operations = capture_diff_slices(Algorithm::Myers, &before, &now).into_iter();
    operations.flat_map(added).map(|index| index + 1).collect()
}

/// A line but for what changes when a list grows before or after it.
fn bare(line: &str) -> &str {
    line.trim().trim_end_matches(',').trim_end()
}

/// A file that was last written before the finding was made holds no line that is newer.
fn may_have_changed(suspect: &Suspect<'_>) -> bool {
    let written = std::fs::metadata(&suspect.path).and_then(|metadata| metadata.modified());
    let (Ok(written), Some(analyzed_at)) = (written, suspect.analyzed_at) else { return true };
    written > SystemTime::from(analyzed_at)
}

/// What git says of the suspects in one work tree; `None` if it has no history to ask.
fn in_root(root: &Path, suspects: &[Suspect<'_>]) -> Option<Vec<(FileId, Changed)>> {
    let paths: Vec<&Path> = suspects.iter().filter_map(|suspect| suspect.path.strip_prefix(root).ok()).collect();
    let paths = if paths.len() > MAX_PATHS { &[][..] } else { paths.as_slice() };
    let oldest = suspects.iter().map(|suspect| suspect.analyzed_at).min().flatten();
    let log = match oldest {
        Some(oldest) => {
            let since = format!("--since={oldest}");
            git::output(root, &["log", &since, "--format=", "--name-only", "--no-renames", "-m", "-z", "HEAD"], paths)?
        }
        None => git::output(root, &["rev-parse", "--verify", "--quiet", "HEAD"], &[]).map(|_| Vec::new())?,
    };
    let status =
        git::output(root, &["status", "--porcelain=v1", "-z", "--untracked-files=all", "--no-renames"], paths)?;
    let (untracked, modified) = of_status(&status);
    let mut touched = modified;
    touched.extend(log.split(|byte| *byte == 0).map(|path| path.trim_ascii_start().to_vec()));
    let named = suspects.iter().filter_map(|suspect| Some((suspect, suspect.path.strip_prefix(root).ok()?)));
    let is_in = |names: &BTreeSet<Vec<u8>>, path: &Path| names.contains(path.as_os_str().as_encoded_bytes());
    let (new, old): (Vec<_>, Vec<_>) = named.partition(|(_, path)| is_in(&untracked, path));
    let touched: Vec<(&Suspect<'_>, &Path)> = old.into_iter().filter(|(_, path)| is_in(&touched, path)).collect();
    let times: BTreeSet<Option<Timestamp>> = touched.iter().map(|(suspect, _)| suspect.analyzed_at).collect();
    let commits: BTreeMap<_, _> = times.into_iter().map(|time| (time, commit_before(root, time))).collect();
    let lines_since = |(suspect, path): &(&Suspect<'_>, &Path)| {
        let commit = commits.get(&suspect.analyzed_at).and_then(Option::as_deref);
        let before = commit.and_then(|commit| text_at(root, path, commit)).unwrap_or_default();
        let added = added_lines(&before, suspect.text);
        let mut unknown = suspect.lines.iter().filter(|line| added.contains(line)).peekable();
        let changed = if unknown.peek().is_some() { blame(root, path, unknown)? } else { Changed::new() };
        Some((suspect.id, changed))
    };
    let of_new = new.iter().map(|(suspect, _)| (suspect.id, suspect.lines.iter().map(|line| (*line, None)).collect()));
    let changed: Option<Vec<(FileId, Changed)>> = touched.par_iter().map(lines_since).collect();
    Some(of_new.chain(changed?.into_iter().filter(|(_, changed)| !changed.is_empty())).collect())
}

/// The names of files that git does not track, and of those that differ from what is committed.
fn of_status(status: &[u8]) -> (BTreeSet<Vec<u8>>, BTreeSet<Vec<u8>>) {
    let (mut untracked, mut modified) = (BTreeSet::new(), BTreeSet::new());
    for line in status.split(|byte| *byte == 0) {
        let Some((code, name)) = line.split_at_checked(3) else { continue };
        let names = if code == b"?? " || code.starts_with(b"A") { &mut untracked } else { &mut modified };
        names.insert(name.to_vec());
    }
    (untracked, modified)
}

/// The last commit before a finding was made, as far as history reaches.
fn commit_before(root: &Path, analyzed_at: Option<Timestamp>) -> Option<String> {
    let Some(time) = analyzed_at else { return Some("HEAD".to_owned()) };
    let commit = git::output(root, &["rev-list", "-1", &format!("--before={time}"), "HEAD"], &[])?;
    let commit = String::from_utf8(commit).ok()?.trim().to_owned();
    (!commit.is_empty()).then_some(commit)
}

/// What a file said then.
fn text_at(root: &Path, file: &Path, commit: &str) -> Option<String> {
    let object = format!("{commit}:{}", file.to_str()?.replace('\\', "/"));
    let text = git::output(root, &["show", "--no-textconv", &object], &[])?;
    String::from_utf8(text).ok()
}

/// When each line was last changed, but for those as old as history.
fn blame<'l>(root: &Path, file: &Path, lines: impl Iterator<Item = &'l usize>) -> Option<Changed> {
    let ranges: Vec<String> = lines.map(|line| format!("-L{line},{line}")).collect();
    let mut arguments = vec!["-c", "blame.ignoreRevsFile=", "blame", "--line-porcelain"];
    arguments.extend(ranges.iter().map(String::as_str));
    let said = git::output(root, &arguments, &[file])?;
    let mut changed = Changed::new();
    let (mut line, mut time, mut boundary) = (0, None, false);
    for text in String::from_utf8_lossy(&said).lines() {
        if text.starts_with('\t') {
            if !boundary {
                changed.insert(line, time);
            }
            (time, boundary) = (None, false);
        } else if let Some(seconds) = text.strip_prefix("committer-time ") {
            time = seconds.parse().ok().and_then(|seconds| Timestamp::from_second(seconds).ok());
        } else if text == "boundary" {
            boundary = true;
        } else if let Some((commit, rest)) = text.split_once(' ').filter(|(commit, _)| is_object_id(commit)) {
            line = rest.split(' ').nth(1).and_then(|number| number.parse().ok()).unwrap_or(0);
            // An id of zeros stands for what is not committed; blame gives it the time of now.
            if commit.bytes().all(|byte| byte == b'0') {
                time = None;
            }
        }
    }
    Some(changed)
}

fn is_object_id(text: &str) -> bool {
    text.len() >= 40 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}
