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
        // ‖G‖_F ≥ λ₁ needs no decomposition: the last kernel's rate is wanted with the first one.
        let norms = kernels.iter().chain(last_kernels).map(|kernel| kernel.frobenius_norm);
        let largest = norms.fold(0.0, f64::max);
        let stable = rates.at_most(sources.targets.train.samples() as f64 / largest);
        Some(Self { first, last, rates, stable, steps: recorded_steps(sources, first) })
    }

    /// Adds the descent with `kernel` held fixed, where it is one of the two.
    ///
    /// `pairs` are its leading eigenpairs; all are found where these are fewer.
    ///
    /// # Errors
    /// Where the decomposition fails.
    pub fn add<T: Real>(
        &self,
        kernel: &Kernel<'_>,
        pairs: &Eigenpairs<T>,
        tables: &mut Tables,
    ) -> Result<(), SpectrumError> {
        if ![self.first, self.last].contains(&kernel.row.step) {
            return Ok(());
        }
        let rates = [(FrozenRates::Run, self.rates), (FrozenRates::Stable, &self.stable)];
        let rows = kernel.block.rows;
        if pairs.values.len() == rows {
            kernel.add_frozen_descent(pairs, self.first, rates, &self.steps, tables);
        } else {
            let mut store = Vec::new();
            let all = eigen::all(T::matrix(kernel.block.train(), rows, rows, &mut store))?;
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
