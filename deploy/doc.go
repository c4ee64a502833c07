// Package deploy holds what acmbot is run with for real: IAM policies, templates
// for CloudFormation, modules for Terraform, a Helm chart, a unit for systemd.
// There is no code in it; its tests keep the policies equal to what the program
// calls, and hold the rest against them, against the program's settings, and
// against the schemas of those who take it.
package deploy
