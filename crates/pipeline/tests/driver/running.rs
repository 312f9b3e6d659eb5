//! Running: what is left behind by runs that succeed and by runs that fail.

use std::fs;

use artifact::tables::run::RunRow;
use artifact::{Kind, Manifest};

use crate::world::{RIGHT, World, succeed};

#[test]
fn a_run_leaves_artifacts_with_manifests_and_one_folder_to_open() {
    let world = World::new();
    let (plan, made) = world.run(RIGHT, &[]).expect("it runs");
    insta::assert_snapshot!(world.results("chain"), @r#"
    checkpoints/step-0000000000.parquet
    checkpoints/step-0000000010.parquet
    diagonal.parquet
    eigenvectors.parquet
    energy.parquet
    exact_events.parquet
    figures/energy.svg
    findings.parquet
    gram/step-0000000000.parquet
    history.parquet
    kernel_rows.parquet
    kernels.parquet
    logs/dataset.log
    logs/ntk.log
    logs/report.log
    logs/spectrum.log
    logs/train.log
    outputs.parquet
    preprocessing.parquet
    presentations.parquet
    report.html
    runs.parquet
    samples.parquet
    "#);

    let training = Manifest::read(&made[1].directory).expect("it has one");
    assert_eq!(training.kind, Kind::TRAINING);
    assert_eq!(training.key, plan.tasks[1].key);
    assert_eq!(training.inputs["dataset"], [plan.tasks[0].key.clone()]);
    assert_eq!(training.parameters, plan.tasks[1].parameters);
    assert_eq!(training.outline.train_samples, Some(4));
    assert_eq!(training.seed, None);
    assert_eq!(training.tables.iter().filter(|table| table.table == "checkpoints").count(), 2);
    assert_eq!(made[0].manifest.seed, Some(7));
    assert!(world.files("data/store/.work").is_empty());

    let runs: Vec<RunRow> = artifact::read_rows(&world.project.results("chain")).expect("written");
    let stages: Vec<&str> = runs.iter().map(|row| row.stage.as_str()).collect();
    assert_eq!(stages, ["dataset", "train", "ntk", "spectrum", "report"]);
    assert_eq!(runs[2].parameters, r#"{"reduction":"full"}"#);
}

#[test]
fn what_is_there_is_not_made_again() {
    let world = World::new();
    let (_, first) = world.run(RIGHT, &[]).expect("it runs");
    assert!(first.iter().all(|made| !made.reused));
    let (_, second) = world.run(RIGHT, &[]).expect("it runs");
    assert!(second.iter().all(|made| made.reused));
    let (_, third) = world.run(RIGHT, &["ntk.with.reduction=trace"]).expect("it runs");
    let reused: Vec<bool> = third.iter().map(|made| made.reused).collect();
    assert_eq!(reused, [true, true, false, false, false]);
}

#[test]
fn a_directory_without_a_whole_artifact_is_none() {
    let world = World::new();
    let (_, first) = world.run(RIGHT, &[]).expect("it runs");
    fs::remove_file(first[0].directory.join("samples.parquet")).expect("it was there");
    fs::remove_file(first[1].directory.join("manifest.json")).expect("it was there");
    let (_, second) = world.run(RIGHT, &[]).expect("it runs");
    let reused: Vec<bool> = second.iter().map(|made| made.reused).collect();
    assert_eq!(reused, [false, false, true, true, true]);
}

#[test]
fn logs_of_what_is_not_made_again_are_kept() {
    let world = World::new();
    world.run(RIGHT, &[]).expect("it runs");
    let results = world.project.results("chain");
    fs::write(results.join("logs/dataset.log"), "kept").expect("it is ours");
    world.run(RIGHT, &[]).expect("it runs");
    assert_eq!(fs::read_to_string(results.join("logs/dataset.log")).expect("kept"), "kept");
}

#[test]
fn tables_of_the_same_name_go_into_folders_of_their_stages() {
    let world = World::new();
    let text = "name: two\nstages:\n  one: { uses: dataset }\n  other: { uses: dataset, with: { train: 5 } }\n";
    world.run(text, &[]).expect("it runs");
    insta::assert_snapshot!(world.files("data/runs/two").join("\n"), @r#"
    logs/one.log
    logs/other.log
    one/preprocessing.parquet
    one/samples.parquet
    other/preprocessing.parquet
    other/samples.parquet
    runs.parquet
    "#);
}

#[test]
fn the_dry_run_says_what_is_there_and_what_would_run() {
    let world = World::new();
    world.run(RIGHT, &[]).expect("it runs");
    let plan = world.check(RIGHT, &["ntk.with.reduction=trace"]).expect("it is right");
    insta::assert_snapshot!(world.dry_run(&plan), @"
    chain: All five
    seed 7, 2 threads, 1.00 GiB of memory

    stage     uses      will   key           makes                              memory
    dataset   dataset   reuse  ac083df93f9f  dataset: N 4
    train     train     reuse  2258cab6b028  training: 10 steps, 2 checkpoints  2.86 MiB
    ntk       ntk       run    2a7eedd35876  kernel
    spectrum  spectrum  run    6da6023ae4ce  spectrum
    report    report    run    95794d23d67c  report

    will run because of
      ntk       reduction: full → trace
      spectrum  input kernel (ntk)
      report    input spectrum

    parameters
      dataset  train          4
      train    steps          10
               learning_rate  { initial: 0.25, decay: { factor: 0.5, every: 5 } }
      ntk      reduction      trace
    ");
}

#[test]
fn the_summary_shows_findings_and_a_query() {
    let world = World::new();
    let (plan, _) = world.run(RIGHT, &[]).expect("it runs");
    let folder = world.project.results("chain");
    insta::assert_snapshot!(pipeline::summary(&world.project, &plan, &folder).expect("readable"), @r#"
    report   data/runs/chain/report.html
    tables   data/runs/chain/

    holds           0.883 → 0.934  the target aligns
    does not hold   21200          eigenvalues rise
    not applicable                 nothing to see

    Try:
      duckdb -c "SELECT step, k, relative_energy FROM 'data/runs/chain/energy.parquet' WHERE signal='target' AND split='train' AND k=50 ORDER BY step"
    "#);
}

#[test]
fn a_summary_without_a_report_mentions_only_what_is_there() {
    let world = World::new();
    let text = "name: data\nstages:\n  data: { uses: dataset }\n";
    let (plan, _) = world.run(text, &[]).expect("it runs");
    let folder = world.project.results("data");
    insta::assert_snapshot!(pipeline::summary(&world.project, &plan, &folder).expect("readable"), @r#"
    tables   data/runs/data/

    Try:
      duckdb -c "SELECT * FROM 'data/runs/data/samples.parquet' LIMIT 5"
    "#);
}

#[test]
fn a_failing_stage_shows_its_message_its_log_and_its_place() {
    let world = World::new();
    let run = "for i in 1 2 3 4 5 6 7 8 9 10 11 12; do echo line $i >&2; done\necho '{\"error\":{\"message\":\"the loss is NaN at step 12\",\"hint\":\"lower the learning rate\"}}'\nexit 1";
    insta::assert_snapshot!(world.failure(run), @r#"
    pipelines/x.yaml:2:3: error: the stage `data` failed: the loss is NaN at step 12
      = help: lower the learning rate
      the end of its log:
        | line 3
        | line 4
        | line 5
        | line 6
        | line 7
        | line 8
        | line 9
        | line 10
        | line 11
        | line 12
      full log: data/runs/x/logs/data.log
    "#);
    assert_eq!(world.files("data/runs"), ["x/logs/data.log"]);
    assert!(world.files("data/store").is_empty());
    let log = fs::read_to_string(world.root().join("data/runs/x/logs/data.log")).expect("kept");
    assert_eq!(log.lines().count(), 12);
}

#[test]
fn a_stage_that_breaks_the_contract_is_told_how() {
    let world = World::new();
    let done = "echo '{\"done\":{\"outline\":{}}}'";
    let failures = [
        world.failure("exit 0"),
        world.failure("exit 3"),
        world.failure("kill -9 $$"),
        world.failure("kill -15 $$"),
        world.failure("echo hello; sleep 60"),
        world.failure("printf '\\377\\376\\n'; sleep 60"),
        world.failure(done),
        world.failure(&format!("echo no Parquet > \"$out/samples.parquet\"; {done}")),
        world.failure(&format!(
            "cp templates/kernel/kernels.parquet \"$out/samples.parquet\"; {done}"
        )),
        world.failure(&format!("{}; exit 4", succeed("dataset"))),
        world.failure(&format!("cp -r templates/dataset/. \"$out\"; {done}")),
        world.failure(r#"echo '{"done":{"outline":{"train_samples":4.5}}}'"#),
        world.failure(r#"echo '{"progress":{"done":1,"total":2,"unit":"step"}}'"#),
        world.failure(r#"echo '{"done":{"outline":{"learning_rates":[{"step":0,"learning_rate":Infinity}]}}}'"#),
    ];
    insta::assert_snapshot!(failures.join("\n\n"), @r#"
    pipelines/x.yaml:2:3: error: the stage `data` failed: it ended without an error, and without saying that it is done
      full log: data/runs/x/logs/data.log

    pipelines/x.yaml:2:3: error: the stage `data` failed: it ended with exit code 3 without saying why
      full log: data/runs/x/logs/data.log

    pipelines/x.yaml:2:3: error: the stage `data` failed: it was killed (signal 9)
      = help: the system does so where memory runs out: use fewer samples, or a smaller network
      full log: data/runs/x/logs/data.log

    pipelines/x.yaml:2:3: error: the stage `data` failed: it was ended by signal 15
      full log: data/runs/x/logs/data.log

    pipelines/x.yaml:2:3: error: the stage `data` failed: it printed a line that is no message: hello
      = help: standard output is for messages in JSON; whatever else a stage has to say goes to standard error
      full log: data/runs/x/logs/data.log

    pipelines/x.yaml:2:3: error: the stage `data` failed: it printed a line that is no message: ��
      = help: standard output is for messages in JSON; whatever else a stage has to say goes to standard error
      full log: data/runs/x/logs/data.log

    pipelines/x.yaml:2:3: error: the stage `data` failed: what it wrote is not a dataset artifact: its output is not a table `samples`: the table was not written
      full log: data/runs/x/logs/data.log

    pipelines/x.yaml:2:3: error: the stage `data` failed: what it wrote is not a dataset artifact: its output/samples.parquet is not a readable Parquet file: Parquet error: Invalid Parquet file. Corrupt footer
      full log: data/runs/x/logs/data.log

    pipelines/x.yaml:2:3: error: the stage `data` failed: what it wrote is not a dataset artifact: its output/samples.parquet is not a table `samples`: it has no column `split`
      full log: data/runs/x/logs/data.log

    pipelines/x.yaml:2:3: error: the stage `data` failed: it ended with exit code 4 without saying why
      full log: data/runs/x/logs/data.log

    pipelines/x.yaml:2:3: error: the stage `data` failed: its outline lacks `train_samples`, `test_samples`, `input_dim` and `output_dim`, which a dataset must state
      = help: start from the outline in the manifest.json of an input; docs/stages.md lists what each kind states
      full log: data/runs/x/logs/data.log

    pipelines/x.yaml:2:3: error: the stage `data` failed: it printed a message that is wrong at `done.outline.train_samples`: invalid type: floating point `4.5`, expected u64: {"done":{"outline":{"train_samples":4.5}}}
      full log: data/runs/x/logs/data.log

    pipelines/x.yaml:2:3: error: the stage `data` failed: it printed a message that is wrong at `progress`: missing field `note`: {"progress":{"done":1,"total":2,"unit":"step"}}
      full log: data/runs/x/logs/data.log

    pipelines/x.yaml:2:3: error: the stage `data` failed: it printed a message that holds NaN or Infinity, which JSON does not have (Python's `json.dumps` refuses them with `allow_nan=False`): {"done":{"outline":{"learning_rates":[{"step":0,"learning_rate":Infinity}]}}}
      full log: data/runs/x/logs/data.log
    "#);
}

#[test]
fn a_promised_file_must_be_there() {
    let world = World::new();
    world.stage(
        "report",
        &crate::world::report(),
        "",
        &format!("{}; rm \"$out/report.html\"", succeed("report")),
    );
    let error = world.run(RIGHT, &[]).expect_err("a file is missing");
    insta::assert_snapshot!(world.tidy(&error.to_string()), @r#"
    pipelines/x.yaml:20:3: error: the stage `report` failed: it did not write report.html, which it promises
      full log: data/runs/chain/logs/report.log
    "#);
    // What was made before is kept, and the results of the failed run are not half there.
    assert_eq!(
        world.files("data/store").iter().filter(|file| file.ends_with("manifest.json")).count(),
        4
    );
    assert!(!world.root().join("data/runs/chain/energy.parquet").exists());
}

#[test]
fn a_stage_that_leaves_a_process_behind_ends_all_the_same() {
    let world = World::new();
    let run = format!("sleep 30 &\n{}", succeed("dataset"));
    world.stage("dataset", &crate::world::dataset(), crate::world::PLAN_DATASET, &run);
    let started = std::time::Instant::now();
    world.run("stages:\n  data: { uses: dataset }\n", &[]).expect("it runs");
    assert!(started.elapsed().as_secs() < 20);
}

#[test]
fn a_full_disk_is_said_with_the_table_and_what_to_do() {
    let full = r#"echo "{\"error\":{\"message\":\"writing $out/gram/x.parquet failed: No space left on device (os error 28)\"}}"; exit 1"#;
    insta::assert_snapshot!(World::new().failure(full), @r#"
    pipelines/x.yaml:2:3: error: the stage `data` failed: writing gram/x.parquet failed: No space left on device (os error 28)
      = help: free space, or write elsewhere with `--data FOLDER`
      full log: data/runs/x/logs/data.log
    "#);
}

#[test]
fn a_failed_run_says_that_the_results_are_of_an_earlier_one() {
    let world = World::new();
    world.run(RIGHT, &[]).expect("it runs");
    world.stage("ntk", &crate::world::kernel(), "", "exit 3");
    let error = world.run(RIGHT, &[]).expect_err("a stage fails").to_string();
    assert!(error.ends_with("the results in data/runs/chain are of an earlier run"), "{error}");
}

#[test]
fn peak_memory_is_that_of_the_stage() {
    let world = World::new();
    // A text of 100 MB in the shell's own memory.
    let large = format!("x=$(head -c 100000000 /dev/zero | tr '\\0' a)\n{}", succeed("kernel"));
    world.stage("ntk", &crate::world::kernel(), "", &large);
    let (_, made) = world.run(RIGHT, &[]).expect("it runs");
    let peak = |task: usize| made[task].manifest.peak_memory_bytes;
    assert!(peak(2).is_some_and(|bytes| bytes >= 100_000_000), "{:?}", peak(2));
    assert!(peak(0).is_none_or(|bytes| bytes < 100_000_000), "{:?}", peak(0));
}
