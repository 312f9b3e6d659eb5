//! What a table is: its columns, their types, units and meaning, and how it lies on disk.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef, Schema, SchemaRef};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// One table of an artifact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Table {
    /// File stem (`history.parquet`) or, for [`Layout::PerStep`], folder (`gram/step-….parquet`).
    pub name: &'static str,
    /// One sentence for `docs/tables.md`.
    pub about: &'static str,
    /// Major version: raised when a column changes its name, type or meaning. New nullable columns, and
    /// columns that become nullable, do not raise it: files without them are read.
    pub version: u32,
    /// How the table lies on disk.
    pub layout: Layout,
    /// Whether an artifact may lack it.
    pub optional: bool,
    /// The columns, in order.
    pub columns: &'static [Column],
}

/// How a table lies on disk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Layout {
    /// One small file; gathered into the results of a run.
    #[default]
    Tidy,
    /// One large file (vectors in cells); linked, not copied, into the results of a run.
    Large,
    /// A folder with one file a training step; linked into the results of a run.
    PerStep,
}

/// One column of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Column {
    /// snake_case name.
    pub name: &'static str,
    /// Type of its cells.
    #[serde(rename = "type")]
    pub data: Data,
    /// Whether a cell may be NULL: the measure does not exist there. NaN never stands for it.
    pub nullable: bool,
    /// The words that a column of text is limited to; none where any text may stand there.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub words: &'static [&'static str],
    /// Unit, empty where the quantity has none.
    pub unit: &'static str,
    /// One sentence for `docs/tables.md`.
    pub about: &'static str,
}

/// Type of a column's cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Data {
    /// Boolean.
    Boolean,
    /// 32-bit index or count.
    #[serde(rename = "uint32")]
    UInt32,
    /// 64-bit index or count: training steps.
    #[serde(rename = "uint64")]
    UInt64,
    /// Whole number of either sign.
    Int64,
    /// A measured scalar.
    Float64,
    /// UTF-8 text.
    Text,
    /// A vector of f32 whose length may differ between files.
    #[serde(rename = "list of float32")]
    Float32List,
    /// The same of f32 or of f64, as its writer chooses.
    #[serde(rename = "list of float32 or float64")]
    FloatList,
    /// A shape.
    #[serde(rename = "list of uint32")]
    UInt32List,
}

impl Data {
    /// The type's name, as docs and declarations have it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Boolean => "boolean",
            Self::UInt32 => "uint32",
            Self::UInt64 => "uint64",
            Self::Int64 => "int64",
            Self::Float64 => "float64",
            Self::Text => "text",
            Self::Float32List => "list of float32",
            Self::FloatList => "list of float32 or float64",
            Self::UInt32List => "list of uint32",
        }
    }

    /// How a column gets this type in pandas and in Polars, as part of a message.
    pub(crate) const fn how_to_write(self) -> &'static str {
        match self {
            Self::Boolean => "in pandas `.astype(\"bool\")`, in Polars `.cast(pl.Boolean)`",
            Self::UInt32 => {
                "in pandas `.astype(\"uint32\")`, or \"UInt32\" with missing cells, in Polars `.cast(pl.UInt32)`"
            }
            Self::UInt64 => {
                "in pandas `.astype(\"uint64\")`, or \"UInt64\" with missing cells, in Polars `.cast(pl.UInt64)`"
            }
            Self::Int64 => {
                "in pandas `.astype(\"int64\")`, or \"Int64\" with missing cells, in Polars `.cast(pl.Int64)`"
            }
            Self::Float64 => "in pandas `.astype(\"float64\")`, in Polars `.cast(pl.Float64)`",
            Self::Text => "in pandas `.astype(\"str\")`, in Polars `.cast(pl.String)`",
            Self::Float32List => {
                "in pandas a `numpy.float32` array in each cell, in Polars `.cast(pl.List(pl.Float32))`"
            }
            Self::FloatList => {
                "in pandas a `numpy.float32` or `numpy.float64` array in each cell, in Polars `.cast(pl.List(pl.Float64))`"
            }
            Self::UInt32List => {
                "in pandas a `numpy.uint32` array in each cell, in Polars `.cast(pl.List(pl.UInt32))`"
            }
        }
    }

    /// The Arrow type that Parquet, DuckDB and Polars see; of those that a column may have, the first.
    ///
    /// Vectors are lists, not fixed-size lists: their width is N, d or o, which differ between
    /// the variants of a sweep, and a Polars scan over files of two widths fails.
    #[must_use]
    pub fn arrow(self) -> DataType {
        let item = |data| DataType::List(Arc::new(Field::new("element", data, false)));
        match self {
            Self::Boolean => DataType::Boolean,
            Self::UInt32 => DataType::UInt32,
            Self::UInt64 => DataType::UInt64,
            Self::Int64 => DataType::Int64,
            Self::Float64 => DataType::Float64,
            Self::Text => DataType::Utf8,
            Self::Float32List | Self::FloatList => item(DataType::Float32),
            Self::UInt32List => item(DataType::UInt32),
        }
    }
}

impl Data {
    /// The Arrow types that a column may have.
    pub(crate) fn arrows(self) -> Vec<DataType> {
        let mut all = vec![self.arrow()];
        if self == Self::FloatList {
            all.push(DataType::List(Arc::new(Field::new("element", DataType::Float64, false))));
        }
        all
    }
}

impl Column {
    /// A column that is never NULL and has no unit.
    #[must_use]
    pub const fn new(name: &'static str, data: Data, about: &'static str) -> Self {
        Self { name, data, nullable: false, words: &[], unit: "", about }
    }

    /// The same column, allowed to be NULL.
    #[must_use]
    pub const fn or_null(mut self) -> Self {
        self.nullable = true;
        self
    }

    /// The same column of text, limited to `words`.
    #[must_use]
    pub const fn one_of(mut self, words: &'static [&'static str]) -> Self {
        self.words = words;
        self
    }

    /// The same column with a unit.
    #[must_use]
    pub const fn in_unit(mut self, unit: &'static str) -> Self {
        self.unit = unit;
        self
    }

    /// The Arrow field of this column.
    #[must_use]
    pub fn field(&self) -> FieldRef {
        Arc::new(Field::new(self.name, self.data.arrow(), self.nullable))
    }
}

impl Table {
    /// The Arrow schema of this table.
    #[must_use]
    pub fn schema(&self) -> SchemaRef {
        Arc::new(Schema::new(self.columns.iter().map(Column::field).collect::<Vec<_>>()))
    }

    /// Whether the first column is `step`, by which rows are sorted then.
    #[must_use]
    pub fn starts_with_step(&self) -> bool {
        self.columns.first().is_some_and(|column| column.name == "step")
    }
}

/// A row of a table as a Rust value; the field names are the column names.
pub trait Row: Serialize + DeserializeOwned {
    /// The table that the row belongs to.
    const TABLE: &'static Table;
}
