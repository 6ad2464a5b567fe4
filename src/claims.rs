//! What the owners of one policy all left unused, minus what is kept on purpose: the set U of the refinement.
//!
//! A policy shared by several identities loses only what every one of them left unused.
//! Knows evidence and what the user allows. Does not know policies.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use jiff::civil::Date;

use crate::catalog::{Catalog, Tracking};
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
    /// These names, by their lower-case form.
    Only(BTreeMap<String, UnusedName>),
}

/// A name reported unused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnusedName {
    /// As the finding spells it.
    pub spelled: Arc<str>,
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
                let named = |action: &UnusedAction| {
                    let (spelled, last_accessed) = (Arc::clone(&action.name), action.last_accessed);
                    (spelled.to_ascii_lowercase(), UnusedName { spelled, last_accessed })
                };
                ServiceUnused::Only(actions.iter().filter(kept).map(named).collect())
            }
        }
    }
}

fn may_speak_of(pattern: &ActionPattern, prefix: &str) -> bool {
    pattern.is_everything() || pattern.named().is_some_and(|(service, _)| service == prefix)
}

impl ServiceUnused<'_> {
    /// Whether the name is unused; `tracking` is what the catalogue says of it, `None` for a name it lacks.
    #[must_use]
    pub fn contains(&self, prefix: &str, lower: &str, tracking: Option<Tracking>) -> bool {
        match self {
            Self::Only(names) => names.contains_key(lower),
            Self::Whole { allowed, .. } => {
                !leaves_no_trace(prefix, lower, tracking) && !allowed.iter().any(|p| p.matches(prefix, lower))
            }
        }
    }

    /// The names reported one by one that the pattern matches, by their lower-case form, in order.
    pub fn named(&self, pattern: &Wildcard) -> impl Iterator<Item = (&str, &UnusedName)> {
        let names = match self {
            Self::Only(names) => Some(names),
            Self::Whole { .. } => None,
        };
        let prefix = pattern.literal_prefix();
        let from = (Bound::Included(prefix), Bound::Unbounded);
        let starting = names.into_iter().flat_map(move |names| names.range::<str, _>(from));
        let starting = starting.take_while(move |(lower, _)| lower.starts_with(prefix));
        starting.filter(|(lower, _)| pattern.matches(lower)).map(|(lower, name)| (lower.as_str(), name))
    }

    /// Whether the finding says that the whole service is unused.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        matches!(self, Self::Whole { .. })
    }

    /// When the name was last used before the tracking window, where that is on record for it alone.
    #[must_use]
    pub fn last_accessed(&self, lower: &str) -> Option<Date> {
        match self {
            Self::Whole { .. } => None,
            Self::Only(names) => names.get(lower).and_then(|name| name.last_accessed),
        }
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
                let stays = |(lower, mut name): (String, UnusedName)| {
                    let tracking = service.and_then(|s| s.action(&lower)).map(|action| action.tracking);
                    let unused = other.contains(prefix, &lower, tracking);
                    name.last_accessed = name.last_accessed.max(other.last_accessed(&lower));
                    unused.then_some((lower, name))
                };
                Self::Only(names.into_iter().filter_map(stays).collect())
            }
        }
    }
}

/// Whether using the action shows nowhere in its own service, so that an unused service says nothing of it.
///
/// `iam:PassRole` is so even where a catalogue lacks it.
fn leaves_no_trace(prefix: &str, lower: &str, tracking: Option<Tracking>) -> bool {
    tracking == Some(Tracking::CrossServiceOnly) || (prefix == "iam" && lower == "passrole")
}
