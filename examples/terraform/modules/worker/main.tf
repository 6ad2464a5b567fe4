variable "name" {
  type = string
}

variable "queue_arn" {
  type = string
}

variable "more_statements" {
  type    = list(object({ actions = list(string), resources = list(string) }))
  default = []
}

resource "aws_iam_role" "this" {
  name = var.name
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "ecs-tasks.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })
}

resource "aws_iam_role_policy" "this" {
  role   = aws_iam_role.this.id
  policy = data.aws_iam_policy_document.this.json
}

data "aws_iam_policy_document" "this" {
  statement {
    actions = [
      "sqs:ReceiveMessage",
      "sqs:DeleteMessage",
      "sqs:PurgeQueue",
    ]
    resources = [var.queue_arn]
  }

  dynamic "statement" {
    for_each = var.more_statements

    content {
      actions   = statement.value.actions
      resources = statement.value.resources
    }
  }
}

output "role_name" {
  value = aws_iam_role.this.name
}
