package bot

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/slack-go/slack"

	"github.com/acmbot/acmbot/bot/state"
	"github.com/acmbot/acmbot/bot/state/memory"
	"github.com/acmbot/acmbot/bot/view"
	"github.com/acmbot/acmbot/bot/watch"
	"github.com/acmbot/acmbot/bot/workspace"
	"github.com/acmbot/acmbot/diagnose"
	"github.com/acmbot/acmbot/diagnose/fix"
)

const (
	danaID  = "U0ADANA001"
	onCall  = "S0AONCALL1"
	fixName = "_0123456789abcdef0123456789abcdef.shop.example.com"
	fixTo   = "_fedcba9876543210.abcdefghij.acm-validations.aws"
)

// A mechanic is a Fixer under a test's control. What it plans is what
// fix.For makes of the facts.
type mechanic struct {
	mu      sync.Mutex
	applied []fix.Plan
	consent fix.Consent
	err     error
	gate    chan struct{} // Apply waits for it, where there is one
	onApply func()
}

func (m *mechanic) Prepare(_ context.Context, f *diagnose.Facts, r *diagnose.Report, k fix.Kind) (fix.Plan, error) {
	return fix.For(f, r, k)
}

func (m *mechanic) Apply(_ context.Context, p fix.Plan, c fix.Consent) (fix.Result, error) {
	m.mu.Lock()
	m.applied, m.consent = append(m.applied, p), c
	err, gate, after := m.err, m.gate, m.onApply
	m.mu.Unlock()
	if gate != nil {
		<-gate
	}
	if err != nil {
		return fix.Result{}, err
	}
	if after != nil {
		after()
	}
	return fix.Result{Written: p.Changes, InSync: true, RequestIDs: []string{"/change/C1"}}, nil
}

func (m *mechanic) plans() []fix.Plan {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]fix.Plan{}, m.applied...)
}

// fixable is an answer whose record is missing from a Route 53 zone. There are
// the values there now.
func fixable(q diagnose.Query, there ...string) diagnose.Answer {
	a := report(q, diagnose.VerdictBlocked, diagnose.Finding{
		Cause: "cname-missing", Title: "validation CNAME missing from DNS", Severity: diagnose.Blocking, Confidence: diagnose.Certain,
		Owner: diagnose.OwnerZone, Names: []string{"shop.example.com"}, Text: "There is no record at `" + fixName + "`.",
		Remedy: diagnose.Remedy{Action: diagnose.AddRecord, Name: fixName, Type: "CNAME", Value: fixTo, TTL: 300},
	})
	c := &a.Facts[0].Certificate
	record := &diagnose.Record{Name: fixName, Type: "CNAME", Value: fixTo}
	c.Renewal = &diagnose.Renewal{Status: diagnose.RenewalPendingValidation, Names: []diagnose.NameValidation{{
		Name: "shop.example.com", Method: diagnose.MethodDNS, Status: diagnose.NamePending, Record: record,
	}}}
	a.Reports[0].Certificate = *c
	servers := []string{"ns-1.awsdns-01.com"}
	zone := diagnose.HostedZone{ID: "Z0SHOP", Name: "example.com", Account: "444455556666", NameServers: servers}
	for _, v := range there {
		zone.Records = append(zone.Records, diagnose.RR{Name: fixName, Type: "CNAME", TTL: 60, Value: v})
	}
	a.Facts[0].HostedZones = []diagnose.HostedZone{zone}
	a.Facts[0].DNS = diagnose.DNS{
		Lookups: map[string]*diagnose.Lookup{diagnose.LookupKey(fixName, "CNAME"): {Name: fixName, Type: "CNAME", Path: []string{".", "com", "example.com"}}},
		Zones:   map[string]*diagnose.Zone{"example.com": {Apex: "example.com", Delegated: servers}},
	}
	return a
}

func renewed(q diagnose.Query) diagnose.Answer {
	a := report(q, diagnose.VerdictHealthy)
	a.Reports[0].Certificate.NotAfter = a.Reports[0].Certificate.NotAfter.AddDate(0, 0, 198)
	a.Reports[0].State = diagnose.StateRenewed
	return a
}

// openGarage opens a stage on which records can be fixed.
func openGarage(t *testing.T, change ...func(*Options)) (*stage, *mechanic) {
	t.Helper()
	m := &mechanic{}
	s := open(t, workspace.Options{}, append([]func(*Options){func(o *Options) {
		o.Fix = FixOptions{Fixer: m, Kinds: fix.Kinds(), Users: []string{danaID}, AuditChannel: "C0AOPSCERT", FollowEvery: time.Millisecond}
	}}, change...)...).connected()
	s.doctor.becomes(answers(func(q diagnose.Query) diagnose.Answer { return fixable(q) }))
	return s, m
}

// press asks and presses the fix's button.
func (s *stage) press(user string) {
	s.t.Helper()
	s.slash(user, ops, "shop.example.com")
	s.click(user, s.sees(fixName), view.ActionFix)
}

func (s *stage) modalOf(user, text string) workspace.View {
	s.t.Helper()
	v, err := s.WaitView(s.ctx(), user, func(v workspace.View) bool { return strings.Contains(string(v.Blocks), text) })
	if err != nil {
		now, _ := s.View(user)
		s.t.Fatalf("no modal of %s's with %q: %v\n%s", user, text, err, now.Words())
	}
	for _, p := range workspace.Lint(v.Blocks) {
		s.t.Errorf("modal: %+v", p)
	}
	return v
}

func (s *stage) submit(user string, values map[string][]string) *workspace.Delivery {
	s.t.Helper()
	d, err := s.SubmitView(user, values)
	if err != nil {
		s.t.Fatal(err)
	}
	s.acked(d)
	return d
}

func TestFixIsShownConfirmedMadeAuditedAndFollowed(t *testing.T) {
	s, m := openGarage(t)
	m.onApply = func() { s.doctor.becomes(answers(renewed)) }
	s.press(dana)
	v := s.modalOf(dana, "Value then")
	for _, want := range []string{"Z0SHOP", "444455556666", "example.com", fixName, fixTo, "none, there is no such record", "aws route53 change-resource-record-sets", "shop.example.com"} {
		if !strings.Contains(v.Words(), want) {
			t.Errorf("the plan lacks %q:\n%s", want, v.Words())
		}
	}
	if len(m.plans()) > 0 {
		t.Fatal("changed before it was confirmed")
	}
	s.submit(dana, nil)
	s.modalOf(dana, "Added the CNAME record")
	done := s.sees("ACM has renewed the certificate")
	if !strings.Contains(done.Words(), "Added the CNAME record") {
		t.Errorf("the message says\n%s", done.Words())
	}
	if n := len(m.plans()); n != 1 {
		t.Errorf("applied %d times", n)
	}
	for _, want := range []string{"msg=audit event=fix-begun", "msg=audit event=fix-ended", "msg=audit event=fix-seen", "user=" + danaID, "record=" + fixName, "zone_id=Z0SHOP"} {
		s.log.has(t, want, 1)
	}
	entry := s.sees("Who: " + danaID)
	if entry.Ephemeral || !strings.Contains(entry.Words(), "Result: Added the CNAME") || !strings.Contains(entry.Words(), "/change/C1") {
		t.Errorf("the audit entry says\n%s", entry.Words())
	}
	if strings.Contains(string(entry.Blocks), `"type":"user"`) || strings.Contains(entry.Text, "<@") {
		t.Error("the audit entry pings somebody")
	}
}

func TestFixAnswersInTheThreadOfASharedAnswer(t *testing.T) {
	s, _ := openGarage(t)
	if _, err := s.Say(lee, ops, "", "@acmbot shop.example.com"); err != nil {
		t.Fatal(err)
	}
	m := s.sees(fixName)
	s.click(dana, m, view.ActionFix)
	s.modalOf(dana, "Value then")
	s.submit(dana, nil)
	done := s.sees("I go on looking")
	if done.Channel != m.Channel || done.ThreadTS == "" || done.Ephemeral {
		t.Errorf("told elsewhere: %+v", done)
	}
}

func TestFixIsForTheAllowedAlone(t *testing.T) {
	for _, users := range [][]string{{danaID}, {onCall}} {
		s, m := openGarage(t, func(o *Options) { o.Fix.Users = users })
		if users[0] == onCall {
			// The scope is not in the manifest by default.
			s.press(dana)
			v := s.modalOf(dana, "usergroups:read")
			if !strings.Contains(v.Words(), "could not find out") {
				t.Errorf("says\n%s", v.Words())
			}
			continue
		}
		s.press(lee)
		v := s.modalOf(lee, "You are not one of those")
		if !strings.Contains(string(v.Blocks), danaID) {
			t.Errorf("does not say whom to ask:\n%s", v.Words())
		}
		s.log.has(t, "event=fix-denied", 1)
		s.submit(lee, nil) // as no client of Slack's would
		s.modalOf(lee, "Nothing was changed")
		if len(m.plans()) > 0 {
			t.Error("applied all the same")
		}
	}
}

// What is agreed to is looked at as closely as what is pressed.
func TestFixIsForTheAllowedAloneWhenSubmitted(t *testing.T) {
	s, m := openGarage(t, func(o *Options) { o.Fix.Users = []string{onCall} })
	group := func(users ...string) {
		g := s.bot.api.gate
		g.mu.Lock()
		defer g.mu.Unlock()
		g.groups[onCall] = found[[]string]{users, time.Now()}
	}
	group(danaID)
	s.press(dana)
	s.modalOf(dana, "Value then")
	group("U0ALEE0001")
	s.submit(dana, nil)
	s.modalOf(dana, "You are not one of those")
	if len(m.plans()) > 0 {
		t.Error("applied all the same")
	}
}

func TestFixByUserGroup(t *testing.T) {
	manifest := readManifest(t)
	manifest.OAuthConfig.Scopes.Bot = append(manifest.OAuthConfig.Scopes.Bot, ScopeUserGroups)
	m := &mechanic{}
	s := open(t, workspace.Options{Manifest: manifest}, func(o *Options) {
		o.Fix = FixOptions{Fixer: m, Kinds: fix.Kinds(), Users: []string{onCall}, FollowEvery: time.Millisecond}
	}).connected()
	s.doctor.becomes(answers(func(q diagnose.Query) diagnose.Answer { return fixable(q) }))
	s.press(dana)
	s.modalOf(dana, "Value then")
	s.slash(lee, ops, "shop.example.com")
	mine, err := s.WaitMessage(s.ctx(), func(m workspace.Message) bool { return m.App && m.Viewer == "U0ALEE0001" })
	if err != nil {
		t.Fatal(err)
	}
	s.click(lee, mine, view.ActionFix)
	s.modalOf(lee, "You are not one of those")
}

func TestFixShowsTheNewPlanWhereThingsHaveChanged(t *testing.T) {
	s, m := openGarage(t)
	s.press(dana)
	s.modalOf(dana, "Value then")
	s.doctor.becomes(answers(func(q diagnose.Query) diagnose.Answer { return fixable(q, "_old.acm-validations.aws") }))
	s.submit(dana, nil)
	v := s.modalOf(dana, "things are not as they were")
	if !strings.Contains(v.Words(), "_old.acm-validations.aws") || len(m.plans()) > 0 {
		t.Errorf("not the new plan, or applied:\n%s", v.Words())
	}
	// A record is replaced only with the box ticked.
	if _, err := s.SubmitView(dana, nil); err == nil {
		t.Fatal("submitted without the box ticked")
	}
	s.submit(dana, map[string][]string{view.ReplaceAction: {view.ReplaceAction}})
	s.modalOf(dana, "Replaced the CNAME record")
	if len(m.plans()) != 1 || !m.consent.Replace {
		t.Errorf("applied %d times, consent %+v", len(m.plans()), m.consent)
	}
}

func TestFixFailureIsTold(t *testing.T) {
	s, m := openGarage(t)
	m.err = &fix.Refusal{Reason: fix.Failed, Text: "The permission route53:ChangeResourceRecordSets is missing from the role acmbot-read.", Permission: "route53:ChangeResourceRecordSets"}
	s.press(dana)
	s.modalOf(dana, "Value then")
	s.submit(dana, nil)
	v := s.modalOf(dana, "Nothing was changed.")
	if !strings.Contains(v.Words(), "route53:ChangeResourceRecordSets") {
		t.Errorf("says\n%s", v.Words())
	}
	s.sees("Result: Nothing was changed. The permission")
}

func TestFixNeedsItsAuditChannel(t *testing.T) {
	s, m := openGarage(t, func(o *Options) { o.Fix.AuditChannel = "C0APLATFRM" }) // the bot is no member
	s.press(dana)
	s.modalOf(dana, "Value then")
	s.submit(dana, nil)
	s.modalOf(dana, "without an entry there I change nothing")
	if len(m.plans()) > 0 {
		t.Error("changed without an entry")
	}
}

func TestFixIsNotOfferedUnlessSwitchedOn(t *testing.T) {
	for name, change := range map[string]func(*Options){
		"no fixer":   func(o *Options) { o.Fix = FixOptions{} },
		"other kind": func(o *Options) { o.Fix.Kinds = []fix.Kind{fix.AddCAA} },
	} {
		t.Run(name, func(t *testing.T) {
			s, _ := openGarage(t, change)
			s.slash(dana, ops, "shop.example.com")
			if m := s.sees(fixName); strings.Contains(string(m.Blocks), view.ActionFix) {
				t.Error("there is a button")
			}
		})
	}
}

func TestFixSwitchedOffSince(t *testing.T) {
	s, m := openGarage(t, func(o *Options) { o.Fix.Kinds = []fix.Kind{fix.AddCAA} })
	api := slack.New(s.BotToken(), slack.OptionAPIURL(s.APIURL()))
	text := slack.NewTextBlockObject(slack.PlainTextType, "Fix", false, false)
	for i, kind := range []fix.Kind{fix.AddCNAME, "wash"} {
		old := slack.NewButtonBlockElement(view.ActionFix, view.State{Query: "shop.example.com", Fix: string(kind)}.Encode(), text)
		if _, _, err := api.PostMessage("C0AOPSCERT", slack.MsgOptionText("old "+string(kind), false), slack.MsgOptionBlocks(slack.NewActionBlock("", old))); err != nil {
			t.Fatal(err)
		}
		answer, err := s.WaitMessage(s.ctx(), func(m workspace.Message) bool { return m.Text == "old "+string(kind) })
		if err != nil {
			t.Fatal(err)
		}
		s.click(dana, answer, view.ActionFix)
		s.sees([]string{"This fix is switched off", "made by another version"}[i])
	}
	if len(m.plans()) > 0 {
		t.Error("applied")
	}
}

// A submission can come twice, by a double click or over two sockets.
func TestFixIsMadeOnce(t *testing.T) {
	s, m := openGarage(t)
	m.gate = make(chan struct{})
	s.press(dana)
	s.modalOf(dana, "Value then")
	s.submit(dana, nil)
	s.submit(dana, nil)
	close(m.gate)
	s.modalOf(dana, "Added the CNAME record")
	if n := len(m.plans()); n != 1 {
		t.Errorf("applied %d times", n)
	}
}

// The certificate is watched, which a restart does not end.
func TestFixIsWatchedAcrossARestart(t *testing.T) {
	store := memory.New(time.Now)
	s, m := openGarage(t, func(o *Options) { o.Store, o.Fix.FollowEvery = store, time.Hour })
	s.press(dana)
	s.modalOf(dana, "Value then")
	s.submit(dana, nil)
	s.sees("I go on looking")
	list, err := watch.Of(t.Context(), store, danaID)
	if err != nil || len(list) != 1 || list[0].Fixed.IsZero() || list[0].Place.User != danaID {
		t.Fatalf("watches %+v, %v", list, err)
	}
	s.log.has(t, "kind=fix", 2) // received and answered
	var jobs []fixJob
	for r, err := range state.All[fixJob](t.Context(), store, fixKind, "") {
		if err != nil {
			t.Fatal(err)
		}
		jobs = append(jobs, r.Value)
	}
	if len(jobs) != 1 || !jobs[0].Applied || jobs[0].FollowUp.TS == "" || jobs[0].Due.IsZero() {
		t.Errorf("kept %+v", jobs)
	}
	if n := len(m.plans()); n != 1 {
		t.Errorf("applied %d times", n)
	}
}

func TestFixOptions(t *testing.T) {
	for _, test := range []struct {
		o    FixOptions
		want string
	}{
		{FixOptions{}, ""},
		{FixOptions{Kinds: fix.Kinds()}, ""},
		{FixOptions{Fixer: &mechanic{}, Kinds: fix.Kinds()}, "nobody may use them"},
		{FixOptions{Fixer: &mechanic{}, Kinds: []fix.Kind{"wash"}, Users: []string{danaID}}, `no fix "wash"`},
	} {
		err := test.o.complete()
		if got := ""; err != nil && (test.want == "" || !strings.Contains(err.Error(), test.want)) || err == nil && test.want != got {
			t.Errorf("%+v: %v, want %q", test.o, err, test.want)
		}
	}
}
