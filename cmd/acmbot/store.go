package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/acmbot/acmbot/bot/state"
	"github.com/acmbot/acmbot/bot/state/bolt"
	"github.com/acmbot/acmbot/bot/state/dynamo"
	"github.com/acmbot/acmbot/bot/state/memory"
)

// stateSettings are where `acmbot run` keeps what must survive a restart.
type stateSettings struct {
	State statePlace `envconfig:"ACMBOT_STATE" shown:"~/.local/state/acmbot/state.db, or under $XDG_STATE_HOME or systemd's $STATE_DIRECTORY" desc:"Where watches, snoozes and the like are kept: a file's path, dynamodb:TABLE for a DynamoDB table that several replicas share, or memory, which a restart empties."`
}

// A statePlace is a file's path, "dynamodb:" and a table's name or ARN, or
// "memory".
type statePlace string

const inDynamoDB = "dynamodb:"

// A table's name as in "Naming rules", Amazon DynamoDB Developer Guide,
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html
var tableName = regexp.MustCompile(`^(arn:aws[a-z-]*:dynamodb:[a-z0-9-]+:[0-9]{12}:table/)?[A-Za-z0-9_.-]{3,255}$`)

// Decode implements envconfig.Decoder.
func (p *statePlace) Decode(text string) error {
	text = strings.TrimSpace(text)
	table, shared := strings.CutPrefix(text, inDynamoDB)
	switch {
	case shared && !tableName.MatchString(table):
		return fmt.Errorf("has %q, which is not a DynamoDB table's name such as dynamodb:acmbot, nor its ARN", table)
	case !shared && strings.Contains(text, "://"):
		return errors.New("is an address, where a file's path, dynamodb:TABLE or memory belongs")
	case strings.HasSuffix(text, "/"):
		return fmt.Errorf("is %q, which is a folder; name the file in it, such as %sstate.db", text, text)
	}
	*p = statePlace(text)
	return nil
}

// openStore opens what is kept. Its errors are *settingError, *state.Fault and
// the context's.
func (s stateSettings) openStore(ctx context.Context, cfg aws.Config, log *slog.Logger) (state.Store, error) {
	table, shared := s.table(cfg)
	switch {
	case s.State == "memory":
		log.Warn("what is kept is kept in memory only, until the bot stops")
		return memory.New(time.Now), nil
	case shared:
		return openTable(ctx, table, log)
	}
	path, err := s.path()
	if err != nil {
		return nil, err
	}
	store, err := bolt.Open(ctx, bolt.Options{Path: path, Logger: log})
	if err != nil {
		return nil, err
	}
	log.Info("what is kept is kept in a file", "file", store.Path())
	return store, nil
}

// table is where the state is in DynamoDB; shared is false where it is not there.
// An ARN says in which region the table is, which may otherwise be empty.
func (s stateSettings) table(cfg aws.Config) (o dynamo.Options, shared bool) {
	table, shared := strings.CutPrefix(string(s.State), inDynamoDB)
	if arn := strings.Split(table, ":"); len(arn) > 3 {
		cfg.Region = arn[3]
	}
	return dynamo.Options{Table: table, Config: cfg}, shared
}

func openTable(ctx context.Context, o dynamo.Options, log *slog.Logger) (state.Store, error) {
	table, region := o.Table, o.Config.Region
	if region == "" {
		return nil, &settingError{"AWS_REGION", "is not set, and tells where the DynamoDB table " + table + " is", ""}
	}
	// Whoever starts the bot should hear that it waits for nothing.
	ctx, cancel := context.WithTimeoutCause(ctx, time.Minute, &state.Fault{
		Problem: fmt.Sprintf("The DynamoDB table %s in %s did not answer within a minute.", table, region),
		Remedy:  "Check the way to it: port 443 of the regional endpoint, or a VPC endpoint for DynamoDB.",
	})
	defer cancel()
	store, err := dynamo.Open(ctx, o)
	if err != nil {
		if _, told := errors.AsType[*state.Fault](err); told {
			return nil, err
		}
		if late, ok := errors.AsType[*state.Fault](context.Cause(ctx)); ok {
			return nil, late
		}
		return nil, err
	}
	log.Info("what is kept is kept in DynamoDB", "table", table, "region", region)
	return store, nil
}

// path is the state file's. By default it is where systemd gives a service its
// state ("systemd.exec", StateDirectory=,
// https://www.freedesktop.org/software/systemd/man/latest/systemd.exec.html),
// or the user's state is ("XDG Base Directory Specification",
// https://specifications.freedesktop.org/basedir/latest/).
func (s stateSettings) path() (string, error) {
	if s.State != "" {
		return string(s.State), nil
	}
	if folder, _, _ := strings.Cut(os.Getenv("STATE_DIRECTORY"), ":"); filepath.IsAbs(folder) {
		return filepath.Join(folder, "state.db"), nil
	}
	if folder := os.Getenv("XDG_STATE_HOME"); filepath.IsAbs(folder) {
		return filepath.Join(folder, "acmbot", "state.db"), nil
	}
	home, err := os.UserHomeDir()
	if err != nil || !filepath.IsAbs(home) {
		return "", &settingError{"ACMBOT_STATE", "is not set, and this user has no home folder to keep a file in by default", ""}
	}
	return filepath.Join(home, ".local", "state", "acmbot", "state.db"), nil
}
