package view

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/slack-go/slack"

	"github.com/acmbot/acmbot/bot/workspace"
	"github.com/acmbot/acmbot/diagnose"
)

const evil = "<!channel> *bold* `code` & <https://evil.example|click> :tada:"

// listedSample has one certificate of each urgency, the most urgent first.
func listedSample() []diagnose.Listed {
	entry := func(n int, domain string, days int, change func(*diagnose.Listed)) diagnose.Listed {
		l := diagnose.Listed{
			CertificateRef: diagnose.CertificateRef{
				ARN:     fmt.Sprintf("arn:aws:acm:eu-west-1:111122223333:certificate/0f6ad6ee-1c3a-4f6e-8d5f-%012d", n),
				Account: "111122223333", Region: "eu-west-1", DomainName: domain, Status: diagnose.StatusIssued,
				Type: diagnose.TypeAmazonIssued, InUse: true, NotAfter: sampleTime.AddDate(0, 0, days),
			},
			Names: []string{domain}, Eligibility: diagnose.EligibleYes, ValidationMethod: diagnose.MethodDNS, Detailed: true,
			NotBefore: sampleTime.AddDate(0, 0, days-198),
		}
		if change != nil {
			change(&l)
		}
		return l
	}
	list := []diagnose.Listed{
		entry(1, "down.example.com", -3, func(l *diagnose.Listed) { l.Status = diagnose.StatusExpired }),
		entry(2, "shop.example.com", 12, func(l *diagnose.Listed) {
			l.RenewalStatus, l.Names = diagnose.RenewalPendingValidation, []string{"shop.example.com", "www.shop.example.com", "api.shop.example.com"}
		}),
		entry(3, "failed.example.com", 14, func(l *diagnose.Listed) { l.RenewalStatus = diagnose.RenewalFailed }),
		entry(4, "imported.example.com", 30, func(l *diagnose.Listed) { l.Type, l.Eligibility = diagnose.TypeImported, "" }),
		entry(5, "new.example.com", 0, func(l *diagnose.Listed) {
			l.Status, l.NotAfter, l.InUse, l.Eligibility = diagnose.StatusPendingValidation, time.Time{}, false, ""
		}),
		entry(6, "renewing.example.com", 40, func(l *diagnose.Listed) { l.RenewalStatus = diagnose.RenewalPendingAuto }),
		entry(7, "due.example.com", 40, nil),
		entry(8, "fine.example.com", 150, nil),
		entry(9, "idle.example.com", 20, func(l *diagnose.Listed) { l.InUse, l.Eligibility = false, diagnose.EligibleNo }),
	}
	diagnose.SortByUrgency(list, sampleTime)
	return list
}

func hostileListed() []diagnose.Listed {
	list := listedSample()
	for i := range list {
		list[i].DomainName, list[i].Region, list[i].Account = evil, evil, evil
		list[i].Names = []string{evil, strings.Repeat("long.", 50) + "example.com"}
	}
	return list
}

func sampleCauses(arn string) string {
	if strings.HasSuffix(arn, "2") {
		return "validation CNAME missing from DNS"
	}
	return ""
}

func overviewSample() Overview {
	return Overview{
		Listed: true, Ready: true, At: sampleTime, Certificates: listedSample(), Causes: sampleCauses,
		Scope: diagnose.Scope{
			Places: []diagnose.Place{{Account: "111122223333", Region: "eu-west-1"}}, Certificates: 9,
			Unreadable: []diagnose.Unseen{{What: "the certificates of account 444455556666 in eu-west-1", Why: diagnose.AccessDenied, Permission: "acm:SearchCertificates", Account: "444455556666", Region: "eu-west-1"}},
		},
	}
}

func listSample(certificates []diagnose.Listed, filter string) Listing {
	f, err := diagnose.ParseFilter(filter)
	if err != nil {
		panic(err)
	}
	return Listing{Command: "/acm", Filter: f, Certificates: certificates, At: sampleTime, Total: 9, Causes: sampleCauses, Scope: overviewSample().Scope}
}

func severalSample() []Summary {
	ask := func(name string, a diagnose.Answer) Summary {
		return Summary{Query: diagnose.Query{Text: name, Domain: name}, Answer: &a}
	}
	return []Summary{
		ask("shop.example.com", missingOne()), ask("ok.example.com", healthy()), ask("nowhere.example.com", noCertificate()),
		{Query: diagnose.Query{Domain: "slow.example.com"}, Problem: "I could not find out: this took too long"},
		{Query: diagnose.Query{Domain: "later.example.com"}},
	}
}

func many(n int) []diagnose.Listed {
	var list []diagnose.Listed
	for i := range n {
		l := listedSample()[i%9]
		l.DomainName = fmt.Sprintf("n%04d.%sexample.com", i, strings.Repeat("label.", 30))
		list = append(list, l)
	}
	diagnose.SortByUrgency(list, sampleTime)
	return list
}

// estateMessages are all messages about lists of certificates.
func estateMessages() map[string]Message {
	second := listSample(many(25), "all")
	second.Page, second.Total = 1, 25
	return map[string]Message{
		"list":       List(listSample(listedSample(), "all")),
		"list-page":  List(second),
		"list-none":  List(listSample(nil, "region:us-east-1 tag:team=shop")),
		"list-bad":   BadFilter("/acm", "I do not know the filter `faling`. Did you mean `failing`?"),
		"list-unset": NoEstate("/acm"),
		"summaries":  Several(severalSample()),
	}
}

func estateViews() map[string]any {
	state := stateOf(missingOne(), Options{})
	coded := missingOne()
	coded.Reports[0].Findings[0].Remedy.Terraform = "resource \"aws_route53_record\" \"x\" {\n  name = \"_x\"\n}\n"
	coded.Reports[0].Findings[0].Remedy.Commands = []string{"aws route53 change-resource-record-sets --hosted-zone-id Z1 --change-batch '{}'"}
	ask := AskModal{State: AskState{Channel: "C1", Hook: "https://hooks.slack.com/commands/T1/1/x"}, Listed: true, Ready: true, Total: 412, At: sampleTime, Unread: 1}
	reading := ask
	reading.Ready = false
	return map[string]any{
		"ask": Ask(ask), "ask-reading": Ask(reading), "ask-bare": Ask(AskModal{}),
		"copy": Copy(coded, state), "copy-none": Copy(healthy(), state), "copy-loading": CopyLoading(state),
		"home-reading": Home(Status{Command: "/acm", At: sampleTime}, Overview{Listed: true}),
		"home-empty":   Home(Status{Command: "/acm", At: sampleTime}, Overview{Listed: true, Ready: true, At: sampleTime}),
		"home-fixes":   Home(Status{Command: "/acm", At: sampleTime, Workers: 8, PerUser: 4, Fixes: []string{"add-cname", "add-caa"}}, Overview{}),
		"home-bare":    Home(Status{Command: "/acm", At: sampleTime}, Overview{}),
	}
}

func TestEstateGolden(t *testing.T) {
	for name, m := range estateMessages() {
		t.Run(name, func(t *testing.T) { golden(t, name, goldenOf(m)) })
	}
	for name, v := range estateViews() {
		t.Run(name, func(t *testing.T) { golden(t, name, v) })
	}
	t.Run("unfurl", func(t *testing.T) {
		golden(t, "unfurl", Unfurl(&listedSample()[1], sampleTime, "validation CNAME missing from DNS"))
	})
	t.Run("suggestions", func(t *testing.T) {
		golden(t, "suggestions", Suggestions(listedSample(), sampleTime, func(l *diagnose.Listed) string { return tail(l.ARN) }))
	})
	t.Run("prompts", func(t *testing.T) { golden(t, "prompts", Prompts(listedSample())) })
}

func lintBlocks(t *testing.T, name string, blocks any) {
	t.Helper()
	raw, err := json.Marshal(blocks)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range workspace.Lint(raw) {
		t.Errorf("%s: %s", name, p)
	}
}

func TestEstateKeepsTheLimits(t *testing.T) {
	messages := estateMessages()
	messages["hostile"] = List(listSample(hostileListed(), "all"))
	big := listSample(many(400), "domain:"+strings.Repeat("x", 200))
	big.Scope.Unreadable = slices.Repeat(big.Scope.Unreadable, 50)
	messages["big"] = List(big)
	messages["hostile several"] = Several(slices.Repeat([]Summary{{Query: diagnose.Query{Domain: evil}, Problem: evil}}, 10))
	for name, m := range messages {
		lintBlocks(t, name, m.Blocks)
		if len([]rune(m.Text)) > mostText || m.Text == "" {
			t.Errorf("%s: the text has %d characters", name, len([]rune(m.Text)))
		}
	}
	views := estateViews()
	worst := overviewSample()
	worst.Certificates = hostileListed()
	worst.Mine = []slack.Block{line(strings.Repeat("x", 2000), nil)}
	views["worst home"] = Home(Status{Command: "/acm", At: sampleTime, MissingScopes: []string{evil}}, worst)
	views["monster copy"] = Copy(monster(), stateOf(monster(), Options{}))
	for name, v := range views {
		raw, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		var parts struct{ Blocks json.RawMessage }
		if err := json.Unmarshal(raw, &parts); err != nil {
			t.Fatal(err)
		}
		lintBlocks(t, name, parts.Blocks)
	}
	lintBlocks(t, "unfurl", Unfurl(&hostileListed()[0], sampleTime, evil).Blocks)
	groups := Suggestions(many(500), sampleTime, func(l *diagnose.Listed) string { return l.ARN[len(l.ARN)-36:] })
	raw, err := json.Marshal(groups)
	if err != nil || len(raw) > 19<<10 {
		t.Errorf("the suggestions take %d bytes: %v", len(raw), err)
	}
}

// Nothing that comes from outside pings, formats or links.
func TestEstateIsNotInjectable(t *testing.T) {
	list := hostileListed()
	home := overviewSample()
	home.Certificates, home.Causes = list, func(string) string { return evil }
	hostileList := listSample(list, "all")
	hostileList.Causes = home.Causes
	for name, v := range map[string]any{
		"list": List(hostileList), "home": Home(Status{Command: "/acm"}, home), "unfurl": Unfurl(&list[0], sampleTime, evil),
		"summaries":  Several([]Summary{{Query: diagnose.Query{Domain: evil}, Problem: evil}, {Query: diagnose.Query{Text: "x", Domain: evil}}}),
		"bad filter": BadFilter("/acm", "I do not know `"+evil+"`."),
		"copy":       Copy(hostile(), State{Query: "x"}),
	} {
		raw, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		var tree any
		if err := json.Unmarshal(raw, &tree); err != nil {
			t.Fatal(err)
		}
		for _, s := range mrkdwnTexts(tree) {
			for _, bad := range []string{"<!channel", "<https://evil", "<!here", "<@U"} {
				if strings.Contains(s, bad) {
					t.Errorf("%s: %q is live in %q", name, bad, s)
				}
			}
		}
	}
	if p := Prompts(list); len(p) != 3 || strings.Contains(fmt.Sprint(p), "channel") {
		t.Errorf("prompts %v", p)
	}
}

// mrkdwnTexts are the texts that Slack parses: mrkdwn objects, and a message's
// own text.
func mrkdwnTexts(v any) []string {
	var list []string
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			list = append(list, mrkdwnTexts(e)...)
		}
	case map[string]any:
		if s, ok := v["text"].(string); ok && v["type"] == "mrkdwn" {
			list = append(list, s)
		}
		if s, ok := v["Text"].(string); ok {
			list = append(list, s)
		}
		for _, e := range v {
			list = append(list, mrkdwnTexts(e)...)
		}
	}
	return list
}

func TestListStates(t *testing.T) {
	s := ListState{Filter: "failing -imported", Page: 3}
	if got, err := ParseListState(s.Encode()); err != nil || got != s {
		t.Errorf("%+v reads back as %+v, %v", s, got, err)
	}
	for _, bad := range []string{"", "{}", `{"v":2,"f":"all"}`, `{"v":1}`, "x"} {
		if _, err := ParseListState(bad); err == nil {
			t.Errorf("%q is read", bad)
		}
	}
	a := AskState{Channel: "C1", Hook: "https://hooks.slack.com/x"}
	if got := ParseAskState(a.Encode()); got != a {
		t.Errorf("%+v reads back as %+v", a, got)
	}
}
