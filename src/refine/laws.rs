//! The three laws of a refinement, decided for every result before it is shown or written.
//!
//! Written from the laws, not from the method: nothing here knows the trie. A broken law is a defect of the program.

use std::collections::HashMap;

use super::{AuditedEntry, EntryChange};
use crate::audit::ServiceAudit;
use crate::claims::ServiceUnused;
use crate::policy::action::ActionPattern;

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
pub fn broken<'a, 'c: 'a, 'e: 'a>(
    entries: &[AuditedEntry<'_>],
    changes: &[EntryChange],
    audit_of: impl Fn(&str) -> Option<&'a ServiceAudit<'c, 'e>>,
) -> Option<(usize, Law)> {
    let after = After::new(entries.iter().zip(changes).flat_map(|(entry, change)| change.result(entry.pattern)));
    for (index, (entry, change)) in entries.iter().zip(changes).enumerate() {
        let Some(pattern) = entry.pattern.filter(|_| !change.keeps()) else { continue };
        let audit = pattern.named().and_then(|(service, _)| audit_of(service));
        let Some(audit) = audit else { return Some((index, Law::NothingUsedIsLost)) };
        let emitted: Vec<&ActionPattern> = change.result(None).collect();
        if !emitted.iter().all(|emitted| pattern.covers(emitted)) {
            return Some((index, Law::NothingIsGained));
        }
        if let Some(law) = decide(pattern, &emitted, &after, audit) {
            return Some((index, law));
        }
    }
    None
}

/// The patterns of the new list, by the one service that each can match; `*` matches every service.
struct After<'p> {
    by_service: HashMap<&'p str, Vec<&'p ActionPattern>>,
    has_everything: bool,
}

impl<'p> After<'p> {
    fn new(patterns: impl Iterator<Item = &'p ActionPattern>) -> Self {
        let mut after = Self { by_service: HashMap::new(), has_everything: false };
        for pattern in patterns {
            after.has_everything |= pattern.is_everything();
            if let Some((service, _)) = pattern.named() {
                after.by_service.entry(service).or_default().push(pattern);
            }
        }
        after
    }

    fn grants(&self, service: &str, name: &str) -> bool {
        let of_service = self.by_service.get(service).map_or(&[][..], Vec::as_slice);
        self.has_everything || of_service.iter().any(|pattern| pattern.matches(service, name))
    }
}

/// Decides the first two laws of a replacement that is known to keep the third: what it matches, `pattern` matches.
fn decide(
    pattern: &ActionPattern,
    emitted: &[&ActionPattern],
    after: &After<'_>,
    audit: &ServiceAudit<'_, '_>,
) -> Option<Law> {
    let (service, _) = pattern.named()?;
    let granted = |by: &[&ActionPattern], name: &str| by.iter().any(|pattern| pattern.matches(service, name));
    for action in audit.catalogued().iter().filter(|action| pattern.matches(service, &action.lower)) {
        if action.unused && granted(emitted, &action.lower) {
            return Some(Law::NothingUnusedIsLeft);
        }
        if !action.unused && !after.grants(service, &action.lower) {
            return Some(Law::NothingUsedIsLost);
        }
    }
    // The catalogue may lack what a finding names.
    match audit.unused() {
        Some(ServiceUnused::Whole { allowed, .. })
            if emitted.iter().any(|emitted| {
                let is_open = emitted.named().is_some_and(|(_, names)| !names.is_literal());
                is_open && !allowed.iter().any(|allowed| allowed.covers(emitted))
            }) =>
        {
            Some(Law::NothingUnusedIsLeft)
        }
        Some(ServiceUnused::Only(names)) if names.keys().any(|name| granted(emitted, name)) => {
            Some(Law::NothingUnusedIsLeft)
        }
        _ => None,
    }
}
