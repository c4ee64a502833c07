package workspace

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/slack-go/slack"
)

const (
	ops      = "C0AOPSCERT" // the bot is in it
	platform = "C0APLATFRM" // it is not
	secrets  = "C0ASECINC1" // private, and it is not
	dana     = "U0ADANA001"
)

func TestWhereTheBotMayPost(t *testing.T) {
	w := start(t, Options{})
	archived, err := w.AddChannel("old", PublicChannel, "dana", "acmbot")
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Archive("old"); err != nil {
		t.Fatal(err)
	}
	im, err := w.ChannelID("dana", "@acmbot")
	if err != nil {
		t.Fatal(err)
	}
	api := client(t, w)
	for _, test := range []struct{ where, want, channel string }{
		{ops, "", ops},
		{"#ops-certificates", "", ops},
		{dana, "", im},
		{im, "", im},
		{platform, "not_in_channel", ""},
		{secrets, "channel_not_found", ""},
		{"C0ANOWHERE", "channel_not_found", ""},
		{archived, "is_archived", ""},
	} {
		channel, _, err := api.PostMessageContext(t.Context(), test.where, slack.MsgOptionText("hi", false))
		if errCode(err) != test.want || channel != test.channel {
			t.Errorf("posting to %s: %q in %q, want %q in %q", test.where, errCode(err), channel, test.want, test.channel)
		}
	}
	m := DefaultManifest()
	m.OAuthConfig.Scopes.Bot = append(m.OAuthConfig.Scopes.Bot, "chat:write.public")
	public := client(t, start(t, Options{Manifest: m}))
	if _, _, err := public.PostMessageContext(t.Context(), platform, slack.MsgOptionText("hi", false)); err != nil {
		t.Errorf("with chat:write.public: %v", err)
	}
	if _, _, err := public.PostMessageContext(t.Context(), secrets, slack.MsgOptionText("hi", false)); errCode(err) != "channel_not_found" {
		t.Errorf("a private channel with chat:write.public: %v", err)
	}
}

func TestWhatAMessageMaySay(t *testing.T) {
	w := start(t, Options{})
	api := client(t, w)
	long := make([]slack.Block, 5)
	for i := range long {
		long[i] = slack.NewSectionBlock(slack.NewTextBlockObject("mrkdwn", strings.Repeat("x", 2900), false, false), nil, nil)
	}
	for _, test := range []struct {
		name string
		say  []slack.MsgOption
		want string
	}{
		{"nothing", nil, "no_text"},
		{"blank", []slack.MsgOption{slack.MsgOptionText("  ", false)}, "no_text"},
		{"blocks only", []slack.MsgOption{slack.MsgOptionBlocks(slack.NewDividerBlock())}, ""},
		{"attachment only", []slack.MsgOption{slack.MsgOptionAttachments(slack.Attachment{Text: "x", Color: "#ff0000"})}, ""},
		{"too much in blocks", []slack.MsgOption{slack.MsgOptionBlocks(long...)}, "msg_blocks_too_long"},
		{"bad blocks", []slack.MsgOption{slack.MsgOptionBlocks(slack.NewHeaderBlock(slack.NewTextBlockObject("plain_text", strings.Repeat("x", 151), false, false)))}, "invalid_blocks"},
		{"too many attachments", []slack.MsgOption{slack.MsgOptionAttachments(make([]slack.Attachment, 101)...)}, "too_many_attachments"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, _, err := api.PostMessageContext(t.Context(), ops, test.say...)
			if errCode(err) != test.want {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
	_, _, err := api.PostMessageContext(t.Context(), ops, slack.MsgOptionBlocks(
		slack.NewDividerBlock(), slack.NewHeaderBlock(slack.NewTextBlockObject("plain_text", strings.Repeat("x", 151), false, false))))
	e, _ := errors.AsType[slack.SlackErrorResponse](err)
	want := []string{"[ERROR] must be less than 151 characters [json-pointer:/blocks/1/text/text]"}
	if diff := cmp.Diff(want, e.ResponseMetadata.Messages); diff != "" {
		t.Errorf("messages (-want +got):\n%s", diff)
	}
}

func TestLongTextIsCutWithAWarning(t *testing.T) {
	w := start(t, Options{})
	_, reply := raw(t, w, "chat.postMessage", w.BotToken(), formType, "channel="+ops+"&text="+strings.Repeat("é", textCut+1))
	if reply["ok"] != true || reply["warning"] != "message_truncated" {
		t.Errorf("got warning %v", reply["warning"])
	}
	if n := len([]rune(w.Messages(ops, "dana")[0].Text)); n != textCut {
		t.Errorf("the text has %d characters", n)
	}
	_, ts, err := client(t, w).PostMessageContext(t.Context(), ops, slack.MsgOptionText("x", false))
	if err != nil {
		t.Fatal(err)
	}
	_, _, _, err = client(t, w).UpdateMessageContext(t.Context(), ops, ts, slack.MsgOptionText(strings.Repeat("x", 4001), false))
	if errCode(err) != "msg_too_long" {
		t.Errorf("an update with 4001 characters gives %v", err)
	}
}

func TestMarkdownAndMetadata(t *testing.T) {
	w := start(t, Options{})
	api := client(t, w)
	if _, _, err := api.PostMessageContext(t.Context(), ops, slack.MsgOptionMarkdownText("**bold**")); err != nil {
		t.Fatal(err)
	}
	if words := w.Messages(ops, "dana")[0].Words(); words != "**bold**" {
		t.Errorf("the message says %q", words)
	}
	if _, _, err := api.PostMessageContext(t.Context(), ops, slack.MsgOptionText("x", false), slack.MsgOptionMarkdownText("y")); errCode(err) != "markdown_text_conflict" {
		t.Errorf("text and markdown give %v", err)
	}
	metadata := slack.SlackMetadata{EventType: "digest", EventPayload: map[string]any{"day": "2026-11-24"}}
	_, _, m, err := api.PostMessageWithResponseContext(t.Context(), ops, slack.MsgOptionText("x", false), slack.MsgOptionMetadata(metadata))
	if err != nil || cmp.Diff(metadata, m.Metadata) != "" {
		t.Errorf("the metadata came back as %+v, %v", m.Metadata, err)
	}
	_, reply := raw(t, w, "blocks.validate", "", formType, "blocks=[{\"type\":\"nope\"}]")
	if reply["error"] != "invalid_blocks" {
		t.Errorf("blocks.validate gives %v", reply)
	}
}

func TestUpdates(t *testing.T) {
	w := start(t, Options{})
	api := client(t, w)
	section := slack.NewSectionBlock(slack.NewTextBlockObject("mrkdwn", "in blocks", false, false), nil, nil)
	post := func() string {
		_, ts, err := api.PostMessageContext(t.Context(), ops, slack.MsgOptionText("before", false), slack.MsgOptionBlocks(section))
		if err != nil {
			t.Fatal(err)
		}
		return ts
	}
	find := func(ts string) Message {
		for _, m := range w.Messages(ops, "dana") {
			if m.TS == ts {
				return m
			}
		}
		t.Fatalf("there is no message %s", ts)
		return Message{}
	}
	text := post()
	if _, _, _, err := api.UpdateMessageContext(t.Context(), ops, text, slack.MsgOptionText("after", false)); err != nil {
		t.Fatal(err)
	}
	if m := find(text); m.Words() != "after" || m.Edited == "" {
		t.Errorf("text given alone leaves %q, edited %q", m.Words(), m.Edited)
	}
	blocks := post()
	other := slack.NewSectionBlock(slack.NewTextBlockObject("mrkdwn", "other blocks", false, false), nil, nil)
	if _, _, _, err := api.UpdateMessageContext(t.Context(), ops, blocks, slack.MsgOptionBlocks(other)); err != nil {
		t.Fatal(err)
	}
	if m := find(blocks); m.Words() != "other blocks" || m.Text != "before" {
		t.Errorf("blocks given alone leave %q and %q", m.Words(), m.Text)
	}
	theirs, err := w.Say("dana", ops, "", "mine")
	if err != nil {
		t.Fatal(err)
	}
	update := func(channel, ts string) string {
		_, _, _, err := api.UpdateMessageContext(t.Context(), channel, ts, slack.MsgOptionText("x", false))
		return errCode(err)
	}
	if got := update(ops, theirs.TS); got != "cant_update_message" {
		t.Errorf("another's message: %q", got)
	}
	if got := update(ops, "1.000000"); got != "message_not_found" {
		t.Errorf("no message: %q", got)
	}
	if got := update("C0ANOWHERE", text); got != "channel_not_found" {
		t.Errorf("no channel: %q", got)
	}
	if _, _, err := api.DeleteMessageContext(t.Context(), ops, theirs.TS); errCode(err) != "cant_delete_message" {
		t.Errorf("deleting another's message: %v", err)
	}
	if _, _, err := api.DeleteMessageContext(t.Context(), ops, text); err != nil {
		t.Error(err)
	}
	if got := update(ops, text); got != "message_not_found" {
		t.Errorf("a deleted message: %q", got)
	}
}

func TestEphemeralMessages(t *testing.T) {
	w := start(t, Options{})
	api := client(t, w)
	ts, err := api.PostEphemeralContext(t.Context(), ops, dana, slack.MsgOptionText("psst", false))
	if err != nil {
		t.Fatal(err)
	}
	if got := w.Messages(ops, "dana"); len(got) != 1 || got[0].TS != ts || !got[0].Ephemeral {
		t.Errorf("dana sees %+v", got)
	}
	if got := w.Messages(ops, "lee"); len(got) != 0 {
		t.Errorf("lee sees %+v", got)
	}
	if _, _, _, err := api.UpdateMessageContext(t.Context(), ops, ts, slack.MsgOptionText("x", false)); errCode(err) != "message_not_found" {
		t.Errorf("updating it gives %v", err)
	}
	for _, test := range []struct{ channel, user, want string }{
		{platform, dana, "not_in_channel"},
		{secrets, dana, "channel_not_found"},
		{ops, "U0ANOBODY1", "user_not_in_channel"},
	} {
		_, err := api.PostEphemeralContext(t.Context(), test.channel, test.user, slack.MsgOptionText("x", false))
		if errCode(err) != test.want {
			t.Errorf("in %s to %s: %v, want %s", test.channel, test.user, err, test.want)
		}
	}
	history, err := api.GetConversationHistoryContext(t.Context(), &slack.GetConversationHistoryParameters{ChannelID: ops})
	if err != nil || len(history.Messages) != 0 {
		t.Errorf("the history holds %+v, %v", history, err)
	}
}

func TestThreads(t *testing.T) {
	w := start(t, Options{})
	api := client(t, w)
	root, err := w.Say("dana", ops, "", "help")
	if err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		if _, _, err := api.PostMessageContext(t.Context(), ops, slack.MsgOptionText(fmt.Sprint("reply ", i), false), slack.MsgOptionTS(root.TS)); err != nil {
			t.Fatal(err)
		}
	}
	_, last, err := api.PostMessageContext(t.Context(), ops, slack.MsgOptionText("loud", false), slack.MsgOptionTS(root.TS), slack.MsgOptionBroadcast())
	if err != nil {
		t.Fatal(err)
	}
	seen := w.Messages(ops, "lee")
	if seen[0].ReplyCount != 4 || seen[0].ThreadTS != root.TS || cmp.Diff([]string{w.BotUserID()}, seen[0].ReplyUsers) != "" {
		t.Errorf("the root is %+v", seen[0])
	}
	history, err := api.GetConversationHistoryContext(t.Context(), &slack.GetConversationHistoryParameters{ChannelID: ops})
	if err != nil {
		t.Fatal(err)
	}
	var texts []string
	for _, m := range history.Messages {
		texts = append(texts, m.Text)
	}
	if diff := cmp.Diff([]string{"loud", "help"}, texts); diff != "" {
		t.Errorf("history (-want +got):\n%s", diff)
	}
	replies, more, _, err := api.GetConversationRepliesContext(t.Context(), &slack.GetConversationRepliesParameters{ChannelID: ops, Timestamp: root.TS})
	if err != nil || more || len(replies) != 5 || replies[0].LatestReply != last || replies[1].ParentUserId != dana {
		t.Errorf("replies: %d, more %v, %v", len(replies), more, err)
	}
	if _, _, _, err := api.GetConversationRepliesContext(t.Context(), &slack.GetConversationRepliesParameters{ChannelID: ops, Timestamp: "1.000000"}); errCode(err) != "thread_not_found" {
		t.Errorf("no thread: %v", err)
	}
	// A thread that is gone: the reply stands by itself.
	_, _, m, err := api.PostMessageWithResponseContext(t.Context(), ops, slack.MsgOptionText("late", false), slack.MsgOptionTS("1.000000"))
	if err != nil || m.ThreadTimestamp != "" {
		t.Errorf("a reply to nothing: %+v, %v", m, err)
	}
}

func TestDeletingARootLeavesATombstone(t *testing.T) {
	w := start(t, Options{})
	api := client(t, w)
	_, root, err := api.PostMessageContext(t.Context(), ops, slack.MsgOptionText("root", false))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Say("lee", ops, root, "reply"); err != nil {
		t.Fatal(err)
	}
	if _, _, err := api.DeleteMessageContext(t.Context(), ops, root); err != nil {
		t.Fatal(err)
	}
	seen := w.Messages(ops, "dana")
	if len(seen) != 2 || !seen[0].Deleted || seen[0].Text != "This message was deleted." {
		t.Errorf("dana sees %+v", seen)
	}
}

func TestReactions(t *testing.T) {
	w := start(t, Options{})
	api := client(t, w)
	m, err := w.Say("dana", ops, "", "hi")
	if err != nil {
		t.Fatal(err)
	}
	item := slack.NewRefToMessage(ops, m.TS)
	for _, test := range []struct {
		do   func() error
		want string
	}{
		{func() error { return api.AddReactionContext(t.Context(), "eyes", item) }, ""},
		{func() error { return api.AddReactionContext(t.Context(), "eyes", item) }, "already_reacted"},
		{func() error { return api.RemoveReactionContext(t.Context(), "tada", item) }, "no_reaction"},
		{func() error { return api.AddReactionContext(t.Context(), "eyes", slack.NewRefToMessage(ops, "1.0")) }, "message_not_found"},
	} {
		if err := test.do(); errCode(err) != test.want {
			t.Errorf("got %v, want %q", err, test.want)
		}
	}
	want := []Reaction{{"eyes", []string{w.BotUserID()}}}
	if diff := cmp.Diff(want, w.Messages(ops, "lee")[0].Reactions); diff != "" {
		t.Errorf("reactions (-want +got):\n%s", diff)
	}
	if err := api.RemoveReactionContext(t.Context(), "eyes", item); err != nil {
		t.Error(err)
	}
	if r := w.Messages(ops, "lee")[0].Reactions; len(r) != 0 {
		t.Errorf("reactions are left: %v", r)
	}
}

func TestPermalinks(t *testing.T) {
	w := start(t, Options{})
	m, err := w.Say("dana", ops, "", "hi")
	if err != nil {
		t.Fatal(err)
	}
	link, err := client(t, w).GetPermalinkContext(t.Context(), &slack.PermalinkParameters{Channel: ops, Ts: m.TS})
	if want := "https://example.slack.com/archives/" + ops + "/p" + strings.ReplaceAll(m.TS, ".", ""); err != nil || link != want {
		t.Errorf("got %q, %v, want %q", link, err, want)
	}
}

func TestStatusGoesWithTheAnswer(t *testing.T) {
	w := start(t, Options{})
	api := client(t, w)
	root, err := w.Say("dana", ops, "", "@acmbot why")
	if err != nil {
		t.Fatal(err)
	}
	err = api.SetAssistantThreadsStatusContext(t.Context(), slack.AssistantThreadsSetStatusParameters{ChannelID: ops, ThreadTS: root.TS, Status: "is checking…"})
	if err != nil || w.Status(ops, root.TS) != "is checking…" {
		t.Errorf("the status is %q, %v", w.Status(ops, root.TS), err)
	}
	if _, _, err := api.PostMessageContext(t.Context(), ops, slack.MsgOptionText("because", false), slack.MsgOptionTS(root.TS)); err != nil {
		t.Fatal(err)
	}
	if s := w.Status(ops, root.TS); s != "" {
		t.Errorf("the status is still %q", s)
	}
}

func TestUnfurls(t *testing.T) {
	w := start(t, Options{})
	api := run(t, w, ack)
	const link = "https://eu-west-1.console.aws.amazon.com/acm/home?region=eu-west-1#/certificates/x"
	m, err := w.Say("dana", ops, "", "see "+link)
	if err != nil {
		t.Fatal(err)
	}
	e, err := w.WaitEnvelope(limit(t), func(e Envelope) bool { return e.Field("event.type") == "link_shared" })
	if err != nil {
		t.Fatal(err)
	}
	if e.Field("event.links.0.url") != link || e.Field("event.links.0.domain") != "console.aws.amazon.com" || e.Field("event.message_ts") != m.TS {
		t.Errorf("the event is %s", e.Payload)
	}
	unfurl := map[string]slack.Attachment{link: {Text: "a certificate"}}
	if _, _, _, err := api.UnfurlMessageContext(t.Context(), ops, m.TS, unfurl); err != nil {
		t.Fatal(err)
	}
	if words := w.Messages(ops, "lee")[0].Words(); !strings.Contains(words, "a certificate") {
		t.Errorf("the message says %q", words)
	}
	_, _, _, err = api.UnfurlMessageContext(t.Context(), ops, m.TS, map[string]slack.Attachment{"https://example.com/": {Text: "x"}})
	if errCode(err) != "cannot_unfurl_url" {
		t.Errorf("unfurling another address gives %v", err)
	}
}
