//! A stage in Python with a kind of artifact that the workspace has never heard of: it is checked, gathered,
//! verified and documented as any other.

use std::fs;
use std::process::Command;

use artifact::read_rows;
use artifact::tables::findings::FindingRow;
use parquet::file::reader::{FileReader, SerializedFileReader};
use tests::{data, path, pipeline, program, python, root, skip, text};

const PIPELINE: &str = "name: localized
seed: 0
stages:
  dataset: { uses: dataset, with: { source: { portrait: {} }, train: 40, test: 9, test_sampling: grid } }
  train:
    uses: train
    inputs: { dataset: dataset }
    with: { network: { hidden: [16, 16] }, learning_rate: { initial: 0.1 }, steps: 40, checkpoints: { every: 20 } }
  ntk: { uses: ntk, inputs: { dataset: dataset, training: train } }
  spectrum: { uses: spectrum, inputs: { dataset: dataset, training: train, kernel: ntk } }
  localization: { uses: ./stages/localization.py, inputs: { kernel: ntk, spectrum: spectrum }, with: { top: 4 } }
  report:
    uses: report
    inputs: { results: [localization, spectrum, train, dataset] }
    with:
      figures:
        - name: shares
          table: localization
          where: { step: last }
          mark: histogram
          x: eigenvalue_share
sweep:
  start: { set: train.seed, to: [1, 2] }
  rate: { set: train.with.learning_rate.initial, to: [0.1, 0.05] }
";

#[test]
fn a_figure_from_a_column_that_is_not_there_is_refused_with_its_line() {
    if python().is_none() {
        skip("no Python with Polars; `cargo xtask test` makes one");
        return;
    }
    let data = data();
    let file = data.path().join("localized.yaml");
    let wrong = PIPELINE.replace("x: eigenvalue_share", "x: eigenvalue_shares");
    fs::write(&file, wrong).expect("ours");
    let output = pipeline(data.path(), file.to_str().expect("a path"), &[]);
    let said = text(&output);
    assert_eq!(output.status.code(), Some(2), "{said}");
    let line =
        PIPELINE.lines().position(|line| line.contains("x: eigenvalue_share")).expect("it") + 1;
    assert!(said.contains(&format!("localized.yaml:{line}:14: error:")), "{said}");
    assert!(said.contains("the table `localization` has no column `eigenvalue_shares`; it has step, index, eigenvalue_share, participation"), "{said}");
}

#[test]
fn a_kind_of_ones_own_is_gathered_verified_and_diffed() {
    if python().is_none() {
        skip("no Python with Polars; `cargo xtask test` makes one");
        return;
    }
    let data = data();
    let file = data.path().join("localized.yaml");
    fs::write(&file, PIPELINE).expect("ours");
    let file = file.to_str().expect("a path");
    let output = pipeline(data.path(), file, &[]);
    assert!(output.status.success(), "{}", text(&output));

    let table = data.path().join("runs/localized/localization.parquet");
    let reader = SerializedFileReader::new(fs::File::open(table).expect("it is gathered"));
    let metadata = reader.expect("Parquet").metadata().file_metadata().clone();
    let schema = metadata.schema_descr();
    let columns: Vec<String> =
        schema.columns().iter().map(|of| format!("{} {}", of.name(), of.physical_type())).collect();
    assert_eq!(
        columns,
        [
            "start INT64",
            "rate DOUBLE",
            "step INT64",
            "index INT32",
            "eigenvalue_share DOUBLE",
            "participation DOUBLE"
        ]
    );
    // 2 starts × 2 rates × 3 checkpoints, and at most 40 resolved eigenvectors.
    assert!((12 * 4..=12 * 40).contains(&metadata.num_rows()), "{}", metadata.num_rows());

    // Its figure and its finding stand in the report, and so does the figure of the pipeline file.
    let results = data.path().join("runs/localized");
    let page = fs::read_to_string(results.join("report.html")).expect("a report");
    for name in ["figure-localization", "figure-shares", "finding-eigenvectors_localize"] {
        assert!(page.contains(&format!("id=\"{name}\"")), "{name}");
    }
    assert!(results.join("figures/localization.svg").is_file());
    let findings: Vec<FindingRow> = read_rows(&results).expect("findings of the report");
    let own: Vec<_> =
        findings.iter().filter(|row| row.finding == "eigenvectors_localize").collect();
    // Of each of the four variants, and over all.
    assert_eq!(own.len(), 5);
    assert_eq!(own[0].variant.as_deref(), Some("start=1,rate=0.1"));

    let lab = |arguments: &[&str]| {
        let mut command = Command::new(program("xtask"));
        command.args(arguments).arg("--data").arg(data.path()).current_dir(root());
        let output = command.env("PATH", path()).output().expect("xtask starts");
        assert!(output.status.success(), "{arguments:?}: {}", text(&output));
        text(&output)
    };
    let said = lab(&["verify"]);
    assert!(said.contains("all intact"), "{said}");
    assert!(lab(&["gc"]).contains("every artifact belongs to a run"));
    assert!(lab(&["diff", "localized", "localized"]).contains("no parameter differs"));
    // What it declares is data: another column is refused with its name.
    let folder = data.path().join("store/localization");
    assert_eq!(fs::read_dir(&folder).expect("a folder of its own").count(), 4);
    let manifest = fs::read_dir(folder).expect("it").next().expect("one").expect("it").path();
    let manifest = fs::read_to_string(manifest.join("manifest.json")).expect("it has one");
    assert!(manifest.contains("\"participation\""), "it carries the declaration of its tables");
}
