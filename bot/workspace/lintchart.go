package workspace

import (
	"encoding/json"
	"slices"
)

// The limits of a chart ("Data visualization block",
// https://docs.slack.dev/reference/block-kit/blocks/data-visualization-block).
const (
	chartsInMessage = 2
	chartTitle      = 50
	chartLabel      = 20
	chartAxisTitle  = 50
	chartSeries     = 6
	chartSegments   = 6
	chartPoints     = 20
)

// chart checks a data_visualization block.
func (l *linter) chart(b object, at string) {
	if l.charts++; l.charts > chartsInMessage {
		l.bad(at, "no more than %d data_visualization blocks are allowed", chartsInMessage)
	}
	l.need(b, at, "title", "chart")
	l.length(b, at, "title", 1, chartTitle)
	chart, ok := b["chart"].(object)
	if !ok {
		return
	}
	at += "/chart"
	switch kind, _ := chart["type"].(string); kind {
	case "pie":
		l.known(chart, at, "type segments")
		l.need(chart, at, "segments")
		for i, v := range l.list(chart["segments"], at+"/segments", 1, chartSegments) {
			segment, place := l.point(v, at+pointer("segments", i))
			if n, ok := segment["value"].(json.Number); ok {
				if value, err := n.Float64(); err == nil && value <= 0 {
					l.bad(place+"/value", "must be greater than 0")
				}
			}
		}
	case "bar", "area", "line":
		l.known(chart, at, "type series axis_config")
		l.need(chart, at, "series", "axis_config")
		l.series(chart, at)
	default:
		l.bad(at+"/type", "must be a valid enum value")
	}
}

// point checks a segment of a pie, or a point of a series.
func (l *linter) point(v any, at string) (object, string) {
	p, ok := v.(object)
	if !ok {
		l.bad(at, "must be an object")
		return nil, at
	}
	l.known(p, at, "label value")
	l.need(p, at, "label", "value")
	l.length(p, at, "label", 1, chartLabel)
	if _, ok := p["value"].(json.Number); !ok && p["value"] != nil {
		l.bad(at+"/value", "must be a number")
	}
	return p, at
}

// series checks that each series has one point for each category.
func (l *linter) series(chart object, at string) {
	axis, _ := chart["axis_config"].(object)
	l.known(axis, at+"/axis_config", "categories x_label y_label")
	l.need(axis, at+"/axis_config", "categories")
	l.length(axis, at+"/axis_config", "x_label", 1, chartAxisTitle)
	l.length(axis, at+"/axis_config", "y_label", 1, chartAxisTitle)
	var categories []string
	for i, v := range l.list(axis["categories"], at+"/axis_config/categories", 1, chartPoints) {
		place := at + pointer("axis_config", "categories", i)
		category, _ := v.(string)
		switch {
		case category == "" || len([]rune(category)) > chartLabel:
			l.bad(place, "must be 1 to %d characters", chartLabel)
		case slices.Contains(categories, category):
			l.bad(place, "must be unique")
		}
		categories = append(categories, category)
	}
	var names []string
	for i, v := range l.list(chart["series"], at+"/series", 1, chartSeries) {
		place := at + pointer("series", i)
		s, ok := v.(object)
		if !ok {
			l.bad(place, "must be an object")
			continue
		}
		l.known(s, place, "name data")
		l.need(s, place, "name", "data")
		l.length(s, place, "name", 1, chartLabel)
		name, _ := s["name"].(string)
		if slices.Contains(names, name) {
			l.bad(place+"/name", "must be unique")
		}
		names = append(names, name)
		left := slices.Clone(categories)
		for j, v := range l.list(s["data"], place+"/data", 1, chartPoints) {
			p, at := l.point(v, place+pointer("data", j))
			label, _ := p["label"].(string)
			n := slices.Index(left, label)
			if n < 0 {
				l.bad(at+"/label", "must match one of the categories, once each")
				continue
			}
			left = slices.Delete(left, n, n+1)
		}
		if len(left) > 0 {
			l.bad(place+"/data", "must have a point for each of the categories")
		}
	}
}
