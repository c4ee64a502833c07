package awsapi

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/url"
	"slices"
	"strings"
	"time"
)

// An authorization is a request's Authorization header, taken apart
// ("Elements of an AWS API request signature", IAM User Guide,
// https://docs.aws.amazon.com/IAM/latest/UserGuide/signing-elements.html).
type authorization struct {
	key, date, region, service string
	signedHeaders              []string
	signature                  string
}

const signingAlgorithm = "AWS4-HMAC-SHA256"

func parseAuthorization(header string) authorization {
	var a authorization
	rest, ok := strings.CutPrefix(header, signingAlgorithm+" ")
	if !ok {
		return a
	}
	for part := range strings.SplitSeq(rest, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		switch name {
		case "Credential":
			scope := strings.Split(value, "/")
			if len(scope) == 5 && scope[4] == "aws4_request" {
				a.key, a.date, a.region, a.service = scope[0], scope[1], scope[2], scope[3]
			}
		case "SignedHeaders":
			a.signedHeaders = strings.Split(value, ";")
		case "Signature":
			a.signature = value
		}
	}
	return a
}

// An identity is who signed a request.
type identity struct {
	account   string
	principal string
	deny      []string
}

// maxSkew is how far a request's date may be from the server's clock.
const maxSkew = 5 * time.Minute

// authenticate finds out whose key signed the request, and checks that it did.
func (s *Server) authenticate(r *request) (identity, *Error) {
	if r.auth.key == "" {
		return identity{}, &Error{Code: "MissingAuthenticationTokenException", Message: "Request is missing Authentication Token"}
	}
	key, who, ok := s.key(r.auth.key)
	invalid := &Error{Code: "UnrecognizedClientException", Message: "The security token included in the request is invalid."}
	switch {
	case !ok, key.SessionToken != r.Header.Get("X-Amz-Security-Token"):
		return identity{}, invalid
	case !key.Expires.IsZero() && time.Now().After(key.Expires):
		return who, &Error{Code: "ExpiredTokenException", Message: "The security token included in the request is expired"}
	}
	at, err := time.Parse("20060102T150405Z", r.Header.Get("X-Amz-Date"))
	mismatch := &Error{Code: "InvalidSignatureException", Message: "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details."}
	if err != nil || !slices.Contains(r.auth.signedHeaders, "host") || at.Format("20060102") != r.auth.date {
		return who, mismatch
	}
	if age := time.Since(at); age > maxSkew || age < -maxSkew {
		return who, &Error{Code: "InvalidSignatureException", Message: "Signature expired: " + r.Header.Get("X-Amz-Date") + " is too far from the time of the service"}
	}
	if !hmac.Equal([]byte(r.signature(key.Secret)), []byte(r.auth.signature)) {
		return who, mismatch
	}
	return who, nil
}

// key looks an access key up, among users and sessions.
func (s *Server) key(id string) (AccessKey, identity, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if session, ok := s.sessions[id]; ok {
		return session.AccessKey, identity{account: session.account, principal: session.Principal, deny: session.Deny}, true
	}
	for _, a := range s.state.Accounts {
		for _, k := range a.Keys {
			if k.ID == id {
				principal := or(k.Principal, "arn:"+a.partition()+":iam::"+a.ID+":user/acmbot")
				return k, identity{account: a.ID, principal: principal, deny: k.Deny}, true
			}
		}
	}
	return AccessKey{}, identity{}, false
}

// signature computes the request's Signature Version 4 anew ("Create a signed
// AWS API request", IAM User Guide,
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html).
func (r *request) signature(secret string) string {
	payload := sha256.Sum256(r.body)
	var headers strings.Builder
	for _, name := range r.auth.signedHeaders {
		values := r.Header.Values(name)
		switch name {
		case "host":
			values = []string{r.Host}
		case "content-length":
			values = []string{r.Header.Get("Content-Length")}
		}
		trimmed := make([]string, len(values))
		for i, v := range values {
			trimmed[i] = strings.Join(strings.Fields(v), " ")
		}
		headers.WriteString(name + ":" + strings.Join(trimmed, ",") + "\n")
	}
	canonical := strings.Join([]string{
		r.Method,
		escapePath(r.URL.EscapedPath()),
		canonicalQuery(r.URL.Query()),
		headers.String(),
		strings.Join(r.auth.signedHeaders, ";"),
		hex.EncodeToString(payload[:]),
	}, "\n")
	digest := sha256.Sum256([]byte(canonical))
	scope := strings.Join([]string{r.auth.date, r.auth.region, r.auth.service, "aws4_request"}, "/")
	toSign := strings.Join([]string{signingAlgorithm, r.Header.Get("X-Amz-Date"), scope, hex.EncodeToString(digest[:])}, "\n")

	key := []byte("AWS4" + secret)
	for _, part := range []string{r.auth.date, r.auth.region, r.auth.service, "aws4_request", toSign} {
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(part))
		key = mac.Sum(nil)
	}
	return hex.EncodeToString(key)
}

// escapePath escapes a path that is escaped already: outside S3, the canonical
// path is escaped twice.
func escapePath(path string) string {
	if path == "" {
		return "/"
	}
	parts := strings.Split(path, "/")
	for i, p := range parts {
		parts[i] = escape(p)
	}
	return strings.Join(parts, "/")
}

func canonicalQuery(q url.Values) string {
	var pairs []string
	for name, values := range q {
		for _, v := range values {
			pairs = append(pairs, escape(name)+"="+escape(v))
		}
	}
	slices.Sort(pairs)
	return strings.Join(pairs, "&")
}

// escape percent-encodes all but RFC 3986's unreserved characters.
func escape(s string) string {
	return strings.NewReplacer("+", "%20", "%7E", "~").Replace(url.QueryEscape(s))
}
