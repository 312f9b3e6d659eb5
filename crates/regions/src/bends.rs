//! Where a network bends, and which networks bend only.

use network::{Activation, Normalization, Op, Over, Program, Window};

/// The slope of an activation below 0, where it is one of two straight lines that meet at 0; none where it is one line
/// or curved.
#[must_use]
pub fn slope_below(activation: Activation) -> Option<f64> {
    match activation {
        Activation::Relu => Some(0.0),
        Activation::LeakyRelu(slope) => Some(slope),
        _ => None,
    }
}

/// Units of a step that have a bend: those of its activation, and of a max pool its windows.
#[must_use]
pub fn units(program: &Program, s: usize) -> usize {
    let step = &program.steps[s];
    let is_bent = slope_below(step.activation).is_some() || matches!(step.op, Op::MaxPool(_));
    if is_bent { step.shapes[1].len() } else { 0 }
}

/// Why a network is not piecewise linear, in words; `None` where it is.
#[must_use]
pub fn unfit(program: &Program) -> Option<String> {
    let curved = program.steps.iter().find_map(|step| {
        let is_straight =
            step.activation == Activation::Linear || slope_below(step.activation).is_some();
        (!is_straight).then(|| {
            let name = format!("{:?}", step.activation).to_lowercase();
            format!("the activation `{name}` is curved, so the network has no linear regions")
        })
    });
    let norm = program.steps.iter().find_map(|step| match step.op {
        Op::Norm(Normalization { over, .. }) if over != Over::Batch => {
            let name = if over == Over::Channels { "layer" } else { "group" };
            Some(format!(
                "a {name} norm divides by what it measures of a sample, so the network has no linear regions"
            ))
        }
        _ => None,
    });
    curved.or(norm)
}

/// The numbers of an image that each window of a max pool sees, in the order of the pool's values.
pub(crate) fn windows(window: &Window) -> Vec<Vec<usize>> {
    let ([_, w, c], [down, across]) = (window.input, window.output);
    let mut all = Vec::with_capacity(down * across * c);
    for position in 0..down * across {
        let (top, left) = (position / across * window.stride, position % across * window.stride);
        for channel in 0..c {
            let places = (0..window.kernel * window.kernel).map(|at| {
                let (y, x) = (top + at / window.kernel, left + at % window.kernel);
                (y * w + x) * c + channel
            });
            all.push(places.collect());
        }
    }
    all
}
