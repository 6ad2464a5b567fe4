//! Lists of entries and findings, made up over the whole catalogue.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use proptest::sample::Index;

use super::oracle::{Catalogue, Owner, Unused};

/// A list of entries and the owners of its policy.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    pub(crate) entries: Vec<String>,
    pub(crate) owners: Vec<Owner>,
}

/// Services with what is hard: plurals, acronyms, verbs in capitals, permissions that leave no trace.
const HARD: [&str; 12] = [
    "ec2",
    "kms",
    "iam",
    "rds",
    "ecs",
    "s3",
    "apigateway",
    "athena",
    "kafka-cluster",
    "vpc-lattice",
    "lambda",
    "sso-directory",
];

/// The choices that one made-up entry or reported name is made of.
#[derive(Debug, Clone)]
struct Choice {
    service: Index,
    action: Index,
    kind: Index,
    cut: Index,
    spelling: u8,
}

fn choice() -> impl Strategy<Value = Choice> {
    let parts = (any::<Index>(), any::<Index>(), any::<Index>(), any::<Index>(), any::<u8>());
    parts.prop_map(|(service, action, kind, cut, spelling)| Choice { service, action, kind, cut, spelling })
}

/// A case over a few services of the catalogue.
pub(crate) fn case(catalogue: &Catalogue) -> impl Strategy<Value = Case> + '_ {
    let services = prop::collection::vec((any::<bool>(), any::<Index>()), 1..3);
    let entries = prop::collection::vec(choice(), 1..7);
    let reported = prop::collection::vec(choice(), 1..40);
    let allowed = prop::collection::vec(choice(), 0..3);
    let owners = prop::collection::vec((reported, allowed, any::<u8>()), 1..3);
    (services, entries, owners).prop_map(|(services, entries, owners)| {
        let services: Vec<&str> = services
            .iter()
            .map(|(hard, index)| if *hard { *index.get(&HARD) } else { index.get(&catalogue.services).0.as_str() })
            .collect();
        Case {
            entries: list(&entries, &services, catalogue),
            owners: owners.iter().map(|owner| self::owner(&owner.0, &owner.1, owner.2, &services, catalogue)).collect(),
        }
    })
}

fn list(choices: &[Choice], services: &[&str], catalogue: &Catalogue) -> Vec<String> {
    let mut list: Vec<String> = Vec::new();
    for choice in choices {
        let repeated = (choice.kind.index(12) == 0).then(|| list.last().cloned()).flatten();
        list.push(repeated.unwrap_or_else(|| entry(choice, services, catalogue)));
    }
    list
}

fn entry(choice: &Choice, services: &[&str], catalogue: &Catalogue) -> String {
    let service = *choice.service.get(services);
    let name = choice.action.get(catalogue.actions(service)).0.as_str();
    let cut = choice.cut.index(name.len() + 1);
    let word = words(name)[choice.cut.index(words(name).len())].clone();
    let pattern = match choice.kind.index(14) {
        0 => name.to_owned(),
        1..=4 => format!("{}*", first_words(name, choice.cut)),
        5 => format!("{}*", &name[..cut]),
        6 => format!("*{}", &name[cut..]),
        7 => format!("*{word}*"),
        8 => format!("{}*{}", first_words(name, choice.cut), words(name).last().unwrap()),
        9 => format!("{}?{}", &name[..cut.min(name.len() - 1)], &name[cut.min(name.len() - 1) + 1..]),
        10 => format!("?{}*", &name[1..cut.max(1)]),
        11 => "*".to_owned(),
        12 => format!("{name}NotInvented"),
        _ => return if choice.spelling < 40 { "*".to_owned() } else { format!("{service}:{name}*") },
    };
    spelled(&format!("{service}:{pattern}"), choice.spelling)
}

fn words(name: &str) -> Vec<String> {
    super::method::tokens_of(name)
}

fn first_words(name: &str, cut: Index) -> String {
    let words = words(name);
    words[..=cut.index(words.len())].concat()
}

fn spelled(text: &str, spelling: u8) -> String {
    match spelling % 8 {
        0 => text.to_ascii_lowercase(),
        1 => text.to_ascii_uppercase(),
        2 => text.split_once(':').map(|(service, name)| format!("{}:{name}", service.to_ascii_uppercase())).unwrap(),
        _ => text.to_owned(),
    }
}

fn owner(reported: &[Choice], allowed: &[Choice], kind: u8, services: &[&str], catalogue: &Catalogue) -> Owner {
    let mut by_service: BTreeMap<String, Unused> = BTreeMap::new();
    for choice in reported {
        let service = *choice.service.get(services);
        let names = reported_names(choice, service, catalogue);
        let known = by_service.entry(service.to_owned()).or_insert_with(|| Unused::Names(BTreeSet::new()));
        if let Unused::Names(known) = known {
            for name in names {
                if !known.iter().any(|other| other.eq_ignore_ascii_case(&name)) {
                    known.insert(name);
                }
            }
        }
    }
    if kind < 30 {
        by_service.insert(services[0].to_owned(), Unused::Whole);
    }
    by_service.retain(|_, unused| !matches!(unused, Unused::Names(names) if names.is_empty()));
    let allowed = allowed.iter().filter(|choice| choice.spelling < 90).map(|choice| {
        let service = *choice.service.get(services);
        let name = choice.action.get(catalogue.actions(service)).0.as_str();
        match choice.kind.index(3) {
            0 => format!("{service}:{name}"),
            1 => format!("{service}:{}*", first_words(name, choice.cut)),
            _ => format!("{service}:*{}", words(name).last().unwrap()),
        }
    });
    Owner { services: by_service, allowed: allowed.collect() }
}

/// One name, all names with the same first words, or a name that the catalogue does not have.
fn reported_names(choice: &Choice, service: &str, catalogue: &Catalogue) -> Vec<String> {
    let actions = catalogue.actions(service);
    let name = choice.action.get(actions).0.as_str();
    match choice.kind.index(8) {
        0 => {
            let first = first_words(name, choice.cut);
            actions.iter().map(|(name, _)| name.clone()).filter(|name| name.starts_with(&first)).collect()
        }
        1 if choice.spelling < 60 => vec![format!("{name}s"), format!("{}Future", first_words(name, choice.cut))],
        2 => vec![name.to_ascii_lowercase()],
        _ => vec![name.to_owned()],
    }
}
