package checkup

import (
	"fmt"
	"net/http"
	"time"
)

// Skew is how far this machine's clock is ahead of that of a server whose answer,
// with these headers, came between two moments of it; it is not ok where the
// answer has no Date. It is as exact as the answer was quick, and as a second.
func Skew(before, after time.Time, header http.Header) (skew time.Duration, ok bool) {
	date, err := http.ParseTime(header.Get("Date"))
	if err != nil {
		return 0, false
	}
	return before.Add(after.Sub(before) / 2).Sub(date).Truncate(time.Second), true
}

// Clock judges a clock that is ahead of another, such as "AWS", by so much. AWS
// refuses requests that are five minutes off ("Troubleshooting Signature
// Version 4 requests",
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html);
// the SDK then corrects itself, but DNSSEC signatures and days left are judged
// by the clock as it is.
func Clock(whose string, skew time.Duration, known bool) Check {
	c := Check{
		Area: AreaClock, What: "skew against " + whose, State: OK, Purpose: "days left, DNSSEC's signatures and the signatures of calls to AWS",
		Detail: "within a few seconds of " + whose + "'s",
	}
	direction := "ahead of"
	if skew < 0 {
		direction = "behind"
	}
	off := fmt.Sprintf("%s %s %s's", skew.Abs().Truncate(time.Second), direction, whose)
	switch {
	case !known:
		c.State, c.Detail = Skipped, "not checked: "+whose+" did not tell the time"
	case skew.Abs() >= 5*time.Minute:
		c.State, c.Detail = Failed, off
	case skew.Abs() >= 30*time.Second:
		c.State, c.Detail = Warning, off
	}
	if c.State == Failed || c.State == Warning {
		c.Fix = "Let this machine set its clock by NTP; on EC2, Amazon Time Sync is at 169.254.169.123."
	}
	return c
}
