package main

import (
	"runtime/debug"
	"testing"
)

func TestBuildOf(t *testing.T) {
	vcs := []debug.BuildSetting{{Key: "vcs.revision", Value: "0123456789abcdef"}, {Key: "vcs.modified", Value: "true"}}
	for _, test := range []struct {
		name                 string
		released             string
		info                 *debug.BuildInfo
		wantName, wantCommit string
	}{
		{"nothing known", "", nil, "development build", ""},
		{"released", "v1.2.3", &debug.BuildInfo{Main: debug.Module{Version: "v0.0.1"}}, "v1.2.3", ""},
		{"installed", "", &debug.BuildInfo{Main: debug.Module{Version: "v1.2.3"}}, "v1.2.3", ""},
		{"built here", "", &debug.BuildInfo{Main: debug.Module{Version: "(devel)"}, Settings: vcs}, "development build", ", commit 0123456789ab with local changes"},
	} {
		t.Run(test.name, func(t *testing.T) {
			name, commit := buildOf(test.released, test.info)
			if name != test.wantName || commit != test.wantCommit {
				t.Errorf("got %q and %q, want %q and %q", name, commit, test.wantName, test.wantCommit)
			}
		})
	}
}
