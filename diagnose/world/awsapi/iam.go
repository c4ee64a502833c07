package awsapi

import (
	"encoding/xml"
	"strconv"
	"strings"

	"github.com/acmbot/acmbot/diagnose/world/awsapi/policy"
)

const iamNamespace = "https://iam.amazonaws.com/doc/2010-05-08/"

type evaluation struct {
	Action   string `xml:"EvalActionName"`
	Resource string `xml:"EvalResourceName"`
	Decision string `xml:"EvalDecision"`
}

type simulateResponse struct {
	XMLName   xml.Name     `xml:"SimulatePrincipalPolicyResponse"`
	NS        string       `xml:"xmlns,attr"`
	Results   []evaluation `xml:"SimulatePrincipalPolicyResult>EvaluationResults>member"`
	Truncated bool         `xml:"SimulatePrincipalPolicyResult>IsTruncated"`
	RequestID string       `xml:"ResponseMetadata>RequestId"`
}

// simulatePrincipalPolicy tells of actions whether a user or role of the
// account may perform them, as authorize does ("SimulatePrincipalPolicy", AWS
// Identity and Access Management API Reference,
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html).
func simulatePrincipalPolicy(c *invocation) (any, *Error) {
	form := c.request.form
	source := form.Get("PolicySourceArn")
	c.resource = source
	parts := strings.SplitN(source, ":", 6)
	if len(parts) != 6 || parts[2] != "iam" {
		return nil, &Error{Code: "InvalidInput", Message: "Invalid Entity Arn: " + source + " does not clearly define entity type and name."}
	}
	missing := &Error{Status: 404, Code: "NoSuchEntity", Message: "The entity " + source + " cannot be found."}
	if parts[4] != c.who.account {
		return nil, missing
	}
	deny := c.who.deny
	if isRole(source) && source != c.who.principal {
		role := c.account.roleOf(source)
		if role == nil {
			return nil, missing
		}
		deny = role.Deny
	}
	actions, resources := members(form, "ActionNames"), members(form, "ResourceArns")
	if len(actions) == 0 {
		return nil, &Error{Code: "ValidationError", Message: "1 validation error detected: Value null at 'actionNames' failed to satisfy constraint: Member must not be null"}
	}
	if len(resources) == 0 {
		resources = []string{"*"}
	}
	out := simulateResponse{NS: iamNamespace, RequestID: requestID()}
	keys := contextEntries(form)
	for _, action := range actions {
		for _, resource := range resources {
			decision := policy.ByIdentity(policy.Request{Action: action, Resource: resource, Caller: source, Keys: keys}, c.account.policiesOf(source)...)
			switch {
			case denies(c.account.DenyByPolicy, action):
				decision = policy.ExplicitDeny
			case decision == policy.Allowed && (denies(c.account.Deny, action) || denies(deny, action)):
				decision = policy.ImplicitDeny
			}
			out.Results = append(out.Results, evaluation{action, resource, decision.String()})
		}
	}
	return out, nil
}

// contextEntries are the condition keys that a simulation is given.
func contextEntries(form map[string][]string) map[string][]string {
	keys := map[string][]string{}
	for n := 1; ; n++ {
		entry := "ContextEntries.member." + strconv.Itoa(n) + "."
		name := form[entry+"ContextKeyName"]
		if len(name) == 0 {
			return keys
		}
		keys[name[0]] = members(form, entry+"ContextKeyValues")
	}
}

// members is a list as the query protocol has it.
func members(form map[string][]string, name string) []string {
	var list []string
	for n := 1; ; n++ {
		value := form[name+".member."+strconv.Itoa(n)]
		if len(value) == 0 {
			return list
		}
		list = append(list, value[0])
	}
}
