//! Stage `pruning`: what training on a selection is worth.

mod evidence;
mod findings;
mod table;

use std::borrow::Cow;
use std::path::Path;

use artifact::{ANY_KIND, Kind, Outline, write_rows};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use stage::{Context, Inputs, Limits, Outlines, Plan, Port, Stage, StageError};
use study::Study;

pub use table::{KIND, PRUNING, PruningRow};

/// The stage `pruning`.
pub struct Pruning;

/// What a user may set.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Parameters {
    /// Stage of the pipeline that selects: axes of the sweep that set its `remove`, `order`, `score` and `skip` are
    /// told apart. Where left out, axes that set parameters of these names of any stage.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub select: Option<String>,
}

/// Scores of the samples, for the share that is never forgotten.
const SCORES: Port = Port {
    name: Cow::Borrowed("scores"),
    kind: Cow::Borrowed(ANY_KIND),
    many: true,
    optional: true,
    made_from: Vec::new(),
    partial: true,
};

const FIGURES: &str = include_str!("figures.yaml");

impl Stage for Pruning {
    type Parameters = Parameters;

    const NAME: &'static str = "pruning";
    const VERSION: &'static str = "1";
    const SUMMARY: &'static str =
        "What training on a selection is worth: accuracy against the share that was removed.";
    const INPUTS: &'static [Port] = &[Port::many("training", Kind::TRAINING).partial(), SCORES];
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
        let runs = evidence::runs(inputs, parameters.select.as_deref())?;
        let never_forgotten = evidence::never_forgotten(inputs)?;
        let rows = evidence::rows(&runs);
        write_rows(output, &rows)?;
        write_rows(output, &findings::all(&runs, never_forgotten))?;
        Study::from_template(FIGURES, &[])?.write(output)?;
        context.progress(1, 1, "table", String::new);
        Ok(Outline::default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_figure_can_be_drawn_from_the_declared_table() {
        let found = Study::from_template(FIGURES, &[]).unwrap();
        assert_eq!(found.figures.len(), 1);
        assert_eq!(found.faults(KIND), [""; 0]);
    }
}
