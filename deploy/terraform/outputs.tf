output "task_role_arn" {
  description = "For bot_role_arn of modules/member-role."
  value       = aws_iam_role.task.arn
}

output "bus_arn" {
  description = "For bus_arn of modules/member-events."
  value       = aws_cloudwatch_event_bus.elsewhere.arn
}

output "bot_token_secret_arn" {
  description = "Where the bot token (xoxb-) belongs."
  value       = aws_secretsmanager_secret.bot_token.arn
}

output "app_token_secret_arn" {
  description = "Where the app-level token (xapp-) belongs."
  value       = aws_secretsmanager_secret.app_token.arn
}

output "queue_url" {
  description = "The queue of ACM's events."
  value       = aws_sqs_queue.events.url
}

output "dead_letters_url" {
  description = "The queue of the events that could not be handled."
  value       = aws_sqs_queue.dead_letters.url
}

output "table_name" {
  description = "The table that keeps the state."
  value       = aws_dynamodb_table.state.name
}

output "log_group_name" {
  description = "The log."
  value       = aws_cloudwatch_log_group.this.name
}

output "cluster_name" {
  description = "The cluster that the service runs in."
  value       = aws_ecs_cluster.this.name
}

output "service_name" {
  description = "The service."
  value       = aws_ecs_service.this.name
}
