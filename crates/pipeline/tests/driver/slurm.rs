//! A cluster: fake programs of SLURM that run each job at once, or let it fail as they are told.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use artifact::Kind;
use pipeline::{Executor, Made, Pace, PipelineError, Progress, Ran, Slurm, Submitted};

use crate::world::{PLAN_ECHO, RIGHT, World, dataset, succeed, train};

/// One stage.
const ONE: &str = "name: one\nstages:\n  data: { uses: dataset }\n";
/// Four variants of a training, and a kernel of each.
const SWEEP: &str = "name: swept
stages:
  data: { uses: dataset }
  train: { uses: train, inputs: { dataset: data }, with: { steps: 10 } }
  ntk: { uses: ntk, inputs: { dataset: data, training: train } }
sweep:
  steps: { set: train.with.steps, to: [10, 11, 12, 13] }
";
/// Without the waiting that a real cluster needs.
const FAST: Pace = Pace {
    look: Duration::from_millis(100),
    longest_look: Duration::from_millis(200),
    read: Duration::from_millis(50),
    longest_read: Duration::from_millis(100),
    grace: Duration::from_millis(600),
};

/// A world with a cluster.
fn cluster() -> World {
    let world = World::new();
    for (name, text) in [
        ("sbatch", include_str!("fake_slurm/sbatch")),
        ("fake-job", include_str!("fake_slurm/fake-job")),
        ("squeue", include_str!("fake_slurm/squeue")),
        ("sacct", include_str!("fake_slurm/sacct")),
        ("scancel", include_str!("fake_slurm/scancel")),
        ("sinfo", include_str!("fake_slurm/sinfo")),
        ("scontrol", include_str!("fake_slurm/scontrol")),
    ] {
        world.program(&format!("bin/{name}"), text);
    }
    world.note("partitions", "short*|4|8000|1:00:00|up\nlong|64|512000|7-00:00:00|up\n");
    world.note("largest", "1001\n");
    let here = fs::read_to_string("/proc/sys/kernel/hostname").expect("Linux says it");
    world.note("nodes", &format!("node7|{here}"));
    world
}

impl World {
    /// Writes a file that the fake programs read.
    fn note(&self, name: &str, text: &str) {
        fs::create_dir_all(self.root().join("slurm")).expect("it is ours");
        fs::write(self.root().join("slurm").join(name), text).expect("it is ours");
    }

    /// What the fake programs have noted.
    fn noted(&self, name: &str) -> String {
        fs::read_to_string(self.root().join("slurm").join(name)).unwrap_or_default()
    }

    /// The cluster of this world.
    fn slurm(&self) -> Result<Slurm, PipelineError> {
        let mut slurm = Slurm::find(&self.project)?;
        slurm.pace = FAST;
        slurm.program = env!("CARGO_BIN_EXE_ntk-lab").into();
        Ok(slurm)
    }

    /// Checks the pipeline `text`, and runs it on the cluster.
    fn executed(&self, text: &str, set: &[&str], follow: bool) -> Result<Ran, PipelineError> {
        let plan = self.check(text, set)?;
        let mut slurm = self.slurm()?;
        slurm.follow = follow;
        let ran = slurm.run(&self.project, &plan, &Progress::new(true))?;
        if let Ran::Made(made) = &ran {
            pipeline::gather(&self.project, &plan, made)?;
        }
        Ok(ran)
    }

    /// Runs and follows the pipeline `text`.
    fn submit(&self, text: &str, set: &[&str]) -> Result<Vec<Made>, PipelineError> {
        match self.executed(text, set, true)? {
            Ran::Made(made) => Ok(made),
            Ran::Left(left) => panic!("it was to be followed: {left}"),
        }
    }

    /// Submits the pipeline `text` and leaves it.
    fn leave(&self, text: &str) -> Submitted {
        match self.executed(text, &[], false).expect("it can be submitted") {
            Ran::Left(left) => left,
            Ran::Made(_) => panic!("there was something to be made"),
        }
    }

    /// Waits until no job waits or runs.
    fn wait_for_jobs(&self) {
        let jobs = self.root().join("slurm/jobs");
        let is_alive = |text: String| text.contains(" PENDING ") || text.contains(" RUNNING ");
        let started = Instant::now();
        loop {
            let files = fs::read_dir(&jobs).expect("jobs were submitted").flatten();
            let mut texts = files.map(|file| fs::read_to_string(file.path()).unwrap_or_default());
            if !texts.any(is_alive) {
                return;
            }
            assert!(started.elapsed() < Duration::from_mins(1), "jobs go on");
            sleep(Duration::from_millis(20));
        }
    }

    /// How that fails, as a person sees it, without what differs from run to run.
    fn refused(&self, text: &str, set: &[&str]) -> String {
        self.tidy(&self.submit(text, set).expect_err("it fails").to_string())
    }

    /// `ntk-lab ARGUMENTS` in this project, within a job of its own as far as it can tell.
    fn lab(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ntk-lab"));
        let path = format!("{}:/usr/bin:/bin", self.root().join("bin").display());
        command.args(arguments).current_dir(self.root()).env("PATH", path);
        command.env("SLURM_JOB_ID", "7").env("SLURM_MEM_PER_CPU", "1");
        // Else the workspace of this test would be the project.
        command.env_remove("CARGO_MANIFEST_DIR");
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Starts `ntk-lab` on [`ONE`], whose stage waits for the file `go`, and stops it when the
    /// stage runs.
    fn stopped(&self) -> Output {
        let patient = format!(
            "echo began >> began\nuntil [ -f go ]; do sleep 0.05; done\n{}",
            succeed("dataset")
        );
        self.stage("dataset", &dataset(), crate::world::PLAN_DATASET, &patient);
        fs::write(self.root().join("pipelines/one.yaml"), ONE).expect("it is ours");
        let driver = self.lab(&["pipeline", "one", "--executor", "slurm", "--follow"]).spawn();
        let driver = driver.expect("it starts");
        wait_for(&self.root().join("began"));
        end(driver, "-INT")
    }

    fn go(&self) {
        fs::write(self.root().join("go"), "").expect("it is ours");
    }

    /// Batch scripts that were kept.
    fn scripts(&self, run: &str) -> Vec<String> {
        let files = self.files(&format!("data/jobs/{run}"));
        let is_script = |file: &String| Path::new(file).extension().is_some_and(|end| end == "sh");
        files.into_iter().filter(is_script).collect()
    }
}

fn wait_for(path: &Path) {
    let started = Instant::now();
    while !path.exists() {
        assert!(started.elapsed() < Duration::from_mins(1), "{} is not there", path.display());
        sleep(Duration::from_millis(20));
    }
}

/// Ends `driver` by a signal.
fn end(driver: Child, signal: &str) -> Output {
    Command::new("kill").args([signal, &driver.id().to_string()]).status().expect("kill starts");
    driver.wait_with_output().expect("it ends")
}

fn text(output: &Output) -> String {
    [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes)).join("\n")
}

#[test]
fn a_cluster_makes_what_this_machine_makes() {
    let (here, there) = (World::new(), cluster());
    let (_, expected) = here.run(RIGHT, &[]).expect("it runs");
    let made = there.submit(RIGHT, &[]).expect("it runs");
    for (made, expected) in made.iter().zip(&expected) {
        assert_eq!(made.manifest.key, expected.manifest.key);
        assert_eq!(made.manifest.tables, expected.manifest.tables);
        assert_eq!(made.manifest.outline, expected.manifest.outline);
    }
    let logs = |file: &&str| !file.starts_with("logs/");
    let files =
        |world: &World| world.results("chain").lines().filter(logs).collect::<Vec<_>>().join("\n");
    assert_eq!(files(&there), files(&here));
    assert_eq!(there.scripts("chain").len(), 5);
    assert!(there.files("data/store/.work").is_empty());
    assert!(there.submit(RIGHT, &[]).expect("it runs").iter().all(|made| made.reused));
    assert_eq!(there.noted("submitted").lines().count(), 5);
}

#[test]
fn variants_of_a_stage_are_one_array_as_far_as_the_cluster_has_them() {
    let world = cluster();
    world.submit(SWEEP, &[]).expect("it runs");
    let each = "data 1\ntrain 4 afterok:100\nntk 4 aftercorr:101\n";
    assert_eq!(world.noted("submitted"), each);

    let world = cluster();
    world.note("largest", "3\n");
    world.submit(SWEEP, &[]).expect("it runs");
    let submitted = world.noted("submitted");
    let parts = "data 1\ntrain 3 afterok:100\ntrain 1 afterok:100\nntk 3 aftercorr:101\nntk 1 afterok:102\n";
    assert_eq!(submitted, parts);
    assert!(world.files("data/store/.work").is_empty());
}

#[test]
fn a_job_that_the_cluster_ends_is_named_by_its_state() {
    let said = ["TIMEOUT", "OUT_OF_MEMORY", "CANCELLED"].map(|state| {
        let world = cluster();
        world.note("fate-data", state);
        world.refused(ONE, &["data.resources.time=30min", "data.resources.memory=2GiB"])
    });
    insta::assert_snapshot!(said.join("\n\n"));
}

#[test]
fn what_a_stage_says_itself_counts() {
    let world = cluster();
    let run = "echo 'a word to the log' >&2\necho '{\"error\":{\"message\":\"too large\",\"hint\":\"take less\"}}'\nexit 1";
    world.stage("dataset", &dataset(), crate::world::PLAN_DATASET, run);
    let said = world.refused(ONE, &["data.retries=2"]);
    assert!(said.contains("the stage `data` failed: too large\n  = help: take less"), "{said}");
    assert!(said.contains("    | a word to the log"), "{said}");
    assert_eq!(world.noted("submitted"), "data 1\n", "it would fail again");

    let silent = |run: &str| {
        let world = cluster();
        world.stage("dataset", &dataset(), crate::world::PLAN_DATASET, run);
        world.refused(ONE, &[])
    };
    let said = silent("exit 3");
    assert!(said.contains("it ended with exit code 3 without saying why"), "{said}");
    let said = silent("kill -9 $$");
    assert!(said.contains("it was killed (signal 9)"), "{said}");
    let said = silent("echo garbage; sleep 60");
    assert!(said.contains("it printed a line that is no message: garbage"), "{said}");
}

#[test]
fn what_is_lost_is_tried_again_and_what_is_cut_where_the_pipeline_asks() {
    let count = |fate: &str, set: &[&str]| {
        let world = cluster();
        world.note("fate-data", fate);
        let result = world.submit(ONE, set).map(drop).map_err(|error| error.to_string());
        (result.is_ok(), world.noted("submitted").lines().count())
    };
    assert_eq!(count("NODE_FAIL\nPREEMPTED\n", &[]), (true, 3));
    assert_eq!(count("NODE_FAIL\nNODE_FAIL\nNODE_FAIL\nNODE_FAIL\n", &[]), (false, 4));
    assert_eq!(count("PREEMPTED\n", &["data.retries=0"]), (false, 1));
    assert_eq!(count("TIMEOUT\n", &[]), (false, 1));
    assert_eq!(count("TIMEOUT\nOUT_OF_MEMORY\n", &["data.retries=2"]), (true, 3));
    assert_eq!(count("CANCELLED\n", &["data.retries=2"]), (false, 1));
}

#[test]
fn what_the_queue_forgets_the_accounts_know_and_else_it_is_lost() {
    for accounts in [true, false] {
        let world = cluster();
        world.note("fate-data", "TIMEOUT\n");
        world.note("forgets", "");
        if accounts {
            world.note("accounts", "");
        }
        let result = world.submit(ONE, &[]);
        match (accounts, result) {
            (true, Err(error)) => assert!(error.to_string().contains("TIMEOUT"), "{error}"),
            // Tried again, and this time it leaves its word in the files.
            (false, Ok(_)) => assert_eq!(world.noted("submitted"), "data 1\ndata 1\n"),
            (_, other) => panic!("{accounts}: {other:?}"),
        }
    }
}

#[test]
fn a_stage_goes_on_from_what_its_job_has_saved() {
    let world = cluster();
    let mut described = dataset();
    described["resumes"] = true.into();
    let run = format!(
        "echo attempt >> \"$out/attempts\"\nif [ $(wc -l < \"$out/attempts\") -lt 3 ]; then kill -9 $$; fi\nrm \"$out/attempts\"\n{}",
        succeed("dataset")
    );
    world.stage("dataset", &described, crate::world::PLAN_DATASET, &run);
    world.submit(ONE, &["data.retries=2"]).expect("the third attempt is the last");
    assert_eq!(world.noted("submitted"), "data 1\n", "all within one job");
    assert!(world.files("data/store/.work").is_empty());
}

#[test]
fn a_driver_that_is_stopped_leaves_its_jobs_and_the_next_one_follows_them() {
    let world = cluster();
    let output = world.stopped();
    assert_eq!(output.status.code(), Some(130), "{}", text(&output));
    assert!(text(&output).contains("1 job goes on in the cluster"), "{}", text(&output));
    assert_eq!(world.noted("surroundings"), "", "of the job that the driver is in");

    let next = world
        .lab(&["pipeline", "one", "--executor", "slurm", "--follow"])
        .spawn()
        .expect("it starts");
    sleep(Duration::from_millis(500));
    world.go();
    let output = next.wait_with_output().expect("it ends");
    assert!(output.status.success(), "{}", text(&output));
    assert_eq!(world.noted("submitted"), "data 1\n", "nothing is submitted twice");
    assert_eq!(fs::read_to_string(world.root().join("began")).expect("it ran"), "began\n");
    assert!(world.files("data/store/.work").is_empty());
}

#[test]
fn a_job_that_ended_while_no_driver_was_there_is_taken_as_it_is() {
    let world = cluster();
    world.stopped();
    world.go();
    world.wait_for_jobs();
    let made = world.submit(ONE, &[]).expect("it is there");
    assert!(made[0].reused);
    assert_eq!(made[0].manifest.kind, Kind::Dataset);
    assert_eq!(world.noted("submitted"), "data 1\n");
}

#[test]
fn a_driver_on_this_machine_waits_for_what_a_job_makes() {
    let world = cluster();
    world.stopped();
    std::thread::scope(|scope| {
        let run = scope.spawn(|| world.run(ONE, &[]).expect("it is made"));
        sleep(Duration::from_millis(300));
        world.go();
        assert!(run.join().expect("it ends").1[0].reused);
    });
    assert_eq!(fs::read_to_string(world.root().join("began")).expect("it ran"), "began\n");
}

#[test]
fn what_is_made_here_before_its_job_begins_is_not_made_twice() {
    let world = cluster();
    world.stage(
        "train",
        &train(),
        PLAN_ECHO,
        &format!("echo x >> trained\n{}", succeed("training")),
    );
    world.stage(
        "dataset",
        &dataset(),
        crate::world::PLAN_DATASET,
        &format!("until [ -f go ]; do sleep 0.05; done\n{}", succeed("dataset")),
    );
    world.leave(SWEEP);
    std::thread::scope(|scope| {
        scope.spawn(|| world.run(SWEEP, &[]).expect("it is made"));
        sleep(Duration::from_millis(300));
        world.go();
    });
    world.wait_for_jobs();
    let trained = fs::read_to_string(world.root().join("trained")).expect("they ran");
    assert_eq!(trained.lines().count(), 4);
    assert!(world.files("data/store/.work").is_empty());
}

#[test]
fn a_run_is_cancelled_by_its_name_and_can_be_called_again() {
    let world = cluster();
    world.stopped();
    let said = |arguments: &[&str]| text(&world.lab(arguments).output().expect("it starts"));
    assert_eq!(said(&["cancel", "one"]).trim(), "1 job of `one` is cancelled");
    assert_eq!(said(&["cancel", "one"]).trim(), "no job of `one` waits or runs");
    assert!(said(&["cancel", "on"]).contains("did you mean `one`?"));
    world.go();
    world.submit(ONE, &[]).expect("it runs");
    assert_eq!(world.noted("submitted"), "data 1\ndata 1\n");
}

#[test]
fn what_the_cluster_does_not_have_is_refused_before_anything_is_submitted() {
    let world = cluster();
    let said = [
        &["cluster.partition=lnog"][..],
        &["train.resources={ partition: short, time: 2h }"],
        &["train.resources.cpus=8"],
        &["train.resources={ memory: 600GiB, partition: long }"],
        &["train.resources.memory=1MiB"],
        &["train.resources={ time: 31min, batch: 2, partition: short }"],
    ]
    .map(|set| world.refused(SWEEP, set));
    insta::assert_snapshot!(said.join("\n\n"));
    assert_eq!(world.noted("submitted"), "");
    let said = World::new().refused(ONE, &[]);
    assert!(said.contains("there is no program `sbatch` on PATH"), "{said}");
}

#[test]
fn what_sbatch_refuses_fails_that_stage_with_its_words() {
    let world = cluster();
    world.note("refuse", "sbatch: error: Invalid account or account/partition combination\n");
    let said = world.refused(ONE, &[]);
    assert!(said.contains("sbatch: error: Invalid account"), "{said}");
    assert!(world.files("data/store/.work").is_empty());
}

#[test]
fn blocks_that_mean_nothing_are_errors() {
    let world = World::new();
    let text = "cluster:
  account: 'a b'
  partiton: x
  lines: ['-p short', '--array=1-3', 7]
  modules: gcc
  shared: maybe
stages:
  data:
    uses: dataset
    resources: { cpus: 0, memory: much, time: 3, partition: '$(id)', gpus: 1, split: some, batch: 0 }
    retries: -1
";
    insta::assert_snapshot!(world.errors(text, &[]));
}

#[test]
fn what_is_asked_of_the_cluster_changes_no_key() {
    let world = World::new();
    world.run(ONE, &[]).expect("it runs");
    let set = ["data.resources.cpus=4", "data.retries=3", "cluster.partition=long"];
    let (_, made) = world.run(ONE, &set).expect("it runs");
    assert!(made[0].reused);
}

#[test]
fn a_variant_that_fails_on_the_cluster_leaves_the_others_to_end() {
    let world = cluster();
    let run = format!(
        "case \"$(cat \"$2\")\" in *'\"steps\":11'*) exit 3;; esac\n{}",
        succeed("training")
    );
    world.stage("train", &train(), PLAN_ECHO, &run);
    let plan = world.check(SWEEP, &[]).expect("it is right");
    let mut slurm = world.slurm().expect("there is one");
    slurm.follow = true;
    let error = slurm.run(&world.project, &plan, &Progress::new(true));
    let PipelineError::Stages { failures, left_out } = error.expect_err("a variant fails") else {
        panic!("another error")
    };
    assert_eq!((failures.len(), left_out), (1, 1));
    assert_eq!(failures[0].variant, "steps=11");
}

#[test]
fn jobs_that_are_left_to_themselves_make_everything() {
    let world = cluster();
    let left = world.leave(SWEEP);
    assert_eq!(left.artifacts, (9, 0));
    insta::assert_snapshot!(world.tidy(&left.to_string()));
    world.wait_for_jobs();
    // By the last job, without a driver.
    assert!(world.files("data/runs/swept").contains(&"runs.parquet".to_owned()));
    let without_logs = |world: &World| {
        let results = world.results("swept");
        let lines = results.lines().filter(|line| !line.starts_with("logs/"));
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    let here = World::new();
    here.run(SWEEP, &[]).expect("it runs");
    assert_eq!(without_logs(&world), without_logs(&here));
    assert_eq!(world.submit(SWEEP, &[]).expect("it is there").len(), 9);
    assert_eq!(world.noted("submitted").lines().count(), 4);
    assert!(world.files("data/store/.work").is_empty());
}

#[test]
fn a_second_call_submits_what_is_missing_and_says_how_far_the_rest_is() {
    let world = cluster();
    world.stage("ntk", &crate::world::kernel(), "", "until [ -f go ]; do sleep 0.05; done; exit 1");
    world.leave(SWEEP);
    let is_waiting = |left: &Submitted| left.artifacts.1 < 5;
    let started = Instant::now();
    let mut left = world.leave(SWEEP);
    while is_waiting(&left) {
        assert!(started.elapsed() < Duration::from_mins(1));
        sleep(Duration::from_millis(50));
        left = world.leave(SWEEP);
    }
    assert_eq!(left.earlier.values().sum::<usize>(), 4, "{left}");
    assert!(left.arrays.is_empty(), "{left}");
    assert!(left.to_string().contains("nothing is left to submit"), "{left}");
    world.go();
    world.wait_for_jobs();
    world.stage("ntk", &crate::world::kernel(), "", &succeed("kernel"));
    // The program is another one now, and its kernels have other keys.
    world.submit(SWEEP, &[]).expect("all is there");
    let submitted = world.noted("submitted");
    assert_eq!(submitted.lines().filter(|line| line.starts_with("ntk ")).count(), 2);
    assert_eq!(submitted.lines().filter(|line| line.starts_with("results ")).count(), 1);
}

#[test]
fn a_batch_script_may_be_submitted_by_hand_again() {
    let world = cluster();
    world.submit(ONE, &[]).expect("it runs");
    let script = world.root().join("data/jobs/one").join(&world.scripts("one")[0]);
    let again = || {
        Command::new("sh").arg(&script).env("SLURM_ARRAY_TASK_ID", "0").output().expect("sh starts")
    };
    let output = again();
    assert!(output.status.success(), "{}", text(&output));
    fs::remove_dir_all(world.root().join("data/store/dataset")).expect("it is ours");
    let output = again();
    assert!(output.status.success(), "{}", text(&output));
    assert!(world.submit(ONE, &[]).expect("it is there")[0].reused);
}

#[test]
fn a_program_that_has_changed_since_a_job_was_submitted_makes_nothing() {
    let world = cluster();
    let left = world.stopped();
    assert_eq!(left.status.code(), Some(130));
    world.lab(&["cancel", "one"]).output().expect("it starts");
    world.go();
    let script = world.root().join("data/jobs/one").join(&world.scripts("one")[0]);
    world.stage("dataset", &dataset(), crate::world::PLAN_DATASET, &succeed("dataset"));
    let output = Command::new("sh").arg(&script).env("SLURM_ARRAY_TASK_ID", "0").output();
    let output = output.expect("sh starts");
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output).contains("has changed since the job was submitted"), "{}", text(&output));
    assert!(world.files("data/store/dataset").is_empty());
}

#[test]
fn a_job_whose_time_is_up_starts_anew_where_the_pipeline_asks() {
    let world = cluster();
    let mut described = dataset();
    described["resumes"] = true.into();
    let run = format!(
        "if ! [ -f \"$out/saved\" ]; then touch \"$out/saved\"; sleep 60; fi\nrm \"$out/saved\"\n{}",
        succeed("dataset")
    );
    world.stage("dataset", &described, crate::world::PLAN_DATASET, &run);
    let said = world.refused(ONE, &["data.resources.time=1s"]);
    assert!(said.contains("it was ended after its time limit"), "{said}");
    assert!(said.contains("raise `time` under `resources:`"), "{said}");
    fs::remove_dir_all(world.root().join("data/store")).expect("it is ours");
    world.submit(ONE, &["data.resources.time=1s", "data.retries=1"]).expect("it goes on");
    assert_eq!(world.noted("submitted"), "data 1\ndata 1\n", "the second one started twice");
}

#[test]
fn the_next_call_says_what_has_become_of_jobs_that_were_left() {
    let world = cluster();
    world.note("fate-data", "TIMEOUT\n");
    world.leave(ONE);
    fs::write(world.root().join("pipelines/one.yaml"), ONE).expect("it is ours");
    let output = world.lab(&["pipeline", "one", "--executor", "slurm"]).output();
    let said = text(&output.expect("it starts"));
    assert!(said.contains("is tried again: the cluster ended it after its time limit"), "{said}");
    assert!(said.contains("raise `time` under `resources:`"), "{said}");
}

#[test]
fn a_stage_that_is_tried_again_in_its_job_has_what_is_left_of_its_time() {
    let world = cluster();
    let mut described = dataset();
    described["resumes"] = true.into();
    let run = format!(
        "if ! [ -f \"$out/tried\" ]; then touch \"$out/tried\"; sleep 1; kill -9 $$; fi\nsleep 2.5\nrm \"$out/tried\"\n{}",
        succeed("dataset")
    );
    world.stage("dataset", &described, crate::world::PLAN_DATASET, &run);
    world.submit(ONE, &["data.resources.time=3s", "data.retries=1"]).expect("it starts anew");
    let restarts = world.noted("jobs/100_0.restarts");
    assert_eq!(restarts, "1\n", "the second attempt was ended before its own three seconds");
}

#[test]
fn what_a_node_loses_runs_on_another_one_the_next_time() {
    let world = cluster();
    world.note("fate-data", "NODE_FAIL\n");
    world.submit(ONE, &[]).expect("the second attempt runs");
    assert_eq!(world.noted("excluded"), "", "there is no other");
    let world = cluster();
    let here = world.noted("nodes");
    world.note("nodes", &format!("{here}{}", here.replace("node7", "node8")));
    world.note("fate-data", "NODE_FAIL\n");
    world.submit(ONE, &["cluster.lines=[--exclude=node9]"]).expect("the second attempt runs");
    assert_eq!(
        world.noted("excluded"),
        "--exclude=node9,node7\n",
        "what the user says counts, too"
    );
}

#[test]
fn a_job_that_joins_pieces_is_not_given_others() {
    let world = cluster();
    let mut described = crate::world::kernel();
    described["splits"] = true.into();
    world.stage("ntk", &described, PLAN_ECHO, &succeed("kernel"));
    let wait = format!("until [ -f go ]; do sleep 0.05; done\n{}", succeed("dataset"));
    world.stage("dataset", &dataset(), crate::world::PLAN_DATASET, &wait);
    let leave = |split: &str| match world.executed(SWEEP, &[split], false).expect("it is taken") {
        Ran::Left(left) => left.arrays,
        Ran::Made(_) => panic!("there was something to be made"),
    };
    assert!(leave("ntk.resources.split=3").iter().any(|array| array.is_piece));
    assert_eq!(leave("ntk.resources.split=2"), [], "the first call's pieces are joined");
    world.go();
    world.submit(SWEEP, &["ntk.resources.split=2"]).expect("it runs");
    assert_eq!(fs::read_dir(world.root().join("data/store/kernel")).expect("there").count(), 4);
}

#[test]
fn files_that_other_machines_do_not_see_are_refused() {
    let mut world = cluster();
    world.note("nodes", "node7|far\nnode8|away\n");
    // In memory, and so of this machine alone.
    world.project.store = Some("/dev/shm/ntk-lab-test-store".into());
    let said = world.refused(ONE, &[]);
    assert!(said.contains("where far does not see it"), "{said}");
    assert!(said.contains("the store /dev/shm/ntk-lab-test-store lies on tmpfs"), "{said}");
    assert_eq!(world.noted("submitted"), "");
    world.project.store = None;
    world.submit(ONE, &["cluster.shared=true"]).expect("who says so is believed");
}

#[test]
fn work_that_is_cut_is_made_in_pieces_and_joined() {
    let world = cluster();
    let mut described = crate::world::kernel();
    described["splits"] = true.into();
    let run = format!(
        "case \"$(cat \"$2\")\" in *'\"piece\":'*) echo x >> pieces;; *'\"join\":'*) wc -l < pieces > joined;; esac\n{}",
        succeed("kernel")
    );
    world.stage("ntk", &described, PLAN_ECHO, &run);
    let made = world.submit(SWEEP, &["ntk.resources.split=3"]).expect("it runs");
    assert_eq!(made.len(), 9);
    let expected = "data 1\ntrain 4 afterok:100\n";
    let submitted = world.noted("submitted");
    assert!(submitted.starts_with(expected), "{submitted}");
    let count = |word: &str| submitted.lines().filter(|line| line.starts_with(word)).count();
    assert_eq!(count("ntk-pieces "), 3, "{submitted}");
    assert_eq!(count("ntk "), 1, "{submitted}");
    let read = |name: &str| fs::read_to_string(world.root().join(name)).unwrap_or_default();
    assert_eq!(read("pieces").lines().count(), 12);
    assert_eq!(fs::read_dir(world.root().join("data/store/kernel")).expect("there").count(), 4);
    assert!(world.files("data/store/.work").is_empty());
    // A piece whose job comes late, as another driver has submitted it, is not made for nothing.
    let scripts = world.scripts("swept");
    let late = scripts.iter().find(|script| script.contains("ntk-pieces")).expect("there are some");
    let script = world.root().join("data/jobs/swept").join(late);
    let output = Command::new("sh").arg(&script).env("SLURM_ARRAY_TASK_ID", "0").output();
    let output = output.expect("sh starts");
    assert!(output.status.success(), "{}", text(&output));
    assert_eq!(read("pieces").lines().count(), 12);
    let said = world.refused(SWEEP, &["ntk.resources={ split: 3, cpus: 1000 }"]);
    assert!(said.contains("it asks for 1000 cpus"), "{said}");
    let said = world.refused(SWEEP, &["train.resources.split=2"]);
    assert!(said.contains("its work cannot be cut into pieces"), "{said}");
}

#[test]
fn what_a_cluster_does_not_take_at_once_is_submitted_once_others_have_ended() {
    let world = cluster();
    world.note("most", "3\n");
    let wait = format!("until [ -f go ]; do sleep 0.05; done\n{}", succeed("dataset"));
    world.stage("dataset", &dataset(), crate::world::PLAN_DATASET, &wait);
    let left = world.leave(SWEEP);
    let said = left.to_string();
    assert!(said.contains("6 jobs are still to be submitted"), "{said}");
    assert!(said.contains("AssocMaxSubmitJobLimit"), "{said}");
    // One dataset, and half of the trainings.
    let numbers = left.arrays.iter().map(|array| array.jobs);
    assert_eq!(numbers.collect::<Vec<_>>(), [1, 2], "{said}");
    world.go();
    world.submit(SWEEP, &[]).expect("everything is submitted at last");
    assert!(world.files("data/store/.work").is_empty());
}

#[test]
fn a_job_makes_several_artifacts_where_the_pipeline_asks_and_one_that_fails_is_the_only_one() {
    let world = cluster();
    let batches = ["train.resources.batch=2", "ntk.resources.batch=2"];
    world.submit(SWEEP, &batches).expect("it runs");
    let expected = "data 1\ntrain 2 afterok:100\nntk 2 aftercorr:101\n";
    assert_eq!(world.noted("submitted"), expected);
    assert!(world.files("data/store/.work").is_empty());

    let world = cluster();
    let run = format!(
        "case \"$(cat \"$2\")\" in *'\"steps\":10'*) exit 3;; esac\n{}",
        succeed("training")
    );
    world.stage("train", &train(), PLAN_ECHO, &run);
    let error = world.submit(SWEEP, &batches).expect_err("a variant fails");
    let PipelineError::Stages { failures, left_out } = error else { panic!("another error") };
    assert_eq!((failures.len(), left_out), (1, 1), "{failures:?}");
    assert_eq!(failures[0].variant, "steps=10");
    let made =
        |kind| fs::read_dir(world.root().join("data/store").join(kind)).expect("some").count();
    assert_eq!((made("training"), made("kernel")), (3, 3));
}

#[test]
fn a_cluster_that_refuses_for_another_reason_than_numbers_is_not_waited_for() {
    let world = cluster();
    world.note("refuse", "sbatch: error: AssocMaxWallDurationPerJobLimit\nsbatch: error: Batch job submission failed: Job violates accounting/QOS policy (job submit limit, user's size and/or time limits)\n");
    let said = world.refused(ONE, &[]);
    assert!(said.contains("AssocMaxWallDurationPerJobLimit"), "{said}");
}

#[test]
fn a_forced_job_that_is_killed_is_not_taken_for_made() {
    let world = cluster();
    world.submit(ONE, &[]).expect("it runs");
    let mut plan = world.check(ONE, &[]).expect("it is right");
    let force = pipeline::Selection { force: vec!["data".to_owned()], ..Default::default() };
    force.apply(&world.project, &mut plan).expect("there is one");
    let mut slurm = world.slurm().expect("there is one");
    slurm.follow = true;
    world.note("fate-data", "FAILED\n");
    let ran = slurm.run(&world.project, &plan, &Progress::new(true));
    let said = ran.expect_err("it was killed").to_string();
    assert!(said.contains("its job failed without a word of its own"), "{said}");
    let ran = slurm.run(&world.project, &plan, &Progress::new(true)).expect("it runs");
    assert!(matches!(ran, Ran::Made(made) if !made[0].reused));
}

#[test]
fn a_dry_run_says_what_is_asked_of_the_cluster() {
    let world = cluster();
    let set =
        ["train.resources={ cpus: 2, time: 30min, partition: long }", "cluster.partition=short"];
    let plan = world.check(SWEEP, &set).expect("it is right");
    let slurm = world.slurm().expect("there is one");
    insta::assert_snapshot!(slurm.offer(&world.project, &plan).expect("it fits"));
    assert_eq!(world.noted("submitted"), "");
}

#[test]
fn programs_are_told_of_everything_in_json() {
    let world = cluster();
    fs::write(world.root().join("pipelines/one.yaml"), ONE).expect("it is ours");
    let run = |more: &[&str]| {
        let call = [&["pipeline", "one", "--executor", "slurm", "--json"], more].concat();
        let output = world.lab(&call).output().expect("it starts");
        assert!(output.status.success(), "{}", text(&output));
        let lines = String::from_utf8(output.stdout).expect("text");
        let event = |line: &str| serde_json::from_str::<serde_json::Value>(line).expect("JSON");
        lines.lines().map(event).collect::<Vec<_>>()
    };
    let events = run(&[]);
    let named =
        |name: &str| events.iter().find(|event| event["event"] == name).expect(name).clone();
    assert_eq!(
        (&named("submitted")["stage"], &named("submitted")["jobs"]),
        (&"data".into(), &1.into())
    );
    assert_eq!(named("left")["jobs"], 1);
    world.wait_for_jobs();
    assert!(run(&["--follow"]).iter().any(|event| event["event"] == "reused"));
}

#[test]
fn a_run_whose_jobs_wait_is_listed_as_submitted() {
    let world = cluster();
    world.note("fate-data", "PENDING\n");
    world.leave(ONE);
    let listed = pipeline::runs(&world.project);
    assert!(listed.contains("submitted to a cluster"), "{listed}");
    let said = text(&world.lab(&["cancel", "one"]).output().expect("it starts"));
    // With the one that gathers the results.
    assert!(said.contains("2 jobs of `one` are cancelled"), "{said}");
}
