variable "name" {
  description = "The name that everything has, or begins with."
  type        = string
  default     = "acmbot"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,30}$", var.name))
    error_message = "A name has from 2 to 31 lower-case letters, digits and hyphens."
  }
}

variable "tags" {
  description = "Tags for everything that takes tags."
  type        = map(string)
  default     = {}
}

# The image

variable "image" {
  description = "The container image, by tag or, better, by digest."
  type        = string
}

variable "architecture" {
  description = "The processor, ARM64 or X86_64. The image must have been built for it; ko builds it for both."
  type        = string
  default     = "ARM64"

  validation {
    condition     = contains(["ARM64", "X86_64"], var.architecture)
    error_message = "The processor is ARM64 or X86_64."
  }
}

variable "size" {
  description = "CPU and memory of each replica: small (0.25 vCPU, 512 MB), medium (0.5 vCPU, 1 GB) or large (1 vCPU, 2 GB)."
  type        = string
  default     = "small"

  validation {
    condition     = contains(["small", "medium", "large"], var.size)
    error_message = "The size is small, medium or large."
  }
}

variable "replicas" {
  description = "How many copies run. 0 for the first apply, before the secrets have a value. Slack allows an app 10 connections, and each copy has two."
  type        = number
  default     = 2

  validation {
    condition     = var.replicas >= 0 && var.replicas <= 3 && floor(var.replicas) == var.replicas
    error_message = "From 0 to 3 copies run."
  }
}

variable "ecr_repository_arn" {
  description = "The ECR repository that the image comes from, in this or in another account. Empty for a public image."
  type        = string
  default     = ""
}

# The network

variable "vpc_id" {
  description = "The VPC that the subnets are in."
  type        = string
}

variable "subnet_ids" {
  description = "Subnets in two or more availability zones, with a way to the Internet for HTTPS and DNS."
  type        = list(string)
}

variable "assign_public_ip" {
  description = "true in public subnets; false where a NAT gateway leads out."
  type        = bool
  default     = false
}

variable "metrics_security_group_id" {
  description = "The security group of a Prometheus that may read /metrics on port 8081. Empty to open no port."
  type        = string
  default     = ""
}

# What it looks at

variable "regions" {
  description = "The AWS regions to look for certificates in. Empty for this one and us-east-1."
  type        = list(string)
  default     = []
}

variable "role_arns" {
  description = "The roles by modules/member-role in other accounts."
  type        = list(string)
  default     = []
}

variable "external_id" {
  description = "The external id of those roles, a long random word."
  type        = string
  default     = ""
  sensitive   = true
}

variable "member_role_name" {
  description = "The name of those roles; it may assume no others."
  type        = string
  default     = "acmbot-read"
}

variable "organization_id" {
  description = "The organization whose accounts may send ACM's events here, by modules/member-events. Empty to take this account's only."
  type        = string
  default     = ""

  validation {
    condition     = can(regex("^$|^o-[a-z0-9]{10,32}$", var.organization_id))
    error_message = "An organization's id is like o-a1b2c3d4e5."
  }
}

variable "dns_resolvers" {
  description = "The recursive resolvers to compare with, as host:port. The security group lets port 53 out."
  type        = list(string)
  default     = ["1.1.1.1:53", "8.8.8.8:53"]
}

variable "probe_allow" {
  description = "Private address ranges that HTTPS and HTTP probes may connect to as well."
  type        = list(string)
  default     = []
}

# Slack

variable "command" {
  description = "The slash command, as it is in the app's manifest."
  type        = string
  default     = "/acm"
}

variable "access" {
  description = "Who may ask (members, guests, ids of users and user groups), the ids of further workspaces whose people count as the workspace's own, in which channels (internal, shared, ids), who sees AWS account ids in full (members, ids; all or none), how many questions one person may ask within a time, and the id of whom people are sent to who may not do something."
  type = object({
    users         = optional(list(string), ["members"])
    teams         = optional(list(string), [])
    channels      = optional(list(string), ["internal"])
    show_accounts = optional(list(string), ["members"])
    user_rate     = optional(string, "30/10m")
    operator      = optional(string, "")
  })
  default = {}
}

variable "admins" {
  description = "The ids of further Slack users (U…) and user groups (S…) who may ask acmbot how it is set up, besides the workspace's admins and owners."
  type        = list(string)
  default     = []
}

# The daily digest

variable "digest" {
  description = "The daily digest: the channel's id, the time and its time zone, whether to leave out Saturday and Sunday, what to post on a day without trouble (line or nothing), which certificates belong to which other channel, and the days left at which a route's user group is mentioned."
  type = object({
    channel      = optional(string, "")
    time         = optional(string, "09:00")
    time_zone    = optional(string, "UTC")
    weekdays     = optional(bool, false)
    quiet        = optional(string, "line")
    routes       = optional(list(string), [])
    mention_days = optional(list(number), [14, 7, 3, 1])
  })
  default = {}

  validation {
    condition     = contains(["line", "nothing"], var.digest.quiet)
    error_message = "A day without trouble takes a line or nothing."
  }
}

variable "alerts" {
  description = "Whether channels that get a digest are alerted in between, and how often all certificates are looked through for that, from 1m to 24h."
  type = object({
    enabled = optional(bool, true)
    every   = optional(string, "10m")
  })
  default = {}
}

# What it may change

variable "fixes" {
  description = "What may be fixed by a button in Slack: add-cname, add-caa, resend-email, switch-to-dns, publish-switch-records, renew-private. Empty to only read."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for fix in var.fixes : contains(["add-cname", "add-caa", "resend-email", "switch-to-dns", "publish-switch-records", "renew-private"], fix)])
    error_message = "A fix is one of add-cname, add-caa, resend-email, switch-to-dns, publish-switch-records, renew-private."
  }
}

variable "fix_users" {
  description = "The ids of the Slack users (U…) and user groups (S…) who may press those buttons."
  type        = list(string)
  default     = []
}

variable "audit_channel" {
  description = "The id of the Slack channel that gets an entry for each fix."
  type        = string
  default     = ""
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

# Logs and alarms

variable "log_level" {
  description = "The least severity that is logged: debug, info, warn or error. The audit of fixes and the posting of digests always are."
  type        = string
  default     = "info"
}

variable "log_retention_days" {
  description = "How long the log is kept. It has an entry for every fix."
  type        = number
  default     = 90
}

variable "traces_endpoint" {
  description = "The address of an OpenTelemetry collector that takes OTLP over HTTPS, on port 443, which is the one that is let out. Empty for no traces."
  type        = string
  default     = ""
}

variable "alarm_topic_arns" {
  description = "The SNS topics that alarms go to. Without any the alarms are there all the same."
  type        = list(string)
  default     = []
}

variable "extra_settings" {
  description = "Settings of acmbot that have no variable here, such as { ACMBOT_WORKERS = \"16\" }."
  type        = map(string)
  default     = {}

  validation {
    condition     = alltrue([for name in keys(var.extra_settings) : can(regex("^ACMBOT_|^OTEL_|^SLACK_API_URL$", name))])
    error_message = "A setting's name begins with ACMBOT_ or OTEL_. The tokens are kept in secrets."
  }
}
