//! Whose the policies of an input are, and what of them is unused.

use iamtrim::config::Config;
use iamtrim::finding::{EvidenceBuilder, ReadOptions, Selection};
use iamtrim::settings::{Scope, Settings};
use serde_json::{Value, json};

/// What the identities left unused, by service; no name means all of it. No action of these services goes untracked.
const UNUSED: [(&str, &[&str]); 7] = [
    ("s3", &["GetBucketAcl", "GetBucketPolicy", "DeleteBucket", "ListJobs", "PutObjectAcl"]),
    ("sqs", &["CreateQueue", "DeleteQueue", "PurgeQueue"]),
    ("sns", &["CreateTopic", "Publish"]),
    ("ec2", &["DescribeVolumes", "TerminateInstances"]),
    ("dynamodb", &[]),
    ("kms", &["CreateKey", "Decrypt"]),
    ("logs", &["DeleteLogGroup", "PutRetentionPolicy"]),
];

/// The services of which something is unused.
pub(crate) fn services() -> impl Iterator<Item = &'static str> {
    UNUSED.iter().map(|(service, _)| *service)
}

/// Whether an action, in lower case, may be taken away.
pub(crate) fn is_unused(service: &str, name: &str) -> bool {
    let reported = UNUSED.iter().find(|(other, _)| *other == service);
    reported.is_some_and(|(_, names)| names.is_empty() || names.iter().any(|other| other.eq_ignore_ascii_case(name)))
}

/// One scope where a binding says whose all policies are, and one where they have to be attributed.
pub(crate) fn scopes() -> [Scope; 2] {
    let arn = |name: &str| format!("arn:aws:iam::123456789012:role/{name}");
    let bound = json!({ "bindings": [{ "policy": "**", "identities": [arn("app")] }] });
    let attributed = json!({ "accounts": { "**": ["123456789012"] }, "guesses": "warning" });
    [scope(&bound), scope(&attributed)]
}

fn scope(config: &Value) -> Scope {
    let config = Config::parse(".iamtrim.yaml", &config.to_string()).expect("the configuration is valid");
    let mut builder = EvidenceBuilder::new(Selection::default());
    let findings: Vec<Value> = ["app", "a", "b", "AppRole", "deploy"].iter().map(|name| finding(name)).collect();
    let read = builder.read("findings.json", Value::from(findings).to_string().as_bytes(), &ReadOptions::default());
    read.expect("the findings are valid");
    Scope { settings: Settings::new(config, jiff::civil::date(2026, 10, 13)), evidence: builder.finish().into() }
}

fn finding(name: &str) -> Value {
    let details = UNUSED.iter().map(|(service, names)| {
        let actions: Vec<Value> = names.iter().map(|name| json!({ "action": name })).collect();
        json!({ "unusedPermissionDetails": { "serviceNamespace": service, "actions": actions } })
    });
    json!({
        "id": name, "resource": format!("arn:aws:iam::123456789012:role/{name}"), "resourceType": "AWS::IAM::Role",
        "status": "ACTIVE", "findingType": "UnusedPermission", "analyzedAt": "2026-10-12T00:00:00Z",
        "findingDetails": details.collect::<Vec<_>>(),
    })
}
