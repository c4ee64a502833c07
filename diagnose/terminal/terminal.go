// Package terminal renders an answer as text for a terminal: the verdict
// first, then the deadline, the causes with what to do about each, the names'
// state, the evidence, and what could not be checked.
//
// It is pure: the same answer gives the same text for ever. The rules of its
// voice: sentences for people, ACM's own terms in the console's spelling,
// names and values whole and on one line so that they can be copied, nothing
// that moves or blinks, and colour only as a second hint beside a word. What
// came from outside (names, tags, DNS data) never reaches the terminal with
// control characters in it.
package terminal

import (
	"cmp"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/acmbot/acmbot/diagnose"
)

// Options are how an answer is shown.
type Options struct {
	// Color adds ANSI colours and drops the backquotes around code.
	Color bool
	// Evidence shows everything: all evidence, all names with their records,
	// commands in every form, sources.
	Evidence bool
	// Width is the number of columns that sentences are wrapped at; 0 means
	// 80. Names, values and commands are never wrapped.
	Width int
}

// Render returns the answer as text that ends in a line break.
func Render(a diagnose.Answer, o Options) string {
	if o.Width <= 0 {
		o.Width = 80
	}
	p := &page{Options: o}
	if len(a.Reports) == 0 {
		p.nothing(&a)
	} else {
		p.report(&a.Reports[0])
	}
	p.others(&a)
	p.scope(&a)
	return p.b.String()
}

// nothing renders an answer without a diagnosed certificate.
func (p *page) nothing(a *diagnose.Answer) {
	f := a.NoCertificate()
	if len(a.Scope.Places) == 0 {
		p.verdict(diagnose.VerdictUnknown, f.Text)
		return
	}
	p.label("NOT FOUND", yellow, f.Text)
	if a.Endpoint != nil {
		p.endpoint(a.Endpoint)
	}
	if len(a.Similar) > 0 {
		p.heading("Certificates with names like it")
		for _, ref := range a.Similar {
			p.ref(ref)
		}
	}
	p.heading("Where it may be")
	for _, step := range f.Remedy.Steps {
		p.item(1, "-", step)
	}
}

// endpoint renders what a name serves where no certificate of ours covers it.
func (p *page) endpoint(e *diagnose.Endpoint) {
	p.heading("What " + e.Name + " serves")
	if e.Resolution != "" && e.Resolution != diagnose.OutcomeAnswer {
		lead := "Whether the name has an address could not be seen: "
		if e.Resolution == diagnose.OutcomeNXDomain || e.Resolution == diagnose.OutcomeNoData {
			lead = "The name has no address, so nothing is served there: "
		}
		p.item(1, "-", lead+e.Resolution.Words()+".")
	}
	if e.Canonical != "" {
		p.item(1, "-", "It is an alias of "+code(e.Canonical)+".")
	}
	for _, s := range e.Served {
		if s.Obstacle != "" {
			p.item(1, "-", code(s.Address)+": no certificate was seen: "+cmp.Or(strings.TrimSuffix(s.Detail, "."), s.Obstacle.Words())+".")
			continue
		}
		issuer := s.Issuer
		if s.IssuerOrg != "" {
			issuer += " (" + s.IssuerOrg + ")"
		}
		p.item(1, "-", fmt.Sprintf("%s: a certificate for %s, issued by %s, valid until %s.",
			code(s.Address), code(strings.Join(s.Names, ", ")), issuer, instant(s.NotAfter)))
	}
}

// others renders the further certificates that cover the name.
func (p *page) others(a *diagnose.Answer) {
	if len(a.Reports) < 2 && len(a.More) == 0 {
		return
	}
	p.heading("Other certificates that cover " + a.Query.Subject())
	for _, r := range a.Reports[min(1, len(a.Reports)):] {
		word, color := verdictWord(r.Verdict)
		p.item(1, p.paint(word, color)+" ", r.Headline)
		for _, f := range r.Findings {
			p.under(sentenceCase(f.Title))
		}
		p.under(code(r.Certificate.ARN))
	}
	for _, ref := range a.More {
		p.ref(ref)
	}
	if len(a.More) > 0 {
		p.under("Those with a dash were not diagnosed; ask for one by its ARN.")
	}
}

func (p *page) ref(ref diagnose.CertificateRef) {
	use := "not in use"
	if ref.InUse {
		use = "in use"
	}
	p.item(1, "-", strings.Join(nonEmpty(code(ref.DomainName), ref.Status, use, until(ref.NotAfter)), ", "))
	p.under(code(ref.ARN))
}

// scope renders where was looked.
func (p *page) scope(a *diagnose.Answer) {
	if len(a.Scope.Unreadable) > 0 {
		p.heading("Could not be read")
		p.unseen(a.Scope.Unreadable)
	}
	if len(a.Scope.Places) == 0 {
		return
	}
	looked := "Looked in " + a.Scope.Words()
	if a.Scope.Certificates > 0 {
		looked += fmt.Sprintf(", %s", diagnose.Plural(a.Scope.Certificates, "certificate"))
	}
	p.gap()
	p.faint(0, looked+", on "+instant(a.At)+".")
}

// until renders an end of validity, empty where there is none.
func until(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return "valid until " + instant(t)
}

func instant(t time.Time) string { return t.UTC().Format("2 January 2006 15:04 UTC") }

// sentenceCase makes the first letter a capital one.
func sentenceCase(s string) string {
	r, size := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(r)) + s[size:]
}

func nonEmpty(parts ...string) []string {
	var kept []string
	for _, part := range parts {
		if part != "" && part != "``" {
			kept = append(kept, part)
		}
	}
	return kept
}
