//! The whole `lr-decay` pipeline beside the same experiment as one plain Python script.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::case::Case;
use crate::environment;
use crate::error::BenchError;
use crate::experiment::Experiment;
use crate::measurement::{Measured, Series, Status};
use crate::outcome::{self, Reference};
use crate::peers::Peers;
use crate::program::Program;
use crate::script::{Answer, Script};
use crate::timing::Effort;

/// Name of the script among the peers: its work alone, without importing and compiling.
pub const SCRIPT: &str = "jax script";
/// The pipeline that is run.
const FILE: &str = "lr-decay";
/// Steps of that pipeline as it is shipped.
pub const SHIPPED_STEPS: u32 = 16_000;
/// Steps between two checkpoints of that pipeline.
const SHIPPED_EVERY: u32 = 500;

/// Time that the script may take, in units of what our pipeline took.
const PATIENCE: f64 = 30.0;

/// Runs our pipeline and the script in turn; without `peers` our pipeline alone.
///
/// Building is excluded on our side, importing and compiling on the script's, which the series
/// `jax script and start` has too: in a run shorter than the shipped one both would weigh too much. The
/// results of every round are judged before its times count. A script that fails leaves our pipeline
/// running.
///
/// # Errors
/// Where our pipeline fails.
pub fn measured(
    case: &Case,
    steps: u32,
    program: &Program,
    peers: Option<&Peers>,
    effort: Effort,
) -> Result<Measured, BenchError> {
    let (file, settings) = (Path::new(FILE), settings(case, steps));
    program.prepare(file, &settings)?;
    let mut measured = Measured { case: case.clone(), series: vec![Series::named(case.ours())] };
    let mut experiment: Option<(Experiment, Reference)> = None;
    let mut script = None;
    let start = Instant::now();
    let mut round = 0;
    while !effort.is_spent(round, start.elapsed()) {
        round += 1;
        let run = program.run(file, &settings)?;
        let (experiment, reference) = if let Some(known) = &experiment {
            known
        } else {
            let read = Experiment::of(&run)?;
            let reference = Reference::of(&read)?;
            experiment.insert((read, reference))
        };
        let ours = reference.judge(&outcome::of(&run)?);
        series(&mut measured, case.ours()).judge(ours);
        if !ours.holds() {
            break;
        }
        add(&mut measured, case.ours(), run.seconds, None);
        for cost in run.stages()? {
            add(
                &mut measured,
                &format!("pipeline: {}", cost.stage),
                cost.seconds,
                cost.peak_memory_bytes,
            );
        }
        if let Some(peers) = peers
            && series(&mut measured, SCRIPT).status == Status::Measured
        {
            let limit = peers.limit.max(Duration::from_secs_f64(PATIENCE * run.seconds));
            let answer = answer(&mut script, experiment, peers, limit);
            add_answer(&mut measured, answer, reference);
        }
    }
    Ok(measured)
}

/// Runs `script`, which is made where there is none.
fn answer(
    script: &mut Option<Script>,
    experiment: &Experiment,
    peers: &Peers,
    limit: Duration,
) -> Result<Answer, BenchError> {
    let script = if let Some(script) = script {
        script
    } else {
        let python = peers.environments.python(&environment::NEURAL_TANGENTS)?;
        script.insert(Script::repeating(experiment, python, peers.threads)?)
    };
    script.run(limit)
}

/// Adds what the script took where it is right; else its series says why, and its parts are gone.
fn add_answer(measured: &mut Measured, answer: Result<Answer, BenchError>, reference: &Reference) {
    let rival = series(measured, SCRIPT);
    match &answer {
        Ok(answer) => rival.judge(reference.judge(&answer.outcome())),
        Err(error) => rival.fail(error),
    }
    let (Ok(answer), Status::Measured) = (answer, rival.status) else {
        measured.series.retain(|series| series.name == SCRIPT || !series.name.starts_with(SCRIPT));
        return;
    };
    let parts = answer.parts;
    for (part, seconds) in [
        (SCRIPT, answer.seconds),
        ("jax script: steps", parts.train),
        ("jax script: Gramians", parts.ntk),
        ("jax script: spectra", parts.spectrum),
        ("jax script: files", parts.write),
        ("jax script and start", answer.start_seconds + answer.seconds),
    ] {
        add(measured, part, seconds, None);
    }
}

/// What is set on top of the shipped file: the sizes of `case`, and with fewer steps a schedule that
/// keeps the rate's four pieces and as many checkpoints a step, so that all stages weigh the same.
fn settings(case: &Case, steps: u32) -> Vec<String> {
    let hidden = vec![case.model.width(); case.model.depth()];
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

/// The series called `name`, made where there is none.
fn series<'a>(measured: &'a mut Measured, name: &str) -> &'a mut Series {
    let found = measured.series.iter().position(|series| series.name == name);
    let at = found.unwrap_or_else(|| {
        measured.series.push(Series::named(name));
        measured.series.len() - 1
    });
    &mut measured.series[at]
}

/// Adds a reading to the series called `name`.
fn add(measured: &mut Measured, name: &str, seconds: f64, peak: Option<u64>) {
    let series = series(measured, name);
    series.seconds.push(seconds);
    series.peaks.extend(peak);
}
