package world_test

import (
	"net/netip"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/acm"
	"go.uber.org/goleak"

	"github.com/acmbot/acmbot/diagnose"
	"github.com/acmbot/acmbot/diagnose/dnstrace"
	"github.com/acmbot/acmbot/diagnose/probe"
	"github.com/acmbot/acmbot/diagnose/world"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func start(t *testing.T, w *world.World, o world.Options) *world.Running {
	t.Helper()
	began := time.Now()
	r, err := w.Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("started in %s", time.Since(began))
	t.Cleanup(r.Close)
	return r
}

func TestDemoIsReachable(t *testing.T) {
	w := world.Demo()
	r := start(t, w, world.Options{})

	client := acm.NewFromConfig(r.AWSConfig())
	arn := w.Certificate("shop.example.com").ARN()
	out, err := client.DescribeCertificate(t.Context(), &acm.DescribeCertificateInput{CertificateArn: aws.String(arn)})
	if err != nil {
		t.Fatal(err)
	}
	t.Log(*out.Certificate.Serial, *out.Certificate.NotAfter)

	session := dnstrace.New(r.DNSOptions()).Session()
	l := session.Lookup(t.Context(), world.Record("111122223333", "checkout.example.com").Name, "CNAME")
	t.Logf("%+v", l)
	l = session.Lookup(t.Context(), world.Record("111122223333", "shop.example.com").Name, "CNAME")
	t.Logf("%+v", l)
	served := probe.New(r.ProbeOptions()).TLS(t.Context(), "shop.example.com", []netip.Addr{netip.MustParseAddr("198.51.100.11")})
	t.Logf("%+v", served)
	_ = diagnose.Record{}
}
