package diagnose

import (
	"testing"
	"unicode/utf8"
)

func TestVisible(t *testing.T) {
	for text, want := range map[string]string{
		"":                           "",
		"Amazon RSA 2048 M02":        "Amazon RSA 2048 M02",
		"bücher.example ✅ 日本語":       "bücher.example ✅ 日本語",
		"ශ්\u200dරී.example":         "ශ්\u200dරී.example", // a name that exists with its joiner only
		"one\ntwo\tthree":            "one two three",
		"a\rb\x1b[2J\x7f\u009b31m":   `a\x0db\x1b[2J\x7f\x9b31m`,
		"\u202egnp.exe\u2066 \u200f": `\u202egnp.exe\u2066 \u200f`,
		"\u200b\ufeff\u00ad\u2060":   `\u200b\ufeff\u00ad\u2060`,
		"\u2028\u2029":               `\u2028\u2029`,
		"\U000e0041":                 `\ue0041`,
		"\xff\xfe":                   "\ufffd",
	} {
		if got := Visible(text); got != want {
			t.Errorf("Visible(%q) = %q, want %q", text, got, want)
		}
	}
}

func FuzzVisible(f *testing.F) {
	f.Add("a\r\n\u202eb\xff")
	f.Fuzz(func(t *testing.T, s string) {
		got := Visible(s)
		if !utf8.ValidString(got) || Visible(got) != got {
			t.Errorf("Visible(%q) = %q", s, got)
		}
	})
}
