//! Findings exports, from files, folders, globs and standard input, as the command line or the configuration names them.

use std::fs::File;
use std::io::{self, Read, Seek as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use iamtrim::config::{self, Days, Glob};
use iamtrim::error::Error;
use iamtrim::finding::{EXPORT_COMMANDS, Evidence, EvidenceBuilder, Export, ReadOptions, Selection};
use iamtrim::policy::arn::IdentityArn;
use iamtrim::walk::Scope;
use jiff::ToSpan as _;
use jiff::civil::Date;
use walkdir::WalkDir;

use super::print;
use crate::cli::CommonArgs;

/// How many identities an error names.
const NAMED_AT_MOST: usize = 10;

/// There are no findings anywhere.
pub(super) fn none(is_configured: bool) -> Error {
    let none = Error::new("there are no findings to match policies with");
    if !is_configured && Path::new(config::FILE_NAME).is_file() {
        return none.help("without git, the `.iamtrim.yaml` here counts only if `.` is named: name it with `--config`");
    }
    none.help(export_help())
}

/// The one line that says where findings come from.
fn export_help() -> String {
    format!("export them, and name the file with `--findings` or in `.iamtrim.yaml`: `{EXPORT_COMMANDS}`")
}

/// Fails if neither the command line nor the configuration names findings.
///
/// # Errors
/// If there are none.
pub(super) fn require_some(common: &CommonArgs, governed: &Scope) -> Result<(), Error> {
    if common.findings.is_empty() && governed.config.findings.is_empty() {
        Err(none(governed.file.is_some()))
    } else {
        Ok(())
    }
}

/// What exports say, and the real paths of the files that they were read from.
pub(super) type Loaded = (Arc<Evidence>, Vec<PathBuf>);

/// Reads exports for one configuration after the other; what the command line names is read once for all of them.
pub(super) struct Exports<'a> {
    common: &'a CommonArgs,
    today: Date,
    /// Whether standard input may be needed again.
    is_shared: bool,
    stdin: Option<File>,
    by_window: Vec<(Option<Days>, Loaded)>,
    ahead: Option<Ahead>,
}

/// What was read for the configuration that the first path is under, while it was not yet known what else is needed.
pub(super) struct Ahead {
    governed: Scope,
    read: Result<Loaded, Error>,
}

impl Ahead {
    /// Reads exports beside the walk; standard input waits until it is known how often it is needed.
    pub(super) fn read(governed: Scope, common: &CommonArgs, today: Date) -> Option<Self> {
        if common.findings.iter().any(|path| path == Path::new("-")) {
            return None;
        }
        let read = Exports::new(common, today, false).and_then(|mut exports| exports.read(&governed));
        Some(Self { governed, read })
    }

    /// Whether another configuration needs the same: of what the command line names, all that read it alike do.
    fn is_for(&self, governed: &Scope, common: &CommonArgs) -> bool {
        if !common.findings.is_empty() {
            return self.governed.config.unused_for == governed.config.unused_for;
        }
        let of = |scope: &Scope| (scope.folder.clone(), scope.file.clone());
        of(&self.governed) == of(governed)
    }
}

impl<'a> Exports<'a> {
    /// Exports as one configuration needs them, or several of them.
    ///
    /// # Errors
    /// If standard input is named more than once.
    pub(super) fn new(common: &'a CommonArgs, today: Date, is_shared: bool) -> Result<Self, Error> {
        check_stdin(common, Path::new(""))?;
        Ok(Self { common, today, is_shared, stdin: None, by_window: Vec::new(), ahead: None })
    }

    /// The same, with what was read already.
    pub(super) fn after(self, ahead: Option<Ahead>) -> Self {
        Self { ahead, ..self }
    }

    /// The evidence for the files that a configuration governs.
    ///
    /// # Errors
    /// If a named file cannot be read or is no export.
    pub(super) fn load(&mut self, governed: &Scope) -> Result<Loaded, Error> {
        if self.common.findings.is_empty() || !self.is_shared {
            return self.read_and_say(governed);
        }
        let window = governed.config.unused_for;
        if let Some((_, known)) = self.by_window.iter().find(|(known, _)| *known == window) {
            return Ok(known.clone());
        }
        let loaded = self.read_and_say(governed)?;
        self.by_window.push((window, loaded.clone()));
        Ok(loaded)
    }

    /// The real paths of the files that would be read, as far as they are there.
    pub(super) fn paths(&self, governed: &Scope) -> Vec<PathBuf> {
        let exports = exports(governed, self.common, self.today).unwrap_or_default();
        exports.into_iter().map(|export| std::fs::canonicalize(&export.path).unwrap_or(export.path)).collect()
    }

    fn read_and_say(&mut self, governed: &Scope) -> Result<Loaded, Error> {
        let loaded = match self.ahead.take_if(|ahead| ahead.is_for(governed, self.common)) {
            Some(ahead) => ahead.read?,
            None => self.read(governed)?,
        };
        say(&loaded.0, self.common);
        Ok(loaded)
    }

    fn read(&mut self, governed: &Scope) -> Result<Loaded, Error> {
        let mut builder = EvidenceBuilder::new(Selection::of(&self.common.identity));
        let mut read = Vec::new();
        for export in exports(governed, self.common, self.today)? {
            let NamedExport { about, unused_since, unused_for, .. } = &export;
            let options = ReadOptions { about: about.as_ref(), unused_since: *unused_since, unused_for: *unused_for };
            let cannot = |error| Error::new("cannot read the findings").in_file(&export.shown).because(error);
            if export.path == Path::new("-") {
                builder.read("-", self.stdin().map_err(cannot)?, &options)?;
                continue;
            }
            let result =
                open(&export.path).map_err(cannot).and_then(|file| builder.read(&export.shown, file, &options));
            match result {
                Err(error) if export.in_folder => builder.warn(&export.shown, &within(&error)),
                result => result?,
            }
            read.push(std::fs::canonicalize(&export.path).unwrap_or(export.path));
        }
        let evidence = builder.finish();
        if evidence.anonymous.is_some() && self.common.identity.len() > 1 {
            return Err(Error::new("the findings name no identity, and `--identity` names several")
                .help("say the one that they are about"));
        }
        Ok((Arc::new(evidence), read))
    }

    /// Standard input from its start; kept in a file of its own where it may be needed again.
    fn stdin(&mut self) -> io::Result<Box<dyn Read + '_>> {
        if !self.is_shared {
            return Ok(Box::new(io::stdin().lock()));
        }
        if self.stdin.is_none() {
            let mut kept = tempfile::tempfile()?;
            io::copy(&mut io::stdin().lock(), &mut kept)?;
            self.stdin = Some(kept);
        }
        let mut kept = self.stdin.as_ref().ok_or_else(|| io::Error::other("gone"))?;
        kept.rewind()?;
        Ok(Box::new(kept))
    }
}

/// The evidence for one configuration alone.
///
/// # Errors
/// As [`Exports::load`].
pub(super) fn load(governed: &Scope, common: &CommonArgs, today: Date) -> Result<Loaded, Error> {
    Exports::new(common, today, false)?.load(governed)
}

/// Fails if standard input is to be read twice: it can be read once a run.
///
/// # Errors
/// If `-` is given more than once, `other` included.
pub(super) fn check_stdin(common: &CommonArgs, other: &Path) -> Result<(), Error> {
    let given = common.findings.iter().map(PathBuf::as_path).chain([other]);
    if given.filter(|path| *path == Path::new("-")).count() < 2 {
        return Ok(());
    }
    Err(Error::new("`-` is given more than once").help("standard input can be read once: name files for the rest"))
}

/// Tells what of the exports could not be used, that there is nothing in them, and who asked for is not.
fn say(evidence: &Evidence, common: &CommonArgs) {
    if common.output.quiet {
        return;
    }
    for export in &evidence.exports {
        let warnings = export.warnings.iter();
        warnings.for_each(|warning| print::stderr(&format!("warning: {}: {}", export.path, warning)));
    }
    let has_nothing = |export: &Export| export.findings == 0 && export.warnings.is_empty();
    let has_others = !evidence.recommendations.is_empty() || !evidence.inventory.is_empty();
    if has_others {
        return;
    }
    if evidence.anonymous.is_none() && evidence.identities.is_empty() && evidence.exports.iter().all(has_nothing) {
        let paths: Vec<&str> = evidence.exports.iter().map(|export| export.path.as_str()).collect();
        if !paths.is_empty() {
            print::stderr(&format!("note: there is no finding in {}", paths.join(", ")));
        }
        return;
    }
    for asked in common.identity.iter().filter(|asked| evidence.anonymous.is_none() && !speaks_of(evidence, asked)) {
        print::stderr(&format!("warning: the findings do not speak of `{asked}`"));
    }
}

fn speaks_of(evidence: &Evidence, asked: &str) -> bool {
    IdentityArn::parse(asked)
        .map_or_else(|| evidence.named(asked).next().is_some(), |arn| evidence.identity(&arn).is_some())
}

/// What is wrong inside of an export, with its place there.
fn within(error: &Error) -> String {
    let position = error.place().and_then(|place| place.position);
    let place = position.map(|(line, column)| format!("line {line}, column {column}: ")).unwrap_or_default();
    format!("{place}{}", error.reason())
}

/// Opens a regular file; anything else could make the program wait for ever, but for what a shell hands over open, as
/// `--findings <(zcat f.gz)` does.
fn open(path: &Path) -> io::Result<impl Read + use<>> {
    let is_handed_over = ["/dev", "/proc"].iter().any(|folder| path.starts_with(folder));
    if !is_handed_over && !std::fs::metadata(path)?.is_file() {
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
    unused_for: Option<i32>,
}

/// What the command line names, else what the configuration names.
fn exports(governed: &Scope, common: &CommonArgs, today: Date) -> Result<Vec<NamedExport>, Error> {
    let mut exports = Vec::new();
    if !common.findings.is_empty() {
        let about = match common.identity.as_slice() {
            [only] => IdentityArn::parse(only),
            _ => None,
        };
        for path in &common.findings {
            let found = some_files(path, &path.display().to_string())?;
            let unused_for = governed.config.unused_for;
            exports.extend(found.into_iter().map(|file| file.with(about.clone(), unused_for, today)));
        }
        return Ok(exports);
    }
    for entry in &governed.config.findings {
        let unused_for = entry.unused_for.or(governed.config.unused_for);
        for file in configured(&governed.folder, &entry.path)? {
            let shown = shown_in(governed, &file.shown);
            exports.push(Candidate { shown, ..file }.with(entry.identity.clone(), unused_for, today));
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
    fn with(self, about: Option<IdentityArn>, unused_for: Option<Days>, today: Date) -> NamedExport {
        let Self { path, shown, in_folder } = self;
        let unused_since = unused_for.and_then(|days| today.checked_sub(i64::from(days.0).days()).ok());
        let unused_for = unused_for.and_then(|days| i32::try_from(days.0).ok());
        NamedExport { path, shown, in_folder, about, unused_since, unused_for }
    }
}

/// The file at a path, or all files below it, of which there must be one.
fn some_files(path: &Path, shown: &str) -> Result<Vec<Candidate>, Error> {
    let found = files(path, shown)?;
    if found.is_empty() {
        return Err(Error::new("there is no file in the folder of the findings").in_file(shown).help(export_help()));
    }
    Ok(found)
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
        let is_link_to_file = entry.path_is_symlink() && entry.path().is_file();
        if entry.file_type().is_file() || is_link_to_file {
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
        return some_files(&folder.join(path), path);
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
        return Err(Error::new(format!("no findings file matches `{}`", glob.as_str())).help(export_help()));
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
