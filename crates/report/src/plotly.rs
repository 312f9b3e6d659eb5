//! Figures as plots to hover over and zoom into, by plotly.js.

use plotly::common::{DashType, HoverInfo, Line, LineShape, Marker, Mode, Orientation, Title};
use plotly::configuration::DisplayModeBar;
use plotly::layout::update_menu::{
    Button, ButtonMethod, UpdateMenu, UpdateMenuDirection, UpdateMenuType,
};
use plotly::layout::{Annotation, Axis as PlotlyAxis, AxisType, HoverMode, Legend, Margin};
use plotly::{Configuration, Layout, Scatter};
use serde_json::{Map, Value, json};

use crate::figure::{Arrangement, Axis, Plot, Series, Stroke};

/// Lines with more points than this have no marks at them.
const MARKED_POINTS: usize = 60;
/// Height of a row of panels on the page, in pixels.
const ROW_HEIGHT: usize = 250;

/// plotly.js itself, in a script tag.
///
/// MathJax, which the crate delivers with it, is left out: 2 MB that no figure needs.
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
    for (position, panel) in plot.panels.iter().enumerate() {
        for series in &panel.series {
            let in_legend = legend.iter().any(|&first| std::ptr::eq(first, series));
            drawn.add_trace(trace(series, position, in_legend && legend.len() > 1));
        }
    }
    drawn.set_layout(layout(plot));
    drawn.set_configuration(
        Configuration::new()
            .responsive(true)
            .display_logo(false)
            .display_mode_bar(DisplayModeBar::Hover),
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
    let mut layout = Layout::new()
        .auto_size(true)
        .height(ROW_HEIGHT * rows + 120)
        .margin(Margin::new().left(64).right(16).top(44).bottom(48))
        // The page's own colours show through, light or dark; its style sheet colours the text.
        .paper_background_color("rgba(0,0,0,0)")
        .plot_background_color("rgba(0,0,0,0)")
        .hover_mode(HoverMode::XUnified)
        .legend(
            Legend::new()
                .orientation(Orientation::Horizontal)
                .x(0.0)
                .y(-0.16 / rows as f64)
                .y_anchor(plotly::common::Anchor::Top),
        );
    let domains = domains(plot.panels.len());
    for (position, panel) in plot.panels.iter().enumerate() {
        let (x, y) = match plot.arrangement {
            Arrangement::Columns => (domains[position], (0.0, 1.0)),
            // Rows count from the top, plotly.js from the bottom.
            Arrangement::Rows => ((0.0, 1.0), domains[plot.panels.len() - 1 - position]),
        };
        let x_axis = axis(&panel.x, x).anchor(&axis_name("y", position));
        let x_axis = if position > 0 && plot.arrangement == Arrangement::Rows {
            // Zooming into one panel zooms into all.
            x_axis.matches("x")
        } else {
            x_axis
        };
        let y_axis = axis(&panel.y, y).anchor(&axis_name("x", position));
        layout = match position {
            0 => layout.x_axis(x_axis).y_axis(y_axis),
            1 => layout.x_axis2(x_axis).y_axis2(y_axis),
            _ => layout.x_axis3(x_axis).y_axis3(y_axis),
        };
    }
    layout.annotations(titles(plot, &domains)).update_menus(switches(plot))
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

fn axis(axis: &Axis, domain: (f64, f64)) -> PlotlyAxis {
    PlotlyAxis::new()
        .title(Title::with_text(&axis.label))
        .type_(if axis.log { AxisType::Log } else { AxisType::Linear })
        .domain(&[domain.0, domain.1])
        .auto_margin(true)
        .zero_line(false)
        .hover_format(".4~g")
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
                .x_anchor(plotly::common::Anchor::Left)
                .y_anchor(plotly::common::Anchor::Bottom)
        })
        .collect()
}

/// Two buttons that switch the axis of steps between linear and logarithmic.
fn switches(plot: &Plot) -> Vec<UpdateMenu> {
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
            .buttons(vec![button("linear", "linear"), button("log", "log")])
            .x(1.0)
            .x_anchor(plotly::common::Anchor::Right)
            .y(1.0)
            .y_anchor(plotly::common::Anchor::Bottom),
    ]
}
