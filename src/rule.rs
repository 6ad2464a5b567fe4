//! The rules: which exist, their levels, and their documentation. A rule is a kind of answer to one question: what is
//! granted here that nobody uses?

/// How much a diagnostic weighs. Ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// For your information; shown with `-v`.
    Note,
    /// Something to mend.
    Warning,
    /// Something that must not pass.
    Error,
}

/// What a diagnostic is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rule {
    /// An action, or a wildcard all of whose actions are unused.
    UnusedAction,
    /// The same, and the whole service is unused.
    UnusedService,
    /// A wildcard of which only some actions are unused.
    PartlyUsedWildcard,
    /// `*` alone, or Allow with NotAction, with unused actions under it.
    BroadGrant,
    /// A role that nobody uses.
    UnusedRole,
    /// A user's access key or password that nobody uses.
    UnusedUserCredentials,
    /// A suppression that suppresses nothing, or is past its date.
    UnneededAllow,
    /// The export is too old.
    StaleFindings,
    /// A file that could not be read or parsed.
    UnreadableFile,
    /// An entry that matches nothing in the catalogue.
    UnknownAction,
    /// Identities of an export that no policy here belongs to.
    UnmatchedFinding,
}

/// One row of the table of rules.
#[derive(Debug, Clone, Copy)]
pub struct RuleInfo {
    /// The rule.
    pub rule: Rule,
    /// Its name in output and configuration.
    pub id: &'static str,
    /// Its level unless the configuration says otherwise.
    pub level: Level,
    /// What it says, in one line.
    pub summary: &'static str,
    /// Its documentation, in Markdown.
    pub documentation: &'static str,
}

macro_rules! rules {
    ($($rule:ident, $id:literal, $level:ident, $summary:literal;)*) => {
        /// All rules, in the order in which they are documented.
        pub const RULES: &[RuleInfo] = &[$(Rule::$rule.info()),*];

        impl Rule {
            /// Its row in the table.
            #[must_use]
            pub const fn info(self) -> RuleInfo {
                match self {
                    $(Self::$rule => RuleInfo {
                        rule: Self::$rule,
                        id: $id,
                        level: Level::$level,
                        summary: $summary,
                        documentation: include_str!(concat!("../docs/rules/", $id, ".md")),
                    }),*
                }
            }
        }
    };
}

rules! {
    UnusedAction, "unused-action", Warning, "an action, or a wildcard all of whose actions are unused";
    UnusedService, "unused-service", Warning, "an action of a service of which nothing is used";
    PartlyUsedWildcard, "partly-used-wildcard", Warning, "a wildcard of which only some actions are unused";
    BroadGrant, "broad-grant", Warning, "`*` alone, or Allow with NotAction, with unused actions under it";
    UnusedRole, "unused-role", Warning, "a role that nobody uses";
    UnusedUserCredentials, "unused-user-credentials", Warning, "an access key or a password that nobody uses";
    UnneededAllow, "unneeded-allow", Warning, "a suppression that suppresses nothing, or is past its date";
    StaleFindings, "stale-findings", Warning, "the findings export is too old";
    UnreadableFile, "unreadable-file", Note, "a file that could not be read or parsed";
    UnknownAction, "unknown-action", Note, "an entry that matches no action in the catalogue";
    UnmatchedFinding, "unmatched-finding", Note, "identities of the export that no policy here belongs to";
}

impl Rule {
    /// The rule of this name.
    #[must_use]
    pub fn named(id: &str) -> Option<Self> {
        RULES.iter().find(|info| info.id == id).map(|info| info.rule)
    }

    /// Its name.
    #[must_use]
    pub fn id(self) -> &'static str {
        self.info().id
    }
}

impl Level {
    /// The word in output and configuration.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}
