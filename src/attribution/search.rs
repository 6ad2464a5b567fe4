//! What a file says of an identity's name → the identities that findings or account details know by it.

use std::collections::{BTreeSet, HashSet};

use super::{Certainty, Joined, NAMELESS, Owner, Standing};
use crate::finding::{IdentityEvidence, Naming};
use crate::policy::arn::{IdentityArn, IdentityKind};
use crate::policy::wildcard::Wildcard;
use crate::settings::Scope;
use crate::source::SourceFile;
use crate::template::IdentityName;

/// Of more identities than this a guess says nothing.
const MAX_GUESSED: usize = 256;

/// How many letters and digits AWS appends at least: CloudFormation to a name, and Identity Center to a permission set.
const RANDOM: [usize; 2] = [8, 16];

/// A search for the identities that a file's names stand for.
#[derive(Clone, Copy)]
pub(super) struct Search<'s, 'e> {
    /// Role or user, where that is known.
    pub(super) kind: Option<IdentityKind>,
    pub(super) file: &'s SourceFile,
    pub(super) scope: &'e Scope,
    /// The users that files put into groups.
    pub(super) joined: &'s [Joined<'s>],
}

impl<'e> Search<'_, 'e> {
    /// The owners of what a file says of a name.
    pub(super) fn of(&self, name: &IdentityName, certainty: Certainty) -> Vec<Owner<'e>> {
        let made_from = |head: String, sign, random, shown: &str, certainty| {
            let head = &Wildcard::new(head);
            self.meant(Naming::MadeFrom { head, sign, random }, shown, certainty)
        };
        let stacks = self.scope.settings.stacks(&self.file.relative);
        match name {
            IdentityName::Exact(name) => self.named(name, certainty),
            IdentityName::Arn(arn) => vec![self.known_as(arn, certainty)],
            IdentityName::Pattern(pattern) => self.meant(Naming::Like(pattern), pattern.as_str(), Certainty::Pattern),
            IdentityName::PermissionSet(set) => {
                let head = reserved_role(set);
                made_from(head.clone(), '_', RANDOM[1], &head, certainty)
            }
            IdentityName::Generated(logical_id) if stacks.is_empty() => {
                made_from(format!("*-{logical_id}"), '-', RANDOM[0], logical_id, Certainty::Pattern)
            }
            IdentityName::Generated(logical_id) => {
                // A loop makes several roles, and which of them are there nobody says.
                let is_in_loop = logical_id.contains('*');
                let certainty = if is_in_loop { Certainty::Pattern } else { Certainty::Reference };
                let heads = stacks.iter().map(|stack| format!("{stack}-{logical_id}"));
                let of_stacks = heads.flat_map(|head| made_from(head.clone(), '-', RANDOM[0], &head, certainty));
                self.in_all_accounts(of_stacks.collect())
            }
            IdentityName::Unknown => {
                vec![Owner::unseen(NAMELESS, certainty, "its name is not known")]
            }
        }
    }

    /// The owners of one template's stacks: that each account has one of them is enough, as for `app-dev` and `app-prod`.
    fn in_all_accounts(&self, owners: Vec<Owner<'e>>) -> Vec<Owner<'e>> {
        let accounts = self.scope.settings.deployed_to(&self.file.relative);
        if accounts.is_empty() {
            return owners;
        }
        seen_in_all(owners.into_iter().map(|owner| Owner { only_seen_in: None, ..owner }).collect(), &accounts)
    }

    /// The owners of this name.
    pub(super) fn named(&self, name: &str, certainty: Certainty) -> Vec<Owner<'e>> {
        let certainty = certainty.min(Certainty::Name);
        let asked_for = || asked_for(name, certainty, self.scope);
        let is_seen = self.scope.evidence.named(name).next().is_some();
        let asked_for = if is_seen { None } else { asked_for() };
        asked_for.map_or_else(|| self.meant(Naming::Whole(name), name, certainty), |owner| vec![owner])
    }

    /// One owner per account the file is deployed to, else one per account with a finding; `shown` stands for them where
    /// there is none.
    fn meant(&self, naming: Naming<'_>, shown: &str, certainty: Certainty) -> Vec<Owner<'e>> {
        let Some(found) = self.scope.evidence.meant(naming) else {
            return vec![Owner::unseen(shown, certainty, "its name says too little to tell which one it is")];
        };
        let accounts = self.accounts(naming);
        let is_here = |account: &str| accounts.is_empty() || accounts.contains(&account);
        let of_kind = |kind| self.kind.is_none_or(|known| known == kind);
        let found: Vec<&IdentityEvidence> =
            found.into_iter().filter(|e| of_kind(e.arn.kind()) && is_here(e.arn.account())).collect();
        match (found.as_slice(), accounts.as_slice()) {
            ([], []) => vec![Owner::unseen(shown, certainty, "no finding names it")],
            ([], _) => {
                vec![Owner::unseen(shown, certainty, "no finding names it in the accounts that it is deployed to")]
            }
            (many, _) if certainty.is_guess() && many.len() > MAX_GUESSED => {
                vec![Owner::unseen(shown, certainty, "so many identities have such a name that nobody can tell")]
            }
            (_, []) => {
                rivals(found.into_iter().map(|evidence| seen_only_there(evidence, certainty, self.scope)).collect())
            }
            _ => {
                let owners = found.into_iter().map(|evidence| owner(evidence, certainty, self.scope)).collect();
                seen_in_all(rivals(owners), &accounts)
            }
        }
    }

    /// The accounts that the file is deployed to: as the user says, else those that have such an identity, if the
    /// details of every account that findings speak of are at hand.
    fn accounts(&self, naming: Naming<'_>) -> Vec<&'e str> {
        let stated = self.scope.settings.deployed_to(&self.file.relative);
        if !stated.is_empty() || !self.scope.evidence.has_all_details() {
            return stated;
        }
        let known = self.scope.evidence.inventory.meant(naming).unwrap_or_default().into_iter();
        let known = known.filter(|arn| self.kind.is_none_or(|kind| kind == arn.kind()));
        known.map(IdentityArn::account).collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// A group is its users: these, if account details name all of them.
    pub(super) fn group(&self, name: &IdentityName, certainty: Certainty) -> Vec<Owner<'e>> {
        let unknown = |why| {
            let kind = Some(IdentityKind::Group);
            vec![Owner { kind, ..Owner::unseen(shown(name), certainty, why) }]
        };
        let (exact, arn) = match name {
            IdentityName::Exact(name) => (name.as_str(), None),
            IdentityName::Arn(arn) => (arn.name(), Some(arn)),
            _ => return unknown("a group is its users, who are not known here"),
        };
        let inventory = &self.scope.evidence.inventory;
        let groups = inventory.meant(Naming::Whole(exact)).unwrap_or_default().into_iter();
        let groups: Vec<&IdentityArn> =
            groups.filter(|group| group.kind() == IdentityKind::Group && arn.is_none_or(|arn| arn == *group)).collect();
        let stated = self.scope.settings.deployed_to(&self.file.relative);
        let is_known = |account: &&str| groups.iter().any(|group| group.account() == *account);
        if groups.is_empty() || !stated.iter().all(is_known) {
            return unknown("a group is its users, who are not known here");
        }
        let groups = groups.into_iter().filter(|group| stated.is_empty() || stated.contains(&group.account()));
        let owners: Vec<Owner<'e>> = groups.flat_map(|group| self.members(group, certainty)).collect();
        if owners.is_empty() { unknown("the account details name no user in it") } else { owners }
    }

    fn members(&self, group: &IdentityArn, certainty: Certainty) -> Vec<Owner<'e>> {
        let member_of = Some(group.name().to_owned());
        let known = self.scope.evidence.inventory.members(group);
        let mut owners: Vec<Owner<'e>> = known.iter().map(|user| self.there(user, certainty)).collect();
        // Whom account details have in the group already is told by them, and each is told once.
        let mut told: HashSet<String> = owners.iter().map(|owner| owner.name().to_ascii_lowercase()).collect();
        let joined = self.joined.iter().filter(|joined| joined.may_be_in(group.name()));
        for joined in joined.filter(|joined| joined.may_be_there(group.account())) {
            let owner = self.joining(&joined.membership.user, group.account(), certainty);
            owners.extend(owner.filter(|owner| told.insert(owner.name().to_ascii_lowercase())));
        }
        owners.into_iter().map(|owner| Owner { member_of: member_of.clone(), ..owner }).collect()
    }

    /// The owner of a user that the repository puts into a group of this account.
    fn joining(&self, user: &IdentityName, account: &str, certainty: Certainty) -> Option<Owner<'e>> {
        let name = match user {
            IdentityName::Exact(name) => name.as_str(),
            IdentityName::Arn(arn) if arn.account() == account => arn.name(),
            IdentityName::Arn(_) => return None,
            _ => return Some(Owner::unseen(NAMELESS, certainty, "its name is not known")),
        };
        let is_it = |user: &&IdentityEvidence| user.arn.kind() == IdentityKind::User && user.arn.account() == account;
        let found = self.scope.evidence.named(name).find(is_it);
        let unseen = || {
            let kind = Some(IdentityKind::User);
            Owner { kind, ..Owner::unseen(name, certainty, "no finding names it") }
        };
        Some(found.map_or_else(unseen, |evidence| owner(evidence, certainty, self.scope)))
    }

    /// The owners of what account details say is attached to these, in the accounts that the file is deployed to.
    pub(super) fn those(&self, identities: &[&IdentityArn], certainty: Certainty) -> Vec<Owner<'e>> {
        let stated = self.scope.settings.deployed_to(&self.file.relative);
        let here = identities.iter().filter(|arn| stated.is_empty() || stated.contains(&arn.account()));
        let owners = here.flat_map(|arn| match arn.kind() {
            IdentityKind::Group => self.members(arn, certainty),
            IdentityKind::Role | IdentityKind::User => vec![self.there(arn, certainty)],
        });
        owners.collect()
    }

    /// The owner of an ARN that account details have, and whether the policy may be deployed to other accounts too.
    fn there(&self, arn: &IdentityArn, certainty: Certainty) -> Owner<'e> {
        let stated = self.scope.settings.deployed_to(&self.file.relative);
        let is_everywhere = match stated.as_slice() {
            [] => self.scope.evidence.has_all_details(),
            stated => stated.iter().all(|account| self.scope.evidence.inventory.covers(account)),
        };
        let only_seen_in = (!is_everywhere).then(|| arn.account().to_owned());
        Owner { only_seen_in, ..self.known_as(arn, certainty) }
    }

    /// The owner of this ARN.
    pub(super) fn known_as(&self, arn: &IdentityArn, certainty: Certainty) -> Owner<'e> {
        match self.scope.evidence.identity(arn) {
            Some(evidence) => owner(evidence, certainty, self.scope),
            None => Owner::unseen(arn.as_str(), certainty, "no finding names it"),
        }
    }
}

/// What the names of a permission set's roles begin with, before `_` and hexadecimal digits.
pub(super) fn reserved_role(permission_set: &str) -> String {
    format!("AWSReservedSSO_{permission_set}")
}

/// What a report calls an identity of which it knows no more.
fn shown(name: &IdentityName) -> &str {
    match name {
        IdentityName::Exact(name) | IdentityName::Generated(name) | IdentityName::PermissionSet(name) => name,
        IdentityName::Arn(arn) => arn.name(),
        IdentityName::Pattern(pattern) => pattern.as_str(),
        IdentityName::Unknown => "a group",
    }
}

/// Notes for each owner where its like is seen, if that is not in all the accounts that the file is deployed to.
fn seen_in_all<'e>(owners: Vec<Owner<'e>>, accounts: &[&str]) -> Vec<Owner<'e>> {
    let seen: BTreeSet<String> =
        owners.iter().filter_map(|owner| Some(IdentityArn::parse(&owner.identity)?.account().to_owned())).collect();
    if accounts.iter().all(|account| seen.contains(*account)) {
        return owners;
    }
    let only_seen_in = Some(seen.into_iter().collect::<Vec<_>>().join(", "));
    owners.into_iter().map(|owner| Owner { only_seen_in: only_seen_in.clone(), ..owner }).collect()
}

/// Notes for each owner that others could be meant as well: a role and a user of the same name, or by a guess two
/// identities of one account.
pub(super) fn rivals(owners: Vec<Owner<'_>>) -> Vec<Owner<'_>> {
    let first = owners.first().map(|owner| owner.kind);
    let differ_in_kind = owners.iter().any(|owner| Some(owner.kind) != first);
    let is_guess = owners.iter().any(|owner| owner.certainty.is_guess());
    let mut accounts = BTreeSet::new();
    let mut is_twice = |owner: &Owner<'_>| {
        let arn = IdentityArn::parse(&owner.identity);
        arn.is_some_and(|arn| !accounts.insert(arn.account().to_owned()))
    };
    let has_rival = differ_in_kind || (is_guess && owners.iter().any(&mut is_twice));
    owners.into_iter().map(|owner| Owner { has_rival, ..owner }).collect()
}

/// The identity that an export is about which names none, if the user says that it has this name.
pub(super) fn asked_for<'e>(name: &str, certainty: Certainty, scope: &'e Scope) -> Option<Owner<'e>> {
    let unused = scope.evidence.anonymous.as_ref()?;
    let is_asked_for = scope.settings.identities.iter().any(|identity| identity.eq_ignore_ascii_case(name));
    is_asked_for.then(|| Owner { certainty, ..Owner::nameless(name, Standing::Usable(unused)) })
}

/// The owner of a finding, where it is not known whether the policy is deployed to other accounts too.
pub(super) fn seen_only_there<'e>(evidence: &'e IdentityEvidence, certainty: Certainty, scope: &'e Scope) -> Owner<'e> {
    let only_seen_in = Some(evidence.arn.account().to_owned());
    Owner { only_seen_in, ..owner(evidence, certainty, scope) }
}

/// The owner of a finding, with the groups of a user that account details name.
fn owner<'e>(evidence: &'e IdentityEvidence, certainty: Certainty, scope: &'e Scope) -> Owner<'e> {
    let groups = scope.evidence.inventory.identities.get(&evidence.arn).map_or(&[][..], |of| of.groups.as_slice());
    Owner { groups, ..Owner::of(evidence, certainty) }
}
