"""The action as a runner runs it: its steps in order, in the runner's environment and with its files.

A folder stands for the releases and a server on this machine for GitHub's API. What must come of it: annotations,
outputs, summary, the request for a review to the byte, and exit codes.
"""

import hashlib
import json
import os
import platform
import re
import shutil
import subprocess
import tarfile
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import yaml  # comes with pre-commit

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = ROOT / "target/debug/iamtrim"
POLICY = (
    '{\n  "Version": "2012-10-17",\n  "Statement": {\n    "Effect": "Allow",\n    "Action": [\n'
    '      "sqs:SendMessage",\n      "sqs:PurgeQueue"\n    ],\n    "Resource": "*"\n  }\n}\n'
)
FINDINGS = (
    '[{ "id": "f", "resource": "arn:aws:iam::123456789012:role/app", "resourceType": "AWS::IAM::Role",'
    ' "status": "ACTIVE", "findingType": "UnusedPermission", "analyzedAt": "2026-10-12T04:31:07Z", "findingDetails": ['
    ' { "unusedPermissionDetails": { "serviceNamespace": "sqs", "actions": [{ "action": "PurgeQueue" }] } }] }]\n'
)
CONFIG = (
    "findings: [findings.json]\nmax-age: never\nnewer-entries: report\n"
    'bindings: [{ policy: "*.json", identities: ["arn:aws:iam::123456789012:role/app"] }]\n'
)


class Api(BaseHTTPRequestHandler):
    """Takes reviews and gives back what was said before."""

    status, comments, reviews, requests = 200, [], [], []

    def log_message(self, *_):
        pass

    def answer(self, status, value):
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        page = int(re.search("[?&]page=([0-9]+)", self.path)[1])
        said = Api.comments if "/comments" in self.path else Api.reviews
        self.answer(200, said[page * 100 - 100 : page * 100])

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        Api.requests.append((self.path, self.headers["Authorization"], body))
        self.answer(Api.status, {})


class Runner:
    """What a job of a workflow has."""

    def __init__(self, folder, api):
        self.folder, self.repository, self.api = folder, folder / "repository", api
        self.action = folder / "action"
        files = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout.decode()
        for name in filter(None, files.split("\0")):
            if name in ["action.yml", "Cargo.toml"] or name.startswith(".github/action/"):
                (self.action / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(ROOT / name, self.action / name)
        self.release()
        self.repository.mkdir()
        self.git("init", "--quiet", "--initial-branch=main")
        self.write(".iamtrim.yaml", CONFIG)
        self.write("findings.json", FINDINGS)
        self.base = self.commit("Begin")
        self.write("policy.json", POLICY)
        self.head = self.commit("Grant")

    def release(self):
        version = re.search(r'^version = "(.*)"$', (ROOT / "Cargo.toml").read_text(), re.MULTILINE)[1]
        targets = {
            "Linux-x86_64": "x86_64-unknown-linux-musl",
            "Linux-aarch64": "aarch64-unknown-linux-musl",
            "Darwin-x86_64": "x86_64-apple-darwin",
            "Darwin-arm64": "aarch64-apple-darwin",
        }
        name = f"iamtrim-{version}-{targets[f'{platform.system()}-{platform.machine()}']}.tar.gz"
        self.archive = self.folder / f"releases/v{version}/{name}"
        self.archive.parent.mkdir(parents=True)
        with tarfile.open(self.archive, "w:gz", compresslevel=1) as archive:
            archive.add(PROGRAM, "iamtrim")
        checksum = hashlib.sha256(self.archive.read_bytes()).hexdigest()
        (self.action / ".github/action/checksums.txt").write_text(f"{checksum}  {name}\n")

    def git(self, *arguments):
        settings = ["-c", "user.name=test", "-c", "user.email=test@example.com"]
        command = ["git", *settings, *arguments]
        return subprocess.run(command, cwd=self.repository, check=True, capture_output=True, text=True).stdout.strip()

    def write(self, name, text):
        (self.repository / name).write_text(text)

    def commit(self, message):
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", message)
        return self.git("rev-parse", "HEAD")

    def run(self, event="pull_request", **inputs):
        """Every step in order; the exit code, the log, the outputs and the summary."""
        # Each job unpacks the program, and a machine's disk is small.
        with tempfile.TemporaryDirectory(dir=self.folder) as job:
            return self.steps(Path(job), event, inputs)

    def steps(self, job, event, inputs):
        """The steps of one job, whose files are in the folder `job`."""
        action = yaml.safe_load((self.action / "action.yml").read_text())
        values = {name: str(given.get("default", "")) for name, given in action["inputs"].items()}
        values |= {"token": "t0ken"} | {name.replace("_", "-"): value for name, value in inputs.items()}
        pull = {"number": 7, "head": {"sha": self.head}, "base": {"sha": self.base}}
        (job / "event.json").write_text(json.dumps({"pull_request": pull} if event == "pull_request" else {}))
        steps, log, code = {}, "", 0

        def expand(text):
            def value(match):
                words = match[1].split(".")
                if words[0] == "inputs":
                    return values[words[1]]
                assert words[0] == "steps" and words[2] == "outputs", match[0]
                return steps.get(words[1], {}).get(words[3], "")

            return re.sub(r"\$\{\{ *(.*?) *\}\}", value, str(text))

        for step in action["runs"]["steps"]:
            assert "${{" not in step["run"], "inputs by environment only"
            condition = step.get("if")
            if condition:
                name, output = re.fullmatch(r"steps\.(\w+)\.outputs\.([\w-]+) != ''", condition).groups()
                if not steps.get(name, {}).get(output):
                    continue
            files = {name: job / f"{step['id']}-{name}" for name in ["GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY", "GITHUB_ENV"]}
            for file in files.values():
                file.touch()
            kept = ["PATH", "HOME", "CARGO_HOME", "RUSTUP_HOME"]
            env = {name: os.environ[name] for name in kept if name in os.environ} | {
                **{name: str(file) for name, file in files.items()},
                "GITHUB_ACTION_PATH": str(self.action),
                "GITHUB_ACTION_REPOSITORY": "owner/iamtrim",
                "GITHUB_API_URL": self.api,
                "GITHUB_EVENT_NAME": event,
                "GITHUB_EVENT_PATH": str(job / "event.json"),
                "GITHUB_REPOSITORY": "owner/name",
                "GITHUB_SERVER_URL": self.api,
                "GITHUB_WORKSPACE": str(self.repository),
                "IAMTRIM_RELEASES": (self.folder / "releases").as_uri(),
                "RUNNER_TEMP": str(job),
                **{name: expand(value) for name, value in step.get("env", {}).items()},
            }
            command = ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c", expand(step["run"])]
            done = subprocess.run(command, cwd=self.repository, env=env, capture_output=True, text=True)
            log += done.stdout + done.stderr
            lines = files["GITHUB_OUTPUT"].read_text().splitlines()
            steps[step["id"]] = dict(line.split("=", 1) for line in lines)
            if step["id"] == "lint":
                self.summary = files["GITHUB_STEP_SUMMARY"].read_text()
            if done.returncode:
                code = done.returncode
                break
        outputs = {name: expand(output["value"]) for name, output in action["outputs"].items()}
        return code, log, outputs


ANNOTATION = (
    "::warning file=policy.json,line=7,endLine=7,col=7,endColumn=23,title=unused-action::"
    "`sqs:PurgeQueue` is granted to role `app`, which does not use it%0Aremove it%0A"
)


def obeyed(log):
    """The lines that a runner obeys, without those that stop it and let it go on."""
    commands, token = [], None
    for line in log.splitlines():
        said = line.lstrip()
        if token is not None:
            token = None if said == f"::{token}::" else token
        elif said.startswith("::stop-commands::"):
            token = said.removeprefix("::stop-commands::")
            assert re.fullmatch("[0-9a-f]{32}", token), token
        elif said.startswith("::") or "##[" in said:
            commands.append(line)
    assert token is None, "the runner was never let go on"
    return commands


def annotates(runner):
    code, log, outputs = runner.run(sarif="out.sarif")
    [annotation] = obeyed(log)
    assert code == 1 and annotation.startswith(ANNOTATION), log
    assert outputs == {"problems": "1", "fixable": "1", "sarif": "out.sarif", "exit-code": "1"}, outputs
    assert json.loads((runner.repository / "out.sarif").read_text())["version"] == "2.1.0"
    (runner.repository / "out.sarif").unlink()
    assert runner.summary.startswith("## iamtrim: 1 problem in 1 file\n"), runner.summary
    assert "| `policy.json` line 7 |" in runner.summary, runner.summary
    assert runner.run(event="push", fail_on="never")[0] == 0
    assert runner.run(fail_on="error")[0] == 0
    assert runner.run(paths="findings.json\n.iamtrim.yaml\n")[0] == 0
    # That the export is old is said louder where no path is named.
    runner.write(".iamtrim.yaml", CONFIG.replace("max-age: never", "max-age: 1d"))
    for paths, level in [("", "::warning"), (".", "::notice")]:
        _, log, _ = runner.run(event="push", paths=paths)
        [said] = [command for command in obeyed(log) if "title=stale-findings" in command]
        assert said.startswith(level), log
    runner.write(".iamtrim.yaml", CONFIG)
    code, log, outputs = runner.run(findings="nowhere.json")
    assert code == 2 and "nowhere.json" in log and obeyed(log) == [] and outputs["exit-code"] == "2", log
    code, log, _ = runner.run(format="human")
    assert code == 1 and "warning[unused-action]" in log and obeyed(log) == [], log


def obeys_no_file(runner):
    """What a file says is no command, in whatever format the log is, nor in what is said of what cannot be read."""
    name = "::error::x ##[error]y %0A::warning::z"
    runner.write(f"{name}.json", POLICY.replace("sqs:PurgeQueue", "sqs:PurgeQueue::error::"))
    runner.write(f"{name} cut.json", POLICY[:99] + "\n::error::v\n##[error]w")
    runner.write("findings.txt", "\n::error::u\n##[error]w")
    try:
        for form in ["github", "human", "json", "sarif", "rdjson", "gitlab", "junit", "markdown"]:
            code, log, _ = runner.run(format=form)
            commands = obeyed(log)
            assert code == 1 and len(commands) == (3 if form == "github" else 0), log
            ours = re.compile("::(warning|notice) file=[^:,]+,line=[0-9]+,[^:]+::[^\n]*")
            assert all(ours.fullmatch(command) and "##[" not in command for command in commands), commands
        for findings in ["findings.txt", f"{name}\n{name}"]:
            code, log, _ = runner.run(findings=findings)
            assert code == 2 and obeyed(log) == [], log
    finally:
        for file in [f"{name}.json", f"{name} cut.json", "findings.txt"]:
            (runner.repository / file).unlink()


def injects_nothing(runner):
    marker = runner.folder / "injected"
    for name in ["paths", "findings", "config", "format", "fail_on", "sarif", "version"]:
        _, log, outputs = runner.run(**{name: f'"; touch {marker}; $(touch {marker}) `touch {marker}` \'\nreview=x'})
        assert not marker.exists(), name
        assert len(obeyed(log)) <= 1 and "x" not in outputs.values(), (log, outputs)


def reviews(runner):
    body = (
        "**unused-action**: `sqs:PurgeQueue` is granted to role `app`, which does not use it\n\n"
        "- arn&#58;aws&#58;iam&#58;&#58;123456789012&#58;role/app (known by binding): finding f of 2026-10-12\n\n"
        '```suggestion\n      "sqs:SendMessage"\n```\n\n<!-- iamtrim MARKER -->'
    )
    code, log, _ = runner.run(suggestions="true")
    assert code == 1 and ANNOTATION in log and "wrote a review with 1 suggestions" in log, log
    [(path, authorization, request)] = Api.requests
    assert (path, authorization) == ("/repos/owner/name/pulls/7/reviews", "Bearer t0ken")
    said = json.loads(request)["comments"][0]["body"]
    assert re.sub("[0-9a-f]{16}", "MARKER", said) == body, said
    comment = {"body": said, "line": 7, "path": "policy.json", "side": "RIGHT", "start_line": 6, "start_side": "RIGHT"}
    told = "iamtrim found 1 problem in what this pull request changes.\n\n<!-- iamtrim -->\n"
    review = {"body": told, "comments": [comment], "event": "COMMENT", "commit_id": runner.head}
    assert request.decode() == json.dumps(review, indent=2) + "\n", request

    # The same again, as GitHub gives it back: what was said is not repeated.
    Api.requests.clear()
    Api.comments = [{"body": "somebody else's"}] * 100 + [{"body": said.replace("\n", "\r\n")}]
    code, log, _ = runner.run(suggestions="true")
    assert code == 1 and Api.requests == [] and "nothing to say" in log, log

    # A token that may not write, as that of a fork, a server that fails, and none at all: the annotations, and the same
    # exit code, whatever the log's format.
    Api.comments = []
    for status, said_so in [(403, "::notice"), (404, "::notice"), (422, "::warning"), (500, "::warning")]:
        Api.requests.clear()
        Api.status = status
        for form in ["github", "human"]:
            code, log, _ = runner.run(suggestions="true", format=form)
            commands = obeyed(log)
            assert code == 1 and len(commands) == 2 and any(c.startswith(ANNOTATION) for c in commands), log
            assert any(command.startswith(f"{said_so} title=iamtrim::") for command in commands), log
        assert [r[2] for r in Api.requests] == [request, request], "the same request, to the byte"
    api, runner.api = runner.api, "http://127.0.0.1:1"
    code, log, _ = runner.run(suggestions="true", format="human")
    assert code == 1 and any(command.startswith(ANNOTATION) for command in obeyed(log)), log
    runner.api, Api.status = api, 200

    # Neither for another event nor for another checkout.
    Api.requests.clear()
    for event, head in [("pull_request_target", runner.head), ("pull_request", "0" * 40)]:
        keep, runner.head = runner.head, head
        code, log, _ = runner.run(event=event, suggestions="true")
        runner.head = keep
        assert code == 1 and "::notice title=iamtrim::" in log and Api.requests == [], log


def refuses_another_archive(runner):
    runner.archive.write_bytes(runner.archive.read_bytes() + b"x")
    code, log, _ = runner.run()
    assert code == 2 and "is not the one that this commit knows" in log, log


def main():
    server = HTTPServer(("127.0.0.1", 0), Api)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory() as folder:
        runner = Runner(Path(folder), f"http://127.0.0.1:{server.server_port}")
        for check in [annotates, obeys_no_file, reviews, injects_nothing, refuses_another_archive]:
            check(runner)
            print(f"the action {check.__name__.replace('_', ' ')}")


main()
