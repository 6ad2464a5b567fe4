#!/usr/bin/env python3
"""Makes templates of one role each, and exports about these roles and nine times as many that no template has.

    python3 benches/stacks.py FOLDER TEMPLATES

    FOLDER/repository      apps/*.yaml and stacks/*.yaml, and an `.iamtrim.yaml`
    FOLDER/none.json       an export without a finding
    FOLDER/other.json      a finding of each role, of what the templates do not grant
    FOLDER/granted.json    a finding of each role, of what they grant, so that each is to be fixed

What a template says of its role's name, and the name that the role has, are of seven kinds in turn.
"""

import json
import pathlib
import sys

FOLDER, TEMPLATES = pathlib.Path(sys.argv[1]), int(sys.argv[2])
CONFIG = 'max-age: never\nnewer-entries: report\naccounts: { "**": ["123456789012"] }\nstacks: { "stacks/*": [shop] }\n'
OTHERS = 9
ROLE = """AWSTemplateFormatVersion: '2010-09-09'
Resources:
  Worker{number}Role:
    Type: AWS::IAM::Role
    Properties:
      {name}
      AssumeRolePolicyDocument:
        Version: '2012-10-17'
        Statement: [{{ Effect: Allow, Principal: {{ Service: [lambda.amazonaws.com] }}, Action: ['sts:AssumeRole'] }}]
      Policies:
        - PolicyName: read
          PolicyDocument:
            Version: 2012-10-17
            Statement:
              - Effect: Allow
                Action:
                  - s3:GetObject   # the input
                  - s3:GetBucket*
                  - "sqs:ReceiveMessage"
                  - dynamodb:*
                Resource: !Sub "arn:${{AWS::Partition}}:s3:::bucket-{number}/*"
        - PolicyName: write
          PolicyDocument:
            Version: 2012-10-17
            Statement: [{{ Effect: Allow, Action: [s3:PutObject, s3:PutBucketTagging], Resource: '*' }}]
"""
WORKER = """  Worker{number}x{worker}:
    Type: AWS::Lambda::Function
    DependsOn: Worker{number}Role
    Properties:
      Handler: index.handler
      Role: !GetAtt Worker{number}Role.Arn
      Environment: {{ Variables: {{ STAGE: !Ref Stage, QUEUE: !ImportValue queue }} }}
      Code:
        ZipFile: |
          def handler(event, context):
              return {{"statusCode": 200, "body": "ok"}}
"""


def names(number):
    """The folder of a template, what it says of its role's name, and the name that the role has."""
    generated = f"Worker{number}Role-AB12CD34EF56"
    return [
        ("apps", f"RoleName: app-{number}", f"app-{number}"),
        ("apps", f"RoleName: !Sub '${{Stage}}-app-{number}'", f"dev-app-{number}"),
        ("apps", f"RoleName: !Sub 'app-{number}-${{AWS::Region}}'", f"app-{number}-eu-west-1"),
        ("apps", f"RoleName: !Sub '${{Stage}}-a{number}x-${{Part}}'", f"dev-a{number}x-web"),
        ("apps", "Path: /", f"other-{generated}"),
        ("stacks", "Path: /", f"shop-{generated}"),
        ("apps", "RoleName: !Ref Name", f"unknown-{number}"),
    ][number % 7]


def finding(role, service):
    actions = [{"action": action} for action in ("GetBucketAcl", "GetBucketCORS", "PutBucketTagging")]
    unused = [{"serviceNamespace": service, "actions": actions}, {"serviceNamespace": "sns"}]
    return {
        "id": role,
        "resource": f"arn:aws:iam::123456789012:role/{role}",
        "resourceType": "AWS::IAM::Role",
        "resourceOwnerAccount": "123456789012",
        "status": "ACTIVE",
        "findingType": "UnusedPermission",
        "analyzedAt": "2026-10-12T00:00:00Z",
        "createdAt": "2026-10-12T00:00:00Z",
        "updatedAt": "2026-10-12T00:00:00Z",
        "findingDetails": [{"unusedPermissionDetails": details} for details in unused],
    }


def main():
    roles = []
    for number in range(TEMPLATES):
        folder, name, role = names(number)
        roles += [role] + [f"team-{number}-{other}-service-role" for other in range(OTHERS)]
        path = FOLDER / "repository" / folder / f"{number}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        workers = (WORKER.format(number=number, worker=worker) for worker in range(8))
        path.write_text(ROLE.format(number=number, name=name) + "".join(workers))
    (FOLDER / "repository" / ".iamtrim.yaml").write_text(CONFIG)
    for name, service in [("none", None), ("other", "glacier"), ("granted", "s3")]:
        findings = [finding(role, service) for role in roles] if service else []
        (FOLDER / f"{name}.json").write_text(json.dumps({"findings": findings}, separators=(",", ":")) + "\n")


main()
