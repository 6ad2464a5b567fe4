//! The core's one question, stage by stage: what is granted in these sources that nobody uses?

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use jiff::tz::TimeZone;
use rayon::prelude::*;

use crate::attribution::{self, Joined, Owner, Standing};
use crate::candidates::{self, Ownerless};
use crate::catalog::Catalog;
use crate::diagnose::{self, whole::Site, wording};
use crate::diagnostic::{Diagnostic, Fix, Place, PolicyListing, Report, SkippedListing, StatementListing, Summary};
use crate::finding::{Evidence, Export, IdentityEvidence};
use crate::fix::{self, Judged};
use crate::grants::Grants;
use crate::hold::{self, AllowComment};
use crate::judge::{self, Case, Judgement};
use crate::policy::Statement;
use crate::rule::Rule;
use crate::settings::{Scope, Settings};
use crate::source::{FileId, SourceFile, Sources, Span, span_in_file};
use crate::template::{self, DeclaredIdentity, Document, FileReading, Membership};

/// How many files one task takes at most, since those that cost most lie side by side.
const FILES_PER_TASK: usize = 8;

/// One file, read and judged.
#[derive(Debug)]
pub struct CheckedFile<'e> {
    /// Which.
    pub id: FileId,
    /// What was read out of it.
    pub reading: FileReading,
    /// Its comments that allow something.
    pub comments: Vec<AllowComment>,
    /// One per document.
    pub judgements: Vec<Judgement<'e>>,
    /// Its fixes; none for a file that is not reported.
    pub fixes: Vec<Fix>,
}

/// All files that hold something, read and judged.
#[derive(Debug)]
pub struct Checked<'e> {
    /// In order of their paths.
    pub files: Vec<CheckedFile<'e>>,
    /// What there is to say.
    pub report: Report,
}

/// Reads and judges the sources, each under its scope.
#[must_use]
pub fn check<'e>(sources: &Sources, scopes: &'e [Scope], catalog: &'e Catalog) -> Checked<'e> {
    check_counting(sources, scopes, catalog, &AtomicUsize::new(0))
}

/// The same; adds up the policies as files are read.
#[must_use]
pub fn check_counting<'e>(
    sources: &Sources,
    scopes: &'e [Scope],
    catalog: &'e Catalog,
    policies: &AtomicUsize,
) -> Checked<'e> {
    judged(linked(sources, scopes, policies), sources, scopes, catalog)
}

/// Reads and judges the sources as [`check`] does, without fixes and without anything to say.
#[must_use]
pub fn judgements<'e>(sources: &Sources, scopes: &'e [Scope], catalog: &'e Catalog) -> Vec<CheckedFile<'e>> {
    judge(linked(sources, scopes, &AtomicUsize::new(0)), sources, scopes, catalog)
}

/// What the files hold that hold something, once the files of a module know of each other.
fn linked(sources: &Sources, scopes: &[Scope], policies: &AtomicUsize) -> Vec<(FileId, FileReading)> {
    let mut readings = read(sources, policies);
    link(&mut readings, sources, scopes);
    readings.retain(|(_, reading)| !is_empty(reading));
    readings
}

impl<'e> Checked<'e> {
    /// Judges again what was read, now that more is known of the sources' lines.
    #[must_use]
    pub fn again(self, sources: &Sources, scopes: &'e [Scope], catalog: &'e Catalog) -> Self {
        let readings = self.files.into_iter().map(|file| (file.id, file.reading)).collect();
        judged(readings, sources, scopes, catalog)
    }
}

fn judged<'e>(
    readings: Vec<(FileId, FileReading)>,
    sources: &Sources,
    scopes: &'e [Scope],
    catalog: &'e Catalog,
) -> Checked<'e> {
    let mut files = judge(readings, sources, scopes, catalog);
    fix(&mut files, sources, scopes);
    let diagnostics = diagnose(&files, sources, scopes, catalog);
    let report = report(sources, scopes, &files, diagnostics);
    Checked { files, report }
}

/// What each file holds by itself, for those that hold something.
fn read(sources: &Sources, policies: &AtomicUsize) -> Vec<(FileId, FileReading)> {
    let files: Vec<(FileId, &SourceFile)> = sources.iter().collect();
    let read = |(id, file): (FileId, &SourceFile)| {
        let mut reading = match file.unread {
            true => template::read_unread(&file.text),
            false => template::read_file(&file.path, &file.text),
        };
        if file.named && !reading.copies.is_empty() {
            reading.documents = std::mem::take(&mut reading.copies);
            reading.skipped.clear();
            reading.is_changed = true;
        }
        policies.fetch_add(reading.documents.len(), Ordering::Relaxed);
        let speaks = !reading.mentions.is_empty() || reading.body.is_some();
        (!is_empty(&reading) || speaks || file.unread).then_some((id, reading))
    };
    files.into_par_iter().with_max_len(FILES_PER_TASK).filter_map(read).collect()
}

fn is_empty(reading: &FileReading) -> bool {
    let FileReading { documents, skipped, identities, memberships, problems, .. } = reading;
    let holds_nothing = documents.is_empty() && skipped.is_empty() && identities.is_empty();
    holds_nothing && memberships.is_empty() && problems.is_empty()
}

/// Puts the files of each Terraform module together.
fn link(readings: &mut [(FileId, FileReading)], sources: &Sources, scopes: &[Scope]) {
    let statements = |file: FileId, source: &str| {
        let scope = sources.get(file).and_then(|file| scopes.get(file.scope));
        scope.map_or_else(Vec::new, |scope| scope.settings.statement_inputs(source))
    };
    template::link::link(readings, sources, &statements);
}

fn judge<'e>(
    readings: Vec<(FileId, FileReading)>,
    sources: &Sources,
    scopes: &'e [Scope],
    catalog: &'e Catalog,
) -> Vec<CheckedFile<'e>> {
    let joined = joined(&readings, sources, scopes);
    let judge = |(id, reading): (FileId, FileReading)| {
        let file = sources.get(id)?;
        let scope = scopes.get(file.scope)?;
        let notation = template::notation(&file.path, &file.text);
        let comments = notation.map_or_else(Vec::new, |notation| hold::allow_comments(&file.text, notation));
        let judge = |document: &Document| {
            let (layers, comments) = (reading.layers.as_slice(), comments.as_slice());
            judge::judge(&Case { document, file, layers, comments, joined: &joined }, scope, catalog)
        };
        let judgements = reading.documents.iter().map(judge).collect();
        Some(CheckedFile { id, reading, comments, judgements, fixes: Vec::new() })
    };
    readings.into_par_iter().with_max_len(FILES_PER_TASK).filter_map(judge).collect()
}

/// The users that the files put into groups, and where.
fn joined<'e>(readings: &[(FileId, FileReading)], sources: &Sources, scopes: &'e [Scope]) -> Vec<Joined<'e>> {
    let of_file = |(id, reading): &(FileId, FileReading)| {
        let file = sources.get(*id)?;
        let accounts = scopes.get(file.scope)?.settings.deployed_to(&file.relative);
        let joined = |membership: &Membership| Joined { membership: membership.clone(), accounts: accounts.clone() };
        Some(reading.memberships.iter().map(joined).collect::<Vec<_>>())
    };
    readings.iter().filter_map(of_file).flatten().collect()
}

fn fix(files: &mut [CheckedFile<'_>], sources: &Sources, scopes: &[Scope]) {
    let grants = grants(files, sources);
    let fixes = |checked: &CheckedFile<'_>| {
        let Some((file, scope)) = reported(checked.id, sources, scopes) else { return Vec::new() };
        fix::fixes(&checked.judged(file), &scope.settings, &|identity| grants.inline_beyond(identity, checked.id))
    };
    let fixes: Vec<Vec<Fix>> = files.par_iter().with_max_len(FILES_PER_TASK).map(fixes).collect();
    files.iter_mut().zip(fixes).for_each(|(checked, fixes)| checked.fixes = fixes);
}

fn grants<'a, 'e>(files: &'a [CheckedFile<'e>], sources: &'a Sources) -> Grants<'a, 'e> {
    Grants::new(files.iter().filter_map(|file| Some(file.judged(sources.get(file.id)?))).collect())
}

fn diagnose(files: &[CheckedFile<'_>], sources: &Sources, scopes: &[Scope], catalog: &Catalog) -> Vec<Diagnostic> {
    let grants = grants(files, sources);
    let diagnose = |checked: &CheckedFile<'_>| {
        let Some((file, scope)) = reported(checked.id, sources, scopes) else { return Vec::new() };
        diagnose::diagnose(&checked.judged(file), &checked.fixes, &grants, &scope.settings, catalog)
    };
    files.par_iter().with_max_len(FILES_PER_TASK).flat_map_iter(diagnose).collect()
}

/// A file and its scope, if what is found in it is reported.
fn reported<'a>(id: FileId, sources: &'a Sources, scopes: &'a [Scope]) -> Option<(&'a SourceFile, &'a Scope)> {
    let file = sources.get(id).filter(|file| file.reported)?;
    Some((file, scopes.get(file.scope)?))
}

impl<'e> CheckedFile<'e> {
    /// What its fixes are made from.
    #[must_use]
    pub fn judged<'a>(&'a self, file: &'a SourceFile) -> Judged<'a, 'e> {
        Judged { file, id: self.id, reading: &self.reading, comments: &self.comments, judgements: &self.judgements }
    }
}

fn report(sources: &Sources, scopes: &[Scope], checked: &[CheckedFile<'_>], diagnostics: Vec<Diagnostic>) -> Report {
    let mut report = Report { diagnostics, ..Report::default() };
    let listings = checked.par_iter().with_max_len(FILES_PER_TASK).map(|file| policies(sources, file));
    for (file, listings) in checked.iter().zip(listings.collect::<Vec<_>>()) {
        let Some(source) = sources.get(file.id).filter(|source| source.reported) else { continue };
        report.fixes.extend(file.fixes.iter().cloned());
        report.policies.extend(listings);
        let skipped = file.reading.skipped.iter().map(|skipped| SkippedListing {
            place: Place { path: source.path.clone(), file: Some(file.id), span: skipped.span },
            reason: skipped.reason,
        });
        report.skipped.extend(skipped);
    }
    report.diagnostics.extend(diagnose::whole::identities(&sites(sources, scopes, checked)));
    let matching = Matching { owned: owned_identities(checked), ownerless: ownerless(sources, checked) };
    for scope in scopes.iter().filter(|scope| scope.settings.governs) {
        report.diagnostics.extend(about_exports(scope, &matching));
        report.diagnostics.extend(diagnose::unneeded::entries(scope, sources));
    }
    report.diagnostics.sort_by(|a, b| (&a.place, a.rule).cmp(&(&b.place, b.rule)));
    // Several configurations may share an export.
    report.diagnostics.dedup_by(|later, first| {
        first.place.file.is_none()
            && (first.rule, &first.place, &first.message) == (later.rule, &later.place, &later.message)
    });
    report.summary = summary(sources, scopes, &report);
    report
}

fn summary(sources: &Sources, scopes: &[Scope], report: &Report) -> Summary {
    let statements = report.policies.iter().flat_map(|policy| &policy.statements);
    let evidence = scopes.iter().map(|scope| &scope.evidence);
    let newest = evidence.clone().flat_map(|evidence| &evidence.exports).filter_map(|export| export.analyzed_at).max();
    Summary {
        files: sources.files().iter().filter(|file| file.reported).count(),
        policies: report.policies.len(),
        statements: statements.clone().count(),
        patterns: statements.map(|statement| statement.patterns.len() + statement.opaque).sum(),
        fixable: report.fixable(),
        fixed: 0,
        identities: identities(scopes) + usize::from(evidence.clone().any(|e| e.anonymous.is_some())),
        is_selected: scopes.iter().any(|scope| !scope.settings.identities.is_empty()),
        findings_date: newest.map(|newest| newest.to_zoned(TimeZone::UTC).date()),
    }
}

/// How many identities the findings speak of. Configurations may share their evidence, which is counted once.
fn identities(scopes: &[Scope]) -> usize {
    let mut shared: Vec<&Arc<Evidence>> = scopes.iter().map(|scope| &scope.evidence).collect();
    shared.sort_unstable_by_key(|evidence| Arc::as_ptr(evidence));
    shared.dedup_by(|a, b| Arc::ptr_eq(a, b));
    match shared.as_slice() {
        [only] => only.identities.len(),
        several => several.iter().flat_map(|e| &e.identities).map(|i| &i.arn).collect::<BTreeSet<_>>().len(),
    }
}

/// The policies of a file, if it is reported.
fn policies(sources: &Sources, file: &CheckedFile<'_>) -> Vec<PolicyListing> {
    let Some(source) = sources.get(file.id).filter(|source| source.reported) else { return Vec::new() };
    let listing = |(document, judgement): (&Document, &Judgement<'_>)| PolicyListing {
        place: place(source, file, document, document.policy.span),
        kind: document.kind.word(),
        format: document.format.word(),
        address: document.address(),
        identities: diagnose::identities(&judgement.owners),
        statements: document.policy.statements.iter().map(|s| statement(source, file, document, s)).collect(),
    };
    file.reading.documents.iter().zip(&file.judgements).map(listing).collect()
}

fn statement(
    source: &SourceFile,
    file: &CheckedFile<'_>,
    document: &Document,
    statement: &Statement,
) -> StatementListing {
    let entries = &statement.actions.entries;
    let literal = entries.iter().filter_map(|entry| {
        let pattern = entry.pattern.as_ref()?;
        Some((pattern.as_str().to_owned(), place(source, file, document, entry.span)))
    });
    StatementListing {
        effect: statement.effect.word(),
        element: statement.actions.kind.word(),
        patterns: literal.collect(),
        opaque: entries.iter().filter(|entry| entry.pattern.is_none()).count(),
    }
}

fn place(source: &SourceFile, file: &CheckedFile<'_>, document: &Document, span: Span) -> Place {
    let span = span_in_file(&file.reading.layers, document.layer, span);
    Place { path: source.path.clone(), file: Some(file.id), span }
}

/// The identities and the policies of the reported files and whom they stand for, in order of path.
fn sites<'a, 'e>(sources: &Sources, scopes: &'e [Scope], checked: &'a [CheckedFile<'e>]) -> Vec<Site<'a, 'e>> {
    let mut sites = Vec::new();
    for file in checked {
        let Some(source) = sources.get(file.id).filter(|source| source.reported) else { continue };
        let Some(scope) = scopes.get(source.scope) else { continue };
        sites.extend(file.reading.identities.iter().map(|DeclaredIdentity { span, identity }| {
            let place = Place { path: source.path.clone(), file: Some(file.id), span: *span };
            let owners = Cow::Owned(attribution::attached(identity, source, scope, &[]));
            Site { place, is_own: true, owners, scope }
        }));
        sites.extend(file.reading.documents.iter().zip(&file.judgements).map(|(document, judgement)| {
            let Place { path, file, span } = place(source, file, document, document.policy.span);
            let opening = Span { start: span.start, end: span.end.min(span.start + 1) };
            let place = Place { path, file, span: opening };
            Site { place, is_own: false, owners: Cow::Borrowed(&judgement.owners), scope }
        }));
    }
    sites
}

/// The identities that some policy belongs to, in lower case.
fn owned_identities(checked: &[CheckedFile<'_>]) -> BTreeSet<String> {
    let owners = checked.iter().flat_map(|file| &file.judgements).flat_map(|judgement| &judgement.owners);
    owners.map(|owner| owner.identity.to_ascii_lowercase()).collect()
}

/// How many policies are looked at for whom nothing belongs to, and for how many identities.
const MAX_OWNERLESS: usize = 256;
const MAX_UNMATCHED: usize = 16;

/// How many candidates are named.
const MAX_NAMED: usize = 5;

/// What became of the join of policies and identities.
struct Matching<'a> {
    /// The identities that some policy belongs to, in lower case.
    owned: BTreeSet<String>,
    /// The first policies that no finding speaks of.
    ownerless: Vec<Ownerless<'a>>,
}

/// The first policies that no finding speaks of, for others to be suggested.
fn ownerless<'a>(sources: &'a Sources, checked: &'a [CheckedFile<'_>]) -> Vec<Ownerless<'a>> {
    let documents = checked.iter().filter_map(|file| Some((sources.get(file.id)?, file)));
    let documents = documents.flat_map(|(source, file)| {
        file.reading
            .documents
            .iter()
            .zip(&file.judgements)
            .map(move |(document, judgement)| (source, document, judgement))
    });
    let is_known = |judgement: &Judgement<'_>| {
        judgement.owners.iter().any(|owner| !matches!(owner.standing, Standing::Blocking(_)))
    };
    let unknown = documents.filter(|(_, _, judgement)| !is_known(judgement)).take(MAX_OWNERLESS);
    let named = |judgement: &'a Judgement<'_>| judgement.owners.iter().map(Owner::name);
    unknown.map(|(source, document, judgement)| Ownerless::new(&source.path, document, named(judgement))).collect()
}

fn about_exports(scope: &Scope, matching: &Matching<'_>) -> Vec<Diagnostic> {
    let exports = scope.evidence.exports.iter().enumerate();
    exports
        .flat_map(|(index, export)| [stale(export, &scope.settings), unmatched(scope, index, export, matching)])
        .flatten()
        .collect()
}

fn of_export(rule: Rule, export: &Export, message: String, settings: &Settings) -> Option<Diagnostic> {
    let place = Place { path: export.path.clone(), file: None, span: Span::default() };
    diagnose::about_file(rule, place, message, settings)
}

fn stale(export: &Export, settings: &Settings) -> Option<Diagnostic> {
    let (max_age, analyzed) = (settings.max_age()?, export.analyzed_at?.to_zoned(TimeZone::UTC).date());
    let age = (settings.today - analyzed).get_days();
    let message = format!("the newest finding is of {analyzed}, {age} days ago, more than {max_age}");
    let stale = (age > max_age).then(|| of_export(Rule::StaleFindings, export, message, settings)).flatten()?;
    let level = stale.level.min(settings.staleness);
    let help = Some("export the findings again".to_owned());
    Some(Diagnostic { level, help, ..stale })
}

fn unmatched(scope: &Scope, index: usize, export: &Export, matching: &Matching<'_>) -> Option<Diagnostic> {
    let index = u32::try_from(index).ok()?;
    let of_export_only = scope.evidence.identities.iter().filter(|identity| identity.exports.contains(&index));
    let all: Vec<&IdentityEvidence> = of_export_only.collect();
    let is_owned = |identity: &&IdentityEvidence| matching.owned.contains(&identity.arn.as_str().to_ascii_lowercase());
    let unowned: Vec<&IdentityEvidence> = all.iter().copied().filter(|identity| !is_owned(identity)).collect();
    if unowned.is_empty() {
        return None;
    }
    let message = format!("no policy here belongs to {} of its {} identities", unowned.len(), all.len());
    let said = of_export(Rule::UnmatchedFinding, export, message, &scope.settings)?;
    let found = unowned.iter().take(MAX_UNMATCHED).filter_map(|identity| {
        let (policy, likeness) = candidates::nearest_policy(identity, &matching.ownerless)?;
        Some(wording::candidate(&identity.arn, policy, likeness))
    });
    let notes: Vec<String> = found.take(MAX_NAMED).collect();
    let help = (!notes.is_empty()).then(|| wording::BIND_HELP.to_owned());
    Some(Diagnostic { notes, help, ..said })
}
