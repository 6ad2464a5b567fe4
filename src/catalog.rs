//! Which actions exist: one dated list of every IAM action, looked up in place.
//!
//! The list is a text, `data/catalog.txt`: a line `@s3` per service, in order of the prefixes, and under it a line per
//! action, in order of the lower-case names, each with a mark for how its use can be seen (` +~`) or that it is
//! retired (`-`). Lookups bisect that text; nothing is parsed at start-up. Does not know policies or findings.

pub mod build;
pub mod read;

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt::Write as _;

use jiff::civil::Date;
use memchr::memmem;

/// The first line of every catalogue file; the second may be `# date 2026-09-26`.
pub const HEADER: &str = "# iamtrim catalogue 1";

const DATE_LINE: &str = "# date ";
const RETIRED: char = '-';

/// Every known IAM action, by service. Lookups ignore ASCII case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Catalog {
    text: Cow<'static, str>,
}

/// One service of a [`Catalog`].
#[derive(Debug, Clone, Copy)]
pub struct Service<'c> {
    prefix: &'c str,
    /// Its lines, each with a line end.
    body: &'c str,
}

/// One action of a [`Service`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CatalogAction<'c> {
    /// The name as AWS spells it, such as `GetObject`.
    pub name: &'c str,
    /// What is known of its tracking.
    pub tracking: Tracking,
}

/// Whether the use of an action can be seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tracking {
    /// Action-level last-accessed information exists.
    Tracked,
    /// No action-level last-accessed information exists: nothing is known of its use.
    Untracked,
    /// Untracked, and checked only inside another service's API call, so that its use leaves no trace even in the
    /// service's own last-accessed time: `iam:PassRole` and its kin.
    CrossServiceOnly,
}

impl Tracking {
    fn mark(self) -> char {
        match self {
            Self::Tracked => '+',
            Self::Untracked => ' ',
            Self::CrossServiceOnly => '~',
        }
    }

    fn of_mark(mark: char) -> Option<Self> {
        [Self::Tracked, Self::Untracked, Self::CrossServiceOnly].into_iter().find(|tracking| tracking.mark() == mark)
    }
}

impl Catalog {
    /// The catalogue built into the program.
    #[must_use]
    pub fn embedded() -> Self {
        Self { text: Cow::Borrowed(include_str!("../data/catalog.txt")) }
    }

    /// The whole catalogue in the form that is committed and that `--catalog` reads.
    #[must_use]
    pub fn as_text(&self) -> &str {
        &self.text
    }

    /// The day the list was taken, where it says so.
    #[must_use]
    pub fn date(&self) -> Option<Date> {
        self.text.lines().nth(1)?.strip_prefix(DATE_LINE)?.parse().ok()
    }

    /// The same catalogue, taken on another day.
    #[must_use]
    pub fn dated(&self, date: Date) -> Self {
        let rest = self.text.get(self.first_section()..).unwrap_or_default();
        Self { text: format!("{HEADER}\n{DATE_LINE}{date}\n{rest}").into() }
    }

    /// The service with this prefix, in any case; one of which every action is retired is none.
    #[must_use]
    pub fn service(&self, prefix: &str) -> Option<Service<'_>> {
        self.section(prefix).filter(|service| service.actions().next().is_some())
    }

    /// The services that have current actions, in order of their prefixes.
    pub fn services(&self) -> impl Iterator<Item = Service<'_>> {
        self.sections().filter(|service| service.actions().next().is_some())
    }

    /// How many services and current actions there are.
    #[must_use]
    pub fn counts(&self) -> (usize, usize) {
        self.services().fold((0, 0), |(services, actions), service| (services + 1, actions + service.actions().count()))
    }

    /// The names that the service with this prefix once had and has no more.
    pub fn retired(&self, prefix: &str) -> impl Iterator<Item = &str> {
        self.section(prefix)
            .into_iter()
            .flat_map(|service| service.lines())
            .filter_map(|line| line.strip_prefix(RETIRED))
    }

    fn sections(&self) -> impl Iterator<Item = Service<'_>> {
        let mut at = self.first_section();
        std::iter::from_fn(move || {
            let section = self.section_at(at)?;
            at += 2 + section.prefix.len() + section.body.len();
            Some(section)
        })
    }

    fn first_section(&self) -> usize {
        if self.text.starts_with('@') {
            0
        } else {
            memmem::find(self.text.as_bytes(), b"\n@").map_or(usize::MAX, |at| at + 1)
        }
    }

    /// The section whose `@` stands at `at`.
    fn section_at(&self, at: usize) -> Option<Service<'_>> {
        let (prefix, rest) = self.text.get(at..)?.strip_prefix('@')?.split_once('\n')?;
        let end = if rest.starts_with('@') {
            0
        } else {
            memmem::find(rest.as_bytes(), b"\n@").map_or(rest.len(), |at| at + 1)
        };
        Some(Service { prefix, body: rest.get(..end)? })
    }

    /// Bisects the text by the lines that begin with `@`.
    fn section(&self, prefix: &str) -> Option<Service<'_>> {
        let (mut low, mut high) = (self.first_section(), self.text.len());
        while low < high {
            let middle = low + (high - low) / 2;
            let before = memmem::rfind(self.text.as_bytes().get(low..=middle)?, b"\n@");
            let at = before.map_or(low, |offset| low + offset + 1);
            let here = self.text.get(at + 1..)?.split('\n').next()?;
            match compare(here, prefix) {
                Ordering::Equal => return self.section_at(at),
                Ordering::Greater => high = at,
                Ordering::Less => low = at + 1 + memmem::find(self.text.as_bytes().get(at..high)?, b"\n@")?,
            }
        }
        None
    }
}

/// Order of names without ASCII case.
fn compare(a: &str, b: &str) -> Ordering {
    a.bytes().map(|byte| byte.to_ascii_lowercase()).cmp(b.bytes().map(|byte| byte.to_ascii_lowercase()))
}

impl<'c> Service<'c> {
    /// The prefix in lower case, such as `s3`.
    #[must_use]
    pub fn prefix(&self) -> &'c str {
        self.prefix
    }

    /// The current actions, in order of their lower-case names. Retired names are not among them.
    pub fn actions(&self) -> impl Iterator<Item = CatalogAction<'c>> + use<'c> {
        self.lines().filter_map(action)
    }

    /// The current action of this name, in any case.
    #[must_use]
    pub fn action(&self, name: &str) -> Option<CatalogAction<'c>> {
        let (mut low, mut high) = (0, self.body.len());
        while low < high {
            let middle = low + (high - low) / 2;
            let before = memchr::memrchr(b'\n', self.body.as_bytes().get(low..middle)?);
            let at = before.map_or(low, |offset| low + offset + 1);
            let line = self.body.get(at..)?.split('\n').next()?;
            match compare(line.get(1..)?, name) {
                Ordering::Equal => return action(line),
                Ordering::Greater => high = at,
                Ordering::Less => low = at + line.len() + 1,
            }
        }
        None
    }

    fn lines(&self) -> impl Iterator<Item = &'c str> + use<'c> {
        self.body.lines()
    }
}

fn action(line: &str) -> Option<CatalogAction<'_>> {
    let (mark, name) = line.split_at_checked(1)?;
    Some(CatalogAction { name, tracking: Tracking::of_mark(mark.chars().next()?)? })
}

/// What a catalogue is made of, before it is written as text: by prefix and lower-case name.
#[derive(Debug, Default)]
struct Draft {
    services: std::collections::BTreeMap<String, std::collections::BTreeMap<String, (String, Option<Tracking>)>>,
}

impl Draft {
    /// Adds an action; one without tracking is retired.
    fn add(&mut self, prefix: &str, name: &str, tracking: Option<Tracking>) {
        let service = self.services.entry(prefix.to_ascii_lowercase()).or_default();
        service.insert(name.to_ascii_lowercase(), (name.to_owned(), tracking));
    }

    fn has(&self, prefix: &str, name: &str) -> bool {
        self.services.get(prefix).is_some_and(|service| service.contains_key(&name.to_ascii_lowercase()))
    }

    fn finish(self, date: Option<Date>) -> Catalog {
        let mut text = format!("{HEADER}\n");
        // Writing to a string cannot fail.
        if let Some(date) = date {
            let _ = writeln!(text, "{DATE_LINE}{date}");
        }
        for (prefix, actions) in self.services {
            let _ = writeln!(text, "@{prefix}");
            for (name, tracking) in actions.into_values() {
                let _ = writeln!(text, "{}{name}", tracking.map_or(RETIRED, Tracking::mark));
            }
        }
        Catalog { text: Cow::Owned(text) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_service_and_action_is_found_in_any_case() {
        let catalog = Catalog::embedded();
        for service in catalog.services() {
            let found = catalog.service(&service.prefix().to_ascii_uppercase());
            let found = found.unwrap_or_else(|| panic!("{} is not found", service.prefix()));
            assert_eq!(found.prefix(), service.prefix());
            let names: Vec<&str> = service.actions().map(|action| action.name).collect();
            assert!(names.is_sorted_by(|a, b| compare(a, b) == Ordering::Less), "{}", service.prefix());
            for action in service.actions() {
                assert_eq!(found.action(&action.name.to_ascii_uppercase()), Some(action));
            }
        }
    }

    #[test]
    fn the_catalogue_says_what_it_holds() {
        let catalog = Catalog::embedded();
        assert_eq!(catalog.counts(), (456, 22_091));
        assert_eq!(catalog.date(), Some(jiff::civil::date(2026, 9, 26)));
    }

    #[test]
    fn lookups_by_name() {
        let catalog = Catalog::embedded();
        let cases = [
            ("s3", "GetObject", Some(Tracking::Untracked)),
            ("S3", "getbucketacl", Some(Tracking::Tracked)),
            ("iam", "PassRole", Some(Tracking::CrossServiceOnly)),
            ("acm", "DeleteCertificate", Some(Tracking::Tracked)),
            ("acm-pca", "IssueCertificate", Some(Tracking::Untracked)),
            ("rds-db", "connect", Some(Tracking::Untracked)),
            ("vpc-lattice", "AssociateViaAWSService-EventsAndStates", Some(Tracking::Untracked)),
            ("a2c", "GetContainerizationJobDetails", Some(Tracking::Untracked)),
            ("s3", "HeadBucket", None),
            ("s", "GetObject", None),
            ("", "", None),
            ("zzz", "x", None),
        ];
        for (prefix, name, expected) in cases {
            let found = catalog.service(prefix).and_then(|service| service.action(name));
            assert_eq!(found.map(|action| action.tracking), expected, "{prefix}:{name}");
        }
    }

    #[test]
    fn retired_names_are_known_but_are_no_actions() {
        let catalog = Catalog::embedded();
        let retired = catalog.sections().flat_map(|service| catalog.retired(service.prefix())).count();
        assert_eq!(retired, 251);
        for service in catalog.sections() {
            for name in catalog.retired(service.prefix()) {
                assert_eq!(service.action(name), None, "{}:{name}", service.prefix());
            }
        }
    }
}
