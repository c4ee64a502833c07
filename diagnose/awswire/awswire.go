// Package awswire mends how the AWS SDK exchanges requests and answers over
// HTTP, for every client of AWS that acmbot has.
package awswire

import (
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// Mend returns a configuration whose clients take no endless answer into
// memory, and lose no answer to the SDK's own haste. It may be mended before.
func Mend(cfg aws.Config) aws.Config {
	cfg = cfg.Copy()
	cfg.APIOptions = append(slices.Clone(cfg.APIOptions), limitAnswers, plainBodies)
	return cfg
}
