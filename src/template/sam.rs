//! SAM's functions and state machines → the policies of the roles that SAM makes for them.

use super::cloudformation::Template;
use super::identity::Resource;
use super::intrinsic::{self, At};
use super::reader::Reader;
use super::{DocumentKind, Link};
use crate::policy::SkipReason;
use crate::syntax::{Node, Value};

/// Whether a template is SAM's: it says so, or has resources that only SAM knows.
pub(super) fn is_sam(root: &Node<'_>) -> bool {
    let is_sam = |node: &Node<'_>| node.text().is_some_and(|text| text.starts_with("AWS::Serverless"));
    let transform = root.get("Transform");
    let resources = root.get("Resources").and_then(Node::table).unwrap_or_default();
    transform.is_some_and(|node| is_sam(node) || node.list().is_some_and(|items| items.iter().any(is_sam)))
        || resources.iter().any(|entry| entry.value.get("Type").is_some_and(is_sam))
}

/// Reads `Policies`: documents, names of managed policies, SAM's own templates, or a list of such.
pub(super) fn read<'t, 's>(
    template: &Template<'t, 's>,
    reader: &mut Reader<'_>,
    resource: &Resource<'t, 's>,
    properties: &At<'t, 's>,
) {
    let attachments = template.identities.of_resource(resource, Link::Reference, &template.values);
    let standing = template.standing(resource, DocumentKind::Inline, attachments);
    let has_role = properties.get("Role").is_some();
    for policy in properties.get("Policies").iter().flat_map(At::items) {
        let is_document = policy.node.get("Statement").is_some();
        match &policy.node.value {
            Value::Text(_) => {}
            // A reference is to a managed policy.
            _ if intrinsic::call(policy.node).is_some() => {}
            Value::Table(_) if is_document && has_role => reader.skip(policy.node.span, SkipReason::NotInForce),
            Value::Table(_) if is_document => reader.take_property(&policy, &template.values, &standing),
            Value::Table(_) => reader.skip(policy.node.span, SkipReason::PolicyTemplate),
            _ => reader.skip(policy.node.span, SkipReason::Opaque),
        }
    }
    if let Some(trust) = properties.get("AssumeRolePolicyDocument") {
        reader.skip(trust.node.span, SkipReason::TrustPolicy);
    }
}
