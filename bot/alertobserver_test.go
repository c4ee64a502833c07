package bot

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/acmbot/acmbot/bot/workspace"
)

// alertLog is an observer that writes down what it is told of alerts.
type alertLog struct {
	nobody
	scans int
	tried []string
}

func (l *alertLog) AlertsScanned(time.Time) { l.scans++ }

func (l *alertLog) AlertTried(news string, result AlertResult) {
	l.tried = append(l.tried, news+" "+string(result))
}

func TestAlertsAreObserved(t *testing.T) {
	log := &alertLog{}
	d := openAlertDesk(t, func(o *Options) { o.Observer = log })
	d.scan(0)
	shop := pending(1, "shop.example.com", nine.AddDate(0, 0, 20))
	d.estate.set(shop)
	d.scan(0)
	d.Fail("chat.postMessage", workspace.Fault{Error: "internal_error", Times: 1})
	d.clock.Advance(10 * time.Minute)
	if n, err := d.alerter.Tick(t.Context()); n != 0 || err == nil {
		t.Fatalf("Tick posts %d, %v; want an error", n, err)
	}
	d.scan(1)
	d.estate.set(afterRenewal(shop, nine))
	d.scan(0)
	// For more than three days Slack takes nothing.
	d.Fail("chat.postMessage", workspace.Fault{Error: "internal_error", Times: 1})
	d.clock.Advance(10 * time.Minute)
	if _, err := d.alerter.Tick(t.Context()); err == nil {
		t.Fatal("Slack takes it")
	}
	d.clock.Advance(73 * time.Hour)
	d.look(0)
	if diff := cmp.Diff([]string{"opened failed", "opened posted", "over failed", "over dropped"}, log.tried); diff != "" {
		t.Errorf("what is told (-want +got):\n%s", diff)
	}
	if log.scans != 7 {
		t.Errorf("%d scans are told of, want 7", log.scans)
	}
}

// Where no channel is alerted any more, that nobody looks is no reason to worry.
func TestScansWithoutChannelsAreObserved(t *testing.T) {
	log := &alertLog{}
	d := openAlertDesk(t, func(o *Options) {
		o.Observer = log
		o.Digest.Routing.Default, o.Digest.Routing.Routes = "", nil
	})
	d.scan(0)
	d.scan(0)
	if log.scans != 2 {
		t.Errorf("%d scans are told of, want 2", log.scans)
	}
}
