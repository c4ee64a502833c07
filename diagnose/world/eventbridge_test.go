package world_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/acmbot/acmbot/diagnose"
	"github.com/acmbot/acmbot/diagnose/world"
	"github.com/acmbot/acmbot/diagnose/world/awsapi"
)

const announcing = `A quarter of a year, in which things happen.
-- certificates.yaml --
- name: stuck.example.com
  expires: +31d
  renewal: PENDING_VALIDATION
- name: later.example.com
  expires: +75d
- name: imported.example.com
  type: IMPORTED
  expires: +46d
- name: private.example.com
  authority: arn:aws:acm-pca:eu-west-1:111122223333:certificate-authority/11111111-2222-4333-8444-555555555555
  expires: +46d
  exported: true
  renewal: {status: PENDING_AUTO_RENEWAL, reason: PCA_ACCESS_DENIED}
- name: far.example.com
  account: "444455556666"
  region: ap-southeast-2
  export: ENABLED
  expires: +150d
- name: gone.example.com
  expires: -3d
`

// announced are the events after the first so many.
func announced(t *testing.T, r *world.Running, after int) []diagnose.Event {
	t.Helper()
	var list []diagnose.Event
	for _, body := range bodies(r, after) {
		events, err := diagnose.ParseEvents([]byte(body))
		if err != nil {
			t.Fatalf("%v: %s", err, body)
		}
		list = append(list, events...)
	}
	return list
}

// bodies are the messages after the first so many.
func bodies(r *world.Running, after int) []string {
	var list []string
	for _, m := range r.AWS().Messages("arn:aws:sqs:" + r.Regions()[0] + ":" + account + ":" + world.EventsQueue)[after:] {
		list = append(list, m.Body)
	}
	return list
}

// A handClock stands still until it is set forward.
type handClock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *handClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *handClock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func told(events []diagnose.Event) []string {
	var list []string
	for _, e := range events {
		days := ""
		if e.DaysLeft != nil {
			days = fmt.Sprint(" ", *e.DaysLeft)
		}
		kind := strings.TrimPrefix(string(e.Kind), "ACM Certificate ")
		list = append(list, strings.Join(strings.Fields(e.DomainName+" "+kind+" "+e.Action+" "+e.Reason+days), " "))
	}
	slices.Sort(list)
	return list
}

func TestAnnounceTellsWhatACMTells(t *testing.T) {
	clock := &handClock{now: time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)}
	r := start(t, parse(t, announcing), world.Options{Now: clock.Now})
	on := func(name string, change func(*awsapi.Certificate)) {
		t.Helper()
		arn := r.World().Certificate(name).ARN()
		r.AWS().Update(func(s *awsapi.State) { change(s.Certificate(arn)) })
	}
	before := 0
	step := func(what string, pass time.Duration, want ...string) []diagnose.Event {
		t.Helper()
		clock.pass(pass)
		if n := r.Announce(); n != len(want) {
			t.Errorf("%s: announced %d", what, n)
		}
		events := announced(t, r, before)
		before += len(events)
		if diff := cmp.Diff(want, told(events)); diff != "" {
			t.Errorf("%s (-want, +got):\n%s", what, diff)
		}
		return events
	}
	const d = 24 * time.Hour
	step("nothing has happened", 0)
	step("45 days are left to the private one", d,
		"imported.example.com Approaching Expiration 45",
		"private.example.com Approaching Expiration 45",
		"private.example.com Renewal Action Required PCA_ACCESS_DENIED 45",
		"stuck.example.com Approaching Expiration 30",
		"stuck.example.com Renewal Action Required PENDING_DOMAIN_VALIDATION 30")
	step("the same day", time.Hour)
	step("the next day", d-time.Hour,
		"imported.example.com Approaching Expiration 44",
		"private.example.com Approaching Expiration 44",
		"stuck.example.com Approaching Expiration 29")
	on("private.example.com", func(c *awsapi.Certificate) {
		c.NotAfter = c.NotAfter.AddDate(1, 0, 0)
		c.Renewal.RenewalStatus, c.Renewal.RenewalStatusReason = "SUCCESS", ""
	})
	on("imported.example.com", func(c *awsapi.Certificate) { c.NotAfter = c.NotAfter.AddDate(0, 0, 90) })
	on("stuck.example.com", func(c *awsapi.Certificate) { c.Renewal.RenewalStatusReason = "CAA_ERROR" })
	on("far.example.com", func(c *awsapi.Certificate) { c.Status = "REVOKED" })
	events := step("many things", 0,
		"far.example.com Revoked",
		"imported.example.com Available REIMPORT 134",
		"private.example.com Available RENEWAL 409",
		"stuck.example.com Renewal Action Required CAA_ERROR 29")
	for _, e := range events {
		if e.DomainName == "far.example.com" && (e.Account != "444455556666" || e.Region != "ap-southeast-2") {
			t.Errorf("%+v", e)
		}
	}
	// A week of silence: each thing comes once, with the days that are left.
	step("two weeks later", 14*d,
		"stuck.example.com Approaching Expiration 15",
		"stuck.example.com Renewal Action Required CAA_ERROR 15")
	step("it is over", 16*d, "stuck.example.com Expired")
	step("and stays so", 14*d, "later.example.com Approaching Expiration 29")
	on("later.example.com", func(c *awsapi.Certificate) {
		c.Renewal = &awsapi.RenewalSummary{RenewalStatus: "PENDING_VALIDATION"}
	})
	step("pending begins", 0, "later.example.com Renewal Action Required PENDING_DOMAIN_VALIDATION 29")
}

// What is announced has the fields that are documented, no more and no less,
// but for those of ACME.
func TestAnnouncedEventsHaveTheDocumentedFields(t *testing.T) {
	documented := map[string][]string{}
	paths, err := filepath.Glob("../testdata/events/*.json")
	if err != nil {
		t.Fatal(err)
	}
	type event struct {
		Kind   string `json:"detail-type"`
		Detail map[string]any
	}
	keys := func(e event) []string {
		list := slices.Sorted(maps.Keys(e.Detail))
		return slices.DeleteFunc(list, func(k string) bool { return strings.HasPrefix(k, "Acme") })
	}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var e event
		if err := json.Unmarshal(text, &e); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(path, "2020") && !strings.Contains(path, "reimport") {
			documented[e.Kind] = keys(e)
		}
	}
	clock := &handClock{now: time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)}
	r := start(t, parse(t, announcing), world.Options{Now: clock.Now})
	clock.pass(5 * 24 * time.Hour)
	r.AWS().Update(func(s *awsapi.State) {
		s.Certificate(r.World().Certificate("far.example.com").ARN()).Status = "REVOKED"
		c := s.Certificate(r.World().Certificate("later.example.com").ARN())
		c.NotAfter = c.NotAfter.AddDate(1, 0, 0)
	})
	r.Announce()
	clock.pass(40 * 24 * time.Hour)
	r.Announce()
	seen := map[string]bool{}
	for _, body := range bodies(r, 0) {
		var e event
		if err := json.Unmarshal([]byte(body), &e); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(body, "PRIVATE") || strings.Contains(body, "IMPORTED") {
			continue // which have no validation
		}
		seen[e.Kind] = true
		if diff := cmp.Diff(documented[e.Kind], keys(e)); diff != "" {
			t.Errorf("%s (-documented, +announced):\n%s\n%s", e.Kind, diff, body)
		}
	}
	if len(seen) != 5 {
		t.Errorf("announced %v", seen)
	}
}
