package diagnose

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var filterTime = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// estateSample has one certificate of each urgency.
func estateSample() []Listed {
	entry := func(domain string, days int, inUse bool, change func(*Listed)) Listed {
		l := Listed{
			CertificateRef: CertificateRef{
				ARN: "arn:aws:acm:eu-west-1:111122223333:certificate/" + domain, Account: "111122223333", Region: "eu-west-1",
				DomainName: domain, Status: StatusIssued, Type: TypeAmazonIssued, InUse: inUse, NotAfter: filterTime.AddDate(0, 0, days),
			},
			Names: []string{domain, "www." + domain}, Eligibility: EligibleYes, ValidationMethod: MethodDNS, Detailed: true,
			NotBefore: filterTime.AddDate(0, 0, days-198),
		}
		if !inUse {
			l.Eligibility = EligibleNo
		}
		if change != nil {
			change(&l)
		}
		return l
	}
	return []Listed{
		entry("fine.example.com", 150, true, nil),
		entry("idle.example.com", 20, false, nil),
		entry("waiting.example.com", 12, true, func(l *Listed) { l.RenewalStatus = RenewalPendingValidation }),
		entry("down.example.net", -3, true, func(l *Listed) {
			l.Status, l.Account, l.Region, l.Tags = StatusExpired, "444455556666", "us-east-1", map[string]string{"Team": "shop"}
		}),
		entry("brought.example.com", 10, true, func(l *Listed) { l.Type, l.Eligibility, l.ValidationMethod = TypeImported, "", "" }),
		entry("new.example.com", 0, false, func(l *Listed) { l.Status, l.NotAfter = StatusPendingValidation, time.Time{} }),
		entry("renewing.example.com", 40, true, func(l *Listed) { l.RenewalStatus = RenewalPendingAuto }),
	}
}

func TestSortByUrgency(t *testing.T) {
	list := estateSample()
	SortByUrgency(list, filterTime)
	var got []string
	for i := range list {
		got = append(got, list[i].Urgency(filterTime).String()+": "+list[i].DomainName)
	}
	want := []string{
		"Down: down.example.net", "Renewal waits for somebody: waiting.example.com", "Ends soon and will not renew: brought.example.com",
		"Waiting for validation: new.example.com", "Renewing: renewing.example.com", "In order: fine.example.com", "Not in use: idle.example.com",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestFilter(t *testing.T) {
	for _, tc := range []struct{ text, canonical, want string }{
		{"", "all", "fine idle waiting down brought new renewing"},
		{"ALL", "all", "fine idle waiting down brought new renewing"},
		{"failing", "failing", "waiting down brought"},
		{"pending", "pending", "waiting new"},
		{"pending expired", "pending expired", "waiting down new"},
		{"unused", "unused", "idle new"},
		{"-unused pending", "-unused pending", "waiting"},
		{"expiring:15d", "expiring:15d", "waiting brought"},
		{"expiring:15", "expiring:15d", "waiting brought"},
		{"expiring", "expiring:45d", "idle waiting brought renewing"},
		{"account:4444", "account:4444", "down"},
		{"account:4444 account:1111 failing", "account:4444 account:1111 failing", "waiting down brought"},
		{"region:US-east-1", "region:us-east-1", "down"},
		{"tag:team=SHOP", "tag:team=SHOP", "down"},
		{"tag:team", "tag:team", "down"},
		{"-tag:team healthy", "-tag:team healthy", "fine"},
		{"example.net", "domain:example.net", "down"},
		{"domain:wait", "domain:wait", "waiting"},
		{"<http://example.net|example.net>", "domain:example.net", "down"},
		{"https://www.down.example.net/cart", "domain:www.down.example.net", "down"},
		{"imported", "imported", "brought"},
		{"failing -imported -expired", "failing -imported -expired", "waiting"},
	} {
		f, err := ParseFilter(tc.text)
		if err != nil {
			t.Errorf("%q: %v", tc.text, err)
			continue
		}
		var got []string
		for _, l := range estateSample() {
			if f.Match(&l, filterTime) {
				name, _, _ := strings.Cut(l.DomainName, ".")
				got = append(got, name)
			}
		}
		if strings.Join(got, " ") != tc.want {
			t.Errorf("%q matches %q, want %q", tc.text, got, tc.want)
		}
		if f.String() != tc.canonical {
			t.Errorf("%q is written back as %q", tc.text, f)
		}
		again, err := ParseFilter(f.String())
		if err != nil || again.String() != f.String() {
			t.Errorf("%q does not read back: %v", f, err)
		}
	}
}

func TestFilterProblems(t *testing.T) {
	for text, want := range map[string]string{
		"faling":                   "Did you mean `failing`?",
		"nonsense":                 "I do not know the filter `nonsense`.",
		"expiring:soon":            "not a number of days",
		"account:prod":             "twelve digits",
		"region:<!here>":           "not a region's code",
		"tag:=x":                   "is not a tag",
		"tag:":                     "lacks what comes after the colon",
		"colour:red":               "do not know",
		"-":                        "minus without a word",
		"`x`":                      "`x`",
		strings.Repeat("all ", 20): "at most 12 words",
	} {
		_, err := ParseFilter(text)
		var usage *UsageError
		if !errors.As(err, &usage) || !strings.Contains(usage.Problem, want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

func TestFilterWordsAreFilters(t *testing.T) {
	for _, w := range FilterWords() {
		if _, err := ParseFilter(w.Word); err != nil {
			t.Errorf("the word taught, %q, is refused: %v", w.Word, err)
		}
		if strings.HasPrefix(w.Word, "domain:") == IsFilterWord(w.Word) {
			t.Errorf("IsFilterWord(%q) is %v", w.Word, IsFilterWord(w.Word))
		}
	}
	if slices.ContainsFunc([]string{"certificates", "are", "example.com", "", "-", "x:y"}, IsFilterWord) {
		t.Error("a word of English is a filter")
	}
}

func TestMatchButTags(t *testing.T) {
	f, err := ParseFilter("tag:team=shop account:1111 -tag:x")
	if err != nil {
		t.Fatal(err)
	}
	list := estateSample()
	if !f.NeedsTags() || !f.MatchButTags(&list[0], filterTime) || f.Match(&list[0], filterTime) || f.MatchButTags(&list[3], filterTime) {
		t.Error("the tags are not left out, or more than the tags is")
	}
}

func FuzzParseFilter(f *testing.F) {
	for _, s := range []string{"failing", "tag:a=b", "<x|y>", "-domain:münchen.de", "expiring:9d, unused;"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		p, err := ParseFilter(s)
		if err != nil {
			return
		}
		if again, err := ParseFilter(p.String()); err != nil || again.String() != p.String() {
			t.Errorf("%q is %q, which reads as %q: %v", s, p, again, err)
		}
	})
}

func TestEditDistance(t *testing.T) {
	for _, test := range []struct {
		a, b string
		want int
	}{
		{"", "", 0}, {"", "list", 4}, {"list", "list", 0}, {"lsit", "list", 1}, {"lits", "list", 1}, {"lst", "list", 1},
		{"lost", "list", 1}, {"digset", "digest", 1}, {"dgiets", "digest", 2}, {"ca", "abc", 3}, {"watches", "snoozes", 5},
	} {
		if got := EditDistance(test.a, test.b); got != test.want {
			t.Errorf("%q and %q are %d apart, want %d", test.a, test.b, got, test.want)
		}
		if got := EditDistance(test.b, test.a); got != test.want {
			t.Errorf("%q and %q are %d apart, want %d", test.b, test.a, got, test.want)
		}
	}
}
