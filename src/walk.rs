//! Named paths → the files to read, each with the configuration that governs it, in one fixed order.
//!
//! What is read does not depend on which paths are named: the walk covers the git root of each, or the folder itself
//! where there is no git. Naming a path decides what is *reported*, and opens what would be passed over as hidden or
//! ignored. Knows paths, globs and folders. Does not know what any file says, but whether it can say anything.

mod display;
mod ignored;
mod named;
pub mod read;
mod scope;
mod sniff;
#[cfg(test)]
mod tests;
mod tree;
pub mod write;

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use crate::config::Config;
use crate::error::Error;
use display::Display;
use named::{Named, Target};
use read::Loaded;
use scope::Scopes;
pub use sniff::{is_of_module, may_hold_policy};
use tree::Tree;

/// Which files to list.
#[derive(Debug, Clone, Default)]
pub struct WalkOptions {
    /// The paths as the user named them, relative to `current_dir` or absolute.
    pub paths: Vec<PathBuf>,
    /// Whether to list what `.gitignore` and its kin leave out, too, marked so. What is hidden stays out, and so does `.git`.
    pub no_ignore: bool,
    /// One configuration in place of all that would be found.
    pub config: Option<PathBuf>,
    /// The folder that the user is in.
    pub current_dir: PathBuf,
    /// Whether to read the files as they are listed, and to leave out those whose names say that no policy is in them.
    pub reads: bool,
    /// Where to count the files that were read so far.
    pub read: Arc<AtomicUsize>,
}

/// What there is to read.
#[derive(Debug, Clone, Default)]
pub struct Walk {
    /// The folders covered, by path; none lies in another unless both are git roots and both were named.
    pub roots: Vec<Root>,
    /// The files, each once, in the order of [`WalkedFile::display`].
    pub files: Vec<WalkedFile>,
    /// What could not be listed.
    pub problems: Vec<WalkProblem>,
    /// The configurations in force.
    pub configs: Vec<Scope>,
}

/// A folder that the walk covers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Root {
    /// Its real path.
    pub path: PathBuf,
    /// Whether it is the top of a git work tree.
    pub git: bool,
    /// Whether only the files directly in it were listed, since without git one of them was named.
    pub shallow: bool,
}

/// A file to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WalkedFile {
    /// The path to open. Real, unless the file leaves the root.
    pub path: PathBuf,
    /// The path to show: relative to the git root, else to the current folder; `/` everywhere, what is not UTF-8 as `%XX`.
    pub display: String,
    /// The path to match globs with: relative to the folder of the governing configuration, spelled as `display` is.
    pub relative: String,
    /// Whether it is, or lies below, a named path.
    pub reported: bool,
    /// Whether the user named this very file, rather than a folder above it.
    pub named: bool,
    /// Whether git ignores it, or it lies in a folder that git ignores or in `.terraform`: it was read since it was named.
    pub ignored: bool,
    /// Whether it was reached through a link that leads out of the root.
    pub leaves_root: bool,
    /// The index of its [`Root`].
    pub root: usize,
    /// The index of its [`Scope`].
    pub scope: usize,
    /// What it holds, where files are read.
    pub content: Loaded,
}

/// A folder or named path that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WalkProblem {
    /// Its path, spelled as [`WalkedFile::display`] is.
    pub display: String,
    /// Why, in a few words.
    pub reason: String,
    /// Whether it is, or lies below, a named path.
    pub reported: bool,
}

/// A configuration and the folder that its paths are relative to.
#[derive(Debug, Clone)]
pub struct Scope {
    /// The folder.
    pub folder: PathBuf,
    /// The path of the file to show; `None` where there is none and the defaults hold.
    pub file: Option<String>,
    /// What the file says; empty where there is none.
    pub text: String,
    /// Its settings.
    pub config: Config,
}

/// Lists the files to read.
///
/// Errors where a named path does not exist or a configuration is broken; anything else is a [`WalkProblem`].
pub fn walk(options: &WalkOptions) -> Result<Walk, Error> {
    let named = Named::resolve(options)?;
    let roots = named.roots();
    let display = Display::new(&roots, &named.current_dir);
    let mut walk = Walk::default();
    let mut scopes = Scopes::new(options, &named.current_dir, &display)?;
    for (index, root) in roots.iter().enumerate() {
        let targets: BTreeSet<&Path> = named.targets_in(root).map(|target| target.path.as_path()).collect();
        let WalkOptions { no_ignore, reads, ref read, .. } = *options;
        let target_names: BTreeSet<&OsStr> = targets.iter().filter_map(|target| target.file_name()).collect();
        let (targets, target_names, display) = (&targets, &target_names, &display);
        let tree =
            Tree { root: index, roots: &roots, targets, target_names, display, no_ignore, reads, read, beyond: None };
        tree.walk(&mut walk, &mut scopes)?;
        for Target { path, .. } in named.leaving(root, &roots) {
            Tree { beyond: Some(path), ..tree }.walk_beyond(path, &mut walk, &mut scopes)?;
        }
    }
    walk.problems.extend(named.problems(&display));
    walk.roots = roots;
    walk.configs = scopes.into_list();
    walk.settle();
    Ok(walk)
}

/// The configuration that governs the first of the paths, or the current folder where that is no path of a file.
///
/// Errors where it is broken.
pub fn governing(options: &WalkOptions) -> Result<Scope, Error> {
    let named = Named::resolve(options)?;
    let roots = named.roots();
    let display = Display::new(&roots, &named.current_dir);
    let mut scopes = Scopes::new(options, &named.current_dir, &display)?;
    let Some(root) = roots.first() else {
        return Ok(Scope::without_file(named.current_dir));
    };
    let folder = named.targets_in(root).next().map_or(root.path.as_path(), Target::folder);
    let index = scopes.nearest(folder, &root.path, &display)?;
    let governing = scopes.governed(index).map(Arc::unwrap_or_clone);
    Ok(governing.unwrap_or_else(|| Scope::without_file(root.path.clone())))
}

impl Scope {
    /// The defaults, for a folder that has no configuration.
    fn without_file(folder: PathBuf) -> Self {
        Self { folder, file: None, text: String::new(), config: Config::default() }
    }
}

impl Walk {
    /// Leaves out files that are or lie below one of these real paths, such as the findings themselves.
    #[must_use]
    pub fn without(mut self, paths: &[PathBuf]) -> Self {
        let paths: HashSet<&[u8]> = paths.iter().map(|path| path.as_os_str().as_encoded_bytes()).collect();
        let lengths: BTreeSet<usize> = paths.iter().map(|path| path.len()).collect();
        let named = |path: &Path| {
            let bytes = path.as_os_str().as_encoded_bytes();
            lengths.iter().any(|&length| {
                let is_end = bytes.get(length).is_none_or(|byte| std::path::is_separator(char::from(*byte)));
                is_end && bytes.get(..length).is_some_and(|head| paths.contains(head))
            })
        };
        self.files.retain(|file| !(named(&file.path) || (file.leaves_root && named(&real(&file.path)))));
        self
    }

    /// The configuration that governs a file.
    #[must_use]
    pub fn scope(&self, file: &WalkedFile) -> Option<&Scope> {
        self.configs.get(file.scope)
    }

    /// Puts files and problems in order, and drops a file beyond a root that is there already.
    fn settle(&mut self) {
        self.files = in_order(std::mem::take(&mut self.files));
        self.problems.sort_by(|a, b| (&a.display, &a.reason).cmp(&(&b.display, &b.reason)));
        self.problems.dedup();
        if !self.files.iter().any(|file| file.leaves_root) {
            return;
        }
        let mut seen: BTreeMap<PathBuf, usize> = BTreeMap::new();
        for (index, file) in self.files.iter().enumerate().filter(|(_, file)| !file.leaves_root) {
            seen.insert(file.path.clone(), index);
        }
        let mut index = 0..;
        self.files.retain(|file| {
            let index = index.next().unwrap_or_default();
            !file.leaves_root || *seen.entry(real(&file.path)).or_insert(index) == index
        });
    }
}

/// The files in order of how they are shown. Their places are sorted rather than they themselves, which are large.
fn in_order(files: Vec<WalkedFile>) -> Vec<WalkedFile> {
    let mut order: Vec<(&str, &Path, usize)> =
        files.iter().enumerate().map(|(index, file)| (&*file.display, &*file.path, index)).collect();
    order.sort_unstable();
    let order: Vec<usize> = order.into_iter().map(|(_, _, index)| index).collect();
    let mut files: Vec<Option<WalkedFile>> = files.into_iter().map(Some).collect();
    order.into_iter().filter_map(|index| files.get_mut(index)?.take()).collect()
}

#[expect(clippy::disallowed_methods, reason = "the walk is the shell's eyes")]
fn real(path: &Path) -> PathBuf {
    std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())
}
