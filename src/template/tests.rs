use super::*;

/// What is told of the attachments of a document.
fn owners(document: &Document) -> String {
    let name = |attachment: &Attachment| {
        let link = if attachment.link == Link::Reference { "~" } else { "=" };
        match &attachment.name {
            IdentityName::Exact(name) => format!("{link}{name}"),
            IdentityName::Arn(arn) => format!("{link}{arn}"),
            IdentityName::Pattern(pattern) => format!("{link}{}", pattern.as_str()),
            IdentityName::Generated(id) => format!("{link}<{id}>"),
            IdentityName::PermissionSet(name) => format!("{link}set {name}"),
            IdentityName::Unknown => format!("{link}?"),
        }
    };
    document.attachments.iter().map(name).collect::<Vec<_>>().join(" ")
}

/// Each document as `address kind [entries] owners`, an opaque entry as `?`; then each reason for which one is skipped.
fn told(path: &str, text: &str) -> Vec<String> {
    let reading = read_file(path, text);
    let entries = |document: &Document| {
        let entries = document.policy.statements.iter().flat_map(|statement| &statement.actions.entries);
        let words = entries.map(|entry| entry.pattern.as_ref().map_or("?", |pattern| pattern.as_str()));
        words.chain(std::iter::repeat_n("…", document.policy.opaque)).collect::<Vec<_>>().join(" ")
    };
    let documents = reading.documents.iter();
    let documents = documents.map(|document| {
        let (address, kind) = (document.address(), document.kind.word());
        format!("{address} {kind} [{}] {}", entries(document), owners(document)).trim_end().to_owned()
    });
    let skipped = reading.skipped.iter().map(|skipped| format!("- {}", skipped.reason.word()));
    let problems = reading.problems.iter().map(|problem| format!("! {}", problem.message));
    documents.chain(skipped).chain(problems).collect()
}

fn template(resources: &str) -> Vec<String> {
    told("app.yaml", &format!("Resources:\n{resources}"))
}

const ALLOW: &str = "{Statement: {Effect: Allow, Action: s3:Get*, Resource: '*'}}";

#[test]
fn every_type_that_holds_identity_policies_says_whose_they_are() {
    let cases = [
        ("AWS::IAM::Role", "Policies: [{PolicyDocument: DOC}]", "R/Policies/0 inline [s3:Get*] =<R>"),
        ("AWS::IAM::Role", "RoleName: app, Policies: [{PolicyDocument: DOC}]", "R/Policies/0 inline [s3:Get*] =app"),
        (
            "AWS::IAM::Role",
            "RoleName: !Sub '${AWS::StackName}-app', Policies: [{PolicyDocument: DOC}]",
            "R/Policies/0 inline [s3:Get*] =*-app",
        ),
        (
            "AWS::IAM::Role",
            "RoleName: !Ref Name, Policies: [{PolicyDocument: DOC}]",
            "R/Policies/0 inline [s3:Get*] =?",
        ),
        (
            "AWS::IAM::Role",
            "RoleName: !If [C, app, !Ref AWS::NoValue], Policies: [{PolicyDocument: DOC}]",
            "R/Policies/0 inline [s3:Get*] =?",
        ),
        ("AWS::IAM::User", "UserName: ann, Policies: [{PolicyDocument: DOC}]", "R/Policies/0 inline [s3:Get*] =ann"),
        ("AWS::IAM::Group", "Policies: [{PolicyDocument: DOC}]", "R/Policies/0 inline [s3:Get*] =<R>"),
        ("AWS::IAM::Policy", "Roles: [app, !Ref P], PolicyDocument: DOC", "R inline [s3:Get*] =app =?"),
        ("AWS::IAM::Policy", "Users: [!ImportValue x], PolicyDocument: DOC", "R inline [s3:Get*] =?"),
        (
            "AWS::IAM::RolePolicy",
            "RoleName: 'arn:aws:iam::123456789012:role/a/app', PolicyDocument: DOC",
            "R inline [s3:Get*] =arn:aws:iam::123456789012:role/a/app",
        ),
        ("AWS::IAM::ManagedPolicy", "PolicyDocument: DOC", "R managed [s3:Get*]"),
        ("AWS::IAM::RolePolicy", "RoleName: app, PolicyDocument: DOC", "R inline [s3:Get*] =app"),
        ("AWS::IAM::UserPolicy", "UserName: ann, PolicyDocument: DOC", "R inline [s3:Get*] =ann"),
        ("AWS::IAM::GroupPolicy", "GroupName: ops, PolicyDocument: DOC", "R inline [s3:Get*] =ops"),
        ("AWS::SSO::PermissionSet", "Name: Ops, InlinePolicy: DOC", "R/InlinePolicy inline [s3:Get*] =set Ops"),
        ("AWS::Serverless::Function", "Policies: [DOC]", "R/Policies/0 inline [s3:Get*] ~<RRole>"),
        ("AWS::Serverless::StateMachine", "Policies: DOC", "R/Policies inline [s3:Get*] ~<RRole>"),
    ];
    for (kind, properties, expected) in cases {
        let properties = properties.replace("DOC", ALLOW);
        assert_eq!(template(&format!("  R: {{Type: {kind}, Properties: {{{properties}}}}}\n")), [expected], "{kind}");
    }
}

#[test]
fn what_is_no_identity_policy_is_skipped_with_its_reason() {
    let cases = [
        ("AWS::IAM::Role", "AssumeRolePolicyDocument: DOC", "- trust-policy"),
        (
            "AWS::RolesAnywhere::Profile",
            "SessionPolicy: '{\"Statement\": {\"Effect\": \"Allow\", \"Action\": \"s3:*\", \"Resource\": \"*\"}}'",
            "- session-policy",
        ),
        ("AWS::Organizations::Policy", "Content: DOC", "- service-control-policy"),
        ("AWS::IoT::Policy", "PolicyDocument: DOC", "- iot-policy"),
        (
            "AWS::S3::BucketPolicy",
            "PolicyDocument: {Statement: [{Effect: Allow, Principal: '*', Action: s3:Get*}]}",
            "- resource-policy",
        ),
        ("Custom::Thing", "Policy: DOC", "- other-resource"),
        ("AWS::Serverless::Function", "Policies: [{S3CrudPolicy: {BucketName: !Ref B}}]", "- policy-template"),
        ("AWS::Serverless::Function", "Role: !GetAtt X.Arn, Policies: [DOC]", "- not-in-force"),
        ("AWS::IAM::Policy", "PolicyDocument: !Ref P", "- opaque"),
        ("AWS::IAM::Policy", "PolicyDocument: {Fn::Transform: {Name: AWS::Include}}", "- opaque"),
        ("AWS::IAM::Role", "Policies: [{PolicyDocument: DOC, Fn::Transform: x}, !Ref P]", "- opaque"),
    ];
    for (kind, properties, expected) in cases {
        let properties = properties.replace("DOC", ALLOW);
        let told = template(&format!("  R: {{Type: {kind}, Properties: {{{properties}}}}}\n"));
        assert_eq!(told.last().map(String::as_str), Some(expected), "{kind} {told:?}");
    }
    let firewall =
        "  W: {Type: AWS::WAFv2::WebACL, Properties: {Rules: [{Action: {Block: {}}, Statement: {Rate: {}}}]}}\n";
    assert_eq!(template(firewall), Vec::<String>::new());
}

#[test]
fn a_managed_policy_belongs_to_all_that_refer_to_it() {
    let text = format!(
        "Resources:
  P: {{Type: AWS::IAM::ManagedPolicy, Properties: {{ManagedPolicyName: shared, Roles: [!Ref A], PolicyDocument: {ALLOW}}}}}
  A: {{Type: AWS::IAM::Role, Properties: {{RoleName: a, ManagedPolicyArns: [!Ref P]}}}}
  B: {{Type: AWS::IAM::Role, Properties: {{ManagedPolicyArns: [!Sub 'arn:aws:iam::${{AWS::AccountId}}:policy/shared']}}}}
  F: {{Type: AWS::Serverless::Function, Properties: {{Policies: [{{'Fn::If': [c, {{Ref: P}}, {{Ref: AWS::NoValue}}]}}]}}}}
  G: {{Type: AWS::IAM::Policy, DependsOn: P, Properties: {{Roles: [b], PolicyDocument: {{Statement: [{{Effect: Allow, Action: iam:Attach*, Resource: !Ref P}}]}}}}}}
"
    );
    assert_eq!(told("app.yaml", &text), ["P managed [s3:Get*] ~a ~<B> ~<FRole>", "G inline [iam:Attach*] =b"]);
    let exported = format!("{text}Outputs: {{Arn: {{Value: !Ref P, Export: {{Name: x}}}}}}\n");
    assert_eq!(told("app.yaml", &exported)[0], "P managed [s3:Get*] ~a ~<B> ~<FRole> ~?");
    let named =
        text.replace("Name: shared", "Name: !Sub '${AWS::StackName}-p'").replace("/shared", "/${AWS::StackName}-p");
    assert_eq!(told("app.yaml", &named)[0], "P managed [s3:Get*] ~a ~<B> ~<FRole>");
    let bound = format!("{text}  U: {{Type: AWS::IAM::User, Properties: {{PermissionsBoundary: !Ref P}}}}\n");
    assert_eq!(told("app.yaml", &bound), ["G inline [iam:Attach*] =b", "- boundary"]);
}

#[test]
fn functions_are_read_as_far_as_they_are_literal() {
    let cases = [
        ("!If [c, s3:Get*, [s3:Put*, sqs:*]]", "s3:Get* s3:Put* sqs:*"),
        ("[s3:Get*, !If [c, s3:Put*, !Ref AWS::NoValue]]", "s3:Get* s3:Put*"),
        ("{Fn::If: [c, s3:Get*, {Ref: AWS::NoValue}]}", "s3:Get*"),
        ("[!Sub 's3:Get*', !Sub 's3:${X}', !Sub 's3:${!X}']", "s3:Get* ? s3:${X}"),
        ("[!Sub ['${S}:Get*', {S: s3}], !Join [':', [s3, Get*]], !Join [':', [!Ref S, Get*]]]", "s3:Get* s3:Get* ?"),
        ("{Fn::Join: ['', ['s3:', {Fn::Select: ['1', [a, Put*]]}]]}", "s3:Put*"),
        ("!Split [',', 's3:Get*,s3:Put*']", "s3:Get* s3:Put*"),
        ("!FindInMap [M, a, b]", "ec2:*"),
        ("!FindInMap [M, !Ref AWS::Region, b]", "?"),
        ("[!Ref Sure, !Ref Unsure, !GetAtt A.B, !Cidr x]", "s3:Sure ? ? ?"),
        ("[s3:Get*, 12, {a: b}]", "s3:Get* ? ?"),
    ];
    for (actions, expected) in cases {
        let text = format!(
            "Parameters: {{Sure: {{Default: s3:Sure, AllowedValues: [s3:Sure]}}, Unsure: {{Default: s3:Unsure}}}}
Mappings: {{M: {{a: {{b: [ec2:*]}}}}}}
Resources: {{P: {{Type: AWS::IAM::Policy, Properties: {{Roles: [r], PolicyDocument: {{Statement: [{{Effect: Allow, Action: {actions}, Resource: '*'}}]}}}}}}}}
"
        );
        assert_eq!(told("app.yaml", &text), [format!("P inline [{expected}] =r")], "{actions}");
    }
}

#[test]
fn branches_and_loops_are_read_where_they_are_written() {
    let text = format!(
        "Resources:
  R:
    Type: AWS::IAM::Role
    Properties:
      Policies: !If
        - C
        - - {{PolicyName: a, PolicyDocument: {ALLOW}}}
          - Fn::If: [D, {{PolicyName: b, PolicyDocument: !If [E, {ALLOW}, !Ref AWS::NoValue]}}, !Ref AWS::NoValue]
        - !Ref AWS::NoValue
  S:
    Type: AWS::IAM::Policy
    Properties:
      Roles: [!Ref R]
      PolicyDocument:
        Statement:
          - !If [C, {{Effect: Allow, Action: sqs:*, Resource: '*'}}, !Ref AWS::NoValue]
          - !Ref Statement
          - {{Effect: Allow, Action: sns:*, Resource: '*'}}
  Fn::ForEach::Roles:
    - Name
    - [a, b]
    - Role${{Name}}: {{Type: AWS::IAM::Role, Properties: {{Policies: [{{PolicyDocument: {{Statement: {{Effect: Allow, Action: ['s3:${{Name}}', s3:Get*], Resource: '*'}}}}}}]}}}}
"
    );
    assert_eq!(
        told("app.yaml", &text),
        [
            "R/Policies/1/0 inline [s3:Get*] =<R>",
            "R/Policies/1/1/1/1 inline [s3:Get*] =<R>",
            "S inline [sqs:* sns:* …] ~<R>",
            "2/Role${Name}/Policies/0 inline [? s3:Get*] =<Role*>",
        ]
    );
}

#[test]
fn json_in_a_string_is_a_policy_too() {
    let policy = r#"{"Statement": [{"Effect": "Allow", "Action": ["s3:Get*", "s3:${X}"], "Resource": "*"}]}"#;
    let cases = [
        (format!("'{policy}'"), "s3:Get* s3:${X}"),
        (format!("!Sub '{policy}'"), "s3:Get* ?"),
        (format!("!Sub ['{policy}', {{X: Put*}}]"), "s3:Get* ?"),
        (format!("\n        Fn::Sub: |\n          {policy}\n"), "s3:Get* ?"),
        (format!(">-\n          {}\n", policy.replace(' ', "\n          ")), "s3:Get* s3:${X}"),
    ];
    for (written, expected) in cases {
        let text = format!(
            "  P:\n    Type: AWS::IAM::Policy\n    Properties:\n      Roles: [r]\n      PolicyDocument: {written}\n"
        );
        let address = if written.starts_with("!Sub [") { "P/0" } else { "P" };
        assert_eq!(template(&text), [format!("{address} inline [{expected}] =r")], "{written}");
    }
    let broken = "  P: {Type: AWS::IAM::Policy, Properties: {PolicyDocument: !Sub '{\"Statement\": ${X}}'}}\n";
    assert!(template(broken)[0].starts_with("! not JSON"), "{:?}", template(broken));
}

#[test]
fn the_framework_has_statements_of_its_own() {
    let text = "service: shop
provider:
  name: aws
  iam: {role: {statements: [{Effect: Allow, Action: ['s3:Get*', '${self:custom.action}'], Resource: '*'}]}}
functions:
  pay: {iamRoleStatementsInherit: true, iamRoleStatements: [{Effect: Allow, Action: sqs:*, Resource: '*'}]}
  list: {iamRoleStatementsName: lister, iamRoleStatements: '${file(x.yml)}'}
  ship: {iam: {role: {statements: [{Effect: Allow, Action: ses:*, Resource: '*'}]}}}
  post: {iam: {role: {name: poster, statements: [{Effect: Allow, Action: ec2:*, Resource: '*'}]}}}
resources:
  - Resources: {R: {Type: AWS::IAM::Role, Properties: {RoleName: 'shop-${opt:stage}', Policies: [{PolicyDocument: {Statement: {Effect: Allow, Action: sns:*, Resource: '*'}}}]}}}
  - ${file(more.yml)}
";
    assert_eq!(
        told("serverless.yml", text),
        [
            "provider/iam/role/statements inline [s3:Get* ?] =shop-*-*-lambdaRole =shop-*-pay-*lambdaRole",
            "functions/pay/iamRoleStatements inline [sqs:*] =shop-*-pay-*lambdaRole",
            "functions/ship/iam/role/statements inline [ses:*] =shop-*-ship-*",
            "functions/post/iam/role/statements inline [ec2:*] =poster",
            "R/Policies/0 inline [sns:*] =shop-*",
            "- opaque",
        ]
    );
}

#[test]
fn statements_of_the_framework_belong_to_all_functions_that_inherit_them() {
    let (plugin, unknown) = (" =s-*-f-*lambdaRole", " =?");
    let allow = "[{Effect: Allow, Action: sqs:*, Resource: '*'}]";
    let own = format!("functions: {{f: {{iamRoleStatements: {allow}}}}}\n");
    let with = |more: &str| format!("{own}{more}\n");
    let inherit = |value: &str| own.replace("{f: {", &format!("{{f: {{iamRoleStatementsInherit: {value}, "));
    let new = |more: &str| format!("functions: {{f: {{iam: {{{more}role: {{statements: {allow}}}}}}}}}\n");
    let cases = [
        ("functions: {f: {handler: a}}\n".to_owned(), ""),
        (own.clone(), ""),
        (inherit("true"), plugin),
        (inherit("'${self:custom.x}'"), plugin),
        (inherit("false"), ""),
        (with("custom: {serverless-iam-roles-per-function: {defaultInherit: true}}"), plugin),
        (with("custom: {serverless-iam-roles-per-function: {defaultInherit: '${opt:x}'}}"), plugin),
        (with("custom: {serverless-iam-roles-per-function: '${file(x.yml)}'}"), plugin),
        (with("custom: '${file(x.yml)}'"), plugin),
        (with("custom: {serverless-iam-roles-per-function: {defaultInherit: false}, other: {a: true}, b: c}"), ""),
        (inherit("false") + "custom: {serverless-iam-roles-per-function: {defaultInherit: true}}\n", ""),
        (format!("functions: [{{f: {{iamRoleStatementsInherit: true, iamRoleStatements: {allow}}}}}]\n"), plugin),
        (new(""), ""),
        (new("inheritStatements: false, "), ""),
        (new("inheritStatements: true, "), unknown),
        ("functions: {f: {iam: '${file(x.yml)}'}}\n".to_owned(), unknown),
        ("functions: '${file(x.yml)}'\n".to_owned(), unknown),
        ("functions: ['${file(x.yml)}', {f: {handler: a}}]\n".to_owned(), unknown),
        ("functions: {f: '${file(x.yml)}'}\nframeworkVersion: '^3.1'\n".to_owned(), ""),
        ("functions: {f: '${file(x.yml)}'}\nframeworkVersion: 3\n".to_owned(), ""),
        ("functions: {f: '${file(x.yml)}'}\nframeworkVersion: '>=2.0.0 <5'\n".to_owned(), unknown),
        ("functions: {f: '${file(x.yml)}'}\nframeworkVersion: '>=3'\n".to_owned(), unknown),
        ("functions: {f: '${file(x.yml)}'}\nframeworkVersion: '>=2.0.0 <4.0.0'\n".to_owned(), ""),
        (
            "functions: {f: '${file(x.yml)}'}\nframeworkVersion: '3'\nplugins: [serverless-iam-roles-per-function]\n"
                .to_owned(),
            unknown,
        ),
    ];
    let head = |mode: &str| {
        format!(
            "service: s\nprovider: {{name: aws, iam: {{role: {{name: app, {mode}statements: [{{Effect: Allow, Action: s3:*, Resource: '*'}}]}}}}}}\n"
        )
    };
    let of = |text: &str| told("serverless.yml", text).swap_remove(0);
    let expected = |names: &str| format!("provider/iam/role/statements inline [s3:*] =app{names}");
    for (text, names) in cases {
        assert_eq!(of(&(head("") + &text)), expected(names), "{text}");
    }
    assert_eq!(of(&head("mode: perFunction, ")), expected(unknown));
    assert_eq!(of(&head("mode: shared, ")), expected(""));
}

#[test]
fn what_the_cdk_makes_is_never_written() {
    let text = format!(
        "{{\"Resources\": {{\"P\": {{\"Type\": \"AWS::IAM::Policy\", \"Metadata\": {{\"aws:cdk:path\": \"App/P/Resource\"}},
        \"Properties\": {{\"Roles\": [{{\"Ref\": \"R\"}}], \"PolicyDocument\": {}}}}}}}}}",
        r#"{"Statement": {"Effect": "Allow", "Action": "s3:Get*", "Resource": "*"}}"#
    );
    let reading = read_file("cdk.out/App.template.json", &text);
    let document = &reading.documents[0];
    assert_eq!((document.construct.as_deref(), document.read_only.is_some()), (Some("App/P/Resource"), true));
}

#[test]
fn a_file_is_read_by_its_name_or_by_how_it_begins() {
    let policy = format!("{{Type: AWS::IAM::ManagedPolicy, Properties: {{PolicyDocument: {ALLOW}}}}}");
    let template = format!("# why\n---\nAWSTemplateFormatVersion: '2010-09-09'\nResources:\n  P: {policy}\n");
    let other = format!("kind: x\nResources:\n  P: {policy}\n");
    for (path, of_template, of_other) in [("a.yml", 1, 1), ("a.TEMPLATE", 1, 1), ("a.md", 1, 0), ("stack", 1, 0)] {
        let found = [&template, &other].map(|text| read_file(path, text).documents.len());
        assert_eq!(found, [of_template, of_other], "{path}");
    }
    let two = format!("--- {ALLOW}\n--- {ALLOW}\n");
    assert_eq!(told("p.yaml", &two), ["0 standalone [s3:Get*]", "1 standalone [s3:Get*]"]);
}

#[test]
fn what_a_macro_or_an_include_may_change_is_never_written() {
    let policy = "{Type: AWS::IAM::ManagedPolicy, Properties: {Roles: [app], MORE PolicyDocument: {Statement: [{Effect: Allow, Action: 's3:*', Resource: '*'}]}}}";
    let include = "'Fn::Transform': {Name: AWS::Include, Parameters: {Location: 's3://bucket/more.yaml'}}";
    let cases = [
        (String::new(), "", "", false),
        ("Transform: AWS::Serverless-2016-10-31\n".to_owned(), "", "", false),
        ("Transform: [AWS::LanguageExtensions, AWS::SecretsManager-2020-07-23]\n".to_owned(), "", "", false),
        ("Transform: [AWS::LanguageExtensions, Ours]\n".to_owned(), "", "", true),
        ("Transform: {Name: AWS::Include}\n".to_owned(), "", "", true),
        (format!("{include}\n"), "", "", true),
        (String::new(), include, "", true),
        (String::new(), "", include, true),
    ];
    for (top, beside, within, expected) in cases {
        let within = if within.is_empty() { String::new() } else { format!("{within},") };
        let beside = if beside.is_empty() { String::new() } else { format!("  {beside}\n") };
        let text = format!("{top}Resources:\n  P: {}\n{beside}", policy.replace("MORE", &within));
        let reading = read_file("template.yaml", &text);
        let read_only: Vec<bool> = reading.documents.iter().map(|document| document.read_only.is_some()).collect();
        assert_eq!(read_only, [expected], "{text}");
    }
}
