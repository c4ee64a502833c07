package bot

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/acmbot/acmbot/bot/view"
	"github.com/acmbot/acmbot/bot/workspace"
	"github.com/acmbot/acmbot/diagnose"
	"github.com/acmbot/acmbot/diagnose/fix"
)

// A mortalFixer is a Fixer as a process with a fuse uses it. What it wrote once
// is in place.
type mortalFixer struct {
	mechanic *mechanic
	fuse     *fuse
}

func (m mortalFixer) Prepare(ctx context.Context, f *diagnose.Facts, r *diagnose.Report, k fix.Kind) (fix.Plan, error) {
	return m.mechanic.Prepare(ctx, f, r, k)
}

func (m mortalFixer) Apply(ctx context.Context, p fix.Plan, c fix.Consent) (fix.Result, error) {
	if !m.fuse.burn("before the fix") {
		return fix.Result{}, errKilled
	}
	result, err := m.mechanic.Apply(ctx, p, c)
	if !m.fuse.burn("after the fix") {
		return fix.Result{}, errKilled
	}
	return result, err
}

// repair is the story of a night on call with the fix made from Slack.
func (tl *tale) repair() {
	tl.t.Helper()
	if _, err := tl.Say(dana, ops, "", "@acmbot the site is down: https://shop.example.com/"); err != nil {
		tl.t.Fatal(err)
	}
	tl.reaches("the cause", func() bool { return tl.posted(fixName) > 0 && tl.open() == 0 })
	shown := func() bool {
		v, ok := tl.View(dana)
		return ok && strings.Contains(string(v.Blocks), "Value then")
	}
	for range 5 {
		tl.pressOn(fixName, view.ActionFix)
		tl.reaches("the plan, or none", func() bool { return shown() || tl.open() == 0 })
		if shown() {
			break
		}
	}
	for range 5 {
		tl.reaches("a connection", func() bool { return tl.Sockets() > 0 && tl.fuse.alive() })
		if !shown() {
			break
		}
		d, err := tl.SubmitView(dana, nil)
		if err != nil {
			tl.t.Fatal(err)
		}
		if tl.outcome(d) == workspace.Acknowledged {
			break
		}
	}
	tl.reaches("the fix", func() bool { return tl.posted("Added the CNAME record") > 0 && tl.open() == 0 })
	tl.ward.renew()
	tl.hand.turn(afterLook)
	tl.reaches("the renewal", func() bool { return tl.posted("has renewed. It is valid") > 0 })
	tl.reaches("the end", func() bool {
		return tl.kept(tl.store) == 0 && tl.open() == 0 && tl.posted("ACM has renewed the certificate") > 0
	})
}

const afterLook = 16 * 60e9

func repaired(t *testing.T, at int) *tale {
	m := &mechanic{}
	tl := newTale(t, at, func(o *Options, f *fuse) {
		o.Fix = FixOptions{Fixer: mortalFixer{m, f}, Kinds: fix.Kinds(), Users: []string{danaID}, AuditChannel: "C0AOPSCERT"}
	})
	tl.ward.becomes(func(q diagnose.Query) diagnose.Answer { return fixable(q) }, tl.ward.expires)
	return tl
}

// Whenever the bot dies, the fix is made, told once, followed and ends in the
// renewal.
func TestRepairEndsTheSameWhereverTheBotIsKilled(t *testing.T) {
	first := repaired(t, 0)
	first.repair()
	want, steps := first.ending(), first.fuse.steps()
	t.Logf("%d steps, ending with\n%s", len(steps), want)
	for at := 1; at <= len(steps); at++ {
		t.Run(fmt.Sprintf("%02d %s", at, steps[at-1]), func(t *testing.T) {
			t.Parallel()
			tl := repaired(t, at)
			tl.repair()
			if got := tl.ending(); got != want {
				t.Errorf("ends with\n%s\nwant\n%s\n%s", got, want, tl.log)
			}
		})
	}
}
