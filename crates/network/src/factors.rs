//! The matrices of which gradients of single samples are made.

use std::ops::Range;

use rayon::prelude::*;

use crate::convolution::{self, Turned};
use crate::lane::{Lane, Receiver, Setting};
use crate::local;
use crate::loops::add_rows;
use crate::model::{LayerView, Network};
use crate::normalization::{Moments, add_gradient};
use crate::program::{Op, Program, Step};
use crate::scalar::Scalar;
use crate::workspace::{setting, turn};

/// Rows that one task sends through the network.
const BLOCK_ROWS: usize = 256;
/// The same of images.
const BLOCK_IMAGES: usize = 16;

/// Which output is differentiated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutputSignal {
    /// Each output by itself: one family of signals an output.
    Each,
    /// The sum of all outputs.
    Sum,
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
    /// Bᵃ, n × fan_out, one for each differentiated output.
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
        let (views, program) = (network.views(), network.program());
        let rows = x.len() / network.input_dim().max(1);
        let block = if program.has_images() { BLOCK_IMAGES } else { BLOCK_ROWS };
        let mut turned = vec![Turned::default(); program.steps.len()];
        turn(program, &views, &mut turned);
        let batch = fixed_moments(program, &views);
        let setting = Setting { batch: &batch, turned: &turned, ..setting(program, &views, x) };
        let starts: Vec<usize> = (0..rows).step_by(block).collect();
        let parts: Vec<Self> = starts
            .into_par_iter()
            .map(|start| Self::of_rows(&setting, signal, start..rows.min(start + block)))
            .collect();
        let mut all = Self { rows, layers: empty(&setting, signal) };
        for part in parts {
            for (layer, new) in all.layers.iter_mut().zip(part.layers) {
                layer.inputs.extend(new.inputs);
                for (signals, new) in layer.signals.iter_mut().zip(new.signals) {
                    signals.extend(new);
                }
            }
        }
        all
    }

    fn of_rows(setting: &Setting<'_, T>, signal: OutputSignal, rows: Range<usize>) -> Self {
        let (program, o, n) = (setting.program, setting.program.outputs, rows.len());
        let mut lane = Lane::new(program, rows, false);
        for phase in &program.phases {
            lane.forward(setting, phase);
        }
        lane.prepare_backward(program, false);
        let seeds: Vec<Vec<T>> = match signal {
            OutputSignal::Sum => vec![vec![T::one(); n * o]],
            OutputSignal::Each => (0..o)
                .map(|a| {
                    (0..n * o).map(|e| if e % o == a { T::one() } else { T::zero() }).collect()
                })
                .collect(),
        };
        let mut collected =
            Collected { family: 0, first: first_parts(program), layers: empty(setting, signal) };
        for (family, seed) in seeds.iter().enumerate() {
            collected.family = family;
            for (number, phase) in program.phases.iter().enumerate().rev() {
                for block in lane.blocks(phase) {
                    if number + 1 == program.phases.len() {
                        lane.set_output_signal(&block, &seed[block.start * o..block.end * o]);
                    }
                    lane.backward(setting, phase, &block, &mut collected);
                }
            }
        }
        Self { rows: n, layers: collected.layers }
    }
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

/// Parts of the factors that a step has: of a locally connected layer one a place.
fn parts(step: &Step) -> usize {
    match step.op {
        Op::Local(window) => window.positions(),
        _ => 1,
    }
}

/// The first part of each layer.
fn first_parts(program: &Program) -> Vec<usize> {
    let steps = program.steps.iter().filter(|step| step.layer.is_some());
    let ends = steps.scan(0, |end, step| {
        *end += parts(step);
        Some(*end - parts(step))
    });
    ends.collect()
}

/// The factors of no rows.
fn empty<T: Scalar>(setting: &Setting<'_, T>, signal: OutputSignal) -> Vec<LayerFactors<T>> {
    let families = match signal {
        OutputSignal::Each => setting.program.outputs,
        OutputSignal::Sum => 1,
    };
    let steps = setting.program.steps.iter();
    let layers = steps.filter_map(|step| Some((step, &setting.layers[step.layer?])));
    layers
        .flat_map(|(step, layer)| {
            let shares = matches!(step.op, Op::Convolution(_) | Op::Norm(_));
            let square = |scale: T| scale * scale;
            let factors = LayerFactors {
                fan_in: if shares { 0 } else { layer.fan_in },
                fan_out: if shares { layer.weight.len() + layer.bias.len() } else { layer.fan_out },
                inputs: Vec::new(),
                signals: vec![Vec::new(); families],
                weight_factor: if shares { T::zero() } else { square(layer.weight_scale) },
                bias_factor: match (shares, layer.bias.is_empty()) {
                    (true, _) => T::one(),
                    (false, false) => square(layer.bias_scale),
                    (false, true) => T::zero(),
                },
            };
            std::iter::repeat_n(factors, parts(step))
        })
        .collect()
}

/// The factors of the samples of one lane, as its way back brings them.
struct Collected<T> {
    /// Which output is on its way.
    family: usize,
    /// The first part of each layer.
    first: Vec<usize>,
    layers: Vec<LayerFactors<T>>,
}

impl<T: Scalar> Receiver<T> for Collected<T> {
    fn receive(
        &mut self,
        step: &Step,
        (l, layer): (usize, &LayerView<'_, T>),
        rows: Range<usize>,
        (input, signal): (&[T], &[T]),
        buffer: &mut Vec<T>,
    ) {
        let factors = &mut self.layers[self.first[l]..];
        let (family, is_first) = (self.family, self.family == 0);
        let n = rows.len();
        match step.op {
            Op::Convolution(_) | Op::Norm(_) => {
                let samples =
                    input.chunks_exact(input.len() / n).zip(signal.chunks_exact(signal.len() / n));
                let rows = &mut factors[0].signals[family];
                for at in samples {
                    let start = rows.len();
                    rows.resize(start + layer.weight.len() + layer.bias.len(), T::zero());
                    let (weight, bias) = rows[start..].split_at_mut(layer.weight.len());
                    if let Op::Convolution(window) = step.op {
                        let scale = layer.weight_scale;
                        convolution::gradient(
                            &window,
                            layer.fan_out,
                            scale,
                            at,
                            buffer,
                            false,
                            weight,
                        );
                        if !bias.is_empty() {
                            add_rows(at.1, layer.bias_scale, bias);
                        }
                    } else {
                        add_gradient(at, weight, bias);
                    }
                }
            }
            Op::Local(window) => {
                for (place, factors) in factors[..window.positions()].iter_mut().enumerate() {
                    if is_first {
                        local::copy_patches(&window, place, input, buffer, &mut factors.inputs);
                    }
                    let width = signal.len() / n;
                    for signal in signal.chunks_exact(width) {
                        let here = &signal[place * layer.fan_out..][..layer.fan_out];
                        factors.signals[family].extend_from_slice(here);
                    }
                }
            }
            _ => {
                if is_first {
                    factors[0].inputs.extend_from_slice(input);
                }
                factors[0].signals[family].extend_from_slice(signal);
            }
        }
    }
}
