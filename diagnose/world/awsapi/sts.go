package awsapi

import (
	"encoding/xml"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// A session is what AssumeRole hands out.
type session struct {
	AccessKey
	account string
}

const stsNamespace = "https://sts.amazonaws.com/doc/2011-06-15/"

type callerIdentityResponse struct {
	XMLName xml.Name `xml:"GetCallerIdentityResponse"`
	NS      string   `xml:"xmlns,attr"`
	ARN     string   `xml:"GetCallerIdentityResult>Arn"`
	UserID  string   `xml:"GetCallerIdentityResult>UserId"`
	Account string   `xml:"GetCallerIdentityResult>Account"`
}

func getCallerIdentity(c *invocation) (any, *Error) {
	return callerIdentityResponse{NS: stsNamespace, ARN: c.who.principal, UserID: "AIDAEXAMPLE", Account: c.who.account}, nil
}

type assumeRoleResponse struct {
	XMLName xml.Name `xml:"AssumeRoleResponse"`
	NS      string   `xml:"xmlns,attr"`
	ARN     string   `xml:"AssumeRoleResult>AssumedRoleUser>Arn"`
	RoleID  string   `xml:"AssumeRoleResult>AssumedRoleUser>AssumedRoleId"`
	Key     string   `xml:"AssumeRoleResult>Credentials>AccessKeyId"`
	Secret  string   `xml:"AssumeRoleResult>Credentials>SecretAccessKey"`
	Token   string   `xml:"AssumeRoleResult>Credentials>SessionToken"`
	Expires string   `xml:"AssumeRoleResult>Credentials>Expiration"`
}

// assumeRole gives credentials to whom the trust policy of a role lets in
// ("AssumeRole", AWS Security Token Service API Reference,
// https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html).
func assumeRole(c *invocation) (any, *Error) {
	form := c.request.form
	arn, name := form.Get("RoleArn"), form.Get("RoleSessionName")
	c.resource = arn
	if name == "" {
		return nil, &Error{Code: "ValidationError", Message: "1 validation error detected: Value null at 'roleSessionName' failed to satisfy constraint: Member must not be null"}
	}
	lifetime := time.Hour
	if d := form.Get("DurationSeconds"); d != "" {
		seconds, err := strconv.Atoi(d)
		if err != nil || seconds < 900 || seconds > 43200 {
			return nil, &Error{Code: "ValidationError", Message: "1 validation error detected: Value '" + d + "' at 'durationSeconds' failed to satisfy constraint"}
		}
		lifetime = time.Duration(seconds) * time.Second
	}
	// Who comes here is trusted by a role that exists.
	account := c.state.Accounts[strings.Split(arn, ":")[4]]
	role := account.roleOf(arn)
	c.serial++
	s := session{account: account.ID, AccessKey: AccessKey{
		ID:           fmt.Sprintf("ASIA%016d", c.serial),
		Secret:       requestID(),
		SessionToken: requestID(),
		Principal:    "arn:" + account.partition() + ":sts::" + account.ID + ":assumed-role/" + role.Name + "/" + name,
		Expires:      time.Now().Add(lifetime),
		Deny:         role.Deny,
	}}
	c.sessions[s.ID] = s
	return assumeRoleResponse{
		NS: stsNamespace, ARN: s.Principal, RoleID: "AROAEXAMPLE:" + name,
		Key: s.ID, Secret: s.Secret, Token: s.SessionToken, Expires: s.Expires.UTC().Format(time.RFC3339),
	}, nil
}
