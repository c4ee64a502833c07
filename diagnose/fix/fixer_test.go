package fix_test

import (
	"errors"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/acmbot/acmbot/diagnose"
	"github.com/acmbot/acmbot/diagnose/fix"
	"github.com/acmbot/acmbot/diagnose/inventory"
	"github.com/acmbot/acmbot/diagnose/world/awsapi"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	hub    = "111122223333"
	spoke  = "444455556666"
	dublin = "eu-west-1"
	arn    = "arn:aws:acm:" + dublin + ":" + hub + ":certificate/0f6ad6ee-1c3a-4f6e-8d5f-5a1f0c7e9b21"
	zoneID = "Z0SHOP"

	name  = "_0123456789abcdef0123456789abcdef.shop.example.com"
	value = "_fedcba9876543210fedcba9876543210.abcdefghij.acm-validations.aws"
)

var servers = []string{"ns-1.awsdns-01.com", "ns-2.awsdns-02.net"}

// A stage is an AWS with one certificate, whose zone is in another account.
type stage struct {
	*awsapi.Server
	t     *testing.T
	fixer *fix.Fixer
	inv   *inventory.Inventory
}

func open(t *testing.T, kinds ...fix.Kind) *stage {
	t.Helper()
	api := awsapi.New(awsapi.Options{})
	api.Update(func(s *awsapi.State) {
		s.Account(hub).Keys = []awsapi.AccessKey{{ID: "AKIA", Secret: "secret", Principal: "arn:aws:iam::" + hub + ":role/acmbot"}}
		s.Account(hub).Roles = []*awsapi.Role{{Name: "acmbot"}}
		s.Account(spoke).Roles = []*awsapi.Role{{Name: "acmbot-read"}}
		for _, id := range []string{hub, spoke} {
			s.Account(id).PoliciesCount = true
			allowAsPrinted(t, s.Account(id).Roles[0])
		}
		s.Account(spoke).HostedZones = []*awsapi.HostedZone{{ID: zoneID, Name: "example.com", NameServers: slices.Clone(servers)}}
		s.Account(hub).Region(dublin).Certificates = []*awsapi.Certificate{{
			ARN: arn, DomainName: "shop.example.com", SubjectAlternativeNames: []string{"shop.example.com"},
			InUseBy: []string{"arn:aws:elasticloadbalancing:x"}, NotAfter: time.Now().AddDate(0, 0, 12),
			DomainValidationOptions: []awsapi.DomainValidation{{
				DomainName: "shop.example.com", ValidationMethod: "DNS", ValidationStatus: "SUCCESS", RecordName: name + ".", RecordValue: value + ".",
			}},
			Renewal: &awsapi.RenewalSummary{RenewalStatus: "PENDING_VALIDATION", DomainValidationOptions: []awsapi.DomainValidation{{
				DomainName: "shop.example.com", ValidationMethod: "DNS", ValidationStatus: "PENDING_VALIDATION", RecordName: name + ".", RecordValue: value + ".",
			}}},
		}}
	})
	server := httptest.NewServer(api)
	transport := &http.Transport{}
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
		transport.CloseIdleConnections()
	})
	fast := map[string]float64{"route53:*": 0}
	for action := range inventory.DefaultQuotas() {
		fast[action] = 0
	}
	inv := inventory.New(inventory.Options{
		Config: aws.Config{
			Region: dublin, BaseEndpoint: aws.String(server.URL), HTTPClient: &http.Client{Transport: transport},
			Credentials: credentials.NewStaticCredentialsProvider("AKIA", "secret", ""),
		},
		RoleARNs: []string{"arn:aws:iam::" + spoke + ":role/acmbot-read"}, Quotas: fast, Attempts: 2,
	})
	if len(kinds) == 0 {
		kinds = fix.Kinds()
	}
	return &stage{
		Server: api, t: t, inv: inv,
		fixer: fix.New(fix.Options{Inventory: inv, Kinds: kinds, SyncTimeout: 50 * time.Millisecond, Poll: time.Millisecond}),
	}
}

// allowAsPrinted lets a role do what deploy/README.md tells to let it do for all
// fixes, and no more.
func allowAsPrinted(t *testing.T, role *awsapi.Role) {
	t.Helper()
	files := []string{"deploy/iam/read.json", "deploy/iam/read-extra.json", "deploy/iam/assume.json"}
	for _, k := range fix.Kinds() {
		files = append(files, fix.Policy(k))
	}
	for _, file := range files {
		text, err := os.ReadFile("../../" + file)
		if err == nil {
			err = role.SetPolicy(file, string(text))
		}
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
	}
}

func (s *stage) zone(change func(*awsapi.HostedZone)) {
	s.Update(func(state *awsapi.State) { change(state.Zone(zoneID)) })
}

func (s *stage) certificate(change func(*awsapi.Certificate)) {
	s.Update(func(state *awsapi.State) { change(state.Certificate(arn)) })
}

// set is the values of a record set.
func (s *stage) set(name, rrtype string) []string {
	var list []string
	s.zone(func(z *awsapi.HostedZone) {
		for _, r := range z.Records {
			if r.Name == name && r.Type == rrtype {
				list = append(list, r.Values...)
			}
		}
	})
	return list
}

// writes are the calls that change something.
func (s *stage) writes() []string {
	var list []string
	for _, c := range s.Calls() {
		if !slices.Contains(inventory.Actions(), c.IAM()) && c.IAM() != "route53:GetChange" {
			list = append(list, c.IAM())
		}
	}
	return list
}

func plan() fix.Plan {
	return fix.Plan{
		Kind: fix.AddCNAME, Certificate: arn, Account: hub, Region: dublin, DomainName: "shop.example.com",
		Changes: []fix.Change{{
			ZoneAccount: spoke, ZoneID: zoneID, ZoneName: "example.com", NameServers: slices.Clone(servers),
			Name: name, Type: "CNAME", After: []string{value}, TTL: 300, For: []string{"shop.example.com"},
		}},
	}
}

func cname(values ...string) awsapi.RecordSet {
	return awsapi.RecordSet{Name: name, Type: "CNAME", TTL: 60, Values: values}
}

func TestRecordIsWrittenOnce(t *testing.T) {
	s := open(t)
	for i, nothing := range []bool{false, true, true} {
		result, err := s.fixer.Apply(t.Context(), plan(), fix.Consent{})
		if err != nil || result.Nothing() != nothing || !result.InSync {
			t.Fatalf("time %d: %+v, %v", i+1, result, err)
		}
	}
	if diff := cmp.Diff([]string{value}, s.set(name, "CNAME")); diff != "" {
		t.Errorf("record (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"route53:ChangeResourceRecordSets"}, s.writes()); diff != "" {
		t.Errorf("writes (-want +got):\n%s", diff)
	}
}

func TestRecordIsReplacedOnlyAsShownAndConfirmed(t *testing.T) {
	const old = "_old.acm-validations.aws"
	for _, test := range []struct {
		name           string
		before, really string
		replace        bool
		want           fix.Reason
	}{
		{"shown and confirmed", old, old + ".", true, ""},
		{"not confirmed", old, old, false, fix.Unconfirmed},
		{"not shown", "", old, true, fix.Stale},
		{"another than shown", "_older.acm-validations.aws", old, true, fix.Stale},
		{"gone since", old, "", true, fix.Stale},
		{"right by now", old, value + ".", false, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := open(t)
			p := plan()
			if test.before != "" {
				p.Changes[0].Before = []string{test.before}
			}
			if test.really != "" {
				s.zone(func(z *awsapi.HostedZone) { z.Records = append(z.Records, cname(test.really)) })
			}
			_, err := s.fixer.Apply(t.Context(), p, fix.Consent{Replace: test.replace})
			if got := reason(err); got != test.want {
				t.Fatalf("refused for %q (%v), want %q", got, err, test.want)
			}
			if got := s.set(name, "CNAME"); test.want == "" && strings.TrimSuffix(got[0], ".") != value {
				t.Errorf("the record is %v", got)
			}
			if test.want != "" && len(s.writes()) > 0 {
				t.Errorf("wrote all the same: %v", s.writes())
			}
		})
	}
}

func reason(err error) fix.Reason {
	if refusal, ok := errors.AsType[*fix.Refusal](err); ok {
		return refusal.Reason
	}
	if err != nil {
		return "no refusal: " + fix.Reason(err.Error())
	}
	return ""
}

// Whatever a plan says, these are refused, and nothing is written.
func TestRefusals(t *testing.T) {
	for _, test := range []struct {
		name   string
		plan   func(*fix.Plan)
		state  func(*stage)
		kinds  []fix.Kind
		reason fix.Reason
		text   string
	}{
		{name: "switched off", kinds: []fix.Kind{fix.AddCAA}, reason: fix.NotEnabled, text: "ACMBOT_FIX"},
		{name: "no such kind", plan: func(p *fix.Plan) { p.Kind = "delete-everything" }, reason: fix.NotEnabled},
		{name: "no changes", plan: func(p *fix.Plan) { p.Changes = nil }, reason: fix.Unsafe},
		{name: "too many changes", plan: func(p *fix.Plan) { p.Changes = slices.Repeat(p.Changes, 11) }, reason: fix.Unsafe},
		{name: "target elsewhere", plan: func(p *fix.Plan) { p.Changes[0].After = []string{"evil.example.net"} }, reason: fix.Unsafe, text: "not under `acm-validations.aws`"},
		{name: "target that only looks so", plan: func(p *fix.Plan) { p.Changes[0].After = []string{"_x.evilacm-validations.aws"} }, reason: fix.Unsafe, text: "not under"},
		{name: "target above", plan: func(p *fix.Plan) { p.Changes[0].After = []string{"acm-validations.aws"} }, reason: fix.Unsafe, text: "not under"},
		{name: "another target of ACM's", plan: func(p *fix.Plan) { p.Changes[0].After = []string{"_other.acm-validations.aws"} }, reason: fix.Unsafe, text: "asks for another target"},
		{name: "target changed at ACM", state: func(s *stage) {
			s.certificate(func(c *awsapi.Certificate) {
				c.Renewal.DomainValidationOptions[0].RecordValue = "_new.acm-validations.aws."
			})
		}, reason: fix.Unsafe, text: "asks for another target"},
		{name: "target elsewhere that ACM asks for", plan: func(p *fix.Plan) { p.Changes[0].After = []string{"evil.example.net"} }, state: func(s *stage) {
			s.certificate(func(c *awsapi.Certificate) { c.Renewal.DomainValidationOptions[0].RecordValue = "evil.example.net." })
		}, reason: fix.Unsafe, text: "not under"},
		{name: "another name", plan: func(p *fix.Plan) { p.Changes[0].Name = "www.example.com" }, reason: fix.Unsafe, text: "does not ask for a record at"},
		{name: "a name outside the zone", plan: func(p *fix.Plan) { p.Changes[0].Name = "_x.badexample.com" }, reason: fix.Unsafe, text: "not in the zone"},
		{name: "the apex", plan: func(p *fix.Plan) { p.Changes[0].Name = "example.com" }, reason: fix.Unsafe, text: "apex"},
		{name: "a wildcard", plan: func(p *fix.Plan) { p.Changes[0].Name = "*.example.com" }, reason: fix.Unsafe},
		{name: "another type", plan: func(p *fix.Plan) { p.Changes[0].Type = "TXT" }, reason: fix.Unsafe},
		{name: "several targets", plan: func(p *fix.Plan) { p.Changes[0].After = []string{value, value} }, reason: fix.Unsafe},
		{name: "a silly TTL", plan: func(p *fix.Plan) { p.Changes[0].TTL = 1 << 40 }, reason: fix.Unsafe},
		{name: "delegation not known", plan: func(p *fix.Plan) { p.Changes[0].NameServers = nil }, reason: fix.Unsafe, text: "not known which name servers"},
		{name: "zone not delegated", plan: func(p *fix.Plan) { p.Changes[0].NameServers = []string{"ns1.example.net"} }, reason: fix.Unsafe, text: "not the one that `example.com` is delegated to"},
		{name: "private zone", state: func(s *stage) { s.zone(func(z *awsapi.HostedZone) { z.Private = true }) }, reason: fix.Unsafe, text: "private"},
		{name: "a zone of another name", state: func(s *stage) { s.zone(func(z *awsapi.HostedZone) { z.Name = "example.org" }) }, reason: fix.Unsafe, text: "is not `example.com`"},
		{name: "zone gone", plan: func(p *fix.Plan) { p.Changes[0].ZoneID = "Z0GONE" }, reason: fix.Failed, text: "does not have it"},
		{name: "another type at the name", state: func(s *stage) {
			s.zone(func(z *awsapi.HostedZone) {
				z.Records = []awsapi.RecordSet{{Name: name, Type: "TXT", TTL: 60, Values: []string{`"x"`}}}
			})
		}, reason: fix.Stale, text: "TXT"},
		{name: "a weighted record", state: func(s *stage) {
			s.zone(func(z *awsapi.HostedZone) {
				set := cname("a.example.com")
				set.SetIdentifier, set.Weight = "one", aws.Int64(1)
				z.Records = []awsapi.RecordSet{set}
			})
		}, reason: fix.Unsafe, text: "routing policy"},
		{name: "certificate gone", state: func(s *stage) {
			s.Update(func(state *awsapi.State) { state.Account(hub).Region(dublin).Certificates = nil })
		}, reason: fix.Failed, text: "does not have it"},
		{name: "another account's certificate", plan: func(p *fix.Plan) { p.Account = spoke }, reason: fix.Failed},
		{name: "an unknown account", plan: func(p *fix.Plan) { p.Account = "999999999999" }, reason: fix.Failed, text: "not one of those that acmbot was told to read"},
		{name: "records of a switch that is none", plan: func(p *fix.Plan) { p.Kind = fix.PublishSwitchRecords }, reason: fix.Unsafe, text: "does not ask for a record"},
		{name: "a first CAA record", plan: asCAA(nil, `0 issue "amazon.com"`), reason: fix.Unsafe, text: "shut every other issuer out"},
		{name: "a CAA value of another's", plan: asCAA([]string{`0 issue "ca.example"`}, `0 issue "ca.example"`, `0 issue "evil.example"`), reason: fix.Unsafe, text: "not one that I add"},
		{name: "a CAA value lost", plan: asCAA([]string{`0 issue "ca.example"`}, `0 issue "amazon.com"`), reason: fix.Unsafe, text: "lose a value"},
		{name: "CAA at a name that is not the certificate's", plan: func(p *fix.Plan) {
			asCAA([]string{`0 issue "ca.example"`}, `0 issue "amazon.com"`, `0 issue "ca.example"`)(p)
			p.Changes[0].Name = "other.example.com"
		}, reason: fix.Unsafe, text: "No name on the certificate"},
		{name: "CAA that is not as shown", plan: asCAA([]string{`0 issue "ca.example"`}, `0 issue "amazon.com"`, `0 issue "ca.example"`), state: func(s *stage) {
			s.zone(func(z *awsapi.HostedZone) {
				z.Records = []awsapi.RecordSet{{Name: "example.com", Type: "CAA", TTL: 60, Values: []string{`0 issue "other.example"`}}}
			})
		}, reason: fix.Stale, text: "other.example"},
		{name: "no mails", plan: func(p *fix.Plan) { p.Kind = fix.ResendEmail }, reason: fix.Unsafe},
		{name: "switch of one validated by DNS that is not issued", plan: func(p *fix.Plan) { p.Kind = fix.SwitchToDNS }, state: func(s *stage) {
			s.certificate(func(c *awsapi.Certificate) { c.Status = "EXPIRED" })
		}, reason: fix.NotNeeded},
		{name: "renewal of a public one", plan: func(p *fix.Plan) { p.Kind, p.Exported = fix.RenewPrivate, true }, reason: fix.NotPossible, text: "Only a private certificate"},
		{name: "permission missing", state: func(s *stage) {
			s.Update(func(state *awsapi.State) { state.Account(spoke).Deny = []string{"route53:ChangeResourceRecordSets"} })
		}, reason: fix.Failed, text: "route53:ChangeResourceRecordSets"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := open(t, test.kinds...)
			p := plan()
			if test.plan != nil {
				test.plan(&p)
			}
			if test.state != nil {
				test.state(s)
			}
			result, err := s.fixer.Apply(t.Context(), p, fix.Consent{Replace: true})
			if got := reason(err); got != test.reason || !strings.Contains(err.Error(), test.text) {
				t.Fatalf("refused for %q: %v\nwant %q with %q", got, err, test.reason, test.text)
			}
			if !result.Nothing() {
				t.Errorf("did something: %+v", result)
			}
			if test.name != "permission missing" && len(s.writes()) > 0 {
				t.Errorf("wrote: %v", s.writes())
			}
			if got := s.set(name, "CNAME"); len(got) > 0 && test.name != "a weighted record" {
				t.Errorf("there is a record: %v", got)
			}
		})
	}
}

func asCAA(before []string, after ...string) func(*fix.Plan) {
	return func(p *fix.Plan) {
		p.Kind = fix.AddCAA
		c := &p.Changes[0]
		c.Name, c.Type, c.Before, c.After = "example.com", "CAA", before, after
	}
}

func TestCAAKeepsTheOthers(t *testing.T) {
	s := open(t)
	before := []string{`0 iodef "mailto:a@example.com"`, `0 issue "ca.example"`}
	s.zone(func(z *awsapi.HostedZone) {
		z.Records = []awsapi.RecordSet{{Name: "example.com", Type: "CAA", TTL: 60, Values: []string{before[1], before[0]}}}
	})
	p := plan()
	asCAA(before, before[0], `0 issue "amazon.com"`, before[1])(&p)
	for _, nothing := range []bool{false, true} {
		if result, err := s.fixer.Apply(t.Context(), p, fix.Consent{}); err != nil || result.Nothing() != nothing {
			t.Fatalf("%+v, %v", result, err)
		}
	}
	got := s.set("example.com", "CAA")
	slices.Sort(got)
	if diff := cmp.Diff([]string{before[0], `0 issue "amazon.com"`, before[1]}, got); diff != "" {
		t.Errorf("records (-want +got):\n%s", diff)
	}
}

func TestChangeThatIsNotInSyncInTime(t *testing.T) {
	s := open(t)
	s.Inject(&awsapi.Fault{Service: "route53", Action: "GetChange", Status: 200, Body: `<GetChangeResponse xmlns="https://route53.amazonaws.com/doc/2013-04-01/"><ChangeInfo><Id>/change/C1</Id><Status>PENDING</Status><SubmittedAt>2026-01-01T00:00:00Z</SubmittedAt></ChangeInfo></GetChangeResponse>`})
	result, err := s.fixer.Apply(t.Context(), plan(), fix.Consent{})
	if err != nil || result.InSync || len(result.Written) != 1 {
		t.Errorf("%+v, %v", result, err)
	}
}

// The answer to a change can get lost after the change was made.
func TestAnswerLostOnTheWay(t *testing.T) {
	s := open(t)
	p := plan()
	p.Changes = append(p.Changes, p.Changes[0]) // the second CREATE of a batch is refused
	p.Changes[1].Name = "_00000000000000000000000000000000.www.example.com"
	s.certificate(func(c *awsapi.Certificate) {
		c.SubjectAlternativeNames = append(c.SubjectAlternativeNames, "www.example.com")
		more := c.Renewal.DomainValidationOptions[0]
		more.DomainName, more.RecordName = "www.example.com", p.Changes[1].Name+"."
		c.Renewal.DomainValidationOptions = append(c.Renewal.DomainValidationOptions, more)
	})
	s.Inject(&awsapi.Fault{Service: "route53", Action: "ChangeResourceRecordSets", First: 1, Error: &awsapi.Error{Code: "InvalidChangeBatch", Message: "it already exists"}})
	if _, err := s.fixer.Apply(t.Context(), p, fix.Consent{}); reason(err) != fix.Stale {
		t.Fatalf("nothing is there, and yet: %v", err)
	}
	if result, err := s.fixer.Apply(t.Context(), p, fix.Consent{}); err != nil || len(result.Written) != 2 {
		t.Fatalf("%+v, %v", result, err)
	}
}

func TestMailIsSentAgain(t *testing.T) {
	s := open(t)
	s.certificate(byEmail)
	facts, report := s.diagnosed()
	p, err := s.fixer.Prepare(t.Context(), facts, report, fix.ResendEmail)
	if err != nil {
		t.Fatal(err)
	}
	want := []fix.Mail{{Name: "shop.example.com", ValidationDomain: "example.com", To: []string{"admin@example.com"}}}
	if diff := cmp.Diff(want, p.Mails); diff != "" {
		t.Errorf("mails (-want +got):\n%s", diff)
	}
	result, err := s.fixer.Apply(t.Context(), p, fix.Consent{})
	if err != nil || len(result.Mailed) != 1 {
		t.Fatalf("%+v, %v", result, err)
	}
	s.certificate(func(c *awsapi.Certificate) {
		if c.Resent["shop.example.com"] != 1 {
			t.Errorf("sent %v", c.Resent)
		}
		c.Renewal.DomainValidationOptions[0].ValidationDomain = "shop.example.com"
	})
	if _, err := s.fixer.Apply(t.Context(), p, fix.Consent{}); reason(err) != fix.Stale {
		t.Errorf("ACM writes to another domain now: %v", err)
	}
	s.certificate(func(c *awsapi.Certificate) { c.Renewal.DomainValidationOptions[0].ValidationStatus = "SUCCESS" })
	if result, err := s.fixer.Apply(t.Context(), p, fix.Consent{}); err != nil || !result.Nothing() {
		t.Errorf("approved meanwhile: %+v, %v", result, err)
	}
}

func byEmail(c *awsapi.Certificate) {
	v := awsapi.DomainValidation{
		DomainName: "shop.example.com", ValidationMethod: "EMAIL", ValidationStatus: "PENDING_VALIDATION",
		ValidationDomain: "example.com", ValidationEmails: []string{"admin@example.com"},
	}
	c.ValidationMethod = "EMAIL"
	c.Renewal.DomainValidationOptions = []awsapi.DomainValidation{v}
	v.ValidationStatus = "SUCCESS"
	c.DomainValidationOptions = []awsapi.DomainValidation{v}
}

// diagnosed is what a diagnosis without DNS makes of the certificate.
func (s *stage) diagnosed() (*diagnose.Facts, *diagnose.Report) {
	s.t.Helper()
	found := s.inv.Find(s.t.Context(), diagnose.Query{ARN: arn}, nil)
	if len(found.Certificates) != 1 {
		s.t.Fatalf("found %+v", found)
	}
	f := &diagnose.Facts{At: time.Now(), Certificate: found.Certificates[0]}
	r := diagnose.Judge(f)
	return f, &r
}

func TestSwitchToDNSAndItsRecords(t *testing.T) {
	s := open(t)
	s.certificate(byEmail)
	facts, report := s.diagnosed()
	p, err := s.fixer.Prepare(t.Context(), facts, report, fix.SwitchToDNS)
	if err != nil {
		t.Fatal(err)
	}
	result, err := s.fixer.Apply(t.Context(), p, fix.Consent{})
	if err != nil || !result.Started || len(result.Records) != 1 {
		t.Fatalf("%+v, %v", result, err)
	}
	again, err := s.fixer.Apply(t.Context(), p, fix.Consent{})
	if err != nil || again.Started || len(again.Records) != 1 {
		t.Fatalf("begun twice: %+v, %v", again, err)
	}
	records := plan()
	records.Kind = fix.PublishSwitchRecords
	records.Changes[0].Name, records.Changes[0].After = result.Records[0].Name, []string{result.Records[0].Value}
	if _, err := s.fixer.Apply(t.Context(), records, fix.Consent{}); err != nil {
		t.Fatal(err)
	}
	if got := s.set(result.Records[0].Name, "CNAME"); len(got) != 1 {
		t.Errorf("the record is %v", got)
	}
}

func TestRenewal(t *testing.T) {
	s := open(t)
	s.certificate(private)
	facts, report := s.diagnosed()
	p, err := s.fixer.Prepare(t.Context(), facts, report, fix.RenewPrivate)
	if err != nil {
		t.Fatal(err)
	}
	for _, nothing := range []bool{false, true} {
		result, err := s.fixer.Apply(t.Context(), p, fix.Consent{})
		if err != nil || result.Nothing() != nothing {
			t.Fatalf("%+v, %v", result, err)
		}
	}
	s.certificate(func(c *awsapi.Certificate) { c.Renewal, c.RenewalEligibility = nil, "INELIGIBLE" })
	if _, err := s.fixer.Apply(t.Context(), p, fix.Consent{}); reason(err) != fix.NotPossible {
		t.Errorf("not eligible: %v", err)
	}
	s.certificate(func(c *awsapi.Certificate) { c.RenewalEligibility = "" })
	p.Exported = false
	if _, err := s.fixer.Apply(t.Context(), p, fix.Consent{}); reason(err) != fix.Unsafe {
		t.Errorf("not exported: %v", err)
	}
}

func private(c *awsapi.Certificate) {
	c.Type, c.CertificateAuthorityARN, c.Exported = "PRIVATE", "arn:aws:acm-pca:"+dublin+":"+hub+":certificate-authority/ca", true
	c.DomainValidationOptions, c.Renewal = nil, &awsapi.RenewalSummary{RenewalStatus: "FAILED", RenewalStatusReason: "PCA_REQUEST_FAILED"}
}

// Every kind, done once: what is called beyond what a diagnosis calls is what
// the kinds say that they need.
func TestPermissionsAreWhatIsCalled(t *testing.T) {
	for _, k := range fix.Kinds() {
		t.Run(string(k), func(t *testing.T) {
			s := open(t)
			p := plan()
			p.Kind = k
			switch k {
			case fix.AddCAA:
				asCAA([]string{`0 issue "ca.example"`}, `0 issue "amazon.com"`, `0 issue "ca.example"`)(&p)
				s.zone(func(z *awsapi.HostedZone) {
					z.Records = []awsapi.RecordSet{{Name: "example.com", Type: "CAA", TTL: 60, Values: p.Changes[0].Before}}
				})
			case fix.ResendEmail:
				s.certificate(byEmail)
				p.Mails = []fix.Mail{{Name: "shop.example.com", ValidationDomain: "example.com"}}
			case fix.SwitchToDNS:
				s.certificate(byEmail)
			case fix.PublishSwitchRecords:
				s.certificate(func(c *awsapi.Certificate) {
					c.Requested = c.Renewal.DomainValidationOptions
					c.Update = &awsapi.UpdateSummary{Status: "PENDING_DOMAIN_VALIDATION", From: "EMAIL", To: "DNS"}
				})
			case fix.RenewPrivate:
				s.certificate(private)
				p.Exported = true
			}
			if result, err := s.fixer.Apply(t.Context(), p, fix.Consent{}); err != nil || result.Nothing() {
				t.Fatalf("%+v, %v", result, err)
			}
			called := map[string]bool{}
			for _, c := range s.Calls() {
				if !slices.Contains(inventory.Actions(), c.IAM()) {
					called[c.IAM()] = true
				}
			}
			var want []string
			for _, need := range k.Permissions() {
				want = append(want, need.Action)
				if need.Why == "" {
					t.Errorf("%s has no reason", need.Action)
				}
			}
			if diff := cmp.Diff(want, slices.Sorted(maps.Keys(called))); diff != "" {
				t.Errorf("actions (-listed +called):\n%s", diff)
			}
		})
	}
}
