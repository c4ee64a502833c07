package main

import (
	"strings"
	"testing"
	"time"
)

func TestAlertSettings(t *testing.T) {
	unsetSettings(t)
	var s alertSettings
	if err := load(&s); err != nil {
		t.Fatal(err)
	}
	if o := s.options(); !o.On || o.Every != 10*time.Minute {
		t.Errorf("%+v", o)
	}
	t.Setenv("ACMBOT_ALERTS", "Off")
	t.Setenv("ACMBOT_ALERT_EVERY", "90m")
	s = alertSettings{}
	if err := load(&s); err != nil {
		t.Fatal(err)
	}
	if o := s.options(); o.On || o.Every != 90*time.Minute {
		t.Errorf("%+v", o)
	}
	for name, wrong := range map[string]string{"ACMBOT_ALERTS": "maybe", "ACMBOT_ALERT_EVERY": "30s"} {
		t.Setenv(name, wrong)
		s = alertSettings{}
		if err := load(&s); err == nil || !strings.Contains(err.Error(), name+` is "`+wrong+`", which is n`) {
			t.Errorf("%s=%s: %v", name, wrong, err)
		}
	}
}
