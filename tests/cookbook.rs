//! The cookbook: every answer is run, and SQL, Python and Rust have to agree.
//!
//! The Rust of `docs/cookbook.md` stands here as functions, so that it is compiled; a test holds both
//! texts against each other.

use std::env;
use std::fs::{self, File};
use std::path::Path;
use std::process::Command;

use polars::prelude::*;
use serde_json::{Value, json};
use tempfile::TempDir;
use tests::{data, pipeline, python, root, skip, text};

/// The answers in the order of the page.
const ANSWERS: [fn() -> PolarsResult<DataFrame>; 10] = [
    energy_in_the_top,
    closest_to_the_bound,
    eigenvectors_that_are_enough,
    fastest_modes,
    lowest_test_loss,
    kernel_distance,
    against_sinusoids,
    verdicts,
    ends_of_a_sweep,
    largest_errors,
];

fn read(table: &str) -> PolarsResult<DataFrame> {
    ParquetReader::new(File::open(format!("data/runs/{table}.parquet"))?).finish()
}

fn by(column: &str) -> (Vec<&str>, SortMultipleOptions) {
    (vec![column], SortMultipleOptions::default())
}

fn energy_in_the_top() -> PolarsResult<DataFrame> {
    let energy = read("lr-decay/energy")?;
    let wanted = energy.column("signal")?.str()?.equal("target")
        & energy.column("split")?.str()?.equal("train")
        & energy.column("k")?.u32()?.equal(50);
    let (columns, order) = by("step");
    energy.filter(&wanted)?.select(["step", "relative_energy"])?.sort(columns, order)
}

fn closest_to_the_bound() -> PolarsResult<DataFrame> {
    let dynamics = read("lr-decay/dynamics")?;
    let largest = dynamics.column("largest_eigenvalue")?.f64()?;
    let share = (largest / dynamics.column("stability_bound")?.f64()?).max();
    df!("share" => [share])
}

fn eigenvectors_that_are_enough() -> PolarsResult<DataFrame> {
    let energy = read("lr-decay/energy")?;
    let enough = energy.column("signal")?.str()?.equal("target")
        & energy.column("split")?.str()?.equal("train")
        & energy.column("relative_energy")?.f64()?.gt_eq(0.9);
    let (columns, order) = by("step");
    let enough = energy.filter(&enough)?.select(["step", "k"])?.sort(columns, order)?;
    enough.unique_stable(Some(&["step".to_owned()]), UniqueKeepStrategy::First, None)
}

fn fastest_modes() -> PolarsResult<DataFrame> {
    let eigenvalues = read("lr-decay/eigenvalues")?;
    let wanted =
        eigenvalues.column("resolved")?.bool()? & &eigenvalues.column("step")?.u64()?.equal(0);
    let (columns, order) = by("mode_speed");
    let modes = eigenvalues.filter(&wanted)?.select(["index", "eigenvalue", "mode_speed"])?;
    Ok(modes.sort(columns, order.with_order_descending(true))?.head(Some(5)))
}

fn lowest_test_loss() -> PolarsResult<DataFrame> {
    let (columns, order) = by("test_loss");
    let history = read("lr-decay/history")?.select(["step", "test_loss"])?;
    Ok(history.sort(columns, order.with_nulls_last(true))?.head(Some(1)))
}

fn kernel_distance() -> PolarsResult<DataFrame> {
    let alignment = read("lr-decay/alignment")?;
    let wanted = alignment.column("metric")?.str()?.equal("kernel_distance")
        & alignment.column("reference_step")?.u64()?.equal(0);
    let (columns, order) = by("step");
    alignment.filter(&wanted)?.select(["step", "value"])?.sort(columns, order)
}

fn against_sinusoids() -> PolarsResult<DataFrame> {
    let (energy, baseline) = (read("lr-decay/energy")?, read("lr-decay/baseline")?);
    let steps = energy.column("step")?.u64()?;
    let wanted = steps.equal(steps.max().unwrap_or(0))
        & energy.column("split")?.str()?.equal("train")
        & energy.column("signal")?.str()?.equal("target")
        & energy.column("k")?.u32()?.lt_eq(20);
    let keys = ["split", "signal", "output", "k"];
    let both = energy.filter(&wanted)?.inner_join(&baseline, keys, keys)?;
    let (columns, order) = by("k");
    both.select(["k", "relative_energy", "relative_energy_right"])?.sort(columns, order)
}

fn verdicts() -> PolarsResult<DataFrame> {
    let (columns, order) = by("finding");
    let findings = read("lr-decay/findings")?;
    findings.select(["finding", "verdict", "before", "after"])?.sort(columns, order)
}

fn ends_of_a_sweep() -> PolarsResult<DataFrame> {
    let energy = read("depth/energy")?;
    let steps = energy.column("step")?.u64()?;
    let wanted = steps.equal(steps.max().unwrap_or(0))
        & energy.column("signal")?.str()?.equal("target")
        & energy.column("split")?.str()?.equal("train")
        & energy.column("k")?.u32()?.equal(50);
    let (mut depth, mut mean, mut deviation) = (Vec::new(), Vec::new(), Vec::new());
    for seeds in energy.filter(&wanted)?.partition_by_stable(["depth"], true)? {
        let ends = seeds.column("relative_energy")?.f64()?;
        depth.push(seeds.column("depth")?.i64()?.get(0));
        mean.push(ends.mean());
        deviation.push(ends.std(1));
    }
    df!("depth" => depth, "mean" => mean, "deviation" => deviation)
}

fn largest_errors() -> PolarsResult<DataFrame> {
    let (outputs, samples) = (read("lr-decay/outputs")?, read("lr-decay/samples")?);
    let steps = outputs.column("step")?.u64()?;
    let wanted =
        steps.equal(steps.max().unwrap_or(0)) & outputs.column("split")?.str()?.equal("train");
    let keys = ["split", "sample"];
    let both = outputs.filter(&wanted)?.inner_join(&samples, keys, keys)?;
    let (output, y) = (both.column("output")?.list()?, both.column("y")?.list()?);
    let first = |list: &ListChunked, row| list.get_as_series(row)?.f32().ok()?.get(0);
    let error: Float32Chunked =
        (0..both.height()).map(|row| Some((first(output, row)? - first(y, row)?).abs())).collect();
    let sample = both.column("sample")?.u32()?.clone();
    let errors = df!("sample" => sample, "error" => error)?;
    let (columns, order) = by("error");
    Ok(errors.sort(columns, order.with_order_descending(true))?.head(Some(5)))
}

/// The page's code blocks in `language`.
fn blocks(language: &str) -> Vec<String> {
    let page = fs::read_to_string(root().join("docs/cookbook.md")).expect("the cookbook");
    let fence = format!("```{language}\n");
    let blocks = page.split(&fence).skip(1);
    blocks.filter_map(|rest| rest.split("```").next()).map(str::to_owned).collect()
}

/// `text` without indentation.
fn unindented(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn the_rust_of_the_page_is_what_is_compiled_here() {
    let own = unindented(&fs::read_to_string(root().join("tests/cookbook.rs")).expect("this file"));
    let rust = blocks("rust");
    assert_eq!(rust.len(), 1 + ANSWERS.len());
    for block in rust {
        assert!(own.contains(&unindented(&block)), "{block}");
    }
}

#[test]
fn sql_python_and_rust_give_the_same_answers() {
    let Some(python) = python() else {
        skip("no Python with DuckDB and Polars; `cargo xtask test` makes one");
        return;
    };
    let folder = data();
    for name in ["lr-decay", "depth"] {
        let small = [
            "dataset.with.train=64",
            "dataset.with.test=49",
            "train.with.steps=24",
            "train.with.checkpoints={every: 12}",
            "train.with.history_every=6",
            "train.with.learning_rate.initial=0.05",
        ];
        let arguments: Vec<&str> = small.iter().flat_map(|setting| ["--set", setting]).collect();
        let output = pipeline(&folder.path().join("data"), name, &arguments);
        assert!(output.status.success(), "{}", text(&output));
    }
    let sql = rows(&python, &folder, &blocks("sql"), "answer = duckdb.sql(BLOCK).fetchall()");
    let polars = rows(&python, &folder, &blocks("python"), "exec(BLOCK)\nanswer = answer.rows()");
    // The page's paths begin at the root of a project.
    env::set_current_dir(folder.path()).expect("a folder");
    for (number, answer) in ANSWERS.iter().enumerate() {
        let rust = answer().unwrap_or_else(|error| panic!("question {}: {error}", number + 1));
        let rust = rows_of(&rust);
        assert!(!rust.is_empty(), "question {}", number + 1);
        for other in [&sql[number], &polars[number]] {
            assert!(alike(&json!(rust), other), "question {}:\n{rust:?}\n{other}", number + 1);
        }
    }
}

/// Runs `program` in Python for each block and returns the rows of each answer.
fn rows(python: &Path, folder: &TempDir, blocks: &[String], program: &str) -> Vec<Value> {
    assert_eq!(blocks.len(), ANSWERS.len());
    let program = format!(
        "import duckdb, json, sys\nimport polars as pl\nfor BLOCK in json.loads(sys.argv[1]):\n    {}\n    print(json.dumps(answer))",
        program.replace('\n', "\n    ")
    );
    let output = Command::new(python)
        .args(["-c", &program, &json!(blocks).to_string()])
        .current_dir(folder.path())
        .output()
        .expect("Python starts");
    assert!(output.status.success(), "{}", text(&output));
    let lines = String::from_utf8_lossy(&output.stdout).into_owned();
    lines.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

/// The cells of a frame, row by row.
fn rows_of(frame: &DataFrame) -> Vec<Vec<Value>> {
    let cell = |column: &Column, row: usize| match column.get(row).expect("a cell") {
        AnyValue::Null => Value::Null,
        AnyValue::String(text) => json!(text),
        AnyValue::StringOwned(text) => json!(text.as_str()),
        number => json!(number.extract::<f64>().expect("a number")),
    };
    (0..frame.height())
        .map(|row| frame.columns().iter().map(|column| cell(column, row)).collect())
        .collect()
}

/// Whether two answers are the same up to the order in which sums are taken, in f32 at worst.
fn alike(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| alike(a, b))
        }
        (Value::Number(a), Value::Number(b)) => {
            let (Some(a), Some(b)) = (a.as_f64(), b.as_f64()) else { return false };
            (a - b).abs() <= 4.0 * f64::from(f32::EPSILON) * a.abs().max(b.abs())
        }
        _ => a == b,
    }
}
