// Command vulnerabilities reads what govulncheck -format json writes, and
// decides: a vulnerability that the program can reach fails the build, unless
// the list of those that were looked at and put up with for a while has it.
//
//	govulncheck -format json ./... | vulnerabilities -list .ci/vulnerabilities.txt -go go1.26.11
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"
)

func main() {
	list := flag.String("list", "", "the `file` with what is put up with")
	toolchain := flag.String("go", "", "the `version` of Go that has to have been looked at, such as go1.26.11")
	flag.Parse()
	text, err := os.ReadFile(*list)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	report, wrong, err := judge(os.Stdin, string(text), *toolchain, time.Now())
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	fmt.Println(report)
	for _, line := range wrong {
		fmt.Println(line)
	}
	if len(wrong) > 0 {
		os.Exit(1)
	}
}

// A message is one of govulncheck's ("Output formats", package
// golang.org/x/vuln/internal/govulncheck,
// https://pkg.go.dev/golang.org/x/vuln/internal/govulncheck).
type message struct {
	Config *struct {
		GoVersion string `json:"go_version"`
		ScanLevel string `json:"scan_level"`
	} `json:"config"`
	SBOM *struct {
		Modules []struct {
			Path string `json:"path"`
		} `json:"modules"`
	} `json:"SBOM"`
	OSV *struct {
		ID      string `json:"id"`
		Summary string `json:"summary"`
	} `json:"osv"`
	Finding *finding `json:"finding"`
}

type finding struct {
	OSV   string `json:"osv"`
	Fixed string `json:"fixed_version"`
	Trace []struct {
		Module   string `json:"module"`
		Version  string `json:"version"`
		Package  string `json:"package"`
		Function string `json:"function"`
	} `json:"trace"`
}

// stdlib is how govulncheck calls the module of the standard library.
const stdlib = "stdlib"

// A tolerated vulnerability is a line of the list.
type tolerated struct {
	line      int
	id, fixed string
	found     bool
}

var entry = regexp.MustCompile(`^(GO-\d{4}-\d+)\s+(go1\.\d+(?:\.\d+)?|unfixed)\s+(\d{4}-\d{2}-\d{2})\s+(\S.{9,})$`)

// longest is how long something may be put up with before it is looked at
// again.
const longest = 90 * 24 * time.Hour

// parse reads the list: an id, the Go version that fixes it or "unfixed", until
// when it is put up with, and why.
func parse(text string, now time.Time) (list []*tolerated, wrong []string) {
	for i, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		match := entry.FindStringSubmatch(line)
		if match == nil {
			wrong = append(wrong, fmt.Sprintf("line %d of the list is not: ID, the Go version that fixes it (or unfixed), until when (YYYY-MM-DD), why: %s", i+1, line))
			continue
		}
		until, err := time.Parse(time.DateOnly, match[3])
		switch {
		case err != nil:
			wrong = append(wrong, fmt.Sprintf("line %d of the list: %s is no day", i+1, match[3]))
		case now.After(until.Add(24 * time.Hour)):
			wrong = append(wrong, fmt.Sprintf("%s was to be put up with until %s: look at it again", match[1], match[3]))
		case until.Sub(now) > longest:
			wrong = append(wrong, fmt.Sprintf("%s: %s is more than 90 days away", match[1], match[3]))
		case slices.ContainsFunc(list, func(t *tolerated) bool { return t.id == match[1] }):
			wrong = append(wrong, fmt.Sprintf("%s is in the list twice", match[1]))
		}
		list = append(list, &tolerated{line: i + 1, id: match[1], fixed: match[2]})
	}
	return list, wrong
}

// judge says in a line what was looked at, and in others what is wrong.
func judge(in io.Reader, listed, toolchain string, now time.Time) (report string, wrong []string, err error) {
	list, wrong := parse(listed, now)
	summaries := map[string]string{}
	var modules int
	var version string
	told := map[string]bool{}
	reachable := 0
	decoder := json.NewDecoder(bufio.NewReader(in))
	for {
		var m message
		if err := decoder.Decode(&m); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return "", nil, fmt.Errorf("reading what govulncheck writes: %w", err)
		}
		switch {
		case m.Config != nil:
			version = m.Config.GoVersion
			if m.Config.ScanLevel != "symbol" {
				return "", nil, fmt.Errorf("govulncheck looked at %ss only, and not at what is called", m.Config.ScanLevel)
			}
		case m.SBOM != nil:
			modules = len(m.SBOM.Modules)
		case m.OSV != nil:
			summaries[m.OSV.ID] = m.OSV.Summary
		case m.Finding != nil && len(m.Finding.Trace) > 0 && m.Finding.Trace[0].Function != "":
			if !told[m.Finding.OSV] {
				told[m.Finding.OSV] = true
				reachable++
				wrong = append(wrong, decide(*m.Finding, summaries[m.Finding.OSV], list)...)
			}
		}
	}
	// A scan that looked at nothing finds nothing.
	switch {
	case version != toolchain:
		return "", nil, fmt.Errorf("govulncheck looked at %q, and go.mod says %s", version, toolchain)
	case modules < 10 || len(summaries) == 0:
		return "", nil, fmt.Errorf("govulncheck looked at %d modules, of which the database knows %d vulnerabilities: that cannot be all", modules, len(summaries))
	}
	for _, t := range list {
		if !t.found {
			wrong = append(wrong, fmt.Sprintf("%s is in the list, but is not found any more: remove line %d", t.id, t.line))
		}
	}
	return fmt.Sprintf("%s and %d modules: the database has %d vulnerabilities of them in any version, of which %d can be reached in these", version, modules-1, len(summaries), reachable), wrong, nil
}

// decide says what is wrong with a vulnerability that can be reached.
func decide(f finding, summary string, list []*tolerated) []string {
	at := f.Trace[0]
	where := fmt.Sprintf("%s (%s) can be reached: %s of %s@%s", f.OSV, summary, at.Function, at.Package, at.Version)
	remedy := "no version fixes it: do without that call"
	inGo := at.Module == stdlib
	fixed := "unfixed"
	if f.Fixed != "" {
		fixed = f.Fixed
		remedy = fmt.Sprintf("go get %s@%s", at.Module, f.Fixed)
		if inGo {
			fixed = "go" + strings.TrimPrefix(f.Fixed, "v")
			remedy = fmt.Sprintf("raise the toolchain in go.mod to %s", fixed)
		}
	}
	for _, t := range list {
		if t.id != f.OSV {
			continue
		}
		t.found = true
		switch {
		case !inGo && fixed != "unfixed":
			return []string{fmt.Sprintf("%s; it may not be put up with, since there is a version that fixes it: %s", where, remedy)}
		case t.fixed != fixed:
			return []string{fmt.Sprintf("%s: the list says %s, and the database that it is fixed in %s", f.OSV, t.fixed, fixed)}
		}
		return nil
	}
	return []string{where + "; " + remedy}
}
