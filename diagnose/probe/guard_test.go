package probe

import (
	"errors"
	"net/netip"
	"strings"
	"testing"
)

func TestAllowOpensPrivateButNotMetadata(t *testing.T) {
	p := New(Options{Allow: []netip.Prefix{
		netip.MustParsePrefix("0.0.0.0/0"), netip.MustParsePrefix("::/0"),
	}})
	tests := map[string]bool{
		"10.1.2.3":               true,
		"127.0.0.1":              false, // only by a range of its own
		"::1":                    false,
		"::ffff:127.0.0.1":       false,
		"198.51.100.7":           true,
		"fd12::1":                true,
		"169.254.169.254":        false,
		"169.254.170.2":          false,
		"::ffff:169.254.169.254": false,
		"64:ff9b::a9fe:a9fe":     false,
		"2002:a9fe:a9fe::":       false,
		"::a9fe:a9fe":            false,
		"fd00:ec2::254":          false,
		"fe80::1":                false,
		"168.63.129.16":          false,
		"100.100.100.200":        false,
	}
	for text, want := range tests {
		t.Run(text, func(t *testing.T) {
			err := p.check(netip.MustParseAddr(text))
			if got := err == nil; got != want {
				t.Errorf("allowed = %v (%v), want %v", got, err, want)
			}
		})
	}
}

func TestRefusalNamesTheSettingOnlyWhereItHelps(t *testing.T) {
	p := New(Options{})
	if got := p.check(netip.MustParseAddr("10.0.0.1")).Error(); !strings.Contains(got, "ACMBOT_PROBE_ALLOW") || !strings.Contains(got, "a private address") {
		t.Errorf("refusal of a private address: %q", got)
	}
	if got := p.check(netip.MustParseAddr("169.254.169.254")).Error(); strings.Contains(got, "ACMBOT_PROBE_ALLOW") {
		t.Errorf("refusal of the metadata address: %q", got)
	}
}

// The dialer itself refuses too, whatever the way to it.
func TestDialerRefuses(t *testing.T) {
	conn, err := New(Options{}).dial(t.Context(), "tcp", "127.0.0.1:1")
	if err == nil {
		_ = conn.Close()
	}
	if _, ok := errors.AsType[*notAllowed](err); !ok {
		t.Errorf("dialling loopback: %v, want a refusal", err)
	}
}

func TestLoopbackIsOpenedByItsOwnRangeOnly(t *testing.T) {
	p := New(Options{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}})
	for _, text := range []string{"127.0.0.1", "127.10.0.1", "::1"} {
		if err := p.check(netip.MustParseAddr(text)); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
}
