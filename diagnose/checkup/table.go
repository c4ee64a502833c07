package checkup

import (
	"fmt"
	"strings"
	"unicode"
)

// Table is the report for a terminal of so many columns: one line for each
// check, and more where something is to be done. The permissions of a place
// that work are in one line together.
func (r *Report) Table(width int) string {
	var b strings.Builder
	area, place := "", ""
	checks := together(r.Checks)
	for n := range checks {
		c := &checks[n]
		if c.Area != area {
			if area != "" {
				b.WriteByte('\n')
			}
			fmt.Fprintf(&b, "%s\n", c.Area)
			area, place = c.Area, ""
		}
		if here := c.Place(); here != place {
			fmt.Fprintf(&b, "  %s\n", here)
			place = here
		}
		if c.State != OK || !c.Permission() {
			row(&b, c, width)
		}
		if n+1 == len(checks) || checks[n+1].Place() != place || checks[n+1].Area != area {
			if works, all := r.Works(c); all > 0 {
				sum := Check{State: OK, What: "permissions", Detail: fmt.Sprintf("%d of %d work", works, all)}
				if works < all {
					sum.State = Skipped // what does not is above, and tells the state
				}
				row(&b, &sum, width)
			}
		}
	}
	fmt.Fprintf(&b, "\n%s\n", r.Counts())
	return b.String()
}

// together makes one check of permissions in one place that fail alike.
func together(list []Check) []Check {
	var merged []Check
	for _, c := range list {
		if len(merged) > 0 && c.State != OK && c.Permission() {
			last := &merged[len(merged)-1]
			if last.Permission() && last.State == c.State && last.Area == c.Area && last.Place() == c.Place() && last.Detail == c.Detail && last.Fix == c.Fix {
				last.What += ", " + c.What
				last.Purpose = ""
				continue
			}
		}
		merged = append(merged, c)
	}
	return merged
}

// Counts is how many checks ended how, in words.
func (r *Report) Counts() string {
	return fmt.Sprintf("%d ok, %d to improve, %d failing, %d not checked", r.Count(OK), r.Count(Warning), r.Count(Failed), r.Count(Skipped))
}

// whatWidth is how wide the column of the checks' names is.
const whatWidth = 26

func row(b *strings.Builder, c *Check, width int) {
	state := map[State]string{OK: "ok", Warning: "WARN", Failed: "FAIL", Skipped: "-"}[c.State]
	if c.Fix == "" || c.State == OK {
		indent := strings.Repeat(" ", 2+4+2+whatWidth+2)
		b.WriteString(wrapped(fmt.Sprintf("  %-4s  %-*s  ", state, whatWidth, visible(c.What)), indent, visible(c.Detail), width))
		return
	}
	const indent = "        "
	what := visible(c.What)
	if c.Purpose != "" {
		what += ", for " + visible(c.Purpose)
	}
	b.WriteString(wrapped(fmt.Sprintf("  %-4s  ", state), indent, what, width))
	b.WriteString(wrapped(indent, indent, visible(c.Detail), width))
	b.WriteString(wrapped(indent+"→ ", indent+"  ", visible(c.Fix), width))
}

// wrapped breaks text between words so that lines stay within the width, where
// there is room for any.
func wrapped(lead, indent, text string, width int) string {
	var b strings.Builder
	line := lead
	empty := true
	for word := range strings.FieldsSeq(text) {
		if !empty && len([]rune(line))+1+len([]rune(word)) > width {
			b.WriteString(strings.TrimRight(line, " ") + "\n")
			line, empty = indent, true
		}
		if !empty {
			line += " "
		}
		line += word
		empty = false
	}
	b.WriteString(strings.TrimRight(line, " ") + "\n")
	return b.String()
}

// visible takes out what a terminal would obey: names and the like come from
// others.
func visible(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) {
			return ' '
		}
		return r
	}, s)
}
