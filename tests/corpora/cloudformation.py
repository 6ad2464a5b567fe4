#!/usr/bin/env python3
"""Holds iamtrim to a second reader over folders of public templates in YAML and JSON.

    cargo build --release && python3 -m pip install pyyaml
    python3 tests/corpora/cloudformation.py FOLDER...

Each folder is copied to a temporary one first. Read: PyYAML finds every mapping with `Effect` and `Action` anywhere,
says by the type of the resource what it is, and each literal entry of an identity policy must be at the same line and
column in `iamtrim policies`; none of any other typed resource may be. Fixed: a made-up export declares the tracked
actions of every policy unused, once each second one by a hash and once all, and `--fix=all` is run. Each file must be
its old bytes with the edits that the JSON report names, parse with PyYAML to the old document but for values of
`Action` and statements that went, allow nothing that is unused and nothing that was not allowed, and keep each comment that
is outside of what was removed. A second run must change nothing. Exit 1 if any of it does not hold.
"""

import collections
import fnmatch
import hashlib
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import yaml

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
IAMTRIM = ROOT / "target" / "release" / "iamtrim"
EVERYTHING = "arn:aws:iam::123456789012:role/everything"
SUFFIXES = (".yaml", ".yml", ".json", ".template")
IDENTITY_TYPES = {f"AWS::IAM::{name}" for name in (
    "Role", "User", "Group", "Policy", "ManagedPolicy", "RolePolicy", "UserPolicy", "GroupPolicy")} | {
    "AWS::SSO::PermissionSet", "AWS::Serverless::Function", "AWS::Serverless::StateMachine"}
IDENTITY_PROPERTIES = {"Policies", "PolicyDocument", "InlinePolicy"}


class Loader(yaml.SafeLoader):
    """Composes only, so that tags of templates need no constructors."""


def compose(text, is_json):
    """The documents of a file; PyYAML forbids the tabs that JSON allows."""
    return list(yaml.compose_all(text.replace("\t", " ") if is_json else text, Loader=Loader))


def member(node, key):
    if isinstance(node, yaml.MappingNode):
        for name, value in node.value:
            if isinstance(name, yaml.ScalarNode) and name.value == key:
                return value
    return None


def literals(node):
    """The literal entries of a value of `Action` with their lines and columns, those of both branches of a condition."""
    if isinstance(node, yaml.ScalarNode):
        if node.tag == "tag:yaml.org,2002:str":
            yield node.value, node.start_mark.line + 1, node.start_mark.column + 1
    elif isinstance(node, yaml.SequenceNode):
        if node.tag == "!If" or not node.tag.startswith("!"):
            for item in node.value[node.tag == "!If":]:
                yield from literals(item)
    else:
        condition = member(node, "Fn::If")
        if isinstance(condition, yaml.SequenceNode):
            for item in condition.value[1:]:
                yield from literals(item)


def statements(node, path=(), depth=0):
    """Every mapping with an effect and actions, with the keys and nodes above it; those inside JSON strings too."""
    if depth > 150:
        return
    if isinstance(node, yaml.MappingNode):
        if member(node, "Effect") is not None and (member(node, "Action") or member(node, "NotAction")) is not None:
            yield node, path
        for key, value in node.value:
            yield from statements(value, path + ((getattr(key, "value", None), node),), depth + 1)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from statements(item, path + ((0, node),), depth + 1)
    elif isinstance(node, yaml.ScalarNode) and node.value.lstrip().startswith("{") and "Statement" in node.value:
        try:
            yield from statements(yaml.compose(node.value, Loader=Loader), path + (("<text>", node),), depth + 1)
        except yaml.YAMLError:
            return


def classify(statement, path):
    """What a statement belongs to, by the type of the resource above it."""
    if member(statement, "Principal") is not None or member(statement, "NotPrincipal") is not None:
        return "principal"
    keys = [key for key, _ in path]
    for at, key in enumerate(keys):
        if key == "Resources" and at + 2 < len(path):
            kind = member(path[at + 2][1], "Type")
            if isinstance(kind, yaml.ScalarNode):
                below = [key for key in keys[at + 2:] if isinstance(key, str) and not key.startswith("Fn::")]
                if kind.value not in IDENTITY_TYPES or below[:1] != ["Properties"]:
                    return kind.value
                return "identity" if below[1:2] and below[1] in IDENTITY_PROPERTIES else f"property {below[1:2]}"
    return "untyped"


def run(folder, *arguments):
    done = subprocess.run([IAMTRIM, *arguments], cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode not in (0, 1) or "panicked" in done.stderr:
        sys.exit(f"iamtrim {' '.join(arguments)} in {folder}: exit {done.returncode}\n{done.stderr}")
    return json.loads(done.stdout)


def templates(folder):
    for path in sorted(folder.rglob("*")):
        if path.is_file() and ".git" not in path.parts and path.name.lower().endswith(SUFFIXES):
            try:
                text = path.read_text(encoding="utf-8-sig")
            except UnicodeDecodeError:
                continue
            if "Effect" in text and "Action" in text:
                yield path, text


def read(folder):
    """Compares what both readers find. Returns how many entries were found and missed, and what was wrongly taken."""
    listed = run(folder, "policies", ".", "--format", "json")
    ours = {(e["path"], e["start"]["line"], e["start"]["column"])
            for p in listed["policies"] for s in p["statements"] for e in s["patterns"]}
    classes, skipped = collections.Counter(), collections.Counter(skip["reason"] for skip in listed["skipped"])
    found, missed, wrong, unparsed, files = 0, [], [], [], 0
    for path, text in templates(folder):
        files, name = files + 1, path.relative_to(folder).as_posix()
        try:
            documents = compose(text, name.endswith(".json"))
        except (yaml.YAMLError, RecursionError):
            unparsed.append(name)
            continue
        for statement, above in (pair for document in documents if document for pair in statements(document)):
            what = classify(statement, above)
            in_text = any(key == "<text>" for key, _ in above)
            classes[what + (" in text" if in_text else "")] += 1
            for entry, line, column in literals(member(statement, "Action") or member(statement, "NotAction")):
                is_ours = in_text or (name, line, column) in ours
                if what == "identity":
                    found += is_ours
                    missed += [] if is_ours else [f"{name}:{line}:{column} {entry}"]
                elif what != "untyped" and is_ours and not in_text:
                    wrong.append(f"{name}:{line}:{column} {entry} ({what})")
    total = found + len(missed)
    print(f"{folder.name}: {files} files, {len(listed['policies'])} policies, skipped {dict(skipped)}")
    print(f"  statements {dict(classes)}")
    print(f"  entries of identity policies {total}, found {found} ({100 * found / max(total, 1):.2f} %)")
    print(f"  taken for an identity policy and none: {len(wrong)} {wrong[:5]}")
    print(f"  not parsed by PyYAML: {len(unparsed)} {unparsed[:20]}")
    for miss in missed:
        print(f"  missed {miss}")
    return found, len(missed), len(wrong)


def catalog():
    actions, service = collections.defaultdict(list), ""
    for line in (ROOT / "data" / "catalog.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("@"):
            service = line[1:].split()[0]
        elif match := re.match(r"[^A-Za-z#]*([A-Za-z]\w*)", line):
            actions[service].append(match.group(1))
    return actions


def is_covered(action, pattern):
    return fnmatch.fnmatchcase(action.lower(), pattern.lower().replace("[", "[[]"))


def declare_unused(folder, share):
    """Writes the export and a config that gives every policy to one role; returns the unused actions by service."""
    listed = run(folder, "policies", ".", "--format", "json")
    found = [s for policy in listed["policies"] for s in policy["statements"]]
    patterns = {entry["text"] for statement in found for entry in statement["patterns"] if ":" in entry["text"]}
    actions, unused = catalog(), collections.defaultdict(set)
    for service, _, name in (pattern.partition(":") for pattern in patterns):
        for action in actions.get(service.lower(), []):
            half = hashlib.sha1(f"{service.lower()}:{action}".encode()).digest()[0] % 2
            if is_covered(action, name) and (share == "all" or half):
                unused[service.lower()].add(action)
    listing = {service: [{"action": name} for name in sorted(names)] for service, names in sorted(unused.items())}
    details = [{"unusedPermissionDetails": {"serviceNamespace": service, "actions": names}}
               for service, names in listing.items()]
    finding = {
        "id": "00000000-0000-0000-0000-000000000001", "resource": EVERYTHING, "resourceType": "AWS::IAM::Role",
        "resourceOwnerAccount": "123456789012", "status": "ACTIVE", "findingType": "UnusedPermission",
        "createdAt": "2026-09-01T00:00:00Z", "updatedAt": "2026-09-20T00:00:00Z", "analyzedAt": "2026-09-20T00:00:00Z",
        "findingDetails": details}
    (folder / "export.json").write_text(json.dumps({"findings": [finding]}), encoding="utf-8")
    (folder / ".iamtrim.yaml").write_text(
        'findings: [export.json]\nmax-age: never\nnewer-entries: report\naccounts: { "**": ["123456789012"] }\n'
        f'bindings:\n  - {{ policy: "**", identities: ["{EVERYTHING}"] }}\n', encoding="utf-8")
    return unused


def plain(node):
    """A node as a comparable value, without places."""
    if isinstance(node, yaml.ScalarNode):
        if node.value.lstrip().startswith("{") and "Statement" in node.value:
            try:
                return node.tag, plain(yaml.compose(node.value, Loader=Loader))
            except yaml.YAMLError:
                pass
        return node.tag, node.value
    if isinstance(node, yaml.SequenceNode):
        return [node.tag] + [plain(item) for item in node.value]
    return {"": node.tag} | {key.value: plain(value) for key, value in node.value} if node else None


def entries(value):
    return [value[1]] if isinstance(value, tuple) else [item[1] for item in value[1:] if isinstance(item, tuple)]


def wrong_actions(old, new, unused):
    for pattern in entries(new):
        if pattern in entries(old):
            service, _, name = pattern.partition(":")
            # What stays as it was may be kept in doubt only where nothing says that it is unused.
            yield from (f"{pattern} still allows {a}" for a in unused.get(service.lower(), ()) if is_covered(a, name))
        elif not any(is_covered(pattern, other) for other in entries(old)):
            yield f"{pattern} is not allowed by {entries(old)}"


def without_actions(statement):
    is_mapping = isinstance(statement, dict)
    return {key: value for key, value in statement.items() if key != "Action"} if is_mapping else statement


def differences(old, new, unused):
    """What differs besides values of `Action` and statements that went."""
    if old == new:
        return
    if isinstance(old, dict) and isinstance(new, dict) and old.keys() == new.keys():
        for key in old:
            if key == "Action" and old[key] != new[key]:
                yield from wrong_actions(old[key], new[key], unused)
            else:
                yield from differences(old[key], new[key], unused)
    elif isinstance(old, list) and isinstance(new, list):
        rest = iter(old)
        for item in new:
            match = next((o for o in rest if o == item or without_actions(o) == without_actions(item)
                          or not (isinstance(o, dict) and "Effect" in o)), None)
            yield from differences(match, item, unused) if match is not None else [f"an item is new: {item}"]
        yield from (f"an item went: {o}" for o in rest if not (isinstance(o, dict) and "Effect" in o))
    elif isinstance(old, tuple) and isinstance(new, tuple) and isinstance(old[1], dict) and isinstance(new[1], dict):
        yield from differences(old[1], new[1], unused)
    else:
        yield f"{old} became {new}"


def comments(text):
    return collections.Counter(match.group(1) for match in re.finditer(r"(?m)(?:^|\s)(#.*)$", text))


def check_file(name, old, new, edits, unused):
    """What is wrong with one file after the fix."""
    expected, at = b"", 0
    for edit in sorted(edits, key=lambda edit: (edit["start"], edit["end"])):
        expected += old[at:edit["start"]] + edit["text"].encode()
        at = edit["end"]
    if expected + old[at:] != new:
        yield "its bytes are not those that the edits give"
    before, after = old.decode("utf-8-sig"), new.decode("utf-8-sig")
    is_json = name.endswith(".json")
    for first, second in zip(compose(before, is_json), compose(after, is_json), strict=True):
        yield from differences(plain(first), plain(second), unused)
    if not is_json:
        removed = b"\n".join(old[edit["start"]:edit["end"]] for edit in edits).decode()
        gone = comments(before) - comments(after) - comments(removed)
        yield from (f"the comment {comment} went" for comment in gone)


def fix(folder, share):
    unused = declare_unused(folder, share)
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file() and ".git" not in path.parts}
    report = run(folder, "lint", ".", "--format", "json")
    fixed = run(folder, "lint", ".", "--fix=all", "--format", "json")
    fixes = collections.Counter(fix["applicability"] for fix in report["fixes"])
    withheld = collections.Counter(fix["withheld"] for fix in report["fixes"] if fix["withheld"])
    edits = collections.defaultdict(list)
    for each in report["fixes"]:
        if each["applicability"] != "display-only":
            edits[each["path"]] += [edit for edit in each["edits"] if edit not in edits[each["path"]]]
    bad, changed = [], 0
    for path, old in before.items():
        new, name = path.read_bytes(), path.relative_to(folder).as_posix()
        changed += old != new
        if old != new or edits[name]:
            bad += [f"{name}: {what}" for what in check_file(name, old, new, edits[name], unused)]
    after = {path: path.read_bytes() for path in before}
    run(folder, "lint", ".", "--fix=all", "--format", "json")
    bad += [f"{path.name}: a second run changes it" for path in before if path.read_bytes() != after[path]]
    bad += [f"{d['path']}: {d['message']}" for d in fixed["diagnostics"] if d["level"] == "error"]
    print(f"  {share} unused: {len(report['diagnostics'])} diagnostics, fixes {dict(fixes)}, "
          f"{sum(map(len, edits.values()))} edits in {changed} files, {fixed['summary']['fixed']} diagnostics fixed")
    for why, count in withheld.most_common():
        print(f"    withheld {count}: {why}")
    for each in bad:
        print(f"    WRONG {each}")
    return not bad


def main():
    holds, found, missed, wrong = True, 0, 0, 0
    for argument in sys.argv[1:]:
        source = pathlib.Path(argument).resolve()
        for share in (None, "half", "all"):
            with tempfile.TemporaryDirectory() as scratch:
                folder = pathlib.Path(scratch) / source.name
                shutil.copytree(source, folder, symlinks=True, ignore=shutil.ignore_patterns(".git"))
                subprocess.run(["git", "init", "--quiet", str(folder)], check=True)
                if share:
                    holds &= fix(folder, share)
                else:
                    counts = read(folder)
                    found, missed, wrong = found + counts[0], missed + counts[1], wrong + counts[2]
    recall = found / max(found + missed, 1)
    print(f"in all: {found} of {found + missed} entries ({100 * recall:.2f} %), {wrong} wrongly taken")
    print("all fixes hold" if holds else "some fixes do not hold")
    sys.exit(0 if holds and not wrong and recall >= 0.995 else 1)


if __name__ == "__main__":
    main()
