package main

import (
	"strings"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/acmbot/acmbot/diagnose"
	"github.com/acmbot/acmbot/diagnose/events"
)

// eventMeter tells Prometheus what a queue's health tells.
type eventMeter struct {
	health func() events.Health

	received, failed, deleted, dropped, poison, duplicates *prometheus.Desc
	connected, messages, lastReceive                       *prometheus.Desc
}

// watchEvents adds what a queue's health tells, as it is when it is asked for.
func (m *metrics) watchEvents(health func() events.Health) {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("acmbot_events_"+name, help, labels, nil)
	}
	m.registry.MustRegister(&eventMeter{
		health:      health,
		received:    desc("received_total", "Events received from the queue, again each time that they come again.", "kind"),
		failed:      desc("failed_total", "Times that an event could not be handled.", "kind"),
		deleted:     desc("deleted_total", "Messages deleted from the queue."),
		dropped:     desc("dropped_total", "Messages deleted that could not be read or handled; only where the queue has no redrive policy."),
		poison:      desc("poison_total", "Messages that cannot be read, or whose handling failed too often."),
		duplicates:  desc("duplicates_total", "Events that had been handled before."),
		connected:   desc("connected", "1 while SQS answers."),
		messages:    desc("queue_messages", "About how many messages the queue has, by state: waiting, in_flight, delayed.", "state"),
		lastReceive: desc("last_receive_timestamp_seconds", "When SQS last answered, be it that there is nothing; 0 for never."),
	})
}

// Describe implements prometheus.Collector.
func (m *eventMeter) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{m.received, m.failed, m.deleted, m.dropped, m.poison, m.duplicates, m.connected, m.messages, m.lastReceive} {
		to <- d
	}
}

// Collect implements prometheus.Collector.
func (m *eventMeter) Collect(to chan<- prometheus.Metric) {
	h := m.health()
	counter := func(d *prometheus.Desc, n int, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(n), labels...)
	}
	gauge := func(d *prometheus.Desc, value float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
	}
	for _, kind := range append(diagnose.EventKinds(), events.OtherKinds) {
		counter(m.received, h.Received[kind], kindLabel(kind))
		counter(m.failed, h.Failed[kind], kindLabel(kind))
	}
	counter(m.deleted, h.Deleted)
	counter(m.dropped, h.Dropped)
	counter(m.poison, h.Poison)
	counter(m.duplicates, h.Duplicates)
	connected := 0.0
	if h.Connected {
		connected = 1
	}
	gauge(m.connected, connected)
	if d := h.Depth; d != nil {
		gauge(m.messages, float64(d.Waiting), "waiting")
		gauge(m.messages, float64(d.Flying), "in_flight")
		gauge(m.messages, float64(d.Delayed), "delayed")
	}
	gauge(m.lastReceive, unixSeconds(h.LastReceive))
}

// kindLabel is a kind as a label's value: approaching-expiration and so on.
func kindLabel(kind diagnose.EventKind) string {
	text := strings.TrimPrefix(string(kind), "ACM Certificate ")
	return strings.ReplaceAll(strings.ToLower(text), " ", "-")
}
