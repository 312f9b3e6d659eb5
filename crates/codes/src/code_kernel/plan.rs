//! How large the kernels will be, and whether codes exist.

use artifact::Outline;
use artifact::tables::kernel::Reduction;
use kernel::join_bytes;
use network::Program;
use stage::{Limits, Outlines, Part, Plan};

use super::gram;
use super::parameters::{KernelKind, Parameters};
use crate::code::rows_at_once;
use crate::gated::{Gated, Layers, Named, Refusal, chosen, is_dense};
use crate::trained::program;

/// Bytes of the program with its threads, and of the pages on their way to the file.
const FIXED: f64 = 40e6;

/// Plans `part` of the kernels.
pub fn plan(parameters: &Parameters, inputs: &Outlines, part: Part, limits: &Limits) -> Plan {
    let known = inputs.one("training").completed_by(&inputs.one("dataset"));
    let mut plan = Plan { outline: outline(parameters, &known), ..Plan::default() };
    if let (Some(wanted), Some(there)) = (parameters.samples, known.train_samples)
        && !(1..=there).contains(&u64::from(wanted))
    {
        let message = format!("samples is {wanted}; it must be 1 to {there}, the training samples");
        plan.problem("/samples", message);
    }
    let program = match program(&known) {
        Ok(Some(program)) => program,
        Ok(None) => return plan,
        Err(error) => {
            plan.problem("", error.message);
            return plan;
        }
    };
    match layers(parameters, &program) {
        Err(Refusal { at, message, hint }) => plan.problem(&at, message).hint(hint),
        Ok(layers) => plan.memory_bytes = memory(parameters, &known, &program, &layers, part),
    }
    if let Some(bytes) = plan.memory_bytes.filter(|&bytes| bytes > limits.memory_bytes) {
        let (needed, free) = (bytes as f64 / 1e9, limits.memory_bytes as f64 / 1e9);
        let message =
            format!("the kernel needs about {needed:.1} GB of memory; there are {free:.1} GB");
        plan.problem("", message).hint("choose fewer `layers`, or lower `samples`");
    }
    plan
}

/// The layers whose codes the kernel is of.
///
/// # Errors
/// Where they have none, or the network has no paths that factorize; with a JSON Pointer.
pub fn layers(parameters: &Parameters, program: &Program) -> Result<Vec<Gated>, Refusal> {
    if parameters.kind == KernelKind::Path {
        if !is_dense(program) {
            return Err(Refusal::new(
                "/kind",
                "paths are counted layer by layer, which holds for networks of dense layers with `relu` between them alone",
                "take `kind: match` or `kind: coactivation`, or a network of `hidden` layers",
            ));
        }
        if parameters.layers != Layers::Named(Named::All) {
            return Err(Refusal::new(
                "/layers",
                "a path goes through all layers",
                "leave `layers` out",
            ));
        }
    }
    chosen(program, &parameters.layers).map_err(|refusal| refusal.below("/layers"))
}

/// The outline of the kernels: one matrix for all outputs.
pub fn outline(parameters: &Parameters, known: &Outline) -> Outline {
    let samples = known.train_samples;
    let samples = samples.map(|all| parameters.samples.map_or(all, |some| all.min(some.into())));
    Outline {
        train_samples: samples,
        kernel_rows: samples,
        kernel_blocks: Some(1),
        reduction: Some(Reduction::Trace),
        kernel_precision: Some(parameters.precision),
        ..known.clone()
    }
}

/// Bytes at the peak of `part`: inputs as read and as kept, what is in the network, codes, and a strip of rows as
/// counted, as f64 and as written.
fn memory(
    parameters: &Parameters,
    known: &Outline,
    program: &Program,
    layers: &[Gated],
    part: Part,
) -> Option<u64> {
    let train = outline(parameters, known).train_samples?;
    let test = if parameters.test_rows { known.test_samples.unwrap_or(0) } else { 0 };
    let shape = gram::shape(train as usize, test as usize, known.output_dim? as usize);
    let entry = parameters.precision.bytes() as f64;
    if matches!(part, Part::Join { .. }) {
        return Some((FIXED + join_bytes(shape, entry)) as u64);
    }
    let samples = (train + test) as f64;
    let bits = layers.iter().map(|layer| layer.units as f64).sum::<f64>();
    let of_inputs = 3.0 * 4.0 * samples * known.input_dim? as f64;
    let within = 8.0 * rows_at_once(program.value_count()) as f64 * program.value_count();
    let of_codes = samples * (bits / 4.0 + 16.0);
    let strip = gram::SIDE as f64 * train as f64 * (3.0 * entry + 12.0);
    let keys = 16.0 * samples;
    Some((FIXED + of_inputs + within + of_codes + strip + keys) as u64)
}
