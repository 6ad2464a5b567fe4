//! The same policy in every notation: the same verdicts, messages and replacements, whatever the layout around them.
//!
//! The writers of this file share no code with the program; layouts, quotes and comments are drawn at random.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail")]

use std::fmt::Write as _;

use iamtrim::catalog::Catalog;
use iamtrim::check::{Checked, check};
use iamtrim::config::Config;
use iamtrim::diagnostic::Diagnostic;
use iamtrim::finding::{EvidenceBuilder, ReadOptions, Selection};
use iamtrim::fix;
use iamtrim::refine::safety::Applicability;
use iamtrim::settings::{Scope, Settings};
use iamtrim::source::{SourceFile, Sources};
use proptest::prelude::*;
use serde_json::{Value, json};

const ARN: &str = "arn:aws:iam::123456789012:role/app";

/// A file beside the one that the policy is in: its path and its text.
type Beside = (&'static str, String);

/// What is drawn: statements of entries, and how they are laid out.
#[derive(Debug, Clone)]
struct Drawn {
    statements: Vec<Vec<&'static str>>,
    layout: Layout,
}

#[derive(Debug, Clone, Copy)]
struct Layout {
    indent: usize,
    /// Whether dashes stand below their key or one step in.
    is_indentless: bool,
    quote: Option<char>,
    has_comments: bool,
    has_carriage_returns: bool,
    /// Whether a single entry is written without a list.
    is_bare: bool,
    has_mark: bool,
}

const ENTRIES: [&str; 12] = [
    "s3:Get*",
    "s3:PutObject",
    "s3:DeleteBucket",
    "s3:List*",
    "sqs:*",
    "sqs:SendMessage",
    "SNS:Publish",
    "sns:Create*",
    "ec2:DescribeVolume*",
    "iam:PassRole",
    "dynamodb:DeleteTable",
    "kms:*Key",
];

fn drawn() -> impl Strategy<Value = Drawn> {
    let statement = prop::collection::vec(prop::sample::select(&ENTRIES[..]), 1..5);
    let layout = (1_usize..5, any::<[bool; 5]>(), prop::sample::select(vec![None, Some('\''), Some('"')]));
    (prop::collection::vec(statement, 1..4), layout).prop_map(|(statements, (indent, flags, quote))| Drawn {
        statements,
        layout: Layout {
            indent,
            is_indentless: flags[0],
            quote,
            has_comments: flags[1],
            has_carriage_returns: flags[2],
            is_bare: flags[3],
            has_mark: flags[4],
        },
    })
}

impl Layout {
    fn quoted(&self, text: &str) -> String {
        let quote = self.quote.map(String::from).unwrap_or_default();
        format!("{quote}{text}{quote}")
    }

    fn comment(&self, text: &str) -> String {
        if self.has_comments { format!("  # {text}") } else { String::new() }
    }

    /// Lines below a key at `column`: the column of their dashes.
    fn dashes(&self, column: usize) -> usize {
        if self.is_indentless { column } else { column + self.indent }
    }

    fn finished(&self, text: String) -> String {
        let text = if self.has_carriage_returns { text.replace('\n', "\r\n") } else { text };
        if self.has_mark { format!("\u{feff}{text}") } else { text }
    }
}

impl Drawn {
    fn json(&self) -> Value {
        let actions = |entries: &Vec<&str>| match entries.as_slice() {
            [only] if self.layout.is_bare => json!(only),
            all => json!(all),
        };
        let statements = self.statements.iter();
        let statements = statements.map(|s| json!({"Effect": "Allow", "Action": actions(s), "Resource": "*"}));
        json!({"Version": "2012-10-17", "Statement": statements.collect::<Vec<_>>()})
    }

    /// The lines of the document as a block, its keys at `column`.
    fn block(&self, column: usize) -> String {
        let (layout, mut out) = (&self.layout, String::new());
        let pad = |column: usize| " ".repeat(column);
        let _ = write!(out, "{}Version: 2012-10-17\n{}Statement:{}\n", pad(column), pad(column), layout.comment("all"));
        for entries in &self.statements {
            let dash = layout.dashes(column);
            let keys = dash + 2;
            if layout.has_comments {
                let _ = writeln!(out, "{}# {}", pad(dash), entries.len());
            }
            let _ = writeln!(out, "{}- Effect: Allow", pad(dash));
            match entries.as_slice() {
                [only] if layout.is_bare => {
                    let _ = writeln!(out, "{}Action: {}{}", pad(keys), layout.quoted(only), layout.comment("é"));
                }
                all => {
                    let _ = writeln!(out, "{}Action:{}", pad(keys), layout.comment("why"));
                    for entry in all {
                        let line = format!("{}- {}", pad(layout.dashes(keys)), layout.quoted(entry));
                        let _ = writeln!(out, "{line}{}", layout.comment(entry));
                    }
                }
            }
            let _ = writeln!(out, "{}Resource: '*'", pad(keys));
        }
        out
    }

    fn flow(&self) -> String {
        let actions = |entries: &Vec<&str>| match entries.as_slice() {
            [only] if self.layout.is_bare => self.layout.quoted(only),
            all => format!("[{}]", all.iter().map(|entry| self.layout.quoted(entry)).collect::<Vec<_>>().join(", ")),
        };
        let statements = self.statements.iter();
        let statements = statements.map(|s| format!("{{Effect: Allow, Action: {}, Resource: '*'}}", actions(s)));
        format!("{{Version: 2012-10-17, Statement: [{}]}}", statements.collect::<Vec<_>>().join(", "))
    }

    /// The same with the keys and the blocks of Terraform.
    fn blocks(&self) -> String {
        let (layout, mut out) = (&self.layout, String::from("data \"aws_iam_policy_document\" \"d\" {\n"));
        for entries in &self.statements {
            let _ = writeln!(out, "{}  statement {{", if layout.has_comments { "  // é\n" } else { "" });
            let _ = writeln!(out, "    actions = {}\n    resources = [\"*\"]\n  }}\n", self.list(entries, "    "));
        }
        out + "}\n"
    }

    /// The actions of a statement as a list of HCL, on one line or on several, the last with a comma or without.
    fn list(&self, entries: &[&str], margin: &str) -> String {
        let layout = &self.layout;
        let items = entries.iter().map(|entry| format!("\"{entry}\""));
        if layout.is_indentless && !layout.has_comments {
            return format!("[{}]", items.collect::<Vec<_>>().join(", "));
        }
        let last = entries.len() - 1;
        let line = |(index, item): (usize, String)| {
            let comma = if index < last || layout.is_bare { "," } else { "" };
            let pad = " ".repeat(layout.indent);
            format!("{margin}{pad}{item}{comma}{}\n", layout.comment("why"))
        };
        format!("[\n{}{margin}]", items.enumerate().map(line).collect::<String>())
    }

    fn encoded(&self, margin: &str) -> String {
        let statements = self.statements.iter().map(|entries| {
            let actions = match entries.as_slice() {
                [only] if self.layout.is_bare => format!("\"{only}\""),
                all => self.list(all, &format!("{margin}    ")),
            };
            format!("{margin}  {{\n{margin}    Effect = \"Allow\"\n{margin}    \"Action\" : {actions}\n{margin}    Resource = \"*\"\n{margin}  }},\n")
        });
        format!(
            "jsonencode({{\n{margin}Version = \"2012-10-17\"\n{margin}Statement = [\n{}{margin}]\n}})",
            statements.collect::<String>()
        )
    }

    /// The document in the notations of Terraform, by the names of their files, with a file that a policy is in.
    fn modules(&self) -> Vec<(&'static str, String, Option<Beside>)> {
        let resource = |policy: &str| format!("resource \"aws_iam_policy\" \"p\" {{\n  policy = {policy}\n}}\n");
        let finished = |text: String| self.layout.finished(text);
        let pretty = serde_json::to_string_pretty(&self.json()).unwrap();
        let indented: String = pretty.lines().fold(String::new(), |out, line| out + "    " + line + "\n");
        let quoted = Value::from(self.json().to_string()).to_string();
        let referring = resource("data.aws_iam_policy_document.d.json");
        let statements = self.statements.iter();
        let statements = statements.map(|entries| json!({ "actions": entries, "resources": ["*"] }));
        let document = json!({ "data": { "aws_iam_policy_document": { "d": {
            "statement": statements.collect::<Vec<_>>() } } } });
        let string = json!({ "resource": { "aws_iam_policy": { "p": { "policy": self.json().to_string() } } } });
        let relay = "data \"aws_iam_policy_document\" \"d\" {\n  dynamic \"statement\" {\n    for_each = local.s\n    content {\n      actions = statement.value.actions\n      resources = statement.value.resources\n    }\n  }\n}\n";
        let locals = self.statements.iter();
        let locals = locals.map(|entries| {
            format!("    {{\n      actions = {}\n      resources = [\"*\"]\n    }},\n", self.list(entries, "      "))
        });
        let locals = format!("locals {{\n  s = [\n{}  ]\n}}\n", locals.collect::<String>());
        vec![
            ("main.tf", finished(self.blocks()), None),
            ("used.tf", finished(format!("{}\n{referring}", self.blocks())), None),
            ("encoded.tf", finished(resource(&self.encoded("    "))), None),
            ("heredoc.tf", finished(resource(&format!("<<EOF\n{pretty}\nEOF"))), None),
            ("indented.tofu", finished(resource(&format!("<<-EOF\n{indented}  EOF"))), None),
            ("quoted.tf", finished(resource(&quoted)), None),
            ("policy.json", pretty, Some(("file.tf", resource("file(\"${path.module}/policy.json\")")))),
            ("document.tf.json", document.to_string(), None),
            ("string.tf.json", string.to_string(), None),
            ("locals.tf", finished(locals), Some(("x.tf", format!("{relay}{referring}")))),
        ]
    }

    /// The document in each notation, by the name of its file.
    fn written(&self) -> Vec<(&'static str, String)> {
        let layout = &self.layout;
        let policy = "Resources:\n  P:\n    Type: AWS::IAM::ManagedPolicy\n    Properties:\n      PolicyDocument:";
        let pretty = serde_json::to_string_pretty(&self.json()).unwrap();
        let lines: String = pretty.lines().fold(String::new(), |out, line| out + "          " + line + "\n");
        let template = json!({"Resources": {"P": {"Type": "AWS::IAM::ManagedPolicy",
            "Properties": {"PolicyDocument": self.json()}}}});
        let function = "Transform: AWS::Serverless-2016-10-31\nResources:\n  F:\n    Type: AWS::Serverless::Function\n    Properties:\n      Policies:\n";
        let in_list = self.block(10).replacen("          Version", "        - Version", 1);
        let statements = json!({"service": "s", "provider": {"name": "aws", "iam": {"role": {
            "statements": self.json()["Statement"]}}}});
        let yaml = |text: String| layout.finished(text);
        vec![
            ("policy.json", pretty),
            ("compact.json", self.json().to_string()),
            ("string.json", json!({"PolicyDocument": self.json().to_string()}).to_string()),
            ("block.yaml", yaml(self.block(0))),
            ("flow.yaml", yaml(self.flow() + "\n")),
            ("template.json", template.to_string()),
            ("template.yaml", yaml(format!("{policy}\n{}", self.block(8)))),
            ("template-flow.yaml", yaml(format!("{policy} {}\n", self.flow()))),
            ("template-lines.yaml", yaml(format!("{policy} |\n{lines}"))),
            ("template-sub.yaml", yaml(format!("{policy} !Sub |\n{lines}"))),
            ("template-string.yaml", yaml(format!("{policy} '{}'\n", self.json()))),
            ("template-escaped.yaml", yaml(format!("{policy} {}\n", Value::from(self.json().to_string())))),
            ("sam.yaml", yaml(format!("{function}{in_list}"))),
            ("serverless.yml", yaml(statements.to_string().replace("\":", "\": "))),
        ]
    }
}

fn scope() -> Scope {
    let unused = |service: &str, actions: &[&str]| {
        let actions: Vec<Value> = actions.iter().map(|action| json!({ "action": action })).collect();
        json!({ "unusedPermissionDetails": { "serviceNamespace": service, "actions": actions } })
    };
    let finding = json!([{
        "id": "1", "resource": ARN, "resourceType": "AWS::IAM::Role", "status": "ACTIVE",
        "findingType": "UnusedPermission", "analyzedAt": "2026-10-12T00:00:00Z",
        "findingDetails": [
            unused("s3", &["GetBucketAcl", "GetBucketPolicy", "DeleteBucket", "ListJobs"]),
            unused("sqs", &["CreateQueue", "DeleteQueue"]),
            unused("sns", &["CreateTopic", "CreatePlatformApplication", "CreatePlatformEndpoint", "CreateSMSSandboxPhoneNumber"]),
            unused("ec2", &["DescribeVolumes"]),
            unused("dynamodb", &[]),
            unused("kms", &["CreateKey"]),
        ],
    }]);
    let mut builder = EvidenceBuilder::new(Selection::default());
    builder.read("findings.json", finding.to_string().as_bytes(), &ReadOptions::default()).unwrap();
    let config = json!({ "bindings": [{ "policy": "**", "identities": [ARN] }] });
    let config = Config::parse(".iamtrim.yaml", &config.to_string()).unwrap();
    Scope { settings: Settings::new(config, jiff::civil::date(2026, 10, 13)), evidence: builder.finish().into() }
}

/// What is said of an entry, but for the place.
fn said(diagnostic: &Diagnostic) -> Value {
    let unused: Vec<&str> = diagnostic.unused.iter().map(|unused| unused.action.as_str()).collect();
    json!([
        diagnostic.rule.id(),
        diagnostic.message,
        diagnostic.label,
        diagnostic.pattern,
        unused,
        diagnostic.replacement,
        diagnostic.policies[0].statement,
    ])
}

/// The entries of each statement that is left, read from the file by the program.
fn entries(checked: &Checked<'_>, path: &str) -> Vec<Vec<String>> {
    let policies = checked.report.policies.iter().filter(|policy| policy.place.path == path);
    let statements = policies.flat_map(|policy| &policy.statements);
    statements.map(|s| s.patterns.iter().map(|(text, _)| text.clone()).collect()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(48) })]

    #[test]
    fn the_same_policy_in_every_notation_is_told_and_fixed_the_same(drawn in drawn()) {
        let (scopes, catalog) = ([scope()], Catalog::embedded());
        let mut first = None;
        let written = drawn.written().into_iter().map(|(path, text)| (path, text, None)).chain(drawn.modules());
        for (path, text, beside) in written {
            let sources = |text: &str| {
                let beside = beside.iter().map(|(path, text)| SourceFile::new(*path, text.clone()));
                Sources::new(beside.chain([SourceFile::new(path, text)]).collect())
            };
            let of_path = |checked: &Checked<'_>, sources: &Sources| {
                checked.files.iter().position(|file| sources.get(file.id).is_some_and(|file| file.path == path)).unwrap()
            };
            let before = sources(&text);
            let checked = check(&before, &scopes, &catalog);
            let policies = checked.report.policies.iter().filter(|policy| policy.place.path == path);
            prop_assert_eq!(policies.count(), 1, "{}\n{}", path, &text);
            let diagnostics = checked.report.diagnostics.iter().filter(|diagnostic| diagnostic.pattern.is_some());
            let told: Vec<Value> = diagnostics.map(said).collect();
            for diagnostic in checked.report.diagnostics.iter().filter(|diagnostic| diagnostic.pattern.is_some()) {
                let at = diagnostic.place.span.of(&text);
                prop_assert!(at.contains(diagnostic.pattern.as_deref().unwrap()), "{}: {} is not {:?}", path, at, diagnostic.pattern);
            }
            let checked_file = &checked.files[of_path(&checked, &before)];
            let file = before.get(checked_file.id).unwrap();
            let withheld: Vec<String> = checked.report.fixes.iter().filter_map(|fix| fix.withheld.clone()).collect();
            let rewritten = checked_file.judged(file);
            let rewritten = fix::rewritten(&rewritten, &checked_file.fixes, Applicability::Unsafe).unwrap();
            let after = rewritten.map_or_else(|| text.clone(), |rewritten| rewritten.text);
            let again = check(&sources(&after), &scopes, &catalog);
            prop_assert!(again.report.fixes.is_empty(), "{}\n{}", path, &after);
            let outcome = (told, withheld, entries(&again, path));
            match &first {
                None => first = Some(outcome),
                Some(first) => prop_assert_eq!(first, &outcome, "{}\n{}\n{}", path, &text, &after),
            }
        }
    }
}

/// The text after all safe fixes, with why the others are withheld.
fn fixed(text: &str, unused: &[(&str, &[&str])]) -> (String, Vec<String>) {
    let finding = |(index, (role, actions)): (usize, &(&str, &[&str]))| {
        let actions: Vec<Value> = actions.iter().map(|action| json!({ "action": action })).collect();
        json!({
            "id": index.to_string(), "resource": format!("arn:aws:iam::123456789012:role/{role}"),
            "resourceType": "AWS::IAM::Role", "status": "ACTIVE", "findingType": "UnusedPermission",
            "analyzedAt": "2026-10-12T00:00:00Z",
            "findingDetails": [{ "unusedPermissionDetails": { "serviceNamespace": "s3", "actions": actions } }],
        })
    };
    let findings: Vec<Value> = unused.iter().enumerate().map(finding).collect();
    let mut builder = EvidenceBuilder::new(Selection::default());
    builder.read("findings.json", Value::from(findings).to_string().as_bytes(), &ReadOptions::default()).unwrap();
    let config = json!({ "accounts": { "**": ["123456789012"] } });
    let config = Config::parse(".iamtrim.yaml", &config.to_string()).unwrap();
    let settings = Settings::new(config, jiff::civil::date(2026, 10, 13));
    let (scopes, catalog) = ([Scope { settings, evidence: builder.finish().into() }], Catalog::embedded());
    let sources = Sources::new(vec![SourceFile::new("app.yaml", text)]);
    let checked = check(&sources, &scopes, &catalog);
    let withheld = checked.report.fixes.iter().filter_map(|fix| fix.withheld.clone()).collect();
    let judged = checked.files[0].judged(&sources.files()[0]);
    let rewritten = fix::rewritten(&judged, &checked.files[0].fixes, Applicability::Safe).unwrap();
    (rewritten.map_or_else(|| text.to_owned(), |rewritten| rewritten.text), withheld)
}

const SHARED: &str = "Resources:
  A:
    Type: AWS::IAM::Role
    Properties:
      RoleName: a
      Policies:
        - PolicyDocument: &document
            Statement:
              - Effect: Allow
                Action: &actions
                  - s3:GetObject
                  - s3:DeleteBucket
                Resource: '*'
  B:
    Type: AWS::IAM::Role
    Properties:
      RoleName: b
      Policies:
        - PolicyDocument: ALIAS
";

#[test]
fn what_several_read_changes_only_if_it_is_right_for_all() {
    let list = "{Statement: [{Effect: Allow, Action: *actions, Resource: x}]}";
    let trust = "*document\n      AssumeRolePolicyDocument: *document";
    let both: &[(&str, &[&str])] = &[("a", &["DeleteBucket"]), ("b", &["DeleteBucket"])];
    let one: &[(&str, &[&str])] = &[("a", &["DeleteBucket"]), ("b", &["DeleteObject"])];
    for (alias, unused, is_fixed) in [
        ("*document", both, true),
        (list, both, true),
        ("*document", one, false),
        (list, one, false),
        (trust, both, false),
        ("{<<: *document, Version: '2012-10-17'}", both, true),
    ] {
        let text = SHARED.replace("ALIAS", alias);
        let (after, withheld) = fixed(&text, unused);
        let expected = if is_fixed { text.replace("                  - s3:DeleteBucket\n", "") } else { text.clone() };
        assert_eq!((after, withheld.is_empty()), (expected, is_fixed), "{alias} {unused:?} {withheld:?}");
    }
}

#[test]
fn one_fix_that_cannot_be_proved_holds_no_other_back() {
    let text = SHARED
        .replace("ALIAS", "{Statement: [{Effect: Allow, Action: [s3:GetObject, s3:DeleteBucket], Resource: '*'}]}")
        + "Metadata: {copy: *actions}\n";
    let (after, withheld) = fixed(&text, &[("a", &["DeleteBucket"]), ("b", &["DeleteBucket"])]);
    assert_eq!((after, withheld.len()), (text.replace(", s3:DeleteBucket]", "]"), 1));
}
