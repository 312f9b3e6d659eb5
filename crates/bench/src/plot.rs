//! Cost growing with a size, as SVG: both axes logarithmic, one line an implementation.

use plotters::prelude::{
    BLACK, ChartBuilder, Circle, Color, IntoDrawingArea, IntoLogRange, LineSeries, PathElement,
    RGBColor, SVGBackend, SeriesLabelPosition, WHITE,
};

use crate::error::BenchError;

/// One implementation: its name and (size, seconds).
pub type Curve = (String, Vec<(f64, f64)>);

const SIZE: (u32, u32) = (620, 420);
/// Distinct also without colour vision (Okabe & Ito 2008).
const COLORS: [RGBColor; 5] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(230, 159, 0),
];

/// The curves over the size called `along`.
///
/// # Errors
/// Where plotters fails.
pub fn document(along: &str, curves: &[Curve]) -> Result<String, BenchError> {
    drawn(along, curves).map_err(|error| BenchError::Plot { message: error.to_string() })
}

fn drawn(along: &str, curves: &[Curve]) -> Result<String, Box<dyn std::error::Error>> {
    let points = || curves.iter().flat_map(|(_, points)| points);
    let x = range(points().map(|point| point.0), 1.1);
    let y = range(points().map(|point| point.1), 1.5);
    let mut text = String::new();
    {
        let root = SVGBackend::with_string(&mut text, SIZE).into_drawing_area();
        root.fill(&WHITE)?;
        let mut chart = ChartBuilder::on(&root)
            .margin(12)
            .x_label_area_size(44)
            .y_label_area_size(76)
            .build_cartesian_2d((x.0..x.1).log_scale(), (y.0..y.1).log_scale())?;
        chart
            .configure_mesh()
            .x_desc(along)
            .y_desc("seconds")
            .x_label_formatter(&|size| format!("{size:.0}"))
            .y_label_formatter(&|seconds| format!("{seconds:.0e}"))
            .draw()?;
        for ((name, points), color) in curves.iter().zip(COLORS.iter().cycle()) {
            let line = LineSeries::new(points.iter().copied(), color.stroke_width(2));
            chart.draw_series(line)?.label(name).legend(move |(x, y)| {
                PathElement::new([(x, y), (x + 18, y)], color.stroke_width(2))
            });
            chart.draw_series(points.iter().map(|&point| Circle::new(point, 3, color.filled())))?;
        }
        chart
            .configure_series_labels()
            .position(SeriesLabelPosition::UpperLeft)
            .background_style(WHITE.mix(0.8))
            .border_style(BLACK.mix(0.3))
            .draw()?;
        root.present()?;
    }
    Ok(text)
}

/// From the least of `values` to the largest, and a factor of `margin` more on both sides.
fn range(values: impl Iterator<Item = f64>, margin: f64) -> (f64, f64) {
    let (low, high) = values.fold((f64::MAX, 0.0_f64), |(low, high), v| (low.min(v), high.max(v)));
    (low / margin, high * margin)
}
