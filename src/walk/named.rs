//! What the user named → real paths, and the roots around them.

#![expect(clippy::disallowed_methods, reason = "the walk is the shell's eyes")]

use std::collections::{BTreeMap, HashMap};
use std::ffi::OsStr;
use std::path::{Component, Path, PathBuf};
use std::{fs, io};

use super::display::Display;
use super::ignored::is_git_root;
use super::{Root, WalkOptions, WalkProblem, real};
use crate::error::Error;

/// The named paths, resolved.
pub(super) struct Named {
    pub(super) current_dir: PathBuf,
    targets: Vec<Target>,
}

/// One named path.
pub(super) struct Target {
    /// Real, unless it leaves the root: then as far as the link, and on from there as named.
    pub(super) path: PathBuf,
    root: PathBuf,
    git: bool,
    kind: Kind,
    leaves_root: bool,
}

impl Target {
    /// The folder that it is or lies in.
    pub(super) fn folder(&self) -> &Path {
        if self.kind == Kind::Folder { &self.path } else { self.path.parent().unwrap_or(&self.path) }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    File,
    Folder,
    /// A named pipe, a device, a socket: never opened.
    Other,
}

impl Named {
    pub(super) fn resolve(options: &WalkOptions) -> Result<Self, Error> {
        let current_dir = real(&options.current_dir);
        let mut resolver = Resolver { git_roots: HashMap::new() };
        let mut targets = Vec::new();
        for path in &options.paths {
            let target = resolver.target(&current_dir, path).map_err(|error| unfound(path, &error))?;
            targets.push(target);
        }
        Ok(Self { current_dir, targets })
    }

    /// The folders to cover, by path. A folder without git that lies in another one is part of that.
    pub(super) fn roots(&self) -> Vec<Root> {
        let mut by_path: BTreeMap<&Path, Root> = BTreeMap::new();
        for target in &self.targets {
            let shallow = !target.git && (target.kind != Kind::Folder || target.leaves_root);
            let root = Root { path: target.root.clone(), git: target.git, shallow };
            by_path.entry(&target.root).and_modify(|known| known.shallow &= shallow).or_insert(root);
        }
        let all: Vec<Root> = by_path.into_values().collect();
        let covers = |outer: &Root, inner: &Root| {
            !inner.git && !outer.shallow && outer.path != inner.path && inner.path.starts_with(&outer.path)
        };
        all.iter().filter(|inner| !all.iter().any(|outer| covers(outer, inner))).cloned().collect()
    }

    /// The named paths that the walk of a root meets.
    pub(super) fn targets_in<'n>(&'n self, root: &'n Root) -> impl Iterator<Item = &'n Target> {
        self.targets.iter().filter(|target| !target.leaves_root && target.path.starts_with(&root.path))
    }

    /// The named paths that a link in a root leads out of it to.
    pub(super) fn leaving<'n>(&'n self, root: &'n Root, roots: &'n [Root]) -> impl Iterator<Item = &'n Target> {
        let around = |path: &Path| {
            let around = roots.iter().filter(|root| path.starts_with(&root.path));
            around.max_by_key(|root| root.path.components().count())
        };
        let leaving = self.targets.iter().filter(|target| target.leaves_root && target.kind != Kind::Other);
        leaving.filter(move |target| around(&target.path) == Some(root))
    }

    /// The named paths that are never opened.
    pub(super) fn problems<'n>(&'n self, display: &'n Display) -> impl Iterator<Item = WalkProblem> + 'n {
        self.targets.iter().filter_map(|target| {
            let in_git =
                target.path.strip_prefix(&target.root).is_ok_and(|path| path.iter().any(|name| name == ".git"));
            let reason = match target.kind {
                _ if in_git => "lies in `.git`",
                Kind::Other => "not a regular file",
                Kind::File | Kind::Folder => return None,
            };
            Some(WalkProblem { display: display.of(&target.path), reason: reason.to_owned(), reported: true })
        })
    }
}

fn unfound(path: &Path, error: &io::Error) -> Error {
    if path == Path::new("-") {
        return Error::new("policies are not read from standard input here")
            .help("`iamtrim refine -` takes one policy");
    }
    let path = path.display();
    match error.kind() {
        io::ErrorKind::NotFound => Error::new(format!("`{path}` does not exist")),
        _ => Error::new(format!("`{path}` cannot be read")).because(error),
    }
}

struct Resolver {
    git_roots: HashMap<PathBuf, Option<PathBuf>>,
}

impl Resolver {
    fn target(&mut self, current_dir: &Path, named: &Path) -> io::Result<Target> {
        let Steps { path, left } = self.follow(current_dir, named)?;
        let metadata = fs::metadata(&path)?;
        let kind = match metadata.file_type() {
            kind if kind.is_file() => Kind::File,
            kind if kind.is_dir() => Kind::Folder,
            _ => Kind::Other,
        };
        if let Some(left) = left {
            let git = self.git_root(&left);
            return Ok(Target { path, git: git.is_some(), root: git.unwrap_or(left), kind, leaves_root: true });
        }
        let folder = if kind == Kind::Folder { path.as_path() } else { path.parent().unwrap_or(&path) };
        let git = self.git_root(folder);
        let root = git.clone().unwrap_or_else(|| folder.to_owned());
        Ok(Target { path, git: git.is_some(), root, kind, leaves_root: false })
    }

    /// Takes a path step by step, following links until one leaves its root.
    fn follow(&mut self, current_dir: &Path, named: &Path) -> io::Result<Steps> {
        let mut steps = Steps { path: current_dir.to_owned(), left: None };
        let mut names = named.components().peekable();
        while let Some(component) = names.next() {
            match component {
                Component::CurDir => {}
                Component::Prefix(_) | Component::RootDir => steps.path.push(component),
                Component::ParentDir => {
                    steps.path = fs::canonicalize(&steps.path)?;
                    steps.path.pop();
                    steps.left = None;
                }
                Component::Normal(name) => self.step(&mut steps, name, names.peek().is_none())?,
            }
        }
        Ok(steps)
    }

    fn step(&mut self, steps: &mut Steps, name: &OsStr, last: bool) -> io::Result<()> {
        let folder = steps.path.clone();
        steps.path.push(name);
        if steps.left.is_some() || !fs::symlink_metadata(&steps.path)?.is_symlink() {
            return Ok(());
        }
        let target = fs::canonicalize(&steps.path)?;
        let stays = match self.git_root(&folder) {
            Some(root) => target.starts_with(root),
            // Without git the root is the folder named, or the folder of the file named.
            None => !last || target.is_dir() || target.starts_with(&folder),
        };
        if stays {
            steps.path = target;
        } else {
            steps.left = Some(folder);
        }
        Ok(())
    }

    fn git_root(&mut self, folder: &Path) -> Option<PathBuf> {
        if let Some(known) = self.git_roots.get(folder) {
            return known.clone();
        }
        let root = folder.ancestors().find(|above| is_git_root(above)).map(Path::to_owned);
        self.git_roots.insert(folder.to_owned(), root.clone());
        root
    }
}

struct Steps {
    path: PathBuf,
    /// The folder of the link that left the root.
    left: Option<PathBuf>,
}
