package view

import (
	"time"

	"github.com/slack-go/slack"

	"github.com/acmbot/acmbot/diagnose"
)

type (
	inlines = []slack.RichTextSectionElement
	style   = slack.RichTextSectionTextStyle
)

// text is unparsed text, in one line.
func text(s string) inlines { return styled(s, nil) }

func bold(s string) inlines { return styled(s, &style{Bold: true}) }

// literal is a name or value in a code span.
func literal(s string) inlines { return styled(s, &style{Code: true}) }

func styled(s string, st *style) inlines {
	if s == "" {
		return nil
	}
	return inlines{slack.NewRichTextSectionTextElement(diagnose.Visible(s), st)}
}

// spoken is a text of the diagnosis, whose code spans are in backquotes.
func spoken(s string) inlines { return spokenIn(s, false) }

func spokenBold(s string) inlines { return spokenIn(s, true) }

func spokenIn(s string, strong bool) inlines {
	var list inlines
	for _, p := range spans(s) {
		var st *style
		if p.code || strong {
			st = &style{Bold: strong, Code: p.code}
		}
		list = append(list, styled(p.text, st)...)
	}
	return list
}

func link(url, label string) inlines {
	return inlines{&slack.RichTextSectionLinkElement{Type: slack.RTSELink, URL: url, Text: label}}
}

// when is a moment in the reader's own time zone.
func when(t time.Time) inlines {
	fallback := utc(t)
	return inlines{&slack.RichTextSectionDateElement{
		Type: slack.RTSEDate, Timestamp: slack.JSONTime(t.Unix()), Format: dateFormat, Fallback: &fallback,
	}}
}

func join(parts ...inlines) inlines {
	var list inlines
	for _, p := range parts {
		list = append(list, p...)
	}
	return list
}

// rich is a rich_text block under construction.
type rich struct {
	elements []slack.RichTextElement
}

func (r *rich) para(parts ...inlines) {
	if all := join(parts...); len(all) > 0 {
		r.elements = append(r.elements, slack.NewRichTextSection(all...))
	}
}

// copyable is a block of its own, so that one triple-click takes all of it and
// nothing else.
func (r *rich) copyable(s string) {
	if s != "" {
		r.elements = append(r.elements, &slack.RichTextPreformatted{Type: slack.RTEPreformatted, Elements: inlines{slack.NewRichTextSectionTextElement(s, nil)}})
	}
}

func (r *rich) list(kind slack.RichTextListElementType, items ...inlines) {
	var sections []slack.RichTextElement
	for _, item := range items {
		if len(item) > 0 {
			sections = append(sections, slack.NewRichTextSection(item...))
		}
	}
	if len(sections) > 0 {
		r.elements = append(r.elements, slack.NewRichTextList(kind, 0, sections...))
	}
}

func (r *rich) bullets(items ...inlines) { r.list(slack.RTEListBullet, items...) }

func (r *rich) numbered(items ...inlines) { r.list(slack.RTEListOrdered, items...) }

// block is the finished block, nil where it is empty.
func (r *rich) block() slack.Block {
	if len(r.elements) == 0 {
		return nil
	}
	return slack.NewRichTextBlock("", r.elements...)
}

// header is a heading. Its text is plain; a domain name has no colon, so
// nothing in it turns into an emoji.
func header(s string) slack.Block {
	return slack.NewHeaderBlock(slack.NewTextBlockObject(slack.PlainTextType, diagnose.Visible(s), true, false))
}

// small is a line of small print. Its parts are mrkdwn, escaped already, and
// verbatim: Slack links nothing in them by itself.
func small(parts ...string) slack.Block {
	var elements []slack.MixedElement
	for _, p := range parts {
		if p != "" {
			elements = append(elements, slack.NewTextBlockObject(slack.MarkdownType, p, false, true))
		}
	}
	if len(elements) == 0 {
		return nil
	}
	return slack.NewContextBlock("", elements...)
}

// line is a section of escaped mrkdwn, with a button beside it or nil.
func line(s string, button *slack.ButtonBlockElement) slack.Block {
	var accessory *slack.Accessory
	if button != nil {
		accessory = slack.NewAccessory(button)
	}
	return slack.NewSectionBlock(slack.NewTextBlockObject(slack.MarkdownType, s, false, true), nil, accessory)
}
