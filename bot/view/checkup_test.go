package view

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/acmbot/acmbot/diagnose/checkup"
)

func checkupSample(checks ...checkup.Check) CheckupShown {
	return CheckupShown{Report: checkup.NewReport("1.2.3", sampleTime, checks), ID: "abc1234567", Took: 2340 * time.Millisecond}
}

var (
	soundSlack = checkup.Check{Area: checkup.AreaSlack, What: "bot token", Purpose: "everything in Slack", State: checkup.OK, Detail: "signed in to Example as acmbot"}
	soundAWS   = checkup.Check{Area: checkup.AreaAWS, Account: "111122223333", Region: "eu-west-1", What: "acm:ListCertificates", Purpose: "finding certificates", State: checkup.OK}
	soundDNS   = checkup.Check{Area: checkup.AreaDNS, What: "root servers over UDP", Purpose: "asking name servers", State: checkup.OK, Detail: "26 of 26 answer"}
)

func permission(account, region, action string, s checkup.State) checkup.Check {
	return checkup.Check{
		Area: checkup.AreaAWS, Account: account, Region: region, What: action, Purpose: "telling whom a certificate belongs to", State: s,
		Detail: "The permission " + action + " is missing from the role arn:aws:iam::" + account + ":role/acmbot-read.",
		Fix:    "Allow " + action + ", to the role arn:aws:iam::" + account + ":role/acmbot-read, as deploy/iam/read.json has it.",
	}
}

func checkupSamples() map[string]CheckupShown {
	mixed := checkupSample(
		soundSlack, soundAWS, soundDNS,
		checkup.Check{
			Area: checkup.AreaSlack, What: "channel C0AOPSCERT", Purpose: "the daily digest", State: checkup.Failed,
			Detail: "the bot is not a member of #ops-certificates, and may post only where it is", Fix: "Run `/invite @acmbot` in the channel.",
		},
		permission("222233334444", "us-east-1", "acm:ListCertificates", checkup.Failed), permission("222233334444", "us-east-1", "acm:SearchCertificates", checkup.Failed),
		permission("222233334444", "us-east-1", "acm:ListTagsForCertificate", checkup.Warning),
		checkup.Check{Area: checkup.AreaStore, What: "file", State: checkup.Skipped, Detail: "not checked: another process has the file open", Fix: "Ask `/acm doctor`."},
	)
	var many []checkup.Check
	for i := range 40 {
		many = append(many, permission(fmt.Sprintf("%012d", i), "us-east-1", "acm:DescribeCertificate", checkup.Failed))
	}
	last := checkupSample(many...)
	last.Page = 3
	var regions []checkup.Check
	for _, region := range []string{"ap-northeast-1", "ap-south-1", "eu-central-1", "eu-west-1", "eu-west-2", "sa-east-1", "us-east-1"} {
		regions = append(regions, permission("222233334444", region, "acm:ListCertificates", checkup.Failed), permission("222233334444", region, "acm:DescribeCertificate", checkup.Failed))
	}
	var cut []checkup.Check
	for _, action := range []string{"acm:ListCertificates", "acm:SearchCertificates"} {
		c := permission("222233334444", "us-east-1", action, checkup.Failed)
		c.Detail, c.Fix = "No connection to ACM in us-east-1 could be made.", "Let this machine connect to AWS's APIs on port 443 (or through a VPC endpoint), and check the region's name and whether it is enabled for the account."
		cut = append(cut, c)
	}
	hostile := checkupSample(checkup.Check{
		Area: checkup.AreaSlack, What: "channel <!here>", Purpose: "<!channel> & more", State: checkup.Failed, Detail: "*#general* <@U123> :tada: `code` <https://evil.example|here>", Fix: "do `<!here>` " + strings.Repeat("and more ", 900),
	})
	return map[string]CheckupShown{
		"checkup-well": checkupSample(soundSlack, soundAWS, soundDNS), "checkup-mixed": mixed,
		"checkup-page": last, "checkup-cut-off": checkupSample(cut...), "checkup-regions": checkupSample(regions...), "checkup-hostile": hostile, "checkup-nothing": checkupSample(),
	}
}

func TestCheckupGolden(t *testing.T) {
	for name, sample := range checkupSamples() {
		t.Run(name, func(t *testing.T) {
			m := Checkup(sample)
			lint(t, name, m)
			if name != "checkup-hostile" { // its point is the limits
				golden(t, name, goldenOf(m))
			}
		})
	}
	for name, m := range map[string]Message{
		"checkup-progress": CheckupProgress(checkup.Progress{}), "checkup-waiting": CheckupProgress(checkup.Progress{Done: 3, Total: 9, Waiting: []string{"AWS: credentials and permissions"}}),
		"checkup-gone": CheckupGone(),
	} {
		lint(t, name, m)
		golden(t, name, goldenOf(m))
	}
}

// Nothing that anybody wrote becomes a mention, and nothing is lost that is to
// be done.
func TestCheckupEscapes(t *testing.T) {
	m := Checkup(checkupSamples()["checkup-hostile"])
	for _, mention := range []string{"<!here>", "<!channel>", "<@U123>", "<https://evil"} {
		if strings.Contains(m.Text, mention) {
			t.Errorf("the text has %s: %s", mention, m.Text)
		}
	}
}

// The pages hold every trouble, each once.
func TestCheckupPages(t *testing.T) {
	shown := checkupSamples()["checkup-page"]
	seen := map[string]int{}
	for page := range 7 {
		shown.Page = page
		text := jsonOf(t, Checkup(shown).Blocks)
		for i := range 40 {
			if id := fmt.Sprintf("(account %012d in", i); strings.Contains(text, id) {
				seen[id]++
			}
		}
	}
	if len(seen) != 40 {
		t.Errorf("%d of 40 are on the pages", len(seen))
	}
	for id, n := range seen {
		if n != 1 {
			t.Errorf("%s is there %d times", id, n)
		}
	}
	shown.Page = 99
	if last := jsonOf(t, Checkup(shown).Blocks); !strings.Contains(last, "Page 7 of 7") {
		t.Error("a page beyond the end is not the last one")
	}
}

// What puts several permissions right is told whole.
func TestCheckupFixes(t *testing.T) {
	for name, want := range map[string]string{
		"checkup-cut-off": "→ Let this machine connect to AWS's APIs on port 443",
		"checkup-mixed":   "→ Allow them, to the role arn:aws:iam::222233334444:role/acmbot-read, as deploy/iam/read.json has it.",
	} {
		var texts []string
		var walk func(any)
		walk = func(v any) {
			switch v := v.(type) {
			case map[string]any:
				if text, ok := v["text"].(string); ok {
					texts = append(texts, text)
				}
				walk(v["elements"])
			case []any:
				for _, e := range v {
					walk(e)
				}
			}
		}
		var blocks any
		if err := json.Unmarshal([]byte(jsonOf(t, Checkup(checkupSamples()[name]).Blocks)), &blocks); err != nil {
			t.Fatal(err)
		}
		if walk(blocks); !strings.Contains(strings.Join(texts, ""), want) {
			t.Errorf("%s: %q is not in %q", name, want, texts)
		}
	}
}

func TestCheckupState(t *testing.T) {
	want := CheckupState{ID: "abc", Page: 3}
	if got, err := ParseCheckupState(want.Encode()); err != nil || got != want {
		t.Errorf("%+v, %v", got, err)
	}
	for _, stale := range []string{"", "{}", `{"v":9,"c":"abc"}`, `{"v":1,"c":""}`, "x"} {
		if _, err := ParseCheckupState(stale); !errors.Is(err, ErrStale) {
			t.Errorf("%q: %v", stale, err)
		}
	}
}

func jsonOf(t *testing.T, v any) string {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}
