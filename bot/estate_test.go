package bot

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/acmbot/acmbot/bot/view"
	"github.com/acmbot/acmbot/bot/workspace"
	"github.com/acmbot/acmbot/diagnose"
)

// A register is an Estate under a test's control.
type register struct {
	mu   sync.Mutex
	list diagnose.Listing
	hold chan struct{} // List waits until it is closed; nil for at once
	tags map[string]map[string]string
	read []string // whose tags were read
}

func (r *register) List(ctx context.Context) diagnose.Listing {
	r.mu.Lock()
	hold := r.hold
	r.mu.Unlock()
	if hold != nil {
		select {
		case <-hold:
		case <-ctx.Done():
			return diagnose.Listing{}
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	l := r.list
	l.Certificates = slices.Clone(l.Certificates)
	return l
}

func (r *register) Tagged(_ context.Context, list []diagnose.Listed) ([]diagnose.Listed, []diagnose.Unseen) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := range list {
		r.read = append(r.read, list[i].DomainName)
		list[i].Tags = r.tags[list[i].DomainName]
	}
	return list, nil
}

func entry(n int, domain string, days int, change func(*diagnose.Listed)) diagnose.Listed {
	now := time.Now()
	l := diagnose.Listed{
		CertificateRef: diagnose.CertificateRef{
			ARN:     fmt.Sprintf("arn:aws:acm:eu-west-1:111122223333:certificate/0f6ad6ee-1c3a-4f6e-8d5f-%012d", n),
			Account: "111122223333", Region: "eu-west-1", DomainName: domain,
			Status: diagnose.StatusIssued, Type: diagnose.TypeAmazonIssued, InUse: true, NotAfter: now.AddDate(0, 0, days).Add(time.Hour),
		},
		Names: []string{domain}, Eligibility: diagnose.EligibleYes, ValidationMethod: diagnose.MethodDNS, Detailed: true,
		NotBefore: now.AddDate(0, 0, days-198),
	}
	if change != nil {
		change(&l)
	}
	return l
}

func waits(l *diagnose.Listed) { l.RenewalStatus = diagnose.RenewalPendingValidation }

// estateOf is a register with one certificate in trouble and many in order.
func estateOf(n int) *register {
	r := &register{list: diagnose.Listing{
		At:    time.Now(),
		Scope: diagnose.Scope{Places: []diagnose.Place{{Account: "111122223333", Region: "eu-west-1"}}, Certificates: n + 1},
	}}
	r.list.Certificates = append(r.list.Certificates, entry(0, "shop.example.com", 12, waits))
	for i := range n {
		r.list.Certificates = append(r.list.Certificates, entry(i+1, fmt.Sprintf("n%03d.example.org", i), 150, nil))
	}
	return r
}

func withEstate(r *register) func(*Options) { return func(o *Options) { o.Estate = r } }

// remembered waits until the bot has the list in memory.
func (s *stage) remembered() *stage {
	s.t.Helper()
	deadline := time.After(patience)
	for {
		if _, ok := s.bot.estate.memory(); ok {
			return s
		}
		select {
		case <-deadline:
			s.t.Fatal("the list is never read")
		case <-time.After(time.Millisecond):
		}
	}
}

func TestWhyOpensAWindowToChooseIn(t *testing.T) {
	s := open(t, workspace.Options{}, withEstate(estateOf(120))).connected().remembered()
	s.slash(dana, ops, "why")
	v := s.modal("121 certificates")
	all, err := s.Suggest(s.ctx(), dana, v, view.ActionChoose, "")
	if err != nil {
		t.Fatal(err)
	}
	if len(all.Groups) != 2 || !strings.Contains(fmt.Sprint(all.Groups[0]), "Renewal waits for somebody") {
		t.Errorf("%d groups, the first is %v", len(all.Groups), all.Groups[0])
	}
	raw, err := json.Marshal(all)
	if err != nil || len(raw) > 20000 {
		t.Errorf("the options take %d bytes (%v); Slack drops frames over 20 480", len(raw), err)
	}
	some, err := s.Suggest(s.ctx(), dana, v, view.ActionChoose, "sohp") // two letters swapped
	if err != nil || !strings.Contains(fmt.Sprint(some.Groups), "shop.example.com") || strings.Contains(fmt.Sprint(some.Groups), "n000") {
		t.Errorf("suggested %v, %v", some, err)
	}
	none, err := s.Suggest(s.ctx(), dana, v, view.ActionChoose, "zzzzzz")
	if err != nil || len(none.Groups) != 0 || len(none.Options) != 0 {
		t.Errorf("suggested %v, %v", none, err)
	}
	if _, err := s.Suggest(s.ctx(), dana, v, view.ActionChoose, "shop"); err != nil {
		t.Fatal(err)
	}
	arn := estateOf(0).list.Certificates[0].ARN
	d, err := s.SubmitView(dana, map[string][]string{view.ActionChoose: {idOf(arn)}})
	if err != nil {
		t.Fatal(err)
	}
	s.acked(d)
	m := s.sees("Headline of shop.example.com")
	if !m.Ephemeral || m.Channel != s.sees("Headline").Channel || s.doctor.times(arn) != 1 {
		t.Errorf("answered by %+v; asked %q", m, s.doctor.questions())
	}
	if _, open := s.View(dana); open {
		t.Error("the window is still open")
	}
}

func TestWhyTakesWhatIsTyped(t *testing.T) {
	s := open(t, workspace.Options{}, withEstate(estateOf(3))).connected().remembered()
	s.slash(dana, ops, "why")
	s.modal("4 certificates")
	for _, tc := range []struct{ typed, want string }{
		{"", "Choose a certificate, or type a name."}, {"10.0.0.1", "IP address"},
	} {
		typed, want := tc.typed, tc.want
		d, err := s.SubmitView(dana, map[string][]string{view.ActionTyped: {typed}})
		if err != nil {
			t.Fatal(err)
		}
		e, err := d.Wait(s.ctx())
		if err != nil || !strings.Contains(string(e.Ack), want) {
			t.Errorf("%q is acknowledged with %s, %v", typed, e.Ack, err)
		}
	}
	d, err := s.SubmitView(dana, map[string][]string{view.ActionTyped: {"https://other.example.com/cart"}})
	if err != nil {
		t.Fatal(err)
	}
	s.acked(d)
	if m := s.sees("_token.other.example.com"); !m.Ephemeral {
		t.Error("the answer is for all to see")
	}
}

func TestWhyWhileTheListIsRead(t *testing.T) {
	r := estateOf(3)
	r.hold = make(chan struct{})
	s := open(t, workspace.Options{}, withEstate(r)).connected()
	s.slash(dana, ops, "why")
	v := s.modal("is being read")
	none, err := s.Suggest(s.ctx(), dana, v, view.ActionChoose, "shop")
	if err != nil || len(none.Groups)+len(none.Options) != 0 {
		t.Errorf("suggested %v, %v", none, err)
	}
	close(r.hold)
	s.modal("4 certificates")
}

func TestWhyWithoutAList(t *testing.T) {
	s := open(t, workspace.Options{}).connected()
	s.slash(dana, ops, "why")
	v := s.modal("Domain, URL, ARN or console link")
	if strings.Contains(string(v.Blocks), view.ActionChoose) {
		t.Error("there is a menu with nothing in it")
	}
	s.slash(dana, ops, "list")
	s.sees("I cannot list certificates here")
}

func TestWhyWhereSlackOpensNoWindow(t *testing.T) {
	s := open(t, workspace.Options{}, withEstate(estateOf(3))).connected()
	s.Fail("views.open", workspace.Fault{Error: "expired_trigger_id"})
	s.slash(dana, ops, "why")
	s.sees("Why what?")
}

func TestListPagesInPlace(t *testing.T) {
	s := open(t, workspace.Options{}, withEstate(estateOf(24))).connected()
	s.slash(dana, ops, "list")
	m := s.sees("Page 1 of 3")
	if !m.Ephemeral || !strings.Contains(m.Words(), "Renewal waits for validation, 12 days left") {
		t.Errorf("listed as\n%s", m.Words())
	}
	s.click(dana, m, "Next →")
	m2 := s.sees("Page 2 of 3")
	if m2.TS != m.TS {
		t.Error("the page was not turned in place")
	}
	s.click(dana, m2, "Next →")
	s.click(dana, s.sees("Page 3 of 3"), "← Previous")
	s.sees("Page 2 of 3")
	s.slash(dana, ops, "list failing")
	f := s.sees("1 certificate of 25")
	s.click(dana, f, view.ActionAsk)
	s.sees("Headline of shop.example.com")
}

func TestListFilters(t *testing.T) {
	r := estateOf(5)
	r.tags = map[string]map[string]string{"n001.example.org": {"team": "shop"}}
	s := open(t, workspace.Options{}, withEstate(r)).connected()
	s.slash(dana, ops, "list tag:team=shop example.org -failing")
	s.sees("1 certificate of 6")
	if slices.Contains(r.read, "shop.example.com") || len(r.read) != 5 {
		t.Errorf("the tags of %q were read; the rest of the filter leaves five others", r.read)
	}
	s.slash(dana, ops, "list nonsense")
	m := s.sees("do not know the filter")
	for _, w := range diagnose.FilterWords() {
		if !strings.Contains(m.Words(), w.Word) {
			t.Errorf("%q is not taught", w.Word)
		}
	}
	s.slash(dana, ops, "list region:nowhere")
	s.sees("No certificate is like that.")
	s.slash(dana, ops, "help")
	if m := s.sees("Filters for lists"); !strings.Contains(m.Words(), "expiring:30d") {
		t.Error("help does not teach the filters")
	}
}

func TestListByMention(t *testing.T) {
	s := open(t, workspace.Options{}, withEstate(estateOf(12))).connected()
	for _, text := range []string{"@acmbot list failing", "@acmbot which certificates are failing?", "@acmbot is anything stuck or broken?"} {
		said, err := s.Say(dana, ops, "", text)
		if err != nil {
			t.Fatal(err)
		}
		m, err := s.WaitMessage(s.ctx(), func(m workspace.Message) bool { return m.App && m.ThreadTS == said.TS })
		if err != nil || !strings.Contains(m.Words(), "1 certificate of 13") {
			t.Errorf("%q is answered by %q, %v", text, m.Words(), err)
		}
	}
	if _, err := s.Say(dana, ops, "", "@acmbot list domain:example.org"); err != nil {
		t.Fatal(err)
	}
	m := s.sees("12 certificates of 13")
	s.click(lee, m, "Next →")
	if next := s.sees("Page 2 of 2"); next.TS != m.TS || next.Ephemeral {
		t.Errorf("the page for all to see became %+v", next)
	}
}

func TestHomeShowsTheEstate(t *testing.T) {
	r := estateOf(3)
	r.list.Scope.Unreadable = []diagnose.Unseen{{
		What: "the certificates of account 444455556666 in eu-west-1", Why: diagnose.AccessDenied, Permission: "acm:ListCertificates",
		Account: "444455556666", Region: "eu-west-1",
	}}
	r.hold = make(chan struct{})
	s := open(t, workspace.Options{}, withEstate(r)).connected()
	release := make(chan struct{})
	s.doctor.becomes(func(_ context.Context, q diagnose.Query, _ func(diagnose.Progress)) diagnose.Answer {
		<-release
		a := blocked(q)
		a.Reports[0].Certificate.ARN = q.ARN
		return a
	})
	if err := s.OpenHome(dana); err != nil {
		t.Fatal(err)
	}
	home := func(text string) workspace.View {
		t.Helper()
		v, err := s.WaitHome(s.ctx(), dana, func(v workspace.View) bool { return strings.Contains(v.Words(), text) })
		if err != nil {
			got, _ := s.Home(dana)
			t.Fatalf("no home with %q but\n%s", text, got.Words())
		}
		return v
	}
	home("is being read") // at once
	close(r.hold)
	v := home("The causes are being looked for")
	for _, want := range []string{"4 certificates", "1 waiting for somebody", "3 in order", "shop.example.com", "acm:ListCertificates", "12 days left"} {
		if !strings.Contains(v.Words(), want) {
			t.Errorf("the home lacks %q:\n%s", want, v.Words())
		}
	}
	close(release)
	v = home("Validation CNAME missing from DNS.") // the cause, once it is known
	if n := len(s.doctor.questions()); n != 1 {
		t.Errorf("%d certificates were diagnosed, of which one needs somebody", n)
	}
	s.click(dana, v, view.ActionAsk)
	if m := s.sees("Headline"); !strings.HasPrefix(m.Channel, "D") {
		t.Errorf("answered in %s, not in a direct message", m.Channel)
	}
	s.click(dana, v, "List all")
	if m := s.sees("4 certificates"); !strings.HasPrefix(m.Channel, "D") {
		t.Errorf("listed in %s, not in a direct message", m.Channel)
	}
	s.click(dana, v, view.ActionOpen)
	s.modal("4 certificates")
	d, err := s.SubmitView(dana, map[string][]string{view.ActionTyped: {"typed.example.com"}})
	if err != nil {
		t.Fatal(err)
	}
	s.acked(d)
	if m := s.sees("_token."); !strings.HasPrefix(m.Channel, "D") {
		t.Errorf("answered in %s, not in a direct message", m.Channel)
	}
}

func TestConsoleLinksUnfurl(t *testing.T) {
	r := estateOf(2)
	s := open(t, workspace.Options{}, withEstate(r)).connected()
	url := "https://eu-west-1.console.aws.amazon.com/acm/home?region=eu-west-1#/certificates/" + idOf(r.list.Certificates[0].ARN)
	if _, err := s.Say(dana, ops, "", "look at "+url+" and https://eu-west-1.console.aws.amazon.com/ec2/home"); err != nil {
		t.Fatal(err)
	}
	s.until(func() bool { return len(s.CallsOf("chat.unfurl")) == 1 })
	call := s.CallsOf("chat.unfurl")[0]
	if !call.OK() || !strings.Contains(call.Arg("unfurls"), "Renewal waits for validation") || strings.Contains(call.Arg("unfurls"), "/ec2/") {
		t.Errorf("unfurled as %s: %s", call.Arg("unfurls"), call.Err())
	}
	var m workspace.Message
	for _, m = range s.Messages(ops, dana) {
		if strings.Contains(m.Text, "console.aws") {
			break
		}
	}
	s.click(dana, m, view.ActionAsk)
	if got := s.sees("Headline of"); got.ThreadTS != m.TS {
		t.Errorf("answered in thread %q, not under the link", got.ThreadTS)
	}
}

func TestAssistantSuggestsAndShowsThatItChecks(t *testing.T) {
	s := open(t, workspace.Options{}, withEstate(estateOf(2))).connected().remembered()
	release := make(chan struct{})
	s.doctor.becomes(func(_ context.Context, q diagnose.Query, _ func(diagnose.Progress)) diagnose.Answer {
		<-release
		return blocked(q)
	})
	root, err := s.OpenAssistant(dana)
	if err != nil {
		t.Fatal(err)
	}
	s.until(func() bool { return len(s.Prompts(root.Channel, root.TS)) > 0 })
	prompts := s.Prompts(root.Channel, root.TS)
	if prompts[0].Message != "Why does shop.example.com not renew?" || len(prompts) != 3 {
		t.Errorf("suggested %+v", prompts)
	}
	if _, err := s.Say(dana, root.Channel, root.TS, prompts[0].Message); err != nil {
		t.Fatal(err)
	}
	s.until(func() bool { return strings.Contains(s.Status(root.Channel, root.TS), "checking shop.example.com") })
	close(release)
	if m := s.sees("_token.shop.example.com"); m.ThreadTS != root.TS {
		t.Errorf("answered in thread %q", m.ThreadTS)
	}
	s.until(func() bool { return s.Status(root.Channel, root.TS) == "" })
	for _, p := range prompts[1:] {
		if _, err := s.Say(dana, root.Channel, root.TS, p.Message); err != nil {
			t.Fatal(err)
		}
	}
	s.sees("Filter: `failing`")
	s.sees("Filter: `expiring:30d`")
}

func TestCopyOpensTheFixes(t *testing.T) {
	s := open(t, workspace.Options{}).connected()
	s.doctor.becomes(answers(func(q diagnose.Query) diagnose.Answer {
		a := blocked(q)
		for i := range 60 {
			f := a.Reports[0].Findings[0]
			f.Remedy.ZoneFile = fmt.Sprintf("_token-%02d.%s. 300 IN CNAME _value.acm-validations.aws.", i, q.Domain)
			f.Remedy.Terraform = fmt.Sprintf("resource \"aws_route53_record\" \"r%02d\" {\n  name = \"_token.%s\"\n%s}\n", i, q.Domain, strings.Repeat("  x = 1\n", 20))
			f.Remedy.Commands = []string{"aws route53 change-resource-record-sets --hosted-zone-id Z1"}
			a.Reports[0].Findings = append(a.Reports[0].Findings, f)
		}
		return a
	}))
	s.slash(dana, ops, "shop.example.com")
	s.click(dana, s.sees("Headline of shop"), view.ActionCopy)
	v := s.modal("Page 1 of 2")
	if !strings.Contains(v.Words(), "aws_route53_record") || v.Title != "Copy the fix" {
		t.Errorf("the window shows\n%s", v.Words())
	}
	s.click(dana, v, view.ActionCopyPage)
	v = s.modal("Page 2 of 2")
	if !strings.Contains(v.Words(), "_token-59.shop.example.com. 300 IN CNAME") || strings.Count(v.Words(), "--hosted-zone-id Z1") != 1 {
		t.Errorf("the second page shows\n%s", v.Words())
	}
	if n := s.doctor.times("shop.example.com"); n != 1 {
		t.Errorf("diagnosed %d times", n)
	}
}

func TestMatching(t *testing.T) {
	list := []diagnose.Listed{
		entry(1, "shop.example.com", 1, nil), entry(2, "www.shop.example.com", 1, nil), entry(3, "workshop.example.com", 1, nil),
		entry(4, "api.example.net", 1, func(l *diagnose.Listed) { l.Region, l.Account = "us-east-1", "444455556666" }),
		entry(5, "*.example.org", 1, nil),
	}
	for typed, want := range map[string]string{
		"":                 "shop.example.com www.shop.example.com workshop.example.com api.example.net *.example.org",
		"shop":             "shop.example.com www.shop.example.com workshop.example.com",
		"SHOP.example.com": "shop.example.com www.shop.example.com workshop.example.com",
		"api us-east":      "api.example.net",
		"4444":             "api.example.net",
		"example.org":      "*.example.org",
		"*.example.org":    "*.example.org",
		"apexnet":          "api.example.net",
		"wrokshop":         "workshop.example.com",
		"000000000003":     "workshop.example.com",
		"nothing":          "",
	} {
		var got []string
		for _, l := range matching(list, typed, true) {
			got = append(got, l.DomainName)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%q finds %q, want %q", typed, got, want)
		}
	}
}

func TestIntent(t *testing.T) {
	for text, want := range map[string]string{
		"<@U1>": "1:", "help": "1:", "<@U1> help me": "1:", "which are pending?": "2:pending", "failing": "2:failing",
		"show unused, imported": "2:unused imported", "what will expire soon": "2:expiring", "what expires in the next 30 days?": "2:expiring:30d",
		"which expire within two weeks": "2:expiring:14d", "anything ending this week, imported?": "2:expiring:7d imported",
		"which expire in the next few days": "2:expiring", "what expires in 99999999999999999999 days": "2:expiring", "today, what expires within 3 months": "2:expiring:93d",
		"hello you": "3:", "<@U1> Hi!": "3:", "good morning, team": "3:", ":wave:": "3:", "hey, ok": "4:",
		"Thank you so much!": "4:", "<@U1> thanks": "4:", ":+1:": "4:", "ok, it works now": "4:", "thanks for your help": "4:",
		"ok, help": "1:", "good": "0:", "is it ok now?": "0:", "hello, which are pending?": "2:pending", "thanks, but why": "0:", "great, list failing": "2:failing", "all": "2:all",
		"this is all wrong and i am used to it": "0:", "any `account:1111` failing?": "2:account:1111 failing",
	} {
		what, filter := intentOf(text)
		if got := fmt.Sprintf("%d:%s", what, filter); got != want {
			t.Errorf("%q is %s, want %s", text, got, want)
		}
	}
}
