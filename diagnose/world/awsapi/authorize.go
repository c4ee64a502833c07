package awsapi

import (
	"encoding/xml"
	"errors"
	"net/url"
	"slices"
	"strings"

	"github.com/acmbot/acmbot/diagnose/world/awsapi/policy"
)

// A target is what an action is performed on, as IAM sees it.
type target struct {
	// resource is an ARN, or "*" where the action has no resource.
	resource string
	// keys are the condition keys that come with the request.
	keys map[string][]string
	// guard is the policy of the resource; nil where it has none.
	guard *policy.Guard
	// hidden says that a refusal does not tell whose policy it is for.
	hidden bool
}

// targets are the targets of the actions, by IAM's names. The resource types
// and the condition keys of each are in the Service Authorization Reference,
// "Actions, resources, and condition keys for AWS services",
// https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html.
var targets = map[string]func(*invocation) (target, *Error){
	// https://docs.aws.amazon.com/service-authorization/latest/reference/list_awscertificatemanager.html
	"acm:DescribeCertificate":              certificateOf,
	"acm:GetAccountConfiguration":          nothing,
	"acm:GetCertificate":                   certificateOf,
	"acm:ListCertificateDomainValidations": certificateOf,
	"acm:ListCertificates":                 nothing,
	"acm:ListTagsForCertificate":           certificateOf,
	"acm:RenewCertificate":                 certificateOf,
	"acm:ResendValidationEmail":            certificateOf,
	"acm:SearchCertificates":               nothing,
	"acm:UpdateCertificateOptions":         updatedCertificate,

	// https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsprivatecertificateauthority.html
	"acm-pca:DescribeCertificateAuthority": authorityOf("CertificateAuthorityArn"),
	"acm-pca:GetPolicy":                    authorityOf("ResourceArn"),
	"acm-pca:ListPermissions":              authorityOf("CertificateAuthorityArn"),

	// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonroute53.html
	"route53:ChangeResourceRecordSets": changedRecords,
	"route53:GetChange":                inPath("change/"),
	"route53:GetDNSSEC":                inPath("hostedzone/"),
	"route53:GetHostedZone":            inPath("hostedzone/"),
	"route53:ListHostedZones":          nothing,
	"route53:ListHostedZonesByName":    nothing,
	"route53:ListResourceRecordSets":   inPath("hostedzone/"),

	// https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html
	"iam:CreateRole":              roleOf,
	"iam:PutRolePolicy":           roleOf,
	"iam:SimulatePrincipalPolicy": simulated,

	// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsqs.html
	"sqs:ChangeMessageVisibility": queueOf,
	"sqs:DeleteMessage":           queueOf,
	"sqs:GetQueueAttributes":      queueOf,
	"sqs:GetQueueUrl":             queueOf,
	"sqs:ReceiveMessage":          queueOf,
	"sqs:SendMessage":             queueOf,

	// https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssecretsmanager.html
	"secretsmanager:CreateSecret":   secretOf,
	"secretsmanager:GetSecretValue": secretOf,

	// https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssystemsmanager.html
	"ssm:GetParameter": parameterOf,
	"ssm:PutParameter": parameterOf,

	// https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssecuritytokenservice.html
	"sts:AssumeRole": assumedRole,
}

// nothing is the target of an action that has no resource: a policy has to
// allow it on "*".
func nothing(*invocation) (target, *Error) { return target{resource: "*"}, nil }

// arn is the ARN of a resource of the caller's account and region.
func (c *invocation) arn(service, resource string) string {
	return "arn:" + c.account.partition() + ":" + service + ":" + c.region.Name + ":" + c.account.ID + ":" + resource
}

func certificateOf(c *invocation) (target, *Error) {
	arn, fault := c.text("CertificateArn")
	return target{resource: arn}, fault
}

// text is a member of the JSON request.
func (c *invocation) text(member string) (string, *Error) {
	var in map[string]any
	if fault := c.request.decode(&in); fault != nil {
		return "", fault
	}
	text, _ := in[member].(string)
	return text, nil
}

// updatedCertificate has the validation method, which is "EMAIL" where the
// request has none.
func updatedCertificate(c *invocation) (target, *Error) {
	var in struct {
		CertificateArn string
		Options        struct{ ValidationMethod string }
	}
	fault := c.request.decode(&in)
	return target{resource: in.CertificateArn, keys: map[string][]string{
		"acm:ValidationMethod": {or(in.Options.ValidationMethod, "EMAIL")},
	}}, fault
}

// authorityOf is a private certificate authority, with the policy by which it is
// shared.
func authorityOf(member string) func(*invocation) (target, *Error) {
	return func(c *invocation) (target, *Error) {
		arn, fault := c.text(member)
		t := target{resource: arn}
		parts := strings.SplitN(arn, ":", 6)
		if fault != nil || len(parts) != 6 {
			return t, fault
		}
		text := ""
		if ca := c.state.authority(arn); ca != nil {
			text = ca.Policy
		}
		t.guard, fault = guard(parts[4], text)
		return t, fault
	}
}

// guard is the policy of a resource of the account, which has none where the
// text is empty.
func guard(account, text string) (*policy.Guard, *Error) {
	g := &policy.Guard{Kind: policy.Resource, Account: account}
	if text == "" {
		return g, nil
	}
	var err error
	if g.Document, err = policy.Parse(text, policy.Resource); err != nil {
		return nil, refusal(err)
	}
	return g, nil
}

// inPath is the resource of Route 53 that the path has the id of.
func inPath(prefix string) func(*invocation) (target, *Error) {
	return func(c *invocation) (target, *Error) {
		return target{resource: "arn:" + c.account.partition() + ":route53:::" + prefix + c.request.path[1]}, nil
	}
}

// changedRecords is a hosted zone, with what of its records is to change
// ("Using IAM policy conditions for fine-grained access control", Amazon
// Route 53 Developer Guide,
// https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/specifying-conditions-route53.html).
func changedRecords(c *invocation) (target, *Error) {
	t, _ := inPath("hostedzone/")(c)
	var in changeBatch
	if xml.Unmarshal(c.request.body, &in) != nil {
		return t, nil
	}
	t.keys = map[string][]string{}
	for _, change := range in.Changes {
		for key, value := range map[string]string{
			"Actions": change.Action, "RecordTypes": change.Set.Type, "NormalizedRecordNames": octal(canonical(change.Set.Name)),
		} {
			key = "route53:ChangeResourceRecordSets" + key
			t.keys[key] = append(t.keys[key], value)
		}
	}
	return t, nil
}

func simulated(c *invocation) (target, *Error) {
	return target{resource: c.request.form.Get("PolicySourceArn")}, nil
}

func roleOf(c *invocation) (target, *Error) {
	return target{resource: "arn:" + c.account.partition() + ":iam::" + c.account.ID + ":role/" + c.request.form.Get("RoleName")}, nil
}

// assumedRole is a role with its trust policy. One that does not exist is
// refused as one that does not trust the caller is.
func assumedRole(c *invocation) (target, *Error) {
	form := c.request.form
	t := target{resource: form.Get("RoleArn"), guard: &policy.Guard{Kind: policy.Trust}, keys: map[string][]string{}}
	parts := strings.Split(t.resource, ":")
	if len(parts) != 6 || parts[2] != "iam" || !strings.HasPrefix(parts[5], "role/") {
		return t, &Error{Code: "ValidationError", Message: t.resource + " is invalid"}
	}
	if id := form.Get("ExternalId"); id != "" {
		t.keys["sts:ExternalId"] = []string{id}
	}
	t.guard.Account, t.hidden = parts[4], parts[4] != c.account.ID
	if account := c.state.Accounts[parts[4]]; account != nil {
		if role := account.roleOf(t.resource); role != nil {
			t.guard.Document = role.trusts()
		}
	}
	return t, nil
}

// queueOf is a queue, with its policy. Of one that does not exist whoever may ask
// is told so.
func queueOf(c *invocation) (target, *Error) {
	address, fault := c.text("QueueUrl")
	if fault != nil {
		return target{}, fault
	}
	account, name := c.account.ID, ""
	if at, err := url.Parse(address); address != "" && err == nil {
		account, name, _ = strings.Cut(strings.Trim(at.Path, "/"), "/")
	} else {
		var in struct{ QueueName, QueueOwnerAWSAccountID string }
		if fault := c.request.decode(&in); fault != nil {
			return target{}, fault
		}
		account, name = or(in.QueueOwnerAWSAccountID, account), in.QueueName
	}
	q := &Queue{Name: name, account: account, region: c.region.Name}
	t := target{resource: q.ARN()}
	if there := c.state.queueOf(t.resource); there != nil {
		t.guard, fault = guard(there.account, there.Policy)
	}
	return t, fault
}

func secretOf(c *invocation) (target, *Error) {
	var in struct{ Name, SecretId string } //nolint:revive // the API's names
	if fault := c.request.decode(&in); fault != nil {
		return target{}, fault
	}
	id := or(in.SecretId, in.Name)
	if s := c.region.secret(id); s != nil {
		id = s.ARN
	}
	if !strings.HasPrefix(id, "arn:") {
		id = c.arn("secretsmanager", "secret:"+id)
	}
	return target{resource: id}, nil
}

func parameterOf(c *invocation) (target, *Error) {
	name, fault := c.text("Name")
	if !strings.HasPrefix(name, "arn:") {
		name = c.arn("ssm", "parameter/"+strings.TrimPrefix(name, "/"))
	}
	return target{resource: name}, fault
}

// authorize checks the deny lists and, where they count, the policies.
func (c *invocation) authorize() *Error {
	if c.region.Disabled {
		return &Error{Code: "UnrecognizedClientException", Message: "The security token included in the request is invalid."}
	}
	action := Call{Service: c.request.service, Action: c.request.action}.IAM()
	// GetCallerIdentity needs no permission, and cannot be denied by a policy
	// of the caller ("GetCallerIdentity", AWS Security Token Service API
	// Reference, https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html).
	if action == "sts:GetCallerIdentity" {
		return nil
	}
	find := targets[action]
	if c.request.service == "dynamodb" {
		find = tableOf
	}
	t, fault := find(c)
	if fault != nil {
		return fault
	}
	return c.permit(action, t)
}

// permit refuses what the caller may not do. The messages are those of
// "Troubleshoot access denied error messages" (IAM User Guide,
// https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html).
func (c *invocation) permit(action string, t target) *Error {
	because := func(why string) *Error {
		message := "User: " + c.who.principal + " is not authorized to perform: " + action + " on resource: " + t.resource
		if !t.hidden {
			message += " " + why
		}
		return &Error{Code: "AccessDeniedException", Message: message}
	}
	unallowed := "because no identity-based policy allows the " + action + " action"
	switch {
	case denies(c.account.DenyByPolicy, action):
		t.hidden = false
		return because("with an explicit deny in a service control policy")
	case denies(c.account.Deny, action), denies(c.region.Deny, action), denies(c.who.deny, action):
		return because(unallowed)
	}
	if t.keys == nil {
		t.keys = map[string][]string{}
	}
	t.keys["aws:SecureTransport"] = []string{secureTransport}
	verdict := policy.Evaluate(
		policy.Request{Action: action, Resource: t.resource, Caller: c.who.principal, Keys: t.keys},
		c.account.policiesOf(c.who.principal), t.guard,
	)
	kind := "an identity-based policy"
	if verdict.Of != policy.Identity {
		kind = "a resource-based policy"
	}
	switch {
	case verdict.Decision == policy.Allowed:
		return nil
	case verdict.Decision == policy.ExplicitDeny:
		return because("with an explicit deny in " + kind)
	case verdict.Of != policy.Identity:
		return because("because no resource-based policy allows the " + action + " action")
	}
	return because(unallowed)
}

// secureTransport stands for TLS, which AWS's endpoints speak and a server on
// this machine need not.
const secureTransport = "true"

// everything allows it.
var everything = []policy.Document{{Statement: []policy.Statement{{Effect: "Allow", Action: []string{"*"}, Resource: []string{"*"}}}}}

// policiesOf are the policies of a user or role of the account. Where they do
// not count, and for users, they allow everything.
func (a *Account) policiesOf(principal string) []policy.Document {
	if !a.PoliciesCount || !isRole(principal) {
		return everything
	}
	var list []policy.Document
	if role := a.roleOf(principal); role != nil {
		for _, p := range role.policies {
			list = append(list, p)
		}
	}
	return list
}

// refusal is a document's error as the service gives it: loud, where it is the
// evaluation that is wanting.
func refusal(err error) *Error {
	if wrong, ok := errors.AsType[*policy.Error](err); ok && !wrong.Unsupported {
		return &Error{Code: "MalformedPolicyDocument", Message: wrong.Message}
	}
	return &Error{Status: 501, Code: "NotImplemented", Message: err.Error()}
}

func denies(patterns []string, action string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool {
		prefix, wild := strings.CutSuffix(p, "*")
		return p == action || wild && strings.HasPrefix(action, prefix)
	})
}
