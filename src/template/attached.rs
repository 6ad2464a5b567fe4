//! Settings of tools that give managed policies to identities by name rather than by ARN: Ansible, operators of
//! Kubernetes, the AWS CLI for permission sets.

use std::collections::BTreeSet;

use memchr::memmem;

use super::identity;
use super::policy_arn::name_at_end;
use crate::syntax::{Node, Value};

/// Keys whose values are names, as Ansible has them.
const LISTS: [&str; 2] = ["managed_policies", "managed_policy"];

/// Keys whose values have names in them, in tables: of Crossplane, of AWS's controllers, of permission sets.
const REFERENCES: [&str; 3] = ["policyArnRef", "policyRefs", identity::BY_NAME];

fn keys() -> impl Iterator<Item = &'static str> {
    LISTS.into_iter().chain(REFERENCES)
}

/// Whether a text has such a key, in any notation.
pub(super) fn may_speak_by_name(text: &str) -> bool {
    let is_key = |key: &str, at: usize| {
        let after = text.get(at + key.len()..).unwrap_or_default();
        let after = after.strip_prefix('s').filter(|_| key == identity::BY_NAME).unwrap_or(after);
        after.trim_start_matches(['\\', '"', '\'']).trim_start_matches([' ', '\t']).starts_with([':', '='])
    };
    keys().any(|key| memmem::find_iter(text.as_bytes(), key).any(|at| is_key(key, at)))
}

/// Whether a text may put users into groups, in a template or in a module.
pub(super) fn may_fill_groups(text: &str) -> bool {
    let has = |word: &str| memmem::find(text.as_bytes(), word.as_bytes()).is_some();
    has("UserToGroupAddition")
        || has("group_membership")
        || has("awscc_iam_user")
        || (has("AWS::IAM::User") && has("Groups"))
}

/// Whether the value under a key names policies.
pub(super) fn is_key(key: &str) -> bool {
    keys().any(|known| known == key) || key.strip_suffix('s') == Some(identity::BY_NAME)
}

/// The names in the value of such a key, with `*` for what deployment puts in.
pub(super) fn names(key: &str, value: &Node<'_>) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    collect(value, LISTS.contains(&key), &mut found);
    found
}

/// Depth is bounded by the parser's limit on nesting.
fn collect(node: &Node<'_>, is_name: bool, found: &mut BTreeSet<String>) {
    match &node.value {
        Value::Text(text) if is_name => found.extend(listed(text)),
        Value::Table(entries) => {
            entries.iter().for_each(|entry| collect(&entry.value, entry.key.eq_ignore_ascii_case("name"), found));
        }
        Value::List(items) | Value::Call(_, items) => items.iter().for_each(|item| collect(item, is_name, found)),
        _ => {}
    }
}

/// The names in Ansible's short form of a task, where all is one text: `name=app managed_policy=deploy`.
pub(super) fn names_in_task(text: &str) -> BTreeSet<String> {
    let values = LISTS.iter().flat_map(|key| text.split(key).skip(1)).filter_map(|rest| {
        let value = rest.trim_start().strip_prefix('=')?.trim_start();
        Some(value.trim_start_matches(['"', '\'']))
    });
    values.flat_map(listed).collect()
}

/// A name, or several with commas between them, up to where the text goes on with something else.
fn listed(text: &str) -> impl Iterator<Item = String> {
    text.split(',').map(str::trim_start).filter(|name| !name.is_empty()).map(name_at_end)
}
