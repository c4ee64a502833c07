package bot

import (
	"context"
	"strings"

	"github.com/slack-go/slack"

	"github.com/acmbot/acmbot/bot/view"
	"github.com/acmbot/acmbot/diagnose"
)

const kindCommand = "command"

// readCommand reads the slash command. What can be answered without looking is
// answered with the acknowledgement.
func (b *Bot) readCommand(req *request, cmd slack.SlashCommand) {
	req.kind, req.user = kindCommand, cmd.UserID
	if cmd.TriggerID != "" {
		req.keys = append(req.keys, "trigger "+cmd.TriggerID)
	}
	req.reply = &hookReply{api: b.api, url: cmd.ResponseURL, user: cmd.UserID, channel: cmd.ChannelID, command: true}
	command := cmd.Command
	if command == "" {
		command = b.opts.Command
	}
	say := func(m view.Message) { req.ack = &m }

	word, rest, _ := strings.Cut(strings.TrimSpace(cmd.Text), " ")
	rest = strings.TrimSpace(rest)
	question := strings.TrimSpace(cmd.Text)
	name := strings.ToLower(word)
	switch name {
	case "", "help", "?", "-h", "--help":
		say(view.Help(command))
		return
	case "watches", "snoozes", "owners", "doctor":
		if rest != "" {
			say(view.NothingAfter(command, name))
			return
		}
	}
	switch name {
	case "watches", "snoozes":
		req.run = func(ctx context.Context) error { return b.showWatches(ctx, req.user, req.reply) }
		return
	case "owners":
		b.withEstate(req, func(ctx context.Context) error { return b.owners(ctx, req.reply) })
		return
	case "digest":
		b.readDigest(req, cmd, rest)
		return
	case "doctor":
		reply, _ := req.reply.(*hookReply)
		req.diagnoses, req.run = true, b.checkUp(req, reply)
		return
	case "why":
		if rest == "" {
			req.run = b.openAsk(cmd.TriggerID, view.AskState{Channel: cmd.ChannelID, Hook: cmd.ResponseURL}, req.reply)
			return
		}
		question = rest
	case "list", "ls":
		if _, err := diagnose.ParseFilter(rest); err != nil {
			say(view.BadFilter(command, problem(err)))
			return
		}
		req.asks = 1
		req.run = b.showList(rest, 0, command, req.reply)
		return
	}
	q, err := b.opts.Parse(question)
	what, filter := intentOf(question)
	switch {
	case err == nil:
		req.diagnoses, req.again = true, view.QueryText(q)
		req.run = b.answer(q, view.Options{}, req.reply)
	case question == rest || looksLikeName(word):
		say(view.Usage(command, problem(err)))
	case what == intentList:
		req.asks = 1
		req.run = b.showList(filter, 0, command, req.reply)
	case what == intentNone:
		say(view.UnknownCommand(command, word))
	default:
		say(b.respond(what))
	}
}

// respond is the answer to what needs no look.
func (b *Bot) respond(what intent) view.Message {
	switch what {
	case intentHelp:
		return view.Help(b.opts.Command)
	case intentGreeting:
		return view.Greeting()
	case intentThanks:
		return view.Welcome()
	default:
		return view.NoDomain(b.opts.Command)
	}
}

// looksLikeName tells a mistyped name from a word that is meant as a command.
func looksLikeName(word string) bool { return strings.ContainsAny(word, ".:/@*") }
