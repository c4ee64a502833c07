package bot

import (
	"slices"
	"strings"
	"unicode"

	"github.com/acmbot/acmbot/diagnose"
)

// matching are the certificates that a typed text finds, the best matches
// first, and in their own order where they match alike. Every word of the text
// must be found. Those who may not see account ids do not find by them either:
// digit by digit that would tell them.
func matching(list []diagnose.Listed, typed string, accounts bool) []diagnose.Listed {
	words := strings.FieldsFunc(strings.ToLower(typed), func(r rune) bool { return unicode.IsSpace(r) || r == ',' })
	if len(words) == 0 {
		return list
	}
	type hit struct {
		at    int
		score int
	}
	var hits []hit
	for i := range list {
		total := 0
		for _, w := range words {
			l := list[i]
			if !accounts {
				l = withoutAccount(l)
			}
			s := score(&l, w)
			if s == 0 {
				total = 0
				break
			}
			total += s
		}
		if total > 0 {
			hits = append(hits, hit{i, total})
		}
	}
	slices.SortStableFunc(hits, func(a, b hit) int { return b.score - a.score })
	found := make([]diagnose.Listed, 0, len(hits))
	for _, h := range hits {
		found = append(found, list[h.at])
	}
	return found
}

// withoutAccount is a certificate that cannot be found by its account.
func withoutAccount(l diagnose.Listed) diagnose.Listed {
	l.Account, l.ARN = "", idOf(l.ARN)
	return l
}

// The scores of one word, the best first. Where it is found matters more than
// how long the name is.
const (
	scoreWhole  = 100 // it is the name
	scoreFront  = 80  // the name begins with it
	scoreLabel  = 60  // a label begins with it
	scoreInside = 40
	scoreOther  = 30 // in the account, the region or the id
	scoreSpread = 10 // its letters are there, in order
	scoreTypo   = 5  // one slip of the keys away from a label's beginning
)

// score is how well a lower-case word fits a certificate, 0 for not at all.
func score(l *diagnose.Listed, word string) int {
	best := 0
	for _, name := range append([]string{l.DomainName}, l.Names...) {
		best = max(best, scoreName(name, word))
	}
	if best < scoreOther && (strings.HasPrefix(l.Account, word) || strings.HasPrefix(l.Region, word) || strings.Contains(strings.ToLower(l.ARN), word)) {
		best = scoreOther
	}
	return best
}

func scoreName(name, word string) int {
	bare := strings.TrimPrefix(name, "*.")
	switch i := strings.Index(name, word); {
	case name == word || bare == word:
		return scoreWhole
	case strings.HasPrefix(bare, word) || i == 0:
		return scoreFront
	case i > 0 && strings.ContainsRune(".-", rune(name[i-1])), i > 0 && strings.Contains(name, "."+word):
		return scoreLabel
	case i > 0:
		return scoreInside
	}
	if len(word) >= 3 && spread(bare, word) {
		return scoreSpread
	}
	if len(word) >= 4 {
		for label := range strings.FieldsFuncSeq(bare, func(r rune) bool { return r == '.' || r == '-' }) {
			if slipped(label, word) {
				return scoreTypo
			}
		}
	}
	return 0
}

// spread reports whether the letters of a word come in a name in their order,
// within not much more room than they need.
func spread(name, word string) bool {
	first, at := -1, 0
	for i := range len(word) {
		n := strings.IndexByte(name[at:], word[i])
		if n < 0 {
			return false
		}
		if first < 0 {
			first = at + n
		}
		at += n + 1
	}
	return at-first <= 2*len(word)+2
}

// slipped reports whether a word is a label's beginning but for one letter:
// another one, one too many, one too few, or two in the wrong order.
func slipped(label, word string) bool {
	n := 0
	for n < len(word) && n < len(label) && word[n] == label[n] {
		n++
	}
	w, l := word[n:], label[n:]
	if w == "" || l == "" {
		return len(w) <= 1
	}
	if strings.HasPrefix(l, w[1:]) || strings.HasPrefix(l[1:], w) || strings.HasPrefix(l[1:], w[1:]) {
		return true
	}
	return len(w) >= 2 && len(l) >= 2 && w[0] == l[1] && w[1] == l[0] && strings.HasPrefix(l[2:], w[2:])
}
