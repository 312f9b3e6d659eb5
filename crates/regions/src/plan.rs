//! What a run would do, and what is wrong with its parameters.

use artifact::Outline;
use kernel::architecture;
use network::{Program, Shape};
use stage::{Limits, Outlines, Plan};

use crate::bends;
use crate::parameters::Parameters;

/// Bytes of the program with its threads, and what the heap keeps.
const FIXED: f64 = 60e6;
/// Bytes of a tile with its row, and of it while the table is written: 190 were measured at 614,400 tiles.
const TILE: f64 = 250.0;
/// Bytes of a polygon with its corners, beside the functions of its outputs.
const POLYGON: f64 = 400.0;
/// Bytes of an affine function.
const FUNCTION: f64 = 24.0;

/// Plans a count over inputs of which `inputs` is known.
pub fn plan(parameters: &Parameters, inputs: &Outlines, limits: &Limits) -> Plan {
    let (dataset, training) = (inputs.one("dataset"), inputs.one("training"));
    let mut plan = Plan { outline: training.clone(), ..Plan::default() };
    check(parameters, &dataset, &mut plan);
    let program = program(&training);
    if let Some(Ok(program)) = &program
        && let Some(why) = bends::unfit(program)
    {
        plan.problem("", why)
            .hint("train a network of `relu` or `leaky_relu`; of norms `batch_norm` alone fits");
    }
    if let Some(Err(message)) = &program {
        plan.problem("", message);
    }
    let Some(Ok(program)) = program else { return plan };
    let bytes = memory(parameters, &dataset, &training, &program, limits.threads);
    plan.memory_bytes = Some(bytes as u64);
    if bytes > limits.memory_bytes as f64 {
        let (needed, free) = (bytes / 1e9, limits.memory_bytes as f64 / 1e9);
        let message =
            format!("the regions need about {needed:.1} GB of memory; there are {free:.1} GB");
        plan.problem("", message).hint("lower `resolution`, `planes` or `most_regions`");
    }
    plan
}

/// The steps of the network that a training run trained; `None` where it is not known yet.
fn program(training: &Outline) -> Option<Result<Program, String>> {
    training.network.as_ref()?;
    let (d, o) = (training.input_dim?, training.output_dim?);
    let shape = Shape::of_inputs(d as usize, training.input_shape.as_deref());
    Some(match architecture(training) {
        Ok(architecture) => Program::new(&architecture, shape, o as usize)
            .map_err(|(at, error)| format!("the network does not fit its data at {at}: {error}")),
        Err(error) => Err(error.message),
    })
}

fn check(parameters: &Parameters, dataset: &Outline, plan: &mut Plan) {
    let &Parameters { lines, planes, resolution, margin, most_regions } = parameters;
    let mut within = |at: &str, value: u32, least: u32, most: u32| {
        if !(least..=most).contains(&value) {
            let name = at.trim_start_matches('/');
            plan.problem(at, format!("{name} is {value}; it must be {least} to {most}"));
        }
    };
    within("/lines", lines, 1, 100_000);
    within("/planes", planes, 0, 100);
    within("/resolution", resolution, 8, 1000);
    within("/most_regions", most_regions, 1, 10_000_000);
    if !(margin.is_finite() && (0.0..=10.0).contains(&margin)) {
        let message = format!("margin is {margin}; it must be a finite number from 0 to 10");
        plan.problem("/margin", message);
    }
    match dataset.input_dim {
        Some(1) if planes > 0 => {
            plan.problem("/planes", "inputs of one dimension have no planes").hint("set it to 0");
        }
        Some(2) if planes > 1 => {
            let message = format!(
                "planes is {planes}; inputs of two dimensions have one plane, of all inputs"
            );
            plan.problem("/planes", message).hint("set it to 1");
        }
        _ => {}
    }
    let samples = dataset.train_samples;
    let least = if planes > 0 && dataset.input_dim != Some(2) { 3 } else { 2 };
    if let Some(samples) = samples.filter(|&samples| samples < least) {
        let message = format!(
            "the dataset has {samples} training samples; lines need 2 and planes through samples 3"
        );
        plan.problem("", message);
    }
}

/// Bytes of a line's row, and of what is kept of it for findings.
const LINE: f64 = 400.0;
/// Values of a cell on its way through the network that are in memory together, for each thread: three rows of numbers in
/// f64 of every step, and what a thread has put aside for another.
const IN_FLIGHT: f64 = 4.0 * 3.0 * 8.0;

/// Bytes at the peak: samples, the rows of all tiles and lines, the regions of one plane, or of a line for each thread, and
/// cells on their way through the network.
fn memory(
    parameters: &Parameters,
    dataset: &Outline,
    training: &Outline,
    program: &Program,
    threads: usize,
) -> f64 {
    let of = |count: Option<u64>| count.unwrap_or(0) as f64;
    let samples = of(dataset.train_samples) * (12.0 * of(dataset.input_dim) + 60.0);
    let steps = training.checkpoints.as_ref().map_or(1, Vec::len) as f64;
    let planes = f64::from(parameters.planes);
    let tiles = steps * planes * f64::from(parameters.resolution).powi(2) * TILE;
    let region = POLYGON + FUNCTION * program.outputs as f64;
    // How many regions there will be is not known; a window rarely has more than half the square of the units.
    let units: f64 = (0..program.steps.len()).map(|s| bends::units(program, s) as f64).sum();
    let regions = (1.0 + 0.5 * units * units).min(f64::from(parameters.most_regions));
    let of_network = 12.0 * program.parameter_count() as f64 + 24.0 * program.value_count();
    let lines = steps * f64::from(parameters.lines) * LINE;
    let threads = threads as f64;
    // A line crosses the border of a unit once or a few times.
    let of_lines = threads * 4.0 * units * region;
    let in_flight = threads * IN_FLIGHT * program.value_count();
    let of_planes = planes.min(1.0) * 2.0 * regions * region;
    FIXED + samples + tiles + lines + of_planes + of_lines + in_flight + 4.0 * of_network
}
