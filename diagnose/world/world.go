package world

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/tools/txtar"
	"gopkg.in/yaml.v3"
)

// A World is a description, read and checked. It is not changed by running it.
type World struct {
	// Name is the file's.
	Name string
	// Title is the first sentence of the text at the head of the file, Story
	// the whole.
	Title string
	Story string

	Certificates []*Certificate
	Endpoints    []*Endpoint
	Resolvers    []*Resolver
	Accounts     []*Account
	Authorities  []*Authority

	zones        []*zone
	servers      map[string]*serverFaults
	expectations []Expectation
}

// A sectionError says where in a file something is wrong.
type sectionError struct {
	file    string
	line    int // of the file, from 1; 0 where it is not known
	section string
	err     error
}

func (e *sectionError) Error() string {
	where := e.file
	if e.line > 0 {
		where += ":" + strconv.Itoa(e.line)
	}
	if e.section != "" {
		where += ": " + e.section
	}
	return where + ": " + e.err.Error()
}

func (e *sectionError) Unwrap() error { return e.err }

// Parse reads a world. Errors name the file, the line and the section.
func Parse(name string, data []byte) (*World, error) {
	archive := txtar.Parse(data)
	w := &World{Name: strings.TrimSuffix(name, ".txtar"), servers: map[string]*serverFaults{}}
	w.Story = strings.TrimSpace(string(archive.Comment))
	w.Title, _, _ = strings.Cut(strings.ReplaceAll(w.Story, "\n", " ")+" ", ". ")
	w.Title = strings.TrimSuffix(strings.TrimSpace(w.Title), ".")

	lines := sectionLines(data)
	read := map[string]int{}
	for i, file := range archive.Files {
		fail := func(err error) error {
			return &sectionError{file: name, line: lines[i], section: file.Name, err: err}
		}
		if line, twice := read[file.Name]; twice && !strings.HasPrefix(file.Name, "zone ") {
			return nil, fail(fmt.Errorf("there is another one in line %d", line))
		}
		read[file.Name] = lines[i]
		text, err := expand(string(file.Data))
		if err != nil {
			return nil, fail(err)
		}
		if err := w.section(file.Name, text); err != nil {
			if at, ok := errors.AsType[yamlError](err); ok {
				return nil, &sectionError{file: name, line: lines[i] + at.line, section: file.Name, err: at.err}
			}
			return nil, fail(err)
		}
	}
	if err := w.complete(); err != nil {
		return nil, &sectionError{file: name, err: err}
	}
	return w, nil
}

// sectionLines returns the lines of the file markers.
func sectionLines(data []byte) []int {
	var lines []int
	for i, line := range bytes.Split(data, []byte("\n")) {
		line = bytes.TrimSuffix(line, []byte("\r"))
		if bytes.HasPrefix(line, []byte("-- ")) && bytes.HasSuffix(line, []byte(" --")) && len(line) > len("-- ")+len(" --") {
			lines = append(lines, i+1)
		}
	}
	return lines
}

func (w *World) section(name, text string) error {
	switch name {
	case "certificates.yaml":
		return decodeList(text, &w.Certificates)
	case "endpoints.yaml":
		return decodeList(text, &w.Endpoints)
	case "resolver.yaml":
		w.Resolvers = []*Resolver{}
		return decodeList(text, &w.Resolvers)
	case "accounts.yaml":
		var accounts accountList
		if err := decode(text, &accounts); err != nil {
			return err
		}
		w.Accounts = accounts
		return nil
	case "authorities.yaml":
		return decodeList(text, &w.Authorities)
	case "servers.yaml":
		return decode(text, &w.servers)
	case "expect.yaml":
		return decode(text, &w.expectations)
	}
	if header, ok := strings.CutPrefix(name, "zone "); ok {
		z, err := parseZoneHeader(header)
		if err != nil {
			return err
		}
		z.text = countLines(text)
		w.zones = append(w.zones, z)
		return nil
	}
	return errors.New("there is no such section; see the documentation of package world")
}

// A yamlError is an error in one line of a section.
type yamlError struct {
	line int
	err  error
}

func (e yamlError) Error() string { return fmt.Sprintf("line %d: %v", e.line, e.err) }
func (e yamlError) Unwrap() error { return e.err }

var (
	yamlLine  = regexp.MustCompile(`(?s)line (\d+): (.*)`)
	yamlField = regexp.MustCompile(`field (.+) not found in type .*`)
)

func decode(text string, into any) error {
	decoder := yaml.NewDecoder(strings.NewReader(text))
	decoder.KnownFields(true)
	err := decoder.Decode(into)
	if err == nil || errors.Is(err, io.EOF) {
		return nil
	}
	m := yamlLine.FindStringSubmatch(err.Error())
	if m == nil {
		return err
	}
	line, convErr := strconv.Atoi(m[1])
	if convErr != nil {
		return err
	}
	what := yamlField.ReplaceAllString(m[2], `there is no key "$1" here`)
	return yamlError{line: line, err: errors.New(strings.TrimSpace(what))}
}

// decodeList decodes a list, and refuses empty entries.
func decodeList[T any](text string, into *[]*T) error {
	if err := decode(text, into); err != nil {
		return err
	}
	if i := slices.Index(*into, nil); i >= 0 {
		return fmt.Errorf("entry %d is empty", i+1)
	}
	return nil
}

// A List is one or several strings; in a file, a single one needs no brackets.
type List []string

// UnmarshalYAML reads a string or a list of strings.
func (l *List) UnmarshalYAML(node *yaml.Node) error {
	if node.Kind == yaml.ScalarNode {
		*l = nil
		if node.Value != "" {
			*l = List{node.Value}
		}
		return nil
	}
	return node.Decode((*[]string)(l))
}

// complete fills in what was left out, and checks what refers to what.
func (w *World) complete() error {
	if w.Resolvers == nil {
		w.Resolvers = []*Resolver{{}}
	}
	if err := w.completeAccounts(); err != nil {
		return err
	}
	if err := w.completeAuthorities(); err != nil {
		return err
	}
	if err := w.completeCertificates(); err != nil {
		return err
	}
	if err := w.completeZones(); err != nil {
		return err
	}
	if err := w.completeEndpoints(); err != nil {
		return err
	}
	return w.completeExpectations()
}

// Regions are the regions that the world's certificates and accounts are in,
// sorted.
func (w *World) Regions() []string {
	seen := map[string]bool{}
	for _, c := range w.Certificates {
		seen[c.Region] = true
	}
	for _, a := range w.Accounts {
		for region := range a.Regions {
			seen[region] = true
		}
	}
	if len(seen) == 0 {
		seen[homeRegion] = true
	}
	return sorted(seen)
}

func sorted(set map[string]bool) []string {
	var list []string
	for s := range set {
		list = append(list, s)
	}
	slices.Sort(list)
	return list
}
