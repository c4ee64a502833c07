package bot

import (
	"context"
	"fmt"

	"github.com/slack-go/slack"
)

// A place is where a message of the bot's may stand: in a thread, or in a
// channel, from a time on (a Slack timestamp) or among so many latest messages.
type place struct {
	channel, thread, oldest string
	most                    int
}

// search looks for a message of the bot's own by what its metadata has under a
// key; where there is none, ts is empty.
//
// Any app in a channel can post metadata as it likes, and what the bot writes
// there can be foreseen: a digest's is its channel and day. So a message counts
// only where the bot is its author, too. Were another app's believed, it could
// keep a digest or an alert from ever being posted, and the bot would take it for
// posted. What is in doubt is therefore not found: a message that stands twice is
// better than none. Where Slack does not tell who the bot is, that is an error, as
// where it does not tell what stands there.
func (a api) search(ctx context.Context, client *slack.Client, p place, event, key, value string) (ts string, err error) {
	var self *slack.AuthTestResponse
	cursor := ""
	for seen := 0; seen < p.most; {
		var list []slack.Message
		if p.thread != "" {
			list, _, cursor, err = client.GetConversationRepliesContext(ctx, &slack.GetConversationRepliesParameters{
				ChannelID: p.channel, Timestamp: p.thread, Oldest: p.oldest, Cursor: cursor, Limit: 200, IncludeAllMetadata: true,
			})
		} else {
			var page *slack.GetConversationHistoryResponse
			page, err = client.GetConversationHistoryContext(ctx, &slack.GetConversationHistoryParameters{
				ChannelID: p.channel, Oldest: p.oldest, Cursor: cursor, Limit: 200, IncludeAllMetadata: true,
			})
			if page != nil {
				list, cursor = page.Messages, page.ResponseMetaData.NextCursor
			}
		}
		if err != nil {
			return "", err
		}
		for i := range list {
			m := &list[i]
			if m.Metadata.EventType != event || m.Metadata.EventPayload[key] != value {
				continue
			}
			if self == nil {
				if self, err = client.AuthTestContext(ctx); err != nil {
					return "", fmt.Errorf("asking Slack who the bot is: %w", err)
				}
			}
			if wrote(self, m) {
				return m.Timestamp, nil
			}
			a.log.WarnContext(ctx, "a message has the bot's metadata, and is not the bot's; it does not count",
				"channel", p.channel, "ts", m.Timestamp, "bot_id", m.BotID, "user", m.User)
		}
		seen += len(list)
		if cursor == "" || len(list) == 0 {
			break
		}
	}
	return "", nil
}

// wrote reports whether a message is by who auth.test says the bot is. A message
// of a bot's has its bot_id and, unless it goes by another name, its user; Slack
// gives it both, and no app can choose them ("bot_message message",
// https://docs.slack.dev/reference/events/message/bot_message). The holder of a
// bot token is told both ("auth.test",
// https://docs.slack.dev/reference/methods/auth.test). A message without either,
// which Slack does not have, is no other app's.
func wrote(self *slack.AuthTestResponse, m *slack.Message) bool {
	switch {
	case m.BotID != "" && self.BotID != "":
		return m.BotID == self.BotID
	case m.User != "" && self.UserID != "":
		return m.User == self.UserID
	}
	return m.BotID == "" && m.User == ""
}
