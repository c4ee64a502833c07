package view

import (
	"fmt"
	"strings"

	"github.com/slack-go/slack"

	"github.com/acmbot/acmbot/bot/digest"
)

// The names of the timeline's series. Slack takes 20 characters for a series'
// name and a category ("Data visualization block",
// https://docs.slack.dev/reference/block-kit/blocks/data-visualization-block).
const (
	seriesTrouble = "In trouble"
	seriesGood    = "To be renewed"
)

// timeline is what ends when, as a bar chart; nil where nothing ends.
func timeline(weeks []digest.Week) slack.Block {
	trouble, good := slack.NewDataVisualizationDataSeries(seriesTrouble), slack.NewDataVisualizationDataSeries(seriesGood)
	axis := slack.NewDataVisualizationAxisConfig().WithYLabel("Certificates in use")
	total := 0
	for _, w := range weeks {
		label := weekLabel(w)
		axis.Categories = append(axis.Categories, label)
		trouble.Data = append(trouble.Data, slack.NewDataVisualizationDataPoint(label, float64(w.Trouble)))
		good.Data = append(good.Data, slack.NewDataVisualizationDataPoint(label, float64(w.Ending-w.Trouble)))
		total += w.Ending
	}
	if total == 0 {
		return nil
	}
	return slack.NewDataVisualizationBlock("What ends when", slack.NewDataVisualizationBarChart(axis, trouble, good))
}

// timelineWords says what the timeline shows: a screen reader reads it, and so
// does who sees no chart.
func timelineWords(weeks []digest.Week) string {
	var list []string
	for _, w := range weeks {
		switch {
		case w.Ending == 0:
		case w.Trouble == 0:
			list = append(list, fmt.Sprintf("%s: %d", weekLabel(w), w.Ending))
		case w.Trouble == w.Ending:
			list = append(list, fmt.Sprintf("%s: %d in trouble", weekLabel(w), w.Ending))
		default:
			list = append(list, fmt.Sprintf("%s: %d, of which %d in trouble", weekLabel(w), w.Ending, w.Trouble))
		}
	}
	if len(list) == 0 {
		return ""
	}
	return "Ending " + strings.Join(list, "; ") + "."
}

// weekLabel is a week's days, such as "23–29 Nov" or "30 Nov–6 Dec".
func weekLabel(w digest.Week) string {
	last := w.Starts.AddDate(0, 0, 6)
	if last.Month() == w.Starts.Month() {
		return w.Starts.Format("2–") + last.Format("2 Jan")
	}
	return w.Starts.Format("2 Jan–") + last.Format("2 Jan")
}

// WithoutCharts is the message with its charts as bars of text, and whether
// there were any: for where Slack does not take charts, which it has had since
// June 2026 ("New Block Kit data visualization block",
// https://docs.slack.dev/changelog/2026/06/16/block-kit-data-visualization-block/).
func (m Message) WithoutCharts() (Message, bool) {
	var blocks []slack.Block
	found := false
	for _, b := range m.Blocks {
		block, ok := b.(*slack.DataVisualizationBlock)
		if !ok {
			blocks = append(blocks, b)
			continue
		}
		found = true
		if chart, ok := block.Chart.(*slack.DataVisualizationBarChart); ok {
			blocks = append(blocks, bars(block.Title, chart))
		}
	}
	return Message{Text: m.Text, Blocks: blocks}, found
}

// widestBar is the longest bar, in characters; barInks are what the bars of the
// series are drawn with.
const widestBar = 24

var barInks = []string{"█", "░", "▒", "▓", "▚", "▞"} // a chart has six series at most

// bars draws a bar chart in text: a row a category, without those that have
// nothing.
func bars(title string, chart *slack.DataVisualizationBarChart) slack.Block {
	most, widest := 1.0, 0
	for i, category := range chart.AxisConfig.Categories {
		sum := 0.0
		for _, s := range chart.Series {
			sum += s.Data[i].Value
		}
		if most = max(most, sum); sum > 0 {
			widest = max(widest, len([]rune(category)))
		}
	}
	var rows, legend []string
	for i, category := range chart.AxisConfig.Categories {
		bar, counts := "", []string{}
		for n, s := range chart.Series {
			v := s.Data[i].Value
			if v <= 0 {
				continue
			}
			bar += strings.Repeat(barInks[n], max(1, int(v*widestBar/most)))
			counts = append(counts, fmt.Sprint(v))
		}
		if bar != "" {
			rows = append(rows, fmt.Sprintf("%-*s  %s %s", widest, category, bar, strings.Join(counts, " + ")))
		}
	}
	for n, s := range chart.Series {
		legend = append(legend, barInks[n]+" "+strings.ToLower(s.Name))
	}
	block := rich{}
	block.para(bold(title), text(" ("+strings.Join(legend, ", ")+")"))
	block.copyable(strings.Join(rows, "\n"))
	return block.block()
}
