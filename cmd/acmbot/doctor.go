package main

import (
	"context"
	"errors"
	"time"

	"github.com/acmbot/acmbot/diagnose"
)

func newDoctor(ctx context.Context, look lookSettings) (diagnose.Diagnostician, error) {
	cfg, err := loadAWS(ctx)
	if err != nil {
		return nil, &exitError{exitUsage, err}
	}
	_ = regionsOf(look.Regions, cfg)
	return nil, errors.New("not wired yet")
}

func worldDoctor(context.Context, string) (diagnose.Diagnostician, time.Duration, func(), error) {
	return nil, 0, nil, errors.New("not wired yet")
}
