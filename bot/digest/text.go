package digest

import (
	"fmt"
	"strings"
	"time"
	"unicode"

	"github.com/acmbot/acmbot/diagnose"
)

// Text is the digest for a terminal. What came from outside never reaches it
// with control characters in it.
func Text(d Digest) string {
	var b strings.Builder
	line := func(format string, args ...any) { b.WriteString(clean(fmt.Sprintf(format, args...)) + "\n") }
	switch {
	case d.Certificates == 0:
		line("No certificate was found.")
	case d.Quiet() && len(d.Email) == 0:
		line("All quiet: none of %s needs anybody.", diagnose.Plural(d.Certificates, "certificate"))
	case Count(d.Entries) == 0:
		line("Nothing is in trouble that could be looked at.")
	default:
		line("%s of %d in trouble.", diagnose.Plural(Count(d.Entries), "certificate"), d.Certificates)
	}
	if d.Late > 0 {
		line("Late by %s.", d.Late.Round(time.Minute))
	}
	section := func(title string, entries []Entry) {
		if len(entries) == 0 {
			return
		}
		line("")
		line("%s", title)
		for _, e := range entries {
			line("")
			first := e.Items[0]
			if len(e.Items) > 1 {
				where := ""
				if e.Zone != "" {
					where = " in the zone " + e.Zone
				}
				line("  %s%s, the first of them %s", diagnose.Plural(len(e.Items), "certificate"), where, left(first))
			} else {
				line("  %s: %s  (%s %s)", first.Domain, left(first), first.Account, first.Region)
			}
			if first.Title != "" {
				line("    %s.", upper(first.Title))
			} else {
				line("    The cause cannot be told.")
			}
			if e.Fix != "" {
				line("    Fix: %s.", strings.TrimSuffix(upper(e.Fix), "."))
			}
			if len(e.Items) > 1 {
				for _, i := range e.Items {
					line("    - %s: %s  (%s %s)", i.Domain, left(i), i.Account, i.Region)
					if e.Fix == "" && i.Fix != "" {
						line("      Fix: %s.", strings.TrimSuffix(upper(i.Fix), "."))
					}
				}
			}
		}
	}
	section("NEEDS SOMEBODY", d.Entries)
	section("WILL FAIL WHEN THE RENEWAL STARTS", d.Ahead)
	if len(d.Email) > 0 {
		line("")
		line("VALIDATED BY E-MAIL, WHICH ACM STOPS RENEWING ON %s", d.EmailEnds.Format(time.DateOnly))
		for _, i := range d.Email {
			line("  %s", i.Domain)
		}
	}
	if len(d.Resolved) > 0 {
		line("")
		line("RESOLVED SINCE THE LAST DIGEST")
		for _, r := range d.Resolved {
			switch {
			case r.Renewed:
				line("  %s: renewed, valid until %s", r.Domain, r.NotAfter.Format(time.DateOnly))
			case r.Gone:
				line("  %s: deleted", r.Domain)
			default:
				line("  %s: no trouble any more", r.Domain)
			}
		}
	}
	if len(d.Snoozed) > 0 {
		line("")
		line("SNOOZED")
		for _, s := range d.Snoozed {
			line("  %s until %s: %s", s.Domain, s.Until.Format(time.DateOnly), s.Reason)
		}
	}
	if len(d.Unreadable) > 0 || d.Unlooked > 0 {
		line("")
		line("COULD NOT BE READ")
		for _, u := range d.Unreadable {
			detail := u.Detail
			if detail == "" {
				detail = string(u.Why)
			}
			line("  %s: %s", upper(u.What), detail)
		}
		if d.Unlooked > 0 {
			line("  %s due for renewal, in the time there is", diagnose.Plural(d.Unlooked, "certificate"))
		}
	}
	return b.String()
}

func left(i Item) string {
	switch {
	case i.DaysLeft == nil && i.NotAfter.IsZero():
		return "not issued"
	case i.DaysLeft == nil:
		return "until " + i.NotAfter.Format(time.DateOnly)
	case *i.DaysLeft < 0 && i.Verdict == diagnose.VerdictDown:
		return "expired " + diagnose.Plural(-*i.DaysLeft, "day") + " ago"
	case *i.DaysLeft == 0:
		return "less than a day left"
	default:
		return diagnose.Plural(*i.DaysLeft, "day") + " left"
	}
}

func clean(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) {
			return -1
		}
		return r
	}, s)
}

func upper(s string) string {
	for i, r := range s {
		return string(unicode.ToUpper(r)) + s[i+len(string(r)):]
	}
	return s
}
