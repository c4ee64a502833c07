package diagnose

// An Obstacle is a kind of reason why something could not be observed.
type Obstacle string

// The obstacles.
const (
	AccessDenied  Obstacle = "access-denied"
	Throttled     Obstacle = "throttled"
	TimedOut      Obstacle = "timed-out"
	Unreachable   Obstacle = "unreachable"
	NotConfigured Obstacle = "not-configured"
	NotAllowed    Obstacle = "not-allowed" // refused by the bot's own rules, such as the prober's address guard
	BadAnswer     Obstacle = "bad-answer"
	NotFound      Obstacle = "not-found"
	OverBudget    Obstacle = "over-budget" // the diagnosis had to stop before it came to this
)

// Words say it to a person, as the end of a sentence.
func (o Obstacle) Words() string {
	switch o {
	case AccessDenied:
		return "access denied"
	case Throttled:
		return "throttled by AWS"
	case TimedOut:
		return "no answer in time"
	case Unreachable:
		return "not reachable"
	case NotConfigured:
		return "not configured"
	case NotAllowed:
		return "not allowed by the bot's own rules"
	case BadAnswer:
		return "an answer that makes no sense"
	case NotFound:
		return "not found"
	case OverBudget:
		return "not reached in the time there is"
	default:
		return string(o)
	}
}
