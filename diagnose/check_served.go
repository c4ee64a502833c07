package diagnose

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// checkServed compares what the endpoints serve with the certificate, and
// speaks up where users see another one that ends soon: a certificate from
// elsewhere in front of a name is common, and by itself no fault.
func checkServed(r *reading) []Finding {
	c := r.cert
	if c.Serial == "" || !c.InUse() || r.state == StateRevoked || r.state == StateExpired || r.state == StateNotIssued {
		return nil
	}
	var found []Finding
	for _, name := range sortedStrings(r.Endpoints) {
		e := r.Endpoints[name]
		var others []TLSServed
		for _, s := range e.Served {
			if s.Obstacle == "" && s.Serial != "" && s.Serial != c.Serial && s.NotAfter.Before(c.NotAfter) && s.NotAfter.Sub(r.At) < servedWorryingDays*24*time.Hour {
				others = append(others, s)
			}
		}
		if len(others) == 0 {
			continue
		}
		covering := c.CoveringName(name)
		if covering == "" {
			continue
		}
		s := others[0]
		a := Args{Cert: c, At: r.At, State: r.state, Names: []string{covering}, Where: name, Since: s.NotAfter}
		for _, o := range others {
			a.Servers = append(a.Servers, o.Address)
		}
		evidence := []Evidence{acmSays("its serial number is %s, valid until %s", code(c.Serial), dateOf(c.NotAfter))}
		for _, o := range others {
			evidence = append(evidence, servedEvidence(name, o))
		}
		id := CauseID("dns-points-elsewhere")
		switch {
		case !fromAmazon(s) && edgeOf(e, s) != "":
			id = "edge-cdn-own-cert"
			a.Detail, a.Reason = issuerOf(s), edgeOf(e, s)
		case !fromAmazon(s):
			a.Detail = issuerOf(s)
		case c.ExportOption == "ENABLED" && c.Exported != nil && *c.Exported && sameNames(s.Names, c.Names):
			id = "exported-copy"
		case lagging(r, s):
			id = "deploy-lag"
			a.Since = c.Renewal.UpdatedAt
		default:
			id = "different-arn"
			if i := slices.IndexFunc(r.Siblings, func(ref CertificateRef) bool {
				return ref.ARN != c.ARN && sameDay(ref.NotAfter, s.NotAfter)
			}); i >= 0 {
				a.Detail = " (likely " + code(r.Siblings[i].ARN) + ")"
			}
		}
		f := CauseOf(id).find(a, Likely, evidence...)
		f.Subject = name
		found = append(found, f)
	}
	return found
}

// lagging reports whether what is served is the certificate from before a
// renewal that has only just happened.
func lagging(r *reading, s TLSServed) bool {
	ren := r.cert.Renewal
	return ren != nil && ren.Status == RenewalSuccess && r.At.Sub(ren.UpdatedAt) < deploymentLag+time.Hour && s.NotBefore.Before(r.cert.NotBefore)
}

func fromAmazon(s TLSServed) bool {
	return strings.Contains(strings.ToLower(s.IssuerOrg), "amazon") || strings.HasPrefix(s.Issuer, "Amazon ")
}

func issuerOf(s TLSServed) string {
	switch {
	case s.IssuerOrg != "" && s.Issuer != "":
		return s.IssuerOrg + " " + s.Issuer
	case s.IssuerOrg != "":
		return s.IssuerOrg
	case s.Issuer != "":
		return s.Issuer
	default:
		return "an unknown issuer"
	}
}

func sameDay(a, b time.Time) bool { return a.Sub(b).Abs() < 36*time.Hour }

func servedEvidence(name string, s TLSServed) Evidence {
	if s.Obstacle != "" {
		detail := s.Detail
		if detail == "" {
			detail = "no certificate could be obtained"
		}
		return Evidence{Source: "TLS", Text: fmt.Sprintf("%s at %s: %s", code(name), s.Address, detail)}
	}
	return Evidence{Source: "TLS", Text: fmt.Sprintf("%s at %s serves a certificate by %s, serial number %s, valid until %s", code(name), s.Address, code(issuerOf(s)), code(s.Serial), dateOf(s.NotAfter))}
}

// observeEndpoints says what the endpoints serve. ACM no longer needs a name to
// be reachable over HTTPS, nor to serve the certificate, in order to renew it
// ("Handling failures in automatic certificate renewal",
// https://docs.aws.amazon.com/acm/latest/userguide/troubleshooting-renewal.html),
// so these are observations and not causes.
func observeEndpoints(r *reading) []Evidence {
	var list []Evidence
	for _, name := range sortedStrings(r.Endpoints) {
		e := r.Endpoints[name]
		if len(e.Served) == 0 {
			text := code(name) + " " + resolutionText(e.Resolution)
			if e.Resolution == OutcomeNXDomain || e.Resolution == OutcomeNoData {
				text += ", so nothing is served there"
			}
			list = append(list, Evidence{Source: "TLS", Text: text + "; ACM does not need that to renew"})
		}
		for _, s := range e.Served {
			switch {
			case s.Obstacle == "" && s.Serial == r.cert.Serial:
				list = append(list, Evidence{Source: "TLS", Text: fmt.Sprintf("%s at %s serves this certificate", code(name), s.Address)})
			case s.Obstacle != "":
				ev := servedEvidence(name, s)
				ev.Text += "; ACM does not need that to renew"
				list = append(list, ev)
			default:
				list = append(list, servedEvidence(name, s))
			}
		}
	}
	return list
}

func resolutionText(o Outcome) string {
	switch o {
	case OutcomeNXDomain:
		return "does not exist in DNS"
	case OutcomeNoData, OutcomeAnswer, "":
		return "has no addresses"
	default:
		return "could not be resolved"
	}
}

// edgeNames are the networks in front of other servers, by what the CNAMEs that
// lead to them end in.
var edgeNames = map[string]string{
	".cdn.cloudflare.net": "Cloudflare", ".edgekey.net": "Akamai", ".edgesuite.net": "Akamai", ".akamaiedge.net": "Akamai", ".akamai.net": "Akamai",
	".fastly.net": "Fastly", ".fastlylb.net": "Fastly", ".azureedge.net": "Azure CDN", ".azurefd.net": "Azure Front Door", ".b-cdn.net": "Bunny",
	".impervadns.net": "Imperva", ".incapdns.net": "Imperva", ".stackpathdns.com": "StackPath", ".sucuri.net": "Sucuri",
	".netlify.app": "Netlify", ".netlify.com": "Netlify", ".vercel-dns.com": "Vercel",
}

// edgeOf is the content delivery network that a name leads to, where its alias
// or address tells; "" otherwise.
func edgeOf(e Endpoint, s TLSServed) string {
	for _, suffix := range sortedStrings(edgeNames) {
		if strings.HasSuffix(e.Canonical, suffix) {
			return edgeNames[suffix]
		}
	}
	if addr, err := netip.ParseAddrPort(s.Address); err == nil && onEdge([]RR{{Value: addr.Addr().Unmap().String()}}) {
		return "Cloudflare"
	}
	if strings.Contains(s.IssuerOrg, "Cloudflare") {
		return "Cloudflare"
	}
	return ""
}
