package probe_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"errors"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/acmbot/acmbot/diagnose"
	"github.com/acmbot/acmbot/diagnose/probe"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// network leads from virtual addresses to handlers on loopback.
type network map[string]net.Listener

func (n network) dial(ctx context.Context, network, address string) (net.Conn, error) {
	listener, ok := n[address]
	if !ok {
		<-ctx.Done() // a firewall that drops
		return nil, ctx.Err()
	}
	var d net.Dialer
	return d.DialContext(ctx, network, listener.Addr().String())
}

func (n network) prober() *probe.Prober {
	return probe.New(probe.Options{
		Allow: []netip.Prefix{netip.MustParsePrefix("198.51.100.0/24"), netip.MustParsePrefix("127.0.0.0/8")},
		Dial:  n.dial, Timeout: 2 * time.Second,
	})
}

func listen(t *testing.T, serve func(net.Conn)) net.Listener {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			serve(conn)
			_ = conn.Close()
		}
	}()
	t.Cleanup(func() { _ = listener.Close(); <-done })
	return listener
}

func certificate(t *testing.T, serial int64, names ...string) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(serial),
		Subject:      pkix.Name{CommonName: names[0]},
		DNSNames:     names,
		NotBefore:    time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC),
		NotAfter:     time.Date(2020, 2, 1, 0, 0, 0, 0, time.UTC),
	}
	authority := &x509.Certificate{Subject: pkix.Name{CommonName: "Amazon RSA 2048 M02", Organization: []string{"Amazon"}}}
	der, err := x509.CreateCertificate(rand.Reader, leaf, authority, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

func handshake(config *tls.Config) func(net.Conn) {
	return func(conn net.Conn) { _ = tls.Server(conn, config).Handshake() }
}

func TestTLSReportsWhatEachAddressServes(t *testing.T) {
	cert := certificate(t, 0x0abc, "Shop.example.com", "www.shop.example.com")
	good := &tls.Config{Certificates: []tls.Certificate{cert}}
	mutual := good.Clone()
	mutual.ClientAuth = tls.RequireAnyClientCert
	old := good.Clone()
	old.MinVersion, old.MaxVersion = tls.VersionTLS10, tls.VersionTLS10
	unknown := &tls.Config{GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
		return &tls.Config{}, nil
	}}
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = closed.Close()

	n := network{
		"198.51.100.1:443": listen(t, handshake(good)),
		"198.51.100.2:443": listen(t, handshake(mutual)),
		"198.51.100.3:443": listen(t, handshake(old)),
		"198.51.100.4:443": listen(t, func(c net.Conn) { _, _ = io.WriteString(c, "220 mail.example.com ESMTP ready\r\n") }),
		"198.51.100.5:443": listen(t, handshake(unknown)),
		"198.51.100.6:443": closed,
	}
	var addrs []netip.Addr
	for _, a := range []string{"198.51.100.1", "198.51.100.2", "198.51.100.3", "198.51.100.4", "198.51.100.5", "198.51.100.6", "10.9.8.7", "::ffff:198.51.100.1"} {
		addrs = append(addrs, netip.MustParseAddr(a))
	}
	got := n.prober().TLS(t.Context(), "shop.example.com.", addrs)

	served := diagnose.TLSServed{
		Serial: "abc", Subject: "CN=Shop.example.com", Issuer: "Amazon RSA 2048 M02", IssuerOrg: "Amazon",
		NotBefore: time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC), NotAfter: time.Date(2020, 2, 1, 0, 0, 0, 0, time.UTC),
		Names: []string{"shop.example.com", "www.shop.example.com"},
	}
	at := func(address string, s diagnose.TLSServed) diagnose.TLSServed {
		s.Address = address
		return s
	}
	failed := func(address string, why diagnose.Obstacle, detail string) diagnose.TLSServed {
		return diagnose.TLSServed{Address: address, Obstacle: why, Detail: detail}
	}
	want := []diagnose.TLSServed{
		at("198.51.100.1:443", served),
		at("198.51.100.2:443", served),
		at("198.51.100.3:443", served),
		failed("198.51.100.4:443", diagnose.BadAnswer, "what answers on this port does not speak TLS"),
		failed("198.51.100.5:443", diagnose.BadAnswer, `the server has no certificate for this name (TLS alert "unrecognized name")`),
		failed("198.51.100.6:443", diagnose.Unreachable, "the connection is refused: nothing listens on this port"),
		failed("10.9.8.7:443", diagnose.NotAllowed, "10.9.8.7 is a private address; acmbot connects to public addresses only, and to those that ACMBOT_PROBE_ALLOW names"),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("served (-want +got):\n%s", diff)
	}
}

func TestTLSOfSilentAddresses(t *testing.T) {
	p := probe.New(probe.Options{
		Allow:   []netip.Prefix{netip.MustParsePrefix("198.51.100.0/24")},
		Dial:    network{"198.51.100.2:443": listen(t, func(c net.Conn) { _, _ = io.Copy(io.Discard, c) })}.dial,
		Timeout: 50 * time.Millisecond,
	})
	var addrs []netip.Addr
	for i := range 20 {
		addrs = append(addrs, netip.AddrFrom4([4]byte{198, 51, 100, byte(i + 1)}))
	}
	got := p.TLS(t.Context(), "shop.example.com", addrs)
	if len(got) != 8 {
		t.Fatalf("looked at %d addresses, want 8", len(got))
	}
	for _, s := range got {
		if s.Obstacle != diagnose.TimedOut {
			t.Errorf("%s: obstacle %q (%s), want %q", s.Address, s.Obstacle, s.Detail, diagnose.TimedOut)
		}
	}
}

func TestCancelledProbeIsNoFaultOfTheServer(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	got := network{}.prober().TLS(ctx, "shop.example.com", []netip.Addr{netip.MustParseAddr("198.51.100.1")})
	if len(got) != 1 || got[0].Obstacle != diagnose.OverBudget {
		t.Errorf("got %+v, want the obstacle %q", got, diagnose.OverBudget)
	}
}

func TestHTTP(t *testing.T) {
	body := strings.Repeat("x", 100<<10)
	mux := http.NewServeMux()
	mux.HandleFunc("/token.txt", func(w http.ResponseWriter, r *http.Request) {
		if r.UserAgent() != "acmbot" {
			http.Error(w, "user agent", http.StatusTeapot)
			return
		}
		_, _ = io.WriteString(w, body)
	})
	mux.Handle("/moved", http.RedirectHandler("https://elsewhere.example/x", http.StatusFound))
	plain := httptest.NewServer(mux)
	secure := httptest.NewTLSServer(mux)
	t.Cleanup(plain.Close)
	t.Cleanup(secure.Close)

	n := network{
		"198.51.100.1:80":  plain.Listener,
		"198.51.100.1:443": secure.Listener,
		"198.51.100.3:80":  listen(t, func(c net.Conn) { _, _ = io.WriteString(c, "SSH-2.0-server\r\n") }),
	}
	resolve := func(_ context.Context, host string) ([]netip.Addr, error) {
		switch host {
		case "shop.example.com":
			return []netip.Addr{netip.MustParseAddr("198.51.100.1")}, nil
		case "two.example.com":
			return []netip.Addr{netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("198.51.100.1")}, nil
		case "ssh.example.com":
			return []netip.Addr{netip.MustParseAddr("198.51.100.3")}, nil
		case "inside.example.com":
			return []netip.Addr{netip.MustParseAddr("169.254.169.254")}, nil
		case "none.example.com":
			return nil, nil
		}
		return nil, errors.New("no such host in this test")
	}
	sum := sha256.Sum256([]byte(body[:64<<10]))
	hash := hex.EncodeToString(sum[:])

	tests := []struct {
		url  string
		want diagnose.HTTPReply
	}{
		{"http://shop.example.com/token.txt", diagnose.HTTPReply{Status: 200, BodyHash: hash}},
		{"https://shop.example.com/token.txt", diagnose.HTTPReply{Status: 200, BodyHash: hash}},
		{"http://two.example.com/token.txt", diagnose.HTTPReply{Status: 200, BodyHash: hash}},
		{"http://ssh.example.com/", diagnose.HTTPReply{Obstacle: diagnose.BadAnswer, Detail: "what answers does not speak HTTP"}},
		{"http://inside.example.com/latest/meta-data", diagnose.HTTPReply{Obstacle: diagnose.NotAllowed, Detail: "169.254.169.254 is a link-local address, which acmbot never connects to"}},
		{"http://169.254.169.254/latest/meta-data", diagnose.HTTPReply{Obstacle: diagnose.NotAllowed, Detail: "169.254.169.254 is a link-local address, which acmbot never connects to"}},
		{"http://none.example.com/", diagnose.HTTPReply{Obstacle: diagnose.NotFound, Detail: "none.example.com has no address"}},
		{"http://lost.example.com/", diagnose.HTTPReply{Obstacle: diagnose.Unreachable, Detail: "the addresses of lost.example.com could not be looked up"}},
		{"ftp://shop.example.com/", diagnose.HTTPReply{Obstacle: diagnose.BadAnswer, Detail: "this is not an HTTP address"}},
		{"::", diagnose.HTTPReply{Obstacle: diagnose.BadAnswer, Detail: "this is not an HTTP address"}},
	}
	for _, test := range tests {
		t.Run(test.url, func(t *testing.T) {
			test.want.URL = test.url
			got := n.prober().HTTP(t.Context(), test.url, resolve)
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("reply (-want +got):\n%s", diff)
			}
		})
	}

	t.Run("redirect", func(t *testing.T) {
		got := n.prober().HTTP(t.Context(), "http://shop.example.com/moved", resolve)
		if got.Status != http.StatusFound || got.Location != "https://elsewhere.example/x" {
			t.Errorf("got %d to %q, want the redirect itself", got.Status, got.Location)
		}
	})
}

// The default dialer refuses what it is about to connect to.
func TestDefaultDialerIsGuarded(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(server.Close)
	u, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	to := netip.MustParseAddrPort(u.Host)

	closed := probe.New(probe.Options{}).TLSPort(t.Context(), "localhost", []netip.Addr{to.Addr()}, to.Port())
	if closed[0].Obstacle != diagnose.NotAllowed {
		t.Errorf("without Allow: %+v, want %q", closed[0], diagnose.NotAllowed)
	}
	allowed := probe.New(probe.Options{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
	reply := allowed.HTTP(t.Context(), server.URL, nil)
	if reply.Status != http.StatusNotFound {
		t.Errorf("with Allow: %+v, want status 404", reply)
	}
}
