package main

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/acmbot/acmbot/diagnose"
	"github.com/acmbot/acmbot/diagnose/gather"
)

// certificateStates are the label values of a certificate's state, so that each
// has a number, even 0.
var certificateStates = []diagnose.State{
	diagnose.StateNotIssued, diagnose.StateNotDue, diagnose.StateInRenewal, diagnose.StatePending, diagnose.StateRenewed,
	diagnose.StateNever, diagnose.StateExpired, diagnose.StateRevoked,
}

// daysLeft are the label values of the days that certificates have left, each
// with the most days that it is for.
var daysLeft = []struct {
	label string
	most  int
}{{"0-3", 3}, {"4-7", 7}, {"8-14", 14}, {"15-30", 30}, {"31-60", 60}}

const (
	daysExpired = "expired"
	daysMore    = "61+"
	daysNone    = "none" // never issued
)

func daysLabel(c *diagnose.Listed, at time.Time) string {
	if c.NotAfter.IsZero() {
		return daysNone
	}
	left := c.NotAfter.Sub(at)
	if left <= 0 {
		return daysExpired
	}
	for _, bucket := range daysLeft {
		if left < time.Duration(bucket.most+1)*24*time.Hour {
			return bucket.label
		}
	}
	return daysMore
}

// estateMetrics are of the certificates, as the last listing tells of them.
// There is no label for accounts, regions or names: an estate may have any
// number of them, and those who may read metrics need not be those who may see
// them.
type estateMetrics struct {
	certificates *prometheus.GaugeVec
	listed       prometheus.Gauge
	places       *prometheus.GaugeVec

	mu sync.Mutex
	at time.Time
}

func newEstateMetrics(registry prometheus.Registerer) *estateMetrics {
	m := &estateMetrics{
		certificates: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "acmbot_certificates", Help: "Certificates of the last listing, by their state and the whole days that they have left.",
		}, []string{"state", "days_left"}),
		listed: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "acmbot_listing_timestamp_seconds", Help: "As of when the certificates were last listed; 0 for never.",
		}),
		places: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "acmbot_listing_places", Help: "Regions of accounts in the last listing, by whether they could be read: read, unreadable.",
		}, []string{"result"}),
	}
	registry.MustRegister(m.certificates, m.listed, m.places)
	return m
}

// note takes over a listing, unless it is the one before.
func (m *estateMetrics) note(l diagnose.Listing) {
	m.mu.Lock()
	defer m.mu.Unlock()
	// One that was cut short, with nothing in it, is no picture of anything.
	if l.At.IsZero() || !l.At.After(m.at) || len(l.Scope.Places) == 0 && len(l.Certificates) == 0 && len(l.Scope.Unreadable) == 0 {
		return
	}
	m.at = l.At
	count := map[[2]string]int{}
	for i := range l.Certificates {
		c := &l.Certificates[i]
		count[[2]string{string(c.State(l.At)), daysLabel(c, l.At)}]++
	}
	labels := []string{daysExpired}
	for _, bucket := range daysLeft {
		labels = append(labels, bucket.label)
	}
	for _, state := range certificateStates {
		for _, days := range append(slices.Clone(labels), daysMore, daysNone) {
			m.certificates.WithLabelValues(string(state), days).Set(float64(count[[2]string{string(state), days}]))
		}
	}
	m.places.WithLabelValues("read").Set(float64(len(l.Scope.Places)))
	m.places.WithLabelValues("unreadable").Set(float64(len(l.Scope.Unreadable)))
	m.listed.Set(unixSeconds(l.At))
}

// A meteredEstate tells metrics what is listed.
type meteredEstate struct {
	*gather.Estate
	metrics *metrics
}

// List implements diagnose.Estate.
func (e meteredEstate) List(ctx context.Context) diagnose.Listing {
	l := e.Estate.List(ctx)
	e.metrics.estate.note(l)
	return l
}

// Reread implements diagnose.Rereader.
func (e meteredEstate) Reread(ctx context.Context, since time.Time) diagnose.Listing {
	l := e.Estate.Reread(ctx, since)
	e.metrics.estate.note(l)
	return l
}
