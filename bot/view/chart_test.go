package view

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/slack-go/slack"

	"github.com/acmbot/acmbot/bot/digest"
)

func TestTimeline(t *testing.T) {
	week := func(month time.Month, day, ending, trouble int) digest.Week {
		return digest.Week{Starts: time.Date(2026, month, day, 0, 0, 0, 0, time.UTC), Ending: ending, Trouble: trouble}
	}
	weeks := []digest.Week{week(11, 23, 2, 2), week(11, 30, 0, 0), week(12, 7, 30, 10), week(12, 28, 1, 0)}
	if got, want := timelineWords(weeks), "Ending 23–29 Nov: 2 in trouble; 7–13 Dec: 30, of which 10 in trouble; 28 Dec–3 Jan: 1."; got != want {
		t.Errorf("in words it is %q, want %q", got, want)
	}
	block, ok := timeline(weeks).(*slack.DataVisualizationBlock)
	if !ok {
		t.Fatal("there is no chart")
	}
	if err := block.Validate(); err != nil {
		t.Error(err)
	}
	m, found := Message{Text: "x", Blocks: []slack.Block{slack.NewDividerBlock(), block}}.WithoutCharts()
	if !found || len(m.Blocks) != 2 || m.Blocks[0].BlockType() != slack.MBTDivider {
		t.Fatalf("without charts: %v %v", found, m)
	}
	bars, ok := m.Blocks[1].(*slack.RichTextBlock)
	if !ok || len(bars.Elements) != 2 {
		t.Fatalf("the bars: %#v", m.Blocks[1])
	}
	pre, _ := bars.Elements[1].(*slack.RichTextPreformatted)
	drawn, _ := pre.Elements[0].(*slack.RichTextSectionTextElement)
	want := "23–29 Nov     █ 2\n" +
		"7–13 Dec      ████████░░░░░░░░░░░░░░░░ 10 + 20\n" +
		"28 Dec–3 Jan  ░ 1"
	if diff := cmp.Diff(want, drawn.Text); diff != "" {
		t.Errorf("the bars (-want +got):\n%s", diff)
	}
}

func TestNoTimelineOfNothing(t *testing.T) {
	weeks := []digest.Week{{Starts: time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)}}
	if b := timeline(weeks); b != nil {
		t.Errorf("a chart of nothing: %v", b)
	}
	if words := timelineWords(weeks); words != "" {
		t.Errorf("words on nothing: %q", words)
	}
	m := Message{Text: "x", Blocks: []slack.Block{slack.NewDividerBlock()}}
	if same, found := m.WithoutCharts(); found || len(same.Blocks) != 1 {
		t.Errorf("without charts: %v %v", same, found)
	}
}
