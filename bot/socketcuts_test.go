package bot

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/acmbot/acmbot/bot/state/memory"
	"github.com/acmbot/acmbot/bot/view"
	"github.com/acmbot/acmbot/bot/workspace"
)

// long makes tests that count faults do many times as much.
var long = os.Getenv("ACMBOT_TEST_LONG") != ""

// A question is one thing that somebody asks once; asking again makes another.
type question struct {
	kind  string // command, mention or button
	place string // where its answers go: a response URL, or a thread
	state workspace.EnvelopeState
}

// A crowd asks, and asks again where Slack says that it failed.
type crowd struct {
	*stage
	mu   sync.Mutex
	list []question
	said map[string]bool // mentions, by their thread
}

func (c *crowd) note(q question) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.list = append(c.list, q)
}

// insist asks until Slack has taken it.
func (c *crowd) insist(ctx context.Context, kind string, ask func() (*workspace.Delivery, error)) error {
	for {
		if err := c.Wait(ctx, func() bool { return c.Sockets() > 0 }); err != nil {
			return err
		}
		d, err := ask()
		if err != nil {
			return err
		}
		e, err := d.Wait(ctx)
		if err != nil {
			return err
		}
		c.note(question{kind, e.Field("response_url"), e.State})
		if e.State == workspace.Acknowledged {
			return nil
		}
	}
}

// A sending is what has become of an event.
type sending struct {
	state    workspace.EnvelopeState
	attempts int
}

// settled waits until Slack is done with the events of all mentions.
func (c *crowd) settled(ctx context.Context, waiting map[string]bool) map[string]sending {
	threads := map[string]string{} // by envelope
	var now map[string]sending
	err := c.Wait(ctx, func() bool {
		now = map[string]sending{}
		for _, e := range c.Envelopes() {
			if e.Type != workspace.EventsAPI {
				continue
			}
			if threads[e.ID] == "" {
				threads[e.ID] = e.Field("event.ts")
			}
			s := now[threads[e.ID]]
			s.attempts++
			if s.state != workspace.Acknowledged {
				s.state = e.State
			}
			now[threads[e.ID]] = s
		}
		for thread := range waiting {
			if s := now[thread]; s.state != workspace.Acknowledged && (s.attempts < 4 || s.state == workspace.Sent) {
				return false
			}
		}
		return true
	})
	if err != nil {
		c.t.Fatal(err)
	}
	return now
}

// cuts are all moments with the breaks that can come about in them.
func cuts() [][2]string {
	var list [][2]string
	all := []workspace.Break{workspace.ByClose, workspace.ByReset, workspace.BySilence, workspace.ByRefresh, workspace.ByWarning, workspace.ByGarbage}
	for moment, breaks := range map[workspace.Moment][]workspace.Break{
		workspace.AtOnce:        all,
		workspace.InConnecting:  {workspace.ByClose, workspace.ByReset, workspace.BySilence},
		workspace.BeforeHello:   all,
		workspace.InEnvelope:    {workspace.ByClose, workspace.ByReset, workspace.BySilence, workspace.ByGarbage},
		workspace.AfterEnvelope: all,
		workspace.BeforeAck:     all,
		workspace.AfterAck:      all,
	} {
		for _, b := range breaks {
			list = append(list, [2]string{string(moment), string(b)})
		}
	}
	slices.SortFunc(list, func(a, b [2]string) int { return strings.Compare(a[0]+a[1], b[0]+b[1]) })
	return list
}

// While the connections are cut two hundred times, at every moment and in every
// way, two thousand questions are asked. What Slack saw acknowledged is answered
// once; what it did not see acknowledged it tells the user of, or, if it is an
// event, sends again ("Events API", https://docs.slack.dev/apis/events-api/),
// and it is answered once at most.
func TestNothingIsLostOrAnsweredTwiceWhenTheSocketIsCut(t *testing.T) {
	questions, wanted := 2000, 200
	switch {
	case long:
		questions, wanted = 20_000, 2000
	case testing.Short():
		questions, wanted = 200, 20
	}
	s := open(t, workspace.Options{
		AckTimeout: 400 * time.Millisecond, PingInterval: 30 * time.Millisecond, WarningTime: 50 * time.Millisecond,
		Retries: []time.Duration{0, 300 * time.Millisecond, 2 * time.Second},
	}, two, func(o *Options) {
		o.QueueLen, o.PerUser, o.PingTimeout, o.ProgressAfter = questions, questions, 300*time.Millisecond, time.Hour
		o.Store = memory.New(time.Now)
	}).connected()
	for _, socket := range s.bot.sockets {
		socket.throttle.mu.Lock()
		socket.throttle.first, socket.throttle.timeout = 20*time.Millisecond, 300*time.Millisecond
		socket.throttle.mu.Unlock()
	}
	c := &crowd{stage: s, said: map[string]bool{}}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()

	const askers = 32
	var places [askers]workspace.Message
	for n := range places { // with the buttons that are pressed later
		s.slash(dana, ops, fmt.Sprintf("button%d.example.com", n))
		places[n] = s.sees(fmt.Sprintf("_token.button%d.example.com", n))
	}
	s.until(func() bool { return len(s.CallsOf("response_url")) == askers })
	before := len(s.Calls())

	random := rand.New(rand.NewPCG(1, 2))
	plan, order := cuts(), []int{}
	cutAt := map[int]int{} // by question
	for k := range wanted {
		if k%len(plan) == 0 {
			order = random.Perm(len(plan))
		}
		cutAt[k*questions/wanted*9/10+random.IntN(questions/wanted*9/10)] = order[k%len(plan)]
	}
	var failedOpenings atomic.Int32
	openings := []workspace.Fault{
		{Status: 503, Times: 1}, {Error: "internal_error", Times: 1}, {Status: 200, Times: 1}, {Hang: true, Times: 1},
	}
	s.Fail("apps.connections.open", workspace.Fault{RetryAfter: time.Second, Times: 1})
	failedOpenings.Add(1)
	var next atomic.Int32
	began := time.Now()
	var asking sync.WaitGroup
	for asker := range askers {
		asking.Go(func() {
			for {
				n := int(next.Add(1)) - 1
				if n >= questions {
					return
				}
				if k, ok := cutAt[n]; ok {
					if n%4 == 0 {
						s.Fail("apps.connections.open", openings[int(failedOpenings.Add(1))%len(openings)])
					}
					moment, how := workspace.Moment(plan[k][0]), workspace.Break(plan[k][1])
					if s.Cut(moment, how); moment == workspace.InConnecting || moment == workspace.BeforeHello {
						s.Cut(workspace.AtOnce, workspace.ByReset)
					}
				}
				var err error
				switch n % 5 {
				case 1, 3:
					err = c.insist(ctx, "button", func() (*workspace.Delivery, error) {
						return s.Click(dana, places[asker], view.ActionRecheck)
					})
				case 2:
					var m workspace.Message
					if err = s.Wait(ctx, func() bool { return s.Sockets() > 0 }); err != nil {
						break
					}
					if m, err = s.Say(dana, ops, "", fmt.Sprintf("@acmbot m%d.example.com", n)); err == nil {
						c.mu.Lock()
						c.said[m.TS] = true
						c.mu.Unlock()
					}
				default:
					err = c.insist(ctx, "command", func() (*workspace.Delivery, error) {
						return s.Slash(dana, ops, Command, fmt.Sprintf("c%d.example.com", n))
					})
				}
				if err != nil {
					t.Errorf("question %d: %v", n, err)
					return
				}
			}
		})
	}
	asking.Wait()
	t.Logf("asked within %v", time.Since(began).Round(time.Second))

	// Cuts that still wait for their moment.
	s.ClearFaults()
	for made := 0; ; {
		made = 0
		for _, byBreak := range s.Cuts() {
			for _, n := range byBreak {
				made += n
			}
		}
		if made >= wanted {
			break
		}
		s.Cut(workspace.AtOnce, workspace.ByClose)
		if err := c.insist(ctx, "command", func() (*workspace.Delivery, error) { return s.Slash(dana, ops, Command, "late.example.com") }); err != nil {
			t.Fatal(err)
		}
	}
	// All events get through, or Slack gives up, and people ask again.
	again, gaveUp := 0, 0
	for waiting := c.said; len(waiting) > 0; {
		failed := map[string]bool{}
		became := c.settled(ctx, waiting)
		for thread := range waiting {
			c.note(question{"mention", thread, became[thread].state})
			again += became[thread].attempts - 1
			if became[thread].state == workspace.Acknowledged {
				continue
			}
			gaveUp++
			if err := s.Wait(ctx, func() bool { return s.Sockets() > 0 }); err != nil {
				t.Fatal(err)
			}
			m, err := s.Say(dana, ops, "", "@acmbot again.example.com")
			if err != nil {
				t.Fatal(err)
			}
			failed[m.TS] = true
		}
		waiting = failed
	}
	s.stop() // which waits for what is under way
	if err := <-s.ended; err != nil {
		t.Fatal(err)
	}
	s.ended <- nil

	answers := map[string]int{}
	for _, call := range s.Calls()[before:] {
		switch {
		case call.Method == "apps.connections.open":
		case !call.OK():
			t.Errorf("%s failed: %s", call.Method, call.Err())
		case call.Method == "response_url":
			answers[call.URL]++
		case call.Method == "chat.postMessage":
			answers[call.Arg("thread_ts")]++
		}
	}
	count := map[string]map[string]int{}
	for _, q := range c.list {
		if count[q.kind] == nil {
			count[q.kind] = map[string]int{}
		}
		n := answers[q.place]
		delete(answers, q.place)
		count[q.kind]["asked"]++
		count[q.kind][string(q.state)]++
		count[q.kind]["answered"] += n
		switch {
		case q.place == "":
			t.Errorf("a %s without a place for its answer", q.kind)
		case n > 1:
			count[q.kind]["twice"]++
		case n == 0 && q.state == workspace.Acknowledged:
			count[q.kind]["lost"]++
		}
	}
	if len(answers) > 0 {
		t.Errorf("%d answers to nobody", len(answers))
	}
	told := 0
	for _, m := range s.Messages(ops, dana) {
		if strings.Contains(m.Text, `/acm failed with the error`) {
			told++
		}
	}
	made := 0
	for _, moment := range slices.Sorted(maps.Keys(s.Cuts())) {
		t.Logf("cut %s: %v", moment, s.Cuts()[moment])
		for _, n := range s.Cuts()[moment] {
			made += n
		}
	}
	t.Logf("%d cuts, %d openings that failed, %d openings", made, failedOpenings.Load(), len(s.CallsOf("apps.connections.open")))
	taken := 0
	for kind, n := range count {
		t.Logf("%s: %v", kind, n)
		taken += n[string(workspace.Acknowledged)]
		if n["lost"] > 0 || n["twice"] > 0 {
			t.Errorf("%s: %d lost, %d answered twice", kind, n["lost"], n["twice"])
		}
	}
	t.Logf("%d questions taken, %d times Slack told the user that a command failed, %d events sent again, %d given up by Slack", taken, told, again, gaveUp)
	if failed := count["command"]["asked"] - count["command"][string(workspace.Acknowledged)]; told != failed {
		t.Errorf("%d commands failed, and Slack told of %d", failed, told)
	}
	if taken < questions || made < wanted {
		t.Errorf("%d questions taken, %d cuts; want %d and %d", taken, made, questions, wanted)
	}
}

// An opening that is answered in part and then not at all is given up, and
// another one tried.
func TestOpeningThatStallsIsGivenUp(t *testing.T) {
	stalled := make(chan struct{})
	var calls atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if calls.Add(1) > 1 {
			http.Error(w, "no more", http.StatusTeapot)
			return
		}
		_, _ = fmt.Fprint(w, `{"ok":true,`)
		w.(http.Flusher).Flush()
		close(stalled)
		<-r.Context().Done()
	}))
	defer server.Close()
	transport := newTransport()
	defer transport.CloseIdleConnections()
	client := http.Client{Transport: &throttle{next: transport, timeout: 50 * time.Millisecond, first: time.Millisecond}}
	open := func() error {
		resp, err := client.Post(server.URL+"/api/apps.connections.open", "", nil)
		if err != nil {
			return err
		}
		defer func() { _ = resp.Body.Close() }()
		_, err = resp.Body.Read(make([]byte, 100))
		for err == nil {
			_, err = resp.Body.Read(make([]byte, 100))
		}
		return err
	}
	if err := open(); err == nil || !strings.Contains(err.Error(), "deadline") {
		t.Errorf("the opening ends with %v", err)
	}
	<-stalled
	if err := open(); err == nil || strings.Contains(err.Error(), "deadline") {
		t.Errorf("the next one ends with %v", err)
	}
}
