// Package dynamotest starts a DynamoDB on this machine for tests: dynalite,
// from npm.
package dynamotest

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// Config reaches Start's DynamoDB at an endpoint.
func Config(endpoint string) aws.Config {
	return aws.Config{
		Region:       "eu-central-1",
		BaseEndpoint: &endpoint,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "test", SecretAccessKey: "test"}, nil
		}),
	}
}

// Start starts an empty DynamoDB, which ends with the test, and returns its
// endpoint. Where it is not installed the test is skipped, but fails in CI.
func Start(tb testing.TB) string {
	tb.Helper()
	_, here, _, _ := runtime.Caller(0)
	folder := filepath.Join(filepath.Dir(here), "..", "testdata")
	module := filepath.Join(folder, "node_modules", "dynalite")
	node, err := exec.LookPath("node")
	if _, statErr := os.Stat(module); statErr != nil || err != nil {
		hint := "DynamoDB is not tested: it takes Node.js 20 and `npm ci --prefix bot/state/dynamo/testdata`"
		if os.Getenv("CI") != "" {
			tb.Fatal(hint)
		}
		tb.Skip(hint)
	}

	command := exec.Command(node, "-e", script, module)
	// It ends with its standard input, so also where this process crashes.
	in, err := command.StdinPipe()
	if err != nil {
		tb.Fatal(err)
	}
	out, err := command.StdoutPipe()
	if err != nil {
		tb.Fatal(err)
	}
	var said bytes.Buffer
	command.Stderr = &said
	if err := command.Start(); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		_ = in.Close()
		_ = command.Wait()
	})
	endpoint, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		_ = command.Process.Kill()
		_ = command.Wait()
		tb.Fatalf("dynalite does not start: %v\n%s", err, &said)
	}
	return strings.TrimSpace(endpoint)
}

// script runs dynalite on a port that the system chooses, which its own command
// cannot. A client that is killed would end it, too, but for the handler.
const script = `
process.on('uncaughtException', e => console.error(e))
process.stdin.on('end', () => process.exit()).resume()
const server = require(process.argv[1])({createTableMs: 0, deleteTableMs: 0})
server.listen(0, '127.0.0.1', () => console.log('http://127.0.0.1:' + server.address().port))
`

// CreateTable makes a table as package dynamo needs it, and returns its name.
func CreateTable(tb testing.TB, endpoint string) string {
	tb.Helper()
	client := dynamodb.NewFromConfig(Config(endpoint))
	name := "acmbot-" + strconv.FormatInt(time.Now().UnixNano(), 36)
	input := &dynamodb.CreateTableInput{TableName: &name, BillingMode: types.BillingModePayPerRequest}
	for attribute, role := range map[string]types.KeyType{"pk": types.KeyTypeHash, "sk": types.KeyTypeRange} {
		input.AttributeDefinitions = append(input.AttributeDefinitions, types.AttributeDefinition{AttributeName: aws.String(attribute), AttributeType: types.ScalarAttributeTypeS})
		input.KeySchema = append(input.KeySchema, types.KeySchemaElement{AttributeName: aws.String(attribute), KeyType: role})
	}
	// The partition key has to come first.
	if input.KeySchema[0].KeyType != types.KeyTypeHash {
		input.KeySchema[0], input.KeySchema[1] = input.KeySchema[1], input.KeySchema[0]
	}
	if _, err := client.CreateTable(tb.Context(), input); err != nil {
		tb.Fatal(err)
	}
	err := dynamodb.NewTableExistsWaiter(client, func(o *dynamodb.TableExistsWaiterOptions) {
		o.MinDelay, o.MaxDelay = 20*time.Millisecond, 100*time.Millisecond
	}).Wait(tb.Context(), &dynamodb.DescribeTableInput{TableName: &name}, time.Minute)
	if err != nil {
		tb.Fatal(errors.Join(errors.New("the table does not come up"), err))
	}
	return name
}
