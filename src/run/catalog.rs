//! `iamtrim catalog`: what the catalogue of actions holds, and how a new one is made.

use std::path::Path;
use std::process::ExitCode;

use iamtrim::catalog::Catalog;
use iamtrim::catalog::build;
use iamtrim::catalog::read::date_of_version;
use iamtrim::error::Error;
use iamtrim::policy::action::ActionPattern;
use iamtrim::walk::write;
use jiff::civil::Date;

use super::print;
use crate::cli::{CatalogAction, CatalogArgs, CatalogBuildArgs};

pub(super) fn run(args: &CatalogArgs) -> Result<ExitCode, Error> {
    let catalog = in_use(args.catalog.as_deref())?;
    match &args.action {
        None => {
            let (services, actions) = catalog.counts();
            let date = catalog.date().map_or_else(|| "no date".to_owned(), |date| date.to_string());
            print::stdout(&format!("{date}: {services} services, {actions} actions\n"))
        }
        Some(CatalogAction::Expand { pattern }) => expand(&catalog, pattern),
        Some(CatalogAction::Build(args)) => make(args, &catalog),
    }
}

/// The catalogue that the user names, or the built-in one.
///
/// # Errors
/// If it cannot be read.
pub(super) fn in_use(path: Option<&Path>) -> Result<Catalog, Error> {
    let embedded = Catalog::embedded();
    path.map_or_else(|| Ok(embedded.clone()), |path| open(path, None, &embedded))
}

fn open(path: &Path, date: Option<Date>, in_use: &Catalog) -> Result<Catalog, Error> {
    let shown = path.display().to_string();
    if !path.is_dir() {
        return Catalog::from_text(&shown, &read(path)?, in_use);
    }
    let unreadable = |error: std::io::Error| Error::new("cannot read the catalogue").in_file(&shown).because(error);
    let mut files = Vec::new();
    for entry in std::fs::read_dir(path).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.extension().is_some_and(|extension| extension == "json") {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            files.push((name, std::fs::read(&path).map_err(unreadable)?));
        }
    }
    files.sort();
    Catalog::from_action_lists(&shown, files, date.or_else(|| date_of_package(path)), in_use)
}

/// The lists of a package say their date in the version of the package, two folders up.
fn date_of_package(folder: &Path) -> Option<Date> {
    let text = std::fs::read_to_string(folder.join("../../package.json")).ok()?;
    let package: serde_json::Value = serde_json::from_str(&text).ok()?;
    date_of_version(package.get("version")?.as_str()?)
}

fn read(path: &Path) -> Result<String, Error> {
    let shown = path.display().to_string();
    super::input::text(path).map_err(|error| Error::new("cannot read the catalogue").in_file(shown).because(error))
}

/// A list of actions and what messages call it.
fn list(path: Option<&Path>) -> Result<Option<(String, String)>, Error> {
    path.map(|path| Ok((path.display().to_string(), read(path)?))).transpose()
}

fn expand(catalog: &Catalog, text: &str) -> Result<ExitCode, Error> {
    let pattern = ActionPattern::new(text);
    let services: Vec<_> = match pattern.named() {
        _ if pattern.is_everything() => catalog.services().collect(),
        Some((prefix, _)) => catalog.service(prefix).into_iter().collect(),
        None => return Err(Error::new(format!("`{text}` is no action pattern")).help(super::PATTERN_HELP)),
    };
    let mut out = String::new();
    for service in services {
        let matched = service.actions().filter(|action| pattern.matches(service.prefix(), action.name));
        matched.for_each(|action| out.push_str(&format!("{}:{}\n", service.prefix(), action.name)));
    }
    if out.is_empty() {
        print::stderr(&format!("note: `{text}` matches no action of the catalogue"));
    }
    print::stdout(&out)
}

fn make(args: &CatalogBuildArgs, in_use: &Catalog) -> Result<ExitCode, Error> {
    let source = open(&args.source, args.date, in_use)?;
    let source = match args.date {
        Some(date) if source.date().is_none() => source.dated(date),
        _ => source,
    };
    let lists = [list(args.tracked.as_deref())?, list(args.cross_service.as_deref())?];
    let [tracked, cross_service] = lists.each_ref().map(|list| list.as_ref().map(|(path, text)| (&**path, &**text)));
    let (built, changes) = build::build(source, in_use, tracked, cross_service, args.force)?;
    let shown = args.output.display().to_string();
    write::create(&args.output, built.as_text().as_bytes())
        .map_err(|error| Error::new("cannot write the catalogue").in_file(&shown).because(error))?;
    let (services, actions) = built.counts();
    print::stdout(&format!(
        "{shown}: {services} services, {actions} actions ({} new, {} retired)\n",
        changes.added, changes.retired
    ))
}
