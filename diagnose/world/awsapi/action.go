package awsapi

import (
	"encoding/base64"
	"strconv"
)

// An invocation is one action under way. The server's lock is held.
type invocation struct {
	*Server
	request  *request
	account  *Account
	region   *Region
	who      identity
	resource string
	wrote    bool
}

// actions are all the actions, as IAM names them.
var actions = map[string]func(*invocation) (any, *Error){
	"acm:DescribeCertificate":              describeCertificate,
	"acm:GetAccountConfiguration":          getAccountConfiguration,
	"acm:GetCertificate":                   getCertificate,
	"acm:ListCertificateDomainValidations": listCertificateDomainValidations,
	"acm:ListCertificates":                 listCertificates,
	"acm:ListTagsForCertificate":           listTagsForCertificate,
	"acm:RenewCertificate":                 renewCertificate,
	"acm:ResendValidationEmail":            resendValidationEmail,
	"acm:SearchCertificates":               searchCertificates,
	"acm:UpdateCertificateOptions":         updateCertificateOptions,

	"acm-pca:DescribeCertificateAuthority": describeCertificateAuthority,
	"acm-pca:GetPolicy":                    getPolicy,
	"acm-pca:ListPermissions":              listPermissions,

	"route53:ChangeResourceRecordSets": changeResourceRecordSets,
	"route53:GetChange":                getChange,
	"route53:GetDNSSEC":                getDNSSEC,
	"route53:GetHostedZone":            getHostedZone,
	"route53:ListHostedZones":          listHostedZones,
	"route53:ListHostedZonesByName":    listHostedZonesByName,
	"route53:ListResourceRecordSets":   listResourceRecordSets,

	"iam:CreateRole":              createRole,
	"iam:PutRolePolicy":           putRolePolicy,
	"iam:SimulatePrincipalPolicy": simulatePrincipalPolicy,

	"sqs:ChangeMessageVisibility":      single((*Queue).hide),
	"sqs:ChangeMessageVisibilityBatch": many((*Queue).hide),
	"sqs:DeleteMessage":                single((*Queue).drop),
	"sqs:DeleteMessageBatch":           many((*Queue).drop),
	"sqs:GetQueueAttributes":           getQueueAttributes,
	"sqs:GetQueueUrl":                  getQueueURL,
	"sqs:ReceiveMessage":               receiveMessage,
	"sqs:SendMessage":                  sendMessage,
	"sqs:SendMessageBatch":             sendMessageBatch,

	"secretsmanager:CreateSecret":   createSecret,
	"secretsmanager:GetSecretValue": getSecretValue,

	"ssm:GetParameter": getParameter,
	"ssm:PutParameter": putParameter,

	"sts:AssumeRole":        assumeRole,
	"sts:GetCallerIdentity": getCallerIdentity,
}

// page cuts one page out of a list. Tokens are opaque to clients; here they
// hold the offset.
func page[T any](c *invocation, list []T, size int, token string) ([]T, string, *Error) {
	if limit := c.state.Quirks.PageSize; limit > 0 {
		size = min(size, limit)
	}
	offset := 0
	if token != "" {
		raw, err := base64.RawURLEncoding.DecodeString(token)
		if err == nil {
			offset, err = strconv.Atoi(string(raw))
		}
		if err != nil || offset < 0 || offset > len(list) {
			return nil, "", &Error{Code: "ValidationException", Message: "The provided NextToken is not valid."}
		}
	}
	end := min(offset+size, len(list))
	next := ""
	if end < len(list) {
		next = base64.RawURLEncoding.EncodeToString([]byte(strconv.Itoa(end)))
	}
	return list[offset:end], next, nil
}

// pageSize checks the size of a page that was asked for.
func pageSize(asked *int, fallback, limit int, name string) (int, *Error) {
	if asked == nil {
		return fallback, nil
	}
	constraint := ""
	switch {
	case *asked < 1:
		constraint = "greater than or equal to 1"
	case *asked > limit:
		constraint = "less than or equal to " + strconv.Itoa(limit)
	default:
		return *asked, nil
	}
	return 0, &Error{Code: "ValidationException", Message: "1 validation error detected: Value '" + strconv.Itoa(*asked) + "' at '" + name + "' failed to satisfy constraint: Member must have value " + constraint}
}
