package inventory_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/google/go-cmp/cmp"

	"github.com/acmbot/acmbot/diagnose"
	"github.com/acmbot/acmbot/diagnose/inventory"
	"github.com/acmbot/acmbot/diagnose/world/awsapi"
)

func TestFindByDomain(t *testing.T) {
	api, options := start(t, dublin, nova)
	addCertificate(api, hub, dublin, "exact", "www.example.com", "example.com")
	addCertificate(api, hub, nova, "wild", "*.example.com")
	addCertificate(api, hub, nova, "other", "www.example.net")
	addCertificate(api, hub, dublin, "deep", "*.www.example.com")
	addCertificate(api, hub, dublin, "ec", "ec.example.com").KeyAlgorithm = "EC_prime256v1"
	addCertificate(api, hub, dublin, "acme", "acme.example.com").KeyPairOrigin = "ACME"

	for _, test := range []struct {
		domain string
		want   []string
	}{
		{"www.example.com", []string{"exact", "wild"}},
		{"example.com", []string{"exact"}},
		{"*.example.com", []string{"wild"}},
		{"a.www.example.com", []string{"deep"}},
		{"ec.example.com", []string{"ec", "wild"}},
		{"acme.example.com", []string{"acme", "wild"}},
		{"b.a.www.example.com", nil},
		{"example.org", nil},
	} {
		for _, search := range []string{"search", "list", "careless", "bare", "careless list"} {
			t.Run(test.domain+"/"+search, func(t *testing.T) {
				api.Update(func(s *awsapi.State) {
					s.Quirks = map[string]awsapi.Quirks{
						"search":        {PageSize: 1},
						"list":          {PageSize: 1, NoSearch: true},
						"careless":      {IgnoreFilters: true, IgnoreRegions: true},
						"bare":          {NoSearch: true, BareSummaries: true, NoOrigins: true, IgnoreFilters: true},
						"careless list": {NoSearch: true, NoOrigins: true, IgnoreFilters: true, IgnoreRegions: true},
					}[search]
				})
				found := find(t, options, domain(test.domain))
				got := ids(found)
				slices.Sort(got)
				if diff := cmp.Diff(test.want, got); diff != "" {
					t.Errorf("found (-want +got):\n%s", diff)
				}
				want := []diagnose.Place{{Account: hub, Region: dublin}, {Account: hub, Region: nova}}
				if diff := cmp.Diff(want, found.Scope.Places); diff != "" {
					t.Errorf("places (-want +got):\n%s", diff)
				}
				if len(found.Scope.Unreadable) > 0 {
					t.Errorf("unreadable: %+v", found.Scope.Unreadable)
				}
				for _, c := range found.Certificates {
					if c.Region != strings.Split(c.ARN, ":")[3] || c.Account != hub {
						t.Errorf("%s is said to be in %s, %s", c.ARN, c.Account, c.Region)
					}
				}
			})
		}
	}
}

func TestFindReadsAfresh(t *testing.T) {
	api, options := start(t, dublin)
	c := addCertificate(api, hub, dublin, "one", "example.com")
	i := inventory.New(options)
	for _, status := range []string{"PENDING_AUTO_RENEWAL", "PENDING_VALIDATION", "SUCCESS"} {
		api.Update(func(*awsapi.State) { c.Renewal = &awsapi.RenewalSummary{RenewalStatus: status} })
		found := i.Find(t.Context(), domain("example.com"), nil)
		if len(found.Certificates) != 1 || found.Certificates[0].Renewal.Status != status {
			t.Errorf("want %s, got %+v", status, found.Certificates)
		}
	}
}

func TestFindConvertsEverything(t *testing.T) {
	api, options := start(t, dublin)
	c := addCertificate(api, hub, dublin, "full", "Example.COM", "www.example.com")
	api.Update(func(*awsapi.State) {
		c.ValidationMethod, c.Export, c.Exported, c.KeyAlgorithm = "EMAIL", "ENABLED", true, "RSA_2048"
		c.Serial, c.Issuer, c.Tags = "00:0A:ff", "Amazon", map[string]string{"team": "web"}
		c.DomainValidationOptions = []awsapi.DomainValidation{
			{DomainName: "example.com", ValidationMethod: "EMAIL", ValidationStatus: "SUCCESS", ValidationDomain: "example.com", ValidationEmails: []string{"admin@example.com"}},
			{DomainName: "www.example.com", ValidationMethod: "EMAIL", ValidationStatus: "SUCCESS", ValidationDomain: "example.com"},
		}
		c.Renewal = &awsapi.RenewalSummary{
			RenewalStatus: "PENDING_VALIDATION", RenewalStatusReason: "CAA_ERROR", UpdatedAt: today,
			DomainValidationOptions: []awsapi.DomainValidation{{DomainName: "www.example.com", ValidationMethod: "HTTP", ValidationStatus: "FAILED", RedirectFrom: "http://a", RedirectTo: "https://b"}},
		}
		c.Update = &awsapi.UpdateSummary{Status: "PENDING_DOMAIN_VALIDATION", From: "EMAIL", To: "DNS", RequestedAt: today, UpdatedAt: today}
		c.Requested = []awsapi.DomainValidation{{DomainName: "example.com", ValidationMethod: "DNS", ValidationStatus: "PENDING_VALIDATION", RecordName: "_X.Example.com.", RecordValue: "_Y.acm-validations.aws."}}
	})
	found := find(t, options, domain("example.com"))
	want := []diagnose.Certificate{{
		ARN: arnOf(hub, dublin, "full"), Account: hub, Region: dublin,
		DomainName: "example.com", Names: []string{"example.com", "www.example.com"},
		Type: "AMAZON_ISSUED", Status: "ISSUED", ValidationMethod: "EMAIL", KeyPairOrigin: "AWS_MANAGED", ExportOption: "ENABLED", Exported: aws.Bool(true),
		InUseBy: []string{"arn:aws:elasticloadbalancing:x"}, Eligibility: "ELIGIBLE",
		NotBefore: today, NotAfter: today.AddDate(0, 0, 198), CreatedAt: today,
		Serial: "aff", Issuer: "Amazon", Subject: "CN=Example.COM", KeyAlgorithm: "RSA_2048",
		Renewal: &diagnose.Renewal{Status: "PENDING_VALIDATION", Reason: "CAA_ERROR", UpdatedAt: today, Names: []diagnose.NameValidation{
			{Name: "www.example.com", Method: "HTTP", Status: "FAILED", Redirect: &diagnose.HTTPRedirect{From: "http://a", To: "https://b"}},
		}},
		Issuance: []diagnose.NameValidation{
			{Name: "example.com", Method: "EMAIL", Status: "SUCCESS", Emails: []string{"admin@example.com"}, ValidationDomain: "example.com"},
			{Name: "www.example.com", Method: "EMAIL", Status: "SUCCESS", ValidationDomain: "example.com"},
		},
		// The names follow ListCertificateDomainValidations, which goes by the
		// renewal's here.
		Update: &diagnose.MethodUpdate{Status: "PENDING_DOMAIN_VALIDATION", From: "EMAIL", To: "DNS", RequestedAt: today, UpdatedAt: today},
		Tags:   map[string]string{"team": "web"},
	}}
	if diff := cmp.Diff(want, found.Certificates); diff != "" {
		t.Errorf("certificate (-want +got):\n%s", diff)
	}

	api.Update(func(*awsapi.State) { c.Renewal = nil })
	found = find(t, options, domain("example.com"))
	names := []diagnose.NameValidation{{
		Name: "example.com", Method: "DNS", Status: "PENDING_VALIDATION",
		Record: &diagnose.Record{Name: "_x.example.com", Type: "CNAME", Value: "_y.acm-validations.aws"},
	}}
	if diff := cmp.Diff(names, found.Certificates[0].Update.Names); diff != "" {
		t.Errorf("the update's names (-want +got):\n%s", diff)
	}
}

func TestFindOverAccounts(t *testing.T) {
	api, options := start(t, dublin, tokyo)
	addRole(api, &options, spoke)
	addRole(api, &options, third)
	addCertificate(api, hub, dublin, "hub", "example.com")
	addCertificate(api, spoke, tokyo, "spoke", "example.com")
	addCertificate(api, third, dublin, "third", "example.com")

	i := inventory.New(options)
	for range 2 {
		got := ids(i.Find(t.Context(), domain("example.com"), nil))
		slices.Sort(got)
		if diff := cmp.Diff([]string{"hub", "spoke", "third"}, got); diff != "" {
			t.Errorf("found (-want +got):\n%s", diff)
		}
	}
	if n := calls(api, "AssumeRole"); n != 2 {
		t.Errorf("roles were assumed %d times for two questions, want 2", n)
	}
	if n := calls(api, "GetCallerIdentity"); n != 1 {
		t.Errorf("the identity was asked for %d times, want once", n)
	}
}

func TestRoleInTheBaseAccountIsReadOnce(t *testing.T) {
	api, options := start(t, dublin)
	addRole(api, &options, hub)
	addCertificate(api, hub, dublin, "hub", "example.com")
	found := find(t, options, domain("example.com"))
	if diff := cmp.Diff([]diagnose.Place{{Account: hub, Region: dublin}}, found.Scope.Places); diff != "" {
		t.Errorf("places (-want +got):\n%s", diff)
	}
	if len(found.Certificates) != 1 {
		t.Errorf("found %v", ids(found))
	}
}

// Everything that can go wrong in one place must be told, in words, and must
// not keep the other places from answering.
func TestOnePlaceFails(t *testing.T) {
	for _, test := range []struct {
		name   string
		damage func(*awsapi.Server, *inventory.Options)
		want   []string
		says   string
	}{
		{"denied", func(api *awsapi.Server, _ *inventory.Options) {
			api.Update(func(s *awsapi.State) { s.Account(spoke).Region(tokyo).Deny = []string{"acm:*"} })
		}, []string{spoke + "/" + tokyo + " access-denied acm:SearchCertificates"}, "The permission acm:SearchCertificates (or acm:ListCertificates) is missing from the role " + roleARN(spoke) + "."},
		{"denied everywhere", func(api *awsapi.Server, _ *inventory.Options) {
			api.Update(func(s *awsapi.State) { s.Account(spoke).Deny = []string{"acm:*"} })
		}, []string{spoke + "/ access-denied acm:SearchCertificates"}, ""},
		{"denied by the organization", func(api *awsapi.Server, _ *inventory.Options) {
			api.Update(func(s *awsapi.State) { s.Account(spoke).DenyByPolicy = []string{"acm:*"} })
		}, []string{spoke + "/ access-denied acm:SearchCertificates"}, "A policy of the AWS organization denies"},
		{"role refused", func(api *awsapi.Server, o *inventory.Options) {
			api.Update(func(s *awsapi.State) { s.Account(spoke).Roles[0].ExternalID = "changed" })
		}, []string{spoke + "/ access-denied sts:AssumeRole"}, "could not be assumed"},
		{"role misspelt", func(api *awsapi.Server, o *inventory.Options) {
			o.RoleARNs = []string{"arn:aws:iam::" + spoke + ":user/acmbot"}
		}, []string{spoke + "/ not-configured"}, "not the ARN of a role"},
		{"throttled", func(api *awsapi.Server, _ *inventory.Options) {
			api.Inject(&awsapi.Fault{Service: "acm", Region: tokyo, Account: spoke, Error: awsapi.Throttle()})
		}, []string{spoke + "/" + tokyo + " throttled"}, "too many calls"},
		{"hanging", func(api *awsapi.Server, o *inventory.Options) {
			o.PlaceTimeout = 300 * time.Millisecond
			api.Inject(&awsapi.Fault{Service: "acm", Region: tokyo, Account: spoke, Hang: true})
		}, []string{spoke + "/" + tokyo + " timed-out"}, "did not answer in time"},
		{"garbage", func(api *awsapi.Server, _ *inventory.Options) {
			api.Inject(&awsapi.Fault{Service: "acm", Region: tokyo, Account: spoke, Status: 200, Body: "<html>"})
		}, []string{spoke + "/" + tokyo + " bad-answer"}, "could not be read"},
		{"down", func(api *awsapi.Server, _ *inventory.Options) {
			api.Inject(&awsapi.Fault{Service: "acm", Region: tokyo, Account: spoke, Error: awsapi.Unavailable()})
		}, []string{spoke + "/" + tokyo + " bad-answer"}, "internal error"},
		{"region not enabled", func(api *awsapi.Server, _ *inventory.Options) {
			api.Update(func(s *awsapi.State) { s.Account(spoke).Region(tokyo).Disabled = true })
		}, []string{spoke + "/" + tokyo + " not-configured"}, "not enabled for the account"},
		{"unknown error", func(api *awsapi.Server, _ *inventory.Options) {
			api.Inject(&awsapi.Fault{Service: "acm", Region: tokyo, Account: spoke, Error: &awsapi.Error{Code: "StrangeException", Message: "secret words"}})
		}, []string{spoke + "/" + tokyo + " bad-answer"}, "StrangeException"},
		{"STS gone", func(api *awsapi.Server, _ *inventory.Options) {
			api.Inject(&awsapi.Fault{Service: "sts", Action: "AssumeRole", Status: 200, Body: "garbage"})
		}, []string{spoke + "/ bad-answer"}, "could not be read"},
	} {
		t.Run(test.name, func(t *testing.T) {
			api, options := start(t, dublin, tokyo)
			addRole(api, &options, spoke)
			addCertificate(api, hub, dublin, "hub", "example.com")
			addCertificate(api, spoke, tokyo, "spoke", "example.com")
			options.Attempts = 2
			test.damage(api, &options)

			found := find(t, options, domain("example.com"))
			if diff := cmp.Diff([]string{"hub"}, ids(found)); diff != "" {
				t.Errorf("found (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(test.want, obstacles(found.Scope.Unreadable)); diff != "" {
				t.Errorf("unreadable (-want +got):\n%s", diff)
			}
			for _, u := range found.Scope.Unreadable {
				text := u.What + ": " + u.Detail
				if !strings.Contains(text, test.says) {
					t.Errorf("%q does not say %q", text, test.says)
				}
				for _, raw := range []string{"operation error", "RequestID", "StatusCode", "https response", "secret words", "api error"} {
					if strings.Contains(text, raw) {
						t.Errorf("%q has the SDK's words in it", text)
					}
				}
			}
		})
	}
}

func TestCredentials(t *testing.T) {
	for _, test := range []struct {
		name        string
		credentials aws.CredentialsProvider
		want        []string
		says        string
	}{
		{"none", nil, []string{"/ not-configured"}, "No AWS credentials were found"},
		{"empty", credentials.NewStaticCredentialsProvider("", "", ""), []string{"/ not-configured"}, "No AWS credentials were found"},
		{"unknown", credentials.NewStaticCredentialsProvider("AKIB", "secret", ""), []string{"/ access-denied"}, "not valid"},
		{"wrong secret", credentials.NewStaticCredentialsProvider("AKIA", "wrong", ""), []string{"/ access-denied"}, "not valid"},
	} {
		t.Run(test.name, func(t *testing.T) {
			api, options := start(t, dublin, nova)
			addCertificate(api, hub, dublin, "one", "example.com")
			options.Config.Credentials = test.credentials
			for _, q := range []diagnose.Query{domain("example.com"), {ARN: arnOf(hub, dublin, "one")}, {ID: "one"}} {
				found := find(t, options, q)
				if len(found.Certificates) > 0 || len(found.Scope.Unreadable) == 0 {
					t.Fatalf("%+v: found %+v", q, found)
				}
				if u := found.Scope.Unreadable[0]; !strings.Contains(u.Detail, test.says) {
					t.Errorf("%+v: %q does not say %q", q, u.Detail, test.says)
				}
				if q.ARN == "" {
					if diff := cmp.Diff(test.want, obstacles(found.Scope.Unreadable)); diff != "" {
						t.Errorf("%+v: unreadable (-want +got):\n%s", q, diff)
					}
				}
			}
		})
	}
}

func TestUnreachableEndpoint(t *testing.T) {
	_, options := start(t, dublin)
	options.Config.BaseEndpoint = aws.String("http://127.0.0.1:1")
	options.Attempts = 1
	found := find(t, options, domain("example.com"))
	if diff := cmp.Diff([]string{"/" + dublin + " unreachable"}, obstacles(found.Scope.Unreadable)); diff != "" {
		t.Errorf("unreadable (-want +got):\n%s", diff)
	}
}

func TestIdentityIsNotNeeded(t *testing.T) {
	api, options := start(t, dublin)
	addCertificate(api, hub, dublin, "one", "example.com")
	api.Inject(&awsapi.Fault{Service: "sts", Status: 400, Body: "no"})
	for _, q := range []diagnose.Query{domain("example.com"), {ARN: arnOf(hub, dublin, "one")}, {ID: "one"}} {
		found := find(t, options, q)
		if len(found.Certificates) != 1 || found.Certificates[0].Account != hub {
			t.Errorf("%+v: found %+v", q, found)
		}
	}
}

func TestThrottledCallsAreRetried(t *testing.T) {
	api, options := start(t, dublin)
	addCertificate(api, hub, dublin, "one", "example.com")
	api.Inject(&awsapi.Fault{Action: "SearchCertificates", First: 2, Error: awsapi.Throttle()})
	api.Inject(&awsapi.Fault{Action: "DescribeCertificate", First: 1, Error: awsapi.Unavailable()})
	found := find(t, options, domain("example.com"))
	if len(found.Certificates) != 1 || len(found.Scope.Unreadable) > 0 || len(found.Certificates[0].Unseen) > 0 {
		t.Errorf("found %+v", found)
	}
	if n := calls(api, "ListCertificates"); n > 0 {
		t.Errorf("throttling led to %d lists", n)
	}
}

func TestFallsBackToLists(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(*awsapi.Server)
	}{
		{"denied", func(api *awsapi.Server) {
			api.Update(func(s *awsapi.State) { s.Account(hub).Deny = []string{"acm:SearchCertificates"} })
		}},
		{"unknown", func(api *awsapi.Server) { api.Update(func(s *awsapi.State) { s.Quirks.NoSearch = true }) }},
		{"not implemented", func(api *awsapi.Server) {
			api.Inject(&awsapi.Fault{Action: "SearchCertificates", Status: 501, Body: "<html>"})
		}},
		{"invalid", func(api *awsapi.Server) {
			api.Inject(&awsapi.Fault{Action: "SearchCertificates", Error: &awsapi.Error{Code: "ValidationException"}})
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			api, options := start(t, dublin)
			addCertificate(api, hub, dublin, "one", "example.com").Exported = true
			addCertificate(api, hub, dublin, "near", "exmaple.com")
			test.change(api)
			found := find(t, options, domain("example.com"))
			if diff := cmp.Diff([]string{"one"}, ids(found)); diff != "" {
				t.Fatalf("found (-want +got):\n%s", diff)
			}
			if len(found.Scope.Unreadable) > 0 || !*found.Certificates[0].Exported {
				t.Errorf("found %+v", found)
			}
			if found.Scope.Certificates != 2 {
				t.Errorf("looked through %d certificates, want 2", found.Scope.Certificates)
			}
		})
	}
}

func TestNamesBeyondTheList(t *testing.T) {
	names := make([]string, 120)
	for n := range names {
		names[n] = fmt.Sprintf("n%03d.example.com", n)
	}
	for _, noSearch := range []bool{false, true} {
		api, options := start(t, dublin)
		addCertificate(api, hub, dublin, "many", names...)
		api.Update(func(s *awsapi.State) { s.Quirks.NoSearch = noSearch })
		if diff := cmp.Diff([]string{"many"}, ids(find(t, options, domain("n119.example.com")))); diff != "" {
			t.Errorf("no search %t: found (-want +got):\n%s", noSearch, diff)
		}
		found := find(t, options, domain("n120.example.com"))
		if len(found.Certificates) > 0 {
			t.Errorf("no search %t: found %v", noSearch, ids(found))
		}
		if diff := cmp.Diff([]string{"many"}, refIDs(found.Similar)); diff != "" {
			t.Errorf("no search %t: similar (-want +got):\n%s", noSearch, diff)
		}
	}
}

func TestPartsThatCannotBeRead(t *testing.T) {
	api, options := start(t, dublin)
	c := addCertificate(api, hub, dublin, "one", "example.com")
	c.Update = &awsapi.UpdateSummary{Status: "PENDING_DOMAIN_VALIDATION", From: "EMAIL", To: "DNS"}
	api.Update(func(s *awsapi.State) {
		s.Account(hub).Deny = []string{"acm:ListTagsForCertificate", "acm:ListCertificateDomainValidations"}
	})
	found := find(t, options, domain("example.com"))
	want := []string{
		hub + "/" + dublin + " access-denied acm:ListTagsForCertificate",
		hub + "/" + dublin + " access-denied acm:ListCertificateDomainValidations",
	}
	if len(found.Certificates) != 1 {
		t.Fatalf("found %+v", found)
	}
	if diff := cmp.Diff(want, obstacles(found.Certificates[0].Unseen)); diff != "" {
		t.Errorf("unseen (-want +got):\n%s", diff)
	}

	api.Update(func(s *awsapi.State) { s.Account(hub).Deny = []string{"acm:DescribeCertificate"} })
	found = find(t, options, domain("example.com"))
	if len(found.Certificates) != 1 {
		t.Fatalf("found %+v", found)
	}
	got := found.Certificates[0]
	if got.Status != "ISSUED" || got.DomainName != "example.com" || !got.NotAfter.Equal(c.NotAfter) {
		t.Errorf("what the search told is lost: %+v", got)
	}
	if diff := cmp.Diff([]string{hub + "/" + dublin + " access-denied acm:DescribeCertificate"}, obstacles(got.Unseen)); diff != "" {
		t.Errorf("unseen (-want +got):\n%s", diff)
	}
}

func TestFindByARN(t *testing.T) {
	api, options := start(t, dublin)
	addRole(api, &options, spoke)
	addCertificate(api, hub, nova, "outside", "example.com").Exported = true
	addCertificate(api, spoke, dublin, "spoke", "example.com")
	for _, test := range []struct {
		arn        string
		want       []string
		places     []diagnose.Place
		unreadable []string
	}{
		{arnOf(hub, nova, "outside"), []string{"outside"}, []diagnose.Place{{Account: hub, Region: nova}}, nil},
		{arnOf(spoke, dublin, "spoke"), []string{"spoke"}, []diagnose.Place{{Account: spoke, Region: dublin}}, nil},
		{arnOf(hub, dublin, "outside"), nil, []diagnose.Place{{Account: hub, Region: dublin}}, nil},
		{arnOf(third, dublin, "x"), nil, nil, []string{third + "/" + dublin + " not-configured"}},
	} {
		found := find(t, options, diagnose.Query{ARN: test.arn})
		if diff := cmp.Diff(test.want, ids(found)); diff != "" {
			t.Errorf("%s: found (-want +got):\n%s", test.arn, diff)
		}
		if diff := cmp.Diff(test.places, found.Scope.Places); diff != "" {
			t.Errorf("%s: places (-want +got):\n%s", test.arn, diff)
		}
		if diff := cmp.Diff(test.unreadable, obstacles(found.Scope.Unreadable)); diff != "" {
			t.Errorf("%s: unreadable (-want +got):\n%s", test.arn, diff)
		}
	}
	found := find(t, options, diagnose.Query{ARN: arnOf(hub, nova, "outside")})
	if e := found.Certificates[0].Exported; e == nil || !*e {
		t.Error("that it was exported is lost")
	}
}

func TestFindByID(t *testing.T) {
	api, options := start(t, dublin, tokyo)
	addRole(api, &options, spoke)
	addCertificate(api, spoke, tokyo, "abcd", "example.com")
	found := find(t, options, diagnose.Query{ID: "abcd"})
	if diff := cmp.Diff([]string{"abcd"}, ids(found)); diff != "" {
		t.Errorf("found (-want +got):\n%s", diff)
	}
	if len(found.Scope.Places) != 4 || len(found.Scope.Unreadable) > 0 {
		t.Errorf("scope %+v", found.Scope)
	}
	if found := find(t, options, diagnose.Query{ID: "none"}); len(found.Certificates) > 0 || len(found.Scope.Places) != 4 {
		t.Errorf("an id that is nowhere: %+v", found)
	}
}

func TestOtherPartitions(t *testing.T) {
	api, options := start(t, "cn-north-1")
	c := addCertificate(api, hub, "cn-north-1", "china", "example.cn")
	api.Update(func(s *awsapi.State) {
		s.Account(hub).Partition = "aws-cn"
		c.ARN = "arn:aws-cn:acm:cn-north-1:" + hub + ":certificate/china"
	})
	if diff := cmp.Diff([]string{"china"}, ids(find(t, options, diagnose.Query{ID: "china"}))); diff != "" {
		t.Errorf("found (-want +got):\n%s", diff)
	}
}

func TestTooManyMatches(t *testing.T) {
	api, options := start(t, dublin, tokyo)
	options.MaxCertificates = 3
	for n := range 5 {
		c := addCertificate(api, hub, dublin, fmt.Sprintf("idle%d", n), "example.com")
		c.InUseBy, c.NotAfter = nil, today.AddDate(0, 0, n)
	}
	addCertificate(api, hub, tokyo, "used", "example.com")
	found := find(t, options, domain("example.com"))
	if diff := cmp.Diff([]string{"used", "idle4", "idle3"}, ids(found)); diff != "" {
		t.Errorf("described (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"idle2", "idle1", "idle0"}, refIDs(found.More)); diff != "" {
		t.Errorf("more (-want +got):\n%s", diff)
	}
}

func TestSimilar(t *testing.T) {
	api, options := start(t, dublin, nova)
	addCertificate(api, hub, dublin, "slip", "shop.exmaple.com")
	addCertificate(api, hub, nova, "sibling", "blog.example.com")
	addCertificate(api, hub, dublin, "apex", "example.com")
	addCertificate(api, hub, dublin, "stranger", "unrelated.test")
	found := find(t, options, domain("shop.example.com"))
	if diff := cmp.Diff([]string{"slip", "apex", "sibling"}, refIDs(found.Similar)); diff != "" {
		t.Errorf("similar (-want +got):\n%s", diff)
	}
	if found.Scope.Certificates != 4 {
		t.Errorf("looked through %d certificates, want 4", found.Scope.Certificates)
	}
}

func TestFindStopsWithItsContext(t *testing.T) {
	api, options := start(t, dublin)
	hanging := make(chan struct{})
	var once sync.Once
	api.Inject(&awsapi.Fault{Service: "acm", Hang: true})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan inventory.Found)
	go func() {
		done <- inventory.New(options).Find(ctx, domain("example.com"), func(diagnose.Progress) { once.Do(func() { close(hanging) }) })
	}()
	<-hanging
	cancel()
	select {
	case found := <-done:
		if diff := cmp.Diff([]string{hub + "/" + dublin + " over-budget"}, obstacles(found.Scope.Unreadable)); diff != "" {
			t.Errorf("unreadable (-want +got):\n%s", diff)
		}
	case <-time.After(5 * time.Second):
		t.Fatal("Find goes on after its context has ended")
	}
}

func TestProgress(t *testing.T) {
	api, options := start(t, dublin, tokyo, nova)
	addCertificate(api, hub, dublin, "one", "example.com")
	var mu sync.Mutex
	var last diagnose.Progress
	inventory.New(options).Find(t.Context(), domain("example.com"), func(p diagnose.Progress) {
		mu.Lock()
		defer mu.Unlock()
		if p.Done >= last.Done {
			last = p
		}
	})
	if want := (diagnose.Progress{Stage: "searching 3 regions", Done: 3, Total: 3}); last != want {
		t.Errorf("last progress %+v, want %+v", last, want)
	}
}

func TestSearchIsNotTriedAgainInVain(t *testing.T) {
	api, options := start(t, dublin)
	now := today
	options.Now = func() time.Time { return now }
	addCertificate(api, hub, dublin, "one", "example.com")
	remove := api.Inject(&awsapi.Fault{Action: "SearchCertificates", Status: 500, Body: "<html>"})
	i := inventory.New(options)
	for range 2 {
		if got := ids(i.Find(t.Context(), domain("example.com"), nil)); len(got) != 1 {
			t.Fatalf("found %v", got)
		}
	}
	tried := calls(api, "SearchCertificates")
	remove()
	i.Find(t.Context(), domain("example.com"), nil)
	if n := calls(api, "SearchCertificates"); n != tried || n > 8 {
		t.Errorf("searched %d times, then %d", tried, n)
	}
	now = now.Add(6 * time.Minute)
	i.Find(t.Context(), domain("example.com"), nil)
	if n := calls(api, "SearchCertificates"); n == tried {
		t.Error("never searched again")
	}
}
