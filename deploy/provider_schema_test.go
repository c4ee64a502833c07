package deploy

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha512"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"unicode"
)

// Terraform's providers come from HashiCorp's registry only. What the AWS
// provider takes is known elsewhere, too: the Cloud Development Kit for Terraform
// has classes that were generated from the schema of version 6.25.0 ("Prebuilt
// AWS provider", https://github.com/cdktf/cdktf-provider-aws).
const (
	cdktfPackage = "@cdktf/provider-aws@21.22.1"
	cdktfSum     = "06e48779a40550bf65df7a41cc83114fb71343af4033698bb628e3b5e08f8554119afba1ba3f4bbdfca67fb92700c858a804faf8bae5b3d8e21955bf52cdf3ad"
)

// A providerSchema is what the provider has: resources and data sources, by
// type.
type providerSchema struct{ Resources, Data map[string]*blockSchema }

// A blockSchema is what a block takes.
type blockSchema struct {
	// Attributes are the types, by name: string, number, bool, list or map (of
	// strings), or empty for any.
	Attributes map[string]string
	Required   map[string]bool
	Blocks     map[string]*blockSchema
	// Single is whether there is one at most.
	Single bool
	// Computed are the attributes that only AWS sets.
	Computed map[string]string
}

// readable is whether it has an attribute when it is made.
func (s *blockSchema) readable(name string) bool {
	_, given := s.Attributes[name]
	_, computed := s.Computed[name]
	return given || computed || s.Blocks[name] != nil
}

// cdktf finds the package; it is fetched in CI, and elsewhere taken where it
// was fetched before.
var cdktf = sync.OnceValues(func() (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	folder := filepath.Join(cache, "acmbot-ci", "cdktf-provider-aws-21.22.1")
	path := filepath.Join(folder, "cdktf-provider-aws-21.22.1.tgz")
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) && os.Getenv("CI") != "" {
		if err := os.MkdirAll(folder, 0o755); err != nil {
			return "", err
		}
		if text, err := exec.Command("npm", "pack", "--silent", "--pack-destination", folder, cdktfPackage).CombinedOutput(); err != nil {
			return "", fmt.Errorf("npm pack %s: %w\n%s", cdktfPackage, err, text)
		}
	}
	return path, nil
})

// readProviderSchema reads what the provider says of resource types, such as
// aws_sqs_queue, and data sources, such as data.aws_region. Where it is not on
// this machine the test is skipped, but fails in CI.
func readProviderSchema(t *testing.T, types map[string]bool) providerSchema {
	t.Helper()
	path, err := cdktf()
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) && os.Getenv("CI") == "" {
		t.Skipf("the Terraform modules are not held against the provider's schema: that takes `npm pack --pack-destination %s %s`", filepath.Dir(path), cdktfPackage)
	}
	if err != nil {
		t.Fatal(err)
	}
	if sum := sha512.Sum512(text); hex.EncodeToString(sum[:]) != cdktfSum {
		t.Fatalf("%s is not what it was: its sum is %x", path, sum)
	}
	files, err := untar(text, types)
	if err != nil {
		t.Fatal(err)
	}
	known := providerSchema{map[string]*blockSchema{}, map[string]*blockSchema{}}
	for name := range types {
		script, declarations := files[name+"/index.js"], files[name+"/index.d.ts"]
		if script == "" || declarations == "" {
			continue // there is no such type
		}
		schema, err := parseClasses(script, declarations)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if data, ok := strings.CutPrefix(name, "data."); ok {
			known.Data[data] = schema
		} else {
			known.Resources[name] = schema
		}
	}
	return known
}

// untar reads the files of types, by type and file name.
func untar(text []byte, types map[string]bool) (map[string]string, error) {
	folders := map[string]string{}
	for name := range types {
		folder := strings.ReplaceAll(strings.TrimPrefix(strings.Replace(name, "data.aws_", "data_aws_", 1), "aws_"), "_", "-")
		folders["package/lib/"+folder+"/"] = name
	}
	unzipped, err := gzip.NewReader(bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	files := map[string]string{}
	for archive := tar.NewReader(unzipped); ; {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return files, nil
		}
		if err != nil {
			return nil, err
		}
		folder, file := filepath.Split(header.Name)
		if name, ok := folders[folder]; ok {
			text, err := io.ReadAll(archive)
			if err != nil {
				return nil, err
			}
			files[name+"/"+file] = string(text)
		}
	}
}

var (
	toTerraform = regexp.MustCompile(`(?s)\nfunction (\w+)ToTerraform\(struct\) \{.*?\n    return \{\n(.*?)\n    \};`)
	synthesized = regexp.MustCompile(`(?s)\n    synthesizeAttributes\(\) \{\n        return \{\n(.*?)\n        \};`)
	entry       = regexp.MustCompile(`(?m)^\s+(\w+): (.+?),?$`)
	nested      = regexp.MustCompile(`(listMapper\()?\b([a-z]\w*)ToTerraform(, (true|false)\))?`)
	interfaces  = regexp.MustCompile(`(?s)\nexport interface (\w+)(?: extends [\w.]+)? \{(.*?)\n\}`)
	field       = regexp.MustCompile(`(?m)^    readonly (\w+)(\??):`)
	class       = regexp.MustCompile(`\nexport declare class (\w+) extends cdktf\.Terraform(Resource|DataSource) \{`)
	getter      = regexp.MustCompile(`(?m)^    get (\w+)\(\): (\w+)`)
	kind        = regexp.MustCompile(`(string|number|boolean|hashMapper|listMapper)`)
	capital     = regexp.MustCompile(`[A-Z]`)
)

// parseClasses reads the class of a resource, as the kit generates them: the
// names that Terraform knows are in what turns an object into configuration, and
// whether they are required in the declarations.
func parseClasses(script, declarations string) (*blockSchema, error) {
	bodies := map[string]string{}
	for _, found := range toTerraform.FindAllStringSubmatch(script, -1) {
		bodies[found[1]] = found[2]
	}
	required := map[string]map[string]bool{}
	for _, found := range interfaces.FindAllStringSubmatch(declarations, -1) {
		fields := map[string]bool{}
		for _, f := range field.FindAllStringSubmatch(found[2], -1) {
			fields[f[1]] = f[2] == ""
		}
		required[found[1]] = fields
	}
	declared := class.FindStringSubmatchIndex(declarations)
	if declared == nil {
		return nil, errors.New("there is no class")
	}
	name := declarations[declared[2]:declared[3]]
	top := "" // a data source may take nothing
	if found := synthesized.FindStringSubmatch(script); found != nil {
		top = found[1]
	}
	if required[name+"Config"] == nil {
		return nil, fmt.Errorf("there is no interface %sConfig", name)
	}
	s := blockOf(top, name+"Config", bodies, required)
	s.Computed = map[string]string{}
	for _, found := range getter.FindAllStringSubmatch(declarations[declared[1]:], -1) {
		name := capital.ReplaceAllStringFunc(found[1], func(letter string) string { return "_" + strings.ToLower(letter) })
		if !strings.HasSuffix(found[1], "Input") && !s.readable(name) && !s.readableAs(found[1]) {
			s.Computed[name] = map[string]string{"string": "string", "number": "number"}[found[2]]
		}
	}
	return s, nil
}

// readableAs is whether it has an attribute of a name in camel case, which does
// not tell where the words of a name with digits end.
func (s *blockSchema) readableAs(camel string) bool {
	for name := range s.Attributes {
		if camelCase(name) == camel {
			return true
		}
	}
	for name := range s.Blocks {
		if camelCase(name) == camel {
			return true
		}
	}
	return false
}

// kinds are the names of types, by what the kit turns values of the type with.
var kinds = map[string]string{"string": "string", "number": "number", "boolean": "bool", "listMapper": "list", "hashMapper": "map"}

func blockOf(body, name string, bodies map[string]string, required map[string]map[string]bool) *blockSchema {
	s := &blockSchema{Attributes: map[string]string{}, Required: map[string]bool{}, Blocks: map[string]*blockSchema{}}
	for _, found := range entry.FindAllStringSubmatch(body, -1) {
		key, value := found[1], found[2]
		var inner, asBlocks string
		for _, n := range nested.FindAllStringSubmatch(value, -1) {
			if bodies[n[2]] != "" {
				inner, asBlocks = n[2], n[4]
			}
		}
		switch {
		case inner == "":
			s.Attributes[key] = kinds[kind.FindString(value)]
		case asBlocks == "false":
			s.Attributes[key] = "" // of objects
		default:
			s.Blocks[key] = blockOf(bodies[inner], strings.ToUpper(inner[:1])+inner[1:], bodies, required)
			s.Blocks[key].Single = asBlocks == ""
		}
		if required[name][camelCase(key)] {
			s.Required[key] = true
		}
	}
	return s
}

// camelCase is a name as the kit writes it.
func camelCase(name string) string {
	words := strings.Split(name, "_")
	for i, word := range words[1:] {
		letters := []rune(word)
		if len(letters) > 0 {
			letters[0] = unicode.ToUpper(letters[0])
		}
		words[i+1] = string(letters)
	}
	return strings.Join(words, "")
}
