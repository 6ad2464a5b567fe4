//! What `iamtrim init` writes, that it overwrites nothing, and that what it proposes is taken as it is meant.

#![expect(clippy::disallowed_methods, clippy::unwrap_used, reason = "a test makes the files that the program reads")]

use std::fs;
use std::path::Path;
use std::process::Command;

const TEMPLATE: &str = r#"Resources:
  Worker:
    Type: AWS::IAM::Role
    Properties: {Policies: [{PolicyName: p, PolicyDocument: {Statement: {Effect: Allow, Action: s3:Get*, Resource: '*'}}}]}
  Nightly:
    Type: AWS::IAM::ManagedPolicy
    Properties: {Roles: [!Ref Name], PolicyDocument: {Statement: {Effect: Allow, Action: sqs:*, Resource: '*'}}}
"#;

const POLICY: &str = r#"{"Statement": [{"Effect": "Allow", "Action": ["s3:Get*"], "Resource": "*"}]}"#;

fn finding(role: &str) -> String {
    format!(
        r#"{{"id":"{role}","resource":"arn:aws:iam::123456789012:role/{role}","status":"ACTIVE","findingType":"UnusedPermission","analyzedAt":"2026-10-12T00:00:00Z","findingDetails":[{{"unusedPermissionDetails":{{"serviceNamespace":"s3","actions":[{{"action":"GetBucketAcl"}}]}}}}]}}"#
    )
}

fn repository(findings: bool) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let put = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    fs::create_dir(folder.path().join(".git")).unwrap();
    put("infra/app.yaml", TEMPLATE);
    put("policies/report.json", POLICY);
    put("policies/a [b]: #c.json", POLICY);
    if findings {
        let roles = ["shop-dev-Worker-AB12CD34EF56", "shop-prod-Worker-AB12CD34EF57", "nightly", "report"];
        put("security/findings.json", &format!("[{}]", roles.map(finding).join(",")));
        put("security/notes.json", r#"{"note": "about \"UnusedPermission\" findings"}"#);
    }
    folder
}

fn run(folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_iamtrim")).current_dir(folder).args(arguments).output().unwrap();
    assert_eq!((output.status.code(), String::from_utf8(output.stderr).unwrap().as_str()), (Some(0), ""));
    String::from_utf8(output.stdout).unwrap()
}

fn read(folder: &Path, name: &str) -> String {
    fs::read_to_string(folder.join(name)).unwrap()
}

#[test]
fn a_first_configuration_names_what_is_known_and_proposes_the_rest() {
    let folder = repository(true);
    let said = run(folder.path(), &["init"]);
    let expected =
        "wrote .iamtrim.yaml: findings in security/findings.json, 1 account, 4 policies, 3 of them open whose they are
wrote .pre-commit-config.yaml
wrote .github/workflows/iamtrim.yml
";
    assert_eq!(said, expected);
    let text = read(folder.path(), ".iamtrim.yaml");
    let expected = r##"# What iamtrim is to know of this repository. Paths are relative to this file.
# What begins with `# ` before a key is a proposal: look at it, and take the sign away if it is right.

# The exports of IAM Access Analyzer to read: files, folders or globs.
findings: [security/findings.json]

# Where what is written here is deployed. A fix by name is safe only with a finding for each of these.
# The findings speak of these accounts:
# accounts: { "**": ["123456789012"] }

# Under which names templates are deployed, which tells whose the roles are that they do not name.
# Roles of these stacks are in the findings:
# stacks:
#   infra/app.yaml: [shop-dev, shop-prod]

# Whose a policy is, where neither it nor a template says so.
# bindings:
#   - policy: "infra/app.yaml#Nightly"
#     identities: ["arn:aws:iam::123456789012:role/nightly"] # one of the same name
#   - policy: "policies/a [[]b[]]: ?c.json"
#     identities: [] # no identity of the findings is like it
#   - policy: policies/report.json
#     identities: ["arn:aws:iam::123456789012:role/report"] # by its path
"##;
    assert_eq!(text, expected);
}

#[test]
fn the_proposals_are_taken_as_they_are_meant() {
    let folder = repository(true);
    run(folder.path(), &["init"]);
    let text = read(folder.path(), ".iamtrim.yaml");
    let bare = |line: &str| match line.strip_prefix("# ") {
        Some(rest) if rest.starts_with(' ') || rest.split(' ').next().is_some_and(|key| key.ends_with(':')) => {
            rest.to_owned()
        }
        _ => line.to_owned(),
    };
    let taken: Vec<String> = text.lines().map(bare).collect();
    fs::write(folder.path().join(".iamtrim.yaml"), taken.join("\n").replace("[] #", "[role-c] #")).unwrap();
    let listed: serde_json::Value =
        serde_json::from_str(&run(folder.path(), &["policies", "--format", "json"])).unwrap();
    let owners: Vec<String> = listed["policies"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|policy| policy["identities"].as_array().unwrap())
        .map(|identity| {
            let who = identity.get("arn").or(identity.get("name")).unwrap().as_str().unwrap();
            format!("{} {}", who.rsplit('/').next().unwrap(), identity["known_by"].as_str().unwrap())
        })
        .collect();
    let expected = [
        "shop-dev-Worker-AB12CD34EF56 reference",
        "shop-prod-Worker-AB12CD34EF57 reference",
        "nightly binding",
        "role-c name",
        "report binding",
    ];
    assert_eq!(owners, expected);
}

#[test]
fn nothing_is_overwritten_and_what_is_there_is_said() {
    let folder = repository(false);
    let hooks = "repos:\n  - repo: local\n    hooks: []\n";
    fs::write(folder.path().join(".pre-commit-config.yaml"), hooks).unwrap();
    fs::create_dir_all(folder.path().join(".github/workflows")).unwrap();
    fs::write(folder.path().join(".github/workflows/ci.yml"), "steps: [{ run: iamtrim lint }]\n").unwrap();
    let said = run(folder.path(), &["init"]);
    assert!(said.starts_with("wrote .iamtrim.yaml: no findings yet, 0 accounts, 4 policies, 4 of them open"), "{said}");
    assert!(
        said.contains(".pre-commit-config.yaml is there already, and is left as it is\nadd this to its `repos`:\n")
    );
    assert!(said.ends_with(".github/workflows/ci.yml runs iamtrim already\n"), "{said}");
    assert_eq!(read(folder.path(), ".pre-commit-config.yaml"), hooks);
    let first = read(folder.path(), ".iamtrim.yaml");
    run(folder.path(), &["policies"]);
    let again = run(folder.path(), &["init", "--findings", "nowhere"]);
    assert!(again.starts_with(".iamtrim.yaml is there already, and is left as it is\n"), "{again}");
    assert_eq!(read(folder.path(), ".iamtrim.yaml"), first);
}

#[cfg(unix)]
#[test]
fn a_link_to_nothing_is_not_written_through() {
    let folder = repository(false);
    std::os::unix::fs::symlink("elsewhere", folder.path().join(".pre-commit-config.yaml")).unwrap();
    let said = run(folder.path(), &["init"]);
    assert!(said.contains("\n.pre-commit-config.yaml is there already"), "{said}");
    assert!(!folder.path().join("elsewhere").exists());
}
