//! Stages that do what no stage should: each is a clear error, and nothing is left over.

use std::fs;
use std::time::{Duration, Instant};

use pipeline::{Local, PipelineError, Progress};

use crate::world::{PLAN_DATASET, PLAN_ECHO, RIGHT, World, dataset, done, kernel, succeed, train};

const DONE: &str = r#"echo '{"done":{"outline":{}}}'"#;

impl World {
    /// The same as [`Self::failure`], after which nothing but the log is there.
    fn clean_failure(&self, run: &str) -> String {
        let said = self.failure(run);
        assert!(self.files("data/store").is_empty(), "{:?}", self.files("data/store"));
        assert_eq!(self.files("data/runs"), ["x/logs/data.log"]);
        said.lines().take(2).collect::<Vec<_>>().join("\n")
    }

    fn is_running(&self, words: &str) -> bool {
        let own = format!("{}/{words}", self.root().display());
        let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
        let lines = processes.filter_map(|one| fs::read(one.path().join("cmdline")).ok());
        lines.into_iter().any(|line| String::from_utf8_lossy(&line).contains(&own))
    }
}

#[test]
fn a_stage_that_hangs_is_ended_after_its_time_limit() {
    let world = World::new();
    world.stage("broken", &dataset(), PLAN_DATASET, "sleep 60");
    let text = "stages:\n  data:\n    uses: broken\n    limits: { time: 0.3s }\n";
    let started = Instant::now();
    let error = world.run(text, &[]).expect_err("it hangs");
    assert!(started.elapsed() < Duration::from_secs(20));
    insta::assert_snapshot!(world.tidy(&error.to_string()), @r"
    pipelines/x.yaml:2:3: error: the stage `data` failed: it was ended after its time limit of 0.3 s
      = help: raise `time` under `limits:`; what it has saved is gone on from
      full log: data/runs/x/logs/data.log
    ");
    assert!(world.files("data/store").is_empty());
}

#[test]
fn a_time_limit_changes_no_key() {
    let world = World::new();
    let with = |limits: &str| format!("stages:\n  data: {{ uses: dataset{limits} }}\n");
    world.run(&with(""), &[]).expect("it runs");
    let (_, made) = world.run(&with(", limits: { time: 2h }"), &[]).expect("it runs");
    assert!(made[0].reused);
}

#[test]
fn limits_that_mean_nothing_are_errors() {
    let world = World::new();
    let errors = ["{ time: soon }", "{ time: 3 }", "{ tim: 2h }", "2h"].map(|limits| {
        let text = format!("stages:\n  data:\n    uses: dataset\n    limits: {limits}\n");
        let said = world.errors(&text, &[]);
        said.lines().next().unwrap_or_default().to_owned()
    });
    insta::assert_snapshot!(errors.join("\n"), @r"
    pipelines/x.yaml:4:21: error: `soon` is not a time span; write for example 90s, 30min or 2h
    pipelines/x.yaml:4:21: error: `time` must be a text, not the number 3
    pipelines/x.yaml:4:15: error: `tim` is not a key of limits
    pipelines/x.yaml:4:13: error: `limits` is a map of keys and values, not the text `2h`
    ");
}

#[test]
fn a_stage_that_uses_more_memory_than_it_may_is_ended() {
    let world = World::new();
    let large = "x=$(head -c 300000000 /dev/zero | tr '\\0' a); sleep 60";
    world.stage("broken", &dataset(), PLAN_DATASET, large);
    let mut plan = world.check("stages:\n  data: { uses: broken }\n", &[]).expect("right");
    plan.limits.memory_bytes = 100 << 20;
    let run = Local::default().make(&world.project, &plan, &Progress::new(true));
    let said = run.expect_err("it is ended").to_string();
    assert!(said.contains("of memory where it may use 100 MiB"), "{said}");
    assert!(world.files("data/store").is_empty());
}

#[test]
fn what_a_stage_prints_has_bounds() {
    let world = World::new();
    let said = world.clean_failure("while :; do echo garbage; done");
    assert!(said.contains("it printed a line that is no message: garbage"), "{said}");
    let said = world.clean_failure("tr '\\0' x < /dev/zero");
    assert!(said.contains("it printed a line that is no message: xxxxxxxx"), "{said}");
    let said = world.clean_failure("yes line >&2");
    assert!(said.contains("it was ended with more than 64.0 MiB on its standard error"), "{said}");
}

#[test]
fn what_a_stage_starts_ends_with_it() {
    let world = World::new();
    world.program("bin/sleeper", "#!/bin/sh\nsleep 60\n");
    let forks = "$PWD/bin/sleeper & $PWD/bin/sleeper &";
    world.clean_failure(&format!("{forks}\nexit 3"));
    assert!(!world.is_running("bin/sleeper"));
    world.stage("dataset", &dataset(), PLAN_DATASET, &format!("{forks}\n{}", succeed("dataset")));
    world.run("stages:\n  data: { uses: dataset }\n", &[]).expect("it runs");
    assert!(!world.is_running("bin/sleeper"));
}

#[test]
fn a_table_of_another_kind_is_no_artifact() {
    let world = World::new();
    for (table, word) in [("training/history.parquet", "column"), ("dataset/samples.parquet", "")] {
        let run = format!("head -c 300 templates/{table} > \"$out/samples.parquet\"; {DONE}");
        let said = world.clean_failure(&run);
        assert!(
            said.contains("its output/samples.parquet is not a readable Parquet file"),
            "{said}"
        );
        let run = format!("cp templates/{table} \"$out/samples.parquet\"; {DONE}");
        if !word.is_empty() {
            assert!(world.clean_failure(&run).contains(word));
        }
    }
}

#[test]
fn a_table_that_cannot_be_decoded_is_the_fault_of_the_stage_that_wrote_it() {
    let world = World::new();
    // Pages overwritten, the footer as it was: only reading the rows shows it.
    let template = world.root().join("templates/dataset/samples.parquet");
    let whole = fs::read(&template).expect("it is there");
    let mut damaged = whole.clone();
    damaged[4..60].fill(0xff);
    fs::write(world.root().join("damaged.parquet"), damaged).expect("ours");
    let run = format!("cp damaged.parquet \"$out/samples.parquet\"; {}", done("dataset"));
    let said = world.clean_failure(&run);
    assert!(said.contains("its output/samples.parquet is not a readable Parquet file"), "{said}");
    let linked =
        format!("ln -s \"$PWD/templates/dataset/samples.parquet\" \"$out\"; {}", done("dataset"));
    let said = world.clean_failure(&linked);
    assert!(said.contains("`samples`: it is a link, not a regular file"), "{said}");
    let piped = format!("mkfifo \"$out/samples.parquet\"; {}", done("dataset"));
    let said = world.clean_failure(&piped);
    assert!(said.contains("`samples`: it is a named pipe, not a regular file"), "{said}");
}

#[test]
fn damage_is_made_anew_and_not_used() {
    let world = World::new();
    let (_, first) = world.run(RIGHT, &[]).expect("it runs");
    let path = |task: usize, name: &str| first[task].directory.join(name);
    let damage = |path: &std::path::Path, change: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = fs::read(path).expect("it is there");
        change(&mut bytes);
        // Whoever damages a file of the store does not ask for its rights.
        fs::remove_file(path).expect("ours");
        fs::write(path, bytes).expect("ours");
    };
    damage(&path(0, "samples.parquet"), &|bytes| bytes.truncate(bytes.len() / 2));
    damage(&path(1, "checkpoints/step-0000000010.parquet"), &|bytes| bytes[20] ^= 4);
    damage(&path(2, "manifest.json"), &|bytes| {
        let text = String::from_utf8_lossy(bytes).replace("\"wall_time_s\"", " \"wall_time_s\"");
        *bytes = text.into_bytes();
    });
    let (_, second) = world.run(RIGHT, &[]).expect("it runs");
    let reused: Vec<bool> = second.iter().map(|made| made.reused).collect();
    assert_eq!(reused, [false, false, false, true, true]);
    let (_, third) = world.run(RIGHT, &[]).expect("it runs");
    assert!(third.iter().all(|made| made.reused));
    assert!(world.files("data/store/.work").is_empty());
}

/// A stage that counts its attempts in its output and succeeds at the third.
fn patient(world: &World, resumes: bool) {
    let mut described = dataset();
    described["resumes"] = resumes.into();
    let run = format!(
        "echo attempt >> \"$out/attempts\"; : > \"$out/x.partial\"\nif [ $(wc -l < \"$out/attempts\") -lt 3 ]; then kill -9 $$; fi\nrm \"$out/attempts\" \"$out/x.partial\"\n{}",
        succeed("dataset")
    );
    world.stage("patient", &described, PLAN_DATASET, &run);
}

#[test]
fn a_stage_that_resumes_finds_what_it_has_left_and_any_other_nothing() {
    let text = "stages:\n  data: { uses: patient }\n";
    let world = World::new();
    patient(&world, true);
    for _ in 0..2 {
        world.run(text, &[]).expect_err("it is killed");
        let left = world.files("data/store/.work");
        assert_eq!(left.len(), 2, "a request and what it has left, nothing unfinished: {left:?}");
    }
    world.run(text, &[]).expect("it runs");
    assert!(world.files("data/store/.work").is_empty());

    let world = World::new();
    patient(&world, false);
    for _ in 0..4 {
        world.run(text, &[]).expect_err("it is killed");
        assert!(world.files("data/store").is_empty());
    }
}

/// Three variants of a dataset, of which one fails, and kernels that no failure touches.
const SWEEP: &str = "name: swept
stages:
  data: { uses: dataset, with: { train: 4 } }
  train: { uses: train, inputs: { dataset: data }, with: { steps: 10 } }
  ntk: { uses: ntk, inputs: { dataset: data, training: train } }
sweep:
  steps: { set: train.with.steps, to: [10, 11, 12, 13] }
";

fn swept(world: &World, jobs: usize, keep_going: bool) -> Result<usize, PipelineError> {
    let plan = world.check(SWEEP, &[]).expect("it is right");
    let local = Local { jobs, keep_going };
    local.make(&world.project, &plan, &Progress::new(true)).map(|made| made.len())
}

#[test]
fn a_variant_that_fails_takes_no_other_down_where_the_run_keeps_going() {
    let fails = format!(
        "case \"$(cat \"$2\")\" in *'\"steps\":11'*) exit 3;; esac\n{}",
        succeed("training")
    );
    for (keep_going, made, left_out) in [(false, 2, 6), (true, 7, 1)] {
        for jobs in [1, 3] {
            let world = World::new();
            world.stage("train", &train(), PLAN_ECHO, &fails);
            let error = swept(&world, jobs, keep_going).expect_err("a variant fails");
            let PipelineError::Stages { failures, left_out: found } = &error else {
                panic!("{error}")
            };
            assert_eq!(failures.len(), 1);
            assert_eq!(failures[0].variant, "steps=11");
            let manifests = world.files("data/store");
            let count = manifests.iter().filter(|file| file.ends_with("manifest.json")).count();
            if keep_going || jobs == 1 {
                assert_eq!((count, *found), (made, left_out), "{jobs} jobs");
            }
        }
    }
}

#[test]
fn tasks_run_side_by_side_within_jobs_threads_and_memory() {
    let slow = format!("sleep 0.4\n{}", succeed("kernel"));
    let span = |jobs: usize, memory: u64, threads: usize| {
        let world = World::new();
        world.stage("ntk", &kernel(), "", &slow);
        let mut plan = world.check(SWEEP, &[]).expect("it is right");
        plan.limits.threads = threads;
        for task in &mut plan.tasks {
            task.memory_bytes = Some(memory);
        }
        let local = Local { jobs, keep_going: false };
        let started = Instant::now();
        let made = local.make(&world.project, &plan, &Progress::new(true));
        assert_eq!(made.expect("it runs").len(), 9);
        started.elapsed()
    };
    let four = Duration::from_millis(1600);
    assert!(span(1, 1 << 20, 4) >= four, "one job");
    assert!(span(4, 900 << 20, 4) >= four, "memory for one");
    assert!(span(4, 1 << 20, 1) >= four, "threads for one");
    assert!(span(4, 1 << 20, 4) < four, "room for all");
}

#[test]
fn two_runs_on_one_store_make_each_artifact_once() {
    let world = World::new();
    let counted = format!("echo x >> count; sleep 0.3\n{}", succeed("kernel"));
    world.stage("ntk", &kernel(), "", &counted);
    let plan = world.check(RIGHT, &[]).expect("it is right");
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let progress = Progress::new(true);
                Local::default().make(&world.project, &plan, &progress).expect("runs");
            });
        }
    });
    assert_eq!(fs::read_to_string(world.root().join("count")).expect("it ran"), "x\n");
    assert!(world.files("data/store/.work").is_empty());
}

#[test]
fn a_stage_that_changes_its_input_is_told_so_and_the_input_is_made_again() {
    let world = World::new();
    let input = r#"in=$(sed -n 's/.*"dataset":\[{"directory":"\([^"]*\)".*/\1/p' "$2")
chmod u+w "$in/samples.parquet"
printf 'X' | dd of="$in/samples.parquet" bs=1 seek=30 conv=notrunc 2>/dev/null
"#;
    world.stage("train", &train(), PLAN_ECHO, &format!("{input}{}", succeed("training")));
    let text = "stages:\n  dataset: { uses: dataset }\n  train: { uses: train, inputs: { dataset: dataset }, with: { steps: 1 } }\n";
    let said = world.run(text, &[]).expect_err("it is refused").to_string();
    assert!(said.contains("it changed `samples.parquet` of its input `dataset`"), "{said}");
    world.stage("train", &train(), PLAN_ECHO, &succeed("training"));
    let (_, made) = world.run(text, &[]).expect("it runs");
    assert!(!made[0].reused, "the damaged input is made again");
}

/// A training that fails after it has written its tables, where `steps` is 11.
fn diverges(says: &str) -> String {
    format!(
        "case \"$(cat \"$2\")\" in *'\"steps\":11'*) echo x >> tries; cp -r templates/training/. \"$out\"; echo '{{\"error\":{says}}}'; exit 1;; esac\n{}",
        succeed("training")
    )
}

/// What [`diverges`] says where its tables are worth keeping.
const KEPT: &str = r#"{"message":"it diverged","outline":{"train_samples":4,"test_samples":0,"input_dim":1,"output_dim":1,"last_step":3,"checkpoints":[0],"loss":"least_squares","optimizer":"gradient_descent"}}"#;

#[test]
fn what_a_stage_keeps_of_itself_where_it_fails_is_kept_apart() {
    let text = "name: one\nstages:\n  data: { uses: dataset }\n  train: { uses: train, inputs: { dataset: data }, with: { steps: 11 } }\n  ntk: { uses: ntk, inputs: { dataset: data, training: train } }\n";
    let world = World::new();
    world.stage("train", &train(), PLAN_ECHO, &diverges(KEPT));
    let said = world.tidy(&world.run(text, &[]).expect_err("it fails").to_string());
    assert!(said.contains("the stage `train` failed: it diverged"), "{said}");
    assert!(said.contains("its tables until then: data/store/.failed/training/"), "{said}");
    assert!(world.files("data/store/training").is_empty());
    let kept = world.files("data/store/.failed/training");
    assert_eq!(kept.len(), 7, "five tables, one of them in two files, and a manifest: {kept:?}");
    assert!(pipeline::garbage(&world.project).is_empty());
    assert!(pipeline::verify(&world.project).damaged.is_empty());

    // It would fail again, and is not asked to.
    let again = world.tidy(&world.run(text, &[]).expect_err("it fails").to_string());
    assert_eq!(again, said);
    assert_eq!(fs::read_to_string(world.root().join("tries")).expect("it ran"), "x\n");
    let mut plan = world.check(text, &[]).expect("it is right");
    let force = pipeline::Selection { force: vec!["train".to_owned()], ..Default::default() };
    force.apply(&world.project, &mut plan).expect("there is one");
    let forced = Local::default().make(&world.project, &plan, &Progress::new(true));
    forced.expect_err("it fails again");
    assert_eq!(fs::read_to_string(world.root().join("tries")).expect("it ran"), "x\nx\n");
}

#[test]
fn an_error_with_tables_that_are_none_is_an_error_alone() {
    let world = World::new();
    let run = format!("echo 3 > \"$out/samples.parquet\"; echo '{{\"error\":{KEPT}}}'; exit 1");
    let said = world.clean_failure(&run);
    assert!(said.contains("it diverged"), "{said}");
}
