package world

// A Resolver is a recursive resolver as a world describes it.
type Resolver struct {
	Name    string `yaml:"name"`
	Address string `yaml:"address"` // the next free one where empty
	// Cache is what it has from before the start.
	Cache []CacheEntry `yaml:"cache"`
	// Does is what it does wrong, in the words of servers.yaml.
	Does         List `yaml:"does"`
	NoValidation bool `yaml:"no validation"`
}

// A CacheEntry is an answer that a resolver still holds.
type CacheEntry struct {
	Name      string `yaml:"name"`
	Type      string `yaml:"type"`
	Answer    string `yaml:"answer"` // records in master file format; a negative answer where empty
	NXDomain  bool   `yaml:"nxdomain"`
	Remaining Span   `yaml:"remaining"` // until it leaves the cache
}
