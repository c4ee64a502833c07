package world_test

import (
	"context"
	"log/slog"
	"maps"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/acm"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"go.uber.org/goleak"

	"github.com/acmbot/acmbot/diagnose"
	"github.com/acmbot/acmbot/diagnose/dnstrace"
	"github.com/acmbot/acmbot/diagnose/probe"
	"github.com/acmbot/acmbot/diagnose/world"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const account = "111122223333"

func start(t *testing.T, w *world.World, o world.Options) *world.Running {
	t.Helper()
	r, err := w.Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Close)
	return r
}

func parse(t *testing.T, text string) *world.World {
	t.Helper()
	w, err := world.Parse("test.txtar", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func describe(t *testing.T, r *world.Running, name string) *acm.DescribeCertificateOutput {
	t.Helper()
	config := r.AWSConfig()
	c := r.World().Certificate(name)
	config.Region = c.Region
	out, err := acm.NewFromConfig(config).DescribeCertificate(t.Context(), &acm.DescribeCertificateInput{CertificateArn: aws.String(c.ARN())})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// cname is what all authoritative servers and the resolver answer.
func cname(t *testing.T, r *world.Running, name string) []string {
	t.Helper()
	l := dnstrace.New(r.DNSOptions()).Session().Lookup(t.Context(), name, "CNAME")
	seen := map[string]bool{}
	for _, reply := range slices.Concat(l.Replies, l.Public) {
		if len(reply.Answer) == 0 {
			seen[string(reply.Outcome)] = true
		}
		for _, rr := range reply.Answer {
			seen[rr.Value] = true
		}
	}
	return slices.Sorted(maps.Keys(seen))
}

func serve(t *testing.T, r *world.Running, name, address string) diagnose.TLSServed {
	t.Helper()
	return probe.New(r.ProbeOptions()).TLS(t.Context(), name, []netip.Addr{netip.MustParseAddr(address)})[0]
}

// The demo shows what it promises.
func TestDemo(t *testing.T) {
	w := world.Demo()
	if len(w.Certificates) < 26 {
		t.Errorf("the demo has %d certificates, want 26 or more", len(w.Certificates))
	}
	shown := map[diagnose.CauseID]bool{}
	for _, e := range w.Expectations() {
		for _, c := range e.Causes {
			shown[c] = true
		}
	}
	for _, id := range []diagnose.CauseID{
		"imported", "not-in-use", "exported-not-reexported", "expired", "domain-not-allowed", "validation-timed-out", "revoked",
		"acme-issued", "not-due-yet", "in-progress", "renewed-already", "cname-missing", "cname-wrong-value", "cname-name-doubled",
		"cname-value-doubled", "underscore-stripped-name", "cname-wrong-type", "caa-forbids-amazon", "caa-inherited",
		"caa-issuewild", "caa-lookup-failed", "email-unapproved", "email-sunset", "delegation-moved", "lame-delegation",
	} {
		if !shown[id] {
			t.Errorf("the demo does not show %s", id)
		}
	}
	first := w.Expectations()[0]
	if first.Ask != "shop.example.com" || !slices.Equal(first.Causes, []diagnose.CauseID{"cname-missing"}) {
		t.Errorf("the demo's headline is %+v", first)
	}

	r := start(t, w, world.Options{})
	cert := describe(t, r, "shop.example.com").Certificate
	served := serve(t, r, "shop.example.com", "198.51.100.11")
	if got, want := served.Serial, strings.TrimLeft(strings.ReplaceAll(*cert.Serial, ":", ""), "0"); got != want || got == "" {
		t.Errorf("serial number served: %q, ACM's: %q", got, want)
	}
	if served.IssuerOrg != "Amazon" || !served.NotAfter.Equal(*cert.NotAfter) {
		t.Errorf("served %+v, want Amazon's until %s", served, cert.NotAfter)
	}
	if got, want := len(r.RoleARNs()), 1; got != want {
		t.Errorf("%d roles, want %d", got, want)
	}
	if diff := cmp.Diff([]string{"eu-west-1", "us-east-1"}, r.Regions()); diff != "" {
		t.Errorf("regions (-want +got):\n%s", diff)
	}
	if r.DNSQueries() != 0 {
		t.Errorf("%d DNS queries before anybody asked", r.DNSQueries())
	}
	record := world.Record(account, "checkout.example.com")
	if diff := cmp.Diff([]string{record.Value}, cname(t, r, record.Name)); diff != "" {
		t.Errorf("record (-want +got):\n%s", diff)
	}
	if r.DNSQueries() == 0 {
		t.Error("no DNS queries counted")
	}
}

// All worlds are well-formed, come up, and answer over AWS's API and DNS.
func TestWorlds(t *testing.T) {
	files, err := filepath.Glob("../testdata/worlds/*.txtar")
	if err != nil || len(files) < 100 {
		t.Fatalf("%d worlds (%v), want 100 or more", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			w, err := world.Parse(filepath.Base(file), data)
			if err != nil {
				t.Fatal(err)
			}
			if w.Title == "" {
				t.Error("the world has no title")
			}
			if len(w.Expectations()) == 0 {
				t.Error("the world expects nothing")
			}
			for _, e := range w.Expectations() {
				if len(e.Causes) == 0 {
					t.Errorf("asking %s expects no cause", e.Ask)
				}
				if _, err := diagnose.ParseQuery(e.Ask); err != nil {
					t.Errorf("asking %q: %v", e.Ask, err)
				}
				for _, id := range e.Causes {
					if !slices.ContainsFunc(diagnose.Catalogue(), func(c *diagnose.Cause) bool { return c.ID == id }) {
						t.Errorf("there is no cause %q", id)
					}
				}
			}
			r := start(t, w, world.Options{})
			c := w.Certificates[0]
			if c.Account != w.Accounts[0].ID {
				return
			}
			if got := describe(t, r, c.As).Certificate; string(got.Status) != c.Status || len(got.SubjectAlternativeNames) != len(c.Names) {
				t.Errorf("ACM has %s with %d names, want %s with %d", got.Status, len(got.SubjectAlternativeNames), c.Status, len(c.Names))
			}
			l := dnstrace.New(r.DNSOptions()).Session().Lookup(t.Context(), "example", "NS")
			if !slices.ContainsFunc(l.Replies, func(reply diagnose.Reply) bool { return reply.Outcome.Usable() }) {
				t.Errorf("the servers of the top-level domain do not answer: %+v", l)
			}
		})
	}
}

// There is a world for each cause in the catalogue, named for it.
func TestEachCauseHasItsWorld(t *testing.T) {
	for _, c := range diagnose.Catalogue() {
		file := filepath.Join("../testdata/worlds", string(c.ID)+".txtar")
		data, err := os.ReadFile(file)
		if err != nil {
			t.Errorf("no world shows %s: %v", c.ID, err)
			continue
		}
		w, err := world.Parse(filepath.Base(file), data)
		if err != nil {
			t.Errorf("the world of %s: %v", c.ID, err)
			continue
		}
		if !slices.ContainsFunc(w.Expectations(), func(e world.Expectation) bool { return slices.Contains(e.Causes, c.ID) }) {
			t.Errorf("the world of %s does not expect it", c.ID)
		}
	}
}

const minimal = `The record was tidied away. And so on.
-- certificates.yaml --
- name: shop.example.com
  expires: +12d
  renewal: PENDING_VALIDATION
-- zone example.com in 111122223333 --
shop  A  198.51.100.10
-- expect.yaml --
- ask: shop.example.com
  causes: [cname-missing]
  verdict: blocked
  records: [shop.example.com]
`

func TestMinimalWorld(t *testing.T) {
	w := parse(t, minimal)
	if w.Title != "The record was tidied away" {
		t.Errorf("title %q", w.Title)
	}
	want := []world.Expectation{{
		Ask: "shop.example.com", Causes: []diagnose.CauseID{"cname-missing"}, Verdict: diagnose.VerdictBlocked,
		Records: []world.ExpectedRecord{{Record: world.Record(account, "shop.example.com")}},
	}}
	if diff := cmp.Diff(want, w.Expectations(), cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("expectations (-want +got):\n%s", diff)
	}

	now := time.Date(2026, 5, 20, 15, 4, 5, 0, time.UTC)
	r := start(t, w, world.Options{Now: func() time.Time { return now }})
	c := describe(t, r, "shop.example.com").Certificate
	if got, want := c.NotAfter.UTC(), time.Date(2026, 6, 1, 23, 59, 59, 0, time.UTC); !got.Equal(want) {
		t.Errorf("NotAfter %s, want %s", got, want)
	}
	if got, want := c.NotAfter.Sub(*c.NotBefore).Round(time.Minute), 198*24*time.Hour; got != want {
		t.Errorf("valid for %s, want %s", got, want)
	}
	if len(c.InUseBy) != 1 || c.RenewalEligibility != "ELIGIBLE" || c.RenewalSummary.DomainValidationOptions[0].ValidationStatus != "PENDING_VALIDATION" {
		t.Errorf("certificate %+v", c)
	}
	if diff := cmp.Diff([]string{"nxdomain"}, cname(t, r, world.Record(account, "shop.example.com").Name)); diff != "" {
		t.Errorf("record (-want +got):\n%s", diff)
	}
}

// A record that is written to Route 53 appears in the DNS, and ACM renews.
func TestMendedRecordRenews(t *testing.T) {
	renewals := make(chan struct{}, 8)
	logger := slog.New(&heard{message: "renewed", channel: renewals})
	r := start(t, parse(t, minimal), world.Options{RetryAfter: time.Millisecond, Logger: logger})
	before := describe(t, r, "shop.example.com").Certificate
	record := world.Record(account, "shop.example.com")

	client := route53.NewFromConfig(r.AWSConfig())
	zones, err := client.ListHostedZonesByName(t.Context(), &route53.ListHostedZonesByNameInput{DNSName: aws.String("example.com")})
	if err != nil || len(zones.HostedZones) != 1 {
		t.Fatalf("hosted zones: %+v, %v", zones, err)
	}
	change := func(action types.ChangeAction) {
		t.Helper()
		_, err := client.ChangeResourceRecordSets(t.Context(), &route53.ChangeResourceRecordSetsInput{
			HostedZoneId: zones.HostedZones[0].Id,
			ChangeBatch: &types.ChangeBatch{Changes: []types.Change{{
				Action: action,
				ResourceRecordSet: &types.ResourceRecordSet{
					Name: aws.String(record.Name), Type: types.RRTypeCname, TTL: aws.Int64(300),
					ResourceRecords: []types.ResourceRecord{{Value: aws.String(record.Value)}},
				},
			}}},
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	change(types.ChangeActionUpsert)
	if diff := cmp.Diff([]string{record.Value}, cname(t, r, record.Name)); diff != "" {
		t.Errorf("record after writing (-want +got):\n%s", diff)
	}
	select {
	case <-renewals:
	case <-time.After(20 * time.Second):
		t.Fatal("ACM did not renew")
	}
	after := describe(t, r, "shop.example.com").Certificate
	if after.RenewalSummary.RenewalStatus != "SUCCESS" || *after.Serial == *before.Serial || !after.NotAfter.After(*before.NotAfter) {
		t.Errorf("after the renewal: %s, serial number %s (before %s), until %s", after.RenewalSummary.RenewalStatus, *after.Serial, *before.Serial, after.NotAfter)
	}
	served := serve(t, r, "shop.example.com", "198.51.100.10")
	if want := strings.TrimLeft(strings.ReplaceAll(*after.Serial, ":", ""), "0"); served.Serial != want {
		t.Errorf("serves %s, want the new certificate %s", served.Serial, want)
	}

	change(types.ChangeActionDelete)
	if diff := cmp.Diff([]string{"nxdomain"}, cname(t, r, record.Name)); diff != "" {
		t.Errorf("record after deleting (-want +got):\n%s", diff)
	}
}

// heard is a log handler that signals a message.
type heard struct {
	slog.Handler
	message string
	channel chan struct{}
}

func (h *heard) Enabled(context.Context, slog.Level) bool { return true }
func (h *heard) Handle(_ context.Context, r slog.Record) error {
	if r.Message == h.message {
		h.channel <- struct{}{}
	}
	return nil
}
func (h *heard) WithAttrs([]slog.Attr) slog.Handler { return h }

// A renewal that still lacks a record, or that CAA stops, is not renewed.
func TestRenewLeavesTheBlockedAlone(t *testing.T) {
	r := start(t, world.Demo(), world.Options{})
	renewed, err := r.Renew(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, name := range []string{"api.example.com", "cdn.example.com"} {
		want = append(want, r.World().Certificate(name).ARN())
	}
	slices.Sort(want)
	if diff := cmp.Diff(want, renewed); diff != "" {
		t.Errorf("renewed (-want +got):\n%s", diff)
	}
	status := map[string]string{}
	for _, v := range describe(t, r, "shop.example.com").Certificate.RenewalSummary.DomainValidationOptions {
		status[*v.DomainName] = string(v.ValidationStatus)
	}
	if diff := cmp.Diff(map[string]string{"shop.example.com": "PENDING_VALIDATION", "checkout.example.com": "SUCCESS"}, status); diff != "" {
		t.Errorf("names (-want +got):\n%s", diff)
	}
}

func TestEndpoints(t *testing.T) {
	r := start(t, parse(t, `Endpoints of all kinds.
-- certificates.yaml --
- name: shop.example.com
- name: cdn.example.net
  method: HTTP
  used by: cloudfront
-- zone example.com --
shop    A     198.51.100.10
shop    AAAA  2001:db8::10
legacy  A     198.51.100.11
closed  A     198.51.100.12
silent  A     198.51.100.13
inside  A     10.0.0.1
-- zone example.net --
cdn  A  198.51.100.14
-- endpoints.yaml --
- address: 198.51.100.11
  names: [legacy.example.com]
  issuer: Let's Encrypt
  expires: -3d
  http: {"/": 200 hello, "legacy.example.com/old": 302 https://legacy.example.com/new}
- address: 198.51.100.12
  closed: true
- address: 198.51.100.13
  silent: true
`), world.Options{})
	shop := strings.TrimLeft(strings.ReplaceAll(*describe(t, r, "shop.example.com").Certificate.Serial, ":", ""), "0")

	tests := []struct {
		name, address string
		want          diagnose.TLSServed
	}{
		{"shop.example.com", "198.51.100.10", diagnose.TLSServed{Serial: shop, Issuer: "Amazon RSA 2048 M02"}},
		{"shop.example.com", "2001:db8::10", diagnose.TLSServed{Serial: shop, Issuer: "Amazon RSA 2048 M02"}},
		{"other.example.com", "198.51.100.10", diagnose.TLSServed{Obstacle: diagnose.BadAnswer}},
		{"legacy.example.com", "198.51.100.11", diagnose.TLSServed{Issuer: "R11"}},
		{"closed.example.com", "198.51.100.12", diagnose.TLSServed{Obstacle: diagnose.Unreachable}},
		{"nowhere.example.com", "203.0.113.99", diagnose.TLSServed{Obstacle: diagnose.Unreachable}},
		{"inside.example.com", "10.0.0.1", diagnose.TLSServed{Obstacle: diagnose.NotAllowed}},
	}
	for _, test := range tests {
		t.Run(test.name+" "+test.address, func(t *testing.T) {
			got := serve(t, r, test.name, test.address)
			ignore := cmpopts.IgnoreFields(diagnose.TLSServed{}, "Address", "Detail", "Subject", "IssuerOrg", "NotBefore", "NotAfter", "Names")
			if test.want.Serial == "" {
				got.Serial = ""
			}
			if diff := cmp.Diff(test.want, got, ignore); diff != "" {
				t.Errorf("served (-want +got):\n%s", diff)
			}
		})
	}
	t.Run("silent", func(t *testing.T) {
		o := r.ProbeOptions()
		o.Timeout = 20 * time.Millisecond
		if got := probe.New(o).TLS(t.Context(), "silent.example.com", []netip.Addr{netip.MustParseAddr("198.51.100.13")})[0]; got.Obstacle != diagnose.TimedOut {
			t.Errorf("got %+v, want %s", got, diagnose.TimedOut)
		}
	})

	prober := probe.New(r.ProbeOptions())
	session := dnstrace.New(r.DNSOptions()).Session()
	resolve := func(ctx context.Context, host string) ([]netip.Addr, error) {
		addrs, _, _ := session.Addresses(ctx, host)
		return addrs, nil
	}
	redirect := describe(t, r, "cdn.example.net").Certificate.DomainValidationOptions[0].HttpRedirect
	from := prober.HTTP(t.Context(), *redirect.RedirectFrom, resolve)
	if from.Status != 302 || from.Location != *redirect.RedirectTo {
		t.Errorf("HTTP validation: %+v, want a redirect to %s", from, *redirect.RedirectTo)
	}
	if to := prober.HTTP(t.Context(), *redirect.RedirectTo, resolve); to.Status != 200 {
		t.Errorf("the token: %+v, want it served", to)
	}
	for url, want := range map[string]int{
		"http://legacy.example.com/":    200,
		"http://legacy.example.com/old": 302,
		"http://shop.example.com/":      301,
	} {
		if got := prober.HTTP(t.Context(), url, resolve); got.Status != want {
			t.Errorf("%s: %+v, want %d", url, got, want)
		}
	}
}

// A literal world is reached by its own addresses, with nothing injected.
func TestLiteral(t *testing.T) {
	listener, err := net.Listen("tcp", "127.113.0.1:443")
	if err != nil {
		t.Skipf("the port 443 of 127.113.0.1 cannot be used here: %v", err)
	}
	_ = listener.Close()
	r := start(t, parse(t, minimal), world.Options{Literal: true})
	o := r.DNSOptions()
	o.Roots, err = dnstrace.ParseRootHints(strings.NewReader(r.RootHints()))
	if err != nil {
		t.Fatal(err)
	}
	session := dnstrace.New(o).Session()
	addrs, _, outcome := session.Addresses(t.Context(), "shop.example.com")
	if len(addrs) != 1 || !addrs[0].IsLoopback() {
		t.Fatalf("addresses %v (%s), want one in 127.0.0.0/8", addrs, outcome)
	}
	served := probe.New(r.ProbeOptions()).TLS(t.Context(), "shop.example.com", addrs)[0]
	if served.Serial == "" || served.Address != addrs[0].String()+":443" {
		t.Errorf("served %+v", served)
	}
	env := r.AWSEnv()
	if !strings.HasPrefix(env["AWS_ENDPOINT_URL"], "http://127.0.0.1:") || env["AWS_SECRET_ACCESS_KEY"] == "" {
		t.Errorf("environment %v", env)
	}
}

func TestLatency(t *testing.T) {
	const wait = 30 * time.Millisecond
	r := start(t, parse(t, minimal), world.Options{AWSLatency: wait, DNSLatency: wait})
	began := time.Now()
	describe(t, r, "shop.example.com")
	if took := time.Since(began); took < wait {
		t.Errorf("the AWS API answered after %s, want %s at least", took, wait)
	}
	began = time.Now()
	cname(t, r, "shop.example.com")
	if took := time.Since(began); took < 3*wait { // root, top-level domain, zone
		t.Errorf("the name servers answered after %s, want %s at least", took, 3*wait)
	}
}

func TestStartStopsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	r, err := parse(t, minimal).Start(ctx, world.Options{})
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	r.Close() // waits for it
	if _, err := net.Dial("tcp", strings.TrimPrefix(r.AWSEnv()["AWS_ENDPOINT_URL"], "http://")); err == nil {
		t.Error("the AWS API still answers")
	}
}

func TestParseErrors(t *testing.T) {
	tests := []struct {
		name, text, want string
	}{
		{"unknown section", "-- certs.yaml --\n", "test.txtar:1: certs.yaml: there is no such section; see the documentation of package world"},
		{"section twice", "-- expect.yaml --\n-- expect.yaml --\n", "test.txtar:2: expect.yaml: there is another one in line 1"},
		{"unknown key", "Title.\n-- certificates.yaml --\n- name: a.example\n  expries: +3d\n", `test.txtar:4: certificates.yaml: there is no key "expries" here`},
		{"moment", "-- certificates.yaml --\n- name: a.example\n  expires: soon\n", `test.txtar:3: certificates.yaml: "soon" is not a moment such as -3d, +12d, +36h or 2027-09-30`},
		{"no name", "-- certificates.yaml --\n- expires: +3d\n", "test.txtar: certificates.yaml: certificate 1 has no name"},
		{"foreign name", "-- certificates.yaml --\n- name: a.example\n  renewal: {status: PENDING_VALIDATION, pending: b.example}\n", "test.txtar: certificates.yaml: a.example: renewal: b.example is none of its names"},
		{"use", "-- certificates.yaml --\n- name: a.example\n  used by: toaster\n", `test.txtar: certificates.yaml: a.example: used by "toaster", which is neither an ARN nor alb, nlb, cloudfront, apigateway or nothing`},
		{"authority", "-- certificates.yaml --\n- name: a.example\n  authority: internal\n", `test.txtar: certificates.yaml: a.example: there is no authority "internal"`},
		{"macro", "-- zone a.example --\n@acm.nme(a.example). A 192.0.2.1\n", "test.txtar:1: zone a.example: there is no @acm.nme"},
		{"host", "-- zone a.example on mars --\n", `test.txtar:1: zone a.example on mars: "mars" is neither a DNS host that is known here nor the name of a server`},
		{"clause", "-- zone a.example, haunted --\n", `test.txtar:1: zone a.example, haunted: there is no clause "haunted"`},
		{"one server, two versions", "-- zone a.example --\n-- zone a.example --\n", "test.txtar: zone a.example: ns1.nameservers.example has another version of the zone already"},
		{"misdeed", "-- servers.yaml --\nns1.example.net: dance\n", `test.txtar:2: servers.yaml: no server does "dance"`},
		{"server", "-- servers.yaml --\nns1.example.net: drop\n", "test.txtar: servers.yaml: there is no zone and no server ns1.example.net"},
		{"endpoint", "-- endpoints.yaml --\n- address: here\n", `test.txtar: endpoints.yaml: endpoint 1: "here" is not an IP address`},
		{"served", "-- endpoints.yaml --\n- address: 192.0.2.1\n  serves: a.example\n", `test.txtar: endpoints.yaml: 192.0.2.1 serves "a.example", which is no certificate`},
		{"answer", "-- endpoints.yaml --\n- address: 192.0.2.1\n  http: {/: hello}\n", `test.txtar: endpoints.yaml: 192.0.2.1: /: "hello" does not begin with an HTTP status`},
		{"account", "-- accounts.yaml --\n12: {}\n", `test.txtar: accounts.yaml: "12" is not an account id of 12 digits`},
		{"fault", "-- accounts.yaml --\n111122223333: {faults: [\"acm explodes\"]}\n", `test.txtar: accounts.yaml: 111122223333: fault "acm explodes" is not an action, what happens to it, and when`},
		{"expected certificate", "-- expect.yaml --\n- of: a\n", `test.txtar: expect.yaml: there is no certificate called "a"`},
		{"nothing to ask", "-- expect.yaml --\n- causes: [expired]\n", "test.txtar: expect.yaml: expectation 1 has nothing to ask"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := world.Parse("test.txtar", []byte(test.text))
			if err == nil {
				t.Fatal("no error")
			}
			if diff := cmp.Diff(test.want, err.Error()); diff != "" {
				t.Errorf("error (-want +got):\n%s", diff)
			}
		})
	}
	t.Run("zone", func(t *testing.T) {
		_, err := world.Parse("test.txtar", []byte("-- zone a.example --\n@ A not-an-address\n"))
		if err == nil || !strings.HasPrefix(err.Error(), "test.txtar: zone a.example: reading the records: ") {
			t.Errorf("error %v", err)
		}
	})
}

