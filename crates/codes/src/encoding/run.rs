//! Codes of every checkpoint, and what is measured of them, from tables to tables.

use std::path::Path;

use artifact::tables::Split;
use artifact::tables::training::CHECKPOINTS;
use artifact::{Outline, steps, write_rows, write_step};
use kernel::{architecture, load_network};
use stage::{Context, Inputs, StageError};

use super::measures::redundancy;
use super::parameters::Parameters;
use super::survey::{Found, Survey};
use super::table::CodeRow;
use super::{figures, findings, plan};
use crate::code::{Encoded, encode};
use crate::gated::chosen;
use crate::samples::Dataset;

/// Writes codes and measures of every checkpoint into `output`.
///
/// # Errors
/// Where an input is damaged, the network has no codes, or a table cannot be written.
pub fn run(
    parameters: &Parameters,
    inputs: &Inputs,
    output: &Path,
    context: &Context,
) -> Result<Outline, StageError> {
    inputs.check_origin("training", "dataset")?;
    let training = inputs.one("training")?;
    let outline = training.manifest()?.outline;
    let dataset = Dataset::read(inputs.one("dataset")?.path(), &outline)?;
    let survey = Survey::new(parameters, &dataset, context.seed)?;
    let of_inputs = if parameters.raw { survey.of_inputs() } else { Vec::new() };

    let checkpoints = steps(training.path(), &CHECKPOINTS)?;
    let mut found = Found::default();
    let mut layers = Vec::new();
    for (done, &step) in (1..).zip(&checkpoints) {
        let network = load_network(training.path(), &outline, step)?;
        layers = chosen(network.program(), &parameters.layers)?;
        let [train, test] =
            [&dataset.train, &dataset.test].map(|of| encode(&network, &layers, &of.inputs));
        let encoded = [train?, test?];
        write_step(output, step, &code_rows(step, &encoded))?;
        survey.measure(step, &layers, &encoded, &mut found)?;
        found.add(step, None, &of_inputs);
        let total = checkpoints.len() as u64;
        let shared = redundancy(&encoded[0].codes).unwrap_or(0.0);
        context.progress(done, total, "checkpoint", || format!("redundancy {shared:.3}"));
    }
    let end = found.summaries.last().and_then(|last| last.network).unwrap_or(0.0);
    let regimes = found.summaries.iter().filter_map(|it| it.regime_row(end, parameters.regimes));
    let regimes: Vec<_> = regimes.collect();
    write_rows(output, &found.encoding)?;
    write_rows(output, &regimes)?;
    write_rows(output, &found.neighbours)?;
    write_rows(output, &found.plane)?;
    write_rows(output, &findings::all(&found.summaries, parameters.regimes))?;
    let network = architecture(&outline)?;
    let has_plane = !found.plane.is_empty();
    figures::study(&network, &found.encoding, !regimes.is_empty(), has_plane)?.write(output)?;
    Ok(Outline { checkpoints: Some(checkpoints), ..plan::outline(&outline, &layers) })
}

/// The rows of the table `codes` at `step`, training samples first.
fn code_rows(step: u64, encoded: &[Encoded; 2]) -> Vec<CodeRow> {
    let of_split = |(split, encoded): (Split, &Encoded)| {
        let codes = &encoded.codes;
        let numbers = codes.bits().div_ceil(u32::BITS as usize);
        let row = |sample: usize| {
            let halves = |word: &u64| [*word as u32, (word >> u32::BITS) as u32];
            let code = codes.row(sample).iter().flat_map(halves).take(numbers).collect();
            CodeRow { step, split, sample: sample as u32, code }
        };
        (0..codes.rows()).map(row).collect::<Vec<_>>()
    };
    [Split::Train, Split::Test].into_iter().zip(encoded).flat_map(of_split).collect()
}
