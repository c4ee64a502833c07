package world

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"gopkg.in/yaml.v3"

	"github.com/acmbot/acmbot/diagnose/world/awsapi"
)

// RoleName is the role by which the first account reads the others.
const RoleName = "acmbot-read"

// An Account is an AWS account as a world describes it. Accounts that are only
// named by certificates and zones need no entry.
type Account struct {
	ID string `yaml:"-"`
	// ExternalID must be given to assume the role, where it is set.
	ExternalID string `yaml:"external id"`
	// Deny lists IAM actions, such as "acm:SearchCertificates" or "acm:*",
	// that acmbot may not perform in this account; "sts:AssumeRole" closes it.
	Deny List `yaml:"deny"`
	// DenyByPolicy are denied by a service control policy.
	DenyByPolicy List `yaml:"deny by policy"`
	// Faults are what goes wrong: an action (or "acm:*") and one of "throttled",
	// "unavailable", "unknown", "hangs" and "takes 3s", with "first N" or
	// "above N/s" where it does not always happen.
	Faults  List              `yaml:"faults"`
	Regions map[string]Region `yaml:"regions"`
}

// A Region is what is special about one region of an account.
type Region struct {
	Deny     List `yaml:"deny"`
	Faults   List `yaml:"faults"`
	Disabled bool `yaml:"disabled"` // an opt-in region that is not enabled
}

// accountList keeps the file's order of a mapping.
type accountList []*Account

func (l *accountList) UnmarshalYAML(node *yaml.Node) error {
	if node.Kind != yaml.MappingNode {
		return fmt.Errorf("line %d: accounts are a mapping from their ids", node.Line)
	}
	for pair := range slices.Chunk(node.Content, 2) {
		a := &Account{ID: pair[0].Value}
		if pair[1].Tag != "!!null" {
			if err := strict(pair[1], a); err != nil {
				return err
			}
		}
		*l = append(*l, a)
	}
	return nil
}

var accountID = regexp.MustCompile(`^\d{12}$`)

func (w *World) completeAccounts() error {
	for _, c := range w.Certificates {
		w.addAccount(cmp.Or(c.Account, home))
	}
	for _, z := range w.zones {
		if z.account != "" {
			w.addAccount(z.account)
		}
	}
	for _, a := range w.Authorities {
		w.addAccount(cmp.Or(a.Account, home))
	}
	if len(w.Accounts) == 0 {
		w.addAccount(home)
	}
	for _, a := range w.Accounts {
		if !accountID.MatchString(a.ID) {
			return fmt.Errorf("accounts.yaml: %q is not an account id of 12 digits", a.ID)
		}
		if _, err := a.faults(); err != nil {
			return fmt.Errorf("accounts.yaml: %s: %w", a.ID, err)
		}
	}
	return nil
}

// addAccount makes an account where there is none of that id yet.
func (w *World) addAccount(id string) {
	if !slices.ContainsFunc(w.Accounts, func(a *Account) bool { return a.ID == id }) {
		w.Accounts = append(w.Accounts, &Account{ID: id})
	}
}

// faults are the account's faults as the AWS API takes them.
func (a *Account) faults() ([]*awsapi.Fault, error) {
	var all []*awsapi.Fault
	add := func(region string, texts List) error {
		for _, text := range texts {
			f, err := parseFault(text)
			if err != nil {
				return err
			}
			f.Account, f.Region = a.ID, region
			all = append(all, f)
		}
		return nil
	}
	if err := add("", a.Faults); err != nil {
		return nil, err
	}
	for _, name := range sortedRegions(a.Regions) {
		if err := add(name, a.Regions[name].Faults); err != nil {
			return nil, err
		}
	}
	return all, nil
}

func sortedRegions(m map[string]Region) []string {
	set := map[string]bool{}
	for name := range m {
		set[name] = true
	}
	return sorted(set)
}

// parseFault reads a fault such as "acm:DescribeCertificate throttled first 3".
func parseFault(text string) (*awsapi.Fault, error) {
	words := strings.Fields(text)
	bad := fmt.Errorf("fault %q is not an action, what happens to it, and when", text)
	if len(words) < 2 {
		return nil, bad
	}
	service, action, ok := strings.Cut(words[0], ":")
	if !ok {
		return nil, bad
	}
	f := &awsapi.Fault{Service: service, Action: strings.TrimSuffix(action, "*")}
	what, rest := words[1], words[2:]
	switch what {
	case "throttled":
		f.Error = awsapi.Throttle()
	case "unavailable":
		f.Error = awsapi.Unavailable()
	case "unknown":
		f.Error = awsapi.Unknown()
	case "hangs":
		f.Hang = true
	case "takes":
		if len(rest) == 0 {
			return nil, bad
		}
		d, err := time.ParseDuration(rest[0])
		if err != nil {
			return nil, errors.Join(bad, err)
		}
		f.Delay, rest = d, rest[1:]
	default:
		return nil, bad
	}
	switch {
	case len(rest) == 0:
	case len(rest) == 2 && rest[0] == "first":
		n, err := strconv.Atoi(rest[1])
		if err != nil {
			return nil, errors.Join(bad, err)
		}
		f.First = n
	case len(rest) == 2 && rest[0] == "above":
		rate, err := strconv.ParseFloat(strings.TrimSuffix(rest[1], "/s"), 64)
		if err != nil {
			return nil, errors.Join(bad, err)
		}
		f.PerSecond = rate
	default:
		return nil, bad
	}
	return f, nil
}
