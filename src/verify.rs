//! Before anything is written: does the edited text say exactly the changed policies, and nothing else?
//!
//! Two readings decide it. Ours reads the edited text again and compares every document of the file with the intended
//! one. A second reader of another make compares the whole file as values; for HCL, of which there is no other, ours
//! compares all that is written. Does not know how the edit was made.

mod hcl;
mod second;

use crate::policy::{ActionEntry, Policy, Statement};
use crate::refine::EntryChange;
use crate::rewrite::StatementChange;
use crate::template::{self, Document, FileReading};

/// Why an edit must not be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Read again, the file says something else than intended: a defect of this program.
    #[error("the edited text does not say what was intended")]
    Different,
    /// The second reader cannot read the file, comments in JSON for example, so nothing can be compared.
    #[error("a second, strict reader does not accept the file, so the edit cannot be checked")]
    SecondReader,
}

/// A document and what is to become of its statements, one change each.
#[derive(Debug, Clone, Copy)]
pub struct Intended<'a> {
    /// The document as it is.
    pub document: &'a Document,
    /// What is to become of it.
    pub changes: &'a [StatementChange],
}

/// A file as it is.
#[derive(Debug, Clone, Copy)]
pub struct Before<'a> {
    /// Its text.
    pub text: &'a str,
    /// What was read out of just that, where it is at hand.
    pub reading: Option<&'a FileReading>,
}

/// Compares the file before and after; `intended` is in order of the file's documents, and what it leaves out stays.
///
/// # Errors
/// If the edited text says anything else, or if that cannot be told.
pub fn verify(path: &str, before: &Before<'_>, after: &str, intended: &[Intended<'_>]) -> Result<(), Refusal> {
    let again = template::read_file(path, after);
    let read;
    let first = match before.reading {
        Some(reading) => reading,
        None => {
            read = template::read_file(path, before.text);
            &read
        }
    };
    let same_count = (again.documents.len(), again.copies.len()) == (first.documents.len(), first.copies.len());
    let same_rest = again.skipped.iter().map(|s| s.reason).eq(first.skipped.iter().map(|s| s.reason))
        && again.problems.len() == first.problems.len();
    let mut left = intended.iter().peekable();
    let same_documents = all(&again).zip(all(first)).all(|(document, before)| {
        // What its module makes of a policy is no part of the file: one may be left out.
        let own = left.next_if(|intended| intended.document.path == before.path);
        let stays = vec![StatementChange::Keep; before.policy.statements.len()];
        says(document, &Intended { document: before, changes: own.map_or(&stays, |intended| intended.changes) })
    });
    if !(same_count && same_rest && same_documents && left.next().is_none()) {
        return Err(Refusal::Different);
    }
    second_reading(path, before.text, after, intended)
}

fn all(reading: &FileReading) -> impl Iterator<Item = &Document> {
    reading.documents.iter().chain(&reading.copies)
}

/// What an entry says: its text, or that only deployment knows it.
type Saying<'a> = Option<&'a str>;

fn says(read: &Document, intended: &Intended<'_>) -> bool {
    let Intended { document, changes } = intended;
    let same_place =
        read.path == document.path && read.attachments == document.attachments && read.kind == document.kind;
    let left = surviving(&document.policy, changes);
    same_place
        && read.policy.opaque == document.policy.opaque
        && read.policy.statements.len() == left.len()
        && read
            .policy
            .statements
            .iter()
            .zip(left)
            .all(|(statement, (before, change))| says_statement(statement, before, change))
}

fn surviving<'a>(policy: &'a Policy, changes: &'a [StatementChange]) -> Vec<(&'a Statement, &'a StatementChange)> {
    policy.statements.iter().zip(changes).filter(|(_, change)| **change != StatementChange::Remove).collect()
}

fn says_statement(read: &Statement, before: &Statement, change: &StatementChange) -> bool {
    let own = |entry: &ActionEntry| entry.pattern.as_ref().map(|pattern| pattern.as_str().to_owned());
    let entries: Vec<Option<String>> = match change {
        StatementChange::Edit(changes) => before
            .actions
            .entries
            .iter()
            .zip(changes)
            .flat_map(|(entry, change)| after_change(own(entry), change))
            .collect(),
        StatementChange::Keep | StatementChange::Remove | StatementChange::Apart => {
            before.actions.entries.iter().map(own).collect()
        }
    };
    let wanted = entries.iter().map(Option::as_deref);
    let found = read.actions.entries.iter().map(|entry| -> Saying<'_> { entry.pattern.as_ref().map(|p| p.as_str()) });
    (&read.sid, read.effect, read.actions.kind) == (&before.sid, before.effect, before.actions.kind) && wanted.eq(found)
}

fn after_change(own: Option<String>, change: &EntryChange) -> Vec<Option<String>> {
    match change {
        EntryChange::Keep | EntryChange::KeepForGap | EntryChange::KeepFixed => vec![own],
        EntryChange::Remove { .. } => Vec::new(),
        EntryChange::Replace(patterns) => patterns.iter().map(|p| Some(p.as_str().to_owned())).collect(),
    }
}

fn second_reading(path: &str, before: &str, after: &str, intended: &[Intended<'_>]) -> Result<(), Refusal> {
    let notation = template::notation(path, before).ok_or(Refusal::SecondReader)?;
    let read = |text: &str| second::read(text, notation).ok_or(Refusal::SecondReader);
    let (mut expected, mut found) = (read(before)?, read(after)?);
    for intended in intended {
        second::change(&mut expected, intended).ok_or(Refusal::Different)?;
        second::open(&mut found, &intended.document.path).ok_or(Refusal::Different)?;
    }
    if expected == found { Ok(()) } else { Err(Refusal::Different) }
}
