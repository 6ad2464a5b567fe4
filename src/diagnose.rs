//! Judgements → diagnostics: all wording of the program's findings, in one place.
//!
//! Does not know how a diagnostic is printed.

pub mod unneeded;
pub mod whole;
pub mod wording;

use std::collections::HashSet;

use crate::attribution::{Owner, Standing};
use crate::audit::{EntryAudit, Granted};
use crate::catalog::{Catalog, Tracking};
use crate::diagnostic::{Diagnostic, FindingRef, Fix, IdentityRef, Kept, Place, PolicyRef, UnusedRef};
use crate::fix::Judged;
use crate::grants::{Granting, Grants};
use crate::hold::Hold;
use crate::judge::{EntryJudgement, Judgement, StatementJudgement};
use crate::policy::{ActionEntry, Statement};
use crate::refine::EntryChange;
use crate::rule::{Level, Rule};
use crate::settings::Settings;
use crate::source::{Problem, Span, span_in_file};
use crate::template::Document;
use wording::Whose;

/// What is said of one statement: the values that each of its diagnostics shares.
#[derive(Clone, Copy)]
struct Subject<'a, 'e> {
    judged: &'a Judged<'a, 'e>,
    beside: &'a [Granting<'a, 'a, 'e>],
    settings: &'a Settings,
    catalog: &'a Catalog,
    document: &'a Document,
    judgement: &'a Judgement<'e>,
    index: usize,
    statement: &'a Statement,
    verdict: &'a StatementJudgement<'e>,
    fix: Option<&'a Fix>,
}

/// All diagnostics of one file, in order of offset and rule.
#[must_use]
pub fn diagnose<'e>(
    judged: &Judged<'_, 'e>,
    fixes: &[Fix],
    grants: &Grants<'_, 'e>,
    settings: &Settings,
    catalog: &Catalog,
) -> Vec<Diagnostic> {
    let mut all: Vec<Diagnostic> =
        judged.reading.problems.iter().filter_map(|problem| unreadable(judged, problem, settings)).collect();
    for (site, (document, judgement)) in judged.reading.documents.iter().zip(judged.judgements).enumerate() {
        let statements = document.policy.statements.iter().zip(&judgement.statements);
        let beside = grants.beside(judged, site);
        for (index, (statement, verdict)) in statements.enumerate() {
            let fix = fixes.iter().find(|fix| fix.file == judged.id && fix.site == (site, index));
            let subject = Subject {
                judged,
                beside: &beside,
                settings,
                catalog,
                document,
                judgement,
                index,
                statement,
                verdict,
                fix,
            };
            all.extend(subject.diagnostics());
        }
    }
    all.extend(unneeded::comments(judged, settings));
    all.sort_by(|a, b| (&a.place, a.rule).cmp(&(&b.place, b.rule)));
    tell_twins_apart(&mut all);
    all
}

fn unreadable(judged: &Judged<'_, '_>, problem: &Problem, settings: &Settings) -> Option<Diagnostic> {
    let place = Place { path: judged.file.path.clone(), file: Some(judged.id), span: problem.span };
    about_file(Rule::UnreadableFile, place, problem.message.clone(), settings)
}

/// A diagnostic about a file as a whole; `None` if its rule is off.
#[must_use]
pub fn about_file(rule: Rule, place: Place, message: String, settings: &Settings) -> Option<Diagnostic> {
    let level = settings.level(rule)?;
    let fingerprint = fingerprint(&[rule.id(), &place.path]);
    Some(Diagnostic {
        rule,
        level,
        message,
        place,
        policies: Vec::new(),
        identities: Vec::new(),
        pattern: None,
        unused: Vec::new(),
        kept: None,
        replacement: None,
        fix: None,
        label: String::new(),
        notes: Vec::new(),
        help: None,
        suppressed: None,
        fingerprint,
    })
}

impl Subject<'_, '_> {
    fn diagnostics(&self) -> Vec<Diagnostic> {
        let entries = self.statement.actions.entries.iter().zip(&self.verdict.entries).enumerate();
        let mut all: Vec<Diagnostic> =
            entries.filter_map(|(at, (entry, judged))| self.entry(at, entry, judged)).collect();
        all.extend(self.broad());
        all.extend(self.defect());
        all
    }

    fn whose(&self) -> Whose<'_> {
        Whose::new(&self.judgement.owners)
    }

    fn in_file(&self, span: Span) -> Span {
        span_in_file(&self.judged.reading.layers, self.document.layer, span)
    }

    fn line(&self, span: Span) -> usize {
        self.judged.file.line_of(self.in_file(span).start)
    }

    /// What every diagnostic of the statement has; the level is lowered where only a guess speaks.
    fn base(&self, rule: Rule, span: Span, pattern: Option<&str>, message: String) -> Option<Diagnostic> {
        let place = Place { path: self.judged.file.path.clone(), file: Some(self.judged.id), span: self.in_file(span) };
        let mut diagnostic = about_file(rule, place, message, self.settings)?;
        let is_guess = self.whose().is_guess();
        if is_guess && !self.settings.trusts_guesses() {
            diagnostic.level = Level::Note;
        }
        let address = self.document.address();
        diagnostic.fingerprint =
            fingerprint(&[rule.id(), &self.judged.file.path, &address, pattern.unwrap_or_default()]);
        diagnostic.policies = vec![PolicyRef {
            kind: self.document.kind.word(),
            address,
            statement: self.index,
            sid: self.statement.sid.clone(),
            span: self.in_file(self.statement.span),
        }];
        diagnostic.identities = identities(&self.judgement.owners);
        diagnostic.pattern = pattern.map(str::to_owned);
        Some(diagnostic)
    }

    fn entry(&self, at: usize, entry: &ActionEntry, judged: &EntryJudgement) -> Option<Diagnostic> {
        let (rule, audit, pattern) = (judged.rule()?, judged.audit.as_ref()?, entry.pattern.as_ref()?);
        let text = pattern.as_str();
        if rule == Rule::UnknownAction {
            let message = wording::unknown_action(text, self.catalog.date());
            return self.base(rule, entry.span, Some(text), message).map(|diagnostic| Diagnostic {
                identities: Vec::new(),
                label: "matches no action".to_owned(),
                ..diagnostic
            });
        }
        let message = wording::message(rule, pattern, audit, &self.whose());
        let mut diagnostic = self.base(rule, entry.span, Some(text), message)?;
        let service = pattern.named().map_or("", |(service, _)| service);
        diagnostic.label = wording::label(audit);
        diagnostic.unused = unused(service, audit);
        diagnostic.kept = (audit.granted.len() > 1 || diagnostic.unused.is_empty()).then(|| kept(audit));
        diagnostic.fix = self.fix.filter(|_| !judged.change.keeps()).map(|fix| fix.id.clone());
        diagnostic.replacement = diagnostic.fix.as_ref().and(replacement(&judged.change));
        diagnostic.notes = self.notes(at, pattern.as_str(), audit, &judged.change);
        diagnostic.help = self.judgement.all_gone.then(|| wording::ALL_GONE.to_owned());
        self.hold(&mut diagnostic, judged.hold.as_ref());
        Some(diagnostic)
    }

    /// What is kept on purpose weighs nothing; what the finding cannot have seen is a note.
    fn hold(&self, diagnostic: &mut Diagnostic, hold: Option<&Hold>) {
        match hold {
            None => {}
            Some(Hold::Newer) => {
                diagnostic.level = diagnostic.level.min(Level::Note);
                diagnostic.notes.push(wording::newer(self.judgement.analyzed_at));
            }
            Some(Hold::Allowed(index)) => {
                diagnostic.suppressed = self.judged.comments.get(*index).map(|comment| comment.reason.clone());
            }
        }
    }

    fn notes(&self, at: usize, pattern: &str, audit: &EntryAudit, change: &EntryChange) -> Vec<String> {
        let mut notes = self.whose().notes();
        notes.extend(self.document.construct.as_deref().map(wording::construct));
        let service = pattern.split_once(':').map_or("", |(service, _)| service);
        let service = service.to_ascii_lowercase();
        notes.extend(match &audit.whole_service {
            Some(whole) => vec![wording::whole_service(&service, whole.last_accessed)],
            None => wording::last_uses(&unused(&service, audit)),
        });
        notes.extend(wording::kept(audit, self.catalog.date()));
        notes.extend(wording::change(change, self.verdict.gone));
        if *change == EntryChange::KeepForGap {
            let date = self.catalog.date();
            notes.extend(audit.catalog_gap.as_ref().map(|gap| wording::gap(gap, date)));
        }
        notes.extend(self.other_grants(at, audit));
        notes
    }

    /// The other places, in this policy and in others of the same identity, that grant what this entry grants and
    /// nobody uses.
    fn other_grants(&self, at: usize, audit: &EntryAudit) -> Vec<String> {
        let own_service = self.statement.actions.entries.get(at).and_then(|e| e.pattern.as_ref()?.named());
        let Some((service, _)) = own_service else { return Vec::new() };
        let mut other = OtherGrants { service, audit, edited: Vec::new(), staying: Vec::new() };
        let line = |span| format!("on line {}", self.line(span));
        other.collect(self.document, self.judgement, Some((self.index, at)), line);
        let mut looked_at = self.document.policy.statements.len();
        for Granting { judged, document } in self.beside {
            if looked_at > OTHER_STATEMENTS {
                break;
            }
            let policy = judged.reading.documents.get(*document).zip(judged.judgements.get(*document));
            let Some((document, judgement)) = policy else { continue };
            looked_at += document.policy.statements.len();
            let place = |span| {
                let start = span_in_file(&judged.reading.layers, document.layer, span).start;
                format!("in {} on line {}", judged.file.path, judged.file.line_of(start))
            };
            other.collect(document, judgement, None, place);
        }
        wording::other_grants(&other.edited, &other.staying)
    }

    fn broad(&self) -> Option<Diagnostic> {
        if self.verdict.beneath.is_empty() {
            return None;
        }
        let everything = self
            .statement
            .actions
            .entries
            .iter()
            .find(|entry| entry.pattern.as_ref().is_some_and(crate::policy::action::ActionPattern::is_everything));
        let (span, pattern) = everything.map_or((self.statement.actions.value, "NotAction"), |entry| {
            (entry.span, entry.pattern.as_ref().map_or("*", |pattern| pattern.as_str()))
        });
        let message = wording::broad(pattern, &self.verdict.beneath, &self.whose());
        let mut diagnostic = self.base(Rule::BroadGrant, span, everything.map(|_| pattern), message)?;
        diagnostic.label = "grants more than is used".to_owned();
        diagnostic.unused = self
            .verdict
            .beneath
            .iter()
            .map(|unused| UnusedRef { action: unused.action.clone(), last_accessed: unused.last_accessed })
            .collect();
        diagnostic.notes = self.whose().notes();
        diagnostic.notes.extend(self.document.construct.as_deref().map(wording::construct));
        diagnostic.notes.extend(wording::last_uses(&diagnostic.unused));
        diagnostic.help = Some(wording::BROAD_HELP.to_owned());
        Some(diagnostic)
    }

    /// A broken law is a defect of this program, said at the entry where it shows.
    fn defect(&self) -> Option<Diagnostic> {
        let (at, law) = self.verdict.defect?;
        let entry = self.statement.actions.entries.get(at)?;
        let pattern = entry.pattern.as_ref().map(|pattern| pattern.as_str());
        let message = wording::defect(pattern.unwrap_or_default(), law);
        let mut diagnostic = self.base(Rule::PartlyUsedWildcard, entry.span, pattern, message)?;
        diagnostic.level = Level::Error;
        Some(diagnostic)
    }
}

/// How many statements of an identity are searched for other grants of an action; no real identity has more.
const OTHER_STATEMENTS: usize = 2_000;

/// The other grants of what one entry grants and nobody uses: each as written, and its place.
struct OtherGrants<'a> {
    service: &'a str,
    audit: &'a EntryAudit<'a>,
    edited: Vec<(String, String)>,
    staying: Vec<(String, String)>,
}

impl OtherGrants<'_> {
    /// Adds those of a document, but for the entry `own`: the indexes of its statement and of it.
    fn collect(
        &mut self,
        document: &Document,
        judgement: &Judgement<'_>,
        own: Option<(usize, usize)>,
        place: impl Fn(Span) -> String,
    ) {
        for (index, (statement, verdict)) in document.policy.statements.iter().zip(&judgement.statements).enumerate() {
            for (at, entry, judged) in wording::granting(statement, verdict) {
                let grants = |action: &Granted<'_>| action.unused && entry.grants(self.service, &action.lower);
                if own == Some((index, at)) || !self.audit.granted.iter().any(grants) {
                    continue;
                }
                let stays = judgement.all_gone || judged.is_none_or(|judged| judged.change.keeps());
                let grants = if stays { &mut self.staying } else { &mut self.edited };
                grants.push((entry.text.to_owned(), place(entry.span)));
            }
        }
    }
}

/// The owners as reports show them.
#[must_use]
pub fn identities(owners: &[Owner<'_>]) -> Vec<IdentityRef> {
    let finding = |owner: &Owner<'_>| match owner.standing {
        Standing::Usable(unused) => Some(FindingRef { ids: unused.findings.clone(), analyzed_at: unused.analyzed_at }),
        Standing::WhollyUnused | Standing::Blocking(_) => None,
    };
    let named = owners.iter().filter(|owner| !owner.identity.is_empty());
    named
        .map(|owner| IdentityRef { arn: owner.identity.clone(), known_by: owner.certainty, finding: finding(owner) })
        .collect()
}

fn unused(service: &str, audit: &EntryAudit) -> Vec<UnusedRef> {
    let unused = audit.granted.iter().filter(|action| action.unused);
    let named = unused.map(|action| UnusedRef {
        action: format!("{service}:{}", action.spelled),
        last_accessed: action.last_accessed,
    });
    named.collect()
}

fn kept(audit: &EntryAudit) -> Kept {
    let stays = audit.granted.iter().filter(|action| !action.unused);
    stays.fold(Kept::default(), |kept, action| match action.tracking {
        Some(Tracking::Tracked) => Kept { used_or_unknown: kept.used_or_unknown + 1, ..kept },
        _ => Kept { untracked: kept.untracked + 1, ..kept },
    })
}

fn replacement(change: &EntryChange) -> Option<Vec<String>> {
    match change {
        EntryChange::Keep | EntryChange::KeepForGap | EntryChange::KeepFixed => None,
        EntryChange::Remove { .. } => Some(Vec::new()),
        EntryChange::Replace(patterns) => Some(patterns.iter().map(|p| p.as_str().to_owned()).collect()),
    }
}

/// FNV-1a over the parts, each ended by a NUL: the same on every machine and in every version.
fn fingerprint(parts: &[&str]) -> u64 {
    let bytes = parts.iter().flat_map(|part| part.bytes().chain(std::iter::once(0)));
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// The same entry twice in one policy gives two fingerprints, by order.
fn tell_twins_apart(diagnostics: &mut [Diagnostic]) {
    let mut seen = HashSet::new();
    for diagnostic in diagnostics {
        while !seen.insert(diagnostic.fingerprint) {
            diagnostic.fingerprint = fingerprint(&[&diagnostic.fingerprint.to_string()]);
        }
    }
}
