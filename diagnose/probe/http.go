package probe

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"time"

	"github.com/acmbot/acmbot/diagnose"
)

// maxBody is how much of a body is read and hashed, in bytes.
const maxBody = 64 << 10

// A noAddress is a name without addresses.
type noAddress struct{ host string }

func (e *noAddress) Error() string { return e.host + " has no address" }

// A noLookup is a name whose addresses could not be looked up.
type noLookup struct {
	host string
	err  error
}

func (e *noLookup) Error() string { return "the addresses of " + e.host + " could not be looked up" }
func (e *noLookup) Unwrap() error { return e.err }

// A noConnection is why no address of a host took the connection.
type noConnection struct{ err error }

func (e *noConnection) Error() string { return "connecting: " + e.err.Error() }
func (e *noConnection) Unwrap() error { return e.err }

// HTTP sends one GET for an http or https URL and tells what comes back;
// redirects are not followed. resolve gives the addresses of the URL's host;
// they are tried in turn until one takes the connection.
func (p *Prober) HTTP(ctx context.Context, rawURL string, resolve func(ctx context.Context, host string) ([]netip.Addr, error)) diagnose.HTTPReply {
	reply := diagnose.HTTPReply{URL: rawURL}
	u, err := url.Parse(rawURL)
	if err != nil || u.Hostname() == "" || u.Scheme != "http" && u.Scheme != "https" {
		reply.Obstacle, reply.Detail = diagnose.BadAnswer, "this is not an HTTP address"
		return reply
	}
	ctx, cancel := context.WithTimeout(ctx, p.timeout)
	defer cancel()

	transport := &http.Transport{
		DialContext: func(ctx context.Context, _, address string) (net.Conn, error) {
			return p.connectHost(ctx, address, resolve)
		},
		TLSClientConfig:        lookOnly(u.Hostname(), func(*x509.Certificate) {}),
		DisableKeepAlives:      true,
		DisableCompression:     true,
		MaxResponseHeaderBytes: maxBody,
	}
	defer transport.CloseIdleConnections()
	client := http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		reply.Obstacle, reply.Detail = diagnose.BadAnswer, "this is not an HTTP address"
		return reply
	}
	request.Header.Set("User-Agent", p.userAgent)
	response, err := client.Do(request)
	if err != nil {
		reply.Obstacle, reply.Detail = httpObstacle(err)
		return reply
	}
	defer func() { _ = response.Body.Close() }()

	reply.Status = response.StatusCode
	reply.Location = response.Header.Get("Location")
	hash := sha256.New()
	if _, err := io.Copy(hash, io.LimitReader(response.Body, maxBody)); err != nil {
		reply.Obstacle, reply.Detail = diagnose.BadAnswer, "the answer breaks off"
		return reply
	}
	reply.BodyHash = hex.EncodeToString(hash.Sum(nil))
	return reply
}

func (p *Prober) connectHost(ctx context.Context, address string, resolve func(ctx context.Context, host string) ([]netip.Addr, error)) (net.Conn, error) {
	host, portText, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("splitting %q: %w", address, err)
	}
	port, err := strconv.ParseUint(portText, 10, 16)
	if err != nil {
		return nil, fmt.Errorf("reading port %q: %w", portText, err)
	}
	var addrs []netip.Addr
	if literal, err := netip.ParseAddr(host); err == nil {
		addrs = []netip.Addr{literal}
	} else if addrs, err = resolve(ctx, host); err != nil {
		return nil, &noLookup{host, err}
	}
	targets := distinct(addrs, uint16(port))
	if len(targets) == 0 {
		return nil, &noAddress{host}
	}
	// An address that swallows packets must leave time for the next one.
	var failures []error
	for i, to := range targets {
		share := ctx
		cancel := context.CancelFunc(func() {})
		if rest := len(targets) - i; rest > 1 {
			share, cancel = context.WithTimeout(ctx, p.timeout/time.Duration(rest))
		}
		conn, err := p.connect(share, to)
		cancel()
		if err == nil {
			return conn, nil
		}
		failures = append(failures, err)
	}
	return nil, &noConnection{failures[0]}
}

func httpObstacle(err error) (diagnose.Obstacle, string) {
	var none *noAddress
	var lookup *noLookup
	switch {
	case errors.As(err, &none):
		return diagnose.NotFound, none.Error()
	case errors.As(err, &lookup):
		if errors.Is(err, context.DeadlineExceeded) {
			return diagnose.TimedOut, lookup.Error() + " in time"
		}
		return diagnose.Unreachable, lookup.Error()
	}
	if _, ok := errors.AsType[*noConnection](err); ok {
		return obstacle(err)
	}
	kind, detail := handshakeObstacle(err)
	if kind == diagnose.BadAnswer && detail == "the TLS handshake fails" {
		detail = "what answers does not speak HTTP"
	}
	return kind, detail
}
