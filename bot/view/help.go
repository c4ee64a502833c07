package view

import (
	"slices"
	"strings"

	"github.com/slack-go/slack"

	"github.com/acmbot/acmbot/diagnose"
)

// Commands are the words that can stand after the slash command.
var Commands = []string{"why", "list", "digest", "owners", "watches", "snoozes", "doctor", "help"}

// DigestCommands are the words that can stand after the command digest.
var DigestCommands = []string{"settings", "subscribe", "unsubscribe", "when", "preview", "alerts"}

// An example is what can be typed after the slash command.
type example struct{ Ask, Meaning string }

// Examples are questions that teach the grammar.
var examples = []example{
	{"why shop.example.com", "why does its certificate not renew, and what fixes it?"},
	{"shop.example.com", "the same, shorter; a URL or *.example.com will do as well"},
	{"why arn:aws:acm:eu-west-1:111122223333:certificate/…", "about one certificate; its id alone will do"},
	{"why", "opens a window to choose a certificate in"},
	{"list", "all certificates, the most urgent first; `list failing` for those that need somebody"},
	{"digest", "when this channel is to get its daily digest, and its alerts; `digest preview` shows it, `owners` who gets what"},
	{"doctor", "for admins: am I set up right, and what is to be done if not"},
	{"help", "this"},
}

var digestExamples = []example{
	{"digest", "opens its settings for this channel: when, which certificates, whether alerts come in between"},
	{"digest preview", "shows it to you now"},
	{"digest subscribe", "this channel gets it every day; `digest unsubscribe` ends that"},
	{"digest when", "when the next one comes"},
	{"digest alerts on", "this channel gets alerts between digests, too; `digest alerts off` ends that"},
}

func grammar(command string, list []example) slack.Block {
	var items []inlines
	for _, e := range list {
		items = append(items, join(literal(command+" "+e.Ask), text(" – "), spoken(e.Meaning)))
	}
	block := rich{}
	block.bullets(items...)
	return block.block()
}

// Help teaches what can be asked. Command is the slash command, with its slash.
func Help(command string) Message {
	var d draft
	d.add(header("Why does my certificate not renew?"))
	intro := rich{}
	intro.para(text("Name a domain. I find its ACM certificates, look at what ACM, DNS and the endpoint really say, and tell the true cause and the exact fix. I only read, unless you confirm a fix."))
	d.add(intro.block(), grammar(command, examples))
	more := rich{}
	more.para(text("Slash commands do not work in threads: there, mention me with a domain. On a message with domains in it, use "), bold("Why this certificate?"), text(" in its menu. Only you see the answer to a slash command, until you share it."))
	d.add(more.block(), header("Filters for lists"), small("Several narrow the list; of several of a kind any will do. A minus leaves out: "+code(command+" list failing -imported")), filters())
	return d.message("Ask why a certificate does not renew: " + code(command+" why shop.example.com") + ". In a thread, mention me with the domain.")
}

// Usage says what was wrong with a question, and shows how to ask. Problem is a
// sentence, with code spans in backquotes.
func Usage(command, problem string) Message {
	return teach(command, problem, "Ask like this:", examples, "why shop.example.com")
}

// teach says what was wrong, and shows how to ask; the last of it is for where
// there is room for one example alone.
func teach(command, problem, how string, list []example, one string) Message {
	var d draft
	block := rich{}
	block.para(text("❔ "), spoken(sentence(problem)))
	block.para(text(how))
	d.add(block.block(), grammar(command, list))
	return d.message("❔ " + mrkdwn(sentence(problem)) + " " + how + " " + code(command+" "+one))
}

// UnknownCommand teaches, where a word is not known.
func UnknownCommand(command, word string) Message {
	return Usage(command, notKnown(command, word, Commands))
}

// NothingAfter says that a command stands alone.
func NothingAfter(command, word string) Message {
	return Notice("`" + command + " " + word + "` takes nothing after it. `" + command + " why` and a domain asks about one.")
}

// UnknownDigestCommand teaches what can be said about digests. Rest is what
// stands after the word digest.
func UnknownDigestCommand(command, rest string) Message {
	word, more, _ := strings.Cut(rest, " ")
	problem := notKnown(command+" digest", word, DigestCommands)
	switch {
	case word == "alerts":
		problem = "`" + command + " digest alerts` takes `on` or `off` after it."
	case more != "" && slices.Contains(DigestCommands, word):
		problem = "`" + command + " digest " + word + "` takes nothing after it."
	}
	return teach(command, problem, "Of a digest I know:", digestExamples, "digest preview")
}

// notKnown says that a word is none of those that can stand there, and which of
// them is meant.
func notKnown(before, word string, known []string) string {
	s := "I do not know the command `" + before + " " + oneLine(word) + "`."
	if near := diagnose.Nearest(strings.ToLower(word), known); near != "" {
		s += " Did you mean `" + before + " " + near + "`?"
	}
	return s
}

// Greeting answers a greeting.
func Greeting() Message {
	return Notice("Hello. Name a domain, such as `shop.example.com`, and I tell why its certificate does not renew, and what fixes it. `help` tells the rest.")
}

// Welcome answers thanks.
func Welcome() Message { return Notice("Any time.") }

// NoDomain is the answer to a mention, a direct message or a message shortcut
// without anything to look up.
func NoDomain(command string) Message {
	return Usage(command, "There is no domain name, certificate ARN or id in that.")
}

// Picker asks which of several names to diagnose.
func Picker(names []string) Message {
	var d draft
	block := rich{}
	block.para(text("Which one?"))
	d.add(block.block())
	var buttons []*slack.ButtonBlockElement
	var long []string
	for _, n := range names {
		if fitLabel(n, "") == n && len(buttons) < mostActions {
			buttons = append(buttons, askButton(n, n))
		} else {
			long = append(long, n)
		}
	}
	numberButtons(buttons, 0)
	for i, n := range long {
		if i == mostActions {
			break
		}
		b := askButton("This one", n)
		numberButtons([]*slack.ButtonBlockElement{b}, mostActions+i)
		d.add(line(code(n), b))
	}
	d.add(actions(buttons...))
	var codes []string
	for _, n := range names {
		codes = append(codes, code(n))
	}
	return d.message("Which one: " + few(codes, 8) + "?")
}

// Notice is a short message: one text, with code spans in backquotes.
func Notice(s string) Message {
	block := rich{}
	block.para(spoken(s))
	var d draft
	d.add(block.block())
	return d.message(mrkdwn(s))
}
