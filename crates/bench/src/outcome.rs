//! What an experiment found, as far as two implementations of it can be held against each other.

use std::collections::BTreeMap;

use artifact::tables::spectrum::{DynamicsRow, EnergyRow};
use artifact::tables::training::HistoryRow;
use artifact::tables::{Signal, Split};
use artifact::{Kind, read_rows};

use crate::error::BenchError;
use crate::program::Run;

/// k of the energies that are compared.
pub const COMPARED: usize = 50;

/// Largest |λ₁ − λ₁'| / λ₁ at step 0, where the parameters are the same bits: that of Gramians.
const FIRST_EIGENVALUE: f64 = 1e-5;
/// Largest |E − E'| at step 0, beside what the cut leaves open: two vectors mix by some ‖ΔG‖/gap.
const FIRST_ENERGY: f64 = 1e-4;
/// Largest |L − L'| / L at step 0: one forward pass in f32.
const FIRST_LOSS: f64 = 1e-5;
/// Largest |L − L'| / L₀ at the second record of the history: gradients that differ by 1e-4, as the
/// bench allows them, change what an update takes from L by 2e-4 of it, and all take less than L₀;
/// five times that, for an update also carries on the differences before it.
const EARLY_LOSS: f64 = 1e-3;

// At the end. After 2,000 steps the script was found 2e-4 (L), 7e-3 (λ₁) and 6e-4 (E) from our run;
// the rest is room for runs eight times as long, for which no such distance was measured.

/// Largest relative difference of the last loss.
const LAST_LOSS: f64 = 0.25;
/// Largest relative difference of the last λ₁.
const LAST_EIGENVALUE: f64 = 0.1;
/// Largest difference of the last energies.
const LAST_ENERGY: f64 = 0.02;

/// What an experiment found.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// Training losses of the history, step 0 first.
    pub losses: Vec<f64>,
    /// The first Gramian.
    pub first: Spectrum,
    /// The last one.
    pub last: Spectrum,
}

/// What is compared of a spectrum.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spectrum {
    /// λ₁.
    pub largest_eigenvalue: f64,
    /// E(target, [`COMPARED`]) on the training samples.
    pub target_energy: f64,
}

/// What our pipeline found, and how far E at step 0 depends on where the eigenvectors are cut:
/// E(k + 1) − E(k − 1).
///
/// # Errors
/// Where a table cannot be read or lacks a row.
pub fn of(run: &Run) -> Result<(Outcome, f64), BenchError> {
    let (training, spectrum) = (run.artifact(Kind::TRAINING)?.0, run.artifact(Kind::SPECTRUM)?.0);
    let history: Vec<HistoryRow> = read_rows(&training)?;
    let dynamics: Vec<DynamicsRow> = read_rows(&spectrum)?;
    let energies: Vec<EnergyRow> = read_rows(&spectrum)?;
    let energies: BTreeMap<(u64, usize), f64> = energies
        .iter()
        .filter(|row| row.split == Split::Train && row.signal == Signal::Target)
        .map(|row| ((row.step, row.k as usize), row.relative_energy))
        .collect();
    // What lacks is NaN, which agrees with nothing.
    let energy = |step, k| energies.get(&(step, k)).copied().unwrap_or(f64::NAN);
    let of = |row: Option<&DynamicsRow>| Spectrum {
        largest_eigenvalue: row.map_or(f64::NAN, |row| row.largest_eigenvalue),
        target_energy: row.map_or(f64::NAN, |row| energy(row.step, COMPARED)),
    };
    let outcome = Outcome {
        losses: history.iter().map(|row| row.train_loss).collect(),
        first: of(dynamics.first()),
        last: of(dynamics.last()),
    };
    Ok((outcome, energy(0, COMPARED + 1) - energy(0, COMPARED - 1)))
}

/// Compares two outcomes: tightly where the parameters are the same or nearly so, loosely at the end.
///
/// Gradient descent at the edge of stability is chaotic: rounding of the last bit grows into other
/// parameters, though of the same kind. So the end is held to what makes it the same experiment.
/// `cut` is what the first E leaves open, of [`of`].
///
/// # Errors
/// [`BenchError::Disagreement`].
pub fn agree(
    case: &str,
    (ours, cut): (&Outcome, f64),
    (peer, theirs): (&str, &Outcome),
) -> Result<(), BenchError> {
    let records = (ours.losses.len(), theirs.losses.len());
    let loss = |outcome: &Outcome, at: Option<usize>| {
        at.and_then(|at| outcome.losses.get(at)).copied().unwrap_or(f64::NAN)
    };
    let losses = |at| (loss(ours, at), loss(theirs, at));
    let start = loss(ours, Some(0));
    let relative = |(a, b): (f64, f64), unit: f64| (a - b).abs() / unit.abs();
    let eigenvalue = |of: fn(&Outcome) -> Spectrum| {
        let (a, b) = (of(ours).largest_eigenvalue, of(theirs).largest_eigenvalue);
        relative((a, b), a)
    };
    let energy =
        |of: fn(&Outcome) -> Spectrum| (of(ours).target_energy - of(theirs).target_energy).abs();
    let last = losses(records.0.checked_sub(1));
    for (measure, difference, tolerance) in [
        ("the numbers of records", records.0.abs_diff(records.1) as f64, 0.0),
        ("|L − L'| / L at step 0", relative(losses(Some(0)), start), FIRST_LOSS),
        ("|λ₁ − λ₁'| / λ₁ at step 0", eigenvalue(|outcome| outcome.first), FIRST_EIGENVALUE),
        ("|E − E'| of the target at step 0", energy(|outcome| outcome.first), FIRST_ENERGY + cut),
        ("|L − L'| / L₀ at the second record", relative(losses(Some(1)), start), EARLY_LOSS),
        ("|L − L'| / L at the last step", relative(last, last.0), LAST_LOSS),
        ("|λ₁ − λ₁'| / λ₁ at the last step", eigenvalue(|outcome| outcome.last), LAST_EIGENVALUE),
        ("|E − E'| of the target at the last step", energy(|outcome| outcome.last), LAST_ENERGY),
    ] {
        // NaN agrees with nothing.
        if difference.is_nan() || difference > tolerance {
            let (case, peer, ours) = (case.to_owned(), peer.to_owned(), "pipeline".to_owned());
            return Err(BenchError::Disagreement {
                case,
                peer,
                ours,
                measure,
                difference,
                tolerance,
            });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome() -> Outcome {
        let spectrum =
            |largest_eigenvalue, target_energy| Spectrum { largest_eigenvalue, target_energy };
        Outcome {
            losses: vec![0.1, 0.016, 0.001],
            first: spectrum(2_400.0, 0.87),
            last: spectrum(14_000.0, 0.96),
        }
    }

    fn agrees(change: impl Fn(&mut Outcome)) -> bool {
        let mut theirs = outcome();
        change(&mut theirs);
        agree("pipeline", (&outcome(), 1e-3), ("script", &theirs)).is_ok()
    }

    #[test]
    fn the_start_is_held_tightly_and_the_end_loosely() {
        assert!(agrees(|_| {}));
        assert!(agrees(|o| o.last.largest_eigenvalue *= 1.05));
        assert!(!agrees(|o| o.first.largest_eigenvalue *= 1.001));
        assert!(agrees(|o| o.losses[2] *= 1.1));
        assert!(!agrees(|o| o.losses[0] *= 1.001));
        assert!(!agrees(|o| o.losses[1] *= 1.1));
        assert!(agrees(|o| o.first.target_energy += 1e-3));
        assert!(!agrees(|o| o.first.target_energy += 2e-3));
    }

    #[test]
    fn an_experiment_that_ends_elsewhere_or_nowhere_is_refused() {
        assert!(!agrees(|o| o.losses[2] *= 2.0));
        assert!(!agrees(|o| o.last.largest_eigenvalue *= 0.8));
        assert!(!agrees(|o| o.last.target_energy -= 0.05));
        assert!(!agrees(|o| o.losses.push(0.001)));
        assert!(!agrees(|o| o.losses.truncate(1)));
        assert!(!agrees(|o| o.losses[2] = f64::NAN));
        assert!(!agrees(|o| o.first.target_energy = f64::NAN));
    }
}
