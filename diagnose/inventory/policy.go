package inventory

import (
	"encoding/json"
	"slices"
	"strings"
)

// texts is a string or a list of strings, as policies have them.
type texts []string

func (t *texts) UnmarshalJSON(data []byte) error {
	if strings.HasPrefix(strings.TrimSpace(string(data)), "[") {
		return json.Unmarshal(data, (*[]string)(t))
	}
	var one string
	if err := json.Unmarshal(data, &one); err != nil {
		return err
	}
	*t = texts{one}
	return nil
}

// principals is "*" or lists by kind.
type principals []string

func (p *principals) UnmarshalJSON(data []byte) error {
	var one string
	if json.Unmarshal(data, &one) == nil {
		*p = principals{one}
		return nil
	}
	var kinds map[string]texts
	if err := json.Unmarshal(data, &kinds); err != nil {
		return err
	}
	for _, list := range kinds {
		*p = append(*p, list...)
	}
	return nil
}

// allowed are the principals that a resource policy allows something, and the
// organizations that its conditions name ("Resource-based policies", AWS
// Private CA User Guide,
// https://docs.aws.amazon.com/privateca/latest/userguide/pca-rbp.html). It
// reports false where the policy cannot be read.
func allowed(policy string) ([]string, bool) {
	var document struct {
		Statement []struct {
			Effect    string
			Principal principals
			Condition map[string]map[string]texts
		}
	}
	if json.Unmarshal([]byte(policy), &document) != nil {
		return nil, false
	}
	var list []string
	for _, s := range document.Statement {
		if s.Effect != "Allow" {
			continue
		}
		list = append(list, s.Principal...)
		for _, condition := range s.Condition {
			for key, values := range condition {
				if strings.HasPrefix(strings.ToLower(key), "aws:principalorg") {
					list = append(list, values...)
				}
			}
		}
	}
	slices.Sort(list)
	return slices.Compact(list), true
}
