#![expect(clippy::disallowed_methods, reason = "the tests read fixtures")]
#![expect(clippy::string_slice, reason = "the tests slice ASCII keys")]

mod canonical;
mod sources;

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::prelude::*;

use super::*;
use crate::error::Error;

const APP: &str = "arn:aws:iam::123456789012:role/app";

/// What the fixtures say of the role `app`.
const APP_LINE: &str = "role/app 2024-05-29T07:25:34Z: lambda[AddPermission CreateFunction@2023-11-02] sqs[*]";
const WORKER_LINE: &str = "role/service-role/worker 2024-05-29T07:25:34Z: s3[GetBucketAcl GetBucketCORS]";

fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(format!("tests/fixtures/findings/{name}")).unwrap()
}

fn read_all(texts: &[&[u8]], selection: &[&str], options: &ReadOptions<'_>) -> Result<Evidence, Error> {
    let selection: Vec<String> = selection.iter().map(|&identity| identity.to_owned()).collect();
    let mut builder = EvidenceBuilder::new(Selection::of(&selection));
    for (index, text) in texts.iter().enumerate() {
        builder.read(&format!("f{index}.json"), *text, options)?;
    }
    Ok(builder.finish())
}

fn read(text: impl AsRef<[u8]>) -> Result<Evidence, Error> {
    read_all(&[text.as_ref()], &[], &ReadOptions::default())
}

/// An error as it is printed, with its help.
fn error(text: impl AsRef<[u8]>) -> String {
    let error = read(text).unwrap_err();
    format!("{error} / {}", error.help_text().unwrap_or("no help"))
}

fn day(date: Option<Date>) -> String {
    date.map(|date| format!("@{date}")).unwrap_or_default()
}

fn shown(unused: &UnusedPermissions) -> String {
    let services = unused.services.iter().map(|service| {
        let actions = match &service.actions {
            UnusedActions::Whole => "*".to_owned(),
            UnusedActions::Only(names) => {
                let names: Vec<String> =
                    names.iter().map(|action| format!("{}{}", action.name, day(action.last_accessed))).collect();
                names.join(" ")
            }
        };
        format!(" {}{}[{actions}]", service.prefix, day(service.last_accessed))
    });
    let truncated = if unused.truncated { " truncated" } else { "" };
    let at = unused.analyzed_at.map(|at| format!(" {at}")).unwrap_or_default();
    format!("{at}{truncated}:{}", services.collect::<String>())
}

/// What evidence says, a line per identity.
fn told(evidence: &Evidence) -> Vec<String> {
    let anonymous = evidence.anonymous.iter().map(|unused| format!("anonymous{}", shown(unused)));
    let identities = evidence.identities.iter().map(|identity| {
        let who = identity.arn.as_str().trim_start_matches("arn:aws:iam::123456789012:");
        let said = match &identity.permissions {
            Permissions::Usable(unused) => shown(unused),
            Permissions::Unusable(why) => format!(" {why:?}"),
        };
        let role = identity.unused_role.as_ref().map(|role| {
            let recently = if role.is_recent { ", too recently" } else { "" };
            format!(" unused role{}{recently}", day(role.last_accessed))
        });
        let credentials = identity.unused_credentials.iter().map(|credential| {
            let which = credential.access_key.as_deref().unwrap_or("password");
            format!(" {which}{}", day(credential.last_accessed))
        });
        format!("{who}{said}{}{}", role.unwrap_or_default(), credentials.collect::<String>())
    });
    anonymous.chain(identities).collect()
}

fn finding(members: &str) -> String {
    format!(r#"{{"id":"f","resource":"{APP}","findingType":"UnusedPermission","status":"ACTIVE",{members}}}"#)
}

fn details(service: &str, actions: &str) -> String {
    format!(
        r#""findingDetails":[{{"unusedPermissionDetails":{{"serviceNamespace":"{service}","actions":{actions}}}}}]"#
    )
}

#[test]
fn every_shape_of_an_export_says_the_same() {
    let both = [APP_LINE, WORKER_LINE].as_slice();
    let cases = [
        ("get-finding-v2.json", &both[..1]),
        ("snake.json", &both[..1]),
        ("go.json", &both[..1]),
        ("findings.json", both),
        ("findings.ndjson", both),
        ("findings.json.gz", both),
        ("concatenated.json", both),
    ];
    for (name, expected) in cases {
        let evidence = read(fixture(name)).unwrap();
        assert_eq!(told(&evidence), expected, "{name}");
        assert_eq!(evidence.exports[0].findings, expected.len(), "{name}");
        assert_eq!(evidence.exports[0].warnings, [""; 0], "{name}");
        assert_eq!(evidence.exports[0].analyzed_at.unwrap().to_string(), "2024-05-29T07:25:34Z", "{name}");
    }
}

#[test]
fn a_folder_says_what_its_files_say() {
    let (a, b) = (fixture("folder/a.json"), fixture("folder/2024/b.json"));
    let evidence = read_all(&[&a, &b], &[], &ReadOptions::default()).unwrap();
    assert_eq!(told(&evidence), [APP_LINE, WORKER_LINE]);
    assert_eq!(evidence.identities.iter().map(|i| i.exports.clone()).collect::<Vec<_>>(), [vec![0], vec![1]]);
}

#[test]
fn one_finding_is_read_in_every_spelling() {
    let cases = [
        (details("S3", r#"["GetBucketAcl","s3:GetBucketCORS"]"#), "s3[GetBucketAcl GetBucketCORS]", ""),
        (details("s3", r#"[{"action":"getbucketacl"},"GetBucketAcl"]"#), "s3[GetBucketAcl]", ""),
        (details("s3", r#"[{"action":"s3:GetBucketAcl","lastAccessed":null}]"#), "s3[GetBucketAcl]", ""),
        (details("s3", "null"), "s3[*]", ""),
        (details("s3", "[]"), "s3[*]", ""),
        (details("s3", r#"["iam:PassRole"]"#), "", "`iam:PassRole` is no action of `s3`"),
        (details("s3", r#"["Get*","GetBucketAcl"]"#), "s3[GetBucketAcl]", "`Get*` is no action of `s3`"),
        (details("", r#"["GetBucketAcl"]"#), "", "unused permissions name no service"),
        (
            r#""findingDetails":[{"unusedPermissionDetails":{"serviceNamespace":"s3","actions":["GetBucketAcl"]}},
               {"unusedPermissionDetails":{"serviceNamespace":"s3","actions":["GetBucketCORS"]}}]"#
                .to_owned(),
            "s3[GetBucketAcl GetBucketCORS]",
            "",
        ),
        (
            r#""findingDetails":[{"unusedPermissionDetails":{"serviceNamespace":"s3","actions":["GetBucketAcl"]}},
               {"unusedPermissionDetails":{"serviceNamespace":"s3"}}]"#
                .to_owned(),
            "s3[*]",
            "",
        ),
        (r#""findingDetails":[{"unusedPermissionDetails":null,"externalAccessDetails":{}},{}]"#.to_owned(), "", ""),
        (r#""findingDetails":[]"#.to_owned(), "", ""),
        (
            format!(r#""analyzedAt":{{"$date":1}},{}"#, details("s3", "null")),
            "s3[*]",
            "a finding's `analyzedAt` is no time",
        ),
        (format!(r#""nextToken":"",{}"#, details("s3", "null")), "s3[*]", ""),
    ];
    for (members, expected, warning) in cases {
        let evidence = read(finding(&members)).unwrap();
        assert_eq!(told(&evidence), [format!("role/app: {expected}").trim_end()], "{members}");
        assert_eq!(evidence.exports[0].warnings.join("|"), warning, "{members}");
    }
}

#[test]
fn keys_may_be_escaped_or_strange_but_not_doubled() {
    let escaped = finding(&details("s3", "null")).replace("\"resource\"", "\"\\u0072esource\"");
    assert_eq!(told(&read(&escaped).unwrap()), ["role/app: s3[*]"]);
    let doubled = finding(&format!("{},\"Resource\":\"x\"", details("s3", "null")));
    assert!(error(&doubled).starts_with("f0.json:1:"), "{}", error(&doubled));
    assert!(error(&doubled).contains("a key stands twice"));
}

#[test]
fn the_bare_form_names_no_identity() {
    let seed = r#"[{"serviceNamespace":"lambda","actions":["GetFunction"]},{"serviceNamespace":"s3"}]"#;
    let details = r#"[{"unusedPermissionDetails":{"serviceNamespace":"lambda","actions":["GetFunction"]}},
        {"unusedPermissionDetails":{"serviceNamespace":"s3"}}]"#;
    let wrapped = format!(r#"{{"findings":{seed}}}"#);
    for text in [seed, details, &wrapped] {
        assert_eq!(told(&read(text).unwrap()), ["anonymous: lambda[GetFunction] s3[*]"], "{text}");
    }
    let app = IdentityArn::parse(APP).unwrap();
    let options = ReadOptions { about: Some(&app), ..ReadOptions::default() };
    let evidence = read_all(&[seed.as_bytes()], &[], &options).unwrap();
    assert_eq!(told(&evidence), ["role/app: lambda[GetFunction] s3[*]"]);
    let twice = read_all(&[seed.as_bytes(), seed.as_bytes()], &[], &ReadOptions::default());
    assert_eq!(twice.unwrap_err().to_string(), "f1.json: two exports name no identity");
}

#[test]
fn statuses_and_kinds_decide_what_counts() {
    let of = |kind: &str, status: &str, rest: &str| {
        format!(r#"{{"id":"{kind}{status}","resource":"{APP}","findingType":"{kind}","status":"{status}",{rest}}}"#)
    };
    let s3 = details("s3", r#"["GetBucketAcl"]"#);
    let permission = |status: &str| of("UnusedPermission", status, &s3);
    let role = r#""analyzedAt":"2024-05-29","findingDetails":[{"unusedIamRoleDetails":{"lastAccessed":"2024-01-02T00:00:00Z"}}]"#;
    let go_role = r#""FindingDetails":[{"Value":{"LastAccessed":"2024-01-02T00:00:00Z"}}]"#;
    let key = r#""findingDetails":[{"unusedIamUserAccessKeyDetails":{"accessKeyId":"AKIAIOSFODNN7EXAMPLE"}}]"#;
    let both = |day: &str| {
        let permissions = of("UnusedPermission", "ACTIVE", &format!(r#""analyzedAt":"{day}",{s3}"#));
        of("UnusedIAMRole", "ACTIVE", role) + &permissions
    };
    let cases = [
        (permission("ACTIVE"), "role/app: s3[GetBucketAcl]"),
        (permission("active"), "role/app: s3[GetBucketAcl]"),
        (permission("ARCHIVED"), "role/app Archived"),
        (permission("RESOLVED"), "role/app Resolved"),
        (permission("RESOLVED") + &permission("ARCHIVED"), "role/app Archived"),
        (permission("ACTIVE") + &permission("ARCHIVED"), "role/app: s3[GetBucketAcl]"),
        (of("UnusedPermission", "ACTIVE", r#""error":"INTERNAL_ERROR""#), "role/app Failed"),
        (of("UnusedPermission", "ACTIVE", &format!(r#""error":null,{s3}"#)), "role/app: s3[GetBucketAcl]"),
        (of("UNUSED_PERMISSION", "ACTIVE", &s3), "role/app: s3[GetBucketAcl]"),
        (of("UnusedIAMRole", "ACTIVE", role), "role/app None unused role@2024-01-02"),
        (of("UnusedIAMRole", "ACTIVE", go_role), "role/app None unused role@2024-01-02"),
        (of("UnusedIAMRole", "ARCHIVED", role), "role/app None"),
        (of("UnusedIAMRole", "ACTIVE", role) + &permission("ACTIVE"), "role/app: s3[GetBucketAcl]"),
        (both("2024-05-30"), "role/app 2024-05-30T00:00:00Z: s3[GetBucketAcl]"),
        (both("2024-05-29"), "role/app 2024-05-29T00:00:00Z: s3[GetBucketAcl]"),
        (both("2024-05-28"), "role/app None unused role@2024-01-02"),
        (both("2024-05-28T00:01:00Z"), "role/app 2024-05-28T00:01:00Z: s3[GetBucketAcl]"),
        (of("UnusedIAMUserAccessKey", "ACTIVE", key), "role/app None AKIAIOSFODNN7EXAMPLE"),
        (
            of("UnusedIAMUserAccessKey", "ACTIVE", &key.replace("\"accessKeyId\":\"AKIAIOSFODNN7EXAMPLE\"", "")),
            "role/app None",
        ),
        (of("UnusedIAMUserAccessKey", "RESOLVED", key), "role/app None"),
        (format!(r#"{{"resource":"{APP}",{s3}}}"#), "role/app: s3[GetBucketAcl]"),
    ];
    for (text, expected) in cases {
        assert_eq!(told(&read(&text).unwrap()), [expected], "{text}");
    }
}

#[test]
fn of_several_findings_only_the_newest_counts_and_ties_are_intersected() {
    let of = |id: &str, at: &str, status: &str, rest: &str| {
        format!(
            r#"{{"id":"{id}","resource":"{APP}","findingType":"UnusedPermission","status":"{status}","analyzedAt":"{at}",{rest}}}"#
        )
    };
    let acl = details("s3", r#"["GetBucketAcl","GetBucketCORS"]"#);
    let cors = details("s3", r#"["GetBucketCORS","GetBucketTagging"]"#);
    let whole = details("s3", "null");
    let (old, new) = ("2024-05-01T00:00:00Z", "2024-05-29T00:00:00Z");
    let active = |id: &str, at: &str, rest: &str| of(id, at, "ACTIVE", rest);
    let cases = [
        (
            vec![active("a", old, &acl), active("b", new, &cors)],
            "2024-05-29T00:00:00Z: s3[GetBucketCORS GetBucketTagging]",
        ),
        (vec![active("a", new, &acl), active("b", new, &cors)], "2024-05-29T00:00:00Z: s3[GetBucketCORS]"),
        (
            vec![active("a", new, &acl), active("b", new, &whole)],
            "2024-05-29T00:00:00Z: s3[GetBucketAcl GetBucketCORS]",
        ),
        (vec![active("a", new, &acl), active("b", new, &details("sqs", "null"))], "2024-05-29T00:00:00Z:"),
        (vec![active("a", new, &acl), active("b", "", &cors)], "2024-05-29T00:00:00Z: s3[GetBucketAcl GetBucketCORS]"),
        (
            vec![active("a", new, &acl), active("b", new, r#""error":"INTERNAL_ERROR""#)],
            "2024-05-29T00:00:00Z: s3[GetBucketAcl GetBucketCORS]",
        ),
        (vec![active("a", old, &acl), active("b", new, r#""error":"INTERNAL_ERROR""#)], "Failed"),
        // The same finding again, archived or resolved since.
        (vec![active("a", old, &acl), of("a", new, "ARCHIVED", &acl)], "Archived"),
        (vec![active("a", old, &acl), of("a", old, "RESOLVED", &acl)], "Resolved"),
        (
            vec![active("a", new, &acl), of("a", old, "RESOLVED", &acl)],
            "2024-05-29T00:00:00Z: s3[GetBucketAcl GetBucketCORS]",
        ),
        (
            vec![active("a", new, &acl), of("b", new, "RESOLVED", &acl)],
            "2024-05-29T00:00:00Z: s3[GetBucketAcl GetBucketCORS]",
        ),
        // Two copies of one finding are the same finding; pages of one belong together.
        (vec![active("a", new, &acl), active("a", new, &acl)], "2024-05-29T00:00:00Z: s3[GetBucketAcl GetBucketCORS]"),
        (
            vec![active("a", new, &format!(r#"{acl},"nextToken":"x""#)), active("a", new, &cors)],
            "2024-05-29T00:00:00Z: s3[GetBucketAcl GetBucketCORS GetBucketTagging]",
        ),
        (
            vec![active("a", new, &format!(r#"{acl},"NextToken":"x""#))],
            "2024-05-29T00:00:00Z truncated: s3[GetBucketAcl GetBucketCORS]",
        ),
    ];
    for (findings, expected) in cases {
        let mut orders = vec![findings.concat()];
        orders.push(findings.iter().rev().cloned().collect());
        for text in orders {
            let said = told(&read(&text).unwrap());
            assert_eq!(said, [format!("role/app {expected}")], "{text}");
        }
    }
}

#[test]
fn what_was_used_since_a_day_is_left_alone() {
    let text = finding(
        r#""findingDetails":[
        {"unusedPermissionDetails":{"serviceNamespace":"s3","lastAccessed":"2024-05-20T00:00:00Z","actions":[
            {"action":"GetBucketAcl","lastAccessed":"2024-02-01T00:00:00Z"},{"action":"GetBucketCORS","lastAccessed":"2024-01-31T23:59:59Z"},
            {"action":"GetBucketTagging"},{"action":"GetBucketLogging","lastAccessed":"soon"}]}},
        {"unusedPermissionDetails":{"serviceNamespace":"sqs","lastAccessed":"2024-02-01T00:00:00Z"}},
        {"unusedPermissionDetails":{"serviceNamespace":"sns","lastAccessed":"2024-01-31T00:00:00Z"}}]"#,
    );
    let options = ReadOptions { unused_since: Some(jiff::civil::date(2024, 2, 1)), ..ReadOptions::default() };
    let evidence = read_all(&[text.as_bytes()], &[], &options).unwrap();
    assert_eq!(told(&evidence), ["role/app: s3[GetBucketCORS@2024-01-31 GetBucketTagging] sns@2024-01-31[*]"]);
}

/// What the findings tell, which must be the same from the last to the first.
fn told_in_any_order(findings: &[String]) -> Vec<String> {
    let forth = told(&read(findings.concat()).unwrap());
    let back: String = findings.iter().rev().cloned().collect();
    assert_eq!(told(&read(back).unwrap()), forth, "{findings:?}");
    forth
}

#[test]
fn what_is_older_than_a_finding_that_was_put_aside_is_out_of_date() {
    let acl = details("s3", r#"["GetBucketAcl"]"#);
    let of = |id: &str, at: &str, status: &str, rest: &str| {
        format!(
            r#"{{"id":"{id}","resource":"{APP}","findingType":"UnusedPermission","status":"{status}","analyzedAt":"{at}",{rest}}}"#
        )
    };
    let active = |id: &str, at: &str| of(id, at, "ACTIVE", &acl);
    let (old, new) = ("2024-05-01T00:00:00Z", "2024-05-29T00:00:00Z");
    let later = format!(r#"{acl},"updatedAt":"2024-06-01""#);
    let kept = "2024-05-29T00:00:00Z: s3[GetBucketAcl]";
    let cases = [
        ([active("a", old), of("b", new, "RESOLVED", &acl)], "Resolved"),
        ([active("a", old), of("b", new, "ARCHIVED", &acl)], "Archived"),
        ([of("a", old, "ACTIVE", r#""error":"INTERNAL_ERROR""#), of("b", new, "ARCHIVED", &acl)], "Archived"),
        ([active("a", ""), of("b", new, "RESOLVED", &acl)], "Resolved"),
        ([active("a", new), of("b", old, "RESOLVED", &later)], "Resolved"),
        // What moves the status of a finding says nothing of when it was made.
        ([of("a", old, "ACTIVE", &later), of("b", new, "RESOLVED", &acl)], "Resolved"),
        ([active("a", new), of("b", &new.replace("T00", "T13"), "ARCHIVED", &acl)], "Archived"),
        ([active("a", new), of("b", &new.replace("T00", "T13"), "RESOLVED", &acl)], "Resolved"),
        // One analysis makes one and resolves the other.
        ([active("a", new), of("b", &new.replace("00Z", "04Z"), "RESOLVED", &acl)], kept),
        ([of("a", old, "ARCHIVED", &acl), of("b", new, "RESOLVED", &acl)], "Resolved"),
        ([active("a", new), of("b", old, "RESOLVED", &acl)], kept),
        // The same finding, ACTIVE again.
        ([active("a", new), of("a", old, "ARCHIVED", &later)], kept),
    ];
    for (findings, expected) in cases {
        assert_eq!(told_in_any_order(&findings), [format!("role/app {expected}")], "{findings:?}");
    }
}

#[test]
fn a_role_that_was_in_use_since_is_not_unused_as_a_whole() {
    let of = |kind: &str, id: &str, at: &str, status: &str, details: &str| {
        format!(
            r#"{{"id":"{id}","resource":"{APP}","findingType":"{kind}","status":"{status}","analyzedAt":"{at}",{details}}}"#
        )
    };
    let (old, new) = ("2024-05-01T05:00:00Z", "2024-05-29T05:00:00Z");
    let last = |day: &str| format!(r#""findingDetails":[{{"unusedIamRoleDetails":{{"lastAccessed":"{day}"}}}}]"#);
    let role = |id: &str, at: &str, status: &str| of("UnusedIAMRole", id, at, status, &last(""));
    let acl = details("s3", r#"["GetBucketAcl"]"#);
    let permissions = |at: &str, status: &str| of("UnusedPermission", "p", at, status, &acl);
    let failed = |id: &str, at: &str| of("UnusedIAMRole", id, at, "ACTIVE", r#""error":"INTERNAL_ERROR""#);
    let used = |at: &str, day: &str| of("UnusedIAMRole", "r", at, "ACTIVE", &last(day));
    let cases = [
        (vec![role("r", old, "ACTIVE"), permissions(new, "ACTIVE")], "2024-05-29T05:00:00Z: s3[GetBucketAcl]"),
        (vec![role("r", old, "ACTIVE"), permissions(new, "RESOLVED")], "Resolved"),
        (vec![role("r", old, "ACTIVE"), permissions(new, "ARCHIVED")], "Archived"),
        (vec![role("r", new, "ACTIVE"), permissions(old, "RESOLVED")], "Resolved unused role"),
        (vec![role("r", old, "ACTIVE"), role("s", new, "RESOLVED")], "None"),
        (
            vec![
                of("UnusedIAMRole", "r", old, "ACTIVE", &format!(r#""updatedAt":"2024-06-01",{}"#, last(""))),
                permissions(new, "RESOLVED"),
            ],
            "Resolved",
        ),
        (vec![role("r", old, "ACTIVE"), role("s", new, "ARCHIVED")], "None"),
        (vec![role("r", new, "ACTIVE"), role("s", old, "RESOLVED")], "None unused role"),
        // What was reported before the role came into use again is out of date.
        (vec![permissions(old, "ACTIVE"), role("r", new, "RESOLVED")], "Resolved"),
        (vec![permissions(new, "ACTIVE"), role("r", old, "RESOLVED")], "2024-05-29T05:00:00Z: s3[GetBucketAcl]"),
        (vec![role("r", old, "ACTIVE"), failed("s", new)], "None"),
        (vec![role("r", old, "ACTIVE"), failed("r", new)], "None"),
        (vec![role("r", new, "ACTIVE"), failed("s", old)], "None unused role"),
        (vec![permissions(old, "ACTIVE"), failed("r", new)], "Failed"),
        (vec![used(new, "2024-05-28T23:59:59Z")], "None unused role@2024-05-28"),
        (vec![used(new, "2024-05-29T01:00:00Z")], "None"),
        (vec![used(old, "2024-05-29T01:00:00Z")], "None"),
        (vec![permissions(old, "ACTIVE"), used(new, "2024-05-30T00:00:00Z")], "Resolved"),
    ];
    for (findings, expected) in cases {
        assert_eq!(told_in_any_order(&findings), [format!("role/app {expected}")], "{findings:?}");
    }
}

#[test]
fn a_role_and_what_it_signs_in_with_may_be_used_since_a_day() {
    let of = |kind: &str, id: &str, details: &str| {
        format!(
            r#"{{"id":"{id}","resource":"{APP}","findingType":"{kind}","status":"ACTIVE","analyzedAt":"2024-05-29","findingDetails":[{details}]}}"#
        )
    };
    let role =
        |day: &str| of("UnusedIAMRole", "r", &format!(r#"{{"unusedIamRoleDetails":{{"lastAccessed":"{day}"}}}}"#));
    let key = |id: &str, day: &str| {
        let body = format!(r#"{{"accessKeyId":"AKIA","lastAccessed":"{day}"}}"#);
        of("UnusedIAMUserAccessKey", id, &format!(r#"{{"unusedIamUserAccessKeyDetails":{body}}}"#))
    };
    let since = ReadOptions { unused_since: Some(jiff::civil::date(2024, 2, 1)), ..ReadOptions::default() };
    let cases = [
        (role("2024-01-31"), "role/app None unused role@2024-01-31"),
        (role("2024-02-01"), "role/app None unused role@2024-02-01, too recently"),
        (role("soon"), "role/app None unused role, too recently"),
        (role(""), "role/app None unused role"),
        (key("a", "2024-01-31"), "role/app None AKIA@2024-01-31"),
        (key("a", "2024-01-31") + &key("b", "2024-02-01"), "role/app None"),
    ];
    for (text, expected) in cases {
        let evidence = read_all(&[text.as_bytes()], &[], &since).unwrap();
        assert_eq!(told(&evidence), [expected], "{text}");
        let again = super::canonical::render(&read(&text).unwrap(), None);
        let again = read_all(&[again.as_bytes()], &[], &since).unwrap();
        assert!(text.contains("soon") || told(&again) == [expected], "{text}");
    }
}

#[test]
fn only_the_identities_asked_for_are_kept() {
    let text = fixture("findings.json");
    let cases: [(&[&str], &[&str]); 5] = [
        (&[APP], &[APP_LINE]),
        (&["WORKER"], &[WORKER_LINE]),
        (&["worker", APP], &[APP_LINE, WORKER_LINE]),
        (&["arn:aws:iam::111122223333:role/app"], &[]),
        (&["nobody"], &[]),
    ];
    for (asked, expected) in cases {
        let evidence = read_all(&[&text], asked, &ReadOptions::default()).unwrap();
        assert_eq!(told(&evidence), expected, "{asked:?}");
        let export = &evidence.exports[0];
        let age = export.analyzed_at.map(|at| at.to_string());
        assert_eq!((export.findings, age.as_deref()), (2, Some("2024-05-29T07:25:34Z")), "{asked:?}");
    }
    let list = fixture("list-findings-v2.json");
    for asked in [APP, "nobody"] {
        let error = read_all(&[&list], &[asked], &ReadOptions::default()).unwrap_err();
        assert!(error.message().contains("has no action names"), "{error}");
    }
}

#[test]
fn dumps_without_action_names_say_so_and_how_to_export_them() {
    let help = format!("export every finding with its details: `{EXPORT_COMMANDS}`");
    let cases = [
        ("list-findings-v2.json", "f0.json:3:5: a list of findings (`list-findings-v2`) has no action names"),
        ("eventbridge.json", "f0.json:1:1: an EventBridge event has no action names, only counts"),
        ("asff.json", "f0.json:3:5: a Security Hub finding (ASFF) has no action names, only counts"),
    ];
    for (name, expected) in cases {
        assert_eq!(error(fixture(name)), format!("{expected} / {help}"), "{name}");
    }
    let event: serde_json::Value = serde_json::from_slice(&fixture("eventbridge.json")).unwrap();
    assert!(error(event["detail"].to_string()).starts_with("f0.json:1:1: an EventBridge event"));
    let mixed = [fixture("get-finding-v2.json"), fixture("eventbridge.json")].concat();
    let evidence = read(mixed).unwrap();
    assert_eq!(told(&evidence), [APP_LINE]);
    assert_eq!(
        evidence.exports[0].warnings,
        ["not everything is a finding (line 35): an EventBridge event has no action names, only counts"]
    );
}

#[test]
fn findings_of_other_analyzers_are_counted_and_passed_over() {
    let external = r#"{"findingType":"ExternalAccess","id":"e","analyzedAt":"2024-05-29","resource":"arn:aws:s3:::logs","status":"ACTIVE","findingDetails":[{"externalAccessDetails":{"condition":{}}}]}"#;
    let evidence = read(format!("[{external},{external}]")).unwrap();
    assert_eq!(told(&evidence), [""; 0]);
    assert_eq!(evidence.exports[0].warnings, ["2 findings are of other analyzers than unused access"]);
}

#[test]
fn an_empty_export_is_one_and_an_empty_file_is_none() {
    for text in ["[]", "{\"findings\":[]}", "{\"findings\":[],\"nextToken\":null}\n", "[{\"findings\":[]}]"] {
        let evidence = read(text).unwrap();
        assert_eq!((told(&evidence).len(), evidence.exports[0].findings), (0, 0), "{text}");
    }
    let page = read("{\"findings\":[],\"nextToken\":\"abc\"}").unwrap();
    assert_eq!(page.exports[0].warnings, ["the list of findings goes on in a page that the export lacks"]);
    for text in ["", " \n", "\u{feff}"] {
        assert!(error(text).contains("the file is empty"), "{text:?}");
    }
}

#[test]
fn bad_input_is_refused_with_its_place() {
    let ok = finding(&details("s3", "null"));
    let cases: Vec<(Vec<u8>, &str)> = vec![
        (b"hello".to_vec(), "f0.json:1:1: this is no findings export: an object or an array is expected"),
        (b"[1]".to_vec(), "f0.json:1:2: this is no findings export: an object or an array is expected"),
        (b"{}".to_vec(), "f0.json:1:1: this is no findings export"),
        (b"{\"Version\":\"2012-10-17\",\"Statement\":[]}".to_vec(), "f0.json:1:1: this is no findings export"),
        (format!("[{ok}\n {ok}]").into_bytes(), "f0.json:2:2: `,` or `]` is expected"),
        (
            format!("[{ok},\n]").into_bytes(),
            "f0.json:2:1: this is no findings export: an object or an array is expected",
        ),
        (format!("{ok}\n]").into_bytes(), "f0.json:2:1: this is no findings export: an object or an array is expected"),
        (b"{\"a\" 1}".to_vec(), "f0.json:1:6: `:` is expected"),
        (b"{\"a\":1 \"b\":2}".to_vec(), "f0.json:1:8: `,` or `}` is expected"),
        (b"{a:1}".to_vec(), "f0.json:1:2: a key in quotes is expected"),
        (b"{\"a\":1,}".to_vec(), "f0.json:1:8: a key in quotes is expected"),
        (
            format!("\u{e9}{ok}").into_bytes(),
            "f0.json:1:1: this is no findings export: an object or an array is expected",
        ),
        (
            finding("\n \"\u{e9}\": 1, \"findingDetails\":{}").into_bytes(),
            "f0.json:2:28: invalid type: map, expected an array",
        ),
        (
            finding(&details("s3", "[1]")).into_bytes(),
            "f0.json:1:191: invalid type: integer `1`, expected an action: a string, or an object with `action`",
        ),
        (finding(&details("s3", "[{}]")).into_bytes(), "f0.json:1:192: missing field `action`"),
        (b"{\"resource\":\"\xff\",\"findingDetails\":[]}".to_vec(), "f0.json:1:14: invalid unicode code point"),
        (b"\xff\xfe[\0]\0".to_vec(), "f0.json:1:1: the findings are UTF-16, not UTF-8"),
        (ok.as_bytes()[..40].to_vec(), "f0.json:1:1: the file ends inside of the value that begins here"),
        (
            "[".repeat(200_000).into_bytes(),
            "f0.json:1:5: this is no findings export: an object or an array is expected",
        ),
        (format!("{{\"a\":{}", "[".repeat(200_000)).into_bytes(), "f0.json:1:134: brackets nest too deeply"),
        (b"\x1f\x8bnot gzip".to_vec(), "f0.json: cannot read the findings: invalid gzip header"),
    ];
    for (text, expected) in cases {
        let error = read(&text).unwrap_err();
        assert_eq!(error.to_string(), expected, "{}", String::from_utf8_lossy(&text[..text.len().min(200)]));
        let is_gzip = text.starts_with(b"\x1f\x8b");
        assert!(is_gzip || error.help_text().is_some(), "{expected}");
    }
}

#[test]
fn an_export_cut_off_anywhere_is_an_error() {
    for name in ["get-finding-v2.json", "findings.json", "findings.json.gz", "go.json"] {
        let text = fixture(name);
        let end = text.trim_ascii_end().len();
        for length in 0..end {
            assert!(read(&text[..length]).is_err(), "{name} cut to {length} of {end} bytes");
        }
    }
}

#[test]
fn a_broken_export_leaves_nothing_behind() {
    let broken = format!("{}{}", finding(&details("s3", "null")), "{\"resource\":");
    let mut builder = EvidenceBuilder::new(Selection::default());
    builder.read("broken.json", broken.as_bytes(), &ReadOptions::default()).unwrap_err();
    builder.warn("broken.json", "cut off");
    builder.read("ok.json", &*fixture("get-finding-v2.json"), &ReadOptions::default()).unwrap();
    let evidence = builder.finish();
    assert_eq!(told(&evidence), [APP_LINE]);
    assert_eq!(evidence.identities[0].exports, [1]);
}

#[test]
fn warnings_are_clipped_and_counted() {
    let long = "x".repeat(10_000);
    let text: String = (0..30).map(|_| format!(r#"{{"resource":"{long}","findingDetails":[]}}"#)).collect();
    let warnings = &read(text).unwrap().exports[0].warnings;
    assert_eq!((warnings.len(), warnings[0].chars().count()), (21, 142));
    assert_eq!(warnings[20], "and 10 more warnings");
}

#[test]
fn identities_are_looked_up_by_name_in_every_account() {
    let other =
        finding(&details("s3", "null")).replace("123456789012", "111122223333").replace("role/app", "role/x/APP");
    let evidence = read(other + &finding(&details("sqs", "null"))).unwrap();
    let found: Vec<&str> = evidence.named("App").map(|identity| identity.arn.as_str()).collect();
    assert_eq!(found, ["arn:aws:iam::111122223333:role/x/APP", APP]);
    assert!(evidence.identity(&IdentityArn::parse("arn:aws:iam::123456789012:role/APP").unwrap()).is_some());
    assert!(evidence.named("nobody").next().is_none());
}

/// A finding as text, and the same in other notations.
#[derive(Debug, Clone)]
struct Made {
    json: serde_json::Value,
}

fn made() -> impl Strategy<Value = Made> {
    let name =
        prop::sample::select(vec!["GetBucketAcl", "getbucketacl", "GetBucketCORS", "PutObject", "s3:ListBuckets"]);
    let day = prop::sample::select(vec![None, Some("2024-01-02T00:00:00Z"), Some("2024-03-04T05:06:07+00:00")]);
    let action = (name, day.clone()).prop_map(|(name, day)| match day {
        None => serde_json::json!(name),
        Some(day) => serde_json::json!({ "action": name, "lastAccessed": day }),
    });
    let service = (prop::sample::select(vec!["s3", "S3", "sqs"]), day, prop::collection::vec(action, 0..4)).prop_map(
        |(service, day, actions)| {
            serde_json::json!({"unusedPermissionDetails": {"serviceNamespace": service, "lastAccessed": day, "actions": actions}})
        },
    );
    let arn =
        prop::sample::select(vec![APP, "arn:aws:iam::123456789012:role/APP", "arn:aws:iam::123456789012:user/alice"]);
    let status = prop::sample::select(vec!["ACTIVE", "ACTIVE", "ACTIVE", "ARCHIVED", "RESOLVED"]);
    let at = prop::sample::select(vec![None, Some("2024-05-01T00:00:00Z"), Some("2024-05-29T00:00:00Z")]);
    let kind = prop::sample::select(vec!["UnusedPermission", "UnusedPermission", "UnusedIAMRole"]);
    let more = prop::sample::select(vec![None, None, Some("token")]);
    let id = prop::sample::select(vec![None, Some("a"), Some("b"), Some("c")]);
    (arn, status, at, kind, (more, id), prop::collection::vec(service, 0..3)).prop_map(
        |(arn, status, at, kind, (more, id), details)| Made {
            json: serde_json::json!({"id": id, "resource": arn, "status": status, "findingType": kind,
                "analyzedAt": at, "nextToken": more, "findingDetails": details}),
        },
    )
}

/// The same value with its keys in another casing.
fn recased(value: &serde_json::Value, to: fn(&str) -> String) -> serde_json::Value {
    match value {
        serde_json::Value::Object(members) => {
            members.iter().map(|(key, value)| (to(key), recased(value, to))).collect::<serde_json::Map<_, _>>().into()
        }
        serde_json::Value::Array(items) => items.iter().map(|item| recased(item, to)).collect::<Vec<_>>().into(),
        other => other.clone(),
    }
}

fn snake(key: &str) -> String {
    key.chars()
        .flat_map(|c| c.is_ascii_uppercase().then_some('_').into_iter().chain([c.to_ascii_lowercase()]))
        .collect()
}

fn pascal(key: &str) -> String {
    key[..1].to_ascii_uppercase() + &key[1..]
}

/// The findings in one of the accepted formats.
fn written(findings: &[Made], format: u8) -> Vec<u8> {
    let values: Vec<serde_json::Value> = findings
        .iter()
        .map(|made| match format % 3 {
            0 => made.json.clone(),
            1 => recased(&made.json, snake),
            _ => recased(&made.json, pascal),
        })
        .collect();
    let lines = || values.iter().map(|value| format!("{value}\n")).collect::<String>();
    let text = match format / 3 % 5 {
        _ if values.is_empty() => "[]".to_owned(),
        0 => serde_json::to_string(&values).unwrap(),
        1 => serde_json::to_string_pretty(&serde_json::json!({ "findings": values })).unwrap(),
        2 => lines(),
        3 => values.iter().map(|value| format!("{value:#}")).collect(),
        _ => format!("\u{feff}[{{\"findings\":{}}}]", serde_json::to_string(&values).unwrap()),
    };
    if (format / 15).is_multiple_of(2) {
        return text.into_bytes();
    }
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

fn identities(mut evidence: Evidence) -> Vec<(String, IdentityEvidence)> {
    for identity in &mut evidence.identities {
        identity.exports.clear();
    }
    evidence.identities.into_iter().map(|identity| (identity.arn.to_string(), identity)).collect()
}

proptest! {
    #[test]
    fn findings_say_the_same_in_any_split_over_formats_files_and_order(
        (findings, shuffled) in prop::collection::vec(made(), 0..8)
            .prop_flat_map(|findings| (Just(findings.clone()), Just(findings).prop_shuffle())),
        cuts in prop::collection::vec((0_usize..8, any::<u8>()), 0..4),
    ) {
        let expected = read(written(&findings, 0)).unwrap();
        let (mut files, mut rest) = (Vec::new(), shuffled.as_slice());
        for (count, format) in cuts {
            let (file, others) = rest.split_at(count.min(rest.len()));
            files.push(written(file, format));
            rest = others;
        }
        files.push(written(rest, 7));
        let files: Vec<&[u8]> = files.iter().map(Vec::as_slice).collect();
        let split = read_all(&files, &[], &ReadOptions::default()).unwrap();
        prop_assert_eq!(identities(split), identities(expected));
    }

    #[test]
    fn asking_for_an_identity_gives_what_reading_all_gives_of_it(findings in prop::collection::vec(made(), 0..8), format: u8) {
        let text = written(&findings, format);
        let all = identities(read(&text).unwrap());
        let asked = identities(read_all(&[&text], &["app"], &ReadOptions::default()).unwrap());
        let of_app: Vec<_> = all.into_iter().filter(|(arn, _)| arn.eq_ignore_ascii_case(APP)).collect();
        prop_assert_eq!(asked, of_app);
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = read(bytes);
    }

    #[test]
    fn any_text_of_json_marks_is_read_or_refused(text in "[\\[\\]{}:,\"a-f0-9\\\\ntu\\x1f\\x8b \n]{0,80}") {
        let _ = read(text);
    }

    #[test]
    fn an_export_with_a_byte_changed_is_read_or_refused(at in 0_usize..1300, byte: u8) {
        let mut text = fixture("findings.json");
        let at = at % text.len();
        text[at] = byte;
        let _ = read(text);
    }
}
