package dnstrace

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/miekg/dns"

	"github.com/acmbot/acmbot/diagnose"
)

func record4(t testing.TB, text string) dns.RR {
	t.Helper()
	rr, err := dns.NewRR(text)
	if err != nil || rr == nil {
		t.Fatalf("%q: %v", text, err)
	}
	return rr
}

func TestRecord(t *testing.T) {
	t.Parallel()
	tests := []struct{ text, wantType, want string }{
		{"x.Example.COM. 60 IN CNAME _Y.ACM-Validations.AWS.", "CNAME", "_y.acm-validations.aws"},
		{"x.example.com. 60 IN CNAME .", "CNAME", "."},
		{`x.example.com. 60 IN CNAME quoted\"\ name\.net.`, "CNAME", `quoted\"\032name\.net`},
		{"x.example.com. 60 IN NS NS1.example.com.", "NS", "ns1.example.com"},
		{"x.example.com. 60 IN MX 10 Mail.example.com.", "MX", "10 mail.example.com"},
		{"x.example.com. 60 IN SOA NS1.example.com. Host.example.com. 1 2 3 4 5", "SOA", "ns1.example.com host.example.com 1 2 3 4 5"},
		{"x.example.com. 60 IN SRV 1 2 3 A.example.com.", "SRV", "1 2 3 a.example.com"},
		{`x.example.com. 60 IN CAA 128 Issue "Amazon.com; a=B"`, "CAA", `128 Issue "Amazon.com; a=B"`},
		{`x.example.com. 60 IN TXT "One" "two\"three"`, "TXT", `"One" "two\"three"`},
		{"x.example.com. 60 IN A 192.0.2.1", "A", "192.0.2.1"},
		{"x.example.com. 60 IN AAAA 2001:DB8::1", "AAAA", "2001:db8::1"},
		{"x.example.com. 60 IN HTTPS 1 Svc.Example.net. alpn=h2", "HTTPS", `1 svc.example.net alpn="h2"`},
		{"x.example.com. 60 IN HTTPS 0 .", "HTTPS", "0 ."},
		{`x.example.com. 60 IN TYPE65280 \# 2 abcd`, "TYPE65280", `\# 2 abcd`},
	}
	for _, test := range tests {
		got := record(record4(t, test.text))
		want := diagnose.RR{Name: "x.example.com", Type: test.wantType, TTL: 60, Value: test.want}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: mismatch (-want +got):\n%s", test.text, diff)
		}
	}
}

func TestOutcome(t *testing.T) {
	t.Parallel()
	const soa, ns = "example.com. 60 IN SOA a. b. 1 2 3 4 5", "example.com. 60 IN NS ns1.example.com."
	tests := []struct {
		name       string
		aa         bool
		rcode      int
		answer, ns string // a record each
		want       diagnose.Outcome
		cut, owner string
	}{
		{"answer", true, 0, "_x.dev.example.com. 60 IN CNAME a.", "", diagnose.OutcomeAnswer, "", ""},
		{"answer with the zone's servers", true, 0, "_x.dev.example.com. 60 IN CNAME a.", ns, diagnose.OutcomeAnswer, "", "example.com."},
		{"answer of the zone below", true, 0, "_x.dev.example.com. 60 IN CNAME a.", "dev.example.com. 60 IN NS a.", diagnose.OutcomeAnswer, "dev.example.com.", "dev.example.com."},
		{"answer in another case", true, 0, "_X.Dev.example.com. 60 IN CNAME a.", "", diagnose.OutcomeAnswer, "", ""},
		{"answer without authority", false, 0, "_x.dev.example.com. 60 IN CNAME a.", "", diagnose.OutcomeLame, "", ""},
		{"answer about another name", true, 0, "_z.dev.example.com. 60 IN CNAME a.", "", diagnose.OutcomeBadMessage, "", ""},
		{"alias to nowhere", true, dns.RcodeNameError, "_x.dev.example.com. 60 IN CNAME a.", soa, diagnose.OutcomeAnswer, "", "example.com."},
		{"no data", true, 0, "", soa, diagnose.OutcomeNoData, "", "example.com."},
		{"no data from below", true, 0, "", "dev.example.com. 60 IN SOA a. b. 1 2 3 4 5", diagnose.OutcomeNoData, "dev.example.com.", "dev.example.com."},
		{"no data without a SOA", true, 0, "", "", diagnose.OutcomeNoData, "", ""},
		{"no data without authority", false, 0, "", soa, diagnose.OutcomeLame, "", ""},
		{"empty", false, 0, "", "", diagnose.OutcomeLame, "", ""},
		{"no such name", true, dns.RcodeNameError, "", soa, diagnose.OutcomeNXDomain, "", "example.com."},
		{"no such name without authority", false, dns.RcodeNameError, "", soa, diagnose.OutcomeLame, "", ""},
		{"referral", false, 0, "", "dev.example.com. 60 IN NS a.", diagnose.OutcomeReferral, "dev.example.com.", ""},
		{"referral to the name", false, 0, "", "_x.dev.example.com. 60 IN NS a.", diagnose.OutcomeReferral, "_x.dev.example.com.", ""},
		{"referral below the name", false, 0, "", "a._x.dev.example.com. 60 IN NS a.", diagnose.OutcomeLame, "", ""},
		{"referral sideways", false, 0, "", "other.example.com. 60 IN NS a.", diagnose.OutcomeLame, "", ""},
		{"referral to itself", false, 0, "", ns, diagnose.OutcomeLame, "", ""},
		{"referral upwards", false, 0, "", "com. 60 IN NS a.", diagnose.OutcomeUpwardReferral, "", ""},
		{"referral to the root", false, 0, "", ". 60 IN NS a.", diagnose.OutcomeUpwardReferral, "", ""},
		{"refused", false, dns.RcodeRefused, "", "", diagnose.OutcomeRefused, "", ""},
		{"server failure", false, dns.RcodeServerFailure, "", "", diagnose.OutcomeServFail, "", ""},
		{"not authoritative", false, dns.RcodeNotAuth, "", "", diagnose.OutcomeLame, "", ""},
		{"not implemented", false, dns.RcodeNotImplemented, "", "", diagnose.OutcomeBadMessage, "", ""},
		{"class CHAOS", true, 0, `_x.dev.example.com. 60 CH TXT "a"`, "", diagnose.OutcomeBadMessage, "", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			m := new(dns.Msg).SetQuestion("_x.dev.example.com.", dns.TypeCNAME)
			m.Response, m.Authoritative, m.Rcode = true, test.aa, test.rcode
			if test.answer != "" {
				m.Answer = append(m.Answer, record4(t, test.answer))
			}
			if test.ns != "" {
				m.Ns = append(m.Ns, record4(t, test.ns))
			}
			v := read(result{msg: m}, "ns1.example.com", "192.0.2.1:53", "example.com.", "_x.dev.example.com.", dns.TypeCNAME)
			if v.reply.Outcome != test.want || v.cut != test.cut || v.owner != test.owner {
				t.Errorf("outcome %q, cut %q, owner %q; want %q, %q, %q",
					v.reply.Outcome, v.cut, v.owner, test.want, test.cut, test.owner)
			}
		})
	}
}

// What an answer holds is bounded, whoever sends it.
func TestReplyIsBounded(t *testing.T) {
	t.Parallel()
	m := new(dns.Msg).SetQuestion("x.example.com.", dns.TypeTXT)
	m.Response, m.Authoritative = true, true
	long := `x.example.com. 60 IN TXT` + strings.Repeat(` "`+strings.Repeat("é", 100)+`"`, 60)
	for range 200 {
		m.Answer = append(m.Answer, record4(t, long))
		m.Ns = append(m.Ns, record4(t, "example.com. 60 IN NS a."))
	}
	opt := &dns.OPT{Hdr: dns.RR_Header{Name: ".", Rrtype: dns.TypeOPT}}
	for range 100 {
		opt.Option = append(opt.Option, &dns.EDNS0_EDE{InfoCode: 6, ExtraText: strings.Repeat("x", 5000) + "\xff"})
	}
	m.Extra = append(m.Extra, opt)
	reply := read(result{msg: m}, "", "", ".", "x.example.com.", dns.TypeTXT).reply
	if len(reply.Answer) != maxRecords || len(reply.Authority) != maxRecords || len(reply.EDE) != maxErrors {
		t.Errorf("%d answers, %d authorities, %d errors", len(reply.Answer), len(reply.Authority), len(reply.EDE))
	}
	if got := reply.Answer[0].Value; len(got) > maxValue+len("…") || !utf8.ValidString(got) {
		t.Errorf("a value of %d bytes", len(got))
	}
	if got := reply.EDE[0]; len(got.Text) > maxErrorText+len("…") || got.Name != "DNSSEC Bogus" {
		t.Errorf("error %q with %d bytes", got.Name, len(got.Text))
	}
}

func TestReadMessage(t *testing.T) {
	t.Parallel()
	query := new(dns.Msg).SetQuestion("x.example.com.", dns.TypeCNAME)
	tests := []struct {
		name string
		edit func(*dns.Msg)
		ours bool
		bad  bool
	}{
		{"answer", func(*dns.Msg) {}, true, false},
		{"another id", func(m *dns.Msg) { m.Id++ }, false, false},
		{"a query", func(m *dns.Msg) { m.Response = false }, false, false},
		{"another case", func(m *dns.Msg) { m.Question[0].Name = "X.Example.com." }, true, false},
		{"another name", func(m *dns.Msg) { m.Question[0].Name = "y.example.com." }, true, true},
		{"another type", func(m *dns.Msg) { m.Question[0].Qtype = dns.TypeA }, true, true},
		{"another class", func(m *dns.Msg) { m.Question[0].Qclass = dns.ClassCHAOS }, true, true},
		{"no question", func(m *dns.Msg) { m.Question = nil }, true, true},
		{"an error without the question", func(m *dns.Msg) { m.Question, m.Rcode = nil, dns.RcodeRefused }, true, false},
		{"two questions", func(m *dns.Msg) { m.Question = append(m.Question, m.Question[0]) }, true, true},
		{"an update", func(m *dns.Msg) { m.Opcode = dns.OpcodeUpdate }, true, true},
		{"truncated", func(m *dns.Msg) { m.Truncated = true }, true, true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			m := new(dns.Msg).SetReply(query)
			test.edit(m)
			wire, err := m.Pack()
			if err != nil {
				t.Fatal(err)
			}
			msg, ours, err := readMessage(wire, query)
			if ours != test.ours || (err != nil) != test.bad || (msg != nil) != (ours && !test.bad) {
				t.Errorf("message %v, ours %v, error %v", msg, ours, err)
			}
		})
	}
}

// FuzzReply feeds packets through all that is done with an answer.
func FuzzReply(f *testing.F) {
	query := new(dns.Msg).SetQuestion("_x.example.com.", dns.TypeCNAME)
	query.Id = 1
	seed := func(records ...string) {
		m := new(dns.Msg).SetReply(query)
		m.Authoritative = true
		for i, text := range records {
			switch rr := record4(f, text); i % 3 {
			case 0:
				m.Answer = append(m.Answer, rr)
			case 1:
				m.Ns = append(m.Ns, rr)
			default:
				m.Extra = append(m.Extra, rr)
			}
		}
		wire, err := m.Pack()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(wire)
	}
	seed()
	seed("_x.example.com. 60 IN CNAME a.", "example.com. 60 IN NS b.", "b. 60 IN A 192.0.2.1")
	seed("_x.example.com. 60 IN RRSIG CNAME 13 3 60 20300101000000 20200101000000 1 example.com. AAAA",
		"example.com. 60 IN NSEC a.example.com. A RRSIG", "b. 60 IN AAAA ::1",
		"_x.example.com. 60 IN CNAME b.", "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom.example.com. 60 IN NSEC3 1 1 12 aabbccdd 2t7b4g4vsa5smi47k61mv5bv1a22bojr NS")
	seed("example.com. 60 IN DNSKEY 257 3 15 AA==", "example.com. 60 IN DS 1 13 2 00")
	f.Fuzz(func(t *testing.T, packet []byte) {
		msg, ours, err := readMessage(packet, query)
		if !ours || err != nil {
			return
		}
		w := New(Options{Roots: []Root{{}}}).Session().walk(false)
		z := &zone{apex: "example.com.", parent: &zone{apex: "."}}
		for _, at := range []string{".", "example.com.", "_x.example.com."} {
			v := read(result{msg: msg, edns: true}, "ns1", "192.0.2.1:53", at, "_x.example.com.", dns.TypeCNAME)
			if v.reply.Outcome == "" {
				t.Error("no outcome")
			}
			if v.cut != "" && !strictlyBelow(v.cut, at) {
				t.Errorf("a cut %q that is not below %q", v.cut, at)
			}
			if _, err := json.Marshal(v.reply); err != nil {
				t.Error(err)
			}
			var keys []*dns.DNSKEY
			for _, rr := range msg.Answer {
				if key, ok := rr.(*dns.DNSKEY); ok {
					keys = append(keys, key)
				}
			}
			w.positive(v, "example.com.", "_x.example.com.", dns.TypeCNAME, keys)
			w.denial(v, "_x.example.com.", dns.TypeCNAME, "example.com.", keys)
			w.signersIn(v, z, keys)
			w.keysIn(v, z, nil)
			serverNames([]view{v}, v.cut)
			glue([]view{v}, v.cut, "b.")
			publicOutcome(msg, "_x.example.com.", dns.TypeCNAME)
		}
	})
}
