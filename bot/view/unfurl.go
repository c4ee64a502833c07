package view

import (
	"strings"
	"time"

	"github.com/slack-go/slack"

	"github.com/acmbot/acmbot/diagnose"
)

// Unfurl is what a link to a certificate in the AWS console shows under the
// message that it stands in.
func Unfurl(l *diagnose.Listed, at time.Time, cause string) slack.Attachment {
	var d draft
	d.add(listedRow(l, at, cause, 0))
	var parts []string
	if len(l.Names) > 1 {
		var names []string
		for _, name := range l.Names[1:] {
			names = append(names, code(name))
		}
		parts = append(parts, "Also for "+few(names, 3))
	}
	d.add(small(strings.Join(parts, " "), "As of "+moment(at)))
	return slack.Attachment{
		Fallback: plain(urgencySign(l.Urgency(at)) + " " + nameOf(l.CertificateRef) + ": " + listedWords(l, at)),
		Blocks:   slack.Blocks{BlockSet: fit(d.body, d.foot, messageSurface)},
	}
}
