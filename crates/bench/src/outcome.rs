//! What an experiment found, and how far it is from what it finds in f64.

use std::collections::BTreeMap;

use artifact::tables::spectrum::{DynamicsRow, EnergyRow};
use artifact::tables::training::HistoryRow;
use artifact::tables::{Signal, Split};
use artifact::{Kind, read_rows};
use faer::{Mat, Side};

use crate::error::BenchError;
use crate::experiment::Experiment;
use crate::judgement::Judgement;
use crate::program::Run;
use crate::reference::{Plain, columns, entries};

/// k of the energies that are compared.
pub const COMPARED: usize = 50;

/// Largest |λ₁ − λ₁'| / λ₁ at step 0, where the parameters are the same bits: that of a Gramian in f32.
const FIRST_EIGENVALUE: f64 = 1e-5;
/// Largest |E − E'| at step 0, beside what the cut leaves open: two vectors mix by some ‖ΔG‖/gap.
const FIRST_ENERGY: f64 = 1e-4;
/// Largest |L − L'| / L at step 0: one forward pass in f32.
const FIRST_LOSS: f64 = 1e-5;
/// Largest |L − L'| / L₀ at the second record of the history: samples at a kink let a right gradient
/// err by some 1e-4, which changes what an update takes from L by 2e-4 of it, and all take less than L₀;
/// five times that, for an update also carries on the differences before it.
const EARLY_LOSS: f64 = 1e-3;

// At the end. After 2,000 steps two runs in f32 were found 2e-4 (L), 7e-3 (λ₁) and 6e-4 (E) apart; the
// rest is room for runs eight times as long, for which no such distance was measured.

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

/// What our pipeline found.
///
/// # Errors
/// Where a table cannot be read.
pub fn of(run: &Run) -> Result<Outcome, BenchError> {
    let (training, spectrum) = (run.artifact(Kind::TRAINING)?.0, run.artifact(Kind::SPECTRUM)?.0);
    let history: Vec<HistoryRow> = read_rows(&training)?;
    let dynamics: Vec<DynamicsRow> = read_rows(&spectrum)?;
    let energies: Vec<EnergyRow> = read_rows(&spectrum)?;
    let energies: BTreeMap<u64, f64> = energies
        .iter()
        .filter(|row| row.split == Split::Train && row.signal == Signal::Target)
        .filter(|row| row.k as usize == COMPARED)
        .filter_map(|row| Some((row.step, row.relative_energy?)))
        .collect();
    // What lacks is NaN, which is near nothing.
    let of = |row: Option<&DynamicsRow>| Spectrum {
        largest_eigenvalue: row.map_or(f64::NAN, |row| row.largest_eigenvalue),
        target_energy: row.and_then(|row| energies.get(&row.step)).copied().unwrap_or(f64::NAN),
    };
    Ok(Outcome {
        losses: history.iter().map(|row| row.train_loss).collect(),
        first: of(dynamics.first()),
        last: of(dynamics.last()),
    })
}

/// What an experiment finds in f64, from the same samples and parameters.
pub struct Reference {
    outcome: Outcome,
    /// How far E at step 0 depends on where the eigenvectors are cut: E(k + 1) − E(k − 1).
    cut: f64,
}

impl Reference {
    /// Repeats `experiment` in f64, every step of it.
    ///
    /// # Errors
    /// Where a decomposition fails.
    pub fn of(experiment: &Experiment) -> Result<Self, BenchError> {
        let (x, y) = (&experiment.train.x, &experiment.train.y);
        let (x, y) = (columns(&x.values, x.shape[1]), columns(&y.values, y.shape[1]));
        let tensors = experiment.parameters.iter().map(|row| row.values.as_slice());
        let mut network = Plain::new(x.nrows(), experiment.slope, tensors);
        let (first, cut) = spectrum(&network, &x, &y)?;
        let mut losses = Vec::new();
        for step in 0..=experiment.steps {
            let pass = network.forward(&x);
            let (loss, last) = Plain::least_squares(pass.outputs(), &y);
            if experiment.is_recorded(step) {
                losses.push(loss);
            }
            if step < experiment.steps {
                let gradient = network.gradient(&pass, last).0;
                network.descend(&gradient, experiment.rate_at(step));
            }
        }
        let (last, _) = spectrum(&network, &x, &y)?;
        Ok(Self { outcome: Outcome { losses, first, last }, cut })
    }

    /// How far `found` is: held tightly where the parameters are the same or nearly so, loosely at the
    /// end.
    ///
    /// Gradient descent at the edge of stability is chaotic: rounding of the last bit grows into other
    /// parameters, though of the same kind. So the end is held to what makes it the same experiment.
    #[must_use]
    pub fn judge(&self, found: &Outcome) -> Judgement {
        let exact = &self.outcome;
        let records = (found.losses.len(), exact.losses.len());
        let loss = |outcome: &Outcome, at: Option<usize>| {
            at.and_then(|at| outcome.losses.get(at)).copied().unwrap_or(f64::NAN)
        };
        let losses = |at| (loss(found, at), loss(exact, at));
        let start = loss(exact, Some(0));
        let relative = |(a, b): (f64, f64), unit: f64| (a - b).abs() / unit.abs();
        let eigenvalue = |of: fn(&Outcome) -> Spectrum| {
            let (a, b) = (of(found).largest_eigenvalue, of(exact).largest_eigenvalue);
            relative((a, b), b)
        };
        let energy = |of: fn(&Outcome) -> Spectrum| {
            (of(found).target_energy - of(exact).target_energy).abs()
        };
        let last = losses(records.1.checked_sub(1));
        let first_energy = FIRST_ENERGY + self.cut;
        let all = [
            ("the difference of the numbers of records", records.0.abs_diff(records.1) as f64, 0.0),
            ("|L − L₆₄| / L₆₄ at step 0", relative(losses(Some(0)), start), FIRST_LOSS),
            ("|λ₁ − λ₁₆₄| / λ₁₆₄ at step 0", eigenvalue(|outcome| outcome.first), FIRST_EIGENVALUE),
            ("|E − E₆₄| of the target at step 0", energy(|outcome| outcome.first), first_energy),
            ("|L − L₆₄| / L₀ at the second record", relative(losses(Some(1)), start), EARLY_LOSS),
            ("|L − L₆₄| / L₆₄ at the last step", relative(last, last.1), LAST_LOSS),
            (
                "|λ₁ − λ₁₆₄| / λ₁₆₄ at the last step",
                eigenvalue(|outcome| outcome.last),
                LAST_EIGENVALUE,
            ),
            (
                "|E − E₆₄| of the target at the last step",
                energy(|outcome| outcome.last),
                LAST_ENERGY,
            ),
        ]
        .map(|(measure, error, tolerance)| Judgement { measure, error, tolerance });
        // There are eight; the first holds where nothing else is wrong.
        Judgement::worst(all).unwrap_or(all[0])
    }
}

/// λ₁ and E(target, [`COMPARED`]) of the network's Gramian, and E(k + 1) − E(k − 1) about that k.
fn spectrum(network: &Plain, x: &Mat<f64>, y: &Mat<f64>) -> Result<(Spectrum, f64), BenchError> {
    let n = x.ncols();
    let gram = network.gramian(x, x).0;
    let gram = Mat::from_fn(n, n, |i, j| gram[i * n + j]);
    let pairs = gram.self_adjoint_eigen(Side::Lower).map_err(|_| BenchError::Reference {
        message: "the eigenvectors in f64 do not converge".to_owned(),
    })?;
    // In rising order.
    let target: Vec<f64> = entries(y).collect();
    let whole: f64 = target.iter().map(|y| y * y).sum();
    let mut sum = 0.0;
    let energies: Vec<f64> = (0..n.min(COMPARED + 1))
        .map(|i| {
            let vector = pairs.U().col(n - 1 - i);
            sum += vector.iter().zip(&target).map(|(u, y)| u * y).sum::<f64>().powi(2);
            sum / whole
        })
        .collect();
    let energy = |k: usize| energies.get(k - 1).copied().unwrap_or(f64::NAN);
    let spectrum = Spectrum {
        largest_eigenvalue: pairs.S().column_vector()[n - 1],
        target_energy: energy(COMPARED),
    };
    Ok((spectrum, energy(COMPARED + 1) - energy(COMPARED - 1)))
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
        Reference { outcome: outcome(), cut: 1e-3 }.judge(&theirs).holds()
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
