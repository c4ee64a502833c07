package dnstrace_test

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/acmbot/acmbot/diagnose/dnstrace"
	"github.com/acmbot/acmbot/diagnose/world/dnsd"
)

func TestSmoke(t *testing.T) {
	signed := &dnsd.Signing{}
	n, err := dnsd.Start(dnsd.Description{
		Zones: []dnsd.Zone{
			{Name: ".", Signing: signed, Text: `
. NS a.root.test.
a.root.test. A 192.0.2.1
com. NS a.gtld.com.
a.gtld.com. A 192.0.2.2
`},
			{Name: "com", Signing: signed, Text: `
@ NS a.gtld
a.gtld A 192.0.2.2
example NS ns1.example
example NS ns2.example
ns1.example A 192.0.2.3
ns2.example A 192.0.2.4
`},
			{Name: "example.com", Signing: signed, Text: `
@ NS ns1
@ NS ns2
ns1 A 192.0.2.3
ns2 A 192.0.2.4
_x CNAME _y.acm-validations.aws.
@ CAA 0 issue "amazon.com"
`},
		},
		Servers: []dnsd.Server{
			{Name: "a.root.test", Addresses: []string{"192.0.2.1"}, Zones: []string{"."}},
			{Name: "a.gtld.com", Addresses: []string{"192.0.2.2"}, Zones: []string{"com"}},
			{Name: "ns1.example.com", Addresses: []string{"192.0.2.3"}, Zones: []string{"example.com"}},
			{Name: "ns2.example.com", Addresses: []string{"192.0.2.4"}, Zones: []string{"example.com"}},
		},
		Resolvers: []dnsd.Resolver{{Address: "192.0.2.53"}},
	}, dnsd.Options{OnQuery: func(e dnsd.QueryEvent) { t.Log(e) }})
	if err != nil {
		t.Fatal(err)
	}
	defer n.Close()
	tr := dnstrace.New(dnstrace.Options{Roots: n.Roots(), TrustAnchors: n.TrustAnchors(), Resolvers: n.Resolvers(), Dial: n.Dial})
	s := tr.Session()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	start := time.Now()
	l := s.Lookup(ctx, "_x.example.com", "CNAME")
	t.Log(time.Since(start))
	b, _ := json.MarshalIndent(l, "", " ")
	t.Log(string(b))
	l = s.Lookup(ctx, "_nope.a.b.example.com", "CNAME")
	b, _ = json.MarshalIndent(l, "", " ")
	t.Log(string(b))
	l = s.Lookup(ctx, "_nope.nosuch.com", "CNAME")
	b, _ = json.MarshalIndent(l, "", " ")
	t.Log(string(b))
	b, _ = json.MarshalIndent(s.Facts().Zones, "", " ")
	t.Log(string(b))
	t.Log(s.Addresses(ctx, "ns1.example.com"))
}
