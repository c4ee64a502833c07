package view

import (
	"encoding/json"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/slack-go/slack"

	"github.com/acmbot/acmbot/diagnose"
)

// The ids of the modal that asks about which certificate. ActionChoose is its
// typeahead.
const (
	CallbackAsk  = "acm_ask_view"
	ActionChoose = "acm_choose"
	ActionTyped  = "acm_typed"
	BlockChoose  = "acm_choose_block"
	BlockTyped   = "acm_typed_block"
	ActionOpen   = "acm_open_ask" // opens the modal
)

// An AskState is what the modal remembers: where the answer goes.
type AskState struct {
	Channel string `json:"c,omitempty"`
	// Hook is the slash command's response URL.
	Hook string `json:"h,omitempty"`
}

// Encode returns the state as a view's private metadata.
func (s AskState) Encode() string {
	b, err := json.Marshal(s)
	if err != nil || len(b) > mostMetadata {
		return ""
	}
	return string(b)
}

// ParseAskState reads a view's private metadata; nothing where it cannot.
func ParseAskState(metadata string) AskState {
	var s AskState
	if json.Unmarshal([]byte(metadata), &s) != nil {
		return AskState{}
	}
	return s
}

// An AskModal is what the modal says of the certificates to choose from.
type AskModal struct {
	State AskState
	// Listed says that there is a list of certificates at all, Ready that it
	// has been read, Total how many there are, and At when it was read.
	Listed, Ready bool
	Total         int
	At            time.Time
	Unread        int // places that could not be read
}

// Ask is the modal that asks about which certificate: one to choose, or
// anything typed.
func Ask(m AskModal) slack.ModalViewRequest {
	var blocks []slack.Block
	if m.Listed {
		menu := slack.NewOptionsSelectBlockElement(slack.OptTypeExternal, plainText("Type a part of its name"), ActionChoose)
		none := 0
		menu.MinQueryLength = &none
		hint := "The most urgent come first. An account, a region or a part of the ARN finds it too."
		input := slack.NewInputBlock(BlockChoose, plainText("Certificate"), plainText(hint), menu)
		input.Optional = true
		blocks = append(blocks, input)
		switch {
		case !m.Ready:
			blocks = append(blocks, small("⏳ The list of certificates is being read. A name can be typed below at once."))
		default:
			s := diagnose.Plural(m.Total, "certificate") + ", as of " + moment(m.At)
			if m.Unread > 0 {
				s += fmt.Sprintf(". ⚠️ %s could not be read: the App Home says why", diagnose.Plural(m.Unread, "place"))
			}
			blocks = append(blocks, small(s))
		}
	}
	typed := slack.NewPlainTextInputBlockElement(plainText("shop.example.com"), ActionTyped)
	typed.MaxLength = 2000
	label := "Or any domain, URL, ARN or console link"
	if !m.Listed {
		label = "Domain, URL, ARN or console link"
	}
	input := slack.NewInputBlock(BlockTyped, plainText(label), nil, typed)
	input.Optional = m.Listed
	blocks = append(blocks, input)
	return slack.ModalViewRequest{
		Type: slack.VTModal, CallbackID: CallbackAsk, PrivateMetadata: m.State.Encode(),
		Title: plainText("Why not renewed?"), Submit: plainText("Diagnose"), Close: plainText("Cancel"),
		Blocks: slack.Blocks{BlockSet: blocks},
	}
}

// mostOption is how many characters a menu's option, its description and its
// value hold each, and mostOptions how many options and groups there can be.
const (
	mostOption  = 75
	mostOptions = 100
	// mostSuggestion keeps an acknowledgement under the 20 KiB that a Socket
	// Mode frame may have.
	mostSuggestion = 15 << 10
)

// Suggestions are certificates as a menu's options, grouped by urgency, in the
// order in which they come within each group. Those that do not fit are left
// out. Value gives an option's value, at most 75 characters, "" to skip it.
func Suggestions(list []diagnose.Listed, at time.Time, value func(*diagnose.Listed) string) []*slack.OptionGroupBlockObject {
	byUrgency := map[diagnose.Urgency][]*slack.OptionBlockObject{}
	used, n := 0, 0
	for i := range list {
		l := &list[i]
		v := value(l)
		if v == "" || len(v) > mostOption {
			continue
		}
		where := listedWords(l, at)
		if place := placeWords(l.CertificateRef); place != "" {
			where += " – " + place
		}
		option := slack.NewOptionBlockObject(v, plainText(shorten(nameOf(l.CertificateRef), mostOption)), plainText(shorten(where, mostOption)))
		raw, err := json.Marshal(option)
		if err != nil || n == mostOptions || used+len(raw)+1 > mostSuggestion {
			break
		}
		n++
		used += len(raw) + 1
		u := l.Urgency(at)
		byUrgency[u] = append(byUrgency[u], option)
	}
	groups := []*slack.OptionGroupBlockObject{}
	for _, u := range diagnose.Urgencies {
		if options := byUrgency[u]; len(options) > 0 {
			groups = append(groups, slack.NewOptionGroupBlockElement(plainText(u.String()), options...))
		}
	}
	return groups
}

func placeWords(ref diagnose.CertificateRef) string {
	switch {
	case ref.Account == "":
		return ref.Region
	case ref.Region == "":
		return ref.Account
	default:
		return ref.Account + " " + ref.Region
	}
}

// shorten leaves out the middle of a text that is too long: a name's beginning
// and its domain tell most.
func shorten(s string, n int) string {
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	r := []rune(s)
	front := (n - 1) / 2
	return string(r[:front]) + "…" + string(r[len(r)-(n-1-front):])
}
