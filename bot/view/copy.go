package view

import (
	"slices"

	"github.com/slack-go/slack"

	"github.com/acmbot/acmbot/diagnose"
)

// ActionCopy opens the modal with the fixes to copy, ActionCopyPage turns its
// page, and CallbackCopy is its callback id.
const (
	ActionCopy     = "acm_copy"
	ActionCopyPage = "acm_copy_page"
	CallbackCopy   = "acm_copy_view"
)

// copyButton is nil where there is nothing to copy.
func copyButton(subject string, findings []diagnose.Finding, s State) *slack.ButtonBlockElement {
	if !slices.ContainsFunc(findings, func(f diagnose.Finding) bool {
		return f.Remedy.Terraform != "" || f.Remedy.ZoneFile != "" || len(f.Remedy.Commands) > 0
	}) {
		return nil
	}
	return button(ActionCopy, "Copy as code", "Copy the fix for "+subject+" as Terraform, AWS CLI or zone-file lines", s.Encode())
}

// CopyLoading is the modal that opens at once, while the answer is looked for
// again.
func CopyLoading(s State) slack.ModalViewRequest {
	return copyModal(s, []slack.Block{line("⏳ Looking for the fix for "+code(s.Query)+" again. This takes a few seconds.", nil)})
}

// CopyFault is the modal that says why there is nothing to copy.
func CopyFault(s State, f Fault) slack.ModalViewRequest { return copyModal(s, faultBlocks(f)) }

func copyModal(s State, blocks []slack.Block) slack.ModalViewRequest {
	m := modal(s, blocks)
	m.Title, m.CallbackID = plainText("Copy the fix"), CallbackCopy
	return m
}

// Copy is one page of all fixes of an answer, to copy: as Terraform, as AWS CLI
// commands and as lines of a zone file, each in a block of its own.
func Copy(a diagnose.Answer, s State) slack.ModalViewRequest {
	var blocks []slack.Block
	if len(a.Reports) > 0 {
		blocks = copyBlocks(a.Reports[0].Findings)
	}
	if len(blocks) == 0 {
		return copyModal(s, []slack.Block{line("There is nothing to copy any more: as of "+moment(a.At)+" no fix has a record or a command.", nil)})
	}
	blocks = append([]slack.Block{small("Fixes for "+code(a.Query.Subject()), "Checked "+moment(a.At))}, blocks...)
	page, foot := turned(&s, paginate(blocks), ActionCopyPage)
	return copyModal(s, fit(page, foot, viewSurface))
}

func copyBlocks(findings []diagnose.Finding) []slack.Block {
	var blocks []slack.Block
	section := func(title, note string, texts []string) {
		var kept []string
		for _, t := range texts {
			if t != "" && !slices.Contains(kept, t) {
				kept = append(kept, t)
			}
		}
		if len(kept) == 0 {
			return
		}
		blocks = append(blocks, header(title))
		if note != "" {
			blocks = append(blocks, small(mrkdwn(note)))
		}
		for _, t := range kept {
			block := rich{}
			block.copyable(t)
			blocks = append(blocks, block.block())
		}
	}
	var terraform, commands, zone []string
	for _, f := range findings {
		terraform = append(terraform, f.Remedy.Terraform)
		commands = append(commands, f.Remedy.Commands...)
		zone = append(zone, f.Remedy.ZoneFile)
	}
	section("Terraform", "Set `var.zone_id` to the zone's id.", terraform)
	section("AWS CLI", "With credentials of the account that owns the zone or the certificate.", commands)
	section("Zone file", "For a name server's master file; the names are absolute.", zone)
	return blocks
}
