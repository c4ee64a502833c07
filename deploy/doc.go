// Package deploy holds what acmbot is run with for real: the IAM policies that
// let it read. There is no code in it; its test keeps the policies equal to
// what the program calls.
package deploy
