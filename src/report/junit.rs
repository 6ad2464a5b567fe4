//! JUnit's XML, which every CI system shows: a suite per file, a test case per diagnostic.
//!
//! Errors and warnings are failures; notes, and what is kept on purpose, are skipped.

use crate::diagnostic::{Diagnostic, Report};
use crate::report::plain::{self, Fixes};
use crate::report::{inert, region};
use crate::rule::Level;
use crate::source::Sources;

/// Renders what `lint` found.
#[must_use]
pub fn render(report: &Report, sources: &Sources) -> String {
    let fixes = Fixes::new(report);
    let tool = env!("CARGO_PKG_NAME");
    let mut out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n".to_owned();
    let failures = report.diagnostics.iter().filter(|diagnostic| fails(diagnostic)).count();
    let tests = report.diagnostics.len().max(1);
    out.push_str(&format!("<testsuites name=\"{tool}\" tests=\"{tests}\" failures=\"{failures}\">\n"));
    if report.diagnostics.is_empty() {
        out.push_str(&format!("  <testsuite name=\"{tool}\" tests=\"1\" failures=\"0\" errors=\"0\" skipped=\"0\">\n"));
        out.push_str(&format!("    <testcase name=\"no problems\" classname=\"{tool}\"/>\n  </testsuite>\n"));
    }
    for of_file in report.diagnostics.chunk_by(|a, b| a.place.path == b.place.path) {
        push_suite(&mut out, of_file, &fixes, sources);
    }
    out.push_str("</testsuites>\n");
    out
}

fn push_suite(out: &mut String, of_file: &[Diagnostic], fixes: &Fixes<'_>, sources: &Sources) {
    let Some(first) = of_file.first() else { return };
    let failures = of_file.iter().filter(|diagnostic| fails(diagnostic)).count();
    let (path, tests, skipped) = (escaped(&first.place.path), of_file.len(), of_file.len() - failures);
    out.push_str(&format!(
        "  <testsuite name=\"{path}\" tests=\"{tests}\" failures=\"{failures}\" errors=\"0\" skipped=\"{skipped}\">\n"
    ));
    for diagnostic in of_file {
        let line = region::line(&diagnostic.place, sources);
        let rule = diagnostic.rule.id();
        let pattern = diagnostic.pattern.as_ref().map(|pattern| format!(" {}", escaped(pattern))).unwrap_or_default();
        out.push_str(&format!("    <testcase name=\"{rule}{pattern} on line {line}\" classname=\"{path}\">\n"));
        out.push_str(&outcome(diagnostic, fixes, &format!("{path}:{line}")));
        out.push_str("    </testcase>\n");
    }
    out.push_str("  </testsuite>\n");
}

fn outcome(diagnostic: &Diagnostic, fixes: &Fixes<'_>, place: &str) -> String {
    let message = escaped(&diagnostic.message);
    if !fails(diagnostic) {
        let reason = diagnostic.suppressed.as_ref().map(|reason| format!("kept on purpose: {reason}"));
        return match reason {
            Some(reason) => format!("      <skipped message=\"{}\"/>\n", escaped(&reason)),
            None => format!("      <skipped message=\"{message}\"/>\n"),
        };
    }
    let lines: Vec<String> = plain::lines(diagnostic, fixes).iter().map(|line| escaped(line)).collect();
    let (kind, body) = (diagnostic.level.word(), lines.join("\n"));
    format!("      <failure message=\"{message}\" type=\"{kind}\">{place}: {body}</failure>\n")
}

fn fails(diagnostic: &Diagnostic) -> bool {
    diagnostic.level > Level::Note && diagnostic.suppressed.is_none()
}

/// A text inside of an element or of an attribute's quotes, on one line, of characters that XML knows.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in inert::line(text).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}
