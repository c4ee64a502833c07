package deploy

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/acmbot/acmbot/bot/state"
	"github.com/acmbot/acmbot/bot/state/dynamo"
	"github.com/acmbot/acmbot/bot/state/dynamo/dynamotest"
)

// A tableShape is what a DynamoDB table has to be like: the attributes that
// make an item's key, with their types, and the one that says when it may be
// removed.
type tableShape struct {
	Key        map[string]string
	TimeToLive string
}

// programsTable is the table that the program wants, as it is seen in what it
// sends to DynamoDB.
func programsTable(t *testing.T) tableShape {
	t.Helper()
	type attributes map[string]map[string]string
	var mu sync.Mutex
	keys, items := map[string]attributes{}, []attributes{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		var request struct{ Key, Item attributes }
		if err := json.Unmarshal(body, &request); err != nil {
			t.Errorf("%s: %v", body, err)
		}
		mu.Lock()
		defer mu.Unlock()
		if request.Key != nil {
			keys[fmt.Sprint(sorted(request.Key))] = request.Key
		}
		if request.Item != nil {
			items = append(items, request.Item)
		}
		w.Header().Set("Content-Type", "application/x-amz-json-1.0")
		_, _ = io.WriteString(w, "{}")
	}))
	defer server.Close()
	store, err := dynamo.Open(t.Context(), dynamo.Options{Table: "acmbot", Config: dynamotest.Config(server.URL)})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = store.Close() }()
	expires := time.Now().Add(time.Hour).Truncate(time.Second)
	if _, err := store.Put(t.Context(), state.Item{Key: state.Key{Kind: "watch", ID: "1"}, Value: []byte("{}"), Expires: expires}); err != nil {
		t.Fatal(err)
	}
	if len(keys) != 1 || len(items) == 0 {
		t.Fatalf("the program has keys of %d kinds, and wrote %d items", len(keys), len(items))
	}
	var shape tableShape
	for _, key := range keys {
		shape.Key = typesOf(key)
	}
	// The one attribute that is the time in seconds, as DynamoDB wants it.
	for name, value := range items[len(items)-1] {
		if value["N"] == fmt.Sprint(expires.Unix()) {
			shape.TimeToLive = name
		}
	}
	return shape
}

func typesOf(key map[string]map[string]string) map[string]string {
	found := map[string]string{}
	for name, value := range key {
		found[name] = strings.Join(slices.Collect(maps.Keys(value)), "")
	}
	return found
}

func TestTheTableIsTheOneThatTheProgramWants(t *testing.T) {
	want := programsTable(t)
	if len(want.Key) != 2 || want.TimeToLive == "" {
		t.Fatalf("the program wants %+v", want)
	}

	properties := readTemplate(t, "cloudformation/acmbot.yml").Resources["Table"].Properties
	got := tableShape{Key: map[string]string{}}
	for _, item := range items(properties["AttributeDefinitions"]) {
		attribute := item.(map[string]any)
		got.Key[fmt.Sprint(attribute["AttributeName"])] = fmt.Sprint(attribute["AttributeType"])
	}
	ttl := properties["TimeToLiveSpecification"].(map[string]any)
	got.TimeToLive = fmt.Sprint(ttl["AttributeName"])
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the template's table mismatch (-program, +template):\n%s", diff)
	}
	// The kind is what Query goes by, so it has to be the partition key.
	wantKeys := []any{map[string]any{"AttributeName": "pk", "KeyType": "HASH"}, map[string]any{"AttributeName": "sk", "KeyType": "RANGE"}}
	if diff := cmp.Diff(wantKeys, properties["KeySchema"]); diff != "" || ttl["Enabled"] != true {
		t.Errorf("the keys mismatch, or nothing expires (-want, +got):\n%s", diff)
	}

	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{
		"--attribute-definitions AttributeName=pk,AttributeType=S AttributeName=sk,AttributeType=S",
		"--key-schema AttributeName=pk,KeyType=HASH AttributeName=sk,KeyType=RANGE",
		"--time-to-live-specification Enabled=true,AttributeName=" + want.TimeToLive,
	} {
		if !strings.Contains(string(readme), part) {
			t.Errorf("README.md does not make the table with %s", part)
		}
	}
}
