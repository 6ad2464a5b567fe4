//! Whose policy is it? The join of what the repository says with what the findings say, with how sure it is.
//!
//! Knows names and ARNs. Does not know actions.

mod guess;
mod search;

use crate::finding::{IdentityEvidence, Permissions, Unusable, UnusedPermissions};
use crate::policy::arn::{IdentityArn, IdentityKind};
use crate::policy::wildcard::Wildcard;
use crate::settings::Scope;
use crate::source::SourceFile;
use crate::template::{Attachment, Document, DocumentKind, Format, IdentityName, Link, Membership};
use search::Search;

/// How an identity is known. Ordered, weakest first; of two hops the weaker counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Certainty {
    /// From the path of the file.
    Path,
    /// By the parts of the identity's name that are known before deployment.
    Pattern,
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
    /// The groups of a user, where account details name them.
    pub groups: &'e [String],
    /// The group through which the policy is a user's.
    pub member_of: Option<String>,
    /// Whether another owner could be meant in its place, by what is equally sure.
    pub has_rival: bool,
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

/// A user that the repository puts into a group.
#[derive(Debug, Clone)]
pub struct Joined<'e> {
    /// Who, and into which.
    pub membership: Membership,
    /// The accounts that the file is deployed to which says so, where the user says that.
    pub accounts: Vec<&'e str>,
}

impl Joined<'_> {
    /// Whether the group may be one of this name.
    fn may_be_in(&self, group: &str) -> bool {
        match &self.membership.group {
            IdentityName::Exact(name) => name.eq_ignore_ascii_case(group),
            IdentityName::Arn(arn) => arn.name().eq_ignore_ascii_case(group),
            IdentityName::Pattern(pattern) => pattern.matches(group),
            IdentityName::Generated(logical_id) => Wildcard::new(format!("*-{logical_id}-*")).matches(group),
            IdentityName::PermissionSet(_) => false,
            IdentityName::Unknown => true,
        }
    }

    /// Whether it is deployed to this account, as far as anybody says.
    fn may_be_there(&self, account: &str) -> bool {
        let is_other = matches!(&self.membership.group, IdentityName::Arn(arn) if arn.account() != account);
        !is_other && (self.accounts.is_empty() || self.accounts.contains(&account))
    }
}

impl Certainty {
    /// Whether it is only a guess, which `guesses` in the configuration is about.
    #[must_use]
    pub fn is_guess(self) -> bool {
        matches!(self, Self::Path | Self::Pattern)
    }

    /// The word in reports.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Path | Self::Pattern => "guess",
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

    /// Kind and name, as sentences have them.
    #[must_use]
    pub fn shown(&self) -> String {
        match self.kind {
            _ if self.identity.is_empty() => "the identity of the findings".to_owned(),
            Some(kind) => format!("{} `{}`", kind.word(), self.name()),
            None => format!("`{}`", self.name()),
        }
    }

    fn of(evidence: &'e IdentityEvidence, certainty: Certainty) -> Self {
        let standing = match &evidence.permissions {
            _ if evidence.arn.is_service_linked() => Standing::Blocking("it is service-linked: AWS owns its policies"),
            _ if evidence.unused_role.as_ref().is_some_and(|role| role.is_recent) => {
                Standing::Blocking("it was used more recently than `unused-for` says")
            }
            _ if evidence.unused_role.is_some() => Standing::WhollyUnused,
            Permissions::Usable(unused) => Standing::Usable(unused),
            Permissions::Unusable(why) => Standing::Blocking(why_unusable(*why)),
        };
        let kind = Some(evidence.arn.kind());
        Self { kind, certainty, ..Self::nameless(evidence.arn.as_str(), standing) }
    }

    fn unseen(identity: &str, certainty: Certainty, why: &'static str) -> Self {
        let kind = IdentityArn::parse(identity).map(|arn| arn.kind());
        Self { kind, certainty, ..Self::nameless(identity, Standing::Blocking(why)) }
    }

    /// One of whom no more is known, as sure as a binding.
    fn nameless(identity: &str, standing: Standing<'e>) -> Self {
        Self {
            identity: identity.to_owned(),
            kind: None,
            certainty: Certainty::Binding,
            standing,
            only_seen_in: None,
            groups: &[],
            member_of: None,
            has_rival: false,
        }
    }
}

/// What an owner is called of whom nothing is written.
pub const NAMELESS: &str = "an identity without a name";

fn why_unusable(why: Unusable) -> &'static str {
    match why {
        Unusable::None => "no finding speaks of its permissions",
        Unusable::Archived => "its newest finding is archived",
        Unusable::Resolved => "its newest finding is resolved",
        Unusable::Failed => "its finding failed",
    }
}

/// The owners of a document, by the surest thing that says so; none if nothing does.
#[must_use]
pub fn owners<'e>(document: &Document, file: &SourceFile, scope: &'e Scope, joined: &[Joined<'_>]) -> Vec<Owner<'e>> {
    let attached = |attachment: &Attachment| attached(attachment, file, scope, joined);
    let bound = scope.settings.bound(&file.relative, &document.address());
    if !bound.is_empty() {
        let members = joined_of(document, joined);
        let stated = document.attachments.iter().chain(&members).filter(|attachment| is_another(attachment, &bound));
        let stated = stated.flat_map(attached);
        let bound = bound.iter().flat_map(|identity| resolve(identity, Certainty::Binding, file, scope));
        return bound.chain(stated).collect();
    }
    if let Some(owners) = managed(document, file, scope, joined) {
        return owners;
    }
    if !document.attachments.is_empty() {
        return document.attachments.iter().flat_map(attached).collect();
    }
    if file.named && !scope.settings.identities.is_empty() {
        let stated = scope.settings.identities.iter();
        return stated.flat_map(|identity| resolve(identity, Certainty::Binding, file, scope)).collect();
    }
    if let Some(unused) = scope.evidence.anonymous.as_ref().filter(|_| file.named) {
        return vec![Owner::nameless("", Standing::Usable(unused))];
    }
    let may_be_guessed = document.kind == DocumentKind::Standalone && document.format != Format::Terraform;
    if may_be_guessed { guess::guess(file, scope, joined) } else { Vec::new() }
}

/// The owners of a managed policy whose name account details know: all that these name, beside those that the file does.
///
/// Where they are of every account, there is nobody else, however the file hands the policy on.
fn managed<'e>(
    document: &Document,
    file: &SourceFile,
    scope: &'e Scope,
    joined: &[Joined<'_>],
) -> Option<Vec<Owner<'e>>> {
    let name = document.name.as_ref().filter(|name| document.kind == DocumentKind::Managed && name.is_literal())?;
    let attached_to = scope.evidence.inventory.attached_to(name.as_str())?;
    let search = Search { kind: None, file, scope, joined };
    let mut owners = search.those(&attached_to, Certainty::Name);
    let is_open = |attachment: &&Attachment| attachment.name != IdentityName::Unknown;
    let stated = document.attachments.iter().filter(|a| !scope.evidence.has_all_details() || is_open(a));
    for owner in stated.flat_map(|attachment| attached(attachment, file, scope, joined)) {
        if !owners.iter().any(|known| known.identity.eq_ignore_ascii_case(&owner.identity)) {
            owners.push(owner);
        }
    }
    (!owners.is_empty()).then_some(owners)
}

/// How many digits the name of a permission set's role ends with.
const RESERVED_DIGITS: usize = 16;

/// Whether the file itself names an identity that none of the bindings speak of: the policy is that one's, too.
///
/// A binding says who is meant where the file does not know the name.
fn is_another(attachment: &Attachment, bound: &[&str]) -> bool {
    let name = match &attachment.name {
        IdentityName::Exact(name) => Wildcard::new(name),
        IdentityName::Arn(arn) => Wildcard::new(arn.name()),
        IdentityName::PermissionSet(set) => {
            Wildcard::new(format!("{}_{}", search::reserved_role(set), "?".repeat(RESERVED_DIGITS)))
        }
        _ => return false,
    };
    let is_it = |identity: &&str| identity.rsplit('/').next().is_some_and(|bound| name.matches(bound));
    attachment.kind != IdentityKind::Group && !bound.iter().any(is_it)
}

/// The users that the repository puts into the groups that a document names.
fn joined_of(document: &Document, joined: &[Joined<'_>]) -> Vec<Attachment> {
    let groups = document.attachments.iter().filter_map(|attachment| match &attachment.name {
        IdentityName::Exact(name) if attachment.kind == IdentityKind::Group => Some(name.as_str()),
        IdentityName::Arn(arn) if attachment.kind == IdentityKind::Group => Some(arn.name()),
        _ => None,
    });
    let of_group = |group: &str| -> Vec<Attachment> {
        let users = joined.iter().filter(|joined| joined.may_be_in(group)).map(|joined| joined.membership.user.clone());
        users.map(|name| Attachment { kind: IdentityKind::User, name, link: Link::Reference }).collect()
    };
    groups.flat_map(of_group).collect()
}

/// The owners that an attachment stands for; `joined` are the users that files put into groups.
#[must_use]
pub fn attached<'e>(
    attachment: &Attachment,
    file: &SourceFile,
    scope: &'e Scope,
    joined: &[Joined<'_>],
) -> Vec<Owner<'e>> {
    let certainty = match (attachment.link, &attachment.name) {
        (Link::Reference, _) => Certainty::Reference,
        (Link::Name, IdentityName::Arn(_)) => Certainty::Arn,
        (Link::Name, _) => Certainty::Name,
    };
    let search = Search { kind: Some(attachment.kind), file, scope, joined };
    match attachment.kind {
        IdentityKind::Group => search.group(&attachment.name, certainty),
        IdentityKind::Role | IdentityKind::User => search.of(&attachment.name, certainty),
    }
}

/// The owners that an ARN or a name stands for.
fn resolve<'e>(identity: &str, certainty: Certainty, file: &SourceFile, scope: &'e Scope) -> Vec<Owner<'e>> {
    let search = Search { kind: None, file, scope, joined: &[] };
    match IdentityArn::parse(identity) {
        Some(arn) => vec![search.known_as(&arn, certainty)],
        None => search.named(identity, certainty),
    }
}

#[cfg(test)]
mod tests;
