//! The stage `codes`: codes of samples at every checkpoint, and what they tell apart.

mod parameters;
mod plan;
mod table;

mod classify;
mod measures;
mod plane;
mod regime;
mod survey;

mod figures;
mod findings;
mod run;

use std::path::Path;

use artifact::{Kind, Outline};
use stage::{Context, Inputs, Limits, Outlines, Plan, Port, Stage, StageError};

pub use regime::Regime;

pub use parameters::{Classifier, Parameters, Regimes};
pub use table::{
    CODE_NEIGHBOURS, CODE_PLANE, CODES, CodeRow, ENCODING, EncodingRow, KIND, Metric, NeighbourRow,
    PlaneRow, REGIMES, RegimeRow,
};

/// The stage `codes`.
pub struct Codes;

impl Stage for Codes {
    type Parameters = Parameters;

    const NAME: &'static str = "codes";
    const VERSION: &'static str = "1";
    const SUMMARY: &'static str = "Which units samples activate, as binary codes, and how well these tell samples and classes apart.";
    const INPUTS: &'static [Port] =
        &[Port::one("dataset", Kind::DATASET), Port::one("training", Kind::TRAINING)];
    const MADE_FROM: &'static [(&'static str, &'static [&'static str])] =
        &[("training", &["dataset"])];
    const OUTPUT: Kind = KIND;
    const USES_SEED: bool = true;

    fn plan(parameters: &Parameters, inputs: &Outlines, limits: &Limits) -> Plan {
        plan::plan(parameters, inputs, limits)
    }

    fn run(
        parameters: &Parameters,
        inputs: &Inputs,
        output: &Path,
        context: &Context,
    ) -> Result<Outline, StageError> {
        run::run(parameters, inputs, output, context)
    }
}
