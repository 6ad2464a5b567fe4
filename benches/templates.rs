//! What it costs to read templates: YAML and JSON on one core, and files that cannot hold a policy.
//!
//! `cargo bench --bench templates`

use std::fmt::Write as _;

use divan::counter::BytesCount;
use iamtrim::syntax::yaml;
use iamtrim::template::read_file;
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

#[divan::bench(sample_count = 20)]
fn passed_over(bencher: divan::Bencher<'_, '_>) {
    let text = "resource: { kind: Deployment, image: registry/app:1.2.3, Effects: none }\n".repeat(20_000);
    bencher.counter(BytesCount::of_str(&text)).bench(|| may_hold_policy(divan::black_box(text.as_bytes())));
}
