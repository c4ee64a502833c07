package main

import (
	"context"
	"flag"
	"fmt"
	"runtime"
	"runtime/debug"
)

// version and revision are set by releases, and by builds that Go does not see
// the repository of: go build -ldflags "-X main.version=v1.2.3 -X main.revision=…".
var version, revision string

func runVersion(_ context.Context, c *console, args []string) error {
	flags := flag.NewFlagSet("version", flag.ContinueOnError)
	others, err := c.parseFlags(flags, args, "usage: acmbot version\n\nPrints the version.\n")
	if err != nil {
		return err
	}
	if len(others) > 0 {
		return usageErrorf("version takes no arguments")
	}
	info, _ := debug.ReadBuildInfo()
	name, commit := buildOf(version, info)
	fmt.Fprintf(c.stdout, "acmbot %s%s, %s, %s/%s\n", name, commit, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return nil
}

// describeVersion is the version in a word.
func describeVersion() string {
	info, _ := debug.ReadBuildInfo()
	name, _ := buildOf(version, info)
	return name
}

// buildOf says which version this is: the released one, else the module's; and
// the commit it was built from, where that is known.
func buildOf(released string, info *debug.BuildInfo) (name, commit string) {
	name = released
	dirty := ""
	if revision != "" {
		commit = ", commit " + revision[:min(12, len(revision))]
	}
	if info != nil {
		if name == "" && info.Main.Version != "(devel)" {
			name = info.Main.Version
		}
		for _, s := range info.Settings {
			switch {
			case s.Key == "vcs.revision":
				commit = ", commit " + s.Value[:min(12, len(s.Value))]
			case s.Key == "vcs.modified" && s.Value == "true":
				dirty = " with local changes"
			}
		}
	}
	if name == "" {
		name = "development build"
	}
	return name, commit + dirty
}
