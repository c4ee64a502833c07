package view

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/acmbot/acmbot/bot/digest"
	"github.com/acmbot/acmbot/diagnose"
)

// An estateSample makes the input of a digest.
type estateSample struct {
	listing diagnose.Listing
	reports map[string]*diagnose.Report
	group   string
}

var digestDay = time.Date(2026, 11, 24, 8, 0, 0, 0, time.UTC)

func newEstate(accounts ...string) *estateSample {
	e := &estateSample{reports: map[string]*diagnose.Report{}}
	e.listing.At = digestDay
	for _, a := range accounts {
		e.listing.Scope.Places = append(e.listing.Scope.Places, diagnose.Place{Account: a, Region: "eu-west-1"})
	}
	return e
}

// add adds a certificate in use that ends in so many days.
func (e *estateSample) add(name string, days int, renewal string) *diagnose.Listed {
	n := len(e.listing.Certificates)
	account := e.listing.Scope.Places[n%len(e.listing.Scope.Places)].Account
	end := digestDay.AddDate(0, 0, days).Add(4 * time.Hour)
	status := diagnose.StatusIssued
	if days < 0 {
		status = diagnose.StatusExpired
	}
	e.listing.Certificates = append(e.listing.Certificates, diagnose.Listed{
		CertificateRef: diagnose.CertificateRef{
			ARN:     fmt.Sprintf("arn:aws:acm:eu-west-1:%s:certificate/%08d-1c3a-4f6e-8d5f-5a1f0c7e9b21", account, n),
			Account: account, Region: "eu-west-1", DomainName: name, Status: status, Type: diagnose.TypeAmazonIssued, InUse: true, NotAfter: end,
		},
		Names: []string{name}, ValidationMethod: diagnose.MethodDNS, Eligibility: diagnose.EligibleYes, RenewalStatus: renewal,
		Detailed: true, NotBefore: end.AddDate(0, 0, -198),
	})
	return &e.listing.Certificates[n]
}

// trouble adds one with a finding.
func (e *estateSample) trouble(name string, days int, v diagnose.Verdict, cause diagnose.CauseID, zone string) *diagnose.Listed {
	c := e.add(name, days, diagnose.RenewalPendingValidation)
	if v == diagnose.VerdictWillFail {
		c.RenewalStatus = ""
	}
	left := days
	f := diagnose.Finding{
		Cause: cause, Title: diagnose.CauseOf(cause).Title, Severity: diagnose.Blocking, Confidence: diagnose.Certain, Owner: diagnose.OwnerZone, Names: []string{name},
		Text:   "There is no record.",
		Remedy: diagnose.Remedy{Summary: "add the CNAME record `_0f6ad6ee." + name + "`", Zone: zone},
	}
	if cause == "delegation-moved" {
		f.Remedy.Summary = "copy the validation records into the zone `" + zone + "` at its new host"
	}
	certificate := c.Certificate()
	e.reports[c.ARN] = &diagnose.Report{
		At: digestDay, Asked: c.ARN, Certificate: certificate, State: c.State(digestDay), Verdict: v, DaysLeft: &left,
		RenewalStarts: c.RenewalStarts(), Findings: []diagnose.Finding{f},
	}
	return c
}

func (e *estateSample) input() digest.Input {
	owned := digest.Routing{}.ForChannel("C0AOPSCERT", digest.Selector{}, e.listing.Certificates)
	for i := range owned {
		owned[i].Group = e.group
	}
	return digest.Input{
		Channel: "C0AOPSCERT", Date: "2026-11-24", Due: digestDay, At: digestDay.Add(time.Second), Listing: &e.listing,
		Owned: owned, Reports: e.reports, Thresholds: []int{14, 7, 3, 1},
	}
}

func (e *estateSample) digest() digest.Digest { return digest.Make(e.input()) }

func quietDay() digest.Digest {
	e := newEstate("111122223333")
	for i := range 40 {
		e.add(fmt.Sprintf("s%d.example.com", i), 60+3*i, "")
	}
	return e.digest()
}

func oneFailing() digest.Digest {
	e := newEstate("111122223333")
	e.add("www.example.com", 100, "")
	e.trouble("shop.example.com", 12, diagnose.VerdictBlocked, "cname-missing", "example.com")
	return e.digest()
}

func twelveMixed() digest.Digest {
	e := newEstate("111122223333", "444455556666")
	e.group = "S0AONCALL1"
	e.add("www.example.com", 100, "")
	e.trouble("pay.example.com", -2, diagnose.VerdictDown, "caa-forbids-amazon", "example.com")
	e.trouble("shop.example.com", 3, diagnose.VerdictBlocked, "cname-missing", "example.com")
	e.trouble("<!channel>.example.net", 4, diagnose.VerdictBlocked, "cname-wrong-value", "example.net")
	for i := range 6 {
		e.trouble(fmt.Sprintf("app%d.garden.example", i), 20+i, diagnose.VerdictBlocked, "delegation-moved", "garden.example")
	}
	e.trouble("soon.example.org", 52, diagnose.VerdictWillFail, "cname-missing", "example.org")
	e.trouble("later.example.org", 55, diagnose.VerdictWillFail, "proxied-or-flattened", "example.org")
	e.trouble("quiet.example.org", 30, diagnose.VerdictBlocked, "cname-missing", "example.org")
	in := e.input()
	snoozed := e.listing.Certificates[len(e.listing.Certificates)-1].ARN
	in.Snoozes = map[string]digest.Snooze{snoozed: {Until: digestDay.AddDate(0, 0, 7), By: "U0ADANA001", Reason: "*moves* to <!here> next week"}}
	gone := digest.Item{ARN: "arn:gone", Domain: "gone.example.com", Account: "111122223333", Region: "eu-west-1"}
	renewed := digest.Item{ARN: e.listing.Certificates[0].ARN, Domain: "www.example.com", NotAfter: digestDay, Account: "111122223333", Region: "eu-west-1"}
	old := e.listing.Certificates[1]
	in.Before = &digest.Digest{Entries: []digest.Entry{{Items: []digest.Item{gone}}, {Items: []digest.Item{renewed}}, {Items: []digest.Item{{ARN: old.ARN, Domain: old.DomainName}}}}}
	in.At = digestDay.Add(3*time.Hour + 5*time.Minute)
	return digest.Make(in)
}

func bigWave() digest.Digest {
	e := newEstate("111122223333", "444455556666", "777788889999")
	for i := range 400 {
		e.trouble(fmt.Sprintf("host-%03d.example.com", i), 10+i%30, diagnose.VerdictBlocked, "delegation-moved", "example.com")
	}
	e.trouble("alone.example.net", 5, diagnose.VerdictBlocked, "cname-missing", "example.net")
	return e.digest()
}

func fortyAccounts() digest.Digest {
	var accounts []string
	for i := range 40 {
		accounts = append(accounts, fmt.Sprintf("%012d", 100000000001+i))
	}
	e := newEstate(accounts[:37]...)
	for i := range 120 {
		e.add(fmt.Sprintf("s%d.example.com", i), 60+i, "")
	}
	for _, a := range accounts[37:] {
		e.listing.Scope.Unreadable = append(e.listing.Scope.Unreadable, diagnose.Unseen{
			What: "Certificates of account " + a + " in eu-west-1", Why: diagnose.AccessDenied, Account: a, Region: "eu-west-1", Permission: "acm:SearchCertificates",
		})
	}
	return e.digest()
}

var digestSamples = map[string]func() digest.Digest{
	"quiet": quietDay, "one-failing": oneFailing, "mixed": twelveMixed, "wave": bigWave, "accounts": fortyAccounts,
	"unrouted": func() digest.Digest { return newEstate("111122223333").digest() },
	"everything-at-once": func() digest.Digest {
		e := newEstate("111122223333")
		for i := range 300 {
			zone := fmt.Sprintf("%s%d.example", strings.Repeat("long-label-", 4), i)
			cause := []diagnose.CauseID{"cname-missing", "cname-wrong-value", "caa-forbids-amazon", "lame-delegation"}[i%4]
			e.trouble(strings.Repeat("deep.", 20)+zone, i%45, diagnose.VerdictBlocked, cause, zone)
		}
		return e.digest()
	},
}

func TestDigestGolden(t *testing.T) {
	for name, sample := range digestSamples {
		t.Run(name, func(t *testing.T) {
			d := sample()
			m := Digest(d, DigestOptions{Command: "/acm"})
			lint(t, name, m)
			preview := Digest(d, DigestOptions{Command: "/acm", Preview: true})
			lint(t, name+" preview", preview)
			raw, err := json.Marshal(preview.Blocks)
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(string(raw), ActionDigestList) || !strings.Contains(string(raw), "Preview") {
				t.Error("the preview has buttons that only a digest can have, or does not say what it is")
			}
			if all := string(raw) + m.Text; strings.Contains(all, "<!channel>") || strings.Contains(all, "<!here>") {
				t.Error("text from outside pings")
			}
			if name != "everything-at-once" {
				golden(t, "digest-"+name, goldenOf(m))
			}
		})
	}
}

func TestDigestListGolden(t *testing.T) {
	d := bigWave()
	seen := map[string]bool{}
	for page := range 22 {
		v := DigestList(d, DigestState{Channel: d.Channel, Date: d.Date, Page: page})
		lintView(t, fmt.Sprintf("page %d", page), v)
		rowsOf(v, seen)
		if page == 1 {
			golden(t, "digest-list", v)
		}
	}
	if len(seen) != 401 {
		t.Errorf("the pages show %d of 401 certificates", len(seen))
	}
	entry := DigestList(d, DigestState{Channel: d.Channel, Date: d.Date, Entry: 1})
	if n := len(entry.Blocks.BlockSet); n != 2 {
		t.Errorf("the first entry's list has %d blocks, want a line and its one certificate", n)
	}
	big := digestSamples["everything-at-once"]()
	for page := range 15 {
		lintView(t, fmt.Sprintf("page %d of the big one", page), DigestList(big, DigestState{Channel: "C0A", Date: big.Date, Page: page}))
	}
}

func TestDigestState(t *testing.T) {
	s := DigestState{Channel: "C0AOPSCERT", Date: "2026-11-24", Entry: 3, Page: 2}
	if got, err := ParseDigestState(s.Encode()); err != nil || got != s {
		t.Errorf("%+v reads back as %+v, %v", s, got, err)
	}
	for _, value := range []string{"", "{}", "C0A", `{"c":"C0A","p":-1}`, `{"c":"C0A","e":-1}`, `{"v":1,"q":"example.com"}`} {
		if got, err := ParseDigestState(value); !errors.Is(err, ErrStale) {
			t.Errorf("ParseDigestState(%q) = %+v, %v", value, got, err)
		}
	}
}
