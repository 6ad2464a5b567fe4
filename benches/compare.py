#!/usr/bin/env python3
"""Measures whole processes side by side, in turn, and prints medians and ratios.

    cargo build --profile dist --features mimalloc
    python3 benches/compare.py [--runs N] [--work FOLDER] [--program FILE] [SECTION...]

The sections, all of them by default:

    tree         lint of 10,000 and of 100,000 files against ripgrep, `rg -j2 -c Action .`
    linear       lint of 1, 2, 4 and 8 times the files, and of 1, 2, 4 and 8 times the findings
    findings     exports of 1,000, 20,000 and 100,000 identities: time and memory
    attribution  lint of templates with findings of ten identities for each, against the same with no findings
    refine       one policy of every service, and one of real wildcards, with a hashed half of all actions unused
    templates    lint of CloudFormation templates against cfn-guard, cfn-lint and checkov
    minimisers   the policies of `refine` and the published example against policyuniverse and iam-shrink

`templates` needs `--templates FOLDER...`, clones of aws-cloudformation/aws-cloudformation-templates, widdix/aws-cf-templates
and aws/serverless-application-model. The peers are taken from PATH, or where `--cfn-guard`, `--cfn-lint`, `--checkov`,
`--python` (one that has policyuniverse) and `--iam-shrink` (its `dist/esm/cli.js`) say; what is not there is left out.
All run with two threads where they can be told so. Linux or macOS; Python's standard library alone.
"""

import argparse
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
TREES = [10_000, 100_000]
ENVIRONMENT = {**os.environ, "RAYON_NUM_THREADS": "2"}
GUARD_RULE = """let roles = Resources.*[ Type == 'AWS::IAM::Role' ]
rule no_iam_wildcard when %roles !empty {
  %roles.Properties.Policies[*].PolicyDocument.Statement[*] {
    Action != '*'
  }
}
"""
PEER = """import json, sys
from policyuniverse.expander_minimizer import all_permissions, minimize_statement_actions
for line in sys.stdin:
    kept = line.partition("\\t")[2].lower().split()
    known = [action for action in kept if action in all_permissions]
    if known:
        minimize_statement_actions({"Effect": "Allow", "Action": known, "Resource": "*"})
"""


class Command:
    def __init__(self, name, line, cwd=None, stdin=None):
        self.name, self.line, self.cwd, self.stdin = name, [str(word) for word in line], cwd, stdin
        self.forget()

    def forget(self):
        self.wall, self.cpu, self.peak, self.codes = [], [], [], set()

    def run(self):
        stdin = open(self.stdin, "rb") if self.stdin else subprocess.DEVNULL
        started = time.perf_counter()
        process = subprocess.Popen(
            self.line, cwd=self.cwd, env=ENVIRONMENT, stdin=stdin, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        self.wall.append(wall)
        self.cpu.append(usage.ru_utime + usage.ru_stime)
        self.peak.append(usage.ru_maxrss / (1024 if sys.platform == "linux" else 1024 * 1024))
        self.codes.add(process.returncode)


def median(values):
    ordered = sorted(values)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def measure(title, commands, runs, slow=3):
    """Runs the commands in turn, once uncounted; of what takes more than five seconds that run counts. The first is ours."""
    print(f"\n{title}")
    counts = {}
    for command in commands:
        command.run()
        is_slow = command.wall[0] > 5
        counts[command.name] = slow - 1 if is_slow else runs
        if not is_slow:
            command.forget()
    for number in range(runs):
        for command in commands:
            if number < counts[command.name]:
                command.run()
    ours = commands[0]
    for command in commands:
        wall, cpu = median(command.wall), median(command.cpu)
        ratio = ""
        if command is not ours:
            ratio = f"  wall {wall / median(ours.wall):8.2f}x  cpu {cpu / median(ours.cpu):8.2f}x ours"
        print(
            f"  {command.name:28} wall {1000 * wall:10.1f} ms  cpu {1000 * cpu:10.1f} ms  "
            f"peak {median(command.peak):7.1f} MiB  n {len(command.wall):3}  exit {sorted(command.codes)}{ratio}"
        )
    sys.stdout.flush()


def made(path, script, *arguments):
    """What a script of this folder writes, made if it is not there yet."""
    if not path.exists():
        part = path.with_name(path.name + ".part")
        shutil.rmtree(part, ignore_errors=True)
        if script == "findings_export.py":
            with open(part, "wb") as out:
                subprocess.run([sys.executable, HERE / script, *map(str, arguments)], stdout=out, check=True)
        else:
            subprocess.run([sys.executable, HERE / script, part, *map(str, arguments)], check=True)
        part.rename(path)
    return path


def tree(options):
    if not options.rg:
        return print("\ntree: ripgrep is not there")
    for files in options.files:
        folder = made(options.work / f"tree-{files}", "tree.py", files)
        ours = Command("iamtrim lint", [options.program, "lint"], folder)
        rg = Command("rg -j2 -c Action .", [options.rg, "-j2", "-c", "Action", "."], folder)
        # ripgrep reads files that nothing else here does: they are to be in the cache, however long that takes.
        rg.run()
        rg.forget()
        measure(f"tree of {files:,} files", [ours, rg], options.runs)
        print(f"  iamtrim / ripgrep: wall {median(ours.wall) / median(rg.wall):.2f}, cpu {median(ours.cpu) / median(rg.cpu):.2f}")


def slope(title, commands, runs):
    measure(title, commands, runs)
    cpu = [1000 * median(command.cpu) for command in commands]
    growth = (cpu[3] - cpu[1]) / (6 * cpu[1] / 2)
    print(f"  cpu of 8x over 2x: {cpu[3] / cpu[1]:.3f} (4 is proportional); slope over proportional: {growth:.3f}")


def linear(options):
    commands = []
    for factor in (1, 2, 4, 8):
        folder = made(options.work / f"tree-{12_500 * factor}", "tree.py", 12_500 * factor)
        commands.append(Command(f"{factor}x: {12_500 * factor:,} files", [options.program, "lint"], folder))
    slope("lint, files", commands, options.runs)
    policy = options.work / "one" / "policy.json"
    policy.parent.mkdir(exist_ok=True)
    policy.write_text('{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:Get*", "Resource": "*"}]}\n')
    commands = []
    for factor in (1, 2, 4, 8):
        count = 12_500 * factor
        export = made(options.work / f"export-{count}.json", "findings_export.py", count, count * 0.002)
        lint = [options.program, "lint", "--findings", export, "policy.json"]
        commands.append(Command(f"{factor}x: {count:,} identities", lint, policy.parent))
    slope("lint, findings", commands, options.runs)


def findings(options):
    policy = options.work / "one" / "policy.json"
    policy.parent.mkdir(exist_ok=True)
    policy.write_text('{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:Get*", "Resource": "*"}]}\n')
    for count, megabytes in ((1_000, 10), (20_000, 200), (100_000, 1_000)):
        export = made(options.work / f"export-{count}-{megabytes}.json", "findings_export.py", count, megabytes)
        lint = [options.program, "lint", "--findings", export, "policy.json"]
        measure(f"findings of {count:,} identities, {megabytes:,} MB", [Command("iamtrim lint", lint, policy.parent)], options.runs)


def attribution(options):
    for factor in (1, 2, 4):
        count = 500 * factor
        folder = made(options.work / f"stacks-{count}", "stacks.py", count)
        lint = [options.program, "lint", "--findings"]
        exports = {"none": "no findings", "other": "nothing to report", "granted": "all to be fixed"}
        commands = [Command(what, [*lint, folder / f"{name}.json"], folder / "repository") for name, what in exports.items()]
        measure(f"attribution, {count:,} templates, {10 * count:,} identities", commands, options.runs)


def exactness(refined, table):
    """How many actions a refined policy lost of those that are kept, and how many it grants of those that are unused."""
    text = subprocess.run(refined, env=ENVIRONMENT, capture_output=True, check=True).stdout
    patterns = {}
    for action in json.loads(text)["Statement"][0]["Action"]:
        service, _, name = action.partition(":")
        patterns.setdefault(service.lower(), []).append(name.lower())
    granted = {}
    for service, names in patterns.items():
        body = "|".join(re.escape(name).replace(r"\*", ".*").replace(r"\?", ".") for name in names)
        granted[service] = re.compile(f"(?:{body})").fullmatch
    kept = {action.lower() for line in table.read_text().splitlines() for action in line.partition("\t")[2].split()}
    all_actions = set()
    for line in (HERE.parent / "data" / "catalog.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("@"):
            service = line[1:]
        elif line[:1] in ("+", " ", "~"):
            all_actions.add(f"{service}:{line[1:].lower()}")
    grants = {a for a in all_actions if (s := a.partition(":"))[0] in granted and granted[s[0]](s[2])}
    print(f"  kept {len(kept):,} of {len(all_actions):,}: {len(kept - grants)} lost, {len(grants - kept)} extra")


def refine(options):
    folder = made(options.work / "half", "half_unused.py")
    for name in ("every_service", "real_wildcards"):
        line = [options.program, "refine", folder / f"{name}.json", "--findings", folder / "findings.json"]
        measure(f"refine, {name}.json", [Command("iamtrim refine", line)], options.runs)
        exactness([str(word) for word in line], folder / f"{name}.txt")


def corpus(options):
    """Templates of the clones, one folder of them, as many as are asked for."""
    folder = options.work / "templates"
    if folder.exists():
        return folder
    folder.mkdir()
    number = 0
    for root in options.templates:
        for path in sorted(pathlib.Path(root).rglob("*")):
            is_template = path.suffix in (".yaml", ".yml", ".json", ".template") and path.is_file()
            # The tests of the SAM translator: what it is given, and not what it must refuse.
            in_tests = "tests" in path.parts and ("input" not in path.parts or path.name.startswith("error"))
            if not is_template or ".git" in path.parts or in_tests or number >= options.limit:
                continue
            text = path.read_bytes()
            is_whole = re.search(rb'^Resources:\s*(#.*)?$|"Resources"\s*:\s*\{', text, re.M) and b"AWS::" in text
            # On these a peer ends without a word about the other files: a type or a key that is a tag or a mapping.
            if is_whole and not re.search(rb'Type"?\s*:\s*(!|\{)|Fn::ForEach|Fn::Transform|\{\{|\{%|!Rain', text):
                number += 1
                (folder / f"{number:03}-{path.name}").write_bytes(text)
    print(f"\ntemplates: {number}, {sum(f.stat().st_size for f in folder.iterdir()) / 1e6:.1f} MB")
    return folder


def templates(options):
    if not options.templates:
        return print("\ntemplates: name the clones with --templates")
    folder = corpus(options)
    half = made(options.work / "half", "half_unused.py")
    role = "arn:aws:iam::123456789012:role/everything"
    (options.work / "bound.yaml").write_text(f'findings: [half/findings.json]\nbindings: [{{policy: "**", identities: ["{role}"]}}]\n')
    rule = options.work / "wildcard.guard"
    rule.write_text(GUARD_RULE)
    lint = [options.program, "lint", "--config", options.work / "bound.yaml", folder]
    commands = [Command("iamtrim lint", lint, options.work)]
    if options.cfn_guard:
        commands.append(Command("cfn-guard", [options.cfn_guard, "validate", "-r", rule, "-d", folder, "-S", "none"]))
    if options.cfn_lint:
        commands.append(Command("cfn-lint", [options.cfn_lint, *sorted(folder.iterdir())]))
    if options.checkov:
        checks = "CKV_AWS_1,CKV_AWS_49,CKV_AWS_60,CKV_AWS_61,CKV_AWS_62,CKV_AWS_63,CKV_AWS_107,CKV_AWS_108,CKV_AWS_109,CKV_AWS_110,CKV_AWS_111"
        checkov = [options.checkov, "-d", folder, "--framework", "cloudformation", "--compact", "--quiet", "-c", checks]
        commands.append(Command("checkov, IAM checks", checkov))
    measure(f"templates, {len(list(folder.iterdir()))}", commands, options.runs, slow=1)


def minimisers(options):
    folder = made(options.work / "half", "half_unused.py")
    for name in ("every_service", "real_wildcards"):
        line = [options.program, "refine", folder / f"{name}.json", "--findings", folder / "findings.json"]
        commands = [Command("iamtrim refine", line)]
        if options.python:
            commands.append(Command("policyuniverse", [options.python, "-c", PEER], stdin=folder / f"{name}.txt"))
        if options.iam_shrink and name == "every_service":
            kept = [action for row in (folder / f"{name}.txt").read_text().splitlines() for action in row.partition("\t")[2].split()]
            (folder / f"{name}.kept").write_text("\n".join(kept) + "\n")
            commands.append(Command("iam-shrink", ["node", options.iam_shrink], stdin=folder / f"{name}.kept"))
        measure(f"minimisers, {name}", commands, options.runs, slow=2)
    example = HERE.parent / "tests" / "data" / "published"
    line = [options.program, "refine", example / "policy.json", "--findings", example / "unused.json"]
    commands = [Command("iamtrim refine", line)]
    names = [name for name in (example / "catalog.txt").read_text().split() if ":" in name]
    rows = []
    for statement in json.loads((example / "expected.json").read_text())["Statement"]:
        patterns = "|".join(re.escape(pattern).replace(r"\*", ".*") for pattern in statement["Action"])
        rows.append(f"\t{' '.join(filter(re.compile(patterns).fullmatch, names))}\n")
    kept = options.work / "published.txt"
    kept.write_text("".join(rows))
    actions = options.work / "published.kept"
    actions.write_text("".join(rows).replace("\t", " ").replace(" ", "\n"))
    if options.python:
        commands.append(Command("policyuniverse", [options.python, "-c", PEER], stdin=kept))
    if options.iam_shrink:
        commands.append(Command("iam-shrink", ["node", options.iam_shrink], stdin=actions))
    measure("minimisers, the published example", commands, options.runs)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sections", nargs="*", metavar="SECTION")
    parser.add_argument("--runs", type=int, default=10)
    parser.add_argument("--work", type=pathlib.Path, default=HERE.parent / "target" / "compare")
    parser.add_argument("--program", type=pathlib.Path, default=HERE.parent / "target" / "dist" / "iamtrim")
    parser.add_argument("--files", type=int, nargs="*", default=TREES)
    parser.add_argument("--templates", nargs="*", default=[])
    parser.add_argument("--limit", type=int, default=490)
    for peer in ("rg", "cfn-guard", "cfn-lint", "checkov"):
        parser.add_argument(f"--{peer}", default=shutil.which(peer))
    parser.add_argument("--python")
    parser.add_argument("--iam-shrink")
    options = parser.parse_args()
    options.work = options.work.resolve()
    options.program = options.program.resolve()
    options.work.mkdir(parents=True, exist_ok=True)
    sections = [tree, linear, findings, attribution, refine, templates, minimisers]
    wanted = options.sections or [section.__name__ for section in sections]
    unknown = set(wanted) - {section.__name__ for section in sections}
    if unknown:
        sys.exit(f"no such section: {', '.join(sorted(unknown))}")
    print(f"{os.cpu_count()} processors; {subprocess.run([options.program, '--version'], capture_output=True, text=True).stdout.strip()}")
    for section in sections:
        if section.__name__ in wanted:
            section(options)


main()
