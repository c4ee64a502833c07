package main

import (
	"testing"

	"github.com/chromedp/chromedp"
)

// TestDoctorInTheBrowser asks the demo's bot how it is set up, turns the page,
// and has it looked again, in both themes.
func TestDoctorInTheBrowser(t *testing.T) {
	d := startDemo(t)
	b := browser{t, browse(t)}
	const (
		composer chromedp.CSS = `[data-qa="composer"]`
		send     chromedp.CSS = `[data-qa="send"]`
	)
	b.do("opening the page", chromedp.Navigate(d.url), chromedp.WaitVisible(composer))
	b.do("asking", chromedp.SendKeys(composer, "/acm doctor"), chromedp.Click(send))
	found := answer("My setup:", "Run again", "222233334444")
	b.until("waiting for the checkup", found+" !== undefined")
	b.do("scrolling to it", chromedp.Evaluate[chromedp.Void](found+`.scrollIntoView({block: "start"})`))
	b.shoot("doctor-light")
	b.press("switching the theme", `document.querySelector('[data-qa="theme-toggle"]')`)
	b.shoot("doctor-dark")
	request := `/Request\s+(\w{10})/.exec(` + found + `.innerText)[1]`
	first, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](request))
	if err != nil {
		t.Fatal(err)
	}
	b.press("looking again", action(found, "acm_checkup"))
	b.until("waiting for the next checkup", found+" !== undefined && "+request+" !== "+`"`+first+`"`)
	if n := b.count(`[data-action-id="acm_checkup"]`); n != 1 {
		t.Errorf("there are %d checkups, want the new one in place of the old", n)
	}
	if status, _ := d.stop(); status != exitOK {
		t.Errorf("the demo ended with status %d", status)
	}
}
