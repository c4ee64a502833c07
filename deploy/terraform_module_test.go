package deploy

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/ext/tryfunc"
	"github.com/hashicorp/hcl/v2/ext/typeexpr"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"
)

// A module is a folder of Terraform configuration ("Configuration syntax",
// Terraform documentation,
// https://developer.hashicorp.com/terraform/language/syntax/configuration).
type module struct {
	folder string
	files  map[string][]byte
	// variables, data, resources, calls, outputs and providers are the blocks
	// by their name; data and resources by type and name, with a dot between.
	variables, data, resources, calls, outputs, providers map[string]*hclsyntax.Block
	locals                                                map[string]*hclsyntax.Attribute
	settings                                              *hclsyntax.Block
	problems                                              []string
}

func (m *module) problem(where hcl.Range, format string, args ...any) {
	m.problems = append(m.problems, fmt.Sprintf("%s:%d: ", where.Filename, where.Start.Line)+fmt.Sprintf(format, args...))
}

// readModule reads a folder; instead has the text of files in the place of what
// is there.
func readModule(folder string, instead map[string]string) (*module, error) {
	paths, err := filepath.Glob(filepath.Join(folder, "*.tf"))
	if err != nil || len(paths) == 0 {
		return nil, fmt.Errorf("%s has no configuration: %w", folder, err)
	}
	m := &module{folder: folder, files: map[string][]byte{}, locals: map[string]*hclsyntax.Attribute{}}
	for _, kind := range []*map[string]*hclsyntax.Block{&m.variables, &m.data, &m.resources, &m.calls, &m.outputs, &m.providers} {
		*kind = map[string]*hclsyntax.Block{}
	}
	for _, path := range paths {
		name := filepath.Base(path)
		text := []byte(instead[name])
		if _, ok := instead[name]; !ok {
			if text, err = os.ReadFile(path); err != nil {
				return nil, err
			}
		}
		m.files[name] = text
		file, diagnostics := hclsyntax.ParseConfig(text, name, hcl.InitialPos)
		if diagnostics.HasErrors() {
			return nil, diagnostics
		}
		m.declare(file.Body.(*hclsyntax.Body))
	}
	return m, nil
}

func (m *module) declare(body *hclsyntax.Body) {
	for name, attribute := range body.Attributes {
		m.problem(attribute.SrcRange, "%s stands outside of all blocks", name)
	}
	for _, b := range body.Blocks {
		kinds := map[string]struct {
			blocks map[string]*hclsyntax.Block
			labels int
		}{
			"variable": {m.variables, 1}, "output": {m.outputs, 1}, "module": {m.calls, 1}, "provider": {m.providers, 1},
			"data": {m.data, 2}, "resource": {m.resources, 2},
		}
		switch kind, ok := kinds[b.Type]; {
		case b.Type == "terraform":
			if len(b.Body.Blocks) == 0 || m.settings != nil {
				m.problem(b.TypeRange, "more than one terraform block, or an empty one")
			}
			m.settings = b
		case b.Type == "locals":
			for name, attribute := range b.Body.Attributes {
				if m.locals[name] != nil {
					m.problem(attribute.SrcRange, "local.%s is there twice", name)
				}
				m.locals[name] = attribute
			}
		case !ok || len(b.Labels) != kind.labels:
			m.problem(b.TypeRange, "a block %s %q", b.Type, b.Labels)
		default:
			name := strings.Join(b.Labels, ".")
			if b.Type == "provider" {
				if alias, ok := b.Body.Attributes["alias"]; ok {
					value, _ := alias.Expr.Value(nil)
					name += "." + value.AsString()
				}
			}
			if kind.blocks[name] != nil {
				m.problem(b.TypeRange, "%s %s is there twice", b.Type, name)
			}
			kind.blocks[name] = b
		}
	}
}

// expressions calls back with every expression of a body, and with the path of
// blocks to it.
func expressions(body *hclsyntax.Body, path string, call func(path string, attribute *hclsyntax.Attribute)) {
	for _, name := range sorted(body.Attributes) {
		call(path+"."+name, body.Attributes[name])
	}
	for _, b := range body.Blocks {
		expressions(b.Body, path+"."+b.Type, call)
	}
}

// checkReferences finds names that lead nowhere, and those that nothing leads to.
func (m *module) checkReferences(others map[string]*module, known providerSchema) {
	used := map[string]bool{}
	check := func(path string, expression hclsyntax.Expression) {
		for _, traversal := range expression.Variables() {
			m.resolve(path, traversal, used, others, known)
		}
	}
	for _, name := range sorted(m.locals) {
		check("local."+name, m.locals[name].Expr)
	}
	for kind, blocks := range map[string]map[string]*hclsyntax.Block{"resource": m.resources, "data": m.data, "output": m.outputs, "module": m.calls, "provider": m.providers} {
		for _, name := range sorted(blocks) {
			expressions(blocks[name].Body, kind+" "+name, func(path string, a *hclsyntax.Attribute) {
				switch a.Name {
				case "providers", "provider":
					m.checkProviders(a)
				default:
					check(path, a.Expr)
				}
			})
		}
	}
	for name, b := range m.variables {
		// A variable's own conditions do not count as a use.
		expressions(b.Body, "variable "+name, func(path string, a *hclsyntax.Attribute) {
			for _, traversal := range a.Expr.Variables() {
				if a.Name != "type" && (traversal.RootName() != "var" || attributeOf(traversal, 1) != name) {
					m.problem(a.SrcRange, "%s refers to %s, not to itself", path, traversal.RootName())
				}
			}
		})
		if !used["var."+name] {
			m.problem(b.TypeRange, "the variable %s is not used", name)
		}
		for _, must := range []string{"description", "type"} {
			if b.Body.Attributes[must] == nil {
				m.problem(b.TypeRange, "the variable %s has no %s", name, must)
			}
		}
	}
	for name, a := range m.locals {
		if !used["local."+name] {
			m.problem(a.SrcRange, "local.%s is not used", name)
		}
	}
	for name, b := range m.data {
		if !used["data."+name] {
			m.problem(b.TypeRange, "data.%s is not used", name)
		}
	}
	for name, b := range m.outputs {
		if b.Body.Attributes["description"] == nil || b.Body.Attributes["value"] == nil {
			m.problem(b.TypeRange, "the output %s has no value or no description", name)
		}
	}
}

func attributeOf(traversal hcl.Traversal, i int) string {
	if len(traversal) <= i {
		return ""
	}
	attribute, _ := traversal[i].(hcl.TraverseAttr)
	return attribute.Name
}

func (m *module) resolve(path string, traversal hcl.Traversal, used map[string]bool, others map[string]*module, known providerSchema) {
	where, root, next := traversal.SourceRange(), traversal.RootName(), attributeOf(traversal, 1)
	nothing := func() { m.problem(where, "%s: there is no %s.%s", path, root, next) }
	switch root {
	case "var":
		used["var."+next] = true
		if m.variables[next] == nil {
			nothing()
		}
	case "local":
		used["local."+next] = true
		if m.locals[next] == nil {
			nothing()
		}
	case "path":
		if !slices.Contains([]string{"module", "root", "cwd"}, next) {
			nothing()
		}
	case "each":
		if !slices.Contains([]string{"key", "value"}, next) {
			nothing()
		}
	case "count":
		if next != "index" {
			nothing()
		}
	case "module":
		call := m.calls[next]
		if call == nil {
			nothing()
		} else if target := others[m.source(call)]; target != nil && target.outputs[attributeOf(traversal, 2)] == nil {
			m.problem(where, "%s: the module %s has no output %s", path, next, attributeOf(traversal, 2))
		}
	case "data":
		name := next + "." + attributeOf(traversal, 2)
		used["data."+name] = true
		if m.data[name] == nil {
			m.problem(where, "%s: there is no data.%s", path, name)
			return
		}
		m.attributeExists(where, path, known.Data[next], "data."+name, traversal[3:])
	default:
		name := root + "." + next
		b := m.resources[name]
		if b == nil {
			nothing()
			return
		}
		rest := traversal[2:]
		repeated := b.Body.Attributes["count"] != nil || b.Body.Attributes["for_each"] != nil
		if len(rest) > 0 {
			_, indexed := rest[0].(hcl.TraverseIndex)
			_, split := rest[0].(hcl.TraverseSplat)
			if (indexed || split) != repeated {
				m.problem(where, "%s: there is one %s, or several, and it is the other way around here", path, name)
			}
			if indexed || split {
				rest = rest[1:]
			}
		}
		m.attributeExists(where, path, known.Resources[root], name, rest)
	}
}

func (m *module) attributeExists(where hcl.Range, path string, schema *blockSchema, name string, rest hcl.Traversal) {
	if schema == nil || len(rest) == 0 {
		return
	}
	if attribute := attributeOf(rest, 0); attribute != "" && !schema.readable(attribute) {
		m.problem(where, "%s: %s has no attribute %s", path, name, attribute)
	}
}

func (m *module) checkProviders(a *hclsyntax.Attribute) {
	for _, traversal := range a.Expr.Variables() {
		name := traversal.RootName()
		if alias := attributeOf(traversal, 1); alias != "" {
			name += "." + alias
		}
		if m.providers[name] == nil {
			m.problem(a.SrcRange, "there is no provider %s", name)
		}
	}
}

// source is the folder that a module block names.
func (m *module) source(call *hclsyntax.Block) string {
	a := call.Body.Attributes["source"]
	if a == nil {
		return ""
	}
	value, _ := a.Expr.Value(nil)
	if value.IsNull() || !value.Type().Equals(cty.String) {
		return ""
	}
	return filepath.Join(m.folder, value.AsString())
}

// checkCalls holds the arguments of module blocks against the variables.
func (m *module) checkCalls(others map[string]*module) {
	for name, call := range m.calls {
		target := others[m.source(call)]
		if target == nil {
			m.problem(call.TypeRange, "the module %s comes from nowhere", name)
			continue
		}
		for argument, a := range call.Body.Attributes {
			if !slices.Contains([]string{"source", "providers", "count", "for_each", "depends_on"}, argument) && target.variables[argument] == nil {
				m.problem(a.SrcRange, "the module %s has no variable %s", name, argument)
			}
		}
		for variable, b := range target.variables {
			if b.Body.Attributes["default"] == nil && call.Body.Attributes[variable] == nil {
				m.problem(call.TypeRange, "the module %s needs %s", name, variable)
			}
		}
	}
}

// checkFormat finds files that `terraform fmt` would change.
func (m *module) checkFormat() {
	for name, text := range m.files {
		if !bytes.Equal(hclwrite.Format(text), text) {
			m.problem(hcl.Range{Filename: name}, "is not formatted")
		}
	}
}

// meta are the arguments and blocks that all resources have.
var meta = []string{"count", "for_each", "depends_on", "provider", "lifecycle"}

// checkSchemas holds what is written against the provider's schema.
func (m *module) checkSchemas(known providerSchema) {
	for kind, blocks := range map[string]map[string]*hclsyntax.Block{"resource": m.resources, "data": m.data} {
		for _, name := range sorted(blocks) {
			resourceType, _, _ := strings.Cut(name, ".")
			if !strings.HasPrefix(resourceType, "aws_") {
				continue // of another provider
			}
			schema := known.Resources[resourceType]
			if kind == "data" {
				schema = known.Data[resourceType]
			}
			if schema == nil {
				m.problem(blocks[name].TypeRange, "the provider has no %s %s", kind, resourceType)
				continue
			}
			m.checkBlock(blocks[name], name, schema)
		}
	}
}

func (m *module) checkBlock(b *hclsyntax.Block, path string, schema *blockSchema) {
	top := len(b.Labels) > 0
	for name, a := range b.Body.Attributes {
		if _, ok := schema.Attributes[name]; !ok && (!top || !slices.Contains(meta, name)) {
			m.problem(a.SrcRange, "%s has no argument %s", path, name)
		}
	}
	counts := map[string]int{}
	for _, inner := range b.Body.Blocks {
		counts[inner.Type]++
		if top && slices.Contains(meta, inner.Type) {
			continue
		}
		next := schema.Blocks[inner.Type]
		switch {
		case next == nil:
			m.problem(inner.TypeRange, "%s has no block %s", path, inner.Type)
			continue
		case next.Single && counts[inner.Type] > 1:
			m.problem(inner.TypeRange, "%s has one block %s at most", path, inner.Type)
		}
		m.checkBlock(inner, path+"."+inner.Type, next)
	}
	for name := range schema.Required {
		if b.Body.Attributes[name] == nil && counts[name] == 0 {
			m.problem(b.TypeRange, "%s needs %s", path, name)
		}
	}
}

// A plan is a module with values for its variables: what Terraform would make.
type plan struct {
	// locals and resources are what could be computed; a resource with count or
	// for_each is a tuple or an object of objects, and what only AWS knows has a
	// sample in its place.
	locals, resources map[string]cty.Value
	// refused are the messages of the conditions that do not hold.
	refused []string
}

// plan computes a module.
func (m *module) plan(t *testing.T, given map[string]cty.Value) *plan {
	t.Helper()
	p, err := m.compute(given)
	if err != nil {
		t.Fatalf("%s: %v", m.folder, err)
	}
	return p
}

func (m *module) compute(given map[string]cty.Value) (*plan, error) {
	p := &plan{locals: map[string]cty.Value{}, resources: map[string]cty.Value{}}
	variables := map[string]cty.Value{}
	for name, b := range m.variables {
		value, err := variable(b, given[name])
		if err != nil {
			return nil, fmt.Errorf("the variable %s: %w", name, err)
		}
		variables[name] = value
	}
	scope := &hcl.EvalContext{Functions: functions(m.folder), Variables: map[string]cty.Value{
		"var":  cty.ObjectVal(variables),
		"path": cty.ObjectVal(map[string]cty.Value{"module": cty.StringVal(".")}),
		"data": cty.ObjectVal(dataSamples),
	}}
	// Each round computes what only needs what the rounds before have, until
	// nothing is left.
	for {
		var left []error
		before := len(p.locals) + len(p.resources)
		for name, a := range m.locals {
			if _, ok := p.locals[name]; !ok {
				value, diagnostics := a.Expr.Value(scope)
				if diagnostics.HasErrors() {
					left = append(left, diagnostics)
					continue
				}
				p.locals[name] = value
			}
		}
		for name, b := range m.resources {
			if _, ok := p.resources[name]; !ok {
				value, err := instances(b, name, scope)
				if err != nil {
					left = append(left, err)
					continue
				}
				p.resources[name] = value
			}
		}
		scope.Variables["local"] = cty.ObjectVal(p.locals)
		byType := map[string]map[string]cty.Value{}
		for name, value := range p.resources {
			resourceType, label, _ := strings.Cut(name, ".")
			if byType[resourceType] == nil {
				byType[resourceType] = map[string]cty.Value{}
			}
			byType[resourceType][label] = value
		}
		for resourceType, values := range byType {
			scope.Variables[resourceType] = cty.ObjectVal(values)
		}
		if len(left) == 0 {
			break
		}
		if len(p.locals)+len(p.resources) == before {
			return nil, left[0]
		}
	}
	refuse := func(b *hclsyntax.Block) error {
		value, diagnostics := b.Body.Attributes["condition"].Expr.Value(scope)
		if diagnostics.HasErrors() {
			return diagnostics
		}
		if value.False() {
			message, _ := b.Body.Attributes["error_message"].Expr.Value(scope)
			p.refused = append(p.refused, message.AsString())
		}
		return nil
	}
	for _, b := range m.variables {
		for _, inner := range b.Body.Blocks {
			if err := refuse(inner); err != nil {
				return nil, err
			}
		}
	}
	for _, b := range m.resources {
		for _, inner := range b.Body.Blocks {
			if inner.Type != "lifecycle" {
				continue
			}
			for _, condition := range inner.Body.Blocks {
				if err := refuse(condition); err != nil {
					return nil, err
				}
			}
		}
	}
	return p, nil
}

// variable is a variable's value: the default where none is given.
func variable(b *hclsyntax.Block, given cty.Value) (cty.Value, error) {
	a := b.Body.Attributes["type"]
	if a == nil {
		return cty.NilVal, fmt.Errorf("has no type")
	}
	wanted, defaults, diagnostics := typeexpr.TypeConstraintWithDefaults(a.Expr)
	if diagnostics.HasErrors() {
		return cty.NilVal, diagnostics
	}
	if given == cty.NilVal {
		a := b.Body.Attributes["default"]
		if a == nil {
			return cty.NilVal, fmt.Errorf("has neither a value nor a default")
		}
		if given, diagnostics = a.Expr.Value(nil); diagnostics.HasErrors() {
			return cty.NilVal, diagnostics
		}
	}
	if defaults != nil {
		given = defaults.Apply(given)
	}
	return convert.Convert(given, wanted)
}

// instances computes a resource.
func instances(b *hclsyntax.Block, name string, scope *hcl.EvalContext) (cty.Value, error) {
	if a := b.Body.Attributes["count"]; a != nil {
		count, diagnostics := a.Expr.Value(scope)
		if diagnostics.HasErrors() {
			return cty.NilVal, diagnostics
		}
		number, _ := count.AsBigFloat().Int64()
		list := []cty.Value{}
		for i := range number {
			value, err := instance(b, name, scope, "count", map[string]cty.Value{"index": cty.NumberIntVal(i)})
			if err != nil {
				return cty.NilVal, err
			}
			list = append(list, value)
		}
		return cty.TupleVal(list), nil
	}
	if a := b.Body.Attributes["for_each"]; a != nil {
		each, diagnostics := a.Expr.Value(scope)
		if diagnostics.HasErrors() {
			return cty.NilVal, diagnostics
		}
		object := map[string]cty.Value{}
		for key, element := range each.AsValueMap() {
			value, err := instance(b, name+"."+key, scope, "each", map[string]cty.Value{"key": cty.StringVal(key), "value": element})
			if err != nil {
				return cty.NilVal, err
			}
			object[key] = value
		}
		return cty.ObjectVal(object), nil
	}
	return instance(b, name, scope, "", nil)
}

func instance(b *hclsyntax.Block, name string, scope *hcl.EvalContext, repeated string, by map[string]cty.Value) (cty.Value, error) {
	inner := scope.NewChild()
	inner.Variables = map[string]cty.Value{}
	if repeated != "" {
		inner.Variables[repeated] = cty.ObjectVal(by)
	}
	object, err := object(b.Body, inner)
	if err != nil {
		return cty.NilVal, err
	}
	resourceType, _, _ := strings.Cut(name, ".")
	for attribute, sample := range computedSamples(resourceType, name) {
		if _, ok := object[attribute]; !ok {
			object[attribute] = cty.StringVal(sample)
		}
	}
	return cty.ObjectVal(object), nil
}

func object(body *hclsyntax.Body, scope *hcl.EvalContext) (map[string]cty.Value, error) {
	found := map[string]cty.Value{}
	for name, a := range body.Attributes {
		if slices.Contains(meta, name) {
			continue
		}
		value, diagnostics := a.Expr.Value(scope)
		if diagnostics.HasErrors() {
			return nil, diagnostics
		}
		found[name] = value
	}
	for _, b := range body.Blocks {
		if slices.Contains(meta, b.Type) {
			continue
		}
		value, err := object(b.Body, scope)
		if err != nil {
			return nil, err
		}
		before := cty.EmptyTupleVal
		if list, ok := found[b.Type]; ok {
			before = list
		}
		found[b.Type] = cty.TupleVal(append(before.AsValueSlice(), cty.ObjectVal(value)))
	}
	return found, nil
}

// computedSamples are what AWS gives a resource.
func computedSamples(resourceType, name string) map[string]string {
	label := strings.ReplaceAll(name, ".", "-")
	arns := map[string]string{
		"aws_dynamodb_table":        "dynamodb:" + testRegion + ":" + testAccount + ":table/acmbot",
		"aws_sqs_queue":             "sqs:" + testRegion + ":" + testAccount + ":" + label,
		"aws_secretsmanager_secret": "secretsmanager:" + testRegion + ":" + testAccount + ":secret:" + label + "-a1b2c3",
		"aws_iam_role":              "iam::" + testAccount + ":role/" + label,
	}
	service := arns[resourceType]
	if service == "" {
		service = "test:" + testRegion + ":" + testAccount + ":" + label
	}
	return map[string]string{
		"arn": "arn:aws:" + service, "id": label, "name": label,
		"url": "https://sqs." + testRegion + ".amazonaws.com/" + testAccount + "/" + label,
	}
}

var dataSamples = map[string]cty.Value{
	"aws_partition":       cty.ObjectVal(map[string]cty.Value{"current": cty.ObjectVal(map[string]cty.Value{"partition": cty.StringVal("aws")})}),
	"aws_region":          cty.ObjectVal(map[string]cty.Value{"current": cty.ObjectVal(map[string]cty.Value{"region": cty.StringVal(testRegion)})}),
	"aws_caller_identity": cty.ObjectVal(map[string]cty.Value{"current": cty.ObjectVal(map[string]cty.Value{"account_id": cty.StringVal(testAccount)})}),
}

// functions are those of Terraform's that the modules use.
func functions(folder string) map[string]function.Function {
	one := []function.Parameter{{Name: "value", Type: cty.DynamicPseudoType}}
	return map[string]function.Function{
		"can": tryfunc.CanFunc, "concat": stdlib.ConcatFunc, "contains": stdlib.ContainsFunc, "floor": stdlib.FloorFunc,
		"join": stdlib.JoinFunc, "jsondecode": stdlib.JSONDecodeFunc, "jsonencode": stdlib.JSONEncodeFunc, "keys": stdlib.KeysFunc, "length": lengthFunction,
		"merge": stdlib.MergeFunc, "regex": stdlib.RegexFunc, "replace": stdlib.ReplaceFunc, "setproduct": stdlib.SetProductFunc,
		"sort": stdlib.SortFunc, "split": stdlib.SplitFunc, "try": tryfunc.TryFunc,
		"tonumber": stdlib.MakeToFunc(cty.Number), "toset": stdlib.MakeToFunc(cty.Set(cty.DynamicPseudoType)), "tostring": stdlib.MakeToFunc(cty.String),
		"alltrue": function.New(&function.Spec{Params: one, Type: function.StaticReturnType(cty.Bool), Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			for _, value := range args[0].AsValueSlice() {
				if value.False() {
					return cty.False, nil
				}
			}
			return cty.True, nil
		}}),
		"file": function.New(&function.Spec{Params: []function.Parameter{{Name: "path", Type: cty.String}}, Type: function.StaticReturnType(cty.String), Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			text, err := os.ReadFile(filepath.Join(folder, args[0].AsString()))
			return cty.StringVal(string(text)), err
		}}),
	}
}

// lengthFunction is that of a text, too, as Terraform's is.
var lengthFunction = function.New(&function.Spec{
	Params: []function.Parameter{{Name: "value", Type: cty.DynamicPseudoType}},
	Type:   function.StaticReturnType(cty.Number),
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		if args[0].Type().Equals(cty.String) {
			return stdlib.Strlen(args[0])
		}
		return stdlib.Length(args[0])
	},
})
