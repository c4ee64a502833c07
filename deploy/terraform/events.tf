# ACM's events, of all accounts and regions.

locals {
  # ACM's own events, and AWS Health's on ACM.
  event_patterns = {
    acm    = file("${path.module}/../events/pattern.json")
    health = file("${path.module}/../events/pattern-health.json")
  }

  # Those of this account and region, and those of others.
  event_rules = merge(
    { for name, pattern in local.event_patterns : name => { bus = "default", pattern = pattern } },
    { for name, pattern in local.event_patterns : "elsewhere-${name}" => { bus = aws_cloudwatch_event_bus.elsewhere.name, pattern = pattern } },
  )
}

resource "aws_sqs_queue" "events" {
  name                       = "${var.name}-events"
  sqs_managed_sse_enabled    = true
  message_retention_seconds  = 345600
  visibility_timeout_seconds = 120
  receive_wait_time_seconds  = 20
  tags                       = var.tags

  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.dead_letters.arn
    maxReceiveCount     = 5
  })
}

resource "aws_sqs_queue" "dead_letters" {
  name                      = "${var.name}-dead-letters"
  sqs_managed_sse_enabled   = true
  message_retention_seconds = 1209600
  tags                      = var.tags
}

resource "aws_sqs_queue_policy" "this" {
  for_each = { events = aws_sqs_queue.events, dead-letters = aws_sqs_queue.dead_letters }

  queue_url = each.value.url
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "TakeEvents"
        Effect    = "Allow"
        Principal = { Service = "events.amazonaws.com" }
        Action    = "sqs:SendMessage"
        Resource  = each.value.arn
        Condition = { ArnEquals = { "aws:SourceArn" = [for rule in aws_cloudwatch_event_rule.this : rule.arn] } }
      },
      {
        Sid       = "OnlyEncrypted"
        Effect    = "Deny"
        Principal = "*"
        Action    = "sqs:*"
        Resource  = each.value.arn
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
    ]
  })
}

resource "aws_cloudwatch_event_rule" "this" {
  for_each = local.event_rules

  name           = "${var.name}-${each.key}"
  description    = "ACM's events, for acmbot"
  event_bus_name = each.value.bus
  event_pattern  = each.value.pattern
  tags           = var.tags
}

resource "aws_cloudwatch_event_target" "this" {
  for_each = aws_cloudwatch_event_rule.this

  rule           = each.value.name
  event_bus_name = each.value.event_bus_name
  target_id      = "acmbot"
  arn            = aws_sqs_queue.events.arn

  dead_letter_config {
    arn = aws_sqs_queue.dead_letters.arn
  }
}

# Where modules/member-events sends the events of this account's other regions,
# and of other accounts. A source that begins with "aws." cannot be given by
# anybody but AWS.

resource "aws_cloudwatch_event_bus" "elsewhere" {
  name        = "${var.name}-events"
  description = "ACM's events of other regions and accounts, for acmbot"
  tags        = var.tags
}

resource "aws_cloudwatch_event_bus_policy" "elsewhere" {
  event_bus_name = aws_cloudwatch_event_bus.elsewhere.name
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat([{
      Sid       = "TakeEventsOfThisAccount"
      Effect    = "Allow"
      Principal = { AWS = "arn:${local.partition}:iam::${local.account}:root" }
      Action    = "events:PutEvents"
      Resource  = aws_cloudwatch_event_bus.elsewhere.arn
      }], [for organization in var.organization_id == "" ? [] : [var.organization_id] : {
      Sid       = "TakeEventsOfTheOrganization"
      Effect    = "Allow"
      Principal = "*"
      Action    = "events:PutEvents"
      Resource  = aws_cloudwatch_event_bus.elsewhere.arn
      Condition = { StringEquals = { "aws:PrincipalOrgID" = organization } }
    }])
  })
}
