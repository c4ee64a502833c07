package diagnose

import "testing"

func TestJudgeCAA(t *testing.T) {
	for _, test := range []struct {
		wildcard bool
		want     caaVerdict
		tag      string
		set      []string
	}{
		{false, caaAllows, "issue", []string{`0 issue "amazon.com"`}},
		{false, caaAllows, "issue", []string{`0 issue " Amazon.com ; "`}},
		{false, caaAllows, "issue", []string{`0 issue "amazonaws.com;policy=ev; x-1=!:<~"`}},
		{false, caaAllows, "issue", []string{`0 issue "amazon.com; empty="`}},
		{false, caaAllows, "issue", []string{`0 issue "amazon.com."`, `0 issue "amazontrust.com"`}},
		{true, caaAllows, "issue", []string{`0 issue "amazon.com"`}},
		{true, caaAllows, "issuewild", []string{`0 issue ";"`, `0 issuewild "awstrust.com"`}},
		{false, caaMalformed, "issue", []string{`0 issue "amazon.com."`}},
		{false, caaMalformed, "issue", []string{`0 issue "amazon.com.; account=1"`}},
		{false, caaMalformed, "issue", []string{`0 issue "https://amazon.com"`}},
		{false, caaMalformed, "issue", []string{`0 issue "amazon.com letsencrypt.org"`, `0 issue "letsencrypt.org"`}},
		{false, caaMalformed, "issue", []string{`0 issue "\"amazon.com\""`}},
		{true, caaMalformed, "issuewild", []string{`0 issue "amazon.com"`, `0 issuewild ".amazon.com"`}},
		{false, caaForbids, "issue", []string{`0 issue "not-amazon.com"`}},
		{false, caaForbids, "issue", []string{`0 issue "amazon.com.example"`}},
		{false, caaForbids, "issue", []string{`0 issue "%%%%%"`}},
		{false, caaForbids, "issue", []string{`0 issue ""`}},
		{false, caaForbids, "issue", []string{`0 issue "letsencrypt.org; note=amazon.com."`}},
		{true, caaForbidsWildcard, "issuewild", []string{`0 issue "amazon.com"`, `0 issuewild ";"`}},
		{false, caaNarrowed, "issue", []string{`0 issue "amazon.com; validationmethods=http-01"`}},
		{false, caaNarrowed, "issue", []string{`0 issue "amazon.com; policy=ev;"`}},
		{false, caaNarrowed, "issue", []string{`0 issue "amazon.com; policy"`, `0 issue "amazon.com."`}},
		{false, caaNothingToSay, "", []string{`0 issuewild "letsencrypt.org"`, `0 iodef "mailto:amazon.com."`}},
		{false, caaUnknownCritical, "tbs", []string{`0 issue "amazon.com"`, `128 tbs "unknown"`}},
	} {
		var set []caaProperty
		for _, text := range test.set {
			p, ok := parseCAA(text)
			if !ok {
				t.Fatalf("%s cannot be read", text)
			}
			set = append(set, p)
		}
		if got, culprit := judgeCAA(set, test.wildcard); got != test.want || culprit.Tag != test.tag {
			t.Errorf("%q (wildcard %v) is judged %d by %q, want %d by %q", test.set, test.wildcard, got, culprit.Tag, test.want, test.tag)
		}
	}
}
