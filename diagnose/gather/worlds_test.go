package gather_test

import (
	"context"
	"flag"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/acmbot/acmbot/diagnose"
	"github.com/acmbot/acmbot/diagnose/dnstrace"
	"github.com/acmbot/acmbot/diagnose/gather"
	"github.com/acmbot/acmbot/diagnose/inventory"
	"github.com/acmbot/acmbot/diagnose/probe"
	"github.com/acmbot/acmbot/diagnose/world"
)

var showReports = flag.Bool("show", false, "print each report of the worlds")

// gatherer is the real gatherer, pointed at a running world.
func gatherer(run *world.Running) *gather.Gatherer {
	tracer := dnstrace.New(run.DNSOptions())
	quotas := inventory.DefaultQuotas()
	for action := range quotas {
		quotas[action] *= 1000 // a world does not mind being asked much at once
	}
	return gather.New(gather.Options{
		Inventory: inventory.New(inventory.Options{
			Config: run.AWSConfig(), Regions: run.Regions(), RoleARNs: run.RoleARNs(),
			Quotas: quotas, Logger: slog.New(slog.DiscardHandler),
		}),
		Session: func() gather.Resolver { return tracer.Session() },
		Prober:  probe.New(run.ProbeOptions()),
		Timeout: time.Minute,
	})
}

// TestWorlds diagnoses every world over real sockets, and holds the answer
// against what the world's file expects: these causes, and no others.
func TestWorlds(t *testing.T) {
	files, err := filepath.Glob("../testdata/worlds/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	files = append(files, "../world/demo.txtar")
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			t.Parallel()
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			w, err := world.Parse(file, data)
			if err != nil {
				t.Fatal(err)
			}
			run, err := w.Start(t.Context(), world.Options{})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(run.Close)
			g := gatherer(run)
			if len(w.Expectations()) == 0 {
				t.Fatal("the world expects nothing")
			}
			var asked errgroup.Group
			asked.SetLimit(8)
			for _, e := range w.Expectations() {
				asked.Go(func() error { expect(t, g, e); return nil })
			}
			_ = asked.Wait()
		})
	}
}

func expect(t *testing.T, g *gather.Gatherer, e world.Expectation) {
	t.Helper()
	q, err := diagnose.ParseQuery(e.Ask)
	if err != nil {
		t.Errorf("%s: %v", e.Ask, err)
		return
	}
	answer := g.Answer(context.Background(), q, nil)
	saw := answer.Scope.Unreadable
	if e.None {
		if len(answer.Reports) > 0 {
			t.Errorf("%s: found %s, want no certificate", e.Ask, answer.Reports[0].Certificate.ARN)
		}
	} else {
		i := 0
		if e.ARN != "" {
			i = slices.IndexFunc(answer.Reports, func(r diagnose.Report) bool { return r.Certificate.ARN == e.ARN })
		}
		if i < 0 || len(answer.Reports) == 0 {
			t.Errorf("%s: no report of the certificate %s; unreadable: %v", e.Ask, e.Of, answer.Scope.Unreadable)
			return
		}
		report := answer.Reports[i]
		saw = append(saw, report.Unseen...)
		if *showReports {
			show(t, report)
		}
		var causes []diagnose.CauseID
		for _, f := range report.Findings {
			if !slices.Contains(causes, f.Cause) {
				causes = append(causes, f.Cause)
			}
		}
		slices.Sort(causes)
		want := slices.Sorted(slices.Values(e.Causes))
		if !slices.Equal(causes, want) {
			t.Errorf("%s (%s): causes are %v, want %v", e.Ask, e.Of, causes, want)
			show(t, report)
		}
		if e.Verdict != "" && report.Verdict != e.Verdict {
			t.Errorf("%s (%s): the verdict is %s, want %s (%s)", e.Ask, e.Of, report.Verdict, e.Verdict, report.Headline)
		}
		for _, want := range e.Records {
			if !slices.ContainsFunc(report.Findings, func(f diagnose.Finding) bool {
				return f.Remedy.Name == want.Name && f.Remedy.Type == want.Type && f.Remedy.Value == want.Value
			}) {
				t.Errorf("%s (%s): no remedy names the record %s %s %s", e.Ask, e.Of, want.Name, want.Type, want.Value)
			}
		}
	}
	for _, part := range e.Unreadable {
		if !slices.ContainsFunc(saw, func(u diagnose.Unseen) bool {
			return strings.Contains(strings.Join([]string{u.What, u.Detail, u.Permission, u.Account, u.Region, string(u.Why)}, " "), part)
		}) {
			t.Errorf("%s: nothing unseen mentions %q: %+v", e.Ask, part, saw)
		}
	}
}

func show(t *testing.T, r diagnose.Report) {
	t.Helper()
	t.Logf("%s [%s, %s]", r.Headline, r.State, r.Verdict)
	for _, f := range r.Findings {
		t.Logf("  %s (%s, %s, ahead %v): %s", f.Cause, f.Severity, f.Confidence, f.Ahead, f.Text)
		for _, e := range f.Evidence {
			t.Logf("    %s: %s", e.Source, e.Text)
		}
		for _, s := range f.Remedy.Steps {
			t.Logf("    > %s", s)
		}
	}
	for _, u := range r.Unseen {
		t.Logf("  unseen: %+v", u)
	}
}
