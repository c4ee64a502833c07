package diagnose

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// answered is an answer about two certificates, one of them at fault.
func answered() Answer {
	broken := pending()
	broken.outcome(recordName, "CNAME", OutcomeNXDomain)
	other := healthy()
	other.Certificate.ARN = strings.Replace(other.Certificate.ARN, "111122223333", "444455556666", 1)
	other.Certificate.Account, other.Certificate.InUseBy = "444455556666", nil
	other.Certificate.Tags = map[string]string{"Owner": "shop team"}
	a := Answer{At: at, Query: Query{Text: "shop.example.com", Domain: "shop.example.com"}, Scope: Scope{Places: []Place{{Account: "111122223333", Region: "eu-west-1"}}}}
	a.Conclude([]Facts{*other, *broken})
	return a
}

func TestReplayGivesTheSameAnswer(t *testing.T) {
	first := answered()
	var file bytes.Buffer
	if err := first.Recording().Write(&file); err != nil {
		t.Fatal(err)
	}
	rec, err := ReadRecording(&file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(first, rec.Answer(), cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("the replay differs (-first, +replay):\n%s", diff)
	}
}

func TestRedacted(t *testing.T) {
	first := answered()
	rec, err := first.Recording().Redacted()
	if err != nil {
		t.Fatal(err)
	}
	var file bytes.Buffer
	if err := rec.Write(&file); err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{"111122223333", "444455556666", "shop team"} {
		if strings.Contains(file.String(), secret) {
			t.Errorf("%q is still in the redacted facts", secret)
		}
	}
	again := rec.Answer()
	for i := range first.Reports {
		if got, want := summary(again.Reports[i]), summary(first.Reports[i]); got != want {
			t.Errorf("the redacted facts give %q, want %q", got, want)
		}
	}
	if first.Facts[1].Certificate.Tags["Owner"] != "shop team" {
		t.Error("redacting took the tags off the answer itself")
	}
}

func TestReadRecordingRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"":                                   "no file of facts",
		"{}":                                 "no facts in it",
		`{"schema":99,"query":{"text":"x"}}`: "newer acmbot",
	} {
		if _, err := ReadRecording(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("ReadRecording(%q) gave %v, want an error that mentions %q", text, err, want)
		}
	}
}

func TestAnswerPutsTheServedCertificateFirst(t *testing.T) {
	used := healthy()
	served := healthy()
	served.Certificate.ARN += "2"
	served.Certificate.Serial, served.Certificate.InUseBy = "served", nil
	endpoints := map[string]Endpoint{"shop.example.com": {Served: []TLSServed{{Serial: "served"}}}}
	query := Query{Domain: "shop.example.com"}
	for _, f := range []*Facts{used, served} {
		f.Endpoints, f.Query = endpoints, query
	}
	a := Answer{Query: query}
	a.Conclude([]Facts{*used, *served})
	if got := a.Reports[0].Certificate.Serial; got != "served" {
		t.Errorf("first comes the certificate %q, want the one that is served", got)
	}
	if n := len(a.Others()); n != 1 {
		t.Errorf("there are %d others, want 1", n)
	}
}
