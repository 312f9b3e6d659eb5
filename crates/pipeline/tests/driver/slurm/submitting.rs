//! What is submitted, in how many calls, and what is refused before.

use super::*;

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
fn a_dry_run_says_what_is_asked_of_the_cluster() {
    let world = cluster();
    let set =
        ["train.resources={ cpus: 2, time: 30min, partition: long }", "cluster.partition=short"];
    let plan = world.check(SWEEP, &set).expect("it is right");
    let slurm = world.slurm().expect("there is one");
    insta::assert_snapshot!(slurm.offer(&world.project, &plan).expect("it fits"));
    assert_eq!(world.noted("submitted"), "");
}
