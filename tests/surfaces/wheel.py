"""The hook without Rust: the wheel of a release, which pre-commit installs by the checksum in the hook's own commit."""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TOOLS = ROOT / "target/surfaces"
POLICY = '{ "Version": "2012-10-17", "Statement": { "Effect": "Allow", "Action": "sqs:PurgeQueue", "Resource": "*" } }\n'
FINDINGS = (
    '[{ "id": "f", "resource": "arn:aws:iam::123456789012:role/app", "resourceType": "AWS::IAM::Role",'
    ' "status": "ACTIVE", "findingType": "UnusedPermission", "analyzedAt": "2026-10-12T04:31:07Z", "findingDetails": ['
    ' { "unusedPermissionDetails": { "serviceNamespace": "sqs", "actions": [{ "action": "PurgeQueue" }] } }] }]\n'
)
CONFIG = (
    "findings: [findings.json]\nmax-age: never\nnewer-entries: report\n"
    'bindings: [{ policy: "policy.json", identities: ["arn:aws:iam::123456789012:role/app"] }]\n'
)


def run(*command, cwd=ROOT, code=0, env=os.environ):
    done = subprocess.run([str(c) for c in command], cwd=cwd, env=env, capture_output=True, text=True)
    assert done.returncode == code, (command, done.returncode, done.stdout, done.stderr)
    return done.stdout + done.stderr


def repository(folder, texts):
    for name, text in texts.items():
        (folder / name).write_text(text)
    run("git", "init", "--quiet", "--initial-branch=main", cwd=folder)
    run("git", "add", "--all", cwd=folder)
    run("git", "-c", "user.name=test", "-c", "user.email=test@example.com", "commit", "-qm", "Begin", cwd=folder)


def main():
    with tempfile.TemporaryDirectory() as folder:
        hooks, releases, project = Path(folder, "hooks"), Path(folder, "releases"), Path(folder, "project")
        out = releases / f"v{VERSION}"
        # The program is the one that the tests build; it is only put into a wheel.
        build = ["build", "--quiet", "--locked", "--profile", "dev", "--compatibility", "linux", "--out", out]
        run(TOOLS / "bin/maturin", *build)
        [wheel] = out.iterdir()
        checksum = hashlib.sha256(wheel.read_bytes()).hexdigest()

        for name in ["Cargo.toml", "README.md", "pyproject.toml", ".pre-commit-hooks.yaml", ".github/wheel/iamtrim_wheel.py"]:
            (hooks / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, hooks / name)
        (hooks / ".github/action").mkdir()
        repository(hooks, {".github/action/checksums.txt": f"{checksum}  {wheel.name}\n{checksum}  iamtrim-{VERSION}-x.tar.gz\n"})
        project.mkdir()
        repository(project, {"policy.json": POLICY, "findings.json": FINDINGS, ".iamtrim.yaml": CONFIG})
        env = {**os.environ, "PRE_COMMIT_HOME": str(Path(folder, "home")), "IAMTRIM_RELEASES": releases.as_uri()}
        # A build would fail.
        env |= {"CARGO": "/nowhere", "CARGO_BUILD_RUSTC": "/nowhere"}
        hook = [TOOLS / "bin/pre-commit", "try-repo", hooks, "iamtrim-wheel", "--all-files", "--color=never"]

        said = run(*hook, cwd=project, code=1, env=env)
        assert "warning[unused-action]: `sqs:PurgeQueue` is granted to role `app`, which does not use it" in said, said
        print("the wheel's hook finds what is unused")

        wheel.write_bytes(wheel.read_bytes() + b"x")
        said = run(*hook, cwd=project, code=3, env=env)
        assert "is not the one that this commit knows" in said, said
        print("the wheel's hook refuses another wheel")


sys.path.insert(0, str(ROOT / ".github/wheel"))
from iamtrim_wheel import version  # noqa: E402

VERSION = version()
main()
