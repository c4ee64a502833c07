// Package pins looks whether everything that is fetched for a build or a check
// is named by its version, so that the same commit is built of the same things
// tomorrow.
package pins

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
)

var (
	// A module's version, or a variable that a line above sets to one.
	goInstall = regexp.MustCompile(`\bgo (?:install|run|get)\s+(?:-\S+\s+)*"?([\w./-]+\.[a-z]+/[\w./-]+)(@[^"\s]+)?`)
	version   = regexp.MustCompile(`^@v(\d+\.\d+\.\d+\S*|\$\{?\w+\}?)$`)
	variable  = regexp.MustCompile(`^@v\$\{?(\w+)\}?$`)
	floating  = regexp.MustCompile(`@(latest|main|master|next|upgrade)\b`)
	npm       = regexp.MustCompile(`\b(npm (?:install|i|add|update|exec)|npx|yarn|pnpm)\b`)
	download  = regexp.MustCompile(`\b(curl|wget)\b[^\n]*(?:https?|ftp)://(?:[^1\s]|1[^2]|12[^7])`) // from another machine
	from      = regexp.MustCompile(`(?m)^FROM\s+(\S+)`)
	image     = regexp.MustCompile(`^(\S+?)(?::([^@\s]+))?(@sha256:[0-9a-f]{64})?$`)
	full      = regexp.MustCompile(`^\d+\.\d+\.\d+`)
)

// base is what the image stands on. It has no releases to name: the tag is
// moved when Debian mends something, which is wanted.
const base = "gcr.io/distroless/static-debian12:nonroot"

// Check says what is not pinned in the scripts, Dockerfiles and packages of a
// repository whose go.mod is at its root, one line each. What is not to be
// looked at has a name that skip tells.
func Check(repository fs.FS, skip func(string) bool) ([]string, error) {
	var wrong []string
	toolchain := ""
	if text, err := fs.ReadFile(repository, "go.mod"); err == nil {
		if match := regexp.MustCompile(`(?m)^toolchain go(\S+)$`).FindSubmatch(text); match != nil {
			toolchain = string(match[1])
		}
	}
	if toolchain == "" {
		wrong = append(wrong, "go.mod names no toolchain")
	}
	err := fs.WalkDir(repository, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && (skip(name) || entry.Name() == "node_modules" || entry.Name() == ".git") {
			return fs.SkipDir
		}
		if !entry.Type().IsRegular() || skip(name) {
			return nil
		}
		say := func(format string, args ...any) {
			wrong = append(wrong, name+": "+fmt.Sprintf(format, args...))
		}
		script := path.Dir(name) == ".ci" && path.Ext(name) == "" || path.Ext(name) == ".sh"
		docker := entry.Name() == "Dockerfile"
		markdown := path.Ext(name) == ".md"
		switch {
		case script || docker || markdown:
			text, err := fs.ReadFile(repository, name)
			if err != nil {
				return err
			}
			checkCommands(string(text), markdown, say)
			if docker {
				checkImages(string(text), toolchain, say)
			}
		case entry.Name() == "package.json":
			return checkLock(repository, path.Join(path.Dir(name), "package-lock.json"), say)
		}
		return nil
	})
	return wrong, err
}

func checkCommands(text string, markdown bool, say func(string, ...any)) {
	set := map[string]bool{}
	for line := range strings.SplitSeq(text, "\n") {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), "="); ok && full.MatchString(value) {
			set[name] = true
		}
		for _, match := range goInstall.FindAllStringSubmatch(line, -1) {
			what, at := match[1], match[2]
			switch name := variable.FindStringSubmatch(at); {
			case !version.MatchString(at):
				say("%s%s has no version", what, at)
			case name != nil && !set[name[1]]:
				say("%s is of the version $%s, which is set nowhere above it", what, name[1])
			}
		}
		if match := floating.FindString(line); match != "" && !goInstall.MatchString(line) {
			say("%s is another version tomorrow", match)
		}
		if match := npm.FindString(line); match != "" && !markdown {
			say("%s does not keep to package-lock.json, as npm ci does", match)
		}
		if match := download.FindStringSubmatch(line); match != nil && !markdown {
			say("%s fetches what no checksum is known of", match[1])
		}
	}
}

func checkImages(text, toolchain string, say func(string, ...any)) {
	for _, match := range from.FindAllStringSubmatch(text, -1) {
		if match[1] == base {
			continue
		}
		parts := image.FindStringSubmatch(match[1])
		switch {
		case parts[3] != "":
		case !full.MatchString(parts[2]):
			say("the image %s has no full version", match[1])
		case parts[1] == "golang" && parts[2] != toolchain:
			say("it builds with Go %s, and go.mod says %s", parts[2], toolchain)
		}
	}
}

// checkLock looks whether a lock file has a checksum of everything.
func checkLock(repository fs.FS, name string, say func(string, ...any)) error {
	text, err := fs.ReadFile(repository, name)
	if err != nil {
		say("there is no package-lock.json beside it")
		return nil
	}
	var lock struct {
		Version  int `json:"lockfileVersion"`
		Packages map[string]struct {
			Integrity string `json:"integrity"`
			Link      bool   `json:"link"`
			InBundle  bool   `json:"inBundle"`
		} `json:"packages"`
	}
	if err := json.Unmarshal(text, &lock); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	var without []string
	for key, p := range lock.Packages {
		if key != "" && !strings.HasPrefix(p.Integrity, "sha512-") && !p.Link && !p.InBundle {
			without = append(without, key)
		}
	}
	slices.Sort(without)
	if lock.Version < 3 || len(lock.Packages) < 2 || len(without) > 0 {
		say("package-lock.json (version %d, %d packages) has no checksums of %q", lock.Version, len(lock.Packages), without)
	}
	return nil
}
