package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/acmbot/acmbot/bot/workspace"
	"github.com/acmbot/acmbot/diagnose/world"
	"github.com/acmbot/acmbot/diagnose/world/awsapi"
)

// peak is the most memory that a process has had, in KiB: VmHWM ("proc_pid_status(5)",
// https://man7.org/linux/man-pages/man5/proc_pid_status.5.html).
func peak(t *testing.T, pid int) int {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(status)) {
		if value, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			n, err := strconv.Atoi(strings.TrimSuffix(strings.TrimSpace(value), " kB"))
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
	}
	t.Fatal("/proc tells no VmHWM")
	return 0
}

// makeGroup makes a control group with a limit in bytes, and returns its folder;
// empty where this system does not let a test.
func makeGroup(t *testing.T, limit int64) string {
	t.Helper()
	for root, file := range map[string]string{"/sys/fs/cgroup/memory": "memory.limit_in_bytes", "/sys/fs/cgroup": "memory.max"} {
		folder := filepath.Join(root, fmt.Sprintf("acmbot-test-%d", os.Getpid()))
		if os.Mkdir(folder, 0o755) != nil {
			continue
		}
		t.Cleanup(func() { _ = os.Remove(folder) })
		if os.WriteFile(filepath.Join(folder, file), []byte(strconv.FormatInt(limit, 10)), 0o600) == nil {
			return folder
		}
	}
	t.Log("no control group can be made here: GOMEMLIMIT alone limits the memory")
	return ""
}

// addEstate puts certificates into regions of the world's first account, in
// place of what is there in those regions but the first, the world's own.
func addEstate(scene *world.Running, regions []string, n int) {
	const account = "111122223333"
	now := time.Now().UTC()
	scene.AWS().Update(func(s *awsapi.State) {
		for i := range n {
			region := regions[i%len(regions)]
			name := fmt.Sprintf("host-%03d.example.net", i) // which is not in Route 53, with its five calls a second
			end := now.AddDate(0, 0, 70+i%120)
			if i < 20 { // due
				end = now.AddDate(0, 0, 10+i)
			}
			c := &awsapi.Certificate{
				ARN:        fmt.Sprintf("arn:aws:acm:%s:%s:certificate/%08d-1c3a-4f6e-8d5f-5a1f0c7e9b21", region, account, i),
				DomainName: name, SubjectAlternativeNames: []string{name, "www." + name},
				InUseBy:  []string{"arn:aws:elasticloadbalancing:" + region + ":" + account + ":loadbalancer/app/front/50dc6c495c0c9188"},
				NotAfter: end, NotBefore: end.AddDate(0, 0, -198), CreatedAt: end.AddDate(0, 0, -198), IssuedAt: end.AddDate(0, 0, -198),
			}
			for _, n := range c.SubjectAlternativeNames {
				c.DomainValidationOptions = append(c.DomainValidationOptions, awsapi.DomainValidation{
					DomainName: n, ValidationMethod: "DNS", ValidationStatus: "SUCCESS",
					RecordName: "_0f6ad6ee1c3a4f6e8d5f." + n + ".", RecordValue: "_5a1f0c7e9b21.acm-validations.aws.",
				})
			}
			place := s.Account(account).Region(region)
			place.Certificates = append(place.Certificates, c)
		}
	})
}

// A small estate, which is 300 certificates in five regions, is served in 64
// MiB: questions, lists and a digest.
func TestMemoryOfASmallEstate(t *testing.T) {
	if raceEnabled {
		t.Skip("the program is measured, which the race detector does not change; the test's time is")
	}
	const limit = 64 << 10 // KiB
	// AWS's quotas, which acmbot keeps, allow some one and a half a second.
	questions := 60
	// Where no control group can be made, with what acmbot sets in one of 64 MiB.
	runs := []string{"GOMEMLIMIT=" + strconv.FormatInt(goMemory(limit<<10), 10)}
	group := makeGroup(t, limit<<10)
	if group != "" {
		runs[0] = "GOMEMLIMIT=60397977" // nine tenths, as deploy sets it
	}
	switch {
	case os.Getenv("ACMBOT_TEST_LONG") != "":
		questions, runs = 200, append(runs, "GOMEMLIMIT=off")
	case testing.Short():
		questions = 20
	}
	path := build(t)
	for _, env := range runs {
		t.Run(env, func(t *testing.T) {
			unsetSettings(t)
			scene := literalWorld(t)
			regions := []string{"eu-west-1", "us-east-1", "eu-central-1", "ap-southeast-2", "us-west-2"}
			addEstate(scene, regions, 300)
			t.Setenv("ACMBOT_REGIONS", strings.Join(regions, ","))
			slack := startSlack(t)
			log := newWatchedLog()
			start := path
			if group != "" && env != "GOMEMLIMIT=off" {
				start = filepath.Join(t.TempDir(), "acmbot")
				script := fmt.Sprintf("#!/bin/sh\necho $$ >%s/cgroup.procs && exec %s \"$@\"\n", group, path)
				if err := os.WriteFile(start, []byte(script), 0o700); err != nil {
					t.Fatal(err)
				}
			}
			p := startProcess(t, start, slack, log, env)
			idle := peak(t, p.Process.Pid)

			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
			defer cancel()
			ask := func(text string) {
				t.Helper()
				d, err := slack.Slash("dana", "ops-certificates", "/acm", text)
				if err != nil {
					t.Fatal(err)
				}
				if e, err := d.Wait(ctx); err != nil || e.State != workspace.Acknowledged {
					t.Fatalf("/acm %s is %s, %v\n%s", text, e.State, err, log.String())
				}
			}
			answered := func(n int) {
				t.Helper()
				log.has(ctx, t, "msg=answered", n)
			}
			const together = 4 // of one person's
			done := 0
			for n := range questions {
				ask(fmt.Sprintf("why host-%03d.example.net", n))
				if n%together == together-1 {
					done += together
					answered(done)
				}
			}
			asked := peak(t, p.Process.Pid)
			for _, text := range []string{"list", "list failing", "list expiring:90d", "digest preview", "list -imported"} {
				ask(text)
				done++
				answered(done)
			}
			most := peak(t, p.Process.Pid)
			if err := p.stop(t); err != nil {
				t.Errorf("it ends with %v", err)
			}
			if group != "" {
				for _, file := range []string{"memory.max_usage_in_bytes", "memory.peak"} {
					if text, err := os.ReadFile(filepath.Join(group, file)); err == nil {
						t.Logf("under a hard limit of %d bytes of its control group, which had at most %s", limit<<10, strings.TrimSpace(string(text)))
					}
				}
			}
			t.Logf("peak of memory: %.1f MiB at the start, %.1f after %d questions about 300 certificates in 5 regions, %.1f after lists and a digest",
				float64(idle)/1024, float64(asked)/1024, questions, float64(most)/1024)
			// The process's own count has the pages of the program's file in it,
			// which the group need not be charged with: there the kernel decides.
			if group == "" && most > limit*5/4 {
				t.Errorf("%d KiB", most)
			}
		})
	}
}
