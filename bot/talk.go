package bot

import (
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/acmbot/acmbot/diagnose"
)

// An intent is what somebody who writes a sentence wants.
type intent int

const (
	intentNone intent = iota
	intentHelp
	intentList
	intentGreeting
	intentThanks
)

// What people say besides asking: greetings and thanks are known by a word of
// theirs, where all other words are small ones. Those in colons are emoji.
var (
	greetings  = []string{"hi", "hello", "hey", "hiya", "hallo", "yo", "morning", "afternoon", "evening", "wave"}
	thanks     = []string{"thanks", "thank", "thx", "ty", "cheers", "ok", "okay", "great", "perfect", "nice", "cool", "awesome", "excellent", "+1", "thumbsup", "pray", "raised_hands", "tada", "ok_hand"}
	smallWords = []string{"there", "bot", "acmbot", "good", "day", "you", "so", "very", "much", "a", "lot", "that", "this", "it", "for", "the", "your", "help", "helped", "works", "worked", "now", "again", "job", "work", "all", "team"}
)

// pleasantry is what somebody says who says no more than that.
func pleasantry(words []string) intent {
	what := intentNone
	for _, w := range words {
		switch w = strings.ToLower(w); {
		case w == "help" && !slices.Contains(words, "for"): // not "thanks for your help"
			return intentHelp
		case slices.Contains(thanks, w):
			what = intentThanks
		case slices.Contains(greetings, w):
			what = max(what, intentGreeting)
		case !slices.Contains(smallWords, w):
			return intentNone
		}
	}
	return what
}

// listWords open a request for a list; filters among the other words narrow
// it.
var listWords = []string{"list", "show", "which", "what", "whats", "what's", "any", "anything"}

// meanings are words of sentences that stand for filters.
var meanings = map[string]string{
	"fail": "failing", "failed": "failing", "broken": "failing", "urgent": "failing", "wrong": "failing", "trouble": "failing", "problems": "failing",
	"waiting": "pending", "stuck": "pending", "expire": "expiring", "expires": "expiring", "ending": "expiring", "soon": "expiring",
}

// intentOf reads a sentence without names: nothing is understood beyond the
// words of lists and filters.
func intentOf(text string) (what intent, filter string) {
	words := strings.Fields(withoutMarkup(text))
	for i := range words {
		words[i] = strings.TrimFunc(words[i], func(r rune) bool { return unicode.IsPunct(r) && r != '-' && r != '*' || r == '`' })
	}
	words = slices.DeleteFunc(words, func(w string) bool { return w == "" })
	if len(words) == 0 || strings.EqualFold(words[0], "help") {
		return intentHelp, ""
	}
	if what := pleasantry(words); what != intentNone {
		return what, ""
	}
	asks := false
	var filters []string
	for _, w := range words {
		w = strings.ToLower(w)
		asks = asks || slices.Contains(listWords, w)
		if m := meanings[w]; m != "" {
			w = m
		}
		if diagnose.IsFilterWord(w) && !slices.Contains(filters, w) {
			filters = append(filters, w)
		}
	}
	if i := slices.Index(filters, "expiring"); i >= 0 {
		if days := daysIn(words); days != "" {
			filters[i] = "expiring:" + days + "d"
		}
	}
	if len(filters) > 0 && (asks || len(words) == len(filters)) {
		return intentList, strings.Join(filters, " ")
	}
	return intentNone, ""
}

// daysIn is the number of days that a sentence speaks of, such as 30 in "within
// 30 days" and 14 in "in two weeks"; "" if there is none.
func daysIn(words []string) string {
	units := map[string]int{"day": 1, "week": 7, "month": 31}
	for i, w := range words {
		w = strings.ToLower(w)
		unit, plural := units[strings.TrimSuffix(w, "s")], strings.HasSuffix(w, "s")
		if unit == 0 {
			continue
		}
		before := ""
		if i > 0 {
			before = strings.ToLower(words[i-1])
		}
		n, err := strconv.Atoi(before)
		if err != nil {
			n = slices.Index(numerals, before)
		}
		if n < 0 && !plural {
			n = 1 // "this week", "the next month"
		}
		if n > 0 && n <= 3650/unit {
			return strconv.Itoa(n * unit)
		}
	}
	return ""
}

var numerals = []string{"no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"}

// asksForList reports whether a text begins with "list", so that what follows is
// meant as a filter word by word: "list domain:example.com".
func asksForList(text string) bool {
	words := strings.Fields(text)
	for len(words) > 0 && strings.HasPrefix(words[0], "<@") {
		words = words[1:]
	}
	return len(words) > 0 && strings.EqualFold(words[0], "list")
}

// afterList is what follows the word "list", markup and all.
func afterList(text string) string {
	_, rest, _ := strings.Cut(text, ">")
	if !strings.HasPrefix(strings.TrimSpace(text), "<@") {
		rest = text
	}
	rest = strings.TrimSpace(rest)
	if len(rest) >= len("list") && strings.EqualFold(rest[:len("list")], "list") {
		rest = rest[len("list"):]
	}
	return strings.TrimSpace(rest)
}
