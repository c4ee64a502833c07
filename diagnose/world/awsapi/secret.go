package awsapi

import (
	"slices"
	"strings"
	"time"
)

// A Secret is a secret of AWS Secrets Manager, with its current version.
type Secret struct {
	// ARN ends in a hyphen and six characters of Secrets Manager's own.
	ARN  string
	Name string
	// String is the value; Binary is, where it is not nil.
	String string
	Binary []byte
	// DeletedAt is when it was scheduled for deletion; zero where it was not.
	DeletedAt time.Time
	// Key is the ARN of the KMS key that it is encrypted with; the one that AWS
	// manages, aws/secretsmanager, where empty.
	Key string
	// Locked says that the key's policy keeps the caller from decrypting.
	Locked bool
}

// A Parameter is a parameter of AWS Systems Manager Parameter Store, with its
// latest version.
type Parameter struct {
	Name  string
	Type  string // SecureString where empty
	Value string
	// Key is the ARN of the KMS key that it is encrypted with; the one that AWS
	// manages, aws/ssm, where empty.
	Key string
	// Locked says that the key's policy keeps the caller from decrypting.
	Locked bool
}

// SetSecret puts a secret, or its next value, into a region of the account, and
// returns its ARN.
func (a *Account) SetSecret(region, name, value string) (arn string) {
	r := a.Region(region)
	i := slices.IndexFunc(r.Secrets, func(s *Secret) bool { return s.Name == name })
	if i < 0 {
		arn = "arn:" + a.partition() + ":secretsmanager:" + region + ":" + a.ID + ":secret:" + name + "-AbCdEf"
		r.Secrets = append(r.Secrets, &Secret{ARN: arn, Name: name, String: value})
		return arn
	}
	r.Secrets[i].String, r.Secrets[i].Binary = value, nil
	return r.Secrets[i].ARN
}

// SetParameter puts a SecureString parameter, or its next value, into a region
// of the account, and returns its ARN.
func (a *Account) SetParameter(region, name, value string) (arn string) {
	r := a.Region(region)
	arn = "arn:" + a.partition() + ":ssm:" + region + ":" + a.ID + ":parameter/" + strings.TrimPrefix(name, "/")
	i := slices.IndexFunc(r.Parameters, func(p *Parameter) bool { return p.Name == name })
	if i < 0 {
		r.Parameters = append(r.Parameters, &Parameter{Name: name, Value: value})
		return arn
	}
	r.Parameters[i].Value = value
	return arn
}

// secret finds a secret by its name, its ARN, or its ARN without the last seven
// characters; nil where there is none.
func (r *Region) secret(id string) *Secret {
	for _, s := range r.Secrets {
		if id == s.Name || id == s.ARN || id == s.ARN[:max(len(s.ARN)-7, 0)] {
			return s
		}
	}
	return nil
}

// mayDecrypt tells whether the caller may use a key by way of the service that
// was called. The keys that AWS manages let in whoever may read what they
// encrypt; the policies of others leave it to the account ("Authentication and
// access control for AWS Secrets Manager" and "Secret encryption and
// decryption", AWS Secrets Manager User Guide,
// https://docs.aws.amazon.com/secretsmanager/latest/userguide/security-encryption.html).
func (c *invocation) mayDecrypt(key string) bool {
	return key == "" || c.permit("kms:Decrypt", target{resource: key, keys: map[string][]string{
		"kms:ViaService": {c.request.service + "." + c.region.Name + ".amazonaws.com"},
	}}) == nil
}

// getSecretValue gives a secret by its name, its ARN, or its ARN without the
// last seven characters ("GetSecretValue", AWS Secrets Manager API Reference,
// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html).
func getSecretValue(c *invocation) (any, *Error) {
	var in struct{ SecretId, VersionId, VersionStage string } //nolint:revive // the API's names
	if fault := c.request.decode(&in); fault != nil {
		return nil, fault
	}
	if in.SecretId == "" {
		return nil, &Error{Code: "ValidationException", Message: "1 validation error detected: Value null at 'secretId' failed to satisfy constraint: Member must not be null"}
	}
	c.resource = in.SecretId
	s := c.region.secret(in.SecretId)
	switch {
	case s == nil:
		return nil, &Error{Code: "ResourceNotFoundException", Message: "Secrets Manager can't find the specified secret."}
	case in.VersionId != "" || or(in.VersionStage, "AWSCURRENT") != "AWSCURRENT":
		return nil, &Error{Code: "ResourceNotFoundException", Message: "Secrets Manager can't find the specified secret value for staging label: " + in.VersionStage}
	}
	switch {
	case !s.DeletedAt.IsZero():
		return nil, &Error{Code: "InvalidRequestException", Message: "You can't perform this operation on the secret because it was marked for deletion."}
	case s.Locked || !c.mayDecrypt(s.Key):
		return nil, &Error{Code: "AccessDeniedException", Message: "Access to KMS is not allowed"}
	}
	o := object{"VersionStages": []string{"AWSCURRENT"}}
	o.put("ARN", s.ARN)
	o.put("Name", s.Name)
	o.put("VersionId", "01234567-89ab-cdef-0123-456789abcdef")
	o.put("CreatedDate", c.now())
	if s.Binary != nil {
		o["SecretBinary"] = s.Binary
	} else {
		o["SecretString"] = s.String
	}
	return o, nil
}

// getParameter gives a parameter by its name or its ARN ("GetParameter", AWS
// Systems Manager API Reference,
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParameter.html).
func getParameter(c *invocation) (any, *Error) {
	var in struct {
		Name           string
		WithDecryption bool
	}
	if fault := c.request.decode(&in); fault != nil {
		return nil, fault
	}
	c.resource = in.Name
	base := "arn:" + c.account.partition() + ":ssm:" + c.region.Name + ":" + c.account.ID + ":parameter/"
	i := slices.IndexFunc(c.region.Parameters, func(p *Parameter) bool {
		return in.Name == p.Name || in.Name == base+strings.TrimPrefix(p.Name, "/")
	})
	if i < 0 {
		return nil, &Error{Code: "ParameterNotFound"}
	}
	p := c.region.Parameters[i]
	value, kind := p.Value, or(p.Type, "SecureString")
	if kind == "SecureString" {
		switch {
		case !in.WithDecryption:
			value = "AQICAHexampleciphertext"
		case p.Locked || !c.mayDecrypt(p.Key):
			return nil, &Error{Code: "AccessDeniedException", Message: "The ciphertext refers to a customer master key that does not exist, does not exist in this region, or you are not allowed to access."}
		}
	}
	o := object{"Version": 1}
	o.put("Name", p.Name)
	o.put("ARN", base+strings.TrimPrefix(p.Name, "/"))
	o.put("DataType", "text")
	o.put("LastModifiedDate", c.now())
	o["Type"], o["Value"] = kind, value
	return object{"Parameter": o}, nil
}

// createSecret makes a secret ("CreateSecret", AWS Secrets Manager API
// Reference, https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html).
func createSecret(c *invocation) (any, *Error) {
	var in struct{ Name, SecretString, KmsKeyId string } //nolint:revive // the API's names
	if fault := c.request.decode(&in); fault != nil {
		return nil, fault
	}
	if in.Name == "" {
		return nil, &Error{Code: "ValidationException", Message: "1 validation error detected: Value null at 'name' failed to satisfy constraint: Member must not be null"}
	}
	if slices.ContainsFunc(c.region.Secrets, func(s *Secret) bool { return s.Name == in.Name }) {
		return nil, &Error{Code: "ResourceExistsException", Message: "The operation failed because the secret " + in.Name + " already exists."}
	}
	c.resource = c.account.SetSecret(c.region.Name, in.Name, in.SecretString)
	c.account.Region(c.region.Name).secret(in.Name).Key = in.KmsKeyId
	c.wrote = true
	return object{"ARN": c.resource, "Name": in.Name, "VersionId": "01234567-89ab-cdef-0123-456789abcdef"}, nil
}

// putParameter makes a parameter ("PutParameter", AWS Systems Manager API
// Reference, https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html).
// Replacing one takes Overwrite.
func putParameter(c *invocation) (any, *Error) {
	var in struct {
		Name, Type, Value string
		Overwrite         bool
	}
	if fault := c.request.decode(&in); fault != nil {
		return nil, fault
	}
	if in.Name == "" || in.Value == "" {
		return nil, &Error{Code: "ValidationException", Message: "1 validation error detected: Value null failed to satisfy constraint: Member must not be null"}
	}
	i := slices.IndexFunc(c.region.Parameters, func(p *Parameter) bool { return p.Name == in.Name })
	if i >= 0 && !in.Overwrite {
		return nil, &Error{Code: "ParameterAlreadyExists", Message: "The parameter already exists. To overwrite this value, set the overwrite option in the request to true."}
	}
	c.resource = c.account.SetParameter(c.region.Name, in.Name, in.Value)
	if i = slices.IndexFunc(c.region.Parameters, func(p *Parameter) bool { return p.Name == in.Name }); in.Type != "" {
		c.region.Parameters[i].Type = in.Type
	}
	c.wrote = true
	return object{"Version": 1, "Tier": "Standard"}, nil
}
