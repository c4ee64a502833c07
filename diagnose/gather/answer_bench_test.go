package gather_test

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/acm"
	"github.com/aws/aws-sdk-go-v2/service/acm/types"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/miekg/dns"

	"github.com/acmbot/acmbot/diagnose"
	"github.com/acmbot/acmbot/diagnose/world"
)

// BenchmarkAnswer takes the time to a full answer in a world whose AWS takes
// 50 ms and whose name servers take 20 ms for each answer, and divides it by
// that of the longest chain of round trips each of which needs what the one
// before it gave, made one after the other on bare clients.
func BenchmarkAnswer(b *testing.B) {
	run, err := world.Demo().Start(b.Context(), world.Options{AWSLatency: 50 * time.Millisecond, DNSLatency: 20 * time.Millisecond})
	if err != nil {
		b.Fatal(err)
	}
	defer run.Close()
	q, err := diagnose.ParseQuery("shop.example.com")
	if err != nil {
		b.Fatal(err)
	}
	var ratios, chains []float64
	for b.Loop() {
		start := time.Now()
		a := gatherer(run).Answer(context.Background(), q, nil) // a new one: nothing is remembered
		answered := time.Since(start)
		if len(a.Reports) != 1 || len(a.Reports[0].Findings) != 1 {
			b.Fatalf("the answer is %+v", a.Reports)
		}
		b.StopTimer()
		start = time.Now()
		steps := chain(b, run)
		chained := time.Since(start)
		ratios = append(ratios, float64(answered)/float64(chained))
		chains = append(chains, float64(chained.Milliseconds()))
		b.ReportMetric(float64(steps), "steps")
		b.StartTimer()
	}
	slices.Sort(ratios)
	slices.Sort(chains)
	b.ReportMetric(ratios[len(ratios)/2], "answer/chain") // the median
	b.ReportMetric(ratios[0], "least-answer/chain")
	b.ReportMetric(chains[len(chains)/2], "chain-ms")
}

// chain makes the longest chain: who the credentials are; the certificates for
// the name; the certificate; the record it asks for, from the root down, by way
// of the name server's own name; the hosted zones; the zone's records. It
// returns how many round trips that was.
func chain(b *testing.B, run *world.Running) (steps int) {
	b.Helper()
	ctx := b.Context()
	step := func(err error) {
		b.Helper()
		if err != nil {
			b.Fatal(err)
		}
		steps++
	}
	config := run.AWSConfig()
	config.Region = "eu-west-1"
	_, err := sts.NewFromConfig(config).GetCallerIdentity(ctx, nil)
	step(err)
	client := acm.NewFromConfig(config)
	found, err := client.SearchCertificates(ctx, &acm.SearchCertificatesInput{FilterStatement: &types.CertificateFilterStatementMemberFilter{
		Value: &types.CertificateFilterMemberX509AttributeFilter{Value: &types.X509AttributeFilterMemberSubjectAlternativeName{
			Value: &types.SubjectAlternativeNameFilterMemberDnsName{Value: types.DnsNameFilter{Value: aws.String("shop.example.com"), ComparisonOperator: types.ComparisonOperatorEquals}},
		}},
	}})
	step(err)
	described, err := client.DescribeCertificate(ctx, &acm.DescribeCertificateInput{CertificateArn: found.Results[0].CertificateArn})
	step(err)
	record := aws.ToString(described.Certificate.RenewalSummary.DomainValidationOptions[0].ResourceRecord.Name)

	ask := func(address, name string, rrtype uint16) *dns.Msg {
		conn, err := run.DNSOptions().Dial(ctx, "udp", address)
		if err != nil {
			b.Fatal(err)
		}
		defer func() { _ = conn.Close() }()
		c := &dns.Conn{Conn: conn}
		m := new(dns.Msg)
		m.SetQuestion(dns.Fqdn(name), rrtype)
		m.RecursionDesired = false
		step(c.WriteMsg(m))
		reply, err := c.ReadMsg()
		if err != nil {
			b.Fatal(err)
		}
		return reply
	}
	address := func(m *dns.Msg) string {
		for _, rr := range m.Extra {
			if a, ok := rr.(*dns.A); ok {
				return netip.AddrPortFrom(netip.MustParseAddr(a.A.String()), 53).String()
			}
		}
		return ""
	}
	root := run.DNSOptions().Roots[0].Addresses[0]
	if _, err := netip.ParseAddrPort(root); err != nil {
		root = netip.AddrPortFrom(netip.MustParseAddr(root), 53).String()
	}
	referral := ask(address(ask(root, record, dns.TypeCNAME)), record, dns.TypeCNAME)
	// A server whose name is in another top-level domain takes a way of its own.
	server := ""
	for _, rr := range referral.Ns {
		if ns, ok := rr.(*dns.NS); ok && !strings.HasSuffix(ns.Ns, ".com.") {
			server = ns.Ns
		}
	}
	for at := root; ; {
		m := ask(at, server, dns.TypeA)
		if len(m.Answer) > 0 {
			if a, ok := m.Answer[0].(*dns.A); ok {
				server = netip.AddrPortFrom(netip.MustParseAddr(a.A.String()), 53).String()
				break
			}
		}
		at = address(m)
	}
	if reply := ask(server, record, dns.TypeCNAME); reply.Rcode != dns.RcodeNameError {
		b.Fatalf("the record is there: %v", reply)
	}

	zones := route53.NewFromConfig(config)
	list, err := zones.ListHostedZones(ctx, &route53.ListHostedZonesInput{})
	step(err)
	for _, z := range list.HostedZones {
		if aws.ToString(z.Name) == "example.com." {
			_, err := zones.ListResourceRecordSets(ctx, &route53.ListResourceRecordSetsInput{HostedZoneId: z.Id})
			step(err)
			return steps
		}
	}
	b.Fatal("there is no hosted zone")
	return 0
}

// many is a world with 100 names in one zone, or in a zone each, all in order.
func many(b *testing.B, names int, apart bool) *world.World {
	b.Helper()
	var text strings.Builder
	text.WriteString("Many names.\n-- certificates.yaml --\n- names:\n")
	name := func(n int) string {
		if apart {
			return fmt.Sprintf("www.n%03d.com", n)
		}
		return fmt.Sprintf("n%03d.example.com", n)
	}
	for n := range names {
		fmt.Fprintf(&text, "  - %s\n", name(n))
	}
	text.WriteString("  expires: +12d\n  renewal: PENDING_VALIDATION\n")
	if !apart {
		text.WriteString("-- zone example.com --\n")
	}
	for n := range names {
		if apart {
			fmt.Fprintf(&text, "-- zone n%03d.com on ns1.hoster.com ns2.hoster.com --\n", n)
		}
		fmt.Fprintf(&text, "%s. A 198.51.100.10\n@acm(%s)\n", name(n), name(n))
	}
	w, err := world.Parse("many.txtar", []byte(text.String()))
	if err != nil {
		b.Fatal(err)
	}
	return w
}

// BenchmarkNames diagnoses certificates with 100 names, in one zone and in 100
// zones, against one with a single name: in queries and in time. Where dig is
// installed, and with root's rights, `dig +trace` for the same validation
// records is run on the same world, one after the other, as a script does.
func BenchmarkNames(b *testing.B) {
	single := many(b, 1, false)
	_, digErr := exec.LookPath("dig")
	for _, test := range []struct {
		name string
		w    *world.World
	}{{"one-zone", many(b, 100, false)}, {"100-zones", many(b, 100, true)}} {
		b.Run(test.name, func(b *testing.B) {
			literal := digErr == nil && os.Getuid() == 0
			if !literal {
				b.Log("without dig +trace, for which it takes root and the Debian package bind9-dnsutils")
			}
			var times, queries [3]float64
			for b.Loop() {
				for i, w := range []*world.World{single, test.w} {
					run, err := w.Start(b.Context(), world.Options{Literal: literal})
					if err != nil {
						b.Fatal(err)
					}
					q, _ := diagnose.ParseQuery(w.Certificates[0].ARN())
					start := time.Now()
					a := gatherer(run).Answer(context.Background(), q, nil)
					times[i] += time.Since(start).Seconds()
					queries[i] += float64(a.Facts[0].DNS.Queries)
					if len(a.Reports) != 1 || len(a.Reports[0].Names) != len(w.Certificates[0].Names) {
						b.Fatalf("the answer is %+v", a.Reports)
					}
					if i == 1 && literal {
						before := run.DNSQueries()
						times[2] += digTrace(b, run, w).Seconds()
						queries[2] += float64(run.DNSQueries() - before)
					}
					run.Close()
				}
			}
			b.ReportMetric(times[1]/times[0], "time/single")
			b.ReportMetric(queries[1]/queries[0], "queries/single")
			b.ReportMetric(queries[1]/float64(b.N), "queries")
			if literal {
				b.ReportMetric(times[1]/times[2], "time/dig+trace")
				b.ReportMetric(queries[1]/queries[2], "queries/dig+trace")
			}
		})
	}
}

// digTrace runs dig +trace for every validation record. dig takes the
// addresses of name servers from the system's resolver, so that is made the
// world's for it.
func digTrace(b *testing.B, run *world.Running, w *world.World) time.Duration {
	b.Helper()
	resolv := filepath.Join(b.TempDir(), "resolv.conf")
	if err := os.WriteFile(resolv, []byte("nameserver "+hostOf(run.DNSOptions().Resolvers[0])+"\n"), 0o600); err != nil {
		b.Fatal(err)
	}
	root := hostOf(run.DNSOptions().Roots[0].Addresses[0])
	var commands strings.Builder
	fmt.Fprintf(&commands, "mount --bind %s /etc/resolv.conf && ", resolv)
	for _, name := range w.Certificates[0].Names {
		record := world.Record(w.Certificates[0].Account, name)
		fmt.Fprintf(&commands, "dig @%s +trace %s CNAME; ", root, record.Name)
	}
	start := time.Now()
	out, err := exec.CommandContext(b.Context(), "unshare", "--mount", "sh", "-c", commands.String()).CombinedOutput()
	took := time.Since(start)
	last := world.Record(w.Certificates[0].Account, w.Certificates[0].Names[len(w.Certificates[0].Names)-1])
	if err != nil || !strings.Contains(string(out), last.Value) {
		b.Fatalf("dig +trace: %v: %s", err, out[max(0, len(out)-1000):])
	}
	return took
}
