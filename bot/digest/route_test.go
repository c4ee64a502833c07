package digest

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/acmbot/acmbot/diagnose"
)

func listed(name, account string, tags map[string]string, names ...string) diagnose.Listed {
	return diagnose.Listed{CertificateRef: diagnose.CertificateRef{ARN: "arn:" + account + ":" + name, DomainName: name, Account: account}, Names: names, Tags: tags}
}

func TestParseRoute(t *testing.T) {
	for text, want := range map[string]Route{
		"tag:team=shop => C0SHOP @S0ONCALL":   {Selector: Selector{Tag: "team", Value: "shop"}, Channel: "C0SHOP", Group: "S0ONCALL"},
		"tag:team=>C0TEAM":                    {Selector: Selector{Tag: "team"}, Channel: "C0TEAM"},
		"account:111122223333 => G0PRIVATE":   {Selector: Selector{Account: "111122223333"}, Channel: "G0PRIVATE"},
		"*.Example.com. => C0WILD":            {Selector: Selector{Domain: "*.example.com"}, Channel: "C0WILD"},
		"domain:bücher.example => C0BOOKS":    {Selector: Selector{Domain: "xn--bcher-kva.example"}, Channel: "C0BOOKS"},
		"tag:url=https://x.example/ => C0URL": {Selector: Selector{Tag: "url", Value: "https://x.example/"}, Channel: "C0URL"},
	} {
		got, err := ParseRoute(text)
		if err != nil {
			t.Errorf("ParseRoute(%q): %v", text, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("ParseRoute(%q) (-want +got):\n%s", text, diff)
		}
		if again, err := ParseSelector(got.String()); err != nil || again != got.Selector {
			t.Errorf("%q reads back as %+v, %v", got.Selector, again, err)
		}
	}
	for _, text := range []string{
		"", "tag:team=shop", "=> C0A", "tag:=x => C0A", "account:12 => C0A", "domain:x => C0A", "team=shop => C0A",
		"tag:a=b => #general", "tag:a=b => C0A @oncall", "tag: => C0A", "owner:me => C0A", "tag:a=b => C0A> <!channel",
	} {
		if r, err := ParseRoute(text); err == nil {
			t.Errorf("ParseRoute(%q) = %+v, want an error", text, r)
		}
	}
}

func TestRouting(t *testing.T) {
	all := []diagnose.Listed{
		listed("shop.example.com", "111122223333", map[string]string{"team": "shop"}),
		listed("api.example.com", "111122223333", nil),
		listed("example.com", "444455556666", nil),
		listed("notexample.com", "444455556666", nil),
		listed("front.example.net", "777788889999", nil, "front.example.net", "cdn.example.com"),
		listed("*.example.com", "777788889999", map[string]string{"team": "web"}),
		listed("other.example.org", "777788889999", nil),
	}
	routing := Routing{
		Routes: []Route{
			{Selector: Selector{Tag: "team", Value: "shop"}, Channel: "C0SHOP", Group: "S0SHOP"},
			{Selector: Selector{Domain: "*.example.com"}, Channel: "C0COM"},
			{Selector: Selector{Account: "444455556666"}, Channel: "C0FOUR"},
		},
		Default: "C0DEFAULT",
	}
	names := func(list []Owned) []string {
		var names []string
		for _, o := range list {
			names = append(names, o.DomainName+o.Group)
		}
		return names
	}
	for _, tc := range []struct {
		channel string
		filter  Selector
		want    []string
	}{
		{"C0SHOP", Selector{}, []string{"shop.example.comS0SHOP"}},
		{"C0COM", Selector{}, []string{"api.example.com", "front.example.net", "*.example.com"}},
		{"C0FOUR", Selector{}, []string{"example.com", "notexample.com"}},
		{"C0DEFAULT", Selector{}, []string{"other.example.org"}},
		{"C0SHOP", Selector{Domain: "example.com"}, []string{"shop.example.comS0SHOP", "api.example.com", "example.com", "front.example.net", "*.example.com"}},
		{"C0ELSE", Selector{Tag: "team"}, []string{"shop.example.com", "*.example.com"}},
		{"C0ELSE", Selector{}, []string{"shop.example.com", "api.example.com", "example.com", "notexample.com", "front.example.net", "*.example.com", "other.example.org"}},
	} {
		if diff := cmp.Diff(tc.want, names(routing.ForChannel(tc.channel, tc.filter, all))); diff != "" {
			t.Errorf("%s with %q (-want +got):\n%s", tc.channel, tc.filter, diff)
		}
	}
	if got := (Routing{}).Of(&all[0]); got.Channel != "" {
		t.Errorf("without a default, %q gets it", got.Channel)
	}
}
