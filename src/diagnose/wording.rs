//! The sentences of diagnostics: lower case, one line, no full stop, the user's words in backticks.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::attribution::{Certainty, Owner, Standing};
use crate::audit::{BroadlyUnused, CatalogGap, EntryAudit, Granted};
use crate::candidates::{Likeness, Ownerless};
use crate::catalog::Tracking;
use crate::diagnostic::{LATER_ACTIONS, UnusedRef};
use crate::judge::{EntryJudgement, StatementJudgement};
use crate::policy::action::ActionPattern;
use crate::policy::arn::{IdentityArn, IdentityKind};
use crate::policy::{Effect, ElementKind, Statement};
use crate::refine::EntryChange;
use crate::refine::laws::Law;
use crate::rule::Rule;
use crate::source::Span;

/// What to do with a policy of which nothing is used.
pub const ALL_GONE: &str = "nothing that this policy allows is used: detach it, or delete it";

/// What to do with a policy of which only a person can say whose it is.
pub const BIND_HELP: &str = "say whose these policies are under `bindings` in `.iamtrim.yaml`";

/// What to do with a broad grant.
pub const BROAD_HELP: &str = "list the actions that are needed; no edit is offered for a grant of everything";

/// How many names a line lists before it counts the rest.
const NAMES_PER_LINE: usize = 6;

/// Of whom a diagnostic speaks.
pub struct Whose<'a> {
    owners: &'a [Owner<'a>],
}

impl<'a> Whose<'a> {
    /// Speaks of the owners of a policy.
    #[must_use]
    pub fn new(owners: &'a [Owner<'a>]) -> Self {
        Self { owners }
    }

    fn known(&self) -> impl Iterator<Item = &'a Owner<'a>> {
        self.owners.iter().filter(|owner| owner.unused().is_some())
    }

    /// Whether any of them is known by a guess only.
    #[must_use]
    pub fn is_guess(&self) -> bool {
        self.owners.iter().any(|owner| owner.certainty.is_guess())
    }

    /// "granted to role `app`, which does not use …".
    fn not_using(&self, what: &str, what_of_many: &str) -> String {
        let known: Vec<_> = self.known().collect();
        match known.as_slice() {
            [only] => format!("granted to {}, which does not use {what}", only.shown()),
            many => format!("granted to {} identities, none of which uses {what_of_many}", many.len()),
        }
    }

    /// One line per identity: how it is known and what speaks of it.
    #[must_use]
    pub fn notes(&self) -> Vec<String> {
        const SHOWN: usize = 4;
        let mut notes: Vec<String> = self.owners.iter().take(SHOWN).map(identity).collect();
        if let Some(more) = self.owners.len().checked_sub(SHOWN).filter(|more| *more > 0) {
            notes.push(format!("and {more} more identities"));
        }
        notes.extend(self.known().find(|owner| owner.kind == Some(IdentityKind::User)).map(groups));
        notes
    }
}

/// That a user's finding does not tell apart what grants an action.
fn groups(user: &Owner<'_>) -> String {
    let named: Vec<String> = user.groups.iter().map(|group| format!("`{group}`")).collect();
    let groups = match named.as_slice() {
        [] => "the groups of the user, if there are any".to_owned(),
        named => format!("the groups of the user: {}", listed(named)),
    };
    format!("the finding also counts what is granted by {groups}")
}

fn identity(owner: &Owner<'_>) -> String {
    let known = match owner.certainty {
        Certainty::Path => "guessed from the path",
        Certainty::Pattern => "guessed from a part of its name",
        Certainty::Reference => "known by reference",
        Certainty::Name => "known by name",
        Certainty::Binding => "known by binding",
        Certainty::Arn => "known by ARN",
    };
    let who = if owner.identity.is_empty() { "no identity named" } else { &owner.identity };
    let evidence = match owner.standing {
        Standing::Blocking(why) => why.to_owned(),
        Standing::WhollyUnused => "the role as a whole is unused".to_owned(),
        Standing::Usable(unused) => {
            let without_id = if unused.analyzed_at.is_none() { " without id and date" } else { "" };
            let id = unused.findings.first().map_or_else(|| without_id.to_owned(), |id| format!(" {id}"));
            let date = unused.analyzed_at.map(|at| format!(" of {}", at.to_zoned(TimeZone::UTC).date()));
            let part = if unused.truncated { ", which is cut short" } else { "" };
            format!("finding{id}{}{part}", date.unwrap_or_default())
        }
    };
    let member = owner.member_of.as_ref().map(|group| format!(", a member of group `{group}`")).unwrap_or_default();
    format!("{who} ({known}{member}): {evidence}")
}

/// The message of an entry with unused actions.
#[must_use]
pub fn message(rule: Rule, pattern: &ActionPattern, audit: &EntryAudit, whose: &Whose<'_>) -> String {
    let (text, all) = (pattern.as_str(), audit.granted.len());
    let unused = audit.granted.iter().filter(|action| action.unused).count();
    let is_literal = pattern.named().is_some_and(|(_, name)| name.is_literal());
    let service = pattern.named().map_or("", |(service, _)| service);
    let rest = match rule {
        Rule::PartlyUsedWildcard => {
            let share = format!("{unused} of its {all} actions");
            whose.not_using(&share, &share)
        }
        Rule::UnusedService => {
            let whole = format!("`{service}` at all");
            whose.not_using(&whole, &whole)
        }
        _ if is_literal => whose.not_using("it", "it"),
        _ => {
            let any = if all == 1 { "its one action".to_owned() } else { format!("any of its {all} actions") };
            whose.not_using(&any, &any)
        }
    };
    format!("`{text}` is {rest}")
}

/// The message of a broad grant.
#[must_use]
pub fn broad(pattern: &str, beneath: &[BroadlyUnused], whose: &Whose<'_>) -> String {
    let services = beneath.iter().filter(|unused| unused.action.ends_with(":*")).count();
    let actions = beneath.len() - services;
    let under = match (services, actions) {
        (0, actions) => count(actions, "action"),
        (services, 0) => count(services, "whole service"),
        (services, actions) => format!("{} and {} more", count(services, "whole service"), count(actions, "action")),
    };
    let grant = if pattern == "NotAction" { "everything but this list".to_owned() } else { format!("`{pattern}`") };
    let under = format!("{under} under it");
    format!("{grant} is {}", whose.not_using(&under, &under))
}

/// `1 action`, `2 actions`.
#[must_use]
pub fn count(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

/// The message of an entry that matches nothing.
#[must_use]
pub fn unknown_action(pattern: &str, date: Option<Date>) -> String {
    format!("`{pattern}` matches no action in {}", catalog(date))
}

fn catalog(date: Option<Date>) -> String {
    date.map_or_else(|| "the catalogue".to_owned(), |date| format!("the catalogue of {date}"))
}

/// The message of a refinement that broke a law.
#[must_use]
pub fn defect(pattern: &str, law: Law) -> String {
    let what = match law {
        Law::NothingUnusedIsLeft => "would leave an unused action",
        Law::NothingUsedIsLost => "would lose an action that is not unused",
        Law::NothingIsGained => "would grant what was not granted",
    };
    format!("internal error: the replacement of `{pattern}` {what}, so none is offered; please report this")
}

/// What stands right at an entry.
#[must_use]
pub fn label(audit: &EntryAudit) -> String {
    let unused = audit.granted.iter().filter(|action| action.unused);
    match audit.granted.as_slice() {
        [only] => last_use(only.last_accessed.or(audit.whole_service.as_ref().and_then(|whole| whole.last_accessed))),
        all => format!("{} of {} unused", unused.count(), count(all.len(), "action")),
    }
}

fn last_use(date: Option<Date>) -> String {
    date.map_or_else(|| "no use on record".to_owned(), |date| format!("last used {date}"))
}

/// When a service of which nothing is used was last used.
#[must_use]
pub fn whole_service(service: &str, last_accessed: Option<Date>) -> String {
    match last_accessed {
        Some(date) => format!("`{service}` as a whole was last used {date}"),
        None => format!("no use of `{service}` on record"),
    }
}

/// The unused actions, those with a last use first by date, the others named or counted.
#[must_use]
pub fn last_uses(unused: &[UnusedRef]) -> Vec<String> {
    if unused.len() < 2 {
        return Vec::new();
    }
    let mut dated: Vec<_> = unused.iter().filter_map(|u| Some((u.last_accessed?, u.action.as_str()))).collect();
    dated.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(b.1)));
    let dated: Vec<String> = dated.into_iter().map(|(date, action)| format!("{action} ({date})")).collect();
    let never: Vec<String> = unused.iter().filter(|u| u.last_accessed.is_none()).map(|u| u.action.clone()).collect();
    let mut notes = Vec::new();
    if !dated.is_empty() {
        notes.push(format!("used before the tracking period: {}", listed(&dated)));
    }
    if !never.is_empty() {
        notes.push(format!("no use on record: {}", listed(&never)));
    }
    notes
}

fn listed(names: &[String]) -> String {
    let shown: Vec<&str> = names.iter().take(NAMES_PER_LINE).map(String::as_str).collect();
    match names.len().checked_sub(NAMES_PER_LINE) {
        Some(more) if more > 0 => format!("{} and {more} more", shown.join(", ")),
        _ => shown.join(", "),
    }
}

/// What of a wildcard is kept, and why.
#[must_use]
pub fn kept(audit: &EntryAudit, date: Option<Date>) -> Option<String> {
    let stays: Vec<&Granted<'_>> = audit.granted.iter().filter(|action| !action.unused).collect();
    let of = |tracking: Tracking| stays.iter().filter(move |action| action.tracking == Some(tracking));
    let tracked = of(Tracking::Tracked).count();
    let elsewhere: Vec<String> = of(Tracking::CrossServiceOnly).map(|action| format!("`{}`", action.spelled)).collect();
    let untracked = stays.len() - tracked - elsewhere.len();
    let mut parts = Vec::new();
    if tracked > 0 {
        parts.push(format!("{tracked} not reported unused"));
    }
    if untracked > 0 {
        parts.push(format!("{untracked} whose use is never tracked"));
    }
    if !elsewhere.is_empty() {
        parts.push(format!("{}, whose use shows only in other services", listed(&elsewhere)));
    }
    (!parts.is_empty()).then(|| format!("kept: {} ({})", parts.join(", "), catalog(date)))
}

/// What a reader must know of a change.
#[must_use]
pub fn change(change: &EntryChange, statement_goes: bool) -> Vec<String> {
    let mut notes = Vec::new();
    match change {
        EntryChange::Remove { covered_by: Some(by) } => {
            notes.push(format!("what is left of it is granted by `{by}` anyway"));
        }
        EntryChange::Replace(_) => {
            notes.push(LATER_ACTIONS.to_owned());
        }
        EntryChange::KeepFixed => {
            notes.push("exactly one value can stand in its place: no edit is offered".to_owned());
        }
        EntryChange::Remove { .. } | EntryChange::Keep | EntryChange::KeepForGap => {}
    }
    if statement_goes {
        notes.push("no entry is left, so the statement goes".to_owned());
    }
    notes
}

/// Which policy may be an identity's.
#[must_use]
pub fn candidate(identity: &IdentityArn, policy: &Ownerless<'_>, likeness: Likeness) -> String {
    let address = if policy.address.is_empty() { String::new() } else { format!("#{}", policy.address) };
    let (kind, name) = (identity.kind().word(), identity.name());
    format!("the nearest to {kind} `{name}` is `{}{address}`, {}", policy.path, likeness.words())
}

/// Where a policy that the CDK makes comes from.
#[must_use]
pub fn construct(path: &str) -> String {
    format!("made by the CDK construct `{path}`")
}

/// Why an entry is left alone that was written after the finding was made.
#[must_use]
pub fn newer(analyzed_at: Option<Timestamp>) -> String {
    let finding = match analyzed_at {
        Some(at) => format!("the finding of {}", at.to_zoned(TimeZone::UTC).date()),
        None => "the finding".to_owned(),
    };
    format!("this line is newer than {finding}, which cannot have seen it: no edit is offered")
}

/// Why an entry stays although all that is known of it is unused.
#[must_use]
pub fn gap(gap: &CatalogGap, date: Option<Date>) -> String {
    let (CatalogGap::Service(name) | CatalogGap::Action(name)) = gap;
    format!(
        "{} does not know `{name}`, so nobody knows what else the wildcard grants: no edit is offered",
        catalog(date)
    )
}

/// An entry of the same policy that may grant an action too.
pub struct Grant<'a> {
    /// As written, or what it stands for.
    pub text: &'a str,
    /// Where.
    pub span: Span,
    patterns: Vec<&'a ActionPattern>,
    excludes: bool,
}

impl Grant<'_> {
    /// Whether it grants the action.
    #[must_use]
    pub fn grants(&self, service: &str, lower: &str) -> bool {
        self.patterns.iter().any(|pattern| pattern.matches(service, lower)) != self.excludes
    }
}

/// The grants of a statement: its entries, or all but them; with what becomes of each, `None` if it is never edited.
#[must_use]
pub fn granting<'a>(
    statement: &'a Statement,
    verdict: &'a StatementJudgement<'a>,
) -> Vec<(usize, Grant<'a>, Option<&'a EntryJudgement<'a>>)> {
    let element = &statement.actions;
    match (statement.effect, element.kind) {
        (Effect::Deny | Effect::Opaque, _) => Vec::new(),
        (Effect::Allow, ElementKind::NotAction) => {
            let patterns = element.entries.iter().filter_map(|entry| entry.pattern.as_ref()).collect();
            vec![(0, Grant { text: "NotAction", span: element.value, patterns, excludes: true }, None)]
        }
        (Effect::Allow, ElementKind::Action) => {
            let entries = element.entries.iter().zip(&verdict.entries).enumerate();
            let grant = |(at, (entry, judged)): (usize, (&'a crate::policy::ActionEntry, &'a EntryJudgement))| {
                let pattern = entry.pattern.as_ref()?;
                let grant =
                    Grant { text: pattern.as_str(), span: entry.span, patterns: vec![pattern], excludes: false };
                Some((at, grant, Some(judged)))
            };
            entries.filter_map(grant).collect()
        }
    }
}

/// The other grants of what an entry grants: those that are edited as well, and those that stay.
#[must_use]
pub fn other_grants(edited: &[(String, String)], staying: &[(String, String)]) -> Vec<String> {
    let places = |grants: &[(String, String)]| {
        let named: Vec<String> = grants.iter().map(|(text, place)| format!("`{text}` {place}")).collect();
        listed(&named)
    };
    let mut notes = Vec::new();
    if !edited.is_empty() {
        notes.push(format!("also granted by {}", places(edited)));
    }
    if !staying.is_empty() {
        notes.push(format!("the grant remains through {}: this alone does not take it away", places(staying)));
    }
    notes
}
