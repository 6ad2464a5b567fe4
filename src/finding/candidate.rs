//! What is known so far of one identity, whatever the order in which exports say it.
//!
//! A finding is known by its id: only its newest copy counts, and the copies of one time are its pages. Of several
//! findings only the newest counts; of two of the same time, what both report. One that is put aside and newer says that
//! the others are out of date.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::{
    IdentityEvidence, Permissions, Unusable, UnusedAction, UnusedActions, UnusedCredential, UnusedIdentity,
    UnusedPermissions, UnusedService,
};
use crate::policy::arn::IdentityArn;

/// How far apart the analyses of one night are at most.
const ONE_DAY: SignedDuration = SignedDuration::from_hours(24);

/// How long an analysis takes at most to write its findings.
const ONE_ANALYSIS: SignedDuration = SignedDuration::from_mins(10);

/// When a copy of a finding was made: `analyzedAt`, and `updatedAt`, which its status moves. None is the oldest.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct When {
    pub(super) analyzed_at: Option<Timestamp>,
    pub(super) updated_at: Option<Timestamp>,
}

impl When {
    /// The latest that is known of: a finding may be put aside long after its analysis.
    fn latest(self) -> Option<Timestamp> {
        self.analyzed_at.max(self.updated_at)
    }
}

/// Why a finding is put aside: its status, or an error that leaves nothing known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Closed {
    Failed,
    Resolved,
    Archived,
}

/// A last use: the day, and whether the user takes what was used then for used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct LastUse {
    pub(super) day: Option<Date>,
    pub(super) is_recent: bool,
}

/// What an ACTIVE finding of unused permissions says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Reported {
    Usable(UnusedPermissions),
    Failed,
}

/// The findings of one kind, by id; a finding without one is nobody's copy.
#[derive(Debug)]
pub(super) struct Findings<T> {
    open: BTreeMap<String, (When, Vec<T>)>,
    closed: BTreeMap<String, (When, Closed)>,
}

/// What counts of the findings of one kind.
struct Settled<T> {
    /// When the newest ACTIVE ones were made.
    at: Option<Timestamp>,
    /// The same, else when they were last seen.
    made: Option<Timestamp>,
    /// These, by id.
    newest: Vec<(String, Vec<T>)>,
    /// When findings were put aside that are not ACTIVE again, and how.
    aside: Vec<(Option<Timestamp>, Closed)>,
}

/// What is known so far of one identity.
#[derive(Debug)]
pub(super) struct Candidate {
    /// Of the spellings of its ARN, the first in byte order.
    arn: IdentityArn,
    pub(super) permissions: Findings<Reported>,
    pub(super) role: Findings<LastUse>,
    /// Which access key, none for the password, and its last use.
    pub(super) credentials: Findings<(Option<String>, LastUse)>,
    pub(super) exports: BTreeSet<u32>,
}

impl LastUse {
    /// The later of two; what one of them says is recent is.
    pub(super) fn or(self, other: Self) -> Self {
        Self { day: self.day.max(other.day), is_recent: self.is_recent || other.is_recent }
    }
}

impl<T> Default for Findings<T> {
    fn default() -> Self {
        Self { open: BTreeMap::new(), closed: BTreeMap::new() }
    }
}

impl<T: PartialEq> Findings<T> {
    /// Takes an ACTIVE copy.
    pub(super) fn take(&mut self, id: &str, when: When, said: T) {
        self.take_all(id.to_owned(), when, vec![said]);
    }

    fn take_all(&mut self, id: String, when: When, said: Vec<T>) {
        match self.open.get_mut(&id) {
            Some((known, _)) if *known > when => {}
            Some((known, copies)) if *known == when => {
                for copy in said {
                    if !copies.contains(&copy) {
                        copies.push(copy);
                    }
                }
            }
            _ => {
                self.open.insert(id, (when, said));
            }
        }
    }

    /// Takes a copy that is put aside.
    pub(super) fn close(&mut self, id: &str, when: When, status: Closed) {
        let known = self.closed.entry(id.to_owned()).or_insert((when, status));
        *known = (*known).max((when, status));
    }

    fn merge(&mut self, other: Self) {
        for (id, (when, said)) in other.open {
            self.take_all(id, when, said);
        }
        for (id, (when, status)) in other.closed {
            self.close(&id, when, status);
        }
    }

    /// The findings that are still ACTIVE, by id.
    fn still_open(self) -> impl Iterator<Item = (String, (When, Vec<T>))> {
        let closed = self.closed;
        let is_open = move |id: &String, when: When| id.is_empty() || closed.get(id).is_none_or(|(at, _)| *at < when);
        self.open.into_iter().filter(move |(id, (when, _))| is_open(id, *when))
    }

    /// Those of them that are of the newest analysis, and when others were put aside.
    fn settled(self) -> Settled<T> {
        let closed: Vec<(String, Option<Timestamp>, Closed)> =
            self.closed.iter().map(|(id, (when, status))| (id.clone(), when.latest(), *status)).collect();
        let open: Vec<_> = self.still_open().collect();
        // In order of the ids, as they were kept.
        let is_open = |id: &String| !id.is_empty() && open.binary_search_by(|(known, _)| known.cmp(id)).is_ok();
        let aside = closed.iter().filter(|(id, ..)| !is_open(id));
        let aside = aside.map(|(_, at, status)| (*at, *status)).collect();
        let at = open.iter().map(|(_, (when, _))| when.analyzed_at).max().flatten();
        let newest: Vec<_> = open.into_iter().filter(|(_, (when, _))| when.analyzed_at == at).collect();
        let made = at.or(newest.iter().map(|(_, (when, _))| when.latest()).max().flatten());
        Settled { at, made, newest: newest.into_iter().map(|(id, (_, said))| (id, said)).collect(), aside }
    }
}

impl<T> Settled<T> {
    /// The newest that was put aside after this time; what one analysis resolves while it makes others is as old as these.
    fn aside_since(&self, at: Option<Timestamp>) -> Option<(Option<Timestamp>, Closed)> {
        let is_later = |&(aside, closed): &(Option<Timestamp>, Closed)| match (aside, at, closed) {
            (Some(aside), Some(at), Closed::Resolved) => aside.duration_since(at) > ONE_ANALYSIS,
            _ => aside > at,
        };
        self.aside.iter().copied().filter(is_later).max()
    }
}

/// The day of a point in time, in UTC.
pub(super) fn day(at: Option<Timestamp>) -> Option<Date> {
    at.map(|at| at.to_zoned(TimeZone::UTC).date())
}

impl Settled<LastUse> {
    /// A role that was used on the day of its analysis or later is in use: its finding is as good as resolved.
    fn without_used(mut self) -> Self {
        let analyzed = day(self.made);
        let mut days = self.newest.iter().flat_map(|(_, uses)| uses).filter_map(|last| last.day);
        if analyzed.is_some_and(|analyzed| days.any(|day| day >= analyzed)) {
            self.aside.push((self.made, Closed::Resolved));
            self.newest.clear();
        }
        self
    }
}

impl Candidate {
    pub(super) fn new(arn: IdentityArn) -> Self {
        Self {
            arn,
            permissions: Findings::default(),
            role: Findings::default(),
            credentials: Findings::default(),
            exports: BTreeSet::new(),
        }
    }

    /// Notes another spelling of its ARN.
    pub(super) fn spelled(&mut self, arn: IdentityArn) {
        if arn.as_str() < self.arn.as_str() {
            self.arn = arn;
        }
    }

    /// Takes all that another export says.
    pub(super) fn merge(&mut self, other: Self) {
        self.spelled(other.arn);
        self.permissions.merge(other.permissions);
        self.role.merge(other.role);
        self.credentials.merge(other.credentials);
        self.exports.extend(other.exports);
    }

    pub(super) fn finish(self) -> IdentityEvidence {
        let (permissions, role) = (self.permissions.settled(), self.role.settled().without_used());
        let is_reported = !permissions.newest.is_empty();
        let put_aside = match is_reported {
            true => permissions.aside_since(permissions.made).max(role.aside_since(permissions.made)),
            false => permissions.aside.iter().copied().max(),
        };
        // AWS reports the permissions of roles that are in use: one that has, or had, such a finding since is one. Of the
        // same night both can only be by analyzers that look back for periods of different lengths: in the longer it was
        // used.
        let is_since = match (permissions.at, role.at) {
            (Some(permissions), Some(role)) => role.duration_since(permissions) < ONE_DAY,
            _ => true,
        };
        let is_in_use = (is_reported && is_since)
            || permissions.aside_since(role.made).is_some()
            || role.aside_since(role.made).is_some();
        let reported = permissions.newest.into_iter().map(|(id, copies)| of_one(&id, copies)).reduce(Reported::and);
        let unused_role = unused_role(role).filter(|_| !is_in_use);
        let permissions = match (put_aside, reported) {
            // Of a role that is unused since, they are history.
            (None, Some(_)) if unused_role.is_some() => Permissions::Unusable(Unusable::None),
            (Some((_, Closed::Archived)), _) => Permissions::Unusable(Unusable::Archived),
            (Some((_, Closed::Resolved)), _) => Permissions::Unusable(Unusable::Resolved),
            (None, Some(Reported::Usable(unused))) => Permissions::Usable(unused),
            (Some((_, Closed::Failed)), _) | (None, Some(Reported::Failed)) => Permissions::Unusable(Unusable::Failed),
            (None, None) => Permissions::Unusable(Unusable::None),
        };
        IdentityEvidence {
            arn: self.arn,
            permissions,
            unused_role,
            unused_credentials: unused_credentials(self.credentials),
            exports: self.exports.into_iter().collect(),
        }
    }
}

/// What the newest findings of a role say: the later use counts.
fn unused_role(role: Settled<LastUse>) -> Option<UnusedIdentity> {
    let Settled { at: analyzed_at, newest, .. } = role;
    let uses = newest.iter().flat_map(|(_, uses)| uses).copied();
    let is_recent = uses.reduce(LastUse::or)?.is_recent;
    let each = newest.into_iter().flat_map(|(id, uses)| {
        let of = move |last: LastUse| UnusedIdentity {
            finding: id.clone(),
            analyzed_at,
            last_accessed: last.day,
            is_recent,
        };
        uses.into_iter().map(of)
    });
    each.max_by(|a, b| a.last_accessed.cmp(&b.last_accessed).then_with(|| b.finding.cmp(&a.finding)))
}

/// The access keys and the password that nobody used for long enough.
fn unused_credentials(findings: Findings<(Option<String>, LastUse)>) -> Vec<UnusedCredential> {
    let mut recent = HashSet::new();
    let mut unused = Vec::new();
    for (finding, (_, said)) in findings.still_open() {
        for (access_key, LastUse { day: last_accessed, is_recent }) in said {
            if is_recent {
                recent.insert(access_key.clone());
            }
            unused.push(UnusedCredential { access_key, last_accessed, finding: finding.clone() });
        }
    }
    unused.sort();
    // Two analyzers report one key: the later use counts.
    unused.reverse();
    unused.dedup_by(|later, first| later.access_key == first.access_key);
    unused.reverse();
    unused.retain(|credential| !recent.contains(&credential.access_key));
    unused
}

/// What the copies of one finding say: its pages together, where it has some; else what all of them report.
fn of_one(id: &str, copies: Vec<Reported>) -> Reported {
    let is_page = |copy: &Reported| matches!(copy, Reported::Usable(UnusedPermissions { truncated: true, .. }));
    let is_whole = |copy: &Reported| matches!(copy, Reported::Usable(UnusedPermissions { truncated: false, .. }));
    if id.is_empty() || !copies.iter().any(is_page) {
        return copies.into_iter().reduce(Reported::and).unwrap_or(Reported::Failed);
    }
    let truncated = !copies.iter().any(is_whole);
    let joined = copies.into_iter().reduce(Reported::or).unwrap_or(Reported::Failed);
    match joined {
        Reported::Usable(unused) => Reported::Usable(UnusedPermissions { truncated, ..unused }),
        Reported::Failed => Reported::Failed,
    }
}

impl Reported {
    /// What both report; a failed one reports nothing either way.
    fn and(self, other: Self) -> Self {
        self.joined(other, both)
    }

    /// What one or the other page reports.
    fn or(self, other: Self) -> Self {
        self.joined(other, pages)
    }

    fn joined(self, other: Self, join: fn(UnusedPermissions, UnusedPermissions) -> UnusedPermissions) -> Self {
        match (self, other) {
            (Self::Usable(a), Self::Usable(b)) => Self::Usable(join(a, b)),
            (Self::Usable(one), Self::Failed) | (Self::Failed, Self::Usable(one)) => Self::Usable(one),
            (Self::Failed, Self::Failed) => Self::Failed,
        }
    }
}

fn pages(mut a: UnusedPermissions, b: UnusedPermissions) -> UnusedPermissions {
    for service in b.services {
        add(&mut a.services, service);
    }
    a
}

/// What both report.
fn both(a: UnusedPermissions, b: UnusedPermissions) -> UnusedPermissions {
    let mut services = Vec::new();
    for service in a.services {
        let Ok(index) = b.services.binary_search_by(|other| other.prefix.cmp(&service.prefix)) else { continue };
        let Some(other) = b.services.get(index) else { continue };
        let actions = match (service.actions, &other.actions) {
            (UnusedActions::Whole, actions) => actions.clone(),
            (actions, UnusedActions::Whole) => actions,
            (UnusedActions::Only(names), UnusedActions::Only(others)) => UnusedActions::Only(common(names, others)),
        };
        if actions != UnusedActions::Only(Vec::new()) {
            let is_whole = actions == UnusedActions::Whole;
            let last_accessed = service.last_accessed.max(other.last_accessed).filter(|_| is_whole);
            services.push(UnusedService { last_accessed, actions, ..service });
        }
    }
    let ids: BTreeSet<String> = a.findings.into_iter().chain(b.findings).collect();
    UnusedPermissions {
        findings: ids.into_iter().collect(),
        analyzed_at: a.analyzed_at,
        services,
        truncated: a.truncated || b.truncated,
    }
}

/// The names that both have, each as the one of them that [`sorted`] keeps.
fn common(names: Vec<UnusedAction>, others: &[UnusedAction]) -> Vec<UnusedAction> {
    let keys = |names: &[UnusedAction]| -> HashSet<String> {
        names.iter().map(|action| action.name.to_ascii_lowercase()).collect()
    };
    let (ours, theirs) = (keys(&names), keys(others));
    let all = names.into_iter().chain(others.iter().cloned());
    let in_both = all.filter(|action| {
        let key = action.name.to_ascii_lowercase();
        ours.contains(&key) && theirs.contains(&key)
    });
    sorted(in_both.collect())
}

/// Adds what is unused of a service to the services of the same finding, in order of prefixes.
pub(super) fn add(services: &mut Vec<UnusedService>, service: UnusedService) {
    if service.actions == UnusedActions::Only(Vec::new()) {
        return;
    }
    match services.binary_search_by(|known| known.prefix.cmp(&service.prefix)) {
        Err(index) => services.insert(index, service),
        Ok(index) => {
            if let Some(known) = services.get_mut(index) {
                known.last_accessed = known.last_accessed.max(service.last_accessed);
                known.actions = either(std::mem::replace(&mut known.actions, UnusedActions::Whole), service.actions);
            }
        }
    }
}

/// What one or the other reports.
fn either(a: UnusedActions, b: UnusedActions) -> UnusedActions {
    match (a, b) {
        (UnusedActions::Only(mut a), UnusedActions::Only(b)) => {
            a.extend(b);
            UnusedActions::Only(sorted(a))
        }
        _ => UnusedActions::Whole,
    }
}

/// By lower-case name, each once with its newest last access.
pub(super) fn sorted(mut names: Vec<UnusedAction>) -> Vec<UnusedAction> {
    // As exports mostly have them.
    if names.is_sorted_by(|a, b| lower(&a.name).lt(lower(&b.name))) {
        return names;
    }
    names.sort_by_cached_key(|action| {
        (action.name.to_ascii_lowercase(), std::cmp::Reverse(action.last_accessed), Arc::clone(&action.name))
    });
    names.dedup_by(|later, first| later.name.eq_ignore_ascii_case(&first.name));
    names
}

fn lower(name: &str) -> impl Iterator<Item = u8> {
    name.bytes().map(|byte| byte.to_ascii_lowercase())
}
