package checkup

import "regexp"

// secrets are what must not get out, whoever puts it into a text: Slack's
// tokens ("Token types", https://docs.slack.dev/authentication/tokens) and the
// addresses that Slack gives out to be written to, AWS's access keys ("IAM
// identifiers", IAM User Guide,
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html),
// and passwords in addresses.
var secrets = []struct {
	pattern *regexp.Regexp
	instead string
}{
	{regexp.MustCompile(`\bx(ox[a-z]|app)(\.[a-z0-9]+)?-[A-Za-z0-9-]{6,}`), "x$1-…"},
	{regexp.MustCompile(`\b(AKIA|ASIA)[A-Z0-9]{12,}`), "$1…"},
	{regexp.MustCompile(`(://)[^/\s@]+@`), "$1…@"},
	{regexp.MustCompile(`(hooks\.slack\.com/)[A-Za-z0-9/_-]+`), "$1…"},
	{regexp.MustCompile(`(?i)((?:ticket|token|secret|signature|password)=)[^&\s]+`), "$1…"},
}

// scrub takes what looks like a secret out of a text.
func scrub(s string) string {
	for _, secret := range secrets {
		s = secret.pattern.ReplaceAllString(s, secret.instead)
	}
	return s
}
