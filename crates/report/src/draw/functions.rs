//! Functions over the inputs along the optimization: pictures, lines, or the samples that carry them.

use std::collections::HashMap;
use std::rc::Rc;

use artifact::tables::Split;
use artifact::{read_vectors, table_file};
use study::number::grouped;
use study::{Colours, Figure, Function, placeholders};

use super::canvas::{Canvas, film_row, line, where_drawn};
use super::gallery;
use super::label;
use super::picture::ColourMap;
use super::subject::{Found, Subject};
use crate::drawing::{
    Arrangement, Axis, Colour, Content, Film, Panel, Picture, PictureRow, Pictures, Series, Shades,
    Stroke,
};
use crate::error::ReportError;
use crate::inputs::Artifact;
use crate::table::{Cell, Columns, Shown};

/// Checkpoints at most at which functions are drawn: a slider has no finer steps.
const MOST_FRAMES: usize = 60;
/// Functions of one checkpoint at most.
const MOST_COLUMNS: usize = 12;

/// How pictures are made.
#[derive(Clone, Copy, Debug)]
pub struct Style {
    /// Width of a picture in pixels.
    pub width: u32,
    /// How many films the page has in all, of as many checkpoints as this run.
    pub films: usize,
    /// How many variants and selections the page shows in detail.
    pub details: usize,
}

/// One function of one checkpoint.
#[derive(Clone, Debug)]
pub struct Known {
    /// What tells it apart from others of the checkpoint.
    pub column: f64,
    /// One number a sample.
    pub values: Vec<f32>,
    /// What stands below it.
    pub label: String,
}

/// The functions of one checkpoint, in order.
#[derive(Clone, Debug)]
pub struct Frame {
    /// The checkpoint.
    pub step: u64,
    /// Its functions.
    pub functions: Vec<Known>,
}

/// Functions of a variant at the samples of one split, along the optimization.
#[derive(Debug)]
pub struct Course {
    /// Split of the samples.
    pub split: Split,
    /// The inputs, d numbers each.
    pub points: Vec<Vec<f32>>,
    /// The checkpoints, by rising step.
    pub frames: Vec<Frame>,
}

/// What a figure of functions shows of a variant; `None` where its inputs have other dimensions than one
/// or two and are no images, or there is nothing to draw.
///
/// # Errors
/// Where a table cannot be read or does not fit the samples.
pub fn content<'a>(
    figure: &Figure,
    subject: &Subject<'a>,
    own: Option<&'a Artifact>,
    style: Style,
) -> Result<Option<(Content, String)>, ReportError> {
    let Some(function) = &figure.function else { return Ok(None) };
    let Some(known) = frames(function, subject, own)? else { return Ok(None) };
    let dimensions = known.points.first().map_or(0, Vec::len);
    let place = where_drawn(known.split, dimensions, known.points.len());
    let standing = standing(function, &known);
    let content = match dimensions {
        1 => lines(function, &known, &standing),
        2 => pictures(&figure.name, function, &known, &standing, style)?,
        _ => return gallery::content(&figure.name, &known, subject.samples()?, style),
    };
    let colours = match (dimensions, function.colours) {
        (2, Colours::Diverging) => {
            " Blue is negative, white zero, orange positive; each picture has its own range, ignoring the outermost 1 %."
        }
        _ => "",
    };
    let sign = if function.free_sign { " The sign of a function is arbitrary." } else { "" };
    let nystrom = match known.split {
        Split::Test if function.free_sign => " On test samples they are the Nyström extension.",
        _ => "",
    };
    Ok(content.map(|content| (content, format!("{colours}{sign}{nystrom} {place}"))))
}

/// The functions of a variant; `None` without samples or without rows.
///
/// # Errors
/// Where a table cannot be read or does not fit the samples.
pub fn frames<'a>(
    function: &Function,
    subject: &Subject<'a>,
    own: Option<&'a Artifact>,
) -> Result<Option<Course>, ReportError> {
    let (Some(samples), Some(found)) = (subject.samples()?, subject.table(&function.table, own)?)
    else {
        return Ok(None);
    };
    let columns = &found.columns;
    let mut rows = function.rows.clone();
    if found.table.columns.iter().any(|column| column.name == "output") {
        // Of several outputs the first.
        rows.entry("output".to_owned()).or_insert(study::Condition::Is(0.into()));
    }
    let shown = with_outputs(&found, &rows)?;
    let has_split = found.table.columns.iter().any(|column| column.name == "split");
    let of_split = |split: Split| {
        let name = Cell::Text(split.name().to_owned());
        let is_of =
            |row: &usize| !has_split || columns.cell("split", *row).is_ok_and(|cell| cell == name);
        (0..columns.rows())
            .filter(|&row| shown[row] == Shown::Yes)
            .filter(is_of)
            .collect::<Vec<usize>>()
    };
    let test = of_split(Split::Test);
    let is_test =
        has_split && !test.is_empty() && samples.test_is_finer() && samples.input_dim() <= 2;
    let (split, rows) =
        if is_test { (Split::Test, test) } else { (Split::Train, of_split(Split::Train)) };
    let (mut points, _) = samples.of(split);
    if let (Split::Train, Some(kept)) = (split, found.artifact.manifest.outline.train_samples) {
        // A kernel may be of the first training samples alone.
        points.truncate(kept as usize);
    }
    let steps = columns.numbers("step")?;
    let own_order = columns.numbers(&function.columns)?;
    let known: Vec<usize> = rows.into_iter().filter(|&row| steps[row] >= 0.0).collect();
    let mut kept = chosen(known.iter().map(|&row| steps[row]));
    if samples.input_dim() > 2 {
        // A gallery is of the last checkpoint.
        kept.drain(..kept.len().saturating_sub(1));
    }
    let mut columns_of: Vec<f64> = known.iter().map(|&row| own_order[row]).collect();
    columns_of.retain(|column| !column.is_nan());
    columns_of.sort_by(f64::total_cmp);
    columns_of.dedup();
    columns_of.truncate(MOST_COLUMNS);
    let is_kept = |&row: &usize| {
        kept.contains(&steps[row].to_bits())
            && columns_of.iter().any(|column| column.total_cmp(&own_order[row]).is_eq())
    };
    let rows: Vec<usize> = known.into_iter().filter(is_kept).collect();
    let path = table_file(&found.artifact.directory, found.table, None);
    let vectors =
        read_vectors(&path, found.table, &function.values, |row| rows.binary_search(&row).is_ok())?;
    let joined: Vec<(Joined, &study::Join)> = function
        .join
        .iter()
        .map(|join| Ok((Joined::of(subject, own, join)?, join)))
        .collect::<Result<_, ReportError>>()?;
    let mut frames: Vec<Frame> = Vec::new();
    for (row, vector) in vectors {
        #[expect(clippy::cast_sign_loss, reason = "a step is not negative")]
        let step = steps[row] as u64;
        let values = of_first_output(vector, points.len())?;
        let label = labels(function, columns, row, &joined, &values, samples);
        let known = Known { column: own_order[row], values, label };
        match frames.iter_mut().find(|frame| frame.step == step) {
            Some(frame) => frame.functions.push(known),
            None => frames.push(Frame { step, functions: vec![known] }),
        }
    }
    frames.sort_by_key(|frame| frame.step);
    for frame in &mut frames {
        frame.functions.sort_by(|a, b| a.column.total_cmp(&b.column));
    }
    if function.free_sign {
        align_signs(&mut frames);
    }
    Ok((!frames.is_empty()).then_some(Course { split, points, frames }))
}

fn with_outputs(
    found: &Found,
    rows: &std::collections::BTreeMap<String, study::Condition>,
) -> Result<Vec<Shown>, ReportError> {
    let mut known = rows.clone();
    known.retain(|name, _| found.columns.has(name));
    found.columns.shown(&known)
}

/// The steps that are drawn, as bits: every one, or as many as there may be, evenly chosen; one that
/// follows another after a single update is left out.
fn chosen(steps: impl Iterator<Item = f64>) -> Vec<u64> {
    let mut all: Vec<f64> = steps.collect();
    all.sort_by(f64::total_cmp);
    all.dedup();
    let last = all.last().copied();
    let follows = |step: f64| all.binary_search_by(|known| known.total_cmp(&(step - 1.0))).is_ok();
    let own: Vec<f64> = all
        .iter()
        .copied()
        .filter(|&step| Some(step) == last || step == 0.0 || !follows(step))
        .collect();
    let kept: Vec<f64> = if own.len() <= MOST_FRAMES {
        own
    } else {
        (0..MOST_FRAMES).map(|i| own[i * (own.len() - 1) / (MOST_FRAMES - 1)]).collect()
    };
    kept.into_iter().map(f64::to_bits).collect()
}

/// Another table that labels need, narrowed to its rows.
struct Joined {
    /// Its columns, and the row of each key.
    columns: Option<(Rc<Columns>, HashMap<String, usize>)>,
}

impl Joined {
    fn of<'a>(
        subject: &Subject<'a>,
        own: Option<&'a Artifact>,
        join: &study::Join,
    ) -> Result<Self, ReportError> {
        let Some(found) = subject.table(&join.table, own)? else {
            return Ok(Self { columns: None });
        };
        let shown = found.columns.shown(&join.rows)?;
        let mut rows = HashMap::new();
        for (row, _) in shown.iter().enumerate().filter(|(_, shown)| **shown == Shown::Yes) {
            if let Some(key) = key(&found.columns, join.on.values(), row) {
                rows.entry(key).or_insert(row);
            }
        }
        Ok(Self { columns: Some((found.columns, rows)) })
    }

    /// The cell `name` of the row that belongs to `row` of `first`.
    fn cell(&self, name: &str, first: &Columns, row: usize, join: &study::Join) -> Option<Cell> {
        let (columns, rows) = self.columns.as_ref()?;
        let other = rows.get(&key(first, join.on.keys(), row)?)?;
        columns.cell(name, *other).ok()
    }
}

/// The cells of some columns of a row as one text; `None` where a column was not read.
fn key<'n>(
    columns: &Columns,
    names: impl Iterator<Item = &'n String>,
    row: usize,
) -> Option<String> {
    let mut key = String::new();
    for name in names {
        key.push_str(&columns.cell(name, row).ok()?.key());
        key.push('\u{1f}');
    }
    Some(key)
}

/// What stands below a function.
fn labels(
    function: &Function,
    columns: &Columns,
    row: usize,
    joined: &[(Joined, &study::Join)],
    values: &[f32],
    samples: &super::samples::Samples,
) -> String {
    let mut lines = Vec::new();
    'lines: for written in &function.labels {
        let mut text = written.clone();
        for name in placeholders(written).map(|(name, _)| name.to_owned()).collect::<Vec<_>>() {
            if name == "largest" {
                let largest = values.iter().copied().fold(f32::MIN, f32::max);
                text = label::filled(&text, &name, &Cell::Number(f64::from(largest)));
                continue;
            }
            let cell =
                columns.cell(&name, row).ok().filter(|cell| *cell != Cell::Null).or_else(|| {
                    joined.iter().find_map(|(other, join)| {
                        other.cell(&name, columns, row, join).filter(|cell| *cell != Cell::Null)
                    })
                });
            let Some(cell) = cell else { continue 'lines };
            if let Cell::Number(number) = cell {
                #[expect(clippy::cast_sign_loss, reason = "an index is not negative")]
                let place = samples.place(number as usize);
                text = text.replace(&format!("{{{name}:x}}"), &place);
            }
            text = label::filled(&text, &name, &cell);
        }
        lines.push(text);
    }
    lines.join("\n")
}

/// The entries of a vector over kernel rows that belong to the first output.
///
/// Where a sample has several rows, they lie beside each other.
fn of_first_output(vector: Vec<f32>, points: usize) -> Result<Vec<f32>, ReportError> {
    let outputs = vector.len().checked_div(points).unwrap_or(0);
    if outputs == 0 || outputs * points != vector.len() {
        return Err(ReportError::Mismatch {
            problem: format!(
                "a function has {} values, which is not a multiple of the {points} samples",
                vector.len()
            ),
        });
    }
    Ok(if outputs == 1 { vector } else { vector.into_iter().step_by(outputs).collect() })
}

/// Turns signs so that each function has a positive product with the one of its column before.
fn align_signs(frames: &mut [Frame]) {
    for later in 1..frames.len() {
        let (before, rest) = frames.split_at_mut(later);
        let (before, now) = (&before[later - 1], &mut rest[0]);
        for known in &mut now.functions {
            let other =
                before.functions.iter().find(|other| other.column.total_cmp(&known.column).is_eq());
            let Some(other) = other else { continue };
            let pairs = known.values.iter().zip(&other.values);
            let product: f64 = pairs.map(|(&a, &b)| f64::from(a) * f64::from(b)).sum();
            if product < 0.0 {
                known.values.iter_mut().for_each(|value| *value = -*value);
            }
        }
    }
}

/// The checkpoints that stand on the page: those nearest to the ones asked for, else the first and the last.
fn standing<'f>(function: &Function, known: &'f Course) -> Vec<&'f Frame> {
    let frames = &known.frames;
    let nearest = |step: &u64| frames.iter().min_by_key(|frame| frame.step.abs_diff(*step));
    let mut chosen: Vec<&Frame> = if function.steps.is_empty() {
        frames.first().into_iter().chain(frames.last()).collect()
    } else {
        function.steps.iter().filter_map(nearest).collect()
    };
    chosen.dedup_by_key(|frame| frame.step);
    chosen
}

/// How the values of a function become colours.
#[must_use]
pub fn colours(colours: Colours, values: &[f32]) -> (Shades, ColourMap) {
    match colours {
        Colours::Diverging => (Shades::Diverging, ColourMap::diverging(values)),
        Colours::Grey => (Shades::Grey, ColourMap::grey(values)),
    }
}

/// One row of pictures for each checkpoint that stands, and one for the slider.
fn pictures(
    name: &str,
    function: &Function,
    known: &Course,
    standing: &[&Frame],
    style: Style,
) -> Result<Option<Content>, ReportError> {
    let films = style.films * known.frames.len();
    let Some(canvas) = Canvas::new(&known.points, style.width, films) else { return Ok(None) };
    let mut rows = Vec::new();
    for frame in standing {
        let mut row: Vec<Picture> = Vec::new();
        for it in &frame.functions {
            let file = format!("{name}-{:02}-step-{:010}", it.column, frame.step);
            let (_, map) = colours(function.colours, &it.values);
            row.push(canvas.picture(file, it.label.clone(), &it.values, map)?);
        }
        rows.push(PictureRow { title: format!("step {}", grouped(frame.step)), pictures: row });
    }
    let Some(columns) = rows.iter().map(|row| row.pictures.len()).min() else { return Ok(None) };
    let steps: Vec<u64> = known.frames.iter().map(|frame| frame.step).collect();
    let films = (0..columns).map(|place| film(&canvas, function, known, place)).collect();
    Ok(Some(Content::Pictures(Pictures {
        rows,
        films: film_row("", &steps, films).into_iter().collect(),
        columns: columns.clamp(1, 6),
        large: false,
    })))
}

/// The function that is at `place` of the last checkpoint, along the optimization.
#[must_use]
pub fn film(canvas: &Canvas, function: &Function, known: &Course, place: usize) -> Film {
    let last = known.frames.last().and_then(|frame| frame.functions.get(place));
    let frames = known.frames.iter().filter_map(|frame| {
        let same = |it: &&Known| last.is_some_and(|last| last.column.total_cmp(&it.column).is_eq());
        let it = frame.functions.iter().find(same)?;
        let (_, map) = colours(function.colours, &it.values);
        Some((it.values.clone(), map, it.label.clone()))
    });
    let shades = match function.colours {
        Colours::Diverging => Shades::Diverging,
        Colours::Grey => Shades::Grey,
    };
    canvas.film(shades, frames.collect())
}

/// Functions of one variable, a panel for each checkpoint that stands and one for the slider.
fn lines(function: &Function, known: &Course, standing: &[&Frame]) -> Option<Content> {
    let points = &known.points;
    let named = |place: usize, it: &Known, points| {
        // The colours come round after six lines; then dashes tell them apart.
        let stroke = if place < Colour::ORDER.len() { Stroke::Solid } else { Stroke::Dashed };
        let name = it.label.lines().next().map_or_else(
            || format!("{} {}", function.columns, it.column),
            // Without the value, which differs from checkpoint to checkpoint.
            |line| line.split(" = ").next().unwrap_or(line).replace('λ', "υ"),
        );
        Series::new(name, Colour::of(place), points).stroke(stroke)
    };
    let panel = |title, series| {
        Panel::new(title, Axis::linear("x"), Axis::linear(function.values.as_str()), series)
    };
    let mut panels: Vec<Option<Panel>> = standing
        .iter()
        .map(|frame| {
            let all = frame.functions.iter().enumerate();
            let series = all.map(|(place, it)| named(place, it, line(points, &it.values)));
            panel(format!("step {}", grouped(frame.step)), series.collect())
        })
        .collect();
    if let [_, .., last] = &known.frames[..] {
        let moving = last.functions.iter().enumerate().map(|(place, it)| {
            let film = known.frames.iter().filter_map(|frame| {
                let it = frame.functions.get(place)?;
                Some((frame.step, line(points, &it.values)))
            });
            named(place, it, line(points, &it.values)).following(film.collect())
        });
        panels.push(panel("at the slider".to_owned(), moving.collect()));
    }
    Content::plot(Arrangement::Columns, panels)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_of_the_first_output_are_every_oth_one() {
        assert_eq!(of_first_output(vec![1.0, 2.0, 3.0, 4.0], 2).unwrap(), [1.0, 3.0]);
        assert_eq!(of_first_output(vec![1.0, 2.0], 2).unwrap(), [1.0, 2.0]);
        assert!(of_first_output(vec![1.0, 2.0, 3.0], 2).is_err());
        assert!(of_first_output(vec![1.0], 0).is_err());
    }

    #[test]
    fn a_turned_sign_is_turned_back() {
        let frame = |step, values: [f32; 2]| Frame {
            step,
            functions: vec![Known { column: 1.0, values: values.to_vec(), label: String::new() }],
        };
        let mut frames = [frame(0, [1.0, 0.0]), frame(1, [-1.0, 0.5]), frame(2, [-2.0, 0.0])];
        align_signs(&mut frames);
        assert_eq!(frames[1].functions[0].values, [1.0, -0.5]);
        assert_eq!(frames[2].functions[0].values, [2.0, 0.0]);
    }

    #[test]
    fn a_slider_has_few_steps_and_none_for_a_single_update() {
        let steps = |all: &[f64]| -> Vec<f64> {
            chosen(all.iter().copied()).into_iter().map(f64::from_bits).collect()
        };
        assert_eq!(steps(&[0.0, 10.0, 11.0, 20.0, 21.0]), [0.0, 10.0, 20.0, 21.0]);
        let many: Vec<f64> = (0..500).map(|i| 10.0 * f64::from(i)).collect();
        assert_eq!(steps(&many).len(), 60);
    }
}
