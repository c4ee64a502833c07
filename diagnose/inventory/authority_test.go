package inventory_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/acmbot/acmbot/diagnose"
	"github.com/acmbot/acmbot/diagnose/inventory"
	"github.com/acmbot/acmbot/diagnose/world/awsapi"
)

func authorityARN(account string) string {
	return "arn:aws:acm-pca:" + tokyo + ":" + account + ":certificate-authority/ca"
}

func TestAuthority(t *testing.T) {
	ca := func(account string) *awsapi.Authority {
		return &awsapi.Authority{
			ARN: authorityARN(account), Status: "DELETED", NotAfter: today, RestorableUntil: today.AddDate(0, 0, 7),
			Permissions: []awsapi.Permission{
				{Principal: "other.amazonaws.com", Actions: []string{"GetPolicy"}},
				{Principal: "acm.amazonaws.com", Actions: []string{"ListPermissions", "IssueCertificate"}},
			},
		}
	}
	for _, test := range []struct {
		name   string
		arn    string
		change func(*awsapi.State)
		want   diagnose.Authority
		unseen []string
	}{
		{
			"disabled", authorityARN(hub),
			func(s *awsapi.State) {
				c := ca(hub)
				c.Status = "DISABLED"
				s.Account(hub).Region(tokyo).Authorities = []*awsapi.Authority{c}
			},
			diagnose.Authority{Account: hub, Status: "DISABLED", NotAfter: today, RestorableUntil: today.AddDate(0, 0, 7), UsageMode: "GENERAL_PURPOSE", Permitted: []string{"IssueCertificate", "ListPermissions"}, PermissionsRead: true, PolicyRead: true},
			nil,
		},
		{
			"deleted", authorityARN(hub),
			func(s *awsapi.State) { s.Account(hub).Region(tokyo).Authorities = []*awsapi.Authority{ca(hub)} },
			diagnose.Authority{Account: hub, Status: "DELETED", NotAfter: today, RestorableUntil: today.AddDate(0, 0, 7), UsageMode: "GENERAL_PURPOSE"},
			nil,
		},
		{
			"shared by an account that is not read", authorityARN(third),
			func(s *awsapi.State) {
				c := ca(third)
				c.Status, c.Policy = "ACTIVE", `{"Statement":[{"Effect":"Allow","Principal":{"AWS":"`+hub+`"},"Resource":"`+authorityARN(third)+`",
					"Action":["acm-pca:DescribeCertificateAuthority","acm-pca:GetCertificate","acm-pca:GetCertificateAuthorityCertificate","acm-pca:ListPermissions","acm-pca:ListTags"]}]}`
				s.Account(third).Region(tokyo).Authorities = []*awsapi.Authority{c}
			},
			diagnose.Authority{Account: third, Status: "ACTIVE", NotAfter: today, RestorableUntil: today.AddDate(0, 0, 7), UsageMode: "GENERAL_PURPOSE", Permitted: []string{"IssueCertificate", "ListPermissions"}, PermissionsRead: true},
			[]string{hub + "/" + tokyo + " not-configured"},
		},
		{
			"shared by an account that is read", authorityARN(hub),
			func(s *awsapi.State) {
				c := ca(hub)
				c.Status, c.Policy = "ACTIVE", `{"Statement":[{"Effect":"Allow","Principal":{"AWS":"`+third+`"},"Resource":"`+authorityARN(hub)+`",
					"Action":"acm-pca:IssueCertificate","Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-1"}}}]}`
				s.Account(hub).Region(tokyo).Authorities = []*awsapi.Authority{c}
			},
			diagnose.Authority{Account: hub, Status: "ACTIVE", NotAfter: today, RestorableUntil: today.AddDate(0, 0, 7), UsageMode: "GENERAL_PURPOSE", Permitted: []string{"IssueCertificate", "ListPermissions"}, PermissionsRead: true, PolicyRead: true, SharedWith: []string{third, "o-1"}},
			nil,
		},
		{"gone", authorityARN(hub), nil, diagnose.Authority{Account: hub}, []string{hub + "/" + tokyo + " not-found"}},
		{
			"denied", authorityARN(hub),
			func(s *awsapi.State) { s.Account(hub).Deny = []string{"acm-pca:*"} },
			diagnose.Authority{Account: hub},
			[]string{hub + "/" + tokyo + " access-denied acm-pca:DescribeCertificateAuthority"},
		},
		{"nonsense", "arn:nonsense", nil, diagnose.Authority{}, []string{"/ not-found"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			api, options := start(t, dublin)
			if test.change != nil {
				api.Update(test.change)
			}
			got := inventory.New(options).Authority(t.Context(), test.arn)
			test.want.ARN = test.arn
			if diff := cmp.Diff(&test.want, got, cmpopts.IgnoreFields(diagnose.Authority{}, "Unseen")); diff != "" {
				t.Errorf("authority (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(test.unseen, obstacles(got.Unseen)); diff != "" {
				t.Errorf("unseen (-want +got):\n%s", diff)
			}
		})
	}
}
