package main

import (
	"fmt"
	"io"
	"sync"

	"github.com/acmbot/acmbot/diagnose"
)

// A progressLine shows how far a diagnosis has come, in one line that is
// written over and cleared at the end. It shows nothing where the output is
// not a terminal.
type progressLine struct {
	mu   sync.Mutex
	w    io.Writer
	done bool
}

const clearLine = "\r\x1b[K" // to the line's start, erase to its end

func newProgressLine(w io.Writer) *progressLine {
	return &progressLine{w: w, done: !isTerminal(w)}
}

// show is called from any goroutine.
func (p *progressLine) show(progress diagnose.Progress) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.done {
		return
	}
	text := progress.Stage
	if progress.Total > 1 {
		text += fmt.Sprintf(" (%d of %d)", progress.Done, progress.Total)
	}
	fmt.Fprint(p.w, clearLine, text, "…")
}

// clear takes the line away; later calls of show do nothing.
func (p *progressLine) clear() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.done {
		fmt.Fprint(p.w, clearLine)
		p.done = true
	}
}
