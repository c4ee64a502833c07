# Sends ACM's events of this account and region, and AWS Health's on ACM, to
# acmbot's event bus: once for each account and region but acmbot's own, where
# there are rules already.

data "aws_caller_identity" "current" {}

locals {
  # ACM's own events, and AWS Health's on ACM.
  event_patterns = {
    acm    = file("${path.module}/../../../events/pattern.json")
    health = file("${path.module}/../../../events/pattern-health.json")
  }
}

resource "aws_cloudwatch_event_rule" "this" {
  for_each = local.event_patterns

  name          = "${var.name}-${each.key}"
  description   = "ACM's events, for acmbot"
  event_pattern = each.value
  tags          = var.tags
}

resource "aws_cloudwatch_event_target" "this" {
  for_each = aws_cloudwatch_event_rule.this

  rule      = each.value.name
  target_id = "acmbot"
  arn       = var.bus_arn
  role_arn  = aws_iam_role.this.arn
}

resource "aws_iam_role" "this" {
  name_prefix = "${var.name}-"
  description = "Lets EventBridge send ACM's events to acmbot"
  tags        = var.tags

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "LetEventBridgeIn"
      Effect    = "Allow"
      Principal = { Service = "events.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = { StringEquals = { "aws:SourceAccount" = data.aws_caller_identity.current.account_id } }
    }]
  })
}

resource "aws_iam_role_policy" "this" {
  name = "send"
  role = aws_iam_role.this.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid      = "SendEvents"
      Effect   = "Allow"
      Action   = "events:PutEvents"
      Resource = var.bus_arn
    }]
  })
}
