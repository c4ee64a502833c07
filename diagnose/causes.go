package diagnose

// A CauseID is the stable, kebab-case name of a cause. Ids are an API: they
// appear in JSON, metrics and tests, and never change.
type CauseID string
