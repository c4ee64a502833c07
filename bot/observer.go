package bot

import "time"

// An Observer is told what the bot does, for metrics. Its methods are called
// from any goroutine and must not wait.
type Observer interface {
	// Acknowledged is called for every envelope from Slack, with the time from
	// its arrival to the acknowledgement, and whether that could be written.
	Acknowledged(took time.Duration, ok bool)
	// Performed is called when a request of a kind, such as "command", has been
	// worked on. Err is why it could not be answered.
	Performed(kind string, took time.Duration, err error)
	// Declined is called for a request that is not taken, because too much is
	// under way.
	Declined(kind string)
}

// nobody is the observer where none is set.
type nobody struct{}

func (nobody) Acknowledged(time.Duration, bool)       {}
func (nobody) Performed(string, time.Duration, error) {}
func (nobody) Declined(string)                        {}
