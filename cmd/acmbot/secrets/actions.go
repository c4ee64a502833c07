package secrets

// actions are the calls that this package makes, as IAM names them.
var actions = map[Kind]string{
	SecretsManager: "secretsmanager:GetSecretValue",
	ParameterStore: "ssm:GetParameter",
}

// Actions are the IAM actions that reading secrets takes, in order. The services
// call kms:Decrypt in the reader's name where the key is the customer's own
// ("Secret encryption and decryption in AWS Secrets Manager", AWS Secrets Manager
// User Guide,
// https://docs.aws.amazon.com/secretsmanager/latest/userguide/security-encryption.html).
func Actions() []string {
	return []string{"kms:Decrypt", actions[SecretsManager], actions[ParameterStore]}
}
