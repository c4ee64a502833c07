package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// browse starts a browser. Without one the test is skipped, except in CI.
func browse(t *testing.T) context.Context {
	t.Helper()
	var path string
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "chrome"} {
		if found, err := exec.LookPath(name); err == nil {
			path = found
			break
		}
	}
	if path == "" {
		if os.Getenv("CI") == "true" {
			t.Fatal("there is no Chromium, which CI has to have")
		}
		t.Skip("there is no Chromium; on Debian: apt-get install chromium fonts-noto-color-emoji fonts-lato")
	}
	ctx, cancel := chromedp.NewExecAllocator(t.Context(), append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path),
		chromedp.UserDataDir(t.TempDir()),
		chromedp.NoSandbox,
		chromedp.DisableGPU,
		chromedp.NoFirstRun,
		chromedp.WindowSize(1280, 860),
		chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-sync", true),
		chromedp.Flag("disable-dev-shm-usage", true),
		// Whatever a page may try: only this machine can be reached.
		chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"),
	)...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx, chromedp.WithErrorf(t.Logf))
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("starting the browser: %v", err)
	}

	// An exception in the page is a failure even where nobody sees it.
	var thrown []string
	listening, stop := context.WithCancel(ctx)
	messages := chromedp.Console(listening)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for m, err := range messages {
			if err != nil {
				return
			}
			if m.Type == chromedp.ConsoleException || m.Type == chromedp.ConsoleError {
				thrown = append(thrown, m.String())
			}
		}
	}()
	t.Cleanup(func() {
		stop()
		<-done
		for _, what := range thrown {
			t.Errorf("the page's console says: %s", what)
		}
	})
	return ctx
}

// A browser carries out steps in the page, and shows it where one fails.
type browser struct {
	*testing.T
	ctx context.Context
}

// patience is how long a step may take.
const patience = 30 * time.Second

func (b browser) do(what string, steps ...chromedp.Action[chromedp.Void]) {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		b.shoot("failure")
		text, _ := chromedp.Run(b.ctx, chromedp.Evaluate[string]("document.body.innerText"))
		b.Fatalf("%s: %v\nthe page shows:\n%s", what, err, text)
	}
}

// until waits for a JavaScript expression to hold.
func (b browser) until(what, expression string) {
	b.Helper()
	b.do(what, chromedp.Poll[chromedp.Void](expression, chromedp.WithPollingTimeout(patience)))
}

// press clicks the element that an expression gives.
func (b browser) press(what, expression string) {
	b.Helper()
	b.do(what, chromedp.Evaluate[chromedp.Void](expression+".click()"))
}

// count is how many elements a selector finds.
func (b browser) count(selector string) int {
	b.Helper()
	n, err := chromedp.Run(b.ctx, chromedp.Evaluate[int](fmt.Sprintf("document.querySelectorAll(%q).length", selector)))
	if err != nil {
		b.Fatalf("counting %s: %v", selector, err)
	}
	return n
}

// shoot keeps a picture of the page, for people.
func (b browser) shoot(name string) {
	b.Helper()
	dir := os.Getenv("ACMBOT_SCREENSHOTS")
	if dir == "" {
		dir = b.ArtifactDir()
	}
	picture, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, name+".png"), picture, 0o644)
	}
	if err != nil {
		b.Logf("keeping a picture: %v", err)
	}
}

// answer is an expression for the last message of the bot that holds all of
// the texts.
func answer(texts ...string) string {
	list, err := json.Marshal(texts)
	if err != nil {
		panic(err)
	}
	return fmt.Sprintf(`[...document.querySelectorAll('[data-qa="message"]')].findLast(m => %s.every(t => m.innerText.includes(t)))`, list)
}

// action is an expression for a button of an element.
func action(in, id string) string {
	return fmt.Sprintf(`%s?.querySelector('[data-qa="action"][data-action-id^="%s"]')`, in, id)
}

// TestDemoInTheBrowser asks, in the page, why a certificate does not renew,
// and uses the answer's buttons.
func TestDemoInTheBrowser(t *testing.T) {
	d := startDemo(t)
	b := browser{t, browse(t)}
	const (
		composer chromedp.CSS = `[data-qa="composer"]`
		send     chromedp.CSS = `[data-qa="send"]`
		modal    chromedp.CSS = `[data-qa="modal"]`
		message               = `[data-qa="message"]`
		record                = "acm-validations.aws"
	)

	b.do("opening the page", chromedp.Navigate(d.url), chromedp.WaitVisible(composer))
	b.shoot("opened")

	b.do("asking", chromedp.SendKeys(composer, "/acm why shop.example.com"), chromedp.Click(send))
	found := answer("shop.example.com", record)
	b.until("waiting for the answer with the record to add", found+" !== undefined")
	b.until("waiting for the buttons", action(found, "acm_recheck")+" != null")
	b.shoot("answered")

	// Re-checked, the answer is replaced in its place.
	before := b.count(message)
	b.press("pressing Re-check", action(found, "acm_recheck"))
	b.until("waiting for the re-checked answer", answer("shop.example.com", record, "hecked")+" !== undefined")
	if after := b.count(message); after != before {
		t.Errorf("there were %d messages, and after Re-check there are %d", before, after)
	}

	b.press("pressing Show evidence", action(found, "acm_evidence"))
	b.do("waiting for the evidence", chromedp.WaitVisible(modal))
	b.until("waiting for what ACM and DNS said", `["ACM", "DNS"].every(t => document.querySelector('[data-qa="modal"]')?.innerText.includes(t))`)
	b.shoot("evidence")
	b.do("closing the evidence", chromedp.Click(chromedp.CSS(`[data-qa="modal-close"]`)), chromedp.WaitNotPresent(modal))

	// What nobody can look up is answered, too.
	b.do("asking nonsense", chromedp.SendKeys(composer, "/acm why localhost"), chromedp.Click(send))
	b.until("waiting for the refusal", answer("at least two labels")+" !== undefined")

	if status, _ := d.stop(); status != exitOK {
		t.Errorf("the demo ended with status %d", status)
	}
}

func TestAnswerExpression(t *testing.T) {
	if got := answer(`a"b`); !strings.Contains(got, `["a\"b"]`) {
		t.Errorf("the text is not quoted: %s", got)
	}
}
