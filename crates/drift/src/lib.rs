//! Stage `drift`: how far each parameter tensor moves from its initialization.
//!
//! A network is lazy where its parameters hardly move, and its kernel with them (Chizat, Oyallon & Bach
//! 2019). This is also the smallest study in Rust: a kind of its own with one table, a finding, a figure
//! and a trend. Nothing else in the workspace knows it.

mod figure;
mod table;

use std::collections::BTreeMap;
use std::path::Path;

use artifact::tables::findings::FindingRow;
use artifact::tables::training::{CHECKPOINTS, CheckpointRow};
use artifact::{Kind, Outline, read_step, steps, write_rows};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use stage::{Context, Inputs, Limits, Outlines, Plan, Port, Stage, StageError};
use study::Finding;

pub use table::{ALL, DRIFT, DriftRow};

/// The stage `drift`.
pub struct Drift;

/// What a user may set.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Parameters {
    /// Relative distance up to which a network counts as lazy.
    #[schemars(range(min = 0.0))]
    pub lazy: f64,
}

impl Default for Parameters {
    fn default() -> Self {
        Self { lazy: 0.1 }
    }
}

impl Stage for Drift {
    type Parameters = Parameters;

    const NAME: &'static str = "drift";
    const VERSION: &'static str = "1";
    const SUMMARY: &'static str = "How far each parameter tensor moves from its initialization.";
    const INPUTS: &'static [Port] = &[Port::one("training", Kind::TRAINING)];
    const OUTPUT: Kind = table::KIND;
    const USES_SEED: bool = false;

    fn plan(_: &Parameters, inputs: &Outlines, _: &Limits) -> Plan {
        Plan { outline: inputs.one("training"), ..Plan::default() }
    }

    fn run(
        parameters: &Parameters,
        inputs: &Inputs,
        output: &Path,
        context: &Context,
    ) -> Result<Outline, StageError> {
        let training = inputs.one("training")?;
        let known = steps(training.path(), &CHECKPOINTS)?;
        let mut rows = Vec::new();
        let mut first: Option<BTreeMap<String, Vec<f32>>> = None;
        for (done, &step) in (1..).zip(&known) {
            let tensors: BTreeMap<String, Vec<f32>> = read_step(training.path(), step)?
                .into_iter()
                .map(|row: CheckpointRow| (row.parameter, row.values))
                .collect();
            let start = first.get_or_insert_with(|| tensors.clone());
            rows.extend(drift(step, start, &tensors));
            context.progress(done, known.len() as u64, "checkpoint", String::new);
        }
        write_rows(output, &rows)?;
        write_rows(output, &[finding(&rows, parameters.lazy)])?;
        figure::study().write(output)?;
        Ok(training.manifest()?.outline)
    }
}

/// ‖θ_t − θ_0‖ of every tensor, and of all together; relative to ‖θ_0‖ where that is not 0.
///
/// Sums are f64, over the entries in order. A tensor that `start` lacks has moved from 0.
#[must_use]
pub fn drift(
    step: u64,
    start: &BTreeMap<String, Vec<f32>>,
    now: &BTreeMap<String, Vec<f32>>,
) -> Vec<DriftRow> {
    let row = |parameter: &str, moved: f64, size: f64| DriftRow {
        step,
        parameter: parameter.to_owned(),
        distance: moved.sqrt(),
        relative: (size > 0.0).then(|| (moved / size).sqrt()),
    };
    let (mut rows, mut all_moved, mut all_size) = (Vec::new(), 0.0, 0.0);
    for (parameter, values) in now {
        let before = start.get(parameter).map_or(&[][..], Vec::as_slice);
        let before = before.iter().copied().chain(std::iter::repeat(0.0));
        let (mut moved, mut size) = (0.0, 0.0);
        for (&value, before) in values.iter().zip(before) {
            moved += (f64::from(value) - f64::from(before)).powi(2);
            size += f64::from(before).powi(2);
        }
        rows.push(row(parameter, moved, size));
        all_moved += moved;
        all_size += size;
    }
    rows.push(row(ALL, all_moved, all_size));
    rows
}

/// Whether the parameters as a whole stay where they began.
fn finding(rows: &[DriftRow], lazy: f64) -> FindingRow {
    let finding = Finding {
        name: "parameters_stay",
        statement: "The parameters stay near their initialization: the network is lazy.",
        measure:
            "‖θ_T − θ_0‖ / ‖θ_0‖ of all parameters together, at the first and the last checkpoint"
                .to_owned(),
        rule: format!("at most {lazy} at the last checkpoint"),
    };
    let last = rows.iter().rev().find(|row| row.parameter == ALL);
    match last.and_then(|row| row.relative) {
        Some(moved) => finding.decided(0.0, moved, lazy - moved, None),
        None => finding.not_applicable("All parameters are 0 at the start."),
    }
}

#[cfg(test)]
mod tests {
    use artifact::tables::findings::Verdict;
    use stage::Input;

    use super::*;

    fn tensors(weight: &[f32], bias: &[f32]) -> BTreeMap<String, Vec<f32>> {
        BTreeMap::from([
            ("layers.0.bias".to_owned(), bias.to_vec()),
            ("layers.0.weight".to_owned(), weight.to_vec()),
        ])
    }

    #[test]
    fn distances_add_in_squares_and_zero_has_no_relative_one() {
        let rows = drift(7, &tensors(&[3.0, 4.0], &[0.0]), &tensors(&[3.0, 1.0], &[4.0]));
        let found: Vec<(&str, f64, Option<f64>)> =
            rows.iter().map(|row| (row.parameter.as_str(), row.distance, row.relative)).collect();
        assert_eq!(
            found,
            [
                ("layers.0.bias", 4.0, None),
                ("layers.0.weight", 3.0, Some(0.6)),
                (ALL, 5.0, Some(1.0)),
            ]
        );
    }

    #[test]
    fn a_network_is_lazy_up_to_the_bound() {
        let verdict = |relative| {
            let row = DriftRow { step: 9, parameter: ALL.to_owned(), distance: 1.0, relative };
            finding(&[row], 0.1).verdict
        };
        assert_eq!(verdict(Some(0.09)), Verdict::Holds);
        assert_eq!(verdict(Some(0.11)), Verdict::DoesNotHold);
        assert_eq!(verdict(None), Verdict::NotApplicable);
    }

    #[test]
    fn a_run_has_a_table_a_finding_and_a_figure_that_can_be_drawn() {
        let (training, output) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        for (step, value) in [(0, 2.0), (10, 3.0)] {
            let row = CheckpointRow {
                step,
                parameter: "layers.0.weight".to_owned(),
                shape: vec![1, 1],
                values: vec![value],
            };
            artifact::write_step(training.path(), step, &[row]).unwrap();
        }
        let manifest = artifact::Manifest {
            stage: "train".to_owned(),
            ..artifact::Manifest::bare(Kind::TRAINING)
        };
        manifest.write(training.path()).unwrap();
        let input = Input::at(training.path().to_owned());
        let inputs = Inputs([("training".to_owned(), vec![input])].into());
        let context = Context::silent(0, Limits { threads: 1, memory_bytes: 1 << 20 });
        Drift::run(&Parameters::default(), &inputs, output.path(), &context).unwrap();
        let records = artifact::Manifest::record_tables(output.path(), Drift::OUTPUT).unwrap();
        assert_eq!(records.iter().map(|record| record.rows).collect::<Vec<_>>(), [4, 1]);
        let study = study::Study::read(output.path()).unwrap();
        assert!(study.faults(Drift::OUTPUT).is_empty());
        assert_eq!(study.figures.len(), 1);
    }
}
