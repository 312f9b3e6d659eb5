//! One step of descent: outputs and loss, the way back to every parameter, the update.

use std::cell::{Ref, RefCell};
use std::rc::Rc;

use dfdx::prelude::*;
use network::Network;
use stage::StageError;

use crate::fused::Fused;
use crate::loss::{Loss, matrix};
use crate::model::Model;
use crate::optimizer::{Optimizer, Updater};
use crate::parameters::Engine;
use crate::plain;
use crate::weight_decay::WeightDecay;

/// A network that is trained step by step on a fixed number of rows, and perhaps on the rest of an epoch.
pub struct Trainer {
    output_dim: usize,
    engine: Engine,
    loss: Loss,
    clip_norm: Option<f64>,
    device: Cpu,
    fused: Fused,
    /// For the smaller batch at the end of an epoch, where there is one.
    fused_rest: Option<Fused>,
    updater: Updater,
    /// The parameters.
    model: Model,
    /// The same where the network's kernels read them, copied after every update.
    network: Rc<RefCell<Network<f32>>>,
}

/// What a network says of a batch, and the tape that leads from its loss to the parameters.
pub(crate) struct Forward {
    /// f_θ(x), n × o.
    pub outputs: Vec<f32>,
    /// L(θ).
    pub loss: f64,
    tape: Tensor<Rank0, f32, Cpu, OwnedTape<f32, Cpu>>,
}

impl Trainer {
    /// A trainer of `network` that has made no update, for batches of `rows` rows.
    #[must_use]
    pub fn new(
        network: &Network<f32>,
        rows: usize,
        engine: Engine,
        loss: Loss,
        optimizer: Optimizer,
    ) -> Self {
        let device = Cpu::default();
        // Gradients are made anew at every step: with a cache in memory that is mapped already.
        device.enable_cache();
        Self {
            output_dim: network.output_dim(),
            engine,
            loss,
            clip_norm: None,
            fused: Fused::new(network, rows),
            fused_rest: None,
            updater: Updater::new(optimizer, None),
            model: Model::new(network, &device),
            network: Rc::new(RefCell::new(network.clone())),
            device,
        }
    }

    /// The same trainer with a penalty of large parameters and shorter gradients.
    #[must_use]
    pub fn regularized(
        mut self,
        optimizer: Optimizer,
        weight_decay: Option<WeightDecay>,
        clip_norm: Option<f64>,
    ) -> Self {
        self.updater = Updater::new(optimizer, weight_decay);
        self.clip_norm = clip_norm;
        self
    }

    /// The same trainer, which takes batches of `rest` rows too, where there are such.
    pub(crate) fn with_rest(mut self, rest: Option<usize>) -> Self {
        self.fused_rest = rest.map(|rows| Fused::new(&self.network(), rows));
        self
    }

    /// Makes one update on inputs `x` (n × d) and targets `y` (n × o); L(θ) before it.
    ///
    /// # Errors
    /// Where the engine cannot compute the network.
    pub fn step(&mut self, x: &[f32], y: &[f32], learning_rate: f64) -> Result<f64, StageError> {
        let forward = self.forward(x, y)?;
        let loss = forward.loss;
        self.update(forward.backward()?, learning_rate)?;
        Ok(loss)
    }

    /// The network with its present parameters.
    #[must_use]
    pub fn network(&self) -> Ref<'_, Network<f32>> {
        self.network.borrow()
    }

    /// What the optimizer keeps from update to update, tensor by tensor.
    pub(crate) fn moments(&mut self) -> Result<Vec<Vec<f32>>, StageError> {
        Ok(self.updater.moments(&self.model)?)
    }

    /// Goes on after `updates` updates, which have left `moments`.
    pub(crate) fn restore(&mut self, updates: u64, moments: &[Vec<f32>]) -> Result<(), StageError> {
        self.updater.restore(&self.model, i32::try_from(updates)?, moments)
    }

    /// Outputs and loss on inputs `x` (n × d) and targets `y` (n × o).
    pub(crate) fn forward(&self, x: &[f32], y: &[f32]) -> Result<Forward, StageError> {
        let shape = (y.len() / self.output_dim, self.output_dim);
        let rest = self.fused_rest.as_ref().filter(|rest| rest.rows == shape.0);
        let fused = rest.unwrap_or(&self.fused);
        let outputs = match self.engine {
            Engine::Fused => fused.on_tape(&self.model, &self.network, x, &self.device)?,
            Engine::Dfdx => plain::on_tape(&self.model, &self.network(), x, &self.device)?,
        };
        let values = outputs.as_vec();
        let targets = matrix(&self.device, y, shape)?;
        let tape = self.loss.on_tape(outputs, targets)?;
        Ok(Forward { outputs: values, loss: f64::from(tape.array()), tape })
    }

    /// ‖∇L‖₂ over all parameters.
    pub(crate) fn norm_of(&self, gradients: &Gradients<f32, Cpu>) -> f64 {
        let squares = |values: Vec<f32>| values.iter().map(|&g| f64::from(g).powi(2)).sum::<f64>();
        let layers = self.model.layers.iter().map(|(weight, bias)| {
            let bias = bias.as_ref().map_or(0.0, |bias| squares(gradients.get(bias).as_vec()));
            squares(gradients.get(weight).as_vec()) + bias
        });
        layers.sum::<f64>().sqrt()
    }

    /// Moves the parameters along `gradients`, shortened and with their decay, with step size
    /// `learning_rate`.
    pub(crate) fn update(
        &mut self,
        gradients: Gradients<f32, Cpu>,
        learning_rate: f64,
    ) -> Result<(), StageError> {
        let scale = self.clip_norm.and_then(|most| {
            let norm = self.norm_of(&gradients);
            (norm > most).then_some((most / norm) as f32)
        });
        let network = &mut self.network.borrow_mut();
        Ok(self.updater.update(&mut self.model, gradients, network, learning_rate, scale)?)
    }
}

impl Forward {
    /// ∇L(θ).
    pub fn backward(self) -> Result<Gradients<f32, Cpu>, StageError> {
        Ok(self.tape.try_backward()?)
    }
}
