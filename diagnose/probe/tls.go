package probe

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/netip"
	"strings"
	"sync"

	"github.com/acmbot/acmbot/diagnose"
)

// maxAddresses is how many addresses of a name are looked at: enough for any
// load balancer, and not a scan.
const maxAddresses = 8

// TLS looks at the certificate that each address presents on port 443 when the
// name is asked for by SNI. It is [Prober.TLSPort] with the port 443.
func (p *Prober) TLS(ctx context.Context, name string, addrs []netip.Addr) []diagnose.TLSServed {
	return p.TLSPort(ctx, name, addrs, 443)
}

// TLSPort looks at the certificate that each address presents on a port when
// the name is asked for by SNI. All addresses are asked at once, the first
// eight at most, and the answers come in their order.
func (p *Prober) TLSPort(ctx context.Context, name string, addrs []netip.Addr, port uint16) []diagnose.TLSServed {
	targets := distinct(addrs, port)
	served := make([]diagnose.TLSServed, len(targets))
	var wg sync.WaitGroup
	for i, to := range targets {
		wg.Go(func() { served[i] = p.handshake(ctx, name, to) })
	}
	wg.Wait()
	return served
}

func distinct(addrs []netip.Addr, port uint16) []netip.AddrPort {
	var targets []netip.AddrPort
	seen := map[netip.Addr]bool{}
	for _, a := range addrs {
		if a = a.Unmap(); a.IsValid() && !seen[a] && len(targets) < maxAddresses {
			seen[a] = true
			targets = append(targets, netip.AddrPortFrom(a, port))
		}
	}
	return targets
}

func (p *Prober) handshake(ctx context.Context, name string, to netip.AddrPort) diagnose.TLSServed {
	served := diagnose.TLSServed{Address: to.String()}
	ctx, cancel := context.WithTimeout(ctx, p.timeout)
	defer cancel()
	conn, err := p.connect(ctx, to)
	if err != nil {
		served.Obstacle, served.Detail = obstacle(err)
		return served
	}
	defer func() { _ = conn.Close() }()

	var leaf *x509.Certificate
	session := tls.Client(conn, lookOnly(strings.TrimSuffix(name, "."), func(l *x509.Certificate) { leaf = l }))
	err = session.HandshakeContext(ctx)
	if leaf == nil {
		served.Obstacle, served.Detail = handshakeObstacle(err)
		return served
	}
	// The certificate counts even where the handshake fails after it, as it
	// does at servers that want one from the client.
	served.Serial = leaf.SerialNumber.Text(16)
	served.Subject = leaf.Subject.String()
	served.Issuer = leaf.Issuer.CommonName
	served.IssuerOrg = strings.Join(leaf.Issuer.Organization, ", ")
	served.NotBefore, served.NotAfter = leaf.NotBefore.UTC(), leaf.NotAfter.UTC()
	for _, n := range leaf.DNSNames {
		served.Names = append(served.Names, strings.ToLower(n))
	}
	return served
}

// lookOnly is a client configuration that takes any certificate over any
// version and cipher: nothing is sent over these connections that needs
// protection, and an expired or foreign certificate is what is looked for.
func lookOnly(name string, seen func(*x509.Certificate)) *tls.Config {
	var ciphers []uint16
	for _, suite := range append(tls.CipherSuites(), tls.InsecureCipherSuites()...) {
		ciphers = append(ciphers, suite.ID)
	}
	return &tls.Config{
		ServerName:         name,
		InsecureSkipVerify: true, //nolint:gosec // see above
		MinVersion:         tls.VersionTLS10,
		CipherSuites:       ciphers,
		VerifyPeerCertificate: func(raw [][]byte, _ [][]*x509.Certificate) error {
			if len(raw) == 0 {
				return nil
			}
			leaf, err := x509.ParseCertificate(raw[0])
			if err == nil {
				seen(leaf)
			}
			return err
		},
	}
}

func handshakeObstacle(err error) (diagnose.Obstacle, string) {
	var alert *net.OpError
	var notTLS tls.RecordHeaderError
	switch {
	case errors.As(err, &alert) && alert.Op == "remote error":
		// The alert's type is not exported; its text is its name in RFC 8446.
		what := strings.TrimPrefix(alert.Err.Error(), "tls: ")
		if what == "unrecognized name" {
			return diagnose.BadAnswer, "the server has no certificate for this name (TLS alert \"unrecognized name\")"
		}
		return diagnose.BadAnswer, "the server ends the TLS handshake (alert \"" + what + "\")"
	case errors.As(err, &notTLS):
		return diagnose.BadAnswer, "what answers on this port does not speak TLS"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return diagnose.BadAnswer, "the server closes the connection without an answer"
	}
	kind, detail := obstacle(err)
	if kind == diagnose.Unreachable {
		return diagnose.BadAnswer, "the TLS handshake fails"
	}
	return kind, detail
}
