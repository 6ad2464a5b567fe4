//! The folders of HCL files as modules: their blocks by address, their constants, and who calls them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::AtomicUsize;

use super::super::terraform::address;
use super::File;
use super::again::Again;
use super::real::Named;
use super::sites::{Around, Sites};
use crate::syntax::Node;
use crate::syntax::hcl::Block;

/// A block and its module.
#[derive(Clone, Copy)]
pub(super) struct Placed<'a> {
    pub(super) module: usize,
    pub(super) block: &'a Block,
    /// The text of its file.
    pub(super) text: &'a str,
    /// Its file.
    pub(super) file: usize,
}

/// The files of one folder.
#[derive(Default)]
pub(super) struct Module<'a> {
    pub(super) folder: &'a str,
    blocks: BTreeMap<String, Placed<'a>>,
    locals: BTreeMap<&'a str, &'a Node<'static>>,
    /// What files of variables that are always loaded say; the later counts.
    variables: BTreeMap<&'a str, &'a Node<'static>>,
    /// The variables that other such files set.
    varying: BTreeSet<&'a str>,
    /// The calls of it, in whichever module.
    pub(super) callers: Vec<Placed<'a>>,
    /// Whether a file that is part of it, or may call it, cannot be read, or overrides another: it may say anything.
    pub(super) is_incomplete: bool,
}

/// All modules.
pub(super) struct Modules<'a> {
    modules: Vec<Module<'a>>,
    folders: BTreeMap<&'a str, usize>,
    files: BTreeMap<usize, usize>,
    /// What the files mention.
    pub(super) sites: Sites,
    /// The names of identities that a plan or a state knows.
    pub(super) real: Named,
    /// Whether something calls modules that is no part of them: Terragrunt does.
    pub(super) has_unknown_callers: bool,
    /// How many values were looked at for the name that is asked for.
    pub(super) looks: AtomicUsize,
}

/// The folder of a path, without a slash at its end.
pub(super) fn folder(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// Whether a path is a folder or below it.
pub(super) fn is_within(path: &str, folder: &str) -> bool {
    folder.is_empty() || path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// A path from a folder, its `.` and `..` resolved; `None` if it leads out of the root.
pub(super) fn resolved(folder: &str, path: &str) -> Option<String> {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            _ => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

impl<'a> Modules<'a> {
    /// Puts files together. Those that are `handed` over give values to modules, and are none themselves.
    pub(super) fn of(files: &'a [File<'a>], handed: &[File<'_>], around: &Around<'_>) -> Self {
        let mut all = Self {
            modules: Vec::new(),
            folders: BTreeMap::new(),
            files: BTreeMap::new(),
            sites: Sites::default(),
            real: Named::new(),
            has_unknown_callers: false,
            looks: AtomicUsize::new(0),
        };
        let are_values = |file: &&File<'_>| file.path.ends_with(".tfvars") || file.path.ends_with(".tfvars.json");
        let (values, sources): (Vec<&File<'_>>, Vec<_>) = files.iter().partition(are_values);
        // What an override says takes the place of what the others say.
        let (overrides, own): (Vec<&File<'_>>, Vec<_>) =
            sources.iter().copied().partition(|file| is_override(file.path));
        for file in own.into_iter().chain(overrides) {
            all.add(file);
        }
        for file in &values {
            all.add_values(file);
        }
        for (path, text) in &around.broken {
            all.note_broken(path, text);
        }
        all.find_callers();
        let values: Vec<&File<'_>> = values.into_iter().chain(handed).collect();
        all.sites = Sites::of(&all, &sources, &values, around);
        all
    }

    fn add(&mut self, file: &File<'a>) {
        let folder = folder(file.path);
        let next = self.modules.len();
        let module = *self.folders.entry(folder).or_insert(next);
        if module == next {
            self.modules.push(Module { folder, ..Module::default() });
        }
        self.files.insert(file.reading, module);
        let Some(into) = self.modules.get_mut(module) else { return };
        // Values may be set in both, so that none is known for sure.
        into.is_incomplete |= is_override(file.path);
        for block in &file.body.blocks {
            if block.name == "locals" {
                into.locals.extend(block.body.attributes.iter().map(|entry| (entry.key.as_ref(), &entry.value)));
            } else {
                into.blocks.insert(address(block), Placed { module, block, text: file.text, file: file.reading });
            }
        }
    }

    /// Takes a file of variables: of its own folder's module, or of one above that it may be handed to.
    fn add_values(&mut self, file: &File<'a>) {
        let own = folder(file.path);
        let name = file.path.rsplit('/').next().unwrap_or_default();
        let name = name.strip_suffix(".json").unwrap_or(name);
        let is_loaded = name == "terraform.tfvars" || name.ends_with(".auto.tfvars");
        let values = || file.body.attributes.iter();
        if let Some(module) = self.folders.get(own).and_then(|index| self.modules.get_mut(*index)).filter(|_| is_loaded)
        {
            module.variables.extend(values().map(|entry| (entry.key.as_ref(), &entry.value)));
            return;
        }
        let is_below_one = self.modules.iter().any(|module| is_within(own, module.folder));
        // One beside the modules is for those that the nearest folder above both has.
        let near = std::iter::successors(Some(own), |path| (!path.is_empty()).then(|| folder(path)))
            .find(|near| self.modules.iter().any(|module| is_within(module.folder, near)));
        for module in &mut self.modules {
            let is_meant = if is_below_one {
                is_within(own, module.folder)
            } else {
                near.is_some_and(|near| is_within(module.folder, near))
            };
            if is_meant {
                module.varying.extend(values().map(|entry| entry.key.as_ref()));
            }
        }
    }

    /// Notes the module that a broken file is part of, and those that it may call.
    fn note_broken(&mut self, path: &str, text: &str) {
        let own = folder(path);
        let called = text.split('"').filter(|part| part.starts_with("./") || part.starts_with("../"));
        let called = called.filter_map(|part| resolved(own, part));
        for folder in std::iter::once(own.to_owned()).chain(called) {
            let module = self.folders.get(folder.as_str()).and_then(|index| self.modules.get_mut(*index));
            module.into_iter().for_each(|module| module.is_incomplete = true);
        }
    }

    fn find_callers(&mut self) {
        let calls: Vec<(usize, Placed<'a>)> = self
            .modules
            .iter()
            .flat_map(|module| module.blocks.values().filter(|placed| placed.block.name == "module"))
            .filter_map(|call| Some((self.called(*call)?, *call)))
            .collect();
        for (callee, call) in calls {
            if let Some(module) = self.modules.get_mut(callee) {
                module.callers.push(call);
            }
        }
        self.note_calls_from_outside();
    }

    /// Notes the modules that calls may be of whose sources are no paths.
    fn note_calls_from_outside(&mut self) {
        let sources = self.blocks().filter(|placed| placed.block.name == "module");
        let sources =
            sources.filter_map(|call| Some((call.module, Again::of(call.block.body.get("source")?.text()?)?)));
        let sources: Vec<(usize, Again<'_>)> = sources.collect();
        let modules = self.modules.iter().enumerate();
        let called = modules.filter(|(index, module)| {
            let mut fitting = sources.iter().filter(|(_, again)| again.may_be(module.folder)).peekable();
            // Nothing is part of itself.
            let own = if fitting.peek().is_some() { self.within(*index) } else { BTreeSet::new() };
            fitting.any(|(from, again)| matches!(again, Again::Folder(_)) || !own.contains(from))
        });
        let called: BTreeSet<usize> = called.map(|(index, _)| index).collect();
        let called = self.modules.iter_mut().enumerate().filter(|(index, _)| called.contains(index));
        called.for_each(|(_, module)| module.is_incomplete = true);
    }

    /// A module and all that it calls.
    fn within(&self, module: usize) -> BTreeSet<usize> {
        let (mut seen, mut open) = (BTreeSet::from([module]), vec![module]);
        while let Some(module) = open.pop() {
            open.extend(
                self.calls_of(module).into_iter().map(|(_, callee)| callee).filter(|callee| seen.insert(*callee)),
            );
        }
        seen
    }

    /// The local module that a call is of.
    pub(super) fn called(&self, call: Placed<'a>) -> Option<usize> {
        let source = call.block.body.get("source")?.text()?;
        let from = self.get(call.module)?.folder;
        let path = source.starts_with('.').then(|| resolved(from, source)).flatten()?;
        self.folders.get(path.as_str()).copied()
    }

    pub(super) fn get(&self, module: usize) -> Option<&Module<'a>> {
        self.modules.get(module)
    }

    pub(super) fn block(&self, module: usize, address: &str) -> Option<Placed<'a>> {
        self.get(module)?.blocks.get(address).copied()
    }

    /// The modules that nothing here calls.
    pub(super) fn all_roots(&self) -> impl Iterator<Item = usize> + '_ {
        self.modules.iter().enumerate().filter(|(_, module)| module.callers.is_empty()).map(|(index, _)| index)
    }

    /// The local modules that a module calls, by the label of each call.
    pub(super) fn calls_of(&self, module: usize) -> Vec<(&'a str, usize)> {
        let blocks = self.get(module).into_iter().flat_map(|module| module.blocks.values());
        let calls = blocks.filter(|placed| placed.block.name == "module");
        calls.filter_map(|call| Some((call.block.labels.first()?.as_str(), self.called(*call)?))).collect()
    }

    /// The addresses of the identities that a module declares.
    pub(super) fn identities_of(&self, module: usize) -> Vec<String> {
        let addresses = self.get(module).into_iter().flat_map(|module| module.blocks.keys());
        let is_identity = |address: &&String| {
            address.split_once('.').is_some_and(|(kind, _)| super::name::identity_kind(kind).is_some())
        };
        addresses.filter(is_identity).cloned().collect()
    }

    /// All blocks of all modules.
    pub(super) fn blocks(&self) -> impl Iterator<Item = Placed<'a>> + '_ {
        self.modules.iter().flat_map(|module| module.blocks.values().copied())
    }

    pub(super) fn local(&self, module: usize, name: &str) -> Option<&'a Node<'static>> {
        self.get(module)?.locals.get(name).copied()
    }

    /// The values that a variable has: where each stands, none if one is not known.
    pub(super) fn variable(
        &self,
        module: usize,
        name: &str,
    ) -> Option<Vec<(usize, Option<Placed<'a>>, &'a Node<'static>)>> {
        let own = self.get(module).filter(|module| !module.is_incomplete && !self.has_unknown_callers)?;
        let default = || Some((module, None, self.block(module, &format!("var.{name}"))?.block.body.get("default")?));
        if own.callers.is_empty() {
            if own.varying.contains(name) {
                return None;
            }
            let set = own.variables.get(name).map(|node| (module, None, *node));
            return set.or_else(default).map(|value| vec![value]);
        }
        let given = own.callers.iter().map(|call| match call.block.body.get(name) {
            Some(node) => Some((call.module, Some(*call), node)),
            None => default(),
        });
        given.collect()
    }

    /// Whether a variable may be what it is if nobody says otherwise.
    pub(super) fn may_be_default(&self, module: usize, name: &str) -> bool {
        let Some(own) = self.get(module) else { return false };
        let is_given = |call: &Placed<'_>| call.block.body.get(name).is_some();
        match own.callers.as_slice() {
            [] => !self.has_unknown_callers && !own.variables.contains_key(name),
            callers => !callers.iter().all(is_given),
        }
    }

    /// Each file of HCL and its module, by index.
    pub(super) fn module_of_files(&self) -> impl Iterator<Item = (usize, usize)> + '_ {
        self.files.iter().map(|(file, module)| (*file, *module))
    }

    /// The module that a file is part of, by index.
    pub(super) fn module_of(&self, file: usize) -> Option<usize> {
        self.files.get(&file).copied()
    }

    /// The modules from which a module is reached that nothing here calls: itself, if nothing calls it.
    pub(super) fn roots(&self, module: usize) -> BTreeSet<usize> {
        let (mut roots, mut seen, mut open) = (BTreeSet::new(), BTreeSet::from([module]), vec![module]);
        while let Some(module) = open.pop() {
            let callers = self.get(module).map_or(&[][..], |module| module.callers.as_slice());
            if callers.is_empty() {
                roots.insert(module);
            }
            open.extend(callers.iter().map(|call| call.module).filter(|module| seen.insert(*module)));
        }
        roots
    }
}

/// Whether what a file says is merged into what the other files of its module say.
fn is_override(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    let stem = [".tf", ".tofu", ".tf.json", ".tofu.json"].iter().find_map(|ending| name.strip_suffix(ending));
    stem.is_some_and(|stem| stem == "override" || stem.ends_with("_override"))
}
