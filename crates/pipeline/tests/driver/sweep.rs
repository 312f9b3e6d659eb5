//! Sweeps: which stage runs how often, what a gathering stage is told, and what a run leaves.

use std::fs::{self, File};

use arrow::array::{Array, AsArray};
use arrow::datatypes::{Float64Type, Int64Type};
use arrow::util::display::array_value_to_string;
use artifact::tables::training::HistoryRow;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use pipeline::Plan;
use serde_json::{Value, json};

use crate::world::{PLAN_DATASET, PLAN_ECHO, World, dataset, description, done, succeed, train};

/// All stages with two axes; the last one gathers.
pub(crate) const SWEEP: &str = "name: swept
seed: 7
stages:
  dataset: { uses: dataset, with: { train: 4 } }
  train:
    uses: train
    inputs: { dataset: dataset }
    with: { steps: 10 }
  ntk: { uses: ntk, inputs: { dataset: dataset, training: train } }
  spectrum:
    uses: spectrum
    inputs: { dataset: dataset, training: train, kernel: ntk }
  compare:
    uses: compare
    inputs: { spectrum: spectrum, training: train, dataset: dataset }
sweep:
  length: { set: train.with.steps, to: [20, 10] }
  reduced: { set: ntk.with.reduction, to: { none: full, all: trace } }
";

/// A world with a stage `compare` that gathers spectra, training runs and datasets, and writes
/// its request to its log.
pub(crate) fn world() -> World {
    let world = World::new();
    let mut compare = description("report", &[], &json!({ "type": "object" }));
    compare["inputs"] = json!([
        { "name": "spectrum", "kind": "spectrum", "many": true },
        { "name": "training", "kind": "training", "many": true },
        { "name": "dataset", "kind": "dataset", "many": true }
    ]);
    world.stage("compare", &compare, "", &format!("cat \"$2\" >&2\n{}", succeed("report")));
    world
}

/// `stage point` of each task.
fn tasks(plan: &Plan) -> Vec<String> {
    let shown = |task: &pipeline::Task| {
        format!("{} {}", task.stage, plan.sweep.shown(&task.point)).trim_end().to_owned()
    };
    plan.tasks.iter().map(shown).collect()
}

/// Columns of a table of the results, as `name: type`, and its rows as text.
pub(crate) fn table(world: &World, path: &str) -> (String, Vec<String>) {
    let file = File::open(world.root().join("data/runs").join(path)).expect("it is there");
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).expect("it is Parquet");
    let fields = reader.schema().fields().clone();
    let columns = fields.iter().map(|field| format!("{}: {}", field.name(), field.data_type()));
    let mut rows = Vec::new();
    for batch in reader.build().expect("it is Parquet") {
        let batch = batch.expect("it is Parquet");
        for row in 0..batch.num_rows() {
            let cells: Vec<String> = batch
                .columns()
                .iter()
                .map(|column| {
                    let null = "NULL".to_owned();
                    let shown = || array_value_to_string(column, row).expect("it can be shown");
                    if column.is_null(row) { null } else { shown() }
                })
                .collect();
            rows.push(cells.join(" "));
        }
    }
    (columns.collect::<Vec<_>>().join("\n"), rows)
}

#[test]
fn each_stage_runs_once_for_what_it_depends_on() {
    let plan = world().check(SWEEP, &[]).expect("it is right");
    insta::assert_snapshot!(tasks(&plan).join("\n"), @r#"
    dataset
    train length=20
    train length=10
    ntk length=20,reduced=none
    ntk length=20,reduced=all
    ntk length=10,reduced=none
    ntk length=10,reduced=all
    spectrum length=20,reduced=none
    spectrum length=20,reduced=all
    spectrum length=10,reduced=none
    spectrum length=10,reduced=all
    compare
    "#);
}

#[test]
fn a_gathering_stage_is_told_the_axes_of_each_input_in_order() {
    let world = world();
    let (plan, made) = world.run(SWEEP, &[]).expect("it runs");
    let log = fs::read_to_string(world.root().join("data/runs/swept/logs/compare.log"));
    let request: Value = serde_json::from_str(&log.expect("it is kept")).expect("a request");
    let axes = |port: &str| {
        let inputs = request["inputs"][port].as_array().expect("a list");
        inputs.iter().map(|input| input["axes"].to_string()).collect::<Vec<_>>()
    };
    assert_eq!(
        axes("spectrum"),
        [
            r#"{"length":20,"reduced":"none"}"#,
            r#"{"length":20,"reduced":"all"}"#,
            r#"{"length":10,"reduced":"none"}"#,
            r#"{"length":10,"reduced":"all"}"#,
        ]
    );
    assert_eq!(axes("training"), [r#"{"length":20}"#, r#"{"length":10}"#]);
    assert_eq!(axes("dataset"), ["{}"]);
    let told = |port: &str, field: &str| request["inputs"][port][0][field].clone();
    assert_eq!(
        told("spectrum", "sets"),
        json!({ "length": ["train.with.steps"], "reduced": ["ntk.with.reduction"] })
    );
    assert_eq!(told("training", "sets"), json!({ "length": ["train.with.steps"] }));
    assert_eq!(told("dataset", "sets"), Value::Null);
    assert_eq!(told("spectrum", "stage"), "spectrum");
    let last = plan.tasks.len() - 1;
    let directory = made[1].directory.to_str().expect("a path");
    assert_eq!(request["inputs"]["training"][0]["directory"], directory);
    assert_eq!(made[last].manifest.inputs["spectrum"].len(), 4);
}

#[test]
fn a_stage_that_does_not_gather_knows_nothing_of_the_sweep() {
    let world = world();
    world.stage(
        "ntk",
        &crate::world::kernel(),
        "",
        &format!("cat \"$2\" >&2\n{}", succeed("kernel")),
    );
    world.run(SWEEP, &[]).expect("it runs");
    let log = world.root().join("data/runs/swept/logs/ntk/length=20,reduced=all.log");
    let request = fs::read_to_string(log).expect("it is kept");
    assert!(request.contains("\"trace\"") && !request.contains("length"), "{request}");
}

#[test]
fn tidy_tables_are_gathered_and_the_rest_lies_by_variant() {
    let world = world();
    world.run(SWEEP, &[]).expect("it runs");
    insta::assert_snapshot!(world.results("swept"), @r#"
    diagonal.parquet
    energy.parquet
    exact_events.parquet
    figures/energy.svg
    findings.parquet
    history.parquet
    kernels.parquet
    logs/compare.log
    logs/dataset.log
    logs/ntk/length=10,reduced=all.log
    logs/ntk/length=10,reduced=none.log
    logs/ntk/length=20,reduced=all.log
    logs/ntk/length=20,reduced=none.log
    logs/spectrum/length=10,reduced=all.log
    logs/spectrum/length=10,reduced=none.log
    logs/spectrum/length=20,reduced=all.log
    logs/spectrum/length=20,reduced=none.log
    logs/train/length=10.log
    logs/train/length=20.log
    preprocessing.parquet
    report.html
    runs.parquet
    samples.parquet
    variants/length=10,reduced=all/eigenvectors.parquet
    variants/length=10,reduced=all/gram/step-0000000000.parquet
    variants/length=10,reduced=all/kernel_rows.parquet
    variants/length=10,reduced=none/eigenvectors.parquet
    variants/length=10,reduced=none/gram/step-0000000000.parquet
    variants/length=10,reduced=none/kernel_rows.parquet
    variants/length=10/checkpoints/step-0000000000.parquet
    variants/length=10/checkpoints/step-0000000010.parquet
    variants/length=10/outputs.parquet
    variants/length=10/presentations.parquet
    variants/length=20,reduced=all/eigenvectors.parquet
    variants/length=20,reduced=all/gram/step-0000000000.parquet
    variants/length=20,reduced=all/kernel_rows.parquet
    variants/length=20,reduced=none/eigenvectors.parquet
    variants/length=20,reduced=none/gram/step-0000000000.parquet
    variants/length=20,reduced=none/kernel_rows.parquet
    variants/length=20/checkpoints/step-0000000000.parquet
    variants/length=20/checkpoints/step-0000000010.parquet
    variants/length=20/outputs.parquet
    variants/length=20/presentations.parquet
    "#);
    let (columns, rows) = table(&world, "swept/kernels.parquet");
    assert!(columns.starts_with("length: Int64\nreduced: Utf8\nstep: UInt64\n"), "{columns}");
    let leading: Vec<&str> = rows.iter().map(|row| &row[..row.len().min(8)]).collect();
    assert_eq!(leading, ["20 none ", "20 all 0", "10 none ", "10 all 0"]);
    // What depends on one axis has one column more, what depends on none has none.
    assert!(table(&world, "swept/history.parquet").0.starts_with("length: Int64\nstep: UInt64"));
    assert!(table(&world, "swept/samples.parquet").0.starts_with("split: Utf8\n"));
    assert!(table(&world, "swept/findings.parquet").0.starts_with("finding: Utf8\n"));
    assert_eq!(table(&world, "swept/findings.parquet").1.len(), 3);
}

#[test]
fn rows_stand_beside_the_labels_of_their_own_variant() {
    let world = world();
    for (steps, loss) in [(10, 0.5), (20, 0.25)] {
        let history = |step| HistoryRow {
            step,
            learning_rate: 0.25,
            train_loss: loss,
            test_loss: None,
            train_accuracy: None,
            test_accuracy: None,
            gradient_norm: None,
            update_norm: None,
            sharpness: None,
        };
        let folder = world.root().join(format!("history-{steps}"));
        artifact::write_rows(&folder, &[history(0), history(steps)]).expect("valid rows");
    }
    let run = format!(
        "cp -r templates/training/. \"$out\"\nsteps=$(sed -n 's/.*\"steps\":\\([0-9]*\\).*/\\1/p' \"$2\")\ncp history-$steps/history.parquet \"$out\"\n{}",
        done("training")
    );
    world.stage("train", &train(), PLAN_ECHO, &run);
    world.run(SWEEP, &[]).expect("it runs");
    let (_, rows) = table(&world, "swept/history.parquet");
    let rows: Vec<&str> = rows.iter().map(|row| row.split(" NULL").next().expect("one")).collect();
    assert_eq!(rows, ["20 0 0.25 0.25", "20 20 0.25 0.25", "10 0 0.25 0.5", "10 10 0.25 0.5"]);
}

#[test]
fn runs_has_one_row_a_variant_with_axes_parameters_and_keys() {
    let world = world();
    let (plan, made) = world.run(SWEEP, &[]).expect("it runs");
    let (columns, rows) = table(&world, "swept/runs.parquet");
    insta::assert_snapshot!(columns, @"
    length: Int64
    reduced: Utf8
    variant: UInt32
    seed: UInt64
    state: Utf8
    error: Utf8
    dataset.train: Int64
    dataset.key: Utf8
    train.steps: Int64
    train.key: Utf8
    ntk.reduction: Utf8
    ntk.key: Utf8
    spectrum.key: Utf8
    compare.key: Utf8
    wall_time_s: Float64
    peak_memory_bytes: UInt64
    ");
    assert_eq!(rows.len(), 4);
    let cells: Vec<&str> = rows[3].split(' ').collect();
    assert_eq!(cells[..4], ["10", "all", "3", "7"]);
    assert!(cells.contains(&plan.tasks[0].key.as_str()), "the key of the shared dataset");
    let own = [
        "dataset",
        "train length=10",
        "ntk length=10,reduced=all",
        "spectrum length=10,reduced=all",
    ];
    let tasks = tasks(&plan);
    let wall_time: f64 = own
        .iter()
        .map(|one| tasks.iter().position(|task| task == one).expect("it is there"))
        .map(|task| made[task].manifest.wall_time_s)
        .sum();
    let shown: f64 = cells[cells.len() - 2].parse().expect("a number");
    assert!((shown - wall_time).abs() <= 1e-12, "{shown} against {wall_time}");
}

#[test]
fn what_a_sweep_has_made_is_not_made_again_and_nothing_stale_is_left() {
    let world = world();
    world.run(SWEEP, &[]).expect("it runs");
    let (plan, made) = world.run(SWEEP, &["sweep.length.to=[10, 30]"]).expect("it runs");
    let run: Vec<String> = tasks(&plan)
        .into_iter()
        .zip(&made)
        .filter(|(_, made)| !made.reused)
        .map(|(task, _)| task)
        .collect();
    insta::assert_snapshot!(run.join("\n"), @r#"
    train length=30
    ntk length=30,reduced=none
    ntk length=30,reduced=all
    spectrum length=30,reduced=none
    spectrum length=30,reduced=all
    compare
    "#);
    let files = world.files("data/runs/swept").join("\n");
    assert!(files.contains("length=30,reduced=all") && !files.contains("length=20"), "{files}");
    assert!(files.contains("logs/train/length=10.log"), "{files}");

    world.run(SWEEP, &["sweep=null"]).expect("it runs");
    let files = world.files("data/runs/swept").join("\n");
    assert!(!files.contains("length"), "{files}");
    assert!(table(&world, "swept/history.parquet").0.starts_with("step: UInt64"));
}

#[test]
fn a_gathered_table_is_written_again_only_where_its_rows_or_labels_change() {
    use std::os::unix::fs::MetadataExt;
    let world = world();
    let file = |set: &[&str]| {
        world.run(SWEEP, set).expect("it runs");
        let path = world.root().join("data/runs/swept/history.parquet");
        fs::metadata(path).expect("it is there").ino()
    };
    let labels = || -> Vec<String> {
        let (_, rows) = table(&world, "swept/history.parquet");
        rows.iter().map(|row| row.split(' ').next().expect("one").to_owned()).collect()
    };
    let first = file(&[]);
    assert_eq!(file(&[]), first);
    let renamed = "sweep.length.to={long: 20, short: 10}";
    assert_ne!(file(&[renamed]), first);
    assert_eq!(labels(), ["long", "short"]);
    file(&["sweep.length.to=[10, 20]"]);
    assert_eq!(labels(), ["10", "20"]);
}

#[test]
fn a_seed_reaches_only_those_that_use_it() {
    let world = world();
    let mut seeded = train();
    seeded["uses_seed"] = json!(true);
    let run = |kind| format!("cat \"$2\" >&2\n{}", succeed(kind));
    world.stage("train", &seeded, PLAN_ECHO, &run("training"));
    let mut fixed = dataset();
    fixed["uses_seed"] = json!(false);
    world.stage("dataset", &fixed, PLAN_DATASET, &run("dataset"));
    let text = "stages:
  dataset: { uses: dataset }
  train: { uses: train, inputs: { dataset: dataset }, with: { steps: 3 } }
sweep:
  trial: { set: seed, to: [3, 4] }
";
    let (plan, made) = world.run(text, &[]).expect("it runs");
    assert_eq!(tasks(&plan), ["dataset", "train trial=3", "train trial=4"]);
    let seeds: Vec<Option<u64>> = made.iter().map(|made| made.manifest.seed).collect();
    assert_eq!(seeds, [None, Some(3), Some(4)]);
    let log = fs::read_to_string(world.root().join("data/runs/x/logs/train/trial=4.log"));
    assert!(log.expect("it is kept").contains("\"seed\":4"));
}

#[test]
fn labels_for_the_same_value_share_a_task_and_have_their_own_rows() {
    let world = world();
    let to = "sweep.length={set: train.with.steps, to: {short: 10, brief: 10, long: 20}}";
    let (plan, _) = world.run(SWEEP, &[to, "sweep.reduced=null"]).expect("it runs");
    let trains = plan.tasks.iter().filter(|task| task.stage == "train").count();
    assert_eq!(trains, 2);
    let (_, rows) = table(&world, "swept/history.parquet");
    let labels: Vec<&str> = rows.iter().map(|row| row.split(' ').next().expect("one")).collect();
    assert_eq!(labels, ["short", "brief", "long"]);
}

#[test]
fn one_axis_can_set_several_places() {
    let text = SWEEP.replace(
        "length: { set: train.with.steps, to: [20, 10] }",
        "arm: { set: [train.with.steps, train.with.activation], to: { a: [5, tanh], b: [6, { leaky_relu: 0.1 }] } }",
    );
    let plan = world().check(&text, &["sweep.reduced=null"]).expect("it is right");
    let parameters: Vec<&Value> = plan.tasks.iter().map(|task| &task.parameters).collect();
    assert_eq!(parameters[1], &json!({ "steps": 5, "activation": "tanh" }));
    assert_eq!(parameters[2], &json!({ "steps": 6, "activation": { "leaky_relu": 0.1 } }));
}

#[test]
fn axes_are_typed_by_their_values() {
    let world = world();
    let to = |to: &str| {
        let text = format!(
            "stages:\n  data: {{ uses: any }}\nsweep:\n  axis: {{ set: data.with.x, to: {to} }}\n"
        );
        let described = description("dataset", &[], &json!({ "type": "object" }));
        world.stage("any", &described, "", &succeed("dataset"));
        world.run(&text, &[]).expect("it runs");
        let (columns, rows) = table(&world, "x/samples.parquet");
        let labels: Vec<&str> =
            rows.iter().map(|row| row.split(' ').next().expect("one")).collect();
        format!("{} [{}]", columns.split('\n').next().expect("one"), labels.join(", "))
    };
    assert_eq!(to("[3, -1]"), "axis: Int64 [3, -1]");
    assert_eq!(to("[1, 0.5]"), "axis: Float64 [1.0, 0.5]");
    assert_eq!(to("[true, false]"), "axis: Boolean [true, false]");
    assert_eq!(to("[no, a b]"), "axis: Utf8 [no, a]");
    assert_eq!(to("{ 2: [8, 8], 3: [8, 8, 8] }"), "axis: Int64 [2, 3]");
    assert_eq!(to("{ 0.5: 1, 1: 2 }"), "axis: Float64 [0.5, 1.0]");
    assert_eq!(to("{ true: 1, false: 2 }"), "axis: Boolean [true, false]");
    assert_eq!(to("{ a: 1, b: null }"), "axis: Utf8 [a, b]");
}

#[test]
fn programs_and_wires_can_be_axes() {
    let world = world();
    world.stage("other", &crate::world::kernel(), "", &format!("# other\n{}", succeed("kernel")));
    let text = SWEEP.replace(
        "reduced: { set: ntk.with.reduction, to: { none: full, all: trace } }",
        "kernel: { set: ntk.uses, to: [ntk, other] }",
    );
    let (plan, _) = world.run(&text, &[]).expect("it runs");
    let uses: Vec<&str> = plan.tasks.iter().map(|task| task.uses.as_str()).collect();
    assert_eq!(uses.iter().filter(|uses| **uses == "other").count(), 2);

    let text = SWEEP
        .replace("  spectrum:\n", "  ntk2: { uses: ntk, inputs: { dataset: dataset, training: train }, with: { reduction: trace } }\n  spectrum:\n")
        .replace("set: ntk.with.reduction, to: { none: full, all: trace }", "set: spectrum.inputs.kernel, to: [ntk, ntk2]");
    let (plan, made) = world.run(&text, &["sweep.length=null"]).expect("it runs");
    assert_eq!(
        tasks(&plan),
        [
            "dataset",
            "train",
            "ntk",
            "ntk2",
            "spectrum reduced=ntk",
            "spectrum reduced=ntk2",
            "compare"
        ]
    );
    assert_eq!(made[5].manifest.inputs["kernel"], [plan.tasks[3].key.clone()]);
}

#[test]
fn programs_are_asked_once_for_the_same_thing() {
    let world = world();
    let count = |plan: &str| format!("echo asked >> asked\n{plan}");
    world.stage("train", &train(), &count(PLAN_ECHO), &succeed("training"));
    world.stage("dataset", &dataset(), &count(PLAN_DATASET), &succeed("dataset"));
    // The seed makes 1,000 datasets, and is no parameter of any.
    let seeds: Vec<String> = (0..1000).map(|seed| seed.to_string()).collect();
    let text = format!("{SWEEP}  seed: {{ set: seed, to: [{}] }}\n", seeds.join(", "));
    let started = std::time::Instant::now();
    let plan = world.check(&text, &[]).expect("it is right");
    assert_eq!(plan.tasks.len(), 1000 + 2000 + 4000 + 4000 + 1);
    assert!(started.elapsed().as_secs() < 20, "{:?}", started.elapsed());
    let asked = fs::read_to_string(world.root().join("asked")).expect("it was asked");
    // The dataset, and the training runs of two lengths.
    assert_eq!(asked.lines().count(), 3);
}

#[test]
fn a_gathering_stage_has_a_key_of_axes_and_inputs() {
    let world = world();
    let key = |set: &[&str]| {
        let plan = world.check(SWEEP, set).expect("it is right");
        plan.tasks.last().expect("there are tasks").key.clone()
    };
    let renamed = [
        "sweep.length=null",
        "sweep.reduced=null",
        "sweep.steps_made={set: train.with.steps, to: [20, 10]}",
        "sweep.other={set: ntk.with.reduction, to: {none: full, all: trace}}",
    ];
    let keys = [
        key(&[]),
        key(&["sweep.length.to=[10, 20]"]),
        key(&["sweep.reduced.to={some: full, all: trace}"]),
        key(&renamed),
    ];
    for (index, one) in keys.iter().enumerate() {
        assert!(!keys[..index].contains(one), "{index}");
    }
}

#[test]
fn values_of_axes_come_back_from_parquet_as_they_were() {
    let world = world();
    let set = ["sweep.length={set: train.with.steps, to: {0.1: 1, 1e-7: 2}}", "sweep.reduced=null"];
    world.run(SWEEP, &set).expect("it runs");
    let file = File::open(world.root().join("data/runs/swept/history.parquet")).expect("there");
    let mut reader =
        ParquetRecordBatchReaderBuilder::try_new(file).expect("Parquet").build().expect("Parquet");
    let batch = reader.next().expect("a batch").expect("Parquet");
    assert_eq!(batch.column(0).as_primitive::<Float64Type>().values(), &[0.1, 1e-7]);
    world.run(SWEEP, &["sweep.reduced=null"]).expect("it runs");
    let file = File::open(world.root().join("data/runs/swept/history.parquet")).expect("there");
    let mut reader =
        ParquetRecordBatchReaderBuilder::try_new(file).expect("Parquet").build().expect("Parquet");
    let batch = reader.next().expect("a batch").expect("Parquet");
    assert_eq!(batch.column(0).as_primitive::<Int64Type>().values(), &[20, 10]);
}

#[test]
fn the_dry_run_shows_the_variants_of_a_stage_together() {
    let world = world();
    world.run(SWEEP, &["sweep.reduced.to={none: full}"]).expect("it runs");
    let plan = world.check(SWEEP, &[]).expect("it is right");
    insta::assert_snapshot!(world.dry_run(&plan), @"
    swept
    seed 7, 2 threads, 1.00 GiB of memory

    sweep, 4 variants
      length   20, 10     train.with.steps
      reduced  none, all  ntk.with.reduction

    stage     uses      will                          key           makes                              memory
    dataset   dataset   reuse                         ac083df93f9f  dataset: N 4
    train     train     2 variants: all done                        training: 10 steps, 2 checkpoints  2.86 MiB
    ntk       ntk       4 variants: 2 done, 2 to run                kernel
    spectrum  spectrum  4 variants: 2 done, 2 to run                spectrum
    compare   compare   run                           3c79e4eff1d5  report

    will run because of
      ntk       reduction: full → trace
      spectrum  input kernel (ntk)
      compare   input spectrum

    parameters
      dataset  train      4
      train    steps      20 | 10
      ntk      reduction  full | trace
    ");
}

#[test]
fn the_summary_leads_to_tables_and_variants() {
    let world = world();
    let (plan, _) = world.run(SWEEP, &[]).expect("it runs");
    let folder = world.project.results("swept");
    insta::assert_snapshot!(pipeline::summary(&world.project, &plan, &folder).expect("readable"), @r#"
    report   data/runs/swept/report.html
    tables   data/runs/swept/
    sweep    4 variants, in runs.parquet and data/runs/swept/variants/

    holds           0.883 → 0.934  the target aligns
    does not hold   21200          eigenvalues rise
    not applicable                 nothing to see

    Try:
      duckdb -c "SELECT length, reduced, step, k, relative_energy FROM 'data/runs/swept/energy.parquet' WHERE signal='target' AND split='train' AND k=50 ORDER BY length, reduced, step"
    "#);
}

#[test]
fn findings_of_several_reports_are_counted() {
    let world = world();
    let text = SWEEP.replace("uses: compare", "uses: report");
    let (plan, _) = world.run(&text, &[]).expect("it runs");
    let files = world.files("data/runs/swept/variants").join("\n");
    assert!(files.contains("length=10,reduced=all/report.html"), "{files}");
    let folder = world.project.results("swept");
    insta::assert_snapshot!(pipeline::summary(&world.project, &plan, &folder).expect("readable"), @r#"
    reports  data/runs/swept/variants/*/report.html
    tables   data/runs/swept/
    sweep    4 variants, in runs.parquet and data/runs/swept/variants/

    holds in 4 of 4  the target aligns
    holds in 0 of 4  eigenvalues rise
    not applicable   nothing to see

    Try:
      duckdb -c "SELECT length, reduced, step, k, relative_energy FROM 'data/runs/swept/energy.parquet' WHERE signal='target' AND split='train' AND k=50 ORDER BY length, reduced, step"
    "#);
}
