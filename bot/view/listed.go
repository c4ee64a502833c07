package view

import (
	"fmt"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"github.com/acmbot/acmbot/diagnose"
)

// Causes gives what a recent diagnosis found, in half a sentence, by the
// certificate's ARN; "" where there is none. Nil knows none.
type Causes func(arn string) string

func (c Causes) of(arn string) string {
	if c == nil {
		return ""
	}
	return c(arn)
}

// urgencySign is an urgency's emoji, always beside words.
func urgencySign(u diagnose.Urgency) string {
	switch u {
	case diagnose.UrgencyDown:
		return "🚨"
	case diagnose.UrgencyWaiting:
		return "⛔"
	case diagnose.UrgencyEnding:
		return "⚠️"
	case diagnose.UrgencyIssuing, diagnose.UrgencyRenewing:
		return "⏳"
	case diagnose.UrgencyOK:
		return "✅"
	default:
		return "💤"
	}
}

// listedState is what ACM's list tells of a certificate, in a few words.
func listedState(l *diagnose.Listed, at time.Time) string {
	switch l.State(at) {
	case diagnose.StateExpired:
		return "Expired"
	case diagnose.StateRevoked:
		return "Revoked"
	case diagnose.StatePending:
		if l.RenewalStatus == diagnose.RenewalFailed {
			return "Renewal failed"
		}
		return "Renewal waits for validation"
	case diagnose.StateNotIssued:
		switch l.Status {
		case diagnose.StatusFailed:
			return "Request failed"
		case diagnose.StatusValidationTimedOut:
			return "Request timed out"
		case diagnose.StatusInactive:
			return "Inactive"
		}
		return "Not issued yet, waits for validation"
	case diagnose.StateNever:
		switch {
		case l.Type == diagnose.TypeImported:
			return "Imported, ACM does not renew it"
		case l.KeyPairOrigin == diagnose.OriginACME:
			return "Its ACME client renews it"
		case !l.InUse:
			return "Not in use, so not renewed"
		}
		return "Not eligible for renewal"
	case diagnose.StateInRenewal:
		if l.RenewalStatus == "" {
			return "Renewal is due"
		}
		return "Renewing"
	case diagnose.StateRenewed:
		return "Renewed lately"
	default:
		return "In order"
	}
}

// listedWords is listedState with the days left.
func listedWords(l *diagnose.Listed, at time.Time) string {
	state, days := listedState(l, at), l.DaysLeft(at)
	switch words := daysWords(days); {
	case words == "":
		return state
	case *days < 0 && l.State(at) == diagnose.StateExpired:
		return state + " " + words
	case *days < 0:
		return state + ", ended " + words
	default:
		return state + ", " + words
	}
}

// listedLine is a certificate's row, in mrkdwn.
func listedLine(l *diagnose.Listed, at time.Time, cause string) string {
	s := urgencySign(l.Urgency(at)) + " *" + code(nameOf(l.CertificateRef)) + "* – " + listedWords(l, at)
	if cause != "" {
		s += "\n" + mrkdwn(sentence(cause))
	}
	var place []string
	if l.Account != "" {
		place = append(place, "account "+code(l.Account))
	}
	if l.Region != "" {
		place = append(place, code(l.Region))
	}
	if n := len(l.Names) - 1; n > 0 {
		place = append(place, diagnose.Plural(n, "more name"))
	}
	if !l.InUse && l.State(at) != diagnose.StateNever {
		place = append(place, "not in use")
	}
	if len(place) > 0 {
		s += "\n" + upper(strings.Join(place, ", "))
	}
	return s
}

// nameOf is a certificate's domain name; an imported one may have none.
func nameOf(ref diagnose.CertificateRef) string {
	if ref.DomainName != "" {
		return ref.DomainName
	}
	return "…" + tail(ref.ARN)
}

// listedRow is a row with its button. Number makes the button's id unique.
func listedRow(l *diagnose.Listed, at time.Time, cause string, number int) slack.Block {
	b := button(ActionAsk, "Why?", "Diagnose "+nameOf(l.CertificateRef), State{Query: l.ARN}.Encode())
	numberButtons([]*slack.ButtonBlockElement{b}, number)
	return line(listedLine(l, at, cause), b)
}

// counts are the numbers of certificates by urgency, in words, the most urgent
// first.
func counts(list []diagnose.Listed, at time.Time) []string {
	n := map[diagnose.Urgency]int{}
	for i := range list {
		n[list[i].Urgency(at)]++
	}
	var words []string
	for _, u := range diagnose.Urgencies {
		if n[u] > 0 {
			words = append(words, fmt.Sprintf("%s %d %s", urgencySign(u), n[u], countWords[u]))
		}
	}
	return words
}

// countWords go with a number of certificates of an urgency.
var countWords = map[diagnose.Urgency]string{
	diagnose.UrgencyDown:     "down",
	diagnose.UrgencyWaiting:  "waiting for somebody",
	diagnose.UrgencyEnding:   "ending soon, not renewed",
	diagnose.UrgencyIssuing:  "waiting to be issued",
	diagnose.UrgencyRenewing: "renewing",
	diagnose.UrgencyOK:       "in order",
	diagnose.UrgencyIdle:     "not in use",
}
