package main

import (
	"context"
	"fmt"
	"runtime"
	gometrics "runtime/metrics"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/acm"
	"golang.org/x/sync/errgroup"

	"github.com/acmbot/acmbot/bot"
	"github.com/acmbot/acmbot/bot/digest"
	"github.com/acmbot/acmbot/bot/state/memory"
	"github.com/acmbot/acmbot/diagnose/world"
	"github.com/acmbot/acmbot/diagnose/world/awsapi"
)

// TestDigestOfALargeEstate makes the digest of ten thousand certificates, and
// counts what it asks of AWS beside what it would take to list and describe
// them all.
func TestDigestOfALargeEstate(t *testing.T) {
	const all, due = 10000, 8
	scene, err := startWorld(t.Context(), demoWorld, world.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer scene.Close()
	const account, region = "111122223333", "eu-west-1"
	now := time.Now().UTC()
	scene.AWS().Update(func(s *awsapi.State) {
		for _, a := range s.Accounts {
			for _, r := range a.Regions {
				r.Certificates = nil
			}
		}
		place := s.Account(account).Region(region)
		for i := range all {
			name := fmt.Sprintf("host-%05d.example.com", i)
			end := now.AddDate(0, 0, 70+i%120)
			c := &awsapi.Certificate{
				ARN:        fmt.Sprintf("arn:aws:acm:%s:%s:certificate/%08d-1c3a-4f6e-8d5f-5a1f0c7e9b21", region, account, i),
				DomainName: name, SubjectAlternativeNames: []string{name},
				InUseBy: []string{"arn:aws:elasticloadbalancing:" + region + ":" + account + ":loadbalancer/app/front/50dc6c495c0c9188"},
				DomainValidationOptions: []awsapi.DomainValidation{{
					DomainName: name, ValidationMethod: "DNS", ValidationStatus: "SUCCESS",
					RecordName: "_0f6ad6ee1c3a4f6e8d5f." + name + ".", RecordValue: "_5a1f0c7e9b21.acm-validations.aws.",
				}},
			}
			if i < due {
				end = now.AddDate(0, 0, 20)
				pending := c.DomainValidationOptions[0]
				pending.ValidationStatus = "PENDING_VALIDATION"
				c.Renewal = &awsapi.RenewalSummary{RenewalStatus: "PENDING_VALIDATION", UpdatedAt: now, DomainValidationOptions: []awsapi.DomainValidation{pending}}
			}
			c.NotAfter, c.NotBefore = end, end.AddDate(0, 0, -198)
			c.CreatedAt, c.IssuedAt = c.NotBefore, c.NotBefore
			place.Certificates = append(place.Certificates, c)
		}
	})
	count := func() (total int, by map[string]int) {
		by = map[string]int{}
		for _, c := range scene.AWS().Calls() {
			by[c.IAM()]++
			total++
		}
		scene.AWS().ForgetCalls()
		return total, by
	}
	heap := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}

	count()
	peak := peakHeap()
	before, queries := heap(), scene.DNSQueries()
	began := time.Now()
	doctor, estate := sightOf(scene).observers()
	defer estate.Close()
	digester := bot.NewDigester(bot.Options{Diagnostician: doctor, Estate: estate, Store: memory.New(time.Now)})
	d, err := digester.Preview(t.Context(), digest.Subscription{Zone: "UTC"})
	if err != nil {
		t.Fatal(err)
	}
	took, ourPeak := time.Since(began), peak()
	after := heap()
	ours, by := count()
	queries = scene.DNSQueries() - queries
	if n := digest.Count(d.Entries); d.Certificates != all || n != due || d.Unlooked != 0 {
		t.Fatalf("%d certificates, %d in trouble, %d not looked at; want %d, %d, 0", d.Certificates, n, d.Unlooked, all, due)
	}
	if n := by["acm:DescribeCertificate"]; n != due {
		t.Errorf("%d certificates were described, %d are due", n, due)
	}

	client := acm.NewFromConfig(scene.AWSConfig(), func(o *acm.Options) { o.Region = region })
	count()
	runtime.GC()
	peak = peakHeap()
	kept := everything(t, client)
	theirPeak := peak()
	runtime.KeepAlive(kept)
	theirs, _ := count()
	if ourPeak > theirPeak {
		t.Errorf("the digest takes %d KiB of heap at its peak, listing and describing everything %d", ourPeak>>10, theirPeak>>10)
	}
	if ours*20 > theirs {
		t.Errorf("the digest takes %d calls, listing and describing everything %d", ours, theirs)
	}
	t.Logf("digest of %d certificates, %d due: %d AWS calls %v, %d DNS queries, %v, %d KiB of heap at the peak and %d KiB kept; listing and describing everything: %d AWS calls, %d KiB at the peak",
		all, due, ours, by, queries, took.Round(time.Millisecond), ourPeak>>10, (int64(after)-int64(before))>>10, theirs, theirPeak>>10)
	runtime.KeepAlive(estate)
}

// peakHeap watches the heap until it is called, and returns by how much it grew
// at most, live objects and garbage that is not collected yet together. The
// world, which runs in the same process, is in it on both sides.
func peakHeap() func() uint64 {
	sample := []gometrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	read := func() uint64 {
		gometrics.Read(sample)
		return sample[0].Value.Uint64()
	}
	runtime.GC()
	before, most := read(), uint64(0)
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		tick := time.NewTicker(time.Millisecond)
		defer tick.Stop()
		for {
			most = max(most, read())
			select {
			case <-stop:
				return
			case <-tick.C:
			}
		}
	}()
	return func() uint64 {
		close(stop)
		<-stopped
		return max(most, before) - before
	}
}

// everything lists and describes all certificates of the region, and keeps what
// it was told, as who wants a digest of it has to.
func everything(t *testing.T, client *acm.Client) []*acm.DescribeCertificateOutput {
	t.Helper()
	var mu sync.Mutex
	var kept []*acm.DescribeCertificateOutput
	var group errgroup.Group
	group.SetLimit(8)
	pages := acm.NewListCertificatesPaginator(client, &acm.ListCertificatesInput{})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range page.CertificateSummaryList {
			group.Go(func() error {
				out, err := client.DescribeCertificate(context.WithoutCancel(t.Context()), &acm.DescribeCertificateInput{CertificateArn: c.CertificateArn})
				mu.Lock()
				defer mu.Unlock()
				kept = append(kept, out)
				return err
			})
		}
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	return kept
}
