//! `iamtrim explain`: why a pattern is replaced as it is.

use std::path::Path;
use std::process::ExitCode;

use iamtrim::audit::ServiceAudit;
use iamtrim::claims::{Claim, Claims};
use iamtrim::error::Error;
use iamtrim::finding::{Evidence, Permissions, UnusedPermissions};
use iamtrim::policy::action::ActionPattern;
use iamtrim::refine;
use iamtrim::report::{self, explain::Subject};
use jiff::tz::TimeZone;

use super::lint::today;
use super::{catalog, evidence, print, settings};
use crate::cli::ExplainArgs;

pub(super) fn run(args: &ExplainArgs) -> Result<ExitCode, Error> {
    let pattern = ActionPattern::new(args.pattern.clone());
    let Some((service, name)) = pattern.named() else {
        return Err(
            Error::new(format!("`{}` is no action pattern of one service", args.pattern)).help(super::PATTERN_HELP)
        );
    };
    let governed = settings::nearest(Path::new("."), &args.common)?;
    let settings = settings::settled(&governed, &args.common, today());
    evidence::require_some(&args.common, &governed)?;
    let (found, _) = evidence::load(&governed, &args.common, today())?;
    let identities = evidence::one_or_asked_for(&found, &args.common)?;
    let catalog = catalog::in_use(args.common.catalog.as_deref())?;
    let owners = owners(&found, &identities);
    let newest = owners.iter().filter_map(|(_, unused)| unused.analyzed_at).max();
    let claims = owners.iter().map(|&(arn, unused)| Claim { unused, allowed: settings.allowed(arn) }).collect();
    let audit = ServiceAudit::new(service, &catalog, &Claims::new(claims)).entry(name);
    let subject = Subject {
        pattern: &pattern,
        audit: &audit,
        change: &refine::replacement(&pattern, &audit),
        identities: &owners.iter().map(|(arn, _)| *arn).collect::<Vec<_>>(),
        findings_date: newest.map(|newest| newest.to_zoned(TimeZone::UTC).date()),
        catalog_date: catalog.date(),
    };
    let style = print::style(print::has_color(&args.common.output), &args.common.output);
    print::stdout(&report::explain::render(&subject, &style))
}

/// The unused permissions of the identities, each with its ARN; the nameless export's without one.
fn owners<'e>(found: &'e Evidence, identities: &[String]) -> Vec<(&'e str, &'e UnusedPermissions)> {
    let is_asked = |arn: &str, name: &str| {
        identities.iter().any(|asked| asked.eq_ignore_ascii_case(arn) || asked.eq_ignore_ascii_case(name))
    };
    let named = found.identities.iter().filter(|identity| is_asked(identity.arn.as_str(), identity.arn.name()));
    let usable = named.filter_map(|identity| match &identity.permissions {
        Permissions::Usable(unused) => Some((identity.arn.as_str(), unused)),
        Permissions::Unusable(_) => None,
    });
    usable.chain(found.anonymous.as_ref().map(|unused| ("", unused))).collect()
}
