package awswire

import (
	"context"
	"errors"
	"io"

	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// mostAnswer is how many bytes of an answer are read: several times what the
// longest page of any action that acmbot calls takes.
const mostAnswer = 16 << 20

// answerLimit is the middleware's id.
const answerLimit = "AnswerLimit"

var errHuge = errors.New("the answer is longer than any of AWS's")

// limitAnswers ends the reading of an answer that is too long to be one of
// AWS's, which the SDK would take into memory whole.
func limitAnswers(stack *middleware.Stack) error {
	if _, there := stack.Deserialize.Get(answerLimit); there {
		return nil
	}
	return stack.Deserialize.Add(middleware.DeserializeMiddlewareFunc(answerLimit, func(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (middleware.DeserializeOutput, middleware.Metadata, error) {
		out, metadata, err := next.HandleDeserialize(ctx, in)
		if response, ok := out.RawResponse.(*smithyhttp.Response); ok && response.Response != nil && response.Body != nil {
			response.Body = &limitedBody{response.Body, mostAnswer}
		}
		return out, metadata, err
	}), middleware.After) // nearest to the wire
}

type limitedBody struct {
	io.ReadCloser
	left int
}

func (b *limitedBody) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errHuge
	}
	n, err := b.ReadCloser.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, err
}
