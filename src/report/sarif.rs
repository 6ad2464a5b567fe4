//! SARIF 2.1.0 for code scanning, within what [GitHub
//! reads](https://docs.github.com/en/code-security/code-scanning/integrating-with-code-scanning/sarif-support-for-code-scanning).
//!
//! A result stands on one line, since an alert shows in a pull request only if all its lines were changed there.

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::diagnostic::{Diagnostic, Fix, Report};
use crate::report::plain::{self, Fixes};
use crate::report::region::{self, Region};
use crate::report::{inert, json};
use crate::rule::{RULES, Rule, RuleInfo};
use crate::source::Sources;

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

/// How many results of a run GitHub shows.
const RESULTS: usize = 5_000;

/// Renders what `lint` found.
#[must_use]
pub fn render(report: &Report, sources: &Sources) -> String {
    let fixes = Fixes::new(report);
    let kept = kept(report);
    let results = report.diagnostics.iter().enumerate().filter(|(index, _)| kept.contains(index));
    let results: Vec<Value> = results.map(|(_, diagnostic)| result(diagnostic, &fixes, sources)).collect();
    let left_out = report.diagnostics.len() - results.len();
    json::inert(&json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": env!("CARGO_PKG_NAME"),
                "version": env!("CARGO_PKG_VERSION"),
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": RULES.iter().map(rule).collect::<Vec<_>>(),
            } },
            "automationDetails": { "id": concat!(env!("CARGO_PKG_NAME"), "/") },
            "columnKind": "unicodeCodePoints",
            "invocations": [{ "executionSuccessful": true, "toolExecutionNotifications": notifications(left_out) }],
            "results": results,
        }],
    }))
}

/// The indexes of the diagnostics that there is room for, the least important left out.
fn kept(report: &Report) -> BTreeSet<usize> {
    let mut order: Vec<(usize, &Diagnostic)> = report.diagnostics.iter().enumerate().collect();
    let weight = |diagnostic: &Diagnostic| (diagnostic.suppressed.is_none(), diagnostic.level, diagnostic.unused.len());
    order.sort_by_key(|(_, diagnostic)| Reverse(weight(diagnostic)));
    order.into_iter().take(RESULTS).map(|(index, _)| index).collect()
}

fn notifications(left_out: usize) -> Vec<Value> {
    let text = format!("{left_out} results are left out, since code scanning shows {RESULTS} of a run");
    let notification = json!({ "level": "warning", "message": { "text": text } });
    (left_out > 0).then_some(notification).into_iter().collect()
}

fn rule(info: &RuleInfo) -> Value {
    let mut properties = json!({ "tags": ["security", "iam"], "precision": "high" });
    if let Some(severity) = severity(info.rule) {
        json::put(&mut properties, "security-severity", json!(severity));
    }
    json!({
        "id": info.id,
        "shortDescription": { "text": info.summary },
        "fullDescription": { "text": info.summary },
        "help": { "text": info.documentation, "markdown": info.documentation },
        "defaultConfiguration": { "level": info.level.word() },
        "properties": properties,
    })
}

/// How bad it is at most, from 0 to 10, for what is granted and not used; nothing for what is no grant.
fn severity(rule: Rule) -> Option<&'static str> {
    match rule {
        Rule::BroadGrant => Some("6.0"),
        Rule::UnusedRole | Rule::UnusedUserCredentials => Some("5.0"),
        Rule::UnusedAction | Rule::UnusedService | Rule::PartlyUsedWildcard => Some("4.0"),
        Rule::UnneededAllow
        | Rule::StaleFindings
        | Rule::UnreadableFile
        | Rule::UnknownAction
        | Rule::UnmatchedFinding => None,
    }
}

fn result(diagnostic: &Diagnostic, fixes: &Fixes<'_>, sources: &Sources) -> Value {
    let place = &diagnostic.place;
    let region = region::first_line(place, sources).map_or_else(|| json!({ "startLine": 1 }), region_of);
    let fingerprint = format!("{:016x}", diagnostic.fingerprint);
    let index = RULES.iter().position(|info| info.rule == diagnostic.rule);
    let mut result = json!({
        "ruleId": diagnostic.rule.id(),
        "ruleIndex": index,
        "level": diagnostic.level.word(),
        "message": { "text": message(&plain::lines(diagnostic, fixes).join("\n")) },
        "locations": [{ "physicalLocation": { "artifactLocation": { "uri": uri(&place.path) }, "region": region } }],
        "partialFingerprints": { "primaryLocationLineHash": format!("{fingerprint}:1") },
    });
    if let Some(fix) = fixes.of(diagnostic).and_then(|fix| change(fix, sources)) {
        json::put(&mut result, "fixes", json!([fix]));
    }
    if let Some(reason) = &diagnostic.suppressed {
        let suppression = json!({ "kind": "inSource", "justification": inert::line(reason) });
        json::put(&mut result, "suppressions", json!([suppression]));
    }
    result
}

fn region_of(region: Region) -> Value {
    json!({
        "startLine": region.start.line,
        "startColumn": region.start.column,
        "endLine": region.end.line,
        "endColumn": region.end.column,
    })
}

/// The edits of a fix; GitHub passes over them, other viewers apply them.
fn change(fix: &Fix, sources: &Sources) -> Option<Value> {
    let file = sources.get(fix.file)?;
    let replacement = |edit: &crate::edit::Edit| {
        json!({
            "deletedRegion": region_of(Region::of(edit.span, file)),
            "insertedContent": { "text": edit.replacement },
        })
    };
    let replacements: Vec<Value> = fix.edits.as_slice().iter().map(replacement).collect();
    let text = format!("take out what is unused ({})", fix.applicability.word());
    (!replacements.is_empty()).then(|| {
        json!({
            "description": { "text": text },
            "artifactChanges": [{ "artifactLocation": { "uri": uri(&fix.path) }, "replacements": replacements }],
        })
    })
}

/// A text in which nothing is a link or a placeholder.
fn message(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' | '[' | ']' => out.extend(['\\', c]),
            '{' | '}' => out.extend([c, c]),
            _ => out.push(c),
        }
    }
    out
}

/// A path as a relative reference; its bytes that are no text are written as a path shows them already.
fn uri(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    let mut rest = path;
    while let Some(c) = rest.chars().next() {
        let tail = rest.get(c.len_utf8()..).unwrap_or_default();
        let is_byte = c == '%' && stands_for_a_byte(tail);
        if is_byte || c.is_ascii_alphanumeric() || matches!(c, '/' | '.' | '-' | '_' | '~') {
            out.push(c);
        } else {
            for byte in c.encode_utf8(&mut [0; 4]).bytes() {
                // Writing to a string cannot fail.
                let _ = write!(out, "%{byte:02X}");
            }
        }
        rest = tail;
    }
    out
}

/// Whether a percent sign before this is one that a path shows for a byte, or for a percent sign.
fn stands_for_a_byte(tail: &str) -> bool {
    match tail.as_bytes() {
        [b'2', b'5', ..] => true,
        [high, low, ..] => matches!(high, b'8' | b'9' | b'A'..=b'F') && matches!(low, b'0'..=b'9' | b'A'..=b'F'),
        _ => false,
    }
}
