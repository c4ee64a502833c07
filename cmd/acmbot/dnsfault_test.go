package main

import (
	"context"
	"encoding/binary"
	"log/slog"
	"net"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"golang.org/x/sync/errgroup"

	"github.com/acmbot/acmbot/bot"
	"github.com/acmbot/acmbot/bot/state/memory"
	"github.com/acmbot/acmbot/diagnose"
	"github.com/acmbot/acmbot/diagnose/probe"
	"github.com/acmbot/acmbot/diagnose/world"
)

type dialer = func(ctx context.Context, network, address string) (net.Conn, error)

// hole swallows packets and lets no connection come about, as a firewall that
// drops does.
func hole(t *testing.T) dialer {
	t.Helper()
	deaf, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = deaf.Close() })
	return func(ctx context.Context, network, _ string) (net.Conn, error) {
		if strings.HasPrefix(network, "udp") {
			return new(net.Dialer).DialContext(ctx, "udp", deaf.LocalAddr().String())
		}
		<-ctx.Done()
		return nil, &net.OpError{Op: "dial", Net: network, Err: os.ErrDeadlineExceeded}
	}
}

// closed refuses, as a firewall that rejects does.
func closed(_ context.Context, network, _ string) (net.Conn, error) {
	return nil, &net.OpError{Op: "dial", Net: network, Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
}

// noRoute is a machine without a network.
func noRoute(_ context.Context, network, _ string) (net.Conn, error) {
	return nil, &net.OpError{Op: "dial", Net: network, Err: os.NewSyscallError("connect", syscall.ENETUNREACH)}
}

// replies answers each UDP query with what reply makes of it, and has no TCP.
func replies(t *testing.T, reply func(query []byte) []byte) dialer {
	t.Helper()
	server, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var serving sync.WaitGroup
	serving.Go(func() {
		query := make([]byte, 4096)
		for {
			n, from, err := server.ReadFrom(query)
			if err != nil {
				return
			}
			_, _ = server.WriteTo(reply(slices.Clone(query[:n])), from)
		}
	})
	t.Cleanup(func() {
		_ = server.Close()
		serving.Wait()
	})
	none := hole(t)
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		if !strings.HasPrefix(network, "udp") {
			return none(ctx, network, address)
		}
		return new(net.Dialer).DialContext(ctx, "udp", server.LocalAddr().String())
	}
}

// The header of a DNS message (RFC 1035, section 4.1.1): its id is in the first
// two bytes, QR, AA and TC in the third, and the RCODE in the fourth.
const (
	bitQR, bitAA, bitTC = 0x80, 0x04, 0x02
	nxdomain            = 3
)

// answerTo makes an answer of a query, without records.
func answerTo(query []byte, bits, rcode byte) []byte {
	if len(query) < 12 {
		return query
	}
	query[2] |= bitQR | bits
	query[3] = query[3]&0xf0 | rcode
	return query
}

// A laggard waits before it hears.
type laggard struct {
	net.Conn
	wait time.Duration
}

func (l laggard) Read(p []byte) (int, error) {
	time.Sleep(l.wait) // it is what is tested
	return l.Conn.Read(p)
}

// A darkness is what is wrong with DNS, and where: it gives the connection to
// an address that is a root server's, a zone's, or a resolver's.
type darkness struct {
	name string
	dial func(t *testing.T, intact dialer, where map[string]string) dialer
	// all says that nothing at all can be seen.
	all bool
	// allowed are the causes that may be named for what can be seen.
	allowed []diagnose.CauseID
}

// at uses a dialer for some connections.
func at(is func(network, role string) bool, then func(*testing.T) dialer) func(*testing.T, dialer, map[string]string) dialer {
	return func(t *testing.T, intact dialer, where map[string]string) dialer {
		instead := then(t)
		return func(ctx context.Context, network, address string) (net.Conn, error) {
			if is(network, where[address]) {
				return instead(ctx, network, address)
			}
			return intact(ctx, network, address)
		}
	}
}

func darknesses() []darkness {
	everything := func(string, string) bool { return true }
	just := func(d dialer) func(*testing.T) dialer { return func(*testing.T) dialer { return d } }
	role := func(roles ...string) func(string, string) bool {
		return func(_, r string) bool { return slices.Contains(roles, r) }
	}
	forged := func(reply func([]byte) []byte) func(*testing.T) dialer {
		return func(t *testing.T) dialer { return replies(t, reply) }
	}
	zoneDown := []diagnose.CauseID{"lame-delegation", "dns-server-not-public"}
	return []darkness{
		{name: "everything dropped", dial: at(everything, hole), all: true},
		{name: "everything refused", dial: at(everything, just(closed)), all: true},
		{name: "no network", dial: at(everything, just(noRoute)), all: true},
		{name: "root servers dropped", dial: at(role("root"), hole)},
		{name: "root servers and resolvers dropped", dial: at(role("root", "resolver"), hole), all: true},
		{name: "top-level domain's servers dropped", dial: at(role("tld"), hole)},
		{name: "zone's servers dropped", dial: at(role("zone"), hole), allowed: zoneDown},
		{name: "zone's servers refused", dial: at(role("zone"), just(closed)), allowed: zoneDown},
		{name: "resolvers dropped", dial: at(role("resolver"), hole), allowed: []diagnose.CauseID{"in-progress", "cname-missing"}},
		{name: "all but resolvers dropped", dial: at(role("root", "tld", "zone"), hole)},
		{name: "UDP dropped", dial: at(func(network, _ string) bool { return strings.HasPrefix(network, "udp") }, hole), all: true},
		{name: "TCP dropped", dial: at(func(network, _ string) bool { return strings.HasPrefix(network, "tcp") }, hole), allowed: []diagnose.CauseID{"in-progress", "cname-missing"}},
		{name: "garbage from everybody", all: true, dial: at(everything, forged(func(q []byte) []byte { return []byte("hunter2 is no DNS message")[:max(1, int(q[0])%24)] }))},
		{name: "empty packets from everybody", all: true, dial: at(everything, forged(func([]byte) []byte { return nil }))},
		{name: "the query back from everybody", all: true, dial: at(everything, forged(func(q []byte) []byte { return q }))},
		{name: "forged answers with another id", all: true, dial: at(everything, forged(func(q []byte) []byte {
			q = answerTo(q, bitAA, nxdomain)
			binary.BigEndian.PutUint16(q, binary.BigEndian.Uint16(q)+1)
			return q
		}))},
		{name: "forged answers to another question", all: true, dial: at(everything, forged(func(q []byte) []byte {
			q = answerTo(q, bitAA, nxdomain)
			if len(q) > 14 {
				q[13] ^= 1 // a letter of the name, or its type
			}
			return q
		}))},
		{name: "truncated, without TCP", all: true, dial: at(everything, forged(func(q []byte) []byte { return answerTo(q, bitTC, 0) }))},
		{name: "SERVFAIL from everybody", all: true, dial: at(everything, forged(func(q []byte) []byte { return answerTo(q, 0, 2) }))},
		{name: "REFUSED from everybody", all: true, dial: at(everything, forged(func(q []byte) []byte { return answerTo(q, 0, 5) }))},
		{name: "slow, in time", allowed: []diagnose.CauseID{"in-progress", "cname-missing"}, dial: func(_ *testing.T, intact dialer, _ map[string]string) dialer {
			return func(ctx context.Context, network, address string) (net.Conn, error) {
				c, err := intact(ctx, network, address)
				if err != nil {
					return nil, err
				}
				return laggard{c, 20 * time.Millisecond}, nil
			}
		}},
	}
}

const darkWorld = `One renewal waits for ACM alone, one for a record that is missing.
-- certificates.yaml --
- name: fine.example.com
  expires: +44d
  renewal: PENDING_AUTO_RENEWAL
- name: shop.example.com
  expires: +12d
  renewal: PENDING_VALIDATION
-- zone example.com on ns1.example.net ns2.example.net --
fine  A  198.51.100.10
shop  A  198.51.100.10
@acm(fine.example.com)
-- expect.yaml --
- {ask: fine.example.com, causes: [in-progress], verdict: waiting}
- {ask: shop.example.com, causes: [cname-missing], verdict: blocked}
`

// Whatever becomes of DNS, there is an answer in time that names no cause which
// was not seen, and says what was not seen.
func TestEveryDNSFaultIsSurvived(t *testing.T) {
	w, err := world.Parse("dark", []byte(darkWorld))
	if err != nil {
		t.Fatal(err)
	}
	scene, err := w.Start(t.Context(), world.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(scene.Close)
	questions := map[string]diagnose.CauseID{"fine.example.com": "in-progress", "shop.example.com": "cname-missing"}
	where := map[string]string{}
	for question, want := range questions {
		a := ask(t, sightOf(scene), question)
		if got := causesOf(a); len(got) != 1 || !got[want] {
			t.Fatalf("%s has the causes %v without any fault", question, got)
		}
		for apex, zone := range a.Facts[0].DNS.Zones {
			for _, s := range zone.Servers {
				for _, address := range s.Addresses {
					role := "zone"
					if !strings.Contains(apex, ".") {
						role = "tld"
					}
					where[address+":53"] = role
				}
			}
		}
	}
	for _, root := range scene.DNSOptions().Roots {
		for _, address := range root.Addresses {
			where[address], where[address+":53"] = "root", "root"
		}
	}
	for _, address := range scene.DNSOptions().Resolvers {
		where[address] = "resolver"
	}

	var mu sync.Mutex
	answers, same, reported, dark := 0, 0, 0, 0
	var group errgroup.Group
	group.SetLimit(16)
	faults := darknesses()
	for _, d := range faults {
		for question, cause := range questions {
			group.Go(func() error {
				look := sightOf(scene)
				look.dns.Dial = d.dial(t, look.dns.Dial, where)
				look.dns.Timeout, look.timeout = 300*time.Millisecond, 6*time.Second
				a := ask(t, look, question)
				got, unseen := causesOf(a), unseenOf(a)
				mu.Lock()
				defer mu.Unlock()
				answers++
				if raw, _ := rawIn(shown(t, a)); raw != "" {
					t.Errorf("%s, %s: the answer has %q in it", d.name, question, raw)
				}
				if len(a.Reports) != 1 {
					t.Errorf("%s, %s: %d reports", d.name, question, len(a.Reports))
					return nil
				}
				for id := range got {
					if !slices.Contains(d.allowed, id) && (d.all || id != cause) {
						t.Errorf("%s, %s: the cause %s is made up: %s", d.name, question, id, a.Reports[0].Findings[0].Text)
					}
				}
				switch {
				case len(got) == 1 && got[cause]:
					same++
				case len(unseen) == 0 && len(got) == 0:
					t.Errorf("%s, %s: nothing is said: %s", d.name, question, a.Reports[0].Headline)
				default:
					reported++
				}
				if d.all {
					dark++
					if v := a.Reports[0].Verdict; v != diagnose.VerdictUnknown {
						t.Errorf("%s, %s: in the dark the verdict is %s: %s", d.name, question, v, a.Reports[0].Headline)
					}
				}
				return nil
			})
		}
	}
	_ = group.Wait()
	t.Logf("%d faults, %d answers in time: %d as without a fault, %d that say what was not seen; %d of them in the dark altogether, without a cause",
		len(faults), answers, same, reported, dark)
}

// A bot to which all is dark but Slack answers, and says so.
func TestBotInTheDark(t *testing.T) {
	w, err := world.Parse("dark", []byte(darkWorld))
	if err != nil {
		t.Fatal(err)
	}
	scene, err := w.Start(t.Context(), world.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(scene.Close)
	for _, test := range []struct {
		name string
		dark func(*sight)
		says []string
	}{
		{"AWS, DNS and the Internet", func(s *sight) {
			s.inventory.Config.BaseEndpoint = aws.String("http://" + nowhere)
			s.dns.Dial, s.probe = hole(t), probe.Options{Dial: hole(t)}
		}, []string{"so I cannot say which certificate covers shop.example.com", "Whether the name itself has an address could not be seen: no answer in time", "No connection to ACM in eu-west-1 could be made."}},
		{"DNS and the Internet", func(s *sight) {
			s.dns.Dial, s.probe = hole(t), probe.Options{Dial: hole(t)}
		}, []string{"shop.example.com", "Could not be checked"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			slack := startSlack(t)
			where := sightOf(scene)
			where.inventory.Attempts, where.inventory.PlaceTimeout = 1, time.Second
			where.dns.Timeout, where.timeout = 200*time.Millisecond, 4*time.Second
			test.dark(&where)
			doctor, estate := where.observers()
			defer estate.Close()
			b, err := bot.New(bot.Options{
				BotToken: slack.BotToken(), AppToken: slack.AppToken(), APIURL: slack.APIURL(),
				Diagnostician: doctor, Estate: estate, Store: memory.New(time.Now), Logger: slog.New(slog.DiscardHandler), Sockets: 1,
			})
			if err != nil {
				t.Fatal(err)
			}
			ctx, stop := context.WithTimeout(t.Context(), time.Minute)
			ended := make(chan error, 1)
			go func() { ended <- b.Run(ctx) }()
			defer func() {
				stop()
				if err := <-ended; err != nil {
					t.Error(err)
				}
			}()
			if err := slack.Wait(ctx, func() bool { return slack.Sockets() == 1 }); err != nil {
				t.Fatal(err)
			}
			seen := len(slack.Messages("ops-certificates", "dana"))
			for _, command := range []string{"why shop.example.com", "list"} {
				if _, err := slack.Slash("dana", "ops-certificates", "/acm", command); err != nil {
					t.Fatal(err)
				}
			}
			// The answers stand when no request is under way any more.
			words := func() string {
				var said []string
				for _, m := range slack.Messages("ops-certificates", "dana")[seen:] {
					said = append(said, m.Words())
				}
				return strings.Join(said, "\n")
			}
			if err := slack.Wait(ctx, func() bool {
				for _, part := range test.says {
					if !strings.Contains(words(), part) {
						return false
					}
				}
				return true
			}); err != nil {
				t.Errorf("they say: %s", words())
			}
			if raw, _ := rawIn(words()); raw != "" {
				t.Errorf("%q is in: %s", raw, words())
			}
		})
	}
}
