package awsapi

import (
	"encoding/xml"
	"strconv"
	"strings"
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
// account may perform them, by the deny lists ("SimulatePrincipalPolicy", AWS
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
	if name, is := strings.CutPrefix(parts[5], "role/"); is && source != c.who.principal {
		found := false
		for _, r := range c.account.Roles {
			if path := strings.Split(name, "/"); r.Name == path[len(path)-1] {
				deny, found = r.Deny, true
			}
		}
		if !found {
			return nil, missing
		}
	}
	actions, resources := members(form, "ActionNames"), members(form, "ResourceArns")
	if len(actions) == 0 {
		return nil, &Error{Code: "ValidationError", Message: "1 validation error detected: Value null at 'actionNames' failed to satisfy constraint: Member must not be null"}
	}
	if len(resources) == 0 {
		resources = []string{"*"}
	}
	out := simulateResponse{NS: iamNamespace, RequestID: requestID()}
	for _, action := range actions {
		decision := "allowed"
		switch {
		case denies(c.account.DenyByPolicy, action):
			decision = "explicitDeny"
		case denies(c.account.Deny, action), denies(deny, action), c.account.PoliciesCount && isRole(source) && !c.account.roleOf(source).mayBy(action):
			decision = "implicitDeny"
		}
		for _, resource := range resources {
			out.Results = append(out.Results, evaluation{action, resource, decision})
		}
	}
	return out, nil
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
