//! The kind of artifact that the stage makes.

use artifact::{Column, Data, Kind, KindDeclaration, Layout, Row, Table};
use serde::{Deserialize, Serialize};

/// Which samples are forgotten.
pub const KIND: Kind = Kind::declare(&KindDeclaration {
    name: "forgetting",
    about: "Which samples are learned and forgotten, and every other score of a sample.",
    tables: &[SCORES, CURVE, AGREEMENT, DETECTION, DIFFICULTY],
    facts: &[],
});

const GROUP: Column = Column::new(
    "group",
    Data::Text,
    "What the training runs have in common: the values of the axes that they do not differ in, as `width=64`. Empty where there are none.",
);
const MEASURE: Column = Column::new(
    "measure",
    Data::Text,
    "`tail_energy`, `leverage`, `kernel_diagonal` or `loo_margin` of a kernel; `el2n` or `grand` of the networks; any other is a column of `sample_scores`.",
);
const SOURCE: Column = Column::new(
    "source",
    Data::Text,
    "Where a measure comes from: `training`, the stage that made a kernel, or `gaussian`, the control.",
);
const STEP: Column = Column::new(
    "step",
    Data::UInt64,
    "Step of the network or kernel; NULL of what is of the whole run.",
)
.or_null();
const K: Column = Column::new("k", Data::UInt32, "Number of leading eigenvectors.").or_null();

/// All scores of a sample.
pub const SCORES: Table = Table {
    name: "sample_scores",
    about: "All scores of each training sample, over the runs of a group: counts are sums, other numbers means.",
    version: 1,
    layout: Layout::Tidy,
    optional: false,
    columns: &[
        GROUP,
        Column::new("sample", Data::UInt32, "Number of the sample within the training split."),
        Column::new("label", Data::UInt32, "Class that the networks were trained on."),
        Column::new("clean_label", Data::UInt32, "Class before labels were flipped; NULL where none were.").or_null(),
        Column::new("label_is", Data::Text, "`clean` or `flipped`, where labels were flipped; NULL where none were.").or_null(),
        Column::new("origin", Data::UInt32, "Number in the dataset that the sample was chosen from.").or_null(),
        Column::new("runs", Data::UInt32, "Training runs."),
        Column::new("presentations", Data::UInt64, "Looks at the sample."),
        Column::new("events", Data::UInt64, "Forgetting events: looks at which it is wrong and was right at the one before."),
        Column::new("learning_events", Data::UInt64, "Looks at which it is right and was not at the one before."),
        Column::new("never_learned", Data::UInt32, "Runs in which it was never right."),
        Column::new("score", Data::UInt64, "Events, and of a run in which it was never right all looks: what the authors sort by."),
        Column::new("unforgettable", Data::Boolean, "Whether it was learned and never forgotten, in all runs."),
        Column::new("first_learned", Data::Float64, "First look at which it is right, from 0, mean over the runs in which it is.").or_null(),
        Column::new("presentations_needed", Data::Float64, "Looks up to the last at which it is wrong; 0 where it never is."),
        Column::new("misclassification_margin", Data::Float64, "Mean margin over its forgetting events; NULL without any.").or_null(),
        Column::new("mean_margin", Data::Float64, "Mean over looks of the output of its class less the largest other: area under the margin (Pleiss et al. 2020)."),
        Column::new("confidence", Data::Float64, "Mean over looks of the probability of its class (Swayamdipta et al. 2020). NULL where the loss is no cross-entropy.").or_null(),
        Column::new("variability", Data::Float64, "Standard deviation over looks of the same, mean over runs.").or_null(),
        Column::new("correctness", Data::Float64, "Share of looks at which it is right."),
        Column::new("exact_events", Data::UInt64, "Forgetting events where all samples are looked at after every update; NULL where that was not asked for.").or_null(),
        Column::new("el2n", Data::Float64, "‖∂ℓ/∂f‖ at the step `early` (Paul et al. 2021).").or_null(),
        Column::new("grand", Data::Float64, "‖∂ℓ/∂θ‖ at the same step.").or_null(),
        Column::new("tail_energy", Data::Float64, "τ(k), the part of its target outside the k leading eigenvectors of the first kernel at its first step, k the first of `top`; NULL without a kernel.").or_null(),
        Column::new("leverage", Data::Float64, "Its share of these eigenvectors.").or_null(),
        Column::new("kernel_diagonal", Data::Float64, "k(x, x) of the same kernel.").or_null(),
        Column::new("loo_margin", Data::Float64, "Margin of what kernel ridge regression on all other samples predicts.").or_null(),
        Column::new("gaussian_tail_energy", Data::Float64, "τ(k) of the Gaussian kernel of inputs, the control.").or_null(),
    ],
};

/// A row of [`SCORES`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ScoreRow {
    /// What the runs have in common.
    pub group: String,
    /// Number within the training split.
    pub sample: u32,
    /// Class.
    pub label: u32,
    /// Class before labels were flipped.
    pub clean_label: Option<u32>,
    /// `clean` or `flipped`.
    pub label_is: Option<String>,
    /// Number in the dataset that it was chosen from.
    pub origin: Option<u32>,
    /// Training runs.
    pub runs: u32,
    /// Looks.
    pub presentations: u64,
    /// Forgetting events.
    pub events: u64,
    /// Learning events.
    pub learning_events: u64,
    /// Runs in which it was never right.
    pub never_learned: u32,
    /// Events, and all looks of a run in which it was never right.
    pub score: u64,
    /// Whether it was learned and never forgotten in all runs.
    pub unforgettable: bool,
    /// First look at which it is right.
    pub first_learned: Option<f64>,
    /// Looks up to the last at which it is wrong.
    pub presentations_needed: f64,
    /// Mean margin over its forgetting events.
    pub misclassification_margin: Option<f64>,
    /// Mean margin.
    pub mean_margin: f64,
    /// Mean probability of its class.
    pub confidence: Option<f64>,
    /// Standard deviation of the same.
    pub variability: Option<f64>,
    /// Share of looks at which it is right.
    pub correctness: f64,
    /// Events after every update.
    pub exact_events: Option<u64>,
    /// ‖∂ℓ/∂f‖.
    pub el2n: Option<f64>,
    /// ‖∂ℓ/∂θ‖.
    pub grand: Option<f64>,
    /// τ(k) of the first kernel.
    pub tail_energy: Option<f64>,
    /// Its share of the leading eigenvectors.
    pub leverage: Option<f64>,
    /// k(x, x).
    pub kernel_diagonal: Option<f64>,
    /// Leave-one-out margin.
    pub loo_margin: Option<f64>,
    /// τ(k) of the control.
    pub gaussian_tail_energy: Option<f64>,
}

impl Row for ScoreRow {
    const TABLE: &'static Table = &SCORES;
}

/// Counts over presentations.
pub const CURVE: Table = Table {
    name: "forgetting_curve",
    about: "How counts grow over the presentations of a run, the mean over the runs of a group.",
    version: 1,
    layout: Layout::Tidy,
    optional: false,
    columns: &[
        GROUP,
        Column::new("presentation", Data::UInt32, "Presentations of every sample so far, from 1."),
        Column::new("share_correct", Data::Float64, "Share of samples that are right at this one."),
        Column::new("share_learned", Data::Float64, "Share that has been right."),
        Column::new("share_never_forgotten", Data::Float64, "Share that has been right and was not forgotten."),
        Column::new("events", Data::Float64, "Forgetting events so far, a sample."),
        Column::new("rank_correlation_with_last", Data::Float64, "Rank correlation of the scores so far with those at the end of the same run; NULL where either is constant in a run.").or_null(),
    ],
};

/// A row of [`CURVE`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CurveRow {
    /// What the runs have in common.
    pub group: String,
    /// Presentations so far.
    pub presentation: u32,
    /// Share that is right.
    pub share_correct: f64,
    /// Share that has been right.
    pub share_learned: f64,
    /// Share that was not forgotten since.
    pub share_never_forgotten: f64,
    /// Events so far, a sample.
    pub events: f64,
    /// Rank correlation with the end.
    pub rank_correlation_with_last: Option<f64>,
}

impl Row for CurveRow {
    const TABLE: &'static Table = &CURVE;
}

/// How measures agree with forgetting.
pub const AGREEMENT: Table = Table {
    name: "agreement",
    about: "How each measure orders the samples beside the score of forgetting.",
    version: 1,
    layout: Layout::Tidy,
    optional: false,
    columns: &[
        GROUP,
        SOURCE,
        STEP,
        MEASURE,
        K,
        Column::new("spearman", Data::Float64, "Rank correlation with the score, over the samples that have the measure; NULL where either is constant.").or_null(),
        Column::new("auc_flipped", Data::Float64, "Area under the ROC of finding flipped labels, where small is suspicious (margins, confidence, correctness) of the measure turned around; NULL without flips.").or_null(),
    ],
};

/// A row of [`AGREEMENT`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AgreementRow {
    /// What the runs have in common.
    pub group: String,
    /// Where the measure comes from.
    pub source: String,
    /// Its step.
    pub step: Option<u64>,
    /// The measure.
    pub measure: String,
    /// Its k.
    pub k: Option<u32>,
    /// Rank correlation with the score.
    pub spearman: Option<f64>,
    /// Area under the ROC of finding flipped labels.
    pub auc_flipped: Option<f64>,
}

impl Row for AgreementRow {
    const TABLE: &'static Table = &AGREEMENT;
}

/// How measures find flipped labels.
pub const DETECTION: Table = Table {
    name: "detection",
    about: "How many flipped labels are among the samples that a measure calls most suspicious; without rows where no label was flipped.",
    version: 1,
    layout: Layout::Tidy,
    optional: false,
    columns: &[
        GROUP,
        SOURCE,
        STEP,
        MEASURE,
        K,
        Column::new(
            "flagged",
            Data::UInt32,
            "Samples that are called suspicious: half as many as were flipped, as many, twice as many.",
        ),
        Column::new(
            "precision",
            Data::Float64,
            "Share of these that were flipped; ties at the border count in proportion.",
        ),
        Column::new("recall", Data::Float64, "Share of the flipped that are among these."),
    ],
};

/// A row of [`DETECTION`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DetectionRow {
    /// What the runs have in common.
    pub group: String,
    /// Where the measure comes from.
    pub source: String,
    /// Its step.
    pub step: Option<u64>,
    /// The measure.
    pub measure: String,
    /// Its k.
    pub k: Option<u32>,
    /// Samples that are called suspicious.
    pub flagged: u32,
    /// Share of these that were flipped.
    pub precision: f64,
    /// Share of the flipped among these.
    pub recall: f64,
}

impl Row for DetectionRow {
    const TABLE: &'static Table = &DETECTION;
}

/// Measures of networks and kernels at every step.
pub const DIFFICULTY: Table = Table {
    name: "difficulty",
    about: "What networks and kernels say of each sample at each of their steps, the mean over the runs of a group.",
    version: 1,
    layout: Layout::Large,
    optional: false,
    columns: &[
        GROUP,
        SOURCE,
        Column::new("step", Data::UInt64, "Step of the network or kernel."),
        MEASURE,
        K,
        Column::new("sample", Data::UInt32, "Number of the sample within the training split."),
        Column::new("value", Data::Float64, "The measure."),
    ],
};

/// A row of [`DIFFICULTY`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DifficultyRow {
    /// What the runs have in common.
    pub group: String,
    /// Where the measure comes from.
    pub source: String,
    /// Step.
    pub step: u64,
    /// The measure.
    pub measure: String,
    /// Its k.
    pub k: Option<u32>,
    /// Number within the training split.
    pub sample: u32,
    /// The measure.
    pub value: f64,
}

impl Row for DifficultyRow {
    const TABLE: &'static Table = &DIFFICULTY;
}
