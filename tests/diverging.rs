//! A sweep of learning rates of which one diverges, by the real programs.

use std::fs;
use std::fs::File;
use std::path::Path;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::compute::concat_batches;
use arrow::datatypes::{Float64Type, UInt64Type};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use tests::{data, pipeline, text};

const SWEEP: [&str; 6] = [
    "--set",
    "sweep.rate.set=train.with.learning_rate.initial",
    "--set",
    "sweep.rate.to=[0.05, 0.1, 500.0]",
    "--set",
    "train.with.history_every=1",
];

/// The rows of the table at `path`.
fn table(path: &Path) -> RecordBatch {
    let file = File::open(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).expect("Parquet");
    let schema = reader.schema().clone();
    let batches: Vec<RecordBatch> =
        reader.build().expect("Parquet").collect::<Result<_, _>>().expect("Parquet");
    concat_batches(&schema, &batches).expect("of one schema")
}

fn rates(batch: &RecordBatch) -> Vec<f64> {
    batch["rate"].as_primitive::<Float64Type>().values().to_vec()
}

#[test]
fn a_diverging_rate_leaves_tables_findings_and_report_of_the_others() {
    let data = data();
    let arguments = [&SWEEP[..], &["--keep-going", "--jobs", "2"]].concat();
    let output = pipeline(data.path(), "tests/pipelines/small.yaml", &arguments);
    let said = text(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("in the variant rate=500.0: the training diverged"), "{said}");
    let results = data.path().join("runs/small");

    // What the others made, and what the diverged one had made until then.
    let energy = rates(&table(&results.join("energy.parquet")));
    assert!(energy.contains(&0.05) && energy.contains(&0.1) && !energy.contains(&500.0));
    let history = table(&results.join("history.parquet"));
    let losses = history["train_loss"].as_primitive::<Float64Type>();
    let steps = history["step"].as_primitive::<UInt64Type>();
    let diverged: Vec<(u64, f64)> = rates(&history)
        .into_iter()
        .enumerate()
        .filter(|(_, rate)| *rate > 499.0)
        .map(|(row, _)| (steps.value(row), losses.value(row)))
        .collect();
    assert!(diverged.len() >= 2 && diverged[0].0 == 0, "{diverged:?}");
    assert!(diverged.iter().all(|(_, loss)| loss.is_finite()), "{diverged:?}");
    assert!(diverged.last().is_some_and(|last| last.1 > diverged[0].1), "{diverged:?}");
    let variant = results.join("variants/rate=500.0");
    assert!(variant.join("checkpoints/step-0000000000.parquet").is_file());
    assert!(!variant.join("gram").exists());

    let runs = table(&results.join("runs.parquet"));
    let states: Vec<Option<&str>> = runs["state"].as_string::<i32>().iter().collect();
    assert_eq!(states, [Some("done"), Some("done"), Some("failed")]);
    let errors = runs["error"].as_string::<i32>();
    assert!(errors.is_null(0) && errors.is_null(1));
    assert!(errors.value(2).starts_with("train: the training diverged: at step "));

    let findings = table(&results.join("findings.parquet"));
    let variants = findings["variant"].as_string::<i32>();
    assert!(variants.iter().flatten().any(|variant| variant.contains("rate=0.05")));
    assert!(!variants.iter().flatten().any(|variant| variant.contains("rate=500.0")));
    let page = fs::read_to_string(results.join("report.html")).expect("a report");
    assert!(page.contains("Variants that failed") && page.contains("rate=500.0"));
    assert!(page.contains("the training diverged: at step "));
    assert!(page.contains("<figure id=\"figure-failed_loss\">"));
    assert!(results.join("figures/failed_loss.svg").is_file());

    // Nothing is computed twice, and without the rate at fault nothing is said of it.
    let again = text(&pipeline(data.path(), "tests/pipelines/small.yaml", &arguments));
    assert!(again.contains("has failed before") && !again.contains("done in"), "{again}");
    let sound = [&SWEEP[..], &["--set", "sweep.rate.to=[0.05, 0.1]"]].concat();
    let output = pipeline(data.path(), "tests/pipelines/small.yaml", &sound);
    assert!(output.status.success(), "{}", text(&output));
    let page = fs::read_to_string(results.join("report.html")).expect("a report");
    assert!(!page.contains("Variants that failed"));
    assert!(!results.join("variants/rate=500.0").exists());
}

#[test]
fn a_single_run_that_diverges_keeps_its_history_too() {
    let data = data();
    let set = ["--set", "train.with.learning_rate.initial=500.0", "--keep-going"];
    let output = pipeline(data.path(), "tests/pipelines/small.yaml", &set);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output));
    let results = data.path().join("runs/small");
    assert!(table(&results.join("history.parquet")).num_rows() >= 1);
    assert!(results.join("checkpoints/step-0000000000.parquet").is_file());
    let runs = table(&results.join("runs.parquet"));
    let states: Vec<Option<&str>> = runs["state"].as_string::<i32>().iter().collect();
    // The report shows how it went, beside what was to be learned.
    let not_run = Some("not run");
    assert_eq!(states, [Some("done"), Some("failed"), not_run, not_run, Some("done")]);
    let page = fs::read_to_string(results.join("report.html")).expect("a report");
    assert!(
        page.contains("<figure id=\"figure-failed_loss\">")
            && page.contains("the training diverged")
    );
}
