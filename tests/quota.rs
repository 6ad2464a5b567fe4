//! That no fix makes a policy larger than IAM accepts: alone, with others that are made with it, or with its identity's.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail")]

use iamtrim::catalog::Catalog;
use iamtrim::check::check;
use iamtrim::config::Config;
use iamtrim::diagnostic::Fix;
use iamtrim::finding::{EvidenceBuilder, ReadOptions, Selection};
use iamtrim::refine::safety::Applicability;
use iamtrim::settings::{Scope, Settings};
use iamtrim::source::{SourceFile, Sources};
use serde_json::{Value, json};

const USER: &str = "arn:aws:iam::123456789012:user/app";

/// A file with one inline policy of the user, who is named.
fn inline(policy: &Value) -> Value {
    json!({ "UserName": "app", "PolicyName": "p", "PolicyDocument": policy.to_string() })
}

/// The fixes of a file that belongs to one user, who left these actions unused.
fn fixes(path: &str, content: &Value, unused: &[(&str, &[&str])]) -> Vec<Fix> {
    fixes_of(&[(path, content)], unused)
}

/// The same of the first of several files.
fn fixes_of(files: &[(&str, &Value)], unused: &[(&str, &[&str])]) -> Vec<Fix> {
    let details = unused.iter().map(|(service, actions)| {
        let actions: Vec<Value> = actions.iter().map(|action| json!({ "action": action })).collect();
        json!({ "unusedPermissionDetails": { "serviceNamespace": service, "actions": actions } })
    });
    let finding = json!({
        "id": "1", "resource": USER, "resourceType": "AWS::IAM::User", "status": "ACTIVE",
        "findingType": "UnusedPermission", "analyzedAt": "2026-10-12T00:00:00Z",
        "findingDetails": details.collect::<Vec<_>>(),
    });
    let mut builder = EvidenceBuilder::new(Selection::default());
    builder.read("findings.json", finding.to_string().as_bytes(), &ReadOptions::default()).unwrap();
    let config = json!({ "bindings": [{ "policy": "**", "identities": [USER] }] });
    let config = Config::parse(".iamtrim.yaml", &config.to_string()).unwrap();
    let scope =
        Scope { settings: Settings::new(config, jiff::civil::date(2026, 10, 13)), evidence: builder.finish().into() };
    let sources =
        Sources::new(files.iter().map(|(path, content)| SourceFile::new(*path, content.to_string())).collect());
    let scopes = [scope];
    let catalog = Catalog::embedded().dated(jiff::civil::date(2026, 9, 26));
    let mut checked = check(&sources, &scopes, &catalog);
    std::mem::take(&mut checked.files[0].fixes)
}

fn statement(actions: &[&str], resource: &str) -> Value {
    json!({ "Effect": "Allow", "Action": actions, "Resource": resource })
}

fn safety(fix: &Fix) -> (Applicability, &str) {
    (fix.applicability, fix.withheld.as_deref().unwrap_or_default())
}

const BUCKETS: (&str, &[&str]) = ("s3", &["GetBucketAcl", "GetBucketCORS", "GetBucketLocation", "GetBucketPolicy"]);

#[test]
fn a_fix_that_only_fits_with_others_that_are_not_made_is_withheld() {
    let queues = ["AddPermission", "CreateQueue", "DeleteMessage", "DeleteQueue", "GetQueueUrl", "ListQueueTags"];
    let queue_actions: Vec<String> = queues.iter().map(|name| format!("sqs:{name}")).collect();
    let mut shrinking: Vec<&str> = queue_actions.iter().map(String::as_str).cycle().take(60).collect();
    shrinking.push("sns:Sub*");
    let policy = |filler: usize| {
        json!({ "Statement": [
            statement(&["s3:Get*"], "*"),
            statement(&shrinking, "*"),
            statement(&["s3:PutObject"], &"x".repeat(filler)),
        ] })
    };
    // `sns:SubscribeNew` is unknown to the catalogue, so what it would change is only shown.
    let unused = [BUCKETS, ("sqs", &queues[..]), ("sns", &["SubscribeNew"][..])];
    let roomy = fixes("policy.json", &policy(100), &unused);
    assert_eq!(safety(&roomy[0]), (Applicability::Safe, ""));
    assert!(roomy[0].size.after > roomy[0].size.before && roomy[1].size.after < roomy[1].size.before);
    assert_eq!(roomy[1].applicability, Applicability::DisplayOnly);
    let full = fixes("policy.json", &policy(100 + 6_144 - roomy[0].size.before), &unused);
    assert_eq!(full[0].size.before, 6_144);
    let (applicability, why) = safety(&full[0]);
    assert!(applicability == Applicability::DisplayOnly && why.contains("more than the 6144"), "{why}");
    assert!(!safety(&full[1]).1.contains("6144"), "it only removes");
}

#[test]
fn the_inline_policies_of_an_identity_count_together() {
    let template = |filler: usize| {
        let inline = |name: &str, statement: Value| json!({ "PolicyName": name, "PolicyDocument": { "Version": "2012-10-17", "Statement": [statement] } });
        json!({ "AWSTemplateFormatVersion": "2010-09-09", "Resources": { "App": {
            "Type": "AWS::IAM::User",
            "Properties": { "UserName": "app", "Policies": [
                inline("read", statement(&["s3:Get*"], "*")),
                inline("write", statement(&["s3:PutObject"], &"x".repeat(filler))),
            ] },
        } } })
    };
    let found = fixes("app.json", &template(100), &[BUCKETS]);
    assert_eq!(safety(&found[0]), (Applicability::Safe, ""));
    let found = fixes("app.json", &template(1_800), &[BUCKETS]);
    assert!(found[0].size.after < 2_048, "alone it has room");
    let (applicability, why) = safety(&found[0]);
    assert!(applicability == Applicability::DisplayOnly && why.contains("inline policies of its user"), "{why}");
}

#[test]
fn the_inline_policies_of_an_identity_count_together_across_files() {
    let small = inline(&json!({ "Statement": [statement(&["s3:Get*"], "*")] }));
    let large = inline(&json!({ "Statement": [statement(&["s3:PutObject"], &"x".repeat(1_800))] }));
    let found = fixes_of(&[("a.json", &small), ("b.json", &small)], &[BUCKETS]);
    assert_eq!(safety(&found[0]), (Applicability::Safe, ""));
    let found = fixes_of(&[("a.json", &small), ("b.json", &large)], &[BUCKETS]);
    let (applicability, why) = safety(&found[0]);
    assert!(applicability == Applicability::DisplayOnly && why.contains("inline policies of its user"), "{why}");
    let managed = json!({ "Statement": [statement(&["s3:PutObject"], &"x".repeat(1_800))] });
    let found = fixes_of(&[("a.json", &small), ("b.json", &managed)], &[BUCKETS]);
    assert_eq!(safety(&found[0]), (Applicability::Safe, ""), "a managed policy does not count");
}
