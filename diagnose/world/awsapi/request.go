package awsapi

import (
	"crypto/rand"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// A protocol is a way in which an AWS service speaks HTTP (Smithy
// specification, "AWS Protocols", https://smithy.io/2.0/aws/protocols/).
type protocol int

const (
	jsonProtocol  protocol = iota // AWS JSON 1.1: ACM, AWS Private CA, Secrets Manager, Systems Manager
	json10                        // AWS JSON 1.0: SQS, DynamoDB
	queryProtocol                 // AWS Query: STS
	restXML                       // REST XML: Route 53
)

func (p protocol) contentType() string {
	switch p {
	case jsonProtocol:
		return "application/x-amz-json-1.1"
	case json10:
		return "application/x-amz-json-1.0"
	}
	return "text/xml"
}

func (p protocol) json() bool { return p == jsonProtocol || p == json10 }

// A request is an HTTP request, with what it asks for.
type request struct {
	*http.Request
	body     []byte
	protocol protocol
	service  string
	action   string
	region   string
	form     url.Values // of the query protocol
	path     []string   // of the REST protocol, after the version
	auth     authorization
}

const route53Version = "/2013-04-01/"

// identify finds out which action is meant. The service is the one that the
// request is signed for; unsigned requests show theirs by their form.
func (r *request) identify() {
	r.auth = parseAuthorization(r.Header.Get("Authorization"))
	r.service, r.region = r.auth.service, r.auth.region
	switch target := r.Header.Get("X-Amz-Target"); {
	case target != "":
		r.protocol = jsonProtocol
		prefix, action, _ := strings.Cut(target, ".")
		r.action = action
		if r.service == "" {
			r.service = map[string]string{
				"CertificateManager": "acm", "ACMPrivateCA": "acm-pca", "AmazonSQS": "sqs",
				"secretsmanager": "secretsmanager", "AmazonSSM": "ssm", "DynamoDB_20120810": "dynamodb",
			}[prefix]
		}
		if prefix == "AmazonSQS" || prefix == "DynamoDB_20120810" {
			r.protocol = json10
		}
	case strings.HasPrefix(r.URL.Path, route53Version):
		r.protocol = restXML
		r.path = strings.Split(strings.Trim(strings.TrimPrefix(r.URL.Path, route53Version), "/"), "/")
		r.action = route53Action(r.Method, r.path)
		r.service = or(r.service, "route53")
	default:
		r.protocol = queryProtocol
		r.form, _ = url.ParseQuery(string(r.body))
		r.action = r.form.Get("Action")
		r.service = or(r.service, "sts")
	}
}

func route53Action(method string, path []string) string {
	var pattern strings.Builder
	pattern.WriteString(method + " " + path[0])
	for i, part := range path[1:] {
		if i == 0 {
			part = "*"
		}
		pattern.WriteString("/" + part)
	}
	return map[string]string{
		"GET hostedzone":          "ListHostedZones",
		"GET hostedzonesbyname":   "ListHostedZonesByName",
		"GET hostedzone/*":        "GetHostedZone",
		"GET hostedzone/*/rrset":  "ListResourceRecordSets",
		"POST hostedzone/*/rrset": "ChangeResourceRecordSets",
		"GET hostedzone/*/dnssec": "GetDNSSEC",
		"GET change/*":            "GetChange",
	}[pattern.String()]
}

// decode reads the JSON body of a request.
func (r *request) decode(into any) *Error {
	if len(r.body) == 0 {
		return nil
	}
	if err := json.Unmarshal(r.body, into); err != nil {
		return &Error{Code: "SerializationException", Message: "the body is not what the action takes"}
	}
	return nil
}

// A reply is an answer, ready to be sent.
type reply struct {
	status      int
	contentType string
	body        []byte
	code        string
	wrote       bool
	// queryCode is the error's code in the query protocol, which services that
	// have spoken that one still give.
	queryCode string
}

// succeed answers with what an action gave: JSON, or XML under the action's
// name.
func (r *request) succeed(out any) *reply {
	var body []byte
	var err error
	if r.protocol.json() {
		if out == nil {
			out = object{}
		}
		body, err = json.Marshal(out)
	} else {
		body, err = xml.Marshal(out)
		body = append([]byte(xml.Header), body...)
	}
	if err != nil {
		return r.fail(&Error{Status: 500, Code: "InternalFailure", Message: err.Error()})
	}
	return &reply{status: 200, contentType: r.protocol.contentType(), body: body}
}

// xmlCodes are the codes by which the XML protocols name what JSON services
// name otherwise ("Common errors" of the STS, Route 53 and ACM API references),
// with their status.
var xmlCodes = map[string]Error{
	"MissingAuthenticationTokenException": {Status: 403, Code: "MissingAuthenticationToken"},
	"UnrecognizedClientException":         {Status: 403, Code: "InvalidClientTokenId"},
	"InvalidSignatureException":           {Status: 403, Code: "SignatureDoesNotMatch"},
	"ExpiredTokenException":               {Status: 403, Code: "ExpiredToken"},
	"AccessDeniedException":               {Status: 403, Code: "AccessDenied"},
	"ThrottlingException":                 {Status: 400, Code: "Throttling"},
	"UnknownOperationException":           {Status: 400, Code: "InvalidAction"},
}

// sqsCodes are the codes that SQS's errors have in the query protocol where
// they are others ("Common error types" and the actions' "Errors", Amazon SQS
// API Reference).
var sqsCodes = map[string]string{
	"BatchEntryIdsNotDistinct":     "AWS.SimpleQueueService.BatchEntryIdsNotDistinct",
	"EmptyBatchRequest":            "AWS.SimpleQueueService.EmptyBatchRequest",
	"InvalidBatchEntryId":          "AWS.SimpleQueueService.InvalidBatchEntryId",
	"MessageNotInflight":           "AWS.SimpleQueueService.MessageNotInflight",
	"QueueDoesNotExist":            "AWS.SimpleQueueService.NonExistentQueue",
	"TooManyEntriesInBatchRequest": "AWS.SimpleQueueService.TooManyEntriesInBatchRequest",
	"UnsupportedOperation":         "AWS.SimpleQueueService.UnsupportedOperation",
}

type errorResponse struct {
	XMLName   xml.Name `xml:"ErrorResponse"`
	Type      string   `xml:"Error>Type"`
	Code      string   `xml:"Error>Code"`
	Message   string   `xml:"Error>Message"`
	RequestID string   `xml:"RequestId"`
}

// fail answers with an error, in the protocol of the request.
func (r *request) fail(e *Error) *reply {
	code, status := e.Code, e.Status
	if status == 0 {
		status = 400
	}
	out := &reply{contentType: r.protocol.contentType()}
	switch {
	case r.service == "dynamodb":
		// It has one status for what the caller did wrong ("Error handling with
		// DynamoDB", Amazon DynamoDB Developer Guide,
		// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html).
		out.body, _ = json.Marshal(object{"__type": "com.amazon.coral.service#" + code, "Message": e.Message})
	case r.protocol == json10:
		shape := "com.amazonaws.sqs#" + code
		if x, ok := xmlCodes[code]; ok {
			shape, status = "com.amazon.coral.service#"+code, x.Status
			out.queryCode = x.Code
		} else if out.queryCode = sqsCodes[code]; out.queryCode == "" {
			out.queryCode = code
		}
		out.body, _ = json.Marshal(object{"__type": shape, "message": e.Message})
	case r.protocol == jsonProtocol:
		// AccessDeniedException capitalises its message; the others do not.
		key := "message"
		if code == "AccessDeniedException" {
			key = "Message"
		}
		answer := object{"__type": code}
		answer.put(key, e.Message)
		out.body, _ = json.Marshal(answer)
	default:
		if x, ok := xmlCodes[code]; ok {
			code, status = x.Code, x.Status
		}
		fault := "Sender"
		if status >= 500 {
			fault = "Receiver"
		}
		out.body, _ = xml.Marshal(errorResponse{Type: fault, Code: code, Message: e.Message, RequestID: requestID()})
	}
	out.status, out.code = status, code
	return out
}

func requestID() string {
	var b [16]byte
	_, _ = rand.Read(b[:])
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
