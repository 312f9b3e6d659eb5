//! The kind of artifact that `codes` makes.

use artifact::tables::Split;
use artifact::tables::findings::FINDINGS;
use artifact::{Column, Data, Fact, FactType, Kind, KindDeclaration, Layout, Row, Table};
use serde::{Deserialize, Serialize};

/// Codes of samples, and what is measured of them.
pub const KIND: Kind = Kind::declare(&KindDeclaration {
    name: "codes",
    about: "Which units of a network each sample activates, as a binary code, and how well codes tell samples and classes apart.",
    tables: &[CODES, ENCODING, REGIMES, CODE_NEIGHBOURS, CODE_PLANE, FINDINGS],
    facts: &[
        Fact::optional("code_bits", FactType::Count, "w, bits of a code.").shown("{} bits"),
        Fact::optional(
            "code_layers",
            FactType::Counts,
            "Bits of each layer, in the order in which they stand in the code.",
        ),
    ],
});

const STEP: Column = Column::new("step", Data::UInt64, "Updates made so far.");
const SPLIT: Column = Column::new("split", Data::Text, "`train` or `test`.").one_of(Split::NAMES);
const SAMPLE: Column =
    Column::new("sample", Data::UInt32, "Number of the sample within its split.");

/// The codes at each checkpoint.
pub const CODES: Table = Table {
    name: "codes",
    about: "The code of every sample at each checkpoint.",
    version: 1,
    layout: Layout::PerStep,
    optional: false,
    columns: &[
        STEP,
        SPLIT,
        SAMPLE,
        Column::new(
            "code",
            Data::UInt32List,
            "Bit j of the code, 1 where unit j is above 0, is bit j mod 32 of number j / 32; layers side by side.",
        ),
    ],
};

/// A row of [`CODES`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodeRow {
    /// Updates made so far.
    pub step: u64,
    /// Part of the dataset.
    pub split: Split,
    /// Number within the split.
    pub sample: u32,
    /// Its bits, 32 in each number.
    pub code: Vec<u32>,
}

impl Row for CodeRow {
    const TABLE: &'static Table = &CODES;
}

/// What is measured of codes.
pub const ENCODING: Table = Table {
    name: "encoding",
    about: "How well codes tell samples and classes apart.",
    version: 1,
    layout: Layout::Tidy,
    optional: false,
    columns: &[
        STEP,
        Column::new(
            "layer",
            Data::UInt32,
            "Number of the layer among those with codes, from 0; NULL for the code of all chosen layers.",
        )
        .or_null(),
        SPLIT,
        Column::new(
            "metric",
            Data::Text,
            "`redundancy`, (n − distinct)/n; `distinct`, different codes; `dead_units`, bits that are 0 for all n samples; `constant_units`, bits that are the same for all; `hamming_within` and `hamming_between`, the mean share of bits in which two samples of one class and of two classes differ; `kmeans_purity`, the share of samples with the class of most in their cluster; `kmeans_assigned`, the same with one class for each cluster; `kmeans_transferred`, of test samples in clusters and with classes of training samples; `knn`, the vote of the nearest training samples; `logistic`; `network`, its own accuracy; with `raw_` the same of inputs in place of codes, once again at each step, so that a figure over steps and a query need no join.",
        )
        .one_of(Metric::NAMES),
        Column::new(
            "value",
            Data::Float64,
            "The number; accuracies are shares of the samples. NULL where there is none: no pair of samples, or a regression that did not converge.",
        )
        .or_null(),
    ],
};

/// A row of [`ENCODING`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct EncodingRow {
    /// Updates made so far.
    pub step: u64,
    /// Number of the layer; none for all together.
    pub layer: Option<u32>,
    /// Part of the dataset.
    pub split: Split,
    /// What is measured.
    pub metric: Metric,
    /// The number.
    pub value: Option<f64>,
}

impl Row for EncodingRow {
    const TABLE: &'static Table = &ENCODING;
}

/// What is measured of codes; of inputs the names begin with `raw`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the column `metric` says what they are")]
pub enum Metric {
    Redundancy,
    Distinct,
    DeadUnits,
    ConstantUnits,
    HammingWithin,
    HammingBetween,
    KmeansPurity,
    KmeansAssigned,
    KmeansTransferred,
    Knn,
    Logistic,
    Network,
    RawKmeansPurity,
    RawKmeansAssigned,
    RawKmeansTransferred,
    RawKnn,
    RawLogistic,
}

impl Metric {
    const NAMES: &[&str] = &[
        "redundancy",
        "distinct",
        "dead_units",
        "constant_units",
        "hamming_within",
        "hamming_between",
        "kmeans_purity",
        "kmeans_assigned",
        "kmeans_transferred",
        "knn",
        "logistic",
        "network",
        "raw_kmeans_purity",
        "raw_kmeans_assigned",
        "raw_kmeans_transferred",
        "raw_knn",
        "raw_logistic",
    ];

    /// The same of inputs, where that is measured.
    #[must_use]
    pub fn of_inputs(self) -> Self {
        match self {
            Self::KmeansPurity => Self::RawKmeansPurity,
            Self::KmeansAssigned => Self::RawKmeansAssigned,
            Self::KmeansTransferred => Self::RawKmeansTransferred,
            Self::Knn => Self::RawKnn,
            Self::Logistic => Self::RawLogistic,
            other => other,
        }
    }
}

/// One row a step: where in the phase chart the network is.
pub const REGIMES: Table = Table {
    name: "regimes",
    about: "In which regime of He et al. (2021) the network is at each step; without rows where neighbours do not vote.",
    version: 1,
    layout: Layout::Tidy,
    optional: false,
    columns: &[
        STEP,
        Column::new("redundancy_train", Data::Float64, "(n − distinct)/n of the training samples."),
        Column::new("knn", Data::Float64, "Test accuracy of the nearest neighbours' vote."),
        Column::new("network_accuracy", Data::Float64, "Test accuracy of the network itself."),
        Column::new(
            "regime",
            Data::UInt32,
            "0, 1 or 2: under-, critically or sufficiently expressive; the vote is held against the network at the last step.",
        ),
        Column::new("regime_name", Data::Text, "`under`, `critical` or `sufficient`.").one_of(&[
            "under",
            "critical",
            "sufficient",
        ]),
    ],
};

/// A row of [`REGIMES`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RegimeRow {
    /// Updates made so far.
    pub step: u64,
    /// Redundancy of the training samples.
    pub redundancy_train: f64,
    /// Test accuracy of the neighbours' vote.
    pub knn: f64,
    /// Test accuracy of the network.
    pub network_accuracy: f64,
    /// 0, 1 or 2.
    pub regime: u32,
    /// Its name.
    pub regime_name: String,
}

impl Row for RegimeRow {
    const TABLE: &'static Table = &REGIMES;
}

/// The nearest codes of a few test samples.
pub const CODE_NEIGHBOURS: Table = Table {
    name: "code_neighbours",
    about: "The training samples with the codes nearest to those of some test samples, the same at every step.",
    version: 1,
    layout: Layout::Tidy,
    optional: false,
    columns: &[
        STEP,
        Column::new("sample", Data::UInt32, "Number of the test sample."),
        Column::new("rank", Data::UInt32, "1 for the nearest; equally near ones by their number."),
        Column::new("neighbour", Data::UInt32, "Number of the training sample."),
        Column::new("distance", Data::UInt32, "Bits in which both codes differ."),
        Column::new(
            "same_class",
            Data::Boolean,
            "Whether both are of one class; NULL without classes.",
        )
        .or_null(),
    ],
};

/// A row of [`CODE_NEIGHBOURS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NeighbourRow {
    /// Updates made so far.
    pub step: u64,
    /// The test sample.
    pub sample: u32,
    /// From 1.
    pub rank: u32,
    /// The training sample.
    pub neighbour: u32,
    /// Differing bits.
    pub distance: u32,
    /// Whether both are of one class.
    pub same_class: Option<bool>,
}

impl Row for NeighbourRow {
    const TABLE: &'static Table = &CODE_NEIGHBOURS;
}

/// Codes in a plane.
pub const CODE_PLANE: Table = Table {
    name: "code_plane",
    about: "The codes of the first samples of each split along the first two principal components of those of the training samples.",
    version: 1,
    layout: Layout::Tidy,
    optional: false,
    columns: &[
        STEP,
        SPLIT,
        SAMPLE,
        Column::new("label", Data::UInt32, "Class; NULL where there is none.").or_null(),
        Column::new(
            "x",
            Data::Float64,
            "Along the first component; its largest entry is positive.",
        ),
        Column::new("y", Data::Float64, "Along the second."),
    ],
};

/// A row of [`CODE_PLANE`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlaneRow {
    /// Updates made so far.
    pub step: u64,
    /// Part of the dataset.
    pub split: Split,
    /// Number within the split.
    pub sample: u32,
    /// Class.
    pub label: Option<u32>,
    /// Along the first component.
    pub x: f64,
    /// Along the second.
    pub y: f64,
}

impl Row for PlaneRow {
    const TABLE: &'static Table = &CODE_PLANE;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_metric_is_one_of_the_declared_words() {
        let word = |metric: Metric| serde_json::to_value(metric).unwrap();
        for name in Metric::NAMES {
            let metric: Metric = serde_json::from_value((*name).into()).unwrap();
            assert_eq!(word(metric), *name);
        }
        assert_eq!(word(Metric::Knn.of_inputs()), "raw_knn");
        assert_eq!(word(Metric::Network.of_inputs()), "network");
    }
}
