//! The kinds of artifact, in the order of the chain.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::table::Table;
use crate::tables;

/// What an artifact is, and with that which tables it holds.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Samples of a function to be learned.
    Dataset,
    /// The history and the checkpoints of one training run.
    Training,
    /// One Gramian for each checkpoint.
    Kernel,
    /// Eigenpairs of those Gramians and what is measured with them.
    Spectrum,
    /// Findings, figures and the page that a person reads.
    Report,
}

impl Kind {
    /// Every kind, in the order of the chain.
    pub const ALL: [Self; 5] =
        [Self::Dataset, Self::Training, Self::Kernel, Self::Spectrum, Self::Report];

    /// The kind's name as it stands in YAML, JSON and folder names.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Dataset => "dataset",
            Self::Training => "training",
            Self::Kernel => "kernel",
            Self::Spectrum => "spectrum",
            Self::Report => "report",
        }
    }

    /// The tables of this kind, in the order in which docs list them.
    #[must_use]
    pub const fn tables(self) -> &'static [&'static Table] {
        match self {
            Self::Dataset => tables::dataset::TABLES,
            Self::Training => tables::training::TABLES,
            Self::Kernel => tables::kernel::TABLES,
            Self::Spectrum => tables::spectrum::TABLES,
            Self::Report => tables::report::TABLES,
        }
    }
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}
