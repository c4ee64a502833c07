package inventory

import (
	"context"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/acmbot/acmbot/diagnose"
	"github.com/acmbot/acmbot/diagnose/checkup"
)

// vital are the permissions without which there is no diagnosis. One of the
// two ways to find certificates is enough.
var vital = map[string]bool{"acm:DescribeCertificate": true, "acm:ListCertificates": true, "acm:SearchCertificates": true}

// Task checks whether AWS takes the credentials, whether every role can be
// assumed, each permission in every account and region, and the clock. It
// starts from fresh credentials. It uses no more of the options than New does.
func Task(o Options) checkup.Task {
	return checkup.Task{
		Area: checkup.AreaAWS, What: "credentials and permissions", Limit: 45 * time.Second,
		Run: func(ctx context.Context) []checkup.Check {
			o := o // a task may be run more than once
			meter := new(skewMeter)
			meter.attach(&o.Config)
			o.PlaceTimeout = 30 * time.Second
			found := New(o).checkup(ctx)
			skew, known := meter.read()
			return append(found, checkup.Clock("AWS", skew, known))
		},
	}
}

func (i *Inventory) checkup(ctx context.Context) []checkup.Check {
	found := i.checkCredentials(ctx)
	trials, _ := i.Check(ctx)
	// finds tells the places where there is a way to find certificates.
	finds := map[diagnose.Place]bool{}
	for _, t := range trials {
		if t.Unseen == nil && t.Action != "acm:DescribeCertificate" && vital[t.Action] {
			finds[diagnose.Place{Account: t.Account, Region: t.Region}] = true
		}
	}
	for _, t := range trials {
		c := checkup.Check{Area: checkup.AreaAWS, Account: t.Account, Region: t.Region, What: t.Action, Purpose: purpose(t.Why), State: checkup.OK}
		if t.Unseen != nil && ctx.Err() != nil && (t.Unseen.Why == diagnose.TimedOut || t.Unseen.Why == diagnose.OverBudget) {
			c.State, c.Detail = checkup.Skipped, "not checked: there was no time left for it"
		} else if t.Unseen != nil {
			c.Detail, c.Fix = t.Unseen.Detail+triedOn(t), i.trialFix(t)
			finding := t.Action != "acm:DescribeCertificate" && finds[diagnose.Place{Account: t.Account, Region: t.Region}]
			switch {
			case t.Untold:
				c.State, c.Fix = checkup.Skipped, ""
			case vital[t.Action] && !finding:
				c.State = checkup.Failed
			default:
				c.State = checkup.Warning
			}
		}
		found = append(found, c)
	}
	return found
}

// triedOn tells what a permission that is missing was tried on: it may be there
// for something else.
func triedOn(t Trial) string {
	switch {
	case t.Unseen.Permission == "" || t.Resource == "":
		return ""
	case strings.HasSuffix(t.Resource, nowhere), strings.HasSuffix(t.Resource, nowhereZone):
		return " It was tried on one that does not exist: where a policy names some only, this says nothing of those."
	default:
		return " It was tried on " + t.Resource + "."
	}
}

// purpose is what a permission is for, such as it follows "for".
func purpose(why string) string {
	if strings.HasPrefix(why, "finding ") {
		return why
	}
	return "telling " + why
}

// checkCredentials tells of the base credentials and of every role whether they
// can be had.
func (i *Inventory) checkCredentials(ctx context.Context) []checkup.Check {
	_, unseen := i.reachable(ctx)
	var found []checkup.Check
	for _, u := range unseen {
		c := checkup.Check{
			Area: checkup.AreaAWS, Account: u.Account, What: "credentials", Purpose: "everything that is read there", State: checkup.Failed, Detail: u.Detail,
			Fix: "Put right what it says, then ask again; deploy/README.md says how roles and their trust are set up.",
		}
		for _, a := range i.accounts {
			if a.role != "" && a.known() == u.Account && u.Permission == "sts:AssumeRole" {
				i.whoseFault(ctx, a, &c)
			}
		}
		found = append(found, c)
	}
	for _, a := range i.accounts {
		failed := false
		for _, u := range unseen {
			failed = failed || u.Account == a.known() && (a.role != "" || u.Account == "")
		}
		switch {
		case failed:
		case a.role == "":
			found = append(found, i.checkBase(ctx, a))
		default:
			found = append(found, checkup.Check{
				Area: checkup.AreaAWS, Account: a.known(), What: "credentials", Purpose: "everything that is read there",
				State: checkup.OK, Detail: "the role " + a.role + " lets acmbot in",
			})
		}
	}
	return found
}

// whoseFault finds out which side keeps acmbot out of a role, where IAM may be
// asked.
func (i *Inventory) whoseFault(ctx context.Context, a *account, c *checkup.Check) {
	base := i.accounts[0]
	allowed, obstacle := Account{i: i, a: base, ID: base.known(), principal: base.whose()}.Simulate(ctx, Simulation{Action: "sts:AssumeRole", Resource: a.role})
	switch {
	case obstacle != nil:
	case allowed:
		c.Detail = "The role " + a.role + " could not be assumed: it does not exist, does not trust " + base.name() + ", or wants another external id. The permission sts:AssumeRole is there."
		c.Fix = "In account " + a.known() + ", make the role, or put its trust policy right, as deploy/iam/trust.json has it; the external id in it is `ACMBOT_EXTERNAL_ID`."
	default:
		c.Detail = "The role " + a.role + " could not be assumed: the permission sts:AssumeRole on it is missing from " + base.name() + "."
		c.Fix = "Allow sts:AssumeRole on " + a.role + " to " + base.name() + ", as deploy/iam/assume.json has it."
	}
}

// checkBase asks whose the base credentials are, which needs no permission: a
// refusal is one of the credentials themselves ("GetCallerIdentity", AWS
// Security Token Service API Reference,
// https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html).
func (i *Inventory) checkBase(ctx context.Context, a *account) checkup.Check {
	c := checkup.Check{Area: checkup.AreaAWS, What: "credentials", Purpose: "everything that is asked of AWS", State: checkup.OK}
	ctx, cancel := context.WithTimeout(ctx, identityTimeout)
	defer cancel()
	who, err := sts.NewFromConfig(a.config).GetCallerIdentity(ctx, nil)
	if err == nil {
		c.Detail = "AWS takes them; they are those of " + aws.ToString(who.Arn)
		return c
	}
	c.Detail = i.unseen(ctx, err, "sts:GetCallerIdentity", place{account: a}).Detail
	switch classify(ctx, err) {
	case faultDenied, faultDeniedByPolicy, faultCredentials, faultExpired, faultClock:
		c.State = checkup.Failed
		c.Fix = "Give acmbot credentials that AWS knows; `aws sts get-caller-identity` shows whether they are. A clock that is wrong has the same effect."
	default:
		c.State = checkup.Warning
		c.Fix = "Let this machine connect to AWS STS on port 443, or through a VPC endpoint: without it the account is not known by its number, and no role can be assumed."
	}
	return c
}

func (i *Inventory) trialFix(t Trial) string {
	policy := "deploy/iam/read-extra.json"
	if strings.HasPrefix(t.Action, "acm:") {
		policy = "deploy/iam/read.json"
	}
	switch t.Unseen.Why {
	case diagnose.AccessDenied:
		if t.Unseen.Permission == "" {
			return "Give acmbot credentials that AWS knows; `aws sts get-caller-identity` shows whether they are."
		}
		if t.ByPolicy {
			return "Allow " + t.Action + ", in the policy of the AWS organization that denies it: only whoever manages that can."
		}
		who := "whom the AWS credentials are of"
		for _, a := range i.accounts {
			if a.known() == t.Account && a.whose() != "" {
				who = a.name()
			}
		}
		return "Allow " + t.Action + " to " + who + ", as " + policy + " has it."
	case diagnose.Throttled:
		return "Something uses up the account's request quota of this action; see Service Quotas in the AWS console, and ask for more, or look for who calls so often."
	case diagnose.Unreachable, diagnose.TimedOut:
		return "Let this machine connect to AWS's APIs on port 443 (or through a VPC endpoint), and check the region's name and whether it is enabled for the account."
	case diagnose.NotConfigured:
		return "Set the clock by NTP, and check the credentials."
	default:
		return "Try again in a minute; if it stays, the endpoint does not offer this action, and acmbot does without."
	}
}
