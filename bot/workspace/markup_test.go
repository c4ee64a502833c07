package workspace

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestCompose(t *testing.T) {
	w := start(t, Options{})
	w.mu.Lock()
	defer w.mu.Unlock()
	for typed, want := range map[string]string{
		"hello":                            "hello",
		"a <b> & c":                        "a &lt;b&gt; &amp; c",
		"@acmbot why shop.example.com?":    "<@U0AACMBOT1> why <http://shop.example.com|shop.example.com>?",
		"@nobody":                          "@nobody",
		"see #platform, please":            "see <#C0APLATFRM|platform>, please",
		"<@U0ADANA001> hi":                 "<@U0ADANA001> hi",
		"https://example.com/a&b.":         "<https://example.com/a&amp;b>.",
		"<https://example.com|x> y":        "<https://example.com|x> y",
		"Shop.Example.COM/path":            "<http://Shop.Example.COM/path|Shop.Example.COM/path>",
		"*.example.com":                    "*.example.com",
		"shop.test":                        "shop.test",
		"v1.2.3 and e.g. this":             "v1.2.3 and e.g. this",
		"two\nlines  and\tblanks":          "two\nlines  and\tblanks",
		"<!channel> <!date^1^{date}|then>": "<!channel> <!date^1^{date}|then>",
	} {
		if got := w.compose(typed).text; got != want {
			t.Errorf("%q becomes %q, want %q", typed, got, want)
		}
	}
	want := []object{
		{"type": "text", "text": "a & "},
		{"type": "user", "user_id": "U0ALEE0001"},
		{"type": "text", "text": " b.\nc "},
		{"type": "link", "url": "http://example.com", "text": "example.com"},
	}
	if diff := cmp.Diff(want, w.compose("a & @lee b.\nc example.com").elements); diff != "" {
		t.Errorf("rich text (-want +got):\n%s", diff)
	}
}

func TestLinkify(t *testing.T) {
	for text, want := range map[string]string{
		"see https://example.com/x, ok":  "see <https://example.com/x>, ok",
		"<https://example.com|here>":     "<https://example.com|here>",
		"plain example.com stays":        "plain example.com stays",
		"*https://example.com*":          "*<https://example.com>*",
		"<@U1> https://a.example/?q=1|2": "<@U1> <https://a.example/?q=1>|2",
	} {
		if got := linkify(text); got != want {
			t.Errorf("%q becomes %q, want %q", text, got, want)
		}
	}
}

func TestWords(t *testing.T) {
	m := Message{
		Text: "fallback",
		Blocks: []byte(`[{"type":"header","text":{"type":"plain_text","text":"Title"}},
			{"type":"section","text":{"type":"mrkdwn","text":"Body"},"fields":[{"type":"mrkdwn","text":"F"}],"accessory":{"type":"button","value":"hidden","text":{"type":"plain_text","text":"Press"}}},
			{"type":"rich_text","elements":[{"type":"rich_text_preformatted","elements":[{"type":"text","text":"code"}]}]},
			{"type":"table","rows":[[{"type":"raw_text","text":"cell"}]]}]`),
		Attachments: []byte(`[{"text":"Attached","fields":[{"title":"K","value":"V"}]}]`),
	}
	if diff := cmp.Diff("Title\nBody\nF\nPress\ncode\ncell\nAttached\nK\nV", m.Words()); diff != "" {
		t.Errorf("words (-want +got):\n%s", diff)
	}
	if got := (Message{Text: "alone"}).Words(); got != "alone" {
		t.Errorf("text alone gives %q", got)
	}
}
