//! A run of rows on its way through the steps of a network, forward and back.

use std::ops::Range;

use crate::activation::Activation;
use crate::convolution::Turned;
use crate::gemm::{Gemm, gemm};
use crate::linear;
use crate::local;
use crate::model::LayerView;
use crate::normalization::{Moments, Norm, scale_and_shift};
use crate::pooling;
use crate::program::{Op, Phase, Program, Step};
use crate::scalar::Scalar;

/// What all lanes read.
pub(crate) struct Setting<'a, T> {
    pub program: &'a Program,
    pub layers: &'a [LayerView<'a, T>],
    /// Inputs of all rows, n × d.
    pub x: &'a [T],
    /// Moments of the channels of each step that is a batch norm; else empty.
    pub batch: &'a [Vec<Moments<T>>],
    /// In training the means of signal and of signal ∘ x̂ of each batch norm; empty where its moments
    /// are fixed.
    pub batch_means: &'a [Vec<[T; 2]>],
    /// Weights of each step as the way back needs them; empty on the way forward.
    pub turned: &'a [Turned<T>],
}

/// Who takes what the way back leaves at each layer that has parameters.
pub(crate) trait Receiver<T> {
    /// Takes the input of `layer` (of a norm x̂) and the signal ∂L/∂z at it, for `rows` of the lane.
    fn receive(
        &mut self,
        step: &Step,
        layer: (usize, &LayerView<'_, T>),
        rows: Range<usize>,
        at: (&[T], &[T]),
        buffer: &mut Vec<T>,
    );
}

/// Where the signal at a value lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// Nowhere: nobody asks for it.
    Nowhere,
    /// In a buffer for a block that others use at other times.
    Shared(usize),
    /// In a buffer of its own, for all rows of the lane.
    Own(usize),
}

/// Rows that one thread works through.
#[derive(Clone, Debug)]
pub(crate) struct Lane<T> {
    pub rows: Range<usize>,
    /// The value of each step, n × width.
    pub values: Vec<Vec<T>>,
    /// φ'(z) of each step's activation; empty where it follows from the value.
    slopes: Vec<Vec<T>>,
    /// Moments of the sets of each layer or group norm.
    moments: Vec<Vec<Moments<T>>>,
    /// Where each maximum of a pool lies in its image.
    maxima: Vec<Vec<u32>>,
    /// Where the signal at each value lies: at what its step's activation takes, once it has been
    /// sent back through that.
    places: Vec<Place>,
    signals: Vec<Vec<T>>,
    buffers: Buffers<T>,
    /// Σ signal and Σ signal ∘ x̂ of each step that is a batch norm.
    pub batch_sums: Vec<Vec<[T; 2]>>,
}

#[derive(Clone, Debug, Default)]
struct Buffers<T> {
    shift: Vec<T>,
    padded: Vec<T>,
    normalized: Vec<T>,
    back: [Vec<T>; 2],
}

impl<T: Scalar> Lane<T> {
    /// Buffers for `rows` of a network; those for the way back, of which all are kept if `keep`, follow
    /// with the first.
    pub fn new(program: &Program, rows: Range<usize>, keep: bool) -> Self {
        let n = rows.len();
        let steps = &program.steps;
        let zeros = |step: &Step| vec![T::zero(); n * step.shapes[1].len()];
        let if_needed = |step: &Step| {
            if step.activation.slope_needs_only_value() { Vec::new() } else { zeros(step) }
        };
        let maxima = |step: &Step| match step.op {
            Op::MaxPool(_) => vec![0; n * step.shapes[1].len()],
            _ => Vec::new(),
        };
        let (places, _) = places(program, keep, n);
        Self {
            values: steps.iter().map(zeros).collect(),
            slopes: steps.iter().map(if_needed).collect(),
            moments: steps.iter().map(|_| Vec::new()).collect(),
            maxima: steps.iter().map(maxima).collect(),
            batch_sums: steps.iter().map(|_| Vec::new()).collect(),
            places,
            signals: Vec::new(),
            buffers: Buffers::default(),
            rows,
        }
    }

    /// Blocks of a phase, as rows of the lane.
    pub fn blocks(&self, phase: &Phase) -> impl Iterator<Item = Range<usize>> + use<T> {
        let (n, rows) = (self.rows.len(), phase.rows);
        (0..n).step_by(rows).map(move |start| start..n.min(start + rows))
    }

    /// f, n × o.
    pub fn outputs(&self) -> &[T] {
        self.values.last().map_or(&[], Vec::as_slice)
    }

    /// Runs all rows through the steps of `phase`.
    pub fn forward(&mut self, setting: &Setting<'_, T>, phase: &Phase) {
        for block in self.blocks(phase) {
            for s in phase.steps.clone() {
                self.step(setting, s, block.clone());
            }
        }
    }

    /// The rows `block` of `value`.
    pub fn value<'a>(
        &'a self,
        setting: &Setting<'a, T>,
        value: usize,
        block: &Range<usize>,
    ) -> &'a [T] {
        value_of(&self.values, setting, &self.rows, value, block)
    }

    fn step(&mut self, setting: &Setting<'_, T>, s: usize, block: Range<usize>) {
        let step = &setting.program.steps[s];
        let (earlier, from) = self.values.split_at_mut(s);
        let input = |i: usize| value_of(earlier, setting, &self.rows, step.inputs[i], &block);
        let width = step.shapes[1].len();
        let rows = block.start * width..block.end * width;
        let result = &mut from[0][rows.clone()];
        let Buffers { shift, padded, .. } = &mut self.buffers;
        shift.clear();
        let mut channels = step.shapes[1].channels();
        match (step.op, step.layer.map(|layer| &setting.layers[layer])) {
            (Op::Norm(norm), Some(layer)) => {
                if step.is_batch_norm() {
                    norm.normalized(&setting.batch[s], input(0), result);
                } else {
                    let sets = norm.sets() * block.start;
                    let moments = &mut self.moments[s];
                    moments.truncate(sets);
                    norm.extend_moments(input(0), moments);
                    norm.normalized(&moments[sets..], input(0), result);
                }
                scale_and_shift(layer.weight, layer.bias, result);
            }
            (Op::MaxPool(window), _) => {
                pooling::maximum(&window, input(0), result, &mut self.maxima[s][rows.clone()]);
            }
            (_, layer) => {
                let inputs = (input(0), input(step.inputs.len() - 1));
                linear::product(step, layer, inputs, padded, result);
                if let Some(layer) = layer {
                    shift.extend(layer.bias.iter().map(|&c| c * layer.bias_scale));
                }
                if matches!(step.op, Op::Local(_)) {
                    channels = width;
                }
            }
        }
        let slopes = &mut self.slopes[s];
        let slopes = if slopes.is_empty() { &mut [][..] } else { &mut slopes[rows] };
        step.activation.apply(result, channels, shift, slopes);
    }

    /// Makes what the way back needs, once.
    pub fn prepare_backward(&mut self, program: &Program, keep: bool) {
        if self.signals.is_empty() {
            let (_, sizes) = places(program, keep, self.rows.len());
            self.signals = sizes.into_iter().map(|size| vec![T::zero(); size]).collect();
        }
    }

    /// The signal at the outputs, for the rows `block`.
    pub fn set_output_signal(&mut self, block: &Range<usize>, m: &[T]) {
        self.set_signal(self.places.len() - 1, block, m);
    }

    /// The signal at `value`, for the rows `block`.
    pub fn set_signal(&mut self, value: usize, block: &Range<usize>, m: &[T]) {
        let rows = self.signal_rows(value, block, m.len() / block.len().max(1));
        if let Some(place) = self.buffer(value) {
            self.signals[place][rows].copy_from_slice(m);
        }
    }

    /// The signal at the pre-activation of `step`, where it is kept for all rows.
    pub fn kept_signal(&self, step: usize) -> &[T] {
        match self.places[step + 1] {
            Place::Own(place) => &self.signals[place],
            Place::Shared(_) | Place::Nowhere => &[],
        }
    }

    fn buffer(&self, value: usize) -> Option<usize> {
        match self.places[value] {
            Place::Nowhere => None,
            Place::Shared(place) | Place::Own(place) => Some(place),
        }
    }

    /// Where the rows `block` of the signal at `value` lie in its buffer.
    fn signal_rows(&self, value: usize, block: &Range<usize>, width: usize) -> Range<usize> {
        match self.places[value] {
            Place::Own(_) => block.start * width..block.end * width,
            Place::Shared(_) | Place::Nowhere => 0..block.len() * width,
        }
    }

    /// Sends the signal at the outputs of `phase`'s steps, rows `block`, back through them. At a trained
    /// batch norm it only adds up what [`Self::finish_batch_norm`] needs.
    pub fn backward(
        &mut self,
        setting: &Setting<'_, T>,
        phase: &Phase,
        block: &Range<usize>,
        receiver: &mut impl Receiver<T>,
    ) {
        for s in phase.steps.clone().rev() {
            self.step_back(setting, s, block, receiver, true);
        }
    }

    /// The same for step `s`, which sends nothing to its inputs unless it `sends`.
    pub fn step_back(
        &mut self,
        setting: &Setting<'_, T>,
        s: usize,
        block: &Range<usize>,
        receiver: &mut impl Receiver<T>,
        sends: bool,
    ) {
        let step = &setting.program.steps[s];
        let Some(place) = self.buffer(s + 1) else { return };
        let width = step.shapes[1].len();
        let rows = self.signal_rows(s + 1, block, width);
        let mut signals = std::mem::take(&mut self.signals[place]);
        let signal = &mut signals[rows];
        if step.activation != Activation::Linear {
            let range = block.start * width..block.end * width;
            let slopes = &self.slopes[s];
            let slopes = if slopes.is_empty() { &[][..] } else { &slopes[range.clone()] };
            step.activation.backpropagate(signal, &self.values[s][range], slopes);
        }
        if let Some(layer) = step.layer {
            let view = (layer, &setting.layers[layer]);
            let Buffers { padded, normalized, .. } = &mut self.buffers;
            let input = value_of(&self.values, setting, &self.rows, step.inputs[0], block);
            if let Op::Norm(norm) = step.op {
                normalized.resize(input.len(), T::zero());
                let moments = moments_of(&norm, step, s, setting, &self.moments, block);
                norm.normalized(moments, input, normalized);
                receiver.receive(step, view, block.clone(), (normalized, signal), padded);
                if step.is_batch_norm() && !setting.batch_means.is_empty() {
                    add_batch_sums(signal, normalized, &mut self.batch_sums[s]);
                    self.signals[place] = signals;
                    return;
                }
            } else {
                receiver.receive(step, view, block.clone(), (input, signal), padded);
            }
        }
        for i in 0..if sends { step.inputs.len() } else { 0 } {
            self.send(setting, s, i, block, signal);
        }
        self.signals[place] = signals;
    }

    /// Sends the signal of a trained batch norm to its input, for the rows `block`: once all rows of all
    /// lanes have been added up.
    pub fn finish_batch_norm(&mut self, setting: &Setting<'_, T>, s: usize, block: &Range<usize>) {
        let Some(place) = self.buffer(s + 1) else { return };
        let rows = self.signal_rows(s + 1, block, setting.program.steps[s].shapes[1].len());
        let signals = std::mem::take(&mut self.signals[place]);
        let step = &setting.program.steps[s];
        if let Op::Norm(norm) = step.op {
            let input = value_of(&self.values, setting, &self.rows, step.inputs[0], block);
            self.buffers.normalized.resize(input.len(), T::zero());
            norm.normalized(&setting.batch[s], input, &mut self.buffers.normalized);
        }
        self.send(setting, s, 0, block, &signals[rows]);
        self.signals[place] = signals;
    }

    /// Sends `signal` at the pre-activation of step `s` to its input `i`.
    fn send(
        &mut self,
        setting: &Setting<'_, T>,
        s: usize,
        i: usize,
        block: &Range<usize>,
        signal: &[T],
    ) {
        let step = &setting.program.steps[s];
        let (value, accumulate) = (step.inputs[i], step.accumulate[i]);
        let Some(place) = self.buffer(value) else { return };
        let rows = self.signal_rows(value, block, step.shapes[0].len());
        let before = &mut self.signals[place][rows];
        let Buffers { normalized, back, .. } = &mut self.buffers;
        let channels = step.shapes[1].channels();
        match (step.op, step.layer.map(|layer| &setting.layers[layer])) {
            (Op::Dense, Some(layer)) => {
                let shape = [block.len(), layer.fan_out, layer.fan_in];
                let (product, scale) = (Gemm::RightTransposed, layer.weight_scale);
                gemm(product, shape, scale, signal, layer.weight, accumulate, before);
            }
            (Op::Convolution(window), Some(layer)) => {
                let (turned, scale) = (&setting.turned[s], layer.weight_scale);
                turned.backward(&window, channels, scale, signal, back, accumulate, before);
            }
            (Op::Local(window), Some(layer)) => {
                let (scale, weight) = (layer.weight_scale, layer.weight);
                local::backward(&window, channels, scale, weight, signal, back, accumulate, before);
            }
            (Op::Norm(norm), Some(layer)) => {
                let moments = moments_of(&norm, step, s, setting, &self.moments, block);
                let at = (signal, normalized.as_slice());
                if step.is_batch_norm() {
                    let means = setting.batch_means.get(s).map(Vec::as_slice);
                    norm.batch_backward(moments, layer.weight, means, at, accumulate, before);
                } else {
                    norm.backward(moments, layer.weight, at, accumulate, before);
                }
            }
            (Op::AveragePool(window), _) => {
                pooling::average_back(&window, signal, accumulate, before);
            }
            (Op::MaxPool(window), _) => {
                let width = step.shapes[1].len();
                let maxima = &self.maxima[s][block.start * width..block.end * width];
                pooling::maximum_back(&window, (signal, maxima), accumulate, before);
            }
            (Op::GlobalAverage, _) => {
                pooling::global_average_back(channels, signal, accumulate, before);
            }
            _ if accumulate => {
                for (to, &signal) in before.iter_mut().zip(signal) {
                    *to += signal;
                }
            }
            _ => before.copy_from_slice(signal),
        }
    }
}

/// The rows `block` of `value`, which is one of `values` or the input.
fn value_of<'a, T>(
    values: &'a [Vec<T>],
    setting: &Setting<'a, T>,
    lane: &Range<usize>,
    value: usize,
    block: &Range<usize>,
) -> &'a [T] {
    let width = setting.program.width(value);
    if let Some(step) = value.checked_sub(1) {
        &values[step][block.start * width..block.end * width]
    } else {
        &setting.x[(lane.start + block.start) * width..(lane.start + block.end) * width]
    }
}

/// The moments of a norm for the rows `block`.
fn moments_of<'a, T>(
    norm: &Norm,
    step: &Step,
    s: usize,
    setting: &'a Setting<'a, T>,
    own: &'a [Vec<Moments<T>>],
    block: &Range<usize>,
) -> &'a [Moments<T>] {
    if step.is_batch_norm() {
        return &setting.batch[s];
    }
    &own[s][norm.sets() * block.start..norm.sets() * block.end]
}

/// Adds Σ signal and Σ signal ∘ x̂ of every channel to `sums`.
fn add_batch_sums<T: Scalar>(signal: &[T], normalized: &[T], sums: &mut [[T; 2]]) {
    let c = sums.len();
    for (signal, normalized) in signal.chunks_exact(c).zip(normalized.chunks_exact(c)) {
        for ((sum, &signal), &x) in sums.iter_mut().zip(signal).zip(normalized) {
            sum[0] += signal;
            sum[1] += signal * x;
        }
    }
}

/// Where the signal at each value lies in a lane of `rows` rows, and the size of each buffer. With `keep`
/// every signal has its own.
fn places(program: &Program, keep: bool, rows: usize) -> (Vec<Place>, Vec<usize>) {
    let steps = &program.steps;
    let phase_of = |step: usize| {
        program.phases.iter().position(|phase| phase.steps.contains(&step)).unwrap_or(0)
    };
    // Values that a later phase reads, or a batch norm makes, outlive their block.
    let outlives = |value: usize| {
        let reads = |(s, step): (usize, &Step)| {
            step.inputs.contains(&value) && phase_of(s) != phase_of(value - 1)
        };
        keep || steps[value - 1].is_batch_norm() || steps.iter().enumerate().any(reads)
    };
    // The input asks for no signal, nor does what is made of it without parameters.
    let mut wanted = vec![false; steps.len() + 1];
    for (s, step) in steps.iter().enumerate() {
        wanted[s + 1] = step.layer.is_some() || step.inputs.iter().any(|&value| wanted[value]);
    }
    let mut places = vec![Place::Nowhere; steps.len() + 1];
    let (mut sizes, mut free) = (Vec::new(), Vec::new());
    for (s, step) in steps.iter().enumerate().rev() {
        for value in [s + 1].into_iter().chain(step.inputs.iter().copied()) {
            if !wanted[value] || places[value] != Place::Nowhere {
                continue;
            }
            let width = program.width(value);
            if outlives(value) {
                places[value] = Place::Own(sizes.len());
                sizes.push(width * rows);
                continue;
            }
            let size = width * program.phases[phase_of(value - 1)].rows.min(rows);
            let place = free.pop().unwrap_or_else(|| {
                sizes.push(0);
                sizes.len() - 1
            });
            sizes[place] = sizes[place].max(size);
            places[value] = Place::Shared(place);
        }
        if let Place::Shared(place) = places[s + 1] {
            free.push(place);
        }
    }
    (places, sizes)
}
