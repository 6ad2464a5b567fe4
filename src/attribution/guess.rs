//! The path of a loose policy → whose it may be. The weakest thing that says so.

use super::search::{Search, asked_for, rivals, seen_only_there};
use super::{Certainty, Joined, Owner};
use crate::finding::IdentityEvidence;
use crate::policy::arn::IdentityArn;
use crate::settings::Scope;
use crate::source::SourceFile;

/// Endings of file names that say what the file is, not whose.
const SAYS_WHAT: [&str; 6] = ["-policy", "_policy", ".policy", "-permissions", "_permissions", ".permissions"];

/// Owners guessed from the path: an ARN in it, else the name of the file, else of the folders above, nearest first.
pub(super) fn guess<'e>(file: &SourceFile, scope: &'e Scope, joined: &[Joined<'_>]) -> Vec<Owner<'e>> {
    let path = file.path.as_str();
    let search = Search { kind: None, file, scope, joined };
    if let Some(evidence) = arn_in(path).and_then(|arn| scope.evidence.identity(&arn)) {
        return vec![Owner::of(evidence, Certainty::Path)];
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
        let mut owners: Vec<_> = named.map(|evidence| seen_only_there(evidence, Certainty::Path, scope)).collect();
        if owners.is_empty() {
            owners.extend(asked_for(name, Certainty::Path, scope));
        }
        if owners.is_empty() {
            // A loose document may be the managed policy of its name.
            let attached_to = scope.evidence.inventory.attached_to(name).unwrap_or_default();
            owners.extend(search.those(&attached_to, Certainty::Path));
        }
        (!owners.is_empty()).then(|| rivals(owners))
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
