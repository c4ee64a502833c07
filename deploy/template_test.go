package deploy

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"gopkg.in/yaml.v3"
)

// A template is a CloudFormation template ("Template sections", AWS
// CloudFormation User Guide,
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-anatomy.html).
// In its values a function is an object that has the function's full name for
// its only key, whichever form it was written in.
type template struct {
	AWSTemplateFormatVersion string
	Description              string
	Metadata                 map[string]any
	Parameters               map[string]parameter
	Rules                    map[string]rule
	Mappings                 map[string]map[string]map[string]any
	Conditions               map[string]any
	Resources                map[string]resource
	Outputs                  map[string]output
}

type parameter struct {
	Type, Description, AllowedPattern string

	Default              any
	AllowedValues        []any
	NoEcho               bool
	MinLength, MaxLength *int
	MinValue, MaxValue   *float64
}

type rule struct {
	RuleCondition any
	Assertions    []struct {
		Assert            any
		AssertDescription string
	}
}

type resource struct {
	Type, Condition                     string
	DeletionPolicy, UpdateReplacePolicy string
	DependsOn                           any
	Properties                          map[string]any
}

type output struct {
	Description, Condition string
	Value                  any
}

// parseTemplate reads a template. A section or an attribute that is not among
// the above is an error.
func parseTemplate(text []byte) (*template, error) {
	var root yaml.Node
	if err := yaml.Unmarshal(text, &root); err != nil {
		return nil, err
	}
	if len(root.Content) != 1 {
		return nil, errors.New("it is empty")
	}
	tree, err := valueOf(root.Content[0])
	if err != nil {
		return nil, err
	}
	document, err := json.Marshal(tree)
	if err != nil {
		return nil, err
	}
	decoder := json.NewDecoder(bytes.NewReader(document))
	decoder.DisallowUnknownFields()
	var tpl template
	if err := decoder.Decode(&tpl); err != nil {
		return nil, err
	}
	return &tpl, nil
}

// valueOf turns a node of YAML into what JSON would have for it.
func valueOf(n *yaml.Node) (any, error) {
	value, err := untagged(n)
	if err != nil || !strings.HasPrefix(n.Tag, "!") || strings.HasPrefix(n.Tag, "!!") {
		return value, err
	}
	switch name := n.Tag[1:]; name {
	case "Ref", "Condition":
		return map[string]any{name: value}, nil
	case "GetAtt":
		if text, ok := value.(string); ok {
			logical, attribute, _ := strings.Cut(text, ".")
			value = []any{logical, attribute}
		}
		return map[string]any{"Fn::GetAtt": value}, nil
	default:
		return map[string]any{"Fn::" + name: value}, nil
	}
}

func untagged(n *yaml.Node) (any, error) {
	switch n.Kind {
	case yaml.MappingNode:
		object := map[string]any{}
		for i := 0; i+1 < len(n.Content); i += 2 {
			key := n.Content[i].Value
			if _, ok := object[key]; ok {
				return nil, fmt.Errorf("line %d: %q is there twice", n.Content[i].Line, key)
			}
			value, err := valueOf(n.Content[i+1])
			if err != nil {
				return nil, err
			}
			object[key] = value
		}
		return object, nil
	case yaml.SequenceNode:
		list := make([]any, len(n.Content))
		for i, child := range n.Content {
			value, err := valueOf(child)
			if err != nil {
				return nil, err
			}
			list[i] = value
		}
		return list, nil
	case yaml.ScalarNode:
		bare := *n
		if !strings.HasPrefix(n.Tag, "!!") || n.Tag == "!!timestamp" {
			bare.Tag = "!!str"
		}
		var value any
		if err := bare.Decode(&value); err != nil {
			return nil, fmt.Errorf("line %d: %w", n.Line, err)
		}
		return value, nil
	default:
		return nil, fmt.Errorf("line %d: neither an object, nor a list, nor a value", n.Line)
	}
}
