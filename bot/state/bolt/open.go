// Package bolt is a state.Store in one file on this machine, for one process.
// The file is a bbolt database.
package bolt

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"

	"github.com/acmbot/acmbot/bot/state"
)

// lockRetry is how often bbolt looks whether the file is free.
const lockRetry = 100 * time.Millisecond

// Options are where and how a file is opened. Only Path has no default.
type Options struct {
	// Path is the file's. It and its folder are made where they are not
	// there, for this user only.
	Path string
	// Now is the clock for what expires: by default time.Now.
	Now func() time.Time
	// LockWait is how long to wait for another process to let go of the
	// file, as one that is being replaced does: by default 5 s.
	LockWait time.Duration
	// Logger gets what happens to the file; nil is nobody.
	Logger *slog.Logger
}

// Open opens the file. One that is damaged is kept beside it, under a name of
// its own, and a new one is begun: Store.Damaged tells the name.
//
// Its errors are the context's and *state.Fault: among others for a file that
// another process has, one that a newer acmbot has written, and a full disk.
func Open(ctx context.Context, o Options) (*Store, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.LockWait == 0 {
		o.LockWait = 5 * time.Second
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	path, err := filepath.Abs(o.Path)
	if err != nil {
		return nil, fileFault(o.Path, err)
	}
	folder := filepath.Dir(path)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, fileFault(path, err)
	}
	s := &Store{path: path, now: o.Now, log: o.Logger}
	for s.db == nil {
		var file os.FileInfo
		s.db, file, err = openFile(ctx, path, o.LockWait)
		if err == nil {
			break
		}
		if _, damaged := errors.AsType[*damage](err); !damaged || s.damaged != "" {
			return nil, fileFault(path, err)
		}
		if s.damaged, err = putAside(path, file, o.Now()); err != nil {
			return nil, fileFault(path, err)
		}
		o.Logger.Error("the state file is damaged; it is kept, and a new one begun", "file", path, "kept_as", s.damaged)
	}
	if err := syncFolder(folder); err != nil {
		_ = s.Close()
		return nil, fileFault(path, err)
	}
	if err := state.Migrate(ctx, s, o.Now); err != nil {
		_ = s.Close()
		return nil, withCopy(err, path)
	}
	return s, nil
}

// withCopy adds to the refusal of a newer file where the copy is that this
// version can go on with.
func withCopy(err error, path string) error {
	fault, ok := errors.AsType[*state.Fault](err)
	if !ok || !errors.Is(err, state.ErrNewer) {
		return err
	}
	kept := fmt.Sprintf("%s.schema-%d", path, state.Schema)
	if _, err := os.Lstat(kept); err != nil {
		return fault
	}
	return &state.Fault{Problem: fault.Problem, Remedy: fault.Remedy + " What was kept before the upgrade is in " + kept + ".", Err: fault.Err}
}

// A damage is what tells that a file does not hold what was written to it.
type damage struct {
	err error
	// panicked tells that bbolt was left in the middle of something.
	panicked bool
}

func (d *damage) Error() string { return d.err.Error() }
func (d *damage) Unwrap() error { return d.err }

// guard turns a panic of bbolt, which trusts what it reads, into a *damage;
// also the fault of reading where the mapped file no longer is.
func guard(do func() error) (err error) {
	before := debug.SetPanicOnFault(true)
	defer debug.SetPanicOnFault(before)
	defer func() {
		if p := recover(); p != nil {
			cause, ok := p.(error)
			if !ok {
				cause = fmt.Errorf("%v", p)
			}
			err = &damage{cause, true}
		}
	}()
	return do()
}

// openFile opens the database and looks at all of it. Where it is damaged it
// returns which file that was, too.
func openFile(ctx context.Context, path string, wait time.Duration) (*bbolt.DB, os.FileInfo, error) {
	var db *bbolt.DB
	var file *os.File
	var info os.FileInfo
	options := &bbolt.Options{
		Timeout:      lockRetry,
		FreelistType: bbolt.FreelistMapType,
		OpenFile: func(name string, flag int, mode os.FileMode) (f *os.File, err error) {
			if file, err = os.OpenFile(name, flag, mode); err == nil {
				info, err = file.Stat()
			}
			return file, err
		},
	}
	deadline := time.Now().Add(wait)
	open := func() (err error) {
		db, err = bbolt.Open(path, 0o600, options)
		return err
	}
	var err error
	for {
		if err := ctx.Err(); err != nil {
			return nil, nil, err
		}
		if err = guard(open); !errors.Is(err, berrors.ErrTimeout) || time.Now().After(deadline) {
			break
		}
	}
	if err != nil && !fromSystem(err) && !errors.Is(err, berrors.ErrTimeout) && !errors.Is(err, berrors.ErrVersionMismatch) {
		err = &damage{err: err} // bbolt does not name all that it finds wrong
	}
	if err == nil {
		err = guard(func() error { return inspect(db, info) })
	}
	if err != nil {
		if db != nil {
			_ = guard(db.Close)
		}
		if file != nil {
			_ = file.Close() // bbolt does not where it panics
		}
		return nil, info, err
	}
	return db, info, nil
}

// fromSystem tells an error of the operating system from one about what is in
// a file.
func fromSystem(err error) bool {
	_, number := errors.AsType[syscall.Errno](err)
	_, path := errors.AsType[*fs.PathError](err)
	return number || path
}

// inspect reads everything there is, since a file may be damaged in places
// that are not needed for opening it.
func inspect(db *bbolt.DB, file os.FileInfo) error {
	return db.View(func(tx *bbolt.Tx) error {
		// The mapping goes beyond the end of a file that was cut off.
		if file.Size() > 0 && file.Size() < tx.Size() {
			return &damage{err: fmt.Errorf("it ends after %d of %d bytes", file.Size(), tx.Size())}
		}
		return tx.ForEach(func(kind []byte, b *bbolt.Bucket) error {
			if b == nil || len(kind) > state.MaxKind {
				return &damage{err: fmt.Errorf("what is at %.40q is no kind of items", kind)}
			}
			return b.ForEach(func(id, text []byte) error {
				_, err := decode(kind, id, text)
				return err
			})
		})
	})
}

// putAside renames a damaged file.
func putAside(path string, damaged os.FileInfo, now time.Time) (string, error) {
	if current, err := os.Stat(path); err != nil || !os.SameFile(current, damaged) {
		return "", errors.Join(errors.New("the file was replaced meanwhile"), err)
	}
	stem := path + ".corrupt-" + now.UTC().Format("20060102T150405Z")
	aside := stem
	for i := 2; ; i++ {
		if _, err := os.Lstat(aside); errors.Is(err, fs.ErrNotExist) {
			break
		}
		aside = fmt.Sprintf("%s-%d", stem, i)
	}
	return aside, os.Rename(path, aside)
}

// syncFolder makes sure that a new file's name is on the disk, too.
func syncFolder(folder string) error {
	f, err := os.Open(folder)
	if err != nil {
		return err
	}
	defer f.Close()
	// Some file systems cannot, and then need not.
	if err := f.Sync(); err != nil && !errors.Is(err, syscall.EINVAL) && !errors.Is(err, errors.ErrUnsupported) {
		return err
	}
	return nil
}

// fileFault says what is wrong with a file. Errors of the package's callers
// and contexts stay as they are.
func fileFault(path string, err error) error {
	if err == nil {
		return nil
	}
	for _, own := range []error{
		context.Canceled, context.DeadlineExceeded,
		state.ErrNotFound, state.ErrConflict, state.ErrTooBig, state.ErrInvalid, state.ErrClosed,
	} {
		if errors.Is(err, own) {
			return err
		}
	}
	if _, ok := errors.AsType[*state.Fault](err); ok {
		return err
	}
	fault := &state.Fault{Err: err}
	_, damaged := errors.AsType[*damage](err)
	is := func(targets ...error) bool {
		for _, target := range targets {
			if errors.Is(err, target) {
				return true
			}
		}
		return false
	}
	const elsewhere = "ACMBOT_STATE sets another path."
	switch {
	case damaged:
		fault.Problem = fmt.Sprintf("The state file %s is damaged.", path)
		fault.Remedy = "Restart acmbot: it then keeps the file under another name and begins a new one. Look after the disk."
	case is(berrors.ErrTimeout):
		fault.Problem = fmt.Sprintf("The state file %s is in use by another process.", path)
		fault.Remedy = "Stop the other acmbot, or give this one a place of its own with ACMBOT_STATE; several replicas share a DynamoDB table with ACMBOT_STATE=dynamodb:TABLE."
	case is(berrors.ErrVersionMismatch):
		fault.Problem = fmt.Sprintf("The state file %s has a format that this version of acmbot does not know.", path)
		fault.Remedy = "Run the newer version that has written it, or give this one a place of its own with ACMBOT_STATE."
	case is(syscall.ENOSPC, syscall.EDQUOT):
		fault.Problem = fmt.Sprintf("The disk that holds the state file %s is full; the change was not kept, and nothing kept before is lost.", path)
		fault.Remedy = "Make room on it."
	case is(syscall.EFBIG, berrors.ErrMaxSizeReached):
		fault.Problem = fmt.Sprintf("The state file %s may not grow any further; the change was not kept, and nothing kept before is lost.", path)
		fault.Remedy = "Raise the limit on the size of files for acmbot."
	case is(syscall.EROFS):
		fault.Problem = fmt.Sprintf("The state file %s is on a file system that cannot be written.", path)
		fault.Remedy = elsewhere
	case is(fs.ErrPermission):
		fault.Problem = fmt.Sprintf("This user may not read and write the state file %s in its folder.", path)
		fault.Remedy = "Give acmbot's user its folder. " + elsewhere
	case is(syscall.EISDIR):
		fault.Problem = fmt.Sprintf("%s, which should be the state file, is a folder.", path)
		fault.Remedy = "ACMBOT_STATE takes the path of a file, such as " + filepath.Join(path, "state.db") + "."
	case is(syscall.ENOTDIR, fs.ErrExist):
		fault.Problem = fmt.Sprintf("The folder of the state file %s cannot be made, since something on its path is a file.", path)
		fault.Remedy = elsewhere
	case is(syscall.EIO):
		fault.Problem = fmt.Sprintf("The disk that holds the state file %s reports errors.", path)
		fault.Remedy = "Look after the disk; the system's log says more."
	default:
		fault.Problem = fmt.Sprintf("The state file %s cannot be used.", path)
		fault.Remedy = "Look after the disk and the file's permissions. " + elsewhere
	}
	return fault
}

// A Store is a state.Store; make it with Open.
type Store struct {
	path    string
	damaged string
	now     func() time.Time
	log     *slog.Logger

	mu     sync.RWMutex // held for reading while db is in use
	db     *bbolt.DB
	closed bool
	// broken is the damage after which nothing may touch the file.
	broken atomic.Pointer[damage]

	// swept is when expired items were last removed; written in
	// transactions only.
	swept time.Time
}

// Exclusive tells package state that the file is this process's alone.
func (s *Store) Exclusive() bool { return true }

// Path is the file's absolute path.
func (s *Store) Path() string { return s.path }

// Damaged is where a damaged file found by Open is kept, or empty.
func (s *Store) Damaged() string { return s.damaged }
