//! Per entry of a statement: which actions it grants, and which of them are unused.
//!
//! Not listed is not used: an action that no finding names is unknown and is kept.
//! Knows sets of actions and patterns. Does not know text, spans or notation.

use std::borrow::Cow;
use std::cell::OnceCell;

use jiff::civil::Date;

use crate::catalog::{Catalog, CatalogAction, Service, Tracking};
use crate::claims::{Claims, ServiceUnused, UnusedName};
use crate::policy::action::ActionPattern;
use crate::policy::wildcard::Wildcard;

/// What an entry turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing it grants is reported unused.
    Kept,
    /// Everything it grants is reported unused.
    Unused,
    /// Some of what it grants is reported unused.
    Partly,
    /// It matches no action, current or retired.
    Unknown,
}

/// An action that an entry matches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Granted<'a> {
    /// The bare name in lower case: the key.
    pub lower: Cow<'a, str>,
    /// The bare name as the catalogue spells it, else the finding, else the entry.
    pub spelled: Cow<'a, str>,
    /// Whether all owners left it unused.
    pub unused: bool,
    /// What the catalogue says of it; `None` for a name it lacks.
    pub tracking: Option<Tracking>,
    /// When it was last used before the tracking window, if ever; only of unused ones.
    pub last_accessed: Option<Date>,
}

/// What one entry grants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryAudit<'a> {
    /// What it turned out to be.
    pub verdict: Verdict,
    /// What it matches, in order of the lower-case names: the catalogue's actions and the unused ones.
    pub granted: Vec<Granted<'a>>,
    /// If the finding says that the whole service is unused: what it says of that.
    pub whole_service: Option<WholeService>,
    /// What the catalogue does not know although a finding speaks of it, so that nobody knows what a wildcard grants.
    pub catalog_gap: Option<CatalogGap>,
}

/// A service all of whose names are unused, catalogued or not, but for those that are kept on purpose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WholeService {
    /// When it was last used, if ever.
    pub last_accessed: Option<Date>,
    /// What is kept on purpose, over the service's names.
    pub allowed: Vec<Wildcard>,
}

impl WholeService {
    /// Whether no unused name matches the pattern, not even one that the catalogue does not have.
    #[must_use]
    pub fn spares(&self, names: &Wildcard) -> bool {
        self.allowed.iter().any(|allowed| allowed.covers(names))
    }
}

/// Why the catalogue is too old for a wildcard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CatalogGap {
    /// It lacks the service.
    Service(String),
    /// It lacks an unused action that the wildcard matches.
    Action(String),
}

/// The questions to one service, answered once per policy.
#[derive(Debug)]
pub struct ServiceAudit<'a> {
    prefix: String,
    service: Option<Service<'a>>,
    unused: Option<ServiceUnused<'a>>,
    catalog: &'a Catalog,
    listed: OnceCell<Listed<'a>>,
}

/// The names of a service that are on some list.
#[derive(Debug, Default)]
struct Listed<'a> {
    /// The catalogue's, in order of their lower-case forms.
    catalogued: Vec<Granted<'a>>,
    /// Those that only a finding names, likewise.
    beyond: Vec<UnusedName<'a>>,
}

impl<'a> ServiceAudit<'a> {
    /// Prepares the answers for the service with this lower-case prefix.
    #[must_use]
    pub fn new(prefix: &str, catalog: &'a Catalog, claims: &Claims<'a>) -> Self {
        Self {
            prefix: prefix.to_owned(),
            service: catalog.service(prefix),
            unused: claims.of_service(prefix, catalog),
            catalog,
            listed: OnceCell::new(),
        }
    }

    /// The unused set of the service; `None` if nothing of it is unused.
    #[must_use]
    pub fn unused(&self) -> Option<&ServiceUnused<'a>> {
        self.unused.as_ref()
    }

    /// The catalogue's actions of the service with whether each is unused, in order of lower-case names.
    pub fn catalogued(&self) -> &[Granted<'a>] {
        &self.listed().catalogued
    }

    fn listed(&self) -> &Listed<'a> {
        self.listed.get_or_init(|| {
            let mut listed = Listed::default();
            let actions = self.service.iter().flat_map(Service::actions);
            let mut take = |action: CatalogAction<'a>, unused: bool, last_accessed: Option<Date>| {
                let CatalogAction { name, lower, tracking } = action;
                let (lower, spelled) = (Cow::Borrowed(lower), Cow::Borrowed(name));
                let granted = Granted { lower, spelled, unused, tracking: Some(tracking), last_accessed };
                listed.catalogued.push(granted);
            };
            match &self.unused {
                Some(unused) => listed.beyond = unused.side_by_side(&self.prefix, actions, take),
                None => actions.for_each(|action| take(action, false, None)),
            }
            listed
        })
    }

    /// The catalogue's actions that the pattern matches, in order of lower-case names.
    pub fn matching(&self, pattern: &Wildcard) -> impl Iterator<Item = &Granted<'a>> {
        let (all, prefix) = (self.catalogued(), pattern.literal_prefix());
        let from = all.partition_point(|action| *action.lower < *prefix);
        let starting = all.get(from..).unwrap_or_default().iter().take_while(move |a| a.lower.starts_with(prefix));
        starting.filter(|action| pattern.matches(&action.lower))
    }

    /// What an entry of this service grants.
    #[must_use]
    pub fn entry(&self, pattern: &Wildcard) -> EntryAudit<'a> {
        let granted = if pattern.is_literal() { self.literal(pattern) } else { self.wildcard(pattern) };
        let unused = granted.iter().filter(|action| action.unused).count();
        let catalog_gap = if pattern.is_literal() { None } else { self.gap(&granted) };
        let lacks_service = matches!(catalog_gap, Some(CatalogGap::Service(_)));
        let whole_service = self.whole();
        let verdict = match unused {
            0 if lacks_service && whole_service.as_ref().is_some_and(|whole| !whole.spares(pattern)) => Verdict::Unused,
            0 if granted.is_empty() && !self.matches_retired(pattern) => Verdict::Unknown,
            0 => Verdict::Kept,
            all if all == granted.len() => Verdict::Unused,
            _ => Verdict::Partly,
        };
        EntryAudit { verdict, granted, whole_service, catalog_gap }
    }

    /// What an entry of this service grants, as far as it matters to what is unused: of a service of which nothing is,
    /// whether the entry grants anything.
    #[must_use]
    pub fn judged(&self, pattern: &Wildcard) -> EntryAudit<'a> {
        if self.unused.is_some() || pattern.is_literal() {
            return self.entry(pattern);
        }
        let mut actions = self.service.iter().flat_map(Service::actions);
        let is_known = actions.any(|action| pattern.matches(action.lower)) || self.matches_retired(pattern);
        let verdict = if is_known { Verdict::Kept } else { Verdict::Unknown };
        EntryAudit { verdict, granted: Vec::new(), whole_service: None, catalog_gap: None }
    }

    fn whole(&self) -> Option<WholeService> {
        let Some(ServiceUnused::Whole { last_accessed, allowed }) = &self.unused else { return None };
        let names = |pattern: &&ActionPattern| match pattern.named() {
            Some((_, names)) => names.clone(),
            None => Wildcard::new("*"),
        };
        Some(WholeService { last_accessed: *last_accessed, allowed: allowed.iter().map(names).collect() })
    }

    fn literal(&self, pattern: &Wildcard) -> Vec<Granted<'a>> {
        if let Some(action) = self.service.and_then(|service| service.action(pattern.as_lower())) {
            return vec![self.granted(action.lower.into(), action.name.into(), Some(action.tracking))];
        }
        let named = self.granted(pattern.as_lower().to_owned().into(), pattern.as_str().to_owned().into(), None);
        if named.unused { vec![named] } else { Vec::new() }
    }

    fn wildcard(&self, pattern: &Wildcard) -> Vec<Granted<'a>> {
        let mut granted: Vec<Granted<'a>> = self.matching(pattern).cloned().collect();
        let known = granted.len();
        let beyond = self.listed().beyond.iter().filter(|name| pattern.matches(name.spelled));
        granted.extend(beyond.map(|name| {
            let lower = Cow::Owned(name.spelled.to_ascii_lowercase());
            let (spelled, last_accessed) = (Cow::Borrowed(name.spelled), name.last_accessed);
            Granted { lower, spelled, unused: true, tracking: None, last_accessed }
        }));
        if granted.len() > known {
            granted.sort_by(|a, b| a.lower.cmp(&b.lower));
        }
        granted
    }

    fn granted(&self, lower: Cow<'a, str>, spelled: Cow<'a, str>, tracking: Option<Tracking>) -> Granted<'a> {
        let unused = self.unused.as_ref().filter(|unused| unused.contains(&self.prefix, &lower, tracking));
        Granted {
            spelled,
            unused: unused.is_some(),
            tracking,
            last_accessed: unused.and_then(|unused| unused.last_accessed(&lower)),
            lower,
        }
    }

    fn gap(&self, granted: &[Granted<'_>]) -> Option<CatalogGap> {
        self.unused.as_ref()?;
        if self.service.is_none() {
            return Some(CatalogGap::Service(self.prefix.clone()));
        }
        let unknown = granted.iter().find(|action| action.unused && action.tracking.is_none())?;
        Some(CatalogGap::Action(format!("{}:{}", self.prefix, unknown.spelled)))
    }

    fn matches_retired(&self, pattern: &Wildcard) -> bool {
        self.catalog.retired(&self.prefix).any(|name| pattern.matches(name))
    }
}

/// The unused actions under a grant of everything but `excluded`, service by service, in order.
///
/// A whole service counts as one, named `service:*`.
#[must_use]
pub fn unused_beneath(excluded: &[&ActionPattern], catalog: &Catalog, claims: &Claims<'_>) -> Vec<BroadlyUnused> {
    let mut found = Vec::new();
    for prefix in claims.services() {
        match claims.of_service(prefix, catalog) {
            Some(ServiceUnused::Whole { last_accessed, allowed }) => {
                let everything = ActionPattern::new(format!("{prefix}:*"));
                if !excluded.iter().copied().chain(allowed).any(|pattern| pattern.covers(&everything)) {
                    found.push(BroadlyUnused { action: everything.as_str().to_owned(), last_accessed });
                }
            }
            Some(ServiceUnused::Only(names)) => {
                let granted = names.iter().filter(|name| !excluded.iter().any(|p| p.matches(prefix, name.spelled)));
                found.extend(granted.map(|name| BroadlyUnused {
                    action: format!("{prefix}:{}", name.spelled),
                    last_accessed: name.last_accessed,
                }));
            }
            None => {}
        }
    }
    found
}

/// An unused action under a broad grant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BroadlyUnused {
    /// `service:Name`, or `service:*` for a whole service.
    pub action: String,
    /// When it was last used before the tracking window, if ever.
    pub last_accessed: Option<Date>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::claims::Claim;
    use crate::finding::{UnusedActions, UnusedPermissions, UnusedService};

    /// What is unused where a whole service is, but for what is allowed.
    fn whole(prefix: &str) -> UnusedPermissions {
        let service = UnusedService { prefix: prefix.into(), last_accessed: None, actions: UnusedActions::Whole };
        UnusedPermissions { services: vec![service], ..UnusedPermissions::default() }
    }

    #[test]
    fn what_is_allowed_of_an_unused_service_is_not_unused() {
        let (unused, catalog) = (whole("unheard-of"), Catalog::embedded());
        let cases = [("*", "*", Verdict::Unknown, 0), ("unheard-of:Do*", "Do*", Verdict::Unknown, 1)];
        for (allowed, entry, verdict, beneath) in cases {
            let allowed = ActionPattern::new(allowed);
            let claims = Claims::new(vec![Claim { unused: &unused, allowed: vec![&allowed] }]);
            let service = ServiceAudit::new("unheard-of", &catalog, &claims);
            assert_eq!(service.entry(&Wildcard::new(entry)).verdict, verdict, "{entry}");
            assert_eq!(unused_beneath(&[], &catalog, &claims).len(), beneath, "{entry}");
        }
        let claims = Claims::new(vec![Claim { unused: &unused, allowed: Vec::new() }]);
        let service = ServiceAudit::new("unheard-of", &catalog, &claims);
        assert_eq!(service.entry(&Wildcard::new("Do*")).verdict, Verdict::Unused);
    }
}
