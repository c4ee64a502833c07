package diagnose

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// acmSays is evidence from ACM's own fields.
func acmSays(format string, args ...any) Evidence {
	return Evidence{Source: "ACM", Text: fmt.Sprintf(format, args...)}
}

// nameEvidence is ACM's word on the names that a finding concerns.
func (r *reading) nameEvidence(names []string) []Evidence {
	var list []Evidence
	if ren := r.cert.Renewal; ren != nil && ren.Status != "" && r.state != StateNotIssued {
		text := "the renewal status is " + code(ren.Status)
		if ren.Reason != "" {
			text += ", the reason " + code(ren.Reason)
		}
		if !ren.UpdatedAt.IsZero() {
			text += ", since " + momentOf(ren.UpdatedAt)
		}
		list = append(list, acmSays("%s", text))
	}
	byStatus := map[string][]string{}
	for _, n := range names {
		if s := r.nameStatus(n); s != "" {
			byStatus[s] = append(byStatus[s], n)
		}
	}
	for _, s := range sortedStrings(byStatus) {
		list = append(list, acmSays("the validation status of %s is %s", some(byStatus[s]), code(s)))
	}
	return list
}

func sortedStrings[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// replyText puts what one server answered into words.
func replyText(reply Reply, name, rrtype string) string {
	switch reply.Outcome {
	case OutcomeAnswer:
		var values []string
		for _, rr := range reply.Answer {
			if CanonicalName(rr.Name) == CanonicalName(name) {
				values = append(values, rr.Type+" "+rr.Value)
			}
		}
		return "answers " + some(values)
	case OutcomeNoData:
		return "has the name, but no " + rrtype + " record at it"
	case OutcomeNXDomain:
		return "says there is no such name (NXDOMAIN)"
	case OutcomeRefused:
		return "refuses to answer (REFUSED)"
	case OutcomeServFail:
		return "answers with a server failure (SERVFAIL)"
	case OutcomeLame:
		return "answers without authority"
	case OutcomeUpwardReferral:
		return "refers back up the tree"
	case OutcomeTimeout:
		return "does not answer"
	case OutcomeUnreachable:
		return "cannot be reached"
	case OutcomeTruncated:
		return "truncates its answer and does not answer over TCP"
	case OutcomeNoAddress:
		return "has no address"
	case OutcomeReferral:
		return "refers further down"
	case OutcomeOverBudget, OutcomeNotReached:
		return "was not asked, for want of time"
	default:
		if reply.Detail != "" {
			return reply.Detail
		}
		return "gives an answer that makes no sense"
	}
}

// who names the server of a reply.
func who(reply Reply) string {
	switch {
	case reply.Server == "":
		return reply.Address
	case reply.Address == "":
		return reply.Server
	default:
		return reply.Server + " (" + reply.Address + ")"
	}
}

// dnsEvidence says what the servers answered, those with the same answer
// together.
func dnsEvidence(l *Lookup, replies []Reply) []Evidence {
	if l == nil {
		return nil
	}
	return replyEvidence("DNS", l.Name, l.Type, replies)
}

func publicEvidence(l *Lookup) []Evidence {
	if l == nil {
		return nil
	}
	return replyEvidence("resolver", l.Name, l.Type, l.Public)
}

func replyEvidence(source, name, rrtype string, replies []Reply) []Evidence {
	groups := map[string][]string{}
	for _, reply := range replies {
		var text strings.Builder
		text.WriteString(replyText(reply, name, rrtype))
		if reply.Outcome.Usable() && reply.Detail != "" {
			text.WriteString(" (" + reply.Detail + ")")
		}
		if reply.CheckingDisabled {
			text.WriteString(" when told not to validate DNSSEC")
		}
		for _, e := range reply.EDE {
			fmt.Fprintf(&text, " [EDE %d %s]", e.Code, strings.TrimSpace(e.Name+" "+e.Text))
		}
		if w := who(reply); !slices.Contains(groups[text.String()], w) {
			groups[text.String()] = append(groups[text.String()], w)
		}
	}
	var list []Evidence
	for _, text := range sortedStrings(groups) {
		servers := groups[text]
		slices.Sort(servers)
		list = append(list, Evidence{Source: source, Text: fmt.Sprintf("asked for %s %s, %s %s", code(name), rrtype, Conjoin(servers), agree(text, len(servers)))})
	}
	return list
}

// agree puts a sentence's verb into the plural where several servers say it.
func agree(text string, n int) string {
	if n < 2 {
		return text
	}
	verb, rest, _ := strings.Cut(text, " ")
	switch verb {
	case "has":
		verb = "have"
	case "does":
		verb = "do"
	case "says", "answers", "refuses", "refers", "truncates", "gives":
		verb = strings.TrimSuffix(verb, "s")
	case "was":
		verb = "were"
	}
	return verb + " " + rest
}

// serverNames are the servers of replies in words, each once.
func serverNames(replies []Reply) []string {
	var list []string
	for _, reply := range replies {
		name := reply.Server
		if name == "" {
			name = reply.Address
		}
		if !slices.Contains(list, name) {
			list = append(list, name)
		}
	}
	slices.Sort(list)
	return list
}

// serversSaying are the servers with what each answered, such as
// "ns1.example.com refuses to answer (REFUSED)".
func serversSaying(replies []Reply, name, rrtype string) []string {
	groups := map[string][]Reply{}
	for _, reply := range replies {
		text := replyText(reply, name, rrtype)
		groups[text] = append(groups[text], reply)
	}
	var list []string
	for _, text := range sortedStrings(groups) {
		servers := serverNames(groups[text])
		list = append(list, Conjoin(servers)+" "+agree(text, len(servers)))
	}
	return list
}

// negativeTTL is how long a resolver may still hold its negative answer: the
// lesser of the SOA record's TTL, which it counts down, and its MINIMUM (RFC
// 2308 section 5).
func negativeTTL(reply Reply) time.Duration {
	for _, rr := range reply.Authority {
		if rr.Type != "SOA" {
			continue
		}
		seconds := rr.TTL
		if fields := strings.Fields(rr.Value); len(fields) == 7 {
			var minimum uint32
			if _, err := fmt.Sscan(fields[6], &minimum); err == nil && minimum < seconds {
				seconds = minimum
			}
		}
		return time.Duration(seconds) * time.Second
	}
	for _, rr := range reply.Answer {
		return time.Duration(rr.TTL) * time.Second
	}
	return 0
}
