//! What stays of runs: lock files that run them again, lists, garbage, and a look at every byte.

use std::fs;
use std::time::Duration;

use artifact::tables::training::HistoryRow;
use pipeline::{Local, Progress, Request, SortBy, garbage, runs, runs_as_json, verify};
use stage::Limits;

use crate::world::{PLAN_ECHO, RIGHT, World, kernel, succeed, train};

const SWEPT: &str = "name: swept
seed: 7
stages:
  data: { uses: dataset, with: { train: 4 } }
  train: { uses: train, inputs: { dataset: data }, with: { steps: 10, learning_rate: { initial: 1e-8 } } }
sweep:
  steps: { set: train.with.steps, to: [10, 11] }
";

impl World {
    /// The lock file of the run `name`.
    fn lock(&self, name: &str) -> String {
        let path = self.project.results(name).join("run.lock.yaml");
        fs::read_to_string(path).expect("it was run")
    }

    /// The number of artifacts in the store.
    fn artifacts(&self) -> usize {
        let files = self.files("data/store");
        files.iter().filter(|file| file.ends_with("manifest.json")).count()
    }
}

#[test]
fn a_lock_file_runs_the_same_again() {
    let cases: [(&str, &str, &[&str]); 2] = [
        (RIGHT, "chain", &["ntk.with.reduction=trace", "seed=3"]),
        (SWEPT, "swept", &["train.with.activation=tanh"]),
    ];
    for (text, name, set) in cases {
        let world = World::new();
        let (first, _) = world.run(text, set).expect("it runs");
        let lock = world.lock(name);
        let plan = world.check(&lock, &[]).expect("it is a pipeline");
        assert_eq!(plan.lock.differences(&plan.tasks), [""; 0]);
        let keys = |plan: &pipeline::Plan| {
            plan.tasks.iter().map(|task| task.key.clone()).collect::<Vec<_>>()
        };
        assert_eq!(keys(&plan), keys(&first));
        let (_, made) = world.run(&lock, &[]).expect("it runs");
        assert!(made.iter().all(|made| made.reused));
        assert_eq!(world.lock(name), lock, "and says the same of itself");
    }
}

#[test]
fn a_lock_file_shows_all_parameters_and_by_what_it_was_run() {
    let world = World::new();
    world.run(RIGHT, &[]).expect("it runs");
    let lock = world.lock("chain");
    for part in
        ["reduction: full", "seed: 7", "programs:", "contract: '2.0'", "platform:", "git: null"]
    {
        assert!(lock.contains(part), "{part} is not in\n{lock}");
    }
}

#[test]
fn another_program_and_another_parameter_are_told_of() {
    let world = World::new();
    world.run(RIGHT, &[]).expect("it runs");
    let lock = world.lock("chain");
    let changed = world.check(&lock, &["ntk.with.reduction=trace"]).expect("it is right");
    insta::assert_snapshot!(changed.lock.differences(&changed.tasks).join("\n"), @"this is not what was locked: parameters, seed or files differ");
    world.stage("ntk", &kernel(), "", &format!(": another program\n{}", succeed("kernel")));
    let changed = world.check(&lock, &[]).expect("it is right");
    insta::assert_snapshot!(changed.lock.differences(&changed.tasks).join("\n"), @"the program of the stage `ntk` is another one than when this was locked");
}

#[test]
fn what_no_run_refers_to_is_shown_and_then_removed() {
    let world = World::new();
    world.run(RIGHT, &[]).expect("it runs");
    assert!(garbage(&world.project).is_empty());
    world.run(RIGHT, &["ntk.with.reduction=trace"]).expect("it runs");
    let found = garbage(&world.project);
    let shown = found.to_string();
    let names: Vec<&str> = shown.lines().filter_map(|line| line.split('/').next()).collect();
    assert_eq!(names.len(), 4, "kernel, spectrum and report of the first run, and a sum: {shown}");
    assert_eq!(world.artifacts(), 8, "saying so removes nothing");
    assert!(found.remove().expect("it is ours") > 0);
    assert_eq!(world.artifacts(), 5);
    assert!(garbage(&world.project).is_empty());
    let (_, made) = world.run(RIGHT, &["ntk.with.reduction=trace"]).expect("it runs");
    assert!(made.iter().all(|made| made.reused));
}

#[test]
fn what_a_run_has_made_that_failed_or_goes_on_is_no_garbage() {
    let world = World::new();
    world.stage("report", &crate::world::report(), "", "exit 3");
    world.run(RIGHT, &[]).expect_err("the report fails");
    assert!(garbage(&world.project).is_empty());
    insta::assert_snapshot!(listed(&world), @"chain failed 4 of 5");
    world.stage("report", &crate::world::report(), "", &format!("sleep 2\n{}", succeed("report")));
    let plan = world.check(RIGHT, &[]).expect("it is right");
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let progress = Progress::new(true);
            Local::default().make(&world.project, &plan, &progress).expect("it runs");
        });
        std::thread::sleep(Duration::from_secs(1));
        assert!(garbage(&world.project).is_empty());
        insta::assert_snapshot!(listed(&world), @"chain running 4 of 5");
    });
}

/// Name, state and artifacts of each run.
fn listed(world: &World) -> String {
    let text = runs(&world.project, SortBy::Name);
    let lines = text.lines().skip(1).map(|line| {
        let cells: Vec<&str> = line.split("  ").filter(|cell| !cell.is_empty()).collect();
        let artifacts = cells.iter().find(|cell| cell.contains(" of "));
        [cells[0], cells[1], artifacts.unwrap_or(&"")].map(str::trim).join(" ")
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn results_are_listed_with_their_state() {
    let world = World::new();
    assert_eq!(runs(&world.project, SortBy::Date), "there are no runs yet\n");
    world.run(RIGHT, &[]).expect("it runs");
    world.run(SWEPT, &[]).expect("it runs");
    insta::assert_snapshot!(listed(&world), @r"
    chain finished 5 of 5
    swept finished 3 of 3
    ");
}

/// The names of the runs in this order.
fn ordered(world: &World, order: SortBy) -> Vec<String> {
    let all = runs_as_json(&world.project, order);
    let names = all.as_array().expect("a list").iter().map(|run| run["run"].as_str());
    names.map(|name| name.expect("it has a name").to_owned()).collect()
}

#[test]
fn results_are_listed_with_losses_and_dates_and_ordered_by_them() {
    let world = World::new();
    for (name, loss) in [("b", 0.5), ("a", 0.25), ("c", 0.75)] {
        let history = HistoryRow {
            step: 10,
            learning_rate: 0.25,
            train_loss: loss,
            test_loss: (name == "c").then_some(0.125),
            train_accuracy: None,
            test_accuracy: None,
            gradient_norm: None,
            update_norm: None,
            sharpness: None,
        };
        artifact::write_rows(&world.root().join("templates/training"), &[history]).expect("ours");
        let set = [format!("name={name}"), format!("train.with.learning_rate.initial={loss}")];
        world.run(RIGHT, &set.each_ref().map(String::as_str)).expect("it runs");
        // Dates are of files: some file systems know seconds only.
        let file = world.root().join(format!("data/runs/{name}/runs.parquet"));
        let file = fs::File::options().write(true).open(file).expect("ours");
        let time = std::time::UNIX_EPOCH + Duration::from_hours(490_896);
        let time = time + Duration::from_secs_f64(loss * 1e6);
        file.set_modified(time).expect("ours");
    }
    assert_eq!(ordered(&world, SortBy::Name), ["a", "b", "c"]);
    assert_eq!(ordered(&world, SortBy::Date), ["c", "b", "a"]);
    assert_eq!(ordered(&world, SortBy::TrainLoss), ["a", "b", "c"]);
    assert_eq!(ordered(&world, SortBy::TestLoss), ["c", "a", "b"]);
    let text = runs(&world.project, SortBy::TrainLoss);
    let shown: Vec<&str> =
        text.lines().map(|line| &line[..line.find(" of 5").unwrap_or(line.len())]).collect();
    insta::assert_snapshot!(shown.join("\n"), @"
    run  state     date (UTC)        train loss  test loss  artifacts  time   size
    a    finished  2026-01-03 21:26  0.250                  5
    b    finished  2026-01-06 18:53  0.500                  5
    c    finished  2026-01-09 16:20  0.750       0.125      5
    ");
}

#[test]
fn a_run_that_failed_is_not_called_stopped() {
    let world = World::new();
    world.stage("train", &train(), PLAN_ECHO, "echo '{\"error\":{\"message\":\"no\"}}'; exit 1");
    world.run(RIGHT, &[]).expect_err("it fails");
    assert_eq!(listed(&world).split(' ').nth(1), Some("failed"), "{}", listed(&world));
}

#[test]
fn a_flipped_bit_is_found_and_made_anew_though_size_and_time_are_as_before() {
    let world = World::new();
    let (_, made) = world.run(RIGHT, &[]).expect("it runs");
    assert_eq!(verify(&world.project).to_string(), "5 artifacts, all intact\n");
    let path = made[1].directory.join("checkpoints/step-0000000010.parquet");
    let modified = fs::metadata(&path).and_then(|found| found.modified()).expect("it is there");
    let mut bytes = fs::read(&path).expect("it is there");
    bytes[30] ^= 1;
    let mut permissions = fs::metadata(&path).expect("it is there").permissions();
    #[expect(clippy::permissions_set_readonly_false, reason = "a file of this test")]
    permissions.set_readonly(false);
    fs::set_permissions(&path, permissions).expect("ours");
    fs::write(&path, bytes).expect("ours");
    let file = fs::File::options().write(true).open(&path).expect("ours");
    file.set_modified(modified).expect("ours");

    let said = verify(&world.project);
    assert_eq!((said.whole, said.damaged.len()), (4, 1));
    assert_eq!(said.damaged[0].1, "checkpoints/step-0000000010.parquet is not what was written");
    let (_, again) = world.run(RIGHT, &[]).expect("it runs");
    let reused: Vec<bool> = again.iter().map(|made| made.reused).collect();
    assert_eq!(reused, [true, false, true, true, true]);
    assert!(verify(&world.project).damaged.is_empty());
}

#[test]
fn a_flipped_bit_is_found_by_the_next_run_itself() {
    let world = World::new();
    let (_, made) = world.run(RIGHT, &[]).expect("it runs");
    assert!(world.run(RIGHT, &[]).expect("it runs").1.iter().all(|made| made.reused));
    let path = made[1].directory.join("history.parquet");
    let modified = fs::metadata(&path).and_then(|found| found.modified()).expect("it is there");
    let mut bytes = fs::read(&path).expect("it is there");
    bytes[30] ^= 1;
    fs::remove_file(&path).expect("ours");
    fs::write(&path, bytes).expect("ours");
    let file = fs::File::options().write(true).open(&path).expect("ours");
    file.set_modified(modified).expect("ours");
    let (_, again) = world.run(RIGHT, &[]).expect("it runs");
    let reused: Vec<bool> = again.iter().map(|made| made.reused).collect();
    assert_eq!(reused, [true, false, true, true, true]);
}

#[test]
fn files_of_the_user_in_the_results_are_kept() {
    let world = World::new();
    world.run(RIGHT, &[]).expect("it runs");
    let results = world.root().join("data/runs/chain");
    fs::write(results.join("notes.md"), "mine").expect("ours");
    fs::create_dir(results.join("plots")).expect("ours");
    fs::write(results.join("plots/loss.png"), "a plot").expect("ours");
    world.run(RIGHT, &[]).expect("it runs");
    world.run(RIGHT, &["dataset.with.train=5"]).expect("it runs");
    assert_eq!(fs::read_to_string(results.join("notes.md")).expect("it is kept"), "mine");
    assert_eq!(fs::read_to_string(results.join("plots/loss.png")).expect("it is kept"), "a plot");
    // What the driver wrote and would not write any more goes.
    world.run("name: chain\nstages:\n  data: { uses: dataset }\n", &[]).expect("it runs");
    assert!(results.join("notes.md").exists() && !results.join("energy.parquet").exists());
}

#[test]
fn a_folder_of_somebody_else_is_refused() {
    let world = World::new();
    let folder = world.root().join("data/runs/chain");
    fs::create_dir_all(&folder).expect("ours");
    fs::write(folder.join("thesis.tex"), "years of work").expect("ours");
    insta::assert_snapshot!(world.errors(RIGHT, &[]), @"
    pipelines/x.yaml:1:7: error: data/runs/chain is not a folder of results: it holds `thesis.tex` and no run.lock.yaml
    1 | name: chain
      |       ^^^^^
      = help: give the pipeline another `name:`, or write elsewhere with `--data FOLDER`

    1 error; nothing was run
    ");
    assert!(folder.join("thesis.tex").exists());
}

#[test]
fn results_of_another_file_of_that_name_are_not_replaced() {
    let world = World::new();
    world.run(RIGHT, &[]).expect("it runs");
    let (copy, first) =
        (world.root().join("pipelines/copy.yaml"), world.root().join("pipelines/x.yaml"));
    fs::copy(&first, &copy).expect("ours");
    let check = |file: &str, set: &[&str]| {
        pipeline::check(
            &world.project,
            &Request {
                file: file.to_owned(),
                set: set.iter().map(ToString::to_string).collect(),
                seed: None,
                limits: Limits { threads: 2, memory_bytes: 1 << 30 },
            },
        )
    };
    let error = check("copy", &[]).expect_err("the name is taken");
    insta::assert_snapshot!(world.tidy(&error.to_string()), @"
    pipelines/copy.yaml:1:7: error: data/runs/chain holds the results of pipelines/x.yaml, whose name is `chain` too: they would be replaced
    1 | name: chain
      |       ^^^^^
      = help: give this pipeline another name, with `name:` or `--set name=…`, or remove data/runs/chain

    1 error; nothing was run
    ");
    assert!(check("copy", &["name=other"]).is_ok());
    let lock = world.root().join("data/runs/chain/run.lock.yaml");
    assert!(check(&lock.display().to_string(), &[]).is_ok(), "its own lock file");
    // A file that was renamed goes on with its results.
    fs::remove_file(first).expect("ours");
    assert!(check("copy", &[]).is_ok());
}
