//! Samples that a table tells of, as rows of pictures.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use artifact::Kind;
use artifact::tables::Split;
use study::{Condition, Figure, First, Gallery, Strip};

use super::functions::Style;
use super::images::ImageShape;
use super::label;
use super::picture::ColourMap;
use super::samples::Samples;
use super::subject::{Found, Subject};
use crate::drawing::{Content, PictureRow, Pictures};
use crate::error::ReportError;
use crate::inputs::Artifact;
use crate::table::{Cell, Shown};

/// Rows of pictures at most, where each value of a column has one.
const MOST_ROWS: usize = 12;
/// Pictures of a row at most.
const MOST_PICTURES: usize = 24;

/// One picture of a row: a sample, and what stands below it.
struct Shot {
    split: Split,
    sample: usize,
    label: String,
}

/// What a gallery shows of a variant; `None` where inputs are no images, their dataset is not wired, or no
/// row of the table is shown.
///
/// # Errors
/// Where a table cannot be read, or names a sample that the dataset does not have.
pub fn content<'a>(
    figure: &Figure,
    subject: &Subject<'a>,
    own: Option<&'a Artifact>,
    style: Style,
) -> Result<Option<Content>, ReportError> {
    let Some(gallery) = &figure.gallery else { return Ok(None) };
    let Some(found) = subject.table(&gallery.table, own)? else { return Ok(None) };
    let Some(samples) = samples_of(subject, found.artifact)? else { return Ok(None) };
    let Some(shape) = samples.image_shape()? else { return Ok(None) };
    let mut rows: Vec<(String, Vec<Shot>)> = Vec::new();
    for strip in &gallery.strips {
        rows.extend(strip_rows(gallery, strip, &found)?);
    }
    rows.retain(|(_, shots)| !shots.is_empty());
    rows.truncate(MOST_ROWS);
    let Some(columns) = rows.iter().map(|(_, shots)| shots.len()).max() else { return Ok(None) };
    let pictures = pictures(&figure.name, rows, (&samples, shape), style.width)?;
    Ok(Some(Content::Pictures(Pictures {
        rows: pictures,
        films: Vec::new(),
        columns,
        large: false,
    })))
}

/// The samples of the dataset that `artifact` was made from, where that is wired.
fn samples_of(subject: &Subject<'_>, artifact: &Artifact) -> Result<Option<Samples>, ReportError> {
    let mut datasets =
        subject.variant.artifacts.iter().filter(|it| it.manifest.kind == Kind::DATASET);
    let Some(dataset) = datasets.find(|it| artifact.is_made_from(&it.manifest.key)) else {
        return Ok(None);
    };
    let shape = dataset.manifest.outline.input_shape.clone();
    Samples::read(&dataset.directory, shape).map(Some)
}

/// The rows of pictures of a strip: one, or one for each value of a column.
fn strip_rows(
    gallery: &Gallery,
    strip: &Strip,
    found: &Found<'_>,
) -> Result<Vec<(String, Vec<Shot>)>, ReportError> {
    let Some(each) = &gallery.each else {
        return Ok(vec![(strip.title.clone(), shots(gallery, strip, &strip.rows, found)?)]);
    };
    let shown = found.columns.shown(&strip.rows)?;
    let mut rows = Vec::new();
    for value in found.columns.distinct(&each.column, &shown)?.into_iter().take(MOST_ROWS) {
        let Some(sample) = number(&value) else { continue };
        let mut conditions = strip.rows.clone();
        conditions.insert(each.column.clone(), Condition::Is(sample.into()));
        let mut row = vec![Shot { split: each.split, sample, label: String::new() }];
        row.extend(shots(gallery, strip, &conditions, found)?);
        rows.push((strip.title.clone(), row));
    }
    Ok(rows)
}

/// The pictures of the rows that meet `conditions`, in the order of `strip`.
fn shots(
    gallery: &Gallery,
    strip: &Strip,
    conditions: &BTreeMap<String, Condition>,
    found: &Found<'_>,
) -> Result<Vec<Shot>, ReportError> {
    let columns = &found.columns;
    let shown = columns.shown(conditions)?;
    let mut rows: Vec<(f64, usize)> = Vec::new();
    for row in (0..columns.rows()).filter(|&row| shown[row] == Shown::Yes) {
        rows.extend(as_f64(&columns.cell(&strip.by, row)?).map(|by| (by, row)));
    }
    let order = |a: &(f64, usize), b: &(f64, usize)| -> Ordering {
        let by = a.0.total_cmp(&b.0);
        if strip.first == First::Greatest { by.reverse() } else { by }
    };
    // Equal ones stay in the order of the table.
    rows.sort_by(order);
    rows.truncate(strip.count.min(MOST_PICTURES));
    let mut shots = Vec::new();
    for (_, row) in rows {
        let Some(sample) = number(&columns.cell(&gallery.sample, row)?) else { continue };
        let label = label::of_row(&gallery.labels, columns, row)?;
        shots.push(Shot { split: gallery.split, sample, label });
    }
    Ok(shots)
}

fn as_f64(cell: &Cell) -> Option<f64> {
    match *cell {
        Cell::Number(number) => Some(number),
        Cell::Flag(flag) => Some(f64::from(u8::from(flag))),
        Cell::Null | Cell::Text(_) => None,
    }
}

/// The number of a sample.
#[expect(clippy::cast_sign_loss, reason = "negative numbers are none of a sample")]
fn number(cell: &Cell) -> Option<usize> {
    as_f64(cell).filter(|number| *number >= 0.0).map(|number| number as usize)
}

/// Draws the rows; all images share one scale.
fn pictures(
    name: &str,
    rows: Vec<(String, Vec<Shot>)>,
    (samples, shape): (&Samples, ImageShape),
    width: u32,
) -> Result<Vec<PictureRow>, ReportError> {
    let input = |shot: &Shot| {
        samples.input(shot.split, shot.sample).ok_or_else(|| ReportError::Mismatch {
            problem: format!(
                "the figure `{name}` shows sample {} of the {} split, which the dataset does not have",
                shot.sample,
                shot.split.name()
            ),
        })
    };
    let mut all: Vec<f32> = Vec::new();
    for shot in rows.iter().flat_map(|(_, shots)| shots) {
        all.extend(input(shot)?);
    }
    let map = ColourMap::grey(&all);
    let mut drawn = Vec::new();
    for (number, (title, shots)) in rows.into_iter().enumerate() {
        let mut pictures = Vec::new();
        for (place, shot) in shots.iter().enumerate() {
            let class = samples.label(shot.split, shot.sample);
            let class = class.map(|class| format!("class {class}"));
            let below = Some(shot.label.clone()).filter(|label| !label.is_empty());
            let label = class.into_iter().chain(below).collect::<Vec<_>>().join("\n");
            let file = format!("{name}-{number:02}-{place:02}");
            pictures.push(shape.picture(file, label, input(shot)?, map, width)?);
        }
        drawn.push(PictureRow { title, pictures });
    }
    Ok(drawn)
}
