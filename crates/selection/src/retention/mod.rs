//! Stage `retention`: what is still known of some samples while others are learned.

mod chain;
mod findings;
mod rows;
mod table;

use std::path::Path;

use artifact::{Kind, Outline, write_rows};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use stage::{Context, Inputs, Limits, Outlines, Plan, Port, Stage, StageError};
use study::Study;

pub use table::{CurveRow, KIND, RETENTION, RETENTION_CURVE, RetentionRow};

/// The stage `retention`.
pub struct Retention;

/// What a user may set.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Parameters {
    /// The stage of the pipeline that is the first to learn from samples of which little should be lost.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub easy: Option<String>,
    /// The one that is the first to learn from samples of which more should be lost.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hard: Option<String>,
}

const FIGURES: &str = include_str!("figures.yaml");

impl Stage for Retention {
    type Parameters = Parameters;

    const NAME: &'static str = "retention";
    const VERSION: &'static str = "1";
    const SUMMARY: &'static str = "What networks that learn from parts of the data in turn still know of one part while they learn another.";
    const INPUTS: &'static [Port] = &[Port::many("training", Kind::TRAINING)];
    const OUTPUT: Kind = KIND;
    const USES_SEED: bool = false;

    fn plan(_: &Parameters, _: &Outlines, _: &Limits) -> Plan {
        Plan::default()
    }

    fn run(
        parameters: &Parameters,
        inputs: &Inputs,
        output: &Path,
        context: &Context,
    ) -> Result<Outline, StageError> {
        let phases = chain::phases(inputs)?;
        let stages: Vec<&str> = phases.iter().map(|phase| phase.samples_of.as_str()).collect();
        for (key, name) in [("easy", &parameters.easy), ("hard", &parameters.hard)] {
            if let Some(name) = name.as_deref().filter(|name| !stages.contains(name)) {
                let mut known = stages.clone();
                known.sort_unstable();
                known.dedup();
                let message = format!(
                    "`{key}` is {name}, and no such stage is the first to learn from samples"
                );
                return Err(StageError::new(message).hint(format!(
                    "stages that are, of those wired to `training`: {}",
                    known.join(", ")
                )));
            }
        }
        write_rows(output, &rows::retention(&phases))?;
        write_rows(output, &rows::curve(&phases))?;
        write_rows(output, &findings::all(&phases, parameters))?;
        Study::from_template(FIGURES, &[])?.write(output)?;
        context.progress(1, 1, "table", String::new);
        Ok(Outline::default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_figure_can_be_drawn_from_the_declared_tables() {
        let found = Study::from_template(FIGURES, &[]).unwrap();
        assert_eq!(found.figures.len(), 1);
        assert_eq!(found.faults(KIND), [""; 0]);
    }
}
