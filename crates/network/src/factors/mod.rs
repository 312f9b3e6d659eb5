//! The matrices of which gradients of single samples are made.

mod head;
mod part;
mod positions;
mod rates;
mod rows;

use std::ops::Range;

use rayon::prelude::*;

use self::head::Head;
use self::part::parameters_of;
use self::rows::{Collector, places};
use crate::convolution::Turned;
use crate::lane::{Lane, Setting};
use crate::model::{LayerView, Network};
use crate::normalization::Moments;
use crate::program::{Op, Program, Step};
use crate::scalar::Scalar;
use crate::workspace::{setting, turn};

pub use self::part::{Form, Part};
pub use self::positions::Positions;
pub use self::rates::Rates;

/// Rows that one task sends through the network.
const BLOCK_ROWS: usize = 256;
/// The same of images.
const BLOCK_IMAGES: usize = 16;

/// Which output is differentiated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutputSignal {
    /// Each output by itself: one family of signals an output.
    Each,
    /// The same, in one family: the signals of all outputs at a sample one after the other.
    Pairs,
    /// As [`Self::Each`], for the sum of their Gramians alone.
    Trace,
    /// The sum of all outputs.
    Sum,
}

impl OutputSignal {
    /// Outputs that are differentiated of `outputs`, each by itself.
    pub(crate) fn families(self, outputs: usize) -> usize {
        if self == Self::Sum { 1 } else { outputs }
    }
}

/// What the gradients of single samples are made of, layer by layer.
#[derive(Clone, Debug)]
pub struct Factors<T> {
    /// n, the samples.
    pub rows: usize,
    /// One entry a part of a layer.
    pub layers: Vec<LayerFactors<T>>,
}

/// Inputs and signals of a layer, or its gradients themselves.
///
/// In [`Form::Product`], of a dense layer or one place of a locally connected one, the gradient of output
/// a at sample i by (W, c) is the outer product of row i of H (with a 1 for the bias) and row i of Bᵃ.
/// Of a layer that shares its weights between places it is a sum of such products. In [`Form::Gradient`]
/// it stands as a row of Bᵃ by itself: then H has no columns, and its product is the `bias_factor` 1. Under
/// [`OutputSignal::Trace`] one family of gradients may stand for all. In [`Form::Channels`] B holds one
/// gradient for all outputs, the weights of each channel as a family. In [`Form::Positions`] H and B are
/// images, and B is one family in which the outputs of a sample follow each other.
#[derive(Clone, Debug)]
pub struct LayerFactors<T> {
    /// Width of H; 0 where B holds gradients.
    pub fan_in: usize,
    /// Width of B.
    pub fan_out: usize,
    /// H, n × fan_in.
    pub inputs: Vec<T>,
    /// Bᵃ, n × fan_out, one for each differentiated output; under [`OutputSignal::Pairs`] one of all
    /// outputs, (n·o) × fan_out.
    pub signals: Vec<Vec<T>>,
    /// s_w², the factor of H Hᵀ in the kernel.
    pub weight_factor: T,
    /// s_b² where the layer has biases, 0 where not: the factor of 1 1ᵀ.
    pub bias_factor: T,
    /// What they are.
    pub form: Form,
    /// Of [`Form::Channels`] for each channel vₐ v_b of the pairs of outputs, or vₐ² of each; else empty.
    pub channel_factors: Vec<T>,
}

impl<T: Scalar> Factors<T> {
    /// The factors of `network` at the rows of `x`, n × d, with the fixed statistics of batch norms, as
    /// products and gradients.
    ///
    /// Source: the structured derivatives of Novak, Sohl-Dickstein & Schoenholz 2022
    /// (2206.08720), section 3.3, for dense layers; their Jacobian contraction for convolutions.
    #[must_use]
    pub fn new(network: &Network<T>, x: &[T], signal: OutputSignal) -> Self {
        let gradients =
            Rates { channels: f64::INFINITY, positions: f64::INFINITY, ..Rates::MEASURED };
        let groups = network.program().factor_groups(signal, f64::INFINITY, &gradients);
        Self::of_parts(network, x, signal, &groups.concat())
    }

    /// Some of the factors, those of one of [`Program::factor_groups`].
    #[must_use]
    pub fn of_parts(network: &Network<T>, x: &[T], signal: OutputSignal, parts: &[Part]) -> Self {
        let (views, program) = (network.views(), network.program());
        let rows = x.len() / network.input_dim().max(1);
        let mut turned = vec![Turned::default(); program.steps.len()];
        turn(program, &views, &mut turned);
        let batch = fixed_moments(program, &views);
        let setting = Setting { batch: &batch, turned: &turned, ..setting(program, &views, x) };
        let head = program.head();
        let (mut layers, mut each) = (Vec::new(), Vec::new());
        for part in parts {
            let zeros = zeros(&setting, signal, part, head.as_ref(), rows);
            each.extend((0..zeros.len()).map(|position| (part.clone(), position)));
            layers.extend(zeros);
        }
        let block = program.factor_block();
        let blocks: Vec<Range<usize>> =
            (0..rows).step_by(block).map(|start| start..rows.min(start + block)).collect();
        // Each block writes its rows where they stay: of a convolution they are gigabytes.
        places(&mut layers, &each, &blocks).into_par_iter().zip(&blocks).for_each(
            |(places, block)| {
                let families = signal.families(program.outputs);
                let gradient = Vec::new();
                let mut to = Collector { family: None, signal, families, places, gradient };
                write_rows(&setting, head.as_ref(), block.clone(), &mut to);
            },
        );
        Self { rows, layers }
    }
}

impl Program {
    /// Samples that go through the network together, the first of them a multiple of as many: their
    /// factors are the same to the last bit whatever other samples there are.
    #[must_use]
    pub fn factor_block(&self) -> usize {
        if self.has_images() { BLOCK_IMAGES } else { BLOCK_ROWS }
    }
}

/// Sends the samples `rows` through the network and the signals of their outputs back.
fn write_rows<T: Scalar>(
    setting: &Setting<'_, T>,
    head: Option<&Head>,
    rows: Range<usize>,
    to: &mut Collector<'_, T>,
) {
    let (program, o) = (setting.program, setting.program.outputs);
    let mut seed = vec![T::one(); rows.len() * o];
    let mut lane = Lane::new(program, rows, false);
    for phase in &program.phases {
        lane.forward(setting, phase);
    }
    lane.prepare_backward(program, false);
    if let Some(head) = head.filter(|_| to.takes(true)) {
        send_common(setting, head, &mut lane, to);
    }
    for family in 0..if to.takes(false) { to.families } else { 0 } {
        to.family = Some(family);
        if to.signal != OutputSignal::Sum {
            for (e, entry) in seed.iter_mut().enumerate() {
                *entry = if e % o == family { T::one() } else { T::zero() };
            }
        }
        for (number, phase) in program.phases.iter().enumerate().rev() {
            for block in lane.blocks(phase) {
                if number + 1 == program.phases.len() {
                    lane.set_output_signal(&block, &seed[block.start * o..block.end * o]);
                }
                lane.backward(setting, phase, &block, to);
            }
        }
    }
}

/// Sends the signal that is common to all outputs back from the input of the last layer: 1 at every
/// channel, or the norm of its factors where only the sum over outputs is asked for.
fn send_common<T: Scalar>(
    setting: &Setting<'_, T>,
    head: &Head,
    lane: &mut Lane<T>,
    to: &mut Collector<'_, T>,
) {
    let factors = channel_factors(&setting.layers[head.layer], OutputSignal::Each);
    let channels = factors.chunks_exact(setting.program.outputs);
    let norm = |squares: &[T]| squares.iter().copied().sum::<T>().root();
    let is_trace = to.signal == OutputSignal::Trace;
    let row: Vec<T> =
        channels.map(|squares| if is_trace { norm(squares) } else { T::one() }).collect();
    to.family = None;
    for phase in setting.program.phases.iter().rev() {
        for block in lane.blocks(phase) {
            if phase.steps.contains(&(head.value - 1)) {
                lane.set_signal(head.value, &block, &row.repeat(block.len()));
            }
            for s in phase.steps.clone().rev().filter(|&s| head.reached[s]) {
                lane.step_back(setting, s, &block, to, head.passes[s]);
            }
        }
    }
}

/// For each channel that the last layer takes, vₐ v_b of all pairs of outputs, or vₐ² of each.
fn channel_factors<T: Scalar>(layer: &LayerView<'_, T>, signal: OutputSignal) -> Vec<T> {
    let square = layer.weight_scale * layer.weight_scale;
    let of_channel = |weights: &[T]| -> Vec<T> {
        match signal {
            OutputSignal::Pairs => {
                weights.iter().flat_map(|&a| weights.iter().map(move |&b| square * a * b)).collect()
            }
            _ => weights.iter().map(|&a| square * a * a).collect(),
        }
    };
    layer.weight.chunks_exact(layer.fan_out).flat_map(of_channel).collect()
}

/// The factors of `part` for `rows` samples, all of them 0: of a locally connected layer as many as it
/// has places.
fn zeros<T: Scalar>(
    setting: &Setting<'_, T>,
    signal: OutputSignal,
    part: &Part,
    head: Option<&Head>,
    rows: usize,
) -> Vec<LayerFactors<T>> {
    let (program, layer) = (setting.program, &setting.layers[part.layer()]);
    let Some(step) = program.steps.iter().find(|step| step.layer == Some(part.layer())) else {
        return Vec::new();
    };
    let families = signal.families(program.outputs);
    let square = |scale: T| scale * scale;
    let parameters: usize = parameters_of(step, layer, part).iter().sum();
    let [input, output] = step.shapes;
    let is_trace = signal == OutputSignal::Trace;
    // What is written as a gradient for all outputs of a trace is one of a single output.
    let form = if part.form == Form::Channels && is_trace { Form::Gradient } else { part.form };
    let (fan_in, fan_out) = match form {
        Form::Product => (layer.fan_in, layer.fan_out),
        Form::Gradient => (0, parameters),
        Form::Channels => (0, parameters / output.channels()),
        Form::Positions(_) => (input.len(), output.len()),
    };
    let (count, each) = match (part.form, signal) {
        (Form::Channels, OutputSignal::Trace) => (1, 1),
        (Form::Channels, _) => (output.channels(), 1),
        (Form::Positions(_), _) | (_, OutputSignal::Pairs) => (1, families),
        _ => (families, 1),
    };
    let places = match step.op {
        Op::Local(window) => window.positions(),
        _ => 1,
    };
    let factors = |_| LayerFactors {
        fan_in,
        fan_out,
        inputs: vec![T::zero(); rows * fan_in],
        signals: (0..count).map(|_| vec![T::zero(); rows * each * fan_out]).collect(),
        weight_factor: if fan_in == 0 { T::zero() } else { square(layer.weight_scale) },
        bias_factor: match (fan_in == 0, layer.bias.is_empty()) {
            (true, _) => T::one(),
            (false, false) => square(layer.bias_scale),
            (false, true) => T::zero(),
        },
        form,
        channel_factors: match head {
            Some(head) if form == Form::Channels => {
                channel_factors(&setting.layers[head.layer], signal)
            }
            _ => Vec::new(),
        },
    };
    (0..places).map(factors).collect()
}

/// The moments with which batch norms normalize away from training, step by step.
pub(crate) fn fixed_moments<T: Scalar>(
    program: &Program,
    layers: &[LayerView<'_, T>],
) -> Vec<Vec<Moments<T>>> {
    let moments = |step: &Step| match (step.op, step.layer) {
        (Op::Norm(norm), Some(layer)) if step.is_batch_norm() => {
            let [mean, variance] = layers[layer].statistics;
            let pairs = mean.iter().zip(variance);
            pairs.map(|(&mean, &variance)| Moments::new(mean, variance, norm.epsilon)).collect()
        }
        _ => Vec::new(),
    };
    program.steps.iter().map(moments).collect()
}
