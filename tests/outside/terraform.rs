//! Fixed modules: as `terraform fmt` sees them, and with statements that are there only sometimes.

use crate::support::{Folder, fixes, outcome, warnings};

const MAIN: &str = r#"locals {
  queue = ["sqs:SendMessage", "sqs:PurgeQueue"]
}

resource "aws_iam_role" "app" {
  name               = "app"
  assume_role_policy = data.aws_iam_policy_document.trust.json
}

data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["lambda.amazonaws.com"]
    }
  }
}

data "aws_iam_policy_document" "app" {
  statement {
    sid       = "Queue"
    actions   = local.queue
    resources = ["*"]
  }

  # the table
  statement {
    actions = [
      "dynamodb:*Table",
      # about messages
      "sqs:PurgeQueue", # gone
      "sqs:SendMessage"
    ]
    resources = ["*"]
  }

  statement {
    actions   = ["sqs:PurgeQueue"]
    resources = ["*"]
  }
}

resource "aws_iam_role_policy" "app" {
  role   = aws_iam_role.app.id
  policy = data.aws_iam_policy_document.app.json
}

resource "aws_iam_role_policy" "encoded" {
  role = aws_iam_role.app.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect   = "Allow"
        Action   = "dynamodb:*Table"
        Resource = "*"
      },
      {
        Effect   = "Allow"
        Action   = ["sqs:PurgeQueue", "dynamodb:DeleteTable"]
        Resource = "*"
      },
    ]
  })
}

resource "aws_iam_role_policy" "heredoc" {
  role   = aws_iam_role.app.id
  policy = <<-EOF
    {
      "Statement": [
        {
          "Effect": "Allow",
          "Action": ["sqs:PurgeQueue", "sqs:SendMessage"],
          "Resource": "${aws_sqs_queue.work.arn}"
        }
      ]
    }
  EOF
}
"#;

/// [`MAIN`] without what nobody uses.
fn fixed() -> String {
    let tables = ["Create*Table", "Describe*Table", "ImportTable", "Update*Table"].map(|n| format!("\"dynamodb:{n}\""));
    let gone = "\n  statement {\n    actions   = [\"sqs:PurgeQueue\"]\n    resources = [\"*\"]\n  }\n";
    let item = "      {\n        Effect   = \"Allow\"\n        Action   = [\"sqs:PurgeQueue\", \"dynamodb:DeleteTable\"]\n        Resource = \"*\"\n      },\n";
    MAIN.replace("[\"sqs:SendMessage\", \"sqs:PurgeQueue\"]", "[\"sqs:SendMessage\"]")
        .replace("      \"dynamodb:*Table\",\n", &format!("      {},\n", tables.join(",\n      ")))
        .replace("      \"sqs:PurgeQueue\", # gone\n", "")
        .replace(gone, "")
        .replace("= \"dynamodb:*Table\"", &format!("= [{}]", tables.join(", ")))
        .replace(item, "")
        .replace("\"Action\": [\"sqs:PurgeQueue\", ", "\"Action\": [")
}

const CONFIG: &str = "findings: [findings/export.json]\nmax-age: never\naccounts: { \"**\": [\"123456789012\"] }\n";

#[test]
fn fixes_keep_the_style_of_terraform_fmt() {
    let folder = Folder::new();
    folder.write(".iamtrim.yaml", CONFIG);
    folder.write("main.tf", MAIN);
    let (report, code) = folder.lint(&["--fix"]);
    assert_eq!((code, warnings(&report)), (0, vec![]), "{:?}", fixes(&report));
    assert_eq!(folder.read("main.tf"), fixed());
    let (again, _) = folder.lint(&[]);
    assert_eq!(warnings(&again), Vec::<String>::new());
    if folder.command("terraform").arg("version").output().is_err() {
        return println!("not checked: `terraform` is not on this machine");
    }
    for text in [MAIN, &fixed()] {
        let formatted = outcome(folder.command("terraform").args(["fmt", "-"]), text);
        assert_eq!((formatted.code, formatted.stdout.as_str()), (0, text), "{}", formatted.stderr);
    }
}

#[test]
fn a_plan_that_is_named_makes_a_match_of_a_guess() {
    let folder = Folder::new();
    folder.write(".iamtrim.yaml", CONFIG);
    let prefixed = MAIN.replace("  name               = \"app\"", "  name               = \"${var.start}app\"");
    folder.write("main.tf", prefixed);
    let trust = r#"{\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"sts:AssumeRole\",\"Principal\":\"*\"}]}"#;
    let role = format!(
        r#"{{"address": "aws_iam_role.app", "mode": "managed", "type": "aws_iam_role",
            "values": {{"name": "app", "assume_role_policy": "{trust}"}}}}"#
    );
    let plan = format!(
        r#"{{"format_version": "1.2", "terraform_version": "1.11.4",
            "planned_values": {{"root_module": {{"resources": [{role}]}}}}}}"#
    );
    folder.write("plan.json", &plan);
    let (guessed, code) = folder.lint(&["main.tf"]);
    assert_eq!((code, warnings(&guessed)), (0, vec![]));
    let (named, code) = folder.lint(&["main.tf", "plan.json"]);
    assert_eq!((code, warnings(&named).len()), (1, 8), "{:?}", warnings(&named));
    let copy = r#"{\"Statement\":[{\"Effect\":\"Allow\",\"Action\":[\"sqs:PurgeQueue\",\"sqs:SendMessage\"],\"Resource\":\"*\"}]}"#;
    let policy = format!(
        r#"{{"address": "aws_iam_role_policy.app", "mode": "managed", "type": "aws_iam_role_policy",
            "values": {{"role": "app", "policy": "{copy}"}}}}, "#
    );
    folder.write("plan.json", plan.replace("\"resources\": [", &format!("\"resources\": [{policy}")));
    let (copied, code) = folder.lint(&["--fix=all", "plan.json"]);
    assert_eq!((code, warnings(&copied)), (1, vec!["plan.json:3:100 unused-action".to_owned()]));
    assert_eq!(fixes(&copied), ["plan.json display-only: a plan or a state is a copy of what the modules say"]);
    let (unnamed, _) = folder.lint(&["."]);
    assert_eq!(warnings(&unnamed), Vec::<String>::new());
}

fn document(blocks: &str) -> String {
    format!(
        "data \"aws_iam_policy_document\" \"app\" {{\n{blocks}}}\n\nresource \"aws_iam_role_policy\" \"app\" {{\n  role   = \"app\"\n  policy = data.aws_iam_policy_document.app.json\n}}\n"
    )
}

const REPEATED: &str = r#"  dynamic "statement" {
    for_each = var.purges ? [1] : []

    content {
      actions   = ["sqs:PurgeQueue"]
      resources = ["*"]
    }
  }
"#;

#[test]
fn a_repeated_statement_goes_as_a_block() {
    let folder = Folder::new();
    let own = "  statement {\n    actions   = [\"sqs:SendMessage\"]\n    resources = [\"*\"]\n  }\n";
    folder.write("main.tf", document(&format!("{own}\n{REPEATED}")));
    let (report, code) = folder.lint(&["--fix"]);
    assert_eq!((code, folder.read("main.tf")), (0, document(own)), "{report}");
}

#[test]
fn what_is_left_of_a_policy_is_never_there_only_under_a_condition() {
    let folder = Folder::new();
    let own = "  statement {\n    actions   = [\"sqs:PurgeQueue\"]\n    resources = [\"*\"]\n  }\n";
    let kept = REPEATED.replace("[\"sqs:PurgeQueue\"]", "[\"sqs:SendMessage\", \"sqs:PurgeQueue\"]");
    let text = document(&format!("{own}\n{kept}\n{REPEATED}"));
    folder.write("main.tf", &text);
    let (report, code) = folder.lint(&["--fix=all"]);
    let without = text.replace("\"sqs:SendMessage\", \"sqs:PurgeQueue\"", "\"sqs:SendMessage\"");
    assert_eq!((code, folder.read("main.tf")), (1, without));
    let withheld = "main.tf display-only: what would be left of the policy is there only under a condition";
    assert_eq!(fixes(&report), [withheld, withheld]);
}

#[test]
fn statements_given_to_a_module_go_until_their_lists_are_empty() {
    let folder = Folder::new();
    let module = |statement: &str| {
        format!(
            "module \"app\" {{\n  source = \"cloudposse/helm-release/aws\"\n\n  iam_policy_statements = concat(\n    [{statement}],\n    local.more,\n    var.purges ? [{statement}] : [],\n  )\n}}\n"
        )
    };
    folder.write("main.tf", module("{ effect = \"Allow\", actions = [\"sqs:PurgeQueue\"], resources = [\"*\"] }"));
    let (report, code) = folder.lint(&["--fix"]);
    assert_eq!((code, folder.read("main.tf")), (0, module("")), "{report}");
}
