package view

import (
	"github.com/slack-go/slack"
)

// A Message is what to post: blocks, and the same in words. The text is what a
// phone's notification and a screen reader give, and what is posted alone where
// Slack refuses the blocks.
type Message struct {
	Text   string
	Blocks []slack.Block
}

// TextOnly is the message without its blocks.
func (m Message) TextOnly() Message { return Message{Text: m.Text} }

// draft is a message under construction: what can be folded, and what must
// stay at its end.
type draft struct {
	body []slack.Block
	foot []slack.Block
}

func (d *draft) add(blocks ...slack.Block) {
	for _, b := range blocks {
		if b != nil {
			d.body = append(d.body, b)
		}
	}
}

func (d *draft) end(blocks ...slack.Block) {
	for _, b := range blocks {
		if b != nil {
			d.foot = append(d.foot, b)
		}
	}
}

func (d *draft) message(text string) Message {
	return Message{Text: clip(text, mostText), Blocks: fit(d.body, d.foot, messageSurface)}
}
