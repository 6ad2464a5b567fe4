//! `get-service-last-accessed-details`: dates of last use → what was not used for so many days up to the report.
//!
//! It does not name the identity it is about. An action that it does not list is not known to be unused.

use jiff::ToSpan as _;
use jiff::civil::Date;
use serde::Deserialize;

use super::candidate::{self, Reported, When};
use super::moment::Moment;
use super::reading::{Reading, is_plain, normalized};
use super::stream::Item;
use super::{UnusedAction, UnusedActions, UnusedPermissions, UnusedService};
use crate::error::Error;
use crate::policy::arn::{IdentityArn, IdentityKind};

/// For how many days something must not have been used if the user does not say.
const UNUSED_FOR: i32 = 90;

/// What the pages of one report are joined by, together with the time of the report.
const REPORT: &str = "service-last-accessed-details";

const COMMAND_HELP: &str = "generate the report with `aws iam generate-service-last-accessed-details --granularity ACTION_LEVEL --arn ARN`, then get it once it is COMPLETED, with every page";

#[derive(Deserialize)]
struct Report {
    #[serde(default)]
    jobstatus: Option<String>,
    #[serde(default)]
    jobcompletiondate: Moment,
    serviceslastaccessed: Option<Vec<Service>>,
    #[serde(default)]
    istruncated: Option<bool>,
}

#[derive(Deserialize)]
struct Service {
    servicenamespace: String,
    #[serde(default)]
    lastauthenticated: Moment,
    #[serde(default)]
    lastauthenticatedentity: Option<String>,
    #[serde(default)]
    trackedactionslastaccessed: Option<Vec<Tracked>>,
}

#[derive(Deserialize)]
struct Tracked {
    actionname: String,
    #[serde(default)]
    lastaccessedtime: Moment,
}

/// The window of a report: what was used on its first day or later is in use.
struct Window(Date);

impl Window {
    /// A time that cannot be read may lie in it.
    fn has(&self, moment: Moment) -> bool {
        moment == Moment::Unreadable || moment.date().is_some_and(|date| date >= self.0)
    }
}

impl Reading<'_> {
    /// Takes a page of a report.
    pub(super) fn take_last_accessed(&mut self, item: &Item<'_>) -> Result<(), Error> {
        let wrong =
            |message: String, path: &str| Error::new(message).at(path, item.line, item.column).help(COMMAND_HELP);
        let path = self.read.export.path.clone();
        let report: Report = normalized(item.bytes).map_err(|error| wrong(error, &path))?;
        if report.jobstatus.as_deref().is_some_and(|status| status != "COMPLETED") {
            return Err(wrong("the service last accessed details are not complete".to_owned(), &path));
        }
        let Some(completed) = report.jobcompletiondate.timestamp() else {
            return Err(wrong("the service last accessed details have no `JobCompletionDate`".to_owned(), &path));
        };
        let days = self.options.unused_for.unwrap_or(UNUSED_FOR);
        let first = report.jobcompletiondate.date().and_then(|date| date.checked_sub(days.days()).ok());
        let window = Window(first.unwrap_or(Date::MIN));
        let services = report.serviceslastaccessed.unwrap_or_default();
        let about = self.about(&services).map_err(|message| wrong(message, &path))?;
        let mut unused = UnusedPermissions {
            findings: Vec::new(),
            analyzed_at: Some(completed),
            services: Vec::new(),
            truncated: report.istruncated == Some(true),
        };
        for service in &services {
            self.take_service(service, &window, &mut unused.services);
        }
        self.note_report(completed);
        let Some(arn) = about else {
            self.take_anonymous(unused);
            return Ok(());
        };
        if self.selection.keeps(&arn) {
            let when = When { analyzed_at: Some(completed), updated_at: None };
            self.candidate(arn).permissions.take(REPORT, when, Reported::Usable(unused));
        }
        Ok(())
    }

    /// Whom a report is about: by the path of its file, or as the user says; the entities that it names must agree.
    fn about(&self, services: &[Service]) -> Result<Option<IdentityArn>, String> {
        let about = named_in(&self.read.export.path).or_else(|| self.options.about.cloned());
        let Some(about) = about else { return Ok(None) };
        let entities = services.iter().filter_map(|service| service.lastauthenticatedentity.as_deref());
        let mut entities = entities.filter_map(IdentityArn::parse);
        let is_other = |entity: &IdentityArn| {
            let of = |arn: &IdentityArn| (arn.kind(), arn.account().to_owned(), arn.name().to_ascii_lowercase());
            of(entity) != of(&about)
        };
        match entities.find(is_other) {
            None => Ok(Some(about)),
            Some(entity) => Err(format!("the details are of `{entity}`, and are said to be of `{about}`")),
        }
    }

    fn take_service(&mut self, service: &Service, window: &Window, services: &mut Vec<UnusedService>) {
        let prefix = &service.servicenamespace;
        if !is_plain(prefix) {
            return self.warn("a service has no namespace");
        }
        if !window.has(service.lastauthenticated) {
            let (prefix, last_accessed) =
                (self.words.word(&prefix.to_ascii_lowercase()), service.lastauthenticated.date());
            return candidate::add(services, UnusedService { prefix, last_accessed, actions: UnusedActions::Whole });
        }
        let tracked = service.trackedactionslastaccessed.iter().flatten();
        let unused = tracked.filter(|action| is_plain(&action.actionname) && !window.has(action.lastaccessedtime));
        let names = unused.map(|action| UnusedAction {
            name: self.words.word(&action.actionname),
            last_accessed: action.lastaccessedtime.date(),
        });
        let actions = UnusedActions::Only(candidate::sorted(names.collect()));
        let prefix = self.words.word(&prefix.to_ascii_lowercase());
        candidate::add(services, UnusedService { prefix, last_accessed: None, actions });
    }
}

/// The identity that the path of an export spells: `…/123456789012/role/app.json`, or the ARN itself, with `_` or `=`
/// for what a file name cannot have.
fn named_in(path: &str) -> Option<IdentityArn> {
    let stem =
        [".gz", ".json", ".ndjson", ".jsonl"].iter().fold(path, |path, end| path.strip_suffix(end).unwrap_or(path));
    if let Some(arn) = stem.find("arn:").and_then(|at| IdentityArn::parse(stem.get(at..)?)) {
        return Some(arn);
    }
    let words = [IdentityKind::Role, IdentityKind::User].map(IdentityKind::word);
    let is_separator = |c: char| matches!(c, '/' | '_' | '=');
    words.into_iter().find_map(|word| {
        stem.match_indices(word).find_map(|(at, _)| {
            let (before, rest) = (stem.get(..at)?, stem.get(at + word.len()..)?);
            let name = rest.strip_prefix(is_separator)?;
            let account = before.strip_suffix(is_separator)?;
            let account = account.rsplit(is_separator).next()?;
            IdentityArn::parse(&format!("arn:aws:iam::{account}:{word}/{name}"))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_may_say_whom_a_report_is_about() {
        let cases = [
            ("f/123456789012/role/app.json", Some("arn:aws:iam::123456789012:role/app")),
            ("f/123456789012/role/service-role/app.json.gz", Some("arn:aws:iam::123456789012:role/service-role/app")),
            ("123456789012_user_alice.json", Some("arn:aws:iam::123456789012:user/alice")),
            ("f/arn:aws-cn:iam::123456789012:role/app.json", Some("arn:aws-cn:iam::123456789012:role/app")),
            ("roles/123456789012/role/app.json", Some("arn:aws:iam::123456789012:role/app")),
            ("role/app.json", None),
            ("12345/role/app.json", None),
            ("123456789012/app.json", None),
        ];
        for (path, expected) in cases {
            assert_eq!(named_in(path).map(|arn| arn.to_string()).as_deref(), expected, "{path}");
        }
    }
}
