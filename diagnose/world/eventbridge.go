package world

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/acmbot/acmbot/diagnose"
	"github.com/acmbot/acmbot/diagnose/world/awsapi"
)

// EventsQueue is the name of the SQS queue, in the first account and region,
// that EventBridge sends ACM's events of all accounts and regions to. What was
// received five times goes to the queue of that name with "-dead" after it.
const EventsQueue = "acmbot-events"

// told is what ACM has told of a certificate, by which it knows what is news.
type told struct {
	status, renewal, reason string
	notAfter                time.Time
	at                      time.Time
}

// addQueues makes the queue, and the one for its dead letters.
func (r *Running) addQueues(s *awsapi.State) {
	home, region := s.Account(r.world.Accounts[0].ID), r.world.Regions()[0]
	dead := home.Queue(region, EventsQueue+"-dead")
	queue := home.Queue(region, EventsQueue)
	queue.DeadLetter, queue.MaxReceives = dead.ARN(), 5
	r.queue, r.queueURL = queue.ARN(), queue.URL()
	r.rule = "arn:aws:events:" + region + ":" + home.ID + ":rule/" + EventsQueue
	queue.Policy = strings.NewReplacer("QUEUE", r.queue, "RULE", r.rule).Replace(queuePolicy)
}

// queuePolicy is deploy/events/queue-policy.json for the world's queue and rule.
const queuePolicy = `{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Sid": "TakeEvents",
      "Effect": "Allow",
      "Principal": { "Service": "events.amazonaws.com" },
      "Action": "sqs:SendMessage",
      "Resource": "QUEUE",
      "Condition": {
        "ArnEquals": { "aws:SourceArn": "RULE" }
      }
    }
  ]
}
`

// EventsQueueURL is the URL of the queue [EventsQueue].
func (r *Running) EventsQueueURL() string { return r.queueURL }

// Announce sends what ACM has to tell of what has happened since it was last
// called, or the start: certificates that have expired, were renewed, issued or
// revoked, renewals that need somebody, and ends that draw near. What is
// announced late comes once: of the days that have passed meanwhile, the last.
// It returns how many events those are.
//
// When ACM sends which event is in "Amazon EventBridge support for ACM" (AWS
// Certificate Manager User Guide,
// https://docs.aws.amazon.com/acm/latest/userguide/supported-events.html).
func (r *Running) Announce() int {
	now := r.options.Now().UTC().Truncate(time.Second)
	var events []string
	r.api.Update(func(s *awsapi.State) {
		eachCertificate(s, func(c *awsapi.Certificate) {
			if c.Status == diagnose.StatusIssued && !c.NotAfter.IsZero() && !c.NotAfter.After(now) {
				c.Status = diagnose.StatusExpired
			}
			was, known := r.told[c.ARN]
			r.told[c.ARN] = tell(c, now)
			for _, news := range newsOf(c, was, known, now) {
				r.announced++
				events = append(events, envelope(c, news, uuid("event", c.ARN, fmt.Sprint(r.announced)), now))
			}
		})
	})
	if err := r.api.Deliver(r.rule, r.queue, events...); err != nil {
		r.log.Warn("announcing failed", "error", err)
		return 0
	}
	return len(events)
}

func tell(c *awsapi.Certificate, now time.Time) told {
	t := told{status: c.Status, notAfter: c.NotAfter, at: now}
	if c.Renewal != nil {
		t.renewal, t.reason = c.Renewal.RenewalStatus, c.Renewal.RenewalStatusReason
	}
	return t
}

// news is one thing that ACM has to tell of a certificate.
type news struct {
	kind   diagnose.EventKind
	action string
	days   int
}

// attempts are how many days before the end ACM tells of a renewal that needs
// somebody; the first is for private certificates only.
var attempts = []int{45, 30, 15, 3, 1}

// newsOf compares a certificate with what was told of it.
func newsOf(c *awsapi.Certificate, was told, known bool, now time.Time) []news {
	imported := c.Type == diagnose.TypeImported
	days := daysLeft(c.NotAfter, now)
	var list []news
	switch c.Status {
	case diagnose.StatusExpired:
		if known && was.status == diagnose.StatusIssued && !imported {
			list = append(list, news{kind: diagnose.EventExpired, days: days})
		}
		return list
	case diagnose.StatusRevoked:
		if known && was.status != c.Status {
			list = append(list, news{kind: diagnose.EventRevoked, days: days})
		}
		return list
	case diagnose.StatusIssued:
	default:
		return nil
	}
	switch {
	case !known || was.status != diagnose.StatusIssued && was.status != diagnose.StatusExpired:
		action := "ISSUANCE"
		if imported {
			action = "IMPORT"
		}
		return []news{{kind: diagnose.EventAvailable, action: action, days: days}}
	case c.NotAfter.After(was.notAfter):
		action := "RENEWAL"
		if imported {
			action = "REIMPORT"
		}
		return []news{{kind: diagnose.EventAvailable, action: action, days: days}}
	}
	before := daysLeft(was.notAfter, was.at)
	first, due := 30, attempts[1:]
	if c.Type != diagnose.TypeAmazonIssued {
		first, due = 45, attempts
	}
	if days < before && days <= first {
		list = append(list, news{kind: diagnose.EventApproachingExpiration, days: days})
	}
	if needsSomebody(c) && days <= first {
		begun := c.Renewal.RenewalStatus != was.renewal || c.Renewal.RenewalStatusReason != was.reason
		passed := slices.ContainsFunc(due, func(at int) bool { return days <= at && before > at })
		if begun || passed {
			list = append(list, news{kind: diagnose.EventActionRequired, days: days})
		}
	}
	return list
}

func needsSomebody(c *awsapi.Certificate) bool {
	return c.Renewal != nil && c.Type != diagnose.TypeImported && c.Renewal.RenewalStatus != diagnose.RenewalSuccess &&
		(c.Renewal.RenewalStatus != diagnose.RenewalPendingAuto || c.Renewal.RenewalStatusReason != "")
}

// daysLeft are the whole days until a moment.
func daysLeft(until, now time.Time) int {
	d := until.Sub(now)
	days := int(d / day)
	if d < 0 && d%day != 0 {
		days--
	}
	return days
}

// envelope is an event as EventBridge sends it.
func envelope(c *awsapi.Certificate, n news, id string, now time.Time) string {
	arn := strings.Split(c.ARN, ":")
	detail := map[string]any{}
	put := func(name, value string) {
		if value != "" {
			detail[name] = value
		}
	}
	if n.kind != diagnose.EventApproachingExpiration {
		put("CertificateType", cmp.Or(c.Type, diagnose.TypeAmazonIssued))
		detail["CertificateExpirationDate"] = c.NotAfter.Format(time.RFC3339)
	}
	put("CommonName", c.DomainName)
	put("FirstSubjectAlternativeName", c.SubjectAlternativeNames[0])
	detail["ValidityInDays"] = int((c.NotAfter.Sub(c.NotBefore) + time.Second) / day)
	origin := diagnose.OriginAWS
	if c.Type == diagnose.TypeImported {
		origin = diagnose.OriginCustomer
	}
	put("CertificateKeyPairOrigin", cmp.Or(c.KeyPairOrigin, origin))
	put("AcmeAccountId", c.ACMEAccountID)
	put("AcmeEndpointArn", c.ACMEEndpointARN)
	switch n.kind {
	case diagnose.EventApproachingExpiration, diagnose.EventRevoked:
	default:
		put("DomainValidationMethod", c.ValidationMethod)
		detail["InUse"], detail["Exported"] = len(c.InUseBy) > 0, c.Exported
	}
	switch n.kind {
	case diagnose.EventRevoked:
		detail["Exportable"] = c.Export == "ENABLED"
	case diagnose.EventExpired, diagnose.EventAvailable:
		detail["CertificateCreatedDate"] = c.CreatedAt.Format(time.RFC3339)
	case diagnose.EventActionRequired:
		put("RenewalStatusReason", cmp.Or(c.Renewal.RenewalStatusReason, "PENDING_DOMAIN_VALIDATION"))
	}
	put("Action", n.action)
	switch n.kind {
	case diagnose.EventApproachingExpiration, diagnose.EventAvailable, diagnose.EventActionRequired:
		detail["DaysToExpiry"] = n.days
	}
	text, err := json.Marshal(map[string]any{
		"version": "0", "id": id, "detail-type": n.kind, "source": "aws.acm", "account": arn[4],
		"time": now.Format(time.RFC3339), "region": arn[3], "resources": []string{c.ARN}, "detail": detail,
	})
	if err != nil { // of strings and numbers there is none
		panic(err)
	}
	return string(text)
}
