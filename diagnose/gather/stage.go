package gather

// The phrases of Progress that begin the stages of a diagnosis, in their order.
const (
	StageFind  = "finding the certificates in ACM"
	StageLook  = "asking DNS and the endpoints"
	StageJudge = "weighing what was seen"
)
