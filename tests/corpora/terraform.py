"""A second reader of Terraform's policies, which shares no code with the program: python-hcl2, lark's tokens, JSON by hand.

It finds every string that looks like an action, follows the place it stands in to whatever consumes it (through locals,
documents, variables, outputs and local modules), and says of which kind that is: identity, trust, resource, boundary,
unknown. The parts of the proof that need it are in `proof.py`.
"""

import collections
import functools
import json
import os
import re

import hcl2
import lark

ACTION = re.compile(r"^[A-Za-z0-9-]+:[A-Za-z0-9*?]+$")
HOLE = re.compile(r"\$\{[^{}]*(?:\{[^{}]*\}[^{}]*)*\}|%\{[^{}]*\}")

IDENTITY = {
    ("aws_iam_policy", "policy"),
    ("aws_iam_role_policy", "policy"),
    ("aws_iam_user_policy", "policy"),
    ("aws_iam_group_policy", "policy"),
    ("aws_iam_role", "inline_policy.policy"),
    ("aws_iam_role", "inline_policy"),
    ("aws_ssoadmin_permission_set_inline_policy", "inline_policy"),
}
TRUST = {("aws_iam_role", "assume_role_policy"), ("aws_iam_service_linked_role", "policy")}
# Inputs of modules that are not in the repository, by the module's name at the end of its source.
INPUTS = {
    "cloudposse/helm-release/aws": {
        "iam_policy": "identity",
        "iam_policy_statements": "identity",
        "iam_source_policy_documents": "identity",
    },
    "cloudposse/iam-policy/aws": {
        "iam_policy": "identity",
        "iam_policy_statements": "identity",
        "iam_source_policy_documents": "identity",
        "iam_override_policy_documents": "identity",
        "iam_source_json_url": "identity",
    },
    "cloudposse/eks-iam-role/aws": {"aws_iam_policy_document": "identity"},
    "cloudposse/iam-role/aws": {"policy_documents": "identity"},
    "cloudposse/sso/aws//modules/permission-sets": {"permission_sets": "identity"},
    "cloudposse/lambda-function/aws": {"iam_policy": "identity", "inline_iam_policy": "identity"},
    "cloudposse/s3-bucket/aws": {"source_policy_documents": "resource"},
    "cloudposse/kms-key/aws": {"policy": "resource"},
    "terraform-aws-modules/iam/aws//modules/iam-policy": {"policy": "identity"},
    "terraform-aws-modules/lambda/aws": {"policy_statements": "identity", "policy_json": "identity"},
    "terraform-aws-modules/kms/aws": {"key_statements": "resource", "policy": "resource"},
    "terraform-aws-modules/s3-bucket/aws": {"policy": "resource"},
}

Literal = collections.namedtuple("Literal", "path line column text kind sinks")


# What a file holds: nodes of (kind, name, children), each knowing its parent.


class Node:
    """A block, an attribute, a key of an object, a call, a string, a reference or anything else."""

    def __init__(self, kind, name, at, parent):
        self.kind, self.name, self.at, self.parent, self.children = kind, name, at, parent, []
        if parent:
            parent.children.append(self)

    def up(self):
        node = self
        while node := node.parent:
            yield node

    def walk(self):
        yield self
        for child in self.children:
            yield from child.walk()


def place(tree):
    if isinstance(tree, lark.Token):
        return tree.line, tree.column, tree.start_pos
    meta = tree.meta
    return (meta.line, meta.column, meta.start_pos) if not meta.empty else (0, 0, 0)


def raw(tree):
    if isinstance(tree, lark.Token):
        return str(tree)
    return "".join(raw(child) for child in tree.children)


def plain(text):
    """A string's text without quotes; its escapes stay, no action has one."""
    return text[1:-1] if text[:1] == '"' and text[-1:] == '"' else text


def build(tree, parent):
    if isinstance(tree, lark.Token):
        return
    kind, children = tree.data, tree.children
    if kind == "block":
        words = [plain(raw(child)) for child in children if not is_mark(child) and not is_body(child)]
        node = Node("block", words, place(tree), parent)
        build(next(child for child in children if is_body(child)), node)
    elif kind == "attribute":
        node = Node("attribute", raw(children[0]), place(tree), parent)
        build(children[-1], node)
    elif kind == "object_elem":
        node = Node("key", plain(raw(children[0]).strip()), place(tree), parent)
        build(children[-1], node)
        build(children[0], Node("computed", "", place(tree), node))
    elif kind == "function_call":
        node = Node("call", raw(children[0]), place(tree), parent)
        for child in children[1:]:
            build(child, node)
    elif kind == "string":
        node = Node("string", plain(raw(tree)), place(tree), parent)
        for child in children:
            build(child, node)
    elif kind in ("heredoc_template", "heredoc_template_trim"):
        node = Node("heredoc", str(children[0]), place(children[0]), parent)
        for hole in re.finditer(r"(?:data|local|var|module|each)(?:\.[A-Za-z0-9_-]+)+", node.name):
            Node("reference", hole.group(0), place(children[0]), node)
    elif kind in ("get_attr_expr_term", "index_expr_term", "attr_splat_expr_term", "full_splat_expr_term"):
        node = Node("reference", re.sub(r"\[[^\]]*\]|\s", "", raw(tree)), place(tree), parent)
        for child in children:
            build(child, node)
    elif kind == "conditional":
        node = Node("conditional", "", place(tree), parent)
        build(children[0], Node("condition", "", place(tree), node))
        for child in children[1:]:
            build(child, node)
    else:
        is_leaf = not any(isinstance(child, lark.Tree) for child in children)
        node = Node(kind, raw(tree).strip() if is_leaf else "", place(tree), parent)
        for child in children:
            build(child, node)


def is_body(tree):
    return isinstance(tree, lark.Tree) and tree.data == "body"


def is_mark(tree):
    return isinstance(tree, lark.Token) and tree.type in ("LBRACE", "RBRACE") or (
        isinstance(tree, lark.Tree) and tree.data == "new_line_or_comment"
    )


# A repository: its folders are modules.


class Repository:
    def __init__(self, root):
        self.root, self.modules, self.unread = root, collections.defaultdict(list), []
        for folder, names, files in os.walk(root):
            names[:] = [name for name in names if name not in (".git", ".terraform", "node_modules")]
            for name in sorted(files):
                if name.endswith((".tf", ".tofu")):
                    self.read(folder, name)
        self.callers = collections.defaultdict(list)
        for folder in list(self.modules):
            for block in self.blocks(folder, "module"):
                if child := self.child(folder, block):
                    self.callers[child].append((folder, block))

    def read(self, folder, name):
        path = os.path.join(folder, name)
        with open(path, encoding="utf-8", newline="") as file:
            text = file.read()
        try:
            tree = hcl2.api.parses_to_tree(text.removeprefix("\ufeff"))
        except lark.exceptions.LarkError as error:
            self.unread.append((path, str(error).splitlines()[0]))
            return
        node = Node("file", path, (1, 1, 0), None)
        node.folder, node.text = folder, text
        build(tree, node)
        self.modules[folder].append(node)

    def blocks(self, folder, kind):
        for file in self.modules.get(folder, []):
            for node in file.walk():
                if node.kind == "block" and node.name[0] == kind and is_top(node):
                    yield node

    def child(self, folder, block):
        source = attribute(block, "source") or ""
        if source.startswith("."):
            path = os.path.normpath(os.path.join(folder, source))
            return path if path in self.modules else None
        return None

    @functools.cache
    def references(self, folder):
        """Every reference of a module with its place."""
        found = []
        for file in self.modules.get(folder, []):
            for node in file.walk():
                if node.kind == "reference" and not (node.parent.kind == "reference"):
                    found.append((node.name, node))
        return found

    def mentions(self, folder, address):
        for name, node in self.references(folder):
            if name == address or name.startswith((address + ".", address + "*")):
                yield node

    def rest(self, name, address):
        return name[len(address) :].lstrip("*.")


def is_top(node):
    return not any(up.kind == "block" for up in node.up())


def top(node):
    blocks = [up for up in [node, *node.up()] if up.kind == "block"]
    return blocks[-1] if blocks else None


def file_of(node):
    return [node, *node.up()][-1]


def attribute(block, name):
    for node in block.walk():
        if node.kind == "attribute" and node.name == name and next(n for n in node.up() if n.kind == "block") is block:
            strings = [n.name for n in node.walk() if n.kind == "string"]
            return strings[0] if strings else None
    return None


# Where a value goes.

ACTIONS = {"actions": "action", "not_actions": "action", "Action": "action", "NotAction": "action"}
OTHERS = {
    "Resource", "NotResource", "resources", "not_resources", "Condition", "condition", "conditions", "Principal", "principals",
    "NotPrincipal", "not_principals", "identifiers", "values", "variable", "test", "type", "sid", "Sid", "effect", "Effect",
    "depends_on", "count", "description", "Version", "version", "Id",
}  # fmt: skip
BLOCKS = {"condition": "other", "principals": "other", "not_principals": "other"}


def keyed(key, node):
    """The part of a statement that a place is in: the first that decides."""
    if key:
        return key
    if node.kind in ("attribute", "key"):
        return ACTIONS.get(node.name) or ("other" if node.name in OTHERS else None)
    if node.kind == "block" and not is_top(node):
        name = node.name[1] if node.name[0] == "dynamic" else node.name[0]
        return BLOCKS.get(name)
    return None


def has_principal(node):
    """Whether the statement around a place names a principal."""
    for up in [node, *node.up()]:
        if up.kind == "block" and not is_top(up):
            name = up.name[1] if up.name[0] == "dynamic" else up.name[0]
            if name == "statement":
                if up.name[0] == "dynamic" and is_value_of(node, up):
                    return False
                names = {child.name[1] if child.name[0] == "dynamic" else child.name[0] for child in inner_blocks(up)}
                return bool(names & {"principals", "not_principals"})
        if up.kind == "object":
            keys = {child.name for child in up.children if child.kind == "key"}
            if keys & {"Action", "NotAction", "actions", "not_actions"}:
                return bool(keys & {"Principal", "NotPrincipal", "principals", "not_principals"})
    return False


def is_value_of(node, dynamic):
    """Whether a place is in what a dynamic block is repeated for: its statements then say for themselves whom they are for."""
    inside = [node, *node.up()]
    attribute = [up for up in inside[: inside.index(dynamic)] if up.kind == "attribute"]
    return bool(attribute) and attribute[-1].name == "for_each"


def inner_blocks(block):
    return [n for n in block.walk() if n.kind == "block" and n is not block]


def is_dead(node):
    """Whether a reference's value goes nowhere: a condition, a count, a dependency, a key."""
    for up in [node, *node.up()]:
        if up.kind in ("condition", "computed", "for_cond"):
            return True
        if up.kind == "call" and up.name in ("length", "can", "contains", "keys", "startswith"):
            return True
        if up.kind == "attribute":
            return up.name in ("count", "depends_on", "source", "version", "providers")
    return False


def sinks(repository, node, key=None, seen=frozenset()):
    """Pairs of (part of a statement, what consumes it): ('action', 'identity aws_iam_policy.x') and so on."""
    if node in seen or is_dead(node):
        return set()
    seen = seen | {node}
    path = []
    for up in [node, *node.up()]:
        key = keyed(key, up)
        if up.kind == "attribute":
            path.insert(0, up.name)
        if up.kind == "block" and not is_top(up):
            path.insert(0, up.name[0] if up.name[0] != "dynamic" else up.name[1])
    block, folder = top(node), file_of(node).folder
    argument = ".".join(word for word in path if word not in ("for_each", "content") or len(path) == 1)
    if has_principal(node):
        return {(key, "resource by its principal")}
    return consumed(repository, folder, block, argument, path, key, node, seen)


def consumed(repository, folder, block, argument, path, key, node, seen):
    kind, labels = block.name[0], block.name[1:]
    found = set()
    follow = lambda where, address: [  # noqa: E731
        found.update(sinks(repository, mention, key, seen)) for mention in repository.mentions(where, address)
    ]
    if kind == "locals":
        follow(folder, f"local.{path[0]}")
        return found or {(key, f"unknown local.{path[0]} that nobody reads")}
    if kind == "data" and labels[0] == "aws_iam_policy_document":
        if path == ["for_each"]:
            return through_each(repository, block, key, seen)
        follow(folder, f"data.aws_iam_policy_document.{labels[1]}")
        return found or {(key, f"unknown data.aws_iam_policy_document.{labels[1]} that nobody reads")}
    if kind == "variable":
        follow(folder, f"var.{labels[0]}")
        return found or {(key, f"unknown var.{labels[0]} that nobody reads")}
    if kind == "output":
        for caller, call in repository.callers.get(folder, []):
            for mention in repository.mentions(caller, f"module.{call.name[1]}.{labels[0]}"):
                found |= sinks(repository, mention, key, seen)
        return found or {(key, f"unknown output.{labels[0]}")}
    if kind == "module":
        return into_module(repository, folder, block, path, key, seen)
    if kind == "resource":
        if path == ["for_each"]:
            return through_each(repository, block, key, seen)
        return {(key, f"{resource_kind(labels[0], argument)} {labels[0]}.{labels[1]} {argument}")}
    return {(key, f"other {kind}")}


def through_each(repository, block, key, seen):
    found = set()
    for node in block.walk():
        if node.kind == "reference" and node.name.startswith("each.value") and node.parent.kind != "reference":
            found |= sinks(repository, node, key, seen)
    return found


def registry(source):
    """The module's name in the registry, also of one that is fetched from its repository."""
    git = re.search(r"github\.com[/:]([\w-]+)/terraform-aws-([\w-]+?)(?:\.git)?(?://([^?]*))?(?:\?.*)?$", source)
    if git:
        return f"{git[1]}/{git[2]}/aws" + (f"//{git[3]}" if git[3] else "")
    return source


def into_module(repository, folder, block, path, key, seen):
    child, name = repository.child(folder, block), block.name[1]
    if child is None:
        source = registry(attribute(block, "source") or "")
        for module, inputs in INPUTS.items():
            if module == source:
                kind = inputs.get(path[0], "unknown")
                return {(key, f"{kind} module {module} {path[0]}")}
        return {(key, f"unknown module {source} {path[0]}")}
    if path == ["for_each"]:
        return through_each(repository, block, key, seen)
    found = set()
    for mention in repository.mentions(child, f"var.{path[0]}"):
        found |= sinks(repository, mention, key, seen)
    return found or {(key, f"unknown module.{name} {path[0]}")}


def resource_kind(kind, argument):
    if (kind, argument) in IDENTITY or kind.startswith("awscc_iam_") and "polic" in argument:
        return "identity"
    if (kind, argument) in TRUST:
        return "trust"
    if kind in ("aws_organizations_policy", "aws_transfer_user", "aws_transfer_access"):
        return "resource"
    if kind.startswith("aws_iam_"):
        return "other"
    return "resource" if "policy" in argument or "policy" in kind else "other"


# The strings.


def literals(repository):
    """Every string that looks like an action, with what consumes it."""
    for files in repository.modules.values():
        for file in files:
            for node in file.walk():
                if node.kind == "string" and not node.children_refs():
                    yield from quoted(repository, file, node)
                elif node.kind == "heredoc":
                    yield from in_json(repository, file, node, node.name, node.at[2])
                elif node.kind == "call" and node.name in ("file", "templatefile"):
                    yield from in_other_file(repository, file, node)


def children_refs(node):
    return [child for child in node.walk() if child.kind == "reference"]


Node.children_refs = children_refs


def quoted(repository, file, node):
    if ACTION.match(node.name):
        found = sinks(repository, node)
        yield Literal(file.name, node.at[0], node.at[1], node.name, verdict(found), found)
    elif node.name.lstrip().startswith("{") and "Statement" in node.name:
        text = re.sub(r"\\(.)", r" \1", node.name)
        yield from in_json(repository, file, node, text, node.at[2] + 1)


def in_other_file(repository, file, node):
    strings = [child.name for child in node.walk() if child.kind == "string"]
    if not strings:
        return
    path = os.path.normpath(os.path.join(file.folder, re.sub(r"^\$\{path\.(module|root)\}/?", "", strings[0])))
    if not os.path.isfile(path):
        return
    with open(path, encoding="utf-8", newline="") as other:
        text = other.read()
    if '"Statement"' not in text:
        return
    shape = collections.namedtuple("Other", "name text")(path, text)
    yield from in_json(repository, shape, node, text, 0)


TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\]:,]|[^\s"{}\[\]:,]+')


def in_json(repository, file, node, text, offset):
    """Strings of a JSON text that stand under Action or NotAction, and whose statement has no principal."""
    masked = HOLE.sub(lambda hole: "x" * len(hole.group(0)), text)
    found = sinks(repository, node)
    for start, value, keys, siblings in json_strings(masked):
        if not ACTION.match(value):
            continue
        key = next((ACTIONS.get(k) or "other" for k in reversed(keys) if k in ACTIONS or k in OTHERS), None)
        reached = {(key, sink) for _, sink in found}
        if siblings & {"Principal", "NotPrincipal"}:
            reached = {(key, "resource by its principal")}
        at = offset + start
        line = file.text.count("\n", 0, at) + 1
        yield Literal(file.name, line, at - file.text.rfind("\n", 0, at), value, verdict(reached), reached)


def json_strings(text):
    """Every string value: its offset, its text, the keys above it, the keys beside it (known at the end of its object)."""
    stack, held, out = [], None, []
    begin = text.find("{")
    for match in TOKEN.finditer(text, max(begin, 0)):
        token = match.group(0)
        if token in "{[":
            stack.append({"open": token, "key": held if held else None, "keys": set()})
            held = None
        elif token in "}]":
            if stack:
                stack.pop()
            held = None
        elif token == ",":
            held = None
        elif token.startswith('"'):
            after = text[match.end() :].lstrip()[:1]
            if stack and stack[-1]["open"] == "{" and after == ":":
                held = token[1:-1]
                stack[-1]["keys"].add(held)
            else:
                keys = [level["key"] for level in stack if level["key"]] + ([held] if held else [])
                objects = [level["keys"] for level in stack if level["open"] == "{"]
                statement = next((o for o in reversed(objects) if o & {"Action", "NotAction", "Effect"}), set())
                out.append((match.start(), token[1:-1], keys, statement))
    return out


def verdict(found):
    """One word for all that consumes a string."""
    parts = {key for key, _ in found}
    if parts and "action" not in parts:
        return "no action"
    kinds = {sink.split(" ")[0] for key, sink in found if key == "action"}
    kinds.discard("other")
    if not kinds:
        return "unknown"
    if len(kinds - {"unknown"}) > 1:
        return "mixed"
    known = kinds - {"unknown"}
    return known.pop() if known else "unknown"


if __name__ == "__main__":
    import sys

    for root in sys.argv[1:]:
        repository = Repository(os.path.abspath(root))
        counts = collections.Counter()
        for literal in literals(repository):
            counts[literal.kind] += 1
            print(json.dumps(literal._replace(sinks=sorted(map(str, literal.sinks)))._asdict()))
        print(root, dict(counts), repository.unread, file=sys.stderr)
