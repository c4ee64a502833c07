package main

import (
	"io/fs"
	"math"
	"os"
	"path"
	"runtime/debug"
	"strconv"
	"strings"
)

// besideGo is what the program takes besides the memory that Go counts: mostly
// the pages of its own file.
const besideGo = 32 << 20

// heedMemoryLimit has Go collect its garbage in time where the control group
// that the program runs in, such as a container's, limits its memory. A lower
// GOMEMLIMIT stays, and so does "off". Nine tenths of a small container, as is
// often set, would leave no room for the program's own pages.
func heedMemoryLimit() {
	limit := goMemory(memoryLimit(os.DirFS("/")))
	if limit > 0 && os.Getenv("GOMEMLIMIT") != "off" && limit < debug.SetMemoryLimit(-1) {
		debug.SetMemoryLimit(limit)
	}
}

// goMemory is what Go may use of a limit, 0 where there is none.
func goMemory(limit int64) int64 {
	if limit <= 0 {
		return 0
	}
	return max(limit-limit/10-besideGo, limit/4)
}

// memoryLimit is the lowest limit of the control groups that the process is in,
// in bytes, 0 where there is none ("Control Group v2", memory.max,
// https://docs.kernel.org/admin-guide/cgroup-v2.html; "Memory Resource
// Controller", memory.limit_in_bytes,
// https://docs.kernel.org/admin-guide/cgroup-v1/memory.html).
func memoryLimit(root fs.FS) int64 {
	groups, err := fs.ReadFile(root, "proc/self/cgroup")
	if err != nil {
		return 0
	}
	lowest := int64(math.MaxInt64)
	for line := range strings.Lines(string(groups)) {
		// hierarchy:controllers:path, the second empty in version 2
		parts := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(parts) != 3 {
			continue
		}
		folder, file := "sys/fs/cgroup", "memory.max"
		switch parts[1] {
		case "":
		case "memory":
			folder, file = "sys/fs/cgroup/memory", "memory.limit_in_bytes"
		default:
			continue
		}
		// A group's limit counts for those in it. In a container the path may
		// be that of the machine, and only the folder itself be there.
		for at := path.Clean("/" + parts[2]); ; at = path.Dir(at) {
			if text, err := fs.ReadFile(root, path.Join(folder, at, file)); err == nil {
				if n, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64); err == nil && n > 0 {
					lowest = min(lowest, n)
				}
			}
			if at == "/" {
				break
			}
		}
	}
	if lowest > 1<<50 { // version 1 writes no limit as a very large one
		return 0
	}
	return lowest
}
