//! What is not a finding of Access Analyzer, but says something of use or of policies.

use super::*;

/// A report read as being about the role `app`.
fn read_about(texts: &[&[u8]], days: Option<i32>) -> Result<Evidence, Error> {
    let app = IdentityArn::parse(APP).unwrap();
    let options = ReadOptions { about: Some(&app), unused_for: days, unused_since: None };
    read_all(texts, &[], &options)
}

#[test]
fn roles_keys_and_passwords_are_read() {
    let evidence = read(fixture("kinds.json")).unwrap();
    let alice = "user/alice None password AKIAIOSFODNN7EXAMPLE@2023-12-24";
    assert_eq!(told(&evidence), ["role/old None unused role@2023-12-24", alice]);
    assert_eq!(evidence.exports[0].findings, 3);
}

#[test]
fn a_report_of_last_use_says_what_was_not_used_for_so_long() {
    let pages = [fixture("last-accessed-1.json"), fixture("last-accessed-2.json")];
    let both = |days| read_about(&[&pages[0], &pages[1]], days).unwrap();
    let names = "lambda[AddPermission CreateFunction@2023-11-02";
    // Ninety days before 2024-05-29 is 2024-02-29: what was used on that day is in use.
    let cases = [
        (None, format!("{names}] sns@2023-12-24[*] sqs[*]")),
        (Some(89), format!("{names} ListFunctions@2024-02-29] sns@2023-12-24[*] sqs[*]")),
        (Some(156), format!("{names}] sns@2023-12-24[*] sqs[*]")),
        (Some(157), format!("{names}] sqs[*]")),
        (Some(400), "lambda[AddPermission] sqs[*]".to_owned()),
    ];
    for (days, expected) in cases {
        let evidence = both(days);
        assert_eq!(told(&evidence), [format!("role/app 2024-05-29T07:25:34.5Z: {expected}")], "{days:?}");
        assert!(evidence.exports.iter().all(|export| export.warnings.is_empty()));
    }
}

#[test]
fn the_pages_of_a_report_are_joined_in_any_order_and_a_missing_one_is_said() {
    let pages = [fixture("last-accessed-1.json"), fixture("last-accessed-2.json")];
    let joined = identities(read_about(&[&pages[0], &pages[1]], None).unwrap());
    assert_eq!(identities(read_about(&[&pages[1], &pages[0]], None).unwrap()), joined);
    assert_eq!(identities(read_about(&[&pages.concat()], None).unwrap()), joined);
    let cut = read_about(&[&pages[0]], None).unwrap();
    assert!(told(&cut)[0].contains(" truncated: lambda["));
    let missing = "the list of `arn:aws:iam::123456789012:role/app` goes on in a page that is missing";
    assert_eq!(cut.exports[0].warnings, [missing]);
}

#[test]
fn a_report_names_no_identity_and_must_not_name_another() {
    let page = fixture("last-accessed-2.json");
    assert_eq!(told(&read(&page).unwrap()), ["anonymous 2024-05-29T07:25:34.5Z: sns@2023-12-24[*] sqs[*]"]);
    let page = String::from_utf8(page).unwrap().replace("role/app", "role/worker");
    let mut builder = EvidenceBuilder::new(Selection::default());
    builder.read("f/123456789012/role/worker.json", page.as_bytes(), &ReadOptions::default()).unwrap();
    let named = "role/worker 2024-05-29T07:25:34.5Z: sns@2023-12-24[*] sqs[*]";
    assert_eq!(told(&builder.finish()), [named]);
    let mut builder = EvidenceBuilder::new(Selection::default());
    let wrong =
        builder.read("123456789012_role_worker.json", &*fixture("last-accessed-1.json"), &ReadOptions::default());
    let of_app = "the details are of `arn:aws:iam::123456789012:role/app`, and are said to be of `arn:aws:iam::123456789012:role/worker`";
    assert_eq!(wrong.unwrap_err().to_string(), format!("123456789012_role_worker.json:1:1: {of_app}"));
}

#[test]
fn of_a_report_and_a_finding_the_newer_counts() {
    let report = fixture("last-accessed-2.json");
    for (at, expected) in [("2024-05-28", "sns@2023-12-24[*] sqs[*]"), ("2024-05-30", "s3[*]")] {
        let finding = finding(&format!(r#""analyzedAt":"{at}",{}"#, details("s3", "null")));
        let evidence = read_about(&[finding.as_bytes(), &report], None).unwrap();
        assert!(told(&evidence)[0].ends_with(expected), "{at}: {:?}", told(&evidence));
    }
}

#[test]
fn reports_that_are_not_complete_are_refused() {
    let page = String::from_utf8(fixture("last-accessed-2.json")).unwrap();
    let cases = [
        (page.replace("COMPLETED", "IN_PROGRESS"), "the service last accessed details are not complete"),
        (page.replace("JobCompletionDate", "x"), "the service last accessed details have no `JobCompletionDate`"),
        (page.replace("\"sqs\"", "1"), "invalid type: integer `1`, expected a string"),
        (page.replace("\"ServiceNamespace\": \"sqs\",", ""), "missing field `servicenamespace`"),
    ];
    for (text, expected) in cases {
        let error = read_about(&[text.as_bytes()], None).unwrap_err();
        assert_eq!(error.to_string(), format!("f0.json:1:1: {expected}"));
        assert!(error.help_text().unwrap().contains("aws iam generate-service-last-accessed-details"));
    }
}

#[test]
fn recommendations_are_read_in_pairs_of_steps() {
    let evidence = read(fixture("get-finding-recommendation.json")).unwrap();
    let [recommendation] = evidence.recommendations.as_slice() else { panic!("{:?}", evidence.recommendations) };
    assert_eq!((recommendation.resource.as_str(), &recommendation.failure), (APP, &None));
    let shown: Vec<(&str, bool, bool)> = recommendation
        .policies
        .iter()
        .map(|policy| (policy.name(), policy.document.is_some(), policy.replacement.is_some()))
        .collect();
    assert_eq!(shown, [("AmazonBedrockReadOnly", false, false), ("InlinePolicyListLambda", false, true)]);
    let hub = read(fixture("get-recommended-policy-v2.json")).unwrap();
    let policy = &hub.recommendations[0].policies[0];
    assert!(policy.document.as_ref().unwrap().contains("AddPermission"));
    assert_eq!(policy.replacement, recommendation.policies[1].replacement);
    assert_eq!(hub.recommendations[0].policies.len(), 1);
    let failed = read(fixture("get-finding-recommendation-failed.json")).unwrap();
    assert_eq!(failed.recommendations[0].failure.as_deref(), Some("the policy has a NotAction element"));
    assert_eq!(told(&failed), [""; 0]);
}

#[test]
fn an_analysis_of_permissions_in_ocsf_is_read() {
    let text = String::from_utf8(fixture("ocsf.json")).unwrap();
    let evidence = read(&text).unwrap();
    let expected = "role/app 2024-05-29T07:25:34Z: lambda[AddPermission CreateFunction@2023-11-02] sqs[*]";
    assert_eq!(told(&evidence), [expected]);
    let suppressed = read(text.replace("\"status_id\": 1", "\"status_id\": 3")).unwrap();
    assert_eq!(told(&suppressed), ["role/app Archived"]);
    let counts = error(text.replace("permission_analysis_results", "x"));
    assert!(
        counts.starts_with(
            "f0.json:1:1: this OCSF finding has no analysis of permissions, and so no action names / export"
        )
    );
}

#[test]
fn account_authorization_details_say_who_is_there() {
    let evidence = read(fixture("get-account-authorization-details.json")).unwrap();
    assert_eq!(told(&evidence), [""; 0]);
    let inventory = &evidence.inventory;
    let app = &inventory.identities[&IdentityArn::parse(APP).unwrap()];
    assert_eq!(app.inline, [("inline".to_owned(), 114), ("encoded".to_owned(), 114)], "{app:?}");
    assert_eq!(app.managed, ["arn:aws:iam::123456789012:policy/deploy"]);
    assert_eq!(app.boundary.as_deref(), Some("arn:aws:iam::123456789012:policy/boundary"));
    let alice = &inventory.identities[&IdentityArn::parse("arn:aws:iam::123456789012:user/alice").unwrap()];
    assert_eq!(alice.groups, ["ops"]);
    let deploy = &inventory.managed["arn:aws:iam::123456789012:policy/deploy"];
    assert_eq!((deploy.attached, deploy.boundaries, deploy.size), (1, 0, Some(114)));
    assert_eq!(inventory.meant(Naming::Whole("APP")).unwrap(), [&IdentityArn::parse(APP).unwrap()]);
    let told = |arns: Vec<&IdentityArn>| arns.into_iter().map(ToString::to_string).collect::<Vec<_>>();
    let ops = IdentityArn::parse("arn:aws:iam::123456789012:group/ops").unwrap();
    assert_eq!(told(inventory.members(&ops)), ["arn:aws:iam::123456789012:user/alice"]);
    assert_eq!(inventory.attached_to("Deploy").map(told), Some(vec![APP.to_owned()]));
    assert_eq!(inventory.attached_to("other").map(told), None);
}

#[test]
fn sources_of_every_kind_cut_off_anywhere_are_an_error() {
    for name in [
        "last-accessed-1.json",
        "get-finding-recommendation.json",
        "get-recommended-policy-v2.json",
        "ocsf.json",
        "get-account-authorization-details.json",
        "kinds.json",
    ] {
        let text = fixture(name);
        let end = text.trim_ascii_end().len();
        for length in 0..end {
            assert!(read(&text[..length]).is_err(), "{name} cut to {length} of {end} bytes");
        }
    }
}

proptest! {
    #[test]
    fn sources_with_a_value_changed_are_read_or_refused(
        name in prop::sample::select(vec![
            "last-accessed-1.json", "get-finding-recommendation.json", "get-recommended-policy-v2.json", "ocsf.json",
            "get-account-authorization-details.json",
        ]),
        at: prop::sample::Index,
        put in prop::sample::select(vec!["null", "{}", "[]", "\"x\"", "1e99", "-1", "true"]),
    ) {
        // Puts another value in the place of one that begins after a colon.
        let text = String::from_utf8(fixture(name)).unwrap();
        let colons: Vec<usize> = text.match_indices("\": ").map(|(at, _)| at + 3).collect();
        let start = colons[at.index(colons.len())];
        let mut value = serde_json::Deserializer::from_str(&text[start..]).into_iter::<serde::de::IgnoredAny>();
        value.next().unwrap().unwrap();
        let changed = format!("{}{put}{}", &text[..start], &text[start + value.byte_offset()..]);
        let _ = read(changed);
    }
}
