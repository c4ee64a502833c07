package inventory

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// In no second may more calls get through than the quota allows.
func TestQuotasHold(t *testing.T) {
	for action, quota := range DefaultQuotas() {
		service, operation := "acm", action[len("acm:"):]
		if action == "route53:*" {
			service, operation = "route53", "GetHostedZone"
		}
		synctest.Test(t, func(t *testing.T) {
			l := newLimits(nil)
			var at []time.Time
			for range 50 {
				if err := l.wait(t.Context(), "1", "r", service, operation); err != nil {
					t.Fatal(err)
				}
				at = append(at, time.Now())
			}
			for n := range at {
				within := 0
				for _, later := range at[n:] {
					if later.Sub(at[n]) < time.Second {
						within++
					}
				}
				if float64(within) > quota {
					t.Errorf("%s: %d calls within a second, the quota is %g", action, within, quota)
				}
			}
			if took := at[len(at)-1].Sub(at[0]); took > time.Duration(50/quota*2.5*float64(time.Second)) {
				t.Errorf("%s: 50 calls took %s: the quota is wasted", action, took)
			}
		})
	}
}

func TestQuotasAreEachPlacesOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLimits(map[string]float64{"acm:SearchCertificates": 1})
		begin := time.Now()
		for _, p := range [][2]string{{"1", "a"}, {"1", "b"}, {"2", "a"}} {
			if err := l.wait(t.Context(), p[0], p[1], "acm", "SearchCertificates"); err != nil {
				t.Fatal(err)
			}
		}
		if waited := time.Since(begin); waited > 0 {
			t.Errorf("places waited %s for each other", waited)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		if err := l.wait(ctx, "1", "a", "acm", "SearchCertificates"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a turn after the deadline: %v", err)
		}
	})
}
