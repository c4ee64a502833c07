package main

import (
	"bytes"
	"testing"

	"github.com/acmbot/acmbot/diagnose"
)

func TestProgressLine(t *testing.T) {
	var b bytes.Buffer
	p := &progressLine{w: &b} // as on a terminal
	p.show(diagnose.Progress{Stage: "searching"})
	p.show(diagnose.Progress{Stage: "searching", Done: 2, Total: 6})
	p.clear()
	p.show(diagnose.Progress{Stage: "too late"})
	const want = "\r\x1b[Ksearching…\r\x1b[Ksearching (2 of 6)…\r\x1b[K"
	if b.String() != want {
		t.Errorf("got %q, want %q", b.String(), want)
	}

	b.Reset()
	p = newProgressLine(&b) // no terminal
	p.show(diagnose.Progress{Stage: "searching"})
	p.clear()
	if b.Len() > 0 {
		t.Errorf("%q went where nobody watches", b.String())
	}
}
