package main

import (
	"context"
	"errors"
	"os"
	"time"

	"github.com/acmbot/acmbot/diagnose/inventory"
	"github.com/acmbot/acmbot/diagnose/world"
)

// demoWorld is the name of the embedded scenario.
const demoWorld = "demo"

// openWorld reads a scenario file, or the embedded scenario.
func openWorld(path string) (*world.World, error) {
	if path == demoWorld {
		return world.Demo(), nil
	}
	text, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, usageErrorf("there is no file %q; --world takes a scenario file, or %q", path, demoWorld)
	}
	if err != nil {
		return nil, usageErrorf("the file %q cannot be read", path)
	}
	w, err := world.Parse(path, text)
	if err != nil {
		return nil, usageErrorf("%w", err)
	}
	return w, nil
}

// sightOf looks at a running world as the settings look at the real one.
func sightOf(r *world.Running) sight {
	var externalID string
	for _, id := range r.ExternalIDs() {
		externalID = id
	}
	// A world's AWS has no quotas to keep.
	unlimited := inventory.DefaultQuotas()
	for action := range unlimited {
		unlimited[action] = 0
	}
	return sight{
		inventory: inventory.Options{
			Config: r.AWSConfig(), Regions: r.Regions(), RoleARNs: r.RoleARNs(), ExternalID: externalID, Quotas: unlimited,
		},
		dns:     r.DNSOptions(),
		probe:   r.ProbeOptions(),
		timeout: 20 * time.Second,
	}
}

// startWorld runs a world until it is closed or ctx ends.
func startWorld(ctx context.Context, path string, o world.Options) (*world.Running, error) {
	w, err := openWorld(path)
	if err != nil {
		return nil, err
	}
	return w.Start(ctx, o)
}
