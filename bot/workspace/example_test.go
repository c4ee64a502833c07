package workspace_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/slack-go/slack"

	"github.com/acmbot/acmbot/bot/workspace"
)

// A bot posts a message with a button; somebody in the channel presses it.
func ExampleStart() {
	w, err := workspace.Start(workspace.Options{})
	if err != nil {
		log.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)

	api := slack.New(w.BotToken(), slack.OptionAPIURL(w.APIURL()))
	recheck := slack.NewButtonBlockElement("recheck", "shop.example.com", slack.NewTextBlockObject("plain_text", "Recheck", false, false))
	_, _, err = api.PostMessageContext(ctx, "#ops-certificates", slack.MsgOptionBlocks(slack.NewActionBlock("row", recheck)))
	if err != nil {
		log.Fatal(err)
	}

	m, err := w.WaitMessage(ctx, func(m workspace.Message) bool { return m.App })
	if err != nil {
		log.Fatal(err)
	}
	d, err := w.Click("dana", m, "recheck")
	if err != nil {
		log.Fatal(err)
	}
	e, err := d.Wait(ctx)
	if err != nil {
		log.Fatal(err)
	}
	// Nothing is connected by Socket Mode here.
	fmt.Println(e.Field("actions.0.value"), e.State)

	cancel()
	if err := w.Close(); err != nil {
		log.Fatal(err)
	}
	// Output: shop.example.com undelivered
}

func ExampleLint() {
	for _, p := range workspace.Lint([]byte(`[{"type": "header", "text": {"type": "mrkdwn", "text": "*Hi*"}}]`)) {
		fmt.Println(p)
	}
	// Output: must be a valid enum value [plain_text] [json-pointer:/blocks/0/text/type]
}
