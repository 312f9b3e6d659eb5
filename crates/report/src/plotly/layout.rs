//! Where the panels of a plot lie, and their axes.

use plotly::Layout;
use plotly::common::{Anchor, ExponentFormat, Orientation, Title};
use plotly::layout::update_menu::{
    Button, ButtonMethod, UpdateMenu, UpdateMenuDirection, UpdateMenuType,
};
use plotly::layout::{
    Annotation, Axis as PlotlyAxis, AxisType, HoverMode, Legend, Margin, ModeBar,
};
use serde_json::{Map, Value, json};

use super::plain;
use super::trace::axis_name;
use crate::drawing::{Arrangement, Axis, Plot};

/// Nothing, where plotly.js would put a background.
pub(super) const CLEAR: &str = "rgba(0,0,0,0)";
/// Height of a row of panels, in pixels.
pub(super) const ROW_HEIGHT: usize = 250;
/// Room above the panels for their titles, in pixels.
pub(super) const ABOVE: usize = 44;
/// Room below the panels for the labels of the x axis, and under these legend and buttons.
const BELOW: usize = 100;
/// Where the legend starts below the panels, in pixels.
const LEGEND_BELOW: f64 = 62.0;

/// The layout of `plot`, and its height in pixels.
pub(super) fn layout(plot: &Plot) -> (Value, usize) {
    let (columns, rows) = plot.grid();
    let below = -LEGEND_BELOW / (ROW_HEIGHT * rows) as f64;
    let height = ROW_HEIGHT * rows + ABOVE + BELOW;
    let legend =
        Legend::new().orientation(Orientation::Horizontal).x(0.0).y(below).y_anchor(Anchor::Top);
    let panels = places(plot.panels.len(), columns, rows);
    let layout = Layout::new()
        .auto_size(true)
        .height(height)
        .margin(Margin::new().left(64).right(16).top(ABOVE).bottom(BELOW))
        // The page's own colours show through, light or dark; its style sheet colours the text.
        .paper_background_color(CLEAR)
        .plot_background_color(CLEAR)
        .mode_bar(ModeBar::new().background_color(CLEAR))
        .hover_mode(HoverMode::XUnified)
        .legend(legend)
        .annotations(titles(plot, &panels))
        .update_menus(switches(plot, below));
    let mut layout = serde_json::to_value(layout).unwrap_or_default();
    for (position, (panel, place)) in plot.panels.iter().zip(&panels).enumerate() {
        let points = || {
            panel.series.iter().flat_map(|series| {
                series.points.iter().chain(series.film.iter().flat_map(|(_, points)| points))
            })
        };
        let x_values = points().map(|point| point.0);
        let y_values = points().map(|point| point.1);
        let stacked = plot.arrangement == Arrangement::Rows;
        // Panels on top of each other share the lowest's label.
        let labelled = !stacked || position + 1 == plot.panels.len();
        let x_label = if labelled { panel.x.label.as_str() } else { "" };
        let x = axis(&panel.x, x_label, place.across, ticks(&panel.x, x_values))
            .anchor(axis_name("y", position));
        // Zooming into one panel zooms into all.
        let x = if position > 0 && stacked { x.matches("x") } else { x };
        let y = axis(&panel.y, &panel.y.label, place.up, ticks(&panel.y, y_values))
            .anchor(axis_name("x", position));
        let number = if position == 0 { String::new() } else { (position + 1).to_string() };
        let x = if panel.x.categories.is_empty() {
            x
        } else {
            let places = (0..panel.x.categories.len()).map(|place| place as f64).collect();
            x.tick_values(places)
                .tick_text(panel.x.categories.iter().map(|name| plain(name)).collect())
        };
        layout[format!("xaxis{number}")] = serde_json::to_value(x).unwrap_or_default();
        layout[format!("yaxis{number}")] = serde_json::to_value(y).unwrap_or_default();
    }
    (layout, height)
}

/// Where a panel lies, in shares of the width and of the height.
pub(super) struct Place {
    /// From left to right.
    pub across: (f64, f64),
    /// From below to above.
    pub up: (f64, f64),
}

/// The places of `count` panels in reading order.
pub(super) fn places(count: usize, columns: usize, rows: usize) -> Vec<Place> {
    let across = domains(columns, 0.12);
    let up = domains(rows, if columns == 1 { 0.12 } else { 0.24 });
    (0..count)
        // Rows count from the top, plotly.js from the bottom.
        .map(|i| Place { across: across[i % columns], up: up[rows - 1 - i / columns] })
        .collect()
}

/// Shares of the width or height that `count` panels take, with room for labels between.
fn domains(count: usize, gap: f64) -> Vec<(f64, f64)> {
    let gap = gap.min(0.5 / count as f64);
    let size = (1.0 - gap * (count - 1) as f64) / count as f64;
    (0..count)
        .map(|i| {
            let start = i as f64 * (size + gap);
            (start, (start + size).min(1.0))
        })
        .collect()
}

fn axis(axis: &Axis, label: &str, domain: (f64, f64), ticks: usize) -> PlotlyAxis {
    let plain = PlotlyAxis::new()
        .title(Title::with_text(plain(label)))
        .exponent_format(ExponentFormat::Power)
        .type_(if axis.log { AxisType::Log } else { AxisType::Linear })
        .domain(&[domain.0, domain.1])
        .auto_margin(true)
        .zero_line(false)
        .hover_format(",.4~r")
        .n_ticks(ticks);
    // Steps are whole numbers, which read better than powers of ten.
    if axis.switchable { plain.tick_format(",d") } else { plain }
}

/// How many ticks to ask for. On a logarithmic axis that is few, since plotly.js marks every digit
/// where it is asked for more than three a decade, and none but powers of ten at far less.
fn ticks(axis: &Axis, values: impl Iterator<Item = f64>) -> usize {
    if !axis.log {
        return 7;
    }
    let (low, high) = values.fold((f64::MAX, f64::MIN_POSITIVE), |(low, high), value| {
        (low.min(value), high.max(value))
    });
    if (high / low).log10() < 1.6 { 3 } else { 5 }
}

/// The panels' titles above them.
fn titles(plot: &Plot, places: &[Place]) -> Vec<Annotation> {
    let titled = plot.panels.iter().zip(places).filter(|(panel, _)| !panel.title.is_empty());
    titled.map(|(panel, place)| title(&panel.title, place)).collect()
}

/// A panel's title above it.
pub(super) fn title(text: &str, place: &Place) -> Annotation {
    Annotation::new()
        .text(plain(text))
        .show_arrow(false)
        .x_ref("paper")
        .y_ref("paper")
        .x(place.across.0)
        .y(place.up.1)
        .x_anchor(Anchor::Left)
        .y_anchor(Anchor::Bottom)
}

/// Two buttons that switch the axis of steps between linear and logarithmic.
fn switches(plot: &Plot, below: f64) -> Vec<UpdateMenu> {
    let switchable: Vec<usize> =
        (0..plot.panels.len()).filter(|&panel| plot.panels[panel].x.switchable).collect();
    if switchable.is_empty() {
        return Vec::new();
    }
    let button = |label: &str, kind: &str| {
        let mut changes = Map::new();
        for &position in &switchable {
            let number = if position == 0 { String::new() } else { (position + 1).to_string() };
            changes.insert(format!("xaxis{number}.type"), Value::from(kind));
            changes.insert(format!("xaxis{number}.autorange"), Value::from(true));
        }
        Button::new().label(label).method(ButtonMethod::Relayout).args(json!([changes]))
    };
    vec![
        UpdateMenu::new()
            .ty(UpdateMenuType::Buttons)
            .direction(UpdateMenuDirection::Right)
            .buttons(vec![button("linear steps", "linear"), button("log", "log")])
            .x(1.0)
            .x_anchor(Anchor::Right)
            .y(below)
            .y_anchor(Anchor::Top),
    ]
}
