//! GitLab's [code quality report](https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format).

use serde_json::{Value, json};

use crate::diagnostic::{Diagnostic, Report};
use crate::report::plain::{self, Fixes};
use crate::report::{inert, json, region};
use crate::rule::Level;
use crate::source::Sources;

/// Renders what `lint` found, but for what is kept on purpose.
#[must_use]
pub fn render(report: &Report, sources: &Sources) -> String {
    let fixes = Fixes::new(report);
    let counted = report.diagnostics.iter().filter(|diagnostic| diagnostic.suppressed.is_none());
    json::inert(&counted.map(|diagnostic| violation(diagnostic, &fixes, sources)).collect::<Vec<_>>())
}

fn violation(diagnostic: &Diagnostic, fixes: &Fixes<'_>, sources: &Sources) -> Value {
    let line = region::line(&diagnostic.place, sources);
    json!({
        "description": plain::message(diagnostic),
        "content": { "body": plain::lines(diagnostic, fixes).get(1..).unwrap_or_default().join("\n") },
        "check_name": diagnostic.rule.id(),
        "fingerprint": format!("{:016x}", diagnostic.fingerprint),
        "severity": severity(diagnostic.level),
        "location": { "path": inert::line(&diagnostic.place.path), "lines": { "begin": line } },
    })
}

fn severity(level: Level) -> &'static str {
    match level {
        Level::Error => "critical",
        Level::Warning => "minor",
        Level::Note => "info",
    }
}
