//! Suppressions that suppress nothing, or may not.
//!
//! Only said where findings speak of the policies concerned: without evidence nobody knows what a suppression keeps.

use crate::diagnostic::{Diagnostic, Place};
use crate::finding::{Evidence, IdentityEvidence, Permissions, UnusedActions, UnusedPermissions};
use crate::fix::Judged;
use crate::hold::{AllowComment, Hold};
use crate::rule::Rule;
use crate::settings::{Allow, Scope, Settings};
use crate::source::{Sources, Span};
use crate::syntax::{Node, yaml};

/// What is wrong with the comments of a file that allow something.
#[must_use]
pub fn comments(judged: &Judged<'_, '_>, settings: &Settings) -> Vec<Diagnostic> {
    let has_evidence = judged.judgements.iter().flat_map(|j| &j.owners).any(|owner| owner.unused().is_some());
    let said = judged.comments.iter().enumerate().filter_map(|(index, comment)| {
        let message = wrong(comment).or_else(|| (has_evidence && !is_used(judged, index)).then(suppresses_nothing))?;
        let place = Place { path: judged.file.path.clone(), file: Some(judged.id), span: comment.span };
        super::about_file(Rule::UnneededAllow, place, message, settings)
    });
    said.collect()
}

fn suppresses_nothing() -> String {
    "this comment suppresses nothing".to_owned()
}

fn wrong(comment: &AllowComment) -> Option<String> {
    if let Some(unknown) = comment.unknown.first() {
        return Some(format!("this comment suppresses nothing: `{unknown}` is no rule"));
    }
    comment.reason.is_empty().then(|| "this comment suppresses nothing: it gives no reason".to_owned())
}

fn is_used(judged: &Judged<'_, '_>, comment: usize) -> bool {
    let entries = judged.judgements.iter().flat_map(|j| &j.statements).flat_map(|statement| &statement.entries);
    entries.into_iter().any(|entry| entry.hold == Some(Hold::Allowed(comment)))
}

/// What is wrong with the `allow` entries of a configuration; their places, if it is among the sources.
#[must_use]
pub fn entries(scope: &Scope, sources: &Sources) -> Vec<Diagnostic> {
    let settings = &scope.settings;
    let Some(path) = settings.config_path.as_ref().filter(|_| settings.identities.is_empty()) else {
        return Vec::new();
    };
    let has_evidence = !scope.evidence.exports.is_empty();
    let places = places(path, sources);
    let said = settings.allow().iter().enumerate().filter_map(|(index, allow)| {
        let what = format!("`{}` for `{}`", allow.action.as_str(), allow.identity.as_str());
        let message = match allow.until.filter(|until| *until < settings.today) {
            Some(until) => format!("the allow entry {what} ended on {until}"),
            None if has_evidence && !keeps_something(allow, &scope.evidence) => {
                format!("the allow entry {what} keeps nothing: no finding reports it")
            }
            None => return None,
        };
        let nowhere = Place { path: path.clone(), file: None, span: Span::default() };
        let place = places.get(index).cloned().unwrap_or(nowhere);
        let said = super::about_file(Rule::UnneededAllow, place, message, settings)?;
        let entry = [Rule::UnneededAllow.id(), path, allow.identity.as_str(), allow.action.as_str()];
        Some(Diagnostic { fingerprint: super::fingerprint(&entry), ..said })
    });
    said.collect()
}

/// The places of the actions of the `allow` entries, in order; none if the configuration is not at hand.
fn places(path: &str, sources: &Sources) -> Vec<Place> {
    let Some((id, file)) = sources.iter().find(|(_, file)| file.path == path) else { return Vec::new() };
    let stream = yaml::parse(&file.text);
    let entries = stream.documents.first().and_then(|root| root.get("allow")?.list()).unwrap_or_default();
    let place = |entry: &Node<'_>| {
        let span = entry.get("action").map_or(entry.span, |action| action.span);
        Place { path: path.to_owned(), file: Some(id), span }
    };
    entries.iter().map(place).collect()
}

fn keeps_something(allow: &Allow, evidence: &Evidence) -> bool {
    let of_identity = |identity: &IdentityEvidence| {
        let reports = || match &identity.permissions {
            // Of a role that is unused as a whole, whatever it is granted is.
            _ if identity.unused_role.is_some() => true,
            _ if allow.action.is_everything() && !identity.unused_credentials.is_empty() => true,
            Permissions::Usable(unused) => reports(unused, allow),
            Permissions::Unusable(_) => false,
        };
        allow.identity.matches(identity.arn.as_str()) && reports()
    };
    let nameless = evidence.anonymous.as_ref().filter(|_| allow.identity.matches(""));
    evidence.identities.iter().any(of_identity) || nameless.is_some_and(|unused| reports(unused, allow))
}

fn reports(unused: &UnusedPermissions, allow: &Allow) -> bool {
    unused.services.iter().any(|service| match &service.actions {
        UnusedActions::Whole => {
            allow.action.is_everything() || allow.action.named().is_some_and(|(prefix, _)| prefix == &*service.prefix)
        }
        UnusedActions::Only(actions) => actions.iter().any(|a| allow.action.matches(&service.prefix, &a.name)),
    })
}
