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

/// A layer, or of a convolution some rows of its windows, in the factors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Which of the layers that have parameters.
    layer: usize,
    /// Rows of a convolution's windows.
    lines: Range<usize>,
}

impl Part {
    /// Which of the layers that have parameters.
    pub(crate) fn layer(&self) -> usize {
        self.layer
    }
}

impl Program {
    /// All parts of the factors, in groups of at most `most` numbers a sample where a single part has not
    /// more by itself: what is computed at once. `families` are the outputs that are differentiated.
    #[must_use]
    pub fn factor_groups(&self, families: usize, most: f64) -> Vec<Vec<Part>> {
        let mut groups: Vec<(f64, Vec<Part>)> = Vec::new();
        for (step, layer) in self.layered() {
            let whole = self.numbers(step, layer, families);
            let lines = match step.op {
                Op::Convolution(window) if whole > most => window.kernel,
                _ => 1,
            };
            let all = lines_of(step);
            for line in 0..lines {
                let lines = if lines == 1 { all.clone() } else { line..line + 1 };
                let numbers = whole * lines.len() as f64 / all.len() as f64;
                let part = Part { layer, lines };
                match groups.last_mut().filter(|(sum, _)| sum + numbers <= most) {
                    Some((sum, parts)) => {
                        *sum += numbers;
                        parts.push(part);
                    }
                    None => groups.push((numbers, vec![part])),
                }
            }
        }
        groups.into_iter().map(|(_, parts)| parts).collect()
    }

    /// Numbers of a sample in the factors of `parts`.
    #[must_use]
    pub fn factor_numbers(&self, parts: &[Part], families: usize) -> f64 {
        let numbers = |part: &Part| {
            self.layered().find(|(_, layer)| *layer == part.layer).map_or(0.0, |(step, layer)| {
                let share = part.lines.len() as f64 / lines_of(step).len() as f64;
                share * self.numbers(step, layer, families)
            })
        };
        parts.iter().map(numbers).sum()
    }

    /// The steps that have parameters, with the number of their layer.
    fn layered(&self) -> impl Iterator<Item = (&Step, usize)> {
        self.steps.iter().filter_map(|step| Some((step, step.layer?)))
    }

    /// Numbers of a sample in the factors of a layer.
    fn numbers(&self, step: &Step, layer: usize, families: usize) -> f64 {
        let (shape, families) = (&self.layers[layer], families as f64);
        let output = step.shapes[1].len() as f64;
        match step.op {
            Op::Convolution(_) | Op::Norm(_) => {
                families * (shape.weights() as f64 + shape.bias as f64)
            }
            Op::Local(window) => (window.positions() * window.patch()) as f64 + families * output,
            _ => step.shapes[0].len() as f64 + families * output,
        }
    }
}

/// The rows of a convolution's windows; of another layer one.
fn lines_of(step: &Step) -> Range<usize> {
    match step.op {
        Op::Convolution(window) => 0..window.kernel,
        _ => 0..1,
    }
}

impl<T: Scalar> Factors<T> {
    /// The factors of `network` at the rows of `x`, n × d, with the fixed statistics of batch norms.
    ///
    /// Source: the structured derivatives of Novak, Sohl-Dickstein & Schoenholz 2022
    /// (2206.08720), section 3.3, for dense layers; their Jacobian contraction for convolutions.
    #[must_use]
    pub fn new(network: &Network<T>, x: &[T], signal: OutputSignal) -> Self {
        let groups = network.program().factor_groups(1, f64::INFINITY);
        Self::of_parts(network, x, signal, &groups.concat())
    }

    /// Some of the factors that [`Self::new`] gives, those of one of [`Program::factor_groups`].
    #[must_use]
    pub fn of_parts(network: &Network<T>, x: &[T], signal: OutputSignal, parts: &[Part]) -> Self {
        let (views, program) = (network.views(), network.program());
        let rows = x.len() / network.input_dim().max(1);
        let block = if program.has_images() { BLOCK_IMAGES } else { BLOCK_ROWS };
        let mut turned = vec![Turned::default(); program.steps.len()];
        turn(program, &views, &mut turned);
        let batch = fixed_moments(program, &views);
        let setting = Setting { batch: &batch, turned: &turned, ..setting(program, &views, x) };
        let starts: Vec<usize> = (0..rows).step_by(block).collect();
        let blocks: Vec<Vec<LayerFactors<T>>> = starts
            .into_par_iter()
            .map(|start| of_rows(&setting, signal, parts, start..rows.min(start + block)))
            .collect();
        let empty = Collected::new(&setting, signal, parts);
        let mut layers: Vec<LayerFactors<T>> = empty.parts.into_iter().map(|(_, of)| of).collect();
        for block in blocks {
            for (layer, new) in layers.iter_mut().zip(block) {
                layer.inputs.extend(new.inputs);
                for (signals, new) in layer.signals.iter_mut().zip(new.signals) {
                    signals.extend(new);
                }
            }
        }
        Self { rows, layers }
    }
}

fn of_rows<T: Scalar>(
    setting: &Setting<'_, T>,
    signal: OutputSignal,
    parts: &[Part],
    rows: Range<usize>,
) -> Vec<LayerFactors<T>> {
    let (program, o, n) = (setting.program, setting.program.outputs, rows.len());
    let mut lane = Lane::new(program, rows, false);
    for phase in &program.phases {
        lane.forward(setting, phase);
    }
    lane.prepare_backward(program, false);
    let seeds: Vec<Vec<T>> = match signal {
        OutputSignal::Sum => vec![vec![T::one(); n * o]],
        OutputSignal::Each => (0..o)
            .map(|a| (0..n * o).map(|e| if e % o == a { T::one() } else { T::zero() }).collect())
            .collect(),
    };
    let mut collected = Collected::new(setting, signal, parts);
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
    collected.parts.into_iter().map(|(_, factors)| factors).collect()
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

/// The factors of the samples of one lane, as its way back brings them.
struct Collected<T> {
    /// Which output is on its way.
    family: usize,
    /// In the order of the layers; of a locally connected one as many as it has places.
    parts: Vec<(Part, LayerFactors<T>)>,
}

impl<T: Scalar> Collected<T> {
    /// The factors of no rows.
    fn new(setting: &Setting<'_, T>, signal: OutputSignal, parts: &[Part]) -> Self {
        let program = setting.program;
        let families = match signal {
            OutputSignal::Each => program.outputs,
            OutputSignal::Sum => 1,
        };
        let square = |scale: T| scale * scale;
        let empty = |part: &Part| {
            let layer = &setting.layers[part.layer];
            let step = program.steps.iter().find(|step| step.layer == Some(part.layer))?;
            let shares = matches!(step.op, Op::Convolution(_) | Op::Norm(_));
            let factors = LayerFactors {
                fan_in: if shares { 0 } else { layer.fan_in },
                fan_out: if shares { gradient_of(step, layer, &part.lines) } else { layer.fan_out },
                inputs: Vec::new(),
                signals: vec![Vec::new(); families],
                weight_factor: if shares { T::zero() } else { square(layer.weight_scale) },
                bias_factor: match (shares, layer.bias.is_empty()) {
                    (true, _) => T::one(),
                    (false, false) => square(layer.bias_scale),
                    (false, true) => T::zero(),
                },
            };
            let count = match step.op {
                Op::Local(window) => window.positions(),
                _ => 1,
            };
            Some(std::iter::repeat_n((part.clone(), factors), count))
        };
        Self { family: 0, parts: parts.iter().filter_map(empty).flatten().collect() }
    }
}

/// Entries of the gradient of a layer that shares its weights, of a convolution by some rows of its
/// windows; biases stand behind the last.
fn gradient_of<T>(step: &Step, layer: &LayerView<'_, T>, lines: &Range<usize>) -> usize {
    let all = lines_of(step);
    let bias = if lines.end == all.end { layer.bias.len() } else { 0 };
    layer.weight.len() / all.len() * lines.len() + bias
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
        let (family, n) = (self.family, rows.len());
        let mine = self.parts.iter_mut().filter(|(part, _)| part.layer == l);
        for (place, (part, factors)) in mine.enumerate() {
            let to = &mut factors.signals[family];
            match step.op {
                Op::Convolution(_) | Op::Norm(_) => {
                    let inputs = input.chunks_exact(input.len() / n);
                    for at in inputs.zip(signal.chunks_exact(signal.len() / n)) {
                        let start = to.len();
                        to.resize(start + factors.fan_out, T::zero());
                        write_gradient(step, layer, part, at, buffer, &mut to[start..]);
                    }
                }
                Op::Local(window) => {
                    if family == 0 {
                        local::copy_patches(&window, place, input, buffer, &mut factors.inputs);
                    }
                    for signal in signal.chunks_exact(signal.len() / n) {
                        to.extend_from_slice(&signal[place * layer.fan_out..][..layer.fan_out]);
                    }
                }
                _ => {
                    if family == 0 {
                        factors.inputs.extend_from_slice(input);
                    }
                    to.extend_from_slice(signal);
                }
            }
        }
    }
}

/// Writes the gradient of one sample by `part` of a layer that shares its weights.
fn write_gradient<T: Scalar>(
    step: &Step,
    layer: &LayerView<'_, T>,
    part: &Part,
    at: (&[T], &[T]),
    buffer: &mut Vec<T>,
    gradient: &mut [T],
) {
    let weights = layer.weight.len() / lines_of(step).len() * part.lines.len();
    let (weight, bias) = gradient.split_at_mut(weights);
    match step.op {
        Op::Convolution(window) => {
            let (scale, lines) = (layer.weight_scale, part.lines.clone());
            convolution::gradient(&window, layer.fan_out, scale, at, lines, buffer, false, weight);
            if !bias.is_empty() {
                add_rows(at.1, layer.bias_scale, bias);
            }
        }
        _ => add_gradient(at, weight, bias),
    }
}
