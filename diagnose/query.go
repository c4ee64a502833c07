package diagnose

import (
	"html"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
	"unicode"

	"golang.org/x/net/idna"
)

// A Query is what a person asked for: exactly one of Domain, ARN and ID is
// set.
type Query struct {
	// Text is what was typed, trimmed.
	Text string `json:"text"`
	// Domain is a lower-case A-label name without a trailing dot; it may start
	// with "*.".
	Domain string `json:"domain,omitempty"`
	// Unicode is Domain with its U-labels, where that differs.
	Unicode string `json:"unicode,omitempty"`
	// ARN is a certificate's whole ARN.
	ARN string `json:"arn,omitempty"`
	// ID is a certificate's id, the last part of its ARN, lower-case.
	ID string `json:"id,omitempty"`
}

// Subject is the query in a form to show: the domain with its U-labels, the
// ARN or the id.
func (q Query) Subject() string {
	switch {
	case q.Unicode != "":
		return q.Unicode
	case q.Domain != "":
		return q.Domain
	case q.ARN != "":
		return q.ARN
	default:
		return q.ID
	}
}

// A UsageError is a question that could not be read. Its text is a sentence
// for the person who asked.
type UsageError struct {
	Text    string // what was typed
	Problem string // what is wrong with it, as a sentence
}

func (e *UsageError) Error() string { return e.Problem }

var (
	certificateARN = regexp.MustCompile(`(?i)\barn:aws[a-z-]*:acm:[a-z0-9-]+:\d{12}:certificate/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b`)
	certificateID  = regexp.MustCompile(`(?i)^(?:certificate/)?([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$`)
	consoleLink    = regexp.MustCompile(`(?i)console\.(?:aws\.amazon\.com|amazonaws\.cn|amazonaws-us-gov\.com)/acm/.*certificates/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})`)
	slackLink      = regexp.MustCompile(`^<([^<>|]+)(?:\|([^<>]*))?>$`)
	validationName = regexp.MustCompile(`^_[0-9a-z]{20,}\.(.+)$`)
	port           = regexp.MustCompile(`:\d{1,5}$`)
)

// maxQuery is the longest question read, in bytes: longer than any name, ARN
// or link that leads to a certificate, short enough to be read in no time.
const maxQuery = 2000

// nameProfile maps a name for look-up as UTS #46 says (full stops of other
// scripts, case, width) without forbidding what DNS allows.
var nameProfile = idna.New(idna.MapForLookup(), idna.BidiRule(), idna.CheckHyphens(false), idna.StrictDomainName(false), idna.Transitional(false))

// ParseQuery reads a question's subject: a domain name, "*." and a domain
// name, a URL, host:port, a certificate's ARN or id, or a link to a
// certificate in the AWS console. It takes upper case, a trailing dot, names
// with U-labels, quotes, and Slack's markup for links
// (<http://shop.example.com|shop.example.com>). Its error is a *UsageError.
func ParseQuery(text string) (Query, error) {
	text = strings.TrimSpace(text)
	q := Query{Text: text}
	bad := func(problem string) (Query, error) {
		return Query{Text: text}, &UsageError{Text: text, Problem: problem}
	}
	if len(text) > maxQuery {
		return bad("That is longer than a domain name, a URL or an ARN can be.")
	}
	s := unwrap(html.UnescapeString(text)) // Slack escapes &, < and > in what people type
	if s == "" {
		return bad("There is no domain name to look up.")
	}
	if arn := certificateARN.FindString(s); arn != "" {
		q.ARN = strings.ToLower(arn)
		return q, nil
	}
	if strings.HasPrefix(strings.ToLower(s), "arn:") {
		return bad("That is an ARN, but not of an ACM certificate: those look like arn:aws:acm:eu-west-1:111122223333:certificate/ and a UUID.")
	}
	if m := certificateID.FindStringSubmatch(s); m != nil {
		q.ID = strings.ToLower(m[1])
		return q, nil
	}
	if m := consoleLink.FindStringSubmatch(s); m != nil {
		q.ID = strings.ToLower(m[1])
		return q, nil
	}
	if strings.ContainsFunc(s, unicode.IsSpace) {
		return bad("That is more than one word, and one domain name is looked up at a time.")
	}
	host, problem := hostOf(s)
	if problem != "" {
		return bad(problem)
	}
	domain, problem := domainOf(host)
	if problem != "" {
		return bad(problem)
	}
	q.Domain = domain
	q.Unicode = unicodeOf(domain)
	return q, nil
}

// unicodeOf returns an A-label name with its U-labels, "" where it has none.
func unicodeOf(domain string) string {
	rest, wildcard := strings.CutPrefix(domain, "*.")
	u, err := idna.Display.ToUnicode(rest)
	switch {
	case err != nil || u == rest:
		return ""
	case wildcard:
		return "*." + u
	default:
		return u
	}
}

// unwrap takes off what chat clients and people put around a name.
func unwrap(s string) string {
	for {
		before := s
		s = strings.TrimFunc(s, func(r rune) bool {
			return unicode.IsSpace(r) || strings.ContainsRune("`'\"“”‘’«»(),;!?", r) || r == '\u200b' || r == '\ufeff'
		})
		s = strings.TrimSuffix(s, ":")
		if m := slackLink.FindStringSubmatch(s); m != nil {
			s = m[1]
		}
		if s == before {
			return s
		}
	}
}

// hostOf takes the host out of a URL, an e-mail address or host:port.
func hostOf(s string) (host, problem string) {
	if rest, ok := strings.CutPrefix(strings.ToLower(s), "mailto:"); ok {
		s = rest
	}
	if scheme, rest, ok := strings.Cut(s, "://"); ok {
		u, err := url.Parse(s)
		if err == nil && u.Hostname() != "" {
			return u.Hostname(), ""
		}
		if scheme == "" || rest == "" {
			return "", "That URL has no host name in it."
		}
		s = rest // url.Parse refuses some hosts that people paste, such as https://*.example.com
	}
	s, _, _ = strings.Cut(s, "/")
	s, _, _ = strings.Cut(s, "?")
	s, _, _ = strings.Cut(s, "#")
	if at := strings.LastIndex(s, "@"); at >= 0 {
		s = s[at+1:]
	}
	if strings.HasPrefix(s, "[") || strings.Count(s, ":") > 1 {
		return "", "That is an IP address; ACM's certificates are for domain names."
	}
	s = port.ReplaceAllString(s, "")
	if s == "" {
		return "", "There is no domain name in that."
	}
	return s, ""
}

// domainOf turns a host into a lower-case A-label name.
func domainOf(host string) (domain, problem string) {
	if _, err := netip.ParseAddr(host); err == nil {
		return "", "That is an IP address; ACM's certificates are for domain names."
	}
	rest, wildcard := strings.CutPrefix(host, "*.")
	if len(rest) > 4*253 { // UTF-8 takes up to four bytes a character
		return "", "That is longer than a domain name can be (253 characters)."
	}
	a, err := nameProfile.ToASCII(rest)
	if err == nil {
		_, err = nameProfile.ToASCII(a) // its A-labels must hold U-labels that are allowed, too
	}
	if err != nil {
		return "", "That is not a domain name that DNS can hold."
	}
	a = strings.ToLower(strings.TrimSuffix(a, "."))
	if m := validationName.FindStringSubmatch(a); m != nil {
		a = m[1] // somebody pasted the validation record's name
	}
	labels := strings.Split(a, ".")
	switch {
	case len(a) > 253:
		return "", "That is longer than a domain name can be (253 characters)."
	case len(labels) < 2:
		return "", "That is one word without a dot, and a domain name has at least two labels."
	}
	for _, label := range labels {
		switch {
		case label == "":
			return "", "That has two dots in a row, or starts with one."
		case len(label) > 63:
			return "", "One part between the dots is longer than DNS allows (63 characters)."
		case strings.Contains(label, "*"):
			return "", "A wildcard can only stand at the front, as in *.example.com."
		case strings.HasPrefix(label, "-") || strings.HasSuffix(label, "-"):
			return "", "A part of a domain name cannot start or end with a hyphen."
		case strings.ContainsFunc(label, func(r rune) bool {
			return r != '-' && r != '_' && (r < 'a' || r > 'z') && (r < '0' || r > '9')
		}):
			return "", "That has a character in it that a domain name cannot hold."
		}
	}
	if top := labels[len(labels)-1]; strings.Trim(top, "0123456789") == "" {
		return "", "That ends in a number, which no domain name does."
	}
	if wildcard {
		a = "*." + a
	}
	return a, ""
}
