package events

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"
)

// An Address is a queue's URL, read.
type Address struct {
	// URL is the queue's URL as it was given.
	URL string
	// Region and Account are those of the queue, empty where its URL does not
	// tell, as that of a test server may not.
	Region, Account string
	Name            string

	endpoint string
}

var (
	queueARN    = regexp.MustCompile(`^arn:aws[a-z-]*:sqs:([a-z0-9-]+):(\d{12}):([A-Za-z0-9_.-]+)$`)
	queueName   = regexp.MustCompile(`^[A-Za-z0-9_-]{1,80}$`)
	accountPath = regexp.MustCompile(`^\d{12}$`)
	// Hosts of SQS ("Amazon Simple Queue Service endpoints and quotas", AWS
	// General Reference, https://docs.aws.amazon.com/general/latest/gr/sqs-service.html),
	// those of VPC endpoints, and those that begin alike.
	serviceHost = regexp.MustCompile(`^(?:vpce-[a-z0-9-]+\.)?sqs(?:-fips)?\.([a-z0-9-]+)\.`)
	legacyHost  = regexp.MustCompile(`^(?:([a-z0-9-]+)\.)?queue\.amazonaws\.com(?:\.cn)?$`)
	awsHost     = regexp.MustCompile(`\.(?:amazonaws\.(?:com|com\.cn|eu)|api\.aws)$`)
	pathRegion  = regexp.MustCompile(`^queue/([a-z0-9-]+)/`)
)

// ParseAddress reads a queue's URL, such as
// https://sqs.eu-central-1.amazonaws.com/111122223333/acmbot-events. Its error
// ends a sentence that begins with the setting's name.
func ParseAddress(text string) (Address, error) {
	text = strings.TrimSpace(text)
	if m := queueARN.FindStringSubmatch(text); m != nil {
		return Address{}, fmt.Errorf("is the queue's ARN, where its URL belongs: https://sqs.%s.amazonaws.com/%s/%s", m[1], m[2], m[3])
	}
	wrong := fmt.Errorf("is %q, which is not the URL of an SQS queue such as https://sqs.eu-central-1.amazonaws.com/111122223333/acmbot-events", text)
	at, err := url.Parse(text)
	if err != nil || at.Scheme != "https" && at.Scheme != "http" || at.Host == "" || at.RawQuery != "" || at.Fragment != "" || at.User != nil {
		return Address{}, wrong
	}
	a := Address{URL: text, endpoint: at.Scheme + "://" + at.Host}
	path := strings.Split(strings.Trim(at.Path, "/"), "/")
	a.Name = path[len(path)-1]
	if !queueName.MatchString(strings.TrimSuffix(a.Name, ".fifo")) {
		return Address{}, wrong
	}
	if len(path) > 1 && accountPath.MatchString(path[len(path)-2]) {
		a.Account = path[len(path)-2]
	}
	host := strings.ToLower(at.Hostname())
	if m := serviceHost.FindStringSubmatch(host); m != nil {
		a.Region = m[1]
	} else if m := legacyHost.FindStringSubmatch(host); m != nil {
		// The SDK knows the address that took the place of these.
		a.Region, a.endpoint = m[1], ""
		if a.Region == "" {
			a.Region = "us-east-1"
		}
	} else if m := pathRegion.FindStringSubmatch(strings.TrimPrefix(at.Path, "/")); m != nil {
		a.Region = m[1]
	}
	if awsHost.MatchString(host) || a.endpoint == "" {
		switch {
		case a.Region == "" || a.Account == "" || len(path) != 2:
			return Address{}, wrong
		case at.Scheme != "https":
			return Address{}, errors.New("begins with http://, and AWS's own queues are reached by https:// only")
		}
	}
	return a, nil
}
