package terminal

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/acmbot/acmbot/diagnose"
)

// An ansi is a Select Graphic Rendition sequence (ECMA-48 section 8.3.117).
type ansi string

const (
	bold   ansi = "\x1b[1m"
	dim    ansi = "\x1b[2m"
	red    ansi = "\x1b[1;31m"
	green  ansi = "\x1b[32m"
	yellow ansi = "\x1b[1;33m"
	blue   ansi = "\x1b[34m"
	cyan   ansi = "\x1b[36m"
	reset       = "\x1b[0m"
)

// tab is the width of one step of indentation.
const tab = 2

// A page is text under construction.
type page struct {
	Options
	b strings.Builder
}

// code marks text as code, which is shown as it is and never broken.
func code(s string) string { return "`" + strings.ReplaceAll(s, "`", "'") + "`" }

// paint colours text that is ours, not the outside's.
func (p *page) paint(s string, color ansi) string {
	if !p.Color || s == "" || color == "" {
		return s
	}
	return string(color) + s + reset
}

// raw writes one finished line.
func (p *page) raw(indent int, line string) {
	p.b.WriteString(strings.Repeat(" ", indent*tab))
	p.b.WriteString(strings.TrimRight(line, " "))
	p.b.WriteByte('\n')
}

// line writes one line that is never wrapped.
func (p *page) line(indent int, text string) { p.raw(indent, diagnose.Visible(text)) }

// block writes text whose line breaks matter, such as a command.
func (p *page) block(indent int, text string) {
	for line := range strings.Lines(text) {
		p.raw(indent, p.paint(diagnose.Visible(strings.TrimSuffix(line, "\n")), cyan))
	}
}

func (p *page) gap() { p.b.WriteByte('\n') }

// label writes the first line: a word, then a sentence.
func (p *page) label(word string, color ansi, text string) {
	p.flow("", p.paint(word, color)+"  ", text, bold)
}

func (p *page) heading(text string) {
	p.gap()
	p.flow("", "", text, bold)
}

func (p *page) sub(text string) {
	p.gap()
	p.flow(strings.Repeat(" ", tab), "", text+":", "")
}

// prose writes wrapped sentences.
func (p *page) prose(indent int, text string) {
	p.flow(strings.Repeat(" ", indent*tab), "", text, "")
}

// item writes a list item under its mark.
func (p *page) item(indent int, mark, text string) {
	p.flow(strings.Repeat(" ", indent*tab), mark+" ", text, "")
}

// under writes a line that belongs to the item above.
func (p *page) under(text string) { p.flow(strings.Repeat(" ", 2*tab), "", text, "") }

// faint writes a line of lesser weight.
func (p *page) faint(indent int, text string) {
	p.flow(strings.Repeat(" ", indent*tab), "", text, dim)
}

// table writes rows of a key and a value; rows without a value are left out.
func (p *page) table(indent int, rows [][2]string) {
	width := 0
	for _, row := range rows {
		width = max(width, len(row[0]))
	}
	for _, row := range rows {
		if row[1] != "" {
			p.raw(indent, fmt.Sprintf("%-*s  %s", width, row[0], p.paint(diagnose.Visible(row[1]), cyan)))
		}
	}
}

// columns lines rows up. The first cell, which is ours and may be coloured, is
// taken to be of one width; the last, which may hold code, is not padded.
func (p *page) columns(rows [][]string) []string {
	widths := map[int]int{}
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(diagnose.Visible(cell)))
		}
	}
	lines := make([]string, len(rows))
	for i, row := range rows {
		last := len(row) - 1
		cells := []string{row[0]}
		for j := 1; j < last; j++ {
			if widths[j] > 0 {
				cells = append(cells, fmt.Sprintf("%-*s", widths[j], diagnose.Visible(row[j])))
			}
		}
		var spoken []string
		for _, w := range p.words(row[last], "") {
			spoken = append(spoken, w.shown)
		}
		lines[i] = strings.Join(append(cells, strings.Join(spoken, " ")), "  ")
	}
	return lines
}
