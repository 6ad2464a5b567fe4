//! What the join with the findings costs, reading them included: a run over templates with findings of ten identities
//! each, and the same run with an export that holds none; at a quarter, at half and at the whole of 2,000 templates and
//! 20,000 identities. Then the same where the findings report what the templates grant, so that each is fixed and proved.
//!
//! `cargo bench --bench attribution`

#![expect(clippy::expect_used, reason = "what a benchmark reads it has made itself")]

use std::fmt::Write as _;

use divan::counter::ItemsCount;
use iamtrim::catalog::Catalog;
use iamtrim::check::check;
use iamtrim::config::Config;
use iamtrim::finding::{Evidence, EvidenceBuilder, ReadOptions, Selection};
use iamtrim::settings::{Scope, Settings};
use iamtrim::source::{SourceFile, Sources};

/// How many templates there are.
const TEMPLATES: [usize; 3] = [500, 1_000, 2_000];

/// How many identities the findings speak of, for each template.
const IDENTITIES: usize = 10;

const CONFIG: &str = "accounts: { \"**\": [\"123456789012\"] }\nstacks: { \"stacks/*\": [shop] }";

fn main() {
    divan::main();
}

/// What a template says of the name of its role, and the name that the role has: each way in turn.
fn names(number: usize) -> (&'static str, String, String) {
    match number % 7 {
        0 => ("apps", format!("RoleName: app-{number}"), format!("app-{number}")),
        1 => ("apps", format!("RoleName: !Sub '${{Stage}}-app-{number}'"), format!("dev-app-{number}")),
        2 => ("apps", format!("RoleName: !Sub 'app-{number}-${{AWS::Region}}'"), format!("app-{number}-eu-west-1")),
        3 => ("apps", format!("RoleName: !Sub '${{Stage}}-a{number}x-${{Part}}'"), format!("dev-a{number}x-web")),
        4 => ("apps", "Path: /".to_owned(), format!("other-Worker{number}Role-AB12CD34EF56")),
        5 => ("stacks", "Path: /".to_owned(), format!("shop-Worker{number}Role-AB12CD34EF56")),
        _ => ("apps", "RoleName: !Ref Name".to_owned(), format!("unknown-{number}")),
    }
}

/// A template as people write it: a role with two policies among resources of other kinds.
fn template(number: usize) -> SourceFile {
    let (folder, name, _) = names(number);
    let mut text = format!(
        r#"AWSTemplateFormatVersion: '2010-09-09'
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
"#
    );
    for worker in 0..8 {
        let _ = write!(
            text,
            r#"  Worker{number}x{worker}:
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
"#
        );
    }
    SourceFile::new(format!("{folder}/{number}.yaml"), text)
}

/// An export with a finding for the role of each template, and for nine roles that no template has.
fn export(templates: usize, service: &str) -> String {
    let mut export = String::from("[");
    for identity in 0..templates * IDENTITIES {
        let name = match identity % IDENTITIES {
            0 => names(identity / IDENTITIES).2,
            _ => format!("team-{identity}-service-role"),
        };
        let comma = if identity == 0 { "" } else { "," };
        let _ = write!(
            export,
            r#"{comma}{{"id":"{identity}","resource":"arn:aws:iam::123456789012:role/{name}","resourceType":"AWS::IAM::Role","resourceOwnerAccount":"123456789012","status":"ACTIVE","findingType":"UnusedPermission","analyzedAt":"2026-10-12T00:00:00Z","createdAt":"2026-10-12T00:00:00Z","updatedAt":"2026-10-12T00:00:00Z","findingDetails":[{{"unusedPermissionDetails":{{"serviceNamespace":"{service}","actions":[{{"action":"GetBucketAcl"}},{{"action":"GetBucketCORS"}},{{"action":"PutBucketTagging"}}]}}}},{{"unusedPermissionDetails":{{"serviceNamespace":"sns"}}}}]}}"#
        );
    }
    export + "]"
}

fn evidence(export: &str) -> Evidence {
    let mut builder = EvidenceBuilder::new(Selection::default());
    builder.read("findings.json", export.as_bytes(), &ReadOptions::default()).expect("the export is one");
    builder.finish()
}

fn run(bencher: divan::Bencher<'_, '_>, templates: usize, export: &str) {
    let sources = Sources::new((0..templates).map(template).collect());
    let catalog = Catalog::embedded();
    let config = Config::parse(".iamtrim.yaml", CONFIG).expect("the configuration is one");
    let settings = Settings::new(config, jiff::civil::date(2026, 10, 13));
    bencher.counter(ItemsCount::new(templates)).bench(|| {
        let scopes = [Scope { settings: settings.clone(), evidence: evidence(export) }];
        let report = check(&sources, &scopes, &catalog).report;
        (report.diagnostics.len(), report.fixes.len())
    });
}

#[divan::bench(args = TEMPLATES, sample_count = 10)]
fn with_findings(bencher: divan::Bencher<'_, '_>, templates: usize) {
    run(bencher, templates, &export(templates, "glacier"));
}

#[divan::bench(args = TEMPLATES, sample_count = 10)]
fn with_findings_and_fixes(bencher: divan::Bencher<'_, '_>, templates: usize) {
    run(bencher, templates, &export(templates, "s3"));
}

#[divan::bench(args = TEMPLATES, sample_count = 10)]
fn with_no_findings(bencher: divan::Bencher<'_, '_>, templates: usize) {
    run(bencher, templates, r#"{"findings":[]}"#);
}
