package events

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/acmbot/acmbot/diagnose"
)

// BenchmarkQueue consumes events whose handling takes no time, over the wire
// protocol, with signed requests.
func BenchmarkQueue(b *testing.B) {
	s := newStand(b)
	const batch = 200
	sent := 0
	var handled atomic.Int64
	all := make(chan struct{}, 1)
	stop := s.run(s.options(), func(context.Context, diagnose.Event) error {
		if handled.Add(1)%batch == 0 {
			all <- struct{}{}
		}
		return nil
	})
	for b.Loop() {
		var bodies []string
		for range batch {
			sent++
			bodies = append(bodies, event(fmt.Sprint(sent)))
		}
		s.send(bodies...)
		<-all
	}
	b.ReportMetric(float64(sent)/b.Elapsed().Seconds(), "events/s")
	stop()
}
