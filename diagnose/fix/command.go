package fix

import (
	"encoding/json"
	"fmt"
	"strings"
)

// Commands are the AWS CLI commands that the plan equals, one each.
func (p *Plan) Commands() []string {
	var list []string
	switch p.Kind {
	case ResendEmail:
		for _, m := range p.Mails {
			list = append(list, p.acm("resend-validation-email")+" --domain "+shellQuote(m.Name)+" --validation-domain "+shellQuote(m.ValidationDomain))
		}
	case SwitchToDNS:
		list = append(list, p.acm("update-certificate-options")+" --options ValidationMethod=DNS")
	case RenewPrivate:
		list = append(list, p.acm("renew-certificate"))
	default:
		var zones []string
		changes := map[string][]Change{}
		for _, c := range p.Changes {
			if changes[c.ZoneID] == nil {
				zones = append(zones, c.ZoneID)
			}
			changes[c.ZoneID] = append(changes[c.ZoneID], c)
		}
		for _, z := range zones {
			list = append(list, changeCommand(z, changes[z]))
		}
	}
	return list
}

func (p *Plan) acm(operation string) string {
	return "aws acm " + operation + " --region " + shellQuote(p.Region) + " --certificate-arn " + shellQuote(p.Certificate)
}

func changeCommand(zone string, changes []Change) string {
	type resourceRecord struct{ Value string }
	type recordSet struct {
		Name, Type      string
		TTL             int64
		ResourceRecords []resourceRecord
	}
	type change struct {
		Action            string
		ResourceRecordSet recordSet
	}
	var all struct{ Changes []change }
	for _, c := range changes {
		one := change{Action: "CREATE", ResourceRecordSet: recordSet{Name: c.Name, Type: c.Type, TTL: c.TTL}}
		if len(c.Before) > 0 {
			one.Action = "UPSERT"
		}
		for _, v := range c.After {
			one.ResourceRecordSet.ResourceRecords = append(one.ResourceRecordSet.ResourceRecords, resourceRecord{v})
		}
		all.Changes = append(all.Changes, one)
	}
	batch, err := json.Marshal(all)
	if err != nil {
		return ""
	}
	return fmt.Sprintf("aws route53 change-resource-record-sets --hosted-zone-id %s --change-batch %s", shellQuote(zone), shellQuote(string(batch)))
}

// shellQuote quotes a word for a POSIX shell.
func shellQuote(s string) string {
	if s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("-_./:=@%+,", r)
	}) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
