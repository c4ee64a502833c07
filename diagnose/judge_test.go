package diagnose

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

var at = time.Date(2026, time.November, 24, 3, 0, 0, 0, time.UTC)

const day = 24 * time.Hour

const (
	recordName  = "_0123456789abcdef0123456789abcdef.shop.example.com"
	recordValue = "_fedcba9876543210fedcba9876543210.jkddzztszm.acm-validations.aws"
)

// pending is a certificate whose renewal waits for shop.example.com, with all
// else in order: the starting point that cases put a fault into.
func pending() *Facts {
	f := &Facts{
		At: at,
		Certificate: Certificate{
			ARN:     "arn:aws:acm:eu-west-1:111122223333:certificate/12345678-1234-1234-1234-123456789abc",
			Account: "111122223333", Region: "eu-west-1",
			DomainName: "shop.example.com", Names: []string{"shop.example.com"},
			Type: TypeAmazonIssued, Status: StatusIssued, ValidationMethod: MethodDNS, KeyPairOrigin: OriginAWS,
			InUseBy: []string{"arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/app/shop/50dc6c495c0c9188"}, Eligibility: EligibleYes,
			NotBefore: at.Add(-375 * day), NotAfter: at.Add(20 * day), Serial: "abc123",
			Renewal: &Renewal{Status: RenewalPendingValidation, UpdatedAt: at.Add(-3 * day), Names: []NameValidation{
				{Name: "shop.example.com", Method: MethodDNS, Status: NamePending, Record: &Record{Name: recordName, Type: "CNAME", Value: recordValue}},
			}},
			Issuance: []NameValidation{
				{Name: "shop.example.com", Method: MethodDNS, Status: NameSuccess, Record: &Record{Name: recordName, Type: "CNAME", Value: recordValue}},
			},
		},
		DNS: DNS{Lookups: map[string]*Lookup{}, Zones: map[string]*Zone{
			"example.com": {Apex: "example.com", Parent: "com", Delegated: []string{"ns1.example.net", "ns2.example.net"}},
		}},
	}
	f.answer(recordName, "CNAME", RR{Name: recordName, Type: "CNAME", TTL: 300, Value: recordValue})
	f.answer("shop.example.com", "CAA")
	f.answer("example.com", "CAA")
	f.answer("com", "CAA")
	return f
}

// answer has both servers give the same answer; without records it is NODATA.
func (f *Facts) answer(name, rrtype string, records ...RR) *Lookup {
	l := &Lookup{Name: name, Type: rrtype, Path: []string{".", "com", "example.com"}}
	if name == "com" {
		l.Path = []string{".", "com"}
	}
	for _, server := range []string{"ns1.example.net", "ns2.example.net"} {
		outcome := OutcomeNoData
		if len(records) > 0 {
			outcome = OutcomeAnswer
		}
		l.Replies = append(l.Replies, Reply{Server: server, Address: "192.0.2.1:53", Outcome: outcome, RCode: "NOERROR", Authoritative: true, Answer: records})
	}
	f.DNS.Lookups[LookupKey(name, rrtype)] = l
	return l
}

// outcome has both servers give no answer of use.
func (f *Facts) outcome(name, rrtype string, outcome Outcome) *Lookup {
	l := f.answer(name, rrtype)
	for i := range l.Replies {
		l.Replies[i].Outcome = outcome
	}
	return l
}

// cutOff has no query reach the root servers.
func (f *Facts) cutOff() {
	for _, l := range f.DNS.Lookups {
		l.Path, l.Replies = []string{"."}, nil
		l.Broken = &Break{Kind: BreakLame, Zone: ".", Replies: []Reply{{Server: "a.root-servers.net", Address: "198.41.0.4:53", Outcome: OutcomeTimeout}}}
	}
}

func cname(name, value string) RR { return RR{Name: name, Type: "CNAME", TTL: 300, Value: value} }
func caa(name, value string) RR   { return RR{Name: name, Type: "CAA", TTL: 300, Value: value} }

// listedOnly leaves of a certificate what ACM's lists tell.
func listedOnly(f *Facts) {
	c := &f.Certificate
	c.CreatedAt, c.IssuedAt, c.Issuance = time.Time{}, time.Time{}, nil
	if c.Renewal != nil {
		c.Renewal = &Renewal{Status: c.Renewal.Status}
	}
	c.Unseen = []Unseen{{What: "the certificate's details", Why: TimedOut, Detail: "ACM did not answer in time."}}
}

// healthy is the same certificate long before its renewal is due.
func healthy() *Facts {
	f := pending()
	c := &f.Certificate
	c.Renewal, c.NotBefore, c.NotAfter = nil, at.Add(-20*day), at.Add(178*day)
	return f
}

func TestJudge(t *testing.T) {
	yes, no := true, false
	for _, test := range []struct {
		name  string
		from  func() *Facts
		fault func(f *Facts)
		want  string // "cause, cause | consequences"
		state State
		verd  Verdict
	}{
		{"all in order, ACM has not looked", pending, nil, "in-progress", StatePending, VerdictWaiting},
		{"missing", pending, func(f *Facts) { f.outcome(recordName, "CNAME", OutcomeNXDomain) }, "cname-missing", StatePending, VerdictBlocked},
		{"missing, ahead of time", healthy, func(f *Facts) { f.outcome(recordName, "CNAME", OutcomeNXDomain) }, "cname-missing", StateNotDue, VerdictWillFail},
		{"healthy", healthy, nil, "not-due-yet", StateNotDue, VerdictHealthy},
		{"known from a list alone", pending, listedOnly, "", StatePending, VerdictUnknown},
		{"known from a list alone, and not due", healthy, listedOnly, "not-due-yet", StateNotDue, VerdictUnknown},
		{"issuance says success, the renewal decides", pending, func(f *Facts) {
			f.outcome(recordName, "CNAME", OutcomeNoData)
		}, "cname-missing", StatePending, VerdictBlocked},
		{"upper case and a dropped underscore are fine", pending, func(f *Facts) {
			f.answer(recordName, "CNAME", cname(strings.ToUpper(recordName)+".", strings.ToUpper(recordValue[1:])+"."))
		}, "in-progress", StatePending, VerdictWaiting},
		{"wrong value", pending, func(f *Facts) {
			f.answer(recordName, "CNAME", cname(recordName, "_other.jkddzztszm.acm-validations.aws"))
		}, "cname-wrong-value", StatePending, VerdictBlocked},
		{"value doubled", pending, func(f *Facts) {
			f.answer(recordName, "CNAME", cname(recordName, recordValue+".example.com"))
		}, "cname-value-doubled", StatePending, VerdictBlocked},
		{"name doubled", pending, func(f *Facts) {
			f.outcome(recordName, "CNAME", OutcomeNXDomain)
			f.answer(recordName+".example.com", "CNAME", cname(recordName+".example.com", recordValue))
		}, "cname-name-doubled | cname-missing", StatePending, VerdictBlocked},
		{"underscore lost", pending, func(f *Facts) {
			f.outcome(recordName, "CNAME", OutcomeNXDomain)
			f.answer(recordName[1:], "CNAME", cname(recordName[1:], recordValue))
		}, "underscore-stripped-name | cname-missing", StatePending, VerdictBlocked},
		{"TXT in its place", pending, func(f *Facts) {
			f.answer(recordName, "CNAME")
			f.answer(recordName, "TXT", RR{Name: recordName, Type: "TXT", Value: `"` + recordValue + `"`})
		}, "cname-wrong-type | cname-missing", StatePending, VerdictBlocked},
		{"TXT beside it", pending, func(f *Facts) {
			f.answer(recordName, "TXT", RR{Name: recordName, Type: "TXT", Value: `"x"`})
		}, "other-type-at-name", StatePending, VerdictBlocked},
		{"wildcard of another type", pending, func(f *Facts) {
			f.answer(recordName, "CNAME")
			f.answer(recordName, "A", RR{Name: recordName, Type: "A", Value: "192.0.2.80"})
			f.answer(SiblingName(recordName), "A", RR{Name: SiblingName(recordName), Type: "A", Value: "192.0.2.80"})
		}, "cname-missing", StatePending, VerdictBlocked},
		{"wildcard CNAME", pending, func(f *Facts) {
			f.answer(recordName, "CNAME", cname(recordName, "parking.example.net"))
			f.answer(SiblingName(recordName), "CNAME", cname(SiblingName(recordName), "parking.example.net"))
		}, "wildcard-shadow | cname-missing", StatePending, VerdictBlocked},
		{"alias chain that arrives", pending, func(f *Facts) {
			f.answer(recordName, "CNAME", cname(recordName, "a.example.com"))
			f.answer("a.example.com", "CNAME", cname("a.example.com", recordValue))
		}, "in-progress", StatePending, VerdictWaiting},
		{"alias chain that breaks", pending, func(f *Facts) {
			f.answer(recordName, "CNAME", cname(recordName, "a.example.com"))
			f.outcome("a.example.com", "CNAME", OutcomeNXDomain)
		}, "cname-chain-broken", StatePending, VerdictBlocked},
		{"points elsewhere", pending, func(f *Facts) {
			f.answer(recordName, "CNAME", cname(recordName, "www.example.net"))
			f.answer("www.example.net", "CNAME")
		}, "cname-non-acm-target", StatePending, VerdictBlocked},
		{"one of two servers lacks it", pending, func(f *Facts) {
			l := f.DNS.Lookup(recordName, "CNAME")
			l.Replies[1].Outcome, l.Replies[1].Answer = OutcomeNXDomain, nil
		}, "propagation-split", StatePending, VerdictBlocked},
		{"one of two servers is lame, the other right", pending, func(f *Facts) {
			l := f.DNS.Lookup(recordName, "CNAME")
			l.Replies[1].Outcome, l.Replies[1].Answer = OutcomeRefused, nil
		}, "lame-delegation, in-progress", StatePending, VerdictWarning},
		{"no server answers", pending, func(f *Facts) {
			l := f.outcome(recordName, "CNAME", OutcomeRefused)
			l.Broken = &Break{Kind: BreakLame, Zone: "example.com", Replies: l.Replies}
			for _, n := range []string{"shop.example.com", "example.com"} {
				f.outcome(n, "CAA", OutcomeRefused)
			}
		}, "lame-delegation | caa-lookup-failed", StatePending, VerdictBlocked},
		{"no DNS from here", pending, func(f *Facts) { f.cutOff() }, "", StatePending, VerdictUnknown},
		{"no DNS from here, nothing due", healthy, func(f *Facts) { f.cutOff() }, "not-due-yet", StateNotDue, VerdictUnknown},
		{"domain gone from its registry", pending, func(f *Facts) {
			for _, key := range [][2]string{{recordName, "CNAME"}, {"shop.example.com", "CAA"}, {"example.com", "CAA"}} {
				l := f.outcome(key[0], key[1], OutcomeNXDomain)
				l.Path = []string{".", "com"}
				l.Broken = &Break{Kind: BreakNXDomain, Zone: "com", Name: "example.com", Replies: l.Replies}
			}
		}, "domain-expired", StatePending, VerdictBlocked},
		{"resolver still remembers it missing", pending, func(f *Facts) {
			f.DNS.Lookup(recordName, "CNAME").Public = []Reply{{Address: "192.0.2.53:53", Outcome: OutcomeNXDomain, Authority: []RR{{Name: "example.com", Type: "SOA", TTL: 240, Value: "ns1.example.net host.example.net 1 2 3 4 900"}}}}
		}, "negative-cache", StatePending, VerdictWaiting},
		{"signature expired", pending, func(f *Facts) {
			f.DNS.Lookup(recordName, "CNAME").Security = Security{State: Bogus, Fault: FaultSignatureExpired, Zone: "example.com", Expired: at.Add(-day)}
		}, "rrsig-expired | dnssec-bogus", StatePending, VerdictBlocked},
		{"validators refuse", pending, func(f *Facts) {
			f.DNS.Lookup(recordName, "CNAME").Public = []Reply{{Address: "192.0.2.53:53", Outcome: OutcomeServFail, EDE: []EDE{{Code: 6, Name: "DNSSEC Bogus"}}}, {Address: "192.0.2.53:53", Outcome: OutcomeAnswer, CheckingDisabled: true}}
		}, "dnssec-bogus", StatePending, VerdictBlocked},
		{"CAA at the name", pending, func(f *Facts) {
			f.answer("shop.example.com", "CAA", caa("shop.example.com", `0 issue "letsencrypt.org"`))
		}, "caa-forbids-amazon", StatePending, VerdictBlocked},
		{"CAA at a parent", pending, func(f *Facts) {
			f.answer("example.com", "CAA", caa("example.com", `0 issue "letsencrypt.org"`))
		}, "caa-inherited", StatePending, VerdictBlocked},
		{"CAA at a parent, own set comes first", pending, func(f *Facts) {
			f.answer("example.com", "CAA", caa("example.com", `0 issue ";"`))
			f.answer("shop.example.com", "CAA", caa("shop.example.com", `0 ISSUE "AmazonTrust.com"`))
		}, "in-progress", StatePending, VerdictWaiting},
		{"CAA that restricts nothing", pending, func(f *Facts) {
			f.answer("example.com", "CAA", caa("example.com", `0 iodef "mailto:a@example.com"`), caa("example.com", `0 issuewild ";"`))
		}, "in-progress", StatePending, VerdictWaiting},
		{"CAA through an alias", pending, func(f *Facts) {
			f.answer("shop.example.com", "CAA", cname("shop.example.com", "shop.vendor.example"))
			f.answer("shop.vendor.example", "CAA", caa("shop.vendor.example", `0 issue "digicert.com"`))
		}, "caa-via-cname", StatePending, VerdictBlocked},
		{"CAA fails", pending, func(f *Facts) { f.outcome("shop.example.com", "CAA", OutcomeServFail) }, "caa-lookup-failed", StatePending, VerdictBlocked},
		{"CAA fails at the alias's end", pending, func(f *Facts) {
			f.answer("shop.example.com", "CAA", cname("shop.example.com", "shop.vendor.example"))
			f.outcome("shop.vendor.example", "CAA", OutcomeServFail)
		}, "caa-lookup-failed", StatePending, VerdictBlocked},
		{"the alias's zone is gone, and no CAA record with it", pending, func(f *Facts) {
			f.answer("shop.example.com", "CAA", cname("shop.example.com", "shop.vendor.example"))
			l := f.outcome("shop.vendor.example", "CAA", OutcomeNXDomain)
			l.Broken = &Break{Kind: BreakNXDomain, Zone: "example", Name: "vendor.example", Replies: l.Replies}
		}, "in-progress", StatePending, VerdictWaiting},
		{"no time for CAA", pending, func(f *Facts) {
			l := f.answer("shop.example.com", "CAA")
			l.Replies, l.Broken = nil, &Break{Kind: BreakBudget, Zone: "example.com"}
		}, "", StatePending, VerdictUnknown},
		{"no time for CAA at the alias's end", pending, func(f *Facts) {
			f.answer("shop.example.com", "CAA", cname("shop.example.com", "shop.vendor.example"))
		}, "", StatePending, VerdictUnknown},
		{"CAA through an alias that does not validate", pending, func(f *Facts) {
			f.answer("shop.example.com", "CAA", cname("shop.example.com", "shop.vendor.example"))
			f.answer("shop.vendor.example", "CAA").Security = Security{State: Bogus, Fault: FaultSignatureInvalid, Zone: "vendor.example"}
		}, "dnssec-bogus", StatePending, VerdictBlocked},
		{"own CAA below an alias that does not validate", pending, func(f *Facts) {
			f.answer("shop.example.com", "CAA", caa("shop.example.com", `0 issue "amazon.com"`))
			f.answer("example.com", "CAA", cname("example.com", "vendor.example"))
			f.answer("vendor.example", "CAA").Security = Security{State: Bogus, Fault: FaultSignatureInvalid, Zone: "vendor.example"}
		}, "in-progress", StatePending, VerdictWaiting},
		{"no time for the alias's end", pending, func(f *Facts) {
			f.answer(recordName, "CNAME", cname(recordName, "shop.vendor.example"))
		}, "", StatePending, VerdictUnknown},
		{"the alias's end does not answer", pending, func(f *Facts) {
			f.answer(recordName, "CNAME", cname(recordName, "shop.vendor.example"))
			f.outcome("shop.vendor.example", "CNAME", OutcomeRefused)
		}, "cname-chain-broken", StatePending, VerdictBlocked},
		{"the alias's end does not validate", pending, func(f *Facts) {
			f.answer(recordName, "CNAME", cname(recordName, "shop.vendor.example"))
			f.answer("shop.vendor.example", "CNAME", cname("shop.vendor.example", recordValue)).Security = Security{State: Bogus, Fault: FaultSignatureInvalid, Zone: "vendor.example"}
		}, "dnssec-bogus", StatePending, VerdictBlocked},
		{"CAA critical and unknown", pending, func(f *Facts) {
			f.answer("example.com", "CAA", caa("example.com", `0 issue "amazon.com"`), caa("example.com", `128 future "x"`))
		}, "caa-critical-unknown-tag", StatePending, VerdictBlocked},
		{"issuewild", pending, func(f *Facts) {
			f.Certificate.DomainName, f.Certificate.Names = "*.shop.example.com", []string{"*.shop.example.com"}
			f.Certificate.Renewal.Names[0].Name = "*.shop.example.com"
			f.answer("shop.example.com", "CAA", caa("shop.example.com", `0 issue "amazon.com"`), caa("shop.example.com", `0 issuewild "digicert.com"`))
		}, "caa-issuewild", StatePending, VerdictBlocked},
		{"two causes at once", pending, func(f *Facts) {
			f.outcome(recordName, "CNAME", OutcomeNXDomain)
			f.answer("example.com", "CAA", caa("example.com", `0 issue ";"`))
		}, "cname-missing, caa-inherited", StatePending, VerdictBlocked},
		{"imported", healthy, func(f *Facts) {
			c := &f.Certificate
			c.Type, c.KeyPairOrigin, c.Eligibility, c.Issuance, c.ValidationMethod = TypeImported, OriginCustomer, EligibleNo, nil, ""
			c.NotAfter = at.Add(20 * day)
		}, "imported", StateNever, VerdictBlocked},
		{"acme", healthy, func(f *Facts) { f.Certificate.KeyPairOrigin, f.Certificate.Eligibility = OriginACME, EligibleNo }, "acme-issued", StateNever, VerdictBlocked},
		{"not in use", healthy, func(f *Facts) { f.Certificate.InUseBy, f.Certificate.Eligibility = nil, EligibleNo }, "not-in-use", StateNever, VerdictWarning},
		{"exported once", healthy, func(f *Facts) {
			c := &f.Certificate
			c.InUseBy, c.Eligibility, c.ExportOption, c.Exported = nil, EligibleNo, "ENABLED", &yes
		}, "exported-not-reexported", StateNever, VerdictWarning},
		{"made for export, exports not told", healthy, func(f *Facts) {
			c := &f.Certificate
			c.InUseBy, c.Eligibility, c.ExportOption = nil, EligibleNo, "ENABLED"
		}, "exported-not-reexported", StateNever, VerdictWarning},
		{"renewed lately, ACM does not say when", healthy, func(f *Facts) {
			f.Certificate.Renewal = &Renewal{Status: RenewalSuccess}
		}, "renewed-already", StateRenewed, VerdictHealthy},
		{"exportable, never exported", healthy, func(f *Facts) {
			c := &f.Certificate
			c.InUseBy, c.Eligibility, c.ExportOption, c.Exported = nil, EligibleNo, "ENABLED", &no
		}, "not-in-use", StateNever, VerdictWarning},
		{"expired, though the renewal says pending", pending, func(f *Facts) {
			c := &f.Certificate
			c.Status, c.Eligibility, c.NotAfter = StatusExpired, EligibleNo, at.Add(-2*day)
		}, "expired", StateExpired, VerdictDown},
		{"expired for want of the record", pending, func(f *Facts) {
			c := &f.Certificate
			c.Status, c.Eligibility, c.NotAfter = StatusExpired, EligibleNo, at.Add(-2*day)
			f.outcome(recordName, "CNAME", OutcomeNXDomain)
		}, "expired, cname-missing", StateExpired, VerdictDown},
		{"revoked", healthy, func(f *Facts) { f.Certificate.Status, f.Certificate.RevocationReason = StatusRevoked, "KEY_COMPROMISE" }, "revoked", StateRevoked, VerdictDown},
		{"timed out", healthy, func(f *Facts) {
			c := &f.Certificate
			c.Status, c.NotAfter, c.NotBefore, c.Eligibility = StatusValidationTimedOut, time.Time{}, time.Time{}, EligibleNo
		}, "validation-timed-out", StateNotIssued, VerdictDown},
		{"failed, no reason", healthy, func(f *Facts) { f.Certificate.Status, f.Certificate.FailureReason = StatusFailed, "OTHER" }, "failed", StateNotIssued, VerdictDown},
		{"failed, unsafe domain", healthy, func(f *Facts) { f.Certificate.Status, f.Certificate.FailureReason = StatusFailed, "DOMAIN_NOT_ALLOWED" }, "domain-not-allowed | failed", StateNotIssued, VerdictDown},
		{"being issued", healthy, func(f *Facts) {
			c := &f.Certificate
			c.Status, c.NotAfter, c.NotBefore = StatusPendingValidation, time.Time{}, time.Time{}
			c.Issuance[0].Status = NamePending
		}, "in-progress", StateNotIssued, VerdictWaiting},
		{"auto renewal", pending, func(f *Facts) { f.Certificate.Renewal.Status = RenewalPendingAuto }, "in-progress", StateInRenewal, VerdictWaiting},
		{"renewed lately", healthy, func(f *Facts) {
			f.Certificate.Renewal = &Renewal{Status: RenewalSuccess, UpdatedAt: at.Add(-2 * day)}
		}, "renewed-already", StateRenewed, VerdictHealthy},
		{"success of the cycle before", healthy, func(f *Facts) {
			f.Certificate.Renewal = &Renewal{Status: RenewalSuccess, UpdatedAt: at.Add(-100 * day)}
		}, "not-due-yet", StateNotDue, VerdictHealthy},
		{"due, and success is of the cycle before", pending, func(f *Facts) {
			f.Certificate.Renewal = &Renewal{Status: RenewalSuccess, UpdatedAt: at.Add(-375 * day)}
			f.outcome(recordName, "CNAME", OutcomeNXDomain)
		}, "cname-missing", StateInRenewal, VerdictBlocked},
		{"e-mail", pending, func(f *Facts) {
			c := &f.Certificate
			c.ValidationMethod, c.Issuance = MethodEmail, nil
			c.Renewal.Names[0] = NameValidation{Name: "shop.example.com", Method: MethodEmail, Status: NamePending, Emails: []string{"admin@example.com"}, ValidationDomain: "example.com"}
			f.answer("example.com", "MX", RR{Name: "example.com", Type: "MX", Value: "10 mail.example.com"})
		}, "email-unapproved, email-sunset", StatePending, VerdictBlocked},
		{"e-mail into the void", pending, func(f *Facts) {
			c := &f.Certificate
			c.ValidationMethod, c.Issuance = MethodEmail, nil
			c.Renewal.Names[0] = NameValidation{Name: "shop.example.com", Method: MethodEmail, Status: NamePending, ValidationDomain: "example.com"}
			f.answer("example.com", "MX", RR{Name: "example.com", Type: "MX", Value: "0 ."})
		}, "email-no-mx, email-sunset | email-unapproved", StatePending, VerdictBlocked},
		{"old certificate still served", pending, func(f *Facts) {
			c := &f.Certificate
			c.Renewal = &Renewal{Status: RenewalSuccess, UpdatedAt: at.Add(-5 * time.Hour)}
			c.NotBefore, c.NotAfter = at.Add(-5*time.Hour), at.Add(198*day)
			f.Endpoints = map[string]Endpoint{"shop.example.com": {Name: "shop.example.com", Served: []TLSServed{{Address: "192.0.2.80:443", Serial: "old", IssuerOrg: "Amazon", NotBefore: at.Add(-350 * day), NotAfter: at.Add(44 * day)}}}}
		}, "deploy-lag", StateRenewed, VerdictHealthy},
		{"another certificate served, which ends late: no fault", healthy, func(f *Facts) {
			f.Endpoints = map[string]Endpoint{"shop.example.com": {Name: "shop.example.com", Served: []TLSServed{{Address: "192.0.2.80:443", Serial: "cdn", IssuerOrg: "Let's Encrypt", NotAfter: at.Add(80 * day)}}}}
		}, "not-due-yet", StateNotDue, VerdictHealthy},
		{"CA disabled", pending, func(f *Facts) {
			c := &f.Certificate
			c.Type, c.ValidationMethod, c.Issuance, c.AuthorityARN = TypePrivate, "", nil, "arn:aws:acm-pca:eu-west-1:111122223333:certificate-authority/1"
			c.Renewal = &Renewal{Status: RenewalPendingAuto, Reason: "PCA_INVALID_STATE"}
			f.Authority = &Authority{ARN: c.AuthorityARN, Account: c.Account, Status: "DISABLED"}
		}, "pca-disabled", StateInRenewal, VerdictBlocked},
	} {
		t.Run(test.name, func(t *testing.T) {
			f := test.from()
			if test.fault != nil {
				test.fault(f)
			}
			r := Judge(f)
			if got := summary(r); got != test.want {
				t.Errorf("causes are %q, want %q", got, test.want)
			}
			if r.State != test.state || r.Verdict != test.verd {
				t.Errorf("state and verdict are %s, %s; want %s, %s", r.State, r.Verdict, test.state, test.verd)
			}
			if r.Headline == "" || !strings.HasSuffix(r.Headline, ".") {
				t.Errorf("headline is no sentence: %q", r.Headline)
			}
			for _, found := range r.Findings {
				if len(found.Evidence) == 0 {
					t.Errorf("%s is named without evidence", found.Cause)
				}
				if found.Severity != Notice && found.Remedy.Summary == "" {
					t.Errorf("%s has no remedy", found.Cause)
				}
			}
			// The same facts from a file give the same report.
			data, err := json.Marshal(f)
			if err != nil {
				t.Fatal(err)
			}
			var again Facts
			if err := json.Unmarshal(data, &again); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(r, Judge(&again), cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("the facts read back give another report (-first, +again):\n%s", diff)
			}
		})
	}
}

func summary(r Report) string {
	var causes, consequences []string
	for _, f := range r.Findings {
		causes = append(causes, string(f.Cause))
	}
	for _, id := range r.Consequences {
		consequences = append(consequences, string(id))
	}
	text := strings.Join(causes, ", ")
	if len(consequences) > 0 {
		text += " | " + strings.Join(consequences, ", ")
	}
	return text
}

func TestRemedyOfMissingRecord(t *testing.T) {
	f := pending()
	f.DNS.Zones["example.com"].Delegated = []string{"ns-1.awsdns-01.com", "ns-2.awsdns-02.net"}
	f.outcome(recordName, "CNAME", OutcomeNXDomain)
	r := Judge(f).Findings[0].Remedy
	want := Remedy{
		Action: AddRecord, Name: recordName, Type: "CNAME", Value: recordValue, TTL: 300, Zone: "example.com",
		RelativeName: "_0123456789abcdef0123456789abcdef.shop", EnterName: "_0123456789abcdef0123456789abcdef.shop", EnterValue: recordValue,
		Host: "Amazon Route 53",
	}
	got := Remedy{Action: r.Action, Name: r.Name, Type: r.Type, Value: r.Value, TTL: r.TTL, Zone: r.Zone, RelativeName: r.RelativeName, EnterName: r.EnterName, EnterValue: r.EnterValue, Host: r.Host}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("remedy (-want, +got):\n%s", diff)
	}
	if len(r.Commands) != 1 || !strings.Contains(r.Commands[0], `"Name":"`+recordName+`"`) {
		t.Errorf("no command that adds the record: %q", r.Commands)
	}
}

func TestCatalogue(t *testing.T) {
	args := Args{
		Cert: &pending().Certificate, At: at, Names: []string{"shop.example.com"}, Record: Record{Name: recordName, Type: "CNAME", Value: recordValue},
		Zone: "example.com", Where: "www.example.com", Servers: []string{"ns1.example.net"}, Total: 2, Good: 1, Detail: "is told nothing", Reason: "OTHER",
		Present: []RR{{Name: recordName, Type: "TXT", Value: "x"}, {Name: "www.example.com", Type: "CAA", Value: `0 issue "amazon.com."`}, {Name: "www.example.com", Type: "CAA", Value: `0 issue "amazon.com; policy"`}},
		Tag:     "issue", Since: at, NameServers: []string{"ns1.example.net"},
		Zones: []HostedZone{{ID: "Z1", Name: "dev.example.com", Account: "111122223333", NameServers: []string{"ns1.example.org"}}},
	}
	for _, c := range Catalogue() {
		if c.Title == "" || c.Meaning == "" || c.Severity == "" || c.Owner == "" || len(c.Sources) == 0 {
			t.Errorf("%s lacks its title, meaning, severity, owner or source", c.ID)
		}
		for _, id := range slices.Concat(c.Explains, c.Implies) {
			if CauseOf(id) == nil {
				t.Errorf("%s explains %s, which is not in the catalogue", c.ID, id)
			}
		}
		found := c.find(args, Certain)
		for _, text := range append([]string{found.Text, found.Remedy.Summary}, found.Remedy.Steps...) {
			if strings.Contains(text, "%!") || strings.Contains(text, "  ") {
				t.Errorf("%s has a text that is not well formed: %q", c.ID, text)
			}
		}
	}
	for name, reason := range reasons {
		if reason.cause != "" && CauseOf(reason.cause) == nil {
			t.Errorf("reason %s names %s, which is not in the catalogue", name, reason.cause)
		}
	}
}

func TestNothingRenewsWhatNothingUses(t *testing.T) {
	f := healthy()
	f.Certificate.InUseBy, f.Certificate.Eligibility = nil, EligibleNo
	f.outcome(recordName, "CNAME", OutcomeNXDomain)
	r := Judge(f)
	if r.Verdict != VerdictWarning || !r.RenewalStarts.IsZero() || r.Findings[0].Cause != "not-in-use" || len(r.Findings) != 2 {
		t.Fatalf("verdict %s, renewal starts %s, findings %v; the use comes first, and no renewal is to come", r.Verdict, r.RenewalStarts, r.Findings)
	}
	missing := r.Findings[1]
	if missing.Cause != "cname-missing" || missing.Severity != Warning || !missing.Ahead {
		t.Errorf("the record's finding is %s, %s, ahead %v", missing.Cause, missing.Severity, missing.Ahead)
	}
}
