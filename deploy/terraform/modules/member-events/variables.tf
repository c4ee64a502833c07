variable "bus_arn" {
  description = "The ARN of acmbot's event bus, bus_arn among the outputs of the module in deploy/terraform."
  type        = string
}

variable "name" {
  description = "The name of the rule, and the beginning of the role's."
  type        = string
  default     = "acmbot-events"
}

variable "tags" {
  description = "Tags for everything."
  type        = map(string)
  default     = {}
}
