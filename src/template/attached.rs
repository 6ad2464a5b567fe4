//! Settings of tools that give managed policies to identities by name rather than by ARN: Ansible, operators of
//! Kubernetes, the AWS CLI for permission sets.

use memchr::memmem;

use super::identity;
use super::policy_arn::name_at_end;
use crate::syntax::{Node, Value};

/// What the keys begin with whose values are names, or hold them: Ansible's `managed_policies` and its other spellings,
/// the references of Crossplane and of AWS's controllers.
const KEYS: [&str; 5] = [ANSIBLE, "policyArnRef", "policyRef", "policiesRef", identity::BY_NAME];

const ANSIBLE: &str = "managed_polic";

/// Whether a text may name a policy so.
pub(super) fn may_speak_by_name(text: &str) -> bool {
    KEYS.iter().any(|key| memmem::find(text.as_bytes(), key.as_bytes()).is_some())
}

/// Whether the value under a key names policies.
pub(super) fn is_key(key: &str) -> bool {
    KEYS.iter().any(|known| key.starts_with(known))
}

/// The names in the value of such a key, with `*` for what deployment puts in. Depth is bounded by the parser's limit.
pub(super) fn names(node: &Node<'_>, found: &mut Vec<String>) {
    match &node.value {
        Value::Text(text) => found.extend(listed(text)),
        Value::Table(entries) => entries.iter().for_each(|entry| names(&entry.value, found)),
        Value::List(items) | Value::Call(_, items) => items.iter().for_each(|item| names(item, found)),
        _ => {}
    }
}

/// The names in Ansible's short form of a task, where all is one text: `name=app managed_policy=deploy`.
pub(super) fn names_in_task(text: &str) -> Vec<String> {
    let values = text.split(ANSIBLE).skip(1).filter_map(|rest| {
        let value = rest.trim_start_matches(|c: char| c.is_ascii_alphabetic()).trim_start().strip_prefix('=')?;
        Some(value.trim_start().trim_start_matches(['"', '\'']))
    });
    values.flat_map(listed).collect()
}

/// A name, or several with commas between them, up to where the text goes on with something else.
fn listed(text: &str) -> Vec<String> {
    text.split(',').map(str::trim_start).filter(|name| !name.is_empty()).map(name_at_end).collect()
}
