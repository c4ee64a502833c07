# What the program may do: the policies of deploy/iam, for its own table and
# queue, and of the fixes those that are asked for.

locals {
  iam = "${path.module}/../iam"

  # The files that each fix takes.
  fix_files = {
    add-cname              = "fix-route53-cname"
    publish-switch-records = "fix-route53-cname"
    add-caa                = "fix-route53-caa"
    resend-email           = "fix-acm-resend-email"
    switch-to-dns          = "fix-acm-switch-to-dns"
    renew-private          = "fix-acm-renew-private"
  }

  policy_files = toset(concat(
    ["read", "read-extra", "dynamodb", "events", "doctor"],
    length(var.role_arns) > 0 ? ["assume"] : [],
    [for fix in var.fixes : local.fix_files[fix]],
  ))

  # What is in the files stands for what is known here.
  zone_arns = length(var.fix_zone_arns) > 0 ? var.fix_zone_arns : ["arn:aws:route53:::hostedzone/*"]
  policies = {
    for file in local.policy_files : file => replace(replace(replace(replace(replace(replace(replace(replace(
      file("${local.iam}/${file}.json"),
      "\"arn:aws:sqs:*:*:acmbot-events\"", jsonencode(aws_sqs_queue.events.arn)),
      "[\"arn:aws:iam::*:role/acmbot\", \"arn:aws:iam::*:role/acmbot-read\"]", "\"arn:aws:iam::${local.account}:role/${var.name}-task-*\""),
      "\"arn:aws:dynamodb:*:*:table/acmbot\"", jsonencode(aws_dynamodb_table.state.arn)),
      "role/acmbot-read\"", "role/${var.member_role_name}\""),
      "\"Action\": \"route53:ChangeResourceRecordSets\",\n      \"Resource\": \"arn:aws:route53:::hostedzone/*\"", "\"Action\": \"route53:ChangeResourceRecordSets\", \"Resource\": ${jsonencode(local.zone_arns)}"),
      "[\"_????????????????????????????????.*\"]", jsonencode(var.fix_cname_names)),
      "[\"example.com\", \"*.example.com\"]", jsonencode(var.fix_caa_names)),
    "arn:aws:", "arn:${local.partition}:")
  }
}

locals {
  # Of secrets.json what reads a secret, for those of state.tf.
  secrets_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [for statement in jsondecode(file("${local.iam}/secrets.json")).Statement : {
      Sid      = statement.Sid
      Effect   = statement.Effect
      Action   = statement.Action
      Resource = [aws_secretsmanager_secret.bot_token.arn, aws_secretsmanager_secret.app_token.arn]
    } if statement.Sid == "ReadSecrets"]
  })
}

locals {
  trust = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "LetTasksIn"
      Effect    = "Allow"
      Principal = { Service = "ecs-tasks.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = {
        StringEquals = { "aws:SourceAccount" = local.account }
        ArnLike      = { "aws:SourceArn" = "arn:${local.partition}:ecs:${local.region}:${local.account}:*" }
      }
    }]
  })
}

resource "aws_iam_role" "task" {
  name_prefix        = "${var.name}-task-"
  description        = "Lets acmbot read certificates and its tokens, and keep its state"
  assume_role_policy = local.trust
  tags               = var.tags
}

resource "aws_iam_role_policy" "task" {
  for_each = merge(local.policies, { secrets = local.secrets_policy })

  name   = each.key
  role   = aws_iam_role.task.id
  policy = each.value
}

# What ECS may do to start the program.

resource "aws_iam_role" "execution" {
  name_prefix        = "${var.name}-start-"
  description        = "Lets ECS fetch acmbot's image, and write its log"
  assume_role_policy = local.trust
  tags               = var.tags
}

resource "aws_iam_role_policy" "execution" {
  name = "start"
  role = aws_iam_role.execution.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat([
      {
        Sid      = "WriteLog"
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = ["${aws_cloudwatch_log_group.this.arn}:*"]
      },
      ], [for statement in [
        {
          Sid      = "LogIn"
          Effect   = "Allow"
          Action   = ["ecr:GetAuthorizationToken"]
          Resource = ["*"]
        },
        {
          Sid      = "FetchImage"
          Effect   = "Allow"
          Action   = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
          Resource = [var.ecr_repository_arn]
        },
    ] : statement if var.ecr_repository_arn != ""])
  })
}
