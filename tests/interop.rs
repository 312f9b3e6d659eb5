//! DuckDB and Polars from PyPI open every table of every artifact without options.

use std::process::Command;

use tests::{python, root, skip, small_run, text};

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
