package dnstrace_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/acmbot/acmbot/diagnose"
	"github.com/acmbot/acmbot/diagnose/dnstrace"
	"github.com/acmbot/acmbot/diagnose/world/dnsd"
)

// signedExample is a signed hierarchy whose last zone is signed as given; nil
// leaves that one unsigned.
func signedExample(signing *dnsd.Signing, text string, misdeeds ...dnsd.Misdeed) []site {
	sites := signedSites([]site{root(), tld("com", "192.0.2.2")})
	return append(sites, site{
		apex: "example.com", text: text, signing: signing,
		servers: []host{{name: "ns1", address: "192.0.2.11", do: do(misdeeds...)}},
	})
}

func TestSecurity(t *testing.T) {
	t.Parallel()
	const (
		present = "_x.example.com CNAME"
		missing = "_nothing.example.com CNAME"
		nodata  = "_x.example.com CAA" // see below: _x is a TXT record there
		at      = "example.com"
	)
	secure := diagnose.Security{State: diagnose.Secure}
	insecure := diagnose.Security{State: diagnose.Insecure, Zone: at}
	bogus := func(fault diagnose.SecurityFault) diagnose.Security {
		return diagnose.Security{State: diagnose.Bogus, Fault: fault, Zone: at}
	}
	signing := func(fault dnsd.SigningFault, types ...string) *dnsd.Signing {
		return &dnsd.Signing{Fault: fault, Types: types}
	}
	indeterminate := diagnose.Security{State: diagnose.Indeterminate, Zone: at}
	tests := []struct {
		name   string
		sites  []site
		lookup string
		want   diagnose.Security
	}{
		{"signed", signedExample(signing(""), validation), present, secure},
		{"signed, no such name", signedExample(signing(""), validation), missing, secure},
		{"signed, no such type", signedExample(signing(""), "_x TXT here\n"), nodata, secure},
		{"signed, empty non-terminal", signedExample(signing(""), "a._x TXT here\n"), nodata, secure},
		{"signed, wildcard", signedExample(signing(""), "* CNAME _y.acm-validations.aws.\n"), present, secure},
		{"signed, wildcard without the type", signedExample(signing(""), "* TXT here\n"), present, secure},
		{"signed, the wildcard itself", signedExample(signing(""), "* CNAME _y.acm-validations.aws.\n"), "*.example.com CNAME", secure},
		{"signed, wildcard without proof", signedExample(signing(dnsd.SigningNoDenial), "* CNAME _y.acm-validations.aws.\n"), present, bogus(diagnose.FaultDenialUnproven)},
		{"signed, below a DNAME", signedExample(signing(""), "old DNAME new.example.net.\n"), "_x.old.example.com CNAME", secure},
		{"signed, below a DNAME, another type", signedExample(signing(""), "old DNAME new.example.net.\n"), "_x.old.example.com CAA", secure},
		{"expired DNAME", signedExample(signing(dnsd.SigningExpired, "DNAME"), "old DNAME new.example.net.\n"), "_x.old.example.com CNAME", bogus(diagnose.FaultSignatureExpired)},
		{"signed, apex", signedExample(signing(""), ""), "example.com CAA", secure},
		{"unsigned", signedExample(nil, validation), present, insecure},
		{"unsigned, no such name", signedExample(nil, validation), missing, insecure},
		{"signed without a DS", signedExample(signing(dnsd.SigningWithoutParent), validation), present, insecure},
		{"expired", signedExample(signing(dnsd.SigningExpired), validation), present, bogus(diagnose.FaultSignatureExpired)},
		{"expired CNAME", signedExample(signing(dnsd.SigningExpired, "CNAME"), validation), present, bogus(diagnose.FaultSignatureExpired)},
		{"expired CNAME, another name", signedExample(signing(dnsd.SigningExpired, "CNAME"), validation), missing, secure},
		{"expired NSEC", signedExample(signing(dnsd.SigningExpired, "NSEC"), validation), missing, bogus(diagnose.FaultSignatureExpired)},
		{"expired keys", signedExample(signing(dnsd.SigningExpired, "DNSKEY"), validation), present, bogus(diagnose.FaultSignatureExpired)},
		{"not yet valid", signedExample(signing(dnsd.SigningNotYet), validation), present, bogus(diagnose.FaultSignatureNotYet)},
		{"invalid", signedExample(signing(dnsd.SigningInvalid, "CNAME"), validation), present, bogus(diagnose.FaultSignatureInvalid)},
		{"invalid SOA", signedExample(signing(dnsd.SigningInvalid, "SOA"), validation), missing, bogus(diagnose.FaultSignatureInvalid)},
		{"no signatures", signedExample(signing(dnsd.SigningMissing), validation), present, bogus(diagnose.FaultSignatureMissing)},
		{"no signature of the CNAME", signedExample(signing(dnsd.SigningMissing, "CNAME"), validation), present, bogus(diagnose.FaultSignatureMissing)},
		{"stale DS", signedExample(signing(dnsd.SigningWrongDS), validation), present, bogus(diagnose.FaultDSStale)},
		{"DS but unsigned", signedExample(signing(dnsd.SigningUnsigned), validation), present, bogus(diagnose.FaultNoDNSKEY)},
		{"DS but unsigned, no such name", signedExample(signing(dnsd.SigningUnsigned), validation), missing, bogus(diagnose.FaultNoDNSKEY)},
		{"no denial", signedExample(signing(dnsd.SigningNoDenial), validation), missing, bogus(diagnose.FaultDenialUnproven)},
		{"no denial, but a record", signedExample(signing(dnsd.SigningNoDenial), validation), present, secure},
		{
			"unsupported algorithm", signedExample(signing(dnsd.SigningUnsupported), validation), present,
			diagnose.Security{State: diagnose.Insecure, Fault: diagnose.FaultUnsupported, Zone: at},
		},
		{"server strips DNSSEC", signedExample(signing(""), validation, dnsd.MisdeedNoDNSSEC), present, bogus(diagnose.FaultSignatureMissing)},
		// What a path that drops EDNS lets through is no proof of anything.
		{"server without EDNS", signedExample(signing(""), validation, dnsd.MisdeedNoEDNS), present, indeterminate},
		{"server drops EDNS", signedExample(signing(""), validation, dnsd.MisdeedDropEDNS), missing, indeterminate},
		{"server refuses", signedExample(signing(""), validation, dnsd.MisdeedRefuse), present, indeterminate},
		{
			"fault above", func() []site {
				sites := signedExample(signing(""), validation)
				sites[1].signing = signing(dnsd.SigningExpired, "DNSKEY")
				return sites
			}(), present, diagnose.Security{State: diagnose.Bogus, Fault: diagnose.FaultSignatureExpired, Zone: "com"},
		},
		{
			"fault of the DS's signature", func() []site {
				sites := signedExample(signing(""), validation)
				sites[1].signing = signing(dnsd.SigningExpired, "DS")
				return sites
			}(), present, diagnose.Security{State: diagnose.Bogus, Fault: diagnose.FaultSignatureExpired, Zone: "com"},
		},
		{
			"no proof that there is no DS", func() []site {
				sites := signedExample(nil, validation)
				sites[1].signing = signing(dnsd.SigningNoDenial)
				return sites
			}(), present, diagnose.Security{State: diagnose.Bogus, Fault: diagnose.FaultDenialUnproven, Zone: "com"},
		},
		{
			"zone above is unsigned", func() []site {
				sites := signedExample(signing(""), validation)
				sites[1].signing = nil
				return sites
			}(), present, diagnose.Security{State: diagnose.Insecure, Zone: "com"},
		},
		{"unsigned root", example(host{}, validation), present, diagnose.Security{}},
		{"no such domain", signedExample(signing(""), validation), "_x.expired.com CNAME", diagnose.Security{State: diagnose.Secure}},
		{
			"three zones on one server", signedSites([]site{
				root(), tld("com", "192.0.2.2"),
				{apex: "example.com", servers: []host{{name: "ns1", address: "192.0.2.11", also: []string{"b.example.com", "a.b.example.com"}}}},
				{apex: "b.example.com", servers: []host{{name: "ns1.example.com."}}},
				{apex: "a.b.example.com", servers: []host{{name: "ns1.example.com."}}, text: validation},
			}), "_x.a.b.example.com CNAME", secure,
		},
		{
			"unsigned zone on the server of a signed one", func() []site {
				sites := signedSites([]site{
					root(), tld("com", "192.0.2.2"),
					{apex: "example.com", servers: []host{{name: "ns1", address: "192.0.2.11", also: []string{"b.example.com"}}}},
				})
				return append(sites, site{apex: "b.example.com", servers: []host{{name: "ns1.example.com."}}, text: validation})
			}(), "_x.b.example.com CNAME", diagnose.Security{State: diagnose.Insecure, Zone: "b.example.com"},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			network := start(t, describe(test.sites), dnsd.Options{})
			name, rrtype := split(test.lookup)
			got := session(network).Lookup(deadline(t), name, rrtype).Security
			if diff := cmp.Diff(test.want, got, cmpopts.IgnoreFields(diagnose.Security{}, "Detail", "Expired")); diff != "" {
				t.Errorf("security mismatch (-want +got):\n%s\ndetail: %s", diff, got.Detail)
			}
			if expired := got.Fault == diagnose.FaultSignatureExpired; expired == got.Expired.IsZero() {
				t.Errorf("fault %q with Expired %v", got.Fault, got.Expired)
			}
			if got.State != diagnose.Secure && got.State != "" && got.Detail == "" {
				t.Errorf("no words for %q", got.State)
			}
		})
	}
}

// The clock decides what has expired, not the machine.
func TestSecurityByClock(t *testing.T) {
	t.Parallel()
	network := start(t, describe(signedExample(&dnsd.Signing{}, validation)), dnsd.Options{})
	later := time.Now().AddDate(1, 0, 0)
	o := options(network)
	o.Now = func() time.Time { return later }
	got := dnstrace.New(o).Session().Lookup(deadline(t), "_x.example.com", "CNAME").Security
	if got.Fault != diagnose.FaultSignatureExpired || got.Zone != "." {
		t.Errorf("security a year later is %+v, want expired signatures at the root", got)
	}
}

func TestTrustAnchors(t *testing.T) {
	t.Parallel()
	network := start(t, describe(signedExample(&dnsd.Signing{}, validation)), dnsd.Options{})
	tests := []struct {
		name    string
		anchors []string
		want    diagnose.SecurityState
	}{
		{"the root's", network.TrustAnchors(), diagnose.Secure},
		{"none with roots of one's own", nil, diagnose.Unchecked},
		{"not one", []string{"hello"}, diagnose.Indeterminate},
		{"another root's", dnstrace.DefaultTrustAnchors(), diagnose.Bogus},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			o := options(network)
			o.TrustAnchors = test.anchors
			got := dnstrace.New(o).Session().Lookup(deadline(t), "_x.example.com", "CNAME").Security
			if got.State != test.want {
				t.Errorf("state is %+v, want %q", got, test.want)
			}
		})
	}
}

// One good server is enough for resolvers, which try the others; the odd one
// is still told.
func TestSecurityOfOneServer(t *testing.T) {
	t.Parallel()
	sites := signedExample(&dnsd.Signing{}, validation)
	sites[2].servers = append(sites[2].servers, host{name: "ns2", address: "192.0.2.12", do: do(dnsd.MisdeedNoDNSSEC)})
	network := start(t, describe(sites), dnsd.Options{})
	got := session(network).Lookup(deadline(t), "_x.example.com", "CNAME").Security
	if got.State != diagnose.Secure || got.Detail == "" {
		t.Errorf("security is %+v, want secure with a remark", got)
	}
}

func TestZoneSecurity(t *testing.T) {
	t.Parallel()
	network := start(t, describe(signedExample(&dnsd.Signing{Fault: dnsd.SigningWrongDS}, validation)), dnsd.Options{})
	s := session(network)
	s.Lookup(deadline(t), "_x.example.com", "CNAME")
	zones := s.Facts().Zones
	if got := zones["com"].Security.State; got != diagnose.Secure {
		t.Errorf("com is %q, want secure", got)
	}
	if got := zones["example.com"]; got.Security.Fault != diagnose.FaultDSStale || len(got.DS) != 1 {
		t.Errorf("example.com has %+v and %d DS records, want a stale one", got.Security, len(got.DS))
	}
}
