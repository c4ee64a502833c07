// Package gather puts the observers together: it finds the certificates that a
// question is about, looks at everything observable about each, and has the
// facts judged.
package gather

import (
	"context"
	"net/netip"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/acmbot/acmbot/diagnose"
	"github.com/acmbot/acmbot/diagnose/dnstrace"
	"github.com/acmbot/acmbot/diagnose/inventory"
	"github.com/acmbot/acmbot/diagnose/probe"
)

// An Inventory knows the certificates, and what else the AWS accounts tell.
type Inventory interface {
	// Find returns the certificates that a query is about, those that matter
	// most first.
	Find(ctx context.Context, q diagnose.Query, progress func(diagnose.Progress)) inventory.Found
	// HostedZones returns the Route 53 zones that names could be in, over all
	// accounts where account is empty.
	HostedZones(ctx context.Context, account string, names []string) ([]diagnose.HostedZone, []diagnose.Unseen)
	// Authority describes a private CA.
	Authority(ctx context.Context, arn string) *diagnose.Authority
}

var (
	_ Inventory = (*inventory.Inventory)(nil)
	_ Resolver  = (*dnstrace.Session)(nil)
	_ Prober    = (*probe.Prober)(nil)
)

// A Resolver asks DNS for one diagnosis and remembers what it was told.
type Resolver interface {
	Lookup(ctx context.Context, name, rrtype string) *diagnose.Lookup
	Addresses(ctx context.Context, name string) (addrs []netip.Addr, canonical string, outcome diagnose.Outcome)
	Facts() diagnose.DNS
}

// A Prober looks at endpoints from outside.
type Prober interface {
	TLS(ctx context.Context, name string, addrs []netip.Addr) []diagnose.TLSServed
	HTTP(ctx context.Context, url string, resolve func(ctx context.Context, host string) ([]netip.Addr, error)) diagnose.HTTPReply
}

// Options are what a Gatherer needs.
type Options struct {
	Inventory Inventory
	// Session starts the DNS work of one diagnosis.
	Session func() Resolver
	Prober  Prober
	// Timeout bounds one answer; 0 is 20 seconds. What is not seen by then is
	// reported as not seen.
	Timeout time.Duration
	Now     func() time.Time
	// Certificates is how many certificates are diagnosed for one question; 0
	// is 6.
	Certificates int
}

// A Gatherer answers questions; it is a diagnose.Diagnostician.
type Gatherer struct{ o Options }

var _ diagnose.Diagnostician = (*Gatherer)(nil)

// New returns a Gatherer.
func New(o Options) *Gatherer {
	if o.Timeout == 0 {
		o.Timeout = 20 * time.Second
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Certificates == 0 {
		o.Certificates = 6
	}
	return &Gatherer{o}
}

// endpointHosts is how many of a certificate's names are looked at over HTTPS.
const endpointHosts = 10

// Answer implements diagnose.Diagnostician.
func (g *Gatherer) Answer(ctx context.Context, q diagnose.Query, progress func(diagnose.Progress)) diagnose.Answer {
	if progress == nil {
		progress = func(diagnose.Progress) {}
	}
	ctx, cancel := context.WithTimeout(ctx, g.o.Timeout)
	defer cancel()
	look := &look{Gatherer: g, dns: g.o.Session(), at: g.o.Now().UTC(), query: q}
	answer := diagnose.Answer{At: look.at, Query: q}

	// What the name serves, and the way to its zone, do not depend on which
	// certificates there are.
	var early errgroup.Group
	if q.Domain != "" && !isWildcard(q.Domain) {
		early.Go(func() error { look.endpoint(ctx, q.Domain); return nil })
		early.Go(func() error { look.caaThrough(ctx, q.Domain, 0); return nil })
	}
	progress(diagnose.Progress{Stage: StageFind})
	found := g.o.Inventory.Find(ctx, q, progress)
	answer.Scope, answer.More, answer.Similar = found.Scope, found.More, found.Similar
	if len(found.Certificates) == 0 {
		_ = early.Wait()
		if q.Domain != "" && !isWildcard(q.Domain) {
			e := look.endpoint(ctx, q.Domain)
			answer.Endpoint = &e
		}
		return answer
	}

	certificates := found.Certificates[:min(len(found.Certificates), g.o.Certificates)]
	for _, c := range found.Certificates[len(certificates):] {
		answer.More = append(answer.More, c.Ref())
	}
	facts := make([]diagnose.Facts, len(certificates))
	progress(diagnose.Progress{Stage: StageLook, Total: len(certificates)})
	var all errgroup.Group
	for i := range certificates {
		all.Go(func() error {
			facts[i] = look.certificate(ctx, certificates[i])
			return nil
		})
	}
	_ = all.Wait()
	_ = early.Wait()
	dns := look.dns.Facts()
	for i := range facts {
		facts[i].DNS = dns
	}
	progress(diagnose.Progress{Stage: StageJudge})
	answer.Conclude(facts)
	return answer
}

func isWildcard(name string) bool { return len(name) > 2 && name[:2] == "*." }
