//! Findings exports, from files, folders, globs and standard input, as the command line or the configuration names them.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use iamtrim::config::{Days, Glob};
use iamtrim::error::Error;
use iamtrim::finding::{Evidence, EvidenceBuilder, ReadOptions, Selection};
use iamtrim::policy::arn::IdentityArn;
use iamtrim::walk::Scope;
use jiff::ToSpan as _;
use jiff::civil::Date;
use walkdir::WalkDir;

use crate::cli::CommonArgs;

/// The one line that says where findings come from.
const EXPORT_HELP: &str = "export them with `aws accessanalyzer list-findings-v2` and `get-finding-v2` as \
    docs/findings.md shows, and name the file with `--findings` or in `.iamtrim.yaml`";

/// How many identities an error names.
const NAMED_AT_MOST: usize = 10;

/// There are no findings anywhere.
pub(super) fn none() -> Error {
    Error::new("there are no findings to match policies with").help(EXPORT_HELP)
}

/// Fails if neither the command line nor the configuration names findings.
///
/// # Errors
/// If there are none.
pub(super) fn require_some(common: &CommonArgs, governed: &Scope) -> Result<(), Error> {
    if common.findings.is_empty() && governed.config.findings.is_empty() { Err(none()) } else { Ok(()) }
}

/// The evidence for the files that a configuration governs, and the real paths of the files it was read from.
///
/// # Errors
/// If a named file cannot be read or is no export.
pub(super) fn load(governed: &Scope, common: &CommonArgs, today: Date) -> Result<(Evidence, Vec<PathBuf>), Error> {
    let mut builder = EvidenceBuilder::new(Selection::of(&common.identity));
    let mut read = Vec::new();
    for export in exports(governed, common, today)? {
        let options = ReadOptions { about: export.about.as_ref(), unused_since: export.unused_since };
        if export.path == Path::new("-") {
            builder.read("-", io::stdin().lock(), &options)?;
            continue;
        }
        let result = open(&export.path)
            .map_err(|error| Error::new("cannot read the findings").in_file(&export.shown).because(error))
            .and_then(|file| builder.read(&export.shown, file, &options));
        match result {
            Err(error) if export.in_folder => builder.warn(&export.shown, error.message()),
            result => result?,
        }
        read.push(std::fs::canonicalize(&export.path).unwrap_or(export.path));
    }
    Ok((builder.finish(), read))
}

/// Opens a regular file; anything else could make the program wait for ever.
fn open(path: &Path) -> io::Result<impl Read + use<>> {
    if !std::fs::metadata(path)?.is_file() {
        return Err(io::Error::other("not a regular file"));
    }
    File::open(path)
}

/// One export to read.
struct NamedExport {
    path: PathBuf,
    shown: String,
    in_folder: bool,
    about: Option<IdentityArn>,
    unused_since: Option<Date>,
}

/// What the command line names, else what the configuration names.
fn exports(governed: &Scope, common: &CommonArgs, today: Date) -> Result<Vec<NamedExport>, Error> {
    let since = |days: Option<Days>| days.and_then(|days| today.checked_sub(i64::from(days.0).days()).ok());
    let mut exports = Vec::new();
    if !common.findings.is_empty() {
        let about = common.identity.iter().find_map(|identity| IdentityArn::parse(identity));
        for path in &common.findings {
            let found = files(path, &path.display().to_string())?;
            exports.extend(found.into_iter().map(|file| file.with(about.clone(), since(governed.config.unused_for))));
        }
        return Ok(exports);
    }
    for entry in &governed.config.findings {
        let unused_since = since(entry.unused_for.or(governed.config.unused_for));
        for file in configured(&governed.folder, &entry.path)? {
            let shown = shown_in(governed, &file.shown);
            exports.push(Candidate { shown, ..file }.with(entry.identity.clone(), unused_since));
        }
    }
    Ok(exports)
}

/// A path relative to the configuration's folder, as paths are shown.
fn shown_in(governed: &Scope, path: &str) -> String {
    let folder = governed.file.as_deref().and_then(|file| file.rsplit_once('/')).map(|(folder, _)| folder);
    folder.map_or_else(|| path.to_owned(), |folder| format!("{folder}/{path}"))
}

/// A file that may be an export.
struct Candidate {
    path: PathBuf,
    shown: String,
    in_folder: bool,
}

impl Candidate {
    fn with(self, about: Option<IdentityArn>, unused_since: Option<Date>) -> NamedExport {
        NamedExport { path: self.path, shown: self.shown, in_folder: self.in_folder, about, unused_since }
    }
}

/// The file at a path, or all files below it, in order.
fn files(path: &Path, shown: &str) -> Result<Vec<Candidate>, Error> {
    if !path.is_dir() {
        return Ok(vec![Candidate { path: path.to_owned(), shown: shown.to_owned(), in_folder: false }]);
    }
    let mut found = Vec::new();
    let is_hidden = |name: &std::ffi::OsStr| name.as_encoded_bytes().starts_with(b".");
    let entries = WalkDir::new(path).sort_by_file_name().into_iter();
    for entry in entries.filter_entry(|entry| entry.depth() == 0 || !is_hidden(entry.file_name())) {
        let entry = entry.map_err(|error| Error::new("cannot read the findings").in_file(shown).because(error))?;
        if entry.file_type().is_file() {
            let below = entry.path().strip_prefix(path).unwrap_or(entry.path()).display().to_string();
            let shown = format!("{}/{below}", shown.trim_end_matches('/'));
            found.push(Candidate { path: entry.into_path(), shown, in_folder: true });
        }
    }
    Ok(found)
}

/// The files that an entry of the configuration names: a path, or a glob over the configuration's folder.
fn configured(folder: &Path, glob: &Glob) -> Result<Vec<Candidate>, Error> {
    if let Some(path) = glob.literal() {
        return files(&folder.join(path), path);
    }
    // Only the folders before the first special character need be named, the rest is searched.
    let literal = glob.as_str().split(['*', '?', '[', '{']).next().unwrap_or_default();
    let base = literal.rsplit_once('/').map_or("", |(base, _)| base);
    let mut found = Vec::new();
    for candidate in files(&folder.join(base), base)? {
        let shown = candidate.shown.trim_start_matches('/').to_owned();
        let mut above = shown.match_indices('/').filter_map(|(end, _)| shown.get(..end));
        if glob.matches(&shown) || above.any(|above| glob.matches(above)) {
            found.push(Candidate { shown, ..candidate });
        }
    }
    if found.is_empty() {
        return Err(Error::new(format!("no findings file matches `{}`", glob.as_str())).help(EXPORT_HELP));
    }
    Ok(found)
}

/// The identities asked for, or the one that the evidence speaks of.
///
/// # Errors
/// If it speaks of several and none is asked for, naming up to ten.
pub(super) fn one_or_asked_for(evidence: &Evidence, common: &CommonArgs) -> Result<Vec<String>, Error> {
    if !common.identity.is_empty() {
        return Ok(common.identity.clone());
    }
    match evidence.identities.as_slice() {
        [] => Ok(Vec::new()),
        [only] => Ok(vec![only.arn.to_string()]),
        several => {
            let named: Vec<&str> = several.iter().take(NAMED_AT_MOST).map(|identity| identity.arn.as_str()).collect();
            let more = several.len().saturating_sub(NAMED_AT_MOST);
            let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
            Err(Error::new(format!("the findings speak of {} identities: {}{rest}", several.len(), named.join(", ")))
                .help("say which with `--identity`"))
        }
    }
}
