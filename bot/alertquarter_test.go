package bot

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/acmbot/acmbot/bot/alert"
	"github.com/acmbot/acmbot/bot/digest"
	"github.com/acmbot/acmbot/diagnose"
)

// A fate is what becomes of a certificate in the quarter, and what has to be
// told of it: found out from the dates alone, not by what the alerter does.
type fate struct {
	name string
	at   func(time.Duration) *diagnose.Listed // nil where it is not there
	want map[string]int                       // by news, how often
	// event says that ACM tells of its beginning, at this time.
	event time.Duration
}

const (
	hourly = time.Hour
	aDay   = 24 * time.Hour
)

// fates are the certificates of the quarter but for the wave.
func fates(start time.Time) []fate {
	var list []fate
	n := 0
	certificate := func(name string, end time.Duration) diagnose.Listed {
		n++
		return pending(n, name, start.Add(end))
	}
	well := func(c diagnose.Listed) *diagnose.Listed {
		c.RenewalStatus = diagnose.RenewalPendingAuto
		return &c
	}
	// Renewals that wait for somebody from one day on, with 25 days left, and
	// are renewed so many days later. Looks come hours apart here, as replicas
	// die and clocks leap: whatever is to be told of lasts for most of a day.
	for i := range 14 {
		from := time.Duration(3+4*i)*aDay + time.Duration(i)*hourly
		end, lasts := from+25*aDay, time.Duration(1+i*25/14)*aDay+18*hourly
		c := certificate(fmt.Sprintf("www.shop%02d.example", i), end)
		f := fate{name: c.DomainName, want: map[string]int{"opened": 1, "over": 1}}
		for _, days := range []time.Duration{14, 7, 3, 1} {
			if from+lasts > end-(days+1)*aDay { // whole days count
				f.want["threshold"]++
			}
		}
		if i%2 == 0 {
			f.event = from
		}
		f.at = func(at time.Duration) *diagnose.Listed {
			switch {
			case at < from:
				return well(c)
			case at < from+lasts:
				return &c
			default:
				x := afterRenewal(c, start.Add(from+lasts))
				return &x
			}
		}
		list = append(list, f)
	}
	// One that nobody cares for: it fails, expires, and is deleted at last.
	lost := certificate("www.lost.example", 45*aDay)
	list = append(list, fate{
		name: lost.DomainName, want: map[string]int{"opened": 1, "worse": 2, "threshold": 4, "over": 1},
		at: func(at time.Duration) *diagnose.Listed {
			c := lost
			switch {
			case at < 20*aDay:
				return well(c)
			case at < 28*aDay:
			case at < 45*aDay:
				c.RenewalStatus = diagnose.RenewalFailed
			case at < 60*aDay:
				c.RenewalStatus, c.Status = diagnose.RenewalFailed, diagnose.StatusExpired
			default:
				return nil
			}
			return &c
		},
	})
	// One that was in trouble before anybody was told of anything.
	old := certificate("www.old.example", 40*aDay)
	list = append(list, fate{
		name: old.DomainName, want: map[string]int{"over": 1},
		at: func(at time.Duration) *diagnose.Listed {
			if at < 12*aDay {
				return &old
			}
			x := afterRenewal(old, start.Add(12*aDay))
			return &x
		},
	})
	// One that is always well.
	calm := certificate("www.calm.example", 120*aDay)
	return append(list, fate{name: calm.DomainName, want: map[string]int{}, at: func(time.Duration) *diagnose.Listed { return well(calm) }})
}

// TestAlertQuarter plays ninety days of alerts with five replicas and everything
// that goes wrong: certificates get into trouble, run out of days, expire, are
// renewed and deleted, two come and go, and three hundred get into trouble at
// once; accounts cannot be read for hours. Each thing is told once, and nothing
// is missing.
func TestAlertQuarter(t *testing.T) {
	const days, replicas, step = 90, 5, time.Hour
	seed := uint64(20261125)
	start := time.Date(2026, 9, 30, 23, 0, 0, 0, time.UTC)
	d := openDesk(t, func(o *Options) {
		o.Alert = AlertOptions{On: true, Every: hourly, MostLooks: 1000}
		o.Digest.Routing.Routes = []digest.Route{{Selector: digest.Selector{Domain: "flap1.example"}, Channel: platformID}}
	})
	at(d.clock, start)
	if err := d.Invite(dana, "#platform", "acmbot"); err != nil {
		t.Fatal(err)
	}

	all := fates(start)
	byARN := map[string]*fate{}
	var flapping []diagnose.Listed
	for i := range 2 {
		flapping = append(flapping, pending(900+i, fmt.Sprintf("www.flap%d.example", i), start.Add(200*aDay)))
	}
	var wave []diagnose.Listed
	const waveFrom, waveSize = 40 * aDay, 300
	for i := range waveSize {
		wave = append(wave, pending(1000+i, fmt.Sprintf("host-%03d.wave.example", i), start.Add(waveFrom+22*aDay+time.Duration(i)*time.Minute)))
	}
	calm := func(c diagnose.Listed) diagnose.Listed {
		c.RenewalStatus = diagnose.RenewalPendingAuto
		return c
	}
	estate := func(since time.Duration) []diagnose.Listed {
		var list []diagnose.Listed
		for i := range all {
			if c := all[i].at(since); c != nil {
				byARN[c.ARN] = &all[i]
				list = append(list, *c)
			}
		}
		for i, c := range flapping {
			into := since - time.Duration(10+30*i)*aDay
			if into < 0 || into >= 8*16*hourly || into%(16*hourly) >= 8*hourly {
				c = calm(c)
			}
			list = append(list, c)
		}
		for i, c := range wave {
			switch renewed := waveFrom + 2*aDay + time.Duration(i/100)*aDay; {
			case since < waveFrom:
				c = calm(c)
			case since >= renewed:
				c = afterRenewal(c, start.Add(renewed))
			}
			list = append(list, c)
		}
		return list
	}

	count := &tally{posted: map[string]int{}, counts: map[string]int{}}
	var copies []*replica
	for i := range replicas {
		copies = append(copies, &replica{desk: d, tally: count, dice: rand.New(rand.NewPCG(seed, uint64(i))), start: func(o Options) process { return NewAlerter(o) }})
	}
	began, told := time.Now(), map[string]bool{}
	for n := range int(days * aDay / step) {
		d.clock.Advance(step)
		since := d.clock.Now().Sub(start)
		d.estate.set(estate(since)...)
		d.estate.mu.Lock()
		d.estate.blind = since%(9*aDay) < 5*hourly && since > aDay
		d.estate.mu.Unlock()
		for arn, f := range byARN {
			if f.event > 0 && since >= f.event && !told[arn] {
				told[arn] = true
				if err := alert.Note(t.Context(), d.store, diagnose.Event{ID: arn, Kind: diagnose.EventActionRequired, ARN: arn, Account: "111122223333", Region: "eu-west-1"}, d.clock.Now()); err != nil {
					t.Fatal(err)
				}
			}
		}
		round(t, copies, n)
	}

	twice := 0
	for id, n := range count.posted {
		if n != 1 {
			twice++
			t.Errorf("%s was posted %d times", id, n)
		}
	}
	got := map[string]map[string]int{}    // by ARN, then news
	order := map[string][]string{}        // by ARN
	waves, waved := map[string]int{}, 0.0 // by news
	for _, m := range count.about {
		arn, _ := m["arn"].(string)
		news, _ := m["news"].(string)
		if arn == "" {
			if n, _ := m["certificates"].(float64); n > waved {
				waved = n
			}
			for what := range strings.FieldsSeq(news) {
				waves[what]++
			}
			continue
		}
		if got[arn] == nil {
			got[arn] = map[string]int{}
		}
		order[arn] = append(order[arn], news)
		for what := range strings.FieldsSeq(news) {
			got[arn][what]++
		}
	}
	due, once, missing := 0, 0, 0
	for arn, f := range byARN {
		for what, want := range f.want {
			due += want
			once += min(want, got[arn][what])
			missing += max(0, want-got[arn][what])
		}
		for _, what := range []string{"opened", "again", "worse", "cause", "threshold", "over"} {
			if got[arn][what] != f.want[what] {
				t.Errorf("%s: %q was told %d times, want %d: %v", f.name, what, got[arn][what], f.want[what], order[arn])
			}
		}
	}
	for _, c := range flapping {
		starts := got[c.ARN]["opened"] + got[c.ARN]["again"]
		if starts < 4 || starts > 7 || got[c.ARN]["over"] != starts {
			t.Errorf("%s came eight times, and it was told %d times that it came and %d times that it went", c.DomainName, starts, got[c.ARN]["over"])
		}
		for i, news := range order[c.ARN] {
			if (news == "over") != (i%2 == 1) {
				t.Errorf("%s: notice %d is %q", c.DomainName, i+1, news)
			}
		}
	}
	for _, c := range wave {
		if len(order[c.ARN]) > 0 {
			t.Errorf("%s of the wave is told of by itself: %v", c.DomainName, order[c.ARN])
		}
	}
	if waves["opened"] != 1 || waves["over"] != 1 || waved != waveSize || waves["progress"] < 1 || waves["progress"] > 8 {
		t.Errorf("the wave of %v certificates is told of by %v", waved, waves)
	}
	lines := []string{
		fmt.Sprintf("%d days with %d replicas in %v (seed %d): %d things to tell, %d told once, %d missing, %d messages, %d of them more than once",
			days, replicas, time.Since(began).Round(time.Millisecond), seed, due, once, missing, len(count.about), twice),
		fmt.Sprintf("  a wave of %v certificates: %v; two that come and go eight times: %v and %v", waved, waves, got[flapping[0].ARN], got[flapping[1].ARN]),
		fmt.Sprintf("  diagnoses: %d", d.doctor.asked),
	}
	t.Log(strings.Join(append(lines, count.faults(t)...), "\n"))
}
