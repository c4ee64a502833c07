package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/runtime"
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
	ctx, cancel = context.WithTimeout(ctx, 90*time.Second)
	t.Cleanup(cancel)

	// An exception in the page is a failure even where nobody sees it.
	var mu sync.Mutex
	var thrown []string
	chromedp.ListenTarget(ctx, func(event any) {
		mu.Lock()
		defer mu.Unlock()
		switch e := event.(type) {
		case *runtime.EventExceptionThrown:
			thrown = append(thrown, e.ExceptionDetails.Error())
		case *runtime.EventConsoleAPICalled:
			if e.Type == runtime.APITypeError {
				thrown = append(thrown, fmt.Sprint(e.Args))
			}
		}
	})
	t.Cleanup(func() {
		mu.Lock()
		defer mu.Unlock()
		for _, what := range thrown {
			t.Errorf("the page threw: %s", what)
		}
	})
	return ctx
}

// A browser carries out steps in the page, and shows it where one fails.
type browser struct {
	*testing.T
	ctx context.Context
}

func (b browser) do(what string, actions ...chromedp.Action) {
	b.Helper()
	if err := chromedp.Run(b.ctx, actions...); err != nil {
		b.shoot("failure")
		var text string
		_ = chromedp.Run(b.ctx, chromedp.Evaluate("document.body.innerText", &text))
		b.Fatalf("%s: %v\nthe page shows:\n%s", what, err, text)
	}
}

// until waits for a JavaScript expression to hold, and gives up after a while.
func (b browser) until(what, expression string) {
	b.Helper()
	var held bool
	b.do(what, chromedp.Poll(expression, &held, chromedp.WithPollingTimeout(30*time.Second)))
}

// shoot keeps a picture of the page, for people.
func (b browser) shoot(name string) {
	b.Helper()
	dir := os.Getenv("ACMBOT_SCREENSHOTS")
	if dir == "" {
		dir = b.ArtifactDir()
	}
	var picture []byte
	if err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot(&picture)); err != nil {
		b.Logf("taking a picture: %v", err)
		return
	}
	if err := os.WriteFile(filepath.Join(dir, name+".png"), picture, 0o644); err != nil {
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
	const record = "acm-validations.aws"

	b.do("opening the page", chromedp.Navigate(d.url), chromedp.WaitVisible(`[data-qa="composer"]`))
	b.shoot("opened")

	b.do("asking",
		chromedp.SendKeys(`[data-qa="composer"]`, "/acm why shop.example.com"),
		chromedp.Click(`[data-qa="send"]`),
	)
	found := answer("shop.example.com", record)
	b.until("waiting for the answer with the record to add", found+" !== undefined")
	b.until("waiting for the buttons", action(found, "acm_recheck")+" != null")
	b.shoot("answered")

	// Re-checked, the answer is replaced in its place.
	var before, after int
	const messages = `document.querySelectorAll('[data-qa="message"]').length`
	b.do("counting messages", chromedp.Evaluate(messages, &before))
	b.do("pressing Re-check", chromedp.Evaluate(action(found, "acm_recheck")+".click()", nil))
	b.until("waiting for the re-checked answer", answer("shop.example.com", record, "hecked")+" !== undefined")
	b.do("counting messages again", chromedp.Evaluate(messages, &after))
	if after != before {
		t.Errorf("there were %d messages, and after Re-check there are %d", before, after)
	}

	b.do("pressing Show evidence", chromedp.Evaluate(action(found, "acm_evidence")+".click()", nil))
	b.do("waiting for the evidence", chromedp.WaitVisible(`[data-qa="modal"]`))
	b.until("waiting for what ACM and DNS said", `["ACM", "DNS"].every(t => document.querySelector('[data-qa="modal"]')?.innerText.includes(t))`)
	b.shoot("evidence")
	b.do("closing the evidence", chromedp.Click(`[data-qa="modal-close"]`), chromedp.WaitNotPresent(`[data-qa="modal"]`))

	// What nobody can look up is answered, too.
	b.do("asking nonsense",
		chromedp.SendKeys(`[data-qa="composer"]`, "/acm why localhost"),
		chromedp.Click(`[data-qa="send"]`),
	)
	b.until("waiting for the refusal", answer("localhost", "label")+" !== undefined")

	if status, _ := d.stop(); status != exitOK {
		t.Errorf("the demo ended with status %d", status)
	}
	b.do("seeing that the bot is gone", chromedp.WaitVisible(`[data-qa="connection-lost"]`))
}

func TestAnswerExpression(t *testing.T) {
	if got := answer(`a"b`); !strings.Contains(got, `["a\"b"]`) {
		t.Errorf("the text is not quoted: %s", got)
	}
}
