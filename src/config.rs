//! `.iamtrim.yaml`: text → [`Config`], checked key by key, with the place of what is wrong.
//!
//! Pure: its globs and paths are relative to the folder the file lies in, which only [`crate::walk`] knows.
//! Knows the user's wishes. Does not know the pipeline, nor which files exist.

mod read;
mod text;
mod value;

use jiff::civil::Date;
use serde::Deserialize;

use crate::error::Error;
use crate::policy::arn::IdentityArn;
pub use read::Ordered;
pub use value::{AccountId, Age, Days, Glob, Guesses, IdentityRef, Level, NewerEntries, PolicyPattern, RuleId};

/// The only name a configuration file may have.
pub const FILE_NAME: &str = ".iamtrim.yaml";

/// The size above which a configuration is refused, in bytes.
pub const MAX_SIZE: usize = 1024 * 1024;

/// Settings of iamtrim for the folder this file lies in and all folders below that have none of their own.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case", expecting = "keys and values, as in `max-age: 90d`")]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(title = "iamtrim"))]
pub struct Config {
    /// Findings exports to read: files, folders or globs.
    pub findings: Vec<FindingsEntry>,
    /// Accounts that the policies in the matching files are deployed to.
    #[cfg_attr(test, schemars(with = "std::collections::BTreeMap<String, Vec<AccountId>>"))]
    pub accounts: Ordered<Glob, Vec<AccountId>>,
    /// Files and folders to leave out, besides those that ignore files name. What lies in such a folder is left out too.
    pub exclude: Vec<Glob>,
    /// An export older than this is reported as stale.
    #[cfg_attr(test, schemars(extend("default" = "90d")))]
    pub max_age: Age,
    /// Leave alone what was last used more recently than this.
    pub unused_for: Option<Days>,
    /// How much older than the finding the catalogue may be before a fix of a wildcard is unsafe.
    #[cfg_attr(test, schemars(extend("default" = "90d")))]
    pub catalog_lag: Age,
    /// A fix that turns one wildcard into more entries than this is unsafe.
    #[cfg_attr(test, schemars(extend("default" = 50)))]
    pub max_entries: MaxEntries,
    /// The level of each rule.
    #[cfg_attr(test, schemars(schema_with = "schema::levels"))]
    pub levels: Ordered<RuleId, Level>,
    /// How a diagnostic is reported whose policy was attributed by a guess.
    #[cfg_attr(test, schemars(extend("default" = "note")))]
    pub guesses: Guesses,
    /// How an entry is reported that is newer than the finding.
    #[cfg_attr(test, schemars(extend("default" = "note")))]
    pub newer_entries: NewerEntries,
    /// Whose a policy is, where the repository does not say.
    pub bindings: Vec<Binding>,
    /// `CloudFormation` stack names under which a template is deployed.
    #[cfg_attr(test, schemars(with = "std::collections::BTreeMap<String, Vec<String>>"))]
    pub stacks: Ordered<Glob, Vec<String>>,
    /// Terraform modules, by source, whose inputs become policy statements.
    #[cfg_attr(test, schemars(with = "std::collections::BTreeMap<String, Module>"))]
    pub modules: Ordered<String, Module>,
    /// Unused permissions that are kept on purpose.
    pub allow: Vec<Allow>,
}

/// One findings export, or many by a folder or glob.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FindingsEntry {
    /// A file, folder or glob.
    pub path: Glob,
    /// The identity that an export is about which names none.
    pub identity: Option<IdentityArn>,
    /// Overrides the setting of the same name for these exports.
    pub unused_for: Option<Days>,
}

/// How many entries may replace one wildcard; 50 unless set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct MaxEntries(#[cfg_attr(test, schemars(range(min = 1)))] pub u32);

/// Whose the policies in some files are.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a mapping with `policy` and `identities`")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Binding {
    /// A glob of files; optionally `#` and one policy's address in them, such as `#AppPolicy` or `#aws_iam_policy.app`.
    pub policy: PolicyPattern,
    /// ARNs or names of the roles and users that the policy is attached to.
    pub identities: Vec<IdentityRef>,
}

/// What iamtrim cannot know of a Terraform module that it does not read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a mapping with `statements`")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Module {
    /// Names of the inputs that become policy statements.
    pub statements: Vec<String>,
}

/// One or more unused permissions that are kept on purpose.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a mapping with `identity`, `action` and `reason`")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Allow {
    /// The ARNs it is about; `*` and `?` as IAM reads them.
    #[serde(deserialize_with = "text::word")]
    pub identity: String,
    /// The actions it is about, as `service:Name`; `*` and `?` as IAM reads them.
    #[serde(deserialize_with = "value::action")]
    pub action: String,
    /// Why they are kept.
    #[serde(deserialize_with = "text::word")]
    #[cfg_attr(test, schemars(length(min = 1)))]
    pub reason: String,
    /// The last day on which they are kept.
    #[serde(default, deserialize_with = "value::date")]
    #[cfg_attr(test, schemars(with = "Option<String>", extend("format" = "date")))]
    pub until: Option<Date>,
}

impl Config {
    /// Reads the text of a configuration; `path` is what messages call it.
    ///
    /// Every error has a line and a column. An empty text is the default configuration.
    pub fn parse(path: &str, text: &str) -> Result<Self, Error> {
        read::parse(path, text)
    }

    /// Whether a file is left out, by its path or by that of a folder above it.
    #[must_use]
    pub fn excludes(&self, path: &str) -> bool {
        let folders = path.match_indices('/').filter_map(|(end, _)| path.get(..end));
        self.excludes_file(path) || folders.into_iter().any(|folder| self.excludes_folder(folder))
    }

    /// Whether a file is left out, when no folder above it is.
    #[must_use]
    pub fn excludes_file(&self, path: &str) -> bool {
        self.exclude.iter().any(|glob| glob.matches(path))
    }

    /// Whether a folder need not be entered: a glob matches it, or, as `fixtures/**` does, all that lies in it.
    #[must_use]
    pub fn excludes_folder(&self, path: &str) -> bool {
        let all_in_it = format!("{path}/");
        self.exclude.iter().any(|glob| glob.matches(path) || glob.matches(&all_in_it))
    }

    /// The bindings whose glob matches a file, in the order written.
    pub fn bindings_for<'c>(&'c self, path: &str) -> impl Iterator<Item = &'c Binding> {
        self.bindings.iter().filter(move |binding| binding.policy.glob.matches(path))
    }

    /// The accounts a file is deployed to: those of every glob that matches it, each once.
    #[must_use]
    pub fn accounts_for(&self, path: &str) -> Vec<&AccountId> {
        each_once(&self.accounts, path)
    }

    /// The stack names of a template: those of every glob that matches it, each once.
    #[must_use]
    pub fn stacks_for(&self, path: &str) -> Vec<&String> {
        each_once(&self.stacks, path)
    }

    /// What is said of a Terraform module, by its source.
    #[must_use]
    pub fn module(&self, source: &str) -> Option<&Module> {
        self.modules.iter().find(|(known, _)| known == source).map(|(_, module)| module)
    }

    /// The level set for a rule, if one is.
    #[must_use]
    pub fn level(&self, rule: &str) -> Option<Level> {
        self.levels.iter().find(|(id, _)| id.as_str() == rule).map(|(_, level)| *level)
    }
}

fn each_once<'c, T: PartialEq>(by_glob: &'c Ordered<Glob, Vec<T>>, path: &str) -> Vec<&'c T> {
    let mut found = Vec::new();
    for value in by_glob.iter().filter(|(glob, _)| glob.matches(path)).flat_map(|(_, values)| values) {
        if !found.contains(&value) {
            found.push(value);
        }
    }
    found
}

impl Default for MaxEntries {
    fn default() -> Self {
        Self(50)
    }
}

#[cfg(test)]
mod schema;
#[cfg(test)]
mod tests;
