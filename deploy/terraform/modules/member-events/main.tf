# Sends ACM's events of this account and region to acmbot's event bus: once for
# each account and region but acmbot's own, where it has a rule already.

data "aws_caller_identity" "current" {}

resource "aws_cloudwatch_event_rule" "this" {
  name        = var.name
  description = "ACM's events, for acmbot"
  tags        = var.tags

  event_pattern = jsonencode({
    source = ["aws.acm"]
    "detail-type" = [
      "ACM Certificate Approaching Expiration",
      "ACM Certificate Renewal Action Required",
      "ACM Certificate Expired",
      "ACM Certificate Available",
      "ACM Certificate Rotated",
      "ACM Certificate Revoked",
    ]
  })
}

resource "aws_cloudwatch_event_target" "this" {
  rule      = aws_cloudwatch_event_rule.this.name
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
