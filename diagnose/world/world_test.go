package world_test

import (
	"maps"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/acm"
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
// heard is a log handler that signals a message.
// A renewal that still lacks a record, or that CAA stops, is not renewed.
// A literal world is reached by its own addresses, with nothing injected.
func TestParseErrors(t *testing.T) {
	tests := []struct {
		name, text, want string
	}{
		{"unknown section", "-- certs.yaml --\n", "test.txtar:1: certs.yaml: there is no such section; see the documentation of package world"},
		{"section twice", "-- expect.yaml --\n-- expect.yaml --\n", "test.txtar:2: expect.yaml: there is another one in line 1"},
		{"unknown key", "Title.\n-- certificates.yaml --\n- name: a.example\n  expirse: +3d\n", `test.txtar:4: certificates.yaml: there is no key "expirse" here`},
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

// Whatever is read, it is refused with an error or starts.
func FuzzParse(f *testing.F) {
	f.Add([]byte(minimal))
	f.Add([]byte("-- zone . --\n-- certificates.yaml --\n- name: \"{1..3}.x\"\n"))
	files, err := filepath.Glob("../testdata/worlds/*.txtar")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		w, err := world.Parse("fuzz.txtar", data)
		if err != nil && !strings.HasPrefix(err.Error(), "fuzz.txtar") {
			t.Errorf("the error does not name the file: %v", err)
		}
		if err == nil && len(w.Accounts) == 0 {
			t.Error("a world without accounts")
		}
	})
}
