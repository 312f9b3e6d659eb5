//! Optimizers: dfdx's update rules, with the state in our hands so that it can be kept.

use dfdx::prelude::*;
use dfdx::tensor_ops::{AdamConfig, SgdConfig};
use network::Network;
use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use stage::StageError;

use crate::model::Model;
use crate::weight_decay::{Shaping, WeightDecay};

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
    /// What becomes of the samples of an epoch that do not fill a mini-batch.
    #[serde(default, skip_serializing_if = "LastBatch::is_default")]
    pub last_batch: LastBatch,
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
    /// What becomes of the samples of an epoch that do not fill a mini-batch.
    #[serde(default, skip_serializing_if = "LastBatch::is_default")]
    pub last_batch: LastBatch,
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

/// What becomes of the samples of an epoch that do not fill a mini-batch; the default is `drop`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LastBatch {
    /// They are left out, others in each epoch.
    #[default]
    Drop,
    /// They are a smaller mini-batch of their own: an epoch shows every sample once.
    Keep,
}

impl LastBatch {
    /// The default is not recorded: artifacts keep the keys that they had without it.
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
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

    /// Whether the samples that do not fill a mini-batch are one of their own.
    #[must_use]
    pub const fn last_batch(self) -> LastBatch {
        match self {
            Self::GradientDescent => LastBatch::Drop,
            Self::Sgd(sgd) => sgd.last_batch,
            Self::Adam(adam) => adam.last_batch,
        }
    }

    /// Updates that an epoch of `rows` samples has: 1 without mini-batches.
    #[must_use]
    pub fn updates_an_epoch(self, rows: u64) -> u64 {
        let batch = self.batch().map_or(rows, |batch| rows.min(batch as u64)).max(1);
        let updates = match self.last_batch() {
            LastBatch::Drop => rows / batch,
            LastBatch::Keep => rows.div_ceil(batch),
        };
        updates.max(1)
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
    weight_decay: Option<WeightDecay>,
    updates: i32,
    /// Of each layer's weights and biases.
    moments: Vec<LayerMoments>,
}

/// Of a layer's weights and of its biases.
type LayerMoments = (Moments<(usize,)>, Moments<(usize,)>);

/// What the rule of one tensor needs beside the tensor. Each tensor has containers of its own, so that
/// all can be updated at once.
struct Moments<S: Shape> {
    /// The gradient as plain descent takes it.
    direction: Option<Tensor<S, f32, Cpu>>,
    /// The gradient as it came.
    gradient: Gradients<f32, Cpu>,
    first: Gradients<f32, Cpu>,
    second: Gradients<f32, Cpu>,
}

impl<S: Shape> Moments<S> {
    fn new() -> Self {
        let [gradient, first, second] = [(); 3].map(|()| Gradients::leaky());
        Self { direction: None, gradient, first, second }
    }

    /// Takes the gradient of `parameter` out of `gradients`, and makes all memory that
    /// [`Self::update`] needs: dfdx's cache of memory is not safe on several threads.
    fn prepare(
        &mut self,
        optimizer: Optimizer,
        parameter: &Tensor<S, f32, Cpu>,
        gradients: &mut Gradients<f32, Cpu>,
    ) -> Result<(), CpuError> {
        let own = self.gradient.get_or_alloc_mut(parameter)?;
        std::mem::swap(own, gradients.get_or_alloc_mut(parameter)?);
        if optimizer == Optimizer::GradientDescent {
            if self.direction.is_none() {
                self.direction = Some(gradients.get(parameter));
            }
            return Ok(());
        }
        self.first.try_alloc_for(parameter)?;
        self.second.try_alloc_for(parameter)
    }

    /// Shapes the gradient that was taken, moves `parameter` along it, and copies it to `copy`, which
    /// holds it as it was.
    fn update(
        &mut self,
        optimizer: Optimizer,
        updates: i32,
        parameter: &mut Tensor<S, f32, Cpu>,
        copy: &mut [f32],
        (learning_rate, shaping): (f64, Shaping),
    ) -> Result<(), CpuError> {
        shaping.apply(self.gradient.get_or_alloc_mut(parameter)?, copy);
        self.moved(optimizer, updates, parameter, learning_rate)?;
        // While it is in this core's cache.
        parameter.copy_into(copy);
        Ok(())
    }

    fn moved(
        &mut self,
        optimizer: Optimizer,
        updates: i32,
        parameter: &mut Tensor<S, f32, Cpu>,
        learning_rate: f64,
    ) -> Result<(), CpuError> {
        let gradient = self.gradient.get_or_alloc_mut(parameter)?;
        // The same bits as dfdx's SGD, whose loop decides on momentum at every number.
        if let Some(direction) = &mut self.direction {
            direction.copy_from(gradient);
            return parameter.try_axpy(1.0, direction, -learning_rate);
        }
        let first = self.first.get_or_alloc_mut(parameter)?;
        match optimizer {
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
                let config = AdamConfig {
                    lr: learning_rate,
                    betas: [adam.beta1, adam.beta2],
                    eps: adam.epsilon,
                    weight_decay: None,
                };
                let second = self.second.get_or_alloc_mut(parameter)?;
                config.try_update(updates, parameter, first, second, gradient)
            }
        }
    }
}

impl<S: Shape> Moments<S> {
    /// The moments of `parameter` that the rule of `optimizer` keeps from update to update.
    fn kept(
        &mut self,
        optimizer: Optimizer,
        parameter: &Tensor<S, f32, Cpu>,
    ) -> Result<Vec<&mut [f32]>, CpuError> {
        Ok(match optimizer {
            Optimizer::GradientDescent => Vec::new(),
            Optimizer::Sgd(_) => vec![self.first.get_or_alloc_mut(parameter)?],
            Optimizer::Adam(_) => vec![
                self.first.get_or_alloc_mut(parameter)?,
                self.second.get_or_alloc_mut(parameter)?,
            ],
        })
    }
}

impl Updater {
    /// An optimizer that has made no update.
    pub fn new(optimizer: Optimizer, weight_decay: Option<WeightDecay>) -> Self {
        Self { optimizer, weight_decay, updates: 0, moments: Vec::new() }
    }

    /// The moments that the rule keeps, tensor by tensor.
    pub fn moments(&mut self, model: &Model) -> Result<Vec<Vec<f32>>, CpuError> {
        Ok(self.kept(model)?.into_iter().map(|values| values.to_vec()).collect())
    }

    /// Goes on after `updates` updates, which have left `moments`.
    pub fn restore(
        &mut self,
        model: &Model,
        updates: i32,
        moments: &[Vec<f32>],
    ) -> Result<(), StageError> {
        self.updates = updates;
        let kept = self.kept(model)?;
        if !kept.iter().map(|to| to.len()).eq(moments.iter().map(Vec::len)) {
            return Err(StageError::new(
                "the moments that were saved are not those of this network",
            ));
        }
        for (to, from) in kept.into_iter().zip(moments) {
            to.copy_from_slice(from);
        }
        Ok(())
    }

    fn kept(&mut self, model: &Model) -> Result<Vec<&mut [f32]>, CpuError> {
        self.moments.resize_with(model.layers.len(), || (Moments::new(), Moments::new()));
        let mut kept = Vec::new();
        for ((weight, bias), (of_weight, of_bias)) in model.layers.iter().zip(&mut self.moments) {
            kept.extend(of_weight.kept(self.optimizer, weight)?);
            if let Some(bias) = bias {
                kept.extend(of_bias.kept(self.optimizer, bias)?);
            }
        }
        Ok(kept)
    }

    /// Moves the parameters of `model` along `gradients`, which it uses up, times `scale` and with their
    /// decay, with step size `learning_rate`, and copies them to `network`.
    pub fn update(
        &mut self,
        model: &mut Model,
        mut gradients: Gradients<f32, Cpu>,
        network: &mut Network<f32>,
        learning_rate: f64,
        scale: Option<f32>,
    ) -> Result<(), CpuError> {
        self.updates += 1;
        self.moments.resize_with(model.layers.len(), || (Moments::new(), Moments::new()));
        let (optimizer, updates) = (self.optimizer, self.updates);
        for ((weight, bias), moments) in model.layers.iter().zip(&mut self.moments) {
            moments.0.prepare(optimizer, weight, &mut gradients)?;
            if let Some(bias) = bias {
                moments.1.prepare(optimizer, bias, &mut gradients)?;
            }
        }
        let (init, weight_decay) = (network.architecture.init, self.weight_decay);
        let layers = model.layers.par_iter_mut().zip(&mut self.moments).zip(&mut network.layers);
        layers.with_max_len(1).try_for_each(|((parameters, moments), layer)| {
            let ((weight, bias), (of_weight, of_bias)) = (parameters, moments);
            let decay = weight_decay.map_or([None; 2], |decay| decay.of(init, layer));
            let [weight_step, bias_step] =
                decay.map(|of| (learning_rate, Shaping { scale, decay: of.map(|of| of as f32) }));
            of_weight.update(optimizer, updates, weight, &mut layer.weight, weight_step)?;
            match bias {
                Some(bias) => of_bias.update(optimizer, updates, bias, &mut layer.bias, bias_step),
                None => Ok(()),
            }
        })
    }
}
