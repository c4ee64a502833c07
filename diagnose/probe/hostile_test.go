package probe_test

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/acmbot/acmbot/diagnose"
	"github.com/acmbot/acmbot/diagnose/address"
	"github.com/acmbot/acmbot/diagnose/probe"
)

// A watchman notes what is dialled, and lets nothing through.
type watchman struct {
	mu      sync.Mutex
	dialled []string
}

func (w *watchman) dial(_ context.Context, _, to string) (net.Conn, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.dialled = append(w.dialled, to)
	return nil, errors.New("nobody is there")
}

// Whatever an address is made to look like, nothing inside is connected to. What
// is no address in the form of the URL standard's numbers is a name, which is
// looked up.
func TestHostileAddresses(t *testing.T) {
	t.Setenv("HTTP_PROXY", "http://127.0.0.1:9")
	t.Setenv("http_proxy", "http://127.0.0.1:9")
	t.Setenv("ALL_PROXY", "http://127.0.0.1:9")
	for _, url := range []string{
		"http://169.254.169.254/latest/meta-data/",
		"http://169.254.169.254:8080/",
		"https://169.254.169.254/",
		"http://user:password@169.254.169.254/",
		"http://shop.example.com@169.254.169.254/",
		"http://shop.example.com%40169.254.169.254/",
		"http://shop.example.com#@169.254.169.254/",
		"http://169.254.169.254.",
		"http://[::ffff:169.254.169.254]/",
		"http://[::ffff:a9fe:a9fe]:80/",
		"http://[::169.254.169.254]/",
		"http://[64:ff9b::169.254.169.254]/",
		"http://[64:ff9b:1::169.254.169.254]/",
		"http://[2002:a9fe:a9fe::]/",
		"http://[fd00:ec2::254]/latest/meta-data/",
		"http://[fe80::1%25eth0]/",
		"http://[fe80::1]/",
		"http://[::]/",
		"http://[::1]/",
		"http://0.0.0.0/",
		"http://0/",
		"http://127.0.0.1/",
		"http://127.1/",
		"http://2130706433/",
		"http://2852039166/",
		"http://0x7f000001/",
		"http://0xa9.0xfe.0xa9.0xfe/",
		"http://0251.0376.0251.0376/",
		"http://0177.0.0.1/",
		"http://①②⑦.⓪.⓪.①/",
		"http://１６９.２５４.１６９.２５４/",
		"http://169。254。169。254/",
		"http://localhost/",
		"http://localhost.localdomain/",
		"http://10.0.0.1/", "http://172.16.0.1/", "http://192.168.0.1/", "http://100.64.0.1/", "http://168.63.129.16/",
		"http://metadata.google.internal/computeMetadata/v1/",
		"http://127.0.0.1.nip.example/",
		"gopher://169.254.169.254/", "file:///etc/passwd", "unix:///var/run/docker.sock", "http:///x", "//169.254.169.254/",
	} {
		t.Run(url, func(t *testing.T) {
			w := &watchman{}
			p := probe.New(probe.Options{Dial: w.dial, Timeout: time.Second})
			// A resolver that leads everything inside.
			got := p.HTTP(t.Context(), url, func(_ context.Context, host string) ([]netip.Addr, error) {
				if strings.Trim(host, "0123456789.x") == "" && !strings.Contains(host, "example") {
					return nil, errors.New("a number is no name")
				}
				return []netip.Addr{netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("::ffff:169.254.169.254"), netip.MustParseAddr("10.0.0.1")}, nil
			})
			if len(w.dialled) > 0 {
				t.Errorf("%q is dialled", w.dialled)
			}
			if got.Obstacle == "" || got.Status != 0 {
				t.Errorf("it is answered with %+v", got)
			}
		})
	}
}

// A name whose addresses change between two look-ups leads nowhere inside: what
// was looked up is what is checked and what is dialled, once.
func TestDNSRebinding(t *testing.T) {
	w := &watchman{}
	p := probe.New(probe.Options{Dial: w.dial, Timeout: time.Second})
	turn := 0
	resolve := func(context.Context, string) ([]netip.Addr, error) {
		turn++
		if turn%2 == 1 {
			return []netip.Addr{netip.MustParseAddr("8.8.8.8")}, nil
		}
		return []netip.Addr{netip.MustParseAddr("169.254.169.254")}, nil
	}
	for range 4 {
		p.HTTP(t.Context(), "http://rebind.example.com/", resolve)
	}
	if turn != 4 {
		t.Errorf("looked up %d times for 4 requests", turn)
	}
	for _, to := range w.dialled {
		if !address.Public(netip.MustParseAddrPort(to).Addr()) {
			t.Errorf("%s is dialled", to)
		}
	}
	if len(w.dialled) != 2 {
		t.Errorf("%q are dialled, want the public address twice", w.dialled)
	}
}

// Of a name with addresses inside and outside only those outside are looked at.
func TestTLSOfMixedAddresses(t *testing.T) {
	w := &watchman{}
	p := probe.New(probe.Options{Dial: w.dial, Timeout: time.Second, Allow: []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0"), netip.MustParsePrefix("::/0")}})
	var addrs []netip.Addr
	for _, a := range []string{"169.254.169.254", "8.8.8.8", "127.0.0.1", "fe80::1", "64:ff9b::a9fe:a9fe", "10.0.0.1", "::1"} {
		addrs = append(addrs, netip.MustParseAddr(a))
	}
	refused := 0
	for _, served := range p.TLS(t.Context(), "shop.example.com", addrs) {
		if served.Obstacle == diagnose.NotAllowed {
			refused++
		}
	}
	if refused != 5 || len(w.dialled) != 2 {
		t.Errorf("%d addresses are refused, %q are dialled", refused, w.dialled)
	}
}
