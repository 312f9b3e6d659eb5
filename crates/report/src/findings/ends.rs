//! What a run came to at its last checkpoint, and what it began with, of the kernel of output 0.

use artifact::tables::spectrum::AlignmentMetric;
use artifact::tables::{Signal, Split};

use crate::measures::Measures;

/// E(ȳ, top) on the training samples.
#[must_use]
pub fn target_energy(run: &Measures) -> Option<f64> {
    target_energy_at(run, Split::Train, run.last_step)
}

/// E(ȳ, top) on the training samples at the first checkpoint.
#[must_use]
pub fn target_energy_at_start(run: &Measures) -> Option<f64> {
    target_energy_at(run, Split::Train, run.first_step)
}

/// E(ȳ, top) on the test samples.
#[must_use]
pub fn target_energy_on_test(run: &Measures) -> Option<f64> {
    target_energy_at(run, Split::Test, run.last_step)
}

fn target_energy_at(run: &Measures, split: Split, step: u64) -> Option<f64> {
    let row = run.energy.iter().find(|row| {
        row.step == step
            && row.output == 0
            && row.split == split
            && row.signal == Signal::Target
            && row.k == run.top
    });
    row.and_then(|row| row.relative_energy)
}

/// S(0, T), which needs a second checkpoint.
#[must_use]
pub fn kernel_distance(run: &Measures) -> Option<f64> {
    let row = run.alignment.iter().find(|row| {
        row.step == run.last_step
            && row.step != run.first_step
            && row.output == 0
            && row.metric == AlignmentMetric::KernelDistance
            && row.reference_step == Some(run.first_step)
    });
    row.and_then(|row| row.value)
}

/// λ₁.
#[must_use]
pub fn largest_eigenvalue(run: &Measures) -> Option<f64> {
    let row = run.dynamics.iter().find(|row| row.step == run.last_step && row.output == 0);
    row.map(|row| row.largest_eigenvalue)
}
