//! One document, from whose it is to what becomes of each entry: attribution, claims, audit and refinement in turn.
//!
//! Does not know text, spans or notation.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::attribution::{self, Joined, Owner, Standing};
use crate::audit::{BroadlyUnused, EntryAudit, ServiceAudit, Verdict, unused_beneath};
use crate::catalog::Catalog;
use crate::claims::{Claim, Claims};
use crate::hold::{AllowComment, Hold, Holds};
use crate::policy::action::ActionPattern;
use crate::policy::{ActionEntry, Effect, ElementKind, Site, Statement};
use crate::refine::laws::{self, Law};
use crate::refine::safety::{self, Limits, Safety};
use crate::refine::{self, AuditedEntry, EntryChange, Presence};
use crate::rewrite::StatementChange;
use crate::rule::Rule;
use crate::settings::{Scope, Settings};
use crate::source::{Layer, SourceFile};
use crate::template::Document;

/// What is to be said of a document.
#[derive(Debug)]
pub struct Judgement<'e> {
    /// Whose it is.
    pub owners: Vec<Owner<'e>>,
    /// One per statement.
    pub statements: Vec<StatementJudgement<'e>>,
    /// Nothing would be left of the policy, so that none of it is edited.
    pub all_gone: bool,
    /// The day of the newest finding concerned, or today.
    pub finding_date: Date,
    /// When the oldest finding concerned was made, where one says so: what is younger, not all of them have seen.
    pub analyzed_at: Option<Timestamp>,
}

/// What is to be said of a statement.
#[derive(Debug, Default)]
pub struct StatementJudgement<'e> {
    /// One per entry.
    pub entries: Vec<EntryJudgement<'e>>,
    /// What is unused under a grant that cannot be narrowed: `*` alone, or Allow with NotAction.
    pub beneath: Vec<BroadlyUnused>,
    /// The law that the refinement broke, and the entry's index: a defect of this program.
    pub defect: Option<(usize, Law)>,
    /// No entry would be left, so that the statement goes.
    pub gone: bool,
}

/// What is to be said of an entry.
#[derive(Debug, Clone)]
pub struct EntryJudgement<'e> {
    /// What it grants; `None` for `*` and opaque entries.
    pub audit: Option<EntryAudit<'e>>,
    /// What becomes of it.
    pub change: EntryChange,
    /// How safe that is, by what is known of its actions.
    pub safety: Safety,
    /// What keeps it as it is although it is unused.
    pub hold: Option<Hold>,
}

impl EntryJudgement<'_> {
    /// The rule it falls under, if any.
    #[must_use]
    pub fn rule(&self) -> Option<Rule> {
        rule_of(self.audit.as_ref()?)
    }
}

impl StatementJudgement<'_> {
    /// What becomes of the statement.
    #[must_use]
    pub fn change(&self) -> StatementChange {
        if self.gone {
            return StatementChange::Remove;
        }
        if self.entries.iter().all(|entry| entry.change.keeps()) {
            return StatementChange::Keep;
        }
        StatementChange::Edit(self.entries.iter().map(|entry| entry.change.clone()).collect())
    }
}

fn rule_of(audit: &EntryAudit) -> Option<Rule> {
    match audit.verdict {
        Verdict::Kept => None,
        Verdict::Unknown => Some(Rule::UnknownAction),
        Verdict::Unused if audit.whole_service.is_some() => Some(Rule::UnusedService),
        Verdict::Unused => Some(Rule::UnusedAction),
        Verdict::Partly => Some(Rule::PartlyUsedWildcard),
    }
}

/// What is judged: a document of a file, and what stands around it.
#[derive(Debug, Clone, Copy)]
pub struct Case<'a> {
    /// The document.
    pub document: &'a Document,
    /// Its file.
    pub file: &'a SourceFile,
    /// The texts inside of the file.
    pub layers: &'a [Layer],
    /// The file's comments that allow something.
    pub comments: &'a [AllowComment],
    /// The users that files put into groups.
    pub joined: &'a [Joined<'a>],
}

/// Judges one document.
#[must_use]
pub fn judge<'e>(case: &Case<'_>, scope: &'e Scope, catalog: &'e Catalog) -> Judgement<'e> {
    let Case { document, file, layers, comments, joined } = *case;
    let owners = attribution::owners(document, file, scope, joined);
    let claims = claims(&owners, &scope.settings);
    let analyses = || owners.iter().filter_map(|owner| owner.unused()?.analyzed_at);
    let analyzed_at = analyses().min();
    let finding_date = analyses().max().map_or(scope.settings.today, |newest| newest.to_zoned(TimeZone::UTC).date());
    let limits = Limits {
        catalog_date: catalog.date(),
        finding_date,
        catalog_lag: scope.settings.catalog_lag(),
        max_entries: scope.settings.max_entries(),
    };
    let holds = Holds::new(file, layers, document, comments, analyzed_at);
    let mut bench = Bench { catalog, claims, settings: &scope.settings, limits, holds, services: BTreeMap::new() };
    let statements: Vec<_> = document.policy.statements.iter().map(|statement| bench.statement(statement)).collect();
    let all_gone =
        document.policy.opaque == 0 && !statements.is_empty() && statements.iter().all(|statement| statement.gone);
    Judgement { owners, statements, all_gone, finding_date, analyzed_at }
}

/// What the owners claim. A role that is unused as a whole holds nothing back, but for what is kept for it on purpose.
fn claims<'e>(owners: &[Owner<'e>], settings: &'e Settings) -> Claims<'e> {
    let mut claims: Vec<Claim<'e>> = owners.iter().filter_map(|owner| claim(owner, settings)).collect();
    let unused = owners.iter().filter(|owner| matches!(owner.standing, Standing::WhollyUnused));
    let kept = unused.flat_map(|owner| settings.allowed(&owner.identity));
    // What one claim lacks, all of them together lack.
    if let Some(first) = claims.first_mut() {
        first.allowed.extend(kept);
    }
    Claims::new(claims)
}

fn claim<'e>(owner: &Owner<'e>, settings: &'e Settings) -> Option<Claim<'e>> {
    Some(Claim { unused: owner.unused()?, allowed: settings.allowed(&owner.identity) })
}

/// What judging the statements of one document takes; each service is asked once.
struct Bench<'c, 'e> {
    catalog: &'e Catalog,
    claims: Claims<'e>,
    settings: &'e Settings,
    limits: Limits,
    holds: Holds<'c>,
    services: BTreeMap<String, ServiceAudit<'e>>,
}

impl<'e> Bench<'_, 'e> {
    fn statement(&mut self, statement: &Statement) -> StatementJudgement<'e> {
        let element = &statement.actions;
        let patterns: Vec<Option<&ActionPattern>> = element.entries.iter().map(|e| e.pattern.as_ref()).collect();
        let audits: Vec<Option<EntryAudit<'e>>> = patterns.iter().map(|pattern| self.audit((*pattern)?)).collect();
        let beneath = self.beneath(statement, &patterns);
        let is_refined = (statement.effect, element.kind) == (Effect::Allow, ElementKind::Action);
        if !is_refined {
            let unknown = |audit: EntryAudit<'e>| (audit.verdict == Verdict::Unknown).then_some(audit);
            let entries = audits.into_iter().map(|audit| untouched(audit.and_then(unknown))).collect();
            return StatementJudgement { entries, beneath, ..StatementJudgement::default() };
        }
        let holds: Vec<Option<Hold>> =
            element.entries.iter().zip(&audits).map(|(entry, audit)| self.hold(entry, audit.as_ref())).collect();
        let free = |(index, &pattern)| {
            let held = holds.get(index).is_some_and(Option::is_some);
            let audit = audits.get(index).and_then(Option::as_ref).filter(|_| !held);
            AuditedEntry { pattern, audit, presence: element.entries.get(index).map_or(Presence::Always, presence) }
        };
        let entries: Vec<AuditedEntry<'_>> = patterns.iter().enumerate().map(free).collect();
        let changes = refine::refine(&entries);
        let defect = laws::broken(&entries, &changes, |service| self.services.get(service));
        if defect.is_some() {
            let entries = audits.into_iter().map(untouched).collect();
            return StatementJudgement { entries, beneath, defect, gone: false };
        }
        let gone = !entries.is_empty() && !refine::any_left(&changes);
        let safeties: Vec<Safety> =
            entries.iter().zip(&changes).map(|(entry, change)| self.safety(entry, change)).collect();
        let judged = audits.into_iter().zip(changes).zip(safeties).zip(holds);
        let judged = judged.map(|(((audit, change), safety), hold)| match hold {
            None => EntryJudgement { audit, change, safety, hold },
            hold => EntryJudgement { hold, ..untouched(audit) },
        });
        StatementJudgement { entries: judged.collect(), beneath, defect: None, gone }
    }

    /// What an entry grants; `None` also where its rule is off, which means hands off.
    fn audit(&mut self, pattern: &ActionPattern) -> Option<EntryAudit<'e>> {
        let unknown =
            || EntryAudit { verdict: Verdict::Unknown, granted: Vec::new(), whole_service: None, catalog_gap: None };
        let audit = match pattern.named() {
            _ if pattern.is_everything() => return None,
            None => unknown(),
            Some((service, name)) => {
                let (catalog, claims) = (self.catalog, &self.claims);
                let new = || ServiceAudit::new(service, catalog, claims);
                self.services.entry(service.to_owned()).or_insert_with(new).judged(name)
            }
        };
        let is_off = rule_of(&audit).is_some_and(|rule| self.settings.level(rule).is_none());
        (!is_off).then_some(audit)
    }

    fn safety(&self, entry: &AuditedEntry<'_>, change: &EntryChange) -> Safety {
        match (entry.pattern, entry.audit) {
            (Some(pattern), Some(audit)) => safety::of_entry(pattern, audit, change, &self.limits),
            _ => Safety::default(),
        }
    }

    fn hold(&self, entry: &ActionEntry, audit: Option<&EntryAudit>) -> Option<Hold> {
        let hold = self.holds.of(entry.span, rule_of(audit?)?)?;
        (hold != Hold::Newer || !self.settings.reports_newer_entries()).then_some(hold)
    }

    fn beneath(&self, statement: &Statement, patterns: &[Option<&ActionPattern>]) -> Vec<BroadlyUnused> {
        let known: Vec<&ActionPattern> = patterns.iter().copied().flatten().collect();
        match (statement.effect, statement.actions.kind) {
            (Effect::Allow, ElementKind::Action) if known.iter().any(|pattern| pattern.is_everything()) => {
                unused_beneath(&[], self.catalog, &self.claims)
            }
            // What an opaque exclusion excludes is not known.
            (Effect::Allow, ElementKind::NotAction) if known.len() == patterns.len() => {
                unused_beneath(&known, self.catalog, &self.claims)
            }
            _ => Vec::new(),
        }
    }
}

fn presence(entry: &ActionEntry) -> Presence {
    match entry.site {
        Site::Fixed => Presence::OneOf,
        _ if entry.is_conditional => Presence::Sometimes,
        _ => Presence::Always,
    }
}

fn untouched(audit: Option<EntryAudit<'_>>) -> EntryJudgement<'_> {
    EntryJudgement { audit, change: EntryChange::Keep, safety: Safety::default(), hold: None }
}
