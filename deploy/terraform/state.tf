# What has to survive a restart.
resource "aws_dynamodb_table" "state" {
  name                        = var.name
  billing_mode                = "PAY_PER_REQUEST"
  hash_key                    = "pk"
  range_key                   = "sk"
  deletion_protection_enabled = true
  tags                        = var.tags

  attribute {
    name = "pk"
    type = "S"
  }

  attribute {
    name = "sk"
    type = "S"
  }

  ttl {
    attribute_name = "ttl"
    enabled        = true
  }

  point_in_time_recovery {
    enabled = true
  }

  server_side_encryption {
    enabled = true
  }
}

# Empty at first: the README has the commands that fill them, so that no token
# is in Terraform's state. acmbot reads them itself, and again when they are
# rotated.
resource "aws_secretsmanager_secret" "bot_token" {
  name_prefix = "${var.name}/bot-token-"
  description = "acmbot's bot token (xoxb-)"
  tags        = var.tags
}

resource "aws_secretsmanager_secret" "app_token" {
  name_prefix = "${var.name}/app-token-"
  description = "acmbot's app-level token for Socket Mode (xapp-)"
  tags        = var.tags
}
