//! The stage: read, predict step by step, write.

use std::path::Path;

use artifact::{Kind, Outline, write_rows};
use stage::{Context, Inputs, Limits, Outlines, Plan, Port, Stage, StageError};

use crate::evidence;
use crate::figures;
use crate::findings;
use crate::fits::Fits;
use crate::parameters::Parameters;
use crate::plan::plan;
use crate::rows;
use crate::scores;
use crate::sources::Sources;
use artifact::tables::prediction::{Method, Part, ScoreRow};

/// The stage `predict`.
pub struct Predict;

impl Stage for Predict {
    type Parameters = Parameters;

    const NAME: &'static str = "predict";
    const VERSION: &'static str = "1";
    const SUMMARY: &'static str =
        "Kernel regression by ridges and times, its variance, and how far the network is from it.";
    const INPUTS: &'static [Port] = &[
        Port::one("dataset", Kind::DATASET),
        Port::one("kernel", Kind::KERNEL),
        Port::one("covariance", Kind::KERNEL).optional(),
        Port::one("training", Kind::TRAINING).optional(),
    ];
    const MADE_FROM: &'static [(&'static str, &'static [&'static str])] =
        &[("kernel", &["dataset"]), ("covariance", &["dataset"]), ("training", &["dataset"])];
    const OUTPUT: Kind = Kind::PREDICTION;
    const USES_SEED: bool = false;

    fn plan(parameters: &Parameters, inputs: &Outlines, limits: &Limits) -> Plan {
        plan(parameters, inputs, limits)
    }

    fn run(
        parameters: &Parameters,
        inputs: &Inputs,
        output: &Path,
        context: &Context,
    ) -> Result<Outline, StageError> {
        let sources = Sources::read(parameters, inputs)?;
        let steps = sources.kernel.steps();
        let last = steps.last().copied().unwrap_or(0);
        let (mut scores, mut predictions) = (Vec::new(), Vec::new());
        let mut found = Vec::new();
        for (done, &step) in (1..).zip(&steps) {
            let fits = Fits::at(&sources, parameters, step)?;
            scores.extend(rows::scores(&fits, &sources, parameters));
            predictions.extend(rows::predictions(&fits, parameters));
            if step == last {
                found = findings::all(&evidence::of(&fits, &sources)?);
            }
            context.progress(done, steps.len() as u64, "kernel", String::new);
        }
        scores.extend(network_rows(&sources));
        // Rows of a table stand by rising step.
        scores.sort_by_key(|row| row.step);
        write_rows(output, &scores)?;
        write_rows(output, &predictions)?;
        write_rows(output, &found)?;
        figures::study(&scores, last, sources.network.is_some())?.write(output)?;
        Ok(sources.outline)
    }
}

/// The network's own scores at its last checkpoint.
fn network_rows(sources: &Sources) -> Vec<ScoreRow> {
    let Some(network) = &sources.network else { return Vec::new() };
    let Some(outputs) = network.outputs.get(&network.last) else { return Vec::new() };
    let splits = [
        (Part::Train, &outputs.train, &sources.targets.train, &sources.train_labels),
        (Part::Test, &outputs.test, &sources.targets.test, &sources.test_labels),
    ];
    let with_samples = splits.into_iter().filter(|(_, outputs, ..)| outputs.nrows() > 0);
    with_samples
        .map(|(split, outputs, targets, labels)| ScoreRow {
            step: network.last,
            method: Method::Network,
            ridge: None,
            time: None,
            split,
            accuracy: scores::accuracy(outputs.as_ref(), labels),
            mse: scores::mse(outputs.as_ref(), targets.as_ref()),
            nll: None,
            distance_to_network: None,
            chosen: false,
            resolved: true,
            samples: sources.samples() as u32,
        })
        .collect()
}
