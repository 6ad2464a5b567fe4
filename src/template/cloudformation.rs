//! CloudFormation and SAM templates → the identity policies of their resources, by the types of these.
//!
//! Types that hold identity policies are listed here; whatever looks like a policy anywhere else is skipped, with the
//! reason. Does not know findings.

use super::identity::{self, Identities, Resource, Use};
use super::intrinsic::{At, Values};
use super::policy_arn::may_speak_of_policies;
use super::reader::{Reader, Standing};
use super::{
    Attachment, DeclaredIdentity, DocumentKind, Format, IdentityName, Link, MADE_BY_CDK, Membership, PolicyMention,
    Step, UsedAs, sam,
};
use crate::policy::arn::IdentityKind;
use crate::policy::{self, Reading, SkipReason};
use crate::syntax::{Entry, Node, Value};

/// A template whose resources are read.
pub(super) struct Template<'t, 's> {
    pub(super) identities: Identities<'t, 's>,
    pub(super) values: Values<'t, 's>,
    /// Why nothing in it is ever written, if so.
    read_only: Option<&'static str>,
}

/// Whether a value is a template: it says so, or has resources of AWS's types.
pub(super) fn is_template(root: &Node<'_>) -> bool {
    let is_resource = |node: &Node<'_>| node.get("Type").and_then(Node::text).is_some_and(|t| t.contains("::"));
    let resources = root.get("Resources").and_then(Node::table).unwrap_or_default();
    let is_loop = |key: &str| key.starts_with("Fn::ForEach");
    resources.iter().any(|entry| is_resource(&entry.value) || is_loop(&entry.key))
        || root.get("AWSTemplateFormatVersion").is_some()
}

/// Why what a macro sees is never written.
const MADE_BY_MACRO: &str = "a macro or an include may change what is deployed";

/// The key of a macro or an include, whose result takes its place among its neighbours.
const TRANSFORM: &str = "Fn::Transform";

/// What the transforms begin with that change no policy but in ways that are known.
const KNOWN_TRANSFORMS: [&str; 4] =
    ["AWS::Serverless-", "AWS::LanguageExtensions", "AWS::CodeDeployBlueGreen", "AWS::SecretsManager-"];

/// Whether some of its resources are repeated by `Fn::ForEach`.
fn has_loops(root: &Node<'_>) -> bool {
    let keys = root.get("Resources").and_then(Node::table).unwrap_or_default();
    keys.iter().any(|entry| entry.key.starts_with("Fn::ForEach"))
}

/// Whether something else than CloudFormation's own transforms may change any of the resources.
fn has_macro(root: &Node<'_>) -> bool {
    let is_known =
        |node: &Node<'_>| node.text().is_some_and(|name| KNOWN_TRANSFORMS.iter().any(|known| name.starts_with(known)));
    let transforms = root.get("Transform").map_or(&[][..], |all| all.list().unwrap_or(std::slice::from_ref(all)));
    let is_below = |node: Option<&Node<'_>>| node.is_some_and(|node| node.get(TRANSFORM).is_some());
    !transforms.iter().all(is_known) || is_below(Some(root)) || is_below(root.get("Resources"))
}

/// Reads a template; its policies are of the reader's format, but for one of SAM.
pub(super) fn read(reader: &mut Reader<'_>, root: &At<'_, '_>, is_cdk_output: bool) {
    let has = |word: &str| memchr::memmem::find(reader.file.as_bytes(), word.as_bytes()).is_some();
    // Under these keys an ARN may be put together of what is nowhere written whole.
    let takes_policies = || [identity::BY_NAME, "olicyArn", "olicies", "Boundary"].into_iter().any(has);
    let mut values = Values::of(root.node);
    if has_loops(root.node) || reader.format == Format::Serverless {
        values = values.with_holes_everywhere();
    }
    let identities = Identities::of(root, &values, may_speak_of_policies(reader.file) || takes_policies());
    if reader.format == Format::CloudFormation && sam::is_sam(root.node) {
        reader.format = Format::Sam;
    }
    let is_cdk_output = is_cdk_output || identities.resources().any(|resource| resource.construct.is_some());
    let read_only = is_cdk_output.then_some(MADE_BY_CDK).or(has_macro(root.node).then_some(MADE_BY_MACRO));
    let template = Template { identities, values, read_only };
    template.identities.resources().for_each(|resource| template.read(reader, resource));
    reader.reading.mentions.extend(template.mentions());
}

impl<'t, 's> Template<'t, 's> {
    /// The managed policies of whichever file that it speaks of by ARN or name.
    fn mentions(&self) -> impl Iterator<Item = PolicyMention> {
        self.identities.uses_by_name().map(|(name, using)| {
            let used_as = match using {
                Use::AttachedTo(of) => UsedAs::PolicyOf(self.identities.of_resource(of, Link::Reference, &self.values)),
                Use::Boundary => UsedAs::Boundary,
                Use::Elsewhere => UsedAs::Other,
            };
            PolicyMention { name, used_as }
        })
    }

    fn read(&self, reader: &mut Reader<'_>, resource: &Resource<'t, 's>) {
        self.declare(reader, resource);
        let Some(properties) = &resource.properties else { return };
        reader.reading.memberships.extend(self.memberships(resource, properties));
        let take = |reader: &mut Reader<'_>, key: &str, kind, attachments| {
            if let Some(document) = properties.get(key) {
                reader.take_property(&document, &self.values, &self.standing(resource, kind, attachments));
            }
        };
        match resource.kind {
            "AWS::IAM::Role" | "AWS::IAM::User" | "AWS::IAM::Group" => self.read_identity(reader, resource, properties),
            "AWS::IAM::Policy" => take(reader, "PolicyDocument", DocumentKind::Inline, self.named(properties)),
            "AWS::IAM::ManagedPolicy" => self.read_managed(reader, resource, properties),
            "AWS::IAM::RolePolicy" | "AWS::IAM::UserPolicy" | "AWS::IAM::GroupPolicy" => {
                take(reader, "PolicyDocument", DocumentKind::Inline, self.named(properties));
            }
            "AWS::SSO::PermissionSet" => {
                take(reader, "InlinePolicy", DocumentKind::Inline, vec![permission_set(properties)]);
            }
            "AWS::Serverless::Function" | "AWS::Serverless::StateMachine" => {
                sam::read(self, reader, resource, properties);
            }
            kind => skip_all(reader, properties.node, reason_of(kind)),
        }
    }

    /// Notes the place of a resource that is an identity, or for which AWS makes one.
    fn declare(&self, reader: &mut Reader<'_>, resource: &Resource<'t, 's>) {
        let identities = match (&resource.properties, resource.kind) {
            (Some(properties), "AWS::SSO::PermissionSet") => vec![permission_set(properties)],
            _ if resource.is_identity() => self.identities.of_resource(resource, Link::Name, &self.values),
            _ => Vec::new(),
        };
        let span = reader.in_file(resource.key_span);
        let declared = identities.into_iter().map(|identity| DeclaredIdentity { span, identity });
        reader.reading.identities.extend(declared);
    }

    /// The users that a resource puts into groups.
    fn memberships(&self, resource: &Resource<'t, 's>, properties: &At<'t, 's>) -> Vec<Membership> {
        let named = |key: &str, kind| -> Vec<Attachment> {
            let items = properties.get(key).map(|names| names.items()).unwrap_or_default();
            items.iter().flat_map(|name| self.identities.named(name.node, kind, &self.values)).collect()
        };
        let (groups, users) = match resource.kind {
            "AWS::IAM::User" => {
                (named("Groups", IdentityKind::Group), self.identities.of_resource(resource, Link::Name, &self.values))
            }
            "AWS::IAM::UserToGroupAddition" => {
                (named("GroupName", IdentityKind::Group), named("Users", IdentityKind::User))
            }
            _ => return Vec::new(),
        };
        Membership::of_all(&groups, &users)
    }

    fn read_identity(&self, reader: &mut Reader<'_>, resource: &Resource<'t, 's>, properties: &At<'t, 's>) {
        let standing = self.standing(
            resource,
            DocumentKind::Inline,
            self.identities.of_resource(resource, Link::Name, &self.values),
        );
        for policy in properties.get("Policies").iter().flat_map(At::items) {
            match policy.get("PolicyDocument") {
                Some(document) => reader.take_property(&document, &self.values, &standing),
                None => reader.skip(policy.node.span, SkipReason::Opaque),
            }
        }
        if let Some(trust) = properties.get("AssumeRolePolicyDocument") {
            reader.skip(trust.node.span, SkipReason::TrustPolicy);
        }
    }

    fn read_managed(&self, reader: &mut Reader<'_>, resource: &Resource<'t, 's>, properties: &At<'t, 's>) {
        let Some(document) = properties.get("PolicyDocument") else { return };
        let mut attachments = self.named(properties);
        for using in self.identities.uses(resource) {
            match using {
                Use::Boundary => return reader.skip(document.node.span, SkipReason::Boundary),
                Use::AttachedTo(of) => {
                    attachments.extend(self.identities.of_resource(of, Link::Reference, &self.values));
                }
                Use::Elsewhere => attachments.push(Attachment {
                    kind: IdentityKind::Role,
                    name: IdentityName::Unknown,
                    link: Link::Reference,
                }),
            }
        }
        dedup(&mut attachments);
        let named = properties.get("ManagedPolicyName");
        let name = named.map(|name| identity::name_of(name.node, &self.values).pattern());
        let standing = Standing { name, ..self.standing(resource, DocumentKind::Managed, attachments) };
        reader.take_property(&document, &self.values, &standing);
    }

    pub(super) fn standing(
        &self,
        resource: &Resource<'t, 's>,
        kind: DocumentKind,
        attachments: Vec<Attachment>,
    ) -> Standing {
        let construct = resource.construct.map(str::to_owned);
        let parts = [Some(resource.at.node), resource.properties.as_ref().map(|properties| properties.node)];
        let is_rewritten = parts.into_iter().flatten().any(|part| part.get(TRANSFORM).is_some());
        let read_only = self.read_only.or(is_rewritten.then_some(MADE_BY_MACRO));
        Standing { read_only, construct, ..Standing::new(kind, attachments) }
    }

    /// The identities that a policy's own properties name.
    fn named(&self, properties: &At<'t, 's>) -> Vec<Attachment> {
        let keys = [
            ("Roles", IdentityKind::Role),
            ("RoleName", IdentityKind::Role),
            ("Users", IdentityKind::User),
            ("UserName", IdentityKind::User),
            ("Groups", IdentityKind::Group),
            ("GroupName", IdentityKind::Group),
        ];
        let named = keys.into_iter().filter_map(|(key, kind)| Some((properties.get(key)?, kind)));
        let items = named.flat_map(|(names, kind)| names.items().into_iter().map(move |name| (name, kind)));
        let mut attachments: Vec<Attachment> =
            items.flat_map(|(name, kind)| self.identities.named(name.node, kind, &self.values)).collect();
        dedup(&mut attachments);
        attachments
    }
}

fn permission_set(properties: &At<'_, '_>) -> Attachment {
    let name = match properties.node.get("Name").and_then(Node::text) {
        Some(name) => IdentityName::PermissionSet(name.to_owned()),
        None => IdentityName::Unknown,
    };
    Attachment { kind: IdentityKind::Role, name, link: Link::Name }
}

fn dedup(attachments: &mut Vec<Attachment>) {
    let all = std::mem::take(attachments);
    for attachment in all {
        if !attachments.contains(&attachment) {
            attachments.push(attachment);
        }
    }
}

/// What a policy of a resource is whose type has no identity policy.
fn reason_of(kind: &str) -> SkipReason {
    match kind {
        "AWS::RolesAnywhere::Profile" | "AWS::Transfer::User" | "AWS::EKS::PodIdentityAssociation" => {
            SkipReason::SessionPolicy
        }
        "AWS::Organizations::Policy" => SkipReason::ServiceControlPolicy,
        "AWS::IoT::Policy" => SkipReason::IotPolicy,
        _ => SkipReason::OtherResource,
    }
}

/// Skips whatever looks like a policy, also as text. Depth is bounded by the parser's limit on nesting.
fn skip_all(reader: &mut Reader<'_>, node: &Node<'_>, otherwise: SkipReason) {
    match &node.value {
        Value::Text(text) if text.contains("Statement") && text.trim_start().starts_with('{') => {
            // A text that is no JSON is some other text.
            let _ = reader.open(node, |reader, root| skip_all(reader, root, otherwise));
        }
        Value::Table(entries) => {
            if node.get("Statement").is_some() {
                match policy::read(&Values::default().lower(node)) {
                    Reading::NotPolicy => {}
                    Reading::Other(reason) if otherwise == SkipReason::OtherResource => {
                        return reader.skip(node.span, reason);
                    }
                    _ => return reader.skip(node.span, otherwise),
                }
            }
            entries.iter().for_each(|entry| skip_all(reader, &entry.value, otherwise));
        }
        Value::List(items) | Value::Call(_, items) => {
            items.iter().for_each(|item| skip_all(reader, item, otherwise));
        }
        _ => {}
    }
}

/// The resources of a template, loops unrolled into what they repeat, with the way to each.
pub(super) fn resources<'t, 's>(root: &At<'t, 's>) -> Vec<(&'t Entry<'s>, At<'t, 's>)> {
    let mut found = Vec::new();
    for (entry, at) in root.get("Resources").map(|all| all.entries()).unwrap_or_default() {
        repeated(entry, at, &mut found);
    }
    found
}

/// The body of `Fn::ForEach::Name: [variable, values, body]`, which may be a loop again.
fn repeated<'t, 's>(entry: &'t Entry<'s>, at: At<'t, 's>, found: &mut Vec<(&'t Entry<'s>, At<'t, 's>)>) {
    if !entry.key.starts_with("Fn::ForEach") {
        found.push((entry, at));
        return;
    }
    if let Some(body) = at.node.list().and_then(|items| items.get(2)) {
        at.to(body, Step::Item(2)).entries().into_iter().for_each(|(entry, at)| repeated(entry, at, found));
    }
}
