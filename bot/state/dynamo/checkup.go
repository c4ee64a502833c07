package dynamo

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"

	"github.com/acmbot/acmbot/bot/state"
	"github.com/acmbot/acmbot/diagnose/checkup"
)

const (
	describeTable   = "dynamodb:DescribeTable"
	describeTTL     = "dynamodb:DescribeTimeToLive"
	describeBackups = "dynamodb:DescribeContinuousBackups"
)

// CheckActions are the IAM actions that Check calls beyond Actions, sorted.
// Without them it says what it has not checked.
func CheckActions() []string { return []string{describeBackups, describeTable, describeTTL} }

// Check checks a table: each operation that a Store needs, on an item of its
// own, and how the table is set up. It migrates nothing.
func Check(ctx context.Context, o Options) []checkup.Check {
	client := dynamodb.NewFromConfig(o.Config)
	s := New(o)
	found := state.Check(ctx, s, "the DynamoDB table "+o.Table, s.now)

	table, err := client.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: &s.table})
	if err != nil {
		found = append(found, s.undescribed(ctx, "table", describeTable, err))
	} else {
		found = append(found, checkTable(table.Table))
	}
	ttl, err := client.DescribeTimeToLive(ctx, &dynamodb.DescribeTimeToLiveInput{TableName: &s.table})
	if err != nil {
		found = append(found, s.undescribed(ctx, "time to live", describeTTL, err))
	} else {
		found = append(found, checkTTL(ttl.TimeToLiveDescription, o.Table))
	}
	backups, err := client.DescribeContinuousBackups(ctx, &dynamodb.DescribeContinuousBackupsInput{TableName: &s.table})
	if err != nil {
		return append(found, s.undescribed(ctx, "point-in-time recovery", describeBackups, err))
	}
	return append(found, checkBackups(backups.ContinuousBackupsDescription, o.Table))
}

// undescribed says that something was not told. That is no fault of the store,
// unless there is no such table, which the operations have told.
func (s *Store) undescribed(ctx context.Context, what, action string, err error) checkup.Check {
	c := checkup.Check{Area: checkup.AreaStore, What: what, Purpose: state.Purpose, State: checkup.Skipped}
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		switch api.ErrorCode() {
		case "AccessDeniedException", "AccessDenied", "UnauthorizedOperation":
			c.Detail = "not checked: acmbot's role has no permission for " + action + " on the table, which it needs for this check only"
			c.Fix = "Allow " + action + " on the table, as deploy/iam/doctor.json has it, or look in the DynamoDB console."
			return c
		case "UnknownOperationException":
			c.Detail = "not checked: the endpoint does not offer " + action
			return c
		}
	}
	c.Detail = "not checked: " + s.fault(ctx, action, err).Error()
	return c
}

// checkTable judges how a table is laid out. Partition and sort key are as the
// package's documentation has them.
func checkTable(t *types.TableDescription) checkup.Check {
	c := checkup.Check{Area: checkup.AreaStore, What: "table", Purpose: state.Purpose, State: checkup.OK}
	if t == nil {
		c.State, c.Detail = checkup.Skipped, "not checked: DynamoDB did not describe it"
		return c
	}
	kinds := map[string]types.ScalarAttributeType{}
	for _, a := range t.AttributeDefinitions {
		kinds[aws.ToString(a.AttributeName)] = a.AttributeType
	}
	keys := map[types.KeyType]string{}
	for _, k := range t.KeySchema {
		keys[k.KeyType] = aws.ToString(k.AttributeName)
	}
	if keys[types.KeyTypeHash] != "pk" || keys[types.KeyTypeRange] != "sk" || kinds["pk"] != types.ScalarAttributeTypeS || kinds["sk"] != types.ScalarAttributeTypeS {
		c.State, c.Detail = checkup.Failed, "its keys are others than acmbot's"
		c.Fix = "Make a table whose partition key is pk and whose sort key is sk, both strings, as deploy/README.md tells: the keys of one that is there cannot be changed."
		return c
	}
	if t.TableStatus != types.TableStatusActive && t.TableStatus != types.TableStatusUpdating {
		c.State, c.Detail = checkup.Failed, fmt.Sprintf("its status is %s", t.TableStatus)
		c.Fix = "Wait until it is ACTIVE; the DynamoDB console tells why it is not."
		return c
	}
	c.Detail = "its keys are pk and sk, and it is active"
	if t.BillingModeSummary == nil || t.BillingModeSummary.BillingMode != types.BillingModePayPerRequest {
		c.Detail += "; its capacity is provisioned, so that a busy day may be throttled, where on-demand capacity is not"
	}
	return c
}

// checkTTL judges whether what has expired is removed. Nobody reads it either
// way; it only costs.
func checkTTL(d *types.TimeToLiveDescription, table string) checkup.Check {
	c := checkup.Check{Area: checkup.AreaStore, What: "time to live", Purpose: "removing what has expired", State: checkup.OK, Detail: "DynamoDB removes what has expired, by the attribute ttl"}
	on := d != nil && (d.TimeToLiveStatus == types.TimeToLiveStatusEnabled || d.TimeToLiveStatus == types.TimeToLiveStatusEnabling)
	if !on || aws.ToString(d.AttributeName) != "ttl" {
		c.State, c.Detail = checkup.Warning, "it is not switched on for the attribute ttl: what has expired is not read any more, but stays and costs"
		c.Fix = "Run `aws dynamodb update-time-to-live --table-name " + table + " --time-to-live-specification Enabled=true,AttributeName=ttl`."
	}
	return c
}

// checkBackups tells whether the table can be brought back.
func checkBackups(d *types.ContinuousBackupsDescription, table string) checkup.Check {
	c := checkup.Check{Area: checkup.AreaStore, What: "point-in-time recovery", Purpose: "bringing back what was deleted by accident", State: checkup.OK, Detail: "it is on"}
	if d == nil || d.PointInTimeRecoveryDescription == nil || d.PointInTimeRecoveryDescription.PointInTimeRecoveryStatus != types.PointInTimeRecoveryStatusEnabled {
		c.State, c.Detail = checkup.Warning, "it is off: watches and snoozes of a table that is damaged or deleted are gone"
		c.Fix = "Run `aws dynamodb update-continuous-backups --table-name " + table + " --point-in-time-recovery-specification PointInTimeRecoveryEnabled=true`, if that is worth its price to you."
	}
	return c
}
