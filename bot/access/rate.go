package access

import (
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// A Rate is how many questions one person may ask in a time. The zero value is
// no limit.
type Rate struct {
	Questions int
	Per       time.Duration
}

// ParseRate reads a rate such as "30/10m", or "none". Its error ends the
// sentence that a setting's name begins.
func ParseRate(text string) (Rate, error) {
	text = strings.ToLower(strings.TrimSpace(text))
	if text == None {
		return Rate{}, nil
	}
	questions, per, ok := strings.Cut(text, "/")
	n, err := strconv.Atoi(strings.TrimSpace(questions))
	d, perErr := time.ParseDuration(strings.TrimSpace(per))
	if !ok || err != nil || perErr != nil {
		return Rate{}, fmt.Errorf("is %q, which is not a number of questions and a time, such as 30/10m, nor none", text)
	}
	if n < 1 || n > 10000 || d < time.Second || d > 24*time.Hour {
		return Rate{}, fmt.Errorf("is %q, which is not between 1 and 10000 questions in 1s to 24h", text)
	}
	return Rate{n, d}, nil
}

func (r Rate) String() string {
	if r.Questions == 0 {
		return None
	}
	return fmt.Sprintf("%d/%s", r.Questions, r.Per)
}

// A Limiter counts people's questions: each person has a bucket that holds
// Rate.Questions and fills up within Rate.Per.
type Limiter struct {
	rate Rate
	now  func() time.Time

	mu      sync.Mutex
	buckets map[string]*rate.Limiter
}

// NewLimiter returns a limiter with a clock.
func NewLimiter(r Rate, now func() time.Time) *Limiter {
	return &Limiter{rate: r, now: now, buckets: map[string]*rate.Limiter{}}
}

// manyBuckets is how many people are remembered before those whose buckets are
// full are forgotten.
const manyBuckets = 1000

// Take takes n questions out of somebody's bucket, or as many as fit into it,
// and returns zero; or it takes nothing and returns how long to wait for them.
func (l *Limiter) Take(who string, n int) (wait time.Duration) {
	if l.rate.Questions == 0 || n < 1 {
		return 0
	}
	n = min(n, l.rate.Questions)
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	b := l.buckets[who]
	if b == nil {
		if len(l.buckets) >= manyBuckets {
			l.forget(now)
		}
		b = rate.NewLimiter(rate.Limit(float64(l.rate.Questions)/l.rate.Per.Seconds()), l.rate.Questions)
		l.buckets[who] = b
	}
	r := b.ReserveN(now, n)
	if wait = r.DelayFrom(now); wait > 0 {
		r.CancelAt(now)
	}
	return wait
}

// forget forgets those who have asked nothing for so long that their buckets
// are full: they begin with a full one anyway.
func (l *Limiter) forget(now time.Time) {
	for who, b := range l.buckets {
		if b.TokensAt(now) >= float64(l.rate.Questions) {
			delete(l.buckets, who)
		}
	}
}
