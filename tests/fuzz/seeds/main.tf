variable "stage" {
  type = string
}

locals {
  extra = ["sns:Publish", "sns:GetTopicAttributes"]
}

resource "aws_iam_role" "app" {
  name               = "app"
  assume_role_policy = jsonencode({ Statement = [{ Effect = "Allow", Principal = "*", Action = "sts:AssumeRole" }] })

  inline_policy {
    name = "inline"
    policy = <<-EOT
      {
        "Statement": [
          { "Effect": "Allow", "Action": ["s3:GetObject", "s3:DeleteBucket"], "Resource": "${aws_s3_bucket.a.arn}/*" }
        ]
      }
    EOT
  }
}

data "aws_iam_policy_document" "app" {
  statement {
    sid     = "Objects"
    actions = ["s3:GetObject", "s3:GetBucket*"] # why
    resources = ["*"]
  }

  statement {
    effect    = "Deny"
    actions   = ["sqs:*"]
    resources = ["*"]
  }

  dynamic "statement" {
    for_each = var.stage == "prod" ? [1] : []
    content {
      actions   = concat(local.extra, ["ec2:Describe*", "dynamodb:DeleteTable"])
      resources = ["arn:aws:dynamodb:*:*:table/${var.stage}-*"]
    }
  }
}

resource "aws_iam_role_policy" "app" {
  role   = aws_iam_role.app.id
  policy = data.aws_iam_policy_document.app.json
}

resource "aws_iam_policy" "shared" {
  name = "shared"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect = "Allow"
        Action = [
          "sqs:SendMessage",
          "sqs:PurgeQueue", // nobody
          "kms:*Key",
        ]
        Resource = "*"
      },
      { Effect = "Allow", Action = "logs:Put*", Resource = "*" },
    ]
  })
}

resource "aws_iam_role_policy_attachment" "shared" {
  for_each   = toset(["a", "b"])
  role       = each.key
  policy_arn = aws_iam_policy.shared.arn
}
