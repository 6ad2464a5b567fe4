variable "environment" {
  type    = string
  default = "prod"
}

resource "aws_s3_bucket" "uploads" {
  bucket_prefix = "uploads-"
}

resource "aws_sqs_queue" "jobs" {
  name = "jobs"
}

# The application: a role with three policies, in three notations

resource "aws_iam_role" "app" {
  name               = "app-${var.environment}"
  assume_role_policy = data.aws_iam_policy_document.tasks.json
}

data "aws_iam_policy_document" "tasks" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["ecs-tasks.amazonaws.com"]
    }
  }
}

resource "aws_iam_role_policy" "uploads" {
  name   = "uploads"
  role   = aws_iam_role.app.id
  policy = data.aws_iam_policy_document.uploads.json
}

data "aws_iam_policy_document" "uploads" {
  # The bucket of the uploads
  statement {
    sid = "Objects"
    actions = [
      "s3:GetObject",
      "s3:PutObject",
      "s3:GetBucket*", # what the health check asks for
      # iamtrim: allow[unused-action] the yearly audit needs it
      "s3:GetBucketPolicy",
      "s3:PutBucketTagging", # once for the migration
    ]
    resources = [
      aws_s3_bucket.uploads.arn,
      "${aws_s3_bucket.uploads.arn}/*",
    ]
  }

  # Nobody rotates here any more
  statement {
    sid       = "Keys"
    actions   = ["kms:EnableKeyRotation", "kms:DisableKeyRotation"]
    resources = ["*"]
  }
}

resource "aws_iam_role_policy" "jobs" {
  name = "jobs"
  role = aws_iam_role.app.name
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "Queue"
        Effect   = "Allow"
        Action   = "sqs:*"
        Resource = aws_sqs_queue.jobs.arn
      },
      {
        Sid      = "Table"
        Effect   = "Allow"
        Action   = ["dynamodb:GetItem", "dynamodb:DeleteTable", "dynamodb:Describe*", "dynamodb:CreateTable"]
        Resource = "*"
      },
    ]
  })
}

resource "aws_iam_role_policy" "reports" {
  name   = "reports"
  role   = "app-prod"
  policy = <<-EOT
    {
      "Version": "2012-10-17",
      "Statement": [
        {
          "Effect": "Allow",
          "Action": [
            "athena:StartQueryExecution",
            "athena:CreateNamedQuery",
            "athena:Delete*"
          ],
          "Resource": "arn:aws:athena:*:*:workgroup/reports-${var.environment}"
        }
      ]
    }
  EOT
}
