//! Lists of which a deployment decides what is in them: the laws hold under every condition.

use std::cell::Cell;

use iamtrim::check::check;
use iamtrim::config::Config;
use iamtrim::finding::{EvidenceBuilder, ReadOptions, Selection};
use iamtrim::fix;
use iamtrim::refine::safety::Applicability;
use iamtrim::settings::{Scope, Settings};
use iamtrim::source::{SourceFile, Sources};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};

use super::oracle::{Catalogue, Pattern};
use super::program::of_september;

const ARN: &str = "arn:aws:iam::123456789012:role/app";
const ENTRIES: [&str; 8] = [
    "sqs:*",
    "sqs:Send*",
    "sqs:SendMessage",
    "sqs:DeleteQueue",
    "sns:Get*",
    "sns:*Topic*",
    "sns:DeleteTopic",
    "sqs:*Queue",
];
const UNUSED: [&str; 7] = [
    "sqs:SendMessage",
    "sqs:DeleteQueue",
    "sqs:CreateQueue",
    "sqs:PurgeQueue",
    "sns:DeleteTopic",
    "sns:CreateTopic",
    "sns:GetTopicAttributes",
];

/// A list of actions in CloudFormation's words.
fn actions() -> impl Strategy<Value = Value> {
    let entry = || prop::sample::select(&ENTRIES[..]).prop_map(|entry| json!(entry));
    let condition = || prop::sample::select(&["A", "B"][..]);
    let branch = prop_oneof![3 => entry(), 1 => Just(json!({ "Ref": "AWS::NoValue" }))];
    let choice = (condition(), entry(), branch).prop_map(|(name, yes, no)| json!({ "Fn::If": [name, yes, no] }));
    let item = prop_oneof![2 => entry(), 1 => choice];
    let list = prop::collection::vec(item, 1..6).prop_map(Value::from);
    let branches = (condition(), list.clone(), list.clone());
    let whole = branches.prop_map(|(name, yes, no)| json!({ "Fn::If": [name, yes, no] }));
    prop_oneof![3 => list, 1 => whole]
}

/// The entries of a list where the conditions that hold are these.
fn entries(value: &Value, holding: &[&str], found: &mut Vec<String>) {
    if let Some([name, yes, no]) = value["Fn::If"].as_array().map(Vec::as_slice) {
        let holds = holding.contains(&name.as_str().unwrap());
        return entries(if holds { yes } else { no }, holding, found);
    }
    match value {
        Value::Array(items) => items.iter().for_each(|item| entries(item, holding, found)),
        Value::String(entry) => found.push(entry.clone()),
        other => assert_eq!(other, &json!({ "Ref": "AWS::NoValue" })),
    }
}

fn scope(unused: &[&str]) -> Scope {
    let details = ["sqs", "sns"].map(|service| {
        let names = unused.iter().filter_map(|action| action.strip_prefix(&format!("{service}:")));
        let actions: Vec<Value> = names.map(|name| json!({ "action": name })).collect();
        json!({ "unusedPermissionDetails": { "serviceNamespace": service, "actions": actions } })
    });
    let details = details.into_iter().filter(|detail| detail["unusedPermissionDetails"]["actions"] != json!([]));
    let finding = json!([{
        "id": "1", "resource": ARN, "resourceType": "AWS::IAM::Role", "status": "ACTIVE",
        "findingType": "UnusedPermission", "analyzedAt": "2026-10-12T00:00:00Z",
        "findingDetails": details.collect::<Vec<_>>(),
    }]);
    let mut builder = EvidenceBuilder::new(Selection::default());
    builder.read("findings.json", finding.to_string().as_bytes(), &ReadOptions::default()).unwrap();
    let config = json!({ "bindings": [{ "policy": "**", "identities": [ARN] }] });
    let config = Config::parse(".iamtrim.yaml", &config.to_string()).unwrap();
    Scope { settings: Settings::new(config, jiff::civil::date(2026, 10, 13)), evidence: builder.finish().into() }
}

/// The template with every fix made.
fn fixed(actions: &Value, unused: &[&str]) -> Value {
    let statements = json!([
        { "Effect": "Allow", "Action": actions, "Resource": "*" },
        { "Effect": "Allow", "Action": "logs:PutLogEvents", "Resource": "*" },
    ]);
    let template = json!({ "Resources": { "P": { "Type": "AWS::IAM::ManagedPolicy",
        "Properties": { "PolicyDocument": { "Statement": statements } } } } });
    let sources = Sources::new(vec![SourceFile::new("app.json", template.to_string())]);
    let scopes = [scope(unused)];
    let checked = check(&sources, &scopes, of_september());
    let file = &checked.files[0];
    let made = fix::rewritten(&file.judged(&sources.files()[0]), &file.fixes, Applicability::Unsafe).unwrap();
    let after: Value = made.map_or(template, |made| serde_json::from_str(&made.text).unwrap());
    after["Resources"]["P"]["Properties"]["PolicyDocument"]["Statement"].clone()
}

#[test]
fn the_laws_hold_under_every_condition() {
    let catalogue = Catalogue::embedded();
    let names: Vec<String> = ["sqs", "sns"]
        .iter()
        .flat_map(|service| catalogue.actions(service).iter().map(move |(name, _)| format!("{service}:{name}")))
        .collect();
    let unused = prop::sample::subsequence(UNUSED.to_vec(), 1..=UNUSED.len());
    let config = ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() };
    let edited = Cell::new(0);
    let outcome = TestRunner::new(config).run(&(actions(), unused), |(actions, unused)| {
        let statements = fixed(&actions, &unused);
        let is_gone = statements.as_array().unwrap().len() == 1;
        edited.set(edited.get() + u32::from(statements[0]["Action"] != actions));
        for holding in [&[][..], &["A"], &["B"], &["A", "B"]] {
            let (mut before, mut after) = (Vec::new(), Vec::new());
            entries(&actions, holding, &mut before);
            if !is_gone {
                entries(&statements[0]["Action"], holding, &mut after);
                prop_assert_eq!(before.is_empty(), after.is_empty(), "{} under {:?}", statements, holding);
            }
            let [before, after] = [before, after].map(|all| all.iter().map(|p| Pattern::new(p)).collect::<Vec<_>>());
            for name in &names {
                let grants = |patterns: &[Pattern]| patterns.iter().any(|pattern| pattern.matches(name));
                let is_used = !unused.contains(&name.as_str());
                prop_assert!(
                    grants(&before) || !grants(&after),
                    "{} is gained: {} under {:?}",
                    name,
                    statements,
                    holding
                );
                prop_assert!(
                    !(is_used && grants(&before)) || grants(&after),
                    "{} is lost: {} under {:?}",
                    name,
                    statements,
                    holding
                );
            }
        }
        Ok(())
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
    assert!(edited.get() > 100, "only {} lists were edited", edited.get());
}
