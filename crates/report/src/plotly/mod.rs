//! Figures as plots to hover over and zoom into, by plotly.js.

mod layout;
mod map;
mod trace;

use plotly::Configuration;
use plotly::configuration::{DisplayModeBar, ModeBarButtonName};
use serde_json::{Value, json};

use crate::drawing::{Map, Plot};

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

/// `plot` as what `page.js` gives to plotly.js once it comes into sight, and its height in pixels.
///
/// `data`, `layout` and `config` are plotly.js's own; `films` has the traces that follow the
/// slider, `steps` the x axes on which a line marks where it is.
#[must_use]
pub fn data(plot: &Plot) -> (Value, usize) {
    let traces = trace::traces(plot);
    let films: Vec<Value> = plot
        .panels
        .iter()
        .flat_map(|panel| &panel.series)
        .enumerate()
        .filter(|(_, series)| !series.film.is_empty())
        .map(|(position, series)| trace::film(position, series))
        .collect();
    let steps: Vec<String> = plot
        .panels
        .iter()
        .enumerate()
        .filter(|(_, panel)| panel.x.switchable)
        .map(|(position, _)| trace::axis_name("x", position))
        .collect();
    let (layout, height) = layout::layout(plot);
    let data = json!({
        "data": traces, "layout": layout, "config": configuration(),
        "films": films, "steps": steps,
    });
    (data, height)
}

/// `maps` beside each other, as [`data`] gives plots.
#[must_use]
pub fn maps(maps: &[Map]) -> (Value, usize) {
    let (traces, layout, height) = map::drawn(maps);
    let data = json!({
        "data": traces, "layout": layout, "config": configuration(), "films": [], "steps": [],
    });
    (data, height)
}

/// `text` for plotly.js, which reads tags in its texts.
fn plain(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn configuration() -> Configuration {
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
        ])
}
