//! What ignore files say, read and asked as git and ripgrep do.
//!
//! For one path the first word counts, asked in this order: `.ignore` from its folder upwards; `.gitignore` from its
//! folder up to the nearest git root; `info/exclude` of that root; git's global excludes (`core.excludesFile`, else
//! `~/.config/git/ignore`). A git repository inside another one stands under its own `.gitignore` files alone, though
//! the folder itself can be ignored from without. Nothing above the walk's root counts. Without git, `.gitignore` files
//! count all the same.

#![expect(clippy::disallowed_methods, reason = "the walk is the shell's eyes")]

use std::borrow::Cow;
use std::fs;
use std::path::{Path, PathBuf};

use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder, gitconfig_excludes_path};

/// An ignore file above this many bytes is not one.
const MAX_SIZE: u64 = 1024 * 1024;

/// A line above this many bytes is not a pattern: what compiles it goes as deep as it nests.
const MAX_LINE: usize = 1000;

/// What one folder adds to the rules.
#[derive(Default)]
pub(super) struct Rules {
    ignore: Option<Gitignore>,
    gitignore: Option<Gitignore>,
    /// `Some` if the folder is a git root: the rules of the whole repository, most telling first.
    repository: Option<Vec<Gitignore>>,
}

/// What the rules say of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Said {
    Nothing,
    Ignored,
    /// By a rule with `!`: shown even if hidden.
    Wanted,
}

impl Rules {
    /// `has_file` says which files lie in the folder: as git does, a link in the tree is not followed.
    pub(super) fn of(folder: &Path, has_file: impl Fn(&str) -> bool, has_git: bool) -> Self {
        let in_tree = |name: &str| if has_file(name) { rules_in(&folder.join(name), folder) } else { None };
        let repository = if has_git { repository(folder) } else { None };
        Self { ignore: in_tree(".ignore"), gitignore: in_tree(".gitignore"), repository }
    }
}

/// What the rules of a folder and of those above it, from there upwards, say of a path in it.
pub(super) fn said<'r>(upwards: impl Iterator<Item = &'r Rules> + Clone, path: &Path, is_dir: bool) -> Said {
    let ask = |rules: &Gitignore| match rules.matched(path, is_dir) {
        Match::None => None,
        Match::Ignore(_) => Some(Said::Ignored),
        Match::Whitelist(_) => Some(Said::Wanted),
    };
    let by_ignore = upwards.clone().filter_map(|folder| folder.ignore.as_ref()).find_map(ask);
    if let Some(said) = by_ignore {
        return said;
    }
    for folder in upwards {
        if let Some(said) = folder.gitignore.as_ref().and_then(ask) {
            return said;
        }
        if let Some(rules) = &folder.repository {
            return rules.iter().find_map(ask).unwrap_or(Said::Nothing);
        }
    }
    Said::Nothing
}

/// The rules of one file; `None` if there are none. What is not a pattern is passed over, as git does.
fn rules_in(path: &Path, folder: &Path) -> Option<Gitignore> {
    fs::metadata(path).ok().filter(|metadata| metadata.is_file() && metadata.len() <= MAX_SIZE)?;
    let bytes = fs::read(path).ok()?;
    let text = String::from_utf8_lossy(&bytes);
    let mut builder = GitignoreBuilder::new(folder);
    for line in text.trim_start_matches('\u{feff}').lines().filter(|line| line.len() <= MAX_LINE) {
        let _ = builder.add_line(None, &without_alternatives(line));
    }
    builder.build().ok().filter(|rules| !rules.is_empty())
}

/// The pattern with its braces in brackets: to git they are letters, to the matcher they would be alternatives.
fn without_alternatives(line: &str) -> Cow<'_, str> {
    if !line.contains(['{', '}']) {
        return Cow::Borrowed(line);
    }
    let mut pattern = String::with_capacity(line.len());
    let mut in_class = false;
    let mut escaped = false;
    for letter in line.chars() {
        match letter {
            '{' if !in_class && !escaped => pattern.push_str("[{]"),
            '}' if !in_class && !escaped => pattern.push_str("[}]"),
            _ => pattern.push(letter),
        }
        in_class = !escaped && (letter == '[' || (in_class && letter != ']'));
        escaped = !escaped && letter == '\\';
    }
    Cow::Owned(pattern)
}

fn repository(folder: &Path) -> Option<Vec<Gitignore>> {
    let git = git_folder(folder)?;
    let exclude = rules_in(&git.join("info").join("exclude"), folder);
    let global = gitconfig_excludes_path().and_then(|path| rules_in(&path, folder));
    Some(exclude.into_iter().chain(global).collect())
}

/// Where git keeps a folder's repository, if the folder is the top of a work tree.
///
/// In a linked work tree and in a submodule `.git` is a file that names another folder, and that folder may name yet
/// another one that it has in common with other work trees.
fn git_folder(folder: &Path) -> Option<PathBuf> {
    let git = folder.join(".git");
    let metadata = fs::metadata(&git).ok()?;
    if !metadata.is_file() {
        return Some(git);
    }
    let named = |file: &Path, prefix: &str| {
        let text = fs::read_to_string(file).ok()?;
        text.trim_end().strip_prefix(prefix).map(|path| PathBuf::from(path.trim_start()))
    };
    let own = named(&git, "gitdir:").map_or(git, |path| folder.join(path));
    let common = named(&own.join("commondir"), "").map(|path| own.join(path));
    Some(common.unwrap_or(own))
}

/// Whether a folder is the top of a git work tree.
pub(super) fn is_git_root(folder: &Path) -> bool {
    fs::symlink_metadata(folder.join(".git")).is_ok()
}
