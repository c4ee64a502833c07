package world_test

import (
	"context"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/acmbot/acmbot/diagnose"
	"github.com/acmbot/acmbot/diagnose/dnstrace"
	"github.com/acmbot/acmbot/diagnose/probe"
	"github.com/acmbot/acmbot/diagnose/world"
)

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
