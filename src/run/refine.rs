//! `iamtrim refine`: one policy document in, the refined one out; nothing on disk changes.

use std::io::Read as _;
use std::path::Path;
use std::process::ExitCode;

use iamtrim::check::{CheckedFile, check, judgements};
use iamtrim::error::Error;
use iamtrim::fix;
use iamtrim::refine::safety::Applicability;
use iamtrim::rule::Level;
use iamtrim::settings::Scope;
use iamtrim::source::{SourceFile, Sources};

use super::lint::today;
use super::{catalog, evidence, print, settings};
use crate::cli::RefineArgs;

pub(super) fn run(args: &RefineArgs) -> Result<ExitCode, Error> {
    evidence::check_stdin(&args.common, &args.policy)?;
    let name = args.policy.display().to_string();
    let text =
        read(&args.policy).map_err(|error| Error::new("cannot read the policy").in_file(&name).because(error))?;
    let scope = scope(args)?;
    let catalog = catalog::in_use(args.common.catalog.as_deref())?;
    let mut source = SourceFile::new(name.clone(), text);
    source.named = true;
    let sources = Sources::new(vec![source]);
    let scopes = [scope];
    let files = judgements(&sources, &scopes, &catalog);
    if files.iter().any(has_defect) {
        let report = check(&sources, &scopes, &catalog).report;
        for diagnostic in report.diagnostics.iter().filter(|d| d.level == Level::Error) {
            print::stderr(&format!("{name}: {}", diagnostic.message));
        }
    }
    let (Some(file), Some(source)) = (files.first(), sources.files().first()) else {
        return Err(not_a_policy(&name));
    };
    if let Some(problem) = file.reading.problems.first() {
        let position = source.position(problem.span.start);
        return Err(Error::new(problem.message.clone()).at(name, position.line, position.column));
    }
    if file.reading.documents.is_empty() {
        return Err(not_a_policy(&name));
    }
    let code = refined(file, source, &scopes);
    // The process ends here: to free all of it, piece by piece, would be for nothing.
    std::mem::forget(files);
    std::mem::forget((sources, scopes));
    code
}

/// Whether a refinement broke a law.
fn has_defect(file: &CheckedFile<'_>) -> bool {
    file.judgements.iter().flat_map(|judgement| &judgement.statements).any(|statement| statement.defect.is_some())
}

fn refined(file: &CheckedFile<'_>, source: &SourceFile, scopes: &[Scope; 1]) -> Result<ExitCode, Error> {
    let [scope] = scopes;
    let (fixes, made) = fix::proved(&file.judged(source), &scope.settings, &|_| 0);
    for fix in fixes.iter().filter(|fix| fix.applicability < Applicability::Safe) {
        let why = fix.withheld.as_deref().unwrap_or_default();
        let line = fix.edits.as_slice().first().map_or(1, |edit| source.line_of(edit.span.start));
        print::stderr(&format!("{}:{line}: not safe ({}): {why}", source.path, fix.applicability.word()));
    }
    if file.judgements.iter().any(|judgement| judgement.all_gone) {
        print::stderr(&format!("{}: nothing that the policy allows is used: detach it, or delete it", source.path));
    }
    let rewritten = made.map_err(|refusal| Error::new(refusal.to_string()).in_file(&source.path))?;
    print::stdout(rewritten.as_ref().map_or(&source.text, |rewritten| &rewritten.text))
}

fn not_a_policy(name: &str) -> Error {
    Error::new("this is no identity policy document").in_file(name).help(
        "`refine` takes one JSON document with a `Statement`; `iamtrim policies` says what is found in other files",
    )
}

/// A file's text, or what standard input holds.
///
/// # Errors
/// The operating system's, or that it is not UTF-8.
fn read(path: &Path) -> std::io::Result<String> {
    if path != Path::new("-") {
        return std::fs::read_to_string(path);
    }
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text)?;
    Ok(text)
}

/// The policy belongs to whom the findings speak of: exactly one identity, or those asked for.
fn scope(args: &RefineArgs) -> Result<Scope, Error> {
    let today = today();
    let mut governed = settings::nearest(&args.policy, &args.common)?;
    governed.config.bindings.clear();
    let mut settings = settings::settled(&governed, &args.common, today);
    let (evidence, _) = evidence::load(&governed, &args.common, today)?;
    evidence::require_some(&args.common, &governed)?;
    settings.identities = evidence::one_or_asked_for(&evidence, &args.common)?;
    Ok(Scope { settings, evidence })
}
