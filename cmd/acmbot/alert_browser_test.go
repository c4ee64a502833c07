package main

import (
	"testing"

	"github.com/chromedp/chromedp"
)

// TestAlertInTheBrowser sees a certificate get into trouble, repairs it with the
// fix button of the answer in the alert's thread, and sees the alert end.
func TestAlertInTheBrowser(t *testing.T) {
	d := startDemo(t, "--trouble-after", "1s")
	b := browser{t, browse(t)}
	const (
		composer chromedp.CSS = `[data-qa="composer"]`
		panel    string       = `document.querySelector('[data-qa="thread-panel"]')`
		modal    string       = `document.querySelector('[data-qa="modal"]')`
	)
	b.do("opening the page", chromedp.Navigate(d.url), chromedp.WaitVisible(composer))
	found := answer(demoTrouble, "waits for somebody")
	b.until("waiting for the alert", found+" !== undefined")
	b.shoot("alert")

	b.press("asking why", action(found, "acm_ask"))
	b.until("waiting for the reply", `document.querySelector('[data-qa="thread-bar"]') !== null`)
	b.press("opening the thread", `document.querySelector('[data-qa="thread-bar"]')`)
	whole := answer(demoTrouble, "Re-check")
	b.until("waiting for the whole answer in the thread", panel+" !== null && "+action(whole, "acm_fix")+" != null")
	b.shoot("alert-thread")
	b.press("fixing it", action(whole, "acm_fix"))
	b.until("waiting for the plan", modal+"?.innerText.includes('acm-validations.aws')")
	b.press("confirming", `document.querySelector('[data-qa="modal-submit"]')`)
	over := answer(demoTrouble, "has renewed", "instead of")
	b.until("waiting for the end of the alert", over+" !== undefined")
	b.press("closing the window", `document.querySelector('[data-qa="modal-close"]')`)
	b.until("waiting for the window to close", modal+" === null")
	b.shoot("alert-over")
	b.press("switching the theme", `document.querySelector('[data-qa="theme-toggle"]')`)
	b.shoot("alert-over-dark")
	if status, _ := d.stop(); status != exitOK {
		t.Errorf("the demo ended with status %d", status)
	}
}
