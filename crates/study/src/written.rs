//! A figure as people write it: one panel or one layer without the lists around it, a column by its
//! name alone.

use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Deserialize;

use crate::condition::Condition;
use crate::figure::{self, Across, Colour, Dash, Function, Mark, Scale, one};
use crate::gallery::Gallery;

// The fields of a layer are repeated in a panel and in a figure: serde cannot flatten them into
// structs that refuse unknown fields, and a misspelt field must be refused.

/// A figure: either `panels`, or the fields of one panel or layer, or `function`, or `gallery`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Figure {
    /// File stem and anchor: small letters, digits, `-` and `_`.
    name: String,
    /// A few words; left out, the name.
    title: Option<String>,
    /// What the figure shows, in sentences.
    #[serde(default)]
    caption: String,
    /// Where it was published, a sentence.
    #[serde(default)]
    citation: String,
    /// Whether it is one of the few that stand first in a report.
    #[serde(default)]
    headline: bool,
    /// Over a sweep: of one variant (`never`), once over all (`only`), or both (`also`). Left out, `also`
    /// for a figure without `series` and `film`.
    across: Option<Across>,
    /// Whether the panels stand on top of each other and share their x axis.
    #[serde(default)]
    stacked: bool,
    /// Panels of marks.
    #[serde(default)]
    panels: Vec<Panel>,
    /// Functions over the inputs, as pictures.
    function: Option<Function>,
    /// Samples that are images, as rows of pictures.
    gallery: Option<Gallery>,
    /// A column: one panel for each of its values.
    facets: Option<String>,
    /// Marks of the one panel.
    #[serde(default)]
    layers: Vec<Layer>,
    /// The table.
    table: Option<String>,
    /// Which rows: by column a value, a list of values, `first`, `last`, or `{ at_least, at_most, not }`.
    #[serde(rename = "where", default)]
    rows: BTreeMap<String, Condition>,
    /// What stands for a row.
    mark: Option<Mark>,
    /// Horizontal place: a column, or `{ column, label, scale, inverse, times }`.
    x: Option<Channel>,
    /// Vertical place: a column, or `{ column, label, scale, inverse, times }`.
    y: Option<Channel>,
    /// Upper edge of a band.
    upper: Option<Channel>,
    /// The error of `y`, shown as a band behind a line.
    error: Option<Channel>,
    /// A column: lines part the tiles of a heat map at which it differs.
    borders: Option<String>,
    /// The value of a tile of a heat map, the lightness of a pixel of a picture.
    value: Option<Channel>,
    /// The hue of a pixel of a picture: its fraction is a place on the circle of hues, NULL is grey.
    hue: Option<Channel>,
    /// A line for each value of a column: its name, or `{ column, label, names, ordered }`.
    series: Option<Series>,
    /// Colour of a figure without `series`.
    colour: Option<Colour>,
    /// How a line is drawn.
    dash: Option<Dash>,
    /// Bins of a histogram.
    bins: Option<u32>,
    /// A column of steps that follows the page's slider.
    film: Option<String>,
}

/// A panel: either `layers`, or the fields of one.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Panel {
    /// A few words above it.
    #[serde(default)]
    title: String,
    /// A column: one panel for each of its values.
    facets: Option<String>,
    /// Marks, the first drawn lowest.
    #[serde(default)]
    layers: Vec<Layer>,
    /// The table; for layers, of those that name none.
    table: Option<String>,
    /// Which rows; for layers, beside what each says itself.
    #[serde(rename = "where", default)]
    rows: BTreeMap<String, Condition>,
    /// What stands for a row.
    mark: Option<Mark>,
    /// Horizontal place.
    x: Option<Channel>,
    /// Vertical place.
    y: Option<Channel>,
    /// Upper edge of a band.
    upper: Option<Channel>,
    /// The error of `y`, shown as a band behind a line.
    error: Option<Channel>,
    /// A column: lines part the tiles of a heat map at which it differs.
    borders: Option<String>,
    /// The value of a tile of a heat map, the lightness of a pixel of a picture.
    value: Option<Channel>,
    /// The hue of a pixel of a picture: its fraction is a place on the circle of hues, NULL is grey.
    hue: Option<Channel>,
    /// A line for each value of a column.
    series: Option<Series>,
    /// Colour of a panel without `series`.
    colour: Option<Colour>,
    /// How a line is drawn.
    dash: Option<Dash>,
    /// Bins of a histogram.
    bins: Option<u32>,
    /// A column of steps that follows the page's slider.
    film: Option<String>,
}

/// A mark over the rows of a table; what it leaves out is taken from its panel.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Layer {
    /// The table.
    table: Option<String>,
    /// Which rows.
    #[serde(rename = "where", default)]
    rows: BTreeMap<String, Condition>,
    /// What stands for a row.
    mark: Option<Mark>,
    /// Horizontal place.
    x: Option<Channel>,
    /// Vertical place.
    y: Option<Channel>,
    /// Upper edge of a band.
    upper: Option<Channel>,
    /// The error of `y`, shown as a band behind a line.
    error: Option<Channel>,
    /// A column: lines part the tiles of a heat map at which it differs.
    borders: Option<String>,
    /// The value of a tile of a heat map, the lightness of a pixel of a picture.
    value: Option<Channel>,
    /// The hue of a pixel of a picture: its fraction is a place on the circle of hues, NULL is grey.
    hue: Option<Channel>,
    /// A line for each value of a column.
    series: Option<Series>,
    /// Name in the legend.
    #[serde(default)]
    name: String,
    /// Colour of a layer without `series`.
    colour: Option<Colour>,
    /// How a line is drawn.
    dash: Option<Dash>,
    /// A column of steps that follows the page's slider.
    film: Option<String>,
    /// Whether only the last row of each line is shown.
    #[serde(default)]
    last: bool,
    /// Whether this is a bound on the layer before.
    #[serde(default)]
    bound: bool,
    /// Bins of a histogram.
    bins: Option<u32>,
}

/// A column by its name, or with more.
#[derive(Clone, Deserialize, JsonSchema)]
#[serde(untagged)]
enum Channel {
    /// The column.
    Column(String),
    /// The column and how it is shown.
    Whole(WholeChannel),
}

#[derive(Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct WholeChannel {
    /// The column.
    column: String,
    /// What stands at the axis.
    #[serde(default)]
    label: String,
    /// Scale of the axis.
    #[serde(default)]
    scale: Scale,
    /// The reciprocal is shown.
    #[serde(default)]
    inverse: bool,
    /// A factor, applied last.
    #[serde(default = "one")]
    times: f64,
}

/// A column by its name, or with more.
#[derive(Clone, Deserialize, JsonSchema)]
#[serde(untagged)]
enum Series {
    /// The column.
    Column(String),
    /// The column and what its lines are called.
    Whole(WholeSeries),
}

#[derive(Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct WholeSeries {
    /// The column.
    column: String,
    /// Name of a line; `{}` stands for the value, `{subscript}` for it as an index.
    #[serde(default)]
    label: String,
    /// Names of single values.
    #[serde(default)]
    names: BTreeMap<String, String>,
    /// Whether the colours follow the order of the values.
    #[serde(default)]
    ordered: bool,
}

impl From<Channel> for figure::Channel {
    fn from(written: Channel) -> Self {
        match written {
            Channel::Column(column) => Self::of(column),
            Channel::Whole(WholeChannel { column, label, scale, inverse, times }) => {
                Self { column, label, scale, inverse, times }
            }
        }
    }
}

impl From<Series> for figure::Series {
    fn from(written: Series) -> Self {
        match written {
            Series::Column(column) => {
                Self { column, label: String::new(), names: BTreeMap::new(), ordered: false }
            }
            Series::Whole(WholeSeries { column, label, names, ordered }) => {
                Self { column, label, names, ordered }
            }
        }
    }
}

impl Layer {
    /// What the layer leaves out, as its panel has it.
    fn completed_by(self, panel: &Self) -> Self {
        let mut rows = panel.rows.clone();
        rows.extend(self.rows);
        Self {
            table: self.table.or(panel.table.clone()),
            rows,
            mark: self.mark.or(panel.mark),
            x: self.x.or(panel.x.clone()),
            y: self.y.or(panel.y.clone()),
            upper: self.upper.or(panel.upper.clone()),
            value: self.value.or(panel.value.clone()),
            hue: self.hue.or(panel.hue.clone()),
            error: self.error.or(panel.error.clone()),
            borders: self.borders.or(panel.borders.clone()),
            series: self.series.or(panel.series.clone()),
            colour: self.colour.or(panel.colour),
            dash: self.dash.or(panel.dash),
            film: self.film.or(panel.film.clone()),
            bins: self.bins.or(panel.bins),
            ..self
        }
    }

    fn whole(self, place: String) -> Result<figure::Layer, String> {
        let table = self.table.ok_or("a figure needs `table`, the table that it shows")?;
        let mark = self.mark.unwrap_or_default();
        let needs = |has: bool, field: &str| {
            if has { Ok(()) } else { Err(format!("a {} needs `{field}`", in_words(mark))) }
        };
        match mark {
            Mark::Line | Mark::Steps | Mark::Scatter | Mark::Bars => needs(self.y.is_some(), "y")?,
            Mark::Band => {
                needs(self.y.is_some(), "y")?;
                needs(self.upper.is_some(), "upper")?;
            }
            Mark::Histogram => needs(self.x.is_some(), "x")?,
            Mark::HeatMap | Mark::Picture => {
                needs(self.x.is_some(), "x")?;
                needs(self.y.is_some(), "y")?;
                needs(self.value.is_some(), "value")?;
            }
        }
        let follows = matches!(mark, Mark::Line | Mark::Steps | Mark::Scatter | Mark::Picture);
        if self.film.is_some() && !follows {
            return Err(format!("a {} cannot follow the slider (`film`)", in_words(mark)));
        }
        if self.error.is_some() && (mark != Mark::Line || self.film.is_some()) {
            return Err("only a line that stands still has a band of its `error`".to_owned());
        }
        if self.borders.is_some() && mark != Mark::HeatMap {
            return Err(format!("a {} has no tiles to part by `borders`", in_words(mark)));
        }
        if self.bins.is_some_and(|bins| !(1..=500).contains(&bins)) {
            return Err("`bins` must be between 1 and 500".to_owned());
        }
        Ok(figure::Layer {
            table,
            rows: self.rows,
            mark,
            x: self.x.map(Into::into),
            y: self.y.map(Into::into),
            upper: self.upper.map(Into::into),
            value: self.value.map(Into::into),
            hue: self.hue.map(Into::into),
            error: self.error.map(Into::into),
            borders: self.borders,
            series: self.series.map(Into::into),
            name: self.name,
            colour: self.colour,
            dash: self.dash.unwrap_or_default(),
            film: self.film,
            last: self.last,
            bound: self.bound,
            bins: self.bins,
            place,
        })
    }
}

fn in_words(mark: Mark) -> &'static str {
    match mark {
        Mark::Line => "line",
        Mark::Steps => "line of steps",
        Mark::Scatter => "scatter plot",
        Mark::Band => "band",
        Mark::Bars => "figure of bars",
        Mark::Histogram => "histogram",
        Mark::HeatMap => "heat map",
        Mark::Picture => "picture",
    }
}

impl Panel {
    /// Whether any field of it is given.
    fn says_something(&self) -> bool {
        let channels = [&self.x, &self.y, &self.upper, &self.error, &self.value, &self.hue];
        self.table.is_some()
            || self.facets.is_some()
            || !self.layers.is_empty()
            || !self.rows.is_empty()
            || self.mark.is_some()
            || channels.iter().any(|channel| channel.is_some())
            || self.series.is_some()
            || self.colour.is_some()
            || self.dash.is_some()
            || self.borders.is_some()
            || self.bins.is_some()
            || self.film.is_some()
    }

    /// The panel that stands at `place` within its figure.
    fn whole(self, place: String) -> Result<figure::Panel, String> {
        let Self { title, facets, layers, table, rows, mark, x, y, upper, value, hue, .. } = self;
        let (series, colour, dash, bins, film) =
            (self.series, self.colour, self.dash, self.bins, self.film);
        let (error, borders) = (self.error, self.borders);
        let own = Layer {
            table,
            rows,
            mark,
            x,
            y,
            upper,
            error,
            borders,
            value,
            hue,
            series,
            colour,
            dash,
            film,
            bins,
            ..Layer::default()
        };
        let layers = if layers.is_empty() {
            vec![own.whole(place.clone())?]
        } else {
            let completed = layers.into_iter().enumerate().map(|(number, layer)| {
                layer.completed_by(&own).whole(format!("{place}/layers/{number}"))
            });
            completed.collect::<Result<_, _>>()?
        };
        let map = layers.iter().find(|layer| layer.mark.covers_panel());
        if let Some(map) = map.filter(|_| layers.len() > 1) {
            return Err(format!("a {} must be the only layer of its panel", in_words(map.mark)));
        }
        Ok(figure::Panel { title, facets, layers, place })
    }
}

impl TryFrom<Figure> for figure::Figure {
    type Error = String;

    fn try_from(written: Figure) -> Result<Self, String> {
        let name = written.name.clone();
        whole(written).map_err(|problem| format!("the figure `{name}`: {problem}"))
    }
}

fn whole(written: Figure) -> Result<figure::Figure, String> {
    let Figure { name, title, caption, citation, headline, across, stacked, panels, .. } = written;
    let fine = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
    if !name.starts_with(|c: char| c.is_ascii_lowercase()) || !name.chars().all(fine) {
        return Err(
            "a name consists of lowercase letters, digits, `-` and `_`, and begins with a letter"
                .to_owned(),
        );
    }
    let one = Panel {
        title: String::new(),
        facets: written.facets,
        layers: written.layers,
        table: written.table,
        rows: written.rows,
        mark: written.mark,
        x: written.x,
        y: written.y,
        upper: written.upper,
        value: written.value,
        hue: written.hue,
        error: written.error,
        borders: written.borders,
        series: written.series,
        colour: written.colour,
        dash: written.dash,
        bins: written.bins,
        film: written.film,
    };
    let says_one = one.says_something();
    let others = [written.function.is_some(), written.gallery.is_some()];
    let panels = match (panels.is_empty(), says_one, others) {
        (false, false, [false, false]) => panels
            .into_iter()
            .enumerate()
            .map(|(number, panel)| panel.whole(format!("/panels/{number}")))
            .collect::<Result<_, _>>()?,
        (true, true, [false, false]) => vec![one.whole(String::new())?],
        (true, false, [true, false] | [false, true]) => Vec::new(),
        (true, false, [false, false]) => {
            return Err("it needs `table`, `layers`, `panels`, `function` or `gallery`".to_owned());
        }
        _ => {
            return Err("`panels`, `function`, `gallery` and the fields of a single panel cannot be combined"
                .to_owned());
        }
    };
    let is_plain = panels
        .iter()
        .all(|panel| panel.layers.iter().all(|it| it.series.is_none() && it.film.is_none()));
    let layers = || panels.iter().flat_map(|panel| &panel.layers);
    for mark in [Mark::HeatMap, Mark::Picture] {
        let maps = layers().filter(|layer| layer.mark == mark).count();
        if maps > 0 && maps < layers().count() {
            return Err(format!("a {} and other marks cannot share a figure", in_words(mark)));
        }
    }
    let is_map = !layers().all(figure::Layer::can_be_compared);
    if let Some(gallery) = &written.gallery {
        let fits = match gallery.each {
            None => !gallery.strips.is_empty(),
            Some(_) => gallery.strips.len() == 1,
        };
        if !fits {
            return Err("a gallery needs `strips`, and one alone beside `each`".to_owned());
        }
    }
    // Pictures of two variants are no lines of one panel.
    let is_plain = is_plain && written.gallery.is_none();
    let otherwise = if is_plain && !is_map { Across::Also } else { Across::Never };
    Ok(figure::Figure {
        title: title.unwrap_or_else(|| name.clone()),
        name,
        caption,
        citation,
        headline,
        across: across.unwrap_or(otherwise),
        stacked,
        panels,
        function: written.function,
        gallery: written.gallery,
    })
}

/// The schema of what people write.
impl JsonSchema for figure::Figure {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Figure".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        Figure::json_schema(generator)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::{Across, Condition, Figure, Mark};

    fn read(written: Value) -> Result<Figure, String> {
        serde_json::from_value(written).map_err(|error| error.to_string())
    }

    fn error(written: Value) -> String {
        read(written).unwrap_err()
    }

    #[test]
    fn a_figure_in_short_is_one_panel_with_one_layer() {
        let figure = read(json!({ "name": "own", "table": "energy", "x": "step",
            "y": { "column": "relative_energy", "scale": "log" }, "where": { "k": [1, 2], "step": "last" } }));
        let figure = figure.unwrap();
        assert_eq!((figure.title.as_str(), figure.across), ("own", Across::Also));
        let layer = &figure.panels[0].layers[0];
        assert_eq!(
            (layer.mark, layer.y.as_ref().unwrap().times.to_bits()),
            (Mark::Line, 1.0_f64.to_bits())
        );
        assert!(matches!(layer.rows["step"], Condition::End(crate::End::Last)));
        // Written whole and read again, it is the same.
        let whole = serde_json::to_value(&figure).unwrap();
        assert_eq!(serde_json::to_value(read(whole.clone()).unwrap()).unwrap(), whole);
    }

    #[test]
    fn layers_take_from_their_panel_what_they_do_not_say() {
        let figure = read(
            json!({ "name": "own", "panels": [{ "table": "energy", "x": "step", "where": { "k": 1 },
            "layers": [{ "y": "a", "where": { "split": "train" } }, { "y": "b", "table": "other", "name": "bound" }] }] }),
        );
        let layers = figure.unwrap().panels.remove(0).layers;
        assert_eq!((layers[0].table.as_str(), layers[1].table.as_str()), ("energy", "other"));
        assert_eq!(layers[0].rows.keys().collect::<Vec<_>>(), ["k", "split"]);
        assert_eq!(layers[1].place, "/panels/0/layers/1");
    }

    #[test]
    fn what_cannot_be_one_line_a_variant_is_not_drawn_over_a_sweep() {
        let across = |more: Value| {
            let mut written = json!({ "name": "own", "table": "t", "x": "a", "y": "b", "value": "c", "upper": "c" });
            written.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            read(written).unwrap().across
        };
        for mark in ["band", "bars", "histogram", "heat_map", "picture"] {
            assert_eq!(across(json!({ "mark": mark })), Across::Never, "{mark}");
        }
        assert_eq!(across(json!({ "series": "k" })), Across::Never);
        assert_eq!(across(json!({ "mark": "scatter" })), Across::Also);
    }

    #[test]
    fn what_contradicts_itself_is_refused() {
        let own = |more: Value| {
            let mut written = json!({ "name": "own" });
            written.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            error(written)
        };
        let panel = json!({ "table": "t", "x": "a", "y": "b" });
        for (written, expected) in [
            (json!({}), "it needs `table`, `layers`, `panels`, `function` or `gallery`"),
            (json!({ "table": "t" }), "a line needs `y`"),
            (json!({ "table": "t", "mark": "band", "y": "b" }), "a band needs `upper`"),
            (json!({ "panels": [panel], "where": { "k": 1 } }), "cannot be combined"),
            (
                json!({ "table": "t", "mark": "scatter", "y": "a", "error": "b" }),
                "only a line that stands still has a band of its `error`",
            ),
            (
                json!({ "table": "t", "y": "a", "borders": "b" }),
                "a line has no tiles to part by `borders`",
            ),
            (
                json!({ "table": "t", "mark": "histogram", "x": "a", "bins": 0 }),
                "between 1 and 500",
            ),
            (
                json!({ "table": "t", "mark": "bars", "x": "a", "y": "b", "film": "step" }),
                "cannot follow",
            ),
            (
                json!({ "panels": [panel, { "table": "t", "mark": "heat_map", "x": "a", "y": "b", "value": "c" }] }),
                "cannot share a figure",
            ),
            (
                json!({ "table": "t", "mark": "picture", "x": "a", "y": "b" }),
                "a picture needs `value`",
            ),
            (
                json!({ "panels": [{ "x": "a", "y": "b", "value": "c", "table": "t", "layers": [
                    { "mark": "picture", "hue": "d" }, { "mark": "line" }] }] }),
                "a picture must be the only layer of its panel",
            ),
            (json!({ "tabel": "t" }), "unknown field `tabel`"),
        ] {
            let found = own(written);
            assert!(found.contains(expected), "{found}");
        }
        assert!(error(json!({ "name": "Own figure" })).contains("lowercase letters"));
    }
}
