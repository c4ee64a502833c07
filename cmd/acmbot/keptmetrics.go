package main

import (
	"context"
	"errors"
	"iter"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/acmbot/acmbot/bot"
	"github.com/acmbot/acmbot/bot/state"
)

// keptMetrics are of what the bot keeps: its store, watches, snoozes and
// digests. The label channel is the id of a Slack channel that gets a digest:
// there are as many as have one.
type keptMetrics struct {
	store   *prometheus.HistogramVec
	watches prometheus.Gauge
	snoozes prometheus.Gauge

	digests   *prometheus.CounterVec
	checked   prometheus.Gauge
	due, done *prometheus.GaugeVec
	missed    *prometheus.GaugeVec
	channels  []string // that have a digest; of the one goroutine that looks
}

var (
	_ bot.KeepObserver   = (*metrics)(nil)
	_ bot.DigestObserver = (*metrics)(nil)
)

func newKeptMetrics(registry prometheus.Registerer) keptMetrics {
	gauge := func(name, help string) prometheus.Gauge {
		return prometheus.NewGauge(prometheus.GaugeOpts{Name: name, Help: help})
	}
	byChannel := func(name, help string) *prometheus.GaugeVec {
		return prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: name, Help: help}, []string{"channel"})
	}
	m := keptMetrics{
		store: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "acmbot_store_operation_duration_seconds", Help: "Time of an operation of the store, by what came of it: ok, conflict, failed.",
			Buckets: []float64{.001, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
		}, []string{"operation", "result"}),
		watches: gauge("acmbot_watches", "Certificates that are watched, counted for each place that is told; of all copies together."),
		snoozes: gauge("acmbot_snoozes", "Certificates that are snoozed; of all copies together."),
		digests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "acmbot_digests_total", Help: "Digests that this copy set about, by what came of it: posted, late, quiet (there was nothing to say), failed.",
		}, []string{"result"}),
		checked: gauge("acmbot_digest_check_timestamp_seconds", "When it was last looked which digests are due; 0 for never."),
		due:     byChannel("acmbot_digest_due_timestamp_seconds", "When a channel's last digest was due, where one was expected."),
		done:    byChannel("acmbot_digest_done_timestamp_seconds", "When a channel's last digest was posted, or found to have nothing to say, by any copy; 0 where that is not known."),
		missed:  byChannel("acmbot_digest_missed", "1 where a channel's last digest did not come and is too late now."),
	}
	registry.MustRegister(m.store, m.watches, m.snoozes, m.digests, m.checked, m.due, m.done, m.missed)
	// Counters that begin with their first event hide it from rate().
	for _, r := range []bot.DigestResult{bot.DigestPosted, bot.DigestLate, bot.DigestQuiet, bot.DigestFailed} {
		m.digests.WithLabelValues(string(r))
	}
	for _, operation := range []string{"get", "put", "delete", "list"} {
		m.store.WithLabelValues(operation, "failed")
	}
	return m
}

// Kept implements bot.KeepObserver.
func (m *metrics) Kept(watches, snoozes int) {
	m.kept.watches.Set(float64(watches))
	m.kept.snoozes.Set(float64(snoozes))
}

// DigestsChecked implements bot.DigestObserver.
func (m *metrics) DigestsChecked(at time.Time, channels []bot.DigestStanding) {
	k := &m.kept
	before := k.channels
	k.channels = nil
	for _, c := range channels {
		k.channels = append(k.channels, c.Channel)
		k.done.WithLabelValues(c.Channel).Set(unixSeconds(c.Done))
		missed := 0.0
		if c.Missed {
			missed = 1
		}
		k.missed.WithLabelValues(c.Channel).Set(missed)
		if c.Due.IsZero() {
			k.due.DeleteLabelValues(c.Channel)
		} else {
			k.due.WithLabelValues(c.Channel).Set(unixSeconds(c.Due))
		}
	}
	// A channel that gets no digest any more is not to be waited for.
	for _, channel := range before {
		if !slices.Contains(k.channels, channel) {
			for _, vec := range []*prometheus.GaugeVec{k.due, k.done, k.missed} {
				vec.DeleteLabelValues(channel)
			}
		}
	}
	k.checked.Set(unixSeconds(at))
}

// DigestTried implements bot.DigestObserver.
func (m *metrics) DigestTried(_ string, result bot.DigestResult) {
	m.kept.digests.WithLabelValues(string(result)).Inc()
}

// unixSeconds is a time as Prometheus has it; 0 for the zero time.
func unixSeconds(at time.Time) float64 {
	if at.IsZero() {
		return 0
	}
	return float64(at.UnixMilli()) / 1000
}

// keep returns a store like s whose operations are measured.
func (m *metrics) keep(s state.Store) state.Store { return meteredStore{s, m} }

// A meteredStore tells metrics what is done with a store.
type meteredStore struct {
	state.Store
	metrics *metrics
}

func (s meteredStore) note(operation string, start time.Time, err error) {
	result := "failed"
	switch {
	case err == nil, errors.Is(err, state.ErrNotFound):
		result = "ok"
	case errors.Is(err, state.ErrConflict):
		result = "conflict"
	case errors.Is(err, context.Canceled), errors.Is(err, state.ErrClosed):
		return // by who asked
	}
	s.metrics.kept.store.WithLabelValues(operation, result).Observe(time.Since(start).Seconds())
}

// Get implements state.Store.
func (s meteredStore) Get(ctx context.Context, key state.Key) (state.Item, error) {
	start := time.Now()
	item, err := s.Store.Get(ctx, key)
	s.note("get", start, err)
	return item, err
}

// Put implements state.Store.
func (s meteredStore) Put(ctx context.Context, item state.Item) (state.Item, error) {
	start := time.Now()
	item, err := s.Store.Put(ctx, item)
	s.note("put", start, err)
	return item, err
}

// Delete implements state.Store.
func (s meteredStore) Delete(ctx context.Context, key state.Key, version int64) error {
	start := time.Now()
	err := s.Store.Delete(ctx, key, version)
	s.note("delete", start, err)
	return err
}

// List implements state.Store. What the caller does with the items is not
// counted in.
func (s meteredStore) List(ctx context.Context, kind, prefix string) iter.Seq2[state.Item, error] {
	return func(yield func(state.Item, error) bool) {
		var took time.Duration
		var failed error
		start := time.Now()
		for item, err := range s.Store.List(ctx, kind, prefix) {
			took += time.Since(start)
			failed = err
			if !yield(item, err) {
				start = time.Now()
				break
			}
			start = time.Now()
		}
		took += time.Since(start)
		s.note("list", time.Now().Add(-took), failed)
	}
}
