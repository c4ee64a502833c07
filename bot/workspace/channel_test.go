package workspace

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/slack-go/slack"
	"github.com/slack-go/slack/slackevents"
	"github.com/slack-go/slack/socketmode"
)

func TestListsShowWhatTheBotCanSee(t *testing.T) {
	w := start(t, Options{})
	api := client(t, w)
	list := func(types ...string) (names []string) {
		cursor := ""
		for {
			page, next, err := api.GetConversationsContext(t.Context(), &slack.GetConversationsParameters{Types: types, Limit: 1, Cursor: cursor})
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range page {
				names = append(names, c.Name)
			}
			if cursor = next; cursor == "" {
				return names
			}
		}
	}
	public := []string{"ops-certificates", "platform", "random"}
	if diff := cmp.Diff(public, list("public_channel", "private_channel")); diff != "" {
		t.Errorf("before the invitation (-want +got):\n%s", diff)
	}
	if err := w.Invite("dana", "cert-incidents", "@acmbot"); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(append(public, "cert-incidents"), list("public_channel", "private_channel")); diff != "" {
		t.Errorf("after the invitation (-want +got):\n%s", diff)
	}
	if n := len(list("im")); n != 4 {
		t.Errorf("there are %d direct messages", n)
	}
	if _, _, err := api.GetConversationsContext(t.Context(), &slack.GetConversationsParameters{Types: []string{"lists"}}); errCode(err) != "invalid_types" {
		t.Errorf("an unknown type gives %v", err)
	}
	if _, _, err := api.GetConversationsContext(t.Context(), &slack.GetConversationsParameters{Cursor: "bogus"}); errCode(err) != "invalid_cursor" {
		t.Errorf("a made-up cursor gives %v", err)
	}
}

func TestConversationInfo(t *testing.T) {
	w := start(t, Options{})
	api := client(t, w)
	info := func(id string) (*slack.Channel, error) {
		return api.GetConversationInfoContext(t.Context(), &slack.GetConversationInfoInput{ChannelID: id, IncludeNumMembers: true})
	}
	c, err := info(ops)
	if err != nil || c.Name != "ops-certificates" || !c.IsMember || c.IsPrivate || c.NumMembers != 5 {
		t.Errorf("got %+v, %v", c, err)
	}
	if c, err := info(platform); err != nil || c.IsMember {
		t.Errorf("got %+v, %v", c, err)
	}
	if _, err := info(secrets); errCode(err) != "channel_not_found" {
		t.Errorf("a private channel gives %v", err)
	}
	members, _, err := api.GetUsersInConversationContext(t.Context(), &slack.GetUsersInConversationParameters{ChannelID: platform})
	if err != nil || !slices.Equal(members, []string{"U0ADANA001", "U0ALEE0001", "U0ASAM0001"}) {
		t.Errorf("members are %v, %v", members, err)
	}
}

func TestOpeningADirectMessage(t *testing.T) {
	w := start(t, Options{})
	api := client(t, w)
	open := func(users ...string) (*slack.Channel, error) {
		c, _, _, err := api.OpenConversationContext(t.Context(), &slack.OpenConversationParameters{Users: users})
		return c, err
	}
	c, err := open(dana)
	if err != nil {
		t.Fatal(err)
	}
	if id, err := w.ChannelID("dana", "@acmbot"); err != nil || id != c.ID {
		t.Errorf("dana's direct message is %s, %v, not %s", id, err, c.ID)
	}
	if _, err := w.ChannelID("lee", c.ID); err == nil {
		t.Error("lee sees dana's direct message")
	}
	for user, want := range map[string]string{"U0ANOBODY1": "user_not_found", slackbot: "cannot_dm_bot"} {
		if _, err := open(user); errCode(err) != want {
			t.Errorf("opening one with %s gives %v", user, err)
		}
	}
}

func TestJoining(t *testing.T) {
	w := start(t, Options{})
	joined := make(chan slackevents.MemberJoinedChannelEvent, 10)
	api := run(t, w, func(a *app, e socketmode.Event) {
		ack(a, e)
		if event, ok := e.Data.(slackevents.EventsAPIEvent).InnerEvent.Data.(*slackevents.MemberJoinedChannelEvent); ok {
			joined <- *event
		}
	})
	_, warning, _, err := api.JoinConversationContext(t.Context(), platform)
	if err != nil || warning != "" {
		t.Fatalf("joining: %q, %v", warning, err)
	}
	if e := <-joined; e.User != w.BotUserID() || e.Channel != platform || e.ChannelType != "C" {
		t.Errorf("the event is %+v", e)
	}
	if _, warning, _, err = api.JoinConversationContext(t.Context(), platform); err != nil || warning != "already_in_channel" {
		t.Errorf("joining again: %q, %v", warning, err)
	}
	if _, _, _, err := api.JoinConversationContext(t.Context(), secrets); errCode(err) != "channel_not_found" {
		t.Errorf("joining a private channel: %v", err)
	}
	if err := w.Invite("dana", "cert-incidents", "acmbot"); err != nil {
		t.Fatal(err)
	}
	if e := <-joined; e.Channel != secrets || e.Inviter != dana || e.ChannelType != "G" {
		t.Errorf("the event is %+v", e)
	}
	for name, err := range map[string]error{
		"who is not in it":    w.Invite("lee", "cert-incidents", "sam"),
		"who is in it":        w.Invite("dana", "cert-incidents", "sam"),
		"who does not exist":  w.Invite("dana", "cert-incidents", "nobody"),
		"to a direct message": w.Invite("dana", "@acmbot", "sam"),
	} {
		if err == nil {
			t.Errorf("an invitation %s went through", name)
		}
	}
}

func TestTheBotsOwnConversations(t *testing.T) {
	m := DefaultManifest()
	m.OAuthConfig.Scopes.Bot = append(m.OAuthConfig.Scopes.Bot, "channels:manage")
	w := start(t, Options{Manifest: m})
	api := client(t, w)
	own := func() (ids []string) {
		list, _, err := api.GetConversationsForUserContext(t.Context(), &slack.GetConversationsForUserParameters{})
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range list {
			ids = append(ids, c.ID)
		}
		return ids
	}
	if diff := cmp.Diff([]string{ops}, own()); diff != "" {
		t.Errorf("before leaving (-want +got):\n%s", diff)
	}
	if left, err := api.LeaveConversationContext(t.Context(), ops); err != nil || left {
		t.Errorf("leaving gives %v, %v", left, err)
	}
	if got := own(); got != nil {
		t.Errorf("after leaving: %v", got)
	}
	if _, _, err := api.PostMessageContext(t.Context(), ops, slack.MsgOptionText("x", false)); errCode(err) != "not_in_channel" {
		t.Errorf("posting after leaving gives %v", err)
	}
}

func TestMorePeopleAndChannels(t *testing.T) {
	w := start(t, Options{})
	u, err := w.AddUser(User{Name: "élodie", RealName: "Élodie du Pré"})
	if err != nil || u.Initials != "ÉD" || u.ID == "" {
		t.Fatalf("got %+v, %v", u, err)
	}
	id, err := w.AddChannel("new", PrivateChannel, "élodie", "acmbot")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Say("élodie", id, "", "hi"); err != nil {
		t.Error(err)
	}
	if _, _, err := client(t, w).PostMessageContext(t.Context(), id, slack.MsgOptionText("hello", false)); err != nil {
		t.Error(err)
	}
	if n := len(w.Users()); n != 7 {
		t.Errorf("there are %d users", n)
	}
	if _, err := w.AddUser(User{Name: "dana"}); err == nil {
		t.Error("a second dana came in")
	}
	if _, err := w.AddChannel("random", PublicChannel); err == nil {
		t.Error("a second #random was made")
	}
}

func TestGuestsSeeOnlyTheirChannels(t *testing.T) {
	w := start(t, Options{})
	if _, err := w.Say("kit", "platform", "", "hi"); err == nil {
		t.Error("the guest wrote in a channel they are not in")
	}
	if _, err := w.Say("kit", "ops-certificates", "", "hi"); err != nil {
		t.Error(err)
	}
	if got := w.Messages("platform", "kit"); got != nil {
		t.Errorf("the guest sees %v", got)
	}
}
