//! What a figure is, before anything draws it: `plotly` and `svg` are its two renderers.

use crate::thinning;

/// Points of one line at most. Beyond, a screen shows no more of it and the page opens late.
const MOST_POINTS: usize = 600;

/// One figure of the report.
#[derive(Clone, Debug)]
pub struct Figure {
    /// File stem in `figures/`, and the figure's anchor on the page.
    pub name: &'static str,
    /// A few words.
    pub title: String,
    /// What the figure shows, in sentences.
    pub caption: String,
    /// The tables it is drawn from.
    pub sources: Vec<Source>,
    /// What there is to draw.
    pub content: Content,
}

/// A table and those of its columns that a figure draws.
#[derive(Clone, Copy, Debug)]
pub struct Source {
    /// File in the results of the run.
    pub file: &'static str,
    /// Its columns.
    pub columns: &'static str,
}

/// What there is to draw.
#[derive(Clone, Debug)]
pub enum Content {
    /// Lines in panels.
    Plot(Plot),
    /// Rows of pictures.
    Pictures(Vec<PictureRow>),
}

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
    /// Beside each other.
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
}

impl Axis {
    /// A linear axis.
    #[must_use]
    pub fn linear(label: impl Into<String>) -> Self {
        Self { label: label.into(), log: false, switchable: false }
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
    /// (x, y) by rising x; what has no value is left out.
    pub points: Vec<(f64, f64)>,
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
        Self { name: name.into(), colour, stroke: Stroke::Solid, points }
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
    /// Dashed; holds each value until the next point, as a learning rate does.
    DashedSteps,
}

/// The colours of Okabe & Ito 2008, which readers of every colour vision tell apart, without
/// black and yellow: these vanish on a dark or a light page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colour {
    /// Blue.
    Blue,
    /// Vermillion.
    Vermillion,
    /// Bluish green.
    Green,
    /// Orange.
    Orange,
    /// Sky blue.
    Sky,
    /// Reddish purple.
    Purple,
    /// Neutral grey, for bounds and references.
    Grey,
}

impl Colour {
    /// The colours in the order in which lines take them.
    pub const ORDER: [Self; 6] =
        [Self::Blue, Self::Vermillion, Self::Green, Self::Orange, Self::Sky, Self::Purple];

    /// Colour of the line at `position`, counted round.
    #[must_use]
    pub fn of(position: usize) -> Self {
        Self::ORDER[position % Self::ORDER.len()]
    }

    /// Red, green, blue.
    #[must_use]
    pub const fn rgb(self) -> (u8, u8, u8) {
        match self {
            Self::Blue => (0, 114, 178),
            Self::Vermillion => (213, 94, 0),
            Self::Green => (0, 158, 115),
            Self::Orange => (230, 159, 0),
            Self::Sky => (86, 180, 233),
            Self::Purple => (204, 121, 167),
            Self::Grey => (128, 128, 128),
        }
    }
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
}

impl Panel {
    /// A panel of those `series` that have points, thinned to what a screen can show; `None`
    /// where none has any.
    #[must_use]
    pub fn new(title: impl Into<String>, x: Axis, y: Axis, series: Vec<Series>) -> Option<Self> {
        let series: Vec<Series> = series
            .into_iter()
            .filter_map(|mut line| {
                line.points.retain(|point| (!x.log || point.0 > 0.0) && (!y.log || point.1 > 0.0));
                line.points = thinning::thinned(&line.points, MOST_POINTS, x.log);
                (!line.points.is_empty()).then_some(line)
            })
            .collect();
        (!series.is_empty()).then(|| Self { title: title.into(), x, y, series })
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

impl Plot {
    /// The series that stand in the legend: the first of each name.
    pub fn legend(&self) -> impl Iterator<Item = &Series> {
        let all: Vec<&Series> = self.panels.iter().flat_map(|panel| &panel.series).collect();
        (0..all.len())
            .filter(|&i| all[..i].iter().all(|earlier| earlier.name != all[i].name))
            .map(|i| all[i])
            .collect::<Vec<_>>()
            .into_iter()
    }
}
