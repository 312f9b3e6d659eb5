//! The scalar tables of a run: what findings and plots are made of.

pub mod followed;
mod spectrum;
mod training;

use std::collections::BTreeMap;
use std::path::Path;

use artifact::tables::spectrum::{
    AlignmentRow, BaselineRow, DYNAMICS, DynamicsRow, EigenvalueRow, EnergyRow, FrozenDescentRow,
};
use artifact::tables::training::HistoryRow;

use crate::error::ReportError;
use followed::shown_steps;

/// Step and output of a Gramian, and how many of its leading eigenpairs are resolved.
pub type Resolved = (u64, u32, u32);
pub use training::history;

/// The scalar tables of a run, narrowed to the rows that a report uses.
#[derive(Clone, Debug, Default)]
pub struct Measures {
    /// The whole history, by rising step.
    pub history: Vec<HistoryRow>,
    /// All eigenvalues of the [`Self::shown`] checkpoints; those of followed indices at every one.
    pub eigenvalues: Vec<EigenvalueRow>,
    /// All energies of the [`Self::shown`] checkpoints; those with k = [`Self::top`] or a followed
    /// k at every one.
    pub energy: Vec<EnergyRow>,
    /// One row for each Gramian.
    pub dynamics: Vec<DynamicsRow>,
    /// All alignments.
    pub alignment: Vec<AlignmentRow>,
    /// The target's energies in sinusoids.
    pub baseline: Vec<BaselineRow>,
    /// How many leading eigenpairs of each Gramian stand above the rounding noise.
    pub resolved: Vec<Resolved>,
    /// Descent with the first and the last kernel held fixed.
    pub frozen_descent: Vec<FrozenDescentRow>,
    /// All checkpoints that have a Gramian, by rising step.
    pub steps: Vec<u64>,
    /// A few checkpoints from the first to the last, of which whole spectra are shown.
    pub shown: Vec<u64>,
    /// First checkpoint.
    pub first_step: u64,
    /// Last checkpoint; the first again where there is only one.
    pub last_step: u64,
    /// k of the followed energies: what was asked for, or as many eigenvectors as are known.
    pub top: u32,
}

impl Measures {
    /// Reads the scalar tables of the artifacts at `spectrum` and `training`.
    ///
    /// # Errors
    /// Where a table cannot be read, has no rows where it needs them, or holds a value that its
    /// column does not allow.
    pub fn read(spectrum: &Path, training: &Path, top: u32) -> Result<Self, ReportError> {
        let dynamics = spectrum::dynamics(spectrum)?;
        let mut steps: Vec<u64> = dynamics.iter().map(|row| row.step).collect();
        steps.dedup();
        let (Some(&first_step), Some(&last_step)) = (steps.first(), steps.last()) else {
            return Err(ReportError::Empty {
                path: artifact::table_file(spectrum, &DYNAMICS, None),
            });
        };
        let shown = shown_steps(&steps);
        let (eigenvalues, resolved, known) = spectrum::eigenvalues(spectrum, &shown)?;
        let most_resolved = resolved.iter().map(|row| row.2).max().unwrap_or(0);
        let (mut energy, top) = spectrum::energy(spectrum, &shown, top, (known, most_resolved))?;
        let mut alignment = spectrum::alignment(spectrum)?;
        leave_out_noise(&mut energy, &mut alignment, &resolved);
        Ok(Self {
            history: history(training)?,
            eigenvalues,
            resolved,
            energy,
            dynamics,
            alignment,
            baseline: spectrum::baseline(spectrum)?,
            frozen_descent: spectrum::frozen_descent(spectrum)?,
            steps,
            shown,
            first_step,
            last_step,
            top,
        })
    }

    /// The learning rate from each step of the history on: at the last step still the one that led
    /// there, since the rate of its own row governs no update.
    pub fn learning_rates(&self) -> impl Iterator<Item = (u64, f64)> {
        let governing = self.history.len().saturating_sub(1);
        self.history.iter().enumerate().map(move |(position, row)| {
            let from = if position == governing { position.saturating_sub(1) } else { position };
            (row.step, self.history[from].learning_rate)
        })
    }

    /// How many leading eigenpairs stand above the rounding noise at `step`: the fewest of its blocks.
    /// `None` where nothing is known of the step.
    #[must_use]
    pub fn resolved_at(&self, step: u64) -> Option<u32> {
        self.resolved.iter().filter(|row| row.0 == step).map(|row| row.2).min()
    }

    /// The same of one block.
    #[must_use]
    pub fn resolved_of_block(&self, step: u64, block: u32) -> Option<u32> {
        self.resolved.iter().find(|row| (row.0, row.1) == (step, block)).map(|row| row.2)
    }

    /// The kernels' blocks: outputs under the reduction `per-output`, else only 0.
    #[must_use]
    pub fn blocks(&self) -> Vec<u32> {
        let mut blocks: Vec<u32> = self.dynamics.iter().map(|row| row.output).collect();
        blocks.sort_unstable();
        blocks.dedup();
        blocks
    }

    /// The same measures of one block alone.
    #[must_use]
    pub fn of_block(&self, block: u32) -> Self {
        Self {
            history: self.history.clone(),
            eigenvalues: only(&self.eigenvalues, |row| row.output == block),
            resolved: only(&self.resolved, |row| row.1 == block),
            energy: only(&self.energy, |row| row.output == block),
            dynamics: only(&self.dynamics, |row| row.output == block),
            alignment: only(&self.alignment, |row| row.output == block),
            baseline: only(&self.baseline, |row| row.output == block),
            frozen_descent: self.frozen_descent.clone(),
            steps: self.steps.clone(),
            shown: self.shown.clone(),
            ..*self
        }
    }
}

/// Takes away what rests on eigenvectors that are not resolved: a stage that does not know of them may
/// have written numbers there.
fn leave_out_noise(
    energy: &mut [EnergyRow],
    alignment: &mut [AlignmentRow],
    resolved: &[Resolved],
) {
    let counts: BTreeMap<(u64, u32), u32> =
        resolved.iter().map(|&(step, output, count)| ((step, output), count)).collect();
    let is_noise = |step: u64, output: u32, k: u32| {
        counts.get(&(step, output)).is_some_and(|&count| k > count)
    };
    for row in energy {
        if is_noise(row.step, row.output, row.k) {
            (row.relative_energy, row.mode_energy) = (None, None);
        }
    }
    for row in alignment {
        let Some(k) = row.k else { continue };
        let steps = [Some(row.step), row.reference_step];
        if steps.into_iter().flatten().any(|step| is_noise(step, row.output, k)) {
            row.value = None;
        }
    }
}

fn only<T: Clone>(rows: &[T], keep: impl Fn(&T) -> bool) -> Vec<T> {
    rows.iter().filter(|row| keep(row)).cloned().collect()
}

#[cfg(test)]
mod tests {
    use artifact::tables::Signal;
    use artifact::tables::spectrum::AlignmentMetric;

    use super::*;
    use crate::findings::made_up::{alignment, energy};

    #[test]
    fn numbers_that_rest_on_noise_are_left_out_whoever_wrote_them() {
        let mut energies = [3, 4].map(|k| EnergyRow {
            k,
            mode_energy: Some(0.1),
            ..energy(10, Signal::Target, 0.5)
        });
        let overlap = |k: Option<u32>, reference| AlignmentRow {
            k,
            ..alignment(10, AlignmentMetric::EigenspaceOverlap, Some(reference), 0.5)
        };
        let mut alignments =
            [(Some(3), 5), (Some(4), 5), (Some(3), 0), (None, 0)].map(|(k, to)| overlap(k, to));
        let resolved = [(0, 0, 2), (5, 0, 9), (10, 0, 3), (10, 1, 1)];
        leave_out_noise(&mut energies, &mut alignments, &resolved);
        assert_eq!(energies.map(|row| row.relative_energy), [Some(0.5), None]);
        assert_eq!(alignments.map(|row| row.value), [Some(0.5), None, None, Some(0.5)]);
    }
}
