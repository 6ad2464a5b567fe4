//! `iamtrim policies`: every policy that the walk finds, and what is skipped.

use std::collections::BTreeMap;
use std::process::ExitCode;

use iamtrim::check::Checked;
use iamtrim::error::Error;
use iamtrim::finding::Permissions;
use iamtrim::report::json;
use iamtrim::report::policies::{self, FellOn};

use super::lint::today;
use super::workspace::{Selection, Workspace};
use super::{findings, print};
use crate::cli::{ListFormat, PoliciesArgs};

pub(super) fn run(args: &PoliciesArgs) -> Result<ExitCode, Error> {
    let selection =
        Selection { paths: &args.paths, no_ignore: false, today: today(), needs_findings: false, changed_since: None };
    let workspace = Workspace::open(&selection, &args.common)?;
    let checked = workspace.check(&workspace.scopes, &workspace.catalog);
    let findings = fell_on(&checked, &workspace);
    let mut report = checked.report;
    report.diagnostics.extend(workspace.unread_diagnostics());
    report.diagnostics.sort_by(|a, b| a.place.cmp(&b.place));
    match args.format {
        ListFormat::Json => print::stdout(&json::render_policies(&report, &workspace.sources, &findings)),
        ListFormat::Human => {
            let style = print::style(print::has_color(&args.common.output), &args.common.output);
            print::stdout(&policies::render(&report, &workspace.sources, &findings, &style))
        }
    }
}

/// The identities of all findings, by ARN, and what these fell on.
fn fell_on(checked: &Checked<'_>, workspace: &Workspace) -> Vec<FellOn> {
    let policies = findings::policies(checked);
    let mut all: BTreeMap<String, FellOn> = BTreeMap::new();
    for identity in workspace.scopes.iter().flat_map(|scope| &scope.evidence.identities) {
        let key = identity.arn.as_str().to_ascii_lowercase();
        let policies = policies.get(&key).cloned().unwrap_or_default();
        let mut ids = match &identity.permissions {
            Permissions::Usable(unused) => unused.findings.clone(),
            Permissions::Unusable(_) => Vec::new(),
        };
        ids.extend(identity.unused_role.iter().map(|role| role.finding.clone()));
        ids.extend(identity.unused_credentials.iter().map(|credential| credential.finding.clone()));
        ids.retain(|id| !id.is_empty());
        all.entry(key).or_insert_with(|| FellOn { identity: identity.arn.to_string(), ids, policies });
    }
    all.into_values().collect()
}
