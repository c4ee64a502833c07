package view

import (
	"github.com/slack-go/slack"

	"github.com/acmbot/acmbot/diagnose"
)

// mostPrompts is how many suggested prompts a thread may have
// ("assistant.threads.setSuggestedPrompts",
// https://docs.slack.dev/reference/methods/assistant.threads.setSuggestedPrompts).
const mostPrompts = 4

// Prompts are suggestions for a thread with the assistant. Urgent are
// certificates that need somebody, the most urgent first.
func Prompts(urgent []diagnose.Listed) []slack.AssistantThreadsPrompt {
	prompts := []slack.AssistantThreadsPrompt{}
	for i := range urgent {
		if len(prompts) == mostPrompts-2 {
			break
		}
		name := urgent[i].DomainName
		if !isName(name) {
			continue
		}
		prompts = append(prompts, slack.AssistantThreadsPrompt{
			Title: shorten("Why does "+name+" not renew?", mostLabel), Message: "Why does " + name + " not renew?",
		})
	}
	if len(prompts) == 0 {
		prompts = append(prompts, slack.AssistantThreadsPrompt{Title: "Why does a certificate not renew?", Message: "help"})
	}
	return append(prompts,
		slack.AssistantThreadsPrompt{Title: "What needs somebody?", Message: "list failing"},
		slack.AssistantThreadsPrompt{Title: "What ends within 30 days?", Message: "list expiring:30d"})
}
