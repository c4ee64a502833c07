package access

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestMaskText(t *testing.T) {
	m := NewMask("secret")
	for text, want := range map[string]string{
		"":                        "",
		"111122223333":            "…3333",
		"account `111122223333`,": "account `…3333`,",
		"1111-2222-3333":          "…3333",
		"arn:aws:acm:eu-west-1:111122223333:certificate/0f6ad6ee-1c3a-4f6e-8d5f-5a1f0c7e9b21": "arn:aws:acm:eu-west-1:…3333:certificate/0f6ad6ee-1c3a-4f6e-8d5f-5a1f0c7e9b21",
		"arn:aws:iam::111122223333:role/acmbot_999988887777":                                  "arn:aws:iam::…3333:role/acmbot_…7777",
		"certificate/12345678-1234-1234-1234-123456789012":                                    "certificate/12345678-1234-1234-1234-123456789012",
		"111122223333 and 444455556666":                                                       "…3333 and …6666",
		// Not an account's: longer, shorter, or with letters.
		"20261125123456 11112222333 1111222233334":     "20261125123456 11112222333 1111222233334",
		"_a111122223333b.example.com":                  "_a111122223333b.example.com",
		"<!date^1764020000^{date_num}|2025>":           "<!date^1764020000^{date_num}|2025>",
		"1111-2222-33334":                              "1111-2222-33334",
		"logs-111122223333.s3.amazonaws.com":           "logs-…3333.s3.amazonaws.com",
		"https://111122223333.signin.aws.amazon.com/x": "https://…3333.signin.aws.amazon.com/x",
	} {
		if got := m.Text(text); got != want {
			t.Errorf("Text(%q) = %q, want %q", text, got, want)
		}
	}
	if got := m.URL("https://111122223333.signin.aws.amazon.com/x"); got != "https://%E2%80%A63333.signin.aws.amazon.com/x" {
		t.Errorf("an address becomes %q", got)
	}
}

func TestSealComesBack(t *testing.T) {
	m, other := NewMask("secret"), NewMask("another secret")
	rapid.Check(t, func(t *rapid.T) {
		// The console's form, with dashes, comes back in the usual one.
		text := rapid.StringMatching(`[a-zé:/]{0,5}([0-9]{12}[:/ ]){0,3}[A-Za-z0-9~_ ]{0,30}`).Draw(t, "text")
		sealed := m.Seal(text)
		if m.Text(sealed) != sealed {
			t.Fatalf("%q sealed is %q, with an account id in it", text, sealed)
		}
		if got := m.Open(sealed); got != text {
			t.Fatalf("%q comes back as %q", text, got)
		}
	})
	value := `{"v":1,"q":"arn:aws:acm:eu-west-1:111122223333:certificate/0f6ad6ee-1c3a-4f6e-8d5f-5a1f0c7e9b21"}`
	if got := other.Open(m.Seal(value)); got != m.Seal(value) {
		t.Errorf("another key reads %q", got)
	}
	if m.Seal(value) != NewMask("secret").Seal(value) {
		t.Error("another copy with the same secret seals otherwise")
	}
	if got := m.Open("~" + strings.Repeat("A", 22) + "~"); got != "~"+strings.Repeat("A", 22)+"~" {
		t.Errorf("what was never sealed is read as %q", got)
	}
}

func TestMaskValue(t *testing.T) {
	m := NewMask("secret")
	block := map[string]any{
		"type": "section", "block_id": "111122223333",
		"text": map[string]any{"type": "mrkdwn", "text": "in account `111122223333`"},
		"accessory": map[string]any{
			"type": "button", "value": "arn:aws:acm:eu-west-1:111122223333:certificate/x", "url": "https://example.com/?a=111122223333",
		},
		"elements":      []any{map[string]any{"type": "text", "text": "111122223333"}, 111122223333},
		"initial_value": "account:111122223333",
	}
	got, err := m.Value(block)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"type": "section", "block_id": m.Seal("111122223333"),
		"text": map[string]any{"type": "mrkdwn", "text": "in account `…3333`"},
		"accessory": map[string]any{
			"type": "button", "value": "arn:aws:acm:eu-west-1:" + m.Seal("111122223333") + ":certificate/x", "url": "https://example.com/?a=%E2%80%A63333",
		},
		"elements":      []any{map[string]any{"type": "text", "text": "…3333"}, json.Number("111122223333")},
		"initial_value": "account:…3333",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if back := m.Open(got.(map[string]any)["accessory"].(map[string]any)["value"].(string)); !strings.Contains(back, ":111122223333:") {
		t.Errorf("a button's value comes back as %q", back)
	}
}
