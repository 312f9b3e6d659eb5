//! Lines as traces of plotly.js.

use plotly::Scatter;
use plotly::color::Rgba;
use plotly::common::{DashType, Fill, HoverInfo, Line, LineShape, Marker, Mode};
use serde_json::{Value, json};

use super::plain;
use crate::drawing::{Plot, Series, Stroke, Weight};

/// Lines with more points than this have no marks at them.
const MARKED_POINTS: usize = 60;

/// The series of all panels, in order.
pub(super) fn traces(plot: &Plot) -> Vec<Value> {
    let legend: Vec<&Series> = plot.legend().collect();
    let mut traces = Vec::new();
    for (position, panel) in plot.panels.iter().enumerate() {
        for series in &panel.series {
            let in_legend = legend.iter().any(|&first| std::ptr::eq(first, series));
            traces.push(if series.stroke == Stroke::Bars {
                bars(series, position, in_legend, panel.bar_width())
            } else {
                serde_json::to_value(trace(series, position, in_legend)).unwrap_or_default()
            });
        }
    }
    traces
}

/// Bars, in the words of plotly.js.
fn bars(series: &Series, panel: usize, in_legend: bool, width: f64) -> Value {
    let (x, y): (Vec<f64>, Vec<f64>) =
        series.points.iter().map(|&(x, y)| (short(x), short(y))).unzip();
    json!({
        "type": "bar", "x": x, "y": y, "width": width, "name": plain(&series.name),
        "legendgroup": plain(&series.name), "showlegend": in_legend, "opacity": 0.8,
        "marker": { "color": series.colour.hex() },
        "xaxis": axis_name("x", panel), "yaxis": axis_name("y", panel),
    })
}

fn trace(series: &Series, panel: usize, in_legend: bool) -> Scatter<f64, f64> {
    let colour = series.colour.hex();
    let (x, y) = series.points.iter().map(|&(x, y)| (short(x), short(y))).unzip();
    // A repetition is to be seen through; a bound is not, however thin.
    let (width, opacity) = match (series.weight, series.stroke) {
        (Weight::Thin, Stroke::Dashed | Stroke::DashedSteps) => (1.2, 0.9),
        (Weight::Thin, _) => (0.8, 0.55),
        (Weight::Plain, _) => (2.0, 1.0),
        (Weight::Thick, _) => (2.8, 1.0),
    };
    let line = Line::new().color(colour.clone()).width(width);
    let line = match series.stroke {
        Stroke::Solid | Stroke::Marks | Stroke::Bars | Stroke::Band => line,
        Stroke::Dashed => line.dash(DashType::Dash),
        Stroke::Dotted => line.dash(DashType::Dot),
        Stroke::DashedSteps => line.dash(DashType::Dash).shape(LineShape::Hv),
    };
    let few = series.points.len() <= MARKED_POINTS;
    let mode = match (series.stroke, series.weight) {
        (Stroke::Marks, _) => Mode::Markers,
        (Stroke::Solid | Stroke::Dashed, Weight::Plain | Weight::Thick) if few => {
            Mode::LinesMarkers
        }
        _ if series.points.len() == 1 => Mode::Markers,
        _ => Mode::Lines,
    };
    let thin = series.weight == Weight::Thin;
    let trace = Scatter::new(x, y)
        .name(plain(&series.name))
        .legend_group(plain(&series.name))
        .show_legend(in_legend)
        .mode(mode)
        .opacity(opacity)
        .marker(Marker::new().color(colour).size(5))
        .line(line)
        // Of repetitions the mean tells enough.
        .hover_info(if thin { HoverInfo::Skip } else { HoverInfo::All })
        .x_axis(axis_name("x", panel))
        .y_axis(axis_name("y", panel));
    let trace = if series.stroke == Stroke::Band {
        // Without one of its own plotly.js takes the next colour of its list.
        let (red, green, blue) = series.colour.rgb();
        let fill = Rgba::new(red, green, blue, 0.4);
        trace.fill(Fill::ToSelf).fill_color(fill).mode(Mode::None).hover_info(HoverInfo::Skip)
    } else {
        trace
    };
    *trace
}

/// The film of a series: its place among all traces, its steps, and its points at each.
pub(super) fn film(position: usize, series: &Series) -> Value {
    let steps: Vec<u64> = series.film.iter().map(|(step, _)| *step).collect();
    let along = |of: fn(&(f64, f64)) -> f64| -> Vec<Vec<f64>> {
        series
            .film
            .iter()
            .map(|(_, points)| points.iter().map(|point| short(of(point))).collect())
            .collect()
    };
    let (mut x, y) = (along(|point| point.0), along(|point| point.1));
    // The same places at every step, as a rule.
    if x.windows(2).all(|pair| pair[0] == pair[1]) {
        x.truncate(1);
    }
    json!({ "trace": position, "at": steps, "x": x, "y": y })
}

/// `x`, `x2`, `x3`, …: how plotly.js calls the axes of the panels.
pub(super) fn axis_name(letter: &str, panel: usize) -> String {
    if panel == 0 { letter.to_owned() } else { format!("{letter}{}", panel + 1) }
}

/// A number with six significant digits, which is more than a screen shows: the page is read
/// faster. Whole numbers stay as they are, for these are steps.
pub(super) fn short(value: f64) -> f64 {
    if value.fract() == 0.0 { value } else { format!("{value:.5e}").parse().unwrap_or(value) }
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "these numbers are exact")]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short_and_steps_whole() {
        assert_eq!(short(1.0 / 3.0), 0.333_333);
        assert_eq!(short(123_456_789.0), 123_456_789.0);
    }

    #[test]
    fn a_film_over_the_same_places_has_them_once() {
        let film = Series::film(vec![(0, vec![(1.0, 2.0)]), (10, vec![(1.0, 3.0)])]);
        let value = super::film(4, &film);
        assert_eq!(value, json!({"trace": 4, "at": [0, 10], "x": [[1.0]], "y": [[2.0], [3.0]]}));
    }
}
