#!/usr/bin/env python3
"""Writes a made-up findings export to standard output, the same on every machine.

    python3 benches/findings_export.py [IDENTITIES [MEGABYTES [SETS]]] > export.json

The defaults are 20,000 identities and 200 MB, as `{"findings": [...]}` in the layout of `jq`. The identities of ten
accounts have permissions of their own, or share so many sets of them, as roles of one making do. Then, for instance:

    cargo build --release
    /usr/bin/time -v target/release/iamtrim explain 's3:Get*' --findings export.json --identity role-00077
"""

import json
import pathlib
import sys

IDENTITIES = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
BYTES = int(float(sys.argv[2]) * 1_000_000) if len(sys.argv) > 2 else 200_000_000
SETS = int(sys.argv[3]) if len(sys.argv) > 3 else 0
ACCOUNTS = [f"{111122223333 + 1_000_003 * index:012d}" for index in range(10)]


def catalog():
    """The tracked actions of each service, as the project's own catalogue has them."""
    services, current = {}, None
    path = pathlib.Path(__file__).resolve().parent.parent / "data" / "catalog.txt"
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("@"):
            current = services.setdefault(line[1:], [])
        elif line.startswith("+"):
            current.append(line[1:])
    return [(prefix, actions) for prefix, actions in services.items() if actions]


def numbers(state):
    """A small generator of our own, so that no version of Python changes the export."""
    while True:
        state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
        yield state >> 33


def finding(index, services, random, size):
    account = ACCOUNTS[index % len(ACCOUNTS)]
    details, written = [], 700
    while written < size:
        prefix, actions = services[next(random) % len(services)]
        if next(random) % 4 == 0:
            details.append({"unusedPermissionDetails": {"serviceNamespace": prefix}})
            written += 110
            continue
        step = 1 + next(random) % 3
        chosen = [{"action": name} for name in actions[next(random) % step::step]]
        for action in chosen[::5]:
            action["lastAccessed"] = f"2026-0{1 + next(random) % 6}-1{next(random) % 10}T00:00:00+00:00"
        chosen = chosen[: max(1, (size - written) // 60)]
        if chosen:
            details.append({"unusedPermissionDetails": {"serviceNamespace": prefix, "actions": chosen}})
            written += 140 + sum(62 + len(action["action"]) + 58 * (len(action) - 1) for action in chosen)
    return {
        "findingDetails": details,
        "resource": f"arn:aws:iam::{account}:role/role-{index:05d}",
        "status": "ACTIVE",
        "error": None,
        "createdAt": "2026-05-23T19:20:59+00:00",
        "resourceType": "AWS::IAM::Role",
        "findingType": "UnusedPermission",
        "resourceOwnerAccount": account,
        "analyzedAt": f"2026-09-2{index % 2}T07:{index % 60:02d}:34+00:00",
        "id": f"{next(random):08x}-0000-4000-8000-{index:012d}",
        "updatedAt": "2026-09-21T07:25:37+00:00",
    }


def main():
    services, random, out = catalog(), numbers(20260920), sys.stdout
    written = out.write('{\n  "findings": [\n')
    for index in range(IDENTITIES):
        size = BYTES // IDENTITIES if SETS else (BYTES - written) // (IDENTITIES - index)
        source = numbers(index // len(ACCOUNTS) % SETS) if SETS else random
        text = json.dumps(finding(index, services, source, size), indent=2).replace("\n", "\n    ")
        written += out.write("    " + text + (",\n" if index + 1 < IDENTITIES else "\n"))
    out.write("  ]\n}\n")


main()
