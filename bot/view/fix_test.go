package view

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/acmbot/acmbot/diagnose/fix"
)

func samplePlan(k fix.Kind) fix.Plan {
	r := recordOf("shop.example.com")
	p := fix.Plan{
		Kind: k, Certificate: "arn:aws:acm:eu-west-1:111122223333:certificate/0f6ad6ee-1c3a-4f6e-8d5f-5a1f0c7e9b21",
		Account: "111122223333", Region: "eu-west-1", DomainName: "shop.example.com",
	}
	change := fix.Change{
		ZoneAccount: "444455556666", ZoneID: "Z0123456789ABCDEFGHIJ", ZoneName: "example.com", NameServers: []string{"ns-1.awsdns-01.com"},
		Name: r.Name, Type: "CNAME", After: []string{r.Value}, TTL: 300, For: []string{"shop.example.com"},
	}
	switch k {
	case fix.AddCNAME:
		p.Changes = []fix.Change{change}
		p.More, p.Elsewhere = 2, []string{"`_x.www.example.com` (other records stand in its place)"}
	case fix.PublishSwitchRecords:
		change.Before = []string{"_old.acm-validations.aws"}
		p.Changes = []fix.Change{change, change}
	case fix.AddCAA:
		change.Name, change.Type = "example.com", "CAA"
		change.Before = []string{`0 issue "ca.example"`}
		change.After = []string{`0 issue "amazon.com"`, `0 issue "ca.example"`}
		p.Changes = []fix.Change{change}
	case fix.ResendEmail:
		p.Mails = []fix.Mail{{Name: "shop.example.com", ValidationDomain: "example.com", To: []string{"admin@example.com", "hostmaster@example.com"}}}
	case fix.SwitchToDNS, fix.RenewPrivate:
		p.Names, p.Exported = []string{"shop.example.com", "www.example.com"}, k == fix.RenewPrivate
	}
	return p
}

func sampleFixState(k fix.Kind) FixState {
	return FixState{Query: "shop.example.com", Kind: k, Certificate: "5a1f0c7e9b21", Channel: "C0AOPSCERT", TS: "1764020000.000100", Public: true}
}

func sampleFixReport(k fix.Kind) FixReport {
	p := samplePlan(k)
	r := FixReport{Plan: p, User: "U0ADANA001", UserName: "dana", RequestID: "abc123", At: sampleTime, Query: "shop.example.com"}
	switch {
	case k.Records():
		r.Result = fix.Result{Written: p.Changes, InSync: true, RequestIDs: []string{"/change/C0123"}}
	case k == fix.ResendEmail:
		r.Result.Mailed = p.Mails
	default:
		r.Result.Started = true
	}
	return r
}

func TestFixGolden(t *testing.T) {
	for _, k := range fix.Kinds() {
		golden(t, "fix-confirm-"+string(k), FixConfirm(samplePlan(k), sampleFixState(k), k == fix.AddCAA))
		golden(t, "fix-audit-"+string(k), goldenOf(AuditMessage(sampleFixReport(k))))
	}
	seen := sampleFixReport(fix.AddCNAME)
	seen.Seen, seen.Done = "ACM has renewed the certificate: it is valid until 2027-06-09.", true
	failed := sampleFixReport(fix.AddCNAME)
	failed.Result, failed.Error, failed.Permission = fix.Result{}, "The permission is missing.", "route53:ChangeResourceRecordSets"
	half := sampleFixReport(fix.AddCNAME)
	half.Error, half.Result.InSync = "Route 53 did not answer in time.", false
	nothing := sampleFixReport(fix.AddCNAME)
	nothing.Result.Written, nothing.Result.Already = nil, nothing.Plan.Changes
	for name, r := range map[string]FixReport{"seen": seen, "failed": failed, "half": half, "nothing": nothing, "caa": sampleFixReport(fix.AddCAA), "replaced": sampleFixReport(fix.PublishSwitchRecords)} {
		golden(t, "fix-message-"+name, goldenOf(FixMessage(r)))
	}
	s := sampleFixState(fix.AddCNAME)
	golden(t, "fix-loading", FixLoading(s))
	golden(t, "fix-working", FixWorking(s))
	golden(t, "fix-denied", FixDenied(s, []string{"U0ADANA001"}, []string{"S0AONCALL1"}, Fault{What: "You may not", Next: "Ask one of these", RequestID: "abc123"}))
	golden(t, "fix-fault", FixFault(s, Fault{What: "The zone `example.com` is not in a Route 53 account that I read", RequestID: "abc123"}))
}

// hostileText is what outsiders may put into names and values.
const hostileText = "<!channel> <@U0ADANA001> *x* `y` <https://evil.example|ok> &amp;"

func TestFixMessagesKeepTheLimitsAndPingNobody(t *testing.T) {
	for _, k := range fix.Kinds() {
		for name, p := range map[string]fix.Plan{"plain": samplePlan(k), "hostile": spoilt(samplePlan(k)), "huge": huge(samplePlan(k))} {
			name = string(k) + " " + name
			s := sampleFixState(k)
			r := sampleFixReport(k)
			r.Plan, r.UserName, r.Error, r.Seen = p, hostileText, hostileText, hostileText
			r.Result.Written, r.Result.Mailed = p.Changes, p.Mails
			for _, v := range []any{FixConfirm(p, s, true), FixDone(r, s), FixLoading(s), FixWorking(s)} {
				lintView(t, name, v)
			}
			for _, m := range []Message{FixMessage(r), AuditMessage(r)} {
				lint(t, name, m)
				raw, err := json.Marshal(m)
				if err != nil {
					t.Fatal(err)
				}
				for _, bad := range []string{`"type":"user"`, `"type":"broadcast"`, `"type":"link"`} {
					if strings.Contains(string(raw), bad) {
						t.Errorf("%s: has %s", name, bad)
					}
				}
				if strings.Contains(m.Text, "<!channel>") || strings.Contains(m.Text, "<@") {
					t.Errorf("%s: pings: %s", name, m.Text)
				}
			}
		}
	}
}

func spoilt(p fix.Plan) fix.Plan {
	p.DomainName = hostileText
	for i := range p.Changes {
		p.Changes[i].Before, p.Changes[i].ZoneName, p.Changes[i].For = []string{hostileText}, hostileText, []string{hostileText}
	}
	for i := range p.Mails {
		p.Mails[i].To = []string{hostileText}
	}
	return p
}

// huge is the longest plan there can be.
func huge(p fix.Plan) fix.Plan {
	long := strings.Repeat("a-label-of-a-very-long-name.", 8) + "example.com"
	for len(p.Changes) > 0 && len(p.Changes) < 10 {
		c := p.Changes[0]
		c.Name, c.For = fmt.Sprintf("_%032d.%s", len(p.Changes), long), []string{long}
		p.Changes = append(p.Changes, c)
	}
	for len(p.Mails) > 0 && len(p.Mails) < 10 {
		p.Mails = append(p.Mails, fix.Mail{Name: long, ValidationDomain: long, To: []string{"admin@" + long}})
	}
	return p
}

// What cannot be shown whole must not be agreed to.
func TestFixConfirmShowsEveryChange(t *testing.T) {
	for _, k := range fix.Kinds() {
		for _, p := range []fix.Plan{samplePlan(k), huge(samplePlan(k))} {
			v := FixConfirm(p, sampleFixState(k), true)
			raw, err := json.Marshal(v.Blocks)
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range p.Changes {
				if v.Submit != nil && !strings.Contains(string(raw), c.Name) {
					t.Errorf("%s can be agreed to without %s being shown", k, c.Name)
				}
			}
			if v.Submit == nil {
				t.Errorf("%s: a plan of %d changes is not shown", k, len(p.Changes))
			}
			s, err := ParseFixState(v.PrivateMetadata)
			if err != nil || s.Plan != p.Hash() || s.Kind != k {
				t.Errorf("%s: the state reads back as %+v, %v", k, s, err)
			}
		}
	}
}

func TestParseFixState(t *testing.T) {
	for _, bad := range []string{"", "{", `{"v":99,"q":"a","k":"add-cname"}`, `{"v":1,"q":"a","k":"wash"}`, `{"v":1,"k":"add-cname"}`} {
		if _, err := ParseFixState(bad); err == nil {
			t.Errorf("%q was read", bad)
		}
	}
}
