package fix

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"

	"github.com/acmbot/acmbot/diagnose"
	"github.com/acmbot/acmbot/diagnose/inventory"
)

// validationSuffix is what every target of ACM's ends in ("DNS validation",
// AWS Certificate Manager User Guide,
// https://docs.aws.amazon.com/acm/latest/userguide/dns-validation.html). Route
// 53 has no condition key for a record's value, so no IAM policy can see to it
// ("Using IAM policy conditions for fine-grained access control", Amazon Route
// 53 Developer Guide,
// https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/specifying-conditions-route53.html).
const validationSuffix = ".acm-validations.aws"

// hostName is a name that needs no escaping in Route 53.
var hostName = regexp.MustCompile(`^[a-z0-9_-]+(\.[a-z0-9_-]+)+$`)

// checkChange keeps the rules that need no look at AWS.
func checkChange(k Kind, c *Change) *Refusal {
	switch {
	case !hostName.MatchString(c.Name):
		return refuse(Unsafe, "`%s` is not a name that I write records at.", c.Name)
	case c.Name != c.ZoneName && !strings.HasSuffix(c.Name, "."+c.ZoneName):
		return refuse(Unsafe, "`%s` is not in the zone `%s`.", c.Name, c.ZoneName)
	case len(c.NameServers) == 0:
		return refuse(Unsafe, "It is not known which name servers `%s` is delegated to.", c.ZoneName)
	case c.TTL < 1 || c.TTL > 7*24*60*60:
		return refuse(Unsafe, "A TTL of %d seconds is out of bounds.", c.TTL)
	}
	if k == AddCAA {
		return checkCAA(c)
	}
	switch {
	case c.Type != "CNAME" || len(c.After) != 1 || len(c.Before) > 1:
		return refuse(Unsafe, "A validation record is one CNAME, and this is not.")
	case c.Name == c.ZoneName:
		return refuse(Unsafe, "No CNAME can stand at the apex of the zone `%s`.", c.ZoneName)
	case !hostName.MatchString(c.After[0]) || !strings.HasSuffix(c.After[0], validationSuffix):
		return refuse(Unsafe, "The target `%s` is not under `acm-validations.aws`, where every target of ACM's is.", c.After[0])
	}
	return nil
}

func checkCAA(c *Change) *Refusal {
	added := 0
	for _, v := range c.After {
		switch {
		case slices.Contains(c.Before, v):
		case slices.Contains(caaValues, v):
			added++
		default:
			return refuse(Unsafe, "The CAA value `%s` is not one that I add.", v)
		}
	}
	switch {
	case c.Type != "CAA" || added == 0:
		return refuse(Unsafe, "This is not the adding of a CAA value.")
	case len(c.Before) == 0:
		return refuse(Unsafe, "A first CAA record at `%s` would shut every other issuer out.", c.Name)
	case c.Replaces():
		return refuse(Unsafe, "The CAA records at `%s` would lose a value.", c.Name)
	}
	return nil
}

// checkWanted keeps to what ACM asks for now, whatever the plan says.
func checkWanted(k Kind, cert *diagnose.Certificate, c *Change) *Refusal {
	if k == AddCAA {
		if cert.Type != diagnose.TypeAmazonIssued || !slices.ContainsFunc(cert.Names, func(n string) bool {
			n = strings.TrimPrefix(n, "*.")
			return n == c.Name || strings.HasSuffix(n, "."+c.Name)
		}) {
			return refuse(Unsafe, "No name on the certificate is at or below `%s`.", c.Name)
		}
		return nil
	}
	records, _ := wantedRecords(cert, k)
	for _, rec := range records {
		if rec.Name != c.Name {
			continue
		}
		if rec.Value != c.After[0] {
			return refuse(Unsafe, "ACM asks for another target at `%s`: `%s`.", c.Name, rec.Value)
		}
		return nil
	}
	return refuse(Unsafe, "ACM does not ask for a record at `%s` for this certificate.", c.Name)
}

// A batch is the changes in one zone, which Route 53 makes all or none.
type batch struct {
	client  *inventory.Client
	zone    string
	changes []Change
	upsert  map[string]bool
}

func (x *Fixer) writeRecords(ctx context.Context, cert *diagnose.Certificate, p Plan, consent Consent) (Result, error) {
	var result Result
	if len(p.Changes) == 0 || len(p.Changes) > mostAtOnce {
		return result, refuse(Unsafe, "A plan of %d records is not one that I carry out.", len(p.Changes))
	}
	var batches []*batch
	for i := range p.Changes {
		c := p.Changes[i]
		if refusal := checkChange(p.Kind, &c); refusal != nil {
			return result, refusal
		}
		if refusal := checkWanted(p.Kind, cert, &c); refusal != nil {
			return result, refusal
		}
		n := slices.IndexFunc(batches, func(b *batch) bool { return b.zone == c.ZoneID })
		if n < 0 {
			client, err := x.o.Inventory.Client(ctx, c.ZoneAccount, "")
			if err != nil {
				return result, failed(err)
			}
			batches = append(batches, &batch{client: client, zone: c.ZoneID, upsert: map[string]bool{}})
			n = len(batches) - 1
		}
		b := batches[n]
		if err := b.checkZone(ctx, &c); err != nil {
			return result, err
		}
		current, err := b.current(ctx, &c)
		if err != nil {
			return result, err
		}
		switch {
		case slices.Equal(current, c.After):
			result.Already = append(result.Already, c)
			continue
		case !slices.Equal(current, c.Before):
			return result, refuse(Stale, "The records at `%s` are not what the plan shows: there is %s now.", c.Name, values(current))
		case c.Replaces() && !consent.Replace:
			return result, refuse(Unconfirmed, "The record at `%s` would be replaced, and that was not confirmed.", c.Name)
		}
		b.upsert[c.Name] = len(current) > 0
		b.changes = append(b.changes, c)
	}
	result.InSync = true
	for _, b := range batches {
		if len(b.changes) == 0 {
			continue
		}
		id, err := b.write(ctx)
		if err != nil {
			result.InSync = false
			return result, err
		}
		result.Written = append(result.Written, b.changes...)
		if id == "" {
			result.InSync = false
			continue
		}
		result.RequestIDs = append(result.RequestIDs, id)
		if !x.inSync(ctx, b.client, id) {
			result.InSync = false
		}
	}
	return result, nil
}

func values(list []string) string {
	if len(list) == 0 {
		return "nothing"
	}
	return strings.Join(codes(list), ", ")
}

// checkZone sees to it that the zone is the public one that is delegated.
func (b *batch) checkZone(ctx context.Context, c *Change) error {
	out, err := b.client.Route53.GetHostedZone(ctx, &route53.GetHostedZoneInput{Id: aws.String(c.ZoneID)})
	if err != nil {
		return failed(b.client.Explain(ctx, err, "route53:GetHostedZone"))
	}
	var servers []string
	if out.DelegationSet != nil {
		servers = canonicalNames(out.DelegationSet.NameServers)
	}
	switch {
	case out.HostedZone == nil || diagnose.CanonicalName(aws.ToString(out.HostedZone.Name)) != c.ZoneName:
		return refuse(Unsafe, "The hosted zone `%s` is not `%s`.", c.ZoneID, c.ZoneName)
	case out.HostedZone.Config != nil && out.HostedZone.Config.PrivateZone:
		return refuse(Unsafe, "The hosted zone `%s` is private: ACM does not see it.", c.ZoneID)
	case !slices.Equal(servers, canonicalNames(c.NameServers)):
		return refuse(Unsafe, "The hosted zone `%s` is not the one that `%s` is delegated to: its name servers are others.", c.ZoneID, c.ZoneName)
	}
	return nil
}

// current is the values of the record set, sorted; none where there is none.
func (b *batch) current(ctx context.Context, c *Change) ([]string, error) {
	pages := route53.NewListResourceRecordSetsPaginator(b.client.Route53, &route53.ListResourceRecordSetsInput{
		HostedZoneId: aws.String(c.ZoneID), StartRecordName: aws.String(c.Name + "."), MaxItems: aws.Int32(20),
	})
	var list []string
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, failed(b.client.Explain(ctx, err, "route53:ListResourceRecordSets"))
		}
		for _, set := range page.ResourceRecordSets {
			if diagnose.CanonicalName(aws.ToString(set.Name)) != c.Name {
				slices.Sort(list)
				return list, nil
			}
			switch {
			case string(set.Type) != c.Type && (c.Type == "CNAME" || set.Type == types.RRTypeCname):
				return nil, refuse(Stale, "At `%s` there is a %s record, beside which there can be no %s.", c.Name, set.Type, c.Type)
			case string(set.Type) != c.Type:
				continue
			case set.SetIdentifier != nil || set.AliasTarget != nil || set.TrafficPolicyInstanceId != nil:
				return nil, refuse(Unsafe, "The record at `%s` is an alias or has a routing policy: change it by hand.", c.Name)
			}
			for _, r := range set.ResourceRecords {
				v := aws.ToString(r.Value)
				if c.Type == "CNAME" {
					v = diagnose.CanonicalName(v)
				}
				list = append(list, v)
			}
		}
	}
	slices.Sort(list)
	return list, nil
}

// write makes the changes of one zone. What is not there is created, which
// fails where it has come to be there meanwhile.
func (b *batch) write(ctx context.Context) (id string, err error) {
	in := &route53.ChangeResourceRecordSetsInput{
		HostedZoneId: aws.String(b.zone),
		ChangeBatch:  &types.ChangeBatch{Comment: aws.String("acmbot: ACM certificate validation")},
	}
	for _, c := range b.changes {
		change := types.Change{
			Action:            types.ChangeActionCreate,
			ResourceRecordSet: &types.ResourceRecordSet{Name: aws.String(c.Name), Type: types.RRType(c.Type), TTL: aws.Int64(c.TTL)},
		}
		if b.upsert[c.Name] {
			change.Action = types.ChangeActionUpsert
		}
		for _, v := range c.After {
			change.ResourceRecordSet.ResourceRecords = append(change.ResourceRecordSet.ResourceRecords, types.ResourceRecord{Value: aws.String(v)})
		}
		in.ChangeBatch.Changes = append(in.ChangeBatch.Changes, change)
	}
	out, err := b.client.Route53.ChangeResourceRecordSets(ctx, in)
	switch {
	case errorCode(err) == "InvalidChangeBatch":
		// The answer to an earlier try may have been lost on the way.
		if b.inPlace(ctx) {
			return "", nil
		}
		return "", refuse(Stale, "Route 53 does not take the change: the zone `%s` has changed since the plan was made, or other records stand in the way.", b.changes[0].ZoneName)
	case err != nil:
		return "", failed(b.client.Explain(ctx, err, "route53:ChangeResourceRecordSets"))
	case out.ChangeInfo == nil || out.ChangeInfo.Id == nil:
		return "", failed(fmt.Errorf("no change id"))
	}
	return aws.ToString(out.ChangeInfo.Id), nil
}

// inPlace reports whether all records read as they should.
func (b *batch) inPlace(ctx context.Context) bool {
	for i := range b.changes {
		current, err := b.current(ctx, &b.changes[i])
		if err != nil || !slices.Equal(current, b.changes[i].After) {
			return false
		}
	}
	return true
}

// inSync waits until all of Route 53's servers have the change. That it could
// not be told in time, or at all, undoes nothing.
func (x *Fixer) inSync(ctx context.Context, client *inventory.Client, id string) bool {
	ctx, cancel := context.WithTimeout(ctx, x.o.SyncTimeout)
	defer cancel()
	for {
		out, err := client.Route53.GetChange(ctx, &route53.GetChangeInput{Id: aws.String(id)})
		if err != nil {
			_ = client.Explain(ctx, err, "route53:GetChange") // for the log
			return false
		}
		if out.ChangeInfo != nil && out.ChangeInfo.Status == types.ChangeStatusInsync {
			return true
		}
		if !x.pause(ctx) {
			return false
		}
	}
}
