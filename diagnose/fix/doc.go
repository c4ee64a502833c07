// Package fix carries out what a diagnosis advises, where that is one call to
// AWS: a validation CNAME or a CAA value in Route 53, the validation mail once
// more, the switch from e-mail to DNS validation, the renewal of an exported
// private certificate.
//
// [For] is pure: it makes a [Plan] of facts and a report, which says exactly
// what will change, and is what a person is asked about. [Fixer.Apply] carries
// a plan out. It trusts no plan: it reads the state again first, refuses where
// that is not what the plan shows, and keeps rules of its own that no plan can
// lift (see [Fixer.Apply]). Nothing is ever deleted, and no certificate is
// ever exported.
package fix
