package bot

import (
	"context"
	"slices"
	"strings"

	"github.com/slack-go/slack"

	"github.com/acmbot/acmbot/bot/view"
	"github.com/acmbot/acmbot/diagnose"
)

// openAsk opens the modal in which a certificate can be chosen. Where Slack
// does not let it, how to ask is told instead.
func (b *Bot) openAsk(trigger string, state view.AskState, to replier) func(context.Context) error {
	return func(ctx context.Context) error {
		m := view.AskModal{State: state, Listed: b.opts.Estate != nil}
		l, ready := b.estate.memory()
		describe := func() {
			m.Ready, m.Total, m.At, m.Unread = ready, len(l.Certificates), l.At, len(l.Scope.Unreadable)
		}
		describe()
		opened, err := b.openView(ctx, trigger, view.Ask(m))
		if err != nil {
			b.log.InfoContext(ctx, "could not open the window to choose a certificate in", "error", err, "code", slackCode(err))
			return b.deliver(ctx, to, view.Usage(b.opts.Command, "Why what? Name a domain, or a certificate's ARN or id."))
		}
		if !m.Listed {
			return nil
		}
		// The list is read again for the next time, too; the modal is only
		// changed where it could offer nothing.
		wasReady := ready
		l, ready = b.list(ctx)
		if wasReady || !ready {
			return nil
		}
		describe()
		return b.updateView(ctx, opened.ID, "", view.Ask(m))
	}
}

// readSuggestion answers the typeahead, with the acknowledgement and from
// memory: Slack waits three seconds.
func (b *Bot) readSuggestion(req *request, c slack.InteractionCallback) {
	req.kind = "suggestion"
	req.offer = func(sees bool) any {
		var groups []*slack.OptionGroupBlockObject
		if l, ok := b.estate.memory(); ok && c.ActionID == view.ActionChoose {
			groups = view.Suggestions(matching(l.Certificates, c.Value, sees), l.At, func(l *diagnose.Listed) string { return idOf(l.ARN) })
		}
		if len(groups) == 0 {
			return optionsPayload{Options: []*slack.OptionBlockObject{}}
		}
		return groupsPayload{groups}
	}
}

type optionsPayload struct {
	Options []*slack.OptionBlockObject `json:"options"` // never null: Slack wants a list
}

type groupsPayload struct {
	Groups []*slack.OptionGroupBlockObject `json:"option_groups"`
}

// idOf is the last part of a certificate's ARN.
func idOf(arn string) string { return arn[strings.LastIndex(arn, "/")+1:] }

// An errorsPayload is the acknowledgement that keeps a modal open and says what
// is wrong with its inputs.
type errorsPayload struct {
	Action string            `json:"response_action"`
	Errors map[string]string `json:"errors"`
}

// readAskSubmission takes the modal's answer: the certificate that was chosen,
// else what was typed.
func (b *Bot) readAskSubmission(req *request, c slack.InteractionCallback) {
	req.kind = "ask"
	values := map[string]map[string]slack.BlockAction{}
	if c.View.State != nil {
		values = c.View.State.Values
	}
	chosen := values[view.BlockChoose][view.ActionChoose].SelectedOption.Value
	typed := strings.TrimSpace(values[view.BlockTyped][view.ActionTyped].Value)
	wrong := func(block, what string) {
		req.payload = errorsPayload{"errors", map[string]string{block: what}}
	}
	var q diagnose.Query
	var err error
	switch {
	case chosen != "" && typed != "":
		wrong(view.BlockTyped, "Choose a certificate or type a name, not both.")
		return
	case chosen != "":
		text := chosen
		if l, ok := b.estate.memory(); ok {
			i := slices.IndexFunc(l.Certificates, func(l diagnose.Listed) bool { return idOf(l.ARN) == chosen })
			if i >= 0 {
				text = l.Certificates[i].ARN
			}
		}
		if q, err = b.opts.Parse(text); err != nil {
			wrong(view.BlockChoose, "This certificate cannot be looked up. Type its domain below.")
			return
		}
	case typed == "":
		block := view.BlockTyped
		if b.opts.Estate != nil {
			block = view.BlockChoose
		}
		wrong(block, "Choose a certificate, or type a name.")
		return
	default:
		if q, err = b.opts.Parse(typed); err != nil {
			wrong(view.BlockTyped, strings.ReplaceAll(problem(err), "`", ""))
			return
		}
	}
	state := view.ParseAskState(c.View.PrivateMetadata)
	var to replier = &threadReply{api: b.api, channel: c.User.ID}
	if state.Hook != "" {
		to = &hookReply{api: b.api, url: state.Hook, user: c.User.ID, channel: state.Channel, command: true}
	}
	req.diagnoses, req.again, req.reply = true, view.QueryText(q), to
	req.run = b.answer(q, view.Options{Public: state.Hook == ""}, to)
}
