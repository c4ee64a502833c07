data "aws_partition" "current" {}

data "aws_region" "current" {}

data "aws_caller_identity" "current" {}

locals {
  partition = data.aws_partition.current.partition
  account   = data.aws_caller_identity.current.account_id
  region    = data.aws_region.current.region

  # Go gives memory back before the task's limit is reached, with a tenth to
  # spare.
  sizes = {
    small  = { cpu = 256, memory = 512, go_memory = "460MiB" }
    medium = { cpu = 512, memory = 1024, go_memory = "920MiB" }
    large  = { cpu = 1024, memory = 2048, go_memory = "1840MiB" }
  }

  has_metrics = var.metrics_security_group_id != ""

  # An empty variable counts as not set.
  settings = merge({
    GOMEMLIMIT                  = local.sizes[var.size].go_memory
    AWS_REGION                  = local.region
    SLACK_BOT_TOKEN             = "secretsmanager:${aws_secretsmanager_secret.bot_token.arn}"
    SLACK_APP_TOKEN             = "secretsmanager:${aws_secretsmanager_secret.app_token.arn}"
    ACMBOT_STATE                = "dynamodb:${aws_dynamodb_table.state.name}"
    ACMBOT_COMMAND              = var.command
    ACMBOT_EVENTS_QUEUE_URL     = aws_sqs_queue.events.url
    ACMBOT_ALLOW_USERS          = join(",", var.access.users)
    ACMBOT_ALLOW_TEAMS          = join(",", var.access.teams)
    ACMBOT_ALLOW_CHANNELS       = join(",", var.access.channels)
    ACMBOT_SHOW_ACCOUNTS        = join(",", var.access.show_accounts)
    ACMBOT_USER_RATE            = var.access.user_rate
    ACMBOT_OPERATOR             = var.access.operator
    ACMBOT_ADMINS               = join(",", var.admins)
    ACMBOT_REGIONS              = join(",", var.regions)
    ACMBOT_ROLE_ARNS            = join(",", var.role_arns)
    ACMBOT_EXTERNAL_ID          = var.external_id
    ACMBOT_DNS_RESOLVERS        = join(",", var.dns_resolvers)
    ACMBOT_PROBE_ALLOW          = join(",", var.probe_allow)
    ACMBOT_DIGEST_CHANNEL       = var.digest.channel
    ACMBOT_DIGEST_TIME          = var.digest.time
    ACMBOT_DIGEST_TIME_ZONE     = var.digest.time_zone
    ACMBOT_DIGEST_WEEKDAYS      = tostring(var.digest.weekdays)
    ACMBOT_DIGEST_QUIET         = var.digest.quiet
    ACMBOT_DIGEST_ROUTES        = join(",", var.digest.routes)
    ACMBOT_DIGEST_MENTION_DAYS  = join(",", var.digest.mention_days)
    ACMBOT_ALERTS               = var.alerts.enabled ? "on" : "off"
    ACMBOT_ALERT_EVERY          = var.alerts.every
    ACMBOT_FIX                  = join(",", var.fixes)
    ACMBOT_FIX_USERS            = join(",", var.fix_users)
    ACMBOT_AUDIT_CHANNEL        = var.audit_channel
    ACMBOT_HEALTH_LISTEN        = local.has_metrics ? ":8081" : "127.0.0.1:8081"
    OTEL_EXPORTER_OTLP_ENDPOINT = var.traces_endpoint
    ACMBOT_LOG_LEVEL            = var.log_level
    ACMBOT_LOG_FORMAT           = "json"
  }, var.extra_settings)
}

resource "aws_cloudwatch_log_group" "this" {
  name              = "/acmbot/${var.name}"
  retention_in_days = var.log_retention_days
  tags              = var.tags
}

resource "aws_security_group" "this" {
  name_prefix = "${var.name}-"
  description = "acmbot - HTTPS, HTTP and DNS out, and nothing in but metrics where that is asked for"
  vpc_id      = var.vpc_id
  tags        = merge(var.tags, { Name = var.name })

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_vpc_security_group_egress_rule" "this" {
  for_each = {
    for rule in setproduct(["tcp-443", "tcp-80", "tcp-53", "udp-53"], ["0.0.0.0/0", "::/0"]) :
    join("-", rule) => { protocol = split("-", rule[0])[0], port = tonumber(split("-", rule[0])[1]), to = rule[1] }
  }

  security_group_id = aws_security_group.this.id
  description       = { 443 = "Slack and AWS and web servers", 80 = "the redirect of HTTP validation", 53 = "name servers" }[each.value.port]
  ip_protocol       = each.value.protocol
  from_port         = each.value.port
  to_port           = each.value.port
  cidr_ipv4         = each.value.to == "0.0.0.0/0" ? each.value.to : null
  cidr_ipv6         = each.value.to == "::/0" ? each.value.to : null
  tags              = var.tags
}

resource "aws_vpc_security_group_ingress_rule" "metrics" {
  count = local.has_metrics ? 1 : 0

  security_group_id            = aws_security_group.this.id
  description                  = "metrics for Prometheus"
  ip_protocol                  = "tcp"
  from_port                    = 8081
  to_port                      = 8081
  referenced_security_group_id = var.metrics_security_group_id
  tags                         = var.tags
}

resource "aws_ecs_cluster" "this" {
  name = var.name
  tags = var.tags
}

resource "aws_ecs_task_definition" "this" {
  family                   = var.name
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = local.sizes[var.size].cpu
  memory                   = local.sizes[var.size].memory
  task_role_arn            = aws_iam_role.task.arn
  execution_role_arn       = aws_iam_role.execution.arn
  tags                     = var.tags

  runtime_platform {
    operating_system_family = "LINUX"
    cpu_architecture        = var.architecture
  }

  container_definitions = jsonencode([{
    name                   = "acmbot"
    image                  = var.image
    command                = ["run"]
    essential              = true
    user                   = "65532:65532"
    privileged             = false
    readonlyRootFilesystem = true
    linuxParameters        = { capabilities = { drop = ["ALL"] } }
    # Whether the program runs, and not whether Slack does: to start it anew
    # does not mend an outage of Slack. Opening the state can take minutes.
    healthCheck = { command = ["CMD", "acmbot", "health"], interval = 30, timeout = 10, retries = 3, startPeriod = 300 }
    # It takes ten seconds for what is under way, and leaves the rest to another
    # copy.
    stopTimeout  = 60
    portMappings = [for port in local.has_metrics ? [8081] : [] : { containerPort = port, protocol = "tcp" }]
    environment  = [for name in sort(keys(local.settings)) : { name = name, value = local.settings[name] }]
    logConfiguration = {
      logDriver = "awslogs"
      options = {
        "awslogs-group"         = aws_cloudwatch_log_group.this.name
        "awslogs-region"        = local.region
        "awslogs-stream-prefix" = "acmbot"
        "mode"                  = "non-blocking"
        "max-buffer-size"       = "4m"
      }
    }
  }])
}

resource "aws_ecs_service" "this" {
  name                               = var.name
  cluster                            = aws_ecs_cluster.this.id
  task_definition                    = aws_ecs_task_definition.this.arn
  launch_type                        = "FARGATE"
  desired_count                      = var.replicas
  deployment_minimum_healthy_percent = 50
  deployment_maximum_percent         = var.replicas == 1 ? 200 : 150 # one copy more than there are
  availability_zone_rebalancing      = "ENABLED"
  enable_execute_command             = false
  enable_ecs_managed_tags            = true
  propagate_tags                     = "SERVICE"
  tags                               = var.tags

  deployment_circuit_breaker {
    enable   = true
    rollback = true
  }

  network_configuration {
    assign_public_ip = var.assign_public_ip
    security_groups  = [aws_security_group.this.id]
    subnets          = var.subnet_ids
  }

  lifecycle {
    precondition {
      condition     = length(var.fixes) == 0 || length(var.fix_users) > 0
      error_message = "fixes switches on buttons that nobody could press. fix_users says who may."
    }
    precondition {
      condition     = length(var.role_arns) == 0 || var.external_id != ""
      error_message = "The roles in other accounts let acmbot in with an external id only. external_id is missing."
    }
  }

  # Its permissions are there before it asks for them.
  depends_on = [aws_iam_role_policy.task, aws_iam_role_policy.execution]
}
