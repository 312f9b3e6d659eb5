//! What a run would do, and what is wrong with its parameters.

use artifact::Outline;
use network::Program;
use serde_json::json;
use stage::{Limits, Outlines, Plan};

use super::parameters::{Classifier, Parameters};
use crate::code::rows_at_once;
use crate::gated::{Gated, Refusal, chosen};
use crate::trained::program;

/// Bytes of the program with its threads, and what the heap keeps.
const FIXED: f64 = 60e6;
/// Shares of a sum over samples, and panels of columns: what a regression and k-means hold at once.
const SHARES: f64 = 16.0;

/// Plans codes of a run of which `inputs` is known.
pub fn plan(parameters: &Parameters, inputs: &Outlines, limits: &Limits) -> Plan {
    let (dataset, training) = (inputs.one("dataset"), inputs.one("training"));
    let known = training.completed_by(&dataset);
    let mut plan = Plan { outline: known.clone(), ..Plan::default() };
    for (at, message) in parameters.problems() {
        plan.problem(&at, message);
    }
    let wanted = parameters.classifiers.as_deref().unwrap_or_default();
    if known.labelled == Some(false) && !wanted.is_empty() {
        plan.problem("/classifiers", "the dataset has no classes that codes could be told by")
            .hint("leave `classifiers` out, which measures what needs no classes, or take a dataset with classes, as `source: { glyphs: {} }`");
    }
    if let (Some(clusters), Some(samples)) = (parameters.clusters, known.train_samples)
        && u64::from(clusters) > samples
    {
        let message = format!("{clusters} clusters are asked for, of {samples} training samples");
        plan.problem("/clusters", message);
    }
    if let Some(samples) = known.train_samples
        && u64::from(parameters.neighbours) > samples
        && parameters.wanted().contains(&Classifier::Knn)
        && known.labelled != Some(false)
    {
        let message = format!(
            "{} neighbours are asked for, of {samples} training samples",
            parameters.neighbours
        );
        plan.problem("/neighbours", message);
    }
    match program(&known) {
        Err(error) => _ = plan.problem("", error.message),
        Ok(None) => {}
        Ok(Some(program)) => match chosen(&program, &parameters.layers) {
            Err(refusal) => {
                let Refusal { at, message, hint } = refusal.below("/layers");
                plan.problem(&at, message).hint(hint);
            }
            Ok(layers) => {
                plan.outline = outline(&known, &layers);
                plan.memory_bytes = memory(parameters, &known, &program, &layers, limits.threads);
            }
        },
    }
    if let Some(bytes) = plan.memory_bytes.filter(|&bytes| bytes > limits.memory_bytes) {
        let (needed, free) = (bytes as f64 / 1e9, limits.memory_bytes as f64 / 1e9);
        let message =
            format!("the codes need about {needed:.1} GB of memory; there are {free:.1} GB");
        plan.problem("", message).hint("choose fewer `layers`, or leave out `logistic`");
    }
    plan
}

/// The outline of codes of `layers`.
pub fn outline(known: &Outline, layers: &[Gated]) -> Outline {
    let mut outline = known.clone();
    let units: Vec<usize> = layers.iter().map(|layer| layer.units).collect();
    outline.own.insert("code_bits".to_owned(), json!(units.iter().sum::<usize>()));
    outline.own.insert("code_layers".to_owned(), json!(units));
    outline
}

/// Bytes at the peak: inputs as read and as kept, what is in the network, codes as bits, side by side and as rows of a
/// table, and what the classifiers hold.
fn memory(
    parameters: &Parameters,
    known: &Outline,
    program: &Program,
    layers: &[Gated],
    threads: usize,
) -> Option<u64> {
    let (train, test) = (known.train_samples? as f64, known.test_samples.unwrap_or(0) as f64);
    let (samples, d) = (train + test, known.input_dim? as f64);
    let bits = layers.iter().map(|layer| layer.units as f64).sum::<f64>();
    // One number for each class of a target.
    let classes = parameters.clusters.map_or(0.0, f64::from).max(known.output_dim? as f64);
    let of_inputs = 3.0 * 4.0 * samples * d;
    let within = 8.0 * rows_at_once(program.value_count()) as f64 * program.value_count();
    let of_codes = samples * (3.0 * bits / 8.0 + 64.0);
    let wanted = if known.labelled == Some(false) { Vec::new() } else { parameters.wanted() };
    let columns = 8.0 * (classes / 8.0).ceil();
    let dimension = bits.max(if parameters.raw { d } else { 0.0 });
    let at_once = f64::from(parameters.starts).min(threads as f64);
    let of_sums = if wanted.iter().any(|it| *it != Classifier::Knn) {
        // A word of 64 bits has 256 sums of nibbles; starts of k-means go side by side.
        8.0 * (SHARES + 8.0) * 4.0 * dimension * columns
            + 8.0 * (4.0 + 2.0 * at_once) * train * columns
    } else {
        0.0
    };
    let of_votes = test * f64::from(parameters.neighbours) * 16.0;
    let shown = f64::from(parameters.plane).min(train);
    let of_plane = 8.0 * 4.0 * shown * (bits + shown);
    let total = FIXED + of_inputs + within + of_codes + of_sums + of_votes + of_plane;
    Some(total as u64)
}
