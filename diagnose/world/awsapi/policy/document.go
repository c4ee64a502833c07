// Package policy evaluates IAM policies as AWS does, as far as acmbot's own
// policies go. What it does not evaluate it refuses to parse, so that no
// policy seems to allow or deny what it does not. It does no I/O.
package policy

import (
	"bytes"
	"encoding/json"
	"io"
	"slices"
	"strings"
)

// A Document is a policy document ("IAM JSON policy elements reference", IAM
// User Guide,
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements.html).
type Document struct {
	Version   string
	ID        string `json:"Id"`
	Statement List[Statement]
}

// A Statement is one of a document's.
type Statement struct {
	Sid          string
	Effect       string
	Principal    Principals
	NotPrincipal Principals
	Action       List[string]
	NotAction    List[string]
	Resource     List[string]
	NotResource  List[string]
	Condition    map[string]map[string]List[string]
}

// A List may be written without brackets where it has one element.
type List[T any] []T

// UnmarshalJSON reads a list, or its only element.
func (l *List[T]) UnmarshalJSON(data []byte) error {
	if bytes.HasPrefix(bytes.TrimSpace(data), []byte("[")) {
		return strict(data, (*[]T)(l))
	}
	*l = make([]T, 1)
	return strict(data, &(*l)[0])
}

// strict reads one JSON value, with no fields but those that are known.
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

// A Kind is what a document is attached to.
type Kind int

// The kinds of documents.
const (
	Identity Kind = iota // a user or role: what it may do
	Trust                // a role: who may assume it
	Resource             // another resource: who may do what with it
)

// An Error is why a document is refused.
type Error struct {
	Message string
	// Unsupported says that IAM may take the document: it is this package that
	// does not evaluate what it says.
	Unsupported bool
}

func (e *Error) Error() string { return e.Message }

func unsupported(message string) *Error {
	return &Error{Unsupported: true, Message: "not evaluated here: " + message}
}

// Parse reads a document. It refuses, with an [Error], what is not by the
// grammar ("Grammar of the IAM JSON policy language", IAM User Guide,
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html)
// and what this package does not evaluate.
func Parse(text string, kind Kind) (Document, error) {
	d, err := parse(text, kind)
	if err != nil {
		return Document{}, err
	}
	return d, nil
}

func parse(text string, kind Kind) (Document, *Error) {
	var d Document
	if strict([]byte(text), &d) != nil {
		return d, &Error{Message: "Syntax errors in policy."}
	}
	if d.Version != "2012-10-17" && d.Version != "2008-10-17" && d.Version != "" || len(d.Statement) == 0 {
		return d, &Error{Message: "The policy failed legacy parsing"}
	}
	for i, s := range d.Statement {
		if s.Sid != "" && slices.ContainsFunc(d.Statement[:i], func(t Statement) bool { return t.Sid == s.Sid }) {
			return d, &Error{Message: "Statement IDs (SID) in a single policy must be unique."}
		}
		if err := s.check(kind); err != nil {
			return d, err
		}
	}
	return d, nil
}

func (s Statement) check(kind Kind) *Error {
	if s.Effect != "Allow" && s.Effect != "Deny" {
		return &Error{Message: "Syntax error at an effect."}
	}
	if (len(s.Action) == 0) == (len(s.NotAction) == 0) {
		return &Error{Message: "Policy statement must contain actions."}
	}
	for _, action := range slices.Concat(s.Action, s.NotAction) {
		if service, name, ok := strings.Cut(action, ":"); action != "*" && (!ok || service == "" || name == "") {
			return &Error{Message: "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."}
		}
	}
	principal := len(s.Principal) > 0 || len(s.NotPrincipal) > 0
	resource := len(s.Resource) > 0 || len(s.NotResource) > 0
	switch {
	case kind == Trust && !principal:
		return &Error{Message: "AssumeRolepolicy must contain a principal"}
	case kind == Trust && resource:
		return &Error{Message: "Has prohibited field Resource"}
	case kind == Resource && !principal:
		return &Error{Message: "Policy statement must contain principals."}
	case kind == Identity && principal:
		return &Error{Message: "Policy document should not specify a principal."}
	case kind != Trust && !resource:
		return &Error{Message: "Policy statement must contain resources."}
	case len(s.NotPrincipal) > 0 || len(s.NotResource) > 0:
		return unsupported("NotPrincipal and NotResource")
	}
	if err := s.Principal.check(); err != nil {
		return err
	}
	for _, r := range s.Resource {
		parts := strings.SplitN(r, ":", 6)
		switch {
		case r == "*":
		case len(parts) < 6:
			return &Error{Message: "Resource " + r + " must be in ARN format or \"*\"."}
		case strings.ContainsAny(parts[2], "*?"):
			return &Error{Message: "Resource vendor must be fully qualified and cannot contain regexes."}
		}
		if strings.Contains(r, "${") {
			return unsupported("the policy variable in " + r)
		}
	}
	return checkConditions(s.Condition)
}
