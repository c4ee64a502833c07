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

// A KeepObserver is an Observer that is told as well how much is kept.
type KeepObserver interface {
	// Kept is called whenever the watches have been gone through, with how many
	// watches and snoozes all copies of the bot have together.
	Kept(watches, snoozes int)
}

// A DigestObserver is an Observer that is told as well of the daily digests.
type DigestObserver interface {
	// DigestsChecked is called each time it was looked which digests are due,
	// with how each channel stands. It is not called where the store could not
	// tell.
	DigestsChecked(at time.Time, channels []DigestStanding)
	// DigestTried is called when a digest was posted, found to have nothing to
	// say, or failed. One that another copy posts is not told of.
	DigestTried(channel string, result DigestResult)
}

// A DigestStanding is how a channel stands with its digest.
type DigestStanding struct {
	// Channel is its id.
	Channel string
	// Due is when the last digest was due; zero where none was expected yet,
	// such as in a channel that was set up after that.
	Due time.Time
	// Done is when a copy of the bot set about the last one that was done, or
	// when that was due; zero where that is not known.
	Done time.Time
	// Missed is set where the last one was not posted, and is too late now.
	Missed bool
}

// A DigestResult is what came of a digest.
type DigestResult string

// The results.
const (
	DigestPosted DigestResult = "posted"
	DigestLate   DigestResult = "late"   // posted, well after it was due
	DigestQuiet  DigestResult = "quiet"  // nothing was to be said, and nothing was posted
	DigestFailed DigestResult = "failed" // it is tried again
)

// An AlertObserver is an Observer that is told as well of the alerts between
// digests.
type AlertObserver interface {
	// AlertsScanned is called when all certificates have been looked through, or
	// need not be, since no channel is alerted.
	AlertsScanned(at time.Time)
	// AlertTried is called when an alert with some news, such as "opened", was
	// posted, dropped, or failed. One that another copy posts is not told of.
	AlertTried(news string, result AlertResult)
}

// An AlertResult is what came of an alert.
type AlertResult string

// The results.
const (
	AlertPosted  AlertResult = "posted"
	AlertDropped AlertResult = "dropped" // too old, or its channel may not be told
	AlertFailed  AlertResult = "failed"  // it is tried again
)

// A CallObserver is an Observer that is told as well of each call to Slack.
type CallObserver interface {
	// SlackCalled is called when a call of a method of the Web API, such as
	// "chat.postMessage", or of a response URL (MethodHook) was answered, with
	// the HTTP status. Slack tells most of its errors with 200. Status is 0
	// where there was no answer.
	SlackCalled(method string, took time.Duration, status int)
}

// MethodHook stands for a response URL where a CallObserver is told of one.
const MethodHook = "response_url"
