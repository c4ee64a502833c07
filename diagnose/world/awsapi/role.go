package awsapi

import (
	"encoding/xml"
	"slices"
	"strings"

	"github.com/acmbot/acmbot/diagnose/world/awsapi/policy"
)

// SetPolicy puts a policy into the role, or replaces it. It counts where the
// account's policies do.
func (r *Role) SetPolicy(name, document string) error {
	p, err := policy.Parse(document, policy.Identity)
	if err != nil {
		return err
	}
	if r.policies == nil {
		r.policies = map[string]policy.Document{}
	}
	r.policies[name] = p
	return nil
}

// trusts is the role's trust policy.
func (r *Role) trusts() policy.Document {
	if r.trust != nil {
		return *r.trust
	}
	s := policy.Statement{Effect: "Allow", Action: []string{"sts:AssumeRole"}, Principal: policy.Principals{"AWS": r.Trusts}}
	if len(r.Trusts) == 0 {
		s.Principal = policy.Principals{"*": nil}
	}
	if r.ExternalID != "" {
		s.Condition = map[string]map[string]policy.List[string]{"StringEquals": {"sts:ExternalId": {r.ExternalID}}}
	}
	return policy.Document{Statement: []policy.Statement{s}}
}

// roleOf is the role that a principal's ARN names, by itself or as it was
// assumed; nil where it is none of the account's.
func (a *Account) roleOf(principal string) *Role {
	parts := strings.SplitN(principal, ":", 6)
	if len(parts) < 6 {
		return nil
	}
	path := strings.Split(parts[5], "/")
	name := ""
	switch {
	case path[0] == "role":
		name = path[len(path)-1]
	case path[0] == "assumed-role" && len(path) > 1:
		name = path[1]
	}
	return a.role(name)
}

// exists tells whether there is a user or role of this ARN. Users are those that
// have keys.
func (s *State) exists(arn string) bool {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) < 6 || s.Accounts[parts[4]] == nil {
		return false
	}
	a := s.Accounts[parts[4]]
	return a.roleOf(arn) != nil || slices.ContainsFunc(a.Keys, func(k AccessKey) bool { return k.Principal == arn })
}

func (a *Account) role(name string) *Role {
	i := slices.IndexFunc(a.Roles, func(r *Role) bool { return r.Name == name })
	if i < 0 {
		return nil
	}
	return a.Roles[i]
}

// isRole tells whether a principal's ARN is a role's.
func isRole(principal string) bool {
	return strings.Contains(principal, ":role/") || strings.Contains(principal, ":assumed-role/")
}

type roleMember struct {
	Path   string `xml:"Path"`
	Name   string `xml:"RoleName"`
	ID     string `xml:"RoleId"`
	ARN    string `xml:"Arn"`
	Create string `xml:"CreateDate"`
}

type createRoleResponse struct {
	XMLName   xml.Name   `xml:"CreateRoleResponse"`
	NS        string     `xml:"xmlns,attr"`
	Role      roleMember `xml:"CreateRoleResult>Role"`
	RequestID string     `xml:"ResponseMetadata>RequestId"`
}

// createRole makes a role ("CreateRole", AWS Identity and Access Management API
// Reference, https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html).
func createRole(c *invocation) (any, *Error) {
	name := c.request.form.Get("RoleName")
	if fault := named(name, "roleName"); fault != nil {
		return nil, fault
	}
	trust, err := policy.Parse(c.request.form.Get("AssumeRolePolicyDocument"), policy.Trust)
	if err != nil {
		return nil, refusal(err)
	}
	for _, arn := range trust.Named() {
		if !c.state.exists(arn) {
			return nil, &Error{Code: "MalformedPolicyDocument", Message: "Invalid principal in policy: \"AWS\":\"" + arn + "\""}
		}
	}
	if c.account.role(name) != nil {
		return nil, &Error{Status: 409, Code: "EntityAlreadyExists", Message: "Role with name " + name + " already exists."}
	}
	c.account.Roles = append(c.account.Roles, &Role{Name: name, trust: &trust})
	c.wrote = true
	c.resource = "arn:" + c.account.partition() + ":iam::" + c.account.ID + ":role/" + name
	return createRoleResponse{NS: iamNamespace, RequestID: requestID(), Role: roleMember{
		Path: "/", Name: name, ID: "AROAEXAMPLE", ARN: c.resource, Create: c.now().UTC().Format("2006-01-02T15:04:05Z"),
	}}, nil
}

type putRolePolicyResponse struct {
	XMLName   xml.Name `xml:"PutRolePolicyResponse"`
	NS        string   `xml:"xmlns,attr"`
	RequestID string   `xml:"ResponseMetadata>RequestId"`
}

// putRolePolicy puts a policy into a role, or replaces it ("PutRolePolicy", AWS
// Identity and Access Management API Reference,
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_PutRolePolicy.html).
func putRolePolicy(c *invocation) (any, *Error) {
	form := c.request.form
	for field, parameter := range map[string]string{"RoleName": "roleName", "PolicyName": "policyName"} {
		if fault := named(form.Get(field), parameter); fault != nil {
			return nil, fault
		}
	}
	role := c.account.role(form.Get("RoleName"))
	if role == nil {
		return nil, &Error{Status: 404, Code: "NoSuchEntity", Message: "The role with name " + form.Get("RoleName") + " cannot be found."}
	}
	if err := role.SetPolicy(form.Get("PolicyName"), form.Get("PolicyDocument")); err != nil {
		return nil, refusal(err)
	}
	c.wrote = true
	return putRolePolicyResponse{NS: iamNamespace, RequestID: requestID()}, nil
}

func named(name, parameter string) *Error {
	if name == "" || len(name) > 128 || strings.ContainsFunc(name, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("+=,.@_-", r)
	}) {
		return &Error{Code: "ValidationError", Message: "The specified value for " + parameter + " is invalid. It must contain only alphanumeric characters and/or the following: +=,.@_-"}
	}
	return nil
}
