//! Managed policies that other files have, by ARN or by name.

use super::*;

const DEPLOY: &str = "Resources:
  P:
    Type: AWS::IAM::ManagedPolicy
    Properties:
      ManagedPolicyName: deploy
      Roles: [ci]
      PolicyDocument: {Statement: [{Effect: Allow, Action: s3:GetObject, Resource: '*'}]}
";
const MANAGED_DEPLOY: &str =
    "resource \"aws_iam_policy\" \"p\" {\n name = \"deploy\"\n policy = data.aws_iam_policy_document.d.json\n}\n";

/// A template of a role.
fn role(properties: &str) -> String {
    format!("Resources:\n  R:\n    Type: AWS::IAM::Role\n    Properties: {{RoleName: app, {properties}}}\n")
}

/// One of a role that has the policy of this name.
fn having(name: &str) -> String {
    role(&format!("ManagedPolicyArns: [!Sub 'arn:aws:iam::${{AWS::AccountId}}:policy/{name}']"))
}

fn bounded(name: &str) -> String {
    role(&format!("PermissionsBoundary: !Sub 'arn:aws:iam::${{AWS::AccountId}}:policy/{name}'"))
}

fn permission_set(properties: &str) -> String {
    format!("Resources:\n  S:\n    Type: AWS::SSO::PermissionSet\n    Properties: {{Name: Ops, {properties}}}\n")
}

#[test]
fn a_managed_policy_is_known_by_arn_and_name_in_other_files_too() {
    let terraform =
        |attribute: &str| format!("resource \"aws_iam_role\" \"r\" {{\n name = \"app\"\n {attribute}\n}}\n");
    let other = "Resources: {T: {Type: Custom::T, Properties: {Policy: 'arn:aws:iam::123456789012:policy/deploy'}}}";
    let cases = [
        ("roles.yaml", role("ManagedPolicyArns: ['arn:aws:iam::123456789012:policy/deploy']"), "P: ci app"),
        ("roles.yaml", having("team/Deploy"), "P: ci app"),
        ("roles.yaml", having("${Verb}loy"), "P: ci app"),
        ("roles.yaml", having("${Name}"), "P: ci ?"),
        ("roles.yaml", role("ManagedPolicyArns: ['arn:aws:iam::aws:policy/deploy']"), "P: ci"),
        ("roles.yaml", having("deployer"), "P: ci"),
        ("roles.yaml", having("deploy").replace("RoleName: app, ", ""), "P: ci ?"),
        ("roles.yaml", bounded("deploy"), "boundary"),
        ("roles.yaml", other.to_owned(), "P: ci ?"),
        ("sso.yaml", permission_set("CustomerManagedPolicyReferences: [{Name: deploy}]"), "P: ci ?"),
        ("sso.yaml", permission_set("CustomerManagedPolicyReferences: [{Name: other}]"), "P: ci"),
        (
            "sso.yaml",
            permission_set("PermissionsBoundary: {CustomerManagedPolicyReference: {Name: deploy}}"),
            "boundary",
        ),
        ("roles.tf", terraform("managed_policy_arns = [\"arn:aws:iam::${var.id}:policy/deploy\"]"), "P: ci app"),
        ("roles.tf", terraform("permissions_boundary = \"arn:aws:iam::${var.id}:policy/deploy\""), "boundary"),
        ("roles.tf", terraform("managed_policy_arns = [\"arn:aws:iam::${var.id}:policy/${var.name}\"]"), "P: ci ?"),
    ];
    for (path, text, expected) in cases {
        assert_eq!(linked(&[("policies.yaml", DEPLOY), (path, &text)]), [expected], "{text}");
    }
    let set = permission_set("CustomerManagedPolicyReferences: [{Name: deploy}]").replace("Resources:\n", "");
    assert_eq!(linked(&[("all.yaml", &format!("{DEPLOY}{set}"))]), ["P: ci ?"]);
    let module = format!("{DOCUMENT}{MANAGED_DEPLOY}");
    for (text, expected) in [
        (having("deploy"), "data.aws_iam_policy_document.d: app"),
        (having("other"), "data.aws_iam_policy_document.d: "),
        (bounded("deploy"), "boundary"),
    ] {
        assert_eq!(linked(&[("roles.yaml", &text), ("m/main.tf", &module)]), [expected], "{text}");
    }
}

#[test]
fn a_managed_policy_that_may_be_spoken_of_elsewhere_is_held_back() {
    let in_part = DEPLOY.replace("Name: deploy", "Name: !Sub '${Stage}-deploy'");
    let cases = [
        (having("${Stage}-deploy"), "P: ci app"),
        (having("prod-deploy"), "P: ci ?"),
        (having("prod-${What}"), "P: ci ?"),
        (bounded("${Stage}-deploy"), "boundary"),
        (bounded("prod-deploy"), "P: ci ?"),
        (having("prod-deploy-more"), "P: ci"),
        (having("${Name}"), "P: ci ?"),
    ];
    for (text, expected) in cases {
        assert_eq!(linked(&[("policies.yaml", &in_part), ("roles.yaml", &text)]), [expected], "{text}");
    }
    let module = format!("{DOCUMENT}{MANAGED_DEPLOY}").replace("\"deploy\"", "\"${var.stage}-deploy\"");
    for (name, expected) in [("prod-deploy", "?"), ("prod", "")] {
        let said = linked(&[("roles.yaml", &having(name)), ("m/main.tf", &module)]);
        assert_eq!(said, [format!("data.aws_iam_policy_document.d: {expected}")], "{name}");
    }
}

#[test]
fn an_arn_that_functions_put_together_is_one() {
    let role = |arns: &str| {
        format!("Resources: {{R: {{Type: AWS::IAM::Role, Properties: {{RoleName: b, ManagedPolicyArns: {arns}}}}}}}\n")
    };
    let cases = [
        ("[!Join [':', ['arn:aws:iam:', !Ref AWS::AccountId, 'policy/shared']]]", "P: b"),
        ("[!Join ['', ['arn:aws:iam::', !Ref AWS::AccountId, ':policy/', 'shared']]]", "P: b"),
        ("[!Join ['', ['arn:aws:iam::', !Ref AWS::AccountId, ':policy/sha', 'red']]]", "P: b"),
        ("[!Join ['', ['arn:aws:iam::', !Ref AWS::AccountId, ':policy/sh', !Ref Rest]]]", "P: b"),
        ("[!Join ['', ['arn:aws:iam::', !Ref AWS::AccountId, ':policy/x', !Ref Rest]]]", "P: "),
        ("[!Join ['/', [!Sub 'arn:aws:iam::${AWS::AccountId}:policy/team', shared]]]", "P: b"),
        ("[!Join ['/', [!Sub 'arn:aws:iam::${AWS::AccountId}:policy', shared]]]", "P: b"),
        ("[!Join ['/', !Split [',', !Ref 'Parts']]]", "P: "),
        ("[!Join ['', !If [C, ['arn:aws:iam::1:policy/s', hared], [x]]]]", "P: ?"),
        ("[!Sub ['arn:aws:iam::${AWS::AccountId}:policy/${N}', {N: shared}]]", "P: b"),
        ("[!Sub ['${B}/shared', {B: !Sub 'arn:aws:iam::${AWS::AccountId}:policy/team'}]]", "P: b"),
        ("!Split [',', 'arn:aws:iam::123456789012:policy/shared,arn:aws:iam::aws:policy/ReadOnlyAccess']", "P: b"),
        ("!Split [',', 'arn:aws:iam::aws:policy/ReadOnlyAccess,arn:aws:iam::123456789012:policy/shared']", "P: b"),
        ("[!Join [':', ['arn:aws:iam:', !Ref AWS::AccountId, 'policy/other']]]", "P: "),
        ("[!Sub 'arn:${AWS::Partition}:iam::aws:policy/${Name}']", "P: "),
    ];
    for (arns, expected) in cases {
        assert_eq!(linked(&[("p.yaml", NAMED), ("r.yaml", &role(arns))]), [expected], "{arns}");
    }
    for (name, expected) in [("shared", "P: b"), ("other", "P: ")] {
        let below = role(&format!("[!Sub '${{Base}}/{name}']"));
        let joined = role(&format!("[!Join ['/', [!Ref Base, x, {name}]]]"));
        let filled = role(&format!("[!Sub ['${{Base}}/${{N}}', {{N: {name}}}]]"));
        for (arns, base) in [below, joined, filled].iter().flat_map(|arns| {
            ["Type: String", "Default: 'arn:aws:iam::123456789012:policy/team'"].map(|base| (arns, base))
        }) {
            let arns = format!("Parameters: {{Base: {{{base}}}}}\n{arns}");
            assert_eq!(linked(&[("p.yaml", NAMED), ("r.yaml", &arns)]), [expected], "{arns}");
        }
    }
    let by_reference = role("[!Ref Arn]");
    let default =
        format!("Parameters: {{Arn: {{Default: 'arn:aws:iam::123456789012:policy/shared'}}}}\n{by_reference}");
    assert_eq!(linked(&[("p.yaml", NAMED), ("r.yaml", &default)]), ["P: ?"]);
    let mapped = role("[!FindInMap [M, a, arn]]");
    let mapped = format!("Mappings: {{M: {{a: {{arn: 'arn:aws:iam::123456789012:policy/shared'}}}}}}\n{mapped}");
    assert_eq!(linked(&[("p.yaml", NAMED), ("r.yaml", &mapped)]), ["P: ?"]);
}

#[test]
fn a_permission_set_names_policies_in_many_ways() {
    let set = |references: &str| {
        format!(
            "Resources: {{S: {{Type: AWS::SSO::PermissionSet, Properties: {{Name: ops, CustomerManagedPolicyReferences: {references}}}}}}}\n"
        )
    };
    let cases = [
        ("[{Name: shared}]", "P: ?"),
        ("[{Name: !Ref Name}]", "P: ?"),
        ("[{Name: !If [C, shared, x]}]", "P: ?"),
        ("[{Name: !Join ['', [sha, red]]}]", "P: ?"),
        ("[{Name: !FindInMap [A, b, c]}]", "P: ?"),
        ("[{Name: !Sub ['${A}red', {A: sha}]}]", "P: ?"),
        ("!If [C, [{Name: shared}], !Ref AWS::NoValue]", "P: ?"),
        ("[!If [C, {Name: shared}, !Ref AWS::NoValue]]", "P: ?"),
        ("!Ref References", "P: ?"),
        ("[{Name: other}, !Ref AWS::NoValue]", "P: "),
        ("[{Name: !Sub '${Name}-x', Path: /}]", "P: "),
    ];
    for (references, expected) in cases {
        assert_eq!(linked(&[("p.yaml", NAMED), ("s.yaml", &set(references))]), [expected], "{references}");
    }
}

#[test]
fn a_policy_of_a_template_is_used_however_it_is_referred_to() {
    let template = |key: &str, more: &str| {
        format!(
            "Resources:\n  {key}\n    {{Type: AWS::IAM::ManagedPolicy, Properties: {{Roles: [app], PolicyDocument: {{Statement: [{{Effect: Allow, Action: 's3:*', Resource: '*'}}]}}}}}}{}\n{more}",
            if key.contains("ForEach") { "}]" } else { "" }
        )
    };
    let role =
        |arn: &str| format!("  R: {{Type: AWS::IAM::Role, Properties: {{RoleName: b, ManagedPolicyArns: [{arn}]}}}}\n");
    let named = "Resources:\n  P: {Type: AWS::IAM::ManagedPolicy, Properties: {ManagedPolicyName: !Join ['-', [prod, deploy]], Roles: [app], PolicyDocument: {Statement: [{Effect: Allow, Action: 's3:*', Resource: '*'}]}}}\n";
    let by_name = role("!Sub 'arn:aws:iam::${AWS::AccountId}:policy/prod-deploy'");
    assert_eq!(linked(&[("p.yaml", &format!("{named}{by_name}"))]), ["P: app b"]);
    let looped = "Fn::ForEach::L: [X, [A, B], {'P${X}':";
    let cases = [
        ("P:", role("!Ref P"), "app b"),
        ("P:", role("!Sub '${ P }'"), "app b"),
        ("P:", role("!Sub ['${P}', {Unused: x}]"), "app b"),
        ("P:", "Outputs: {O: {Value: !Sub ['${P}', {a: b}]}}\n".to_owned(), "app ?"),
        (looped, role("!Ref PA"), "app b"),
        (looped, role("!Ref Q"), "app"),
        (looped, "Outputs: {O: {Value: !Ref PA}}\n".to_owned(), "app ?"),
        ("P:", "  C: {Type: Custom::Attach, Properties: {Statement: [!Ref P]}}\n".to_owned(), "app ?"),
        ("P:", "  B: {Type: AWS::S3::BucketPolicy, Properties: {PolicyDocument: {Of: [!Ref P]}}}\n".to_owned(), "app"),
    ];
    for (key, more, expected) in cases {
        let said = linked(&[("p.yaml", &template(key, &more))]);
        let of_policy = said.iter().find_map(|said| said.strip_prefix("2/P${X}: ").or(said.strip_prefix("P: ")));
        assert_eq!(of_policy, Some(expected), "{key} {more}");
    }
}

#[test]
fn a_policy_may_be_spoken_of_in_any_file() {
    let arn = "arn:aws:iam::123456789012:policy/shared";
    let cases = [
        (
            "serverless.yml",
            "service: s\nprovider: {name: aws, iam: {role: {name: b, managedPolicies: [ARN]}}}\n",
            "P: ?",
        ),
        ("a/terragrunt.hcl", "inputs = { role = \"b\", policy_arns = [\"ARN\"] }\n", "P: ?"),
        ("_envcommon/role.hcl", "inputs = { role = \"b\", policy_arns = [\"ARN\"] }\n", "P: ?"),
        ("a/terragrunt.hcl.json", "{\"inputs\": {\"policy_arns\": [\"ARN\"]}}\n", "P: ?"),
        ("a/terragrunt.hcl.json", "{\"inputs\": {\"p\": \"${local.base}/shared\"}}\n", "P: ?"),
        ("a/x.hcl.json", "{\"customer_managed_policies\": [\"shared\"]}\n", "P: ?"),
        ("root.hcl", "inputs = { p = \"${local.base}/shared\"\n", "P: ?"),
        ("root.hcl", "inputs = { p = format(\"%s/shared\", local.base)\n", "P: ?"),
        ("jobs/web.hcl", "job \"[[ .name ]]\" {\n [[ if .x ]]\n command = \"${NOMAD_TASK_DIR}/run\"\n", "P: "),
        (
            "m/main.tf",
            "resource \"aws_iam_role_policy_attachment\" \"a\" {\n  role = \"zed\"\n  policy_arn = join( \"/\", [local.bases[0], \"shared\"])\n}\n",
            "P: zed",
        ),
        ("parameters.json", "[{\"ParameterKey\": \"PolicyArn\", \"ParameterValue\": \"ARN\"}]\n", "P: ?"),
        ("ack.yaml", "kind: Role\nspec:\n  policies:\n    - ARN # the shared one\n", "P: ?"),
        ("ack.yaml", "kind: Role\nspec:\n  policies:\n    - ARNS\n", "P: "),
        ("by-part.yaml", "policies: ['arn:aws:iam::{{ account }}:policy/{{ name }}']\n", "P: ?"),
        ("by-part.yaml", "policies: ['arn:aws:iam::$(account):policy/shared']\n", "P: ?"),
        ("by-part.yaml", "policies: ['arn:aws:iam::__ACCOUNT__:policy/shared']\n", "P: ?"),
        ("by-part.yaml", "policies: ['arn:aws:iam::$ACCOUNT_ID:policy/shared']\n", "P: ?"),
        ("by-part.yaml", "policies: ['arn:aws:iam::{{ account }}:policy/sha-', 'red']\n", "P: "),
        ("by-part.yaml", "policies: ['arn:aws:iam::{{ account }}:policy', 'shared']\n", "P: ?"),
        ("iot.json", r#"["arn:aws:iot:eu-west-1:123456789012:policy/*"]"#, "P: "),
        ("chart.yaml", "# see policyRefs in docs\npolicyReference: x\n", "P: "),
        ("by-part.yaml", "policies: ['arn:aws:iam::{{ account }}:policy/other-{{ name }}']\n", "P: "),
        ("escaped.json", r#"{"arns": "arn:aws:iam::123456789012:policy\/team\/shared"}"#, "P: ?"),
        ("play.yml", "- amazon.aws.iam_role: {name: b, managed_policies: [other, shared]}\n", "P: ?"),
        ("play.yml", "- amazon.aws.iam_role: {name: b, managed_policies: ['{{ prefix }}red']}\n", "P: ?"),
        ("play.yml", "- amazon.aws.iam_role: {name: b, managed_policies: ['{{ prefix }}read']}\n", "P: "),
        ("play.yml", "- amazon.aws.iam_role: {name: b, managed_policies: '{{ item.policies }}'}\n", "P: ?"),
        ("play.yml", "- amazon.aws.iam_role: {name: b, managed_policies: [], shared: true}\n", "P: "),
        ("play.yml", "- iam_role: name=b managed_policy=other,shared state=present\n", "P: ?"),
        ("play.yml", "- iam_role: name=shared managed_policy=other state=present\n", "P: "),
        ("attachment.yaml", "spec: {forProvider: {policyArnRef: {name: shared}}}\n", "P: ?"),
        ("reference.json", r#"{"CustomerManagedPolicyReference": {"Name": "shared", "Path": "/"}}"#, "P: ?"),
        ("reference.json", r#"{"CustomerManagedPolicyReference": {"Name": "other", "Path": "/"}}"#, "P: "),
        ("schema.yaml", "policyRefs: {items: {description: 'any {name} of *'}, name: {type: string}}\n", "P: "),
        ("controller.yaml", "policyRefs: [{from: {name: shared}}]\n", "P: ?"),
        (
            "boundary.json",
            r#"{"Statement": {"Effect": "Deny", "Action": "iam:DetachRolePolicy", "Resource": "ARN"}}"#,
            "P: ",
        ),
    ];
    for (path, text, expected) in cases {
        let text = text.replace("ARN", arn);
        // What is not let through is not read.
        assert!(expected == "P: " || may_be_let_through(path, &text), "{path} {text}");
        let said = linked(&[("p.yaml", NAMED), (path, &text)]);
        let of_policy = said.iter().find(|said| said.starts_with("P: "));
        assert_eq!(of_policy.map(String::as_str), Some(expected), "{path} {text}");
    }
    let broken = ("m/main.tf", "locals {\n  p = \"${var.base}/shared\"\n");
    assert_eq!(linked_with_problems(&[("p.yaml", NAMED), broken]), (vec!["P: ?".to_owned()], 1));
    let unfinished =
        "{% set x = 1 %}\nResources: {R: {Properties: {ManagedPolicyArns: ['arn:aws:iam::1:policy/shared']}}}\n";
    let reading = read_file("r.yaml", unfinished);
    assert_eq!((reading.problems.len(), reading.mentions.len()), (1, 1));
    let unread =
        |text| read_unread(text).mentions.into_iter().map(|said| said.name.as_str().to_owned()).collect::<Vec<_>>();
    assert_eq!(unread("caf\u{fffd}: 'arn:aws:iam::1:policy/shared'"), ["shared"]);
    assert_eq!(unread("caf\u{fffd}: {managed_policies: [shared]}"), ["*"], "nothing is parsed");
}

#[test]
fn a_policy_whose_name_only_deployment_knows_may_be_any() {
    let arn = "arn:aws:iam::123456789012:policy/shared";
    let has =
        format!("resource \"aws_iam_role_policy_attachment\" \"b\" {{\n role = \"b\"\n policy_arn = \"{arn}\"\n}}\n");
    let in_template = NAMED.replace("Name: shared", "Name: !Ref Name");
    assert_eq!(linked(&[("p.yaml", &in_template), ("b/main.tf", &has)]), ["P: ?"]);
    let whole = format!(
        "Parameters: {{Name: {{Default: shared}}}}\n{in_template}  R: {{Type: AWS::IAM::Role, Properties: {{RoleName: b, ManagedPolicyArns: [!Sub 'arn:aws:iam::${{AWS::AccountId}}:policy/${{Name}}']}}}}\n"
    );
    assert_eq!(linked(&[("p.yaml", &whole)]), ["P: ?"]);
    let policy = |kind: &str, attributes: &str| {
        format!(
            "{DOCUMENT}variable \"n\" {{}}\nresource \"{kind}\" \"p\" {{\n {attributes} = data.aws_iam_policy_document.d.json\n}}\n"
        )
    };
    let cases = [
        ("aws_iam_policy", "name = var.n\n policy", "?"),
        ("aws_iam_policy", "name = replace(\"sha_red\", \"_\", \"\")\n policy", "?"),
        ("aws_iam_policy", "name_prefix = \"sha\"\n policy", "?"),
        ("aws_iam_policy", "name_prefix = \"other\"\n policy", ""),
        ("awscc_iam_managed_policy", "managed_policy_name = \"shared\"\n policy_document", "b"),
    ];
    for (kind, attributes, expected) in cases {
        let said = linked(&[("a/main.tf", &policy(kind, attributes)), ("b/main.tf", &has)]);
        assert_eq!(said, [format!("data.aws_iam_policy_document.d: {expected}")], "{kind} {attributes}");
    }
    let call = "module \"s\" {\n source = \"terraform-aws-modules/iam/aws//modules/iam-policy\"\n name = \"shared\"\n policy = data.aws_iam_policy_document.d.json\n}\n";
    let said = linked(&[("a/main.tf", &format!("{DOCUMENT}{call}")), ("b/main.tf", &has)]);
    assert_eq!(said, ["data.aws_iam_policy_document.d: b"]);
}

#[test]
fn a_managed_policy_that_modules_call_by_name_is_held_back() {
    let has = |text: &str, path: &str| linked(&[("p.yaml", NAMED), (path, text)]);
    let attachment = |body: &str| {
        format!(
            "resource \"aws_ssoadmin_customer_managed_policy_attachment\" \"x\" {{\n permission_set_arn = local.set\n {body}\n}}\n"
        )
    };
    let module =
        |inputs: &str| format!("module \"s\" {{\n source = \"cloudposse/sso/aws//modules/x\"\n {inputs}\n}}\n");
    let reference = |body: &str| attachment(&format!("customer_managed_policy_reference {{\n {body}\n }}"));
    let repeated = "dynamic \"customer_managed_policy_reference\" {\n for_each = [\"shared\"]\n content {\n name = x.value\n }\n }";
    let set = "resource \"awscc_sso_permission_set\" \"s\" {\n customer_managed_policy_references = [{ name = \"shared\" }]\n}\n";
    let held = [
        reference("name = \"shared\"\n path = \"/\""),
        reference("name = local.n"),
        attachment(repeated),
        set.to_owned(),
        module(
            "permission_sets = [{ name = \"x\", customer_managed_policy_attachments = [{ name = \"shared\", path = \"/\" }] }]",
        ),
        module("permission_sets = { x = { customer_managed_policies = toset([\"other\", \"shared\"]) } }"),
        module("permission_sets = { for k, v in local.all : k => { customer_managed_policies = v } }"),
        module("permission_sets = merge(local.all, { x = { customer_managed_policies = try(local.x, []) } })"),
        module("customer_managed_policies = { shared = \"/\" }"),
        "locals {\n customer_managed_policy_names = [\"${local.prefix}red\"]\n}\n".to_owned(),
        "variable \"customer_managed_policies\" {\n default = [\"shared\"]\n}\n".to_owned(),
    ];
    for text in &held {
        assert_eq!(has(text, "m/main.tf"), ["P: ?"], "{text}");
    }
    assert_eq!(has("sets = [{ customer_managed_policies = [\"shared\"] }]\n", "m/x.tfvars"), ["P: ?"]);
    assert_eq!(has("inputs = { customer_managed_policies = [\"shared\"] }\n", "m/terragrunt.hcl"), ["P: ?"]);
    assert_eq!(has("inputs = { customer_managed_policies = [\"shared\"] }\n", "root.hcl"), ["P: ?"]);
    for written in [r#"{"name": "shared"}"#, r#"[{"name": "shared", "path": "/"}]"#, r#"{"name": "${local.n}"}"#] {
        let text = format!(
            r#"{{"resource": {{"aws_ssoadmin_customer_managed_policy_attachment": {{"x": {{"customer_managed_policy_reference": {written}}}}}}}}}"#
        );
        assert_eq!(has(&text, "m/main.tf.json"), ["P: ?"], "{text}");
    }
    let free = [
        reference("name = \"other\"\n path = \"/shared/\""),
        reference("name = aws_iam_policy.other.name\n path = var.path"),
        module("customer_managed_policies = [{ name = \"other\", description = null }]"),
        module("count = var.customer_managed_policies == null ? 0 : 1"),
        "variable \"sets\" {\n type = list(object({ customer_managed_policies = list(string) }))\n description = \"customer_managed_policies: shared\"\n}\n".to_owned(),
        "resource \"aws_iam_policy\" \"customer_managed_policy\" {\n description = \"shared\"\n}\n".to_owned(),
    ];
    for text in &free {
        assert_eq!(has(text, "m/main.tf"), ["P: "], "{text}");
    }
    let set = "resource \"aws_ssoadmin_permission_set\" \"s\" {\n name = \"Ops\"\n}\n";
    let known = reference("name = \"shared\"").replace("local.set", "aws_ssoadmin_permission_set.s.arn");
    assert_eq!(has(&format!("{set}{known}"), "m/main.tf"), ["P: set Ops"]);
}
