// Command licences makes the list of the licences of all that is in the
// program, with their texts, which acmbot licences prints; or, without -update,
// says where the list is not up to date. It fails for a module without a
// licence, and for one whose licence is not among those that were agreed to.
package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/google/licensecheck"
)

func main() {
	root := flag.String("root", ".", "the `folder` of the product's go.mod")
	update := flag.Bool("update", false, "write the list")
	flag.Parse()
	if err := run(*root, *update); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// list is where the list is kept, under the root.
const list = "cmd/acmbot/licences.txt"

func run(root string, update bool) error {
	parts, err := linked(root)
	if err != nil {
		return err
	}
	page, err := os.ReadFile(filepath.Join(root, "bot/workspace/dist/assets/licenses.md"))
	if err != nil {
		return err
	}
	scripts, err := bundled(string(page))
	if err != nil {
		return err
	}
	emoji, err := os.ReadFile(filepath.Join(root, "bot/workspace/dist/assets/license-emoji.txt"))
	if err != nil {
		return err
	}
	parts = append(append(parts, scripts...), part{name: "the page's emoji", texts: []string{string(emoji)}})
	text, err := compose(parts)
	if err != nil {
		return err
	}
	path := filepath.Join(root, list)
	if update {
		return os.WriteFile(path, []byte(text), 0o644)
	}
	kept, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if string(kept) != text {
		return fmt.Errorf("%s is not up to date; .ci/licences -update writes it:\n%s", list, difference(string(kept), text))
	}
	fmt.Printf("%d modules and packages, all under licences that were agreed to\n", len(parts))
	return nil
}

// A part is something that is in the program.
type part struct {
	name, version string
	texts         []string // of its licence, and its notices
}

func (p part) String() string { return strings.TrimSpace(p.name + " " + p.version) }

// platforms are those that the program is built for; what is linked differs.
var platforms = []string{"linux", "darwin", "windows"}

// linked finds Go itself and the modules that are linked into the program,
// with the licences in the folders of the packages used and in those above, up
// to the module's.
func linked(root string) ([]part, error) {
	type pkg struct {
		Dir      string
		Standard bool
		Module   *struct {
			Path, Version, Dir string
			Main               bool
		}
	}
	files := map[identity][]string{}
	for _, platform := range platforms {
		command := exec.Command("go", "list", "-deps", "-json=Dir,Standard,Module", "./cmd/acmbot")
		command.Dir = root
		command.Env = append(os.Environ(), "GOOS="+platform, "GOARCH=amd64", "CGO_ENABLED=0", "GOFLAGS=")
		var stderr bytes.Buffer
		command.Stderr = &stderr
		out, err := command.Output()
		if err != nil {
			return nil, fmt.Errorf("listing the packages: %w\n%s", err, stderr.String())
		}
		for decoder := json.NewDecoder(bytes.NewReader(out)); ; {
			var p pkg
			if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				return nil, err
			}
			if p.Standard || p.Module == nil || p.Module.Main {
				continue
			}
			is := identity{p.Module.Path, p.Module.Version}
			for dir := p.Dir; ; dir = filepath.Dir(dir) {
				found, err := papers(dir)
				if err != nil {
					return nil, err
				}
				files[is] = append(files[is], found...)
				if dir == p.Module.Dir || len(dir) <= len(p.Module.Dir) {
					break
				}
			}
		}
	}
	goroot, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		return nil, err
	}
	if files[identity{name: "Go's standard library"}], err = papers(strings.TrimSpace(string(goroot))); err != nil {
		return nil, err
	}
	var parts []part
	for is, paths := range files {
		slices.Sort(paths)
		p := part{name: is.name, version: is.version}
		for _, path := range slices.Compact(paths) {
			text, err := os.ReadFile(path)
			if err != nil {
				return nil, err
			}
			p.texts = append(p.texts, string(text))
		}
		parts = append(parts, p)
	}
	slices.SortFunc(parts, func(a, b part) int { return cmp.Compare(a.String(), b.String()) })
	return parts, nil
}

type identity struct{ name, version string }

var paper = regexp.MustCompile(`(?i)^(licen[cs]e|copying|notice|patents|unlicense)([-._].*)?$`)

// papers are the licences and notices in a folder.
func papers(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var found []string
	for _, e := range entries {
		if e.Type().IsRegular() && paper.MatchString(e.Name()) && !strings.HasSuffix(e.Name(), ".go") {
			found = append(found, filepath.Join(dir, e.Name()))
		}
	}
	return found, nil
}

var heading = regexp.MustCompile(`(?m)^## (\S+) - (\S+) \((.+)\)$`)

// bundled are the packages in the page's script, as the bundler lists them.
func bundled(page string) ([]part, error) {
	var parts []part
	found := heading.FindAllStringSubmatchIndex(page, -1)
	if len(found) == 0 {
		return nil, errors.New("the page's list of licences has no package")
	}
	for i, at := range found {
		end := len(page)
		if i+1 < len(found) {
			end = found[i+1][0]
		}
		parts = append(parts, part{name: page[at[2]:at[3]], version: page[at[4]:at[5]], texts: []string{page[at[1]:end]}})
	}
	return parts, nil
}

// agreed are the licences that may be in the program: those that ask for no
// more than their text and notices to be passed on, which acmbot licences does;
// GooglePatentsFile, which only grants; and MPL-2.0, which asks for changes to
// its own files to be published.
var agreed = []string{"0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "CC-BY-4.0", "CC0-1.0", "GooglePatentsFile", "ISC", "MIT", "MIT-0", "MPL-2.0", "Unlicense", "Zlib"}

// covered is how much of a text has to be that of known licences, in percent;
// the rest is the copyright lines.
const covered = 70

// kindsOf tells under which licences a part is.
func kindsOf(p part) ([]string, error) {
	var kinds []string
	for _, text := range p.texts {
		scan := licensecheck.Scan([]byte(text))
		for _, m := range scan.Match {
			if m.IsURL {
				continue
			}
			if !slices.Contains(agreed, m.ID) {
				return nil, fmt.Errorf("%s is under %s, which was not agreed to", p, m.ID)
			}
			if scan.Percent < covered {
				return nil, fmt.Errorf("%s: %.0f %% of a text are of %s; the rest is not known", p, scan.Percent, m.ID)
			}
			kinds = append(kinds, m.ID)
		}
	}
	if len(kinds) == 0 {
		return nil, fmt.Errorf("%s has no licence that is known", p)
	}
	slices.Sort(kinds)
	return slices.Compact(kinds), nil
}

// compose writes the list: who is under what, and the texts, each once.
func compose(parts []part) (string, error) {
	var errs []error
	var names strings.Builder
	owners := map[string][]string{}
	var texts []string
	for _, p := range parts {
		kinds, err := kindsOf(p)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		fmt.Fprintf(&names, "%s: %s\n", p, strings.Join(kinds, ", "))
		for _, text := range p.texts {
			text = clean(text)
			if owners[text] == nil {
				texts = append(texts, text)
			}
			if !slices.Contains(owners[text], p.String()) {
				owners[text] = append(owners[text], p.String())
			}
		}
	}
	if err := errors.Join(errs...); err != nil {
		return "", err
	}
	var b strings.Builder
	b.WriteString("acmbot is made of its own code and of these parts, each under its own licence:\n\n")
	b.WriteString(names.String())
	for _, text := range texts {
		fmt.Fprintf(&b, "\n%s\n%s\n%s\n\n%s\n", strings.Repeat("-", 72), strings.Join(owners[text], "\n"), strings.Repeat("-", 72), text)
	}
	return b.String(), nil
}

// clean makes texts that differ in spaces at the ends of lines only the same.
func clean(text string) string {
	lines := strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n")
	for i, line := range lines {
		lines[i] = strings.TrimRight(line, " \t\f")
	}
	return strings.Trim(strings.Join(lines, "\n"), "\n")
}

// difference names the lines that are in one of two texts only, the first of
// them.
func difference(old, now string) string {
	var b strings.Builder
	told := 0
	tell := func(sign, text, other string) {
		there := map[string]bool{}
		for line := range strings.SplitSeq(other, "\n") {
			there[line] = true
		}
		for line := range strings.SplitSeq(text, "\n") {
			if !there[line] && told < 40 {
				told++
				fmt.Fprintf(&b, "%s %s\n", sign, line)
			}
		}
	}
	tell("-", old, now)
	tell("+", now, old)
	return b.String()
}
