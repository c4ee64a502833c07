package workspace

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestLintCharts(t *testing.T) {
	const bar = `{"type":"data_visualization","title":"What ends when","chart":{"type":"bar","axis_config":{"categories":["a","b"],"y_label":"n"},"series":[{"name":"bad","data":[{"label":"a","value":1},{"label":"b","value":0}]},{"name":"good","data":[{"label":"b","value":2},{"label":"a","value":3}]}]}}`
	const pie = `{"type":"data_visualization","title":"t","chart":{"type":"pie","segments":[{"label":"a","value":1}]}}`
	x := func(n int) string { return strings.Repeat("x", n) }
	for _, test := range []struct{ name, good, old, with, at string }{
		{"title", bar, "What ends when", x(51), "/blocks/0/title"},
		{"no title", bar, `"title":"What ends when",`, "", "/blocks/0"},
		{"kind", bar, `"bar"`, `"donut"`, "/blocks/0/chart/type"},
		{"unknown key", bar, `"y_label"`, `"z_label"`, "/blocks/0/chart/axis_config"},
		{"axis title", bar, `"y_label":"n"`, `"y_label":"` + x(51) + `"`, "/blocks/0/chart/axis_config/y_label"},
		{"category length", bar, `["a","b"]`, `["a","` + x(21) + `"]`, "/blocks/0/chart/axis_config/categories/1"},
		{"category twice", bar, `["a","b"]`, `["a","b","a"]`, "/blocks/0/chart/axis_config/categories/2"},
		{"a point too few", bar, `,{"label":"b","value":0}`, ``, "/blocks/0/chart/series/0/data"},
		{"a point twice", bar, `{"label":"b","value":0}`, `{"label":"a","value":0}`, "/blocks/0/chart/series/0/data/1/label"},
		{"a name twice", bar, `"good"`, `"bad"`, "/blocks/0/chart/series/1/name"},
		{"name length", bar, `"good"`, `"` + x(21) + `"`, "/blocks/0/chart/series/1/name"},
		{"value", bar, `"value":2`, `"value":"2"`, "/blocks/0/chart/series/1/data/0/value"},
		{"pie of nothing", pie, `"value":1`, `"value":0`, "/blocks/0/chart/segments/0/value"},
		{"seven segments", pie, `{"label":"a","value":1}`, strings.Repeat(`{"label":"a","value":1},`, 6) + `{"label":"a","value":1}`, "/blocks/0/chart/segments"},
		{"three charts", pie + "," + pie, pie + "," + pie, pie + "," + pie + "," + pie, "/blocks/2"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if problems := Lint(json.RawMessage("[" + test.good + "]")); len(problems) != 0 {
				t.Errorf("what is right: %v", problems)
			}
			wrong := strings.Replace(test.good, test.old, test.with, 1)
			for _, p := range Lint(json.RawMessage("[" + wrong + "]")) {
				if p.Pointer == test.at {
					return
				}
			}
			t.Errorf("nothing at %s: %v", test.at, Lint(json.RawMessage("["+wrong+"]")))
		})
	}
}
