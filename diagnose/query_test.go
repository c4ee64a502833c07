package diagnose

import (
	"errors"
	"strings"
	"testing"
)

func TestParseQuery(t *testing.T) {
	const (
		id  = "12345678-1234-1234-1234-123456789abc"
		arn = "arn:aws:acm:eu-west-1:111122223333:certificate/" + id
	)
	for _, test := range []struct {
		text string
		want Query
	}{
		{"shop.example.com", Query{Domain: "shop.example.com"}},
		{"  Shop.Example.COM.  ", Query{Domain: "shop.example.com"}},
		{"*.example.com", Query{Domain: "*.example.com"}},
		{"https://*.example.com/", Query{Domain: "*.example.com"}},
		{"https://shop.example.com/cart?id=1#top", Query{Domain: "shop.example.com"}},
		{"https://user:pw@shop.example.com:8443/cart", Query{Domain: "shop.example.com"}},
		{"shop.example.com:443", Query{Domain: "shop.example.com"}},
		{"shop.example.com/path", Query{Domain: "shop.example.com"}},
		{"<http://shop.example.com|shop.example.com>", Query{Domain: "shop.example.com"}},
		{"<https://shop.example.com/a|shop.example.com/a>?", Query{Domain: "shop.example.com"}},
		{"&lt;http://shop.example.com|shop.example.com&gt;", Query{Domain: "shop.example.com"}},
		{"<mailto:admin@example.com|admin@example.com>", Query{Domain: "example.com"}},
		{"`shop.example.com`", Query{Domain: "shop.example.com"}},
		{"“shop.example.com”,", Query{Domain: "shop.example.com"}},
		{"bücher.example", Query{Domain: "xn--bcher-kva.example", Unicode: "bücher.example"}},
		{"BÜCHER.example", Query{Domain: "xn--bcher-kva.example", Unicode: "bücher.example"}},
		{"xn--bcher-kva.example", Query{Domain: "xn--bcher-kva.example", Unicode: "bücher.example"}},
		{"bücher。example", Query{Domain: "xn--bcher-kva.example", Unicode: "bücher.example"}},
		{"*.bücher.example", Query{Domain: "*.xn--bcher-kva.example", Unicode: "*.bücher.example"}},
		{"_a79865eb4cd1a6ab990a45779b4e0b96.shop.example.com.", Query{Domain: "shop.example.com"}},
		{arn, Query{ARN: arn}},
		{"<" + strings.ToUpper(arn) + ">", Query{ARN: arn}},
		{id, Query{ID: id}},
		{"certificate/" + id, Query{ID: id}},
		{"https://eu-west-1.console.aws.amazon.com/acm/home?region=eu-west-1#/certificates/" + id, Query{ID: id}},
	} {
		got, err := ParseQuery(test.text)
		test.want.Text = strings.TrimSpace(test.text)
		if err != nil || got != test.want {
			t.Errorf("ParseQuery(%q) = %+v, %v; want %+v", test.text, got, err, test.want)
		}
	}
}

func TestParseQueryRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"":                                "no domain name",
		"``":                              "no domain name",
		"why is the site down":            "more than one word",
		"localhost":                       "one word",
		"192.0.2.1":                       "IP address",
		"[2001:db8::1]:443":               "IP address",
		"2001:db8::1":                     "IP address",
		"https://":                        "no host",
		"a..example.com":                  "two dots",
		"foo.*.example.com":               "wildcard",
		"-shop.example.com":               "hyphen",
		"shop!.example.com":               "character",
		"1.2.3":                           "ends in a number",
		strings.Repeat("a", 64) + ".com":  "63",
		strings.Repeat("a.", 130) + "com": "253",
		"arn:aws:s3:::bucket":             "not of an ACM certificate",
	} {
		_, err := ParseQuery(text)
		if usage, ok := errors.AsType[*UsageError](err); !ok {
			t.Errorf("ParseQuery(%q) gave %v, want a usage error", text, err)
		} else if !strings.Contains(usage.Problem, want) {
			t.Errorf("ParseQuery(%q) says %q, want it to mention %q", text, usage.Problem, want)
		}
	}
}

func FuzzParseQuery(f *testing.F) {
	for _, seed := range []string{"shop.example.com", "<http://a.example|a>", "*.bücher.example:443", "arn:aws:acm:", "\u202e.com"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		q, err := ParseQuery(text)
		if err != nil {
			return
		}
		subject := q.Domain + q.ARN + q.ID
		if subject == "" {
			t.Fatalf("ParseQuery(%q) gave neither a subject nor an error", text)
		}
		if again, err := ParseQuery(subject); err != nil || again.Domain+again.ARN+again.ID != subject {
			t.Fatalf("ParseQuery(%q) gave %q, which reads back as %+v, %v", text, subject, again, err)
		}
	})
}
