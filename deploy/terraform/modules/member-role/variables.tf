variable "bot_role_arn" {
  description = "The ARN of the role that acmbot runs as, task_role_arn among the outputs of the module in deploy/terraform."
  type        = string
}

variable "external_id" {
  description = "A long random word, the same as external_id there."
  type        = string

  validation {
    condition     = can(regex("^[\\w+=,.@:/-]+$", var.external_id)) && length(var.external_id) >= 16 && length(var.external_id) <= 1224
    error_message = "An external id has from 16 to 1224 letters, digits and the signs _+=,.@:/-."
  }
}

variable "role_name" {
  description = "The role's name; acmbot's own role must be allowed to assume it."
  type        = string
  default     = "acmbot-read"
}

variable "tags" {
  description = "Tags for the role."
  type        = map(string)
  default     = {}
}

variable "fixes" {
  description = "What acmbot may fix in this account: add-cname, add-caa, resend-email, switch-to-dns, publish-switch-records, renew-private. Empty to only read."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for fix in var.fixes : contains(["add-cname", "add-caa", "resend-email", "switch-to-dns", "publish-switch-records", "renew-private"], fix)])
    error_message = "A fix is one of add-cname, add-caa, resend-email, switch-to-dns, publish-switch-records, renew-private."
  }
}

variable "fix_zone_arns" {
  description = "The hosted zones that records may be written in, such as arn:aws:route53:::hostedzone/Z0123456789ABCDEFGHIJ. Empty for all of the account."
  type        = list(string)
  default     = []
}

variable "fix_cname_names" {
  description = "The names that validation CNAMEs may be written at; _????????????????????????????????.*example.com for one domain."
  type        = list(string)
  default     = ["_????????????????????????????????.*"]
}

variable "fix_caa_names" {
  description = "The names whose CAA records may be extended. The ones given stand for your own."
  type        = list(string)
  default     = ["example.com", "*.example.com"]
}
