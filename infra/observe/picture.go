package observe

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"html"
	"math"
	"strconv"
	"strings"
)

// Measures of the picture, in pixels.
const (
	pictureWidth = 1200
	columns      = 3
	margin       = 16
	cardHeight   = 170
	headHeight   = 64
	bandHeight   = 36
)

// Picture draws a dashboard's JSON as SVG: its groups, graphs, queries and
// thresholds. The curves are samples, and the picture says so. The same JSON
// gives the same bytes.
func Picture(document string) (string, error) {
	var board dashboard
	if err := json.Unmarshal([]byte(document), &board); err != nil {
		return "", fmt.Errorf("picture of a dashboard: %w", err)
	}
	var body strings.Builder
	draw := func(format string, args ...any) { fmt.Fprintf(&body, format+"\n", args...) }

	draw(`<text x="%d" y="30" class="title">%s</text>`, margin, html.EscapeString(board.Title))
	draw(`<text x="%d" y="50" class="small">Drawn from the dashboard's JSON. The curves are samples; queries and thresholds are the dashboard's.</text>`, margin)
	y := headHeight
	for _, w := range board.Widgets {
		if w.Definition.Type != "group" {
			continue
		}
		draw(`<rect x="%d" y="%d" width="%d" height="26" rx="4" class="band"/>`, margin, y, pictureWidth-2*margin)
		draw(`<text x="%d" y="%d" class="group">%s</text>`, margin+10, y+18, html.EscapeString(w.Definition.Title))
		y += bandHeight
		for i, child := range w.Definition.Widgets {
			x := margin + i%columns*((pictureWidth-margin)/columns)
			card(draw, child.Definition, x, y+i/columns*(cardHeight+10))
		}
		y += (len(w.Definition.Widgets) + columns - 1) / columns * (cardHeight + 10)
	}

	return fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" role="img" aria-label="%s">
<style>
svg { background: #fff; font-family: sans-serif }
.title { font-size: 20px; font-weight: bold; fill: #222 }
.group { font-size: 13px; font-weight: bold; fill: #fff }
.name { font-size: 12px; font-weight: bold; fill: #222 }
.small { font-size: 11px; fill: #666 }
.label { font-size: 11px; fill: #444; stroke: #fafafa; stroke-width: 3; paint-order: stroke }
.query { font-size: 9px; font-family: monospace; fill: #666 }
.band { fill: #4a3d73 }
.card { fill: #fafafa; stroke: #ccc }
.line { fill: none; stroke: #3567b0; stroke-width: 1.5 }
.bar { fill: #3567b0 }
.area { fill: #3567b0; fill-opacity: 0.25; stroke: #3567b0 }
.next { fill: #d98c1f; fill-opacity: 0.25; stroke: #d98c1f }
.error { stroke: #c43b3b; stroke-dasharray: 5 3 }
.warning { stroke: #d98c1f; stroke-dasharray: 5 3 }
</style>
%s</svg>
`, pictureWidth, y+margin, pictureWidth, y+margin, html.EscapeString(board.Title), body.String()), nil
}

// card draws one graph: title, plot with its thresholds, and below it the query.
func card(draw func(string, ...any), d definition, x, y int) {
	width := (pictureWidth-margin)/columns - margin
	draw(`<rect x="%d" y="%d" width="%d" height="%d" rx="4" class="card"/>`, x, y, width, cardHeight)
	draw(`<text x="%d" y="%d" class="name">%s</text>`, x+10, y+18, html.EscapeString(d.Title))
	if len(d.Requests) == 0 {
		return
	}
	drawn := d.Requests[0]
	left, right, top, bottom := float64(x+10), float64(x+width-10), float64(y+30), float64(y+128)

	// The axis ends a quarter above the highest threshold.
	highest := 0.0
	for _, m := range d.Markers {
		highest = math.Max(highest, markerValue(m))
	}
	if highest == 0 {
		highest = 1
	}
	at := func(value float64) float64 { return bottom - (bottom-top)*value/(highest*1.25) }

	switch drawn.DisplayType {
	case "bars":
		for i := 0; i < 24; i++ {
			height := at(usual(d.Markers, highest, sample(d.Title, i)))
			draw(`<rect x="%.1f" y="%.1f" width="8" height="%.1f" class="bar"/>`, left+float64(i)*(right-left)/24+2, height-1, bottom-height+1)
		}
	case "area":
		// One version until the deploy, the next one after it.
		change := left + (right-left)*0.6
		draw(`<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" class="area"/>`, left, top+20, change-left, bottom-top-20)
		draw(`<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" class="next"/>`, change, top+20, right-change, bottom-top-20)
		draw(`<text x="%.1f" y="%.1f" class="small">deploy</text>`, change+4, top+14)
	default:
		var points []string
		for i := 0; i <= 48; i++ {
			points = append(points, fmt.Sprintf("%.1f,%.1f", left+float64(i)*(right-left)/48, at(usual(d.Markers, highest, sample(d.Title, i)))))
		}
		draw(`<polyline points="%s" class="line"/>`, strings.Join(points, " "))
	}
	for _, m := range d.Markers {
		class, _, _ := strings.Cut(m.DisplayType, " ")
		height := at(markerValue(m))
		draw(`<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f" class="%s"/>`, left, height, right, height, html.EscapeString(class))
		// Alerts are named on the right and warnings on the left, so that near lines stay readable.
		from, anchor, side := right, "end", height-3
		if class == "warning" {
			from, anchor = left, "start"
		}
		if below(m) {
			side = height + 12
		}
		draw(`<text x="%.1f" y="%.1f" text-anchor="%s" class="label">%s</text>`, from, side, anchor, html.EscapeString(m.Label))
	}
	for i, line := range lines(drawn, 66) {
		if i == 3 {
			break
		}
		draw(`<text x="%d" y="%d" class="query">%s</text>`, x+10, y+142+i*11, html.EscapeString(line))
	}
}

// markerValue is the value that a marker stands at: "y = 480000".
func markerValue(m marker) float64 {
	value, _ := strconv.ParseFloat(strings.TrimPrefix(m.Value, "y = "), 64)
	return value
}

// usual is a value that alerts nobody: on the good side of every threshold.
func usual(markers []marker, highest, sample float64) float64 {
	lowest := highest
	for _, m := range markers {
		if below(m) {
			return highest * (1.05 + 0.1*sample)
		}
		lowest = math.Min(lowest, markerValue(m))
	}
	return lowest * (0.4 + 0.4*sample)
}

// below reports whether the marker's alert is about too little.
func below(m marker) bool { return strings.Contains(m.Label, " "+sides["<"]+" ") }

// lines are the request's formula, when it is more than a query, and its queries, cut to a width.
func lines(r request, width int) []string {
	var all []string
	for _, f := range r.Formulas {
		if len(f.Formula) > 1 {
			all = append(all, f.Formula)
		}
	}
	for _, q := range r.Queries {
		text := []rune(q.Query)
		if len(text) > width {
			text = append(text[:width-3], []rune("...")...)
		}
		all = append(all, string(text))
	}
	return all
}

// sample is a smooth value from 0 to 1 that depends on the graph and the place.
func sample(title string, i int) float64 {
	h := fnv.New32a()
	h.Write([]byte(title))
	phase := float64(h.Sum32()%628) / 100
	return 0.5 + 0.35*math.Sin(float64(i)/4+phase) + 0.15*math.Sin(float64(i)*1.3+2*phase)
}
