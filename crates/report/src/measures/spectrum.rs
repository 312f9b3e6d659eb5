//! The scalar tables of a spectrum.

use std::collections::BTreeMap;
use std::path::Path;

use artifact::tables::spectrum::{
    ALIGNMENT, AlignmentRow, BASELINE, BaselineRow, DYNAMICS, DynamicsRow, EIGENVALUES, ENERGY,
    EigenvalueRow, EnergyRow, FROZEN_DESCENT, FrozenDescentRow,
};

use super::Resolved;
use super::followed::is_followed;
use crate::columns::Columns;
use crate::error::ReportError;

/// One row for each Gramian, by rising step.
pub(super) fn dynamics(spectrum: &Path) -> Result<Vec<DynamicsRow>, ReportError> {
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
            "resolved_count",
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
    let resolved_count = table.indices_or_null("resolved_count")?;
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
            resolved_count: resolved_count[row],
        })
        .collect();
    rows.sort_by_key(|row| (row.step, row.output));
    Ok(rows)
}

/// Eigenvalues of the steps `shown`, and of followed indices at every step; and for each step and output
/// how many of all its eigenpairs are resolved, from the first on. Last, the largest index of all.
pub(super) fn eigenvalues(
    spectrum: &Path,
    shown: &[u64],
) -> Result<(Vec<EigenvalueRow>, Vec<Resolved>, u32), ReportError> {
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
    let (steps, indices) = (table.counts("step")?, table.indices("index")?);
    let counts = resolved_counts(
        steps.iter().copied().zip(table.indices("output")?),
        indices.iter().copied().zip(table.flags("resolved")?),
    );
    let known = indices.iter().copied().max().unwrap_or(0);
    let kept =
        steps.iter().zip(&indices).map(|(step, &index)| shown.contains(step) || is_followed(index));
    let table = table.keep(kept)?;
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
    Ok((rows, counts, known))
}

/// For each pair of step and output, how many leading indices are resolved: one less than the first
/// that is not, and all where each is.
fn resolved_counts(
    blocks: impl Iterator<Item = (u64, u32)>,
    indices: impl Iterator<Item = (u32, bool)>,
) -> Vec<Resolved> {
    // By block: the first index that is not resolved, and the largest index.
    let mut ends: BTreeMap<(u64, u32), (u32, u32)> = BTreeMap::new();
    for (block, (index, resolved)) in blocks.zip(indices) {
        let (first_unresolved, largest) = ends.entry(block).or_insert((u32::MAX, 0));
        *largest = index.max(*largest);
        if !resolved {
            *first_unresolved = index.min(*first_unresolved);
        }
    }
    let count =
        |first_unresolved: u32, largest: u32| largest.min(first_unresolved.saturating_sub(1));
    ends.into_iter()
        .map(|((step, output), (first, largest))| (step, output, count(first, largest)))
        .collect()
}

/// Energies and the k that is followed: `top`, or the largest k that is known where that is less.
///
/// Energies that end where eigenpairs are no longer resolved do not make the top smaller: of the
/// eigenpairs, `known` are known and `resolved` are resolved.
pub(super) fn energy(
    spectrum: &Path,
    shown: &[u64],
    top: u32,
    (known, resolved): (u32, u32),
) -> Result<(Vec<EnergyRow>, u32), ReportError> {
    let names = ["step", "output", "split", "signal", "k", "relative_energy", "mode_energy"];
    let table = Columns::read(spectrum, &ENERGY, &names)?;
    let (steps, sizes) = (table.counts("step")?, table.indices("k")?);
    let largest = sizes.iter().copied().max().unwrap_or(top);
    let top = top.min(if largest >= resolved { known.max(largest) } else { largest });
    let kept = steps
        .iter()
        .zip(&sizes)
        .map(|(step, &k)| k == top || shown.contains(step) || is_followed(k));
    let table = table.keep(kept)?;
    let output = table.indices("output")?;
    let split = table.names("split")?;
    let signal = table.names("signal")?;
    let k = table.indices("k")?;
    let relative_energy = table.measures_or_null("relative_energy")?;
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

/// All alignments, by rising step.
pub(super) fn alignment(spectrum: &Path) -> Result<Vec<AlignmentRow>, ReportError> {
    let names = ["step", "output", "metric", "reference_step", "k", "value"];
    let table = Columns::read(spectrum, &ALIGNMENT, &names)?;
    let output = table.indices("output")?;
    let metric = table.names("metric")?;
    let reference_step = table.counts_or_null("reference_step")?;
    let k = table.indices_or_null("k")?;
    let value = table.measures_or_null("value")?;
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

/// Energies of the target in sinusoids, by rising k.
pub(super) fn baseline(spectrum: &Path) -> Result<Vec<BaselineRow>, ReportError> {
    let names = ["split", "output", "signal", "k", "relative_energy"];
    let table = Columns::read(spectrum, &BASELINE, &names)?;
    let output = table.indices("output")?;
    let signal = table.names("signal")?;
    let k = table.indices("k")?;
    let relative_energy = table.measures("relative_energy")?;
    let mut rows: Vec<BaselineRow> = table
        .names("split")?
        .into_iter()
        .enumerate()
        .map(|(row, split)| BaselineRow {
            split,
            output: output[row],
            signal: signal[row],
            k: k[row],
            relative_energy: relative_energy[row],
        })
        .collect();
    rows.sort_by_key(|row| (row.split, row.output, row.k));
    Ok(rows)
}

/// Descent with fixed kernels, by rising step.
pub(super) fn frozen_descent(spectrum: &Path) -> Result<Vec<FrozenDescentRow>, ReportError> {
    let names = ["kernel_step", "rates", "step", "split", "loss"];
    let table = Columns::read(spectrum, &FROZEN_DESCENT, &names)?;
    let rates = table.names("rates")?;
    let step = table.counts("step")?;
    let split = table.names("split")?;
    let loss = table.measures_or_null("loss")?;
    let mut rows: Vec<FrozenDescentRow> = table
        .counts("kernel_step")?
        .into_iter()
        .enumerate()
        .map(|(row, kernel_step)| FrozenDescentRow {
            kernel_step,
            rates: rates[row],
            step: step[row],
            split: split[row],
            loss: loss[row],
        })
        .collect();
    rows.sort_by_key(|row| row.step);
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eigenpairs_count_as_resolved_up_to_the_first_that_is_not() {
        let rows = [
            ((0, 0), (1, true)),
            ((0, 0), (3, true)),
            ((0, 0), (2, false)),
            ((10, 0), (1, true)),
            ((10, 0), (2, true)),
            ((10, 1), (1, false)),
        ];
        let (blocks, indices): (Vec<_>, Vec<_>) = rows.into_iter().unzip();
        let counts = resolved_counts(blocks.into_iter(), indices.into_iter());
        assert_eq!(counts, [(0, 0, 1), (10, 0, 2), (10, 1, 0)]);
    }
}
