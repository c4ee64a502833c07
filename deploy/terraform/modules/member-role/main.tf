# The role by which acmbot reads certificates in another account. It can change
# nothing, unless fixes says so.

data "aws_partition" "current" {}

data "aws_caller_identity" "current" {}

locals {
  iam       = "${path.module}/../../../iam"
  partition = data.aws_partition.current.partition

  # The files that each fix takes.
  fix_files = {
    add-cname              = "fix-route53-cname"
    publish-switch-records = "fix-route53-cname"
    add-caa                = "fix-route53-caa"
    resend-email           = "fix-acm-resend-email"
    switch-to-dns          = "fix-acm-switch-to-dns"
    renew-private          = "fix-acm-renew-private"
  }

  policy_files = toset(concat(["read", "read-extra"], [for fix in var.fixes : local.fix_files[fix]]))

  # What is in the files stands for what is known here.
  zone_arns = length(var.fix_zone_arns) > 0 ? var.fix_zone_arns : ["arn:aws:route53:::hostedzone/*"]
  policies = {
    for file in local.policy_files : file => replace(replace(replace(replace(
      file("${local.iam}/${file}.json"),
      "\"Action\": \"route53:ChangeResourceRecordSets\",\n      \"Resource\": \"arn:aws:route53:::hostedzone/*\"", "\"Action\": \"route53:ChangeResourceRecordSets\", \"Resource\": ${jsonencode(local.zone_arns)}"),
      "[\"_????????????????????????????????.*\"]", jsonencode(var.fix_cname_names)),
      "[\"example.com\", \"*.example.com\"]", jsonencode(var.fix_caa_names)),
    "arn:aws:", "arn:${local.partition}:")
  }

  # Of doctor.json what asks IAM about this role.
  doctor_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [for statement in jsondecode(file("${local.iam}/doctor.json")).Statement : {
      Sid      = statement.Sid
      Effect   = statement.Effect
      Action   = statement.Action
      Resource = "arn:${local.partition}:iam::${data.aws_caller_identity.current.account_id}:role/${var.role_name}"
    } if statement.Sid == "AskWhatFixesMayDo"]
  })

  trust = replace(replace(
    file("${local.iam}/trust.json"),
    "\"arn:aws:iam::111122223333:role/acmbot\"", jsonencode(var.bot_role_arn)),
  "\"a-long-random-word\"", jsonencode(var.external_id))
}

resource "aws_iam_role" "this" {
  name                 = var.role_name
  description          = "Lets acmbot read certificates, hosted zones and private authorities"
  max_session_duration = 3600
  assume_role_policy   = local.trust
  tags                 = var.tags
}

resource "aws_iam_role_policy" "this" {
  for_each = merge(local.policies, length(var.fixes) > 0 ? { doctor = local.doctor_policy } : {})

  name   = each.key
  role   = aws_iam_role.this.id
  policy = each.value
}
