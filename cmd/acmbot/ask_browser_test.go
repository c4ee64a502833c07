package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"testing"

	"github.com/chromedp/chromedp"
)

var certificateIn = regexp.MustCompile(`:certificate/([0-9a-f-]{36})`)

// TestAskingInTheBrowser chooses a certificate in the window, pages through a
// list, looks at the App Home, mentions the bot with several names and posts a
// link to the AWS console, in both themes.
func TestAskingInTheBrowser(t *testing.T) {
	d := startDemo(t)
	b := browser{t, browse(t)}
	const (
		composer chromedp.CSS = `[data-qa="composer"]`
		send     chromedp.CSS = `[data-qa="send"]`
		modal    chromedp.CSS = `[data-qa="modal"]`
		typing   chromedp.CSS = `[data-qa="select-search"]`
	)
	say := func(text string) {
		t.Helper()
		b.do("writing "+text, chromedp.SendKeys(composer, text), chromedp.Click(send))
	}
	// both keeps a picture in the light and in the dark theme.
	both := func(name string) {
		t.Helper()
		b.shoot(name + "-light")
		b.press("switching the theme", `document.querySelector('[data-qa="theme-toggle"]')`)
		b.shoot(name + "-dark")
		b.press("switching the theme back", `document.querySelector('[data-qa="theme-toggle"]')`)
	}
	b.do("opening the page", chromedp.Navigate(d.url), chromedp.WaitVisible(composer))

	say("/acm why")
	b.do("waiting for the window", chromedp.WaitVisible(modal))
	b.until("waiting for the list", `document.querySelector('[data-qa="modal"]').innerText.includes("as of")`)
	b.press("opening the menu", `document.querySelector('[data-qa="modal"] .select-button')`)
	b.until("waiting for the most urgent", `document.querySelectorAll('[data-qa="option"]').length > 5`)
	both("why-menu")
	b.do("typing a part of a name, with a slip", chromedp.SendKeys(typing, "shpo"))
	b.until("waiting for what it finds", `[...document.querySelectorAll('[data-qa="option"]')].some(o => o.innerText.includes("shop.example.com")) && document.querySelectorAll('[data-qa="option"]').length < 5`)
	both("why-typed")
	b.press("choosing", `[...document.querySelectorAll('[data-qa="option"]')].find(o => o.innerText.includes("shop.example.com"))`)
	b.press("submitting", `document.querySelector('[data-qa="modal-submit"]')`)
	b.do("waiting for the window to close", chromedp.WaitNotPresent(modal))
	found := answer("shop.example.com", "acm-validations.aws")
	b.until("waiting for the answer", found+" !== undefined")

	say("/acm list")
	list := answer("Filter:", "Page 1 of")
	b.until("waiting for the list", list+" !== undefined")
	b.do("scrolling to it", chromedp.Evaluate[chromedp.Void](list+`.scrollIntoView({block: "start"})`))
	both("list")
	b.press("turning the page", `[...`+list+`.querySelectorAll('[data-action-id^="acm_list"]')].at(-1)`)
	b.until("waiting for the second page", answer("Filter:", "Page 2 of")+" !== undefined && "+list+" === undefined")

	say("/acm list faling")
	b.until("waiting for the filters", answer("Did you mean", "expiring:30d")+" !== undefined")
	both("filters")

	say("@acmbot are shop.example.com and assets.example.net going to renew?")
	b.until("waiting for the thread", `document.querySelector('[data-qa="thread-bar"]') !== null`)
	b.press("opening the thread", `[...document.querySelectorAll('[data-qa="thread-bar"]')].at(-1)`)
	b.until("waiting for the short answers", `document.querySelectorAll('[data-qa="thread-panel"] [data-action-id^="acm_ask"]').length === 2`)
	both("mention")
	b.do("closing the thread", chromedp.Click(chromedp.CSS(`[data-qa="thread-close"]`)))

	say("see https://eu-west-1.console.aws.amazon.com/acm/home?region=eu-west-1#/certificates/" + certificateID(t, d.url))
	b.until("waiting for the link to unfurl", `[...document.querySelectorAll('[data-qa="message"]')].some(m => m.innerText.includes("console.aws") && m.querySelector('[data-action-id^="acm_ask"]'))`)
	both("unfurl")

	b.press("opening the app", `document.querySelector('[data-qa="sidebar"] [data-channel^="D"]')`)
	b.press("opening its home", `document.querySelector('[data-qa="home-tab"]')`)
	b.until("waiting for the estate", `document.querySelector('[data-qa="home"]')?.innerText.includes("Most urgent")`)
	b.until("waiting for the causes", `!document.querySelector('[data-qa="home"]').innerText.includes("being looked for")`)
	both("home")

	if status, _ := d.stop(); status != exitOK {
		t.Errorf("the demo ended with status %d", status)
	}
}

// certificateID is the id of a certificate that a button in the page's messages
// is about.
func certificateID(t *testing.T, url string) string {
	t.Helper()
	resp, err := http.Get(url + "/ui/state")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	var state map[string]any
	if err := json.Unmarshal(raw, &state); err != nil {
		t.Fatal(err)
	}
	id := certificateIn.FindStringSubmatch(fmt.Sprint(state["messages"]))
	if id == nil {
		t.Fatal("no certificate shows in the page's messages")
	}
	return id[1]
}
