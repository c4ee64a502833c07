package bot

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/slack-go/slack"

	"github.com/acmbot/acmbot/bot/view"
)

// An audience is who sees what is sent: all in a channel, or one person in it.
// Without a user the person is the one on whose behalf it is sent.
type audience struct {
	channel, user string
	all           bool
}

// prepare decides whether a message may go to its audience, and takes the
// account ids out where the audience may not see them. Everything that the bot
// says goes through here, or through one of the functions below. Its error is a
// *withheldError or an *unsureError.
func (a api) prepare(ctx context.Context, to audience, m view.Message) (view.Message, error) {
	var sees bool
	if to.all {
		var err error
		if sees, err = a.gate.posting(ctx, to.channel); err != nil {
			return view.Message{}, err
		}
	} else {
		sees = a.gate.showing(ctx, to.user, to.channel)
	}
	if sees {
		return m, nil
	}
	return a.masked(m)
}

// masked is a message without account ids.
func (a api) masked(m view.Message) (view.Message, error) {
	blocks, err := a.maskedBlocks(m.Blocks)
	return view.Message{Text: a.gate.mask().Text(m.Text), Blocks: blocks}, err
}

// metadata is a message's metadata as those in a channel may see it: anybody can
// read it through Slack's API.
func (a api) metadata(ctx context.Context, channel string, payload map[string]any) map[string]any {
	if sees, err := a.gate.posting(ctx, channel); err == nil && sees {
		return payload
	}
	masked := map[string]any{}
	for key, v := range payload {
		if s, ok := v.(string); ok && key != "id" { // by which the message is found again
			v = a.gate.mask().Text(s)
		}
		masked[key] = v
	}
	return masked
}

func (a api) maskedBlocks(list []slack.Block) ([]slack.Block, error) {
	masked := make([]slack.Block, 0, len(list))
	for _, b := range list {
		v, err := a.gate.mask().Value(b)
		if err != nil {
			return nil, fmt.Errorf("taking account ids out of a message: %w", err)
		}
		raw, err := json.Marshal(v)
		if err != nil {
			return nil, fmt.Errorf("taking account ids out of a message: %w", err)
		}
		masked = append(masked, maskedBlock{Block: b, raw: raw})
	}
	return masked, nil
}

// A maskedBlock is a block of which the texts were changed.
type maskedBlock struct {
	slack.Block
	raw json.RawMessage
}

// MarshalJSON gives the changed block.
func (b maskedBlock) MarshalJSON() ([]byte, error) { return b.raw, nil }

// modal is a modal as the one who is shown it may see it.
func (a api) modal(ctx context.Context, m slack.ModalViewRequest) (slack.ModalViewRequest, error) {
	if a.gate.showing(ctx, "", "") {
		return m, nil
	}
	return a.maskedModal(m)
}

func (a api) maskedModal(m slack.ModalViewRequest) (slack.ModalViewRequest, error) {
	blocks, err := a.maskedBlocks(m.Blocks.BlockSet)
	if err != nil {
		return m, err
	}
	m.Blocks.BlockSet, m.PrivateMetadata = blocks, a.gate.mask().Seal(m.PrivateMetadata)
	return m, nil
}

// openView opens a modal.
func (a api) openView(ctx context.Context, trigger string, m slack.ModalViewRequest) (*slack.ViewResponse, error) {
	m, err := a.modal(ctx, m)
	if err != nil {
		return nil, err
	}
	return a.client.OpenViewContext(ctx, trigger, m)
}

// updateView changes a modal, by its external id or its own.
func (a api) updateView(ctx context.Context, m slack.ModalViewRequest, external, hash, id string) error {
	m, err := a.modal(ctx, m)
	if err != nil {
		return err
	}
	_, err = a.client.UpdateViewContext(ctx, m, external, hash, id)
	return err
}

// publish shows somebody their App Home.
func (a api) publish(ctx context.Context, user string, home slack.HomeTabViewRequest) error {
	if !a.gate.showing(ctx, user, "") {
		blocks, err := a.maskedBlocks(home.Blocks.BlockSet)
		if err != nil {
			return err
		}
		home.Blocks.BlockSet, home.PrivateMetadata = blocks, a.gate.mask().Seal(home.PrivateMetadata)
	}
	_, err := a.client.PublishViewContext(ctx, slack.PublishViewContextRequest{UserID: user, View: home})
	return err
}

// unfurl shows what links in a message lead to. Where the message is still being
// written, the id and the source that the event gave stand for it.
func (a api) unfurl(ctx context.Context, channel, ts string, where sharedLink, unfurls map[string]slack.Attachment) error {
	sees, err := a.gate.posting(ctx, channel)
	if err != nil {
		return err
	}
	if !sees {
		for url, shown := range unfurls {
			blocks, err := a.maskedBlocks(shown.Blocks.BlockSet)
			if err != nil {
				return err
			}
			shown.Blocks.BlockSet, shown.Fallback, shown.Text = blocks, a.gate.mask().Text(shown.Fallback), a.gate.mask().Text(shown.Text)
			unfurls[url] = shown
		}
	}
	if where.UnfurlID != "" && where.Source != "" {
		_, _, _, err = a.client.UnfurlMessageByIDContext(ctx, where.UnfurlID, where.Source, unfurls)
	} else {
		_, _, _, err = a.client.UnfurlMessageContext(ctx, channel, ts, unfurls)
	}
	return err
}

// status is a line of status as a thread may see it.
func (a api) status(ctx context.Context, channel, text string) string {
	if sees, err := a.gate.posting(ctx, channel); err == nil && sees {
		return text
	}
	return a.gate.mask().Text(text)
}
