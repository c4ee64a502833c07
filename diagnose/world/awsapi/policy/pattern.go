package policy

import (
	"regexp"
	"strings"
)

// glob matches a text as a whole: "*" stands for any characters, "?" for any
// one.
func glob(pattern, text string) bool { return matches(translate(pattern, ".*", "."), text) }

// globARN matches an ARN with the pattern of a Resource element. A "*" stays
// within its segment, but where it ends it ("IAM JSON policy elements:
// Resource", IAM User Guide,
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html).
func globARN(pattern, arn string) bool {
	segments := strings.Split(pattern, ":")
	var expression strings.Builder
	for i, s := range segments {
		if i > 0 {
			expression.WriteByte(':')
		}
		inner, ends := strings.CutSuffix(s, "*")
		expression.WriteString(translate(inner, "[^:]*", "[^:]"))
		if ends {
			expression.WriteString(".*")
		}
	}
	return matches(expression.String(), arn)
}

// arnLike compares the six parts of an ARN, each by itself ("Amazon Resource
// Name (ARN) condition operators", IAM User Guide,
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html#Conditions_ARN).
func arnLike(pattern, arn string) bool {
	patterns, parts := strings.SplitN(pattern, ":", 6), strings.SplitN(arn, ":", 6)
	if len(patterns) != 6 || len(parts) != 6 {
		return false
	}
	for i := range patterns {
		if !glob(patterns[i], parts[i]) {
			return false
		}
	}
	return true
}

// translate makes a regular expression of a pattern: of "*" several, of "?" one.
func translate(pattern, several, one string) string {
	return strings.NewReplacer(`\*`, several, `\?`, one).Replace(regexp.QuoteMeta(pattern))
}

func matches(expression, text string) bool {
	return regexp.MustCompile("^(?s:" + expression + ")$").MatchString(text)
}
