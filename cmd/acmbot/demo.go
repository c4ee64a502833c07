package main

import (
	"context"
	"errors"
)

func runDemo(context.Context, *console, []string) error { return errors.New("not wired yet") }
