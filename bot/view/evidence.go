package view

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"github.com/acmbot/acmbot/diagnose"
)

// pageBlocks leaves room in a view for the page's number and buttons.
const pageBlocks = mostViewBlocks - 10

func plainText(s string) *slack.TextBlockObject {
	return slack.NewTextBlockObject(slack.PlainTextType, diagnose.Visible(s), false, false)
}

func modal(s State, blocks []slack.Block) slack.ModalViewRequest {
	s.Causes = nil
	metadata := s.Encode()
	if len(metadata) > mostMetadata {
		metadata = ""
	}
	return slack.ModalViewRequest{
		Type: slack.VTModal, Title: plainText("Evidence"), Close: plainText("Close"),
		CallbackID: CallbackEvidence, PrivateMetadata: metadata, Blocks: slack.Blocks{BlockSet: blocks},
	}
}

// EvidenceLoading is the modal that opens at once, while the facts are
// gathered.
func EvidenceLoading(s State) slack.ModalViewRequest {
	return modal(s, []slack.Block{line("⏳ Gathering the evidence for "+code(s.Query)+". This takes a few seconds.", nil)})
}

// EvidenceFault is the modal that says why there is no evidence to show.
func EvidenceFault(s State, f Fault) slack.ModalViewRequest {
	return modal(s, faultBlocks(f))
}

// Evidence is one page of all that was seen: what ACM says, what each finding
// rests on, every record, every name, DNS server by server, and what could not
// be looked at.
func Evidence(a diagnose.Answer, s State) slack.ModalViewRequest {
	page, foot := turned(&s, paginate(evidenceBlocks(a)), ActionPage)
	return modal(s, fit(page, foot, viewSurface))
}

// turned is the page that the state asks for, with the buttons that turn to the
// others.
func turned(s *State, pages [][]slack.Block, action string) (page, foot []slack.Block) {
	s.Page = min(max(s.Page, 0), len(pages)-1)
	return pages[s.Page], turnPage(s.Page, len(pages), action, func(to int) string {
		t := *s
		t.Page, t.Causes = to, nil
		return t.Encode()
	})
}

// paginate deals the blocks out over pages that keep the limits. A heading
// never stands last on a page.
func paginate(blocks []slack.Block) [][]slack.Block {
	var whole []slack.Block
	for _, b := range blocks {
		if b != nil {
			whole = append(whole, split(b)...)
		}
	}
	var pages [][]slack.Block
	var page []slack.Block
	used := 0
	for _, b := range whole {
		n := size(b)
		if len(page) > 0 && (len(page) >= pageBlocks || used+n > mostView-500) {
			carry := []slack.Block(nil)
			if last := page[len(page)-1]; last.BlockType() == slack.MBTHeader && len(page) > 1 {
				page, carry = page[:len(page)-1], []slack.Block{last}
			}
			pages = append(pages, page)
			page, used = carry, size(carry...)
		}
		page, used = append(page, b), used+n
	}
	return append(pages, page)
}

func evidenceBlocks(a diagnose.Answer) []slack.Block {
	var blocks []slack.Block
	section := func(title string, body ...slack.Block) {
		body = slices.DeleteFunc(body, func(b slack.Block) bool { return b == nil })
		if len(body) > 0 {
			blocks = append(append(blocks, header(title)), body...)
		}
	}
	var r *diagnose.Report
	var facts *diagnose.Facts
	if len(a.Reports) > 0 {
		r = &a.Reports[0]
		facts = factsOf(a, r)
	}
	blocks = append(blocks, small("Evidence for "+code(a.Query.Subject()), "Checked "+moment(a.At)))
	if r != nil {
		section("What ACM says", certificateBlock(&r.Certificate))
		for _, f := range r.Findings {
			section(fitHeader(upper(plain(f.Title)), string(f.Cause)), findingBlock(f))
		}
		section("Names", namesTable(r.Names))
		section("Also seen", evidenceList(r.Observations))
	}
	if facts != nil {
		section("DNS, server by server", dnsBlocks(&facts.DNS)...)
		section("Endpoints", endpoints(facts.Endpoints)...)
	} else {
		section("Endpoint", endpointBlock(a.Endpoint))
	}
	var items []inlines
	for _, u := range unseenOf(a, r) {
		items = append(items, unseenLine(u))
	}
	unseen := rich{}
	unseen.bullets(items...)
	section("Could not be checked", unseen.block())
	places := rich{}
	places.para(text(lookedIn(a.Scope)))
	section("Where I looked", places.block())
	return blocks
}

func fitHeader(texts ...string) string {
	for _, t := range texts {
		if t != "" && len([]rune(t)) <= mostHeader {
			return t
		}
	}
	return clip(texts[0], mostHeader)
}

func certificateBlock(c *diagnose.Certificate) slack.Block {
	var items []inlines
	field := func(name, value string) {
		if value != "" {
			items = append(items, join(text(name+": "), literal(value)))
		}
	}
	at := func(name string, t time.Time) {
		if !t.IsZero() {
			items = append(items, join(text(name+": "), when(t)))
		}
	}
	field("ARN", c.ARN)
	field("Domain name", c.DomainName)
	field("Type", c.Type)
	field("Status", c.Status)
	field("Failure reason", c.FailureReason)
	field("Validation method", c.ValidationMethod)
	field("Renewal eligibility", c.Eligibility)
	if c.Renewal == nil {
		items = append(items, text("Renewal status: none yet; managed renewal has not started"))
	} else {
		field("Renewal status", c.Renewal.Status)
		field("Renewal status reason", c.Renewal.Reason)
		at("Renewal status of", c.Renewal.UpdatedAt)
	}
	if u := c.Update; u != nil {
		field("Change of validation method", u.From+" to "+u.To+": "+u.Status)
	}
	at("Valid from", c.NotBefore)
	at("Valid until", c.NotAfter)
	at("Imported", c.Imported)
	at("Revoked", c.RevokedAt)
	field("Revocation reason", c.RevocationReason)
	field("Key algorithm", c.KeyAlgorithm)
	field("Key pair origin", c.KeyPairOrigin)
	field("Issuer", c.Issuer)
	field("Serial number", c.Serial)
	field("Managed by", c.ManagedBy)
	field("Certificate authority", c.AuthorityARN)
	for _, arn := range c.InUseBy {
		field("In use by", arn)
	}
	for _, key := range slices.Sorted(maps.Keys(c.Tags)) {
		field("Tag "+key, c.Tags[key])
	}
	block := rich{}
	block.bullets(items...)
	return block.block()
}

// findingBlock tells a finding whole: text, what it rests on, the record, the
// steps and everything to paste.
func findingBlock(f diagnose.Finding) slack.Block {
	m := f.Remedy
	block := rich{}
	block.para(titleLine(f))
	block.para(spoken(sentence(f.Text)))
	var items []inlines
	for _, e := range f.Evidence {
		items = append(items, evidenceLine(e))
	}
	if len(items) > 0 {
		block.para(text("It rests on:"))
		block.bullets(items...)
	}
	if m.Action != "" {
		writeRecord(&block, f, true, true)
	}
	var steps []inlines
	for _, s := range m.Steps {
		steps = append(steps, spoken(s))
	}
	if len(steps) > 0 {
		block.para(text("What to do:"))
		block.numbered(steps...)
	}
	if len(m.Commands) > 0 {
		block.para(text("With the AWS CLI:"))
		for _, c := range m.Commands {
			block.copyable(c)
		}
	}
	if m.Terraform != "" {
		block.para(text("With Terraform:"))
		block.copyable(strings.TrimRight(m.Terraform, "\n"))
	}
	if m.ZoneFile != "" {
		block.para(text("In a zone file:"))
		block.copyable(strings.TrimRight(m.ZoneFile, "\n"))
	}
	for _, s := range f.Sources {
		if s.URL != "" && s.Title != "" && len(s.URL) <= mostURL {
			block.para(text("Read more: "), link(s.URL, s.Title))
		}
	}
	return block.block()
}

func evidenceLine(e diagnose.Evidence) inlines {
	return join(text(e.Source+": "), spoken(e.Text))
}

func evidenceList(list []diagnose.Evidence) slack.Block {
	var items []inlines
	for _, e := range list {
		items = append(items, evidenceLine(e))
	}
	block := rich{}
	block.bullets(items...)
	return block.block()
}

func namesTable(names []diagnose.NameState) slack.Block {
	var items []inlines
	for _, n := range names {
		item := nameLine(n)
		if n.Record != nil {
			item = join(item, text("; asked for: "), literal(n.Record.Name), text(" "+n.Record.Type+" "), literal(n.Record.Value))
		}
		items = append(items, item)
	}
	block := rich{}
	block.bullets(items...)
	return block.block()
}

// dnsBlocks lists every look-up with every server's answer.
func dnsBlocks(d *diagnose.DNS) []slack.Block {
	var blocks []slack.Block
	for _, key := range slices.Sorted(maps.Keys(d.Lookups)) {
		l := d.Lookups[key]
		if l == nil {
			continue
		}
		block := rich{}
		title := join(literal(l.Name), text(" "+l.Type))
		if zone := l.Zone(); zone != "" {
			title = join(title, text(", zone "), literal(zone))
		}
		block.para(title)
		var items []inlines
		if b := l.Broken; b != nil {
			item := join(text("The way from the root ends at the zone "), literal(b.Zone), text(" ("+string(b.Kind)+")"))
			if b.Detail != "" {
				item = join(item, text(": "), spoken(b.Detail))
			}
			items = append(items, item)
			for _, r := range b.Replies {
				items = append(items, replyLine(r))
			}
		}
		for _, r := range l.Replies {
			items = append(items, replyLine(r))
		}
		for _, r := range l.Public {
			items = append(items, join(text("resolver "), replyLine(r)))
		}
		if s := l.Security; s.State == diagnose.Bogus {
			item := join(text("DNSSEC: bogus ("+string(s.Fault)+") at "), literal(s.Zone))
			if s.Detail != "" {
				item = join(item, text(". "), spoken(s.Detail))
			}
			items = append(items, item)
		}
		block.bullets(items...)
		blocks = append(blocks, block.block())
	}
	if d.Queries > 0 {
		blocks = append(blocks, small(fmt.Sprintf("DNS queries sent: %d", d.Queries)))
	}
	return blocks
}

// replyLine is one server's answer.
func replyLine(r diagnose.Reply) inlines {
	who := r.Address
	if r.Server != "" {
		who = r.Server + " (" + r.Address + ")"
	}
	line := join(text(who+": "), text(r.Outcome.Words()))
	var notes []string
	if r.RCode != "" && r.RCode != "NOERROR" && !strings.Contains(r.Outcome.Words(), r.RCode) {
		notes = append(notes, r.RCode)
	}
	if r.Authoritative {
		notes = append(notes, "authoritative")
	}
	if r.CheckingDisabled {
		notes = append(notes, "asked without DNSSEC checking")
	}
	if r.Transport != "" {
		notes = append(notes, r.Transport)
	}
	if r.RTT > 0 {
		notes = append(notes, r.RTT.Round(time.Millisecond).String())
	}
	if len(notes) > 0 {
		line = join(line, text(" ("+strings.Join(notes, ", ")+")"))
	}
	for _, rr := range r.Answer {
		line = join(line, text(" "), literal(fmt.Sprintf("%s %d %s %s", rr.Name, rr.TTL, rr.Type, rr.Value)))
	}
	for _, e := range r.EDE {
		line = join(line, text(strings.TrimRight(fmt.Sprintf(" EDE %d %s", e.Code, e.Name), " ")))
		if e.Text != "" {
			line = join(line, text(" "), literal(e.Text))
		}
	}
	if r.Detail != "" {
		line = join(line, text(". "), spoken(r.Detail))
	}
	return line
}

func endpoints(byName map[string]diagnose.Endpoint) []slack.Block {
	var blocks []slack.Block
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		e := byName[name]
		if e.Name == "" {
			e.Name = name
		}
		block := rich{}
		block.para(literal(e.Name))
		var items []inlines
		for _, s := range e.Served {
			item := servedWords(s)
			if s.Serial != "" {
				item = join(item, text(" Serial number "), literal(s.Serial), text("."))
			}
			items = append(items, item)
		}
		if len(e.Served) == 0 && e.Resolution != "" {
			items = append(items, join(text("no address in DNS: "+e.Resolution.Words())))
		}
		block.bullets(items...)
		blocks = append(blocks, block.block())
	}
	return blocks
}
