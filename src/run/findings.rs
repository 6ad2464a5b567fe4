//! `iamtrim findings`: what exports say, the same in a form to commit, and AWS's recommendations beside ours.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use iamtrim::check::Checked;
use iamtrim::compare::{self, may_stem_from};
use iamtrim::error::Error;
use iamtrim::finding::recommendation::{Recommendation, RecommendedPolicy};
use iamtrim::finding::{
    Evidence, IdentityEvidence, Permissions, Unusable, UnusedActions, UnusedPermissions, canonical,
};
use iamtrim::report::findings::{self as report, CatalogLine, ComparisonLine, ExportLine, IdentityLine, Listing};
use iamtrim::settings::Settings;
use iamtrim::source::{Sources, layer_text};
use iamtrim::walk::write;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::lint::today;
use super::workspace::{Selection, Workspace};
use super::{evidence, print, settings};
use crate::cli::{CommonArgs, FindingsArgs, ListFormat};

pub(super) fn run(args: &FindingsArgs) -> Result<ExitCode, Error> {
    let today = args.now.unwrap_or_else(today);
    let common = common(args, &args.paths);
    let governed = settings::nearest(Path::new("."), &common)?;
    evidence::require_some(&common, &governed)?;
    let (found, read) = evidence::load(&governed, &common, today)?;
    if let Some(target) = &args.write {
        return write_canonical(&found, target);
    }
    let selection = Selection { paths: &[], no_ignore: false, today, needs_findings: false, changed_since: None };
    let workspace = Workspace::under((&found, &read), &selection, &common)?;
    let checked = workspace.check(&workspace.scopes, &workspace.catalog);
    let comparisons = match &args.compare {
        None => None,
        Some(path) => {
            let recommended = CommonArgs { findings: vec![path.clone()], ..common.clone() };
            let (recommended, _) = evidence::load(&governed, &recommended, today)?;
            let settings = settings::settled(&governed, &common, today);
            let bench = Bench { workspace: &workspace, checked: &checked, found: &found, settings };
            Some(bench.all(&recommended.recommendations, path)?)
        }
    };
    let listing = listing(&found, &workspace, &checked, today, comparisons);
    let style = print::style(print::has_color(&args.output), &args.output);
    print::stdout(&match (args.format, &listing.comparisons) {
        (ListFormat::Json, _) => report::json(&listing),
        (ListFormat::Human, Some(comparisons)) => report::render_comparisons(comparisons, &style),
        (ListFormat::Human, None) => report::render(&listing, &style),
    })
}

fn common(args: &FindingsArgs, findings: &[PathBuf]) -> CommonArgs {
    CommonArgs {
        findings: findings.to_vec(),
        identity: args.identity.clone(),
        catalog: args.catalog.clone(),
        config: args.config.clone(),
        output: args.output.clone(),
    }
}

fn listing(
    found: &Arc<Evidence>,
    workspace: &Workspace,
    checked: &Checked<'_>,
    today: Date,
    comparisons: Option<Vec<ComparisonLine>>,
) -> Listing {
    let (services, actions) = workspace.catalog.counts();
    let policies = policies(checked);
    let exports = found.exports.iter().map(|export| ExportLine {
        path: export.path.clone(),
        findings: export.findings,
        date: export.analyzed_at.map(|at| day(at).to_string()),
        age: export.analyzed_at.map(|at| (today - day(at)).get_days()),
        warnings: export.warnings.clone(),
    });
    let anonymous = found.anonymous.iter().map(|unused| with_permissions(IdentityLine::default(), unused, today));
    let identities = found.identities.iter().map(|identity| {
        let mut line = of_identity(identity, today);
        line.policies = policies.get(&identity.arn.as_str().to_ascii_lowercase()).cloned().unwrap_or_default();
        line
    });
    Listing {
        version: 1,
        catalog: CatalogLine { date: workspace.catalog.date().map(|date| date.to_string()), services, actions },
        exports: exports.collect(),
        identities: anonymous.chain(identities).collect(),
        comparisons,
    }
}

fn day(at: Timestamp) -> Date {
    at.to_zoned(TimeZone::UTC).date()
}

fn of_identity(identity: &IdentityEvidence, today: Date) -> IdentityLine {
    let keys = identity.unused_credentials.iter().filter_map(|credential| credential.access_key.clone());
    let line = IdentityLine {
        arn: Some(identity.arn.to_string()),
        account: Some(identity.arn.account().to_owned()),
        unused_role: identity.unused_role.as_ref().is_some_and(|role| !role.is_recent),
        unused_access_keys: keys.collect(),
        unused_password: identity.unused_credentials.iter().any(|credential| credential.access_key.is_none()),
        ..IdentityLine::default()
    };
    match &identity.permissions {
        Permissions::Usable(unused) => with_permissions(line, unused, today),
        Permissions::Unusable(why) => IdentityLine { permissions: word(*why), ..line },
    }
}

fn word(why: Unusable) -> &'static str {
    match why {
        Unusable::None => "none",
        Unusable::Archived => "archived",
        Unusable::Resolved => "resolved",
        Unusable::Failed => "failed",
    }
}

fn with_permissions(mut line: IdentityLine, unused: &UnusedPermissions, today: Date) -> IdentityLine {
    line.permissions = "usable";
    line.date = unused.analyzed_at.map(|at| day(at).to_string());
    line.age = unused.analyzed_at.map(|at| (today - day(at)).get_days());
    line.truncated = unused.truncated;
    for service in &unused.services {
        match &service.actions {
            UnusedActions::Whole => line.services.push(service.prefix.to_string()),
            UnusedActions::Only(names) => {
                line.actions.extend(names.iter().map(|action| format!("{}:{}", service.prefix, action.name)));
            }
        }
    }
    line
}

/// The policies of each identity, by lower-case ARN.
pub(super) fn policies(checked: &Checked<'_>) -> BTreeMap<String, Vec<String>> {
    let mut of: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for policy in &checked.report.policies {
        let address = if policy.address.is_empty() { String::new() } else { format!("#{}", policy.address) };
        let shown = format!("{}{address}", policy.place.path);
        for identity in &policy.identities {
            of.entry(identity.arn.to_ascii_lowercase()).or_default().push(shown.clone());
        }
    }
    of
}

/// Writes the canonical form: into one file, or into a folder, a file per account.
fn write_canonical(found: &Evidence, target: &Path) -> Result<ExitCode, Error> {
    let accounts = canonical::accounts(found);
    let is_folder = target.is_dir() || target.as_os_str().as_encoded_bytes().ends_with(b"/");
    let mut files = Vec::new();
    if is_folder {
        if found.anonymous.is_some() {
            return Err(Error::new("findings that name no identity belong to no account")
                .help("say whom they are about with `--identity`, or write them into a file"));
        }
        std::fs::create_dir_all(target).map_err(|error| cannot_write(target, error))?;
        files.extend(
            accounts
                .iter()
                .map(|account| (target.join(format!("{account}.ndjson")), canonical::render(found, Some(account)))),
        );
    } else {
        files.push((target.to_owned(), canonical::render(found, None)));
    }
    let bytes: usize = files.iter().map(|(_, text)| text.len()).sum();
    for (path, text) in &files {
        put(path, text.as_bytes())?;
    }
    if is_folder {
        name_strangers(target, &files)?;
    }
    print::stdout(&format!(
        "{}: {} of {} in {bytes} bytes\n",
        target.display(),
        iamtrim::report::style::count(found.identities.len(), "identity"),
        iamtrim::report::style::count(accounts.len(), "account"),
    ))
}

fn cannot_write(path: &Path, error: impl std::fmt::Display) -> Error {
    Error::new("cannot write the findings").in_file(path.display().to_string()).because(error)
}

/// Puts a text into a file, as a whole; a file that holds it already is left alone.
fn put(path: &Path, text: &[u8]) -> Result<(), Error> {
    match std::fs::read(path) {
        Ok(old) if old == text => Ok(()),
        Ok(old) => write::replace(path, &old, text).map_err(|error| cannot_write(path, error)),
        Err(_) => write::create(path, text).map_err(|error| cannot_write(path, error)),
    }
}

/// Names the files of the folder that were not written: they are read as findings, too.
fn name_strangers(folder: &Path, files: &[(PathBuf, String)]) -> Result<(), Error> {
    let mut strangers = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(|error| cannot_write(folder, error))? {
        let path = entry.map_err(|error| cannot_write(folder, error))?.path();
        let is_hidden = path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
        if !is_hidden && !files.iter().any(|(written, _)| *written == path) {
            strangers.push(path);
        }
    }
    strangers.sort();
    for path in strangers {
        print::stderr(&format!(
            "warning: {}: it was not written now, and counts where the folder is read",
            path.display()
        ));
    }
    Ok(())
}

/// What comparing takes.
struct Bench<'a, 'e> {
    workspace: &'a Workspace,
    checked: &'a Checked<'e>,
    found: &'a Arc<Evidence>,
    settings: Settings,
}

/// A policy document of the repository, or of the recommendation itself.
struct Existing {
    path: Option<String>,
    text: String,
}

impl Bench<'_, '_> {
    fn all(&self, recommendations: &[Recommendation], path: &Path) -> Result<Vec<ComparisonLine>, Error> {
        if recommendations.is_empty() {
            return Err(Error::new("there is no recommendation to compare with")
                .in_file(path.display().to_string())
                .help("get one with `aws accessanalyzer generate-finding-recommendation` and `get-finding-recommendation`"));
        }
        let lines = recommendations.iter().flat_map(|recommendation| {
            let resource = recommendation.resource.to_string();
            let failed = recommendation.failure.iter().map({
                let resource = resource.clone();
                move |why| not_compared(&resource, "-", None, format!("AWS made none: {why}"))
            });
            let policies = recommendation.policies.iter().map(move |policy| self.one(&resource, policy));
            failed.chain(policies).collect::<Vec<_>>()
        });
        Ok(lines.collect())
    }

    fn one(&self, resource: &str, policy: &RecommendedPolicy) -> ComparisonLine {
        let existing = match self.existing(policy) {
            Ok(existing) => existing,
            Err(reason) => return not_compared(resource, &policy.existing, None, reason.to_owned()),
        };
        let theirs = policy.replacement.as_deref();
        let evidence = (resource, self.found);
        match compare::compare(&existing.text, theirs, evidence, &self.settings, &self.workspace.catalog) {
            Err(reason) => not_compared(resource, &policy.existing, existing.path, reason),
            Ok(compared) => ComparisonLine {
                resource: resource.to_owned(),
                policy: policy.existing.clone(),
                path: existing.path,
                verdict: compared.verdict().words(),
                reason: None,
                only_ours: compared.only_ours,
                only_aws: compared.only_theirs,
            },
        }
    }

    /// The policy as it is: as the recommendation has it, else the one of its name here, else the one that what is
    /// recommended can stem from.
    fn existing(&self, policy: &RecommendedPolicy) -> Result<Existing, &'static str> {
        if let Some(text) = &policy.document {
            return Ok(Existing { path: None, text: text.clone() });
        }
        let documents = documents(self.checked, &self.workspace.sources);
        let named =
            documents.iter().filter(|(names, _)| names.iter().any(|name| name.eq_ignore_ascii_case(policy.name())));
        let mut found: Vec<&Existing> = named.map(|(_, existing)| existing).collect();
        if found.is_empty()
            && let Some(recommended) = &policy.replacement
        {
            let all = documents.iter().map(|(_, existing)| existing);
            let stems = |existing: &&Existing| may_stem_from(recommended, &existing.text, &self.workspace.catalog);
            found.extend(all.filter(stems));
        }
        match found.as_slice() {
            [] => Err("no policy here has this name or could have become what is recommended"),
            [only] => Ok(Existing { path: only.path.clone(), text: only.text.clone() }),
            _ => Err("several policies here could be the one that is meant"),
        }
    }
}

fn not_compared(resource: &str, policy: &str, path: Option<String>, reason: String) -> ComparisonLine {
    ComparisonLine {
        resource: resource.to_owned(),
        policy: policy.to_owned(),
        path,
        verdict: "not compared",
        reason: Some(reason),
        only_ours: Vec::new(),
        only_aws: Vec::new(),
    }
}

/// The JSON documents of the repository, each with the names that it may go by.
fn documents(checked: &Checked<'_>, sources: &Sources) -> Vec<(Vec<String>, Existing)> {
    let mut documents = Vec::new();
    for file in &checked.files {
        let Some(source) = sources.get(file.id) else { continue };
        let name = source.path.rsplit('/').next().unwrap_or(&source.path);
        let stem = name.split_once('.').map_or(name, |(stem, _)| stem);
        for document in &file.reading.documents {
            let text = layer_text(&source.text, &file.reading.layers, document.layer);
            let text = document.policy.span.of(text).to_owned();
            let address = document.address();
            let mut names = vec![stem.to_owned()];
            names.extend(address.split('/').map(str::to_owned));
            let shown = if address.is_empty() { source.path.clone() } else { format!("{}#{address}", source.path) };
            documents.push((names, Existing { path: Some(shown), text }));
        }
    }
    documents
}
