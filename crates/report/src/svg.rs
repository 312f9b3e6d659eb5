//! Figures as SVG files: plots by plotters, pictures as rows of images.

use std::fmt::Write;

use plotters::coord::Shift;
use plotters::prelude::{
    ChartBuilder, DashedLineSeries, DrawingArea, IntoDrawingArea, IntoFont, LineSeries,
    PathElement, RGBColor, SVGBackend, ShapeStyle, Text, WHITE,
};
use plotters::style::{BLACK, Color};

use crate::error::ReportError;
use crate::figure::{Arrangement, Content, Figure, Panel, PictureRow, Plot, Series, Stroke};
use crate::page::data_uri;
use crate::scale::Scale;

/// Width of a plot. The units are pixels of a large screen: plotters rounds to whole ones, which
/// would show in a small drawing.
const WIDTH: u32 = 1800;
const ROW_HEIGHT: u32 = 620;
const HEAD: u32 = 70;
const LEGEND_LINE: u32 = 50;
const FONT: &str = "sans-serif";

/// The figure as an SVG document on white.
///
/// # Errors
/// Where plotters fails.
pub fn document(figure: &Figure) -> Result<String, ReportError> {
    match &figure.content {
        Content::Plot(plot) => drawn(&figure.title, plot)
            .map_err(|message| ReportError::Svg { name: figure.name, message }),
        Content::Pictures(rows) => Ok(pictures(&figure.title, rows)),
    }
}

fn drawn(title: &str, plot: &Plot) -> Result<String, String> {
    let columns = match plot.arrangement {
        Arrangement::Columns => plot.panels.len(),
        Arrangement::Rows => 1,
    };
    let rows = plot.panels.len().div_ceil(columns);
    let legend: Vec<&Series> = plot.legend().collect();
    let height = HEAD + ROW_HEIGHT * rows as u32 + LEGEND_LINE;
    let mut text = String::new();
    {
        let root = SVGBackend::with_string(&mut text, (WIDTH, height)).into_drawing_area();
        let fail = |error: &dyn std::fmt::Display| error.to_string();
        root.fill(&WHITE).map_err(|error| fail(&error))?;
        let head = (FONT, 36).into_font().color(&BLACK);
        root.draw_text(title, &head, (24, 18)).map_err(|error| fail(&error))?;
        let (_, below) = root.split_vertically(HEAD);
        let (panels, foot) = below.split_vertically(ROW_HEIGHT * rows as u32);
        for (area, panel) in panels.split_evenly((rows, columns)).iter().zip(&plot.panels) {
            draw_panel(area, panel)?;
        }
        // A panel of one line is told by its axis.
        if plot.panels.iter().any(|panel| panel.series.len() > 1) {
            draw_legend(&foot, &legend)?;
        }
        root.present().map_err(|error| fail(&error))?;
    }
    Ok(text)
}

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

fn draw_panel(area: &Area, panel: &Panel) -> Result<(), String> {
    let points = || panel.series.iter().flat_map(|series| &series.points);
    let x = Scale::holding(points().map(|point| point.0), panel.x.log);
    let y = Scale::holding(points().map(|point| point.1), panel.y.log);
    let mut chart = ChartBuilder::on(area)
        .margin(20)
        .margin_right(40)
        .x_label_area_size(90)
        .y_label_area_size(120)
        .caption(&panel.title, (FONT, 30))
        .build_cartesian_2d(x, y)
        .map_err(|error| error.to_string())?;
    chart
        .configure_mesh()
        .x_labels(6)
        .y_labels(7)
        .max_light_lines(0)
        .x_desc(&panel.x.label)
        .y_desc(&panel.y.label)
        .label_style((FONT, 26))
        .axis_desc_style((FONT, 28))
        .bold_line_style(RGBColor(225, 225, 225))
        .axis_style(RGBColor(90, 90, 90))
        .draw()
        .map_err(|error| error.to_string())?;
    for series in &panel.series {
        let style = style(series);
        let drawn = match series.stroke {
            Stroke::Solid => {
                chart.draw_series(LineSeries::new(series.points.iter().copied(), style)).map(drop)
            }
            Stroke::Dashed => chart
                .draw_series(DashedLineSeries::new(series.points.iter().copied(), 14, 10, style))
                .map(drop),
            Stroke::DashedSteps => chart
                .draw_series(DashedLineSeries::new(stairs(&series.points), 14, 10, style))
                .map(drop),
        };
        drawn.map_err(|error| error.to_string())?;
        if let [point] = series.points[..] {
            let mark = plotters::prelude::Circle::new(point, 6, style.filled());
            chart.draw_series([mark]).map_err(|error| error.to_string())?;
        }
    }
    Ok(())
}

fn style(series: &Series) -> ShapeStyle {
    let (red, green, blue) = series.colour.rgb();
    RGBColor(red, green, blue).stroke_width(4)
}

/// The points with a corner before each but the first: a value holds until the next.
fn stairs(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let corners = points.windows(2).flat_map(|pair| [(pair[1].0, pair[0].1), pair[1]]);
    points.first().copied().into_iter().chain(corners).collect()
}

fn draw_legend(area: &Area, legend: &[&Series]) -> Result<(), String> {
    let mut left = 150;
    let label = (FONT, 26).into_font().color(&BLACK);
    for series in legend {
        let dashes: &[(i32, i32)] = match series.stroke {
            Stroke::Solid => &[(0, 44)],
            Stroke::Dashed | Stroke::DashedSteps => &[(0, 18), (26, 44)],
        };
        for (from, to) in dashes {
            let ends = vec![(left + from, 20), (left + to, 20)];
            area.draw(&PathElement::new(ends, style(series))).map_err(|error| error.to_string())?;
        }
        area.draw(&Text::new(series.name.clone(), (left + 54, 6), label.clone()))
            .map_err(|error| error.to_string())?;
        // Without fonts the width of a text is a guess: two thirds of an em a letter.
        left += 54 + 18 * i32::try_from(series.name.chars().count()).unwrap_or(0) + 40;
    }
    Ok(())
}

/// Rows of pictures, each embedded as PNG, with its label below.
fn pictures(title: &str, rows: &[PictureRow]) -> String {
    const SIDE: u32 = 256;
    const GAP: u32 = 24;
    const LINE: u32 = 30;
    let columns = rows.iter().map(|row| row.pictures.len()).max().unwrap_or(0) as u32;
    let mut body = String::new();
    let mut top = 60;
    for row in rows {
        if !row.title.is_empty() {
            text(&mut body, GAP, top + 20, 20, &row.title);
            top += LINE;
        }
        let (mut tallest, mut lines) = (0, 0);
        for (position, picture) in row.pictures.iter().enumerate() {
            let left = GAP + position as u32 * (SIDE + GAP);
            let height = SIDE * picture.size.1 / picture.size.0.max(1);
            let source = data_uri(&picture.png);
            // Writing to a String cannot fail.
            let _ = writeln!(
                body,
                r#"<image x="{left}" y="{top}" width="{SIDE}" height="{height}" href="{source}"/>"#
            );
            for (line, words) in (0..).zip(picture.label.lines()) {
                text(&mut body, left, top + height + 22 + 22 * line, 17, words);
                lines = lines.max(line + 1);
            }
            tallest = tallest.max(height);
        }
        top += tallest + 22 * lines + GAP;
    }
    let width = GAP + columns * (SIDE + GAP);
    let mut head = String::new();
    text(&mut head, GAP, 36, 24, title);
    format!(
        r#"<svg width="{width}" height="{top}" viewBox="0 0 {width} {top}" xmlns="http://www.w3.org/2000/svg">
<rect width="{width}" height="{top}" fill="white"/>
{head}{body}</svg>
"#
    )
}

fn text(body: &mut String, x: u32, y: u32, size: u32, words: &str) {
    let words = words.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let _ = writeln!(
        body,
        r#"<text x="{x}" y="{y}" font-family="{FONT}" font-size="{size}">{words}</text>"#
    );
}
