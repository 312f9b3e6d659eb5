//! Sweeps of which some variants failed: what is told of them, and what the others leave.

use std::fs::{self, File};

use arrow::array::AsArray;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::{Value, json};

use crate::sweep::{SWEEP, table, world};
use crate::world::{PLAN_ECHO, World, description, succeed, train};

#[test]
fn a_failure_says_in_which_variant() {
    let world = world();
    let run = format!("grep -q '\"reduction\":\"trace\"' \"$2\" && exit 3\n{}", succeed("kernel"));
    world.stage("ntk", &crate::world::kernel(), "", &run);
    let error = world.run(SWEEP, &[]).expect_err("one variant fails");
    insta::assert_snapshot!(world.tidy(&error.to_string()), @r#"
    pipelines/x.yaml:9:3: error: the stage `ntk` failed in the variant length=20,reduced=all: it ended with exit code 3 without saying why
      full log: data/runs/swept/logs/ntk/length=20,reduced=all.log
    "#);
}

/// A world like [`world`] whose gathering stage is content with what exists, and where the training
/// of length 20 diverges.
fn diverging() -> World {
    let world = World::new();
    let many = |kind: &str| json!({ "name": kind, "kind": kind, "many": true, "partial": true });
    let mut compare = description("report", &[], &json!({ "type": "object" }));
    compare["inputs"] = json!([many("spectrum"), many("training"), many("dataset")]);
    world.stage("compare", &compare, "", &format!("cat \"$2\" >&2\n{}", succeed("report")));
    let error = r#"{"error":{"message":"it diverged","outline":{"train_samples":4,"test_samples":0,"input_dim":1,"output_dim":1,"last_step":10,"checkpoints":[0],"loss":"least_squares","optimizer":"gradient_descent"}}}"#;
    let run = format!(
        "case \"$(cat \"$2\")\" in *'\"steps\":20'*) cp -r templates/training/. \"$out\"; echo '{error}'; exit 1;; esac\n{}",
        succeed("training")
    );
    world.stage("train", &train(), PLAN_ECHO, &run);
    world
}

/// `ntk-lab pipeline` on [`SWEEP`] in `world`, with what it says.
fn lab(world: &World, arguments: &[&str]) -> (Option<i32>, String) {
    fs::write(world.root().join("pipelines/swept.yaml"), SWEEP).expect("it is ours");
    let path = format!("{}:/usr/bin:/bin", world.root().join("bin").display());
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_ntk-lab"))
        .args(["pipeline", "swept"])
        .args(arguments)
        .current_dir(world.root())
        .env("PATH", path)
        .env_remove("CARGO_MANIFEST_DIR")
        .output()
        .expect("it starts");
    let said = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes));
    (output.status.code(), world.tidy(&said.join("\n")))
}

#[test]
fn a_variant_that_diverges_leaves_results_of_the_others_and_of_itself() {
    let world = diverging();
    let (code, said) = lab(&world, &["--keep-going", "--jobs", "2"]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("report   data/runs/swept/report.html"), "{said}");
    assert!(said.contains("failed   2 of 4 variants"), "{said}");
    assert!(said.contains("in the variant length=20: it diverged"), "{said}");

    let (_, history) = table(&world, "swept/history.parquet");
    assert_eq!(history.len(), 2, "that of the training which diverged is there: {history:?}");
    assert!(history[0].starts_with("20 ") && history[1].starts_with("10 "), "{history:?}");
    let checkpoints = "data/runs/swept/variants/length=20/checkpoints";
    assert_eq!(world.files(checkpoints).len(), 2);
    let (_, kernels) = table(&world, "swept/kernels.parquet");
    assert!(kernels.iter().all(|row| row.starts_with("10 ")) && kernels.len() == 2, "{kernels:?}");

    let file = File::open(world.root().join("data/runs/swept/runs.parquet")).expect("there");
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).expect("it is Parquet");
    let batch = reader.build().expect("it is Parquet").next().expect("rows").expect("rows");
    let texts = |name: &str| {
        let column = batch.column_by_name(name).expect("a column").as_string::<i32>();
        column.iter().map(|text| text.map(str::to_owned)).collect::<Vec<_>>()
    };
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(texts("state"), ["failed", "failed", "done", "done"].map(some));
    let error = some("train: it diverged");
    assert_eq!(texts("error"), [error.clone(), error, None, None]);
    assert!(texts("spectrum.key")[0].is_none() && texts("train.key")[0].is_some());

    // What gathers was told.
    let log = fs::read_to_string(world.root().join("data/runs/swept/logs/compare.log"));
    let request: Value = serde_json::from_str(&log.expect("it is kept")).expect("a request");
    assert_eq!(request["inputs"]["spectrum"].as_array().map(Vec::len), Some(2));
    let failed = request["failed"].as_array().expect("a list");
    let told: Vec<String> = failed
        .iter()
        .map(|of| {
            let (port, axes, has) = (&of["port"], &of["axes"], of["directory"].is_string());
            format!("{port} {axes} {} {} {has}", of["stage"], of["message"]).replace('"', "")
        })
        .collect();
    insta::assert_snapshot!(told.join("\n"), @r"
    spectrum {length:20,reduced:none} train it diverged false
    spectrum {length:20,reduced:all} train it diverged false
    training {length:20} train it diverged true
    ");

    // Nothing is made twice, and what some variants gave is not taken for what all give.
    let (code, again) = lab(&world, &["--keep-going"]);
    assert_eq!(code, Some(1), "{again}");
    assert!(again.contains("compare   reused") && again.contains("has failed before"), "{again}");
    world.stage("train", &train(), PLAN_ECHO, &succeed("training"));
    let (code, whole) = lab(&world, &["--keep-going"]);
    assert_eq!(code, Some(0), "{whole}");
    let log = fs::read_to_string(world.root().join("data/runs/swept/logs/compare.log"));
    assert!(!log.expect("it is kept").contains("\"failed\""), "it gathered all of them");
    assert!(!whole.contains("failed   "), "{whole}");
}

#[test]
fn what_gathers_all_or_nothing_is_not_run_where_a_variant_failed() {
    let world = diverging();
    let mut compare = description("report", &[], &json!({ "type": "object" }));
    compare["inputs"] = json!([{ "name": "spectrum", "kind": "spectrum", "many": true }]);
    world.stage("compare", &compare, "", &succeed("report"));
    let text = "inputs: { spectrum: spectrum, training: train, dataset: dataset }";
    let plan = world.check(&SWEEP.replace(text, "inputs: { spectrum: spectrum }"), &[]);
    let local = pipeline::Local { jobs: 1, keep_going: true };
    let ran =
        local.make(&world.project, &plan.expect("it is right"), &pipeline::Progress::new(true));
    ran.expect_err("a variant fails");
    assert!(world.files("data/store/report").is_empty());
    assert_eq!(
        world
            .files("data/store/spectrum")
            .iter()
            .filter(|file| file.ends_with("manifest.json"))
            .count(),
        2
    );
}
