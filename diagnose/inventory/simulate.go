package inventory

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/acm"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/route53"

	"github.com/acmbot/acmbot/diagnose"
)

// SimulateAction is what Simulate calls. It discloses the policies of others as
// well where it is allowed on more than the role itself.
const SimulateAction = "iam:SimulatePrincipalPolicy"

// A Simulation is one action on one resource, of which IAM is asked whether it
// would be allowed.
type Simulation struct {
	Action, Resource string // an IAM action and an ARN
	// Context are the values of condition keys that come with the action.
	Context map[string][]string
}

// An Account is one whose credentials could be had, to be asked what may be
// done in it.
type Account struct {
	ID        string // as far as it is known
	partition string
	principal string // the ARN of the user or role; empty where it is not known
	i         *Inventory
	a         *account
}

// Accounts are the accounts that can be read.
func (i *Inventory) Accounts(ctx context.Context) []Account {
	reachable, _ := i.reachable(ctx)
	var list []Account
	for _, a := range reachable {
		list = append(list, Account{i: i, a: a, ID: a.known(), partition: a.partitionOr(i.options.Config.Region), principal: a.whose()})
	}
	return list
}

// holder is the user or role that an identity of STS's is of. Of a session it
// is the role, as far as that is told: without its path. Of the root user it is
// none.
func (a parsedARN) holder() string {
	if session, is := strings.CutPrefix(a.resource, "assumed-role/"); is {
		role, _, _ := strings.Cut(session, "/")
		return "arn:" + a.partition + ":iam::" + a.account + ":role/" + role
	}
	if a.service != "iam" || a.resource == "root" {
		return ""
	}
	return "arn:" + a.partition + ":iam::" + a.account + ":" + a.resource
}

// Name names the user or role that the account's credentials are of, as far as
// it is known.
func (a Account) Name() string { return a.a.name() }

// Certificates are up to n certificates of the account, of any region that is
// looked in, as resources to ask about.
func (a Account) Certificates(ctx context.Context, n int) []string {
	var list []string
	for _, region := range a.i.options.Regions {
		out, err := a.i.client(a.a, region).acm.ListCertificates(ctx, &acm.ListCertificatesInput{MaxItems: aws.Int32(int32(n))}) //nolint:gosec // a handful
		if err != nil {
			continue
		}
		for _, c := range out.CertificateSummaryList {
			list = append(list, aws.ToString(c.CertificateArn))
		}
	}
	return list[:min(n, len(list))]
}

// A SimulatedZone is a public hosted zone as a resource to ask about.
type SimulatedZone struct{ Name, ARN string }

// Zones are up to n public hosted zones of the account.
func (a Account) Zones(ctx context.Context, n int) []SimulatedZone {
	out, err := a.i.client(a.a, a.i.options.Config.Region).route53.ListHostedZones(ctx, &route53.ListHostedZonesInput{MaxItems: aws.Int32(100)})
	if err != nil {
		return nil
	}
	var list []SimulatedZone
	for _, z := range out.HostedZones {
		if z.Config != nil && z.Config.PrivateZone {
			continue
		}
		id := strings.TrimPrefix(aws.ToString(z.Id), "/hostedzone/")
		list = append(list, SimulatedZone{Name: strings.TrimSuffix(aws.ToString(z.Name), "."), ARN: a.ARN("route53", "hostedzone/"+id)})
	}
	return list[:min(n, len(list))]
}

// ARN is that of a resource of a service that has no regions and whose ARNs
// name no account, such as Route 53.
func (a Account) ARN(service, resource string) string {
	return "arn:" + a.partition + ":" + service + ":::" + resource
}

// Simulate asks IAM whether the account's credentials may perform an action. It
// performs nothing, and takes account of permissions boundaries and, for the
// most part, of an organisation's policies ("SimulatePrincipalPolicy", AWS
// Identity and Access Management API Reference,
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html).
// Where IAM cannot be asked the second result says why.
func (a Account) Simulate(ctx context.Context, s Simulation) (allowed bool, obstacle *diagnose.Unseen) {
	if a.principal == "" {
		return false, &diagnose.Unseen{
			What: "what is allowed", Why: diagnose.NotConfigured, Account: a.ID,
			Detail: "The credentials are neither of a user nor of a role of which IAM could be asked.",
		}
	}
	ctx, cancel := a.i.bounded(ctx)
	defer cancel()
	input := &iam.SimulatePrincipalPolicyInput{
		PolicySourceArn: &a.principal, ActionNames: []string{s.Action}, ResourceArns: []string{s.Resource},
	}
	for key, values := range s.Context {
		input.ContextEntries = append(input.ContextEntries, types.ContextEntry{
			ContextKeyName: aws.String(key), ContextKeyType: types.ContextKeyTypeEnumStringList, ContextKeyValues: values,
		})
	}
	out, err := iam.NewFromConfig(a.a.config).SimulatePrincipalPolicy(ctx, input)
	if err != nil {
		u := a.i.unseen(ctx, err, SimulateAction, place{account: a.a, id: a.ID})
		if u.Why == diagnose.NotFound {
			u.Detail = "IAM knows no " + a.principal + ": where the role has a path, its credentials do not tell it."
		}
		return false, &u
	}
	for _, r := range out.EvaluationResults {
		if r.EvalDecision != types.PolicyEvaluationDecisionTypeAllowed {
			return false, nil
		}
	}
	return len(out.EvaluationResults) > 0, nil
}
