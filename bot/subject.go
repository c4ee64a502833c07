package bot

import (
	"regexp"
	"strings"
	"unicode"

	"github.com/acmbot/acmbot/bot/view"
	"github.com/acmbot/acmbot/diagnose"
)

// mostSubjects is how many names of one message are taken.
const mostSubjects = 10

var (
	// markup is what Slack puts in angle brackets: links, mentions, dates
	// ("Formatting text for app surfaces",
	// https://docs.slack.dev/messaging/formatting-message-text).
	markup  = regexp.MustCompile(`(\*\.)?<([^<>\n]*)>`)
	arnWord = regexp.MustCompile(`(?i)arn:aws[a-z-]*:acm:[^\s<>|"'` + "`" + `]+`)
	idWord  = regexp.MustCompile(`(?i)\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b`)
)

// subjects finds what a text of Slack's asks about: certificates' ARNs and ids,
// then links, and, where there are no links, words that are domain names. Slack
// makes a link of every domain name under a public suffix, so a word such as
// "report.pdf" beside links is not one.
func subjects(parse func(string) (diagnose.Query, error), text string) []diagnose.Query {
	var found []diagnose.Query
	seen := map[string]bool{}
	take := func(s string) bool {
		q, err := parse(s)
		if err != nil {
			return false
		}
		if key := view.QueryText(q); !seen[key] && len(found) < mostSubjects {
			seen[key] = true
			found = append(found, q)
		}
		return true
	}

	text = arnWord.ReplaceAllStringFunc(text, func(s string) string {
		if take(s) {
			return " "
		}
		return s
	})
	links := 0
	var mails []string
	words := markup.ReplaceAllStringFunc(text, func(s string) string {
		m := markup.FindStringSubmatch(s)
		target, _, _ := strings.Cut(m[2], "|")
		switch {
		case target == "" || strings.ContainsAny(target[:1], "@#!"):
		case strings.HasPrefix(target, "mailto:"):
			mails = append(mails, target)
		case m[1] != "": // Slack links the part behind the asterisk
			if _, rest, ok := strings.Cut(target, "://"); ok {
				target = rest
			}
			if take("*." + target) {
				links++
			}
		default:
			if take("<" + m[2] + ">") {
				links++
			}
		}
		return " "
	})
	words = idWord.ReplaceAllStringFunc(words, func(s string) string {
		if take(s) {
			return " "
		}
		return s
	})
	if len(found) == 0 || links == 0 {
		for _, w := range strings.FieldsFunc(words, func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune(",;()[]{}|\"'`", r) }) {
			switch w = strings.Trim(w, ".:!?_~"); {
			case strings.Contains(w, "@"):
				mails = append(mails, w)
			case isNameLike(w):
				take(w)
			}
		}
	}
	if len(found) == 0 {
		for _, m := range mails {
			take(m)
		}
	}
	return found
}

// isNameLike tells a domain name or a URL from "e.g." and "v1.2".
func isNameLike(w string) bool {
	if strings.Contains(w, "://") {
		return true
	}
	host, _, _ := strings.Cut(w, "/")
	host, _, _ = strings.Cut(host, ":")
	i := strings.LastIndex(host, ".")
	if i < 1 {
		return false
	}
	top := host[i+1:]
	return len(top) >= 2 && !strings.ContainsFunc(top, func(r rune) bool { return !unicode.IsLetter(r) && r != '-' && (r < '0' || r > '9') }) &&
		strings.ContainsFunc(top, unicode.IsLetter)
}

// withoutMarkup is a text without links and mentions.
func withoutMarkup(text string) string { return markup.ReplaceAllString(text, " ") }
