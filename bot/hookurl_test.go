package bot

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/acmbot/acmbot/bot/view"
)

func TestOwnHook(t *testing.T) {
	for hook, want := range map[string]bool{
		"https://hooks.slack.com/commands/T1/2/3":     true,
		"https://hooks.slack.com:443/actions/T1/2/3":  true,
		"https://HOOKS.SLACK.COM/app/T1/2/3":          true,
		"https://hooks.slack-gov.com/commands/T1/2/3": true,
		"http://127.0.0.1:8080/commands/T1/2/3":       true, // where the API is

		"":                                           false,
		"http://hooks.slack.com/x":                   false,
		"https://hooks.slack.com:8443/x":             false,
		"https://hooks.slack.com.evil.com":           false,
		"https://evilslack.com/x":                    false,
		"https://slack.com.example/x":                false,
		"https://hooks.slack.com@evil.example/":      false,
		"https://user@hooks.slack.com/x":             false,
		"https://evil.example/#.slack.com":           false,
		"https://evil.example/?x=hooks.slack.com":    false,
		"http://169.254.169.254/latest/meta-data/":   false,
		"https://127.0.0.1:8080/x":                   false,
		"http://127.0.0.1:8081/x":                    false,
		"file:///etc/passwd":                         false,
		"https://hooks.slack.com\t.evil.example/":    false,
		"https://hooks.slack.com%2eevil.example/x":   false,
		"//hooks.slack.com/x":                        false,
		"https://[::ffff:169.254.169.254]/slack.com": false,
	} {
		if got := ownHook(hook, "http://127.0.0.1:8080/api/"); got != want {
			t.Errorf("ownHook(%q) = %v", hook, got)
		}
	}
}

// What is said to a response URL is not carried on to where it redirects, and
// nothing is said to one that is somebody else's.
func TestNothingIsPostedElsewhere(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("it is posted elsewhere") }))
	defer elsewhere.Close()
	here := httptest.NewServer(http.RedirectHandler(elsewhere.URL, http.StatusTemporaryRedirect))
	defer here.Close()
	client := &http.Client{Transport: newTransport()}
	defer client.CloseIdleConnections()
	opts := Options{BotToken: "xoxb-1", APIURL: here.URL + "/api/", HTTPClient: client}
	a := newAPI(opts.calling())
	if err := a.whisperHook(context.Background(), elsewhere.URL, hookMessage{Text: view.Denied(view.Denial{}).Text}); !errors.Is(err, errForeignHook) {
		t.Errorf("somebody else's: %v", err)
	}
	if err := a.whisperHook(context.Background(), here.URL+"/hook", hookMessage{Text: "x"}); err == nil {
		t.Error("a redirect counts as success")
	}
}
