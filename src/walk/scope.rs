//! Which configuration governs which folder.

#![expect(clippy::disallowed_methods, reason = "the walk is the shell's eyes")]

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::display::Display;
use super::{Scope, WalkOptions};
use crate::config::{Config, FILE_NAME, MAX_SIZE};
use crate::error::Error;

/// The configurations found so far.
pub(super) struct Scopes {
    list: Vec<Arc<Scope>>,
    by_folder: HashMap<PathBuf, usize>,
    /// `--config` was given, and is the only one in the list.
    only: bool,
}

impl Scopes {
    /// Reads the configuration that the user named, if one was named.
    pub(super) fn new(options: &WalkOptions, current_dir: &Path, display: &Display) -> Result<Self, Error> {
        let mut scopes = Self { list: Vec::new(), by_folder: HashMap::new(), only: false };
        if let Some(named) = &options.config {
            let shown = named.display().to_string();
            let cannot =
                |error: io::Error| Error::new(format!("the configuration `{shown}` cannot be read")).because(error);
            let path = fs::canonicalize(current_dir.join(named)).map_err(cannot)?;
            scopes.add(&path, display.of(&path))?;
            scopes.only = true;
        }
        Ok(scopes)
    }

    /// The index of the configuration of a root: its own, or the defaults.
    pub(super) fn of_root(&mut self, root: &Path, display: &Display) -> Result<usize, Error> {
        if let Some(own) = self.in_folder(root, display)? {
            return Ok(own);
        }
        self.list.push(Arc::new(Scope::without_file(root.to_owned())));
        self.by_folder.insert(root.to_owned(), self.list.len() - 1);
        Ok(self.list.len() - 1)
    }

    /// The index of the configuration that lies in a folder, if one does.
    pub(super) fn in_folder(&mut self, folder: &Path, display: &Display) -> Result<Option<usize>, Error> {
        if self.only {
            return Ok(Some(0));
        }
        if let Some(index) = self.by_folder.get(folder) {
            return Ok(Some(*index));
        }
        let path = folder.join(FILE_NAME);
        if fs::symlink_metadata(&path).is_err() {
            return Ok(None);
        }
        self.add(&path, display.of(&path)).map(Some)
    }

    /// The index of the configuration nearest to a folder in a root that [`Self::of_root`] was asked for.
    pub(super) fn nearest(&mut self, folder: &Path, root: &Path, display: &Display) -> Result<usize, Error> {
        for above in folder.ancestors().take_while(|above| above.starts_with(root)) {
            if let Some(index) = self.in_folder(above, display)? {
                return Ok(index);
            }
        }
        self.of_root(root, display)
    }

    /// The configuration at an index.
    pub(super) fn governed(&self, index: usize) -> Option<Arc<Scope>> {
        self.list.get(index).cloned()
    }

    /// How many were found.
    pub(super) fn len(&self) -> usize {
        self.list.len()
    }

    /// All that were found, in the order of their indexes.
    pub(super) fn into_list(self) -> Vec<Scope> {
        self.list.into_iter().map(Arc::unwrap_or_clone).collect()
    }

    /// Puts those from the index `known` on in order of their folders, and gives the new index of each old one.
    pub(super) fn settle(&mut self, known: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (known..self.list.len()).collect();
        order.sort_by_key(|&index| self.list.get(index).map(|scope| scope.folder.clone()));
        let order: Vec<usize> = (0..known.min(self.list.len())).chain(order).collect();
        let mut places = vec![0; order.len()];
        for (new, &old) in order.iter().enumerate() {
            if let Some(place) = places.get_mut(old) {
                *place = new;
            }
        }
        self.list = order.iter().filter_map(|&old| self.governed(old)).collect();
        self.by_folder.values_mut().for_each(|index| *index = places.get(*index).copied().unwrap_or(*index));
        places
    }

    fn add(&mut self, path: &Path, shown: String) -> Result<usize, Error> {
        let text = text_of(path)
            .map_err(|error| Error::new("the configuration cannot be read").in_file(&shown).because(error))?;
        let config = Config::parse(&shown, &text)?;
        let folder = path.parent().unwrap_or(path).to_owned();
        self.by_folder.insert(folder.clone(), self.list.len());
        self.list.push(Arc::new(Scope { folder, file: Some(shown), text, config }));
        Ok(self.list.len() - 1)
    }
}

/// One byte more than a configuration may have is read, so that [`Config::parse`] can refuse it.
fn text_of(path: &Path) -> io::Result<String> {
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::other("not a file"));
    }
    let mut bytes = Vec::new();
    File::open(path)?.take(MAX_SIZE as u64 + 1).read_to_end(&mut bytes)?;
    // The last character may have been cut through.
    let cut = bytes.len() > MAX_SIZE;
    match String::from_utf8(bytes) {
        Ok(text) => Ok(text),
        Err(error) if cut => Ok(String::from_utf8_lossy(error.as_bytes()).into_owned()),
        Err(error) => Err(io::Error::other(format!("not UTF-8 at byte {}", error.utf8_error().valid_up_to()))),
    }
}
