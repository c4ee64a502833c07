package address

import (
	"net/netip"
	"testing"
)

// The ways to write an address that must never be connected to.
func TestForbiddenInEveryForm(t *testing.T) {
	for text, want := range map[string]bool{
		"169.254.169.254":               true, // instance metadata
		"169.254.169.253":               true, // the VPC's resolver
		"169.254.169.123":               true, // its clock
		"169.254.170.2":                 true, // credentials of ECS
		"169.254.170.23":                true, // credentials of EKS
		"fd00:ec2::254":                 true,
		"fd00:ec2::253":                 true,
		"fd00:ec2::23":                  true,
		"fd20:ce::254":                  true,
		"168.63.129.16":                 true,
		"100.100.100.200":               true,
		"192.0.0.192":                   true, // Oracle's
		"fd00:c1::a9fe:a9fe":            true,
		"fd00:42::42":                   true, // Scaleway's
		"fd00:a9fe:a9fe::1":             true, // Linode's
		"2002:c000:c0::1":               true, // 192.0.0.192 by 6to4
		"::ffff:169.254.169.254":        true, // mapped
		"::ffff:a9fe:a9fe":              true,
		"::169.254.169.254":             true, // compatible
		"::ffff:0:169.254.169.254":      true, // translated
		"64:ff9b::169.254.169.254":      true, // NAT64
		"64:ff9b:1::169.254.169.254":    true, // NAT64 with a prefix of one's own, of 96 bits
		"64:ff9b:1:a9fe:a9:fe00::":      true, // of 48
		"64:ff9b:1:a9:fe:a9fe::":        true, // of 56
		"64:ff9b:1:0:a9:fea9:fe00:0":    true, // of 64
		"2002:a9fe:a9fe::1":             true, // 6to4
		"2001:0:a9fe:a9fe::1":           true, // Teredo's server
		"2001:0:808:808::5601:5601":     true, // Teredo's client
		"2600:9000::5efe:169.254.1.1":   true, // ISATAP
		"2600:9000::200:5efe:a9fe:a9fe": true,
		"fe80::1":                       true,
		"fe80::1%eth0":                  true,
		"febf::1":                       true,
		"0.0.0.0":                       true,
		"0.1.2.3":                       true,
		"::":                            true,
		"224.0.0.251":                   true,
		"239.255.255.250":               true,
		"255.255.255.255":               true,
		"ff02::fb":                      true,
		"ff0e::1":                       true,

		"8.8.8.8":             false,
		"10.0.0.1":            false, // special, but a setting may open it
		"127.0.0.1":           false,
		"100.64.0.1":          false,
		"fd12:3456::1":        false,
		"64:ff9b:1::10.0.0.1": false,
		"2600:9000::1":        false,
	} {
		addr := netip.MustParseAddr(text)
		if got := Forbidden(addr) != ""; got != want {
			t.Errorf("Forbidden(%s) = %q", text, Forbidden(addr))
		}
		if want && (Public(addr) || Special(addr) == "") {
			t.Errorf("%s is forbidden and public", text)
		}
	}
	if Public(netip.Addr{}) {
		t.Error("no address is public")
	}
}

func TestPublic(t *testing.T) {
	tests := map[string]bool{
		"8.8.8.8":         true,
		"52.95.110.1":     true,
		"192.0.1.255":     true,
		"172.32.0.1":      true,
		"100.128.0.1":     true,
		"198.20.0.1":      true,
		"2600:9000::1":    true,
		"2a00:1450::1":    true,
		"64:ff9b::808:8":  true,
		"2002:808:808::1": true,
		"::ffff:8.8.8.8":  true,

		"0.0.0.0":                  false,
		"10.1.2.3":                 false,
		"100.64.0.1":               false,
		"127.0.0.1":                false,
		"127.255.255.254":          false,
		"169.254.169.254":          false,
		"172.16.0.1":               false,
		"172.31.255.255":           false,
		"192.0.0.8":                false,
		"192.0.2.1":                false,
		"192.88.99.1":              false,
		"192.168.255.255":          false,
		"198.18.0.1":               false,
		"198.19.255.255":           false,
		"198.51.100.1":             false,
		"203.0.113.1":              false,
		"224.0.0.1":                false,
		"240.0.0.1":                false,
		"255.255.255.255":          false,
		"168.63.129.16":            false,
		"::":                       false,
		"::1":                      false,
		"::8.8.8.8":                false,
		"::ffff:127.0.0.1":         false,
		"::ffff:169.254.169.254":   false,
		"64:ff9b::a00:1":           false, // 10.0.0.1
		"64:ff9b::a9fe:a9fe":       false, // 169.254.169.254
		"64:ff9b:1::1":             false,
		"100::1":                   false,
		"2001::1":                  false,
		"2001:db8::1":              false,
		"2002:7f00:1::1":           false, // 127.0.0.1
		"3fff::1":                  false,
		"4000::1":                  false,
		"5f00::1":                  false,
		"fc00::1":                  false,
		"fd00:ec2::254":            false,
		"fe80::1":                  false,
		"fe80::1%eth0":             false,
		"fec0::1":                  false,
		"ff02::1":                  false,
		"2000:ffff:ffff::%nowhere": true,
	}
	for text, want := range tests {
		t.Run(text, func(t *testing.T) {
			if got := Public(netip.MustParseAddr(text)); got != want {
				t.Errorf("Public(%s) = %v, want %v", text, got, want)
			}
		})
	}
}

func TestLoopback(t *testing.T) {
	for text, want := range map[string]bool{
		"127.0.0.1": true, "127.255.255.255": true, "::1": true, "::ffff:127.0.0.1": true, "64:ff9b::7f00:1": true, "2002:7f00:1::": true,
		"128.0.0.1": false, "::2": false, "8.8.8.8": false,
	} {
		if got := Loopback(netip.MustParseAddr(text)); got != want {
			t.Errorf("Loopback(%s) = %v", text, got)
		}
	}
}
