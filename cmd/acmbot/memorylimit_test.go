package main

import (
	"testing"
	"testing/fstest"
)

func TestMemoryLimit(t *testing.T) {
	file := func(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }
	for name, test := range map[string]struct {
		files fstest.MapFS
		want  int64
	}{
		"no control groups": {fstest.MapFS{}, 0},
		"version 2, in a container": {fstest.MapFS{
			"proc/self/cgroup": file("0::/\n"), "sys/fs/cgroup/memory.max": file("67108864\n"),
		}, 64 << 20},
		"version 2, a service's slice is narrower": {fstest.MapFS{
			"proc/self/cgroup":                                     file("0::/system.slice/acmbot.service\n"),
			"sys/fs/cgroup/system.slice/memory.max":                file("1000000\n"),
			"sys/fs/cgroup/system.slice/acmbot.service/memory.max": file("536870912\n"),
		}, 1_000_000},
		"version 2, without a limit": {fstest.MapFS{
			"proc/self/cgroup": file("0::/a\n"), "sys/fs/cgroup/a/memory.max": file("max\n"),
		}, 0},
		"version 1": {fstest.MapFS{
			"proc/self/cgroup": file("9:cpu:/x\n8:memory:/docker/1\n0::/ignored\n"),
			"sys/fs/cgroup/memory/docker/1/memory.limit_in_bytes": file("134217728\n"),
			"sys/fs/cgroup/memory/memory.limit_in_bytes":          file("9223372036854771712\n"),
		}, 128 << 20},
		"version 1, in a container that does not see its path": {fstest.MapFS{
			"proc/self/cgroup": file("8:memory:/docker/1\n"), "sys/fs/cgroup/memory/memory.limit_in_bytes": file("134217728\n"),
		}, 128 << 20},
		"version 1, without a limit": {fstest.MapFS{
			"proc/self/cgroup": file("8:memory:/\n"), "sys/fs/cgroup/memory/memory.limit_in_bytes": file("9223372036854771712\n"),
		}, 0},
		"nonsense": {fstest.MapFS{"proc/self/cgroup": file("what\n0::../../etc\n"), "sys/fs/cgroup/memory.max": file("-1\n")}, 0},
	} {
		if got := memoryLimit(test.files); got != test.want {
			t.Errorf("%s: the limit is %d, want %d", name, got, test.want)
		}
	}
	for limit, want := range map[int64]int64{0: 0, 16 << 20: 4 << 20, 64 << 20: 26_843_546, 512 << 20: 449_629_389} {
		if got := goMemory(limit); got != want {
			t.Errorf("of %d, Go gets %d, want %d", limit, got, want)
		}
	}
}
