package terminal

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/acmbot/acmbot/diagnose"
)

var update = flag.Bool("update", false, "rewrite the golden files")

var at = time.Date(2026, 11, 24, 9, 30, 0, 0, time.UTC)

const arn = "arn:aws:acm:eu-central-1:111122223333:certificate/0b2a7a1c-6f0e-4c0d-9a53-6d0d1f3f4a11"

func blocked() diagnose.Answer {
	return diagnose.Answer{
		At:    at,
		Query: diagnose.Query{Text: "shop.example.com", Domain: "shop.example.com"},
		Reports: []diagnose.Report{
			{
				At: at, Asked: "shop.example.com",
				Certificate: diagnose.Certificate{
					ARN: arn, Account: "111122223333", Region: "eu-central-1", DomainName: "shop.example.com",
					NotAfter: at.Add(12*24*time.Hour + time.Hour),
					InUseBy: []string{
						"arn:aws:elasticloadbalancing:eu-central-1:111122223333:loadbalancer/app/shop/1",
						"arn:aws:elasticloadbalancing:eu-central-1:111122223333:loadbalancer/app/shop/2",
						"arn:aws:elasticloadbalancing:eu-central-1:111122223333:loadbalancer/app/shop/3",
						"arn:aws:elasticloadbalancing:eu-central-1:111122223333:loadbalancer/app/shop/4",
					},
				},
				State: diagnose.StatePending, Verdict: diagnose.VerdictBlocked,
				Headline:      "The renewal of `shop.example.com` is blocked: its validation record is missing. 12 days left.",
				DaysLeft:      new(12),
				RenewalStarts: at.AddDate(0, 0, -33),
				Findings: []diagnose.Finding{
					{
						Cause: "cname-missing", Title: "The validation record is missing", Severity: diagnose.Blocking,
						Confidence: diagnose.Certain, Owner: diagnose.OwnerZone, Names: []string{"shop.example.com"},
						Text: "ACM looks for the CNAME `_a79865eb4cd1a6ab990a45779b4e0b96.shop.example.com` and all name servers of the zone `example.com` say that there is no such name.",
						Evidence: []diagnose.Evidence{
							{Source: "ACM", Text: "the renewal waits for the validation of `shop.example.com`"},
							{Source: "DNS ns1.example.net (192.0.2.1:53)", Text: "NXDOMAIN"},
							{Source: "DNS ns2.example.net (192.0.2.2:53)", Text: "NXDOMAIN"},
							{Source: "resolver 192.0.2.53:53", Text: "NXDOMAIN, remembered for another 240 s"},
						},
						Remedy: diagnose.Remedy{
							Summary: "Add the CNAME",
							Steps: []string{
								"Add, in the public zone `example.com` at Amazon Route 53: name `_a79865eb4cd1a6ab990a45779b4e0b96.shop.example.com`, type CNAME, value `_424c7224e9b0146f9a8808af955727d0.acm-validations.aws`.",
								"Leave the record there for ever: ACM needs it again at every renewal.",
							},
							Action: diagnose.AddRecord,
							Name:   "_a79865eb4cd1a6ab990a45779b4e0b96.shop.example.com", Type: "CNAME",
							Value: "_424c7224e9b0146f9a8808af955727d0.acm-validations.aws", TTL: 300,
							Zone: "example.com", Host: "Amazon Route 53",
							EnterName: "_a79865eb4cd1a6ab990a45779b4e0b96.shop", EnterValue: "_424c7224e9b0146f9a8808af955727d0.acm-validations.aws",
							HostNote:   "Route 53's form adds the zone's name by itself.",
							Present:    []diagnose.RR{{Name: "_a79865eb4cd1a6ab990a45779b4e0b96.shop.example.com.example.com", Type: "CNAME", TTL: 60, Value: "_424c7224e9b0146f9a8808af955727d0.acm-validations.aws"}},
							Commands:   []string{"aws route53 change-resource-record-sets --hosted-zone-id Z1 \\\n  --change-batch '{}'"},
							Terraform:  "resource \"aws_route53_record\" \"acm\" {\n  ttl = 300\n}\n",
							ZoneFile:   "_a79865eb4cd1a6ab990a45779b4e0b96.shop.example.com. 300 IN CNAME _424c7224e9b0146f9a8808af955727d0.acm-validations.aws.",
							ConsoleURL: "https://console.aws.amazon.com/route53/v2/hostedzones",
						},
						Sources: []diagnose.Source{{Title: "DNS validation, AWS Certificate Manager User Guide", URL: "https://docs.aws.amazon.com/acm/latest/userguide/dns-validation.html"}},
					},
					{
						Cause: "caa-forbids", Title: "CAA forbids Amazon", Severity: diagnose.Warning,
						Confidence: diagnose.Likely, Owner: diagnose.OwnerZone, Ahead: true,
						Remedy: diagnose.Remedy{Action: diagnose.AddRecord, Name: "example.com", Type: "CAA", Value: `0 issue "amazon.com"`},
					},
				},
				Consequences: []diagnose.CauseID{"validation-pending"},
				Names: []diagnose.NameState{
					{
						Name: "shop.example.com", Method: "DNS", ACM: "PENDING_VALIDATION", Seen: "CNAME points to `other.example`",
						Record: &diagnose.Record{Name: "_a79865eb4cd1a6ab990a45779b4e0b96.shop.example.com", Type: "CNAME", Value: "_424c7224e9b0146f9a8808af955727d0.acm-validations.aws"},
					},
					{Name: "example.com", Method: "DNS", ACM: "SUCCESS", Seen: "record in place", OK: true},
				},
				Observations: []diagnose.Evidence{{Source: "TLS 192.0.2.80:443", Text: "serves this certificate"}},
				Unseen: []diagnose.Unseen{
					{What: "Route 53 hosted zones of account 111122223333", Why: diagnose.AccessDenied, Detail: "the role may not list them", Permission: "route53:ListHostedZonesByName"},
				},
				ConsoleURL: "https://eu-central-1.console.aws.amazon.com/acm/home?region=eu-central-1#/certificates/0b2a7a1c-6f0e-4c0d-9a53-6d0d1f3f4a11",
			},
			{
				At: at, Verdict: diagnose.VerdictHealthy, Headline: "`*.example.com` is in order; 200 days left.",
				Certificate: diagnose.Certificate{ARN: arn + "2"},
				Findings:    []diagnose.Finding{{Title: "All in order"}},
			},
		},
		More: []diagnose.CertificateRef{{ARN: arn + "3", DomainName: "*.example.com", Status: "EXPIRED", NotAfter: at.AddDate(-1, 0, 0)}},
		Scope: diagnose.Scope{
			Places:       []diagnose.Place{{Account: "111122223333", Region: "eu-central-1"}, {Account: "111122223333", Region: "us-east-1"}},
			Certificates: 42,
			Unreadable:   []diagnose.Unseen{{What: "account 444455556666 in eu-central-1", Why: diagnose.TimedOut}},
		},
	}
}

func healthy() diagnose.Answer {
	a := diagnose.Answer{
		At: at, Query: diagnose.Query{Domain: "xn--bcher-kva.example", Unicode: "bücher.example"},
		Reports: []diagnose.Report{{
			At: at, Verdict: diagnose.VerdictHealthy, Headline: "`bücher.example` is in order; 1 day left.", DaysLeft: new(1),
			Certificate:   diagnose.Certificate{ARN: arn, DomainName: "xn--bcher-kva.example", NotAfter: at.Add(36 * time.Hour)},
			RenewalStarts: at.AddDate(0, 0, 5),
		}},
	}
	for i := range 5 {
		a.Reports[0].Findings = append(a.Reports[0].Findings, diagnose.Finding{
			Cause: "cname-missing", Title: "records are missing", Severity: diagnose.Warning, Confidence: diagnose.Certain, Owner: diagnose.OwnerZone, Ahead: true,
			Text: fmt.Sprintf("The record of `n%d.example` is missing.", i),
			Remedy: diagnose.Remedy{
				Action: diagnose.AddRecord, Name: fmt.Sprintf("_x.n%d.example", i), Type: "CNAME", Value: "_y.acm-validations.aws",
				EnterName: fmt.Sprintf("_x.n%d", i), HostNote: "The form adds the zone.", Steps: []string{fmt.Sprintf("Add `_x.n%d.example`.", i), "Leave it there."},
			},
		})
	}
	for i := range 20 {
		a.Reports[0].Names = append(a.Reports[0].Names, diagnose.NameState{Name: fmt.Sprintf("n%d.example", i), Method: "DNS", OK: i != 15})
	}
	for i := range 7 {
		a.Scope.Places = append(a.Scope.Places, diagnose.Place{Account: "111122223333", Region: fmt.Sprintf("eu-west-%d", i)})
	}
	return a
}

func expired() diagnose.Answer {
	return diagnose.Answer{
		At: at, Query: diagnose.Query{ARN: arn},
		Reports: []diagnose.Report{{
			At: at, Verdict: diagnose.VerdictDown, Headline: "`shop.example.com` expired 2 days ago.", DaysLeft: new(-2),
			Certificate: diagnose.Certificate{ARN: arn, DomainName: "shop.example.com", NotAfter: at.Add(-30 * time.Hour)},
			Findings: []diagnose.Finding{{
				Cause: "private-expired", Title: "It was not renewed", Severity: diagnose.Notice, Confidence: diagnose.Possible, Owner: diagnose.OwnerNobody,
				Remedy: diagnose.Remedy{Summary: "Request a new one."},
			}},
		}},
		Scope: diagnose.Scope{Places: []diagnose.Place{{Account: "111122223333", Region: "eu-central-1"}}, Certificates: 1},
	}
}

func nothing() diagnose.Answer {
	return diagnose.Answer{
		At: at, Query: diagnose.Query{Domain: "shop.example.org"},
		Similar: []diagnose.CertificateRef{{ARN: arn, DomainName: "shop.example.com", Status: "ISSUED", InUse: true, NotAfter: at.AddDate(0, 1, 0)}},
		Endpoint: &diagnose.Endpoint{
			Name: "shop.example.org", Canonical: "edge.example.net",
			Served: []diagnose.TLSServed{
				{Address: "192.0.2.80:443", Issuer: "R11", IssuerOrg: "Let's Encrypt", Names: []string{"shop.example.org", "www.example.org"}, NotAfter: at.AddDate(0, 2, 0)},
				{Address: "192.0.2.81:443", Obstacle: diagnose.TimedOut, Detail: "It did not answer within 5 seconds."},
			},
		},
		Scope: diagnose.Scope{Places: []diagnose.Place{{Account: "111122223333", Region: "eu-central-1"}}},
	}
}

func unreadable() diagnose.Answer {
	return diagnose.Answer{
		At: at, Query: diagnose.Query{Domain: "shop.example.com"},
		Scope: diagnose.Scope{Unreadable: []diagnose.Unseen{
			{What: "account 111122223333 in eu-central-1", Why: diagnose.AccessDenied, Permission: "acm:SearchCertificates"},
			{What: "account 111122223333 in us-east-1", Why: diagnose.Throttled, Detail: "ACM asked to slow down, and kept asking."},
		}},
	}
}

func TestGolden(t *testing.T) {
	for _, test := range []struct {
		name    string
		answer  diagnose.Answer
		options Options
	}{
		{"blocked", blocked(), Options{}},
		{"blocked-evidence", blocked(), Options{Evidence: true}},
		{"blocked-color", blocked(), Options{Color: true, Width: 100}},
		{"healthy", healthy(), Options{}},
		{"expired", expired(), Options{}},
		{"nothing", nothing(), Options{}},
		{"nothing-by-id", diagnose.Answer{At: at, Query: diagnose.Query{ID: "0b2a7a1c"}, Scope: nothing().Scope}, Options{}},
		{"unreadable", unreadable(), Options{Width: 40}},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := Render(test.answer, test.options)
			path := filepath.Join("testdata", test.name+".txt")
			if *update {
				if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("mismatch (-want, +got); go test -update accepts it:\n%s", diff)
			}
		})
	}
}

// Whatever the width, names and values stay whole, and sentences are wrapped.
func TestWidth(t *testing.T) {
	for _, width := range []int{1, 20, 60, 200} {
		got := Render(blocked(), Options{Width: width})
		for _, whole := range []string{
			"`_a79865eb4cd1a6ab990a45779b4e0b96.shop.example.com`",
			"_424c7224e9b0146f9a8808af955727d0.acm-validations.aws.\n",
			arn + "\n",
		} {
			if !strings.Contains(got, whole) {
				t.Errorf("width %d: %q is not whole", width, whole)
			}
		}
	}
	const sentence = "some words of no more than ten letters each that go on for long enough to be broken"
	p := &page{Options: Options{Width: 20}}
	p.item(1, "1.", sentence)
	for line := range strings.Lines(p.b.String()) {
		if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > 20 {
			t.Errorf("%d columns: %q", n, line)
		}
	}
	if got := strings.Join(strings.Fields(p.b.String()), " "); got != "1. "+sentence {
		t.Errorf("wrapping lost something: %q", got)
	}
}

// A zone's records and a certificate's tags are written by anybody; none of
// them may drive the terminal.
func TestHostileText(t *testing.T) {
	for _, hostile := range []string{"\x1b[2J", "\x1b]0;owned\x07", "\u009b31m", "a\rb", "\u202egnp.exe", "\x7f", "\u2028", "\u200b", "\xff\xfe"} {
		a := blocked()
		r := &a.Reports[0]
		f := &r.Findings[0]
		f.Title, f.Text, f.Evidence[0].Text, f.Evidence[0].Source = hostile, hostile, "`"+hostile+"`", hostile
		f.Remedy.Name, f.Remedy.Value, f.Remedy.Zone, f.Remedy.Host = hostile, hostile, hostile, hostile
		f.Remedy.Commands[0], f.Remedy.Terraform, f.Remedy.Steps[0] = hostile, hostile, hostile
		f.Remedy.Present[0].Value, f.Remedy.EnterName, f.Remedy.HostNote = hostile, hostile, hostile
		r.Headline, r.Certificate.DomainName, r.Names[0].Name, r.Names[0].Seen = hostile, hostile, hostile, hostile
		r.Unseen[0].What, r.Observations[0].Text, r.ConsoleURL = hostile, hostile, hostile
		a.More[0].DomainName, a.Query.Domain = hostile, hostile
		got := Render(a, Options{Evidence: true})
		for _, c := range got {
			if c != '\n' && (c < ' ' || c >= 0x7f && c < 0xa0 || c >= 0x2000 && c < 0x2010 || c >= 0x2028 && c <= 0x202e) {
				t.Errorf("%q reached the terminal as %U in\n%q", hostile, c, got)
				break
			}
		}
		if !utf8.ValidString(got) {
			t.Errorf("%q: the text is not UTF-8", hostile)
		}
	}
}

func TestSpans(t *testing.T) {
	for _, test := range []struct {
		text string
		want []string
	}{
		{"", []string{""}},
		{"plain", []string{"plain"}},
		{"a `b c` d", []string{"a ", "b c", " d"}},
		{"`a`", []string{"", "a", ""}},
		{"a ` b", []string{"a ` b"}},
		{"`a` ` b", []string{"", "a", " ` b"}},
	} {
		if diff := cmp.Diff(test.want, spans(test.text)); diff != "" {
			t.Errorf("spans(%q) mismatch (-want, +got):\n%s", test.text, diff)
		}
	}
}
