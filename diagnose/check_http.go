package diagnose

import (
	"fmt"
	"slices"
	"strings"
)

// checkHTTP holds the redirects that HTTP validation asks for against what the
// servers do.
func checkHTTP(r *reading) []Finding {
	if !r.validates() {
		return nil
	}
	var found []Finding
	for _, n := range r.cert.Names {
		v, ok := r.cert.Expected(n)
		if !ok || v.Redirect == nil {
			continue
		}
		reply, asked := r.Redirects[v.Redirect.From]
		if !asked {
			continue
		}
		id, detail := redirectFault(r, v.Redirect, reply)
		if id == "" {
			continue
		}
		evidence := slices.Concat(r.twinEvidence(n), r.pointsEvidence(n))
		a := Args{Cert: r.cert, At: r.At, State: r.state, Names: []string{n}, Where: v.Redirect.From, Record: Record{Value: v.Redirect.To}, Detail: detail}
		if e, seen := r.Endpoints[n]; seen && reply.Obstacle != "" && len(e.Served) == 0 && (e.Resolution == OutcomeNXDomain || e.Resolution == OutcomeNoData) {
			a.Detail, a.NoAddress = "the name "+resolutionText(e.Resolution), true
		}
		confidence := Likely
		if reply.Obstacle != "" && !a.NoAddress && !r.anythingAnswers() {
			confidence = Possible // it may be that no connection can be made from here
		}
		f := CauseOf(id).find(a, confidence, slices.Concat(r.nameEvidence(a.Names), []Evidence{{Source: "HTTP", Text: "GET " + code(v.Redirect.From) + ": " + httpText(reply)}}, evidence)...)
		f.Subject = v.Redirect.From
		f.Ahead = !r.waiting(n)
		found = append(found, f)
	}
	return found
}

func redirectFault(r *reading, want *HTTPRedirect, got HTTPReply) (CauseID, string) {
	switch {
	case got.Obstacle == NotAllowed || got.Obstacle == OverBudget || got.Obstacle == NotConfigured:
		return "", ""
	case got.Obstacle != "":
		return "http-redirect-missing", httpText(got)
	case got.Status >= 300 && got.Status < 400:
		if got.Location == want.To {
			return "", ""
		}
		if strings.HasPrefix(got.Location, "https://") && sameButScheme(got.Location, want.From) {
			return "http-forced-https", got.Location
		}
		return "http-redirect-wrong-target", "its target is " + code(got.Location) + " instead of " + code(want.To)
	case got.Status == 200:
		// The token itself, served in place, will do.
		if there, ok := r.Redirects[want.To]; ok && there.BodyHash != "" && there.BodyHash == got.BodyHash {
			return "", ""
		}
		return "http-redirect-missing", "it answers with a page of its own"
	default:
		return "http-redirect-missing", httpText(got)
	}
}

func sameButScheme(a, b string) bool {
	cut := func(s string) string {
		_, rest, _ := strings.Cut(s, "://")
		return strings.ToLower(strings.TrimSuffix(rest, "/"))
	}
	return cut(a) == cut(b)
}

func httpText(reply HTTPReply) string {
	switch {
	case reply.Obstacle != "" && reply.Detail != "":
		return reply.Detail
	case reply.Obstacle != "":
		return "the server does not answer"
	case reply.Status == 401, reply.Status == 403:
		return fmt.Sprintf("it answers %d: a WAF rule, a geographic block or authentication stands before it", reply.Status)
	case reply.Status == 404, reply.Status == 410:
		return fmt.Sprintf("it answers %d: there is nothing at that path", reply.Status)
	case reply.Status >= 500:
		return fmt.Sprintf("it answers %d: the server, or what stands behind it, is in trouble", reply.Status)
	case reply.Location != "":
		return fmt.Sprintf("it answers %d to %s", reply.Status, code(reply.Location))
	default:
		return fmt.Sprintf("it answers %d", reply.Status)
	}
}

// twinEvidence shows how the name's twin with or without www fares: each has a
// redirect of its own.
func (r *reading) twinEvidence(name string) []Evidence {
	twin := "www." + name
	if bare, ok := strings.CutPrefix(name, "www."); ok {
		twin = bare
	}
	v, ok := r.cert.Expected(twin)
	if !ok || v.Redirect == nil || !slices.Contains(r.cert.Names, twin) {
		return nil
	}
	reply, asked := r.Redirects[v.Redirect.From]
	if !asked {
		return nil
	}
	text := "in order"
	if id, detail := redirectFault(r, v.Redirect, reply); id != "" {
		text = detail
	}
	return []Evidence{{Source: "HTTP", Text: "its twin " + code(twin) + ", which has an address of its own to redirect, is seen so: " + text}}
}

// pointsEvidence says whether a name of a certificate that CloudFront manages
// leads to CloudFront by a CNAME. CloudFront can serve the token by itself only
// then; an address record cannot tell.
func (r *reading) pointsEvidence(name string) []Evidence {
	e, seen := r.Endpoints[name]
	if !seen || r.cert.ManagedBy != "CLOUDFRONT" {
		return nil
	}
	switch {
	case len(e.Served) == 0:
		return []Evidence{{Source: "DNS", Text: code(name) + " " + resolutionText(e.Resolution) + ", so that it does not lead to CloudFront"}}
	case strings.HasSuffix(e.Canonical, ".cloudfront.net"):
		return []Evidence{{Source: "DNS", Text: code(name) + " leads to CloudFront by " + code(e.Canonical)}}
	case e.Canonical != "":
		return []Evidence{{Source: "DNS", Text: code(name) + " leads to " + code(e.Canonical) + ", which is not CloudFront's; CloudFront serves the token by itself only to names that lead to it"}}
	}
	return nil
}

// anythingAnswers reports whether any server answered over HTTP or HTTPS, which
// shows that connections can be made from here.
func (r *reading) anythingAnswers() bool {
	for _, reply := range r.Redirects {
		if reply.Status != 0 {
			return true
		}
	}
	for _, e := range r.Endpoints {
		if slices.ContainsFunc(e.Served, func(s TLSServed) bool { return s.Obstacle == "" }) {
			return true
		}
	}
	return false
}
