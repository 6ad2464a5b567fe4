//! What findings exports say, for people and for programs.

use std::fmt::Write as _;

use serde::Serialize;

use crate::report::inert;
use crate::report::style::{Ink, Style, Verbosity, count};

/// All that is said.
#[derive(Debug, Serialize)]
pub struct Listing {
    /// Of this format; 1.
    pub version: u32,
    /// The catalogue in use.
    pub catalog: CatalogLine,
    /// In the order named.
    pub exports: Vec<ExportLine>,
    /// By ARN; one without an ARN speaks for what names no identity.
    pub identities: Vec<IdentityLine>,
    /// What AWS recommends, as far as it was asked to be compared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comparisons: Option<Vec<ComparisonLine>>,
}

/// Which catalogue.
#[derive(Debug, Serialize)]
pub struct CatalogLine {
    /// Of which day.
    pub date: Option<String>,
    /// How many services.
    pub services: usize,
    /// How many actions.
    pub actions: usize,
}

/// One export.
#[derive(Debug, Serialize)]
pub struct ExportLine {
    /// As the user would write it.
    pub path: String,
    /// How many findings.
    pub findings: usize,
    /// The day of the newest.
    pub date: Option<String>,
    /// How many days ago that was.
    pub age: Option<i32>,
    /// What could not be used.
    pub warnings: Vec<String>,
}

/// One identity.
#[derive(Debug, Default, Serialize)]
pub struct IdentityLine {
    /// Its ARN; none for an export that names no identity.
    pub arn: Option<String>,
    /// Its account.
    pub account: Option<String>,
    /// What is known of its permissions: `usable`, or why not: `none`, `archived`, `resolved`, `failed`.
    pub permissions: &'static str,
    /// The day of the finding.
    pub date: Option<String>,
    /// How many days ago that was.
    pub age: Option<i32>,
    /// The services unused as a whole, sorted.
    pub services: Vec<String>,
    /// The other unused actions, sorted.
    pub actions: Vec<String>,
    /// Whether the list goes on in a page that is missing.
    pub truncated: bool,
    /// Whether the role as a whole is unused.
    pub unused_role: bool,
    /// The unused access keys.
    pub unused_access_keys: Vec<String>,
    /// Whether the password is unused.
    pub unused_password: bool,
    /// The policies in the repository that belong to it, as `path` or `path#address`.
    pub policies: Vec<String>,
}

/// AWS's recommendation beside ours, for one policy.
#[derive(Debug, Serialize)]
pub struct ComparisonLine {
    /// The identity.
    pub resource: String,
    /// The policy's ARN, or the name of an inline one.
    pub policy: String,
    /// Where the policy was found.
    pub path: Option<String>,
    /// `equal`, `ours tighter`, `ours wider`, `different`, or `not compared`.
    pub verdict: &'static str,
    /// Why it was not compared.
    pub reason: Option<String>,
    /// What only ours allows.
    pub only_ours: Vec<String>,
    /// What only AWS's allows.
    pub only_aws: Vec<String>,
}

/// How many actions of a difference people are shown.
const SHOWN: usize = 10;

impl IdentityLine {
    /// What is unused, in a few words.
    fn kind(&self) -> String {
        let mut kinds = Vec::new();
        match self.permissions {
            "usable" => kinds.push("permissions".to_owned()),
            "none" => {}
            why => kinds.push(why.to_owned()),
        }
        if self.unused_role {
            kinds.push("role".to_owned());
        }
        if !self.unused_access_keys.is_empty() {
            kinds.push(if self.unused_access_keys.len() == 1 { "key" } else { "keys" }.to_owned());
        }
        if self.unused_password {
            kinds.push("password".to_owned());
        }
        if kinds.is_empty() { "-".to_owned() } else { kinds.join(", ") }
    }

    fn cells(&self) -> [String; 8] {
        let dash = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
        let name = self.arn.as_deref().map(|arn| arn.rsplit(':').next().unwrap_or(arn).to_owned());
        let is_usable = self.permissions == "usable";
        let number = |number: usize| if is_usable { number.to_string() } else { "-".to_owned() };
        let policies = match self.policies.as_slice() {
            [] => "-".to_owned(),
            [only] => only.clone(),
            [first, rest @ ..] => format!("{first} and {} more", rest.len()),
        };
        [
            name.unwrap_or_else(|| "(not named)".to_owned()),
            dash(self.account.clone()),
            self.kind(),
            number(self.services.len()),
            number(self.actions.len()),
            dash(self.date.clone()),
            dash(self.age.map(|age| format!("{age} d"))),
            policies,
        ]
    }
}

/// Renders the listing as JSON.
#[must_use]
pub fn json(listing: &Listing) -> String {
    // Writing such values to a string cannot fail.
    serde_json::to_string_pretty(listing).unwrap_or_default() + "\n"
}

/// Renders the listing for people: a table of the identities, then the exports.
#[must_use]
pub fn render(listing: &Listing, style: &Style) -> String {
    let mut out = String::new();
    table(&mut out, listing, style);
    for export in &listing.exports {
        let day = export.date.as_ref().map(|date| format!(" of {date}")).unwrap_or_default();
        let age = export.age.map(|age| format!(", {age} {} old", if age == 1 { "day" } else { "days" }));
        let findings = count(export.findings, "finding");
        let said = format!("{}: {findings}{day}{}", inert::line(&export.path), age.unwrap_or_default());
        line(&mut out, &style.paint(Ink::Dim, &said));
    }
    if style.verbosity != Verbosity::Quiet {
        let named = listing.identities.iter().filter(|identity| identity.arn.is_some());
        let accounts: std::collections::BTreeSet<_> = named.clone().map(|identity| &identity.account).collect();
        let unowned = named.clone().filter(|identity| identity.policies.is_empty()).count();
        let identities = count(named.count(), "identity");
        let accounts = count(accounts.len(), "account");
        line(&mut out, &format!("{identities} in {accounts}; no policy here belongs to {unowned} of them"));
    }
    inert::styled(&out).into_owned()
}

/// Renders the comparisons for people.
#[must_use]
pub fn render_comparisons(comparisons: &[ComparisonLine], style: &Style) -> String {
    let mut out = String::new();
    for compared in comparisons {
        let ink = match compared.verdict {
            "equal" => Ink::Green,
            "ours tighter" => Ink::Cyan,
            _ => Ink::Orange,
        };
        let name = format!("{}: {}", inert::line(&compared.resource), inert::line(&compared.policy));
        let path = compared.path.as_ref().map(|path| format!(" ({})", inert::line(path))).unwrap_or_default();
        let why = compared.reason.as_ref().map(|why| format!(": {}", inert::line(why))).unwrap_or_default();
        line(
            &mut out,
            &format!("{}{path}: {}{why}", style.paint(Ink::Bold, &name), style.paint(ink, compared.verdict)),
        );
        for (whose, actions) in [("ours", &compared.only_ours), ("AWS's", &compared.only_aws)] {
            if !actions.is_empty() {
                let shown: Vec<_> = actions.iter().take(SHOWN).map(|action| inert::line(action)).collect();
                let rest = actions.len().saturating_sub(SHOWN);
                let rest = if rest > 0 { format!(" and {rest} more") } else { String::new() };
                line(&mut out, &format!("  only {whose} allows {}{rest}", shown.join(", ")));
            }
        }
    }
    if style.verbosity != Verbosity::Quiet {
        let equal = comparisons.iter().filter(|compared| compared.verdict == "equal").count();
        line(&mut out, &format!("{}, {equal} equal", count(comparisons.len(), "recommended policy")));
    }
    inert::styled(&out).into_owned()
}

fn table(out: &mut String, listing: &Listing, style: &Style) {
    if listing.identities.is_empty() {
        return;
    }
    let head = ["identity", "account", "unused", "services", "actions", "found", "age", "policies"].map(str::to_owned);
    let is_number = |column: usize| matches!(column, 3 | 4 | 6);
    let rows: Vec<[String; 8]> = listing.identities.iter().map(IdentityLine::cells).collect();
    let rows: Vec<[String; 8]> = rows.into_iter().map(|row| row.map(|cell| inert::line(&cell).into_owned())).collect();
    let mut widths = [0; 8];
    for row in std::iter::once(&head).chain(&rows) {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.chars().count().max(*width);
        }
    }
    for (index, row) in std::iter::once(&head).chain(&rows).enumerate() {
        let cells = row.iter().zip(widths).enumerate().map(|(column, (cell, width))| {
            if is_number(column) { format!("{cell:>width$}") } else { format!("{cell:<width$}") }
        });
        let text = cells.collect::<Vec<_>>().join("  ");
        let text = text.trim_end();
        line(out, &if index == 0 { style.paint(Ink::Bold, text) } else { text.to_owned() });
    }
}

fn line(out: &mut String, text: &str) {
    // Writing to a string cannot fail.
    let _ = writeln!(out, "{text}");
}
