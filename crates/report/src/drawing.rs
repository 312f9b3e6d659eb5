//! A figure as it is drawn: `plotly` and `svg` are its two renderers. What it is made from, and how, is
//! said by a [`study::Figure`].

pub use crate::colour::Colour;
use crate::thinning;

/// Points of one line at most. Beyond, a screen shows no more of it and the page opens late.
const MOST_POINTS: usize = 600;
/// The same of a line that has other points at every checkpoint.
const MOST_FILM_POINTS: usize = 120;
/// Panels beside each other at most.
const MOST_COLUMNS: usize = 3;

/// One figure of the report.
#[derive(Clone, Debug)]
pub struct Drawing {
    /// File stem in `figures/`, and the figure's anchor on the page.
    pub name: String,
    /// A few words.
    pub title: String,
    /// What the figure shows, in sentences.
    pub caption: String,
    /// Where it was published: a sentence, or empty.
    pub citation: String,
    /// The tables it is drawn from.
    pub sources: Vec<Source>,
    /// Whether it is one of the few that stand first.
    pub headline: bool,
    /// What there is to draw.
    pub content: Content,
}

/// A table and those of its columns that a figure draws.
#[derive(Clone, Debug)]
pub struct Source {
    /// Name of the table.
    pub table: String,
    /// Whether the table lies beside the page; else in a folder of each variant.
    pub is_gathered: bool,
    /// Its columns.
    pub columns: String,
}

/// What there is to draw.
#[derive(Clone, Debug)]
pub enum Content {
    /// Lines in panels.
    Plot(Plot),
    /// Rows of pictures.
    Pictures(Pictures),
    /// Matrices as colours.
    Maps(Vec<Map>),
}

/// Rows of pictures, those of one checkpoint beside each other.
#[derive(Clone, Debug)]
pub struct Pictures {
    /// Rows that stand still, from top to bottom.
    pub rows: Vec<PictureRow>,
    /// Rows that follow the slider, above the others.
    pub films: Vec<FilmRow>,
    /// A fixed number of pictures beside each other.
    pub columns: usize,
    /// Whether they have much detail and are shown large.
    pub large: bool,
}

/// A row of pictures that follow the slider.
#[derive(Clone, Debug)]
pub struct FilmRow {
    /// A few words, before the step.
    pub title: String,
    /// The checkpoints, by rising step.
    pub steps: Vec<u64>,
    /// The films, from left to right.
    pub films: Vec<Film>,
}

/// One picture at every checkpoint.
#[derive(Clone, Debug)]
pub struct Film {
    /// For each checkpoint what stands under it.
    pub labels: Vec<String>,
    /// For each checkpoint one byte a pixel, row by row: a place in the colours.
    pub frames: Vec<Vec<u8>>,
    /// How bytes become colours.
    pub shades: Shades,
    /// Width and height in pixels.
    pub size: (u32, u32),
}

/// How the bytes of a film become colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shades {
    /// Black at 0 to white at 255.
    Grey,
    /// Blue at 0, white at 128, vermillion at 255.
    Diverging,
    /// Hues and lightnesses ([`crate::colour::hued_byte`]).
    Hues,
}

/// A matrix whose entries are shown by colours.
#[derive(Clone, Debug)]
pub struct Map {
    /// A few words above it.
    pub title: String,
    /// Quantity along the columns and what each column is.
    pub x: (String, Vec<String>),
    /// Quantity along the rows and what each row is, from below.
    pub y: (String, Vec<String>),
    /// The rows.
    pub values: Vec<Vec<f64>>,
    /// What the colours mean.
    pub meaning: String,
    /// The values at the ends of the colours.
    pub range: (f64, f64),
    /// Lines between tiles, from one corner to another, in columns and rows from the lower left.
    pub borders: Vec<[(usize, usize); 2]>,
}

/// Maps beside each other, at most.
const MAPS_OF_A_ROW: usize = 3;

/// Panels of lines.
#[derive(Clone, Debug)]
pub struct Plot {
    /// The panels, in reading order.
    pub panels: Vec<Panel>,
    /// How they lie.
    pub arrangement: Arrangement,
}

/// How the panels of a plot lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrangement {
    /// Beside each other, at most three in a row.
    Columns,
    /// On top of each other, for one x axis.
    Rows,
}

/// One pair of axes.
#[derive(Clone, Debug)]
pub struct Panel {
    /// A few words above it, empty where the figure's title is enough.
    pub title: String,
    /// Horizontal axis.
    pub x: Axis,
    /// Vertical axis.
    pub y: Axis,
    /// Lines, the first drawn lowest.
    pub series: Vec<Series>,
}

/// An axis.
#[derive(Clone, Debug)]
pub struct Axis {
    /// Quantity and unit.
    pub label: String,
    /// Whether it starts as logarithmic.
    pub log: bool,
    /// Whether the reader may switch between linear and logarithmic.
    pub switchable: bool,
    /// Names of the places 0, 1, 2, …, where it has names and no numbers.
    pub categories: Vec<String>,
}

impl Axis {
    /// A linear axis.
    #[must_use]
    pub fn linear(label: impl Into<String>) -> Self {
        Self { label: label.into(), log: false, switchable: false, categories: Vec::new() }
    }

    /// A logarithmic axis; values of 0 and below are left out.
    #[must_use]
    pub fn log(label: impl Into<String>) -> Self {
        Self { log: true, ..Self::linear(label) }
    }

    /// The axis of training steps: linear, since decays are evenly spaced, and switchable.
    #[must_use]
    pub fn steps() -> Self {
        Self { switchable: true, ..Self::linear("step") }
    }
}

/// One line.
#[derive(Clone, Debug)]
pub struct Series {
    /// Name in the legend; series of one name share an entry.
    pub name: String,
    /// Its colour.
    pub colour: Colour,
    /// How it is drawn.
    pub stroke: Stroke,
    /// (x, y) by rising x; what has no value is left out, or has the y NaN, which interrupts the line.
    pub points: Vec<(f64, f64)>,
    /// How strong a line is.
    pub weight: Weight,
    /// The same line at every checkpoint, for one that follows the slider.
    pub film: Vec<(u64, Vec<(f64, f64)>)>,
}

/// How strong a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    /// One of several repetitions, thin and without a legend.
    Thin,
    /// As lines are.
    Plain,
    /// A mean of others.
    Thick,
}

impl Series {
    /// A solid line.
    #[must_use]
    pub fn new(
        name: impl Into<String>,
        colour: Colour,
        points: impl IntoIterator<Item = (f64, f64)>,
    ) -> Self {
        let points = points.into_iter().collect();
        Self {
            name: name.into(),
            colour,
            stroke: Stroke::Solid,
            points,
            weight: Weight::Plain,
            film: Vec::new(),
        }
    }

    /// A dotted line that follows the slider: `film` has its points at each checkpoint.
    #[must_use]
    pub fn film(film: Vec<(u64, Vec<(f64, f64)>)>) -> Self {
        let points = film.last().map(|(_, points)| points.clone()).unwrap_or_default();
        let line = Self::new("at the slider", Colour::Ink, points).stroke(Stroke::Dotted);
        Self { film, ..line }
    }

    /// The same line with its points at each checkpoint, which the slider shows.
    #[must_use]
    pub fn following(self, film: Vec<(u64, Vec<(f64, f64)>)>) -> Self {
        Self { film, ..self }
    }

    /// The same line, thinner or thicker.
    #[must_use]
    pub fn weight(self, weight: Weight) -> Self {
        Self { weight, ..self }
    }

    /// The same line drawn otherwise.
    #[must_use]
    pub fn stroke(mut self, stroke: Stroke) -> Self {
        self.stroke = stroke;
        self
    }
}

/// How a line is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stroke {
    /// From point to point.
    Solid,
    /// From point to point, dashed.
    Dashed,
    /// From point to point, dotted.
    Dotted,
    /// Points alone.
    Marks,
    /// Dashed; holds each value until the next point, as a learning rate does.
    DashedSteps,
    /// Bars from 0 to each point.
    Bars,
    /// An area whose edge the points are.
    Band,
}

/// A row of pictures under one heading.
#[derive(Clone, Debug)]
pub struct PictureRow {
    /// A few words.
    pub title: String,
    /// The pictures, from left to right.
    pub pictures: Vec<Picture>,
}

/// One picture.
#[derive(Clone, Debug)]
pub struct Picture {
    /// File stem in `figures/`.
    pub name: String,
    /// What stands under it, in one or two lines.
    pub label: String,
    /// PNG.
    pub png: Vec<u8>,
    /// Width and height in pixels.
    pub size: (u32, u32),
    /// Whether a film beside it shows the same, so that it is for print and for pages without scripts.
    pub moves: bool,
}

impl Panel {
    /// A panel of those `series` that have points, thinned to what a screen can show; `None`
    /// where none has any. A line is cut at y of NaN, into lines of the same name. Infinite points are
    /// left out, and on a logarithmic axis those of 0 and below.
    #[must_use]
    pub fn new(title: impl Into<String>, x: Axis, y: Axis, series: Vec<Series>) -> Option<Self> {
        // Of a rate that has become tiny, 2/δ is beyond all numbers.
        let shows = |value: f64, axis: &Axis| value.is_finite() && (!axis.log || value > 0.0);
        let drawn = |point: &(f64, f64)| shows(point.0, &x) && shows(point.1, &y);
        let mut shown: Vec<Series> = Vec::new();
        for mut line in series {
            let points = std::mem::take(&mut line.points);
            let mut film = std::mem::take(&mut line.film);
            for (_, points) in &mut film {
                points.retain(drawn);
                *points = thinning::thinned(points, MOST_FILM_POINTS, x.log);
            }
            if matches!(line.stroke, Stroke::Bars | Stroke::Band) {
                let points: Vec<(f64, f64)> = points.into_iter().filter(drawn).collect();
                if !points.is_empty() {
                    shown.push(Series { points, film, ..line });
                }
                continue;
            }
            for piece in points.split(|point| point.1.is_nan()) {
                let piece: Vec<(f64, f64)> = piece.iter().copied().filter(drawn).collect();
                if !piece.is_empty() {
                    let points = thinning::thinned(&piece, MOST_POINTS, x.log);
                    let film = std::mem::take(&mut film);
                    shown.push(Series { points, film, ..line.clone() });
                }
            }
        }
        (!shown.is_empty()).then(|| Self { title: title.into(), x, y, series: shown })
    }
}

impl Panel {
    /// Width of a bar: most of the smallest distance between two.
    #[must_use]
    pub fn bar_width(&self) -> f64 {
        let bars = self.series.iter().filter(|series| series.stroke == Stroke::Bars);
        let mut places: Vec<f64> =
            bars.flat_map(|series| &series.points).map(|point| point.0).collect();
        places.sort_by(f64::total_cmp);
        places.dedup();
        let gaps = places.windows(2).map(|pair| pair[1] - pair[0]);
        let smallest = gaps.fold(f64::INFINITY, f64::min);
        if smallest.is_finite() { 0.9 * smallest } else { 0.9 }
    }
}

impl Content {
    /// A plot of those `panels` that exist; `None` where none does.
    #[must_use]
    pub fn plot(
        arrangement: Arrangement,
        panels: impl IntoIterator<Item = Option<Panel>>,
    ) -> Option<Self> {
        let panels: Vec<Panel> = panels.into_iter().flatten().collect();
        (!panels.is_empty()).then_some(Self::Plot(Plot { panels, arrangement }))
    }
}

impl Map {
    /// Columns and rows in which so many maps lie.
    #[must_use]
    pub fn grid(count: usize) -> (usize, usize) {
        // Four are two by two.
        let columns = if count == 4 { 2 } else { count.clamp(1, MAPS_OF_A_ROW) };
        (columns, count.div_ceil(columns).max(1))
    }

    /// Where `value` lies in the range of the colours, from 0 to 1.
    #[must_use]
    pub fn share(&self, value: f64) -> f64 {
        let (low, high) = self.range;
        if high > low { (value - low) / (high - low) } else { 0.5 }
    }
}

impl Plot {
    /// Panels beside each other, and rows of them.
    #[must_use]
    pub fn grid(&self) -> (usize, usize) {
        let columns = match self.arrangement {
            Arrangement::Columns if self.panels.len() == 4 => 2,
            Arrangement::Columns => self.panels.len().clamp(1, MOST_COLUMNS),
            Arrangement::Rows => 1,
        };
        (columns, self.panels.len().div_ceil(columns))
    }

    /// The series that stand in the legend: the first of each name that is not thin. A panel of one
    /// line is told by its axis.
    pub fn legend(&self) -> impl Iterator<Item = &Series> {
        let several = self
            .panels
            .iter()
            .filter(|panel| panel.series.iter().any(|series| series.name != panel.series[0].name));
        let mut all: Vec<&Series> = Vec::new();
        for series in several.flat_map(|panel| &panel.series) {
            let is_new = all.iter().all(|earlier| earlier.name != series.name);
            if is_new && series.weight != Weight::Thin {
                all.push(series);
            }
        }
        all.into_iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panel_leaves_out_what_is_no_number_and_is_none_without_points() {
        let line = |points: &[(f64, f64)]| Series::new("x", Colour::Blue, points.to_vec());
        let panel = |points| Panel::new("", Axis::steps(), Axis::log("2/δ"), vec![line(points)]);
        let odd = [(0.0, 2.0), (1.0, f64::INFINITY), (2.0, -1.0), (3.0, 0.0), (4.0, 1e300)];
        assert_eq!(panel(&odd).unwrap().series[0].points, [(0.0, 2.0), (4.0, 1e300)]);
        assert!(panel(&odd[1..4]).is_none());
        assert!(panel(&[(0.0, f64::NAN)]).is_none());
    }

    #[test]
    fn a_line_without_a_value_in_the_middle_has_a_gap_and_one_place_in_the_legend() {
        let points = [(0.0, f64::NAN), (1.0, 2.0), (2.0, 3.0), (3.0, f64::NAN), (4.0, 5.0)];
        let line = |name| Series::new(name, Colour::Blue, points);
        let panel = |series| Panel::new("", Axis::steps(), Axis::linear("E"), series).unwrap();
        let two = panel(vec![line("a"), line("b")]);
        let pieces: Vec<_> = two.series.iter().map(|line| line.points.clone()).collect();
        let (before, after) = (vec![(1.0, 2.0), (2.0, 3.0)], vec![(4.0, 5.0)]);
        assert_eq!(pieces, [before.clone(), after.clone(), before, after]);
        let legend = |panel: Panel| {
            let plot = Plot { panels: vec![panel], arrangement: Arrangement::Columns };
            plot.legend().map(|line| line.name.clone()).collect::<Vec<_>>()
        };
        assert_eq!(legend(two), ["a", "b"]);
        assert!(legend(panel(vec![line("a")])).is_empty(), "told by its axis");
    }
}
