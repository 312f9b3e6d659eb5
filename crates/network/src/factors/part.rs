//! Parts of a network's factors, and how many numbers each has.

use std::ops::Range;

use super::OutputSignal;
use crate::model::LayerView;
use crate::program::{Op, Program, Step};

/// A layer, or of a convolution some rows of its windows, in the factors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Which of the layers that have parameters.
    pub(super) layer: usize,
    /// Rows of a convolution's windows.
    pub(super) lines: Range<usize>,
}

impl Part {
    /// Which of the layers that have parameters.
    pub(crate) fn layer(&self) -> usize {
        self.layer
    }
}

impl Program {
    /// All parts of the factors, in groups of at most `most` numbers a sample where a single part has not
    /// more by itself: what is computed at once.
    #[must_use]
    pub fn factor_groups(&self, signal: OutputSignal, most: f64) -> Vec<Vec<Part>> {
        let mut groups: Vec<(f64, Vec<Part>)> = Vec::new();
        for (step, layer) in self.layered() {
            let whole = self.numbers(step, layer, signal);
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
    pub fn factor_numbers(&self, parts: &[Part], signal: OutputSignal) -> f64 {
        let numbers = |part: &Part| {
            self.layered().find(|(_, layer)| *layer == part.layer).map_or(0.0, |(step, layer)| {
                let share = part.lines.len() as f64 / lines_of(step).len() as f64;
                share * self.numbers(step, layer, signal)
            })
        };
        parts.iter().map(numbers).sum()
    }

    /// The steps that have parameters, with the number of their layer.
    fn layered(&self) -> impl Iterator<Item = (&Step, usize)> {
        self.steps.iter().filter_map(|step| Some((step, step.layer?)))
    }

    /// Numbers of a sample in the factors of a layer.
    fn numbers(&self, step: &Step, layer: usize, signal: OutputSignal) -> f64 {
        let (shape, families) = (&self.layers[layer], signal.families(self.outputs) as f64);
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
pub(super) fn lines_of(step: &Step) -> Range<usize> {
    match step.op {
        Op::Convolution(window) => 0..window.kernel,
        _ => 0..1,
    }
}

/// Weights of `part` of a layer that shares them, and its biases: these stand behind the last row of a
/// convolution's windows.
pub(super) fn parameters_of<T>(step: &Step, layer: &LayerView<'_, T>, part: &Part) -> [usize; 2] {
    let all = lines_of(step);
    let bias = if part.lines.end == all.end { layer.bias.len() } else { 0 };
    [layer.weight.len() / all.len() * part.lines.len(), bias]
}
