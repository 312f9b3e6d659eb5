//! The kind of artifact that the stage makes.

use artifact::{Column, Data, Kind, KindDeclaration, Layout, Row, Table};
use serde::{Deserialize, Serialize};

/// The linear regions of a network.
pub const KIND: Kind = Kind::declare(&KindDeclaration {
    name: "regions",
    about: "The linear regions of a network along lines and on planes through training samples, at each checkpoint.",
    tables: &[
        REGIONS_ON_LINES,
        REGIONS_BY_STEP,
        TRANSITIONS_BY_LAYER,
        REGIONS_ON_PLANES,
        PLANE_TILES,
        PLANE_SAMPLES,
    ],
    facts: &[],
});

const STEP: Column = Column::new("step", Data::UInt64, "Step of the checkpoint.");
const PLANE: Column = Column::new("plane", Data::UInt32, "Number of the plane, from 0.");

/// Which lines a mean is over, as a table names them.
pub const PAIRS: [&str; 3] = ["all", "within", "between"];

/// The regions that each line meets.
pub const REGIONS_ON_LINES: Table = Table {
    name: "regions_on_lines",
    about: "The linear regions that each line from one training sample to another meets, counted exactly.",
    version: 1,
    layout: Layout::Tidy,
    optional: false,
    columns: &[
        STEP,
        Column::new("line", Data::UInt32, "Number of the line, from 0; the same lines at every step."),
        Column::new("from", Data::UInt32, "Training sample at its start."),
        Column::new("to", Data::UInt32, "Training sample at its end."),
        Column::new("same_class", Data::Boolean, "Whether both are of one class. NULL without classes.").or_null(),
        Column::new("length", Data::Float64, "Distance of the samples."),
        Column::new("regions", Data::UInt32, "Number of regions. NULL where there are more than `most_regions`.").or_null(),
        Column::new("density", Data::Float64, "Transitions from one region to the next, per unit of length. NULL without `regions`, and of a line without length.").or_null(),
        Column::new("middle_density", Data::Float64, "The same of the middle half of the line, away from both samples.").or_null(),
        Column::new("end_density", Data::Float64, "The same of its outer quarters, near the samples.").or_null(),
    ],
};

/// A row of [`REGIONS_ON_LINES`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct LineRow {
    /// Step of the checkpoint.
    pub step: u64,
    /// Number of the line.
    pub line: u32,
    /// Training sample at its start.
    pub from: u32,
    /// Training sample at its end.
    pub to: u32,
    /// Whether both are of one class.
    pub same_class: Option<bool>,
    /// Distance of the samples.
    pub length: f64,
    /// Number of regions.
    pub regions: Option<u32>,
    /// Transitions per unit of length.
    pub density: Option<f64>,
    /// The same of the middle half.
    pub middle_density: Option<f64>,
    /// The same of the outer quarters.
    pub end_density: Option<f64>,
}

impl Row for LineRow {
    const TABLE: &'static Table = &REGIONS_ON_LINES;
}

/// Means over lines.
pub const REGIONS_BY_STEP: Table = Table {
    name: "regions_by_step",
    about: "Means of `regions_on_lines` over lines, with standard errors.",
    version: 1,
    layout: Layout::Tidy,
    optional: false,
    columns: &[
        STEP,
        Column::new(
            "pairs",
            Data::Text,
            "Over which lines: `all`, `within` a class, `between` classes.",
        )
        .one_of(&PAIRS),
        Column::new("lines", Data::UInt32, "Number of lines."),
        Column::new("regions", Data::Float64, "Mean number of regions."),
        Column::new(
            "regions_error",
            Data::Float64,
            "Standard error of the mean. NULL of one line.",
        )
        .or_null(),
        Column::new("density", Data::Float64, "Mean of the transitions per unit of length."),
        Column::new(
            "density_error",
            Data::Float64,
            "Standard error of the mean. NULL of one line.",
        )
        .or_null(),
        Column::new("middle_density", Data::Float64, "Mean of `middle_density`."),
        Column::new("end_density", Data::Float64, "Mean of `end_density`."),
        Column::new("lower", Data::Float64, "`density` less `density_error`, for bands."),
        Column::new("upper", Data::Float64, "`density` and `density_error`."),
    ],
};

/// A row of [`REGIONS_BY_STEP`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StepRow {
    /// Step of the checkpoint.
    pub step: u64,
    /// Over which lines.
    pub pairs: String,
    /// Number of lines.
    pub lines: u32,
    /// Mean number of regions.
    pub regions: f64,
    /// Its standard error.
    pub regions_error: Option<f64>,
    /// Mean of the transitions per unit of length.
    pub density: f64,
    /// Its standard error.
    pub density_error: Option<f64>,
    /// Mean of the transitions per unit of length in the middle halves.
    pub middle_density: f64,
    /// The same in the outer quarters.
    pub end_density: f64,
    /// Density less its error.
    pub lower: f64,
    /// Density and its error.
    pub upper: f64,
}

impl Row for StepRow {
    const TABLE: &'static Table = &REGIONS_BY_STEP;
}

/// What each layer contributes.
pub const TRANSITIONS_BY_LAYER: Table = Table {
    name: "transitions_by_layer",
    about: "Which layer's units bend along the lines: means over lines.",
    version: 1,
    layout: Layout::Tidy,
    optional: false,
    columns: &[
        STEP,
        Column::new(
            "layer",
            Data::UInt32,
            "Number of the layer among those that bend, from 1 at the input.",
        ),
        Column::new("units", Data::UInt32, "Its units with a bend: numbers of its value."),
        Column::new("lines", Data::UInt32, "Number of lines."),
        Column::new(
            "rate",
            Data::Float64,
            "Mean of its transitions per unit and unit of length: how often a unit changes its sign.",
        ),
        Column::new("rate_error", Data::Float64, "Standard error of the mean. NULL of one line.")
            .or_null(),
    ],
};

/// A row of [`TRANSITIONS_BY_LAYER`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct LayerRow {
    /// Step of the checkpoint.
    pub step: u64,
    /// Number of the layer, from 1.
    pub layer: u32,
    /// Its units.
    pub units: u32,
    /// Number of lines.
    pub lines: u32,
    /// Mean of its transitions per unit and unit of length.
    pub rate: f64,
    /// Its standard error.
    pub rate_error: Option<f64>,
}

impl Row for LayerRow {
    const TABLE: &'static Table = &TRANSITIONS_BY_LAYER;
}

/// The regions of each plane.
pub const REGIONS_ON_PLANES: Table = Table {
    name: "regions_on_planes",
    about: "The linear regions that meet a window of each plane, counted exactly.",
    version: 1,
    layout: Layout::Tidy,
    optional: false,
    columns: &[
        STEP,
        PLANE,
        Column::new(
            "regions",
            Data::UInt32,
            "Number of regions. NULL where there are more than `most_regions`.",
        )
        .or_null(),
        Column::new("area", Data::Float64, "Area of the window."),
        Column::new("mean_area", Data::Float64, "Area of the window by `regions`.").or_null(),
        Column::new(
            "largest_share",
            Data::Float64,
            "Share of the window that the largest region has.",
        )
        .or_null(),
        Column::new(
            "tiled_regions",
            Data::UInt32,
            "Regions in which the centre of a tile lies: what sampling on the grid finds.",
        )
        .or_null(),
    ],
};

/// A row of [`REGIONS_ON_PLANES`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlaneRow {
    /// Step of the checkpoint.
    pub step: u64,
    /// Number of the plane.
    pub plane: u32,
    /// Number of regions.
    pub regions: Option<u32>,
    /// Area of the window.
    pub area: f64,
    /// Mean area of a region.
    pub mean_area: Option<f64>,
    /// Share of the largest.
    pub largest_share: Option<f64>,
    /// Regions with the centre of a tile.
    pub tiled_regions: Option<u32>,
}

impl Row for PlaneRow {
    const TABLE: &'static Table = &REGIONS_ON_PLANES;
}

/// A picture of each plane.
pub const PLANE_TILES: Table = Table {
    name: "plane_tiles",
    about: "A picture of the regions of each plane: what the network says at the centres of tiles.",
    version: 1,
    layout: Layout::Large,
    optional: false,
    columns: &[
        STEP,
        PLANE,
        Column::new("u", Data::Float64, "First coordinate of the tile's centre: of inputs of two dimensions their first number, else the distance from the plane's first sample towards its second."),
        Column::new("v", Data::Float64, "Second coordinate, across the first."),
        Column::new("region", Data::UInt32, "Number of the region, from 0, within this step and plane."),
        Column::new("class", Data::UInt32, "Class that the network predicts. NULL without classes.").or_null(),
        Column::new("value", Data::Float64, "With classes how far the largest output is above the next, else the first output."),
        Column::new("distance", Data::Float64, "Distance on the plane to the nearest other region. NULL where there is one.").or_null(),
        Column::new("hue", Data::Float64, "A colour of the region, from 0 to 1 around the circle of hues: the direction in which `value` rises, with classes within a part of the circle for each. NULL where it is constant.").or_null(),
        Column::new("shade", Data::Float64, "A lightness, from 0 to 1: dark at the edges of regions, within them lighter the greater `value` is."),
    ],
};

/// A row of [`PLANE_TILES`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct TileRow {
    /// Step of the checkpoint.
    pub step: u64,
    /// Number of the plane.
    pub plane: u32,
    /// First coordinate.
    pub u: f64,
    /// Second coordinate.
    pub v: f64,
    /// Number of the region.
    pub region: u32,
    /// Predicted class.
    pub class: Option<u32>,
    /// Lead of the class, or the first output.
    pub value: f64,
    /// Distance to the nearest other region.
    pub distance: Option<f64>,
    /// Colour of the region.
    pub hue: Option<f64>,
    /// Lightness.
    pub shade: f64,
}

impl Row for TileRow {
    const TABLE: &'static Table = &PLANE_TILES;
}

/// The samples on each plane.
pub const PLANE_SAMPLES: Table = Table {
    name: "plane_samples",
    about: "The training samples that lie on each plane: the three it goes through, or of inputs of two dimensions all.",
    version: 1,
    layout: Layout::Tidy,
    optional: false,
    columns: &[
        PLANE,
        Column::new("sample", Data::UInt32, "Number of the training sample."),
        Column::new("u", Data::Float64, "First coordinate."),
        Column::new("v", Data::Float64, "Second coordinate."),
        Column::new("label", Data::UInt32, "Its class. NULL without classes.").or_null(),
        Column::new("target", Data::Float64, "The first number of its target."),
    ],
};

/// A row of [`PLANE_SAMPLES`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct SampleRow {
    /// Number of the plane.
    pub plane: u32,
    /// Number of the training sample.
    pub sample: u32,
    /// First coordinate.
    pub u: f64,
    /// Second coordinate.
    pub v: f64,
    /// Its class.
    pub label: Option<u32>,
    /// First number of its target.
    pub target: f64,
}

impl Row for SampleRow {
    const TABLE: &'static Table = &PLANE_SAMPLES;
}
