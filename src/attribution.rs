//! Whose policy is it? The join of what the repository says with what the findings say, with how sure it is.
//!
//! Knows names and ARNs. Does not know actions.

use crate::finding::{IdentityEvidence, Permissions, Unusable, UnusedPermissions};
use crate::policy::arn::{IdentityArn, IdentityKind};
use crate::policy::wildcard::Wildcard;
use crate::settings::Scope;
use crate::source::SourceFile;
use crate::template::{Attachment, Document, DocumentKind, IdentityName, Link};

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
    /// The one account whose finding is known, where the policy may be deployed to others too.
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
        return bound.iter().flat_map(|identity| resolve(identity, Certainty::Binding, file, scope)).collect();
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
    if document.kind == DocumentKind::Standalone { guess(&file.path, scope) } else { Vec::new() }
}

/// The owners that an attachment stands for.
fn attached<'e>(attachment: &Attachment, file: &SourceFile, scope: &'e Scope) -> Vec<Owner<'e>> {
    let certainty = match attachment.link {
        Link::Reference => Certainty::Reference,
        Link::Name => Certainty::Name,
    };
    let stacks = scope.settings.stacks(&file.relative);
    let owners = match &attachment.name {
        _ if attachment.kind == IdentityKind::Group => return vec![group(&attachment.name, certainty)],
        IdentityName::Exact(name) => by_name(name, certainty, file, scope),
        IdentityName::Pattern(pattern) => by_pattern(pattern, |_| true, Certainty::Guess, file, scope),
        IdentityName::PermissionSet(name) => {
            let pattern = Wildcard::new(format!("AWSReservedSSO_{name}_*"));
            by_pattern(&pattern, |rest| is_random(rest, 16), certainty, file, scope)
        }
        IdentityName::Generated(logical_id) if stacks.is_empty() => {
            let pattern = Wildcard::new(format!("*-{logical_id}-*"));
            by_pattern(&pattern, |rest| is_random(rest, 8), Certainty::Guess, file, scope)
        }
        IdentityName::Generated(logical_id) => {
            let of_stack = |stack: &&str| {
                let pattern = Wildcard::new(format!("{stack}-{logical_id}-*"));
                by_pattern(&pattern, |rest| is_random(rest, 8), Certainty::Reference, file, scope)
            };
            stacks.iter().flat_map(of_stack).collect()
        }
        IdentityName::Unknown => vec![Owner::unseen("an identity without a name", certainty, "its name is not known")],
    };
    owners.into_iter().filter(|known| known.kind.is_none_or(|kind| kind == attachment.kind)).collect()
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

/// The owners whose names match a pattern and whose last part, after the last `-` or `_`, is as it should be.
fn by_pattern<'e>(
    pattern: &Wildcard,
    ends_well: impl Fn(&str) -> bool,
    certainty: Certainty,
    file: &SourceFile,
    scope: &'e Scope,
) -> Vec<Owner<'e>> {
    let accounts = scope.settings.deployed_to(&file.relative);
    let is_meant = |evidence: &&IdentityEvidence| {
        let name = evidence.arn.name();
        pattern.matches(name)
            && name.rsplit(['-', '_']).next().is_some_and(&ends_well)
            && (accounts.is_empty() || accounts.contains(&evidence.arn.account()))
    };
    let found = scope.evidence.identities.iter().filter(is_meant);
    let owners: Vec<Owner<'e>> = found
        .map(|evidence| match accounts.as_slice() {
            [] => seen_only_there(evidence, certainty),
            _ => Owner::of(evidence, certainty),
        })
        .collect();
    if owners.is_empty() { vec![Owner::unseen(pattern.as_str(), certainty, "no finding names it")] } else { owners }
}

/// Whether a text may be what AWS appends to a name to make it unique: letters and digits, at least so many.
fn is_random(text: &str, least: usize) -> bool {
    text.len() >= least && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// The owners that an ARN or a name stands for.
fn resolve<'e>(identity: &str, certainty: Certainty, file: &SourceFile, scope: &'e Scope) -> Vec<Owner<'e>> {
    let Some(arn) = IdentityArn::parse(identity) else { return by_name(identity, certainty, file, scope) };
    match scope.evidence.identity(&arn) {
        Some(evidence) => vec![Owner::of(evidence, certainty.min(Certainty::Arn))],
        None => vec![Owner::unseen(identity, certainty, "no finding names it")],
    }
}

/// The owners that a name stands for: one per account the file is deployed to, else one per account with a finding.
fn by_name<'e>(name: &str, certainty: Certainty, file: &SourceFile, scope: &'e Scope) -> Vec<Owner<'e>> {
    let certainty = certainty.min(Certainty::Name);
    let found: Vec<&IdentityEvidence> = scope.evidence.named(name).collect();
    let accounts = scope.settings.deployed_to(&file.relative);
    if let Some(owner) = asked_for(name, certainty, scope).filter(|_| found.is_empty()) {
        return vec![owner];
    }
    if accounts.is_empty() {
        return match found.as_slice() {
            [] => vec![Owner::unseen(name, certainty, "no finding names it")],
            _ => found.into_iter().map(|evidence| seen_only_there(evidence, certainty)).collect(),
        };
    }
    let in_account = |account: &&str| -> Vec<Owner<'e>> {
        let there: Vec<_> = found.iter().filter(|evidence| evidence.arn.account() == *account).collect();
        if there.is_empty() {
            return vec![Owner::unseen(&format!("{name} in account {account}"), certainty, "no finding names it")];
        }
        there.into_iter().map(|evidence| Owner::of(evidence, certainty)).collect()
    };
    accounts.iter().flat_map(in_account).collect()
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
