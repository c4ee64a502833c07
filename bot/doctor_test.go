package bot

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/acmbot/acmbot/bot/workspace"
	"github.com/acmbot/acmbot/diagnose/checkup"
)

// ailing is a check that fails until it is mended, and says how often it was
// tried.
type ailing struct {
	mended atomic.Bool
	tried  atomic.Int32
	more   int // further troubles
}

func (a *ailing) tasks() []checkup.Task {
	return []checkup.Task{{Area: checkup.AreaAWS, What: "permissions", Run: func(context.Context) []checkup.Check {
		a.tried.Add(1)
		c := checkup.Check{Area: checkup.AreaAWS, Account: "111122223333", Region: "eu-west-1", What: "acm:DescribeCertificate", Purpose: "all", State: checkup.OK}
		if a.mended.Load() {
			return []checkup.Check{c}
		}
		c.State, c.Detail, c.Fix = checkup.Failed, "The permission is missing.", "Allow it, as deploy/iam/read.json has it."
		list := []checkup.Check{c}
		for n := range a.more {
			c.Account = fmt.Sprintf("%012d", n+1)
			list = append(list, c)
		}
		return list
	}}}
}

func TestDoctorInSlack(t *testing.T) {
	sick := &ailing{}
	s := open(t, workspace.Options{}, func(o *Options) { o.Checks, o.Version = sick.tasks, "1.2.3" }).connected()
	s.slash(dana, ops, "doctor")
	m := s.sees("1 failing")
	if !m.Ephemeral || m.Viewer != "U0ADANA001" {
		t.Errorf("others may see it: %+v", m)
	}
	for _, want := range []string{"acm:DescribeCertificate", "deploy/iam/read.json", "account 111122223333", "Slack: ", "in order", "Request ", "1.2.3"} {
		if !strings.Contains(m.Words(), want) {
			t.Errorf("%q is not told:\n%s", want, m.Words())
		}
	}
	// The id that is shown leads to the log.
	_, id, _ := strings.Cut(m.Words(), "Request ")
	id = strings.Trim(strings.Fields(id)[0], "`")
	s.log.has(t, "request="+id, 2)
	s.log.has(t, "not set up right", 1)

	sick.mended.Store(true)
	s.click(dana, m, "Run again")
	s.sees("I am set up right")
	if got := s.count("1 failing"); got != 0 {
		t.Errorf("the old checkup stands there still: %d", got)
	}
	if sick.tried.Load() != 2 {
		t.Errorf("tried %d times", sick.tried.Load())
	}
	s.lints()
}

func TestDoctorPagesInSlack(t *testing.T) {
	sick := &ailing{more: 9}
	s := open(t, workspace.Options{}, func(o *Options) { o.Checks = sick.tasks }).connected()
	s.slash(dana, ops, "doctor")
	m := s.sees("Page 1 of 2")
	s.click(dana, m, "Next →")
	m = s.sees("Page 2 of 2")
	if !m.Ephemeral || sick.tried.Load() != 1 {
		t.Errorf("a page was turned: %+v, tried %d times", m, sick.tried.Load())
	}
	s.bot.reports.mu.Lock()
	s.bot.reports.list = nil // a restart
	s.bot.reports.mu.Unlock()
	s.click(dana, m, "← Previous")
	s.sees("I do not have that checkup any more")
	s.lints()
}

// Who is no admin any more does not read on in an admin's checkup.
func TestDoctorPagesAreForAdmins(t *testing.T) {
	sick := &ailing{more: 9}
	s := open(t, workspace.Options{}, func(o *Options) { o.Checks = sick.tasks }).connected()
	s.slash(dana, ops, "doctor")
	m := s.sees("Page 1 of 2")
	if err := s.ChangeUser(dana, func(u *workspace.User) { u.IsAdmin = false }); err != nil {
		t.Fatal(err)
	}
	s.bot.api.gate.changed(danaID)
	s.click(dana, m, "Next →")
	s.sees("The checkup is for admins")
	if n := s.count("Page 2 of 2"); n != 0 {
		t.Error("the page is turned all the same")
	}
}

// What takes long shows what is waited for.
func TestDoctorShowsProgress(t *testing.T) {
	release := make(chan struct{})
	slow := func() []checkup.Task {
		return []checkup.Task{{Area: checkup.AreaDNS, What: "a resolver far away", Run: func(ctx context.Context) []checkup.Check {
			select {
			case <-release:
			case <-ctx.Done():
			}
			return []checkup.Check{{Area: checkup.AreaDNS, What: "resolver", State: checkup.OK}}
		}}}
	}
	s := open(t, workspace.Options{}, func(o *Options) { o.Checks, o.ProgressAfter = slow, 200*time.Millisecond }).connected()
	s.slash(dana, ops, "doctor")
	s.sees("DNS: a resolver far away")
	close(release)
	s.sees("I am set up right")
	s.lints()
}

func TestDoctorIsForAdmins(t *testing.T) {
	for _, tc := range []struct {
		name   string
		user   string
		admins []string
		scopes func(string) bool // what the app lacks
		want   string
	}{
		{name: "an admin of the workspace", user: dana, want: "I am set up right"},
		{name: "anybody", user: lee, want: "The checkup is for admins"},
		{name: "a guest", user: "kit", want: "Guests of this workspace cannot ask me"},
		{name: "by name", user: lee, admins: []string{"U0ALEE0001"}, want: "I am set up right"},
		{name: "by group", user: "sam", admins: []string{"S0AONCALL1"}, want: "I am set up right"},
		{name: "in no group", user: lee, admins: []string{"S0AONCALL1"}, want: "The checkup is for admins"},
		{name: "Slack does not tell", user: lee, scopes: func(s string) bool { return s == "users:read" }, want: "lacks the scope users:read"},
		{name: "by name, though Slack does not tell", user: lee, admins: []string{"U0ALEE0001"}, scopes: func(s string) bool { return s == "users:read" }, want: "1 failing"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			sound := &ailing{}
			sound.mended.Store(true)
			manifest := readManifest(t)
			scopes := append([]string{ScopeUserGroups}, manifest.OAuthConfig.Scopes.Bot...)
			manifest.OAuthConfig.Scopes.Bot = nil
			for _, scope := range scopes {
				if tc.scopes == nil || !tc.scopes(scope) {
					manifest.OAuthConfig.Scopes.Bot = append(manifest.OAuthConfig.Scopes.Bot, scope)
				}
			}
			s := open(t, workspace.Options{Manifest: manifest}, func(o *Options) { o.Checks, o.Admins = sound.tasks, tc.admins }).connected()
			s.slash(tc.user, ops, "doctor")
			m := s.sees(tc.want)
			if !m.Ephemeral {
				t.Errorf("others may see it: %+v", m)
			}
			if refused := !strings.Contains(m.Words(), "in order"); refused && (sound.tried.Load() != 0 || !strings.Contains(m.Words(), "Request ") && tc.user != "kit") {
				t.Errorf("tried %d times, for somebody who may not: %s", sound.tried.Load(), m.Words())
			}
			s.lints()
		})
	}
}

func TestDoctorInHelp(t *testing.T) {
	s := open(t, workspace.Options{}).connected()
	s.slash(lee, ops, "help")
	s.sees(Command + " doctor")
}
