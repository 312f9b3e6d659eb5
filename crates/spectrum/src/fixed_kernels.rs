//! Which kernels are held fixed, at which rates and steps.

use artifact::tables::spectrum::FrozenRates;

use crate::eigen::{self, Eigenpairs};
use crate::error::SpectrumError;
use crate::measure::Kernel;
use crate::parameters::Parameters;
use crate::precision::Real;
use crate::rates::Rates;
use crate::sources::Sources;
use crate::tables::Tables;

/// Steps at which the loss of a descent with a fixed kernel is told, beside the last: what a curve
/// in a report shows.
pub const POINTS: usize = 400;

/// Descents with the first and with the last kernel held fixed.
pub struct FixedKernels<'a> {
    first: u64,
    last: u64,
    /// δ of the run.
    rates: &'a Rates,
    /// The same, as far as both kernels are stable under it without overshooting.
    stable: Rates,
    /// The rates for kernels of the same trace, and the factor that scales the first kernel to it.
    same_trace: (Rates, f64),
    /// Steps at which losses are told.
    steps: Vec<u64>,
}

impl<'a> FixedKernels<'a> {
    /// The descents of the run, or `None` where they are not defined or not asked for.
    pub fn of(parameters: &Parameters, sources: &'a Sources) -> Option<Self> {
        let rates = sources.rates.as_ref()?;
        let (&first, kernels) = sources.kernels.first_key_value()?;
        let (&last, last_kernels) = sources.kernels.last_key_value()?;
        let asked_for = kernels.iter().all(|kernel| kernel.rows <= parameters.frozen_descent);
        if !asked_for || !sources.descends_linearly(kernels[0].reduction) {
            return None;
        }
        // A kernel that leaves out no pair of outputs is one block.
        let (first_kernel, last_kernel) = (kernels.first()?, last_kernels.first()?);
        // ‖G‖_F ≥ λ₁ needs no decomposition: the last kernel's rate is wanted with the first one.
        let samples = sources.targets.train.samples() as f64;
        let stable_under =
            |first_norm: f64| rates.at_most(samples / first_norm.max(last_kernel.frobenius_norm));
        let scale = last_kernel.trace / first_kernel.trace;
        let norm = first_kernel.frobenius_norm;
        Some(Self {
            first,
            last,
            rates,
            stable: stable_under(norm),
            same_trace: (stable_under(scale * norm), scale),
            steps: recorded_steps(sources, first),
        })
    }

    /// Adds the descent with `kernel` held fixed, where it is one of the two.
    ///
    /// `pairs` are its leading eigenpairs; all are found where these are fewer.
    ///
    /// # Errors
    /// Where the decomposition fails.
    pub fn add<T: Real>(
        &self,
        kernel: &Kernel<'_, T>,
        pairs: &Eigenpairs<T>,
        tables: &mut Tables,
    ) -> Result<(), SpectrumError> {
        if ![self.first, self.last].contains(&kernel.row.step) {
            return Ok(());
        }
        let (same_trace, scale) = &self.same_trace;
        let scale = if kernel.row.step == self.first { *scale } else { 1.0 };
        let rates = [
            (FrozenRates::Run, self.rates),
            (FrozenRates::Stable, &self.stable),
            (FrozenRates::SameTrace, &same_trace.times(scale)),
        ];
        let rows = kernel.block.rows;
        if pairs.values.len() == rows {
            kernel.add_frozen_descent(pairs, self.first, rates, &self.steps, tables);
        } else {
            let all = eigen::all(kernel.block.matrix())?;
            kernel.add_frozen_descent(&all, self.first, rates, &self.steps, tables);
        }
        Ok(())
    }
}

/// Steps of the history from `first` on, thinned evenly to [`POINTS`] and the last.
fn recorded_steps(sources: &Sources, first: u64) -> Vec<u64> {
    let all: Vec<u64> = sources.learning_rates.range(first..).map(|(&step, _)| step).collect();
    thinned(&all)
}

fn thinned(all: &[u64]) -> Vec<u64> {
    let every = all.len().div_ceil(POINTS).max(1);
    let mut steps: Vec<u64> = all.iter().copied().step_by(every).collect();
    if let Some(&last) = all.last()
        && steps.last() != Some(&last)
    {
        steps.push(last);
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_thinned_evenly_and_keep_both_ends() {
        for count in [1, 2, POINTS, POINTS + 1, 5 * POINTS, 5 * POINTS + 3] {
            let all: Vec<u64> = (0..count as u64).map(|i| 50 * i).collect();
            let kept = thinned(&all);
            assert!(kept.len() <= POINTS + 1 && kept.len() >= count.min(POINTS) / 2, "{count}");
            assert_eq!((kept.first(), kept.last()), (all.first(), all.last()), "{count}");
            assert!(count > POINTS || kept == all, "{count}");
            let gaps: Vec<u64> = kept.windows(2).map(|pair| pair[1] - pair[0]).collect();
            assert!(gaps.iter().rev().skip(1).all(|gap| gap == &gaps[0]), "{count}");
        }
        assert_eq!(thinned(&[]), [0; 0]);
    }
}
