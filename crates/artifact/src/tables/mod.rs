//! Every table of every kind of artifact: the one place where a column is defined.
//!
//! `docs/tables.md` is generated from these definitions by `cargo xtask docs`.

pub mod dataset;
pub mod findings;
pub mod kernel;
pub mod prediction;
pub mod run;
pub mod spectrum;
pub mod training;

#[cfg(test)]
mod tests;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The part of a dataset that a row belongs to.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Split {
    /// Samples that the network is trained on; the Gramian is made of these.
    Train,
    /// Samples that are only looked at.
    Test,
}

impl Split {
    /// The names of both splits.
    pub const NAMES: &[&str] = &[Self::Train.name(), Self::Test.name()];

    /// The split's name as it stands in tables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::Test => "test",
        }
    }
}

/// A vector over the samples whose energy in the eigenvectors is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Signal {
    /// ȳ, the targets.
    Target,
    /// f̄, the network's outputs.
    Output,
    /// m̄ = ∂ℓ/∂f, for least squares f̄ − ȳ.
    Residual,
    /// ȳ with its samples in random order, in expectation: a control without structure.
    ShuffledTarget,
}

impl Signal {
    /// The names of all signals.
    pub const NAMES: &[&str] = &[
        Self::Target.name(),
        Self::Output.name(),
        Self::Residual.name(),
        Self::ShuffledTarget.name(),
    ];

    /// The signal's name as it stands in tables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Target => "target",
            Self::Output => "output",
            Self::Residual => "residual",
            Self::ShuffledTarget => "shuffled_target",
        }
    }
}
