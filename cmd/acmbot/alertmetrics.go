package main

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/acmbot/acmbot/bot"
	"github.com/acmbot/acmbot/bot/alert"
)

// alertMetrics are of the alerts between digests.
type alertMetrics struct {
	scanned prometheus.Gauge
	alerts  *prometheus.CounterVec
}

var _ bot.AlertObserver = (*metrics)(nil)

func newAlertMetrics(registry prometheus.Registerer) alertMetrics {
	m := alertMetrics{
		scanned: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "acmbot_alert_scan_timestamp_seconds", Help: "When this copy last looked through all certificates for alerts, as far as a channel gets any; its start until then, and 0 where alerts are off.",
		}),
		alerts: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "acmbot_alerts_total", Help: "Alerts that this copy set about, by what they tell, and by what came of them: posted, dropped, failed.",
		}, []string{"news", "result"}),
	}
	registry.MustRegister(m.scanned, m.alerts)
	// Counters that begin with their first event hide it from rate().
	for _, news := range alert.AllNews() {
		for _, r := range []bot.AlertResult{bot.AlertPosted, bot.AlertDropped, bot.AlertFailed} {
			m.alerts.WithLabelValues(string(news), string(r))
		}
	}
	return m
}

// expectScans adds how often all certificates are looked through for alerts.
func (m *metrics) expectScans(every time.Duration) {
	interval := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "acmbot_alert_scan_interval_seconds", Help: "How often all certificates are looked through for alerts; not there where alerts are off.",
	})
	interval.Set(every.Seconds())
	m.registry.MustRegister(interval)
	m.alerted.scanned.Set(unixSeconds(time.Now()))
}

// AlertsScanned implements bot.AlertObserver.
func (m *metrics) AlertsScanned(at time.Time) { m.alerted.scanned.Set(unixSeconds(at)) }

// AlertTried implements bot.AlertObserver.
func (m *metrics) AlertTried(news string, result bot.AlertResult) {
	m.alerted.alerts.WithLabelValues(news, string(result)).Inc()
}
