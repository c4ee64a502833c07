package world

import (
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/acmbot/acmbot/diagnose/world/awsapi"
)

// An Authority is a private certificate authority as a world describes it.
type Authority struct {
	Name    string `yaml:"name"`
	Account string `yaml:"account"` // 111122223333 where empty
	Region  string `yaml:"region"`  // eu-west-1 where empty
	Status  string `yaml:"status"`  // ACTIVE where empty
	Failure string `yaml:"failure"`
	// Expires is the end of its own certificate; in five years where empty.
	Expires     *Moment `yaml:"expires"`
	Restorable  *Moment `yaml:"restorable until"`
	Usage       string  `yaml:"usage"`
	Permissions List    `yaml:"permissions"` // actions of acm.amazonaws.com; all three where left out, or "none"
	SharedWith  List    `yaml:"shared with"` // account ids that its resource policy allows
	Gone        bool    `yaml:"gone"`        // its ARN is known, but it is not there any more
}

// ARN is the authority's Amazon Resource Name.
func (a *Authority) ARN() string {
	return "arn:aws:acm-pca:" + a.Region + ":" + a.Account + ":certificate-authority/" + uuid("authority", a.Account, a.Region, a.Name)
}

func (w *World) completeAuthorities() error {
	for i, a := range w.Authorities {
		if a.Name == "" {
			return fmt.Errorf("authorities.yaml: authority %d has no name", i+1)
		}
		if a.Account == "" {
			a.Account = home
		}
		if a.Region == "" {
			a.Region = homeRegion
		}
		switch {
		case len(a.Permissions) == 0:
			a.Permissions = List{"IssueCertificate", "GetCertificate", "ListPermissions"}
		case len(a.Permissions) == 1 && a.Permissions[0] == "none":
			a.Permissions = nil
		}
	}
	return nil
}

func (a *Authority) pca(now time.Time) *awsapi.Authority {
	out := &awsapi.Authority{
		ARN: a.ARN(), Type: "ROOT", Status: a.Status, FailureReason: a.Failure, UsageMode: a.Usage,
		CreatedAt: now.Add(-400 * day), NotBefore: now.Add(-400 * day), NotAfter: now.Add(5 * 365 * day),
		Serial: strconv.Itoa(1000000007),
	}
	if a.Expires != nil {
		out.NotAfter = a.Expires.In(now)
	}
	if a.Restorable != nil {
		out.RestorableUntil = a.Restorable.In(now)
	}
	if len(a.Permissions) > 0 {
		out.Permissions = []awsapi.Permission{{
			Principal: "acm.amazonaws.com", SourceAccount: a.Account, Actions: a.Permissions, CreatedAt: out.CreatedAt,
		}}
	}
	if len(a.SharedWith) > 0 {
		out.Policy = sharingPolicy(a.ARN(), a.SharedWith)
	}
	return out
}

// sharingPolicy is a resource policy as AWS RAM makes it.
func sharingPolicy(arn string, accounts []string) string {
	policy, _ := json.Marshal(map[string]any{
		"Version": "2012-10-17",
		"Statement": []any{map[string]any{
			"Sid": "ACMCanIssue", "Effect": "Allow", "Principal": map[string]any{"AWS": accounts}, "Resource": arn,
			"Action": []string{"acm-pca:IssueCertificate", "acm-pca:GetCertificate", "acm-pca:ListPermissions", "acm-pca:DescribeCertificateAuthority"},
		}},
	})
	return string(policy)
}
