package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.opentelemetry.io/otel/exporters/otlp/otlptrace"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
)

// An otlpClient sends spans by OTLP over HTTP, as protobuf ("OTLP
// Specification", https://opentelemetry.io/docs/specs/otlp/#otlphttp).
//
// OpenTelemetry's own exporter for HTTP makes the program half as large again:
// it links the whole of gRPC, by way of a package that has the request's type.
// That type is on the wire what TracesData is.
type otlpClient struct {
	url     string
	headers map[string]string
	gzip    bool
	timeout time.Duration // of one try
	http    *http.Client
	stopped chan struct{}
	backoff time.Duration // before the second try
}

var _ otlptrace.Client = (*otlpClient)(nil)

// An exportError is why spans were not taken, in words for the operator.
type exportError struct {
	problem string
	err     error
}

func (e *exportError) Error() string { return e.problem }

// Unwrap is what the network says; its text is not for people.
func (e *exportError) Unwrap() error { return e.err }

// Start implements otlptrace.Client.
func (c *otlpClient) Start(context.Context) error { return nil }

// Stop implements otlptrace.Client.
func (c *otlpClient) Stop(context.Context) error {
	close(c.stopped)
	c.http.CloseIdleConnections()
	return nil
}

// UploadTraces implements otlptrace.Client. It tries again where the collector
// says that this may help, until ctx ends. Its errors are *exportError.
func (c *otlpClient) UploadTraces(ctx context.Context, spans []*tracepb.ResourceSpans) error {
	body, err := proto.Marshal(&tracepb.TracesData{ResourceSpans: spans})
	if err != nil {
		return &exportError{"they cannot be encoded", err}
	}
	if c.gzip {
		var b bytes.Buffer
		w := gzip.NewWriter(&b)
		_, _ = w.Write(body) // into memory
		_ = w.Close()
		body = b.Bytes()
	}
	var before error
	for wait := c.backoff; ; wait = min(2*wait, 30*time.Second) {
		retryAfter, err := c.upload(ctx, body)
		if err == nil || retryAfter < 0 {
			return err
		}
		if ctx.Err() != nil && before != nil {
			return before // that this try was cut short tells nothing
		}
		before = err
		timer := time.NewTimer(max(retryAfter, wait/2+rand.N(wait/2+1)))
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return err
		case <-c.stopped:
			timer.Stop()
			return err
		}
	}
}

// upload makes one try. RetryAfter is negative where another one would not help.
func (c *otlpClient) upload(ctx context.Context, body []byte) (retryAfter time.Duration, err error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, bytes.NewReader(body))
	if err != nil {
		return -1, &exportError{"the address is not one", err}
	}
	for name, value := range c.headers {
		request.Header.Set(name, value)
	}
	request.Header.Set("Content-Type", "application/x-protobuf")
	if c.gzip {
		request.Header.Set("Content-Encoding", "gzip")
	}
	response, err := c.http.Do(request)
	if err != nil {
		var authority x509.UnknownAuthorityError
		var name x509.HostnameError
		switch {
		case errors.Is(err, context.DeadlineExceeded):
			return 0, &exportError{"the collector does not answer in time", err}
		case errors.As(err, &authority) || errors.As(err, &name):
			return -1, &exportError{"the collector's certificate is not trusted: check OTEL_EXPORTER_OTLP_CERTIFICATE", err}
		}
		return 0, &exportError{"the collector cannot be reached: check OTEL_EXPORTER_OTLP_ENDPOINT and the way to it", err}
	}
	reply, _ := io.ReadAll(io.LimitReader(response.Body, 64<<10))
	_ = response.Body.Close()
	status := response.StatusCode
	switch {
	case status < 300:
		if n := rejectedSpans(reply); n > 0 {
			return -1, &exportError{fmt.Sprintf("the collector rejects %d of them", n), nil}
		}
		return 0, nil
	case slices.Contains([]int{http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout}, status):
		seconds, _ := strconv.Atoi(strings.TrimSpace(response.Header.Get("Retry-After")))
		return time.Duration(max(seconds, 0)) * time.Second, &exportError{fmt.Sprintf("the collector is overloaded or away (HTTP status %d)", status), nil}
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		return -1, &exportError{fmt.Sprintf("the collector refuses the credentials (HTTP status %d): check OTEL_EXPORTER_OTLP_HEADERS", status), nil}
	default:
		return -1, &exportError{fmt.Sprintf("the collector answers with the HTTP status %d: check the path of OTEL_EXPORTER_OTLP_ENDPOINT", status), nil}
	}
}

// rejectedSpans is how many spans a collector has not taken although it answers
// with success: the first field of the first field of
// ExportTraceServiceResponse.
func rejectedSpans(reply []byte) int64 {
	partial := field(reply, 1, protowire.BytesType)
	count := field(partial, 1, protowire.VarintType)
	n, size := protowire.ConsumeVarint(count)
	if size < 0 {
		return 0
	}
	return int64(n)
}

// field finds a field of a message: what is in it, without its length.
func field(message []byte, number protowire.Number, kind protowire.Type) []byte {
	for len(message) > 0 {
		n, t, size := protowire.ConsumeTag(message)
		if size < 0 {
			return nil
		}
		message = message[size:]
		value := protowire.ConsumeFieldValue(n, t, message)
		if value < 0 {
			return nil
		}
		if n == number && t == kind {
			if kind != protowire.BytesType {
				return message[:value]
			}
			content, _ := protowire.ConsumeBytes(message)
			return content
		}
		message = message[value:]
	}
	return nil
}

// tlsConfig trusts and shows the certificates in files; nil for the system's.
func tlsConfig(authority, certificate, key file) (*tls.Config, error) {
	if authority == "" && certificate == "" && key == "" {
		return nil, nil
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if authority != "" {
		pem, err := os.ReadFile(string(authority))
		config.RootCAs = x509.NewCertPool()
		if err != nil || !config.RootCAs.AppendCertsFromPEM(pem) {
			return nil, &settingError{"OTEL_EXPORTER_OTLP_CERTIFICATE", "names a file without a PEM certificate", ""}
		}
	}
	if certificate != "" || key != "" {
		pair, err := tls.LoadX509KeyPair(string(certificate), string(key))
		if err != nil {
			return nil, &settingError{"OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE", "and OTEL_EXPORTER_OTLP_CLIENT_KEY do not name a certificate and its key as PEM", ""}
		}
		config.Certificates = []tls.Certificate{pair}
	}
	return config, nil
}
