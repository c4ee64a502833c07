package world

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/miekg/dns"
	"gopkg.in/yaml.v3"

	"github.com/acmbot/acmbot/diagnose"
	"github.com/acmbot/acmbot/diagnose/world/dnsd"
)

// serverFaults are a line of servers.yaml.
type serverFaults struct {
	behaviours []dnsd.Behaviour
	noAddress  bool
}

// UnmarshalYAML reads what a server does wrong, such as "drop CAA".
func (f *serverFaults) UnmarshalYAML(node *yaml.Node) error {
	var texts List
	if err := texts.UnmarshalYAML(node); err != nil {
		return err
	}
	for _, text := range texts {
		if text == "no address" {
			f.noAddress = true
			continue
		}
		b, err := parseBehaviour(text)
		if err != nil {
			return fmt.Errorf("line %d: %w", node.Line, err)
		}
		f.behaviours = append(f.behaviours, b)
	}
	return nil
}

func parseBehaviour(text string) (dnsd.Behaviour, error) {
	words := strings.Fields(text)
	var b dnsd.Behaviour
	if len(words) == 0 {
		return b, errors.New("an empty behaviour")
	}
	b.Do = dnsd.Misdeed(words[0])
	if !slices.Contains(misdeeds, b.Do) {
		return b, fmt.Errorf("no server does %q", words[0])
	}
	words = words[1:]
	if b.Do == dnsd.MisdeedDelay {
		if len(words) == 0 {
			return b, errors.New("a delay needs a length of time")
		}
		d, err := parseSpan(words[0])
		if err != nil {
			return b, fmt.Errorf("reading a delay: %w", err)
		}
		b.Delay, words = d, words[1:]
	}
	for len(words) > 0 {
		switch {
		case words[0] == "under" && len(words) > 1:
			b.Under, words = diagnose.CanonicalName(words[1]), words[2:]
		case dns.StringToType[words[0]] != 0:
			b.Type, words = words[0], words[1:]
		default:
			return b, fmt.Errorf("%q is neither a record type nor \"under\" with a name", words[0])
		}
	}
	return b, nil
}

var misdeeds = []dnsd.Misdeed{
	dnsd.MisdeedDrop, dnsd.MisdeedClosed, dnsd.MisdeedRefuse, dnsd.MisdeedServFail, dnsd.MisdeedFormErr,
	dnsd.MisdeedLame, dnsd.MisdeedUpward, dnsd.MisdeedTruncate, dnsd.MisdeedTruncateNoTCP, dnsd.MisdeedNoEDNS,
	dnsd.MisdeedDropEDNS, dnsd.MisdeedDelay, dnsd.MisdeedWrongID, dnsd.MisdeedWrongQuestion, dnsd.MisdeedGarbage,
	dnsd.MisdeedNXDomainForENT, dnsd.MisdeedNoSOA, dnsd.MisdeedNoDNSSEC,
}
