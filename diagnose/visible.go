package diagnose

import (
	"fmt"
	"strings"
	"unicode"
)

// Visible is a text in one line in which nothing is obeyed rather than shown, as
// what servers and people write has to be before anybody sees it: line breaks
// and tabs become spaces; control characters, bidirectional overrides and other
// invisible format characters are written as escapes, and so is what ends a line
// or a paragraph elsewhere. The two joiners of scripts and emoji stay: they are
// letters of names ("The Unicode Code Points and Internationalized Domain Names
// for Applications (IDNA)", RFC 5892, appendix A).
func Visible(s string) string {
	if !strings.ContainsFunc(s, obeyed) && !strings.ContainsRune(s, '\ufffd') {
		return s
	}
	var b strings.Builder
	for _, r := range strings.ToValidUTF8(s, "\ufffd") {
		switch {
		case !obeyed(r):
			b.WriteRune(r)
		case r == '\n' || r == '\t':
			b.WriteByte(' ')
		case r < 0x100 && unicode.IsControl(r):
			fmt.Fprintf(&b, `\x%02x`, r)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
}

// obeyed reports whether a character does something to those beside it, or to
// where they stand.
func obeyed(r rune) bool {
	const nonJoiner, joiner = '\u200c', '\u200d'
	switch {
	case r == nonJoiner, r == joiner:
		return false
	case unicode.IsControl(r):
		return true
	}
	return unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp)
}
