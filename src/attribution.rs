//! Whose policy is it? The join of what the repository says with what the findings say, with how sure it is.
//!
//! Knows names and ARNs. Does not know actions.

use std::collections::BTreeSet;

use crate::finding::{IdentityEvidence, Permissions, Unusable, UnusedPermissions};
use crate::policy::arn::{IdentityArn, IdentityKind};
use crate::settings::Scope;
use crate::source::SourceFile;
use crate::template::{Attachment, Document, DocumentKind, Format, IdentityName, Link};

/// How an identity is known. Ordered, weakest first; of two hops the weaker counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Certainty {
    /// From the path of the file.
    Guess,
    /// By following references inside the repository.
    Reference,
    /// By the identity's name.
    Name,
    /// Because the user says so.
    Binding,
    /// By the identity's ARN.
    Arn,
}

/// An identity that a policy belongs to.
#[derive(Debug, Clone)]
pub struct Owner<'e> {
    /// Its ARN, else its name, as the repository or the user has it.
    pub identity: String,
    /// Role or user, where that is known.
    pub kind: Option<IdentityKind>,
    /// The weaker of the two hops policy → identity and identity → finding.
    pub certainty: Certainty,
    /// What its findings allow to say.
    pub standing: Standing<'e>,
    /// The accounts in which findings name it, where the policy may be deployed to others too.
    pub only_seen_in: Option<String>,
}

/// What the findings of an owner allow to say.
#[derive(Debug, Clone, Copy)]
pub enum Standing<'e> {
    /// This is unused.
    Usable(&'e UnusedPermissions),
    /// The role as a whole is unused: it holds nothing back.
    WhollyUnused,
    /// Nothing, and why: whatever is shared with it must stay.
    Blocking(&'static str),
}

impl Certainty {
    /// The word in reports.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Guess => "guess",
            Self::Reference => "reference",
            Self::Name => "name",
            Self::Binding => "binding",
            Self::Arn => "arn",
        }
    }
}

impl<'e> Owner<'e> {
    /// What it left unused, if that is known.
    #[must_use]
    pub fn unused(&self) -> Option<&'e UnusedPermissions> {
        match self.standing {
            Standing::Usable(unused) => Some(unused),
            Standing::WhollyUnused | Standing::Blocking(_) => None,
        }
    }

    /// The identity's name, without account and path.
    #[must_use]
    pub fn name(&self) -> &str {
        self.identity.rsplit('/').next().unwrap_or(&self.identity)
    }

    fn of(evidence: &'e IdentityEvidence, certainty: Certainty) -> Self {
        let standing = match &evidence.permissions {
            _ if evidence.arn.is_service_linked() => Standing::Blocking("it is service-linked: AWS owns its policies"),
            _ if evidence.unused_role.is_some() => Standing::WhollyUnused,
            Permissions::Usable(unused) => Standing::Usable(unused),
            Permissions::Unusable(why) => Standing::Blocking(why_unusable(*why)),
        };
        let kind = Some(evidence.arn.kind());
        Self { identity: evidence.arn.to_string(), kind, certainty, standing, only_seen_in: None }
    }

    fn unseen(identity: &str, certainty: Certainty, why: &'static str) -> Self {
        let kind = IdentityArn::parse(identity).map(|arn| arn.kind());
        Self { identity: identity.to_owned(), kind, certainty, standing: Standing::Blocking(why), only_seen_in: None }
    }
}

fn why_unusable(why: Unusable) -> &'static str {
    match why {
        Unusable::None => "no finding speaks of its permissions",
        Unusable::Archived => "its findings are archived",
        Unusable::Resolved => "its findings are resolved",
        Unusable::Failed => "its finding failed",
    }
}

/// The owners of a document, by the surest thing that says so; none if nothing does.
#[must_use]
pub fn owners<'e>(document: &Document, file: &SourceFile, scope: &'e Scope) -> Vec<Owner<'e>> {
    let bound = scope.settings.bound(&file.relative, &document.address());
    if !bound.is_empty() {
        let stated = document.attachments.iter().filter(|attachment| is_another(attachment, &bound));
        let stated = stated.flat_map(|attachment| attached(attachment, file, scope));
        let bound = bound.iter().flat_map(|identity| resolve(identity, Certainty::Binding, file, scope));
        return bound.chain(stated).collect();
    }
    if !document.attachments.is_empty() {
        return document.attachments.iter().flat_map(|attachment| attached(attachment, file, scope)).collect();
    }
    if file.named && !scope.settings.identities.is_empty() {
        let stated = scope.settings.identities.iter();
        return stated.flat_map(|identity| resolve(identity, Certainty::Binding, file, scope)).collect();
    }
    if let Some(unused) = scope.evidence.anonymous.as_ref().filter(|_| file.named) {
        return vec![Owner {
            identity: String::new(),
            kind: None,
            certainty: Certainty::Binding,
            standing: Standing::Usable(unused),
            only_seen_in: None,
        }];
    }
    let may_be_guessed = document.kind == DocumentKind::Standalone && document.format != Format::Terraform;
    if may_be_guessed { guess(&file.path, scope) } else { Vec::new() }
}

/// Whether the file itself names an identity that none of the bindings speak of: the policy is that one's, too.
///
/// A binding says who is meant where the file does not know the name.
fn is_another(attachment: &Attachment, bound: &[&str]) -> bool {
    let IdentityName::Exact(name) = &attachment.name else { return false };
    let is_it = |identity: &&str| identity.rsplit('/').next().is_some_and(|bound| bound.eq_ignore_ascii_case(name));
    attachment.kind != IdentityKind::Group && !bound.iter().any(is_it)
}

/// The owners that an attachment stands for.
#[must_use]
pub fn attached<'e>(attachment: &Attachment, file: &SourceFile, scope: &'e Scope) -> Vec<Owner<'e>> {
    let certainty = match attachment.link {
        Link::Reference => Certainty::Reference,
        Link::Name => Certainty::Name,
    };
    let stacks = scope.settings.stacks(&file.relative);
    let search = Search { kind: Some(attachment.kind), file, scope };
    match &attachment.name {
        _ if attachment.kind == IdentityKind::Group => vec![group(&attachment.name, certainty)],
        IdentityName::Exact(name) => search.named(name, certainty),
        IdentityName::Pattern(pattern) => search.of(|name| pattern.matches(name), pattern.as_str(), Certainty::Guess),
        IdentityName::PermissionSet(set) => {
            let shown = format!("AWSReservedSSO_{set}");
            search.of(|name| is_made_from(name, '_', 16, |head| head.eq_ignore_ascii_case(&shown)), &shown, certainty)
        }
        IdentityName::Generated(logical_id) if stacks.is_empty() => {
            let end = format!("-{logical_id}").to_ascii_lowercase();
            let is_meant = |head: &str| head.to_ascii_lowercase().ends_with(&end);
            search.of(|name| is_made_from(name, '-', 8, is_meant), logical_id, Certainty::Guess)
        }
        IdentityName::Generated(logical_id) => {
            let of_stack = |stack: &&str| {
                let shown = format!("{stack}-{logical_id}");
                let is_meant = |head: &str| head.eq_ignore_ascii_case(&shown);
                search.of(|name| is_made_from(name, '-', 8, is_meant), &shown, Certainty::Reference)
            };
            stacks.iter().flat_map(of_stack).collect()
        }
        IdentityName::Unknown => vec![Owner::unseen("an identity without a name", certainty, "its name is not known")],
    }
}

/// A group is its users, and who they are is nowhere in a repository.
fn group<'e>(name: &IdentityName, certainty: Certainty) -> Owner<'e> {
    let name = match name {
        IdentityName::Exact(name) | IdentityName::Generated(name) | IdentityName::PermissionSet(name) => name.as_str(),
        IdentityName::Pattern(pattern) => pattern.as_str(),
        IdentityName::Unknown => "a group",
    };
    let kind = Some(IdentityKind::Group);
    Owner { kind, ..Owner::unseen(name, certainty, "a group is its users, who are not known here") }
}

/// Whether a name is what AWS makes of another one: that, a sign, and letters and digits that make it unique.
fn is_made_from(name: &str, sign: char, least: usize, is_meant: impl Fn(&str) -> bool) -> bool {
    name.rsplit_once(sign).is_some_and(|(head, random)| {
        random.len() >= least && random.bytes().all(|byte| byte.is_ascii_alphanumeric()) && is_meant(head)
    })
}

/// The owners that an ARN or a name stands for.
fn resolve<'e>(identity: &str, certainty: Certainty, file: &SourceFile, scope: &'e Scope) -> Vec<Owner<'e>> {
    let Some(arn) = IdentityArn::parse(identity) else {
        return Search { kind: None, file, scope }.named(identity, certainty);
    };
    match scope.evidence.identity(&arn) {
        Some(evidence) => vec![Owner::of(evidence, certainty.min(Certainty::Arn))],
        None => vec![Owner::unseen(identity, certainty, "no finding names it")],
    }
}

/// A search for the identities that a file's names stand for.
#[derive(Clone, Copy)]
struct Search<'s, 'e> {
    /// Role or user, where that is known.
    kind: Option<IdentityKind>,
    file: &'s SourceFile,
    scope: &'e Scope,
}

impl<'e> Search<'_, 'e> {
    /// The owners of this name.
    fn named(&self, name: &str, certainty: Certainty) -> Vec<Owner<'e>> {
        let certainty = certainty.min(Certainty::Name);
        let found: Vec<&IdentityEvidence> = self.scope.evidence.named(name).collect();
        let asked_for = asked_for(name, certainty, self.scope).filter(|_| found.is_empty());
        asked_for.map_or_else(|| self.owners(found.into_iter(), name, certainty), |owner| vec![owner])
    }

    /// The owners whose names are meant; `shown` stands for them where there is none.
    fn of(&self, is_meant: impl Fn(&str) -> bool, shown: &str, certainty: Certainty) -> Vec<Owner<'e>> {
        let found = self.scope.evidence.identities.iter().filter(|evidence| is_meant(evidence.arn.name()));
        self.owners(found, shown, certainty)
    }

    /// The accounts that the file is deployed to: as the user says, else those that have an identity of this name, if
    /// the details of every account that findings speak of are at hand.
    fn accounts(&self, name: &str) -> Vec<&'e str> {
        let stated = self.scope.settings.deployed_to(&self.file.relative);
        let inventory = &self.scope.evidence.inventory;
        let is_covered = |evidence: &IdentityEvidence| inventory.covers(evidence.arn.account());
        let are_covered = || !inventory.is_empty() && self.scope.evidence.identities.iter().all(is_covered);
        if stated.is_empty() && are_covered() { inventory.accounts_with(name) } else { stated }
    }

    /// One owner per account the file is deployed to, else one per account with a finding.
    fn owners(
        &self,
        found: impl Iterator<Item = &'e IdentityEvidence>,
        shown: &str,
        certainty: Certainty,
    ) -> Vec<Owner<'e>> {
        let accounts = self.accounts(shown);
        let found = found.filter(|evidence| {
            self.kind.is_none_or(|kind| kind == evidence.arn.kind())
                && (accounts.is_empty() || accounts.contains(&evidence.arn.account()))
        });
        let owners: Vec<Owner<'e>> = match accounts.as_slice() {
            [] => found.map(|evidence| seen_only_there(evidence, certainty)).collect(),
            _ => found.map(|evidence| Owner::of(evidence, certainty)).collect(),
        };
        match (owners.as_slice(), accounts.as_slice()) {
            ([], []) => vec![Owner::unseen(shown, certainty, "no finding names it")],
            ([], _) => {
                vec![Owner::unseen(shown, certainty, "no finding names it in the accounts that it is deployed to")]
            }
            (_, []) => owners,
            _ => seen_in_all(owners, &accounts),
        }
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

/// The identity that an export is about which names none, if the user says that it has this name.
fn asked_for<'e>(name: &str, certainty: Certainty, scope: &'e Scope) -> Option<Owner<'e>> {
    let unused = scope.evidence.anonymous.as_ref()?;
    scope.settings.identities.iter().any(|identity| identity.eq_ignore_ascii_case(name)).then(|| Owner {
        identity: name.to_owned(),
        kind: None,
        certainty,
        standing: Standing::Usable(unused),
        only_seen_in: None,
    })
}

fn seen_only_there(evidence: &IdentityEvidence, certainty: Certainty) -> Owner<'_> {
    let only_seen_in = Some(evidence.arn.account().to_owned());
    Owner { only_seen_in, ..Owner::of(evidence, certainty) }
}

/// Endings of file names that say what the file is, not whose.
const SAYS_WHAT: [&str; 6] = ["-policy", "_policy", ".policy", "-permissions", "_permissions", ".permissions"];

/// Owners guessed from the path: an ARN in it, else the name of the file, else of the folders above, nearest first.
fn guess<'e>(path: &str, scope: &'e Scope) -> Vec<Owner<'e>> {
    if let Some(evidence) = arn_in(path).and_then(|arn| scope.evidence.identity(&arn)) {
        return vec![Owner::of(evidence, Certainty::Guess)];
    }
    let mut parts = path.rsplit('/');
    let stem = parts.next().map(|name| name.split_once('.').map_or(name, |(stem, _)| stem));
    let full_stem = path.rsplit('/').next().and_then(|name| name.rsplit_once('.')).map(|(stem, _)| stem);
    let stripped = stem.into_iter().chain(full_stem).flat_map(|stem| {
        std::iter::once(stem).chain(SAYS_WHAT.iter().filter_map(move |ending| stem.strip_suffix(ending)))
    });
    let mut names = stripped.chain(parts.take(2));
    let found = names.find_map(|name| {
        let named = scope.evidence.named(name).filter(|evidence| in_account_of(path, evidence));
        let mut owners: Vec<_> = named.map(|evidence| seen_only_there(evidence, Certainty::Guess)).collect();
        if owners.is_empty() {
            owners.extend(asked_for(name, Certainty::Guess, scope));
        }
        (!owners.is_empty()).then_some(owners)
    });
    found.unwrap_or_default()
}

/// Whether the path names no account, or this one.
fn in_account_of(path: &str, evidence: &IdentityEvidence) -> bool {
    let is_account = |part: &&str| part.len() == 12 && part.bytes().all(|b| b.is_ascii_digit());
    let mut accounts = path.split('/').filter(is_account).peekable();
    accounts.peek().is_none() || accounts.any(|account| account == evidence.arn.account())
}

/// The ARN that a path spells out, up to a file extension: `…/arn:aws:iam::123456789012:role/app.json`.
fn arn_in(path: &str) -> Option<IdentityArn> {
    let text = path.get(path.find("arn:")?..)?;
    let stem = text.rsplit_once('.').map_or(text, |(stem, _)| stem);
    [stem, text].into_iter().chain(stem.rsplit_once('/').map(|(folder, _)| folder)).find_map(IdentityArn::parse)
}

#[cfg(test)]
mod tests;
