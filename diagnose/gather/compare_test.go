package gather_test

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/acm"
	"golang.org/x/net/publicsuffix"

	"github.com/acmbot/acmbot/diagnose"
	"github.com/acmbot/acmbot/diagnose/world"
)

var compare = flag.Bool("compare", false, "run other tools on the worlds, and count the causes that each names; as root, see TestCompare")

// A tool is something to find out with why a certificate does not renew. Its
// signals are what it says, in short: message tags of Zonemaster, error and
// warning codes of DNSViz, the verdicts of the script, causes of acmbot.
type tool struct {
	name    string
	signals func(context.Context, *subject) ([]string, error)
}

// A subject is one world, running, with the question to it.
type subject struct {
	*world.Running
	ask   string
	arn   string
	name  string   // the name that was asked for, or the certificate's first
	names []string // all of the certificate's
	cause diagnose.CauseID
	hints string // path of the root hints
	dir   string
}

// naming are the signals that name a cause, by tool. They are taken
// generously: a signal counts if a reader who knows the tool learns from it
// what is wrong and where, even if the tool does not say how it comes about.
// "No CNAME" for a record whose name was doubled does not: it sends the reader
// to add the record once more. A cause without an entry for a tool has no
// signal in that tool's vocabulary. acmbot's signal is the cause's id.
var naming = map[diagnose.CauseID]struct{ script, zonemaster, dnsviz []string }{
	"cname-missing":            {script: []string{"no CNAME"}},
	"cname-wrong-value":        {script: []string{"other value"}},
	"cname-non-acm-target":     {script: []string{"other value"}},
	"cname-value-doubled":      {script: []string{"other value"}},
	"trailing-dot":             {script: []string{"other value"}},
	"cname-name-doubled":       {},
	"underscore-stripped-name": {},
	"cname-wrong-type":         {},
	"other-type-at-name":       {},
	"multiple-cnames":          {script: []string{"several CNAMEs"}},
	"cname-chain-too-long":     {},
	"cname-chain-broken":       {script: []string{"other value"}},
	"wildcard-shadow":          {},
	"proxied-or-flattened":     {script: []string{"addresses instead"}},
	"negative-cache":           {script: []string{"resolver differs"}},
	"propagation-split":        {script: []string{"servers differ"}, zonemaster: []string{"MULTIPLE_SOA_SERIALS"}},
	"domain-expired":           {script: []string{"no such domain"}, zonemaster: []string{"B01_NO_CHILD", "NO_GLUE_PREVENTS_NAMESERVER_TESTS"}, dnsviz: []string{"status NXDOMAIN"}},
	"lame-delegation": {
		script:     []string{"servers do not answer"},
		zonemaster: []string{"NS_FAILED", "NS_NO_RESPONSE", "CANNOT_CONTINUE", "IS_NOT_AUTHORITATIVE", "NO_RESPONSE"},
		dnsviz:     []string{"status LAME", "SERVER_NOT_AUTHORITATIVE"},
	},
	"delegation-moved":      {},
	"duplicate-hosted-zone": {},
	"private-zone-only":     {},
	"subzone-shadow":        {},
	"subzone-not-delegated": {},
	"ns-mismatch-partial": {
		script:     []string{"NS differ"},
		zonemaster: []string{"EXTRA_NAME_CHILD", "EXTRA_NAME_PARENT", "TOTAL_NAME_MISMATCH", "NAMES_DO_NOT_MATCH", "OUT_OF_BAILIWICK_ADDR_MISMATCH"},
		dnsviz:     []string{"NS_NAME_NOT_IN_CHILD", "NS_NAME_NOT_IN_PARENT", "SERVER_NOT_AUTHORITATIVE"},
	},
	"nxdomain-cut":               {dnsviz: []string{"INCONSISTENT_NXDOMAIN_ANCESTOR"}},
	"rrsig-expired":              {script: []string{"DNSSEC EDE 7"}, zonemaster: []string{"RRSIG_EXPIRED"}, dnsviz: []string{"EXPIRATION_IN_PAST"}},
	"ds-stale":                   {script: []string{"DNSSEC EDE 9"}, zonemaster: []string{"DS02_NO_DNSKEY_FOR_DS", "DS02_NO_MATCHING_DNSKEY_RRSIG", "DS02_NO_VALID_DNSKEY_FOR_ANY_DS", "DS11_DS_BUT_UNSIGNED_ZONE"}, dnsviz: []string{"NO_SEP", "MISSING_SEP_FOR_ALG"}},
	"dnssec-bogus":               {script: []string{"DNSSEC EDE 6", "DNSSEC EDE 10"}, zonemaster: []string{"DS02_RRSIG_NOT_VALID_BY_DNSKEY", "DS08_MISSING_RRSIG_IN_RESPONSE", "DS09_MISSING_RRSIG_IN_RESPONSE"}, dnsviz: []string{"SIGNATURE_INVALID", "MISSING_RRSIG"}},
	"ds-algorithm-unsupported":   {script: []string{"DNSSEC EDE 1"}, zonemaster: []string{"DS01_DS_ALGO_NOT_DS", "DS02_ALGO_NOT_SUPPORTED_BY_ZM"}, dnsviz: []string{"ALGORITHM_NOT_SUPPORTED", "ALGORITHM_PROHIBITED"}},
	"mpic-split":                 {},
	"caa-forbids-amazon":         {script: []string{"CAA forbids"}},
	"caa-inherited":              {script: []string{"CAA above forbids"}},
	"caa-issuewild":              {script: []string{"CAA issuewild forbids"}},
	"caa-via-cname":              {script: []string{"CAA by alias forbids"}},
	"caa-critical-unknown-tag":   {},
	"caa-malformed":              {},
	"caa-parameters":             {script: []string{"CAA parameters"}},
	"caa-lookup-failed":          {script: []string{"CAA fails"}, dnsviz: []string{"INVALID_RCODE"}},
	"email-no-mx":                {script: []string{"no MX"}, zonemaster: []string{"Z09_MISSING_MAIL_TARGET", "Z09_NO_MX_FOUND"}},
	"http-redirect-missing":      {},
	"http-redirect-wrong-target": {},
	"http-forced-https":          {},
}

// TestCompare runs what people use today, and acmbot, on every world that has
// exactly one cause which can be seen outside ACM, and counts the causes that
// each names. It takes root, Linux, and the Debian packages bind9-dnsutils,
// zonemaster-cli and dnsviz; a network namespace of its own keeps the ports
// free:
//
//	go test -c -o gather.test ./diagnose/gather
//	cd diagnose/gather && unshare --net sh -c 'ip link set lo up; ../../gather.test -test.run TestCompare -compare -test.v'
func TestCompare(t *testing.T) {
	if !*compare {
		t.Skip("only with -compare")
	}
	tools := []tool{{"script", script}, {"zonemaster", zonemaster}, {"dnsviz", dnsviz}, {"acmbot", itself}}
	for _, program := range []string{"dig", "zonemaster-cli", "dnsviz"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("%s is missing: apt-get install bind9-dnsutils zonemaster-cli dnsviz", program)
		}
	}
	files, err := filepath.Glob("../testdata/worlds/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	worlds, named := 0, map[string]int{}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		w, err := world.Parse(file, data)
		if err != nil {
			t.Fatal(err)
		}
		e, ok := outside(w)
		if !ok {
			continue
		}
		worlds++
		name := strings.TrimSuffix(filepath.Base(file), ".txtar")
		t.Run(name, func(t *testing.T) {
			run, err := w.Start(t.Context(), world.Options{Literal: true})
			if err != nil {
				t.Fatal(err)
			}
			defer run.Close()
			s := &subject{Running: run, ask: e.Ask, arn: e.ARN, cause: e.Causes[0], dir: t.TempDir()}
			c := w.Certificates[0]
			if e.ARN != "" {
				c = w.Certificate(e.ARN)
			}
			s.arn, s.name, s.names = c.ARN(), c.Names[0], c.Names
			if q, err := diagnose.ParseQuery(e.Ask); err == nil && q.Domain != "" {
				s.name = q.Domain
			}
			s.hints = filepath.Join(s.dir, "hints")
			if err := os.WriteFile(s.hints, []byte(run.RootHints()), 0o600); err != nil {
				t.Fatal(err)
			}
			rule := naming[s.cause]
			counts := map[string][]string{"script": rule.script, "zonemaster": rule.zonemaster, "dnsviz": rule.dnsviz, "acmbot": {string(s.cause)}}
			for _, tool := range tools {
				ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
				signals, err := tool.signals(ctx, s)
				cancel()
				if err != nil {
					t.Errorf("%s: %v", tool.name, err)
				}
				slices.Sort(signals)
				signals = slices.Compact(signals)
				yes := slices.ContainsFunc(counts[tool.name], func(want string) bool { return slices.Contains(signals, want) })
				if yes {
					named[tool.name]++
				}
				t.Logf("%s: %s: named %v by %v", s.cause, tool.name, yes, signals)
			}
		})
	}
	for _, tool := range tools {
		t.Logf("%s names %d of %d", tool.name, named[tool.name], worlds)
	}
	if named["acmbot"] != worlds {
		t.Errorf("acmbot names %d of %d causes", named["acmbot"], worlds)
	}
}

// outside picks the worlds to compare on: those all of whose expectations are
// of one cause, which is one that can be seen outside ACM.
func outside(w *world.World) (world.Expectation, bool) {
	var one world.Expectation
	causes := map[diagnose.CauseID]bool{}
	for _, e := range w.Expectations() {
		for _, c := range e.Causes {
			causes[c] = true
		}
		if one.Ask == "" && len(e.Causes) == 1 {
			one = e
		}
	}
	if len(causes) != 1 || one.Ask == "" || one.None {
		return one, false
	}
	_, visible := naming[one.Causes[0]]
	return one, visible
}

// itself is acmbot.
func itself(ctx context.Context, s *subject) ([]string, error) {
	q, err := diagnose.ParseQuery(s.ask)
	if err != nil {
		return nil, err
	}
	var signals []string
	for _, r := range gatherer(s.Running).Answer(ctx, q, nil).Reports[:1] {
		for _, f := range r.Findings {
			signals = append(signals, string(f.Cause))
		}
	}
	return signals, nil
}

// zonemaster runs all of Zonemaster's tests on the registered domains. Its
// tags count from NOTICE upwards. Its timeout is one second, as all servers
// are on this machine.
func zonemaster(ctx context.Context, s *subject) ([]string, error) {
	profile := filepath.Join(s.dir, "profile.json")
	if err := os.WriteFile(profile, []byte(`{"resolver":{"defaults":{"retrans":1,"retry":2,"timeout":1}}}`), 0o600); err != nil {
		return nil, err
	}
	var signals []string
	for _, domain := range s.domains() {
		out, err := exec.CommandContext(ctx, "zonemaster-cli", "--no-ipv6", "--hints", s.hints, "--profile", profile,
			"--level", "NOTICE", "--raw", "--no-progress", domain).Output()
		if err != nil {
			return nil, fmt.Errorf("running zonemaster-cli: %w: %s", err, out)
		}
		for line := range strings.Lines(string(out)) {
			// Seconds, level and tag; before them come headings.
			if fields := strings.Fields(line); len(fields) > 2 && zonemasterLevels[fields[1]] {
				signals = append(signals, fields[2])
			}
		}
	}
	return signals, nil
}

var zonemasterLevels = map[string]bool{"NOTICE": true, "WARNING": true, "ERROR": true, "CRITICAL": true}

// dnsviz looks at the certificate's name and its validation record, from the
// root. Its error and warning codes count, and the states of the delegation
// and of the name where they are not in order.
func dnsviz(ctx context.Context, s *subject) ([]string, error) {
	var roots []string
	for _, root := range s.DNSOptions().Roots {
		for _, address := range root.Addresses {
			if at, err := netip.ParseAddrPort(address); err == nil {
				address = at.Addr().String()
			}
			roots = append(roots, strings.TrimSuffix(root.Name, ".")+"="+address)
		}
	}
	names := []string{strings.TrimPrefix(s.name, "*.")}
	records, err := s.records(ctx)
	if err != nil {
		return nil, err
	}
	for _, r := range records {
		names = append(names, r.Name)
	}
	probe := filepath.Join(s.dir, "probe.json")
	args := append([]string{"probe", "-4", "-A", "-a", ".", "-x", ".+:" + strings.Join(roots, ","), "-R", "A,CNAME,CAA,MX", "-o", probe}, names...)
	if out, err := exec.CommandContext(ctx, "dnsviz", args...).CombinedOutput(); err != nil {
		return nil, fmt.Errorf("running dnsviz probe: %w: %s", err, out)
	}
	keys := filepath.Join(s.dir, "keys")
	grok := []string{"grok", "-P", "-r", probe}
	if anchors := s.DNSOptions().TrustAnchors; len(anchors) > 0 {
		if err := os.WriteFile(keys, []byte(strings.Join(anchors, "\n")+"\n"), 0o600); err != nil {
			return nil, err
		}
		grok = append(grok, "-t", keys)
	}
	out, err := exec.CommandContext(ctx, "dnsviz", grok...).Output()
	if err != nil && len(out) == 0 {
		return nil, fmt.Errorf("running dnsviz grok: %w", err)
	}
	var document any
	if len(out) == 0 {
		return nil, nil // nothing to warn of
	}
	if err := json.Unmarshal(out, &document); err != nil {
		return nil, fmt.Errorf("reading dnsviz's answer: %w: %s", err, out)
	}
	var signals []string
	var visit func(v any, complaint bool)
	visit = func(v any, complaint bool) {
		switch v := v.(type) {
		case map[string]any:
			for key, value := range v {
				text, isText := value.(string)
				switch {
				case isText && key == "code" && complaint:
					signals = append(signals, text)
				case isText && key == "status" && !slices.Contains([]string{"INSECURE", "SECURE", "NOERROR", "VALID"}, text):
					signals = append(signals, "status "+text)
				default:
					visit(value, complaint || slices.Contains([]string{"error", "errors", "warning", "warnings"}, key))
				}
			}
		case []any:
			for _, value := range v {
				visit(value, complaint)
			}
		}
	}
	visit(document, false)
	return signals, nil
}

// domains are the registered domains of the certificate's names.
func (s *subject) domains() []string {
	var list []string
	for _, name := range s.names {
		name = strings.TrimPrefix(name, "*.")
		domain, err := publicsuffix.EffectiveTLDPlusOne(name)
		if err != nil {
			domain = name
		}
		if !slices.Contains(list, domain) {
			list = append(list, domain)
		}
	}
	return list
}

// records are the validation records that DescribeCertificate gives.
func (s *subject) records(ctx context.Context) ([]diagnose.Record, error) {
	config := s.AWSConfig()
	config.Region = strings.Split(s.arn, ":")[3]
	out, err := acm.NewFromConfig(config).DescribeCertificate(ctx, &acm.DescribeCertificateInput{CertificateArn: aws.String(s.arn)})
	if err != nil {
		return nil, fmt.Errorf("describing the certificate: %w", err)
	}
	var list []diagnose.Record
	options := out.Certificate.DomainValidationOptions
	if r := out.Certificate.RenewalSummary; r != nil {
		options = r.DomainValidationOptions
	}
	for _, o := range options {
		if r := o.ResourceRecord; r != nil {
			list = append(list, diagnose.Record{Name: diagnose.CanonicalName(aws.ToString(r.Name)), Value: diagnose.CanonicalName(aws.ToString(r.Value))})
		}
	}
	return list, nil
}
