//! Made-up rows for the tests of findings: N = 10, k = 50, least squares.

use artifact::Outline;
use artifact::tables::kernel::Reduction;
use artifact::tables::spectrum::{
    AlignmentMetric, AlignmentRow, DynamicsRow, EigenvalueRow, EnergyRow,
};
use artifact::tables::training::HistoryRow;
use artifact::tables::{Signal, Split};

use super::About;
use crate::measures::Measures;

/// A run to `last_step` of which nothing is known yet.
pub fn measures(last_step: u64) -> Measures {
    Measures { last_step, top: 50, ..Measures::default() }
}

pub fn about() -> About {
    let outline = Outline {
        output_dim: Some(1),
        loss: Some("least_squares".to_owned()),
        optimizer: Some("gradient_descent".to_owned()),
        reduction: Some(Reduction::Full),
        ..Outline::default()
    };
    About { outline }
}

pub fn history(step: u64, learning_rate: f64, train_loss: f64) -> HistoryRow {
    HistoryRow {
        step,
        learning_rate,
        train_loss,
        test_loss: None,
        train_accuracy: None,
        test_accuracy: None,
        gradient_norm: None,
        update_norm: None,
        sharpness: None,
    }
}

pub fn dynamics(step: u64, learning_rate: f64, largest_eigenvalue: f64) -> DynamicsRow {
    DynamicsRow {
        step,
        output: 0,
        learning_rate: Some(learning_rate),
        largest_eigenvalue,
        stability_bound: Some(2.0 * 10.0 / learning_rate),
        trace: 1.0,
        frobenius_norm: 1.0,
        effective_rank_entropy: None,
        participation_ratio: None,
        first_order_error: None,
        first_order_cosine: None,
        smallest_eigenvalue: None,
        resolved_count: None,
    }
}

pub fn energy(step: u64, signal: Signal, relative_energy: f64) -> EnergyRow {
    EnergyRow {
        step,
        output: 0,
        split: Split::Train,
        signal,
        k: 50,
        relative_energy: Some(relative_energy),
        mode_energy: None,
    }
}

pub fn alignment(
    step: u64,
    metric: AlignmentMetric,
    reference_step: Option<u64>,
    value: f64,
) -> AlignmentRow {
    AlignmentRow { step, output: 0, metric, reference_step, k: None, value: Some(value) }
}

pub fn eigenvalue(step: u64, index: u32, frequency_centroid: Option<f64>) -> EigenvalueRow {
    EigenvalueRow {
        step,
        output: 0,
        index,
        eigenvalue: 1.0,
        resolved: true,
        fisher_eigenvalue: None,
        mode_speed: None,
        frequency_centroid,
    }
}

#[test]
fn a_finding_that_fails_for_one_output_fails_for_the_run() {
    let row = |output, value| EnergyRow { output, ..energy(0, Signal::Output, value) };
    let run = Measures {
        dynamics: vec![dynamics(0, 0.1, 1.0), DynamicsRow { output: 1, ..dynamics(0, 0.1, 1.0) }],
        energy: vec![row(0, 0.99), row(1, 0.5)],
        ..measures(0)
    };
    let rows = super::measure(&run, &about());
    let output = rows.iter().find(|row| row.finding == "output_in_top").unwrap();
    assert_eq!(output.after, Some(0.5));
    assert!(output.note.as_ref().unwrap().contains("1 of 2 outputs"));
}
