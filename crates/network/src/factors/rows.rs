//! The factors of one block of samples, written to where they stay.

use std::ops::Range;

use super::part::{Form, Part, parameters_of};
use super::{LayerFactors, OutputSignal};
use crate::convolution;
use crate::lane::Receiver;
use crate::local;
use crate::loops::add_rows;
use crate::model::LayerView;
use crate::normalization::add_gradient;
use crate::program::{Op, Step};
use crate::scalar::Scalar;

/// Where the factors of a part go, for some samples.
pub(super) struct Place<'a, T> {
    part: &'a Part,
    /// Which place of a locally connected layer it is.
    position: usize,
    fan_in: usize,
    fan_out: usize,
    inputs: &'a mut [T],
    signals: Vec<&'a mut [T]>,
}

/// For each of `blocks`, which follow each other, the places of its samples in `layers`.
pub(super) fn places<'a, T>(
    layers: &'a mut [LayerFactors<T>],
    parts: &'a [(Part, usize)],
    blocks: &[Range<usize>],
) -> Vec<Vec<Place<'a, T>>> {
    let mut all: Vec<Vec<Place<'a, T>>> = blocks.iter().map(|_| Vec::new()).collect();
    let rows = blocks.last().map_or(0, |block| block.end).max(1);
    for (layer, (part, position)) in layers.iter_mut().zip(parts) {
        let LayerFactors { fan_in, fan_out, .. } = *layer;
        let mut inputs = layer.inputs.as_mut_slice();
        let mut signals: Vec<(usize, &mut [T])> =
            layer.signals.iter_mut().map(|of| (of.len() / rows, of.as_mut_slice())).collect();
        for (block, places) in blocks.iter().zip(&mut all) {
            let signals = signals.iter_mut().map(|(row, rest)| take(rest, block.len() * *row));
            places.push(Place {
                part,
                position: *position,
                fan_in,
                fan_out,
                inputs: take(&mut inputs, block.len() * fan_in),
                signals: signals.collect(),
            });
        }
    }
    all
}

/// Cuts `count` entries off the front.
#[expect(clippy::mut_mut, reason = "the slice itself gets shorter")]
fn take<'a, T>(rest: &mut &'a mut [T], count: usize) -> &'a mut [T] {
    let (front, after) = std::mem::take(rest).split_at_mut(count);
    *rest = after;
    front
}

/// What the way back of one lane brings, on its way to its places.
pub(super) struct Collector<'a, T> {
    /// Which output is on its way, or that it is the signal common to all.
    pub family: Option<usize>,
    pub signal: OutputSignal,
    /// o, or 1 where the sum of outputs is differentiated.
    pub families: usize,
    pub places: Vec<Place<'a, T>>,
    /// One gradient.
    pub gradient: Vec<T>,
}

impl<T> Collector<'_, T> {
    /// Whether it waits for the signal common to all outputs, or else for those of each.
    pub fn takes(&self, common: bool) -> bool {
        self.places.iter().any(|place| (place.part.form == Form::Channels) == common)
    }
}

impl<T: Scalar> Receiver<T> for Collector<'_, T> {
    fn receive(
        &mut self,
        step: &Step,
        (l, layer): (usize, &LayerView<'_, T>),
        rows: Range<usize>,
        (input, signal): (&[T], &[T]),
        buffer: &mut Vec<T>,
    ) {
        let n = rows.len();
        for place in self.places.iter_mut().filter(|place| place.part.layer == l) {
            let Place { part, position, fan_in, fan_out, .. } = *place;
            let family = match (self.family, part.form) {
                (None, Form::Channels) if self.signal != OutputSignal::Trace => {
                    let samples = input.chunks_exact(input.len() / n);
                    let samples = samples.zip(signal.chunks_exact(signal.len() / n));
                    for (row, at) in rows.clone().zip(samples) {
                        place.write_channels(step, layer, (row, at), buffer, &mut self.gradient);
                    }
                    continue;
                }
                (None, Form::Channels) => 0,
                (Some(_), Form::Channels) | (None, _) => continue,
                (Some(family), _) => family,
            };
            // Of each sample one row in its family, or those of all families one after the other.
            let side_by_side = matches!(part.form, Form::Positions(_));
            let (index, stride, first) = if side_by_side || self.signal == OutputSignal::Pairs {
                (0, self.families, family)
            } else {
                (family, 1, 0)
            };
            let inputs = &mut place.inputs[rows.start * fan_in..rows.end * fan_in];
            let to = place.signals[index][rows.start * stride * fan_out..]
                .chunks_exact_mut(fan_out)
                .skip(first)
                .step_by(stride);
            let of_sample = signal.chunks_exact(signal.len() / n);
            match (part.form, step.op) {
                (Form::Gradient | Form::Channels, _) => {
                    let samples = input.chunks_exact(input.len() / n).zip(of_sample);
                    for (at, to) in samples.zip(to) {
                        write_gradient(step, layer, part, at, buffer, to);
                    }
                }
                (_, Op::Local(window)) => {
                    if family == 0 {
                        local::copy_patches(&window, position, input, buffer, inputs);
                    }
                    for (to, signal) in to.zip(of_sample) {
                        to.copy_from_slice(&signal[position * fan_out..][..fan_out]);
                    }
                }
                _ => {
                    if family == 0 {
                        inputs.copy_from_slice(input);
                    }
                    for (to, signal) in to.zip(of_sample) {
                        to.copy_from_slice(signal);
                    }
                }
            }
        }
    }
}

impl<T: Scalar> Place<'_, T> {
    /// Writes the gradient of sample `row`, channel by channel.
    fn write_channels(
        &mut self,
        step: &Step,
        layer: &LayerView<'_, T>,
        (row, at): (usize, (&[T], &[T])),
        buffer: &mut Vec<T>,
        gradient: &mut Vec<T>,
    ) {
        let channels = self.signals.len();
        gradient.clear();
        gradient.resize(self.fan_out * channels, T::zero());
        write_gradient(step, layer, self.part, at, buffer, gradient);
        for (channel, to) in self.signals.iter_mut().enumerate() {
            let to = &mut to[row * self.fan_out..][..self.fan_out];
            for (to, &from) in to.iter_mut().zip(gradient.iter().skip(channel).step_by(channels)) {
                *to = from;
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
    let [weights, _] = parameters_of(step, layer, part);
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
