package gather

import (
	"strings"
	"testing"

	"github.com/acmbot/acmbot/diagnose"
	"github.com/acmbot/acmbot/diagnose/checkup"
)

func TestJudgeQuotas(t *testing.T) {
	several := func(n int, account, kind string) (list []diagnose.Listed) {
		for range n {
			list = append(list, diagnose.Listed{CertificateRef: diagnose.CertificateRef{Account: account, Region: "eu-west-1", Type: kind}})
		}
		return list
	}
	const one, other = "111122223333", "222233334444"
	for _, tc := range []struct {
		name   string
		list   []diagnose.Listed
		unread bool
		want   checkup.State
		says   string
	}{
		{"few", several(3, one, diagnose.TypeAmazonIssued), false, checkup.OK, "at most 3"},
		{"just below", several(1999, one, diagnose.TypeAmazonIssued), false, checkup.OK, "at most 1999"},
		{"four fifths", several(2000, one, diagnose.TypeAmazonIssued), false, checkup.Warning, "2000 certificates"},
		{"imported ones count apart", append(several(1500, one, diagnose.TypeImported), several(1500, one, diagnose.TypeAmazonIssued)...), false, checkup.OK, "1500"},
		{"accounts count apart", append(several(1500, one, diagnose.TypeImported), several(1500, other, diagnose.TypeImported)...), false, checkup.OK, "1500"},
		{"too many imported", several(2400, one, diagnose.TypeImported), false, checkup.Warning, "2400 imported"},
		{"private ones do not count", several(9000, one, diagnose.TypePrivate), false, checkup.OK, "at most 0"},
		{"nothing could be read", nil, true, checkup.Skipped, "not checked"},
	} {
		l := diagnose.Listing{Certificates: tc.list}
		if tc.unread {
			l.Scope.Unreadable = []diagnose.Unseen{{What: "all"}}
		}
		got := judgeQuotas(l)
		if len(got) != 1 || got[0].State != tc.want || !strings.Contains(got[0].Detail, tc.says) || (got[0].Fix != "") != (tc.want == checkup.Warning) {
			t.Errorf("%s: %+v", tc.name, got)
		}
	}
}
