package gather_test

import (
	"context"
	"fmt"
	"net/netip"
	"os/exec"
	"regexp"
	"slices"
	"strings"

	"github.com/acmbot/acmbot/diagnose"
)

// script is what a careful engineer would write with `aws acm
// describe-certificate` and dig: it takes the validation records that ACM asks
// for, asks the resolver and every server of the zone for them, tells whether
// a failure is DNSSEC's, climbs the CAA records, and looks for MX records.
func script(ctx context.Context, s *subject) ([]string, error) {
	records, err := s.records(ctx)
	if err != nil {
		return nil, err
	}
	d := digger{resolver: hostOf(s.DNSOptions().Resolvers[0])}
	var signals []string
	say := func(format string, args ...any) { signals = append(signals, fmt.Sprintf(format, args...)) }

	for _, domain := range s.domains() {
		if d.dig(ctx, d.resolver, domain, "NS").status == "NXDOMAIN" {
			say("no such domain")
		}
		if len(d.dig(ctx, d.resolver, domain, "MX").of(domain, "MX")) == 0 {
			say("no MX")
		}
	}
	for _, record := range records {
		r := d.dig(ctx, d.resolver, record.Name, "CNAME")
		there := r.of(record.Name, "CNAME")
		switch {
		case r.status == "SERVFAIL" || r.status == "":
			if d.dig(ctx, d.resolver, record.Name, "CNAME", "+cd").status == "NOERROR" {
				say("DNSSEC")
				for _, code := range r.ede {
					say("DNSSEC EDE %s", code)
				}
			} else {
				say("servers do not answer")
			}
		case len(there) > 1:
			say("several CNAMEs")
		case len(there) == 0 && len(d.dig(ctx, d.resolver, record.Name, "A").of(record.Name, "A")) > 0:
			say("addresses instead")
		case len(there) == 0:
			say("no CNAME")
		case there[0] != record.Value:
			say("other value")
		}
		// Every server of the zone, by the NS records that the resolver gives.
		zone, servers := record.Name, []string(nil)
		for zone != "" && len(servers) == 0 {
			if servers = d.dig(ctx, d.resolver, zone, "NS").of(zone, "NS"); len(servers) == 0 {
				_, zone, _ = strings.Cut(zone, ".")
			}
		}
		answers, right, ns := map[string]int{}, 0, map[string]bool{}
		for _, server := range servers {
			address := d.dig(ctx, d.resolver, server, "A").of(server, "A")
			if len(address) == 0 {
				say("a server does not answer")
				continue
			}
			r := d.dig(ctx, address[0], record.Name, "CNAME", "+norecurse")
			if r.status != "NOERROR" && r.status != "NXDOMAIN" {
				say("a server does not answer")
				continue
			}
			has := r.of(record.Name, "CNAME")
			answers[fmt.Sprint(has)]++
			if slices.Contains(has, record.Value) {
				right++
			}
			own := d.dig(ctx, address[0], zone, "NS", "+norecurse").of(zone, "NS")
			slices.Sort(own)
			ns[fmt.Sprint(own)] = true
		}
		if len(answers) > 1 {
			say("servers differ")
		}
		if len(ns) > 1 {
			say("NS differ")
		}
		if right > 0 && right == len(servers) && !slices.Contains(there, record.Value) {
			say("resolver differs")
		}
	}
	for _, name := range s.names[:min(len(s.names), 5)] {
		d.caa(ctx, name, say)
	}
	return signals, nil
}

// caa climbs from the name to the first CAA records, as RFC 8659 section 3 has
// it.
func (d digger) caa(ctx context.Context, name string, say func(string, ...any)) {
	at, wild := strings.CutPrefix(name, "*.")
	for climbed := false; at != ""; climbed = true {
		r := d.dig(ctx, d.resolver, at, "CAA")
		if r.status == "SERVFAIL" || r.status == "" {
			say("CAA fails")
			return
		}
		all := map[string][]string{}
		own := len(r.of(at, "CAA")) > 0
		for _, rr := range r.answer {
			if rr.Type == "CAA" {
				flags, rest, _ := strings.Cut(rr.Value, " ")
				tag, value, _ := strings.Cut(rest, " ")
				all[tag] = append(all[tag], strings.Trim(value, `"`))
				_ = flags
			}
		}
		if len(all) == 0 {
			_, at, _ = strings.Cut(at, ".")
			continue
		}
		tag := "issue"
		if wild && len(all["issuewild"]) > 0 {
			tag = "issuewild"
		}
		amazon := regexp.MustCompile(`^\s*(amazon|amazontrust|awstrust|amazonaws)\.com\s*(;.*)?$`)
		allowed := slices.IndexFunc(all[tag], amazon.MatchString)
		switch {
		case len(all[tag]) == 0:
		case allowed >= 0 && strings.Contains(all[tag][allowed], ";"):
			say("CAA parameters")
		case allowed >= 0:
		case tag == "issuewild":
			say("CAA issuewild forbids")
		case !own:
			say("CAA by alias forbids")
		case climbed:
			say("CAA above forbids")
		default:
			say("CAA forbids")
		}
		return
	}
}

// A digger runs dig.
type digger struct{ resolver string }

type dug struct {
	status string // empty where no answer came
	answer []diagnose.RR
	ede    []string
}

var (
	digStatus = regexp.MustCompile(`status: (\w+)`)
	digEDE    = regexp.MustCompile(`EDE: (\d+)`)
)

func (digger) dig(ctx context.Context, server, name, rrtype string, more ...string) dug {
	args := append([]string{"@" + server, name, rrtype, "+tries=2", "+time=2", "+noall", "+comments", "+answer"}, more...)
	out, _ := exec.CommandContext(ctx, "dig", args...).Output() // what is missing from the output tells of a failure
	var r dug
	if m := digStatus.FindStringSubmatch(string(out)); m != nil {
		r.status = m[1]
	}
	for _, m := range digEDE.FindAllStringSubmatch(string(out), -1) {
		r.ede = append(r.ede, m[1])
	}
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		if len(fields) < 5 || strings.HasPrefix(line, ";") {
			continue
		}
		value := strings.Join(fields[4:], " ")
		if fields[3] == "CNAME" || fields[3] == "NS" {
			value = diagnose.CanonicalName(value)
		}
		r.answer = append(r.answer, diagnose.RR{Name: diagnose.CanonicalName(fields[0]), Type: fields[3], Value: value})
	}
	return r
}

// of are the values of one type at a name.
func (r dug) of(name, rrtype string) []string {
	var values []string
	for _, rr := range r.answer {
		if rr.Name == diagnose.CanonicalName(name) && rr.Type == rrtype {
			values = append(values, rr.Value)
		}
	}
	return values
}

func hostOf(address string) string {
	if at, err := netip.ParseAddrPort(address); err == nil {
		return at.Addr().String()
	}
	return address
}
