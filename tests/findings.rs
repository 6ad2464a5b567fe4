//! Findings exports as the command line and the configuration name them, through the program itself.
#![expect(clippy::disallowed_methods, reason = "the test makes repositories")]
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use tempfile::TempDir;

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/findings");
const POLICY: &str = r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Resource": "*",
  "Action": ["lambda:AddPermission", "lambda:GetFunction", "sqs:*", "s3:GetBucketAcl"]}]}"#;

/// A repository with a policy of each role that the fixtures speak of.
fn repository(config: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join(".git")).unwrap();
    fs::create_dir(folder.path().join("policies")).unwrap();
    for name in ["app", "worker"] {
        fs::write(folder.path().join(format!("policies/{name}.json")), POLICY).unwrap();
    }
    if !config.is_empty() {
        fs::write(folder.path().join(".iamtrim.yaml"), config).unwrap();
    }
    folder
}

struct Ran {
    code: i32,
    found: Vec<String>,
    stderr: String,
}

/// Runs `lint` and collects what is reported unused, as `file pattern`.
fn lint(folder: &Path, args: &[&str], stdin: &[u8]) -> Ran {
    let mut child = Command::new(env!("CARGO_BIN_EXE_iamtrim"))
        .args(["lint", "--format", "json", "--now", "2024-06-01"])
        .args(args)
        .current_dir(folder)
        .env_remove("PRE_COMMIT")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    // The program may end without reading it.
    let _ = input.write_all(stdin);
    drop(input);
    let output = child.wait_with_output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
    let diagnostics = report["diagnostics"].as_array().cloned().unwrap_or_default();
    let unused = diagnostics.iter().filter(|diagnostic| diagnostic["rule"].as_str().unwrap().starts_with("unused-"));
    let found = unused.map(|diagnostic| {
        let file = diagnostic["path"].as_str().unwrap().trim_start_matches("policies/").trim_end_matches(".json");
        format!("{file} {}", diagnostic["pattern"].as_str().unwrap())
    });
    Ran { code: output.status.code().unwrap(), found: found.collect(), stderr }
}

const OF_APP: [&str; 2] = ["app lambda:AddPermission", "app sqs:*"];
const OF_BOTH: [&str; 3] = ["app lambda:AddPermission", "app sqs:*", "worker s3:GetBucketAcl"];
const README: &str = "README.md: line 1, column 1: this is no findings export: an object or an array is expected";

fn fixture(name: &str) -> String {
    format!("{FIXTURES}/{name}")
}

#[test]
fn a_file_a_folder_and_standard_input_are_read() {
    let folder = repository("");
    let file = lint(folder.path(), &["--findings", &fixture("findings.json")], b"");
    assert_eq!((file.found, file.stderr.as_str()), (OF_BOTH.map(str::to_owned).to_vec(), ""));
    let gzip = lint(folder.path(), &["--findings", &fixture("findings.json.gz")], b"");
    assert_eq!(gzip.found, OF_BOTH);
    let several = lint(
        folder.path(),
        &["--findings", &fixture("get-finding-v2.json"), "--findings", &fixture("findings.ndjson")],
        b"",
    );
    assert_eq!(several.found, OF_BOTH);
    let stdin = lint(folder.path(), &["--findings", "-"], &fs::read(fixture("go.json")).unwrap());
    assert_eq!(stdin.found, OF_APP);
    let files = lint(folder.path(), &["--findings", &fixture("folder")], b"");
    assert_eq!(files.found, OF_BOTH);
    assert_eq!(files.stderr, format!("warning: {FIXTURES}/folder/{README}\n"));
    assert_eq!(lint(folder.path(), &["-q", "--findings", &fixture("folder")], b"").stderr, "");
}

#[test]
fn standard_input_serves_every_configuration_of_a_run() {
    let folder = repository("max-age: never\n");
    fs::write(folder.path().join("policies/.iamtrim.yaml"), "max-age: never\n").unwrap();
    fs::create_dir(folder.path().join("more")).unwrap();
    fs::write(folder.path().join("more/app.json"), POLICY).unwrap();
    let ran = lint(folder.path(), &["--findings", "-"], &fs::read(fixture("findings.json")).unwrap());
    assert_eq!(ran.found.len(), 5, "{:?} {}", ran.found, ran.stderr);
}

#[test]
fn the_configuration_names_files_folders_and_globs_beside_itself() {
    let cases: [(&str, &[&str]); 5] = [
        ("findings: [exports]", &OF_BOTH),
        ("findings: [exports/a.json]", &OF_APP),
        ("findings: [\"exports/**/b.json\"]", &OF_BOTH[2..]),
        ("findings: [\"exp*\"]", &OF_BOTH),
        ("findings: [\"exports/*.json\", exports/2024]", &OF_BOTH),
    ];
    for (config, expected) in cases {
        let folder = repository(config);
        fs::create_dir_all(folder.path().join("exports/2024")).unwrap();
        fs::copy(fixture("folder/a.json"), folder.path().join("exports/a.json")).unwrap();
        fs::copy(fixture("folder/2024/b.json"), folder.path().join("exports/2024/b.json")).unwrap();
        fs::write(folder.path().join("exports/.hidden"), "nothing").unwrap();
        let ran = lint(folder.path(), &["."], b"");
        assert_eq!(
            (ran.found, ran.stderr.as_str()),
            (expected.iter().map(|&s| s.to_owned()).collect(), ""),
            "{config}"
        );
    }
}

#[test]
fn an_export_that_names_no_identity_is_about_the_one_that_is_named() {
    let bare = r#"[{"serviceNamespace": "sqs"}]"#;
    let folder = repository("findings: [{ path: bare.json, identity: \"arn:aws:iam::123456789012:role/app\" }]");
    fs::write(folder.path().join("bare.json"), bare).unwrap();
    assert_eq!(lint(folder.path(), &["."], b"").found, ["app sqs:*"]);
    let file = ["--findings", "bare.json", "policies/worker.json"];
    assert_eq!(lint(folder.path(), &file, b"").found, ["worker sqs:*"]);
    let identity = ["--findings", "bare.json", "--identity", "arn:aws:iam::123456789012:role/app", "."];
    assert_eq!(lint(folder.path(), &identity, b"").found, ["app sqs:*"]);
    let nobody = lint(folder.path(), &["--findings", "bare.json", "."], b"");
    assert_eq!(nobody.code, 2);
    assert!(nobody.stderr.starts_with("error: the findings name no identity, and no policy file is named\nhelp: "));
    let several = ["--findings", "bare.json", "--identity", "app", "--identity", "worker", "policies/app.json"];
    let several = lint(folder.path(), &several, b"");
    assert_eq!(
        (several.code, several.stderr.as_str()),
        (
            2,
            "error: the findings name no identity, and `--identity` names several\nhelp: say the one that they are about\n"
        )
    );
}

#[test]
fn what_cannot_be_used_ends_the_run_and_inside_of_a_folder_is_a_warning() {
    let folder = repository("");
    let path = folder.path();
    fs::create_dir(path.join("exports")).unwrap();
    fs::write(path.join("exports/cut.json"), "{\"findings\": [\n {\"id\": \"a\"").unwrap();
    fs::copy(fixture("get-finding-v2.json"), path.join("exports/ok.json")).unwrap();
    fs::write(path.join("empty.json"), "{\"findings\": []}").unwrap();
    let cases = [
        (vec!["--findings", "nothing.json"], 2, "error: nothing.json: cannot read the findings: "),
        (
            vec!["--findings", "exports/cut.json"],
            2,
            "error: exports/cut.json:2:2: the file ends inside of the value that begins here\nhelp: ",
        ),
        (
            vec!["--findings", "exports", "--fail-on", "note"],
            1,
            "warning: exports/cut.json: line 2, column 2: the file ends inside of the value that begins here\n",
        ),
        (vec!["--findings", "empty.json"], 0, "note: there is no finding in empty.json\n"),
        (vec![], 2, "error: there are no findings to match policies with\nhelp: export them"),
    ];
    for (args, code, stderr) in cases {
        let ran = lint(path, &args, b"");
        assert!(ran.code == code && ran.stderr.starts_with(stderr), "{args:?}: {} {}", ran.code, ran.stderr);
    }
    fs::write(path.join(".iamtrim.yaml"), "findings: [\"*.ndjson\"]\n").unwrap();
    let ran = lint(path, &["."], b"");
    assert!(ran.stderr.starts_with("error: no findings file matches `*.ndjson`\nhelp: export them"), "{}", ran.stderr);
    assert_eq!(ran.code, 2);
}

#[cfg(unix)]
#[test]
fn links_to_files_are_followed_and_pipes_only_where_a_shell_hands_them_over() {
    let folder = repository("");
    let path = folder.path();
    fs::create_dir(path.join("exports")).unwrap();
    std::os::unix::fs::symlink(fixture("get-finding-v2.json"), path.join("exports/linked.json")).unwrap();
    std::os::unix::fs::symlink(path, path.join("exports/loop")).unwrap();
    assert!(Command::new("mkfifo").arg(path.join("exports/pipe")).status().unwrap().success());
    let ran = lint(path, &["--findings", "exports"], b"");
    assert_eq!((ran.found, ran.stderr.as_str()), (OF_APP.map(str::to_owned).to_vec(), ""));
    let handed_over = lint(path, &["--findings", "/dev/stdin"], &fs::read(fixture("findings.json")).unwrap());
    assert_eq!(handed_over.found, OF_BOTH, "{}", handed_over.stderr);
}

/// Runs `findings` and gives the exit code, standard output and standard error.
fn findings(folder: &Path, args: &[&str]) -> (i32, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_iamtrim"))
        .args(["findings", "--now", "2024-06-10"])
        .args(args)
        .current_dir(folder)
        .output()
        .unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap().replace(FIXTURES, "fixtures");
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

#[test]
fn a_table_says_what_exports_say_and_what_it_falls_on() {
    let folder = repository("");
    let (code, stdout, stderr) = findings(folder.path(), &[&fixture("findings.json"), &fixture("kinds.json")]);
    let expected = "\
identity                  account       unused         services  actions  found        age  policies
role/app                  123456789012  permissions           1        2  2024-05-29  12 d  policies/app.json
role/old                  123456789012  role                  -        -  -              -  -
role/service-role/worker  123456789012  permissions           0        2  2024-05-29  12 d  policies/worker.json
user/alice                123456789012  key, password         -        -  -              -  -
fixtures/findings.json: 2 findings of 2024-05-29, 12 days old
fixtures/kinds.json: 3 findings of 2024-05-29, 12 days old
4 identities in 1 account; no policy here belongs to 2 of them
";
    assert_eq!((code, stdout.as_str(), stderr.as_str()), (0, expected, ""));
    let (code, stdout, _) = findings(folder.path(), &["--format", "json", &fixture("findings.json")]);
    let listing: serde_json::Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!((code, listing["version"].as_u64(), listing["catalog"]["services"].as_u64()), (0, Some(1), Some(456)));
    let app = &listing["identities"][0];
    let expected = serde_json::json!({
        "arn": "arn:aws:iam::123456789012:role/app", "account": "123456789012", "permissions": "usable",
        "date": "2024-05-29", "age": 12, "services": ["sqs"], "actions": ["lambda:AddPermission", "lambda:CreateFunction"],
        "truncated": false, "unused_role": false, "unused_access_keys": [], "unused_password": false,
        "policies": ["policies/app.json"],
    });
    assert_eq!(*app, expected);
}

#[test]
fn findings_are_written_once_and_read_back() {
    let folder = repository("");
    let path = folder.path();
    let export = fixture("findings.json");
    let (code, stdout, _) = findings(path, &[&export, "--write", "out.ndjson"]);
    assert_eq!((code, stdout.as_str()), (0, "out.ndjson: 2 identities of 1 account in 294 bytes\n"));
    let written = fs::read(path.join("out.ndjson")).unwrap();
    let (_, stdout, _) = findings(path, &["out.ndjson", "--write", "exports/"]);
    assert_eq!(stdout, "exports/: 2 identities of 1 account in 294 bytes\n");
    assert_eq!(fs::read(path.join("exports/123456789012.ndjson")).unwrap(), written);
    fs::write(path.join("exports/old.ndjson"), "{}").unwrap();
    let (code, _, stderr) = findings(path, &["out.ndjson", "--write", "exports"]);
    let stranger = "warning: exports/old.ndjson: it was not written now, and counts where the folder is read\n";
    assert_eq!((code, stderr.as_str()), (0, stranger));
    assert_eq!(lint(path, &["--findings", "out.ndjson"], b"").found, OF_BOTH);
    fs::write(path.join("bare.json"), "[{\"serviceNamespace\": \"sqs\"}]").unwrap();
    let (code, _, stderr) = findings(path, &["bare.json", "--write", "exports"]);
    assert!(
        code == 2 && stderr.starts_with("error: findings that name no identity belong to no account\n"),
        "{stderr}"
    );
    let (code, _, stderr) = findings(path, &[]);
    assert!(code == 2 && stderr.starts_with("error: there are no findings to match policies with\n"), "{stderr}");
}

/// A recommendation of AWS for a policy of the role `app`, made of the policy itself.
fn recommendation(policy: &str, document: &serde_json::Value) -> String {
    let step = |step: serde_json::Value| serde_json::json!({ "unusedPermissionsRecommendedStep": step });
    serde_json::json!({
        "recommendedSteps": [
            step(serde_json::json!({ "recommendedAction": "CREATE_POLICY", "existingPolicyId": policy, "recommendedPolicy": document.to_string() })),
            step(serde_json::json!({ "recommendedAction": "DETACH_POLICY", "existingPolicyId": policy })),
        ],
        "status": "SUCCEEDED", "error": null, "recommendationType": "UnusedPermissionRecommendation",
        "resourceArn": "arn:aws:iam::123456789012:role/app",
        "startedAt": "2024-05-29T07:25:40+00:00", "completedAt": "2024-05-29T07:26:00+00:00",
    })
    .to_string()
}

#[test]
fn aws_s_recommendation_is_set_beside_ours() {
    let folder = repository("");
    let path = folder.path();
    let (export, hub) = (fixture("findings.json"), fixture("get-recommended-policy-v2.json"));
    let (code, stdout, stderr) = findings(path, &[&export, "--compare", &hub]);
    let equal = "arn:aws:iam::123456789012:role/app: InlinePolicyListLambda: equal\n1 recommended policy, 1 equal\n";
    assert_eq!((code, stdout.as_str(), stderr.as_str()), (0, equal, ""));
    let allowing = |actions: &[&str]| serde_json::json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Resource": "*", "Action": actions}]});
    let ours = ["lambda:GetFunction", "s3:GetBucketAcl"];
    let cases: [(&[&str], &str); 4] = [
        (&ours, "equal\n"),
        (
            &["lambda:GetFunction", "s3:GetBucketAcl", "lambda:AddPermission"],
            "ours tighter\n  only AWS's allows lambda:AddPermission\n",
        ),
        (&["lambda:GetFunction"], "ours wider\n  only ours allows s3:GetBucketAcl\n"),
        (
            &["lambda:GetFunction", "lambda:AddPermission"],
            "different\n  only ours allows s3:GetBucketAcl\n  only AWS's allows lambda:AddPermission\n",
        ),
    ];
    for (theirs, verdict) in cases {
        fs::create_dir_all(path.join("aws")).unwrap();
        fs::write(path.join("aws/recommended.json"), recommendation("app", &allowing(theirs))).unwrap();
        let (code, stdout, _) = findings(path, &[&export, "--compare", "aws"]);
        let equal = usize::from(theirs == ours);
        let expected = format!(
            "arn:aws:iam::123456789012:role/app: app (policies/app.json): {verdict}1 recommended policy, {equal} equal\n"
        );
        assert_eq!((code, stdout), (0, expected));
    }
    let (code, _, stderr) = findings(path, &[&export, "--compare", &export]);
    assert!(code == 2 && stderr.contains("there is no recommendation to compare with"), "{stderr}");
    let failed = fixture("get-finding-recommendation-failed.json");
    let (_, stdout, _) = findings(path, &[&export, "--compare", &failed]);
    assert!(stdout.contains(": not compared: AWS made none: the policy has a NotAction element\n"), "{stdout}");
}

#[test]
fn the_recommendation_of_the_published_example_is_equal_to_ours() {
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/published");
    let folder = repository("");
    for name in ["policy.json", "unused.json", "catalog.txt"] {
        fs::copy(example.join(name), folder.path().join(name)).unwrap();
    }
    let expected: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(example.join("expected.json")).unwrap()).unwrap();
    fs::write(folder.path().join("aws.json"), recommendation("policy", &expected)).unwrap();
    let args = ["unused.json", "--compare", "aws.json", "--catalog", "catalog.txt"];
    let (code, stdout, stderr) = findings(folder.path(), &args);
    let equal = "arn:aws:iam::123456789012:role/app: policy (policy.json): equal\n1 recommended policy, 1 equal\n";
    assert_eq!((code, stdout.as_str(), stderr.as_str()), (0, equal, ""));
}

#[test]
fn unused_roles_keys_and_passwords_are_said_once_where_their_first_policy_stands() {
    let folder = repository("guesses: warning\n");
    let path = folder.path();
    for name in ["old", "alice"] {
        fs::write(path.join(format!("policies/{name}.json")), POLICY).unwrap();
        fs::create_dir_all(path.join(format!("more/{name}"))).unwrap();
        fs::write(path.join(format!("more/{name}/{name}.json")), POLICY).unwrap();
    }
    let output = Command::new(env!("CARGO_BIN_EXE_iamtrim"))
        .args(["lint", "--format", "json", "--now", "2024-06-01", "--findings", &fixture("kinds.json")])
        .current_dir(path)
        .output()
        .unwrap();
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let said: Vec<String> = report["diagnostics"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|diagnostic| diagnostic["rule"].as_str().unwrap().starts_with("unused-"))
        .map(|diagnostic| {
            format!("{} {}: {}", diagnostic["path"], diagnostic["rule"], diagnostic["message"]).replace('"', "")
        })
        .collect();
    let expected = [
        "more/alice/alice.json unused-user-credentials: the password of the user `alice` has no use on record",
        "more/alice/alice.json unused-user-credentials: the access key `AKIAIOSFODNN7EXAMPLE` of the user `alice` was last used on 2023-12-24",
        "more/old/old.json unused-role: the role `old` was last used on 2023-12-24",
    ];
    assert_eq!(said, expected);
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn an_identity_that_no_policy_belongs_to_is_said_with_the_nearest_one() {
    let folder = repository("");
    let path = folder.path();
    fs::write(path.join("policies/alise.json"), POLICY).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_iamtrim"))
        .args(["lint", "-v", "--now", "2024-06-01", "--findings", &fixture("kinds.json"), "policies/alise.json"])
        .current_dir(path)
        .output()
        .unwrap();
    let stdout = String::from_utf8(output.stdout).unwrap();
    let nearest = "the nearest to user `alice` is `policies/alise.json`, of a similar name";
    assert!(stdout.contains(nearest) && stdout.contains("under `bindings` in `.iamtrim.yaml`"), "{stdout}");
}

#[test]
fn what_is_unused_as_a_whole_is_said_where_the_template_declares_it() {
    let folder = repository("accounts: { \"**\": [\"123456789012\"] }\n");
    let path = folder.path();
    let template = r#"Resources:
  Policy:
    Type: AWS::IAM::Policy
    Properties: {Roles: [!Ref Old], PolicyDocument: {Statement: {Effect: Allow, Action: s3:Get*, Resource: '*'}}}
  Old:
    Type: AWS::IAM::Role
    Properties: {RoleName: old}
  Alice:
    Type: AWS::IAM::User
    Properties: {UserName: alice, ManagedPolicyArns: ['arn:aws:iam::aws:policy/ReadOnlyAccess']}
"#;
    fs::write(path.join("app.yaml"), template).unwrap();
    fs::write(path.join("policies/old.json"), POLICY).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_iamtrim"))
        .args(["lint", "--format", "json", "--now", "2024-06-01", "--findings", &fixture("kinds.json")])
        .current_dir(path)
        .output()
        .unwrap();
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let diagnostics = report["diagnostics"].as_array().unwrap().iter();
    let said = diagnostics
        .filter(|diagnostic| ["unused-role", "unused-user-credentials"].iter().any(|rule| diagnostic["rule"] == *rule));
    let said: Vec<String> = said
        .map(|diagnostic| {
            let [start, end] = ["start", "end"].map(|at| (&diagnostic[at]["line"], &diagnostic[at]["column"]));
            let identity = &diagnostic["identities"][0];
            format!("{}:{}:{}-{} {}", diagnostic["path"], start.0, start.1, end.1, identity["known_by"])
                .replace('"', "")
        })
        .collect();
    assert_eq!(said, ["app.yaml:5:3-6 name", "app.yaml:8:3-8 name", "app.yaml:8:3-8 name"]);
}

#[test]
fn account_authorization_details_say_where_a_role_is_deployed() {
    let folder = repository("");
    let path = folder.path();
    let named =
        format!(r#"{{"RoleName": "app", "PolicyName": "inline", "PolicyDocument": {:?}}}"#, POLICY.replace('\n', " "));
    fs::write(path.join("policies/app.json"), named).unwrap();
    let why = |args: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_iamtrim"))
            .args(["lint", "--format", "json", "--now", "2024-06-01"])
            .args(args)
            .current_dir(path)
            .output()
            .unwrap();
        let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        report["fixes"][0]["withheld"].as_str().unwrap_or("safe").to_owned()
    };
    let (export, details) = (fixture("get-finding-v2.json"), fixture("get-account-authorization-details.json"));
    assert_eq!(why(&["--findings", &export]), "`app` is only seen in account 123456789012");
    assert_ne!(why(&["--findings", &export, "--findings", &details]), "`app` is only seen in account 123456789012");
}
