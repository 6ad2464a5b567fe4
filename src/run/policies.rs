//! `iamtrim policies`: every policy that the walk finds, and what is skipped.

use std::process::ExitCode;

use iamtrim::error::Error;
use iamtrim::report::{json, policies};

use super::lint::today;
use super::print;
use super::workspace::{Selection, Workspace};
use crate::cli::{ListFormat, PoliciesArgs};

pub(super) fn run(args: &PoliciesArgs) -> Result<ExitCode, Error> {
    let selection =
        Selection { paths: &args.paths, no_ignore: false, today: today(), needs_findings: false, changed_since: None };
    let workspace = Workspace::open(&selection, &args.common)?;
    let mut report = workspace.check(&workspace.scopes, &workspace.catalog).report;
    report.diagnostics.extend(workspace.unread_diagnostics());
    report.diagnostics.sort_by(|a, b| a.place.cmp(&b.place));
    match args.format {
        ListFormat::Json => print::stdout(&json::render_policies(&report, &workspace.sources)),
        ListFormat::Human => {
            let style = print::style(print::has_color(&args.common.output), &args.common.output);
            print::stdout(&policies::render(&report, &workspace.sources, &style))
        }
    }
}
