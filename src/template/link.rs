//! The files of a module together → what each policy written in them is used for, and whose it is.
//!
//! A policy's uses are followed through locals, variables, outputs and local modules to the identities that it is
//! attached to. One that is used as anything else as well is not refined; what cannot be followed is an identity of
//! unknown name, which holds everything back. Knows Terraform's resource types. Does not know findings.

mod again;
mod by_name;
mod known;
mod mention;
mod module;
mod name;
mod paths;
mod policy_names;
mod real;
mod sites;
#[cfg(test)]
mod tests;
mod uses;
mod written;

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::terraform::{POLICY_DOCUMENT, json};
use super::{Document, DocumentKind, FileReading, Format, Skipped, Step, UsedAs, notation};
use crate::policy::SkipReason;
use crate::policy::wildcard::Wildcard;
use crate::source::{FileId, SourceFile, Sources, span_in_file};
use crate::syntax::detect::{calls_modules, may_hand_over};
use crate::syntax::hcl::Body;
use crate::syntax::{self, Notation, hcl};
use mention::names_at_ends;
use module::Modules;
pub(super) use name::identity_kind;
use policy_names::may_name_policies;
use sites::Around;
use uses::{Place, Spoken, Target, Uses, What};
use written::Names;

/// The inputs of a module that become statements, as the user says of the module's source in a file.
pub type StatementInputs<'c> = dyn Fn(FileId, &str) -> Vec<String> + Sync + 'c;

/// A file of a module.
struct File<'a> {
    reading: usize,
    path: &'a str,
    text: &'a str,
    body: &'a Body,
}

/// Puts the modules together and says of each policy in them what it is used for.
pub fn link(readings: &mut [(FileId, FileReading)], sources: &Sources, inputs: &StatementInputs<'_>) {
    let bodies: Vec<Option<Body>> = readings.iter_mut().map(|(_, reading)| reading.body.take()).collect();
    let ids: Vec<FileId> = readings.iter().map(|(id, _)| *id).collect();
    let file = |index: usize| {
        let source = sources.get(*ids.get(index)?)?;
        Some(File { reading: index, path: &source.path, text: &source.text, body: bodies.get(index)?.as_ref()? })
    };
    let files: Vec<File<'_>> = (0..ids.len()).filter_map(file).collect();
    let mut spoken = Spoken::default();
    for (index, (_, reading)) in readings.iter_mut().enumerate() {
        let mentions = std::mem::take(&mut reading.mentions).into_iter();
        mentions.for_each(|mention| spoken.add(mention.name, (index, mention.used_as)));
    }
    broken(readings, &bodies, sources).for_each(|source| speak_unread(&source.text, &mut spoken));
    let handed = handed_over(sources, &mut spoken);
    let handed: Vec<File<'_>> = handed
        .iter()
        .map(|(source, body)| File { reading: usize::MAX, path: &source.path, text: &source.text, body })
        .collect();
    if files.is_empty() && spoken.is_empty() && handed.is_empty() {
        return;
    }
    let around = around(readings, &bodies, sources);
    let mut modules = Modules::of(&files, &handed, &around);
    modules.has_unknown_callers = sources.iter().any(|(_, source)| calls_modules(&source.path));
    let named = readings.iter().filter(|(_, reading)| !reading.real_names.is_empty()).filter_map(|(id, reading)| {
        let source = sources.get(*id).filter(|source| source.named)?;
        Some((source.path.as_str(), &reading.real_names))
    });
    modules.real = real::named(&modules, &named.collect::<Vec<_>>());
    let modules = modules;
    let documents: Vec<Vec<crate::source::Span>> = readings.iter().map(|(_, reading)| spans(reading)).collect();
    let stated = |reading: usize, source: &str| ids.get(reading).map_or_else(Vec::new, |id| inputs(*id, source));
    let uses = Uses::new(&modules, &documents, &spoken, &stated);
    for (file, declared) in modules.declared() {
        readings.get_mut(file).into_iter().for_each(|(_, reading)| reading.identities.push(declared.clone()));
    }
    for (file, memberships) in modules.memberships() {
        readings.get_mut(file).into_iter().for_each(|(_, reading)| reading.memberships.extend(memberships.clone()));
    }
    let module_of: BTreeMap<usize, usize> = modules.module_of_files().collect();
    for (index, (id, reading)) in readings.iter_mut().enumerate() {
        let path = sources.get(*id).map_or("", |source| &source.path);
        let module = module_of.get(&index).copied();
        settle(reading, &|document| {
            let start = match module {
                Some(module) => place(document, module, index),
                None => Place::Target { target: Target::File(path.to_owned()), what: What::Document },
            };
            uses.of(start)
        });
        join(reading, &|name| uses.of_named(name, index));
    }
    // Thousands of small pieces: as much to free as there was to find.
    bodies.into_par_iter().with_max_len(64).for_each(drop);
}

/// What is known of all files but those of modules that can be read.
fn around<'s>(readings: &[(FileId, FileReading)], bodies: &[Option<Body>], sources: &'s Sources) -> Around<'s> {
    let all =
        || readings.iter().zip(bodies).filter_map(|((id, reading), body)| Some((sources.get(*id)?, reading, body)));
    let holding = all().filter(|(_, reading, _)| !reading.documents.is_empty());
    let others = sources.iter().filter(|(_, source)| may_read_files(&source.path));
    Around {
        read: sources.iter().map(|(_, source)| source.path.as_str()).collect(),
        names: Names::of(holding.map(|(source, ..)| source.path.as_str())),
        broken: broken(readings, bodies, sources).map(|source| (source.path.as_str(), &*source.text)).collect(),
        others: others.map(|(_, source)| source.text.as_str()).collect(),
    }
}

/// The files of modules that cannot be read.
fn broken<'a, 's: 'a>(
    readings: &'a [(FileId, FileReading)],
    bodies: &'a [Option<Body>],
    sources: &'s Sources,
) -> impl Iterator<Item = &'s SourceFile> + 'a {
    let is_of_module = |source: &SourceFile| {
        json::is_of_module(&source.path) || notation(&source.path, &source.text) == Some(Notation::Hcl)
    };
    let all = readings.iter().zip(bodies).filter_map(|((id, _), body)| Some((sources.get(*id)?, body)));
    let broken = all.filter(move |(source, body)| (source.unread || body.is_none()) && is_of_module(source));
    broken.map(|(source, _)| source)
}

/// Whether a file is one of a tool's that may read others; our own configuration only speaks of them.
fn may_read_files(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    let may_read = [".yaml", ".yml"].iter().any(|ending| name.ends_with(ending)) || may_hand_over(name);
    may_read && !name.contains("iamtrim")
}

/// What files hand over to modules in their own way; such a file has no reading where it speaks of nothing by itself.
fn handed_over<'s>(sources: &'s Sources, spoken: &mut Spoken) -> Vec<(&'s SourceFile, Body)> {
    let mut handed = Vec::new();
    for (_, source) in sources.iter().filter(|(_, source)| may_hand_over(&source.path)) {
        let body = match source.path.ends_with(".json") {
            true => syntax::json::parse(&source.text).map(|root| root.map(|root| json::body(&root, true))),
            false => hcl::parse(&source.text).map(Some),
        };
        match body {
            Ok(body) => handed.extend(body.map(|body| (source, body))),
            Err(_) => speak_unread(&source.text, spoken),
        }
    }
    handed
}

/// Notes the policies that a text may speak of that cannot be read, beyond their ARNs.
fn speak_unread(text: &str, spoken: &mut Spoken) {
    let any = may_name_policies(text).then_some("*");
    for name in names_at_ends(text).map(|(_, name)| name).chain(any) {
        spoken.add(Wildcard::new(name), (usize::MAX, UsedAs::Other));
    }
}

/// Gives the managed policies that a template names to those in other files, too, who have them by ARN.
fn join(reading: &mut FileReading, use_of: &dyn Fn(&Wildcard) -> Use) {
    for mut document in std::mem::take(&mut reading.documents) {
        let name = document.name.as_ref().filter(|_| document.kind == DocumentKind::Managed);
        let using = name.map(use_of).unwrap_or_default();
        if let Some(reason) = using.not {
            let span = span_in_file(&reading.layers, document.layer, document.policy.span);
            reading.skipped.push(Skipped { span, reason });
            reading.is_changed = true;
            continue;
        }
        for attachment in using.attachments {
            if !document.attachments.contains(&attachment) {
                document.attachments.push(attachment);
                reading.is_changed = true;
            }
        }
        reading.documents.push(document);
    }
    reading.skipped.sort_by_key(|skipped| skipped.span);
}

/// Where the policies of a file stand, in the file's own bytes.
fn spans(reading: &FileReading) -> Vec<crate::source::Span> {
    let documents = reading.documents.iter();
    documents.map(|document| span_in_file(&reading.layers, document.layer, document.policy.span)).collect()
}

/// What a policy is used as.
#[derive(Debug, Default)]
pub(super) struct Use {
    pub(super) attachments: Vec<super::Attachment>,
    /// Why it is not refined.
    pub(super) not: Option<SkipReason>,
    pub(super) is_managed: bool,
    pub(super) is_inline: bool,
    /// Whether statements of other documents may take the place of its own, by `Sid`.
    pub(super) is_merged: bool,
    /// Whether nothing uses it.
    pub(super) is_unused: bool,
}

fn settle(reading: &mut FileReading, use_of: &dyn Fn(&Document) -> Use) {
    let mut kept = Vec::with_capacity(reading.documents.len());
    for mut document in std::mem::take(&mut reading.documents) {
        let using = use_of(&document);
        // What only some uses make a policy of, or part of one.
        let is_part = What::of(&document) != What::Document || is_default(&document);
        // What is no part of a module may say itself whose it is.
        let is_apart = document.format != Format::Terraform || !document.attachments.is_empty();
        if is_apart && using.is_unused {
            kept.push(document);
            continue;
        }
        reading.is_changed = true;
        let span = span_in_file(&reading.layers, document.layer, document.policy.span);
        match using.not {
            _ if is_part && (using.is_unused || using.not.is_some()) => {}
            Some(reason) => reading.skipped.push(Skipped { span, reason }),
            None => {
                apply(&mut document, using);
                kept.push(document);
            }
        }
    }
    reading.documents = kept;
    reading.skipped.sort_by_key(|skipped| skipped.span);
    reading.identities.sort_by_key(|declared| declared.span);
}

fn apply(document: &mut Document, using: Use) {
    if using.is_managed {
        document.kind = DocumentKind::Managed;
    } else if using.is_inline {
        document.kind = DocumentKind::Inline;
    }
    // The keys of a table of statements become `Sid`s.
    let has_sid = document.policy.statements.iter().any(|statement| statement.sid.is_some());
    if using.is_merged && (has_sid || What::of(document) == What::Statements) {
        document.read_only = document.read_only.or(Some("other documents are merged with it, statement by `Sid`"));
    }
    document.attachments = using.attachments;
    // What a template's variables put in is written as in a string of HCL.
    if document.format != Format::Terraform {
        let entries = document.policy.statements.iter_mut().flat_map(|statement| &mut statement.actions.entries);
        let is_hole = |entry: &&mut crate::policy::ActionEntry| {
            entry
                .pattern
                .as_ref()
                .is_some_and(|pattern| ["${", "%{"].iter().any(|hole| pattern.as_str().contains(hole)))
        };
        entries.filter(is_hole).for_each(|entry| entry.pattern = None);
    }
}

impl What {
    /// What a document is written as.
    fn of(document: &Document) -> Self {
        let policy = &document.policy;
        let is_document = document.format != Format::Terraform
            || matches!(document.path.first(), Some(Step::Key(key)) if key.starts_with(POLICY_DOCUMENT));
        match policy.statements.as_slice() {
            _ if is_document => Self::Document,
            [only] if only.span == policy.span => Self::Actions,
            _ if policy.lists.first() == Some(&policy.span) => Self::Statements,
            _ => Self::Document,
        }
    }
}

/// Whether a document is what a variable is if nobody says otherwise.
fn is_default(document: &Document) -> bool {
    matches!(document.path.first(), Some(Step::Key(key)) if key.starts_with("var."))
}

/// Where the use of a document written in a module begins.
fn place(document: &Document, module: usize, file: usize) -> Place {
    let mut keys = document.path.iter().filter_map(|step| match step {
        Step::Key(key) => Some(key.clone()),
        _ => None,
    });
    let address = keys.next().unwrap_or_default();
    let what = What::of(document);
    if address.starts_with("local.") || address.starts_with("var.") || address.starts_with(POLICY_DOCUMENT) {
        return Place::Target { target: Target::Named { module, name: address }, what };
    }
    Place::At { module, file, address, keys: keys.collect(), what }
}
