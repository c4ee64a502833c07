package world

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/acmbot/acmbot/diagnose"
)

// virtual are the ranges that a world's addresses are taken from: those for
// documentation and for benchmarks, where no real server is.
var virtual = []netip.Prefix{
	netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("198.51.100.0/24"), netip.MustParsePrefix("203.0.113.0/24"),
	netip.MustParsePrefix("198.18.0.0/15"), netip.MustParsePrefix("2001:db8::/32"), netip.MustParsePrefix("3fff::/20"),
}

var loopback = netip.MustParsePrefix("127.0.0.0/8")

// A wardrobe holds the X.509 certificates of the ACM certificates, by ARN. A
// renewal changes them.
type wardrobe struct {
	mu    sync.RWMutex
	certs map[string]*tls.Certificate
}

func (w *wardrobe) get(arn string) *tls.Certificate {
	w.mu.RLock()
	defer w.mu.RUnlock()
	return w.certs[arn]
}

func (w *wardrobe) put(arn string, cert *tls.Certificate) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.certs[arn] = cert
}

// startEndpoints brings up the HTTPS and HTTP servers.
func (r *Running) startEndpoints() error {
	r.certs = &wardrobe{certs: map[string]*tls.Certificate{}}
	for _, c := range r.world.Certificates {
		if c.everIssued() {
			cert, err := r.mint.x509(c)
			if err != nil {
				return err
			}
			r.certs.put(c.ARN(), cert)
		}
	}
	balancers, err := r.world.loadBalancers()
	if err != nil {
		return err
	}
	all := slices.Concat(r.world.Endpoints, balancers, []*Endpoint{r.world.validationEndpoint()})
	for _, e := range all {
		if err := r.startEndpoint(e); err != nil {
			return fmt.Errorf("endpoint %s: %w", e.Address, err)
		}
	}
	return nil
}

func (r *Running) startEndpoint(e *Endpoint) error {
	address, err := netip.ParseAddr(e.Address)
	if err != nil {
		return fmt.Errorf("reading the address: %w", err)
	}
	real := address
	if r.options.Literal {
		if !address.Is4() {
			return nil // there is one IPv6 loopback address only
		}
		if real, err = netip.ParseAddr(place(e.Address, true)); err != nil {
			return fmt.Errorf("placing the address: %w", err)
		}
	}
	secure, plain := netip.AddrPortFrom(address, 443).String(), netip.AddrPortFrom(address, 80).String()
	r.sockets[secure], r.sockets[plain] = "", ""
	if e.Silent {
		r.silent[secure], r.silent[plain] = true, true
		return nil
	}
	if e.Closed {
		return nil
	}
	listen := func(port uint16) (net.Listener, error) {
		at := "127.0.0.1:0"
		if r.options.Literal {
			at = netip.AddrPortFrom(real, port).String()
		}
		listener, err := net.Listen("tcp", at)
		if err != nil {
			return nil, fmt.Errorf("listening for port %d: %w", port, err)
		}
		r.sockets[netip.AddrPortFrom(address, port).String()] = listener.Addr().String()
		return listener, nil
	}

	choose, err := r.chooser(e)
	if err != nil {
		return err
	}
	listener, err := listen(443)
	if err != nil {
		return err
	}
	config := &tls.Config{
		MinVersion: tls.VersionTLS12,
		GetConfigForClient: func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
			found := &tls.Config{MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}}
			if cert := choose(hello.ServerName); cert != nil {
				found.Certificates = []tls.Certificate{*cert}
			}
			return found, nil // without a certificate: the alert "unrecognized name"
		},
	}
	r.serve(&http.Server{Handler: http.HandlerFunc(r.page), ReadHeaderTimeout: time.Minute}, tls.NewListener(listener, config))

	switch {
	case e.HTTPSilent:
		r.silent[plain] = true
	case !e.HTTPClosed:
		if listener, err = listen(80); err != nil {
			return err
		}
		r.serve(&http.Server{Handler: r.plain(e), ReadHeaderTimeout: time.Minute}, listener)
	}
	return nil
}

// chooser returns how an endpoint chooses a certificate by SNI: of those that
// cover the name, the one that expires last, as load balancers do.
func (r *Running) chooser(e *Endpoint) (func(sni string) *tls.Certificate, error) {
	var arns []string
	for _, name := range e.Serves {
		arns = append(arns, r.world.Certificate(name).ARN())
	}
	var foreign *tls.Certificate
	if len(e.Names) > 0 {
		var err error
		if foreign, err = r.mint.foreign(e); err != nil {
			return nil, err
		}
	}
	return func(sni string) *tls.Certificate {
		var all []*tls.Certificate
		for _, arn := range arns {
			if cert := r.certs.get(arn); cert != nil {
				all = append(all, cert)
			}
		}
		if foreign != nil {
			all = append(all, foreign)
		}
		var best *tls.Certificate
		for _, cert := range all {
			covers := cert.Leaf.VerifyHostname(sni) == nil
			if covers && (best == nil || cert.Leaf.NotAfter.After(best.Leaf.NotAfter)) {
				best = cert
			}
		}
		if best == nil && e.Default && len(all) > 0 {
			best = all[0]
		}
		return best
	}, nil
}

// page answers over HTTPS: the tokens of HTTP validation, and a page.
func (r *Running) page(w http.ResponseWriter, request *http.Request) {
	for _, c := range r.world.Certificates {
		if c.Method != diagnose.MethodHTTP {
			continue
		}
		for _, name := range c.Names {
			to, err := url.Parse(redirect(c.Account, name).To)
			if err == nil && request.Host == to.Host && request.URL.Path == to.Path {
				_, _ = io.WriteString(w, validationToken(c.Account, name))
				return
			}
		}
	}
	_, _ = io.WriteString(w, "This is "+request.Host+".\n")
}

// validationToken is the content that HTTP validation must find.
func validationToken(account, name string) string { return digest("token", account, name) }

// plain answers over HTTP.
func (r *Running) plain(e *Endpoint) http.Handler {
	answers := map[string]answer{}
	for path, text := range e.HTTP {
		if a, err := parseAnswer(text); err == nil {
			answers[path] = a
		}
	}
	return http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		host, _, _ := strings.Cut(request.Host, ":")
		for _, key := range []string{host + request.URL.Path, request.URL.Path, host + "*", "*"} {
			if a, ok := answers[key]; ok {
				if a.location != "" {
					w.Header().Set("Location", a.location)
				}
				w.WriteHeader(a.status)
				_, _ = io.WriteString(w, a.body)
				return
			}
		}
		for _, c := range r.world.Certificates {
			if c.Method == diagnose.MethodHTTP && slices.Contains(c.Names, host) && len(e.Names) == 0 && (len(e.Serves) == 0 || slices.Contains(e.Serves, c.As)) {
				if want := redirect(c.Account, host); want.From == "http://"+host+request.URL.Path {
					http.Redirect(w, request, want.To, http.StatusFound)
					return
				}
			}
		}
		http.Redirect(w, request, "https://"+host+request.URL.RequestURI(), http.StatusMovedPermanently)
	})
}

// Dial connects to an HTTPS or HTTP server by its virtual address, as ip:port.
// What a firewall would drop hangs until ctx ends; an address that is not in
// the world is unreachable.
func (r *Running) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	to, err := netip.ParseAddrPort(address)
	if err != nil {
		return nil, &net.AddrError{Err: "not an IP address with a port", Addr: address}
	}
	fail := func(number syscall.Errno) error {
		return &net.OpError{Op: "dial", Net: network, Addr: net.TCPAddrFromAddrPort(to), Err: os.NewSyscallError("connect", number)}
	}
	socket, known := r.sockets[to.String()]
	switch {
	case r.silent[to.String()]:
		<-ctx.Done()
		return nil, ctx.Err()
	case known && socket == "":
		return nil, fail(syscall.ECONNREFUSED)
	case known:
		var d net.Dialer
		return d.DialContext(ctx, network, socket)
	}
	for known := range r.sockets {
		if at, err := netip.ParseAddrPort(known); err == nil && at.Addr() == to.Addr() {
			return nil, fail(syscall.ECONNREFUSED)
		}
	}
	return nil, fail(syscall.EHOSTUNREACH)
}
