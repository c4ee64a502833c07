package secrets

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
)

// A Reader reads secrets.
type Reader struct {
	// Config is how AWS is called: credentials, home region, endpoint.
	Config aws.Config
	// Timeout ends the reading of one secret; 15 s where zero.
	Timeout time.Duration
}

// mostRead is more than any secret has: 64 KiB is what Secrets Manager takes
// ("AWS Secrets Manager quotas", AWS Secrets Manager User Guide,
// https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_limits.html).
const mostRead = 64 << 10

// Read returns a secret as it is now, without line ends after it. Its error is
// a *Fault, or ctx's.
func (r Reader) Read(ctx context.Context, ref Reference) (string, error) {
	timeout := r.Timeout
	if timeout == 0 {
		timeout = 15 * time.Second
	}
	bounded, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	var value string
	var fault *Fault
	switch ref.Kind {
	case File:
		value, fault = readFile(ref)
	case SecretsManager, ParameterStore:
		config := r.Config.Copy()
		if ref.Region != "" {
			config.Region = ref.Region
		}
		if config.Region == "" {
			fault = &Fault{
				Problem: fmt.Sprintf("refers to %s, and nothing says in which region that is", ref.name()),
				Fix:     "Set AWS_REGION, or write its ARN",
			}
			break
		}
		ref.Region = config.Region
		fault = signable(bounded, config, ref)
		switch {
		case fault != nil:
		case ref.Kind == SecretsManager:
			value, fault = readSecret(bounded, config, ref)
		default:
			value, fault = readParameter(bounded, config, ref)
		}
	default:
		fault = &Fault{Problem: "refers to nothing"}
	}
	if fault != nil {
		if ctx.Err() != nil {
			return "", ctx.Err()
		}
		return "", fault
	}
	value = strings.TrimRight(value, "\r\n")
	switch {
	case strings.TrimSpace(value) == "":
		return "", &Fault{Problem: fmt.Sprintf("refers to %s, which is empty", ref.where())}
	case !utf8.ValidString(value) || strings.ContainsRune(value, 0):
		return "", &Fault{Problem: fmt.Sprintf("refers to %s, which is not text", ref.where())}
	case ref.Kind == SecretsManager && ref.Key == "" && strings.HasPrefix(strings.TrimSpace(value), "{"):
		return "", &Fault{
			Problem: fmt.Sprintf("refers to %s, which is JSON with several values", ref.where()),
			Fix:     "Write the key whose value is meant after a #, such as " + ref.String() + "#key",
		}
	}
	return value, nil
}

func readFile(ref Reference) (string, *Fault) {
	info, err := os.Stat(ref.Place)
	if err == nil && !info.Mode().IsRegular() {
		return "", &Fault{Problem: fmt.Sprintf("refers to %s, which is not a regular file", ref.where())}
	}
	var f *os.File
	if err == nil {
		f, err = os.Open(ref.Place)
	}
	switch {
	case errors.Is(err, os.ErrNotExist):
		return "", &Fault{Problem: fmt.Sprintf("refers to %s, which does not exist", ref.where()), err: err}
	case errors.Is(err, os.ErrPermission):
		return "", &Fault{Problem: fmt.Sprintf("refers to %s, which this user may not read", ref.where()), err: err}
	case err != nil:
		return "", &Fault{Problem: fmt.Sprintf("refers to %s, which cannot be read", ref.where()), err: err}
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, mostRead+1))
	switch {
	case err != nil:
		return "", &Fault{Problem: fmt.Sprintf("refers to %s, which cannot be read", ref.where()), err: err}
	case len(text) > mostRead:
		return "", &Fault{Problem: fmt.Sprintf("refers to %s, which is too long for a secret", ref.where())}
	}
	return string(text), nil
}

// Exposed reports whether others on this machine than the file's owner and
// group can read the secret. Files that a container runtime mounts under
// /run/secrets are left out: it chooses their mode, and nobody else is in the
// container.
func (r Reference) Exposed() bool {
	if r.Kind != File || strings.HasPrefix(r.Place, "/run/secrets/") || strings.HasPrefix(r.Place, "/var/run/secrets/") {
		return false
	}
	info, err := os.Stat(r.Place)
	return err == nil && info.Mode().IsRegular() && info.Mode().Perm()&0o004 != 0
}

// signable makes sure that there are credentials. The SDK's own error would not tell
// their lack from a network that fails.
func signable(ctx context.Context, config aws.Config, ref Reference) *Fault {
	missing := &Fault{
		Problem: fmt.Sprintf("refers to %s, and there are no AWS credentials to read it with", ref.where()),
		Fix:     "`aws sts get-caller-identity` shows whether there are any",
	}
	if config.Credentials == nil {
		return missing
	}
	if _, err := config.Credentials.Retrieve(ctx); err != nil {
		missing.err, missing.Passing = err, true
		return missing
	}
	return nil
}

func readSecret(ctx context.Context, config aws.Config, ref Reference) (string, *Fault) {
	out, err := secretsmanager.NewFromConfig(config).GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: aws.String(ref.Place)})
	if err != nil {
		return "", faultOf(ctx, err, ref)
	}
	value := aws.ToString(out.SecretString)
	if out.SecretString == nil {
		value = string(out.SecretBinary)
	}
	if ref.Key == "" {
		return value, nil
	}
	var fields map[string]json.RawMessage
	if json.Unmarshal([]byte(value), &fields) != nil {
		return "", &Fault{
			Problem: fmt.Sprintf("refers to the JSON key %q of %s, which is not a JSON object", ref.Key, ref.place()),
			Fix:     "Leave out the # and the key where the secret is the value itself",
		}
	}
	raw, ok := fields[ref.Key]
	if !ok {
		return "", &Fault{Problem: fmt.Sprintf("refers to the JSON key %q of %s, which has no such key", ref.Key, ref.place())}
	}
	var text string
	if json.Unmarshal(raw, &text) != nil {
		return "", &Fault{Problem: fmt.Sprintf("refers to the JSON key %q of %s, whose value is not a text", ref.Key, ref.place())}
	}
	return text, nil
}

func readParameter(ctx context.Context, config aws.Config, ref Reference) (string, *Fault) {
	out, err := ssm.NewFromConfig(config).GetParameter(ctx, &ssm.GetParameterInput{Name: aws.String(ref.Place), WithDecryption: aws.Bool(true)})
	if err != nil {
		return "", faultOf(ctx, err, ref)
	}
	if out.Parameter == nil {
		return "", nil
	}
	return aws.ToString(out.Parameter.Value), nil
}
