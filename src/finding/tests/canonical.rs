//! The form in which evidence is committed.

use jiff::Timestamp;

use super::super::canonical::{accounts, render};
use super::*;

/// Evidence without what the canonical form leaves out: ids and times of day.
fn kept(evidence: Evidence) -> (Option<UnusedPermissions>, Vec<(String, IdentityEvidence)>) {
    let day = |at: Timestamp| {
        let day = at.to_zoned(jiff::tz::TimeZone::UTC).date();
        day.to_zoned(jiff::tz::TimeZone::UTC).unwrap().timestamp()
    };
    let cut = |unused: &mut UnusedPermissions| {
        unused.findings.clear();
        unused.analyzed_at = unused.analyzed_at.map(day);
    };
    let mut anonymous = evidence.anonymous.clone();
    anonymous.as_mut().map(cut);
    let mut all = identities(evidence);
    for (_, identity) in &mut all {
        if let Permissions::Usable(unused) = &mut identity.permissions {
            cut(unused);
        }
        if let Some(role) = &mut identity.unused_role {
            role.finding.clear();
            role.analyzed_at = role.analyzed_at.map(day);
        }
        identity.unused_credentials.iter_mut().for_each(|credential| credential.finding.clear());
    }
    (anonymous, all)
}

#[test]
fn evidence_is_written_a_line_per_identity() {
    let texts = [fixture("findings.json"), fixture("kinds.json")];
    let text = render(&read_all(&[&texts[0], &texts[1]], &[], &ReadOptions::default()).unwrap(), None);
    let expected = r#"{"iamtrim":"findings","version":1,"analyzedAt":"2024-05-29"}
{"resource":"arn:aws:iam::123456789012:role/app","unused":{"lambda":"AddPermission CreateFunction@2023-11-02","sqs":"*"}}
{"resource":"arn:aws:iam::123456789012:role/old","unusedRole":"2023-12-24"}
{"resource":"arn:aws:iam::123456789012:role/service-role/worker","unused":{"s3":"GetBucketAcl GetBucketCORS"}}
{"resource":"arn:aws:iam::123456789012:user/alice","unusedAccessKeys":{"AKIAIOSFODNN7EXAMPLE":"2023-12-24"},"unusedPassword":"never"}
"#;
    assert_eq!(text, expected);
    assert_eq!(render(&read(&text).unwrap(), None), text);
}

#[test]
fn days_of_last_use_stand_beside_a_list_that_is_shared() {
    let mut texts = Vec::new();
    for index in 0..9 {
        let used = r#"{"action":"GetBucketLogging","lastAccessed":"2024-01-02"}"#;
        let logging = if index == 4 { used } else { "\"GetBucketLogging\"" };
        let actions = format!(r#"["GetBucketAcl","GetBucketTagging",{logging},"GetBucketWebsite"]"#);
        texts.push(finding(&details("s3", &actions)).replace("role/app", &format!("role/app-{index}")));
    }
    let evidence = read(texts.concat()).unwrap();
    let text = render(&evidence, None);
    assert_eq!(text.matches(" GetBucketLogging@2024-01-02\"").count(), 1, "{text}");
    assert_eq!(text.matches("GetBucketLogging").count(), 2, "{text}");
    assert_eq!(kept(read(&text).unwrap()), kept(evidence));
    let options = ReadOptions { unused_since: Some(jiff::civil::date(2024, 1, 1)), ..ReadOptions::default() };
    let said = told(&read_all(&[text.as_bytes()], &[], &options).unwrap());
    assert_eq!(said[4], "role/app-4: s3[GetBucketAcl GetBucketTagging GetBucketWebsite]");
    assert!(said[5].contains("GetBucketLogging"));
}

/// As many roles as asked for, each with the same list of actions but one.
fn roles(count: usize, other: Option<usize>) -> Evidence {
    let findings = (0..count).map(|index| {
        let acl = if other == Some(index) { "GetBucketCORS" } else { "GetBucketAcl" };
        let actions = format!(r#"["{acl}","GetBucketTagging","GetBucketLogging","GetBucketWebsite"]"#);
        finding(&format!(r#""analyzedAt":"2024-05-29T07:25:34Z",{}"#, details("s3", &actions)))
            .replace("role/app", &format!("role/app-{index:04}"))
    });
    read(findings.collect::<String>()).unwrap()
}

#[test]
fn equal_lists_stand_once_and_a_change_of_one_identity_touches_one_line() {
    for count in [7, 20, 300] {
        let (before, after) = (render(&roles(count, None), None), render(&roles(count, Some(3)), None));
        assert_eq!(before.contains("\"set\""), count > 7, "{before}");
        let changed: Vec<_> = before.lines().zip(after.lines()).filter(|(a, b)| a != b).collect();
        assert_eq!((before.lines().count(), changed.len()), (after.lines().count(), 1), "{changed:?}");
        assert!(changed[0].0.contains("app-0003"));
        assert_eq!(kept(read(&after).unwrap()), kept(roles(count, Some(3))));
    }
}

#[test]
fn accounts_can_be_written_apart() {
    let text = fixture("findings.json");
    let other = String::from_utf8(text.clone()).unwrap().replace("123456789012", "111122223333");
    let evidence = read([text.as_slice(), other.as_bytes()].concat()).unwrap();
    assert_eq!(accounts(&evidence), ["111122223333", "123456789012"]);
    let parts: Vec<String> = accounts(&evidence).iter().map(|account| render(&evidence, Some(account))).collect();
    assert_eq!(parts.iter().map(|part| part.lines().count()).collect::<Vec<_>>(), [3, 3]);
    let joined = read_all(&[parts[0].as_bytes(), parts[1].as_bytes()], &[], &ReadOptions::default()).unwrap();
    assert_eq!(kept(joined), kept(evidence));
}

#[test]
fn written_findings_that_were_tampered_with_are_refused_with_their_place() {
    let header = "{\"iamtrim\":\"findings\",\"version\":1}\n";
    let line = |rest: &str| format!("{header}{{\"resource\":\"{APP}\",{rest}}}");
    let cases = [
        ("{\"iamtrim\":\"findings\",\"version\":2}".to_owned(), "1:1: this version of written findings is not known"),
        (line("\"unused\":{\"s3\":\"=abc\"}"), "2:1: there is no set `abc`"),
        (line("\"unused\":{\"s3\":\"Get*\"}"), "2:1: the actions of `s3` are none"),
        (line("\"unused\":{\"s3\":\"\"}"), "2:1: the actions of `s3` are none"),
        (line("\"unused\":{\"s3\":\"GetBucketAcl@soon\"}"), "2:1: the actions of `s3` are none"),
        (line("\"unused\":{\"s 3\":\"*\"}"), "2:1: a service is none"),
        (line("\"status\":\"ACTIVE\""), "2:1: `status` is none of ARCHIVED, RESOLVED and FAILED"),
        (format!("{header}{{\"resource\":\"app\",\"unused\":{{}}}}"), "2:1: `resource` is no role or user"),
        (line("\"unusd\":{}"), "2:56: unknown field `unusd`"),
    ];
    for (text, expected) in cases {
        let error = read(&text).unwrap_err();
        assert!(error.to_string().starts_with(&format!("f0.json:{expected}")), "{error} for {text}");
        assert!(error.help_text().is_some());
    }
}

proptest! {
    #[test]
    fn what_is_written_reads_back_and_is_written_the_same(findings in prop::collection::vec(made(), 0..12)) {
        let evidence = read(written(&findings, 0)).unwrap();
        let text = render(&evidence, None);
        let back = read(&text).unwrap();
        prop_assert_eq!(render(&back, None), text);
        prop_assert_eq!(kept(back), kept(evidence));
    }

    #[test]
    fn written_findings_with_a_byte_changed_are_read_or_refused(at: prop::sample::Index, byte: u8) {
        let mut text = render(&roles(9, Some(3)), None).into_bytes();
        let at = at.index(text.len());
        text[at] = byte;
        let _ = read(text);
    }
}
