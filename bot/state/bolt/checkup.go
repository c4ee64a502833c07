package bolt

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	berrors "go.etcd.io/bbolt/errors"

	"github.com/acmbot/acmbot/bot/state"
	"github.com/acmbot/acmbot/diagnose/checkup"
)

// Room that is wanted on the disk: a state of some thousand watches is a few
// megabytes, and a migration makes a copy of it.
const (
	littleRoom = 100 << 20
	leastRoom  = 5 << 20
)

// CheckFile checks, without opening it, whether a state file has the
// permissions and the room that it needs. A file that is not there yet is not
// made.
func CheckFile(path string) []checkup.Check {
	path, err := filepath.Abs(path)
	if err != nil {
		return []checkup.Check{state.Trouble("file", fileFault(path, err))}
	}
	file := checkup.Check{Area: checkup.AreaStore, What: "file", Purpose: state.Purpose, State: checkup.OK}
	info, err := os.Stat(path)
	folder := filepath.Dir(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		folder = existing(folder)
		if err := writable(folder); err != nil {
			return []checkup.Check{state.Trouble("file", fileFault(path, err))}
		}
		file.Detail = path + " is not there yet; acmbot makes it when it starts"
	case err != nil:
		return []checkup.Check{state.Trouble("file", fileFault(path, err))}
	case info.Mode().Perm()&0o077 != 0:
		file.State, file.Detail = checkup.Warning, fmt.Sprintf("%s may be read by others than its owner: its mode is %04o", path, info.Mode().Perm())
		file.Fix = fmt.Sprintf("Run `chmod 600 %s`: names of certificates and people are in it.", path)
	default:
		file.Detail = fmt.Sprintf("%s has %s", path, bytesOf(uint64(max(info.Size(), 0))))
	}
	found := []checkup.Check{file}
	free, err := freeSpace(folder)
	if err != nil {
		return append(found, checkup.Check{Area: checkup.AreaStore, What: "free disk space", State: checkup.Skipped, Detail: "not checked: this system does not tell how much room there is"})
	}
	room := checkup.Check{Area: checkup.AreaStore, What: "free disk space", Purpose: state.Purpose, State: checkup.OK, Detail: bytesOf(free) + " at " + folder}
	const more = "Make room on that disk, or set another path with `ACMBOT_STATE`."
	switch {
	case free < leastRoom:
		room.State, room.Fix = checkup.Failed, more+" Once it is full nothing new can be kept."
	case free < littleRoom:
		room.State, room.Fix = checkup.Warning, more
	}
	return append(found, room)
}

// Check checks a state file altogether: CheckFile, whether it is sound, and
// each operation on it. It makes, migrates and mends nothing, and does not wait
// for a file that another process has: the bot, as a rule.
func Check(ctx context.Context, path string) []checkup.Check {
	found := CheckFile(path)
	info, err := os.Stat(path)
	if err != nil || info.Size() == 0 {
		return found // CheckFile says what there is to say
	}
	if path, err = filepath.Abs(path); err != nil {
		return found
	}
	db, _, err := openFile(ctx, path, 2*lockRetry)
	if errors.Is(err, berrors.ErrTimeout) {
		return append(found, checkup.Check{
			Area: checkup.AreaStore, What: "write, read, list, delete", Purpose: state.Purpose, State: checkup.Skipped,
			Detail: "not checked: another process has the file open. While the bot runs with it that is as it should be, since one process has it at a time",
			Fix:    "Ask `/acm doctor` in Slack, which tries it from within; or stop the bot first.",
		})
	}
	if err != nil {
		c := state.Trouble("file", fileFault(path, err))
		if _, damaged := errors.AsType[*damage](err); damaged {
			c.Fix = "Start acmbot: it keeps the file under another name, begins a new one, and says so. Look after the disk."
		}
		return append(found, c)
	}
	s := &Store{path: path, now: time.Now, log: slog.New(slog.DiscardHandler), db: db}
	defer func() { _ = s.Close() }()
	return append(found, state.Check(ctx, s, "the file", time.Now)...)
}

// existing is the folder, or the nearest one above it that there is.
func existing(folder string) string {
	for {
		if info, err := os.Stat(folder); err == nil && info.IsDir() {
			return folder
		}
		above := filepath.Dir(folder)
		if above == folder {
			return folder
		}
		folder = above
	}
}

// writable tries to make a file there, which is removed at once: what the mode
// says is not all there is to it.
func writable(folder string) error {
	f, err := os.CreateTemp(folder, ".acmbot-doctor-*")
	if err != nil {
		return err
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}

func bytesOf(n uint64) string {
	switch {
	case n >= 10<<30:
		return fmt.Sprintf("%d GB", n>>30)
	case n >= 10<<20:
		return fmt.Sprintf("%d MB", n>>20)
	default:
		return fmt.Sprintf("%d KB", (n+1023)>>10)
	}
}
