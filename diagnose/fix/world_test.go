package fix_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/acmbot/acmbot/diagnose"
	"github.com/acmbot/acmbot/diagnose/dnstrace"
	"github.com/acmbot/acmbot/diagnose/fix"
	"github.com/acmbot/acmbot/diagnose/gather"
	"github.com/acmbot/acmbot/diagnose/inventory"
	"github.com/acmbot/acmbot/diagnose/probe"
	"github.com/acmbot/acmbot/diagnose/world"
)

// A scene is a running world with who diagnoses and who mends it.
type scene struct {
	*world.Running
	doctor *gather.Gatherer
	fixer  *fix.Fixer
}

func play(t *testing.T, text string) *scene {
	t.Helper()
	w, err := world.Parse("test.txtar", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	run, err := w.Start(t.Context(), world.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(run.Close)
	quotas := inventory.DefaultQuotas()
	for action := range quotas {
		quotas[action] = 0
	}
	inv := inventory.New(inventory.Options{Config: run.AWSConfig(), Regions: run.Regions(), RoleARNs: run.RoleARNs(), Quotas: quotas})
	tracer := dnstrace.New(run.DNSOptions())
	return &scene{
		Running: run,
		doctor: gather.New(gather.Options{
			Inventory: inv, Session: func() gather.Resolver { return tracer.Session() }, Prober: probe.New(run.ProbeOptions()), Timeout: 30 * time.Second,
		}),
		fixer: fix.New(fix.Options{Inventory: inv, Kinds: fix.Kinds(), Poll: time.Millisecond}),
	}
}

func (s *scene) ask(t *testing.T, domain string) (*diagnose.Facts, *diagnose.Report) {
	t.Helper()
	q, err := diagnose.ParseQuery(domain)
	if err != nil {
		t.Fatal(err)
	}
	a := s.doctor.Answer(t.Context(), q, nil)
	if len(a.Reports) == 0 {
		t.Fatalf("there is no certificate for %s", domain)
	}
	return &a.Facts[0], &a.Reports[0]
}

func causes(r *diagnose.Report) []diagnose.CauseID {
	var list []diagnose.CauseID
	for _, f := range r.Findings {
		list = append(list, f.Cause)
	}
	return list
}

// From the cause to its end, over the real protocols: what is offered is
// planned, carried out, and mends the cause.
func TestFixesMendTheirCauses(t *testing.T) {
	for _, test := range []struct {
		name, world, ask string
		kind             fix.Kind
		cause            diagnose.CauseID
		consent          fix.Consent
		check            func(*testing.T, fix.Plan)
	}{
		{
			name: "a missing record in another account's zone", ask: "shop.example.com", kind: fix.AddCNAME, cause: "cname-missing",
			world: `
-- certificates.yaml --
- names: [shop.example.com, www.example.com]
  expires: +12d
  renewal: PENDING_VALIDATION
-- zone example.com in 444455556666 --
shop  A  198.51.100.10
www  A  198.51.100.10
`,
			check: func(t *testing.T, p fix.Plan) {
				if len(p.Changes) != 2 || p.Changes[0].ZoneAccount != "444455556666" || p.Replaces() {
					t.Errorf("plan %+v", p)
				}
			},
		},
		{
			name: "a wrong value", ask: "shop.example.com", kind: fix.AddCNAME, cause: "cname-wrong-value", consent: fix.Consent{Replace: true},
			world: `
-- certificates.yaml --
- name: shop.example.com
  expires: +12d
  renewal: PENDING_VALIDATION
-- zone example.com in 111122223333 --
@acm.name(shop.example.com).  CNAME  _old.xlfgrmvvlj.acm-validations.aws.
`,
			check: func(t *testing.T, p fix.Plan) {
				if !p.Replaces() || !slices.Equal(p.Changes[0].Before, []string{"_old.xlfgrmvvlj.acm-validations.aws"}) {
					t.Errorf("plan %+v", p)
				}
			},
		},
		{
			name: "a CAA record of the parent's", ask: "shop.example.com", kind: fix.AddCAA, cause: "caa-inherited",
			world: `
-- certificates.yaml --
- name: shop.example.com
  expires: +12d
  renewal: {status: PENDING_AUTO_RENEWAL, reason: CAA_ERROR}
-- zone example.com in 111122223333 --
@acm(shop.example.com)
@  CAA  0 issue "letsencrypt.org"
@  CAA  0 iodef "mailto:security@example.com"
shop  A  198.51.100.10
`,
			check: func(t *testing.T, p fix.Plan) {
				if p.Replaces() || len(p.Changes) != 1 || len(p.Changes[0].After) != 3 || p.Changes[0].Name != "example.com" {
					t.Errorf("plan %+v", p)
				}
			},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := play(t, test.world)
			facts, report := s.ask(t, test.ask)
			if !slices.Contains(causes(report), test.cause) {
				t.Fatalf("the causes are %v", causes(report))
			}
			if !slices.Contains(fix.Offers(facts, report), test.kind) {
				t.Fatalf("offers %v", fix.Offers(facts, report))
			}
			p, err := s.fixer.Prepare(t.Context(), facts, report, test.kind)
			if err != nil {
				t.Fatal(err)
			}
			test.check(t, p)
			if again, err := s.fixer.Prepare(t.Context(), facts, report, test.kind); err != nil || again.Hash() != p.Hash() {
				t.Errorf("the same state gives another plan: %+v, %v", again, err)
			}
			if len(p.Commands()) != 1 || !strings.HasPrefix(p.Commands()[0], "aws route53 change-resource-record-sets --hosted-zone-id Z") {
				t.Errorf("commands %q", p.Commands())
			}
			if _, err := s.fixer.Apply(t.Context(), p, test.consent); err != nil {
				t.Fatal(err)
			}
			facts, report = s.ask(t, test.ask)
			if slices.Contains(causes(report), test.cause) {
				t.Errorf("the cause is still there: %s", report.Headline)
			}
			if slices.Contains(fix.Offers(facts, report), test.kind) {
				t.Error("what is mended is still offered")
			}
			if _, err := s.fixer.Prepare(t.Context(), facts, report, test.kind); err == nil {
				t.Error("what is mended is planned again")
			}
		})
	}
}

// Where the bot cannot write, it says why, and offers nothing.
func TestFixesThatAreNotPossible(t *testing.T) {
	const certificate = `
-- certificates.yaml --
- name: shop.example.com
  expires: +12d
  renewal: PENDING_VALIDATION
`
	for _, test := range []struct{ name, world, want string }{
		{"the zone is elsewhere", certificate + "-- zone example.com on cloudflare --\nshop  A  198.51.100.10\n", "is not in a Route 53 account that I read"},
		{"the zone in Route 53 is not delegated", certificate + "-- zone example.com on cloudflare --\nshop  A  198.51.100.10\n-- zone example.com in 111122223333, not delegated --\nshop  A  198.51.100.10\n", "is not the one that the domain is delegated to"},
		{"the zone in Route 53 is private", certificate + "-- zone example.com on cloudflare --\nshop  A  198.51.100.10\n-- zone example.com in 111122223333, private --\nshop  A  198.51.100.10\n", "is not in a Route 53 account that I read"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := play(t, test.world)
			facts, report := s.ask(t, "shop.example.com")
			if offers := fix.Offers(facts, report); len(offers) > 0 {
				t.Errorf("offers %v", offers)
			}
			_, err := s.fixer.Prepare(context.WithoutCancel(t.Context()), facts, report, fix.AddCNAME)
			var refusal *fix.Refusal
			if !errors.As(err, &refusal) || refusal.Reason != fix.NotPossible || !strings.Contains(refusal.Text, test.want) {
				t.Errorf("refused with %v, want %q", err, test.want)
			}
		})
	}
}
