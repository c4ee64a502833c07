package inventory_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"go.uber.org/goleak"

	"github.com/acmbot/acmbot/diagnose"
	"github.com/acmbot/acmbot/diagnose/inventory"
	"github.com/acmbot/acmbot/diagnose/world/awsapi"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	hub    = "111122223333"
	spoke  = "444455556666"
	third  = "777788889999"
	dublin = "eu-west-1"
	tokyo  = "ap-northeast-1"
	nova   = "us-east-1"
)

var today = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func roleARN(account string) string { return "arn:aws:iam::" + account + ":role/acmbot-read" }

func arnOf(account, region, id string) string {
	return "arn:aws:acm:" + region + ":" + account + ":certificate/" + id
}

// fast lifts the client's own limits, which have a test of their own.
var fast = map[string]float64{
	"acm:DescribeCertificate": 0, "acm:ListCertificates": 0, "acm:ListCertificateDomainValidations": 0,
	"acm:ListTagsForCertificate": 0, "acm:SearchCertificates": 0, "route53:*": 0,
}

// start serves an AWS whose hub account has the key AKIA/secret, and gives the
// options to read it.
func start(t *testing.T, regions ...string) (*awsapi.Server, inventory.Options) {
	t.Helper()
	api := awsapi.New(awsapi.Options{})
	api.Update(func(s *awsapi.State) {
		s.Account(hub).Keys = []awsapi.AccessKey{{ID: "AKIA", Secret: "secret"}}
	})
	server := httptest.NewServer(api)
	transport := &http.Transport{}
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
		transport.CloseIdleConnections()
	})
	return api, inventory.Options{
		Config: aws.Config{
			Region:       regions[0],
			BaseEndpoint: aws.String(server.URL),
			Credentials:  credentials.NewStaticCredentialsProvider("AKIA", "secret", ""),
			HTTPClient:   &http.Client{Transport: transport},
		},
		Regions: regions,
		Quotas:  fast,
	}
}

// addRole makes a role in the account that the options then assume.
func addRole(api *awsapi.Server, o *inventory.Options, account string) {
	api.Update(func(s *awsapi.State) {
		s.Account(account).Roles = []*awsapi.Role{{Name: "acmbot-read", ExternalID: "shibboleth"}}
	})
	o.RoleARNs = append(o.RoleARNs, roleARN(account))
	o.ExternalID = "shibboleth"
}

// addCertificate adds a certificate for the names, in use.
func addCertificate(api *awsapi.Server, account, region, id string, names ...string) *awsapi.Certificate {
	c := &awsapi.Certificate{
		ARN: arnOf(account, region, id), DomainName: names[0], SubjectAlternativeNames: names,
		InUseBy: []string{"arn:aws:elasticloadbalancing:x"}, NotBefore: today, NotAfter: today.AddDate(0, 0, 198), CreatedAt: today,
	}
	for _, n := range names {
		c.DomainValidationOptions = append(c.DomainValidationOptions, awsapi.ValidationRecord(account, n))
	}
	api.Update(func(s *awsapi.State) {
		r := s.Account(account).Region(region)
		r.Certificates = append(r.Certificates, c)
	})
	return c
}

func find(t *testing.T, o inventory.Options, q diagnose.Query) inventory.Found {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	return inventory.New(o).Find(ctx, q, nil)
}

func domain(name string) diagnose.Query { return diagnose.Query{Text: name, Domain: name} }

// ids are the certificates' ids, in order.
func ids(f inventory.Found) []string {
	var list []string
	for _, c := range f.Certificates {
		list = append(list, c.ARN[strings.LastIndex(c.ARN, "/")+1:])
	}
	return list
}

func refIDs(refs []diagnose.CertificateRef) []string {
	var list []string
	for _, c := range refs {
		list = append(list, c.ARN[strings.LastIndex(c.ARN, "/")+1:])
	}
	return list
}

// obstacles puts what was unreadable in short.
func obstacles(list []diagnose.Unseen) []string {
	var out []string
	for _, u := range list {
		out = append(out, strings.TrimSpace(fmt.Sprintf("%s/%s %s %s", u.Account, u.Region, u.Why, u.Permission)))
	}
	return out
}

// calls counts the calls of an action.
func calls(api *awsapi.Server, action string) int {
	n := 0
	for _, c := range api.Calls() {
		if c.Action == action {
			n++
		}
	}
	return n
}
