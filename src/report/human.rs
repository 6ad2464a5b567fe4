//! The report for people at a terminal.

use std::fmt::Write as _;

use crate::diagnostic::Report;
use crate::report::style::Style;
use crate::source::Sources;

/// Renders what `lint` found.
#[must_use]
pub fn render(report: &Report, sources: &Sources, _style: &Style) -> String {
    let mut out = String::new();
    for d in &report.diagnostics {
        let pos = d.place.file.and_then(|f| sources.get(f)).map(|f| f.position(d.place.span.start));
        let _ = writeln!(
            out,
            "{}:{:?} {} {} {}",
            d.place.path,
            pos.map(|p| (p.line, p.column)),
            d.level.word(),
            d.rule.id(),
            d.message
        );
        for n in &d.notes {
            let _ = writeln!(out, "   note: {n}");
        }
        let _ = writeln!(out, "   label {:?} fix {:?} repl {:?} help {:?}", d.label, d.fix, d.replacement, d.help);
    }
    for f in &report.fixes {
        let _ = writeln!(out, "fix {} {:?} {:?} {:?}", f.id, f.applicability, f.withheld, f.size);
    }
    let _ = writeln!(out, "{:?}", report.summary);
    out
}
