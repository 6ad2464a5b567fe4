//! Roles, access keys and passwords that are unused as a whole: said once, where the identity is declared, else where
//! its first policy stands.
//!
//! An identity that nothing here stands for has no place here, and is counted by `unmatched-finding`.

use std::borrow::Cow;
use std::collections::BTreeMap;

use jiff::civil::Date;

use crate::attribution::Owner;
use crate::diagnostic::{Diagnostic, Place};
use crate::finding::IdentityEvidence;
use crate::policy::action::ActionPattern;
use crate::policy::arn::IdentityArn;
use crate::rule::{Level, Rule};
use crate::settings::{Scope, Settings};

/// An identity or a policy of a reported file, and whom it stands for.
#[derive(Debug)]
pub struct Site<'a, 'e> {
    /// Where it stands.
    pub place: Place,
    /// Whether it is the identity itself, not a policy of it.
    pub is_own: bool,
    /// The identities that it is, or whose it is.
    pub owners: Cow<'a, [Owner<'e>]>,
    /// What governs its file.
    pub scope: &'e Scope,
}

/// Where an identity is best known: where it is declared if that is no guess, else the surest of its sites, of those the
/// first.
struct Best<'a, 'e> {
    site: &'a Site<'a, 'e>,
    owner: &'a Owner<'e>,
}

/// What is to be said of the identities that these sites stand for; the sites in order of place.
#[must_use]
pub fn identities(sites: &[Site<'_, '_>]) -> Vec<Diagnostic> {
    let mut best: BTreeMap<String, Best<'_, '_>> = BTreeMap::new();
    for site in sites {
        for owner in site.owners.as_ref() {
            let (key, new) = (owner.identity.to_ascii_lowercase(), Best { site, owner });
            if best.get(&key).is_none_or(|known| known.rank() < new.rank()) {
                best.insert(key, new);
            }
        }
    }
    best.values().flat_map(Best::diagnostics).collect()
}

impl Best<'_, '_> {
    fn rank(&self) -> impl Ord + use<> {
        let is_sure = !self.owner.certainty.is_guess();
        (self.site.is_own && is_sure, self.owner.certainty, self.site.is_own)
    }

    fn diagnostics(&self) -> Vec<Diagnostic> {
        let arn = IdentityArn::parse(&self.owner.identity);
        let evidence = arn.and_then(|arn| self.site.scope.evidence.identity(&arn));
        let Some(evidence) = evidence.filter(|_| !self.is_kept()) else { return Vec::new() };
        let role = evidence
            .unused_role
            .iter()
            .filter(|role| !role.is_recent)
            .filter_map(|role| self.role(evidence, role.last_accessed));
        let credentials = evidence.unused_credentials.iter().filter_map(|credential| {
            self.credential(evidence, credential.access_key.as_deref(), credential.last_accessed)
        });
        role.chain(credentials).collect()
    }

    /// Everything of the identity is allowed on purpose, as that of a break-glass role.
    fn is_kept(&self) -> bool {
        self.site.scope.settings.allowed(&self.owner.identity).into_iter().any(ActionPattern::is_everything)
    }

    fn role(&self, evidence: &IdentityEvidence, last: Option<Date>) -> Option<Diagnostic> {
        let message = format!("the role `{}` {}", evidence.arn.name(), unused(last));
        let help = "delete the role, or archive its finding if it is kept for an emergency";
        self.said(Rule::UnusedRole, "", message, help)
    }

    fn credential(&self, evidence: &IdentityEvidence, key: Option<&str>, last: Option<Date>) -> Option<Diagnostic> {
        let name = evidence.arn.name();
        let (message, help) = match key {
            Some(key) => (
                format!("the access key `{key}` of the user `{name}` {}", unused(last)),
                "deactivate the key, and delete it once nothing misses it",
            ),
            None => (
                format!("the password of the user `{name}` {}", unused(last)),
                "delete the login profile, or archive its finding if it is kept for an emergency",
            ),
        };
        self.said(Rule::UnusedUserCredentials, key.unwrap_or_default(), message, help)
    }

    fn said(&self, rule: Rule, which: &str, message: String, help: &str) -> Option<Diagnostic> {
        let settings: &Settings = &self.site.scope.settings;
        let mut diagnostic = super::about_file(rule, self.site.place.clone(), message, settings)?;
        if self.owner.certainty.is_guess() && !settings.trusts_guesses() {
            diagnostic.level = Level::Note;
        }
        let identity = self.owner.identity.to_ascii_lowercase();
        diagnostic.fingerprint = super::fingerprint(&[rule.id(), &self.site.place.path, &identity, which]);
        diagnostic.identities = super::identities(std::slice::from_ref(self.owner));
        diagnostic.help = Some(help.to_owned());
        Some(diagnostic)
    }
}

fn unused(last: Option<Date>) -> String {
    last.map_or_else(|| "has no use on record".to_owned(), |day| format!("was last used on {day}"))
}
