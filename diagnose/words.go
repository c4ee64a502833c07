package diagnose

import (
	"fmt"
	"strings"
)

func upperFirst(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

func ofZone(zone string) string {
	if zone == "" {
		return ""
	}
	return " of " + code(zone)
}

func typesOf(records []RR) string {
	seen := map[string]bool{}
	for _, rr := range records {
		seen[rr.Type] = true
	}
	return Conjoin(sortedKeys(seen))
}

func presentValues(records []RR) string {
	var values []string
	for _, rr := range records {
		values = append(values, rr.Value)
	}
	return some(values)
}

func zonesIn(zones []HostedZone) string {
	var list []string
	for _, z := range zones {
		list = append(list, fmt.Sprintf("%s (%s, account %s)", code(z.Name), code(z.ID), code(z.Account)))
	}
	return Conjoin(list)
}

func holdVerb(list []string) string {
	if len(list) == 1 {
		return "holds"
	}
	return "hold"
}

// code marks text as a code span.
func code(s string) string {
	if s == "" {
		return "(nothing)"
	}
	return "`" + strings.ReplaceAll(s, "`", "'") + "`"
}

func codes(list []string) string {
	marked := make([]string, len(list))
	for i, s := range list {
		marked[i] = code(s)
	}
	return Conjoin(marked)
}

// some names a list's first few entries in code, and counts the rest.
func some(list []string) string {
	const few = 4
	if len(list) <= few+1 {
		return codes(list)
	}
	marked := make([]string, few)
	for i := range marked {
		marked[i] = code(list[i])
	}
	return fmt.Sprintf("%s and %d more", strings.Join(marked, ", "), len(list)-few)
}

// Conjoin lists words: "a", "a and b", "a, b and c".
func Conjoin(list []string) string {
	switch len(list) {
	case 0:
		return ""
	case 1:
		return list[0]
	default:
		return strings.Join(list[:len(list)-1], ", ") + " and " + list[len(list)-1]
	}
}

// Plural counts what a regular noun names: "1 name", "2 names".
func Plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
