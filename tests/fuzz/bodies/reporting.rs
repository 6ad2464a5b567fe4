//! Every output format over any report: well-formed, and inert.

use iamtrim::catalog::Catalog;
use iamtrim::diagnostic::Report;
use iamtrim::report::style::{Style, Verbosity};
use iamtrim::report::{github, gitlab, human, json, junit, markdown, policies, rdjson, sarif, suggestions};
use iamtrim::source::Sources;

pub(crate) fn all_formats(report: &Report, sources: &Sources, catalog: &Catalog) {
    let shown = sources.files().iter().map(|file| (file.path.clone(), vec![1..=usize::MAX])).collect();
    let json = [
        json::render(report, sources, catalog),
        json::render_policies(report, sources, &[]),
        sarif::render(report, sources),
        gitlab::render(report, sources),
        rdjson::render(report, sources),
        suggestions::render(report, sources, &shown),
    ];
    for text in &json {
        let read = serde_json::from_str::<serde_json::Value>(text);
        assert!(read.is_ok(), "{read:?}: {text}");
        inert(text);
    }
    let style = |width| Style { color: false, unicode: width > 60, width, verbosity: Verbosity::Verbose };
    for width in [20, 100] {
        inert(&human::render(report, sources, &style(width)));
        inert(&policies::render(report, sources, &[], &style(width)));
    }
    inert(&junit::render(report, sources));
    inert(&markdown::render(report, sources, catalog));
    controls(&github::render(report, sources));
}

/// Nothing that a terminal obeys, and nothing that a runner does.
fn inert(text: &str) {
    controls(text);
    let is_command = |line: &str| line.trim_start().starts_with("::");
    assert!(!text.contains("##[") && !text.lines().any(is_command), "{text}");
}

fn controls(text: &str) {
    let control = text.chars().find(|c| c.is_control() && !matches!(c, '\n' | '\t'));
    assert_eq!(control, None, "{text:?}");
}
