//! Whose a policy is, where names stand for identities of several accounts and kinds.

use crate::support::{FINDINGS, Folder, POLICY, fixes};

const ACCOUNTS: &str =
    "findings: [findings]\nmax-age: never\naccounts: { \"**\": [\"123456789012\", \"111122223333\"] }\n";

/// A folder with findings of these identities and a policy of the role `app`, known by name.
fn with_findings_of(identities: &[&str]) -> Folder {
    let folder = Folder::new();
    folder.write(".iamtrim.yaml", ACCOUNTS);
    for (index, identity) in identities.iter().enumerate() {
        let findings =
            FINDINGS.replace("123456789012:role/app", identity).replace("1e952245", &format!("1e95224{index}"));
        folder.write(format!("findings/{index}.json"), findings);
    }
    std::fs::remove_file(folder.path("findings/export.json")).unwrap();
    let escaped = serde_json::Value::from(POLICY).to_string();
    folder.write("put.json", format!(r#"{{"RoleName":"app","PolicyName":"p","PolicyDocument":{escaped}}}"#));
    folder
}

#[test]
fn a_user_of_the_name_does_not_stand_for_the_role_in_its_account() {
    let folder = with_findings_of(&["123456789012:user/app", "111122223333:role/app"]);
    assert_eq!(fixes(&folder.lint(&[]).0), ["put.json unsafe: `app` is only seen in account 111122223333"]);
    let folder = with_findings_of(&["123456789012:role/app", "111122223333:role/app"]);
    assert_eq!(fixes(&folder.lint(&[]).0), ["put.json safe"]);
}

#[test]
fn a_permission_set_needs_a_finding_in_each_account() {
    let template = format!(
        r#"{{"Resources":{{"Set":{{"Type":"AWS::SSO::PermissionSet","Properties":{{"Name":"Ops","InlinePolicy":{POLICY}}}}}}}}}"#
    );
    let role =
        |account: &str| format!("{account}:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Ops_0123456789abcdef");
    let (here, there) = (role("123456789012"), role("111122223333"));
    let folder = with_findings_of(&[&here]);
    folder.write("set.json", &template);
    let reason = "`AWSReservedSSO_Ops_0123456789abcdef` is only seen in account 123456789012";
    assert_eq!(fixes(&folder.lint(&["set.json"]).0), [format!("set.json unsafe: {reason}")]);
    let folder = with_findings_of(&[&here, &there]);
    folder.write("set.json", &template);
    assert_eq!(fixes(&folder.lint(&["set.json"]).0), ["set.json safe"]);
}

#[test]
fn a_binding_does_not_take_a_policy_from_whom_the_file_names() {
    let folder = with_findings_of(&["123456789012:role/other"]);
    let bind = |identity: &str| {
        let binding = format!("bindings: [{{ policy: put.json, identities: [{identity}] }}]\n");
        folder.write(".iamtrim.yaml", format!("findings: [findings]\nmax-age: never\n{binding}"));
        fixes(&folder.lint(&[]).0)
    };
    let reason = "it also belongs to `app`: no finding names it";
    assert_eq!(bind("\"arn:aws:iam::123456789012:role/other\""), [format!("put.json display-only: {reason}")]);
    let findings = FINDINGS.replace("1e952245", "1e952246");
    folder.write("findings/app.json", findings);
    assert_eq!(bind("\"arn:aws:iam::123456789012:role/app\""), ["put.json safe"], "the binding says which `app`");
}

#[test]
fn a_file_that_is_not_utf8_may_still_say_who_has_a_policy() {
    let folder = with_findings_of(&["123456789012:role/app"]);
    std::fs::remove_file(folder.path("put.json")).unwrap();
    folder.write(".iamtrim.yaml", ACCOUNTS.replace(", \"111122223333\"", ""));
    let properties = format!(r#"{{"ManagedPolicyName":"deploy","Roles":["app"],"PolicyDocument":{POLICY}}}"#);
    let template = format!(r#"{{"Resources":{{"P":{{"Type":"AWS::IAM::ManagedPolicy","Properties":{properties}}}}}}}"#);
    folder.write("template.json", template);
    assert_eq!(fixes(&folder.lint(&[]).0), ["template.json safe"]);
    let said = |name: &str| format!("# caf\u{e9}\npolicies: ['arn:aws:iam::123456789012:policy/{name}']\n");
    let latin1 = |text: &str| text.chars().map(|c| c as u8).collect::<Vec<u8>>();
    let utf16 = |text: &str| format!("\u{feff}{text}").encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    for (name, expected) in [
        ("deploy", "template.json display-only: it may also belong to somebody whose name is not known"),
        ("other", "template.json safe"),
    ] {
        for bytes in [latin1(&said(name)), utf16(&said(name))] {
            folder.write("settings.yaml", bytes);
            assert_eq!(fixes(&folder.lint(&[]).0), [expected]);
        }
    }
}

/// A finding that a role is unused as a whole.
fn unused_role(name: &str, details: &str) -> String {
    format!(
        r#"[{{"id":"unused-{name}","resource":"arn:aws:iam::123456789012:role/{name}","status":"ACTIVE","findingType":"UnusedIAMRole","analyzedAt":"2026-10-12T04:31:07Z","findingDetails":[{{"unusedIamRoleDetails":{details}}}]}}]"#
    )
}

/// A folder with a policy that is shared by the role `app`, of which there is a finding, and others.
fn shared_with(others: &str, config: &str) -> Folder {
    let folder = with_findings_of(&["123456789012:role/app"]);
    std::fs::remove_file(folder.path("put.json")).unwrap();
    folder.write(".iamtrim.yaml", format!("{}{config}", ACCOUNTS.replace(", \"111122223333\"", "")));
    let properties = format!(r#"{{"Roles":[{others}],"PolicyDocument":{POLICY}}}"#);
    let template = format!(r#"{{"Resources":{{"P":{{"Type":"AWS::IAM::ManagedPolicy","Properties":{properties}}}}}}}"#);
    folder.write("template.json", template);
    folder
}

/// The rules that something is said of, each once.
fn rules(report: &serde_json::Value) -> Vec<&str> {
    let mut rules: Vec<&str> =
        report["diagnostics"].as_array().unwrap().iter().map(|d| d["rule"].as_str().unwrap()).collect();
    rules.dedup();
    rules
}

#[test]
fn what_is_kept_for_a_role_that_nobody_uses_stays_for_those_who_share_it() {
    let kept = |action: &str| {
        format!("allow: [{{ identity: \"*/break-glass\", action: \"{action}\", reason: disaster recovery }}]\n")
    };
    let lint = |roles: &str, config: &str| {
        let folder = shared_with(roles, config);
        folder.write("findings/role.json", unused_role("break-glass", "{}"));
        let report = folder.lint(&[]).0;
        (fixes(&report), rules(&report).join(" "))
    };
    let both = r#""app","break-glass""#;
    let told =
        |fixes: &[&str], rules: &str| (fixes.iter().map(|fix| (*fix).to_owned()).collect::<Vec<_>>(), rules.to_owned());
    let safe = ["template.json safe"];
    assert_eq!(lint(both, ""), told(&safe, "unused-role unused-action partly-used-wildcard"));
    assert_eq!(lint(both, &kept("*")), told(&[], ""));
    assert_eq!(lint(both, &kept("dynamodb:*")), told(&safe, "unused-role unused-action"));
    let alone = lint(r#""break-glass""#, &kept("*"));
    assert_eq!(alone, told(&[], "unmatched-finding"), "it keeps the role itself");
}

#[test]
fn a_role_that_was_used_within_the_days_of_unused_for_holds_back() {
    let folder = shared_with(r#""app","w""#, "unused-for: 180d\n");
    let lint = |last: &str| {
        folder.write("findings/role.json", unused_role("w", last));
        let report = folder.lint(&["--now", "2026-10-13"]).0;
        (fixes(&report), rules(&report).contains(&"unused-role"))
    };
    let reason =
        "it also belongs to `arn:aws:iam::123456789012:role/w`: it was used more recently than `unused-for` says";
    let held = vec![format!("template.json display-only: {reason}")];
    assert_eq!(lint(r#"{"lastAccessed":"2026-09-02T00:00:00Z"}"#), (held, false));
    let safe = vec!["template.json safe".to_owned()];
    assert_eq!(lint(r#"{"lastAccessed":"2026-01-02T00:00:00Z"}"#), (safe.clone(), true));
    assert_eq!(lint("{}"), (safe, true));
}

#[test]
fn of_the_roles_of_a_loop_one_does_not_stand_for_all() {
    let folder = with_findings_of(&["123456789012:role/st-ApiRole-ABCDEFGH1234"]);
    std::fs::remove_file(folder.path("put.json")).unwrap();
    let one = ACCOUNTS.replace(", \"111122223333\"", "");
    folder.write(".iamtrim.yaml", format!("{one}stacks: {{ template.json: [st] }}\n"));
    let policies = format!(r#"[{{"PolicyName":"x","PolicyDocument":{POLICY}}}]"#);
    let role = format!(r#"{{"Type":"AWS::IAM::Role","Properties":{{"Policies":{policies}}}}}"#);
    let function = format!(r#"{{"Type":"AWS::Serverless::Function","Properties":{{"Policies":[{POLICY}]}}}}"#);
    let guess = "that it belongs to `st-ApiRole-ABCDEFGH1234` is a guess from a part of that name";
    for (id, resource) in [("${X}Role", &role), ("${X}", &function)] {
        let body = format!(r#"{{"{id}":{resource}}}"#);
        let template = format!(r#"{{"Resources":{{"Fn::ForEach::L":["X",["Api","Worker"],{body}]}}}}"#);
        folder.write("template.json", template);
        assert_eq!(fixes(&folder.lint(&[]).0), [format!("template.json display-only: {guess}")], "{id}");
        let template = format!(r#"{{"Resources":{{"{}":{resource}}}}}"#, id.replace("${X}", "Api"));
        folder.write("template.json", template);
        assert_eq!(fixes(&folder.lint(&[]).0), ["template.json safe"], "{id}");
    }
}

#[test]
fn whom_the_repository_puts_into_a_group_is_a_member_of_it() {
    let arn = |rest: &str| format!("arn:aws:iam::123456789012:{rest}");
    let details = format!(
        r#"{{"UserDetailList":[{{"UserName":"ann","Arn":"{}","GroupList":["ops"]}}],"GroupDetailList":[{{"GroupName":"ops","Arn":"{}"}}],"RoleDetailList":[]}}"#,
        arn("user/ann"),
        arn("group/ops")
    );
    let lint = |path: &str, text: &str, users: &[&str]| {
        let folder = with_findings_of(users);
        std::fs::remove_file(folder.path("put.json")).unwrap();
        folder.write(".iamtrim.yaml", ACCOUNTS.replace(", \"111122223333\"", ""));
        folder.write("findings/details.json", &details);
        let properties = format!(r#"{{"GroupName":"ops","PolicyName":"x","PolicyDocument":{POLICY}}}"#);
        let template =
            format!(r#"{{"Resources":{{"G":{{"Type":"AWS::IAM::GroupPolicy","Properties":{properties}}}}}}}"#);
        folder.write("template.json", template);
        folder.write(path, text);
        fixes(&folder.lint(&[]).0).join("\n")
    };
    let template = |kind: &str, properties: &str| {
        format!("Resources:\n  A:\n    Type: AWS::IAM::{kind}\n    Properties: {{{properties}}}\n")
    };
    let addition =
        |group: &str, users: &str| template("UserToGroupAddition", &format!("GroupName: {group}, Users: [{users}]"));
    let ann = ["123456789012:user/ann"];
    let safe = "template.json safe";
    let bob = "template.json display-only: it also belongs to `bob`: no finding names it";
    let somebody = "template.json display-only: it may also belong to somebody whose name is not known";
    for (text, expected) in [
        (addition("ops", "ann"), safe),
        (addition("ops", "ann, bob"), bob),
        (addition("Ops", "Bob").replace("Bob", "bob"), bob),
        (addition("!Ref Group", "bob"), bob),
        (addition("!Sub '${Stage}-ops'", "bob"), safe),
        (addition("others", "bob"), safe),
        (addition("ops", "!Ref Who"), somebody),
        (template("User", "UserName: bob, Groups: [others, ops]"), bob),
        (template("User", "UserName: bob, Groups: !Ref Groups"), bob),
        (template("User", "UserName: bob, Groups: [others]"), safe),
        (template("User", "Groups: [ops]"), somebody),
        ("Resources: {A: {Type: AWS::IAM::UserToGroupAddition, Properties: [".to_owned(), somebody),
    ] {
        assert_eq!(lint("members.yaml", &text, &ann), expected, "{text}");
    }
    let resource = |kind: &str, body: &str| format!("resource \"{kind}\" \"a\" {{\n{body}}}\n");
    let module = "module \"g\" {\n  source = \"terraform-aws-modules/iam/aws//modules/iam-group-with-policies\"\n";
    for (text, expected) in [
        (resource("aws_iam_group_membership", "  group = \"ops\"\n  users = [\"ann\", \"bob\"]\n"), bob),
        (resource("aws_iam_group_membership", "  group = \"ops\"\n  users = [\"ann\"]\n"), safe),
        (resource("aws_iam_group_membership", "  group = \"ops\"\n  users = var.users\n"), somebody),
        (resource("aws_iam_user_group_membership", "  user = \"bob\"\n  groups = [\"others\", \"ops\"]\n"), bob),
        (resource("aws_iam_user_group_membership", "  user = \"bob\"\n  groups = [\"others\"]\n"), safe),
        (resource("awscc_iam_user", "  user_name = \"bob\"\n  groups = [\"ops\"]\n"), bob),
        (format!("{module}  name = \"ops\"\n  group_users = [\"bob\"]\n}}\n"), bob),
        ("resource \"aws_iam_group_membership\" \"a\" {".to_owned(), somebody),
        ("resource \"awscc_iam_user\" \"a\" {".to_owned(), somebody),
    ] {
        assert_eq!(lint("members.tf", &text, &ann), expected, "{text}");
    }
    let both = ["123456789012:user/ann", "123456789012:user/bob"];
    assert_eq!(lint("members.yaml", &addition("ops", "bob"), &both), safe, "he does not use it either");
}
