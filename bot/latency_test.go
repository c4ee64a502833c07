package bot

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/slack-go/slack"
	"github.com/slack-go/slack/socketmode"

	"github.com/acmbot/acmbot/diagnose"
)

// atOnce is how many commands the benchmark sends at once.
const atOnce = 200

// BenchmarkAcknowledge sends 200 commands at once, each of which is a question
// that is diagnosed and answered meanwhile, and takes the time until each is
// acknowledged. The same 200 go to a client that does nothing but acknowledge;
// the ratios are to that.
func BenchmarkAcknowledge(b *testing.B) {
	d := &doctor{}
	d.becomes(func(ctx context.Context, q diagnose.Query, _ func(diagnose.Progress)) diagnose.Answer {
		select {
		case <-time.After(20 * time.Millisecond): // as a diagnosis does
		case <-ctx.Done():
		}
		return blocked(q)
	})
	busy := openBare(b, d, 1, func(o *Options) { o.QueueLen, o.PerUser = atOnce, atOnce }) // all are worked on
	bare := acknowledging(b)
	var bot, client []time.Duration
	round := 0
	for b.Loop() {
		round++
		client = append(client, burst(bare, round)...)
		bot = append(bot, burst(busy, round)...)
		b.StopTimer()
		busy.log.has(b, "msg=answered", round*atOnce)
		b.StartTimer()
	}
	slices.Sort(bot)
	slices.Sort(client)
	at := func(list []time.Duration, part float64) time.Duration { return list[int(part*float64(len(list)-1))] }
	ratio := func(part float64) float64 { return float64(at(bot, part)) / float64(at(client, part)) }
	b.ReportMetric(ratio(0.5), "median/bare")
	b.ReportMetric(ratio(0.99), "p99/bare")
	b.ReportMetric(float64(at(bot, 0.5).Microseconds())/1000, "median-ms")
	b.ReportMetric(float64(at(bot, 0.99).Microseconds())/1000, "p99-ms")
	b.ReportMetric(at(bot, 1).Seconds()/3*100, "worst-%of-3s") // which is the time that Slack gives
}

// burst sends the commands over the first connection and returns how long each
// took to be acknowledged.
func burst(s *bareSlack, round int) []time.Duration {
	id := func(n int) string { return fmt.Sprintf("r%d-%d", round, n) }
	sent := make([]time.Time, atOnce)
	for n := range atOnce {
		sent[n] = time.Now()
		s.send(0, fmt.Sprintf(`{"envelope_id":%q,"type":"slash_commands","accepts_response_payload":true,"payload":{"command":"/acm",
		 "text":"why n%d.r%d.example.com","user_id":"U1","channel_id":"C1","team_id":"T1","response_url":%q,"trigger_id":%q}}`,
			id(n), n, round, s.server.URL+"/response", id(n)))
	}
	s.until(func() bool { return len(s.heard) >= round*atOnce })
	took := make([]time.Duration, atOnce)
	s.mu.Lock()
	defer s.mu.Unlock()
	for n := range atOnce {
		took[n] = s.heard[id(n)].Sub(sent[n])
	}
	return took
}

// acknowledging opens a server with a Socket Mode client that does nothing but
// acknowledge.
func acknowledging(b *testing.B) *bareSlack {
	b.Helper()
	s := serveBare(b)
	client := socketmode.New(slack.New("xoxb-1", slack.OptionAppLevelToken("xapp-1"), slack.OptionAPIURL(s.server.URL+"/api/")))
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { _ = client.RunContext(ctx) }) // ends with ctx
	running.Go(func() {
		for {
			select {
			case e := <-client.Events:
				if e.Request != nil && e.Type == socketmode.EventTypeSlashCommand {
					_ = client.Ack(*e.Request)
				}
			case <-ctx.Done():
				return
			}
		}
	})
	b.Cleanup(func() {
		cancel()
		running.Wait()
		s.server.Close()
	})
	s.until(func() bool { return len(s.conns) == 1 })
	return s
}
