package awswire

import (
	"context"
	"io"

	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// plainBody is the middleware's id.
const plainBody = "PlainBody"

// plainBodies keeps the SDK from breaking a connection while it reads an answer
// from it. The SDK closes a request's body as soon as the answer begins. Where
// net/http has sent the body but has not yet looked whether there is more of
// it, it finds out from the closed body: by Read, that says io.EOF, which is
// the end, but by WriteTo it says io.EOF too, which is an error there, and
// net/http gives up the connection with what is left of the answer. So a
// request's body has no WriteTo ("safeWriteToReadCloser", smithy-go 1.28.9,
// https://github.com/aws/smithy-go/blob/main/transport/http/internal/io/safe.go).
func plainBodies(stack *middleware.Stack) error {
	if _, there := stack.Build.Get(plainBody); there {
		return nil
	}
	return stack.Build.Add(middleware.BuildMiddlewareFunc(plainBody, func(ctx context.Context, in middleware.BuildInput, next middleware.BuildHandler) (middleware.BuildOutput, middleware.Metadata, error) {
		if request, ok := in.Request.(*smithyhttp.Request); ok {
			_, writes := request.GetStream().(io.WriterTo)
			if seeker, seeks := request.GetStream().(io.ReadSeeker); writes && seeks {
				plain, err := request.SetStream(struct{ io.ReadSeeker }{seeker})
				if err != nil {
					return middleware.BuildOutput{}, middleware.Metadata{}, err
				}
				in.Request = plain
			}
		}
		return next.HandleBuild(ctx, in)
	}), middleware.After) // when the body is there
}
