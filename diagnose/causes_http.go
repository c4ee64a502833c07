package diagnose

import (
	"fmt"
)

// httpCauses are of HTTP validation.
var httpCauses = []*Cause{
	{
		ID: "http-redirect-missing", Title: "the HTTP validation redirect is missing", Severity: Blocking, Owner: OwnerWebServer,
		Meaning: "The address that HTTP validation asks for does not redirect to ACM.",
		Text: func(a Args) string {
			return fmt.Sprintf("%s is validated over HTTP: %s must redirect to ACM, but %s.", some(a.Names), code(a.Where), a.Detail)
		},
		Fix:     httpRemedy,
		Sources: []Source{srcHTTP, srcHTTPTrouble},
	},
	{
		ID: "http-redirect-wrong-target", Title: "the HTTP validation redirect leads elsewhere", Severity: Blocking, Owner: OwnerWebServer,
		Meaning: "The address that HTTP validation asks for redirects, but not to ACM.",
		Text: func(a Args) string {
			return fmt.Sprintf("%s is validated over HTTP: %s redirects, but %s.", some(a.Names), code(a.Where), a.Detail)
		},
		Fix:     httpRemedy,
		Sources: []Source{srcHTTP, srcHTTPTrouble},
	},
	{
		ID: "http-forced-https", Title: "a redirect to HTTPS catches the HTTP validation", Severity: Blocking, Owner: OwnerWebServer,
		Meaning: "The server sends every plain HTTP request to HTTPS, the one of the validation too.",
		Text: func(a Args) string {
			return fmt.Sprintf("%s is validated over HTTP, but the server sends %s on to HTTPS (%s) instead of ACM.", some(a.Names), code(a.Where), code(a.Detail))
		},
		Fix:     httpRemedy,
		Sources: []Source{srcHTTP, srcHTTPTrouble},
	},
}

func httpRemedy(a Args) Remedy {
	target := a.Record.Value
	r := Remedy{
		Summary: fmt.Sprintf("Make %s redirect to %s", code(a.Where), code(target)),
		Steps: []string{
			fmt.Sprintf("On the server that answers plain HTTP for the name, redirect (302) %s to %s, before any rule that sends requests to HTTPS, and without authentication, WAF rule or geographic block.", code(a.Where), code(target)),
			"Every name has its own; the one with www and the one without are two.",
		},
	}
	if a.Cert.ManagedBy == "CLOUDFRONT" {
		r.Steps = append(r.Steps, "Where CloudFront is to answer by itself, the name must lead to the distribution tenant in DNS.")
	}
	if a.NoAddress {
		r.Summary = "Publish the name in DNS, so that " + code(a.Where) + " can be fetched"
		r.Steps = append([]string{"Publish address records (or a CNAME to CloudFront) for " + some(a.Names) + ": the name leads nowhere."}, r.Steps...)
	}
	r.Steps = append(r.Steps, afterFixStep(a))
	return r
}
