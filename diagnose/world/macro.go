package world

import (
	"fmt"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"github.com/acmbot/acmbot/diagnose"
	"github.com/acmbot/acmbot/diagnose/world/awsapi"
)

// home is the account that certificates are in where none is named, one of
// those that AWS's documentation uses.
const home = "111122223333"

// Record is the CNAME record that ACM asks an account to publish for a name.
func Record(account, name string) diagnose.Record {
	v := awsapi.ValidationRecord(account, name)
	return diagnose.Record{
		Name:  strings.TrimSuffix(v.RecordName, "."),
		Type:  "CNAME",
		Value: strings.TrimSuffix(v.RecordValue, "."),
	}
}

// redirect is the redirect that ACM asks for, for a name with HTTP validation.
func redirect(account, name string) diagnose.HTTPRedirect {
	record := Record(account, name)
	token, _, _ := strings.Cut(strings.TrimPrefix(record.Name, "_"), ".")
	secret, _, _ := strings.Cut(strings.TrimPrefix(record.Value, "_"), ".")
	return diagnose.HTTPRedirect{
		From: "http://" + name + "/.well-known/pki-validation/" + token + ".txt",
		To:   "https://" + validationHost + "/" + account + "/.well-known/pki-validation/" + secret + ".txt",
	}
}

// validationHost is where HTTP validation redirects to.
const validationHost = "validation.us-east-1.acm-validations.aws"

var macros = regexp.MustCompile(`@acm(\.[a-z]+)?\(\s*([^\s,()]+)\s*(?:,\s*(\d{12})\s*)?\)`)

// expand replaces the @acm macros. It adds no lines, except for names that
// count.
func expand(text string) (string, error) {
	var wrong error
	text = macros.ReplaceAllStringFunc(text, func(call string) string {
		m := macros.FindStringSubmatch(call)
		part, account := m[1], m[3]
		if account == "" {
			account = home
		}
		if part == "" {
			var lines []string
			for _, name := range count(m[2]) {
				r := Record(account, name)
				lines = append(lines, fmt.Sprintf("%s. CNAME %s.", r.Name, r.Value))
			}
			return strings.Join(lines, "\n")
		}
		name := m[2]
		r := Record(account, name)
		switch part {
		case ".name":
			return r.Name
		case ".value":
			return r.Value
		case ".token":
			token, _, _ := strings.Cut(strings.TrimPrefix(r.Name, "_"), ".")
			return token
		case ".target":
			return strings.TrimPrefix(r.Value, "_")
		case ".from":
			return redirect(account, name).From
		case ".to":
			return redirect(account, name).To
		case ".path":
			from, err := url.Parse(redirect(account, name).From)
			if err != nil {
				wrong = fmt.Errorf("making the path of %s: %w", call, err)
				return call
			}
			return from.Path
		}
		wrong = fmt.Errorf("there is no @acm%s", part)
		return call
	})
	return text, wrong
}

var counting = regexp.MustCompile(`\{(\d+)\.\.(\d+)\}`)

// count returns the names that a counting name such as "t{01..12}.example.com"
// stands for.
func count(name string) []string {
	m := counting.FindStringSubmatchIndex(name)
	if m == nil {
		return []string{name}
	}
	first, last := name[m[2]:m[3]], name[m[4]:m[5]]
	from, errFrom := strconv.Atoi(first)
	to, errTo := strconv.Atoi(last)
	if errFrom != nil || errTo != nil {
		return []string{name}
	}
	var names []string
	for i := from; i <= to; i++ {
		names = append(names, fmt.Sprintf("%s%0*d%s", name[:m[0]], len(first), i, name[m[1]:]))
	}
	return names
}

// countLines repeats the lines of a zone that count.
func countLines(text string) string {
	var lines []string
	for line := range strings.SplitSeq(text, "\n") {
		lines = append(lines, count(line)...)
	}
	return strings.Join(lines, "\n")
}
