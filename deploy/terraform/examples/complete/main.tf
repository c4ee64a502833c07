# acmbot in one account, which looks into a second one and hears of ACM's events
# there, and in us-east-1, where the certificates of CloudFront are. In the second
# account it may write validation records in one zone.

terraform {
  required_version = ">= 1.5.0"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 6.0.0, < 7.0.0"
    }
  }
}

provider "aws" {
  region = "eu-central-1"
}

provider "aws" {
  alias  = "us_east_1"
  region = "us-east-1"
}

provider "aws" {
  alias  = "shop"
  region = "eu-central-1"

  assume_role {
    role_arn = "arn:aws:iam::444455556666:role/terraform"
  }
}

module "acmbot" {
  # In a configuration of your own:
  # source = "git::https://github.com/acmbot/acmbot.git//deploy/terraform?ref=v1.0.0"
  source = "../.."

  image              = "111122223333.dkr.ecr.eu-central-1.amazonaws.com/acmbot:v1.0.0"
  ecr_repository_arn = "arn:aws:ecr:eu-central-1:111122223333:repository/acmbot"
  vpc_id             = "vpc-0123456789abcdef0"
  subnet_ids         = ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"]
  replicas           = var.replicas

  regions         = ["eu-central-1", "us-east-1"]
  role_arns       = ["arn:aws:iam::444455556666:role/acmbot-read"]
  external_id     = var.external_id
  organization_id = "o-a1b2c3d4e5"

  digest = {
    channel   = "C0123456789"
    time      = "08:30"
    time_zone = "Europe/Berlin"
    weekdays  = true
    routes    = ["tag:team=shop => C1123456789 @S0123456789"]
  }

  fixes           = ["add-cname"]
  fix_users       = ["U0123456789"]
  audit_channel   = "C2123456789"
  fix_zone_arns   = ["arn:aws:route53:::hostedzone/Z1123456789ABCDEFGHIJ"]
  fix_cname_names = ["_????????????????????????????????.*example.com"]

  alarm_topic_arns = ["arn:aws:sns:eu-central-1:111122223333:alarms"]
}

module "shop_role" {
  source    = "../../modules/member-role"
  providers = { aws = aws.shop }

  bot_role_arn    = module.acmbot.task_role_arn
  external_id     = var.external_id
  fixes           = ["add-cname"]
  fix_zone_arns   = ["arn:aws:route53:::hostedzone/Z0123456789ABCDEFGHIJ"]
  fix_cname_names = ["_????????????????????????????????.*shop.example.com"]
}

module "shop_events" {
  source    = "../../modules/member-events"
  providers = { aws = aws.shop }

  bus_arn = module.acmbot.bus_arn
}

module "us_east_1_events" {
  source    = "../../modules/member-events"
  providers = { aws = aws.us_east_1 }

  bus_arn = module.acmbot.bus_arn
}

variable "external_id" {
  description = "A long random word: openssl rand -hex 20"
  type        = string
  sensitive   = true
}

variable "replicas" {
  description = "0 for the first apply, before the secrets have a value."
  type        = number
  default     = 2
}

output "secrets" {
  description = "Where the tokens belong."
  value       = [module.acmbot.bot_token_secret_arn, module.acmbot.app_token_secret_arn]
}
