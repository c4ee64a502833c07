package gather_test

import (
	"context"
	"net"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/acmbot/acmbot/diagnose"
	"github.com/acmbot/acmbot/diagnose/address"
	"github.com/acmbot/acmbot/diagnose/dnstrace"
	"github.com/acmbot/acmbot/diagnose/gather"
	"github.com/acmbot/acmbot/diagnose/inventory"
	"github.com/acmbot/acmbot/diagnose/probe"
	"github.com/acmbot/acmbot/diagnose/world"
)

// A world in which everything leads inside: addresses of web servers, alone and
// beside public ones, by way of aliases, and of name servers.
const inward = `Names that lead to where nobody outside gets.
-- certificates.yaml --
- names: [shop.example.com, metadata.example.com, alias.example.com, inside.example.com, six.example.com]
  expires: +12d
  renewal: PENDING_VALIDATION
-- zone example.com --
shop      A      169.254.169.254
shop      A      198.51.100.10
metadata  A      169.254.169.254
metadata  AAAA   fd00:ec2::254
alias     CNAME  trap.example.net.
inside    A      10.0.0.1
inside    A      127.0.0.1
six       AAAA   ::1
six       AAAA   fe80::1
six       AAAA   64:ff9b::a9fe:a9fe
sub       NS     ns.trap.example.com.
ns.trap   A      169.254.169.253
-- zone example.net --
trap  A  169.254.169.254
`

// Nothing that a name leads to inside is connected to, over any protocol, also
// where DNS is the attacker's.
func TestNamesThatLeadInside(t *testing.T) {
	w, err := world.Parse("inward", []byte(inward))
	if err != nil {
		t.Fatal(err)
	}
	run, err := w.Start(t.Context(), world.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer run.Close()

	var mu sync.Mutex
	var dialled []string
	note := func(dial func(context.Context, string, string) (net.Conn, error)) func(context.Context, string, string) (net.Conn, error) {
		return func(ctx context.Context, network, to string) (net.Conn, error) {
			mu.Lock()
			dialled = append(dialled, to)
			mu.Unlock()
			return dial(ctx, network, to)
		}
	}
	dns, web := run.DNSOptions(), run.ProbeOptions()
	dns.Dial, web.Dial = note(dns.Dial), note(web.Dial)
	tracer := dnstrace.New(dns)
	g := gather.New(gather.Options{
		Inventory: inventory.New(inventory.Options{Config: run.AWSConfig(), Regions: run.Regions(), RoleARNs: run.RoleARNs()}),
		Session:   func() gather.Resolver { return tracer.Session() },
		Prober:    probe.New(web),
		Timeout:   time.Minute,
	})
	refused := 0
	for _, ask := range []string{"shop.example.com", "metadata.example.com", "alias.example.com", "inside.example.com", "six.example.com", "sub.example.com"} {
		q, err := diagnose.ParseQuery(ask)
		if err != nil {
			t.Fatal(err)
		}
		a := g.Answer(t.Context(), q, nil)
		for _, f := range a.Facts {
			for _, e := range f.Endpoints {
				for _, s := range e.Served {
					if s.Obstacle == diagnose.NotAllowed {
						refused++
					}
				}
			}
		}
	}
	if refused == 0 {
		t.Error("nothing was refused: the world does not lead inside")
	}
	if !slices.ContainsFunc(dialled, func(to string) bool { return to == "198.51.100.10:443" }) {
		t.Error("the public address beside a private one was not looked at")
	}
	for _, to := range dialled {
		ap, err := netip.ParseAddrPort(to)
		if err != nil {
			continue // a resolver, by its name
		}
		if what := address.Forbidden(ap.Addr()); what != "" || ap.Addr().IsPrivate() || ap.Addr().IsLoopback() && ap.Port() != 53 && ap.Port() < 1024 {
			t.Errorf("%s is dialled", to)
		}
	}
}
