//! The whole `lr-decay` pipeline beside the same experiment as one plain Python script.

use std::path::Path;
use std::time::Instant;

use crate::case::Case;
use crate::error::BenchError;
use crate::measurement::{Measured, Series};
use crate::outcome;
use crate::program::Program;
use crate::script::Script;
use crate::timing::Effort;

/// Name of the script among the peers: its work alone, without importing and compiling.
pub const SCRIPT: &str = "jax script";
/// The pipeline that is run.
const FILE: &str = "lr-decay";
/// Steps of that pipeline as it is shipped.
pub const SHIPPED_STEPS: u32 = 16_000;
/// Steps between two checkpoints of that pipeline.
const SHIPPED_EVERY: u32 = 500;

/// Runs our pipeline and the script in turn; without `python` our pipeline alone.
///
/// Building is excluded on our side, importing and compiling on the script's, which the series
/// `jax script and start` has too: in a run shorter than the shipped one both would weigh too much. The
/// results of every round are compared before its times count.
///
/// # Errors
/// Where either fails, or they disagree.
pub fn measured(
    case: &Case,
    steps: u32,
    program: &Program,
    python: Option<&Path>,
    threads: usize,
    effort: Effort,
) -> Result<Measured, BenchError> {
    let (file, settings) = (Path::new(FILE), settings(case, steps));
    program.prepare(file, &settings)?;
    let mut measured = Measured { case: case.clone(), series: Vec::new() };
    let mut script = None;
    let start = Instant::now();
    let mut round = 0;
    while !effort.is_spent(round, start.elapsed()) {
        let run = program.run(file, &settings)?;
        add(&mut measured, "pipeline", run.seconds, None);
        for cost in run.stages()? {
            add(
                &mut measured,
                &format!("pipeline: {}", cost.stage),
                cost.seconds,
                cost.peak_memory_bytes,
            );
        }
        if let Some(python) = python {
            let script = match &script {
                Some(script) => script,
                None => script.insert(Script::repeating(&run, python, threads)?),
            };
            let answer = script.run()?;
            let (ours, cut) = outcome::of(&run)?;
            outcome::agree(&case.name, (&ours, cut), (SCRIPT, &answer.outcome()))?;
            add(&mut measured, SCRIPT, answer.seconds, None);
            let parts = answer.parts;
            for (part, seconds) in [
                ("jax script: steps", parts.train),
                ("jax script: Gramians", parts.ntk),
                ("jax script: spectra", parts.spectrum),
                ("jax script: files", parts.write),
                ("jax script and start", answer.start_seconds + answer.seconds),
            ] {
                add(&mut measured, part, seconds, None);
            }
        }
        round += 1;
    }
    Ok(measured)
}

/// What is set on top of the shipped file: the sizes of `case`, and with fewer steps a schedule that
/// keeps the rate's four pieces and as many checkpoints a step, so that all stages weigh the same.
fn settings(case: &Case, steps: u32) -> Vec<String> {
    let hidden = vec![case.width; case.depth];
    let mut settings = vec![
        format!("dataset.with.train={}", case.samples),
        // A grid, as the shipped 48 × 48 for 32² samples.
        format!("dataset.with.test={}", case.samples * 9 / 4),
        format!("train.with.network.hidden={hidden:?}"),
    ];
    if steps < SHIPPED_STEPS {
        settings.extend([
            format!("train.with.steps={steps}"),
            format!("train.with.learning_rate.decay.every={}", steps / 4),
            // The shipped 36 in 16,000 steps, of which three early ones are as many as none here.
            "train.with.checkpoints.at=[]".to_owned(),
            format!("train.with.checkpoints.every={}", SHIPPED_EVERY.min(steps / 4)),
        ]);
    }
    settings
}

/// Adds a reading to the series called `name`.
fn add(measured: &mut Measured, name: &str, seconds: f64, peak: Option<u64>) {
    let found = measured.series.iter().position(|series| series.name == name);
    let at = found.unwrap_or_else(|| {
        measured.series.push(Series::named(name));
        measured.series.len() - 1
    });
    measured.series[at].seconds.push(seconds);
    measured.series[at].peaks.extend(peak);
}
