package view

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"github.com/acmbot/acmbot/diagnose"
)

// ActionList shows another page of a list, in its place.
const ActionList = "acm_list"

// rowsPerPage is how many certificates a page of a list has.
const rowsPerPage = 10

// A ListState is what the buttons under a list carry.
type ListState struct {
	Filter string // as diagnose.Filter writes it
	Page   int    // from 0
}

type wireList struct {
	Version int    `json:"v"`
	Filter  string `json:"f"`
	Page    int    `json:"p"`
}

// Encode returns the state as a button's value. A filter that does not fit
// gives "", for which there is no button.
func (s ListState) Encode() string {
	b, err := json.Marshal(wireList{stateVersion, s.Filter, s.Page})
	if err != nil || len(b) > mostValue {
		return ""
	}
	return string(b)
}

// ParseListState reads a button's value. Its error is ErrStale.
func ParseListState(value string) (ListState, error) {
	var w wireList
	if err := json.Unmarshal([]byte(value), &w); err != nil || w.Version != stateVersion || w.Filter == "" {
		return ListState{}, ErrStale
	}
	return ListState{w.Filter, max(w.Page, 0)}, nil
}

// A Listing is what a list shows: the certificates that the filter leaves, the
// most urgent first.
type Listing struct {
	Command      string
	Filter       diagnose.Filter
	Certificates []diagnose.Listed
	// At is when they were listed; Total is how many there are without the
	// filter.
	At     time.Time
	Total  int
	Scope  diagnose.Scope
	Causes Causes
	Page   int
}

// List is one page of a list of certificates.
func List(l Listing) Message {
	pages := max((len(l.Certificates)+rowsPerPage-1)/rowsPerPage, 1)
	page := min(max(l.Page, 0), pages-1)
	shown := l.Certificates[page*rowsPerPage:]
	shown = shown[:min(len(shown), rowsPerPage)]
	filter := l.Filter.String()

	var d draft
	title := fmt.Sprintf("%s of %d", diagnose.Plural(len(l.Certificates), "certificate"), l.Total)
	if len(l.Certificates) == l.Total {
		title = diagnose.Plural(l.Total, "certificate")
	}
	d.add(header(title), small("Filter: "+code(filter), "As of "+moment(l.At)))
	var words []string
	if len(l.Certificates) > 0 {
		words = counts(l.Certificates, l.At)
		d.add(small(strings.Join(words, "  ·  ")))
	}
	for i := range shown {
		d.add(listedRow(&shown[i], l.At, l.Causes.of(shown[i].ARN), i))
	}
	if len(shown) == 0 {
		empty := rich{}
		if l.Total == 0 {
			empty.para(text(noneListed(l.Scope)))
		} else {
			empty.para(text("No certificate is like that. "), literal(l.Command+" list"), text(" shows all "+diagnose.Plural(l.Total, "certificate")+"; "), literal(l.Command+" help"), text(" tells the filters."))
		}
		d.add(empty.block())
	}
	d.add(listUnread(l.Scope.Unreadable))

	var buttons []*slack.ButtonBlockElement
	turn := func(to int, label string) {
		if value := (ListState{filter, to}).Encode(); value != "" && to >= 0 && to < pages {
			buttons = append(buttons, button(ActionList, label, fmt.Sprintf("Show page %d of %d", to+1, pages), value))
		}
	}
	turn(page-1, "← Previous")
	turn(page+1, "Next →")
	numberButtons(buttons, 0)
	if pages > 1 {
		d.end(small(fmt.Sprintf("Page %d of %d", page+1, pages)))
	}
	d.end(actions(buttons...))

	first := title + " for " + code(filter)
	if len(words) > 0 {
		first += ": " + strings.Join(words, ", ")
	}
	lines := []string{first + "."}
	for i := range shown {
		lines = append(lines, strings.ReplaceAll(listedLine(&shown[i], l.At, ""), "\n", ", "))
	}
	if n := len(l.Scope.Unreadable); n > 0 {
		lines = append(lines, diagnose.Plural(n, "place")+" could not be read.")
	}
	return d.message(strings.Join(lines, "\n"))
}

// listUnread says what is missing from a list.
func listUnread(list []diagnose.Unseen) slack.Block {
	if len(list) == 0 {
		return nil
	}
	var items []inlines
	for i, u := range list {
		if i == shownUnseen && len(list) > shownUnseen+1 {
			items = append(items, text(fmt.Sprintf("and %d more", len(list)-i)))
			break
		}
		items = append(items, unseenLine(u))
	}
	block := rich{}
	block.para(bold("Could not be read"))
	block.bullets(items...)
	return block.block()
}

// BadFilter says what is wrong with a filter, and teaches those that there are.
// Problem is a sentence, with code spans in backquotes.
func BadFilter(command, problem string) Message {
	var d draft
	block := rich{}
	block.para(text("❔ "), spoken(sentence(problem)))
	block.para(text("A list can be filtered by these; several narrow it, and a minus leaves out:"))
	d.add(block.block(), filters())
	return d.message("❔ " + mrkdwn(sentence(problem)) + " " + code(command+" list failing") + " lists what needs somebody; " + code(command+" help") + " tells the other filters.")
}

func filters() slack.Block {
	var items []inlines
	for _, w := range diagnose.FilterWords() {
		items = append(items, join(literal(w.Word), text(" – "), spoken(w.Meaning)))
	}
	block := rich{}
	block.bullets(items...)
	return block.block()
}

// NoEstate says that lists are not set up.
func NoEstate(command string) Message {
	return Notice("I cannot list certificates here. Ask about one of them: `" + command + " why` and a domain.")
}

// noneListed says why a list is empty: that there is nothing only where
// something was looked at.
func noneListed(s diagnose.Scope) string {
	if len(s.Places) == 0 {
		return lookedIn(s)
	}
	return "There is no certificate where I can look. " + lookedIn(s)
}
