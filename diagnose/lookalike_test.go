package diagnose

import (
	"slices"
	"strings"
	"testing"
)

func causesOf(r Report) []CauseID {
	var list []CauseID
	for _, f := range r.Findings {
		list = append(list, f.Cause)
	}
	slices.Sort(list)
	return list
}

// Where this machine has no IPv6, servers that have nothing else say nothing.
func TestServersWithIPv6OnlySeenFromIPv4(t *testing.T) {
	f := pending()
	for _, l := range f.DNS.Lookups {
		for i := range l.Replies {
			l.Replies[i].Outcome, l.Replies[i].Address, l.Replies[i].Answer = OutcomeUnreachable, "[2001:db8::53]:53", nil
		}
	}
	r := Judge(f)
	if got := causesOf(r); len(got) > 0 {
		t.Errorf("causes are %v, want none", got)
	}
	if !slices.ContainsFunc(r.Unseen, func(u Unseen) bool { return strings.Contains(u.Detail, "IPv6") }) {
		t.Errorf("nothing unseen speaks of IPv6: %+v", r.Unseen)
	}
}

// Another account's token beside a missing record is evidence, and no cause.
func TestAnotherAccountsTokenIsEvidence(t *testing.T) {
	f := pending()
	f.answer(recordName, "CNAME")
	f.HostedZones = []HostedZone{{ID: "Z1", Name: "example.com", Account: "111122223333", NameServers: []string{"ns1.example.net", "ns2.example.net"}, Records: []RR{
		{Name: "_ffff.shop.example.com", Type: "CNAME", Value: "_eeee.jkddzztszm.acm-validations.aws"},
		{Name: "_ffff.other.example.com", Type: "CNAME", Value: "_eeee.jkddzztszm.acm-validations.aws"},
	}}}
	r := Judge(f)
	if got := causesOf(r); !slices.Equal(got, []CauseID{"cname-missing"}) {
		t.Fatalf("causes are %v", got)
	}
	shown := 0
	for _, e := range r.Findings[0].Evidence {
		if e.Source == "Route 53" {
			shown++
			if !strings.Contains(e.Text, "_ffff.shop.example.com") {
				t.Errorf("evidence %q is of another name", e.Text)
			}
		}
	}
	if shown != 1 {
		t.Errorf("%d pieces of evidence from Route 53, want 1", shown)
	}
}

// A private network whose servers are all private is its own world: nothing is
// said of public servers.
func TestPrivateServersBelowPrivateParents(t *testing.T) {
	zone := func(apex, parent, address string) *Zone {
		return &Zone{Apex: apex, Parent: parent, Delegated: []string{"ns1.example.net", "ns2.example.net"}, Servers: []ZoneServer{{Name: "ns1.example.net", Addresses: []string{address}}}}
	}
	for _, test := range []struct {
		parent string
		want   bool
	}{{"192.0.2.1:53", true}, {"10.0.0.1:53", false}, {"127.0.0.1:53", false}} {
		f := pending()
		f.DNS.Zones["com"] = zone("com", ".", test.parent)
		f.DNS.Zones["example.com"] = zone("example.com", "com", "10.0.0.53:53")
		if got := slices.Contains(causesOf(Judge(f)), "dns-server-not-public"); got != test.want {
			t.Errorf("below servers at %s: dns-server-not-public is %v, want %v", test.parent, got, test.want)
		}
	}
}

// What ACM gave up on has a cause, and giving up is what came of it.
func TestFailedRenewalFollowsItsCause(t *testing.T) {
	f := pending()
	f.Certificate.Renewal.Status = RenewalFailed
	f.answer(recordName, "CNAME")
	r := Judge(f)
	if got := causesOf(r); !slices.Equal(got, []CauseID{"cname-missing"}) {
		t.Errorf("causes are %v, want cname-missing alone", got)
	}
	if !slices.Contains(r.Consequences, "failed") {
		t.Errorf("the failure is not among the consequences %v", r.Consequences)
	}
	f = pending()
	f.Certificate.Renewal.Status = RenewalFailed
	if got := causesOf(Judge(f)); !slices.Contains(got, "failed") {
		t.Errorf("without another cause the causes are %v, want failed among them", got)
	}
}

// A fault of a certificate that is not due says when it will matter.
func TestFaultsAheadSayWhen(t *testing.T) {
	f := pending()
	f.Certificate.Renewal = nil
	f.Certificate.NotBefore, f.Certificate.NotAfter = at.Add(-98*day), at.Add(100*day)
	f.answer(recordName, "CNAME")
	r := Judge(f)
	if len(r.Findings) != 1 || !r.Findings[0].Ahead || !strings.Contains(r.Findings[0].Text, "It will matter from 18 January 2027") {
		t.Errorf("findings are %+v", r.Findings)
	}
}

// Only an issued certificate can be switched from e-mail to DNS validation.
func TestMailOfAFirstRequestIsNotSwitched(t *testing.T) {
	for _, test := range []struct {
		status, want, not string
	}{
		{StatusPendingValidation, "request-certificate", "update-certificate-options"},
		{StatusIssued, "update-certificate-options", "request-certificate"},
	} {
		f := pending()
		c := &f.Certificate
		c.Status, c.ValidationMethod = test.status, MethodEmail
		mail := []NameValidation{{Name: "shop.example.com", Method: MethodEmail, Status: NamePending}}
		c.Issuance, c.Renewal.Names = mail, mail
		found := false
		for _, finding := range Judge(f).Findings {
			found = found || finding.Cause == "email-unapproved"
			if text := strings.Join(finding.Remedy.Commands, " "); !strings.Contains(text, test.want) || strings.Contains(text, test.not) {
				t.Errorf("%s: %s has the commands %s", test.status, finding.Cause, text)
			}
		}
		if !found {
			t.Errorf("%s: the mail is not among the causes", test.status)
		}
	}
}

// A name that leads nowhere cannot be fetched from, whatever is redirected.
func TestRedirectOfANameWithoutAddress(t *testing.T) {
	f := pending()
	c := &f.Certificate
	c.ValidationMethod = MethodHTTP
	v := []NameValidation{{Name: "shop.example.com", Method: MethodHTTP, Status: NamePending, Redirect: &HTTPRedirect{From: "http://shop.example.com/x", To: "https://validation.example/x"}}}
	c.Issuance, c.Renewal.Names = v, v
	f.Redirects = map[string]HTTPReply{"http://shop.example.com/x": {Obstacle: Unreachable}}
	f.Endpoints = map[string]Endpoint{"shop.example.com": {Name: "shop.example.com", Resolution: OutcomeNXDomain}}
	r := Judge(f)
	if len(r.Findings) != 1 || r.Findings[0].Cause != "http-redirect-missing" || !strings.Contains(r.Findings[0].Text, "does not exist in DNS") || !strings.Contains(r.Findings[0].Remedy.Summary, "in DNS") {
		t.Errorf("findings are %+v", r.Findings)
	}
	f.Endpoints = nil
	if r = Judge(f); r.Findings[0].Confidence != Possible {
		t.Errorf("nothing answers at all from here, and the confidence is %s", r.Findings[0].Confidence)
	}
}

// A signed zone whose servers do not take EDNS is one finding for all its names.
func TestSignedZoneWithoutEDNS(t *testing.T) {
	f := pending()
	second := "_1123456789abcdef0123456789abcdef.www.example.com"
	f.Certificate.Names = append(f.Certificate.Names, "www.example.com")
	f.Certificate.Renewal.Names = append(f.Certificate.Renewal.Names, NameValidation{Name: "www.example.com", Method: MethodDNS, Status: NamePending, Record: &Record{Name: second, Type: "CNAME", Value: recordValue}})
	f.answer(second, "CNAME", RR{Name: second, Type: "CNAME", TTL: 300, Value: recordValue})
	f.answer("www.example.com", "CAA")
	f.DNS.Zones["example.com"].DS = []RR{{Name: "example.com", Type: "DS", Value: "1 13 2 00"}}
	for _, l := range f.DNS.Lookups {
		l.Security.State = Indeterminate
		for i := range l.Replies {
			l.Replies[i].Detail = "asked without EDNS (RFC 6891), which the server does not take"
		}
	}
	r := Judge(f)
	if got := causesOf(r); !slices.Equal(got, []CauseID{"edns-tcp-broken", "in-progress"}) {
		t.Fatalf("causes are %v", got)
	}
	if i := slices.IndexFunc(r.Findings, func(f Finding) bool { return f.Cause == "edns-tcp-broken" }); len(r.Findings[i].Names) != 2 {
		t.Errorf("it concerns %v, want both names", r.Findings[i].Names)
	}
	f.DNS.Zones["example.com"].DS = nil
	if got := causesOf(Judge(f)); !slices.Equal(got, []CauseID{"in-progress"}) {
		t.Errorf("of an unsigned zone the causes are %v", got)
	}
}
