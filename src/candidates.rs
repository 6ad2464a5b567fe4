//! Which policy may be whose, where nothing says so: by how alike their names are, and by the actions that both speak of.
//!
//! A suggestion for people, never a ground for an edit. Looks at a bounded number of pairs.

use crate::finding::{IdentityEvidence, Permissions, UnusedActions};
use crate::nearest::apart;
use crate::policy::action::ActionPattern;
use crate::policy::{Effect, ElementKind, Policy};
use crate::template::Document;

/// How many unused actions of an identity are looked for in a policy.
const MAX_ACTIONS: usize = 64;

/// How many entries of a policy are looked at.
const MAX_ENTRIES: usize = 64;

/// Fewer common actions than this say nothing.
const LEAST_SHARED: usize = 3;

/// A policy that belongs to nobody known.
#[derive(Debug)]
pub struct Ownerless<'a> {
    /// The path of its file.
    pub path: &'a str,
    /// The way to it from there.
    pub address: String,
    names: Vec<&'a str>,
    entries: Vec<&'a ActionPattern>,
}

/// Why a policy may be an identity's. Ordered, the best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Likeness {
    /// Their names are so many letters apart.
    Names(usize),
    /// The policy grants none but this share, in thousandths, of what the identity does not use.
    Actions(usize),
}

impl Likeness {
    /// Why, in a few words.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Names(0) => "of the same name",
            Self::Names(_) => "of a similar name",
            Self::Actions(_) => "which grants what it does not use",
        }
    }

    /// The same of an identity.
    #[must_use]
    pub fn words_of_identity(self) -> &'static str {
        match self {
            Self::Names(0) => "of the same name",
            Self::Names(_) => "of a similar name",
            Self::Actions(_) => "that does not use what it grants",
        }
    }
}

impl<'a> Ownerless<'a> {
    /// Takes a document; `named` are the names that the repository has for whose it is, though no finding has them.
    #[must_use]
    pub fn new(path: &'a str, document: &'a Document, named: impl Iterator<Item = &'a str>) -> Self {
        let mut parts = path.rsplit('/');
        let stem = parts.next().and_then(|name| name.split('.').next());
        let folders = parts.take(2);
        let steps = document.path.iter().filter_map(|step| match step {
            crate::template::Step::Key(key) if !is_of_format(key) => Some(key.as_str()),
            _ => None,
        });
        let names = stem.into_iter().chain(folders).chain(steps.take(4)).chain(named).collect();
        Self { path, address: document.address(), names, entries: entries(&document.policy) }
    }

    /// How it may be an identity's, if at all.
    #[must_use]
    pub fn likeness(&self, identity: &IdentityEvidence) -> Option<Likeness> {
        let by_name = self.names.iter().filter_map(|name| apart(identity.arn.name(), name)).min().map(Likeness::Names);
        by_name.or_else(|| self.shared(identity).map(Likeness::Actions))
    }

    /// Which share, in thousandths, of what the identity does not use it lacks; `None` if it grants less than half.
    fn shared(&self, identity: &IdentityEvidence) -> Option<usize> {
        let Permissions::Usable(unused) = &identity.permissions else { return None };
        let (mut all, mut granted) = (0_usize, 0_usize);
        for service in &unused.services {
            let of_service =
                self.entries.iter().filter(|e| e.named().is_some_and(|(named, _)| named == &*service.prefix));
            let of_service: Vec<_> = of_service.collect();
            match &service.actions {
                UnusedActions::Whole => {
                    all += 1;
                    granted += usize::from(!of_service.is_empty());
                }
                UnusedActions::Only(actions) => {
                    let left = MAX_ACTIONS.saturating_sub(all);
                    for action in actions.iter().take(left) {
                        all += 1;
                        granted += usize::from(of_service.iter().any(|e| e.matches(&service.prefix, &action.name)));
                    }
                }
            }
            if all >= MAX_ACTIONS {
                break;
            }
        }
        (granted >= LEAST_SHARED && granted * 2 >= all).then(|| (all - granted) * 1000 / all)
    }
}

/// Keys that stand in every file of a format.
fn is_of_format(key: &str) -> bool {
    ["Resources", "Properties", "Policies", "PolicyDocument", "policy", "Document", "Statement"].contains(&key)
}

/// What a policy allows by name.
fn entries(policy: &Policy) -> Vec<&ActionPattern> {
    let allowing =
        policy.statements.iter().filter(|s| (s.effect, s.actions.kind) == (Effect::Allow, ElementKind::Action));
    let entries = allowing.flat_map(|statement| &statement.actions.entries).filter_map(|entry| entry.pattern.as_ref());
    entries.filter(|pattern| !pattern.is_everything()).take(MAX_ENTRIES).collect()
}

/// The policy that is most likely an identity's.
#[must_use]
pub fn nearest_policy<'p, 'a>(
    identity: &IdentityEvidence,
    policies: &'p [Ownerless<'a>],
) -> Option<(&'p Ownerless<'a>, Likeness)> {
    let alike = policies.iter().filter_map(|policy| Some((policy, policy.likeness(identity)?)));
    alike.min_by_key(|(_, likeness)| *likeness)
}

/// The identity that a policy is most likely of.
#[must_use]
pub fn nearest_identity<'e>(
    policy: &Ownerless<'_>,
    identities: &[&'e IdentityEvidence],
) -> Option<(&'e IdentityEvidence, Likeness)> {
    let alike = identities.iter().filter_map(|identity| Some((*identity, policy.likeness(identity)?)));
    alike.min_by_key(|(_, likeness)| *likeness)
}
