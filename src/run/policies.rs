//! `iamtrim policies`: every policy that the walk finds, and what is skipped.

use std::fmt::Write as _;
use std::process::ExitCode;

use iamtrim::check::check;
use iamtrim::diagnostic::{IdentityRef, Place, PolicyListing, Report};
use iamtrim::error::Error;
use iamtrim::report::{inert, json};
use iamtrim::rule::Rule;
use iamtrim::source::Sources;

use super::lint::today;
use super::print;
use super::workspace::{Selection, Workspace};
use crate::cli::{LintFormat, PoliciesArgs};

pub(super) fn run(args: &PoliciesArgs) -> Result<ExitCode, Error> {
    let selection = Selection { paths: &args.paths, no_ignore: false, today: today(), needs_findings: false };
    let workspace = Workspace::open(&selection, &args.common)?;
    let mut report = check(&workspace.sources, &workspace.scopes, &workspace.catalog).report;
    report.diagnostics.extend(workspace.unread_diagnostics());
    report.diagnostics.sort_by(|a, b| a.place.cmp(&b.place));
    match args.format {
        LintFormat::Json => print::stdout(&json::render_policies(&report, &workspace.sources)),
        LintFormat::Human => print::stdout(&inert::block(&table(&report, &workspace, args.common.output.verbose))),
    }
}

fn table(report: &Report, workspace: &Workspace, with_entries: bool) -> String {
    let mut out = String::new();
    for policy in &report.policies {
        policy_lines(&mut out, policy, &workspace.sources, with_entries);
    }
    for skipped in &report.skipped {
        let place = shown(&skipped.place, &workspace.sources);
        line(&mut out, &format!("{place}  skipped: {}", skipped.reason.word()));
    }
    for unread in report.diagnostics.iter().filter(|diagnostic| diagnostic.rule == Rule::UnreadableFile) {
        let place = shown(&unread.place, &workspace.sources);
        line(&mut out, &format!("{place}  not read: {}", inert::line(&unread.message)));
    }
    let (policies, skipped) = (report.policies.len(), report.skipped.len());
    let plural = if policies == 1 { "policy" } else { "policies" };
    line(&mut out, &format!("{policies} {plural}, {skipped} skipped"));
    out
}

fn line(out: &mut String, text: &str) {
    // Writing to a string cannot fail.
    let _ = writeln!(out, "{text}");
}

fn policy_lines(out: &mut String, policy: &PolicyListing, sources: &Sources, with_entries: bool) {
    let address =
        if policy.address.is_empty() { String::new() } else { format!(" at {}", inert::line(&policy.address)) };
    line(out, &format!("{}  {} {}{address}", shown(&policy.place, sources), policy.kind, policy.format));
    if policy.identities.is_empty() {
        line(out, "  belongs to nobody known");
    }
    for IdentityRef { arn, known_by, finding } in &policy.identities {
        let evidence = if finding.is_some() { "" } else { ", no usable finding" };
        line(out, &format!("  belongs to {} (known by {}{evidence})", inert::line(arn), known_by.word()));
    }
    for statement in policy.statements.iter().filter(|_| with_entries) {
        line(out, &format!("  {} {}", statement.effect, statement.element));
        for (pattern, place) in &statement.patterns {
            line(out, &format!("    {}  {}", position(place, sources), inert::line(pattern)));
        }
        if statement.opaque > 0 {
            line(out, &format!("    {} known only at deployment", statement.opaque));
        }
    }
}

fn shown(place: &Place, sources: &Sources) -> String {
    let path = inert::line(&place.path);
    if place.file.is_none() { path.into_owned() } else { format!("{path}:{}", position(place, sources)) }
}

fn position(place: &Place, sources: &Sources) -> String {
    let file = place.file.and_then(|id| sources.get(id));
    file.map_or_else(String::new, |file| {
        let position = file.position(place.span.start);
        format!("{}:{}", position.line, position.column)
    })
}
