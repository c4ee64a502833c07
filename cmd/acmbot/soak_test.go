package main

import (
	"runtime"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/acmbot/acmbot/diagnose"
	"github.com/acmbot/acmbot/diagnose/inventory"
	"github.com/acmbot/acmbot/diagnose/world"
)

// A thousand diagnoses leave neither goroutines nor memory behind.
func TestSoak(t *testing.T) {
	rounds := 1000
	if testing.Short() || raceEnabled {
		rounds = 100
	}
	w, err := world.Parse("dark", []byte(darkWorld))
	if err != nil {
		t.Fatal(err)
	}
	scene, err := w.Start(t.Context(), world.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer scene.Close()
	where := sightOf(scene)
	where.shared = inventory.New(where.inventory)
	doctor, estate := where.observers()
	defer estate.Close()
	questions := []diagnose.Query{{Domain: "shop.example.com"}, {Domain: "fine.example.com"}, {Domain: "nothing.example.com"}}
	run := func(n int) {
		for i := range n {
			if a := doctor.Answer(t.Context(), questions[i%3], nil); len(a.Scope.Places) != 1 {
				t.Fatalf("answer %d has the scope %+v", i, a.Scope)
			}
			scene.AWS().ForgetCalls()
		}
	}
	heap := func() int64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.GC() // what finalizers and pools let go
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	run(50) // caches and connections
	there := goleak.IgnoreCurrent()
	before := heap()
	began := time.Now()
	run(rounds)
	took, grown := time.Since(began), heap()-before
	// The connections are kept alive, each with two goroutines on either side.
	if err := goleak.Find(there, goleak.IgnoreAnyFunction("net/http.(*persistConn).readLoop"), goleak.IgnoreAnyFunction("net/http.(*persistConn).writeLoop"),
		goleak.IgnoreAnyFunction("net/http.(*conn).serve"), goleak.IgnoreAnyFunction("net/http.(*connReader).backgroundRead")); err != nil {
		t.Error(err)
	}
	t.Logf("%d diagnoses in %v: the heap grew by %d KiB, %d goroutines", rounds, took.Round(time.Millisecond), grown>>10, runtime.NumGoroutine())
	if grown > 4<<20 {
		t.Errorf("the heap grew by %d KiB", grown>>10)
	}
}
