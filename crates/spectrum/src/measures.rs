//! What the findings of a run are made of: its tables, narrowed to the rows that they look at.

use std::collections::BTreeMap;

use artifact::tables::spectrum::{
    AlignmentRow, BaselineRow, DynamicsRow, EigenvalueRow, EnergyRow, FrozenDescentRow,
};
use artifact::tables::training::HistoryRow;

use crate::followed::{is_followed, shown_steps};
use crate::tables::Tables;

/// Step and output of a Gramian, and how many of its leading eigenpairs are resolved.
pub type Resolved = (u64, u32, u32);

/// The scalar tables of a run, narrowed to the rows that findings and figures use.
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
    /// The measures of a run with these tables and this history, by rising step; `top` is the k asked for.
    #[must_use]
    pub fn of(tables: &Tables, history: &[HistoryRow], top: u32) -> Self {
        let mut steps: Vec<u64> = tables.dynamics.iter().map(|row| row.step).collect();
        steps.dedup();
        let shown = shown_steps(&steps);
        let resolved = resolved_counts(&tables.eigenvalues);
        // Energies that end where eigenpairs are no longer resolved do not make the top smaller.
        let known = tables.eigenvalues.iter().map(|row| row.index).max().unwrap_or(0);
        let most_resolved = resolved.iter().map(|row| row.2).max().unwrap_or(0);
        let largest = tables.energy.iter().map(|row| row.k).max().unwrap_or(top);
        let top = top.min(if largest >= most_resolved { known.max(largest) } else { largest });
        let near = |step: u64, index: u32| shown.contains(&step) || is_followed(index);
        let eigenvalues = only(&tables.eigenvalues, |row| near(row.step, row.index));
        let energy = only(&tables.energy, |row| row.k == top || near(row.step, row.k));
        Self {
            history: history.to_vec(),
            eigenvalues,
            energy,
            dynamics: tables.dynamics.clone(),
            alignment: tables.alignment.clone(),
            baseline: tables.baseline.clone(),
            resolved,
            frozen_descent: tables.frozen_descent.clone(),
            first_step: steps.first().copied().unwrap_or_default(),
            last_step: steps.last().copied().unwrap_or_default(),
            steps,
            shown,
            top,
        }
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

/// For each step and output, how many leading indices are resolved: one less than the first that is
/// not, and all where each is.
fn resolved_counts(rows: &[EigenvalueRow]) -> Vec<Resolved> {
    // By block: the first index that is not resolved, and the largest index.
    let mut ends: BTreeMap<(u64, u32), (u32, u32)> = BTreeMap::new();
    for row in rows {
        let (first_unresolved, largest) =
            ends.entry((row.step, row.output)).or_insert((u32::MAX, 0));
        *largest = row.index.max(*largest);
        if !row.resolved {
            *first_unresolved = row.index.min(*first_unresolved);
        }
    }
    let count = |first: u32, largest: u32| largest.min(first.saturating_sub(1));
    let ends = ends.into_iter();
    ends.map(|((step, output), (first, largest))| (step, output, count(first, largest))).collect()
}

fn only<T: Clone>(rows: &[T], keep: impl Fn(&T) -> bool) -> Vec<T> {
    rows.iter().filter(|row| keep(row)).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::findings::made_up::eigenvalue;

    #[test]
    fn eigenpairs_count_as_resolved_up_to_the_first_that_is_not() {
        let row = |step, output, index, resolved| EigenvalueRow {
            output,
            resolved,
            ..eigenvalue(step, index, None)
        };
        let rows = [
            row(0, 0, 1, true),
            row(0, 0, 3, true),
            row(0, 0, 2, false),
            row(10, 0, 1, true),
            row(10, 0, 2, true),
            row(10, 1, 1, false),
        ];
        assert_eq!(resolved_counts(&rows), [(0, 0, 1), (10, 0, 2), (10, 1, 0)]);
    }
}
