//! Everything that is predicted from the kernels of one step.

use artifact::tables::kernel::Reduction;
use faer::{Mat, MatRef};
use stage::StageError;

use crate::assembly;
use crate::filter::Filter;
use crate::parameters::{Parameters, Predictions, Start};
use crate::regression::{Fit, Regression, Task};
use crate::resolution::{self, Level, Rounding};
use crate::rounding;
use crate::scores;
use crate::solves::{Solve, solves};
use crate::sources::{BySplit, Sources, at_step};
use crate::variance::{self, Covariance};
use artifact::tables::prediction::Method;
use kernel::Block;
use kernel::KernelError;

/// What a solve predicts, samples × outputs.
#[derive(Clone, Debug)]
pub struct Predicted {
    /// Of training and test samples.
    pub at: BySplit,
    /// Of each training sample from all others.
    pub left_out: Option<Mat<f64>>,
}

/// A solve and what came of it.
#[derive(Clone, Debug)]
pub struct Solved {
    /// Which.
    pub solve: Solve,
    /// None where the solve does not exist.
    pub predicted: Option<Predicted>,
    /// Variance of test samples, × outputs or × 1, where it is known; rounding may make it negative.
    pub variance: Option<Mat<f64>>,
    /// Whether it stands above rounding.
    pub resolved: bool,
    /// Whether it has the least error on samples left out, of its method.
    pub chosen: bool,
}

/// The kernels of one step, decomposed, with all that was asked of them.
pub struct Fits {
    /// The step.
    pub step: u64,
    /// tr K / N over all kernels of the step: what ridges and times are measured by.
    pub scale: f64,
    /// All solves, in the order of the parameters.
    pub solved: Vec<Solved>,
    /// The kernel that stands lowest above its noise.
    pub level: Level,
    blocks: Vec<(Block, Rounding)>,
    regressions: Vec<Regression>,
    reduction: Reduction,
    outputs: usize,
    start: Option<BySplit>,
}

impl Fits {
    /// Predictions from the kernels of `step`.
    ///
    /// # Errors
    /// Where the kernels cannot be read, are none, or where no solve exists.
    pub fn at(sources: &Sources, parameters: &Parameters, step: u64) -> Result<Self, StageError> {
        let mut blocks = Vec::new();
        for mut block in sources.blocks(step)? {
            let deviation = parameters.round_bits.map_or(0.0, |bits| rounded(&mut block, bits));
            let (made, stored, decomposed) = (block.made, block.stored, parameters.precision);
            blocks.push((block, Rounding { made, stored, decomposed, deviation }));
        }
        let scale = mean_diagonal(&blocks).map_err(|error| at_step(step, error))?;
        let start = start(sources, parameters, step)?;
        let solves = solves(sources, parameters, step, scale);
        let (reduction, outputs) = (sources.kernel.reduction, sources.outputs());
        let regressions = decomposed(sources, parameters, &blocks, start.as_ref(), &solves)
            .map_err(|error| at_step(step, error))?;
        let levels = blocks.iter().zip(&regressions).map(|((block, rounding), regression)| {
            let frobenius = block.kernel.norm_l2();
            let noise = rounding.noise(block.kernel.nrows(), regression.largest(), frobenius);
            Level { smallest: regression.smallest(), noise }
        });
        let lowest = levels.min_by(|a, b| b.least().total_cmp(&a.least()));
        let level = lowest.unwrap_or(Level { smallest: 0.0, noise: 0.0 });
        let mut fits = Self {
            step,
            scale,
            solved: Vec::new(),
            level,
            blocks,
            regressions,
            reduction,
            outputs,
            start,
        };
        for solve in solves {
            let predicted = fits.predicted(&solve.filter);
            let resolved = predicted.is_some() && fits.level.resolves(solve.filter.floor());
            let (variance, chosen) = (None, false);
            fits.solved.push(Solved { solve, predicted, variance, resolved, chosen });
        }
        if fits.solved.iter().all(|solved| solved.predicted.is_none()) {
            return Err(at_step(step, fits.nothing(parameters)));
        }
        fits.choose(sources);
        fits.vary(sources, parameters)?;
        Ok(fits)
    }

    /// What `filter` predicts from all kernels together.
    pub fn predicted(&self, filter: &Filter) -> Option<Predicted> {
        let fits: Option<Vec<Fit>> =
            self.regressions.iter().map(|regression| regression.fit(filter)).collect();
        let (mut train, mut test, mut left_out) = (Vec::new(), Vec::new(), Some(Vec::new()));
        for fit in fits? {
            train.push(fit.train);
            test.push(fit.test);
            left_out = left_out.zip(fit.left_out).map(|(mut all, one)| {
                all.push(one);
                all
            });
        }
        let join = |parts: &[Mat<f64>]| assembly::samples(self.reduction, self.outputs, parts);
        let start = self.start.as_ref();
        let from = |values: Mat<f64>, start: Option<&Mat<f64>>| match start {
            Some(start) if values.nrows() == start.nrows() => values + start,
            _ => values,
        };
        Some(Predicted {
            at: BySplit {
                train: from(join(&train), start.map(|start| &start.train)),
                test: from(join(&test), start.map(|start| &start.test)),
            },
            left_out: left_out.map(|parts| from(join(&parts), start.map(|start| &start.train))),
        })
    }

    /// What the kernel adds on test samples to what predictions start from.
    pub fn added(&self, test: &Mat<f64>) -> Mat<f64> {
        self.start.as_ref().map_or_else(|| test.clone(), |start| test - &start.test)
    }

    /// Whether any filter can be asked for, as every ridge and time was not.
    pub fn is_spectral(&self) -> bool {
        self.regressions.iter().all(|regression| matches!(regression, Regression::Spectral(_)))
    }

    /// The chosen solve of `method`.
    pub fn chosen(&self, method: Method) -> Option<&Solved> {
        self.solved.iter().find(|solved| solved.chosen && solved.solve.method == method)
    }

    /// The relative ridge that stands above the noise, and the number of leading samples that does with
    /// the relative ridge `ridge`, the least of all kernels.
    ///
    /// # Errors
    /// Where memory lacks.
    pub fn remedies(&self, ridge: f64) -> Result<(f64, usize), KernelError> {
        let cell = self.cell();
        let counts = self.blocks.iter().map(|(block, rounding)| {
            // λ of all kernels is measured by their mean, that of a block by its own diagonal.
            let kernel = block.kernel.as_ref();
            let own = trace(kernel) / kernel.nrows() as f64;
            resolution::largest_resolved(kernel, cell, ridge * self.scale / own, *rounding)
        });
        let counts = counts.collect::<Result<Vec<usize>, KernelError>>()?;
        let ridge = rounded_up(self.level.least_ridge() / self.scale);
        Ok((ridge, counts.into_iter().min().unwrap_or(0)))
    }

    fn cell(&self) -> usize {
        self.reduction.blocks(self.outputs).1
    }

    /// Why no solve exists, and what would help.
    fn nothing(&self, parameters: &Parameters) -> StageError {
        let ridges = self.solved.iter().filter_map(|solved| solved.solve.ridge);
        let Some(most) = ridges.reduce(f64::max) else {
            return StageError::new("the predictions of every time overflow")
                .hint("ask for shorter times, or for a ridge");
        };
        let (ridge, samples) = match self.remedies(most) {
            Ok(remedies) => remedies,
            Err(error) => return error.into(),
        };
        let after = self.level.smallest + most * self.scale;
        let exact = match parameters.round_bits {
            Some(bits) => format!(" of a kernel rounded to {bits} bits"),
            None => String::new(),
        };
        StageError::new(format!(
            "K + λI{exact} has the eigenvalue {after:.3e} at the largest ridge asked for, {most}: it is not positive definite, so nothing can be predicted; rounding moves eigenvalues by up to {:.1e}, a relative ridge of {ridge:.1e} or {samples} samples would stand above that",
            self.level.noise
        ))
        .hint(if samples > 0 {
            format!("add {ridge:.1e} to `ridges`, or set `samples: {samples}`")
        } else {
            format!("add {ridge:.1e} to `ridges`")
        })
    }

    /// Marks the solve of each method with the least error on samples left out.
    fn choose(&mut self, sources: &Sources) {
        for method in [Method::Ridge, Method::Flow, Method::Descent] {
            let error = |solved: &Solved| {
                let left_out = solved.predicted.as_ref()?.left_out.as_ref()?;
                scores::mse(left_out.as_ref(), sources.targets.train.as_ref())
            };
            let of_method =
                self.solved.iter().enumerate().filter(|(_, solved)| solved.solve.method == method);
            let errors = of_method.filter_map(|(at, solved)| Some((at, error(solved)?)));
            let best = errors.min_by(|(_, a), (_, b)| a.total_cmp(b)).map(|(at, _)| at);
            if let Some(best) = best {
                self.solved[best].chosen = true;
            }
        }
    }

    /// Finds the variances: those of a process for its likelihoods, those of an ensemble where
    /// predictions are kept or chosen.
    fn vary(&mut self, sources: &Sources, parameters: &Parameters) -> Result<(), StageError> {
        // What one network has learned by its start is no matter of an ensemble.
        if self.start.is_some() {
            return Ok(());
        }
        let is_kept = |solved: &Solved| solved.chosen || parameters.predictions == Predictions::All;
        let covariances: Option<Vec<Covariance>> =
            sources.covariance_blocks(self.step)?.map(|blocks| {
                let pairs = self.regressions.iter().zip(blocks);
                pairs
                    .map(|(regression, block)| {
                        let diagonal = block.diagonal.unwrap_or_default();
                        Covariance::new(
                            regression,
                            block.kernel.as_ref(),
                            block.cross.as_ref(),
                            diagonal,
                        )
                    })
                    .collect()
            });
        // A kernel beside a covariance is none of a process.
        let is_process = sources.covariance.is_none();
        for at in 0..self.solved.len() {
            let solved = &self.solved[at];
            let (filter, is_kept) = (&solved.solve.filter, is_kept(solved));
            if solved.predicted.is_none() {
                continue;
            }
            let of_blocks: Option<Vec<Vec<f64>>> = match &covariances {
                Some(all) if is_kept => self
                    .regressions
                    .iter()
                    .zip(all)
                    .map(|(regression, covariance)| covariance.of_ensemble(regression, filter))
                    .collect(),
                None if is_process && (is_kept || solved.solve.method == Method::Ridge) => self
                    .regressions
                    .iter()
                    .zip(&self.blocks)
                    .map(|(regression, (block, _))| {
                        variance::of_process(regression, filter, block.diagonal.as_ref()?)
                    })
                    .collect(),
                _ => None,
            };
            let columns = of_blocks.map(|blocks| {
                let column = |values: &Vec<f64>| Mat::from_fn(values.len(), 1, |i, _| values[i]);
                let columns: Vec<Mat<f64>> = blocks.iter().map(column).collect();
                assembly::samples(self.reduction, self.outputs, &columns)
            });
            let is_finite = |values: &Mat<f64>| {
                (0..values.ncols()).all(|a| values.col(a).iter().all(|v| v.is_finite()))
            };
            self.solved[at].variance = columns.filter(is_finite);
        }
        Ok(())
    }

    /// Whether the kernel has test rows.
    pub fn has_test(&self) -> bool {
        self.blocks.iter().all(|(block, _)| block.cross.nrows() > 0)
    }
}

impl Level {
    /// The least λ by which it would stand above the noise, below 0 where none is needed.
    fn least(&self) -> f64 {
        self.noise - self.smallest
    }
}

/// Rounds every entry of `block`, and returns the root mean square of what that changes in K.
fn rounded(block: &mut Block, bits: u32) -> f64 {
    let round = |values: &mut Mat<f64>| -> f64 {
        let mut sum = 0.0;
        for j in 0..values.ncols() {
            for value in values.col_mut(j).iter_mut() {
                let exact = std::mem::replace(value, rounding::to_bits(*value, bits));
                sum += (*value - exact).powi(2);
            }
        }
        sum
    };
    round(&mut block.cross);
    let entries = block.kernel.nrows() * block.kernel.ncols();
    (round(&mut block.kernel) / entries.max(1) as f64).sqrt()
}

fn trace(kernel: MatRef<'_, f64>) -> f64 {
    (0..kernel.nrows()).map(|i| kernel[(i, i)]).sum()
}

/// tr K / N over all kernels.
fn mean_diagonal(blocks: &[(Block, Rounding)]) -> Result<f64, KernelError> {
    let rows: usize = blocks.iter().map(|(block, _)| block.kernel.nrows()).sum();
    let sum: f64 = blocks.iter().map(|(block, _)| trace(block.kernel.as_ref())).sum();
    let mean = sum / rows.max(1) as f64;
    if mean.is_finite() && mean > 0.0 { Ok(mean) } else { Err(KernelError::NoScale { mean }) }
}

/// The network's outputs at `step`, where predictions start from them.
fn start(
    sources: &Sources,
    parameters: &Parameters,
    step: u64,
) -> Result<Option<BySplit>, StageError> {
    if parameters.start == Start::Zero {
        return Ok(None);
    }
    let network = sources.network.as_ref().ok_or_else(|| {
        StageError::new("predictions start from the network, but no training run is wired")
            .hint("wire `training`, or leave out `start`")
    })?;
    let outputs = network.outputs.get(&step).cloned();
    outputs.map(Some).ok_or_else(|| {
        StageError::new(format!(
            "predictions start from the network, but the training run has no outputs at step {step}, where there is a kernel"
        ))
    })
}

/// Each kernel decomposed with what it fits: by Cholesky where one ridge is all that is asked for and
/// exists.
fn decomposed(
    sources: &Sources,
    parameters: &Parameters,
    blocks: &[(Block, Rounding)],
    start: Option<&BySplit>,
    solves: &[Solve],
) -> Result<Vec<Regression>, KernelError> {
    let y = &sources.targets.train;
    let residual = start.map_or_else(|| y.clone(), |start| y - &start.train);
    let (reduction, precision) = (sources.kernel.reduction, parameters.precision);
    let only = match solves {
        [Solve { filter: Filter::Ridge { lambda }, .. }] => Some(*lambda),
        _ => None,
    };
    let decomposed = |only: Option<f64>| -> Result<Vec<Regression>, KernelError> {
        let blocks = blocks.iter().enumerate();
        blocks
            .map(|(at, (block, _))| {
                let targets = assembly::columns(reduction, at, residual.as_ref());
                let task = Task {
                    kernel: block.kernel.as_ref(),
                    cross: block.cross.as_ref(),
                    targets: targets.as_ref(),
                    cell: reduction.blocks(sources.outputs()).1,
                };
                match only {
                    Some(lambda) => Regression::direct(task, lambda, precision),
                    None => Regression::spectral(task, precision),
                }
            })
            .collect()
    };
    if let Some(lambda) = only {
        let direct = decomposed(only)?;
        if direct.iter().all(|regression| regression.fit(&Filter::Ridge { lambda }).is_some()) {
            return Ok(direct);
        }
    }
    // What a ridge that does not exist lacks is a matter of eigenvalues.
    decomposed(None)
}

/// `value` with two digits, not below it.
fn rounded_up(value: f64) -> f64 {
    if value <= 0.0 || !value.is_finite() {
        return 0.0;
    }
    let unit = 10.0_f64.powi(value.log10().floor() as i32 - 1);
    (value / unit).floor().mul_add(unit, unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_round_up_to_two_digits() {
        for (value, expected) in [(1.23e-4, 1.3e-4), (0.99, 1.0), (7.0, 7.1), (0.0, 0.0)] {
            assert!((rounded_up(value) - expected).abs() <= 1e-12 * expected, "{value}");
        }
    }
}
