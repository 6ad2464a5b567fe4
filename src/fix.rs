//! Judgements → fixes: edits of the file's bytes, one fix per statement, each with how safe it is.
//!
//! A fix is proved before it is shown: the edited text is read again and must say exactly the changed policy.

use std::collections::HashSet;

use crate::attribution::{self, Certainty, Owner, Standing};
use crate::diagnostic::{Fix, Size};
use crate::edit::{Conflict, Edits};
use crate::hold::AllowComment;
use crate::judge::Judgement;
use crate::policy::arn::IdentityKind;
use crate::refine::safety::{Applicability, Safety};
use crate::rewrite::{self, StatementChange};
use crate::settings::Settings;
use crate::source::{FileId, SourceFile, Span, layer_text, span_in_file};
use crate::template::{Attachment, Document, DocumentKind, FileReading, IdentityName};
use crate::verify::{self, Before, Intended, Refusal};

/// A file's text with fixes made, proved to say what was intended.
#[derive(Debug)]
pub struct Rewritten {
    /// The whole text.
    pub text: String,
    /// The ids of the fixes in it.
    pub fixes: Vec<String>,
}

/// What one file's fixes are made from.
#[derive(Debug, Clone, Copy)]
pub struct Judged<'a, 'e> {
    /// The file.
    pub file: &'a SourceFile,
    /// Which it is.
    pub id: FileId,
    /// What was read out of it.
    pub reading: &'a FileReading,
    /// Its comments that allow something.
    pub comments: &'a [AllowComment],
    /// One per document.
    pub judgements: &'a [Judgement<'e>],
}

/// All fixes of one file, in order of place; `beyond` is how many characters an identity's inline policies take in other
/// files.
#[must_use]
pub fn fixes(judged: &Judged<'_, '_>, settings: &Settings, beyond: &dyn Fn(&str) -> usize) -> Vec<Fix> {
    proved(judged, settings, beyond).0
}

/// The same, and the file with all of them made, however safe, if they can be.
pub fn proved(
    judged: &Judged<'_, '_>,
    settings: &Settings,
    beyond: &dyn Fn(&str) -> usize,
) -> (Vec<Fix>, Result<Option<Rewritten>, Refusal>) {
    let mut fixes = Vec::new();
    for (index, (document, judgement)) in judged.reading.documents.iter().zip(judged.judgements).enumerate() {
        let text = layer_text(&judged.file.text, &judged.reading.layers, document.layer);
        let whole = Size::of(document, text);
        let changes = changes(judgement, |_| true);
        let may_leave_nothing = rewrite::may_leave_nothing(&document.policy, &changes);
        for (statement, change) in changes.iter().enumerate() {
            if *change == StatementChange::Keep {
                continue;
            }
            let mut safety = safety(judged.file, document, judgement, statement, settings);
            let edits = if may_leave_nothing && *change == StatementChange::Remove {
                Err("what would be left of the policy is there only under a condition")
            } else {
                edits(text, document, &alone(&changes, statement))
                    .map_err(|Conflict| "it stands where it cannot be edited by itself")
            };
            let edits = edits.unwrap_or_else(|reason| {
                safety.lower_to(Applicability::DisplayOnly, reason);
                Edits::default()
            });
            let size = whole.after(text, &edits);
            let edits = rewrite::in_file(&edits, &judged.reading.layers, document.layer).unwrap_or_default();
            let id = format!("{}#{}", judged.file.path, fixes.len());
            fixes.push(fix(judged, id, edits, size, &safety, (index, statement)));
        }
    }
    share(judged, &mut fixes);
    let made = rewritten(judged, &fixes, Applicability::DisplayOnly);
    if let Err(refusal) = &made {
        withhold(judged, &mut fixes, *refusal);
    }
    hold_to_quota(judged, &mut fixes, beyond);
    (fixes, made)
}

/// How many fixes of a file are proved one by one when they cannot be all together.
const MAX_PROOFS: usize = 64;

/// Withholds what would not say what was intended: of a file whose fixes cannot be made together, each that cannot be
/// made without the others.
fn withhold(judged: &Judged<'_, '_>, fixes: &mut [Fix], refusal: Refusal) {
    if refusal == Refusal::Different && fixes.len() <= MAX_PROOFS {
        let alone =
            |fix: &Fix| -> Vec<Fix> { fixes.iter().filter(|other| other.edits == fix.edits).cloned().collect() };
        let fails = |fix: &Fix| rewritten(judged, &alone(fix), Applicability::DisplayOnly).is_err();
        let failing: Vec<bool> = fixes.iter().map(fails).collect();
        let sound = fixes.iter().zip(&failing).filter(|(_, fails)| !**fails);
        let sound: Vec<Fix> = sound.map(|(fix, _)| fix.clone()).collect();
        if rewritten(judged, &sound, Applicability::DisplayOnly).is_ok() {
            let failing = fixes.iter_mut().zip(failing).filter(|(_, fails)| *fails);
            return failing.for_each(|(fix, _)| lower(fix, Applicability::DisplayOnly, refusal.to_string()));
        }
    }
    fixes.iter_mut().for_each(|fix| lower(fix, Applicability::DisplayOnly, refusal.to_string()));
}

/// What one place says to several readers, through an alias for example, changes only if it is right for all of them.
fn share(judged: &Judged<'_, '_>, fixes: &mut [Fix]) {
    let readers = readers(judged);
    if !readers.windows(2).any(|pair| matches!(pair, [(a, _), (b, _)] if b.start < a.end)) {
        return;
    }
    let with_others: Vec<Option<Applicability>> = fixes.iter().map(|fix| jointly(fix, fixes, &readers)).collect();
    for (fix, limit) in fixes.iter_mut().zip(with_others) {
        match limit {
            Some(limit) if limit >= fix.applicability => {}
            Some(Applicability::DisplayOnly) => {
                lower(
                    fix,
                    Applicability::DisplayOnly,
                    "another policy reads it too, and would not change so".to_owned(),
                );
            }
            Some(limit) => lower(fix, limit, "another policy reads it too".to_owned()),
            None => {}
        }
    }
}

/// The places that statements are read from, in order, with whose they are; what is read twice overlaps.
fn readers(judged: &Judged<'_, '_>) -> Vec<(Span, (usize, usize))> {
    let mut readers = Vec::new();
    for (index, document) in judged.reading.documents.iter().enumerate() {
        let in_file = |span| span_in_file(&judged.reading.layers, document.layer, span);
        for (statement, read) in document.policy.statements.iter().enumerate() {
            let own = in_file(read.span);
            let actions = in_file(read.actions.value);
            readers.push((own, (index, statement)));
            if !own.contains(actions) {
                readers.push((actions, (index, statement)));
            }
        }
    }
    readers.sort();
    readers
}

/// How safe a fix is for all that read what it edits; `None` if nobody else does.
fn jointly(fix: &Fix, fixes: &[Fix], readers: &[(Span, (usize, usize))]) -> Option<Applicability> {
    let touches =
        |span: &Span| fix.edits.as_slice().iter().any(|edit| span.start < edit.span.end && edit.span.start < span.end);
    let others = readers.iter().filter(|(span, site)| *site != fix.site && touches(span));
    let of_other = |site: (usize, usize)| {
        let same = fixes.iter().find(|other| other.site == site && other.edits == fix.edits);
        same.map_or(Applicability::DisplayOnly, |other| other.applicability)
    };
    others.map(|(_, site)| of_other(*site)).min()
}

fn fix(judged: &Judged<'_, '_>, id: String, edits: Edits, size: Size, safety: &Safety, site: (usize, usize)) -> Fix {
    Fix {
        id,
        path: judged.file.path.clone(),
        file: judged.id,
        applicability: safety.applicability,
        withheld: (!safety.reasons.is_empty()).then(|| safety.reasons.join("; ")),
        edits,
        size,
        site,
        written: false,
    }
}

fn lower(fix: &mut Fix, limit: Applicability, reason: String) {
    let mut safety = Safety { applicability: fix.applicability, reasons: fix.withheld.take().into_iter().collect() };
    safety.lower_to(limit, reason);
    fix.applicability = safety.applicability;
    fix.withheld = Some(safety.reasons.join("; "));
}

/// The file with all its fixes made that are at least as safe as `threshold`; `None` if there is none.
///
/// # Errors
/// If the edited text does not say what was intended, or if that cannot be told.
pub fn rewritten(
    judged: &Judged<'_, '_>,
    fixes: &[Fix],
    threshold: Applicability,
) -> Result<Option<Rewritten>, Refusal> {
    let is_chosen = |fix: &&Fix| fix.file == judged.id && fix.applicability >= threshold && !fix.edits.is_empty();
    let chosen: Vec<&Fix> = fixes.iter().filter(is_chosen).collect();
    let sites: HashSet<(usize, usize)> = chosen.iter().map(|fix| fix.site).collect();
    if chosen.is_empty() {
        return Ok(None);
    }
    let documents = judged.reading.documents.iter().zip(judged.judgements).enumerate();
    let changes: Vec<Vec<StatementChange>> = documents
        .map(|(index, (_, judgement))| changes(judgement, |statement| sites.contains(&(index, statement))))
        .collect();
    let text = match fixes {
        // Nothing else changes beside it.
        [only] => only.edits.apply(&judged.file.text),
        _ => apply(judged, &changes),
    };
    let text = text.map_err(|Conflict| Refusal::Different)?;
    let intended: Vec<Intended<'_>> = judged
        .reading
        .documents
        .iter()
        .zip(&changes)
        .map(|(document, changes)| Intended { document, changes })
        .collect();
    let before =
        Before { text: &judged.file.text, reading: Some(judged.reading).filter(|reading| !reading.is_changed) };
    verify::verify(&judged.file.path, &before, &text, &intended)?;
    Ok(Some(Rewritten { text, fixes: chosen.iter().map(|fix| fix.id.clone()).collect() }))
}

fn apply(judged: &Judged<'_, '_>, changes: &[Vec<StatementChange>]) -> Result<String, Conflict> {
    let mut edits = Vec::new();
    for (document, changes) in judged.reading.documents.iter().zip(changes) {
        let text = layer_text(&judged.file.text, &judged.reading.layers, document.layer);
        let of_document = self::edits(text, document, changes)?;
        edits.extend_from_slice(rewrite::in_file(&of_document, &judged.reading.layers, document.layer)?.as_slice());
    }
    Edits::new(edits)?.apply(&judged.file.text)
}

/// The changes of a document with only the `chosen` statements changed.
fn changes(judgement: &Judgement<'_>, chosen: impl Fn(usize) -> bool) -> Vec<StatementChange> {
    let change = |(index, statement): (usize, &crate::judge::StatementJudgement)| {
        if judgement.all_gone || !chosen(index) { StatementChange::Keep } else { statement.change() }
    };
    judgement.statements.iter().enumerate().map(change).collect()
}

/// The change of one statement, beside which those of the others can be made too.
fn alone(changes: &[StatementChange], statement: usize) -> Vec<StatementChange> {
    let apart = |(index, change): (usize, &StatementChange)| match change {
        change if index == statement => change.clone(),
        StatementChange::Remove => StatementChange::Apart,
        _ => StatementChange::Keep,
    };
    changes.iter().enumerate().map(apart).collect()
}

/// The edits of the text that a document stands in.
fn edits(text: &str, document: &Document, changes: &[StatementChange]) -> Result<Edits, Conflict> {
    rewrite::rewrite(text, document.notation, &document.policy, changes)
}

impl Size {
    /// The size of a document as it is.
    fn of(document: &Document, text: &str) -> Self {
        let characters = characters(document.policy.span.of(text));
        Self { before: characters, after: characters, quota: quota(document) }
    }

    /// The same with edits made.
    fn after(self, text: &str, edits: &Edits) -> Self {
        let edits = edits.as_slice().iter();
        let (gone, new) = edits.fold((0, 0), |(gone, new), edit| {
            (gone + characters(edit.span.of(text)), new + characters(&edit.replacement))
        });
        Self { after: (self.before + new).saturating_sub(gone), ..self }
    }
}

fn characters(text: &str) -> usize {
    text.chars().filter(|c| !c.is_whitespace()).count()
}

/// How many characters IAM accepts, white space not counted.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>
fn quota(document: &Document) -> usize {
    let inline = document.attachments.iter().filter(|_| document.kind == DocumentKind::Inline);
    // A loose document may become a managed policy, which has the least room of those that a role can have.
    inline.map(|attachment| inline_quota(attachment.kind)).min().unwrap_or(6_144)
}

/// The same for all inline policies of an identity together.
fn inline_quota(kind: IdentityKind) -> usize {
    match kind {
        IdentityKind::Role => 10_240,
        IdentityKind::User => 2_048,
        IdentityKind::Group => 5_120,
    }
}

/// Withholds what would make a policy larger and too large for IAM, once it is made with all that is at least as safe.
fn hold_to_quota(judged: &Judged<'_, '_>, fixes: &mut [Fix], beyond: &dyn Fn(&str) -> usize) {
    let as_found: Vec<Applicability> = fixes.iter().map(|fix| fix.applicability).collect();
    for threshold in [Applicability::Safe, Applicability::Unsafe, Applicability::DisplayOnly] {
        let grows = |(fix, found): (&Fix, &Applicability)| *found == threshold && fix.size.after > fix.size.before;
        if !fixes.iter().zip(&as_found).any(grows) {
            continue;
        }
        let sizes = sizes(judged, fixes, threshold);
        let growing = fixes.iter_mut().zip(&as_found).filter(|(_, found)| **found == threshold);
        for (fix, _) in growing.filter(|(fix, _)| fix.size.after > fix.size.before) {
            if let Some(reason) = over_quota(judged, fix.site.0, &sizes, beyond) {
                lower(fix, Applicability::DisplayOnly, reason);
            }
        }
    }
}

/// The size of each document with some of the fixes made.
fn sizes(judged: &Judged<'_, '_>, fixes: &[Fix], threshold: Applicability) -> Vec<Size> {
    let documents = judged.reading.documents.iter().zip(judged.judgements).enumerate();
    let size = |(index, (document, judgement)): (usize, (&Document, &Judgement<'_>))| {
        let own: Vec<&Fix> = fixes.iter().filter(|fix| fix.site.0 == index).collect();
        let is_made = |fix: &Fix| fix.applicability >= threshold;
        if let [only] = own.as_slice()
            && is_made(only)
        {
            return only.size;
        }
        let text = layer_text(&judged.file.text, &judged.reading.layers, document.layer);
        let size = Size::of(document, text);
        let made = changes(judgement, |statement| own.iter().any(|fix| is_made(fix) && fix.site.1 == statement));
        edits(text, document, &made).map_or(size, |edits| size.after(text, &edits))
    };
    documents.map(size).collect()
}

/// Why a document, or all inline policies of its identity that the files show, would be too large.
fn over_quota(judged: &Judged<'_, '_>, index: usize, sizes: &[Size], beyond: &dyn Fn(&str) -> usize) -> Option<String> {
    let (document, own) = (judged.reading.documents.get(index)?, sizes.get(index)?);
    if own.after > own.before && own.after > own.quota {
        let Size { after, quota, .. } = own;
        return Some(format!("the policy would have {after} characters, more than the {quota} that IAM accepts"));
    }
    if document.kind != DocumentKind::Inline {
        return None;
    }
    let named = document.attachments.iter().filter(|attachment| attachment.name != IdentityName::Unknown);
    let by_name = named.map(|attachment| {
        let same = |other: &Attachment| (other.kind, &other.name) == (attachment.kind, &attachment.name);
        (attachment.kind, inline_sizes(judged, sizes, |document, _| document.attachments.iter().any(same)), 0)
    });
    let owners = judged.judgements.get(index).map_or(&[][..], |judgement| &judgement.owners);
    let known = owners.iter().filter(|owner| !owner.certainty.is_guess());
    let by_identity = known.filter_map(|owner| {
        let same = |other: &Owner<'_>| other.identity.eq_ignore_ascii_case(&owner.identity);
        let here = inline_sizes(judged, sizes, |_, judgement| judgement.owners.iter().any(same));
        Some((owner.kind?, here, beyond(&owner.identity)))
    });
    by_name.chain(by_identity).find_map(|(kind, (before, after), beyond)| {
        let (all, quota) = (after + beyond, inline_quota(kind));
        (after > before && all > quota).then(|| {
            let many = format!("{all} characters, more than the {quota} that IAM accepts");
            format!("the inline policies of its {} would have {many}", kind.word())
        })
    })
}

/// The size before and after of the inline policies of a file that are meant.
fn inline_sizes(
    judged: &Judged<'_, '_>,
    sizes: &[Size],
    is_meant: impl Fn(&Document, &Judgement<'_>) -> bool,
) -> (usize, usize) {
    let all = judged.reading.documents.iter().zip(judged.judgements).zip(sizes);
    let meant =
        all.filter(|((document, judgement), _)| document.kind == DocumentKind::Inline && is_meant(document, judgement));
    meant.fold((0, 0), |(before, after), (_, size)| (before + size.before, after + size.after))
}

/// The size of an inline policy, as it is or with all its fixes made, whichever is more; `None` for one of another kind.
#[must_use]
pub fn inline_size(judged: &Judged<'_, '_>, index: usize) -> Option<usize> {
    let (document, judgement) = judged.reading.documents.get(index).zip(judged.judgements.get(index))?;
    let text = layer_text(&judged.file.text, &judged.reading.layers, document.layer);
    let size = Size::of(document, text);
    let made = edits(text, document, &changes(judgement, |_| true)).map_or(size, |edits| size.after(text, &edits));
    (document.kind == DocumentKind::Inline).then(|| size.before.max(made.after))
}

/// How safe the fix of a statement is.
fn safety(
    file: &SourceFile,
    document: &Document,
    judgement: &Judgement<'_>,
    statement: usize,
    settings: &Settings,
) -> Safety {
    let mut safety = Safety::default();
    for reason in file.read_only.into_iter().chain(document.read_only) {
        safety.lower_to(Applicability::DisplayOnly, reason);
    }
    for owner in &judgement.owners {
        match owner.standing {
            Standing::Blocking(why) => {
                let reason = match owner.identity.as_str() {
                    attribution::NAMELESS => "it may also belong to somebody whose name is not known".to_owned(),
                    identity => format!("it also belongs to `{identity}`: {why}"),
                };
                safety.lower_to(Applicability::DisplayOnly, reason);
            }
            Standing::Usable(_) | Standing::WhollyUnused => {}
        }
        if owner.certainty.is_guess() {
            let limit = if settings.trusts_guesses() { Applicability::Unsafe } else { Applicability::DisplayOnly };
            let from = if owner.certainty == Certainty::Path { "its path" } else { "a part of that name" };
            safety.lower_to(limit, format!("that it belongs to `{}` is a guess from {from}", owner.name()));
        } else if let Some(account) = &owner.only_seen_in {
            safety.lower_to(Applicability::Unsafe, format!("`{}` is only seen in account {account}", owner.name()));
        }
    }
    let rivals: Vec<String> = judgement.owners.iter().filter(|owner| owner.has_rival).map(Owner::shown).collect();
    if !rivals.is_empty() {
        safety.lower_to(Applicability::DisplayOnly, format!("any of {} could be meant", rivals.join(", ")));
    }
    for entry in judgement.statements.get(statement).map_or(&[][..], |statement| &statement.entries) {
        safety.lower_by(entry.safety.clone());
    }
    safety
}
