package fix

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/acmbot/acmbot/diagnose"
	"github.com/acmbot/acmbot/diagnose/checkup"
	"github.com/acmbot/acmbot/diagnose/inventory"
)

// nowhere is a certificate that does not exist: IAM judges by the ARN.
const nowhere = "00000000-0000-0000-0000-000000000000"

// mostZones is how many hosted zones of an account are asked about.
const mostZones = 3

// Task checks, for each fix that is switched on, whether its actions are
// allowed in every account. It asks IAM, and performs none of them: neither
// Route 53 nor ACM has a dry run.
func Task(o inventory.Options, kinds []Kind) checkup.Task {
	return checkup.Task{
		Area: checkup.AreaFixes, What: "permissions", Limit: 30 * time.Second,
		Run: func(ctx context.Context) []checkup.Check {
			if len(kinds) == 0 {
				return []checkup.Check{{Area: checkup.AreaFixes, What: "permissions", State: checkup.Skipped, Detail: "no fix is switched on: acmbot only reads"}}
			}
			accounts := inventory.New(o).Accounts(ctx)
			parts := make([][]checkup.Check, len(accounts))
			var wg sync.WaitGroup
			for n, a := range accounts {
				wg.Go(func() { parts[n] = checkAccount(ctx, a, kinds) })
			}
			wg.Wait()
			found := slices.Concat(parts...)
			if found == nil {
				found = []checkup.Check{{Area: checkup.AreaFixes, What: "permissions", State: checkup.Skipped, Detail: "not checked: no account's credentials could be had"}}
			}
			return found
		},
	}
}

// checkAccount asks about each fix in one account.
func checkAccount(ctx context.Context, a inventory.Account, kinds []Kind) []checkup.Check {
	certificate := "arn:aws:acm:us-east-1:" + cmp.Or(a.ID, "000000000000") + ":certificate/" + nowhere
	if list := a.Certificates(ctx, 1); len(list) > 0 {
		certificate = list[0]
	}
	zones := a.Zones(ctx, mostZones)
	if len(zones) == 0 {
		zones = []inventory.SimulatedZone{{Name: "example.com", ARN: a.ARN("route53", "hostedzone/Z00000000000000000000")}}
	}
	var found []checkup.Check
	for _, k := range kinds {
		for _, p := range k.Permissions() {
			c := checkup.Check{
				Area: checkup.AreaFixes, Account: a.ID, What: string(k) + " " + p.Action, Purpose: p.Why + " (" + string(k) + ")", State: checkup.OK,
				Detail: "IAM says that it is allowed",
			}
			asked := simulations(a, k, p.Action, certificate, zones)
			var refused []string
			for _, s := range asked {
				allowed, obstacle := a.Simulate(ctx, s)
				if obstacle != nil {
					return []checkup.Check{unknown(a, kinds, obstacle)}
				}
				if !allowed {
					refused = append(refused, s.Resource)
				}
			}
			switch {
			case len(refused) == len(asked):
				c.State = checkup.Warning
				c.Detail = "IAM says that it is not allowed on " + strings.Join(refused, ", ")
				c.Fix = "Allow " + p.Action + " to " + a.Name() + ", as " + Policy(k) + " has it, or take " + string(k) + " out of `ACMBOT_FIX`. Where the fix is not meant for this account, leave it so: its button then says that it may not."
			case len(refused) > 0:
				c.Detail = fmt.Sprintf("IAM allows it, except on %s", strings.Join(refused, ", "))
			}
			found = append(found, c)
		}
	}
	return found
}

// unknown says that IAM could not be asked.
func unknown(a inventory.Account, kinds []Kind, obstacle *diagnose.Unseen) checkup.Check {
	var names []string
	for _, k := range kinds {
		names = append(names, string(k))
	}
	c := checkup.Check{
		Area: checkup.AreaFixes, Account: a.ID, What: "permissions", Purpose: strings.Join(names, ", "), State: checkup.Skipped,
		Detail: "cannot be checked without doing it: neither Route 53 nor ACM has a dry run, and IAM could not be asked. " + obstacle.Detail,
		Fix:    "Where you want it checked, allow " + inventory.SimulateAction + " on acmbot's own role, as deploy/iam/doctor.json has it. The fixes work without; one that is not allowed says so before it is confirmed or when it is tried.",
	}
	return c
}

// simulations are what the fix would do with an action, in this account. The
// condition keys are those of ACM ("Actions, resources, and condition keys for AWS
// Certificate Manager", Service Authorization Reference,
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_awscertificatemanager.html)
// and of Route 53 ("Using IAM policy conditions for
// fine-grained access control", Amazon Route 53 Developer Guide,
// https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/specifying-conditions-route53.html).
func simulations(a inventory.Account, k Kind, action, certificate string, zones []inventory.SimulatedZone) []inventory.Simulation {
	switch action {
	case "route53:GetChange":
		return []inventory.Simulation{{Action: action, Resource: a.ARN("route53", "change/C00000000000000000000")}}
	case "route53:ChangeResourceRecordSets":
		var list []inventory.Simulation
		for _, z := range zones {
			name, kind := "_"+strings.Repeat("0", 32)+"."+z.Name, "CNAME"
			if k == AddCAA {
				name, kind = z.Name, "CAA"
			}
			list = append(list, inventory.Simulation{Action: action, Resource: z.ARN, Context: map[string][]string{
				"route53:ChangeResourceRecordSetsActions":               {"UPSERT"},
				"route53:ChangeResourceRecordSetsNormalizedRecordNames": {strings.ToLower(name)},
				"route53:ChangeResourceRecordSetsRecordTypes":           {kind},
			}})
		}
		return list
	case "acm:UpdateCertificateOptions":
		return []inventory.Simulation{{Action: action, Resource: certificate, Context: map[string][]string{"acm:ValidationMethod": {"DNS"}}}}
	default:
		return []inventory.Simulation{{Action: action, Resource: certificate}}
	}
}

// Policy is the file with the policy that allows a kind.
func Policy(k Kind) string {
	switch k {
	case AddCNAME, PublishSwitchRecords:
		return "deploy/iam/fix-route53-cname.json"
	case AddCAA:
		return "deploy/iam/fix-route53-caa.json"
	case ResendEmail:
		return "deploy/iam/fix-acm-resend-email.json"
	case SwitchToDNS:
		return "deploy/iam/fix-acm-switch-to-dns.json"
	case RenewPrivate:
		return "deploy/iam/fix-acm-renew-private.json"
	default:
		return "deploy/iam"
	}
}
