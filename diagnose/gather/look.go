package gather

import (
	"context"
	"errors"
	"iter"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/acmbot/acmbot/diagnose"
)

// A look is the observing done for one answer. DNS and endpoints are shared
// among its certificates.
type look struct {
	*Gatherer
	dns   Resolver
	at    time.Time
	query diagnose.Query

	mu        sync.Mutex
	endpoints map[string]func() diagnose.Endpoint
}

// certificate gathers the facts about one certificate, all but DNS, which the
// caller adds when everything is done.
func (l *look) certificate(ctx context.Context, c diagnose.Certificate) diagnose.Facts {
	f := diagnose.Facts{At: l.at, Query: l.query, Certificate: c}
	var mu sync.Mutex // guards f
	var work errgroup.Group
	if c.Type == diagnose.TypeAmazonIssued && c.KeyPairOrigin != diagnose.OriginACME && c.Status != diagnose.StatusRevoked {
		work.Go(func() error {
			troubled := l.records(ctx, &c)
			if c.Renewal != nil && c.Renewal.Status == diagnose.RenewalPendingValidation {
				// In order as seen from here; Route 53 may show it otherwise elsewhere.
				for _, v := range c.Renewal.Names {
					if v.Record != nil && v.Status != diagnose.NameSuccess && !slices.Contains(troubled, diagnose.CanonicalName(v.Record.Name)) {
						troubled = append(troubled, diagnose.CanonicalName(v.Record.Name))
					}
				}
				slices.Sort(troubled)
			}
			if len(troubled) > 0 {
				zones, unseen := l.o.Inventory.HostedZones(ctx, "", troubled)
				mu.Lock()
				defer mu.Unlock()
				f.HostedZones = zones
				f.Unseen = append(f.Unseen, unseen...)
			}
			return nil
		})
		work.Go(func() error { l.caa(ctx, c.Names); return nil })
		work.Go(func() error { l.mail(ctx, &c); return nil })
		for url := range redirects(&c) {
			work.Go(func() error {
				reply := l.o.Prober.HTTP(ctx, url, l.resolve)
				mu.Lock()
				defer mu.Unlock()
				if f.Redirects == nil {
					f.Redirects = map[string]diagnose.HTTPReply{}
				}
				f.Redirects[url] = reply
				return nil
			})
		}
	}
	if c.AuthorityARN != "" && c.Type == diagnose.TypePrivate {
		work.Go(func() error {
			ca := l.o.Inventory.Authority(ctx, c.AuthorityARN)
			mu.Lock()
			defer mu.Unlock()
			f.Authority = ca
			return nil
		})
	}
	for _, host := range l.hosts(&c) {
		work.Go(func() error {
			e := l.endpoint(ctx, host)
			mu.Lock()
			defer mu.Unlock()
			if f.Endpoints == nil {
				f.Endpoints = map[string]diagnose.Endpoint{}
			}
			f.Endpoints[host] = e
			return nil
		})
	}
	_ = work.Wait()
	return f
}

// records looks up every validation CNAME, and more where one is not in order.
// It returns the names of those.
func (l *look) records(ctx context.Context, c *diagnose.Certificate) (troubled []string) {
	var mu sync.Mutex
	var work errgroup.Group
	for record := range expected(c) {
		work.Go(func() error {
			if l.record(ctx, record) {
				return nil
			}
			mu.Lock()
			defer mu.Unlock()
			troubled = append(troubled, record.Name)
			return nil
		})
	}
	_ = work.Wait()
	slices.Sort(troubled)
	return troubled
}

// expected yields each validation record that the certificate's renewal, or its
// switch to DNS validation, asks for, once.
func expected(c *diagnose.Certificate) iter.Seq[diagnose.Record] {
	return func(yield func(diagnose.Record) bool) {
		seen := map[string]bool{}
		give := func(r *diagnose.Record) bool {
			if r == nil || seen[diagnose.CanonicalName(r.Name)] {
				return true
			}
			record := diagnose.Record{Name: diagnose.CanonicalName(r.Name), Type: "CNAME", Value: diagnose.CanonicalName(r.Value)}
			seen[record.Name] = true
			return yield(record)
		}
		for _, name := range c.Names {
			if v, ok := c.Expected(name); ok && !give(v.Record) {
				return
			}
		}
		if c.Update != nil {
			for _, v := range c.Update.Names {
				if !give(v.Record) {
					return
				}
			}
		}
	}
}

// record looks up one validation CNAME. Where not all servers have it, it looks
// where else it may have gone; it reports whether all is in order.
func (l *look) record(ctx context.Context, record diagnose.Record) bool {
	answer := l.dns.Lookup(ctx, record.Name, "CNAME")
	right, others := 0, map[string]bool{}
	usable := 0
	for _, reply := range answer.Replies {
		if !reply.Outcome.Usable() {
			continue
		}
		usable++
		for _, rr := range reply.Answer {
			if rr.Type != "CNAME" || diagnose.CanonicalName(rr.Name) != record.Name {
				continue
			}
			target := diagnose.CanonicalName(rr.Value)
			if target == record.Value || "_"+target == record.Value {
				right++
			} else {
				others[target] = true
			}
		}
	}
	for _, reply := range answer.Public {
		for _, rr := range reply.Answer {
			if target := diagnose.CanonicalName(rr.Value); rr.Type == "CNAME" && diagnose.CanonicalName(rr.Name) == record.Name && target != record.Value {
				others[target] = true
			}
		}
	}
	var work errgroup.Group
	also := func(name, rrtype string) {
		if name != "" {
			work.Go(func() error { l.dns.Lookup(ctx, name, rrtype); return nil })
		}
	}
	for target := range others {
		work.Go(func() error { l.chain(ctx, target, record.Value); return nil })
	}
	also(record.Name, "TXT")
	if usable > 0 && right == usable {
		_ = work.Wait()
		return answer.Security.State != diagnose.Bogus
	}
	sibling := diagnose.SiblingName(record.Name)
	also(sibling, "CNAME")
	if right == 0 {
		for _, t := range []string{"A", "AAAA"} {
			also(record.Name, t)
			also(sibling, t)
		}
		also(sibling, "TXT")
		also(diagnose.BareName(record.Name), "CNAME")
		for _, doubled := range diagnose.DoubledNames(record.Name, answer.Zone()) {
			also(doubled, "CNAME")
			also(diagnose.SiblingName(doubled), "CNAME")
		}
	}
	_ = work.Wait()
	return false
}

// chain follows CNAMEs from a target, a little further than ACM does.
func (l *look) chain(ctx context.Context, target, value string) {
	for range 8 {
		if target == value || strings.HasSuffix(target, ".acm-validations.aws") {
			return
		}
		answer := l.dns.Lookup(ctx, target, "CNAME")
		next := ""
		for _, reply := range slices.Concat(answer.Replies, answer.Public) {
			for _, rr := range reply.Answer {
				if rr.Type == "CNAME" && diagnose.CanonicalName(rr.Name) == target {
					next = diagnose.CanonicalName(rr.Value)
				}
			}
		}
		if next == "" {
			return
		}
		target = next
	}
}

// caa looks up the CAA records that RFC 8659 section 3 has an issuer look at:
// of each name and its ancestors, and of what they are aliases of.
func (l *look) caa(ctx context.Context, names []string) {
	seen := map[string]bool{}
	var work errgroup.Group
	for _, name := range names {
		for _, at := range diagnose.Ancestors(name) {
			if seen[at] {
				continue
			}
			seen[at] = true
			work.Go(func() error {
				l.caaThrough(ctx, at, 0)
				return nil
			})
		}
	}
	_ = work.Wait()
}

func (l *look) caaThrough(ctx context.Context, name string, depth int) {
	const aliases = 8
	answer := l.dns.Lookup(ctx, name, "CAA")
	targets := map[string]bool{}
	for _, reply := range answer.Replies {
		for _, rr := range reply.Answer {
			if rr.Type == "CNAME" && diagnose.CanonicalName(rr.Name) == name {
				targets[diagnose.CanonicalName(rr.Value)] = true
			}
		}
	}
	for target := range targets {
		if depth < aliases {
			l.caaThrough(ctx, target, depth+1)
		}
	}
}

// mail looks up where validation mail would go.
func (l *look) mail(ctx context.Context, c *diagnose.Certificate) {
	var work errgroup.Group
	for _, domain := range diagnose.MailDomains(c) {
		for _, t := range []string{"MX", "A", "AAAA"} {
			work.Go(func() error { l.dns.Lookup(ctx, domain, t); return nil })
		}
	}
	_ = work.Wait()
}

// redirects are the URLs of a certificate's HTTP validation, both ends.
func redirects(c *diagnose.Certificate) map[string]bool {
	urls := map[string]bool{}
	for _, n := range c.Names {
		if v, ok := c.Expected(n); ok && v.Redirect != nil {
			urls[v.Redirect.From] = true
			urls[v.Redirect.To] = true
		}
	}
	delete(urls, "")
	return urls
}

// hosts are the names to look at over HTTPS: the one asked for, then the first
// of the certificate's.
func (l *look) hosts(c *diagnose.Certificate) []string {
	var list []string
	if d := l.query.Domain; d != "" && !isWildcard(d) {
		list = append(list, d)
	}
	for _, n := range c.Names {
		if len(list) >= endpointHosts {
			break
		}
		if !isWildcard(n) && !slices.Contains(list, n) {
			list = append(list, n)
		}
	}
	return list
}

// endpoint looks at what a name serves, once an answer.
func (l *look) endpoint(ctx context.Context, host string) diagnose.Endpoint {
	l.mu.Lock()
	if l.endpoints == nil {
		l.endpoints = map[string]func() diagnose.Endpoint{}
	}
	once := l.endpoints[host]
	if once == nil {
		once = sync.OnceValue(func() diagnose.Endpoint {
			addrs, canonical, outcome := l.dns.Addresses(ctx, host)
			e := diagnose.Endpoint{Name: host}
			if canonical != host {
				e.Canonical = canonical
			}
			if len(addrs) == 0 {
				e.Resolution = outcome
				return e
			}
			e.Served = l.o.Prober.TLS(ctx, host, addrs)
			return e
		})
		l.endpoints[host] = once
	}
	l.mu.Unlock()
	return once()
}

var errNoAddress = errors.New("the name has no address")

func (l *look) resolve(ctx context.Context, host string) ([]netip.Addr, error) {
	addrs, _, _ := l.dns.Addresses(ctx, host)
	if len(addrs) == 0 {
		return nil, errNoAddress
	}
	return addrs, nil
}
