//! Inputs of a case: samples, a network, and Gramians of a trained one.

use network::Network;
use ntk::gram;
use rand::Rng;
use spectrum::{Columns, Start};
use stage::Seed;
use train::{Engine, Loss, Optimizer, Trainer};

use artifact::tables::kernel::Reduction;

use crate::case::{Case, Work};
use crate::error::BenchError;
use crate::model::{Model, SLOPE};
use crate::reference::{self, Layered, Limit, Plain, Reference, columns, wide};
use crate::regression::Regression;

/// Step size of all steps: small enough to be stable for thousands of updates.
pub const LEARNING_RATE: f64 = 1e-2;
/// Updates before the Gramian that is decomposed, and before the one whose eigenvectors are a warm
/// start.
const UPDATES: [u32; 2] = [400, 300];

/// A network and samples for it.
pub struct Problem {
    /// The network.
    pub network: Network<f32>,
    /// The same in f64.
    pub reference: Reference,
    /// Inputs, N × d, uniform in [-1, 1) but for kinks.
    pub x: Vec<f32>,
    /// Targets, N × o: waves of growing frequency along the first two inputs.
    pub y: Vec<f32>,
    /// What is fitted by kernel regression, of such a case.
    pub regression: Option<Regression>,
}

/// A sequence of numbers uniform in [-1, 1), one for each name.
fn uniform(name: &str) -> impl FnMut() -> f32 {
    let mut random = Seed(0).stream(name);
    move || (f64::from(random.next_u32()) / f64::from(1_u32 << 31) - 1.0) as f32
}

/// `count` samples of `inputs` numbers that are no nearer to a kink of `network` than rounding: elsewhere
/// right implementations take the slope of either side, and their gradients differ by more than rounding.
fn samples(name: &str, count: usize, inputs: usize, network: &Reference) -> Vec<f32> {
    let mut number = uniform(name);
    let mut x: Vec<f32> = (0..count * inputs).map(|_| number()).collect();
    let mut unsure: Vec<usize> = (0..count).collect();
    while !unsure.is_empty() {
        let drawn: Vec<f32> =
            unsure.iter().flat_map(|&i| x[i * inputs..(i + 1) * inputs].to_vec()).collect();
        let near = network.near_kinks(&drawn);
        unsure = near.into_iter().map(|place| unsure[place]).collect();
        for i in &unsure {
            x[i * inputs..(i + 1) * inputs].fill_with(&mut number);
        }
    }
    x
}

/// `network` of `model` in f64.
fn reference(model: Model, network: &Network<f32>) -> Result<Reference, BenchError> {
    let (input, tensors) = (model.input(), network.tensors().map(|(_, _, values)| values));
    if let Model::Dense { .. } = model {
        return Ok(Reference::Plain(Plain::new(input.len(), SLOPE, tensors)));
    }
    if model.is_infinite() {
        return Ok(Reference::Limit(Limit::new(&network.architecture, input)?));
    }
    let parameters = tensors.flat_map(wide).collect();
    Ok(Reference::Layered(Layered::new(&network.architecture, input, parameters)?))
}

impl Problem {
    /// The inputs of `case`, the same in every run.
    ///
    /// # Errors
    /// Where its network does not fit its inputs, or is unknown to the reference.
    pub fn of(case: &Case) -> Result<Self, BenchError> {
        let (input, mut init) = (case.model.input(), Seed(0).stream("init"));
        let network = Network::initialize(&case.architecture(), input, case.outputs, &mut init)?;
        let reference = reference(case.model, &network)?;
        let x = samples("inputs", case.samples, input.len(), &reference);
        let waves = |a: usize, x: &[f32]| {
            let frequency = 3.0 + a as f32;
            (frequency * x[0]).sin() * (2.0 * frequency * x[1]).cos()
        };
        let rows = x.chunks(input.len());
        let y = rows.flat_map(|x| (0..case.outputs).map(move |a| waves(a, x))).collect();
        let mut problem = Self { network, reference, x, y, regression: None };
        if case.work == Work::Ridge {
            problem.regression = Some(Regression::of(case, &problem)?);
        }
        Ok(problem)
    }

    /// As many other samples.
    #[must_use]
    pub fn others(&self) -> Vec<f32> {
        samples("others", self.rows(), self.network.input_dim(), &self.reference)
    }

    /// N.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.x.len() / self.network.input_dim()
    }

    /// The reduction under which a case's Gramian keeps all outputs.
    #[must_use]
    pub fn reduction(&self) -> Reduction {
        if self.network.output_dim() == 1 { Reduction::SummedLogit } else { Reduction::Full }
    }

    /// A trainer of the network by gradient descent on least squares.
    #[must_use]
    pub fn trainer(&self, engine: Engine) -> Trainer {
        let optimizer = Optimizer::GradientDescent;
        Trainer::new(&self.network, self.rows(), engine, Loss::LeastSquares, optimizer)
    }
}

/// Gramians along a training run.
pub struct Trained {
    /// G, N × N, of the trained network.
    pub gram: Vec<f32>,
    /// λ₁ ≥ λ₂ ≥ … of G, from the reference.
    pub eigenvalues: Vec<f64>,
    /// G some updates earlier.
    pub earlier: Vec<f32>,
}

impl Trained {
    /// Trains the network of `problem` and computes its Gramians.
    ///
    /// # Errors
    /// Where a step or the reference fails.
    pub fn of(problem: &Problem) -> Result<Self, BenchError> {
        let mut trainer = problem.trainer(Engine::Fused);
        let mut network = problem.network.clone();
        let mut earlier = Vec::new();
        for step in 0..UPDATES[0] {
            if step == UPDATES[1] {
                network.clone_from(&trainer.network());
                earlier = gramian(&network, &problem.x);
            }
            trainer.step(&problem.x, &problem.y, 10.0 * LEARNING_RATE)?;
        }
        network.clone_from(&trainer.network());
        let gram = gramian(&network, &problem.x);
        let eigenvalues = reference::eigenvalues(&columns(&gram, gram.len().isqrt()))?;
        Ok(Self { gram, eigenvalues, earlier })
    }
}

fn gramian(network: &Network<f32>, x: &[f32]) -> Vec<f32> {
    let factors = gram::factors(network, x, Reduction::SummedLogit);
    gram::square(&factors, Reduction::SummedLogit).swap_remove(0)
}

/// What the block method starts from in the stage `spectrum`: `earlier` eigenvectors and a few
/// random vectors, or only random ones.
#[must_use]
pub fn start(rows: usize, k: usize, earlier: Option<&Columns<f32>>) -> Start<f32> {
    let mut number = uniform("start");
    Start::new(earlier, rows, k, || f64::from(number()))
}
