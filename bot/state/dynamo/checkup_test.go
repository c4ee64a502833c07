package dynamo_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/acmbot/acmbot/bot/state/dynamo"
	"github.com/acmbot/acmbot/bot/state/dynamo/dynamotest"
	"github.com/acmbot/acmbot/diagnose/checkup"
)

func examined(t *testing.T, o dynamo.Options) map[string]checkup.Check {
	t.Helper()
	got := map[string]checkup.Check{}
	for _, c := range dynamo.Check(t.Context(), o) {
		if c.Detail == "" || (c.State == checkup.Failed || c.State == checkup.Warning) && c.Fix == "" {
			t.Errorf("incomplete: %+v", c)
		}
		got[c.What] = c
	}
	return got
}

const works = "write, read, list, delete"

func TestCheck(t *testing.T) {
	endpoint := dynamotest.Start(t)
	table := dynamotest.CreateTable(t, endpoint)
	o := dynamo.Options{Table: table, Config: dynamotest.Config(endpoint)}
	got := examined(t, o)
	if got[works].State != checkup.OK || got["table"].State != checkup.OK || got["schema"].Detail != "nothing is kept yet" {
		t.Errorf("%+v", got)
	}
	if c := got["time to live"]; c.State != checkup.Warning || !strings.Contains(c.Fix, "--table-name "+table) {
		t.Errorf("%+v", c)
	}
	// Nothing is left, and nothing was migrated.
	out, err := dynamodb.NewFromConfig(o.Config).Scan(t.Context(), &dynamodb.ScanInput{TableName: &table})
	if err != nil || len(out.Items) > 0 {
		t.Errorf("left over: %+v, %v", out.Items, err)
	}

	client := dynamodb.NewFromConfig(o.Config)
	other := "acmbot-others"
	_, err = client.CreateTable(t.Context(), &dynamodb.CreateTableInput{
		TableName: &other, BillingMode: types.BillingModePayPerRequest,
		AttributeDefinitions: []types.AttributeDefinition{{AttributeName: aws.String("id"), AttributeType: types.ScalarAttributeTypeN}},
		KeySchema:            []types.KeySchemaElement{{AttributeName: aws.String("id"), KeyType: types.KeyTypeHash}},
	})
	if err != nil {
		t.Fatal(err)
	}
	o.Table = other
	if got := examined(t, o); got["table"].State != checkup.Failed || got["schema"].State != checkup.Failed || !strings.Contains(got["schema"].Fix, "pk") {
		t.Errorf("a table of others: %+v", got)
	}
	o.Table = "acmbot-nowhere"
	if got := examined(t, o); got["schema"].State != checkup.Failed || !strings.Contains(got["schema"].Detail, "There is no DynamoDB table") || got["table"].State != checkup.Skipped {
		t.Errorf("no table: %+v", got)
	}
}

// answers is a DynamoDB that answers each action as it is told, otherwise with
// an empty object.
func answers(t *testing.T, byAction map[string]string) dynamo.Options {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		_, action, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
		rw.Header().Set("Content-Type", "application/x-amz-json-1.0")
		body := byAction[action]
		if strings.Contains(body, `"__type"`) {
			rw.WriteHeader(http.StatusBadRequest)
		}
		if body == "" {
			body = "{}"
		}
		_, _ = io.WriteString(rw, body)
	}))
	t.Cleanup(server.Close)
	return dynamo.Options{Table: "acmbot", Config: dynamotest.Config(server.URL)}
}

const denied = `{"__type":"com.amazon.coral.service#AccessDeniedException","Message":"User is not authorized to perform it"}`

// Each permission is tried by itself.
func TestCheckTellsEachPermission(t *testing.T) {
	for what, action := range map[string]string{"write": "PutItem", "list": "Query", "delete": "DeleteItem"} {
		got := examined(t, answers(t, map[string]string{action: denied}))
		if c := got[what]; c.State != checkup.Failed || !strings.Contains(c.Detail, "dynamodb:"+action) || !strings.Contains(c.Fix, "deploy/iam/dynamodb.json") {
			t.Errorf("%s: %+v", action, got)
		}
	}
	if c := examined(t, answers(t, map[string]string{"GetItem": denied}))["schema"]; c.State != checkup.Failed || !strings.Contains(c.Detail, "dynamodb:GetItem") {
		t.Errorf("%+v", c)
	}
	got := examined(t, answers(t, map[string]string{"DescribeTable": denied, "DescribeTimeToLive": denied, "DescribeContinuousBackups": denied}))
	for _, what := range []string{"table", "time to live", "point-in-time recovery"} {
		if c := got[what]; c.State != checkup.Skipped || !strings.Contains(c.Fix, "deploy/iam/doctor.json") {
			t.Errorf("%s: %+v", what, c)
		}
	}
}

func TestCheckOfHowATableIsSetUp(t *testing.T) {
	const sound = `{"Table":{"TableStatus":"ACTIVE","BillingModeSummary":{"BillingMode":"PAY_PER_REQUEST"},"KeySchema":[{"AttributeName":"pk","KeyType":"HASH"},{"AttributeName":"sk","KeyType":"RANGE"}],"AttributeDefinitions":[{"AttributeName":"pk","AttributeType":"S"},{"AttributeName":"sk","AttributeType":"S"}]}}`
	for _, tc := range []struct {
		action, answer, what string
		want                 checkup.State
		says                 string
	}{
		{"DescribeTable", sound, "table", checkup.OK, "active"},
		{"DescribeTable", strings.Replace(sound, "PAY_PER_REQUEST", "PROVISIONED", 1), "table", checkup.OK, "provisioned"},
		{"DescribeTable", strings.Replace(sound, "ACTIVE", "INACCESSIBLE_ENCRYPTION_CREDENTIALS", 1), "table", checkup.Failed, "INACCESSIBLE"},
		{"DescribeTable", strings.Replace(sound, `"AttributeName":"sk","AttributeType":"S"`, `"AttributeName":"sk","AttributeType":"N"`, 1), "table", checkup.Failed, "keys"},
		{"DescribeTimeToLive", `{"TimeToLiveDescription":{"TimeToLiveStatus":"ENABLED","AttributeName":"ttl"}}`, "time to live", checkup.OK, "ttl"},
		{"DescribeTimeToLive", `{"TimeToLiveDescription":{"TimeToLiveStatus":"ENABLED","AttributeName":"expires"}}`, "time to live", checkup.Warning, "ttl"},
		{"DescribeTimeToLive", `{"TimeToLiveDescription":{"TimeToLiveStatus":"DISABLED"}}`, "time to live", checkup.Warning, "costs"},
		{"DescribeContinuousBackups", `{"ContinuousBackupsDescription":{"ContinuousBackupsStatus":"ENABLED","PointInTimeRecoveryDescription":{"PointInTimeRecoveryStatus":"ENABLED"}}}`, "point-in-time recovery", checkup.OK, "on"},
		{"DescribeContinuousBackups", `{"ContinuousBackupsDescription":{"ContinuousBackupsStatus":"ENABLED","PointInTimeRecoveryDescription":{"PointInTimeRecoveryStatus":"DISABLED"}}}`, "point-in-time recovery", checkup.Warning, "off"},
	} {
		if c := examined(t, answers(t, map[string]string{tc.action: tc.answer}))[tc.what]; c.State != tc.want || !strings.Contains(c.Detail, tc.says) {
			t.Errorf("%s: %+v, want %s", tc.answer, c, tc.want)
		}
	}
}
