//! A figure as data: marks over tables.
//!
//! The words are those of the grammar of graphics (Wilkinson 2005; Vega-Lite): a mark shows the rows
//! of a table by channels x, y and series; panels hold layers of marks.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::condition::Condition;
use crate::gallery::Gallery;

/// One figure.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "crate::written::Figure")]
pub struct Figure {
    /// File stem and anchor: small letters, digits, `-` and `_`.
    pub name: String,
    /// A few words.
    pub title: String,
    /// What the figure shows, in sentences.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub caption: String,
    /// Where it was published, a sentence.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub citation: String,
    /// Whether it is one of the few that stand first in a report.
    pub headline: bool,
    /// Over a sweep: lines for each variant, or one variant by itself.
    pub across: Across,
    /// Whether the panels stand on top of each other and share their x axis.
    pub stacked: bool,
    /// Panels of marks, in reading order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub panels: Vec<Panel>,
    /// Functions over the inputs, in place of panels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub function: Option<Function>,
    /// Samples as pictures, in place of panels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gallery: Option<Gallery>,
}

/// How a figure is drawn over a sweep.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Across {
    /// Of one variant, which the reader selects.
    #[default]
    Never,
    /// Once over all variants: a line for each, with the mean over seeds. Without a sweep not at all.
    Only,
    /// Both; without a sweep once. Of bands, bars, histograms, heat maps and films one variant at a time.
    Also,
}

/// One pair of axes.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Panel {
    /// A few words above it; with `facets` before the value.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub title: String,
    /// A column: one panel for each of its values.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub facets: Option<String>,
    /// Marks, the first drawn lowest.
    pub layers: Vec<Layer>,
    /// Where in what was written it stands: a JSON Pointer from the figure on.
    #[serde(skip)]
    pub place: String,
}

/// A mark over the rows of a table.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Layer {
    /// The table.
    pub table: String,
    /// Which rows: by column, what its cells must be.
    #[serde(rename = "where", skip_serializing_if = "BTreeMap::is_empty")]
    pub rows: BTreeMap<String, Condition>,
    /// What stands for a row.
    pub mark: Mark,
    /// Horizontal place. Left out over a sweep, the values of its first axis of numbers, against
    /// which each variant has one value: that of its last row.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub x: Option<Channel>,
    /// Vertical place; left out for a histogram.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub y: Option<Channel>,
    /// Upper edge of a band, whose lower edge is `y`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub upper: Option<Channel>,
    /// The error of `y`: the space from `y` less it to `y` and it is shown behind a line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<Channel>,
    /// A column: lines part the tiles of a heat map at which it differs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub borders: Option<String>,
    /// The value of a tile of a heat map; the lightness of a pixel of a picture.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<Channel>,
    /// The hue of a pixel of a picture: a number whose fraction is a place on the circle of hues, NULL for grey.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hue: Option<Channel>,
    /// A column: one line for each of its values.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub series: Option<Series>,
    /// Name in the legend, of a layer without `series`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Colour, of a layer without `series`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub colour: Option<Colour>,
    /// How a line is drawn.
    pub dash: Dash,
    /// A column of steps: the layer shows the rows of the step at which the page's slider stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub film: Option<String>,
    /// Whether only the last row of each line is shown.
    pub last: bool,
    /// Whether this is a bound on the layer before: over a sweep drawn thin, in the variant's colour.
    pub bound: bool,
    /// Bins of a histogram.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bins: Option<u32>,
    /// Where in what was written it stands: a JSON Pointer from the figure on.
    #[serde(skip)]
    pub place: String,
}

/// What stands for a row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Mark {
    /// A line from row to row, by rising x.
    #[default]
    Line,
    /// A line that holds each value until the next, as a learning rate does.
    Steps,
    /// A dot.
    Scatter,
    /// The space between `y` and `upper`.
    Band,
    /// A bar from 0 to `y`.
    Bars,
    /// Bars that count the rows by `x`.
    Histogram,
    /// A tile at `x` and `y`, coloured by `value`.
    HeatMap,
    /// A pixel at `x` and `y`, as light as `value` and of the hue `hue`; y points down, as in pictures.
    Picture,
}

impl Mark {
    /// Whether it fills its panel, so that there is no room for another.
    #[must_use]
    pub fn covers_panel(self) -> bool {
        matches!(self, Self::HeatMap | Self::Picture)
    }
}

/// A column that decides where a mark lies.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Channel {
    /// The column.
    pub column: String,
    /// What stands at the axis; left out, the column's name.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub label: String,
    /// Scale of the axis.
    pub scale: Scale,
    /// The reciprocal is shown.
    pub inverse: bool,
    /// A factor, applied last: 57.29578 turns radians into degrees.
    pub times: f64,
}

pub(crate) fn one() -> f64 {
    1.0
}

impl Channel {
    /// The column `name` as it is.
    #[must_use]
    pub fn of(name: impl Into<String>) -> Self {
        Self {
            column: name.into(),
            label: String::new(),
            scale: Scale::default(),
            inverse: false,
            times: 1.0,
        }
    }

    /// What stands at the axis.
    #[must_use]
    pub fn label(&self) -> &str {
        if self.label.is_empty() { &self.column } else { &self.label }
    }

    /// What a cell of the column comes to.
    #[must_use]
    pub fn value(&self, cell: f64) -> f64 {
        self.times * if self.inverse { cell.recip() } else { cell }
    }
}

/// Scale of an axis.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Scale {
    /// Linear.
    #[default]
    Linear,
    /// Logarithmic; values of 0 and below are left out.
    Log,
}

/// A column that tells lines apart.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Series {
    /// The column.
    pub column: String,
    /// Name of a line in the legend; `{}` stands for the value, `{subscript}` for it as an index.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub label: String,
    /// Names of single values, as `target: "target ȳ"`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub names: BTreeMap<String, String>,
    /// Whether the colours follow the order of the values; else they are told apart at best.
    pub ordered: bool,
}

/// Colours that readers of every colour vision tell apart (Okabe & Ito 2008).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "they are colours")]
pub enum Colour {
    Blue,
    Vermillion,
    Green,
    Orange,
    Purple,
    Sky,
    Grey,
    Ink,
}

/// How a line is drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Dash {
    /// Without gaps.
    #[default]
    Solid,
    /// With gaps.
    Dashed,
    /// As dots.
    Dotted,
}

/// Functions over the inputs: pictures where these have two dimensions, lines where they have one.
///
/// A row of the table has one number for each sample of its split, or o of them, of which the first
/// is drawn. Rows become columns of pictures, checkpoints become rows and the film.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Function {
    /// The table; it has a column `step`, and perhaps `split`.
    pub table: String,
    /// The column of vectors.
    pub values: String,
    /// Which rows: by column, what its cells must be.
    #[serde(rename = "where", default, skip_serializing_if = "BTreeMap::is_empty")]
    pub rows: BTreeMap<String, Condition>,
    /// The column that tells the functions of one checkpoint apart, in rising order.
    pub columns: String,
    /// Steps whose functions stand on the page; left out, the first and the last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<u64>,
    /// How values become colours.
    #[serde(default)]
    pub colours: Colours,
    /// Whether the sign means nothing: each function is turned to be like that of the checkpoint before.
    #[serde(default)]
    pub free_sign: bool,
    /// What stands below a picture, lines with `{column}`, `{column:subscript}`, `{column:percent}` or
    /// `{largest}`. A line with a value that is NULL or not known is left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<String>,
    /// Tables that the labels need as well.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub join: Vec<Join>,
}

/// How values become colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Colours {
    /// Blue below 0, white at 0, vermillion above, each picture within its own range.
    #[default]
    Diverging,
    /// Black to white.
    Grey,
}

/// Another table whose columns belong to the same rows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Join {
    /// The table.
    pub table: String,
    /// Which of its rows.
    #[serde(rename = "where", default, skip_serializing_if = "BTreeMap::is_empty")]
    pub rows: BTreeMap<String, Condition>,
    /// Columns that are equal in both: by that of the first table, that of this one.
    pub on: BTreeMap<String, String>,
}

impl Layer {
    /// Whether it can be drawn as one line for each variant of a sweep.
    #[must_use]
    pub fn can_be_compared(&self) -> bool {
        let is_line = matches!(self.mark, Mark::Line | Mark::Steps | Mark::Scatter);
        is_line && self.film.is_none() && self.y.is_some()
    }

    /// The columns of its table that it reads.
    pub fn columns(&self) -> impl Iterator<Item = &str> {
        let channels = [&self.x, &self.y, &self.upper, &self.error, &self.value, &self.hue];
        let channels = channels.into_iter().flatten().map(|channel| channel.column.as_str());
        let named = self.series.iter().map(|series| series.column.as_str());
        let named = named.chain(self.borders.as_deref());
        channels
            .chain(named)
            .chain(self.film.as_deref())
            .chain(self.rows.keys().map(String::as_str))
    }
}

impl Figure {
    /// The tables that it needs, each with the columns that it reads.
    #[must_use]
    pub fn sources(&self) -> Vec<(&str, Vec<&str>)> {
        let layers = self.panels.iter().flat_map(|panel| {
            panel.layers.iter().map(|layer| {
                let columns = panel.facets.as_deref().into_iter().chain(layer.columns());
                (layer.table.as_str(), columns.collect::<Vec<_>>())
            })
        });
        let functions = self.function.iter().flat_map(|function| {
            let own = [function.columns.as_str(), function.values.as_str()].into_iter();
            let own = own.chain(function.rows.keys().map(String::as_str)).collect();
            let joined = function.join.iter().map(|join| {
                let on = join.on.values().chain(join.rows.keys());
                (join.table.as_str(), on.map(String::as_str).collect())
            });
            std::iter::once((function.table.as_str(), own)).chain(joined)
        });
        let galleries = self.gallery.iter();
        let galleries =
            galleries.map(|gallery| (gallery.table.as_str(), gallery.columns().collect()));
        let mut sources: Vec<(&str, Vec<&str>)> = Vec::new();
        for (table, columns) in layers.chain(functions).chain(galleries) {
            let place =
                sources.iter().position(|(known, _)| *known == table).unwrap_or_else(|| {
                    sources.push((table, Vec::new()));
                    sources.len() - 1
                });
            for column in columns {
                if !sources[place].1.contains(&column) {
                    sources[place].1.push(column);
                }
            }
        }
        sources
    }
}
