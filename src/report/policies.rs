//! The table of policies for people: where each stands, whose it is and how that is known, and what was skipped and why.

use std::fmt::Write as _;

use crate::diagnostic::{IdentityRef, Place, PolicyListing, Report, StatementListing};
use crate::report::inert;
use crate::report::style::{Ink, Style, Verbosity, count};
use crate::rule::Rule;
use crate::source::Sources;

/// An identity of the findings, and the policies that these fell on.
#[derive(Debug)]
pub struct FellOn {
    /// Its ARN.
    pub identity: String,
    /// The ids of the findings that count.
    pub ids: Vec<String>,
    /// The policies, as `path` or `path#address`.
    pub policies: Vec<String>,
}

/// Renders what `policies` lists; entries and findings too, if the style is verbose.
#[must_use]
pub fn render(report: &Report, sources: &Sources, findings: &[FellOn], style: &Style) -> String {
    let table = Table { sources, style };
    let mut out = String::new();
    report.policies.iter().for_each(|policy| table.policy(&mut out, policy));
    for skipped in &report.skipped {
        let said = format!("{}  skipped: {}", table.place(&skipped.place), skipped.reason.word());
        line(&mut out, &style.paint(Ink::Dim, &said));
    }
    for unread in report.diagnostics.iter().filter(|diagnostic| diagnostic.rule == Rule::UnreadableFile) {
        let why = style.paint(Ink::Orange, "not read");
        line(&mut out, &format!("{}  {why}: {}", table.place(&unread.place), inert::line(&unread.message)));
    }
    if style.verbosity == Verbosity::Verbose {
        findings.iter().for_each(|finding| table.finding(&mut out, finding));
    }
    if style.verbosity != Verbosity::Quiet {
        let policies = style.paint(Ink::Bold, &count(report.policies.len(), "policy"));
        line(&mut out, &format!("{policies}, {} skipped{}", report.skipped.len(), table.fallen(findings)));
    }
    inert::styled(&out).into_owned()
}

fn line(out: &mut String, text: &str) {
    // Writing to a string cannot fail.
    let _ = writeln!(out, "{text}");
}

struct Table<'a> {
    sources: &'a Sources,
    style: &'a Style,
}

impl Table<'_> {
    fn policy(&self, out: &mut String, policy: &PolicyListing) {
        let address =
            if policy.address.is_empty() { String::new() } else { format!(" at {}", inert::line(&policy.address)) };
        let place = self.style.paint(Ink::Bold, &self.place(&policy.place));
        line(out, &format!("{place}  {} {}{address}", policy.kind, policy.format));
        if policy.identities.is_empty() {
            line(out, &format!("  belongs to {}", self.style.paint(Ink::Orange, "nobody known")));
        }
        for IdentityRef { arn, known_by, finding } in &policy.identities {
            let ink = if finding.is_some() { Ink::Green } else { Ink::Orange };
            let evidence = if finding.is_some() { "" } else { ", no usable finding" };
            let arn = self.style.paint(ink, &inert::line(arn));
            line(out, &format!("  belongs to {arn} (known by {}{evidence})", known_by.word()));
        }
        if self.style.verbosity == Verbosity::Verbose {
            policy.statements.iter().for_each(|statement| self.statement(out, statement));
        }
    }

    fn finding(&self, out: &mut String, finding: &FellOn) {
        let ids = finding.ids.iter().map(|id| format!(" {}", inert::line(id))).collect::<String>();
        let found = format!("finding{ids} of {}", inert::line(&finding.identity));
        if finding.policies.is_empty() {
            line(out, &format!("{found} falls on {}", self.style.paint(Ink::Orange, "no policy here")));
        }
        for policy in &finding.policies {
            line(out, &format!("{found} falls on {}", self.style.paint(Ink::Green, &inert::line(policy))));
        }
    }

    /// How many identities of the findings have a policy here.
    fn fallen(&self, findings: &[FellOn]) -> String {
        let fallen = findings.iter().filter(|finding| !finding.policies.is_empty()).count();
        let which = if self.style.verbosity == Verbosity::Verbose { "" } else { " (-v lists them)" };
        match findings.len() {
            0 => String::new(),
            all => format!("; the findings of {fallen} of {} fall on them{which}", count(all, "identity")),
        }
    }

    fn statement(&self, out: &mut String, statement: &StatementListing) {
        line(out, &format!("  {} {}", statement.effect, statement.element));
        for (pattern, place) in &statement.patterns {
            let position = self.style.paint(Ink::Dim, &self.position(place));
            line(out, &format!("    {position}  {}", inert::line(pattern)));
        }
        if statement.opaque > 0 {
            line(out, &format!("    {} known only at deployment", statement.opaque));
        }
    }

    fn place(&self, place: &Place) -> String {
        let path = inert::line(&place.path);
        if place.file.is_none() { path.into_owned() } else { format!("{path}:{}", self.position(place)) }
    }

    fn position(&self, place: &Place) -> String {
        let file = place.file.and_then(|id| self.sources.get(id));
        file.map_or_else(String::new, |file| {
            let position = file.position(place.span.start);
            format!("{}:{}", position.line, position.column)
        })
    }
}
