package view

import (
	"fmt"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/acmbot/acmbot/diagnose"
)

var escaper = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

// escape makes text safe in mrkdwn: no mention, channel or link can come of it
// ("Formatting text for app surfaces",
// https://docs.slack.dev/messaging/formatting-message-text).
func escape(s string) string { return escaper.Replace(s) }

// code is a code span in mrkdwn. A backquote would end the span, so it becomes
// an apostrophe.
func code(s string) string {
	s = strings.TrimSpace(diagnose.Visible(strings.ReplaceAll(s, "`", "'")))
	if s == "" {
		return "(nothing)"
	}
	return "`" + escape(s) + "`"
}

// joiner stands between characters that would be markup together. It has no
// width and is only ever put into prose, never into what is copied.
const joiner = "\u2060"

// shortcode is what Slack turns into an emoji. An IPv6 address has such pieces
// too.
var shortcode = regexp.MustCompile(`:[A-Za-z0-9_+'-]+:`)

// prose is text outside code spans in mrkdwn, in one line, escaped and with
// nothing in it that formats: no *bold*, no :emoji:.
func prose(s string) string {
	s = diagnose.Visible(s)
	s = shortcode.ReplaceAllStringFunc(s, func(code string) string { return ":" + joiner + code[1:] })
	var b strings.Builder
	for _, r := range s {
		b.WriteString(escape(string(r)))
		if strings.ContainsRune("*_~`", r) {
			b.WriteString(joiner)
		}
	}
	return b.String()
}

// A span is a piece of a text of the diagnosis: prose, or a code span.
type span struct {
	text string
	code bool
}

// spans splits a text at its backquotes. A backquote without a partner is prose.
func spans(s string) []span {
	var list []span
	for {
		before, rest, ok := strings.Cut(s, "`")
		inside, after, closed := strings.Cut(rest, "`")
		if !ok || !closed {
			if s != "" {
				list = append(list, span{text: s})
			}
			return list
		}
		if before != "" {
			list = append(list, span{text: before})
		}
		if inside != "" {
			list = append(list, span{text: inside, code: true})
		}
		s = after
	}
}

// mrkdwn is a text of the diagnosis, with code spans in backquotes, as mrkdwn.
func mrkdwn(s string) string {
	var b strings.Builder
	for _, p := range spans(s) {
		if p.code {
			b.WriteString(code(p.text))
		} else {
			b.WriteString(prose(p.text))
		}
	}
	return b.String()
}

// plain is a text of the diagnosis without its backquotes, for plain_text.
func plain(s string) string { return strings.ReplaceAll(s, "`", "") }

const ellipsis = " …"

// clip shortens prose to at most n characters. It cuts between words and never
// within a code span or an escape, so a name or a value is whole or absent.
func clip(s string, n int) string {
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	room := n - utf8.RuneCountInString(ellipsis)
	var b strings.Builder
	used := 0
	for _, word := range words(s) {
		size := utf8.RuneCountInString(word)
		if used+size > room {
			break
		}
		b.WriteString(word)
		used += size
	}
	return strings.TrimRightFunc(b.String(), unicode.IsSpace) + ellipsis
}

// words splits a text into words with the white space before them; a code span
// counts as one word, and so does what adjoins it.
func words(s string) []string {
	var list []string
	start, inCode, inWord := 0, false, false
	for i, r := range s {
		switch {
		case r == '`':
			inCode, inWord = !inCode, true
		case unicode.IsSpace(r) && !inCode:
			if inWord {
				list = append(list, s[start:i])
				start, inWord = i, false
			}
		default:
			inWord = true
		}
	}
	return append(list, s[start:])
}

// few is the first n of a list in words, and how many more there are.
func few(list []string, n int) string {
	if len(list) <= n+1 {
		return diagnose.Conjoin(list)
	}
	return fmt.Sprintf("%s and %d more", strings.Join(list[:n], ", "), len(list)-n)
}

// upper capitalises a text's first letter, unless it starts with code.
func upper(s string) string {
	r, size := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(r)) + s[size:]
}

// sentence ends a text with a full stop, where it has no end of its own.
func sentence(s string) string {
	s = upper(strings.TrimSpace(s))
	if s == "" || strings.ContainsAny(s[len(s)-1:], ".!?:") {
		return s
	}
	return s + "."
}

// dateFormat is how Slack shows a moment in the reader's own time zone.
const dateFormat = "{date_short_pretty} at {time}"

// moment is a time in mrkdwn, in the reader's own time zone; clients that
// cannot do so show UTC.
func moment(t time.Time) string {
	return fmt.Sprintf("<!date^%d^%s|%s>", t.Unix(), dateFormat, utc(t))
}

func utc(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }

func day(t time.Time) string { return t.UTC().Format("2006-01-02") }
