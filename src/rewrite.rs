//! Changes of a policy → edits of its text, in the notation and the layout it is written in.
//!
//! Touches only the entries and statements that change, and what separates them.
//! Knows spans and layout. Does not know why something changes.

mod hcl;
mod json;
mod yaml;

use std::borrow::Cow;

use crate::edit::{Conflict, Edit, Edits};
use crate::policy::action::ActionPattern;
use crate::policy::{ActionElement, Policy, Site, Statement};
use crate::refine::EntryChange;
use crate::source::{Layer, LayerId, Span, Writing};
use crate::syntax::Notation;
use crate::syntax::json::escape;

/// What becomes of a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StatementChange {
    /// It stays as it is.
    Keep,
    /// Its entries change, one change per entry; at least one is left.
    Edit(Vec<EntryChange>),
    /// It goes.
    Remove,
    /// It goes by edits of its own, made beside these: what is deleted here must not reach into those.
    Apart,
}

/// What becomes of an item of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
enum ItemChange {
    Keep,
    Remove,
    /// Gone by another edit.
    Apart,
    /// By these strings, not yet quoted.
    Replace(Vec<String>),
}

/// The edits of `text` that change `policy`, which was read from it, as told: one change per statement.
///
/// # Errors
/// If something stands where it cannot be edited, or if the edits would overlap, which would be a defect.
pub fn rewrite(
    text: &str,
    notation: Notation,
    policy: &Policy,
    changes: &[StatementChange],
) -> Result<Edits, Conflict> {
    let items: Vec<ItemChange> = changes
        .iter()
        .map(|change| match change {
            StatementChange::Remove => ItemChange::Remove,
            StatementChange::Apart => ItemChange::Apart,
            StatementChange::Keep | StatementChange::Edit(_) => ItemChange::Keep,
        })
        .collect();
    let places: Vec<(Site, Span)> =
        policy.statements.iter().map(|statement| (statement.site, statement.span)).collect();
    if may_leave_nothing(policy, changes) {
        return Err(Conflict);
    }
    let mut edits = item_edits(text, notation, &policy.lists, &places, &items)?;
    for (statement, change) in policy.statements.iter().zip(changes) {
        if let StatementChange::Edit(entries) = change {
            edits.extend(element_edits(text, notation, statement, entries)?);
        }
    }
    Edits::new(edits)
}

/// Whether statements go and what stays may be nothing, since it is there only under a condition: a policy without
/// statements is none.
#[must_use]
pub fn may_leave_nothing(policy: &Policy, changes: &[StatementChange]) -> bool {
    let stays = |(statement, change): (&Statement, &StatementChange)| {
        *change != StatementChange::Remove && !statement.is_conditional
    };
    policy.opaque == 0
        && changes.contains(&StatementChange::Remove)
        && !policy.statements.iter().zip(changes).any(stays)
}

/// Moves edits of the text of `layer` to the bytes of the file.
///
/// # Errors
/// If they overlap there, which would be a defect.
pub fn in_file(edits: &Edits, layers: &[Layer], layer: LayerId) -> Result<Edits, Conflict> {
    let (mut layer, mut edits) = (layer, edits.as_slice().to_vec());
    while let Some(inner) = layer.index().and_then(|index| layers.get(index)) {
        for edit in &mut edits {
            edit.span = inner.in_parent(edit.span);
            edit.replacement = written(&edit.replacement, inner.writing)?;
        }
        layer = inner.parent;
    }
    Edits::new(edits)
}

/// A text as it is written inside another one.
fn written(text: &str, writing: Writing) -> Result<String, Conflict> {
    match writing {
        Writing::JsonString => Ok(escape(text)),
        Writing::SingleQuoted if text.contains('\n') => Err(Conflict),
        Writing::SingleQuoted => Ok(text.replace('\'', "''")),
        Writing::Literal { indent, has_carriage_returns } => {
            let line_end = if has_carriage_returns { "\r\n" } else { "\n" };
            Ok(text.replace('\n', &format!("{line_end}{}", " ".repeat(indent))))
        }
        Writing::Raw => Ok(text.to_owned()),
        Writing::Folded => Err(Conflict),
    }
}

fn element_edits(
    text: &str,
    notation: Notation,
    statement: &Statement,
    changes: &[EntryChange],
) -> Result<Vec<Edit>, Conflict> {
    let element: &ActionElement = &statement.actions;
    if may_be_emptied(element, changes) {
        return Err(Conflict);
    }
    let items: Vec<ItemChange> = changes.iter().map(item_change).collect();
    let places: Vec<(Site, Span)> = element.entries.iter().map(|entry| (entry.site, entry.span)).collect();
    let mut edits = item_edits(text, notation, &element.lists, &places, &items)?;
    for (entry, change) in element.entries.iter().zip(&items) {
        if let (Site::Whole | Site::Fixed, ItemChange::Replace(texts)) = (entry.site, change) {
            // The branches of a conditional have one type in HCL, and an item of a list is none in any notation.
            let is_one = notation == Notation::Hcl && entry.is_conditional || entry.site == Site::Fixed;
            if is_one && texts.len() != 1 {
                return Err(Conflict);
            }
            edits.extend(whole_value(text, notation, statement.span, entry.span, texts)?);
        }
    }
    Ok(edits)
}

/// Whether an element that had entries under every condition could lose them all under one.
fn may_be_emptied(element: &ActionElement, changes: &[EntryChange]) -> bool {
    let all = || element.entries.iter().zip(changes);
    let stays = |change: &EntryChange| !matches!(change, EntryChange::Remove { .. });
    let is_conditional = element.entries.iter().any(|entry| entry.is_conditional);
    let always_stays = all().any(|(entry, change)| !entry.is_conditional && stays(change));
    let is_left = |site: Site| all().any(|(entry, change)| entry.site == site && stays(change));
    let loses_list = all().any(|(entry, change)| !stays(change) && !is_left(entry.site));
    is_conditional && !always_stays && loses_list
}

/// The edits of the items that stand in lists, list by list.
///
/// Refused for an item that cannot go: a branch of a conditional, or the one value of a key.
fn item_edits(
    text: &str,
    notation: Notation,
    lists: &[Span],
    places: &[(Site, Span)],
    changes: &[ItemChange],
) -> Result<Vec<Edit>, Conflict> {
    let is_stuck = |(site, change): (Site, &ItemChange)| match (site, change) {
        (_, ItemChange::Keep | ItemChange::Apart | ItemChange::Replace(_)) | (Site::Item(_), _) => false,
        (Site::Whole | Site::Fixed, ItemChange::Remove) => true,
    };
    if places.iter().map(|(site, _)| *site).zip(changes).any(is_stuck) {
        return Err(Conflict);
    }
    let mut edits = Vec::new();
    for (index, list) in lists.iter().enumerate() {
        let of_list = || places.iter().zip(changes).filter(|((site, _), _)| *site == Site::Item(index));
        let spans: Vec<Span> = of_list().map(|((_, span), _)| *span).collect();
        let is_only_list = places.len() == spans.len();
        let changes: Cow<'_, [ItemChange]> = match is_only_list {
            true => Cow::Borrowed(changes),
            false => of_list().map(|(_, change)| change.clone()).collect(),
        };
        let follow_another = spans.iter().zip(spans.iter().skip(1)).all(|(a, b)| a.end <= b.start);
        let are_inside = follow_another && spans.iter().all(|span| list.contains(*span));
        if changes.iter().any(|change| !matches!(change, ItemChange::Keep | ItemChange::Apart)) {
            // An item that is read from elsewhere, through an alias for example, is none to edit here.
            edits.extend(are_inside.then(|| list_edits(text, notation, *list, &spans, &changes)).ok_or(Conflict)??);
        }
    }
    Ok(edits)
}

fn list_edits(
    text: &str,
    notation: Notation,
    list: Span,
    spans: &[Span],
    changes: &[ItemChange],
) -> Result<Vec<Edit>, Conflict> {
    match notation {
        Notation::Json => Ok(json::list_edits(text, list, spans, changes)),
        Notation::Yaml => yaml::list_edits(text, list, spans, changes),
        Notation::Hcl => hcl::list_edits(text, list, spans, changes),
    }
}

/// What one string becomes: a string again, or a list laid out as the statement is.
fn whole_value(
    text: &str,
    notation: Notation,
    statement: Span,
    value: Span,
    texts: &[String],
) -> Result<Vec<Edit>, Conflict> {
    match notation {
        Notation::Json => {
            let replacement = json::string_or_list(text, statement, value, texts);
            Ok(vec![Edit { span: value, replacement }])
        }
        Notation::Yaml => yaml::string_or_list(text, statement, value, texts),
        Notation::Hcl => hcl::string_or_list(text, value, texts),
    }
}

fn item_change(change: &EntryChange) -> ItemChange {
    match change {
        EntryChange::Keep | EntryChange::KeepForGap | EntryChange::KeepFixed => ItemChange::Keep,
        EntryChange::Remove { .. } => ItemChange::Remove,
        EntryChange::Replace(patterns) => {
            ItemChange::Replace(patterns.iter().map(|pattern: &ActionPattern| pattern.as_str().to_owned()).collect())
        }
    }
}
