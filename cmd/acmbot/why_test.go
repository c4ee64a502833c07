package main

import (
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/acmbot/acmbot/diagnose"
)

// A document is what scripts read of `acmbot why --json`, spelt as the README
// spells it.
type document struct {
	Schema int `json:"schema"`
	Query  struct {
		Domain string `json:"domain"`
	} `json:"query"`
	Report *struct {
		Verdict  string `json:"verdict"`
		State    string `json:"state"`
		DaysLeft int    `json:"days_left"`
		Findings []struct {
			Cause  string `json:"cause"`
			Remedy struct {
				Action string `json:"action"`
				Name   string `json:"name"`
				Type   string `json:"type"`
				Value  string `json:"value"`
			} `json:"remedy"`
		} `json:"findings"`
		Names []struct {
			Name string `json:"name"`
			OK   bool   `json:"ok"`
		} `json:"names"`
	} `json:"report"`
	NoCertificate *struct {
		Cause string `json:"cause"`
	} `json:"no_certificate"`
	Scope struct {
		Places []struct {
			Account string `json:"account"`
			Region  string `json:"region"`
		} `json:"places"`
		Unreadable []struct {
			What string `json:"what"`
		} `json:"unreadable"`
	} `json:"scope"`
}

func why(t *testing.T, args ...string) document {
	t.Helper()
	var stdout, stderr bytes.Buffer
	if status := Main(t.Context(), append([]string{"why", "--json"}, args...), strings.NewReader(""), &stdout, &stderr); status != exitOK {
		t.Fatalf("status %d: %s", status, stderr.String())
	}
	if stderr.Len() > 0 {
		t.Errorf("standard error has %q", stderr.String())
	}
	var d document
	decoder := json.NewDecoder(&stdout)
	if err := decoder.Decode(&d); err != nil {
		t.Fatal(err)
	}
	if decoder.More() {
		t.Error("there is more than one document")
	}
	return d
}

// The embedded world and the settings lead to the same answer.
func TestWhyJSON(t *testing.T) {
	for _, test := range []struct {
		name  string
		setup func(*testing.T)
		args  []string
	}{
		{"by --world", func(*testing.T) {}, []string{"--world", "demo"}},
		{"by the settings", startLiteralWorld, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			unsetSettings(t)
			test.setup(t)
			d := why(t, append(test.args, "shop.example.com")...)
			if d.Schema != diagnose.SchemaVersion || d.Query.Domain != "shop.example.com" || d.Report == nil || d.NoCertificate != nil {
				t.Fatalf("got %+v", d)
			}
			if d.Report.Verdict != "blocked" || d.Report.State != "pending" || d.Report.DaysLeft != 12 || len(d.Report.Names) != 2 {
				t.Errorf("got the report %+v", *d.Report)
			}
			if len(d.Report.Findings) != 1 || d.Report.Findings[0].Cause != "cname-missing" {
				t.Fatalf("got the findings %+v", d.Report.Findings)
			}
			fix := d.Report.Findings[0].Remedy
			if fix.Action != "add" || fix.Type != "CNAME" || !strings.HasSuffix(fix.Name, ".shop.example.com") || !strings.HasSuffix(fix.Value, ".acm-validations.aws") {
				t.Errorf("got the remedy %+v", fix)
			}
			if len(d.Scope.Places) != 3 || len(d.Scope.Unreadable) != 1 {
				t.Errorf("got the scope %+v", d.Scope)
			}

			d = why(t, append(test.args, "nowhere.example.com")...)
			if d.Report != nil || d.NoCertificate == nil || d.NoCertificate.Cause != "wrong-scope" {
				t.Errorf("got %+v for a name without a certificate", d)
			}
		})
	}
}

// The README's example of a script must find what it looks for.
func TestReadmeNamesTheFields(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(readme), "## The JSON document")
	section, _, _ = strings.Cut(section, "\n## ")
	var stdout bytes.Buffer
	if status := Main(t.Context(), []string{"why", "--json", "--world", "demo", "shop.example.com"}, nil, &stdout, os.Stderr); status != exitOK {
		t.Fatalf("status %d", status)
	}
	var d map[string]any
	if err := json.Unmarshal(stdout.Bytes(), &d); err != nil {
		t.Fatal(err)
	}
	report, ok := d["report"].(map[string]any)
	if !ok {
		t.Fatalf("report is %T", d["report"])
	}
	findings, ok := report["findings"].([]any)
	if !ok || len(findings) == 0 {
		t.Fatalf("findings is %T", report["findings"])
	}
	finding, ok := findings[0].(map[string]any)
	if !ok {
		t.Fatalf("the first finding is %T", findings[0])
	}
	remedy, ok := finding["remedy"].(map[string]any)
	if !ok {
		t.Fatalf("remedy is %T", finding["remedy"])
	}
	for _, object := range []map[string]any{d, report, finding, remedy} {
		for field := range object {
			if !strings.Contains(section, "`"+field+"`") {
				t.Errorf("README.md does not tell of the field %q", field)
			}
		}
	}
}
