package bot

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
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
	return belowSlack(u.Hostname())
}

// belowSlack reports whether a host is below one of Slack's domains.
func belowSlack(host string) bool {
	return slices.ContainsFunc(slackHosts, func(domain string) bool { return strings.HasSuffix(strings.ToLower(host), domain) })
}

// hookClient posts to response URLs: it goes where they lead and nowhere on from
// there.
func hookClient(c *http.Client) *http.Client {
	return &http.Client{
		Transport: c.Transport, Jar: c.Jar, Timeout: c.Timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}
