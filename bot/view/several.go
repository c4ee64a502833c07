package view

import (
	"strings"

	"github.com/slack-go/slack"

	"github.com/acmbot/acmbot/diagnose"
)

// A Summary is one name's answer among several.
type Summary struct {
	Query diagnose.Query
	// Answer is nil while it is looked for, or where there is none.
	Answer *diagnose.Answer
	// Problem says why there is no answer, as a sentence; empty for none.
	Problem string
}

func (s Summary) text() string {
	name := code(s.Query.Subject())
	switch {
	case s.Problem != "":
		return "⚠️ " + name + " – " + mrkdwn(sentence(s.Problem))
	case s.Answer == nil:
		return "⏳ " + name + " – checking…"
	case len(s.Answer.Reports) == 0:
		if len(s.Answer.Scope.Places) == 0 && len(s.Answer.Scope.Unreadable) > 0 {
			return "❔ " + name + " – Cannot tell: no account could be read."
		}
		return "❔ " + name + " – No certificate found."
	}
	r := &s.Answer.Reports[0]
	line := sign(r.Verdict) + " *" + name + "* – " + verdictLine(r)
	if len(r.Findings) > 0 {
		line += "\n" + mrkdwn(sentence(upper(Cause(r))))
	}
	return line
}

// Several is a short answer for each of several names, with the full one behind
// a button.
func Several(list []Summary) Message {
	var d draft
	d.add(header(diagnose.Plural(len(list), "name")))
	var words []string
	for i, s := range list {
		var b *slack.ButtonBlockElement
		if s.Answer != nil || s.Problem != "" {
			b = button(ActionAsk, "Full answer", "Show the full answer for "+s.Query.Subject(), State{Query: QueryText(s.Query)}.Encode())
			numberButtons([]*slack.ButtonBlockElement{b}, i)
		}
		d.add(line(s.text(), b))
		words = append(words, strings.ReplaceAll(s.text(), "\n", " "))
	}
	return d.message(strings.Join(words, "\n"))
}

// Cause is what an answer found about its first certificate, in half a
// sentence; "" where there is none.
func Cause(r *diagnose.Report) string {
	if len(r.Findings) == 0 {
		return ""
	}
	f := r.Findings[0]
	if f.Title == "" {
		return causeTitle(f.Cause)
	}
	return f.Title
}
