package fix_test

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/acmbot/acmbot/diagnose/checkup"
	"github.com/acmbot/acmbot/diagnose/fix"
	"github.com/acmbot/acmbot/diagnose/inventory"
	"github.com/acmbot/acmbot/diagnose/world/awsapi"
)

// What each fix takes is asked of IAM; nothing is written.
func TestTask(t *testing.T) {
	const account = "111122223333"
	api := awsapi.New(awsapi.Options{})
	api.Update(func(s *awsapi.State) {
		a := s.Account(account)
		a.Keys = []awsapi.AccessKey{{ID: "AKIA", Secret: "secret"}}
	})
	server := httptest.NewServer(api)
	defer server.Close()
	o := inventory.Options{
		Config: aws.Config{
			Region: "eu-west-1", BaseEndpoint: aws.String(server.URL), HTTPClient: server.Client(),
			Credentials: credentials.NewStaticCredentialsProvider("AKIA", "secret", ""),
		},
		Regions: []string{"eu-west-1"},
	}
	check := func(kinds ...fix.Kind) map[string]checkup.Check {
		t.Helper()
		got := map[string]checkup.Check{}
		for _, c := range checkup.Run(t.Context(), []checkup.Task{fix.Task(o, kinds)}, nil) {
			if c.State == checkup.Warning && c.Fix == "" || c.Detail == "" {
				t.Errorf("incomplete: %+v", c)
			}
			got[c.What] = c
		}
		return got
	}

	got := check(fix.Kinds()...)
	var actions int
	for _, k := range fix.Kinds() {
		for _, p := range k.Permissions() {
			actions++
			if c := got[string(k)+" "+p.Action]; c.State != checkup.OK || c.Account != account || !strings.Contains(c.Purpose, p.Why) {
				t.Errorf("%s %s: %+v", k, p.Action, c)
			}
		}
	}
	if len(got) != actions {
		t.Errorf("%d checks for %d permissions", len(got), actions)
	}

	api.Update(func(s *awsapi.State) {
		s.Account(account).Deny = []string{"route53:Change*", "acm:ResendValidationEmail"}
	})
	got = check(fix.AddCNAME, fix.AddCAA, fix.ResendEmail, fix.RenewPrivate)
	for what, file := range map[string]string{
		"add-cname route53:ChangeResourceRecordSets": "fix-route53-cname.json", "add-caa route53:ChangeResourceRecordSets": "fix-route53-caa.json",
		"resend-email acm:ResendValidationEmail": "fix-acm-resend-email.json",
	} {
		if c := got[what]; c.State != checkup.Warning || !strings.Contains(c.Fix, file) || !strings.Contains(c.Fix, " to the user arn:aws:iam::"+account+":user/acmbot, as ") {
			t.Errorf("%s: %+v", what, c)
		}
	}
	if c := got["renew-private acm:RenewCertificate"]; c.State != checkup.OK {
		t.Errorf("%+v", c)
	}

	api.Update(func(s *awsapi.State) { s.Account(account).Deny = []string{"iam:*"} })
	if c := check(fix.AddCNAME)["permissions"]; c.State != checkup.Skipped || !strings.Contains(c.Detail, "cannot be checked without doing it") || !strings.Contains(c.Fix, "deploy/iam/doctor.json") {
		t.Errorf("IAM may not be asked: %+v", c)
	}
	if c := check()["permissions"]; c.State != checkup.Skipped || !strings.Contains(c.Detail, "only reads") {
		t.Errorf("no fixes: %+v", c)
	}
	for _, call := range api.Calls() {
		if strings.Contains(call.Action, "Change") || strings.Contains(call.Action, "Resend") || strings.Contains(call.Action, "Renew") || strings.Contains(call.Action, "Update") {
			t.Errorf("%s was called", call.IAM())
		}
	}
}
