//! The target, the samples and the learned function: the figure of every training run whose inputs have
//! one or two dimensions.

use artifact::Kind;
use artifact::tables::Split;
use artifact::tables::training::OUTPUTS;
use study::number::{grouped, measured};

use super::canvas::{Canvas, film_row, line, where_drawn};
use super::functions::Style;
use super::picture::ColourMap;
use super::samples::Outputs;
use super::subject::Subject;
use crate::drawing::{
    Arrangement, Axis, Colour, Content, Drawing, Panel, Picture, PictureRow, Pictures, Series,
    Shades, Source, Stroke,
};
use crate::error::ReportError;

/// Outputs of which target and learned function are drawn, from the first on.
const SHOWN_OUTPUTS: usize = 3;
/// Checkpoints at most.
const MOST_FRAMES: usize = 60;

/// What a network was to learn, and what it has at each checkpoint.
pub struct Learned {
    split: Split,
    points: Vec<Vec<f32>>,
    /// For each of the first outputs one number a point.
    target: Vec<Vec<f32>>,
    /// Training inputs and their target, of the first output.
    samples: Vec<(Vec<f32>, f32)>,
    /// Step, and for each of the first outputs one number a point.
    frames: Vec<(u64, Vec<Vec<f32>>)>,
}

impl Learned {
    /// Reads it; `None` where the inputs have more than two dimensions, or dataset or training run is not
    /// among the inputs.
    ///
    /// # Errors
    /// Where a table cannot be read, or outputs do not fit the samples.
    pub fn read(subject: &Subject) -> Result<Option<Self>, ReportError> {
        let mut artifacts = subject.variant.artifacts.iter();
        let training = artifacts.find(|artifact| {
            artifact.manifest.kind == Kind::TRAINING && artifact.table(OUTPUTS.name).is_some()
        });
        let (Some(samples), Some(training)) = (subject.samples()?, training) else {
            return Ok(None);
        };
        if !(1..=2).contains(&samples.input_dim()) {
            return Ok(None);
        }
        let split = if samples.test_is_finer() { Split::Test } else { Split::Train };
        let (points, targets) = samples.of(split);
        let (train_x, train_y) = samples.of(Split::Train);
        let outputs = targets.first().map_or(0, Vec::len).min(SHOWN_OUTPUTS);
        let known = training.manifest.outline.checkpoints.clone().unwrap_or_default();
        let steps = chosen(&known);
        let rows = Outputs::read(&training.directory, &steps, split)?;
        let mut frames = Vec::new();
        for step in steps {
            frames.push((step, by_output(&rows.at(step, points.len())?, outputs)?));
        }
        let first = |y: &Vec<f32>| y.first().copied().unwrap_or(0.0);
        Ok(Some(Self {
            split,
            target: by_output(&targets, outputs)?,
            points,
            samples: train_x.into_iter().zip(train_y.iter().map(first)).collect(),
            frames,
        }))
    }

    /// A picture of the learned function of the first output at the last checkpoint; `None` for one
    /// variable.
    ///
    /// # Errors
    /// Where it cannot be encoded.
    pub fn picture(
        &self,
        name: String,
        label: String,
        width: u32,
    ) -> Result<Option<Picture>, ReportError> {
        let (Some((_, learned)), Some(target)) = (self.frames.last(), self.target.first()) else {
            return Ok(None);
        };
        if self.points.first().map_or(0, Vec::len) != 2 {
            return Ok(None);
        }
        let (Some(canvas), Some(values)) = (Canvas::new(&self.points, width, 1), learned.first())
        else {
            return Ok(None);
        };
        canvas.picture(name, label, values, ColourMap::grey(target)).map(Some)
    }

    /// The figure.
    ///
    /// # Errors
    /// Where a picture cannot be encoded.
    pub fn drawing(&self, style: Style) -> Result<Option<Drawing>, ReportError> {
        let Some((step, _)) = self.frames.last() else { return Ok(None) };
        let dimensions = self.points.first().map_or(0, Vec::len);
        let content = if dimensions == 2 { self.pictures(style)? } else { self.lines() };
        let error = if dimensions == 2 {
            " Target and learned function share one grey scale; in the error blue is too low, orange too high."
        } else {
            ""
        };
        let place = where_drawn(self.split, dimensions, self.points.len());
        let source = |table: &str, columns: &str| Source {
            table: table.to_owned(),
            is_gathered: false,
            columns: columns.to_owned(),
        };
        Ok(content.map(|content| Drawing {
            name: "function".to_owned(),
            title: "The target and what was learned".to_owned(),
            caption: format!(
                "The target, and the network's output at step {}.{error} {place}",
                grouped(*step)
            ),
            citation: String::new(),
            sources: vec![
                source("samples", "split, sample, x, y"),
                source("outputs", "step, split, sample, output"),
            ],
            headline: true,
            content,
        }))
    }

    /// One row of pictures for each output: samples, target, learned function, error.
    fn pictures(&self, style: Style) -> Result<Option<Content>, ReportError> {
        let films = style.films * self.frames.len();
        let Some(canvas) = Canvas::new(&self.points, style.width, films) else { return Ok(None) };
        let Some((step, last)) = self.frames.last() else { return Ok(None) };
        let several = self.target.len() > 1;
        let (mut rows, mut films) = (Vec::new(), Vec::new());
        let steps: Vec<u64> = self.frames.iter().map(|(step, _)| *step).collect();
        for (output, (target, learned)) in self.target.iter().zip(last).enumerate() {
            let error = difference(learned, target);
            let shades = ColourMap::grey(target);
            let name = |what: &str| {
                if several { format!("{what}-output-{output}") } else { what.to_owned() }
            };
            let title = if several { format!("output {output}") } else { String::new() };
            let mut row = Vec::new();
            if output == 0 {
                row.push(canvas.dots(&self.samples, shades)?);
            }
            row.push(canvas.picture(name("target"), "the target".to_owned(), target, shades)?);
            let label = format!("learned, step {}", grouped(*step));
            let moves = steps.len() > 1;
            let learned = canvas.picture(name("learned"), label, learned, shades)?;
            row.push(Picture { moves, ..learned });
            let signs = ColourMap::diverging(&error);
            let error = canvas.picture(name("error"), error_label(signs), &error, signs)?;
            row.push(Picture { moves, ..error });
            rows.push(PictureRow { title: title.clone(), pictures: row });
            let of = |(_, learned): &(u64, Vec<Vec<f32>>)| learned[output].clone();
            let moving = self.frames.iter().map(|frame| (of(frame), shades, "learned".to_owned()));
            let errors = self.frames.iter().map(|frame| {
                let error = difference(&of(frame), target);
                let signs = ColourMap::diverging(&error);
                (error, signs, error_label(signs))
            });
            let row = vec![
                canvas.film(Shades::Grey, moving.collect()),
                canvas.film(Shades::Diverging, errors.collect()),
            ];
            films.extend(film_row(&title, &steps, row));
        }
        Ok(Some(Content::Pictures(Pictures { rows, films, columns: 4, large: false })))
    }

    /// Target, samples and learned function of one variable.
    fn lines(&self) -> Option<Content> {
        let (_, last) = self.frames.last()?;
        let several = self.target.len() > 1;
        let panels = self.target.iter().zip(last).enumerate().map(|(output, (target, learned))| {
            let title = if several { format!("output {output}") } else { String::new() };
            let samples = self.samples.iter().map(|(x, y)| (f64::from(x[0]), f64::from(*y)));
            let mut samples: Vec<(f64, f64)> = samples.collect();
            samples.sort_by(|a, b| a.0.total_cmp(&b.0));
            let mut series = vec![
                Series::new("target", Colour::Grey, line(&self.points, target)),
                Series::new("learned", Colour::Blue, line(&self.points, learned)),
            ];
            if output == 0 {
                let samples = Series::new("samples", Colour::Orange, samples);
                series.push(samples.stroke(Stroke::Marks));
            }
            if self.frames.len() > 1 {
                let film = self.frames.iter();
                let film = film.map(|(step, all)| (*step, line(&self.points, &all[output])));
                series.push(Series::film(film.collect()));
            }
            Panel::new(title, Axis::linear("x"), Axis::linear("f(x)"), series)
        });
        Content::plot(Arrangement::Columns, panels)
    }
}

/// The checkpoints that are drawn: every one, or as many as there may be, evenly chosen; one that follows
/// another after a single update is left out.
fn chosen(steps: &[u64]) -> Vec<u64> {
    let last = steps.last().copied();
    let is_own = |step: &u64| Some(*step) == last || *step == 0 || !steps.contains(&(step - 1));
    let own: Vec<u64> = steps.iter().copied().filter(is_own).collect();
    if own.len() <= MOST_FRAMES {
        return own;
    }
    (0..MOST_FRAMES).map(|i| own[i * (own.len() - 1) / (MOST_FRAMES - 1)]).collect()
}

/// Vectors of one sample each, turned into one vector for each of the first `outputs` outputs.
fn by_output<S: AsRef<[f32]>>(samples: &[S], outputs: usize) -> Result<Vec<Vec<f32>>, ReportError> {
    (0..outputs)
        .map(|output| samples.iter().map(|sample| sample.as_ref().get(output).copied()).collect())
        .collect::<Option<_>>()
        .ok_or_else(|| ReportError::Mismatch {
            problem: "samples and outputs have different numbers of outputs".to_owned(),
        })
}

fn difference(learned: &[f32], target: &[f32]) -> Vec<f32> {
    learned.iter().zip(target).map(|(f, y)| f - y).collect()
}

fn error_label(signs: ColourMap) -> String {
    match signs {
        ColourMap::Diverging(bound) => format!("error, ±{}", measured(f64::from(bound))),
        ColourMap::Grey(..) => "error".to_owned(),
    }
}
