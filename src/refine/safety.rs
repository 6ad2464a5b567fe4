//! How safe a change is: the one home of what makes a fix `safe`, `unsafe` or `display-only`.

use jiff::civil::Date;

use super::EntryChange;
use crate::audit::{CatalogGap, EntryAudit};
use crate::policy::action::ActionPattern;

/// How freely a fix may be applied. Ordered: a fix is applied if it is at least as safe as asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Applicability {
    /// Never written.
    DisplayOnly,
    /// Written only when asked for.
    Unsafe,
    /// Removes what is reported unused of identities that are known, and nothing else.
    Safe,
}

impl Applicability {
    /// The word in reports.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::DisplayOnly => "display-only",
            Self::Unsafe => "unsafe",
            Self::Safe => "safe",
        }
    }
}

/// How safe something is, and why it is not safer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Safety {
    /// The verdict.
    pub applicability: Applicability,
    /// The reasons against, most severe first.
    pub reasons: Vec<String>,
}

impl Default for Safety {
    fn default() -> Self {
        Self { applicability: Applicability::Safe, reasons: Vec::new() }
    }
}

impl Safety {
    /// Lowers the verdict to at most `applicability`, for `reason`.
    pub fn lower_to(&mut self, applicability: Applicability, reason: impl Into<String>) {
        let reason = reason.into();
        if self.reasons.contains(&reason) {
            return;
        }
        if applicability < self.applicability {
            self.reasons.insert(0, reason);
        } else {
            self.reasons.push(reason);
        }
        self.applicability = self.applicability.min(applicability);
    }

    /// Takes over what another verdict found.
    pub fn lower_by(&mut self, other: Self) {
        for reason in other.reasons {
            self.lower_to(other.applicability, reason);
        }
    }
}

/// What of the catalogue and the settings bears on a change.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// The catalogue's date.
    pub catalog_date: Option<Date>,
    /// The day of the newest finding concerned, or today where a finding has no date.
    pub finding_date: Date,
    /// How many days the catalogue may be older than the finding; `None` for never mind.
    pub catalog_lag: Option<i32>,
    /// Into how many entries a wildcard may turn.
    pub max_entries: usize,
}

/// How safe one entry's change is, by what is known of its actions.
#[must_use]
pub fn of_entry(pattern: &ActionPattern, audit: &EntryAudit, change: &EntryChange, limits: &Limits) -> Safety {
    let mut safety = Safety::default();
    let is_wildcard = pattern.named().is_some_and(|(_, name)| !name.is_literal());
    if change == &EntryChange::Keep || !is_wildcard {
        return safety;
    }
    if let Some(gap) = &audit.catalog_gap {
        let unknown = match gap {
            CatalogGap::Service(name) | CatalogGap::Action(name) => name,
        };
        safety.lower_to(Applicability::DisplayOnly, format!("{} does not know `{unknown}`", the_catalog(limits)));
    }
    if let Some(reason) = outdated(limits) {
        safety.lower_to(Applicability::Unsafe, reason);
    }
    if let EntryChange::Replace(patterns) = change
        && patterns.len() > limits.max_entries
    {
        let reason = format!("one wildcard becomes {} entries, more than {}", patterns.len(), limits.max_entries);
        safety.lower_to(Applicability::Unsafe, reason);
    }
    safety
}

fn the_catalog(limits: &Limits) -> String {
    limits.catalog_date.map_or_else(|| "the catalogue".to_owned(), |date| format!("the catalogue of {date}"))
}

/// Why the catalogue is too old for a wildcard of this finding.
fn outdated(limits: &Limits) -> Option<String> {
    let allowed = limits.catalog_lag?;
    let Some(date) = limits.catalog_date else {
        return Some("the catalogue has no date, so it may be too old to know all that a wildcard grants".to_owned());
    };
    let lag = (limits.finding_date - date).get_days();
    (lag > allowed).then(|| format!("the catalogue of {date} is {lag} days older than the finding"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_severe_reason_comes_first_and_each_comes_once() {
        let mut safety = Safety::default();
        assert_eq!(safety.applicability, Applicability::Safe);
        for (applicability, reason, expected) in [
            (Applicability::Safe, "a", "a"),
            (Applicability::Unsafe, "b", "b a"),
            (Applicability::Unsafe, "c", "b a c"),
            (Applicability::DisplayOnly, "d", "d b a c"),
            (Applicability::Unsafe, "e", "d b a c e"),
            (Applicability::DisplayOnly, "e", "d b a c e"),
        ] {
            safety.lower_to(applicability, reason);
            assert_eq!(safety.reasons.join(" "), expected);
        }
        let mut other = Safety::default();
        other.lower_by(safety.clone());
        assert_eq!(other.applicability, Applicability::DisplayOnly);
        assert_eq!(other.reasons.join(" "), "d b a c e");
    }

    #[test]
    fn each_verdict_has_its_word() {
        let words = [Applicability::DisplayOnly, Applicability::Unsafe, Applicability::Safe].map(Applicability::word);
        assert_eq!(words, ["display-only", "unsafe", "safe"]);
    }

    #[test]
    fn the_catalogue_bears_on_wildcards_that_change() {
        let audit = EntryAudit {
            verdict: crate::audit::Verdict::Partly,
            granted: Vec::new(),
            whole_service: None,
            catalog_gap: Some(CatalogGap::Action("GetNew".to_owned())),
        };
        let day = jiff::civil::date(2026, 1, 1);
        let limits = Limits { catalog_date: Some(day), finding_date: day, catalog_lag: None, max_entries: 50 };
        let replaced = || EntryChange::Replace(vec![ActionPattern::new("s3:GetOld")]);
        for (pattern, change, expected) in [
            ("s3:Get*", replaced(), Applicability::DisplayOnly),
            ("s3:Get*", EntryChange::Keep, Applicability::Safe),
            ("s3:GetNew", EntryChange::Remove { covered_by: None }, Applicability::Safe),
        ] {
            let safety = of_entry(&ActionPattern::new(pattern), &audit, &change, &limits);
            assert_eq!(safety.applicability, expected, "{pattern} {change:?}");
            let reason = "the catalogue of 2026-01-01 does not know `GetNew`";
            assert_eq!(safety.reasons.contains(&reason.to_owned()), expected == Applicability::DisplayOnly);
        }
        let undated = Limits { catalog_date: None, ..limits };
        let safety = of_entry(&ActionPattern::new("s3:Get*"), &audit, &replaced(), &undated);
        assert_eq!(safety.reasons, ["the catalogue does not know `GetNew`"]);
    }

    #[test]
    fn a_wildcard_may_turn_into_so_many_entries() {
        let audit = EntryAudit {
            verdict: crate::audit::Verdict::Partly,
            granted: Vec::new(),
            whole_service: None,
            catalog_gap: None,
        };
        let day = jiff::civil::date(2026, 1, 1);
        let limits = Limits { catalog_date: Some(day), finding_date: day, catalog_lag: None, max_entries: 2 };
        for (entries, expected) in [(1, Applicability::Safe), (2, Applicability::Safe), (3, Applicability::Unsafe)] {
            let change = EntryChange::Replace(vec![ActionPattern::new("s3:GetOld"); entries]);
            let safety = of_entry(&ActionPattern::new("s3:Get*"), &audit, &change, &limits);
            assert_eq!(safety.applicability, expected, "{entries}");
        }
    }
}
