//! The three laws of a refinement, decided for every result before it is shown or written.
//!
//! Written from the laws, not from the method: nothing here knows the trie. A broken law is a defect of the program.

use std::collections::HashMap;

use super::{AuditedEntry, EntryChange};
use crate::audit::ServiceAudit;
use crate::claims::ServiceUnused;
use crate::policy::action::ActionPattern;
use crate::policy::wildcard::Wildcard;

/// A law that a refinement must keep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Law {
    /// The replacement of an entry matches nothing unused.
    NothingUnusedIsLeft,
    /// What the edited entries matched and is not unused is still matched.
    NothingUsedIsLost,
    /// Every emitted pattern is covered by the entry it replaces.
    NothingIsGained,
}

/// The law that a refinement breaks and the entry at which it does, by index; `None` if it keeps them all.
///
/// `audit_of` answers the audit of a service by its lower-case prefix.
#[must_use]
pub fn broken<'a, 'e: 'a>(
    entries: &[AuditedEntry<'_>],
    changes: &[EntryChange],
    audit_of: impl Fn(&str) -> Option<&'a ServiceAudit<'e>>,
) -> Option<(usize, Law)> {
    // What is there only under a condition keeps nothing for others.
    let always = entries.iter().zip(changes).filter(|(entry, _)| entry.is_always_there());
    let after = After::new(always.flat_map(|(entry, change)| change.result(entry.pattern)));
    for (index, (entry, change)) in entries.iter().zip(changes).enumerate() {
        let Some(pattern) = entry.pattern.filter(|_| !change.keeps()) else { continue };
        let audit = pattern.named().and_then(|(service, _)| audit_of(service));
        let Some(audit) = audit else { return Some((index, Law::NothingUsedIsLost)) };
        let emitted: Vec<&ActionPattern> = change.result(None).collect();
        if !emitted.iter().all(|emitted| pattern.covers(emitted)) {
            return Some((index, Law::NothingIsGained));
        }
        if emitted.iter().any(|emitted| leaves_unused(emitted, audit)) {
            return Some((index, Law::NothingUnusedIsLeft));
        }
        if pattern.named().is_some_and(|(service, name)| {
            let is_kept =
                |lower: &str| after.grants(service, lower) || emitted.iter().any(|own| own.matches(service, lower));
            audit.matching(name).any(|action| !action.unused && !is_kept(&action.lower))
        }) {
            return Some((index, Law::NothingUsedIsLost));
        }
    }
    None
}

/// Whether a pattern matches something unused, also what the catalogue lacks.
fn leaves_unused(emitted: &ActionPattern, audit: &ServiceAudit<'_>) -> bool {
    let Some((service, name)) = emitted.named() else { return true };
    let Some(unused) = audit.unused() else { return false };
    let mut known = audit.matching(name).peekable();
    let is_known = known.peek().is_some();
    let beyond = match unused {
        ServiceUnused::Only(_) => unused.named(name).next().is_some(),
        // Every other name of the service is unused.
        ServiceUnused::Whole { .. } if name.is_literal() => {
            !is_known && unused.contains(service, name.as_lower(), None)
        }
        ServiceUnused::Whole { allowed, .. } => !allowed.iter().any(|allowed| allowed.covers(emitted)),
    };
    beyond || known.any(|action| action.unused)
}

/// The patterns of the new list, by the one service that each can match; `*` matches every service.
struct After<'p> {
    of_services: HashMap<&'p str, OfService<'p>>,
    has_everything: bool,
}

/// The patterns of one service.
#[derive(Default)]
struct OfService<'p> {
    /// Lower-case names, sorted.
    literals: Vec<&'p str>,
    /// Those that end with their only `*`, without it: sorted, and none begins another one.
    prefixes: Vec<&'p str>,
    others: Vec<&'p Wildcard>,
}

impl<'p> After<'p> {
    fn new(patterns: impl Iterator<Item = &'p ActionPattern>) -> Self {
        let mut after = Self { of_services: HashMap::new(), has_everything: false };
        for pattern in patterns {
            after.has_everything |= pattern.is_everything();
            let Some((service, name)) = pattern.named() else { continue };
            let own = after.of_services.entry(service).or_default();
            match name.as_lower().strip_suffix('*') {
                _ if name.is_literal() => own.literals.push(name.as_lower()),
                Some(prefix) if prefix == name.literal_prefix() => own.prefixes.push(prefix),
                _ => own.others.push(name),
            }
        }
        after.of_services.values_mut().for_each(|own| {
            own.literals.sort_unstable();
            own.prefixes.sort_unstable();
            // What another one begins stands right behind it, or behind others that it begins.
            own.prefixes.dedup_by(|longer, shorter| longer.starts_with(*shorter));
        });
        after
    }

    fn grants(&self, service: &str, lower: &str) -> bool {
        let grants = |own: &OfService<'_>| {
            let behind = own.prefixes.partition_point(|prefix| *prefix <= lower);
            let before = behind.checked_sub(1).and_then(|index| own.prefixes.get(index));
            before.is_some_and(|prefix| lower.starts_with(prefix))
                || own.literals.binary_search(&lower).is_ok()
                || own.others.iter().any(|name| name.matches(lower))
        };
        self.has_everything || self.of_services.get(service).is_some_and(grants)
    }
}
