package view

import (
	"fmt"
	"strings"
	"time"

	"github.com/acmbot/acmbot/diagnose"
)

var sampleTime = time.Date(2026, 11, 24, 3, 12, 0, 0, time.UTC)

func certificate(domain string, names ...string) diagnose.Certificate {
	return diagnose.Certificate{
		ARN:     "arn:aws:acm:eu-west-1:111122223333:certificate/0f6ad6ee-1c3a-4f6e-8d5f-5a1f0c7e9b21",
		Account: "111122223333", Region: "eu-west-1", DomainName: domain, Names: append([]string{domain}, names...),
		Type: diagnose.TypeAmazonIssued, Status: diagnose.StatusIssued, ValidationMethod: diagnose.MethodDNS,
		KeyPairOrigin: diagnose.OriginAWS, KeyAlgorithm: "RSA_2048", Eligibility: diagnose.EligibleYes,
		InUseBy:   []string{"arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/app/shop/50dc6c495c0c9188"},
		NotBefore: sampleTime.AddDate(0, 0, -186), NotAfter: sampleTime.AddDate(0, 0, 12),
		Serial: "0a1b2c3d", Issuer: "Amazon", Tags: map[string]string{"Owner": "team-shop"},
		Renewal: &diagnose.Renewal{Status: diagnose.RenewalPendingValidation, UpdatedAt: sampleTime.AddDate(0, 0, -33)},
	}
}

func recordOf(name string) diagnose.Record {
	return diagnose.Record{Name: "_3f1c0a9d7be84d22." + name, Type: "CNAME", Value: "_9c2e51b7a0d84c1f.xlfgrmvvlj.acm-validations.aws"}
}

func missingRecord(name string) diagnose.Finding {
	r := recordOf(name)
	zone := name
	if parts := strings.Split(name, "."); len(parts) > 2 {
		zone = strings.Join(parts[len(parts)-2:], ".")
	}
	entered := strings.TrimSuffix(r.Name, "."+zone)
	return diagnose.Finding{
		Cause: "cname-missing", Title: "validation CNAME missing from DNS", Severity: diagnose.Blocking,
		Confidence: diagnose.Certain, Owner: diagnose.OwnerZone, Names: []string{name}, Subject: r.Name,
		Text: fmt.Sprintf("ACM proves control of `%s` by the CNAME `%s`, and the name servers of the zone `%s` have no such record.", name, r.Name, zone),
		Evidence: []diagnose.Evidence{
			{Source: "ACM", Text: "the renewal waits for `" + name + "`: `PENDING_VALIDATION`"},
			{Source: "DNS ns1.domaincontrol.example (192.0.2.1:53)", Text: "`" + r.Name + "` does not exist (`NXDOMAIN`)"},
		},
		Remedy: diagnose.Remedy{
			Summary: fmt.Sprintf("Add the CNAME `%s` → `%s`", r.Name, r.Value),
			Steps: []string{
				fmt.Sprintf("Add, in the public zone `%s` at GoDaddy: name `%s`, type CNAME, value `%s`.", zone, r.Name, r.Value),
				fmt.Sprintf("At GoDaddy type `%s` as the name. The form appends the domain to the name by itself: a whole name typed there ends up doubled.", entered),
				"Leave the record there for ever: ACM needs it again at every renewal.",
				"There is nothing to restart: ACM looks again by itself, within hours.",
			},
			Action: diagnose.AddRecord, Name: r.Name, Type: r.Type, Value: r.Value, TTL: 300,
			Zone: zone, RelativeName: entered, EnterName: entered, EnterValue: r.Value, Host: "GoDaddy",
			HostNote: "The form appends the domain to the name by itself: a whole name typed there ends up doubled.",
			HostURL:  "https://dcc.godaddy.com/manage/" + zone + "/dns",
			ZoneFile: fmt.Sprintf("%s. 300 IN CNAME %s.", r.Name, r.Value),
		},
		Sources: []diagnose.Source{{Title: "DNS validation", URL: "https://docs.aws.amazon.com/acm/latest/userguide/dns-validation.html"}},
	}
}

func pending(name string) diagnose.NameState {
	r := recordOf(name)
	return diagnose.NameState{Name: name, Method: "DNS", Record: &r, ACM: diagnose.NamePending, Seen: "CNAME missing", Causes: []diagnose.CauseID{"cname-missing"}}
}

func fine(name string) diagnose.NameState {
	r := recordOf(name)
	return diagnose.NameState{Name: name, Method: "DNS", Record: &r, ACM: diagnose.NameSuccess, Seen: "CNAME right on 4 of 4 servers", OK: true}
}

func answered(asked string, reports ...diagnose.Report) diagnose.Answer {
	a := diagnose.Answer{
		At: sampleTime, Query: diagnose.Query{Text: asked, Domain: asked}, Reports: reports,
		Scope: diagnose.Scope{Places: []diagnose.Place{{Account: "111122223333", Region: "eu-west-1"}, {Account: "111122223333", Region: "us-east-1"}}, Certificates: 42},
	}
	for _, r := range reports {
		a.Facts = append(a.Facts, sampleFacts(r.Certificate))
	}
	return a
}

func sampleFacts(c diagnose.Certificate) diagnose.Facts {
	f := diagnose.Facts{At: sampleTime, Certificate: c, DNS: diagnose.DNS{
		Lookups: map[string]*diagnose.Lookup{}, Resolvers: []string{"192.0.2.53:53", "198.51.100.53:53"}, Queries: 27,
	}}
	for i, n := range c.Names {
		if i == 120 {
			break
		}
		r := recordOf(n)
		f.DNS.Lookups[diagnose.LookupKey(r.Name, "CNAME")] = &diagnose.Lookup{
			Name: r.Name, Type: "CNAME", Path: []string{".", "com", "example.com"},
			Replies: []diagnose.Reply{
				{Server: "ns1.domaincontrol.example", Address: "192.0.2.1:53", Transport: "udp", Outcome: diagnose.OutcomeNXDomain, RCode: "NXDOMAIN", Authoritative: true, RTT: 12 * time.Millisecond},
				{Server: "ns2.domaincontrol.example", Address: "192.0.2.2:53", Transport: "tcp", Outcome: diagnose.OutcomeAnswer, RCode: "NOERROR", Authoritative: true, RTT: 31 * time.Millisecond,
					Answer: []diagnose.RR{{Name: r.Name, Type: "CNAME", TTL: 300, Value: r.Value}}},
			},
			Public: []diagnose.Reply{{Address: "192.0.2.53:53", Outcome: diagnose.OutcomeServFail, RCode: "SERVFAIL", EDE: []diagnose.EDE{{Code: 7, Name: "Signature Expired", Text: "RRSIG <!channel> expired"}}}},
		}
	}
	return f
}

const consoleURL = "https://eu-west-1.console.aws.amazon.com/acm/home?region=eu-west-1#/certificates/0f6ad6ee-1c3a-4f6e-8d5f-5a1f0c7e9b21"

func missingOne() diagnose.Answer {
	c := certificate("shop.example.com")
	return answered("shop.example.com", diagnose.Report{
		At: sampleTime, Asked: "shop.example.com", Certificate: c, State: diagnose.StatePending, Verdict: diagnose.VerdictBlocked,
		Headline: "Renewal is blocked, expires in 12 days (2026-12-06): validation CNAME missing from DNS.",
		DaysLeft: new(12), RenewalStarts: sampleTime.AddDate(0, 0, -33),
		Findings: []diagnose.Finding{missingRecord("shop.example.com")},
		Names:    []diagnose.NameState{pending("shop.example.com")}, ConsoleURL: consoleURL,
	})
}

// missingMany is a certificate with a hundred names, forty of which lack their
// record.
func missingMany() diagnose.Answer {
	var names []string
	var findings []diagnose.Finding
	var states, good []diagnose.NameState
	for i := 1; i < 100; i++ {
		names = append(names, fmt.Sprintf("customer-%02d.example.com", i))
	}
	c := certificate("example.com", names...)
	for i, n := range c.Names {
		if i < 40 {
			findings = append(findings, missingRecord(n))
			states = append(states, pending(n))
		} else {
			good = append(good, fine(n))
		}
	}
	return answered("customer-07.example.com", diagnose.Report{
		At: sampleTime, Asked: "customer-07.example.com", Certificate: c, State: diagnose.StatePending, Verdict: diagnose.VerdictBlocked,
		Headline: "Renewal is blocked, expires in 12 days (2026-12-06): validation CNAME missing from DNS for `example.com`.",
		DaysLeft: new(12), Findings: findings, Names: append(states, good...), ConsoleURL: consoleURL,
	})
}

func lame() diagnose.Answer {
	c := certificate("api.example.net", "www.example.org")
	return answered("api.example.net", diagnose.Report{
		At: sampleTime, Asked: "api.example.net", Certificate: c, State: diagnose.StatePending, Verdict: diagnose.VerdictBlocked,
		Headline: "Renewal is blocked, expires in 3 days (2026-11-27): lame delegation for `api.example.net`; and 1 more cause.",
		DaysLeft: new(3),
		Findings: []diagnose.Finding{
			{
				Cause: "lame-delegation", Title: "lame delegation", Severity: diagnose.Blocking, Confidence: diagnose.Certain, Owner: diagnose.OwnerRegistrar,
				Names: []string{"api.example.net"}, Subject: "example.net",
				Text:     "The zone `example.net` is delegated to `ns-1.awsdns-01.example` and 3 more, and none of them answers for it: the hosted zone was deleted.",
				Evidence: []diagnose.Evidence{{Source: "DNS ns-1.awsdns-01.example (192.0.2.11:53)", Text: "refuses"}},
				Remedy: diagnose.Remedy{
					Summary: "Point the delegation of `example.net` at servers that have the zone",
					Steps:   []string{"Find the hosted zone that holds the records now.", "At the registrar, set the name servers of `example.net` to that zone's four."},
				},
			},
			func() diagnose.Finding {
				f := missingRecord("www.example.org")
				f.Confidence, f.Ahead = diagnose.Likely, true
				f.Remedy.Action = diagnose.ReplaceRecord
				f.Remedy.Present = []diagnose.RR{{Name: f.Remedy.Name, Type: "TXT", TTL: 300, Value: "_old.acm-validations.aws"}}
				return f
			}(),
		},
		Consequences: []diagnose.CauseID{"caa-lookup-failed", "cname-missing"},
		Names:        []diagnose.NameState{{Name: "api.example.net", ACM: diagnose.NamePending, Seen: "no server answers"}, pending("www.example.org")},
		ConsoleURL:   consoleURL,
		Unseen: []diagnose.Unseen{{
			What: "Route 53 hosted zones of account 111122223333", Why: diagnose.AccessDenied, Permission: "route53:ListHostedZonesByName", Account: "111122223333",
			Detail: "So I cannot tell whether the record is in a private zone",
		}},
	})
}

func expired() diagnose.Answer {
	c := certificate("old.example.com")
	c.Status, c.NotAfter, c.InUseBy = diagnose.StatusExpired, sampleTime.AddDate(0, 0, -4), nil
	return answered("old.example.com", diagnose.Report{
		At: sampleTime, Asked: "old.example.com", Certificate: c, State: diagnose.StateExpired, Verdict: diagnose.VerdictDown,
		Headline: "Expired 4 days ago (2026-11-20): an expired certificate is never renewed, it has to be replaced.", DaysLeft: new(-4),
		Findings: []diagnose.Finding{{
			Cause: "expired", Title: "expired, and an expired certificate is never renewed", Severity: diagnose.Fatal, Confidence: diagnose.Certain, Owner: diagnose.OwnerAWSAccount,
			Text: "It expired on 2026-11-20 03:12 UTC. ACM never renews a certificate that has expired, so it has to be replaced.",
			Remedy: diagnose.Remedy{
				Summary:  "Request a new certificate and attach it in this one's place",
				Steps:    []string{"Request a new certificate with the same names, validated by DNS.", "Attach the new certificate to the resource that serves the name; nothing uses this one."},
				Commands: []string{"aws acm request-certificate --region eu-west-1 --domain-name old.example.com --validation-method DNS"},
			},
		}},
		Names: []diagnose.NameState{{Name: "old.example.com", ACM: diagnose.NamePending}},
	})
}

func healthy() diagnose.Answer {
	c := certificate("fine.example.com", "*.fine.example.com")
	c.NotAfter, c.Renewal = sampleTime.AddDate(0, 0, 120), nil
	return answered("a.fine.example.com", diagnose.Report{
		At: sampleTime, Asked: "a.fine.example.com", Certificate: c, State: diagnose.StateNotDue, Verdict: diagnose.VerdictHealthy,
		Headline: "Healthy, expires in 120 days (2027-03-24): not due yet.", DaysLeft: new(120),
		Findings: []diagnose.Finding{{
			Cause: "not-due-yet", Title: "not due yet", Severity: diagnose.Notice, Confidence: diagnose.Certain, Owner: diagnose.OwnerNobody,
			Text: "All is in order. The certificate is valid until 2027-03-24 and ACM first tries to renew it on 2027-02-07, 45 days before.",
		}},
		Names:        []diagnose.NameState{{Name: "fine.example.com", OK: true, Seen: "CNAME right on 4 of 4 servers"}, {Name: "*.fine.example.com", OK: true}},
		Observations: []diagnose.Evidence{{Source: "TLS 192.0.2.80:443", Text: "serves this certificate"}}, ConsoleURL: consoleURL,
	})
}

func waiting() diagnose.Answer {
	c := certificate("soon.example.com")
	c.Renewal.Status = diagnose.RenewalPendingAuto
	return answered("soon.example.com", diagnose.Report{
		At: sampleTime, Asked: "soon.example.com", Certificate: c, State: diagnose.StateInRenewal, Verdict: diagnose.VerdictWaiting,
		Headline: "Renewal under way, expires in 12 days (2026-12-06): renewal in progress, nothing to do but wait.", DaysLeft: new(12),
		Findings: []diagnose.Finding{{
			Cause: "in-progress", Title: "renewal in progress, nothing to do but wait", Severity: diagnose.Notice, Confidence: diagnose.Certain, Owner: diagnose.OwnerNobody,
			Text:   "ACM is at it. Every record that it asks for is in DNS.",
			Remedy: diagnose.Remedy{Summary: "Wait; ACM looks again by itself", Steps: []string{"Wait: it takes up to several hours."}},
		}},
		Names: []diagnose.NameState{fine("soon.example.com")}, ConsoleURL: consoleURL,
	})
}

func unknown() diagnose.Answer {
	c := certificate("dark.example.com")
	return answered("dark.example.com", diagnose.Report{
		At: sampleTime, Asked: "dark.example.com", Certificate: c, State: diagnose.StatePending, Verdict: diagnose.VerdictUnknown,
		Headline: "The cause cannot be told, expires in 12 days (2026-12-06).", DaysLeft: new(12),
		Unseen: []diagnose.Unseen{
			{What: "the record `_3f1c0a9d7be84d22.dark.example.com`", Why: diagnose.TimedOut, Detail: "no server of the zone answered within 5 seconds"},
			{What: "tags", Why: diagnose.AccessDenied, Permission: "acm:ListTagsForCertificate", Account: "111122223333", Region: "eu-west-1"},
			{What: "the endpoint", Why: diagnose.NotAllowed, Detail: "192.168.0.1 is not a public address"},
			{What: "the private CA", Why: diagnose.Throttled},
			{What: "the second private CA", Why: diagnose.Throttled},
		},
	})
}

func several() diagnose.Answer {
	a := missingOne()
	other := func(domain, region string, v diagnose.Verdict, s diagnose.State, left int) diagnose.Report {
		c := certificate(domain)
		c.ARN = "arn:aws:acm:" + region + ":444455556666:certificate/5a1f0c7e-1c3a-4f6e-8d5f-0f6ad6ee9b21"
		c.Account, c.Region = "444455556666", region
		return diagnose.Report{At: sampleTime, Asked: "shop.example.com", Certificate: c, State: s, Verdict: v, Headline: "Something.", DaysLeft: new(left)}
	}
	a.Reports = append(a.Reports,
		other("*.example.com", "us-east-1", diagnose.VerdictHealthy, diagnose.StateNotDue, 101),
		other("shop.example.com", "ap-southeast-2", diagnose.VerdictWillFail, diagnose.StateNever, 50))
	for i := range 4 {
		a.More = append(a.More, diagnose.CertificateRef{
			ARN:     fmt.Sprintf("arn:aws:acm:eu-west-1:111122223333:certificate/00000000-0000-0000-0000-00000000000%d", i),
			Account: "111122223333", Region: "eu-west-1", DomainName: "shop.example.com", Status: diagnose.StatusExpired,
		})
	}
	return a
}

func noCertificate() diagnose.Answer {
	long := strings.Repeat("a-rather-long-label-in-the-name-of-a-host.", 3) + "example.com"
	return diagnose.Answer{
		At: sampleTime, Query: diagnose.Query{Text: "shpo.example.com", Domain: "shpo.example.com"},
		Similar: []diagnose.CertificateRef{{DomainName: "shop.example.com"}, {DomainName: "*.example.org"}, {DomainName: "shop.example.com"}, {DomainName: long}},
		Endpoint: &diagnose.Endpoint{Name: "shpo.example.com", Canonical: "shop.cdn.example", Served: []diagnose.TLSServed{
			{Address: "192.0.2.80:443", Issuer: "R11", IssuerOrg: "Let's Encrypt", Names: []string{"shpo.example.com"}, NotAfter: sampleTime.AddDate(0, 0, 60)},
			{Address: "192.0.2.81:8443", Obstacle: diagnose.TimedOut},
		}},
		Scope: diagnose.Scope{
			Places:       []diagnose.Place{{Account: "111122223333", Region: "us-east-1"}, {Account: "111122223333", Region: "eu-west-1"}, {Account: "444455556666", Region: "eu-west-1"}},
			Certificates: 214,
			Unreadable:   []diagnose.Unseen{{What: "certificates", Why: diagnose.AccessDenied, Permission: "acm:SearchCertificates", Account: "777788889999", Region: "eu-west-1"}},
		},
	}
}

func noSuchARN() diagnose.Answer {
	return diagnose.Answer{
		At:    sampleTime,
		Query: diagnose.Query{ARN: "arn:aws:acm:eu-west-1:999988887777:certificate/0f6ad6ee-1c3a-4f6e-8d5f-5a1f0c7e9b21"},
		Scope: diagnose.Scope{Unreadable: []diagnose.Unseen{{What: "the account 999988887777", Why: diagnose.NotConfigured}}},
	}
}

// hostile has markup wherever text comes from outside.
func hostile() diagnose.Answer {
	const evil = "<!channel> <@U12345> *bold* _it_ ~no~ `tick` :100: &amp; <https://evil.example|x>"
	c := certificate("evil.example.com")
	c.Tags = map[string]string{evil: evil}
	c.InUseBy = []string{"arn:aws:elasticloadbalancing:eu-west-1:1:loadbalancer/app/<!here>`x`/1"}
	f := missingRecord("evil.example.com")
	f.Title, f.Text = "title "+evil, "text "+evil
	f.Names = []string{evil, "evil.example.com"}
	f.Remedy.Value, f.Remedy.EnterValue = evil, evil
	f.Remedy.Host, f.Remedy.HostNote = "<!everyone>", evil
	f.Evidence = []diagnose.Evidence{{Source: evil, Text: evil}}
	return answered("evil.example.com", diagnose.Report{
		At: sampleTime, Asked: "evil.example.com", Certificate: c, State: diagnose.StatePending, Verdict: diagnose.VerdictBlocked,
		Headline: "headline " + evil, DaysLeft: new(1), Findings: []diagnose.Finding{f}, Consequences: []diagnose.CauseID{"<!channel>"},
		Names:  []diagnose.NameState{{Name: "evil.example.com", ACM: evil, Seen: evil}},
		Unseen: []diagnose.Unseen{{What: evil, Why: diagnose.BadAnswer, Detail: evil, Permission: evil, Account: evil, Region: evil}},
	})
}

// monster has more of everything than fits anywhere.
func monster() diagnose.Answer {
	a := missingMany()
	r := &a.Reports[0]
	wide := strings.Repeat("word ", 2000)
	value := strings.Repeat("v", 5000)
	for i := range 12 {
		r.Findings = append(r.Findings, diagnose.Finding{
			Cause: diagnose.CauseID(fmt.Sprintf("cause-%02d", i)), Title: strings.Repeat("title ", 60), Text: wide + "`" + value + "`", Severity: diagnose.Blocking,
			Evidence: []diagnose.Evidence{{Source: "ACM", Text: wide}},
			Remedy:   diagnose.Remedy{Steps: []string{wide, wide}, Commands: []string{"aws " + value}, Terraform: strings.Repeat("line\n", 900)},
		})
		r.Unseen = append(r.Unseen, diagnose.Unseen{What: fmt.Sprintf("thing %d %s", i, wide), Why: diagnose.TimedOut, Detail: wide})
		r.Consequences = append(r.Consequences, diagnose.CauseID(fmt.Sprintf("consequence-%d", i)))
		r.Certificate.InUseBy = append(r.Certificate.InUseBy, "arn:aws:cloudfront::111122223333:distribution/E"+strings.Repeat("X", 300))
	}
	r.Asked = strings.Repeat("label.", 40) + "example.com"
	a.Query.Domain = r.Asked
	return a
}

var samples = map[string]func() diagnose.Answer{
	"missing-one": missingOne, "missing-many": missingMany, "lame": lame, "expired": expired, "healthy": healthy,
	"waiting": waiting, "unknown": unknown, "several": several, "no-certificate": noCertificate, "no-such-arn": noSuchARN,
	"hostile": hostile, "monster": monster,
}
