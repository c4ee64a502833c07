package awsapi

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strings"
)

// DynamoDB is not here, but may stand behind: see [Options].

// tableOf is the table that a request to DynamoDB names, if it names one
// ("Actions, resources, and condition keys for Amazon DynamoDB", Service
// Authorization Reference,
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazondynamodb.html).
func tableOf(c *invocation) (target, *Error) {
	name, fault := c.text("TableName")
	switch {
	case name == "":
		return target{resource: "*"}, fault
	case !strings.HasPrefix(name, "arn:"):
		name = c.arn("dynamodb", "table/"+name)
	}
	return target{resource: name}, fault
}

// forward sends a request to the DynamoDB that stands behind, which checks
// neither its signature nor its permission.
func (s *Server) forward(ctx context.Context, r *request) *reply {
	unavailable := r.fail(&Error{Status: 500, Code: "InternalServerError", Message: "DynamoDB cannot be reached"})
	behind, err := http.NewRequestWithContext(ctx, r.Method, s.dynamoDB+"/", bytes.NewReader(r.body))
	if err != nil {
		return unavailable
	}
	behind.Header = r.Header.Clone()
	behind.Header.Del("Accept-Encoding")
	response, err := s.behind.Do(behind)
	if err != nil {
		return unavailable
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return unavailable
	}
	return &reply{status: response.StatusCode, contentType: response.Header.Get("Content-Type"), body: body}
}
