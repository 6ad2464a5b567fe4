//! What the user wants, settled: configuration and command line together, as the core needs it.

use std::collections::BTreeMap;

use globset::GlobMatcher;
use jiff::civil::Date;

use crate::finding::Evidence;
use crate::policy::action::ActionPattern;
use crate::policy::wildcard::Wildcard;
use crate::rule::{Level, Rule};

/// The files that one configuration governs share its settings and its evidence.
#[derive(Debug, Clone)]
pub struct Scope {
    /// What the user wants there.
    pub settings: Settings,
    /// What the findings say.
    pub evidence: Evidence,
}

/// What the user wants.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The folder of the configuration as paths show it, with a `/` at its end; empty for the root.
    pub folder: String,
    /// What today is.
    pub today: Date,
    /// Whose findings are asked for on the command line: ARNs or names.
    pub identities: Vec<String>,
    /// Where files are deployed: globs relative to the folder, and account ids.
    pub accounts: Vec<(GlobMatcher, Vec<String>)>,
    /// Whose a policy is, by the user's word.
    pub bindings: Vec<Binding>,
    /// What is kept on purpose.
    pub allow: Vec<Allow>,
    /// Levels other than the rules' own; `None` is off.
    pub levels: BTreeMap<Rule, Option<Level>>,
    /// The most that a diagnostic weighs that is known by a guess only.
    pub guesses: Level,
    /// The most that a stale export weighs.
    pub staleness: Level,
    /// How many days old an export may be; `None` for never mind.
    pub max_age: Option<i32>,
    /// How many days the catalogue may be older than a finding; `None` for never mind.
    pub catalog_lag: Option<i32>,
    /// Into how many entries a wildcard may turn for its fix to be safe.
    pub max_entries: usize,
}

/// Whose a policy is, by the user's word.
#[derive(Debug, Clone)]
pub struct Binding {
    /// Paths, relative to the folder.
    pub policy: GlobMatcher,
    /// The address inside the file; any if `None`.
    pub address: Option<String>,
    /// ARNs or names.
    pub identities: Vec<String>,
}

/// Actions of an identity that stay although reported.
#[derive(Debug, Clone)]
pub struct Allow {
    /// Over ARNs.
    pub identity: Wildcard,
    /// Over `service:Name`.
    pub action: ActionPattern,
    /// The day after which it holds no more.
    pub until: Option<Date>,
}

impl Settings {
    /// The defaults, on the day `today`.
    #[must_use]
    pub fn on(today: Date) -> Self {
        Self {
            folder: String::new(),
            today,
            identities: Vec::new(),
            accounts: Vec::new(),
            bindings: Vec::new(),
            allow: Vec::new(),
            levels: BTreeMap::new(),
            guesses: Level::Note,
            staleness: Level::Warning,
            max_age: Some(90),
            catalog_lag: Some(90),
            max_entries: 50,
        }
    }

    /// The level of a rule; `None` if it is off.
    #[must_use]
    pub fn level(&self, rule: Rule) -> Option<Level> {
        self.levels.get(&rule).copied().unwrap_or(Some(rule.info().level))
    }

    /// A path relative to the folder; the path itself if it lies elsewhere.
    #[must_use]
    pub fn relative<'p>(&self, path: &'p str) -> &'p str {
        path.strip_prefix(&self.folder).unwrap_or(path)
    }

    /// Who is bound to the document at `address` of the file at `path`, in the order written, each once.
    #[must_use]
    pub fn bound(&self, path: &str, address: &str) -> Vec<&str> {
        let relative = self.relative(path);
        let speaks_of = |binding: &&Binding| {
            binding.policy.is_match(relative) && binding.address.as_deref().is_none_or(|wanted| wanted == address)
        };
        let mut bound = Vec::new();
        for identity in self.bindings.iter().filter(speaks_of).flat_map(|binding| &binding.identities) {
            if !bound.contains(&identity.as_str()) {
                bound.push(identity.as_str());
            }
        }
        bound
    }

    /// The accounts that the file at `path` is deployed to, where the user says so.
    #[must_use]
    pub fn deployed_to(&self, path: &str) -> Vec<&str> {
        let relative = self.relative(path);
        let matching = self.accounts.iter().filter(|(glob, _)| glob.is_match(relative));
        matching.flat_map(|(_, accounts)| accounts).map(String::as_str).collect()
    }

    /// The actions that are kept on purpose for an identity today.
    #[must_use]
    pub fn allowed(&self, arn: &str) -> Vec<&ActionPattern> {
        let holds = |allow: &&Allow| allow.identity.matches(arn) && allow.until.is_none_or(|until| self.today <= until);
        self.allow.iter().filter(holds).map(|allow| &allow.action).collect()
    }
}
