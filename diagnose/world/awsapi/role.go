package awsapi

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"io"
	"slices"
	"strings"
)

// A policy is a policy document, as far as it is looked at: by whom and what,
// not on which resource or under which condition, but for a trust policy's
// external id.
type policy struct {
	Version   string
	ID        string `json:"Id"`
	Statement oneOrMore[statement]
}

type statement struct {
	Sid          string
	Effect       string
	Principal    json.RawMessage
	NotPrincipal json.RawMessage
	Action       oneOrMore[string]
	NotAction    oneOrMore[string]
	Resource     oneOrMore[string]
	NotResource  oneOrMore[string]
	Condition    map[string]map[string]oneOrMore[string]
}

// A oneOrMore is a list, which a policy may write without brackets where it has
// one element.
type oneOrMore[T any] []T

func (l *oneOrMore[T]) UnmarshalJSON(data []byte) error {
	if bytes.HasPrefix(bytes.TrimSpace(data), []byte("[")) {
		return strict(data, (*[]T)(l))
	}
	*l = make([]T, 1)
	return strict(data, &(*l)[0])
}

func strict(data []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return err
	}
	if _, err := decoder.Token(); err != io.EOF {
		return io.ErrUnexpectedEOF
	}
	return nil
}

// parsePolicy refuses what is not by the grammar ("Grammar of the IAM JSON
// policy language", IAM User Guide,
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html).
// A trust policy has principals and no resources; others, the other way round.
func parsePolicy(text string, trust bool) (policy, *Error) {
	malformed := func(message string) (policy, *Error) {
		return policy{}, &Error{Code: "MalformedPolicyDocument", Message: message}
	}
	var p policy
	if strict([]byte(text), &p) != nil {
		return malformed("Syntax errors in policy.")
	}
	if p.Version != "2012-10-17" && p.Version != "2008-10-17" && p.Version != "" || len(p.Statement) == 0 {
		return malformed("The policy failed legacy parsing")
	}
	for i, s := range p.Statement {
		if s.Effect != "Allow" && s.Effect != "Deny" {
			return malformed("Syntax error at an effect.")
		}
		if (len(s.Action) == 0) == (len(s.NotAction) == 0) {
			return malformed("Policy statement must contain actions.")
		}
		for _, action := range slices.Concat(s.Action, s.NotAction) {
			if service, name, ok := strings.Cut(action, ":"); action != "*" && (!ok || service == "" || name == "") {
				return malformed("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.")
			}
		}
		if s.Sid != "" && slices.ContainsFunc(p.Statement[:i], func(t statement) bool { return t.Sid == s.Sid }) {
			return malformed("Statement IDs (SID) in a single policy must be unique.")
		}
		principal := len(s.Principal) > 0 || len(s.NotPrincipal) > 0
		switch resource := len(s.Resource) > 0 || len(s.NotResource) > 0; {
		case trust && !principal:
			return malformed("AssumeRolepolicy must contain a principal")
		case trust && resource:
			return malformed("Has prohibited field Resource")
		case !trust && principal:
			return malformed("Policy document should not specify a principal.")
		case !trust && !resource:
			return malformed("Policy statement must contain resources.")
		}
		for _, resource := range s.Resource {
			if resource != "*" && len(strings.SplitN(resource, ":", 6)) < 6 {
				return malformed("Resource " + resource + " must be in ARN format or \"*\".")
			}
		}
	}
	return p, nil
}

// allows tells whether a statement allows the action on some resource.
func (p policy) allows(action string) bool {
	return slices.ContainsFunc(p.Statement, func(s statement) bool { return s.Effect == "Allow" && denies(s.Action, action) })
}

// trusted are the accounts of the AWS principals that a trust policy lets in,
// and the external id that it asks for.
func (p policy) trusted() (accounts []string, externalID string) {
	for _, s := range p.Statement {
		var principals struct{ AWS oneOrMore[string] }
		if json.Unmarshal(s.Principal, &principals) != nil {
			continue
		}
		for _, arn := range principals.AWS {
			if parts := strings.Split(arn, ":"); len(parts) == 6 {
				arn = parts[4]
			}
			accounts = append(accounts, arn)
		}
		if id := s.Condition["StringEquals"]["sts:ExternalId"]; len(id) > 0 {
			externalID = id[0]
		}
	}
	if len(accounts) == 0 {
		accounts = []string{"none"} // a service's: no account may assume it
	}
	return accounts, externalID
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

// mayByPolicies tells whether a policy of the caller's role allows the action,
// in an account where policies count. They do not count for users.
func (c *invocation) mayByPolicies(action string) bool {
	if !c.account.PoliciesCount || !isRole(c.who.principal) {
		return true
	}
	return c.account.roleOf(c.who.principal).mayBy(action)
}

// mayBy tells whether one of the role's policies allows the action.
func (r *Role) mayBy(action string) bool {
	if r == nil {
		return false
	}
	for _, p := range r.policies {
		if p.allows(action) {
			return true
		}
	}
	return false
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
	trust, fault := parsePolicy(c.request.form.Get("AssumeRolePolicyDocument"), true)
	if fault != nil {
		return nil, fault
	}
	if c.account.role(name) != nil {
		return nil, &Error{Status: 409, Code: "EntityAlreadyExists", Message: "Role with name " + name + " already exists."}
	}
	accounts, externalID := trust.trusted()
	c.account.Roles = append(c.account.Roles, &Role{Name: name, ExternalID: externalID, Trusts: accounts})
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
	p, fault := parsePolicy(form.Get("PolicyDocument"), false)
	if fault != nil {
		return nil, fault
	}
	role := c.account.role(form.Get("RoleName"))
	if role == nil {
		return nil, &Error{Status: 404, Code: "NoSuchEntity", Message: "The role with name " + form.Get("RoleName") + " cannot be found."}
	}
	if role.policies == nil {
		role.policies = map[string]policy{}
	}
	role.policies[form.Get("PolicyName")] = p
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
