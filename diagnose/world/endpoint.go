package world

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/miekg/dns"

	"github.com/acmbot/acmbot/diagnose"
)

// An Endpoint is an address with an HTTPS and an HTTP server, as a world
// describes it.
type Endpoint struct {
	// Address is one of the addresses in the zones, without a port.
	Address string `yaml:"address"`
	// Serves are certificates of the certificates section; SNI chooses.
	Serves List `yaml:"serves"`
	// Names are what another certificate covers, one that ACM does not have.
	// Issuer is who issued it: Amazon, Let's Encrypt, Google Trust Services,
	// DigiCert, Cloudflare or any other name.
	Names   List    `yaml:"names"`
	Issuer  string  `yaml:"issuer"`  // Amazon where empty
	Issued  *Moment `yaml:"issued"`  // 90 days before Expires where empty
	Expires *Moment `yaml:"expires"` // in 60 days where empty
	Serial  string  `yaml:"serial"`  // hexadecimal
	// Default answers clients whose SNI no certificate covers with the first
	// one, as load balancers do; otherwise they are refused.
	Default bool `yaml:"default"`

	// HTTP are the answers to plain HTTP, by path, or by host and path; "*" is
	// for all others. An answer is a status and, after a blank, the location or
	// the body: "302 https://example.com/". Without any, all is redirected to
	// HTTPS, except for what HTTP validation asks for.
	HTTP map[string]string `yaml:"http"`

	Closed bool `yaml:"closed"` // nothing listens: connections are refused
	Silent bool `yaml:"silent"` // packets are dropped
	// HTTPClosed and HTTPSilent are the same for port 80 alone.
	HTTPClosed bool `yaml:"http closed"`
	HTTPSilent bool `yaml:"http silent"`
}

func (w *World) completeEndpoints() error {
	seen := map[string]bool{}
	for i, e := range w.Endpoints {
		address, err := netip.ParseAddr(e.Address)
		if err != nil {
			return fmt.Errorf("endpoints.yaml: endpoint %d: %q is not an IP address", i+1, e.Address)
		}
		if e.Address = address.String(); seen[e.Address] {
			return fmt.Errorf("endpoints.yaml: there are two endpoints at %s", e.Address)
		}
		seen[e.Address] = true
		for _, name := range e.Serves {
			if w.Certificate(name) == nil {
				return fmt.Errorf("endpoints.yaml: %s serves %q, which is no certificate", e.Address, name)
			}
		}
		for path, answer := range e.HTTP {
			if _, err := parseAnswer(answer); err != nil {
				return fmt.Errorf("endpoints.yaml: %s: %s: %w", e.Address, path, err)
			}
		}
	}
	return nil
}

// An answer is what a plain HTTP request is answered with.
type answer struct {
	status   int
	location string
	body     string
}

func parseAnswer(text string) (answer, error) {
	code, rest, _ := strings.Cut(text, " ")
	status, err := strconv.Atoi(code)
	if err != nil || status < 200 || status > 599 {
		return answer{}, fmt.Errorf("%q does not begin with an HTTP status", text)
	}
	if status >= 300 && status < 400 {
		return answer{status: status, location: rest}, nil
	}
	return answer{status: status, body: rest}, nil
}

// loadBalancers are the endpoints for the addresses in the zones that the file
// says nothing about. They have all certificates that are in use.
func (w *World) loadBalancers() ([]*Endpoint, error) {
	known := map[string]bool{validationAddress: true}
	for _, e := range w.Endpoints {
		known[e.Address] = true
	}
	var serves List
	for _, c := range w.Certificates {
		if len(c.UsedBy) > 0 && c.everIssued() {
			serves = append(serves, c.As)
		}
	}
	var list []*Endpoint
	for _, z := range w.zones {
		if z.private {
			continue
		}
		rrs, err := z.records()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", z.header, err)
		}
		for _, rr := range rrs {
			var address string
			switch rr := rr.(type) {
			case *dns.A:
				address = rr.A.String()
			case *dns.AAAA:
				address = rr.AAAA.String()
			default:
				continue
			}
			server := slices.ContainsFunc(w.zones, func(z *zone) bool {
				return slices.Contains(z.servers, diagnose.CanonicalName(rr.Header().Name))
			})
			if !known[address] && !server {
				known[address] = true
				list = append(list, &Endpoint{Address: address, Serves: serves})
			}
		}
	}
	return list, nil
}

// validationEndpoint is where HTTP validation redirects to.
func (w *World) validationEndpoint() *Endpoint {
	return &Endpoint{
		Address: validationAddress, Names: List{validationHost}, Issuer: "Amazon", HTTPClosed: true,
	}
}

// A mint issues X.509 certificates.
type mint struct {
	now  time.Time
	key  *ecdsa.PrivateKey // of all certificates: nobody looks at the keys
	cert map[string]*x509.Certificate
}

func newMint(now time.Time) (*mint, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("generating a key: %w", err)
	}
	return &mint{now: now, key: key, cert: map[string]*x509.Certificate{}}, nil
}

// issuers are the names of intermediate authorities as they stand in
// certificates.
var issuers = map[string]pkix.Name{
	"Amazon":                {Country: []string{"US"}, Organization: []string{"Amazon"}, CommonName: "Amazon RSA 2048 M02"},
	"Let's Encrypt":         {Country: []string{"US"}, Organization: []string{"Let's Encrypt"}, CommonName: "R11"},
	"Google Trust Services": {Country: []string{"US"}, Organization: []string{"Google Trust Services"}, CommonName: "WE1"},
	"Cloudflare":            {Country: []string{"US"}, Organization: []string{"Google Trust Services"}, CommonName: "WE1"},
	"DigiCert":              {Country: []string{"US"}, Organization: []string{"DigiCert Inc"}, CommonName: "DigiCert Global G2 TLS RSA SHA256 2020 CA1"},
}

// authority is the certificate of an issuer.
func (m *mint) authority(issuer string) (*x509.Certificate, error) {
	if known := m.cert[issuer]; known != nil {
		return known, nil
	}
	name, ok := issuers[issuer]
	if !ok {
		name = pkix.Name{Organization: []string{issuer}, CommonName: issuer}
	}
	id := sha256.Sum256([]byte(issuer))
	template := &x509.Certificate{
		SerialNumber: new(big.Int).SetBytes(id[:8]), Subject: name, SubjectKeyId: id[:20],
		NotBefore: m.now.Add(-3 * 365 * day), NotAfter: m.now.Add(5 * 365 * day),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, m.key.Public(), m.key)
	if err != nil {
		return nil, fmt.Errorf("making the authority %s: %w", issuer, err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("making the authority %s: %w", issuer, err)
	}
	m.cert[issuer] = cert
	return cert, nil
}

// issue makes a certificate with its chain.
func (m *mint) issue(issuer string, serial *big.Int, names []string, notBefore, notAfter time.Time) (*tls.Certificate, error) {
	authority, err := m.authority(issuer)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: names[0]}, DNSNames: names,
		NotBefore: notBefore, NotAfter: notAfter,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true, AuthorityKeyId: authority.SubjectKeyId,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, authority, m.key.Public(), m.key)
	if err != nil {
		return nil, fmt.Errorf("making a certificate for %s: %w", names[0], err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("making a certificate for %s: %w", names[0], err)
	}
	return &tls.Certificate{Certificate: [][]byte{der, authority.Raw}, PrivateKey: m.key, Leaf: leaf}, nil
}

func pemOf(der []byte) string {
	var b bytes.Buffer
	_ = pem.Encode(&b, &pem.Block{Type: "CERTIFICATE", Bytes: der}) // a Buffer takes everything
	return b.String()
}

// x509 is an ACM certificate as it is served.
func (m *mint) x509(c *Certificate) (*tls.Certificate, error) {
	notBefore, notAfter := c.validity(m.now)
	issuer := c.Issuer
	if issuer == "" {
		switch c.Type {
		case diagnose.TypeAmazonIssued:
			issuer = "Amazon"
		case diagnose.TypePrivate:
			issuer = "Internal Services CA"
		default:
			issuer = "Let's Encrypt"
		}
	}
	return m.issue(issuer, c.serialNumber(), c.Names, notBefore, notAfter)
}

// foreign is the certificate of an endpoint that ACM does not have.
func (m *mint) foreign(e *Endpoint) (*tls.Certificate, error) {
	expires := e.Expires
	if expires == nil {
		expires = &Moment{offset: 60 * day}
	}
	notAfter := expires.wholeDay(m.now, day-time.Second)
	notBefore := notAfter.Add(time.Second - 90*day)
	if e.Issued != nil {
		notBefore = e.Issued.wholeDay(m.now, 0)
	}
	serial, ok := new(big.Int).SetString(strings.ReplaceAll(e.Serial, ":", ""), 16)
	if !ok {
		serial, _ = new(big.Int).SetString(digest("foreign", e.Address, strings.Join(e.Names, " "))[:32], 16)
	}
	issuer := e.Issuer
	if issuer == "" {
		issuer = "Amazon"
	}
	return m.issue(issuer, serial, e.Names, notBefore, notAfter)
}
