package view

import (
	"fmt"
	"strings"

	"github.com/acmbot/acmbot/diagnose"
)

// sign is a verdict's emoji, always beside the words that say the same.
func sign(v diagnose.Verdict) string {
	switch v {
	case diagnose.VerdictDown:
		return "🚨"
	case diagnose.VerdictBlocked:
		return "⛔"
	case diagnose.VerdictWillFail, diagnose.VerdictWarning:
		return "⚠️"
	case diagnose.VerdictWaiting:
		return "⏳"
	case diagnose.VerdictHealthy:
		return "✅"
	default:
		return "❔"
	}
}

// verdictWords is a report's verdict in two or three words.
func verdictWords(v diagnose.Verdict, s diagnose.State) string {
	switch v {
	case diagnose.VerdictDown:
		switch s {
		case diagnose.StateExpired:
			return "Expired"
		case diagnose.StateRevoked:
			return "Revoked"
		case diagnose.StateNotIssued:
			return "Not issued"
		default:
			return "Down"
		}
	case diagnose.VerdictBlocked, diagnose.VerdictWillFail, diagnose.VerdictWarning:
		switch {
		case s == diagnose.StateNever:
			return "Will not renew"
		case s == diagnose.StateNotIssued:
			return "Not issued yet"
		case v == diagnose.VerdictBlocked:
			return "Renewal blocked"
		case v == diagnose.VerdictWillFail:
			return "Renewal will fail"
		default:
			return "Needs a hand"
		}
	case diagnose.VerdictWaiting:
		if s == diagnose.StateNotIssued {
			return "Being issued"
		}
		return "Renewal under way"
	case diagnose.VerdictHealthy:
		return "Healthy"
	default:
		return "Cannot tell"
	}
}

// daysWords says how long is left, "" where there is no end.
func daysWords(days *int) string {
	switch {
	case days == nil:
		return ""
	case *days == 0:
		return "less than a day left"
	case *days == 1:
		return "1 day left"
	case *days > 1:
		return fmt.Sprintf("%d days left", *days)
	case *days == -1:
		return "1 day ago"
	default:
		return fmt.Sprintf("%d days ago", -*days)
	}
}

// verdictLine is the verdict with the days left: "Renewal blocked, 12 days
// left".
func verdictLine(r *diagnose.Report) string {
	words := verdictWords(r.Verdict, r.State)
	days := daysWords(r.DaysLeft)
	switch {
	case days == "":
		return words
	case *r.DaysLeft < 0 && r.State == diagnose.StateExpired:
		return words + " " + days
	case *r.DaysLeft < 0:
		return words + ", expired " + days
	default:
		return words + ", " + days
	}
}

// subjectOf is what a report is about, in a form to show.
func subjectOf(r *diagnose.Report) string {
	switch {
	case r.Certificate.DomainName != "" && (r.Asked == "" || r.Asked == r.Certificate.ARN || !isName(r.Asked)):
		return r.Certificate.DomainName
	case r.Asked != "":
		return r.Asked
	default:
		return "this certificate"
	}
}

// placeOf is where something could not be seen, where its description does not
// say so already.
func placeOf(u diagnose.Unseen) string {
	var parts []string
	if u.Account != "" && !strings.Contains(u.What, u.Account) {
		parts = append(parts, "account "+u.Account)
	}
	if u.Region != "" && !strings.Contains(u.What, u.Region) {
		parts = append(parts, u.Region)
	}
	if len(parts) == 0 {
		return ""
	}
	return " (" + strings.Join(parts, ", ") + ")"
}

// unseenLine says what could not be checked, why, and what would allow it.
func unseenLine(u diagnose.Unseen) inlines {
	list := join(spoken(upper(u.What)), text(placeOf(u)+": "+u.Why.Words()))
	if u.Detail != "" {
		list = join(list, text(". "), spoken(sentence(u.Detail)))
	} else {
		list = join(list, text("."))
	}
	if u.Permission != "" && !strings.Contains(u.Detail, u.Permission) {
		list = join(list, text(" Missing permission: "), literal(u.Permission), text("."))
	}
	return list
}

// unseenText is unseenLine as mrkdwn, shorter.
func unseenText(u diagnose.Unseen) string {
	s := mrkdwn(u.What) + prose(placeOf(u)) + ": " + u.Why.Words()
	if u.Permission != "" {
		s += ", missing permission " + code(u.Permission)
	}
	return s
}

// unseenOf gathers what could not be seen for an answer, each thing once.
func unseenOf(a diagnose.Answer, r *diagnose.Report) []diagnose.Unseen {
	var list []diagnose.Unseen
	seen := map[diagnose.Unseen]bool{}
	add := func(more []diagnose.Unseen) {
		for _, u := range more {
			key := u
			key.Detail = ""
			if !seen[key] {
				seen[key] = true
				list = append(list, u)
			}
		}
	}
	if r != nil {
		add(r.Unseen)
		add(r.Certificate.Unseen)
	}
	add(a.Scope.Unreadable)
	return list
}
