//! A figure of panels, drawn for one variant.

use std::collections::HashMap;
use std::path::Path;

use study::{Condition, Figure, Layer, Mark, Panel as Declared};

use super::lines::{self, Points};
use super::pixels;
use super::subject::{Found, Subject};
use crate::drawing::{Arrangement, Axis, Content, Map, Panel, Stroke};
use crate::error::ReportError;
use crate::inputs::Artifact;
use crate::table::{Cell, Shown};

/// The value of a column that a reader has selected, as output 3, of the artifact that offers it.
#[derive(Clone, Copy, Debug)]
pub struct Selected<'s> {
    /// The artifact.
    pub directory: &'s Path,
    /// The column.
    pub column: &'s str,
    /// The value.
    pub value: f64,
}

/// Tiles of a heat map at most, along each axis.
const MOST_TILES: usize = 500;
/// Panels at most that facets make.
const MOST_FACETS: usize = 24;

/// What `figure`, which is of `own`, shows of a variant, one of so many `details` of a page; `None` where there is nothing
/// to draw.
///
/// # Errors
/// Where a table cannot be read.
pub fn content<'a>(
    figure: &Figure,
    subject: &Subject<'a>,
    own: Option<&'a Artifact>,
    selected: Option<Selected>,
    details: usize,
) -> Result<Option<Content>, ReportError> {
    let (mut panels, mut maps, mut pictures) = (Vec::new(), Vec::new(), Vec::new());
    for declared in &figure.panels {
        for (title, facet) in facets(declared, subject, own, selected)? {
            let facet = declared.facets.as_deref().zip(facet.as_ref());
            if let [layer] = &declared.layers[..]
                && layer.mark == Mark::HeatMap
            {
                maps.extend(map(&title, layer, subject, own, facet, selected)?);
                continue;
            }
            if let [layer] = &declared.layers[..]
                && layer.mark == Mark::Picture
            {
                let Some(found) = subject.table(&layer.table, own)? else { continue };
                let layer = narrowed(layer, &found, declared.facets.as_deref(), selected);
                pictures.extend(pixels::panel(&title, &layer, &found, facet)?);
                continue;
            }
            let mut series = Vec::new();
            let mut axes = None;
            for layer in &declared.layers {
                let Some(found) = subject.table(&layer.table, own)? else { continue };
                let layer = narrowed(layer, &found, declared.facets.as_deref(), selected);
                let drawn = lines::lines(&layer, &found.columns, facet)?;
                if axes.is_none() {
                    axes = Some(axes_of(&layer, &found, facet)?);
                }
                series.extend(lines::series(&layer, drawn));
            }
            if let Some((x, y)) = axes {
                panels.push(Panel::new(title, x, y, series));
            }
        }
    }
    if !pictures.is_empty() {
        return pixels::content(&figure.name, &pictures, details);
    }
    if !maps.is_empty() {
        return Ok(Some(Content::Maps(maps)));
    }
    let arrangement = if figure.stacked { Arrangement::Rows } else { Arrangement::Columns };
    Ok(Content::plot(arrangement, panels))
}

/// The layer, narrowed to what is selected of the artifact that its table is of.
fn narrowed(
    layer: &Layer,
    found: &Found,
    facets: Option<&str>,
    selected: Option<Selected>,
) -> Layer {
    let mut layer = layer.clone();
    if let Some(Selected { directory, column, value }) = selected
        && found.artifact.directory == directory
        && found.table.columns.iter().any(|of| of.name == column)
        && !layer.rows.contains_key(column)
        && layer.series.as_ref().is_none_or(|series| series.column != column)
        && facets != Some(column)
    {
        layer.rows.insert(column.to_owned(), Condition::Is(value.into()));
    }
    layer
}

/// The panels of one that has facets, with title and value of each.
fn facets<'a>(
    declared: &Declared,
    subject: &Subject<'a>,
    own: Option<&'a Artifact>,
    selected: Option<Selected>,
) -> Result<Vec<(String, Option<Cell>)>, ReportError> {
    let Some(column) = &declared.facets else {
        return Ok(vec![(declared.title.clone(), None)]);
    };
    let mut cells: Vec<Cell> = Vec::new();
    for layer in &declared.layers {
        let Some(found) = subject.table(&layer.table, own)? else { continue };
        let layer = narrowed(layer, &found, Some(column), selected);
        let shown = lines::rows(&layer, &found.columns, None)?;
        for cell in found.columns.distinct(column, &shown)? {
            if !cells.contains(&cell) {
                cells.push(cell);
            }
        }
    }
    // Those that are asked for by name come in that order.
    let asked = declared.layers.first().and_then(|layer| layer.rows.get(column));
    if let Some(Condition::OneOf(values)) = asked {
        let place = |cell: &Cell| values.iter().position(|value| cell.is(value));
        cells.sort_by_key(place);
    }
    cells.truncate(MOST_FACETS);
    let title = |cell: &Cell| format!("{} {}", declared.title, cell.shown()).trim().to_owned();
    Ok(cells.into_iter().map(|cell| (title(&cell), Some(cell))).collect())
}

/// The axes of the panel of a layer.
fn axes_of(
    layer: &Layer,
    found: &Found,
    facet: Option<(&str, &Cell)>,
) -> Result<(Axis, Axis), ReportError> {
    let x = match &layer.x {
        Some(channel) => lines::axis(channel),
        None => Axis::linear("row"),
    };
    let y = match &layer.y {
        Some(channel) => lines::axis(channel),
        None => Axis::linear("count"),
    };
    let mut x = x;
    if layer.mark == Mark::Bars
        && let Some(channel) = &layer.x
        && found.columns.numbers(&channel.column).is_err()
    {
        let shown = lines::rows(layer, &found.columns, facet)?;
        let cells = found.columns.distinct(&channel.column, &shown)?;
        x.categories = cells.iter().map(Cell::shown).collect();
    }
    Ok((x, y))
}

/// A heat map: the rows of a table as tiles.
fn map<'a>(
    title: &str,
    layer: &Layer,
    subject: &Subject<'a>,
    own: Option<&'a Artifact>,
    facet: Option<(&str, &Cell)>,
    selected: Option<Selected>,
) -> Result<Option<Map>, ReportError> {
    let (Some(x), Some(y), Some(value)) = (&layer.x, &layer.y, &layer.value) else {
        return Ok(None);
    };
    let Some(found) = subject.table(&layer.table, own)? else { return Ok(None) };
    let layer = narrowed(layer, &found, facet.map(|(name, _)| name), selected);
    let shown = lines::rows(&layer, &found.columns, facet)?;
    let columns = &found.columns;
    let (mut across, mut up) =
        (columns.distinct(&x.column, &shown)?, columns.distinct(&y.column, &shown)?);
    if across.is_empty() || up.is_empty() {
        return Ok(None);
    }
    across.truncate(MOST_TILES);
    up.truncate(MOST_TILES);
    let places = |cells: &[Cell]| -> HashMap<String, usize> {
        cells.iter().enumerate().map(|(place, cell)| (cell.key(), place)).collect()
    };
    let (columns_of, rows_of) = (places(&across), places(&up));
    let mut values = vec![vec![f64::NAN; across.len()]; up.len()];
    let mut parts: Vec<Vec<Option<Cell>>> = vec![vec![None; across.len()]; up.len()];
    let numbers = columns.numbers(&value.column)?;
    for (row, _) in shown.iter().enumerate().filter(|(_, shown)| **shown == Shown::Yes) {
        let (at, above) = (columns.cell(&x.column, row)?, columns.cell(&y.column, row)?);
        let (column, line) = (columns_of.get(&at.key()), rows_of.get(&above.key()));
        if let (Some(&column), Some(&line)) = (column, line) {
            values[line][column] = value.value(numbers[row]);
            if let Some(borders) = &layer.borders {
                parts[line][column] = Some(columns.cell(borders, row)?);
            }
        }
    }
    let known = || values.iter().flatten().copied().filter(|value| value.is_finite());
    let (low, high) = (known().fold(f64::MAX, f64::min), known().fold(f64::MIN, f64::max));
    if low > high {
        return Ok(None);
    }
    // Shares are shown from 0 to 1; sums in f32 leave them by a little.
    let range = if low >= -1e-3 && high <= 1.001 && high > 0.2 { (0.0, 1.0) } else { (low, high) };
    let shown = |cells: Vec<Cell>| cells.iter().map(Cell::shown).collect();
    Ok(Some(Map {
        title: title.to_owned(),
        x: (x.label().to_owned(), shown(across)),
        y: (y.label().to_owned(), shown(up)),
        values,
        meaning: value.label().to_owned(),
        range,
        borders: borders(&parts),
    }))
}

/// The sides at which tiles of different `parts` meet, rows from below; a tile that is not known has none.
fn borders(parts: &[Vec<Option<Cell>>]) -> Vec<[(usize, usize); 2]> {
    let at = |row: usize, column: usize| parts.get(row)?.get(column)?.as_ref();
    let differ = |a: Option<&Cell>, b: Option<&Cell>| a.zip(b).is_some_and(|(a, b)| a != b);
    let mut found = Vec::new();
    for (row, cells) in parts.iter().enumerate() {
        for column in 0..cells.len() {
            if differ(at(row, column), at(row, column + 1)) {
                found.push([(column + 1, row), (column + 1, row + 1)]);
            }
            if differ(at(row, column), at(row + 1, column)) {
                found.push([(column, row + 1), (column + 1, row + 1)]);
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_part_tiles_that_differ() {
        let row = |cells: [Option<f64>; 3]| cells.map(|cell| cell.map(Cell::Number)).to_vec();
        // Rows from below: 0 0 1, and 0 1 unknown above.
        let parts = [row([Some(0.0), Some(0.0), Some(1.0)]), row([Some(0.0), Some(1.0), None])];
        assert_eq!(borders(&parts), [[(2, 0), (2, 1)], [(1, 1), (2, 1)], [(1, 1), (1, 2)]],);
        assert!(borders(&[]).is_empty());
    }
}

/// What a panel of a figure over a sweep shows: one line of each variant.
#[derive(Debug)]
pub struct OverSweep {
    /// What tells it from the other panels of its figure; the same for every variant.
    pub key: String,
    /// A few words above the panel.
    pub title: String,
    /// Its axes; without the first where the sweep's own axis is meant.
    pub axes: (Option<Axis>, Axis),
    /// The variant's line; where the sweep's axis is meant, its last point.
    pub line: Points,
    /// How the line is drawn.
    pub stroke: Stroke,
    /// A bound on the line.
    pub bound: Option<Points>,
}

/// The lines of one variant for a figure over a sweep, by panel; the same panels for every variant, as far as
/// they have rows.
///
/// # Errors
/// Where a table cannot be read.
pub fn over_sweep<'a>(
    figure: &Figure,
    subject: &Subject<'a>,
    own: Option<&'a Artifact>,
    selected: Option<Selected>,
) -> Result<Vec<OverSweep>, ReportError> {
    let mut found: Vec<OverSweep> = Vec::new();
    for (panel, declared) in figure.panels.iter().enumerate() {
        for (title, facet) in facets(declared, subject, own, selected)? {
            let begin = found.len();
            let at = facet.as_ref().map(Cell::key).unwrap_or_default();
            let facet = declared.facets.as_deref().zip(facet.as_ref());
            let own_lines = declared.layers.iter().filter(|layer| !layer.bound).count();
            for (number, layer) in declared.layers.iter().enumerate() {
                let Some(table) = subject.table(&layer.table, own)? else { continue };
                let layer = narrowed(layer, &table, declared.facets.as_deref(), selected);
                let Some(y) = layer.y.as_ref().filter(|_| layer.can_be_compared()) else {
                    continue;
                };
                let drawn = lines::lines(&layer, &table.columns, facet)?;
                if layer.bound {
                    let bound = drawn.into_iter().next().map(|line| line.points);
                    for line in found[begin..].iter_mut().filter(|line| line.bound.is_none()) {
                        line.bound.clone_from(&bound);
                    }
                    continue;
                }
                let names: Vec<String> = if own_lines > 1 || layer.series.is_some() {
                    lines::names(&layer, &drawn)
                } else {
                    drawn.iter().map(|_| String::new()).collect()
                };
                for (line, name) in drawn.into_iter().zip(names) {
                    let title = match (title.as_str(), name.as_str()) {
                        (title, "") => title.to_owned(),
                        ("", name) => name.to_owned(),
                        (title, name) => format!("{title}, {name}"),
                    };
                    let axes = (layer.x.as_ref().map(lines::axis), lines::axis(y));
                    let key = line.key.as_ref().map(Cell::key).unwrap_or_default();
                    found.push(OverSweep {
                        key: format!("{panel} {at} {number} {key}"),
                        title,
                        axes,
                        line: line.points,
                        stroke: lines::stroke(&layer),
                        bound: None,
                    });
                }
            }
        }
    }
    Ok(found)
}
