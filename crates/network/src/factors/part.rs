//! Parts of a network's factors, and how many numbers each has.

use std::ops::Range;

use super::OutputSignal;
use super::head::Head;
use super::rates::Rates;
use crate::model::LayerView;
use crate::program::{Op, Program, Step};
use crate::window::Window;

/// How a layer enters the Gramian.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// By inputs and signals, of which each gradient is an outer product.
    Product,
    /// By the gradients of all outputs.
    Gradient,
    /// By one gradient for all outputs, each channel of which an output multiplies by a factor of its own.
    Channels,
    /// By inputs and signals at all positions of these windows: [`super::Positions`].
    Positions(Window),
}

/// A layer, or of a convolution some rows of its windows, in the factors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Which of the layers that have parameters.
    pub(super) layer: usize,
    /// Rows of a convolution's windows.
    pub(super) lines: Range<usize>,
    /// How it enters.
    pub(super) form: Form,
}

impl Part {
    /// Which of the layers that have parameters.
    pub(crate) fn layer(&self) -> usize {
        self.layer
    }

    /// How it enters the Gramian.
    #[must_use]
    pub fn form(&self) -> Form {
        self.form
    }
}

impl Program {
    /// All parts of the factors, in groups of at most `most` numbers a sample where a single part has not
    /// more by itself: what is computed at once. Each is in the form that costs least at `rates`.
    #[must_use]
    pub fn factor_groups(&self, signal: OutputSignal, most: f64, rates: &Rates) -> Vec<Vec<Part>> {
        let head = self.head();
        let mut groups: Vec<(f64, Vec<Part>)> = Vec::new();
        for (s, step, layer) in self.layered() {
            let form = self.cheapest_form((s, layer), signal, head.as_ref(), rates);
            let whole = self.numbers(step, layer, form, signal);
            let lines = match (step.op, form) {
                (Op::Convolution(window), Form::Gradient | Form::Channels) if whole > most => {
                    window.kernel
                }
                _ => 1,
            };
            let all = lines_of(step);
            for line in 0..lines {
                let lines = if lines == 1 { all.clone() } else { line..line + 1 };
                let numbers = whole * lines.len() as f64 / all.len() as f64;
                let part = Part { layer, lines, form };
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

    /// The form of the layer of step `s` in which its share of the Gramian costs least; of equal ones the
    /// first. A norm has too few weights for any other than gradients to gain.
    fn cheapest_form(
        &self,
        (s, layer): (usize, usize),
        signal: OutputSignal,
        head: Option<&Head>,
        rates: &Rates,
    ) -> Form {
        let several = signal != OutputSignal::Sum && self.outputs > 1;
        let is_common = several && head.is_some_and(|head| head.reached[s]);
        match self.steps[s].op {
            Op::Convolution(window) => {
                let shape = &self.layers[layer];
                let mut forms = vec![Form::Gradient, Form::Positions(window)];
                if is_common {
                    forms.push(Form::Channels);
                }
                let channels = self.steps[s].shapes[1].channels();
                let cost = |form: &Form| {
                    rates.cost(*form, &window, [channels, shape.bias], signal, self.outputs)
                };
                forms
                    .into_iter()
                    .min_by(|a, b| cost(a).total_cmp(&cost(b)))
                    .unwrap_or(Form::Gradient)
            }
            Op::Norm(_) if is_common && signal == OutputSignal::Trace => Form::Channels,
            Op::Norm(_) => Form::Gradient,
            _ => Form::Product,
        }
    }

    /// Numbers of a sample in the factors of `parts`.
    #[must_use]
    pub fn factor_numbers(&self, parts: &[Part], signal: OutputSignal) -> f64 {
        let numbers = |part: &Part| {
            self.layered().find(|(.., layer)| *layer == part.layer).map_or(
                0.0,
                |(_, step, layer)| {
                    let share = part.lines.len() as f64 / lines_of(step).len() as f64;
                    share * self.numbers(step, layer, part.form, signal)
                },
            )
        };
        parts.iter().map(numbers).sum()
    }

    /// The steps that have parameters, with their number and that of their layer.
    fn layered(&self) -> impl Iterator<Item = (usize, &Step, usize)> {
        let steps = self.steps.iter().enumerate();
        steps.filter_map(|(s, step)| Some((s, step, step.layer?)))
    }

    /// Numbers of a sample in the factors of a layer.
    fn numbers(&self, step: &Step, layer: usize, form: Form, signal: OutputSignal) -> f64 {
        let (shape, families) = (&self.layers[layer], signal.families(self.outputs) as f64);
        let output = step.shapes[1].len() as f64;
        let parameters = shape.weights() as f64 + shape.bias as f64;
        match (form, step.op) {
            (Form::Gradient, _) => families * parameters,
            (Form::Channels, _) => parameters,
            (_, Op::Local(window)) => {
                (window.positions() * window.patch()) as f64 + families * output
            }
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
