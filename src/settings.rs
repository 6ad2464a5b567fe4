//! What the user wants, settled: configuration and command line together, as the core needs it.

use std::sync::Arc;

use jiff::civil::Date;

use crate::config::{self, Age, Config, Guesses, NewerEntries};
use crate::finding::Evidence;
use crate::policy::action::ActionPattern;
use crate::policy::wildcard::Wildcard;
use crate::rule::{Level, Rule};

/// The files that one configuration governs share its settings and its evidence.
#[derive(Debug, Clone)]
pub struct Scope {
    /// What the user wants there.
    pub settings: Settings,
    /// What the findings say; configurations may share an export.
    pub evidence: Arc<Evidence>,
}

/// What the user wants.
#[derive(Debug, Clone)]
pub struct Settings {
    /// What today is.
    pub today: Date,
    /// Whose findings are asked for on the command line: ARNs or names.
    pub identities: Vec<String>,
    /// The most that a stale export weighs.
    pub staleness: Level,
    /// Whether it governs a reported file; else nothing is said of the configuration and its exports.
    pub governs: bool,
    /// The configuration's path as shown; `None` where there is none.
    pub config_path: Option<String>,
    config: Config,
    allow: Vec<Allow>,
}

/// Actions of an identity that stay although reported.
#[derive(Debug, Clone)]
pub struct Allow {
    /// Over the identity's ARN.
    pub identity: Wildcard,
    /// The actions.
    pub action: ActionPattern,
    /// The last day on which they are kept.
    pub until: Option<Date>,
}

impl Settings {
    /// The settings of a configuration on the day `today`.
    #[must_use]
    pub fn new(config: Config, today: Date) -> Self {
        let allow = config.allow.iter().map(|allow| Allow {
            identity: Wildcard::new(&*allow.identity),
            action: ActionPattern::new(&*allow.action),
            until: allow.until,
        });
        Self {
            today,
            identities: Vec::new(),
            staleness: Level::Error,
            governs: true,
            config_path: None,
            allow: allow.collect(),
            config,
        }
    }

    /// The level of a rule; `None` if it is off.
    #[must_use]
    pub fn level(&self, rule: Rule) -> Option<Level> {
        let info = rule.info();
        match self.config.level(info.id) {
            None => Some(info.level),
            Some(config::Level::Off) => None,
            Some(config::Level::Note) => Some(Level::Note),
            Some(config::Level::Warning) => Some(Level::Warning),
            Some(config::Level::Error) => Some(Level::Error),
        }
    }

    /// Whether what is known by a guess only is reported and fixed like what is known.
    #[must_use]
    pub fn trusts_guesses(&self) -> bool {
        self.config.guesses == Guesses::Warning
    }

    /// Whether an entry that is newer than the finding is reported like any other.
    #[must_use]
    pub fn reports_newer_entries(&self) -> bool {
        self.config.newer_entries == NewerEntries::Report
    }

    /// What is kept on purpose, in the order written.
    #[must_use]
    pub fn allow(&self) -> &[Allow] {
        &self.allow
    }

    /// How many days old an export may be; `None` for never mind.
    #[must_use]
    pub fn max_age(&self) -> Option<i32> {
        days(self.config.max_age)
    }

    /// How many days the catalogue may be older than a finding; `None` for never mind.
    #[must_use]
    pub fn catalog_lag(&self) -> Option<i32> {
        days(self.config.catalog_lag)
    }

    /// Into how many entries a wildcard may turn for its fix to be safe.
    #[must_use]
    pub fn max_entries(&self) -> usize {
        self.config.max_entries.0 as usize
    }

    /// Who is bound to the document at `address` of a file, in the order written, each once.
    ///
    /// `path` is relative to the configuration's folder.
    #[must_use]
    pub fn bound(&self, path: &str, address: &str) -> Vec<&str> {
        let bindings = self.config.bindings_for(path);
        let is_in =
            |whole: &str| address.strip_prefix(whole).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        let speaking = bindings.filter(|binding| binding.policy.address.as_deref().is_none_or(is_in));
        let mut bound = Vec::new();
        for identity in speaking.flat_map(|binding| &binding.identities).map(config::IdentityRef::as_str) {
            if !bound.contains(&identity) {
                bound.push(identity);
            }
        }
        bound
    }

    /// The accounts that a file is deployed to, where the user says so; `path` as for [`Self::bound`].
    #[must_use]
    pub fn deployed_to(&self, path: &str) -> Vec<&str> {
        self.config.accounts_for(path).into_iter().map(config::AccountId::as_str).collect()
    }

    /// The names of the stacks that a template is deployed as, where the user says so; `path` as for [`Self::bound`].
    #[must_use]
    pub fn stacks(&self, path: &str) -> Vec<&str> {
        self.config.stacks_for(path).into_iter().map(String::as_str).collect()
    }

    /// The inputs of a Terraform module that become statements, where the user says so.
    #[must_use]
    pub fn statement_inputs(&self, source: &str) -> Vec<String> {
        self.config.module(source).map_or_else(Vec::new, |module| module.statements.clone())
    }

    /// The actions that are kept on purpose for an identity today.
    #[must_use]
    pub fn allowed(&self, arn: &str) -> Vec<&ActionPattern> {
        let holds = |allow: &&Allow| allow.identity.matches(arn) && allow.until.is_none_or(|until| self.today <= until);
        self.allow.iter().filter(holds).map(|allow| &allow.action).collect()
    }
}

fn days(age: Age) -> Option<i32> {
    match age {
        Age::Days(days) => i32::try_from(days.0).ok(),
        Age::Never => None,
    }
}
