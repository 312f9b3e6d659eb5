//! Kernel regressions of a case: a kernel, targets, and what is asked for.

use faer::Mat;
use infinite::gram::Kernel;
use infinite::limit::Limit;
use infinite::samples::Samples;
use network::Program;

use crate::case::Case;
use crate::error::BenchError;
use crate::problem::Problem;
use crate::reference::{Predictions, columns, predictions};

/// Ridges, from 10⁻⁴ to 10 of the kernel's mean diagonal.
const RIDGES: usize = 20;
/// Times of gradient flow, from the inverse of the largest ridge to that of the least.
const TIMES: usize = 100;
/// Powers of ten between which both lie.
const POWERS: [f64; 2] = [-4.0, 1.0];

/// One kernel and everything that is fitted with it.
pub struct Regression {
    /// K, N × N, symmetric.
    pub kernel: Vec<f32>,
    /// K_*X, M × N.
    pub cross: Vec<f32>,
    /// λ of each ridge.
    pub ridges: Vec<f64>,
    /// τ of each time.
    pub times: Vec<f64>,
    /// f_* of each ridge and then of each time, from the reference.
    pub predictions: Predictions,
}

impl Regression {
    /// The regression of `case` on the samples of `problem`, with the NTK of its limit.
    ///
    /// # Errors
    /// Where the network does not fit its inputs, or the reference fails.
    pub fn of(case: &Case, problem: &Problem) -> Result<Self, BenchError> {
        let architecture = case.architecture();
        let program = Program::new(&architecture, case.model.input(), case.outputs);
        let program = program.map_err(|(_, error)| error)?;
        let limit = Limit::<f32>::new(&architecture, &program);
        let others = problem.others();
        let test = &others[..case.tests() * case.model.input().len()];
        let (train, test) = (Samples::new(&limit, &problem.x), Samples::new(&limit, test));
        let kernel = Kernel::ntk(&limit).symmetric(&train).to_dense();
        let cross = Kernel::ntk(&limit).rows(&test, (0, test.len()), &train);
        let n = case.samples;
        let mean = (0..n).map(|i| f64::from(kernel[i * (n + 1)])).sum::<f64>() / n as f64;
        let spaced = |count: usize, sign: f64| -> Vec<f64> {
            let [least, most] = POWERS;
            let power = |i: usize| least + (most - least) * i as f64 / (count - 1) as f64;
            (0..count).map(|i| mean.powf(sign) * 10_f64.powf(sign * power(i))).collect()
        };
        let (ridges, times) = (spaced(RIDGES, 1.0), spaced(TIMES, -1.0));
        // The kernel is its own transpose.
        let transposed = columns(&cross, n).transpose().to_owned();
        let targets: Mat<f64> = columns(&problem.y, case.outputs).transpose().to_owned();
        let predictions =
            predictions(&columns(&kernel, n), &transposed, &targets, &ridges, &times)?;
        Ok(Self { kernel, cross, ridges, times, predictions })
    }
}
