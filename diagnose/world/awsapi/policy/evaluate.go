package policy

import (
	"slices"
	"strings"
)

// A Request is what somebody wants to do.
type Request struct {
	// Action is one of IAM's, such as "acm:DescribeCertificate".
	Action string
	// Resource is an ARN, or "*" where the action has no resource.
	Resource string
	// Caller is the ARN of a user, a role or a role's session; or a service,
	// such as "events.amazonaws.com".
	Caller string
	// Keys are the condition keys that come with the request.
	Keys map[string][]string
}

// A Decision is what comes of a request.
type Decision int

// The decisions, the strongest last.
const (
	ImplicitDeny Decision = iota // nothing allows it
	Allowed
	ExplicitDeny // a statement denies it, whatever else allows it
)

// String is the decision as SimulatePrincipalPolicy spells it.
func (d Decision) String() string {
	return [...]string{"implicitDeny", "allowed", "explicitDeny"}[d]
}

// applies tells whether a statement is about the request, whoever makes it.
func (s Statement) applies(r Request, kind Kind) bool {
	action := func(patterns []string) bool {
		return slices.ContainsFunc(patterns, func(p string) bool { return glob(strings.ToLower(p), strings.ToLower(r.Action)) })
	}
	resource := kind == Trust || slices.ContainsFunc(s.Resource, func(p string) bool { return globARN(p, r.Resource) })
	acts := action(s.Action) || len(s.NotAction) > 0 && !action(s.NotAction)
	return acts && resource && holds(s.Condition, r.Keys)
}

// ByIdentity is what the policies of the caller decide.
func ByIdentity(r Request, policies ...Document) Decision {
	decision := ImplicitDeny
	for _, p := range policies {
		for _, s := range p.Statement {
			if s.applies(r, Identity) {
				decision = max(decision, effect(s))
			}
		}
	}
	return decision
}

func effect(s Statement) Decision {
	if s.Effect == "Deny" {
		return ExplicitDeny
	}
	return Allowed
}

// byResource is what the policy of a resource decides, and how it names the
// caller where it allows.
func byResource(r Request, policy Document, kind Kind) (Decision, match) {
	decision, named := ImplicitDeny, matchNone
	for _, s := range policy.Statement {
		how := s.Principal.match(r.Caller)
		if how == matchNone || !s.applies(r, kind) {
			continue
		}
		decision = max(decision, effect(s))
		if s.Effect == "Allow" {
			named = max(named, how)
		}
	}
	return decision, named
}

// A Guard is the policy of a resource.
type Guard struct {
	Document
	// Kind is Trust for a role's, Resource for others.
	Kind Kind
	// Account has the resource.
	Account string
}

// A Verdict is a decision, and whose policies it is of.
type Verdict struct {
	Decision Decision
	// Of is Identity, or the kind of the resource's policy.
	Of Kind
}

// Evaluate decides a request by the policies of the caller and of the resource,
// which has none where guard is nil ("Policy evaluation logic", IAM User Guide,
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html).
// An explicit deny is final. Within an account one of both has to allow, from
// one account to another both ("Cross-account policy evaluation logic",
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic-cross-account.html);
// a policy that names the account leaves it to the account; a service has none
// of its own; and a role's trust policy always has to allow ("Policy evaluation
// for requests within a single account",
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-basics.html).
func Evaluate(r Request, identity []Document, guard *Guard) Verdict {
	own := ByIdentity(r, identity...)
	if own == ExplicitDeny {
		return Verdict{ExplicitDeny, Identity}
	}
	if guard == nil {
		return Verdict{own, Identity}
	}
	theirs, named := byResource(r, guard.Document, guard.Kind)
	if theirs == ExplicitDeny {
		return Verdict{ExplicitDeny, guard.Kind}
	}
	account, _ := arnOf(r.Caller)
	switch {
	case account == "": // a service
		return Verdict{theirs, guard.Kind}
	case account == guard.Account && named == matchCaller:
		return Verdict{Allowed, guard.Kind}
	case own != Allowed:
		return Verdict{own, Identity}
	case account == guard.Account && guard.Kind != Trust:
		return Verdict{Allowed, Identity}
	}
	return Verdict{theirs, guard.Kind}
}
