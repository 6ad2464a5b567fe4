//! Which actions exist: one dated list of every IAM action, looked up in place.
//!
//! The list is a text, `data/catalog.txt`: a line `@s3` per service, in order of the prefixes, and under it a line per
//! action, in order of the lower-case names, each with a mark for how its use can be seen (` +~`) or that it is
//! retired (`-`). Lookups bisect that text; nothing is parsed at start-up: where the services begin is noted at the first
//! question, and the lower-case names of a service at the first about it. Does not know policies or findings.

pub mod build;
pub mod read;

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt::Write as _;
use std::ops::Range;
use std::sync::OnceLock;

use jiff::civil::Date;
use memchr::memmem;

/// The first line of every catalogue file; the second may be `# date 2026-09-26`.
pub const HEADER: &str = "# iamtrim catalogue 1";

const DATE_LINE: &str = "# date ";
const RETIRED: char = '-';

/// Every known IAM action, by service. Lookups ignore ASCII case.
#[derive(Debug, Clone)]
pub struct Catalog {
    text: Cow<'static, str>,
    sections: OnceLock<Vec<Section>>,
}

impl PartialEq for Catalog {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Catalog {}

/// Where a service stands in the text.
#[derive(Debug, Clone)]
struct Section {
    prefix: Range<usize>,
    body: Range<usize>,
    /// The body in lower case.
    lower: OnceLock<String>,
}

/// One service of a [`Catalog`].
#[derive(Debug, Clone, Copy)]
pub struct Service<'c> {
    prefix: &'c str,
    /// Its lines, each with a line end.
    body: &'c str,
    lower: &'c OnceLock<String>,
}

/// One action of a [`Service`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CatalogAction<'c> {
    /// The name as AWS spells it, such as `GetObject`.
    pub name: &'c str,
    /// The name in lower case.
    pub lower: &'c str,
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
        Self::of_text(Cow::Borrowed(include_str!("../data/catalog.txt")))
    }

    fn of_text(text: Cow<'static, str>) -> Self {
        Self { text, sections: OnceLock::new() }
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
        Self::of_text(format!("{HEADER}\n{DATE_LINE}{date}\n{rest}").into())
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
            .flat_map(|service| service.body.lines())
            .filter_map(|line| line.strip_prefix(RETIRED))
    }

    fn sections(&self) -> impl Iterator<Item = Service<'_>> {
        self.index().iter().filter_map(|section| self.of_section(section))
    }

    fn section(&self, prefix: &str) -> Option<Service<'_>> {
        let index = self.index();
        let prefix_of = |section: &Section| self.text.get(section.prefix.clone()).unwrap_or_default();
        let found = index.binary_search_by(|section| compare(prefix_of(section), prefix)).ok()?;
        self.of_section(index.get(found)?)
    }

    fn of_section<'c>(&'c self, section: &'c Section) -> Option<Service<'c>> {
        let prefix = self.text.get(section.prefix.clone())?;
        Some(Service { prefix, body: self.text.get(section.body.clone())?, lower: &section.lower })
    }

    fn index(&self) -> &[Section] {
        self.sections.get_or_init(|| {
            let mut sections = Vec::new();
            let mut at = self.first_section();
            while let Some(section) = self.section_at(at) {
                at = section.body.end;
                sections.push(section);
            }
            sections
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
    fn section_at(&self, at: usize) -> Option<Section> {
        let (prefix, rest) = self.text.get(at..)?.strip_prefix('@')?.split_once('\n')?;
        let prefix = at + 1..at + 1 + prefix.len();
        // No name has an `@` in it.
        let length = memchr::memchr(b'@', rest.as_bytes()).unwrap_or(rest.len());
        let body = prefix.end + 1..prefix.end + 1 + length;
        Some(Section { prefix, body, lower: OnceLock::new() })
    }
}

/// Order of names without ASCII case.
#[must_use]
pub fn compare(a: &str, b: &str) -> Ordering {
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
        let lower = self.lower.get_or_init(|| self.body.to_ascii_lowercase());
        let (body, mut start) = (self.body, 0);
        let next = std::iter::from_fn(move || {
            let rest = body.get(start..).filter(|rest| !rest.is_empty())?;
            let end = start + memchr::memchr(b'\n', rest.as_bytes()).unwrap_or(rest.len());
            let line = start..end;
            start = end + 1;
            Some(line)
        });
        next.filter_map(move |line| action(body.get(line.clone())?, lower.get(line)?))
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
                Ordering::Equal => {
                    let lower = self.lower.get_or_init(|| self.body.to_ascii_lowercase());
                    return action(line, lower.get(at..at + line.len())?);
                }
                Ordering::Greater => high = at,
                Ordering::Less => low = at + line.len() + 1,
            }
        }
        None
    }
}

fn action<'c>(line: &'c str, lower: &'c str) -> Option<CatalogAction<'c>> {
    let (mark, name) = line.split_at_checked(1)?;
    Some(CatalogAction { name, lower: lower.get(1..)?, tracking: Tracking::of_mark(mark.chars().next()?)? })
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
        Catalog::of_text(Cow::Owned(text))
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
