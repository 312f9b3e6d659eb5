//! Results of an earlier build of a program, taken as those of the present build on request.

use artifact::Manifest;
use pipeline::{Local, Made, PipelineError, Plan, Progress};

use crate::world::{PLAN_ECHO, RIGHT, World, succeed, train};

/// Stage `train` rebuilt: other bytes that do the same.
fn rebuild_train(world: &World) {
    world.stage("train", &train(), PLAN_ECHO, &format!("{}\n# rebuilt", succeed("training")));
}

fn accepting(world: &World, text: &str, stages: &[&str]) -> Result<Plan, PipelineError> {
    let mut plan = world.check(text, &[])?;
    let stages: Vec<String> = stages.iter().map(ToString::to_string).collect();
    plan.accept_programs(&world.project, &stages)?;
    Ok(plan)
}

/// Runs what `plan` has not, and returns what became of each task.
fn run(world: &World, plan: &Plan) -> Vec<Made> {
    plan.take_accepted(&world.project).expect("the store can be written");
    let made = Local::default().make(&world.project, plan, &Progress::new(true)).expect("it runs");
    pipeline::gather(&world.project, plan, &made).expect("it gathers");
    made
}

#[test]
fn what_an_earlier_build_made_is_taken_with_what_was_made_from_it() {
    let world = World::new();
    let (before, first) = world.run(RIGHT, &[]).expect("it runs");
    rebuild_train(&world);

    let offered = world.check(RIGHT, &[]).expect("it is right");
    let text = pipeline::explain(&world.project, &offered, "train").expect("there is one");
    assert!(text.contains("--accept-program train"), "{text}");
    assert!(!text.contains("--accept-program dataset"), "{text}");
    // What only follows from it names the same program.
    let text = pipeline::explain(&world.project, &offered, "ntk").expect("there is one");
    assert!(text.contains("`pipeline … --accept-program train` takes"), "{text}");
    let other = world.check(RIGHT, &["ntk.with.reduction=trace"]).expect("it is right");
    let text = pipeline::explain(&world.project, &other, "ntk").expect("there is one");
    assert!(!text.contains("--accept-program"), "{text}");

    let plan = accepting(&world, RIGHT, &["train"]).expect("there is something");
    assert!(world.dry_run(&plan).contains("accept"), "{}", world.dry_run(&plan));
    let made = run(&world, &plan);
    for (index, (made, first)) in made.iter().zip(&first).enumerate() {
        let stage = &plan.tasks[index].stage;
        assert!(made.reused, "{stage} ran again");
        assert_eq!(made.manifest.tables, first.manifest.tables, "{stage}");
        assert_eq!(made.manifest.program, plan.tasks[index].program.hash, "{stage}");
        assert_eq!(made.manifest.is_accepted(), stage == "train", "{stage}");
        let accepted: &[&str] = if index < 2 { &[] } else { &["training"] };
        assert_eq!(made.manifest.accepted_inputs, accepted, "{stage}");
    }
    let train = &made[1].manifest;
    assert_eq!(train.accepted[0].key, before.tasks[1].key);
    assert_eq!(train.accepted[0].program, before.tasks[1].program.hash);
    assert_ne!(train.key, before.tasks[1].key);

    let lock = world.root().join("data/runs/chain/run.lock.yaml");
    let lock: serde_json::Value =
        serde_yaml::from_str(&std::fs::read_to_string(lock).expect("it is there")).expect("YAML");
    assert_eq!(lock["lock"]["accepted"]["train"][0], before.tasks[1].program.hash);

    // It stays accepted, and both artifacts stay whole.
    let again = world.check(RIGHT, &[]).expect("it is right");
    assert!(again.tasks.iter().all(|task| pipeline::is_stored(&world.project, task)));
    let earlier = Manifest::read(&first[1].directory).expect("it is there");
    assert!(earlier.accepted.is_empty());
    assert!(pipeline::is_stored(&world.project, &before.tasks[1]));
}

#[test]
fn a_chain_of_builds_is_taken_step_by_step() {
    let world = World::new();
    let (before, _) = world.run(RIGHT, &[]).expect("it runs");
    rebuild_train(&world);
    run(&world, &accepting(&world, RIGHT, &["train"]).expect("there is something"));
    world.stage("train", &train(), PLAN_ECHO, &format!("{}\n# anew", succeed("training")));
    let made = run(&world, &accepting(&world, RIGHT, &["train"]).expect("there is something"));
    assert!(made.iter().all(|made| made.reused));
    let accepted = &made[1].manifest.accepted;
    assert_eq!(accepted.len(), 2);
    assert_eq!(accepted[0].key, before.tasks[1].key);
}

#[test]
fn what_was_made_on_accepted_input_says_so() {
    let world = World::new();
    world.run(RIGHT, &[]).expect("it runs");
    rebuild_train(&world);
    run(&world, &accepting(&world, RIGHT, &["train"]).expect("there is something"));
    let (_, made) = world.run(RIGHT, &["ntk.with.reduction=trace"]).expect("it runs");
    let ntk = &made[2].manifest;
    assert!(ntk.accepted.is_empty() && !made[2].reused);
    assert_eq!(ntk.accepted_inputs, ["training"]);
    assert_eq!(made[3].manifest.accepted_inputs, ["training"]);
}

#[test]
fn nothing_is_taken_that_differs_in_more_than_the_program() {
    let world = World::new();
    world.run(RIGHT, &[]).expect("it runs");
    rebuild_train(&world);
    let shorter = RIGHT.replace("steps: 10", "steps: 5");
    let error = |text: &str, stage: &str| {
        world.tidy(&accepting(&world, text, &[stage]).expect_err("there is nothing").to_string())
    };
    insta::assert_snapshot!(error(&shorter, "train"), @"
    error: --accept-program train: no stored artifact differs from what `train` would make in the program alone
      = help: `explain` says in what the nearest differs; without `--accept-program`, `train` runs
    ");
    // Only what is named may be of another program.
    insta::assert_snapshot!(error(RIGHT, "trian"), @"
    error: --accept-program trian: there is no stage `trian` in this pipeline
      = help: did you mean `train`?
    ");
    let plan = accepting(&world, RIGHT, &["dataset"]).expect("it is stored");
    assert!(plan.tasks.iter().all(|task| task.accepts.is_none()));
}

#[test]
fn of_a_sweep_those_variants_are_taken_that_there_are() {
    let world = World::new();
    let swept =
        |to: &str| format!("{RIGHT}sweep:\n  steps:\n    set: train.with.steps\n    to: {to}\n");
    world.run(&swept("[5, 10]"), &[]).expect("it runs");
    rebuild_train(&world);
    let plan = accepting(&world, &swept("[5, 10, 20]"), &["train"]).expect("there is something");
    let accepts = |stage: &str| {
        let tasks = plan.tasks.iter().filter(|task| task.stage == stage);
        tasks.filter(|task| task.accepts.is_some()).count()
    };
    assert_eq!((accepts("train"), accepts("ntk"), accepts("spectrum")), (2, 2, 2));
    assert!(world.dry_run(&plan).contains("2 of them accepted"), "{}", world.dry_run(&plan));
}
