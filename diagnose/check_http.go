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
		a := Args{Cert: r.cert, At: r.At, State: r.state, Names: []string{n}, Where: v.Redirect.From, Record: Record{Value: v.Redirect.To}, Detail: detail}
		f := CauseOf(id).find(a, Likely, slices.Concat(r.nameEvidence(a.Names), []Evidence{{Source: "HTTP", Text: "GET " + code(v.Redirect.From) + ": " + httpText(reply)}})...)
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
	case reply.Location != "":
		return fmt.Sprintf("it answers %d to %s", reply.Status, code(reply.Location))
	default:
		return fmt.Sprintf("it answers %d", reply.Status)
	}
}
