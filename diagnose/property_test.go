package diagnose

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"
)

// drawFacts draws facts that need not make sense: the judge must cope with
// whatever was observed.
func drawFacts(t *rapid.T) *Facts {
	pick := func(label string, from ...string) string { return rapid.SampledFrom(from).Draw(t, label) }
	moment := func(label string) time.Time {
		if rapid.Bool().Draw(t, label+" known") {
			return at.Add(time.Duration(rapid.IntRange(-500, 500).Draw(t, label)) * day)
		}
		return time.Time{}
	}
	names := rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"example.com", "*.example.com", "www.example.com", "a.b.example.com", "example.net", "com", ""}), 0, 4, rapid.ID[string]).Draw(t, "names")
	status := func(label string) string { return pick(label, "", NamePending, NameSuccess, NameFailed, "NEW") }
	validation := func(n string) NameValidation {
		v := NameValidation{Name: n, Status: status("status"), Method: pick("method", "", MethodDNS, MethodEmail, MethodHTTP)}
		if rapid.Bool().Draw(t, "record") {
			v.Record = &Record{Name: "_x." + strings.TrimPrefix(n, "*."), Type: "CNAME", Value: pick("value", "_y.acm-validations.aws", "", ".")}
		}
		if rapid.Bool().Draw(t, "redirect") {
			v.Redirect = &HTTPRedirect{From: "http://" + n + "/x", To: "https://validation.example/x"}
		}
		return v
	}
	f := &Facts{At: at, Certificate: Certificate{
		ARN: "arn:aws:acm:eu-west-1:1:certificate/1", Account: "1", Region: "eu-west-1", Names: names,
		Type:             pick("type", TypeAmazonIssued, TypeImported, TypePrivate, ""),
		Status:           pick("certificate status", StatusIssued, StatusExpired, StatusFailed, StatusPendingValidation, StatusRevoked, StatusInactive, StatusValidationTimedOut, "NEW", ""),
		ValidationMethod: pick("certificate method", "", MethodDNS, MethodEmail, MethodHTTP),
		KeyPairOrigin:    pick("origin", "", OriginAWS, OriginACME, OriginCustomer),
		Eligibility:      pick("eligibility", "", EligibleYes, EligibleNo),
		ExportOption:     pick("export", "", "ENABLED"),
		FailureReason:    pick("failure", "", "CAA_ERROR", "PCA_INVALID_STATE", "NO_AVAILABLE_CONTACTS", "NEW"),
		NotBefore:        moment("not before"), NotAfter: moment("not after"), Serial: pick("serial", "", "abc"),
		AuthorityARN: pick("authority", "", "arn:aws:acm-pca:eu-west-1:2:certificate-authority/1"),
	}}
	c := &f.Certificate
	if rapid.Bool().Draw(t, "used") {
		c.InUseBy = []string{pick("user", "x", "arn:aws:elasticloadbalancing:eu-west-1:1:loadbalancer/app/shop/1")}
	}
	for _, n := range names {
		c.Issuance = append(c.Issuance, validation(n))
	}
	if rapid.Bool().Draw(t, "renewal") {
		c.Renewal = &Renewal{Status: pick("renewal status", RenewalPendingAuto, RenewalPendingValidation, RenewalSuccess, RenewalFailed, "NEW", ""), Reason: pick("reason", "", "CAA_ERROR", "OTHER", "NEW"), UpdatedAt: moment("updated")}
		for _, n := range names {
			c.Renewal.Names = append(c.Renewal.Names, validation(n))
		}
	}
	if rapid.Bool().Draw(t, "update") {
		c.Update = &MethodUpdate{Status: pick("update", "PENDING_DOMAIN_VALIDATION", "FAILED", NameSuccess), From: MethodEmail, To: MethodDNS, RequestedAt: moment("requested")}
	}
	outcomes := []Outcome{OutcomeAnswer, OutcomeNoData, OutcomeNXDomain, OutcomeRefused, OutcomeServFail, OutcomeTimeout, OutcomeLame, OutcomeUnreachable, OutcomeOverBudget, "new"}
	reply := func(name, rrtype string) Reply {
		r := Reply{Server: pick("server", "ns1.example.net", "ns2.example.net", ""), Address: pick("address", "192.0.2.1:53", "[2001:db8::1]:53", ""), Outcome: rapid.SampledFrom(outcomes).Draw(t, "outcome"), CheckingDisabled: rapid.Bool().Draw(t, "cd")}
		for range rapid.IntRange(0, 2).Draw(t, "records") {
			r.Answer = append(r.Answer, RR{Name: name, Type: pick("answer type", rrtype, "CNAME"), TTL: 60,
				Value: pick("answer", "_y.acm-validations.aws", "_y.acm-validations.aws.example.com", "other.example.net", `0 issue "amazon.com"`, `0 issuewild ";"`, `128 x "y"`, "", "0 .")})
		}
		return r
	}
	f.DNS = DNS{Lookups: map[string]*Lookup{}, Zones: map[string]*Zone{"example.com": {Apex: "example.com", Delegated: []string{"ns1.example.net"}}}}
	for range rapid.IntRange(0, 12).Draw(t, "look-ups") {
		name := pick("name", "_x.example.com", "x.example.com", "_x.example.com.example.com", "_x.www.example.com", SiblingName("_x.example.com"), "example.com", "www.example.com", "com", "other.example.net")
		rrtype := pick("rrtype", "CNAME", "CAA", "TXT", "A", "MX")
		l := &Lookup{Name: name, Type: rrtype, Path: []string{".", "com", "example.com"}[:rapid.IntRange(0, 3).Draw(t, "path")]}
		for range rapid.IntRange(0, 3).Draw(t, "replies") {
			l.Replies = append(l.Replies, reply(name, rrtype))
		}
		for range rapid.IntRange(0, 2).Draw(t, "public") {
			l.Public = append(l.Public, reply(name, rrtype))
		}
		if rapid.IntRange(0, 4).Draw(t, "broken") == 0 {
			l.Broken = &Break{Kind: rapid.SampledFrom([]BreakKind{BreakLame, BreakNXDomain, BreakNoServers, BreakLoop, BreakBudget}).Draw(t, "kind"), Zone: "example.com", Name: "example.com"}
		}
		l.Security = Security{State: rapid.SampledFrom([]SecurityState{Unchecked, Secure, Insecure, Bogus, Indeterminate}).Draw(t, "security"), Fault: rapid.SampledFrom([]SecurityFault{"", FaultDSStale, FaultSignatureExpired, FaultUnsupported, FaultSignatureInvalid}).Draw(t, "fault"), Zone: pick("fault zone", "", "example.com")}
		f.DNS.Lookups[LookupKey(name, rrtype)] = l
	}
	if rapid.Bool().Draw(t, "authority seen") {
		f.Authority = &Authority{Status: pick("authority status", "", "ACTIVE", "DISABLED", "DELETED", "EXPIRED"), NotAfter: moment("authority ends"), PermissionsRead: rapid.Bool().Draw(t, "permissions")}
	}
	for range rapid.IntRange(0, 3).Draw(t, "zones") {
		z := HostedZone{ID: pick("zone id", "Z1", "Z2"), Name: pick("zone", "example.com", "www.example.com"), Private: rapid.Bool().Draw(t, "private"), NameServers: []string{pick("zone ns", "ns1.example.net", "ns-1.awsdns-1.com")}}
		z.Records = []RR{{Name: "_x.example.com", Type: "CNAME", Value: "_y.acm-validations.aws"}}
		f.HostedZones = append(f.HostedZones, z)
	}
	for _, n := range names {
		if rapid.Bool().Draw(t, "endpoint") {
			if f.Endpoints == nil {
				f.Endpoints = map[string]Endpoint{}
				f.Redirects = map[string]HTTPReply{}
			}
			f.Endpoints[n] = Endpoint{Name: n, Served: []TLSServed{{Address: "192.0.2.80:443", Serial: pick("served", "", "abc", "def"), NotAfter: moment("served until"), IssuerOrg: pick("issuer", "", "Amazon")}}}
			f.Redirects["http://"+n+"/x"] = HTTPReply{Status: rapid.SampledFrom([]int{0, 200, 302, 404}).Draw(t, "http"), Location: pick("location", "", "https://validation.example/x", "https://"+n+"/x")}
		}
	}
	return f
}

// TestJudgeHolds draws facts of every kind and checks what must hold for all of
// them.
func TestJudgeHolds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := drawFacts(t)
		r := Judge(f)
		if r.Headline == "" || r.Verdict == "" || r.State == "" {
			t.Fatalf("the report lacks headline, verdict or state: %+v", r)
		}
		if len(r.Names) != len(f.Certificate.Names) {
			t.Fatalf("%d names have %d states", len(f.Certificate.Names), len(r.Names))
		}
		for _, found := range r.Findings {
			if len(found.Evidence) == 0 {
				t.Fatalf("%s is named without evidence", found.Cause)
			}
			if slices.Contains(r.Consequences, found.Cause) {
				t.Fatalf("%s is a cause and a consequence", found.Cause)
			}
			for _, n := range found.Names {
				if !slices.Contains(f.Certificate.Names, n) {
					t.Fatalf("%s concerns %q, which is not on the certificate", found.Cause, n)
				}
			}
		}
		// The order in which servers answered and zones were listed is chance.
		for _, l := range f.DNS.Lookups {
			slices.Reverse(l.Replies)
			slices.Reverse(l.Public)
		}
		slices.Reverse(f.HostedZones)
		if diff := cmp.Diff(r, Judge(f), cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("another order of the facts gives another report (-first, +again):\n%s", diff)
		}
	})
}

func FuzzParseCAA(f *testing.F) {
	for _, seed := range []string{`0 issue "amazon.com"`, `128 x "\059\"`, `0 issue ;`, `255 a b`, `0 issuewild "ca.example; accounturi=x"`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p, ok := parseCAA(text)
		if ok && (p.Tag == "" || p.Tag != strings.ToLower(p.Tag)) {
			t.Fatalf("parseCAA(%q) has the tag %q", text, p.Tag)
		}
		p.Issuer()
	})
}
