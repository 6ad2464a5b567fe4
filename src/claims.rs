//! What the owners of one policy all left unused, minus what is kept on purpose: the set U of the refinement.
//!
//! A policy shared by several identities loses only what every one of them left unused.
//! Knows evidence and what the user allows. Does not know policies.

use std::cmp::Ordering;

use jiff::civil::Date;

use crate::catalog::{Catalog, CatalogAction, Tracking, compare};
use crate::finding::{UnusedAction, UnusedActions, UnusedPermissions, UnusedService};
use crate::policy::action::ActionPattern;
use crate::policy::wildcard::Wildcard;

/// One identity's claim: its unused permissions, and the patterns that are kept for it on purpose.
#[derive(Debug, Clone)]
pub struct Claim<'e> {
    /// What its finding reports.
    pub unused: &'e UnusedPermissions,
    /// Actions that stay although reported.
    pub allowed: Vec<&'e ActionPattern>,
}

/// What is unused of one service, for all owners.
#[derive(Debug, Clone)]
pub enum ServiceUnused<'e> {
    /// Every name of the service, catalogued or not, but for what leaves no trace and what is allowed.
    Whole {
        /// The newest last access of any owner.
        last_accessed: Option<Date>,
        /// Actions that stay although reported.
        allowed: Vec<&'e ActionPattern>,
    },
    /// These names, in order of their lower-case forms, each once.
    Only(Vec<UnusedName<'e>>),
}

/// A name reported unused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnusedName<'e> {
    /// As the finding spells it.
    pub spelled: &'e str,
    /// The newest last access of any owner.
    pub last_accessed: Option<Date>,
}

/// The claims of all owners of a policy that can be used.
#[derive(Debug, Clone, Default)]
pub struct Claims<'e> {
    owners: Vec<Claim<'e>>,
}

impl<'e> Claims<'e> {
    /// Takes the owners' claims; without an owner nothing is unused.
    #[must_use]
    pub fn new(owners: Vec<Claim<'e>>) -> Self {
        Self { owners }
    }

    /// The services of which something may be unused for all owners, in order.
    pub fn services(&self) -> impl Iterator<Item = &'e str> + '_ {
        let (first, others) = self.owners.split_first().map_or((None, &[][..]), |(first, rest)| (Some(first), rest));
        let services = first.map_or(&[][..], |claim| claim.unused.services.as_slice());
        services.iter().map(|service| &*service.prefix).filter(|prefix| others.iter().all(|o| o.of(prefix).is_some()))
    }

    /// What is unused of the service with this lower-case prefix; `None` if nothing can be.
    #[must_use]
    pub fn of_service(&self, prefix: &str, catalog: &Catalog) -> Option<ServiceUnused<'e>> {
        let mut claimed = self.owners.iter().map(|claim| claim.of(prefix).map(|service| (claim, service)));
        let (first, service) = claimed.next()??;
        let mut unused = first.alone(service);
        for owner in claimed {
            let (claim, service) = owner?;
            unused = unused.and(claim.alone(service), prefix, catalog);
        }
        Some(unused)
    }
}

impl<'e> Claim<'e> {
    fn of(&self, prefix: &str) -> Option<&'e UnusedService> {
        let services = &self.unused.services;
        services.binary_search_by(|service| (*service.prefix).cmp(prefix)).ok().and_then(|index| services.get(index))
    }

    fn alone(&self, service: &'e UnusedService) -> ServiceUnused<'e> {
        let allowed: Vec<_> = self.allowed.iter().copied().filter(|p| may_speak_of(p, &service.prefix)).collect();
        match &service.actions {
            UnusedActions::Whole => ServiceUnused::Whole { last_accessed: service.last_accessed, allowed },
            UnusedActions::Only(actions) => {
                let kept = |action: &&UnusedAction| !allowed.iter().any(|p| p.matches(&service.prefix, &action.name));
                let named = |action: &'e UnusedAction| UnusedName {
                    spelled: &action.name,
                    last_accessed: action.last_accessed,
                };
                ServiceUnused::Only(in_order(actions.iter().filter(kept).map(named).collect()))
            }
        }
    }
}

fn may_speak_of(pattern: &ActionPattern, prefix: &str) -> bool {
    pattern.is_everything() || pattern.named().is_some_and(|(service, _)| service == prefix)
}

/// The names in order of their lower-case forms, each once; of two that differ in case the first counts.
fn in_order(mut names: Vec<UnusedName<'_>>) -> Vec<UnusedName<'_>> {
    if !names.is_sorted_by(|a, b| compare(a.spelled, b.spelled) == Ordering::Less) {
        names.sort_by(|a, b| compare(a.spelled, b.spelled));
        names.dedup_by(|later, first| later.spelled.eq_ignore_ascii_case(first.spelled));
    }
    names
}

impl<'e> ServiceUnused<'e> {
    /// Whether the name is unused; `tracking` is what the catalogue says of it, `None` for a name it lacks.
    #[must_use]
    pub fn contains(&self, prefix: &str, name: &str, tracking: Option<Tracking>) -> bool {
        match self {
            Self::Only(_) => self.find(name).is_some(),
            Self::Whole { allowed, .. } => {
                !leaves_no_trace(prefix, name, tracking) && !allowed.iter().any(|p| p.matches(prefix, name))
            }
        }
    }

    fn find(&self, name: &str) -> Option<&UnusedName<'e>> {
        let Self::Only(names) = self else { return None };
        names.binary_search_by(|known| compare(known.spelled, name)).ok().and_then(|index| names.get(index))
    }

    /// Calls `take` for each of the catalogue's actions, which come in order, with whether it is unused and since when;
    /// gives the names reported one by one that are none of them.
    pub fn side_by_side<'c>(
        &self,
        prefix: &str,
        actions: impl Iterator<Item = CatalogAction<'c>>,
        mut take: impl FnMut(CatalogAction<'c>, bool, Option<Date>),
    ) -> Vec<UnusedName<'e>> {
        let mut beyond = Vec::new();
        let Self::Only(names) = self else {
            actions.for_each(|action| {
                take(action, self.contains(prefix, action.lower, Some(action.tracking)), None);
            });
            return beyond;
        };
        let mut names = names.iter().copied().peekable();
        for action in actions {
            while let Some(name) = names.next_if(|name| compare(name.spelled, action.lower) == Ordering::Less) {
                beyond.push(name);
            }
            let own = names.next_if(|name| name.spelled.eq_ignore_ascii_case(action.lower));
            take(action, own.is_some(), own.and_then(|name| name.last_accessed));
        }
        beyond.extend(names);
        beyond
    }

    /// The names reported one by one that the pattern matches, in order of their lower-case forms.
    pub fn named(&self, pattern: &Wildcard) -> impl Iterator<Item = &UnusedName<'e>> {
        let names = match self {
            Self::Only(names) => names.as_slice(),
            Self::Whole { .. } => &[],
        };
        let prefix = pattern.literal_prefix();
        let from = names.partition_point(|name| compare(name.spelled, prefix) == Ordering::Less);
        let after = names.get(from..).unwrap_or_default().iter();
        let starting = after.take_while(move |name| starts_with(name.spelled, prefix));
        starting.filter(|name| pattern.matches(name.spelled))
    }

    /// Whether the finding says that the whole service is unused.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        matches!(self, Self::Whole { .. })
    }

    /// When the name was last used before the tracking window, where that is on record for it alone.
    #[must_use]
    pub fn last_accessed(&self, name: &str) -> Option<Date> {
        self.find(name).and_then(|name| name.last_accessed)
    }

    /// What both left unused.
    fn and(self, other: Self, prefix: &str, catalog: &Catalog) -> Self {
        match (self, other) {
            (Self::Whole { last_accessed: a, allowed: mut kept }, Self::Whole { last_accessed: b, allowed }) => {
                kept.extend(allowed);
                Self::Whole { last_accessed: a.max(b), allowed: kept }
            }
            (Self::Only(names), other) | (other, Self::Only(names)) => {
                let service = catalog.service(prefix);
                let stays = |mut name: UnusedName<'e>| {
                    let tracking = service.and_then(|s| s.action(name.spelled)).map(|action| action.tracking);
                    name.last_accessed = name.last_accessed.max(other.last_accessed(name.spelled));
                    other.contains(prefix, name.spelled, tracking).then_some(name)
                };
                Self::Only(names.into_iter().filter_map(stays).collect())
            }
        }
    }
}

/// Whether using the action shows nowhere in its own service, so that an unused service says nothing of it.
///
/// `iam:PassRole` is so even where a catalogue lacks it.
fn leaves_no_trace(prefix: &str, name: &str, tracking: Option<Tracking>) -> bool {
    tracking == Some(Tracking::CrossServiceOnly) || (prefix == "iam" && name.eq_ignore_ascii_case("passrole"))
}

/// Whether a name starts with this lower-case prefix.
fn starts_with(name: &str, prefix: &str) -> bool {
    name.get(..prefix.len()).is_some_and(|head| head.eq_ignore_ascii_case(prefix))
}
