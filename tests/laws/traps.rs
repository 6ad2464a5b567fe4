//! The traps that real catalogues set, each by name.

use std::collections::{BTreeMap, BTreeSet};

use super::method::Becomes;
use super::oracle::{Owner, Unused};
use super::program::refine;

fn owner(service: &str, unused: &[&str]) -> Owner {
    let names: BTreeSet<String> = unused.iter().map(|name| (*name).to_owned()).collect();
    Owner { services: BTreeMap::from([(service.to_owned(), Unused::Names(names))]), allowed: Vec::new() }
}

fn whole(service: &str) -> Owner {
    Owner { services: BTreeMap::from([(service.to_owned(), Unused::Whole)]), allowed: Vec::new() }
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
