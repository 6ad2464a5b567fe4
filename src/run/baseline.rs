//! The baseline: fingerprints of diagnostics that are known, so that only others count.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use iamtrim::diagnostic::Report;
use iamtrim::error::Error;
use iamtrim::report::json;
use iamtrim::walk::write;
use serde::Deserialize;
use serde_json::json;

/// The shape of the file, version 1.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Baseline {
    version: u32,
    /// By fingerprint, what it was found for; for people alone.
    known: BTreeMap<String, String>,
}

/// Writes down all that a report says.
///
/// # Errors
/// If the file cannot be written.
pub(super) fn write(path: &Path, report: &Report) -> Result<usize, Error> {
    let counted = report.diagnostics.iter().filter(|diagnostic| diagnostic.suppressed.is_none());
    let known: BTreeMap<String, String> = counted
        .map(|d| {
            let pattern = d.pattern.as_deref().map(|pattern| format!(" {pattern}")).unwrap_or_default();
            (fingerprint(d.fingerprint), format!("{}{pattern} in {}", d.rule.id(), d.place.path))
        })
        .collect();
    let cannot = |error| Error::new("cannot write the baseline").in_file(path.display().to_string()).because(error);
    let text = json::inert(&json!({ "version": 1, "known": known }));
    write::create(path, text.as_bytes()).map_err(cannot)?;
    Ok(known.len())
}

/// Leaves out of a report what is known.
///
/// # Errors
/// If the file cannot be read or is no baseline.
pub(super) fn apply(path: &Path, report: &mut Report) -> Result<(), Error> {
    let shown = path.display().to_string();
    let text = super::input::text(path)
        .map_err(|error| Error::new("cannot read the baseline").in_file(&shown).because(error))?;
    let baseline: Baseline = serde_json::from_str(&text).map_err(|error| {
        Error::new("not a baseline").at(&shown, error.line(), error.column()).help("`--write-baseline` makes one")
    })?;
    if baseline.version != 1 {
        let message = format!("a baseline of version {}, and this program knows version 1", baseline.version);
        return Err(Error::new(message).in_file(&shown));
    }
    let known: BTreeSet<&str> = baseline.known.keys().map(String::as_str).collect();
    report.diagnostics.retain(|diagnostic| !known.contains(fingerprint(diagnostic.fingerprint).as_str()));
    report.summary.fixable = report.fixable();
    Ok(())
}

fn fingerprint(value: u64) -> String {
    format!("{value:016x}")
}
