package view

import (
	"fmt"
	"unicode/utf8"

	"github.com/slack-go/slack"
)

// Block Kit's limits, in characters and elements ("Block Kit reference",
// https://docs.slack.dev/reference/block-kit/blocks and
// https://docs.slack.dev/reference/block-kit/block-elements/button-element).
const (
	mostMessageBlocks = 50
	mostViewBlocks    = 100
	mostHeader        = 150
	mostSection       = 3000
	mostContext       = 10
	mostActions       = 25
	mostLabel         = 75
	mostValue         = 2000
	mostURL           = 3000
	mostMetadata      = 3000
)

const (
	// mostText is a little less than the 4000 characters of text that chat.update
	// takes (https://docs.slack.dev/reference/methods/chat.update): an answer
	// posted today is updated tomorrow.
	mostText = 3900
	// mostMessage is how much text all blocks of a message may hold together.
	// Slack answers msg_blocks_too_long from somewhere above 11 000 characters,
	// a limit that it does not document
	// (https://github.com/slackapi/bolt-js/issues/2867).
	mostMessage = 8000
	// mostView keeps a page of a modal readable, and far from any limit on the
	// size of a view.
	mostView = 12000
	// mostRich is where a rich_text block is split. Slack documents no limit
	// for it; a section's is 3000.
	mostRich = 2800
)

type surface struct {
	blocks, characters int
	fold               string // what to say where something had to be left out
}

var messageSurface = surface{
	blocks: mostMessageBlocks, characters: mostMessage,
	fold: "There is more than fits into a message: _Show evidence_ has all of it.",
}

var viewSurface = surface{blocks: mostViewBlocks, characters: mostView, fold: "There is more than fits into this page."}

// fit makes blocks keep the limits: long rich text is split between its
// elements, long prose is cut between words, and what is too much altogether is
// left out from the end of the body, with a line that says so. The foot always
// stays.
func fit(body, foot []slack.Block, s surface) []slack.Block {
	var all []slack.Block
	for _, b := range body {
		all = append(all, split(b)...)
	}
	for i, b := range foot {
		foot[i] = trim(b)
	}
	room, characters := s.blocks-len(foot), s.characters-size(foot...)
	if len(all) <= room && size(all...) <= characters {
		return append(all, foot...)
	}
	fold := small(s.fold)
	room, characters = room-1, characters-size(fold)
	kept := 0
	for kept < len(all) && kept < room && size(all[kept]) <= characters {
		characters -= size(all[kept])
		kept++
	}
	return append(append(all[:kept:kept], fold), foot...)
}

// split keeps one block within its own limits, in several blocks where needed.
func split(b slack.Block) []slack.Block {
	block, ok := b.(*slack.RichTextBlock)
	if !ok {
		return []slack.Block{trim(b)}
	}
	var blocks []slack.Block
	var part []slack.RichTextElement
	used := 0
	flush := func() {
		if len(part) > 0 {
			blocks = append(blocks, slack.NewRichTextBlock("", part...))
			part, used = nil, 0
		}
	}
	for _, e := range block.Elements {
		for _, piece := range splitElement(e) {
			n := elementSize(piece)
			if used+n > mostRich {
				flush()
			}
			part, used = append(part, piece), used+n
		}
	}
	flush()
	return blocks
}

// splitElement splits a long list between its items, and a long paragraph
// between its parts.
func splitElement(e slack.RichTextElement) []slack.RichTextElement {
	if elementSize(e) <= mostRich {
		return []slack.RichTextElement{e}
	}
	switch e := e.(type) {
	case *slack.RichTextList:
		var pieces []slack.RichTextElement
		var items []slack.RichTextElement
		used, offset := 0, 0
		flush := func() {
			if len(items) == 0 {
				return
			}
			l := slack.NewRichTextList(e.Style, e.Indent, items...)
			l.Offset = offset // a numbered list goes on where it was split
			pieces = append(pieces, l)
			offset, items, used = offset+len(items), nil, 0
		}
		for _, item := range e.Elements {
			if section, ok := item.(*slack.RichTextSection); ok {
				item = slack.NewRichTextSection(short(section.Elements)...)
			}
			n := elementSize(item)
			if used+n > mostRich {
				flush()
			}
			items, used = append(items, item), used+n
		}
		flush()
		return pieces
	case *slack.RichTextSection:
		return []slack.RichTextElement{slack.NewRichTextSection(short(e.Elements)...)}
	case *slack.RichTextPreformatted:
		return []slack.RichTextElement{slack.NewRichTextSection(text(tooLong(elementSize(e)))...)}
	default:
		return []slack.RichTextElement{e}
	}
}

func tooLong(n int) string { return fmt.Sprintf("(a text of %d characters, too long to show here)", n) }

// short keeps a paragraph within the limit: prose is cut between words, a
// value that is too long gives way to a note of its length.
func short(list inlines) inlines {
	room := mostRich
	kept := inlines{}
	for _, e := range list {
		t, ok := e.(*slack.RichTextSectionTextElement)
		if !ok {
			kept = append(kept, e)
			continue
		}
		n := utf8.RuneCountInString(t.Text)
		switch {
		case n <= room:
			kept, room = append(kept, t), room-n
			continue
		case t.Style != nil && t.Style.Code:
			note := tooLong(n)
			if room > len(note) {
				kept, room = append(kept, text(note)...), room-len(note)
				continue
			}
		case room > 40:
			kept = append(kept, styled(clip(t.Text, room), t.Style)...)
		}
		return append(kept, text(ellipsis)...)
	}
	return kept
}

// trim keeps a block that is not rich text within its limits.
func trim(b slack.Block) slack.Block {
	cut := func(t *slack.TextBlockObject, n int) {
		if t != nil {
			t.Text = clip(t.Text, n)
		}
	}
	switch b := b.(type) {
	case *slack.HeaderBlock:
		cut(b.Text, mostHeader)
	case *slack.SectionBlock:
		cut(b.Text, mostSection)
	case *slack.ContextBlock:
		if len(b.ContextElements.Elements) > mostContext {
			b.ContextElements.Elements = b.ContextElements.Elements[:mostContext]
		}
		for _, e := range b.ContextElements.Elements {
			if t, ok := e.(*slack.TextBlockObject); ok {
				cut(t, mostSection)
			}
		}
	case *slack.ActionBlock:
		if len(b.Elements.ElementSet) > mostActions {
			b.Elements.ElementSet = b.Elements.ElementSet[:mostActions]
		}
	}
	return b
}

// fitLabel returns the first text that fits a button's label whole.
func fitLabel(texts ...string) string {
	for _, t := range texts {
		if utf8.RuneCountInString(t) <= mostLabel {
			return t
		}
	}
	return clip(texts[len(texts)-1], mostLabel)
}

// size counts the characters of text in blocks of the kinds that this package
// makes.
func size(blocks ...slack.Block) int {
	n := 0
	for _, b := range blocks {
		switch b := b.(type) {
		case *slack.RichTextBlock:
			for _, e := range b.Elements {
				n += elementSize(e)
			}
		case *slack.HeaderBlock:
			n += textSize(b.Text)
		case *slack.SectionBlock:
			n += textSize(b.Text)
			if b.Accessory != nil && b.Accessory.ButtonElement != nil {
				n += textSize(b.Accessory.ButtonElement.Text)
			}
		case *slack.ContextBlock:
			for _, e := range b.ContextElements.Elements {
				if t, ok := e.(*slack.TextBlockObject); ok {
					n += textSize(t)
				}
			}
		case *slack.DataVisualizationBlock:
			n += utf8.RuneCountInString(b.Title)
			if chart, ok := b.Chart.(*slack.DataVisualizationBarChart); ok {
				for _, category := range chart.AxisConfig.Categories {
					n += utf8.RuneCountInString(category) * (1 + len(chart.Series))
				}
			}
		case *slack.ActionBlock:
			for _, e := range b.Elements.ElementSet {
				if button, ok := e.(*slack.ButtonBlockElement); ok {
					n += textSize(button.Text)
				}
			}
		}
	}
	return n
}

func textSize(t *slack.TextBlockObject) int {
	if t == nil {
		return 0
	}
	return utf8.RuneCountInString(t.Text)
}

func elementSize(e slack.RichTextElement) int {
	n := 0
	switch e := e.(type) {
	case *slack.RichTextSection:
		n = inlineSize(e.Elements)
	case *slack.RichTextPreformatted:
		n = inlineSize(e.Elements)
	case *slack.RichTextList:
		for _, item := range e.Elements {
			n += elementSize(item)
		}
	}
	return n
}

func inlineSize(list inlines) int {
	n := 0
	for _, e := range list {
		switch e := e.(type) {
		case *slack.RichTextSectionTextElement:
			n += utf8.RuneCountInString(e.Text)
		case *slack.RichTextSectionLinkElement:
			n += utf8.RuneCountInString(e.URL) + utf8.RuneCountInString(e.Text)
		case *slack.RichTextSectionDateElement:
			n += utf8.RuneCountInString(e.Format)
		}
	}
	return n
}
