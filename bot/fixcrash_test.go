package bot

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/acmbot/acmbot/bot/view"
	"github.com/acmbot/acmbot/bot/workspace"
	"github.com/acmbot/acmbot/diagnose"
	"github.com/acmbot/acmbot/diagnose/fix"
)

// A garage is a zone that outlives the bots that write to it, and the answers
// that follow from it. Each writing is two steps of the bot that does it.
type garage struct {
	mu      sync.Mutex
	there   bool
	written int
	fuse    *fuse
}

func (g *garage) Answer(_ context.Context, q diagnose.Query, _ func(diagnose.Progress)) diagnose.Answer {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.there {
		a := fixable(q, fixTo)
		a.Reports[0].Findings = nil
		return a
	}
	return fixable(q)
}

func (g *garage) Prepare(_ context.Context, f *diagnose.Facts, r *diagnose.Report, k fix.Kind) (fix.Plan, error) {
	return fix.For(f, r, k)
}

func (g *garage) Apply(ctx context.Context, p fix.Plan, _ fix.Consent) (fix.Result, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.there {
		return fix.Result{Already: p.Changes, InSync: true}, nil
	}
	if !g.fuse.burn("before changing Route 53") {
		<-ctx.Done()
		return fix.Result{}, ctx.Err()
	}
	g.there = true
	g.written++
	if !g.fuse.burn("after changing Route 53") {
		<-ctx.Done()
		return fix.Result{}, ctx.Err()
	}
	return fix.Result{Written: p.Changes, InSync: true}, nil
}

// fixTale is the story of a fix: asked, pressed, agreed to, told.
func fixTale(t *testing.T, at int) (*tale, *garage) {
	g := &garage{}
	tl := newTale(t, at, func(o *Options, f *fuse) {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.fuse = f
		o.Diagnostician = g
		o.Fix = FixOptions{Fixer: g, Kinds: []fix.Kind{fix.AddCNAME}, Users: []string{danaID}, AuditChannel: "C0APLATFRM"}
	})
	return tl, g
}

func (tl *tale) fixStory(g *garage) {
	tl.t.Helper()
	if err := tl.Invite(dana, "#platform", "acmbot"); err != nil {
		tl.t.Fatal(err)
	}
	if _, err := tl.Say(dana, ops, "", "@acmbot shop.example.com"); err != nil {
		tl.t.Fatal(err)
	}
	tl.reaches("the button", func() bool { return tl.posted(fixName) > 0 && tl.open() == 0 })
	told := func() bool { return tl.posted("Added the CNAME")+tl.posted("it is in place already") > 0 }
	for tries := 0; !told(); tries++ {
		if tries == 8 {
			tl.t.Fatalf("the fix never works\n%s", tl.log)
		}
		// A person presses, and agrees, again where nothing comes of it.
		if !tl.pressFix() {
			if tl.isThere(g) {
				break // it was made and the answer says so
			}
			continue
		}
		d, err := tl.SubmitView(dana, nil)
		if err != nil {
			continue
		}
		tl.outcome(d)
		tl.reaches("an end of the request", func() bool { return tl.open() == 0 })
	}
	tl.reaches("the outcome", func() bool { return told() && tl.open() == 0 })
}

func (tl *tale) isThere(g *garage) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.there
}

// pressFix presses the button, and reports whether a plan can be agreed to.
func (tl *tale) pressFix() bool {
	tl.t.Helper()
	tl.reaches("a connection", func() bool { return tl.Sockets() > 0 && tl.fuse.alive() })
	_ = tl.CloseView(dana)
	d, err := tl.Click(dana, tl.message(fixName), view.ActionFix)
	if err != nil {
		tl.t.Fatal(err)
	}
	if tl.outcome(d) != workspace.Acknowledged {
		return false
	}
	tl.reaches("an end of the press", func() bool { return tl.open() == 0 })
	v, ok := tl.View(dana)
	return ok && strings.Contains(string(v.Blocks), "Value then")
}

// Whenever the bot dies, the record is written once, the outcome is told once,
// and the certificate stays watched.
func TestFixEndsTheSameWhereverTheBotIsKilled(t *testing.T) {
	first, g := fixTale(t, 0)
	first.fixStory(g)
	steps := first.fuse.steps()
	t.Logf("%d steps", len(steps))
	for at := 1; at <= len(steps); at++ {
		t.Run(fmt.Sprintf("%02d %s", at, steps[at-1]), func(t *testing.T) {
			t.Parallel()
			tl, g := fixTale(t, at)
			tl.fixStory(g)
			g.mu.Lock()
			written := g.written
			g.mu.Unlock()
			if written != 1 {
				t.Errorf("the record was written %d times", written)
			}
			if n := tl.posted("Added the CNAME") + tl.posted("it is in place already"); n != 1 {
				t.Errorf("the outcome is told %d times:\n%s", n, words(tl.apps(dana)))
			}
			if tl.kept(tl.store) != 1 {
				t.Error("the certificate is not watched")
			}
			entries := 0
			for _, m := range tl.Messages("#platform", dana) {
				if m.App && strings.Contains(m.Words(), "Who: ") {
					entries++
					if strings.Contains(m.Words(), "Under way") {
						t.Errorf("the audit entry has no end:\n%s", m.Words())
					}
				}
			}
			if entries != 1 {
				t.Errorf("%d audit entries", entries)
			}
		})
	}
}

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
	tl.clock.Advance(16 * time.Minute) // the first look
	tl.reaches("the renewal", func() bool { return tl.posted("has renewed. It is valid") > 0 })
	tl.reaches("the end", func() bool {
		return tl.kept(tl.store) == 0 && tl.open() == 0 && tl.posted("ACM has renewed the certificate") > 0
	})
}

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
