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
	"strings"
	"time"

	"github.com/acmbot/acmbot/diagnose"
)

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
