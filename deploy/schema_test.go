package deploy

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/dlclark/regexp2"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// The official schemas of CloudFormation's resources ("Resource type schema",
// CloudFormation CLI User Guide,
// https://docs.aws.amazon.com/cloudformation-cli/latest/userguide/resource-type-schema.html)
// are in AWS's own tool rain.
const (
	rainModule = "github.com/aws-cloudformation/rain@v1.24.4"
	rainSum    = "h1:OBXwmwlKfqb+Cs7KNLY/SdPdQpXZN4ybSBYfvQF2cKs="
)

// A schema is what AWS says of a resource type.
type schema struct {
	name       string
	properties *jsonschema.Schema
	// readOnly are the attributes that AWS sets, such as Arn.
	readOnly []string
	// deprecated are the properties that are not to be used any more.
	deprecated []string
	known      []string
}

// schemas are those of the resource types that the templates use.
type schemas map[string]schema

// Attributes that GetAtt gives besides those that are read-only: "Return
// values" on the resource's page of the AWS CloudFormation Template Reference.
var otherAttributes = map[string][]string{
	"AWS::SQS::Queue": {"QueueName"},
}

// choices are values that the schemas leave open and the resources' pages of the
// AWS CloudFormation Template Reference do not, by type and path.
var choices = map[string][]string{
	"AWS::DynamoDB::Table/BillingMode":                        {"PROVISIONED", "PAY_PER_REQUEST"},
	"AWS::DynamoDB::Table/AttributeDefinitions/AttributeType": {"S", "N", "B"},
	"AWS::DynamoDB::Table/KeySchema/KeyType":                  {"HASH", "RANGE"},

	"AWS::ECS::TaskDefinition/NetworkMode":                                     {"none", "bridge", "awsvpc", "host"},
	"AWS::ECS::TaskDefinition/RequiresCompatibilities":                         {"EC2", "FARGATE", "EXTERNAL"},
	"AWS::ECS::TaskDefinition/RuntimePlatform/CpuArchitecture":                 {"X86_64", "ARM64"},
	"AWS::ECS::TaskDefinition/RuntimePlatform/OperatingSystemFamily":           {"LINUX"},
	"AWS::ECS::TaskDefinition/ContainerDefinitions/LogConfiguration/LogDriver": {"awslogs", "splunk", "awsfirelens"}, // on Fargate
	"AWS::ECS::TaskDefinition/ContainerDefinitions/PortMappings/Protocol":      {"tcp", "udp"},

	"AWS::CloudWatch::Alarm/ComparisonOperator": {"GreaterThanThreshold", "GreaterThanOrEqualToThreshold", "LessThanThreshold", "LessThanOrEqualToThreshold"},
	"AWS::CloudWatch::Alarm/Statistic":          {"SampleCount", "Average", "Sum", "Minimum", "Maximum"},
	"AWS::CloudWatch::Alarm/TreatMissingData":   {"breaching", "notBreaching", "ignore", "missing"},
}

// unchosen lists the values that are not among the choices.
func unchosen(path string, v any) []string {
	var problems []string
	switch v := v.(type) {
	case map[string]any:
		for _, key := range sorted(v) {
			problems = append(problems, unchosen(path+"/"+key, v[key])...)
		}
	case []any:
		for _, item := range v {
			problems = append(problems, unchosen(path, item)...)
		}
	default:
		if list := choices[path]; list != nil && !slices.Contains(list, fmt.Sprint(v)) {
			problems = append(problems, fmt.Sprintf("%s: %q is not among %q", path, v, list))
		}
	}
	return problems
}

func (s schema) hasAttribute(name string) bool {
	return slices.Contains(s.readOnly, name) || slices.Contains(s.known, name)
}

// rain finds the schemas' folder; it is fetched in CI, and elsewhere taken
// where it is there already.
var rain = sync.OnceValues(func() (string, error) {
	folder, err := os.MkdirTemp("", "acmbot-rain")
	if err != nil {
		return "", err
	}
	defer func() { _ = os.RemoveAll(folder) }()
	cmd := exec.Command("go", "mod", "download", "-json", rainModule)
	cmd.Dir = folder // apart from this module, which does not need it
	cmd.Env = append(os.Environ(), "GOFLAGS=", "GOWORK=off")
	if os.Getenv("CI") == "" {
		cmd.Env = append(cmd.Env, "GOPROXY=off")
	}
	text, err := cmd.Output()
	var module struct{ Dir, Sum, Error string }
	if jsonErr := json.Unmarshal(text, &module); jsonErr != nil {
		return "", errors.Join(err, jsonErr)
	}
	switch {
	case module.Error != "":
		return "", errors.New(module.Error)
	case module.Sum != rainSum:
		return "", fmt.Errorf("the sum of %s is %s", rainModule, module.Sum)
	}
	return filepath.Join(module.Dir, "internal", "aws", "cfn", "schemas"), nil
})

// readSchemas compiles the schemas of resource types. Where they are not on
// this machine the test is skipped, but fails in CI.
func readSchemas(t *testing.T, types []string) schemas {
	t.Helper()
	folder, err := rain()
	if err != nil {
		hint := "the templates are not held against AWS's schemas: those take `go mod download " + rainModule + "` outside a module"
		if os.Getenv("CI") != "" {
			t.Fatalf("%s: %v", hint, err)
		}
		t.Skip(hint)
	}
	list := schemas{}
	for _, name := range types {
		text, err := os.ReadFile(filepath.Join(append([]string{folder}, strings.Split(strings.ToLower(name)+".json", "::")...)...))
		if err != nil {
			continue // not a resource type
		}
		list[name], err = parseSchema(name, text)
		if err != nil {
			t.Fatalf("the schema of %s: %v", name, err)
		}
	}
	return list
}

func parseSchema(name string, text []byte) (schema, error) {
	var also struct {
		TypeName             string
		ReadOnlyProperties   []string
		DeprecatedProperties []string
	}
	if err := json.Unmarshal(text, &also); err != nil {
		return schema{}, err
	}
	if also.TypeName != name {
		return schema{}, fmt.Errorf("is that of %s", also.TypeName)
	}
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return schema{}, err
	}
	if root, ok := document.(map[string]any); ok {
		delete(root, "$schema") // AWS's own, which adds nothing that is checked here
		delete(root, "$id")
	}
	compiler := jsonschema.NewCompiler()
	compiler.DefaultDraft(jsonschema.Draft7)
	compiler.UseRegexpEngine(ecmaScript)
	if err := compiler.AddResource("schema.json", document); err != nil {
		return schema{}, err
	}
	s := schema{name: name, known: otherAttributes[name]}
	if s.properties, err = compiler.Compile("schema.json"); err != nil {
		return schema{}, err
	}
	attribute := func(pointer string) string {
		return strings.ReplaceAll(strings.TrimPrefix(pointer, "/properties/"), "/", ".")
	}
	for _, pointer := range also.ReadOnlyProperties {
		s.readOnly = append(s.readOnly, attribute(pointer))
	}
	for _, pointer := range also.DeprecatedProperties {
		s.deprecated = append(s.deprecated, attribute(pointer))
	}
	return s, nil
}

// pattern is a regular expression of ECMAScript, as JSON Schema has them.
type pattern struct{ *regexp2.Regexp }

func (p pattern) MatchString(text string) bool {
	ok, err := p.Regexp.MatchString(text)
	return err == nil && ok
}

func ecmaScript(text string) (jsonschema.Regexp, error) {
	// Some of the schemas have what Java knows and ECMAScript does not.
	compiled, err := regexp2.Compile(text, regexp2.ECMAScript)
	if err != nil {
		compiled, err = regexp2.Compile(text, regexp2.None)
	}
	if err != nil {
		return nil, err
	}
	return pattern{compiled}, nil
}

// validate lists what a resource's properties break of its schema.
func (s schema) validate(properties map[string]any) []string {
	problems := unchosen(s.name, properties)
	for _, name := range sorted(properties) {
		if slices.Contains(s.readOnly, name) {
			problems = append(problems, name+" is set by AWS")
		}
		if slices.Contains(s.deprecated, name) {
			problems = append(problems, name+" is deprecated")
		}
	}
	text, err := json.Marshal(properties)
	if err != nil {
		return append(problems, err.Error())
	}
	instance, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return append(problems, err.Error())
	}
	if err := s.properties.Validate(instance); err != nil {
		invalid, ok := errors.AsType[*jsonschema.ValidationError](err)
		if !ok {
			return append(problems, err.Error())
		}
		problems = append(problems, leaves(invalid.DetailedOutput())...)
	}
	return problems
}

// leaves are the causes of an error, each in a line.
func leaves(unit *jsonschema.OutputUnit) []string {
	if len(unit.Errors) == 0 {
		return []string{fmt.Sprintf("%s: %v", unit.InstanceLocation, unit.Error)}
	}
	var lines []string
	for i := range unit.Errors {
		lines = append(lines, leaves(&unit.Errors[i])...)
	}
	return lines
}
