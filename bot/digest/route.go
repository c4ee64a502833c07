package digest

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/acmbot/acmbot/diagnose"
)

// A Selector picks certificates: by a tag, by their account, or by their
// domain names. The zero Selector picks all.
type Selector struct {
	// Tag and Value are a tag's key and value; an empty Value is any.
	Tag   string `json:"tag,omitempty"`
	Value string `json:"value,omitempty"`
	// Account is an AWS account's id.
	Account string `json:"account,omitempty"`
	// Domain is a domain name: that name and all below it. With "*." in front
	// it is only what is below.
	Domain string `json:"domain,omitempty"`
}

var (
	accountID = regexp.MustCompile(`^\d{12}$`)
	// ChannelID is what a Slack channel's id looks like, and GroupID a user
	// group's ("Conversations API",
	// https://docs.slack.dev/apis/web-api/using-the-conversations-api).
	ChannelID = regexp.MustCompile(`^[CGD][A-Z0-9]{2,31}$`)
	// GroupID is what a Slack user group's id looks like.
	GroupID = regexp.MustCompile(`^S[A-Z0-9]{2,31}$`)
)

// ParseSelector reads "tag:team=shop", "tag:team", "account:111122223333",
// "domain:example.com", or a domain name alone; nothing picks all. Its error is
// a sentence.
func ParseSelector(text string) (Selector, error) {
	text = strings.TrimSpace(text)
	kind, rest, ok := strings.Cut(text, ":")
	rest = strings.TrimSpace(rest)
	switch {
	case text == "":
		return Selector{}, nil
	case !ok:
		kind, rest = "domain", text
	case rest == "":
		return Selector{}, fmt.Errorf("there is nothing after %q", kind+":")
	}
	switch strings.ToLower(strings.TrimSpace(kind)) {
	case "tag":
		key, value, _ := strings.Cut(rest, "=")
		key, value = strings.TrimSpace(key), strings.TrimSpace(value)
		if key == "" || len(key) > 128 || len(value) > 256 {
			return Selector{}, errors.New("a tag is written like tag:team=shop")
		}
		return Selector{Tag: key, Value: value}, nil
	case "account":
		if !accountID.MatchString(rest) {
			return Selector{}, fmt.Errorf("%q is not an AWS account's id, which has twelve digits", rest)
		}
		return Selector{Account: rest}, nil
	case "domain":
		q, err := diagnose.ParseQuery(rest)
		if err != nil || q.Domain == "" {
			return Selector{}, fmt.Errorf("%q is not a domain name such as example.com or *.example.com", rest)
		}
		return Selector{Domain: q.Domain}, nil
	default:
		return Selector{}, fmt.Errorf("%q does not begin with tag:, account: or domain: as it should", text)
	}
}

func (s Selector) String() string {
	switch {
	case s.Tag != "" && s.Value != "":
		return "tag:" + s.Tag + "=" + s.Value
	case s.Tag != "":
		return "tag:" + s.Tag
	case s.Account != "":
		return "account:" + s.Account
	case s.Domain != "":
		return "domain:" + s.Domain
	default:
		return ""
	}
}

// Picks reports whether the certificate is one of the selector's. Where tags
// were not read, a tag picks nothing.
func (s Selector) Picks(c *diagnose.Listed) bool {
	switch {
	case s.Tag != "":
		value, ok := c.Tags[s.Tag]
		return ok && (s.Value == "" || value == s.Value)
	case s.Account != "":
		return c.Account == s.Account
	case s.Domain != "":
		if below(c.DomainName, s.Domain) {
			return true
		}
		for _, name := range c.Names {
			if below(name, s.Domain) {
				return true
			}
		}
		return false
	default:
		return true
	}
}

// below reports whether a name is a domain or below it; of "*.example.com",
// whether it is below example.com. A wildcard certificate's own name,
// "*.example.com", is below example.com.
func below(name, domain string) bool {
	parent, wildcard := strings.CutPrefix(domain, "*.")
	return strings.HasSuffix(name, "."+parent) || !wildcard && name == parent
}

// A Route sends certificates to those who can fix them.
type Route struct {
	Selector
	// Channel is a Slack channel's id.
	Channel string `json:"channel"`
	// Group is the id of the user group to mention when a certificate comes
	// under a threshold, "" for none.
	Group string `json:"group,omitempty"`
}

// ParseRoute reads "<selector> => <channel> [@<group>]", such as
// "tag:team=shop => C0123456789 @S0123456789". Its error is a sentence.
func ParseRoute(text string) (Route, error) {
	what, whom, ok := strings.Cut(text, "=>")
	if !ok {
		return Route{}, fmt.Errorf("%q has no =>, as in tag:team=shop => C0123456789", text)
	}
	s, err := ParseSelector(what)
	if err != nil {
		return Route{}, err
	}
	if s == (Selector{}) {
		return Route{}, fmt.Errorf("%q picks no certificates: the default channel gets what no route picks", text)
	}
	channel, group, _ := strings.Cut(whom, "@")
	r := Route{Selector: s, Channel: strings.TrimSpace(channel), Group: strings.TrimSpace(group)}
	if !ChannelID.MatchString(r.Channel) {
		return Route{}, fmt.Errorf("%q is not a channel's id such as C0123456789 (in Slack: the channel's name, About, at the bottom)", r.Channel)
	}
	if r.Group != "" && !GroupID.MatchString(r.Group) {
		return Route{}, fmt.Errorf("%q is not a user group's id such as S0123456789", r.Group)
	}
	return r, nil
}

// A Routing is who gets which certificates.
type Routing struct {
	// Routes are asked in order: the first that picks a certificate gets it.
	Routes []Route
	// Default is the channel that gets the others, "" for none.
	Default string
}

// Of returns where a certificate belongs, by the first route that picks it or
// by default; a Route without a channel where nobody gets it.
func (r Routing) Of(c *diagnose.Listed) Route {
	for _, route := range r.Routes {
		if route.Picks(c) {
			return route
		}
	}
	return Route{Channel: r.Default}
}

// Routed reports whether anything is routed to a channel.
func (r Routing) Routed(channel string) bool {
	if channel == r.Default {
		return channel != ""
	}
	for _, route := range r.Routes {
		if route.Channel == channel {
			return true
		}
	}
	return false
}

// ForChannel picks what a channel gets: where it has a filter, what the filter
// picks; else what is routed to it; and everything where nothing is routed to
// it. It returns the group to mention beside each.
func (r Routing) ForChannel(channel string, filter Selector, all []diagnose.Listed) []Owned {
	var list []Owned
	routed := r.Routed(channel)
	for i := range all {
		c := &all[i]
		route := r.Of(c)
		switch {
		case filter != (Selector{}):
			if !filter.Picks(c) {
				continue
			}
		case routed && route.Channel != channel:
			continue
		}
		o := Owned{Listed: c}
		if route.Channel == channel {
			o.Group = route.Group
		}
		list = append(list, o)
	}
	return list
}

// An Owned is a certificate with the group to mention for it.
type Owned struct {
	*diagnose.Listed
	Group string
}

// Tagged reports whether a route goes by tags.
func (r Routing) Tagged() bool {
	for _, route := range r.Routes {
		if route.Tag != "" {
			return true
		}
	}
	return false
}
