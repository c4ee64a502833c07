package gather

import (
	"cmp"
	"context"
	"fmt"
	"net/netip"
	"slices"

	"github.com/acmbot/acmbot/diagnose"
	"github.com/acmbot/acmbot/diagnose/checkup"
	"github.com/acmbot/acmbot/diagnose/dnstrace"
	"github.com/acmbot/acmbot/diagnose/probe"
)

// WebTask checks HTTPS and HTTP with one server, found in the way that
// diagnoses find theirs.
func WebTask(dns dnstrace.Options, web probe.Options, host string) checkup.Task {
	return checkup.Task{
		Area: checkup.AreaWeb, What: host,
		Run: func(ctx context.Context) []checkup.Check { return checkWeb(ctx, dns, web, host) },
	}
}

func checkWeb(ctx context.Context, dns dnstrace.Options, web probe.Options, host string) []checkup.Check {
	addrs, _, outcome := dnstrace.New(dns).Session().Addresses(ctx, host)
	if len(addrs) == 0 {
		return []checkup.Check{{
			Area: checkup.AreaWeb, What: host, State: checkup.Skipped, Detail: "not checked: no address was found for it (" + string(outcome) + ")",
			Fix: "See what is said of DNS; `--host` takes the name of another web server.",
		}}
	}
	prober := probe.New(web)
	https := checkup.Check{
		Area: checkup.AreaWeb, What: "port 443", Purpose: "the certificates that are served", State: checkup.Failed,
		Fix: "Allow outgoing TCP to port 443 of any address: acmbot looks at the certificates that are served. Proxies are not used for that.",
	}
	for _, served := range prober.TLS(ctx, host, addrs) {
		if served.Obstacle == "" {
			https.State, https.Detail, https.Fix = checkup.OK, host+" shows a certificate of "+cmp.Or(served.IssuerOrg, served.Issuer), ""
			break
		}
		https.Detail = host + ": " + served.Detail
	}
	plain := checkup.Check{Area: checkup.AreaWeb, What: "port 80", Purpose: "HTTP validation", State: checkup.OK, Detail: host + " answers"}
	reply := prober.HTTP(ctx, "http://"+host+"/", func(context.Context, string) ([]netip.Addr, error) { return addrs, nil })
	if reply.Obstacle != "" {
		plain.State, plain.Detail = checkup.Warning, host+": "+reply.Detail
		plain.Fix = "Allow outgoing TCP to port 80 of any address: HTTP validation is looked at there. Other diagnoses work without."
	}
	return []checkup.Check{https, plain}
}

// defaultQuota is how many certificates, and how many imported ones beside
// them, ACM has room for in a region of an account by default; expired and
// revoked ones count, those of a private CA do not ("Quotas", AWS Certificate
// Manager User Guide,
// https://docs.aws.amazon.com/acm/latest/userguide/acm-limits.html).
const defaultQuota = 2500

// QuotaTask checks whether there is room for more certificates, by a listing.
// What an account's own quota is it does not ask.
func QuotaTask(estate diagnose.Estate) checkup.Task {
	return checkup.Task{
		Area: checkup.AreaAWS, What: "quota of certificates",
		Run: func(ctx context.Context) []checkup.Check { return judgeQuotas(estate.List(ctx)) },
	}
}

func judgeQuotas(l diagnose.Listing) []checkup.Check {
	const what, purpose = "quota of certificates", "requesting and renewing certificates"
	type kind struct {
		diagnose.Place
		imported bool
	}
	count := map[kind]int{}
	for i := range l.Certificates {
		c := &l.Certificates[i]
		if c.Type == diagnose.TypePrivate {
			continue
		}
		count[kind{diagnose.Place{Account: c.Account, Region: c.Region}, c.Type == diagnose.TypeImported}]++
	}
	var found []checkup.Check
	most := 0
	for k, n := range count {
		most = max(most, n)
		if n*10 < defaultQuota*8 {
			continue
		}
		noun := "certificates"
		if k.imported {
			noun = "imported certificates"
		}
		found = append(found, checkup.Check{
			Area: checkup.AreaAWS, Account: k.Account, Region: k.Region, What: what, Purpose: purpose, State: checkup.Warning,
			Detail: fmt.Sprintf("there are %d %s; by default ACM has room for %d of them in a region of an account, expired ones included. The account's own quota may be larger, and was not asked for", n, noun, defaultQuota),
			Fix:    "Compare with the quota under Service Quotas, AWS Certificate Manager, in the AWS console; ask for more there, or delete certificates that have expired and are not in use.",
		})
	}
	slices.SortFunc(found, func(a, b checkup.Check) int {
		return cmp.Or(cmp.Compare(a.Account, b.Account), cmp.Compare(a.Region, b.Region), cmp.Compare(a.Detail, b.Detail))
	})
	if len(found) > 0 {
		return found
	}
	c := checkup.Check{Area: checkup.AreaAWS, What: what, Purpose: purpose, State: checkup.OK, Detail: fmt.Sprintf("at most %d in a region of an account, where ACM has room for %d by default", most, defaultQuota)}
	if len(l.Certificates) == 0 && len(l.Scope.Unreadable) > 0 {
		c.State, c.Detail = checkup.Skipped, "not checked: no certificates could be listed"
	}
	return []checkup.Check{c}
}
