//go:build !linux && !darwin

package bolt

import "errors"

// freeSpace is not told by the standard library here.
func freeSpace(string) (uint64, error) { return 0, errors.ErrUnsupported }
