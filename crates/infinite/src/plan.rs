//! Whether the limit exists, how large the kernels will be, and whether they fit.

use artifact::{Outline, Precision};
use kernel::{Shape, architecture, join_bytes};
use network::{Architecture, Program};
use stage::{Limits, Outlines, Part, Plan, StageError};

use crate::dual::Real;
use crate::exists;
use crate::gram;
use crate::limit::Limit;
use crate::parameters::{Parameters, Steps};

/// Plans `part` of the kernels.
pub(crate) fn plan(
    parameters: &Parameters,
    inputs: &Outlines,
    part: Part,
    limits: &Limits,
) -> Plan {
    let known = known(&inputs.one("dataset"), &inputs.one("training"));
    let mut plan = Plan { outline: outline(parameters, &known), ..Plan::default() };
    if let (Some(wanted), Some(there)) = (parameters.samples, known.train_samples)
        && !(1..=there).contains(&u64::from(wanted))
    {
        let message = format!("samples is {wanted}; it must be 1 to {there}, the training samples");
        plan.problem("/samples", message);
    }
    let Some(network) = checked(parameters, &known, inputs, &mut plan) else { return plan };
    let memory = match parameters.precision {
        Precision::F32 => Memory::of::<f32>(parameters, &known, &network, limits),
        Precision::F64 => Memory::of::<f64>(parameters, &known, &network, limits),
    };
    if let Some(memory) = memory.filter(|_| plan.problems.is_empty()) {
        let need = match part {
            Part::Whole => memory.bytes(0, 1),
            Part::Piece { index, of } => memory.bytes(index, of),
            Part::Join { .. } => FIXED + join_bytes(memory.shape, memory.entry),
        };
        plan.memory_bytes = Some(need as u64);
        if need > limits.memory_bytes as f64 {
            let gibibytes = |bytes: f64| bytes / f64::from(1 << 30);
            let message = format!(
                "the kernel of {} samples needs {:.1} GiB of memory; {:.1} GiB are free",
                memory.shape.train,
                gibibytes(need),
                gibibytes(limits.memory_bytes as f64)
            );
            plan.problem("", message).hint("lower `samples`, or split it on a cluster");
        }
    }
    plan
}

/// The network that `parameters` name, where it has a limit; says what is wrong with it if not.
fn checked(
    parameters: &Parameters,
    known: &Outline,
    inputs: &Outlines,
    plan: &mut Plan,
) -> Option<Architecture> {
    let network = match &parameters.network {
        Some(network) => {
            let shape = shape(known).zip(known.output_dim.map(|outputs| outputs as usize));
            for (at, error) in network.check(shape).err().into_iter().flatten() {
                plan.problem(&format!("/network{at}"), error.to_string());
            }
            network.clone()
        }
        None if inputs.many("training").is_empty() => {
            plan.problem("", "there is no network whose limit could be taken")
                .hint("give `network`, or wire `training`");
            return None;
        }
        // A training run whose outline is not known yet.
        None if known.network.is_none() => return None,
        None => match architecture(known) {
            Ok(network) => network,
            Err(error) => {
                plan.problem("", error.message);
                return None;
            }
        },
    };
    if !plan.problems.is_empty() {
        return None;
    }
    if let Err((at, error)) = exists::check(&network) {
        match &parameters.network {
            Some(_) => plan.problem(&format!("/network{at}"), error.to_string()),
            None => plan.problem("", format!("the network of the training run, at {at}: {error}")),
        };
        return None;
    }
    Some(network)
}

/// The facts of the training run where there is one, else of the dataset.
pub(crate) fn known(dataset: &Outline, training: &Outline) -> Outline {
    training.clone().completed_by(dataset)
}

/// The shape of an input.
pub(crate) fn shape(known: &Outline) -> Option<network::Shape> {
    let dimension = known.input_dim? as usize;
    Some(network::Shape::of_inputs(dimension, known.input_shape.as_deref()))
}

/// The network that `parameters` or the training run name, checked, and its steps.
///
/// # Errors
/// Where it is none, or it has no limit.
pub(crate) fn program(
    parameters: &Parameters,
    known: &Outline,
) -> Result<(Architecture, Program), StageError> {
    let network = match &parameters.network {
        Some(network) => network.clone(),
        None => architecture(known)?,
    };
    let (Some(shape), Some(outputs)) = (shape(known), known.output_dim) else {
        return Err(StageError::new("the dataset does not say its input and output dimensions"));
    };
    exists::check(&network)
        .map_err(|(at, error)| StageError::new(format!("the network, at {at}: {error}")))?;
    let program = Program::new(&network, shape, outputs as usize)
        .map_err(|(at, error)| StageError::new(format!("the network, at {at}: {error}")))?;
    Ok((network, program))
}

/// The outline of the kernels.
pub(crate) fn outline(parameters: &Parameters, known: &Outline) -> Outline {
    let samples = known.train_samples;
    let samples = samples.map(|all| parameters.samples.map_or(all, |some| all.min(some.into())));
    let blocks = known.output_dim.map(|o| parameters.reduction.blocks(o as usize));
    // Without a training run there is one kernel, at step 0.
    let mut steps = known.checkpoints.clone().unwrap_or_else(|| vec![0]);
    if parameters.steps == Steps::First {
        steps.truncate(1);
    }
    Outline {
        train_samples: samples,
        checkpoints: Some(steps),
        kernel_rows: samples.zip(blocks).map(|(n, (_, cell))| n * cell as u64),
        kernel_blocks: blocks.map(|(count, _)| count as u64),
        reduction: Some(parameters.reduction),
        kernel_precision: Some(parameters.precision),
        ..known.clone()
    }
}

/// The Gramians of a step.
pub(crate) fn gramians<T: Real>(
    parameters: &Parameters,
    limit: &Limit<T>,
    [train, test, outputs]: [usize; 3],
) -> Shape {
    let side = gram::side(limit);
    let reduction = parameters.reduction;
    Shape { train, test, outputs, reduction, side, test_side: side }
}

/// Bytes of the program with its threads, and of the pages on their way to the file.
const FIXED: f64 = 24e6;

/// The sizes that decide how much memory the stage needs.
struct Memory {
    /// Bytes of an entry.
    entry: f64,
    /// Bytes of what one sample brings: its input as read and as computed with, its numbers.
    sample: f64,
    /// Bytes of the buffers of all threads.
    threads: f64,
    shape: Shape,
}

impl Memory {
    fn of<T: Real>(
        parameters: &Parameters,
        known: &Outline,
        network: &Architecture,
        limits: &Limits,
    ) -> Option<Self> {
        let input = shape(known)?;
        let outputs = known.output_dim? as usize;
        let program = Program::new(network, input, outputs).ok()?;
        let limit = Limit::<T>::new(network, &program);
        let train = outline(parameters, known).train_samples? as usize;
        let test = if parameters.test_rows { known.test_samples.unwrap_or(0) as usize } else { 0 };
        let shape = gramians(parameters, &limit, [train, test, outputs]);
        let entry = size_of::<T>() as f64;
        let buffers = 2 * limit.buffers() * limit.entries();
        let [left, right] = limit.spread();
        let spread = gram::side(&limit) * left + right;
        Some(Self {
            entry,
            sample: input.len() as f64 * (8.0 + entry) + limit.numbers() as f64 * entry,
            threads: limits.threads as f64 * (buffers + spread) as f64 * entry,
            shape,
        })
    }

    /// Bytes at the peak of a piece: each tile of its training rows once, its test rows, and a strip of whole
    /// rows on its way to the file.
    fn bytes(&self, index: usize, of: usize) -> f64 {
        let share = self.shape.piece(index, of);
        let (n, rows) = (self.shape.train as f64, share.train.len() as f64);
        let strip = (self.shape.side.min(self.shape.train) * self.shape.cell()) as f64;
        let whole_rows = strip * (n * self.shape.cell() as f64 + n);
        let tiles = rows * (n - (rows - strip.min(rows)) / 2.0);
        let tests = share.test.len() as f64 * n;
        let samples = self.sample * (n + self.shape.test as f64);
        FIXED + samples + self.threads + self.entry * (tiles + tests + whole_rows)
    }
}
