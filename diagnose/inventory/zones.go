package inventory

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"
	"golang.org/x/sync/errgroup"

	"github.com/acmbot/acmbot/diagnose"
)

// HostedZones returns the Route 53 zones whose name is one of the names or an
// ancestor of one, with the record sets at exactly those names. It looks in the
// given account or, where that is empty, in all. What could not be read is
// either in the zone it belongs to or in the second result.
func (i *Inventory) HostedZones(ctx context.Context, account string, names []string) ([]diagnose.HostedZone, []diagnose.Unseen) {
	var wanted []string
	for _, n := range names {
		if n = zoneName(n); n != "" && !slices.Contains(wanted, n) {
			wanted = append(wanted, n)
		}
	}
	accounts, unseen := i.reachable(ctx)
	if account != "" {
		accounts = holders(accounts, account)
		unseen = slices.DeleteFunc(unseen, func(u diagnose.Unseen) bool { return u.Account != account })
		if len(accounts) == 0 && len(unseen) == 0 {
			u := notTold(account)
			u.What = "the Route 53 hosted zones of " + u.What
			unseen = append(unseen, u)
		}
	}
	var mu sync.Mutex
	var zones []diagnose.HostedZone
	var group errgroup.Group
	group.SetLimit(maxPlacesAtOnce)
	for _, a := range accounts {
		group.Go(func() error {
			ctx, cancel := i.bounded(ctx)
			defer cancel()
			found, u := i.accountZones(ctx, a, wanted)
			mu.Lock()
			defer mu.Unlock()
			zones = append(zones, found...)
			if u != nil {
				unseen = append(unseen, *u)
			}
			return nil
		})
	}
	_ = group.Wait()
	slices.SortFunc(zones, func(a, b diagnose.HostedZone) int {
		// The closest zone first.
		if n := len(b.Name) - len(a.Name); n != 0 {
			return n
		}
		return strings.Compare(a.Name+a.Account+a.ID, b.Name+b.Account+b.ID)
	})
	slices.SortFunc(unseen, func(a, b diagnose.Unseen) int { return strings.Compare(a.Account+a.What, b.Account+b.What) })
	return zones, unseen
}

// below reports whether a name is the zone's apex or under it.
func below(name, zone string) bool {
	return name == zone || strings.HasSuffix(name, "."+zone)
}

func (i *Inventory) accountZones(ctx context.Context, a *account, names []string) ([]diagnose.HostedZone, *diagnose.Unseen) {
	client := i.client(a, i.options.Config.Region).route53
	p := place{account: a, id: a.known()}
	all, err := i.listZones(ctx, a, client)
	if err != nil {
		u := i.unseen(ctx, err, "route53:ListHostedZones", p)
		u.What = "the Route 53 hosted zones of " + accountName(p.id)
		return nil, &u
	}
	var zones []diagnose.HostedZone
	var group errgroup.Group
	var mu sync.Mutex
	for _, z := range all {
		var inside []string
		for _, n := range names {
			if below(n, z.Name) {
				inside = append(inside, n)
			}
		}
		if len(inside) == 0 {
			continue
		}
		group.Go(func() error {
			z.Account = p.id
			i.readZone(ctx, client, p, &z, inside)
			mu.Lock()
			defer mu.Unlock()
			zones = append(zones, z)
			return nil
		})
	}
	_ = group.Wait()
	return zones, nil
}

// listZones lists an account's zones, or remembers them. Route 53 allows an
// account five requests a second in all.
func (i *Inventory) listZones(ctx context.Context, a *account, client *route53.Client) ([]diagnose.HostedZone, error) {
	a.zonesMu.Lock()
	defer a.zonesMu.Unlock()
	if i.within(a.zonesAt, i.options.ZoneTTL) {
		return a.zones, nil
	}
	var zones []diagnose.HostedZone
	pages := route53.NewListHostedZonesPaginator(client, &route53.ListHostedZonesInput{},
		func(o *route53.ListHostedZonesPaginatorOptions) { o.StopOnDuplicateToken = true })
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		if page.HostedZones == nil {
			return nil, errEmpty
		}
		for _, z := range page.HostedZones {
			zone := diagnose.HostedZone{ID: strings.TrimPrefix(aws.ToString(z.Id), "/hostedzone/"), Name: zoneName(aws.ToString(z.Name))}
			zone.Private = z.Config != nil && z.Config.PrivateZone
			zones = append(zones, zone)
		}
	}
	a.zones, a.zonesAt = zones, i.options.Now()
	return zones, nil
}

// readZone fills in a zone: its name servers, its signing and the records at
// the names. Each part that fails is noted in the zone.
func (i *Inventory) readZone(ctx context.Context, client *route53.Client, p place, z *diagnose.HostedZone, names []string) {
	note := func(err error, action, what string) {
		u := i.unseen(ctx, err, action, p)
		u.What = what + " of the Route 53 hosted zone " + z.Name + " (" + z.ID + ")"
		z.Unseen = append(z.Unseen, u)
	}
	// Private zones cannot be signed ("Configuring DNSSEC signing", Amazon
	// Route 53 Developer Guide,
	// https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/dns-configuring-dnssec.html).
	var signing *route53.GetDNSSECOutput
	var signingErr error
	var asked sync.WaitGroup
	if !z.Private {
		asked.Go(func() {
			signing, signingErr = client.GetDNSSEC(ctx, &route53.GetDNSSECInput{HostedZoneId: aws.String(z.ID)})
			if signingErr == nil && signing.Status == nil {
				signingErr = errEmpty
			}
		})
	}
	count := int64(-1)
	out, err := client.GetHostedZone(ctx, &route53.GetHostedZoneInput{Id: aws.String(z.ID)})
	if err == nil && out.HostedZone == nil {
		err = errEmpty
	}
	switch {
	case err != nil:
		note(err, "route53:GetHostedZone", "the name servers")
	default:
		if out.DelegationSet != nil && !z.Private {
			for _, ns := range out.DelegationSet.NameServers {
				z.NameServers = append(z.NameServers, canonicalName(ns))
			}
		}
		if out.HostedZone.ResourceRecordSetCount != nil {
			count = *out.HostedZone.ResourceRecordSetCount
		}
	}
	records, err := readRecords(ctx, client, z.ID, names, count)
	z.Records = records
	if err != nil {
		note(err, "route53:ListResourceRecordSets", "the records")
	}
	asked.Wait()
	switch {
	case signingErr != nil:
		note(signingErr, "route53:GetDNSSEC", "the DNSSEC state")
	case signing != nil && signing.Status != nil:
		z.DNSSEC = aws.ToString(signing.Status.ServeSignature)
		z.DNSSECMessage = aws.ToString(signing.Status.StatusMessage)
	}
}

const (
	// recordsPage is the longest page of ListResourceRecordSets.
	recordsPage = 300
	// namePage is enough for one name's record sets.
	namePage = 20
)

// readRecords reads the record sets at the names: the whole zone where that
// takes fewer calls than asking for each name. The count is of the zone's
// record sets, negative where it is not known.
func readRecords(ctx context.Context, client *route53.Client, zone string, names []string, count int64) ([]diagnose.RR, error) {
	var parents []string
	for _, name := range names {
		if _, parent, ok := strings.Cut(name, "."); ok && strings.HasPrefix(name, "_") && !slices.Contains(parents, parent) {
			parents = append(parents, parent)
		}
	}
	beside := func(n string) bool {
		label, parent, _ := strings.Cut(n, ".")
		return strings.HasPrefix(label, "_") && slices.Contains(parents, parent)
	}
	if count >= 0 && count/recordsPage < int64(len(names)) {
		all, err := recordsFrom(ctx, client, zone, "", recordsPage, func(n string) (bool, bool) { return slices.Contains(names, n) || beside(n), true })
		return ofInterest(all, names), err
	}
	var all []diagnose.RR
	for _, name := range names {
		// The zone is in order, so the name's own sets come first.
		records, err := recordsFrom(ctx, client, zone, name, namePage, func(n string) (bool, bool) { return n == name, n == name })
		all = append(all, records...)
		if err != nil {
			return all, err
		}
	}
	for _, parent := range parents[:min(len(parents), siblingNames)] {
		budget := siblingsRead
		records, err := recordsFrom(ctx, client, zone, "_."+parent, siblingsRead, func(n string) (bool, bool) {
			budget--
			// What is below a name that begins so stands right behind it.
			rest, under := strings.CutSuffix(n, "."+parent)
			return beside(n), under && strings.HasPrefix(rest[strings.LastIndex(rest, ".")+1:], "_") && budget > 0
		})
		if err != nil {
			return all, err
		}
		all = append(all, ofInterest(slices.DeleteFunc(records, func(rr diagnose.RR) bool { return slices.Contains(names, rr.Name) }), names)...)
	}
	return all, nil
}

// siblingNames is for how many names that is done: Route 53 allows an account
// few calls, and it is only for evidence.
const siblingNames = 3

// siblingsRead is how many record sets are read in a large zone in search of
// other validation records beside one.
const siblingsRead = 100

// ofInterest keeps the records at the names, and other validation records of
// ACM.
func ofInterest(records []diagnose.RR, names []string) []diagnose.RR {
	return slices.DeleteFunc(records, func(rr diagnose.RR) bool {
		return !slices.Contains(names, rr.Name) && (rr.Type != "CNAME" || !strings.HasSuffix(rr.Value, ".acm-validations.aws"))
	})
}

// recordsFrom reads a zone from a name on. For each record set's name, pick
// says whether to keep it and whether to go on.
func recordsFrom(ctx context.Context, client *route53.Client, zone, start string, size int32, pick func(name string) (keep, more bool)) ([]diagnose.RR, error) {
	in := &route53.ListResourceRecordSetsInput{HostedZoneId: aws.String(zone)}
	if start != "" {
		in.StartRecordName = aws.String(start + ".")
		in.MaxItems = aws.Int32(size)
	}
	pages := route53.NewListResourceRecordSetsPaginator(client, in)
	var all []diagnose.RR
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return all, err
		}
		if page.ResourceRecordSets == nil {
			return all, errEmpty
		}
		for _, set := range page.ResourceRecordSets {
			keep, more := pick(zoneName(aws.ToString(set.Name)))
			if keep {
				all = append(all, records(set)...)
			}
			if !more {
				return all, nil
			}
		}
	}
	return all, nil
}

// records turns a record set into records. An alias becomes one whose value
// names what it stands for.
func records(set types.ResourceRecordSet) []diagnose.RR {
	rr := diagnose.RR{Name: zoneName(aws.ToString(set.Name)), Type: string(set.Type), TTL: uint32(max(0, min(aws.ToInt64(set.TTL), 1<<31-1)))}
	rr.Routing = routing(set)
	if set.AliasTarget != nil {
		rr.Value = "ALIAS " + zoneName(aws.ToString(set.AliasTarget.DNSName))
		return []diagnose.RR{rr}
	}
	var list []diagnose.RR
	for _, r := range set.ResourceRecords {
		rr.Value = recordValue(rr.Type, aws.ToString(r.Value))
		list = append(list, rr)
	}
	return list
}

// routing is how a record set is chosen among others of its name and type, in
// words ("Choosing a routing policy", Amazon Route 53 Developer Guide,
// https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/routing-policy.html).
func routing(set types.ResourceRecordSet) string {
	switch {
	case set.GeoLocation != nil:
		g := set.GeoLocation
		place := strings.Trim(aws.ToString(g.ContinentCode)+" "+aws.ToString(g.CountryCode)+" "+aws.ToString(g.SubdivisionCode), " ")
		if place == "*" {
			place = "default"
		}
		return "geolocation " + place
	case set.GeoProximityLocation != nil:
		return "geoproximity"
	case set.CidrRoutingConfig != nil:
		return "IP-based"
	case set.Region != "":
		return "latency " + string(set.Region)
	case set.Failover != "":
		return "failover " + string(set.Failover)
	case set.Weight != nil:
		return fmt.Sprintf("weighted %d", *set.Weight)
	case aws.ToBool(set.MultiValueAnswer):
		return "multivalue answer"
	}
	return ""
}

// recordValue is the record data, with the domain names in it canonical.
func recordValue(rrtype, value string) string {
	switch rrtype {
	case "CNAME", "NS", "PTR", "DNAME":
		return zoneName(value)
	case "MX", "SRV":
		fields := strings.Fields(value)
		if len(fields) > 0 {
			fields[len(fields)-1] = zoneName(fields[len(fields)-1])
		}
		return strings.Join(fields, " ")
	case "SOA":
		fields := strings.Fields(value)
		for n := range min(2, len(fields)) {
			fields[n] = zoneName(fields[n])
		}
		return strings.Join(fields, " ")
	}
	return value
}

// zoneName is a domain name in our form, from Route 53's, which escapes all but
// letters, digits, hyphens and underscores in octal ("DNS domain name format",
// Amazon Route 53 Developer Guide,
// https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/DomainNameFormat.html).
// Characters that would change how the name reads stay escaped.
func zoneName(name string) string {
	name = canonicalName(name)
	if !strings.Contains(name, `\`) {
		return name
	}
	var b strings.Builder
	for n := 0; n < len(name); n++ {
		if name[n] == '\\' && n+3 < len(name) {
			if c, err := strconv.ParseUint(name[n+1:n+4], 8, 8); err == nil {
				if c > ' ' && c < 0x7f && c != '.' && c != '\\' {
					b.WriteByte(byte(c))
				} else {
					// Presentation format escapes in decimal.
					fmt.Fprintf(&b, `\%03d`, c)
				}
				n += 3
				continue
			}
		}
		b.WriteByte(name[n])
	}
	return strings.ToLower(b.String())
}
