//! One Allow statement's audited entries → the entries that allow all and only what was allowed before and is not
//! unused, or nothing where that is not known.
//!
//! Every result is decided against three laws ([`laws`]) before it is shown.
//! Knows sets of actions and policies as values. Does not know text, spans or notation.

pub mod laws;
pub mod safety;
pub mod trie;

use std::collections::BTreeMap;

use crate::audit::{EntryAudit, Verdict};
use crate::policy::action::ActionPattern;
use crate::policy::wildcard::Wildcard;
use trie::Trie;

/// An entry with what it grants; `audit` is `None` for `*`, for opaque entries and for what matches nothing.
#[derive(Debug, Clone, Copy)]
pub struct AuditedEntry<'a> {
    /// The pattern; `None` for an opaque entry.
    pub pattern: Option<&'a ActionPattern>,
    /// What it grants.
    pub audit: Option<&'a EntryAudit>,
}

/// What becomes of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EntryChange {
    /// It stays as it is, byte for byte.
    Keep,
    /// Everything it grants is unused, but the catalogue is too old to know all that it grants: it stays.
    KeepForGap,
    /// It goes.
    Remove {
        /// The pattern that grants all that is left of it, where that is why.
        covered_by: Option<String>,
    },
    /// It is replaced, in its place, by these.
    Replace(Vec<ActionPattern>),
}

impl EntryChange {
    /// Whether the entry stays as it is.
    #[must_use]
    pub fn keeps(&self) -> bool {
        matches!(self, Self::Keep | Self::KeepForGap)
    }

    /// The patterns that stand in its place, given what stood there.
    pub fn result<'a>(&'a self, before: Option<&'a ActionPattern>) -> impl Iterator<Item = &'a ActionPattern> {
        let (kept, emitted) = match self {
            Self::Keep | Self::KeepForGap => (before, &[][..]),
            Self::Remove { .. } => (None, &[][..]),
            Self::Replace(patterns) => (None, patterns.as_slice()),
        };
        kept.into_iter().chain(emitted)
    }
}

/// What becomes of each entry of an Allow statement with an `Action`, in list order.
#[must_use]
pub fn refine(entries: &[AuditedEntry<'_>]) -> Vec<EntryChange> {
    let mut changes: Vec<EntryChange> = entries.iter().map(alone).collect();
    drop_covered(entries, &mut changes);
    changes
}

/// What becomes of an entry regardless of the others.
fn alone(entry: &AuditedEntry<'_>) -> EntryChange {
    let Some((pattern, audit)) = entry.pattern.zip(entry.audit) else { return EntryChange::Keep };
    match (audit.verdict, pattern.named()) {
        (Verdict::Unused, _) if audit.catalog_gap.is_some() => EntryChange::KeepForGap,
        (Verdict::Unused, _) => EntryChange::Remove { covered_by: None },
        (Verdict::Partly, Some((_, name))) => {
            let prefix = pattern.service_as_written();
            let emitted = Trie::new(&audit.granted, audit.whole_service.as_ref()).shortest_safe(name);
            EntryChange::Replace(emitted.iter().map(|name| ActionPattern::new(format!("{prefix}:{name}"))).collect())
        }
        _ => EntryChange::Keep,
    }
}

/// A pattern that may cover others: where its entry stands, and where in the emitted list.
#[derive(Debug, Clone, Copy)]
struct Emitted<'a> {
    order: usize,
    pattern: &'a ActionPattern,
}

/// Drops emitted patterns that an unchanged entry, an earlier emitted pattern, or a strictly wider later one covers.
fn drop_covered(entries: &[AuditedEntry<'_>], changes: &mut [EntryChange]) {
    let unchanged: Vec<&ActionPattern> = entries
        .iter()
        .zip(changes.iter())
        .filter(|(_, change)| change.keeps())
        .filter_map(|(e, _)| e.pattern)
        .collect();
    let mut coverers: BTreeMap<String, Vec<Emitted<'_>>> = BTreeMap::new();
    let before = changes.to_vec();
    let all = before.iter().flat_map(|change| change.result(None));
    for (order, pattern) in all.enumerate() {
        let service = pattern.named().map_or(String::new(), |(service, _)| service.to_owned());
        coverers.entry(service).or_default().push(Emitted { order, pattern });
    }
    let mut order = 0;
    for change in changes.iter_mut() {
        let EntryChange::Replace(patterns) = change else { continue };
        let mut covered_by = None;
        patterns.retain(|pattern| {
            let own = Emitted { order, pattern };
            order += 1;
            let peers = pattern.named().and_then(|(service, _)| coverers.get(service)).map_or(&[][..], Vec::as_slice);
            let coverer = coverer_of(own, &unchanged, peers);
            covered_by = covered_by.take().or(coverer.map(|pattern| pattern.as_str().to_owned()));
            coverer.is_none()
        });
        if patterns.is_empty() {
            *change = EntryChange::Remove { covered_by };
        }
    }
}

fn coverer_of<'a>(
    own: Emitted<'_>,
    unchanged: &[&'a ActionPattern],
    peers: &[Emitted<'a>],
) -> Option<&'a ActionPattern> {
    let by_unchanged = unchanged.iter().copied().find(|other| other.covers(own.pattern));
    by_unchanged.or_else(|| {
        let could = |other: &&Emitted<'_>| other.order != own.order && may_cover(other.pattern, own.pattern);
        let covers = |other: &&Emitted<'_>| {
            other.pattern.covers(own.pattern) && (other.order < own.order || !own.pattern.covers(other.pattern))
        };
        peers.iter().filter(could).find(covers).map(|other| other.pattern)
    })
}

/// A literal covers only itself, which is cheap to tell.
fn may_cover(outer: &ActionPattern, inner: &ActionPattern) -> bool {
    match (outer.named().map(|(_, name)| name), inner.named().map(|(_, name)| name)) {
        (Some(outer), Some(inner)) if outer.is_literal() => inner.is_literal() && outer.matches(inner.as_str()),
        _ => true,
    }
}

/// The patterns that would replace `pattern` if it stood alone, sorted, with the service as written.
#[must_use]
pub fn replacement(pattern: &ActionPattern, audit: &EntryAudit) -> EntryChange {
    let change = refine(&[AuditedEntry { pattern: Some(pattern), audit: Some(audit) }]);
    change.into_iter().next().unwrap_or(EntryChange::Keep)
}

/// Whether a list of entries has an entry left, opaque ones counted.
#[must_use]
pub fn any_left(changes: &[EntryChange]) -> bool {
    changes.iter().any(|change| !matches!(change, EntryChange::Remove { .. }))
}

/// Whether a name pattern is `*` alone, so that its entry grants the whole service.
#[must_use]
pub fn is_whole_service(name: &Wildcard) -> bool {
    name.covers(&Wildcard::new("*"))
}
