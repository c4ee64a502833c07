package dnstrace

import (
	"fmt"
	"testing"

	"github.com/acmbot/acmbot/diagnose"
	"github.com/acmbot/acmbot/diagnose/checkup"
)

func TestJudgeReach(t *testing.T) {
	reach := func(transport string, outcomes ...diagnose.Outcome) (list []Reach) {
		for n, o := range outcomes {
			list = append(list, Reach{
				Server: "a", Address: fmt.Sprintf("192.0.2.%d:53", n+1), Transport: transport, Outcome: o,
				Intercepted: o == diagnose.OutcomeLame, Detail: "no answer in time",
			})
		}
		return list
	}
	const yes, no = diagnose.OutcomeAnswer, diagnose.OutcomeTimeout
	for _, tc := range []struct {
		reached []Reach
		want    checkup.State
	}{
		{reach("udp", yes, yes, yes), checkup.OK},
		{reach("udp", yes, yes, no), checkup.OK},
		{reach("udp", yes, no, no), checkup.Warning},
		{reach("udp", no, no, no), checkup.Failed},
		{reach("tcp", no), checkup.Failed},
		{reach("udp", yes, diagnose.OutcomeLame), checkup.Failed},
		{[]Reach{{Server: "r", Address: "192.0.2.9:53", Transport: "udp", Recursive: true, Outcome: no}}, checkup.Warning},
		{[]Reach{{Server: "a", Address: "[2001:db8::1]:53", Transport: "udp", Outcome: diagnose.OutcomeUnreachable}}, checkup.Skipped},
	} {
		found := judgeReach(tc.reached)
		if len(found) != 1 || found[0].State != tc.want || (tc.want == checkup.Failed || tc.want == checkup.Warning) != (found[0].Fix != "") {
			t.Errorf("%+v: got %+v, want %s", tc.reached, found, tc.want)
		}
	}
}
