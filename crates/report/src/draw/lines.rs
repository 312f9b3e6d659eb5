//! The rows of a table as lines: what a layer of a figure comes to for one variant.

use study::{Channel, Colour as NamedColour, Dash, Layer, Mark, Scale, Series as Named};

use crate::colour::Colour;
use crate::drawing::{Axis, Series, Stroke, Weight};
use crate::error::ReportError;
use crate::table::{self, Cell, Columns, Shown};

/// Bins of a histogram where nothing is said.
const BINS: u32 = 30;
/// Checkpoints of a film at most: a slider has no finer steps.
const MOST_FRAMES: usize = 60;
/// Series at most; beyond, no reader tells them apart.
const MOST_SERIES: usize = 40;

/// The points of one line.
pub type Points = Vec<(f64, f64)>;

/// One line of a layer.
#[derive(Debug, Default)]
pub struct Line {
    /// Its value of the column that tells lines apart, where there is one.
    pub key: Option<Cell>,
    /// Its points by rising x; y is NaN where the line is interrupted.
    pub points: Points,
    /// The edge of the space that its errors span, round about; empty without errors.
    pub band: Points,
    /// Its points at each step, for a layer that follows the slider.
    pub film: Vec<(u64, Points)>,
}

/// The lines of `layer` over the rows that it asks for among those of `columns` whose `facet` is so.
///
/// # Errors
/// Where a column does not hold what it should.
pub fn lines(
    layer: &Layer,
    columns: &Columns,
    facet: Option<(&str, &Cell)>,
) -> Result<Vec<Line>, ReportError> {
    let shown = rows(layer, columns, facet)?;
    let keys = match &layer.series {
        Some(series) => {
            let mut keys = columns.distinct(&series.column, &shown)?;
            keys.truncate(MOST_SERIES);
            keys.into_iter().map(Some).collect()
        }
        None => vec![None],
    };
    let mut found: Vec<Line> =
        keys.into_iter().map(|key| Line { key, ..Line::default() }).collect();
    let place = |row: usize| -> Result<Option<usize>, ReportError> {
        let Some(series) = &layer.series else { return Ok(Some(0)) };
        let cell = columns.cell(&series.column, row)?;
        Ok(found_place(&found, &cell))
    };
    let places: Vec<Option<usize>> = (0..columns.rows())
        .map(|row| if shown[row] == Shown::No { Ok(None) } else { place(row) })
        .collect::<Result<_, _>>()?;
    let x = layer.x.as_ref().map(|x| columns.numbers(&x.column)).transpose();
    // Bars may stand for texts, whose places are their numbers.
    let texts = match (&x, &layer.x) {
        (Err(_), Some(channel)) if layer.mark == Mark::Bars => {
            Some(columns.distinct(&channel.column, &shown)?)
        }
        _ => None,
    };
    let x = if texts.is_none() { x? } else { None };
    let texts = texts.unwrap_or_default();
    let y = layer.y.as_ref().map(|y| columns.numbers(&y.column)).transpose()?;
    let upper = layer.upper.as_ref().map(|upper| columns.numbers(&upper.column)).transpose()?;
    let error = layer.error.as_ref().map(|error| columns.numbers(&error.column)).transpose()?;
    let film = layer.film.as_ref().map(|film| columns.numbers(film)).transpose()?;
    let mut uppers: Vec<Points> = found.iter().map(|_| Vec::new()).collect();
    for (row, place) in places.iter().enumerate() {
        let Some(place) = *place else { continue };
        let at = match (&layer.x, x) {
            (Some(channel), Some(x)) => channel.value(x[row]),
            (Some(channel), None) => {
                let cell = columns.cell(&channel.column, row)?;
                texts.iter().position(|text| *text == cell).unwrap_or(0) as f64
            }
            _ => row as f64,
        };
        let gap = shown[row] == Shown::Gap;
        let value = |channel: &Option<Channel>, cells: Option<&[f64]>| match (channel, cells) {
            (Some(channel), Some(cells)) if !gap => channel.value(cells[row]),
            _ => f64::NAN,
        };
        if at.is_nan() {
            continue;
        }
        let point = (at, value(&layer.y, y));
        if let Some(film) = film {
            let step = film[row];
            if step >= 0.0 && !point.1.is_nan() {
                let line = &mut found[place];
                #[expect(clippy::cast_sign_loss, reason = "it is not negative")]
                let step = step as u64;
                match line.film.iter_mut().find(|(known, _)| *known == step) {
                    Some((_, points)) => points.push(point),
                    None => line.film.push((step, vec![point])),
                }
            }
            continue;
        }
        if layer.mark == Mark::Histogram {
            if !gap {
                found[place].points.push((at, 1.0));
            }
            continue;
        }
        found[place].points.push(point);
        let half = value(&layer.error, error);
        if point.1.is_finite() && half.is_finite() {
            found[place].band.push((at, point.1 - half));
            uppers[place].push((at, point.1 + half));
        }
        if upper.is_some() {
            uppers[place].push((at, value(&layer.upper, upper)));
        }
    }
    for (line, uppers) in found.iter_mut().zip(&mut uppers) {
        finish(layer, line, uppers);
    }
    Ok(found)
}

fn found_place(found: &[Line], cell: &Cell) -> Option<usize> {
    found.iter().position(|line| line.key.as_ref() == Some(cell))
}

/// Puts the points of a line in order, and makes of them what its mark shows.
fn finish(layer: &Layer, line: &mut Line, uppers: &mut Points) {
    let by_x = |points: &mut Points| points.sort_by(|a, b| a.0.total_cmp(&b.0));
    by_x(&mut line.points);
    line.film.sort_by_key(|(step, _)| *step);
    if line.film.len() > MOST_FRAMES {
        let (count, most) = (line.film.len(), MOST_FRAMES - 1);
        let mut place = 0;
        let kept: Vec<usize> = (0..=most).map(|i| i * (count - 1) / most).collect();
        line.film.retain(|_| {
            place += 1;
            kept.binary_search(&(place - 1)).is_ok()
        });
    }
    for (_, points) in &mut line.film {
        by_x(points);
    }
    if let Some((_, last)) = line.film.last() {
        line.points.clone_from(last);
    }
    if layer.last {
        line.points.retain(|point| !point.1.is_nan());
        line.points = line.points.pop().into_iter().collect();
    }
    if !line.band.is_empty() {
        by_x(&mut line.band);
        by_x(uppers);
        line.band.extend(uppers.iter().rev());
    }
    match layer.mark {
        Mark::Band => {
            by_x(uppers);
            line.points.extend(uppers.iter().rev());
            line.points.retain(|point| !point.1.is_nan());
        }
        Mark::Histogram => line.points = counted(&line.points, layer.bins.unwrap_or(BINS)),
        _ => {}
    }
}

/// How many of the points lie in each of `bins` equal parts of their range of x.
fn counted(points: &[(f64, f64)], bins: u32) -> Points {
    let values = || points.iter().map(|point| point.0);
    let (low, high) = (values().fold(f64::MAX, f64::min), values().fold(f64::MIN, f64::max));
    if low > high {
        return Vec::new();
    }
    // Of one value alone a bar, too.
    let width = if high > low { (high - low) / f64::from(bins) } else { 1.0 };
    let mut counts = vec![0.0; bins as usize];
    for value in values() {
        #[expect(clippy::cast_sign_loss, reason = "no value is below the lowest")]
        let bin = ((value - low) / width) as usize;
        counts[bin.min(bins as usize - 1)] += 1.0;
    }
    let middle = |bin: usize| low + (bin as f64 + 0.5) * width;
    counts.into_iter().enumerate().map(|(bin, count)| (middle(bin), count)).collect()
}

/// Which rows a layer shows.
///
/// # Errors
/// Where a column was not read.
pub fn rows(
    layer: &Layer,
    columns: &Columns,
    facet: Option<(&str, &Cell)>,
) -> Result<Vec<Shown>, ReportError> {
    let mut shown = columns.shown(&layer.rows)?;
    if let Some((name, wanted)) = facet {
        for (row, shown) in shown.iter_mut().enumerate() {
            if *shown != Shown::No && columns.cell(name, row)? != *wanted {
                *shown = Shown::No;
            }
        }
    }
    Ok(shown)
}

/// The lines of a layer as the series of a panel.
#[must_use]
pub fn series(layer: &Layer, lines: Vec<Line>) -> Vec<Series> {
    let count = lines.len();
    let draw = |(position, line): (usize, Line)| {
        let (name, colour) = named(layer, line.key.as_ref(), position, count);
        // Thin, it stands in no legend beside its line.
        let band = Series::new(name.clone(), colour, line.band);
        let band = band.stroke(Stroke::Band).weight(Weight::Thin);
        let drawn = Series::new(name, colour, line.points).stroke(stroke(layer));
        let drawn = if line.film.len() > 1 { drawn.following(line.film) } else { drawn };
        [Some(band).filter(|band| !band.points.is_empty()), Some(drawn)].into_iter().flatten()
    };
    // A film of one step shows what stands there anyway.
    let moves = |line: &Line| layer.film.is_none() || line.film.len() > 1;
    lines.into_iter().filter(moves).enumerate().flat_map(draw).collect()
}

/// What the lines of a layer are called.
#[must_use]
pub fn names(layer: &Layer, lines: &[Line]) -> Vec<String> {
    let count = lines.len();
    let name = |(place, line): (usize, &Line)| named(layer, line.key.as_ref(), place, count).0;
    lines.iter().enumerate().map(name).collect()
}

/// Name and colour of the line at `position` of `count`.
fn named(layer: &Layer, key: Option<&Cell>, position: usize, count: usize) -> (String, Colour) {
    let (Some(series), Some(key)) = (&layer.series, key) else {
        let colour = layer.colour.unwrap_or(NamedColour::Blue);
        let name = match (&layer.name, &layer.y) {
            (name, Some(y)) if name.is_empty() => y.label().to_owned(),
            (name, _) => name.clone(),
        };
        return (name, colour.into());
    };
    let colour = if series.ordered || count > Colour::ORDER.len() {
        Colour::ordered(position, count)
    } else {
        Colour::of(position)
    };
    (called(series, key), colour)
}

/// What a line with this value is called.
fn called(series: &Named, key: &Cell) -> String {
    let own = match key {
        Cell::Text(text) => series.names.get(text),
        Cell::Number(number) => series.names.get(&number.to_string()),
        other => series.names.get(&other.shown()),
    };
    if let Some(name) = own {
        return name.clone();
    }
    let value = match key {
        Cell::Number(number) => table::shown(*number),
        other => other.shown(),
    };
    if series.label.is_empty() {
        return match key {
            Cell::Text(_) => value,
            _ => format!("{} = {value}", series.column),
        };
    }
    let index = match key {
        #[expect(clippy::cast_sign_loss, reason = "it is an index")]
        Cell::Number(number) if *number >= 0.0 => study::number::subscript(*number as u32),
        _ => value.clone(),
    };
    series.label.replace("{}", &value).replace("{subscript}", &index)
}

/// How a mark is drawn.
#[must_use]
pub fn stroke(layer: &Layer) -> Stroke {
    match (layer.mark, layer.dash) {
        (Mark::Steps, _) => Stroke::DashedSteps,
        (Mark::Scatter, _) => Stroke::Marks,
        (Mark::Band, _) => Stroke::Band,
        (Mark::Bars | Mark::Histogram, _) => Stroke::Bars,
        (Mark::Line | Mark::HeatMap | Mark::Picture, Dash::Solid) => Stroke::Solid,
        (Mark::Line | Mark::HeatMap | Mark::Picture, Dash::Dashed) => Stroke::Dashed,
        (Mark::Line | Mark::HeatMap | Mark::Picture, Dash::Dotted) => Stroke::Dotted,
    }
}

/// An axis for a channel; of training steps one that a reader may switch to logarithmic.
#[must_use]
pub fn axis(channel: &Channel) -> Axis {
    let label = channel.label();
    match channel.scale {
        Scale::Log => Axis::log(label),
        Scale::Linear if channel.column == "step" || channel.column == "epoch" => {
            Axis { label: label.to_owned(), ..Axis::steps() }
        }
        Scale::Linear => Axis::linear(label),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_histogram_counts_every_value_once() {
        let values = [0.0, 0.1, 0.5, 1.0, 1.0].map(|value| (value, 1.0));
        let counts: Vec<f64> = counted(&values, 2).iter().map(|bin| bin.1).collect();
        assert_eq!(counts, [2.0, 3.0]);
        assert_eq!(counted(&[(3.0, 1.0)], 4)[0], (3.5, 1.0));
        assert!(counted(&[], 4).is_empty());
    }

    #[test]
    fn an_error_spans_a_band_about_its_line() {
        let mut line = Line {
            points: vec![(2.0, 5.0), (1.0, 3.0)],
            band: vec![(2.0, 4.0), (1.0, 2.5)],
            ..Line::default()
        };
        let layer: study::Figure = serde_json::from_value(serde_json::json!({
            "name": "a", "table": "t", "x": "x", "y": "y", "error": { "column": "e", "times": 2.0 }
        }))
        .unwrap();
        let layer = &layer.panels[0].layers[0];
        finish(layer, &mut line, &mut vec![(2.0, 6.0), (1.0, 3.5)]);
        assert_eq!(line.band, [(1.0, 2.5), (2.0, 4.0), (2.0, 6.0), (1.0, 3.5)]);
        let drawn = series(layer, vec![line]);
        assert_eq!([drawn[0].stroke, drawn[1].stroke], [Stroke::Band, Stroke::Solid]);
    }

    #[test]
    fn a_line_is_called_by_its_value() {
        let series = |label: &str| Named {
            column: "index".to_owned(),
            label: label.to_owned(),
            names: [("train".to_owned(), "training".to_owned())].into(),
            ordered: false,
        };
        let ten = Cell::Number(10.0);
        assert_eq!(called(&series("λ{subscript}"), &ten), "λ₁₀");
        assert_eq!(called(&series("k = {}"), &ten), "k = 10");
        assert_eq!(called(&series(""), &ten), "index = 10");
        assert_eq!(called(&series(""), &Cell::Text("train".to_owned())), "training");
        assert_eq!(called(&series(""), &Cell::Text("a_b".to_owned())), "a b");
    }
}
