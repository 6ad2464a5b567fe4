//! The three laws of a refinement, decided for every result before it is shown or written.
//!
//! Written from the laws, not from the method: nothing here knows the trie. A broken law is a defect of the program.

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
    let after: Vec<&ActionPattern> =
        entries.iter().zip(changes).flat_map(|(entry, change)| change.result(entry.pattern)).collect();
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

fn decide(
    pattern: &ActionPattern,
    emitted: &[&ActionPattern],
    after: &[&ActionPattern],
    audit: &ServiceAudit<'_, '_>,
) -> Option<Law> {
    let (service, _) = pattern.named()?;
    let granted = |by: &[&ActionPattern], name: &str| by.iter().any(|pattern| pattern.matches(service, name));
    for action in audit.catalogued() {
        if action.unused && granted(emitted, &action.lower) {
            return Some(Law::NothingUnusedIsLeft);
        }
        if !action.unused && pattern.matches(service, &action.lower) && !granted(after, &action.lower) {
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
