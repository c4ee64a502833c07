package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// scanned is what govulncheck writes, with these findings.
func scanned(findings ...string) string {
	var modules []string
	for i := range 12 {
		modules = append(modules, fmt.Sprintf(`{"path":"example.com/m%d"}`, i))
	}
	return `{"config":{"go_version":"go1.26.11","scan_level":"symbol"}}
{"SBOM":{"modules":[` + strings.Join(modules, ",") + `]}}
{"progress":{"message":"Checking the code against the vulnerabilities..."}}
{"osv":{"id":"GO-2026-0001","summary":"A crash"}}
{"osv":{"id":"GO-2026-0002","summary":"A leak"}}
` + strings.Join(findings, "\n")
}

func found(id, fixed, module, function string) string {
	return fmt.Sprintf(`{"finding":{"osv":%q,"fixed_version":%q,"trace":[{"module":%q,"version":"v1.0.0","package":"p","function":%q},{"module":"m"}]}}`, id, fixed, module, function)
}

func TestJudge(t *testing.T) {
	now := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	for _, test := range []struct {
		name, in, list string
		want           []string
	}{
		{"nothing", scanned(), "# a comment\n\n", nil},
		{
			"required or imported, but not called",
			scanned(found("GO-2026-0001", "v1.1.0", "example.com/m", ""), found("GO-2026-0002", "v1.26.12", "stdlib", "")), "", nil,
		},
		{
			"a module's, with several traces", scanned(found("GO-2026-0001", "v1.1.0", "example.com/m", "F"), found("GO-2026-0001", "v1.1.0", "example.com/m", "G")), "",
			[]string{"GO-2026-0001 (A crash) can be reached: F of p@v1.0.0; go get example.com/m@v1.1.0"},
		},
		{
			"Go's", scanned(found("GO-2026-0002", "v1.26.12", "stdlib", "F")), "",
			[]string{"GO-2026-0002 (A leak) can be reached: F of p@v1.0.0; raise the toolchain in go.mod to go1.26.12"},
		},
		{
			"without a fix", scanned(found("GO-2026-0001", "", "example.com/m", "F")), "",
			[]string{"GO-2026-0001 (A crash) can be reached: F of p@v1.0.0; no version fixes it: do without that call"},
		},
		{
			"put up with", scanned(found("GO-2026-0001", "", "example.com/m", "F"), found("GO-2026-0002", "v1.26.12", "stdlib", "F")),
			"GO-2026-0001 unfixed 2026-12-01 only our own servers are asked\nGO-2026-0002 go1.26.12 2026-11-25 is not served yet anywhere", nil,
		},
		{
			"put up with, though it can be mended", scanned(found("GO-2026-0001", "v1.1.0", "example.com/m", "F")),
			"GO-2026-0001 unfixed 2026-12-01 only our own servers are asked",
			[]string{"GO-2026-0001 (A crash) can be reached: F of p@v1.0.0; it may not be put up with, since there is a version that fixes it: go get example.com/m@v1.1.0"},
		},
		{
			"put up with for another version", scanned(found("GO-2026-0002", "v1.26.12", "stdlib", "F")),
			"GO-2026-0002 go1.26.13 2026-12-01 is not served yet anywhere",
			[]string{"GO-2026-0002: the list says go1.26.13, and the database that it is fixed in go1.26.12"},
		},
		{
			"gone", scanned(), "GO-2026-0002 go1.26.12 2026-12-01 is not served yet anywhere",
			[]string{"GO-2026-0002 is in the list, but is not found any more: remove line 1"},
		},
		{
			"for too long", scanned(found("GO-2026-0002", "v1.26.12", "stdlib", "F")), "GO-2026-0002 go1.26.12 2026-11-24 is not served yet anywhere",
			[]string{"GO-2026-0002 was to be put up with until 2026-11-24: look at it again"},
		},
		{
			"for ever", scanned(found("GO-2026-0002", "v1.26.12", "stdlib", "F")), "GO-2026-0002 go1.26.12 2036-11-24 is not served yet anywhere",
			[]string{"GO-2026-0002: 2036-11-24 is more than 90 days away"},
		},
		{
			"no reason", scanned(), "GO-2026-0002 go1.26.12 2026-12-01",
			[]string{"line 1 of the list is not: ID, the Go version that fixes it (or unfixed), until when (YYYY-MM-DD), why: GO-2026-0002 go1.26.12 2026-12-01"},
		},
		{
			"twice", scanned(found("GO-2026-0002", "v1.26.12", "stdlib", "F")),
			"GO-2026-0002 go1.26.12 2026-12-01 is not served yet\nGO-2026-0002 go1.26.12 2026-12-01 is not served yet",
			[]string{"GO-2026-0002 is in the list twice", "GO-2026-0002 is in the list, but is not found any more: remove line 2"},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			report, wrong, err := judge(strings.NewReader(test.in), test.list, "go1.26.11", now)
			if err != nil || !strings.Contains(report, "go1.26.11 and 11 modules") {
				t.Fatalf("%q, %v", report, err)
			}
			if diff := cmp.Diff(test.want, wrong); diff != "" {
				t.Errorf("mismatch (-want, +got):\n%s", diff)
			}
		})
	}
}

// A scan that did not happen is no clean bill of health.
func TestJudgeWantsAScan(t *testing.T) {
	for name, in := range map[string]string{
		"nothing":           "",
		"half a message":    `{"config":{"go_ver`,
		"another Go":        strings.Replace(scanned(), "go1.26.11", "go1.26.8", 1),
		"no call graph":     strings.Replace(scanned(), "symbol", "module", 1),
		"an empty database": scanned()[:strings.Index(scanned(), `{"osv"`)],
		"no modules":        strings.Replace(scanned(), `"modules"`, `"roots"`, 1),
	} {
		if report, wrong, err := judge(strings.NewReader(in), "", "go1.26.11", time.Now()); err == nil {
			t.Errorf("%s: %q, %q", name, report, wrong)
		}
	}
}
