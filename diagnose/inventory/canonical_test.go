package inventory

import "testing"

func TestCanonicalSerial(t *testing.T) {
	for serial, want := range map[string]string{
		"":            "",
		"00":          "0",
		"00:0A:ff":    "aff",
		"0a1b2c3d4e":  "a1b2c3d4e",
		"12:34:56:78": "12345678",
		"426307918771635201044648134815419143037073228718": "4aac4ee791315d3d0a21dc9f688efec531f003ae",
	} {
		if got := canonicalSerial(serial); got != want {
			t.Errorf("%q becomes %q, want %q", serial, got, want)
		}
	}
}

func TestPartition(t *testing.T) {
	for region, want := range map[string]string{
		"eu-west-1": "aws", "cn-north-1": "aws-cn", "us-gov-west-1": "aws-us-gov", "us-iso-east-1": "aws-iso",
		"us-isob-east-1": "aws-iso-b", "eu-isoe-west-1": "aws-iso-e", "us-isof-south-1": "aws-iso-f", "eusc-de-east-1": "aws-eusc",
	} {
		if got := partition(region); got != want {
			t.Errorf("%s is in %s, want %s", region, got, want)
		}
	}
}

func TestZoneName(t *testing.T) {
	for name, want := range map[string]string{
		`Example.com.`:         `example.com`,
		`\052.example.com.`:    `*.example.com`,
		`a\056b.example.com.`:  `a\046b.example.com`,
		`_x\137y.example.com.`: `_x_y.example.com`,
		`odd\9.example.com`:    `odd\9.example.com`,
	} {
		if got := zoneName(name); got != want {
			t.Errorf("%s becomes %s, want %s", name, got, want)
		}
	}
}
