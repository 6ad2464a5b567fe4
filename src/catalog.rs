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
        Self { text: Cow::Borrowed(""), date: None }
    }

    /// The day the list was taken, where it says so.
    #[must_use]
    pub fn date(&self) -> Option<Date> {
        self.date
    }

    /// The service with this prefix, in any case; retired services that have no current action are not services.
    #[must_use]
    pub fn service(&self, _prefix: &str) -> Option<Service<'_>> {
        let _ = &self.text;
        None
    }

    /// How many services and current actions there are.
    #[must_use]
    pub fn counts(&self) -> (usize, usize) {
        (0, 0)
    }

    /// The names that a service with this prefix once had and has no more.
    pub fn retired(&self, _prefix: &str) -> impl Iterator<Item = &str> {
        std::iter::empty()
    }
}

impl<'c> Service<'c> {
    /// The prefix in lower case, such as `s3`.
    #[must_use]
    pub fn prefix(&self) -> &'c str {
        self.prefix
    }

    /// The current actions, in order of their lower-case names. Retired names are not among them.
    pub fn actions(&self) -> impl Iterator<Item = CatalogAction<'c>> {
        let _ = self.body;
        std::iter::empty()
    }

    /// The current action of this name, in any case.
    #[must_use]
    pub fn action(&self, _name: &str) -> Option<CatalogAction<'c>> {
        None
    }
}
