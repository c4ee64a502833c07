package policy

import (
	"encoding/json"
	"slices"
	"strings"
)

// Principals are who a statement is for, by kind; under "*" anybody ("AWS JSON
// policy elements: Principal", IAM User Guide,
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html).
type Principals map[string]List[string]

// UnmarshalJSON reads lists by kind, or "*".
func (p *Principals) UnmarshalJSON(data []byte) error {
	if string(data) == `"*"` {
		*p = Principals{"*": nil}
		return nil
	}
	return strict(data, (*map[string]List[string])(p))
}

// MarshalJSON writes what UnmarshalJSON reads.
func (p Principals) MarshalJSON() ([]byte, error) {
	if _, anybody := p["*"]; anybody {
		return []byte(`"*"`), nil
	}
	return json.Marshal(map[string]List[string](p))
}

func (p Principals) check() *Error {
	for kind, names := range p {
		switch kind {
		case "*", "AWS", "Service", "Federated":
		default:
			return unsupported("principals of the kind " + kind)
		}
		for _, name := range names {
			if name != "*" && strings.ContainsAny(name, "*?$") {
				return &Error{Message: "Invalid principal in policy: \"" + kind + "\":\"" + name + "\""}
			}
			if name == "*" && kind != "AWS" {
				return &Error{Message: "Invalid principal in policy: \"" + kind + "\":\"*\""}
			}
		}
	}
	return nil
}

// Named are the ARNs of the users and roles that the document names. IAM takes
// no document that names one that does not exist.
func (d Document) Named() []string {
	var list []string
	for _, s := range d.Statement {
		for _, name := range s.Principal["AWS"] {
			if _, who := arnOf(name); strings.HasPrefix(who, "role/") || strings.HasPrefix(who, "user/") {
				list = append(list, name)
			}
		}
	}
	return list
}

// A match says how a statement names who asks.
type match int

const (
	matchNone    match = iota
	matchAccount       // its account, which has to let it, too
	matchCaller        // itself, or anybody
)

// match tells how the principals name the caller. Who names a role names all its
// sessions; who names a session, that one.
func (p Principals) match(caller string) match {
	if _, anybody := p["*"]; anybody || slices.Contains(p["AWS"], "*") {
		return matchCaller
	}
	if slices.Contains(p["Service"], caller) || slices.Contains(p["Federated"], caller) {
		return matchCaller
	}
	account, who := arnOf(caller)
	if account == "" {
		return matchNone
	}
	found := matchNone
	for _, name := range p["AWS"] {
		switch owner, named := arnOf(name); {
		case name == account, owner == account && named == "root":
			found = max(found, matchAccount)
		case name == caller, owner == account && who == named && !strings.Contains(name, ":assumed-role/"):
			found = matchCaller
		}
	}
	return found
}

// arnOf takes the ARN of a user or role apart: into its account, and "user/" or
// "role/" with its name, which is unique in an account whatever its path. A
// session is told as its role.
func arnOf(arn string) (account, who string) {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) < 6 || parts[0] != "arn" {
		return "", ""
	}
	kind, rest, named := strings.Cut(parts[5], "/")
	switch {
	case !named:
		return parts[4], parts[5] // root
	case kind == "assumed-role":
		role, _, _ := strings.Cut(rest, "/")
		return parts[4], "role/" + role
	}
	return parts[4], kind + "/" + rest[strings.LastIndexByte(rest, '/')+1:]
}
