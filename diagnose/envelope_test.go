package diagnose

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// The files of testdata/events have the fields of "Amazon EventBridge support
// for ACM" and of AWS Health's schema, in the same order and with the same
// values where those pages show any. A page that shows alternatives is one or
// two files; approaching-expiration-2020 is how the event was before 2026.
const (
	eventAccount = "123456789012"
	eventRegion  = "us-east-1"
	eventCert    = "arn:aws:acm:us-east-1:123456789012:certificate/61f50cd4-45b9-4259-b049-d0a53682fa4b"
)

func moment(text string) time.Time {
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		panic(err)
	}
	return at
}

func documentedEvents() map[string][]Event {
	event := func(id string, kind EventKind, at string, rest Event) []Event {
		rest.ID, rest.Kind, rest.At = id, kind, moment(at)
		rest.ARN, rest.Account, rest.Region = eventCert, eventAccount, eventRegion
		return []Event{rest}
	}
	const common = "2019-12-22T18:43:48Z"
	return map[string][]Event{
		"approaching-expiration": event("9c95e8e4-96a4-ef3f-b739-b6aa5b193afb", EventApproachingExpiration, "2020-09-30T06:51:08Z",
			Event{DomainName: "example.com", DaysLeft: new(31)}),
		"approaching-expiration-2020": event("9c95e8e4-96a4-ef3f-b739-b6aa5b193afc", EventApproachingExpiration, "2020-09-30T06:51:08Z",
			Event{DomainName: "My Awesome Service", DaysLeft: new(31)}),
		"expired": event("0b1f6a52-7a0e-4c8e-9b0c-2d4f3e5a6b7c", EventExpired, common,
			Event{DomainName: "example.com", NotAfter: moment(common)}),
		"available-renewal": event("1c2a7b63-8b1f-4d9f-8c1d-3e5a4f6b7c8d", EventAvailable, common,
			Event{DomainName: "example.com", Action: "RENEWAL", NotAfter: moment("2020-07-07T18:43:48Z"), DaysLeft: new(198)}),
		"available-reimport": event("2d3b8c74-9c2a-4e0a-9d2e-4f6b5a7c8d9e", EventAvailable, common,
			Event{DomainName: "example.com", Action: "REIMPORT", NotAfter: moment("2020-03-21T18:43:48Z"), DaysLeft: new(90)}),
		"renewal-action-required": event("3e4c9d85-0d3b-4f1b-8e3f-5a7c6b8d9e0f", EventActionRequired, common,
			Event{DomainName: "example.com", Reason: "CAA_ERROR", NotAfter: moment("2020-01-21T18:43:48Z"), DaysLeft: new(30)}),
		"renewal-action-required-pending": event("4f5d0e96-1e4c-4a2c-9f4a-6b8d7c9e0f1a", EventActionRequired, common,
			Event{DomainName: "example.com", Reason: "PENDING_DOMAIN_VALIDATION", NotAfter: moment("2020-01-06T18:43:48Z"), DaysLeft: new(15)}),
		"revoked": event("5a6e1fa7-2f5d-4b3d-8a5b-7c9e8d0f1a2b", EventRevoked, common,
			Event{DomainName: "example.com", NotAfter: moment("2020-02-22T18:43:48Z")}),
		"rotated":                     event("6b7f2ab8-3a6e-4c4e-9b6c-8d0f9e1a2b3c", EventRotated, common, Event{}),
		"health-renewal-state-change": event("1234abc01232a4012345678-1", EventHealth, "2026-01-27T01:43:21Z", Event{}),
		"health-caa-check-failure": event("1234abc01232a4012345672-1", EventActionRequired, "2026-01-27T02:43:21Z",
			Event{Reason: "CAA_ERROR"}),
		// Sent to the organisation's management account, in a backup region,
		// and about two certificates.
		"health-renewal-failure": {
			{ID: "1234abc01232a4012345673-1", Kind: EventActionRequired, At: moment("2026-01-27T03:43:21Z"), ARN: eventCert[:len(eventCert)-1] + "a", Account: eventAccount, Region: eventRegion},
			{ID: "1234abc01232a4012345673-1", Kind: EventActionRequired, At: moment("2026-01-27T03:43:21Z"), ARN: eventCert, Account: eventAccount, Region: eventRegion},
		},
	}
}

func eventFile(t *testing.T, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "events", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestParseEventsAsDocumented(t *testing.T) {
	want := documentedEvents()
	paths, err := filepath.Glob("testdata/events/*.json")
	if err != nil || len(paths) != len(want) {
		t.Fatalf("%d files, %d expectations: %v", len(paths), len(want), err)
	}
	kinds := map[EventKind]bool{}
	for name, events := range want {
		t.Run(name, func(t *testing.T) {
			text := eventFile(t, name)
			got, err := ParseEvents(text)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(events, got); diff != "" {
				t.Errorf("mismatch (-want, +got):\n%s", diff)
			}
			for _, e := range got {
				kinds[e.Kind] = true
			}
			for envelope, message := range map[string]string{
				"sns":            notification(string(text)),
				"sns, twice":     notification(notification(string(text))),
				"a JSON string":  quoted(string(text)),
				"an added field": strings.Replace(string(text), "{", `{"replay-name": "again", "new": [{"x": 1}], `, 1),
				"blanks":         "\xef\xbb\xbf \n" + string(text) + "\r\n",
			} {
				got, err := ParseEvents([]byte(message))
				if err != nil {
					t.Errorf("%s: %v", envelope, err)
				} else if diff := cmp.Diff(events, got); diff != "" {
					t.Errorf("%s: mismatch (-want, +got):\n%s", envelope, diff)
				}
			}
		})
	}
	for _, kind := range EventKinds() {
		if !kinds[kind] {
			t.Errorf("no file is of %q", kind)
		}
	}
}

func quoted(text string) string {
	out, err := json.Marshal(text)
	if err != nil {
		panic(err)
	}
	return string(out)
}

// notification is the envelope of "Fanout to Amazon SQS queues".
func notification(text string) string {
	return `{
  "Type" : "Notification",
  "MessageId" : "63a3f6b6-d533-4a47-aef9-fcf5cf758c76",
  "TopicArn" : "arn:aws:sns:us-west-2:123456789012:MyTopic",
  "Subject" : "Testing publish to subscribed queues",
  "Message" : ` + quoted(text) + `,
  "Timestamp" : "2012-03-29T05:12:16.901Z",
  "SignatureVersion" : "1",
  "Signature" : "EXAMPLEnTrFPa3...",
  "SigningCertURL" : "https://sns.us-west-2.amazonaws.com/SimpleNotificationService-f3ecfb7224c7233fe7bb5f59f96de52f.pem",
  "UnsubscribeURL" : "https://sns.us-west-2.amazonaws.com/?Action=Unsubscribe&SubscriptionArn=arn:aws:sns:us-west-2:123456789012:MyTopic:c7fe3a54-ab0e-4ec2-88e0-db410a0f2bee"
}`
}

// A rule with the input path $.detail sends the detail alone. Its kind is told
// by its fields, but for Rotated, of which nothing is left.
func TestParseEventsOfDetailAlone(t *testing.T) {
	for name, want := range documentedEvents() {
		if strings.HasPrefix(name, "health") || name == "rotated" {
			continue
		}
		var whole struct{ Detail json.RawMessage }
		if err := json.Unmarshal(eventFile(t, name), &whole); err != nil {
			t.Fatal(err)
		}
		left := want[0]
		left.ID, left.ARN, left.Account, left.Region, left.At = "", "", "", "", time.Time{}
		got, err := ParseEvents(whole.Detail)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if diff := cmp.Diff([]Event{left}, got); diff != "" {
			t.Errorf("%s: mismatch (-want, +got):\n%s", name, diff)
		}
	}
}

func TestParseEventsTolerates(t *testing.T) {
	bare := Event{ARN: eventCert, Account: eventAccount, Region: eventRegion}
	tests := map[string]struct {
		text string
		want Event
	}{
		"days as a string": {
			`{"source": "aws.acm", "detail-type": "ACM Certificate Approaching Expiration", "resources": ["` + eventCert + `"], "detail": {"DaysToExpiry": "31"}}`,
			Event{Kind: EventApproachingExpiration, DaysLeft: new(31)},
		},
		"days that are no number": {
			`{"source": "aws.acm", "detail-type": "ACM Certificate Approaching Expiration", "resources": ["` + eventCert + `"], "detail": {"DaysToExpiry": null}}`,
			Event{Kind: EventApproachingExpiration},
		},
		"a kind that is new": {
			`{"id": "1", "source": "aws.acm", "detail-type": "ACM Certificate Polished", "resources": ["` + eventCert + `"], "detail": {"CommonName": "example.com"}}`,
			Event{ID: "1", Kind: "ACM Certificate Polished", DomainName: "example.com"},
		},
		"no detail": {
			`{"source": "aws.acm", "detail-type": "ACM Certificate Expired", "resources": ["` + eventCert + `", "` + eventCert + `", "arn:aws:acm-pca:us-east-1:123456789012:certificate-authority/x"]}`,
			Event{Kind: EventExpired},
		},
		"a test event of one's own": { // nobody but AWS may send as aws.acm
			`{"source": "test.acm", "detail-type": "ACM Certificate Expired", "resources": ["` + eventCert + `"], "detail": {}}`,
			Event{Kind: EventExpired},
		},
		"a transformer's own names": {
			`{"what": "ACM Certificate Renewal Action Required", "certificate": {"arn": "` + eventCert + `"}, "CommonName": "example.com"}`,
			Event{Kind: EventActionRequired, DomainName: "example.com"},
		},
		"detail and resources only": {
			`{"resources": ["` + eventCert + `"], "detail": {"DaysToExpiry": "3", "CommonName": "example.com"}}`,
			Event{Kind: EventApproachingExpiration, DomainName: "example.com", DaysLeft: new(3)},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			want := test.want
			want.ARN, want.Account, want.Region = bare.ARN, bare.Account, bare.Region
			got, err := ParseEvents([]byte(test.text))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]Event{want}, got); diff != "" {
				t.Errorf("mismatch (-want, +got):\n%s", diff)
			}
		})
	}
}

func TestParseEventsRefuses(t *testing.T) {
	tests := map[string]struct {
		text string
		idle bool
		why  string
	}{
		"nothing":         {"", false, "It is not JSON"},
		"text":            {"Certificate " + eventCert + " expires", false, "It is not JSON"},
		"half an event":   {`{"source": "aws.acm", "detail-type"`, false, "It is not JSON"},
		"two documents":   {`{} {}`, false, "It is not JSON"},
		"a number":        {`7`, false, "It is JSON, but not an event"},
		"a list":          {`[]`, false, "It is JSON, but not an event"},
		"an empty object": {`{}`, false, "not an event of ACM, nor a part of one"},
		"another service": {`{"source": "aws.ec2", "detail-type": "EC2 Instance State-change Notification", "detail": {}}`, false, `It is an event of "aws.ec2"`},
		"health of EC2":   {`{"source": "aws.health", "detail-type": "AWS Health Event", "detail": {"service": "EC2"}}`, false, `on "EC2"`},
		"health of all of ACM": {
			`{"source": "aws.health", "detail-type": "AWS Health Event", "resources": [], "detail": {"service": "ACM", "eventTypeCode": "AWS_ACM_OPERATIONAL_ISSUE", "affectedEntities": []}}`, true, "names no certificate",
		},
		// "ACM events delivered via AWS CloudTrail", EventBridge events reference
		"a call to ACM's API": {`{"source": "aws.acm", "detail-type": "AWS API Call via CloudTrail", "detail": {"eventSource": "acm.amazonaws.com"}}`, true, "about no certificate"},
		"no certificate":      {`{"source": "aws.acm", "detail-type": "ACM Certificate Expired", "resources": [], "detail": {}}`, false, "does not tell of which certificate"},
		"days only":           {`{"DaysToExpiry": 3}`, false, "an input transformer took that away"},
		"another ARN":         {`{"source": "aws.acm", "detail-type": "ACM Certificate Expired", "resources": ["arn:aws:acm:us-east-1:12:certificate/x"], "detail": {}}`, false, "does not tell of which certificate"},
		"a subscription":      {`{"Type": "SubscriptionConfirmation", "TopicArn": "arn:aws:sns:us-west-2:123456789012:MyTopic", "Token": "x", "SubscribeURL": "https://sns.us-west-2.amazonaws.com/"}`, false, "open its SubscribeURL"},
		"wrapped for ever":    {notification(notification(notification(notification(notification(`{}`))))), false, "wrapped too often"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			events, err := ParseEvents([]byte(test.text))
			if err == nil {
				t.Fatalf("gives %v", events)
			}
			if !strings.Contains(err.Error(), test.why) || IsIdle(err) != test.idle {
				t.Errorf("idle %v: %v", IsIdle(err), err)
			}
		})
	}
}

func FuzzParseEvents(f *testing.F) {
	paths, err := filepath.Glob("testdata/events/*.json")
	if err != nil {
		f.Fatal(err)
	}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
		f.Add([]byte(notification(string(text))))
	}
	f.Add([]byte(`{"detail": {"DaysToExpiry": 1e400}, "a": [["` + eventCert + `"]]}`))
	f.Fuzz(func(t *testing.T, message []byte) {
		events, err := ParseEvents(message)
		if err != nil {
			if _, ok := err.(*NotEvent); !ok || len(events) != 0 || err.Error() == "" { //nolint:errorlint // the type itself is promised
				t.Fatalf("%v, %d events", err, len(events))
			}
			return
		}
		if len(events) == 0 {
			t.Fatal("neither events nor an error")
		}
		again, err := ParseEvents(message)
		if err != nil || cmp.Diff(events, again) != "" {
			t.Fatalf("not the same twice: %v", err)
		}
		for _, e := range events {
			if e.Kind == "" || e.ARN == "" && e.DomainName == "" {
				t.Fatalf("tells of nothing: %+v", e)
			}
			if e.ARN != "" && (e.Account == "" || e.Region == "" || !slices.Contains(strings.Split(e.ARN, ":"), e.Account)) {
				t.Fatalf("is of no place: %+v", e)
			}
		}
	})
}

// Whoever may write to the queue may write whatever fits into a message. Of that
// nothing is kept or said that is longer than what ACM and EventBridge send.
func TestOversizedEvents(t *testing.T) {
	huge := strings.Repeat("x", 200<<10)
	for name, message := range map[string]string{
		"all of an event": `{"source":"aws.acm","detail-type":"ACM Certificate Expired","id":` + quoted(huge) + `,"resources":[` + quoted(eventCert) + `],
			"detail":{"CommonName":` + quoted(huge) + `,"Action":` + quoted(huge) + `,"RenewalStatusReason":` + quoted(huge) + `}}`,
		"its kind":        `{"source":"aws.acm","detail-type":` + quoted(huge) + `,"resources":[` + quoted(eventCert) + `]}`,
		"its source":      `{"source":` + quoted(huge) + `,"detail-type":"x"}`,
		"a service":       `{"source":"aws.health","detail-type":"AWS Health Event","detail":{"service":` + quoted(huge) + `}}`,
		"a communication": `{"source":"aws.health","detail-type":"AWS Health Event","resources":[` + quoted(eventCert) + `],"detail":{"service":"ACM","communicationId":` + quoted(huge) + `}}`,
		"a topic":         `{"Type":"SubscriptionConfirmation","TopicArn":` + quoted(huge) + `}`,
		"a part of one":   `{"CommonName":` + quoted(huge) + `,"DaysToExpiry":3,"arn":` + quoted(eventCert) + `}`,
		"its ARN":         `{"source":"aws.acm","detail-type":"ACM Certificate Expired","resources":["arn:aws:acm:eu-west-1:111122223333:certificate/` + huge + `"]}`,
	} {
		t.Run(name, func(t *testing.T) {
			events, err := ParseEvents([]byte(message))
			if err != nil && len(err.Error()) > 1000 {
				t.Errorf("the reason has %d bytes", len(err.Error()))
			}
			text, marshalErr := json.Marshal(events)
			if marshalErr != nil || len(text) > 2000 {
				t.Errorf("%d bytes are kept of it (%v)", len(text), marshalErr)
			}
			if name == "all of an event" && (len(events) != 1 || events[0].ARN != eventCert || events[0].Kind != EventExpired) {
				t.Errorf("what is right in it is lost: %+v", events)
			}
		})
	}
}
