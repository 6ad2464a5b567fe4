use serde_json::json;

use super::*;
use crate::config::Config;
use crate::finding::{EvidenceBuilder, ReadOptions, Selection};
use crate::policy::wildcard::Wildcard;
use crate::settings::Settings;

/// A finding for each of these, named as `ACCOUNT:role/NAME`.
fn scope(config: &str, identities: &[&str]) -> Scope {
    scope_with(config, identities, None)
}

/// The same with account details.
fn scope_with(config: &str, identities: &[&str], details: Option<&serde_json::Value>) -> Scope {
    let finding = |identity: &&str| {
        json!({
            "id": identity,
            "resource": format!("arn:aws:iam::{identity}"),
            "status": "ACTIVE",
            "findingType": "UnusedPermission",
            "analyzedAt": "2026-10-12T00:00:00Z",
            "findingDetails": [{ "unusedPermissionDetails": { "serviceNamespace": "sqs" } }],
        })
    };
    let export: serde_json::Value = identities.iter().map(finding).collect();
    let mut builder = EvidenceBuilder::new(Selection::default());
    builder.read("f", export.to_string().as_bytes(), &ReadOptions::default()).unwrap();
    if let Some(details) = details {
        builder.read("d", details.to_string().as_bytes(), &ReadOptions::default()).unwrap();
    }
    let config = Config::parse("c", config).unwrap();
    Scope { settings: Settings::new(config, jiff::civil::date(2026, 10, 13)), evidence: builder.finish().into() }
}

/// Each owner with its certainty, and what speaks against it.
fn told(name: IdentityName, link: Link, scope: &Scope) -> Vec<String> {
    let attachment = Attachment { kind: IdentityKind::Role, name, link };
    let owners = attached(&attachment, &SourceFile::new("app.yaml", ""), scope, &[]);
    let against = |owner: &Owner<'_>| match (owner.standing, &owner.only_seen_in) {
        (Standing::Blocking(why), _) => format!(" blocks: {why}"),
        _ if owner.has_rival => " or another".to_owned(),
        (_, Some(accounts)) => format!(" only in {accounts}"),
        _ => String::new(),
    };
    owners.iter().map(|owner| format!("{} {}{}", owner.identity, owner.certainty.word(), against(owner))).collect()
}

fn exact(name: &str) -> IdentityName {
    IdentityName::Exact(name.to_owned())
}

const ONE: &str = "accounts: { \"**\": [\"123456789012\"] }";
const BOTH: &str = "accounts: { \"**\": [\"123456789012\", \"111122223333\"] }";

#[test]
fn a_name_stands_for_the_roles_of_the_accounts_that_a_file_is_deployed_to() {
    let here = "123456789012:role/service-role/App";
    let there = "111122223333:role/app";
    let role = |identity: &str| format!("arn:aws:iam::{identity} name");
    let cases = [
        (ONE, vec![here, there], vec![role(here)]),
        (BOTH, vec![here, there], vec![role(there), role(here)]),
        (BOTH, vec![here], vec![format!("{} only in 123456789012", role(here))]),
        ("", vec![here], vec![format!("{} only in 123456789012", role(here))]),
        ("", vec!["123456789012:role/other"], vec!["app name blocks: no finding names it".to_owned()]),
        // A user of the same name is somebody else.
        ("", vec!["123456789012:user/app"], vec!["app name blocks: no finding names it".to_owned()]),
        (
            ONE,
            vec![there],
            vec!["app name blocks: no finding names it in the accounts that it is deployed to".to_owned()],
        ),
    ];
    for (config, identities, expected) in cases {
        assert_eq!(told(exact("app"), Link::Name, &scope(config, &identities)), expected, "{config} {identities:?}");
    }
}

#[test]
fn a_generated_name_is_known_by_its_stack_and_guessed_without() {
    let ours = "123456789012:role/app-dev-FnRole-AB12CD34EF56";
    let others = [
        "123456789012:role/app-dev-FnRole-Sub-AB12CD34EF56",
        "123456789012:role/other-FnRole-AB12CD34EF56",
        "123456789012:role/app-dev-FnRole-short",
        "123456789012:user/app-dev-FnRole-AB12CD34EF57",
    ];
    let all: Vec<&str> = std::iter::once(ours).chain(others).collect();
    let with_stack = format!("{ONE}\nstacks: {{ app.yaml: [app-dev] }}");
    let generated = || IdentityName::Generated("FnRole".to_owned());
    let known = told(generated(), Link::Name, &scope(&with_stack, &all));
    assert_eq!(known, [format!("arn:aws:iam::{ours} reference")]);
    let guessed = told(generated(), Link::Name, &scope(ONE, &all));
    let either = |identity: &str| format!("arn:aws:iam::{identity} guess or another");
    assert_eq!(guessed, [either(ours), either(others[1])]);
    let in_a_loop = told(IdentityName::Generated("F*Role".to_owned()), Link::Name, &scope(&with_stack, &all));
    assert_eq!(in_a_loop, [format!("arn:aws:iam::{ours} guess")], "the loop may make others as well");
}

#[test]
fn a_stack_in_each_account_is_enough() {
    let [dev, prod] = ["111122223333:role/app-dev-Fn-AB12CD34EF56", "123456789012:role/app-prod-Fn-AB12CD34EF56"];
    let config = format!("{BOTH}\nstacks: {{ app.yaml: [app-dev, app-prod] }}");
    let generated = || IdentityName::Generated("Fn".to_owned());
    let both = told(generated(), Link::Name, &scope(&config, &[dev, prod]));
    assert_eq!(both, [dev, prod].map(|role| format!("arn:aws:iam::{role} reference")));
    let one = told(generated(), Link::Name, &scope(&config, &[dev]));
    let unseen = "app-prod-Fn reference blocks: no finding names it in the accounts that it is deployed to";
    assert_eq!(one, [format!("arn:aws:iam::{dev} reference only in 111122223333"), unseen.to_owned()]);
}

#[test]
fn of_a_role_and_a_user_of_one_name_both_are_said() {
    let both = ["123456789012:role/app", "123456789012:user/app"];
    let scope = scope(ONE, &both);
    let owners = resolve("app", Certainty::Binding, &SourceFile::new("p.json", ""), &scope);
    let told: Vec<String> = owners.iter().map(|owner| format!("{} {}", owner.shown(), owner.has_rival)).collect();
    assert_eq!(told, ["role `app` true", "user `app` true"]);
    let only =
        resolve("arn:aws:iam::123456789012:user/app", Certainty::Binding, &SourceFile::new("p.json", ""), &scope);
    assert_eq!(only.iter().map(|owner| owner.has_rival).collect::<Vec<_>>(), [false]);
    let [here, there] = ["123456789012:role/dev-app", "111122223333:role/dev-app"];
    let scope = self::scope(BOTH, &[here, there]);
    let guessed = self::told(IdentityName::Pattern(Wildcard::new("*-app")), Link::Name, &scope);
    assert_eq!(guessed, [there, here].map(|role| format!("arn:aws:iam::{role} guess")), "one in each account");
}

#[test]
fn of_a_name_that_very_many_have_nobody_is_told() {
    let many: Vec<String> = (0..300).map(|number| format!("123456789012:role/dev-{number}-app")).collect();
    let scope = scope(ONE, &many.iter().map(String::as_str).collect::<Vec<_>>());
    let told = told(IdentityName::Pattern(Wildcard::new("*-app")), Link::Name, &scope);
    assert_eq!(told, ["*-app guess blocks: so many identities have such a name that nobody can tell"]);
}

#[test]
fn a_permission_set_is_its_reserved_roles() {
    let role = "123456789012:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Audit_0123456789abcdef";
    let other = "123456789012:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Audit_All_0123456789abcdef";
    let set = IdentityName::PermissionSet("Audit".to_owned());
    assert_eq!(told(set, Link::Name, &scope(ONE, &[role, other])), [format!("arn:aws:iam::{role} name")]);
}

#[test]
fn a_binding_of_its_role_speaks_of_a_permission_set() {
    let name = IdentityName::PermissionSet("Audit".to_owned());
    let set = Attachment { kind: IdentityKind::Role, name, link: Link::Name };
    let role = |name: &str| format!("arn:aws:iam::123456789012:role/aws-reserved/sso.amazonaws.com/{name}");
    let cases = [
        ("AWSReservedSSO_Audit_0123456789abcdef", false),
        ("awsreservedsso_audit_0123456789abcdef", false),
        ("AWSReservedSSO_Audit_All_0123456789abcdef", true),
        ("app", true),
    ];
    for (bound, expected) in cases {
        assert_eq!(is_another(&set, &[&role(bound)]), expected, "{bound}");
    }
}

#[test]
fn a_name_with_holes_is_a_guess_and_no_name_blocks() {
    let scope = scope(ONE, &["123456789012:role/dev-app", "123456789012:role/dev-web"]);
    let pattern = IdentityName::Pattern(Wildcard::new("*-app"));
    assert_eq!(told(pattern, Link::Name, &scope), ["arn:aws:iam::123456789012:role/dev-app guess"]);
    let unknown = told(IdentityName::Unknown, Link::Reference, &scope);
    assert_eq!(unknown, ["an identity without a name reference blocks: its name is not known"]);
}

#[test]
fn a_service_linked_role_is_never_edited() {
    let role = "123456789012:role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS";
    let expected = format!("arn:aws:iam::{role} name blocks: it is service-linked: AWS owns its policies");
    assert_eq!(told(exact("AWSServiceRoleForECS"), Link::Name, &scope(ONE, &[role])), [expected]);
}

/// Account details of one account: a role with a managed policy, and two users in a group.
fn details() -> serde_json::Value {
    let arn = |rest: &str| format!("arn:aws:iam::123456789012:{rest}");
    let user = |name: &str| json!({ "UserName": name, "Arn": arn(&format!("user/{name}")), "GroupList": ["ops"] });
    json!({
        "UserDetailList": [user("ann"), user("bob")],
        "GroupDetailList": [{ "GroupName": "ops", "Arn": arn("group/ops") }],
        "RoleDetailList": [
            { "RoleName": "app", "Arn": arn("role/app"),
              "AttachedManagedPolicies": [{ "PolicyName": "shared", "PolicyArn": arn("policy/shared") }] },
            { "RoleName": "web", "Arn": arn("role/web") },
        ],
        "Policies": [{ "PolicyName": "shared", "Arn": arn("policy/shared") }],
    })
}

#[test]
fn account_details_say_to_whom_a_policy_is_attached_and_who_is_in_a_group() {
    let template = "Resources:
  Shared:
    Type: AWS::IAM::ManagedPolicy
    Properties: {ManagedPolicyName: shared, Groups: [ops], PolicyDocument: DOC}
  Passed:
    Type: AWS::IAM::ManagedPolicy
    Properties: {ManagedPolicyName: other, PolicyDocument: DOC}
  Ops:
    Type: AWS::IAM::GroupPolicy
    Properties: {GroupName: ops, PolicyDocument: DOC}
Outputs:
  A: {Value: !Ref Shared, Export: {Name: a}}
  B: {Value: !Ref Passed, Export: {Name: b}}
"
    .replace("DOC", "{Statement: {Effect: Allow, Action: s3:Get*, Resource: '*'}}");
    let reading = crate::template::read_file("app.yaml", &template);
    let told = |scope: &Scope| -> Vec<String> {
        let file = SourceFile::new("app.yaml", template.as_str());
        let one = |owner: &Owner<'_>| {
            let member = owner.member_of.as_ref().map(|group| format!(" in {group}")).unwrap_or_default();
            let blocks = if matches!(owner.standing, Standing::Blocking(_)) { " blocks" } else { "" };
            let only = if owner.only_seen_in.is_some() { " only there" } else { "" };
            format!("{}{member}{blocks}{only}", owner.shown())
        };
        let of =
            |document: &Document| owners(document, &file, scope, &[]).iter().map(one).collect::<Vec<_>>().join(", ");
        reading.documents.iter().map(of).collect()
    };
    let identities = ["123456789012:role/app", "123456789012:user/ann"];
    let known = scope_with("", &identities, Some(&details()));
    let members = "user `ann` in ops, user `bob` in ops blocks";
    let expected =
        [format!("role `app`, {members}"), "`an identity without a name` blocks".to_owned(), members.to_owned()];
    assert_eq!(told(&known), expected);
    let groups = owners(&reading.documents[2], &SourceFile::new("app.yaml", ""), &known, &[])[0].groups;
    assert_eq!(groups, ["ops"]);
    let partly = [identities[0], identities[1], "111122223333:role/app"];
    let partly = scope_with("", &partly, Some(&details()));
    assert_eq!(
        told(&partly)[0],
        "role `app` only there, user `ann` in ops only there, user `bob` in ops blocks only there, `an identity without a name` blocks"
    );
    let two = "accounts: { \"**\": [\"123456789012\", \"111122223333\"] }";
    let of_one = scope_with(two, &identities, Some(&details()));
    assert_eq!(told(&of_one)[0], "role `app` only there, group `ops` blocks");
    let unknown = scope(ONE, &identities);
    assert_eq!(told(&unknown)[2], "group `ops` blocks");
}

#[test]
fn a_loose_policy_may_be_the_managed_one_of_its_name() {
    let scope = scope_with(ONE, &["123456789012:role/app"], Some(&details()));
    let guessed = guess::guess(&SourceFile::new("policies/shared.json", ""), &scope, &[]);
    let told: Vec<_> = guessed.iter().map(|owner| (owner.shown(), owner.certainty.word())).collect();
    assert_eq!(told, [("role `app`".to_owned(), "guess")]);
}
