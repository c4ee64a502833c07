package world

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

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
