package terminal

import (
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/acmbot/acmbot/diagnose"
)

// A word is a piece of text that is not broken, with and without its
// colouring.
type word struct {
	shown string
	width int
}

var ansiSequence = regexp.MustCompile("\x1b\\[[0-9;]*m")

func width(s string) int { return utf8.RuneCountInString(ansiSequence.ReplaceAllString(s, "")) }

// flow writes text wrapped at p.Width: margin before every line, lead before
// the first and as much space before the others. Text between backquotes is
// code, which is coloured, or else keeps its backquotes, and is not broken.
func (p *page) flow(margin, lead, text string, weight ansi) {
	before := margin + lead
	indent := width(before)
	var line strings.Builder
	used := indent
	emit := func() {
		p.raw(0, before+p.paint(line.String(), weight))
		before, used = strings.Repeat(" ", indent), indent
		line.Reset()
	}
	for _, w := range p.words(text, weight) {
		if line.Len() > 0 && used+1+w.width > p.Width {
			emit()
		}
		if line.Len() > 0 {
			line.WriteByte(' ')
			used++
		}
		line.WriteString(w.shown)
		used += w.width
	}
	emit()
}

// words splits text at the spaces outside code. After code, the weight of the
// text around it is taken up again.
func (p *page) words(text string, weight ansi) []word {
	var list []word
	var current word
	flush := func() {
		if current.width > 0 {
			list = append(list, current)
		}
		current = word{}
	}
	add := func(s, shown string) {
		current.shown += shown
		current.width += utf8.RuneCountInString(s)
	}
	for i, part := range spans(diagnose.Visible(text)) {
		if i%2 == 1 {
			if p.Color {
				add(part, p.paint(part, cyan)+string(weight))
			} else {
				add("`"+part+"`", "`"+part+"`")
			}
			continue
		}
		for j, piece := range strings.Split(part, " ") {
			if j > 0 {
				flush()
			}
			add(piece, piece)
		}
	}
	flush()
	return list
}

// spans splits text at its backquotes: the odd parts are code. A last
// backquote without a partner stands for itself.
func spans(text string) []string {
	parts := strings.Split(text, "`")
	if n := len(parts); n%2 == 0 {
		parts = append(parts[:n-2], parts[n-2]+"`"+parts[n-1])
	}
	return parts
}
