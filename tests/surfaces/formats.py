"""Holds what each format prints, of the examples and of a hostile repository, against the schema of that format.

SARIF's schema comes with @microsoft/jest-sarif, reviewdog's with @umbrelladocs/rdformat-validator (both from npm), and
JUnit's with pytest's sources (from PyPI). GitLab publishes none; the one beside this file is written from its table.
What is Markdown is rendered, with links and HTML, and must hold no element but ours.
"""

import json
import os
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

import jsonschema
from lxml import etree, html
from markdown_it import MarkdownIt

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = ROOT / "target" / "debug" / "iamtrim"
TOOLS = ROOT / "target" / "surfaces"
HOSTILE = "::error::x ##[error]y %0A \x1b[31m | ` </script> ![a](b) ]]> &amp; \u202e"


def run(*arguments, cwd=ROOT, codes=(0,)):
    done = subprocess.run([str(a) for a in arguments], cwd=cwd, capture_output=True)
    assert done.returncode in codes, (arguments, done.returncode, done.stdout, done.stderr)
    return done.stdout.decode()


def sarif_schema():
    folder = TOOLS / "jest-sarif"
    if not folder.exists():
        folder.mkdir(parents=True)
        archive = run("npm", "pack", "--silent", "@microsoft/jest-sarif@1.0.0-beta.0", cwd=folder).split()[-1]
        tarfile.open(folder / archive).extractall(folder, filter="data")
    return json.loads((folder / "package/lib/schemas/sarif-2.1.0-rtm.5.json").read_text())


def rdjson_validator():
    folder = TOOLS / "rdformat"
    binary = folder / "node_modules/.bin/rdformat-validator"
    if not binary.exists():
        package = "@umbrelladocs/rdformat-validator@1.0.1"
        run("npm", "install", "--silent", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix", folder, package)
    return binary


def junit_schema():
    folder = TOOLS / "pytest"
    if not folder.exists():
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary=pytest", "pytest==8.4.2"]
        run(*pip, "--dest", folder)
    archive = tarfile.open(next(folder.glob("pytest-*.tar.gz")))
    member = next(name for name in archive.getnames() if name.endswith("junit-10.xsd"))
    return etree.XMLSchema(etree.parse(archive.extractfile(member)))


def hostile_repository(folder):
    """File names, actions and a Sid that some tool would obey."""
    action = {"action": HOSTILE}
    finding = {
        "id": HOSTILE,
        "resource": "arn:aws:iam::123456789012:role/app",
        "resourceType": "AWS::IAM::Role",
        "status": "ACTIVE",
        "findingType": "UnusedPermission",
        "analyzedAt": "2026-10-12T04:31:07Z",
        "findingDetails": [{"unusedPermissionDetails": {"serviceNamespace": "sqs", "actions": [action]}}],
    }
    statement = {"Sid": HOSTILE, "Effect": "Allow", "Action": ["sqs:Get*", "sqs:" + HOSTILE], "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]}, ensure_ascii=False, indent=2)
    (folder / "findings.json").write_text(json.dumps([finding]))
    binding = '{ policy: "**", identities: ["arn:aws:iam::123456789012:role/app"] }'
    (folder / ".iamtrim.yaml").write_text(f"findings: [findings.json]\nmax-age: never\nnewer-entries: report\nbindings: [{binding}]\n")
    name = HOSTILE.replace("/", "\u2215")
    (folder / f"{name}.json").write_text(policy)
    (folder / f"{name} cut.json").write_text(policy[: len(policy) // 2])


def elements(markdown):
    """What Markdown becomes, as the names of its elements, with whatever it may link to or run."""
    tree = html.fromstring(f"<div>{MarkdownIt('gfm-like', {'html': True}).render(markdown)}</div>")
    return {node.tag for node in tree.iter() if isinstance(node.tag, str)} | {f"@{name}" for node in tree.iter() for name in node.attrib}


def review(folder):
    """The review of a pull request that adds the hostile files, and of one that adds a file as hostile as can be mended."""
    git = ["git", "-c", "user.name=test", "-c", "user.email=test@example.com"]
    run(*git, "init", "--quiet", cwd=folder)
    run(*git, "add", "findings.json", ".iamtrim.yaml", cwd=folder)
    run(*git, "commit", "--quiet", "--message", "Begin", cwd=folder)
    findings = json.loads((folder / "findings.json").read_text())
    findings[0]["findingDetails"] = [{"unusedPermissionDetails": {"serviceNamespace": "sqs", "actions": [{"action": "PurgeQueue"}]}}]
    (folder / "findings.json").write_text(json.dumps(findings))
    run(*git, "commit", "--quiet", "--all", "--message", "Export again", cwd=folder)
    sid = "%0A ``` ```` | </script> ![a](b) ]]> &amp; @octocat <!--"
    lines = ['{ "Version": "2012-10-17", "Statement": { "Effect": "Allow", "Resource": "*", "Action": [']
    lines += ['  "sqs:SendMessage",', f'  "sqs:PurgeQueue"], "Sid": "{sid}"', "}}", ""]
    (folder / "mended `|<b> ::error::.json").write_text("\n".join(lines))
    run(*git, "add", "--all", cwd=folder)
    run(*git, "commit", "--quiet", "--message", "Grant", cwd=folder)
    return run(PROGRAM, "lint", "--format", "suggestions", "--changed-since", "HEAD~1", cwd=folder, codes=(1,))


def main():
    assert os.access(PROGRAM, os.X_OK), "cargo build first"
    sarif, junit, rdformat = sarif_schema(), junit_schema(), rdjson_validator()
    gitlab = json.loads((Path(__file__).parent / "gitlab-code-quality.schema.json").read_text())
    with tempfile.TemporaryDirectory() as hostile, tempfile.TemporaryDirectory() as out:
        hostile_repository(Path(hostile))
        for name, folder in [("examples", ROOT / "examples/json-policies"), ("hostile", Path(hostile))]:
            printed = {}
            for form in ["sarif", "rdjson", "gitlab", "junit", "github", "markdown"]:
                printed[form] = run(PROGRAM, "lint", "--format", form, "--no-ignore", cwd=folder, codes=(0, 1))
                obeyed = [line for line in printed[form].splitlines() if line.lstrip().startswith("::")]
                assert form == "github" or not obeyed, obeyed
                assert "##[" not in printed[form] and "\x1b" not in printed[form], form
            jsonschema.Draft7Validator(sarif).validate(json.loads(printed["sarif"]))
            jsonschema.validate(json.loads(printed["gitlab"]), gitlab)
            fingerprints = [violation["fingerprint"] for violation in json.loads(printed["gitlab"])]
            assert len(fingerprints) == len(set(fingerprints)) > 1, fingerprints
            junit.assertValid(etree.fromstring(printed["junit"].encode()))
            path = Path(out) / "rd.json"
            path.write_text(printed["rdjson"])
            said = run(rdformat, path)
            assert "valid" in said.lower(), said
            allowed = {"div", "h2", "h3", "p", "table", "thead", "tbody", "tr", "th", "td", "code", "pre"}
            allowed |= {"details", "summary", "ul", "li", "@style", "@class"}
            assert elements(printed["markdown"]) <= allowed, elements(printed["markdown"]) - allowed
            results = len(json.loads(printed["sarif"])["runs"][0]["results"])
            assert results > 1
            if name == "hostile":
                printed["suggestions"] = review(folder)
                assert "##[" not in printed["suggestions"] and "\x1b" not in printed["suggestions"]
                told = json.loads(printed["suggestions"])
                assert len(told["comments"]) == 1, told
                for body in [told["body"], *(comment["body"] for comment in told["comments"])]:
                    assert elements(body) <= {"div", "p", "ul", "li", "code", "pre", "strong", "@class"}, (elements(body), body)
            print(f"{name}: {results} diagnostics; SARIF, GitLab, JUnit and rdjson hold to their schemas")


main()
