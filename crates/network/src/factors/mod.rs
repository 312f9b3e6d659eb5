//! The matrices of which gradients of single samples are made.

mod part;
mod rows;

use std::ops::Range;

use rayon::prelude::*;

use self::part::parameters_of;
use self::rows::{Collector, places};
use crate::convolution::Turned;
use crate::lane::{Lane, Setting};
use crate::model::{LayerView, Network};
use crate::normalization::Moments;
use crate::program::{Op, Program, Step};
use crate::scalar::Scalar;
use crate::workspace::{setting, turn};

pub use self::part::Part;

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
/// Of a dense layer, or of one place of a locally connected one, the gradient of output a at sample i by
/// (W, c) is the outer product of row i of H (with a 1 for the bias) and row i of Bᵃ. Of a layer that
/// shares its weights between places it is a sum of such products, and stands as a row of Bᵃ by itself:
/// then H has no columns, and its product is the `bias_factor` 1.
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
}

impl<T: Scalar> LayerFactors<T> {
    /// Whether B holds gradients.
    #[must_use]
    pub fn is_jacobian(&self) -> bool {
        self.fan_in == 0
    }
}

impl<T: Scalar> Factors<T> {
    /// The factors of `network` at the rows of `x`, n × d, with the fixed statistics of batch norms.
    ///
    /// Source: the structured derivatives of Novak, Sohl-Dickstein & Schoenholz 2022
    /// (2206.08720), section 3.3, for dense layers; their Jacobian contraction for convolutions.
    #[must_use]
    pub fn new(network: &Network<T>, x: &[T], signal: OutputSignal) -> Self {
        let groups = network.program().factor_groups(signal, f64::INFINITY);
        Self::of_parts(network, x, signal, &groups.concat())
    }

    /// Some of the factors that [`Self::new`] gives, those of one of [`Program::factor_groups`].
    #[must_use]
    pub fn of_parts(network: &Network<T>, x: &[T], signal: OutputSignal, parts: &[Part]) -> Self {
        let (views, program) = (network.views(), network.program());
        let rows = x.len() / network.input_dim().max(1);
        let mut turned = vec![Turned::default(); program.steps.len()];
        turn(program, &views, &mut turned);
        let batch = fixed_moments(program, &views);
        let setting = Setting { batch: &batch, turned: &turned, ..setting(program, &views, x) };
        let (mut layers, mut each) = (Vec::new(), Vec::new());
        for part in parts {
            let zeros = zeros(&setting, signal, part, rows);
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
                let mut to = Collector { family: 0, signal, families, places };
                write_rows(&setting, block.clone(), &mut to);
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
fn write_rows<T: Scalar>(setting: &Setting<'_, T>, rows: Range<usize>, to: &mut Collector<'_, T>) {
    let (program, o) = (setting.program, setting.program.outputs);
    let mut seed = vec![T::one(); rows.len() * o];
    let mut lane = Lane::new(program, rows, false);
    for phase in &program.phases {
        lane.forward(setting, phase);
    }
    lane.prepare_backward(program, false);
    for family in 0..to.families {
        to.family = family;
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

/// The factors of `part` for `rows` samples, all of them 0: of a locally connected layer as many as it
/// has places.
fn zeros<T: Scalar>(
    setting: &Setting<'_, T>,
    signal: OutputSignal,
    part: &Part,
    rows: usize,
) -> Vec<LayerFactors<T>> {
    let (program, layer) = (setting.program, &setting.layers[part.layer()]);
    let Some(step) = program.steps.iter().find(|step| step.layer == Some(part.layer())) else {
        return Vec::new();
    };
    let families = signal.families(program.outputs);
    let (count, each) = if signal == OutputSignal::Pairs { (1, families) } else { (families, 1) };
    let square = |scale: T| scale * scale;
    let shares = matches!(step.op, Op::Convolution(_) | Op::Norm(_));
    let parameters: usize = parameters_of(step, layer, part).iter().sum();
    let (fan_in, fan_out) = if shares { (0, parameters) } else { (layer.fan_in, layer.fan_out) };
    let places = match step.op {
        Op::Local(window) => window.positions(),
        _ => 1,
    };
    let factors = |_| LayerFactors {
        fan_in,
        fan_out,
        inputs: vec![T::zero(); rows * fan_in],
        signals: (0..count).map(|_| vec![T::zero(); rows * each * fan_out]).collect(),
        weight_factor: if shares { T::zero() } else { square(layer.weight_scale) },
        bias_factor: match (shares, layer.bias.is_empty()) {
            (true, _) => T::one(),
            (false, false) => square(layer.bias_scale),
            (false, true) => T::zero(),
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
