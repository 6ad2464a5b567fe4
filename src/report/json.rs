//! The report as JSON, version 1: a frozen format of its own, not a dump of internals.
//!
//! Every string is inert for a terminal and for a workflow log.

use std::fmt::Write as _;

use jiff::civil::Date;
use serde::Serialize;
use serde_json::{Value, json};

use crate::catalog::Catalog;
use crate::diagnostic::{Diagnostic, Fix, IdentityRef, Place, PolicyListing, PolicyRef, Report, StatementListing};
use crate::report::policies::FellOn;
use crate::rule::Rule;
use crate::source::{FileId, Position, Sources, Span};

/// Renders what `lint` found.
#[must_use]
pub fn render(report: &Report, sources: &Sources, catalog: &Catalog) -> String {
    let (services, actions) = catalog.counts();
    let summary = &report.summary;
    inert(&json!({
        "version": 1,
        "tool": { "name": env!("CARGO_PKG_NAME"), "version": env!("CARGO_PKG_VERSION") },
        "catalog": { "date": catalog.date().map(text), "services": services, "actions": actions },
        "diagnostics": report.diagnostics.iter().map(|d| diagnostic(d, sources)).collect::<Vec<_>>(),
        "fixes": report.fixes.iter().map(fix).collect::<Vec<_>>(),
        "summary": {
            "files": summary.files,
            "policies": summary.policies,
            "statements": summary.statements,
            "patterns": summary.patterns,
            "diagnostics": report.diagnostics.iter().filter(|d| d.suppressed.is_none()).count(),
            "fixable": summary.fixable,
            "fixed": summary.fixed,
        },
    }))
}

/// Renders what `policies` lists.
#[must_use]
pub fn render_policies(report: &Report, sources: &Sources, findings: &[FellOn]) -> String {
    inert(&json!({
        "version": 1,
        "policies": report.policies.iter().map(|policy| listing(policy, sources)).collect::<Vec<_>>(),
        "skipped": skipped(report, sources),
        "findings": findings.iter().map(fell_on).collect::<Vec<_>>(),
    }))
}

/// A value as JSON text; what a terminal or a workflow runner could obey is escaped.
///
/// Such characters stand in strings only, so that an escape may take their place anywhere.
#[must_use]
pub fn inert(value: &impl Serialize) -> String {
    let plain = serde_json::to_string_pretty(value).unwrap_or_default();
    let mut out = String::with_capacity(plain.len() + 1);
    for c in plain.replace("##[", "#\\u0023[").chars() {
        let is_hidden = matches!(c, '\u{7f}'..='\u{9f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
        if is_hidden {
            // Writing to a string cannot fail.
            let _ = write!(out, "\\u{:04x}", u32::from(c));
        } else {
            out.push(c);
        }
    }
    out.push('\n');
    out
}

/// Adds a member to an object that not all have.
pub(super) fn put(object: &mut Value, key: &str, member: Value) {
    if let Some(members) = object.as_object_mut() {
        members.insert(key.to_owned(), member);
    }
}

fn text(date: Date) -> String {
    date.to_string()
}

fn position(sources: &Sources, file: Option<FileId>, offset: u32) -> Value {
    let start = Position { line: 1, column: 1 };
    let Position { line, column } = file.and_then(|id| sources.get(id)).map_or(start, |file| file.position(offset));
    json!({ "line": line, "column": column, "offset": offset })
}

fn range(place: &Place, sources: &Sources) -> (Value, Value) {
    let Span { start, end } = place.span;
    (position(sources, place.file, start), position(sources, place.file, end))
}

fn diagnostic(diagnostic: &Diagnostic, sources: &Sources) -> Value {
    let (start, end) = range(&diagnostic.place, sources);
    let unused = diagnostic.unused.iter();
    json!({
        "fingerprint": format!("{:016x}", diagnostic.fingerprint),
        "rule": diagnostic.rule.id(),
        "level": diagnostic.level.word(),
        "message": diagnostic.message,
        "path": diagnostic.place.path,
        "start": start,
        "end": end,
        "policies": diagnostic.policies.iter().map(policy).collect::<Vec<_>>(),
        "identities": diagnostic.identities.iter().map(identity).collect::<Vec<_>>(),
        "pattern": diagnostic.pattern,
        "unused": unused.map(|u| json!({ "action": u.action, "last_accessed": u.last_accessed.map(text) })).collect::<Vec<_>>(),
        "kept": diagnostic.kept.map(|kept| json!({ "used_or_unknown": kept.used_or_unknown, "untracked": kept.untracked })),
        "replacement": diagnostic.replacement,
        "fix": diagnostic.fix,
        "suppressed": diagnostic.suppressed,
    })
}

fn policy(policy: &PolicyRef) -> Value {
    json!({ "kind": policy.kind, "address": policy.address, "statement": policy.statement, "sid": policy.sid })
}

fn identity(identity: &IdentityRef) -> Value {
    let finding = identity.finding.as_ref().map(
        |finding| json!({ "id": finding.ids.first(), "analyzed_at": finding.analyzed_at.map(|at| at.to_string()) }),
    );
    json!({ "arn": identity.arn, "known_by": identity.known_by.word(), "finding": finding })
}

fn fix(fix: &Fix) -> Value {
    let edits = fix.edits.as_slice().iter();
    json!({
        "id": fix.id,
        "path": fix.path,
        "applicability": fix.applicability.word(),
        "withheld": fix.withheld,
        "edits": edits.map(|e| json!({ "start": e.span.start, "end": e.span.end, "text": e.replacement })).collect::<Vec<_>>(),
        "size": { "before": fix.size.before, "after": fix.size.after, "quota": fix.size.quota },
    })
}

fn fell_on(finding: &FellOn) -> Value {
    json!({ "arn": finding.identity, "ids": finding.ids, "policies": finding.policies })
}

fn listing(policy: &PolicyListing, sources: &Sources) -> Value {
    let (start, end) = range(&policy.place, sources);
    json!({
        "path": policy.place.path,
        "start": start,
        "end": end,
        "kind": policy.kind,
        "format": policy.format,
        "address": policy.address,
        "identities": policy.identities.iter().map(owner).collect::<Vec<_>>(),
        "statements": policy.statements.iter().map(|s| statement(s, sources)).collect::<Vec<_>>(),
    })
}

fn owner(identity: &IdentityRef) -> Value {
    let key = if identity.arn.starts_with("arn:") { "arn" } else { "name" };
    json!({ key: identity.arn, "known_by": identity.known_by.word() })
}

fn statement(statement: &StatementListing, sources: &Sources) -> Value {
    let pattern = |(text, place): &(String, Place)| {
        let (start, end) = range(place, sources);
        json!({ "text": text, "path": place.path, "start": start, "end": end })
    };
    json!({
        "effect": statement.effect,
        "element": statement.element,
        "patterns": statement.patterns.iter().map(pattern).collect::<Vec<_>>(),
        "opaque": statement.opaque,
    })
}

/// What is not refined, and what could not be read, in order of place.
fn skipped(report: &Report, sources: &Sources) -> Vec<Value> {
    let skipped = report.skipped.iter().map(|skipped| (&skipped.place, skipped.reason.word()));
    let unread = report.diagnostics.iter().filter(|diagnostic| diagnostic.rule == Rule::UnreadableFile);
    let mut all: Vec<_> = skipped.chain(unread.map(|unread| (&unread.place, "unreadable"))).collect();
    all.sort();
    let listing = |(place, reason): (&Place, &str)| {
        let (start, _) = range(place, sources);
        json!({ "path": place.path, "start": start, "reason": reason })
    };
    all.into_iter().map(listing).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_string_can_be_obeyed() {
        let hostile = "::error::x\n##[error]\u{1b}[31m\u{202e}\u{9b}";
        let rendered = inert(&json!({ "message": hostile }));
        assert_eq!(rendered.lines().count(), 3);
        assert!(!rendered.contains("##[") && !rendered.contains(['\u{1b}', '\u{202e}', '\u{9b}']));
        assert_eq!(serde_json::from_str::<Value>(&rendered).unwrap()["message"], hostile);
    }
}
