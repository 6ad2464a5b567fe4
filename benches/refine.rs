//! What it costs to refine: the wildcards of real policies, and every service as a whole, the laws decided each time.
//!
//! `cargo bench --bench refine`

use std::collections::BTreeMap;
use std::sync::Arc;

use divan::counter::ItemsCount;
use iamtrim::audit::{EntryAudit, ServiceAudit};
use iamtrim::catalog::{Catalog, Tracking};
use iamtrim::claims::{Claim, Claims};
use iamtrim::finding::{UnusedAction, UnusedActions, UnusedPermissions, UnusedService};
use iamtrim::policy::action::ActionPattern;
use iamtrim::refine::{self, AuditedEntry, Presence, laws};

const WILDCARDS: &str = include_str!("data/real_wildcards.txt");

fn main() {
    divan::main();
}

/// FNV-1a, to pick half of the actions the same way each time.
fn is_picked(service: &str, name: &str) -> bool {
    let hash = service
        .bytes()
        .chain(name.bytes())
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    hash >> 32 & 1 == 1
}

/// Half of the catalogue's actions unused, of those whose use is tracked or of all.
fn unused(catalog: &Catalog, only_tracked: bool) -> UnusedPermissions {
    let services = catalog.services().map(|service| {
        let picked = service.actions().filter(|action| {
            is_picked(service.prefix(), action.name) && (!only_tracked || action.tracking == Tracking::Tracked)
        });
        let actions = picked.map(|action| UnusedAction { name: Arc::from(action.name), last_accessed: None });
        UnusedService {
            prefix: Arc::from(service.prefix()),
            last_accessed: None,
            actions: UnusedActions::Only(actions.collect()),
        }
    });
    UnusedPermissions { services: services.collect(), ..UnusedPermissions::default() }
}

/// Refines a list of entries as the program does a statement's, and counts what is emitted.
fn refined(list: &[ActionPattern], catalog: &Catalog, unused: &UnusedPermissions) -> usize {
    let claims = Claims::new(vec![Claim { unused, allowed: Vec::new() }]);
    let mut services: BTreeMap<&str, ServiceAudit<'_>> = BTreeMap::new();
    let audits = list.iter().map(|pattern| {
        let (service, name) = pattern.named()?;
        Some(services.entry(service).or_insert_with(|| ServiceAudit::new(service, catalog, &claims)).entry(name))
    });
    let audits: Vec<Option<EntryAudit<'_>>> = audits.collect();
    let audited = list.iter().zip(&audits);
    let entries: Vec<AuditedEntry<'_>> = audited
        .map(|(pattern, audit)| AuditedEntry {
            pattern: Some(pattern),
            audit: audit.as_ref(),
            presence: Presence::Always,
        })
        .collect();
    let changes = refine::refine(&entries);
    assert_eq!(laws::broken(&entries, &changes, |service| services.get(service)), None);
    changes.iter().map(|change| change.result(None).count()).sum()
}

#[divan::bench]
fn real_wildcards(bencher: divan::Bencher<'_, '_>) {
    let catalog = Catalog::embedded();
    let unused = unused(&catalog, true);
    let words = WILDCARDS.lines().filter_map(|line| line.split_whitespace().find(|word| word.contains(':')));
    let list: Vec<ActionPattern> = words.map(ActionPattern::new).collect();
    bencher.counter(ItemsCount::new(list.len())).bench(|| refined(&list, &catalog, &unused));
}

#[divan::bench]
fn every_service(bencher: divan::Bencher<'_, '_>) {
    let catalog = Catalog::embedded();
    let unused = unused(&catalog, false);
    let list: Vec<ActionPattern> =
        catalog.services().map(|service| ActionPattern::new(format!("{}:*", service.prefix()))).collect();
    bencher.counter(ItemsCount::new(catalog.counts().1)).bench(|| refined(&list, &catalog, &unused));
}
