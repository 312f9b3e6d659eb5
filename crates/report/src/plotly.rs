//! Figures as plots to hover over and zoom into, by plotly.js.

use plotly::common::{
    Anchor, DashType, ExponentFormat, HoverInfo, Line, LineShape, Marker, Mode, Orientation, Title,
};
use plotly::configuration::{DisplayModeBar, ModeBarButtonName};
use plotly::layout::update_menu::{
    Button, ButtonMethod, UpdateMenu, UpdateMenuDirection, UpdateMenuType,
};
use plotly::layout::{
    Annotation, Axis as PlotlyAxis, AxisType, HoverMode, Legend, Margin, ModeBar,
};
use plotly::{Configuration, Layout, Scatter};
use serde_json::{Map, Value, json};

use crate::figure::{Arrangement, Axis, Plot, Series, Stroke};

/// Nothing, where plotly.js would put a background.
const CLEAR: &str = "rgba(0,0,0,0)";
/// Lines with more points than this have no marks at them.
const MARKED_POINTS: usize = 60;
/// Height of a row of panels, in pixels.
const ROW_HEIGHT: usize = 250;
/// Room above the panels for their titles, in pixels.
const ABOVE: usize = 44;
/// Room below the panels for the labels of the x axis, and under these legend and buttons.
const BELOW: usize = 100;
/// Where the legend starts below the panels, in pixels.
const LEGEND_BELOW: f64 = 62.0;

/// plotly.js itself, in a script tag.
///
/// `MathJax`, which the crate delivers with it, is left out: 2 MB that no figure needs.
#[must_use]
pub fn script() -> String {
    const END: &str = "</script>";
    let scripts = plotly::Plot::offline_js_sources();
    match scripts.find(END) {
        Some(end) => scripts[..end + END.len()].to_owned(),
        None => scripts,
    }
}

/// `plot` as an element `id` and the script that fills it.
#[must_use]
pub fn html(id: &str, plot: &Plot) -> String {
    let mut drawn = plotly::Plot::new();
    let legend: Vec<&Series> = plot.legend().collect();
    // A panel of one line is told by its axis.
    let needs_legend = plot.panels.iter().any(|panel| panel.series.len() > 1);
    for (position, panel) in plot.panels.iter().enumerate() {
        for series in &panel.series {
            let in_legend = legend.iter().any(|&first| std::ptr::eq(first, series));
            drawn.add_trace(trace(series, position, in_legend && needs_legend));
        }
    }
    drawn.set_layout(layout(plot));
    drawn.set_configuration(
        Configuration::new()
            .responsive(true)
            .display_logo(false)
            .display_mode_bar(DisplayModeBar::Hover)
            .mode_bar_buttons_to_remove(vec![
                ModeBarButtonName::Select2d,
                ModeBarButtonName::Lasso2d,
                ModeBarButtonName::ZoomIn2d,
                ModeBarButtonName::ZoomOut2d,
                ModeBarButtonName::AutoScale2d,
            ]),
    );
    drawn.to_inline_html(Some(id))
}

fn trace(series: &Series, panel: usize, in_legend: bool) -> Box<Scatter<f64, f64>> {
    let (red, green, blue) = series.colour.rgb();
    let colour = format!("#{red:02x}{green:02x}{blue:02x}");
    let (x, y) = series.points.iter().copied().unzip();
    let line = Line::new().color(colour.clone()).width(2.0);
    let line = match series.stroke {
        Stroke::Solid => line,
        Stroke::Dashed => line.dash(DashType::Dash),
        Stroke::DashedSteps => line.dash(DashType::Dash).shape(LineShape::Hv),
    };
    let marked = series.stroke != Stroke::DashedSteps && series.points.len() <= MARKED_POINTS;
    Scatter::new(x, y)
        .name(&series.name)
        .legend_group(&series.name)
        .show_legend(in_legend)
        .mode(if marked { Mode::LinesMarkers } else { Mode::Lines })
        .marker(Marker::new().color(colour).size(5))
        .line(line)
        .hover_info(HoverInfo::All)
        .x_axis(axis_name("x", panel))
        .y_axis(axis_name("y", panel))
}

/// `x`, `x2`, `x3`, …: how plotly.js calls the axes of the panels.
fn axis_name(letter: &str, panel: usize) -> String {
    if panel == 0 { letter.to_owned() } else { format!("{letter}{}", panel + 1) }
}

fn layout(plot: &Plot) -> Layout {
    let rows = match plot.arrangement {
        Arrangement::Rows => plot.panels.len(),
        Arrangement::Columns => 1,
    };
    let below = -LEGEND_BELOW / (ROW_HEIGHT * rows) as f64;
    let legend =
        Legend::new().orientation(Orientation::Horizontal).x(0.0).y(below).y_anchor(Anchor::Top);
    let mut layout = Layout::new()
        .auto_size(true)
        .height(ROW_HEIGHT * rows + ABOVE + BELOW)
        .margin(Margin::new().left(64).right(16).top(ABOVE).bottom(BELOW))
        // The page's own colours show through, light or dark; its style sheet colours the text.
        .paper_background_color(CLEAR)
        .plot_background_color(CLEAR)
        .mode_bar(ModeBar::new().background_color(CLEAR))
        .hover_mode(HoverMode::XUnified)
        .legend(legend);
    let domains = domains(plot.panels.len());
    for (position, panel) in plot.panels.iter().enumerate() {
        let (x, y) = match plot.arrangement {
            Arrangement::Columns => (domains[position], (0.0, 1.0)),
            // Rows count from the top, plotly.js from the bottom.
            Arrangement::Rows => ((0.0, 1.0), domains[plot.panels.len() - 1 - position]),
        };
        let points = || panel.series.iter().flat_map(|series| &series.points);
        let x_values = points().map(|point| point.0);
        let y_values = points().map(|point| point.1);
        // Panels on top of each other share the lowest's label.
        let labelled =
            plot.arrangement == Arrangement::Columns || position + 1 == plot.panels.len();
        let x_label = if labelled { panel.x.label.as_str() } else { "" };
        let x_axis =
            axis(&panel.x, x_label, x, ticks(&panel.x, x_values)).anchor(axis_name("y", position));
        let x_axis = if position > 0 && plot.arrangement == Arrangement::Rows {
            // Zooming into one panel zooms into all.
            x_axis.matches("x")
        } else {
            x_axis
        };
        let y_axis = axis(&panel.y, &panel.y.label, y, ticks(&panel.y, y_values))
            .anchor(axis_name("x", position));
        layout = match position {
            0 => layout.x_axis(x_axis).y_axis(y_axis),
            1 => layout.x_axis2(x_axis).y_axis2(y_axis),
            _ => layout.x_axis3(x_axis).y_axis3(y_axis),
        };
    }
    layout.annotations(titles(plot, &domains)).update_menus(switches(plot, below))
}

/// Shares of the width or height that `count` panels take, with room for labels between.
fn domains(count: usize) -> Vec<(f64, f64)> {
    let gap = 0.12;
    let size = (1.0 - gap * (count - 1) as f64) / count as f64;
    (0..count)
        .map(|i| {
            let start = i as f64 * (size + gap);
            (start, (start + size).min(1.0))
        })
        .collect()
}

fn axis(axis: &Axis, label: &str, domain: (f64, f64), ticks: usize) -> PlotlyAxis {
    PlotlyAxis::new()
        .title(Title::with_text(label))
        .exponent_format(ExponentFormat::Power)
        .type_(if axis.log { AxisType::Log } else { AxisType::Linear })
        .domain(&[domain.0, domain.1])
        .auto_margin(true)
        .zero_line(false)
        .hover_format(",.4~r")
        .n_ticks(ticks)
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
fn titles(plot: &Plot, domains: &[(f64, f64)]) -> Vec<Annotation> {
    let titled = plot.panels.iter().enumerate().filter(|(_, panel)| !panel.title.is_empty());
    titled
        .map(|(position, panel)| {
            let (x, y) = match plot.arrangement {
                Arrangement::Columns => (domains[position].0, 1.0),
                Arrangement::Rows => (0.0, domains[plot.panels.len() - 1 - position].1),
            };
            Annotation::new()
                .text(&panel.title)
                .show_arrow(false)
                .x_ref("paper")
                .y_ref("paper")
                .x(x)
                .y(y)
                .x_anchor(Anchor::Left)
                .y_anchor(Anchor::Bottom)
        })
        .collect()
}

/// Two buttons that switch the axis of steps between linear and logarithmic.
fn switches(plot: &Plot, below: f64) -> Vec<UpdateMenu> {
    if !plot.panels.iter().any(|panel| panel.x.switchable) {
        return Vec::new();
    }
    let button = |label: &str, kind: &str| {
        let mut changes = Map::new();
        for position in 0..plot.panels.len() {
            let number = if position == 0 { String::new() } else { (position + 1).to_string() };
            changes.insert(format!("xaxis{number}.type"), Value::from(kind));
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
