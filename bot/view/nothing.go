package view

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"github.com/slack-go/slack"

	"github.com/acmbot/acmbot/diagnose"
)

const (
	shownSimilar = 5
	shownServed  = 3
	shownPlaces  = 6
)

// isName reports whether a subject is a domain name, rather than an ARN or an
// id.
func isName(s string) bool { return strings.Contains(s, ".") && !strings.Contains(s, ":") }

// nothing is the answer where no certificate was found: where was looked, what
// the name serves, what is like it, and what could not be read.
func nothing(a diagnose.Answer, o Options) Message {
	subject := a.Query.Subject()
	state := stateOf(a, o)
	var d draft

	title, lead := "No certificate found", "No ACM certificate that I can see covers `"+subject+"`."
	switch {
	case a.Query.Domain == "":
		title, lead = "No such certificate", "Where I can look there is no certificate `"+subject+"`."
	case len(a.Scope.Places) == 0 && len(a.Scope.Unreadable) > 0:
		title, lead = "Cannot tell", "None of the accounts and regions that I look at could be read, so I cannot say which certificate covers `"+subject+"`."
	}
	if whole := "❔ " + title + ": " + subject; a.Query.Domain != "" && len([]rune(whole)) <= mostHeader {
		d.add(header(whole))
	} else {
		d.add(header("❔ " + title))
	}
	d.add(small(sharedBy(o)))

	looked := lookedIn(a.Scope)
	body := rich{}
	body.para(spoken(lead))
	body.para(text(looked))
	d.add(body.block())
	d.add(endpointBlock(a.Endpoint))
	similar := similarNames(a)
	if len(similar) > 0 {
		d.add(small("*Did you mean one of these?*"))
		var buttons []*slack.ButtonBlockElement
		for _, ref := range similar {
			if label := "Why " + ref.DomainName + "?"; fitLabel(label, "") == label {
				buttons = append(buttons, askButton(label, ref.DomainName))
			} else {
				b := askButton("Why?", ref.DomainName)
				numberButtons([]*slack.ButtonBlockElement{b}, 100)
				d.add(line(code(ref.DomainName), b))
			}
		}
		numberButtons(buttons, 0)
		d.add(actions(buttons...))
	}
	d.add(unseenBlock("It may be where I could not look", a.Scope.Unreadable))

	hint := rich{}
	if a.Query.Domain != "" {
		hint.para(text("A certificate that CloudFront uses is in "), literal("us-east-1"),
			text("; a wildcard covers one label only, and never the bare domain. One that a service such as Amplify, App Runner or Lightsail made is in that service, not in ACM."))
	}
	d.add(hint.block())
	d.add(small("Checked " + moment(a.At)))

	buttons := []*slack.ButtonBlockElement{recheckButton(subject, state)}
	if len(a.Scope.Unreadable) > shownUnseen || len(a.Scope.Places) > shownPlaces {
		buttons = append(buttons, evidenceButton(subject, state))
	}
	if !o.Public {
		buttons = append(buttons, shareButton(subject, state))
	}
	d.end(actions(buttons...))

	words := []string{"❔ " + title + ". " + mrkdwn(lead), looked}
	if e := endpointText(a.Endpoint); e != "" {
		words = append(words, e)
	}
	if n := len(a.Scope.Unreadable); n > 0 {
		var list []string
		for _, u := range a.Scope.Unreadable {
			list = append(list, unseenText(u))
		}
		words = append(words, "It may be where I could not look: "+few(list, shownUnseen)+".")
	}
	if len(similar) > 0 {
		var list []string
		for _, ref := range similar {
			list = append(list, code(ref.DomainName))
		}
		words = append(words, "Names like it: "+strings.Join(list, ", ")+".")
	}
	return d.message(strings.Join(words, "\n"))
}

// lookedIn says where was looked: places by account.
func lookedIn(s diagnose.Scope) string {
	if len(s.Places) == 0 {
		return "No account and region could be searched."
	}
	byAccount := map[string][]string{}
	for _, p := range s.Places {
		byAccount[p.Account] = append(byAccount[p.Account], p.Region)
	}
	var accounts []string
	for _, account := range slices.Sorted(maps.Keys(byAccount)) {
		regions := byAccount[account]
		slices.Sort(regions)
		word := "account " + account
		if account == "" {
			word = "the account"
		}
		accounts = append(accounts, word+" ("+few(slices.Compact(regions), shownPlaces)+")")
	}
	looked := "Looked in " + few(accounts, shownPlaces)
	if s.Certificates > 0 {
		looked = "Looked through " + diagnose.Plural(s.Certificates, "certificate") + " in " + few(accounts, shownPlaces)
	}
	return looked + "."
}

func similarNames(a diagnose.Answer) []diagnose.CertificateRef {
	var list []diagnose.CertificateRef
	seen := map[string]bool{}
	for _, ref := range a.Similar {
		if ref.DomainName == "" || seen[ref.DomainName] || len(list) == shownSimilar {
			continue
		}
		seen[ref.DomainName] = true
		list = append(list, ref)
	}
	return list
}

// issuerOf names the issuer: its common name, with the organisation before it
// where the name does not start with that.
func issuerOf(s diagnose.TLSServed) string {
	if strings.HasPrefix(s.Issuer, s.IssuerOrg) {
		return s.Issuer
	}
	return strings.TrimSpace(s.IssuerOrg + " " + s.Issuer)
}

// servedWords says what one address serves.
func servedWords(s diagnose.TLSServed) inlines {
	at := text(hostOf(s.Address) + " ")
	if s.Obstacle != "" {
		line := join(at, text("gave no certificate: "+s.Obstacle.Words()))
		if s.Detail != "" {
			line = join(line, text(". "), spoken(sentence(s.Detail)))
		}
		return line
	}
	line := join(at, text("serves a certificate"))
	if issuer := issuerOf(s); issuer != "" {
		line = join(line, text(" issued by "), literal(issuer))
	}
	if len(s.Names) > 0 {
		line = join(line, text(" for "), listed(s.Names, 3))
	}
	if !s.NotAfter.IsZero() {
		line = join(line, text(", valid until "), when(s.NotAfter))
	}
	if s.IssuerOrg != "" && !strings.EqualFold(s.IssuerOrg, "Amazon") {
		line = join(line, text(". Amazon did not issue it"))
	}
	return join(line, text("."))
}

func endpointBlock(e *diagnose.Endpoint) slack.Block {
	if e == nil {
		return nil
	}
	block := rich{}
	switch {
	case len(e.Served) == 0 && e.Resolution != "":
		block.para(text(noAddress(e.Resolution)+": "), text(e.Resolution.Words()+"."))
	case len(e.Served) == 0:
		return nil
	default:
		block.para(bold("What "), literal(e.Name), bold(" serves"))
		var items []inlines
		for i, s := range e.Served {
			if i == shownServed && len(e.Served) > shownServed+1 {
				items = append(items, text(fmt.Sprintf("and %d more addresses", len(e.Served)-i)))
				break
			}
			items = append(items, servedWords(s))
		}
		block.bullets(items...)
	}
	if e.Canonical != "" && e.Canonical != e.Name {
		block.para(text("It is an alias of "), literal(e.Canonical), text("."))
	}
	return block.block()
}

func endpointText(e *diagnose.Endpoint) string {
	if e == nil {
		return ""
	}
	for _, s := range e.Served {
		if s.Obstacle == "" {
			issuer := issuerOf(s)
			if issuer == "" {
				return ""
			}
			return "The name serves a certificate issued by " + code(issuer) + "."
		}
	}
	if len(e.Served) == 0 && e.Resolution != "" {
		return noAddress(e.Resolution) + "."
	}
	return ""
}

// noAddress says what is known of a name for which no address was found: that
// it has none only where DNS said so.
func noAddress(o diagnose.Outcome) string {
	if o == diagnose.OutcomeNXDomain || o == diagnose.OutcomeNoData {
		return "The name itself has no address in DNS"
	}
	return "Whether the name itself has an address could not be seen"
}

// hostOf is the address of an ip:port, without the port where it is 443.
func hostOf(address string) string {
	ap, err := netip.ParseAddrPort(address)
	if err != nil || ap.Port() != 443 {
		return address
	}
	return ap.Addr().String()
}
