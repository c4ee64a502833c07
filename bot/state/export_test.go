package state

// The tests of upgrades bring migrations of their own.

type Migration = migration

var MigrateWith = migrate
