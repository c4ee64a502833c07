package view

import (
	"strings"

	"github.com/slack-go/slack"
)

// A Fault is why there is no answer, for the person who asked: what happened,
// what it means, what to do next. Its texts may hold code spans in backquotes.
type Fault struct {
	What, Meaning, Next string
	// RequestID is what the log calls it.
	RequestID string
	// Retry is the question, where asking again makes sense; empty otherwise.
	Retry string
}

// Text is the fault in one line of mrkdwn.
func (f Fault) Text() string {
	var parts []string
	for _, s := range []string{f.What, f.Meaning, f.Next} {
		if s != "" {
			parts = append(parts, mrkdwn(sentence(s)))
		}
	}
	text := "⚠️ " + strings.Join(parts, " ")
	if f.RequestID != "" {
		text += " Request " + code(f.RequestID) + "."
	}
	return text
}

func faultBlocks(f Fault) []slack.Block {
	body := rich{}
	body.para(text("⚠️ "), spokenBold(sentence(f.What)))
	var rest []string
	for _, s := range []string{f.Meaning, f.Next} {
		if s != "" {
			rest = append(rest, sentence(s))
		}
	}
	body.para(spoken(strings.Join(rest, " ")))
	blocks := []slack.Block{body.block()}
	if f.RequestID != "" {
		blocks = append(blocks, small("Request "+code(f.RequestID)+" – the bot's log says more under this id."))
	}
	return blocks
}

// FaultMessage is the message that says why there is no answer.
func FaultMessage(f Fault) Message {
	var d draft
	d.add(faultBlocks(f)...)
	if f.Retry != "" {
		d.end(actions(askButton("Try again", f.Retry)))
	}
	return d.message(f.Text())
}
