//! Matrices as heat maps of plotly.js.

use plotly::common::{ColorBar, ColorScale, ColorScalePalette, Title};
use plotly::layout::{Axis, AxisType, Margin, ModeBar};
use plotly::{HeatMap, Layout};
use serde_json::{Value, json};

use super::layout::{ABOVE, CLEAR, places, title};
use super::plain;
use super::trace::{self, axis_name};
use crate::colour::Colour;
use crate::drawing::Map;

/// Height of the maps, in pixels.
const HEIGHT: usize = 360;
/// Room below for labels that may stand on end, in pixels.
const BELOW: usize = 84;

type Trace = HeatMap<String, String, Vec<f64>>;

/// Traces, layout and height of `maps` in rows.
pub(super) fn drawn(maps: &[Map]) -> (Vec<Trace>, Value, usize) {
    let (columns, rows) = Map::grid(maps.len());
    let places = places(maps.len(), columns, rows);
    // Between rows there is room for labels as below the last.
    let height = rows * (HEIGHT + BELOW) + ABOVE;
    let layout = Layout::new()
        .auto_size(true)
        .height(height)
        .margin(Margin::new().left(72).right(16).top(ABOVE).bottom(BELOW))
        .paper_background_color(CLEAR)
        .plot_background_color(CLEAR)
        .mode_bar(ModeBar::new().background_color(CLEAR))
        .annotations(
            maps.iter().zip(&places).map(|(map, place)| title(&map.title, place)).collect(),
        );
    let mut layout = serde_json::to_value(layout).unwrap_or_default();
    layout["shapes"] =
        maps.iter().enumerate().flat_map(|(place, map)| borders(map, place)).collect();
    let mut traces = Vec::new();
    for (position, (map, place)) in maps.iter().zip(&places).enumerate() {
        let axis = |label: &str, domain: (f64, f64), anchor: &str| {
            Axis::new()
                .title(Title::with_text(plain(label)))
                // Checkpoints are evenly spaced here, whatever lies between them.
                .type_(AxisType::Category)
                .domain(&[domain.0, domain.1])
                .auto_margin(true)
                .n_ticks(8)
                .anchor(axis_name(anchor, position))
        };
        let number = if position == 0 { String::new() } else { (position + 1).to_string() };
        let axes = [("x", &map.x.0, place.across, "y"), ("y", &map.y.0, place.up, "x")];
        for (letter, label, domain, anchor) in axes {
            layout[format!("{letter}axis{number}")] =
                serde_json::to_value(axis(label, domain, anchor)).unwrap_or_default();
        }
        let last = position + 1 == maps.len();
        let rounded = |row: &Vec<f64>| row.iter().map(|&value| trace::short(value)).collect();
        let trace = HeatMap::new(
            map.x.1.iter().map(|name| plain(name)).collect(),
            map.y.1.iter().map(|name| plain(name)).collect(),
            map.values.iter().map(rounded).collect(),
        )
        .name(plain(&map.meaning))
        .zmin(map.range.0)
        .zmax(map.range.1)
        .color_scale(ColorScale::Palette(ColorScalePalette::Viridis))
        .color_bar(ColorBar::new().thickness(12).title(Title::with_text(plain(&map.meaning))))
        .show_scale(last)
        .x_axis(axis_name("x", position))
        .y_axis(axis_name("y", position));
        traces.push(*trace);
    }
    (traces, layout, height)
}

/// The lines between tiles of the map at `position`, as shapes. A category lies at its number, from 0.
fn borders(map: &Map, position: usize) -> impl Iterator<Item = Value> {
    map.borders.iter().map(move |[from, to]| {
        let [x, y] = ["x", "y"].map(|letter| axis_name(letter, position));
        let edge = |corner: usize| corner as f64 - 0.5;
        json!({
            "type": "line", "xref": x, "yref": y, "layer": "above",
            "x0": edge(from.0), "y0": edge(from.1), "x1": edge(to.0), "y1": edge(to.1),
            "line": { "color": Colour::Vermillion.hex(), "width": 3 },
        })
    })
}
