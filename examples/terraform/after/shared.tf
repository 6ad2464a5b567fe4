# Both roles have it, so only what neither uses goes
resource "aws_iam_policy" "shared" {
  name   = "shared"
  policy = file("${path.module}/policies/shared.json")
}

resource "aws_iam_role_policy_attachment" "app" {
  role       = aws_iam_role.app.name
  policy_arn = aws_iam_policy.shared.arn
}

resource "aws_iam_role_policy_attachment" "worker" {
  role       = module.worker.role_name
  policy_arn = aws_iam_policy.shared.arn
}

module "worker" {
  source = "./modules/worker"

  name      = "worker-${var.environment}"
  queue_arn = aws_sqs_queue.jobs.arn
  more_statements = [
    {
      actions   = ["s3:PutObject"]
      resources = ["${aws_s3_bucket.uploads.arn}/*"]
    },
  ]
}
