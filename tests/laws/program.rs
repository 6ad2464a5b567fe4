//! The program, asked from outside: a policy and findings as texts, and what becomes of each entry.

use std::io::Read as _;
use std::sync::LazyLock;

use flate2::read::GzDecoder;
use iamtrim::catalog::Catalog;
use iamtrim::check::check;
use iamtrim::config::Config;
use iamtrim::finding::{EvidenceBuilder, ReadOptions, Selection};
use iamtrim::refine::EntryChange;
use iamtrim::refine::safety::Applicability;
use iamtrim::settings::{Scope, Settings};
use iamtrim::source::{SourceFile, Sources};
use serde_json::{Value, json};

use super::method::Becomes;
use super::oracle::{Owner, Unused};

fn arn(owner: usize) -> String {
    format!("arn:aws:iam::123456789012:role/owner{owner}")
}

pub(crate) fn finding(index: usize, owner: &Owner) -> Value {
    let details = owner.services.iter().map(|(service, unused)| {
        let actions = match unused {
            Unused::Whole => Value::Null,
            Unused::Names(names) => names.iter().map(|name| json!({ "action": name })).collect(),
        };
        json!({ "unusedPermissionDetails": { "serviceNamespace": service, "actions": actions } })
    });
    json!({
        "id": index.to_string(),
        "resource": arn(index),
        "resourceType": "AWS::IAM::Role",
        "status": "ACTIVE",
        "findingType": "UnusedPermission",
        "analyzedAt": "2026-10-12T00:00:00Z",
        "findingDetails": details.collect::<Vec<_>>(),
    })
}

/// The actions of one day, which newer catalogues leave as they are.
pub(crate) fn of_september() -> &'static Catalog {
    static CATALOGUE: LazyLock<Catalog> = LazyLock::new(|| {
        let (mut text, packed) = (String::new(), &include_bytes!("../data/actions-2026-09-26.txt.gz")[..]);
        GzDecoder::new(packed).read_to_string(&mut text).unwrap();
        Catalog::from_text("actions.txt", &text, &Catalog::embedded()).unwrap()
    });
    &CATALOGUE
}

/// What becomes of each entry of a policy that belongs to these owners.
pub(crate) fn refine(entries: &[String], owners: &[Owner], catalog: &Catalog) -> Vec<Becomes> {
    let findings: Vec<Value> = owners.iter().enumerate().map(|(index, owner)| finding(index, owner)).collect();
    let allow = owners.iter().enumerate().flat_map(|(index, owner)| {
        owner.allowed.iter().map(move |action| json!({ "identity": arn(index), "action": action, "reason": "kept" }))
    });
    judged(entries, &findings, owners.len(), &allow.collect::<Vec<_>>(), catalog).0
}

/// What becomes of each entry, and how safe that is and why not safer, by findings of some or all of the owners.
pub(crate) fn judged(
    entries: &[String],
    findings: &[Value],
    owners: usize,
    allow: &[Value],
    catalog: &Catalog,
) -> (Vec<Becomes>, Option<(Applicability, String)>) {
    let mut builder = EvidenceBuilder::new(Selection::default());
    builder.read("findings.json", Value::from(findings).to_string().as_bytes(), &ReadOptions::default()).unwrap();
    let identities: Vec<String> = (0..owners).map(arn).collect();
    let bindings = json!([{ "policy": "policy.json", "identities": identities }]);
    let config = json!({ "bindings": bindings, "allow": allow });
    let config = Config::parse(".iamtrim.yaml", &config.to_string()).unwrap();
    let scope =
        Scope { settings: Settings::new(config, jiff::civil::date(2026, 10, 13)), evidence: builder.finish().into() };
    let policy = json!({ "Statement": [
        { "Effect": "Allow", "Action": entries, "Resource": "*" },
        { "Effect": "Deny", "Action": "none:Such", "Resource": "*" },
    ] });
    let sources = Sources::new(vec![SourceFile::new("policy.json", policy.to_string())]);
    let scopes = [scope];
    let checked = check(&sources, &scopes, catalog);
    let statement = &checked.files[0].judgements[0].statements[0];
    assert_eq!(statement.defect, None, "{entries:?} {findings:?}");
    let becomes = |change: &EntryChange| match change {
        EntryChange::Keep | EntryChange::KeepForGap | EntryChange::KeepFixed => Becomes::Kept,
        EntryChange::Remove { .. } => Becomes::Removed,
        EntryChange::Replace(patterns) => {
            Becomes::Replaced(patterns.iter().map(|pattern| pattern.as_str().to_owned()).collect())
        }
    };
    let fix = checked.files[0].fixes.first();
    let safety = fix.map(|fix| (fix.applicability, fix.withheld.clone().unwrap_or_default()));
    (statement.entries.iter().map(|entry| becomes(&entry.change)).collect(), safety)
}
