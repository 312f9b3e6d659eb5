//! Optimizers: dfdx's update rules, with the state in our hands so that it can be kept.

use dfdx::prelude::*;
use dfdx::tensor_ops::{AdamConfig, SgdConfig};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::Model;

/// How parameters are updated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Optimizer {
    /// Full-batch gradient descent, θ ← θ − δ ∇L(θ).
    #[default]
    GradientDescent,
    /// Stochastic gradient descent on mini-batches, with momentum on demand.
    Sgd(Sgd),
    /// Adam (Kingma & Ba 2015, algorithm 1).
    Adam(Adam),
}

/// Parameters of stochastic gradient descent.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Sgd {
    /// Samples in a mini-batch, drawn without replacement within an epoch; all where left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub batch: Option<usize>,
    /// μ in v ← μ v + ∇L, θ ← θ − δ v.
    #[serde(default)]
    #[schemars(range(min = 0))]
    pub momentum: f64,
    /// Whether the update looks ahead: θ ← θ − δ (∇L + μ v).
    #[serde(default)]
    pub nesterov: bool,
}

/// Parameters of Adam.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Adam {
    /// Samples in a mini-batch; all where left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub batch: Option<usize>,
    /// Decay rate of the first moment.
    #[serde(default = "beta1")]
    #[schemars(range(min = 0))]
    pub beta1: f64,
    /// Decay rate of the second moment.
    #[serde(default = "beta2")]
    #[schemars(range(min = 0))]
    pub beta2: f64,
    /// Added to the root of the second moment.
    #[serde(default = "epsilon")]
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub epsilon: f64,
}

fn beta1() -> f64 {
    0.9
}

fn beta2() -> f64 {
    0.999
}

fn epsilon() -> f64 {
    1e-8
}

impl Optimizer {
    /// The optimizer's name in artifacts.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::GradientDescent => "gradient_descent",
            Self::Sgd(_) => "sgd",
            Self::Adam(_) => "adam",
        }
    }

    /// Size of a mini-batch, `None` for all samples.
    #[must_use]
    pub const fn batch(self) -> Option<usize> {
        match self {
            Self::GradientDescent => None,
            Self::Sgd(sgd) => sgd.batch,
            Self::Adam(adam) => adam.batch,
        }
    }

    /// What is wrong with the parameters, each with a JSON Pointer.
    #[must_use]
    pub fn problems(self) -> Vec<(String, String)> {
        let mut problems = Vec::new();
        if self.batch() == Some(0) {
            let message = "a batch of 0 samples has no gradient; give at least 1";
            problems.push((format!("/{}/batch", self.name()), message.to_owned()));
        }
        let mut below_one = |at: &str, name: &str, value: f64| {
            if !(0.0..1.0).contains(&value) {
                let message = format!("{name} is {value}; it must lie in [0, 1)");
                problems.push((at.to_owned(), message));
            }
        };
        match self {
            Self::GradientDescent => {}
            Self::Sgd(sgd) => {
                below_one("/sgd/momentum", "the momentum", sgd.momentum);
                if sgd.nesterov && sgd.momentum == 0.0 {
                    let message = "Nesterov's method looks ahead along the momentum, which is 0";
                    problems.push(("/sgd/nesterov".to_owned(), message.to_owned()));
                }
            }
            Self::Adam(adam) => {
                below_one("/adam/beta1", "beta1", adam.beta1);
                below_one("/adam/beta2", "beta2", adam.beta2);
                if !(adam.epsilon.is_finite() && adam.epsilon > 0.0) {
                    let message = format!("epsilon is {}; it must be above 0", adam.epsilon);
                    problems.push(("/adam/epsilon".to_owned(), message));
                }
            }
        }
        problems
    }
}

/// An optimizer at work: its rule and its moments.
pub(crate) struct Updater {
    optimizer: Optimizer,
    updates: i32,
    first_moment: Gradients<f32, Cpu>,
    second_moment: Gradients<f32, Cpu>,
}

impl Updater {
    /// An optimizer that has made no update.
    pub fn new(optimizer: Optimizer) -> Self {
        let (first_moment, second_moment) = (Gradients::leaky(), Gradients::leaky());
        Self { optimizer, updates: 0, first_moment, second_moment }
    }

    /// Moves the parameters of `model` along `gradients` with step size `learning_rate`.
    pub fn update(
        &mut self,
        model: &mut Model,
        gradients: &mut Gradients<f32, Cpu>,
        learning_rate: f64,
    ) -> Result<(), CpuError> {
        self.updates += 1;
        for (weight, bias) in &mut model.layers {
            self.update_tensor(weight, gradients, learning_rate)?;
            if let Some(bias) = bias {
                self.update_tensor(bias, gradients, learning_rate)?;
            }
        }
        Ok(())
    }

    fn update_tensor<S: Shape>(
        &mut self,
        parameter: &mut Tensor<S, f32, Cpu>,
        gradients: &mut Gradients<f32, Cpu>,
        learning_rate: f64,
    ) -> Result<(), CpuError> {
        let gradient = gradients.get_or_alloc_mut(parameter)?;
        let first = self.first_moment.get_or_alloc_mut(parameter)?;
        match self.optimizer {
            Optimizer::GradientDescent => {
                let config = SgdConfig { lr: learning_rate, momentum: None, weight_decay: None };
                config.try_update(parameter, first, gradient)
            }
            Optimizer::Sgd(sgd) => {
                let momentum = (sgd.momentum > 0.0).then_some(if sgd.nesterov {
                    Momentum::Nesterov(sgd.momentum)
                } else {
                    Momentum::Classic(sgd.momentum)
                });
                let config = SgdConfig { lr: learning_rate, momentum, weight_decay: None };
                config.try_update(parameter, first, gradient)
            }
            Optimizer::Adam(adam) => {
                let second = self.second_moment.get_or_alloc_mut(parameter)?;
                let config = AdamConfig {
                    lr: learning_rate,
                    betas: [adam.beta1, adam.beta2],
                    eps: adam.epsilon,
                    weight_decay: None,
                };
                config.try_update(self.updates, parameter, first, second, gradient)
            }
        }
    }
}
