package main

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/acmbot/acmbot/bot"
	"github.com/acmbot/acmbot/bot/view"
	"github.com/acmbot/acmbot/bot/workspace"
	"github.com/acmbot/acmbot/diagnose"
	"github.com/acmbot/acmbot/diagnose/inventory"
	"github.com/acmbot/acmbot/diagnose/world"
	"github.com/acmbot/acmbot/diagnose/world/awsapi"
)

func TestFixSettings(t *testing.T) {
	for _, test := range []struct {
		name, value, want string
	}{
		{"ACMBOT_FIX", "add-cname,wash", `ACMBOT_FIX has "wash", which is not a fix such as add-cname.`},
		{"ACMBOT_FIX_USERS", "dana", `ACMBOT_FIX_USERS has "dana", which is not the id of a Slack user (U…) or user group (S…).`},
		{"ACMBOT_AUDIT_CHANNEL", "#ops", `ACMBOT_AUDIT_CHANNEL is "#ops", which is not the id of a Slack channel (C…).`},
		{"ACMBOT_FIX", "add-cname", "ACMBOT_FIX_USERS is not set, so nobody could use what ACMBOT_FIX switches on."},
	} {
		unsetSettings(t)
		t.Setenv(test.name, test.value)
		var s fixSettings
		err := load(&s)
		if err == nil {
			err = s.check()
		}
		if err == nil || !strings.HasPrefix(err.Error(), test.want) {
			t.Errorf("%s=%s: %v, want %q", test.name, test.value, err, test.want)
		}
	}
	unsetSettings(t)
	t.Setenv("ACMBOT_FIX", " Add-CNAME , add-caa")
	t.Setenv("ACMBOT_FIX_USERS", "U0ADANA001, S0AONCALL1")
	t.Setenv("ACMBOT_AUDIT_CHANNEL", "C0AOPSCERT")
	var s fixSettings
	if err := load(&s); err != nil || s.check() != nil {
		t.Fatal(err, s.check())
	}
	o := s.options(sight{shared: inventory.New(inventory.Options{})}, slog.New(slog.DiscardHandler))
	if diff := cmp.Diff([]string{"U0ADANA001", "S0AONCALL1"}, o.Users); diff != "" || o.Fixer == nil || len(o.Kinds) != 2 || o.AuditChannel != "C0AOPSCERT" {
		t.Errorf("options %+v", o)
	}
	if o := (fixSettings{}).options(sight{}, nil); o.Fixer != nil {
		t.Error("there is a fixer, though nothing is switched on")
	}
}

// The story of the demo: the button, the plan, the agreement, the record in
// DNS, the renewal.
func TestFixInTheDemosWorld(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	scene, err := world.Demo().Start(ctx, world.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer scene.Close()
	slack, err := workspace.Start(workspace.Options{Manifest: manifest()})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = slack.Close() }()
	where := sightOf(scene)
	where.shared = inventory.New(where.inventory)
	log := slog.New(slog.DiscardHandler)
	fixing, err := demoFixes(slack, where, log)
	if err != nil {
		t.Fatal(err)
	}
	fixing.FollowEvery = 10 * time.Millisecond
	b, err := bot.New(bot.Options{
		BotToken: slack.BotToken(), AppToken: slack.AppToken(), APIURL: slack.APIURL(), Diagnostician: where.doctor(), Fix: fixing, Sockets: 1,
	})
	if err != nil {
		t.Fatal(err)
	}
	running, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- b.Run(running) }()
	defer func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}()
	if err := slack.Wait(ctx, func() bool { return slack.Sockets() > 0 }); err != nil {
		t.Fatal(err)
	}
	press := func(user string) {
		t.Helper()
		if _, err := slack.Say(user, "ops-certificates", "", "@acmbot shop.example.com"); err != nil {
			t.Fatal(err)
		}
		m, err := slack.WaitMessage(ctx, func(m workspace.Message) bool { return m.App && strings.Contains(string(m.Blocks), view.ActionFix) })
		if err != nil {
			t.Fatalf("no button: %v", err)
		}
		if _, err := slack.Click(user, m, view.ActionFix); err != nil {
			t.Fatal(err)
		}
	}
	shows := func(user, text string) workspace.View {
		t.Helper()
		v, err := slack.WaitView(ctx, user, func(v workspace.View) bool { return strings.Contains(string(v.Blocks), text) })
		if err != nil {
			now, _ := slack.View(user)
			t.Fatalf("%s does not see %q: %v\n%s", user, text, err, now.Words())
		}
		return v
	}
	press("lee")
	shows("lee", "You are not one of those")

	press("dana")
	plan := shows("dana", "Value then")
	record := recordOf(t, scene, "shop.example.com")
	for _, want := range []string{record.RecordName, record.RecordValue} {
		if !strings.Contains(plan.Words(), strings.TrimSuffix(want, ".")) {
			t.Errorf("the plan lacks %s:\n%s", want, plan.Words())
		}
	}
	if _, err := slack.SubmitView("dana", nil); err != nil {
		t.Fatal(err)
	}
	shows("dana", "Added the CNAME record")
	if renewed, err := scene.Renew(ctx); err != nil || len(renewed) == 0 { // ACM's own next look
		t.Fatalf("renewed %v, %v", renewed, err)
	}
	if _, err := slack.WaitMessage(ctx, func(m workspace.Message) bool {
		return m.App && strings.Contains(m.Text, "ACM has renewed the certificate")
	}); err != nil {
		for _, m := range slack.Messages("ops-certificates", "dana") {
			t.Log(m.Words())
		}
		t.Fatalf("nobody hears of the renewal: %v", err)
	}
	q, err := diagnose.ParseQuery("shop.example.com")
	if err != nil {
		t.Fatal(err)
	}
	a := where.doctor().Answer(ctx, q, nil)
	if r := a.Reports[0]; r.State != diagnose.StateRenewed {
		t.Errorf("it is %s, %s: %s", r.State, r.Verdict, r.Headline)
	}
	name := diagnose.CanonicalName(record.RecordName)
	if l := a.Facts[0].DNS.Lookup(name, "CNAME"); l == nil || len(l.Replies) == 0 || l.Replies[0].Outcome != diagnose.OutcomeAnswer {
		t.Errorf("DNS has no record: %+v", l)
	}
	audit := slack.Messages("acmbot-audit", "lee")
	if len(audit) != 1 || !strings.Contains(audit[0].Words(), "Result: Added the CNAME record") {
		t.Errorf("the audit channel has %+v", audit)
	}
}

// recordOf is the record that ACM asks for.
func recordOf(t *testing.T, scene *world.Running, name string) awsapi.DomainValidation {
	t.Helper()
	for _, c := range scene.World().Certificates {
		if slices.Contains(c.Names, name) {
			return awsapi.ValidationRecord(c.Account, name)
		}
	}
	t.Fatalf("there is no certificate for %s", name)
	return awsapi.DomainValidation{}
}
