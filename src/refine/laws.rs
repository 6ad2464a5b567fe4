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

#[cfg(test)]
mod tests {
    use super::super::{Presence, refine};
    use super::*;
    use crate::catalog::Catalog;
    use crate::claims::{Claim, Claims};
    use crate::finding::{UnusedAction, UnusedActions, UnusedPermissions, UnusedService};

    /// Two actions of SQS, and all of SNS.
    fn unused() -> UnusedPermissions {
        let names = ["CreateQueue", "DeleteQueue"].map(|name| UnusedAction { name: name.into(), last_accessed: None });
        let service = |prefix: &str, actions| UnusedService { prefix: prefix.into(), last_accessed: None, actions };
        let services = vec![
            service("sns", UnusedActions::Whole),
            service("sqs", UnusedActions::Only(names.into_iter().collect())),
        ];
        UnusedPermissions { services, ..UnusedPermissions::default() }
    }

    fn replaced(patterns: &[&str]) -> EntryChange {
        EntryChange::Replace(patterns.iter().copied().map(ActionPattern::new).collect())
    }

    /// Which law is broken where the first entry becomes this and the others stay.
    fn decided(entries: &[(&str, Presence)], change: EntryChange, allowed: &[&str]) -> Option<(usize, Law)> {
        let (unused, catalog) = (unused(), Catalog::embedded());
        let allowed: Vec<ActionPattern> = allowed.iter().copied().map(ActionPattern::new).collect();
        let claims = Claims::new(vec![Claim { unused: &unused, allowed: allowed.iter().collect() }]);
        let services = ["sns", "sqs"].map(|prefix| (prefix, ServiceAudit::new(prefix, &catalog, &claims)));
        let patterns: Vec<ActionPattern> = entries.iter().map(|(pattern, _)| ActionPattern::new(*pattern)).collect();
        let entry = |(pattern, (_, presence))| AuditedEntry { pattern: Some(pattern), audit: None, presence };
        let entries: Vec<AuditedEntry<'_>> = patterns.iter().zip(entries.iter().copied()).map(entry).collect();
        let mut changes = vec![EntryChange::Keep; entries.len()];
        changes[0] = change;
        broken(&entries, &changes, |service| services.iter().find(|(prefix, _)| *prefix == service).map(|(_, a)| a))
    }

    #[test]
    fn each_broken_law_is_told() {
        let first = |change, allowed: &[&str]| decided(&[("sqs:*Queue", Presence::Always)], change, allowed);
        let of_sns = |entry, emitted: &[&str], allowed: &[&str]| {
            decided(&[(entry, Presence::Always)], replaced(emitted), allowed).map(|(_, law)| law)
        };
        let right = ["sqs:PurgeQueue", "sqs:TagQueue", "sqs:UntagQueue"];
        let with = |more| replaced(&[&right[..], &[more]].concat());
        assert_eq!(first(replaced(&right), &[]), None);
        assert_eq!(first(with("sqs:CreateQueue"), &[]), Some((0, Law::NothingUnusedIsLeft)));
        assert_eq!(first(with("sqs:SendMessage"), &[]), Some((0, Law::NothingIsGained)));
        assert_eq!(first(replaced(&right[1..]), &[]), Some((0, Law::NothingUsedIsLost)));
        assert_eq!(first(EntryChange::Remove { covered_by: None }, &[]), Some((0, Law::NothingUsedIsLost)));
        assert_eq!(first(replaced(&right), &["sqs:CreateQueue"]), Some((0, Law::NothingUsedIsLost)));
        let left = Some(Law::NothingUnusedIsLeft);
        assert_eq!(of_sns("sns:P*", &[], &[]), None);
        assert_eq!(of_sns("sns:P*", &["sns:Publish"], &[]), left);
        assert_eq!(of_sns("sns:P*", &["sns:Publish"], &["sns:Publish"]), None);
        assert_eq!(of_sns("sns:P*", &["sns:Pub*"], &["sns:Pub*"]), None);
        // What AWS adds is unused as well, where the whole service is.
        assert_eq!(of_sns("sns:P*", &["sns:Pub*"], &["sns:Publish", "sns:PublishBatch"]), left);
        assert_eq!(of_sns("sns:Unheard*", &["sns:UnheardOf"], &[]), left);
        assert_eq!(of_sns("sns:Unheard*", &["sns:UnheardOf"], &["sns:UnheardOf"]), None);
    }

    #[test]
    fn what_another_entry_always_grants_is_not_lost() {
        let purged = || replaced(&["sqs:PurgeQueue"]);
        let with = |others: &[&'static str], presence| {
            let others = others.iter().map(|other| (*other, presence));
            let entries: Vec<_> = [("sqs:*Queue", Presence::Always)].into_iter().chain(others).collect();
            decided(&entries, purged(), &[]).map(|(_, law)| law)
        };
        let lost = Some(Law::NothingUsedIsLost);
        for others in [
            &["sqs:TagQueue", "sqs:untagqueue"][..],
            &["sqs:Ta*", "sqs:T*", "sqs:Tags*", "sqs:Un*"],
            &["sqs:*agQueue"],
            &["*"],
        ] {
            assert_eq!(with(others, Presence::Always), None, "{others:?}");
            assert_eq!(with(others, Presence::Sometimes), lost, "{others:?}");
        }
        for others in [&["sqs:TagQueue"][..], &["sns:TagQueue", "sns:UntagQueue"], &["sqs:TagQueues*", "sqs:Un*"]] {
            assert_eq!(with(others, Presence::Always), lost, "{others:?}");
        }
    }

    #[test]
    fn where_one_value_stands_one_value_stays() {
        let (unused, catalog) = (unused(), Catalog::embedded());
        let claims = Claims::new(vec![Claim { unused: &unused, allowed: Vec::new() }]);
        let service = ServiceAudit::new("sqs", &catalog, &claims);
        let change = |pattern: &str, presence| {
            let pattern = ActionPattern::new(pattern);
            let audit = service.entry(pattern.named().unwrap().1);
            refine(&[AuditedEntry { pattern: Some(&pattern), audit: Some(&audit), presence }]).remove(0)
        };
        let several = replaced(&["sqs:PurgeQueue", "sqs:TagQueue", "sqs:UntagQueue"]);
        let cases = [
            ("sqs:CreateQueue", EntryChange::Remove { covered_by: None }, EntryChange::KeepFixed),
            ("sqs:*Queue", several, EntryChange::KeepFixed),
            ("sqs:*eQueue", replaced(&["sqs:PurgeQueue"]), replaced(&["sqs:PurgeQueue"])),
            ("sqs:TagQueue", EntryChange::Keep, EntryChange::Keep),
        ];
        for (pattern, freely, fixed) in cases {
            assert_eq!(change(pattern, Presence::Always), freely, "{pattern}");
            assert_eq!(change(pattern, Presence::Sometimes), freely, "{pattern}");
            assert_eq!(change(pattern, Presence::OneOf), fixed, "{pattern}");
        }
    }
}
