package view

import (
	"testing"
	"time"

	"github.com/acmbot/acmbot/bot/access"
)

func TestDeniedGolden(t *testing.T) {
	for name, d := range map[string]Denial{
		"guest":           {Reason: access.AGuest, Operator: "U0ADA"},
		"outsider":        {Reason: access.Outsider, Operator: "S0ACERTS"},
		"not-named":       {Reason: access.NotNamed, Operator: "C0AHELP"},
		"shared-channel":  {Reason: access.SharedPlace},
		"other-channel":   {Reason: access.OtherPlace},
		"unknown-channel": {Reason: access.UnknownPlace},
		"unsure":          {Reason: access.Unsure, RequestID: "abc123"},
		"scope":           {Reason: access.Unsure, Scope: "users:read", Operator: "U0ADA", RequestID: "abc123"},
	} {
		t.Run(name, func(t *testing.T) { golden(t, "denied-"+name, goldenOf(Denied(d))) })
	}
	guest := Denial{Reason: access.AGuest, Operator: "U0ADA"}
	golden(t, "denied-home", DeniedHome(guest))
	golden(t, "denied-modal", DeniedModal(Denied(guest)))
	golden(t, "too-many", goldenOf(TooMany(30, 10*time.Minute, 17*time.Second)))
}

func TestAbout(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "1 second", 300 * time.Millisecond: "1 second", time.Second: "1 second", 61 * time.Second: "61 seconds", 91 * time.Second: "2 minutes",
		10 * time.Minute: "10 minutes", 90*time.Minute + 1: "2 hours", 24 * time.Hour: "24 hours",
	} {
		if got := about(d); got != want {
			t.Errorf("%s is %q, want %q", d, got, want)
		}
	}
}
