package bot

import (
	"crypto/rand"
	"strings"
)

// newRequestID returns an id that is short enough to be read out: it is in what
// the person sees where something fails, and in the log.
func newRequestID() string { return strings.ToLower(rand.Text()[:10]) }
