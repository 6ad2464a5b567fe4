//! One Allow statement's audited entries → the entries that allow all and only what was allowed before and is not
//! unused, or nothing where that is not known.
//!
//! Every result is decided against three laws ([`laws`]) before it is shown.
//! Knows sets of actions and policies as values. Does not know text, spans or notation.

pub mod laws;
pub mod safety;
pub mod trie;

use std::collections::HashMap;

use crate::audit::{EntryAudit, Verdict};
use crate::policy::action::ActionPattern;
use trie::Trie;

/// Whether an entry is in its list whatever a deployment decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// It is.
    Always,
    /// Only under a condition, so that nothing can rely on it.
    Sometimes,
    /// Only under a condition, and where exactly one value can stand.
    OneOf,
}

/// An entry with what it grants; `audit` is `None` for `*`, for opaque entries and for what matches nothing.
#[derive(Debug, Clone, Copy)]
pub struct AuditedEntry<'a> {
    /// The pattern; `None` for an opaque entry.
    pub pattern: Option<&'a ActionPattern>,
    /// What it grants.
    pub audit: Option<&'a EntryAudit<'a>>,
    /// Whether it is there at all.
    pub presence: Presence,
}

impl AuditedEntry<'_> {
    /// Whether others may rely on what it grants.
    #[must_use]
    pub fn is_always_there(&self) -> bool {
        self.presence == Presence::Always
    }
}

/// What becomes of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EntryChange {
    /// It stays as it is, byte for byte.
    Keep,
    /// Everything it grants is unused, but the catalogue is too old to know all that it grants: it stays.
    KeepForGap,
    /// It would go, or become several, but exactly one value can stand in its place: it stays.
    KeepFixed,
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
        matches!(self, Self::Keep | Self::KeepForGap | Self::KeepFixed)
    }

    /// The patterns that stand in its place, given what stood there.
    pub fn result<'a>(&'a self, before: Option<&'a ActionPattern>) -> impl Iterator<Item = &'a ActionPattern> {
        let (kept, emitted) = match self {
            Self::Keep | Self::KeepForGap | Self::KeepFixed => (before, &[][..]),
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
    let change = freely(entry);
    let fits = change.keeps() || change.result(None).count() == 1;
    if entry.presence == Presence::OneOf && !fits { EntryChange::KeepFixed } else { change }
}

fn freely(entry: &AuditedEntry<'_>) -> EntryChange {
    let Some((pattern, audit)) = entry.pattern.zip(entry.audit) else { return EntryChange::Keep };
    match (audit.verdict, pattern.named()) {
        (Verdict::Unused, _) if audit.catalog_gap.is_some() => EntryChange::KeepForGap,
        (Verdict::Unused, _) => EntryChange::Remove { covered_by: None },
        (Verdict::Partly, Some((_, name))) => {
            let prefix = pattern.service_as_written();
            let emitted = Trie::new(name, &audit.granted, audit.whole_service.as_ref()).shortest_safe();
            EntryChange::Replace(emitted.iter().map(|name| ActionPattern::new(format!("{prefix}:{name}"))).collect())
        }
        _ => EntryChange::Keep,
    }
}

/// Drops emitted patterns that an unchanged entry, an earlier emitted pattern, or a strictly wider later one covers, as
/// far as that is always there.
fn drop_covered(entries: &[AuditedEntry<'_>], changes: &mut [EntryChange]) {
    let all = || entries.iter().zip(changes.iter());
    let kept = all().filter(|(_, change)| change.keeps());
    let mut standing: Vec<Standing<'_>> =
        kept.filter_map(|(entry, _)| Some((entry.pattern?, entry.is_always_there()))).collect();
    let unchanged = standing.len();
    let emitted = |(entry, change)| {
        let (entry, change): (&AuditedEntry<'_>, &EntryChange) = (entry, change);
        change.result(None).map(|pattern| (pattern, entry.is_always_there()))
    };
    standing.extend(all().flat_map(emitted));
    let coverers = Coverers::new(&standing);
    let emitted = standing.iter().enumerate().skip(unchanged);
    let covered_by: Vec<Option<String>> =
        emitted.map(|(rank, (own, _))| Some(coverers.of(rank, own)?.as_str().to_owned())).collect();
    let mut covered_by = covered_by.into_iter();
    for (entry, change) in entries.iter().zip(changes.iter_mut()) {
        let EntryChange::Replace(patterns) = change else { continue };
        if entry.presence == Presence::OneOf {
            covered_by.next();
            continue;
        }
        let mut first = None;
        patterns.retain(|_| {
            let coverer = covered_by.next().flatten();
            let stays = coverer.is_none();
            first = first.take().or(coverer);
            stays
        });
        if patterns.is_empty() {
            *change = EntryChange::Remove { covered_by: first };
        }
    }
}

/// A pattern of the new list, and whether it is always there.
type Standing<'a> = (&'a ActionPattern, bool);

/// The patterns that may cover others, each with its rank: unchanged entries come first, then what is emitted.
struct Coverers<'a> {
    everything: Option<&'a ActionPattern>,
    of_services: HashMap<&'a str, OfService<'a>>,
}

/// Those of one service.
#[derive(Default)]
struct OfService<'a> {
    /// Those with wildcards.
    open: Vec<Beginning<'a>>,
    /// Those that are no more than one name, in lower case: in order of the names, and of ranks.
    literals: Vec<(&'a str, usize, &'a ActionPattern)>,
}

impl<'a> Coverers<'a> {
    fn new(standing: &[Standing<'a>]) -> Self {
        let mut coverers = Self { everything: None, of_services: HashMap::new() };
        for (rank, &(pattern, _)) in standing.iter().enumerate().filter(|(_, (_, is_always_there))| *is_always_there) {
            if pattern.is_everything() {
                coverers.everything = coverers.everything.or(Some(pattern));
            }
            let Some((service, name)) = pattern.named() else { continue };
            let own = coverers.of_services.entry(service).or_default();
            if name.is_literal() {
                own.literals.push((name.as_lower(), rank, pattern));
            } else {
                let patterns = vec![(rank, pattern)];
                own.open.push(Beginning { text: name.literal_prefix(), shorter: None, patterns });
            }
        }
        coverers.of_services.values_mut().for_each(|own| {
            own.literals.sort_unstable_by_key(|(name, rank, _)| (*name, *rank));
            settle(&mut own.open);
        });
        coverers
    }

    /// The first that covers the pattern of this rank: of two that cover each other the earlier one does.
    fn of(&self, rank: usize, own: &ActionPattern) -> Option<&'a ActionPattern> {
        let (service, name) = own.named()?;
        let of_service = self.of_services.get(service)?;
        let at = of_service.literals.partition_point(|(literal, _, _)| *literal < name.as_lower());
        let literal = of_service.literals.get(at).filter(|(literal, _, _)| *literal == name.as_lower());
        let literal = literal.map(|(_, rank, pattern)| (*rank, *pattern));
        let covers = |(other_rank, other): &(usize, &ActionPattern)| {
            *other_rank != rank && other.covers(own) && (*other_rank < rank || !own.covers(other))
        };
        let first = |beginning: &Beginning<'a>| beginning.patterns.iter().copied().find(covers);
        let found = those_of(&of_service.open, name.literal_prefix()).filter_map(first).chain(literal.filter(covers));
        self.everything.or(found.min_by_key(|(rank, _)| *rank).map(|(_, pattern)| pattern))
    }
}

/// Patterns with the same text before their first wildcard: only what begins so can be covered by them.
struct Beginning<'a> {
    text: &'a str,
    /// The index of the longest other one that this one begins with.
    shorter: Option<usize>,
    /// By rank.
    patterns: Vec<(usize, &'a ActionPattern)>,
}

/// Puts the beginnings in order of their texts, each text once.
fn settle(beginnings: &mut Vec<Beginning<'_>>) {
    beginnings.sort_by_key(|beginning| beginning.text);
    beginnings.dedup_by(|later, first| {
        let same = later.text == first.text;
        if same {
            first.patterns.append(&mut later.patterns);
        }
        same
    });
    let mut open: Vec<(usize, &str)> = Vec::new();
    for (index, beginning) in beginnings.iter_mut().enumerate() {
        while open.pop_if(|(_, text)| !beginning.text.starts_with(*text)).is_some() {}
        beginning.shorter = open.last().map(|(shorter, _)| *shorter);
        open.push((index, beginning.text));
    }
}

/// The beginnings that a text begins with: what stands before it in order begins with all of them.
fn those_of<'b, 'a>(beginnings: &'b [Beginning<'a>], text: &str) -> impl Iterator<Item = &'b Beginning<'a>> {
    let before = beginnings.partition_point(|beginning| beginning.text <= text).checked_sub(1);
    let at = |index: usize| beginnings.get(index);
    let upwards = std::iter::successors(before.and_then(at), move |beginning| beginning.shorter.and_then(at));
    upwards.filter(move |beginning| text.starts_with(beginning.text))
}

/// The patterns that would replace `pattern` if it stood alone, sorted, with the service as written.
#[must_use]
pub fn replacement(pattern: &ActionPattern, audit: &EntryAudit<'_>) -> EntryChange {
    let change = refine(&[AuditedEntry { pattern: Some(pattern), audit: Some(audit), presence: Presence::Always }]);
    change.into_iter().next().unwrap_or(EntryChange::Keep)
}

/// Whether a list of entries has an entry left, opaque ones counted.
#[must_use]
pub fn any_left(changes: &[EntryChange]) -> bool {
    changes.iter().any(|change| !matches!(change, EntryChange::Remove { .. }))
}
