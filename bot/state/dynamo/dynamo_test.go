package dynamo_test

import (
	"strings"
	"testing"
	"time"

	"github.com/acmbot/acmbot/bot/state"
	"github.com/acmbot/acmbot/bot/state/dynamo"
	"github.com/acmbot/acmbot/bot/state/dynamo/dynamotest"
	"github.com/acmbot/acmbot/bot/state/statetest"
)

func open(tb testing.TB, o dynamo.Options) *dynamo.Store {
	tb.Helper()
	s, err := dynamo.Open(tb.Context(), o)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = s.Close() })
	return s
}

func TestContract(t *testing.T) {
	endpoint := dynamotest.Start(t)
	config := dynamotest.Config(endpoint)
	var table string
	statetest.Run(t, statetest.Subject{
		Open: func(t *testing.T, now func() time.Time) state.Store {
			table = dynamotest.CreateTable(t, endpoint)
			return open(t, dynamo.Options{Table: table, Config: config, Now: now})
		},
		Reopen: func(t *testing.T, now func() time.Time) state.Store {
			return open(t, dynamo.Options{Table: table, Config: config, Now: now})
		},
	})
}

func TestCrash(t *testing.T) {
	statetest.Crash(t,
		func(t *testing.T) string {
			endpoint := dynamotest.Start(t)
			return dynamotest.CreateTable(t, endpoint) + " " + endpoint
		},
		func(where string) (state.Store, error) {
			table, endpoint, _ := strings.Cut(where, " ")
			return dynamo.Open(t.Context(), dynamo.Options{Table: table, Config: dynamotest.Config(endpoint)})
		})
}

func BenchmarkStore(b *testing.B) {
	endpoint := dynamotest.Start(b)
	statetest.Benchmark(b, open(b, dynamo.Options{Table: dynamotest.CreateTable(b, endpoint), Config: dynamotest.Config(endpoint)}))
}
