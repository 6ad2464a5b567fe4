#!/usr/bin/env python3
"""Writes a made-up repository into a new folder, the same on every machine.

    python3 benches/tree.py FOLDER [FILES]

Of the files (10,000 by default) that git does not ignore, in percent: 46 source code, 16 vendored code, 12 Markdown,
8 fixtures and manifests in JSON and YAML, 6 web assets, 4 images, 4 Terraform, 3 templates of CloudFormation and SAM,
0.6 policies in JSON, 0.4 lock files; and as many again, a quarter of that, in `node_modules` and `build`, which git
ignores. A third of the Terraform files and two thirds of the templates hold policies. `findings/` holds the export of
one identity per 100 files, whose names are those of the roles in the templates, and `.iamtrim.yaml` names it.
Needs `git`, since `.gitignore` counts from there.
"""

import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
SHARES = [  # in thousandths
    (460, "code"),
    (160, "vendored"),
    (120, "markdown"),
    (80, "fixture"),
    (60, "asset"),
    (40, "image"),
    (40, "terraform"),
    (30, "template"),
    (6, "policy"),
    (4, "lock"),
]
WORDS = """account action adapter amount array async await batch begin block body boolean buffer build cache call catch
channel check class client close code column config const context copy count create cursor data date default delete
device dispatch document driver effect element encode entry error event export factory fetch field file filter flag
format function group handler header index input instance interface item key label layout length level library line
list listener loader lock logger map match memory message method metric mode model module name network node number
object offset option order output package page param parse path payload pool port prefix process promise provider
query queue range reader record reducer region register release render report request resource response result
return role route row runtime schema scope select sender server service session signal size sort source stack state
statement status storage stream string subject table target task template test text thread time token topic trace
type update user value vector version view wait worker writer""".split()
SERVICES = {
    "s3": "GetObject PutObject ListBucket Get* List* DeleteObject PutBucketPolicy *",
    "dynamodb": "GetItem PutItem Query Scan BatchGet* Describe* UpdateItem *",
    "sqs": "SendMessage ReceiveMessage DeleteMessage Get* List*",
    "lambda": "InvokeFunction Get* List* Update* Invoke*",
    "logs": "CreateLogGroup CreateLogStream PutLogEvents Describe*",
    "ec2": "Describe* CreateTags RunInstances Create* Modify* *",
    "kms": "Decrypt Encrypt GenerateDataKey* Describe*",
    "sns": "Publish Subscribe Get* List*",
    "iam": "PassRole Get* List* CreateRole",
    "cloudwatch": "PutMetricData Get* List*",
}
STATEMENTS = ["Action", "useEffect(() => {", "Statement", "PreparedStatement", "Effect"]


class Random:
    """A small generator of our own, so that no version of Python changes the tree."""

    def __init__(self, seed):
        self.state = seed * 2862933555777941757 % 2**64

    def below(self, limit):
        self.state = (self.state * 6364136223846793005 + 1442695040888963407) % 2**64
        return (self.state >> 33) % limit

    def of(self, choices):
        return choices[self.below(len(choices))]

    def size(self, typical):
        """Most files are small, few are large: a quarter to nine times the typical size."""
        return (typical >> 2) * (1 << self.of([0, 0, 1, 1, 1, 2, 2, 2, 2, 2, 3, 3, 3, 4, 4, 5])) + self.below(typical)


def blocks(random):
    """Text of which the files of code and prose are cut; a few of them hold the words that policies are made of."""
    made = []
    for index in range(256):
        lines = []
        while sum(map(len, lines)) < 4096:
            indent = "    " * random.below(4)
            words = [random.of(WORDS) for _ in range(3 + random.below(8))]
            shape = random.of(["{0} = {1}({2})", "if {0}.{1}: {2}", "// {0} {1} {2}", "return {0}[{1}] + {2}"])
            lines.append(indent + shape.format(words[0], words[1], " ".join(words[2:])) + "\n")
        if index % 8 == 0:
            lines.insert(random.below(len(lines)), f"    {STATEMENTS[index // 8 % len(STATEMENTS)]}\n")
        made.append("".join(lines))
    return made


def prose(random, texts, typical):
    size, out = random.size(typical), []
    while size > 0:
        text = random.of(texts)
        out.append(text[:size])
        size -= len(text)
    return "".join(out)


def actions(random):
    chosen = []
    for _ in range(1 + random.below(5)):
        service = random.of(list(SERVICES))
        chosen.append(f"{service}:{random.of(SERVICES[service].split())}")
    return sorted(set(chosen))


def yaml_statements(random, indent):
    out = []
    for _ in range(1 + random.below(3)):
        listed = "".join(f"{indent}    - {action!r}\n" for action in actions(random))
        out.append(f"{indent}- Effect: Allow\n{indent}  Action:\n{listed}")
        out.append(f'{indent}  Resource: !Sub "arn:${{AWS::Partition}}:s3:::bucket-{random.below(1000)}/*"\n')
    return "".join(out)


def template(random, identities):
    out = ["AWSTemplateFormatVersion: '2010-09-09'\nDescription: The stack of a service\nResources:\n"]
    holds_policies = random.below(3) < 2
    for number in range(2 + random.below(12)):
        name = f"{random.of(WORDS).capitalize()}{number}"
        out.append(
            f"  {name}:\n    Type: AWS::Lambda::Function\n    DependsOn: {name}Queue\n    Properties:\n"
            f"      Handler: index.handler\n      Runtime: python3.12\n      MemorySize: {128 << random.below(4)}\n"
            f"      Role: !GetAtt {name}Role.Arn\n      Environment:\n        Variables:\n          STAGE: !Ref Stage\n"
            f"          TABLE: !ImportValue {random.of(WORDS)}-table\n"
            f"  {name}Queue:\n    Type: AWS::SQS::Queue\n    Properties:\n"
            f"      VisibilityTimeout: {random.below(900)}\n      KmsMasterKeyId: alias/aws/sqs\n"
        )
        if holds_policies and number < 3:
            out.append(
                f"  {name}Role:\n    Type: AWS::IAM::Role\n    Properties:\n"
                f"      RoleName: role-{random.below(identities):05d}\n"
                "      AssumeRolePolicyDocument:\n        Version: '2012-10-17'\n        Statement:\n"
                "          - Effect: Allow\n            Principal: { Service: lambda.amazonaws.com }\n"
                "            Action: sts:AssumeRole\n"
                "      Policies:\n        - PolicyName: access\n          PolicyDocument:\n"
                "            Version: '2012-10-17'\n            Statement:\n"
                + yaml_statements(random, " " * 14)
            )
    return "".join(out)


def json_statements(random):
    made = []
    for _ in range(1 + random.below(3)):
        listed = ", ".join(f'"{action}"' for action in actions(random))
        made.append(f'    {{\n      "Effect": "Allow",\n      "Action": [{listed}],\n      "Resource": "*"\n    }}')
    return ",\n".join(made)


def terraform(random, texts, identities):
    out = []
    for number in range(1 + random.below(8)):
        name = f"{random.of(WORDS)}_{number}"
        out.append(
            f'resource "aws_instance" "{name}" {{\n  ami           = data.aws_ami.{random.of(WORDS)}.id\n'
            f'  instance_type = var.{random.of(WORDS)}_type\n  tags = merge(local.tags, {{ Name = "{name}" }})\n}}\n\n'
            f'variable "{name}_size" {{\n  type    = number\n  default = {random.below(100)}\n}}\n\n'
        )
    if random.below(3) == 0:
        listed = ", ".join(f'"{action}"' for action in actions(random))
        role = f"role-{random.below(identities):05d}"
        out.append(
            f'resource "aws_iam_role_policy" "{role}" {{\n  name = "access"\n  role = "{role}"\n'
            "  policy = jsonencode({\n    Version = \"2012-10-17\"\n    Statement = [{\n"
            f'      Effect   = "Allow"\n      Action   = [{listed}]\n      Resource = "*"\n    }}]\n  }})\n}}\n'
        )
    return "".join(out)


def fixture(random):
    rows = [
        f'{{"id": {random.below(10**6)}, "name": "{random.of(WORDS)}", "{random.of(WORDS)}": "{random.of(WORDS)}"}}'
        for _ in range(4 + random.below(60))
    ]
    if random.below(2):
        return "[\n  " + ",\n  ".join(rows) + "\n]\n", "json"
    listed = "".join(f"    - {row}\n" for row in rows)
    kind = random.of(["Deployment", "ConfigMap", "Service"])
    return f"apiVersion: v1\nkind: {kind}\nmetadata:\n  name: {random.of(WORDS)}\nspec:\n  items:\n{listed}", "yaml"


def lock(random):
    row = '    "node_modules/{0}-{1}": {{\n      "version": "{2}.{3}.0",\n      "integrity": "sha512-{4:086x}=="\n    }},\n'
    rows = [
        row.format(random.of(WORDS), random.of(WORDS), random.below(20), random.below(40), random.below(2**31))
        for _ in range(400 + random.below(3000))
    ]
    return '{\n  "lockfileVersion": 3,\n  "packages": {\n' + "".join(rows) + '    "": {}\n  }\n}\n'


def one(kind, random, texts, files):
    """What a file of a kind is called, where it lies, and what is in it."""
    number = random.below(max(1, files // 150))
    area = f"services/{WORDS[number % len(WORDS)]}-{number}"
    identities = max(1, files // 100)
    if kind == "code":
        folder = f"{area}/src/{random.of(WORDS[number % 100 :][:8])}"
        return folder, random.of(["py", "ts", "tsx", "go", "java", "rb"]), prose(random, texts, 3072)
    if kind == "vendored":
        return f"vendor/{WORDS[number % len(WORDS)]}/{random.of(WORDS[:2])}-{number}", "go", prose(random, texts, 4096)
    if kind == "markdown":
        return f"docs/{random.of(WORDS)}", "md", prose(random, texts, 1536)
    if kind == "fixture":
        text, suffix = fixture(random)
        return f"{area}/tests/fixtures", suffix, text
    if kind == "asset":
        return f"web/{random.of(WORDS)}", random.of(["css", "html", "svg"]), prose(random, texts, 4096)
    if kind == "image":
        bytes_of = random.of(texts).encode()[: 512 + random.below(3500)]
        return f"web/images/{random.of(WORDS)}", "png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes_of * (1 + random.below(8))
    if kind == "terraform":
        return f"terraform/{random.of(WORDS)}", "tf", terraform(random, texts, identities)
    if kind == "template":
        return f"{area}/infra", "yaml", template(random, identities)
    if kind == "policy":
        statements = json_statements(random)
        return "policies", "json", f'{{\n  "Version": "2012-10-17",\n  "Statement": [\n{statements}\n  ]\n}}\n'
    return f"{area}/locks", "json", lock(random)


def write(root, folder, name, content):
    path = root / folder
    path.mkdir(parents=True, exist_ok=True)
    path = path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    root, files = pathlib.Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 10_000
    root.mkdir(parents=True)
    random = Random(20260926)
    texts = blocks(random)
    kinds = [kind for share, kind in SHARES for _ in range(share)]
    for index in range(files):
        kind = kinds[random.below(len(kinds))]
        folder, suffix, content = one(kind, random, texts, files)
        name = f"{random.of(WORDS)}_{index}"
        write(root, folder, f"{name}.{suffix}", content)
    for index in range(files // 4):
        folder = random.of(["web/node_modules", "build"]) + f"/{random.of(WORDS)}/lib"
        write(root, folder, f"{random.of(WORDS)}_{index}.js", prose(random, texts, 3072))
    write(root, ".", ".gitignore", "node_modules/\n/build/\n*.log\n.env\n")
    write(root, ".", ".iamtrim.yaml", "findings:\n  - findings/unused-access.json\n")
    (root / "findings").mkdir()
    identities = max(1, files // 100)
    export = [sys.executable, str(HERE / "findings_export.py"), str(identities), str(identities / 100)]
    with open(root / "findings" / "unused-access.json", "wb") as out:
        subprocess.run(export, stdout=out, check=True)
    subprocess.run(["git", "init", "--quiet", str(root)], check=True)


if __name__ == "__main__":
    main()
