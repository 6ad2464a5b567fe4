"""What the program makes of whole Terraform repositories, held against a second reader and a made-up export.

    python prove_terraform.py PROGRAM WORK_FOLDER REPOSITORY...

needs python-hcl2 and `terraform`. It copies each repository, compares what is found, declares every tracked action
unused and then a half of them, has the program fix the copies, and says what it finds wrong; it ends with 1 if
anything is. Figures go to stdout as JSON, one line per repository and run.
"""

import collections
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys

import hcl2
import terraform as second

ACCOUNT = "123456789012"
ACTION_KEYS = {"actions", "not_actions", "Action", "NotAction", "action", "not_action"}
CONFIG = """findings: [.proof/findings.json]
accounts: {"**": ["123456789012"]}
bindings: [{policy: "**", identities: ["arn:aws:iam::123456789012:role/proof"]}]
max-age: never
unused-for: 0d
guesses: warning
newer-entries: report
"""


class Catalogue:
    """The program's own list of actions, read without its code."""

    def __init__(self, path):
        self.services = collections.defaultdict(dict)
        with open(path, encoding="utf-8") as file:
            for line in file:
                line = line.rstrip("\n")
                if line.startswith("@"):
                    service = line[1:]
                elif line and not line.startswith("#"):
                    self.services[service][line[1:]] = line[0]

    def expand(self, pattern):
        """The actions that an entry grants, in lower case; what the catalogue does not know grants itself."""
        service, _, name = pattern.lower().partition(":")
        rule = re.compile("".join({"*": ".*", "?": "."}.get(c) or re.escape(c) for c in name))
        listed = self.services.get(service, {})
        found = {f"{service}:{n.lower()}" for n, mark in listed.items() if mark != "-" and rule.fullmatch(n.lower())}
        return found or {pattern.lower()}

    def unused(self, is_unused):
        """Of each service the tracked actions that are declared unused."""
        for service, actions in sorted(self.services.items()):
            names = [n for n, mark in sorted(actions.items()) if mark == "+" and is_unused(f"{service}:{n}")]
            if names:
                yield service, names


def half(action):
    return hashlib.sha256(action.lower().encode()).digest()[0] % 2 == 0


def run(program, folder, *arguments):
    done = subprocess.run([program, *arguments], cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode not in (0, 1) or "panicked" in done.stderr:
        raise SystemExit(f"{arguments} in {folder}: {done.returncode}\n{done.stderr}")
    return done.stdout


# What is found.


def found_by_program(policies):
    found = collections.Counter()
    for policy in policies:
        for statement in policy["statements"]:
            for pattern in statement["patterns"]:
                found[pattern.get("path") or policy["path"], pattern["start"]["line"], pattern["text"]] = 1
    return found


def recall(root, policies, literals):
    ours = found_by_program(policies)
    theirs = {(os.path.relpath(l.path, root), l.line, l.text): l for l in literals}
    identity = {place for place, l in theirs.items() if l.kind == "identity"}
    missed = sorted(identity - set(ours))
    extra = sorted(place for place in ours if place not in identity and second.ACTION.match(place[2]))
    wrong = [place for place in extra if place in theirs and theirs[place].kind in ("trust", "resource")]
    return {
        "by the second reader": dict(collections.Counter(l.kind for l in theirs.values())),
        "in identity policies": len(identity),
        "found": len(identity) - len(missed),
        "missed": collections.Counter((m[0], reason(theirs[m])) for m in missed),
        "only by the program": collections.Counter((e[0], reason(theirs.get(e))) for e in extra),
        "trust or resource": wrong,
    }


def reason(literal):
    return ", ".join(sorted({sink for _, sink in literal.sinks})[:2]) if literal else "not seen"


def ownership(policies):
    """How each policy's owners are known, by the weakest; an owner without a name is one."""
    order = ["arn", "binding", "name", "reference", "nameless", "guess"]
    counts = collections.Counter()
    for policy in policies:
        ways = {
            "nameless" if owner.get("name") in ("an identity without a name", "a group") else owner["known_by"]
            for owner in policy["identities"]
        }
        counts[max(ways, key=order.index) if ways else "nobody"] += 1
    return dict(counts)


# What is written.


def findings(catalogue, policies, is_unused):
    """A finding for the bound role and for every identity that a policy names."""
    names = {owner.get("name", "") for policy in policies for owner in policy["identities"]} - {""}
    names = {"proof"} | {name for name in names if re.fullmatch(r"[\w+=,.@-]+", name)}
    details = [
        {"unusedPermissionDetails": {"serviceNamespace": s, "lastAccessed": "2026-01-01T00:00:00Z", "actions": [{"action": a} for a in names]}}
        for s, names in catalogue.unused(is_unused)
    ]  # fmt: skip
    return [
        {
            "id": f"{kind}-{name}",
            "resource": f"arn:aws:iam::{ACCOUNT}:{kind}/{name}",
            "resourceType": f"AWS::IAM::{kind.title()}",
            "resourceOwnerAccount": ACCOUNT,
            "status": "ACTIVE",
            "findingType": "UnusedPermission",
            "analyzedAt": "2026-10-12T00:00:00Z",
            "findingDetails": details,
        }
        for name in sorted(names)
        for kind in ("role", "user")
    ]


def texts(root):
    found = {}
    for folder, folders, files in os.walk(root):
        folders[:] = [f for f in folders if f not in (".git", ".proof", ".terraform")]
        for name in files:
            path = os.path.join(folder, name)
            if not os.path.islink(path):
                with open(path, "rb") as file:
                    found[os.path.relpath(path, root)] = file.read()
    return found


def edited(before, fixes):
    """The texts with the edits that the program announces."""
    after = dict(before)
    edits = collections.defaultdict(set)
    for fix in fixes:
        if fix["applicability"] in ("safe", "unsafe"):
            for edit in fix["edits"]:
                edits[edit.get("path") or fix["path"]].add((edit["start"], edit["end"], edit["text"]))
    for path, changes in edits.items():
        kept, added, at = bytearray(), collections.defaultdict(str), 0
        for start, _, text in sorted(changes):
            added[start] += text
        taken = sorted((start, end) for start, end, _ in changes)
        # Deletions may overlap: the comma of a statement that another fix takes.
        for start, end in taken:
            kept += after[path][at:start] if start > at else b""
            kept += added.pop(start, "").encode()
            at = max(at, end)
        after[path] = bytes(kept) + after[path][at:]
    return after


def without_commas(text):
    """Two fixes that each take the last item announce a comma each for a list that keeps none."""
    return text and text.replace(b",", b"")


class Comparison:
    """Two readings of one file: only lists of actions may differ, and only as intended."""

    def __init__(self, catalogue, unused):
        self.catalogue, self.unused, self.changed, self.same, self.dropped = catalogue, unused, 0, 0, 0

    def is_due(self, entry):
        return second.ACTION.match(entry) and bool(self.catalogue.expand(entry) & self.unused)

    def entries(self, before, after, problems, conditional=()):
        """Holds a list to what is intended; an entry that a condition chooses may stay."""
        if before == after:
            self.same += any(self.is_due(entry) for entry in before)
            return
        self.changed += 1
        granted = set().union(*map(self.catalogue.expand, before))
        left = set().union(*map(self.catalogue.expand, after)) if after else set()
        may_stay = set().union(*map(self.catalogue.expand, conditional)) if conditional else set()
        if not granted - self.unused <= left <= granted - self.unused | may_stay:
            problems.append(f"{before} became {after}: {sorted(left ^ (granted - self.unused))[:5]}")

    def is_gone(self, entries):
        """Whether a statement with these entries is one that goes as a whole."""
        return bool(entries) and all(
            second.ACTION.match(entry) and self.catalogue.expand(entry) <= self.unused for entry in entries
        )

    # Trees of HCL.

    def trees(self, before, after):
        problems = []
        if before.kind != after.kind or before.name != after.name:
            if before.kind in ("string", "heredoc") and before.kind == after.kind and is_policy(before.name):
                return self.jsons(read_json(before), read_json(after))
            return [f"line {before.at[0]}: {before.kind} {str(before.name)[:80]} became {str(after.name)[:80]}"]
        if before.kind in ("attribute", "key") and before.name in ACTION_KEYS:
            self.lists(before, after, problems)
            return problems
        mine, theirs = solid(before), solid(after)
        at = 0
        for child in mine:
            there = theirs[at] if at < len(theirs) else None
            found = self.trial(child, there) if there else ["missing"]
            if not found:
                at += 1
            elif self.is_gone(statement_entries(child)):
                self.dropped += 1
            else:
                return [f"line {child.at[0]}: " + found[0]] if there else [f"line {child.at[0]}: {child.kind} is gone"]
        return [] if at == len(theirs) else [f"line {theirs[at].at[0]}: something new"]

    def trial(self, before, after):
        counts = self.changed, self.same, self.dropped
        found = self.trees(before, after)
        if found:
            self.changed, self.same, self.dropped = counts
        return found

    def lists(self, before, after, problems):
        """Every literal list of an attribute of actions; what is around the lists stays."""
        frame = lambda node: [  # noqa: E731
            (n.kind, n.name) for n in node.walk() if n.kind in ("reference", "call", "identifier", "condition", "conditional")
        ]
        if frame(before) != frame(after):
            problems.append(f"line {before.at[0]}: more than entries changed")
        strings = lambda node: [n.name for n in node.walk() if n.kind == "string"]  # noqa: E731
        choices = [node for node in after.walk() if node.kind == "conditional"]
        self.entries(strings(before), strings(after), problems, [text for node in choices for text in strings(node)])

    # JSON.

    def jsons(self, before, after):
        if isinstance(before, dict) and isinstance(after, dict):
            if list(before) != list(after):
                return [f"keys {list(before)} became {list(after)}"]
            problems = []
            for key in before:
                if key in ACTION_KEYS and is_texts(before[key]):
                    self.entries(listed(before[key]), listed(after[key]), problems)
                else:
                    problems += self.jsons(before[key], after[key])
            return problems
        if isinstance(before, list) and isinstance(after, list):
            at = 0
            for item in before:
                found = self.jsons(item, after[at]) if at < len(after) else ["missing"]
                if not found:
                    at += 1
                elif isinstance(item, dict) and self.is_gone(listed(item.get("Action", []))):
                    self.dropped += 1
                else:
                    return found
            return [] if at == len(after) else ["something new"]
        return [] if before == after else [f"{before} became {after}"]


def listed(value):
    return [value] if isinstance(value, str) else value


def is_texts(value):
    return isinstance(value, str) or isinstance(value, list) and all(isinstance(item, str) for item in value)


def is_policy(text):
    return "Statement" in text


def read_json(node):
    text = node.name
    if node.kind == "heredoc":
        lines = text.rstrip("\r\n").split("\n")
        text = "\n".join(lines[1:-1])
    else:
        text = re.sub(r'\\(["\\])', r"\1", text.replace("\\n", "\n"))
    in_string = lambda at: len(re.findall(r'(?<!\\)"', text[:at])) % 2  # noqa: E731
    masked = second.HOLE.sub(lambda hole: "x" if in_string(hole.start()) else '"x"', text)
    return json.loads(masked)


def solid(node):
    return [child for child in node.children if child.kind != "new_line_or_comment"]


def statement_entries(node):
    """The entries of what is one statement, and of nothing more."""
    lists = [n for n in node.walk() if n.kind in ("attribute", "key") and n.name in ACTION_KEYS]
    return [n.name for n in lists[0].walk() if n.kind == "string"] if len(lists) == 1 else []


def comments(text):
    """The comments of a file with their lines."""
    found = []
    for token in hcl2.api.parses_to_tree(text.removeprefix("\ufeff")).scan_values(lambda t: t.type == "NL_OR_COMMENT"):
        if token.strip():
            found.append((token.line, token.strip()))
    return found


def vanished(before, after):
    """The comments that went, each with its line."""
    left = collections.Counter(text for _, text in comments(after))
    lines = before.split("\n")
    gone = []
    for line, text in comments(before):
        if left[text]:
            left[text] -= 1
        else:
            gone.append((line, lines[line - 1].strip()))
    return gone


def goes_with(text, line, shown, fixes):
    """Whether a comment stood behind an entry on its line, or in a statement that an edit takes as a whole."""
    start = sum(map(len, text.split(b"\n")[: line - 1])) + line - 1
    edits = [edit for fix in fixes for edit in fix["edits"] if edit["start"] <= start < edit["end"]]
    return shown.startswith('"') or any(re.search(rb"[aA]ctions?", text[e["start"] : e["end"]]) for e in edits)


def formatted(root):
    """The files that `terraform fmt` would write otherwise."""
    done = subprocess.run(["terraform", "fmt", "-check", "-recursive", "."], cwd=root, capture_output=True, text=True, check=False)
    return set(done.stdout.split()), done.stderr if done.returncode not in (0, 3) else ""


def tree_of(text):
    repository = second.Node("file", "", (1, 1, 0), None)
    second.build(hcl2.api.parses_to_tree(text.removeprefix("\ufeff")), repository)
    return repository


def prove_fix(program, catalogue, original, copy, policies, is_unused):
    if os.path.exists(copy):
        shutil.rmtree(copy)
    shutil.copytree(original, copy, ignore=shutil.ignore_patterns(".git"), symlinks=True)
    os.makedirs(os.path.join(copy, ".proof"))
    with open(os.path.join(copy, ".proof/findings.json"), "w", encoding="utf-8") as file:
        json.dump({"findings": findings(catalogue, policies, is_unused)}, file)
    with open(os.path.join(copy, ".iamtrim.yaml"), "w", encoding="utf-8") as file:
        file.write(CONFIG)
    problems = []
    before = texts(copy)
    badly_formatted, _ = formatted(copy)
    report = json.loads(run(program, copy, "lint", "--format", "json"))
    wanted = edited(before, report["fixes"])
    done = json.loads(run(program, copy, "lint", "--fix=all", "--format", "json"))
    after = texts(copy)
    for path in sorted(wanted.keys() | after.keys()):
        if wanted.get(path) != after.get(path) and without_commas(wanted.get(path)) != without_commas(after.get(path)):
            problems.append(f"{path}: not what the announced edits make")
    again = json.loads(run(program, copy, "lint", "--fix=all", "--format", "json"))
    if texts(copy) != after or again["summary"]["fixed"]:
        problems.append(f"a second run fixes {again['summary']['fixed']} more")
    newly, errors = formatted(copy)
    problems += [f"{path}: badly formatted now" for path in sorted(newly - badly_formatted)]
    problems += [errors] if errors else []
    unused = {f"{service}:{name}".lower() for service, names in catalogue.unused(is_unused) for name in names}
    comparison, gone = Comparison(catalogue, unused), []
    for path in sorted(before):
        if before[path] == after[path]:
            if path.endswith((".tf", ".tofu")):
                compare(comparison, path, before[path], after[path], problems)
            continue
        compare(comparison, path, before[path], after[path], problems)
        if path.endswith((".tf", ".tofu")):
            for line, text in vanished(before[path].decode(), after[path].decode()):
                gone.append((path, line, text))
                if not goes_with(before[path], line, text, [fix for fix in report["fixes"] if fix["path"] == path]):
                    problems.append(f"{path}: line {line}: a comment is gone")
    fixes = collections.Counter(fix["applicability"] for fix in report["fixes"])
    withheld = collections.Counter(fix["withheld"] for fix in report["fixes"] if fix["withheld"])
    without = [d for d in report["diagnostics"] if d["fix"] is None and d["unused"]]
    return {
        "diagnostics": dict(collections.Counter(d["rule"] for d in report["diagnostics"])),
        "fixes": dict(fixes),
        "withheld": dict(withheld),
        "diagnostics without a fix": dict(collections.Counter(f"{d['rule']} {d['pattern']}" for d in without)),
        "fixed": done["summary"]["fixed"],
        "files changed": sum(before[path] != after[path] for path in before),
        "lists changed": comparison.changed,
        "statements removed": comparison.dropped,
        "lists with unused actions left": comparison.same,
        "comments gone": gone,
        "problems": problems,
    }


def compare(comparison, path, before, after, problems):
    try:
        if path.endswith(".json"):
            found = comparison.jsons(json.loads(before), json.loads(after))
        else:
            found = comparison.trees(tree_of(before.decode()), tree_of(after.decode()))
    except Exception as error:  # noqa: BLE001
        if before != after:
            problems.append(f"{path}: cannot be read: {str(error)[:200]}")
        return
    problems += [f"{path}: {problem}" for problem in found]


def plain(value):
    if isinstance(value, collections.Counter):
        return [[*key, count] for key, count in value.most_common()]
    return value


def main(program, work, roots):
    program = os.path.abspath(program)
    catalogue = Catalogue(os.path.join(os.path.dirname(__file__), "../../data/catalog.txt"))
    is_bad = False
    for root in map(os.path.abspath, roots):
        name = os.path.basename(root)
        reading = json.loads(run(program, root, "policies", "--format", "json"))
        repository = second.Repository(root)
        figures = recall(root, reading["policies"], list(second.literals(repository)))
        figures["owned by"] = ownership(reading["policies"])
        figures["policies"] = len(reading["policies"])
        figures["skipped"] = dict(collections.Counter(skip["reason"] for skip in reading["skipped"]))
        figures["unread by the second reader"] = [path for path, _ in repository.unread]
        print(json.dumps({"repository": name, **{key: plain(value) for key, value in figures.items()}}))
        is_bad |= bool(figures["trust or resource"])
        for run_name, is_unused in (("all", lambda _: True), ("half", half)):
            figures = prove_fix(program, catalogue, root, os.path.join(work, f"{name}-{run_name}"), reading["policies"], is_unused)
            print(json.dumps({"repository": name, "run": run_name, **figures}))
            is_bad |= bool(figures["problems"])
        sys.stdout.flush()
    return int(is_bad)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], sys.argv[3:]))
