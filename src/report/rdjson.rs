//! The format of [reviewdog](https://github.com/reviewdog/reviewdog/tree/master/proto/rdf), with suggestions.
//!
//! Its columns count bytes of UTF-8. A fix is one suggestion, at the first of its diagnostics.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::diagnostic::{Diagnostic, Fix, Report};
use crate::refine::safety::Applicability;
use crate::report::plain::{self, Fixes};
use crate::report::region::{self, Region};
use crate::report::{inert, json};
use crate::rule::Level;
use crate::source::Sources;

/// Renders what `lint` found, but for what is kept on purpose.
#[must_use]
pub fn render(report: &Report, sources: &Sources) -> String {
    let fixes = Fixes::new(report);
    let mut told = BTreeSet::new();
    let counted = report.diagnostics.iter().filter(|diagnostic| diagnostic.suppressed.is_none());
    let diagnostics: Vec<Value> = counted
        .map(|diagnostic| {
            let fix = fixes.of(diagnostic).filter(|fix| fix.applicability > Applicability::DisplayOnly);
            let news = fix.filter(|fix| told.insert(fix.id.as_str()));
            rdf(diagnostic, news, &fixes, sources)
        })
        .collect();
    json::inert(&json!({ "source": { "name": env!("CARGO_PKG_NAME") }, "diagnostics": diagnostics }))
}

fn rdf(diagnostic: &Diagnostic, fix: Option<&Fix>, fixes: &Fixes<'_>, sources: &Sources) -> Value {
    let place = &diagnostic.place;
    let mut location = json!({ "path": inert::line(&place.path) });
    if let Some(file) = region::source(place, sources) {
        json::put(&mut location, "range", range(Region::in_bytes(place.span, file)));
    }
    let mut value = json!({
        "message": plain::lines(diagnostic, fixes).join("\n"),
        "location": location,
        "severity": severity(diagnostic.level),
        "code": { "value": diagnostic.rule.id() },
    });
    if let Some(suggestion) = fix.and_then(|fix| suggestion(fix, sources)) {
        json::put(&mut value, "suggestions", json!([suggestion]));
    }
    value
}

/// A fix as one replacement, since half of it would not do.
fn suggestion(fix: &Fix, sources: &Sources) -> Option<Value> {
    let file = sources.get(fix.file)?;
    let edit = region::merged(fix.edits.as_slice(), &file.text)?;
    Some(json!({ "range": range(Region::in_bytes(edit.span, file)), "text": edit.replacement }))
}

fn range(region: Region) -> Value {
    let (start, end) = (region.start, region.end);
    json!({
        "start": { "line": start.line, "column": start.column },
        "end": { "line": end.line, "column": end.column },
    })
}

fn severity(level: Level) -> &'static str {
    match level {
        Level::Error => "ERROR",
        Level::Warning => "WARNING",
        Level::Note => "INFO",
    }
}
