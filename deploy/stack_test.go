package deploy

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/dlclark/regexp2"
)

// Where the stacks of these tests are.
const (
	testAccount = "111122223333"
	testRegion  = "eu-central-1"
	testStack   = "acmbot"
)

// A stack is a template with values for its parameters, as CloudFormation would
// see it just before it makes the resources.
type stack struct {
	template   *template
	schemas    schemas
	parameters map[string]any
	conditions map[string]bool
	// refused are the rules that the parameters break.
	refused []string
	// resources and outputs are those whose condition holds, with all
	// functions computed. What only AWS could know has a sample in its place.
	resources map[string]resource
	outputs   map[string]any
	// problems are what is wrong with the template.
	problems []string
}

// newStack computes a stack. Parameters that are not given have their default.
func newStack(tpl *template, known schemas, given map[string]string) *stack {
	s := &stack{
		template: tpl, schemas: known,
		parameters: map[string]any{}, conditions: map[string]bool{},
		resources: map[string]resource{}, outputs: map[string]any{},
	}
	for _, name := range sorted(given) {
		if _, ok := tpl.Parameters[name]; !ok {
			s.problem("there is no parameter %s", name)
		}
	}
	for _, name := range sorted(tpl.Parameters) {
		s.parameter(name, given)
	}
	for _, name := range sorted(tpl.Conditions) {
		s.condition("condition "+name, map[string]any{"Condition": name})
	}
	for _, name := range sorted(tpl.Rules) {
		r := tpl.Rules[name]
		if r.RuleCondition != nil && !s.condition("rule "+name, r.RuleCondition) {
			continue
		}
		for _, a := range r.Assertions {
			if !s.condition("rule "+name, a.Assert) {
				s.refused = append(s.refused, name)
			}
		}
	}
	for _, name := range sorted(tpl.Resources) {
		r := tpl.Resources[name]
		if s.exists(r.Condition) {
			properties, _ := s.value("resource "+name, toMap(r.Properties)).(map[string]any)
			r.Properties = properties
			s.resources[name] = r
		}
	}
	for _, name := range sorted(tpl.Outputs) {
		o := tpl.Outputs[name]
		if s.exists(o.Condition) {
			value := s.value("output "+name, o.Value)
			if _, ok := value.(string); !ok {
				s.problem("output %s: is no text: %v", name, value)
			}
			s.outputs[name] = value
		}
	}
	return s
}

func (s *stack) problem(format string, args ...any) {
	s.problems = append(s.problems, fmt.Sprintf(format, args...))
}

// exists says whether what has this condition is made.
func (s *stack) exists(condition string) bool {
	return condition == "" || s.conditions[condition]
}

// parameter takes a parameter's value, and holds it against what the template
// says of it ("Parameters syntax", AWS CloudFormation User Guide,
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/parameters-section-structure.html).
func (s *stack) parameter(name string, given map[string]string) {
	p := s.template.Parameters[name]
	text, ok := given[name]
	if !ok {
		if p.Default == nil {
			s.problem("parameter %s: has neither a value nor a default", name)
			return
		}
		text = fmt.Sprint(p.Default)
	}
	if p.AllowedPattern != "" {
		// Java's expressions, which are all but those of Perl.
		allowed, err := regexp2.Compile(p.AllowedPattern, regexp2.None)
		if err != nil {
			s.problem("parameter %s: AllowedPattern: %v", name, err)
		} else if ok, err := allowed.MatchString(text); err != nil || !ok {
			s.problem("parameter %s: %q does not match %s", name, text, p.AllowedPattern)
		}
	}
	if p.AllowedValues != nil && !slices.ContainsFunc(p.AllowedValues, func(v any) bool { return fmt.Sprint(v) == text }) {
		s.problem("parameter %s: %q is not among %v", name, text, p.AllowedValues)
	}
	if p.MinLength != nil && len(text) < *p.MinLength || p.MaxLength != nil && len(text) > *p.MaxLength {
		s.problem("parameter %s: %q is too short or too long", name, text)
	}
	switch {
	case p.Type == "Number":
		number, err := strconv.ParseFloat(text, 64)
		if err != nil {
			s.problem("parameter %s: %q is no number", name, text)
		}
		if p.MinValue != nil && number < *p.MinValue || p.MaxValue != nil && number > *p.MaxValue {
			s.problem("parameter %s: %v is too small or too large", name, number)
		}
		s.parameters[name] = number
	case p.Type == "CommaDelimitedList" || strings.HasPrefix(p.Type, "List<"):
		list := []any{}
		for item := range strings.SplitSeq(text, ",") {
			list = append(list, strings.TrimSpace(item))
		}
		s.parameters[name] = list
	case p.Type == "String" || p.Type == "AWS::EC2::VPC::Id":
		s.parameters[name] = text
	default:
		s.problem("parameter %s: the type %q is not known to this test", name, p.Type)
	}
}

// noValue is the value of the pseudo parameter AWS::NoValue.
type noValue struct{}

var pseudo = map[string]any{
	"AWS::AccountId": testAccount, "AWS::Region": testRegion, "AWS::Partition": "aws", "AWS::StackName": testStack,
	"AWS::StackId":   "arn:aws:cloudformation:" + testRegion + ":" + testAccount + ":stack/" + testStack + "/0a1b2c3d-0000-1111-2222-333344445555",
	"AWS::URLSuffix": "amazonaws.com", "AWS::NoValue": noValue{},
}

// value computes the functions in a value ("Intrinsic function reference", AWS
// CloudFormation Template Reference,
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html).
func (s *stack) value(where string, v any) any {
	switch v := v.(type) {
	case map[string]any:
		if name, argument, ok := intrinsic(v); ok {
			return s.function(where, name, argument)
		}
		object := map[string]any{}
		for _, key := range sorted(v) {
			if value := s.value(where+"."+key, v[key]); value != (noValue{}) {
				object[key] = value
			}
		}
		return object
	case []any:
		list := []any{}
		for i, item := range v {
			if value := s.value(fmt.Sprintf("%s[%d]", where, i), item); value != (noValue{}) {
				list = append(list, value)
			}
		}
		return list
	default:
		return v
	}
}

// intrinsic says which function a value is.
func intrinsic(v map[string]any) (name string, argument any, ok bool) {
	if len(v) != 1 {
		return "", nil, false
	}
	for name, argument := range v {
		// "Condition" is a function in conditions only; elsewhere it is a
		// policy's.
		if name == "Ref" || strings.HasPrefix(name, "Fn::") {
			return name, argument, true
		}
	}
	return "", nil, false
}

func (s *stack) function(where, name string, argument any) any {
	list, _ := argument.([]any)
	wants := func(count int) bool {
		if len(list) != count {
			s.problem("%s: %s takes %d values", where, name, count)
		}
		return len(list) == count
	}
	switch name {
	case "Ref":
		return s.ref(where, fmt.Sprint(argument))
	case "Fn::GetAtt":
		if !wants(2) {
			return ""
		}
		return s.attribute(where, fmt.Sprint(list[0]), fmt.Sprint(list[1]))
	case "Fn::If":
		if !wants(3) {
			return ""
		}
		if s.condition(where, map[string]any{"Condition": list[0]}) {
			return s.value(where, list[1])
		}
		return s.value(where, list[2])
	case "Fn::Sub":
		text, ok := argument.(string)
		if !ok {
			s.problem("%s: Fn::Sub without a text", where)
			return ""
		}
		return s.substitute(where, text)
	case "Fn::Join":
		if !wants(2) {
			return ""
		}
		items, ok := s.value(where, list[1]).([]any)
		separator, isText := list[0].(string)
		if !ok || !isText {
			s.problem("%s: Fn::Join takes a text and a list", where)
			return ""
		}
		var parts []string
		for _, item := range items {
			parts = append(parts, s.text(where, item))
		}
		return strings.Join(parts, separator)
	case "Fn::Split":
		if !wants(2) {
			return []any{}
		}
		parts := []any{}
		for part := range strings.SplitSeq(s.text(where, s.value(where, list[1])), fmt.Sprint(list[0])) {
			parts = append(parts, part)
		}
		return parts
	case "Fn::Select":
		if !wants(2) {
			return ""
		}
		items, _ := s.value(where, list[1]).([]any)
		i, err := strconv.Atoi(fmt.Sprint(list[0]))
		if err != nil || i < 0 || i >= len(items) {
			s.problem("%s: Fn::Select takes number %v of %d", where, list[0], len(items))
			return ""
		}
		return items[i]
	case "Fn::FindInMap":
		if !wants(3) {
			return ""
		}
		keys := make([]string, 3)
		for i, item := range list {
			keys[i] = s.text(where, s.value(where, item))
		}
		value, ok := s.template.Mappings[keys[0]][keys[1]][keys[2]]
		if !ok {
			s.problem("%s: the mappings have no %s", where, strings.Join(keys, "."))
			return ""
		}
		return value
	default:
		s.problem("%s: the function %s is not known to this test", where, name)
		return ""
	}
}

// condition computes a condition.
func (s *stack) condition(where string, v any) bool {
	object, _ := v.(map[string]any)
	if len(object) != 1 {
		s.problem("%s: %v is no condition", where, v)
		return false
	}
	for name, argument := range object {
		list, _ := argument.([]any)
		switch {
		case name == "Condition":
			named := fmt.Sprint(argument)
			if holds, ok := s.conditions[named]; ok {
				return holds
			}
			definition, ok := s.template.Conditions[named]
			if !ok {
				s.problem("%s: there is no condition %s", where, named)
				return false
			}
			s.conditions[named] = false // where it is made of itself
			s.conditions[named] = s.condition("condition "+named, definition)
			return s.conditions[named]
		case name == "Fn::Equals" && len(list) == 2:
			return s.text(where, s.value(where, list[0])) == s.text(where, s.value(where, list[1]))
		case name == "Fn::Not" && len(list) == 1:
			return !s.condition(where, list[0])
		case (name == "Fn::And" || name == "Fn::Or") && len(list) >= 2 && len(list) <= 10:
			holds := 0
			for _, item := range list {
				if s.condition(where, item) {
					holds++
				}
			}
			return holds == len(list) || name == "Fn::Or" && holds > 0
		}
	}
	s.problem("%s: %v is no condition", where, v)
	return false
}

// text is a value as part of a longer one.
func (s *stack) text(where string, v any) string {
	switch v := v.(type) {
	case string, float64, bool:
		return fmt.Sprint(v)
	default:
		s.problem("%s: %v is used as a text", where, v)
		return ""
	}
}

var placeholder = regexp.MustCompile(`\$\{([^}]*)\}`)

func (s *stack) substitute(where, text string) string {
	return placeholder.ReplaceAllStringFunc(text, func(found string) string {
		name := found[2 : len(found)-1]
		if literal, ok := strings.CutPrefix(name, "!"); ok {
			return "${" + literal + "}"
		}
		if logical, attribute, ok := strings.Cut(name, "."); ok {
			return s.text(where, s.attribute(where, logical, attribute))
		}
		return s.text(where, s.ref(where, name))
	})
}

func (s *stack) ref(where, name string) any {
	if value, ok := pseudo[name]; ok {
		return value
	}
	if _, ok := s.template.Parameters[name]; ok {
		return s.parameters[name]
	}
	r, ok := s.made(where, name)
	if !ok {
		return ""
	}
	sample, ok := refSamples[r.Type]
	if !ok {
		s.problem("%s: this test does not know what a reference to a %s is", where, r.Type)
	}
	return strings.ReplaceAll(sample, "NAME", name)
}

// made is a resource that is referred to.
func (s *stack) made(where, name string) (resource, bool) {
	r, ok := s.template.Resources[name]
	if !ok {
		s.problem("%s: there is neither a parameter nor a resource %s", where, name)
		return r, false
	}
	if !s.exists(r.Condition) {
		s.problem("%s: refers to %s, which is not made", where, name)
	}
	return r, true
}

func (s *stack) attribute(where, name, attribute string) any {
	r, ok := s.made(where, name)
	if !ok {
		return ""
	}
	if known, ok := s.schemas[r.Type]; ok && !known.hasAttribute(attribute) {
		s.problem("%s: a %s has no attribute %s", where, r.Type, attribute)
		return ""
	}
	sample, ok := attributeSamples[r.Type+"."+attribute]
	if !ok {
		s.problem("%s: this test does not know what %s of a %s is like", where, attribute, r.Type)
	}
	return strings.ReplaceAll(sample, "NAME", name)
}

// refSamples are what a reference to a resource is, NAME being the resource's
// logical name: "Return values", "Ref" on each resource's page of the AWS
// CloudFormation Template Reference.
var refSamples = map[string]string{
	"AWS::DynamoDB::Table":        "acmbot-NAME-1A2B3C4D5E6F7",
	"AWS::SecretsManager::Secret": "arn:aws:secretsmanager:" + testRegion + ":" + testAccount + ":secret:NAME-1A2B3C4D5E6F-a1b2c3",
	"AWS::SQS::Queue":             "https://sqs." + testRegion + ".amazonaws.com/" + testAccount + "/acmbot-NAME-1A2B3C4D5E6F",
	"AWS::Events::EventBus":       "acmbot-events",
	"AWS::Logs::LogGroup":         "acmbot-NAME-1A2B3C4D5E6F",
	"AWS::ECS::Cluster":           "acmbot-NAME-1A2B3C4D5E6F",
	"AWS::ECS::TaskDefinition":    "arn:aws:ecs:" + testRegion + ":" + testAccount + ":task-definition/acmbot:1",
}

var attributeSamples = map[string]string{
	"AWS::DynamoDB::Table.Arn":        "arn:aws:dynamodb:" + testRegion + ":" + testAccount + ":table/acmbot-NAME-1A2B3C4D5E6F7",
	"AWS::SQS::Queue.Arn":             "arn:aws:sqs:" + testRegion + ":" + testAccount + ":acmbot-NAME-1A2B3C4D5E6F",
	"AWS::SQS::Queue.QueueName":       "acmbot-NAME-1A2B3C4D5E6F",
	"AWS::Events::Rule.Arn":           "arn:aws:events:" + testRegion + ":" + testAccount + ":rule/acmbot-NAME-1A2B3C4D5E6F",
	"AWS::Events::EventBus.Arn":       "arn:aws:events:" + testRegion + ":" + testAccount + ":event-bus/acmbot-events",
	"AWS::Logs::LogGroup.Arn":         "arn:aws:logs:" + testRegion + ":" + testAccount + ":log-group:acmbot-NAME-1A2B3C4D5E6F:*",
	"AWS::IAM::Role.Arn":              "arn:aws:iam::" + testAccount + ":role/acmbot-NAME-1A2B3C4D5E6F",
	"AWS::EC2::SecurityGroup.GroupId": "sg-0123456789abcdef0",
	"AWS::ECS::Service.Name":          "acmbot-NAME-1A2B3C4D5E6F",
}

// A reference is the use of a name, somewhere in a template.
type reference struct{ where, name, attribute string }

// references lists every use of a parameter or resource, and of a condition,
// in all branches.
func (t *template) references() (names, conditions []reference) {
	var walk func(where string, v any)
	walk = func(where string, v any) {
		switch v := v.(type) {
		case map[string]any:
			name, argument, _ := intrinsic(v)
			list, _ := argument.([]any)
			switch {
			case name == "Ref":
				names = append(names, reference{where, fmt.Sprint(argument), ""})
			case name == "Fn::GetAtt" && len(list) == 2:
				names = append(names, reference{where, fmt.Sprint(list[0]), fmt.Sprint(list[1])})
			case name == "Fn::Sub":
				for _, found := range placeholder.FindAllStringSubmatch(fmt.Sprint(argument), -1) {
					logical, attribute, _ := strings.Cut(found[1], ".")
					names = append(names, reference{where, logical, attribute})
				}
			case name == "Fn::If" && len(list) == 3:
				conditions = append(conditions, reference{where, fmt.Sprint(list[0]), ""})
			}
			if named, ok := v["Condition"].(string); ok && len(v) == 1 {
				conditions = append(conditions, reference{where, named, ""})
			}
			for _, key := range sorted(v) {
				walk(where+"."+key, v[key])
			}
		case []any:
			for i, item := range v {
				walk(fmt.Sprintf("%s[%d]", where, i), item)
			}
		}
	}
	for _, name := range sorted(t.Conditions) {
		walk("condition "+name, t.Conditions[name])
	}
	for _, name := range sorted(t.Rules) {
		walk("rule "+name, t.Rules[name].RuleCondition)
		for _, a := range t.Rules[name].Assertions {
			walk("rule "+name, a.Assert)
		}
	}
	for _, name := range sorted(t.Resources) {
		r := t.Resources[name]
		walk("resource "+name, toMap(r.Properties))
		if r.Condition != "" {
			conditions = append(conditions, reference{"resource " + name, r.Condition, ""})
		}
	}
	for _, name := range sorted(t.Outputs) {
		o := t.Outputs[name]
		walk("output "+name, o.Value)
		if o.Condition != "" {
			conditions = append(conditions, reference{"output " + name, o.Condition, ""})
		}
	}
	return names, conditions
}

func toMap(m map[string]any) any {
	if m == nil {
		return map[string]any{}
	}
	return m
}

func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
