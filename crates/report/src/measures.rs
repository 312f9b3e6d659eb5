//! The scalar tables of a run: what findings and plots are made of.

use std::path::Path;

use artifact::tables::spectrum::{
    ALIGNMENT, AlignmentRow, DYNAMICS, DynamicsRow, EIGENVALUES, ENERGY, EigenvalueRow, EnergyRow,
};
use artifact::tables::training::{HISTORY, HistoryRow};

use crate::columns::Columns;
use crate::error::ReportError;

/// Indices i whose eigenvalues are followed over the steps, as far as they exist.
pub const FOLLOWED_EIGENVALUES: [u32; 6] = [1, 2, 3, 10, 30, 100];

/// The scalar tables of a run, narrowed to the rows that a report uses.
#[derive(Clone, Debug, Default)]
pub struct Measures {
    /// The whole history, by rising step.
    pub history: Vec<HistoryRow>,
    /// All eigenvalues of the first and the last checkpoint; those of [`FOLLOWED_EIGENVALUES`]
    /// at every checkpoint.
    pub eigenvalues: Vec<EigenvalueRow>,
    /// All energies of the first and the last checkpoint; those with k = [`Self::top`] at every
    /// checkpoint.
    pub energy: Vec<EnergyRow>,
    /// One row for each Gramian.
    pub dynamics: Vec<DynamicsRow>,
    /// All alignments.
    pub alignment: Vec<AlignmentRow>,
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
        let dynamics = dynamics(spectrum)?;
        let steps = || dynamics.iter().map(|row| row.step);
        let (Some(first_step), Some(last_step)) = (steps().min(), steps().max()) else {
            return Err(ReportError::Empty {
                path: artifact::table_file(spectrum, &DYNAMICS, None),
            });
        };
        let (energy, top) = energy(spectrum, first_step, last_step, top)?;
        Ok(Self {
            history: history(training)?,
            eigenvalues: eigenvalues(spectrum, first_step, last_step)?,
            energy,
            dynamics,
            alignment: alignment(spectrum)?,
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
            energy: only(&self.energy, |row| row.output == block),
            dynamics: only(&self.dynamics, |row| row.output == block),
            alignment: only(&self.alignment, |row| row.output == block),
            ..*self
        }
    }
}

fn only<T: Clone>(rows: &[T], keep: impl Fn(&T) -> bool) -> Vec<T> {
    rows.iter().filter(|row| keep(row)).cloned().collect()
}

fn history(training: &Path) -> Result<Vec<HistoryRow>, ReportError> {
    let table = Columns::read(
        training,
        &HISTORY,
        &[
            "step",
            "learning_rate",
            "train_loss",
            "test_loss",
            "train_accuracy",
            "test_accuracy",
            "gradient_norm",
            "update_norm",
        ],
    )?;
    let learning_rate = table.measures("learning_rate")?;
    let train_loss = table.measures("train_loss")?;
    let test_loss = table.measures_or_null("test_loss")?;
    let train_accuracy = table.measures_or_null("train_accuracy")?;
    let test_accuracy = table.measures_or_null("test_accuracy")?;
    let gradient_norm = table.measures_or_null("gradient_norm")?;
    let update_norm = table.measures_or_null("update_norm")?;
    let mut rows: Vec<HistoryRow> = table
        .counts("step")?
        .into_iter()
        .enumerate()
        .map(|(row, step)| HistoryRow {
            step,
            learning_rate: learning_rate[row],
            train_loss: train_loss[row],
            test_loss: test_loss[row],
            train_accuracy: train_accuracy[row],
            test_accuracy: test_accuracy[row],
            gradient_norm: gradient_norm[row],
            update_norm: update_norm[row],
        })
        .collect();
    rows.sort_by_key(|row| row.step);
    Ok(rows)
}

fn dynamics(spectrum: &Path) -> Result<Vec<DynamicsRow>, ReportError> {
    let table = Columns::read(
        spectrum,
        &DYNAMICS,
        &[
            "step",
            "output",
            "learning_rate",
            "largest_eigenvalue",
            "stability_bound",
            "trace",
            "frobenius_norm",
            "effective_rank_entropy",
            "participation_ratio",
            "first_order_error",
            "first_order_cosine",
            "smallest_eigenvalue",
        ],
    )?;
    let output = table.indices("output")?;
    let learning_rate = table.measures_or_null("learning_rate")?;
    let largest_eigenvalue = table.measures("largest_eigenvalue")?;
    let stability_bound = table.measures_or_null("stability_bound")?;
    let trace = table.measures("trace")?;
    let frobenius_norm = table.measures("frobenius_norm")?;
    let effective_rank_entropy = table.measures_or_null("effective_rank_entropy")?;
    let participation_ratio = table.measures_or_null("participation_ratio")?;
    let first_order_error = table.measures_or_null("first_order_error")?;
    let first_order_cosine = table.measures_or_null("first_order_cosine")?;
    let smallest_eigenvalue = table.measures_or_null("smallest_eigenvalue")?;
    let mut rows: Vec<DynamicsRow> = table
        .counts("step")?
        .into_iter()
        .enumerate()
        .map(|(row, step)| DynamicsRow {
            step,
            output: output[row],
            learning_rate: learning_rate[row],
            largest_eigenvalue: largest_eigenvalue[row],
            stability_bound: stability_bound[row],
            trace: trace[row],
            frobenius_norm: frobenius_norm[row],
            effective_rank_entropy: effective_rank_entropy[row],
            participation_ratio: participation_ratio[row],
            first_order_error: first_order_error[row],
            first_order_cosine: first_order_cosine[row],
            smallest_eigenvalue: smallest_eigenvalue[row],
        })
        .collect();
    rows.sort_by_key(|row| (row.step, row.output));
    Ok(rows)
}

fn eigenvalues(spectrum: &Path, first: u64, last: u64) -> Result<Vec<EigenvalueRow>, ReportError> {
    let names = [
        "step",
        "output",
        "index",
        "eigenvalue",
        "resolved",
        "fisher_eigenvalue",
        "mode_speed",
        "frequency_centroid",
    ];
    let table = Columns::read(spectrum, &EIGENVALUES, &names)?;
    let mut kept = table.equal("step", first)? | table.equal("step", last)?;
    for index in FOLLOWED_EIGENVALUES {
        kept = kept | table.equal("index", u64::from(index))?;
    }
    let table = table.keep(&kept)?;
    let output = table.indices("output")?;
    let index = table.indices("index")?;
    let eigenvalue = table.measures("eigenvalue")?;
    let resolved = table.flags("resolved")?;
    let fisher_eigenvalue = table.measures_or_null("fisher_eigenvalue")?;
    let mode_speed = table.measures_or_null("mode_speed")?;
    let frequency_centroid = table.measures_or_null("frequency_centroid")?;
    let mut rows: Vec<EigenvalueRow> = table
        .counts("step")?
        .into_iter()
        .enumerate()
        .map(|(row, step)| EigenvalueRow {
            step,
            output: output[row],
            index: index[row],
            eigenvalue: eigenvalue[row],
            resolved: resolved[row],
            fisher_eigenvalue: fisher_eigenvalue[row],
            mode_speed: mode_speed[row],
            frequency_centroid: frequency_centroid[row],
        })
        .collect();
    rows.sort_by_key(|row| (row.step, row.output, row.index));
    Ok(rows)
}

/// Energies and the k that is followed: `top`, or the largest k that is known where that is less.
fn energy(
    spectrum: &Path,
    first: u64,
    last: u64,
    top: u32,
) -> Result<(Vec<EnergyRow>, u32), ReportError> {
    let names = ["step", "output", "split", "signal", "k", "relative_energy", "mode_energy"];
    let table = Columns::read(spectrum, &ENERGY, &names)?;
    let known = table.indices("k")?.into_iter().max();
    let top = top.min(known.unwrap_or(top));
    let kept = table.equal("step", first)?
        | table.equal("step", last)?
        | table.equal("k", u64::from(top))?;
    let table = table.keep(&kept)?;
    let output = table.indices("output")?;
    let split = table.names("split")?;
    let signal = table.names("signal")?;
    let k = table.indices("k")?;
    let relative_energy = table.measures("relative_energy")?;
    let mode_energy = table.measures_or_null("mode_energy")?;
    let mut rows: Vec<EnergyRow> = table
        .counts("step")?
        .into_iter()
        .enumerate()
        .map(|(row, step)| EnergyRow {
            step,
            output: output[row],
            split: split[row],
            signal: signal[row],
            k: k[row],
            relative_energy: relative_energy[row],
            mode_energy: mode_energy[row],
        })
        .collect();
    rows.sort_by_key(|row| (row.step, row.output, row.split, row.signal, row.k));
    Ok((rows, top))
}

fn alignment(spectrum: &Path) -> Result<Vec<AlignmentRow>, ReportError> {
    let names = ["step", "output", "metric", "reference_step", "k", "value"];
    let table = Columns::read(spectrum, &ALIGNMENT, &names)?;
    let output = table.indices("output")?;
    let metric = table.names("metric")?;
    let reference_step = table.counts_or_null("reference_step")?;
    let k = table.indices_or_null("k")?;
    let value = table.measures("value")?;
    let mut rows: Vec<AlignmentRow> = table
        .counts("step")?
        .into_iter()
        .enumerate()
        .map(|(row, step)| AlignmentRow {
            step,
            output: output[row],
            metric: metric[row],
            reference_step: reference_step[row],
            k: k[row],
            value: value[row],
        })
        .collect();
    rows.sort_by_key(|row| (row.step, row.output));
    Ok(rows)
}
