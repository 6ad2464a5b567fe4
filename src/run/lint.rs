//! `iamtrim lint`: check, fix, print, and say how it went.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use iamtrim::catalog::Catalog;
use iamtrim::check::Checked;
use iamtrim::diagnose;
use iamtrim::diagnostic::{Diagnostic, Report};
use iamtrim::error::Error;
use iamtrim::fix::{self, Rewritten};
use iamtrim::refine::safety::Applicability;
use iamtrim::report;
use iamtrim::rule::{Level, Rule};
use iamtrim::settings::Scope;
use iamtrim::source::{SourceFile, Sources};
use iamtrim::walk::write;
use jiff::Zoned;
use jiff::civil::Date;

use super::print::{self, Reader};
use super::workspace::{Selection, Workspace};
use super::{baseline, newness};
use crate::cli::{Color, FailOn, FixChoice, FormatAndFile, LintArgs, LintFormat};

pub(super) fn run(args: &LintArgs) -> Result<ExitCode, Error> {
    let selection = Selection {
        paths: &args.paths,
        no_ignore: args.no_ignore,
        today: args.now.unwrap_or_else(today),
        needs_findings: true,
        changed_since: args.changed_since.as_deref(),
    };
    let formats = args.report.iter().map(|report| report.format).chain([args.format]);
    if args.changed_since.is_none() && formats.into_iter().any(|format| format == LintFormat::Suggestions) {
        return Err(Error::new("a review is of the lines that a pull request changes")
            .help("name the base of the pull request with `--changed-since`"));
    }
    let mut workspace = Workspace::open(&selection, &args.common)?;
    let (scopes, catalog) = (Arc::clone(&workspace.scopes), Arc::clone(&workspace.catalog));
    let checked = checked(&mut workspace, &scopes, &catalog);
    let threshold = match args.fix {
        Some(FixChoice::All) => Applicability::Unsafe,
        Some(FixChoice::Safe) | None => Applicability::Safe,
    };
    if args.diff {
        return diff(&workspace, &checked, threshold, args.output.as_deref());
    }
    let report = if args.fix.is_some() {
        let (written, failed) = write_fixes(&workspace, &checked, threshold);
        let fixed = count_fixed(&checked.report, &written);
        drop(checked);
        workspace.sources = with_texts(std::mem::take(&mut workspace.sources), written);
        let mut report = self::checked(&mut workspace, &scopes, &catalog).report;
        report.summary.fixed = fixed;
        report.diagnostics.extend(failed);
        complete(report, &workspace, args)
    } else {
        let Checked { files, report } = checked;
        std::mem::forget(files);
        complete(report, &workspace, args)
    };
    let mut report = report;
    if let Some(path) = &args.write_baseline {
        let known = baseline::write(path, &report)?;
        print::stderr(&format!("wrote {} to {}", report::style::count(known, "fingerprint"), path.display()));
    }
    if let Some(path) = args.baseline.as_ref().or(args.write_baseline.as_ref()) {
        baseline::apply(path, &mut report)?;
    }
    let reader = print_report(&report, &workspace, args)?;
    let code = if reader == Reader::Gone { ExitCode::SUCCESS } else { exit_code(&report, args.fail_on) };
    // The process ends here: to free all that a large tree took, piece by piece, would be for nothing.
    std::mem::forget((report, workspace, scopes));
    Ok(code)
}

/// Checks the sources, with what git knows of the age of the lines that are reported.
fn checked<'e>(workspace: &mut Workspace, scopes: &'e [Scope], catalog: &'e Catalog) -> Checked<'e> {
    let checked = workspace.check(scopes, catalog);
    let changed = newness::changed_lines(&checked.report, workspace);
    if changed.is_empty() {
        return checked;
    }
    changed.into_iter().for_each(|(id, lines)| workspace.sources.set_changed(id, lines));
    checked.again(&workspace.sources, scopes, catalog)
}

/// What the calendar says here.
pub(super) fn today() -> Date {
    Zoned::now().date()
}

/// Adds what only the shell knows: the files that it could not read.
fn complete(mut report: Report, workspace: &Workspace, args: &LintArgs) -> Report {
    report.diagnostics.extend(workspace.unread_diagnostics());
    report.diagnostics.retain(|diagnostic| workspace.is_wanted(diagnostic));
    if args.strict {
        let unreadable = report.diagnostics.iter_mut().filter(|diagnostic| diagnostic.rule == Rule::UnreadableFile);
        unreadable.for_each(|diagnostic| diagnostic.level = Level::Error);
    }
    report.diagnostics.sort_by(|a, b| (&a.place, a.rule).cmp(&(&b.place, b.rule)));
    report.summary.files = workspace.reported;
    report
}

/// Writes the chosen fixes, file by file; a file that fails is left as it was and becomes a diagnostic.
fn write_fixes(
    workspace: &Workspace,
    checked: &Checked<'_>,
    threshold: Applicability,
) -> (Vec<(String, Rewritten)>, Vec<Diagnostic>) {
    let (mut written, mut failed) = (Vec::new(), Vec::new());
    for (source, rewritten) in rewritten(workspace, checked, threshold) {
        let result = rewritten.map_err(|refusal| refusal.to_string()).and_then(|rewritten| {
            let path = workspace.path_of(&source.path).ok_or("it is not where it was")?;
            write::replace(path, source.text.as_bytes(), rewritten.text.as_bytes())
                .map_err(|error| error.to_string())?;
            Ok(rewritten)
        });
        match result {
            Ok(rewritten) => written.push((source.path.clone(), rewritten)),
            Err(reason) => match not_written(source, &reason, workspace) {
                Some(diagnostic) => failed.push(diagnostic),
                None => print::stderr(&format!("{}: not fixed: {reason}", source.path)),
            },
        }
    }
    (written, failed)
}

fn not_written(source: &SourceFile, reason: &str, workspace: &Workspace) -> Option<Diagnostic> {
    let place = iamtrim::diagnostic::Place { path: source.path.clone(), file: None, span: Default::default() };
    let settings = &workspace.scopes.get(source.scope)?.settings;
    let diagnostic = diagnose::about_file(Rule::UnreadableFile, place, format!("not fixed: {reason}"), settings)?;
    Some(Diagnostic { level: Level::Error, ..diagnostic })
}

/// The files that have fixes to make, with the texts that they would have.
fn rewritten<'a>(
    workspace: &'a Workspace,
    checked: &'a Checked<'_>,
    threshold: Applicability,
) -> impl Iterator<Item = (&'a SourceFile, Result<Rewritten, iamtrim::verify::Refusal>)> {
    checked.files.iter().filter_map(move |file| {
        let source = workspace.sources.get(file.id).filter(|source| source.reported)?;
        let rewritten = fix::rewritten(&file.judged(source), &file.fixes, threshold).transpose()?;
        Some((source, rewritten))
    })
}

fn count_fixed(report: &Report, written: &[(String, Rewritten)]) -> usize {
    let fixes: Vec<&String> = written.iter().flat_map(|(_, rewritten)| &rewritten.fixes).collect();
    report
        .diagnostics
        .iter()
        .filter(|diagnostic| diagnostic.fix.as_ref().is_some_and(|fix| fixes.contains(&fix)))
        .count()
}

/// The sources as they are now that the texts of some were replaced.
fn with_texts(sources: Sources, written: Vec<(String, Rewritten)>) -> Sources {
    let mut files = sources.into_files();
    for (path, rewritten) in written {
        if let Ok(index) = files.binary_search_by(|file| file.path.cmp(&path))
            && let Some(file) = files.get_mut(index)
        {
            file.replace_text(rewritten.text);
        }
    }
    Sources::new(files)
}

fn diff(
    workspace: &Workspace,
    checked: &Checked<'_>,
    threshold: Applicability,
    output: Option<&Path>,
) -> Result<ExitCode, Error> {
    let mut text = String::new();
    for (source, rewritten) in rewritten(workspace, checked, threshold) {
        match rewritten {
            Ok(rewritten) => text.push_str(&report::diff::render(&source.path, &source.text, &rewritten.text)),
            Err(refusal) => print::stderr(&format!("{}: not fixed: {refusal}", source.path)),
        }
    }
    let is_shown = output.is_none() && print::is_terminal();
    let shown = if is_shown { report::inert::block(&text) } else { Cow::Borrowed(&*text) };
    let reader = deliver(&shown, output)?;
    Ok(if text.is_empty() || reader == Reader::Gone { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

/// Prints the report, and writes those that are asked for in other formats.
fn print_report(report: &Report, workspace: &Workspace, args: &LintArgs) -> Result<Reader, Error> {
    for FormatAndFile { format, file } in &args.report {
        let has_color = args.common.output.color == Color::Always;
        deliver(&rendered(*format, has_color, report, workspace, args), Some(file))?;
    }
    let has_color = match args.output {
        Some(_) => args.common.output.color == Color::Always,
        None => print::has_color(&args.common.output),
    };
    deliver(&rendered(args.format, has_color, report, workspace, args), args.output.as_deref())
}

fn rendered(format: LintFormat, has_color: bool, report: &Report, workspace: &Workspace, args: &LintArgs) -> String {
    let (sources, catalog) = (&workspace.sources, &workspace.catalog);
    match format {
        LintFormat::Human => report::human::render(report, sources, &print::style(has_color, &args.common.output)),
        LintFormat::Json => report::json::render(report, sources, catalog),
        LintFormat::Github => report::github::render(report, sources),
        LintFormat::Sarif => report::sarif::render(report, sources),
        LintFormat::Rdjson => report::rdjson::render(report, sources),
        LintFormat::Gitlab => report::gitlab::render(report, sources),
        LintFormat::Junit => report::junit::render(report, sources),
        LintFormat::Markdown => report::markdown::render(report, sources, catalog),
        LintFormat::Suggestions => report::suggestions::render(report, sources, &shown_lines(report, workspace)),
    }
}

/// The lines of the files with fixes that the pull request shows.
fn shown_lines(report: &Report, workspace: &Workspace) -> report::suggestions::Shown {
    let lines = |path: &String| Some(workspace.changed.as_ref()?.lines(workspace.path_of(path)?));
    let paths: BTreeSet<&String> = report.fixes.iter().map(|fix| &fix.path).collect();
    paths.into_iter().filter_map(|path| Some((path.clone(), lines(path)?))).collect()
}

/// Prints a text, or writes it to the file that the user names.
fn deliver(text: &str, output: Option<&Path>) -> Result<Reader, Error> {
    let Some(path) = output.filter(|path| !print::is_stdout(path)) else { return print::to_reader(text) };
    let cannot = |error| Error::new("cannot write").in_file(path.display().to_string()).because(error);
    write::create(path, text.as_bytes()).map_err(cannot).map(|()| Reader::There)
}

fn exit_code(report: &Report, fail_on: FailOn) -> ExitCode {
    let least = match fail_on {
        FailOn::Never => return ExitCode::SUCCESS,
        FailOn::Note => Level::Note,
        FailOn::Warning => Level::Warning,
        FailOn::Error => Level::Error,
    };
    let fails = report.diagnostics.iter().any(|d| d.suppressed.is_none() && d.level >= least);
    if fails { ExitCode::from(1) } else { ExitCode::SUCCESS }
}
