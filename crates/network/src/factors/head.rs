//! Layers whose signals differ between outputs by one factor of each channel alone.
//!
//! Where all steps between a layer and a dense last one act on every channel by itself (pools, activations,
//! batch norms with fixed moments, sums), the signal of output a is a common one times a row of factors:
//! Bᵃ(p, c') = β(p, c') vₐ(c'), with v = s_w W of the last layer. So one gradient of a sample serves all outputs.

use crate::activation::Activation;
use crate::program::{Op, Program, Step};

/// A dense last layer, and what it is reached from channel by channel.
#[derive(Clone, Debug)]
pub(crate) struct Head {
    /// Which of the layers it is.
    pub layer: usize,
    /// The value that it takes.
    pub value: usize,
    /// For each step whether the signal at its value is common to all outputs.
    pub reached: Vec<bool>,
    /// For each such step whether it sends one on.
    pub passes: Vec<bool>,
}

impl Program {
    /// The dense last layer, where it takes one number of each channel.
    pub(crate) fn head(&self) -> Option<Head> {
        let last = self.steps.len().checked_sub(1)?;
        let step = &self.steps[last];
        let value = *step.inputs.first()?;
        let before = &self.steps[value.checked_sub(1)?];
        let is_plain = step.op == Op::Dense && step.activation == Activation::Linear;
        if !is_plain || before.shapes[1].positions() > 1 {
            return None;
        }
        let mut head = Head {
            layer: step.layer?,
            value,
            reached: vec![false; last + 1],
            passes: vec![false; last + 1],
        };
        for s in (0..last).rev() {
            let mut readers =
                self.steps.iter().enumerate().filter(|(_, t)| t.inputs.contains(&(s + 1)));
            head.reached[s] = readers.all(|(t, _)| t == last || head.passes[t]);
            head.passes[s] = head.reached[s] && acts_on_channels(&self.steps[s]);
        }
        Some(head)
    }
}

/// Whether the signal at one channel of its input depends on that at the same channel of its output alone.
fn acts_on_channels(step: &Step) -> bool {
    match step.op {
        Op::GlobalAverage | Op::AveragePool(_) | Op::MaxPool(_) | Op::Sum | Op::Identity => true,
        Op::Norm(_) => step.is_batch_norm(),
        Op::Dense | Op::Convolution(_) | Op::Local(_) => false,
    }
}
