// Package awsapi is an embedded AWS API: the parts of AWS Certificate Manager,
// Security Token Service, Route 53, AWS Private CA, Amazon SQS, Secrets Manager
// and Systems Manager Parameter Store that acmbot uses, over the wire protocols
// and with the signatures that the unmodified AWS SDK speaks. It serves the demo
// and the tests.
//
// One [Server] answers for all services, accounts and regions: point
// AWS_ENDPOINT_URL at it. Which service, account and region is meant follows
// from the signature's credential scope, as behind AWS's own front door.
package awsapi

import (
	"context"
	"io"
	"net/http"
	"slices"
	"sync"
	"time"
)

// A Server is the API, an http.Handler.
type Server struct {
	now      func() time.Time
	onWrite  func(Call)
	dynamoDB string
	behind   *http.Client // for DynamoDB

	mu       sync.Mutex
	state    State
	sessions map[string]session // by access key id
	serial   int
	changed  chan struct{} // closed when a queue may have changed

	callMu sync.Mutex
	calls  []Call
	faults []*Fault
}

// Options are what New can be told.
type Options struct {
	// Now dates what the API changes; time.Now where nil. Signatures are
	// always checked against the machine's clock.
	Now func() time.Time
	// OnWrite, where set, is called after each action that changed the state.
	OnWrite func(Call)
	// DynamoDB is the URL of a server that plays it, such as dynalite. It gets
	// the calls of DynamoDB that whoever signed them may make. Without, there is
	// no DynamoDB.
	DynamoDB string
}

// New returns a server with an empty state.
func New(o Options) *Server {
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Server{now: o.Now, onWrite: o.OnWrite, dynamoDB: o.DynamoDB, behind: &http.Client{Transport: &http.Transport{}}, sessions: map[string]session{}, changed: make(chan struct{})}
}

// Update changes the state, at any time. The function must not keep the State.
func (s *Server) Update(change func(*State)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(&s.state)
	s.wake()
}

// View reads the state. The function must not keep the State nor change it.
func (s *Server) View(look func(*State)) { s.Update(look) }

// Inject adds a fault, and returns a function that takes it out again.
func (s *Server) Inject(f *Fault) (remove func()) {
	s.callMu.Lock()
	defer s.callMu.Unlock()
	s.faults = append(s.faults, f)
	return func() {
		s.callMu.Lock()
		defer s.callMu.Unlock()
		s.faults = slices.DeleteFunc(s.faults, func(g *Fault) bool { return g == f })
	}
}

// A Call is one request that the API answered.
type Call struct {
	Time    time.Time
	Service string // as signed for: acm, sts, iam, route53, acm-pca, sqs, secretsmanager, ssm, dynamodb
	Action  string
	Account string // of the caller; empty where the credentials were not known
	Region  string
	// Resource is the ARN or zone id that the call named, if any.
	Resource string
	// Status is the HTTP status of the answer; 0 where none was given.
	Status int
	// Code is the error's, empty where it went well.
	Code string
}

// IAM is the call's action as IAM spells it, such as "acm:SearchCertificates".
func (c Call) IAM() string {
	if c.Service == "sqs" {
		return c.Service + ":" + sqsIAM(c.Action)
	}
	return c.Service + ":" + c.Action
}

// Calls returns the calls so far, in the order in which they were answered.
func (s *Server) Calls() []Call {
	s.callMu.Lock()
	defer s.callMu.Unlock()
	return slices.Clone(s.calls)
}

// ForgetCalls empties the list of calls.
func (s *Server) ForgetCalls() {
	s.callMu.Lock()
	defer s.callMu.Unlock()
	s.calls = nil
}

// maxBody is more than any request that the API knows needs.
const maxBody = 4 << 20

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		http.Error(w, "request too large", http.StatusRequestEntityTooLarge)
		return
	}
	req := &request{Request: r, body: body}
	req.identify()
	call := Call{Time: time.Now(), Service: req.service, Action: req.action, Region: req.region}

	reply := s.answer(r.Context(), req, &call)
	if reply != nil {
		call.Status = reply.status
		call.Code = reply.code
	}
	s.callMu.Lock()
	s.calls = append(s.calls, call)
	s.callMu.Unlock()
	if reply == nil {
		panic(http.ErrAbortHandler)
	}
	if reply.wrote && s.onWrite != nil {
		s.onWrite(call)
	}
	w.Header().Set("Content-Type", reply.contentType)
	w.Header().Set("X-Amzn-Requestid", requestID())
	if reply.queryCode != "" {
		w.Header().Set("X-Amzn-Query-Error", reply.queryCode+";Sender")
	}
	w.WriteHeader(reply.status)
	_, _ = w.Write(reply.body)
}

// answer returns nil where no answer is to be given.
func (s *Server) answer(ctx context.Context, req *request, call *Call) *reply {
	who, refusal := s.authenticate(req)
	call.Account = who.account

	s.callMu.Lock()
	faults := slices.Clone(s.faults)
	s.callMu.Unlock()
	for _, f := range faults {
		if !f.applies(*call) {
			continue
		}
		if f.Delay > 0 {
			select {
			case <-time.After(f.Delay):
			case <-ctx.Done():
				return nil
			}
		}
		switch {
		case f.Hang:
			<-ctx.Done()
			return nil
		case f.Error != nil:
			return req.fail(f.Error)
		case f.Status != 0:
			return &reply{status: f.Status, contentType: req.protocol.contentType(), body: []byte(f.Body)}
		}
	}
	if refusal != nil {
		return req.fail(refusal)
	}

	if req.service == "dynamodb" && s.dynamoDB != "" {
		s.mu.Lock()
		c := s.invocation(req, who)
		refused := c.authorize()
		s.mu.Unlock()
		if refused != nil {
			return req.fail(refused)
		}
		return s.forward(ctx, req)
	}

	s.mu.Lock()
	defer s.mu.Unlock()
	action, ok := actions[req.service+":"+req.action]
	if !ok {
		return req.fail(Unknown())
	}
	c := s.invocation(req, who)
	if refusal := c.authorize(); refusal != nil {
		return req.fail(refusal)
	}
	out, fault := action(c)
	call.Resource = c.resource
	if fault != nil {
		return req.fail(fault)
	}
	reply := req.succeed(out)
	reply.wrote = c.wrote
	return reply
}

// invocation is the request as an action takes it. The server's lock is held.
func (s *Server) invocation(req *request, who identity) *invocation {
	account := s.state.Account(who.account)
	c := &invocation{Server: s, request: req, account: account, region: account.Regions[req.region], who: who}
	if c.region == nil {
		c.region = &Region{Name: req.region}
	}
	return c
}
