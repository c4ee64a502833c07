// Package secrets reads secrets where they are kept: in a file, in AWS Secrets
// Manager, or in AWS Systems Manager Parameter Store. Its errors say where it
// looked and what is wrong there, and never hold any of a secret.
package secrets

import (
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
)

// A Kind is where secrets are kept.
type Kind string

// The kinds, which are the words that references begin with.
const (
	File           Kind = "file"
	SecretsManager Kind = "secretsmanager"
	ParameterStore Kind = "ssm"
)

// A Reference says where a secret is kept. The zero Reference says nothing.
type Reference struct {
	Kind Kind
	// Place is a file's absolute path, or the name or ARN of a secret or of a
	// parameter.
	Place string
	// Key is the key whose value is meant, where the secret is a JSON object of
	// several; empty for the secret as a whole.
	Key string
	// Region is the one that an ARN names; empty where the AWS configuration's
	// is meant.
	Region string
}

// String is the reference as it is written. There is no secret in it.
func (r Reference) String() string {
	if r.Kind == "" {
		return ""
	}
	s := string(r.Kind) + ":" + r.Place
	if r.Key != "" {
		s += "#" + r.Key
	}
	return s
}

// OnAWS reports whether the secret is kept at AWS.
func (r Reference) OnAWS() bool { return r.Kind == SecretsManager || r.Kind == ParameterStore }

// Names and ARNs as the services have them ("CreateSecret", AWS Secrets Manager
// API Reference,
// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html;
// "PutParameter" and "GetParameter", AWS Systems Manager API Reference,
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html).
// A parameter's version or label may follow its name after a colon.
var (
	secretName    = regexp.MustCompile(`^[A-Za-z0-9/_+=.@-]+$`)
	secretARN     = regexp.MustCompile(`^arn:aws[a-z-]*:secretsmanager:([a-z0-9-]+):[0-9]{12}:secret:[A-Za-z0-9/_+=.@-]+$`)
	parameterName = regexp.MustCompile(`^[A-Za-z0-9/_.-]+(:[A-Za-z0-9_.-]+)?$`)
	parameterARN  = regexp.MustCompile(`^arn:aws[a-z-]*:ssm:([a-z0-9-]+):[0-9]{12}:parameter/[A-Za-z0-9/_.-]+(:[A-Za-z0-9_.-]+)?$`)
)

// Parse reads a reference: "file:" and a path, "secretsmanager:" and a secret's
// name or ARN with perhaps "#" and a JSON key, or "ssm:" and a parameter's name
// or ARN; an ARN may stand by itself, too. Other text is no reference, but the
// secret itself, of which ok is false. Err ends a sentence that begins with the
// setting's name.
func Parse(text string) (r Reference, ok bool, err error) {
	text = strings.TrimSpace(text)
	switch kind, place, _ := strings.Cut(text, ":"); {
	case Kind(kind) == File:
		r, err = parseFile(place)
	case Kind(kind) == SecretsManager:
		r, err = parseSecret(place)
	case Kind(kind) == ParameterStore:
		r, err = parseParameter(place)
	case kind == "arn" && strings.Contains(text, ":secretsmanager:"):
		r, err = parseSecret(text)
	case kind == "arn" && strings.Contains(text, ":ssm:"):
		r, err = parseParameter(text)
	default:
		return Reference{}, false, nil
	}
	return r, true, err
}

func parseFile(path string) (Reference, error) {
	if address, ok := strings.CutPrefix(path, "//"); ok { // as in a URL, without a host
		path = address
	}
	switch {
	case path == "":
		return Reference{}, errors.New("says file: and names none")
	case !filepath.IsAbs(path):
		return Reference{}, fmt.Errorf("names the file %q, which is not an absolute path", path)
	}
	return Reference{Kind: File, Place: filepath.Clean(path)}, nil
}

func parseSecret(place string) (Reference, error) {
	id, key, hasKey := strings.Cut(place, "#")
	arn := secretARN.FindStringSubmatch(id)
	switch {
	case id == "":
		return Reference{}, errors.New("says secretsmanager: and names no secret")
	case hasKey && key == "":
		return Reference{}, errors.New("names no JSON key after the #")
	case arn != nil:
		return Reference{Kind: SecretsManager, Place: id, Key: key, Region: arn[1]}, nil
	case secretName.MatchString(id):
		return Reference{Kind: SecretsManager, Place: id, Key: key}, nil
	}
	return Reference{}, fmt.Errorf("has %q, which is neither a secret's name nor its ARN", id)
}

func parseParameter(place string) (Reference, error) {
	arn := parameterARN.FindStringSubmatch(place)
	switch {
	case place == "":
		return Reference{}, errors.New("says ssm: and names no parameter")
	case strings.Contains(place, "#"):
		return Reference{}, errors.New("has a # after a parameter's name; only secrets of Secrets Manager have JSON keys")
	case arn != nil:
		return Reference{Kind: ParameterStore, Place: place, Region: arn[1]}, nil
	case parameterName.MatchString(place):
		return Reference{Kind: ParameterStore, Place: place}, nil
	}
	return Reference{}, fmt.Errorf("has %q, which is neither a parameter's name nor its ARN", place)
}
