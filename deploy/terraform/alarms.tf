locals {
  digest_is_daily = var.replicas > 0 && var.digest.channel != "" && var.digest.quiet == "line"

  service_dimensions = { ClusterName = aws_ecs_cluster.this.name, ServiceName = aws_ecs_service.this.name }
}

# ECS gives one sample of the CPU a minute for each task that runs, so that their
# number needs no Container Insights.

resource "aws_cloudwatch_metric_alarm" "nobody_runs" {
  count = var.replicas > 0 ? 1 : 0

  alarm_name          = "${var.name}-nobody-runs"
  alarm_description   = "No copy of acmbot runs, so nobody is answered in Slack. The service's events and the log say why."
  namespace           = "AWS/ECS"
  metric_name         = "CPUUtilization"
  dimensions          = local.service_dimensions
  statistic           = "SampleCount"
  period              = 60
  evaluation_periods  = 5
  comparison_operator = "LessThanThreshold"
  threshold           = 1
  treat_missing_data  = "breaching"
  alarm_actions       = var.alarm_topic_arns
  ok_actions          = var.alarm_topic_arns
  tags                = var.tags
}

resource "aws_cloudwatch_metric_alarm" "fewer_run" {
  count = var.replicas > 0 ? 1 : 0

  alarm_name          = "${var.name}-fewer-run"
  alarm_description   = "Fewer copies of acmbot run than it should have. The service's events say why."
  namespace           = "AWS/ECS"
  metric_name         = "CPUUtilization"
  dimensions          = local.service_dimensions
  statistic           = "SampleCount"
  period              = 60
  evaluation_periods  = 30
  comparison_operator = "LessThanThreshold"
  threshold           = var.replicas
  treat_missing_data  = "breaching"
  alarm_actions       = var.alarm_topic_arns
  ok_actions          = var.alarm_topic_arns
  tags                = var.tags
}

resource "aws_cloudwatch_metric_alarm" "dead_letters_wait" {
  alarm_name          = "${var.name}-dead-letters-wait"
  alarm_description   = "Events could not be delivered to acmbot's queue, or acmbot failed with them five times. They are in the queue of dead letters for 14 days."
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateNumberOfMessagesVisible"
  dimensions          = { QueueName = aws_sqs_queue.dead_letters.name }
  statistic           = "Maximum"
  period              = 300
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_topic_arns
  ok_actions          = var.alarm_topic_arns
  tags                = var.tags
}

resource "aws_cloudwatch_metric_alarm" "events_wait" {
  count = var.replicas > 0 ? 1 : 0

  alarm_name          = "${var.name}-events-wait"
  alarm_description   = "The oldest of ACM's events has waited for a quarter of an hour. acmbot does not read its queue; its log says why."
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateAgeOfOldestMessage"
  dimensions          = { QueueName = aws_sqs_queue.events.name }
  statistic           = "Maximum"
  period              = 300
  evaluation_periods  = 2
  comparison_operator = "GreaterThanThreshold"
  threshold           = 900
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_topic_arns
  ok_actions          = var.alarm_topic_arns
  tags                = var.tags
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

# Two hours more than lie between two digests, for the day on which the clocks
# are put back, and for one that comes late.
resource "aws_cloudwatch_metric_alarm" "digest_missed" {
  count = local.digest_is_daily ? 1 : 0

  alarm_name          = "${var.name}-digest-missed"
  alarm_description   = "No digest was posted for a day. The log says why."
  namespace           = "acmbot"
  metric_name         = "${var.name}-digests-posted"
  statistic           = "Sum"
  period              = 3600
  evaluation_periods  = var.digest.weekdays ? 74 : 26
  comparison_operator = "LessThanThreshold"
  threshold           = 1
  treat_missing_data  = "breaching"
  alarm_actions       = var.alarm_topic_arns
  ok_actions          = var.alarm_topic_arns
  tags                = var.tags

  depends_on = [aws_cloudwatch_log_metric_filter.digests_posted]
}
