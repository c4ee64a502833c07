package view

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"github.com/acmbot/acmbot/diagnose"
	"github.com/acmbot/acmbot/diagnose/fix"
)

// ActionFix opens the plan of a fix, and CallbackFix is the callback id of the
// modal in which it is agreed to. They never change.
const (
	ActionFix   = "acm_fix"
	CallbackFix = "acm_fix_view"
)

// ReplaceBlock and ReplaceAction are the ids of the box in that modal that
// confirms the replacing of a record.
const (
	ReplaceBlock  = "acm_fix_replace"
	ReplaceAction = "replace"
)

// A FixState is what the modal of a fix carries along: which fix, of what, and
// where its outcome is to be told.
type FixState struct {
	Query       string   `json:"q"`
	Kind        fix.Kind `json:"k"`
	Certificate string   `json:"a"` // as State.Certificate
	// Plan is the hash of the plan that is shown, empty where none is yet.
	Plan string `json:"h,omitempty"`
	// Channel, TS and Thread are the message with the button; Public says that
	// it is one for all to see.
	Channel string `json:"c,omitempty"`
	TS      string `json:"ts,omitempty"`
	Thread  string `json:"th,omitempty"`
	Public  bool   `json:"p,omitempty"`
}

type wireFix struct {
	Version int `json:"v"`
	FixState
}

// ParseFixState reads the private metadata of a fix's modal. Its error is
// ErrStale.
func ParseFixState(metadata string) (FixState, error) {
	var w wireFix
	if err := json.Unmarshal([]byte(metadata), &w); err != nil || w.Version != stateVersion || w.Query == "" || !w.Kind.Known() {
		return FixState{}, ErrStale
	}
	return w.FixState, nil
}

func (s FixState) encode() string {
	return encode(wireFix{stateVersion, s})
}

// OfCertificate reports whether a report is of the certificate that the state
// is about.
func (s FixState) OfCertificate(r *diagnose.Report) bool {
	return tail(r.Certificate.ARN) == s.Certificate
}

// fixLabels are the buttons' labels.
var fixLabels = map[fix.Kind]string{
	fix.AddCNAME:             "Fix: write the record …",
	fix.AddCAA:               "Fix: allow Amazon in CAA …",
	fix.ResendEmail:          "Fix: send the mail again …",
	fix.SwitchToDNS:          "Fix: switch to DNS validation …",
	fix.PublishSwitchRecords: "Fix: publish the switch's records …",
	fix.RenewPrivate:         "Fix: renew now …",
}

// fixButtons offer what can be done about an answer, of the kinds that are
// switched on.
func fixButtons(a diagnose.Answer, r *diagnose.Report, o Options, s State) []*slack.ButtonBlockElement {
	if len(o.Fixes) == 0 {
		return nil
	}
	var list []*slack.ButtonBlockElement
	for _, k := range fix.Offers(factsOf(a, r), r) {
		if !slices.Contains(o.Fixes, k) {
			continue
		}
		t := State{Query: s.Query, At: s.At, Certificate: s.Certificate, Fix: string(k)}
		list = append(list, button(ActionFix, fixLabels[k], fixLabels[k]+" for "+subjectOf(r), t.Encode()))
	}
	numberButtons(list, 0)
	return list
}

func fixModal(s FixState, blocks []slack.Block) slack.ModalViewRequest {
	metadata := s.encode()
	if len(metadata) > mostMetadata {
		metadata = ""
	}
	return slack.ModalViewRequest{
		Type: slack.VTModal, Title: plainText("Fix"), Close: plainText("Close"),
		CallbackID: CallbackFix, PrivateMetadata: metadata, Blocks: slack.Blocks{BlockSet: fit(blocks, nil, viewSurface)},
	}
}

// FixLoading is the modal that opens at once, while the plan is made.
func FixLoading(s FixState) slack.ModalViewRequest {
	return fixModal(s, []slack.Block{line("⏳ Looking at how things are now for "+code(s.Query)+", to show you exactly what would change. Nothing is changed yet.", nil)})
}

// FixWorking is the modal while a plan is carried out.
func FixWorking(s FixState) slack.ModalViewRequest {
	return fixModal(s, []slack.Block{line("⏳ Looking once more, then making the change for "+code(s.Query)+". You may close this: the outcome comes as a message as well.", nil)})
}

// FixFault is the modal that says why there is no plan, or what went wrong.
func FixFault(s FixState, f Fault) slack.ModalViewRequest { return fixModal(s, faultBlocks(f)) }

// FixDenied tells somebody who may not whom to ask. A modal mentions nobody:
// Slack shows the names in it and notifies no one.
func FixDenied(s FixState, users, groups []string, f Fault) slack.ModalViewRequest {
	blocks := faultBlocks(f)
	var items []inlines
	for _, g := range groups {
		items = append(items, inlines{slack.NewRichTextSectionUserGroupElement(g)})
	}
	for i, u := range users {
		if i == 20 {
			items = append(items, text(fmt.Sprintf("and %d more", len(users)-i)))
			break
		}
		items = append(items, inlines{slack.NewRichTextSectionUserElement(u, nil)})
	}
	if len(items) > 0 {
		body := rich{}
		body.para(text("These may (they are not notified by this):"))
		body.bullets(items...)
		blocks = append(blocks, body.block())
	}
	return fixModal(s, blocks)
}

// submitLabel is what the button that agrees says.
func submitLabel(p *fix.Plan) string {
	switch {
	case p.Kind == fix.AddCAA:
		return "Allow Amazon"
	case p.Kind == fix.ResendEmail:
		return "Send"
	case p.Kind == fix.SwitchToDNS:
		return "Begin the switch"
	case p.Kind == fix.RenewPrivate:
		return "Renew now"
	case len(p.Changes) > 1:
		return fmt.Sprintf("Write %d records", len(p.Changes))
	default:
		return "Write the record"
	}
}

// FixConfirm shows a plan, exactly, and asks for agreement. Changed says that
// another plan was shown before.
func FixConfirm(p fix.Plan, s FixState, changed bool) slack.ModalViewRequest {
	s.Plan = p.Hash()
	var blocks []slack.Block
	if changed {
		warning := rich{}
		warning.para(text("⚠️ "), bold("Nothing was changed: things are not as they were when the plan was shown to you."), text(" This is the plan as things are now."))
		blocks = append(blocks, warning.block())
	}
	blocks = append(blocks, planBlocks(&p, true)...)
	if size(blocks...) > mostView-500 || len(blocks) > mostViewBlocks-5 {
		blocks = planBlocks(&p, false)
	}
	if size(blocks...) > mostView-500 || len(blocks) > mostViewBlocks-5 {
		return FixFault(s, Fault{What: "The change is too long to be shown here whole, and I make none that cannot be read before", Next: "Use the commands in the answer"})
	}
	if p.Replaces() {
		box := slack.NewCheckboxGroupsBlockElement(ReplaceAction, slack.NewOptionBlockObject(ReplaceAction, plainText("Replace what is there now by what is shown"), nil))
		blocks = append(blocks, slack.NewInputBlock(ReplaceBlock, plainText("A record that exists will be replaced"), nil, box))
	}
	m := fixModal(s, blocks)
	m.Submit, m.Close = plainText(submitLabel(&p)), plainText("Cancel")
	if m.PrivateMetadata == "" {
		m.Submit = nil
	}
	return m
}

func planBlocks(p *fix.Plan, commands bool) []slack.Block {
	intro := rich{}
	intro.para(bold(planTitle(p)))
	var items []inlines
	items = append(items, join(text("Certificate: "), literal(p.DomainName), text(" in account "), literal(p.Account), text(", "), literal(p.Region)))
	intro.bullets(items...)
	blocks := []slack.Block{intro.block()}
	for i := range p.Changes {
		blocks = append(blocks, changeBlock(&p.Changes[i], len(p.Changes) > 1, i+1))
	}
	more := rich{}
	switch p.Kind {
	case fix.ResendEmail:
		var mails []inlines
		for _, m := range p.Mails {
			item := join(text("for "), literal(m.Name), text(", by the domain "), literal(m.ValidationDomain))
			if len(m.To) > 0 {
				item = join(item, text(", to "), listed(m.To, 5))
			}
			mails = append(mails, item)
		}
		more.bullets(mails...)
		more.para(text("The links in earlier mails may still work; the new one is good for 72 hours."))
	case fix.SwitchToDNS:
		more.bullets(
			join(text("Validation method now: "), literal("EMAIL"), text("; then: "), literal("DNS")),
			join(text("Names: "), listed(p.Names, 10)),
			text("The certificate keeps its ARN. ACM then names a CNAME for each name, which must be in DNS within 72 hours; publishing them is the next step, and is shown to you first."),
			text("There is no way back from DNS to e-mail validation."),
		)
	case fix.RenewPrivate:
		more.bullets(
			join(text("Names: "), listed(p.Names, 10)),
			text("ACM issues the certificate anew, with a new key and serial number. What was exported must be exported again and put in place by you."),
		)
	}
	if p.More > 0 {
		more.para(text(fmt.Sprintf("%d more are needed. They are left for another round: press the button again after this one.", p.More)))
	}
	if len(p.Elsewhere) > 0 {
		list := make([]inlines, 0, len(p.Elsewhere))
		for i, e := range p.Elsewhere {
			if i == 5 {
				list = append(list, text(fmt.Sprintf("and %d more", len(p.Elsewhere)-i)))
				break
			}
			list = append(list, spoken(e))
		}
		more.para(text("Needed as well, and not mine to write:"))
		more.bullets(list...)
	}
	if b := more.block(); b != nil {
		blocks = append(blocks, b)
	}
	if commands {
		cli := rich{}
		cli.para(text("This equals:"))
		for _, c := range p.Commands() {
			if len([]rune(c)) > mostRich {
				cli = rich{}
				break
			}
			cli.copyable(c)
		}
		if len(cli.elements) > 1 {
			blocks = append(blocks, cli.block())
		}
	}
	return blocks
}

func planTitle(p *fix.Plan) string {
	n := len(p.Changes)
	switch p.Kind {
	case fix.AddCAA:
		return "Add Amazon to the CAA records in Route 53, and keep the others"
	case fix.ResendEmail:
		return "Have ACM send " + diagnose.Plural(len(p.Mails), "validation mail") + " again"
	case fix.SwitchToDNS:
		return "Begin the switch from e-mail to DNS validation"
	case fix.RenewPrivate:
		return "Have ACM renew the exported private certificate now"
	}
	return "Write " + diagnose.Plural(n, "validation record") + " in Route 53"
}

// changeBlock is one record set: where, what is there now, what will be.
func changeBlock(c *fix.Change, numbered bool, number int) slack.Block {
	block := rich{}
	title := "Record"
	if numbered {
		title = fmt.Sprintf("Record %d", number)
	}
	block.para(bold(title))
	items := []inlines{
		join(text("Zone: "), literal(c.ZoneName), text(" ("), literal(c.ZoneID), text(") in account "), literal(c.ZoneAccount)),
		join(text("Name: "), literal(c.Name)),
		join(text("Type: "), literal(c.Type), text(fmt.Sprintf(", TTL %d seconds", c.TTL))),
	}
	if len(c.For) > 0 {
		items = append(items, join(text("For: "), listed(c.For, 3)))
	}
	block.bullets(items...)
	if len(c.Before) == 0 {
		block.para(text("Value now: none, there is no such record"))
	} else {
		block.para(text("Value now:"))
		block.copyable(strings.Join(c.Before, "\n"))
	}
	block.para(text("Value then:"))
	block.copyable(strings.Join(c.After, "\n"))
	return block.block()
}

// A FixReport is what became of a fix: for the message that tells it, for the
// audit channel, and for whoever goes on looking afterwards.
type FixReport struct {
	Plan   fix.Plan   `json:"plan"`
	Result fix.Result `json:"result"`
	// Error is why it was not made, or not to its end, as a sentence; empty
	// where it was. Permission is the IAM action that is missing, if that is why.
	Error      string `json:"error,omitempty"`
	Permission string `json:"permission,omitempty"`
	// User and UserName are who agreed, RequestID what the log calls it.
	User      string    `json:"user"`
	UserName  string    `json:"user_name,omitempty"`
	RequestID string    `json:"request_id"`
	At        time.Time `json:"at"`
	// Query is the question, in the form that buttons carry.
	Query string `json:"query"`
	// Running says that it is not over yet.
	Running bool `json:"running,omitempty"`
	// Seen is what ACM made of it, as a sentence, Done that there is nothing
	// more to wait for.
	Seen string `json:"seen,omitempty"`
	Done bool   `json:"done,omitempty"`
}

// Outcome is what became of it, in a sentence with code spans in backquotes.
func (r *FixReport) Outcome() string {
	did := r.did()
	switch {
	case r.Running:
		return "Under way."
	case r.Error != "" && r.Result.Nothing():
		return "Nothing was changed. " + sentence(r.Error)
	case r.Error != "":
		return did + " Then it ended: " + sentence(r.Error)
	case r.Result.Nothing():
		return "Nothing to do: it is in place already."
	}
	return did
}

func (r *FixReport) did() string {
	var parts []string
	for _, c := range r.Result.Written {
		verb := "Added"
		switch {
		case c.Replaces():
			verb = "Replaced"
		case len(c.Before) > 0:
			verb = "Extended"
		}
		parts = append(parts, fmt.Sprintf("%s the %s record `%s` in the zone `%s`.", verb, c.Type, c.Name, c.ZoneName))
	}
	if n := len(r.Result.Already); n > 0 && len(parts) > 0 {
		parts = append(parts, diagnose.Plural(n, "record")+" more were in place already.")
	}
	if len(r.Result.Written) > 0 {
		if r.Result.InSync {
			parts = append(parts, "All of Route 53's servers have it.")
		} else {
			parts = append(parts, "Route 53 took the change; that all of its servers have it was not seen yet, which takes a minute as a rule.")
		}
	}
	for _, m := range r.Result.Mailed {
		parts = append(parts, fmt.Sprintf("ACM sent the validation mail for `%s` again.", m.Name))
	}
	if r.Result.Started {
		switch r.Plan.Kind {
		case fix.SwitchToDNS:
			s := "ACM began the switch to DNS validation."
			if n := len(r.Result.Records); n > 0 {
				s += fmt.Sprintf(" It waits for %s, for 72 hours.", diagnose.Plural(n, "CNAME record"))
			}
			parts = append(parts, s)
		default:
			parts = append(parts, "ACM began the renewal.")
		}
	}
	return strings.Join(parts, " ")
}

func (r *FixReport) sign() string {
	switch {
	case r.Running:
		return "⏳"
	case r.Error != "":
		return "⚠️"
	case r.Seen != "" && r.Done:
		return "✅"
	default:
		return "🔧"
	}
}

// by is who did it. It is a text: it notifies nobody.
func (r *FixReport) by() string {
	if r.UserName == "" {
		return code(r.User)
	}
	return code(r.UserName + " (" + r.User + ")")
}

// FixMessage tells what became of a fix, and what ACM has made of it so far.
func FixMessage(r FixReport) Message {
	var d draft
	body := rich{}
	body.para(text(r.sign()+" "), bold(planTitle(&r.Plan)), text(" for "), literal(r.Plan.DomainName))
	body.para(spoken(sentence(r.Outcome())))
	for i := range r.Result.Written {
		if i == 3 {
			body.para(text(fmt.Sprintf("and %d more records", len(r.Result.Written)-i)))
			break
		}
		c := &r.Result.Written[i]
		body.copyable(c.Name + " " + c.Type + " " + strings.Join(c.After, ", "))
	}
	if r.Permission != "" && !strings.Contains(r.Error, r.Permission) {
		body.para(text("Missing permission: "), literal(r.Permission))
	}
	if r.Seen != "" {
		body.para(spoken(sentence(r.Seen)))
	}
	d.add(body.block(), small("By "+r.by(), moment(r.At), "Request "+code(r.RequestID)))
	if !r.Running {
		d.end(actions(askButton("Show the whole answer", r.Query)))
	}
	words := r.sign() + " " + mrkdwn(planTitle(&r.Plan)) + " for " + code(r.Plan.DomainName) + ": " + mrkdwn(sentence(r.Outcome()))
	if r.Seen != "" {
		words += " " + mrkdwn(sentence(r.Seen))
	}
	return d.message(words)
}

// FixDone is the modal when all is done.
func FixDone(r FixReport, s FixState) slack.ModalViewRequest {
	return FixTold(FixMessage(r), s)
}

// AuditMessage is the entry in the audit channel: who, when, what, the values
// before and after, and the result.
func AuditMessage(r FixReport) Message {
	var d draft
	body := rich{}
	body.para(text(r.sign()+" "), bold(planTitle(&r.Plan)))
	body.bullets(
		join(text("Who: "), literal(r.User+" "+r.UserName)),
		join(text("When: "), when(r.At)),
		join(text("Action: "), literal(string(r.Plan.Kind))),
		join(text("Certificate: "), literal(r.Plan.DomainName), text(", "), literal(r.Plan.Certificate)),
		join(text("Request: "), literal(r.RequestID)),
	)
	d.add(body.block())
	for i := range r.Plan.Changes {
		d.add(changeBlock(&r.Plan.Changes[i], len(r.Plan.Changes) > 1, i+1))
	}
	if len(r.Plan.Mails) > 0 {
		mails := rich{}
		var items []inlines
		for _, m := range r.Plan.Mails {
			items = append(items, join(text("mail for "), literal(m.Name), text(" by "), literal(m.ValidationDomain)))
		}
		mails.bullets(items...)
		d.add(mails.block())
	}
	result := rich{}
	result.para(bold("Result: "), spoken(sentence(r.Outcome())))
	if len(r.Result.RequestIDs) > 0 {
		result.para(text("Route 53 change: "), listed(r.Result.RequestIDs, 3))
	}
	d.end(result.block())
	return d.message(r.sign() + " " + mrkdwn(planTitle(&r.Plan)) + " for " + code(r.Plan.DomainName) + " by " + r.by() + ": " + mrkdwn(sentence(r.Outcome())))
}

// FixTold is a message in the modal of a fix.
func FixTold(m Message, s FixState) slack.ModalViewRequest {
	return fixModal(s, slices.DeleteFunc(slices.Clone(m.Blocks), func(b slack.Block) bool { return b.BlockType() == slack.MBTAction }))
}
