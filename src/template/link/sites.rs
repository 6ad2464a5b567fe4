//! Where what may stand for a policy is mentioned, in all files of all modules.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rayon::prelude::*;

use super::super::policy_arn::name_at_end;
use super::super::terraform::{POLICY_DOCUMENT, address};
use super::File;
use super::by_name::ByName;
use super::mention::{Mention, mentions};
use super::module::{Modules, is_within, resolved};
use super::policy_names::{is_key, may_name_policies, policy_names};
use super::uses::Target;
use super::written::{Names, Written};
use crate::policy::wildcard::Wildcard;
use crate::source::Span;
use crate::syntax::hcl::Body;
use crate::syntax::{Node, Value};

/// Where something is mentioned.
#[derive(Debug, Clone)]
pub(super) struct Site {
    pub(super) module: usize,
    pub(super) file: usize,
    /// The block, or the local value.
    pub(super) address: Arc<str>,
    /// The way to the attribute in it.
    pub(super) keys: Arc<[String]>,
    /// The byte of the file.
    pub(super) offset: u32,
    /// Whether parts of documents are taken there, for whatever they are put into.
    pub(super) takes_apart: bool,
}

impl Site {
    /// A block or a local value as a whole.
    pub(super) fn of(module: usize, file: usize, address: &str) -> Self {
        Self { module, file, address: address.into(), keys: Arc::default(), offset: 0, takes_apart: false }
    }

    /// Somewhere in a file of which nothing more is known.
    fn of_values(file: usize) -> Self {
        Self::of(usize::MAX, file, "values")
    }

    /// Whether what stands there may be a part of something else; what a resource takes is whole.
    fn hands_on(&self) -> bool {
        ["local.", "var.", "module.", "output."].iter().any(|start| self.address.starts_with(start))
    }

    /// One step further in.
    fn below(&self, key: &str) -> Self {
        Self { keys: self.keys.iter().cloned().chain([key.to_owned()]).collect(), ..self.clone() }
    }
}

/// All places where something is mentioned, in order of the files for each.
#[derive(Debug, Default)]
pub(super) struct Sites {
    by_target: BTreeMap<Target, Vec<Site>>,
    /// How the paths begin of which deployment knows the rest.
    paths: Vec<(String, Site)>,
    /// What paths may be of which not even the beginning is known, and the folder they are below, if any.
    open_paths: Vec<(Wildcard, Option<String>, Site)>,
    /// By the name at the end of a policy's ARN.
    pub(super) arns: ByName<Site>,
    /// The names of files that are written elsewhere than where one is read.
    written: Written,
    /// Whether a file of a module cannot be read: it may read any file.
    has_broken: bool,
}

/// What is known of the files around those of modules.
#[derive(Debug, Default)]
pub(super) struct Around<'r> {
    /// The paths of all files there are.
    pub(super) read: BTreeSet<&'r str>,
    /// The names of those that policies are in.
    pub(super) names: Names,
    /// The paths and texts of files of modules that cannot be read, which is all that is known of them.
    pub(super) broken: Vec<(&'r str, &'r str)>,
    /// The texts of other files that may read files.
    pub(super) others: Vec<&'r str>,
}

/// A look through one file.
struct Look<'l, 'a> {
    modules: &'l Modules<'a>,
    around: &'l Around<'l>,
    found: Sites,
}

impl Sites {
    /// What files of modules mention, and what files of variables do.
    pub(super) fn of(modules: &Modules<'_>, sources: &[&File<'_>], values: &[&File<'_>], around: &Around<'_>) -> Self {
        let look = || Look { modules, around, found: Self::default() };
        let in_source = |file: &&File<'_>| {
            let mut look = look();
            look.scan(file);
            look.found
        };
        let in_values = |file: &&File<'_>| {
            let mut look = look();
            look.scan_values(file);
            look.found
        };
        let found: Vec<Self> = sources.par_iter().map(in_source).chain(values.par_iter().map(in_values)).collect();
        let mut all = Self::default();
        let texts = around.broken.iter().map(|(_, text)| *text);
        texts.for_each(|text| all.written.note(text, &around.names, false));
        all.has_broken = !around.broken.is_empty();
        found.into_iter().for_each(|found| all.extend(found));
        if all.reads_files() {
            let note = |text: &&str| {
                let mut written = Written::default();
                written.note(text, &around.names, false);
                written
            };
            let others: Vec<Written> = around.others.par_iter().map(note).collect();
            others.into_iter().for_each(|written| all.written.extend(written));
        }
        all
    }

    fn reads_files(&self) -> bool {
        let is_file = |target: &Target| matches!(target, Target::File(_));
        !self.paths.is_empty() || !self.open_paths.is_empty() || self.by_target.keys().any(is_file)
    }

    /// Whether a file may be read in a way that is not followed: something writes its name.
    pub(super) fn may_be_read_elsewhere(&self, path: &str) -> bool {
        // From any folder, since a path may lead out of it.
        let reads_any = self.open_paths.iter().any(|(pattern, ..)| pattern.as_str() == "*");
        self.written.has(path, reads_any || self.has_broken)
    }

    fn extend(&mut self, found: Self) {
        for (target, sites) in found.by_target {
            self.by_target.entry(target).or_default().extend(sites);
        }
        self.arns.extend(found.arns);
        self.written.extend(found.written);
        self.paths.extend(found.paths);
        self.open_paths.extend(found.open_paths);
    }

    pub(super) fn of_target(&self, target: &Target) -> &[Site] {
        self.by_target.get(target).map_or(&[], Vec::as_slice)
    }

    /// Where a file is mentioned by a path of which deployment knows a part.
    pub(super) fn of_path<'m>(&'m self, path: &'m str) -> impl Iterator<Item = &'m Site> {
        self.paths.iter().filter(move |(start, _)| path.starts_with(start.as_str())).map(|(_, site)| site)
    }

    /// Where a file may be mentioned by a path that is not known.
    pub(super) fn of_open_path<'m>(&'m self, path: &'m str) -> impl Iterator<Item = &'m Site> {
        let is_below = move |folder: &Option<String>| folder.as_deref().is_none_or(|folder| is_within(path, folder));
        let is_it = move |(pattern, folder, _): &&(Wildcard, Option<String>, Site)| {
            is_below(folder) && pattern.matches(&path.to_ascii_lowercase())
        };
        self.open_paths.iter().filter(is_it).map(|(_, _, site)| site)
    }
}

impl Look<'_, '_> {
    /// The policies that a file of values speaks of, which it puts in somewhere.
    fn scan_values(&mut self, file: &File<'_>) {
        for (offset, mention) in mentions(file.text) {
            if let Mention::PolicyArn(name) = mention {
                let offset = Span::new(offset, offset).start;
                self.note_arn(&name, Site { offset, ..Site::of_values(file.reading) });
            }
        }
        if may_name_policies(file.text) {
            self.scan_names(file, file.body, &Site::of_values(file.reading));
        }
        self.found.written.note(file.text, &self.around.names, false);
    }

    fn scan(&mut self, file: &File<'_>) {
        let Some(module) = self.modules.module_of(file.reading) else { return };
        for block in &file.body.blocks {
            self.scan_body(file, &block.body, &Site::of(module, file.reading, &address(block)));
        }
        if may_name_policies(file.text) {
            for block in &file.body.blocks {
                self.scan_names(file, &block.body, &Site::of(module, file.reading, &address(block)));
            }
        }
    }

    /// Notes the policies that a body calls by name.
    ///
    /// Depth is bounded by the parser's limit on nesting.
    fn scan_names(&mut self, file: &File<'_>, body: &Body, site: &Site) {
        let is_below = site.keys.iter().any(|key| is_key(key));
        let says_none = |key: &str| is_prose(key) || (is_below && key == "path");
        // Whatever else takes names does not say whose policies it makes of them.
        let is_told = site.address.starts_with("aws_ssoadmin_");
        for entry in body.attributes.iter().filter(|entry| !says_none(&entry.key)) {
            // A variable that is called so holds names if nobody says otherwise.
            let is_default = entry.key == "default" && site.address.strip_prefix("var.").is_some_and(is_key);
            let at = if is_told { site.below(&entry.key) } else { Site::of_values(site.file) };
            for (span, name) in policy_names(file.text, &entry.value, is_below || is_default || is_key(&entry.key)) {
                self.note_arn(&name, Site { offset: span.start, ..at.clone() });
            }
        }
        for block in &body.blocks {
            self.scan_names(file, &block.body, &site.below(&address(block)));
        }
    }

    /// Depth is bounded by the parser's limit on nesting.
    fn scan_body(&mut self, file: &File<'_>, body: &Body, site: &Site) {
        for entry in &body.attributes {
            let at = if &*site.address == "locals" {
                Site { address: format!("local.{}", entry.key).into(), ..site.clone() }
            } else {
                site.below(&entry.key)
            };
            self.scan_value(file.text, &entry.value, &at);
        }
        for block in &body.blocks {
            self.scan_body(file, &block.body, &site.below(&address(block)));
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
                    self.scan_value(text, &entry.value, &at.below(&entry.key));
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
        if !at.keys.iter().any(|key| is_prose(key) || matches!(key.as_str(), "tags" | "depends_on")) {
            self.found.written.note(span.of(text), &self.around.names, true);
        }
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
                    if name != "*" || at.hands_on() || !span.of(text).starts_with("\"policy/") {
                        self.note_arn(&name, site);
                    }
                    continue;
                }
            };
            self.found.by_target.entry(target).or_default().push(site);
        }
        if at.address.starts_with("data.aws_iam_policy.") && *at.keys == ["name"] {
            let name = span.of(text).strip_prefix('"').map_or_else(|| "*".to_owned(), name_at_end);
            self.note_arn(&name, Site { offset: span.start, ..at.clone() });
        }
    }

    fn note_arn(&mut self, name: &str, site: Site) {
        self.found.arns.add(Wildcard::new(name), site);
    }

    /// Notes a path given to `file`: from the module, or from the root module where it does not say.
    fn note_path(&mut self, path: &str, site: &Site) {
        let of_module = path.strip_prefix("${path.module}");
        let of_root = path.strip_prefix("${path.root}");
        let folders = match (of_module, of_root) {
            (Some(_), _) => BTreeSet::from([site.module]),
            (None, Some(_)) => self.modules.roots(site.module),
            (None, None) => &BTreeSet::from([site.module]) | &self.modules.roots(site.module),
        };
        let path = of_module.or(of_root).unwrap_or(path);
        let (known, is_whole) = path.split_once("${").map_or((path, true), |(known, _)| (known, false));
        if known.is_empty() {
            return self.note_open_path(path, site);
        }
        let mut is_read = !is_whole;
        for folder in
            folders.into_iter().filter_map(|module| Some(self.modules.get(module)?.folder)).collect::<Vec<_>>()
        {
            let Some(path) = resolved(folder, known) else { continue };
            if is_whole {
                is_read |= self.around.read.contains(path.as_str());
                self.found.by_target.entry(Target::File(path)).or_default().push(site.clone());
            } else {
                let end = if known.ends_with('/') && !path.is_empty() { "/" } else { "" };
                self.found.paths.push((path + end, site.clone()));
            }
        }
        if !is_read {
            // It may be a link to another file, of the same name as a rule.
            let name = known.rsplit('/').next().unwrap_or_default();
            self.found.open_paths.push((Wildcard::new(format!("*{name}")), None, site.clone()));
        }
    }

    /// Notes a path that begins with a hole: whatever ends so, or all below the root modules where nothing is told.
    fn note_open_path(&mut self, path: &str, site: &Site) {
        let pattern = name_at_end(&path.replace("../", ""));
        if pattern != "*" {
            return self.found.open_paths.push((Wildcard::new(format!("*{pattern}")), None, site.clone()));
        }
        for root in self.modules.roots(site.module) {
            let folder = self.modules.get(root).map(|module| module.folder.to_owned());
            self.found.open_paths.push((Wildcard::new("*"), folder, site.clone()));
        }
    }
}

/// Whether an attribute is words for people, or says of what kind a value is.
fn is_prose(key: &str) -> bool {
    matches!(key, "description" | "error_message" | "type")
}
