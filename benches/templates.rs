//! What it costs to read templates: YAML, JSON and HCL on one core, and files that cannot hold a policy.
//!
//! `cargo bench --bench templates`

use std::fmt::Write as _;

use divan::counter::BytesCount;
use iamtrim::source::{FileId, SourceFile, Sources};
use iamtrim::syntax::{hcl, yaml};
use iamtrim::template::link::link;
use iamtrim::template::{FileReading, read_file};
use iamtrim::walk::may_hold_policy;

fn main() {
    divan::main();
}

/// A template of about a megabyte: roles with policies among resources of other kinds, as people write them.
fn template() -> String {
    let mut text = String::from("AWSTemplateFormatVersion: '2010-09-09'\nResources:\n");
    for number in 0..900 {
        let _ = write!(
            text,
            r#"  # The role of worker {number}
  Worker{number}Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Version: '2012-10-17'
        Statement:
          - Effect: Allow
            Principal: {{ Service: [ lambda.amazonaws.com ] }}
            Action: ['sts:AssumeRole']
      Policies:
        - PolicyName: !Sub "${{AWS::StackName}}-worker"
          PolicyDocument:
            Version: 2012-10-17
            Statement:
              - Sid: Read
                Effect: Allow
                Action:
                  - s3:GetObject   # the input
                  - s3:List*
                  - "sqs:ReceiveMessage"
                Resource: !Sub "arn:${{AWS::Partition}}:s3:::bucket-{number}/*"
  Worker{number}:
    Type: AWS::Lambda::Function
    DependsOn: Worker{number}Role
    Properties:
      Handler: index.handler
      Role: !GetAtt Worker{number}Role.Arn
      Environment:
        Variables:
          STAGE: !Ref Stage
          QUEUE: !ImportValue queue
      Code:
        ZipFile: |
          def handler(event, context):
              return {{"statusCode": 200, "body": "ok"}}
"#
        );
    }
    text
}

#[divan::bench(sample_count = 20)]
fn yaml_to_nodes(bencher: divan::Bencher<'_, '_>) {
    let text = template();
    bencher.counter(BytesCount::of_str(&text)).bench(|| yaml::parse(divan::black_box(&text)).documents.len());
}

#[divan::bench(sample_count = 20)]
fn yaml_template_to_policies(bencher: divan::Bencher<'_, '_>) {
    let text = template();
    bencher.counter(BytesCount::of_str(&text)).bench(|| {
        let reading = read_file("app.yaml", divan::black_box(&text));
        assert_eq!(reading.documents.len(), 900);
    });
}

#[divan::bench(sample_count = 20)]
fn json_template_to_policies(bencher: divan::Bencher<'_, '_>) {
    let policy = r#"{"Type":"AWS::IAM::Role","Properties":{"Policies":[{"PolicyName":"p","PolicyDocument":{
        "Statement":[{"Effect":"Allow","Action":["s3:Get*","s3:PutObject"],"Resource":{"Fn::Sub":"${Bucket}/*"}}]}}]}}"#;
    let resources: Vec<String> = (0..4000).map(|number| format!("\"Role{number}\": {policy}")).collect();
    let text = format!("{{\"Resources\": {{{}}}}}", resources.join(",\n"));
    bencher.counter(BytesCount::of_str(&text)).bench(|| read_file("app.json", divan::black_box(&text)).documents.len());
}

/// A module of about a megabyte: roles with policies in three notations among resources of other kinds.
fn module() -> String {
    let mut text = String::new();
    for number in 0..600 {
        let _ = write!(
            text,
            r#"# The role of worker {number}
resource "aws_iam_role" "worker{number}" {{
  name               = "${{var.prefix}}-worker{number}"
  assume_role_policy = data.aws_iam_policy_document.trust.json
  tags               = local.tags
}}

data "aws_iam_policy_document" "worker{number}" {{
  statement {{
    sid = "Read"
    actions = [
      "s3:GetObject", # the input
      "s3:List*",
      "sqs:ReceiveMessage",
    ]
    resources = ["${{aws_s3_bucket.input.arn}}/{number}/*"]
  }}
}}

resource "aws_iam_role_policy" "worker{number}" {{
  role   = aws_iam_role.worker{number}.id
  policy = data.aws_iam_policy_document.worker{number}.json
}}

resource "aws_iam_role_policy" "logs{number}" {{
  role = aws_iam_role.worker{number}.id
  policy = jsonencode({{
    Version = "2012-10-17"
    Statement = [{{
      Effect   = "Allow"
      Action   = ["logs:PutLogEvents", "logs:Create*"]
      Resource = "*"
    }}]
  }})
}}

resource "aws_lambda_function" "worker{number}" {{
  function_name = "${{var.prefix}}-worker{number}"
  role          = aws_iam_role.worker{number}.arn
  handler       = "index.handler"
  runtime       = "python3.12"
  memory_size   = 256
  timeout       = 30

  environment {{
    variables = {{
      STAGE = terraform.workspace
      QUEUE = aws_sqs_queue.work[{number}].url
    }}
  }}
}}

"#
        );
    }
    text
}

#[divan::bench(sample_count = 20)]
fn hcl_to_bodies(bencher: divan::Bencher<'_, '_>) {
    let text = module();
    bencher
        .counter(BytesCount::of_str(&text))
        .bench(|| hcl::parse(divan::black_box(&text)).map(|body| body.blocks.len()));
}

#[divan::bench(sample_count = 20)]
fn hcl_module_to_policies(bencher: divan::Bencher<'_, '_>) {
    let text = module();
    bencher.counter(BytesCount::of_str(&text)).bench(|| {
        let reading = read_file("main.tf", divan::black_box(&text));
        assert_eq!(reading.documents.len(), 1200);
    });
}

#[divan::bench(sample_count = 20)]
fn hcl_module_to_owners(bencher: divan::Bencher<'_, '_>) {
    let text = module();
    let size = BytesCount::of_str(&text);
    let sources = Sources::new(vec![SourceFile::new("main.tf", text)]);
    bencher.counter(size).bench(|| {
        let read = |(id, file): (FileId, &SourceFile)| (id, read_file(&file.path, &file.text));
        let mut readings: Vec<(FileId, FileReading)> = sources.iter().map(read).collect();
        link(&mut readings, &sources, &|_, _| Vec::new());
        assert!(readings.iter().flat_map(|(_, read)| &read.documents).all(|document| document.attachments.len() == 1));
    });
}

#[divan::bench(sample_count = 20)]
fn passed_over(bencher: divan::Bencher<'_, '_>) {
    let text = "resource: { kind: Deployment, image: registry/app:1.2.3, Effects: none }\n".repeat(20_000);
    bencher.counter(BytesCount::of_str(&text)).bench(|| may_hold_policy(divan::black_box(text.as_bytes())));
}
