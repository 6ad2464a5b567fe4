//! The traps that real catalogues set, each by name.

use std::collections::{BTreeMap, BTreeSet};

use iamtrim::refine::safety::Applicability;
use serde_json::{Value, json};

use super::method::Becomes;
use super::oracle::{Owner, Unused};
use super::program::{finding, judged, of_september};

fn owner(service: &str, unused: &[&str]) -> Owner {
    let names: BTreeSet<String> = unused.iter().map(|name| (*name).to_owned()).collect();
    Owner { services: BTreeMap::from([(service.to_owned(), Unused::Names(names))]), allowed: Vec::new() }
}

fn whole(service: &str) -> Owner {
    Owner { services: BTreeMap::from([(service.to_owned(), Unused::Whole)]), allowed: Vec::new() }
}

fn refine(entries: &[String], owners: &[Owner]) -> Vec<Becomes> {
    super::program::refine(entries, owners, of_september())
}

fn list(entries: &[&str]) -> Vec<String> {
    entries.iter().map(|entry| (*entry).to_owned()).collect()
}

fn replacement(entry: &str, owner: Owner) -> Vec<String> {
    match refine(&list(&[entry]), &[owner]).remove(0) {
        Becomes::Replaced(patterns) => patterns,
        other => panic!("{entry}: {other:?}"),
    }
}

fn replaced(entries: &[&str]) -> Becomes {
    Becomes::Replaced(list(entries))
}

#[test]
fn a_token_is_not_a_string() {
    let cases = [
        ("ec2:Describe*", "ec2", vec!["DescribeInstances", "DescribeVpcs", "DescribeVolumes"], "ec2:DescribeInstance*"),
        ("iam:ListRole*", "iam", vec!["ListRoles"], "iam:ListRole*"),
        ("rds:DescribeDB*", "rds", vec!["DescribeDBClusters"], "rds:DescribeDBCluster*"),
        ("ecs:Describe*", "ecs", vec!["DescribeTasks"], "ecs:DescribeTask*"),
        ("kms:Re*", "kms", vec!["ReplicateKey", "RetireGrant", "RevokeGrant"], "kms:Re*"),
    ];
    for (entry, service, unused, wrong) in cases {
        let patterns = replacement(entry, owner(service, &unused));
        assert!(!patterns.contains(&wrong.to_owned()), "{entry}: {patterns:?}");
    }
    assert_eq!(
        replacement("kms:Re*", owner("kms", &["ReplicateKey", "RetireGrant", "RevokeGrant"])),
        ["kms:ReEncrypt*"],
    );
    assert_eq!(
        replacement("ec2:DescribeVpc*", owner("ec2", &["DescribeVpcs"])).first().map(String::as_str),
        Some("ec2:DescribeVpcAttribute"),
    );
}

#[test]
fn case_does_not_tell_actions_apart() {
    let volumes = replacement("ec2:DescribeVolume*", owner("ec2", &["DescribeVolumeStatus"]));
    assert_eq!(volumes, ["ec2:DescribeVolumeAttribute", "ec2:DescribeVolumes", "ec2:DescribeVolumesModifications"]);
    let get = replacement("apigateway:*", owner("apigateway", &["GET"]));
    assert!(!get.iter().any(|pattern| pattern.to_ascii_lowercase().starts_with("apigateway:get*")), "{get:?}");
    let portals = replacement("apigateway:Get*", owner("apigateway", &["get"]));
    assert_eq!(portals, ["apigateway:GetPortal*", "apigateway:GetProduct*", "apigateway:GetRoutingRule"]);
}

#[test]
fn prefixes_are_not_compressed() {
    let unused = ["GetBucketAcl", "GetBucketCORS", "GetObject"];
    let patterns = replacement("s3:Get*", owner("s3", &unused));
    assert!(patterns.contains(&"s3:GetMulti*".to_owned()) && patterns.contains(&"s3:GetStorage*".to_owned()));
}

#[test]
fn duplicates_and_overlaps_are_settled_per_statement() {
    let unused = || owner("s3", &["GetBucketAcl"]);
    let twice = refine(&list(&["s3:GetBucketA*", "s3:GetBucketA*"]), &[unused()]);
    assert_eq!(twice, [replaced(&["s3:GetBucketAbac"]), Becomes::Removed]);
    let wider = refine(&list(&["s3:GetBucketA*", "s3:GetBucketAbac"]), &[unused()]);
    assert_eq!(wider, [Becomes::Removed, Becomes::Kept]);
    let all = refine(&list(&["s3:GetBucketA*", "*"]), &[unused()]);
    assert_eq!(all, [Becomes::Removed, Becomes::Kept]);
    let literal = refine(&list(&["s3:GetBucketAcl", "s3:getbucketacl"]), &[unused()]);
    assert_eq!(literal, [Becomes::Removed, Becomes::Removed]);
}

#[test]
fn patterns_that_are_no_prefixes_stay_inside_of_themselves() {
    assert_eq!(
        replacement("dynamodb:*Table", owner("dynamodb", &["CreateTable", "DeleteTable"])),
        ["dynamodb:CreateGlobalTable", "dynamodb:Describe*Table", "dynamodb:ImportTable", "dynamodb:Update*Table"],
    );
    assert_eq!(replacement("iam:PassR*", owner("iam", &["PassRoles"])), ["iam:PassRole"]);
    assert_eq!(replacement("s3:?etBucketA*", owner("s3", &["GetBucketAcl"])), ["s3:GetBucketAbac"]);
}

#[test]
fn what_leaves_no_trace_outlives_an_unused_service() {
    assert_eq!(replacement("iam:*", whole("iam")), ["iam:PassRole"]);
    assert_eq!(refine(&list(&["iam:PassRole"]), &[whole("iam")]), [Becomes::Kept]);
    assert_eq!(
        replacement("athena:Get*", whole("athena")),
        ["athena:GetCatalogs", "athena:GetTable", "athena:GetTables"]
    );
    assert_eq!(refine(&list(&["sns:*", "sns:NotInvented"]), &[whole("sns")]), [Becomes::Removed, Becomes::Removed]);
}

#[test]
fn a_wildcard_stays_where_the_catalogue_is_too_old_to_know_it() {
    let unused = owner("s3", &["GetBucketInvented"]);
    assert_eq!(refine(&list(&["s3:GetBucketI*Invented", "s3:GetBucketInv*"]), &[unused])[0], Becomes::Kept);
    assert_eq!(refine(&list(&["unheard-of:*"]), &[whole("unheard-of")]), [Becomes::Kept]);
    assert_eq!(refine(&list(&["unheard-of:Do"]), &[owner("unheard-of", &["Do"])]), [Becomes::Removed]);
}

#[test]
fn a_shared_policy_loses_only_what_all_left_unused() {
    let owners = [owner("s3", &["GetBucketAcl", "GetBucketCORS"]), owner("s3", &["GetBucketCORS"])];
    let becomes = refine(&list(&["s3:GetBucketAcl", "s3:GetBucketCORS"]), &owners);
    assert_eq!(becomes, [Becomes::Kept, Becomes::Removed]);
    let one_is_whole = [owner("s3", &["GetBucketAcl"]), whole("s3")];
    assert_eq!(refine(&list(&["s3:GetBucketAcl", "s3:GetObject"]), &one_is_whole), [Becomes::Removed, Becomes::Kept]);
}

#[test]
fn an_owner_without_a_usable_finding_holds_the_fix_back() {
    let entries = list(&["s3:GetBucketAcl", "s3:GetObject"]);
    let of_one = finding(0, &owner("s3", &["GetBucketAcl"]));
    let asked = |findings: &[Value], owners| judged(&entries, findings, owners, &[], of_september());
    let (becomes, safety) = asked(std::slice::from_ref(&of_one), 1);
    assert_eq!(becomes, [Becomes::Removed, Becomes::Kept]);
    assert_eq!(safety, Some((Applicability::Safe, String::new())));
    let (_, safety) = asked(std::slice::from_ref(&of_one), 2);
    let (applicability, why) = safety.unwrap();
    assert!(applicability == Applicability::DisplayOnly && why.contains("role/owner1"), "{why}");
    // What was accepted or is over says nothing; a role that nobody uses does not stand in the way.
    let mut other = finding(1, &owner("s3", &["GetBucketAcl"]));
    for status in ["ARCHIVED", "RESOLVED"] {
        other["status"] = json!(status);
        assert_eq!(asked(&[of_one.clone(), other.clone()], 2).1.unwrap().0, Applicability::DisplayOnly, "{status}");
    }
    let unused_role = json!({
        "id": "1", "resource": "arn:aws:iam::123456789012:role/owner1", "resourceType": "AWS::IAM::Role",
        "status": "ACTIVE", "findingType": "UnusedIAMRole", "analyzedAt": "2026-10-12T00:00:00Z",
        "findingDetails": [{ "unusedIamRoleDetails": {} }],
    });
    assert_eq!(asked(&[of_one, unused_role], 2).1, Some((Applicability::Safe, String::new())));
}

#[test]
fn an_archived_finding_is_accepted_and_reports_nothing() {
    let mut archived = finding(0, &owner("s3", &["GetBucketAcl"]));
    archived["status"] = json!("ARCHIVED");
    let (becomes, fix) = judged(&list(&["s3:GetBucketAcl", "s3:Get*"]), &[archived], 1, &[], of_september());
    assert_eq!((becomes.as_slice(), fix), (&[Becomes::Kept, Becomes::Kept][..], None));
}

#[test]
fn what_is_allowed_leaves_the_unused_set_first() {
    let allowing = |owner: Owner, allowed: &[&str]| Owner { allowed: list(allowed), ..owner };
    let one = allowing(owner("s3", &["GetBucketAcl", "GetBucketAbac"]), &["s3:*acl"]);
    assert_eq!(replacement("s3:GetBucketA*", one), ["s3:GetBucketAcl"]);
    // Under an unused service a prefix is safe where all of the entry that begins with it is allowed.
    let policies = allowing(whole("iam"), &["iam:Get*Policy"]);
    assert_eq!(replacement("iam:*Policy", policies.clone()), ["iam:Get*Policy"]);
    assert_eq!(refine(&list(&["iam:GetR*Policy"]), &[policies]), [Becomes::Kept]);
    let service = || allowing(whole("unheard-of"), &["unheard-of:Do*"]);
    let gone = |entry: &str| refine(&list(&[entry]), &[service()]).remove(0);
    assert_eq!([gone("unheard-of:DoIt"), gone("unheard-of:Do")], [Becomes::Kept, Becomes::Kept]);
    assert_eq!(gone("unheard-of:Not"), Becomes::Removed);
}

#[test]
fn the_catalogue_must_not_be_much_older_than_the_finding() {
    let lately = |day: &str| {
        let mut found = finding(0, &owner("s3", &["GetBucketAcl"]));
        found["analyzedAt"] = json!(format!("{day}T00:00:00Z"));
        judged(&list(&["s3:GetBucketA*", "s3:PutObject"]), &[found], 1, &[], of_september()).1.unwrap()
    };
    assert_eq!(lately("2026-12-25"), (Applicability::Safe, String::new()));
    let (applicability, why) = lately("2026-12-26");
    assert!(applicability == Applicability::Unsafe && why.contains("2026-09-26"), "{why}");
    let found = finding(0, &owner("s3", &["GetBucketAcl", "GetBucketAnew"]));
    let asked =
        |entry: &str| judged(&list(&[entry, "s3:PutObject"]), std::slice::from_ref(&found), 1, &[], of_september());
    let (becomes, safety) = asked("s3:GetBucketA*");
    let (applicability, why) = safety.unwrap();
    assert_eq!(becomes[0], replaced(&["s3:GetBucketAbac"]));
    assert!(applicability == Applicability::DisplayOnly && why.contains("s3:GetBucketAnew"), "{why}");
}

#[test]
fn white_space_matches_nothing_and_is_not_trimmed() {
    let becomes =
        refine(&list(&["s3: GetBucketAcl", " s3:GetBucketAcl", "s3:GetBucketAcl "]), &[owner("s3", &["GetBucketAcl"])]);
    assert_eq!(becomes, [Becomes::Kept, Becomes::Kept, Becomes::Kept]);
}

#[test]
fn the_users_spelling_of_the_service_stays() {
    let patterns = replacement("SQS:*", owner("sqs", &["AddPermission"]));
    assert!(patterns.iter().all(|pattern| pattern.starts_with("SQS:")), "{patterns:?}");
}
