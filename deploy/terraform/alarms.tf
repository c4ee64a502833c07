locals {
  runs            = var.replicas > 0
  digest_is_daily = local.runs && var.digest.channel != "" && var.digest.quiet == "line"

  # ECS gives one sample of the CPU a minute for each task that runs, so that
  # their number needs no Container Insights.
  running = {
    namespace  = "AWS/ECS"
    metric     = "CPUUtilization"
    dimensions = { ClusterName = aws_ecs_cluster.this.name, ServiceName = aws_ecs_service.this.name }
    statistic  = "SampleCount"
    period     = 60
  }

  alarms = {
    nobody-runs = merge(local.running, {
      made        = local.runs
      description = "No copy of acmbot runs, so nobody is answered in Slack. The service's events and the log say why."
      periods     = 5
      below       = 1
    })
    fewer-run = merge(local.running, {
      made        = local.runs
      description = "Fewer copies of acmbot run than it should have. The service's events say why."
      periods     = 30
      below       = var.replicas
    })
    not-connected = {
      made        = local.runs
      description = "A copy of acmbot runs without a connection to Slack. Where it is the only one, nobody is answered. https://slack-status.com tells of outages, and the log says what else keeps it."
      namespace   = "acmbot"
      metric      = "${var.name}-silent-minutes"
      dimensions  = {}
      statistic   = "Sum"
      period      = 300
      periods     = 2
      above       = 3
    }
    dead-letters-wait = {
      made        = true
      description = "Events could not be delivered to acmbot's queue, or acmbot failed with them five times. They are in the queue of dead letters for 14 days."
      namespace   = "AWS/SQS"
      metric      = "ApproximateNumberOfMessagesVisible"
      dimensions  = { QueueName = aws_sqs_queue.dead_letters.name }
      statistic   = "Maximum"
      period      = 300
      periods     = 1
      above       = 0
    }
    # With alerts off the events are left in the queue.
    events-wait = {
      made        = local.runs && var.alerts.enabled
      description = "The oldest of ACM's events has waited for a quarter of an hour. acmbot does not read its queue; its log says why."
      namespace   = "AWS/SQS"
      metric      = "ApproximateAgeOfOldestMessage"
      dimensions  = { QueueName = aws_sqs_queue.events.name }
      statistic   = "Maximum"
      period      = 300
      periods     = 2
      above       = 900
    }
    # Two hours more than lie between two digests, for the day on which the clocks
    # are put back, and for one that comes late.
    digest-missed = {
      made        = local.digest_is_daily
      description = "No digest was posted for a day. The log says why."
      namespace   = "acmbot"
      metric      = "${var.name}-digests-posted"
      dimensions  = {}
      statistic   = "Sum"
      period      = 3600
      periods     = var.digest.weekdays ? 74 : 26
      below       = 1
    }
  }
}

# A number that falls below its threshold does so, too, where nobody counts.
resource "aws_cloudwatch_metric_alarm" "this" {
  for_each = { for name, alarm in local.alarms : name => alarm if alarm.made }

  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = each.value.description
  namespace           = each.value.namespace
  metric_name         = each.value.metric
  dimensions          = each.value.dimensions
  statistic           = each.value.statistic
  period              = each.value.period
  evaluation_periods  = each.value.periods
  comparison_operator = can(each.value.below) ? "LessThanThreshold" : "GreaterThanThreshold"
  threshold           = try(each.value.below, each.value.above)
  treat_missing_data  = can(each.value.below) ? "breaching" : "notBreaching"
  alarm_actions       = var.alarm_topic_arns
  ok_actions          = var.alarm_topic_arns
  tags                = var.tags

  depends_on = [aws_cloudwatch_log_metric_filter.digests_posted, aws_cloudwatch_log_metric_filter.silent_minutes]
}

# Each copy writes the line once a minute for as long as it is so.
resource "aws_cloudwatch_log_metric_filter" "silent_minutes" {
  count = local.runs ? 1 : 0

  name           = "${var.name}-silent-minutes"
  log_group_name = aws_cloudwatch_log_group.this.name
  pattern        = "{ $.msg = \"not connected to Slack\" }"

  metric_transformation {
    namespace = "acmbot"
    name      = "${var.name}-silent-minutes"
    value     = "1"
  }
}

resource "aws_cloudwatch_log_metric_filter" "digests_posted" {
  count = local.digest_is_daily ? 1 : 0

  name           = "${var.name}-digests-posted"
  log_group_name = aws_cloudwatch_log_group.this.name
  pattern        = "{ $.msg = \"posted a digest\" && $.channel = \"${var.digest.channel}\" }"

  metric_transformation {
    namespace = "acmbot"
    name      = "${var.name}-digests-posted"
    value     = "1"
  }
}
