//! DuckDB and Polars from PyPI open every table of every artifact without options.

use std::process::Command;

use tests::{data, pipeline, python, root, skip, small_run, text};

#[test]
fn duckdb_and_polars_read_every_table_of_every_artifact() {
    let Some(python) = python() else {
        skip("no Python with DuckDB and Polars; `cargo xtask test` makes one");
        return;
    };
    let data = small_run(&[]);
    let output = Command::new(python)
        .arg(root().join("tests/read_all.py"))
        .arg(data.path())
        .output()
        .expect("Python starts");
    let said = text(&output);
    assert!(output.status.success(), "{said}");
    // Eighteen tables, among them two of one file a step.
    assert!(said.contains("18 tables"), "{said}");
}

#[test]
fn scipy_and_scikit_learn_make_the_same_of_forgetting() {
    let Some(python) = python() else {
        skip("no Python with SciPy and scikit-learn; `cargo xtask test` makes one");
        return;
    };
    let data = data();
    let run = pipeline(data.path(), "tests/pipelines/forgetting.yaml", &[]);
    assert!(run.status.success(), "{}", text(&run));
    let output = Command::new(python)
        .arg(root().join("tests/forgetting.py"))
        .arg(data.path().join("runs/forgetting-small"))
        .output()
        .expect("Python starts");
    let said = text(&output);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("96 samples, 39 agreements, 6 energies"), "{said}");
}
