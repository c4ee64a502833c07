package inventory_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/acmbot/acmbot/diagnose"
	"github.com/acmbot/acmbot/diagnose/inventory"
	"github.com/acmbot/acmbot/diagnose/world/awsapi"
)

func addZones(api *awsapi.Server, account string, zones ...*awsapi.HostedZone) {
	api.Update(func(s *awsapi.State) {
		a := s.Account(account)
		a.HostedZones = append(a.HostedZones, zones...)
	})
}

func TestHostedZones(t *testing.T) {
	api, options := start(t, dublin)
	addRole(api, &options, spoke)
	addZones(
		api, hub,
		&awsapi.HostedZone{ID: "ZPUB", Name: "example.com", NameServers: []string{"NS-1.awsdns-01.com"}, DNSSEC: "ACTION_NEEDED", DNSSECMessage: "the key is gone", Records: []awsapi.RecordSet{
			{Name: "example.com", Type: "A", Alias: "D1.cloudfront.net"},
			{Name: "_x.example.com", Type: "CNAME", TTL: 300, Values: []string{"_Y.acm-validations.aws."}},
			{Name: "_x.example.com.example.com", Type: "CNAME", TTL: 300, Values: []string{"_y.acm-validations.aws."}},
			{Name: "*.example.com", Type: "TXT", TTL: 60, Values: []string{`"v=spf1"`}},
		}},
		&awsapi.HostedZone{ID: "ZPRIV", Name: "example.com", Private: true, NameServers: []string{"ns-0.awsdns-00.com"}},
		&awsapi.HostedZone{ID: "ZELSE", Name: "ample.com"},
	)
	addZones(api, spoke, &awsapi.HostedZone{ID: "ZSUB", Name: "dev.example.com", NameServers: []string{"ns-2.awsdns-02.net"}})
	want := []diagnose.HostedZone{
		{ID: "ZSUB", Name: "dev.example.com", Account: spoke, NameServers: []string{"ns-2.awsdns-02.net"}, DNSSEC: "NOT_SIGNING"},
		{ID: "ZPRIV", Name: "example.com", Account: hub, Private: true},
		{
			ID: "ZPUB", Name: "example.com", Account: hub, NameServers: []string{"ns-1.awsdns-01.com"}, DNSSEC: "ACTION_NEEDED", DNSSECMessage: "the key is gone",
			Records: []diagnose.RR{
				{Name: "*.example.com", Type: "TXT", TTL: 60, Value: `"v=spf1"`},
				{Name: "_x.example.com", Type: "CNAME", TTL: 300, Value: "_y.acm-validations.aws"},
				{Name: "example.com", Type: "A", Value: "ALIAS d1.cloudfront.net"},
			},
		},
	}
	names := []string{"_x.example.com", "_z.dev.example.com", "Example.com.", "*.example.com"}
	for _, pageSize := range []int{0, 1} {
		api.Update(func(s *awsapi.State) { s.Quirks.PageSize = pageSize })
		zones, unseen := inventory.New(options).HostedZones(t.Context(), "", names)
		if len(unseen) > 0 {
			t.Errorf("unseen: %+v", unseen)
		}
		for _, z := range zones {
			slices.SortFunc(z.Records, func(a, b diagnose.RR) int { return strings.Compare(a.Name, b.Name) })
		}
		if diff := cmp.Diff(want, zones); diff != "" {
			t.Errorf("pages of %d: zones (-want +got):\n%s", pageSize, diff)
		}
	}
	zones, _ := inventory.New(options).HostedZones(t.Context(), spoke, names)
	if diff := cmp.Diff(want[:1], zones); diff != "" {
		t.Errorf("one account: zones (-want +got):\n%s", diff)
	}
}

func TestHostedZonesOfManyRecords(t *testing.T) {
	api, options := start(t, dublin)
	zone := &awsapi.HostedZone{ID: "Z", Name: "example.com"}
	for n := range 700 {
		zone.Records = append(zone.Records, awsapi.RecordSet{Name: fmt.Sprintf("n%d.example.com", n), Type: "A", TTL: 60, Values: []string{"192.0.2.1"}})
	}
	addZones(api, hub, zone)
	zones, unseen := inventory.New(options).HostedZones(t.Context(), "", []string{"n500.example.com", "n5000.example.com"})
	want := []diagnose.RR{{Name: "n500.example.com", Type: "A", TTL: 60, Value: "192.0.2.1"}}
	if len(zones) != 1 || len(unseen) > 0 {
		t.Fatalf("zones %+v, unseen %+v", zones, unseen)
	}
	if diff := cmp.Diff(want, zones[0].Records); diff != "" {
		t.Errorf("records (-want +got):\n%s", diff)
	}
	if n := calls(api, "ListResourceRecordSets"); n != 2 {
		t.Errorf("%d calls for two names in a zone of three pages, want 2", n)
	}
}

func TestHostedZonesThatCannotBeRead(t *testing.T) {
	api, options := start(t, dublin)
	addRole(api, &options, spoke)
	addRole(api, &options, third)
	addZones(api, hub, &awsapi.HostedZone{ID: "Z", Name: "example.com"})
	api.Update(func(s *awsapi.State) {
		s.Account(hub).Deny = []string{"route53:GetDNSSEC", "route53:ListResourceRecordSets"}
		s.Account(spoke).Deny = []string{"route53:*"}
		s.Account(third).Roles = nil
	})
	zones, unseen := inventory.New(options).HostedZones(t.Context(), "", []string{"www.example.com"})
	want := []string{spoke + "/ access-denied route53:ListHostedZones", third + "/ access-denied sts:AssumeRole"}
	if diff := cmp.Diff(want, obstacles(unseen)); diff != "" {
		t.Errorf("unseen (-want +got):\n%s", diff)
	}
	if len(zones) != 1 {
		t.Fatalf("zones %+v", zones)
	}
	want = []string{hub + "/ access-denied route53:ListResourceRecordSets", hub + "/ access-denied route53:GetDNSSEC"}
	if diff := cmp.Diff(want, obstacles(zones[0].Unseen)); diff != "" {
		t.Errorf("unseen of the zone (-want +got):\n%s", diff)
	}
}

func TestZoneListIsKeptForAWhile(t *testing.T) {
	api, options := start(t, dublin)
	now := today
	options.Now = func() time.Time { return now }
	addZones(api, hub, &awsapi.HostedZone{ID: "Z1", Name: "example.com"})
	i := inventory.New(options)
	look := func() int {
		zones, _ := i.HostedZones(t.Context(), "", []string{"www.example.com"})
		return len(zones)
	}
	look()
	addZones(api, hub, &awsapi.HostedZone{ID: "Z2", Name: "example.com"})
	if n := look(); n != 1 {
		t.Errorf("%d zones at once, want the 1 that was known", n)
	}
	now = now.Add(31 * time.Second)
	if n := look(); n != 2 {
		t.Errorf("%d zones after a while, want 2", n)
	}
	addZones(api, hub, &awsapi.HostedZone{ID: "Z3", Name: "example.com"})
	now = now.AddDate(-1, 0, 0)
	if n := look(); n != 3 {
		t.Errorf("%d zones after the clock was put back, want 3", n)
	}
}

// Other validation records beside one are read in small zones and in large
// ones, and so is how Route 53 chooses among records.
func TestHostedZonesHaveOtherValidationRecords(t *testing.T) {
	for _, others := range []int{1, 700} {
		api, options := start(t, dublin)
		zone := &awsapi.HostedZone{ID: "Z", Name: "example.com", Records: []awsapi.RecordSet{
			{Name: "_x.shop.example.com", Type: "CNAME", TTL: 60, Values: []string{"_y.a.acm-validations.aws."}, Geo: "DE", SetIdentifier: "de"},
			{Name: "_x.shop.example.com", Type: "CNAME", TTL: 60, Values: []string{"_y.a.acm-validations.aws."}, Geo: "*", SetIdentifier: "else"},
			{Name: "_other.shop.example.com", Type: "CNAME", TTL: 60, Values: []string{"_z.a.acm-validations.aws."}},
			{Name: "_dmarc.shop.example.com", Type: "TXT", TTL: 60, Values: []string{`"v=DMARC1"`}},
			{Name: "s1._domainkey.shop.example.com", Type: "TXT", TTL: 60, Values: []string{`"v=DKIM1"`}}, // stands between
			{Name: "_far.example.com", Type: "CNAME", TTL: 60, Values: []string{"_z.a.acm-validations.aws."}},
		}}
		for n := range others {
			zone.Records = append(zone.Records, awsapi.RecordSet{Name: fmt.Sprintf("n%d.example.com", n), Type: "A", TTL: 60, Values: []string{"192.0.2.1"}})
		}
		addZones(api, hub, zone)
		zones, unseen := inventory.New(options).HostedZones(t.Context(), "", []string{"_x.shop.example.com"})
		if len(zones) != 1 || len(unseen) > 0 {
			t.Fatalf("zones %+v, unseen %+v", zones, unseen)
		}
		slices.SortFunc(zones[0].Records, func(a, b diagnose.RR) int { return strings.Compare(a.Name+a.Routing, b.Name+b.Routing) })
		want := []diagnose.RR{
			{Name: "_other.shop.example.com", Type: "CNAME", TTL: 60, Value: "_z.a.acm-validations.aws"},
			{Name: "_x.shop.example.com", Type: "CNAME", TTL: 60, Value: "_y.a.acm-validations.aws", Routing: "geolocation DE"},
			{Name: "_x.shop.example.com", Type: "CNAME", TTL: 60, Value: "_y.a.acm-validations.aws", Routing: "geolocation default"},
		}
		if diff := cmp.Diff(want, zones[0].Records); diff != "" {
			t.Errorf("among %d others: records (-want +got):\n%s", others, diff)
		}
	}
}
