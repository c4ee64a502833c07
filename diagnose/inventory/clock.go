package inventory

import (
	"context"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/acmbot/acmbot/diagnose/checkup"
)

// A skewMeter learns from the Date headers of AWS's answers, those of errors
// too, how far this machine's clock is off.
type skewMeter struct {
	mu    sync.Mutex
	known bool
	skew  time.Duration
}

// attach puts the meter behind every call that is made with the configuration.
func (m *skewMeter) attach(cfg *aws.Config) {
	look := middleware.DeserializeMiddlewareFunc("SkewMeter", func(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (middleware.DeserializeOutput, middleware.Metadata, error) {
		before := time.Now()
		out, metadata, err := next.HandleDeserialize(ctx, in)
		if response, ok := out.RawResponse.(*smithyhttp.Response); ok && response != nil && response.Response != nil {
			m.note(before, time.Now(), response.Header)
		}
		return out, metadata, err
	})
	cfg.APIOptions = append(slices.Clip(cfg.APIOptions), func(stack *middleware.Stack) error {
		return stack.Deserialize.Add(look, middleware.After)
	})
}

// note takes the answer whose skew is the least as the truest: what is between
// the server and here only adds to it.
func (m *skewMeter) note(before, after time.Time, header http.Header) {
	skew, ok := checkup.Skew(before, after, header)
	if !ok {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.known || skew.Abs() < m.skew.Abs() {
		m.known, m.skew = true, skew
	}
}

// read returns how far this machine's clock is ahead of AWS's, and whether
// that is known.
func (m *skewMeter) read() (time.Duration, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.skew, m.known
}
