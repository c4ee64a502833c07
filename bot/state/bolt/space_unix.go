//go:build linux || darwin

package bolt

import "syscall"

// freeSpace is how many bytes this user may still write in a folder.
func freeSpace(folder string) (uint64, error) {
	var stat syscall.Statfs_t
	if err := syscall.Statfs(folder, &stat); err != nil {
		return 0, err
	}
	return stat.Bavail * uint64(stat.Bsize), nil //nolint:unconvert // its type differs between systems
}
