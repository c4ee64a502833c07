package view

import (
	"fmt"
	"strings"

	"github.com/acmbot/acmbot/diagnose"
)

// Progress is what shows while an answer is being made. It is worded so that it
// reads well even where it stays above the answer: what a slash command's
// response URL posted cannot always be replaced
// (https://github.com/slackapi/bolt-js/issues/2287).
func Progress(subject string, p diagnose.Progress) Message {
	var d draft
	block := rich{}
	block.para(text("🔎 Checking "), literal(oneLine(subject)), text("; the answer follows."))
	d.add(block.block())
	if stage := p.Stage; stage != "" {
		if p.Total > 0 {
			stage += fmt.Sprintf(", %d of %d", p.Done, p.Total)
		}
		d.add(small(prose(upper(stage)) + " …"))
	}
	words := "🔎 Checking " + code(subject) + "; the answer follows."
	return d.message(words)
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
