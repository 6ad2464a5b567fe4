//! What it costs to refine: the wildcards of real policies, and every service as a whole, the laws decided each time.
//!
//! `cargo bench --bench refine`

use std::sync::Arc;

use divan::counter::ItemsCount;
use iamtrim::audit::{EntryAudit, ServiceAudit};
use iamtrim::catalog::{Catalog, Tracking};
use iamtrim::claims::{Claim, Claims};
use iamtrim::finding::{UnusedAction, UnusedActions, UnusedPermissions, UnusedService};
use iamtrim::policy::action::ActionPattern;
use iamtrim::refine::{self, AuditedEntry, EntryChange, laws};

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

/// Refines lists of entries of one service each, as the program does, and counts what is emitted.
fn refined(lists: &[(String, Vec<ActionPattern>)], catalog: &Catalog, unused: &UnusedPermissions) -> usize {
    let claims = Claims::new(vec![Claim { unused, allowed: Vec::new() }]);
    let mut emitted = 0;
    for (service, list) in lists {
        let service = ServiceAudit::new(service, catalog, &claims);
        for pattern in list {
            let audit: Option<EntryAudit> = pattern.named().map(|(_, name)| service.entry(name));
            let entries = [AuditedEntry { pattern: Some(pattern), audit: audit.as_ref() }];
            let changes = refine::refine(&entries);
            assert_eq!(laws::broken(&entries, &changes, |_| Some(&service)), None, "{}", pattern.as_str());
            emitted += changes
                .iter()
                .map(|change| match change {
                    EntryChange::Replace(patterns) => patterns.len(),
                    _ => 0,
                })
                .sum::<usize>();
        }
    }
    emitted
}

fn by_service(patterns: impl Iterator<Item = ActionPattern>) -> Vec<(String, Vec<ActionPattern>)> {
    let mut lists: std::collections::BTreeMap<String, Vec<ActionPattern>> = std::collections::BTreeMap::new();
    for pattern in patterns {
        if let Some(service) = pattern.named().map(|(service, _)| service.to_owned()) {
            lists.entry(service).or_default().push(pattern);
        }
    }
    lists.into_iter().collect()
}

#[divan::bench]
fn real_wildcards(bencher: divan::Bencher<'_, '_>) {
    let catalog = Catalog::embedded();
    let unused = unused(&catalog, true);
    let words = WILDCARDS.lines().filter_map(|line| line.split_whitespace().find(|word| word.contains(':')));
    let lists = by_service(words.map(ActionPattern::new));
    let count: usize = lists.iter().map(|(_, list)| list.len()).sum();
    bencher.counter(ItemsCount::new(count)).bench(|| refined(&lists, &catalog, &unused));
}

#[divan::bench]
fn every_service(bencher: divan::Bencher<'_, '_>) {
    let catalog = Catalog::embedded();
    let unused = unused(&catalog, false);
    let lists = by_service(catalog.services().map(|service| ActionPattern::new(format!("{}:*", service.prefix()))));
    bencher.counter(ItemsCount::new(catalog.counts().1)).bench(|| refined(&lists, &catalog, &unused));
}
