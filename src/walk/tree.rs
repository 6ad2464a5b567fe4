//! One root → its files: what to enter, what to pass over, and what each file inherits from its folder.

use std::collections::BTreeSet;
use std::ops::Bound;
use std::path::Path;

use walkdir::{DirEntry, WalkDir};

use super::display::{Display, relative};
use super::ignored::{Rules, Said, said};
use super::scope::Scopes;
use super::{Root, Walk, WalkProblem, WalkedFile};
use crate::error::Error;

/// One root, and what the user named in it.
#[derive(Clone, Copy)]
pub(super) struct Tree<'w> {
    pub(super) root: usize,
    pub(super) roots: &'w [Root],
    pub(super) targets: &'w BTreeSet<&'w Path>,
    pub(super) display: &'w Display,
    /// Whether what ignore files leave out is listed all the same, marked as ignored.
    pub(super) no_ignore: bool,
    /// The file or folder beyond the root that a named link leads to, while that is walked.
    pub(super) beyond: Option<&'w Path>,
}

/// A folder that the walk is in, and what the entries in it inherit.
struct Folder {
    rules: Rules,
    scope: usize,
    standing: Standing,
}

/// How an entry stands to what the user named.
#[derive(Debug, Clone, Copy, Default)]
struct Standing {
    /// It is or lies below a named path.
    reported: bool,
    /// It would have been passed over.
    ignored: bool,
    /// It is entered only on the way to a named path.
    on_the_way: bool,
    leaves_root: bool,
}

impl Tree<'_> {
    /// Lists the files of the root.
    pub(super) fn walk(&self, walk: &mut Walk, scopes: &mut Scopes) -> Result<(), Error> {
        let Some(root) = self.roots.get(self.root) else { return Ok(()) };
        let scope = scopes.of_root(&root.path, self.display)?;
        let standing = Standing { reported: self.targets.contains(root.path.as_path()), ..Standing::default() };
        let depth = if root.shallow { 1 } else { usize::MAX };
        self.descend(WalkDir::new(&root.path).max_depth(depth), scope, standing, walk, scopes)
    }

    /// Lists the file that a link out of the root leads to, or the files of the folder that it leads to.
    pub(super) fn walk_beyond(&self, path: &Path, walk: &mut Walk, scopes: &mut Scopes) -> Result<(), Error> {
        let Some(root) = self.roots.get(self.root) else { return Ok(()) };
        let folder = path.parent().unwrap_or(path);
        let scope = scopes.nearest(folder, &root.path, self.display)?;
        let standing = Standing { reported: true, leaves_root: true, ..Standing::default() };
        if !path.is_dir() {
            self.add(path, scope, standing, walk, scopes);
            return Ok(());
        }
        let scope = scopes.in_folder(path, self.display)?.unwrap_or(scope);
        self.descend(WalkDir::new(path), scope, standing, walk, scopes)
    }

    fn descend(
        &self,
        tree: WalkDir,
        scope: usize,
        standing: Standing,
        walk: &mut Walk,
        scopes: &mut Scopes,
    ) -> Result<(), Error> {
        let mut folders: Vec<Folder> = Vec::new();
        let mut entries = tree.sort_by_file_name().into_iter();
        while let Some(entry) = entries.next() {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) => {
                    self.unreadable(&error, standing, walk);
                    continue;
                }
            };
            folders.truncate(entry.depth());
            let Some(parent) = folders.last() else {
                folders.push(Folder { rules: Rules::of(entry.path()), scope, standing });
                continue;
            };
            match self.standing(&entry, parent, &folders) {
                Some(standing) if entry.file_type().is_file() => {
                    self.add(entry.path(), parent.scope, standing, walk, scopes);
                }
                Some(standing) if !scope_excludes(entry.path(), parent.scope, scopes) => {
                    let scope = scopes.in_folder(entry.path(), self.display)?.unwrap_or(parent.scope);
                    folders.push(Folder { rules: Rules::of(entry.path()), scope, standing });
                }
                _ if entry.file_type().is_dir() => entries.skip_current_dir(),
                _ => {}
            }
        }
        Ok(())
    }

    /// How a file or folder stands; `None` if it is passed over, as are links, pipes, sockets and devices.
    fn standing(&self, entry: &DirEntry, parent: &Folder, folders: &[Folder]) -> Option<Standing> {
        let path = entry.path();
        let is_dir = entry.file_type().is_dir();
        let ours = (is_dir || entry.file_type().is_file()) && entry.file_name() != ".git";
        if !ours || (is_dir && !self.enters(path)) {
            return None;
        }
        let mut standing = parent.standing;
        let left_out = left_out(entry, folders);
        let passed_over = match left_out {
            LeftOut::No => false,
            LeftOut::Ignored => !self.no_ignore || is_hidden(entry),
            LeftOut::Hidden => true,
        };
        if (passed_over || standing.on_the_way) && !self.leads_to_target(path) {
            return None;
        }
        let is_target = self.targets.contains(path);
        standing.reported |= is_target;
        standing.ignored |= left_out == LeftOut::Ignored;
        standing.on_the_way = !is_target && (passed_over || standing.on_the_way);
        Some(standing)
    }

    /// Whether a named path is this one or lies below it.
    fn leads_to_target(&self, path: &Path) -> bool {
        let mut from_here = self.targets.range::<Path, _>((Bound::Included(path), Bound::Unbounded));
        from_here.next().is_some_and(|target| target.starts_with(path))
    }

    /// Whether a folder is part of this root: not where only the files beside a named one are, nor if it is a root itself.
    fn enters(&self, folder: &Path) -> bool {
        let shallow = self.roots.get(self.root).is_some_and(|root| root.shallow);
        !shallow && !self.roots.iter().any(|root| root.path == folder)
    }

    fn add(&self, path: &Path, scope: usize, standing: Standing, walk: &mut Walk, scopes: &Scopes) {
        let Some(governing) = scopes.list.get(scope) else { return };
        let relative = relative(&governing.folder, path);
        if governing.config.excludes_file(&relative) {
            return;
        }
        walk.files.push(WalkedFile {
            path: path.to_owned(),
            display: self.display.of(path),
            relative,
            reported: standing.reported,
            named: self.targets.contains(path) || self.beyond == Some(path),
            ignored: standing.ignored,
            leaves_root: standing.leaves_root,
            root: self.root,
            scope,
        });
    }

    fn unreadable(&self, error: &walkdir::Error, start: Standing, walk: &mut Walk) {
        let Some(path) = error.path() else { return };
        let reason = error.io_error().map_or_else(|| error.to_string(), reason);
        let reported = start.reported || path.ancestors().any(|above| self.targets.contains(above));
        walk.problems.push(WalkProblem { display: self.display.of(path), reason, reported });
    }
}

/// Whether an entry is passed over unless it is named.
#[derive(Clone, Copy, PartialEq, Eq)]
enum LeftOut {
    No,
    Hidden,
    Ignored,
}

fn left_out(entry: &DirEntry, folders: &[Folder]) -> LeftOut {
    let name = entry.file_name();
    if name == ".terraform" {
        return LeftOut::Ignored;
    }
    match said(folders.iter().map(|folder| &folder.rules), entry.path(), entry.file_type().is_dir()) {
        Said::Ignored => LeftOut::Ignored,
        Said::Nothing if is_hidden(entry) => LeftOut::Hidden,
        Said::Wanted | Said::Nothing => LeftOut::No,
    }
}

fn is_hidden(entry: &DirEntry) -> bool {
    entry.file_name().as_encoded_bytes().starts_with(b".")
}

/// The operating system's words, as ours begin.
pub(super) fn reason(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        std::io::ErrorKind::NotFound => "no longer there".to_owned(),
        _ => error.to_string(),
    }
}

fn scope_excludes(folder: &Path, scope: usize, scopes: &Scopes) -> bool {
    let governing = scopes.list.get(scope);
    governing.is_some_and(|scope| scope.config.excludes_folder(&relative(&scope.folder, folder)))
}
