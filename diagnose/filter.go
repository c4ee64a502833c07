package diagnose

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// A Filter says which certificates of a listing are wanted. Its zero value
// wants all.
type Filter struct {
	terms []term
}

// A term is one word of a filter. Of terms of one key any may hold; of every
// key one must.
type term struct {
	word  string // as it is written back
	key   string
	not   bool
	tags  bool // it needs the tags
	match func(l *Listed, at time.Time) bool
}

// A FilterWord is one kind of word that a filter may hold, to teach it.
type FilterWord struct {
	Word, Meaning string
}

// defaultExpiring is what "expiring" means without a number.
const defaultExpiring = 45

// maxFilterWords keeps a filter in a button's value.
const maxFilterWords = 12

var stateWords = []struct {
	FilterWord
	match func(l *Listed, at time.Time) bool
}{
	{FilterWord{"failing", "down, waiting for somebody, or about to end and not renewed"}, func(l *Listed, at time.Time) bool { return l.Urgency(at) <= UrgencyEnding }},
	{FilterWord{"pending", "a renewal or a first issuance that waits for validation"}, func(l *Listed, at time.Time) bool {
		u := l.Urgency(at)
		return u == UrgencyWaiting || u == UrgencyIssuing
	}},
	{FilterWord{"renewing", "ACM is at it by itself"}, func(l *Listed, at time.Time) bool { return l.State(at) == StateInRenewal }},
	{FilterWord{"expired", "past their end"}, func(l *Listed, at time.Time) bool { return l.State(at) == StateExpired }},
	{FilterWord{"healthy", "nothing to do"}, func(l *Listed, at time.Time) bool { return l.Urgency(at) == UrgencyOK }},
	{FilterWord{"unused", "no AWS service uses them"}, func(l *Listed, _ time.Time) bool { return !l.InUse }},
	{FilterWord{"used", "an AWS service uses them"}, func(l *Listed, _ time.Time) bool { return l.InUse }},
	{FilterWord{"imported", "issued elsewhere and imported"}, func(l *Listed, _ time.Time) bool { return l.Type == TypeImported }},
	{FilterWord{"private", "issued by a private CA"}, func(l *Listed, _ time.Time) bool { return l.Type == TypePrivate }},
	{FilterWord{"email", "validated by e-mail"}, func(l *Listed, _ time.Time) bool { return l.ValidationMethod == MethodEmail }},
}

// FilterWords are the words that a filter may hold, in the order to teach them.
func FilterWords() []FilterWord {
	list := []FilterWord{{"all", "every certificate"}}
	for _, w := range stateWords {
		list = append(list, w.FilterWord)
	}
	return append(list,
		FilterWord{"expiring:30d", "that end within so many days; `expiring` alone is " + strconv.Itoa(defaultExpiring) + " days"},
		FilterWord{"account:111122223333", "in an account; the number's beginning will do"},
		FilterWord{"region:eu-west-1", "in a region; its beginning will do"},
		FilterWord{"tag:team=shop", "with a tag; `tag:team` alone takes any value"},
		FilterWord{"domain:example.com", "with this in one of their names; without `domain:` too"},
	)
}

// stateKey groups the words of which any may hold.
func stateKey(word string) string {
	switch word {
	case "used", "unused":
		return "use"
	case "imported", "private":
		return "type"
	case "email":
		return "method"
	}
	return "state"
}

// ParseFilter reads a filter: words of FilterWords, separated by spaces, each
// of which may have a minus before it. Its error is a *UsageError.
func ParseFilter(text string) (Filter, error) {
	text = strings.TrimSpace(text)
	bad := func(format string, args ...any) (Filter, error) {
		return Filter{}, &UsageError{Text: text, Problem: fmt.Sprintf(format, args...)}
	}
	words := strings.Fields(unescapeFilter(text))
	if len(words) > maxFilterWords {
		return bad("A filter holds at most %d words.", maxFilterWords)
	}
	var f Filter
	for _, word := range words {
		t, problem := parseTerm(word)
		if problem != "" {
			return bad("%s", problem)
		}
		if t.match != nil {
			f.terms = append(f.terms, t)
		}
	}
	return f, nil
}

// unescapeFilter undoes what Slack makes of text that people type: entities,
// and links for domain names.
func unescapeFilter(s string) string {
	var b strings.Builder
	for s != "" {
		before, rest, ok := strings.Cut(s, "<")
		b.WriteString(before)
		link, after, closed := strings.Cut(rest, ">")
		if !ok || !closed {
			b.WriteString(s[len(before):])
			break
		}
		target, label, labelled := strings.Cut(link, "|")
		if labelled {
			target = label
		}
		b.WriteString(target)
		s = after
	}
	return strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&", "“", "", "”", "", "\"", "", "`", "").Replace(b.String())
}

func parseTerm(given string) (t term, problem string) {
	word := strings.TrimFunc(given, func(r rune) bool { return unicode.IsControl(r) || strings.ContainsRune(",;", r) })
	if rest, ok := strings.CutPrefix(word, "-"); ok {
		t.not, word = true, rest
	}
	key, value, hasValue := strings.Cut(word, ":")
	key = strings.ToLower(key)
	shown := strings.ReplaceAll(strings.ToValidUTF8(given, "?"), "`", "'")
	// Neither names nor tags hold these, and written back they would read
	// differently ("Best practices and strategies", Tagging AWS Resources,
	// https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html).
	if strings.ContainsAny(word, "<>&|") || !utf8.ValidString(word) || strings.ContainsFunc(word, unicode.IsControl) {
		return term{}, fmt.Sprintf("`%s` has a character in it that no name and no tag has.", shown)
	}
	if hasValue && value == "" {
		return term{}, fmt.Sprintf("`%s` lacks what comes after the colon.", shown)
	}
	set := func(canonical, key string, match func(*Listed, time.Time) bool) (term, string) {
		t.word, t.key, t.match = canonical, key, match
		if t.not {
			// Exclusions all hold, each for itself.
			t.word, t.key = "-"+canonical, "-"+canonical
			t.match = func(l *Listed, at time.Time) bool { return !match(l, at) }
		}
		return t, ""
	}
	if !hasValue {
		if key == "" {
			return term{}, "There is a minus without a word after it."
		}
		if key == "all" {
			return term{}, ""
		}
		for _, w := range stateWords {
			if key == w.Word {
				return set(w.Word, stateKey(w.Word), w.match)
			}
		}
		if key == "expiring" { // the number is written back, so that people see what it is
			return set(key+":"+strconv.Itoa(defaultExpiring)+"d", key, expiring(defaultExpiring))
		}
		if strings.Contains(key, ".") {
			return domainTerm(key, set)
		}
		if near := Nearest(key, filterKeys()); near != "" {
			return term{}, fmt.Sprintf("I do not know the filter `%s`. Did you mean `%s`?", shown, near)
		}
		return term{}, fmt.Sprintf("I do not know the filter `%s`.", shown)
	}
	switch key {
	case "expiring":
		days, err := strconv.Atoi(strings.TrimSuffix(strings.ToLower(value), "d"))
		if err != nil || days < 1 || days > 3650 {
			return term{}, fmt.Sprintf("`%s` is not a number of days; write `expiring:30d`.", shown)
		}
		return set("expiring:"+strconv.Itoa(days)+"d", key, expiring(days))
	case "account":
		if len(value) > 12 || strings.Trim(value, "0123456789") != "" {
			return term{}, fmt.Sprintf("`%s` is not an account's number, which has twelve digits; its beginning will do.", shown)
		}
		return set("account:"+value, key, func(l *Listed, _ time.Time) bool { return strings.HasPrefix(l.Account, value) })
	case "region":
		value = strings.ToLower(value)
		if strings.Trim(value, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" || len(value) > 32 {
			return term{}, fmt.Sprintf("`%s` is not a region's code, such as `eu-west-1`.", shown)
		}
		return set("region:"+value, key, func(l *Listed, _ time.Time) bool { return strings.HasPrefix(l.Region, value) })
	case "tag":
		// A tag's key has at most 128 characters, its value 256.
		name, want, valued := strings.Cut(value, "=")
		if name == "" || len(value) > 400 {
			return term{}, fmt.Sprintf("`%s` is not a tag; write `tag:team=shop`, or `tag:team` for any value.", shown)
		}
		t.tags = true
		return set("tag:"+value, "tag:"+strings.ToLower(name), func(l *Listed, _ time.Time) bool {
			for k, v := range l.Tags {
				if strings.EqualFold(k, name) && (!valued || strings.EqualFold(v, want)) {
					return true
				}
			}
			return false
		})
	case "domain":
		return domainTerm(value, set)
	case "http", "https": // a pasted URL
		if q, err := ParseQuery(word); err == nil && q.Domain != "" {
			return domainTerm(q.Domain, set)
		}
	}
	return term{}, fmt.Sprintf("I do not know the filter `%s`.", shown)
}

func domainTerm(value string, set func(string, string, func(*Listed, time.Time) bool) (term, string)) (term, string) {
	value = strings.ToLower(strings.TrimRight(value, "."))
	if strings.ContainsFunc(value, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("-._*", r)
	}) {
		return term{}, fmt.Sprintf("`%s` is not a part of a domain name.", value)
	}
	part := value
	if a, err := nameProfile.ToASCII(strings.TrimPrefix(value, "*.")); err == nil && a != "" && !strings.HasPrefix(value, "*.") {
		part = strings.ToLower(a)
	}
	if len(part) > 253 || part == "" {
		return term{}, "That is not a part of a domain name."
	}
	return set("domain:"+value, "domain", func(l *Listed, _ time.Time) bool {
		return strings.Contains(l.DomainName, part) ||
			slices.ContainsFunc(l.Names, func(n string) bool { return strings.Contains(n, part) })
	})
}

func expiring(days int) func(*Listed, time.Time) bool {
	return func(l *Listed, at time.Time) bool {
		return !l.NotAfter.IsZero() && l.NotAfter.After(at) && l.NotAfter.Sub(at) <= time.Duration(days)*24*time.Hour &&
			l.Status != StatusRevoked
	}
}

// filterKeys are the words of filters, without what comes after a colon.
func filterKeys() []string {
	var list []string
	for _, w := range FilterWords() {
		word, _, _ := strings.Cut(w.Word, ":")
		list = append(list, word)
	}
	return list
}

// Nearest is the word that a mistyped one is meant to be, "" for none of them.
func Nearest(typed string, words []string) string {
	best, least := "", 3
	for _, word := range words {
		if d := EditDistance(typed, word); d < least && d < len(word)/2 {
			best, least = word, d
		}
	}
	return best
}

// EditDistance is how many bytes have to be put in, taken out, changed, or
// swapped with the next one, to make one of two words of the other; none of
// them twice ("optimal string alignment").
func EditDistance(a, b string) int {
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before, last, row = last, row, before
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			row[j+1] = min(last[j]+cost, row[j]+1, last[j+1]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
	}
	return row[len(b)]
}

// String is the filter as it is typed; "all" where it wants all.
func (f Filter) String() string {
	var words []string
	for _, t := range f.terms {
		words = append(words, t.word)
	}
	return cmp.Or(strings.Join(words, " "), "all")
}

// NeedsTags reports whether the filter asks for tags, which a listing may lack.
func (f Filter) NeedsTags() bool {
	return slices.ContainsFunc(f.terms, func(t term) bool { return t.tags })
}

// Match reports whether a certificate is wanted, as of a time.
func (f Filter) Match(l *Listed, at time.Time) bool { return f.match(l, at, true) }

// MatchButTags is Match as if what the filter says of tags held.
func (f Filter) MatchButTags(l *Listed, at time.Time) bool { return f.match(l, at, false) }

func (f Filter) match(l *Listed, at time.Time, tags bool) bool {
	held := map[string]bool{}
	for _, t := range f.terms {
		held[t.key] = held[t.key] || t.tags && !tags || t.match(l, at)
	}
	for _, ok := range held {
		if !ok {
			return false
		}
	}
	return true
}

// IsFilterWord reports whether a word can only be meant as a filter's: one of
// the fixed words, or a key and a value.
func IsFilterWord(word string) bool {
	word = strings.ToLower(strings.Trim(word, ",;?!"))
	t, problem := parseTerm(word)
	return problem == "" && (word == "all" || t.match != nil && t.key != "domain")
}
