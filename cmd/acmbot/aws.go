package main

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/feature/ec2/imds"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/logging"

	"github.com/acmbot/acmbot/diagnose/awswire"
)

// usEast1 is where certificates for CloudFront have to be, wherever the rest
// is ("AWS Region that you request a certificate in", Amazon CloudFront
// Developer Guide,
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cnames-and-https-requirements.html).
const usEast1 = "us-east-1"

var otherPartition = regexp.MustCompile(`^(cn|us-gov|us-isob?|us-isof|eu-isoe|eusc)-`)

// readAWSConfig reads AWS's own settings. What the SDK would log, such as that an
// older instance metadata service is asked, is kept from the terminal: what is
// missing is said in words of ours.
func readAWSConfig(ctx context.Context) (aws.Config, error) {
	return awsconfig.LoadDefaultConfig(ctx, awsconfig.WithLogger(logging.Nop{}))
}

// loadAWS reads AWS's own settings, and makes sure that there are credentials
// to be had. Its errors are *settingError values.
func loadAWS(ctx context.Context) (aws.Config, error) {
	cfg, err := readAWSConfig(ctx)
	if err != nil {
		return cfg, awsSettingError(err)
	}
	cfg = awswire.Mend(cfg)
	if cfg.Region != "" && !regionCode.MatchString(cfg.Region) {
		return cfg, &settingError{"AWS_REGION", fmt.Sprintf("is %q, which is not an AWS region's code such as eu-central-1", cfg.Region), ""}
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	if _, err := cfg.Credentials.Retrieve(ctx); err != nil && noCredentials(err) {
		return cfg, &settingError{
			"AWS credentials", "were not found",
			"Set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or run where AWS gives a role; `aws sts get-caller-identity` shows whether it works",
		}
	}
	return cfg, nil
}

// noCredentials tells "there are none" from "they cannot be fetched right
// now", which is no reason not to start: the SDK's chain ends at the EC2
// instance metadata service, which is asked only when nothing else is set up.
func noCredentials(err error) bool {
	operation, ok := errors.AsType[*smithy.OperationError](err)
	return ok && operation.Service() == imds.ServiceID
}

func awsSettingError(err error) error {
	if missing, ok := errors.AsType[awsconfig.SharedConfigProfileNotExistError](err); ok {
		return &settingError{
			"AWS_PROFILE", fmt.Sprintf("names the profile %q, which is not in AWS's configuration and credentials files", missing.Profile),
			"`aws configure list-profiles` lists them",
		}
	}
	if bad, ok := errors.AsType[awsconfig.SharedConfigLoadError](err); ok {
		return &settingError{"AWS_CONFIG_FILE", fmt.Sprintf("leads to %s, which cannot be read as an AWS configuration file", bad.Filename), ""}
	}
	return &settingError{
		"AWS configuration", "cannot be read",
		"`aws configure list` shows what is in effect and where it comes from",
	}
}

// regionsOf are the regions to look in: those that are set, else the one AWS's
// own settings name, and us-east-1.
func regionsOf(set []region, cfg aws.Config) []string {
	list := texts(set)
	if len(list) == 0 {
		if cfg.Region != "" {
			list = append(list, cfg.Region)
		}
		// China and GovCloud are partitions of their own, whose credentials
		// are worth nothing in us-east-1.
		if !otherPartition.MatchString(cfg.Region) {
			list = append(list, usEast1)
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}
