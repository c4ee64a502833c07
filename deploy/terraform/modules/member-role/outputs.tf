output "role_arn" {
  description = "For role_arns of the module in deploy/terraform."
  value       = aws_iam_role.this.arn
}
