package memory

import (
	"fmt"
	"testing"
	"time"

	"github.com/acmbot/acmbot/bot/state"
)

// What has expired does not pile up while the process runs, and what has not
// stays.
func TestExpiredItemsAreRemoved(t *testing.T) {
	now := time.Date(2026, time.November, 24, 9, 0, 0, 0, time.UTC)
	s := New(func() time.Time { return now })
	put := func(id string, expires time.Time) {
		t.Helper()
		if _, err := s.Put(t.Context(), state.Item{Key: state.Key{Kind: "note", ID: id}, Value: []byte("1"), Expires: expires}); err != nil {
			t.Fatal(err)
		}
	}
	const stay = 150
	for n := range stay {
		put(fmt.Sprintf("stay/%d", n), time.Time{})
	}
	most := 0
	for n := range 10_000 {
		put(fmt.Sprintf("%d", n), now.Add(time.Minute))
		now = now.Add(time.Second)
		k := s.kinds["note"]
		if most = max(most, len(k.ids)); len(k.ids) != len(k.items) {
			t.Fatalf("%d ids and %d items", len(k.ids), len(k.items))
		}
	}
	if most > 2*(stay+60)+1 {
		t.Errorf("%d items at most, of which never more than %d had not expired", most, stay+60)
	}
	left := 0
	for _, err := range s.List(t.Context(), "note", "stay/") {
		if err != nil {
			t.Fatal(err)
		}
		left++
	}
	if left != stay {
		t.Errorf("%d of %d items are left", left, stay)
	}
}
