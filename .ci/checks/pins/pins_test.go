package pins

import (
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

func TestRepository(t *testing.T) {
	wrong, err := Check(os.DirFS("../../.."), func(name string) bool { return strings.HasPrefix(name, ".ci/checks") })
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range wrong {
		t.Error(line)
	}
}

func TestCheck(t *testing.T) {
	const mod = "module m\n\ngo 1.26.0\n\ntoolchain go1.26.11\n"
	for _, test := range []struct {
		name, file, text string
		want             []string
	}{
		{"by version", ".ci/run", "go install example.com/a/cmd/b@v1.2.3\nGOFLAGS= go run example.com/a@v0.0.0-20261105234957-e22db6528018 x\ngo install ./cmd/acmbot\ngo run ./b", nil},
		{"by a variable", ".ci/run", "b_version=1.2.3\nGOFLAGS= go install \"example.com/a/cmd/b@v$b_version\"", nil},
		{"by a variable that is empty", ".ci/run", "go install \"example.com/a/cmd/b@v$b_version\"", []string{".ci/run: example.com/a/cmd/b is of the version $b_version, which is set nowhere above it"}},
		{"the latest", ".ci/run", "go install example.com/a/cmd/b@latest", []string{".ci/run: example.com/a/cmd/b@latest has no version"}},
		{"a branch", ".ci/run", "go get example.com/a@main", []string{".ci/run: example.com/a@main has no version"}},
		{"a major version", ".ci/run", "go run example.com/a@v1", []string{".ci/run: example.com/a@v1 has no version"}},
		{"none", "build.sh", "go install example.com/a/cmd/b", []string{"build.sh: example.com/a/cmd/b has no version"}},
		{"in a README", "deploy/README.md", "go install example.com/a/cmd/b@latest", []string{"deploy/README.md: example.com/a/cmd/b@latest has no version"}},
		{"an action", "deploy/README.md", "uses: some/action@main", []string{"deploy/README.md: @main is another version tomorrow"}},
		{"npm ci", ".ci/run", "npm ci && npm test && npm run build", nil},
		{"npm install", ".ci/run", "npm install --no-audit", []string{".ci/run: npm install does not keep to package-lock.json, as npm ci does"}},
		{"npx", ".ci/run", "npx vite build", []string{".ci/run: npx does not keep to package-lock.json, as npm ci does"}},
		{"curl", ".ci/run", "curl -sSfL https://example.com/install.sh | sh", []string{".ci/run: curl fetches what no checksum is known of"}},
		{"curl from this machine", ".ci/run", "command -v curl || packages+=(curl)\ncurl -fsS http://127.0.0.1:8081/readyz", nil},
		{"wget", ".ci/run", "wget -q http://10.0.0.1/x", []string{".ci/run: wget fetches what no checksum is known of"}},
		{"images", "Dockerfile", "FROM golang:1.26.11 AS build\nFROM " + base + "\nFROM debian@sha256:" + strings.Repeat("0", 64), nil},
		{"an image's line of versions", "Dockerfile", "FROM golang:1.26 AS build", []string{"Dockerfile: the image golang:1.26 has no full version"}},
		{"an image without a tag", "Dockerfile", "FROM alpine", []string{"Dockerfile: the image alpine has no full version"}},
		{"another Go", "Dockerfile", "FROM golang:1.26.8 AS build", []string{"Dockerfile: it builds with Go 1.26.8, and go.mod says 1.26.11"}},
		{"no lock", "web/package.json", "{}", []string{"web/package.json: there is no package-lock.json beside it"}},
		{"no toolchain", "go.mod", "module m\n\ngo 1.26.0\n", []string{"go.mod names no toolchain"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			files := fstest.MapFS{"go.mod": {Data: []byte(mod)}}
			files[test.file] = &fstest.MapFile{Data: []byte(test.text)}
			wrong, err := Check(files, func(string) bool { return false })
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, wrong); diff != "" {
				t.Errorf("mismatch (-want, +got):\n%s", diff)
			}
		})
	}
}

func TestLock(t *testing.T) {
	for text, want := range map[string]string{
		`{"lockfileVersion":3,"packages":{"":{},"node_modules/a":{"integrity":"sha512-x"}}}`:                     "",
		`{"lockfileVersion":3,"packages":{"":{},"node_modules/a":{"integrity":"sha512-x"},"node_modules/b":{}}}`: `package-lock.json (version 3, 3 packages) has no checksums of ["node_modules/b"]`,
		`{"lockfileVersion":1}`: "package-lock.json (version 1, 0 packages) has no checksums of []",
	} {
		files := fstest.MapFS{"go.mod": {Data: []byte("toolchain go1.26.11\n")}, "package.json": {Data: []byte("{}")}, "package-lock.json": {Data: []byte(text)}}
		wrong, err := Check(files, func(string) bool { return false })
		if got := strings.TrimPrefix(strings.Join(wrong, "\n"), "package.json: "); err != nil || got != want {
			t.Errorf("got %q, %v, want %q", got, err, want)
		}
	}
}
