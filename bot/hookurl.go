package bot

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
)

var errForeignHook = errors.New("the response URL is none of Slack's")

// slackHosts are the domains of Slack's own response URLs; the second is
// GovSlack's ("GovSlack", https://docs.slack.dev/govslack).
var slackHosts = []string{".slack.com", ".slack-gov.com"}

// ownHook reports whether a response URL is one that Slack gives, or leads to
// where the Web API is, which may be a test server. Response URLs come from
// Slack, but also out of the store and out of modals, and what is posted to one
// must not go anywhere else.
func ownHook(hook, apiURL string) bool {
	u, err := url.Parse(hook)
	if err != nil || u.User != nil || u.Host == "" {
		return false
	}
	if api, err := url.Parse(apiURL); err == nil && u.Scheme == api.Scheme && strings.EqualFold(u.Host, api.Host) {
		return true
	}
	if u.Scheme != "https" || u.Port() != "" && u.Port() != "443" {
		return false
	}
	for _, domain := range slackHosts {
		if strings.HasSuffix(strings.ToLower(u.Hostname()), domain) {
			return true
		}
	}
	return false
}

// hookClient posts to response URLs: it goes where they lead and nowhere on from
// there.
func hookClient(c *http.Client) *http.Client {
	return &http.Client{
		Transport: c.Transport, Jar: c.Jar, Timeout: c.Timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}
