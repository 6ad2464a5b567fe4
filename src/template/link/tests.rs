mod other_files;

use super::*;
use crate::template::Link;
use crate::template::{IdentityName, read_file, read_unread};

/// One line per policy of the files: its address, the names of its identities, or why it is not refined.
fn linked(files: &[(&str, &str)]) -> Vec<String> {
    let (lines, problems) = linked_with_problems(files);
    assert_eq!(problems, 0);
    lines
}

/// The same, with the number of problems.
fn linked_with_problems(files: &[(&str, &str)]) -> (Vec<String>, usize) {
    let sources = Sources::new(files.iter().map(|(path, text)| SourceFile::new(*path, *text)).collect());
    let mut readings: Vec<(FileId, FileReading)> =
        sources.iter().map(|(id, file)| (id, read_file(&file.path, &file.text))).collect();
    link(&mut readings, &sources, &|_, source| if source == "mine" { vec!["grants".to_owned()] } else { Vec::new() });
    let (mut lines, mut problems) = (Vec::new(), 0);
    for (_, reading) in &readings {
        problems += reading.problems.len();
        assert!(reading.identities.iter().all(|declared| declared.identity.link == Link::Name));
        for document in &reading.documents {
            let names = document.attachments.iter().map(|attachment| match &attachment.name {
                IdentityName::Exact(name) | IdentityName::Generated(name) => name.clone(),
                IdentityName::Arn(arn) => arn.name().to_owned(),
                IdentityName::Pattern(pattern) => pattern.as_str().to_owned(),
                IdentityName::PermissionSet(name) => format!("set {name}"),
                IdentityName::Unknown => "?".to_owned(),
            });
            lines.push(format!("{}: {}", document.address(), names.collect::<Vec<_>>().join(" ")));
        }
        lines.extend(reading.skipped.iter().map(|skipped| skipped.reason.word().to_owned()));
    }
    (lines, problems)
}

/// Whether a walk reads a file of this text at all.
fn may_be_let_through(path: &str, text: &str) -> bool {
    crate::walk::is_of_module(path) || crate::walk::may_hold_policy(text.as_bytes())
}

const DOCUMENT: &str = r#"data "aws_iam_policy_document" "d" {
  statement {
    actions   = ["s3:GetObject"]
    resources = ["*"]
  }
}
"#;

fn of_document(rest: &str) -> Vec<String> {
    linked(&[("m/main.tf", &format!("{DOCUMENT}{rest}"))])
}

const NAMED: &str = "Resources:
  P:
    Type: AWS::IAM::ManagedPolicy
    Properties:
      ManagedPolicyName: shared
      PolicyDocument: {Statement: [{Effect: Allow, Action: s3:GetObject, Resource: '*'}]}
";

const ROLE: &str = "resource \"aws_iam_role\" \"r\" {\n  name = \"app\"\n}\n";

#[test]
fn a_policy_belongs_to_what_it_is_attached_to() {
    let cases = [
        ("", "data.aws_iam_policy_document.d: "),
        (
            "resource \"aws_iam_role_policy\" \"p\" {\n role = aws_iam_role.r.id\n policy = data.aws_iam_policy_document.d.json\n}\n",
            "data.aws_iam_policy_document.d: app",
        ),
        (
            "resource \"aws_iam_user_policy\" \"p\" {\n user = \"ann\"\n policy = data.aws_iam_policy_document.d.json\n}\n",
            "data.aws_iam_policy_document.d: ann",
        ),
        (
            "locals {\n x = [data.aws_iam_policy_document.d.json]\n}\nresource \"aws_iam_policy\" \"p\" {\n policy = local.x[0]\n}\nresource \"aws_iam_role_policy_attachment\" \"a\" {\n role = aws_iam_role.r.name\n policy_arn = aws_iam_policy.p.arn\n}\nresource \"aws_iam_role_policy_attachment\" \"b\" {\n role = \"web-${terraform.workspace}\"\n policy_arn = aws_iam_policy.p.arn\n}\n",
            "data.aws_iam_policy_document.d: app web-*",
        ),
        (
            "resource \"aws_iam_policy\" \"p\" {\n name = \"p\"\n policy = data.aws_iam_policy_document.d.json\n}\noutput \"arn\" {\n value = aws_iam_policy.p.arn\n}\nresource \"aws_iam_role_policy_attachment\" \"a\" {\n role = aws_iam_role.r.name\n policy_arn = \"arn:aws:iam::123456789012:policy/p\"\n}\n",
            "data.aws_iam_policy_document.d: ? app",
        ),
        (
            "resource \"aws_iam_role_policy\" \"p\" {\n for_each = toset([\"a\", \"b\"])\n role = \"${each.key}-${local.end}\"\n policy = data.aws_iam_policy_document.d.json\n}\nlocals {\n end = \"x\"\n}\n",
            "data.aws_iam_policy_document.d: a-x b-x",
        ),
        (
            "resource \"aws_ssoadmin_permission_set\" \"s\" {\n name = \"Ops\"\n}\nresource \"aws_ssoadmin_permission_set_inline_policy\" \"p\" {\n permission_set_arn = aws_ssoadmin_permission_set.s.arn\n inline_policy = data.aws_iam_policy_document.d.json\n}\n",
            "data.aws_iam_policy_document.d: set Ops",
        ),
        (
            "module \"f\" {\n source = \"terraform-aws-modules/lambda/aws\"\n function_name = \"fn\"\n policy_json = data.aws_iam_policy_document.d.json\n}\n",
            "data.aws_iam_policy_document.d: fn",
        ),
        (
            "module \"f\" {\n source = \"some/thing/aws\"\n policy_json = data.aws_iam_policy_document.d.json\n}\n",
            "data.aws_iam_policy_document.d: ?",
        ),
        (
            "resource \"aws_iam_policy\" \"p\" {\n name = \"App\"\n policy = data.aws_iam_policy_document.d.json\n}\ndata \"aws_iam_policy\" \"p\" {\n name = \"app\"\n}\nresource \"aws_iam_role_policy_attachment\" \"a\" {\n role = aws_iam_role.r.name\n policy_arn = data.aws_iam_policy.p.arn\n}\n",
            "data.aws_iam_policy_document.d: app",
        ),
        (
            "resource \"aws_iam_policy\" \"p\" {\n name = \"x-app\"\n policy = data.aws_iam_policy_document.d.json\n}\nresource \"aws_iam_user\" \"u\" {\n managed_policy_arns = [\"arn:aws:iam::${local.account}:policy/x-${local.name}\"]\n}\n",
            "data.aws_iam_policy_document.d: ?",
        ),
        (
            "resource \"aws_iam_role_policy\" \"p\" {\n role = \"a\"\n policy = data.aws_iam_policy_document.d.json\n}\nresource \"aws_iam_role_policy\" \"q\" {\n role = \"b\"\n policy = aws_iam_role_policy.p.policy\n}\n",
            "data.aws_iam_policy_document.d: a b",
        ),
        (
            "data \"template_file\" \"t\" {\n template = data.aws_iam_policy_document.d.json\n}\nresource \"aws_iam_role_policy\" \"p\" {\n role = \"a\"\n policy = data.template_file.t.rendered\n}\n",
            "data.aws_iam_policy_document.d: a",
        ),
    ];
    for (rest, expected) in cases {
        assert_eq!(of_document(&format!("{ROLE}{rest}")), [expected], "{rest}");
    }
}

#[test]
fn only_what_names_a_role_means_it() {
    let of = |rest: &str, role: &str| {
        let policy = format!(
            "resource \"aws_iam_role_policy\" \"p\" {{\n role = {role}\n policy = data.aws_iam_policy_document.d.json\n}}\n"
        );
        let told = of_document(&format!("{rest}{policy}"));
        told[0].strip_prefix("data.aws_iam_policy_document.d: ").map(str::to_owned)
    };
    let many = ROLE.replace("{\n", "{\n for_each = toset([\"x\"])\n");
    let data = "data \"aws_iam_role\" \"r\" {\n name = \"app\"\n}\n";
    let call = "module \"m\" {\n source = \"terraform-aws-modules/iam/aws//modules/iam-role\"\n name = \"app\"\n use_name_prefix = false\n}\n";
    let cases = [
        (ROLE, "aws_iam_role.r.name", "app"),
        (ROLE, "aws_iam_role.r.id", "app"),
        (ROLE, "aws_iam_role.r.arn", "app"),
        (ROLE, "aws_iam_role.r[0].name", "app"),
        (ROLE, "join(\"\", aws_iam_role.r.*.name)", "app"),
        (ROLE, "try(aws_iam_role.r[0].id, \"\")", "app"),
        (ROLE, "aws_iam_role.r.tags[\"role\"]", "?"),
        (ROLE, "aws_iam_role.r.tags[\"name\"]", "?"),
        (ROLE, "aws_iam_role.r.tags.name", "?"),
        (ROLE, "\"${aws_iam_role.r.tags.name}-x\"", "*-x"),
        (ROLE, "\"${aws_iam_role.r.name}-x\"", "app-x"),
        (ROLE, "aws_iam_role.r.unique_id", "?"),
        (ROLE, "aws_iam_role.r.description", "?"),
        (&many, "aws_iam_role.r[\"x\"].name", "app"),
        (&many, "aws_iam_role.r[\"x\"].tags.name", "?"),
        (data, "data.aws_iam_role.r.name", "app"),
        (data, "data.aws_iam_role.r.tags[\"name\"]", "?"),
        (data, "data.aws_iam_role.r.unique_id", "?"),
        (call, "module.m.name", "app"),
        (call, "module.m.iam_role_name", "app"),
        (call, "module.m.unique_id", "?"),
        (call, "module.m.tags.name", "?"),
    ];
    for (rest, role, expected) in cases {
        assert_eq!(of(rest, role).as_deref(), Some(expected), "{role} {rest}");
    }
}

#[test]
fn a_policy_that_is_used_as_something_else_too_is_not_refined() {
    let attached =
        "resource \"aws_iam_role_policy\" \"p\" {\n role = \"app\"\n policy = data.aws_iam_policy_document.d.json\n}\n";
    let cases = [
        (
            "resource \"aws_iam_role\" \"x\" {\n assume_role_policy = data.aws_iam_policy_document.d.json\n}\n",
            "trust-policy",
        ),
        (
            "resource \"aws_s3_bucket_policy\" \"x\" {\n policy = data.aws_iam_policy_document.d.json\n}\n",
            "other-resource",
        ),
        (
            "resource \"aws_organizations_policy\" \"x\" {\n content = data.aws_iam_policy_document.d.json\n}\n",
            "service-control-policy",
        ),
        (
            "resource \"aws_iam_policy\" \"b\" {\n policy = data.aws_iam_policy_document.d.json\n}\nresource \"aws_iam_role\" \"x\" {\n permissions_boundary = aws_iam_policy.b.arn\n}\n",
            "boundary",
        ),
    ];
    for (rest, expected) in cases {
        assert_eq!(of_document(&format!("{attached}{rest}")), [expected], "{rest}");
    }
}

#[test]
fn a_policy_is_followed_through_local_modules_and_files() {
    let child = "variable \"policy\" {}\nvariable \"role\" {\n default = \"none\"\n}\nresource \"aws_iam_role_policy\" \"p\" {\n role = var.role\n policy = var.policy\n}\noutput \"doc\" {\n value = file(\"${path.module}/x.json\")\n}\n";
    let parent = format!(
        "{DOCUMENT}{ROLE}module \"c\" {{\n source = \"./child\"\n role = aws_iam_role.r.name\n policy = data.aws_iam_policy_document.d.json\n}}\nresource \"aws_iam_group_policy\" \"g\" {{\n group = \"ops\"\n policy = module.c.doc\n}}\n"
    );
    let json = r#"{"Statement":{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}}"#;
    let files = [("m/child/main.tf", child), ("m/child/x.json", json), ("m/main.tf", parent.as_str())];
    assert_eq!(linked(&files), [": ops", "data.aws_iam_policy_document.d: app"]);
}

#[test]
fn variables_have_the_values_that_are_always_loaded() {
    let module = format!(
        "{DOCUMENT}variable \"name\" {{\n default = \"app\"\n}}\nresource \"aws_iam_role_policy\" \"p\" {{\n role = var.name\n policy = data.aws_iam_policy_document.d.json\n}}\n"
    );
    let cases = [
        (None, "app"),
        (Some(("m/terraform.tfvars", "name = \"prod\"\n")), "prod"),
        (Some(("m/env/dev.tfvars", "name = \"dev\"\n")), "?"),
        (Some(("live/terragrunt.hcl", "inputs = {\n  name = \"live\"\n}\n")), "?"),
        (Some(("live/terragrunt.hcl.json", r#"{"inputs": {"name": "live"}}"#)), "?"),
        (Some(("live/roles.tfdeploy.hcl", "deployment \"d\" {\n  inputs = { name = \"live\" }\n}\n")), "?"),
        (Some(("live/roles.tfdeploy.json", r#"{"deployment": {"d": {"inputs": {"name": "live"}}}}"#)), "?"),
        (Some((".terraform.lock.hcl", "provider \"aws\" {\n  version = \"6.0.0\"\n}\n")), "app"),
    ];
    for (values, expected) in cases {
        let files: Vec<(&str, &str)> = values.into_iter().chain([("m/main.tf", module.as_str())]).collect();
        assert_eq!(linked(&files), [format!("data.aws_iam_policy_document.d: {expected}")]);
    }
}

#[test]
fn lists_of_statements_count_where_a_module_takes_them() {
    let call = |source: &str, input: &str| {
        format!(
            "module \"r\" {{\n source = \"{source}\"\n role_name = \"app\"\n {input} = {{\n  read = {{\n   actions = [\"s3:GetObject\"]\n   resources = [\"*\"]\n  }}\n }}\n}}\n"
        )
    };
    let cases = [
        ("terraform-aws-modules/lambda/aws", "policy_statements", vec!["module.r/policy_statements: app"]),
        ("mine", "grants", vec!["module.r/grants: ?"]),
        ("mine", "other", vec![]),
    ];
    for (source, input, expected) in cases {
        assert_eq!(linked(&[("main.tf", &call(source, input))]), expected, "{source}");
    }
}

const RELAY: &str =
    "resource \"aws_iam_role_policy\" \"p\" {\n role = \"app\"\n policy = data.aws_iam_policy_document.d.json\n}\n";

#[test]
fn statements_from_elsewhere_count_only_where_they_are_taken_as_they_are() {
    let statements = |content: &str, each: &str| {
        format!(
            "locals {{\n x = [{{\n  actions = [\"s3:GetObject\"]\n  resources = [\"*\"]\n }}]\n}}\ndata \"aws_iam_policy_document\" \"d\" {{\n dynamic \"statement\" {{\n  for_each = {each}\n  content {{\n{content}   resources = statement.value.resources\n  }}\n }}\n}}\n{RELAY}"
        )
    };
    let own = "   actions = statement.value.actions\n";
    let taken = ["local.x: app", "data.aws_iam_policy_document.d: app"];
    let left = ["data.aws_iam_policy_document.d: app"];
    let cases = [
        (own.to_owned(), "local.x", &taken[..]),
        (format!("{own}   effect = lookup(statement.value, \"effect\", \"Allow\")\n"), "local.x", &taken),
        (format!("{own}   effect = \"Deny\"\n"), "local.x", &left),
        (format!("{own}   effect = lookup(statement.value, \"effect\", \"Deny\")\n"), "local.x", &left),
        ("   not_actions = statement.value.actions\n".to_owned(), "local.x", &left),
        ("   actions = [for a in statement.value.actions : upper(a)]\n".to_owned(), "local.x", &left),
        (own.to_owned(), "[for s in local.x : merge(s, { effect = \"Deny\" })]", &left),
    ];
    for (content, each, expected) in cases {
        assert_eq!(linked(&[("main.tf", &statements(&content, each))]), expected, "{content}{each}");
    }
}

#[test]
fn a_module_that_cannot_be_read_whole_holds_its_policies_back() {
    let main = format!("{DOCUMENT}{RELAY}");
    let broken = "module \"x\" {\n source = \"../m\"\n policy = <<\n";
    let held = |main: &str, path: &str| {
        let files = [("m/main.tf", main), (path, broken)];
        let sources = Sources::new(files.iter().map(|(path, text)| SourceFile::new(*path, *text)).collect());
        let mut readings: Vec<_> = sources.iter().map(|(id, file)| (id, read_file(&file.path, &file.text))).collect();
        link(&mut readings, &sources, &|_, _| Vec::new());
        let documents = readings.iter().flat_map(|(_, reading)| &reading.documents);
        documents.flat_map(|document| &document.attachments).any(|a| a.name == IdentityName::Unknown)
    };
    let policy = "jsonencode({ Statement = [{ Effect = \"Allow\", Action = \"s3:GetObject\", Resource = \"*\" }] })";
    let inline = format!(
        "resource \"aws_iam_role\" \"r\" {{\n name = \"app\"\n inline_policy {{\n name = \"x\"\n policy = {policy}\n }}\n}}\n"
    );
    let awscc = format!(
        "resource \"awscc_iam_role\" \"r\" {{\n role_name = \"app\"\n policies = [{{ policy_document = {policy} }}]\n}}\n"
    );
    let call = format!(
        "module \"f\" {{\n source = \"terraform-aws-modules/lambda/aws\"\n role_name = \"app\"\n policy_json = {policy}\n}}\n"
    );
    for main in [&main, &inline, &awscc, &call] {
        assert!(held(main, "m/other.tf"), "{main}");
        assert!(held(main, "n/main.tf"), "{main}");
        assert!(!held(main, "n/other/main.tf"), "{main}");
    }
    let json = r#"{"Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}]}"#;
    let reading = inline.replace(policy, "file(\"${path.module}/x.json\")");
    for (text, expected) in [("", ": app"), ("resource \"a\" {\n", ": app ?")] {
        let sources = [("m/main.tf", reading.as_str()), ("m/x.json", json), ("m/other.tf", text)];
        assert_eq!(linked_with_problems(&sources).0, [expected], "{text}");
    }
}

#[test]
fn what_overrides_a_module_holds_its_policies_back() {
    let attached = "resource \"aws_iam_role_policy\" \"p\" {\n role = aws_iam_role.r.id\n policy = data.aws_iam_policy_document.d.json\n}\n";
    let main = format!("{DOCUMENT}{ROLE}{attached}");
    let overriding = "resource \"aws_iam_role\" \"r\" {\n  name = \"other\"\n}\n";
    let of = |path| linked(&[(path, overriding), ("m/main.tf", &main)]);
    assert_eq!(of("other/a_override.tf"), ["data.aws_iam_policy_document.d: app"]);
    assert_eq!(of("m/a_override.tf"), ["data.aws_iam_policy_document.d: other ?"]);
    assert_eq!(of("m/override.tf"), ["data.aws_iam_policy_document.d: other ?"]);
}

#[test]
fn files_are_found_from_the_module_and_from_the_root_module() {
    let json = r#"{"Statement":{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}}"#;
    let policy = |path: &str| {
        format!("resource \"aws_iam_role_policy\" \"p\" {{\n role = \"app\"\n policy = file(\"{path}\")\n}}\n")
    };
    let call = "module \"c\" {\n source = \"./c\"\n}\n";
    for (path, place, expected) in [
        ("${path.module}/x.json", "m/c/x.json", ": app"),
        ("x.json", "m/c/x.json", ": app"),
        ("${path.root}/x.json", "m/x.json", ": app"),
        ("x.json", "m/x.json", ": app"),
        ("${path.root}/x.json", "m/c/x.json", ": ?"),
        ("${path.module}/x.json", "m/x.json", ": ?"),
        ("${path.module}/x.json", "m/y.json", ": "),
        ("${path.module}/p/${each.key}.json", "m/c/p/x.json", ": app"),
        ("${path.module}/p/${each.key}.json", "m/c/x.json", ": "),
        ("p/x-${var.y}.json", "m/p/x-z.json", ": app"),
    ] {
        let files = [("m/c/main.tf", policy(path)), (place, json.to_owned()), ("m/main.tf", call.to_owned())];
        let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (*path, text.as_str())).collect();
        assert_eq!(linked(&files), [expected], "{path} {place}");
    }
}

/// A role with a managed policy of its own, and what else a module may say.
const MANAGED: &str = r#"resource "aws_iam_policy" "p" {
  name   = "app-policy"
  policy = jsonencode({ Statement = [{ Effect = "Allow", Action = "s3:GetObject", Resource = "*" }] })
}
resource "aws_iam_role_policy_attachment" "own" {
  role       = "app"
  policy_arn = aws_iam_policy.p.arn
}
"#;

#[test]
fn a_policy_whose_arn_may_be_put_together_elsewhere_belongs_to_whoever_does() {
    let attached = |arn: &str| {
        format!("resource \"aws_iam_role_policy_attachment\" \"a\" {{\n role = \"other\"\n policy_arn = {arn}\n}}\n")
    };
    let of = |rest: &str| linked(&[("m/main.tf", MANAGED), ("n/main.tf", rest)]);
    let alone = ["aws_iam_policy.p: app"];
    let both = ["aws_iam_policy.p: app other"];
    let cases = [
        (r#""arn:aws:iam::123456789012:policy/app-policy""#, both),
        (r#"format("arn:aws:iam::%s:policy/%s", "123456789012", "app-policy")"#, both),
        (r#"format("arn:aws:iam::%s:policy/app-policy", "123456789012")"#, both),
        (r#"join("", ["arn:aws:iam::123456789012:policy/", "app-policy"])"#, both),
        (r#"join("/", ["arn:aws:iam::123456789012:policy", "app-policy"])"#, both),
        (r#""arn:aws:iam::123456789012:policy${local.path}app-policy""#, both),
        (r#""arn:aws:iam::123456789012:policy/app\u002dpolicy""#, both),
        (r#""${local.base}/team/app-policy""#, both),
        (r#""${local.base}/another""#, alone),
        (r#""arn:aws:iam::123456789012:policy/another""#, alone),
        (r#""arn:aws:iam::123456789012:policy/app-${local.x}-b""#, alone),
        (r#"format("arn:aws:iam::aws:policy/%s", local.x)"#, alone),
    ];
    for (arn, expected) in cases {
        assert_eq!(of(&attached(arn)), expected, "{arn}");
    }
    let held = ["aws_iam_policy.p: app ?"];
    assert_eq!(of("variable \"arns\" {\n default = [\"arn:aws:iam::123456789012:policy/app-policy\"]\n}\n"), held);
    let beginning = "locals {\n prefix = \"arn:aws:iam::${var.account}:policy/app-\"\n}\n";
    assert_eq!(of(&format!("{beginning}{}", attached("\"${local.prefix}policy\""))), both);
    let key = "resource \"aws_s3_object\" \"o\" {\n key = \"policy/${each.key}\"\n}\n";
    assert_eq!(of(key), alone);
    let end = "locals {\n end = \"policy/${var.name}\"\n}\n";
    assert_eq!(of(&format!("{end}{}", attached("\"arn:aws:iam::1:${local.end}\""))), both);
    let values = "arns = [\"arn:aws:iam::123456789012:policy/app-policy\"]\n";
    assert_eq!(linked(&[("m/main.tf", MANAGED), ("m/terraform.tfvars", values)]), held);
    let data = "data \"aws_iam_policy\" \"d\" {\n name = local.n\n}\n";
    assert_eq!(of(&format!("{data}{}", attached("data.aws_iam_policy.d.arn"))), both);
}

#[test]
fn a_file_that_some_path_may_mean_is_held_back() {
    let own =
        "resource \"aws_iam_role_policy\" \"o\" {\n role = \"app\"\n policy = file(\"${path.module}/p.json\")\n}\n";
    let json = r#"{"Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}]}"#;
    let of = |path: &str| {
        let other = format!("resource \"aws_iam_role_policy\" \"x\" {{\n role = \"other\"\n policy = {path}\n}}\n");
        linked(&[("m/main.tf", &format!("{own}{other}")), ("m/p.json", json)])
    };
    for path in [
        r#"file("${local.dir}/p.json")"#,
        "file(local.f)",
        r#"file(format("%s/p.json", path.module))"#,
        r#"templatefile(join("/", [path.module, "p.json"]), {})"#,
        r#"file("${path.cwd}/p.json")"#,
    ] {
        assert_eq!(of(path), [": app ?"], "{path}");
    }
    assert_eq!(of(r#"file("${local.dir}/q.json")"#), [": app"]);
    // What is not there may be a link to what is.
    assert_eq!(of(r#"file("${path.module}/b/p.json")"#), [": app ?"]);
}

#[test]
fn a_file_that_is_read_in_another_way_too_is_held_back() {
    let json = r#"{"Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}]}"#;
    let main = RELAY.replace("data.aws_iam_policy_document.d.json", "file(\"${path.module}/x.json\")");
    let of = |path: &str, text: &str| {
        let said = linked(&[("m/main.tf", &main), ("m/x.json", json), (path, text)]);
        said.into_iter().find(|said| said.starts_with(": ")).unwrap_or_default()
    };
    let policy =
        |value: &str| format!("resource \"aws_iam_role_policy\" \"q\" {{\n role = \"b\"\n policy = {value}\n}}\n");
    let data = "data \"local_file\" \"p\" {\n filename = \"${path.module}/x.json\"\n}\n";
    let held = [
        ("m/b.tf", format!("{data}{}", policy("data.local_file.p.content"))),
        ("k/main.tf", policy("file(abspath(\"../m/x.json\"))")),
        ("k/main.tf", policy("file(\"${local.base}/m/x.json\")")),
        ("k/main.tf", format!("locals {{\n f = \"../m/${{local.n}}.json\"\n}}\n{}", policy("file(local.f)"))),
        ("k/main.tf", "module \"z\" {\n source = \"../zz\"\n f = \"../m/x.json\"\n}\n".to_owned()),
        ("k/main.tf.json", r#"{"locals": {"f": "..\/m\/x.json"}}"#.to_owned()),
        ("k/terraform.tfvars", "f = \"../m/x.json\"\n".to_owned()),
        ("k/terragrunt.hcl", "inputs = {\n policy = file(\"../m/x.json\")\n}\n".to_owned()),
        ("k/terragrunt.hcl", "locals {\n policy = file(\"../m/x.json\")\n}\n".to_owned()),
        ("root.hcl", "locals {\n policy = file(\"m/x.json\")\n}\n".to_owned()),
        ("k/terragrunt.hcl.json", r#"{"inputs": {"policy": "${file(\"../m/x.json\")}"}}"#.to_owned()),
        (
            "serverless.yml",
            "service: s\nprovider: {name: aws, iamRoleStatements: '${file(m/x.json):Statement}'}\n".to_owned(),
        ),
        ("play.yml", "- iam_policy: {policy_json: \"{{ lookup('file', 'm/x.json') }}\"}\n".to_owned()),
    ];
    for (path, text) in &held {
        assert_eq!(of(path, text), ": app ?", "{text}");
    }
    let free = [
        ("k/main.tf", "locals {\n f = \"../n/x.json\"\n}\n".to_owned()),
        (
            "k/main.tf",
            "resource \"x_y\" \"z\" {\n description = \"of x.json\"\n hash = filemd5(\"../m/x.json\")\n}\n".to_owned(),
        ),
        ("k/main.tf", "resource \"x_y\" \"z\" {\n key = \"${local.env}.json\"\n}\n".to_owned()),
        (".iamtrim.yaml", "bindings: [{files: m/x.json}]\n".to_owned()),
    ];
    for (path, text) in &free {
        assert_eq!(of(path, text), ": app", "{text}");
    }
    assert_eq!(of("m/b.tf", &policy("base64decode(filebase64(\"${path.module}/x.json\"))")), ": b app");
    let apart = linked(&[("p.yaml", NAMED), ("m/main.tf", "locals {\n f = \"p.yaml\"\n}\n")]);
    assert_eq!(apart, ["P: "], "only what is read by modules can be read by them in another way");
}

#[test]
fn a_module_that_may_be_called_from_elsewhere_has_no_values_for_certain() {
    let module = format!(
        "variable \"name\" {{\n default = \"app\"\n}}\n{DOCUMENT}resource \"aws_iam_role\" \"r\" {{\n name = var.name\n}}\nresource \"aws_iam_role_policy\" \"p\" {{\n role = aws_iam_role.r.id\n policy = data.aws_iam_policy_document.d.json\n}}\n"
    );
    let call = |source: &str| format!("module \"m\" {{\n source = \"{source}\"\n}}\n");
    let of = |files: &[(&str, &str)]| linked(&[&[("modules/m/main.tf", module.as_str())], files].concat());
    let app = ["data.aws_iam_policy_document.d: app"];
    assert_eq!(of(&[("a/main.tf", &call("../modules/m"))]), app);
    assert_eq!(of(&[("a/main.tf", &call("git::https://example.com/r.git//modules/other"))]), app);
    let remote = call("git::https://example.com/r.git//modules/m?ref=v1");
    assert_ne!(of(&[("a/main.tf", &call("../modules/m")), ("b/main.tf", &remote)]), app);
    assert_ne!(of(&[("a/main.tf", &call("../modules/m")), ("live/terragrunt.hcl", "inputs = {}\n")]), app);
    let local = ("a/main.tf", call("../modules/m"));
    for (source, expected) in [
        ("app.terraform.io/org/m/aws", false),
        ("app.terraform.io/org/other/aws", true),
        ("org/m/aws", false),
        ("org/other/aws", true),
        ("terraform-aws-modules/m/aws", true),
        ("git::https://example.com/r.git?ref=v1", true),
    ] {
        let other = call(source);
        assert_eq!(of(&[(local.0, &local.1), ("b/main.tf", &other)]) == app, expected, "{source}");
    }
    // A module of the name that it calls is another one.
    let wrapped = format!("{module}{}", call("org/m/aws"));
    assert_eq!(linked(&[("modules/m/main.tf", &wrapped), (local.0, &local.1)]), app);
    let at_root = |source: &str| {
        linked(&[("main.tf", &module), ("a/main.tf", &call("../")), ("b/main.tf", &call(source))]) == app
    };
    assert!(!at_root("git::https://example.com/r.git?ref=v1"));
    assert!(!at_root("app.terraform.io/org/r/aws"));
    assert!(at_root("org/r/aws"));
    assert!(at_root("git::https://example.com/r.git//modules/x"));
    let root = [("infra/main.tf", module.as_str()), ("envs/prod.tfvars", "name = \"other\"\n")];
    assert_ne!(linked(&root), app);
}

#[test]
fn what_is_taken_apart_or_counted_is_not_refined() {
    let document = "locals {\n  doc = { Statement = [{ Effect = \"Allow\", Action = [\"s3:GetObject\", \"s3:PutObject\"], Resource = \"*\" }] }\n}\n";
    let attached = "resource \"aws_iam_role_policy\" \"p\" {\n role = \"app\"\n policy = jsonencode(local.doc)\n}\n";
    let other = "resource \"aws_iam_role_policy\" \"q\" {\n role = \"app\"\n policy = jsonencode({ Statement = [{ Effect = \"Allow\", NotAction = local.doc.Statement[0].Action, Resource = \"*\" }] })\n}\n";
    assert_eq!(linked(&[("m/main.tf", &format!("{document}{attached}"))]), ["local.doc: app"]);
    assert!(!linked(&[("m/main.tf", &format!("{document}{attached}{other}"))]).contains(&"local.doc: app".to_owned()));
}

#[test]
fn identities_are_declared_at_their_labels() {
    let text =
        "resource \"aws_iam_role\" \"r\" {\n  name = \"app-${var.end}\"\n}\nvariable \"end\" {\n  default = \"x\"\n}\n";
    let sources = Sources::new(vec![SourceFile::new("main.tf", text)]);
    let mut readings: Vec<_> = sources.iter().map(|(id, file)| (id, read_file(&file.path, &file.text))).collect();
    link(&mut readings, &sources, &|_, _| Vec::new());
    let declared: Vec<_> =
        readings[0].1.identities.iter().map(|declared| (declared.span.of(text), &declared.identity.name)).collect();
    assert_eq!(declared, [("\"r\"", &IdentityName::Exact("app-x".to_owned()))]);
}

#[test]
fn lists_of_actions_count_where_a_statement_allows_them() {
    let list = |rest: &str| format!("locals {{\n  x = [\"s3:GetObject\", \"s3:Put*\"]\n}}\n{rest}");
    let document = |statement: &str| {
        list(&format!(
            "data \"aws_iam_policy_document\" \"d\" {{\n statement {{\n{statement} resources = [\"*\"]\n }}\n}}\n{RELAY}"
        ))
    };
    let encoded = |statement: &str| {
        list(&format!(
            "resource \"aws_iam_role_policy\" \"p\" {{\n role = \"app\"\n policy = jsonencode({{ Statement = [{{ {statement}, Resource = \"*\" }}] }})\n}}\n"
        ))
    };
    let (taken, left) =
        (["local.x: app", "data.aws_iam_policy_document.d: app"], ["data.aws_iam_policy_document.d: app"]);
    let (inline, alone) = (["local.x: app", "aws_iam_role_policy.p: app"], ["aws_iam_role_policy.p: app"]);
    let cases: [(String, &[&str]); 10] = [
        (document("  actions = local.x\n"), &taken),
        (document("  actions = concat(local.x, [\"s3:ListBucket\"])\n"), &taken),
        (document("  effect = \"Deny\"\n  actions = local.x\n"), &left),
        (document("  not_actions = local.x\n"), &left),
        (document("  actions = setsubtract(local.x, [\"s3:Put*\"])\n"), &left),
        (encoded("Effect = \"Allow\", Action = local.x"), &inline),
        (encoded("Effect = \"Allow\", Action = distinct(concat(local.x, var.more))"), &inline),
        (encoded("Effect = \"Deny\", Action = local.x"), &alone),
        (encoded("Effect = \"Allow\", NotAction = local.x"), &alone),
        (list("resource \"aws_cloudwatch_metric_alarm\" \"a\" {\n alarm_actions = local.x\n}\n"), &[]),
    ];
    for (text, expected) in cases {
        assert_eq!(linked(&[("main.tf", &text)]), expected, "{text}");
    }
    let child = "variable \"actions\" {\n default = [\"s3:GetObject\"]\n}\nresource \"aws_iam_role_policy\" \"p\" {\n role = \"app\"\n policy = jsonencode({ Statement = { Effect = \"Allow\", Action = var.actions, Resource = \"*\" } })\n}\n";
    let call = |input: &str| format!("module \"c\" {{\n source = \"./c\"\n{input}}}\n");
    let given = call(" actions = [\"sqs:SendMessage\"]\n");
    assert_eq!(
        linked(&[("c/main.tf", child), ("main.tf", &given)]),
        ["aws_iam_role_policy.p: app", "module.c/actions: app"]
    );
    let default = call("");
    assert_eq!(
        linked(&[("c/main.tf", child), ("main.tf", &default)]),
        ["var.actions/default: app", "aws_iam_role_policy.p: app"]
    );
}

#[test]
fn a_plan_that_is_named_says_what_the_roles_are_called() {
    let child = "resource \"aws_iam_role\" \"r\" {\n name_prefix = \"x\"\n}\nresource \"aws_iam_role_policy\" \"p\" {\n role = aws_iam_role.r.id\n policy = jsonencode({ Statement = { Effect = \"Allow\", Action = \"s3:*\", Resource = \"*\" } })\n}\n";
    let root =
        "module \"one\" {\n source = \"../c\"\n}\nmodule \"two\" {\n source = \"../c\"\n for_each = local.all\n}\n";
    let role = |address: &str, name: &str| {
        format!(r#"{{"address":{address:?},"mode":"managed","type":"aws_iam_role","values":{{"name":{name:?}}}}}"#)
    };
    let plan = format!(
        r#"{{"format_version":"1.2","terraform_version":"1.9.0","planned_values":{{"root_module":{{"child_modules":[
            {{"resources":[{}]}},{{"resources":[{}]}}]}}}}}}"#,
        role("module.one.aws_iam_role.r", "x1"),
        role("module.two[\"a\"].aws_iam_role.r", "x2"),
    );
    let names = |is_named: bool, other_root: bool| {
        let mut files = vec![("c/main.tf", child), ("live/main.tf", root), ("plan.json", plan.as_str())];
        if other_root {
            files.push(("test/main.tf", "module \"three\" {\n source = \"../c\"\n}\n"));
        }
        let named = |(path, text): &(&str, &str)| {
            let named = is_named && *path == "plan.json";
            let mut file = SourceFile::new(*path, *text);
            file.named = named;
            file
        };
        let sources = Sources::new(files.iter().map(named).collect());
        let mut readings: Vec<_> = sources.iter().map(|(id, file)| (id, read_file(&file.path, &file.text))).collect();
        link(&mut readings, &sources, &|_, _| Vec::new());
        readings[0].1.documents[0].attachments.iter().map(|attachment| attachment.name.clone()).collect::<Vec<_>>()
    };
    let exact = |name: &str| IdentityName::Exact(name.to_owned());
    assert_eq!(names(true, false), [exact("x1"), exact("x2")]);
    for (is_named, other_root) in [(false, false), (true, true)] {
        assert!(!names(is_named, other_root).contains(&exact("x1")), "{is_named} {other_root}");
    }
}

#[test]
fn the_json_form_is_linked_like_any_other() {
    let text = r#"{"resource": {"aws_iam_role": {"r": {"name": "app-${var.end}"}},
        "aws_iam_role_policy": {"p": {"role": "${aws_iam_role.r.id}", "policy": "${data.aws_iam_policy_document.d.json}"},
            "q": {"role": "${aws_iam_role.r.id}", "policy": "${file(\"x.json\")}"}}},
        "variable": {"end": {"default": "x"}},
        "data": {"aws_iam_policy_document": {"d": {"statement": [{"actions": ["s3:${local.a}", "s3:PutObject"], "resources": ["*"]}]},
            "t": {"statement": {"actions": ["sts:AssumeRole"], "principals": {"type": "Service", "identifiers": ["x"]}}}}}}"#;
    let json = r#"{"Statement":{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}}"#;
    assert_eq!(
        linked(&[("main.tf.json", text), ("x.json", json)]),
        ["data.aws_iam_policy_document.d: app-x", "trust-policy", ": app-x"]
    );
    let reading = read_file("main.tf.json", text);
    let entries = &reading.documents[0].policy.statements[0].actions.entries;
    assert_eq!(entries.iter().map(|entry| entry.pattern.is_some()).collect::<Vec<_>>(), [false, true]);
    let values = [("main.tf.json", text), ("terraform.tfvars.json", r#"{"end": "y"}"#)];
    assert_eq!(linked(&values)[0], "data.aws_iam_policy_document.d: app-y");
}
