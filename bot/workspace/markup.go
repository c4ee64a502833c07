package workspace

import (
	"net/url"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/net/publicsuffix"
)

var (
	// marked is a piece of Slack's own markup: a mention, a link, a date.
	marked = regexp.MustCompile(`<[@#!][^<>\s][^<>]*>|<(?:https?://|mailto:)[^<>]+>`)
	// bareLink is an address in text.
	bareLink = regexp.MustCompile(`https?://[^\s<>|]+`)
	// bareDomain is a host name as people type it, with or without a path.
	bareDomain = regexp.MustCompile(`(?i)^(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}(?:[/?#:]\S*)?$`)
	trailing   = ".,;:!?)]}'\""
)

var escaper = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

// linkify marks the addresses in a text that an app sent, as Slack does;
// what is marked already stays as it is.
func linkify(text string) string {
	return outsideMarkup(text, func(s string) string {
		return bareLink.ReplaceAllStringFunc(s, func(link string) string {
			bare := strings.TrimRight(link, trailing+"*_~`")
			return "<" + bare + ">" + link[len(bare):]
		})
	})
}

func outsideMarkup(text string, f func(string) string) string {
	var out strings.Builder
	last := 0
	for _, at := range marked.FindAllStringIndex(text, -1) {
		out.WriteString(f(text[last:at[0]]))
		out.WriteString(text[at[0]:at[1]])
		last = at[1]
	}
	out.WriteString(f(text[last:]))
	return out.String()
}

// links returns the addresses that a message's text links to.
func links(text string) []string {
	var found []string
	for _, m := range marked.FindAllString(text, -1) {
		link, _, _ := strings.Cut(strings.Trim(m, "<>"), "|")
		if strings.HasPrefix(link, "http") {
			found = append(found, strings.ReplaceAll(link, "&amp;", "&"))
		}
	}
	return found
}

// unfurlDomain returns the registered domain that an address belongs to, "" if
// it belongs to none.
func (w *Workspace) unfurlDomain(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	host := strings.ToLower(u.Hostname())
	for _, d := range w.manifest.Features.UnfurlDomains {
		if host == d || strings.HasSuffix(host, "."+d) {
			return d
		}
	}
	return ""
}

// typed is what a person typed, in Slack's markup and as rich text.
type typed struct {
	text     string
	elements []object // of a rich_text_section
	mentions []string // user ids
}

// compose turns what a person typed into a message: @handles and #channels
// become mentions, addresses and domains become links, and the rest is
// escaped. w.mu is held.
func (w *Workspace) compose(text string) typed {
	var t typed
	plain := func(s string) {
		if s == "" {
			return
		}
		t.text += escaper.Replace(s)
		if n := len(t.elements); n > 0 && t.elements[n-1]["type"] == "text" {
			t.elements[n-1]["text"] = t.elements[n-1]["text"].(string) + s
			return
		}
		t.elements = append(t.elements, object{"type": "text", "text": s})
	}
	link := func(address, label string) {
		e := object{"type": "link", "url": address}
		t.text += "<" + escaper.Replace(address)
		if label != "" {
			e["text"] = label
			t.text += "|" + escaper.Replace(label)
		}
		t.text += ">"
		t.elements = append(t.elements, e)
	}
	mention := func(u *User) {
		t.text += "<@" + u.ID + ">"
		t.elements = append(t.elements, object{"type": "user", "user_id": u.ID})
		if !slices.Contains(t.mentions, u.ID) {
			t.mentions = append(t.mentions, u.ID)
		}
	}
	word := func(s string) {
		bare := strings.TrimRight(s, trailing)
		rest := s[len(bare):]
		switch {
		case strings.HasPrefix(bare, "@") && w.user(bare) != nil:
			mention(w.user(bare))
		case strings.HasPrefix(bare, "#") && w.channel(bare) != nil:
			c := w.channel(bare)
			t.text += "<#" + c.id + "|" + c.name + ">"
			t.elements = append(t.elements, object{"type": "channel", "channel_id": c.id})
		case bareLink.MatchString(bare) && bareLink.FindString(bare) == bare:
			link(bare, "")
		case bareDomain.MatchString(bare) && knownTLD(bare):
			link("http://"+bare, bare)
		default:
			plain(s)
			return
		}
		plain(rest)
	}
	words := func(s string) {
		for s != "" {
			i := strings.IndexAny(s, " \t\n")
			switch {
			case i < 0:
				word(s)
				return
			case i > 0:
				word(s[:i])
			}
			plain(s[i : i+1])
			s = s[i+1:]
		}
	}
	last := 0
	for _, at := range marked.FindAllStringIndex(text, -1) {
		words(text[last:at[0]])
		mark := text[at[0]:at[1]]
		last = at[1]
		inner := strings.Trim(mark, "<>")
		switch {
		case strings.HasPrefix(inner, "@") && w.user(userPart(inner)) != nil:
			mention(w.user(userPart(inner)))
		case strings.HasPrefix(inner, "http"), strings.HasPrefix(inner, "mailto:"):
			address, label, _ := strings.Cut(inner, "|")
			link(address, label)
		default:
			t.text += mark
			t.elements = append(t.elements, object{"type": "text", "text": mark})
		}
	}
	words(text[last:])
	return t
}

func userPart(inner string) string {
	id, _, _ := strings.Cut(inner, "|")
	return id
}

// knownTLD reports whether a host name ends in a real top-level domain: Slack
// links only those that do.
func knownTLD(s string) bool {
	host := strings.ToLower(strings.FieldsFunc(s, func(r rune) bool { return strings.ContainsRune("/?#:", r) })[0])
	suffix, icann := publicsuffix.PublicSuffix(host)
	return icann && suffix != host
}

// richText is a message's text as the rich_text block that Slack makes of what
// people type.
func (t typed) richText(id string) object {
	return object{"type": "rich_text", "block_id": id, "elements": []object{
		{"type": "rich_text_section", "elements": t.elements},
	}}
}
