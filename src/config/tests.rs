//! Configurations, good and bad.

use std::time::{Duration, Instant};

use super::*;

const DOCUMENTED: &str = include_str!("../../docs/configuration.md");

fn config(text: &str) -> Config {
    Config::parse(FILE_NAME, text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

fn error(text: &str) -> Error {
    match Config::parse(FILE_NAME, text) {
        Ok(config) => panic!("{config:?}\n{text}"),
        Err(error) => error,
    }
}

fn documented_examples() -> impl Iterator<Item = &'static str> {
    DOCUMENTED.split("```yaml\n").skip(1).map(|rest| rest.split("```").next().unwrap())
}

#[test]
fn every_example_of_the_documentation_is_read() {
    assert!(documented_examples().count() > 8);
    for example in documented_examples() {
        config(example);
    }
}

#[test]
fn the_whole_example_sets_every_key() {
    let config = config(documented_examples().next().unwrap());
    assert_eq!(config.findings[0].path.literal(), Some("security/findings"));
    assert_eq!(config.accounts_for("any/file.json")[0].as_str(), "123456789012");
    assert!(config.excludes("a/fixtures/b.json"));
    assert_eq!(config.max_age, Age::Days(Days(90)));
    assert_eq!(config.unused_for, Some(Days(90)));
    assert_eq!(config.catalog_lag, Age::Days(Days(90)));
    assert_eq!(config.max_entries, MaxEntries(50));
    assert_eq!(config.level("unknown-action"), Some(Level::Off));
    assert_eq!(config.guesses, Guesses::Note);
    assert_eq!(config.newer_entries, NewerEntries::Note);
    let binding = config.bindings_for("policies/app/read.json").next().unwrap();
    let app = IdentityArn::parse("arn:aws:iam::123456789012:role/app").unwrap();
    assert_eq!(binding.identities, [IdentityRef::Arn(app)]);
    assert_eq!(config.stacks_for("infra/app.yaml"), ["app-dev", "app-prod"]);
    assert_eq!(config.modules[0].1.statements, ["policy_statements"]);
    assert_eq!(config.allow[0].until, Some(jiff::civil::date(2027, 6, 30)));
}

#[test]
fn nothing_written_is_the_default() {
    for text in ["", "\n", "# nothing yet\n", "---\n", "\u{feff}", "findings:\nexclude:\n"] {
        let config = config(text);
        assert!(config.findings.is_empty() && config.exclude.is_empty() && config.allow.is_empty(), "{text:?}");
        assert_eq!(config.max_age, Age::Days(Days(90)));
        assert_eq!(config.catalog_lag, Age::Days(Days(90)));
        assert_eq!(config.unused_for, None);
        assert_eq!(config.max_entries.0, 50);
        assert_eq!((config.guesses, config.newer_entries), (Guesses::Note, NewerEntries::Note));
    }
}

#[test]
fn a_findings_entry_may_be_a_path_or_a_mapping() {
    let config = config(
        "findings:\n  - ../exports/*.json\n  - { path: f.json, identity: 'arn:aws:iam::123456789012:role/app', unused-for: 30d }\n",
    );
    assert_eq!((config.findings[0].path.as_str(), config.findings[0].path.literal()), ("../exports/*.json", None));
    assert_eq!(config.findings[1].path.literal(), Some("f.json"));
    assert_eq!(config.findings[1].identity.as_ref().unwrap().name(), "app");
    assert_eq!(config.findings[1].unused_for, Some(Days(30)));
}

/// Text, line, column, message, help.
type Wrong = (&'static str, usize, usize, &'static str, &'static str);

const WRONG: &[Wrong] = &[
    ("exlude: []\n", 1, 1, "unknown key `exlude`", "did you mean `exclude`?"),
    ("max-age: 90d\nmaxEntries: 5\n", 2, 1, "unknown key `maxEntries`", "did you mean `max-entries`?"),
    ("\u{feff}exlude: []\n", 1, 1, "unknown key `exlude`", "did you mean `exclude`?"),
    ("allow:\n  - { identity: a, action: '*', reasn: x }\n", 2, 33, "unknown key `reasn`", "did you mean `reason`?"),
    ("findings:\n  - file: f.json\n", 2, 5, "unknown key `file`", "the keys here are `path`, `identity`, `unused-for`"),
    ("x: &x {}\n", 1, 1, "unknown key `x`", "the keys here are `findings`"),
    ("guesses: note\n<<: {}\n", 2, 1, "unknown key `<<`", "write the keys out"),
    ("findings: []\nfindings: []\n", 2, 1, "the key `findings` stands here twice", "write one of them"),
    ("levels:\n  broad-grant: off\n  broad-grant: note\n", 3, 3, "the key `broad-grant` stands here twice", "write"),
    ("allow:\n  - identity: a\n    action: '*'\n", 2, 5, "the key `reason` is missing here", ""),
    ("exclude: 5\n", 1, 10, "expected a list, found integer `5`", ""),
    ("exclude:\n  - 5\n", 2, 5, "expected a path or glob, found integer `5`", ""),
    ("exclude: fixtures\n", 1, 10, "expected a list, found `fixtures`", ""),
    ("exclude: [~]\n", 1, 11, "expected a path or glob, found nothing", ""),
    ("bindings: [policy]\n", 1, 12, "expected a mapping with `policy` and `identities`, found `policy`", ""),
    ("levels: [a]\n", 1, 9, "expected a mapping whose keys are each the id of a rule, found a list", ""),
    ("- findings\n", 1, 1, "expected keys and values, as in `max-age: 90d`, found a list", ""),
    ("findings: [[a]]\n", 1, 12, "expected a path or glob, or a mapping with `path`, found a list", ""),
    ("max-entries: many\n", 1, 14, "expected a whole number from 1, found `many`", ""),
    ("max-entries: 0\n", 1, 14, "this number is out of range", "write one from 1"),
    ("max-entries: -1\n", 1, 14, "expected a whole number from 1, found integer `-1`", ""),
    ("max-age: 90\n", 1, 10, "expected a number of days, such as `90d`, or `never`, found integer `90`", ""),
    ("max-age: 3w\n", 1, 10, "`3w` is neither a number of days nor `never`", "write the number"),
    ("unused-for: never\n", 1, 13, "`never` is not a number of days", "write the number"),
    ("unused-for: 999999d\n", 1, 13, "`999999d` is not a number of days", "write the number"),
    ("max-age: 日d\n", 1, 10, "`日d` is neither", "write the number"),
    ("exclude: ['ok', 'a[b']\n", 1, 17, "`a[b` is not a glob: unclosed character class", "put a special"),
    ("exclude: ['']\n", 1, 11, "this path is empty", "name a file"),
    ("exclude: [/a]\n", 1, 11, "`/a` leaves the folder of this configuration", "write a path relative"),
    ("exclude: [a/../../b]\n", 1, 11, "`a/../../b` leaves the folder", "write a path relative"),
    ("levels: { unknown-acton: off }\n", 1, 11, "`unknown-acton` is not a rule", "did you mean `unknown-action`?"),
    ("levels: { unknown-action: of }\n", 1, 27, "`of` is not a level", "did you mean `off`?"),
    ("levels: { unknown-action: info }\n", 1, 27, "`info` is not a level", "write `error` or `warning` or `note`"),
    ("guesses: error\n", 1, 10, "`error` is not a way to report guesses", "write `note` or `warning`"),
    ("newer-entries: warn\n", 1, 16, "`warn` is not a way to report newer entries", "write `note` or `report`"),
    ("accounts: { '**': [123456789012] }\n", 1, 20, "expected an account id in quotes", ""),
    ("accounts: { '**': ['1234'] }\n", 1, 20, "`1234` is not an account id", "an account id has twelve digits"),
    ("accounts: { 'a[': [] }\n", 1, 13, "`a[` is not a glob", "put a special"),
    (
        "bindings:\n  - policy: a.json#\n    identities: []\n",
        2,
        13,
        "`a.json#` has no address after `#`",
        "name the policy",
    ),
    (
        "bindings:\n  - policy: a.json\n    identities: [app, 'arn:aws:s3:::b']\n",
        3,
        23,
        "`arn:aws:s3:::b` is not the ARN of a role or user",
        "write it as",
    ),
    ("bindings: [{ policy: a, identities: ['a*'] }]\n", 1, 38, "`a*` is not the ARN or name", "write it as"),
    ("findings: [{ path: a, identity: app }]\n", 1, 33, "`app` is not the ARN of a role or user", "write it as"),
    ("allow: [{ identity: a, action: get, reason: x }]\n", 1, 32, "`get` is not an action", "write `s3:GetObject`"),
    ("allow: [{ identity: a, action: '*', reason: ' ' }]\n", 1, 45, "this text is empty", "write something"),
    (
        "allow:\n  - identity: a\n    action: '*'\n    reason: x\n    until: 2027-02-30\n",
        5,
        12,
        "`2027-02-30` is not a day",
        "write year",
    ),
    ("findings:\n\t- a\n", 2, 1, "not YAML: ", "indent with spaces: YAML takes no tabs"),
    ("findings: *missing\n", 1, 11, "not YAML: unknown anchor", ""),
    ("findings: 'a\n", 2, 1, "not YAML: ", ""),
    ("findings: []\n---\nexclude: []\n", 2, 1, "a second YAML document begins here", "a configuration is one document"),
    ("findings: [!glob a]\n", 1, 12, "a YAML tag means nothing here", "take out the word"),
    ("exclude: [\u{1}]\n", 1, 11, "control characters cannot be in a YAML file", "take it out"),
    ("# \0\n", 1, 3, "control characters cannot be in a YAML file", "take it out"),
];

#[test]
fn what_is_wrong_is_said_at_its_own_place_with_a_way_out() {
    let mut failures = String::new();
    for (text, line, column, message, help) in WRONG {
        let error = error(text);
        let place = error.place().and_then(|place| place.position);
        let found_help = error.help_text().unwrap_or_default();
        let right = place == Some((*line, *column))
            && error.message().starts_with(message)
            && found_help.starts_with(help)
            && found_help.is_empty() == help.is_empty();
        if !right {
            failures += &format!("{text:?}\n  {error}\n  {found_help}\n");
        }
        assert!(!error.to_string().contains([text::MARK, '\n']), "{error}");
    }
    assert!(failures.is_empty(), "{failures}");
}

#[test]
fn hostile_text_is_refused_in_good_time() {
    let mut bomb = String::from("a0: &a0 [x,x,x,x,x,x,x,x,x]\n");
    for i in 1..40 {
        let before = format!("*a{},", i - 1).repeat(9);
        bomb += &format!("a{i}: &a{i} [{before}]\n");
    }
    let padding = format!("z: [{}]\n", "1,".repeat(MAX_SIZE / 4));
    let blocks: String = (0..1000).map(|i| format!("{}a:\n", " ".repeat(i))).collect();
    let cases = [
        "[".repeat(MAX_SIZE),
        "{a: ".repeat(MAX_SIZE / 4),
        "- ".repeat(MAX_SIZE / 2),
        "? ".repeat(MAX_SIZE / 2),
        "\"x\" : [".repeat(MAX_SIZE / 8),
        "a: [\n".repeat(MAX_SIZE / 5),
        "x: [\n".repeat(60) + &"{q: ".repeat(10_000),
        "&a ".repeat(MAX_SIZE / 3),
        blocks,
        bomb.clone(),
        bomb + &padding,
        "x".repeat(MAX_SIZE + 1),
        format!("exclude: ['{}']", "{a,".repeat(1000)),
        format!("exclude: ['{}']", "{a,b}".repeat(150)),
        format!("exclude: ['{}{}']", "{".repeat(400), "}".repeat(400)),
    ];
    for text in cases {
        let start = Instant::now();
        let result = Config::parse(FILE_NAME, &text);
        let took = start.elapsed();
        let head: String = text.chars().take(40).collect();
        assert!(took < Duration::from_secs(20), "{head}: {took:?}");
        if let Err(error) = result {
            assert!(error.to_string().len() < 2_000, "{head}: a message of {} bytes", error.to_string().len());
        } else {
            assert!(head.contains("exclude"), "{head} was taken for a configuration");
        }
    }
}

#[test]
fn globs_keep_to_the_rules_of_paths() {
    let cases = [
        ("*.json", "a.json", true),
        ("*.json", "a/b.json", false),
        ("**/*.json", "b.json", true),
        ("**/*.json", "a/b.json", true),
        ("a/**", "a/b/c.json", true),
        ("a/**", "a", false),
        ("./a/*.json", "a/b.json", true),
        ("{dev,prod}/*.tf", "prod/main.tf", true),
        ("file[[]1].tf", "file[1].tf", true),
    ];
    for (glob, path, expected) in cases {
        let config = config(&format!("bindings: [{{ policy: '{glob}', identities: [app] }}]"));
        assert_eq!(config.bindings_for(path).count() == 1, expected, "{glob} {path}");
    }
}

#[test]
fn an_excluded_folder_takes_all_that_lies_in_it() {
    let config = config("exclude: ['**/fixtures/**', vendor/, 'a/*.json']");
    let cases = [
        ("x/fixtures/deep/a.json", true),
        ("fixtures", false),
        ("vendor/a/b.json", true),
        ("lib/vendor/b.json", false),
        ("a/b.json", true),
        ("a/b/c.json", false),
    ];
    for (path, expected) in cases {
        assert_eq!(config.excludes(path), expected, "{path}");
    }
    assert!(config.excludes_folder("x/fixtures") && config.excludes_folder("vendor"));
    assert!(!config.excludes_folder("a"));
}

#[test]
fn the_address_of_a_binding_stands_after_the_number_sign() {
    let config = config("bindings: [{ policy: 'infra/*.tf#aws_iam_policy.app', identities: [app] }]");
    let binding = config.bindings_for("infra/main.tf").next().unwrap();
    assert_eq!(binding.policy.address.as_deref(), Some("aws_iam_policy.app"));
    assert_eq!(binding.identities, [IdentityRef::Name("app".to_owned())]);
}

#[test]
fn accounts_of_all_matching_globs_count_once() {
    let text = "accounts: { '**': ['123456789012'], 'live/**': ['111122223333', '123456789012'] }";
    let accounts = |path| config(text).accounts_for(path).iter().map(|id| id.as_str().to_owned()).collect::<Vec<_>>();
    assert_eq!(accounts("live/a.json"), ["123456789012", "111122223333"]);
    assert_eq!(accounts("a.json"), ["123456789012"]);
}

proptest::proptest! {
    #[test]
    fn any_text_is_read_or_refused_with_a_place(text in "([a-z-]{1,12}: ?|[\\[\\]{}'\"&*!#|>%@\t\n -]|\\PC){0,40}") {
        if let Err(error) = Config::parse(FILE_NAME, &text) {
            let (line, column) = error.place().and_then(|place| place.position).unwrap();
            proptest::prop_assert!(line >= 1 && line <= text.lines().count() + 1 && column >= 1, "{error}");
        }
    }
}
