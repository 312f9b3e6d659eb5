//! The sharpness of the loss: when it is measured, and the measure.

use network::{LossHessian, Network, largest_eigenvalue};
use rand::RngExt;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use stage::Seed;

use crate::data::Samples;
use crate::loss::Loss;
use crate::steps::{Length, Resolver, Steps};

/// When the sharpness is measured: at every checkpoint, and at the steps given here.
///
/// The sharpness is the largest eigenvalue of the Hessian ∇²L(θ) over the whole training split;
/// gradient descent on its quadratic model is stable below 2/δ. Source: Cohen et al. 2021,
/// *Gradient descent on neural networks typically occurs at the edge of stability*.
///
/// Each step of Lanczos' method takes one product of the Hessian with a vector, which costs about
/// two gradients over the whole split. 5 to 10 products suffice for the paper's network, so that
/// a measurement costs about as much as 10 to 20 steps of gradient descent; more where several
/// eigenvalues are close to the largest.
///
/// Of a network of relus it is the curvature of the smooth piece on which θ lies; what the kinks
/// between pieces add to an update of finite size is not in it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, bound = "")]
#[schemars(rename = "Sharpness")]
pub struct Sharpness<S: Length = u64> {
    /// At every multiple of this number; these steps have rows of the history.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("minimum" = 1))]
    pub every: Option<S>,
    /// Lanczos' method ends once the residual ‖Hy − λy‖, which bounds the error of λ, is below this
    /// multiple of the largest |λ|; it works in single precision, so not below 0.00001.
    #[serde(default = "thousandth")]
    #[schemars(range(min = 0.00001, max = 0.1))]
    pub tolerance: f64,
    /// Most products of one measurement; where they do not suffice the sharpness is NULL. Each holds
    /// a vector as long as the parameters.
    #[serde(default = "hundred")]
    #[schemars(range(min = 2, max = 1000))]
    pub most_products: usize,
}

fn thousandth() -> f64 {
    1e-3
}

fn hundred() -> usize {
    100
}

impl Sharpness<Steps> {
    /// The same in updates.
    pub(crate) fn resolved(self, resolver: &mut Resolver) -> Sharpness {
        let Self { every, tolerance, most_products } = self;
        let every = every.map(|every| resolver.updates("/sharpness/every", every));
        Sharpness { every, tolerance, most_products }
    }
}

impl Sharpness {
    /// Whether it is measured at `step` beside the checkpoints.
    pub(crate) fn is_due(&self, step: u64) -> bool {
        self.every.is_some_and(|every| step.is_multiple_of(every))
    }

    /// What is wrong with the settings, each with a JSON Pointer.
    pub(crate) fn problems(&self) -> Vec<(String, String)> {
        let mut problems = Vec::new();
        if self.every == Some(0) {
            let message = "every 0 steps is no schedule; give 1 or more";
            problems.push(("/every".to_owned(), message.to_owned()));
        }
        if !(1e-5..=0.1).contains(&self.tolerance) {
            let message = format!("the tolerance is {}; it must be 0.00001 to 0.1", self.tolerance);
            problems.push(("/tolerance".to_owned(), message));
        }
        if !(2..=1000).contains(&self.most_products) {
            let message = format!("{} products; give 2 to 1000", self.most_products);
            problems.push(("/most_products".to_owned(), message));
        }
        problems
    }
}

/// Measures the sharpness again and again, from one random vector.
pub(crate) struct SharpnessMeter {
    settings: Sharpness,
    loss: Loss,
    /// Where Lanczos' method starts: uniform entries in ±1, one a parameter.
    start: Vec<f32>,
}

impl SharpnessMeter {
    /// A meter for networks of `parameters` parameters.
    pub fn new(settings: Sharpness, loss: Loss, parameters: usize, seed: Seed) -> Self {
        let mut random = seed.stream("sharpness");
        let start = (0..parameters).map(|_| random.random_range(-1.0..1.0)).collect();
        Self { settings, loss, start }
    }

    /// Largest eigenvalue of ∇²L over `samples`, of which `network` gives `outputs` (n × o).
    ///
    /// `None` where Lanczos' method does not reach its tolerance, or meets a number that is not
    /// finite.
    pub fn sharpness(
        &self,
        network: &Network<f32>,
        samples: &Samples,
        outputs: &[f32],
    ) -> Option<f64> {
        let (rows, width) = (samples.rows as f32, network.output_dim());
        let predictions = self.loss.predictions(outputs, width);
        let gradient: Vec<f32> =
            predictions.iter().zip(&samples.y).map(|(p, y)| (p - y) / rows).collect();
        let loss = self.loss;
        let output_hessian = |row: usize, tangent: &[f32], image: &mut [f32]| {
            loss.curve(&predictions[row * width..(row + 1) * width], tangent, image);
            for value in image {
                *value /= rows;
            }
        };
        let mut hessian = LossHessian::new(network, &samples.x, &gradient, output_hessian);
        let Sharpness { tolerance, most_products, .. } = self.settings;
        let product = |v: &[f32], image: &mut [f32]| hessian.product(v, image);
        largest_eigenvalue(product, &self.start, tolerance, most_products)
            .filter(|found| found.converged)
            .map(|found| found.value)
    }
}
