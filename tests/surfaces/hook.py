"""The hook as people meet it: real pre-commit, this work tree as the hook's repository.

A commit that grants what nobody uses fails with the diagnostic; iamtrim-fix mends it; then the hook passes. What is not
staged comes out as it went in.
"""

import os
import subprocess
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PRE_COMMIT = ROOT / "target/surfaces/bin/pre-commit"
FINDINGS = """[{ "id": "1e952245-bcf3-48ad-a708-afa460df794b", "resource": "arn:aws:iam::123456789012:role/app",
  "resourceType": "AWS::IAM::Role", "status": "ACTIVE", "findingType": "UnusedPermission",
  "analyzedAt": "2026-10-12T04:31:07Z", "findingDetails": [
    { "unusedPermissionDetails": { "serviceNamespace": "sqs", "actions": [{ "action": "PurgeQueue" }] } }] }]
"""
CONFIG = """findings: [findings.json]
max-age: never
newer-entries: report
bindings: [{ policy: "*.json", identities: ["arn:aws:iam::123456789012:role/app"] }]
"""
POLICY = """{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Effect": "Allow",
      "Action": [
        "sqs:SendMessage",
        "sqs:PurgeQueue"
      ],
      "Resource": "*"
    },
    {
      "Effect": "Allow",
      "Action": "s3:GetObject",
      "Resource": "*"
    }
  ]
}
"""
FIXED = POLICY.replace(',\n        "sqs:PurgeQueue"', "")


def main():
    with tempfile.TemporaryDirectory() as folder:
        home, repository = Path(folder, "home"), Path(folder, "repository")
        home.mkdir()
        repository.mkdir()
        # One target folder, so that what the program needs is built once; and fast to build, as it need not be fast.
        env = {**os.environ, "PRE_COMMIT_HOME": str(home / "pre-commit"), "GIT_CONFIG_NOSYSTEM": "1", "NO_COLOR": "1"}
        env |= {"GIT_CONFIG_GLOBAL": os.devnull, "CARGO_TARGET_DIR": str(ROOT / "target/surfaces/hook")}
        env |= {"CARGO_PROFILE_RELEASE_OPT_LEVEL": "0", "CARGO_PROFILE_RELEASE_CODEGEN_UNITS": "64"}
        env |= {f"GIT_{who}_{what}": "test@example.com" for who in ["AUTHOR", "COMMITTER"] for what in ["NAME", "EMAIL"]}

        def run(*command, code=0):
            done = subprocess.run([str(c) for c in command], cwd=repository, env=env, capture_output=True, text=True)
            assert done.returncode == code, (command, done.returncode, done.stdout, done.stderr)
            return done.stdout + done.stderr

        def hook(*command, code):
            started = time.monotonic()
            said = run(PRE_COMMIT, *command, "--color=never", code=code)
            print(f"{' '.join(map(str, command[::2]))}: exit code {code} after {time.monotonic() - started:.1f} s")
            return said

        run("git", "init", "--quiet", "--initial-branch=main")
        for name, text in [("findings.json", FINDINGS), (".iamtrim.yaml", CONFIG), ("README.md", "x\n")]:
            (repository / name).write_text(text)
        run("git", "add", "--all")
        run("git", "commit", "--quiet", "--message", "Begin")

        policy = repository / "policy.json"
        policy.write_text(POLICY)
        run("git", "add", "policy.json")
        unstaged = POLICY.replace('"s3:GetObject"', '[ "s3:GetObject","s3:PutObject" ]')
        policy.write_text(unstaged)

        said = hook("try-repo", ROOT, "iamtrim", code=1)
        assert "warning[unused-action]: `sqs:PurgeQueue` is granted to role `app`, which does not use it" in said, said
        assert "policy.json:8:9" in said, said
        assert policy.read_text() == unstaged, "what is not staged changed"

        # From here on by a configuration, whose hooks share one build; what is not committed here is not in it.
        revision = run("git", "-C", ROOT, "rev-parse", "HEAD").strip()
        (repository / ".pre-commit-config.yaml").write_text(
            f"repos: [{{ repo: {ROOT}, rev: {revision}, hooks: [{{ id: iamtrim }}, {{ id: iamtrim-fix }}] }}]\n"
        )
        run("git", "add", ".pre-commit-config.yaml")

        said = hook("run", "iamtrim-fix", code=1)
        assert "files were modified by this hook" in said, said
        # pre-commit takes the unstaged hunk back in; where the fix does not touch it, both stand.
        assert policy.read_text() == unstaged.replace(',\n        "sqs:PurgeQueue"', ""), policy.read_text()
        policy.write_text(FIXED)
        run("git", "add", "policy.json")
        policy.write_text(unstaged.replace(',\n        "sqs:PurgeQueue"', ""))
        before = policy.read_bytes()
        assert hook("run", code=0).count("Passed") == 2
        assert policy.read_bytes() == before, "what is not staged changed"
        assert run("git", "show", ":policy.json") == FIXED


main()
