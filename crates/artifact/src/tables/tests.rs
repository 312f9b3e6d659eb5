//! Every table's rows come back from Parquet as they were, under the names that the contract gives.

use std::fmt::Debug;

use serde_json::Value;

use super::dataset::Sample;
use super::findings::{FindingRow, Verdict};
use super::kernel::{DiagonalRow, KernelRow, Reduction};
use super::run::{RunRow, RunState};
use super::spectrum::{
    AlignmentMetric, AlignmentRow, BaselineRow, DynamicsRow, EigenvalueRow, EigenvectorRow,
    EnergyRow, FrequencyRow, FrozenDescentRow, FrozenRates,
};
use super::training::{CheckpointRow, ExactEventsRow, HistoryRow, OutputRow, PresentationRow};
use super::{Signal, Split};
use crate::kind::Kind;
use crate::read::{read_batches, read_rows, read_step};
use crate::table::{Layout, Row};
use crate::write::{table_file, write_rows, write_step};

/// Writes rows and reads them back; then checks that columns and fields bear the same names and
/// that text columns hold the words of `words`.
fn check<R: Row + PartialEq + Debug>(rows: &[R], words: &[(&str, &[&str])]) {
    let folder = tempfile::tempdir().unwrap();
    let per_step = R::TABLE.layout == Layout::PerStep;
    let step = per_step.then_some(5);
    let found: Vec<R> = if per_step {
        write_step(folder.path(), 5, rows).unwrap();
        read_step(folder.path(), 5).unwrap()
    } else {
        write_rows(folder.path(), rows).unwrap();
        read_rows(folder.path()).unwrap()
    };
    assert_eq!(found, rows, "{}", R::TABLE.name);

    let Value::Object(fields) = serde_json::to_value(&rows[0]).unwrap() else { panic!() };
    let columns: Vec<&str> = R::TABLE.columns.iter().map(|column| column.name).collect();
    assert_eq!(fields.keys().collect::<Vec<_>>(), columns, "{}", R::TABLE.name);

    let batch = &read_batches(&table_file(folder.path(), R::TABLE, step), R::TABLE).unwrap()[0];
    for (column, expected) in words {
        use arrow::array::AsArray;
        let cells = batch.column_by_name(column).unwrap().as_string::<i32>();
        assert_eq!(cells.iter().flatten().collect::<Vec<_>>(), *expected, "{column}");
    }
    for column in R::TABLE.columns.iter().filter(|column| column.nullable) {
        let cells = batch.column_by_name(column.name).unwrap();
        assert!(cells.null_count() > 0, "a NULL was tried in {}.{}", R::TABLE.name, column.name);
        assert!(cells.null_count() < rows.len(), "and a value");
    }
}

#[test]
fn samples_come_back() {
    let sample = |split, label| Sample {
        split,
        sample: 4,
        x: vec![0.5, -1.0],
        y: vec![2.0],
        label,
        clean_label: label,
        origin: label,
    };
    let rows = [sample(Split::Train, Some(3)), sample(Split::Test, None)];
    check(&rows, &[("split", &["train", "test"])]);
}

#[test]
fn history_comes_back() {
    let row = |step, value| HistoryRow {
        step,
        learning_rate: 0.25,
        train_loss: 1e-300,
        test_loss: value,
        train_accuracy: value,
        test_accuracy: value,
        gradient_norm: value,
        update_norm: value,
        sharpness: value,
    };
    check(&[row(0, Some(0.1)), row(u64::MAX, None)], &[]);
}

#[test]
fn diagonals_come_back() {
    check(&[DiagonalRow { step: 5, sample: 3, output: 1, value: 0.1 }], &[]);
}

#[test]
fn checkpoints_come_back() {
    let row = |parameter: &str, shape: &[u32], values: &[f32]| CheckpointRow {
        step: 5,
        parameter: parameter.to_owned(),
        shape: shape.to_vec(),
        values: values.to_vec(),
    };
    let rows = [
        row("layers.0.weight", &[1, 2], &[f32::MIN_POSITIVE, f32::MAX]),
        row("layers.0.bias", &[0], &[]),
    ];
    check(&rows, &[("parameter", &["layers.0.weight", "layers.0.bias"])]);
}

#[test]
fn outputs_come_back() {
    let row = |split| OutputRow { step: 1, split, sample: 2, output: vec![-0.0, 1.0] };
    check(&[row(Split::Test), row(Split::Train)], &[("split", &["test", "train"])]);
}

#[test]
fn presentations_come_back() {
    let row =
        |step, correct, margin| PresentationRow { step, sample: 2, correct, margin, loss: 0.1 };
    check(&[row(0, false, -0.5), row(u64::MAX, true, 1e-300)], &[]);
}

#[test]
fn exact_events_come_back() {
    let row = |sample, step| ExactEventsRow {
        sample,
        events: 1,
        learning_events: 2,
        first_learned: step,
        last_wrong: step,
        correct_steps: 3,
        looks: 5,
    };
    check(&[row(0, Some(4)), row(u32::MAX, None)], &[]);
}

#[test]
fn kernels_come_back() {
    let row = |reduction, learning_rate| KernelRow {
        step: 3,
        output: 1,
        learning_rate,
        trace: 10.0,
        frobenius_norm: 4.0,
        samples: 5,
        rows: 10,
        test_rows: 0,
        reduction,
        precision: "f32".to_owned(),
    };
    let reductions =
        [Reduction::Full, Reduction::Trace, Reduction::PerOutput, Reduction::SummedLogit];
    let rows =
        reductions.map(|reduction| row(reduction, (reduction == Reduction::Full).then_some(0.5)));
    let names = reductions.map(Reduction::name);
    assert_eq!(names, ["full", "trace", "per-output", "summed-logit"]);
    check(&rows, &[("reduction", &names), ("precision", &["f32"; 4])]);
}

#[test]
fn eigenvalues_come_back() {
    let row = |eigenvalue, resolved, derived| EigenvalueRow {
        step: 0,
        output: 0,
        index: 1,
        eigenvalue,
        resolved,
        fisher_eigenvalue: derived,
        mode_speed: derived,
        frequency_centroid: derived,
    };
    check(&[row(3.5, true, Some(0.5)), row(-1e-9, false, None)], &[]);
}

#[test]
fn energies_come_back() {
    let row = |split, signal, energy: Option<f64>| EnergyRow {
        step: 0,
        output: 0,
        split,
        signal,
        k: 1,
        relative_energy: energy,
        mode_energy: energy,
    };
    let rows = [
        row(Split::Train, Signal::Target, Some(1.0)),
        row(Split::Test, Signal::Output, None),
        row(Split::Test, Signal::Residual, None),
    ];
    let signals = [Signal::Target, Signal::Output, Signal::Residual].map(Signal::name);
    assert_eq!(signals, ["target", "output", "residual"]);
    check(&rows, &[("signal", &signals), ("split", &["train", "test", "test"])]);
}

#[test]
fn dynamics_come_back() {
    let row = |value| DynamicsRow {
        step: 0,
        output: 0,
        learning_rate: value,
        largest_eigenvalue: 1.0,
        stability_bound: value,
        trace: 1.0,
        frobenius_norm: 1.0,
        effective_rank_entropy: value,
        participation_ratio: value,
        first_order_error: value,
        first_order_cosine: value,
        smallest_eigenvalue: value,
        resolved_count: value.map(|_| 3),
    };
    check(&[row(None), row(Some(2.0))], &[]);
}

#[test]
fn alignments_come_back() {
    let row = |metric, reference_step, k: Option<u32>| AlignmentRow {
        step: 2,
        output: 0,
        metric,
        reference_step,
        k,
        value: k.is_none().then_some(0.5),
    };
    let rows = [
        row(AlignmentMetric::KernelTargetAlignment, None, None),
        row(AlignmentMetric::CentredKernelTargetAlignment, None, None),
        row(AlignmentMetric::KernelDistance, Some(0), None),
        row(AlignmentMetric::EigenspaceOverlap, Some(1), Some(10)),
        row(AlignmentMetric::SpectralPosition, None, None),
        row(AlignmentMetric::KernelVelocity, Some(1), None),
        row(AlignmentMetric::LargestPrincipalAngle, Some(1), Some(10)),
        row(AlignmentMetric::MeanPrincipalAngle, Some(1), Some(10)),
    ];
    let metrics = [
        "kernel_target_alignment",
        "centred_kernel_target_alignment",
        "kernel_distance",
        "eigenspace_overlap",
        "spectral_position",
        "kernel_velocity",
        "largest_principal_angle",
        "mean_principal_angle",
    ];
    check(&rows, &[("metric", &metrics)]);
}

#[test]
fn frequencies_come_back() {
    let row = |radial_frequency| FrequencyRow {
        step: 2,
        output: 0,
        index: 1,
        radial_frequency,
        directions: 8,
        energy: 0.5,
    };
    check(&[row(Some(3)), row(None)], &[]);
}

#[test]
fn baselines_come_back() {
    let row = |split| BaselineRow {
        split,
        output: 1,
        signal: Signal::Target,
        k: 1,
        relative_energy: 0.5,
    };
    let words: [(&str, &[&str]); 2] =
        [("split", &["train", "test"]), ("signal", &["target", "target"])];
    check(&[row(Split::Train), row(Split::Test)], &words);
}

#[test]
fn frozen_descents_come_back() {
    let row = |rates, split, loss| FrozenDescentRow { kernel_step: 4, rates, step: 2, split, loss };
    let rows = [
        row(FrozenRates::Run, Split::Train, Some(0.5)),
        row(FrozenRates::Stable, Split::Test, None),
    ];
    check(&rows, &[("split", &["train", "test"]), ("rates", &["run", "stable"])]);
}

#[test]
fn eigenvectors_come_back() {
    let row = |split, values: &[f32]| EigenvectorRow {
        step: 0,
        output: 0,
        index: 1,
        split,
        values: values.to_vec(),
    };
    check(&[row(Split::Train, &[0.6, 0.8]), row(Split::Test, &[1.5])], &[]);
}

#[test]
fn findings_come_back() {
    let row = |verdict, value, note: Option<&str>| FindingRow {
        finding: "kernel_changes".to_owned(),
        variant: note.map(|_| "decay=0.5".to_owned()),
        statement: "The kernel changes.".to_owned(),
        measure: "S(0, T) ≥ ½".to_owned(),
        before: value,
        after: value,
        margin: value,
        uncertainty: value,
        n: value.map(|_| 3),
        rule: "above".to_owned(),
        verdict,
        control: note.map(str::to_owned),
        note: note.map(str::to_owned),
    };
    let rows = [
        row(Verdict::Holds, Some(0.5), None),
        row(Verdict::DoesNotHold, Some(0.1), None),
        row(Verdict::NotDecided, Some(0.2), None),
        row(Verdict::NotApplicable, None, Some("there is one checkpoint")),
    ];
    check(&rows, &[("verdict", &["holds", "does not hold", "not decided", "not applicable"])]);
    let words = rows.each_ref().map(|row| row.verdict.in_words());
    assert_eq!(words, ["holds", "does not hold", "not decided", "not applicable"]);
}

#[test]
fn runs_come_back() {
    let row = |seed, state, wall_time_s: Option<f64>| RunRow {
        variant: 0,
        stage: "train".to_owned(),
        uses: "train".to_owned(),
        kind: "training".to_owned(),
        key: "0f".to_owned(),
        parameters: "{\"steps\":10}".to_owned(),
        seed,
        state,
        error: wall_time_s.is_none().then(|| "it diverged".to_owned()),
        reused: true,
        wall_time_s,
        peak_memory_bytes: wall_time_s.map(|_| 1),
    };
    let rows = [
        row(Some(u64::MAX), RunState::Done, Some(0.25)),
        row(None, RunState::Failed, None),
        row(None, RunState::NotRun, None),
    ];
    check(&rows, &[("kind", &["training"; 3]), ("state", &["done", "failed", "not run"])]);
}

#[test]
fn no_two_tables_of_a_run_share_a_name_and_no_two_columns_of_a_table() {
    let mut tables: Vec<&str> = Kind::SHARED
        .iter()
        .flat_map(|kind| kind.tables())
        .chain(super::run::TABLES)
        .map(|t| t.name)
        .collect();
    let count = tables.len();
    tables.sort_unstable();
    tables.dedup();
    assert_eq!(tables.len(), count);
    for table in Kind::SHARED.iter().flat_map(|kind| kind.tables()) {
        let mut columns: Vec<&str> = table.columns.iter().map(|column| column.name).collect();
        columns.sort_unstable();
        columns.dedup();
        assert_eq!(columns.len(), table.columns.len(), "{}", table.name);
        assert!(table.columns.iter().all(|column| !column.about.is_empty()));
    }
}

#[test]
fn kinds_bear_the_same_name_in_code_and_in_json() {
    for kind in Kind::SHARED {
        assert_eq!(serde_json::to_value(kind).unwrap(), kind.name());
        assert_eq!(kind.to_string(), kind.name());
    }
}
