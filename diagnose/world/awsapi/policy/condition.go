package policy

import (
	"slices"
	"strings"
)

// operators are those that acmbot's policies use, each with whether a value of
// the request matches one of the policy ("IAM JSON policy elements: Condition
// operators", IAM User Guide,
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html).
// Null is one as well, which looks at no value.
var operators = map[string]func(policy, request string) bool{
	"StringEquals": func(policy, request string) bool { return policy == request },
	"StringLike":   glob,
	"ArnEquals":    arnLike,
	"ArnLike":      arnLike, // the same as ArnEquals
	"Bool":         strings.EqualFold,
}

const (
	forAll   = "ForAllValues:"
	ifExists = "IfExists"
)

// parseOperator takes an operator apart. Of those with several values none has IfExists.
func parseOperator(text string) (name string, all, optional bool) {
	name, all = strings.CutPrefix(text, forAll)
	if !all {
		name, optional = strings.CutSuffix(name, ifExists)
	}
	return name, all, optional
}

// keys are the condition keys that acmbot's policies use, in lower case, since
// their case does not count; each with whether it has several values in a
// request ("AWS global condition context keys", IAM User Guide,
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html,
// and the pages of the services in the Service Authorization Reference).
var keys = map[string]bool{
	"acm-pca:templatearn":                                   false, // in policies that AWS RAM makes
	"acm:validationmethod":                                  false,
	"aws:principalorgid":                                    false,
	"aws:securetransport":                                   false,
	"aws:sourceaccount":                                     false,
	"aws:sourcearn":                                         false,
	"kms:viaservice":                                        false,
	"sts:externalid":                                        false,
	"aws:requesttag/kubernetes-namespace":                   false,
	"aws:requesttag/kubernetes-service-account":             false,
	"route53:changeresourcerecordsetsactions":               true,
	"route53:changeresourcerecordsetsnormalizedrecordnames": true,
	"route53:changeresourcerecordsetsrecordtypes":           true,
}

// known tells of a key whether it is known, and whether it has several values.
// The keys of an OpenID Connect provider bear its name ("Available keys for AWS
// OIDC federation", IAM User Guide,
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html#condition-keys-wif).
func known(key string) (several, ok bool) {
	key = strings.ToLower(key)
	if several, ok = keys[key]; ok {
		return several, true
	}
	return false, strings.HasPrefix(key, "oidc.eks.") && (strings.HasSuffix(key, ":aud") || strings.HasSuffix(key, ":sub"))
}

func checkConditions(conditions map[string]map[string]List[string]) *Error {
	for operator, tests := range conditions {
		name, all, _ := parseOperator(operator)
		if _, ok := operators[name]; !ok && operator != "Null" {
			return unsupported("the condition operator " + operator)
		}
		for key, values := range tests {
			several, ok := known(key)
			if !ok {
				return unsupported("the condition key " + key)
			}
			// One without ForAllValues or ForAnyValue is ambiguous, says
			// "Single-valued vs. multivalued context keys" (IAM User Guide,
			// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html).
			if several != all && operator != "Null" {
				return unsupported(operator + " with " + key + ": ForAllValues goes with keys that have several values, and with no others")
			}
			for _, v := range values {
				if strings.Contains(v, "${") {
					return unsupported("the policy variable in " + v)
				}
				if (operator == "Null" || name == "Bool") && !strings.EqualFold(v, "true") && !strings.EqualFold(v, "false") {
					return &Error{Message: "Syntax error at a condition: " + v + " is neither true nor false"}
				}
			}
		}
	}
	return nil
}

// holds tells whether all of a statement's conditions do: each key under each
// operator, for one of its values ("IAM JSON policy elements: Condition", IAM
// User Guide,
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition.html).
// A key that the request does not have fails, but under ForAllValues and an
// operator with IfExists.
func holds(conditions map[string]map[string]List[string], request map[string][]string) bool {
	for operator, tests := range conditions {
		name, all, optional := parseOperator(operator)
		for key, wanted := range tests {
			have := valuesOf(request, key)
			matches := func(value string) bool {
				return slices.ContainsFunc(wanted, func(w string) bool { return operators[name](w, value) })
			}
			var ok bool
			switch {
			case operator == "Null":
				ok = slices.ContainsFunc(wanted, func(w string) bool { return strings.EqualFold(w, "true") == (len(have) == 0) })
			case all:
				ok = !slices.ContainsFunc(have, func(v string) bool { return !matches(v) })
			default:
				ok = optional && len(have) == 0 || slices.ContainsFunc(have, matches)
			}
			if !ok {
				return false
			}
		}
	}
	return true
}

func valuesOf(request map[string][]string, key string) []string {
	for name, values := range request {
		if strings.EqualFold(name, key) {
			return values
		}
	}
	return nil
}
