//! The folders of HCL files as modules: their blocks by address, their constants, and who calls them.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};

use super::super::terraform::{POLICY_DOCUMENT, address};
use super::File;
use super::mention::{Mention, arn_name, mentions};
use super::real::Named;
use super::uses::Target;
use crate::policy::wildcard::Wildcard;
use crate::source::Span;
use crate::syntax::hcl::{Block, Body};
use crate::syntax::{Node, Value};

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

/// Where something is mentioned.
#[derive(Debug, Clone)]
pub(super) struct Site {
    pub(super) module: usize,
    pub(super) file: usize,
    /// The block, or the local value.
    pub(super) address: String,
    /// The way to the attribute in it.
    pub(super) keys: Vec<String>,
    /// The byte of the file.
    pub(super) offset: u32,
    /// Whether parts of documents are taken there, for whatever they are put into.
    pub(super) takes_apart: bool,
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
    mentions: BTreeMap<Target, Vec<Site>>,
    /// How the paths begin of which deployment knows the rest.
    paths: Vec<(String, Site)>,
    /// The paths of all files that were read.
    read: &'a BTreeSet<&'a str>,
    /// What paths may be of which not even the beginning is known, and the folder they are below, if any.
    open_paths: Vec<(Wildcard, Option<String>, Site)>,
    /// By the name at the end of a policy's ARN, in lower case.
    arns: BTreeMap<String, Vec<Site>>,
    /// The same for names of which deployment knows a part.
    arn_patterns: Vec<(Wildcard, Site)>,
    /// The names of identities that a plan or a state knows.
    pub(super) real: Named,
    /// Whether something calls modules that is no part of them: Terragrunt does.
    pub(super) has_unknown_callers: bool,
    /// How many values were looked at for the name that is asked for.
    pub(super) looks: Cell<usize>,
}

/// The folder of a path, without a slash at its end.
pub(super) fn folder(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// Whether a path is a folder or below it.
fn is_within(path: &str, folder: &str) -> bool {
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
    /// Puts files together; of those that are `broken`, path and text are all that is known.
    pub(super) fn of(files: &'a [File<'a>], broken: &[(&str, &str)], read: &'a BTreeSet<&'a str>) -> Self {
        let mut all = Self {
            modules: Vec::new(),
            folders: BTreeMap::new(),
            files: BTreeMap::new(),
            mentions: BTreeMap::new(),
            paths: Vec::new(),
            read,
            open_paths: Vec::new(),
            arns: BTreeMap::new(),
            arn_patterns: Vec::new(),
            real: Named::new(),
            has_unknown_callers: false,
            looks: Cell::new(0),
        };
        let are_values = |file: &&File<'_>| file.path.ends_with(".tfvars") || file.path.ends_with(".tfvars.json");
        let (values, sources): (Vec<&File<'_>>, Vec<_>) = files.iter().partition(are_values);
        // What an override says takes the place of what the others say.
        let (overrides, own): (Vec<&File<'_>>, Vec<_>) =
            sources.iter().copied().partition(|file| is_override(file.path));
        for file in own.into_iter().chain(overrides) {
            all.add(file);
        }
        for file in values {
            all.add_values(file);
        }
        for (path, text) in broken {
            all.note_broken(path, text);
        }
        all.find_callers();
        sources.iter().for_each(|file| all.scan(file));
        files.iter().filter(are_values).for_each(|file| all.scan_values(file));
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
        let sources = self.modules.iter().flat_map(|module| module.blocks.values());
        let sources = sources.filter(|placed| placed.block.name == "module");
        let sources: Vec<&str> = sources.filter_map(|call| call.block.body.get("source")?.text()).collect();
        for path in sources.into_iter().filter_map(path_in_repository) {
            let module = self.folders.get(path).and_then(|index| self.modules.get_mut(*index));
            module.into_iter().for_each(|module| module.is_incomplete = true);
        }
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

    pub(super) fn mentions(&self, target: &Target) -> &[Site] {
        self.mentions.get(target).map_or(&[], Vec::as_slice)
    }

    /// Where the ARN may stand of a policy of this name.
    pub(super) fn mentions_of_arn<'m>(&'m self, name: &str) -> impl Iterator<Item = &'m Site> {
        let name = name.to_ascii_lowercase();
        let literal = self.arns.get(&name).map_or(&[][..], Vec::as_slice);
        let patterns = self.arn_patterns.iter().filter(move |(pattern, _)| pattern.matches(&name));
        literal.iter().chain(patterns.map(|(_, site)| site))
    }

    /// Where a file is mentioned by a path of which deployment knows a part.
    pub(super) fn mentions_of_path<'m>(&'m self, path: &'m str) -> impl Iterator<Item = &'m Site> {
        self.paths.iter().filter(move |(start, _)| path.starts_with(start.as_str())).map(|(_, site)| site)
    }

    /// Each file of HCL and its module, by index.
    pub(super) fn module_of_files(&self) -> impl Iterator<Item = (usize, usize)> + '_ {
        self.files.iter().map(|(file, module)| (*file, *module))
    }

    /// ARNs that a file of variables puts in somewhere.
    fn scan_values(&mut self, file: &File<'a>) {
        for (offset, mention) in mentions(file.text) {
            if let Mention::PolicyArn(name) = mention {
                let address = "values".to_owned();
                let offset = Span::new(offset, offset).start;
                let (module, file, keys) = (usize::MAX, file.reading, Vec::new());
                let site = Site { module, file, address, keys, offset, takes_apart: false };
                self.note_arn(&name, site);
            }
        }
    }

    fn scan(&mut self, file: &File<'a>) {
        let Some(module) = self.files.get(&file.reading).copied() else { return };
        for block in &file.body.blocks {
            let (address, keys) = (address(block), Vec::new());
            let site = Site { module, file: file.reading, address, keys, offset: 0, takes_apart: false };
            self.scan_body(file, &block.body, &site);
        }
    }

    /// Depth is bounded by the parser's limit on nesting.
    fn scan_body(&mut self, file: &File<'a>, body: &Body, site: &Site) {
        for entry in &body.attributes {
            let mut at = site.clone();
            if site.address == "locals" {
                at.address = format!("local.{}", entry.key);
            } else {
                at.keys.push(entry.key.to_string());
            }
            self.scan_value(file.text, &entry.value, &at);
        }
        for block in &body.blocks {
            let mut at = site.clone();
            at.keys.push(address(block));
            self.scan_body(file, &block.body, &at);
        }
    }

    /// A statement of a document that is written in JSON is looked at key by key.
    ///
    /// Depth is bounded by the parser's limit on nesting.
    fn scan_value(&mut self, text: &str, node: &Node<'_>, at: &Site) {
        let is_statement = at.address.starts_with(POLICY_DOCUMENT)
            && at.keys.first().is_some_and(|key| matches!(key.as_str(), "statement" | "dynamic"));
        match &node.value {
            Value::Table(entries) if is_statement => {
                for entry in entries {
                    let keys = at.keys.iter().cloned().chain([entry.key.to_string()]).collect();
                    self.scan_value(text, &entry.value, &Site { keys, ..at.clone() });
                }
            }
            Value::List(items) if is_statement => items.iter().for_each(|item| self.scan_value(text, item, at)),
            _ => self.scan_text(text, node.span, at),
        }
    }

    fn scan_text(&mut self, text: &str, span: Span, at: &Site) {
        let takes_apart =
            [".Statement", "[\"Statement\"]", "jsondecode("].iter().any(|part| span.of(text).contains(part));
        let at = &Site { takes_apart, ..at.clone() };
        for (offset, mention) in mentions(span.of(text)) {
            let site = Site { offset: span.start + Span::new(offset, offset).start, ..at.clone() };
            let target = match mention {
                Mention::Name(name) => Target::Named { module: at.module, name },
                Mention::Module(name) => Target::Named { module: at.module, name: format!("module.{name}.*") },
                Mention::File(path) => {
                    self.note_path(path, &site);
                    continue;
                }
                Mention::PolicyArn(name) => {
                    self.note_arn(&name, site);
                    continue;
                }
            };
            self.mentions.entry(target).or_default().push(site);
        }
        let is_name_of_policy = at.address.starts_with("data.aws_iam_policy.") && at.keys == ["name"]
            || at.keys.ends_with(&["customer_managed_policy_reference".to_owned(), "name".to_owned()]);
        if is_name_of_policy {
            let name = span.of(text).strip_prefix('"').map_or_else(|| "*".to_owned(), arn_name);
            self.note_arn(&name, Site { offset: span.start, ..at.clone() });
        }
    }

    fn note_arn(&mut self, name: &str, site: Site) {
        if name.contains('*') {
            self.arn_patterns.push((Wildcard::new(name), site));
        } else {
            self.arns.entry(name.to_ascii_lowercase()).or_default().push(site);
        }
    }

    /// Notes a path given to `file`: from the module, or from the root module where it does not say.
    fn note_path(&mut self, path: &str, site: &Site) {
        let of_module = path.strip_prefix("${path.module}");
        let of_root = path.strip_prefix("${path.root}");
        let folders = match (of_module, of_root) {
            (Some(_), _) => BTreeSet::from([site.module]),
            (None, Some(_)) => self.roots(site.module),
            (None, None) => &BTreeSet::from([site.module]) | &self.roots(site.module),
        };
        let path = of_module.or(of_root).unwrap_or(path);
        let (known, is_whole) = path.split_once("${").map_or((path, true), |(known, _)| (known, false));
        if known.is_empty() {
            return self.note_open_path(path, site);
        }
        let mut is_read = !is_whole;
        for folder in folders.into_iter().filter_map(|module| Some(self.get(module)?.folder)).collect::<Vec<_>>() {
            let Some(path) = resolved(folder, known) else { continue };
            if is_whole {
                is_read |= self.read.contains(path.as_str());
                self.mentions.entry(Target::File(path)).or_default().push(site.clone());
            } else {
                let end = if known.ends_with('/') && !path.is_empty() { "/" } else { "" };
                self.paths.push((path + end, site.clone()));
            }
        }
        if !is_read {
            // It may be a link to another file, of the same name as a rule.
            let name = known.rsplit('/').next().unwrap_or_default();
            self.open_paths.push((Wildcard::new(format!("*{name}")), None, site.clone()));
        }
    }

    /// Notes a path that begins with a hole: whatever ends so, or all below the root modules where nothing is told.
    fn note_open_path(&mut self, path: &str, site: &Site) {
        let pattern = arn_name(&path.replace("../", ""));
        if pattern != "*" {
            return self.open_paths.push((Wildcard::new(format!("*{pattern}")), None, site.clone()));
        }
        for root in self.roots(site.module) {
            let folder = self.get(root).map(|module| module.folder.to_owned());
            self.open_paths.push((Wildcard::new("*"), folder, site.clone()));
        }
    }

    /// Where a file may be mentioned by a path that is not known.
    pub(super) fn open_mentions_of_path<'m>(&'m self, path: &'m str) -> impl Iterator<Item = &'m Site> {
        let is_below = move |folder: &Option<String>| folder.as_deref().is_none_or(|folder| is_within(path, folder));
        let is_it = move |(pattern, folder, _): &&(Wildcard, Option<String>, Site)| {
            is_below(folder) && pattern.matches(&path.to_ascii_lowercase())
        };
        self.open_paths.iter().filter(is_it).map(|(_, _, site)| site)
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

/// The folder that a module's source names inside of another repository, which may be this one.
fn path_in_repository(source: &str) -> Option<&str> {
    let path = source.split_once("://").map_or(source, |(_, rest)| rest);
    let (_, path) = path.split_once("//").filter(|_| !source.starts_with('.'))?;
    Some(path.split('?').next().unwrap_or_default().trim_matches('/'))
}

/// Whether what a file says is merged into what the other files of its module say.
fn is_override(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    let stem = [".tf", ".tofu", ".tf.json", ".tofu.json"].iter().find_map(|ending| name.strip_suffix(ending));
    stem.is_some_and(|stem| stem == "override" || stem.ends_with("_override"))
}
