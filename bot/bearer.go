package bot

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/slack-go/slack"
)

// tokenInUse stands in the clients of the Web API for the token, which a bearer
// puts in its place: clients are made once, and tokens are replaced.
const tokenInUse = "token-in-use"

// A bearer puts the token that is in use into calls of the Web API. A call that
// Slack refuses because of it, and so did nothing for, is repeated once there is
// a new one.
type bearer struct {
	next    http.RoundTripper
	api     string // the Web API's host; nobody else gets the token
	token   *token
	tracer  Tracer
	timeout time.Duration // of one try
}

// mostReply is more than any answer of the Web API has.
const mostReply = 64 << 20

// RoundTrip implements http.RoundTripper.
func (b *bearer) RoundTrip(r *http.Request) (*http.Response, error) {
	next := b.next
	if next == nil {
		next = http.DefaultTransport
	}
	if r.URL.Host != b.api {
		return next.RoundTrip(r)
	}
	if r.Body != nil {
		defer func() { _ = r.Body.Close() }() // what is sent are copies of it
	}
	value := b.token.current()
	patience := r.Context() // with a limit from the first refusal on
	for first := true; ; first = false {
		response, body, err := b.traced(next, r, value)
		if err != nil {
			return nil, err
		}
		code, known := codeOf(body)
		if !known {
			return response, nil
		}
		if !slices.Contains(deadToken, code) {
			if code == "" {
				b.token.works(value)
			}
			return response, nil
		}
		if first {
			var cancel context.CancelFunc
			patience, cancel = context.WithTimeout(patience, refusedMost)
			defer cancel()
		}
		another, ok := b.token.replace(patience, value)
		if !ok {
			return response, nil
		}
		value = another
	}
}

// traced makes one try, which is followed.
func (b *bearer) traced(next http.RoundTripper, r *http.Request, value string) (*http.Response, []byte, error) {
	ctx, end := b.tracer.Step(r.Context(), "slack "+path.Base(r.URL.Path))
	response, body, err := b.once(next, r.WithContext(ctx), value)
	if err == nil {
		if code, known := codeOf(body); !known {
			end(httpError(response.StatusCode))
		} else if code != "" {
			end(slack.SlackErrorResponse{Err: code})
		} else {
			end(nil)
		}
		return response, body, nil
	}
	end(err)
	return nil, nil, err
}

// An httpError is an answer that is none of the Web API's.
type httpError int

func (e httpError) Error() string { return "HTTP status " + strconv.Itoa(int(e)) }

// once makes one try, and reads the whole answer. Where that fails half-way, the
// reader of the answer meets with it: to a client that is something else than a
// call that came to nothing.
func (b *bearer) once(next http.RoundTripper, r *http.Request, value string) (*http.Response, []byte, error) {
	ctx, cancel := r.Context(), context.CancelFunc(func() {})
	if b.timeout > 0 {
		ctx, cancel = context.WithTimeout(ctx, b.timeout)
	}
	defer cancel()
	out, err := signed(r.Clone(ctx), value)
	if err != nil {
		return nil, nil, err
	}
	response, err := next.RoundTrip(out)
	if err != nil {
		return nil, nil, err
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, mostReply))
	_ = response.Body.Close()
	response.Request = r
	response.Body = io.NopCloser(bytes.NewReader(body))
	if err != nil {
		response.Body = io.NopCloser(io.MultiReader(bytes.NewReader(body), broken{err}))
	}
	return response, body, nil
}

// A broken reader fails.
type broken struct{ err error }

func (b broken) Read([]byte) (int, error) { return 0, b.err }

// signed puts a token where the clients put theirs: in a header, or in a form.
func signed(r *http.Request, value string) (*http.Request, error) {
	if r.Header.Get("Authorization") == "Bearer "+tokenInUse {
		r.Header.Set("Authorization", "Bearer "+value)
	}
	if r.Body == nil || r.Body == http.NoBody {
		return r, nil
	}
	if r.GetBody == nil {
		return nil, errors.New("a call of the Web API cannot be repeated")
	}
	body, err := r.GetBody()
	if err != nil {
		return nil, err
	}
	r.Body = body
	if !strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
		return r, nil
	}
	text, err := io.ReadAll(body)
	if err != nil {
		return nil, err
	}
	form, err := url.ParseQuery(string(text))
	if err != nil {
		return nil, err
	}
	if form.Get("token") == tokenInUse {
		form.Set("token", value)
	}
	filled := form.Encode()
	r.Body, r.ContentLength = io.NopCloser(strings.NewReader(filled)), int64(len(filled))
	r.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(filled)), nil }
	return r, nil
}

// codeOf is the error code in an answer of the Web API, "" for success. Known
// says that it is such an answer.
func codeOf(body []byte) (code string, known bool) {
	var says struct {
		OK    *bool  `json:"ok"`
		Error string `json:"error"`
	}
	if json.Unmarshal(body, &says) != nil || says.OK == nil {
		return "", false
	}
	if *says.OK {
		return "", true
	}
	return says.Error, true
}
