//! Whose a policy is and what all of them left unused, from what was drawn alone.

use std::collections::BTreeSet;

use iamtrim::refine::safety::Applicability;
use regex::RegexBuilder;

use crate::model::{Also, Bound, NAMES, Part, Policy, Repository, Said, UnitKind, Unused};

/// The actions of the services that are drawn, as `service:name` in lower case, and whether only other services check
/// them.
pub(crate) struct Catalogue(Vec<(String, bool)>);

impl Catalogue {
    pub(crate) fn read() -> Self {
        let (mut actions, mut service) = (Vec::new(), "");
        for line in include_str!("../../data/catalog.txt").lines() {
            if let Some(prefix) = line.strip_prefix('@') {
                service = prefix;
            } else if NAMES.iter().any(|(drawn, _)| *drawn == service) && line.starts_with([' ', '+', '~']) {
                actions.push((format!("{service}:{}", line[1..].to_ascii_lowercase()), line.starts_with('~')));
            }
        }
        Self(actions)
    }

    pub(crate) fn matching<'c>(&'c self, entry: &str) -> impl Iterator<Item = &'c str> + use<'c> {
        let pattern = regex::escape(entry).replace(r"\*", ".*").replace(r"\?", ".");
        let pattern = RegexBuilder::new(&format!("^{pattern}$")).case_insensitive(true).build().unwrap();
        self.0.iter().map(|(action, _)| action.as_str()).filter(move |action| pattern.is_match(action))
    }

    pub(crate) fn granted(&self, entries: &[String]) -> BTreeSet<&str> {
        entries.iter().flat_map(|entry| self.matching(entry)).collect()
    }

    /// What a finding reports.
    fn reported<'c>(&'c self, unused: &Unused) -> BTreeSet<&'c str> {
        let is_reported = |(action, elsewhere): &&'c (String, bool)| {
            let (service, name) = action.split_once(':').unwrap();
            unused.iter().any(|(of, part)| match part {
                _ if *of != service => false,
                Part::Whole => !elsewhere,
                Part::Names(names) => names.iter().any(|unused| unused.eq_ignore_ascii_case(name)),
            })
        };
        self.0.iter().filter(is_reported).map(|(action, _)| action.as_str()).collect()
    }
}

/// Whose a policy is.
#[derive(Debug)]
pub(crate) struct Owners<'c> {
    /// What each owner whose findings count left unused, minus what is kept on purpose.
    claims: Vec<BTreeSet<&'c str>>,
    /// What is kept on purpose for those that are unused as a whole.
    kept: BTreeSet<&'c str>,
    /// Role and account of those that are unused as a whole.
    pub(crate) wholly_unused: Vec<(usize, usize)>,
    /// How freely the policy may be fixed.
    pub(crate) limit: Applicability,
}

impl Owners<'_> {
    /// Whether all owners that are known left the action unused.
    pub(crate) fn left_unused(&self, action: &str) -> bool {
        let is_unused = !self.claims.is_empty() && self.claims.iter().all(|unused| unused.contains(action));
        is_unused && !self.kept.contains(action)
    }

    fn lower_to(&mut self, limit: Applicability) {
        self.limit = self.limit.min(limit);
    }
}

impl Repository {
    /// Whose a policy is; nobody's is one that is not refined.
    pub(crate) fn owners<'c>(&self, policy: &Policy, catalogue: &'c Catalogue) -> Owners<'c> {
        let (claims, kept, wholly_unused) = (Vec::new(), BTreeSet::new(), Vec::new());
        let mut owners = Owners { claims, kept, wholly_unused, limit: Applicability::Safe };
        match self.also(policy) {
            Also::Nothing => {}
            Also::HandedOn => owners.lower_to(Applicability::DisplayOnly),
            Also::Boundary => return owners,
        }
        let is_loose = self.units[policy.unit].kind == UnitKind::Loose;
        let nowhere = BTreeSet::new();
        for &role in &policy.roles {
            match &policy.bound {
                Bound::Arns(accounts) if is_loose => {
                    accounts.iter().for_each(|account| self.take(&mut owners, catalogue, role, *account));
                }
                Bound::Guess if is_loose => {
                    owners.lower_to(Applicability::DisplayOnly);
                    self.take_named(&mut owners, catalogue, role, &nowhere, is_loose);
                    break;
                }
                _ => self.take_named(&mut owners, catalogue, role, &self.deployed_to(policy.unit), is_loose),
            }
        }
        owners
    }

    /// What else becomes of a policy: loose documents are in no other hands.
    pub(crate) fn also(&self, policy: &Policy) -> Also {
        let is_taken = policy.is_managed && self.units[policy.unit].kind != UnitKind::Loose;
        if is_taken { policy.also } else { Also::Nothing }
    }

    fn deployed_to(&self, unit: usize) -> BTreeSet<usize> {
        self.units[unit].accounts.iter().chain(&self.everywhere).copied().collect()
    }

    /// Takes what has a role's name: in these accounts, or wherever findings name it if nobody says where it is.
    fn take_named<'c>(
        &self,
        owners: &mut Owners<'c>,
        catalogue: &'c Catalogue,
        role: usize,
        stated: &BTreeSet<usize>,
        may_be_user: bool,
    ) {
        let drawn = &self.roles[role];
        let is_meant = |account: &usize| stated.is_empty() || stated.contains(account);
        let is_seen = |account: &usize| !matches!(drawn.said[*account], Said::Nothing);
        let mut seen: BTreeSet<usize> = (0..3).filter(is_meant).filter(is_seen).collect();
        seen.iter().for_each(|account| self.take(owners, catalogue, role, *account));
        if let Some(twin) = drawn.twin.as_ref().filter(|_| may_be_user && is_meant(&0)) {
            owners.claims.push(self.not_kept(role, &catalogue.reported(twin), catalogue));
            if !seen.is_empty() {
                owners.lower_to(Applicability::DisplayOnly);
            }
            seen.insert(0);
        }
        match seen.len() {
            0 => owners.lower_to(Applicability::DisplayOnly),
            count if count == stated.len() => {}
            _ => owners.lower_to(Applicability::Unsafe),
        }
    }

    fn take<'c>(&self, owners: &mut Owners<'c>, catalogue: &'c Catalogue, role: usize, account: usize) {
        let reported = match &self.roles[role].said[account] {
            Said::Nothing
            | Said::Archived(_)
            | Said::ArchivedSince(_)
            | Said::ResolvedSince(_)
            | Said::UsedSince(_) => {
                return owners.lower_to(Applicability::DisplayOnly);
            }
            Said::UnusedRole | Said::UnusedRoleSince(_) => {
                owners.kept.extend(self.kept(role, catalogue));
                return owners.wholly_unused.push((role, account));
            }
            Said::Unused(unused) | Said::Twice { newer: unused, .. } | Said::UsedAgain(unused) => {
                catalogue.reported(unused)
            }
            Said::AtOnce(one, other) => catalogue.reported(&both(one, other)),
        };
        owners.claims.push(self.not_kept(role, &reported, catalogue));
    }

    fn not_kept<'c>(&self, role: usize, unused: &BTreeSet<&'c str>, catalogue: &'c Catalogue) -> BTreeSet<&'c str> {
        unused - &self.kept(role, catalogue)
    }

    fn kept<'c>(&self, role: usize, catalogue: &'c Catalogue) -> BTreeSet<&'c str> {
        let allowed = self.allow.iter().filter(|allow| allow.role == role && !allow.has_ended);
        allowed.flat_map(|allow| catalogue.matching(allow.action)).collect()
    }
}

/// What two findings both report.
fn both(one: &Unused, other: &Unused) -> Unused {
    let of_other = |service: &str| other.iter().find(|(of, _)| *of == service).map(|(_, part)| part);
    let in_both = |(service, part): &(&'static str, Part)| {
        let part = match (part, of_other(service)?) {
            (Part::Whole, part) | (part, Part::Whole) => part.clone(),
            (Part::Names(names), Part::Names(others)) => Part::Names(names & others),
        };
        Some((*service, part))
    };
    one.iter().filter_map(in_both).collect()
}
