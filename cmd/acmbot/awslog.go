package main

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
)

// logCalls logs each try at a call that is made with the configuration, at
// level debug, with AWS's id of it, which AWS Support asks for, and the id of
// the request that it is made for.
func logCalls(cfg *aws.Config, log *slog.Logger) {
	note := middleware.DeserializeMiddlewareFunc("CallLog", func(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (middleware.DeserializeOutput, middleware.Metadata, error) {
		if !log.Enabled(ctx, slog.LevelDebug) {
			return next.HandleDeserialize(ctx, in)
		}
		start := time.Now()
		out, metadata, err := next.HandleDeserialize(ctx, in)
		id, _ := awsmiddleware.GetRequestIDMetadata(metadata)
		code := ""
		if failed, ok := errors.AsType[*awshttp.ResponseError](err); ok {
			id = failed.ServiceRequestID()
		}
		if failed, ok := errors.AsType[smithy.APIError](err); ok {
			code = failed.ErrorCode()
		}
		log.DebugContext(ctx, "called AWS", "service", awsmiddleware.GetServiceID(ctx), "operation", awsmiddleware.GetOperationName(ctx),
			"region", awsmiddleware.GetRegion(ctx), "result", callResult(err), "code", code, "aws_request_id", id, "ms", time.Since(start).Milliseconds())
		return out, metadata, err
	})
	cfg.APIOptions = append(slices.Clip(cfg.APIOptions), func(stack *middleware.Stack) error {
		return stack.Deserialize.Add(note, middleware.Before)
	})
}
