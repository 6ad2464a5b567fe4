//! One root → its files: what to enter, what to pass over, and what each file inherits from its folder.
//!
//! Each folder is a task of its own, and its files are read as soon as they are listed. Nothing that comes out depends on
//! which task is done first.

#![expect(clippy::disallowed_methods, reason = "the walk is the shell's eyes")]

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::ops::Bound;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::{fs, io};

use super::display::{Display, push_name, relative};
use super::ignored::{Rules, Said, said};
use super::read::{self, Loaded};
use super::scope::Scopes;
use super::{Root, Scope, Walk, WalkProblem, WalkedFile};
use crate::config::FILE_NAME;
use crate::error::Error;
use crate::syntax::detect;

/// How many files one task reads of a folder that has many.
const FILES_PER_TASK: usize = 32;

/// One root, and what the user named in it.
#[derive(Clone, Copy)]
pub(super) struct Tree<'w> {
    pub(super) root: usize,
    pub(super) roots: &'w [Root],
    pub(super) targets: &'w BTreeSet<&'w Path>,
    /// The last parts of these.
    pub(super) target_names: &'w BTreeSet<&'w OsStr>,
    pub(super) display: &'w Display,
    /// Whether what ignore files leave out is listed all the same, marked as ignored.
    pub(super) no_ignore: bool,
    /// Whether files are read, too.
    pub(super) reads: bool,
    pub(super) read: &'w AtomicUsize,
    /// The file or folder beyond the root that a named link leads to, while that is walked.
    pub(super) beyond: Option<&'w Path>,
}

/// A folder that the walk is in, and what the entries in it inherit.
struct Folder {
    path: PathBuf,
    /// Its path as shown, and as globs of the configuration see it.
    display: String,
    relative: String,
    rules: Rules,
    governed: Governed,
    standing: Standing,
    above: Option<Arc<Folder>>,
}

/// The configuration that governs a folder, and its index.
#[derive(Clone)]
struct Governed {
    scope: Arc<Scope>,
    index: usize,
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

/// What lies in a folder.
#[derive(Default)]
struct Listing {
    files: Vec<OsString>,
    folders: Vec<OsString>,
    /// Whatever it is that has the name.
    has_git: bool,
    has_config: bool,
    problems: Vec<io::Error>,
}

/// What the tasks of one walk have in common.
struct Shared<'s> {
    found: Mutex<&'s mut Walk>,
    scopes: Mutex<&'s mut Scopes>,
    errors: Mutex<Vec<(PathBuf, Error)>>,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Tree<'_> {
    /// Lists the files of the root.
    pub(super) fn walk(&self, walk: &mut Walk, scopes: &mut Scopes) -> Result<(), Error> {
        let Some(root) = self.roots.get(self.root) else { return Ok(()) };
        let scope = scopes.of_root(&root.path, self.display)?;
        let standing = Standing { reported: self.targets.contains(root.path.as_path()), ..Standing::default() };
        self.descend(&root.path, scope, standing, walk, scopes)
    }

    /// Lists the file that a link out of the root leads to, or the files of the folder that it leads to.
    pub(super) fn walk_beyond(&self, path: &Path, walk: &mut Walk, scopes: &mut Scopes) -> Result<(), Error> {
        let Some(root) = self.roots.get(self.root) else { return Ok(()) };
        let folder = path.parent().unwrap_or(path);
        let scope = scopes.nearest(folder, &root.path, self.display)?;
        let standing = Standing { reported: true, leaves_root: true, ..Standing::default() };
        if path.is_dir() {
            let scope = scopes.in_folder(path, self.display)?.unwrap_or(scope);
            return self.descend(path, scope, standing, walk, scopes);
        }
        if let (Some(governed), Some(name)) = (scopes.governed(scope), path.file_name()) {
            let governed = Governed { scope: governed, index: scope };
            let folder = self.folder(folder.to_owned(), Rules::default(), governed, standing, None);
            walk.files.extend(self.file(&folder, name, standing));
        }
        Ok(())
    }

    fn descend(
        &self,
        path: &Path,
        scope: usize,
        standing: Standing,
        walk: &mut Walk,
        scopes: &mut Scopes,
    ) -> Result<(), Error> {
        let Some(governing) = scopes.governed(scope) else { return Ok(()) };
        let governed = Governed { scope: governing, index: scope };
        let (known, before) = (scopes.len(), walk.files.len());
        let shared = Shared { found: Mutex::new(walk), scopes: Mutex::new(scopes), errors: Mutex::default() };
        rayon::scope(|tasks| self.enter(path.to_owned(), &governed, standing, None, &shared, tasks));
        let errors = shared.errors.into_inner().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, error)) = errors.into_iter().min_by(|(a, _), (b, _)| a.cmp(b)) {
            return Err(error);
        }
        let places = scopes.settle(known);
        for file in walk.files.iter_mut().skip(before) {
            file.scope = places.get(file.scope).copied().unwrap_or(file.scope);
        }
        Ok(())
    }

    /// Lists a folder, reads its files, and leaves the folders in it to other tasks.
    fn enter<'s>(
        &'s self,
        path: PathBuf,
        governed: &Governed,
        standing: Standing,
        above: Option<Arc<Folder>>,
        shared: &'s Shared<'_>,
        tasks: &rayon::Scope<'s>,
    ) {
        let listing = match Listing::of(&path, &|name| self.may_be_read(name)) {
            Ok(listing) => listing,
            Err(error) => return self.unreadable(&path, &error, standing, shared),
        };
        listing.problems.iter().for_each(|error| self.unreadable(&path, error, standing, shared));
        let own = if listing.has_config && above.is_some() { self.configured(&path, shared) } else { Ok(None) };
        let governed = match own {
            Ok(own) => own.unwrap_or_else(|| governed.clone()),
            Err(error) => return locked(&shared.errors).push((path, error)),
        };
        let rules = Rules::of(&path, |name| listing.files.iter().any(|file| file == name), listing.has_git);
        let folder = Arc::new(self.folder(path, rules, governed, standing, above));
        for name in listing.folders {
            let Some(standing) = self.standing(&folder, &name, true) else { continue };
            let (path, folder) = (folder.path.join(&name), Arc::clone(&folder));
            if !folder.governed.scope.config.excludes_folder(&within(&folder.relative, &name)) {
                tasks.spawn(move |tasks| {
                    self.enter(path, &folder.governed, standing, Some(Arc::clone(&folder)), shared, tasks);
                });
            }
        }
        let mut names = listing.files;
        while names.len() > FILES_PER_TASK {
            let (some, folder) = (names.split_off(names.len() - FILES_PER_TASK), Arc::clone(&folder));
            tasks.spawn(move |_| self.add(&folder, &some, shared));
        }
        self.add(&folder, &names, shared);
    }

    fn configured(&self, path: &Path, shared: &Shared<'_>) -> Result<Option<Governed>, Error> {
        let mut scopes = locked(&shared.scopes);
        let index = scopes.in_folder(path, self.display)?;
        Ok(index.and_then(|index| Some(Governed { scope: scopes.governed(index)?, index })))
    }

    fn folder(
        &self,
        path: PathBuf,
        rules: Rules,
        governed: Governed,
        standing: Standing,
        above: Option<Arc<Folder>>,
    ) -> Folder {
        let (display, relative) = (self.display.of(&path), relative(&governed.scope.folder, &path));
        Folder { path, display, relative, rules, governed, standing, above }
    }

    /// How a file or folder stands; `None` if it is passed over.
    fn standing(&self, parent: &Folder, name: &OsStr, is_dir: bool) -> Option<Standing> {
        let path = parent.path.join(name);
        if name == ".git" || (is_dir && !self.enters(&path)) {
            return None;
        }
        let mut standing = parent.standing;
        let left_out = left_out(parent, name, &path, is_dir);
        let passed_over = match left_out {
            LeftOut::No => false,
            LeftOut::Ignored => !self.no_ignore || is_hidden(name),
            LeftOut::Hidden => true,
        };
        if (passed_over || standing.on_the_way) && !self.leads_to_target(&path) {
            return None;
        }
        let is_target = self.targets.contains(path.as_path());
        standing.reported |= is_target;
        standing.ignored |= left_out == LeftOut::Ignored;
        standing.on_the_way = !is_target && (passed_over || standing.on_the_way);
        Some(standing)
    }

    /// Whether the name of a file leaves it open that it is ours, or is that of one that the user named.
    fn may_be_read(&self, name: &OsStr) -> bool {
        let is_foreign = name.to_str().is_some_and(|name| detect::Named::of(name) == detect::Named::Foreign);
        !(self.reads && is_foreign) || self.target_names.contains(name)
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

    fn add(&self, folder: &Folder, names: &[OsString], shared: &Shared<'_>) {
        let file = |name: &OsString| self.file(folder, name, self.standing(folder, name, false)?);
        let files: Vec<WalkedFile> = names.iter().filter_map(file).collect();
        if !files.is_empty() {
            locked(&shared.found).files.extend(files);
        }
    }

    /// A file, read if files are; `None` if the configuration excludes it.
    fn file(&self, folder: &Folder, name: &OsStr, standing: Standing) -> Option<WalkedFile> {
        let relative = within(&folder.relative, name);
        if folder.governed.scope.config.excludes_file(&relative) {
            return None;
        }
        let path = folder.path.join(name);
        let mut file = WalkedFile {
            display: within(&folder.display, name),
            relative,
            reported: standing.reported,
            named: self.targets.contains(path.as_path()) || self.beyond == Some(&path),
            path,
            ignored: standing.ignored,
            leaves_root: standing.leaves_root,
            root: self.root,
            scope: folder.governed.index,
            content: Loaded::NotOurs,
        };
        if self.reads {
            file.content = read::load(&file);
            self.read.fetch_add(1, Ordering::Relaxed);
        }
        Some(file)
    }

    fn unreadable(&self, path: &Path, error: &io::Error, standing: Standing, shared: &Shared<'_>) {
        let (display, reason) = (self.display.of(path), reason(error));
        locked(&shared.found).problems.push(WalkProblem { display, reason, reported: standing.reported });
    }
}

impl Listing {
    /// What the folder has; links, pipes, sockets and devices are passed over, and files of which nothing is wanted.
    fn of(folder: &Path, is_wanted: &dyn Fn(&OsStr) -> bool) -> io::Result<Self> {
        let mut listing = Self::default();
        for entry in fs::read_dir(folder)? {
            let (name, kind) = match entry.and_then(|entry| Ok((entry.file_name(), entry.file_type()?))) {
                Ok(entry) => entry,
                Err(error) => {
                    listing.problems.push(error);
                    continue;
                }
            };
            listing.has_git |= name == ".git";
            listing.has_config |= name == FILE_NAME;
            if kind.is_file() {
                if is_wanted(&name) {
                    listing.files.push(name);
                }
            } else if kind.is_dir() {
                listing.folders.push(name);
            }
        }
        Ok(listing)
    }
}

/// The path of an entry of a folder, both as shown.
fn within(folder: &str, name: &OsStr) -> String {
    let mut path = String::with_capacity(folder.len() + 1 + name.len());
    if folder != "." {
        path.push_str(folder);
        path.push('/');
    }
    push_name(&mut path, name);
    path
}

/// Whether an entry is passed over unless it is named.
#[derive(Clone, Copy, PartialEq, Eq)]
enum LeftOut {
    No,
    Hidden,
    Ignored,
}

fn left_out(parent: &Folder, name: &OsStr, path: &Path, is_dir: bool) -> LeftOut {
    if name == ".terraform" {
        return LeftOut::Ignored;
    }
    let upwards = std::iter::successors(Some(parent), |folder| folder.above.as_deref());
    match said(upwards.map(|folder| &folder.rules), path, is_dir) {
        Said::Ignored => LeftOut::Ignored,
        Said::Nothing if is_hidden(name) => LeftOut::Hidden,
        Said::Wanted | Said::Nothing => LeftOut::No,
    }
}

fn is_hidden(name: &OsStr) -> bool {
    name.as_encoded_bytes().starts_with(b".")
}

/// The operating system's words, as ours begin.
pub(super) fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        io::ErrorKind::NotFound => "no longer there".to_owned(),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "no space left on the disk".to_owned(),
        io::ErrorKind::FileTooLarge => "the file would be too large".to_owned(),
        io::ErrorKind::ReadOnlyFilesystem => "the file system is read-only".to_owned(),
        _ => error.to_string(),
    }
}
