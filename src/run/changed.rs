//! Which files differ from where HEAD left another commit's history, and in which lines: asked of git.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use iamtrim::error::Error;
use iamtrim::walk::Root;

use super::git;

/// What to do about history that a shallow clone does not have.
const FETCH: &str =
    "fetch more history: `git fetch --unshallow origin`, or `fetch-depth: 0` of the checkout in a workflow";

/// The work trees of a run and how they differ.
#[derive(Debug)]
pub(super) struct Changed {
    trees: Vec<Tree>,
}

#[derive(Debug)]
struct Tree {
    root: PathBuf,
    merge_base: String,
    /// The names of what is new, changed or gone, relative to the root.
    names: BTreeSet<PathBuf>,
}

impl Changed {
    /// What differs in the work trees below these roots from their merge base with `revision`.
    ///
    /// # Errors
    /// If there is no repository, no such revision, or no history that both share.
    pub(super) fn since(revision: &str, roots: &[Root]) -> Result<Self, Error> {
        let trees: Vec<Tree> = roots
            .iter()
            .filter(|root| root.git)
            .map(|root| Tree::since(revision, &root.path))
            .collect::<Result<_, _>>()?;
        if trees.is_empty() {
            return Err(Error::new("`--changed-since` asks git, and this is no repository"));
        }
        Ok(Self { trees })
    }

    /// Whether a file is new, changed or gone.
    pub(super) fn contains(&self, path: &Path) -> bool {
        self.trees.iter().any(|tree| path.strip_prefix(&tree.root).is_ok_and(|name| tree.names.contains(name)))
    }

    /// Whether something is gone that lay beside a file or below it.
    pub(super) fn lacks_beside(&self, path: &Path) -> bool {
        let folder = path.parent().unwrap_or(path);
        let gone = |tree: &Tree| {
            tree.names.iter().map(|name| tree.root.join(name)).any(|p| p.starts_with(folder) && !p.exists())
        };
        self.trees.iter().any(gone)
    }

    /// Whether a configuration is among what differs.
    pub(super) fn has_config(&self) -> bool {
        let is_config = |name: &PathBuf| name.file_name().is_some_and(|name| name == ".iamtrim.yaml");
        self.trees.iter().any(|tree| tree.names.iter().any(is_config))
    }

    /// The lines of a file that are shown in the difference, those around a change included.
    pub(super) fn lines(&self, path: &Path) -> Vec<RangeInclusive<usize>> {
        let tree = self.trees.iter().find(|tree| self.contains(path) && path.starts_with(&tree.root));
        let hunks = tree.and_then(|tree| {
            let name = path.strip_prefix(&tree.root).ok()?;
            let arguments = ["diff", "--unified=3", "--no-color", "--no-ext-diff", "--no-textconv", "--no-renames"];
            git::output(&tree.root, &[&arguments[..], &[tree.merge_base.as_str()]].concat(), &[name])
        });
        String::from_utf8_lossy(&hunks.unwrap_or_default()).lines().filter_map(hunk).collect()
    }
}

impl Tree {
    fn since(revision: &str, root: &Path) -> Result<Self, Error> {
        let text = |arguments: &[&str]| {
            let output = git::output(root, arguments, &[])?;
            String::from_utf8(output).ok().map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
        };
        let unknown = || Error::new(format!("git knows no commit `{revision}` here")).help(FETCH);
        let commit = text(&["rev-list", "--max-count=1", "--end-of-options", revision]).ok_or_else(unknown)?;
        let apart = || Error::new(format!("no commit is known that `{revision}` and HEAD have in common")).help(FETCH);
        // `merge-base` takes no `--`; a range of three dots names the same commit as its boundary.
        let range = format!("{commit}...HEAD");
        let merge_base = text(&["rev-parse", "--revs-only", &range])
            .and_then(|said| said.lines().find_map(|line| line.strip_prefix('^').map(str::to_owned)))
            .ok_or_else(apart)?;
        let differing = ["diff", "--name-only", "--no-renames", "--no-ext-diff", "-z", &merge_base];
        let untracked = ["ls-files", "--others", "--exclude-standard", "-z"];
        let mut names = BTreeSet::new();
        for arguments in [&differing[..], &untracked] {
            let said = git::output(root, arguments, &[]).ok_or_else(apart)?;
            names.extend(said.split(|byte| *byte == 0).filter(|name| !name.is_empty()).map(path));
        }
        Ok(Self { root: root.to_owned(), merge_base, names })
    }
}

/// A name as git prints it.
#[cfg(unix)]
fn path(name: &[u8]) -> PathBuf {
    use std::os::unix::ffi::OsStrExt as _;
    PathBuf::from(std::ffi::OsStr::from_bytes(name))
}

#[cfg(not(unix))]
fn path(name: &[u8]) -> PathBuf {
    PathBuf::from(String::from_utf8_lossy(name).into_owned())
}

/// The new lines of a hunk, from its head: `@@ -12,7 +12,6 @@`.
fn hunk(line: &str) -> Option<RangeInclusive<usize>> {
    let range = line.strip_prefix("@@ -")?.split_once(" +")?.1.split_once(" @@")?.0;
    let (start, length) = range.split_once(',').unwrap_or((range, "1"));
    let (start, length): (usize, usize) = (start.parse().ok()?, length.parse().ok()?);
    (length > 0).then(|| start..=start + length - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_head_of_a_hunk_says_its_new_lines() {
        let cases = [
            ("@@ -12,7 +12,6 @@ {", Some(12..=17)),
            ("@@ -0,0 +1 @@", Some(1..=1)),
            ("@@ -3,2 +2,0 @@", None),
            ("+@@ -1 +1 @@", None),
        ];
        for (line, expected) in cases {
            assert_eq!(hunk(line), expected, "{line}");
        }
    }
}
