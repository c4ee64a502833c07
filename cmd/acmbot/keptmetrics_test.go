package main

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/acmbot/acmbot/bot"
	"github.com/acmbot/acmbot/bot/state"
	"github.com/acmbot/acmbot/bot/state/memory"
	"github.com/acmbot/acmbot/bot/state/statetest"
	"github.com/acmbot/acmbot/diagnose"
)

// says checks that metrics have lines, and that they have not others.
func says(t *testing.T, m *metrics, want []string, not ...string) {
	t.Helper()
	body := gathered(t, m)
	for _, line := range want {
		if !strings.Contains(body, "\n"+line+"\n") {
			t.Errorf("missing %s", line)
		}
	}
	for _, text := range not {
		if strings.Contains(body, text) {
			t.Errorf("there is %s", text)
		}
	}
	if t.Failed() {
		t.Log(body)
	}
}

func TestMetricsOfDigests(t *testing.T) {
	m := newMetrics()
	at := time.Unix(1_795_500_000, 0)
	says(t, m, []string{`acmbot_digests_total{result="failed"} 0`, "acmbot_digest_check_timestamp_seconds 0"})
	m.DigestsChecked(at, []bot.DigestStanding{{Channel: "C1", Due: at.Add(-time.Hour), Done: at.Add(-time.Hour)}, {Channel: "C2"}})
	m.DigestTried("C1", bot.DigestPosted)
	says(t, m, []string{
		`acmbot_digest_due_timestamp_seconds{channel="C1"} 1.7954964e+09`, `acmbot_digest_done_timestamp_seconds{channel="C1"} 1.7954964e+09`,
		`acmbot_digest_done_timestamp_seconds{channel="C2"} 0`, `acmbot_digest_missed{channel="C1"} 0`,
		`acmbot_digests_total{result="posted"} 1`, "acmbot_digest_check_timestamp_seconds 1.7955e+09",
	}, `acmbot_digest_due_timestamp_seconds{channel="C2"}`)
	m.DigestsChecked(at, []bot.DigestStanding{{Channel: "C2", Due: at, Missed: true}})
	says(t, m, []string{`acmbot_digest_missed{channel="C2"} 1`, `acmbot_digest_due_timestamp_seconds{channel="C2"} 1.7955e+09`}, `channel="C1"`)
}

func TestMetricsOfTheStore(t *testing.T) {
	m := newMetrics()
	store := m.keep(memory.New(time.Now))
	key := state.Key{Kind: "watch", ID: "one"}
	if _, err := store.Get(t.Context(), key); !errors.Is(err, state.ErrNotFound) {
		t.Fatal(err)
	}
	if _, err := state.Create(t.Context(), store, key, 1, time.Time{}); err != nil {
		t.Fatal(err)
	}
	if _, err := state.Create(t.Context(), store, key, 1, time.Time{}); !errors.Is(err, state.ErrConflict) {
		t.Fatal(err)
	}
	for _, err := range store.List(t.Context(), "watch", "") {
		if err != nil {
			t.Fatal(err)
		}
		break
	}
	late, cancel := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
	defer cancel()
	if _, err := store.Get(late, key); err == nil {
		t.Fatal("nothing is wrong")
	}
	says(t, m, []string{
		`acmbot_store_operation_duration_seconds_count{operation="get",result="ok"} 1`, `acmbot_store_operation_duration_seconds_count{operation="put",result="ok"} 1`,
		`acmbot_store_operation_duration_seconds_count{operation="put",result="conflict"} 1`, `acmbot_store_operation_duration_seconds_count{operation="list",result="ok"} 1`,
		`acmbot_store_operation_duration_seconds_count{operation="get",result="failed"} 1`,
	})
}

// A store that is measured is one like any other.
func TestMeteredStoreKeepsTheContract(t *testing.T) {
	var kept *memory.Store
	statetest.Run(t, statetest.Subject{
		Open: func(_ *testing.T, now func() time.Time) state.Store {
			kept = memory.New(now)
			return newMetrics().keep(kept)
		},
	})
}

func TestMetricsOfCertificates(t *testing.T) {
	m := newMetrics()
	at := time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)
	cert := func(days float64, status, renewal string) diagnose.Listed {
		end := at.Add(time.Duration(days * 24 * float64(time.Hour)))
		return diagnose.Listed{
			CertificateRef: diagnose.CertificateRef{
				ARN: "arn", Account: "111122223333", Region: "eu-west-1", DomainName: "shop.example.com", Status: status, Type: diagnose.TypeAmazonIssued, InUse: true, NotAfter: end,
			},
			Eligibility: diagnose.EligibleYes, RenewalStatus: renewal, Detailed: true, NotBefore: end.AddDate(0, 0, -198),
		}
	}
	l := diagnose.Listing{
		At: at, Scope: diagnose.Scope{Places: []diagnose.Place{{Account: "111122223333", Region: "eu-west-1"}}, Unreadable: []diagnose.Unseen{{What: "x"}, {What: "y"}}},
		Certificates: []diagnose.Listed{
			cert(3.9, diagnose.StatusIssued, diagnose.RenewalPendingValidation), cert(4, diagnose.StatusIssued, diagnose.RenewalPendingValidation),
			cert(14.5, diagnose.StatusIssued, diagnose.RenewalPendingValidation), cert(150, diagnose.StatusIssued, ""), cert(61, diagnose.StatusIssued, ""),
			cert(-1, diagnose.StatusExpired, ""),
		},
	}
	m.estate.note(l)
	want := []string{
		`acmbot_certificates{days_left="0-3",state="pending"} 1`, `acmbot_certificates{days_left="4-7",state="pending"} 1`,
		`acmbot_certificates{days_left="8-14",state="pending"} 1`, `acmbot_certificates{days_left="61+",state="not-due"} 2`,
		`acmbot_certificates{days_left="expired",state="expired"} 1`, `acmbot_certificates{days_left="none",state="pending"} 0`,
		`acmbot_listing_places{result="unreadable"} 2`, `acmbot_listing_places{result="read"} 1`,
	}
	says(t, m, want, "example.com", "111122223333", "eu-west-1")
	// Neither an older listing nor one that was cut short takes its place.
	m.estate.note(diagnose.Listing{At: at.Add(-time.Hour), Scope: l.Scope})
	m.estate.note(diagnose.Listing{At: at.Add(time.Hour)})
	says(t, m, want)
	m.estate.note(diagnose.Listing{At: at.Add(time.Hour), Scope: l.Scope})
	says(t, m, []string{`acmbot_certificates{days_left="0-3",state="pending"} 0`})
}
