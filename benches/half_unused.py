#!/usr/bin/env python3
"""Writes a policy and an export that reports a hashed half of all actions unused, the same on every machine.

    python3 benches/half_unused.py FOLDER

`every_service.json` grants `service:*` of each service of the project's catalogue, `real_wildcards.json` the wildcards
of `benches/data/real_wildcards.txt`; `findings.json` is of one role, and what it reports is chosen as `benches/refine.rs`
chooses: by FNV-1a over service and name. For the minimisers, `every_service.txt` and `real_wildcards.txt` have a line
of each entry: the entry, a tab, and the actions that it matches and that are kept.
"""

import fnmatch
import json
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).resolve().parent


def catalog():
    """The current actions of each service."""
    services = {}
    for line in (HERE.parent / "data" / "catalog.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("@"):
            current = services.setdefault(line[1:], [])
        elif line[:1] in ("+", " ", "~"):
            current.append(line[1:])
    return {prefix: names for prefix, names in services.items() if names}


def is_picked(service, name):
    value = 0xCBF29CE484222325
    for byte in (service + name).encode():
        value = (value ^ byte) * 0x100000001B3 % 2**64
    return value >> 32 & 1 == 1


def policy(entries):
    statement = {"Effect": "Allow", "Action": entries, "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]}, indent=2) + "\n"


def kept(entry, services):
    service, _, pattern = entry.partition(":")
    matches = re.compile(fnmatch.translate(pattern.lower().replace("[", "[[]"))).match
    names = services.get(service.lower(), [])
    return [f"{service.lower()}:{name}" for name in names if matches(name.lower()) and not is_picked(service.lower(), name)]


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    services = catalog()
    unused = {prefix: [name for name in names if is_picked(prefix, name)] for prefix, names in services.items()}
    details = [
        {"unusedPermissionDetails": {"serviceNamespace": prefix, "actions": [{"action": name} for name in names]}}
        for prefix, names in unused.items()
        if names
    ]
    finding = {
        "id": "00000000-0000-4000-8000-000000000000",
        "analyzedAt": "2026-09-20T07:00:00Z",
        "resource": "arn:aws:iam::123456789012:role/everything",
        "resourceType": "AWS::IAM::Role",
        "status": "ACTIVE",
        "findingType": "UnusedPermission",
        "findingDetails": details,
    }
    (folder / "findings.json").write_text(json.dumps({"findings": [finding]}, indent=2) + "\n")
    words = (HERE / "data" / "real_wildcards.txt").read_text(encoding="utf-8").split()
    lists = {
        "every_service": [f"{prefix}:*" for prefix in services],
        "real_wildcards": [word for word in words if ":" in word],
    }
    for name, entries in lists.items():
        (folder / f"{name}.json").write_text(policy(entries))
        lines = (entry + "\t" + " ".join(kept(entry, services)) for entry in entries)
        (folder / f"{name}.txt").write_text("".join(line + "\n" for line in lines))


main()
