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
      "s3:GetBucketAbac",
      "s3:GetBucketCORS",
      "s3:GetBucketLocation",
      "s3:GetBucketMetadataTableConfiguration",
      "s3:GetBucketNotification",
      "s3:GetBucketObjectLockConfiguration",
      "s3:GetBucketOwnershipControls",
      "s3:GetBucketPublicAccessBlock",
      "s3:GetBucketRequestPayment",
      "s3:GetBucketTagging",
      "s3:GetBucketVersioning", # what the health check asks for
      # iamtrim: allow[unused-action] the yearly audit needs it
      "s3:GetBucketPolicy",
    ]
    resources = [
      aws_s3_bucket.uploads.arn,
      "${aws_s3_bucket.uploads.arn}/*",
    ]
  }

  # Nobody rotates here any more
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
        Action   = ["sqs:CancelMessageMoveTask", "sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:Get*", "sqs:List*", "sqs:ReceiveMessage", "sqs:SendMessage", "sqs:StartMessageMoveTask"]
        Resource = aws_sqs_queue.jobs.arn
      },
      {
        Sid      = "Table"
        Effect   = "Allow"
        Action   = ["dynamodb:GetItem", "dynamodb:DescribeEndpoints", "dynamodb:DescribeLimits", "dynamodb:DescribeStream", "dynamodb:DescribeTable", "dynamodb:DescribeTimeToLive"]
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
            "athena:DeleteNamedQuery"
          ],
          "Resource": "arn:aws:athena:*:*:workgroup/reports-${var.environment}"
        }
      ]
    }
  EOT
}
