variable "name" {
  type = string
}

resource "aws_iam_role" "this" {
  name = "${var.name}-queue"

  assume_role_policy = jsonencode({
    Statement = [{ Effect = "Allow", Principal = { Service = "lambda.amazonaws.com" }, Action = "sts:AssumeRole" }]
  })
}

resource "aws_iam_role_policy" "this" {
  role = aws_iam_role.this.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect = "Allow"
        Action = [
          "sqs:ReceiveMessage",
          "sns:*", # once, when it sent mail
        ]
        Resource = "*"
      },
    ]
  })
}
