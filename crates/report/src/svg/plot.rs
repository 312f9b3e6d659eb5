//! Plots of lines as SVG, by plotters.

use plotters::coord::Shift;
use plotters::prelude::{
    ChartBuilder, Circle, DashedLineSeries, DrawingArea, IntoDrawingArea, IntoFont, LineSeries,
    PathElement, Polygon, RGBColor, Rectangle, SVGBackend, ShapeStyle, Text, WHITE,
};
use plotters::style::{BLACK, Color};

use study::number::tick;

use super::FONT;
use crate::drawing::{Panel, Plot, Series, Stroke, Weight};
use crate::scale::Scale;

/// Width of a plot. The units are pixels of a large screen: plotters rounds to whole ones, which
/// would show in a small drawing.
const WIDTH: u32 = 1800;
const ROW_HEIGHT: u32 = 620;
const HEAD: u32 = 70;
const LEGEND_LINE: u32 = 50;
/// Where a legend starts.
const LEGEND_LEFT: i32 = 150;

/// A plot of lines with its title and legend.
pub(super) fn drawn(title: &str, plot: &Plot) -> Result<String, String> {
    let (columns, rows) = plot.grid();
    let legend: Vec<&Series> = plot.legend().filter(|series| series.film.is_empty()).collect();
    let lines = legend_lines(&legend);
    let height = HEAD + ROW_HEIGHT * rows as u32 + LEGEND_LINE * lines.len() as u32;
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
        draw_legend(&foot, &lines)?;
        root.present().map_err(|error| fail(&error))?;
    }
    Ok(text)
}

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

fn draw_panel(area: &Area, panel: &Panel) -> Result<(), String> {
    let points = || still(panel).flat_map(|series| &series.points);
    let bars = still(panel).any(|series| series.stroke == Stroke::Bars);
    // A bar has a width and begins at 0, where its axis has one.
    let half = 0.5 * panel.bar_width();
    let sides = points()
        .flat_map(|point| if bars { [point.0 - half, point.0 + half] } else { [point.0; 2] });
    let x = Scale::holding(sides, panel.x.log);
    let zero = (bars && !panel.y.log).then_some(0.0);
    let y = Scale::holding(points().map(|point| point.1).chain(zero), panel.y.log);
    let ground = if panel.y.log { f64::MIN_POSITIVE } else { 0.0 };
    let names = &panel.x.categories;
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
        .x_labels(if names.is_empty() { 6 } else { names.len() })
        .x_label_formatter(&|value: &f64| category(names, *value))
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
    for series in still(panel) {
        let style = style(series);
        let drawn = match series.stroke {
            Stroke::Solid => {
                chart.draw_series(LineSeries::new(series.points.iter().copied(), style)).map(drop)
            }
            Stroke::Marks => {
                let marks =
                    series.points.iter().map(|&point| Circle::new(point, 6, style.filled()));
                chart.draw_series(marks).map(drop)
            }
            Stroke::Dashed | Stroke::Dotted => chart
                .draw_series(DashedLineSeries::new(series.points.iter().copied(), 14, 10, style))
                .map(drop),
            Stroke::Bars => {
                let bars = series.points.iter().map(|&(x, y)| {
                    Rectangle::new([(x - half, ground), (x + half, y)], style.filled())
                });
                chart.draw_series(bars).map(drop)
            }
            Stroke::Band => {
                let (red, green, blue) = series.colour.rgb();
                let area = RGBColor(red, green, blue).mix(0.3).filled();
                let band = Polygon::new(series.points.clone(), area);
                chart.draw_series([band]).map(drop)
            }
            Stroke::DashedSteps => chart
                .draw_series(DashedLineSeries::new(stairs(&series.points), 14, 10, style))
                .map(drop),
        };
        drawn.map_err(|error| error.to_string())?;
        if let [point] = series.points[..] {
            let mark = Circle::new(point, 6, style.filled());
            chart.draw_series([mark]).map_err(|error| error.to_string())?;
        }
    }
    Ok(())
}

/// The name of the place `value`, or the number.
fn category(names: &[String], value: f64) -> String {
    if names.is_empty() {
        return tick(value);
    }
    #[expect(clippy::cast_sign_loss, reason = "places are not negative")]
    let name = (value >= 0.0 && value.fract() == 0.0).then(|| names.get(value as usize)).flatten();
    name.cloned().unwrap_or_default()
}

fn style(series: &Series) -> ShapeStyle {
    let (red, green, blue) = series.colour.rgb();
    let width = match series.weight {
        Weight::Thin => 1,
        Weight::Plain => 4,
        Weight::Thick => 6,
    };
    RGBColor(red, green, blue).stroke_width(width)
}

/// The series of a panel that do not follow the slider.
///
/// Where all of them do, they are shown as they stand at the last checkpoint.
fn still(panel: &Panel) -> impl Iterator<Item = &Series> {
    let all_move = panel.series.iter().all(|series| !series.film.is_empty());
    panel.series.iter().filter(move |series| all_move || series.film.is_empty())
}

/// The points with a corner before each but the first: a value holds until the next.
fn stairs(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let corners = points.windows(2).flat_map(|pair| [(pair[1].0, pair[0].1), pair[1]]);
    points.first().copied().into_iter().chain(corners).collect()
}

/// The entries of a legend with the place where each starts, cut into lines that fit.
fn legend_lines<'a>(legend: &[&'a Series]) -> Vec<Vec<(i32, &'a Series)>> {
    let mut lines: Vec<Vec<(i32, &Series)>> = vec![Vec::new()];
    let mut left = LEGEND_LEFT;
    for &series in legend {
        // Without fonts the width of a text is a guess: two thirds of an em a letter.
        let width = 54 + 18 * i32::try_from(series.name.chars().count()).unwrap_or(0) + 40;
        let full = left + width > i32::try_from(WIDTH).unwrap_or(i32::MAX);
        if full && lines.last().is_some_and(|line| !line.is_empty()) {
            lines.push(Vec::new());
            left = LEGEND_LEFT;
        }
        if let Some(line) = lines.last_mut() {
            line.push((left, series));
        }
        left += width;
    }
    lines
}

fn draw_legend(area: &Area, lines: &[Vec<(i32, &Series)>]) -> Result<(), String> {
    let label = (FONT, 26).into_font().color(&BLACK);
    let mut top = 0;
    for line in lines {
        for &(left, series) in line {
            let dashes: &[(i32, i32)] = match series.stroke {
                Stroke::Solid | Stroke::Marks | Stroke::Bars | Stroke::Band => &[(0, 44)],
                Stroke::Dashed | Stroke::Dotted | Stroke::DashedSteps => &[(0, 18), (26, 44)],
            };
            for (from, to) in dashes {
                let ends = vec![(left + from, top + 20), (left + to, top + 20)];
                area.draw(&PathElement::new(ends, style(series)))
                    .map_err(|error| error.to_string())?;
            }
            area.draw(&Text::new(series.name.clone(), (left + 54, top + 6), label.clone()))
                .map_err(|error| error.to_string())?;
        }
        top += i32::try_from(LEGEND_LINE).unwrap_or(0);
    }
    Ok(())
}
