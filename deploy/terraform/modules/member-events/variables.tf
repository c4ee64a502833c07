variable "bus_arn" {
  description = "The ARN of acmbot's event bus, bus_arn among the outputs of the module in deploy/terraform."
  type        = string
}

variable "name" {
  description = "What the names of the rules and of the role begin with."
  type        = string
  default     = "acmbot"
}

variable "tags" {
  description = "Tags for everything."
  type        = map(string)
  default     = {}
}
