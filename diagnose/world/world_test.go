package world_test

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/acmbot/acmbot/diagnose/world"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestDemo(t *testing.T) {
	w := world.Demo()
	if len(w.Certificates) < 26 {
		t.Errorf("the demo has %d certificates, want 26 or more", len(w.Certificates))
	}
	if w.Expectations()[0].Ask != "shop.example.com" {
		t.Errorf("the demo's headline is %q", w.Expectations()[0].Ask)
	}
}
